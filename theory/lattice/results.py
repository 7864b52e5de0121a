"""Results on lattices: the chain, hierarchical cells, the ring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import networkx as nx
from sympy import Integer, Integers, Interval, Range, Rational, Reals, Symbol, oo, tanh

from neurenorm.graphs.lattices import series_cell
from neurenorm.theory.catalogue.problems import Formula
from neurenorm.theory.catalogue.result import Parameter, Result
from neurenorm.theory.decimation.cell import cell_decimation, cell_recursion
from neurenorm.theory.decimation.decimation import Decimation, decimate
from neurenorm.theory.decimation.model import ISING, Alphabet, Values, bond_model, potts
from neurenorm.theory.decimation.problems import BondOf, LogPartition
from neurenorm.theory.decimation.series import Series, character_steps
from neurenorm.theory.lattice.graph_counts import percolation, spanning_trees
from neurenorm.theory.lattice.migdal import migdal_point
from neurenorm.theory.lattice.models import MODELS, chosen_cell
from neurenorm.theory.lattice.phases import (
    beg_tricritical,
    blume_capel_tricritical,
    bond_free_energy,
    critical_line,
    phase_points,
)
from neurenorm.theory.lattice.planar import PLANAR, planar_ising
from neurenorm.theory.lattice.tensor import tensor_network
from neurenorm.theory.recursion.problems import FixedPointOf
from neurenorm.theory.recursion.recursion import Chart
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation

__all__ = ["RESULTS", "agreement", "ising_bond", "ising_bond_in_field"]

LATTICE = symbols("lattice")
K, H, T, Q, R = LATTICE.K, LATTICE.h, LATTICE.t, LATTICE.q, LATTICE.r
LONGEST, WIDEST, SMALLEST = 100_000, 50, 6
WEIGHT = "Ising weight exp(K s s' + (h/2)(s + s')) per bond; the coupling carries the minus beta."
PLAIN = "Ising weight exp(K s s') per bond; the coupling carries the minus beta."
BEG = "Weight exp(J s s' + K s^2 s'^2 - Delta (s^2 + s'^2)) per bond, s = 0, +-1."
BONDS = (
    "Couplings carry the minus beta, in the order: ising K; ising-in-field K, h; potts K; beg J, K, "
    "Delta; lattice-gas K, h (occupations 0, 1); clock K1, K2, ... of cos k(a - a'); ashkin-teller "
    "K, L with weight 2K cos(a - a') + L cos 2(a - a'); dilute-potts J, K, Delta."
)
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
    if cell is series is parallel is None:
        raise ValueError("give cell=diamond or cell=wheatstone, or both series and parallel")
    graph = chosen_cell(cell, series, parallel)
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


def ring_free_energy(N: int = 8) -> LogPartition:
    """Sum out every spin of the Ising ring of N sites."""
    ring: nx.MultiGraph = nx.MultiGraph()
    ring.add_edges_from((site, (site + 1) % N) for site in range(N))
    return LogPartition(decimate(bond_model(ring, ISING, ising_bond()), ()))


_B = Parameter("b", LATTICE["b"].meaning, Range(2, LONGEST + 1), 2, structural=True)
_COUPLING = Parameter("K", LATTICE["K"].meaning, Reals)

_CELL = (
    Parameter("cell", "the two-terminal cell", ("diamond", "wheatstone"), None, structural=True),
    Parameter("series", LATTICE["series"].meaning, Range(1, WIDEST + 1), None, structural=True),
    Parameter("parallel", LATTICE["parallel"].meaning, Range(1, WIDEST + 1), None, structural=True),
)
_SMALL_CELL = (_CELL[0], *(replace(side, domain=Range(1, SMALLEST + 1)) for side in _CELL[1:]))
_MODEL = (
    Parameter("model", "which bonds", tuple(MODELS), structural=True),
    Parameter("q", LATTICE["q"].meaning, Range(2, oo), None, structural=True),
)


def _numbers(value: Any) -> list[Rational]:
    """Return a list of rational couplings."""
    entries = value if isinstance(value, list) else [value]
    if not entries or not all(isinstance(x, Rational) for x in entries):
        raise ValueError(f"couplings is a list of finite numbers such as [0.7,0.3], got {value}")
    return entries


def _dimension(value: Any) -> Any:
    """Return a dimension in which Migdal-Kadanoff has a fixed point that is found."""
    if not isinstance(value, Rational):
        raise ValueError(f"d (dimension) must be a number, got {value}")
    if value <= 1:
        raise ValueError(f"no finite fixed point below dimension 1: d must exceed 1, got {value}")
    if not Rational(101, 100) <= value <= 20:
        raise ValueError(f"d (dimension) must lie between 1.01 and 20, got {value}")
    return value


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
            *_CELL,
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
    Result(
        "lattice/bond-free-energy",
        "New bond, its constant, and free energy per bond of a model on a hierarchical lattice",
        LATTICE,
        (
            *_MODEL,
            *_SMALL_CELL,
            Parameter("couplings", "the couplings of the model, in its order", convert=_numbers),
        ),
        ("couplings", "ln_A", "f"),
        bond_free_energy,
        (BONDS,),
        {"model": "ising"},
        {"ln_A": "nats", "f": "nats"},
    ),
    Result(
        "lattice/phase-points",
        "All fixed points of a model on a hierarchical lattice, infinite couplings included",
        LATTICE,
        (*_MODEL, *_SMALL_CELL),
        ("points", "weights", "y"),
        phase_points,
        (
            BONDS,
            "weights are those of the classes of pairs of states, the largest being 1; y are the "
            "exponents ln|lambda|/ln b of each point.",
        ),
        {"model": "ising"},
    ),
    Result(
        "lattice/beg-tricritical",
        "Tricritical fixed point of the Blume-Emery-Griffiths model on a hierarchical lattice",
        LATTICE,
        _SMALL_CELL,
        ("J", "K", "Delta", "y1", "y2", "phi"),
        beg_tricritical,
        (BEG, "phi = y2/y1 is the crossover exponent."),
    ),
    Result(
        "lattice/blume-capel-tricritical",
        "Tricritical point of the Blume-Capel model on a hierarchical lattice",
        LATTICE,
        _SMALL_CELL,
        ("J_t", "Delta_t"),
        blume_capel_tricritical,
        (BEG, "The Blume-Capel model is its plane K = 0."),
    ),
    Result(
        "lattice/critical-line",
        "Critical coupling on a line of a model with two couplings, one of which is given",
        LATTICE,
        (
            Parameter(
                "model",
                "which bonds",
                ("ashkin-teller", "blume-capel"),
                "ashkin-teller",
                structural=True,
            ),
            *_SMALL_CELL,
            Parameter("L", "the coupling that is given: L, or Delta of blume-capel", Reals),
        ),
        ("K_c",),
        critical_line,
        (BONDS, "K_c is the coupling K of ashkin-teller, J of blume-capel."),
    ),
    Result(
        "lattice/planar-ising",
        "Ising model on a planar lattice: ln Z per site, mean of s s' per bond, critical coupling",
        LATTICE,
        (
            Parameter("lattice", "the lattice", tuple(PLANAR), structural=True),
            Parameter("K", LATTICE["K"].meaning + "; the critical one if left away", Reals, None),
        ),
        ("lnZ", "energy", "K_c"),
        planar_ising,
        (PLAIN, "energy is the mean of s s' over all bonds, without a sign."),
        {"lattice": "square"},
        {"lnZ": "nats"},
    ),
    Result(
        "lattice/tensor",
        "Ising model on the square lattice by tensor renormalization: ln Z per site, scaling "
        "dimensions, central charge",
        LATTICE,
        (
            Parameter("method", "how tensors are joined", ("trg", "hotrg"), "trg", structural=True),
            Parameter("chi", LATTICE["chi"].meaning, Range(2, 49), 16, structural=True),
            Parameter(
                "steps", "how often the number of sites doubles", Range(1, 101), 16, structural=True
            ),
            Parameter(
                "K", LATTICE["K"].meaning + "; the critical one if left away", Interval(0, oo), None
            ),
        ),
        ("lnZ", "Delta", "c"),
        tensor_network,
        (PLAIN, "Delta and c are read off the transfer matrix of the last step's square."),
        {},
        {"lnZ": "nats"},
    ),
    Result(
        "lattice/migdal-kadanoff",
        "Fixed point and thermal exponent of Migdal-Kadanoff in any dimension, with any scale factor",
        LATTICE,
        (
            Parameter("d", LATTICE["d"].meaning, structural=True, convert=_dimension),
            Parameter(
                "b", "scale factor; 1 is the limit b -> 1", Interval(1, 100), 2, structural=True
            ),
            Parameter("model", "which spins", ("ising", "potts"), "ising", structural=True),
            Parameter(
                "q", LATTICE["q"].meaning, Interval(Rational(1, 100), 10**6), None, structural=True
            ),
        ),
        ("K", "y"),
        migdal_point,
        (WEIGHT, POTTS_WEIGHT, "Bonds are decimated first, then moved; y is the same otherwise."),
        {"d": Integer(3)},
    ),
    Result(
        "lattice/percolation",
        "Critical point and exponent of bond percolation on a hierarchical lattice",
        LATTICE,
        (replace(_CELL[0], domain=("diamond", "wheatstone", "triangle")), *_SMALL_CELL[1:]),
        ("p_c", "y"),
        percolation,
        ("cell=triangle is the majority of the sites of a triangle, with b = sqrt 3.",),
    ),
    Result(
        "lattice/spanning-trees",
        "Spanning trees of a hierarchical lattice, and its resistance between the terminals",
        LATTICE,
        (*_SMALL_CELL, Parameter("generation", LATTICE["generation"].meaning, Range(0, 100_001))),
        ("log_trees", "resistance"),
        spanning_trees,
        ("Each bond has resistance 1.",),
        units={"log_trees": "nats"},
    ),
)
