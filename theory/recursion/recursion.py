"""Recursion: one step of scale, in exact expressions.

A recursion carries the couplings of a bond (or the kernel of a layer) from one scale to the next,

    K' = R(K),      ln Z = (ln Z of the coarse system) + (number of new bonds) * ln A(K),

with scale factor b > 1. Linearised at a fixed point R(K*) = K*, an eigenvalue lambda = b^y has the
exponent y = ln lambda / ln b.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from typing import Any, overload

from sympy import CRootOf, Expr, ImmutableMatrix, Matrix, S, Symbol, cancel, exp, log, tanh
from sympy import atanh as artanh

from neurenorm.graphs.rendering import Tabulated
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.algebra.rewriting import change_variables
from neurenorm.theory.recursion.generators import generator
from neurenorm.theory.typeset.derivation import Derivation
from neurenorm.theory.typeset.display import Typeset, aligned, equations, tex
from neurenorm.theory.typeset.text import text_rows

__all__ = ["Chart", "FixedPoint", "Move", "Recursion"]


@dataclass(frozen=True)
class FixedPoint(Tabulated):
    """A fixed point with what is known about it.

    Parameters
    ----------
    point : tuple
        Its coordinates, in the order of the recursion's state: exact expressions, or balls that
        enclose them. Infinity is a coordinate like others.
    status : str
        ``exact`` (a closed form), ``enclosed`` (existence and uniqueness proved in a box),
        ``continuum`` (a symbolic family), ``singular`` (a marginal case that cannot be certified)
        or ``approximate``.
    eigenvalues : tuple
        Eigenvalues of the linearised step.
    exponents : tuple
        The exponents y = ln|lambda| / ln b.
    message : str
        What else should be known, in words.

    Examples
    --------
    >>> from sympy import Integer
    >>> FixedPoint((Integer(0),), "exact", (Integer(0),)).is_stable
    True
    >>> print(FixedPoint((log(2) / 2,), "exact", (Integer(3),), (log(3) / log(2),)))
    fixed point (exact)
      point = (1/2) ln(2) = 0.346573590279973
      eigenvalue = 3
      exponent = ln(3)/ln(2) = 1.58496250072116
    """

    point: tuple[Any, ...]
    status: str
    eigenvalues: tuple[Any, ...] = ()
    exponents: tuple[Any, ...] = ()
    message: str = ""

    def __str__(self) -> str:
        """Return one row for every coordinate, eigenvalue and exponent: a short exact form, and its
        number.
        """
        kinds = (
            ("point", self.point),
            ("eigenvalue", self.eigenvalues),
            ("exponent", self.exponents),
        )
        rows = [f"  {name} = {_with_number(value)}" for name, kind in kinds for value in kind]
        notes = [f"  {self.message}"] if self.message else []
        return "\n".join([f"fixed point ({self.status})", *rows, *notes])

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"

    @property
    def is_stable(self) -> bool:
        """Whether every eigenvalue is smaller than one in size (certainly so, for balls)."""
        return bool(self.eigenvalues) and all(bool(abs(value) < 1) for value in self.eigenvalues)


@dataclass(frozen=True)
class Chart(Typeset):
    """A change of variables: new symbols, what they are in the old ones, and the old ones in the
    new.

    Parameters
    ----------
    forward : mapping of Symbol to Expr
        New symbol to its expression in the old symbols.
    inverse : mapping of Symbol to Expr
        Old symbol to its expression in the new symbols.

    Examples
    --------
    >>> K, t = Symbol("K", real=True), Symbol("t", real=True)
    >>> Chart.tanh(K, t).inverse
    {K: atanh(t)}
    """

    forward: Mapping[Symbol, Expr]
    inverse: Mapping[Symbol, Expr]

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the new variables in the old ones, and back."""
        pairs = [*self.forward.items(), *self.inverse.items()]
        return aligned(equations(((tex(symbol, names), value) for symbol, value in pairs), names))

    @classmethod
    @exact_arguments
    def tanh(cls, old: Symbol, new: Symbol, rate: Any = 1) -> Chart:
        """Return the chart new = tanh(rate * old), which maps the line onto (-1, 1) and so has
        infinity at 1.
        """
        return cls({new: tanh(expression_of(rate) * old)}, {old: artanh(new) / expression_of(rate)})

    @classmethod
    @exact_arguments
    def exponential(cls, old: Symbol, new: Symbol, rate: Any = 1) -> Chart:
        """Return the chart new = exp(rate * old)."""
        return cls({new: exp(expression_of(rate) * old)}, {old: log(new) / expression_of(rate)})

    @classmethod
    @exact_arguments
    def potts(cls, old: Symbol, new: Symbol, q: Expr) -> Chart:
        """Return the chart new = v/(v + q) with v = exp(old) - 1: the character of a Potts bond,
        which multiplies in series.
        """
        q = expression_of(q)
        return cls(
            {new: (exp(old) - 1) / (exp(old) - 1 + q)}, {old: log((1 + (q - 1) * new) / (1 - new))}
        )


@dataclass(frozen=True)
class Recursion:
    """One step of scale.

    Parameters
    ----------
    state : tuple of Symbol
        The variables that flow.
    step : tuple of Expr
        Their values after one step, in the state symbols and in parameters.
    scale : Expr
        The scale factor b.
    constant : Expr, optional
        ln A, the additive constant per new bond.
    bonds : Expr, optional
        Old bonds per new bond; by default the scale factor (a chain).
    derivation : Derivation, optional
        The steps by which it was obtained.

    Examples
    --------
    >>> K, t = Symbol("K", real=True), Symbol("t", real=True)
    >>> from sympy import Integer, cosh
    >>> chain = Recursion((K,), (log(cosh(2 * K)) / 2,), Integer(2))
    >>> chain.in_chart(Chart.tanh(K, t)).step
    (t**2,)
    """

    state: tuple[Symbol, ...]
    step: tuple[Expr, ...]
    scale: Expr
    constant: Expr | None = None
    bonds: Any = None
    derivation: Derivation = field(default=Derivation(""), compare=False)

    def __post_init__(self) -> None:
        if len(self.state) != len(self.step):
            raise ValueError(
                f"{len(self.state)} state variables but {len(self.step)} step expressions"
            )
        object.__setattr__(self, "scale", expression_of(self.scale))
        object.__setattr__(self, "step", tuple(_expression(step) for step in self.step))
        if len(set(self.state)) != len(self.state):
            raise ValueError(f"a state variable is named twice: {self.state}")
        if (
            self.scale is S.NaN
            or self.scale.is_infinite
            or (self.scale.is_number and not self.scale > 1)
        ):
            raise ValueError(
                f"the scale factor must be larger than 1 (b > 1 coarsens), got {self.scale}"
            )
        if self.bonds is None:
            object.__setattr__(self, "bonds", self.scale)
        names: dict[str, Symbol] = {}
        for symbol in (*self.state, *self.parameters):
            if names.setdefault(symbol.name, symbol) != symbol:
                raise ValueError(
                    f"two different symbols are both named {symbol.name!r} (they differ in "
                    "assumptions); use one of them"
                )

    @property
    def parameters(self) -> tuple[Symbol, ...]:
        """The symbols other than the state."""
        free = set().union(
            *(expression_of(e).free_symbols for e in (*self.step, self.constant or 0, self.scale))
        )
        return tuple(sorted(free - set(self.state), key=lambda symbol: symbol.name))

    def __call__(self, *values: Any) -> tuple[Expr, ...]:
        """Return the state after one step from the given state."""
        at = {
            symbol: expression_of(value) for symbol, value in zip(self.state, values, strict=True)
        }
        return tuple(expression.subs(at, simultaneous=True) for expression in self.step)

    @exact_arguments
    def subs(self, values: Mapping[Symbol, Any]) -> Recursion:
        """Return the recursion with numbers (or other expressions) put for parameters, such as a
        fractional q of a Potts model.

        Examples
        --------
        >>> K, q = Symbol("K", real=True), Symbol("q")
        >>> Recursion((K,), (q * K**2,), 2).subs({q: 3}).step
        (3*K**2,)
        """
        if unknown := [symbol for symbol in values if symbol not in self.parameters]:
            raise ValueError(
                f"{unknown} are not among the parameters {self.parameters}; the state is given by "
                "calling the recursion"
            )
        exact = {symbol: expression_of(value) for symbol, value in values.items()}
        step = tuple(expression.subs(exact, simultaneous=True) for expression in self.step)
        constant = (
            None
            if self.constant is None
            else expression_of(self.constant).subs(exact, simultaneous=True)
        )
        return replace(
            self,
            step=step,
            constant=constant,
            scale=self.scale.subs(exact, simultaneous=True),
            derivation=self.derivation.subs(exact),
        )

    def __matmul__(self, first: Recursion | Move) -> Recursion:
        """Return the step ``self`` after the step ``first``."""
        return Recursion(**_composed(self, first))

    def __pow__(self, times: int) -> Recursion:
        """Return the step taken several times (a symbolic composition: for many steps evaluate
        numerically, see neurenorm.numerics.solve).
        """
        if not isinstance(times, int) or times < 1:
            raise ValueError(
                f"a step can be taken a positive integer number of times, got {times!r}"
            )
        result = self
        for _ in range(times - 1):
            result = self @ result
        return result

    def in_chart(self, chart: Chart) -> Recursion:
        """Return the recursion in other variables, as rational functions of them where that is what
        they are.
        """
        if set(chart.inverse) != set(self.state):
            raise ValueError(
                f"the chart changes {set(chart.inverse)}, but the state is {set(self.state)}"
            )
        inner, outer = dict(chart.inverse), dict(zip(self.state, self.step, strict=True))
        new = tuple(chart.forward)
        step = tuple(
            change_variables(chart.forward[symbol].subs(outer, simultaneous=True), inner)
            for symbol in new
        )
        constant = None if self.constant is None else self.constant.subs(inner, simultaneous=True)
        return replace(self, state=new, step=step, constant=constant)

    def jacobian(self) -> ImmutableMatrix:
        """Return the exact matrix of derivatives of the step."""
        return ImmutableMatrix(Matrix(self.step).jacobian(Matrix(self.state)))

    def beta_function(self, chart: Chart | None = None) -> tuple[Expr, ...]:
        """Return dK/d ln b, where the step can be made infinitesimal.

        A step whose scale factor is a symbol b is a family of steps; if it is no step at all at b =
        1, its derivative with respect to b there is the beta function, in any number of variables.

        In a variable u that the step raises to the power of its scale factor, u' = u^b, or
        multiplies by a power of it, u' = b^y u, any b > 1 is allowed, and du/d ln b is u ln u or y
        u; the chain rule brings this back to the state. An odd power keeps the sign of u and gives
        u ln |u|; an even power, like one with a fraction, is part of a continuous family where u is
        positive only, and there the result holds (it is complex elsewhere).

        Parameters
        ----------
        chart : Chart, optional
            From the (single) state variable to u; by default u is the state variable itself.

        Raises
        ------
        ValueError
            If the step is not of either form in this chart, or a family of steps does not begin
            with the identity.

        Examples
        --------
        >>> K, t = Symbol("K", real=True), Symbol("t", positive=True)
        >>> from sympy import Integer, N, cosh
        >>> chain = Recursion((K,), (log(cosh(2 * K)) / 2,), Integer(2))
        >>> N(chain.beta_function(Chart.tanh(K, t))[0].subs(K, 1), 10)
        -0.4938722455
        >>> b = Symbol("b", positive=True)
        >>> Recursion((t,), (t**b,), b).beta_function()
        (t*log(t),)
        """
        if self.scale.is_Symbol and chart is None:
            return generator(self.state, self.step, self.scale)
        if len(self.state) != 1:
            raise ValueError(
                "the beta function is derived for a single coupling; change to variables that "
                "decouple first"
            )
        linear = self if chart is None else self.in_chart(chart)
        (u,), (step,) = linear.state, linear.step
        here = u if chart is None else chart.forward[u]
        if step == u**self.scale:
            speed = here * log(abs(here) if self.scale.is_odd else here)
        elif not cancel(step / u).has(u) and cancel(step / u).is_extended_nonpositive is not True:
            speed = here * log(cancel(step / u), self.scale)
        else:
            raise ValueError(
                f"the step {u}' = {step} is neither a power {u}^b nor a multiple of {u}, so it "
                "cannot be made infinitesimal in this variable"
            )
        return (speed / here.diff(self.state[0]),)

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the step as an aligned display."""
        shown = dict(names or {})
        pairs = zip(self.state, self.step, strict=True)
        constant = [] if self.constant is None else [(r"\ln A", self.constant)]
        return aligned(
            equations(
                [*((f"{tex(symbol, shown)}'", step) for symbol, step in pairs), *constant], shown
            )
        )

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.to_latex()}$"


@dataclass(frozen=True)
class Move(Tabulated):
    """A step that changes no length, such as moving bonds: a part of a composite step, and no
    recursion by itself, as its scale factor is 1.

    Parameters
    ----------
    state : tuple of Symbol
    step : tuple of Expr
    bonds : Expr
        Old bonds per new bond.
    constant : Expr, optional
        ln A, the additive constant per new bond.

    Examples
    --------
    >>> K, b = Symbol("K", real=True), Symbol("b", positive=True)
    >>> from sympy import Integer
    >>> double = Move((K,), (2 * K,), Integer(2))
    >>> (double @ Recursion((K,), (K**2,), 2)).step, (double @ double).bonds
    ((2*K**2,), 4)
    """

    state: tuple[Symbol, ...]
    step: tuple[Expr, ...]
    bonds: Expr
    constant: Expr | None = None
    scale: Expr = S.One

    @overload
    def __matmul__(self, first: Move) -> Move: ...
    @overload
    def __matmul__(self, first: Recursion) -> Recursion: ...
    def __matmul__(self, first: Recursion | Move) -> Recursion | Move:
        """Return this step after another one."""
        kind = Move if isinstance(first, Move) else Recursion
        return kind(**_composed(self, first))


def _composed(second: Recursion | Move, first: Recursion | Move) -> dict[str, Any]:
    """Return what describes one step after another."""
    if second.state != first.state:
        raise ValueError(
            f"cannot compose steps of different variables {second.state} and {first.state}"
        )
    inner = dict(zip(second.state, first.step, strict=True))
    constant = None
    if second.constant is not None and first.constant is not None:
        constant = second.constant.subs(inner, simultaneous=True) + second.bonds * first.constant
    return {
        "state": second.state,
        "step": tuple(change_variables(expression, inner) for expression in second.step),
        "scale": second.scale * first.scale,
        "constant": constant,
        "bonds": second.bonds * first.bonds,
    }


def _with_number(value: Any) -> str:
    """Return a value as text: its exact form, where that is short, and its number; a ball with all
    the digits that it proves.
    """
    if hasattr(value, "rel_accuracy_bits"):
        return str(value.str(max(15, min(1000, 3 * value.rel_accuracy_bits() // 10))))
    if not isinstance(value, Expr) or not value.is_number:
        return str(value)
    exact, number = " ".join(text_rows(tex(value))), str(value.evalf(15))
    if value.is_Rational or value.is_infinite:
        return exact
    return f"{exact} = {number}" if len(exact) <= 40 and not value.has(CRootOf) else number


def _expression(step: Any) -> Expr:
    """Return a step as an expression, and refuse text: its letters would be other symbols than
    those of the state.
    """
    if isinstance(step, str):
        raise TypeError(
            f"a step is a SymPy expression in the state's own symbols, got the text {step!r}"
        )
    return expression_of(step)
