"""Logarithms of ratios that tend to one: what is left of them is found before it is rounded away.

A weak coupling such as log((cosh 4K + 3)/(4 cosh 2K))/2 is about K⁴, but the ratio is 1 in double
precision long before. With y = e^(K/m) the ratio is N(y)/D(y), and y - 1 divides N - D as often as
the coupling vanishes at K = 0, so that

    log(N/D) = log1p((y - 1)^k R(y)/D(y)),      y - 1 = 2 e^(K/2m) sinh(K/2m),

is accurate to the last digits where the ratio is near one.
"""

from math import gcd, lcm, prod
from typing import Any

import sympy
from sympy import cosh, exp, log, sinh

from neurenorm.numerics.compile.rewriting.stable import Log1p

__all__ = ["near_one"]

_MOST_OPERATIONS, _MOST_TERMS, _HIGHEST_POWER = 400, 200, 200
_MOST_EXPANDED = 500


def near_one(node: sympy.Basic) -> tuple[sympy.Expr, sympy.Expr] | None:
    """Write a sum of logarithms that vanishes with one of its symbols as one log1p.

    Returns
    -------
    tuple of sympy.Expr, or None
        The sum in the new form and the argument of its log1p, which has to be small; None for any
        other node.

    Examples
    --------
    >>> K = sympy.Symbol("K", real=True)
    >>> value, small = near_one(log(cosh(2 * K)) / 2)
    >>> sympy.series(small, K, 0, 4)
    2*K**2 + O(K**4)
    """
    parts = _logarithms(node)
    if parts is None:
        return None
    unit = sympy.Rational(
        gcd(*(int(power.p) for power, _ in parts[0])), lcm(*(int(power.q) for power, _ in parts[0]))
    )
    if _size(unit, parts[0]) > _MOST_OPERATIONS:
        return None  # the powers would be written out: 1.000000001 beside 1 asks for millions
    product = sympy.Mul(*[argument ** (power / unit) for power, argument in parts[0]])
    ratio = _rational(product, parts[1] / unit)
    if ratio is None:
        return None
    above, below, images = ratio
    powers, rest = _vanishing(above - below)
    if not powers:
        return None
    factors = [(2 * exp(images[y] / 2) * sinh(images[y] / 2)) ** k for y, k in powers.items()]
    small = sympy.Mul(*factors) * (rest.as_expr() / below.as_expr()).xreplace(
        {y: exp(a) for y, a in images.items()}
    )
    return unit * Log1p(small), small


def _size(unit: Any, pairs: list[tuple[Any, Any]]) -> int:
    """How many operations the product of the arguments has when its powers are multiplied out."""
    return int(sum(abs(power / unit) * (1 + argument.count_ops()) for power, argument in pairs))


def _logarithms(node: Any) -> tuple[list[tuple[Any, Any]], Any] | None:
    """The (rational factor, argument) pairs of a sum of logarithms of hyperbolic functions, and its
    linear part.
    """
    if (
        not isinstance(node, sympy.Add | sympy.Mul | log)
        or not node.has(log)
        or node.count_ops() > _MOST_OPERATIONS
    ):
        return None
    pairs, linear = [], sympy.S.Zero
    for term in sympy.Add.make_args(node):
        factor, body = term.as_coeff_Mul()
        if isinstance(body, log) and factor.is_Rational:
            pairs.append((factor, body.args[0]))
        elif isinstance(body, sympy.Symbol) and factor.is_Rational:
            linear += term
        else:
            return None
    return (
        (pairs, linear)
        if pairs and any(argument.has(exp, cosh, sinh) for _, argument in pairs)
        else None
    )


def _rational(product: sympy.Expr, linear: sympy.Expr) -> tuple[Any, Any, dict[Any, Any]] | None:
    """The polynomials N and D in y = e^(symbol/stride) with N/D = product · e^linear, and the
    logarithm of each y.
    """
    plain = product.replace(cosh, lambda u: (exp(u) + exp(-u)) / 2).replace(
        sinh, lambda u: (exp(u) - exp(-u)) / 2
    )
    if _expanded_terms(plain) > _MOST_EXPANDED:
        return None
    arguments = {node: _multiples(node.args[0]) for node in plain.atoms(exp)} | {
        exp(linear): _multiples(linear)
    }
    if any(found is None for found in arguments.values()) or plain.has(log):
        return None
    numbers = [(s, r) for found in arguments.values() for s, r in (found or {}).items()]
    stride = lcm(*(int(r.q) for _, r in numbers))
    if any(abs(r) * stride > _HIGHEST_POWER for _, r in numbers):
        return None
    names = {
        s: sympy.Dummy(f"y_{s}", positive=True) for s in sorted({s for s, _ in numbers}, key=str)
    }
    powers = {
        e: sympy.Mul(*[names[s] ** (r * stride) for s, r in (found or {}).items()])
        for e, found in arguments.items()
    }
    above, below = sympy.fraction(sympy.together(plain.xreplace(powers) * powers[exp(linear)]))
    if not all(
        side.is_polynomial(*names.values()) and not side.has(*names) for side in (above, below)
    ):
        return None
    polynomials = [sympy.Poly(side, *names.values()) for side in (above, below)]
    if any(len(p.terms()) > _MOST_TERMS for p in polynomials):
        return None
    return polynomials[0], polynomials[1], {y: s / stride for s, y in names.items()}


def _expanded_terms(node: Any) -> int:
    """A bound on the terms of a product or a power of sums that is multiplied out."""
    if isinstance(node, sympy.Add):
        return sum(_expanded_terms(term) for term in node.args)
    if isinstance(node, sympy.Mul):
        return prod(_expanded_terms(factor) for factor in node.args)
    if isinstance(node, sympy.Pow) and node.exp.is_Integer:
        return _expanded_terms(node.base) ** abs(int(node.exp))
    return 1


def _multiples(argument: sympy.Expr) -> dict[Any, Any] | None:
    """The rational factor of each symbol in a linear argument, or None where it is none."""
    found = {}
    for term in sympy.Add.make_args(sympy.expand(argument)):
        factor, body = term.as_coeff_Mul()
        if body == 1 and factor == 0:
            continue
        if not (isinstance(body, sympy.Symbol) and body.is_extended_real and factor.is_Rational):
            return None
        found[body] = factor
    return found


def _vanishing(difference: sympy.Poly) -> tuple[dict[Any, int], sympy.Poly]:
    """How often y - 1 divides a polynomial for each of its variables, and what remains."""
    powers: dict[Any, int] = {}
    for y in difference.gens:
        while not difference.is_zero and difference.eval(y, 1) == 0:
            difference = difference.exquo(sympy.Poly(y - 1, *difference.gens))
            powers[y] = powers.get(y, 0) + 1
    return powers, difference
