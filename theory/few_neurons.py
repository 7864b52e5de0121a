r"""Layers with a few binary neurons: what decimation generates, and what a truncation drops.

With one neuron per layer the couplings close. With more, the effective kernel of a block of layers (weights and inner neurons
summed out) holds products of several neurons of the first and of the last layer: `layer_block` sums the block exactly,
`coupling_classes` lists its couplings by how many neurons of either end they join, and which of them one layer does not have.
Truncating the log-weight to few-neuron products after every step is the usual approximation;
`numerics.solve.transfer.truncated_kernel` measures how it errs.
"""

from __future__ import annotations

from dataclasses import dataclass

from sympy import Expr

from graphs.interaction import promoted
from graphs.network import mlp
from theory.decimation import Decimation, Label, decimate
from theory.dynamic_neurons import binary_model

__all__ = ["CouplingClass", "coupling_classes", "generated_classes", "layer_block"]


@dataclass(frozen=True)
class CouplingClass:
    """Couplings of one kind: products of ``first`` neurons of the first layer and ``last`` neurons of the last.

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
    interactions = promoted(mlp([width] * (layers + 1)), copies)
    model = binary_model(interactions)
    first = [v for v in model.alphabets if isinstance(v, tuple) and v[0] == "x"]
    last = [("h", (layers, i), copy) for copy in range(copies) for i in range(width)]
    return decimate(model, [*first, *last])


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
        distinct = {str(sorted(block.expansion[label].atoms.items())): block.expansion[label] for label in labels}
        values = tuple(block.log_basis.to_expr(distinct[key]) for key in sorted(distinct))
        found.append(CouplingClass(first, last, len(labels), values))
    return tuple(found)


def generated_classes(width: int, layers: int = 2) -> tuple[tuple[int, int], ...]:
    """Return the kinds of couplings, (neurons of the first, of the last layer), that a block has and one layer has not.

    Examples
    --------
    >>> generated_classes(3)
    ((0, 2), (1, 3), (2, 2), (3, 3))
    """
    one = {(c.first, c.last) for c in coupling_classes(layer_block(width, 1))}
    return tuple((c.first, c.last) for c in coupling_classes(layer_block(width, layers)) if (c.first, c.last) not in one)
