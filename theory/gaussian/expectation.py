"""Gaussian expectations: closed forms where the rules reach, otherwise an object that waits for
quadrature.

``⟨f(z_1 .. z_n)⟩`` under a zero-mean Gaussian with covariance S is a SymPy object. By Price's
theorem its derivative with respect to an entry of S is again an expectation, d⟨f⟩/dS_ij = ⟨d_i d_j
f⟩ (half of it on the diagonal), so a whole theory can be derived before a single average is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sympy import (
    Add,
    Basic,
    DiracDelta,
    Expr,
    ImmutableDenseMatrix,
    Mul,
    S,
    Symbol,
    Tuple,
    cancel,
    diff,
    exp,
    nan,
    pi,
    sign,
    zoo,
)
from sympy.printing.printer import Printer

from neurenorm.graphs.arguments import whole_number
from neurenorm.theory.algebra.arguments import symbols_of
from neurenorm.theory.algebra.reading import expression_of, matrix_of
from neurenorm.theory.gaussian.kinks import localised
from neurenorm.theory.gaussian.rules import NoClosedForm, Square, Vector, apply, dot, root
from neurenorm.theory.gaussian.terms import (
    average_product,
    linear_form,
    multiplied_out,
    sides,
    with_signs,
)

__all__ = ["GaussianExpectation", "expectation", "gaussian_variables"]

_ONE = Symbol("z", real=True)
_PAIR = (Symbol("z_a", real=True), Symbol("z_b", real=True))


def gaussian_variables(count: int) -> tuple[Symbol, ...]:
    """Return the integration variables of an expectation over ``count`` Gaussian variables.

    Parameters
    ----------
    count : int
        How many; at least 1.

    Returns
    -------
    tuple of sympy.Symbol
        ``z`` alone, ``z_a, z_b`` for two, ``z_1, z_2, ...`` for more; all real.

    Examples
    --------
    >>> gaussian_variables(2)
    (z_a, z_b)
    """
    count = whole_number(count, "the number of Gaussian variables", 1, 1000)
    if count == 1:
        return (_ONE,)
    return _PAIR if count == 2 else tuple(Symbol(f"z_{i + 1}", real=True) for i in range(count))


class GaussianExpectation(Expr):
    """The unevaluated average of a function of jointly Gaussian variables of zero mean.

    Variables that the function does not depend on are dropped, and the others are renamed to
    `gaussian_variables`, so that equal averages are equal objects.

    Parameters
    ----------
    function : sympy.Expr
        The function f.
    variables : Symbol or sequence of Symbol
        The Gaussian variables z_1 .. z_n (bound: not free symbols of the result).
    covariance : Expr or n x n matrix of Expr
        Their covariance S.

    Raises
    ------
    ValueError
        If the covariance is not square, of the wrong size or not symmetric.

    Examples
    --------
    >>> from sympy import tanh
    >>> z, K = Symbol("z"), Symbol("K", positive=True)
    >>> node = GaussianExpectation(tanh(z) ** 2, z, K)
    >>> node
    ⟨tanh(z)**2⟩_K
    >>> node.free_symbols
    {K}
    >>> node.diff(K)
    ⟨(1 - tanh(z)**2)*(2 - 2*tanh(z)**2)/2 - (2 - 2*tanh(z)**2)*tanh(z)**2⟩_K
    >>> GaussianExpectation(z**4, z, K).doit()
    3*K**2
    """

    is_commutative = True

    def __new__(cls, function: Any, variables: Any, covariance: Any) -> Expr:
        """Marginalise onto the variables that occur and give them their standard names."""
        function = expression_of(function)
        given = symbols_of(variables, "a Gaussian variable")
        matrix = _covariance(covariance, len(given))
        used = [i for i, variable in enumerate(given) if function.has(variable)]
        if not used:
            return function
        names = gaussian_variables(len(used))
        function = function.xreplace({given[i]: name for i, name in zip(used, names, strict=True)})
        return Expr.__new__(cls, function, Tuple(*names), matrix.extract(used, used))

    @property
    def function(self) -> Expr:
        """The averaged function, in the standard variables."""
        return self.args[0]

    @property
    def variables(self) -> tuple[Symbol, ...]:
        """The bound Gaussian variables."""
        return tuple(self.args[1])

    @property
    def covariance(self) -> ImmutableDenseMatrix:
        """Their covariance."""
        return self.args[2]

    @property
    def bound_symbols(self) -> list[Symbol]:
        """The bound variables, in SymPy's own word for them."""
        return list(self.variables)

    @property
    def free_symbols(self) -> set[Basic]:
        """Parameters of the function and of the covariance."""
        return (self.function.free_symbols - set(self.variables)) | self.covariance.free_symbols

    def _eval_is_real(self) -> bool | None:
        return self.function.is_real

    def _eval_subs(self, old: Basic, new: Basic) -> Basic | None:
        return self if old in self.variables else None

    def _eval_derivative(self, symbol: Symbol) -> Expr:
        """Price's theorem, and the derivative of the function itself."""
        if symbol in self.variables:
            return S.Zero
        total = diff(self.function, symbol)
        for i, left in enumerate(self.variables):
            for j, right in enumerate(self.variables):
                slope = diff(self.covariance[i, j], symbol)
                if slope != 0:
                    once = localised(diff(with_signs(self.function), left), left)
                    total += slope * localised(diff(once, right), right) / 2
        return expectation(total, self.variables, self.covariance, evaluate=total.has(DiracDelta))

    def doit(self, **hints: Any) -> Expr:
        """Return the closed form, or what the rules make of the average where there is none."""
        return expectation(self.function, self.variables, self.covariance)

    def _subscript(self, printer: Printer) -> list[str]:
        """Printed covariance entries: the diagonal, then the upper triangle."""
        size = len(self.variables)
        entries = [self.covariance[i, i] for i in range(size)] + [
            self.covariance[i, j] for i in range(size) for j in range(i + 1, size)
        ]
        return [printer._print(entry) for entry in entries]

    def _sympystr(self, printer: Printer) -> str:
        entries = self._subscript(printer)
        index = (
            entries[0]
            if len(entries) == 1 and self.covariance[0, 0].is_Atom
            else f"({', '.join(entries)})"
        )
        return f"⟨{printer._print(self.function)}⟩_{index}"

    def _latex(self, printer: Printer, exp: str | None = None) -> str:
        text = (
            rf"\left\langle {printer._print(self.function)} "
            rf"\right\rangle_{{{', '.join(self._subscript(printer))}}}"
        )
        return text if exp is None else rf"{text}^{{{exp}}}"


def _covariance(covariance: Any, size: int) -> ImmutableDenseMatrix:
    """A symmetric matrix of the right size; a single variable may give its variance alone."""
    many = isinstance(covariance, Sequence | ImmutableDenseMatrix) or hasattr(covariance, "shape")
    matrix = matrix_of(covariance if many and not isinstance(covariance, str) else [[covariance]])
    if matrix.shape != (size, size):
        raise ValueError(
            f"the covariance of {size} Gaussian variables is a {size} x {size} matrix, got shape "
            f"{matrix.shape}"
        )
    if matrix != matrix.T:
        raise ValueError(
            "a covariance is symmetric: its entries (i, j) and (j, i) are one expression"
        )
    if any(matrix[i, i].is_negative for i in range(size)):
        raise ValueError(
            "a variance is not negative: the diagonal of the covariance has a negative entry"
        )
    return matrix


def expectation(function: Any, variables: Any, covariance: Any, evaluate: bool = True) -> Expr:
    """Return the average of a function of zero-mean Gaussian variables, in closed form where the
    rules reach.

    The function is expanded into products. Polynomials, exponentials of quadratic forms, circular
    and hyperbolic functions, erf, sign, Heaviside, Abs, Max, Min and Dirac deltas of linear forms
    are averaged by conditioning, completing the square, Stein's rule and Price's theorem; the
    remaining products stay together in one unevaluated `GaussianExpectation`.

    Parameters
    ----------
    function : sympy.Expr
        The function f(z_1 .. z_n).
    variables : Symbol or sequence of Symbol
        The Gaussian variables.
    covariance : Expr or n x n matrix of Expr
        Their covariance.
    evaluate : bool
        False only resolves Dirac deltas and linearity in constants.

    Returns
    -------
    sympy.Expr

    Raises
    ------
    ValueError
        If the average diverges (a squared delta), or the covariance is malformed.

    Examples
    --------
    >>> from sympy import Max, erf, tanh
    >>> z, K = Symbol("z", real=True), Symbol("K", positive=True)
    >>> expectation(Max(z, 0) ** 2, z, K)
    K/2
    >>> expectation(erf(z) ** 2, z, K)
    2*asin(2*K/(2*K + 1))/pi
    >>> expectation(z + tanh(z) ** 2 + 3, z, K)
    ⟨tanh(z)**2⟩_K + 3
    """
    node = GaussianExpectation(function, variables, covariance)
    if not isinstance(node, GaussianExpectation):
        return node
    fixed = {z: S.Zero for i, z in enumerate(node.variables) if node.covariance[i, i] == 0}
    if fixed:
        return expectation(node.function.xreplace(fixed), node.variables, node.covariance, evaluate)
    if not evaluate:
        return node
    symbols = _entries(len(node.variables))
    closed, pending = _split(node.function, len(node.variables))
    actual = {symbol: node.covariance[i, j] for (i, j), symbol in symbols.items()}
    value = closed.xreplace(actual)
    if value.has(nan, zoo):
        raise ValueError(f"the average of {node.function} does not exist at this covariance")
    return value + (
        GaussianExpectation(pending, node.variables, node.covariance) if pending != 0 else S.Zero
    )


@lru_cache(maxsize=4)
def _entries(size: int) -> dict[tuple[int, int], Symbol]:
    """Generic covariance entries: positive on the diagonal, real off it."""
    letters = "ab" if size == 2 else [str(i + 1) for i in range(size)]
    return {
        (i, j): Symbol(f"K_{letters[i]}{letters[j]}", positive=True)
        if i == j
        else Symbol(f"K_{letters[i]}{letters[j]}", real=True)
        for i in range(size)
        for j in range(i, size)
    }


@lru_cache(maxsize=1024)
def _split(function: Expr, size: int) -> tuple[Expr, Expr]:
    """Closed part (in the generic entries) and the sum of what must be averaged numerically."""
    variables, symbols = gaussian_variables(size), _entries(size)
    covariance = tuple(
        tuple(symbols[min(i, j), max(i, j)] for j in range(size)) for i in range(size)
    )
    closed, pending = [], []
    for product in Add.make_args(with_signs(function)):
        try:
            closed.append(_averaged(product, variables, covariance))
        except NoClosedForm:
            if product.has(DiracDelta):
                closed.append(_conditioned(product, variables, covariance))
            elif not _is_odd(product, variables):
                pending.append(product)
    return Add(*closed), Add(*pending)


def _averaged(product: Expr, variables: tuple[Symbol, ...], covariance: Square) -> Expr:
    """Average a product in closed form, on both sides of the signs in its exponents where it has
    some.
    """
    if not any(node.has(sign) for node in product.atoms(exp)):
        return average_product(product, variables, covariance)
    parts = Add.make_args(sides(product, variables))
    return Add(*(average_product(part, variables, covariance) for part in parts))


def _is_odd(product: Expr, variables: tuple[Symbol, ...]) -> bool:
    """Whether a product changes sign with all its variables, so that its average vanishes."""
    return bool(product.xreplace({z: -z for z in variables}) == -product)


def _conditioned(product: Expr, variables: tuple[Symbol, ...], covariance: Square) -> Expr:
    """Average a product that holds a Dirac delta and a function outside the rules: condition on the
    delta.
    """
    spike = next(
        (factor for factor in Mul.make_args(product) if isinstance(factor, DiracDelta)), None
    )
    if spike is None:
        raise ValueError("the average diverges: it holds a power of a Dirac delta")
    weights, shift = linear_form(spike.args[0], variables)
    gradient = apply(covariance, weights)
    variance = dot(gradient, weights)
    rest = product / spike
    if len(spike.args) > 1 and spike.args[1] != 0:
        return _lower_order(rest, spike, variables, covariance, gradient) / variance
    if variance == 0:
        raise ValueError("the average diverges: a Dirac delta is evaluated at its own spike")
    moved = rest.subs(
        {z: z - shift * g / variance for z, g in zip(variables, gradient, strict=True)},
        simultaneous=True,
    )
    kept = [
        [cancel(s - g * h / variance) for s, h in zip(row, gradient, strict=True)]
        for row, g in zip(covariance, gradient, strict=True)
    ]
    density = exp(-(shift**2) / (2 * variance)) / root(2 * pi * variance)
    return density * expectation(moved, variables, ImmutableDenseMatrix(kept))


def _lower_order(
    rest: Expr, spike: Expr, variables: tuple[Symbol, ...], covariance: Square, gradient: Vector
) -> Expr:
    """Move one derivative off a delta: <(n.z) delta' G> - <delta (Sn).grad G>."""
    lower = DiracDelta(spike.args[0], spike.args[1] - 1)
    weights, _ = linear_form(spike.args[0], variables)
    along = sum((w * z for w, z in zip(weights, variables, strict=True)), start=S.Zero)
    slope = sum((g * diff(rest, z) for g, z in zip(gradient, variables, strict=True)), start=S.Zero)
    return expectation(
        multiplied_out(lower * (along * rest - slope)), variables, ImmutableDenseMatrix(covariance)
    )
