"""The shape in which a user hands over expressions, and in which the numbers go back."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy

from neurenorm.numerics.compile.errors import CompileError, shortened
from neurenorm.theory.algebra.reading import expression_of

__all__ = ["Structure", "flatten"]


@dataclass(frozen=True)
class Structure:
    """A nest of sequences, mappings and matrices whose leaves are expressions; `keys` holds its
    immutable skeleton.
    """

    kind: str
    keys: tuple[Any, ...] = ()
    children: tuple["Structure", ...] = ()

    def rebuild(self, values: Iterator[Any], matrix: Callable[[list[Any]], Any]) -> Any:
        """Put one value at each leaf; `matrix` turns rows, or a vector, into the target's
        matrix.
        """
        if self.kind == "leaf":
            return next(values)
        parts = [child.rebuild(values, matrix) for child in self.children]
        if self.kind == "dict":
            return dict(zip(self.keys, parts, strict=True))
        if self.kind == "matrix":
            rows, columns = self.keys
            return matrix([parts[row * columns : (row + 1) * columns] for row in range(rows)])
        if self.kind == "vector":
            return matrix(parts)
        return tuple(parts) if self.kind == "tuple" else parts

    def leaves_become(self, leaf: "Structure") -> "Structure":
        """The same nest with `leaf` in the place of every leaf."""
        if self.kind == "leaf":
            return leaf
        return Structure(
            self.kind, self.keys, tuple(child.leaves_become(leaf) for child in self.children)
        )


LEAF = Structure("leaf")


def flatten(expressions: Any) -> tuple[Structure, list[sympy.Expr]]:
    """Split a nest of expressions into its skeleton and the list of its leaves, in order."""
    leaves: list[sympy.Expr] = []
    return _skeleton(expressions, leaves), leaves


def _skeleton(item: Any, leaves: list[sympy.Expr]) -> Structure:
    """Walk the nest, collect the leaves, return the skeleton."""
    if isinstance(item, sympy.MatrixBase):
        return Structure(
            "matrix", tuple(item.shape), tuple(_skeleton(entry, leaves) for entry in item)
        )
    if isinstance(item, Mapping):
        return Structure(
            "dict", tuple(item), tuple(_skeleton(value, leaves) for value in item.values())
        )
    if isinstance(item, sympy.Tuple | Sequence) and not isinstance(item, str):
        kind = "list" if isinstance(item, list) else "tuple"
        return Structure(kind, (), tuple(_skeleton(entry, leaves) for entry in item))
    leaves.append(_expression(item))
    return LEAF


def _expression(item: Any) -> sympy.Expr:
    """One leaf as a SymPy expression; text is refused, since parsing it would invent symbols."""
    if isinstance(item, str):
        raise CompileError(
            f"expected a SymPy expression, got the text {item!r}: read it with "
            "neurenorm.theory.algebra.reading.read_expression first"
        )
    try:
        leaf = expression_of(item)
    except TypeError:
        raise CompileError(
            f"expected a SymPy expression, got {shortened(item)} ({type(item).__name__})"
        ) from None
    if not isinstance(leaf, sympy.Expr):
        raise CompileError(f"expected an expression with a number as value, got {shortened(leaf)}")
    return leaf
