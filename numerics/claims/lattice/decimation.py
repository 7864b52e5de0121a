"""Claims on lattices: decimations against the enumeration of every configuration.

The witnesses build their systems from plain lists of bonds; none of them sees a PeriodicGraph, an
elimination or a recursion.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import networkx as nx
import numpy as np
from flint import arb
from sympy import Expr, Rational, Symbol, cos, cosh, log

from neurenorm.graphs.lattices import TwoTerminalCell, diamond, series_cell, wheatstone
from neurenorm.numerics.balls import precision
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.simulation.lattice.decimated import (
    COUPLINGS,
    Array,
    enumerated_copies,
    projected_harmonic,
    walsh_star,
)
from neurenorm.numerics.simulation.lattice.enumeration import (
    Term,
    ising_terms,
    log_marginal,
    potts_terms,
)
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Enclosed, Exact
from neurenorm.numerics.verification.mutants import flipped, replaced, scaled, shifted, without
from neurenorm.theory.decimation.cell import cell_recursion
from neurenorm.theory.decimation.decimation import Decimation, decimate
from neurenorm.theory.decimation.model import ISING, Kernel, Model, Values, bond_model, clock, potts
from neurenorm.theory.decimation.model import Term as LocalTerm
from neurenorm.theory.lattice.results import agreement, ising_bond, ising_bond_in_field
from neurenorm.theory.recursion.recursion import Recursion
from neurenorm.theory.symbols import symbols

__all__ = ["CLAIMS"]

LATTICE = symbols("lattice")
K, H, T, Q, R = LATTICE.K, LATTICE.h, LATTICE.t, LATTICE.q, LATTICE.r

FIELDS = np.array([0.4, -0.7, 1.3, 0.1, -0.2])
CHAIN_BONDS = [(0, 1), (1, 2), (2, 3)]
DIAMOND_BONDS = [(0, 2), (2, 1), (0, 3), (3, 1)]
BRIDGE_BONDS = [*DIAMOND_BONDS, (2, 3)]
SIX_BONDS = [(0, 2), (2, 3), (3, 1), (0, 4), (4, 5), (5, 1)]


def values_of(expressions: Sequence[Expr], arguments: Sequence[Symbol], *points: Array) -> Array:
    """Return the expressions at many points, stacked."""
    return np.stack(compiled(list(expressions), list(arguments))(*points))


# --- decimation of cells, against the enumeration of every configuration
# --------------------------------------------------------------------------------


def ising_read_off(
    n: int, bonds: Sequence[tuple[int, int]], coupling: float, field: float = 0.0
) -> list[float]:
    """Enumerate a cell and read coupling, field and constant off the four weights of its terminals
    0 and 1.
    """
    table = log_marginal(n, (1, -1), ising_terms(bonds, coupling, field), (0, 1))
    (pp, pm), (mp, mm) = table
    return [(pp + mm - pm - mp) / 4, (pp - mm) / 2, (pp + mm + pm + mp) / 4]


def cell_claim(
    name: str,
    statement: str,
    cell: Callable[[], TwoTerminalCell],
    n: int,
    bonds: Sequence[tuple[int, int]],
    *mutants: Any,
) -> Claim:
    """Claim that the recursion of an Ising cell without field is right."""

    def derived() -> tuple[Expr, ...]:
        recursion = cell_recursion(cell(), ISING, ising_bond())
        return (recursion.step[0], recursion.constant)

    def witness(rng: np.random.Generator, effort: Effort) -> Array:
        rows = [ising_read_off(n, bonds, coupling) for coupling in COUPLINGS]
        return np.array([[row[0], row[2]] for row in rows]).T

    return Claim(
        f"lattice/{name}",
        statement,
        derived,
        lambda expressions, _: values_of(expressions, [K], COUPLINGS),
        witness,
        Exact(12),
        (scaled(1.000001), *mutants),
    )


def field_chain() -> tuple[Expr, ...]:
    """Return K', h' and ln A of three bonds of the chain in a field."""
    recursion = cell_recursion(series_cell(3), ISING, ising_bond_in_field())
    return (*recursion.step, recursion.constant)


def relabelled(bonds: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the bonds of a path 0-1-2-3 with its ends named 0 and 1."""
    names = {0: 0, 3: 1, 1: 2, 2: 3}
    return [(names[a], names[b]) for a, b in bonds]


FIELD_CHAIN = Claim(
    "lattice/chain-in-field",
    "decimating three bonds of the Ising chain in a field gives the coupling, field and constant "
    "of one bond",
    field_chain,
    lambda expressions, _: values_of(expressions, [K, H], COUPLINGS, FIELDS),
    lambda rng, effort: (
        np.array(
            [
                ising_read_off(4, relabelled(CHAIN_BONDS), k, h)
                for k, h in zip(COUPLINGS, FIELDS, strict=True)
            ]
        ).T
    ),
    Exact(12),
    (scaled(1.000001), flipped(H), flipped(K)),
)


def potts_claim(
    name: str,
    cell: Callable[[], TwoTerminalCell],
    n: int,
    bonds: Sequence[tuple[int, int]],
    what: str,
) -> Claim:
    """Claim that the recursion of a Potts cell, derived for symbolic q, is right at q = 2, 3, 4."""
    sizes = (2, 3, 4)

    def witness(rng: np.random.Generator, effort: Effort) -> Array:
        found = []
        for q in sizes:
            tables = [
                log_marginal(n, q, potts_terms(bonds, coupling), (0, 1)) for coupling in COUPLINGS
            ]
            found.append([[table[0, 0] - table[0, 1], table[0, 1]] for table in tables])
        return np.array(found).transpose(2, 0, 1)

    return Claim(
        f"lattice/{name}",
        f"the recursion of the Potts {what}, derived for symbolic q by the symmetry of the "
        "alphabet, holds at q = 2, 3 and 4",
        lambda: (lambda r: (r.step[0], r.constant))(cell_recursion(cell(), potts(Q), agreement())),
        lambda expressions, _: values_of(
            expressions, [K, Q], COUPLINGS[None, :], np.array(sizes, dtype=float)[:, None]
        ),
        witness,
        Exact(12),
        (scaled(1.000001), shifted(Q), flipped(K)),
    )


def clock_claim(n: int, mutants: Sequence[Any]) -> Claim:
    """Claim that two clock bonds in series give the effective log-weight that enumeration finds."""
    bond: Mapping[Symbol, Values] = {K: lambda a, b: cos(a - b)}
    angles = 2 * np.pi * np.arange(n) / n

    def derived() -> tuple[Expr, ...]:
        decimation = decimate(bond_model(nx.path_graph(3), clock(n), bond), (0, 2))
        return tuple(decimation.log_basis.to_expr(decimation.log_weights[0, k]) for k in range(n))

    def witness(rng: np.random.Generator, effort: Effort) -> Array:
        terms: list[list[Term]] = [
            [((i, i + 1), k, lambda a, b: np.cos(a - b)) for i in (0, 1)] for k in COUPLINGS
        ]
        return np.array([log_marginal(3, tuple(angles), term, (0, 2))[0] for term in terms]).T

    return Claim(
        f"lattice/clock-{n}-chain",
        f"two bonds of the {n}-state clock chain give the effective log-weight of its ends, with "
        "every generated harmonic",
        derived,
        lambda expressions, _: values_of(expressions, [K], COUPLINGS),
        witness,
        Exact(12),
        tuple(mutants),
    )


def star_couplings() -> tuple[Expr, ...]:
    """Return the pair and the four-spin coupling that summing out the centre of a star of four
    generates.
    """
    effective = decimate(bond_model(nx.star_graph(4), ISING, ising_bond()), (1, 2, 3, 4)).effective
    return (effective["s_{1} s_{2}"], effective["s_{1} s_{2} s_{3} s_{4}"])


STAR = Claim(
    "lattice/star-four",
    "summing out a spin with four neighbours generates equal pair couplings and one four-spin "
    "coupling",
    star_couplings,
    lambda expressions, _: values_of(expressions, [K], COUPLINGS),
    walsh_star,
    Exact(11),
    (scaled(1.000001), without(log(cosh(4 * K)), "ln cosh 4K"), replaced("sign", lambda e: -e)),
)


def clock_first_harmonic() -> Expr:
    """Return the coupling of the first harmonic that two bonds of the five-state clock chain
    leave.
    """
    decimation = decimate(
        bond_model(nx.path_graph(3), clock(5), {K: lambda a, b: cos(a - b)}), (0, 2)
    )
    return decimation.couplings[K]


CLOCK_COUPLING = Claim(
    "lattice/clock-5-coupling",
    "the coupling of the first harmonic of the decimated five-state clock chain, with its "
    "coefficients in the square root of five",
    clock_first_harmonic,
    lambda expression, _: compiled(expression, [K])(COUPLINGS),
    projected_harmonic,
    Exact(12),
    (scaled(1.000001), flipped(K)),
)


def star_of_four() -> Decimation:
    """Return the star of four whose centre is summed out."""
    return decimate(bond_model(nx.star_graph(4), ISING, ising_bond()), (1, 2, 3, 4))


GENERATED = Claim(
    "lattice/star-generated",
    "what the decimation of a star calls generated is six pair couplings and one four-spin "
    "coupling",
    lambda: tuple(
        star_of_four().generated[name] for name in ("s_{3} s_{4}", "s_{1} s_{2} s_{3} s_{4}")
    ),
    lambda expressions, _: values_of(expressions, [K], COUPLINGS),
    walsh_star,
    Exact(11),
    (scaled(1.000001), without(log(cosh(4 * K)), "ln cosh 4K")),
)

STAR_STATES = ((0, 0, 0, 0), (0, 0, 1, 1), (0, 1, 1, 1))

PARTITION = Claim(
    "lattice/star-weights",
    "the weights of the kept spins of a star, as explicit sums of exponentials",
    lambda: tuple(star_of_four().partition_function(states) for states in STAR_STATES),
    lambda expressions, _: values_of(expressions, [K], COUPLINGS),
    lambda rng, effort: np.exp(
        [[enumerated_star(k)[states] for k in COUPLINGS] for states in STAR_STATES]
    ),
    Exact(12),
    (scaled(1.000001),),
)


def enumerated_star(coupling: float) -> Array:
    """Return the log-weight of the four outer spins of a star."""
    return log_marginal(
        5, (1, -1), ising_terms([(0, i) for i in range(1, 5)], coupling), (1, 2, 3, 4)
    )


FLIP = Rational(1, 20)


def noisy_copies() -> tuple[Expr, ...]:
    """Return the coupling and constant of the noisy copies of two neighbouring spins, each flipped
    with probability 1/20.
    """
    noise = [
        Kernel((f"copy of {v}", v), lambda copy, spin: 1 - FLIP if copy == spin else FLIP)
        for v in ("s", "t")
    ]
    bond = LocalTerm(K, ("s", "t"), lambda s, t: s * t)
    model = Model(
        dict.fromkeys(("s", "t", "copy of s", "copy of t"), ISING),
        (bond,),
        tuple(noise),
        ising_bond(),
    )
    decimation = decimate(model, ("copy of s", "copy of t"))
    return (decimation.couplings[K], decimation.constant)


NOISY = Claim(
    "lattice/noisy-copies",
    "two spins seen through noise act as one bond with a smaller coupling",
    noisy_copies,
    lambda expressions, _: values_of(expressions, [K], COUPLINGS),
    enumerated_copies,
    Exact(12),
    (scaled(1.000001), flipped(K)),
)

# --- the semigroup property, in balls
# --------------------------------------------------------------------------------------------------


def by_four() -> Recursion:
    """Return the chain in a field decimated by two, twice."""
    step = cell_recursion(series_cell(2), ISING, ising_bond_in_field())
    return step @ step


def ball_at_point(recursion: Recursion, effort: Effort) -> arb:
    """Return the field of the coarse chain at a rational point, to 60 digits."""
    function = compiled(list(recursion.step), [K, H], target="ball", digits=60)
    with precision(300):
        coupling, field = function(Rational(3, 7), Rational(-5, 11))
        return coupling + 10 * field


def summed_by_hand(rng: np.random.Generator, effort: Effort) -> arb:
    """Sum the three interior spins of four bonds term by term in ball arithmetic, and read off
    coupling + 10 field.
    """
    with precision(300):
        return four_bonds_by_hand()


def four_bonds_by_hand() -> arb:
    """Return coupling + 10 field of four bonds at the present precision."""
    coupling, field = arb(3) / 7, arb(-5) / 11
    weights = {}
    for first in (1, -1):
        for last in (1, -1):
            total = arb(0)
            for code in range(8):
                chain = [first, *(1 - 2 * (code >> k & 1) for k in range(3)), last]
                energy = sum(
                    (coupling * a * b + field / 2 * (a + b) for a, b in pairwise(chain)), arb(0)
                )
                total += energy.exp()
            weights[first, last] = total.log()
    k = (weights[1, 1] + weights[-1, -1] - weights[1, -1] - weights[-1, 1]) / 4
    return k + 5 * (weights[1, 1] - weights[-1, -1])


SEMIGROUP = Claim(
    "lattice/semigroup",
    "decimating by two twice is decimating by four: the enclosure of the difference contains zero "
    "at a radius below 1e-40",
    by_four,
    ball_at_point,
    summed_by_hand,
    Enclosed(1e-40),
    (scaled("1.00000000000000000001"), flipped(H)),
)

CLAIMS = (
    cell_claim(
        "chain-decimation",
        "three bonds of the Ising chain give the coupling and constant of one",
        lambda: series_cell(3),
        4,
        relabelled(CHAIN_BONDS),
    ),
    cell_claim(
        "diamond-decimation",
        "the Ising diamond gives the coupling and constant of one bond",
        diamond,
        4,
        DIAMOND_BONDS,
        without(log(2), "ln 2"),
    ),
    cell_claim(
        "wheatstone-decimation",
        "the Ising Wheatstone bridge gives the coupling and constant of one bond",
        wheatstone,
        4,
        BRIDGE_BONDS,
        flipped(K),
    ),
    cell_claim(
        "six-bond-decimation",
        "three bonds in series, two branches in parallel",
        lambda: diamond(3, 2),
        6,
        SIX_BONDS,
        flipped(K),
    ),
    FIELD_CHAIN,
    potts_claim("potts-chain", lambda: series_cell(3), 4, relabelled(CHAIN_BONDS), "chain"),
    potts_claim("potts-diamond", diamond, 4, DIAMOND_BONDS, "diamond"),
    potts_claim("potts-wheatstone", wheatstone, 4, BRIDGE_BONDS, "Wheatstone bridge"),
    clock_claim(4, (scaled(1.000001), without(log(2), "ln 2"))),
    clock_claim(5, (scaled(1.000001), flipped(K))),
    CLOCK_COUPLING,
    STAR,
    GENERATED,
    PARTITION,
    NOISY,
    SEMIGROUP,
)
