"""Factor graphs and constraints of others: UAI and DIMACS CNF as a `Model`, and its partition sum.

A table of a UAI file is a `Kernel`; a clause is a `Kernel` that is 0 where all its literals are
false, so that the partition sum of a formula counts the assignments that satisfy it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import networkx as nx
from sympy import Integer, Rational

from neurenorm.graphs.elimination import elimination_order
from neurenorm.numerics.readers.words import MOST_VERTICES, Words, checked_text, fraction
from neurenorm.theory.algebra.reading import shown
from neurenorm.theory.decimation.decimation import decimate
from neurenorm.theory.decimation.model import Alphabet, Kernel, Model, finite

__all__ = ["independent_loops", "model_from_cnf", "model_from_uai", "partition_sum"]

MOST_ENTRIES, MOST_STATES, MOST_LITERALS = 1 << 20, 1_000, 20


@dataclass(frozen=True)
class _Entries:
    """A table as a function of its states; the last one changes fastest."""

    sizes: tuple[int, ...]
    values: tuple[Rational, ...]

    def __call__(self, *states: Any) -> Rational:
        place = 0
        for size, state in zip(self.sizes, states, strict=True):
            place = place * size + int(state)
        return self.values[place]


@dataclass(frozen=True)
class _Clause:
    """1 where a literal is true, else 0; ``signs`` says which state makes each literal true."""

    signs: tuple[int, ...]

    def __call__(self, *states: Any) -> Integer:
        return Integer(any(int(s) == sign for s, sign in zip(states, self.signs, strict=True)))


def model_from_uai(text: str) -> Model:
    """Return the model of a UAI file: one vertex for each variable, one kernel for each table.

    Parameters
    ----------
    text : str
        The contents: ``MARKOV`` or ``BAYES``, the number of variables, their numbers of states, the
        scopes, and the tables, in which the last variable of a scope changes fastest. Decimals are
        exact.

    Returns
    -------
    Model
        Vertices 0, 1, …; the states of each are 0, 1, …. A variable of one state is no vertex.

    Raises
    ------
    ValueError
        If the text is not of this form, a weight is negative or not finite, or the tables together
        have more than 2^20 entries.

    Examples
    --------
    >>> model = model_from_uai("MARKOV 2 2 3 1 2 0 1 6 1 2 3 4 5 0.5")
    >>> partition_sum(model)
    31/2
    """
    words = Words(text, "UAI file")
    kind = words.word("MARKOV or BAYES")
    if kind not in ("MARKOV", "BAYES"):
        raise ValueError(f"a UAI file begins with MARKOV or BAYES, not {shown(kind)}")
    count = words.whole("the number of variables", MOST_VERTICES)
    _check_left(words, count, "variables")
    sizes = [words.whole("a number of states", MOST_STATES) for _ in range(count)]
    if 0 in sizes:
        raise ValueError(f"the variable {sizes.index(0)} of the UAI file has no states")
    scopes = _scopes(words, count)
    kernels, total = [], 0
    for number, scope in enumerate(scopes):
        total += math.prod(sizes[v] for v in scope)
        if total > MOST_ENTRIES:
            raise ValueError(
                f"the tables of the UAI file have more than {MOST_ENTRIES} entries, from table "
                f"{number} on"
            )
        kernels.append(_table(words, number, scope, sizes))
    if words.left:
        raise ValueError(f"the UAI file has {words.left} words behind its last table")
    alphabets = {size: finite(range(size)) for size in set(sizes) if size > 1}
    return _model({v: alphabets[s] for v, s in enumerate(sizes) if s > 1}, kernels)


def _check_left(words: Words, count: int, what: str) -> None:
    """Refuse a declared count beyond the end of the text."""
    if count > words.left:
        raise ValueError(
            f"the {words.what} declares {count} {what} but only {words.left} words are left"
        )


def _scopes(words: Words, count: int) -> list[tuple[int, ...]]:
    """The variables of every table."""
    tables = words.whole("the number of tables", MOST_ENTRIES)
    _check_left(words, tables, "tables")
    scopes = []
    for number in range(tables):
        length = words.whole("the size of a scope", count)
        scope = tuple(words.whole("a variable", count - 1) for _ in range(length))
        if len(set(scope)) < length:
            raise ValueError(f"table {number} of the UAI file names a variable twice: {scope}")
        scopes.append(scope)
    return scopes


def _table(words: Words, number: int, scope: Sequence[int], sizes: Sequence[int]) -> Kernel:
    """One table; variables of one state are left out of its scope."""
    wanted = math.prod(sizes[v] for v in scope)
    told = words.whole(f"the number of entries of table {number}", MOST_ENTRIES)
    if told != wanted:
        raise ValueError(
            f"table {number} of the UAI file has {told} entries, but its variables {tuple(scope)} "
            f"have {wanted} configurations"
        )
    values = []
    for word in words.many(wanted, f"the entries of table {number}"):
        value = fraction(word, f"entry of table {number}")
        if value < 0:
            raise ValueError(f"table {number} of the UAI file has the negative entry {shown(word)}")
        values.append(Rational(value.numerator, value.denominator))
    kept = tuple(v for v in scope if sizes[v] > 1)
    return Kernel(kept, _Entries(tuple(sizes[v] for v in kept), tuple(values)))


def model_from_cnf(text: str) -> Model:
    """Return the model of a DIMACS CNF file, whose partition sum is the number of assignments that
    satisfy the formula.

    Parameters
    ----------
    text : str
        Comments (``c …``), the line ``p cnf VARIABLES CLAUSES``, and clauses, each ended by 0.

    Returns
    -------
    Model
        Vertices 1, 2, … with states 0 (false) and 1 (true), one kernel for each clause; a clause
        that is always true is left out.

    Raises
    ------
    ValueError
        If the text is not of this form or a clause has more than 20 variables.

    Examples
    --------
    >>> partition_sum(model_from_cnf("p cnf 2 1\\n1 -2 0"))
    3
    >>> partition_sum(model_from_cnf("p cnf 1 2\\n1 0\\n-1 0"))
    0
    """
    lines = [line for line in checked_text(text, "CNF file").splitlines() if line.strip()]
    lines = [line for line in lines if not line.lstrip().startswith("c")]
    heads = [line.split() for line in lines[:1]]
    if not heads or heads[0][:2] != ["p", "cnf"] or len(heads[0]) != 4:
        raise ValueError("a CNF file begins with a line 'p cnf VARIABLES CLAUSES' behind comments")
    head = Words(" ".join(heads[0][2:]), "first line of the CNF file")
    count = head.whole("the number of variables", MOST_VERTICES)
    clauses = head.whole("the number of clauses", MOST_ENTRIES)
    body = " ".join(lines[1:]).split("%")[0].split()
    found = list(_clauses(body, count))
    if len(found) != clauses:
        raise ValueError(f"the CNF file declares {clauses} clauses and has {len(found)}")
    bit = finite((0, 1))
    return _model(dict.fromkeys(range(1, count + 1), bit), map(_kernel, filter(_bites, found)))


def _clauses(words: Sequence[str], count: int) -> Iterable[set[int]]:
    """The literals of every clause."""
    clause: set[int] = set()
    for word in words:
        digits = word.removeprefix("-")
        if not (digits.isascii() and digits.isdecimal() and len(digits) < 12):
            raise ValueError(f"the CNF file has {shown(word)} where a literal is expected")
        if int(digits) > count:
            raise ValueError(f"the literal {word} of the CNF file names none of {count} variables")
        if int(digits):
            clause.add(int(word))
            continue
        yield clause
        clause = set()
    if clause:
        raise ValueError("the last clause of the CNF file is not ended by 0")


def _bites(clause: set[int]) -> bool:
    """Whether a clause can be false."""
    return not any(-literal in clause for literal in clause)


def _kernel(clause: set[int]) -> Kernel:
    """The weight of one clause."""
    if len(clause) > MOST_LITERALS:
        raise ValueError(
            f"a clause of the CNF file has {len(clause)} variables; at most {MOST_LITERALS}"
        )
    order = sorted(clause, key=abs)
    return Kernel(tuple(map(abs, order)), _Clause(tuple(int(literal > 0) for literal in order)))


def _model(alphabets: dict[Any, Alphabet], kernels: Iterable[Kernel]) -> Model:
    """A model; a weight without variables multiplies that of its first vertex."""
    if not alphabets:
        raise ValueError("the file has no variable of more than one state: there is no sum")
    first = next(iter(alphabets))
    size = int(alphabets[first].size)
    spread = [
        kernel
        if kernel.scope
        else Kernel((first,), _Entries((size,), (Rational(kernel.value(())),) * size))
        for kernel in kernels
    ]
    return Model(alphabets, (), tuple(spread))


def partition_sum(model: Model) -> Rational:
    """Return the exact partition sum of a model without couplings: the sum of the product of its
    kernels over all configurations; 0 where none is allowed.

    Parameters
    ----------
    model : Model
        Such as `model_from_uai` and `model_from_cnf` give.

    Returns
    -------
    sympy.Rational

    Raises
    ------
    ValueError
        If the model has couplings (`decimate` sums those), or the sum takes too large a table
        (`DecimationTooLarge`).

    Examples
    --------
    >>> partition_sum(model_from_cnf("p cnf 3 1\\n1 2 3 0"))
    7
    """
    if model.couplings:
        raise ValueError(
            "the model has couplings: its partition sum is that of decimate(model, ())"
        )
    total = Integer(1)
    for part in nx.connected_components(model.graph):
        piece = Model(
            {v: a for v, a in model.alphabets.items() if v in part},
            (),
            tuple(k for k in model.kernels if k.scope[0] in part),
        )
        order = elimination_order(piece.graph, ())
        total *= decimate(piece, (), order=order).partition_function(())
    return total


def independent_loops(model: Model) -> int:
    """Return the number of independent loops of the factor graph of a model: where it is not 0, a
    Bethe value is an approximation, and no bound.

    Every kernel or term of two vertices or more is a factor; the number is edges − vertices −
    factors + connected parts.

    Parameters
    ----------
    model : Model

    Returns
    -------
    int

    Examples
    --------
    >>> independent_loops(model_from_cnf("p cnf 3 2\\n1 2 0\\n2 3 0"))
    0
    >>> independent_loops(model_from_cnf("p cnf 3 3\\n1 2 0\\n2 3 0\\n1 3 0"))
    1
    """
    scopes = [factor.scope for factor in model.factors if len(factor.scope) > 1]
    graph: nx.Graph = nx.Graph()
    graph.add_nodes_from(("vertex", v) for v in model.alphabets)
    graph.add_edges_from(
        (("factor", k), ("vertex", v)) for k, scope in enumerate(scopes) for v in scope
    )
    parts = nx.number_connected_components(graph) if graph else 0
    return graph.number_of_edges() - graph.number_of_nodes() + parts
