"""Universality classes of critical networks: how the kernel and the four-point vertex behave deep
in a network at χ_∥ = χ_⊥ = 1.

Three ways to be critical at all depths, told apart by the fixed point K* of the kernel:

* scale-invariant activations: every K is a fixed point, a layer adds noise v K²/N, and N κ_4/K²
  grows by v;
* K* = 0: with φ = s_1 z + s_2 z²/2 + s_3 z³/6 + … the moments of a Gaussian give ``σ_w² ⟨φ²⟩ = K +
  a_1 K² + …`` at σ_w² = 1/s_1², where a_1 = s_3/s_1 + ¾ (s_2/s_1)². For a_1 < 0 the kernel falls as
  K_l = 1/(-a_1 l), χ_∥ = 1 + 2 a_1 K = 1 - 2/l, χ_⊥ = 1 + b_1 K with b_1 = s_3/s_1 + (s_2/s_1)²,
  and ``V' = (1 - 4/l) V + 2 K²`` has the solution V = ⅔ l K²;
* half-stable: χ_∥ = χ_⊥ = 1 at some K* > 0, approached from one side only; the noise is constant
  there.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import DiracDelta, Expr, Heaviside, Integer, Rational, S, Symbol, cancel

from neurenorm.graphs.rendering import Tabulated
from neurenorm.theory.field_theory.finite_width import ScaleInvariant
from neurenorm.theory.gaussian.activation import Activation
from neurenorm.theory.symbols import symbols
from neurenorm.theory.wide.limit import SB2, SW2, K, WideLimit

__all__ = ["CriticalClass", "critical_class", "half_stable_condition", "half_stable_growth"]

FIELD = symbols("field-theory")
LAYER = Symbol("l", positive=True)


@dataclass(frozen=True)
class CriticalClass(Tabulated):
    """A way of being critical.

    Parameters
    ----------
    name : {"scale-invariant", "vanishing"}
    weight_variance, bias_variance : sympy.Expr
        σ_w² and σ_b² at criticality.
    kernel : sympy.Expr
        K_l far into the network, in l and in K where every K will do.
    chi_par, chi_perp : sympy.Expr
        To first order in 1/l.
    growth : sympy.Expr
        ν: the increase of N κ_4/K² per layer.
    """

    name: str
    weight_variance: Expr
    bias_variance: Expr
    kernel: Expr
    chi_par: Expr
    chi_perp: Expr
    growth: Expr


def critical_class(activation: Activation) -> CriticalClass | None:
    """Return the class of an activation that is critical at every K or at K = 0, None for one that
    can only be at a K above zero.

    Parameters
    ----------
    activation : Activation

    Returns
    -------
    CriticalClass or None
        For None seek a half-stable point
        (`neurenorm.numerics.solve.field_theory.universality.half_stable_points`).

    Examples
    --------
    >>> from neurenorm.theory.gaussian.activation import activation
    >>> critical_class(activation("relu")).growth, critical_class(activation("tanh")).kernel
    (5, 1/(2*l))
    >>> critical_class(activation("gelu")) is None
    True
    """
    exact = ScaleInvariant.of(activation)
    if exact is not None:
        return CriticalClass(
            "scale-invariant", SW2 / exact.gain, S.Zero, K, S.One, S.One, exact.excess
        )
    found = _expansion(activation)
    if found is None:
        return None
    weight, bend, spread = found
    if not bend.is_negative:
        return None
    kernel = 1 / (-bend * LAYER)
    return CriticalClass(
        "vanishing",
        weight,
        S.Zero,
        kernel,
        1 - 2 / LAYER,
        1 + spread * kernel,
        _vanishing_growth(bend),
    )


def _expansion(activation: Activation) -> tuple[Expr, Expr, Expr] | None:
    """1/s_1², a_1 and b_1 of a smooth function with φ(0) = 0 and a slope there."""
    here = [activation.derivative(order).subs(activation.variable, 0) for order in range(4)]
    smooth = (
        not any(activation.derivative(order).has(DiracDelta, Heaviside) for order in (1, 2, 3))
        and S.Zero not in activation.kinks
    )
    if not smooth or here[0] != 0 or here[1] == 0:
        return None
    second, third = here[2] / here[1], here[3] / here[1]
    return 1 / here[1] ** 2, cancel(third + Rational(3, 4) * second**2), cancel(third + second**2)


def _vanishing_growth(bend: Expr) -> Expr:
    """ν with V = c/l: dV/dl = 4 a_1 K V + 2 K² at K = -1/(a_1 l) gives -c = -4c + 2/a_1², and ν = c
    a_1².
    """
    kernel = -1 / bend  # times 1/l
    constant = 2 * kernel**2 / (-1 - 4 * bend * kernel)
    return cancel(constant / kernel**2)


def half_stable_condition(wide: WideLimit) -> Expr:
    """Return χ_∥ - 1 on the line χ_⊥ = 1, as a function of K: a half-stable point is a zero.

    Examples
    --------
    >>> from neurenorm.theory.gaussian.activation import activation
    >>> half_stable_condition(WideLimit(activation("sin")))
    -1 + exp(-2*K)/(1/2 + exp(-2*K)/2)
    """
    return wide.chi_par.subs(SW2, wide.edge_of_chaos[0]) - Integer(1)


def half_stable_growth(wide: WideLimit) -> Expr:
    """Return ν = σ_w⁴ (⟨φ⁴⟩ - ⟨φ²⟩²)/K² at a half-stable point, as a function of K."""
    return wide.noise.subs({SW2: wide.edge_of_chaos[0], SB2: wide.edge_of_chaos[1]}) / K**2
