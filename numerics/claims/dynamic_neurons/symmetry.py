"""Claims on the symmetries of the promoted graph: the changes of variables that were found leave
the energy of random tanh networks as it was.

The graph knows names only; the witness sums |h^(m+1) - tanh(W^(m) h^(m))|² over plain arrays,
before the change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurenorm.graphs.network.architectures import mlp
from neurenorm.graphs.network.folding import layer_shift
from neurenorm.graphs.network.interaction import Interactions, promoted
from neurenorm.graphs.network.neuron_symmetry import permutation_generators, sign_generators
from neurenorm.numerics.claims.dynamic_neurons.chain import claim
from neurenorm.numerics.simulation.dynamic_neurons.sums import bulk_energy
from neurenorm.numerics.verification.compare import Exact
from neurenorm.numerics.verification.mutants import Mutant

__all__ = ["CLAIMS"]

Array = NDArray[np.float64]
Names = Mapping[Any, Any]
WIDTH, LAYERS, COPIES = 3, 6, 2
RNG = np.random.default_rng(6)
WEIGHTS = [RNG.normal(size=(WIDTH, WIDTH)) for _ in range(LAYERS)]
NEURONS = [RNG.normal(size=(WIDTH, COPIES)) for _ in range(LAYERS + 1)]


@dataclass(frozen=True)
class Symmetries:
    """What was found on a dense network: the shift by one layer, exchanges and changes of sign."""

    shift: Names
    exchanges: tuple[Names, ...]
    signs: tuple[frozenset[Any], ...]


def network() -> Interactions:
    """The promoted graph of equal dense layers."""
    return promoted(mlp([WIDTH] * (LAYERS + 1)), COPIES)


def found() -> Symmetries:
    """The symmetries by their search on the graph."""
    dynamic = network()
    return Symmetries(
        layer_shift(dynamic),
        tuple(permutation_generators(dynamic)),
        tuple(sign_generators(dynamic)),
    )


def values() -> dict[Any, float]:
    """The random configuration, by the names of the graph."""
    weights = {
        ("W", ("W", m, int(i), int(j))): float(w)
        for m, matrix in enumerate(WEIGHTS)
        for (i, j), w in np.ndenumerate(matrix)
    }
    return weights | {
        ("h", (m, int(i)), int(c)): float(h)
        for m, rows in enumerate(NEURONS)
        for (i, c), h in np.ndenumerate(rows)
    }


def arrays(named: Mapping[Any, float]) -> tuple[list[Array], list[Array]]:
    """Weights and neurons as arrays again."""
    weights = [
        np.array([[named["W", ("W", m, i, j)] for j in range(WIDTH)] for i in range(WIDTH)])
        for m in range(LAYERS)
    ]
    return weights, [
        np.array([[named["h", (m, i), c] for c in range(COPIES)] for i in range(WIDTH)])
        for m in range(LAYERS + 1)
    ]


def energy(named: Mapping[Any, float], first: int = 0, last: int = LAYERS) -> float:
    """The energy of the rules from one layer to another."""
    weights, neurons = arrays(named)
    return bulk_energy(weights[first:last], neurons[first : last + 1], np.tanh)


def changed_energies(symmetries: Symmetries) -> Array:
    """The energy after the shift, without the end that moved out, and after every exchange and
    change of sign.
    """
    before = values()
    shifted = before | {image: before[v] for v, image in symmetries.shift.items()}
    moved = [
        before | {image: before[v] for v, image in swap.items()} for swap in symmetries.exchanges
    ]
    turned = [before | {v: -before[v] for v in flips} for flips in symmetries.signs]
    return np.array([energy(shifted, 2), *map(energy, (*moved, *turned))])


def energies_before() -> Array:
    """The same energies of the configuration as it was drawn; every hidden layer has N - 1
    exchanges and N signs.
    """
    count = (LAYERS - 1) * (2 * WIDTH - 1)
    return np.array(
        [
            bulk_energy(WEIGHTS[1:-1], NEURONS[1:-1], np.tanh),
            *[bulk_energy(WEIGHTS, NEURONS, np.tanh)] * count,
        ]
    )


def only(kind: str, names: Names) -> Names:
    """The part of a change that moves variables of one kind."""
    return {v: image for v, image in names.items() if v[0] == kind}


CLAIMS = (
    claim(
        "symmetries",
        "the shift by one layer, the exchanges and the changes of sign found on the promoted graph "
        "leave the energy of the rules as it was",
        found,
        changed_energies,
        energies_before,
        Exact(12),
        Mutant("weights shifted alone", lambda s: replace(s, shift=only("W", s.shift))),
        Mutant("neurons shifted alone", lambda s: replace(s, shift=only("h", s.shift))),
        Mutant(
            "neurons exchanged alone",
            lambda s: replace(s, exchanges=tuple(only("h", swap) for swap in s.exchanges)),
        ),
        Mutant(
            "neurons turned alone",
            lambda s: replace(
                s, signs=tuple(frozenset(v for v in flips if v[0] == "h") for flips in s.signs)
            ),
        ),
    ),
)
