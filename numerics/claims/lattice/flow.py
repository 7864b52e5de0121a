"""Claims on lattices: correlations, fixed points, free energies and the beta function, against
sampling and numerical linear algebra.
"""

from __future__ import annotations

from collections.abc import Mapping

import networkx as nx
import numpy as np
from sympy import Expr, Interval, Rational, log, tanh

from neurenorm.graphs.lattices import diamond, series_cell
from neurenorm.numerics.claims.lattice.decimation import DIAMOND_BONDS, ising_read_off
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.simulation.lattice.chain import chain_correlation, sample_potts_chain
from neurenorm.numerics.simulation.lattice.decimated import COUPLINGS
from neurenorm.numerics.simulation.lattice.enumeration import ising_terms, log_partition
from neurenorm.numerics.simulation.lattice.iterated import (
    DISTANCES,
    Array,
    fractional_power_slope,
    measured_energy,
    sampled_chain,
    stacked,
    terminals_at_fixed_point,
    torus_bonds,
)
from neurenorm.numerics.simulation.lattice.stepped import leading_logs
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

# --- correlations and fixed points, against samples
# --------------------------------------------------------------------------------------------------


CORRELATION = Claim(
    "lattice/ising-correlation:sampled",
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
    "lattice/ring-free-energy:sampled",
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


FLOW_FREE_ENERGY = Claim(
    "lattice/free-energy-from-flow",
    "the constants along the decimation flow of the chain in a field sum to the free energy per "
    "bond",
    lambda: cell_recursion(series_cell(2), ISING, ising_bond_in_field()),
    lambda recursion, _: np.array(
        [float(free_energy(recursion, {K: k, H: h}).value.mid()) for k, h in FLOW_STARTS]
    ),
    lambda rng, effort: leading_logs(np.array(FLOW_STARTS, dtype=float)),
    Exact(12),
    (scaled(1.000001), without(log(2), "ln 2 of each summed spin")),
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
