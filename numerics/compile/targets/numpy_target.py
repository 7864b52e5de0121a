"""Double precision on arrays: blocks small enough to stay in cache, one NumPy ufunc per
operation.
"""

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from scipy import special

from neurenorm.numerics.compile.errors import CompileError
from neurenorm.numerics.compile.targets.target import Kernel, PythonTarget

__all__ = ["NUMPY", "NumpyEvaluator", "as_real_arrays"]

Index = tuple[slice, ...]
_LARGEST_EXPONENT = 700.0


def as_real_arrays(names: Sequence[str], values: Sequence[Any]) -> list[np.ndarray]:
    """The values as float64 arrays; complex numbers, text and a wrong number of values are
    refused.
    """
    if len(values) != len(names):
        raise TypeError(f"expected {len(names)} values ({', '.join(names)}), got {len(values)}")
    return [_as_real_array(name, value) for name, value in zip(names, values, strict=True)]


def _as_real_array(name: str, value: Any) -> np.ndarray:
    """One value as a float64 array."""
    array = np.asarray(value)
    if array.dtype == np.float64:
        return array
    if array.dtype.kind in "cSUmM":
        raise TypeError(f"{name} has to be real, got values of type {array.dtype}")
    try:
        return array.astype(np.float64)
    except OverflowError:
        raise ValueError(f"{name} is beyond double precision (about 1e308)") from None


class NumpyEvaluator:
    """Runs a kernel over the broadcast inputs block by block and reports where a NaN came out of
    numbers.
    """

    def __init__(self, kernel: Kernel, names: Sequence[str], outputs: int, chunk: int) -> None:
        self.kernel, self.names, self.outputs, self.chunk = kernel, list(names), outputs, chunk

    def __call__(self, *values: Any) -> list[Any]:
        """One float64 scalar or array of the broadcast shape of the inputs per output."""
        arrays = as_real_arrays(self.names, values)
        policy = np.geterr()["invalid"]
        shape = np.broadcast_shapes(*(array.shape for array in arrays))
        with np.errstate(all="ignore"):
            results, suspicious = (
                self._scalars(arrays) if shape == () else self._arrays(arrays, shape)
            )
        if suspicious and policy != "ignore":
            self._report(arrays, results, policy)
        return results

    def _scalars(self, arrays: list[np.ndarray]) -> tuple[list[Any], bool]:
        """All inputs are single numbers."""
        results = [np.float64(value) for value in self.kernel(*[array[()] for array in arrays])]
        return results, any(map(math.isnan, results))

    def _arrays(self, arrays: list[np.ndarray], shape: tuple[int, ...]) -> tuple[list[Any], bool]:
        """Walk over the blocks of the common shape."""
        results = [np.empty(shape) for _ in range(self.outputs)]
        inputs, targets = arrays, results
        if all(a.shape in ((), shape) and (a.ndim == 0 or a.flags.c_contiguous) for a in arrays):
            inputs = [array.reshape(-1) if array.ndim else array for array in arrays]
            targets = [result.reshape(-1) for result in results]
        common = targets[0].shape if targets else shape
        suspicious = False
        for block in blocks(common, self.chunk):
            parts = self.kernel(*[_part(array, block) for array in inputs])
            for target, part in zip(targets, parts, strict=True):
                target[block] = part
                suspicious = suspicious or math.isnan(np.min(part))
        return results, suspicious

    def _report(self, arrays: list[np.ndarray], results: list[Any], policy: str) -> None:
        """Say where numbers gave a NaN, in the way chosen with ``numpy.errstate(invalid=...)``."""
        nan_in = sum((np.isnan(array).astype(int) for array in arrays), start=np.zeros((), int))
        bad = np.logical_or.reduce([np.isnan(result) for result in results]) & (nan_in == 0)
        if not bad.any():
            return
        first = tuple(np.argwhere(bad)[0]) if bad.ndim else ()
        point = ", ".join(
            f"{name} = {np.broadcast_to(array, bad.shape)[first]!s}"
            for name, array in zip(self.names, arrays, strict=True)
        )
        message = (
            f"{bad.sum()} of {bad.size} points have no real double-precision value, the first is "
            f"{point or 'it'}"
        )
        if policy == "raise":
            raise FloatingPointError(message)
        warnings.warn(message, RuntimeWarning, stacklevel=4)


def blocks(shape: tuple[int, ...], chunk: int) -> Iterator[Index]:
    """Boxes that tile an array of this shape, each of about `chunk` elements in memory order."""
    if 0 in shape:
        return
    axis, inside = len(shape) - 1, 1
    while axis > 0 and inside * shape[axis] <= chunk:
        inside *= shape[axis]
        axis -= 1
    step = max(1, chunk // inside)
    rest = (slice(None),) * (len(shape) - axis - 1)
    for lead in np.ndindex(*shape[:axis]):
        before = tuple(slice(position, position + 1) for position in lead)
        for start in range(0, shape[axis], step):
            yield (*before, slice(start, start + step), *rest)


def _part(array: np.ndarray, block: Index) -> Any:
    """The part of an input that meets a block; axes of length one stay, so nothing is copied."""
    if array.ndim == 0:
        return array[()]
    axes = block[len(block) - array.ndim :]
    return array[
        tuple(
            slice(None) if size == 1 else axis for size, axis in zip(array.shape, axes, strict=True)
        )
    ]


def _log_cosh(u: Any) -> Any:
    """log cosh u = log(1 + 2 sinh²(u/2)), accurate for small u; shifted where sinh would
    overflow.
    """
    size = np.abs(u)
    capped = np.minimum(size, _LARGEST_EXPONENT)
    root = np.sinh(0.5 * capped)
    return np.log1p(2.0 * root * root) + (size - capped)


def _log_abs_sinh(u: Any) -> Any:
    """log |sinh u|, shifted where sinh would overflow."""
    size = np.abs(u)
    capped = np.minimum(size, _LARGEST_EXPONENT)
    return np.log(np.sinh(capped)) + (size - capped)


def _lambert(x: Any, branch: Any = 0.0) -> Any:
    """The real values of Lambert's W."""
    value = special.lambertw(x, np.asarray(branch).astype(int))
    return np.where(value.imag == 0, value.real, np.nan)[()]


def _order(order: Any) -> Any:
    """An integer order as integers, which some SciPy functions insist on."""
    return np.asarray(order).astype(int)


def _hyper(above: tuple[Any, ...], below: tuple[Any, ...], z: Any) -> Any:
    """The generalised hypergeometric functions that SciPy has."""
    known: dict[tuple[int, int], Callable[..., Any]] = {
        (0, 0): np.exp,
        (1, 0): lambda a, x: (1.0 - x) ** -a,
        (0, 1): special.hyp0f1,
        (1, 1): special.hyp1f1,
        (2, 1): special.hyp2f1,
    }
    if (len(above), len(below)) not in known:
        raise CompileError(
            f"NumPy has no {len(above)}F{len(below)}: use the mpmath or the ball target"
        )
    return known[len(above), len(below)](*above, *below, z)


def _conjunction(*conditions: Any) -> Any:
    """Logical and of any number of conditions."""
    result = conditions[0]
    for condition in conditions[1:]:
        result = np.logical_and(result, condition)
    return result


def _disjunction(*conditions: Any) -> Any:
    """Logical or of any number of conditions."""
    return np.logical_not(_conjunction(*[np.logical_not(condition) for condition in conditions]))


def _extreme(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """Minimum or maximum of any number of values."""

    def reduced(*values: Any) -> Any:
        """Pairwise, from the left."""
        result = values[0]
        for value in values[1:]:
            result = function(result, value)
        return result

    return reduced


def piecewise(conditions: Sequence[Kernel], branches: Sequence[Kernel]) -> Callable[..., Any]:
    """Each branch evaluated only at the points that take it; NaN where no condition holds or an
    input is NaN.
    """

    def select(*values: Any) -> Any:
        """The branches put together."""
        shape = np.broadcast_shapes(*(np.shape(value) for value in values))
        pending = np.ones(shape, bool)
        for value in values:
            pending = pending & ~np.isnan(value)
        result = np.full(shape, np.nan)
        spread = [
            value if np.ndim(value) == 0 else np.broadcast_to(value, shape) for value in values
        ]
        for condition, branch in zip(conditions, branches, strict=True):
            chosen = pending & condition(*values)[0]
            if chosen.all():
                return branch(*values)[0]
            if chosen.any():
                result[chosen] = branch(
                    *[value if np.ndim(value) == 0 else value[chosen] for value in spread]
                )[0]
                pending = pending & ~chosen
        return result[()]

    return select


def accumulate(summand: Kernel, multiply: bool) -> Callable[..., Any]:
    """A sum or product over an integer index between bounds that may differ from point to point."""

    def total(low: Any, high: Any, *values: Any) -> Any:
        """The loop over the index."""
        check_bounds(low, high)
        result: Any = 1.0 if multiply else 0.0
        neutral = result
        uniform = np.ndim(low) == 0 and np.ndim(high) == 0
        for index in range(int(np.min(low)), int(np.max(high)) + 1):
            term = summand(np.float64(index), *values)[0]
            if not uniform:
                term = np.where((low <= index) & (index <= high), term, neutral)
            result = result * term if multiply else result + term
        return result

    return total


def check_bounds(low: Any, high: Any) -> None:
    """Bounds of a sum have to be integers in the right order."""
    if not (
        np.all(np.isfinite(low) & (np.floor(low) == low))
        and np.all(np.isfinite(high) & (np.floor(high) == high))
    ):
        raise ValueError("the bounds of a finite sum have to be integers")
    if np.any(np.asarray(high) < np.asarray(low) - 1):
        raise ValueError("the upper bound of a finite sum lies below its lower bound")


_FUNCTIONS: dict[str, Any] = {
    "inf": math.inf,
    "power": np.power,
    "Abs": np.abs,
    "sign": np.sign,
    "Heaviside": np.heaviside,
    "Min": _extreme(np.minimum),
    "Max": _extreme(np.maximum),
    "ceiling": np.ceil,
    "Mod": np.mod,
    "Log1p": np.log1p,
    "LogCosh": _log_cosh,
    "LogAbsSinh": _log_abs_sinh,
    "atan2": np.arctan2,
    "StrictLessThan": np.less,
    "LessThan": np.less_equal,
    "StrictGreaterThan": np.greater,
    "GreaterThan": np.greater_equal,
    "Equality": np.equal,
    "Unequality": np.not_equal,
    "And": _conjunction,
    "Or": _disjunction,
    "Not": np.logical_not,
    "LambertW": _lambert,
    "polygamma": lambda n, x: special.polygamma(_order(n), x),
    "expint": lambda n, x: special.expn(_order(n), x),
    "loggamma": special.loggamma,
    "Ei": special.expi,
    "Si": lambda x: special.sici(x)[0],
    "Ci": lambda x: special.sici(x)[1],
    "lowergamma": lambda a, x: special.gammainc(a, x) * special.gamma(a),
    "uppergamma": lambda a, x: special.gammaincc(a, x) * special.gamma(a),
    "binomial": special.binom,
    "besseli": special.iv,
    "besselj": special.jv,
    "besselk": special.kv,
    "bessely": special.yv,
    "elliptic_k": special.ellipk,
    "elliptic_e": special.ellipe,
    "sinc": lambda x: np.sinc(x / np.pi),
    "hyper": _hyper,
}
_SAME_NAME = "exp log sqrt sin cos tan sinh cosh tanh floor"
_INVERSES = "sin cos tan sinh cosh tanh"
_SPECIAL = "erf erfc erfi erfinv erfcinv gamma zeta beta"
_FUNCTIONS |= {name: getattr(np, name) for name in _SAME_NAME.split()}
_FUNCTIONS |= {f"a{name}": getattr(np, f"arc{name}") for name in _INVERSES.split()}
_FUNCTIONS |= {name: getattr(special, name) for name in _SPECIAL.split()}

NUMPY = PythonTarget(
    "numpy", _FUNCTIONS, number=None, piecewise=piecewise, accumulate=accumulate, products=True
)
