"""SymPy expressions as numeric functions: float64 arrays, C, mpmath numbers, or rigorous balls."""

from neurenorm.numerics.compile.api import CompiledFunction, compiled, compiled_gradient
from neurenorm.numerics.compile.errors import CompileError
from neurenorm.numerics.compile.lowering import register_lowering

__all__ = ["CompileError", "CompiledFunction", "compiled", "compiled_gradient", "register_lowering"]
