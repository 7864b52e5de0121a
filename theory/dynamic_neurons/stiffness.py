r"""The softened constraint: what a finite stiffness alpha of the activation rules changes.

A rule h' = phi(W h) is imposed by the normalised Gaussian sqrt(alpha/pi) exp(-alpha (h' - phi)²).
At alpha = oo the neurons are the functions of the weights that they were before.

* The neuron of the output integrates out exactly: its rule and its cost make one Gaussian with the
  cost's inverse temperature alpha beta/(alpha + beta).
* Softening adds noise of variance 1/(2 alpha) to every neuron, so Z_alpha = Z + (1/(4 alpha)) sum_m
  ⟨second derivative of exp(-beta C) by h^(m)⟩ + O(1/alpha²).
* With H = C + kappa sum (h' - phi)², minimal in the neurons, the local gradient by a weight becomes
  the back-propagated one as kappa grows: the force of each rule is the error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sympy import Add, Expr, Integer, Poly, Rational, Symbol, cancel, exp, pi, solve, sqrt
from sympy import symbols as sympy_symbols

from neurenorm.graphs.arguments import positive
from neurenorm.theory.catalogue.problems import Formula
from neurenorm.theory.gaussian.activation import Activation, activation
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.typeset.display import Typeset, aligned, tex

__all__ = [
    "BackPropagation",
    "SmearedChain",
    "back_propagation_limit",
    "first_order_integrand",
    "output_identity",
    "pitchfork",
    "rule_kernel",
    "smeared_chain",
]

SYMBOLS = symbols("dynamic-neurons")
ALPHA, BETA = SYMBOLS.alpha, SYMBOLS.beta


def output_identity() -> Formula:
    """Integrate the output neuron out: effective inverse temperature and prefactor of the cost.

    The exponent -beta (y - h)² - alpha (h - s)² is a quadratic -A h² + B h - C in h; its integral
    is sqrt(pi/A) exp(B²/(4A) - C).

    Returns
    -------
    Formula
        ``beta_eff`` and ``prefactor``, in alpha and beta.

    Examples
    --------
    >>> output_identity().values
    {'beta_eff': alpha*beta/(alpha + beta), 'prefactor': sqrt(alpha)/sqrt(alpha + beta)}
    """
    h, y, s = sympy_symbols("h y s", real=True)
    exponent = Poly(-BETA * (y - h) ** 2 - ALPHA * (h - s) ** 2, h)
    a, b, c = (sign * exponent.coeff_monomial(h**n) for sign, n in ((-1, 2), (1, 1), (-1, 0)))
    remainder = cancel(b**2 / (4 * a) - c)
    beta_eff = cancel(-remainder / (y - s) ** 2)
    if beta_eff.has(y, s):
        raise ArithmeticError("the rest of the square is no multiple of (y - s)²")
    prefactor = sqrt(ALPHA / pi) * sqrt(pi / a)
    domain = {
        ALPHA: SYMBOLS["alpha"].domain,
        BETA: SYMBOLS["beta"].domain,
        y: SYMBOLS["k"].domain,
        s: SYMBOLS["k"].domain,
    }
    title = (
        "integrate the output h out, where s is the value of its rule: what is left beside the "
        "square in h"
    )
    step = Step(title, b**2 / (4 * a) - c, -beta_eff * (y - s) ** 2, "", domain)
    return Formula(
        {"beta_eff": beta_eff, "prefactor": prefactor},
        Derivation("integrate the output neuron out", (step,)),
    )


def first_order_integrand(
    source: str | Expr | Activation, layers: int
) -> tuple[Expr, tuple[Symbol, ...]]:
    """Return the function of the weights whose average is the coefficient of 1/alpha in Z_alpha -
    Z, one neuron per layer.

    Noise eta_m of variance 1/(2 alpha) on every neuron gives half of 1/(2 alpha) times the second
    derivatives at eta = 0.

    Parameters
    ----------
    source : str, Expr or Activation
        Smooth activation.
    layers : int
        Number of weight layers M.

    Returns
    -------
    (Expr, tuple of Symbol)
        The integrand in W_0 ... W_(M-1), x, y and beta, and the weights.

    Examples
    --------
    >>> integrand, weights = first_order_integrand("linear", 1)
    >>> x, y = Symbol("x", real=True), Symbol("y", real=True)
    >>> integrand.subs({weights[0]: 0, y: 0, BETA: 3})
    -3/2
    """
    phi = activation(source)
    if phi.kinks:
        raise ValueError(f"the expansion in 1/alpha needs a smooth activation; {phi} has kinks")
    weights = _weights(layers)
    noise = sympy_symbols(f"eta_1:{layers + 1}", real=True)
    x, y = sympy_symbols("x y", real=True)
    h: Expr = x
    for w, eta in zip(weights, noise, strict=True):
        h = phi(w * h) + eta
    weight = exp(-BETA * (y - h) ** 2)
    rest = dict.fromkeys(noise, Integer(0))
    return Rational(1, 4) * Add(*[weight.diff(eta, 2).subs(rest) for eta in noise]), weights


def _weights(layers: int) -> tuple[Symbol, ...]:
    """W_0, ..., W_(M-1)."""
    if not isinstance(layers, int) or layers < 1:
        raise ValueError(f"the number of weight layers must be a positive integer, got {layers!r}")
    return sympy_symbols(f"W_0:{layers}", real=True)


@dataclass(frozen=True)
class BackPropagation:
    """The local gradients at infinite stiffness, and those of the cost by the chain rule.

    Parameters
    ----------
    forces : tuple of Expr
        2 kappa (h^(m) - phi^(m-1)) for m = 1 ... M, as kappa grows.
    local : tuple of Expr
        dH/dW^(m) at the minimum over the neurons.
    chain_rule : tuple of Expr
        dC/dW^(m) of the composed network.
    """

    forces: tuple[Expr, ...]
    local: tuple[Expr, ...]
    chain_rule: tuple[Expr, ...]


def back_propagation_limit(source: str | Expr | Activation, layers: int) -> BackPropagation:
    """Derive the limit of the local gradients of H = (y - h^(M))² + kappa sum (h^(m+1) - phi(W^(m)
    h^(m)))² for one neuron per layer.

    At the minimum over the neurons the forces F_m = 2 kappa (h^(m) - phi^(m-1)) stay finite while
    the neurons approach their forward values: dH/dh^(m) = 0 is then a triangular linear system for
    the forces.

    Examples
    --------
    >>> found = back_propagation_limit("linear", 3)
    >>> [(a - b).expand() for a, b in zip(found.local, found.chain_rule)]
    [0, 0, 0]
    """
    layers = positive("the number of weight layers", layers, 50)
    phi = activation(source)
    weights, (x, y, kappa) = _weights(layers), sympy_symbols("x y kappa", real=True)
    h = (x, *sympy_symbols(f"h_1:{layers + 1}", real=True))
    forces = sympy_symbols(f"F_1:{layers + 1}", real=True)
    gaps = sympy_symbols(f"D_1:{layers + 1}", real=True)
    equations = []
    for m in range(1, layers + 1):
        slope = gaps[m - 1] * 2 * kappa
        if m < layers:
            slope -= 2 * kappa * gaps[m] * phi(weights[m] * h[m]).diff(h[m])
        else:
            slope += ((y - h[m]) ** 2).diff(h[m])
        equations.append(
            slope.subs({gap: force / (2 * kappa) for gap, force in zip(gaps, forces, strict=True)})
        )
    solution = solve(equations, forces, dict=True)[0]
    forward = _forward(phi, weights, h)
    local = [-solution[forces[m]] * phi(weights[m] * h[m]).diff(weights[m]) for m in range(layers)]
    cost = (y - forward[h[-1]]) ** 2
    return BackPropagation(
        tuple(_at(solution[force], forward, h) for force in forces),
        tuple(_at(gradient, forward, h) for gradient in local),
        tuple(cost.diff(w) for w in weights),
    )


def _forward(
    phi: Activation, weights: tuple[Symbol, ...], h: tuple[Symbol, ...]
) -> dict[Symbol, Expr]:
    """The neurons as functions of the weights."""
    values: dict[Symbol, Expr] = {h[0]: h[0]}
    for m, w in enumerate(weights):
        values[h[m + 1]] = phi(w * values[h[m]])
    return values


def _at(expression: Expr, forward: Mapping[Symbol, Expr], h: tuple[Symbol, ...]) -> Expr:
    """An expression at the forward values, the last neuron first."""
    for neuron in reversed(h[1:]):
        expression = expression.subs(neuron, forward[neuron])
    return expression


def rule_kernel(source: str | Expr | Activation) -> tuple[Expr, tuple[Symbol, Symbol]]:
    """Return the normalised kernel T(h'|h) of one softened rule with weight w and bias, and its two
    arguments (h, h').

    Examples
    --------
    >>> kernel, (h, after) = rule_kernel("tanh")
    >>> kernel
    sqrt(alpha)*exp(-alpha*(h_after - tanh(bias + h*w))**2)/sqrt(pi)
    """
    phi = activation(source)
    h, after = sympy_symbols("h h_after", real=True)
    return sqrt(ALPHA / pi) * exp(-ALPHA * (after - phi(SYMBOLS.w * h + SYMBOLS.bias)) ** 2), (
        h,
        after,
    )


def pitchfork(source: str | Expr | Activation) -> dict[str, Expr]:
    """Return where the sharp chain h' = phi(w h) of an odd activation starts to order, and how: h*²
    = amplitude * (w/w_c - 1) just above.

    The fixed points solve h = c_1 w h + c_3 w³ h³ + ..., with the Taylor coefficients c_1, c_3 of
    phi at 0. Below w_c the neuron forgets its input within xi = 1/|ln(c_1 w)| layers.

    Raises
    ------
    ValueError
        If the activation is not odd and smooth with c_1 > 0 > c_3.

    Examples
    --------
    >>> pitchfork("tanh")
    {'critical_weight': 1, 'amplitude': 3}
    """
    phi = activation(source)
    if phi.kinks or phi.parity != -1:
        raise ValueError(
            f"the bifurcation is worked out for smooth odd activations, which {phi} is not"
        )
    first, third = (
        phi.derivative(1).subs(phi.variable, 0),
        phi.derivative(3).subs(phi.variable, 0) / 6,
    )
    if not (first.is_positive and third.is_negative):
        raise ValueError(
            f"{phi} does not saturate: its Taylor coefficients are {first} and {third}, and there "
            "is no continuous transition"
        )
    critical = 1 / first
    return {"critical_weight": critical, "amplitude": -1 / (third * critical**3)}


@dataclass(frozen=True)
class SmearedChain(Typeset):
    """The partition function of a chain of real neurons, one per layer, with Gaussian weights: a
    stated problem.

    Z = ⟨exp(-beta (y - h^(M))²)⟩ over independent weights of the prior variance and, at finite
    stiffness, over the neurons. The neurons are averaged out from the output back, layer by layer:
    F_m(h) = ⟨G_(m+1)(phi(w h))⟩ over w, where G is F smoothed with variance 1/(2 alpha), and F_M is
    the cost.

    Parameters
    ----------
    activation : Activation
    layers : int
    """

    activation: Activation
    layers: int

    def __post_init__(self) -> None:
        _weights(self.layers)

    @property
    def output(self) -> Formula:
        """The last step in closed form."""
        return output_identity()

    @property
    def derivation(self) -> Derivation:
        """The exact integration of the output neuron."""
        return self.output.derivation

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the averages from layer to layer."""
        shown = tex(self.activation.expression, names)
        rows = [
            rf"Z &= F_0(x), \qquad F_{{{self.layers}}}(h) = e^{{-\beta (y - h)^2}}",
            rf"F_m(h) &= \left\langle G_{{m+1}}(\phi(w h)) \right\rangle_{{w \sim \mathcal{{N}}(0, "
            rf"v)}}, \qquad \phi(z) = {shown}",
            r"G_m(h) &= \sqrt{\alpha/\pi} \int dh' e^{-\alpha (h' - h)^2} F_m(h')",
        ]
        return aligned(rows)


def smeared_chain(activation_source: Any, M: int) -> SmearedChain:
    """Return the problem for an activation given by name, text or expression.

    Examples
    --------
    >>> smeared_chain("tanh", 2).layers
    2
    """
    return SmearedChain(activation(activation_source), M)
