"""Predictions of closed formulas at chosen points: in ball arithmetic, without domain checks so
that mutants run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp
from scipy.optimize import brentq
from sympy import Integer, Rational

from neurenorm.numerics.balls import precision
from neurenorm.numerics.evaluate.catalogue import balls_of
from neurenorm.numerics.verification.claim import Effort
from neurenorm.theory.catalogue.problems import Formula

__all__ = [
    "BITS",
    "HALF",
    "ONE",
    "Array",
    "Points",
    "at",
    "crossing",
    "fitted",
    "followed",
    "formula_at",
    "points_of",
]

Array = NDArray[np.float64]
Points = Sequence[Mapping[str, Any]]
ONE, HALF = Integer(1), Rational(1, 2)
BITS = 256
"""Precision at which predictions are evaluated."""


def at(formula: Formula, points: Points) -> Array:
    """Return the values of a formula at several points, one row each.

    Parameters
    ----------
    formula : Formula
    points : sequence of mapping
        Exact numbers by the names of the symbols.

    Examples
    --------
    >>> from sympy import Rational, Symbol
    >>> at(Formula({"square": Symbol("x") ** 2}), [{"x": Rational(1, 2)}]).tolist()
    [[0.25]]
    """
    with precision(BITS):
        rows = [balls_of(formula.values, point) for point in points]
    return np.array([[float(value.mid()) for value in row.values()] for row in rows])


def formula_at(points: Points) -> Callable[[Formula, Effort], Array]:
    """Return the ``predict`` of a claim on a formula: its values at several points.

    Examples
    --------
    >>> from sympy import Integer, Symbol
    >>> formula_at([{"x": Integer(3)}])(Formula({"double": 2 * Symbol("x")}), Effort.low).tolist()
    [[6.0]]
    """
    return lambda formula, effort: at(formula, points)


def points_of(**axes: Sequence[Any]) -> Points:
    """Return all combinations of parameter values.

    Examples
    --------
    >>> points_of(b=(2, 3), r=(1,))
    [{'b': 2, 'r': 1}, {'b': 3, 'r': 1}]
    """
    return [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]


def crossing(function: Callable[[float], Any], level: float, low: float, high: float) -> float:
    """Return where a function passes a level between two places.

    Examples
    --------
    >>> round(crossing(lambda x: x**2, 2.0, 1.0, 2.0), 12)
    1.414213562373
    """
    return float(brentq(lambda x: float(function(x)) - level, low, high))


def fitted(places: ArrayLike, values: ArrayLike, degree: int) -> np.polynomial.Polynomial:
    """Return the polynomial of some degree nearest to values at places.

    Examples
    --------
    >>> line = fitted([0.0, 1.0, 2.0], [1.0, 3.0, 5.0], 1)
    >>> round(float(line(0.0)), 12), line.roots().round(12).tolist()
    (1.0, [-0.5])
    """
    return np.polynomial.Polynomial.fit(np.asarray(places), np.asarray(values), degree)


def followed(speed: Callable[[Any], Any], start: float, span: float) -> float:
    """Return where dy/ds = speed(y) leads from a start over a span of s.

    Examples
    --------
    >>> round(followed(lambda y: y, 1.0, 1.0), 9)
    2.718281828
    """
    run = solve_ivp(lambda _, y: speed(y), (0, span), [start], rtol=1e-11, atol=1e-13)
    return float(run.y[0, -1])
