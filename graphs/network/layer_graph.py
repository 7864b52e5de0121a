"""LayerGraph: signals as nodes, the operations that make them, weights with labels.

A signal is a vector over the neurons of a *space* at every *position* of a finite grid (pixels,
tokens; a single position for a plain layer). The widths of spaces are relative: they grow together.
Functions, variances and strengths are carried as they are given and never computed with here.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from neurenorm.graphs.network.layer_attention import AttentionOperations
from neurenorm.graphs.network.layer_grids import taps_of
from neurenorm.graphs.network.layer_joins import embedded, only
from neurenorm.graphs.network.layer_nodes import relative_width

__all__ = ["LayerGraph"]


@dataclass
class LayerGraph(AttentionOperations):
    """A network drawn layer by layer; every method that adds a signal returns its node.

    The operations are ``input``, ``dense``, ``conv``, ``bias``, ``sum``, ``map`` (a function of one
    or several signals, neuron by neuron), ``pool`` (averages over positions), ``flatten``, ``norm``
    and ``dropout``. They are the attribute ``op`` of the nodes of `graph`, a
    ``networkx.MultiDiGraph`` whose edges are numbered by the place of the argument, so that two
    equal edges stand side by side. Equal labels mean the same weights.

    Examples
    --------
    >>> net = LayerGraph()
    >>> z = net.dense(net.input(), sw2=2)
    >>> z = net.add(z, net.dense(net.map("relu", z), sw2=2, label="W"))
    >>> net.graph.number_of_nodes(), net.order()
    (5, [0, 1, 2, 3, 4])
    """

    def input(
        self, shape: Sequence[int] = (), width: Fraction | int | None = None, name: Hashable = None
    ) -> Hashable:
        """Add an input: finitely many numbers (channels) at every position.

        With a relative ``width`` it is a wide Gaussian signal of which the overlaps are given, as
        it enters a block of a deep network.
        """
        if any(size < 1 for size in shape):
            raise ValueError(f"a grid has at least one position in every direction, got {shape}")
        node = self._new(name)
        space = ("input", node) if width is None else relative_width(width)
        return self._put(node, "input", (), shape=tuple(shape), space=space)

    def dense(
        self,
        source: Hashable,
        sw2: Any = 1,
        label: Hashable = None,
        transposed: bool = False,
        width: Fraction | int = 1,
        name: Hashable = None,
    ) -> Hashable:
        """Add W h, the same weights at every position, of variance sw2 over the fan-in.

        Parameters
        ----------
        source : node
        sw2 : number or text
            Fan-in times the variance of a weight of W (of W itself if transposed).
        label : hashable, optional
            Equal labels share their weights.
        transposed : bool
            Whether the transposed matrix acts: from the row space of W to its column space.
        width : int or Fraction
            Relative width of the new space.
        name : hashable, optional
            What the node is called; a number by default.
        """
        self._known(source)
        space: Hashable = relative_width(width)
        ends = (space, self.space(source)) if transposed else (self.space(source), space)
        self._matches(label, "dense", ends)
        return self._put(
            self._new(name),
            "dense",
            (source,),
            shape=self.shape(source),
            space=space,
            label=label,
            sw2=sw2,
            transposed=transposed,
            ends=ends,
        )

    def conv(
        self,
        source: Hashable,
        window: Sequence[int],
        sw2: Any = 1,
        label: Hashable = None,
        boundary: str = "zero",
        stride: int = 1,
        dilation: int = 1,
        width: Fraction | int = 1,
        name: Hashable = None,
    ) -> Hashable:
        """Add a convolution: one matrix for every place of a box, fan-in (places × channels).

        ``circular`` and ``zero`` centre the box and keep the grid (divided by the stride); zeros
        beyond the border drop out of the sum while the fan-in stays. ``valid`` uses only boxes
        inside the grid.
        """
        self._known(source)
        shape, taps = taps_of(self.shape(source), tuple(window), boundary, stride, dilation)
        space: Hashable = relative_width(width)
        self._matches(label, tuple(window), (self.space(source), space))
        return self._put(
            self._new(name),
            "conv",
            (source,),
            shape=shape,
            space=space,
            label=label,
            sw2=sw2,
            taps=taps,
            window=tuple(window),
            boundary=boundary,
            stride=stride,
            dilation=dilation,
            ends=(self.space(source), space),
        )

    def bias(
        self,
        like: Hashable,
        sb2: Any = 1,
        mean: Any = 0,
        label: Hashable = None,
        name: Hashable = None,
    ) -> Hashable:
        """Add a bias in the space of another signal: Gaussian, the same at every position."""
        self._known(like)
        return self._put(
            self._new(name),
            "bias",
            (),
            shape=self.shape(like),
            space=self.space(like),
            label=label,
            sb2=sb2,
            mean=mean,
        )

    def add(
        self, *sources: Hashable, strengths: Sequence[Any] | None = None, name: Hashable = None
    ) -> Hashable:
        """Add a sum of signals of one space, each times its strength (default 1)."""
        if strengths is not None and len(strengths) != len(sources):
            raise ValueError(f"{len(sources)} signals have {len(strengths)} strengths")
        return self._sum(sources, strengths, name)

    def map(
        self,
        function: Hashable,
        *sources: Hashable,
        variables: Sequence[str] | None = None,
        name: Hashable = None,
    ) -> Hashable:
        """Add a function of one or several signals of one space, neuron by neuron.

        Parameters
        ----------
        function : hashable
            A name such as ``"tanh"`` or an expression; carried as it is.
        *sources : node
        variables : sequence of str, optional
            Names of the variables of the expression in the order of the sources; needed for two or
            more.
        name : hashable, optional
        """
        if len(sources) > 1 and (variables is None or len(variables) != len(sources)):
            raise ValueError(f"a function of {len(sources)} signals names as many variables")
        return self._map(function, sources, tuple(variables) if variables else None, name)

    def flatten(self, source: Hashable, name: Hashable = None) -> Hashable:
        """Add one long vector of all neurons at all positions; a dense layer follows."""
        self._known(source)
        space = ("flat", self.positions(source), self.space(source))
        return self._put(self._new(name), "flatten", (source,), shape=(), space=space)

    def norm(
        self, source: Hashable, centred: bool = True, eps: Any = 0, name: Hashable = None
    ) -> Hashable:
        """Add (h - mean)/√(variance + eps) over neurons; not centred: h/√(⟨h²⟩ + eps)."""
        self._known(source)
        shape, space = self.shape(source), self.space(source)
        return self._put(
            self._new(name), "norm", (source,), shape=shape, space=space, centred=centred, eps=eps
        )

    def dropout(self, source: Hashable, keep: Any, name: Hashable = None) -> Hashable:
        """Add h·mask/keep; masks are independent for inputs, positions and uses."""
        self._known(source)
        shape, space = self.shape(source), self.space(source)
        return self._put(self._new(name), "dropout", (source,), shape=shape, space=space, keep=keep)

    def text(self) -> str:
        """Return the statements that `layer_graph` reads back into this graph.

        Examples
        --------
        >>> net = LayerGraph()
        >>> _ = net.dense(net.map("tanh", net.dense(net.input(), 2)), label="W")
        >>> print(net.text())
        n0 = input()
        n1 = dense(n0, sw2=2)
        n2 = map(tanh, n1)
        n3 = dense(n2, sw2=1, label=W)
        """
        from neurenorm.graphs.network.layer_writing import written

        return written(self)

    def __str__(self) -> str:
        return self.text().replace("\n", "; ")

    def affine(self, source: Hashable, sw2: Any = 1, sb2: Any = 0) -> Hashable:
        """Add W h + b with weights and a bias of their own."""
        z = self.dense(source, sw2)
        return self.add(z, self.bias(z, sb2)) if sb2 != 0 else z

    def then(self, other: LayerGraph) -> LayerGraph:
        """Return this network followed by another: its output is the other's only input.

        Nodes are numbered anew; labels that were given stay, so that equal ones share weights.
        """
        joined = LayerGraph()
        end = embedded(self, joined, {})
        embedded(other, joined, {only(other.inputs, "input"): end})
        return joined

    def parallel(self, *others: LayerGraph) -> LayerGraph:
        """Return networks side by side on one input, their outputs added."""
        joined, first = LayerGraph(), only(self.inputs, "input")
        width = None if self._is_finite(first) else Fraction(str(self.space(first)))
        start = joined.input(self.shape(first), width)
        parts = (self, *others)
        joined.add(*[embedded(p, joined, {only(p.inputs, "input"): start}) for p in parts])
        return joined
