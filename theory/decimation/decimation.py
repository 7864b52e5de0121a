"""Exact decimation: sum vertices out of a finite-alphabet model and read off the couplings of what
is kept.

The sum runs over the configurations of the removed vertices,

    Z(kept) = sum_removed prod_local weight(local) = exp(effective log-weight of the kept vertices),

and is done in weights, not in logarithms: local weights are polynomials in the Boltzmann factors
exp(unit K), multiplied and summed along an elimination order. The logarithm comes last, and the
effective log-weight is expanded in the basis functions of the alphabet (products of spins for
Ising, Fourier modes for clocks, agreement of blocks for Potts). Basis functions that the input did
not have are the generated couplings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import lcm
from typing import Any, Protocol

from flint import fmpz_mpoly
from sympy import Expr, Integer, Matrix, Symbol

from neurenorm.graphs.arguments import found_in
from neurenorm.graphs.elimination import EliminationOrder, elimination_order
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.log_weights import LogBasis, LogWeight
from neurenorm.theory.algebra.polynomials import BoltzmannRing
from neurenorm.theory.decimation.expansion import Combine, Label, combine_numbers, plain, transform
from neurenorm.theory.decimation.model import Kernel, Model, Term, Vertex
from neurenorm.theory.decimation.sum_product import (
    Configuration,
    ConfigurationSpace,
    Table,
    sum_product,
)
from neurenorm.theory.typeset.display import aligned, equations, tex
from neurenorm.theory.typeset.names import name_latex

__all__ = ["Decimation", "Weights", "decimate"]

LocalRows = dict[Configuration, tuple[dict[Symbol, Expr], Expr]]
TABLE_LIMIT = 2**22


class Weights(Protocol):
    """A ring in which local weights are evaluated: polynomials here, balls or numbers in
    numerics.
    """

    one: Any

    @exact_arguments
    def boltzmann(self, exponents: Mapping[Symbol, Expr], weight: Expr) -> Any:
        """Return weight * exp(sum of coupling * exponent)."""

    @exact_arguments
    def count(self, number: Expr) -> Any:
        """Return a number of states (which may hold the symbol q) as a ring element."""


@dataclass(frozen=True)
class Decimation:
    """The effective model of the kept vertices.

    Obtained from `decimate`. Nothing is summed before it is asked for; polynomials are computed
    once.

    Parameters
    ----------
    model : Model
    keep : tuple of vertices
        The vertices that stay.
    order : EliminationOrder
        The order in which the others are summed out, with its width.
    limit : int
        Largest number of entries of a table.

    Examples
    --------
    >>> import networkx as nx
    >>> from neurenorm.theory.decimation.model import ISING, bond_model
    >>> K = Symbol("K", real=True)
    >>> chain = bond_model(nx.path_graph(3), ISING, {K: lambda s, t: s * t})
    >>> decimate(chain, keep=(0, 2)).couplings
    {K: log(cosh(2*K))/2}
    """

    model: Model
    keep: tuple[Vertex, ...]
    order: EliminationOrder
    limit: int = TABLE_LIMIT

    @cached_property
    def space(self) -> ConfigurationSpace:
        """The configurations of the model."""
        return ConfigurationSpace(self.model)

    @cached_property
    def local_weights(self) -> list[tuple[tuple[Vertex, ...], LocalRows]]:
        """For every scope, the exponents of the couplings and the kernel weight of each
        configuration; scopes with alike weights share one table.
        """
        gathered: dict[tuple[Vertex, ...], list[Term | Kernel]] = {}
        for factor in self.model.factors:
            gathered.setdefault(factor.scope, []).append(factor)
        shared: dict[Any, LocalRows] = {}
        rows = []
        for scope, factors in gathered.items():
            alphabets = (
                ()
                if self.space.symmetric
                else tuple(self.model.alphabets[vertex] for vertex in scope)
            )
            key = (
                len(scope),
                alphabets,
                tuple((getattr(factor, "coupling", None), factor.function) for factor in factors),
            )
            if key not in shared:
                shared[key] = {c: self._local(factors, scope, c) for c in self.space.orbits(scope)}
            rows.append((scope, shared[key]))
        return rows

    def _local(
        self,
        factors: Sequence[Term | Kernel],
        scope: Sequence[Vertex],
        configuration: Configuration,
    ) -> tuple[dict[Symbol, Expr], Expr]:
        """Return the exponents and the kernel weight of one configuration of one scope."""
        states = self.space.states(scope, configuration)
        if self.space.symmetric:
            self._check_symmetry(factors, states)
        exponents: dict[Symbol, Expr] = {}
        weight: Expr = Integer(1)
        for factor in factors:
            if isinstance(factor, Term):
                exponents[factor.coupling] = exponents.get(
                    factor.coupling, Integer(0)
                ) + factor.value(states)
            else:
                weight *= factor.value(states)
        return exponents, weight

    def _check_symmetry(self, factors: Sequence[Term | Kernel], states: Sequence[int]) -> None:
        """Refuse a weight that tells equivalent states apart: other members of the orbit must have
        the same.
        """
        last = (
            int(self.space.size) - 1 if self.space.size.is_Integer else max(states, default=0) + 1
        )
        for factor in factors:
            if factor.value(states) != factor.value([last - state for state in states]):
                raise ValueError(
                    f"the weight on {factor.scope} tells the states {tuple(states)} apart from "
                    "others that agree alike, but the alphabet was "
                    "declared symmetric; use finite(range(q)), or a ghost vertex for a field"
                )

    def weights(self, ring: Weights) -> dict[Configuration, Any]:
        """Evaluate Z(kept) in a ring of the caller's choice, for each configuration (orbit) of the
        kept vertices.

        Parameters
        ----------
        ring : Weights
            Anything with ``one``, ``boltzmann(exponents, weight)`` and ``count(number)``.
        """
        distinct = {id(rows): rows for _, rows in self.local_weights}
        entries = {
            key: {c: ring.boltzmann(*local) for c, local in rows.items()}
            for key, rows in distinct.items()
        }
        tables = [Table(scope, entries[id(rows)]) for scope, rows in self.local_weights]
        return sum_product(
            self.space,
            tables,
            self.order.order,
            self.keep,
            one=ring.one,
            count=ring.count,
            limit=self.limit,
        )

    @cached_property
    def polynomials(self) -> tuple[PolynomialWeights, dict[Configuration, fmpz_mpoly]]:
        """Z(kept) as polynomials in the Boltzmann factors, with the ring that they belong to."""
        ring = PolynomialWeights(self)
        return ring, self.weights(ring)

    @cached_property
    def _positive(self) -> tuple[PolynomialWeights, dict[Configuration, fmpz_mpoly]]:
        """Z(kept) as polynomials, refused where one is zero: it has no logarithm."""
        ring, weights = self.polynomials
        empty = [self.space.states(self.keep, c) for c, weight in weights.items() if weight == 0]
        if empty and not self.keep:
            raise ValueError(
                "every configuration is forbidden: the partition function is zero and has no "
                "logarithm"
            )
        if empty:
            raise ValueError(
                f"the kept configuration {empty[0]} of {self.keep} has weight zero: its effective "
                "energy is infinite"
            )
        return ring, weights

    def partition_function(self, configuration: Sequence[int]) -> Expr:
        """Return Z(kept) at one configuration, given by state indices, as an explicit sum of
        exponentials.

        It is 0 where kernels forbid every configuration of the removed vertices.
        """
        ring, weights = self.polynomials
        key = self.space.canonical(tuple(configuration))
        return ring.ring.to_expr(weights[key], ring.total_shift) / ring.total_denominator

    @cached_property
    def log_basis(self) -> LogBasis:
        """The coprime base over which all effective log-weights are written."""
        ring, weights = self._positive
        return LogBasis(ring.ring, weights.values())

    @cached_property
    def log_weights(self) -> dict[Configuration, LogWeight]:
        """ln Z(kept) for each configuration, as exponent vectors."""
        ring, weights = self._positive
        return {
            c: self.log_basis.log(weight, ring.total_shift, ring.total_denominator)
            for c, weight in weights.items()
        }

    @cached_property
    def expansion(self) -> dict[Label, LogWeight]:
        """The coefficients of ln Z(kept) in the basis functions of the alphabet, keyed by the kept
        vertices and the functions they carry.
        """
        rows = transform(self.space, self.keep, self.log_weights, LogWeight.combine)
        return {label: row for label, row in rows.items() if row or not label}

    def read_bond(
        self, log_weights: Mapping[Configuration, Any], combine: Combine
    ) -> tuple[dict[Symbol, Any], dict[Label, Any]]:
        """Split a log-weight of the kept vertices into the couplings of the model's bond functions
        and the rest of its expansion.

        The rest under the empty label is the additive constant ln A: ln Z(kept) = sum of coupling *
        function + rest.

        Parameters
        ----------
        log_weights : mapping
            ln Z(kept) by configuration: exponent vectors, or numbers of any ring that knows
            rational multiples.
        combine : callable
            Takes a list of (exact number, value) pairs and returns the sum of their products.
        """
        rest = transform(self.space, self.keep, log_weights, combine)
        found: dict[Symbol, Any] = {}
        if len(self.keep) != 2:
            return found, rest
        shapes, pivots, inverse = self.bond_functions
        at_pivots = [rest[pivot] for pivot in pivots]
        for row, coupling in enumerate(shapes):
            found[coupling] = combine(
                [
                    (plain(inverse[row, k]), value)
                    for k, value in enumerate(at_pivots)
                    if inverse[row, k] != 0
                ]
            )
        for coupling, shape in shapes.items():
            for label, value in shape.items():
                rest[label] = combine([(1, rest[label]), (plain(-value), found[coupling])])
        return found, rest

    @cached_property
    def _read(self) -> tuple[dict[Symbol, LogWeight], dict[Label, LogWeight]]:
        """The couplings and the rest, as exponent vectors."""
        found, rest = self.read_bond(self.log_weights, LogWeight.combine)
        return found, {label: row for label, row in rest.items() if row or not label}

    @cached_property
    def bond_functions(self) -> tuple[dict[Symbol, dict[Label, Expr]], list[Label], Matrix]:
        """The bond functions in basis functions of the two kept vertices, and how to read couplings
        off.

        Every function is expanded completely, its constant part included, which belongs to the
        coupling and not to ln A. The labels are those at which the functions are independent, and
        the matrix reads the couplings there.
        """
        shapes: dict[Symbol, dict[Label, Expr]] = {}
        for coupling, function in self.model.functions.items():
            bond = Term(coupling, self.keep, function)
            values = {
                c: bond.value(self.space.states(self.keep, c)) for c in self.space.orbits(self.keep)
            }
            expansion = transform(self.space, self.keep, values, combine_numbers)
            shapes[coupling] = {label: value for label, value in expansion.items() if value != 0}
        labels = list(dict.fromkeys(label for shape in shapes.values() for label in shape if label))
        table = Matrix(
            [[shape.get(label, Integer(0)) for label in labels] for shape in shapes.values()]
        )
        columns = table.rref()[1] if labels else ()
        if len(columns) < len(shapes):
            raise ValueError(
                f"the bond functions of {', '.join(map(str, shapes))} are linearly dependent of "
                "each "
                "other and of the constant 1; leave one out"
            )
        return (
            shapes,
            [labels[column] for column in columns],
            table[:, list(columns)].T.inv() if columns else Matrix(),
        )

    @cached_property
    def couplings(self) -> dict[Symbol, Expr]:
        """The new couplings, in the model's own bond functions, of the one bond between two kept
        vertices (empty for other numbers of kept vertices).
        """
        found, _ = self._read
        return {coupling: self.log_basis.to_expr(weight) for coupling, weight in found.items()}

    @cached_property
    def constant(self) -> Expr:
        """The additive constant ln A: what is left of ln Z(kept) without the couplings times their
        functions.

        With other than two kept vertices there are no functions, and it is the coefficient of the
        basis function 1.
        """
        _, rest = self._read
        return self.log_basis.to_expr(rest.get((), LogWeight()))

    @cached_property
    def generated(self) -> dict[str, Expr]:
        """The couplings that the step generates, by the LaTeX of their basis function: those that
        the input's functions cannot express.
        """
        _, rest = self._read
        shown: dict[tuple[Any, ...], Expr] = {}
        result = {}
        for label, weight in rest.items():
            if label and not (len(self.keep) != 2 and self._is_input(label)):
                key = tuple(sorted(weight.atoms.items(), key=str))
                shown.setdefault(key, self.log_basis.to_expr(weight))
                result[self.label_latex(label)] = shown[key]
        return result

    @cached_property
    def effective(self) -> dict[str, Expr]:
        """Every coefficient of the effective log-weight, by the LaTeX of its basis function; the
        constant under ``"1"``.
        """
        return {
            self.label_latex(label): self.log_basis.to_expr(weight)
            for label, weight in self.expansion.items()
        }

    def _is_input(self, label: Label) -> bool:
        """Whether the input had a local weight on exactly these vertices."""
        scope = {vertex for vertex, _ in label}
        return any(set(term.scope) == scope for term in self.model.terms)

    def label_latex(self, label: Label) -> str:
        """Return the LaTeX of a product of basis functions."""
        if not label:
            return "1"
        if self.space.symmetric:
            blocks: dict[int, list[str]] = {}
            for vertex, block in label:
                blocks.setdefault(block, []).append(name_latex(vertex))
            return " ".join(rf"\delta_{{{' '.join(block)}}}" for block in blocks.values())
        return " ".join(
            found_in(self.model.alphabets, vertex, "vertex").labels[k].format(name_latex(vertex))
            for vertex, k in label
        )

    def _repr_latex_(self) -> str:
        others = self.generated if self.couplings else self.effective
        sides = [(f"{tex(coupling)}'", value) for coupling, value in self.couplings.items()]
        sides += [(f"J[{name}]", value) for name, value in others.items()]
        sides += [(r"\ln A", self.constant)] if self.couplings else []
        return f"$\\displaystyle {aligned(equations(sides))}$"


class PolynomialWeights:
    """The ring of polynomials in the Boltzmann factors, with the common monomial and denominator of
    all local weights kept apart.
    """

    def __init__(self, decimation: Decimation) -> None:
        self.ring = _ring_of(decimation)
        self.one = self.ring.one
        rows = distinct_rows(decimation)
        vectors = [self.ring.monomial(exponents)[0] for exponents, _ in rows]
        self.shift = tuple(
            min((row[k] for row in vectors), default=0) for k in range(len(self.ring.generators))
        )
        weights = [weight for _, weight in rows]
        self.denominator = lcm(*(int(weight.q) for weight in weights)) if weights else 1
        factors = len(decimation.local_weights)
        self.total_shift = tuple(factors * s for s in self.shift)
        self.total_denominator = self.denominator**factors

    def boltzmann(self, exponents: Mapping[Symbol, Expr], weight: Expr) -> fmpz_mpoly:
        """Return the weight as a polynomial, divided by the common monomial and times the common
        denominator.
        """
        vector, _ = self.ring.monomial(exponents)
        value = int(weight * self.denominator)
        return self.ring.from_monomials(
            {tuple(k - s for k, s in zip(vector, self.shift, strict=True)): value} if value else {}
        )

    def count(self, number: Expr) -> fmpz_mpoly:
        """Return an integer or q - k as a polynomial."""
        constant, rest = number.as_coeff_Add()
        polynomial = self.ring.context.constant(int(constant))
        return polynomial if rest == 0 else polynomial + self.ring.gens[self.ring.numbers[rest]]


def distinct_rows(decimation: Decimation) -> list[tuple[dict[Symbol, Expr], Expr]]:
    """Return the exponents and kernel weights of all local configurations, those of alike scopes
    once.
    """
    distinct = {id(rows): rows for _, rows in decimation.local_weights}
    return [row for rows in distinct.values() for row in rows.values()]


def _ring_of(decimation: Decimation) -> BoltzmannRing:
    """Return the ring that holds all local weights of a decimation."""
    exponents: dict[Symbol, list[Expr]] = {coupling: [] for coupling in decimation.model.couplings}
    for local, _ in distinct_rows(decimation):
        for coupling, value in local.items():
            exponents[coupling].append(value)
    sizes = {alphabet.size for alphabet in decimation.model.alphabets.values()}
    return BoltzmannRing(exponents, sorted((size for size in sizes if size.is_Symbol), key=str))


def decimate(
    model: Model,
    keep: Sequence[Vertex],
    *,
    order: EliminationOrder | None = None,
    limit: int = TABLE_LIMIT,
) -> Decimation:
    """Sum out all vertices of a model but the kept ones, exactly.

    Parameters
    ----------
    model : Model
        Alphabets and local weights; see `neurenorm.theory.decimation.model.bond_model` for a model
        on a graph.
    keep : sequence of vertices
        The vertices that stay. With exactly two, the effective log-weight is read off as one new
        bond.
    order : EliminationOrder, optional
        The order of summation; by default the min-fill order of the interaction graph.
    limit : int
        Largest number of entries of any table.

    Returns
    -------
    Decimation

    Raises
    ------
    ValueError
        If a kept vertex is not in the model, or is named twice.
    DecimationTooLarge
        When the sum is asked for, if a table would pass the limit.

    Examples
    --------
    The star-triangle relation: a spin with three neighbours leaves a pair coupling between each two
    of them.

    >>> import networkx as nx
    >>> from neurenorm.theory.decimation.model import ISING, bond_model
    >>> K = Symbol("K", real=True)
    >>> star = decimate(
    ...     bond_model(nx.star_graph(3), ISING, {K: lambda s, t: s * t}), keep=(1, 2, 3)
    ... )
    >>> star.effective["s_{1} s_{2}"]
    log(2*cosh(2*K) - 1)/4
    """
    kept = tuple(keep)
    missing = [vertex for vertex in kept if vertex not in model.alphabets]
    if missing:
        raise ValueError(
            f"cannot keep {missing}: not in the model, whose vertices are "
            f"{_some(list(model.alphabets))}"
        )
    if len(set(kept)) != len(kept):
        raise ValueError(f"a vertex is named twice among the kept ones: {kept}")
    return Decimation(model, kept, order or elimination_order(model.graph, kept), limit)


def _some(items: list[Any]) -> str:
    """Return the first few of a list, as text."""
    return ", ".join(str(item) for item in items[:8]) + (", …" if len(items) > 8 else "")
