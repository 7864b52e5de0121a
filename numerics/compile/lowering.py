"""Nodes that the compiler hands to somebody else: the registry of lowerings."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import sympy

__all__ = ["lowering_for", "register_lowering", "registry_version"]

Lowering = Callable[[Any, str, int | None], tuple[Callable[..., Any], Sequence[Any]]]

_REGISTRY: dict[type, Lowering] = {}
_VERSION = [0]

PROVIDERS = {
    "BinaryEntropy": "neurenorm.numerics.compile.binary_entropy",
    "GaussianExpectation": "neurenorm.numerics.quadrature",
}
"""Modules that are imported when a node of this class is first met: they register how it is
lowered.
"""


def register_lowering(node_type: type, lower: Lowering) -> None:
    """Teach the compiler a SymPy node of another room.

    Where an expression contains a node of `node_type`, the compiler calls ``lower(node, target,
    digits)`` once, and in the generated function it puts a call of the returned Python function on
    the values of the returned expressions. Symbols that the node binds are its own affair: only
    ``node.free_symbols`` have to be arguments.

    Parameters
    ----------
    node_type : type
        A subclass of `sympy.Basic`; sub-classes of it are lowered the same way. A second
        registration replaces the first.
    lower : callable
        ``lower(node, target, digits) -> (function, argument_expressions)``. `target` is
        ``"numpy"``, ``"mpmath"`` or ``"ball"`` (the C target falls back to NumPy); `digits` is what
        the user asked for, or None. The symbols in `node` have been renamed by the compiler.
        `function` gets one value per expression: float64 scalars or arrays that broadcast together,
        `mpmath.mpf`, or `flint.arb` numbers at the current precision.

    Raises
    ------
    TypeError
        If `node_type` is not a class of SymPy nodes or `lower` is not callable.

    Examples
    --------
    >>> import sympy
    >>> from neurenorm.numerics.compile import compiled, register_lowering
    >>> class Twice(sympy.Function):
    ...     nargs = 1
    >>> register_lowering(Twice, lambda node, target, digits: (lambda u: u + u, node.args))
    >>> x = sympy.Symbol("x")
    >>> float(compiled(Twice(x) + 1, [x])(3.0))
    7.0
    """
    if not (isinstance(node_type, type) and issubclass(node_type, sympy.Basic)):
        raise TypeError(f"node_type must be a subclass of sympy.Basic, got {node_type!r}")
    if not callable(lower):
        raise TypeError("lower must be a function lower(node, target, digits)")
    _REGISTRY[node_type] = lower
    _VERSION[0] += 1


def lowering_for(node: Any) -> Lowering | None:
    """The lowering of the nearest registered class of a node."""
    found = _registered(node)
    if found is None and type(node).__name__ in PROVIDERS:
        import_module(PROVIDERS[type(node).__name__])
        found = _registered(node)
    return found


def _registered(node: Any) -> Lowering | None:
    """The lowering of the nearest class that is registered so far."""
    return next(
        (_REGISTRY[node_type] for node_type in type(node).__mro__ if node_type in _REGISTRY), None
    )


def registry_version() -> int:
    """A number that changes with every registration, for keys of caches."""
    return _VERSION[0]
