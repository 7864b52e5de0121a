"""Kernels of convolutional and residual networks on data, beside the times that neural-tangents 0.6.5
takes on two cores (compiled, second call).

Run ``python -m benchmarks architectures``. One thread.
"""

import resource
import time
from dataclasses import dataclass

import numpy as np

from neurenorm.graphs.network.layer_graph import LayerGraph
from neurenorm.graphs.network.layer_networks import cnn, mlp
from neurenorm.numerics.solve.wide.kernels import kernels

_i, _j = np.indices((8, 8))


@dataclass(frozen=True)
class Row:
    """One task: seconds here and of the peer, their ratio, the memory of the process so far in
    megabytes, and the first entries of both kernels against the known ones.
    """

    task: str
    seconds: float
    peer: float
    megabytes: float
    difference: float


def images(count: int) -> np.ndarray:
    """Smooth images of 8 × 8."""
    n = np.arange(count)[:, None, None]
    return np.cos(n * (_i + 1) / 7 + _j * (_j + 1) / 3)[..., None]


def residual(blocks: int) -> LayerGraph:
    """Blocks z + W relu(norm(z)) + b, a rectifier and a readout."""
    net = LayerGraph()
    z = net.affine(net.input(), 2, "1/10")
    for _ in range(blocks):
        z = net.add(z, net.affine(net.map("relu", net.norm(z)), 2, "1/10"))
    net.affine(net.map("relu", z), 2, "1/10")
    return net


def timed(task: str, net: LayerGraph, inputs: np.ndarray, peer: float, wanted: list[float]) -> Row:
    """One run."""
    start = time.perf_counter()
    found = kernels(net, inputs)
    seconds = time.perf_counter() - start
    known = [found.kernel[0, 1], found.tangent[0, 1]]
    worst = max((abs(a - b) for a, b in zip(known, wanted, strict=False)), default=0.0)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Row(task, seconds, peer, memory, worst)


def rows() -> list[Row]:
    """All tasks."""
    average = cnn("relu", 5, (8, 8), 2, "1/10", end="average")
    flatten = cnn("relu", 5, (8, 8), 2, "1/10")
    points = np.cos(np.arange(1000)[:, None] * (np.arange(16) + 1) / 7)
    digits = np.random.default_rng(1).standard_normal((300, 64))
    return [
        timed("a pair of images, average", average, images(2), 0.005, [1.2990808843, 3.4355844237]),
        timed("100 images, average", average, images(100), 4.9, [1.2990808843, 3.4355844237]),
        timed("100 images, flatten", flatten, images(100), 0.04, []),
        timed("1000 residual inputs", residual(20), points, 0.32, [18.2084973102, 43.9092199361]),
        timed("300 inputs, tanh, depth 3", mlp("tanh", 3, "3/2", "1/10"), digits, np.nan, []),
    ]


if __name__ == "__main__":
    print(f"{'task':28}{'seconds':>9}{'peer':>8}{'ratio':>8}{'MB':>7}{'off by':>10}")
    for row in rows():
        print(
            f"{row.task:28}{row.seconds:9.2f}{row.peer:8.3g}{row.seconds / row.peer:8.3g}"
            f"{row.megabytes:7.0f}{row.difference:10.1e}"
        )
