"""The networks that people draw every day, as layer graphs."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from neurenorm.graphs.arguments import shown
from neurenorm.graphs.layers.graph import LayerGraph

__all__ = ["cnn", "gru", "lstm", "mgu", "minimal_rnn", "mlp", "resnet", "rnn", "transformer"]

DEEPEST = 10_000
"""The most layers that are drawn up."""


def mlp(function: Hashable, depth: int, sw2: Any = 1, sb2: Any = 0) -> LayerGraph:
    """Return ``depth`` dense layers with a function behind each, and a dense readout.

    Parameters
    ----------
    function : str or expression
        Of one variable.
    depth : int
    sw2, sb2 : number or text
        Variances of weights (times the fan-in) and biases.

    Examples
    --------
    >>> net = mlp("relu", 2)
    >>> [net.graph.nodes[node]["op"] for node in net.order()]
    ['input', 'dense', 'map', 'dense', 'map', 'dense']
    """
    net = LayerGraph()
    z = net.input()
    for _ in range(_counted("the depth", depth)):
        z = net.map(function, net.affine(z, sw2, sb2))
    net.affine(z, sw2, sb2)
    return net


def resnet(
    function: Hashable, blocks: int, sw2: Any = 1, sb2: Any = 0, strength: Any = 1
) -> LayerGraph:
    """Return a dense layer, blocks z + strength (W φ(z) + b), φ, and a dense readout.

    Parameters
    ----------
    function : str or expression
    blocks : int
    sw2, sb2 : number or text
    strength : number or text
        Of every branch, for instance ``"1/sqrt(10)"``.

    Examples
    --------
    >>> resnet("relu", 2).output
    9
    """
    net = LayerGraph()
    z = net.affine(net.input(), sw2, sb2)
    for _ in range(_counted("the number of blocks", blocks)):
        branch = net.affine(net.map(function, z), sw2, sb2)
        z = net.add(z, branch, strengths=(1, strength))
    net.affine(net.map(function, z), sw2, sb2)
    return net


def cnn(
    function: Hashable,
    depth: int,
    shape: Sequence[int],
    sw2: Any = 1,
    sb2: Any = 0,
    boundary: str = "circular",
    end: str = "flatten",
) -> LayerGraph:
    """Return convolutions with boxes of 3, a function behind each, and a dense readout.

    Parameters
    ----------
    function : str or expression
    depth : int
    shape : sequence of int
        The grid of an image.
    sw2, sb2 : number or text
    boundary : {"circular", "zero", "valid"}
    end : {"flatten", "average"}
        What stands before the readout.

    Examples
    --------
    >>> cnn("relu", 1, (4, 4), end="average").shape(3)
    ()
    """
    if end not in ("flatten", "average"):
        raise ValueError(f"a convolutional network ends in flatten or average, got {end!r}")
    net = LayerGraph()
    z = net.input(shape)
    for _ in range(_counted("the depth", depth)):
        z = net.conv(z, (3,) * len(shape), sw2, boundary=boundary)
        z = net.map(function, net.add(z, net.bias(z, sb2)) if sb2 != 0 else z)
    net.affine(net.flatten(z) if end == "flatten" else net.global_average(z), sw2, sb2)
    return net


def transformer(
    function: Hashable,
    blocks: int,
    tokens: int,
    sw2: Any = 1,
    sb2: Any = 0,
    scale: Any = 1,
    causal: bool = False,
) -> LayerGraph:
    """Return blocks of tied attention and a two-layer branch, each normalised before and skipped.

    A dense embedding of the tokens; blocks z + W softmax(scale h·h/d) h with h = norm(z), then
    z + W (φ(W norm(z) + b)) + b; the average over tokens; a dense readout.

    Parameters
    ----------
    function : str or expression
    blocks, tokens : int
    sw2, sb2 : number or text
        Of all weights and biases.
    scale : number or text
        s_Q s_K of the scores.
    causal : bool

    Examples
    --------
    >>> net = transformer("gelu", 1, 4)
    >>> net.shape(net.inputs[0]), net.shape(net.output)
    ((4,), ())
    """
    net = LayerGraph()
    z = net.dense(net.input((_counted("the number of tokens", tokens),)), sw2)
    for _ in range(_counted("the number of blocks", blocks)):
        h = net.norm(z)
        z = net.add(z, net.dense(net.attend(h, scale=scale, causal=causal), sw2))
        inner = net.map(function, net.affine(net.norm(z), sw2, sb2))
        z = net.add(z, net.affine(inner, sw2, sb2))
    net.dense(net.global_average(z), sw2)
    return net


def rnn(
    function: Hashable, steps: int, sw2: Any = 1, su2: Any = 1, sb2: Any = 0, end: str = "last"
) -> LayerGraph:
    """Return the recurrent network h_t = φ(W h_{t-1} + U x_t + b), h_0 = 0, and a dense readout.

    Parameters
    ----------
    function : str or expression
    steps : int
        Length of a sequence; the input has one position for each step.
    sw2, su2, sb2 : number or text
        Variances of W, U and b; the readout has variance 1.
    end : {"last", "average"}
        The last state, or the average over time.

    Examples
    --------
    >>> rnn("tanh", 3).shape(0)
    (3,)
    """

    def cell(gate: _Gate, h: Hashable | None) -> Hashable:
        """One step."""
        return gate.net.map(function, gate("", h))

    return _recurrent(cell, steps, (sw2, su2, sb2), end)


def gru(steps: int, sw2: Any = 1, su2: Any = 1, sb2: Any = 0, end: str = "last") -> LayerGraph:
    """Return gated units h = u h + (1 - u) tanh(W(r h) + Ux + b), with gates u and r, and a
    readout.

    Parameters
    ----------
    steps : int
    sw2, su2, sb2 : number or text
        Of every gate and of the candidate.
    end : {"last", "average"}

    Examples
    --------
    >>> sum(data["op"] == "dense" for _, data in gru(1).graph.nodes(data=True))
    3
    """

    def cell(gate: _Gate, h: Hashable | None) -> Hashable:
        """One step."""
        u = gate("u", h)
        if h is None:
            return _mixed(gate.net, u, None, gate("c", None))
        reset = gate.net.map("sigmoid(r)*h", gate("r", h), h, variables=("r", "h"))
        return _mixed(gate.net, u, h, gate("c", reset))

    return _recurrent(cell, steps, (sw2, su2, sb2), end)


def mgu(steps: int, sw2: Any = 1, su2: Any = 1, sb2: Any = 0, end: str = "last") -> LayerGraph:
    """Return minimal gated units h = (1 - f) h + f tanh(W(f h) + Ux + b), and a readout.

    Parameters
    ----------
    steps : int
    sw2, su2, sb2 : number or text
    end : {"last", "average"}

    Examples
    --------
    >>> sum(data["op"] == "dense" for _, data in mgu(1).graph.nodes(data=True))
    3
    """

    def cell(gate: _Gate, h: Hashable | None) -> Hashable:
        """One step."""
        f = gate("f", h)
        if h is None:
            return gate.net.map("sigmoid(f)*tanh(c)", f, gate("c", None), variables=("f", "c"))
        kept = gate.net.map("sigmoid(f)*h", f, h, variables=("f", "h"))
        names = ("f", "h", "c")
        new = "sigmoid(-f)*h + sigmoid(f)*tanh(c)"
        return gate.net.map(new, f, h, gate("c", kept), variables=names)

    return _recurrent(cell, steps, (sw2, su2, sb2), end)


def minimal_rnn(
    steps: int, sw2: Any = 1, su2: Any = 1, sb2: Any = 0, sv2: Any = 1, end: str = "last"
) -> LayerGraph:
    """Return h = u h + (1 - u) V x with one gate u = σ(W h + U x + b), and a readout.

    Parameters
    ----------
    steps : int
    sw2, su2, sb2, sv2 : number or text
    end : {"last", "average"}

    Examples
    --------
    >>> minimal_rnn(2).shape(0)
    (2,)
    """

    def cell(gate: _Gate, h: Hashable | None) -> Hashable:
        """One step."""
        new = gate.net.dense(gate.x, sv2, label="V")
        u = gate("u", h)
        if h is None:
            return gate.net.map("sigmoid(-u)*v", u, new, variables=("u", "v"))
        kept = "sigmoid(u)*h + sigmoid(-u)*v"
        return gate.net.map(kept, u, h, new, variables=("u", "h", "v"))

    return _recurrent(cell, steps, (sw2, su2, sb2), end)


def lstm(steps: int, sw2: Any = 1, su2: Any = 1, sb2: Any = 0, end: str = "last") -> LayerGraph:
    """Return c = f c + i tanh(g), h = o tanh(c) with gates f, i, o, and a readout.

    Parameters
    ----------
    steps : int
    sw2, su2, sb2 : number or text
    end : {"last", "average"}

    Examples
    --------
    >>> sum(data["op"] == "dense" for _, data in lstm(1).graph.nodes(data=True))
    4
    """
    cells: list[Hashable] = []

    def cell(gate: _Gate, h: Hashable | None) -> Hashable:
        """One step."""
        net, i, g = gate.net, gate("i", h), gate("g", h)
        if h is None:
            c = net.map("sigmoid(i)*tanh(g)", i, g, variables=("i", "g"))
        else:
            new = "sigmoid(f)*c + sigmoid(i)*tanh(g)"
            c = net.map(new, gate("f", h), cells[-1], i, g, variables=("f", "c", "i", "g"))
        cells.append(c)
        return net.map("sigmoid(o)*tanh(c)", gate("o", h), c, variables=("o", "c"))

    return _recurrent(cell, steps, (sw2, su2, sb2), end)


class _Gate:
    """W h + U x + b of one step; equal names share their weights in all steps."""

    def __init__(self, net: LayerGraph, x: Hashable, variances: Sequence[Any]) -> None:
        self.net, self.x, self.variances = net, x, variances

    def __call__(self, name: str, h: Hashable | None) -> Hashable:
        """The pre-activation of a gate; without a state there is no W."""
        sw2, su2, sb2 = self.variances
        parts = [self.net.dense(self.x, su2, label=f"U{name}")]
        if h is not None:
            parts.insert(0, self.net.dense(h, sw2, label=f"W{name}"))
        if sb2 != 0:
            parts.append(self.net.bias(parts[0], sb2, label=f"b{name}"))
        return self.net.add(*parts) if len(parts) > 1 else parts[0]


def _mixed(net: LayerGraph, u: Hashable, h: Hashable | None, c: Hashable) -> Hashable:
    """U h + (1 - u) tanh(c)."""
    if h is None:
        return net.map("sigmoid(-u)*tanh(c)", u, c, variables=("u", "c"))
    new = "sigmoid(u)*h + sigmoid(-u)*tanh(c)"
    return net.map(new, u, h, c, variables=("u", "h", "c"))


def _recurrent(
    cell: Callable[[_Gate, Hashable | None], Hashable],
    steps: int,
    variances: Sequence[Any],
    end: str,
) -> LayerGraph:
    """A cell unrolled in time, and a readout of variance 1."""
    if end not in ("last", "average"):
        raise ValueError(f"a recurrent network ends in last or average, got {end!r}")
    net, states = LayerGraph(), []
    x, h = net.input((_counted("the number of steps", steps),)), None
    for step in range(steps):
        h = cell(_Gate(net, net.at(x, step), variances), h)
        states.append(h)
    top = states[-1]
    if end == "average" and steps > 1:
        top = net.add(*states, strengths=(f"1/{steps}",) * steps)
    net.dense(top, 1)
    return net


def _counted(what: str, value: Any) -> int:
    """A number of things, at least one."""
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= DEEPEST:
        raise ValueError(
            f"{what} is an integer of at least 1, at most {DEEPEST}, got {shown(value)}"
        )
    return value
