r"""Migdal-Kadanoff: move bonds, then decimate, in any dimension d and with any scale factor b.

Moving joins b^(d-1) parallel bonds in one and changes no length; decimating joins b bonds in a row:

    move:      K -> b^(d-1) K,
    decimate:  t -> t^b,

with t the character of a bond (tanh K for Ising, v/(v + q) with v = exp(K) - 1 for Potts). Both are
continuous families in b. At b = 1 + epsilon the two generators add, whatever the order, and their
sum is the beta function dK/d ln b of the composite step.
"""

from __future__ import annotations

from typing import Any

from sympy import Expr, Symbol, exp, log, sinh, sqrt, tanh
from sympy import atanh as artanh

from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.recursion.recursion import Recursion
from neurenorm.theory.typeset.derivation import Derivation, Step

__all__ = ["migdal_kadanoff", "migdal_kadanoff_beta", "self_dual_exponent"]


@exact_arguments
def migdal_kadanoff(
    coupling: Symbol, d: Any, b: Any = 2, *, q: Any = None, move_first: bool = False
) -> Recursion:
    """Return the Migdal-Kadanoff step of the Ising or the q-state Potts model.

    Parameters
    ----------
    coupling : Symbol
        K, with weight exp(K s s') for Ising and exp(K delta) for Potts.
    d : number, Expr or Symbol
        Dimension, above 1.
    b : number, Expr or Symbol
        Scale factor, above 1. Where b^(d-1) is an integer the step is that of the exact cell with b
        bonds in each of b^(d-1) branches.
    q : number, Expr or Symbol, optional
        Number of Potts states; by default Ising spins.
    move_first : bool
        Move bonds before decimating. The two orders are conjugate: they have the same exponents,
        and the fixed point is b^(d-1) times smaller when bonds are moved first.

    Returns
    -------
    Recursion
        With b^d old bonds per new bond.

    Raises
    ------
    ValueError
        If d or b is not above 1, or q not positive.

    Examples
    --------
    >>> K = Symbol("K", real=True)
    >>> migdal_kadanoff(K, 3, 2).step
    (4*atanh(tanh(K)**2),)
    """
    d, b, q = _checked(d, b, q)
    branches = b ** (d - 1)
    moved, outside = (branches, 1) if move_first else (1, branches)
    step = outside * _series(moved * coupling, b, q)
    words = ("move", "decimate") if move_first else ("decimate", "move")
    derivation = Derivation(
        "Migdal-Kadanoff",
        (Step(f"{words[0]} bonds, then {words[1]} them", step, step, f"{coupling}'", {}),),
    )
    return Recursion((coupling,), (step,), b, bonds=b**d, derivation=derivation)


@exact_arguments
def migdal_kadanoff_beta(coupling: Symbol, d: Any, *, q: Any = None) -> Expr:
    """Return dK/d ln b of Migdal-Kadanoff, the limit b -> 1 of its step: the derivative of the step
    with respect to b at b = 1.

    Parameters
    ----------
    coupling : Symbol
    d : number, Expr or Symbol
    q : number, Expr or Symbol, optional
        Number of Potts states; by default Ising spins.

    Returns
    -------
    Expr
        (d-1) K plus the speed of decimation: (1/2) sinh(2K) ln tanh K for Ising, and
        t ln t dK/dt for Potts.

    Examples
    --------
    The fixed point in two dimensions is the exact critical point of the square lattice:

    >>> K = Symbol("K", positive=True)
    >>> beta = migdal_kadanoff_beta(K, 2)
    >>> beta.subs(K, log(1 + sqrt(2)) / 2).evalf(20, chop=True)
    0
    """
    d, _, q = _checked(d, 2, q)
    # d/db at b = 1 of b^(d-1) K is (d-1) K; of the inverse character of t^b it is t ln t dK/dt
    if q is None:
        return (d - 1) * coupling + sinh(2 * coupling) * log(tanh(coupling)) / 2
    t = _potts_character(coupling, q)
    return (d - 1) * coupling + t * log(t) / t.diff(coupling)


def self_dual_exponent(q: Any) -> Expr:
    """Return the thermal exponent of Migdal-Kadanoff at b -> 1 in two dimensions, where the fixed
    point is the exact self-dual one, exp(K) = 1 + sqrt(q).

    It is the slope of the beta function there, 2 - (2/sqrt q) ln(1 + sqrt q).

    Examples
    --------
    >>> self_dual_exponent(4)
    2 - log(3)
    """
    root = sqrt(expression_of(q))
    return 2 - 2 * log(1 + root) / root


def _series(coupling: Expr, b: Expr, q: Expr | None) -> Expr:
    """Return the coupling of b bonds in a row."""
    if q is None:
        return artanh(tanh(coupling) ** b)
    t = _potts_character(coupling, q) ** b
    return log((1 + (q - 1) * t) / (1 - t))


def _potts_character(coupling: Expr, q: Expr) -> Expr:
    """Return v/(v + q), v = exp(K) - 1, which multiplies in series."""
    return (exp(coupling) - 1) / (exp(coupling) - 1 + q)


def _checked(d: Any, b: Any, q: Any) -> tuple[Expr, Expr, Expr | None]:
    """Return dimension, scale factor and number of states as expressions, or say what is wrong."""
    d, b = expression_of(d), expression_of(b)
    states = None if q is None else expression_of(q)
    if d.is_number and not d > 1:
        raise ValueError(f"no finite fixed point below dimension 1: d must exceed 1, got {d}")
    if b.is_number and not b > 1:
        raise ValueError(
            f"the scale factor must be larger than 1, got {b}; its limit 1 is the beta function "
            "(migdal_kadanoff_beta)"
        )
    if states is not None and states.is_number and not states > 0:
        raise ValueError(f"the number of Potts states must be positive, got {q}")
    return d, b, states
