"""Derivations of the results on random networks: from sums over the neurons of a layer and Gaussian
averages to the maps, covariances and kernels that are shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sympy import Expr, Integer, Interval, Symbol, diff

from neurenorm.theory.gaussian.expectation import GaussianExpectation, gaussian_variables
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.wide.limit import AA, AB, BB, PAIR, WideLimit

if TYPE_CHECKING:
    from sympy.sets import Set

    from neurenorm.theory.field_theory.finite_width import FiniteWidth, ScaleInvariant

__all__ = [
    "correlation_map",
    "critical_line",
    "exact_covariance",
    "leading_covariance",
    "pair_averages",
    "tangent_kernel",
    "vertex_flow",
]

FIELD = symbols("field-theory")
K, C, SW2, SB2, N, V, LAG = (
    FIELD[name].symbol for name in ["K", "c", "sw2", "sb2", "N", "V", "lag"]
)
THETA = FIELD.Theta


def domain(*names: Symbol) -> dict[Symbol, Set]:
    """The domains of symbols of this subject."""
    return {symbol: FIELD[symbol.name].domain for symbol in names}


def waiting(wide: WideLimit, function: Expr, variance: Expr = K) -> Expr:
    """An average over one Gaussian variable before it is done."""
    return GaussianExpectation(function, wide.activation.variable, variance)


def waiting_pair(wide: WideLimit, function: Expr) -> Expr:
    """⟨f(z_a) f(z_b)⟩ before it is done."""
    za, zb = gaussian_variables(2)
    z = wide.activation.variable
    return GaussianExpectation(
        function.xreplace({z: za}) * function.xreplace({z: zb}), (za, zb), PAIR
    )


def pair_averages(wide: WideLimit) -> Derivation:
    """Derive ⟨φ_a φ_b⟩ from its slope along K_ab, where it begins as a product of averages."""
    phi = wide.activation.expression
    return Derivation("averages of two inputs").then(
        Step(
            "inputs without covariance are averaged apart",
            waiting(wide, phi, AA) * waiting(wide, phi, BB),
            wide.overlap.subs(AB, 0),
            r"\left.\langle\phi_a\phi_b\rangle\right|_{K_{ab} = 0}",
            domain(AA, BB),
        ),
        Step(
            "slope along the covariance, by Price's theorem",
            diff(wide.overlap, AB),
            wide.slope_overlap,
            r"\langle\phi_a'\phi_b'\rangle",
            overlapping(),
        ),
    )


def overlapping() -> dict[Symbol, Set]:
    """Kernels of two inputs whose overlap is smaller than either length."""
    return {AA: Interval(1, 2), BB: Interval(1, 2), AB: Interval.open(-1, 1)}


def correlation_map(wide: WideLimit) -> Derivation:
    """Derive the map of a correlation and its slope."""
    equal = {AA: K, BB: K, AB: C * K}
    before = waiting_pair(wide, wide.activation.expression).xreplace(equal)
    everywhere = domain(K, C, SW2, SB2)
    return Derivation("correlation map").then(
        Step(
            "average over the layer below, whose lengths are equal",
            (SB2 + SW2 * before) / K,
            wide.correlation_map,
            "c'",
            everywhere,
        ),
        Step(
            "its slope, by Price's theorem",
            diff(wide.correlation_map, C),
            SW2 * wide.slope_overlap.xreplace(equal),
            r"\chi_c",
            everywhere,
        ),
    )


def length_step(wide: WideLimit) -> Step:
    """The mean over the neurons of the layer below."""
    (step,) = wide.kernel.derivation
    return step


def slope_step(wide: WideLimit) -> Step:
    """What becomes of a small angle, and of a gradient, in a layer."""
    before = SW2 * waiting(wide, wide.activation.derivative() ** 2)
    return Step("average the squared slopes", before, wide.chi_perp, r"\chi_\perp", domain(K, SW2))


def critical_line(wide: WideLimit) -> Derivation:
    """Derive the critical line: both conditions, with the solution put in."""
    weight, bias = wide.edge_of_chaos
    return Derivation("edge of chaos").then(
        length_step(wide),
        slope_step(wide),
        Step(
            "small angles are kept",
            wide.chi_perp.subs(SW2, weight),
            Integer(1),
            r"\chi_\perp",
            domain(K),
        ),
        Step(
            "and so is the length",
            wide.kernel.step[0].subs({SW2: weight, SB2: bias}, simultaneous=True),
            K,
            "K'",
            domain(K),
        ),
    )


def vertex_flow(theory: FiniteWidth) -> Derivation:
    """Derive the flow of the kernel and of its variance over networks."""
    wide, phi = theory.wide, theory.wide.activation.expression
    spread = waiting(wide, phi**4) - waiting(wide, phi**2) ** 2
    return Derivation("four-point vertex").then(
        length_step(wide),
        Step(
            "variance of a sum of N terms, each of weight 1/N",
            N * (SW2 / N) ** 2 * spread,
            wide.noise / N,
            "D/N",
            domain(K, SW2, N),
        ),
        Step(
            "response to the length below",
            diff(wide.kernel.step[0], K),
            wide.chi_par,
            r"\chi_\parallel",
            domain(K, SW2, SB2),
        ),
        Step(
            "pass the variance below on, and add the layer's own",
            wide.chi_par**2 * V + wide.noise / N,
            theory.vertex.step[1],
            "V'",
            domain(K, V, SW2, N),
        ),
    )


def tangent_kernel(wide: WideLimit, parametrisation: str) -> Derivation:
    """Derive the kernel of gradients: what a layer's own parameters add, and what the slopes let
    through.
    """
    phi, width = wide.activation.expression, N
    squares = waiting(wide, phi**2)
    own = {
        "ntk": width * (SW2 / width) * squares + SB2,
        "standard": width * squares / width,  # over the width; the bias adds 1/N
    }[parametrisation]
    below = SW2 * waiting(wide, wide.activation.derivative() ** 2) * THETA
    return Derivation("neural tangent kernel").then(
        length_step(wide),
        slope_step(wide),
        Step(
            "squared gradients by the layer's own weights, and by all below",
            own + below,
            wide.tangent_in(parametrisation).step[1],
            r"\Theta'",
            domain(K, THETA, SW2, SB2),
        ),
    )


def exact_covariance(exact: ScaleInvariant, wide: WideLimit) -> Derivation:
    """Derive the covariances of a network whose moments close at any width."""
    phi, a, v = wide.activation.expression, exact.gain, exact.excess
    everywhere = domain(K, SW2, N)
    squares = (3 * N + N * (N - 1)) / N**2  # of ⟨(Σ z²)²⟩ over N² K²
    return Derivation("covariance of layers at any width").then(
        Step(
            "a layer multiplies the length",
            SW2 * waiting(wide, phi**2),
            a * K,
            "a K",
            domain(K, SW2),
        ),
        Step(
            "relative variance of one neuron",
            waiting(wide, phi**4) / waiting(wide, phi**2) ** 2 - 1,
            v,
            r"\langle\phi^4\rangle/\langle\phi^2\rangle^2 - 1",
            domain(K),
        ),
        Step(
            "the variance that is kept from layer to layer",
            exact.moments.step[1].subs(V, exact.kernel_variance),
            exact.kernel_variance,
            r"\langle K_l\, K_l\rangle_c",
            everywhere,
        ),
        Step(
            "the length of N neurons about their kernel",
            squares * (exact.kernel_variance + K**2) - K**2,
            exact.length_variance,
            r"\langle q_l\, q_l\rangle_c",
            everywhere,
        ),
        Step(
            "one more layer between them",
            a * exact.covariance(exact.length_variance),
            exact.covariance(exact.length_variance).subs(LAG, LAG + 1),
            r"\langle q_l\, q_{l+\ell+1}\rangle_c",
            domain(K, SW2, N, LAG),
        ),
    )


def leading_covariance(theory: FiniteWidth) -> Derivation:
    """Derive the covariances to leading order in 1/N."""
    flow, (*_, step) = vertex_flow(theory), theory.vertex.step
    everywhere = domain(K, SW2, N)
    covariance = theory.length_covariance
    return Derivation("covariance of layers", flow.steps).then(
        Step(
            "the variance that is kept from layer to layer",
            step.subs(V, theory.kernel_variance),
            theory.kernel_variance,
            r"\langle K_l\, K_l\rangle_c",
            everywhere,
        ),
        Step(
            "one more layer between them",
            theory.wide.chi_par * covariance,
            covariance.subs(LAG, LAG + 1),
            r"\langle q_l\, q_{l+\ell+1}\rangle_c",
            domain(K, SW2, N, LAG),
        ),
    )
