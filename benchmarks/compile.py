"""Generated numeric functions against the practical limit, as ratios measured in one run.

The limit is C generated from the same expressions with `-O3 -march=native -ffast-math` and called
on whole arrays without any check. Every backend runs in one thread. Run ``python
benchmarks/compile.py``.
"""

import ctypes
import importlib
import importlib.util
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sympy

from neurenorm.numerics.compile import compiled

POINTS = 1_000_000
REPEATS = 15
LIMIT_FLAGS = ("-O3", "-march=native", "-ffast-math", "-fPIC")


@dataclass(frozen=True)
class Case:
    """Expressions, the order of their arguments and the box in which they are evaluated."""

    name: str
    expressions: tuple[sympy.Expr, ...]
    arguments: tuple[sympy.Symbol, ...]
    low: float
    high: float


@dataclass(frozen=True)
class Row:
    """One measured backend: time, ratio to the C limit, and largest relative difference to plain
    lambdify.
    """

    case: str
    backend: str
    seconds: float
    ratio: float
    difference: float


def diamond_recursion() -> Case:
    """Two bonds in series (K₁ next to one terminal, K₂ next to the other), field h on the middle
    spin; two in parallel.

    Inputs are K₁, K₂ and h. Outputs are the effective bond, the effective field with the mean of
    the middle spin between aligned terminals added to it, and the constant per new bond.
    """
    first, second, field = sympy.symbols("K_1 K_2 h", real=True)

    def weight(left: int, right: int) -> sympy.Expr:
        """The Boltzmann weight of one branch between two terminal spins."""
        one = left * first + right * second + field
        return sympy.exp(one) + sympy.exp(-one)

    uu, ud, du, dd = weight(1, 1), weight(1, -1), weight(-1, 1), weight(-1, -1)
    bond = sympy.log(uu * dd / (ud * du)) / 2
    mean = (sympy.tanh(first + second + field) - sympy.tanh(first + second - field)) / 2
    tilt = sympy.log(uu / dd) + mean**3
    constant = sympy.log(uu * ud * du * dd) / 2
    return Case("RG recursion", (bond, tilt, constant), (first, second, field), 0.05, 2.0)


def mean_field_map() -> Case:
    """m ← tanh(p m + q m³) with its slope."""
    m, p, q = sympy.symbols("m p q", real=True)
    step = sympy.tanh(p * m + q * m**3)
    return Case("mean-field map", (step, sympy.diff(step, m)), (m, p, q), -1.5, 1.5)


def limit_source(case: Case) -> str:
    """One loop over whole arrays."""
    temporaries, outputs = sympy.cse(list(case.expressions))
    names = [symbol.name for symbol in case.arguments]
    body = [f"const double {name} = in{k}[i];" for k, name in enumerate(names)]
    body += [f"const double {symbol} = {sympy.ccode(value)};" for symbol, value in temporaries]
    body += [f"out{k}[i] = {sympy.ccode(value)};" for k, value in enumerate(outputs)]
    parameters = [f"const double *restrict in{k}" for k in range(len(names))]
    parameters += [f"double *restrict out{k}" for k in range(len(outputs))]
    loop = "for (long i = 0; i < n; i++) {\n" + "\n".join(body) + "\n}"
    return f"#include <math.h>\nvoid run(long n, {', '.join(parameters)}) {{\n{loop}\n}}\n"


def limit_function(case: Case, folder: Path) -> Callable[[Sequence[np.ndarray]], list[np.ndarray]]:
    """The C limit, unchecked; linked without -ffast-math, which would switch this process to
    flush-to-zero.
    """
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        raise RuntimeError("the limit is measured with a C compiler: put gcc or cc on the path")
    stem = case.name.replace(" ", "-")
    (folder / f"{stem}.c").write_text(limit_source(case))
    for command in (
        [*LIMIT_FLAGS, "-c", f"{stem}.c"],
        ["-shared", f"{stem}.o", "-o", f"{stem}.so", "-lm"],
    ):
        subprocess.run([compiler, *command], cwd=folder, check=True)
    library = ctypes.CDLL(str(folder / f"{stem}.so"))

    def call(inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Fresh outputs, as every other backend makes them."""
        results = [np.empty_like(inputs[0]) for _ in case.expressions]
        library.run(
            ctypes.c_long(inputs[0].size),
            *[ctypes.c_void_p(a.ctypes.data) for a in [*inputs, *results]],
        )
        return results

    return call


def backends(case: Case, folder: Path) -> dict[str, Callable[[Sequence[np.ndarray]], Any]]:
    """Every way to evaluate the case, by name."""
    expressions, arguments = list(case.expressions), list(case.arguments)
    found: dict[str, Callable[[Sequence[np.ndarray]], Any]] = {
        "C limit": limit_function(case, folder),
        "c target": _spread(compiled(expressions, arguments, "c")),
        "numpy target": _spread(compiled(expressions, arguments)),
        "lambdify": _spread(sympy.lambdify(arguments, expressions, "numpy")),
        "lambdify, cse": _spread(sympy.lambdify(arguments, expressions, "numpy", cse=True)),
    }
    if importlib.util.find_spec("numba"):
        numba = importlib.import_module("numba")
        scalar = numba.njit(sympy.lambdify(arguments, expressions, "math", cse=True), fastmath=True)
        found["numba"] = lambda inputs: _numba_loop(numba)(scalar, len(expressions), *inputs)
    return found


def _spread(function: Callable[..., Any]) -> Callable[[Sequence[np.ndarray]], Any]:
    """A function of several arrays as a function of their sequence."""
    return lambda inputs: function(*inputs)


_LOOPS: dict[str, Any] = {}


def _numba_loop(numba: Any) -> Any:
    """A compiled loop that calls a compiled scalar function of three inputs."""

    def loop(function: Any, count: int, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
        """Element by element."""
        results = np.empty((count, a.size))
        for i in range(a.size):
            values = function(a[i], b[i], c[i])
            for k in range(count):
                results[k, i] = values[k]
        return results

    if "loop" not in _LOOPS:
        _LOOPS["loop"] = numba.njit(loop)
    return _LOOPS["loop"]


def measure(case: Case, points: int, repeats: int) -> list[Row]:
    """Time all backends of a case in turns and keep the best of each."""
    rng = np.random.default_rng(1)
    inputs = [rng.uniform(case.low, case.high, points) for _ in case.arguments]
    with tempfile.TemporaryDirectory() as folder:
        functions = backends(case, Path(folder))
        reference = functions["lambdify"](inputs)
        differences = {
            name: _difference(function(inputs), reference) for name, function in functions.items()
        }
        best = dict.fromkeys(functions, float("inf"))
        for _ in range(repeats):
            for name, function in functions.items():
                start = time.perf_counter()
                function(inputs)
                best[name] = min(best[name], time.perf_counter() - start)
    limit = best["C limit"]
    return [
        Row(case.name, name, seconds, seconds / limit, differences[name])
        for name, seconds in best.items()
    ]


def _difference(values: Sequence[Any], reference: Sequence[Any]) -> float:
    """The largest difference, relative to the larger of the value and 1."""
    pairs = zip(values, reference, strict=True)
    return max(
        float(np.max(np.abs(value - wanted) / np.maximum(np.abs(wanted), 1.0)))
        for value, wanted in pairs
    )


def run(points: int = POINTS, repeats: int = REPEATS) -> list[Row]:
    """Measure all cases."""
    return [
        row
        for case in (diamond_recursion(), mean_field_map())
        for row in measure(case, points, repeats)
    ]


def table(rows: Sequence[Row]) -> str:
    """The rows as text."""
    lines = [f"{'case':<16}{'backend':<16}{'x C limit':>10}{'ms':>10}{'difference':>12}"]
    for row in rows:
        time_text = f"{1e3 * row.seconds:.2f}"
        lines.append(
            f"{row.case:<16}{row.backend:<16}{row.ratio:>10.2f}{time_text:>10}{row.difference:>12.1e}"
        )
    return "\n".join(lines)


def summary(case: Case) -> str:
    """The size of a case."""
    temporaries, outputs = sympy.cse(list(case.expressions))
    after = sum(
        int(sympy.count_ops(value)) for value in [*(value for _, value in temporaries), *outputs]
    )
    before = sum(int(sympy.count_ops(value)) for value in case.expressions)
    return (
        f"{case.name}: {before} operations, {after} after cse, {len(case.arguments)} -> "
        f"{len(case.expressions)}"
    )


if __name__ == "__main__":
    for _case in (diamond_recursion(), mean_field_map()):
        print(summary(_case))
    print(table(run()))
