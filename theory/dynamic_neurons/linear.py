r"""Linear layers of real neurons: exact renormalization by Gaussian composition.

Quenched: h' = W h + b + noise of covariance S. Two layers compose to a layer of the same form. In
the chain of one neuron per layer the joint weight is the exponential of a quadratic form, and
summing a neuron out is a Schur complement. Annealed (weights integrated with their prior): the
kernel of P data is a Gaussian whose covariance depends on the data through their second moments,
which obey a linear recursion; moments of different order become critical at different weight
variances.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sympy import (
    Add,
    EulerGamma,
    Expr,
    ImmutableMatrix,
    Integer,
    Matrix,
    Rational,
    Symbol,
    cancel,
    digamma,
    exp,
    eye,
    factor,
    gamma,
    log,
    pi,
    solve,
    sqrt,
)

from neurenorm.graphs.arguments import whole_number
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.reading import expression_of, matrix_of
from neurenorm.theory.gaussian.expectation import expectation, gaussian_variables
from neurenorm.theory.recursion.recursion import Chart, Recursion
from neurenorm.theory.symbols import symbols

__all__ = [
    "LinearLayer",
    "annealed_density",
    "critical_weight_variances",
    "moment_matrix",
    "neighbour_recursion",
    "ratio_chart",
    "scalar_recursion",
    "second_moment_recursion",
]

SYMBOLS = symbols("dynamic-neurons")
W, BIAS, S, ALPHA = SYMBOLS.w, SYMBOLS.bias, SYMBOLS.S, SYMBOLS.alpha


@dataclass(frozen=True)
class LinearLayer:
    """A Gaussian layer h' = W h + b + xi with covariance S of xi.

    Parameters
    ----------
    weight : matrix (or number)
        Shape (width of h', width of h).
    bias : column (or number)
    spread : matrix (or number)
        Covariance S of the smearing; I/(2 alpha) at stiffness alpha.

    Examples
    --------
    >>> layer = LinearLayer("4/5", "1/10", "1/20")
    >>> block = layer.then(layer)
    >>> block.weight[0], block.bias[0], block.spread[0]
    (16/25, 9/50, 41/500)
    """

    weight: Any
    bias: Any
    spread: Any

    def __post_init__(self) -> None:
        for name in ("weight", "bias", "spread"):
            object.__setattr__(self, name, _matrix(getattr(self, name)))
        rows = self.weight.rows
        if self.bias.shape != (rows, 1) or self.spread.shape != (rows, rows):
            raise ValueError(
                f"a layer onto {rows} neurons has a bias of shape ({rows}, 1) and a covariance of "
                f"shape ({rows}, {rows}), "
                f"got {self.bias.shape} and {self.spread.shape}"
            )
        if self.spread != self.spread.T:
            raise ValueError("the covariance of the smearing must be symmetric")
        if not self.spread.free_symbols and not self.spread.is_positive_semidefinite:
            raise ValueError(
                "the covariance of the smearing must not be negative in any direction, got "
                f"{self.spread.tolist()}"
            )

    def moments(self, mean: Any, covariance: Any) -> tuple[ImmutableMatrix, ImmutableMatrix]:
        """Return mean and covariance of h' for a Gaussian h."""
        mean, covariance = _matrix(mean), _matrix(covariance)
        return (
            self.weight * mean + self.bias,
            self.weight * covariance * self.weight.T + self.spread,
        )

    def then(self, later: LinearLayer) -> LinearLayer:
        """Return the layer that this one and a later one make together.

        The mean of h'' given h is that of the later layer at the mean of h'; its covariance is what
        the later layer makes of the covariance of h'.
        """
        if later.weight.cols != self.weight.rows:
            raise ValueError(
                f"the later layer reads {later.weight.cols} neurons, this one gives "
                f"{self.weight.rows}"
            )
        bias, spread = later.moments(self.bias, self.spread)
        return LinearLayer(later.weight * self.weight, bias, spread)


def _matrix(value: Any) -> ImmutableMatrix:
    """A matrix from a matrix, a nested list or a number."""
    return matrix_of(
        value if hasattr(value, "shape") or isinstance(value, list | tuple) else [[value]]
    )


def scalar_recursion(b: int = 2) -> Recursion:
    """Derive the recursion of (w, b, S) for one linear neuron per layer.

    Examples
    --------
    >>> scalar_recursion().step
    (w**2, bias*w + bias, S*w**2 + S)
    """
    layer = LinearLayer(W, BIAS, S)
    block = layer
    for _ in range(b - 1):
        block = block.then(layer)
    return Recursion(
        (W, BIAS, S),
        tuple(entry[0].expand() for entry in (block.weight, block.bias, block.spread)),
        b,
    )


def moment_matrix(order: int) -> ImmutableMatrix:
    """Return the kernel of one linear neuron on the powers 1, h, ..., h^n: column j holds the mean
    of h'^j as a polynomial in h.

    It is triangular, so its diagonal 1, w, w², ... is the spectrum.

    Examples
    --------
    >>> moment_matrix(2).diagonal()
    Matrix([[1, w, w**2]])
    """
    order = whole_number(order, "the order", 0, 50)
    (z,) = gaussian_variables(1)
    h = Symbol("h", real=True)
    columns = []
    for power in range(order + 1):
        expanded = ((W * h + BIAS + z) ** power).expand()
        mean = Add(
            *[expanded.coeff(z, n) * expectation(z**n, [z], [[S]]) for n in range(power + 1)]
        ).expand()
        columns.append([mean.coeff(h, n) for n in range(order + 1)])
    return ImmutableMatrix(columns).T


def neighbour_recursion() -> Recursion:
    """Derive the recursion of (r, J) in the chain with weight exp(-sum r h²/2 + sum J h h'): a
    Schur complement over every second neuron.

    Examples
    --------
    >>> neighbour_recursion().step
    (-2*J**2/r + r, J**2/r)
    >>> neighbour_recursion().in_chart(ratio_chart()).step[0]
    -g**2/(2*g**2 - 1)
    """
    r, J = SYMBOLS.r, SYMBOLS.J
    form = Matrix(5, 5, lambda i, j: r if i == j else (-J if abs(i - j) == 1 else 0))
    keep, gone = [0, 2, 4], [1, 3]
    pick = form.extract
    reduced = pick(keep, keep) - pick(keep, gone) * pick(gone, gone).inv() * pick(gone, keep)
    return Recursion((r, J), (cancel(reduced[1, 1]).expand(), cancel(-reduced[0, 1])), 2)


def ratio_chart() -> Chart:
    """Return the chart (g, r) with g = J/r."""
    r, J, g = SYMBOLS.r, SYMBOLS.J, SYMBOLS.g
    return Chart({g: J / r, r: r}, {J: g * r, r: r})


@exact_arguments
def annealed_density(
    h: Sequence[Any], after: Sequence[Any], alpha: Expr = ALPHA, prior: Expr | None = None
) -> Expr:
    """Return the kernel T(h'|h) of P copies of one linear neuron whose weight is integrated with
    the prior density exp(-lambda w²).

    Given w, the copies are independent with variance 1/(2 alpha); over w, h' = w h + xi is Gaussian
    with covariance I/(2 alpha) + h h^T/(2 lambda).

    Parameters
    ----------
    h, after : sequence
        The copies before and after.
    alpha, prior : Expr
        Stiffness and lambda.

    Examples
    --------
    >>> value = annealed_density(
    ...     [Rational(7, 10), Rational(-2, 5)],
    ...     [Rational(3, 10), Rational(1, 10)],
    ...     Integer(2),
    ...     Integer(1),
    ... )
    >>> value.evalf(10)
    0.3613976522
    """
    rate = Symbol("lambda", positive=True) if prior is None else expression_of(prior)
    if (
        expression_of(alpha).is_positive is False
        or rate.is_positive is False
        or len(h) != len(after)
    ):
        raise ValueError(
            "give a positive stiffness and prior, and as many copies after as before; got alpha = "
            f"{alpha}, lambda = {rate}, {len(h)} and {len(after)} copies"
        )
    column, image = matrix_of(h), matrix_of(after)
    covariance = annealed_covariance(column, alpha, rate)
    quadratic = (image.T * covariance.inv() * image)[0]
    return exp(-quadratic / 2) / sqrt((2 * pi) ** len(column) * covariance.det())


def annealed_covariance(h: Any, alpha: Expr, prior: Expr) -> ImmutableMatrix:
    """Return the covariance of h' over the copies: noise of the rule plus the shared weight of
    variance 1/(2 lambda).

    Examples
    --------
    >>> annealed_covariance(["7/10", "-2/5"], Integer(2), Integer(1)).tolist()
    [[99/200, -7/50], [-7/50, 33/100]]
    """
    column = matrix_of(h)
    weight = LinearLayer(
        column, ImmutableMatrix([0] * len(column)), ImmutableMatrix(eye(len(column)) / (2 * alpha))
    )
    return weight.moments([0], [[1 / (2 * prior)]])[1]


def second_moment_recursion() -> Recursion:
    """Derive the recursion of the second moments (q, p) of the annealed chain: q of one datum, p
    between two data.

    Examples
    --------
    >>> second_moment_recursion().step
    (q*sw2 + 1/(2*alpha), p*sw2)
    """
    q, p, sw2 = SYMBOLS.q, SYMBOLS.p, SYMBOLS.sw2
    w, first, second = Symbol("w", real=True), Symbol("h_1", real=True), Symbol("h_2", real=True)
    noise = {(0, 0): 1 / (2 * ALPHA), (0, 1): Integer(0)}
    step = []
    for pair, (left, right), moment in (((0, 0), (first, first), q), ((0, 1), (first, second), p)):
        average = expectation(gaussian_variables(1)[0] ** 2, gaussian_variables(1), [[sw2]])
        product = ((w * left) * (w * right)).expand()
        step.append(product.coeff(w, 2).subs(left * right, moment) * average + noise[pair])
    return Recursion((q, p), tuple(step), 2)


def critical_weight_variances(orders: Sequence[int] = (2, 4, 6)) -> dict[str, Expr]:
    """Return the weight variance at which each even moment of the annealed chain becomes critical,
    and the typical (Lyapunov) one.

    One layer multiplies the n-th moment by ⟨w^n⟩. Continued in n, ⟨|w|^n⟩ = (2 sigma²)^(n/2)
    Gamma((n + 1)/2)/Gamma(1/2); its derivative at n = 0 is the mean of ln |w|, which vanishes at
    the typical critical variance.

    Examples
    --------
    >>> critical_weight_variances()
    {'2': 1, '4': sqrt(3)/3, '6': 15**(2/3)/15, 'typical': 2*exp(EulerGamma)}
    """
    sw2, n = SYMBOLS.sw2, Symbol("n", positive=True)
    (z,) = gaussian_variables(1)
    found: dict[str, Expr] = {}
    if any(not isinstance(order, int) or order < 2 or order % 2 for order in orders):
        raise ValueError(
            "moments of even order from 2 on have a critical variance (odd ones vanish), got "
            f"{list(orders)}"
        )
    for order in orders:
        moment = expectation(z**order, [z], [[sw2]])
        number = moment.subs(sw2, 1)
        found[str(order)] = number ** Rational(-2, order)
    growth = (
        (log(2 * sw2) * n / 2 + log(gamma((n + 1) / 2)) - log(gamma(Rational(1, 2))))
        .diff(n)
        .subs(n, 0)
    )
    rate = growth.replace(
        lambda e: e.func.__name__ == "polygamma", lambda e: digamma(e.args[1]).expand(func=True)
    )
    (typical,) = solve(rate.subs(digamma(Rational(1, 2)), -EulerGamma - 2 * log(2)), sw2)
    found["typical"] = factor(typical)
    return found
