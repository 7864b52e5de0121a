"""Claims on layers of the Ising chain: derived laws against enumeration, packed sampling and actual
training.

The witnesses enumerate Boltzmann weights from plain arrays, sample chains bit by bit, or train
networks from scratch; none of them sees a recursion, a transfer matrix or a closed form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from sympy import Integer, Rational, log, tanh

from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.evaluate.balls import precision
from neurenorm.numerics.evaluate.over_ring import BallRing
from neurenorm.numerics.simulation.ising_correspondence.chains import (
    chain_law,
    law_mean,
    layer_law,
    sample_packed_chains,
    spin_table,
    stochastic_tanh,
)
from neurenorm.numerics.simulation.ising_correspondence.deep_network import train_deep_network
from neurenorm.numerics.simulation.ising_correspondence.tanh_layers import (
    fit_tanh,
    masked_layer,
    prediction_problem,
    train_causal_stack,
)
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Exact, Sampled
from neurenorm.numerics.verification.mutants import Mutant, flipped, replaced, scaled, shifted
from neurenorm.numerics.verification.points import BITS, HALF, ONE, Array, at, formula_at, points_of
from neurenorm.theory.catalogue.problems import Formula
from neurenorm.theory.ising_correspondence.flow import (
    BlockInformation,
    BlockOutput,
    output_coupling,
    prediction_layer,
    weight_spread,
)
from neurenorm.theory.ising_correspondence.units import BlockUnit, decimation, majority, noisy
from neurenorm.theory.symbols import symbols

__all__ = ["CLAIMS"]

PAPER = "ising-correspondence"
SUBJECT = symbols(PAPER)
K, B, DEPTH, R = SUBJECT.K, SUBJECT.b, SUBJECT.depth, SUBJECT.r


def other_depth(by: int) -> Mutant:
    """Return the mutant of stacks that have another number of layers."""
    return Mutant(
        f"depth off by {by}",
        lambda stacks: [BlockOutput(stack.unit, stack.depth + by) for stack in stacks],
    )


def other_unit(name: str, change: Callable[[BlockUnit], BlockUnit]) -> Mutant:
    """Return the mutant of stacks whose units are changed."""
    return Mutant(
        name, lambda stacks: [BlockOutput(change(stack.unit), stack.depth) for stack in stacks]
    )


# --- the renormalized coupling and the outputs of block layers ---

COUPLING_POINTS = [
    {"K": k, "b": b, "depth": d}
    for k in (HALF, ONE, Integer(2))
    for b, d in ((2, 1), (3, 1), (2, 2), (3, 2))
]


def decimated_couplings(rng: np.random.Generator, effort: Effort) -> Array:
    """Enumerate a chain whose ends are kept, and read the coupling off the four weights of the
    ends.
    """
    rows = []
    for point in COUPLING_POINTS:
        bonds = point["b"] ** point["depth"]
        law = chain_law(float(point["K"]), bonds + 1).reshape(2, -1, 2).sum(axis=1)
        rows.append([np.log(law[0, 0] * law[1, 1] / (law[0, 1] * law[1, 0])) / 4])
    return np.array(rows)


def majority_rule(blocks: NDArray[np.int8]) -> Array:
    """Fire where most spins of a block are up."""
    return (blocks.sum(axis=1) > 0).astype(float)


BLOCK_COUPLINGS = (HALF, ONE)


def block_stacks() -> list[BlockOutput]:
    """Return the block layers that are enumerated."""
    return [
        BlockOutput(majority(3)),
        BlockOutput(majority(5)),
        BlockOutput(decimation(3, 2)),
        BlockOutput(majority(3), 2),
    ]


def block_values(stacks: list[BlockOutput], effort: Effort) -> Array:
    """Return ⟨h_0 h_1⟩ of every stack, and the decay ratio of the single layers."""
    rows = []
    with precision(BITS):
        for k in BLOCK_COUPLINGS:
            values = [stack.over(BallRing({"K": k})) for stack in stacks]
            rows.append(
                [float(v["nearest"].mid()) for v in values]
                + [float(v["ratio"].mid()) for v in values[:3]]
            )
    return np.array(rows)


def enumerated_blocks(rng: np.random.Generator, effort: Effort) -> Array:
    """Enumerate the same layers on chains of up to 18 spins."""
    rows = []
    for k in map(float, BLOCK_COUPLINGS):
        single = [
            layer_law(chain_law(k, 9), 3, majority_rule),
            layer_law(chain_law(k, 15), 5, majority_rule),
            layer_law(chain_law(k, 9), 3, lambda blocks: (1 + blocks[:, 1]) / 2),
        ]
        double = layer_law(layer_law(chain_law(k, 18), 3, majority_rule), 3, majority_rule)
        near = [law_mean(law, (0, 1)) for law in (*single, double)]
        rows.append(near + [law_mean(law, (0, 2)) / law_mean(law, (0, 1)) for law in single])
    return np.array(rows)


UNIVERSAL_POINTS = [
    {"K": Rational(4, 5), "b": b, "depth": 1} for b in (2, 3, 4, 5) for _ in range(5)
]


def random_units(rng: np.random.Generator, effort: Effort) -> Array:
    """Enumerate layers of random stochastic tanh neurons, and read the coupling off the decay."""
    rows = []
    for point in UNIVERSAL_POINTS:
        b = point["b"]
        law = layer_law(
            chain_law(float(point["K"]), 3 * b), b, stochastic_tanh(0.2 + rng.random(b))
        )
        rows.append([np.arctanh(law_mean(law, (0, 2)) / law_mean(law, (0, 1)))])
    return np.array(rows)


def sampled_stacks() -> list[BlockOutput]:
    """Return the stacks that are sampled: three layers of majorities, and one majority of a long
    block.
    """
    return [BlockOutput(majority(3), 3), BlockOutput(majority(9))]


def sampled_nearest(stacks: list[BlockOutput], effort: Effort) -> Array:
    """Return ⟨h_0 h_1⟩ at K = 1."""
    with precision(BITS):
        return np.array(
            [float(stack.over(BallRing({"K": ONE}))["nearest"].mid()) for stack in stacks]
        )


MOST_CHAINS = 2**23  # 85 MB of packed spins


def packed_majorities(rng: np.random.Generator, effort: Effort) -> Estimate:
    """Count majorities of packed samples: 256 blocks of chains of 81 spins."""
    chains = sample_packed_chains(1.0, 81, min(effort.scale(2**22, least=2**22), MOST_CHAINS), rng)
    layered = chains.majority(3).majority(3).majority(3)
    return _side_by_side([layered.correlation(1), chains.majority(9).correlation(1)])


def _side_by_side(estimates: Sequence[Estimate]) -> Estimate:
    """Return several estimates as one array, with the fewest blocks among them."""
    values, errors = [e.value for e in estimates], [e.error for e in estimates]
    return Estimate(np.array(values), np.array(errors), min(e.blocks for e in estimates))


def informations(problems: list[BlockInformation], effort: Effort) -> Array:
    """Return one- and two-sided information at K = 1."""
    with precision(BITS):
        return np.array(
            [
                [float(value.mid()) for value in p.over(BallRing({"K": ONE})).values()]
                for p in problems
            ]
        )


def enumerated_information(rng: np.random.Generator, effort: Effort) -> Array:
    """Enumerate a block of three with a spin on either side, and sum the joint law of output and
    environment.
    """
    law = chain_law(1.0, 5).reshape(2, 8, 2)
    blocks = spin_table(3)
    rows = []
    for fire in (majority_rule(blocks), (1 + blocks[:, 1]) / 2, (1 + blocks[:, 2]) / 2):
        joint = np.einsum("lbr,hb->hlr", law, np.stack([fire, 1 - fire]))
        rows.append([_information(joint.sum(axis=1)), _information(joint.reshape(2, 4))])
    return np.array(rows)


def _information(joint: Array) -> float:
    """Return the mutual information of a table."""
    apart = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    return float((joint * np.log(joint / apart)).sum())


BLOCK_CLAIMS = (
    Claim(
        f"{PAPER}/output-coupling",
        "summing out all but the ends of b^L bonds leaves the coupling artanh((tanh K)^(b^L))",
        output_coupling,
        formula_at(COUPLING_POINTS),
        decimated_couplings,
        Exact(10),
        (scaled("1.0000001"), shifted(DEPTH), shifted(B), flipped(K)),
    ),
    Claim(
        f"{PAPER}/block-output",
        "correlations of the outputs of block layers follow from the hidden Markov chain",
        block_stacks,
        block_values,
        enumerated_blocks,
        Exact(11),
        (
            other_depth(1),
            other_unit("outputs with noise", lambda unit: noisy(unit, Rational(9999, 10000))),
            other_unit("first spin instead of the rule", lambda unit: decimation(unit.size, 1)),
        ),
    ),
    Claim(
        f"{PAPER}/universal-decay",
        "outputs of any odd unit decay with the renormalized coupling, whatever its weights",
        output_coupling,
        formula_at(UNIVERSAL_POINTS),
        random_units,
        Exact(8),
        (scaled("1.000001"), shifted(B), shifted(DEPTH)),
    ),
    Claim(
        f"{PAPER}/sampled-majorities",
        "stacked majorities, and one of a long block, correlate as the hidden Markov chain says",
        sampled_stacks,
        sampled_nearest,
        packed_majorities,
        Sampled(smallest=0.005, relative=False),
        (
            other_depth(1),
            other_unit("outputs with noise", lambda unit: noisy(unit, Rational(97, 100))),
            other_unit("last spin instead of the majority", lambda unit: decimation(unit.size)),
        ),
    ),
    Claim(
        f"{PAPER}/block-information",
        "an output of three spins knows as much of its environment as the joint law says",
        lambda: [
            BlockInformation(majority(3)),
            BlockInformation(decimation(3, 2)),
            BlockInformation(decimation(3)),
        ],
        informations,
        enumerated_information,
        Exact(11),
        (
            Mutant("sites mirrored", lambda ps: [ps[0], ps[1], BlockInformation(decimation(3, 1))]),
            Mutant(
                "noisy outputs",
                lambda ps: [BlockInformation(noisy(p.unit, Rational(99999, 100000))) for p in ps],
            ),
        ),
    ),
)


# --- supervised training ---

PREDICTIONS = [
    {"K": k, "r": r} for k, r in ((ONE, 1), (ONE, 2), (ONE, 4), (HALF, 2), (Integer(2), 8))
]


def trained_predictions(rng: np.random.Generator, effort: Effort) -> Array:
    """Train a unit on the enumerated law of 8 spins and a target; the other weights count as part
    of the last.
    """
    rows = []
    for point in PREDICTIONS:
        inputs, probability, target = prediction_problem(float(point["K"]), 8, point["r"])
        fit = fit_tanh(inputs, target, probability, ridge=0.0)
        rows.append([fit.weights[-1] + np.abs(fit.weights[:-1]).max(), fit.loss])
    return np.array(rows)


SPREAD = {"K": ONE, "r": Integer(2), "n": Integer(20000)}


def spread_of_weights(formula: Formula, effort: Effort) -> Array:
    """Return the variances of the last and of an interior weight, times n."""
    return at(formula, [SPREAD])[0] ** 2 * float(SPREAD["n"])


def repeated_trainings(rng: np.random.Generator, effort: Effort) -> Estimate:
    """Train on many independent samples of 20,000 chains; groups of 10 give independent
    variances.
    """
    inputs, probability, target = prediction_problem(1.0, 8, 2)
    cells = np.stack([probability * (1 + target) / 2, probability * (1 - target) / 2], axis=1)
    samples, blocks = int(SPREAD["n"]), min(effort.scale(200, least=200), 1600)
    weights = []
    for _ in range(10 * blocks):
        counts = rng.multinomial(samples, cells.ravel() / cells.sum()).reshape(-1, 2)
        seen = counts.sum(axis=1) > 0
        total = counts[seen].sum(axis=1)
        means = (counts[seen, 0] - counts[seen, 1]) / total
        weights.append(fit_tanh(inputs[seen], means, total / samples, ridge=0.0).weights)
    grouped = np.array(weights).reshape(blocks, 10, 8)
    return Estimate.from_blocks(samples * grouped[:, :, [7, 3]].var(axis=1, ddof=1))


def masked_couplings(formula: Formula, effort: Effort) -> Array:
    """Return the row of the coupling matrix of six retained spins of a ring of twelve, at two
    couplings.
    """
    rows = at(formula, points_of(K=(HALF, ONE), b=(2,), depth=(1,)))[:, 0]
    return np.array([[0.0, k, 0.0, 0.0, 0.0, k] for k in rows])


def trained_masked(rng: np.random.Generator, effort: Effort) -> Array:
    """Train every retained spin on all others, on the enumerated law of the ring."""
    rows = []
    for k in (0.5, 1.0):
        law = chain_law(k, 12, "ring").reshape((2, 2) * 6).sum(axis=tuple(range(1, 12, 2)))
        rows.append(masked_layer(spin_table(6), law.ravel(), ridge=0.0)[0])
    return np.array(rows)


STACK_POINTS = [{"K": Rational(3, 2), "b": 2, "depth": d} for d in (1, 2, 3)]


def stack_correlations(formula: Formula, effort: Effort) -> Array:
    """Return the correlations of neighbouring outputs of every layer."""
    return np.tanh(at(formula, STACK_POINTS)[:, 0])


def trained_stack(rng: np.random.Generator, effort: Effort) -> Estimate:
    """Train three causal layers on samples of 32 spins and correlate their outputs."""
    spins = sample_packed_chains(
        1.5, 32, min(effort.scale(20000, least=20000), 80000), rng
    ).unpacked()
    layers = train_causal_stack(spins, b=2, depth=3)
    return _side_by_side([_neighbours(layer.outputs) for layer in layers])


def _neighbours(outputs: NDArray[np.int8]) -> Estimate:
    """Return ⟨h_j h_{j+1}⟩ from 250 blocks of samples."""
    means = (outputs[:, 1:] * outputs[:, :-1]).mean(axis=1)
    return Estimate.from_blocks(means[: len(means) // 250 * 250].reshape(250, -1).mean(axis=1))


DEEP_POINTS = [{"K": ONE, "b": 2, "depth": d} for d in range(5)]


def trained_deep(rng: np.random.Generator, effort: Effort) -> Array:
    """Train a deep network on the targets at the distances 1, 2, 4, 8, 16 and return tanh of its
    couplings.
    """
    return np.tanh(train_deep_network(1.0, (1, 2, 4, 8, 16), rng).couplings)


SUPERVISED_CLAIMS = (
    Claim(
        f"{PAPER}/prediction-layer",
        "a fully connected unit trained to predict the spin at distance r weighs the last spin "
        "alone, by artanh t^r",
        prediction_layer,
        formula_at(PREDICTIONS),
        trained_predictions,
        Exact(9),
        (
            scaled("1.000001"),
            shifted(R),
            flipped(K),
            replaced(
                "without the logarithm of the spread",
                lambda e: e.replace(log, lambda x: log(2) if x == 2 else 0 * x),
            ),
        ),
    ),
    Claim(
        f"{PAPER}/weight-spread",
        "trained weights scatter by the inverse curvature of the loss, over n",
        weight_spread,
        spread_of_weights,
        repeated_trainings,
        Sampled(smallest=0.5),
        (
            shifted(R, -1),
            replaced("without the loss of certainty", lambda e: e * (1 - tanh(K) ** 4)),
            scaled(2),
        ),
    ),
    Claim(
        f"{PAPER}/masked-layer",
        "predicting each retained spin from all others gives the renormalized coupling matrix",
        output_coupling,
        masked_couplings,
        trained_masked,
        Exact(9, scale=1.0),
        (scaled("1.000001"), shifted(DEPTH), shifted(B)),
    ),
    Claim(
        f"{PAPER}/causal-stack",
        "outputs of a trained causal stack have the renormalized coupling at every depth",
        output_coupling,
        stack_correlations,
        trained_stack,
        Sampled(smallest=0.09),
        (shifted(DEPTH), shifted(DEPTH, -1), shifted(B)),
    ),
    Claim(
        f"{PAPER}/deep-network",
        "a deep network with outputs for the distances 1, 2, 4, 8, 16 lists the renormalized "
        "couplings",
        output_coupling,
        lambda formula, effort: np.tanh(at(formula, DEEP_POINTS)[:, 0]),
        trained_deep,
        Exact(1.9, scale=1.0),
        (shifted(DEPTH), shifted(B), scaled("1.1")),
        Effort.high,
    ),
)


CLAIMS: tuple[Claim, ...] = (*BLOCK_CLAIMS, *SUPERVISED_CLAIMS)
