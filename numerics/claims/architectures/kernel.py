"""Claims on kernels of layer graphs as a user evaluates them, against networks that are drawn.

The witness draws every weight at two widths, extrapolates in 1/N, and takes tangent kernels from
gradients that it carries back by hand.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from neurenorm.graphs.network.layer_graph import LayerGraph
from neurenorm.graphs.network.layer_text import layer_graph
from neurenorm.numerics.simulation.wide import blocks
from neurenorm.numerics.simulation.wide.networks import measured_kernels
from neurenorm.numerics.verification.claim import Claim
from neurenorm.numerics.verification.compare import Exact, Sampled
from neurenorm.numerics.verification.mutants import Mutant

__all__ = ["CLAIMS"]

PLAIN = [[1, -0.5, 0.2, 0.8], [0.5, 0.3, -1, 0.4]]
_i, _j = np.indices((3, 3))
IMAGES = np.stack([np.cos(_i + 2 * _j), np.sin(1 + _i * _j)])[..., None].round(3).tolist()
_t, _k = np.indices((3, 4))
SERIES = np.stack([np.cos(1 + _t + 2 * _k), np.sin(2 + _t * (_k + 1))]).round(3).tolist()

NETWORKS: dict[str, tuple[str, Any, int, float]] = {
    "residual": ("resnet(relu, 2, 2, 0.1)", PLAIN, 128, 0.2),
    "gate": (
        "x = input(); h = map(a*sigmoid(b), a=affine(x, 1.5, 0.1), b=affine(x, 1.2, 0.2)); "
        "affine(h, 1.5, 0.1)",
        PLAIN,
        64,
        0.1,
    ),
    "normalised": (
        "x = input(); z = affine(x, 1.5, 0.1); z = affine(map(erf, norm(z)), 1.5, 0.1); "
        "affine(map(erf, affine(norm(map(relu, z)), 1.5, 0.1)), 1.5, 0.1)",
        PLAIN,
        96,
        0.2,
    ),
    "transposed": (
        "x = input(); y = map(tanh, dense(map(tanh, dense(x, 1.5)), 1.5, label=W)); "
        "dense(map(tanh, dense(y, 1.5, label=W, transposed=true)), 1)",
        PLAIN[:1],
        128,
        0.15,
    ),
    "convolution": ("cnn(relu, 2, (3, 3), 2, 0.1, end=average)", IMAGES, 40, 0.25),
    "recurrent": ("rnn(erf, 3, 1.2, 1.5, 0.1, end=average)", SERIES, 64, 0.15),
    "attention": ("transformer(relu, 1, 3, 1.5, 0.1)", SERIES, 48, 0.15),
    "positions": (
        "x = input((3,)); z = dense(x, 1.5); z = add(z, positions_of(z, sp2=0.5)); "
        "h = attend(map(tanh, z), source=z, scale=2, causal=true); dense(at(h, -1), 1)",
        SERIES,
        48,
        0.15,
    ),
}


def graph_claim(name: str) -> Claim:
    """Claim both kernels of a network."""
    text, inputs, width, smallest = NETWORKS[name]

    def witness(rng: np.random.Generator, effort: Any) -> Any:
        """Kernels of drawn networks, (aa, ab, bb) of each."""
        measured = measured_kernels(
            layer_graph(text), np.array(inputs), width, effort.scale(256, 256), rng
        )
        upper = np.triu_indices(len(inputs))
        value, error = (
            np.concatenate([part[0][upper], part[1][upper]])
            for part in map(np.asarray, (measured.value, measured.error))
        )
        return replace(measured, value=value, error=error)

    return Claim.of(
        "architectures/kernel",
        name=name,
        at=[{"graph": text, "inputs": inputs}],
        witness=witness,
        policy=Sampled(smallest),
        mutants=(
            Mutant(
                "weights of variance a third larger", lambda p: replace(p, graph=louder(p.graph))
            ),
        ),
    )


def louder(graph: LayerGraph) -> LayerGraph:
    """The same graph with the weights of its readout a third larger."""
    wrong = LayerGraph(graph.graph.copy())
    readouts = [n for n in wrong.order() if wrong.graph.nodes[n]["op"] == "dense"]
    data = wrong.graph.nodes[readouts[-1]]
    data["sw2"] = f"4/3*({data['sw2']})"
    return wrong


BLOCKS = {
    "tanh-normalised-before": ("affine(map(tanh, norm(z)), sw2, sb2)", 1.0, 0.02),
    "relu-normalised-behind": ("affine(norm(map(relu, z)), sw2, sb2)", 1.0, 0.1),
    "erf-dropout": ("affine(dropout(map(erf, z), 0.9), sw2, sb2)", 1.5, 0.05),
}


def block_text(body: str) -> str:
    """A block from a wide input."""
    return f"z = input(width=1); {body}"


CRITICALITY = Claim.of(
    "architectures/criticality",
    at=[{"graph": block_text(body), "sw2": sw2, "sb2": sb2} for body, sw2, sb2 in BLOCKS.values()],
    read=("K", "c", "xi"),
    witness=lambda rng, effort: [
        blocks.settled(name, sw2, sb2) for name, (_, sw2, sb2) in BLOCKS.items()
    ],
    policy=Exact(9),
    mutants=(
        Mutant(
            "weights of another block",
            lambda p: replace(p, graph=layer_graph(block_text("affine(map(sin, z), sw2, sb2)"))),
        ),
    ),
)

LINES = (("tanh", 0.05), ("erf", 0.1))
CRITICAL_LINE = Claim.of(
    "architectures/critical-line",
    at=[
        {"graph": block_text(f"affine(map({name}, z), sw2, sb2)"), "sb2": sb2}
        for name, sb2 in LINES
    ],
    witness=lambda rng, effort: [blocks.critical(name, sb2) for name, sb2 in LINES],
    policy=Exact(9),
    mutants=(
        Mutant(
            "another function",
            lambda p: replace(p, graph=layer_graph(block_text("affine(map(sin, z), sw2, sb2)"))),
        ),
    ),
)

CLAIMS = (*map(graph_claim, NETWORKS), CRITICALITY, CRITICAL_LINE)
