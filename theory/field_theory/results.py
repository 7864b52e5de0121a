"""Results on random networks as lattice models and field theories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sympy import Abs, Interval, Range, Symbol, cancel, oo

from neurenorm.theory.algebra.lengths import correlation_length
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.catalogue.problems import Formula
from neurenorm.theory.catalogue.result import Parameter, Result
from neurenorm.theory.field_theory.action import LatticeAction
from neurenorm.theory.field_theory.depth_field import BOUNDARIES, DepthField
from neurenorm.theory.field_theory.finite_width import FiniteWidth
from neurenorm.theory.field_theory.problems import (
    ActionAt,
    CorrelationFixedPoint,
    DepthModes,
    EdgeOfChaos,
    KernelFixedPoint,
    LayerCovariance,
    PairAverages,
)
from neurenorm.theory.gaussian.activation import Activation, activation
from neurenorm.theory.recursion.problems import Iterated
from neurenorm.theory.symbols import symbols
from neurenorm.theory.wide.limit import WideLimit

__all__ = ["RESULTS", "effective_theory"]

FIELD = symbols("field-theory")
NON_NEGATIVE, POSITIVE = Interval(0, oo), Interval.open(0, oo)
WEIGHTS = (
    "Weights W_ij ~ N(0, sw2/N_in), biases N(0, sb2); K^1 = sb2 + sw2 x.x'/N_0; layers count from "
    "1."
)
LENGTHS = "Correlation lengths are -1/ln|lambda|, in layers."
AVERAGES = "Averages are over z ~ N(0, K) without the factor sw2."
FIRST_LAYER = (
    "the first layer is K1 = sb2 + sw2 x.x/N_0: give K1 of at least sb2, and sw2 above zero"
)
MOST_LAYERS = 100_000


def kernel_fixed_point(activation: Activation) -> KernelFixedPoint:
    """State the fixed-point problem of the length map."""
    return KernelFixedPoint(WideLimit(activation))


def correlation_fixed_point(activation: Activation) -> CorrelationFixedPoint:
    """State the fixed-point problem of the correlation map."""
    return CorrelationFixedPoint(WideLimit(activation))


def edge_of_chaos(activation: Activation) -> EdgeOfChaos:
    """State the problem of the critical line."""
    return EdgeOfChaos(WideLimit(activation))


def kernel_map(activation: Activation) -> PairAverages:
    """Derive the averages of one layer."""
    return PairAverages(WideLimit(activation))


def layer_covariance(activation: Activation) -> LayerCovariance:
    """Derive the covariance between layers."""
    return LayerCovariance(activation)


def lattice_action(activation: Activation, x2: Any, layers: Any) -> ActionAt:
    """Write the action of given layers."""
    return ActionAt(LatticeAction(activation), layers, x2)


def mode_spectrum(L: int, boundary: str) -> DepthModes:
    """State the eigenvalue problem of fluctuations along depth."""
    return DepthModes(L, boundary)


def effective_theory() -> Formula:
    """Expand the symbol of the depth field at small wave numbers, for 0 < a < 1."""
    a = Symbol("a", positive=True)
    depth = DepthField(a)
    theory = depth.effective_theory
    ratio = theory.propagator(expression_of(0)) * depth.noise / depth.variance
    values = {
        "mass": theory.mass,
        "xi": theory.correlation_length,
        "xi_lattice": correlation_length(a),
        "ratio": ratio,
    }
    return Formula(
        {name: cancel(value.xreplace({Abs(a - 1): 1 - a})) for name, value in values.items()},
        DepthField().derivation,
    )


def vertex(activation: Activation, depth: int) -> Iterated:
    """Follow the kernel and the four-point vertex along depth."""
    theory = FiniteWidth(activation)
    values = {"K": FIELD.K, "V": FIELD.V / FIELD.K**2}
    at_unit_width = [step.subs(FIELD.N, 1) for step in theory.vertex.step]
    recursion = type(theory.vertex)(theory.vertex.state, tuple(at_unit_width), theory.vertex.scale)
    start = (Symbol("K1", positive=True), expression_of(0))
    return Iterated(recursion, start, depth, values, start_is=FIRST_LAYER)


def ntk(activation: Activation, depth: int, parametrisation: str = "ntk") -> Iterated:
    """Follow the neural tangent kernel of one input along depth."""
    first = Symbol("K1", positive=True)
    start, note = {
        "ntk": (first, "NTK parametrisation"),
        "standard": (
            (first - FIELD.sb2) / FIELD.sw2,
            "standard parametrisation, divided by the width",
        ),
    }[parametrisation]
    return Iterated(
        WideLimit(activation).tangent_in(parametrisation),
        (first, start),
        depth,
        {"mean": FIELD.Theta},
        whole=False,
        note=note,
        start_is=FIRST_LAYER,
    )


def _read_activation(value: Any) -> Activation:
    """A name or an expression in z."""
    if not isinstance(value, str):
        raise ValueError(
            f'activation must be a name or an expression in z such as "z*exp(-z**2/2)", got {value}'
        )
    return activation(value)


def _read_overlap(value: Any) -> Any:
    """A number, or a square matrix of overlaps as nested lists."""
    if isinstance(value, list):
        if any(not isinstance(row, list) or len(row) != len(value) for row in value):
            raise ValueError(
                "x2 is a number for one input, or a square matrix of overlaps x_a.x_b/N_0 for "
                "several"
            )
        return value
    if not (getattr(value, "is_number", False) and value.is_nonnegative):
        raise ValueError(
            "x2 (squared length of the input over its dimension) must be a number that is not "
            f"negative, got {value}"
        )
    return value


def _read_layers(value: Any) -> Any:
    """Nested lists of numbers."""
    if (
        not isinstance(value, list)
        or not value
        or not all(isinstance(layer, list) and layer for layer in value)
    ):
        raise ValueError(
            "layers must be nested lists such as [[1, -0.5], [0.3, 0.8]]: one list per layer, for "
            "several inputs one list per input inside"
        )
    return value


_ACTIVATION = Parameter(
    "activation",
    "the nonlinearity: a name or an expression in z",
    None,
    structural=True,
    convert=_read_activation,
)
_SW2 = Parameter("sw2", FIELD["sw2"].meaning, NON_NEGATIVE)
_SB2 = Parameter("sb2", FIELD["sb2"].meaning, NON_NEGATIVE)
_K1 = Parameter("K1", "kernel of the first layer", POSITIVE)
_DEPTH = Parameter("depth", "number of layers", Range(1, MOST_LAYERS + 1), structural=True)
_TANH: Mapping[str, Any] = {"activation": activation("tanh")}

RESULTS = (
    Result(
        "field-theory/kernel-fixed-point",
        "Fixed points of the length of a signal in a wide random network, their susceptibilities "
        "and correlation length",
        FIELD,
        (_ACTIVATION, _SW2, _SB2),
        ("K", "chi_par", "chi_perp", "xi_q"),
        kernel_fixed_point,
        (WEIGHTS, LENGTHS),
        _TANH,
        units={"xi_q": "layers"},
    ),
    Result(
        "field-theory/correlation-fixed-point",
        "Fixed points of the correlation of two signals, and the depth over which it is forgotten",
        FIELD,
        (_ACTIVATION, _SW2, _SB2),
        ("c", "chi_c", "xi_c"),
        correlation_fixed_point,
        (WEIGHTS, LENGTHS),
        _TANH,
        units={"xi_c": "layers"},
    ),
    Result(
        "field-theory/edge-of-chaos",
        "The weight variance at which chi_perp = 1, at a given bias variance",
        FIELD,
        (_ACTIVATION, _SB2),
        ("sw2", "K", "chi_par"),
        edge_of_chaos,
        (WEIGHTS,),
        _TANH,
    ),
    Result(
        "field-theory/kernel-map",
        "Averages <phi phi> and <phi' phi'> of two correlated signals",
        FIELD,
        (
            _ACTIVATION,
            Parameter("Kaa", FIELD["Kaa"].meaning, NON_NEGATIVE),
            Parameter("Kbb", FIELD["Kbb"].meaning, NON_NEGATIVE),
            Parameter("Kab", FIELD["Kab"].meaning, Interval(-oo, oo)),
        ),
        ("value", "derivative"),
        kernel_map,
        (AVERAGES,),
        {"activation": activation("erf")},
    ),
    Result(
        "field-theory/layer-covariance",
        "Stationary covariance of lengths and kernels of layers a distance apart, at finite width",
        FIELD,
        (
            _ACTIVATION,
            _SW2,
            _SB2,
            Parameter("N", FIELD["N"].meaning, Range(1, oo)),
            Parameter("lag", FIELD["lag"].meaning, Range(0, oo)),
        ),
        ("q", "K", "exact"),
        layer_covariance,
        (
            WEIGHTS,
            "exact is true where the moments close at any width; otherwise the values are the "
            "leading order in 1/N.",
        ),
        {"activation": activation("relu")},
    ),
    Result(
        "field-theory/lattice-action",
        "Exact action -ln P of all pre-activations given the input, at any width",
        FIELD,
        (
            _ACTIVATION,
            _SW2,
            _SB2,
            Parameter(
                "x2",
                "squared length of the input over its dimension, or the matrix of overlaps",
                None,
                structural=True,
                convert=_read_overlap,
            ),
            Parameter(
                "layers",
                "pre-activations as nested lists",
                None,
                structural=True,
                convert=_read_layers,
            ),
        ),
        ("value",),
        lattice_action,
        (WEIGHTS,),
        {
            "activation": activation("tanh"),
            "x2": 1,
            "layers": [[Symbol("z_1", real=True)], [Symbol("z_2", real=True)]],
        },
        "nats",
    ),
    Result(
        "field-theory/mode-spectrum",
        "Exact eigenvalues of the precision of fluctuations along L layers",
        FIELD,
        (
            Parameter("a", FIELD["a"].meaning, FIELD["a"].domain),
            Parameter("L", FIELD["L"].meaning, Range(1, 4097), structural=True),
            Parameter("boundary", "what happens at both ends", BOUNDARIES, structural=True),
        ),
        ("eigenvalues",),
        mode_spectrum,
        ("The precision is T/D with D the noise of one layer; eigenvalues of T, ascending.",),
        {"L": 8, "boundary": "fixed-open"},
    ),
    Result(
        "field-theory/effective-theory",
        "Mass and correlation length of the effective field theory along depth, against the exact "
        "ones",
        FIELD,
        (
            Parameter(
                "a",
                "factor by which a perturbation shrinks per layer; positive, for a gradient "
                "expansion at long waves",
                Interval.open(0, 1),
            ),
        ),
        ("mass", "xi", "xi_lattice", "ratio"),
        effective_theory,
        (
            LENGTHS,
            "ratio is G(0) of the continuum over the exact variance; valid for |k| << 1, distances "
            ">= 1 and xi >> 1.",
        ),
        units={"mass": "1/layers", "xi": "layers", "xi_lattice": "layers"},
    ),
    Result(
        "field-theory/vertex",
        "Kernel and four-point vertex N kappa_4/K^2 of every layer, to leading order in 1/N",
        FIELD,
        (_ACTIVATION, _SW2, _SB2, _DEPTH, _K1),
        ("K", "V"),
        vertex,
        (WEIGHTS, "kappa_4 = <z^4>_c/3; lists over layers 1 .. depth."),
        {"activation": activation("relu"), "depth": 2},
    ),
    Result(
        "field-theory/ntk",
        "Mean neural tangent kernel of one input",
        FIELD,
        (
            _ACTIVATION,
            _SW2,
            _SB2,
            _DEPTH,
            _K1,
            Parameter(
                "parametrisation",
                "what the gradient is taken with respect to",
                ("ntk", "standard"),
                default="ntk",
                structural=True,
            ),
        ),
        ("mean",),
        ntk,
        (
            WEIGHTS,
            "NTK parametrisation (ntk): W = sqrt(sw2/N) omega, b = sqrt(sb2) beta, gradients with "
            "respect to omega and beta; Theta^1 = K^1.",
            "Standard parametrisation (standard): gradients with respect to W and b, divided by "
            "the width N; Theta^1 = (K^1 - sb2)/sw2.",
        ),
        {"activation": activation("relu"), "depth": 2},
    ),
)
