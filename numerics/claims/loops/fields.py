"""Claims on loop expansions of fields: diagrams, lattice sums, exponents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from sympy import Expr, Integer, Rational

from neurenorm.numerics.evaluate.core import Evaluation
from neurenorm.numerics.simulation.loops import published
from neurenorm.numerics.simulation.loops.enumeration import counted_pairings
from neurenorm.numerics.simulation.loops.tensor_flow import cubic_points, simplex_invariants
from neurenorm.numerics.simulation.loops.tori import integrated_orders, massless_slopes
from neurenorm.numerics.verification.claim import Claim
from neurenorm.numerics.verification.compare import Exact
from neurenorm.numerics.verification.mutants import Mutant, flipped, replaced, scaled
from neurenorm.numerics.verification.within import Within
from neurenorm.theory.catalogue.problems import Formula
from neurenorm.theory.cumulants.diagrams import Diagram
from neurenorm.theory.loops.exponents import WilsonFisher
from neurenorm.theory.loops.logarithms import Logarithms
from neurenorm.theory.loops.problems import LatticeOrders, Lists
from neurenorm.theory.loops.quartic import Quartic, components
from neurenorm.theory.symbols import symbols

__all__ = ["CLAIMS"]

LOOPS = symbols("loops")
EYE = Diagram.of(((0, 1), (0, 1), (0, 2), (1, 2)))
FISH = Diagram.of(((0, 1), (0, 1)))
SUNSET = ((0, 1),) * 3


def changed(name: str, which: str, change: Callable[[Any], Any]) -> Mutant:
    """Return the mutant of lists in which the entries of one value are changed."""

    def wrong(derived: Lists) -> Lists:
        """Change one value."""
        return replace(derived, values={**derived.values, which: change(derived.values[which])})

    return Mutant(name, wrong)


# --- diagrams
# --------------------------------------------------------------------------------------------------

DRAWN: tuple[dict[str, Any], ...] = (
    {"degrees": [4, 4]},
    {"degrees": [3, 3]},
    {"degrees": [3, 3, 4]},
    {"degrees": [4, 4], "n": 3},
    {"degrees": [2, 4, 4], "n": -2},
)


def sorted_weights(evaluation: Evaluation) -> list[float]:
    """The weights, ascending, and the number of pairings."""
    return [*sorted(evaluation.values["weights"]), evaluation.values["total"]]


def enumerated(rng: np.random.Generator, effort: Any) -> list[float]:
    """The same by enumeration."""
    rows = (counted_pairings(point["degrees"], point.get("n")) for point in DRAWN)
    return [value for weights, total in rows for value in (*weights, total)]


PAIRINGS = Claim.of(
    "loops/pairings",
    at=DRAWN,
    read=sorted_weights,
    witness=enumerated,
    policy=Exact(12),
    mutants=(
        changed(
            "one pairing too many in the first weight",
            "weights",
            lambda weights: [weights[0] + Rational(1, 72), *weights[1:]],
        ),
        changed("one pairing too many in all", "total", lambda total: total + 1),
    ),
)

# --- lattice sums
# --------------------------------------------------------------------------------------------------

LATTICE: tuple[dict[str, Any], ...] = (
    {"lattice": "chain", "extents": [3], "m2": 1, "order": 3, "k": [1]},
    {"lattice": "chain", "extents": [4], "m2": 0.5, "order": 3, "k": [0]},
    {"lattice": "square", "extents": [2, 2], "m2": 1, "order": 3, "k": [1, 0]},
    {"lattice": "chain", "extents": [2], "m2": 1, "n": 2, "order": 3, "k": [1]},
)


@dataclass(frozen=True)
class Reweighted(Quartic):
    """The quartic action with some weights of diagrams multiplied by a factor."""

    wrong: tuple[tuple[tuple[tuple[int, int], ...], Expr], ...] = ()

    def _signed(self, order: int, legs: int) -> dict[Diagram, Expr]:
        """The weights, multiplied where the inner edges are those of a wrong diagram."""
        factors: Mapping[Any, Expr] = dict(self.wrong)
        return {
            diagram: weight
            * factors.get(Diagram.of(diagram.inner_edges).edges, Integer(1)).subs(
                components, self.n
            )
            for diagram, weight in super()._signed(order, legs).items()
        }


def reweighted(name: str, edges: tuple[tuple[int, int], ...], factor: Expr) -> Mutant:
    """Return the mutant of lattice orders in which a diagram has another weight."""

    def wrong(derived: LatticeOrders) -> LatticeOrders:
        """Put the other action."""
        return replace(derived, theory=Reweighted(derived.theory.n, ((edges, factor),)))

    return Mutant(name, wrong)


n = components
ORDERS = Claim.of(
    "loops/lattice-phi4",
    at=LATTICE,
    witness=lambda rng, effort: np.concatenate(
        [
            integrated_orders(p["extents"], p["m2"], p.get("n", 1), p["order"], p["k"])
            for p in LATTICE
        ]
    ),
    policy=Exact(9),
    mutants=(
        reweighted("n + 2 counted as n", ((0, 0),), n / (n + 2)),
        reweighted("sunset with 1/4 for 1/6", SUNSET, Rational(3, 2)),
        reweighted("eye with 5n + 24", EYE.edges, (5 * n + 24) / (5 * n + 22)),
        reweighted("fish with n + 4", FISH.edges, (n + 4) / (n + 8)),
    ),
)

LOGARITHMS = Claim(
    "loops/lattice-logarithms",
    "bubble, sunset and eye of the massless lattice in four dimensions grow with ln L as the "
    "continuum says",
    lambda: list(Logarithms().values),
    lambda values, _: np.array([float(value) for value in values]),
    lambda rng, effort: massless_slopes(16),
    Within((1e-5, 5e-7, 3e-6)),
    (
        scaled("1.05"),
        Mutant("eye without its double", lambda values: [*values[:2], values[2] / 2]),
        Mutant("sunset with 1/d for 1/2d", lambda values: [values[0], 2 * values[1], values[2]]),
    ),
)

# --- exponents
# --------------------------------------------------------------------------------------------------

ISOTROPIC = ((1, 1.0), (3, 0.5), (-2, 1.0), (40, 0.125), (0, 1.0))


def isotropic(order: int) -> dict[str, Any]:
    """The points and the witness of one order."""
    return {
        "at": [{"n": n, "epsilon": epsilon, "order": order} for n, epsilon in ISOTROPIC],
        "witness": lambda rng, effort: [
            published.isotropic_exponents(n, epsilon, order) for n, epsilon in ISOTROPIC
        ],
        "policy": Exact(12, scale=1e-3),
    }


@lru_cache(maxsize=4)
def with_slopes(*slopes: int) -> dict[str, Expr]:
    """The exponents with other lattice logarithms."""
    return WilsonFisher(slopes=tuple(map(Integer, slopes))).expansion(2)


def other_logarithms(name: str, *slopes: int) -> Mutant:
    """Return the mutant with other lattice logarithms."""

    def wrong(derived: Formula) -> Formula:
        """Expand again."""
        return replace(derived, values=with_slopes(*slopes))

    return Mutant(name, wrong)


WILSON_FISHER = Claim.of(
    "loops/wilson-fisher",
    **isotropic(2),
    mutants=(
        other_logarithms("eye's own logarithm halved", 2, -1, 1),
        other_logarithms("sunset's sign", 2, 1, 2),
        replaced("fish with n + 4", lambda e: e.subs(LOOPS.n + 8, LOOPS.n + 4)),
    ),
)

WILSON_FISHER_FIRST = Claim.of(
    "loops/wilson-fisher",
    name="one-loop",
    **isotropic(1),
    mutants=(replaced("fish with n + 4", lambda e: e.subs(LOOPS.n + 8, LOOPS.n + 4)),),
)

COMPONENTS = (2, 3, 5)


def points_in_a_row(evaluation: Evaluation) -> Any:
    """u, v, eigenvalues and 1/ν of every point."""
    found = evaluation.values
    columns = zip(found["u"], found["v"], found["eigenvalues"], found["nu_inverse"], strict=True)
    return np.array([[u, v, *eigenvalues, inverse] for u, v, eigenvalues, inverse in columns])


ANISOTROPY = Claim.of(
    "loops/cubic-anisotropy",
    at=[{"n": n, "epsilon": 1} for n in COMPONENTS],
    read=points_in_a_row,
    witness=lambda rng, effort: np.array([cubic_points(n) for n in COMPONENTS]),
    policy=Exact(10, scale=1e-3),
    mutants=(
        changed("Ising point with u", "u", lambda u: [u[1], *u[1:]]),
        changed(
            "sign of n - 4",
            "eigenvalues",
            lambda rows: [rows[0], [-rows[1][0], rows[1][1]], rows[2]],
        ),
    ),
)
EXCHANGE = Claim.of(
    "loops/cubic-anisotropy",
    name="exchange",
    statement="the cubic point takes over from the isotropic one at n_c = 4 - 2 epsilon "
    "(I. J. Ketley, D. J. Wallace, J. Phys. A 6, 1667 (1973))",
    at=[{"n": 3, "epsilon": Rational(1, 4)}],
    read=("n_c",),
    witness=lambda rng, effort: [3.5],
    policy=Exact(13),
    mutants=(changed("one loop only", "n_c", lambda value: Integer(4) + 0 * value),),
)

STATES = (1, 0, 3, 4, 5, 6)


def vertex_witness(rng: np.random.Generator, effort: Any) -> list[float]:
    """Invariants of explicit vectors where there are any, published ratios otherwise."""
    ratios: dict[int, tuple[float, float]] = {1: (-1.0, -2.0), 0: (-2.0, -3.0)}
    ratios |= {q: simplex_invariants(q) for q in STATES if q > 2}
    pairs = [published.cubic_vertex_exponents(*ratios[q], 0.5) for q in STATES]
    pairs.append(published.cubic_vertex_exponents(1.0, 1.0, 0.5))
    return [value for pair in pairs for value in pair]


CUBIC = Claim.of(
    "loops/cubic-vertex",
    at=[
        *({"model": "potts", "q": q, "epsilon": 0.5} for q in STATES),
        {"model": "yang-lee", "epsilon": 0.5},
    ],
    read=("eta", "nu_inverse"),
    witness=vertex_witness,
    policy=Exact(12, scale=1e-3),
    mutants=(
        scaled("1.001"),
        Mutant(
            "bubble's p^2 with 1/6 for 1/3",
            lambda derived: replace(
                derived, values={**derived.values, "eta": derived.values["eta"] / 2}
            ),
        ),
    ),
)

POWERS = (2, 3, 4, 6)
MULTICRITICAL = Claim.of(
    "loops/multicritical",
    at=[{"k": k, "j": j, "epsilon": 0.5} for k in POWERS for j in (2 * k - 1, 2 * k)],
    read=("dimension",),
    witness=lambda rng, effort: [published.multicritical_dimensions(k, 0.5) for k in POWERS],
    policy=Exact(12),
    mutants=(scaled("1.001"), flipped(LOOPS.epsilon)),
)

LONG: tuple[dict[str, Any], ...] = (
    {"n": 1, "sigma": 1.5, "epsilon": 0.5},
    {"n": -2, "sigma": 1, "epsilon": 0.5},
    {"n": 3, "sigma": 0.8, "epsilon": 0.1},
)
LONG_RANGE = Claim.of(
    "loops/long-range",
    at=LONG,
    witness=lambda rng, effort: [
        published.long_range_exponents(p["n"], p["sigma"], p["epsilon"]) for p in LONG
    ],
    policy=Exact(12),
    mutants=(
        scaled("1.001"),
        replaced("n + 8 as n + 4", lambda e: e.subs(LOOPS.n + 8, LOOPS.n + 4)),
    ),
)

POTENTIAL = Claim.of(
    "loops/local-potential",
    at=[
        {"d": 3, "order": 2, "about": "zero"},
        {"d": 3, "order": 10},
        {"d": 3.2, "n": 10**6, "order": 6},
    ],
    read=("nu", "omega"),
    witness=lambda rng, effort: published.sharp_cutoff_exponents(),
    policy=Within((1e-9, 1e-9, 5e-4, 1e-3, 1e-4, 1e-4)),
    mutants=(
        Mutant("a coupling less", lambda derived: replace(derived, terms=derived.terms + 1)),
        Mutant(
            "expanded elsewhere",
            lambda derived: replace(
                derived, about={"zero": "minimum", "minimum": "zero"}[derived.about], terms=2
            ),
        ),
    ),
)

CLAIMS = (
    POTENTIAL,
    PAIRINGS,
    ORDERS,
    LOGARITHMS,
    WILSON_FISHER,
    WILSON_FISHER_FIRST,
    ANISOTROPY,
    EXCHANGE,
    CUBIC,
    MULTICRITICAL,
    LONG_RANGE,
)
