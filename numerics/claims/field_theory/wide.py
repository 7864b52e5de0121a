"""Claims on random networks without sampling: averages, fixed points, the action and the field
along depth, against arithmetic written by hand.

The witnesses integrate with Gauss-Legendre nodes and activations written in NumPy, iterate maps,
and invert matrices; none of them sees an expression.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats
from sympy import Expr, Integer, Matrix, Rational, Symbol, log, symbols

from neurenorm.numerics.compile import compiled
from neurenorm.numerics.simulation.field_theory.activations import NAMED
from neurenorm.numerics.solve.field_theory.correlations import correlation_fixed_points
from neurenorm.numerics.solve.field_theory.lengths import edge_points, length_fixed_points
from neurenorm.numerics.solve.field_theory.universality import half_stable_points
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Exact
from neurenorm.numerics.verification.mutants import (
    Mutant,
    flipped,
    replaced,
    scaled,
    shifted,
    without,
)
from neurenorm.theory.field_theory.action import LatticeAction
from neurenorm.theory.field_theory.depth_field import BOUNDARIES, DepthField
from neurenorm.theory.field_theory.finite_width import FIELD, FiniteWidth, ScaleInvariant
from neurenorm.theory.field_theory.results import effective_theory
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.recursion.recursion import Recursion
from neurenorm.theory.wide.limit import AA, AB, BB, SB2, SW2, K, WideLimit

__all__ = ["CLAIMS", "gauss_average", "gauss_pair"]

Array = NDArray[np.float64]
NODES, WEIGHTS = np.polynomial.legendre.leggauss(240)
PAIRS = np.array([(1.3, 0.7, 0.4), (0.5, 2.0, -0.8), (1.0, 1.0, 0.95)])
CLOSED = ("relu", "leaky", "erf", "sin", "cos", "gelu", "abs", "heaviside")
REACH = 12.0


def gauss_average(function: Callable[[Array], Array], variance: float) -> float:
    """Average by Gauss-Legendre on both half-lines."""
    x = REACH * (NODES + 1) / 2
    weight = WEIGHTS * REACH / 2 * np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    s = np.sqrt(variance)
    return float(np.sum(weight * (function(s * x) + function(-s * x))))


def gauss_pair(function: Callable[[Array], Array], kaa: float, kbb: float, kab: float) -> float:
    """⟨f_a f_b⟩ in polar coordinates split where either argument changes sign: each sector is
    smooth.
    """
    c = kab / np.sqrt(kaa * kbb)
    edges = np.sort(
        np.mod(
            [
                np.pi / 2,
                -np.pi / 2,
                np.arctan2(-c, np.sqrt(1 - c * c)),
                np.arctan2(c, -np.sqrt(1 - c * c)),
            ],
            2 * np.pi,
        )
    )
    total = 0.0
    r, radial = REACH * (NODES + 1) / 2, WEIGHTS * REACH / 2
    for low, high in zip(edges, [*edges[1:], edges[0] + 2 * np.pi], strict=True):
        angle = (low + high) / 2 + (high - low) / 2 * NODES
        x, y = r[:, None] * np.cos(angle), r[:, None] * np.sin(angle)
        values = function(np.sqrt(kaa) * x) * function(
            np.sqrt(kbb) * (c * x + np.sqrt(1 - c * c) * y)
        )
        total += (
            float((radial * r * np.exp(-r * r / 2)) @ values @ WEIGHTS)
            * (high - low)
            / 2
            / (2 * np.pi)
        )
    return total


# --- averages
# --------------------------------------------------------------------------------------------------


def overlap_claim(name: str, *mutants: Mutant) -> Claim:
    """Claim that the closed form of ⟨φ_a φ_b⟩ is right."""
    return Claim(
        f"field-theory/overlap-{name}",
        f"the closed form of <phi_a phi_b> for {name} is the Gaussian integral",
        lambda: WideLimit(activation(name)).overlap,
        lambda expression, _: compiled(expression, [AA, BB, AB])(*PAIRS.T),
        lambda rng, effort: np.array([gauss_pair(NAMED[name].function, *point) for point in PAIRS]),
        Exact(10),
        (scaled(1.00000001), *mutants),
    )


def slopes_of(name: str) -> list[Expr]:
    """χ_∥/σ_w² and χ_⊥/σ_w² in closed form or as averages."""
    wide = WideLimit(activation(name))
    return [(wide.chi_par / SW2).expand(), wide.slope_moment]


def differenced_slopes(name: str) -> Array:
    """The derivative of the average of φ², by a five-point formula, and the average of φ'²."""
    function, slope = NAMED[name]
    found = []
    for k in (0.4, 1.7):
        step = 1e-3 * k
        values = [gauss_average(lambda x: function(x) ** 2, k + j * step) for j in (-2, -1, 1, 2)]
        found.append(
            [
                (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * step),
                gauss_average(lambda x: slope(x) ** 2, k),
            ]
        )
    return np.array(found).T


def slope_claim(name: str) -> Claim:
    """Claim that the susceptibilities are what Price's theorem says."""
    return Claim(
        f"field-theory/susceptibilities-{name}",
        f"chi_par and chi_perp of {name} by Price's theorem are the slopes of the integrated map",
        lambda: slopes_of(name),
        lambda expressions, _: np.array(compiled(expressions, [K])(np.array([0.4, 1.7]))),
        lambda rng, effort: differenced_slopes(name),
        Exact(8),
        (scaled(1.000001),),
    )


# --- fixed points
# --------------------------------------------------------------------------------------------------


@cache
def iterated_tanh(sw2: float, sb2: float) -> tuple[float, float]:
    """Length and correlation of tanh after 3000 layers of hand-made integrals."""
    length, c = 1.0, 0.4
    for _ in range(400):
        length = sb2 + sw2 * gauss_average(lambda x: np.tanh(x) ** 2, length)
    for _ in range(400):
        c = (sb2 + sw2 * gauss_pair(np.tanh, length, length, c * length)) / length
    return length, c


def fixed_points_of(wide: WideLimit, effort: Effort) -> Array:
    """K* and c* of a wide limit at (2.5, 0.05)."""
    point = length_fixed_points(wide, Rational(5, 2), Rational(1, 20)).points[0]
    found = correlation_fixed_points(wide, 2.5, 0.05, float(point.K), float(point.chi_perp))
    return np.array([float(point.K), found[0].c])


FIXED_POINTS = Claim(
    "field-theory/fixed-points-tanh",
    "the fixed points of length and correlation of tanh at (2.5, 0.05) are where the integrated "
    "maps settle",
    lambda: WideLimit(activation("tanh")),
    fixed_points_of,
    lambda rng, effort: np.array(iterated_tanh(2.5, 0.05)),
    Exact(9),
    (Mutant("another nonlinearity", lambda wide: WideLimit(activation("1.0001*tanh(z)"))),),
)


def critical_tanh(rng: np.random.Generator, effort: Effort) -> Array:
    """σ_w² and K of tanh at σ_b² = 0.05, by bracketing with hand-made integrals."""

    def bias(k: float) -> float:
        return k - gauss_average(lambda x: np.tanh(x) ** 2, k) / gauss_average(
            lambda x: np.cosh(x) ** -4.0, k
        )

    k = float(optimize.brentq(lambda u: bias(u) - 0.05, 0.1, 2.0, xtol=1e-14))
    return np.array([1 / gauss_average(lambda x: np.cosh(x) ** -4.0, k), k])


def edge_of(wide: WideLimit, effort: Effort) -> Array:
    """σ_w² and K on the critical line."""
    found = edge_points(wide, Rational(1, 20))
    if isinstance(found, str):
        return np.full(2, np.nan)
    point, weight = found[0]
    return np.array([float(weight), float(point.K)])


EDGE = Claim(
    "field-theory/edge-of-chaos-tanh",
    "the edge of chaos of tanh at sb2 = 0.05 is where the integrated chi_perp is 1",
    lambda: WideLimit(activation("tanh")),
    edge_of,
    critical_tanh,
    Exact(9),
    (Mutant("another nonlinearity", lambda wide: WideLimit(activation("1.0001*tanh(z)"))),),
)

# --- the action
# --------------------------------------------------------------------------------------------------

STATES = [[list(symbols(f"z{layer}_{a}_:2", real=True)) for a in range(2)] for layer in range(2)]
FLAT = [z for layer in STATES for row in layer for z in row]
POINTS = np.random.default_rng(20).standard_normal((6, 8))
OVERLAPS = [[Integer(1), Rational(1, 4)], [Rational(1, 4), Rational(5, 8)]]


def normal_actions(rng: np.random.Generator, effort: Effort) -> Array:
    """Minus the sum of SciPy's normal log-densities, layer by layer."""
    found = []
    for point in POINTS:
        gram, total = np.array([[1, 0.25], [0.25, 0.625]]), 0.0
        for layer in point.reshape(2, 2, 2):
            law = stats.multivariate_normal(np.zeros(2), 0.2 + 1.6 * gram)
            total -= sum(law.logpdf(layer[:, i]) for i in range(2))
            gram = np.tanh(layer) @ np.tanh(layer).T / 2
        found.append(total)
    return np.array(found)


ACTION = Claim(
    "field-theory/lattice-action",
    "the lattice action of two layers and two inputs is minus the log of the density, layer by "
    "layer",
    lambda: LatticeAction(activation("tanh")).value(STATES, OVERLAPS),
    lambda expression, _: compiled(
        expression.subs({SW2: Rational(8, 5), SB2: Rational(1, 5)}), FLAT
    )(*POINTS.T),
    normal_actions,
    Exact(11),
    (
        scaled(1.0000001),
        without(SB2, "the biases"),
        replaced("without the determinants", lambda e: e.replace(log, lambda _: Integer(0))),
    ),
)

# --- the field along depth
# --------------------------------------------------------------------------------------------------

LAYERS = 9


def written_precision(a: float, boundary: str) -> Array:
    """T entry by entry."""
    matrix = np.diag(np.full(LAYERS, 1 + a * a)) - a * (np.eye(LAYERS, k=1) + np.eye(LAYERS, k=-1))
    if boundary == "periodic":
        matrix[0, -1] = matrix[-1, 0] = -a
    if boundary in ("fixed-open", "stationary"):
        matrix[-1, -1] = 1
    if boundary == "stationary":
        matrix[0, 0] = 1
    return matrix


def covariances(boundary: str) -> Matrix:
    """All closed covariances of nine layers."""
    depth = DepthField(FIELD.a, Integer(1))
    return Matrix(LAYERS, LAYERS, lambda i, j: depth.covariance(i + 1, j + 1, LAYERS, boundary))


def depth_claim(boundary: str) -> Claim:
    """Claim that the closed covariance inverts the precision."""
    return Claim(
        f"field-theory/depth-covariance-{boundary}",
        f"the closed covariance of fluctuations along depth ({boundary}) inverts the precision",
        lambda: covariances(boundary),
        lambda matrix, _: np.array(compiled(matrix, [FIELD.a])(0.8)),
        lambda rng, effort: np.linalg.inv(written_precision(0.8, boundary)),
        Exact(11),
        (scaled(1.0000001), flipped(FIELD.a), shifted(FIELD.a, Rational(1, 10**6))),
    )


def pole_of_the_symbol(rng: np.random.Generator, effort: Effort) -> Array:
    """The mass at which 1 + a² - 2a cosh m vanishes, and the variance summed over the zone, for a =
    0.8.
    """
    a = 0.8
    mass = float(optimize.brentq(lambda m: 1 + a * a - 2 * a * np.cosh(m), 1e-3, 2, xtol=1e-15))
    k = 2 * np.pi * np.arange(512) / 512
    return np.array(
        [
            1 / mass,
            2 * np.sinh(mass / 2),
            1 / (2 * np.sqrt(a) * (1 - a) * np.mean(1 / (1 + a * a - 2 * a * np.cos(k)))),
        ]
    )


EFFECTIVE = Claim(
    "field-theory/effective-theory",
    "the effective theory has the mass 2 sinh(1/2 xi) of the exact pole, and overstates the "
    "variance by (1 + a)/(2 sqrt a)",
    lambda: effective_theory().values,
    lambda values, _: np.array(
        [
            float(compiled(values[n], list(values[n].free_symbols))(0.8))
            for n in ("xi_lattice", "mass", "ratio")
        ]
    ),
    pole_of_the_symbol,
    Exact(11),
    (scaled(1.0000001), shifted(Symbol("a", positive=True), Rational(1, 10**6))),
)

# --- finite width, deterministic
# --------------------------------------------------------------------------------------------------


def linear_spectrum() -> Sequence[Expr]:
    """The first five factors per layer of the linear chain."""
    linear = ScaleInvariant(Integer(1), Integer(1))
    return [linear.length_eigenvalue(order) for order in range(5)]


def transfer_spectrum(rng: np.random.Generator, effort: Effort) -> Array:
    """Eigenvalues of the kernel of q' = (sb2 + a q) chi²/N on a logarithmic grid, N = 16, a =
    0.5.
    """
    u = np.linspace(np.log(0.003), np.log(1000), 400)
    x = np.exp(u)[None, :] * 16 / (0.5 + 0.5 * np.exp(u))[:, None]
    density = np.exp(8 * np.log(x) - x / 2 - 8 * np.log(2) - special.gammaln(8))
    return np.sort(np.abs(np.linalg.eigvals(density * (u[1] - u[0]))))[::-1][:5]


SPECTRUM = Claim(
    "field-theory/transfer-spectrum",
    "the layer-to-layer transfer operator of the linear network has the eigenvalues a^k prod (1 + "
    "2j/N)",
    linear_spectrum,
    lambda expressions, _: np.array(
        [float(compiled(e, [SW2, FIELD.N])(0.5, 16.0)) for e in expressions]
    ),
    transfer_spectrum,
    Exact(6),
    (scaled(1.00001), replaced("without the 1/N terms", lambda e: e.subs(FIELD.N, 10**9))),
)


def _tanh_moment(power: int, variance: float) -> float:
    """⟨tanh^power⟩."""
    return gauss_average(lambda x: np.tanh(x) ** power, variance)


def vertex_of_tanh(rng: np.random.Generator, effort: Effort) -> Array:
    """N κ_4/K² of critical tanh at layers 10 and 100, iterated with hand-made integrals."""
    k, v, found = 1.0, 0.0, []
    for layer in range(1, 101):
        if layer in (10, 100):
            found.append(v / k**2)
        second, fourth = (_tanh_moment(p, k) for p in (2, 4))
        slope = gauss_average(lambda x: x * np.tanh(x) / np.cosh(x) ** 2, k) / k
        v = slope**2 * v + fourth - second**2
        k = second
    return np.array(found)


def vertex_along_depth(theory: Recursion, effort: Effort) -> Array:
    """The derived recursion at σ_w² = 1, σ_b² = 0."""
    step = compiled(list(theory.step), [K, FIELD.V, SW2, SB2, FIELD.N])
    state, found = (1.0, 0.0), []
    for layer in range(1, 101):
        if layer in (10, 100):
            found.append(state[1] / state[0] ** 2)
        k, v = step(*state, 1.0, 0.0, 1.0)
        state = (float(k), float(v))
    return np.array(found)


VERTEX = Claim(
    "field-theory/vertex-tanh",
    "the four-point vertex of critical tanh grows along depth as the integrated recursion says",
    lambda: FiniteWidth(activation("tanh")).vertex,
    vertex_along_depth,
    vertex_of_tanh,
    Exact(9),
    (scaled(1.0001), without(FIELD.V, "what is inherited from the layer below")),
)


def half_stable_gelu(rng: np.random.Generator, effort: Effort) -> Array:
    """K and σ_w² at which the hand-made χ_∥ and χ_⊥ of GELU are both 1, and the noise over K²
    there.
    """
    phi, slope = NAMED["gelu"]

    def excess(place: Array) -> list[float]:
        """χ_⊥ - 1 and χ_∥ - 1, the latter by ⟨z φ φ'⟩/K."""
        k, weight = float(place[0]), float(place[1])
        par = gauss_average(lambda x: x * phi(x) * slope(x), k) / k
        return [weight * gauss_average(lambda x: slope(x) ** 2, k) - 1, weight * par - 1]

    k, weight = optimize.fsolve(excess, [3.0, 2.0], xtol=1e-13)
    second, fourth = (gauss_average(lambda x, p=p: phi(x) ** p, float(k)) for p in (2, 4))  # type: ignore[misc]
    return np.array([k, weight, weight**2 * (fourth - second**2) / k**2])


def half_stable_of(wide: WideLimit, effort: Effort) -> Array:
    """The same as derived."""
    points = half_stable_points(wide)
    return (
        np.array([points[0].length, points[0].sw2, points[0].growth])
        if points
        else np.full(3, np.nan)
    )


HALF_STABLE = Claim(
    "field-theory/half-stable-gelu",
    "GELU is critical at one length, where the integrated chi_par and chi_perp are both 1 and the "
    "vertex grows by the integrated noise",
    lambda: WideLimit(activation("gelu")),
    half_stable_of,
    half_stable_gelu,
    Exact(8),
    (Mutant("the logistic gate", lambda _: WideLimit(activation("swish"))),),
)

CLAIMS = (
    HALF_STABLE,
    *(
        overlap_claim(name, *([flipped(AB)] if name not in ("cos", "abs") else []))
        for name in CLOSED
    ),
    *(slope_claim(name) for name in ("tanh", "gelu", "swish", "erf")),
    FIXED_POINTS,
    EDGE,
    ACTION,
    *(depth_claim(boundary) for boundary in BOUNDARIES),
    EFFECTIVE,
    SPECTRUM,
    VERTEX,
)
