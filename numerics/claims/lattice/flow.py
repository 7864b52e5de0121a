"""Claims on lattices: correlations, fixed points, free energies and the beta function, against
sampling and numerical linear algebra.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import networkx as nx
import numpy as np
from numpy.typing import NDArray
from sympy import Expr, Interval, Rational, log, tanh

from neurenorm.graphs.lattices import diamond, series_cell
from neurenorm.numerics.claims.lattice.decimation import COUPLINGS, DIAMOND_BONDS, ising_read_off
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.lattice.chain import (
    chain_correlation,
    sample_ising_chain,
    sample_potts_chain,
)
from neurenorm.numerics.simulation.lattice.cluster import cluster_correlation, swendsen_wang
from neurenorm.numerics.simulation.lattice.enumeration import ising_terms, log_partition
from neurenorm.numerics.solve import free_energy
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Exact, Sampled
from neurenorm.numerics.verification.mutants import flipped, replaced, scaled, shifted, without
from neurenorm.theory.decimation.cell import cell_recursion
from neurenorm.theory.decimation.decimation import decimate
from neurenorm.theory.decimation.model import ISING, bond_model, potts
from neurenorm.theory.lattice.results import (
    agreement,
    ising_bond,
    ising_bond_in_field,
    ising_correlation,
    ring_free_energy,
)
from neurenorm.theory.recursion.fixed_points import exact_fixed_points
from neurenorm.theory.recursion.recursion import Chart
from neurenorm.theory.symbols import symbols

__all__ = ["CLAIMS"]

LATTICE = symbols("lattice")
K, H, T, Q, R = LATTICE.K, LATTICE.h, LATTICE.t, LATTICE.q, LATTICE.r
Array = NDArray[np.float64]

# --- correlations and fixed points, against samples
# --------------------------------------------------------------------------------------------------

DISTANCES = np.array([1, 2, 3, 4])


def sampled_chain(rng: np.random.Generator, effort: Effort) -> Estimate:
    """Sample open chains and average the correlation over all pairs at each distance."""
    return chain_correlation(
        sample_ising_chain(0.8, 256, effort.scale(16_000, 16_000), rng), list(DISTANCES)
    )


CORRELATION = Claim(
    "lattice/ising-correlation",
    "the correlation of the Ising chain is the character of its bond to the power of the distance",
    lambda: ising_correlation().values["value"],
    lambda expression, _: compiled(expression, [K, R])(0.8, DISTANCES.astype(float)),
    sampled_chain,
    Sampled(0.02),
    (
        shifted(R),
        flipped(K),
        replaced("square of the character", lambda e: e.subs(tanh(K), tanh(K) ** 2)),
    ),
)


def potts_character() -> Expr:
    """Return the character of a Potts bond, which the recursion of the chain raises to the power of
    b.
    """
    chart = Chart.potts(K, T, Q)
    (step,) = cell_recursion(series_cell(2), potts(Q), agreement()).in_chart(chart).step
    return step.subs(T, chart.forward[T])


POTTS_CORRELATION = Claim(
    "lattice/potts-correlation",
    "two bonds of the Potts chain correlate its ends by the square of v/(v + q)",
    potts_character,
    lambda expression, _: np.array(
        [float(compiled(expression, [K, Q])(1.2, q)) for q in (3.0, 5.0)]
    ),
    lambda rng, effort: stacked(
        [
            chain_correlation(
                sample_potts_chain(1.2, q, 256, effort.scale(40_000, 40_000), rng), 2, q=q
            )
            for q in (3, 5)
        ]
    ),
    Sampled(0.03),
    (shifted(Q), flipped(K)),
)


def stacked(estimates: Sequence[Estimate]) -> Estimate:
    """Return several estimates of equal block number as one array."""
    values, errors = (
        np.array([np.squeeze(getattr(e, name)) for e in estimates]) for name in ("value", "error")
    )
    return Estimate(values, errors, min(e.blocks for e in estimates))


def nested_diamond(generations: int) -> nx.MultiGraph:
    """Build the diamond lattice by hand: each bond (a, b) becomes a-c-b and a-d-b, generation by
    generation.
    """
    bonds, fresh = [(0, 1)], 2
    for _ in range(generations):
        finer = []
        for a, b in bonds:
            c, d, fresh = fresh, fresh + 1, fresh + 2
            finer += [(a, c), (c, b), (a, d), (d, b)]
        bonds = finer
    graph: nx.MultiGraph = nx.MultiGraph()
    graph.add_edges_from(bonds)
    return graph


def diamond_point() -> dict[str, Expr]:
    """Return the fixed point and the eigenvalue of the Ising diamond."""
    (point,) = exact_fixed_points(
        cell_recursion(diamond(), ISING, ising_bond()), Interval.open(0, 1), Chart.tanh(K, T)
    )
    return {"K": point.point[0], "eigenvalue": point.eigenvalues[0]}


def fixed_character(values: Mapping[str, Expr], effort: Effort) -> Array:
    """Return tanh K* twice: the correlation of the terminals does not depend on the generation at
    the fixed point.
    """
    return np.full(2, float(compiled(tanh(values["K"]), [])()))


def terminals_at_fixed_point(rng: np.random.Generator, effort: Effort) -> Estimate:
    """Measure the terminals' correlation of two generations of the diamond lattice at the coupling
    0.6093778634.
    """
    sweeps = effort.scale(3000, 3000)
    return stacked(
        [
            cluster_correlation(
                nested_diamond(g), 0.6093778634, [(0, 1)], sweeps, rng, replicas=256
            )
            for g in (2, 3)
        ]
    )


DIAMOND_POINT = Claim(
    "lattice/diamond-fixed-point",
    "at the derived fixed point of the diamond the correlation of the terminals is the same in "
    "every generation",
    diamond_point,
    fixed_character,
    terminals_at_fixed_point,
    Sampled(0.03),
    (scaled(1.05),),
)


def enumerated_slope(rng: np.random.Generator, effort: Effort) -> float:
    """Differentiate the enumerated coupling of the diamond numerically at 0.6093778634360062."""
    step, centre = 1e-4, 0.6093778634360062
    return sum(
        weight * ising_read_off(4, DIAMOND_BONDS, centre + k * step)[0]
        for k, weight in {-2: 1, -1: -8, 1: 8, 2: -1}.items()
    ) / (12 * step)


DIAMOND_EXPONENT = Claim(
    "lattice/diamond-exponent",
    "the eigenvalue at the diamond's fixed point is the slope of the enumerated coupling",
    diamond_point,
    lambda values, _: float(compiled(values["eigenvalue"], [])()),
    enumerated_slope,
    Exact(9),
    (scaled(1.0000001),),
)

# --- free energies and the flow
# --------------------------------------------------------------------------------------------------

RING = Claim(
    "lattice/ring-free-energy",
    "ln Z of the Ising ring of ten sites",
    lambda: ring_free_energy(10).decimation.constant,
    lambda expression, _: compiled(expression, [K])(COUPLINGS),
    lambda rng, effort: np.array(
        [
            log_partition(10, (1, -1), ising_terms([(i, (i + 1) % 10) for i in range(10)], k))
            for k in COUPLINGS
        ]
    ),
    Exact(13),
    (scaled(1.000001), without(log(2), "ln 2")),
)


FLOW_STARTS = ((Rational(7, 10), Rational(3, 10)), (Rational(6, 5), Rational(-1, 10)))


def leading_log(rng: np.random.Generator, effort: Effort) -> Array:
    """Return the logarithm of the largest eigenvalue of the transfer matrix in a field, by
    numerical linear algebra.
    """
    found = []
    for k, h in np.array(FLOW_STARTS, dtype=float):
        matrix = np.array([[np.exp(k + h), np.exp(-k)], [np.exp(-k), np.exp(k - h)]])
        found.append(np.log(np.max(np.linalg.eigvalsh(matrix))))
    return np.array(found)


FLOW_FREE_ENERGY = Claim(
    "lattice/free-energy-from-flow",
    "the constants along the decimation flow of the chain in a field sum to the free energy per "
    "bond",
    lambda: cell_recursion(series_cell(2), ISING, ising_bond_in_field()),
    lambda recursion, _: np.array(
        [float(free_energy(recursion, {K: k, H: h}).value.mid()) for k, h in FLOW_STARTS]
    ),
    leading_log,
    Exact(12),
    (scaled(1.000001), without(log(2), "ln 2 of each summed spin")),
)


def fractional_power_slope(rng: np.random.Generator, effort: Effort) -> Array:
    """Differentiate the coupling of a fractional power of the transfer matrix with respect to ln b
    at b = 1.
    """

    def coupling(k: float, b: float) -> float:
        values, vectors = np.linalg.eigh(
            np.array([[np.exp(k), np.exp(-k)], [np.exp(-k), np.exp(k)]])
        )
        power = (vectors * values**b) @ vectors.T
        return 0.5 * float(np.log(power[0, 0] / power[0, 1]))

    step = 1e-3
    stencil = {-2: 1, -1: -8, 1: 8, 2: -1}
    return np.array(
        [
            sum(w * coupling(k, float(np.exp(j * step))) for j, w in stencil.items()) / (12 * step)
            for k in (0.5, 1.0, 2.0)
        ]
    )


BETA = Claim(
    "lattice/beta-function",
    "the beta function of the chain is the slope of its coupling under fractional powers of the "
    "transfer matrix",
    lambda: cell_recursion(series_cell(2), ISING, ising_bond()).beta_function(Chart.tanh(K, T))[0],
    lambda expression, _: compiled(expression, [K])(np.array([0.5, 1.0, 2.0])),
    fractional_power_slope,
    Exact(9),
    (scaled(1.000001), replaced("sign", lambda e: -e)),
)


def torus_energy() -> Expr:
    """Return -d ln Z/dK of the 3 x 4 torus, by summing out every spin."""
    torus = decimate(bond_model(nx.MultiGraph(torus_bonds(3, 4)), ISING, ising_bond()), ())
    return -torus.constant.diff(K)


def torus_bonds(rows: int, columns: int) -> list[tuple[int, int]]:
    """Return the bonds of a square torus, sites numbered row by row."""
    site = np.arange(rows * columns).reshape(rows, columns)
    right, down = np.roll(site, -1, axis=1), np.roll(site, -1, axis=0)
    return [
        (int(a), int(b))
        for other in (right, down)
        for a, b in zip(site.ravel(), other.ravel(), strict=True)
    ]


def measured_energy(rng: np.random.Generator, effort: Effort) -> Estimate:
    """Measure the energy of the torus by cluster updates."""
    bonds = np.array(torus_bonds(3, 4))

    def energy(states: NDArray[Any]) -> Array:
        return -np.sum(states[..., bonds[:, 0]] * states[..., bonds[:, 1]], axis=-1, dtype=float)

    graph: nx.MultiGraph = nx.MultiGraph()
    graph.add_nodes_from(range(12))
    graph.add_edges_from(map(tuple, bonds.tolist()))
    return swendsen_wang(graph, 0.4, effort.scale(1600, 1600), rng, measure=energy, replicas=256)


TORUS = Claim(
    "lattice/torus-energy",
    "the energy of a 3 x 4 torus from the exact partition function agrees with cluster sampling",
    torus_energy,
    lambda expression, _: float(compiled(expression, [K])(0.4)),
    measured_energy,
    Sampled(0.02),
    (flipped(K),),
)

CLAIMS = (
    CORRELATION,
    POTTS_CORRELATION,
    DIAMOND_POINT,
    DIAMOND_EXPONENT,
    RING,
    FLOW_FREE_ENERGY,
    BETA,
    TORUS,
)
