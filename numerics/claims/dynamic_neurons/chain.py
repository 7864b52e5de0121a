"""Claims on binary networks with neurons as variables, against brute force over weights and
neurons, and against a heat bath.

The witnesses fill kernels entry by entry or enumerate configurations from plain arrays; none of
them sees a graph, an elimination or a parity block.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Rational, Symbol, exp

from neurenorm.graphs.network.architectures import mlp
from neurenorm.graphs.network.interaction import promoted
from neurenorm.graphs.network.network import network_from_graph
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.dynamic_neurons.promoted import (
    FIELD_ON_WEIGHTS,
    INVERSE_TEMPERATURE,
    kernel_power,
    kernel_spectrum,
    run_two_layers,
)
from neurenorm.numerics.simulation.dynamic_neurons.sampling import heat_bath_weights
from neurenorm.numerics.simulation.dynamic_neurons.sums import (
    binary_chain_sums,
    binary_kernel,
    dense_kernel,
    threshold_partition,
)
from neurenorm.numerics.solve import free_energy
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Exact, Policy, Sampled
from neurenorm.numerics.verification.mutants import (
    Mutant,
    flipped,
    replaced,
    scaled,
    shifted,
    without,
)
from neurenorm.theory.decimation.decimation import Decimation, decimate
from neurenorm.theory.dynamic_neurons.chain import binary_model, binary_recursion
from neurenorm.theory.dynamic_neurons.generated_couplings import layer_block, network_block
from neurenorm.theory.dynamic_neurons.self_maps import SelfMaps, threshold_layer
from neurenorm.theory.dynamic_neurons.spectrum import (
    partition_function,
    transfer_spectrum,
    weight_magnetization,
)
from neurenorm.theory.recursion.recursion import Recursion
from neurenorm.theory.symbols import symbols

__all__ = ["CLAIMS"]

S = symbols("dynamic-neurons")
ALPHA, K, BETA = S.alpha, S.k, S.beta
Array = NDArray[np.float64]
POINTS = ((0.6, 0.4), (1.3, -0.3), (0.15, 1.1))
X, Y = (1, -1, 1), (1, -1, -1)
THRESHOLD = ((1, -1), (-2, 0, 2))


def value_at(expression: Expr, numbers: Mapping[Symbol, float]) -> float:
    """Return an expression at a point."""
    names = sorted(expression.free_symbols, key=lambda s: s.name)
    return float(compiled(expression, names)(*[numbers[name] for name in names]))


def claim(
    name: str,
    statement: str,
    derived: Callable[[], Any],
    predict: Callable[[Any], Any],
    witness: Callable[[], Any],
    policy: Policy,
    *mutants: Mutant,
    effort: Effort = Effort.low,
) -> Claim:
    """A claim whose witness is deterministic."""
    return Claim(
        f"dynamic-neurons/{name}",
        statement,
        derived,
        lambda object_, _: predict(object_),
        lambda rng, _: witness(),
        policy,
        mutants,
        effort,
    )


# --- the recursion and its constants
# --------------------------------------------------------------------------------------------------


def renormalised_kernels(flow: Recursion, copies: int) -> Array:
    """C T(alpha', k') at all points, with the derived couplings and constant."""
    rows = []
    for alpha, k in POINTS:
        numbers = {ALPHA: alpha, K: k}
        assert flow.constant is not None
        kernel = binary_kernel(
            value_at(flow.step[0], numbers), value_at(flow.step[1], numbers), copies
        )
        rows.append(math.exp(value_at(flow.constant, numbers)) * kernel)
    return np.array(rows)


def decimation_claim(copies: int, b: int) -> Claim:
    """The kernel of b layers is that of one layer with the derived couplings."""
    return claim(
        f"decimation-{b}-layers-{copies}-data",
        f"summing {b - 1} of {b} layers out of a binary chain with {copies} data leaves two "
        f"couplings: T^{b} = C T'",
        lambda: binary_recursion(b, copies),
        lambda flow: renormalised_kernels(flow, copies),
        lambda: np.array([kernel_power(alpha, k, copies, b) for alpha, k in POINTS]),
        Exact(12),
        scaled("1.00000001"),
        replaced("alpha taken for 2 alpha", lambda e: e.subs(ALPHA, ALPHA / 2)),
        Mutant(
            "the sign of k' lost", lambda flow: replace(flow, step=(flow.step[0], -flow.step[1]))
        ),
    )


def free_energy_claim() -> Claim:
    """The constants along the flow add up to the free energy."""

    def predict(flow: Recursion) -> float:
        return float(
            free_energy(flow, {ALPHA: Rational(3, 5), K: Rational(2, 5)}, digits=13).value.mid()
        )

    return claim(
        "free-energy-from-constants",
        "the constants summed along the flow give ln lambda_0 of two data per layer",
        lambda: binary_recursion(2, 2),
        predict,
        lambda: math.log(kernel_spectrum(0.6, 0.4, 2)[-1]),
        Exact(11),
        Mutant(
            "constants scaled by 1.000001",
            lambda flow: replace(flow, constant=flow.constant * Rational("1.000001")),
        ),
        Mutant(
            "constants of one datum",
            lambda flow: replace(flow, constant=binary_recursion(2, 1).constant),
        ),
    )


def spectrum_claim(copies: int) -> Claim:
    """The parity blocks with their multiplicities are the spectrum of the 2^P table."""

    def predict(blocks: list[tuple[Expr, int]]) -> Array:
        rows = [
            [value_at(value, {ALPHA: a, K: k}) for value, many in blocks for _ in range(many)]
            for a, k in POINTS
        ]
        return np.sort(np.array(rows), axis=1)

    def changed(change: Callable[[Expr], Expr]) -> Callable[[Any], Any]:
        return lambda blocks: [(change(value), many) for value, many in blocks]

    return claim(
        f"spectrum-{copies}-data",
        f"the spectrum of one binary layer on {copies} data is that of {copies + 1} parity blocks",
        lambda: list(transfer_spectrum(copies).blocks),
        predict,
        lambda: np.array([kernel_spectrum(a, k, copies) for a, k in POINTS]),
        Exact(10, scale=1.0),
        Mutant("scaled by 1.0000001", changed(lambda e: e * Rational("1.0000001"))),
        Mutant("even and odd blocks exchanged", changed(lambda e: e.subs(K, -K))),
        Mutant("alpha taken for 2 alpha", changed(lambda e: e.subs(ALPHA, ALPHA / 2))),
    )


# --- partition function and weight averages
# --------------------------------------------------------------------------------------------------


def partition_claim(name: str, layers: int, normalised: bool, alpha: float) -> Claim:
    """The partition function over all weights and neurons."""

    def derive(depth: int) -> Expr:
        both = partition_function(depth, X, Y, normalised)
        return (both.infinite if math.isinf(alpha) else both.finite).values["value"]

    numbers = [
        {ALPHA: alpha, K: k, BETA: beta} for k, beta in ((0.4, 0.3), (-0.2, 0.7), (0.0, 0.1))
    ]
    return claim(
        f"partition-function-{name}",
        f"the exact partition function of {layers} binary layers and three data ({name})",
        lambda: derive(layers),
        lambda expression: np.array([value_at(expression, point) for point in numbers]),
        lambda: np.array(
            [
                binary_chain_sums(layers, X, Y, alpha, point[K], point[BETA], normalised).value
                for point in numbers
            ]
        ),
        Exact(12),
        scaled("1.000000001"),
        shifted(K, Rational(1, 10**6)),
        without(exp(-4 * BETA), "the cost of a wrong output"),
        Mutant("one layer more", lambda _: derive(layers + 1)),
    )


def magnetization_claim() -> Claim:
    """Averages of weights at infinite stiffness."""
    points = [(0.4, 0.3), (-0.7, 0.2), (0.0, 0.5)]
    return claim(
        "weight-averages",
        "averages of one weight and of the product of all weights at infinite stiffness",
        lambda: dict(weight_magnetization(5, X, Y).values),
        lambda values: np.array(
            [
                [value_at(values[name], {K: k, BETA: beta}) for name in ("single", "product")]
                for k, beta in points
            ]
        ),
        lambda: np.array(
            [
                [sums.single[2], sums.product]
                for sums in (binary_chain_sums(5, X, Y, math.inf, k, beta) for k, beta in points)
            ]
        ),
        Exact(11, scale=0.1),
        scaled("1.00000001"),
        flipped(K),
        shifted(K, Rational(1, 10**6)),
    )


def heat_bath_claim() -> Claim:
    """Averages of weights at finite stiffness, against a Markov chain on the promoted graph."""

    def witness(rng: np.random.Generator, effort: Effort) -> Estimate:
        found = heat_bath_weights(
            4, X, Y, 0.35, 0.6, 0.3, rng, sweeps=effort.scale(500, 100), replicas=1500
        )
        return found

    def predict(values: Mapping[str, Expr], _: Effort) -> Array:
        numbers = {ALPHA: 0.35, K: 0.6, BETA: 0.3}
        single, product = (value_at(values[name], numbers) for name in ("single", "product"))
        return np.array([single] * 4 + [product])

    return Claim(
        "dynamic-neurons/heat-bath",
        "weights and neurons sampled together by heat bath have the derived weight averages",
        lambda: dict(weight_magnetization(4, X, Y, sharp=False).values),
        predict,
        witness,
        Sampled(smallest=0.05),
        (
            flipped(K),
            Mutant("infinite stiffness", lambda _: dict(weight_magnetization(4, X, Y).values)),
        ),
        Effort.default,
    )


def promotion_claim() -> Claim:
    """Integrating the promoted neurons out gives the sum over the weights of the network."""
    data = {((0, i), 0): sign for i, sign in enumerate((1, -1, 1))}
    point = {K: FIELD_ON_WEIGHTS, BETA: INVERSE_TEMPERATURE}

    def derive(target: int) -> Expr:
        return decimate(
            binary_model(promoted(mlp([3, 3, 1])), data, {((2, 0), 0): target}, sharp=True), ()
        ).partition_function(())

    return claim(
        "promotion-is-exact",
        "summing the promoted neurons of a 3-3-1 network out gives the partition function of its "
        "weights",
        lambda: derive(1),
        lambda expression: value_at(expression, point),
        run_two_layers,
        Exact(12),
        scaled("1.000000001"),
        shifted(K, Rational(1, 10**6)),
        Mutant("the other target", lambda _: derive(-1)),
    )


# --- other solvable layers
# --------------------------------------------------------------------------------------------------


def function_space_claim() -> Claim:
    """The monoid of self-maps, against the sum over the weights and biases of every layer."""
    maps = SelfMaps((1, -1))

    def derive(depth: int, strength: Rational) -> Expr:
        law = threshold_layer(
            *THRESHOLD, lambda w, b: exp(Rational(2, 5) * w - strength * abs(b) / 2)
        )
        return maps.partition_function(law, depth, (1, -1), (1, -1))

    def witness() -> float:
        return threshold_partition(
            3, [1, -1], [1, -1], 0.5, *THRESHOLD, lambda w, b: -0.4 * w + 1.5 * abs(b) / 2
        )

    return claim(
        "function-space",
        "layers with biases compose as laws on the self-maps of the neuron",
        lambda: derive(3, Rational(3, 2)),
        lambda expression: value_at(expression, {BETA: 0.5}),
        witness,
        Exact(12),
        scaled("1.000000001"),
        Mutant("two layers", lambda _: derive(2, Rational(3, 2))),
        Mutant("weaker prior of the bias", lambda _: derive(3, Rational("1.49"))),
    )


def few_neurons_claim() -> Claim:
    """Two layers of three neurons summed out, against the square of the enumerated kernel."""
    alpha, k = 0.5, 0.3

    def predict(weights: list[Expr]) -> Array:
        return np.array([value_at(weight, {ALPHA: alpha, K: k}) for weight in weights])

    def derive() -> list[Expr]:
        block = layer_block(3)
        return [
            block.partition_function([*first, 0, 0, 1])
            for first in ((0, 0, 0), (0, 1, 0), (1, 1, 0), (1, 1, 1))
        ]

    def witness() -> Array:
        kernel = dense_kernel(3, alpha, k)
        return (kernel @ kernel)[1, [0, 2, 6, 7]]

    return claim(
        "layers-of-three-neurons",
        "a block of two layers of three neurons, with all generated couplings, is the squared "
        "kernel",
        derive,
        predict,
        witness,
        Exact(12),
        scaled("1.000000001"),
        shifted(K, Rational(1, 10**6)),
    )


def wired_layers(width: int, layers: int) -> nx.DiGraph:
    """A residual network: every neuron reads its predecessor through a wire, and the other neurons
    of the layer through weights.
    """
    graph: nx.DiGraph = nx.DiGraph()
    for m, i, j in itertools.product(range(layers), range(width), range(width)):
        graph.add_edge((m, j), (m + 1, i), **({"weight": None} if i == j else {}))
    return graph


def residual_claim() -> Claim:
    """Two residual layers of three neurons summed out, against the square of the enumerated
    kernel.
    """
    alpha, k = 0.4, -0.2
    starts = ((0, 0, 0), (0, 1, 0), (1, 1, 0), (1, 1, 1))

    def weights_of(block: Decimation) -> list[Expr]:
        return [block.partition_function([*first, 0, 0, 1]) for first in starts]

    def witness() -> Array:
        kernel = dense_kernel(3, alpha, k, wired=True)
        return (kernel @ kernel)[1, [0, 2, 6, 7]]

    return claim(
        "residual-layers",
        "a block of two residual layers of three binary neurons, skips summed out with the rest, "
        "is the squared kernel",
        lambda: weights_of(network_block(network_from_graph(wired_layers(3, 2)))),
        lambda weights: np.array([value_at(weight, {ALPHA: alpha, K: k}) for weight in weights]),
        witness,
        Exact(12),
        scaled("1.000000001"),
        shifted(K, Rational(1, 10**6)),
        Mutant("weights in place of the skips", lambda _: weights_of(layer_block(3))),
    )


CLAIMS = (
    promotion_claim(),
    *(decimation_claim(copies, b) for copies, b in ((1, 2), (2, 2), (3, 2), (2, 3))),
    free_energy_claim(),
    spectrum_claim(1),
    spectrum_claim(4),
    partition_claim("softened", 4, True, 0.5),
    partition_claim("without-normalisation", 3, False, 0.9),
    partition_claim("sharp", 6, True, math.inf),
    magnetization_claim(),
    heat_bath_claim(),
    function_space_claim(),
    few_neurons_claim(),
    residual_claim(),
)
