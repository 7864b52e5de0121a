"""Neural persistence: how the connected components of a layer merge as its connections are added
from the strongest down.

Every vertex is born at one (the largest normalised strength); adding edges in the order of falling
strength merges components, and the merging edges are those of the maximum spanning tree. With
strengths |w|/max|w| the persistence of a layer is the norm of 1 - w over that tree. The deep
variant standardises each layer, collapses the network to one matrix of bottleneck paths (the best
over paths of the weakest edge), and takes the persistence of that.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = [
    "bottleneck_product",
    "bottleneck_strengths",
    "deep_persistence",
    "neural_persistence",
    "spanning_strengths",
]

Matrix = list[list[float]]


def _matrix(weights: Any) -> Matrix:
    """Any nest of numbers as lists of floats; finite and not empty."""
    rows = [[float(value) for value in row] for row in weights]
    if not rows or not rows[0] or any(len(row) != len(rows[0]) for row in rows):
        raise ValueError("a layer is a matrix of weights (inputs, units) with at least one of each")
    if not all(math.isfinite(value) for row in rows for value in row):
        raise ValueError("a weight is not finite")
    return rows


def spanning_strengths(strengths: Any) -> list[float]:
    """Return the strengths of the edges of the maximum spanning tree of a layer, strongest first.

    Parameters
    ----------
    strengths : matrix, shape (inputs, units)
        Non-negative; the edge of input i and unit j.

    Returns
    -------
    list of float
        inputs + units - 1 numbers.

    Examples
    --------
    >>> spanning_strengths([[1.0, 0.5], [0.2, 0.8]])
    [1.0, 0.8, 0.5]
    """
    rows = _matrix(strengths)
    inputs, units = len(rows), len(rows[0])
    edges = sorted(
        ((value, i, inputs + j) for i, row in enumerate(rows) for j, value in enumerate(row)),
        key=lambda edge: (-edge[0], edge[1], edge[2]),
    )
    parent = list(range(inputs + units))
    tree: list[float] = []
    for value, u, v in edges:
        left, right = _root(parent, u), _root(parent, v)
        if left != right:
            parent[left] = right
            tree.append(value)
            if len(tree) == inputs + units - 1:
                break
    return tree


def _root(parent: list[int], vertex: int) -> int:
    """Representative of the component of a vertex, with paths halved."""
    while parent[vertex] != vertex:
        parent[vertex] = parent[parent[vertex]]
        vertex = parent[vertex]
    return vertex


def neural_persistence(
    layers: Sequence[Any], p: float = 2.0, normalised: bool = True, essential: bool = False
) -> list[float]:
    """Return the neural persistence of every layer; their mean is that of the network.

    Parameters
    ----------
    layers : sequence of matrices, shape (inputs, units)
        Weights; strengths are |w| over the largest |w| of all layers.
    p : float
        Order of the norm, positive.
    normalised : bool
        Whether to divide by the upper bound (inputs + units - 1)^(1/p).
    essential : bool
        Whether the component that never dies counts, with persistence one.

    Returns
    -------
    list of float

    Raises
    ------
    ValueError
        If all weights vanish, one is not finite, or a layer is empty.

    Examples
    --------
    >>> round(neural_persistence([[[1, 0.5], [0.2, -0.8]]], normalised=False)[0], 7)
    0.5385165
    """
    if p <= 0:
        raise ValueError(f"the order of the norm is positive, got {p}")
    matrices = [[[abs(value) for value in row] for row in _matrix(layer)] for layer in layers]
    largest = _largest(matrices)
    return [
        _persistence(
            [[value / largest for value in row] for row in matrix], p, normalised, essential
        )
        for matrix in matrices
    ]


def _largest(matrices: Iterable[Matrix]) -> float:
    """The largest strength of all layers."""
    largest = max((value for matrix in matrices for row in matrix for value in row), default=0.0)
    if largest == 0:
        raise ValueError("all weights are zero: there is no strength to compare with")
    return largest


def _persistence(strengths: Matrix, p: float, normalised: bool, essential: bool) -> float:
    """Norm of 1 - w over the spanning tree."""
    tree = spanning_strengths(strengths)
    total = sum((1 - value) ** p for value in tree) + (1.0 if essential else 0.0)
    return float((total / len(tree)) ** (1 / p) if normalised else total ** (1 / p))


def bottleneck_product(first: Any, second: Any) -> Matrix:
    """Return the matrix of S_ij = max over k of min(A_ik, B_kj): the best path from i to j, judged
    by its weakest edge.

    Parameters
    ----------
    first, second : matrices of shapes (a, b) and (b, c)

    Examples
    --------
    >>> bottleneck_product([[0.9, 0.1], [0.4, 0.6]], [[0.3, 0.8], [0.7, 0.2]])
    [[0.3, 0.8], [0.6, 0.4]]
    """
    left, right = _matrix(first), _matrix(second)
    if len(left[0]) != len(right):
        raise ValueError(
            f"a layer with {len(left[0])} units cannot feed one with {len(right)} inputs"
        )
    columns = list(zip(*right, strict=True))
    return [[max(map(min, row, column)) for column in columns] for row in left]


def bottleneck_strengths(layers: Sequence[Any]) -> Matrix:
    """Return the bottleneck matrix from the inputs to the outputs of a chain of layers, of the
    absolute standardised weights over the largest of them.

    Parameters
    ----------
    layers : sequence of matrices, shape (inputs, units)

    Raises
    ------
    ValueError
        If the layers do not fit, or all weights of one are equal.
    """
    if not layers:
        raise ValueError("a chain has at least one layer")
    standard = [_standardised(_matrix(layer)) for layer in layers]
    largest = _largest(standard)
    found = [[value / largest for value in row] for row in standard[0]]
    for matrix in standard[1:]:
        found = bottleneck_product(found, [[value / largest for value in row] for row in matrix])
    return found


def _standardised(matrix: Matrix) -> Matrix:
    """Absolute weights in units of their deviation from the mean of the layer."""
    values = [value for row in matrix for value in row]
    mean = sum(values) / len(values)
    deviation = math.sqrt(sum((value - mean) ** 2 for value in values) / len(values))
    if deviation == 0:
        raise ValueError("all weights of a layer are equal: it cannot be standardised")
    return [[abs(value - mean) / deviation for value in row] for row in matrix]


def deep_persistence(
    layers: Sequence[Any], p: float = 2.0, normalised: bool = True, essential: bool = False
) -> float:
    """Return the persistence of the bottleneck matrix of a chain of layers.

    Parameters
    ----------
    layers, p, normalised, essential
        As in `neural_persistence`.

    Examples
    --------
    >>> 0 <= deep_persistence([[[1.0, -2.0], [0.5, 0.1]], [[0.3, 1.0], [-1.0, 0.2]]]) <= 1
    True
    """
    return neural_persistence([bottleneck_strengths(layers)], p, normalised, essential)[0]
