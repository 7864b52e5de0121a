"""From a two-terminal cell to a recursion: every bond of the lattice is a cell of bonds, and
summing out a cell's interior leaves one bond.

On a hierarchical lattice this is exact. For the chain the cell is a row of b bonds. The recursion,
its constant and the couplings it generates all come out of
`neurenorm.theory.decimation.decimation.decimate`.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from sympy import Add, Expr, Integer, Interval, Reals, Symbol, exp, log, oo

from neurenorm.graphs.lattices import TwoTerminalCell
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.decimation.decimation import Decimation, decimate
from neurenorm.theory.decimation.expansion import combine_numbers
from neurenorm.theory.decimation.model import Alphabet, Term, Values, bond_model
from neurenorm.theory.recursion.recursion import Recursion
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.typeset.display import tex

__all__ = ["NotClosed", "cell_decimation", "cell_recursion"]

MOST_TERMS_SHOWN = 32


class NotClosed(ValueError):
    """A decimation generates couplings that its bond functions cannot express."""


@exact_arguments
def cell_decimation(
    cell: TwoTerminalCell, alphabet: Alphabet, bonds: Mapping[Symbol, Values], **options: Any
) -> Decimation:
    """Return the decimation of a cell onto its two terminals.

    Examples
    --------
    >>> from neurenorm.graphs import diamond
    >>> from neurenorm.theory.decimation.model import ISING
    >>> K = Symbol("K", real=True)
    >>> cell_decimation(diamond(), ISING, {K: lambda s, t: s * t}).couplings[K]
    log(cosh(2*K))
    """
    return decimate(bond_model(cell.graph, alphabet, bonds), cell.terminals, **options)


@exact_arguments
def cell_recursion(
    cell: TwoTerminalCell,
    alphabet: Alphabet,
    bonds: Mapping[Symbol, Values],
    *,
    scale: Any = None,
    **options: Any,
) -> Recursion:
    """Derive the recursion of the bond couplings of a two-terminal cell.

    Parameters
    ----------
    cell : TwoTerminalCell
        A graph with two marked terminals (see `neurenorm.graphs.lattices`). An edge attribute
        ``couplings``, such as ``{K: 2 * K}``, gives this edge an expression in the couplings.
    alphabet : Alphabet
        Values of the spins.
    bonds : mapping of Symbol to callable
        The couplings of a bond and the functions of its two ends that they multiply.
    scale : optional
        Scale factor b; by default the graph distance of the terminals.
    **options
        Passed to `neurenorm.theory.decimation.decimation.decimate`.

    Returns
    -------
    Recursion
        With its derivation and, as ``constant``, ln A per new bond.

    Raises
    ------
    NotClosed
        If the new bond needs functions that ``bonds`` does not have; the message names them.
    ValueError
        If the edges of the cell carry other couplings than ``bonds`` and expressions in them, or
        many-body interactions: then the new bond is none of the old ones, and there is no step to
        repeat.

    Examples
    --------
    >>> from neurenorm.graphs import diamond
    >>> from neurenorm.theory import ISING, Chart
    >>> K, t = Symbol("K", real=True), Symbol("t", real=True)
    >>> flow = cell_recursion(diamond(), ISING, {K: lambda s, t: s * t})
    >>> flow.step, flow.scale
    ((log(cosh(2*K)),), 2)
    >>> flow.in_chart(Chart.tanh(K, t)).step
    (2*t**2/(t**4 + 1),)
    """
    if not all(isinstance(coupling, Symbol) for coupling in bonds):
        raise TypeError(
            f"the couplings of a bond are SymPy symbols, got {', '.join(map(repr, bonds))}"
        )
    if scale is None and cell.length < 2:
        raise ValueError(
            "the terminals of the cell are joined by one bond, so it changes no scale (its scale "
            "factor would be 1, not larger than 1)"
        )
    cell, stand_ins = _with_symbols(cell, bonds)
    _check_alike(cell, bonds, stand_ins)
    decimation = cell_decimation(cell, alphabet, bonds, **options)
    couplings, generated = decimation.couplings, decimation.generated
    if generated:
        raise NotClosed(
            f"the step generates {', '.join(generated)}, which the bond functions of "
            f"{', '.join(map(str, bonds))} cannot express; "
            "add a coupling for each, or use neurenorm.theory.decimation.decimation.decimate to "
            "see them"
        )
    factor = cell.length if scale is None else scale
    derivation = derivation_of(decimation, couplings)
    return Recursion(
        tuple(couplings),
        tuple(value.subs(stand_ins) for value in couplings.values()),
        factor,
        decimation.constant.subs(stand_ins),
        Integer(cell.bonds),
        derivation.subs(stand_ins) if stand_ins else derivation,
    )


def _with_symbols(
    cell: TwoTerminalCell, bonds: Mapping[Symbol, Values]
) -> tuple[TwoTerminalCell, dict[Symbol, Expr]]:
    """Return a cell with a symbol of its own for every expression that an edge carries, such as
    2 K, and what each stands for.
    """
    graph, stand_ins = cell.graph.copy(), dict[Symbol, Expr]()
    for _, _, data in graph.edges(data=True):
        carried = dict(data.get("couplings", {}))
        for coupling, own in carried.items():
            if isinstance(own, Symbol) or not set(bonds) & getattr(own, "free_symbols", set()):
                continue
            symbol = next((s for s, e in stand_ins.items() if e == own), None)
            if symbol is None:
                symbol = Symbol(f"{coupling}_e{len(stand_ins) + 1}", real=True)
                stand_ins[symbol] = own
            carried[coupling] = symbol
        if carried:
            data["couplings"] = carried
    return (replace(cell, graph=graph) if stand_ins else cell), stand_ins


def _check_alike(
    cell: TwoTerminalCell, bonds: Mapping[Symbol, Values], stand_ins: Mapping[Symbol, Expr]
) -> None:
    """Refuse a cell whose edges are not all the bond that the cell replaces, or an expression in
    its couplings: its step would not contain its state.
    """
    same = dict(zip(bonds, bonds, strict=True))
    edges = [{**same, **data.get("couplings", {})} for _, _, data in cell.graph.edges(data=True)]
    if any(c != own and own not in stand_ins for edge in edges for c, own in edge.items()):
        carried = sorted({str(own) for edge in edges for own in edge.values()})
        raise ValueError(
            f"the edges of the cell carry {', '.join(carried)}, the new bond carries "
            f"{', '.join(map(str, bonds))}, so the step cannot be repeated; give every edge the "
            "couplings of the bond, "
            "or use cell_decimation for the one new bond"
        )
    if any(getattr(label, "kind", None) == "factor" for _, label in cell.graph.nodes(data="label")):
        raise ValueError(
            "the cell has many-body interactions (vertices of the kind factor), which no bond "
            "replaces, so the step "
            "cannot be repeated; use cell_decimation for the one new bond"
        )


def derivation_of(decimation: Decimation, couplings: Mapping[Symbol, Expr]) -> Derivation:
    """Return the steps of a decimation onto two terminals: the sums over the interior, then the
    couplings.
    """
    sizes = {alphabet.size for alphabet in decimation.model.alphabets.values()}
    domain = dict.fromkeys(decimation.model.couplings, Reals) | {
        size: Interval(2, oo) for size in sizes if isinstance(size, Symbol)
    }
    derivation = Derivation("decimation")
    for configuration in decimation.space.orbits(decimation.keep):
        states = "".join(_state_name(decimation, configuration))
        explicit = brute_sum(decimation, configuration)
        weight = exp(decimation.log_basis.to_expr(decimation.log_weights[configuration]))
        derivation = derivation.then(
            Step(
                f"sum over the interior spins, terminals at {states}",
                explicit or weight,
                weight,
                f"Z_{{{states}}}",
                domain,
            )
        )
    for coupling, expression in couplings.items():
        logs = _coefficients(decimation, coupling)
        before = Add(
            *[
                factor * log(decimation.partition_function(c))
                for c, factor in logs.items()
                if factor != 0
            ]
        )
        derivation = derivation.then(
            Step(
                f"project the log-weight on the function of {coupling}",
                before,
                expression,
                f"{tex(coupling)}'",
                domain,
            )
        )
    return derivation.then(_constant_step(decimation, domain))


def _constant_step(decimation: Decimation, domain: Mapping[Symbol, Any]) -> Step:
    """Return the step that takes the couplings times their functions off one logarithm, which
    leaves ln A.
    """
    configuration = next(decimation.space.orbits(decimation.keep))
    states = "".join(_state_name(decimation, configuration))
    values = decimation.space.states(decimation.keep, configuration)
    functions = decimation.model.functions
    known = [
        -value * Term(coupling, decimation.keep, functions[coupling]).value(values)
        for coupling, value in decimation.couplings.items()
    ]
    before = Add(log(decimation.partition_function(configuration)), *known)
    return Step(
        f"take the new bond at {states} off its log-weight",
        before,
        decimation.constant,
        r"\ln A",
        domain,
    )


def _state_name(decimation: Decimation, configuration: Sequence[int]) -> list[str]:
    """Return short names of the terminals' states: + and - for spins, letters by agreement for
    Potts.
    """
    if decimation.space.symmetric:
        return ["abcdefgh"[state] for state in configuration]
    states = decimation.space.states(decimation.keep, tuple(configuration))
    return [{1: "+", -1: "-"}.get(state, f"({state})") for state in states]


def brute_sum(decimation: Decimation, configuration: Sequence[int]) -> Expr | None:
    """Return the sum over the interior written out term by term, or None where it has too many
    terms to show.
    """
    inner = [vertex for vertex in decimation.model.alphabets if vertex not in decimation.keep]
    if decimation.space.symmetric or decimation.space.table_size(inner) > MOST_TERMS_SHOWN:
        return None
    fixed: dict[Hashable, int] = dict(zip(decimation.keep, configuration, strict=True))
    sizes = [range(int(decimation.model.alphabets[vertex].size)) for vertex in inner]
    return Add(
        *[
            _one_weight(decimation, fixed | dict(zip(inner, states, strict=True)))
            for states in product(*sizes)
        ],
        evaluate=False,
    )


def _one_weight(decimation: Decimation, states: Mapping[Hashable, int]) -> Expr:
    """Return the Boltzmann weight of one full configuration."""
    exponent = Integer(0)
    for term in decimation.model.terms:
        values = [
            decimation.model.alphabets[vertex].states[states[vertex]] for vertex in term.scope
        ]
        exponent += term.coupling * term.value(values)
    return exp(exponent)


def _coefficients(decimation: Decimation, coupling: Symbol) -> dict[tuple[int, ...], Expr]:
    """Return the numbers by which ln Z(kept) is multiplied and summed to give a coupling."""
    orbits = list(decimation.space.orbits(decimation.keep))
    units = {orbit: {other: Integer(int(other == orbit)) for other in orbits} for orbit in orbits}
    return {
        orbit: decimation.read_bond(unit, combine_numbers)[0][coupling]
        for orbit, unit in units.items()
    }
