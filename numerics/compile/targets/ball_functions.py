"""Functions of balls, and three-valued conditions on them.

A monotone function of a wide ball is evaluated at the two ends, which is sharper than propagating a
radius; a condition is true, false or undecided (None), and an undecided one gives the union of what
may follow.
"""

from collections.abc import Callable, Sequence
from typing import Any

from flint import acb, arb, fmpq

from neurenorm.numerics.compile.targets.target import Kernel

__all__ = ["COMPLEX_FUNCTIONS", "REAL_FUNCTIONS", "accumulate", "piecewise"]

NARROW_BITS = 32


def _increasing(function: Callable[[arb], arb]) -> Callable[[arb], arb]:
    """A monotone continuous function (of either direction), evaluated at both ends of a wide
    ball.
    """

    def enclosed(x: arb) -> arb:
        """The hull of the values at the ends."""
        if x.rel_accuracy_bits() >= NARROW_BITS:
            return function(x)
        return function(x.lower()).union(function(x.upper()))

    return enclosed


def _increasing_above(bound: float, function: Callable[[arb], arb]) -> Callable[[arb], arb]:
    """A function that is monotone to the right of a bound."""
    ends = _increasing(function)
    return lambda x: ends(x) if x > bound else function(x)


def _magnitude(x: arb) -> arb:
    """|x| without negative numbers in the enclosure."""
    if x >= 0:
        return x
    if x <= 0:
        return -x
    return arb(0).union(x.abs_upper()) if x.is_finite() else abs(x)


def _integer_power(x: arb, exponent: int) -> arb:
    """A positive integer power; monotone in x or in |x|."""
    return _increasing(lambda u: u**exponent)(x if exponent % 2 else _magnitude(x))


def _rational_power(x: arb, p: int, q: int) -> arb:
    """x^(p/q) of a non-negative x; NaN elsewhere, where it is not real."""
    return _increasing(lambda u: u.root(q) ** p)(x) if x >= 0 else arb.nan()


def _heaviside(x: arb, at_zero: arb) -> arb:
    """The unit step with a given value at zero."""
    if x > 0:
        return arb(1)
    if x < 0:
        return arb(0)
    return at_zero if x == 0 else arb(0).union(arb(1)).union(at_zero)


def _known(true: bool, false: bool) -> bool | None:
    """A truth value of three."""
    return True if true else (False if false else None)


def _conjunction(*conditions: bool | None) -> bool | None:
    """And of three-valued conditions."""
    return _known(all(c is True for c in conditions), any(c is False for c in conditions))


def _negation(condition: bool | None) -> bool | None:
    """Not of a three-valued condition."""
    return None if condition is None else not condition


def _less(a: Any, b: Any) -> bool | None:
    """Whether a < b."""
    a, b = _as_real(a), _as_real(b)
    return _known(a < b, a >= b)


def _less_or_equal(a: Any, b: Any) -> bool | None:
    """Whether a ≤ b."""
    a, b = _as_real(a), _as_real(b)
    return _known(a <= b, a > b)


def _as_real(x: Any) -> arb:
    """The real part of a number that is compared, if it is real."""
    if not isinstance(x, acb):
        return x
    return x.real if x.imag == 0 else arb.nan()


def piecewise(conditions: Sequence[Kernel], branches: Sequence[Kernel]) -> Callable[..., Any]:
    """The union of the branches that may apply; NaN where none does."""

    def select(*values: Any) -> Any:
        """Walk down to the first condition that certainly holds."""
        found = []
        for condition, branch in zip(conditions, branches, strict=True):
            holds = condition(*values)[0]
            if holds is not False:
                found.append(branch(*values)[0])
            if holds:
                break
        return _union(found) if found else arb.nan()

    return select


def _union(balls: Sequence[Any]) -> Any:
    """The hull of real or complex balls."""
    if not any(isinstance(ball, acb) for ball in balls):
        result = balls[0]
        for ball in balls[1:]:
            result = result.union(ball)
        return result
    parts = [acb(ball) for ball in balls]
    return acb(_union([part.real for part in parts]), _union([part.imag for part in parts]))


def accumulate(summand: Kernel, multiply: bool) -> Callable[..., Any]:
    """A sum or a product over an integer index."""

    def total(low: Any, high: Any, *values: Any) -> Any:
        """The loop over the index."""
        first, last = _as_real(low).unique_fmpz(), _as_real(high).unique_fmpz()
        if first is None or last is None or last < first - 1:
            raise ValueError(
                f"the bounds of a finite sum have to be ordered integers, got {low} and {high}"
            )
        result = arb(1 if multiply else 0)
        for index in range(int(first), int(last) + 1):
            term = summand(arb(index), *values)[0]
            result = result * term if multiply else result + term
        return result

    return total


def _polygamma(order: arb, x: arb) -> arb:
    """The derivatives of the digamma function, each monotone for positive x."""
    derivative = arb.digamma if order == 0 else (lambda u: acb(u).polygamma(acb(order)).real)
    return _increasing_above(0, derivative)(x)


def _zeta(s: arb, *shift: arb) -> arb:
    """Riemann's zeta function, decreasing for s > 1, or Hurwitz' one."""
    return s.zeta(*shift) if shift else _increasing_above(1, arb.zeta)(s)


def _lambert(x: arb, branch: arb | int = 0) -> arb:
    """Lambert's W; both real branches are monotone."""
    number = int(arb(branch).unique_fmpz())
    return _increasing(lambda u: u.lambertw(number))(x)


_SHARED: dict[str, Any] = {
    "power": lambda base, exponent: base**exponent,
    "StrictLessThan": _less,
    "LessThan": _less_or_equal,
    "StrictGreaterThan": lambda a, b: _less(b, a),
    "GreaterThan": lambda a, b: _less_or_equal(b, a),
    "Equality": lambda a, b: _known(a == b, a != b),
    "Unequality": lambda a, b: _known(a != b, a == b),
    "And": _conjunction,
    "Or": lambda *conditions: _negation(_conjunction(*map(_negation, conditions))),
    "Not": _negation,
}
_MONOTONE = "exp log sqrt sinh tanh asin acos atan asinh acosh atanh erf erfc erfi erfinv erfcinv"
_DIRECT = "sin cos tan floor sinc"
REAL_FUNCTIONS: dict[str, Any] = {
    **_SHARED,
    **{name: _increasing(getattr(arb, name)) for name in _MONOTONE.split()},
    **{name: getattr(arb, name) for name in _DIRECT.split()},
    "cosh": lambda x: _increasing(arb.cosh)(_magnitude(x)),
    "integer_power": _integer_power,
    "rational_power": _rational_power,
    "Abs": _magnitude,
    "sign": arb.sgn,
    "Heaviside": _heaviside,
    "Min": lambda first, *others: _fold(arb.min, first, others),
    "Max": lambda first, *others: _fold(arb.max, first, others),
    "ceiling": arb.ceil,
    "Mod": lambda x, y: x - y * (x / y).floor(),
    "atan2": arb.atan2,
    "loggamma": _increasing_above(1.5, arb.lgamma),
    "gamma": _increasing_above(1.5, arb.gamma),
    "polygamma": _polygamma,
    "zeta": _zeta,
    "LambertW": _lambert,
    "besseli": lambda order, x: x.bessel_i(order),
    "besselj": lambda order, x: x.bessel_j(order),
    "besselk": lambda order, x: x.bessel_k(order),
    "bessely": lambda order, x: x.bessel_y(order),
    "lowergamma": lambda a, x: x.gamma_lower(a),
    "uppergamma": lambda a, x: x.gamma_upper(a),
    "beta": lambda a, b: a.gamma() * b.gamma() / (a + b).gamma(),
    "binomial": lambda n, k: (n + 1).gamma() * (k + 1).rgamma() * (n - k + 1).rgamma(),
    "expint": lambda order, x: x.expint(order),
    "Ei": arb.ei,
    "Si": arb.si,
    "Ci": arb.ci,
    "elliptic_k": lambda m: acb(m).elliptic_k().real,
    "elliptic_e": lambda m: acb(m).elliptic_e().real,
    "polylog": lambda s, x: x.polylog(s),
    "hyper": lambda above, below, z: z.hypgeom(list(above), list(below)),
}
_ENTIRE = (
    "exp log sqrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh erf erfc erfi gamma "
    "sinc"
)


def _on_complex(name: str) -> Callable[[Any], acb]:
    """A function of one complex ball."""
    return lambda z: getattr(acb(z), name)()


COMPLEX_FUNCTIONS: dict[str, Any] = {
    **_SHARED,
    **{name: _on_complex(name) for name in _ENTIRE.split()},
    "integer_power": lambda z, exponent: z**exponent,
    "rational_power": lambda z, p, q: z ** acb(arb(fmpq(p, q))),
    "loggamma": _on_complex("lgamma"),
    "Abs": lambda z: acb(abs(acb(z))),
    "re": lambda z: acb(acb(z).real),
    "im": lambda z: acb(acb(z).imag),
    "arg": lambda z: acb(acb(z).arg()),
    "conjugate": _on_complex("conjugate"),
    "polygamma": lambda order, z: acb(z).polygamma(acb(order)),
    "zeta": lambda s, *a: acb(s).zeta(*a),
    "LambertW": lambda z, branch=0: acb(z).lambertw(
        int(branch.real.unique_fmpz()) if branch else 0
    ),
    "besseli": lambda order, z: acb(z).bessel_i(order),
    "besselj": lambda order, z: acb(z).bessel_j(order),
}


def _fold(function: Callable[[arb, arb], arb], first: arb, others: Sequence[arb]) -> arb:
    """A function of two numbers over any number of them."""
    for other in others:
        first = function(first, other)
    return first
