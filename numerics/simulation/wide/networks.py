"""Kernels of layer graphs measured on explicit finite networks, from plain arrays.

One matrix is drawn for every label; the graph is run forward with real means and variances, and
gradients of a scalar readout are carried back by hand. Nothing of the wide limit is known here.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurenorm.graphs.network.layer_graph import LayerGraph
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.wide.attention import Scores, attended_back
from neurenorm.numerics.simulation.wide.functions import function_of, number_of

__all__ = ["measured_kernels", "sampled_kernels"]

Array = NDArray[np.float64]


def sampled_kernels(
    graph: LayerGraph, inputs: ArrayLike, width: int, networks: int, rng: np.random.Generator
) -> Array:
    """Return kernel and tangent kernel of a scalar readout of many independent networks.

    Parameters
    ----------
    graph : LayerGraph
        Numbers are numbers; its output is a dense layer, or a dense layer plus a bias, on a single
        position.
    inputs : array_like, shape (n, *grid, N_0)
    width : int
        Neurons of a layer of relative width 1.
    networks : int
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, shape (networks, 2, n, n)
        The kernel is σ_v² h·h'/N + σ_b² with h what the readout reads.

    Examples
    --------
    >>> from neurenorm.graphs.network.layer_networks import mlp
    >>> net = mlp("relu", 1, sw2=2)
    >>> sampled_kernels(net, np.eye(2), 8, 3, np.random.default_rng(1)).shape
    (3, 2, 2, 2)
    """
    x = np.asarray(inputs, dtype=float)
    x = x.reshape(len(x), -1, x.shape[-1])
    return np.array([_Network(graph, x, width, rng).kernels() for _ in range(networks)])


def measured_kernels(
    graph: LayerGraph, inputs: ArrayLike, width: int, networks: int, rng: np.random.Generator
) -> Estimate:
    """Return both kernels extrapolated in 1/N from the widths N and 3N, shape (2, n, n)."""
    near, far = (sampled_kernels(graph, inputs, size, networks, rng) for size in (width, 3 * width))
    return Estimate.from_blocks((3 * far - near) / 2)


class _Network:
    """One draw of all weights, and the signals of all inputs, shape (n, P, N)."""

    def __init__(self, graph: LayerGraph, x: Array, width: int, rng: np.random.Generator) -> None:
        self.graph, self.rng, self.width = graph, rng, width
        self.weights: dict[Any, Array] = {}
        self.scales: dict[Any, float] = {}
        self.signals: dict[Hashable, Array] = {}
        self.masks: dict[Hashable, Array] = {}
        self.attended: dict[Hashable, Scores] = {}
        self.order = graph.order()
        for node in self.order:
            self.signals[node] = (
                self._entered(node, x) if node in graph.inputs else self._forward(node)
            )

    def _entered(self, node: Hashable, x: Array) -> Array:
        """An input; a wide one is drawn with the overlaps of the data, and not trained."""
        if isinstance(self.graph.space(node), tuple):
            return x
        size = self._size(node)
        return np.asarray(x @ self.rng.standard_normal((x.shape[2], size)) / math.sqrt(x.shape[2]))

    def _size(self, node: Hashable) -> int:
        """Neurons of a layer; the readout has one."""
        readout = node == self.graph.output or node in self._readouts()
        return 1 if readout else round(self.width * float(self.graph.space(node)))  # type: ignore[arg-type]

    def _readouts(self) -> list[Hashable]:
        """The terms of the output."""
        output = self.graph.output
        is_sum = self.graph.graph.nodes[output]["op"] == "sum"
        return self.graph.parents(output) if is_sum else [output]

    def _drawn(self, key: Any, shape: Sequence[int], variance: float) -> Array:
        """Weights of a label, drawn once."""
        if key not in self.weights:
            self.weights[key] = self.rng.standard_normal(tuple(shape)) * math.sqrt(variance)
            self.scales[key] = variance
        return self.weights[key]

    def _matrix(self, node: Hashable, h: Array) -> Array:
        """The weights that act on the signal h, shape (taps, in, out)."""
        data = self.graph.graph.nodes[node]
        taps = len(data.get("taps", (0,)))
        ends = (h.shape[2], self._size(node))
        ends = ends[::-1] if data.get("transposed") else ends
        variance = number_of(data["sw2"]) / (taps * ends[0])
        w = self._drawn(("W", self.graph.label(node)), (taps, *ends), variance)
        return np.swapaxes(w, 1, 2) if data.get("transposed") else w

    def _gathered(self, node: Hashable, h: Array) -> list[Array]:
        """What each tap reads."""
        data = self.graph.graph.nodes[node]
        if data["op"] == "dense":
            return [h]
        padded = np.concatenate([h, np.zeros_like(h[:, :1])], axis=1)
        return [padded[:, list(tap)] for tap in data["taps"]]

    def _forward(self, node: Hashable) -> Array:
        """A signal from its arguments."""
        data, graph = self.graph.graph.nodes[node], self.graph
        h = [self.signals[parent] for parent in graph.parents(node)]
        op = data["op"]
        if op in ("dense", "conv"):
            w = self._matrix(node, h[0])
            read = self._gathered(node, h[0])
            return np.asarray(sum(part @ w[d] for d, part in enumerate(read)))
        if op == "bias":
            key, size = ("b", graph.label(node)), self._size(node)
            if data.get("overlaps") is not None:
                return self._positions(node, key, size)
            bias = self._drawn(key, (size,), number_of(data["sb2"])) + number_of(data["mean"])
            count = len(next(iter(self.signals.values())))
            return np.broadcast_to(bias, (count, graph.positions(node), size))
        if op == "sum":
            factors = graph.strengths(node)
            return np.asarray(sum(number_of(c) * part for c, part in zip(factors, h, strict=True)))
        if op == "map":
            return function_of(data["function"], data["variables"])(*h)
        if op == "mix":
            return np.asarray(_rows(data["weights"]) @ h[0])
        if op == "attend":
            scores = Scores.of(h[1], number_of(data["scale"]), data["function"], data["causal"])
            self.attended[node] = scores
            return np.asarray(scores.weights @ h[0])
        if op == "pool":
            return np.asarray(np.mean(self._gathered(node, h[0]), axis=0))
        if op == "flatten":
            return h[0].reshape(len(h[0]), 1, -1)
        if op == "norm":
            mean = h[0].mean(2, keepdims=True) if data["centred"] else 0.0
            return np.asarray((h[0] - mean) / self._spread(node, h[0]))
        keep = number_of(data["keep"])
        self.masks[node] = (self.rng.random(h[0].shape) < keep) / keep
        return np.asarray(h[0] * self.masks[node])

    def _positions(self, node: Hashable, key: Any, size: int) -> Array:
        """An embedding of positions: a root of its overlaps times independent rows."""
        data = self.graph.graph.nodes[node]
        values, vectors = np.linalg.eigh(_rows(data["overlaps"]))
        root = vectors * np.sqrt(np.maximum(values, 0))
        rows = self._drawn(key, (len(root), size), number_of(data["sb2"]))
        count = len(next(iter(self.signals.values())))
        return np.broadcast_to(root @ rows, (count, len(root), size))

    def _spread(self, node: Hashable, h: Array) -> Array:
        """The root of the variance, or of the mean square."""
        data = self.graph.graph.nodes[node]
        square = h.var(2, keepdims=True) if data["centred"] else (h * h).mean(2, keepdims=True)
        return np.asarray(np.sqrt(square + number_of(data["eps"])))

    def kernels(self) -> Array:
        """Both kernels of this network."""
        n = len(next(iter(self.signals.values())))
        kernel = np.zeros((n, n))
        gradients: dict[Any, Array] = {}
        deltas: dict[Hashable, Any] = {self.graph.output: np.ones((n, 1, 1))}
        for node in reversed(self.order):
            if node in deltas and node not in self.graph.inputs:
                self._back(node, deltas, gradients)
        for node in self._readouts():
            data = self.graph.graph.nodes[node]
            if data["op"] == "bias":
                kernel += number_of(data["sb2"])
            else:
                h = self.signals[self.graph.parents(node)[0]][:, 0]
                kernel += number_of(data["sw2"]) * (h @ h.T) / h.shape[1]
        tangent = np.zeros((n, n))
        for key, gradient in gradients.items():
            flat = gradient.reshape(n, -1)
            tangent += self.scales[key] * flat @ flat.T
        return np.array([kernel, tangent])

    def _back(self, node: Hashable, deltas: dict[Hashable, Any], gradients: dict[Any, Any]) -> None:
        """Carry a gradient to the arguments and the weights of a signal."""
        data, delta = self.graph.graph.nodes[node], deltas[node]
        parents = self.graph.parents(node)
        h = [self.signals[parent] for parent in parents]
        op = data["op"]
        back: list[Any] = []
        if op in ("dense", "conv"):
            back = [self._back_weights(node, h[0], delta, gradients)]
        elif op == "bias":
            key = ("b", self.graph.label(node))
            if data.get("overlaps") is None:
                gradients[key] = gradients.get(key, 0) + delta.sum(1)
            elif data["learnt"]:
                values, vectors = np.linalg.eigh(_rows(data["overlaps"]))
                root = vectors * np.sqrt(np.maximum(values, 0))
                gradients[key] = gradients.get(key, 0) + root.T @ delta
        elif op == "sum":
            back = [number_of(c) * delta for c in self.graph.strengths(node)]
        elif op == "map":
            slopes = function_of(data["function"], data["variables"]).slopes(*h)
            back = [delta * slope for slope in slopes]
        elif op == "mix":
            back = [np.swapaxes(_rows(data["weights"])[None], 1, 2) @ delta]
        elif op == "attend":
            back = attended_back(self.attended[node], h[0], h[1], delta)
        elif op == "pool":
            back = [self._scattered(node, h[0], [delta / len(data["taps"])] * len(data["taps"]))]
        elif op == "flatten":
            back = [delta.reshape(h[0].shape)]
        elif op == "norm":
            y = self.signals[node]
            mean = delta.mean(2, keepdims=True) if data["centred"] else 0.0
            inner = (delta * y).mean(2, keepdims=True)
            back = [(delta - mean - y * inner) / self._spread(node, h[0])]
        else:
            back = [delta * self.masks[node]]
        for parent, part in zip(parents, back, strict=True):
            deltas[parent] = deltas.get(parent, 0) + part

    def _back_weights(
        self, node: Hashable, h: Array, delta: Array, gradients: dict[Any, Any]
    ) -> Array:
        """Gradient of the weights, and of what they act on."""
        w, key = self._matrix(node, h), ("W", self.graph.label(node))
        read = self._gathered(node, h)
        own = np.stack([np.swapaxes(part, 1, 2) @ delta for part in read], axis=1)
        if self.graph.graph.nodes[node].get("transposed"):
            own = np.swapaxes(own, 2, 3)
        gradients[key] = gradients.get(key, 0) + own
        return self._scattered(node, h, [delta @ w[d].T for d in range(len(w))])

    def _scattered(self, node: Hashable, h: Array, parts: list[Array]) -> Array:
        """The transpose of reading by taps."""
        data = self.graph.graph.nodes[node]
        if data["op"] == "dense":
            return parts[0]
        found = np.zeros((len(h), h.shape[1] + 1, h.shape[2]))
        for tap, part in zip(data["taps"], parts, strict=True):
            np.add.at(found, np.s_[:, list(tap)], part)  # type: ignore[arg-type]
        return found[:, :-1]


def _rows(rows: Sequence[Sequence[Any]]) -> Array:
    """A matrix of numbers that may be given as texts."""
    return np.array([[number_of(entry) for entry in row] for row in rows])
