"""Numbers of chains, layers and machines by enumeration, and of trained units: one row for each
set of parameters.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.ising_correspondence.chains import (
    PackedChains,
    chain_law,
    law_mean,
    layer_law,
    sample_packed_chains,
    spin_table,
    stochastic_tanh,
)
from neurenorm.numerics.simulation.ising_correspondence.controls import autoencoder_loss
from neurenorm.numerics.simulation.ising_correspondence.machines import (
    Machine,
    bond_machine_weights,
    half_width_weights,
    train_machine,
    train_machine_stack,
)
from neurenorm.numerics.simulation.ising_correspondence.tanh_layers import (
    fit_tanh,
    masked_layer,
    prediction_problem,
    train_causal_stack,
)

__all__ = [
    "autoencoder_limit",
    "block_information",
    "block_outputs",
    "bond_machine_weight",
    "coupling_of_ends",
    "fired",
    "half_width_numbers",
    "masked_couplings",
    "prediction_fit",
    "sampled_majorities",
    "second_machine_weight",
    "stack_correlations",
    "trained_half_width",
    "trained_weight_variances",
    "universal_coupling",
]

Array = NDArray[np.float64]
Spins = NDArray[np.int8]
MOST_CHAINS = 2**23  # 85 MB of packed spins


def coupling_of_ends(coupling: float, bonds: int) -> float:
    """Return the coupling of the ends of a chain, off the four weights that enumeration leaves.

    Examples
    --------
    >>> round(coupling_of_ends(1.0, 2), 10)
    0.6625013737
    """
    law = chain_law(coupling, bonds + 1).reshape(2, -1, 2).sum(axis=1)
    return float(np.log(law[0, 0] * law[1, 1] / (law[0, 1] * law[1, 0])) / 4)


def fired(blocks: Spins, rule: str, site: int | None) -> Array:
    """Return the probability that a unit fires on each block: of its majority, or of the spin at a
    site counted from 1 (by default the last).

    Examples
    --------
    >>> fired(np.array([[1, 1, -1]], dtype=np.int8), "majority", None).tolist()
    [1.0]
    """
    if rule == "majority":
        return (blocks.sum(axis=1) > 0).astype(float)
    return (1 + blocks[:, (site or blocks.shape[1]) - 1]) / 2


def block_outputs(coupling: float, b: int, rule: str, site: int | None, depth: int) -> list[float]:
    """Return ⟨h_0 h_1⟩ of a stack of block layers over the fewest spins, and, of a stack whose
    three first outputs need at most 18 spins, ⟨h_0 h_2⟩ over it.

    Examples
    --------
    >>> [round(x, 6) for x in block_outputs(1.0, 2, "decimation", None, 1)]
    [0.580026, 0.580026]
    """
    outputs = 3 if 3 * b**depth <= 18 else 2
    law = chain_law(coupling, outputs * b**depth)
    for _ in range(depth):
        law = layer_law(law, b, lambda blocks: fired(blocks, rule, site))
    near = law_mean(law, (0, 1))
    return [float(near), *([float(law_mean(law, (0, 2)) / near)] if outputs == 3 else [])]


def universal_coupling(coupling: float, b: int, rng: np.random.Generator) -> float:
    """Return the coupling read off the decay of the outputs of random stochastic tanh units."""
    law = layer_law(chain_law(coupling, 3 * b), b, stochastic_tanh((0.2 + rng.random(b)).tolist()))
    return float(np.arctanh(law_mean(law, (0, 2)) / law_mean(law, (0, 1))))


def sampled_majorities(coupling: float, chains: int, rng: np.random.Generator) -> Estimate:
    """Return ⟨h_0 h_1⟩ of three layers of majorities of three, and of one majority of nine, from
    packed samples of chains of 81 spins.
    """
    drawn = sample_packed_chains(coupling, 81, min(chains, MOST_CHAINS), rng)
    return _side_by_side(_neighbours_of(drawn))


def _neighbours_of(drawn: PackedChains) -> list[Estimate]:
    """Neighbouring outputs of both networks."""
    layered = drawn.majority(3).majority(3).majority(3)
    return [layered.correlation(1), drawn.majority(9).correlation(1)]


def _side_by_side(estimates: list[Estimate]) -> Estimate:
    """Several estimates as one array, with the fewest blocks among them."""
    values, errors = [e.value for e in estimates], [e.error for e in estimates]
    return Estimate(np.array(values), np.array(errors), min(e.blocks for e in estimates))


def block_information(coupling: float, b: int, rule: str, site: int | None) -> list[float]:
    """Return the information of an output on the spin to its right, and on both neighbours, from
    the joint law of a block with a spin on either side.

    Examples
    --------
    >>> [round(x, 6) for x in block_information(1.0, 2, "decimation", None)]
    [0.327813, 0.406001]
    """
    law = chain_law(coupling, b + 2).reshape(2, 2**b, 2)
    fire = fired(spin_table(b), rule, site)
    joint = np.einsum("lbr,hb->hlr", law, np.stack([fire, 1 - fire]))
    return [_information(joint.sum(axis=1)), _information(joint.reshape(2, 4))]


def _information(joint: Array) -> float:
    """The mutual information of a table, in nats."""
    apart = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    return float((joint * np.log(joint / apart)).sum())


def prediction_fit(coupling: float, distance: int) -> list[float]:
    """Return the weight of the last of eight spins and the loss of a unit trained on the enumerated
    law to predict a spin; the other weights count as part of the last.
    """
    inputs, probability, target = prediction_problem(coupling, 8, distance)
    fit = fit_tanh(inputs, target, probability, ridge=0.0)
    return [float(fit.weights[-1] + np.abs(fit.weights[:-1]).max()), float(fit.loss)]


def trained_weight_variances(
    coupling: float, distance: int, samples: int, blocks: int, rng: np.random.Generator
) -> Estimate:
    """Return the variances, times the samples, of the last and of an interior weight over many
    trainings on independent samples; groups of ten trainings are the blocks.
    """
    inputs, probability, target = prediction_problem(coupling, 8, distance)
    cells = np.stack([probability * (1 + target) / 2, probability * (1 - target) / 2], axis=1)
    weights = []
    for _ in range(10 * blocks):
        counts = rng.multinomial(samples, cells.ravel() / cells.sum()).reshape(-1, 2)
        seen = counts.sum(axis=1) > 0
        total = counts[seen].sum(axis=1)
        means = (counts[seen, 0] - counts[seen, 1]) / total
        weights.append(fit_tanh(inputs[seen], means, total / samples, ridge=0.0).weights)
    grouped = np.array(weights).reshape(blocks, 10, 8)
    return Estimate.from_blocks(samples * grouped[:, :, [7, 3]].var(axis=1, ddof=1))


def masked_couplings(coupling: float) -> Array:
    """Return the weights with which the first of six retained spins of a ring of twelve is
    predicted from the others.
    """
    law = chain_law(coupling, 12, "ring").reshape((2, 2) * 6).sum(axis=tuple(range(1, 12, 2)))
    row: Array = masked_layer(spin_table(6), law.ravel(), ridge=0.0)[0]
    return row


def stack_correlations(coupling: float, samples: int, rng: np.random.Generator) -> Estimate:
    """Return the correlations of neighbouring outputs of three trained causal layers on samples of
    32 spins.
    """
    spins = sample_packed_chains(coupling, 32, samples, rng).unpacked()
    layers = train_causal_stack(spins, b=2, depth=3)
    return _side_by_side([_neighbours(layer.outputs) for layer in layers])


def _neighbours(outputs: Any) -> Estimate:
    """⟨h_j h_{j+1}⟩ from 250 blocks of samples."""
    means = (outputs[:, 1:] * outputs[:, :-1]).mean(axis=1)
    return Estimate.from_blocks(means[: len(means) // 250 * 250].reshape(250, -1).mean(axis=1))


def bond_machine_weight(coupling: float) -> float:
    """Return the weight at which an enumerated machine on a ring of six has the chain's correlation
    of neighbours.

    Examples
    --------
    >>> round(bond_machine_weight(1.0), 8)
    1.34426825
    """
    wanted = law_mean(chain_law(coupling, 6, "ring"), (0, 1))

    def excess(w: float) -> float:
        """How much the machine's correlation is too large."""
        law = Machine(bond_machine_weights(w, 6)).visible_law().reshape((2,) * 6)
        return float(law_mean(law, (0, 1)) - wanted)

    return float(optimize.brentq(excess, 0.01, 4.0, xtol=1e-14, rtol=1e-13))


def half_width_numbers(coupling: float, spins: int, tie: float) -> list[float]:
    """Return the divergence of an enumerated half-width machine from the ring, and the correlation
    of its hidden neighbours.
    """
    machine = Machine(half_width_weights(coupling, spins, tie))
    ring = chain_law(coupling, spins, "ring")
    return [float(machine.divergence(ring)), float(machine.hidden_correlations()[0, 1])]


def trained_half_width(coupling: float, rng: np.random.Generator) -> float:
    """Return the mean correlation of hidden neighbours of a machine trained from random weights on
    a ring of eight.
    """
    machine = train_machine(chain_law(coupling, 8, "ring"), 4, rng, accept=1e-12).machine
    matrix = np.abs(machine.hidden_correlations())
    return float(np.mean([matrix[j, (j + 1) % 4] for j in range(4)]))


def _neighbour_weight(machine: Machine) -> float:
    """The mean size of the weights beside the copied sites."""
    copied, (visible, _) = machine.copied_sites(), machine.weights.shape
    beside = [
        machine.weights[(site + step) % visible, j]
        for j, site in enumerate(copied)
        for step in (1, -1)
    ]
    return float(np.abs(beside).mean())


def second_machine_weight(coupling: float, rng: np.random.Generator) -> float:
    """Return the mean weight beside the copied sites of the second of two machines, 8, 4 and 2
    units, trained one on the other.
    """
    stack = train_machine_stack(chain_law(coupling, 8, "ring"), rng)
    return _neighbour_weight(stack[1].machine)


def autoencoder_limit(coupling: float, b: int) -> float:
    """Return the loss of the best linear auto-encoder, extrapolated in 1/N² from rings of 128 and
    256 spins.
    """
    short, long = (autoencoder_loss(coupling, n, b) for n in (128, 256))
    return (4 * long - short) / 3
