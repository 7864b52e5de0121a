r"""Transfer matrix of the binary chain with P data, in blocks of parity, and what follows from it: spectrum, partition function, weight averages.

One layer acts on P copies h[l] by T(h'|h) = sum_W exp(k W) prod_l f_W(h'[l] h[l]), with f_W(g) = exp(2 alpha W g), or the constraint g = W itself where it is sharp. T depends
on h and h' through their products only, so the products chi_S(h) = prod_{l in S} h[l] are its eigenvectors. With the characters

    c_0 = f_+(+) + f_+(-),      c_1 = f_+(+) - f_+(-)

of one copy (f_- has the characters c_0 and -c_1), a set of s copies has the eigenvalue  lambda_s = sum_W exp(k W) c_0^(P-s) (W c_1)^s:  binomial(P, s) times degenerate. Nothing of
size 2^P is needed. M layers multiply: the weights enter through the sign of their product alone,

    p_M(sigma) = sum over weights with product sigma of exp(k sum W),

whose characters are the M-th powers of those of exp(k W); the copies are independent at fixed sigma.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from sympy import Add, Expr, Integer, Rational, Symbol, binomial, cosh, exp, latex, log, sinh

from theory.derivation import Derivation, Step
from theory.problems import Formula
from theory.symbols import symbols

__all__ = ["LARGEST_TABLE", "BinaryLayer", "BinarySpectrum", "EitherStiffness", "partition_function", "transfer_spectrum", "weight_magnetization"]

SYMBOLS = symbols("dynamic-neurons")
ALPHA, K, BETA = SYMBOLS.alpha, SYMBOLS.k, SYMBOLS.beta
LARGEST_TABLE = 12
STATES = (1, -1)


def hyperbolic(expression: Expr) -> Expr:
    """Write exponentials through cosh and sinh, so that pairs of opposite ones combine."""
    table = {node: cosh(node.args[0]) + sinh(node.args[0]) for node in expression.atoms(exp)}
    return expression.xreplace(table).expand()


@dataclass(frozen=True)
class BinaryLayer:
    """One layer of binary neurons with a binary weight.

    Parameters
    ----------
    sharp : bool
        Whether h' = W h holds exactly.
    normalised : bool
        Whether each constraint sums to one over h'.

    Examples
    --------
    >>> BinaryLayer().characters
    (2*cosh(2*alpha), 2*sinh(2*alpha))
    """

    sharp: bool = False
    normalised: bool = False

    def rule(self, weight: int, product: int) -> Expr:
        """Return f_W(g), the weight of one copy with h h' = g."""
        if self.sharp:
            return Integer(int(product == weight))
        plain = exp(2 * ALPHA * weight * product)
        return plain / Add(*[exp(2 * ALPHA * weight * g) for g in STATES]) if self.normalised else plain

    @cached_property
    def characters(self) -> tuple[Expr, Expr]:
        """c_0 and c_1 of one copy at W = 1; raises ArithmeticError if W = -1 had others than c_0 and -c_1."""
        rows = {weight: [Add(*[Integer(g) ** s * self.rule(weight, g) for g in STATES]) for s in (0, 1)] for weight in STATES}
        if any(_vanishes(rows[1][s] - (-1) ** s * rows[-1][s]) is False for s in (0, 1)):
            raise ArithmeticError("the rule of one copy does not change sign with the weight")
        return self._plain(rows[1][0]), self._plain(rows[1][1])

    def _plain(self, character: Expr) -> Expr:
        """A character in hyperbolic functions; the normalisation is divided out."""
        if self.sharp or not self.normalised:
            return hyperbolic(character)
        numerator, denominator = character.together().as_numer_denom()
        return _ratio(hyperbolic(numerator), hyperbolic(denominator))

    def weight_characters(self) -> tuple[Expr, Expr]:
        """The sums of exp(k W) and of W exp(k W) over W."""
        even, odd = (hyperbolic(Add(*[Integer(w) ** s * exp(K * w) for w in STATES])) for s in (0, 1))
        return even, odd

    def eigenvalue(self, s: int | Expr, copies: int | Expr) -> Expr:
        """Return lambda_s, the eigenvalue of a product of s of the P copies.

        Examples
        --------
        >>> BinaryLayer().eigenvalue(1, 2)
        8*sinh(2*alpha)*sinh(k)*cosh(2*alpha)
        """
        c0, c1 = self.characters
        return c0 ** (copies - s) * c1**s * self.weight_characters()[int(s) % 2]

    def product_weight(self, layers: int | Expr, sign: int) -> Expr:
        """Return p_M(sigma), the summed prior of all weights of M layers whose product is sigma."""
        even, odd = self.weight_characters()
        return Rational(1, 2) * (even**layers + sign * odd**layers)

    def one_copy(self, layers: int | Expr, match: int) -> Expr:
        """Return the sum over the neurons of one copy, cost included, where x y times the product of the weights is ``match``.

        The characters of M layers are the M-th powers; the cost exp(-beta (y - h)²) of the output closes the chain.
        """
        c0, c1 = self.characters
        costs = {h: exp(-BETA * Integer(1 - h) ** 2) for h in STATES}
        return Rational(1, 2) * (c0**layers * (costs[1] + costs[-1]) + match * c1**layers * (costs[1] - costs[-1]))

    def chain(self, layers: int | Expr, same: int | Expr, opposite: int | Expr, sign: int) -> Expr:
        """Return the product of all copies: ``same`` data with x = y and ``opposite`` with x = -y."""
        return self.one_copy(layers, sign) ** same * self.one_copy(layers, -sign) ** opposite


def _vanishes(expression: Expr) -> bool:
    """Whether an expression in exponentials is zero."""
    numerator = expression.together().as_numer_denom()[0]
    return bool(hyperbolic(numerator) == 0)


def _ratio(numerator: Expr, denominator: Expr) -> Expr:
    """sinh x / cosh x as tanh x, 1 where both are equal."""
    ratio = numerator / denominator
    found = ratio.atoms(sinh)
    for node in found:
        ratio = ratio.subs(node, cosh(node.args[0]) * (node / cosh(node.args[0])).rewrite("tanh") if False else node)
    return ratio
