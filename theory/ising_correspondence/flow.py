"""Our realization of the correspondence between fully connected networks and the renormalization of
the Ising chain: block layers and supervised training.

A network is fed with configurations of the chain at coupling K, t = tanh K. Two exact statements
carry the correspondence:

* the outputs of any odd block layer decay as ⟨h_0 h_r⟩ = Z² (t^b)^r, so the coupling read off the
  decay is artanh t^b whatever the weights are;
* a tanh unit trained to predict the spin at distance r has the unique optimal weight artanh t^r on
  the last spin and none on the others: it decimates.

What the sentence "the output coupling tends to the fixed point" means in the paper is not known to
us; `READINGS` lists the candidates, with what each is worth.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

from sympy import (
    Add,
    Expr,
    Interval,
    Matrix,
    Range,
    Rational,
    Symbol,
    atanh,
    cancel,
    cosh,
    log,
    sqrt,
    tanh,
)

from neurenorm.graphs.lattices import series_cell
from neurenorm.theory.catalogue.problems import Formula, OverRing, Ring
from neurenorm.theory.decimation.cell import cell_recursion
from neurenorm.theory.decimation.model import ISING
from neurenorm.theory.decimation.series import character_steps
from neurenorm.theory.ising_correspondence.hidden_chain import HiddenChain, ising_chain
from neurenorm.theory.ising_correspondence.units import BlockUnit
from neurenorm.theory.recursion.recursion import Recursion
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.typeset.display import aligned, tex

__all__ = [
    "READINGS",
    "BlockInformation",
    "BlockOutput",
    "Reading",
    "chain_flow",
    "mutual_information",
    "output_coupling",
    "prediction_layer",
    "weight_bias",
    "weight_spread",
]

SUBJECT = symbols("ising-correspondence")
K, T, B, DEPTH, R, SAMPLES, W, N = (
    SUBJECT.K,
    SUBJECT.t,
    SUBJECT.b,
    SUBJECT.depth,
    SUBJECT.r,
    SUBJECT.n,
    SUBJECT.w,
    SUBJECT.N,
)
LONGEST_SHOWN = 30
OPEN_UNIT = Interval.open(0, 1)


@dataclass(frozen=True)
class Reading:
    """One thing that "the limit of the output coupling equals the fixed point" can mean.

    Parameters
    ----------
    key : str
        Its letter.
    limit : str
        What goes to infinity.
    statement : str
        What is true in that reading.
    evidence : bool
        Whether it tells a renormalization from any other map; where it does not, it is a control.

    Examples
    --------
    >>> [reading.key for reading in READINGS if not reading.evidence]
    ['B', 'F']
    """

    key: str
    limit: str
    statement: str
    evidence: bool


READINGS = (
    Reading(
        "A",
        "depth",
        "each layer of a supervised stack at its optimum: output coupling artanh t^(b^L), to the "
        "stable fixed point 0",
        True,
    ),
    Reading("B", "width", "outputs of one dense layer decouple as N^(-1/2), trained or not", False),
    Reading(
        "C",
        "distance",
        "the trained weight of a prediction layer is artanh t^r, to 0 with the distance r",
        True,
    ),
    Reading(
        "D",
        "training time",
        "a half-width machine trained by divergence copies every second spin: coupling artanh t^2; "
        "stacked, to 0",
        True,
    ),
    Reading(
        "E",
        "none: one masked layer",
        "the trained weight matrix is the coupling matrix of the retained spins: artanh t^b "
        "between neighbours, else 0",
        True,
    ),
    Reading(
        "F",
        "none: temperature labels",
        "weights are differences of couplings and biases of free energies; nothing flows",
        False,
    ),
)


def chain_flow(b: int = 2) -> Recursion:
    """Return the renormalization of the chain's coupling by decimation of b bonds to one.

    Parameters
    ----------
    b : int
        Scale factor, at least 2.

    Examples
    --------
    >>> chain_flow(2).step
    (log(cosh(2*K))/2,)
    """
    return cell_recursion(series_cell(b), ISING, {K: lambda s, s_next: s * s_next})


def output_coupling() -> Formula:
    """Return the coupling of the outputs of a stack that decimates: K_L = artanh((tanh K)^(b^L)).

    A layer of blocks of b spins leaves a bond for every b bonds, whose character is t^b for every
    b, by induction on b. L layers raise it to the power b^L. Its limit at infinite depth is the
    stable fixed point K = 0.

    Examples
    --------
    >>> from sympy import N
    >>> N(output_coupling().values["K"].subs({K: 1, B: 2, DEPTH: 1}), 10)
    0.6625013737
    """
    derivation = Derivation("coupling of the output", character_steps(K, B))
    value = atanh(tanh(K) ** (B**DEPTH))
    twice = atanh(tanh(atanh(tanh(K) ** B)) ** B)
    domain = {K: Interval(0, 2), B: Range(2, 5)}
    derivation = derivation.then(
        Step(
            "two layers are one layer of blocks of b^2", twice, value.subs(DEPTH, 2), "K_2", domain
        )
    )
    return Formula({"K": value}, derivation)


@dataclass(frozen=True)
class BlockOutput(OverRing):
    """Outputs of a stack of equal block layers: ⟨h_0 h_1⟩, and the ratio ⟨h_0 h_2⟩ / ⟨h_0 h_1⟩ by
    which the correlation decays.

    Parameters
    ----------
    unit : BlockUnit
    depth : int
        Number of layers.

    Examples
    --------
    >>> from neurenorm.theory.ising_correspondence.units import decimation
    >>> BlockOutput(decimation(2), depth=2).values(ising_chain())["nearest"].as_expr()
    t**4
    """

    unit: BlockUnit
    depth: int = 1

    def over(self, ring: Ring) -> dict[str, Any]:
        """Return the two values as elements of a ring, at the coupling that it holds."""
        return self.values(_chain_over(ring))

    def values(self, chain: HiddenChain) -> dict[str, Any]:
        """Return the two values in the arithmetic of a chain."""
        output = chain.through(self.unit, self.depth)
        return {"nearest": output.correlation(1), "ratio": output.decay}

    @property
    def spins(self) -> int:
        """Number of spins under one output of the last layer."""
        return int(self.unit.size**self.depth)

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the two polynomials in t, or where they are too long to read, how they are
        made.
        """
        if self.spins > LONGEST_SHOWN:
            near, ratio = (
                r"\langle h_0 h_1\rangle",
                r"\langle h_0 h_2\rangle / \langle h_0 h_1\rangle",
            )
            return rf"{near} = c_R c_L t, \quad {ratio} = t^{{{self.spins}}}, \quad t = \tanh K"
        chain = ising_chain()
        nearest, ratio = (
            tex(chain.expression(value).factor(), names) for value in self.values(chain).values()
        )
        rows = [
            rf"\langle h_0 h_1\rangle &= {nearest}",
            rf"\langle h_0 h_2\rangle / \langle h_0 h_1\rangle &= {ratio}",
            r"t &= \tanh K",
        ]
        return aligned(rows)

    @property
    def derivation(self) -> Derivation:
        """The overlaps of an output with the ends of its block, and the two correlations made of
        them (for few spins).
        """
        title = Derivation(f"correlations of the outputs of {self.unit.name}")
        if self.spins > LONGEST_SHOWN or self.depth == 0:
            return title
        output = ising_chain().through(self.unit, self.depth)
        (right, left), shown, domain = output.amplitudes, output.expression, {T: OPEN_UNIT}
        steps = [
            Step(
                "an output and its neighbour see each other through one bond",
                shown(right) * T * shown(left),
                shown(output.correlation(1)),
                "c_R t c_L",
                domain,
            )
        ]
        if right != 0 and left != 0:
            ratio = shown(output.correlation(2)) / shown(output.correlation(1))
            steps.append(
                Step(
                    "one more block between them",
                    ratio,
                    shown(output.decay),
                    r"\langle h_0 h_2\rangle / \langle h_0 h_1\rangle",
                    domain,
                )
            )
        return title.then(*steps)


@dataclass(frozen=True)
class BlockInformation(OverRing):
    """Mutual information, in nats, between an output and its environment: one neighbouring spin, or
    both.

    The chain is Markov, so the whole environment on one side is as good as its nearest spin.

    Parameters
    ----------
    unit : BlockUnit

    Examples
    --------
    >>> from neurenorm.theory.ising_correspondence.units import decimation
    >>> laws = BlockInformation(decimation(2)).laws(ising_chain())
    >>> laws["one_sided"][1, 1].as_expr()
    t/4 + 1/4
    """

    unit: BlockUnit

    def over(self, ring: Ring) -> dict[str, Any]:
        """Return both informations as elements of a ring, at the coupling that it holds."""
        laws = self.laws(_chain_over(ring))
        return {name: mutual_information(law) for name, law in laws.items()}

    def laws(self, chain: HiddenChain) -> dict[str, dict[tuple[Any, Any], Any]]:
        """Return the joint laws of (output, environment) in the arithmetic of a chain; the
        environment is a spin or a pair.
        """
        joint = chain.through(self.unit).environment()
        one_sided = {
            (h, s): joint[1, h, s] + joint[-1, h, s] for h, s in product((1, -1), repeat=2)
        }
        return {
            "one_sided": one_sided,
            "two_sided": {(h, (left, right)): weight for (left, h, right), weight in joint.items()},
        }

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the definition and the joint law with the spin on the right."""
        law = self.laws(ising_chain())["one_sided"]
        rows = [
            rf"P({_sign(h)},{_sign(s)}) &= {tex(weight.as_expr().factor(), names)}"
            for (h, s), weight in law.items()
        ]
        return aligned([r"I &= \sum P(h,e) \ln \frac{P(h,e)}{P(h)\,P(e)}", *rows, r"t &= \tanh K"])

    @property
    def derivation(self) -> Derivation:
        """The overlap of the output with the spin on its right, which fixes the one-sided
        information.
        """
        chain = ising_chain().through(self.unit)
        law = self.laws(ising_chain())["one_sided"]
        mean = Add(*[h * s * weight.as_expr() for (h, s), weight in law.items()])
        step = Step(
            "correlation of the output with the next spin",
            mean,
            chain.expression(chain.amplitudes[0]) * T,
            "E[h s]",
            {T: OPEN_UNIT},
        )
        return Derivation(f"information kept by {self.unit.name}").then(step)


def _chain_over(ring: Ring) -> HiddenChain:
    """The chain of spins in the arithmetic of a ring."""
    return ising_chain(ring.number(ring.numbers["K"]).tanh(), ring.number)


def mutual_information(law: Mapping[tuple[Any, Any], Any]) -> Any:
    """Return the mutual information of two variables, in nats: Σ P(a, b) ln P(a, b)/(P(a) P(b)).

    Parameters
    ----------
    law : mapping of pair to ring element
        Joint probabilities, all positive, whose elements know their logarithm (``log``).

    Examples
    --------
    >>> from flint import arb
    >>> mutual_information({(a, b): arb(1) / 4 for a in (1, -1) for b in (1, -1)})
    0
    """
    first: dict[Any, Any] = {}
    second: dict[Any, Any] = {}
    for (a, b), weight in law.items():
        first[a] = first.get(a, 0) + weight
        second[b] = second.get(b, 0) + weight
    return sum(weight * (weight / (first[a] * second[b])).log() for (a, b), weight in law.items())


def _sign(spin: int) -> str:
    """Return + or -."""
    return "+" if spin == 1 else "-"


def prediction_layer() -> Formula:
    """Return the optimal weight on the last spin and the minimal cross-entropy of a layer that
    predicts the spin at distance r.

    The unit tanh(W·s) sees the spins 1 … N of the chain; the target e is the spin N + r, and the
    loss E[ln 2 cosh(W·s) - e W·s]. At W = (0, …, 0, w) every component of the gradient is (tanh w -
    t^r) times a correlation, so w = artanh t^r makes all vanish; the loss is convex, hence this is
    the optimum.

    Returns
    -------
    Formula
        ``weight`` and ``loss`` (nats) in K and r.

    Examples
    --------
    >>> from sympy import N
    >>> values = prediction_layer().values
    >>> N(values["weight"].subs({K: 1, R: 2}), 10), N(values["loss"].subs({K: 1, R: 2}), 10)
    (0.6625013737, 0.5139396724)
    """
    loss = _loss_of(T**R)
    gradient = loss.diff(W)
    optimum = atanh(T**R)
    _require({"gradient": (gradient - (tanh(W) - T**R)).subs(W, atanh(SUBJECT.u))})
    domain = {W: Interval(-2, 2), T: OPEN_UNIT, R: Range(1, 6)}
    derivation = Derivation("optimal prediction layer").then(*_gradient_steps(spins=3, r=2))
    derivation = derivation.then(
        Step(
            "slope along the last weight",
            gradient,
            tanh(W) - T**R,
            r"\partial_w \mathcal{L}",
            domain,
        )
    )
    least = loss.subs(W, optimum)
    shown = log(2) - log(1 - T ** (2 * R)) / 2 - T**R * optimum
    derivation = derivation.then(
        Step(
            "the loss at its minimum", least, shown, r"\mathcal{L}", {T: OPEN_UNIT, R: Range(1, 6)}
        )
    )
    return Formula({"weight": optimum.subs(T, tanh(K)), "loss": shown.subs(T, tanh(K))}, derivation)


def _loss_of(correlation: Expr) -> Expr:
    """Return the loss for a weight w on the last spin, whose correlation with the target is given:
    both have fair signs.
    """
    terms = [
        (1 + correlation * s * e) / 4 * (log(2 * cosh(W)) - e * s * W)
        for s, e in product((1, -1), repeat=2)
    ]
    return Add(*terms).expand()


def _gradient_steps(spins: int, r: int) -> Iterator[Step]:
    """Yield the exact components of the gradient, each a sum over all configurations of the spins
    and the target.
    """
    chain = ising_chain()
    configurations = list(product((1, -1), repeat=spins + r))
    weights = {c: chain.probability(c) for c in configurations}
    for i in range(spins):
        tilt = sum(
            (weight * (c[spins - 1] * c[i]) for c, weight in weights.items()), start=0 * chain.bond
        )
        target = sum(
            (weight * (c[-1] * c[i]) for c, weight in weights.items()), start=0 * chain.bond
        )
        before = tanh(W) * tilt.as_expr() - target.as_expr()
        after = (tanh(W) - T**r) * T ** (spins - 1 - i)
        _require({"gradient": before - after})
        yield Step(
            f"slope along the weight of spin {i + 1} of {spins}, r = {r}",
            before,
            after,
            rf"g_{i + 1}",
            {W: Interval(-2, 2), T: OPEN_UNIT},
        )


def weight_spread() -> Formula:
    """Return the standard errors of trained weights from n samples: the inverse of n times the
    curvature (1 - t^(2r)) C of the loss at its optimum.

    C_ij = t^|i-j| is the covariance of the spins; its inverse is tridiagonal.

    Examples
    --------
    >>> from sympy import N
    >>> N(weight_spread().values["last"].subs({K: 1, R: 2, SAMPLES: 20000}), 5)
    0.013395
    """
    inverse = Matrix(4, 4, lambda i, j: T ** abs(i - j)).inv(method="ADJ").applyfunc(cancel)
    outer, inner = inverse[3, 3], inverse[1, 1]
    _require(
        {
            "tridiagonal": inverse[0, 2],
            "ends": inverse[0, 0] - outer,
            "interior": inverse[2, 2] - inner,
        }
    )
    scale = SAMPLES * (1 - T ** (2 * R))
    values = {"last": sqrt(outer / scale), "interior": sqrt(inner / scale)}
    return Formula({name: value.subs(T, tanh(K)) for name, value in values.items()})


def weight_bias() -> Formula:
    """Return by how much the trained weight on the last of N spins is too large on average, to
    first order in 1/n.

    At the optimum the loss of a sample has the curvature (1 - τ²) x xᵀ and the third derivative -2
    τ (1 - τ²) x x x, τ = t^r x_N. Expanding the condition of a minimum to second order gives the
    bias C⁻¹ ⟨x x_N xᵀC⁻¹x⟩ t^r/(n (1 - t^(2r))), whose last entry is N + 2 t²/(1 - t²) times that
    factor: the sum over bonds, which is enumerated for chains of 2, 3 and 4 spins.

    Examples
    --------
    >>> weight_bias().values["last"].subs({K: 1, R: 2, SAMPLES: 20000, N: 8}).evalf(4)
    0.0004704
    """
    last = {length: _last_entry(length) - length - 2 * T**2 / (1 - T**2) for length in (2, 3, 4)}
    _require({f"bias of {length} spins": cancel(gap) for length, gap in last.items()})
    value = (N + 2 * T**2 / (1 - T**2)) * T**R / (SAMPLES * (1 - T ** (2 * R)))
    return Formula({"last": value.subs(T, tanh(K))})


def _last_entry(length: int) -> Expr:
    """Last entry of C⁻¹ ⟨x x_N xᵀC⁻¹x⟩ on a chain of a few spins, by enumeration."""
    inverse = (
        Matrix(length, length, lambda i, j: T ** abs(i - j)).inv(method="ADJ").applyfunc(cancel)
    )
    total = Matrix.zeros(length, 1)
    for signs in product((1, -1), repeat=length):
        x, weight = Matrix(signs), Rational(1, 2)
        for a, b in pairwise(signs):
            weight *= (1 + T * a * b) / 2
        total += weight * signs[-1] * (x.T * inverse * x)[0] * x
    return cancel((inverse * total)[length - 1])


def _require(differences: Mapping[Any, Expr]) -> None:
    """Raise an error where a difference that the derivation needs to vanish does not."""
    wrong = {name: value for name, value in differences.items() if cancel(value.expand()) != 0}
    if wrong:
        raise ArithmeticError(f"a step of the derivation fails: {wrong}")
