"""Claims on complexity and effective dimension, against explicit random networks, counted patterns
and spectra of explicit matrices.

The witnesses draw weights and data, count states and diagonalise covariances; none of them sees a
kernel recursion or a spectral law.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Integer, Rational, log, pi, sqrt

from neurenorm.numerics.compile import compiled
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.evaluate.complexity.state_entropy import state_entropy_ball
from neurenorm.numerics.simulation.complexity import angles
from neurenorm.numerics.simulation.complexity import networks as simulated
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Exact, Sampled
from neurenorm.numerics.verification.mutants import (
    Mutant,
    flipped,
    map_expressions,
    replaced,
    scaled,
    shifted,
    without,
)
from neurenorm.theory.complexity.effective_dimension import SphereKernel
from neurenorm.theory.complexity.joint_entropy import pattern_probabilities, plane_lines
from neurenorm.theory.complexity.state_entropy import RandomNetwork, depth_law
from neurenorm.theory.symbols import symbols

__all__ = ["CLAIMS"]

SUBJECT = symbols("complexity")
Array = NDArray[np.float64]
RATIOS = (0.5, 1.0, 2.0)
HALF = Rational(1, 2)
THETA, N, DEPTH, RATIO, C = SUBJECT.theta, SUBJECT.n, SUBJECT.depth, SUBJECT.ratio, SUBJECT.c


def size(effort: Effort) -> int:
    """Return the factor of all widths: what is left of finite width after extrapolation must stay
    below the smaller error of a higher effort.
    """
    return 1 if effort.value <= 1 else 3


def blocks(effort: Effort, number: int) -> int:
    """Return the number of independent blocks: a low effort cannot have fewer without losing its
    power; a high one has wider networks too.
    """
    return number if effort.value <= 1 else 2 * number


def values_at(expressions: Mapping[str, Expr], **numbers: float) -> Array:
    """Return expressions at numbers given by name."""
    names = sorted(
        set().union(*(expression.free_symbols for expression in expressions.values())), key=str
    )
    function = compiled(list(expressions.values()), names)
    return np.array([float(value) for value in function(*[numbers[str(name)] for name in names])])


# --- complexity of units and layers
# --------------------------------------------------------------------------------------------------


def rescaled(factor: Any) -> Mutant:
    """Return the mutant of a state entropy whose mean is off by a factor."""
    return Mutant(
        f"ratio scaled by {factor}",
        lambda derived: replace(derived, scale=Rational(str(factor)) * derived.scale),
    )


PROFILE = Claim.of(
    "complexity/neuron-profile",
    at=[{"r": r} for r in RATIOS],
    witness=lambda rng, effort: simulated.profile_bits(RATIOS, effort.scale(320, 320), rng),
    policy=Sampled(0.02),
    mutants=(
        rescaled("1.1"),
        Mutant(
            "uniform instead of normal mean",
            lambda derived: replace(
                derived, density=derived.density.subs(SUBJECT.t, SUBJECT.t / 2) / 2
            ),
        ),
    ),
)


def network_claim(
    name: str, sw2: str, sb2: str, depth: int, smallest: float, *mutants: Mutant
) -> Claim:
    """Claim the complexity of a random network against depth."""
    return Claim.of(
        "complexity/random-network",
        name=f"{name}-{sw2}-{sb2.replace('/', 'over')}",
        at=[{"activation": name, "sw2": Rational(sw2), "sb2": Rational(sb2), "depth": depth}],
        statement=f"mean complexity of layers 1 to {depth} of random {name} networks, sw2 = {sw2}, "
        f"sb2 = {sb2}, extrapolated to infinite width",
        witness=lambda rng, effort: drawn_bits(name, sw2, sb2, depth, rng, effort),
        policy=Sampled(smallest),
        mutants=mutants,
    )


def drawn_bits(
    name: str, sw2: str, sb2: str, depth: int, rng: np.random.Generator, effort: Effort
) -> Estimate:
    """Draw networks of two widths and extrapolate."""
    wide = size(effort)
    return simulated.layer_bits(
        name,
        float(Rational(sw2)),
        float(Rational(sb2)),
        depth,
        260,
        rng,
        width=48 * wide,
        samples=512 * wide,
    )


def off_by_a_layer(network: RandomNetwork) -> RandomNetwork:
    """Begin with the second layer."""
    return replace(network, first=replace(network.first, step=tuple(network.recursion.step)))


def without_overlap(network: RandomNetwork) -> RandomNetwork:
    """Leave out the part of the overlap that is linear in K_ab."""
    names, step = symbols("field-theory"), network.recursion.step
    return replace(
        network,
        recursion=replace(network.recursion, step=(*step[:2], step[2] - names.sw2 * names.Kab / 4)),
    )


NETWORKS = (
    network_claim(
        "relu", "2", "0", 3, 0.06, Mutant("without the linear part of the overlap", without_overlap)
    ),
    network_claim("relu", "1", "1", 3, 0.1, Mutant("off by a layer", off_by_a_layer)),
    network_claim(
        "tanh",
        "2",
        "1/10",
        3,
        0.06,
        Mutant("wrong activation", lambda network: RandomNetwork.of("relu", network.depth)),
    ),
)

LAYERS = (
    (Integer(1), Integer(1), 1),
    (Integer(2), HALF, 3),
    (HALF, Integer(2), 3),
    (Rational(1, 4), Rational(1, 9), 9),
)  # sw2, sb2, d

FIRST_LAYER = Claim.of(
    "complexity/first-layer",
    at=[{"sw2": sw2, "sb2": sb2, "d": d} for sw2, sb2, d in LAYERS],
    witness=lambda rng, effort: stacked(
        [
            simulated.first_layer_bits(float(sw2), float(sb2), d, effort.scale(260, 260), rng)
            for sw2, sb2, d in LAYERS
        ]
    ),
    policy=Sampled(0.05),
    mutants=(
        rescaled("1.2"),
        Mutant(
            "variances instead of deviations",
            lambda derived: replace(derived, scale=derived.scale**2),
        ),
        Mutant(
            "dimension off by one",
            lambda derived: replace(
                derived, density=derived.density.subs(SUBJECT.d, SUBJECT.d + 1)
            ),
        ),
    ),
)


def stacked(estimates: Sequence[Estimate]) -> Estimate:
    """Return several estimates of equal block number as one array."""
    values, errors = (
        np.array([getattr(e, name) for e in estimates]) for name in ("value", "error")
    )
    return Estimate(values, errors, min(e.blocks for e in estimates))


DEPTH_LAW = Claim(
    "complexity/depth-law",
    "without bias the complexity of rectifiers dies as 6.9287/l with depth",
    depth_law,
    lambda law, _: (
        float(compiled(law.prefactor, [])()) * float(state_entropy_ball(law.area, {}).mid())
    ),
    lambda rng, effort: angles.rectifier_depth_law(),
    Exact(4),
    (
        Mutant(
            "scaled by 1.001", lambda law: replace(law, prefactor=law.prefactor * Rational("1.001"))
        ),
        Mutant(
            "closing of angles without the factor π",
            lambda law: replace(law, prefactor=law.prefactor / pi),
        ),
    ),
)


# --- joint entropies
# --------------------------------------------------------------------------------------------------


def unit_directions(correlations: Sequence[Sequence[float]]) -> Array:
    """Return directions with given cosines."""
    return np.linalg.cholesky(np.array(correlations, dtype=float))


RHO = {"rho12": 0.5, "rho13": 0.2, "rho23": -0.3}


def three_patterns() -> dict[str, Expr]:
    """Return the probabilities of the eight patterns of three units."""
    a, b, c = SUBJECT.rho12, SUBJECT.rho13, SUBJECT.rho23
    return {
        str(pattern): value
        for pattern, value in pattern_probabilities([[1, a, b], [a, 1, c], [b, c, 1]]).items()
    }


THREE_UNITS = Claim(
    "complexity/three-units",
    "the eight patterns of three bias-free units have probabilities of arcsines of their "
    "correlations",
    three_patterns,
    lambda patterns, _: values_at(patterns, **RHO),
    lambda rng, effort: simulated.gate_patterns(
        unit_directions([[1, 0.5, 0.2], [0.5, 1, -0.3], [0.2, -0.3, 1]]),
        effort.scale(400, 400),
        rng,
    ),
    Sampled(0.03),
    (flipped(SUBJECT.rho12), replaced("no third correlation", lambda e: e.subs(SUBJECT.rho23, 0))),
)


ANGLES = (Rational(2, 5), Rational("1.0472"), Rational(5, 2))


PAIR = Claim.of(
    "complexity/pair-entropy",
    at=[{"theta": angle} for angle in ANGLES],
    witness=lambda rng, effort: stacked(
        [angles.pair_bits(float(angle), effort.scale(150, 150), rng) for angle in ANGLES]
    ),
    policy=Sampled(0.004),
    mutants=(replaced("half the angle", lambda e: e.subs(THETA, THETA / 2)),),
)

LINES = Claim(
    "complexity/plane-lines",
    "n random lines through the origin of a plane have 1 + (H_n - 1)/ln 2 bits on average",
    lambda: {"value": plane_lines()},
    lambda values, _: np.array([values_at(values, n=float(n))[0] for n in (2, 5, 10)]),
    lambda rng, effort: stacked(
        [simulated.line_entropy(n, effort.scale(200, 200), rng) for n in (2, 5, 10)]
    ),
    Sampled(0.01),
    (shifted(N), without(log(2) ** -1, "1/ln 2")),
)

# --- effective dimension
# --------------------------------------------------------------------------------------------------

WHITE_SIZES = ((24, 80), (60, 20))  # units, samples


def white_claim(units: int, samples: int) -> Claim:
    """Claim both dimensions of white data of a size, as they are."""
    return Claim.of(
        "complexity/white-dimension",
        name=f"{units}-of-{samples}",
        at=[{"n": units, "samples": samples}],
        witness=lambda rng, effort: Estimate.from_blocks(
            [simulated.drawn_dimensions(units, samples, rng) for _ in range(effort.scale(200, 200))]
        ),
        policy=Sampled(0.03),
        mutants=(
            scaled("1.05"),
            replaced("no sampling correction", lambda e: e.subs(SUBJECT.samples, 10**6)),
        ),
    )


LINEAR = Claim.of(
    "complexity/linear-dimension",
    at=[{"depth": depth} for depth in (1, 2, 3)],
    witness=lambda rng, effort: simulated.deep_linear_dimension(
        3, blocks(effort, 120), rng, width=32 * size(effort)
    ),
    policy=Sampled(0.06),
    mutants=(shifted(DEPTH), scaled("1.1")),
)


RELU = Claim.of(
    "complexity/relu-dimension",
    at=[{"ratio": ratio} for ratio in (0.5, 2)],
    witness=lambda rng, effort: stacked(
        [
            simulated.relu_layer_dimension(
                ratio, blocks(effort, 120), rng, dimension=40 * size(effort)
            )
            for ratio in (0.5, 2.0)
        ]
    ),
    policy=Sampled(0.03),
    mutants=(
        Mutant(
            "without the floor", lambda spectrum: replace(spectrum, floor=spectrum.floor / 1000)
        ),
        Mutant(
            "slope and floor exchanged",
            lambda spectrum: replace(spectrum, slope2=spectrum.floor, floor=spectrum.slope2),
        ),
    ),
)


def remapped(change: Callable[[Expr], Expr]) -> Callable[[SphereKernel], SphereKernel]:
    """Change the map of a kernel on the sphere."""
    return lambda kernel: replace(kernel, map=map_expressions(kernel.map, change))


def projected(dimension: int) -> Callable[[int], float]:
    """Return the witness of a higher dimension as a function of depth."""
    return lambda depth: simulated.harmonic_dimension(dimension, depth)


def sphere_claim(
    dimension: int,
    depth: int,
    digits_required: float,
    witness: Callable[[int], float],
    how: str = "the eigenvalues of a kernel matrix",
) -> Claim:
    """Claim the effective dimension on the sphere against an explicit spectrum."""
    return Claim.of(
        "complexity/sphere-dimension",
        name=f"{dimension}-{depth}",
        at=[{"d": dimension, "depth": depth}],
        statement=f"effective dimension behind layer {depth} of rectifiers on the sphere in "
        f"{dimension} dimensions, against {how}",
        witness=lambda rng, effort: [witness(depth)],
        policy=Exact(digits_required),
        mutants=(
            Mutant(
                "without the square root",
                remapped(
                    lambda e: e.subs(sqrt(1 - C**2), 0) + (1 - e.subs(sqrt(1 - C**2), 0).subs(C, 1))
                ),
            ),
            Mutant("one layer more", lambda kernel: replace(kernel, depth=kernel.depth + 1)),
        ),
    )


CLAIMS = (
    PROFILE,
    *NETWORKS,
    FIRST_LAYER,
    DEPTH_LAW,
    PAIR,
    THREE_UNITS,
    LINES,
    *(white_claim(*size) for size in WHITE_SIZES),
    LINEAR,
    RELU,
    sphere_claim(2, 1, 9, simulated.circle_dimension),
    sphere_claim(2, 3, 8, simulated.circle_dimension),
    sphere_claim(3, 1, 3.5, simulated.sphere_dimension),
    *(
        sphere_claim(d, depth, needed, projected(d), "orthonormal polynomials")
        for d, depth, needed in ((5, 3, 6), (10, 1, 5), (10, 10, 4.5))
    ),
)
