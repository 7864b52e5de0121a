"""Claims on dynamic neurons that are derived on the way: promotion of any network, lengths along
the flow, linear and wide layers, generated couplings.

The witnesses run explicit networks, square plain matrices, integrate on grids and diagonalise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Matrix, Rational, oo

from neurenorm.graphs.network.architectures import recurrent, residual
from neurenorm.graphs.network.network import network_from_graph
from neurenorm.numerics.claims.dynamic_neurons.chain import claim, value_at
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.simulation.dynamic_neurons.promoted import (
    FIELD_ON_WEIGHTS,
    INPUT,
    INVERSE_TEMPERATURE,
    LAW,
    LEAVE,
    MOMENTS,
    STEPS,
    TARGET,
    TAUS,
    WEIGHTS,
    classes_found,
    critical_gain_found,
    eigenvalues_by_squaring,
    lengths_of_powers,
    linear_integrals,
    maps_enumerated,
    markov_squared,
    pairs_found,
    pitchfork_found,
    propagated,
    run_networks,
    scaling_found,
    wide_integrals,
)
from neurenorm.numerics.solve import trajectory
from neurenorm.numerics.solve.dynamic_neurons.transfer import diffusion_rates
from neurenorm.numerics.verification.claim import Claim
from neurenorm.numerics.verification.compare import Exact
from neurenorm.numerics.verification.mutants import Mutant, scaled, shifted
from neurenorm.numerics.verification.within import Within
from neurenorm.theory.dynamic_neurons.chain import binary_fixed_points, binary_recursion
from neurenorm.theory.dynamic_neurons.generated_couplings import (
    CouplingClass,
    coupling_classes,
    layer_block,
)
from neurenorm.theory.dynamic_neurons.interaction_order import interaction_order
from neurenorm.theory.dynamic_neurons.linear import (
    moment_matrix,
    neighbour_recursion,
    ratio_chart,
    second_moment_recursion,
)
from neurenorm.theory.dynamic_neurons.promotion import promotion
from neurenorm.theory.dynamic_neurons.self_maps import SelfMaps
from neurenorm.theory.dynamic_neurons.spectrum import BinarySpectrum
from neurenorm.theory.dynamic_neurons.stiffness import back_propagation_limit, pitchfork
from neurenorm.theory.dynamic_neurons.two_state import markov_recursion, two_state_fixed_points
from neurenorm.theory.dynamic_neurons.wide import (
    TAU,
    CriticalScaling,
    U,
    critical_gain,
    critical_scaling,
    overlap_recursion,
    smeared_wide_recursion,
    smeared_wide_susceptibility,
)
from neurenorm.theory.recursion.recursion import FixedPoint, Recursion
from neurenorm.theory.symbols import symbols

__all__ = ["CLAIMS"]

S = symbols("dynamic-neurons")
Array = NDArray[np.float64]
POINT = {S.k: FIELD_ON_WEIGHTS, S.beta: INVERSE_TEMPERATURE}


# --- promotion
# --------------------------------------------------------------------------------------------------

SPARSE = [("a", "c"), ("b", "c"), ("b", "d"), ("c", "e"), ("d", "e"), ("a", "e")]


def promoted_sums(target: int) -> tuple[Expr, ...]:
    """Partition functions with promoted neurons: a residual block of two neurons, a recurrent
    neuron over three steps, a sparse network of five neurons.
    """
    networks = residual(2, 1), recurrent(1).unrolled(3), network_from_graph(nx.DiGraph(SPARSE))
    data = ((1, -1), (1, -1, 1), (1, -1))
    found = []
    for network, x in zip(networks, data, strict=True):
        given = {(v, 0): value for v, value in zip(network.inputs, x, strict=True)}
        found.append(
            promotion(
                network, given, dict.fromkeys(((v, 0) for v in network.outputs), target)
            ).promoted
        )
    return tuple(found)


PROMOTION = claim(
    "promotion-of-networks",
    "summing promoted neurons out of residual, recurrent and sparse networks gives the partition "
    "functions of their weights",
    lambda: promoted_sums(1),
    lambda found: np.array([value_at(e, POINT) for e in found]),
    run_networks,
    Exact(12),
    scaled("1.000000001"),
    shifted(S.k, Rational(1, 10**6)),
    Mutant("the other target", lambda _: promoted_sums(-1)),
)


# --- lengths and fixed points
# --------------------------------------------------------------------------------------------------


def lengths_along(flow: Recursion) -> Array:
    """1/xi of one datum and of the overlap of two at alpha = 0.6, k = 0.4 and after each step of
    the flow, from the derived decays.
    """
    decays = BinarySpectrum(2).decays
    ratio = compiled([decays["xi_odd"], decays["xi_even"]], [S.alpha, S.k])
    return np.array(
        [
            [-math.log(max(abs(float(r)), 1e-300)) for r in ratio(alpha, k)]
            for alpha, k in trajectory(flow, {S.alpha: 0.6, S.k: 0.4}, STEPS)
        ]
    )


LENGTHS = claim(
    "lengths-halve",
    "the memory of one datum and the overlap of two fall off with the eigenvalues of the layer's "
    "matrix, and both lengths halve in every step",
    binary_recursion,
    lengths_along,
    lengths_of_powers,
    Exact(8),
    Mutant(
        "k' off by a millionth",
        lambda flow: Recursion(
            flow.state,
            (flow.step[0], flow.step[1] * Rational("1.000001")),
            flow.scale,
            flow.constant,
        ),
    ),
    Mutant("three layers become one", lambda _: binary_recursion(3)),
)


def fixed_eigenvalues(points: tuple[Any, ...]) -> Array:
    """Eigenvalues at the ordered fixed points of the binary chain and of two-state kernels."""
    return np.array([float(value) for point in points for value in point.eigenvalues])


def nudged(k: int) -> Mutant:
    """The k-th of the two eigenvalues of each of two points, counted through, off by a
    thousandth.
    """

    def change(points: tuple[FixedPoint, ...]) -> tuple[FixedPoint, ...]:
        """Scale that one."""
        factors = [Rational(1001, 1000) if j == k else Rational(1) for j in range(4)]
        pairs = zip(points, (factors[:2], factors[2:]), strict=True)
        return tuple(
            replace(p, eigenvalues=tuple(v * f for v, f in zip(p.eigenvalues, own, strict=True)))
            for p, own in pairs
        )

    return Mutant(f"eigenvalue {k + 1} of four off by a thousandth", change)


FIXED = claim(
    "fixed-point-eigenvalues",
    "near order the distances of t and kappa from one, exp(-2 K1) and the field of a two-state "
    "kernel all double in a step",
    lambda: (
        *(p for p in binary_fixed_points() if p.point == (1, 1)),
        *(
            p
            for p in two_state_fixed_points()
            if len(p.eigenvalues) == 2 and 0 not in p.eigenvalues
        ),
    ),
    fixed_eigenvalues,
    eigenvalues_by_squaring,
    Exact(5),
    *map(nudged, range(4)),
    Mutant(
        "the disordered point",
        lambda _: (
            *(p for p in binary_fixed_points() if p.point == (0, 0)),
            *two_state_fixed_points()[-1:],
        ),
    ),
)


# --- other solvable layers
# --------------------------------------------------------------------------------------------------


MARKOV = claim(
    "markov-recursion",
    "the probabilities to leave the two states of a Markov matrix become those of its square",
    markov_recursion,
    lambda flow: np.array(compiled(list(flow.step), list(flow.state))(*LEAVE), dtype=float),
    markov_squared,
    Exact(14),
    Mutant(
        "a step scaled by 1.000001",
        lambda flow: Recursion(
            flow.state, tuple(e * Rational("1.000001") for e in flow.step), flow.scale
        ),
    ),
    Mutant("three steps", lambda flow: flow @ flow),
)

MAPS = SelfMaps((0, 1, 2))


def maps_predicted(maps: SelfMaps) -> Array:
    """The law of two layers on all self-maps of three states, and the transfer matrix of two
    copies, compressed to a few sums.
    """
    law = dict(zip(maps.elements, LAW.tolist(), strict=True))
    twice, matrix = (
        maps.convolve(law, dict(zip(maps.elements, LAW[::-1].tolist(), strict=True))),
        np.array(maps.transfer_matrix(law, 2), dtype=float),
    )
    return np.concatenate([[twice[f] for f in sorted(twice)], matrix.ravel()])


SELF_MAPS = claim(
    "self-maps-of-three-states",
    "layers of three-state neurons compose as laws on the 27 self-maps, and act on two copies at "
    "once",
    lambda: MAPS,
    maps_predicted,
    maps_enumerated,
    Exact(13),
    Mutant("maps composed in the other order", lambda _: _Reversed((0, 1, 2))),
)


class _Reversed(SelfMaps):
    """A mutant: the first layer acts last."""

    def convolve(self, later: Mapping[Any, Any], first: Mapping[Any, Any]) -> dict[Any, Any]:
        rows = dict.fromkeys(self.elements, 0.0)
        for (f, p), (g, q) in product(later.items(), first.items()):
            rows[tuple(g[i] for i in f)] += p * q
        return rows


LINEAR = {S.w: 0.8, S.bias: 0.1, S.S: 0.05}


def linear_moments(derived: tuple[Matrix, Recursion, Recursion]) -> Array:
    """Moments of h' = w h + b + noise for h = 0.7 up to the fourth; the step of J/r; and of the
    second moments of two data.
    """
    moments, ratio, second = derived
    names = sorted(moments.free_symbols, key=str)
    matrix = np.array(
        compiled(list(moments), names)(*[LINEAR[name] for name in names]), dtype=float
    ).reshape(moments.shape)
    step = value_at(ratio.step[0], {S.g: 0.4878048781, S.r: 1.0})
    pair = [value_at(e, {S.q: 0.49, S.p: -0.28, S.sw2: 0.5, S.alpha: 2.0}) for e in second.step]
    return np.array([*(0.7 ** np.arange(5) @ matrix), step, *pair])


LINEAR_LAYERS = claim(
    "linear-moments",
    "moments of a linear layer, the ratio of couplings of a Gaussian chain after a step, and the "
    "second moments of two data that share the weight",
    lambda: (
        moment_matrix(4),
        neighbour_recursion().in_chart(ratio_chart()),
        second_moment_recursion(),
    ),
    linear_moments,
    linear_integrals,
    Exact(11),
    Mutant("noise of twice the variance", lambda d: (d[0].subs(S.S, 2 * S.S), *d[1:])),
    Mutant(
        "the ratio off by a millionth",
        lambda d: (
            d[0],
            Recursion(d[1].state, (d[1].step[0] * Rational("1.000001"), *d[1].step[1:]), 2),
            d[2],
        ),
    ),
    Mutant(
        "no stiffness on the diagonal",
        lambda d: (*d[:2], Recursion(d[2].state, tuple(e.subs(S.alpha, oo) for e in d[2].step), 2)),
    ),
)


# --- gradients and onset
# --------------------------------------------------------------------------------------------------


def local_predicted(gradients: tuple[Expr, ...]) -> Array:
    """Local gradients of a chain of three tanh layers at infinite stiffness."""
    names = sorted(set().union(*(g.free_symbols for g in gradients)), key=str)
    at = {"x": INPUT, "y": TARGET, **{f"W_{m}": w for m, w in enumerate(WEIGHTS)}}
    return np.array(
        compiled(list(gradients), names)(*[at[name.name] for name in names]), dtype=float
    )


LOCAL = claim(
    "local-gradients",
    "at infinite stiffness the local gradients of the promoted energy are those of "
    "back-propagation",
    lambda: back_propagation_limit("tanh", len(WEIGHTS)).local,
    local_predicted,
    propagated,
    Exact(12),
    scaled("1.000001"),
    Mutant("layers exchanged", lambda found: (found[1], found[0], *found[2:])),
)


PITCHFORK = claim(
    "pitchfork",
    "beyond w = 1 the square of the fixed point of tanh(w h) grows with the derived amplitude",
    lambda: pitchfork("tanh")["amplitude"],
    lambda amplitude: float(amplitude),
    pitchfork_found,
    Exact(6),
    scaled("1.0001"),
)


# --- wide layers
# --------------------------------------------------------------------------------------------------


def wide_maps(derived: tuple[Recursion, Recursion, Expr]) -> Array:
    """The map of the overlap at c = 0.3, 0.8; of the moments of erf layers at alpha = 2; and their
    susceptibility.
    """
    overlap, smeared, chi = derived
    c = [value_at(overlap.step[0], {S.c: value}) for value in (0.3, 0.8)]
    at = {**dict(zip((S.q, S.p, S.sw2, S.sb2), MOMENTS, strict=True)), S.alpha: 2.0}
    return np.array([*c, *(value_at(e, at) for e in smeared.step), value_at(chi, at)])


WIDE = claim(
    "wide-maps",
    "the overlap of two data in wide binary layers, the moments of softened erf layers and their "
    "susceptibility are Gaussian averages",
    lambda: (
        overlap_recursion(),
        smeared_wide_recursion("erf"),
        smeared_wide_susceptibility("erf"),
    ),
    wide_maps,
    wide_integrals,
    Exact(7.5),
    Mutant("susceptibility off by a millionth", lambda d: (*d[:2], d[2] * Rational("1.000001"))),
    Mutant(
        "sharp rules",
        lambda d: (
            d[0],
            Recursion(d[1].state, tuple(e.subs(S.alpha, oo) for e in d[1].step), 2),
            d[2],
        ),
    ),
    Mutant(
        "overlap off by a millionth",
        lambda d: (
            Recursion(d[0].state, tuple(e * Rational("1.000001") for e in d[0].step), 2),
            *d[1:],
        ),
    ),
)


def scaling_predicted(scaling: CriticalScaling) -> Array:
    """xi/sqrt(N) from the diffusion near the transition."""
    drift = compiled(scaling.drift, [U, TAU])
    return np.array(
        [1 / diffusion_rates(_along(drift, tau), float(scaling.noise))[1] for tau in TAUS]
    )


def _along(drift: Callable[[Array, float], Any], tau: float) -> Callable[[Array], Array]:
    """The drift at one distance from the transition."""
    return lambda u: np.asarray(drift(u, tau))


SCALING = claim(
    "finite-size-scaling",
    "near the critical gain the lengths of all widths are sqrt(N) times one function of (g/g_c - "
    "1) sqrt(N), the inverse rate of a derived diffusion",
    critical_scaling,
    scaling_predicted,
    scaling_found,
    Within((0.003, 0.004, 0.012, 0.06)),
    Mutant(
        "cubic term off by 3 %",
        lambda s: CriticalScaling(s.drift.subs(U**3, U**3 * Rational(103, 100)), s.noise),
    ),
    Mutant("noise off by 3 %", lambda s: CriticalScaling(s.drift, s.noise * Rational(103, 100))),
    Mutant(
        "gain not measured from the critical one",
        lambda s: CriticalScaling(s.drift.subs(TAU, TAU + Rational(1, 20)), s.noise),
    ),
)

CRITICAL_GAIN = claim(
    "critical-gain",
    "the gain at which the mean of a wide binary layer becomes unstable",
    critical_gain,
    lambda gain: float(gain.evalf(20)),
    critical_gain_found,
    Exact(13),
    scaled("1.000001"),
)


# --- couplings
# --------------------------------------------------------------------------------------------------


def classes_predicted(classes: tuple[CouplingClass, ...]) -> Array:
    """Kinds, numbers and values of the couplings of two dense layers of three neurons at alpha =
    0.3, k = 0.2.
    """
    at = {S.alpha: Rational(3, 10), S.k: Rational(1, 5)}
    rows = [
        (
            c.first,
            c.last,
            c.count,
            float(sum(v.subs(at) for v in c.values).evalf(20)) / len(c.values),
        )
        for c in classes
        if (c.first, c.last) != (0, 0)
    ]
    return np.array(sorted(rows))


CLASSES = claim(
    "generated-couplings",
    "two layers of three binary neurons: which couplings a step generates, how many of each kind, "
    "and their values",
    lambda: coupling_classes(layer_block(3, 2)),
    classes_predicted,
    classes_found,
    Exact(9),
    Mutant(
        "couplings off by a millionth",
        lambda found: tuple(
            replace(c, values=tuple(v * Rational("1.000001") for v in c.values)) for c in found
        ),
    ),
    Mutant(
        "one layer",
        lambda _: (*coupling_classes(layer_block(3, 1)), *coupling_classes(layer_block(3, 2))[4:]),
    ),
)


PAIRS = claim(
    "coupled-pairs",
    "0, 1, 3, 6 pairs of weights of different layers are coupled in the cost of one to four "
    "layers, none in the promoted energy",
    lambda: tuple(interaction_order(layers, "z + g*z^2") for layers in (1, 2, 3, 4)),
    lambda orders: np.array([[o.static_pairs, o.dynamic_pairs] for o in orders], dtype=float),
    pairs_found,
    Exact(12),
    Mutant(
        "one layer more",
        lambda _: tuple(interaction_order(layers, "z + g*z^2") for layers in (2, 3, 4, 5)),
    ),
)

CLAIMS: tuple[Claim, ...] = (
    PROMOTION,
    LENGTHS,
    FIXED,
    MARKOV,
    SELF_MAPS,
    LINEAR_LAYERS,
    LOCAL,
    PITCHFORK,
    WIDE,
    SCALING,
    CRITICAL_GAIN,
    CLASSES,
    PAIRS,
)
