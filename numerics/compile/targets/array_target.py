"""Arrays of the caller's library: the generated function calls the operations of the arrays that it
is given, so that JAX differentiates and compiles it and PyTorch records it.

The library is found by the array API standard (``__array_namespace__``), and PyTorch by its name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from importlib import import_module
from typing import Any

from neurenorm.numerics.compile.errors import CompileError
from neurenorm.numerics.compile.targets.target import Kernel, PythonTarget

__all__ = ["ARRAY", "ArrayEvaluator"]

_SPECIAL_ROOMS = {
    "jax": "jax.scipy.special",
    "torch": "torch.special",
    "cupy": "cupyx.scipy.special",
    "numpy": "scipy.special",
}


class ArrayEvaluator:
    """Calls a kernel on arrays of one library, and gives every result the broadcast shape."""

    def __init__(self, kernel: Kernel, names: Sequence[str]) -> None:
        self.kernel, self.names = kernel, list(names)

    def __call__(self, *values: Any) -> list[Any]:
        """One array of the broadcast shape of the inputs per output."""
        if len(values) != len(self.names):
            expected = f"{len(self.names)} values ({', '.join(self.names)})"
            raise TypeError(f"expected {expected}, got {len(values)}")
        library = _library(*values)
        if library is None:
            kinds = ", ".join(type(value).__name__ for value in values)
            raise TypeError(
                f"the array target takes arrays of NumPy, JAX, PyTorch or another library of the "
                f"array API standard, got {kinds}"
            )
        shape = library.zeros_like(reduce(lambda a, b: a + b, values))
        return [shape + result for result in self.kernel(*values)]


def _library(*values: Any) -> Any:
    """Return the library of the first array among values, None if there is only numbers."""
    for value in values:
        if hasattr(value, "__array_namespace__"):
            return value.__array_namespace__()
        if type(value).__module__.partition(".")[0] == "torch":
            return import_module("torch")
    return None


def _same(name: str, plain: Callable[[float], float] | None = None) -> Callable[[Any], Any]:
    """Return an operation of one argument, of the library of the argument."""

    def call(x: Any) -> Any:
        """The operation."""
        library = _library(x)
        return (plain or getattr(math, name))(x) if library is None else getattr(library, name)(x)

    return call


def _special(name: str) -> Callable[..., Any]:
    """Return a special function of the library of its arguments."""

    def call(*values: Any) -> Any:
        """The function."""
        library = _library(*values)
        word = "numpy" if library is None else library.__name__.partition(".")[0]
        room = _SPECIAL_ROOMS.get(word)
        found = None if room is None else getattr(import_module(room), name, None)
        if found is None:
            raise CompileError(f"{word} has no function {name}; take the numpy target")
        return found(*values)

    return call


def _where(condition: Any, yes: Any, no: Any) -> Any:
    """Choose by a condition, which may be a plain one."""
    library = _library(condition, yes, no)
    if library is None or isinstance(condition, bool):
        return yes if condition else no
    return library.where(condition, yes, no)


def _smaller(a: Any, b: Any) -> Any:
    """The smaller of two values."""
    return _where(a < b, a, b)


def _larger(a: Any, b: Any) -> Any:
    """The larger of two values."""
    return _where(a > b, a, b)


def _pairwise(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Return a function of any number of values, from the left."""
    return lambda *values: reduce(function, values)


_exp, _expm1, _log, _log1p, _sinh = map(_same, ("exp", "expm1", "log", "log1p", "sinh"))
_abs = _same("abs", abs)


def _log_cosh(u: Any) -> Any:
    """log cosh u: log(1 + 2 sinh²(u/2)) where u is small, and |u| + log(1 + exp(-2|u|)) - log 2, in
    which nothing overflows in any precision.
    """
    size = _abs(u)
    root = _sinh(0.5 * _smaller(size, 1.0))
    small = _log1p(2.0 * root * root)
    return _where(size < 1.0, small, size + _log1p(_exp(-2.0 * size)) - math.log(2.0))


def _log_abs_sinh(u: Any) -> Any:
    """log |sinh u| = |u| + log(1 - exp(-2|u|)) - log 2."""
    size = _abs(u)
    return size + _log(-_expm1(-2.0 * size)) - math.log(2.0)


def _atan2(y: Any, x: Any) -> Any:
    """The angle of a point."""
    library = _library(y, x)
    return math.atan2(y, x) if library is None else library.atan2(y, x)


def _piecewise(conditions: Sequence[Kernel], branches: Sequence[Kernel]) -> Callable[..., Any]:
    """Every branch is evaluated everywhere; NaN where no condition holds."""

    def select(*values: Any) -> Any:
        """The branches put together, from the last."""
        result: Any = math.nan
        for condition, branch in reversed(list(zip(conditions, branches, strict=True))):
            result = _where(condition(*values)[0], branch(*values)[0], result)
        return result

    return select


def _accumulate(summand: Kernel, multiply: bool) -> Callable[..., Any]:
    """A sum or product between bounds that are plain numbers."""

    def total(low: Any, high: Any, *values: Any) -> Any:
        """The loop over the index."""
        if _library(low, high) is not None or low != int(low) or high != int(high):
            raise ValueError("on arrays of a library the bounds of a sum are plain whole numbers")
        terms = [summand(float(i), *values)[0] for i in range(int(low), int(high) + 1)]
        start = 1.0 if multiply else 0.0
        return reduce((lambda a, b: a * b) if multiply else (lambda a, b: a + b), terms, start)

    return total


_FUNCTIONS: dict[str, Any] = {
    "inf": math.inf,
    "power": lambda x, n: x**n,
    "Abs": _abs,
    "sign": _same("sign", lambda x: float((x > 0) - (x < 0))),
    "Heaviside": lambda x, at: _where(x > 0, 1.0 + 0 * x, _where(x < 0, 0 * x, at + 0 * x)),
    "Min": _pairwise(_smaller),
    "Max": _pairwise(_larger),
    "floor": _same("floor"),
    "ceiling": _same("ceil"),
    "Mod": lambda x, y: x % y,
    "Log1p": _log1p,
    "LogCosh": _log_cosh,
    "LogAbsSinh": _log_abs_sinh,
    "atan2": _atan2,
    "StrictLessThan": lambda x, y: x < y,
    "LessThan": lambda x, y: x <= y,
    "StrictGreaterThan": lambda x, y: x > y,
    "GreaterThan": lambda x, y: x >= y,
    "Equality": lambda x, y: x == y,
    "Unequality": lambda x, y: x != y,
    "And": _pairwise(lambda x, y: x & y),
    "Or": _pairwise(lambda x, y: x | y),
    "Not": lambda x: not x if isinstance(x, bool) else ~x,
    "loggamma": _special("gammaln"),
}
_PLAIN = "exp log sqrt sin cos tan sinh cosh tanh asin acos atan asinh acosh atanh"
_FUNCTIONS |= {name: _same(name) for name in _PLAIN.split()}
_FUNCTIONS |= {name: _special(name) for name in ("erf", "erfc", "erfinv", "zeta")}

ARRAY = PythonTarget(
    "array",
    _FUNCTIONS,
    number=None,
    piecewise=_piecewise,
    accumulate=_accumulate,
    products=True,
    resolves=False,
)
