"""Upper bounds |f(z)| <= A exp(B |z|) of a real function, read off its expression; |z| is the sum
over the variables where there are several.

Such an envelope proves that all Gaussian moments of f exist, and bounds the part of an average that
a truncated quadrature leaves out. Every rule is an inequality for real z: sums add, products
multiply, tanh is at most 1, and |z| <= s exp(|z|/s) for any s > 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp
from sympy import Expr, S, Symbol

from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.reading import expression_of

__all__ = ["envelope"]

Bound = tuple[Expr, Expr]
_BOUNDED = {
    sp.tanh: S.One,
    sp.erf: S.One,
    sp.erfc: S(2),
    sp.sin: S.One,
    sp.cos: S.One,
    sp.sign: S.One,
    sp.Heaviside: S.One,
    sp.atan: sp.pi / 2,
}


@exact_arguments
def envelope(function: Expr, variable: Symbol | Sequence[Symbol], scale: Expr = S.One) -> Bound:
    """Return A and B with |f(z)| <= A exp(B |z|) for all real z.

    Parameters
    ----------
    function : sympy.Expr
        An expression in real variables.
    variable : Symbol or sequence of Symbol
        Its variable or variables; |z| then is |z_1| + |z_2| + ...
    scale : sympy.Expr
        The length s in |z| <= s exp(|z|/s): the larger, the smaller B of a polynomial.

    Returns
    -------
    tuple of two sympy.Expr
        A >= 0 and B >= 0.

    Raises
    ------
    ValueError
        If the function grows faster, or no bound is found.

    Examples
    --------
    >>> z = Symbol("z", real=True)
    >>> envelope(3 * sp.tanh(z) ** 2, z), envelope(z**2, z), envelope(sp.log(1 + sp.exp(z)), z)
    ((3, 0), (1, 2), (log(2) + 1, 1))
    """
    variables = (variable,) if isinstance(variable, Symbol) else tuple(variable)
    plain = _with_moduli(expression_of(function), variables)
    return _Bounder(plain, variables, expression_of(scale)).of(plain)


def _with_moduli(function: Expr, variables: Sequence[Symbol]) -> Expr:
    """Write z sign(z) as |z|, which is seen to be positive."""
    for z in variables:
        function = function.replace(
            lambda node, z=z: (
                node.is_Mul
                and sp.sign(z) in node.args
                and any(part.as_base_exp()[0] == z for part in node.args)
            ),
            lambda node, z=z: node / (z * sp.sign(z)) * sp.Abs(z),
        )
    return function


class _Bounder:
    """The rules, with the function they are applied to at hand for messages."""

    def __init__(self, whole: Expr, variables: tuple[Symbol, ...], scale: Expr) -> None:
        self.whole, self.z, self.scale = whole, variables, scale

    def of(self, node: Expr) -> Bound:
        """Envelope of a sub-expression."""
        if not node.has(*self.z):
            return sp.Abs(node), S.Zero
        if node in self.z:
            return self.scale, 1 / self.scale
        if node.func in _BOUNDED:
            return _BOUNDED[node.func], S.Zero
        if isinstance(node, sp.Add | sp.Max | sp.Min):
            bounds = [self.of(part) for part in node.args]
            return sp.Add(*(a for a, _ in bounds)), sp.Max(*(b for _, b in bounds))
        if isinstance(node, sp.Mul):
            bounds = [self.of(part) for part in node.args]
            return sp.Mul(*(a for a, _ in bounds)), sp.Add(*(b for _, b in bounds))
        return self._of_function(node)

    def _of_function(self, node: Expr) -> Bound:
        """Envelope of a power or a function."""
        if isinstance(node, sp.Pow) and node.base is not sp.E and node.exp.has(*self.z):
            return self.of(sp.exp(node.exp * sp.log(node.base)))
        if isinstance(node, sp.Abs):
            return self.of(node.args[0])
        if isinstance(node, sp.exp):
            constant, slope = self.upper(node.args[0])
            return sp.exp(constant), slope
        if isinstance(node, sp.Pow) and node.exp.is_positive:
            a, b = self.of(node.base)
            return a**node.exp, b * node.exp
        if isinstance(node, sp.Pow) and node.exp.is_negative:
            return self.lower(node.base) ** node.exp, S.Zero
        if isinstance(node, sp.sinh | sp.cosh):
            constant, slope = self.linear(node.args[0])
            return sp.exp(constant), slope
        constant, slope = self.linear(node)
        return constant + slope * self.scale, 1 / self.scale if slope else S.Zero

    def linear(self, node: Expr) -> Bound:
        """Numbers a, b >= 0 with |node| <= a + b |z|."""
        if not node.has(*self.z):
            return sp.Abs(node), S.Zero
        if node in self.z:
            return S.Zero, S.One
        if node.func in _BOUNDED:
            return _BOUNDED[node.func], S.Zero
        if isinstance(node, sp.Abs | sp.asinh):
            return self.linear(node.args[0])
        if isinstance(node, sp.Add | sp.Max | sp.Min):
            bounds = [self.linear(part) for part in node.args]
            return sp.Add(*(a for a, _ in bounds)), sp.Add(*(b for _, b in bounds))
        if isinstance(node, sp.log):
            return self._logarithm(node.args[0])
        if isinstance(node, sp.Mul):
            return self._product(node)
        constant, slope = self.of(node) if isinstance(node, sp.Pow | sp.exp) else self.refuse()
        return (constant, slope) if slope == 0 else self.refuse()

    def _product(self, node: Expr) -> Bound:
        """At most one factor of a linearly bounded product may be unbounded."""
        total: Bound = (S.One, S.Zero)
        for part in node.args:
            a, b = self.linear(part)
            if b != 0 and total[1] != 0:
                self.refuse("its exponent grows as the square of z")
            total = (total[0] * a, total[0] * b + total[1] * a)
        return total

    def _logarithm(self, argument: Expr) -> Bound:
        """Log of a function between a positive constant and an envelope."""
        least = self.lower(argument)
        constant, slope = self.of(argument)
        return sp.Abs(sp.log(least)) + sp.Abs(sp.log(constant)), slope

    def upper(self, node: Expr) -> Bound:
        """Numbers a, b with node <= a + b |z|: even powers with a negative coefficient only
        help.
        """
        total: Bound = (S.Zero, S.Zero)
        for part in sp.Add.make_args(sp.expand(node, power_base=False)):
            coefficient, rest = part.as_independent(*self.z)
            if coefficient.is_negative and rest.is_nonnegative:
                continue
            power = rest.as_base_exp()
            if power[0] in (*self.z, *map(sp.Abs, self.z)) and (power[1] - 2).is_nonnegative:
                self.refuse(
                    "its exponent grows as the square of z"
                    if power[1] == 2
                    else f"its exponent grows as the power {power[1]} of z"
                )
            a, b = self.linear(part)
            total = (total[0] + a, total[1] + b)
        return total

    def lower(self, node: Expr) -> Expr:
        """A positive lower bound: a positive constant plus non-negative parts, or a product or
        function with such a bound.
        """
        if isinstance(node, sp.cosh):
            return S.One
        if isinstance(node, sp.Add):
            constant, rest = node.as_independent(*self.z)
            if constant.is_positive and all(part.is_nonnegative for part in sp.Add.make_args(rest)):
                return constant
        if isinstance(node, sp.Mul):
            return sp.Mul(*(self.lower(part) for part in node.args))
        if isinstance(node, sp.Pow) and node.exp.is_positive:
            return self.lower(node.base) ** node.exp
        if not node.has(*self.z) and node != 0:
            return sp.Abs(node)
        self.refuse("it may be singular at a finite z")
        return S.One

    def refuse(self, reason: str = "no bound on its growth was found") -> Bound:
        """Say that the moments diverge, or cannot be shown to converge."""
        verdict = "diverge" if reason.startswith("its exponent") else "cannot be shown to converge"
        raise ValueError(f"the Gaussian moments of {self.whole} {verdict}: {reason}")
