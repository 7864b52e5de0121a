r"""The Ising model on a planar periodic graph, exactly, by the determinant of Kac and Ward.

With directed edges e, e', the matrix Lambda has the entry exp(i alpha/2) exp(i k.n) where e' begins
at the end of e (n cells away) and does not run back; alpha is the turn from e to e'. Then

    ln Z per cell = V ln 2 + E ln cosh K + 1/2 times the mean over k of ln det(1 - tanh K Lambda(k)).

At k = 0 the determinant is the square of r(t), the sum over the even subgraphs of one cell on a
torus of t^(number of edges), with a minus sign for those that wind around the torus an odd number of
times in some direction. The critical point is the smallest root of r between 0 and 1.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from sympy import Expr, I, Integer, Interval, Matrix, Rational, Symbol, expand, eye, factor, sqrt

from neurenorm.graphs.crystals import kagome, square_octagon
from neurenorm.graphs.lattices import honeycomb, square, triangular
from neurenorm.graphs.periodic.embedding import check_planar, steps_of
from neurenorm.graphs.periodic.metric import Row
from neurenorm.graphs.periodic.periodic import PeriodicGraph
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.typeset.display import Typeset, aligned, equations

__all__ = ["PLANAR", "PlanarIsing", "critical_polynomial", "kac_ward", "planar_ising"]

LATTICE = symbols("lattice")
T = LATTICE.t
PLANAR = {
    "square": square,
    "triangular": triangular,
    "honeycomb": honeycomb,
    "kagome": kagome,
    "square-octagon": square_octagon,
}
MOST_EDGES = 16
SHOWN_EDGES = 2


@dataclass(frozen=True)
class PlanarIsing(Typeset):
    """Free energy, energy and critical coupling of the Ising model on a planar periodic graph.

    Parameters
    ----------
    graph : PeriodicGraph
        With a metric in which its straight edges do not cross.

    Raises
    ------
    NoMetric, ValueError
        As `neurenorm.graphs.check_planar`, or if a cell has more than 16 edges.

    Examples
    --------
    >>> PlanarIsing(triangular()).polynomial
    t**3 - 3*t**2 - 3*t + 1
    """

    graph: PeriodicGraph

    def __post_init__(self) -> None:
        check_planar(self.graph)
        if len(self.graph.edges) > MOST_EDGES:
            raise ValueError(
                f"a cell of at most {MOST_EDGES} edges is needed, this one has "
                f"{len(self.graph.edges)}"
            )

    @property
    def polynomial(self) -> Expr:
        """r(t), the square root of the determinant at k = 0."""
        return critical_polynomial(self.graph)

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the free energy and the equation of the critical point."""
        v, e = len(self.graph.vertices), len(self.graph.edges)
        rows = [
            rf"\frac{{1}}{{N_{{\text{{cells}}}}}} \ln Z &= {v if v > 1 else ''} \ln 2 + {e} \ln"
            r" \cosh K + \frac{1}{2} \int \frac{d^2 k}{(2\pi)^2} \ln \det (1 - t\, \Lambda(k))",
            *equations([("0", self.polynomial)], names),
        ]
        return aligned(rows)

    @property
    def derivation(self) -> Derivation:
        """The determinant of the square lattice term by term, and that at k = 0 as a square."""
        r = self.polynomial
        if len(self.graph.edges) > SHOWN_EDGES:
            return Derivation("planar Ising model", (Step("even subgraphs", r, r, "r", _T),))
        whole = expand((eye(2 * len(self.graph.edges)) - T * kac_ward(self.graph)).det())
        step = Step("the determinant at k = 0 is a square", whole, r**2, r"\det", _T)
        return Derivation("planar Ising model", (step,))


_T = {T: Interval(0, 1)}


def planar_ising(lattice: str = "square") -> PlanarIsing:
    """State the Ising model on a lattice of a name."""
    return PlanarIsing(PLANAR[lattice]())


def critical_polynomial(graph: PeriodicGraph) -> Expr:
    """Return r(t), the sum over even subgraphs of one cell on a torus, with their signs.

    Examples
    --------
    >>> critical_polynomial(square())
    -t**2 - 2*t + 1
    """
    counts: dict[int, int] = {}
    for chosen in product((0, 1), repeat=len(graph.edges)):
        degree: dict[Hashable, int] = dict.fromkeys(graph.vertices, 0)
        winding = [0] * graph.dimension
        for edge, taken in zip(graph.edges, chosen, strict=True):
            if taken:
                degree[edge.tail] += 1
                degree[edge.head] += 1
                winding = [x + n for x, n in zip(winding, edge.offset, strict=True)]
        if all(d % 2 == 0 for d in degree.values()):
            sign = -1 if any(x % 2 for x in winding) else 1
            counts[sum(chosen)] = counts.get(sum(chosen), 0) + sign
    return sum((Integer(c) * T**n for n, c in counts.items()), Integer(0))


def kac_ward(graph: PeriodicGraph, phases: Sequence[Expr] | None = None) -> Matrix:
    """Return Lambda, exactly, with the factors exp(i k.a_i) given (by default 1, that is k = 0).

    Its rows and columns are the edges in their order, each followed by its reverse.

    Examples
    --------
    >>> kac_ward(square()).shape
    (4, 4)
    """
    check_planar(graph)
    factors = [Integer(1)] * 2 if phases is None else list(phases)
    edges: list[tuple[Hashable, Hashable, tuple[int, ...], Row]] = []
    for step, edge in steps_of(graph):
        back = tuple(-x for x in step)
        edges.append((edge.tail, edge.head, tuple(edge.offset), step))
        edges.append((edge.head, edge.tail, tuple(-n for n in edge.offset), back))

    def entry(row: int, column: int) -> Expr:
        """The weight of a turn from one directed edge to another."""
        _, head, offset, step = edges[row]
        tail, _, _, new = edges[column]
        if head != tail or column == row ^ 1:
            return Integer(0)
        turned = _half_turn(graph, step, new)
        for phase, n in zip(factors, offset, strict=True):
            turned *= phase**n
        return turned

    return Matrix(len(edges), len(edges), entry)


def _half_turn(graph: PeriodicGraph, one: Row, other: Row) -> Expr:
    """exp(i alpha/2) with alpha the turn between two vectors, |alpha| < pi."""
    metric = graph.metric
    assert metric is not None
    lengths = metric.squared_length(one) * metric.squared_length(other)
    cosine = _rational(metric.product(one, other)) / sqrt(_rational(lengths))
    area = one[0] * other[1] - one[1] * other[0]
    side = Integer((area > 0) - (area < 0))
    return sqrt((1 + cosine) / 2) + I * side * sqrt((1 - cosine) / 2)


def _rational(x: Fraction) -> Rational:
    """A fraction as an expression."""
    return Rational(x.numerator, x.denominator)


def factored(graph: PeriodicGraph) -> Expr:
    """Return r(t) in factors over the rationals.

    Examples
    --------
    >>> factored(triangular())
    (t + 1)*(t**2 - 4*t + 1)
    """
    return factor(critical_polynomial(graph))
