"""Rigorous enclosures: ball arithmetic of Arb through python-flint.

A wide ball stands for an interval. Monotone functions are then evaluated at its two ends, which is sharper than
propagating a radius; a condition is true, false or undecided.
"""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from numbers import Integral, Rational, Real
from typing import Any

import flint
import sympy
from flint import acb, arb, fmpq, fmpz, fmpz_poly

from numerics.compile.errors import CompileError, shortened
from numerics.compile.kernels import build_kernel
from numerics.compile.target import Kernel, PythonTarget

__all__ = ["BALL", "COMPLEX_BALL", "BallEvaluator", "to_ball"]

GUARD_BITS = 32
DOUBLINGS = 8
NARROW_BITS = 32
_BITS_PER_DIGIT = math.log2(10)


def to_ball(value: Any) -> arb:
    """A real number as a ball at the current precision.

    Parameters
    ----------
    value : int, float, Fraction, str, sympy number, mpmath.mpf, flint.fmpz, flint.fmpq or flint.arb
        A float stands for the binary number that it is; text for the exact fraction or decimal that it says.

    Returns
    -------
    flint.arb
        A ball that contains the value.

    Raises
    ------
    TypeError
        If the value is not a real number.

    Examples
    --------
    >>> to_ball("1/3").contains(to_ball("1/3"))
    True
    >>> to_ball(0.5).is_exact()
    True
    """
    if isinstance(value, arb):
        return value
    if isinstance(value, fmpz | fmpq):
        return arb(value)
    if isinstance(value, bool):
        raise TypeError(f"expected a real number, got {value!r}")
    if isinstance(value, Integral):
        return arb(int(value))
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, sympy.Basic):
        return _from_sympy(value)
    if isinstance(value, Rational):
        return arb(fmpq(value.numerator, value.denominator))
    if hasattr(value, "_mpf_"):
        return _from_binary(value._mpf_)
    if isinstance(value, Real):
        return arb(float(value))
    raise TypeError(f"expected a real number, got {value!r}")


def _from_text(text: str) -> arb:
    """Text such as 3, 1/3, 0.25, 1e-7, inf."""
    try:
        fraction = Fraction(text)
    except ValueError:
        known = {"inf": arb.pos_inf, "+inf": arb.pos_inf, "-inf": arb.neg_inf}
        if text.strip().lower() in known:
            return known[text.strip().lower()]()
        raise TypeError(f"expected a real number, got {text!r}") from None
    return arb(fmpq(fraction.numerator, fraction.denominator))


def _from_binary(parts: tuple[int, Any, int, int]) -> arb:
    """A number sign · mantissa · 2^exponent, exactly; infinities and NaN have no mantissa."""
    sign, mantissa, exponent, bits = parts
    if not mantissa and exponent:
        return arb.nan() if bits == -1 and exponent == -123 else (arb.neg_inf() if sign else arb.pos_inf())
    exact = arb((fmpz(int(mantissa)), fmpz(int(exponent))))
    return -exact if sign else exact


def _from_sympy(number: Any) -> arb:
    """A SymPy number, or a constant expression."""
    if number.is_Rational:
        return arb(fmpq(int(number.p), int(number.q)))
    if number.is_Float:
        return _from_binary(number._mpf_)
    if number in _CONSTANTS:
        return _CONSTANTS[number]()
    if isinstance(number, sympy.polys.rootoftools.ComplexRootOf):
        return _real_root(number)
    if number.free_symbols or number.is_Atom or isinstance(number, sympy.AlgebraicNumber):
        raise TypeError(f"expected a real number, got {shortened(number)}")
    return to_ball(build_kernel(BALL, [number], []).function()[0])


_CONSTANTS: dict[Any, Callable[[], arb]] = {
    sympy.pi: arb.pi,
    sympy.E: arb.const_e,
    sympy.EulerGamma: arb.const_euler,
    sympy.Catalan: arb.const_catalan,
    sympy.GoldenRatio: lambda: (1 + arb(5).sqrt()) / 2,
    sympy.oo: arb.pos_inf,
    -sympy.oo: arb.neg_inf,
}


def _roots(number: Any) -> list[acb]:
    """Isolated roots of the polynomial of an algebraic number, real ones first and in ascending order."""
    coefficients = [int(coefficient) for coefficient in reversed(number.poly.all_coeffs())]
    return [root for root, _ in fmpz_poly(coefficients).complex_roots()]


def _real_root(number: Any) -> arb:
    """The enclosure of a real algebraic number."""
    if not number.is_real:
        raise CompileError(f"{shortened(number)} is not real: use complex_ball=True")
    return sorted((root.real for root in _roots(number) if root.imag == 0), key=lambda root: root.mid())[number.index]


def _complex_number(number: Any) -> acb:
    """An exact SymPy number as a complex ball."""
    if number is sympy.I:
        return acb(0, 1)
    if not (isinstance(number, sympy.polys.rootoftools.ComplexRootOf) and not number.is_real):
        return acb(_from_sympy(number))
    near = number.evalf(30)
    guess = complex(near)
    return min(_roots(number), key=lambda root: abs(complex(float(root.real.mid()), float(root.imag.mid())) - guess))


def real_number(number: Any) -> arb:
    """A constant of an expression as a real ball."""
    if number is sympy.I:
        raise CompileError("the expression contains I: use complex_ball=True")
    return _from_sympy(number)


class BallEvaluator:
    """Runs a kernel at the current precision, or at rising precision until the digits asked for are proved."""

    def __init__(self, kernel: Kernel, names: Sequence[str], digits: int | None, is_complex: bool) -> None:
        self.kernel, self.names, self.digits = kernel, list(names), digits
        self.convert = _complex_input if is_complex else to_ball
        self.result = acb if is_complex else arb

    def __call__(self, *values: Any) -> list[Any]:
        """One enclosure per output."""
        if len(values) != len(self.names):
            raise TypeError(f"expected {len(self.names)} values ({', '.join(self.names)}), got {len(values)}")
        return self._once(values) if self.digits is None else self._proved(values, self.digits)

    def _once(self, values: Sequence[Any]) -> list[Any]:
        """Evaluate at the current precision."""
        inputs = []
        for name, value in zip(self.names, values, strict=True):
            try:
                inputs.append(self.convert(value))
            except TypeError as error:
                raise TypeError(f"{name}: {error}") from None
        return [self.result(value) for value in self.kernel(*inputs)]

    def _proved(self, values: Sequence[Any], digits: int) -> list[Any]:
        """Double the precision until every enclosure is tight enough."""
        start = math.ceil(digits * _BITS_PER_DIGIT) + GUARD_BITS
        before = flint.ctx.prec
        reached = -math.inf
        try:
            for doubling in range(DOUBLINGS + 1):
                flint.ctx.prec = start << doubling
                results = self._once(values)
                accuracy = min((_digits_of(result) for result in results), default=math.inf)
                if accuracy >= digits:
                    return results
                if doubling and accuracy <= reached and math.isfinite(accuracy):
                    break
                reached = accuracy
            raise ValueError(_shortfall(digits, accuracy, flint.ctx.prec))
        finally:
            flint.ctx.prec = before


def _shortfall(digits: int, reached: float, bits: int) -> str:
    """What to say when the digits cannot be proved."""
    if not math.isfinite(reached):
        return f"no finite enclosure was found at {bits} bits: the point may lie outside the domain of the expression"
    return f"{digits} digits asked for, {max(0, math.floor(reached))} reached at {bits} bits: give the inputs more exactly, or ask for fewer digits"


def _digits_of(ball: Any) -> float:
    """Proved decimal digits: relative ones, or absolute ones for a ball around zero; minus infinity if not finite."""
    if not ball.is_finite():
        return -math.inf
    if ball.is_exact():
        return math.inf
    relative = ball.rel_accuracy_bits() / _BITS_PER_DIGIT
    if not ball.contains(0):
        return relative
    size = ball.abs_upper().log() / arb(10).log()
    return max(relative, -float(size.upper()))


def _complex_input(value: Any) -> acb:
    """An input as a complex ball."""
    if isinstance(value, acb):
        return value
    if isinstance(value, complex):
        return acb(value.real, value.imag)
    return acb(to_ball(value))


def _increasing(function: Callable[[arb], arb]) -> Callable[[arb], arb]:
    """A monotone continuous function (of either direction), evaluated at both ends of a wide ball."""

    def enclosed(x: arb) -> arb:
        """The hull of the values at the ends."""
        if x.rel_accuracy_bits() >= NARROW_BITS:
            return function(x)
        return function(x.lower()).union(function(x.upper()))

    return enclosed


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
            raise ValueError(f"the bounds of a finite sum have to be ordered integers, got {low} and {high}")
        result = arb(1 if multiply else 0)
        for index in range(int(first), int(last) + 1):
            term = summand(arb(index), *values)[0]
            result = result * term if multiply else result + term
        return result

    return total


def _polygamma(order: arb, x: arb) -> arb:
    """The derivatives of the digamma function."""
    return x.digamma() if order == 0 else acb(x).polygamma(acb(order)).real


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
_DIRECT = "sin cos tan gamma floor sinc"
_REAL: dict[str, Any] = {
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
    "loggamma": arb.lgamma,
    "polygamma": _polygamma,
    "zeta": lambda s, *a: s.zeta(*a),
    "LambertW": lambda x, branch=0: x.lambertw(int(branch.unique_fmpz()) if branch else 0),
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
_ENTIRE = "exp log sqrt sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh erf erfc erfi gamma sinc"


def _on_complex(name: str) -> Callable[[Any], acb]:
    """A function of one complex ball."""
    return lambda z: getattr(acb(z), name)()


_COMPLEX: dict[str, Any] = {
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
    "LambertW": lambda z, branch=0: acb(z).lambertw(int(branch.real.unique_fmpz()) if branch else 0),
    "besseli": lambda order, z: acb(z).bessel_i(order),
    "besselj": lambda order, z: acb(z).bessel_j(order),
}


def _fold(function: Callable[[arb, arb], arb], first: arb, others: Sequence[arb]) -> arb:
    """A function of two numbers over any number of them."""
    for other in others:
        first = function(first, other)
    return first


BALL = PythonTarget("ball", _REAL, number=real_number, piecewise=piecewise, accumulate=accumulate)
COMPLEX_BALL = PythonTarget("ball", _COMPLEX, number=_complex_number, piecewise=piecewise, accumulate=accumulate, real=False)
