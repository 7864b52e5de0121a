"""What follows from what is connected: exact recursions, field theories, fixed points, and their LaTeX.

This room is exact: it knows SymPy and exact polynomials, and no floating-point number.
"""

from theory.catalogue import Parameter, Result, result, results
from theory.cells import NotClosed, cell_decimation, cell_recursion
from theory.decimation import Decimation, decimate
from theory.derivation import Derivation, Step
from theory.fixed_points import exact_fixed_points, fixed_point_equation
from theory.latex import document
from theory.model import ISING, Alphabet, Kernel, Model, Term, bond_model, clock, finite, potts
from theory.recursion import Chart, FixedPoint, Recursion
from theory.sum_product import DecimationTooLarge
from theory.symbols import symbols

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
    "symbols",
]
