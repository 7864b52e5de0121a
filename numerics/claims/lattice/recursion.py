"""Claims on what is done with a recursion: compose it, linearise it, change its variables, make its
step infinitesimal; and on alphabets beyond Ising.

The witnesses are powers of numerical transfer matrices, and sums over every configuration projected
on a basis by a linear solve.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import networkx as nx
import numpy as np
from sympy import Expr, Interval, Rational, Symbol, cos, exp, log, sin

from neurenorm.graphs.lattices import diamond, series_cell
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.simulation.lattice.stepped import (
    POINTS,
    STARTS,
    Array,
    approached,
    chart_witness,
    composed_witness,
    critical_by_hand,
    cubed,
    differences,
    projected,
    spectrum_without_coupling,
    three_bonds,
)
from neurenorm.numerics.solve import fixed_points
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Exact
from neurenorm.numerics.verification.mutants import Mutant, flipped, replaced, scaled
from neurenorm.numerics.verification.points import followed
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.decimation.cell import cell_recursion
from neurenorm.theory.decimation.decimation import decimate
from neurenorm.theory.decimation.model import ISING, Alphabet, bond_model, clock, finite, potts
from neurenorm.theory.lattice.results import agreement, ising_bond, ising_bond_in_field
from neurenorm.theory.recursion.fixed_points import continua, exact_fixed_points
from neurenorm.theory.recursion.recursion import Chart, Recursion
from neurenorm.theory.symbols import symbols

__all__ = ["CLAIMS"]

LATTICE = symbols("lattice")
K, H, T, Q = LATTICE.K, LATTICE.h, LATTICE.t, LATTICE.q
X, Y, V = Symbol("x", positive=True), Symbol("y", positive=True), Symbol("v", real=True)
IN_POWERS = Chart({X: exp(4 * K), Y: exp(2 * H)}, {K: log(X) / 4, H: log(Y) / 2})


# --- composition
# --------------------------------------------------------------------------------------------------


def composed() -> Recursion:
    """Return the diamond of bonds that are two chains of two bonds in series each, all in a field:
    16 bonds of scale 8 in one step of the composition.
    """
    by_two = cell_recursion(series_cell(2), ISING, ising_bond_in_field())
    return cell_recursion(diamond(), ISING, ising_bond_in_field()) @ by_two**2


def composed_values(recursion: Recursion, effort: Effort) -> Array:
    """Return coupling, field and constant after the whole step, with the number of bonds and the
    scale that it spans.
    """
    values = compiled([*recursion.step, recursion.constant], [K, H])(*POINTS)
    return np.array(
        [*values, np.full(3, float(recursion.bonds)), np.full(3, float(recursion.scale))]
    )


COMPOSED = Claim(
    "lattice/composition",
    "composed steps give the coupling, field, constant, number of bonds and scale of all of them "
    "together",
    composed,
    composed_values,
    composed_witness,
    Exact(11),
    (
        scaled(1.000001),
        flipped(H),
        Mutant("bonds of the last step only", lambda r: replace(r, bonds=4)),
        Mutant("scale of the last step only", lambda r: replace(r, scale=2)),
        Mutant(
            "constant of the first steps dropped",
            lambda r: replace(
                r, constant=cell_recursion(diamond(), ISING, ising_bond_in_field()).constant
            ),
        ),
    ),
)


def called() -> tuple[Expr, ...]:
    """Return where the chain of three bonds in a field takes an exact starting point."""
    chain = cell_recursion(series_cell(3), ISING, ising_bond_in_field())
    return chain(Rational(7, 10), Rational(3, 10))


CALLED = Claim(
    "lattice/one-step",
    "one step from given couplings is the read-off of the cube of the transfer matrix",
    called,
    lambda values, _: np.array(compiled(list(values), [])(), dtype=float),
    lambda rng, effort: three_bonds(0.7, 0.3),
    Exact(12),
    (scaled(1.000001), Mutant("couplings exchanged", lambda values: values[::-1])),
)

# --- the linearised step
# --------------------------------------------------------------------------------------------------


def linearised(entries: Sequence[Expr], effort: Effort) -> Array:
    """Return the Jacobian matrix at each point."""
    return np.array(
        [compiled(list(entries), [K, H])(*point) for point in POINTS.T], dtype=float
    ).reshape(3, 2, 2)


JACOBIAN = Claim(
    "lattice/linearised-step",
    "the Jacobian matrix of the chain in a field is the slope of the read-off of a transfer matrix",
    lambda: tuple(cell_recursion(series_cell(3), ISING, ising_bond_in_field()).jacobian()),
    linearised,
    differences,
    Exact(8),
    (
        scaled(1.000001),
        Mutant("transposed", lambda entries: tuple(entries[i] for i in (0, 2, 1, 3))),
    ),
)


def line_without_coupling() -> tuple[Expr, ...]:
    """Return the eigenvalues on the continuum of fixed points of the chain in a field: across it
    first, then along it.
    """
    (line,) = continua(
        cell_recursion(series_cell(3), ISING, ising_bond_in_field()).in_chart(IN_POWERS)
    )
    return line.eigenvalues


CONTINUUM = Claim(
    "lattice/continuum",
    "on the line without coupling the step of the chain in a field has the eigenvalue 1 along the "
    "line and the derived one across it",
    line_without_coupling,
    lambda values, _: np.array(
        [compiled([expression_of(value) for value in values], [])() for _ in range(2)], dtype=float
    ),
    spectrum_without_coupling,
    Exact(7, scale=1.0),
    (scaled(1.00001), Mutant("an eigenvalue of one across", lambda values: (1, values[1]))),
)

# --- fixed points
# --------------------------------------------------------------------------------------------------


def searched(recursion: Recursion, effort: Effort) -> Array:
    """Search the critical point of the diamond in a field in balls, and return coupling, field,
    thermal and magnetic exponent.
    """
    search = fixed_points(
        recursion, {K: (Rational(1, 10), 2), H: (Rational(-1, 2), Rational(1, 2))}, max_boxes=4000
    )
    (critical,) = search.points
    return np.array(
        [float(ball.mid()) for ball in (*critical.point, *sorted(critical.exponents, key=float))]
    )


SEARCHED = Claim(
    "lattice/searched-fixed-point",
    "the one fixed point that the search finds for the diamond in a field, with both exponents, is "
    "that of the transfer matrix",
    lambda: cell_recursion(diamond(), ISING, ising_bond_in_field()),
    searched,
    critical_by_hand,
    Exact(8, scale=1.0),
    (
        Mutant(
            "coupling off by 1e-6",
            lambda r: replace(r, step=(Rational(1_000_001, 1_000_000) * r.step[0], r.step[1])),
        ),
        Mutant(
            "field off by 1e-6",
            lambda r: replace(r, step=(r.step[0], Rational(1_000_001, 1_000_000) * r.step[1])),
        ),
    ),
)


def chain_spectrum() -> tuple[Expr, ...]:
    """Return the eigenvalues at the fixed points of the chain of three bonds: without coupling, and
    at infinite coupling.
    """
    points = exact_fixed_points(
        cell_recursion(series_cell(3), ISING, ising_bond()), Interval(0, 1), Chart.tanh(K, T)
    )
    return tuple(point.eigenvalues[0] for point in points)


CHAIN_SPECTRUM = Claim(
    "lattice/chain-spectrum",
    "the eigenvalues of the chain without coupling and at infinite coupling, in tanh K",
    chain_spectrum,
    lambda values, _: np.array([float(value) for value in values]),
    approached,
    Exact(7, scale=1.0),
    (
        Mutant("infinite coupling off by 1e-5", lambda values: (values[0], values[1] * (1 + 1e-5))),
        Mutant("exchanged", lambda values: values[::-1]),
    ),
)

# --- charts
# --------------------------------------------------------------------------------------------------


def charted() -> dict[str, Recursion]:
    """Return the chain of three bonds in four charts."""
    ising = cell_recursion(series_cell(3), ISING, ising_bond())
    colours = cell_recursion(series_cell(3), potts(Q), agreement())
    return {
        "tanh": ising.in_chart(Chart.tanh(K, T)),
        "exponential": ising.in_chart(Chart.exponential(K, X, 2)),
        "potts": colours.in_chart(Chart.potts(K, T, Q)),
        "powers": cell_recursion(series_cell(3), ISING, ising_bond_in_field()).in_chart(IN_POWERS),
    }


def in_charts(recursions: Mapping[str, Recursion], effort: Effort) -> Array:
    """Evaluate step and constant in each chart, at the chart's image of the same couplings."""
    k, h = 0.7, 0.3
    character = np.expm1(k) / (np.expm1(k) + 3)
    places: Sequence[tuple[str, list[Symbol], tuple[float, ...]]] = (
        ("tanh", [T], (np.tanh(k),)),
        ("exponential", [X], (np.exp(2 * k),)),
        ("potts", [T, Q], (character, 3.0)),
        ("powers", [X, Y], (np.exp(4 * k), np.exp(2 * h))),
    )
    found: list[float] = []
    for name, arguments, values in places:
        recursion = recursions[name]
        found += [
            float(v) for v in compiled([*recursion.step, recursion.constant], arguments)(*values)
        ]
    return np.array(found)


def one_more(name: str) -> Mutant:
    """Return the mutant in which the step in one chart is taken once too often."""

    def change(recursions: Mapping[str, Recursion]) -> dict[str, Recursion]:
        return {
            **recursions,
            name: replace(recursions[name], step=(recursions[name] @ recursions[name]).step),
        }

    return Mutant(f"{name}: a step too many", change)


CHARTS = Claim(
    "lattice/charts",
    "a recursion in the variables tanh K, exp 2K, v/(v + q) and (exp 4K, exp 2h) is the same step "
    "with the same constant",
    charted,
    in_charts,
    chart_witness,
    Exact(12),
    (
        scaled(1.000001),
        one_more("tanh"),
        one_more("exponential"),
        one_more("potts"),
        one_more("powers"),
    ),
)

ROUND_TRIPS: tuple[tuple[Chart, Symbol, Callable[[Array], Array]], ...] = (
    (Chart.tanh(K, T, 2), T, lambda k: np.tanh(2 * k)),
    (Chart.exponential(K, X, 3), X, lambda k: np.exp(3 * k)),
    (Chart.potts(K, T, Rational(3)), T, lambda k: np.expm1(k) / (np.expm1(k) + 3)),
)
COUPLINGS = np.array([-0.4, 0.3, 1.1])

INVERSES = Claim(
    "lattice/chart-inverses",
    "each chart leads back to the coupling from which its variable was computed, and forward to "
    "that variable",
    lambda: tuple((chart.inverse[K], chart.forward[new]) for chart, new, _ in ROUND_TRIPS),
    lambda pairs, _: np.array(
        [
            [compiled(back, [new])(image(COUPLINGS)), compiled(there, [K])(COUPLINGS)]
            for (back, there), (_, new, image) in zip(pairs, ROUND_TRIPS, strict=True)
        ]
    ),
    lambda rng, effort: np.array([[COUPLINGS, image(COUPLINGS)] for _, _, image in ROUND_TRIPS]),
    Exact(12),
    (scaled(1.000001), replaced("sign", lambda e: -e)),
)

# --- the beta function, integrated back to a finite step
# ----------------------------------------------------------------------------------------------


def beta_functions() -> tuple[Expr, ...]:
    """Return dK/d ln b from the odd power of the character, and dt/d ln b from the logarithm of the
    character, whose step is linear.
    """
    chain = cell_recursion(series_cell(3), ISING, ising_bond())
    logarithm = Chart({V: log(T)}, {T: exp(V)})
    return (
        chain.beta_function(Chart.tanh(K, T))[0],
        chain.in_chart(Chart.tanh(K, T)).beta_function(logarithm)[0],
    )


def integrated(betas: Sequence[Expr], effort: Effort) -> Array:
    """Follow each flow over ln 3 numerically."""

    def end(beta: Expr, symbol: Symbol, start: float) -> float:
        return followed(compiled(beta, [symbol]), start, float(np.log(3)))

    return np.array(
        [
            *(end(betas[0], K, k) for k in STARTS),
            *(end(betas[1], T, float(np.tanh(k))) for k in STARTS if k > 0),
        ]
    )


BETA_FLOW = Claim(
    "lattice/beta-flow",
    "the beta functions of coupling and character, followed over ln 3, make the step of three "
    "bonds, for couplings of either sign",
    beta_functions,
    integrated,
    cubed,
    Exact(8),
    (scaled(1.000001), replaced("sign", lambda e: -e)),
)

# --- alphabets
# --------------------------------------------------------------------------------------------------


def site_chain(
    alphabet: Alphabet, bond: Callable[..., Any], site: Callable[..., Any]
) -> tuple[Expr, ...]:
    """Return every coefficient that two directed bonds with a field on each site leave between the
    ends, the constant first.
    """
    chain: nx.DiGraph = nx.DiGraph([(0, 1), (1, 2)])
    return tuple(
        decimate(bond_model(chain, alphabet, {K: bond}, {H: site}), (0, 2)).effective.values()
    )


def alphabet_claim(
    name: str, statement: str, derived: Callable[[], tuple[Expr, ...]], witness: Callable[[], Array]
) -> Claim:
    """Claim that all coefficients of the effective log-weight are those of the projected
    enumeration.
    """
    return Claim(
        f"lattice/{name}",
        statement,
        derived,
        lambda expressions, _: np.stack(compiled(list(expressions), [K, H])(*POINTS)),
        lambda rng, effort: witness(),
        Exact(11),
        (
            scaled(1.000001),
            flipped(H),
            Mutant(
                "coefficients transposed",
                lambda e: tuple(
                    np.array(e, dtype=object).reshape(int(len(e) ** 0.5), -1).T.ravel()
                ),
            ),
        ),
    )


TURNS = 2 * np.pi * np.arange(4) / 4
HARMONICS = np.array([np.ones(4), np.cos(TURNS), np.sin(TURNS), np.cos(2 * TURNS)])
OCCUPATIONS = (0.0, 1.0, 3.0)
INDICATORS = np.array([[1, 1, 1], [0, 1, 0], [0, 0, 1]], dtype=float)

CLOCK = alphabet_claim(
    "clock-4-in-field",
    "a chiral four-state clock chain in a field leaves every harmonic of its ends that enumeration "
    "finds",
    lambda: site_chain(
        clock(4), lambda a, b: cos(a - b) + 2 * sin(a - b), lambda a: cos(a) + sin(a) / 2
    ),
    lambda: projected(
        TURNS,
        HARMONICS,
        lambda a, b: np.cos(a - b) + 2 * np.sin(a - b),
        lambda a: np.cos(a) + np.sin(a) / 2,
    ),
)
OCCUPIED = alphabet_claim(
    "occupation-chain",
    "a chain of sites that hold 0, 1 or 3 particles leaves every indicator of its ends that "
    "enumeration finds",
    lambda: site_chain(finite([0, 1, 3]), lambda a, b: a * b / Rational(2) + a, lambda a: a),
    lambda: projected(OCCUPATIONS, INDICATORS, lambda a, b: a * b / 2 + a + 0 * b, lambda a: a),
)

CLAIMS = (
    COMPOSED,
    CALLED,
    JACOBIAN,
    CONTINUUM,
    SEARCHED,
    CHAIN_SPECTRUM,
    CHARTS,
    INVERSES,
    BETA_FLOW,
    CLOCK,
    OCCUPIED,
)
