"""Couplings of the edges of a field: real ones on any edge, others on edges with an arrow only.

An action is real if the coupling from v back to u is the conjugate of the one from u to v.  An edge
without an arrow is written from either end, so that only a real coupling means the same from both.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from sympy import Dummy, Expr, I, S, expand

from neurenorm.graphs.periodic.labels import Directed, reverse
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.reading import expression_of

__all__ = ["coupling_of", "real_and_imaginary"]


@exact_arguments
def real_and_imaginary(value: Expr) -> tuple[Expr, Expr]:
    """Return real and imaginary part of an expression whose symbols count as real.

    Examples
    --------
    >>> from sympy import Symbol
    >>> real_and_imaginary(Symbol("a") * (1 + 2 * I))
    (a, 2*a)
    """
    if value.is_real or (
        value.free_symbols
        and not value.has(I)
        and all(x.is_real is not False for x in value.free_symbols)
    ):
        return value, S.Zero
    real = {x: Dummy(x.name, real=True) for x in value.free_symbols if x.is_real is None}
    back = {dummy: x for x, dummy in real.items()}
    first, second = (expand(part).xreplace(back) for part in value.xreplace(real).as_real_imag())
    return first, second


def coupling_of(coupling: Any, label: Hashable) -> tuple[Expr, Expr]:
    """Return the coupling of an edge with a label, and the one on the way back.

    Parameters
    ----------
    coupling : Expr, or mapping of labels to Expr
        One for all edges (with an arrow: along it), or one for each label; a label may be given in
        either direction.
    label : hashable
        Label of the edge, read from its tail to its head.

    Returns
    -------
    tuple of Expr
        Each the conjugate of the other.

    Raises
    ------
    ValueError
        If a label has no coupling, its two directions have couplings that are not conjugates, or
        one that is not real belongs to an edge without an arrow.

    Examples
    --------
    >>> coupling_of({Directed("t"): I / 5}, Directed("t", forward=False))
    (-I/5, I/5)
    """
    turned = reverse(label)
    if not isinstance(coupling, Mapping):
        forwards = not isinstance(label, Directed) or label.forward
        return _both(coupling, label)[:: 1 if forwards else -1]
    if label not in coupling and turned not in coupling:
        raise ValueError(
            f"edges labelled {label!r} have no coupling; there are some for {list(coupling)}"
        )
    there = (
        _both(coupling[label], label)
        if label in coupling
        else _both(coupling[turned], turned)[::-1]
    )
    if (
        turned != label
        and turned in coupling
        and label in coupling
        and expand(there[1] - expression_of(coupling[turned])) != 0
    ):
        raise ValueError(
            f"the couplings of {label!r} and of its reverse are {there[0]} and {coupling[turned]}: "
            "one is the conjugate of the other"
        )
    return there


def _both(value: Any, label: Hashable) -> tuple[Expr, Expr]:
    """A coupling and its conjugate."""
    coupling = expression_of(value)
    real, imaginary = real_and_imaginary(coupling)
    if imaginary == 0:
        return coupling, coupling
    if reverse(label) == label:
        raise ValueError(
            f"the coupling {coupling} is not real, so that it is the conjugate on the way back and "
            "the edge needs an arrow: "
            f"label it Directed({label!r}) instead of {label!r}"
        )
    return coupling, real - I * imaginary
