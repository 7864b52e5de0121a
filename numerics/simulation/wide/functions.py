"""Functions of signals from their text, with slopes: plain NumPy and forward differentiation."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

__all__ = ["Function", "function_of", "number_of"]

Array = NDArray[np.float64]
Both = tuple[Any, tuple[Any, ...]]
_GAUSS = 1 / math.sqrt(2 * math.pi)


def _bell(z: Array) -> Array:
    """The density of a standard normal variable."""
    return np.asarray(_GAUSS * np.exp(-z * z / 2))


def _sigmoid_slope(z: Array) -> Array:
    """s(z) s(-z)."""
    return np.asarray(special.expit(z) * special.expit(-z))


UNARY: Mapping[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "linear": (lambda z: z, np.ones_like),
    "relu": (lambda z: np.maximum(z, 0), lambda z: (z > 0).astype(float)),
    "abs": (np.abs, np.sign),
    "erf": (special.erf, lambda z: 2 / math.sqrt(math.pi) * np.exp(-z * z)),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "sin": (np.sin, np.cos),
    "cos": (np.cos, lambda z: -np.sin(z)),
    "exp": (np.exp, np.exp),
    "sqrt": (np.sqrt, lambda z: 0.5 / np.sqrt(z)),
    "sigmoid": (special.expit, _sigmoid_slope),
    "swish": (lambda z: z * special.expit(z), lambda z: special.expit(z) + z * _sigmoid_slope(z)),
    "gelu": (lambda z: z * special.ndtr(z), lambda z: special.ndtr(z) + z * _bell(z)),
    "softplus": (lambda z: np.logaddexp(0, z), special.expit),
}


class Function:
    """A function of one or several arrays, read from its text.

    Parameters
    ----------
    text : str
        A name such as ``"tanh"``, or an expression.
    variables : sequence of str, optional
        The names of its arguments in their order; ``z`` for one.

    Raises
    ------
    ValueError
        If the text has anything but numbers, variables, + - * / ** and known functions.

    Examples
    --------
    >>> product = Function("a*tanh(b)", ("a", "b"))
    >>> product(np.array([2.0]), np.array([0.0])), product.slopes(np.array([2.0]), np.array([0.0]))
    (array([0.]), [array([0.]), array([2.])])
    """

    def __init__(self, text: str, variables: Sequence[str] | None = None) -> None:
        if text in UNARY:
            text = f"{text}(z)"
        self.variables = tuple(variables or ("z",))
        self.tree = ast.parse(text, mode="eval").body

    def __call__(self, *arguments: Array) -> Array:
        """Return the values."""
        return np.asarray(self._of(self.tree, self._started(arguments))[0])

    def slopes(self, *arguments: Array) -> list[Array]:
        """Return the partial derivatives."""
        found = self._of(self.tree, self._started(arguments))[1]
        shape = np.broadcast_shapes(*(a.shape for a in arguments))
        return [np.array(np.broadcast_to(part, shape), dtype=float) for part in found]

    def _started(self, arguments: Sequence[Array]) -> dict[str, Both]:
        """Each variable with its slopes, one and zeros."""
        count = len(self.variables)
        return {
            name: (np.asarray(value, dtype=float), tuple(float(i == j) for j in range(count)))
            for i, (name, value) in enumerate(zip(self.variables, arguments, strict=True))
        }

    def _of(self, node: ast.expr, known: Mapping[str, Both]) -> Both:
        """The value and the slopes of a part of the text."""
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            return node.value, (0.0,) * len(self.variables)
        if isinstance(node, ast.Name) and node.id in known:
            return known[node.id]
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            value, slopes = self._of(node.operand, known)
            return -value, tuple(-s for s in slopes)
        if isinstance(node, ast.BinOp):
            return _operation(node.op, self._of(node.left, known), self._of(node.right, known))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            inner = [self._of(part, known) for part in node.args]
            if node.func.id in ("max", "Max"):
                return _largest(inner)
            if node.func.id in UNARY and len(inner) == 1:
                value, slope = UNARY[node.func.id]
                factor = slope(inner[0][0])
                return value(inner[0][0]), tuple(factor * s for s in inner[0][1])
        raise ValueError(f"cannot read {ast.unparse(node)} in a function of signals")


def _operation(operator: ast.operator, one: Both, two: Both) -> Both:
    """A sum, product, quotient or power with its slopes."""
    (a, da), (b, db) = one, two
    if isinstance(operator, ast.Add):
        return a + b, tuple(x + y for x, y in zip(da, db, strict=True))
    if isinstance(operator, ast.Sub):
        return a - b, tuple(x - y for x, y in zip(da, db, strict=True))
    if isinstance(operator, ast.Mult):
        return a * b, tuple(x * b + a * y for x, y in zip(da, db, strict=True))
    if isinstance(operator, ast.Div):
        return a / b, tuple((x - a / b * y) / b for x, y in zip(da, db, strict=True))
    if isinstance(operator, ast.Pow) and isinstance(b, int):
        return a**b, tuple(b * a ** (b - 1) * x for x in da)
    raise ValueError("the operations of a function of signals are + - * / and whole powers")


def _largest(parts: Sequence[Both]) -> Both:
    """The largest of several values, with the slopes of the one it is."""
    values = np.stack(np.broadcast_arrays(*(value for value, _ in parts)))
    which = values.argmax(0)
    slopes = tuple(
        sum((which == i) * part[1][k] for i, part in enumerate(parts))
        for k in range(len(parts[0][1]))
    )
    return values.max(0), slopes


def function_of(text: Any, variables: Sequence[str] | None) -> Function:
    """Return the function that a node of a layer graph carries."""
    return Function(str(text), variables)


def number_of(value: Any) -> float:
    """Return a number that may be given as a text such as 1/sqrt(10).

    Examples
    --------
    >>> number_of("3/2"), number_of(2)
    (1.5, 2.0)
    """
    if not isinstance(value, str):
        return float(value)
    try:
        return float(Function(value, ("z",))(np.zeros(())))
    except ValueError:
        raise ValueError(f"a network that is drawn has numbers, {value} has none") from None
