"""Where a piecewise function has its kinks and jumps, and its derivatives as distributions.

The argument of a sign is *straightened* to a linear form of the same sign, sign(tanh z) = sign z
and sign(exp(z) - 2) = sign(z - ln 2), and a Dirac delta keeps only the value of its coefficient at
its own place, z δ(z) = 0, so that no power of a delta arises where nothing jumps. A function written
with signs is put together *by intervals*, where nothing cancels: (1 - sign z) exp(z)/2 is zero on
the right, however large exp(z) is.
"""

from __future__ import annotations

from itertools import pairwise

from sympy import (
    Abs,
    DiracDelta,
    Dummy,
    Expr,
    Heaviside,
    Max,
    Min,
    Pow,
    S,
    Symbol,
    asinh,
    atan,
    atanh,
    cosh,
    diff,
    erf,
    erfinv,
    exp,
    log,
    sign,
    sinh,
    tan,
    tanh,
)

from neurenorm.theory.algebra.arguments import exact_arguments

__all__ = ["by_intervals", "localised", "straightened"]

_INVERSE = {tanh: atanh, erf: erfinv, sinh: asinh, asinh: sinh, atan: tan, exp: log, log: exp}
_IMAGE = {tanh: (-1, 1), erf: (-1, 1), exp: (0, S.Infinity), atan: (-S.Pi / 2, S.Pi / 2)}


@exact_arguments
def straightened(argument: Expr, variable: Symbol) -> Expr:
    """Return a simpler expression of the same sign for every real value of the variable.

    Parameters
    ----------
    argument : sympy.Expr
        Real; increasing functions, odd powers and even factors are taken off it from outside.
    variable : Symbol

    Returns
    -------
    sympy.Expr
        Linear in the variable, or 1 or -1, where the rules reach; else the argument that they stop
        at.

    Examples
    --------
    >>> z = Symbol("z", real=True)
    >>> straightened(3 - exp(2 * z), z), straightened(tanh(z) ** 3, z), straightened(2 - tanh(z), z)
    (-2*z + log(3), z, 1)
    """
    shift, rest = argument.as_independent(variable, as_Add=True)
    scale, core = rest.as_independent(variable, as_Add=False)
    if not (scale.is_positive or scale.is_negative):
        return argument
    if (
        isinstance(core, Pow)
        and core.exp.is_integer
        and core.exp.is_odd
        and core.exp.is_positive
        and shift == 0
    ):
        return straightened(scale * core.base, variable)
    if core.func not in _INVERSE:
        return argument
    level = -shift / scale
    low, high = _IMAGE.get(core.func, (-S.Infinity, S.Infinity))
    if (level <= low) == True or (level >= high) == True:  # noqa: E712 (an undecided relation is neither)
        return sign(scale) * (S.One if (level <= low) == True else -S.One)  # noqa: E712
    return straightened(
        (sign(scale) * (core.args[0] - _INVERSE[core.func](level))).expand(), variable
    )


@exact_arguments
def localised(expression: Expr, variable: Symbol) -> Expr:
    """Return an expression in which every Dirac delta of the variable has its coefficient taken at
    its own place.

    Parameters
    ----------
    expression : sympy.Expr
        Linear in its deltas; one that is not comes back as it is.
    variable : Symbol

    Returns
    -------
    sympy.Expr

    Examples
    --------
    >>> z = Symbol("z", real=True)
    >>> (
    ...     localised(z * DiracDelta(z) + exp(z) * DiracDelta(2 * z - 2), z),
    ...     localised(DiracDelta(tanh(2 * z)), z),
    ... )
    (E*DiracDelta(z - 1)/2, DiracDelta(z)/2)
    """
    spikes = sorted(
        (delta for delta in expression.atoms(DiracDelta) if delta.has(variable)), key=str
    )
    marks = {spike: Dummy() for spike in spikes}
    marked = expression.xreplace(marks)
    slopes = [diff(marked, mark) for mark in marks.values()]
    if any(slope.has(*marks.values()) for slope in slopes) or any(
        len(spike.args) > 1 for spike in spikes
    ):
        return expression
    rest = marked.xreplace(dict.fromkeys(marks.values(), S.Zero))
    return rest + sum(
        (_at_spike(slope, spike, variable) for slope, spike in zip(slopes, spikes, strict=True)),
        start=S.Zero,
    )


def _at_spike(coefficient: Expr, spike: Expr, variable: Symbol) -> Expr:
    """One delta with its coefficient at its place; untouched where the place is not found."""
    line = straightened(spike.args[0], variable)
    weight = line.diff(variable)
    if not line.has(variable):
        return S.Zero
    if weight.has(variable) or not weight.is_nonzero or line.free_symbols != {variable}:
        return coefficient * spike
    place = (variable - line / weight).expand()
    slope = spike.args[0].diff(variable).subs(variable, place)
    return coefficient.subs(variable, place) / Abs(slope) * DiracDelta(variable - place)


@exact_arguments
def by_intervals(expression: Expr, variable: Symbol) -> Expr:
    """Return a function written with signs as a sum over the intervals between their places, each
    part cut off outside of its own.

    Parameters
    ----------
    expression : sympy.Expr
        Polynomial in signs of linear forms of the variable.
    variable : Symbol

    Returns
    -------
    sympy.Expr
        The same function. What has no exponential (nothing then outgrows its interval) or other
        signs comes back as it is.

    Examples
    --------
    >>> z = Symbol("z", real=True)
    >>> by_intervals((1 - sign(z)) * exp(z) / 2 + 3 * (1 + sign(z)) / 2, z)
    exp(Min(0, z))*Heaviside(-z) + 3*Heaviside(z)
    """
    signs = sorted(expression.atoms(sign), key=str)
    lines = [node.args[0] for node in signs]
    if not expression.has(exp, sinh, cosh) or not all(
        line.is_polynomial(variable) and line.diff(variable).is_nonzero for line in lines
    ):
        return expression
    spikes = dict.fromkeys(expression.atoms(DiracDelta), S.Zero)
    regular = expression.xreplace(spikes)
    places = [(variable - line / line.diff(variable)).expand() for line in lines]
    ends = [-S.Infinity, *sorted(set(places), key=lambda place: place.evalf(30)), S.Infinity]
    total = (expression - regular).expand() if spikes else S.Zero
    for low, high in pairwise(ends):
        inside = {
            node: sign(line.diff(variable)) * (-1 if place >= high else 1)
            for node, line, place in zip(signs, lines, places, strict=True)
        }
        clipped = Max(low, Min(variable, high))
        part = regular.xreplace(inside).expand().xreplace({variable: clipped})
        total += part * Heaviside(variable - low) * Heaviside(high - variable)
    return total
