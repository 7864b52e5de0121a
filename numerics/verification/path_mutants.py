"""Mutants of the derived objects of active paths, shared by their claims."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sympy import Expr

from neurenorm.numerics.verification.mutants import Mutant
from neurenorm.theory.algebra.reading import expression_of

__all__ = ["changed", "substituted"]


def changed(name: str, **new: Any) -> Mutant:
    """Return a mutant of a derived dataclass with some fields replaced, each by a function of the
    old value.
    """
    return Mutant(
        name,
        lambda derived: replace(
            derived, **{key: change(getattr(derived, key)) for key, change in new.items()}
        ),
    )


def substituted(old: Any, new: Any) -> Any:
    """A change that replaces one sub-expression."""
    old, new = expression_of(old), expression_of(new)

    def change(expression: Expr) -> Expr:
        """Apply it."""
        return expression.subs(old, new)

    return change
