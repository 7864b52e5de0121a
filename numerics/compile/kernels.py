"""Builds the generated Python function of a target, and those of the sums and branches inside
it.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sympy

from neurenorm.numerics.compile.errors import CompileError
from neurenorm.numerics.compile.lowering import lowering_for
from neurenorm.numerics.compile.rewriting.prepare import Prepared, prepare
from neurenorm.numerics.compile.targets.target import PythonTarget
from neurenorm.numerics.compile.writer import PythonWriter

__all__ = ["BuiltKernel", "build_kernel"]

_INTERNAL_NAME = re.compile(r"\b_a(\d+)\b")


@dataclass(frozen=True)
class BuiltKernel:
    """A generated function that returns the tuple of all values, and its source."""

    function: Callable[..., tuple[Any, ...]]
    source: str


def build_kernel(
    target: PythonTarget,
    expressions: Sequence[sympy.Basic],
    arguments: Sequence[sympy.Symbol],
    digits: int | None = None,
) -> BuiltKernel:
    """Generate the function of the arguments that evaluates all expressions."""

    def make_call(node: Any) -> tuple[Callable[..., Any], Sequence[Any]]:
        """The function that stands for a lowered node, a sum or a piecewise expression."""
        lower = lowering_for(node)
        if lower and target.name == "array":
            raise CompileError(
                f"a {type(node).__name__} is evaluated outside of the function, so it has no form "
                "on arrays of another library; take the numpy target"
            )
        if lower:
            return lower(node, target.name, digits)
        make = _piecewise if isinstance(node, sympy.Piecewise) else _accumulation
        return make(target, node, digits)

    try:
        prepared = prepare(
            expressions,
            arguments,
            make_call=make_call,
            double=target.number is None,
            real=target.real,
            resolving=target.resolves,
        )
        return _executed(target, prepared)
    except CompileError as error:
        raise CompileError(_in_given_names(str(error), arguments)) from None


def _in_given_names(message: str, arguments: Sequence[sympy.Symbol]) -> str:
    """A message with the internal names of the arguments replaced by the given ones."""
    return _INTERNAL_NAME.sub(lambda found: str(arguments[int(found[1])]), message)


def _executed(target: PythonTarget, prepared: Prepared) -> BuiltKernel:
    """Write the source and run it in the namespace of the target."""
    literals = target.number is None
    writer = PythonWriter(prepared, target.functions, literals=literals, products=target.products)
    source = writer.source()
    namespace: dict[str, Any] = {**target.functions, **prepared.calls}
    if target.number is not None:
        convert, numbers = target.number, list(writer.constants)
        namespace["number"] = lambda position: convert(numbers[position])
    exec(compile(source, "<generated>", "exec"), namespace)
    return BuiltKernel(namespace["kernel"], source)


def _free(*nodes: sympy.Basic) -> list[sympy.Symbol]:
    """The free symbols of all nodes in a fixed order."""
    return sorted(
        set().union(*(node.free_symbols for node in nodes)), key=lambda symbol: str(symbol.name)
    )


def _piecewise(
    target: PythonTarget, node: sympy.Piecewise, digits: int | None
) -> tuple[Callable[..., Any], Sequence[Any]]:
    """One kernel per condition and per branch, so that a branch is evaluated only where it is
    taken.
    """
    free = _free(node)
    conditions = [
        build_kernel(target, [condition], free, digits).function for _, condition in node.args
    ]
    values = [build_kernel(target, [value], free, digits).function for value, _ in node.args]
    return target.piecewise(conditions, values), free


def _accumulation(
    target: PythonTarget, node: sympy.Sum | sympy.Product, digits: int | None
) -> tuple[Callable[..., Any], Sequence[Any]]:
    """A loop over the outermost index of a sum or a product, which stays local to the kernel of the
    summand.
    """
    *inner, (index, low, high) = node.limits
    body = type(node)(node.function, *inner) if inner else node.function
    free = [symbol for symbol in _free(body) if symbol != index]
    kernel = build_kernel(target, [body], [index, *free], digits).function
    return target.accumulate(kernel, isinstance(node, sympy.Product)), [low, high, *free]
