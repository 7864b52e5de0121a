"""What follows from what is connected: exact recursions, field theories, fixed points, and their
LaTeX.

This room is exact: it knows SymPy and exact polynomials, and no floating-point number.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from neurenorm.theory.catalogue import Parameter, Result, result, results
from neurenorm.theory.decimation.cell import NotClosed, cell_decimation, cell_recursion
from neurenorm.theory.decimation.decimation import Decimation, decimate
from neurenorm.theory.decimation.model import (
    ISING,
    Alphabet,
    Kernel,
    Model,
    Term,
    bond_model,
    clock,
    finite,
    potts,
)
from neurenorm.theory.decimation.sum_product import DecimationTooLarge
from neurenorm.theory.document import document
from neurenorm.theory.recursion.fixed_points import exact_fixed_points, fixed_point_equation
from neurenorm.theory.recursion.recursion import Chart, FixedPoint, Recursion
from neurenorm.theory.symbols import (
    symbols as symbols,
)  # not in __all__: a star import must not replace SymPy's
from neurenorm.theory.typeset.derivation import Derivation, Step

if TYPE_CHECKING:
    from neurenorm.theory.active_paths.ensemble import PathEnsemble as PathEnsemble
    from neurenorm.theory.dynamic_neurons.wide import WideBinary as WideBinary
    from neurenorm.theory.field.gaussian_field import GaussianField as GaussianField
    from neurenorm.theory.field_theory.action import LatticeAction as LatticeAction
    from neurenorm.theory.field_theory.depth_field import DepthField as DepthField
    from neurenorm.theory.gaussian.activation import Activation as Activation
    from neurenorm.theory.wide.limit import WideLimit as WideLimit

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
    "Activation": "gaussian.activation",
    "DepthField": "field_theory.depth_field",
    "GaussianField": "field.gaussian_field",
    "LatticeAction": "field_theory.action",
    "PathEnsemble": "active_paths.ensemble",
    "WideBinary": "dynamic_neurons.wide",
    "WideLimit": "wide.limit",
}
"""Classes of the five systems, in modules that are loaded when they are first asked for."""


def __dir__() -> list[str]:
    """Return the public names, for completion."""
    return sorted({*globals(), *_ON_DEMAND})


def __getattr__(name: str) -> Any:
    """Load a class that is not needed by every user."""
    if name not in _ON_DEMAND:
        raise AttributeError(f"module 'theory' has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ON_DEMAND[name]}"), name)
