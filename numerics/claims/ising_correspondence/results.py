"""Claims on the results on layers and machines of the Ising chain, as a user evaluates them,
against enumeration, packed sampling and training.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from sympy import Rational, atanh, exp, log, tanh

from neurenorm.numerics.evaluate.core import Evaluation
from neurenorm.numerics.simulation.ising_correspondence import laws
from neurenorm.numerics.simulation.ising_correspondence.deep_network import train_deep_network
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Exact, Sampled
from neurenorm.numerics.verification.mutants import Mutant, flipped, replaced, scaled, shifted
from neurenorm.theory.ising_correspondence.units import BlockUnit, decimation, majority, noisy
from neurenorm.theory.symbols import symbols

__all__ = ["CLAIMS"]

PAPER = "ising-correspondence"
SUBJECT = symbols(PAPER)
K, B, DEPTH, R, N = SUBJECT.K, SUBJECT.b, SUBJECT.depth, SUBJECT.r, SUBJECT.N
LAMBDA = SUBJECT["lambda"].symbol

COUPLINGS = [(k, b, d) for k in (0.5, -0.4, 2.0) for b, d in ((2, 1), (3, 1), (5, 1), (2, 3))]
BLOCKS = [
    {"K": k, "b": b, "rule": rule, **site, "depth": depth}
    for k in (0.5, 1.0, -0.7)
    for b, rule, site, depth in (
        (3, "majority", {}, 1),
        (5, "majority", {}, 1),
        (3, "decimation", {"site": 2}, 1),
        (2, "decimation", {}, 2),
    )
]
STACKED = [{"K": k, "b": 3, "rule": "majority", "depth": 2} for k in (0.5, 1.0)]
SAMPLED = [
    {"K": 1.0, "b": 3, "rule": "majority", "depth": 3},
    {"K": 1.0, "b": 9, "rule": "majority", "depth": 1},
]
INFORMED = [
    {"K": k, "b": b, "rule": rule, **site}
    for k in (1.0, -0.6)
    for b, rule, site in (
        (3, "majority", {}),
        (3, "decimation", {"site": 2}),
        (3, "decimation", {}),
        (4, "decimation", {"site": 1}),
    )
]
PREDICTIONS = ((1.0, 1), (1.0, 2), (1.0, 4), (0.5, 2), (2.0, 8), (-0.8, 3))
TIES = ((0.5, 8, 0.5), (1.0, 8, 2.0), (1.0, 6, 1.0), (-0.5, 10, 1.5))
BONDS = (0.1, 0.5, 1.0, 1.7)
SHELLS = ((0.5, 2), (0.5, 4), (1.0, 2), (1.0, 4))
UNIVERSAL = [(0.8, b) for b in (2, 3, 4, 5) for _ in range(5)]

Witness = Callable[[np.random.Generator, Effort], Any]


def points(names: str, rows: Any) -> list[Mapping[str, Any]]:
    """Parameters by name, a mapping for each row."""
    return [dict(zip(names.split(), row, strict=True)) for row in rows]


def correlations(found: Evaluation) -> Any:
    """The characters of the evaluated couplings."""
    return np.tanh(found.values["K"])


def masked_row(found: Evaluation) -> list[float]:
    """The first row of the coupling matrix of six retained spins of a ring."""
    return [0.0, found.values["K"], 0.0, 0.0, 0.0, found.values["K"]]


def other_unit(name: str, change: Callable[[BlockUnit], BlockUnit]) -> Mutant:
    """The mutant of a layer whose units are changed."""
    return Mutant(name, lambda problem: replace(problem, unit=change(problem.unit)))


def on_units(function: Any, places: Any) -> Witness:
    """The witness of block layers: one row for each place."""
    names = ("K", "b", "rule", "site", "depth")

    def rows(rng: np.random.Generator, effort: Effort) -> Any:
        """Enumerate each."""
        return np.concatenate(
            [
                function(*(place.get(n) for n in names if n in place or n == "site"))
                for place in places
            ]
        )

    return rows


def output_claim(name: str, at: Any, witness: Witness, policy: Any, **options: Any) -> Claim:
    """Claim that something trained, sampled or enumerated has the renormalized coupling."""
    return Claim.of(
        f"{PAPER}/output-coupling",
        name=name,
        at=at,
        witness=witness,
        policy=policy,
        **{"mutants": (shifted(DEPTH), shifted(B), scaled("1.1")), **options},
    )


DEEPER = Mutant("a layer more", lambda problem: replace(problem, depth=problem.depth + 1))
NOISE = other_unit("outputs with noise", lambda unit: noisy(unit, Rational(97, 100)))

OUTPUTS = (
    output_claim(
        "",
        points("K b depth", COUPLINGS),
        lambda rng, effort: [laws.coupling_of_ends(k, b**d) for k, b, d in COUPLINGS],
        Exact(9),
        mutants=(scaled("1.0000001"), shifted(DEPTH), shifted(B), flipped(K)),
    ),
    output_claim(
        "any-odd-unit",
        points("K b", UNIVERSAL),
        lambda rng, effort: [laws.universal_coupling(k, b, rng) for k, b in UNIVERSAL],
        Exact(8),
        statement="outputs of any odd unit decay with the renormalized coupling, whatever its "
        "weights",
    ),
    output_claim(
        "masked-layer",
        points("K b", ((0.5, 2), (1.0, 2))),
        lambda rng, effort: [laws.masked_couplings(k) for k in (0.5, 1.0)],
        Exact(9, scale=1.0),
        read=masked_row,
        statement="predicting each retained spin from all others gives the renormalized coupling "
        "matrix",
    ),
    output_claim(
        "causal-stack",
        points("K b depth", [(1.5, 2, d) for d in (1, 2, 3)]),
        lambda rng, effort: laws.stack_correlations(
            1.5, min(effort.scale(20000, least=20000), 80000), rng
        ),
        Sampled(smallest=0.09),
        read=correlations,
        statement="outputs of a trained causal stack have the renormalized coupling at every depth",
    ),
    output_claim(
        "deep-network",
        points("K b depth", [(1.0, 2, d) for d in range(5)]),
        lambda rng, effort: np.tanh(train_deep_network(1.0, (1, 2, 4, 8, 16), rng).couplings),
        Exact(1.9, scale=1.0),
        read=correlations,
        statement="a deep network with outputs for the distances 1, 2, 4, 8, 16 lists the "
        "renormalized couplings",
        effort=Effort.high,
    ),
    output_claim(
        "machine-stack",
        [{"K": 1.0, "b": 2}],
        lambda rng, effort: [laws.second_machine_weight(1.0, rng)],
        Exact(3.5),
        statement="the second machine of a stack has the once renormalized coupling as its weights",
    ),
)

LAYERS = (
    Claim.of(
        f"{PAPER}/block-output",
        at=BLOCKS,
        witness=on_units(laws.block_outputs, BLOCKS),
        policy=Exact(11, scale=0.001),
        mutants=(
            DEEPER,
            NOISE,
            other_unit("first spin instead of the rule", lambda unit: decimation(unit.size, 1)),
        ),
    ),
    Claim.of(
        f"{PAPER}/block-output",
        name="stacked",
        at=STACKED,
        read=("nearest",),
        witness=on_units(laws.block_outputs, STACKED),
        policy=Exact(11),
        mutants=(DEEPER, NOISE),
    ),
    Claim.of(
        f"{PAPER}/block-output",
        name="sampled",
        at=SAMPLED,
        read=("nearest",),
        witness=lambda rng, effort: laws.sampled_majorities(
            1.0, effort.scale(2**22, least=2**22), rng
        ),
        policy=Sampled(smallest=0.005, relative=False),
        mutants=(
            DEEPER,
            NOISE,
            other_unit("last spin instead of the majority", lambda unit: decimation(unit.size)),
        ),
    ),
    Claim.of(
        f"{PAPER}/block-information",
        at=INFORMED,
        witness=on_units(laws.block_information, INFORMED),
        policy=Exact(11),
        mutants=(
            NOISE,
            other_unit(
                "another site or rule",
                lambda unit: majority(3) if "decimation" in unit.name else decimation(3),
            ),
        ),
    ),
    Claim.of(
        f"{PAPER}/prediction-layer",
        at=points("K r", PREDICTIONS),
        witness=lambda rng, effort: [laws.prediction_fit(*place) for place in PREDICTIONS],
        policy=Exact(9),
        mutants=(
            scaled("1.000001"),
            shifted(R),
            flipped(K),
            replaced(
                "without the logarithm of the spread",
                lambda e: e.replace(log, lambda x: log(2) if x == 2 else 0 * x),
            ),
        ),
    ),
)

MACHINES = (
    Claim.of(
        f"{PAPER}/bond-machine",
        at=[{"K": k} for k in BONDS],
        witness=lambda rng, effort: [laws.bond_machine_weight(k) for k in BONDS],
        policy=Exact(8),
        mutants=(
            scaled("1.000001"),
            replaced("a decimation instead of its inverse", lambda e: atanh(tanh(K) ** 2)),
        ),
    ),
    Claim.of(
        f"{PAPER}/half-width-machine",
        at=points("K N lambda", TIES),
        witness=lambda rng, effort: [laws.half_width_numbers(*place) for place in TIES],
        policy=Exact(8),
        mutants=(
            scaled("1.000001"),
            shifted(N, 2),
            flipped(LAMBDA),
            replaced("without the closure of the ring", lambda e: e.subs(tanh(K) ** N, 0)),
            replaced(
                "neighbours weigh half",
                lambda e: e.subs(exp(-2 * LAMBDA - 4 * K), exp(-2 * LAMBDA - 2 * K)),
            ),
        ),
    ),
    Claim.of(
        f"{PAPER}/half-width-machine",
        name="trained",
        at=points("K N lambda", ((0.5, 8, 6), (1.0, 8, 6))),
        read=("correlation",),
        witness=lambda rng, effort: [laws.trained_half_width(k, rng) for k in (0.5, 1.0)],
        policy=Exact(4),
        mutants=(shifted(N, 2), scaled("1.001"), replaced("undecimated", lambda e: tanh(K))),
        statement="the hidden units of a half-width machine trained from random weights correlate "
        "as decimated spins",
    ),
    Claim.of(
        f"{PAPER}/linear-autoencoder",
        at=points("K b", SHELLS),
        witness=lambda rng, effort: [laws.autoencoder_limit(k, b) for k, b in SHELLS],
        policy=Exact(6),
        mutants=(
            scaled("1.0001"),
            shifted(B),
            replaced("spectrum of the inverse", lambda e: e.subs(tanh(K), -tanh(K) / 2)),
        ),
    ),
)

CLAIMS = (*OUTPUTS, *LAYERS, *MACHINES)
