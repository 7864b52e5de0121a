"""Results on layer graphs of any architecture in the wide limit."""

from __future__ import annotations

from typing import Any

from sympy import Interval, oo

from neurenorm.graphs.network.layer_graph import LayerGraph
from neurenorm.graphs.network.layer_text import layer_graph
from neurenorm.theory.architectures.problems import BlockCriticality, BlockCriticalLine, KernelsOf
from neurenorm.theory.catalogue.result import Parameter, Result
from neurenorm.theory.symbols import symbols

__all__ = ["RESULTS"]

FIELD = symbols("field-theory")
WEIGHTS = (
    "Weights of variance sw2 over the fan-in, biases of variance sb2, kernels of an input "
    "K = x.x'/N_0; layers grow wide together."
)
TANGENT = "Tangent kernels are in NTK parametrisation: dense layers and biases count as they stand."
BLOCK = (
    "chi_par is the slope of the map of K, chi_perp that of K_ab at equal inputs; xi is "
    "-1/ln of the slope at c, in blocks."
)


def _read_graph(value: Any) -> LayerGraph:
    """Statements, or one call of a network."""
    if not isinstance(value, str):
        raise ValueError(
            'graph is a text such as "mlp(tanh, 3)" or "x = input(); dense(map(tanh, dense(x)))", '
            f"got {value}"
        )
    return layer_graph(value)


def _read_inputs(value: Any) -> Any:
    """One or two inputs as nested lists of numbers."""
    if not isinstance(value, list) or not 1 <= len(value) <= 2 or not _is_nested(value):
        raise ValueError(
            "inputs are one or two lists of numbers such as [[1, 0], [0.5, 1]]; on a grid every "
            "position has its own list"
        )
    return value


def _is_nested(value: Any) -> bool:
    """Whether every entry is a list, down to lists of finite numbers of one length."""
    if not isinstance(value, list) or not value:
        return False
    if all(isinstance(entry, list) for entry in value):
        return len({len(entry) for entry in value}) == 1 and all(
            _is_nested(e) or _is_row(e) for e in value
        )
    return False


def _is_row(value: Any) -> bool:
    """Whether this is a list of finite numbers."""
    return bool(value) and all(getattr(number, "is_finite", False) for number in value)


_GRAPH = Parameter(
    "graph",
    "the network: statements or a call, as text",
    None,
    structural=True,
    convert=_read_graph,
)
_BLOCK = Parameter(
    "graph",
    "the block that is repeated, from a wide input to the same space, as text",
    None,
    structural=True,
    convert=_read_graph,
)
NON_NEGATIVE = Interval(0, oo)
_SW2 = Parameter("sw2", FIELD["sw2"].meaning, NON_NEGATIVE, default=None)
_SB2 = Parameter("sb2", FIELD["sb2"].meaning, NON_NEGATIVE, default=None)

RESULTS = (
    Result(
        "architectures/kernel",
        "Kernel and tangent kernel of any wide layer graph on two inputs",
        FIELD,
        (
            _GRAPH,
            Parameter("inputs", "one or two inputs, lists of numbers", None, convert=_read_inputs),
            _SW2,
            _SB2,
        ),
        ("K", "Theta"),
        KernelsOf,
        (WEIGHTS, TANGENT, "K and Theta are listed as (aa, ab, bb)."),
        {"graph": layer_graph("mlp(erf, 1)")},
    ),
    Result(
        "architectures/criticality",
        "Fixed points of a repeated block of any wide layer graph, and the depth scale of angles",
        FIELD,
        (_BLOCK, _SW2, _SB2),
        ("K", "c", "chi_par", "chi_perp", "xi", "kind", "exponent"),
        BlockCriticality,
        (WEIGHTS, BLOCK),
        {"graph": layer_graph("z = input(width=1); affine(map(relu, norm(z)), sw2, sb2)")},
        units={"xi": "blocks"},
    ),
    Result(
        "architectures/critical-line",
        "The weight variance at which chi_perp = 1 for a repeated block of any wide layer graph",
        FIELD,
        (_BLOCK, _SB2),
        ("sw2", "K", "chi_par"),
        BlockCriticalLine,
        (WEIGHTS, BLOCK),
        {"graph": layer_graph("z = input(width=1); affine(map(erf, z), sw2, sb2)")},
    ),
)
