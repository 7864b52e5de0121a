"""Claims on the results on random networks as a user evaluates them, against quadrature of plain
functions, explicit matrices, and networks that are drawn and run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from sympy import Integer, Rational, Symbol, sqrt

from neurenorm.numerics.simulation.field_theory import along_depth, maps, widths
from neurenorm.numerics.verification.claim import Claim
from neurenorm.numerics.verification.compare import Exact, Sampled
from neurenorm.numerics.verification.mutants import Mutant, map_expressions, scaled, shifted
from neurenorm.theory.field_theory.action import LatticeAction
from neurenorm.theory.field_theory.finite_width import FIELD, ScaleInvariant
from neurenorm.theory.field_theory.problems import LayerCovariance
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.recursion.problems import Iterated
from neurenorm.theory.wide.limit import WideLimit

__all__ = ["CLAIMS"]

LENGTHS = (("tanh", 2.0, 0.1), ("erf", 1.5, 0.2), ("gelu", 1.4, 0.3), ("sin", 1.5, 0.1))
CORRELATIONS = (("tanh", 2.5, 0.05), ("erf", 3.0, 0.05), ("tanh", 3.5, 0.2))
EDGES = (("tanh", 0.05), ("erf", 0.1), ("tanh", 0.4))
PAIRS = [
    (name, *kernels)
    for name in ("relu", "leaky", "erf", "sin", "cos", "abs", "gelu", "tanh", "swish")
    for kernels in ((1.3, 0.7, 0.4), (0.5, 2.0, -0.8))
]
MODES = [
    (a, layers, boundary)
    for a, layers in ((0.8, 9), (-0.3, 5), (0.5, 2))
    for boundary in ("fixed-open", "stationary", "pinned", "periodic")
    if not (layers < 3 and boundary == "periodic")
]
TANH_PAIR = np.random.default_rng(20).standard_normal((6, 2, 2, 2))
OVERLAPS = [[1.0, 0.25], [0.25, 0.625]]
ACTIONS = [("tanh", 1.6, 0.2, OVERLAPS, layers) for layers in TANH_PAIR] + [
    ("erf", 2.0, 0.1, 1.0, [[[1.0, -0.5]], [[0.3, 0.8]], [[0.7, 0.1]]]),
    ("relu", 2.0, 0.3, 0.5, [[[0.3, -0.2, 0.6]], [[0.5, 0.1, -1.0]]]),
]
VERTICES = (("tanh", 1.5, 0.1), ("relu", 2.0, 0.0), ("erf", 1.2, 0.2))
TANGENTS = [
    (name, sw2, sb2, parametrisation)
    for name, sw2, sb2 in (("tanh", 1.5, 0.05), ("relu", 1.6, 0.2))
    for parametrisation in ("ntk", "standard")
]


def points(names: str, rows: Any) -> list[dict[str, Any]]:
    """Parameters by name, a mapping for each row."""
    return [dict(zip(names.split(), row, strict=True)) for row in rows]


def louder(factor: str) -> Mutant:
    """The mutant of a wide limit whose nonlinearity is off by a factor."""
    z = Symbol("z", real=True)

    def change(problem: Any) -> Any:
        """The same problem of the louder network."""
        wrong = activation(Rational(factor) * problem.wide.activation(z))
        return replace(problem, wide=WideLimit(wrong))

    return Mutant(f"the nonlinearity times {factor}", change)


def other_step(name: str, change: Callable[[Any], Any]) -> Mutant:
    """The mutant of a recursion along depth with other steps."""

    def wrong(problem: Iterated) -> Iterated:
        """The same start under other steps."""
        recursion = problem.recursion
        return replace(problem, recursion=replace(recursion, step=change(recursion.step)))

    return Mutant(name, wrong)


ANOTHER = Mutant(
    "another nonlinearity", lambda problem: replace(problem, wide=WideLimit(activation("softplus")))
)
TINY, PERCENT = louder("1.0001"), louder("1.01")

WIDE = (
    Claim.of(
        "field-theory/kernel-fixed-point",
        at=points("activation sw2 sb2", LENGTHS),
        witness=lambda rng, effort: [maps.length_fixed_point(*place) for place in LENGTHS],
        policy=Exact(9),
        mutants=(TINY, PERCENT),
    ),
    Claim.of(
        "field-theory/correlation-fixed-point",
        at=points("activation sw2 sb2", CORRELATIONS),
        witness=lambda rng, effort: [
            maps.correlation_fixed_point(*place) for place in CORRELATIONS
        ],
        policy=Exact(7),
        mutants=(TINY, PERCENT),
    ),
    Claim.of(
        "field-theory/edge-of-chaos",
        at=points("activation sb2", EDGES),
        witness=lambda rng, effort: [maps.critical_point(*place) for place in EDGES],
        policy=Exact(6),
        mutants=(TINY, PERCENT),
    ),
    Claim.of(
        "field-theory/kernel-map",
        at=points("activation Kaa Kbb Kab", PAIRS),
        witness=lambda rng, effort: [maps.pair_averages(*place) for place in PAIRS],
        policy=Exact(9, scale=0.01),
        mutants=(TINY, ANOTHER),
    ),
)


class Leading(LayerCovariance):
    """The covariance without the corrections that the exact moments have."""

    @property
    def exact(self) -> ScaleInvariant | None:
        """Not used."""
        return None


class WrongExcess(LayerCovariance):
    """The covariance with the right gain and the excess of the other unit: of a linear one for a
    rectifier, of a rectifier for a linear one.
    """

    @property
    def exact(self) -> ScaleInvariant | None:
        """The moments of the other network."""
        right = super().exact
        half, whole = sqrt(Rational(1, 2)), sqrt(Integer(2))
        one_sided = right is not None and right.left == 0
        return ScaleInvariant(half, half) if one_sided else ScaleInvariant(whole, Integer(0))


def covariance_claim(
    name: str, width: int, sw2: float, sb2: float, networks: int, policy: Any, layers: int = 96
) -> Claim:
    """Claim the covariances at the lags 0 to 3 of a scale-invariant network at a = 0.8, K = 1."""
    lags = range(4)
    return Claim.of(
        "field-theory/layer-covariance",
        name=f"{name}-width-{width}",
        at=[{"activation": name, "sw2": sw2, "sb2": sb2, "N": width, "lag": lag} for lag in lags],
        read=("q", "K"),
        witness=lambda rng, effort: widths.lagged_covariances(
            widths.deep_samples(
                name, width, sw2, sb2, layers, effort.scale(networks, networks), rng
            ),
            1.0,
            24,
            lags,
        ),
        policy=policy,
        mutants=(
            Mutant("without the 1/N corrections", lambda p: Leading(p.activation)),
            Mutant("the excess of another unit", lambda p: WrongExcess(p.activation)),
        ),
    )


COVARIANCES = (
    covariance_claim("linear", 16, 0.8, 0.2, 64_000, Sampled(0.1)),
    covariance_claim("relu", 32, 1.6, 0.2, 40_000, Sampled(0.15)),
)


def array_of(overlap: Any) -> Any:
    """The overlaps of one or several inputs as a matrix."""
    return np.atleast_2d(np.array(overlap, dtype=float))


def nested(layers: Any) -> Any:
    """Layers as nested lists, without the list of inputs where there is one."""
    lists = [np.asarray(layer).tolist() for layer in layers]
    return [layer[0] for layer in lists] if len(lists[0]) == 1 else lists


ACTION = Claim.of(
    "field-theory/lattice-action",
    at=[
        {"activation": name, "sw2": sw2, "sb2": sb2, "x2": x2, "layers": nested(layers)}
        for name, sw2, sb2, x2, layers in ACTIONS
    ],
    witness=lambda rng, effort: [
        maps.action_of_layers(name, sw2, sb2, array_of(x2), [np.array(row) for row in layers])
        for name, sw2, sb2, x2, layers in ACTIONS
    ],
    policy=Exact(11),
    mutants=(
        Mutant("layers one after the other exchanged", lambda p: replace(p, layers=p.layers[::-1])),
        Mutant(
            "another nonlinearity",
            lambda p: replace(p, action=LatticeAction(activation("1.00001*sin(z)"))),
        ),
    ),
)

MODE_SPECTRUM = Claim.of(
    "field-theory/mode-spectrum",
    at=points("a L boundary", MODES),
    witness=lambda rng, effort: np.concatenate(
        [along_depth.written_modes(*place) for place in MODES]
    ),
    policy=Exact(10, scale=0.1),
    mutants=(
        Mutant(
            "other ends",
            lambda p: replace(p, boundary="pinned" if p.boundary != "pinned" else "stationary"),
        ),
    ),
)

EFFECTIVE = Claim.of(
    "field-theory/effective-theory",
    at=[{"a": a} for a in (0.5, 0.8, 0.9)],
    witness=lambda rng, effort: [along_depth.continuum_against_lattice(a) for a in (0.5, 0.8, 0.9)],
    policy=Exact(11),
    mutants=(scaled("1.0000001"), shifted(Symbol("a", positive=True), Rational(1, 10**6))),
)

# --- along depth


def vertex_claim(name: str, sw2: float, sb2: float, smallest: float) -> Claim:
    """Claim the vertices of layers 2 to 4 behind a first kernel of one."""
    return Claim.of(
        "field-theory/vertex",
        name=name,
        at=[{"activation": name, "sw2": sw2, "sb2": sb2, "depth": 4, "K1": 1}],
        read=lambda found: found.values["V"][1:],
        witness=lambda rng, effort: widths.vertex_along_depth(
            name, sw2, sb2, 4, effort.scale(250_000, 250_000), rng
        ),
        policy=Sampled(smallest),
        mutants=(
            other_step(
                "without what is inherited", lambda step: (step[0], step[1].subs(FIELD.V, 0))
            ),
            other_step("noise 15 % less", lambda step: (step[0], step[1] * Rational("0.85"))),
        ),
    )


def tangent_claim(name: str, sw2: float, sb2: float, parametrisation: str) -> Claim:
    """Claim the mean tangent kernel at layer 4 behind a first kernel of one."""
    place = {"activation": name, "sw2": sw2, "sb2": sb2, "parametrisation": parametrisation}
    return Claim.of(
        "field-theory/ntk",
        name=f"{name}-{parametrisation}",
        at=[{**place, "depth": 4, "K1": 1}],
        witness=lambda rng, effort: one(
            widths.tangent_mean(
                name, sw2, sb2, 4, parametrisation, effort.scale(160_000, 160_000), rng
            )
        ),
        policy=Sampled(0.03),
        mutants=(
            other_step(
                "without what is inherited", lambda step: (step[0], step[1].subs(FIELD.Theta, 0))
            ),
            Mutant("a layer less", lambda p: replace(p, layers=p.layers - 1)),
        ),
    )


DEPTH = (
    *(vertex_claim(*place, 0.1) for place in VERTICES),
    Claim.of(
        "field-theory/vertex",
        name="kernels",
        at=[
            {"activation": name, "sw2": sw2, "sb2": sb2, "depth": 9, "K1": 1}
            for name, sw2, sb2 in VERTICES
        ],
        read=("K",),
        witness=lambda rng, effort: [
            maps.kernels_along_depth(name, sw2, sb2, 9) for name, sw2, sb2 in VERTICES
        ],
        policy=Exact(9),
        mutants=(other_step("no bias", lambda step: map_expressions(step, no_bias)),),
    ),
    *(tangent_claim(*place) for place in TANGENTS),
)


def no_bias(step: Any) -> Any:
    """A step without its bias."""
    return step.subs(FIELD.sb2, 0)


def one(estimate: Any) -> Any:
    """A number as a row of one."""
    return replace(
        estimate, value=np.atleast_1d(estimate.value), error=np.atleast_1d(estimate.error)
    )


CLAIMS = (*WIDE, *COVARIANCES, ACTION, MODE_SPECTRUM, EFFECTIVE, *DEPTH)
