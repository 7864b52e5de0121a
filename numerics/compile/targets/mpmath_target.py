"""Any precision without error bounds: mpmath numbers, exact rationals until the precision is
known.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import mpmath
import sympy
from mpmath import mp

from neurenorm.numerics.compile.errors import CompileError, shortened
from neurenorm.numerics.compile.targets.target import Kernel, PythonTarget

__all__ = ["MPMATH", "MpmathEvaluator"]

GUARD_DIGITS = 10
DEFAULT_DIGITS = 15


class MpmathEvaluator:
    """Runs a kernel at a fixed number of digits plus guard digits and rounds the results."""

    def __init__(self, kernel: Kernel, names: Sequence[str], digits: int | None) -> None:
        self.kernel, self.names, self.digits = kernel, list(names), digits or DEFAULT_DIGITS

    def __call__(self, *values: Any) -> list[Any]:
        """One mpmath number per output."""
        if len(values) != len(self.names):
            raise TypeError(
                f"expected {len(self.names)} values ({', '.join(self.names)}), got {len(values)}"
            )
        with mpmath.workdps(self.digits + GUARD_DIGITS):
            inputs = [_input(name, value) for name, value in zip(self.names, values, strict=True)]
            results = self.kernel(*inputs)
        with mpmath.workdps(self.digits):
            return [+mp.convert(result) for result in results]


def _input(name: str, value: Any) -> Any:
    """A value at the working precision; text may be a fraction."""
    try:
        if isinstance(value, str):
            return _rational(Fraction(value)) if "n" not in value.lower() else mp.mpf(value)
        if isinstance(value, Fraction):
            return _rational(value)
        if isinstance(value, sympy.Basic):
            return _number(value)
        return mp.convert(value)
    except (TypeError, ValueError, AttributeError):
        raise TypeError(f"{name} has to be a number, got {value!r}") from None


def _rational(value: Fraction) -> Any:
    """A fraction at the working precision."""
    return mp.mpf(value.numerator) / value.denominator


def _number(number: Any) -> Any:
    """An exact SymPy number at the working precision."""
    if number.is_Rational:
        return mp.mpf(int(number.p)) / int(number.q)
    if number.is_Float:
        return mp.make_mpf(number._mpf_)
    if number is sympy.I:
        return mp.mpc(0, 1)
    if number in (sympy.oo, -sympy.oo):
        return mp.inf if number > 0 else -mp.inf
    value = number.evalf(mp.dps + GUARD_DIGITS)
    if not value.is_number or value.free_symbols or value.has(sympy.Function):
        raise CompileError(f"{shortened(number)} has no numeric value")
    return mp.convert(value._to_mpmath(mp.prec))


def piecewise(conditions: Sequence[Kernel], branches: Sequence[Kernel]) -> Callable[..., Any]:
    """The first branch whose condition holds; no other branch is evaluated."""

    def select(*values: Any) -> Any:
        """Look for the branch."""
        for condition, branch in zip(conditions, branches, strict=True):
            if condition(*values)[0]:
                return branch(*values)[0]
        raise ValueError(
            f"no condition of a piecewise expression holds at {', '.join(map(str, values))}"
        )

    return select


def accumulate(summand: Kernel, multiply: bool) -> Callable[..., Any]:
    """A sum or a product over an integer index."""

    def total(low: Any, high: Any, *values: Any) -> Any:
        """The loop over the index."""
        if not (mp.isint(low) and mp.isint(high) and high >= low - 1):
            raise ValueError(
                f"the bounds of a finite sum have to be ordered integers, got {low} and {high}"
            )
        terms = (summand(mp.mpf(index), *values)[0] for index in range(int(low), int(high) + 1))
        return mp.fprod(terms) if multiply else mp.fsum(terms)

    return total


def _heaviside(x: Any, at_zero: Any) -> Any:
    """The unit step with a given value at zero."""
    return at_zero if x == 0 else mp.mpf(x > 0)


_FUNCTIONS: dict[str, Any] = {
    "power": lambda base, exponent: base**exponent,
    "integer_power": lambda base, exponent: base**exponent,
    "rational_power": lambda base, p, q: mp.root(base, q) ** p,
    "Abs": abs,
    "sign": mp.sign,
    "Heaviside": _heaviside,
    "Min": min,
    "Max": max,
    "ceiling": mp.ceil,
    "Mod": lambda x, y: x - y * mp.floor(x / y),
    "conjugate": mp.conj,
    "StrictLessThan": lambda a, b: a < b,
    "LessThan": lambda a, b: a <= b,
    "StrictGreaterThan": lambda a, b: a > b,
    "GreaterThan": lambda a, b: a >= b,
    "Equality": lambda a, b: a == b,
    "Unequality": lambda a, b: a != b,
    "And": lambda *conditions: all(conditions),
    "Or": lambda *conditions: any(conditions),
    "Not": lambda condition: not condition,
    "LambertW": lambda x, branch=0: mp.lambertw(x, int(branch)),
    "polygamma": lambda n, x: mp.polygamma(int(n), x),
    "erfcinv": lambda x: mp.erfinv(1 - x),
    "Ei": mp.ei,
    "Si": mp.si,
    "Ci": mp.ci,
    "lowergamma": lambda a, x: mp.gammainc(a, 0, x),
    "uppergamma": lambda a, x: mp.gammainc(a, x),
    "elliptic_k": mp.ellipk,
    "elliptic_e": mp.ellipe,
    "hyper": lambda above, below, z: mp.hyper(above, below, z),
}
_NATIVE = """exp log sqrt sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh floor erf erfc erfi erfinv gamma
loggamma zeta beta binomial besseli besselj besselk bessely expint polylog sinc re im arg"""
_FUNCTIONS |= {name: getattr(mp, name) for name in _NATIVE.split()}

MPMATH = PythonTarget(
    "mpmath", _FUNCTIONS, number=_number, piecewise=piecewise, accumulate=accumulate, real=False
)
