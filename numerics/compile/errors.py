"""The one error of the compiler."""

from typing import Any

__all__ = ["CompileError"]


class CompileError(ValueError):
    """An expression cannot be turned into a numeric function.

    The message names the sub-expression, or the symbol, that stands in the way and says what would
    be right.

    Examples
    --------
    >>> import sympy
    >>> from neurenorm.numerics.compile import compiled
    >>> x, y = sympy.symbols("x y")
    >>> compiled(x + y, [x])
    Traceback (most recent call last):
    ...
    neurenorm.numerics.compile.errors.CompileError: the expression contains y, which is not among the arguments (x)
    """


def shortened(node: Any, limit: int = 120) -> str:
    """The node as text, cut where it would flood the message."""
    try:
        text = str(node)
    except RecursionError:
        text = f"a {type(node).__name__} too deep to print"
    return text if len(text) <= limit else text[: limit - 4] + " ..."
