"""What a target written in Python has to supply."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["PythonTarget"]

Kernel = Callable[..., tuple[Any, ...]]


@dataclass(frozen=True)
class PythonTarget:
    """The arithmetic a generated Python function calls.

    `functions` maps the class name of a SymPy node to a callable. `number` turns an exact SymPy
    number into a number of the target when the function runs (None: constants are folded to double
    precision when it is compiled). `piecewise` and `accumulate` turn the kernels of branches and of
    a summand into one callable. `resolves` says whether a logarithm of what is near one may be
    written in two branches.
    """

    name: str
    functions: Mapping[str, Callable[..., Any]]
    number: Callable[[Any], Any] | None
    piecewise: Callable[[Sequence[Kernel], Sequence[Kernel]], Callable[..., Any]]
    accumulate: Callable[[Kernel, bool], Callable[..., Any]]
    real: bool = True
    products: bool = False
    resolves: bool = True
