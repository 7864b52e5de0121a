r"""Quenched disorder: the step of a cell whose bonds have different couplings, and the exact laws of
couplings of small generations.

A cell with a coupling of its own on every bond leaves one bond with K' = R(K_1, ..., K_m). Where the
couplings are independent with one law, the new coupling has a law too, and the state of the
recursion is that law. A law with few values is carried exactly: all choices of values are run
through the cell, and choices that give the same new coupling are merged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import networkx as nx
from sympy import Expr, Integer, Poly, Symbol

from neurenorm.graphs.arguments import whole_number
from neurenorm.graphs.lattices import TwoTerminalCell
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.polynomials import cancelled
from neurenorm.theory.algebra.reading import expression_of

__all__ = ["bond_step", "exact_law", "harris", "moment"]

Law = Mapping[Expr, Expr]
MOST_CHOICES = 200_000


def bond_step(cell: TwoTerminalCell) -> tuple[tuple[Symbol, ...], Expr]:
    """Return the new bond of an Ising cell, each edge of which has a coupling of its own, in the
    characters t = tanh K.

    Parameters
    ----------
    cell : TwoTerminalCell

    Returns
    -------
    symbols : tuple of Symbol
        t_0, t_1, ..., one for each edge in the order of the cell's graph.
    step : Expr
        tanh K', a rational function of them with terms of first degree in each.

    Examples
    --------
    >>> from neurenorm.graphs import series_cell
    >>> bond_step(series_cell(2))
    ((t0, t1), t0*t1)
    """
    t = tuple(Symbol(f"t{k}", real=True) for k in range(cell.bonds))
    graph: nx.MultiGraph = nx.MultiGraph()
    graph.add_nodes_from(cell.graph)
    graph.add_edges_from(cell.graph.edges())
    together, apart = (_even_subgraphs(graph, cell, t, parity) for parity in (0, 1))
    return t, cancelled(apart / together)


def _even_subgraphs(
    graph: nx.MultiGraph, cell: TwoTerminalCell, t: Sequence[Symbol], parity: int
) -> Expr:
    """Return the sum over sets of edges in which every vertex has even degree, but the terminals
    the given parity: the high-temperature expansion of a cell, which is exact.
    """
    total: Expr = Integer(0)
    edges = list(graph.edges())
    wanted = {v: parity if v in cell.terminals else 0 for v in graph}
    for chosen in product((0, 1), repeat=len(edges)):
        degree = dict.fromkeys(graph, 0)
        term: Expr = Integer(1)
        for (u, v), taken, symbol in zip(edges, chosen, t, strict=True):
            if taken:
                degree[u] ^= 1
                degree[v] ^= 1
                term *= symbol
        if degree == wanted:
            total += term
    return total


def exact_law(cell: TwoTerminalCell, law: Law, generations: int = 1) -> dict[Expr, Expr]:
    """Return the exact law of t = tanh K after some steps of an Ising cell.

    Parameters
    ----------
    cell : TwoTerminalCell
        With at most 12 bonds.
    law : mapping of number to number
        The values of t of a bond and their probabilities, exact and adding up to 1.
    generations : int
        How many steps; few, as the number of values grows like a power of itself.

    Returns
    -------
    dict of Expr to Expr
        Values of t' and their probabilities, in ascending order.

    Raises
    ------
    ValueError
        If the probabilities are no law, a value is not in [-1, 1], or there would be too many
        choices to run through.

    Examples
    --------
    On the Nishimori line of +-J bonds, t = +-(2p - 1), the first two moments are equal at every
    generation:

    >>> from sympy import Rational
    >>> from neurenorm.graphs import diamond
    >>> t = Rational(4, 5)
    >>> law = exact_law(diamond(), {t: Rational(9, 10), -t: Rational(1, 10)})
    >>> moment(law, 1) == moment(law, 2), moment(law, 3) == moment(law, 4)
    (True, True)
    """
    current = _checked_law(law)
    if isinstance(generations, bool) or not isinstance(generations, int) or generations < 0:
        raise ValueError(f"generations must be a whole number from 0, got {generations!r}")
    symbols, step = bond_step(cell)
    above, below = (_multilinear(part, symbols) for part in step.as_numer_denom())
    for _ in range(generations):
        if (count := len(current) ** len(symbols)) > MOST_CHOICES:
            raise ValueError(
                f"{len(current)} values on {len(symbols)} bonds are {count} choices, more than "
                f"{MOST_CHOICES}; take fewer generations, or a population"
            )
        found: dict[Expr, Expr] = {}
        for choice in product(current.items(), repeat=len(symbols)):
            values = [value for value, _ in choice]
            bottom = _sum(below, values)
            if bottom == 0:
                raise ValueError(f"the cell is frustrated at zero temperature for t = {values}")
            new, weight = _sum(above, values) / bottom, Integer(1)
            for _, probability in choice:
                weight *= probability
            found[new] = found.get(new, Integer(0)) + weight
        current = dict(sorted(found.items()))
    return current


@exact_arguments
def moment(law: Law, order: int) -> Expr:
    """Return the mean of t^order.

    Examples
    --------
    >>> moment({Integer(1): Integer(1)}, 3)
    1
    """
    order = whole_number(order, "the order", 0, 1000)
    read = {expression_of(t): expression_of(p) for t, p in law.items()}
    return sum((p * t**order for t, p in read.items()), Integer(0))


def harris(cell: TwoTerminalCell, t: Any) -> tuple[tuple[Expr, ...], Expr]:
    """Return the response of the new coupling to each bond of a cell of equal Ising bonds, and the
    eigenvalue of weak disorder.

    Weak independent disorder of variance s^2 gives the new coupling the variance s^2 times the sum
    of lambda_i^2, lambda_i = dK'/dK_i. That sum is at least (sum of lambda_i)^2 / m, and equal to it
    where all bonds of the cell are equivalent: only then does the sign of the specific heat
    exponent decide whether disorder is relevant.

    Parameters
    ----------
    cell : TwoTerminalCell
    t : number or Expr
        tanh K of all bonds.

    Returns
    -------
    responses : tuple of Expr
        lambda_i, in the order of the edges.
    variance_eigenvalue : Expr

    Examples
    --------
    >>> from neurenorm.graphs import diamond
    >>> t = Symbol("t")
    >>> responses, variance = harris(diamond(), t)
    >>> cancelled(sum(responses) - 4 * t / (1 + t**2))
    0
    """
    value = expression_of(t)
    symbols, step = bond_step(cell)
    at = dict.fromkeys(symbols, value)
    new = cancelled(step.subs(at))
    responses = tuple(
        cancelled(step.diff(s).subs(at) * (1 - value**2) / (1 - new**2)) for s in symbols
    )
    return responses, cancelled(sum((r**2 for r in responses), Integer(0)))


def _checked_law(law: Law) -> dict[Expr, Expr]:
    """Return a law in exact numbers, or say what is wrong with it."""
    exact: dict[Expr, Expr] = {}
    for value, weight in law.items():
        t, p = expression_of(value), expression_of(weight)
        if not (t.is_Rational and p.is_Rational):
            raise ValueError(f"an exact law has rational values and weights, got {value}: {weight}")
        if not -1 <= t <= 1:
            raise ValueError(f"t = tanh K lies between -1 and 1, got {value}")
        if p < 0:
            raise ValueError(f"a probability is not negative, got {weight}")
        exact[t] = exact.get(t, Integer(0)) + p
    if (total := sum(exact.values(), Integer(0))) != 1:
        raise ValueError(f"the probabilities of a law add up to 1, not {total}")
    return {t: p for t, p in exact.items() if p != 0}


def _multilinear(expression: Expr, symbols: Sequence[Symbol]) -> list[tuple[int, tuple[int, ...]]]:
    """Return the terms of a polynomial as coefficients and places of the symbols in them."""
    polynomial = Poly(expression, *symbols)
    return [
        (int(c), tuple(k for k, power in enumerate(powers) for _ in range(power)))
        for powers, c in polynomial.terms()
    ]


def _sum(terms: Sequence[tuple[int, tuple[int, ...]]], values: Sequence[Expr]) -> Expr:
    """Return the value of a polynomial."""
    total: Expr = Integer(0)
    for coefficient, places in terms:
        term: Expr = Integer(coefficient)
        for k in places:
            term *= values[k]
        total += term
    return total
