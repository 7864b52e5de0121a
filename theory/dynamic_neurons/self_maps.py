r"""Renormalization in function space: layers as random self-maps of a finite alphabet.

A layer with fixed weights and biases is a map f of the neuron's alphabet A to itself. A random
layer is a law p_f on the maps, the same for all data at once, so everything is exact for any number
of data. Two layers compose: with f g meaning first g, then f,

    p'_h = sum over f g = h of p_f p_g,

a recursion with one coupling for each of the |A|^|A| elements of the monoid of self-maps. For A =
{+1, -1} the maps are the identity I, the flip N, and the two resets + and -.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

from sympy import Add, Expr, Integer, Matrix, Symbol, exp

from neurenorm.graphs.arguments import found_in
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.recursion.recursion import Recursion
from neurenorm.theory.symbols import symbols

__all__ = ["BINARY_NAMES", "LARGEST_MONOID", "SelfMaps", "threshold_layer"]

Map = tuple[int, ...]
LARGEST_MONOID = 1024
LARGEST_RECURSION = 64
BINARY_NAMES: Mapping[Map, str] = {(0, 1): "I", (1, 0): "N", (0, 0): "+", (1, 1): "-"}
BETA = symbols("dynamic-neurons").beta


@dataclass(frozen=True)
class SelfMaps:
    """The monoid of self-maps of an alphabet, and laws on it.

    Parameters
    ----------
    alphabet : tuple
        The states of a neuron (or of a whole layer), all different.
    generators : tuple of maps, optional
        Maps as tuples of state indices; only the maps that they generate by composition are kept.
        By default all self-maps.

    Raises
    ------
    ValueError
        If states repeat, or there are more maps than `LARGEST_MONOID`.

    Examples
    --------
    >>> maps = SelfMaps((1, -1))
    >>> [maps.name(f) for f in maps.elements]
    ['I', 'N', '+', '-']
    >>> maps.recursion().step[1]
    2*p_I*p_N
    """

    alphabet: tuple[Any, ...]
    generators: tuple[Map, ...] | None = None

    def __post_init__(self) -> None:
        size = len(self.alphabet)
        if size < 2 or len(set(self.alphabet)) != size:
            raise ValueError(
                f"an alphabet has at least two states, all different, got {self.alphabet}"
            )
        for f in self.generators or ():
            if len(f) != size or any(
                not isinstance(image, int) or not 0 <= image < size for image in f
            ):
                raise ValueError(
                    f"a generator names the image of each of the {size} states by its index 0 to "
                    f"{size - 1}, got {f}"
                )
        if self.generators is None and size**size > LARGEST_MONOID:
            raise ValueError(
                f"{size} states have {size}^{size} self-maps, more than {LARGEST_MONOID}; give the "
                "generators of a smaller monoid"
            )

    @cached_property
    def elements(self) -> tuple[Map, ...]:
        """The maps in a fixed order: bijections first, the identity at their head."""
        found = (
            set(product(range(len(self.alphabet)), repeat=len(self.alphabet)))
            if self.generators is None
            else self._generated()
        )
        return tuple(sorted(found, key=lambda f: (-len(set(f)), f)))

    def _generated(self) -> set[Map]:
        """All products of the generators."""
        found = set(self.generators or ())
        new = set(found)
        while new:
            new = {compose(f, g) for f in found for g in new} - found
            found |= new
            if len(found) > LARGEST_MONOID:
                raise ValueError(f"the generators give more than {LARGEST_MONOID} maps")
        return found

    def name(self, f: Map) -> str:
        """Return a short name: I, N, + and - for two states, the list of images otherwise."""
        return found_in(BINARY_NAMES, f, "map") if len(self.alphabet) == 2 else "".join(map(str, f))

    @cached_property
    def symbols(self) -> dict[Map, Symbol]:
        """One non-negative symbol p_f for each map."""
        return {f: Symbol(f"p_{self.name(f)}", nonnegative=True) for f in self.elements}

    def convolve(self, later: Mapping[Map, Any], first: Mapping[Map, Any]) -> dict[Map, Any]:
        """Return the law of the composition of two independent layers, of any numbers that add and
        multiply.
        """
        rows: dict[Map, list[Any]] = {f: [] for f in self.elements}
        for (f, p), (g, q) in product(later.items(), first.items()):
            rows[compose(f, g)].append(p * q)
        return {h: sum(terms[1:], terms[0]) if terms else 0 for h, terms in rows.items()}

    def power(self, law: Mapping[Map, Any], layers: int) -> dict[Map, Any]:
        """Return the law of several equal layers, by squaring: its cost grows as the logarithm of
        the depth.
        """
        if not isinstance(layers, int) or layers < 1:
            raise ValueError(f"the number of layers must be a positive integer, got {layers!r}")
        result: dict[Map, Any] | None = None
        square = dict(law)
        while layers:
            if layers % 2:
                result = square if result is None else self.convolve(square, result)
            layers //= 2
            square = self.convolve(square, square) if layers else square
        return result if result is not None else square

    def recursion(self, b: int = 2) -> Recursion:
        """Derive the step of the law when b layers become one.

        Examples
        --------
        >>> SelfMaps((1, -1)).recursion().step[0]
        p_I**2 + p_N**2
        """
        if len(self.elements) > LARGEST_RECURSION:
            raise ValueError(
                f"a recursion of {len(self.elements)} coupled probabilities is too large to write "
                f"down (at most {LARGEST_RECURSION}); "
                "use power with a law of numbers, or the generators of a smaller monoid"
            )
        law = dict(self.symbols)
        step = self.power(law, b)
        return Recursion(
            tuple(law.values()), tuple(expression_of(step[f]).expand() for f in law), b
        )

    def transfer_matrix(self, law: Mapping[Map, Any], copies: int) -> Matrix:
        """Return the matrix of one layer on the states of P copies: entry (after, before), states
        in the order of `itertools.product`.
        """
        states = list(product(range(len(self.alphabet)), repeat=copies))
        if len(states) > LARGEST_MONOID:
            raise ValueError(
                f"{copies} copies have {len(states)} states, more than {LARGEST_MONOID}; the law "
                "on maps needs no such table"
            )
        place = {state: k for k, state in enumerate(states)}
        matrix = Matrix.zeros(len(states), len(states))
        for (f, p), (column, state) in product(law.items(), enumerate(states)):
            matrix[place[tuple(f[i] for i in state)], column] += p
        return matrix

    @exact_arguments
    def partition_function(
        self,
        law: Mapping[Map, Any],
        layers: int,
        x: Sequence[Any],
        y: Sequence[Any],
        beta: Expr = BETA,
    ) -> Expr:
        """Return Z = sum over maps of (p to the power M)_f times exp(-beta sum (y - f(x))²).

        Parameters
        ----------
        law : mapping of map to weight
            Of one layer; it need not sum to one.
        layers : int
        x, y : sequence
            Inputs (states of the alphabet) and targets (numbers).
        """
        if len(x) != len(y) or not len(x):
            raise ValueError(
                f"x and y are lists of the same positive length, got {len(x)} and {len(y)} entries"
            )
        outside = [value for value in x if value not in self.alphabet]
        if outside:
            raise ValueError(f"the input {outside[0]} is no state of the alphabet {self.alphabet}")
        place = [self.alphabet.index(value) for value in x]
        depth = self.power(law, layers)
        costs = {
            f: Add(
                *[
                    (expression_of(target) - self.alphabet[f[i]]) ** 2
                    for i, target in zip(place, y, strict=True)
                ]
            )
            for f in self.elements
        }
        return Add(*[p * exp(-beta * costs[f]) for f, p in depth.items()])


def compose(f: Map, g: Map) -> Map:
    """Return the map that applies g first and then f."""
    return tuple(f[i] for i in g)


def threshold_layer(
    weights: Iterable[Any], biases: Iterable[Any], prior: Callable[[Any, Any], Expr]
) -> dict[Map, Expr]:
    """Return the law of the map h -> sign(W h + b) of a binary neuron, unnormalised.

    Parameters
    ----------
    weights, biases : iterable of exact numbers
        Finite sets of values.
    prior : callable
        exp(-V(W, b)), as an exact expression.

    Raises
    ------
    ValueError
        If some W h + b vanishes, so that its sign is not defined.

    Examples
    --------
    >>> law = threshold_layer([1, -1], [-2, 0, 2], lambda w, b: Integer(1))
    >>> [law[f] for f in SelfMaps((1, -1)).elements]
    [1, 1, 2, 2]
    """
    law: dict[Map, list[Expr]] = {f: [] for f in SelfMaps((1, -1)).elements}
    for w, b in product(map(expression_of, weights), map(expression_of, biases)):
        sums = [w * h + b for h in (1, -1)]
        if any(total == 0 for total in sums):
            raise ValueError(
                f"W h + b vanishes for W = {w}, b = {b}: its sign is not defined; choose other "
                "biases"
            )
        law[tuple(0 if total > 0 else 1 for total in sums)].append(expression_of(prior(w, b)))
    return {f: Add(*terms) if terms else Integer(0) for f, terms in law.items()}
