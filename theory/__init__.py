"""What follows from what is connected: exact recursions, field theories, fixed points, and their LaTeX.

This room is exact: it knows SymPy and exact polynomials, and no floating-point number.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from theory.catalogue import Parameter, Result, result, results
from theory.cells import NotClosed, cell_decimation, cell_recursion
from theory.decimation import Decimation, decimate
from theory.derivation import Derivation, Step
from theory.fixed_points import exact_fixed_points, fixed_point_equation
from theory.latex import document
from theory.model import ISING, Alphabet, Kernel, Model, Term, bond_model, clock, finite, potts
from theory.recursion import Chart, FixedPoint, Recursion
from theory.sum_product import DecimationTooLarge
from theory.symbols import symbols as symbols  # not in __all__: a star import must not replace SymPy's

if TYPE_CHECKING:
    from theory.action import LatticeAction as LatticeAction
    from theory.activation import Activation as Activation
    from theory.depth import DepthField as DepthField
    from theory.field import GaussianField as GaussianField
    from theory.path_ensemble import PathEnsemble as PathEnsemble
    from theory.wide import WideLimit as WideLimit
    from theory.wide_binary import WideBinary as WideBinary

__all__ = [
    "ISING",
    "Alphabet",
    "Chart",
    "Decimation",
    "DecimationTooLarge",
    "Derivation",
    "FixedPoint",
    "Kernel",
    "Model",
    "NotClosed",
    "Parameter",
    "Recursion",
    "Result",
    "Step",
    "Term",
    "bond_model",
    "cell_decimation",
    "cell_recursion",
    "clock",
    "decimate",
    "document",
    "exact_fixed_points",
    "finite",
    "fixed_point_equation",
    "potts",
    "result",
    "results",
]

_ON_DEMAND = {
    "Activation": "activation",
    "DepthField": "depth",
    "GaussianField": "field",
    "LatticeAction": "action",
    "PathEnsemble": "path_ensemble",
    "WideBinary": "wide_binary",
    "WideLimit": "wide",
}
"""Classes of the five systems, in modules that are loaded when they are first asked for."""


def __dir__() -> list[str]:
    """Return the public names, for completion."""
    return sorted({*globals(), *_ON_DEMAND})


def __getattr__(name: str) -> Any:
    """Load a class that is not needed by every user."""
    if name not in _ON_DEMAND:
        raise AttributeError(f"module 'theory' has no attribute {name!r}")
    return getattr(import_module(f"theory.{_ON_DEMAND[name]}"), name)
