"""How the compiler evaluates an unevaluated ⟨f⟩: quadrature in double precision, certified balls
otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import mpmath
import numpy as np
from flint import acb, arb, ctx
from sympy import Expr, Symbol

from neurenorm.numerics.balls import precision
from neurenorm.numerics.compile import CompileError, compiled, register_lowering
from neurenorm.numerics.quadrature.balls import certified_average
from neurenorm.numerics.quadrature.line import line_average
from neurenorm.numerics.quadrature.plane import plane_average
from neurenorm.theory.gaussian.activation import kinks_of
from neurenorm.theory.gaussian.expectation import GaussianExpectation

__all__ = ["average_error", "lower_expectation"]


def lower_expectation(
    node: GaussianExpectation, target: str, digits: int | None
) -> tuple[Callable[..., Any], Sequence[Expr]]:
    """Return a numeric function for an expectation, and the expressions it takes.

    Parameters
    ----------
    node : GaussianExpectation
        Over one or two variables.
    target : {"numpy", "mpmath", "ball"}
        NumPy quadrature has a relative error below 1e-11 (one variable) or 1e-9 (two) of ⟨|f|⟩, or
        raises; the others are certified.
    digits : int or None
        Decimal digits asked for.

    Returns
    -------
    function, arguments
        The function takes the covariance entries (K, or K_aa, K_bb, K_ab) and then the parameters
        of f.

    Raises
    ------
    CompileError
        If there are more than two Gaussian variables.

    Examples
    --------
    >>> from sympy import tanh
    >>> from neurenorm.numerics.compile import compiled
    >>> K = Symbol("K", positive=True)
    >>> node = GaussianExpectation(tanh(Symbol("z")) ** 2, Symbol("z"), K)
    >>> compiled(node, [K])([1.0, 100.0]).round(8).tolist()
    [0.39429449, 0.92053686]
    """
    variables, parameters = (
        node.variables,
        tuple(sorted(node.function.free_symbols - set(node.variables), key=str)),
    )
    if len(variables) > 2:
        raise CompileError(
            f"cannot average over {len(variables)} Gaussian variables: quadrature handles one or "
            f"two, in {node}"
        )
    matrix = node.covariance
    entries = [matrix[0, 0]] if len(variables) == 1 else [matrix[0, 0], matrix[1, 1], matrix[0, 1]]
    if target == "numpy":
        return _in_doubles(node, parameters), [*entries, *parameters]
    return _certified(node, parameters, target, digits), [*entries, *parameters]


def average_error(node: GaussianExpectation) -> Callable[..., Any]:
    """Return a function of the covariance entries and parameters that gives the error bound of the
    NumPy quadrature.

    Examples
    --------
    >>> from sympy import tanh
    >>> bound = average_error(
    ...     GaussianExpectation(tanh(Symbol("z")) ** 2, Symbol("z"), Symbol("K", positive=True))
    ... )
    >>> bool(bound(1.0) < 1e-13)
    True
    """
    parameters = tuple(sorted(node.function.free_symbols - set(node.variables), key=str))
    return _in_doubles(node, parameters, part=1)


def _in_doubles(
    node: GaussianExpectation, parameters: tuple[Symbol, ...], part: int = 0
) -> Callable[..., Any]:
    """Quadrature over arrays of covariances; parameters are taken one set at a time."""
    function = compiled(node.function, [*node.variables, *parameters])
    size = 1 if len(node.variables) == 1 else 3
    places = [compiled(list(kinks_of(node.function, z)), list(parameters)) for z in node.variables]

    def at_parameters(covariance: Sequence[Any], values: Sequence[float]) -> Any:
        """Averages for one set of parameter values."""
        kinks = [sorted(np.ravel(place(*values)).tolist()) for place in places]
        if size == 1:
            return line_average(lambda z: function(z, *values), covariance[0], kinks[0])[part]
        kaa, kbb, kab = covariance
        scale = np.sqrt(np.asarray(kaa) * kbb)
        gap = np.where(scale > 0, (scale - kab) / np.where(scale > 0, scale, 1.0), 1.0)
        return plane_average(
            lambda a, b: function(a, b, *values),
            kaa,
            kbb,
            gap=_within(gap),
            kinks=(kinks[0], kinks[1]),
        )[part]

    def evaluate(*numbers: Any) -> Any:
        """Averages for arrays of everything."""
        if not parameters:
            return at_parameters(numbers, ())
        arrays = np.broadcast_arrays(*numbers)
        flat = [array.ravel() for array in arrays]
        rows = [float(at_parameters(row[:size], row[size:])) for row in zip(*flat, strict=True)]
        return np.array(rows).reshape(arrays[0].shape)

    return evaluate


def _within(gap: Any) -> Any:
    """A gap 1 - c that has left [0, 2] by rounding, moved back; anything else is left for the error
    message.
    """
    near = (gap > -1e-12) & (gap < 2 + 1e-12)
    return np.where(near, np.clip(gap, 0, 2), gap)


def _certified(
    node: GaussianExpectation, parameters: tuple[Symbol, ...], target: str, digits: int | None
) -> Callable[..., Any]:
    """Ball arithmetic; for mpmath the middle of a ball that is good to its working precision."""

    def enclosed(*numbers: Any) -> arb:
        """The average as a ball."""
        size = 1 if len(node.variables) == 1 else 3
        reals = [_real_ball(number) for number in numbers]
        values = dict(zip(parameters, reals[size:], strict=True))
        return certified_average(
            node.function,
            node.variables,
            reals[:size],
            digits or round(mpmath.libmp.prec_to_dps(ctx.prec)),
            values,
        )

    if target == "ball":
        return enclosed

    def rounded(*numbers: Any) -> Any:
        """The average as an mpmath number."""
        with precision(mpmath.mp.prec):
            ball = enclosed(*(arb(mpmath.nstr(number, mpmath.mp.dps + 3)) for number in numbers))
        return mpmath.mpf(ball.mid().str(mpmath.mp.dps + 5, radius=False))

    return rounded


def _real_ball(number: Any) -> arb:
    """A covariance or parameter as a real ball; complex balls must be real."""
    if isinstance(number, arb):
        return number
    if isinstance(number, acb) and number.imag.is_zero():
        return number.real
    raise CompileError(f"a Gaussian average takes real covariances and parameters, got {number}")


register_lowering(GaussianExpectation, lower_expectation)
