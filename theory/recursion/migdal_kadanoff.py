r"""Migdal-Kadanoff: move bonds, then decimate, in any dimension d and with any scale factor b.

Moving joins b^(d-1) parallel bonds in one and changes no length; decimating joins b bonds in a row:

    move:      K -> b^(d-1) K,
    decimate:  t -> t^b,

with t the character of a bond (tanh K for Ising, v/(v + q) with v = exp(K) - 1 for Potts). Both are
continuous families in b, and so is their composite; its derivative with respect to b at b = 1 is the
beta function dK/d ln b, which is the sum of the two generators whatever their order.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sympy import Dummy, Expr, Symbol, cancel, exp, log, sqrt, tanh
from sympy import atanh as artanh

from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.recursion.generators import by_logarithms
from neurenorm.theory.recursion.recursion import Move, Recursion
from neurenorm.theory.typeset.derivation import Derivation, Step

__all__ = [
    "bond_moving",
    "bonds_in_series",
    "migdal_kadanoff",
    "migdal_kadanoff_beta",
    "self_dual_exponent",
]


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
    move, decimate = bond_moving(coupling, b ** (d - 1)), bonds_in_series(coupling, b, q=q)
    composite = decimate @ move if move_first else move @ decimate
    step = composite.step[0]
    words = "move bonds, then decimate" if move_first else "decimate, then move bonds"
    derivation = Derivation("Migdal-Kadanoff", (Step(words, step, step, f"{coupling}'", {}),))
    return replace(composite, derivation=derivation)


@exact_arguments
def bond_moving(coupling: Symbol, branches: Any) -> Move:
    """Return the step that joins parallel bonds in one: K -> branches K. It changes no length.

    Examples
    --------
    >>> K = Symbol("K", real=True)
    >>> bond_moving(K, 4).step
    (4*K,)
    """
    number = expression_of(branches)
    return Move((coupling,), (number * coupling,), number)


@exact_arguments
def bonds_in_series(coupling: Symbol, b: Any = 2, *, q: Any = None) -> Recursion:
    """Return the decimation of b bonds in a row, t -> t^b with t the character of a bond, for any b.

    Examples
    --------
    >>> K = Symbol("K", real=True)
    >>> bonds_in_series(K, 3).step
    (atanh(tanh(K)**3),)
    """
    b = expression_of(b)
    if q is None:
        return Recursion((coupling,), (artanh(tanh(coupling) ** b),), b)
    t = _potts_character(coupling, expression_of(q)) ** b
    return Recursion((coupling,), (log((1 + (expression_of(q) - 1) * t) / (1 - t)),), b)


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
        (d-1) K plus the speed of decimation, t ln t dK/dt.

    Examples
    --------
    The fixed point in two dimensions is the exact critical point of the square lattice:

    >>> K = Symbol("K", positive=True)
    >>> beta = migdal_kadanoff_beta(K, 2)
    >>> beta.subs(K, log(1 + sqrt(2)) / 2).evalf(20, chop=True)
    0
    """
    b = Dummy("b", positive=True)
    return migdal_kadanoff(coupling, d, b, q=q).beta_function()[0]


def self_dual_exponent(q: Any) -> Expr:
    """Return the thermal exponent of Migdal-Kadanoff at b -> 1 in two dimensions, where the fixed
    point is the exact self-dual one, exp(K) = 1 + sqrt(q).

    It is the slope of the beta function there, 2 - (2/sqrt q) ln(1 + sqrt q).

    Examples
    --------
    >>> self_dual_exponent(4)
    2 - log(3)
    """
    root, K = Dummy("s", positive=True), Dummy("K", positive=True)
    slope = migdal_kadanoff_beta(K, 2, q=root**2).diff(K).subs(K, log(1 + root))
    logs = slope.replace(lambda e: isinstance(e, log), lambda e: -log(cancel(1 / e.args[0])))
    return by_logarithms(logs).subs(root, sqrt(expression_of(q)))


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
