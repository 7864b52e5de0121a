"""Gaussian averages as numbers, each with an error bound; importing it teaches the compiler to
evaluate expectations.
"""

from neurenorm.numerics.quadrature.balls import certified_average
from neurenorm.numerics.quadrature.line import Average, QuadratureError, line_average
from neurenorm.numerics.quadrature.lowering import average_error, lower_expectation
from neurenorm.numerics.quadrature.plane import plane_average

__all__ = [
    "Average",
    "QuadratureError",
    "average_error",
    "certified_average",
    "line_average",
    "lower_expectation",
    "plane_average",
]
