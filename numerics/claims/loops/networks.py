"""Claims on random networks at finite width, against laws that know no expansion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from sympy import Expr, Rational, Symbol

from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.evaluate.core import Evaluation
from neurenorm.numerics.simulation.loops import published
from neurenorm.numerics.simulation.loops.brownian import drawn_vanishing, lognormal_cumulants
from neurenorm.numerics.simulation.loops.exact_pairs import fitted_posterior, sine_pair_orders
from neurenorm.numerics.simulation.loops.exact_width import (
    fitted_orders,
    linear_orders,
    output_orders,
)
from neurenorm.numerics.simulation.loops.tangent import (
    drawn_differentials,
    drawn_tensors,
    scale_invariant_tensors,
)
from neurenorm.numerics.simulation.loops.tangent_pairs import drawn_pair_tensors
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Exact, Sampled
from neurenorm.numerics.verification.mutants import Mutant, replaced, scaled
from neurenorm.numerics.verification.within import Within
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.loops.problems import KernelOrders, MeanOrders
from neurenorm.theory.symbols import symbols

__all__ = ["CLAIMS"]

POINTS: tuple[dict[str, Any], ...] = (
    {"activation": "tanh", "sw2": 2, "sb2": 0.1, "depth": 5},
    {"activation": "sin", "sw2": 1.5, "sb2": 0.1, "K1": 0.8, "depth": 4},
)
FUNCTIONS = {"tanh": np.tanh, "sin": np.sin}
MOMENTS = {"linear": (1, 3, 15, 105), "relu": (1, 6, 60, 840)}


def last_layer(*names: str) -> Any:
    """Return a reader of the values of the last layer, without the zeroth power of 1/N."""

    def read(evaluation: Evaluation) -> list[float]:
        """Read them."""
        rows = ((name, evaluation.values[name][-1]) for name in names)
        return [x for name, row in rows for x in (row[1:] if name == "mean" else row)]

    return read


def fitted(rng: np.random.Generator, effort: Any) -> list[float]:
    """Mean and variance to second order and the third cumulant, of laws at eight widths."""
    found = []
    for p in POINTS:
        phi, variances = FUNCTIONS[p["activation"]], (p["sw2"], p["sb2"])
        table = fitted_orders(phi, *variances, p.get("K1", 1.0), p["depth"])
        found += [*table[0, 1:3], *table[1, 1:3], table[2, 2]]
    return found


def without_part(name: str, state: str, monomial: str, factor: Any = 0) -> Mutant:
    """Return the mutant in which one term of the step of one cumulant is multiplied by a factor.

    The monomial is written in the names of its symbols, with powers as repeated names.
    """

    def wrong(derived: KernelOrders) -> KernelOrders:
        """Change the term."""
        recursion = derived.recursion
        known = {symbol.name: symbol for symbol in (*recursion.state, *recursion.parameters)}
        product = _product([known[word] for word in monomial.split()])
        steps = [
            _with_part(step, product, Rational(str(factor))) if symbol.name == state else step
            for symbol, step in zip(recursion.state, recursion.step, strict=True)
        ]
        return replace(derived, recursion=replace(recursion, step=tuple(steps)))

    return Mutant(name, wrong)


def _product(symbols: Sequence[Symbol]) -> Expr:
    """The product of symbols."""
    total: Expr = Rational(1)
    for symbol in symbols:
        total *= symbol
    return total


def _with_part(step: Expr, product: Expr, factor: Expr) -> Expr:
    """A sum with the term of a monomial multiplied by a factor."""
    found = [term for term in step.expand().args if (term / product).is_number]
    return step + sum((factor - 1) * term for term in found)


MUTANTS = (
    without_part("F2 V without 1/2", "kappa_1_1", "F_2 kappa_2_1", 2),
    without_part("without F4 V^2/8", "kappa_1_2", "F_4 kappa_2_1 kappa_2_1"),
    without_part("without F3 k3/6", "kappa_1_2", "F_3 kappa_3_2"),
    without_part("without F3 m1 V/2", "kappa_1_2", "F_3 kappa_1_1 kappa_2_1"),
    without_part("noise not at the corrected mean", "kappa_2_2", "c_2_1 kappa_1_1"),
    without_part("without c_2 V/2", "kappa_2_2", "c_2_2 kappa_2_1"),
    without_part("without F2^2 V^2/2", "kappa_2_2", "F_2 F_2 kappa_2_1 kappa_2_1"),
    without_part("without F1 F3 V^2", "kappa_2_2", "F_1 F_3 kappa_2_1 kappa_2_1"),
    without_part("without 2 F1 F2 m1 V", "kappa_2_2", "F_1 F_2 kappa_1_1 kappa_2_1"),
    without_part("3 F1 c_1 V counted once", "kappa_3_2", "F_1 c_2_1 kappa_2_1", "1/3"),
    without_part("without 3 F1^2 F2 V^2", "kappa_3_2", "F_1 F_1 F_2 kappa_2_1 kappa_2_1"),
)

SMOOTH = Claim.of(
    "loops/kernel-cumulants",
    at=[{**p, "order": 2} for p in POINTS],
    read=last_layer("mean", "variance", "third"),
    witness=fitted,
    policy=Within(1e-5),
    mutants=MUTANTS,
)


def scale_invariant(activation: str) -> dict[str, Any]:
    """A network whose kernel is a product of independent means."""
    return {"activation": activation, "sw2": {"linear": 1, "relu": 2}[activation], "sb2": 0}


INVARIANT = Claim.of(
    "loops/kernel-cumulants",
    name="scale-invariant",
    statement="kernels of linear and of rectified networks have the exact cumulants of a product of "
    "means, to third order",
    at=[{**scale_invariant(phi), "depth": 6, "order": 3} for phi in MOMENTS],
    read=last_layer("variance", "third", "fourth"),
    witness=lambda rng, effort: np.concatenate(
        [
            [*table[1, 1:4], *table[2, 2:4], table[3, 3]]
            for table in (linear_orders(moments, 6, 4) for moments in MOMENTS.values())
        ]
    ),
    policy=Exact(9),
    mutants=(
        without_part("3 c_1^2 V counted once", "kappa_4_3", "c_2_1 c_2_1 kappa_2_1", "1/3"),
        without_part("4 F1 c3_1 V counted once", "kappa_4_3", "F_1 c_3_1 kappa_2_1", "1/4"),
    ),
)

OUTPUT = Claim.of(
    "loops/output-cumulants",
    at=[{**scale_invariant(phi), "depth": 6, "order": 3} for phi in MOMENTS],
    read=last_layer("kappa_4", "kappa_6", "kappa_8"),
    witness=lambda rng, effort: np.concatenate(
        [
            [*table[0, 1:4], *table[1, 2:4], table[2, 3]]
            for table in (output_orders(moments, 6, 4) for moments in MOMENTS.values())
        ]
    ),
    policy=Exact(9),
    mutants=(
        Mutant(
            "kappa_6 with 5 for 15",
            lambda derived: replace(derived, names={**derived.names, "kappa_6": (3, Rational(5))}),
        ),
    ),
)

# --- the tangent kernel
# --------------------------------------------------------------------------------------------------

TENSORS = ("D", "F", "A", "B")
SHIFTED: dict[str, Any] = {
    "activation": "tanh(z+1/2)",
    "sw2": 1.6,
    "sb2": 0.1,
    "K1": 0.8,
    "lam_b": 0.5,
    "lam_W": 0.7,
    "Theta1": 0.9,
    "depth": 3,
}
LAWS = ((1.6, 0.1), (0.7, 0.5), (0.8, 0.9))
SIZES = np.array([0.33, 0.29, 0.48, 2.1])
DIFFERENTIAL_SIZES = np.array([0.77, 0.42, 4.9, 2.6, 0.74, 1.1])


def tanh_shifted(z: Any) -> Any:
    """The activation tanh(z + 1/2)."""
    return np.tanh(z + 0.5)


def tanh_slope(z: Any) -> Any:
    """Its slope."""
    return 1 - np.tanh(z + 0.5) ** 2


def last_of(*names: str, sizes: Any = 1.0) -> Any:
    """Return a reader of values in the last layer, over given sizes."""

    def read(evaluation: Evaluation) -> Any:
        """Read them."""
        return np.array([evaluation.values[name][-1] for name in names]) / sizes

    return read


def tensor_part(name: str, tensor: str, change: Any) -> Mutant:
    """Return the mutant in which the step of one tensor is changed; the change takes the step, the
    symbols of state and parameters by name, and all steps by name.
    """

    def wrong(derived: MeanOrders) -> MeanOrders:
        """Change the step."""
        recursion = derived.recursion
        known = {symbol.name: symbol for symbol in (*recursion.state, *recursion.parameters)}
        right = dict(zip((symbol.name for symbol in recursion.state), recursion.step, strict=True))
        steps = {**right, tensor: change(right[tensor], known, right)}
        return replace(derived, recursion=replace(recursion, step=tuple(steps.values())))

    return Mutant(name, wrong)


def with_part(name: str, tensor: str, other: str, factor: Any, rates: int) -> Mutant:
    """Return the mutant in which the step of a tensor has a multiple of that of another besides,
    times a power of λ_W/σ_w².
    """
    rate = symbols("loops").lam_W / symbols("loops").sw2
    return tensor_part(
        name, tensor, lambda step, known, steps: step + factor * rate**rates * steps[other]
    )


def dropped(name: str, tensor: str, *symbols: str) -> Mutant:
    """Return the mutant in which symbols are zero in the step of a tensor."""
    return tensor_part(
        name, tensor, lambda step, known, _: step.subs({known[symbol]: 0 for symbol in symbols})
    )


def wrong_decay(name: str, tensor: str, old: str, new: str) -> Mutant:
    """Return the mutant in which a tensor is handed on by a wrong square of a slope."""
    slopes = {"par": "mean_2000_1", "perp": "mean_0200_0"}

    def change(step: Expr, known: Any, steps: Any) -> Expr:
        """Replace one factor."""
        right, wrong = known[slopes[old]], known[slopes[new]]
        part = step.expand().coeff(known[tensor], 1)
        return step + known[tensor] * (part.subs(right, wrong) - part)

    return tensor_part(name, tensor, change)


TANGENT = Claim.of(
    "loops/ntk-cumulants",
    at=[SHIFTED],
    read=last_of(*TENSORS, sizes=SIZES),
    witness=lambda rng, effort: drawn_tensors(tanh_shifted, tanh_slope, *LAWS, rng) * (1 / SIZES),
    policy=Sampled(0.25),
    mutants=(
        wrong_decay("F handed on by chi_perp^2", "F", "par", "perp"),
        dropped("D without its first term", "D", "mean_2200_0"),
        wrong_decay("B handed on by chi_par^2", "B", "perp", "par"),
        dropped("A without D", "A", "D"),
    ),
)
TANGENT_INVARIANT = Claim.of(
    "loops/ntk-cumulants",
    name="scale-invariant",
    statement="linear networks and networks of rectifiers have the tensors of exact moments at any "
    "width",
    at=[{**scale_invariant(phi), "depth": 5} for phi in MOMENTS],
    read=last_of(*TENSORS),
    witness=lambda rng, effort: np.concatenate(
        [scale_invariant_tensors(share, 5) for share in (1.0, 0.5)]
    ),
    policy=Exact(6),
    mutants=(
        dropped("F without its first term", "F", "mean_2200_0"),
        with_part("A with + rho^2 V'", "A", "V", 2, 2),
        with_part("A with D once", "A", "D", -1, 1),
        dropped("A without D", "A", "D"),
        dropped("D without V", "D", "V"),
    ),
)
PUBLISHED = Claim.of(
    "loops/ntk-cumulants",
    name="published",
    statement="the first correction of the tangent kernel of tanh in layer 3 on the input (1, .5, -.3, "
    ".2) is the one of arXiv:2508.11522",
    at=[{"activation": "tanh", "sw2": 1, "sb2": 0, "K1": 0.345, "depth": 3}],
    read=last_of("t1"),
    witness=lambda rng, effort: published.tangent_correction(),
    policy=Within(1e-6),
    mutants=(
        dropped("t1 without F", "t1", "F"),
        dropped("t1 without D", "t1", "D"),
        dropped("t1 without V", "t1", "V"),
    ),
)
CONSTANT = Claim.of(
    "loops/ntk-cumulants",
    name="constant",
    statement="where phi^2 + phi'^2 = 1 the tangent kernel of every layer is 1 in every network",
    at=[{"activation": "sin", "sw2": 1, "sb2": 0, "depth": 6}],
    read=last_of("T", "D", "A"),
    witness=lambda rng, effort: np.array([1.0, 0.0, 0.0]),
    policy=Exact(9, scale=1.0),
    mutants=(
        dropped("D without its first term", "D", "mean_2200_0"),
        dropped("A without its first term", "A", "mean_0400_0"),
    ),
)


def differentials(networks: int, chosen: slice) -> Any:
    """Return the witness of some of the tensors of the differentials, over their sizes."""

    def witness(rng: np.random.Generator, effort: Any) -> Estimate:
        """Draw networks."""
        found = drawn_differentials(tanh_shifted, tanh_slope, *LAWS, rng, networks=networks)
        sizes = DIFFERENTIAL_SIZES[chosen]
        value, error = (np.asarray(part)[chosen] / sizes for part in (found.value, found.error))
        return replace(found, value=value, error=error)

    return witness


DIFFERENTIAL = Claim.of(
    "loops/differential-ntk",
    at=[SHIFTED],
    read=last_of("S", "T4", "U", sizes=DIFFERENTIAL_SIZES[3:]),
    witness=differentials(120, slice(3, 6)),
    policy=Sampled(0.6),
    mutants=(
        dropped("S without B", "S", "B", "mean_0400_0"),
        dropped("T4 without its first term", "T4", "mean_0220_0"),
    ),
)
ALL_DIFFERENTIALS = Claim.of(
    "loops/differential-ntk",
    name="all",
    at=[SHIFTED],
    read=last_of("P", "Q", "R", "S", "T4", "U", sizes=DIFFERENTIAL_SIZES),
    witness=differentials(1200, slice(0, 6)),
    policy=Sampled(0.3),
    mutants=(
        dropped("P without B", "P", "B"),
        dropped("Q without F'", "Q", "F", "mean_2200_0"),
        dropped("R without P and B", "R", "P", "B"),
        dropped("S without B", "S", "B"),
        with_part("T4 with + rho^2 F'", "T4", "F", 2, 2),
    ),
    effort=Effort.high,
)

SCALING = Claim.of(
    "loops/critical-scaling",
    at=[{"kind": "vanishing", "tau": 1}],
    read=("mean", "variance"),
    witness=lambda rng, effort: drawn_vanishing(1.0, rng),
    policy=Sampled(0.08),
    mutants=(
        replaced("tau counted twice", lambda e: e.subs(symbols("loops").tau, 2)),
        scaled("1.1"),
    ),
)
LOGNORMAL = Claim.of(
    "loops/critical-scaling",
    name="scale-invariant",
    at=[{"kind": "scale-invariant", "growth": growth, "tau": 0.25} for growth in (2, 5)],
    witness=lambda rng, effort: [lognormal_cumulants(growth, 0.25) for growth in (2.0, 5.0)],
    policy=Exact(9),
    mutants=(
        scaled("1.001"),
        replaced("growth halved", lambda e: e.subs(symbols("loops").growth, 1)),
    ),
)

PAIR: dict[str, Any] = {
    "activation": "sin",
    "sw2": 1.5,
    "sb2": 0.1,
    "depth": 3,
    "Kaa": 0.8,
    "Kbb": 0.6,
    "Kab": 0.3,
}


def pair_row(evaluation: Evaluation) -> list[float]:
    """Mean of K_ab, its variance and the covariance of K_aa and K_bb, without N^0."""
    vertex = evaluation.values["vertex"]
    return [*evaluation.values["mean"][1][1:], *vertex[1][1], *vertex[0][2]]


def pair_witness(rng: np.random.Generator, effort: Any) -> Any:
    """The same, fitted to exact values at eight widths."""
    return sine_pair_orders(1.5, 0.1, np.array([[0.8, 0.3], [0.3, 0.6]]))[:, 1:3]


PAIRS = Claim.of(
    "loops/pair-cumulants",
    at=[PAIR],
    read=pair_row,
    witness=pair_witness,
    policy=Within(1e-6),
    mutants=(
        Mutant(
            "the cubic term of the sine off",
            lambda derived: replace(derived, activation=activation("sin(z) + z**3*exp(-z**2)/100")),
        ),
        Mutant("a layer more", lambda derived: replace(derived, layers=derived.layers + 1)),
    ),
)

PAIR_SIZES = np.array([0.3, 0.4, 1.3, 0.2, 0.5, 1.0, 2.8])
PLACES = ((0, 1, 0, 1), (0, 0, 1, 1))
PAIR_TANGENT = Claim.of(
    "loops/pair-tangent",
    at=[
        {
            "activation": "tanh",
            "sw2": 2,
            "sb2": 0.1,
            "Kaa": 1,
            "Kbb": 0.7,
            "Kab": 0.4,
            "lam_b": 0.5,
            "lam_W": 0.7,
            "Taa": 0.9,
            "Tbb": 0.6,
            "Tab": 0.3,
            "depth": 3,
        }
    ],
    read=lambda evaluation: (
        np.array(
            [
                np.array(evaluation.values[name])[PLACES[place]]
                for name, place in zip("DDFFABB", (0, 1, 1, 0, 0, 0, 1), strict=True)
            ]
        )
        / PAIR_SIZES
    ),
    witness=lambda rng, effort: (
        drawn_pair_tensors(
            np.tanh,
            lambda z: 1 - np.tanh(z) ** 2,
            (2.0, 0.1),
            (0.7, 0.5),
            (np.array([[1, 0.4], [0.4, 0.7]]), np.array([[0.9, 0.3], [0.3, 0.6]])),
            rng,
        )
        * (1 / PAIR_SIZES)
    ),
    policy=Sampled(0.4),
    mutants=(
        Mutant("V is not handed on", lambda derived: replace(derived, handed=(0, 1, 1))),
        Mutant("D is not handed on", lambda derived: replace(derived, handed=(1, 0, 1))),
        Mutant("F is not handed on", lambda derived: replace(derived, handed=(1, 1, 0))),
    ),
)

START = ((1, 0.6), (0.6, 1.2))


def rows_in_order(evaluation: Evaluation) -> list[float]:
    """Mean, variance and ln Z with their coefficients of 1/N."""
    found = evaluation.values
    return [*found["mean"][0], *found["variance"][0], *found["log_evidence"]]


POSTERIOR = Claim.of(
    "loops/posterior",
    at=[
        {
            "activation": "tanh",
            "sw2": 1.8,
            "sb2": 0.1,
            "K1": [list(row) for row in START],
            "targets": [1.3],
            "noise": 0.05,
        }
    ],
    read=rows_in_order,
    witness=lambda rng, effort: fitted_posterior(
        np.tanh, 1.8, 0.1, np.array(START), 1.3, 0.05, (20, 30, 44, 70, 100)
    ),
    policy=Within((1e-7, 1e-5, 1e-7, 1e-4, 1e-7, 1e-4)),
    mutants=(
        Mutant("without the data in the kernel", lambda d: replace(d, learning=0 * d.learning)),
        Mutant("without the spread of means", lambda d: replace(d, spread=0 * d.spread)),
    ),
)

CLAIMS = (
    PAIR_TANGENT,
    PAIRS,
    POSTERIOR,
    SCALING,
    LOGNORMAL,
    SMOOTH,
    INVARIANT,
    OUTPUT,
    TANGENT,
    TANGENT_INVARIANT,
    CONSTANT,
    PUBLISHED,
    DIFFERENTIAL,
    ALL_DIFFERENTIALS,
)
