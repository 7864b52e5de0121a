"""Kernels of deep critical networks at a fixed ratio τ = depth/width.

*Scale invariant* (σ_w² ⟨φ²⟩ = K for every K): ln K moves by independent steps, so K_l/K is
log-normal in the limit, with E K^p = exp(ν p(p-1) τ/2).

*Vanishing* (K̄ = 1/(c l) at K* = 0): Y = c N K_l obeys dY = -Y² dτ + √2 Y dB, whose solution is the
reciprocal of an integral of a geometric Brownian motion. Its mean is f(τ)/τ with

    f(τ) = e^{-τ/4} ⟨b/sinh b⟩_{b ~ N(0, τ/2)} = e^{-τ/4} ½ ∫ e^{-τ t²/π²} / cosh² t dt,

and the moment equation E Y^{p+1} = (p-1) E Y^p - (E Y^p)'/p gives all others. The second form makes
every derivative with respect to τ an average of a smooth function, so nothing is done numerically
but a Gaussian average.
"""

from __future__ import annotations

from sympy import Expr, Symbol, cosh, exp, expand, pi, sqrt

from neurenorm.theory.gaussian.expectation import GaussianExpectation, gaussian_variables
from neurenorm.theory.symbols import symbols

__all__ = ["average", "scale_invariant", "vanishing"]

LOOPS = symbols("loops")
TAU = LOOPS.tau


def _cumulants(first: Expr, second: Expr, third: Expr) -> dict[str, Expr]:
    """Mean, variance and third cumulant of three moments."""
    return {
        "mean": first,
        "variance": second - first**2,
        "third": third - 3 * first * second + 2 * first**3,
    }


def scale_invariant() -> dict[str, Expr]:
    """Return mean, variance and third cumulant of K_l/K, for the growth ν per layer.

    Examples
    --------
    >>> scale_invariant()["variance"]
    exp(growth*tau) - 1
    """
    growth = LOOPS.growth
    moments = (exp(growth * p * (p - 1) * TAU / 2) for p in (1, 2, 3))
    return _cumulants(*moments)


def average(power: int) -> Expr:
    """Return ½ ∫ t^{2p} e^{-τ t²/π²}/cosh² t dt, as √(2πK)/2 times an average over t ~ N(0, K) at
    K = π²/(2τ).
    """
    (z,) = gaussian_variables(1)
    variance = pi**2 / (2 * TAU)
    mean = GaussianExpectation(z ** (2 * power) / cosh(z) ** 2, (z,), [[variance]])
    return sqrt(2 * pi * variance) / 2 * mean


def vanishing() -> dict[str, Expr]:
    """Return mean, variance and third cumulant of K_l/K̄_l, universal functions of τ.

    Examples
    --------
    >>> sorted(vanishing())
    ['mean', 'third', 'variance']
    """
    averages = [Symbol(f"w_{p}") for p in range(3)]

    def slope(value: Expr) -> Expr:
        """d/dτ, where a power of t² more comes with -1/π²."""
        moved = sum(
            value.diff(averages[p]) * -averages[p + 1] / pi**2 for p in range(len(averages) - 1)
        )
        return value.diff(TAU) + moved

    first = exp(-TAU / 4) * averages[0] / TAU
    second = -slope(first)
    third = second - slope(second) / 2
    values = _cumulants(TAU * first, TAU**2 * second, TAU**3 * third)
    at = {w: average(p) for p, w in enumerate(averages)}
    return {name: expand(value).xreplace(at) for name, value in values.items()}
