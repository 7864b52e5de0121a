"""Results on lattices: the chain, hierarchical cells, the ring."""

from __future__ import annotations

from collections.abc import Mapping

import networkx as nx
from sympy import Integers, Interval, Range, Rational, Reals, Symbol, oo, tanh

from neurenorm.graphs.lattices import TwoTerminalCell, diamond, series_cell, wheatstone
from neurenorm.theory.catalogue.problems import Formula
from neurenorm.theory.catalogue.result import Parameter, Result
from neurenorm.theory.decimation.cell import cell_decimation, cell_recursion
from neurenorm.theory.decimation.decimation import Decimation, decimate
from neurenorm.theory.decimation.model import ISING, Alphabet, Values, bond_model, potts
from neurenorm.theory.decimation.problems import BondOf, LogPartition
from neurenorm.theory.decimation.series import Series, character_steps
from neurenorm.theory.recursion.problems import FixedPointOf
from neurenorm.theory.recursion.recursion import Chart
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation

__all__ = ["RESULTS", "agreement", "ising_bond", "ising_bond_in_field"]

LATTICE = symbols("lattice")
K, H, T, Q, R = LATTICE.K, LATTICE.h, LATTICE.t, LATTICE.q, LATTICE.r
LONGEST, WIDEST = 100_000, 50
WEIGHT = "Ising weight exp(K s s' + (h/2)(s + s')) per bond; the coupling carries the minus beta."
POTTS_WEIGHT = "Potts weight exp(K delta) per bond; the coupling carries the minus beta."


def ising_bond() -> dict[Symbol, Values]:
    """Return the bond functions of the Ising model: K s s'."""
    return {K: lambda s, t: s * t}


def ising_bond_in_field() -> dict[Symbol, Values]:
    """Return the bond functions of the Ising model in a field, half of which each bond carries at
    each end.
    """
    return {K: lambda s, t: s * t, H: lambda s, t: Rational(1, 2) * (s + t)}


def agreement() -> dict[Symbol, Values]:
    """Return the bond function of the Potts model: K where both ends agree."""
    return {K: lambda s, t: int(s == t)}


def _bond(alphabet: Alphabet, functions: Mapping[Symbol, Values]) -> Decimation:
    """Return one bond, both ends of which are kept."""
    return cell_decimation(series_cell(1), alphabet, functions)


def ising_decimation(b: int = 2) -> BondOf:
    """Sum out all but every b-th spin of the Ising chain in a field."""
    return BondOf(Series(_bond(ISING, ising_bond_in_field()), b), {"K": K, "h": H}, "log_constant")


def potts_decimation(b: int = 2) -> BondOf:
    """Sum out all but every b-th spin of the Potts chain, for any q."""
    return BondOf(Series(_bond(potts(Q), agreement()), b), {"K": K})


def ising_correlation() -> Formula:
    """Return the correlation of the infinite chain: (tanh K)^r.

    The decimation of r bonds leaves a bond of coupling K_r between the two spins, and <s s'> of a
    free bond is its character tanh K_r. One more bond multiplies the character by tanh K, which is
    derived; at r = 0 the correlation is that of a spin with itself, 1.
    """
    return Formula(
        {"value": tanh(K) ** R},
        Derivation("correlation of the chain", character_steps(K, R)),
        left={"value": r"\langle s_0 s_r\rangle"},
    )


def hierarchical_fixed_point(
    cell: str | None = None,
    series: int | None = None,
    parallel: int | None = None,
    model: str = "ising",
    q: int | None = None,
) -> FixedPointOf:
    """State the fixed-point problem of a hierarchical lattice."""
    graph = _cell(cell, series, parallel)
    if model == "ising":
        if q is not None:
            raise ValueError("q belongs to model=potts; the Ising model has none")
        return FixedPointOf(
            cell_recursion(graph, ISING, ising_bond()), Chart.tanh(K, T), Interval(0, 1)
        )
    if q is None:
        raise ValueError("model=potts needs q, the number of states")
    recursion = cell_recursion(graph, potts(q), agreement())
    return FixedPointOf(recursion, Chart.potts(K, T, q), Interval(0, 1))


def _cell(cell: str | None, series: int | None, parallel: int | None) -> TwoTerminalCell:
    """Return the cell that is named or described, never both."""
    if cell is not None and (series is not None or parallel is not None):
        raise ValueError("give either cell or series and parallel, not both")
    if cell is not None:
        return {"diamond": diamond, "wheatstone": wheatstone}[cell]()
    if series is None or parallel is None:
        raise ValueError("give cell=diamond or cell=wheatstone, or both series and parallel")
    return diamond(series, parallel)


def ring_free_energy(N: int = 8) -> LogPartition:
    """Sum out every spin of the Ising ring of N sites."""
    ring: nx.MultiGraph = nx.MultiGraph()
    ring.add_edges_from((site, (site + 1) % N) for site in range(N))
    return LogPartition(decimate(bond_model(ring, ISING, ising_bond()), ()))


_B = Parameter("b", LATTICE["b"].meaning, Range(2, LONGEST + 1), 2, structural=True)
_COUPLING = Parameter("K", LATTICE["K"].meaning, Reals)

RESULTS = (
    Result(
        "lattice/ising-decimation",
        "Decimation of the Ising chain in a field: couplings of the bond that replaces b bonds",
        LATTICE,
        (_COUPLING, Parameter("h", LATTICE["h"].meaning, Reals, 0), _B),
        ("K", "h", "log_constant"),
        ising_decimation,
        (WEIGHT, "log_constant is ln A_b, in nats per new bond."),
        units={"log_constant": "nats"},
    ),
    Result(
        "lattice/ising-correlation",
        "Spin correlation of the infinite Ising chain at distance r",
        LATTICE,
        (_COUPLING, Parameter("r", LATTICE["r"].meaning, Range(0, oo))),
        ("value",),
        ising_correlation,
        (WEIGHT,),
    ),
    Result(
        "lattice/potts-decimation",
        "Decimation of the q-state Potts chain, derived for symbolic q",
        LATTICE,
        (_COUPLING, Parameter("q", LATTICE["q"].meaning, Integers.intersect(Interval(1, oo))), _B),
        ("K",),
        potts_decimation,
        (POTTS_WEIGHT,),
    ),
    Result(
        "lattice/hierarchical-fixed-point",
        "Nontrivial fixed point and thermal exponent of a hierarchical lattice",
        LATTICE,
        (
            Parameter(
                "cell", "the two-terminal cell", ("diamond", "wheatstone"), None, structural=True
            ),
            Parameter(
                "series", LATTICE["series"].meaning, Range(1, WIDEST + 1), None, structural=True
            ),
            Parameter(
                "parallel", LATTICE["parallel"].meaning, Range(1, WIDEST + 1), None, structural=True
            ),
            Parameter("model", "which spins", ("ising", "potts"), "ising", structural=True),
            Parameter("q", LATTICE["q"].meaning, Range(2, oo), None, structural=True),
        ),
        ("K", "y"),
        hierarchical_fixed_point,
        (
            WEIGHT,
            POTTS_WEIGHT,
            "y = ln(dK'/dK)/ln b at the fixed point, b the graph distance of the terminals.",
        ),
        {"cell": "diamond"},
    ),
    Result(
        "lattice/ring-free-energy",
        "ln Z of the Ising ring of N sites",
        LATTICE,
        (_COUPLING, Parameter("N", LATTICE["N"].meaning, Range(3, LONGEST + 1), structural=True)),
        ("value",),
        ring_free_energy,
        (WEIGHT,),
        {"N": 4},
        "nats",
    ),
)
