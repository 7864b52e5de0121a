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
from scipy.special import ndtr
from sympy import Expr, Integer, Rational, log, pi, sqrt

from neurenorm.numerics.compile import compiled
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.evaluate import evaluate
from neurenorm.numerics.evaluate.complexity import state_entropy_ball
from neurenorm.numerics.observables.entropy import binary_entropy
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
from neurenorm.theory.catalogue import result
from neurenorm.theory.catalogue.problems import Formula
from neurenorm.theory.complexity.effective_dimension import (
    SphereKernel,
    layer_spectrum,
    linear_dimension,
    sphere_kernel,
    white_dimension,
)
from neurenorm.theory.complexity.joint_entropy import (
    pair_entropy,
    pattern_probabilities,
    plane_lines,
)
from neurenorm.theory.complexity.state_entropy import (
    RandomNetwork,
    depth_law,
    first_layer,
    neuron_profile,
)
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


def evaluated(name: str, *points: Mapping[str, Any]) -> Callable[[Any, Effort], Array]:
    """Return the prediction of a result at points of its parameters: what `evaluate` gives for what
    is derived, or a mutant.

    One row of values for each point.
    """

    def predict(derived: Any, effort: Effort) -> Array:
        """Evaluate the result with this object in the place of what it derives."""
        problem = Formula(derived) if isinstance(derived, dict) else derived
        entry = replace(result(f"complexity/{name}"), derive=lambda **structure: problem)
        return np.array(
            [np.ravel(list(evaluate(entry, point).values.values())) for point in points]
        )

    return predict


def first_values(predict: Callable[[Any, Effort], Array]) -> Callable[[Any, Effort], Array]:
    """Return the first value of every point."""
    return lambda derived, effort: predict(derived, effort)[:, 0]


# --- complexity of units and layers
# --------------------------------------------------------------------------------------------------


def rescaled(factor: Any) -> Mutant:
    """Return the mutant of a state entropy whose mean is off by a factor."""
    return Mutant(
        f"ratio scaled by {factor}",
        lambda derived: replace(derived, scale=Rational(str(factor)) * derived.scale),
    )


PROFILE = Claim(
    "complexity/neuron-profile",
    "units with a frozen Gaussian mean r times their spread have the mean complexity G(r)",
    neuron_profile,
    first_values(evaluated("neuron-profile", *({"r": Rational(str(r))} for r in RATIOS))),
    lambda rng, effort: simulated.profile_bits(RATIOS, effort.scale(320, 320), rng),
    Sampled(0.02),
    (
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
    numbers = {"sw2": Rational(sw2), "sb2": Rational(sb2), "c0": Integer(0)}
    return Claim(
        f"complexity/random-{name}-{sw2}-{sb2.replace('/', 'over')}",
        f"mean complexity of layers 1 to {depth} of random {name} networks, sw2 = {sw2}, sb2 = "
        f"{sb2}, extrapolated to infinite width",
        lambda: RandomNetwork.of(name, depth),
        lambda network, effort: evaluated(
            "random-network", {**numbers, "activation": name, "depth": depth}
        )(network, effort)[0],
        lambda rng, effort: drawn_bits(name, sw2, sb2, depth, rng, effort),
        Sampled(smallest),
        mutants,
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

FIRST_LAYER = Claim(
    "complexity/first-layer",
    "the first layer on Gaussian inputs of dimension 1, 3 and 9 has the complexity of a mean with "
    "Student's law, at four pairs of variances",
    first_layer,
    first_values(
        evaluated("first-layer", *({"sw2": sw2, "sb2": sb2, "d": d} for sw2, sb2, d in LAYERS))
    ),
    lambda rng, effort: stacked(
        [
            simulated.first_layer_bits(float(sw2), float(sb2), d, effort.scale(260, 260), rng)
            for sw2, sb2, d in LAYERS
        ]
    ),
    Sampled(0.05),
    (
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


def extrapolated_law(rng: np.random.Generator, effort: Effort) -> float:
    """Iterate the angle of two inputs in plain numbers and return l times the bits of a unit,
    extrapolated in ln(l)/l and 1/l.
    """
    angle, found, marks = np.pi / 2, [], (20_000, 40_000, 80_000)
    nodes = np.linspace(-12, 12, 4001)
    for layer in range(2, marks[-1] + 1):
        angle = step_angle(angle)
        if layer in marks:
            r = np.cos(angle) / (np.sqrt(2) * np.sin(angle / 2))
            weight = np.exp(-((nodes / r) ** 2) / 2) / (np.sqrt(2 * np.pi) * r)
            found.append(
                layer * float(np.sum(weight * binary_entropy(ndtr(nodes))) * (nodes[1] - nodes[0]))
            )
    basis = np.array([[1, np.log(layer) / layer, 1 / layer] for layer in marks])
    return float(np.linalg.solve(basis, found)[0])


def step_angle(angle: float) -> float:
    """One layer of rectifiers in the angle; a series where the difference of cosines would
    cancel.
    """
    if angle > 0.05:
        return float(np.arccos((np.sin(angle) + (np.pi - angle) * np.cos(angle)) / np.pi))
    gap = (
        angle**2 / 2
        - angle**4 / 24
        + angle**6 / 720
        - (angle**3 / 3 - angle**5 / 30 + angle**7 / 840) / np.pi
    )
    return float(2 * np.arcsin(np.sqrt(gap / 2)))


DEPTH_LAW = Claim(
    "complexity/depth-law",
    "without bias the complexity of rectifiers dies as 6.9287/l with depth",
    depth_law,
    lambda law, _: (
        float(compiled(law.prefactor, [])()) * float(state_entropy_ball(law.area, {}).mid())
    ),
    extrapolated_law,
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


def counted_pairs(rng: np.random.Generator, effort: Effort) -> Estimate:
    """Count the patterns of two units at three angles and take the entropies of the frequencies."""
    return stacked([counted_pair(float(angle), rng, effort) for angle in ANGLES])


def counted_pair(theta: float, rng: np.random.Generator, effort: Effort) -> Estimate:
    """Joint entropy and total correlation of two units at an angle, from the frequencies of their
    patterns.
    """
    directions = np.array([[1.0, 0.0, 0.0], [np.cos(theta), np.sin(theta), 0.0]])
    samples, rows = 20_000, []
    for _ in range(effort.scale(150, 150)):
        on = rng.standard_normal((samples, 3)) @ directions.T > 0
        q = np.bincount(on @ np.array([2, 1]), minlength=4) / samples
        joint = float(-np.sum(q * np.log2(q))) + 3 / (2 * samples * np.log(2))
        single = float(np.sum(binary_entropy(on.mean(axis=0)))) + 2 / (2 * samples * np.log(2))
        rows.append([joint, single - joint])
    return Estimate.from_blocks(rows)


PAIR = Claim(
    "complexity/pair-entropy",
    "two units at an angle θ have 1 + H2(θ/π) bits together",
    lambda: pair_entropy()[0],
    evaluated("pair-entropy", *({"theta": angle} for angle in ANGLES)),
    counted_pairs,
    Sampled(0.004),
    (replaced("half the angle", lambda e: e.subs(THETA, THETA / 2)),),
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


def drawn_white(rng: np.random.Generator, effort: Effort) -> Estimate:
    """Dimensions of white data of two sizes, as they are."""
    rows = [
        [simulated.drawn_dimensions(n, samples, rng) for n, samples in WHITE_SIZES]
        for _ in range(effort.scale(200, 200))
    ]
    return Estimate.from_blocks(np.array(rows) / WHITE_SCALE)


WHITE_SCALE = np.array([[min(n, samples - 1)] for n, samples in WHITE_SIZES])

WHITE = Claim(
    "complexity/white-dimension",
    "means of effective dimension and participation ratio of white data, below and above n = M",
    lambda: dict(white_dimension().values),
    lambda values, effort: (
        evaluated("white-dimension", *({"n": n, "samples": samples} for n, samples in WHITE_SIZES))(
            values, effort
        )
        / WHITE_SCALE
    ),
    drawn_white,
    Sampled(0.03),
    (scaled("1.05"), replaced("no sampling correction", lambda e: e.subs(SUBJECT.samples, 10**6))),
)

LINEAR = Claim(
    "complexity/linear-dimension",
    "L square linear layers leave the fraction exp(1 - H_(L+1)) of the dimensions",
    lambda: dict(linear_dimension().values),
    first_values(evaluated("linear-dimension", *({"depth": d} for d in (1, 2, 3)))),
    lambda rng, effort: simulated.deep_linear_dimension(
        3, blocks(effort, 120), rng, width=32 * size(effort)
    ),
    Sampled(0.06),
    (shifted(DEPTH), scaled("1.1")),
)


RELU = Claim(
    "complexity/relu-dimension",
    "one layer of rectifiers has the spectrum ⟨φ'⟩² x + floor with x of Marchenko-Pastur law",
    layer_spectrum,
    evaluated("relu-dimension", {"ratio": HALF}, {"ratio": 2}),
    lambda rng, effort: stacked(
        [
            simulated.relu_layer_dimension(
                ratio, blocks(effort, 120), rng, dimension=40 * size(effort)
            )
            for ratio in (0.5, 2.0)
        ]
    ),
    Sampled(0.03),
    (
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
    return Claim(
        f"complexity/sphere-{dimension}-{depth}",
        f"effective dimension behind layer {depth} of rectifiers on the sphere in {dimension} "
        f"dimensions, against {how}",
        lambda: sphere_kernel(depth),
        lambda kernel, effort: float(
            evaluated("sphere-dimension", {"d": dimension, "depth": depth})(kernel, effort)[0, 0]
        ),
        lambda rng, effort: witness(depth),
        Exact(digits_required),
        (
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
    WHITE,
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
