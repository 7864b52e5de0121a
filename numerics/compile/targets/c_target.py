"""Generated C: the same prepared expressions as one vectorised loop, loaded through ctypes.

The loop is compiled with -ffast-math, which lets gcc call the vector library for exp, log, tanh and
the like, and which removes the handling of NaN and infinity. Inputs and outputs are therefore
checked in a driver that is compiled without it, block by block while they are in cache, and blocks
with anything not finite are computed again by NumPy. The library is linked without -ffast-math,
because with it the start-up code would switch the process to flush-to-zero.
"""

from __future__ import annotations

import ctypes
import hashlib
import platform
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import sympy
from sympy.logic.boolalg import BooleanAtom
from sympy.printing.c import C99CodePrinter

from neurenorm.numerics.compile.errors import CompileError, shortened
from neurenorm.numerics.compile.rewriting.prepare import Prepared, prepare
from neurenorm.numerics.compile.targets.c_cache import cached_library
from neurenorm.numerics.compile.targets.numpy_target import NumpyEvaluator, as_real_arrays, blocks

__all__ = ["CEvaluator", "CKernel", "c_kernel", "find_compiler"]

FAST = ("-O3", "-march=native", "-ffast-math", "-fPIC")
SAFE = ("-O3", "-march=native", "-fPIC", "-shared")
BLOCK = 512
COPIED_ELEMENTS = 1 << 16

_DRIVER = """
#include <float.h>
#include <math.h>
#include <string.h>
enum { BLOCK = @BLOCK@ };
void kernel(long n, const double *const *in, double *const *out);

static int not_finite(long n, const double *values) {
    int bad = 0;
    for (long i = 0; i < n; i++) bad |= !(fabs(values[i]) <= DBL_MAX);
    return bad;
}

/* stride 0 repeats one number; bad[b] is set where block b has something that is not finite */
long run(long n, long inputs, long outputs, const double *const *in, const long *stride, double *const *out,
         unsigned char *bad) {
    double filled[inputs + 1][BLOCK];
    const double *from[inputs + 1];
    double *to[outputs + 1];
    long count = 0;
    for (long k = 0; k < inputs; k++)
        if (!stride[k]) for (long i = 0; i < BLOCK; i++) filled[k][i] = in[k][0];
    for (long start = 0, b = 0; start < n; start += BLOCK, b++) {
        long size = n - start < BLOCK ? n - start : BLOCK;
        int wrong = 0;
        for (long k = 0; k < inputs; k++) from[k] = stride[k] ? in[k] + start : filled[k];
        for (long k = 0; k < outputs; k++) to[k] = out[k] + start;
        for (long k = 0; k < inputs; k++) wrong |= not_finite(size, from[k]);
        kernel(size, from, to);
        for (long k = 0; k < outputs; k++) wrong |= not_finite(size, to[k]);
        bad[b] = wrong;
        count += wrong;
    }
    return count;
}
""".replace("@BLOCK@", str(BLOCK))

_HELPERS = """
#include <math.h>
static inline double log_cosh(double u) {
    double size = fabs(u), capped = fmin(size, 700.0), root = sinh(0.5 * capped);
    return log1p(2.0 * root * root) + (size - capped);
}
static inline double log_abs_sinh(double u) {
    double size = fabs(u), capped = fmin(size, 700.0);
    return log(sinh(capped)) + (size - capped);
}
static inline double sign_of(double u) { return (double)(u > 0.0) - (double)(u < 0.0); }
static inline double step(double u, double at_zero) { return u > 0.0 ? 1.0 : (u < 0.0 ? 0.0 : at_zero); }
"""

_NODES = """exp log sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh erf erfc gamma floor ceiling Abs sign
    Heaviside Min Max LogCosh LogAbsSinh Log1p Add Mul Pow Piecewise ExprCondPair And Or Not StrictLessThan LessThan
    StrictGreaterThan GreaterThan Equality Unequality"""
_KNOWN = set(_NODES.split())


class _Printer(C99CodePrinter):
    """SymPy's C99 printer with the few functions of our own."""

    def _print_LogCosh(self, node: Any) -> str:
        """log cosh u."""
        return f"log_cosh({self._print(node.args[0])})"

    def _print_LogAbsSinh(self, node: Any) -> str:
        """log |sinh u|."""
        return f"log_abs_sinh({self._print(node.args[0])})"

    def _print_Log1p(self, node: Any) -> str:
        """log(1 + u)."""
        return f"log1p({self._print(node.args[0])})"

    def _print_sign(self, node: Any) -> str:
        """The sign."""
        return f"sign_of({self._print(node.args[0])})"

    def _print_Heaviside(self, node: Any) -> str:
        """The unit step."""
        return f"step({self._print(node.args[0])}, {self._print(node.args[1])})"

    def _print_Integer(self, node: Any) -> str:
        """Integers as doubles, so that none overflows and none divides as an integer."""
        return f"{float(node)!r}" if node >= 0 else f"({float(node)!r})"


@dataclass(frozen=True)
class CKernel:
    """A loaded kernel and its source."""

    run: Callable[..., int]
    source: str
    inputs: int
    outputs: int


def find_compiler() -> str | None:
    """The path of a C compiler, if there is one."""
    return shutil.which("gcc") or shutil.which("cc")


def c_kernel(
    expressions: Sequence[sympy.Expr], arguments: Sequence[sympy.Symbol], compiler: str
) -> CKernel | None:
    """The kernel of the expressions, or None where C has no form for them or the compiler fails."""
    try:
        prepared = prepare(
            expressions,
            arguments,
            make_call=_no_call,
            double=True,
            real=True,
            inline_piecewise=True,
        )
        source = c_source(prepared)
        library = ctypes.CDLL(str(_built(source, compiler)))
    except (CompileError, OSError, OverflowError, subprocess.SubprocessError):
        return None
    return CKernel(library.run, source, len(arguments), len(expressions))


def _no_call(node: Any) -> tuple[Callable[..., Any], Sequence[Any]]:
    """C cannot call back into Python."""
    raise CompileError(f"{shortened(node)} has no form in C")


def c_source(prepared: Prepared) -> str:
    """The loop over the elements."""
    printer = _Printer()
    lines = [f"        const double {s.name} = p{s.name}[i];" for s in prepared.arguments]
    for symbol, expression in prepared.temporaries:
        kind = "int" if isinstance(expression, sympy.logic.boolalg.Boolean) else "double"
        lines.append(f"        const {kind} {symbol.name} = {_text(printer, expression)};")
    lines += [
        f"        q{k}[i] = {_text(printer, output)};" for k, output in enumerate(prepared.outputs)
    ]
    pointers = [
        f"    const double *restrict p{s.name} = in[{k}];" for k, s in enumerate(prepared.arguments)
    ]
    pointers += [f"    double *restrict q{k} = out[{k}];" for k in range(len(prepared.outputs))]
    head = "void kernel(long n, const double *const *in, double *const *out) {"
    loop = ["#pragma GCC ivdep", "    for (long i = 0; i < n; i++) {", *lines, "    }", "}", ""]
    return "\n".join([_HELPERS, head, *pointers, *loop])


def _text(printer: _Printer, expression: sympy.Basic) -> str:
    """An expression in C, if every node of it has a form there."""
    for node in sympy.preorder_traversal(expression):
        is_finite_number = node.is_Number and node.is_finite
        if not (
            node.is_Symbol
            or is_finite_number
            or isinstance(node, BooleanAtom)
            or type(node).__name__ in _KNOWN
        ):
            raise CompileError(f"{shortened(node)} has no form in C")
        if isinstance(node, sympy.Piecewise) and node.args[-1].cond != True:  # noqa: E712
            raise CompileError("a piecewise expression without a last resort has no form in C")
        if node.is_Pow and node.exp.is_Rational and node.exp.q % 3 == 0:
            raise CompileError(
                f"{shortened(node)} has no form in C: fast-math takes the cube root of negative "
                "numbers"
            )
    return str(printer.doprint(expression))


def _built(source: str, compiler: str) -> Path:
    """The shared library of a source, from the cache or fresh."""
    key = hashlib.sha256(
        "\0".join([source, _DRIVER, *FAST, *SAFE, compiler, _processor()]).encode()
    ).hexdigest()

    def build(place: Path) -> Path:
        """Compile both parts, and link them."""
        (place / "kernel.c").write_text(source)
        (place / "driver.c").write_text(_DRIVER)
        for command in (
            [compiler, *FAST, "-c", "kernel.c", "-o", "kernel.o"],
            [compiler, *SAFE, "driver.c", "kernel.o", "-o", "kernel.so", "-lm"],
        ):
            subprocess.run(command, cwd=place, check=True, capture_output=True, timeout=120)
        return place / "kernel.so"

    return cached_library(key, build)


@lru_cache(maxsize=1)
def _processor() -> str:
    """What -march=native depends on."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.machine() + platform.processor()
    wanted = ("model name", "flags", "Features", "CPU part")
    return "".join(sorted({line for line in text.splitlines() if line.startswith(wanted)}))


def _rebuilt(
    source: str, inputs: int, outputs: int, plain: NumpyEvaluator
) -> CEvaluator | NumpyEvaluator:
    """A pickled evaluator; the plain one where there is no compiler or it fails."""
    compiler = find_compiler()
    try:
        built = ctypes.CDLL(str(_built(source, compiler))) if compiler else None
    except (CompileError, OSError, subprocess.SubprocessError):
        built = None
    return (
        plain if built is None else CEvaluator(CKernel(built.run, source, inputs, outputs), plain)
    )


class CEvaluator:
    """Runs a C kernel over the broadcast inputs, and NumPy where something is not finite."""

    def __init__(self, kernel: CKernel, plain: NumpyEvaluator) -> None:
        self.kernel, self.plain = kernel, plain

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by source: the machine that reads it builds its own, or runs NumPy."""
        kernel = self.kernel
        return _rebuilt, (kernel.source, kernel.inputs, kernel.outputs, self.plain)

    def __call__(self, *values: Any) -> list[Any]:
        """One float64 scalar or array of the broadcast shape per output."""
        arrays = as_real_arrays(self.plain.names, values)
        shape = np.broadcast_shapes(*(array.shape for array in arrays))
        results = [np.empty(shape) for _ in range(self.kernel.outputs)]
        if all(a.ndim == 0 or (a.shape == shape and a.flags.c_contiguous) for a in arrays):
            flat = [array.reshape(-1) for array in arrays]
            self._run(
                flat,
                [result.reshape(-1) for result in results],
                [array.ndim > 0 for array in arrays],
            )
        else:
            self._blockwise(arrays, results, shape)
        return [result[()] for result in results]

    def _blockwise(
        self, arrays: list[np.ndarray], results: list[np.ndarray], shape: tuple[int, ...]
    ) -> None:
        """Inputs of different shapes: copy one block of them at a time."""
        spread = [np.broadcast_to(array, shape) for array in arrays]
        for block in blocks(shape, COPIED_ELEMENTS):
            parts = [np.ascontiguousarray(array[block]).reshape(-1) for array in spread]
            outputs = [np.empty(result[block].size) for result in results]
            self._run(parts, outputs, [True] * len(parts))
            for result, output in zip(results, outputs, strict=True):
                result[block] = output.reshape(result[block].shape)

    def _run(self, inputs: list[np.ndarray], outputs: list[np.ndarray], moves: list[bool]) -> None:
        """One call of the driver on flat arrays, then NumPy for the blocks it marks."""
        size = outputs[0].size if outputs else 0
        bad = np.empty(-(-size // BLOCK), np.uint8)
        strides = (ctypes.c_long * (len(inputs) + 1))(*moves)
        count = self.kernel.run(
            ctypes.c_long(size),
            ctypes.c_long(len(inputs)),
            ctypes.c_long(len(outputs)),
            _pointers(inputs),
            strides,
            _pointers(outputs),
            ctypes.c_void_p(bad.ctypes.data),
        )
        if count:
            index = (np.flatnonzero(bad)[:, np.newaxis] * BLOCK + np.arange(BLOCK)).reshape(-1)
            index = index[index < size]
            parts = [
                array[index] if moving else array[0]
                for array, moving in zip(inputs, moves, strict=True)
            ]
            for output, part in zip(outputs, self.plain(*parts), strict=True):
                output[index] = part


def _pointers(arrays: Sequence[np.ndarray]) -> Any:
    """The addresses of the arrays as a C array."""
    return (ctypes.c_void_p * (len(arrays) + 1))(*(array.ctypes.data for array in arrays))
