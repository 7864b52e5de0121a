"""Predictions of closed formulas at chosen points: in ball arithmetic, without domain checks so
that mutants run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Integer, Rational

from neurenorm.numerics.balls import precision
from neurenorm.numerics.evaluate.catalogue import balls_of
from neurenorm.numerics.verification.claim import Effort
from neurenorm.theory.catalogue.problems import Formula

__all__ = ["BITS", "HALF", "ONE", "Array", "Points", "at", "formula_at", "points_of"]

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
