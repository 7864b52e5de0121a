r"""Layers with a few binary neurons: what decimation generates, and what a truncation drops.

With one neuron per layer the couplings close. With more, the effective kernel of a block of layers
(weights and inner neurons summed out) holds products of several neurons of the first and of the
last layer: `layer_block` sums the block exactly, `coupling_classes` lists its couplings by how many
neurons of either end they join, and which of them one layer does not have. Truncating the
log-weight to few-neuron products after every step is the usual approximation;
`neurenorm.numerics.solve.dynamic_neurons.transfer.truncated_kernel` measures how it errs.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr

from neurenorm.graphs.arguments import whole_number
from neurenorm.graphs.network.architectures import mlp
from neurenorm.graphs.network.interaction import promoted
from neurenorm.graphs.network.network import Network
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.decimation.decimation import Decimation, decimate
from neurenorm.theory.decimation.expansion import Label
from neurenorm.theory.dynamic_neurons.chain import binary_model

__all__ = ["CouplingClass", "coupling_classes", "generated_classes", "layer_block", "network_block"]


@dataclass(frozen=True)
class CouplingClass:
    """Couplings of one kind: products of ``first`` neurons of the first layer and ``last`` neurons
    of the last.

    Parameters
    ----------
    first, last : int
    count : int
        How many products of this kind there are.
    values : tuple of Expr
        Their distinct values.
    """

    first: int
    last: int
    count: int
    values: tuple[Expr, ...]


def network_block(network: Network, copies: int = 1) -> Decimation:
    """Sum the weights and the inner neurons of a binary network out.

    Parameters
    ----------
    network : Network
        Every neuron reads an odd number of others, wires included; weights may be shared
        (convolutions).
    copies : int
        Number of data.

    Returns
    -------
    Decimation
        Onto the inputs ("x", neuron, copy) and the outputs ("h", neuron, copy).

    Examples
    --------
    A ring of three neurons whose layers share one filter: already one layer joins several outputs,
    through the common weights.

    >>> from neurenorm.graphs.network.architectures import convolutional
    >>> [(c.first, c.last, c.count) for c in coupling_classes(network_block(convolutional([3], 1)))]
    [(0, 0, 1), (0, 2, 3), (1, 1, 9), (1, 3, 3), (2, 0, 3), (2, 2, 9), (3, 1, 3), (3, 3, 1)]
    """
    model = binary_model(promoted(network, copies))
    first = [v for v in model.alphabets if isinstance(v, tuple) and v[0] == "x"]
    return decimate(
        model, [*first, *(("h", v, copy) for copy in range(copies) for v in network.outputs)]
    )


@exact_arguments
def layer_block(width: int, layers: int = 2, copies: int = 1) -> Decimation:
    """Sum the weights and the inner neurons of a block of dense binary layers out.

    Parameters
    ----------
    width : int
        Odd number of neurons in every layer.
    layers : int
        Number of weight layers of the block.
    copies : int
        Number of data.

    Returns
    -------
    Decimation
        Onto the neurons of the first and of the last layer.

    Examples
    --------
    >>> sorted((c.first, c.last) for c in coupling_classes(layer_block(1)))
    [(0, 0), (1, 1)]
    """
    layers = whole_number(layers, "the number of layers", 1, 100)
    return network_block(mlp([width] * (layers + 1)), copies)


def coupling_classes(block: Decimation) -> tuple[CouplingClass, ...]:
    """Return the couplings of a block by the numbers of neurons that they join.

    Examples
    --------
    >>> [(c.first, c.last, c.count) for c in coupling_classes(layer_block(3, 1))]
    [(0, 0, 1), (1, 1, 9), (2, 0, 3), (3, 1, 3)]
    """
    gathered: dict[tuple[int, int], list[Label]] = {}
    for label in block.expansion:
        first = sum(isinstance(v, tuple) and v[0] == "x" for v, _ in label)
        gathered.setdefault((first, len(label) - first), []).append(label)
    found = []
    for (first, last), labels in sorted(gathered.items()):
        distinct = {
            str(sorted(block.expansion[label].atoms.items())): block.expansion[label]
            for label in labels
        }
        values = tuple(block.log_basis.to_expr(distinct[key]) for key in sorted(distinct))
        found.append(CouplingClass(first, last, len(labels), values))
    return tuple(found)


@exact_arguments
def generated_classes(width: int, layers: int = 2) -> tuple[tuple[int, int], ...]:
    """Return the kinds of couplings, (neurons of the first, of the last layer), that a block has
    and one layer has not.

    Examples
    --------
    >>> generated_classes(3)
    ((0, 2), (1, 3), (2, 2), (3, 3))
    """
    one = {(c.first, c.last) for c in coupling_classes(layer_block(width, 1))}
    return tuple(
        (c.first, c.last)
        for c in coupling_classes(layer_block(width, layers))
        if (c.first, c.last) not in one
    )
