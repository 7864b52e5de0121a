"""The covariances of a layer graph as numbers: its equations evaluated one after the other."""

from __future__ import annotations

from collections.abc import Mapping

from sympy import Symbol

from neurenorm.numerics.compile import compiled
from neurenorm.numerics.quadrature import QuadratureError
from neurenorm.theory.wide.layer_graph import LayerKernels

__all__ = ["kernels_at"]


def kernels_at(
    kernels: LayerKernels, inputs: Mapping[Symbol, float], parameters: Mapping[Symbol, float]
) -> dict[Symbol, float]:
    """Evaluate every equation that has been derived.

    Parameters
    ----------
    kernels : LayerKernels
    inputs : mapping of Symbol to float
        Overlaps of the inputs, for every symbol of ``kernels.inputs``.
    parameters : mapping of Symbol to float
        σ_w², σ_b² and whatever else the edges carry.

    Returns
    -------
    dict of Symbol to float

    Raises
    ------
    ValueError
        If a value is missing.

    Examples
    --------
    >>> import networkx as nx
    >>> from neurenorm.theory.gaussian.activation import activation
    >>> from neurenorm.theory.wide.limit import SB2, SW2
    >>> kernels = LayerKernels(nx.DiGraph([("x", 1), (1, 2)]), activation("relu"))
    >>> top = kernels.covariance((2, "a"), (2, "a"))
    >>> (overlap,) = kernels.inputs
    >>> kernels_at(kernels, {overlap: 1.0}, {SW2: 2.0, SB2: 0.5})[top]
    3.0
    """
    missing = [symbol.name for symbol in kernels.inputs if symbol not in inputs]
    if missing:
        raise ValueError(f"no overlap is given for {', '.join(missing)}")
    known: dict[Symbol, float] = {**inputs, **parameters}
    for symbol, expression in kernels.equations.items():
        arguments = sorted(expression.free_symbols, key=lambda s: s.name)
        if lacking := [s.name for s in arguments if s not in known]:
            raise ValueError(f"no value for {', '.join(lacking)}")
        try:
            known[symbol] = float(compiled(expression, arguments)(*(known[s] for s in arguments)))
        except QuadratureError as error:
            raise ValueError(f"{symbol.name}: {error}") from error
    return {symbol: known[symbol] for symbol in kernels.equations}
