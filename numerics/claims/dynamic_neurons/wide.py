"""Claims on real neurons and on wide layers, against quadrature on plain grids, drawn networks and
enumerated rows of weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray
from sympy import Expr, Rational, tanh

from neurenorm.numerics.claims.dynamic_neurons.chain import claim, value_at
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.dynamic_neurons.sampling import (
    sampled_annealed_moments,
    sampled_chain,
    sampled_wide_step,
)
from neurenorm.numerics.simulation.dynamic_neurons.sums import grid_second_eigenvalue
from neurenorm.numerics.simulation.dynamic_neurons.wide_layers import (
    enumerated_second_eigenvalue,
    every_second_neuron,
    extrapolated_means,
    first_order_by_stiffness,
    normal_grid,
    overlap_columns,
    stiff_gradients,
    summed_output,
    two_kernels_on_a_grid,
)
from neurenorm.numerics.solve.dynamic_neurons.smeared_chain import smeared_partition_function
from neurenorm.numerics.solve.dynamic_neurons.transfer import (
    nystroem_spectrum,
    wide_second_eigenvalue_ball,
)
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Exact, Sampled
from neurenorm.numerics.verification.mutants import (
    Mutant,
    flipped,
    replaced,
    scaled,
    shifted,
    without,
)
from neurenorm.theory.dynamic_neurons.linear import (
    annealed_covariance,
    neighbour_recursion,
    scalar_recursion,
)
from neurenorm.theory.dynamic_neurons.stiffness import (
    BackPropagation,
    SmearedChain,
    back_propagation_limit,
    first_order_integrand,
    output_identity,
    rule_kernel,
    smeared_chain,
)
from neurenorm.theory.dynamic_neurons.wide import WideBinary, overlap_matrix, wide_recursion
from neurenorm.theory.dynamic_neurons.wide import up_probability as exact_up_probability
from neurenorm.theory.symbols import symbols

__all__ = ["CLAIMS"]

S = symbols("dynamic-neurons")
Array = NDArray[np.float64]


# --- linear layers
# --------------------------------------------------------------------------------------------------


def linear_claim() -> Claim:
    """Two linear layers compose to one; the witness integrates the product of the two kernels on a
    grid.
    """
    w, b, spread, start = 0.8, 0.1, 0.05, 0.7

    def predict(step: tuple[Expr, ...]) -> Array:
        weight, bias, variance = (value_at(e, {S.w: w, S.bias: b, S.S: spread}) for e in step)
        return np.array([weight * start + bias, variance])

    return claim(
        "linear-composition",
        "two linear layers compose to w², (1 + w) b, (1 + w²) S",
        lambda: scalar_recursion().step,
        predict,
        lambda: two_kernels_on_a_grid(w, b, spread, start),
        Exact(11),
        scaled("1.0000001"),
        flipped(S.w),
        without(S.S * S.w**2, "the smearing of the first layer"),
    )


def neighbour_claim() -> Claim:
    """Every second neuron of a Gaussian chain integrated out, against the inverse of the covariance
    of the others.
    """
    r, coupling = 1.7, 0.6

    return claim(
        "neighbour-couplings",
        "decimation of the Gaussian chain: r' = r - 2 J²/r, J' = J²/r",
        lambda: neighbour_recursion().step,
        lambda step: np.array([value_at(e, {S.r: r, S.J: coupling}) for e in step]),
        lambda: every_second_neuron(r, coupling),
        Exact(12),
        scaled("1.00000001"),
        replaced("J² counted once", lambda e: e.subs(S.J, S.J / 2 ** Rational(1, 2))),
    )


def annealed_claim() -> Claim:
    """The covariance of two copies that share a random weight, against draws."""
    h = (0.7, -0.4)

    def derive(variance: Rational) -> Any:
        return annealed_covariance(
            [Rational(7, 10), Rational(-2, 5)], Rational(2), 1 / (2 * variance)
        )

    return Claim(
        "dynamic-neurons/annealed-linear",
        "copies of a linear neuron that share a Gaussian weight have covariance I/(2 alpha) + "
        "sigma² h h^T",
        lambda: derive(Rational(1, 2)),
        lambda matrix, _: np.array(matrix.tolist(), dtype=float),
        lambda rng, effort: sampled_annealed_moments(
            h, 2.0, 0.5, rng, samples=effort.scale(400_000, 400_000)
        ),
        Sampled(smallest=0.03),
        (
            Mutant(
                "weights drawn for each datum",
                lambda m: m.applyfunc(lambda e: e if e > 0 else e * 0),
            ),
            Mutant("variance 1/3", lambda _: derive(Rational(1, 3))),
        ),
    )


# --- softened rules
# --------------------------------------------------------------------------------------------------


def output_claim() -> Claim:
    """The output neuron integrated out, against a trapezoidal sum."""
    alpha, beta, y, s = 10.0, 2.0, 0.5, -0.3

    def predict(values: dict[str, Expr]) -> float:
        numbers = {S.alpha: alpha, S.beta: beta}
        return value_at(values["prefactor"], numbers) * math.exp(
            -value_at(values["beta_eff"], numbers) * (y - s) ** 2
        )

    return claim(
        "output-neuron",
        "integrating the output neuron out softens the cost to alpha beta/(alpha + beta)",
        lambda: dict(output_identity().values),
        predict,
        lambda: summed_output(alpha, beta, y, s),
        Exact(12),
        scaled("1.0000001"),
        Mutant(
            "prefactor left out", lambda values: {**values, "prefactor": values["prefactor"] ** 0}
        ),
    )


def sampled_chain_claim(
    name: str, activation: str, function: Callable[[Array], Array], alpha: float
) -> Claim:
    """A chain of real neurons, against drawn weights and noise."""

    def predict(problem: SmearedChain, _: Effort) -> float:
        return smeared_partition_function(problem, 1.0, 0.5, 2.0, alpha).value

    def witness(rng: np.random.Generator, effort: Effort) -> Estimate:
        return sampled_chain(
            function, 3, 1.0, 0.5, 2.0, alpha, rng, samples=effort.scale(800_000, 500_000)
        )

    return Claim(
        f"dynamic-neurons/chain-{name}",
        f"the partition function of three {activation} layers with Gaussian weights, alpha = "
        f"{alpha:g}",
        lambda: smeared_chain(activation, 3),
        predict,
        witness,
        Sampled(smallest=0.01),
        (Mutant("two layers", lambda problem: replace(problem, layers=2)),),
    )


def expansion_claim() -> Claim:
    """The first term of the expansion in 1/alpha, against differences of drawn-free sums on a
    grid.
    """
    w, chance = normal_grid(361)

    def predict(derived: tuple[Expr, Any]) -> float:
        integrand, weights = derived
        data = {
            s: value
            for s in integrand.free_symbols
            for name, value in (("x", 1), ("y", Rational(1, 2)), ("beta", 2))
            if s.name == name
        }
        return float(
            chance @ compiled(integrand.subs(data), weights)(w[:, None], w[None, :]) @ chance
        )

    return claim(
        "one-over-alpha",
        "Z_alpha - Z = (1/(4 alpha)) sum of averaged second derivatives, to first order",
        lambda: first_order_integrand("tanh", 2),
        predict,
        first_order_by_stiffness,
        Exact(3.5),
        Mutant("scaled by 1.001", lambda derived: (derived[0] * Rational("1.001"), derived[1])),
        Mutant(
            "only the output neuron",
            lambda _: (_output_noise(), first_order_integrand("tanh", 2)[1]),
        ),
    )


def _output_noise() -> Expr:
    """The integrand with noise on the last neuron alone: that of one layer whose input is tanh of
    the first.
    """
    one, (weight,) = first_order_integrand("tanh", 1)
    _, (first, last) = first_order_integrand("tanh", 2)
    x = next(s for s in one.free_symbols if s.name == "x")
    return one.subs(weight, last).subs(x, tanh(first * x))


def gradient_claim() -> Claim:
    """Local gradients at the minimum over the neurons become those of back-propagation; the witness
    minimises numerically at large kappa.
    """
    numbers = {"W_0": 0.8, "W_1": -1.1, "W_2": 0.6, "x": 0.9, "y": 0.4}

    def predict(found: BackPropagation) -> Array:
        return np.array(
            [
                value_at(e, {s: numbers[s.name] for s in e.free_symbols})
                for e in (*found.forces, *found.chain_rule)
            ]
        )

    return claim(
        "back-propagation",
        "the forces of stiff rules are the back-propagated errors, and the local gradients those "
        "of the cost",
        lambda: back_propagation_limit("tanh", 3),
        predict,
        lambda: stiff_gradients([numbers[f"W_{m}"] for m in range(3)], 0.9, 0.4),
        Exact(5),
        Mutant(
            "forces scaled by 1.001",
            lambda found: replace(
                found, forces=tuple(force * Rational("1.001") for force in found.forces)
            ),
        ),
        Mutant(
            "signs of the gradients",
            lambda found: replace(found, chain_rule=tuple(-g for g in found.chain_rule)),
        ),
    )


def tanh_spectrum_claim(weight: float) -> Claim:
    """The second eigenvalue of a softened tanh rule: Gauss-Legendre against power iteration on an
    even grid.
    """

    def predict(derived: tuple[Expr, Any]) -> float:
        kernel, (h, after) = derived
        function = compiled(kernel, [h, after, S.w, S.bias, S.alpha])
        return float(
            nystroem_spectrum(lambda a, b: function(a, b, weight, 0.0, 10.0), 3.5, 300, 2).values[1]
        )

    return claim(
        f"tanh-spectrum-{weight:g}",
        f"the second eigenvalue of the softened rule h' = tanh({weight:g} h) at alpha = 10",
        lambda: rule_kernel("tanh"),
        predict,
        lambda: grid_second_eigenvalue(np.tanh, weight, 10.0, 3.5, points=401),
        Exact(9),
        Mutant(
            "w scaled by 1.000001",
            lambda derived: (derived[0].subs(S.w, S.w * Rational("1.000001")), derived[1]),
        ),
        Mutant(
            "alpha shifted",
            lambda derived: (derived[0].subs(S.alpha, S.alpha + Rational(1, 10**4)), derived[1]),
        ),
    )


# --- wide layers
# --------------------------------------------------------------------------------------------------


def wide_eigenvalue_claim() -> Claim:
    """The second eigenvalue at finite width, enclosed, against the full matrix with enumerated
    probabilities.
    """
    width, gain = 9, 1.25

    return claim(
        "wide-second-eigenvalue",
        "the second eigenvalue of a wide binary layer of nine neurons",
        lambda: (fmpq(5, 4), width),
        lambda pair: float(wide_second_eigenvalue_ball(pair[1], pair[0]).mid()),
        lambda: enumerated_second_eigenvalue(width, gain),
        Exact(11),
        Mutant(
            "gain scaled by 1.0000001", lambda pair: (pair[0] * fmpq(10**7 + 1, 10**7), pair[1])
        ),
        Mutant("width eleven", lambda pair: (pair[0], 11)),
    )


def wide_drawn_claim() -> Claim:
    """One layer of explicit binary weights has the binomial law."""
    width, gain, up = 31, 1.4, 21

    def predict(problem: WideBinary, _: Effort) -> Array:
        p = exact_up_probability(problem.width, up, gain / math.sqrt(problem.width))
        return np.array([2 * p - 1, (2 * p - 1) ** 2 + 4 * p * (1 - p) / problem.width])

    return Claim(
        "dynamic-neurons/wide-binomial",
        "the next layer of drawn binary weights is binomial in the number of neurons up",
        lambda: WideBinary(width),
        predict,
        lambda rng, effort: sampled_wide_step(
            width, gain, up, rng, networks=effort.scale(20_000, 15_000)
        ),
        Sampled(smallest=0.05),
        (Mutant("width 41", lambda _: WideBinary(41)),),
    )


def wide_limit_claim() -> Claim:
    """The map at infinite width, against binomial sums extrapolated in 1/N."""
    means, gain = (0.2, 0.6, 1.0), 1.5

    return claim(
        "wide-limit",
        "at infinite width the mean obeys m' = erf(g m/sqrt 2)",
        lambda: wide_recursion().step[0],
        lambda step: np.array([value_at(step, {S.m: m, S.g: gain}) for m in means]),
        lambda: extrapolated_means(means, gain),
        Exact(4),
        scaled("1.001"),
        shifted(S.g, Rational(1, 100)),
    )


def overlap_claim() -> Claim:
    """Two data in a wide layer, against enumerated rows of weights."""
    width = 7

    return claim(
        "wide-overlap",
        "the number of neurons in which two data differ is binomial in the next layer",
        lambda: overlap_matrix(width),
        lambda matrix: np.array(matrix.tolist(), dtype=float),
        lambda: overlap_columns(width),
        Exact(12, scale=1e-3),
        scaled("1.000000001"),
        Mutant("one neuron more differs", lambda matrix: matrix[:, [*range(1, width + 1), 0]]),
    )


CLAIMS = (
    linear_claim(),
    neighbour_claim(),
    annealed_claim(),
    output_claim(),
    sampled_chain_claim("tanh-sharp", "tanh", np.tanh, math.inf),
    sampled_chain_claim("tanh-softened", "tanh", np.tanh, 2.0),
    sampled_chain_claim("relu-softened", "relu", lambda z: np.maximum(z, 0.0), 3.0),
    expansion_claim(),
    gradient_claim(),
    tanh_spectrum_claim(0.8),
    tanh_spectrum_claim(1.5),
    wide_eigenvalue_claim(),
    wide_drawn_claim(),
    wide_limit_claim(),
    overlap_claim(),
)
