"""Results on random couplings on hierarchical lattices."""

from __future__ import annotations

from sympy import Interval, Range, Rational, oo

from neurenorm.theory.catalogue.result import Parameter, Result
from neurenorm.theory.disorder.problems import glass, nishimori_line
from neurenorm.theory.lattice.graph_counts import weak_disorder
from neurenorm.theory.symbols import symbols

__all__ = ["RESULTS"]

DISORDER = symbols("disorder")
WEIGHT = "Weight exp(K s s') per bond; the coupling carries the minus beta; b = 2."

RESULTS = (
    Result(
        "disorder/glass",
        "Spin glass on a hierarchical lattice: transition temperature, stiffness and chaos exponents",
        DISORDER,
        (
            Parameter("d", DISORDER["d"].meaning, Range(2, 6), structural=True),
            Parameter(
                "law",
                "law of the couplings J of variance 1, for T_c (gauss, or pm for +-1)",
                ("gauss", "pm"),
                None,
                structural=True,
            ),
        ),
        ("T_c", "theta", "chaos"),
        glass,
        (WEIGHT, "K = J/T; theta and chaos are those of continuous symmetric laws at T = 0."),
        {"d": 3},
    ),
    Result(
        "disorder/nishimori",
        "The Nishimori line of couplings +-K: multicritical point, exponent along the line, moments",
        DISORDER,
        (
            Parameter("branches", DISORDER["branches"].meaning, Range(2, 5), 2, structural=True),
            Parameter(
                "generation", DISORDER["generation"].meaning, Range(0, 3), 1, structural=True
            ),
            Parameter("p", DISORDER["p"].meaning, Interval(Rational(1, 2), 1), None),
        ),
        ("p_c", "y", "moments"),
        nishimori_line,
        (WEIGHT, "moments are E tanh^k K, k = 1 to 4, at the generation, for the p that is given."),
        {},
    ),
    Result(
        "disorder/harris",
        "Whether weak disorder is relevant at the critical point of a Potts model on a cell",
        DISORDER,
        (
            Parameter(
                "cell", "the two-terminal cell", ("diamond", "wheatstone"), None, structural=True
            ),
            Parameter("series", "bonds in series", Range(1, 7), None, structural=True),
            Parameter("parallel", "parallel branches", Range(1, 7), None, structural=True),
            Parameter("q", DISORDER["q"].meaning, Interval.open(0, oo)),
        ),
        ("variance_eigenvalue", "alpha_over_nu", "q_relevant"),
        weak_disorder,
        (
            "Potts weight exp(K delta) per bond; the coupling carries the minus beta.",
            "variance_eigenvalue is the sum of (dK'/dK_i)^2; disorder is relevant where it exceeds 1, "
            "from q_relevant on.",
        ),
        {"cell": "diamond"},
    ),
)
