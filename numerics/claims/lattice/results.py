"""Claims on lattices: every catalogued result, as it is evaluated for a user, against numerical
linear algebra and enumeration.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from neurenorm.numerics.claims.lattice.decimation import (
    BRIDGE_BONDS,
    DIAMOND_BONDS,
    SIX_BONDS,
    ising_read_off,
)
from neurenorm.numerics.evaluate import evaluate
from neurenorm.numerics.simulation.lattice.enumeration import log_marginal, potts_terms
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Exact, Policy
from neurenorm.numerics.verification.mutants import Mutant

__all__ = ["CLAIMS"]

Array = NDArray[np.float64]
Questions = tuple[tuple[Mapping[str, Any], int, tuple[tuple[int, int], ...]], ...]


def off(name: str, position: tuple[int, ...]) -> Mutant:
    """Return the mutant in which one evaluated number is off by a part in a million."""

    def change(values: Array) -> Array:
        wrong = np.array(values)
        wrong[position] *= 1 + 1e-6
        return wrong

    return Mutant(f"{name} off by 1e-6", change)


def catalogue_claim(
    name: str,
    statement: str,
    derived: Any,
    witness: Any,
    policy: Policy,
    mutants: tuple[Mutant, ...],
) -> Claim:
    """Claim that the evaluated numbers of a result are those of the witness."""
    return Claim(
        f"lattice/{name}", statement, derived, lambda values, _: values, witness, policy, mutants
    )


def evaluated(identifier: str, names: tuple[str, ...], *questions: Mapping[str, Any]) -> Array:
    """Return the named values of a result for several parameters, a row each."""
    return np.array(
        [[evaluate(identifier, question).values[name] for name in names] for question in questions],
        dtype=float,
    )


CHAINS = ({"K": 0.8, "h": 0.3, "b": 5}, {"K": -0.6, "h": -0.2, "b": 4}, {"K": 1.1, "b": 7})


def transfer_read_off(rng: np.random.Generator, effort: Effort) -> Array:
    """Read coupling, field and constant off powers of the transfer matrix."""
    rows = []
    for chain in CHAINS:
        k, h = chain["K"], chain.get("h", 0.0)
        power = np.linalg.matrix_power(
            np.array([[np.exp(k + h), np.exp(-k)], [np.exp(-k), np.exp(k - h)]]), int(chain["b"])
        )
        (pp, pm), (mp, mm) = np.log(power)
        rows.append([(pp + mm - pm - mp) / 4, (pp - mm) / 2, (pp + mm + pm + mp) / 4])
    return np.array(rows)


POTTS_CHAINS = ({"K": 0.9, "q": 3, "b": 4}, {"K": 1.4, "q": 5, "b": 3})


def potts_power(rng: np.random.Generator, effort: Effort) -> Array:
    """Read the Potts coupling off powers of the q x q transfer matrix."""
    rows = []
    for chain in POTTS_CHAINS:
        q = int(chain["q"])
        power = np.linalg.matrix_power(
            np.ones((q, q)) + np.eye(q) * np.expm1(chain["K"]), int(chain["b"])
        )
        rows.append([np.log(power[0, 0] / power[0, 1])])
    return np.array(rows)


CELLS: Questions = (
    ({"cell": "diamond"}, 4, tuple(DIAMOND_BONDS)),
    ({"cell": "wheatstone"}, 4, tuple(BRIDGE_BONDS)),
    ({"series": 3, "parallel": 2}, 6, tuple(SIX_BONDS)),
    ({"cell": "diamond", "model": "potts", "q": 3}, 4, tuple(DIAMOND_BONDS)),
    ({"cell": "wheatstone", "model": "potts", "q": 2}, 4, tuple(BRIDGE_BONDS)),
)


def fixed_points_by_enumeration(rng: np.random.Generator, effort: Effort) -> Array:
    """Find where the enumerated coupling of each cell equals the bare one, and differentiate it
    there.
    """
    rows = []
    for question, sites, bonds in CELLS:

        def coupling(
            k: float, question: Mapping[str, Any] = question, sites: int = sites, bonds: Any = bonds
        ) -> float:
            """Return the enumerated coupling of the cell."""
            if question.get("model") != "potts":
                return ising_read_off(sites, bonds, k)[0]
            table = log_marginal(sites, question["q"], potts_terms(bonds, k), (0, 1))
            return float(table[0, 0] - table[0, 1])

        star = brentq(lambda k: coupling(k) - k, 0.2, 3.0, xtol=1e-14)
        step = 1e-3
        slope = sum(
            w * coupling(star + j * step) for j, w in {-2: 1, -1: -8, 1: 8, 2: -1}.items()
        ) / (12 * step)
        rows.append([star, np.log(slope) / np.log(question.get("series", 2))])
    return np.array(rows)


CLAIMS = (
    catalogue_claim(
        "evaluated-ising-decimation",
        "the evaluated decimation of the Ising chain is what the power of its transfer matrix says",
        lambda: evaluated("lattice/ising-decimation", ("K", "h", "log_constant"), *CHAINS),
        transfer_read_off,
        Exact(11, scale=0.01),
        (
            off("coupling", (0, 0)),
            off("field", (1, 1)),
            off("constant", (2, 2)),
            Mutant("coupling and field exchanged", lambda v: v[:, [1, 0, 2]]),
        ),
    ),
    catalogue_claim(
        "evaluated-potts-decimation",
        "the evaluated decimation of the Potts chain is what the power of its transfer matrix says",
        lambda: evaluated("lattice/potts-decimation", ("K",), *POTTS_CHAINS),
        potts_power,
        Exact(11),
        (off("coupling", (0, 0)), off("coupling", (1, 0))),
    ),
    catalogue_claim(
        "evaluated-fixed-points",
        "the evaluated fixed points and exponents of hierarchical lattices are those of the "
        "enumerated couplings",
        lambda: evaluated(
            "lattice/hierarchical-fixed-point", ("K", "y"), *(question for question, _, _ in CELLS)
        ),
        fixed_points_by_enumeration,
        Exact(8),
        (
            off("fixed point", (0, 0)),
            off("exponent", (1, 1)),
            off("Potts exponent", (3, 1)),
            Mutant("cells exchanged", lambda v: v[[1, 0, 2, 3, 4]]),
        ),
    ),
)
