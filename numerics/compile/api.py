"""compiled and compiled_gradient: from SymPy expressions to numeric functions."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import sympy

from neurenorm.numerics.arguments import checked_arguments
from neurenorm.numerics.compile.errors import CompileError
from neurenorm.numerics.compile.kernels import build_kernel
from neurenorm.numerics.compile.lowering import registry_version
from neurenorm.numerics.compile.rewriting.prepare import check_symbols
from neurenorm.numerics.compile.rewriting.roots import collected_roots
from neurenorm.numerics.compile.structure import LEAF, Structure, flatten
from neurenorm.numerics.compile.targets.ball_target import BALL, COMPLEX_BALL, BallEvaluator

__all__ = ["CompiledFunction", "compiled", "compiled_gradient"]

TARGETS = ("numpy", "c", "array", "mpmath", "ball")
RECURSION_LIMIT = 3000


def _array(rows: list[Any]) -> Any:
    """Return rows of arrays as one array; NumPy is loaded only where it is the target."""
    import numpy as np

    return np.array(rows)


class CompiledFunction:
    """A numeric function of its arguments in their order.

    Attributes
    ----------
    arguments : tuple of sympy.Symbol
        What the positional arguments of a call mean.
    target : str
        The target in use; ``"numpy"`` where C was asked for and could not be had.
    source : str
        The generated source text.
    """

    def __init__(
        self,
        evaluate: Callable[..., list[Any]],
        structure: Structure,
        target: str,
        source: str,
        arguments: tuple[sympy.Symbol, ...],
    ) -> None:
        self._evaluate, self._structure = evaluate, structure
        self.arguments, self.target, self.source = arguments, target, source
        self._matrix = _array if target in ("numpy", "c") else list

    def __call__(self, *values: Any) -> Any:
        """The values, in the structure of the expressions."""
        results = self._evaluate(*values)
        if self._structure is LEAF:
            return results[0]
        return self._structure.rebuild(iter(results), self._matrix)

    def __repr__(self) -> str:
        names = ", ".join(symbol.name for symbol in self.arguments)
        return f"<compiled function of ({names}), target {self.target}>"


@checked_arguments
def compiled(
    expressions: Any,
    arguments: Sequence[sympy.Symbol],
    target: str = "numpy",
    *,
    digits: int | None = None,
    chunk: int = 8192,
    complex_ball: bool = False,
) -> CompiledFunction:
    """Turn expressions into a function of numbers.

    Common sub-expressions are evaluated once; two calls with equal expressions return the same
    function.

    Parameters
    ----------
    expressions : sympy.Expr, or a nest of lists, tuples, mappings and matrices of them
        What to evaluate. The function returns its values in the same structure; a matrix becomes an
        array of shape (rows, columns, *broadcast) for the NumPy and C targets, and a list of rows
        otherwise.
    arguments : sequence of sympy.Symbol
        The order of the arguments of the function. All free symbols have to be among them.
    target : {"numpy", "c", "array", "mpmath", "ball"}
        ``"numpy"``: float64 arrays that broadcast; a result has the broadcast shape of all inputs,
        also where it is constant. A NaN that comes out of numbers is reported as
        ``numpy.errstate(invalid=...)`` says. ``"c"``: the same through a compiled loop; points
        where an input or a result is not finite are computed by NumPy. Falls back to NumPy where
        there is no C compiler or no C for a function (`CompiledFunction.target`). Outside the
        domain of a sub-expression it may return the value of a simplified form (√x·√x as x).
        ``"array"``: arrays of the caller's library (JAX, PyTorch, CuPy, or any of the array API
        standard) in their own precision, differentiable and compilable there. Every branch of a
        piecewise expression is evaluated, digits of a logarithm of what is near one are not saved,
        and averages are refused.
        ``"mpmath"``: `mpmath` numbers computed at `digits` decimal digits (15 if not given) and 10
        guard digits. ``"ball"``: `flint.arb` enclosures, rigorous also for wide balls as input. An
        undecidable condition of a piecewise expression gives the union of the branches that may
        apply.
    digits : int, optional
        For ``"ball"``: the precision is doubled until every value has this relative accuracy, or is
        enclosed within 10**-digits of zero. Without it the function computes once at
        ``flint.ctx.prec``.
    chunk : int
        Number of elements that the NumPy target works on at a time.
    complex_ball : bool
        Whether the ball target computes with complex balls (`flint.acb`).

    Returns
    -------
    CompiledFunction
        Called with one value per argument; mpmath and ball accept int, Fraction, float (exact),
        text such as ``"1/3"`` or ``"0.1"`` and SymPy numbers.

    Raises
    ------
    CompileError
        If a symbol is missing or ambiguous, or a sub-expression has no numeric form; the message
        names it.

    Examples
    --------
    >>> import sympy
    >>> K = sympy.Symbol("K")
    >>> step = sympy.log(sympy.cosh(2 * K)) / 2
    >>> f = compiled(step, [K])
    >>> f([1.0, 1000.0]).round(6).tolist()
    [0.662501, 999.653426]
    >>> compiled(step, [K], "ball", digits=30)("1/10").str(30, radius=False)
    '0.00993403592000365712556991469387'
    >>> compiled({"K": step, "one": sympy.Integer(1)}, [K], "mpmath", digits=20)(1)["K"]
    mpf('0.66250137367893222')
    """
    _check_options(target, digits, chunk, complex_ball)
    with _deep_expressions():
        structure, leaves = flatten(expressions)
        names = (arguments,) if isinstance(arguments, sympy.Symbol) else tuple(arguments)
        check_symbols(leaves, names)
        compiler = _compiler() if target == "c" else None
        options = (target, digits, chunk, complex_ball, compiler, registry_version())
        return _memoised(structure, tuple(leaves), names, *options)


@contextmanager
def _deep_expressions() -> Iterator[None]:
    """Allow for expressions nested some hundred levels deep, and say so where they are nested
    deeper.
    """
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, RECURSION_LIMIT))
    try:
        yield
    except RecursionError:
        message = (
            "the expression is nested too deeply: compile its steps and compose them numerically"
        )
        raise CompileError(message) from None
    finally:
        sys.setrecursionlimit(before)


def _check_options(target: str, digits: int | None, chunk: int, complex_ball: bool) -> None:
    """Options that do not fit the target or make no sense."""
    if target not in TARGETS:
        raise ValueError(f"unknown target {target!r}: choose one of {', '.join(TARGETS)}")
    if digits is not None and target in ("numpy", "c", "array"):
        raise ValueError(
            f"the {target} target computes in double precision: take mpmath or ball for {digits} "
            "digits"
        )
    if digits is not None and (not isinstance(digits, int) or digits < 1):
        raise ValueError(f"digits has to be a positive integer, got {digits!r}")
    if not isinstance(chunk, int) or chunk < 1:
        raise ValueError(f"chunk has to be a positive integer, got {chunk!r}")
    if complex_ball and target != "ball":
        raise ValueError(f"complex_ball belongs to the ball target, not to {target}")


@lru_cache(maxsize=1024)
def _memoised(
    structure: Structure,
    leaves: tuple[sympy.Expr, ...],
    arguments: tuple[sympy.Symbol, ...],
    target: str,
    digits: int | None,
    chunk: int,
    complex_ball: bool,
    compiler: str | None,
    version: int,
) -> CompiledFunction:
    """Build the function; equal structure gives the same one (the registry's `version` is part of
    the key).
    """
    if target in ("numpy", "c"):
        return _of_doubles(structure, leaves, arguments, chunk, compiler)
    names = [symbol.name for symbol in arguments]
    if target == "array":
        from neurenorm.numerics.compile.targets.array_target import ARRAY, ArrayEvaluator

        built = build_kernel(ARRAY, leaves, arguments)
        evaluator = ArrayEvaluator(built.function, names)
        return CompiledFunction(evaluator, structure, target, built.source, arguments)
    if target == "mpmath":
        from neurenorm.numerics.compile.targets.mpmath_target import MPMATH, MpmathEvaluator

        built = build_kernel(MPMATH, leaves, arguments, digits)
        return CompiledFunction(
            MpmathEvaluator(built.function, names, digits),
            structure,
            target,
            built.source,
            arguments,
        )
    built = build_kernel(COMPLEX_BALL if complex_ball else BALL, leaves, arguments, digits)
    balls = BallEvaluator(built.function, names, digits, complex_ball)
    return CompiledFunction(balls, structure, target, built.source, arguments)


def _compiler() -> str | None:
    """Return the C compiler, where there is one."""
    from neurenorm.numerics.compile.targets.c_target import find_compiler

    return find_compiler()


def _of_doubles(
    structure: Structure,
    leaves: tuple[sympy.Expr, ...],
    arguments: tuple[sympy.Symbol, ...],
    chunk: int,
    compiler: str | None,
) -> CompiledFunction:
    """Build a function of arrays of doubles, in C where there is a compiler; SciPy, which these
    need, is loaded here.
    """
    from neurenorm.numerics.compile.targets.c_target import CEvaluator, c_kernel
    from neurenorm.numerics.compile.targets.numpy_target import NUMPY, NumpyEvaluator

    built = build_kernel(NUMPY, leaves, arguments)
    plain = NumpyEvaluator(
        built.function, [symbol.name for symbol in arguments], len(leaves), chunk
    )
    kernel = c_kernel(leaves, arguments, compiler) if compiler else None
    if kernel is not None:
        return CompiledFunction(CEvaluator(kernel, plain), structure, "c", kernel.source, arguments)
    return CompiledFunction(plain, structure, "numpy", built.source, arguments)


def compiled_gradient(
    expressions: Any,
    arguments: Sequence[sympy.Symbol],
    wrt: Sequence[sympy.Symbol] | None = None,
    target: str = "numpy",
    **options: Any,
) -> CompiledFunction:
    """Turn expressions into a function that returns values and exact derivatives, with shared
    sub-expressions.

    Parameters
    ----------
    expressions, arguments, target, **options
        As for `compiled`.
    wrt : sequence of sympy.Symbol, optional
        The arguments to differentiate by; all of them if not given.

    Returns
    -------
    CompiledFunction
        It returns ``(values, gradient)``. The gradient of one expression is the vector of its
        derivatives, an array of shape (len(wrt), *broadcast) for NumPy and C and a list otherwise.
        The gradient of a list, a tuple or a column matrix is the Jacobian, of shape (expressions,
        len(wrt), *broadcast). In any other structure each expression is replaced by its vector of
        derivatives.

    Raises
    ------
    CompileError
        As for `compiled`, and if `wrt` contains something that is not an argument or a derivative
        does not exist.

    Examples
    --------
    >>> import sympy
    >>> x, y = sympy.symbols("x y")
    >>> value, gradient = compiled_gradient(x**2 * y, [x, y])(3.0, 2.0)
    >>> float(value), gradient.tolist()
    (18.0, [12.0, 9.0])
    """
    with _deep_expressions():
        structure, leaves = flatten(expressions)
        names = (arguments,) if isinstance(arguments, sympy.Symbol) else tuple(arguments)
        variables = names if wrt is None else tuple(wrt)
        check_symbols(leaves, names)
        if not set(variables) <= set(names):
            raise CompileError("wrt may only contain arguments of the function")
        real = {symbol: _real(symbol) for symbol in names if not options.get("complex_ball")}
        trees = [leaf.xreplace(real) for leaf in leaves]
        slopes = [
            collected_roots(sympy.diff(tree, real.get(symbol, symbol)))
            for tree in trees
            for symbol in variables
        ]
        both = compiled(
            [*trees, *slopes], [real.get(symbol, symbol) for symbol in names], target, **options
        )
    shape = Structure("tuple", (), (structure, _gradient_structure(structure, len(variables))))
    return CompiledFunction(both._evaluate, shape, both.target, both.source, names)


def _real(symbol: sympy.Symbol) -> sympy.Symbol:
    """The symbol as a real one, so that |x| and its like have ordinary derivatives."""
    if symbol.is_extended_real is not None:
        return symbol
    return sympy.Symbol(symbol.name, **{**symbol._assumptions_orig, "real": True})


def _gradient_structure(structure: Structure, variables: int) -> Structure:
    """The nest of the derivatives: a Jacobian for a vector of expressions, a vector at each leaf
    otherwise.
    """
    is_vector = structure.kind in ("list", "tuple") or (
        structure.kind == "matrix" and structure.keys[1] == 1
    )
    if is_vector and structure.children and all(child == LEAF for child in structure.children):
        rows = len(structure.children)
        return Structure("matrix", (rows, variables), (LEAF,) * (rows * variables))
    return structure.leaves_become(Structure("vector", (), (LEAF,) * variables))
