"""Finite width: how the kernel of a layer fluctuates over networks, and what that does to means.

The kernel of the next layer is a mean over N neurons, so a layer adds noise of variance σ_w⁴(⟨φ⁴⟩ -
⟨φ²⟩²)/N and passes on the fluctuation below times χ_∥:

    V_{l+1} = χ_∥(K_l)² V_l + D(K_l)/N,        V_1 = 0,        κ_4 = ⟨z⁴⟩_c/3 = V.

For φ(cz) = c φ(z) the layer multiplies the kernel by a random number and the moments close at any
width: ``K' = σ_b² + a K X`` with ⟨X⟩ = 1 and Var X = v/N.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sympy import E, Expr, ImmutableDenseMatrix, Integer, Rational, Symbol, gamma, log

from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.gaussian.activation import Activation, activation
from neurenorm.theory.recursion.recursion import Recursion
from neurenorm.theory.symbols import symbols
from neurenorm.theory.wide.limit import WideLimit

__all__ = ["FiniteWidth", "ScaleInvariant", "kesten_equation", "tangent_variance"]

FIELD = symbols("field-theory")
K, SW2, SB2, N, V, A, LAG = FIELD.K, FIELD.sw2, FIELD.sb2, FIELD.N, FIELD.V, FIELD.a, FIELD.lag


@dataclass(frozen=True)
class FiniteWidth:
    """The leading 1/N corrections of a random network with any activation.

    Parameters
    ----------
    activation : Activation

    Examples
    --------
    >>> from neurenorm.theory.gaussian.activation import activation
    >>> FiniteWidth(activation("linear")).vertex.step[1]
    2*K**2*sw2**2/N + V*sw2**2
    """

    activation: Activation

    def __post_init__(self) -> None:
        object.__setattr__(self, "activation", activation(self.activation))

    @cached_property
    def wide(self) -> WideLimit:
        """The wide limit about which this expands."""
        return WideLimit(self.activation)

    @cached_property
    def vertex(self) -> Recursion:
        """The kernel and its variance over networks (the four-point vertex): (K, V), to leading
        order in 1/N.
        """
        step = (self.wide.chi_par**2 * V + self.wide.noise / N).expand()
        return Recursion((K, V), (self.wide.kernel.step[0], step), E)

    @cached_property
    def pair_noise(self) -> ImmutableDenseMatrix:
        """N times the covariance that one layer adds to (K_aa, K_bb, K_ab) of two inputs: σ_w⁴
        (⟨φφφφ⟩ - ⟨φφ⟩⟨φφ⟩).
        """
        phi, pairs = self.activation.expression, ((2, 0), (0, 2), (1, 1))
        average = {
            power: self.wide.pair(phi ** power[0], phi ** power[1])
            for power in {*pairs, *_sums(pairs)}
        }
        return ImmutableDenseMatrix(
            3,
            3,
            lambda i, j: (
                SW2**2 * (average[_sum(pairs[i], pairs[j])] - average[pairs[i]] * average[pairs[j]])
            ),
        )

    @cached_property
    def kernel_variance(self) -> Expr:
        """Stationary variance of the kernel, D/(N(1 - χ_∥²)), at the fixed point K."""
        return self.wide.noise / (N * (1 - self.wide.chi_par**2))

    @cached_property
    def kernel_covariance(self) -> Expr:
        """Stationary covariance of the kernels of two layers a distance `lag` apart: V χ_∥^lag."""
        return self.kernel_variance * self.wide.chi_par**LAG

    @cached_property
    def length_covariance(self) -> Expr:
        """The same of q = |z|²/N: given the kernel, q fluctuates by 2K²/N, which later layers feel
        as they feel the kernel.
        """
        return (self.kernel_variance + 2 * K**2 / N) * self.wide.chi_par**LAG

    @cached_property
    def mean_shift(self) -> Expr:
        """The 1/N shift of the mean kernel, ½ K''(K*) V/(1 - χ_∥): a curved map does not commute
        with averaging.
        """
        return self.wide.curvature * self.kernel_variance / (2 * (1 - self.wide.chi_par))

    @cached_property
    def coupling(self) -> Expr:
        """The loop parameter V/K²: the expansion holds where it is small."""
        return self.kernel_variance / K**2


def _sum(left: tuple[int, int], right: tuple[int, int]) -> tuple[int, int]:
    """Exponents of a product of two monomials in φ_a and φ_b."""
    return left[0] + right[0], left[1] + right[1]


def _sums(pairs: tuple[tuple[int, int], ...]) -> set[tuple[int, int]]:
    """Exponents of all products of two."""
    return {_sum(left, right) for left in pairs for right in pairs}


@dataclass(frozen=True)
class ScaleInvariant:
    """Exact moments at any width for φ(z) = s_+ max(z, 0) + s_- min(z, 0).

    Parameters
    ----------
    right, left : sympy.Expr
        Slopes s_+ and s_-, not both zero.

    Examples
    --------
    >>> relu = ScaleInvariant(Integer(1), Integer(0))
    >>> relu.gain, relu.excess
    (sw2/2, 5)
    >>> relu.kernel_variance
    5*K**2*sw2**2/(4*(N*(1 - sw2**2/4) - 5*sw2**2/4))
    """

    right: Expr
    left: Expr

    @staticmethod
    def of(activation: Activation) -> ScaleInvariant | None:
        """Return the exact moments of an activation that has them, None otherwise."""
        slopes = activation.slopes
        return None if slopes is None or slopes == (0, 0) else ScaleInvariant(*slopes)

    @property
    def gain(self) -> Expr:
        """a = σ_w² (s_+² + s_-²)/2, the factor of a perturbation per layer."""
        return SW2 * (self.right**2 + self.left**2) / 2

    @property
    def excess(self) -> Expr:
        """v = ⟨φ⁴⟩/⟨φ²⟩² - 1, the relative variance of one neuron's contribution."""
        return 6 * (self.right**4 + self.left**4) / (self.right**2 + self.left**2) ** 2 - 1

    @property
    def fixed_point(self) -> Expr:
        """K* = σ_b²/(1 - a)."""
        return SB2 / (1 - self.gain)

    @property
    def kernel_variance(self) -> Expr:
        """Stationary variance of the kernel at any width, v a² K²/(N(1 - a²) - v a²), where it
        exists.
        """
        a2, v = self.gain**2, self.excess
        return v * a2 * K**2 / (N * (1 - a2) - v * a2)

    @property
    def exists(self) -> Expr:
        """a²(1 + v/N): the variance exists where this is below 1."""
        return self.gain**2 * (1 + self.excess / N)

    @property
    def length_variance(self) -> Expr:
        """Stationary variance of q = |z|²/N: (1 + 2/N)(Var K + K²) - K²."""
        return (1 + 2 / N) * (self.kernel_variance + K**2) - K**2

    @exact_arguments
    def covariance(self, variance: Expr) -> Expr:
        """Return the covariance at a distance: exactly geometric at any width."""
        return variance * self.gain**LAG

    @property
    def moments(self) -> Recursion:
        """Mean and variance of the kernel from layer to layer at any width: (K, V)."""
        a, v = self.gain, self.excess
        return Recursion((K, V), (SB2 + a * K, a**2 * ((1 + v / N) * V + v / N * K**2)), E)

    @property
    def scaling_law(self) -> tuple[Expr, Expr]:
        """Shape and scale of the inverse-gamma law of the kernel near criticality, a → 1 at fixed
        N(1 - a).

        There ``dK = (σ_b² - (1 - a)K) dx + K √(v/N) dB``; the stationary density that carries no
        current is inverse gamma with shape 1 + 2N(1 - a)/v and scale 2Nσ_b²/v. Its mean is K* and
        its variance K*²/(2N(1 - a)/v - 1).
        """
        return 1 + 2 * N * (1 - self.gain) / self.excess, 2 * N * SB2 / self.excess

    @property
    def third_cumulant(self) -> Expr:
        """Stationary third cumulant of the kernel, to leading order 1/N².

        With X = mean of N copies of ρ = φ(g)²/⟨φ²⟩, κ_2(X) = v/N and κ_3(X) = s/N²; the cube of
        ``δ' = a(δ X + K(X - 1))`` averages to ``κ' = a³(κ + 6 K V v/N + K³ s/N²)``, where 6 K V v/N
        is 3 K ⟨δ²⟩ ⟨X²(X - 1)⟩ at leading order.
        """
        a, v = self.gain, self.excess
        variance = v * a**2 * K**2 / (N * (1 - a**2))
        return a**3 * (6 * K * variance * v / N + K**3 * self._third / N**2) / (1 - a**3)

    @property
    def divergence(self) -> Expr:
        """The distance per layer, in nats, from independent layers of kernel K*, up to the order
        1/N.

        ``(N/2)⟨x - ln(1 + x)⟩`` with x = K/K* - 1 by its cumulants: (N/2)(V/2 - κ_3/3 + 3V²/4), V
        the exact variance. See `neurenorm.theory.field_theory.action.factorial_divergence` for its
        limit.
        """
        variance, third = (form.subs(K, 1) for form in (self.kernel_variance, self.third_cumulant))
        return N / 2 * (variance / 2 - third / 3 + 3 * variance**2 / 4)

    @property
    def _third(self) -> Expr:
        """Third cumulant of ρ."""
        m1, m2, m3 = (
            (self.right ** (2 * p) + self.left ** (2 * p)) * Rational(moment, 2)
            for p, moment in ((1, 1), (2, 3), (3, 15))
        )
        return (m3 - 3 * m2 * m1 + 2 * m1**3) / m1**3

    def length_eigenvalue(self, order: int) -> Expr:
        """Return the factor per layer of the polynomial mode of given order of the linear chain q'
        = K' X: aᵏ ∏_{j<k} (1 + 2j/N).

        Parameters
        ----------
        order : int
            k >= 0.

        Raises
        ------
        ValueError
            If the activation is not linear: then the moments of the noise are others.
        """
        if self.right != self.left:
            raise ValueError("the closed spectrum is that of the linear network")
        product = self.gain**order
        for j in range(order):
            product *= 1 + Integer(2 * j) / N
        return product


@exact_arguments
def kesten_equation(exponent: Symbol) -> Expr:
    """Return ln of ``a^κ Γ(N/2 + κ)(2/N)^κ/Γ(N/2)``, whose zero κ > 0 is the tail exponent P(q > t)
    ~ t^(-κ) of the linear chain.

    The stationary length solves q = (σ_b² + a q) X in law; where ⟨(aX)^κ⟩ = 1 its tail is a power
    (Kesten).

    Parameters
    ----------
    exponent : Symbol
        κ.

    Returns
    -------
    sympy.Expr
        In κ, a and N.

    Examples
    --------
    >>> kesten_equation(Symbol("kappa", positive=True)).subs(
    ...     Symbol("kappa", positive=True), 1
    ... ).simplify()
    log(a)
    """
    return exponent * log(2 * A / N) + log(gamma(N / 2 + exponent) / gamma(N / 2))


@exact_arguments
def tangent_variance(excess: Expr, width: Expr, depth: int) -> Expr:
    """Return Var Θ/⟨Θ⟩² of a critical linear or ReLU network with scalar output f, no biases, one
    input, exact at any width.

    ``Θ = Σ_l |δ^l|² K^l``. Of two terms l < m the layers below l and above m enter squared, each
    with 1 + v/N. In between, K^m carries the forward factors and
    |δ^l|² the backward ones. Given the signals, ``Wδ`` is known along φ, where it is f²/|φ|² (Euler: z·δ = f in every layer), and fresh across. A layer across
    counts ⟨ρ (N_on - 1) s/N⟩ = 1 - 1/N (ρ the forward factor, N_on the open neurons, s = 1/⟨φ'²⟩),
    one along counts 1/N of what is squared from there on. The geometric sum over the layer where
    the two part gives

        L⁻² Σ_{l,m} { (1 + v/N)^(min - 1 + L - max) [⅔ (1 - 1/N)^|l-m| + ⅓ (1 + v/N)^|l-m|] - 1 }.

    Parameters
    ----------
    excess : sympy.Expr
        v: 2 linear, 5 ReLU.
    width : sympy.Expr
        N.
    depth : int
        L.

    Raises
    ------
    ValueError
        For another excess: the slopes of other activations do not project.

    Examples
    --------
    >>> tangent_variance(Integer(2), Integer(64), 10).evalf(4)
    0.1984
    """
    if excess not in (2, 5):
        raise ValueError(
            "the variance of the tangent kernel is known for linear (v = 2) and ReLU (v = 5) "
            f"networks, got v = {excess}"
        )
    total: Expr = Integer(0)
    for first in range(1, depth + 1):
        for second in range(1, depth + 1):
            low, high = min(first, second), max(first, second)
            across, squared = (1 - 1 / width) ** (high - low), (1 + excess / width) ** (high - low)
            total += (1 + excess / width) ** (low - 1 + depth - high) * (
                2 * across + squared
            ) / 3 - 1
    return total / depth**2
