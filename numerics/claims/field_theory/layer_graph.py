"""Claims on layer graphs: each kind of connection against networks with drawn weights (or layers
drawn in law where weights are not shared).

Widths near 200 and a tolerance of some per cent: the 1/N shift of a mean lies below it, and what a
connection does lies far above.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from sympy import Integer, Rational, Symbol

from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.field_theory.activations import NAMED
from neurenorm.numerics.simulation.field_theory.convolution import convolutional_layers
from neurenorm.numerics.simulation.field_theory.networks import (
    Plan,
    layers_by_weights,
    layers_in_law,
)
from neurenorm.numerics.simulation.field_theory.widths import blocks
from neurenorm.numerics.solve.field_theory.layer_graph import kernels_at
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Sampled
from neurenorm.numerics.verification.mutants import Mutant
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.wide.convolution import Stencil
from neurenorm.theory.wide.layer_graph import LayerKernels
from neurenorm.theory.wide.limit import SB2, SW2

__all__ = ["CLAIMS"]

Array = NDArray[np.float64]
INPUTS = np.array([[1.0, 1.0, 0.0, 0.5], [1.0, -0.2, 0.4, 0.5]])
PAIRS = (("a", "a"), ("a", "b"))


def chain(depth: int) -> nx.DiGraph:
    """Layers one above the other."""
    return nx.DiGraph([(layer, layer + 1) for layer in range(depth)])


def kernels_of(
    graph: nx.DiGraph,
    wanted: Sequence[tuple[object, str, object, str]],
    gram: Array,
    sw2: float,
    sb2: float,
) -> Array:
    """Derived covariances at given overlaps; inputs are called a, b."""
    kernels = LayerKernels(graph, activation("tanh"))
    names = [kernels.covariance((v, a), (w, b)) for v, a, w, b in wanted]
    overlaps = {
        s: float(gram["ab".index(first[1]), "ab".index(second[1])])
        for s, (first, second) in kernels.inputs.items()
    }
    found: dict[Symbol, float] = kernels_at(kernels, overlaps, {SW2: sw2, SB2: sb2})
    return np.array([found[name] for name in names])


def products(layers: Sequence[Array], wanted: Sequence[tuple[int, str, int, str]]) -> Estimate:
    """⟨z^l_a z^m_b⟩ per neuron."""
    return blocks(
        np.stack(
            [
                (layers[v - 1][:, "ab".index(a)] * layers[w - 1][:, "ab".index(b)]).mean(-1)
                for v, a, w, b in wanted
            ],
            axis=1,
        ),
        128,
    )


def graph_claim(
    name: str,
    statement: str,
    graph: Callable[[], nx.DiGraph],
    plan: Plan,
    variances: tuple[float, float],
    wanted: Sequence[tuple[int, str, int, str]],
    mutants: Sequence[Mutant],
    in_law: bool = True,
) -> Claim:
    """Claim that the derived covariances of a layer graph are those of networks drawn by a plan."""
    gram = INPUTS @ INPUTS.T / 4

    def witness(rng: np.random.Generator, effort: Effort) -> Estimate:
        """Networks of the plan."""
        draw, networks = (layers_in_law, 2048) if in_law else (layers_by_weights, 1024)
        return products(draw(plan, INPUTS, NAMED["tanh"], networks, rng), wanted)

    return Claim(
        f"field-theory/layers-{name}",
        statement,
        graph,
        lambda made, _: kernels_of(made, wanted, gram, *variances),
        witness,
        Sampled(0.06),
        tuple(mutants),
    )


def edited(name: str, change: Callable[[nx.DiGraph], None]) -> Mutant:
    """The mutant in which a copy of the graph is changed."""

    def wrong(graph: nx.DiGraph) -> nx.DiGraph:
        """A changed copy."""
        copy = graph.copy()
        change(copy)
        return copy

    return Mutant(name, wrong)


# --- widths and variances of each layer, skips, shared weights, dropout
# ---------------------------------------------------------------------------------


def uneven() -> nx.DiGraph:
    """Three layers with variances of their own."""
    graph = chain(3)
    for layer, (weight, bias) in enumerate(
        ((2, Rational(1, 10)), (1, Rational(1, 2)), (3, 0)), start=1
    ):
        graph.edges[layer - 1, layer]["variance"] = Integer(weight)
        graph.nodes[layer]["bias"] = bias
    return graph


UNEVEN = graph_claim(
    "variances",
    "layers with their own widths and variances have the covariances that the graph gives",
    uneven,
    Plan((4, 150, 250, 200), (2.0, 1.0, 3.0), (0.1, 0.5, 0.0)),
    (1.0, 1.0),
    [(layer, *pair[:1], layer, *pair[1:]) for layer in (2, 3) for pair in PAIRS],
    [
        edited(
            "two layers exchanged",
            lambda g: nx.set_edge_attributes(
                g, {(1, 2): {"variance": Integer(3)}, (2, 3): {"variance": Integer(1)}}
            ),
        )
    ],
)


def skipping() -> nx.DiGraph:
    """A skip of strength 1/2 over two layers."""
    graph = chain(3)
    graph.add_edge(1, 3, kind="skip", strength=Rational(1, 2))
    return graph


SKIP = graph_claim(
    "skip",
    "a skip connection correlates layers and inputs as the graph says",
    skipping,
    Plan((4, 200, 200, 200), 2.0, 0.1, skips=((1, 3, 0.5),)),
    (2.0, 0.1),
    [(3, "a", 3, "a"), (3, "a", 3, "b"), (3, "a", 1, "a"), (3, "a", 1, "b")],
    [edited("without the skip", lambda g: g.remove_edge(1, 3))],
)


def recurrent() -> nx.DiGraph:
    """Weights and biases shared in time from the second layer on."""
    graph = chain(4)
    for layer in (2, 3, 4):
        graph.edges[layer - 1, layer]["label"] = graph.nodes[layer]["bias_label"] = "shared"
    return graph


SHARED = graph_claim(
    "shared-in-time",
    "weights shared in time correlate a layer with those before it",
    recurrent,
    Plan((4, 160, 160, 160, 160), 1.5, 0.3, shared=(0, 1, 1, 1)),
    (1.5, 0.3),
    [(4, "a", 4, "a"), (4, "a", 4, "b"), (4, "a", 3, "a"), (4, "a", 3, "b")],
    [
        edited(
            "weights of their own", lambda g: nx.set_edge_attributes(g, {(3, 4): {"label": "own"}})
        )
    ],
    in_law=False,
)


def dropping() -> nx.DiGraph:
    """Hidden neurons kept with probability 0.8."""
    graph = chain(4)
    nx.set_edge_attributes(
        graph, {(layer, layer + 1): {"keep": Rational(4, 5)} for layer in (1, 2, 3)}
    )
    return graph


DROPOUT = graph_claim(
    "dropout",
    "dropout with masks drawn anew for each input raises lengths and lowers correlations as the "
    "graph says",
    dropping,
    Plan((4, 200, 200, 200, 200), 1.5, 0.05, keep=0.8),
    (1.5, 0.05),
    [(4, "a", 4, "a"), (4, "a", 4, "b")],
    [
        edited(
            "no dropout",
            lambda g: nx.set_edge_attributes(g, {edge: {"keep": Integer(1)} for edge in g.edges}),
        )
    ],
)

# --- convolution and pooling
# --------------------------------------------------------------------------------------------------

POSITIONS, DEPTH, LEFT_RIGHT = 5, 2, {-1: Rational(1, 2), 0: Rational(1, 3), 2: Rational(1, 6)}
WANTED = [((DEPTH, (0,)), "a", (DEPTH, (distance,)), "a") for distance in (0, 1, 2)]


def convolution(shares: dict[int, Rational]) -> nx.DiGraph:
    """Two layers on a ring of five positions, pooled above."""
    return Stencil({(offset,): share for offset, share in shares.items()}).layer_graph(
        [POSITIONS], DEPTH, pooled=True
    )


def ring_inputs() -> Array:
    """An input of which one position stands out."""
    return (
        np.random.default_rng(12).standard_normal((POSITIONS, 6))
        * np.array([0.3, 0.3, 0.3, 0.3, 2.0])[:, None]
    )


def convolution_theory(graph: nx.DiGraph, effort: Effort) -> Array:
    """Kernels between positions of the second layer, and of their mean."""
    kernels = LayerKernels(graph, activation("tanh"))
    names = [
        kernels.covariance((v, a), (w, b)) for v, a, w, b in [*WANTED, ("pool", "a", "pool", "a")]
    ]
    gram = ring_inputs() @ ring_inputs().T / 6
    overlaps = {
        s: float(gram[first[0][1][0], second[0][1][0]])  # type: ignore[index]
        for s, (first, second) in kernels.inputs.items()
    }
    found = kernels_at(kernels, overlaps, {SW2: 2.0, SB2: 0.1})
    return np.array([found[name] for name in names])


def convolution_samples(rng: np.random.Generator, effort: Effort) -> Estimate:
    """The same from drawn weights, 150 channels."""
    z = convolutional_layers(
        {k: float(v) for k, v in LEFT_RIGHT.items()},
        150,
        DEPTH,
        2.0,
        0.1,
        ring_inputs(),
        NAMED["tanh"],
        1024,
        rng,
    )
    pooled = (z.mean(axis=1) ** 2).mean(-1)
    return blocks(
        np.stack(
            [*((z[:, 0] * z[:, distance]).mean(-1) for distance in (0, 1, 2)), pooled], axis=1
        ),
        128,
    )


CONVOLUTION = Claim(
    "field-theory/layers-convolution-and-pooling",
    "a convolution with an asymmetric kernel correlates positions, and mean pooling averages them, "
    "as the layer graph says",
    lambda: convolution(LEFT_RIGHT),
    convolution_theory,
    convolution_samples,
    Sampled(0.06),
    (
        Mutant(
            "the kernel reversed",
            lambda _: convolution({-offset: share for offset, share in LEFT_RIGHT.items()}),
        ),
    ),
)

CLAIMS: Sequence[Claim] = (UNEVEN, SKIP, SHARED, DROPOUT, CONVOLUTION)
