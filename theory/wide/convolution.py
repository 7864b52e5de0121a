"""Convolutions in the wide limit: the correlation map between positions is diagonal in Fourier
space.

With many channels and a stencil v_δ (Σ v_δ = 1) the kernel between positions x, x' obeys

    K'(x, x') = σ_b² + σ_w² Σ_δ v_δ ⟨φφ⟩_{K(x+δ, x'+δ)}.

A perturbation around a uniform fixed point moves by the same offset at both positions: a plane wave
e^(ikx) is multiplied by χ v̂(k) per layer, with v̂(k) = Σ_δ v_δ e^(ikδ). Every mode has its own
depth scale; the uniform one forgets last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any

import networkx as nx
from sympy import Expr, I, Rational, S, Symbol, cos, exp, sqrt

from neurenorm.graphs.arguments import affordable, listed, positive
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.lengths import correlation_length
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.field.gaussian_field import wave_numbers
from neurenorm.theory.wide.limit import AA, AB, BB, SB2, SW2, WideLimit

__all__ = ["Stencil"]

Offset = tuple[int, ...]


@dataclass(frozen=True)
class Stencil:
    """The weights of a convolution: the fraction of the weight variance at every offset.

    Parameters
    ----------
    fractions : mapping of offset (tuple of int) to Expr
        Non-negative, of sum 1.

    Raises
    ------
    ValueError
        If a fraction is negative, they do not add up to one, or offsets differ in dimension.

    Examples
    --------
    >>> box = Stencil.uniform(3)
    >>> box.factor
    2*cos(k)/3 + 1/3
    """

    fractions: Mapping[Offset, Expr]

    def __post_init__(self) -> None:
        """Check and make exact."""
        exact = {tuple(offset): expression_of(value) for offset, value in self.fractions.items()}
        if len({len(offset) for offset in exact}) != 1:
            raise ValueError("the offsets of a stencil are tuples of integers of one dimension")
        if any(value.is_negative for value in exact.values()) or sum(exact.values()) != 1:
            raise ValueError("the fractions of a stencil are not negative and add up to 1")
        object.__setattr__(self, "fractions", exact)

    @classmethod
    def uniform(cls, *widths: int) -> Stencil:
        """Return a box of odd widths, equal fractions."""
        if any(width < 1 or width % 2 == 0 for width in widths):
            raise ValueError(f"a centred box has odd widths, got {widths}")
        offsets: list[Offset] = [()]
        for width in widths:
            offsets = [
                (*head, step) for head in offsets for step in range(-(width // 2), width // 2 + 1)
            ]
        return cls({offset: Rational(1, len(offsets)) for offset in offsets})

    @property
    def wave_numbers(self) -> tuple[Symbol, ...]:
        """One wave number per dimension."""
        return wave_numbers(len(next(iter(self.fractions))))

    @property
    def factor(self) -> Expr:
        """v̂(k) = Σ v_δ e^(ikδ); real for a symmetric stencil."""
        symmetric = all(
            self.fractions.get(tuple(-d for d in offset)) == value
            for offset, value in self.fractions.items()
        )
        total = S.Zero
        for offset, value in sorted(self.fractions.items()):
            phase = sum(
                (k * d for k, d in zip(self.wave_numbers, offset, strict=True)), start=S.Zero
            )
            total += value * (cos(phase) if symmetric else exp(I * phase))
        return total

    @exact_arguments
    def eigenvalue(self, chi: Expr) -> Expr:
        """Return χ v̂(k), the factor of a mode per layer."""
        return chi * self.factor

    @exact_arguments
    def depth_scale(self, chi: Expr, k: Sequence[Any]) -> Expr:
        """Return ξ(k) = -1/ln|χ v̂(k)| in layers; zero for a mode that a single layer removes.

        Examples
        --------
        >>> Stencil.uniform(3).depth_scale(Rational(9, 10), [0]).evalf(6)
        9.49122
        """
        value = self.eigenvalue(expression_of(chi)).subs(
            dict(zip(self.wave_numbers, map(expression_of, k), strict=True))
        )
        return correlation_length(sqrt((value * value.conjugate()).expand()))

    @exact_arguments
    def layer_graph(self, extents: Sequence[int], depth: int, pooled: bool = False) -> nx.DiGraph:
        """Return the layers of a convolutional network on a periodic lattice of positions, for
        `neurenorm.theory.wide.layer_graph.LayerKernels`.

        Parameters
        ----------
        extents : sequence of int
            Positions in every direction, at least as many as the stencil is wide.
        depth : int
            Number of layers.
        pooled : bool
            Whether a node ``"pool"`` averages the last layer over positions.

        Returns
        -------
        networkx.DiGraph
            Nodes ``(layer, position)``, layer 0 the input. All positions of a layer share their
            weights (one label per offset) and their bias.

        Raises
        ------
        ValueError
            If two offsets lead to one position, or the dimensions differ.

        Examples
        --------
        >>> graph = Stencil.uniform(3).layer_graph([4], 2, pooled=True)
        >>> graph.number_of_nodes(), graph.number_of_edges()
        (13, 28)
        """
        graph: nx.DiGraph = nx.DiGraph()
        if len(extents) != len(self.wave_numbers):
            raise ValueError(
                f"the stencil has {len(self.wave_numbers)} dimensions, the positions {len(extents)}"
            )
        extents = tuple(positive("an extent", size) for size in listed(extents, "extents"))
        depth = positive("the depth", depth)
        affordable(prod(extents) * depth * (1 + len(self.fractions)), "sites and connections")
        positions = list(product(*map(range, extents)))
        for layer, x, (offset, share) in product(
            range(1, depth + 1), positions, sorted(self.fractions.items())
        ):
            below = (
                layer - 1,
                tuple((p + d) % e for p, d, e in zip(x, offset, extents, strict=True)),
            )
            if graph.has_edge(below, (layer, x)):
                raise ValueError(
                    f"the positions {tuple(extents)} are too few for the stencil: two of its "
                    "offsets lead to one position"
                )
            graph.add_edge(below, (layer, x), variance=SW2 * share, label=(layer, offset))
            graph.nodes[layer, x]["bias_label"] = layer
        if pooled:
            graph.add_node("pool", bias=S.Zero)
            graph.add_edges_from(
                [
                    ((depth, x), "pool", {"kind": "skip", "strength": Rational(1, len(positions))})
                    for x in positions
                ]
            )
        return graph

    @exact_arguments
    def step(
        self, wide: WideLimit, kernel: Mapping[tuple[Offset, Offset], Expr], x: Offset, y: Offset
    ) -> Expr:
        """Return K'(x, y) from the kernels between the positions below.

        Parameters
        ----------
        wide : WideLimit
        kernel : mapping of (position, position) to Expr
            Must hold all shifted pairs.
        x, y : tuple of int
        """
        total = SB2
        for offset, value in sorted(self.fractions.items()):
            u, v = (tuple(p + d for p, d in zip(place, offset, strict=True)) for place in (x, y))
            total += (
                SW2
                * value
                * wide.overlap.xreplace({AA: kernel[u, u], BB: kernel[v, v], AB: kernel[u, v]})
            )
        return total

    @exact_arguments
    def pooled(
        self, kernel: Mapping[tuple[Offset, Offset], Expr], positions: Sequence[Offset]
    ) -> Expr:
        """Return the kernel after mean pooling over positions: the average over all pairs of
        them.
        """
        return (
            sum((kernel[x, y] for x in positions for y in positions), start=S.Zero)
            / len(positions) ** 2
        )
