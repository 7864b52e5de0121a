"""Bounded rewrites of expressions in exponentials, hyperbolic functions and logarithms into
rational functions.

Each rewrite is a single pass with a known result, so nothing here can run away as a general
simplifier does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import lcm

from sympy import (
    Add,
    Dummy,
    Expr,
    Integer,
    Mul,
    Pow,
    Symbol,
    acosh,
    asinh,
    atanh,
    cosh,
    coth,
    exp,
    log,
    sinh,
    sqrt,
    tanh,
)
from sympy.core.function import Function

from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.polynomials import cancelled, substituted

__all__ = ["change_variables", "in_exponentials", "rational_form"]


@exact_arguments
def in_exponentials(expression: Expr) -> Expr:
    """Rewrite hyperbolic functions and their inverses through exp and log, and split exp(sum of
    rational * log) into powers.

    Examples
    --------
    >>> t = Symbol("t", positive=True)
    >>> in_exponentials(exp(2 * atanh(t)))
    (t + 1)/(1 - t)
    >>> K = Symbol("K", real=True)
    >>> in_exponentials(tanh(log(cosh(2 * K)) / 2)).subs(K, 0)
    0
    """
    if not expression.args:
        return expression
    return _rewritten(expression.func, [in_exponentials(arg) for arg in expression.args])


def _rewritten(head: type[Expr], args: list[Expr]) -> Expr:
    """Return one node with rewritten arguments in exponential form."""
    x = args[0]
    if head is exp:
        return exponential(x)
    if head in (cosh, sinh):
        return (exponential(x) + (1 if head is cosh else -1) * exponential(-x)) / 2
    if head in (tanh, coth):
        square = exponential(2 * x)
        ratio = (square - 1) / (square + 1)
        return ratio if head is tanh else 1 / ratio
    inverse = {
        atanh: lambda: log((1 + x) / (1 - x)) / 2,
        asinh: lambda: log(x + sqrt(x**2 + 1)),
        acosh: lambda: log(x + sqrt(x**2 - 1)),
    }
    return inverse[head]() if head in inverse else head(*args)


def exponential(argument: Expr) -> Expr:
    """Return exp(argument), with rational multiples of logarithms turned into powers.

    Examples
    --------
    >>> a, K = Symbol("a", positive=True), Symbol("K", real=True)
    >>> exponential(3 * log(a) / 2 + K)
    a**(3/2)*exp(K)
    """
    powers: list[Expr] = []
    rest: list[Expr] = []
    for term in Add.make_args(
        argument.expand(deep=False, log=False, power_exp=False, power_base=False, func=False)
    ):
        factor, body = term.as_coeff_Mul()
        if isinstance(body, log):
            powers.append(Pow(body.args[0], factor))
        else:
            rest.append(term)
    return Mul(*powers, exp(Add(*rest)))


@exact_arguments
def rational_form(expression: Expr, variables: Iterable[Symbol]) -> Expr | None:
    """Return the expression as a cancelled rational function of the variables, or None where it is
    not rational in them.

    Examples
    --------
    >>> t = Symbol("t", positive=True)
    >>> rational_form(tanh(log(cosh(2 * atanh(t))) / 2), [t])
    t**2
    """
    rewritten = in_exponentials(expression)
    names = tuple(variables)
    if any(not _rational(node, names) for node in rewritten.atoms(Pow, Function)):
        return None
    if not rewritten.is_rational_function(*names):
        return None
    return cancelled(rewritten)


def _rational(node: Expr, names: tuple[Symbol, ...]) -> bool:
    """Whether a power or function node leaves an expression rational in the variables."""
    if not node.has(*names):
        return True
    return isinstance(node, Pow) and isinstance(node.exp, Integer)


@exact_arguments
def change_variables(expression: Expr, inverse: Mapping[Symbol, Expr]) -> Expr:
    """Write an expression in new variables, as a cancelled rational function of them where it is
    one.

    Exponentials of the old variables are made generators of a field first, so that half powers
    which cancel do cancel.

    Parameters
    ----------
    expression : Expr
        In the old variables.
    inverse : mapping of Symbol to Expr
        Old variables in the new ones, such as ``{K: atanh(t)}``.

    Examples
    --------
    >>> K, t = Symbol("K", real=True), Symbol("t", real=True)
    >>> change_variables(exp(K) * (cosh(3 * K) - sinh(K)), {K: atanh(t)})
    (t**3 + 3*t**2 - t + 1)/(t**3 - t**2 - t + 1)
    """
    new = sorted(set().union(*(value.free_symbols for value in inverse.values())), key=str)
    if expression.is_rational_function(*inverse) and all(
        value.is_rational_function(*new) for value in inverse.values()
    ):
        return cancelled(expression.subs(dict(inverse), simultaneous=True))
    rewritten = in_exponentials(expression)
    generators = {Dummy(f"y_{old}", positive=True): old for old in inverse}
    stride = lcm(
        *(int(number.q) for node in rewritten.atoms(exp) for number, _ in _split(node, inverse)[0])
    )
    replaced = substituted(
        rewritten,
        {node: _in_generators(node, inverse, generators, stride) for node in rewritten.atoms(exp)},
    )
    if replaced is not None and not replaced.has(*inverse):
        result = substituted(
            replaced, _powers(replaced, {y: inverse[old] / stride for y, old in generators.items()})
        )
        if result is not None and not result.has(*generators):
            return result
    plain = expression.subs(dict(inverse), simultaneous=True)
    return cancelled(plain) if plain.is_rational_function(*new) else plain


def _split(
    node: Expr, inverse: Mapping[Symbol, Expr]
) -> tuple[list[tuple[Expr, Symbol]], list[Expr]]:
    """Split the argument of an exponential into rational multiples of old variables and the
    rest.
    """
    multiples, rest = [], []
    for term in Add.make_args(node.args[0].expand()):
        number, body = term.as_coeff_Mul()
        if body in inverse and number.is_Rational:
            multiples.append((number, body))
        else:
            rest.append(term)
    return multiples, rest


def _in_generators(
    node: Expr, inverse: Mapping[Symbol, Expr], generators: Mapping[Symbol, Symbol], stride: int
) -> Expr:
    """Write exp(sum of rational * old variable + rest) as a product of powers of the generators y =
    exp(old variable / stride).
    """
    multiples, rest = _split(node, inverse)
    names = {old: y for y, old in generators.items()}
    return Mul(*[names[old] ** (number * stride) for number, old in multiples], exp(Add(*rest)))


def _powers(expression: Expr, generators: Mapping[Symbol, Expr]) -> dict[Expr, Expr]:
    """Return what each power of a generator y = exp(image) in an expression is: exp(power *
    image).
    """
    table = {
        node: exponential(in_exponentials(node.exp * generators[node.base]))
        for node in expression.atoms(Pow)
        if node.base in generators
    }
    return table | {name: exponential(in_exponentials(image)) for name, image in generators.items()}
