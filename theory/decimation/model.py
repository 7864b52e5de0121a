"""Finite-alphabet models: which values each vertex takes, and the local Boltzmann weights that tie
vertices together.

A model is ``{vertex: alphabet}`` with two kinds of local weight: a `Term` multiplies the weight by
exp(coupling * function), a `Kernel` by a non-negative rational number (zero for a forbidden
configuration, which is how a block variable or a conditional law is tied to the spins it
summarises).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import networkx as nx
from sympy import Expr, Integer, Rational, Symbol, cos, false, pi, sin, true

from neurenorm.graphs.arguments import whole_number
from neurenorm.graphs.rendering import Tabulated
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.log_weights import exact_number
from neurenorm.theory.algebra.reading import expression_of, shown

__all__ = ["ISING", "Alphabet", "Kernel", "Model", "Term", "bond_model", "clock", "finite", "potts"]

Vertex = Hashable
Values = Callable[..., Any]


@dataclass(frozen=True)
class Alphabet(Tabulated):
    """The values a vertex takes, and the functions in which an effective log-weight is expanded.

    Parameters
    ----------
    name : str
        For messages.
    states : tuple
        The numbers handed to the functions of a `Term`.
    labels : tuple of str
        LaTeX of the basis functions, with ``{}`` where the vertex goes; the first is the constant
        1.
    basis, dual : tuple of tuple
        ``basis[k][s]`` is basis function k at state s; ``dual`` is its inverse: coefficient k is
        the sum over s of ``dual[k][s]`` times the log-weight.
    size : sympy.Expr
        Number of states; a symbol is allowed where the weights have the declared symmetry.
    symmetric : bool
        Whether the weights depend only on which vertices agree (the permutation group of the
        alphabet). Then states are summed orbit by orbit.

    Examples
    --------
    >>> ISING.size, ISING.states
    (2, (1, -1))
    """

    name: str
    states: tuple[Expr, ...]
    labels: tuple[str, ...]
    basis: tuple[tuple[Expr, ...], ...]
    dual: tuple[tuple[Expr, ...], ...]
    size: Expr
    symmetric: bool = False


def _integers(*rows: Sequence[int]) -> tuple[tuple[Expr, ...], ...]:
    """Return rows of SymPy integers."""
    return tuple(tuple(Integer(value) for value in row) for row in rows)


_HALF = Rational(1, 2)
LARGEST_CLOCK = 100
ISING = Alphabet(
    "Ising",
    _integers((1, -1))[0],
    ("1", "s_{{{}}}"),
    _integers((1, 1), (1, -1)),
    ((_HALF, _HALF), (_HALF, -_HALF)),
    Integer(2),
)


def finite(states: Sequence[Any], name: str = "finite") -> Alphabet:
    """Return an alphabet of arbitrary exact numbers, expanded in indicators relative to the first
    state.

    Examples
    --------
    >>> finite([0, 1]).basis
    ((1, 1), (0, 1))
    """
    values = tuple(_exact(state, "a state") for state in states)
    if len(values) < 2 or len(set(values)) != len(values):
        raise ValueError(f"an alphabet needs at least two different states, got {tuple(states)}")
    size = len(values)
    basis = [[1] * size] + [[int(s == k) for s in range(size)] for k in range(1, size)]
    dual = [[int(s == 0) for s in range(size)]] + [
        [int(s == k) - int(s == 0) for s in range(size)] for k in range(1, size)
    ]
    labels = ("1", *(rf"\delta_{{{{{{}},{state}}}}}" for state in values[1:]))
    return Alphabet(name, values, labels, _integers(*basis), _integers(*dual), Integer(size))


def clock(n: int) -> Alphabet:
    """Return the n clock positions, whose states are the angles 2 pi a / n, expanded in real
    Fourier modes.

    Examples
    --------
    >>> clock(4).states
    (0, pi/2, pi, 3*pi/2)
    """
    n = whole_number(n, "the number of positions of a clock, at least 2,", 2, LARGEST_CLOCK)
    angles = tuple(2 * pi * a / n for a in range(n))
    labels, basis, norms = ["1"], [[Integer(1)] * n], [n]
    for k in range(1, (n - 1) // 2 + 1):
        times = "" if k == 1 else str(k)
        labels += [rf"\cos {times}\theta_{{{{{{}}}}}}", rf"\sin {times}\theta_{{{{{{}}}}}}"]
        basis += [[cos(k * angle) for angle in angles], [sin(k * angle) for angle in angles]]
        norms += [Rational(n, 2), Rational(n, 2)]
    if n % 2 == 0:
        labels.append(rf"\cos {n // 2}\theta_{{{{{{}}}}}}")
        basis.append([Integer((-1) ** a) for a in range(n)])
        norms.append(n)
    rows = tuple(tuple(row) for row in basis)
    dual = tuple(
        tuple(value / norm for value in row) for row, norm in zip(rows, norms, strict=True)
    )
    return Alphabet(f"{n}-clock", angles, tuple(labels), rows, dual, Integer(n))


@exact_arguments
def potts(q: int | Symbol) -> Alphabet:
    """Return q equivalent states, q an integer or a symbol: weights may depend only on which
    vertices agree.

    Examples
    --------
    >>> potts(Symbol("q")).symmetric
    True
    """
    size = expression_of(q)
    if size.is_number and not (size.is_Integer and size >= 2):
        raise ValueError(
            f"the number of Potts states must be an integer of at least 2 or a symbol, got {q!r}"
        )
    return Alphabet("Potts", (), (), (), (), size, symmetric=True)


def _exact(value: Any, what: str) -> Expr:
    """Return a value as an exact SymPy number, or say why it is none."""
    try:
        number = None if isinstance(value, str) else expression_of(value)
    except TypeError:
        number = None
    if number in (true, false):  # a comparison of states, which are SymPy numbers
        number = Integer(bool(number))
    if (
        not isinstance(number, Expr)
        or not number.is_number
        or not number.is_finite
        or not number.is_extended_real
    ):
        raise ValueError(f"{what} must be a finite real number, got {value!r}")
    if number.is_Float or any(atom.is_Float for atom in number.atoms()):
        raise ValueError(f"{what} must be exact (write Rational(1, 10), not 0.1), got {value!r}")
    return exact_number(number)


@dataclass(frozen=True)
class Term(Tabulated):
    """A factor exp(coupling * function(values of the vertices in scope)).

    Examples
    --------
    >>> Term(Symbol("K"), ("a", "b"), lambda s, t: s * t).value((1, -1))
    -1
    """

    coupling: Symbol
    scope: tuple[Vertex, ...]
    function: Values

    def value(self, states: Sequence[Any]) -> Expr:
        """Return the exact number that multiplies the coupling."""
        if any(isinstance(state, str | bytes | list | dict) for state in states):
            raise TypeError(f"states are numbers, got {shown(states)}")
        return _exact(self.function(*states), f"the function of {self.coupling} on {self.scope}")


@dataclass(frozen=True)
class Kernel(Tabulated):
    """A factor function(values of the vertices in scope): a non-negative rational, zero where the
    configuration is forbidden.

    The values are SymPy numbers (integers from 0 for Potts states); a comparison of them (s == t, s
    < t) counts as 1 or 0.

    Examples
    --------
    >>> Kernel(("block", "a", "b"), lambda block, a, b: block == a * b).value((1, -1, -1))
    1
    """

    scope: tuple[Vertex, ...]
    function: Values

    def value(self, states: Sequence[Any]) -> Rational:
        """Return the weight as an exact rational."""
        number = _exact(self.function(*states), f"the kernel on {self.scope}")
        if not number.is_Rational or number < 0:
            raise ValueError(
                f"the kernel on {self.scope} must give non-negative rationals, got {number}"
            )
        return number


@dataclass(frozen=True)
class Model(Tabulated):
    """A finite-alphabet statistical model on named vertices.

    Parameters
    ----------
    alphabets : mapping of vertex to Alphabet
    terms : tuple of Term
    kernels : tuple of Kernel
    functions : mapping of Symbol to callable
        The functions of a bond, where all bonds are alike: they are the basis in which a new bond
        between two kept terminals is read off.

    Examples
    --------
    >>> K = Symbol("K", real=True)
    >>> Model({"a": ISING, "b": ISING}, (Term(K, ("a", "b"), lambda s, t: s * t),)).couplings
    (K,)
    """

    alphabets: Mapping[Vertex, Alphabet]
    terms: tuple[Term, ...]
    kernels: tuple[Kernel, ...] = ()
    functions: Mapping[Symbol, Values] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for factor in self.factors:
            missing = [vertex for vertex in factor.scope if vertex not in self.alphabets]
            if missing:
                raise ValueError(f"a local weight touches {missing}, which have no alphabet")
            if len(set(factor.scope)) != len(factor.scope):
                raise ValueError(
                    f"a local weight names a vertex twice in its scope {factor.scope}; a self-loop "
                    "is no interaction"
                )
        names: dict[str, Symbol] = {}
        for symbol in (*self.couplings, *sorted(self.numbers, key=str)):
            if names.setdefault(symbol.name, symbol) != symbol:
                raise ValueError(
                    f"two different symbols are both named {symbol.name!r} (they differ in "
                    "assumptions); use one of them"
                )
        if shared := sorted(str(symbol) for symbol in self.numbers.intersection(self.couplings)):
            raise ValueError(
                f"{', '.join(shared)} is both a coupling and a number of states; name them "
                "differently"
            )

    @property
    def factors(self) -> tuple[Term | Kernel, ...]:
        """All local weights."""
        return (*self.terms, *self.kernels)

    @property
    def couplings(self) -> tuple[Symbol, ...]:
        """The couplings, in the order in which they appear."""
        return tuple(dict.fromkeys(term.coupling for term in self.terms))

    @property
    def numbers(self) -> set[Symbol]:
        """The symbols in the sizes of the alphabets, such as the q of a Potts model."""
        return set().union(*(alphabet.size.free_symbols for alphabet in self.alphabets.values()))

    @property
    def graph(self) -> nx.Graph:
        """The interaction graph: two vertices are joined where a local weight touches both."""
        graph: nx.Graph = nx.Graph()
        graph.add_nodes_from(self.alphabets)
        for factor in self.factors:
            graph.add_edges_from(combinations(factor.scope, 2))
        return graph


@exact_arguments
def bond_model(
    graph: nx.Graph,
    alphabet: Alphabet,
    bonds: Mapping[Symbol, Values],
    sites: Mapping[Symbol, Values] | None = None,
) -> Model:
    """Put the same local weights on every bond (and every site) of a graph.

    Every edge (u, v) gets the factor exp(sum of coupling * function(value of u, value of v)); an
    edge attribute ``couplings``, a mapping ``{K: K1}``, replaces a coupling on that edge. A vertex
    whose ``label`` has the kind ``"factor"`` stands for one many-body interaction of its
    neighbours: its attribute ``term`` is a pair (coupling, function of the neighbours' values, in
    the order of the edges).

    Parameters
    ----------
    graph : networkx graph
        Directed or not, with or without parallel edges.
    alphabet : Alphabet
        Values of every vertex.
    bonds : mapping of Symbol to callable
        Coupling and function of the two ends of a bond.
    sites : mapping of Symbol to callable, optional
        Coupling and function of one vertex.

    Returns
    -------
    Model

    Examples
    --------
    >>> K = Symbol("K", real=True)
    >>> len(bond_model(nx.cycle_graph(4), ISING, {K: lambda s, t: s * t}).terms)
    4
    """
    factors = [
        vertex
        for vertex, data in graph.nodes(data=True)
        if getattr(data.get("label"), "kind", None) == "factor"
    ]
    spins = [vertex for vertex in graph if vertex not in set(factors)]
    if not spins:
        raise ValueError("the graph has no vertices to put spins on")
    _check_edge_couplings(graph, bonds)
    terms = [
        Term(data.get("couplings", {}).get(coupling, coupling), (u, v), function)
        for u, v, data in graph.edges(data=True)
        if u not in factors and v not in factors
        for coupling, function in bonds.items()
    ]
    terms += [
        Term(coupling, (vertex,), function)
        for vertex in spins
        for coupling, function in (sites or {}).items()
    ]
    terms += [_many_body(graph, vertex) for vertex in factors]
    if not graph.is_directed():
        for coupling, function in bonds.items():
            _check_undirected(alphabet, coupling, function)
    return Model(dict.fromkeys(spins, alphabet), tuple(terms), (), dict(bonds))


def _many_body(graph: nx.Graph, vertex: Vertex) -> Term:
    """Return the interaction that a factor vertex stands for, its neighbours in the order of the
    edges.
    """
    if "term" not in graph.nodes[vertex]:
        raise ValueError(
            f"the factor vertex {vertex!r} needs an attribute term=(coupling, function of its "
            "neighbours)"
        )
    coupling, function = graph.nodes[vertex]["term"]
    ends = [(v if u == vertex else u) for u, v in graph.edges if vertex in (u, v)]
    return Term(coupling, tuple(dict.fromkeys(ends)), function)


def _check_edge_couplings(graph: nx.Graph, bonds: Mapping[Symbol, Values]) -> None:
    """Refuse an edge that replaces a coupling which no bond has: the replacement would be lost."""
    for u, v, data in graph.edges(data=True):
        replaced = data.get("couplings", {})
        if unknown := [str(coupling) for coupling in replaced if coupling not in bonds]:
            raise ValueError(
                f"the edge {(u, v)} replaces the coupling {', '.join(unknown)}, which is not among "
                "those of a bond "
                f"({', '.join(map(str, bonds))}); symbols of one name but other assumptions are "
                "different"
            )


def _check_undirected(alphabet: Alphabet, coupling: Symbol, function: Values) -> None:
    """Refuse a function that tells the two ends of a bond apart on a graph that does not."""
    states = alphabet.states or (0, 1)
    bond = Term(coupling, ("u", "v"), function)
    for s, t in combinations(states, 2):
        if exact_number(bond.value((s, t)) - bond.value((t, s))) != 0:
            raise ValueError(
                f"the function of {coupling} tells the two ends of a bond apart ({s}, {t}); put it "
                "on a directed graph (networkx.DiGraph)"
            )
