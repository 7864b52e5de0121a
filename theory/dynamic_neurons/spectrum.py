r"""Transfer matrix of the binary chain with P data, in blocks of parity, and what follows from it:
spectrum, partition function, weight averages.

One layer acts on P copies h[l] by T(h'|h) = sum_W exp(k W) prod_l f_W(h'[l] h[l]), with f_W(g) =
exp(2 alpha W g), or the constraint g = W itself where it is sharp. T depends on h and h' through
their products only, so the products chi_S(h) = prod_{l in S} h[l] are its eigenvectors. With the
characters

    c_0 = f_+(+) + f_+(-),      c_1 = f_+(+) - f_+(-)

of one copy (f_- has the characters c_0 and -c_1), a set of s copies has the eigenvalue  lambda_s =
sum_W exp(k W) c_0^(P-s) (W c_1)^s:  binomial(P, s) times degenerate. Nothing of size 2^P is needed.
M layers multiply: the weights enter through the sign of their product alone,

    p_M(sigma) = sum over weights with product sigma of exp(k sum W),

whose characters are the M-th powers of those of exp(k W); the copies are independent at fixed
sigma.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import comb, prod

from sympy import Add, Expr, Integer, Rational, Symbol, cosh, exp, sinh, tanh

from neurenorm.graphs.arguments import positive
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.lengths import correlation_length
from neurenorm.theory.catalogue.problems import Formula
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.typeset.display import Typeset, aligned, equations, tex

__all__ = [
    "LARGEST_TABLE",
    "BinaryLayer",
    "BinarySpectrum",
    "EitherStiffness",
    "partition_function",
    "transfer_spectrum",
    "weight_magnetization",
]

SYMBOLS = symbols("dynamic-neurons")
ALPHA, K, BETA = SYMBOLS.alpha, SYMBOLS.k, SYMBOLS.beta
LARGEST_TABLE = 12
MOST_BLOCKS = 1000
MOST_SHOWN = 4
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

    @exact_arguments
    def rule(self, weight: int, product: int) -> Expr:
        """Return f_W(g), the weight of one copy with h h' = g, before it is normalised."""
        return Integer(int(product == weight)) if self.sharp else exp(2 * ALPHA * weight * product)

    @cached_property
    def characters(self) -> tuple[Expr, Expr]:
        """c_0 and c_1 of one copy at W = 1; raises ArithmeticError if W = -1 had others than c_0
        and -c_1.
        """
        rows = {
            w: [
                hyperbolic(Add(*[Integer(g) ** s * self.rule(w, g) for g in STATES]))
                for s in (0, 1)
            ]
            for w in STATES
        }
        c0, c1 = rows[1]
        if rows[-1] != [c0, -c1]:
            raise ArithmeticError("the rule of one copy does not change sign with the weight")
        if self.normalised:
            return Integer(1), (c1 / c0).replace(sinh, lambda x: tanh(x) * cosh(x))
        return c0, c1

    def weight_characters(self) -> tuple[Expr, Expr]:
        """The sums of exp(k W) and of W exp(k W) over W."""
        even, odd = (
            hyperbolic(Add(*[Integer(w) ** s * exp(K * w) for w in STATES])) for s in (0, 1)
        )
        return even, odd

    @exact_arguments
    def eigenvalue(self, s: int | Expr, copies: int | Expr) -> Expr:
        """Return lambda_s, the eigenvalue of a product of s of the P copies.

        Examples
        --------
        >>> BinaryLayer().eigenvalue(1, 2)
        8*sinh(2*alpha)*sinh(k)*cosh(2*alpha)
        """
        c0, c1 = self.characters
        return c0 ** (copies - s) * c1**s * self.weight_characters()[int(s) % 2]

    @exact_arguments
    def product_weight(self, layers: int | Expr, sign: int) -> Expr:
        """Return p_M(sigma), the summed prior of all weights of M layers whose product is sigma."""
        even, odd = self.weight_characters()
        return Rational(1, 2) * (even**layers + sign * odd**layers)

    @exact_arguments
    def one_copy(self, layers: int | Expr, match: int) -> Expr:
        """Return the sum over the neurons of one copy, cost included, where x y times the product
        of the weights is ``match``.

        The characters of M layers are the M-th powers; the cost exp(-beta (y - h)²) of the output
        closes the chain.
        """
        c0, c1 = self.characters
        costs = {h: exp(-BETA * Integer(1 - h) ** 2) for h in STATES}
        return Rational(1, 2) * (
            c0**layers * (costs[1] + costs[-1]) + match * c1**layers * (costs[1] - costs[-1])
        )

    @exact_arguments
    def chain(self, layers: int | Expr, same: int | Expr, opposite: int | Expr, sign: int) -> Expr:
        """Return the product of all copies: ``same`` data with x = y and ``opposite`` with x
        = -y.
        """
        return self.one_copy(layers, sign) ** same * self.one_copy(layers, -sign) ** opposite


@dataclass(frozen=True)
class BinarySpectrum(Typeset):
    """The spectrum of the transfer matrix in blocks: one eigenvalue for every number s of copies in
    the parity product.

    Parameters
    ----------
    copies : int
        Number of data P.
    normalised : bool
        Whether each constraint sums to one; otherwise the kernel carries (2 cosh 2 alpha)^P.

    Examples
    --------
    >>> spectrum = BinarySpectrum(2, normalised=True)
    >>> spectrum.blocks
    ((2*cosh(k), 1), (2*sinh(k)*tanh(2*alpha), 2), (2*cosh(k)*tanh(2*alpha)**2, 1))
    """

    copies: int
    normalised: bool = False
    listed: bool = True

    @cached_property
    def layer(self) -> BinaryLayer:
        """The layer that is repeated."""
        return BinaryLayer(normalised=self.normalised)

    @cached_property
    def blocks(self) -> tuple[tuple[Expr, int], ...]:
        """(eigenvalue, multiplicity) for s = 0, 1, ..., P."""
        return tuple(
            (self.layer.eigenvalue(s, self.copies), comb(self.copies, s))
            for s in range(self.copies + 1)
        )

    @property
    def decays(self) -> dict[str, Expr]:
        """lambda_s / lambda_0 of a single datum (s = 1, ``xi_odd``) and of the overlap of two data
        (s = 2, ``xi_even``); xi = -1/ln|ratio|, whatever P.
        """
        layer = BinaryLayer(normalised=True)
        ratios = {
            name: layer.eigenvalue(s, 2) / layer.eigenvalue(0, 2)
            for name, s in (("xi_odd", 1), ("xi_even", 2))
        }
        return {
            name: ratio.replace(sinh, lambda x: tanh(x) * cosh(x)) for name, ratio in ratios.items()
        }

    @property
    def derivation(self) -> Derivation:
        """The characters of a weight and of a copy, and the eigenvalues of products of few
        copies.
        """
        characters = _partition_steps(self.layer, 1)
        c0, c1 = self.layer.characters
        steps = list(characters)
        for s in range(min(self.copies, MOST_SHOWN) + 1):
            summed = Add(*[exp(K * w) * c0 ** (self.copies - s) * (w * c1) ** s for w in STATES])
            eigenvalue = self.blocks[s][0]
            steps.append(
                Step(
                    f"sum one layer on a product of {s} copies",
                    summed,
                    eigenvalue,
                    rf"\lambda_{{{s}}}",
                    steps[0].domain,
                )
            )
        for name, ratio in self.decays.items():
            s = {"xi_odd": 1, "xi_even": 2}[name]
            layer = BinaryLayer(normalised=True)
            before = layer.eigenvalue(s, 2) / layer.eigenvalue(0, 2)
            steps.append(
                Step(
                    f"decay of a product of {s} copies",
                    before,
                    ratio,
                    rf"\lambda_{s} / \lambda_0",
                    steps[0].domain,
                )
            )
        return Derivation("characters of one layer", tuple(steps))

    def check_table(self) -> None:
        """Refuse to list 2^P eigenvalues, or P + 1 blocks, where P is too large."""
        if not self.listed and self.copies > MOST_BLOCKS:
            raise ValueError(
                f"P = {self.copies} data have {self.copies + 1} blocks; at most those of "
                f"{MOST_BLOCKS} data are listed"
            )
        if self.listed and self.copies > LARGEST_TABLE:
            raise ValueError(
                f"P = {self.copies} data have 2^{self.copies} eigenvalues; at most "
                f"2^{LARGEST_TABLE} are listed. "
                f"Use form=blocks, which gives {self.copies + 1} eigenvalues with their "
                f"multiplicities (at most {MOST_BLOCKS} data)"
            )

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the eigenvalues with their multiplicities and the two correlation lengths."""
        shown = dict(names or {})
        rows = [
            rf"\lambda_{{{s}}} &= {tex(value, shown)} \quad (\times {many})"
            for s, (value, many) in enumerate(self.blocks)
        ]
        rows += [
            rf"\xi_{{\mathrm{{{name[3:]}}}}} &= {tex(correlation_length(ratio), shown)}"
            for name, ratio in self.decays.items()
        ]
        return aligned(rows)


@dataclass(frozen=True)
class EitherStiffness(Typeset):
    """One quantity at finite stiffness and in the limit of infinite stiffness (``alpha = inf``),
    where it is another expression.

    Parameters
    ----------
    finite, infinite : Formula
        The same names; the second does not hold alpha.
    """

    finite: Formula
    infinite: Formula

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return both."""
        cases = ((self.finite, r"\alpha < \infty"), (self.infinite, r"\alpha = \infty"))
        sides = (
            (rf"\left.Z\right|_{{{case}}}", value)
            for formula, case in cases
            for value in formula.values.values()
        )
        return aligned(equations(sides, names))

    @property
    def derivation(self) -> Derivation:
        """The steps at finite stiffness."""
        return self.finite.derivation


@exact_arguments
def transfer_spectrum(P: int = 1, normalised: bool = False, form: str = "table") -> BinarySpectrum:
    """Return the spectrum of one layer acting on P copies, as a table of all eigenvalues or in
    blocks of equal ones.

    Examples
    --------
    >>> transfer_spectrum(1).blocks[1]
    (4*sinh(2*alpha)*sinh(k), 1)
    """
    return BinarySpectrum(_count("P", P), bool(normalised), form == "table")


@exact_arguments
def partition_function(
    M: int, x: Sequence[int], y: Sequence[int], normalised: bool = True
) -> EitherStiffness:
    """Return the partition function of M layers with P data as an expression in alpha, k and beta.

    The sum over 2^M weights and 2^(MP) neurons becomes two terms, one for each sign of the product
    of the weights.

    Parameters
    ----------
    M : int
        Number of weight layers.
    x, y : sequence of ±1
        Inputs and targets, one for each datum.
    normalised : bool
        Whether each constraint sums to one.

    Raises
    ------
    ValueError
        If M is not positive, or x and y are not ±1 or differ in length.

    Examples
    --------
    >>> partition_function(3, [1], [1]).infinite.values["value"]
    (-4*sinh(k)**3 + 4*cosh(k)**3)*exp(-4*beta) + 4*sinh(k)**3 + 4*cosh(k)**3
    """
    same, opposite = matches(x, y)
    found = [
        _partition(_count("M", M), same, opposite, BinaryLayer(sharp, normalised))
        for sharp in (False, True)
    ]
    return EitherStiffness(*found)


def _partition(M: int, same: int, opposite: int, layer: BinaryLayer) -> Formula:
    """Z as the sum over the sign of the product of the weights."""
    terms = [
        layer.product_weight(M, sign) * layer.chain(M, same, opposite, sign) for sign in STATES
    ]
    return Formula({"value": Add(*terms)}, _partition_steps(layer, M))


def _partition_steps(layer: BinaryLayer, M: int) -> Derivation:
    """The sums over one weight and one neuron, and the power M of their characters."""
    domain = {ALPHA: SYMBOLS["alpha"].domain, K: SYMBOLS["k"].domain, BETA: SYMBOLS["beta"].domain}
    even, odd = layer.weight_characters()
    c0, c1 = layer.characters
    norm = Add(*[layer.rule(1, g) for g in STATES]) if layer.normalised else Integer(1)
    steps = [
        Step("sum one weight", exp(K) + exp(-K), even, r"\hat p(0)", domain),
        Step("sum one weight with its sign", exp(K) - exp(-K), odd, r"\hat p(1)", domain),
        Step(
            "sum one neuron of one copy",
            (layer.rule(1, 1) + layer.rule(1, -1)) / norm,
            c0,
            "c_0",
            domain,
        ),
        Step(
            "sum one neuron of one copy with its sign",
            (layer.rule(1, 1) - layer.rule(1, -1)) / norm,
            c1,
            "c_1",
            domain,
        ),
    ]
    if M == 2:
        double = Add(*[exp(K * (w + v)) for w in STATES for v in STATES if w * v == 1])
        steps.append(
            Step("two weights of product one", double, layer.product_weight(2, 1), "p_2(+)", domain)
        )
    return Derivation("characters of one layer, raised to the power M", tuple(steps))


@exact_arguments
def weight_magnetization(M: int, x: Sequence[int], y: Sequence[int], sharp: bool = True) -> Formula:
    """Return the averages of one weight and of the product of all weights, by default at infinite
    stiffness.

    Fixing one weight w leaves M - 1 free ones, so the sum over w of w exp(k w) p_(M-1)(w sigma)
    takes the place of p_M(sigma).

    Parameters
    ----------
    M : int
        Number of weight layers.
    x, y : sequence of ±1
        Data.
    sharp : bool
        Whether the stiffness is infinite; otherwise alpha is in the formulas.

    Returns
    -------
    Formula
        ``single`` and ``product``, in k and beta (and alpha).

    Examples
    --------
    >>> free = (
    ...     weight_magnetization(1, [1], [1]).values["single"].subs({SYMBOLS.beta: 0, SYMBOLS.k: 1})
    ... )
    >>> abs(free - tanh(1)).evalf() < 1e-12
    True
    """
    layers, (same, opposite) = _count("M", M), matches(x, y)
    layer = BinaryLayer(sharp, normalised=True)
    cost = {sign: layer.chain(layers, same, opposite, sign) for sign in STATES}
    total = Add(*[layer.product_weight(layers, sign) * cost[sign] for sign in STATES])
    signed = Add(*[sign * layer.product_weight(layers, sign) * cost[sign] for sign in STATES])
    one = Add(
        *[
            w * exp(K * w) * layer.product_weight(layers - 1, w * sign) * cost[sign]
            for w in STATES
            for sign in STATES
        ]
    )
    steps = _magnetization_steps(layer, layers, one, signed, total)
    return Formula({"single": one / total, "product": signed / total}, steps)


def _magnetization_steps(
    layer: BinaryLayer, layers: int, one: Expr, signed: Expr, total: Expr
) -> Derivation:
    """The weights of a given product, the cost of one copy, and the quotients of the sums."""
    domain = {ALPHA: SYMBOLS["alpha"].domain, K: SYMBOLS["k"].domain, BETA: SYMBOLS["beta"].domain}
    steps = list(_partition_steps(layer, 1).steps)
    if layers <= MOST_SHOWN:
        for sign in STATES:
            chosen = [w for w in product(STATES, repeat=layers) if prod(w) == sign]
            summed = Add(*[exp(K * sum(w)) for w in chosen])
            name = f"p_{{{layers}}}({sign:+d})"
            steps.append(
                Step(
                    f"sum the weights of product {sign:+d}",
                    summed,
                    layer.product_weight(layers, sign),
                    name,
                    domain,
                )
            )
    if layer.sharp:
        for match in STATES:
            cost = exp(-BETA * Integer(1 - match) ** 2)
            name = f"z({match:+d})"
            steps.append(
                Step(
                    f"a copy whose output meets its target with sign {match:+d}",
                    cost,
                    layer.one_copy(layers, match),
                    name,
                    domain,
                )
            )
    steps.append(
        Step(
            "weigh the product of the weights",
            signed / total,
            signed / total,
            r"\langle \textstyle\prod W \rangle",
            domain,
        )
    )
    steps.append(
        Step(
            "weigh one weight, the others free",
            one / total,
            one / total,
            r"\langle W \rangle",
            domain,
        )
    )
    return Derivation("sums over the sign of the product of the weights", tuple(steps))


def matches(x: Sequence[int], y: Sequence[int]) -> tuple[int, int]:
    """Return how many data have x = y and how many x = -y.

    Examples
    --------
    >>> matches([1, -1, 1], [1, -1, -1])
    (2, 1)
    """
    if len(x) != len(y) or not len(x):
        raise ValueError(
            f"x and y are lists of the same positive length, got {len(x)} and {len(y)} entries"
        )
    wrong = [value for value in (*x, *y) if isinstance(value, bool) or value not in (1, -1)]
    if wrong:
        raise ValueError(f"the data of a binary network are +1 or -1, got {wrong[0]}")
    same = sum(int(a) == int(b) for a, b in zip(x, y, strict=True))
    return same, len(x) - same


def _count(name: str, number: int) -> int:
    """A positive integer."""
    return positive(name, number)
