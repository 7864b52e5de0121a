"""Labels of vertices and edges, and their text form.

A label is any hashable object.  Two small classes cover the usual needs: `Label` (kind, role,
coupling) and `Directed` (a label with an arrow).  An edge label that has a method ``reversed()`` is
reversed together with its edge.
"""

from __future__ import annotations

import ast
import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from neurenorm.graphs.rendering import Tabulated

__all__ = ["Directed", "Label", "vertex_labels"]


@dataclass(frozen=True)
class Label(Tabulated):
    """What a vertex or an edge stands for.

    Parameters
    ----------
    kind : str
        For instance ``'spin'``, ``'neuron'``, ``'weight'``; a many-body interaction is a vertex of
        kind ``'factor'``.
    role : hashable, optional
        Its part in the cell or network, for instance ``'input'``.
    coupling : hashable, optional
        The name of the coupling it carries.

    Examples
    --------
    >>> Label("factor", coupling="K").kind
    'factor'
    """

    kind: str
    role: Hashable = None
    coupling: Hashable = None


@dataclass(frozen=True)
class Directed(Tabulated):
    """The label of an edge with an arrow.

    Parameters
    ----------
    label : hashable, optional
        The label without its direction.
    forward : bool
        Whether the arrow points from the tail of the edge to its head.

    Examples
    --------
    >>> Directed("w").reversed()
    Directed(label='w', forward=False)
    >>> Directed("w").reversed().reversed() == Directed("w")
    True
    """

    label: Hashable = None
    forward: bool = True

    def reversed(self) -> Directed:
        """Return the arrow seen from the other end.

        Returns
        -------
        Directed
            The label with the opposite direction.

        Examples
        --------
        >>> Directed("w", forward=False).reversed()
        Directed(label='w', forward=True)
        """
        return Directed(self.label, not self.forward)


def reverse(label: Hashable) -> Hashable:
    """The label of an edge seen from its other end."""
    turn = getattr(label, "reversed", None)
    return turn() if callable(turn) else label


def encode(value: Any) -> str:
    """Text of a literal label; raises ValueError for what has no text form."""
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, Label):
        return f"Label({encode(value.kind)}, {encode(value.role)}, {encode(value.coupling)})"
    if isinstance(value, Directed):
        return f"Directed({encode(value.label)}, {value.forward!r})"
    if isinstance(value, Fraction):
        return f"Fraction({value.numerator}, {value.denominator})"
    if isinstance(value, frozenset):
        return f"frozenset(({''.join(sorted(encode(x) + ', ' for x in value))}))"
    if isinstance(value, tuple):
        return f"({''.join(encode(x) + ', ' for x in value).rstrip(' ')})"
    return _encode_atom(value)


def _encode_atom(value: Any) -> str:
    """Text of a number or a string."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value!r} has no text form; finite numbers have")
    for kind in (int, float, str, bytes):
        if isinstance(value, kind):
            return kind.__repr__(value)
    raise ValueError(
        f"{value!r} ({type(value).__name__}) has no text form; labels and vertices written as text "
        "are None, booleans, "
        "numbers, strings, tuples, frozensets, Label and Directed"
    )


def sort_text(value: Any) -> str:
    """Text to sort labels by; empty for labels that have no text form."""
    try:
        return encode(value)
    except ValueError:
        return ""


def decode(text: str) -> Any:
    """The value written by `encode`; raises ValueError for anything else."""
    try:
        return _evaluate(ast.parse(text, mode="eval").body)
    except SyntaxError:
        raise ValueError(f"not a literal: {text!r}") from None


def _evaluate(node: ast.expr) -> Any:
    """Evaluate literals and calls of the label classes; nothing else is executed."""
    constructors: dict[str, Any] = {
        "Label": Label,
        "Directed": Directed,
        "Fraction": Fraction,
        "frozenset": frozenset,
    }
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Tuple(elts=items):
            return tuple(_evaluate(item) for item in items)
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in constructors:
            return constructors[name](*(_evaluate(item) for item in arguments))
    raise ValueError(f"not a literal: {ast.unparse(node)!r}")


def vertex_labels(vertices: Mapping[Any, Hashable] | Iterable[Hashable]) -> dict[Any, Hashable]:
    """Return vertices with their labels, in the order given.

    Raises
    ------
    ValueError
        If there is none, or one is given twice.

    Examples
    --------
    >>> vertex_labels("AB")
    {'A': None, 'B': None}
    """
    if isinstance(vertices, Mapping):
        named = dict(vertices)
    else:
        listed = list(vertices)
        named = dict.fromkeys(listed)
        if len(named) < len(listed):
            raise ValueError(
                f"vertices given twice: {[v for v, n in Counter(listed).items() if n > 1]}"
            )
    if not named:
        raise ValueError("a periodic graph has at least one vertex per cell")
    hash(tuple(named.values()))
    return named
