"""SymPy expressions as numeric functions: float64 arrays, C, mpmath numbers, or rigorous balls."""

from numerics.compile.api import CompiledFunction, compiled, compiled_gradient
from numerics.compile.errors import CompileError
from numerics.compile.lowering import register_lowering

__all__ = ["CompileError", "CompiledFunction", "compiled", "compiled_gradient", "register_lowering"]
