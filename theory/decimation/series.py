"""Copies of a two-terminal model one after the other, each sharing an end with the next.

The weights of n copies are the n-th power of the weights of one, W_n(s, u) = sum_t W_k(s, t)
W_{n-k}(t, u), so a chain of n bonds costs a few log n sums instead of n.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import networkx as nx
from sympy import Dummy, Range, Reals, Symbol, atanh, oo, tanh

from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.rewriting import change_variables
from neurenorm.theory.decimation.decimation import TABLE_LIMIT, Decimation, Weights, decimate
from neurenorm.theory.decimation.model import ISING, Kernel, Model, Term, Vertex, bond_model
from neurenorm.theory.decimation.sum_product import (
    Configuration,
    ConfigurationSpace,
    Table,
    sum_product,
)
from neurenorm.theory.typeset.derivation import Step

__all__ = ["Series", "character_steps"]


@dataclass(frozen=True)
class Series:
    """A number of copies of a decimation onto two vertices, in series.

    Local weights on the two kept vertices belong to every copy, so a vertex where two copies meet
    has them twice.

    Parameters
    ----------
    cell : Decimation
        With two kept vertices of one alphabet.
    copies : int
        How many, at least one.

    Raises
    ------
    ValueError
        If the kept vertices are not two of one alphabet, or there is no copy.

    Examples
    --------
    >>> import networkx as nx
    >>> from sympy import Symbol
    >>> from neurenorm.theory.decimation.model import ISING, bond_model
    >>> K = Symbol("K", real=True)
    >>> bond = decimate(bond_model(nx.path_graph(2), ISING, {K: lambda s, t: s * t}), (0, 1))
    >>> Series(bond, 2).decimation.couplings
    {K: log(cosh(2*K))/2}
    """

    cell: Decimation
    copies: int

    def __post_init__(self) -> None:
        if (
            len({self.cell.model.alphabets[end] for end in self.cell.keep}) != 1
            or len(self.cell.keep) != 2
        ):
            raise ValueError(
                f"copies in series need two kept vertices of one alphabet, got {self.cell.keep}"
            )
        if not isinstance(self.copies, int) or self.copies < 1:
            raise ValueError(
                f"the number of copies in series must be a positive integer, got {self.copies!r}"
            )

    @cached_property
    def decimation(self) -> Decimation:
        """The decimation of all copies written out, for closed forms of a few."""
        return decimate(_joined(self.cell, self.copies), (0, self.copies), limit=self.cell.limit)

    def weights(self, ring: Weights) -> dict[Configuration, Any]:
        """Evaluate Z of the two ends in a ring, for each of their configurations, by squaring and
        multiplying.
        """
        square = self.cell.weights(ring)
        result, left = None, self.copies
        while left:
            if left % 2:
                result = square if result is None else self._product(result, square, ring)
            left //= 2
            square = self._product(square, square, ring) if left else square
        assert result is not None  # there is at least one copy
        return result

    @cached_property
    def _space(self) -> ConfigurationSpace:
        """The configurations of two copies: their three ends are the vertices 0, 1 and 2."""
        return ConfigurationSpace(_joined(self.cell, 2))

    def _product(
        self, first: dict[Configuration, Any], second: dict[Configuration, Any], ring: Weights
    ) -> dict[Configuration, Any]:
        """Sum over the vertex in the middle of two pieces."""
        tables = [Table((0, 1), first), Table((1, 2), second)]
        return sum_product(
            self._space, tables, (1,), (0, 2), one=ring.one, count=ring.count, limit=TABLE_LIMIT
        )


def _joined(cell: Decimation, copies: int) -> Model:
    """Return the model of the copies: the ends are 0, 1, 2, …, and an interior vertex v of copy k
    is (k, v).
    """
    alphabets, terms, kernels = {}, list[Term](), list[Kernel]()
    for k in range(copies):
        ends = dict(zip(cell.keep, (k, k + 1), strict=True))
        name: dict[Vertex, Vertex] = {v: ends.get(v, (k, v)) for v in cell.model.alphabets}
        alphabets.update({name[v]: alphabet for v, alphabet in cell.model.alphabets.items()})
        terms += [
            Term(term.coupling, tuple(name[v] for v in term.scope), term.function)
            for term in cell.model.terms
        ]
        kernels += [
            Kernel(tuple(name[v] for v in kernel.scope), kernel.function)
            for kernel in cell.model.kernels
        ]
    return Model(alphabets, tuple(terms), tuple(kernels), cell.model.functions)


@exact_arguments
def character_steps(coupling: Symbol, number: Symbol) -> tuple[Step, ...]:
    """Prove by induction that r Ising bonds in series have the character tanh K_r = (tanh K)^r.

    Any bond K_r followed by one more bond K is summed to the character tanh K_r tanh K, whatever
    the two couplings are; one bond is its own character, so r of them have its r-th power.

    Parameters
    ----------
    coupling : Symbol
        K, of every bond.
    number : Symbol
        r, of the bonds.

    Returns
    -------
    tuple of Step
        The sum over the spin between the two, and the induction.

    Raises
    ------
    ArithmeticError
        If the characters do not multiply.

    Examples
    --------
    >>> K, r = Symbol("K", real=True), Symbol("r", positive=True, integer=True)
    >>> print(character_steps(K, r)[0].after)
    tanh(K)*tanh(K_r)
    """
    before, t, u = Symbol(f"{coupling.name}_{number.name}", real=True), Dummy("t"), Dummy("u")
    path: nx.Graph = nx.Graph()
    path.add_edge(0, 1, couplings={coupling: before})
    path.add_edge(1, 2)
    joined = tanh(
        decimate(
            bond_model(path, ISING, {coupling: lambda s, s_next: s * s_next}), (0, 2)
        ).couplings[coupling]
    )
    if change_variables(joined, {before: atanh(u), coupling: atanh(t)}) != t * u:
        raise ArithmeticError("the characters of two bonds in series do not multiply")
    power, lengthened = tanh(coupling) ** number, f"t_{{{number.name}+1}}"
    return (
        Step(
            f"sum over the spin between {number.name} bonds and one more",
            joined,
            tanh(before) * tanh(coupling),
            lengthened,
            {before: Reals, coupling: Reals},
        ),
        Step(
            f"induction on {number.name}, which begins with the one bond",
            power * tanh(coupling),
            tanh(coupling) ** (number + 1),
            lengthened,
            {coupling: Reals, number: Range(1, oo)},
        ),
    )
