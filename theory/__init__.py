"""What follows from what is connected: exact recursions, field theories, fixed points, and their
LaTeX.

This room is exact: it knows SymPy and exact polynomials, and no floating-point number.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurenorm.doors import lazy

if TYPE_CHECKING:
    from neurenorm.theory.active_paths.ensemble import PathEnsemble as PathEnsemble
    from neurenorm.theory.catalogue import Parameter as Parameter
    from neurenorm.theory.catalogue import Result as Result
    from neurenorm.theory.catalogue import result as result
    from neurenorm.theory.catalogue import results as results
    from neurenorm.theory.decimation.cell import NotClosed as NotClosed
    from neurenorm.theory.decimation.cell import cell_decimation as cell_decimation
    from neurenorm.theory.decimation.cell import cell_recursion as cell_recursion
    from neurenorm.theory.decimation.decimation import Decimation as Decimation
    from neurenorm.theory.decimation.decimation import decimate as decimate
    from neurenorm.theory.decimation.model import ISING as ISING
    from neurenorm.theory.decimation.model import Alphabet as Alphabet
    from neurenorm.theory.decimation.model import Kernel as Kernel
    from neurenorm.theory.decimation.model import Model as Model
    from neurenorm.theory.decimation.model import Term as Term
    from neurenorm.theory.decimation.model import bond_model as bond_model
    from neurenorm.theory.decimation.model import clock as clock
    from neurenorm.theory.decimation.model import finite as finite
    from neurenorm.theory.decimation.model import potts as potts
    from neurenorm.theory.decimation.sum_product import DecimationTooLarge as DecimationTooLarge
    from neurenorm.theory.document import document as document
    from neurenorm.theory.dynamic_neurons.wide import WideBinary as WideBinary
    from neurenorm.theory.field.gaussian_field import GaussianField as GaussianField
    from neurenorm.theory.field_theory.action import LatticeAction as LatticeAction
    from neurenorm.theory.field_theory.depth_field import DepthField as DepthField
    from neurenorm.theory.gaussian.activation import Activation as Activation
    from neurenorm.theory.recursion.fixed_points import exact_fixed_points as exact_fixed_points
    from neurenorm.theory.recursion.fixed_points import fixed_point_equation as fixed_point_equation
    from neurenorm.theory.recursion.recursion import Chart as Chart
    from neurenorm.theory.recursion.recursion import FixedPoint as FixedPoint
    from neurenorm.theory.recursion.recursion import Recursion as Recursion
    from neurenorm.theory.symbols import symbols as symbols
    from neurenorm.theory.typeset.derivation import Derivation as Derivation
    from neurenorm.theory.typeset.derivation import Step as Step
    from neurenorm.theory.wide.limit import WideLimit as WideLimit

_PLACES = {
    "active_paths.ensemble": ("PathEnsemble",),
    "catalogue": ("Parameter", "Result", "result", "results"),
    "decimation.cell": ("NotClosed", "cell_decimation", "cell_recursion"),
    "decimation.decimation": ("Decimation", "decimate"),
    "decimation.model": (
        "Alphabet",
        "ISING",
        "Kernel",
        "Model",
        "Term",
        "bond_model",
        "clock",
        "finite",
        "potts",
    ),
    "decimation.sum_product": ("DecimationTooLarge",),
    "document": ("document",),
    "dynamic_neurons.wide": ("WideBinary",),
    "field.gaussian_field": ("GaussianField",),
    "field_theory.action": ("LatticeAction",),
    "field_theory.depth_field": ("DepthField",),
    "gaussian.activation": ("Activation",),
    "recursion.fixed_points": ("exact_fixed_points", "fixed_point_equation"),
    "recursion.recursion": ("Chart", "FixedPoint", "Recursion"),
    "symbols": ("symbols",),
    "typeset.derivation": ("Derivation", "Step"),
    "wide.limit": ("WideLimit",),
}
# A star import must not replace the symbols of SymPy.
__all__ = sorted({name for names in _PLACES.values() for name in names} - {"symbols"})

__getattr__, __dir__ = lazy(__name__, _PLACES)
