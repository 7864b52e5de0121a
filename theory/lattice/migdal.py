"""The Migdal-Kadanoff fixed point in any dimension, with any scale factor, stated for numerics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sympy import Expr, Interval, Min, Symbol, exp, log, oo

from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.recursion.migdal_kadanoff import (
    bond_moving,
    bonds_in_series,
    migdal_kadanoff,
    migdal_kadanoff_beta,
)
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.typeset.display import Typeset, aligned, equations

__all__ = ["CrossingOfZero", "migdal_point"]

LATTICE = symbols("lattice")
K = Symbol("K", positive=True)


@dataclass(frozen=True)
class CrossingOfZero(Typeset):
    """The one positive coupling at which a flow changes its direction, and its exponent.

    Parameters
    ----------
    excess : Expr
        Grows through zero there: negative where the coupling shrinks.
    exponent : Expr
        y as an expression in the coupling.
    coupling : Symbol
    lowest : Expr
        A coupling below which the flow shrinks.
    derivation : Derivation
    """

    excess: Expr
    exponent: Expr
    coupling: Symbol
    lowest: Expr
    derivation: Derivation

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the equation of the point and its exponent."""
        return aligned(equations([("0", self.excess), ("y", self.exponent)], names))


def migdal_point(d: Any = 2, b: Any = 2, model: str = "ising", q: Any = None) -> CrossingOfZero:
    """State the fixed point of Migdal-Kadanoff; b = 1 is the generator.

    Below K = min(1, q) exp(-d - 2) every step shrinks the coupling.

    Examples
    --------
    >>> migdal_point(3, 2).excess
    -K + 4*atanh(tanh(K)**2)
    """
    if (model == "potts") != (q is not None):
        raise ValueError("model=potts needs q, the number of states; model=ising has none")
    lowest = Min(1, 2 if q is None else expression_of(q)) * exp(-expression_of(d) - 2)
    if b == 1:
        beta = migdal_kadanoff_beta(K, d, q=q)
        step = Step("add the speeds of moving and decimating", beta, beta, "dK/d\\ln b", _DOMAIN)
        return CrossingOfZero(beta, beta.diff(K), K, lowest, Derivation("generator", (step,)))
    recursion = migdal_kadanoff(K, d, b, q=q)
    new = recursion.step[0]
    moved = bond_moving(K, b ** (d - 1)).step[0].subs(K, bonds_in_series(K, b, q=q).step[0])
    step = Step("decimate, then move bonds", moved, new, "K'", _DOMAIN)
    exponent = log(new.diff(K)) / log(recursion.scale)
    return CrossingOfZero(new - K, exponent, K, lowest, Derivation("Migdal-Kadanoff", (step,)))


_DOMAIN = {K: Interval.open(0, oo)}
