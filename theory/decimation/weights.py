r"""The step of a two-terminal cell in the weights of a bond: homogeneous polynomials.

A bond has the weight w(s, t) = exp(sum of couplings times functions). Pairs of states at which all
functions agree have one weight, and summing out the interior of a cell gives

    w_i' = P_i(w),

homogeneous of the degree of the number of bonds, with non-negative coefficients. Only ratios of
weights matter, so the space of models is the part w >= 0 of a projective space: compact, with every
infinite coupling on one of its faces. All fixed points, those at infinity included, are found there
(`neurenorm.numerics.solve.projective`).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import networkx as nx
from sympy import Add, Expr, Integer, Matrix, Mul, Symbol

from neurenorm.graphs.lattices import TwoTerminalCell
from neurenorm.graphs.rendering import Tabulated
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.decimation.decimation import Decimation, PolynomialWeights, decimate
from neurenorm.theory.decimation.model import Alphabet, Model, Term, Values
from neurenorm.theory.decimation.sum_product import Configuration, ConfigurationSpace
from neurenorm.theory.recursion.recursion import Recursion

__all__ = ["VACANCY", "WeightMap", "weight_map"]

Polynomial = Mapping[tuple[int, ...], Expr]
Classes = dict[Configuration, int]
VACANCY = "vacancy"  # the vertex whose state stands for an empty site


@dataclass(frozen=True)
class WeightMap(Tabulated):
    """One step of scale in the weights of a bond.

    Parameters
    ----------
    state : tuple of Symbol
        The weights w_0, w_1, ... of the classes of pairs of states, up to a common factor.
    polynomials : tuple of mapping
        P_i as exponents of the weights and coefficients, which may hold parameters.
    values : mapping of Symbol to tuple
        For every coupling the value of its function on each class: ln w_i = sum of coupling times
        value, up to a common constant.
    pairs : tuple
        One pair of states of each class, as the functions see it.
    diagonal : tuple of int
        The classes of pairs of equal states.
    mirrored : bool
        Whether a reflection exchanges the terminals and the vertices that it leaves in place
        separate them. Then P(s, t)^2 <= P(s, s) P(t, t), so the largest weight is a diagonal one.
    scale, bonds : Expr
        Scale factor b, and old bonds per new bond.

    Examples
    --------
    >>> from neurenorm.graphs import diamond
    >>> from neurenorm.theory.decimation.model import ISING
    >>> K = Symbol("K", real=True)
    >>> weight_map(diamond(), ISING, {K: lambda s, t: s * t}).step
    (w0**4 + 2*w0**2*w1**2 + w1**4, 4*w0**2*w1**2)
    """

    state: tuple[Symbol, ...]
    polynomials: tuple[Polynomial, ...]
    values: Mapping[Symbol, tuple[Expr, ...]]
    pairs: tuple[tuple[Any, ...], ...]
    diagonal: tuple[int, ...]
    mirrored: bool
    scale: Expr
    bonds: Expr

    @cached_property
    def step(self) -> tuple[Expr, ...]:
        """P_i as expressions."""
        return tuple(
            Add(
                *(
                    Mul(c, *(w**k for w, k in zip(self.state, powers, strict=True)))
                    for powers, c in polynomial.items()
                )
            )
            for polynomial in self.polynomials
        )

    @property
    def parameters(self) -> tuple[Symbol, ...]:
        """The symbols in the coefficients."""
        free = {s for p in self.polynomials for c in p.values() for s in c.free_symbols}
        return tuple(sorted(free, key=lambda symbol: symbol.name))

    @property
    def candidates(self) -> tuple[int, ...]:
        """The classes whose weight can be the largest after a step."""
        return self.diagonal if self.mirrored else tuple(range(len(self.state)))

    @cached_property
    def reading(self) -> Matrix:
        """The matrix that reads the couplings off the logarithms of the weights.

        Raises
        ------
        ValueError
            If two models with other couplings have the same weights.
        """
        columns = [*self.values.values(), (Integer(1),) * len(self.state)]
        design = Matrix([list(column) for column in columns]).T
        if design.rank() < design.cols:
            raise ValueError(
                f"the bond functions of {', '.join(map(str, self.values))} are linearly dependent "
                "of each other and of the constant 1; leave one out"
            )
        return ((design.T * design).inv() * design.T)[:-1, :]

    @exact_arguments
    def subs(self, values: Mapping[Symbol, Any]) -> WeightMap:
        """Return the step with numbers put for parameters, such as the q of a Potts model."""
        exact = {symbol: expression_of(value) for symbol, value in values.items()}
        return replace(
            self,
            polynomials=tuple(
                {powers: c.subs(exact) for powers, c in p.items()} for p in self.polynomials
            ),
        )

    def recursion(self, largest: int = 0) -> Recursion:
        """Return the step in the ratios u_i = w_i / w_largest of the weights to one of them.

        Examples
        --------
        >>> from neurenorm.graphs import series_cell
        >>> from neurenorm.theory.decimation.model import ISING
        >>> K = Symbol("K", real=True)
        >>> weight_map(series_cell(2), ISING, {K: lambda s, t: s * t}).recursion().step
        (2*w1/(w1**2 + 1),)
        """
        one = {self.state[largest]: Integer(1)}
        below = self.step[largest].subs(one)
        others = [i for i in range(len(self.state)) if i != largest]
        return Recursion(
            tuple(self.state[i] for i in others),
            tuple(self.step[i].subs(one) / below for i in others),
            self.scale,
            bonds=self.bonds,
        )


@exact_arguments
def weight_map(
    cell: TwoTerminalCell,
    alphabet: Alphabet,
    bonds: Mapping[Symbol, Values],
    *,
    vacancies: bool = False,
) -> WeightMap:
    """Derive the step of a cell in the weights of a bond.

    Parameters
    ----------
    cell : TwoTerminalCell
        At least two bonds between its terminals.
    alphabet : Alphabet
    bonds : mapping of Symbol to callable
        The couplings of a bond and the functions of its two ends that they multiply. Pairs of
        states at which all functions agree share a weight; where the step tells some of them
        apart, the classes are split until it does not.
    vacancies : bool
        For a symmetric (Potts) alphabet of q + 1 states, one of which is the empty site: the
        functions then take a third argument, the state that is empty.

    Returns
    -------
    WeightMap

    Raises
    ------
    ValueError
        If the cell changes no scale, its edges carry couplings of their own, or a function tells
        the ends of a bond apart.

    Examples
    --------
    >>> from neurenorm.graphs import diamond
    >>> from neurenorm.theory.decimation.model import finite
    >>> J, K, D = (Symbol(name, real=True) for name in ("J", "K", "Delta"))
    >>> beg = {J: lambda s, t: s * t, K: lambda s, t: s**2 * t**2, D: lambda s, t: -(s**2) - t**2}
    >>> weight_map(diamond(), finite([-1, 0, 1]), beg).pairs
    ((-1, -1), (-1, 0), (-1, 1), (0, 0))
    """
    if cell.length < 2:
        raise ValueError(
            "the terminals of the cell are joined by one bond, so it changes no scale (its scale "
            "factor would be 1, not larger than 1)"
        )
    if any(data.get("couplings") for _, _, data in cell.graph.edges(data=True)):
        raise ValueError(
            "the edges of the cell carry couplings of their own, so the step cannot be repeated; "
            "give every edge the couplings of the bond, or a law of couplings"
        )
    ends = ("a", "b", VACANCY) if vacancies else ("a", "b")
    space = ConfigurationSpace(Model(dict.fromkeys(ends, alphabet), ()))
    values = {
        c: tuple(Term(k, ends, f).value(space.states(ends, c)) for k, f in bonds.items())
        for c in space.orbits(ends)
    }
    classes = _numbered(values)
    while True:
        decimation = _by_class(cell, alphabet, classes, space, vacancies)
        ring, weights = decimation.polynomials
        finer = _numbered({c: (classes[c], str(weights[c])) for c in classes})
        if len(set(finer.values())) == len(set(classes.values())):
            break
        classes = finer
    return _collected(cell, space, ends, classes, values, tuple(bonds), ring, weights)


def _numbered(keys: Mapping[Configuration, Any]) -> Classes:
    """Number the classes of configurations with equal keys in the order of their appearance."""
    numbers: dict[Any, int] = {}
    return {c: numbers.setdefault(key, len(numbers)) for c, key in keys.items()}


def _by_class(
    cell: TwoTerminalCell,
    alphabet: Alphabet,
    classes: Classes,
    space: ConfigurationSpace,
    vacancies: bool,
) -> Decimation:
    """Return the decimation of a cell, each bond of which has the logarithms of the classes'
    weights for couplings.
    """
    ends = ("a", "b", VACANCY) if vacancies else ("a", "b")
    of_states = {space.states(ends, c): number for c, number in classes.items()}

    def indicator(number: int) -> Callable[..., int]:
        """Return the function that is 1 on one class."""
        if not space.symmetric:
            return lambda *states: int(of_states[states] == number)
        return lambda *states: int(classes[space.canonical(states)] == number)

    count = max(classes.values()) + 1
    functions = {_logarithm(i): indicator(i) for i in range(count)}
    extra = (VACANCY,) if vacancies else ()
    terms = [
        Term(coupling, (u, v, *extra), function)
        for u, v in cell.graph.edges()
        for coupling, function in functions.items()
    ]
    if any(
        classes[c] != classes[space.canonical((c[1], c[0], *c[2:]))] for c in space.orbits(ends)
    ):
        raise ValueError("the functions of a bond tell its two ends apart; a cell has no direction")
    model = Model(dict.fromkeys((*cell.graph, *extra), alphabet), tuple(terms))
    return decimate(model, (*cell.terminals, *extra))


def _logarithm(number: int) -> Symbol:
    """Return the symbol of ln w_i."""
    return Symbol(f"ln_w{number}", real=True)


def _collected(
    cell: TwoTerminalCell,
    space: ConfigurationSpace,
    ends: tuple[str, ...],
    classes: Classes,
    values: Mapping[Configuration, tuple[Expr, ...]],
    couplings: tuple[Symbol, ...],
    ring: PolynomialWeights,
    weights: Mapping[Configuration, Any],
) -> WeightMap:
    """Gather what is known of each class from the first configuration in it."""
    count = max(classes.values()) + 1
    first = {i: next(c for c in classes if classes[c] == i) for i in range(count)}
    place = {g.coupling: k for k, g in enumerate(ring.ring.generators) if g.unit is not None}
    columns = [place[_logarithm(i)] for i in range(count)]

    def polynomial(weight: Any) -> dict[tuple[int, ...], Expr]:
        """Return exponents of the weights and coefficients in the other symbols."""
        found: dict[tuple[int, ...], Expr] = {}
        for powers, number in ring.ring.terms(weight).items():
            key = tuple(powers[k] + ring.total_shift[k] for k in columns)
            rest = [
                g.power(powers[k]) for k, g in enumerate(ring.ring.generators) if k not in columns
            ]
            found[key] = found.get(key, Integer(0)) + Mul(Integer(number), *rest)
        return found

    symbols = tuple(Symbol(f"w{i}", nonnegative=True) for i in range(count))
    return WeightMap(
        symbols,
        tuple(polynomial(weights[first[i]]) for i in range(count)),
        {k: tuple(values[first[i]][n] for i in range(count)) for n, k in enumerate(couplings)},
        tuple(tuple(space.states(ends, first[i])) for i in range(count)),
        tuple(sorted({i for c, i in classes.items() if c[0] == c[1]})),
        _mirrored(cell),
        Integer(cell.length),
        Integer(cell.bonds),
    )


def _mirrored(cell: TwoTerminalCell) -> bool:
    """Whether some reflection exchanges the terminals, and what it leaves in place separates
    them.
    """
    simple: nx.Graph = nx.Graph()
    for u, v in cell.graph.edges():
        many = simple.get_edge_data(u, v, {"count": 0})["count"]
        simple.add_edge(u, v, count=many + 1)
    source, target = cell.terminals
    ends: Mapping[Hashable, int] = {source: 1, target: 2}
    swapped: Mapping[Hashable, int] = {source: 2, target: 1}
    nx.set_node_attributes(simple, {v: ends.get(v, 0) for v in simple}, "end")
    other = simple.copy()
    nx.set_node_attributes(other, {v: swapped.get(v, 0) for v in simple}, "end")
    matcher = nx.isomorphism.GraphMatcher(
        simple,
        other,
        nx.isomorphism.categorical_node_match("end", 0),
        nx.isomorphism.categorical_edge_match("count", 1),
    )
    for number, image in enumerate(matcher.isomorphisms_iter()):
        fixed = {v for v in simple if image[v] == v}
        if all(image[image[v]] == v for v in simple) and not nx.has_path(
            simple.subgraph(set(simple) - fixed), source, target
        ):
            left = nx.node_connected_component(simple.subgraph(set(simple) - fixed), source)
            loose = set(simple) - fixed - left - {image[v] for v in left}
            if not loose:
                return True
        if number > 200:
            break
    return False
