r"""Percolation, spanning trees and weak disorder on hierarchical lattices: counts of subgraphs of a
cell.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, product

import networkx as nx
from sympy import (
    Add,
    Expr,
    Integer,
    Interval,
    Matrix,
    Mul,
    Poly,
    Symbol,
    cancel,
    expand,
    log,
    oo,
    resultant,
    sqrt,
)

from neurenorm.graphs.lattices import TwoTerminalCell
from neurenorm.theory.catalogue.problems import Formula
from neurenorm.theory.lattice.models import chosen_cell
from neurenorm.theory.recursion.problems import FixedPointOf
from neurenorm.theory.recursion.recursion import Chart, Recursion
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.typeset.display import Typeset, aligned, equations

__all__ = [
    "WeakDisorder",
    "connection",
    "percolation",
    "random_cluster_sums",
    "spanning_trees",
    "weak_disorder",
]

LATTICE = symbols("lattice")
P, G, Q, V = LATTICE.p, LATTICE.generation, LATTICE.q, LATTICE.v
TREE, FOREST = Symbol("T", positive=True), Symbol("F", positive=True)
MOST_BONDS, MOST_RESPONSES = 14, 6


def _subsets(cell: TwoTerminalCell) -> Iterator[tuple[tuple[int, ...], bool, int]]:
    """Yield which edges are chosen, whether they join the terminals, and the number of clusters that
    hold neither terminal.
    """
    edges = list(cell.graph.edges())
    if len(edges) > MOST_BONDS:
        raise ValueError(
            f"subsets are counted in cells of at most {MOST_BONDS} bonds, this one has {len(edges)}"
        )
    for chosen in product((0, 1), repeat=len(edges)):
        parts: nx.utils.UnionFind[Hashable] = nx.utils.UnionFind(cell.graph)
        for (u, v), taken in zip(edges, chosen, strict=True):
            if taken:
                parts.union(u, v)
        ends = {parts[end] for end in cell.terminals}
        free = len({parts[v] for v in cell.graph} - ends)
        yield chosen, len(ends) == 1, free


def connection(cell: TwoTerminalCell) -> tuple[Expr, Expr]:
    """Return the probability that open bonds join the terminals, as a sum over all sets of open
    bonds, and as a polynomial in the probability p of an open bond.

    Examples
    --------
    >>> from neurenorm.graphs import diamond
    >>> connection(diamond())[1]
    -p**4 + 2*p**2
    """
    terms = [
        Mul(P ** sum(chosen), (1 - P) ** (len(chosen) - sum(chosen)))
        for chosen, joined, _ in _subsets(cell)
        if joined
    ]
    return Add(*terms, evaluate=False), expand(Add(*terms))


def percolation(
    cell: str | None = None, series: int | None = None, parallel: int | None = None
) -> FixedPointOf:
    """State the critical point of bond percolation on a hierarchical lattice, or of the majority
    of the three sites of a triangle.
    """
    if cell == "triangle":
        if series is not None or parallel is not None:
            raise ValueError("give either cell or series and parallel, not both")
        terms = Add(P**3, 3 * P**2 * (1 - P), evaluate=False)
        step, scale, bonds = expand(terms), sqrt(3), 3
    else:
        graph = chosen_cell(cell, series, parallel)
        (terms, step), scale, bonds = connection(graph), Integer(graph.length), graph.bonds
    derivation = Derivation(
        "percolation", (Step("sum over sets of open bonds", terms, step, "p'", {P: _UNIT}),)
    )
    recursion = Recursion((P,), (step,), scale, bonds=bonds, derivation=derivation)
    return FixedPointOf(recursion, Chart({P: P}, {P: P}), _UNIT, "p_c", "y")


_UNIT = Interval(0, 1)


def spanning_trees(
    cell: str | None = None, series: int | None = None, parallel: int | None = None
) -> Formula:
    """Return the number of spanning trees of a hierarchical lattice, and its resistance.

    A bond stands for a lattice with T spanning trees, and F forests of two trees that separate its
    ends. A spanning tree of the cell takes T for each of its edges and F for each other edge, so
    with n vertices and m edges T' = tau T^(n-1) F^(m-n+1), and F' = phi T^(n-2) F^(m-n+2): the
    resistance F/T is multiplied by phi/tau.
    """
    graph = chosen_cell(cell, series, parallel)
    n, m = graph.graph.number_of_nodes(), graph.bonds
    tau, phi = (Integer(_trees(graph, merged)) for merged in (False, True))
    rho, loops = phi / tau, m - n + 1
    closed = log(tau) * (m**G - 1) / (m - 1)
    closed += loops * log(rho) * (m**G - 1 - G * (m - 1)) / Integer(m - 1) ** 2
    once_more = log(tau) + m * closed + loops * G * log(rho)
    domain = {G: LATTICE["generation"].domain}
    steps = [
        Step(
            "trees of one generation more", once_more, closed.subs(G, G + 1), r"\ln T_{g+1}", domain
        )
    ]
    if m <= 5:
        power = tau * TREE ** (n - 1) * FOREST**loops
        steps.insert(0, Step("sum over trees of the cell", _tree_sum(graph), power, "T'", {}))
    return Formula(
        {"log_trees": closed, "resistance": rho**G}, Derivation("spanning trees", tuple(steps))
    )


def _trees(cell: TwoTerminalCell, merged: bool) -> int:
    """The number of spanning trees, of the cell or with its terminals made one."""
    places = {v: i for i, v in enumerate(cell.graph)}
    if merged:
        places[cell.terminals[1]] = places[cell.terminals[0]]
    names = {place: i for i, place in enumerate(dict.fromkeys(places.values()))}
    size = len(names)
    laplacian = Matrix.zeros(size, size)
    for u, v in cell.graph.edges():
        i, j = names[places[u]], names[places[v]]
        if i != j:
            laplacian[i, i] += 1
            laplacian[j, j] += 1
            laplacian[i, j] -= 1
            laplacian[j, i] -= 1
    return int(laplacian[1:, 1:].det(method="bareiss")) if size > 1 else 1


def _tree_sum(cell: TwoTerminalCell) -> Expr:
    """The sum over spanning trees of T for each edge in the tree and F for each other."""
    edges, n = list(cell.graph.edges()), cell.graph.number_of_nodes()
    terms = []
    for tree in combinations(range(len(edges)), n - 1):
        part: nx.MultiGraph = nx.MultiGraph([edges[i] for i in tree])
        if part.number_of_nodes() == n and nx.is_connected(part):
            terms.append(Mul(TREE ** (n - 1), FOREST ** (len(edges) - n + 1), evaluate=False))
    return Add(*terms, evaluate=False)


def random_cluster_sums(cell: TwoTerminalCell, v: list[Symbol] | None = None) -> tuple[Expr, Expr]:
    """Return the sums over sets of edges that join the terminals, and that do not, of the product of
    v = exp(K) - 1 over the set times q for each cluster that holds no terminal.

    The new bond of a Potts cell has v' = (first)/(second), whatever the bonds of the cell are.

    Examples
    --------
    >>> from neurenorm.graphs import series_cell
    >>> random_cluster_sums(series_cell(2))
    (v**2, q + 2*v)
    """
    bonds = [V] * cell.bonds if v is None else v
    sums = [Integer(0), Integer(0)]
    for chosen, joined, free in _subsets(cell):
        term = Mul(*(b for b, taken in zip(bonds, chosen, strict=True) if taken), Q**free)
        sums[not joined] += term
    return sums[0], sums[1]


@dataclass(frozen=True)
class WeakDisorder(Typeset):
    """Whether weak disorder of the couplings is relevant at the critical point of a Potts cell.

    Parameters
    ----------
    critical : Expr
        Vanishes at the critical v, for every q.
    responses : tuple of Expr
        lambda_i = dK'/dK_i at equal bonds, in v and q.
    scale, bonds : Expr
    marginal : Expr
        A polynomial in q that vanishes where the sum of lambda_i^2 is 1.
    derivation : Derivation
    """

    critical: Expr
    responses: tuple[Expr, ...]
    scale: Expr
    bonds: Expr
    marginal: Expr
    derivation: Derivation

    @property
    def variance(self) -> Expr:
        """The sum of lambda_i^2, by which the variance of weak disorder is multiplied."""
        return cancel(Add(*(r**2 for r in self.responses)))

    @property
    def thermal(self) -> Expr:
        """The sum of lambda_i = b^y."""
        return cancel(Add(*self.responses))

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the critical point and the eigenvalue of weak disorder."""
        rows = [("0", self.critical), (r"\textstyle\sum_i \lambda_i", self.thermal)]
        rows += [(r"\textstyle\sum_i \lambda_i^2", self.variance)]
        return aligned(equations(rows, names))


def weak_disorder(
    cell: str | None = None, series: int | None = None, parallel: int | None = None
) -> WeakDisorder:
    """State the criterion of Harris for the Potts model on a hierarchical lattice."""
    graph = chosen_cell(cell, series, parallel)
    if graph.bonds > MOST_RESPONSES:
        raise ValueError(
            f"weak disorder is derived for cells of at most {MOST_RESPONSES} bonds, this one has "
            f"{graph.bonds}"
        )
    bonds = [Symbol(f"v{i}", positive=True) for i in range(graph.bonds)]
    joined, apart = random_cluster_sums(graph, bonds)
    alike = dict.fromkeys(bonds, V)
    responses = []
    for bond in bonds:
        top = joined.diff(bond) * apart - joined * apart.diff(bond)
        whole = apart * (joined + apart)
        responses.append(cancel((1 + V) * (top / whole).subs(alike)))
    one, other = joined.subs(alike), apart.subs(alike)
    critical = cancel((one - V * other) / V)
    variance = cancel(Add(*(r**2 for r in responses)))
    marginal = resultant(
        Poly(critical, V), Poly(variance.as_numer_denom()[0] - variance.as_numer_denom()[1], V)
    )
    thermal = cancel((1 + V) * (cancel(one / other)).diff(V) / (1 + cancel(one / other)))
    step = Step(
        "the responses of all bonds add up to dK'/dK",
        Add(*responses),
        thermal,
        r"\textstyle\sum_i \lambda_i",
        {Q: Interval(1, oo), V: Interval.open(0, oo)},
    )
    return WeakDisorder(
        critical,
        tuple(responses),
        Integer(graph.length),
        Integer(graph.bonds),
        marginal.as_expr() if isinstance(marginal, Poly) else marginal,
        Derivation("weak disorder", (step,)),
    )
