"""Certified Gaussian averages: enclosures by ball arithmetic, with a proved bound on what lies
outside the box of integration.

On a box that contains no kink the integrand is analytic and `acb.integral` encloses its integral.
Outside, |f| <= A exp(B |z|) (`neurenorm.theory.gaussian.envelope`), and ``⟨exp(B σ|x|); |x| > T⟩ =
exp(β²/2) erfc((T - β)/√2)`` with β = B σ bounds the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any, cast

import sympy as sp
from flint import acb, arb, fmpq
from sympy import Expr, Symbol

from neurenorm.graphs.arguments import listed, shown, whole_number
from neurenorm.numerics.arguments import checked_arguments
from neurenorm.numerics.balls import precision, working_bits
from neurenorm.numerics.quadrature.line import QuadratureError
from neurenorm.theory.algebra.arguments import exact_arguments, symbols_of
from neurenorm.theory.gaussian.activation import kinks_of
from neurenorm.theory.gaussian.envelope import envelope

__all__ = ["certified_average"]

Values = Mapping[Symbol, arb]
Evaluator = Callable[[acb, bool], acb]

_ENTIRE = {
    sp.exp: "exp",
    sp.sin: "sin",
    sp.cos: "cos",
    sp.sinh: "sinh",
    sp.cosh: "cosh",
    sp.tanh: "tanh",
    sp.erf: "erf",
    sp.erfc: "erfc",
}
_BRANCHED = {
    sp.log: "{x}.log(analytic=analytic)",
    sp.atan: "((1 + imaginary*{x}).log(analytic=analytic) - (1 - imaginary*{x}).log(analytic=analytic))/(2*imaginary)",
    sp.asinh: "({x} + ({x}*{x} + 1).sqrt(analytic=analytic)).log(analytic=analytic)",
}
_KINKED = (sp.sign, sp.Abs, sp.Heaviside, sp.Max, sp.Min)
MOST_DIGITS = 1000


@checked_arguments
@exact_arguments
def certified_average(
    function: Expr,
    variables: Sequence[Symbol],
    covariance: Sequence[arb],
    digits: int,
    values: Values | None = None,
) -> arb:
    """Return a ball that contains ⟨f⟩ over one or two Gaussian variables.

    Parameters
    ----------
    function : sympy.Expr
        f, in the variables and possibly in parameters.
    variables : sequence of Symbol
        One or two real variables.
    covariance : sequence of arb
        ``(K,)`` or ``(K_aa, K_bb, K_ab)``.
    digits : int
        Decimal digits aimed at.
    values : mapping of Symbol to arb
        Values of the parameters.

    Returns
    -------
    arb
        An enclosure; its radius says what was reached.

    Raises
    ------
    QuadratureError
        If the function grows too fast for its tail to be bounded.

    Examples
    --------
    >>> z = Symbol("z", real=True)
    >>> ball = certified_average(sp.tanh(z) ** 2, [z], [arb(100)], 30)
    >>> ball.rad() < 1e-30, ball.str(20, radius=False)
    (True, '0.92053686343051667121')
    """
    variables, covariance = symbols_of(variables, "a variable"), listed(covariance, "variances")
    if len(variables) != len(covariance) and (len(variables), len(covariance)) != (2, 3):
        raise ValueError(
            "give one variable with its variance, or two variables with K_aa, K_bb and K_ab"
        )
    digits = whole_number(digits, "the number of digits", 1, MOST_DIGITS)
    if unknown := function.free_symbols - {*variables, *(values or {})}:
        raise ValueError(f"the function holds {shown(unknown)}, which have no values")
    with precision(working_bits(digits)):
        box = _Box(function, tuple(variables), dict(values or {}), digits)
        return box.line(covariance[0]) if len(variables) == 1 else box.plane(*covariance)


class _Box:
    """The integrals over a finite box and the bound on the rest."""

    def __init__(
        self, function: Expr, variables: tuple[Symbol, ...], values: dict[Symbol, arb], digits: int
    ) -> None:
        self.function, self.variables, self.values = function, variables, values
        self.aim = arb(10) ** -(digits + 2)
        self.kinks = [
            sorted(
                (_number(k, values) for k in kinks_of(function, z) if not k.has(*variables)),
                key=float,
            )
            for z in variables
        ]

    def envelope(self, deviation: arb) -> tuple[arb, arb]:
        """A and B of |f| <= A exp(B |z|), for moments on the scale of a deviation."""
        numeric = self.function.xreplace(
            {symbol: sp.Rational(str(float(ball.mid()))) for symbol, ball in self.values.items()}
        )
        scale = sp.Rational(str(max(float(deviation), 1e-6)))
        height, rate = envelope(numeric, self.variables, scale)
        widened = arb(1, 1e-6) if self.values else arb(1)
        return _number(height, {}) * widened, _number(rate, {}) * widened

    def cut(self, height: arb, rates: Sequence[arb]) -> tuple[int, arb]:
        """How many deviations to integrate, and the bound on the rest."""
        for reach in range(8, 400, 2):
            rest = arb(0)
            for i, rate in enumerate(rates):
                others = [_whole(other) for j, other in enumerate(rates) if j != i]
                rest += height * _beyond(rate, reach) * (others[0] if others else arb(1))
            if rest < self.aim * max(1.0, float(abs(height))):
                return reach, rest
        raise QuadratureError(
            f"the tail of the average of {self.function} cannot be bounded: it grows too fast for "
            "this variance"
        )

    def line(self, variance: arb) -> arb:
        """One variable, in units of its deviation."""
        deviation = variance.sqrt()
        if (
            not deviation.is_finite()
        ):  # a ball that reaches below zero is no variance: nothing is known
            return arb.nan()
        height, rate = self.envelope(deviation)
        reach, rest = self.cut(height, [rate * deviation])
        total = arb(0)
        for low, high in pairwise(_cuts([k / deviation for k in self.kinks[0]], reach)):
            value = self.evaluator({self.variables[0]: deviation * (low + high) / 2})
            total += self.integral(
                lambda x, analytic, f=value: f(analytic, deviation * x),  # type: ignore[misc]
                low,
                high,
            ).real
        return total + arb(0, rest.abs_upper())

    def plane(self, kaa: arb, kbb: arb, kab: arb) -> arb:
        """Two variables: z_a = s_a x, z_b = slope x + spread y with independent x and y."""
        deviation, slope = kaa.sqrt(), kab / kaa.sqrt()
        spread = (kbb - slope * slope).sqrt()
        if not (deviation.is_finite() and slope.is_finite() and spread.is_finite()):
            return arb.nan()
        height, rate = self.envelope(kbb.sqrt())
        reach, rest = self.cut(height, [rate * (deviation + abs(slope)), rate * spread])
        total = arb(0)
        for low, high in pairwise(_cuts([k / deviation for k in self.kinks[0]], reach)):
            middle = deviation * (low + high) / 2
            outer = partial(
                self._inner, middle=middle, shape=(deviation, slope, spread), reach=reach
            )
            total += self.integral(outer, low, high).real
        return total + arb(0, rest.abs_upper())

    def integral(self, function: Evaluator, low: Any, high: Any) -> acb:
        """Integrate a function against the standard normal density."""

        def integrand(x: acb, analytic: bool) -> acb:
            """f(x) exp(-x²/2)/√(2π)."""
            return function(x, analytic) * (-x * x / 2).exp() / (2 * acb.pi()).sqrt()

        return acb.integral(integrand, low, high, rel_tol=self.aim / 16, abs_tol=self.aim / 16)

    def _inner(
        self, x: acb, analytic: bool, middle: arb, shape: tuple[arb, arb, arb], reach: int
    ) -> acb:
        """The integral over y, between kinks of z_b that move with x."""
        deviation, slope, spread = shape
        za, zb = self.variables
        ends = [acb(-reach), *((acb(k) - slope * x) / spread for k in self.kinks[1]), acb(reach)]
        marks = (
            [self.kinks[1][0] - 1, *self.kinks[1], self.kinks[1][-1] + 1]
            if self.kinks[1]
            else [arb(-1), arb(1)]
        )
        total = acb(0)
        for (low, high), (left, right) in zip(pairwise(ends), pairwise(marks), strict=True):
            value = self.evaluator({za: middle, zb: (left + right) / 2})
            u, v = deviation * x, slope * x
            total += self.integral(
                lambda y, inner, f=value, u=u, v=v: f(analytic or inner, u, v + spread * y),  # type: ignore[misc]
                low,
                high,
            )
        return total

    def evaluator(self, inside: Mapping[Symbol, arb]) -> Callable[..., acb]:
        """The function with every kink resolved as at a point inside the piece."""
        point = {**self.values, **inside}
        smooth = _resolved(self.function, point) if self.function.has(*_KINKED) else self.function
        compiled = _compiled(smooth, (*self.variables, *self.values))
        fixed = [acb(ball) for ball in self.values.values()]
        return lambda analytic, *at: compiled(analytic, *at, *fixed)


def _cuts(kinks: Sequence[arb], reach: int) -> list[arb]:
    """Ends of the pieces: the box and the kinks certainly inside it."""
    return [arb(-reach), *(k for k in kinks if abs(k) < reach), arb(reach)]


def _beyond(rate: arb, reach: int) -> arb:
    """⟨exp(β|x|); |x| > T⟩."""
    return (rate * rate / 2).exp() * ((reach - rate) / arb(2).sqrt()).erfc()


def _whole(rate: arb) -> arb:
    """⟨exp(β|x|)⟩."""
    return (rate * rate / 2).exp() * (-rate / arb(2).sqrt()).erfc()


def _number(expression: Expr, values: Values) -> arb:
    """A constant expression as a ball."""
    return _evaluated(expression, {symbol: acb(ball) for symbol, ball in values.items()}).real


def _resolved(node: Expr, point: Values) -> Expr:
    """Replace sign, Heaviside, Abs, Max and Min by what they are at a point."""
    if not node.args:
        return node
    parts = [_resolved(part, point) for part in node.args]
    if isinstance(node, sp.sign | sp.Abs | sp.Heaviside):
        side = 1 if _number(parts[0], point) > 0 else -1
        return {sp.sign: sp.Integer(side), sp.Heaviside: sp.Integer(side == 1)}.get(
            node.func, side * parts[0]
        )
    if isinstance(node, sp.Max | sp.Min):
        values = [float(_number(part, point)) for part in parts]
        return parts[values.index(max(values) if isinstance(node, sp.Max) else min(values))]
    return node.func(*parts)


@lru_cache(maxsize=256)
def _compiled(expression: Expr, symbols: tuple[Symbol, ...]) -> Callable[..., acb]:
    """A function ``f(analytic, *values)`` of complex balls; not finite where it is not analytic and
    should be.
    """
    names = {symbol: f"v{i}" for i, symbol in enumerate(symbols)}
    source = f"lambda {', '.join(['analytic', *names.values()])}: {_source(expression, names)}"
    space: dict[str, Any] = {
        "acb": acb,
        "rational": lambda p, q: acb(arb(fmpq(p, q))),
        "imaginary": acb(0, 1),
        "log_cosh": _log_cosh,
    }
    return cast(Callable[..., acb], eval(compile(source, "<balls>", "eval"), space))


def _evaluated(expression: Expr, at: Mapping[Symbol, acb], analytic: bool = False) -> acb:
    """An expression in complex balls."""
    symbols = tuple(sorted(expression.free_symbols, key=str))
    return _compiled(expression, symbols)(analytic, *(at[symbol] for symbol in symbols))


def _source(node: Expr, names: Mapping[Symbol, str]) -> str:
    """The expression as a Python expression in acb."""
    if node in names:
        return names[node]
    if node.is_Rational:
        return f"rational({int(node.p)}, {int(node.q)})"
    if node is sp.pi or node is sp.E:
        return "acb.pi()" if node is sp.pi else "acb(1).exp()"
    parts = [_source(part, names) for part in node.args]
    if isinstance(node, sp.Add | sp.Mul):
        return "(" + (" + " if isinstance(node, sp.Add) else " * ").join(parts) + ")"
    if isinstance(node, sp.Pow):
        return _power(node, parts)
    if isinstance(node, sp.log) and isinstance(node.args[0], sp.cosh):
        return f"log_cosh({_source(node.args[0].args[0], names)}, analytic)"
    if node.func in _ENTIRE:
        return f"({parts[0]}).{_ENTIRE[node.func]}()"
    if node.func in _BRANCHED:
        return _BRANCHED[node.func].format(x=f"({parts[0]})")
    raise QuadratureError(
        f"{node} has no certified average: {type(node).__name__} is not among the functions of the "
        "ball arithmetic here"
    )


def _log_cosh(x: acb, analytic: bool) -> acb:
    """ln cosh x = ±x + ln(1 + exp(-+2x)) - ln 2: analytic in each half-plane, and no size
    overflows.
    """
    if x.real > 0 or x.real < 0:
        outward = x if x.real > 0 else -x
        return outward + (1 + (-2 * outward).exp()).log(analytic=analytic) - acb(2).log()
    return x.cosh().log(analytic=analytic)


def _power(node: Expr, parts: Sequence[str]) -> str:
    """Integer powers are analytic; others have a cut on the negative axis."""
    if node.exp.is_Integer:
        return f"({parts[0]})**({int(node.exp)})"
    if node.exp == sp.Rational(1, 2):
        return f"({parts[0]}).sqrt(analytic=analytic)"
    return f"(({parts[0]}).log(analytic=analytic) * {parts[1]}).exp()"
