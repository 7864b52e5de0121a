"""Stated problems of layer graphs: kernels on inputs, fixed points of a repeated block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from sympy import Symbol

from neurenorm.graphs.layers.graph import LayerGraph
from neurenorm.theory.typeset.derivation import Derivation
from neurenorm.theory.typeset.display import Typeset
from neurenorm.theory.wide.graph_kernels import GraphKernels

__all__ = ["BlockCriticalLine", "BlockCriticality", "KernelsOf"]


@dataclass(frozen=True)
class OfGraph(Typeset):
    """What is asked of a layer graph, shown by the equations of its kernel."""

    graph: LayerGraph

    @cached_property
    def theory(self) -> GraphKernels:
        """The equations of the kernel."""
        return GraphKernels(self.graph)

    @property
    def derivation(self) -> Derivation:
        """The averages that were done in closed form."""
        return self.theory.derivation

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the equations of the kernel."""
        return self.theory.to_latex(names)


@dataclass(frozen=True)
class KernelsOf(OfGraph):
    """Kernel and tangent kernel of a network on inputs that are given as numbers."""


@dataclass(frozen=True)
class BlockCriticality(OfGraph):
    """Fixed points of a block that is repeated, their slopes, and what happens where there is none.

    The graph has one wide input on a single position and ends in a signal of the same kind.

    Raises
    ------
    ValueError
        If the graph is no such block.
    """

    def __post_init__(self) -> None:
        """Refuse what cannot be repeated."""
        if len(self.graph.inputs) != 1:
            raise ValueError(f"a block has one input, got {len(self.graph.inputs)}")
        (start,), end = self.graph.inputs, self.graph.output
        if isinstance(self.graph.space(start), tuple):
            raise ValueError("the input of a block is wide: write z = input(width=1)")
        if self.graph.shape(start) != () or self.graph.shape(end) != ():
            raise ValueError("a block has a single position: leave out the grid")
        if self.graph.space(start) != self.graph.space(end):
            raise ValueError("a block ends in the space that it starts from, to be repeated")


@dataclass(frozen=True)
class BlockCriticalLine(BlockCriticality):
    """The weight variance at which nearby inputs neither meet nor part, at a given bias variance."""
