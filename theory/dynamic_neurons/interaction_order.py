r"""Polynomial order of the interactions, with weights only and with neurons promoted, for one
neuron per layer.

With a polynomial activation of degree d the output is a polynomial of all weights whose degree
grows geometrically with depth, while a promoted rule always has the degree 2 (1 + 1) d: this is how
the promotion of neurons tames the expansion in interactions. The degrees follow from leading forms:
over the integers those of products multiply and never cancel, so deg h^(m+1) = d (1 + deg h^(m)).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sympy import Add, Expr, Integer, Max, Poly, Symbol
from sympy import symbols as sympy_symbols

from neurenorm.graphs.arguments import positive
from neurenorm.graphs.network.architectures import mlp
from neurenorm.graphs.network.interaction import promoted, weights_only
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.gaussian.activation import parse_expression
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.typeset.display import Typeset

__all__ = [
    "InteractionOrder",
    "dynamic_energy",
    "interaction_order",
    "polynomial_activation",
    "static_cost",
]

Z = Symbol("z", real=True)


@dataclass(frozen=True)
class InteractionOrder(Typeset):
    """Degrees of the energy and numbers of coupled pairs of weight layers, before and after the
    neurons are promoted.

    Parameters
    ----------
    static, dynamic : int
        Degree of the cost in the weights, and of the energy in weights and neurons.
    static_pairs, dynamic_pairs : int
        Pairs of weight layers with a mixed second derivative.
    """

    static: int
    dynamic: int
    static_pairs: int
    dynamic_pairs: int
    derivation: Derivation = field(default=Derivation(""), compare=False, repr=False)

    @property
    def orders(self) -> dict[str, int]:
        """The four numbers by name."""
        return {
            name: getattr(self, name)
            for name in ("static", "dynamic", "static_pairs", "dynamic_pairs")
        }

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the four numbers."""
        return (
            rf"\deg C = {self.static},\quad \deg H = {self.dynamic},\quad "
            rf"\#\{{\partial^2 C/\partial W \partial W' \neq 0\}} = {self.static_pairs} \to "
            rf"{self.dynamic_pairs}"
        )


@exact_arguments
def polynomial_activation(source: str | Expr) -> Poly:
    """Return an activation that is a polynomial in z; other symbols are coefficients of general
    value.

    Parameters
    ----------
    source : str or Expr
        Such as ``"z + g*z^2"``.

    Raises
    ------
    ValueError
        If it is not a polynomial in z of degree at least one.

    Examples
    --------
    >>> polynomial_activation("z + g*z^2").degree()
    2
    """
    expression = parse_expression(source.replace("^", "**")) if isinstance(source, str) else source
    named = expression.subs({symbol: Z for symbol in expression.free_symbols if symbol.name == "z"})
    if not named.is_polynomial(Z) or not named.has(Z):
        raise ValueError(
            "the activation must be a polynomial in z of degree at least one, such as z + g*z^2; "
            f"got {source}"
        )
    return Poly(named, Z)


@exact_arguments
def interaction_order(layers: int, activation: str | Expr | Poly) -> InteractionOrder:
    """Return the degrees and coupled pairs of a chain of weight layers.

    Parameters
    ----------
    layers : int
        Number of weight layers M.
    activation : str, Expr or Poly
        Polynomial in z.

    Examples
    --------
    >>> interaction_order(3, "z + g*z^2")
    InteractionOrder(static=28, dynamic=8, static_pairs=3, dynamic_pairs=0)
    """
    layers = positive("the number of weight layers", layers, 1000)
    polynomial = activation if isinstance(activation, Poly) else polynomial_activation(activation)
    d, reach = polynomial.degree(), 0
    rules, steps = [], []
    for m in range(layers):
        before, reach = Add(Integer(d), Integer(d * reach), evaluate=False), d * (1 + reach)
        steps.append(
            Step(
                f"degree in the weights of the output of layer {m + 1}",
                before,
                Integer(reach),
                f"d_{{{m + 1}}}",
            )
        )
        rules.append(2 * d * (1 + (m > 0)))
    twice = Add(Integer(reach), Integer(reach), evaluate=False)
    steps.append(Step("the cost is the square of the output", twice, Integer(2 * reach), r"\deg C"))
    highest = Max(*map(Integer, (2, *rules)), evaluate=False)
    steps.append(
        Step(
            "the cost, or the square of a rule, which is local",
            highest,
            Integer(max(2, *rules)),
            r"\deg H",
        )
    )
    net = mlp([1] * (layers + 1))
    static, dynamic = (len(make(net).coupled_layers()) for make in (weights_only, promoted))
    return InteractionOrder(
        2 * reach,
        max(2, *rules),
        static,
        dynamic,
        Derivation("degrees, layer by layer", tuple(steps)),
    )


def static_cost(layers: int, activation: Poly) -> Poly:
    """Return (y - h^(M))² as a polynomial in the weights.

    Examples
    --------
    >>> static_cost(2, polynomial_activation("z")).total_degree()
    4
    """
    layers = positive("the number of weight layers", layers, 100)
    weights, (x, y) = sympy_symbols(f"W_0:{layers}", real=True), sympy_symbols("x y", real=True)
    h = Poly(x, *weights)
    for w in weights:
        argument = h * Poly(w, *weights)
        h = _composed(activation, argument)
    return (Poly(y, *weights) - h) ** 2


def dynamic_energy(layers: int, activation: Poly) -> Poly:
    """Return (y - h^(M))² + kappa sum (h^(m+1) - phi(W^(m) h^(m)))² as a polynomial in weights and
    neurons.

    Examples
    --------
    >>> dynamic_energy(2, polynomial_activation("z")).total_degree()
    4
    """
    layers = positive("the number of weight layers", layers, 100)
    weights, neurons = (
        sympy_symbols(f"W_0:{layers}", real=True),
        sympy_symbols(f"h_1:{layers + 1}", real=True),
    )
    x, y, kappa = sympy_symbols("x y kappa", real=True)
    before = (x, *neurons)
    cost = (y - neurons[-1]) ** 2
    rules = [
        (after - activation.as_expr().subs(Z, w * h)) ** 2
        for w, h, after in zip(weights, before, neurons, strict=False)
    ]
    return Poly(cost + kappa * Add(*rules), *weights, *neurons)


def _composed(activation: Poly, argument: Poly) -> Poly:
    """The activation at a polynomial, by Horner's scheme."""
    coefficients = activation.all_coeffs()
    value = Poly(coefficients[0], *argument.gens)
    for coefficient in coefficients[1:]:
        value = value * argument + Poly(coefficient, *argument.gens)
    return value
