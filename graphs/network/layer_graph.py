"""LayerGraph: signals as nodes, the operations that make them, weights with labels.

A signal is a vector over the neurons of a *space* at every *position* of a finite grid (pixels,
tokens; a single position for a plain layer). The widths of spaces are relative: they grow together.
Functions, variances and strengths are carried as they are given and never computed with here.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from math import prod
from typing import Any

import networkx as nx

from neurenorm.graphs.arguments import shown, whole_number

__all__ = ["LayerGraph"]

Shape = tuple[int, ...]
BOUNDARIES = ("circular", "zero", "valid")

DEEPEST = 10_000
"""The most layers that are drawn up."""


@dataclass
class LayerGraph:
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

    graph: nx.MultiDiGraph = field(default_factory=nx.MultiDiGraph)

    @property
    def inputs(self) -> list[Hashable]:
        """The nodes through which data enter."""
        return [node for node, data in self.graph.nodes(data=True) if data["op"] == "input"]

    @property
    def output(self) -> Hashable:
        """The node that no other one uses.

        Raises
        ------
        ValueError
            If there are several or none.
        """
        last = [node for node in self.graph if self.graph.out_degree(node) == 0]
        if len(last) != 1:
            raise ValueError(f"the graph ends in {len(last)} signals, name the one that is meant")
        return last[0]

    def order(self) -> list[Hashable]:
        """Return the nodes so that every one stands behind what it is made of.

        Raises
        ------
        ValueError
            If the graph has a cycle.
        """
        if not nx.is_directed_acyclic_graph(self.graph):
            raise ValueError("the graph has a cycle: unroll it, with equal labels in every step")
        place = {node: i for i, node in enumerate(self.graph)}
        return list(nx.lexicographical_topological_sort(self.graph, key=place.__getitem__))

    def parents(self, node: Hashable) -> list[Hashable]:
        """Return the arguments of a signal in their order, repeated ones repeated."""
        edges = sorted((key, u) for u, _, key in self.graph.in_edges(node, keys=True))
        return [u for _, u in edges]

    def strengths(self, node: Hashable) -> list[Any]:
        """Return the strengths of the arguments of a sum in their order."""
        edges: list[Any] = list(self.graph.in_edges(node, keys=True, data="strength"))
        return [s for _, s in sorted(((key, s) for _, _, key, s in edges), key=lambda e: e[0])]

    def shape(self, node: Hashable) -> Shape:
        """Return the grid of positions of a signal; empty for a single position."""
        shape: Shape = self.graph.nodes[node]["shape"]
        return shape

    def positions(self, node: Hashable) -> int:
        """Return the number of positions of a signal."""
        return prod(self.shape(node))

    def space(self, node: Hashable) -> Hashable:
        """Return what the neurons of a signal are: a relative width, an input, or a flat layer."""
        return self.graph.nodes[node]["space"]

    def label(self, node: Hashable) -> Hashable:
        """Return the label of the weights of a node, its own if none was given."""
        given = self.graph.nodes[node]["label"]
        return ("own", node) if given is None else given

    def input(self, shape: Sequence[int] = (), name: Hashable = None) -> Hashable:
        """Add an input: finitely many numbers (channels) at every position."""
        if any(size < 1 for size in shape):
            raise ValueError(f"a grid has at least one position in every direction, got {shape}")
        node = self._new(name)
        return self._put(node, "input", (), shape=tuple(shape), space=("input", node))

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
        if not width > 0:
            raise ValueError(f"a relative width is positive, got {width}")
        space: Hashable = Fraction(width)
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
        shape, taps = _taps(self.shape(source), tuple(window), boundary, stride, dilation)
        space: Hashable = Fraction(width)
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
        self._alike("add", sources)
        factors = [1] * len(sources) if strengths is None else list(strengths)
        if len(factors) != len(sources):
            raise ValueError(f"{len(sources)} signals have {len(factors)} strengths")
        return self._put(
            self._new(name),
            "sum",
            sources,
            factors,
            shape=self.shape(sources[0]),
            space=self.space(sources[0]),
        )

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
        self._alike("combine", sources)
        if any(isinstance(self.space(s), tuple) for s in sources):
            raise ValueError("a function acts on a wide layer: put a dense layer behind an input")
        if len(sources) > 1 and (variables is None or len(variables) != len(sources)):
            raise ValueError(f"a function of {len(sources)} signals names as many variables")
        return self._put(
            self._new(name),
            "map",
            sources,
            shape=self.shape(sources[0]),
            space=self.space(sources[0]),
            function=function,
            variables=None if variables is None else tuple(variables),
        )

    def pool(
        self,
        source: Hashable,
        window: Sequence[int],
        stride: Sequence[int] | None = None,
        name: Hashable = None,
    ) -> Hashable:
        """Add averages over boxes of positions, side by side by default."""
        self._known(source)
        if stride is not None and len(set(stride)) > 1:
            raise ValueError("a pooling window moves by one stride in all directions")
        steps = tuple(window) if stride is None else tuple(stride)
        shape, taps = _taps(self.shape(source), tuple(window), "valid", steps, 1)
        return self._pooled(source, shape, taps, name)

    def global_average(self, source: Hashable, name: Hashable = None) -> Hashable:
        """Add the average over all positions."""
        self._known(source)
        taps = tuple((place,) for place in range(self.positions(source)))
        return self._pooled(source, (), taps, name)

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

    def affine(self, source: Hashable, sw2: Any = 1, sb2: Any = 0) -> Hashable:
        """Add W h + b with weights and a bias of their own."""
        z = self.dense(source, sw2)
        return self.add(z, self.bias(z, sb2)) if sb2 != 0 else z

    def then(self, other: LayerGraph) -> LayerGraph:
        """Return this network followed by another: its output is the other's only input.

        Nodes are numbered anew; labels that were given stay, so that equal ones share weights.
        """
        joined, (end,) = _joined([self], None)
        _embed(other, joined, {_only(other.inputs, "input"): end})
        return joined

    def parallel(self, *others: LayerGraph) -> LayerGraph:
        """Return networks side by side on one input, their outputs added."""
        joined, ends = _joined([self, *others], self)
        joined.add(*ends)
        return joined

    @classmethod
    def mlp(cls, function: Hashable, depth: int, sw2: Any = 1, sb2: Any = 0) -> LayerGraph:
        """Return ``depth`` dense layers with a function behind each, and a dense readout.

        Examples
        --------
        >>> net = LayerGraph.mlp("relu", 2)
        >>> [net.graph.nodes[node]["op"] for node in net.order()]
        ['input', 'dense', 'map', 'dense', 'map', 'dense']
        """
        net = cls()
        z = net.input()
        for _ in range(whole_number(depth, "the depth", 0, DEEPEST)):
            z = net.map(function, net.affine(z, sw2, sb2))
        net.affine(z, sw2, sb2)
        return net

    @classmethod
    def resnet(
        cls, function: Hashable, blocks: int, sw2: Any = 1, sb2: Any = 0, strength: Any = 1
    ) -> LayerGraph:
        """Return a dense layer, blocks z + strength (W φ(z) + b), φ, and a dense readout."""
        net = cls()
        z = net.affine(net.input(), sw2, sb2)
        for _ in range(whole_number(blocks, "the number of blocks", 0, DEEPEST)):
            branch = net.affine(net.map(function, z), sw2, sb2)
            z = net.add(z, branch, strengths=(1, strength))
        net.affine(net.map(function, z), sw2, sb2)
        return net

    @classmethod
    def cnn(
        cls,
        function: Hashable,
        depth: int,
        shape: Sequence[int],
        sw2: Any = 1,
        sb2: Any = 0,
        boundary: str = "circular",
        end: str = "flatten",
    ) -> LayerGraph:
        """Return convolutions with boxes of 3, a function behind each, then ``flatten`` or
        ``average``, and a dense readout.
        """
        if end not in ("flatten", "average"):
            raise ValueError(f"a convolutional network ends in flatten or average, got {end!r}")
        net = cls()
        z = net.input(shape)
        for _ in range(whole_number(depth, "the depth", 0, DEEPEST)):
            z = net.conv(z, (3,) * len(shape), sw2, boundary=boundary)
            z = net.map(function, net.add(z, net.bias(z, sb2)) if sb2 != 0 else z)
        net.affine(net.flatten(z) if end == "flatten" else net.global_average(z), sw2, sb2)
        return net

    def _pooled(
        self, source: Hashable, shape: Shape, taps: tuple[Shape, ...], name: Hashable
    ) -> Hashable:
        """Add an average over taps."""
        return self._put(
            self._new(name), "pool", (source,), shape=shape, space=self.space(source), taps=taps
        )

    def _new(self, name: Hashable) -> Hashable:
        """A free node name."""
        if name is None:
            number = len(self.graph)
            while number in self.graph:
                number += 1
            return number
        if name in self.graph:
            raise ValueError(f"there is already a signal {name}")
        return name

    def _put(
        self,
        node: Hashable,
        op: str,
        sources: Iterable[Hashable],
        strengths: Sequence[Any] | None = None,
        **attributes: Any,
    ) -> Hashable:
        """Add a node and its numbered edges."""
        sources = tuple(sources)
        self.graph.add_node(node, op=op, **attributes)
        for place, source in enumerate(sources):
            strength = 1 if strengths is None else strengths[place]
            self.graph.add_edge(source, node, key=place, strength=strength)
        return node

    def _known(self, node: Hashable) -> None:
        """Refuse what is no signal of this graph."""
        if node not in self.graph:
            raise ValueError(f"there is no signal {shown(node)} in this graph")

    def _alike(self, verb: str, sources: Sequence[Hashable]) -> None:
        """Refuse signals of different spaces or grids."""
        if not sources:
            raise ValueError(f"there is nothing to {verb}")
        for source in sources:
            self._known(source)
        first = sources[0]
        for other in sources[1:]:
            if self.space(first) != self.space(other):
                raise ValueError(f"{verb} {first} and {other}: different spaces")
            if self.shape(first) != self.shape(other):
                raise ValueError(
                    f"{verb} {first} and {other}: grids of {self.shape(first)} and "
                    f"{self.shape(other)} positions"
                )

    def _matches(self, label: Hashable, kind: Hashable, ends: tuple[Hashable, Hashable]) -> None:
        """Refuse one label on weights of different shapes."""
        for _, data in self.graph.nodes(data=True):
            if label is None or data.get("label") != label or data["op"] == "bias":
                continue
            if (data.get("window", "dense"), data["ends"]) != (kind, ends):
                raise ValueError(f"labels {label} join weights of shapes {data['ends']} and {ends}")


def _only(nodes: Sequence[Hashable], what: str) -> Hashable:
    """The only one of several nodes."""
    if len(nodes) != 1:
        raise ValueError(f"networks are joined at one {what}, got {len(nodes)}")
    return nodes[0]


def _joined(parts: Sequence[LayerGraph], first: LayerGraph | None) -> tuple[LayerGraph, list[Any]]:
    """A new graph that holds copies of others on the input of the first, and their outputs."""
    joined = LayerGraph()
    if first is None:
        return joined, [_embed(part, joined, {}) for part in parts]
    start = joined.input(first.shape(_only(first.inputs, "input")))
    return joined, [_embed(part, joined, {_only(part.inputs, "input"): start}) for part in parts]


def _embed(part: LayerGraph, into: LayerGraph, known: dict[Hashable, Hashable]) -> Hashable:
    """Copy a graph into another, some of its nodes being there already; return its output."""
    for old, new in known.items():
        if part.shape(old) != into.shape(new):
            raise ValueError(
                f"a network for grids {part.shape(old)} cannot follow one of {into.shape(new)}"
            )
    names = dict(known)
    spaces = {part.space(old): into.space(new) for old, new in known.items()}
    for node in part.order():
        if node in names:
            continue
        data = dict(part.graph.nodes[node])
        names[node] = into._new(None)
        if data["op"] == "input":
            spaces[data["space"]] = ("input", names[node])
        data["space"] = _moved(data["space"], spaces)
        if "ends" in data:
            data["ends"] = tuple(_moved(end, spaces) for end in data["ends"])
            into._matches(data["label"], data.get("window", "dense"), data["ends"])
        sources = [names[source] for source in part.parents(node)]
        if data["op"] in ("sum", "map"):
            into._alike("combine", sources)
        into._put(names[node], data.pop("op"), sources, part.strengths(node), **data)
    return names[part.output]


def _moved(space: Any, spaces: dict[Hashable, Hashable]) -> Hashable:
    """A space under its new name."""
    if space in spaces:
        return spaces[space]
    if isinstance(space, tuple) and space[0] == "flat":
        return (*space[:2], _moved(space[2], spaces))
    return space


def _taps(
    shape: Shape, window: Shape, boundary: str, stride: int | Shape, dilation: int
) -> tuple[Shape, tuple[Shape, ...]]:
    """New grid, and for each place of the box the source of every new position (-1: none)."""
    if boundary not in BOUNDARIES:
        raise ValueError(f"the boundary is {', '.join(BOUNDARIES)}, got {boundary!r}")
    if len(window) != len(shape):
        raise ValueError(f"a box of {len(window)} dimensions does not fit the grid {shape}")
    steps = (stride,) * len(shape) if isinstance(stride, int) else stride
    if min((*steps, dilation, *window), default=1) < 1:
        raise ValueError("stride, dilation and the sizes of a box are at least 1")
    valid = boundary == "valid"
    spans = [dilation * (size - 1) for size in window]
    sizes = [n - span if valid else n for n, span in zip(shape, spans, strict=True)]
    if min(sizes, default=1) < 1:
        raise ValueError(f"the box {window} is larger than the grid {shape}")
    new = tuple(-(-size // step) for size, step in zip(sizes, steps, strict=True))
    starts = [0 if valid else -dilation * ((size - 1) // 2) for size in window]
    taps = []
    for place in product(*map(range, window)):
        shift = [s + dilation * p for s, p in zip(starts, place, strict=True)]
        corners = product(*map(range, new))
        taps.append(
            tuple(
                _index(
                    [c * t + d for c, t, d in zip(at, steps, shift, strict=True)], shape, boundary
                )
                for at in corners
            )
        )
    return new, tuple(taps)


def _index(place: Sequence[int], shape: Shape, boundary: str) -> int:
    """The number of a position, -1 outside the grid."""
    found = 0
    for at, size in zip(place, shape, strict=True):
        if boundary == "circular":
            at %= size
        if not 0 <= at < size:
            return -1
        found = found * size + at
    return found
