"""Layer graphs as text: one operation in each statement, or one call of a usual network.

    x = input(); z = dense(x, sw2=2); h = map(tanh, z); dense(add(z, dense(h)), sw2=1)

A statement calls an operation of `LayerGraph` by name; its first arguments are signals (names that
were given before, or calls), the others are numbers, words, lists, or formulas that are carried as
text. Several inputs of a function are named: ``map(a*sigmoid(b), a=z, b=y)``. Nothing is executed.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Hashable, Mapping
from inspect import signature
from math import prod
from typing import Any

from neurenorm.graphs.network import layer_networks
from neurenorm.graphs.network.layer_graph import LayerGraph

__all__ = ["layer_graph"]

LONGEST, MOST_STATEMENTS, DEEPEST = 20_000, 400, 30
LARGEST, MOST_POSITIONS = 500, 4096
NETWORKS: Mapping[str, Callable[..., LayerGraph]] = {
    name: getattr(layer_networks, name) for name in layer_networks.__all__
}
SIGNALS = {
    "input": 0,
    "dense": 1,
    "conv": 1,
    "bias": 1,
    "add": None,
    "map": 1,
    "pool": 1,
    "max_pool": 1,
    "global_average": 1,
    "gather": 1,
    "at": 1,
    "mix": 1,
    "flatten": 1,
    "norm": 1,
    "dropout": 1,
    "attend": 1,
    "heads": 1,
    "positions_of": 1,
    "affine": 1,
}
"""How many signals come first in an operation (None: all of them)."""


def layer_graph(text: str) -> LayerGraph:
    """Return the layer graph that a text spells.

    Parameters
    ----------
    text : str
        Statements separated by semicolons or lines, or one call of a network such as
        ``"resnet(relu, 3)"``. Variances that are not given are the symbols sw2 and sb2 in a call of
        a network.

    Raises
    ------
    ValueError
        With one line that says what cannot be read, or what the operation refuses.

    Examples
    --------
    >>> net = layer_graph("x = input(); z = dense(x, sw2=2); dense(map(tanh, z), sw2=1)")
    >>> [net.graph.nodes[node]["op"] for node in net.order()]
    ['input', 'dense', 'map', 'dense']
    >>> layer_graph("mlp(relu, 2)").graph.number_of_nodes()
    12
    >>> layer_graph("x = input(); open(x)")
    Traceback (most recent call last):
    ValueError: there is no operation open; there are ...
    """
    statements = _statements(text)
    first = statements[0]
    if len(statements) == 1 and isinstance(first, ast.Expr) and _called(first.value) in NETWORKS:
        return _network(first.value)
    reader = _Reader()
    for statement in statements:
        reader.read(statement)
    _ = reader.net.output
    return reader.net


def _statements(text: str) -> list[ast.stmt]:
    """The statements of a text, within bounds."""
    if len(text) > LONGEST:
        raise ValueError(f"a layer graph has at most {LONGEST} letters, got {len(text)}")
    lines = [part.strip() for part in text.replace(";", "\n").splitlines()]
    try:
        found = ast.parse("\n".join(line for line in lines if line)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = getattr(error, "msg", None) or type(error).__name__
        raise ValueError(
            f"cannot read the layer graph {_short(text)}: {reason}; write for instance "
            "x = input(); dense(map(tanh, dense(x, sw2=2)))"
        ) from None
    if not 1 <= len(found) <= MOST_STATEMENTS:
        raise ValueError(f"a layer graph has 1 to {MOST_STATEMENTS} statements, got {len(found)}")
    return found


def _called(node: ast.expr) -> str | None:
    """The name of what is called."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id
    return None


def _network(node: Any) -> LayerGraph:
    """One of the usual networks."""
    make = NETWORKS[node.func.id]
    given = {keyword.arg: _value(keyword.value) for keyword in node.keywords}
    place = signature(make).parameters
    named = [*place][: len(node.args)]
    for name in ("sw2", "sb2"):
        if name in place and name not in given and name not in named:
            given[name] = name
    return _performed(node.func.id, make, [_value(part) for part in node.args], given)


def _performed(name: str, make: Callable[..., Any], arguments: Any, named: Any) -> Any:
    """Call an operation or a network; a wrong argument is refused in one line."""
    for value in (*arguments, *named.values()):
        _refuse_large(name, value)
    try:
        signature(make).bind(*arguments, **named)
    except TypeError as error:
        takes = ", ".join(key for key in signature(make).parameters if key != "name")
        raise ValueError(f"{name}({takes}): {str(error).replace(chr(39), '')}") from None
    try:
        return make(*arguments, **named)
    except TypeError as error:
        raise ValueError(f"{name}: an argument is of the wrong kind ({error})") from None


def _refuse_large(name: str, value: Any) -> None:
    """Refuse numbers and grids beyond what a text may ask for."""
    sizes = value if isinstance(value, tuple) else (value,)
    whole = [size for size in sizes if isinstance(size, int)]
    if any(abs(size) > LARGEST for size in whole):
        raise ValueError(f"{name}: an integer in a layer graph is at most {LARGEST}, got {value}")
    if prod(whole) > MOST_POSITIONS:
        raise ValueError(f"{name}: a grid has at most {MOST_POSITIONS} positions, got {value}")


class _Reader:
    """Reads statements into a graph."""

    def __init__(self) -> None:
        self.net = LayerGraph()
        self.names: dict[str, Hashable] = {}

    def read(self, statement: ast.stmt) -> None:
        """One statement."""
        if isinstance(statement, ast.Expr):
            self._signal(statement.value, 0)
            return
        if not (
            isinstance(statement, ast.Assign)
            and len(statement.targets) == 1
            and isinstance(statement.targets[0], ast.Name)
        ):
            raise ValueError(
                f"cannot read {_short(ast.unparse(statement))}: a statement is name = "
                "operation(signals, options)"
            )
        self.names[statement.targets[0].id] = self._signal(statement.value, 0)

    def _signal(self, node: ast.expr, depth: int) -> Hashable:
        """A signal: a name, or the call of an operation."""
        if depth > DEEPEST:
            raise ValueError(f"operations are nested more than {DEEPEST} deep: name the signals")
        if isinstance(node, ast.Name):
            if node.id not in self.names:
                raise ValueError(f"there is no signal {node.id} before it is used")
            return self.names[node.id]
        name = _called(node)
        if name is None or not isinstance(node, ast.Call):
            raise ValueError(f"{_short(ast.unparse(node))} is no signal: give a name or a call")
        if name not in SIGNALS:
            raise ValueError(f"there is no operation {name}; there are {', '.join(SIGNALS)}")
        return self._operation(name, node, depth)

    def _operation(self, name: str, node: ast.Call, depth: int) -> Hashable:
        """Perform one operation."""
        if any(isinstance(part, ast.Starred) for part in node.args) or any(
            keyword.arg is None for keyword in node.keywords
        ):
            raise ValueError(f"{name} takes its arguments one by one, without stars")
        if name == "map":
            return self._function(node, depth)
        count = SIGNALS[name]
        split = len(node.args) if count is None else min(count, len(node.args))
        signals = [self._signal(part, depth + 1) for part in node.args[:split]]
        options = [_value(part) for part in node.args[split:]]
        named = {
            str(k.arg): (
                self._signal(k.value, depth + 1) if k.arg in ("source", "like") else _value(k.value)
            )
            for k in node.keywords
        }
        made: Hashable = _performed(name, getattr(self.net, name), [*signals, *options], named)
        return made

    def _function(self, node: ast.Call, depth: int) -> Hashable:
        """A function of one signal, or of several by name."""
        if not node.args:
            raise ValueError("map names a function first: map(tanh, z), map(a*b, a=z, b=y)")
        function = _value(node.args[0])
        plain = [self._signal(part, depth + 1) for part in node.args[1:]]
        named = {str(k.arg): self._signal(k.value, depth + 1) for k in node.keywords}
        if len(plain) + len(named) == 0 or (named and plain) or len(plain) > 1:
            raise ValueError("map takes one signal, or several by name: map(a*b, a=z, b=y)")
        return self.net.map(function, *plain, *named.values(), variables=tuple(named) or None)


def _value(node: ast.expr) -> Any:
    """A number, a word, a list, or a formula as text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, int | str | bool):
        return node.value
    if isinstance(node, ast.Name) and node.id in ("true", "false"):
        return node.id == "true"
    if isinstance(node, ast.List | ast.Tuple):
        return tuple(_value(part) for part in node.elts)
    if (
        isinstance(node, ast.UnaryOp)
        and isinstance(node.op, ast.USub)
        and isinstance(node.operand, ast.Constant)
        and isinstance(node.operand.value, int)
    ):
        return -node.operand.value
    return ast.unparse(node)


def _short(text: str) -> str:
    """A text within the length of a message."""
    shown = " ".join(text.split())
    return repr(shown if len(shown) <= 60 else f"{shown[:57]}...")
