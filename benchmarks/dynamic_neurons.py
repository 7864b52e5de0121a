"""Dynamic neurons: the exact partition function against depth and against brute force, and
promoting and folding large networks.

Run ``python -m benchmarks dynamic_neurons`` for a table. A row without a peer has no ratio.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from neurenorm.graphs.network.architectures import convolutional, mlp, recurrent, residual
from neurenorm.graphs.network.folding import fold_network
from neurenorm.graphs.network.interaction import promoted
from neurenorm.graphs.network.network import Network
from neurenorm.numerics.evaluate import evaluate
from neurenorm.numerics.simulation.dynamic_neurons.sums import binary_chain_sums
from neurenorm.theory.decimation.decimation import decimate
from neurenorm.theory.dynamic_neurons.chain import binary_model
from neurenorm.theory.dynamic_neurons.spectrum import BinarySpectrum

Row = dict[str, Any]
X, Y = [1, -1, 1], [1, -1, -1]


def seconds(action: Callable[[], object], repeats: int = 3) -> float:
    """Best wall-clock time of a few runs."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return min(times)


def row(name: str, ours: float, peer: float | None = None) -> Row:
    """One line of the table."""
    return {
        "name": name,
        "ours_s": ours,
        "peer_s": peer,
        "ratio": None if peer is None else peer / ours,
    }


def closed_form(layers: int, copies: int = 3) -> Callable[[], object]:
    """The partition function from two signs and characters, to 20 digits."""
    x, y = (X * copies)[:copies], (Y * copies)[:copies]
    return lambda: evaluate(
        "dynamic-neurons/partition-function",
        M=layers,
        alpha=1,
        k=0.4,
        beta=0.3,
        x=x,
        y=y,
        digits=20,
    )


def against_brute_force(layers: int) -> Row:
    """The closed form beside the sum over all weights and neurons."""
    peer = seconds(lambda: binary_chain_sums(layers, X, Y, 1.0, 0.4, 0.3), repeats=1)
    return row(
        f"partition function, M = {layers}, P = 3, against brute force",
        seconds(closed_form(layers)),
        peer,
    )


def elimination(layers: int) -> float:
    """Seconds to sum the promoted graph out layer by layer, over weights and neurons, as one
    polynomial (P = 1).
    """
    model = binary_model(promoted(mlp([1] * (layers + 1))), {((0, 0), 0): 1}, {((layers, 0), 0): 1})
    return seconds(lambda: decimate(model, ()).weights(_Floats()), repeats=1)


class _Floats:
    """Local weights as floats."""

    one = 1.0

    def boltzmann(self, exponents: Any, weight: Any) -> float:
        """A local weight at alpha = 0.1, k = -0.8, beta = 0.3, chosen so that nothing overflows."""
        numbers = {"alpha": 0.1, "k": -0.8, "beta": 0.3}
        return (
            float(weight)
            * math.exp(sum(numbers[c.name] * float(e) for c, e in exponents.items()))
            / 2
        )

    def count(self, number: Any) -> float:
        """A number of states."""
        return float(number)


NETWORKS: dict[str, Callable[[int], Network]] = {
    "dense": lambda size: mlp([50] * (10 * size + 2)),
    "residual": lambda size: residual(50, 10 * size),
    "convolutional": lambda size: convolutional([20, 20], 7 * size),
    "unrolled recurrent": lambda size: recurrent(10).unrolled(240 * size),
    "chain of width 1": lambda size: mlp([1] * (25_000 * size + 1)),
    "residual of width 1": lambda size: residual(1, 8_300 * size),
    "convolutional ring": lambda size: convolutional([20], 420 * size),
}


def folding(kind: str, net: Network) -> Row:
    """Promote the neurons of a network and find its translations; the time for each connection
    shows whether the cost is linear.
    """
    count = net.graph.number_of_edges()
    time_needed = seconds(lambda: fold_network(promoted(net)), repeats=2)
    return row(
        f"promote and fold, {kind}, {count} connections ({1e6 * time_needed / count:.0f} us each)",
        time_needed,
    )


def run() -> list[Row]:
    """All rows; takes about a minute."""
    rows = [against_brute_force(layers) for layers in (3, 5, 7, 8)]
    rows += [
        row(f"partition function, M = {layers}, P = 3, 20 digits", seconds(closed_form(layers)))
        for layers in (10, 10**3, 10**5)
    ]
    rows += [
        row(
            f"partition function, M = 100, P = {copies}, 20 digits",
            seconds(closed_form(100, copies)),
        )
        for copies in (10, 100, 1000)
    ]
    rows.append(
        row(
            "spectrum of 1000 data in 1001 parity blocks",
            seconds(lambda: BinarySpectrum(1000).blocks),
        )
    )
    rows += [
        row(f"elimination of the promoted graph, M = {layers}, P = 1", elimination(layers))
        for layers in (10**3, 10**4)
    ]
    chain = mlp([1] * 100_001)
    rows.append(
        row(
            "interaction graph of a chain of width 1, 100000 connections, in networkx",
            seconds(lambda: promoted(chain).graph, repeats=1),
        )
    )
    return rows + [
        folding(kind, make(size)) for kind, make in NETWORKS.items() for size in (1, 2, 4)
    ]


def show(rows: list[Row]) -> str:
    """The rows as a table."""
    lines = [f"{'benchmark':<75} {'ours [s]':>9} {'peer [s]':>9} {'peer/ours':>9}"]
    for entry in rows:
        peer = "-" if entry["peer_s"] is None else f"{entry['peer_s']:.4f}"
        ratio = "-" if entry["ratio"] is None else f"{entry['ratio']:.1f}"
        lines.append(f"{entry['name']:<75} {entry['ours_s']:>9.4f} {peer:>9} {ratio:>9}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(show(run()))
