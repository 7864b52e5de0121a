"""Claims on complexity at full size: wide networks as they are, large samples, the chain rule with
classifiers.

They run at high effort. One wide network has no hundred blocks to take an error from, so these
claims state the tolerance within which theory and draw agree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from sympy import Expr, Integer, Rational, log

from neurenorm.numerics.claims.complexity.state_entropy import (
    off_by_a_layer,
    remapped,
    values_at,
    without_overlap,
)
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.observables.chain_rule import chain_rule_entropy
from neurenorm.numerics.observables.entropy import joint_entropy as counted_entropy
from neurenorm.numerics.observables.states import PackedStates
from neurenorm.numerics.simulation.complexity import networks as simulated
from neurenorm.numerics.simulation.complexity.large import (
    Array,
    Bits,
    copied_bits_drawn,
    exclusive_or_drawn,
    half_dependent_drawn,
    lines_crossed,
    pair_at_sixty_degrees,
    white_draws,
)
from neurenorm.numerics.verification.claim import Claim, Effort, Points
from neurenorm.numerics.verification.mutants import Mutant, replaced, scaled, shifted
from neurenorm.numerics.verification.within import Within
from neurenorm.theory.complexity.joint_entropy import chain_rule_excess, joint_entropy, plane_lines
from neurenorm.theory.complexity.state_entropy import BinaryEntropy
from neurenorm.theory.symbols import symbols

__all__ = ["CLAIMS"]

SUBJECT = symbols("complexity")
LOW, N, THETA = Rational(1, 2), SUBJECT.n, SUBJECT.theta
Drawing = Callable[[np.random.Generator], Array]


# --- random networks and spectra
# --------------------------------------------------------------------------------------------------

WIDTH, INPUTS = 1500, 3000


def at_full_size(
    result: str,
    name: str,
    statement: str,
    at: Points,
    witness: Drawing,
    within: Any,
    *wrong: Mutant,
) -> Claim:
    """Claim that one draw at full size has the values of a result within stated tolerances."""
    return Claim.of(
        f"complexity/{result}",
        name=name,
        statement=statement,
        at=at,
        witness=lambda rng, effort: witness(rng),
        policy=Within(within),
        mutants=wrong,
        effort=Effort.high,
    )


SIZES = (
    at_full_size(
        "random-network",
        "explicit",
        f"three random networks of rectifiers, {WIDTH} wide on {INPUTS} inputs, have the bits of "
        "the wide limit in layers 1, 2 and 3",
        [{"activation": "relu", "sw2": 2, "sb2": 0, "depth": 3}],
        lambda rng: simulated.explicit_bits("relu", 2.0, 0.0, 3, WIDTH, INPUTS, 3, rng),
        (0.0002, 0.02, 0.03),
        Mutant("without the linear part of the overlap", without_overlap),
        Mutant("off by a layer", off_by_a_layer),
    ),
    at_full_size(
        "white-dimension",
        "400-units",
        "400 white units have the dimensions 361.9 and 333.3 on 2000 samples, 87.4 and 79.2 on 100",
        [{"n": 400, "samples": samples} for samples in (2000, 100)],
        white_draws,
        (0.3, 0.5, 0.5, 0.5),
        scaled("1.01"),
        replaced("no sampling correction", lambda e: e.subs(SUBJECT.samples, 10**6)),
    ),
    at_full_size(
        "linear-dimension",
        "600-units",
        "products of 1, 2 and 3 Gaussian matrices of 600 units keep the fractions 0.6065, 0.4346 "
        "and 0.3385 of the dimensions",
        [{"depth": depth} for depth in (1, 2, 3)],
        lambda rng: simulated.linear_fractions(600, 3, rng),
        0.003,
        shifted(SUBJECT.depth),
        scaled("1.02"),
    ),
    at_full_size(
        "relu-dimension",
        "400-units",
        "the exact covariance of 400 rectifiers on 400 inputs has the fractions 0.7798 and 0.6502",
        [{"ratio": 1}],
        lambda rng: simulated.relu_covariance_fractions(400, 400, rng),
        0.004,
        Mutant("floor off by 5 per cent", lambda s: replace(s, floor=s.floor * Rational("1.05"))),
        Mutant("slope off by 10 per cent", lambda s: replace(s, slope2=s.slope2 * Rational("1.1"))),
    ),
    at_full_size(
        "sphere-dimension",
        "samples",
        "3000 rectifiers on 30000 points of the spheres in 3 and 5 dimensions have, extrapolated "
        "in their number, the effective dimension of infinite width",
        [{"d": d, "depth": 1} for d in (3, 5)],
        lambda rng: np.array(
            [simulated.sampled_sphere_dimension(d, 3000, 30_000, rng)[1] for d in (3, 5)]
        ),
        (0.03, 0.1),
        Mutant("map off by 2 per cent", remapped(lambda e: e + (1 - SUBJECT.c**2) / 50)),
        Mutant("one layer more", lambda k: replace(k, depth=k.depth + 1)),
    ),
    at_full_size(
        "pair-entropy",
        "million",
        "the plain histogram of a million samples of two units at 60 degrees has 1.918296 bits, "
        "and 0.081704 less than the two alone",
        [{"theta": 1.0471975511965976}],
        lambda rng: counted_bits(pair_at_sixty_degrees(rng)),
        0.003,
        replaced("angle off by 2 per cent", lambda e: e.subs(THETA, THETA * Rational("1.02"))),
    ),
)


def counted_bits(draws: Iterable[Array]) -> Array:
    """Joint entropy and total correlation by plug-in counts."""
    states = PackedStates(2)
    for fields in draws:
        states.add(fields)
    joint = counted_entropy(states, "plug-in").value
    alone = simulated.unit_bits(states.on_counts(), states.samples)
    return np.array([joint, float(np.sum(alone)) - joint])


# --- joint entropies
# --------------------------------------------------------------------------------------------------

LINES = Claim(
    "complexity/plane-lines-ten",
    "ten random lines through the origin of a plane have 3.78291 bits on average over 4000 draws",
    lambda: {"value": plane_lines()},
    lambda values, _: float(values_at(values, n=10.0)[0]),
    lambda rng, effort: float(simulated.line_entropy(10, 80, rng, draws=50).value),
    Within(0.02),
    (shifted(N), scaled("1.01")),
    Effort.high,
)


def equispaced_bits(rng: np.random.Generator, effort: Effort) -> float:
    """Chain-rule entropy, by boosted trees, of ten equally spaced lines in a plane."""
    return chain_rule_entropy(lines_crossed(rng), "trees", rng=rng).value


CHAIN = Claim(
    "complexity/chain-rule",
    "the chain rule with boosted trees finds the log2(20) bits of ten equally spaced lines",
    lambda: log(2 * Integer(10)) / log(2),
    lambda expression, _: float(compiled(expression, [])()),
    equispaced_bits,
    Within(0.01),
    (scaled("1.005"), scaled("0.995")),
    Effort.high,
)

# --- estimators on states whose entropy is known
# --------------------------------------------------------------------------------------------------


def table_bits(patterns: Mapping[tuple[int, ...], Expr]) -> tuple[Expr, Expr]:
    """Joint entropy of a table of patterns, and the sum of the entropies of its units."""
    units = range(len(next(iter(patterns))))
    single = (sum((p for z, p in patterns.items() if z[i]), start=Integer(0)) for i in units)
    return joint_entropy(patterns), sum((BinaryEntropy(p) for p in single), start=Integer(0))


def copied_bits() -> list[Expr]:
    """Five fair bits with a copy of each: joint entropy (twice: by both classifiers), sum over
    units, total correlation.
    """
    joint, single = table_bits({(0, 0): LOW, (1, 1): LOW})
    return [5 * joint, 5 * joint, 5 * single, 5 * (single - joint)]


def copies(rng: np.random.Generator, effort: Effort) -> Array:
    """What both classifiers find of five fair bits and their copies."""
    states = copied_bits_drawn(rng)
    logistic, trees = (
        chain_rule_entropy(states, name, rng=rng).value for name in ("logistic", "trees")
    )
    alone = float(np.sum(simulated.unit_bits(states.sum(axis=0), len(states))))
    return np.array([logistic, trees, alone, alone - trees])


COPIES = Claim(
    "complexity/chain-rule-copies",
    "five fair bits and their copies have 5 bits together, for both classifiers, 10 bits one by "
    "one and a total correlation of 5",
    copied_bits,
    lambda bits, _: np.array([float(value) for value in bits]),
    copies,
    Within(0.03),
    (scaled("1.02"), scaled("0.98")),
    Effort.high,
)


def triple_bits() -> list[Expr]:
    """Two fair bits and their exclusive or: jointly, and as if all three were independent."""
    return list(table_bits({(a, b, a ^ b): Rational(1, 4) for a in (0, 1) for b in (0, 1)}))


def triple(rng: np.random.Generator, effort: Effort) -> Array:
    """What trees and logistic regression find of the triple."""
    states = exclusive_or_drawn(rng)
    return np.array(
        [chain_rule_entropy(states, name, rng=rng).value for name in ("trees", "logistic")]
    )


TRIPLE = Claim(
    "complexity/chain-rule-triple",
    "of two fair bits and their exclusive or trees find the 2 bits, logistic regression sees 3 "
    "independent ones",
    triple_bits,
    lambda bits, _: np.array([float(value) for value in bits]),
    triple,
    Within(0.01),
    (scaled("1.01"), Mutant("exchanged", lambda bits: bits[::-1])),
    Effort.high,
)

DEPENDENT = 10_000  # samples of 150 units, of which five folds leave four fifths to learn from


def half_dependent(
    function: Callable[[Bits, Bits], Bits],
) -> Callable[[np.random.Generator, Effort], float]:
    """Chain-rule entropy, by logistic regression, of 50 fair bits, 50 more, and 50 functions of
    both, columns permuted.
    """

    def witness(rng: np.random.Generator, effort: Effort) -> float:
        """Draw and estimate."""
        states = half_dependent_drawn(function, DEPENDENT, rng)
        return chain_rule_entropy(states, "logistic", rng=rng).value

    return witness


def half_dependent_claim(
    name: str, bits: int, tolerance: float, function: Callable[[Any, Any], Any], statement: str
) -> Claim:
    """Claim what logistic regression finds of 150 bits of which 50 follow from the others: those it
    takes for free, and what learning them costs.
    """
    free, training = Integer(bits), Integer(DEPENDENT) * Rational(4, 5)
    wrong = (scaled("1.01"), scaled("0.99"))
    return Claim(
        f"complexity/chain-rule-{name}",
        statement,
        lambda: free + chain_rule_excess(free, training),
        lambda e, _: float(compiled(e, [])()),
        half_dependent(function),
        Within(tolerance),
        wrong if name == "not" else (*wrong, Mutant("no cost of learning", lambda e: free)),
        Effort.high,
    )


CLAIMS = (
    *SIZES,
    LINES,
    CHAIN,
    COPIES,
    TRIPLE,
    half_dependent_claim(
        "not",
        100,
        0.3,
        lambda a, b: 1 - a,
        "logistic regression finds the 100 bits of 150 units of which 50 negate others",
    ),
    half_dependent_claim(
        "xor",
        150,
        0.5,
        np.bitwise_xor,
        "logistic regression is blind to exclusive or: of 100 bits it finds 150, as if all were "
        "independent",
    ),
)
