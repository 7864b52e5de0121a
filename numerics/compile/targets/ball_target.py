"""Rigorous enclosures: ball arithmetic of Arb through python-flint.

A wide ball stands for an interval. Numbers, inputs and the proof of digits are here, the functions
in `ball_functions`.
"""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from numbers import Integral, Rational, Real
from typing import Any

import sympy
from flint import acb, arb, fmpq, fmpz, fmpz_poly

from neurenorm.graphs.arguments import shown
from neurenorm.numerics.balls import precision
from neurenorm.numerics.compile.errors import CompileError, shortened
from neurenorm.numerics.compile.kernels import build_kernel
from neurenorm.numerics.compile.targets.ball_functions import (
    COMPLEX_FUNCTIONS,
    REAL_FUNCTIONS,
    accumulate,
    piecewise,
)
from neurenorm.numerics.compile.targets.target import Kernel, PythonTarget

__all__ = ["BALL", "COMPLEX_BALL", "BallEvaluator", "to_ball"]

GUARD_BITS = 32
DOUBLINGS = 8
_BITS_PER_DIGIT = math.log2(10)


def to_ball(value: Any) -> arb:
    """A real number as a ball at the current precision.

    Parameters
    ----------
    value : int, float, Fraction, str, sympy number, mpmath.mpf, flint.fmpz, flint.fmpq or flint.arb
        A float stands for the binary number that it is; text for the exact fraction or decimal that
        it says.

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
        raise TypeError(f"expected a real number, got {shown(value)}")
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
    raise TypeError(f"expected a real number, got {shown(value)}")


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
        return (
            arb.nan()
            if bits == -1 and exponent == -123
            else (arb.neg_inf() if sign else arb.pos_inf())
        )
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
    """Isolated roots of the polynomial of an algebraic number, real ones first and in ascending
    order.
    """
    coefficients = [int(coefficient) for coefficient in reversed(number.poly.all_coeffs())]
    return [root for root, _ in fmpz_poly(coefficients).complex_roots()]


def _real_root(number: Any) -> arb:
    """The enclosure of a real algebraic number."""
    if not number.is_real:
        raise CompileError(f"{shortened(number)} is not real: use complex_ball=True")
    return sorted(
        (root.real for root in _roots(number) if root.imag == 0), key=lambda root: root.mid()
    )[number.index]


def _complex_number(number: Any) -> acb:
    """An exact SymPy number as a complex ball."""
    if number is sympy.I:
        return acb(0, 1)
    if not (isinstance(number, sympy.polys.rootoftools.ComplexRootOf) and not number.is_real):
        return acb(_from_sympy(number))
    near = number.evalf(30)
    guess = complex(near)
    return min(
        _roots(number),
        key=lambda root: abs(complex(float(root.real.mid()), float(root.imag.mid())) - guess),
    )


def real_number(number: Any) -> arb:
    """A constant of an expression as a real ball."""
    if number is sympy.I:
        raise CompileError("the expression contains I: use complex_ball=True")
    return _from_sympy(number)


class BallEvaluator:
    """Runs a kernel at the current precision, or at rising precision until the digits asked for are
    proved.
    """

    def __init__(
        self, kernel: Kernel, names: Sequence[str], digits: int | None, is_complex: bool
    ) -> None:
        self.kernel, self.names, self.digits = kernel, list(names), digits
        self.convert = _complex_input if is_complex else to_ball
        self.result = acb if is_complex else arb

    def __call__(self, *values: Any) -> list[Any]:
        """One enclosure per output."""
        if len(values) != len(self.names):
            raise TypeError(
                f"expected {len(self.names)} values ({', '.join(self.names)}), got {len(values)}"
            )
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
        reached = -math.inf
        inexact = any(isinstance(value, arb | acb) and not value.is_exact() for value in values)
        for doubling in range(DOUBLINGS + 1):
            with precision(start << doubling):
                results = self._once(values)
            accuracy = min((_digits_of(result) for result in results), default=math.inf)
            if accuracy >= digits:
                return results
            if inexact and doubling and accuracy <= reached:
                break
            reached = accuracy
        raise ValueError(_shortfall(digits, accuracy, start << doubling))


def _shortfall(digits: int, reached: float, bits: int) -> str:
    """What to say when the digits cannot be proved."""
    if not math.isfinite(reached):
        return (
            f"no finite enclosure was found at {bits} bits: the point may lie outside the domain "
            "of the expression"
        )
    return (
        f"{digits} digits asked for, {max(0, math.floor(reached))} reached at {bits} bits: give "
        "the inputs more exactly, or ask for fewer digits"
    )


def _digits_of(ball: Any) -> float:
    """Proved decimal digits: relative ones, or absolute ones for a ball around zero; minus infinity
    if not finite.
    """
    if not ball.is_finite():
        return -math.inf
    if ball.is_exact():
        return math.inf
    if not ball.contains(0):
        return float(ball.rel_accuracy_bits()) / _BITS_PER_DIGIT
    size = ball.abs_upper().log() / arb(10).log()
    return -float(size.upper())


def _complex_input(value: Any) -> acb:
    """An input as a complex ball."""
    if isinstance(value, acb):
        return value
    if isinstance(value, complex):
        return acb(value.real, value.imag)
    return acb(to_ball(value))


BALL = PythonTarget(
    "ball", REAL_FUNCTIONS, number=real_number, piecewise=piecewise, accumulate=accumulate
)
COMPLEX_BALL = PythonTarget(
    "ball",
    COMPLEX_FUNCTIONS,
    number=_complex_number,
    piecewise=piecewise,
    accumulate=accumulate,
    real=False,
)
