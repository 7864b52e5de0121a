"""Activations: any SymPy expression of one variable, by name or typed by a user."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import sympy as sp
from sympy import Expr, Rational, S, Symbol

from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.reading import expression_of, read_expression, read_number, shown
from neurenorm.theory.gaussian.envelope import envelope
from neurenorm.theory.gaussian.expectation import gaussian_variables
from neurenorm.theory.gaussian.kinks import by_intervals, localised, straightened
from neurenorm.theory.gaussian.terms import with_signs
from neurenorm.theory.typeset.display import tex

__all__ = ["Activation", "activation", "activation_names"]

(_Z,) = gaussian_variables(1)
_LEAK = Rational(1, 10)
_SELU_SCALE = Rational("1.0507009873554804934193349852946")
_SELU_ALPHA = Rational("1.6732632423543772848170429916717")
_PROBES = tuple(
    sign * Rational(size)
    for size in ("1/1000", "1/10", "1/2", "1", "3/2", "2", "3", "5", "10", "1000")
    for sign in (-1, 1)
)


@dataclass(frozen=True)
class Activation:
    """A function phi(z) of one real variable whose Gaussian moments exist.

    Parameters
    ----------
    name : str
        How it is called in print.
    expression : sympy.Expr
        phi as an expression in `variable`.

    Raises
    ------
    ValueError
        If the expression depends on another symbol, is not real, or its Gaussian moments cannot be
        shown to converge.

    Examples
    --------
    >>> relu = activation("relu")
    >>> relu.expression, relu.derivative(), relu.derivative(2)
    (Max(0, z), Heaviside(z), DiracDelta(z))
    >>> relu.kinks, relu.parity
    ((0,), None)
    """

    name: str
    expression: Expr

    def __post_init__(self) -> None:
        """Refuse what has no Gaussian moments, with the reason."""
        others = self.expression.free_symbols - {_Z}
        if others:
            raise ValueError(
                f"an activation is a function of one variable z, but {self.name} also depends on "
                f"{_listed(others)}"
            )
        if self.expression.has(sp.I, sp.nan, sp.zoo, sp.oo):
            raise ValueError(
                f"an activation is a real and finite function, which {self.name} is not"
            )
        _refuse_complex_roots(self.name, self.expression)
        envelope(self.expression, _Z)

    @property
    def variable(self) -> Symbol:
        """The variable z of the expression."""
        return _Z

    def __call__(self, argument: Any) -> Expr:
        """Return phi at another argument."""
        return self.expression.xreplace({_Z: expression_of(argument)})

    @exact_arguments
    def derivative(self, order: int = 1) -> Expr:
        """Return a generalised derivative: Heaviside and Dirac deltas stand at kinks and jumps.

        Parameters
        ----------
        order : int
            Order of the derivative, at least 0.

        Returns
        -------
        sympy.Expr
            In `variable`.

        Examples
        --------
        >>> activation("abs").derivative(2)
        2*DiracDelta(z)
        """
        if order < 0:
            raise ValueError(f"the order of a derivative is not negative, got {order}")
        found = self.expression
        if order and any(
            not node.args[0].is_polynomial(_Z) or isinstance(node, sp.Max) for node in _bends(found)
        ):
            found = with_signs(found)
        for _ in range(order):
            found = localised(sp.diff(found, _Z), _Z)
        return _with_tangents(by_intervals(found, _Z))

    @exact_arguments
    def beside_zero(self, side: int) -> tuple[Expr, Expr]:
        """Return the limits of phi and of its slope as z goes to zero from the right (side 1) or
        the left (-1).

        Examples
        --------
        >>> (
        ...     activation("relu").beside_zero(1),
        ...     activation("relu").beside_zero(-1),
        ...     activation("sign").beside_zero(-1),
        ... )
        ((0, 1), (0, 0), (-1, 0))
        """
        here = {_Z: S.Zero}
        smooth = with_signs(self.expression).replace(
            sp.sign,
            lambda u: sp.sign(u) if u.subs(here) != 0 else sp.sign(side * u.diff(_Z).subs(here)),
        )
        slope = sp.diff(smooth, _Z).subs(here)
        return smooth.subs(here), slope if slope.is_finite else sp.oo

    @cached_property
    def kinks(self) -> tuple[Expr, ...]:
        """Where phi or one of its derivatives may jump, in ascending order."""
        return kinks_of(self.expression, _Z)

    @cached_property
    def parity(self) -> int | None:
        """1 for an even function, -1 for an odd one, None for neither (as far as expansion
        shows).
        """
        here, mirrored = with_signs(self.expression), with_signs(self(-_Z))
        if sp.expand(here - mirrored) == 0:
            return 1
        return -1 if sp.expand(here + mirrored) == 0 else None

    @cached_property
    def slopes(self) -> tuple[Expr, Expr] | None:
        """The slopes (right, left) of a function with phi(cz) = c phi(z) for c > 0, None for any
        other function.
        """
        form = (
            sp.Poly(with_signs(self.expression), sp.sign(_Z), _Z)
            if with_signs(self.expression).is_polynomial(_Z, sp.sign(_Z))
            else None
        )
        if form is None or any(powers[1] != 1 or powers[0] > 1 for powers in form.monoms()):
            return None
        even, odd = form.coeff_monomial((1, 1)), form.coeff_monomial((0, 1))
        return odd + even, odd - even

    def _repr_latex_(self) -> str:
        return rf"$\displaystyle \phi(z) = {tex(self.expression)}$"

    def __str__(self) -> str:
        return self.name


def _refuse_complex_roots(name: str, expression: Expr) -> None:
    """Refuse a fractional power of something that is negative somewhere: there the function is not
    real.
    """
    for power in expression.atoms(sp.Pow):
        if power.exp.is_integer or not power.base.has(_Z) or power.base.is_nonnegative:
            continue
        places = [place for place in _PROBES if power.base.xreplace({_Z: place}).is_negative]
        if places:
            raise ValueError(
                f"{name} is not real at z = {places[0]}, where {power.base} is negative under a "
                "root: write for example abs(z)**(1/2) or sign(z)*abs(z)**(1/3)"
            )


def _bends(expression: Expr) -> set[Expr]:
    """The pieces at which an expression may bend or jump, nested maxima and signs among them."""
    plain = expression.atoms(sp.sign, sp.Abs, sp.Heaviside)
    return plain | {
        sp.Max(*node.args, evaluate=False)
        for node in expression.atoms(sp.Max, sp.Min)
        if not all(part.is_polynomial(_Z) for part in node.args)
    }


def _with_tangents(expression: Expr) -> Expr:
    """Write sinh u over a power of cosh u through tanh u, which does not overflow."""
    if not any(
        node.exp.is_negative and isinstance(node.base, sp.cosh) for node in expression.atoms(sp.Pow)
    ):
        return expression
    return expression.replace(sp.sinh, lambda u: sp.tanh(u) * sp.cosh(u))


def kinks_of(expression: Expr, variable: Symbol) -> tuple[Expr, ...]:
    """Real zeros of the arguments of sign, Abs, Heaviside, DiracDelta and of differences inside Max
    and Min.
    """
    places: set[Expr] = set()
    for node in expression.atoms(sp.sign, sp.Abs, sp.Heaviside, sp.DiracDelta):
        places |= _real_zeros(node.args[0], variable)
    for node in expression.atoms(sp.Max, sp.Min):
        for i, left in enumerate(node.args):
            for right in node.args[i + 1 :]:
                places |= _real_zeros(left - right, variable)
    return tuple(sorted(places, key=lambda place: (place.evalf(30), str(place))))


def _real_zeros(argument: Expr, variable: Symbol) -> set[Expr]:
    """Real roots of a polynomial with rational coefficients; empty for any other function (its
    kinks are not split off).
    """
    argument = straightened(argument, variable)
    if not argument.has(variable) or not argument.is_polynomial(variable):
        return set()
    polynomial = sp.Poly(argument, variable)
    if polynomial.degree() == 1:
        return {-polynomial.coeff_monomial(1) / polynomial.coeff_monomial(variable)}
    return set(polynomial.real_roots()) if polynomial.domain in (sp.ZZ, sp.QQ) else set()


def _listed(symbols: Any) -> str:
    """Names in alphabetical order."""
    return ", ".join(sorted(map(str, symbols)))


def _clipped(z: Expr) -> Expr:
    """The piecewise linear cousin of tanh."""
    return (sp.Abs(z + 1) - sp.Abs(z - 1)) / 2


def _leaky(z: Expr, slope: Expr = _LEAK) -> Expr:
    """Slope 1 on the right, a smaller one on the left."""
    return sp.Max(z, 0) + slope * sp.Min(z, 0)


_NAMED: Mapping[str, Callable[..., Expr]] = {
    "linear": lambda z: z,
    "relu": lambda z: sp.Max(z, 0),
    "leaky": _leaky,
    "abs": sp.Abs,
    "erf": sp.erf,
    "sin": sp.sin,
    "cos": sp.cos,
    "gelu": lambda z: z * (1 + sp.erf(z / sp.sqrt(2))) / 2,
    "tanh": sp.tanh,
    "sigmoid": lambda z: (1 + sp.tanh(z / 2)) / 2,
    "softplus": lambda z: z / 2 + sp.log(2 * sp.cosh(z / 2)),
    "swish": lambda z: z * (1 + sp.tanh(z / 2)) / 2,
    "heaviside": sp.Heaviside,
    "sign": sp.sign,
    "hardtanh": _clipped,
    "softsign": lambda z: z / (1 + sp.Abs(z)),
    "elu": lambda z: sp.Max(z, 0) + sp.Min(sp.exp(z) - 1, 0),
    "selu": lambda z: _SELU_SCALE * (sp.Max(z, 0) + _SELU_ALPHA * sp.Min(sp.exp(z) - 1, 0)),
}
_FUNCTIONS: Mapping[str, Callable[..., Expr]] = {
    **_NAMED,
    **{
        name: getattr(sp, name)
        for name in ("exp", "log", "sqrt", "sinh", "cosh", "atan", "asinh", "erfc")
    },
    "max": sp.Max,
    "min": sp.Min,
}


def activation_names() -> tuple[str, ...]:
    """Return the names that `activation` knows.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> "tanh" in activation_names()
    True
    """
    return tuple(_NAMED)


def activation(source: str | Expr | Activation, **parameters: Any) -> Activation:
    """Return an activation from its name, from text, or from a SymPy expression of one variable.

    Parameters
    ----------
    source : str, sympy.Expr or Activation
        A name (see `activation_names`), an expression such as ``"z*exp(-z**2/2)"`` or ``"relu(z) -
        leaky(-z, 1/5)"``, or an expression object. Text is read by a small grammar: numbers, ``+ -
        * / **``, parentheses, known functions and one variable of any name.
    **parameters
        Parameters of a named activation: ``slope`` of ``leaky`` (default 1/10).

    Returns
    -------
    Activation

    Raises
    ------
    ValueError
        If the text cannot be read, has no variable or several, or its Gaussian moments diverge.

    Examples
    --------
    >>> activation("leaky", slope="1/5").expression
    Max(0, z) + Min(0, z)/5
    >>> activation("x*exp(-x**2/2)").parity
    -1
    >>> activation("exp(z**2)")
    Traceback (most recent call last):
    ...
    ValueError: the Gaussian moments of exp(z**2) diverge: its exponent grows as the square of z
    """
    if isinstance(source, Activation):
        return source
    if isinstance(source, str) and source.strip() in _NAMED:
        return _named(source.strip(), parameters)
    if parameters:
        raise ValueError(
            f"only a named activation takes parameters, got {_listed(parameters)} with {source}"
        )
    if isinstance(source, str) and len(source.strip()) > 1 and source.strip().isidentifier():
        raise ValueError(
            f"there is no activation {shown(source.strip())}; known names: {_listed(_NAMED)}; or "
            "give an expression such as z*exp(-z**2/2)"
        )
    expression = parse_expression(source) if isinstance(source, str) else expression_of(source)
    if not isinstance(expression, Expr):
        raise ValueError(f"an activation is an expression of one variable, got {source!r}")
    variables = sorted(expression.free_symbols, key=str)
    if len(variables) != 1:
        found = f"the variables {_listed(variables)}" if variables else "no variable"
        raise ValueError(
            "an activation is an expression of exactly one variable such as z*exp(-z**2/2); "
            f"{shown(source)} has {found}"
        )
    return Activation(str(source), expression.xreplace({variables[0]: _Z}))


def _named(name: str, parameters: Mapping[str, Any]) -> Activation:
    """A named activation with its parameters."""
    allowed = {"leaky": {"slope"}}.get(name, set())
    unknown = set(parameters) - allowed
    if unknown:
        raise ValueError(
            f"the activation {name} takes {'the parameter slope' if allowed else 'no parameters'}, "
            f"got {_listed(unknown)}"
        )
    values = {key: _number(key, value) for key, value in parameters.items()}
    label = name + (f"({values['slope']})" if values else "")
    return Activation(label, _NAMED[name](_Z, **values))


def _number(name: str, value: Any) -> Rational:
    """A parameter of a named activation as an exact number; a float stands for the decimal that it
    prints as.
    """
    number = read_number(
        value
        if isinstance(value, str)
        else repr(value)
        if isinstance(value, float)
        else str(expression_of(value))
    )
    if number is None or not number.is_Rational:
        raise ValueError(f"{name} must be a finite number, got {shown(value)}")
    return number


def parse_expression(text: str) -> Expr:
    """Read text by the grammar above; nothing is executed."""
    return read_expression(
        text, functions=_FUNCTIONS, symbol=_real, what="activation", example="z*exp(-z**2/2)"
    )


def _real(name: str) -> Symbol:
    """A real variable."""
    return Symbol(name, real=True)
