"""Hierarchical lattices: free energies, all fixed points, critical lines and points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from flint import arb, ctx
from sympy import log

from neurenorm.numerics.balls import enclosed_answer, enclosure, enclosures
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.evaluate.core import Answer, answer, refuse_digits
from neurenorm.numerics.solve.hierarchical import (
    bond_and_free_energy,
    critical_coupling,
    multicritical,
    on_plane,
)
from neurenorm.numerics.solve.inputs import ball
from neurenorm.numerics.solve.projective import weight_fixed_points
from neurenorm.numerics.solve.roots import real_roots
from neurenorm.theory.lattice.graph_counts import Q, V, WeakDisorder
from neurenorm.theory.lattice.migdal import CrossingOfZero
from neurenorm.theory.lattice.phases import (
    BondFreeEnergy,
    CriticalCoupling,
    FixedPoints,
    MulticriticalPoint,
)

DOUBLE = 17
NUMERIC_DIGITS = 15
_STRONGEST, _STRONGEST_BITS = 400, 1400  # exp(2 K) of the strongest coupling, twice


@answer.register
def of_free_energy(
    problem: BondFreeEnergy, numbers: Mapping[str, Any], digits: int | None
) -> Answer:
    symbols = list(problem.weights.values)
    given = numbers["couplings"]
    if len(given) != len(symbols):
        raise ValueError(
            f"this model has the couplings {', '.join(map(str, symbols))}: give couplings=[...] "
            f"with {len(symbols)} numbers, got {len(given)}"
        )
    couplings = dict(zip(symbols, given, strict=True))
    names = [f"{symbol}'" for symbol in symbols]

    def compute() -> dict[str, arb]:
        """The new bond and the free energy at the present precision."""
        size = int(problem.model.alphabet.size)
        new, constant, f = bond_and_free_energy(
            problem.weights, couplings, size, len(problem.cell.interior)
        )
        return {**dict(zip(names, new, strict=True)), "ln_A": constant, "f": f}

    found = enclosed_answer(compute, digits, "enclosed")
    return Answer(
        "enclosed",
        {
            "couplings": [found.values[name] for name in names],
            "ln_A": found.values["ln_A"],
            "f": found.values["f"],
        },
        {
            "couplings": [found.errors[name] for name in names],
            "ln_A": found.errors["ln_A"],
            "f": found.errors["f"],
        },
    )


@answer.register
def of_fixed_points(problem: FixedPoints, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    found = weight_fixed_points(problem.weights, digits=digits or DOUBLE)
    weights, off, exponents, off_exponents = [], [], [], []
    for point in found.points:
        shown, errors = enclosures(point.point, digits)
        weights.append(shown)
        off.append(errors)
        pairs = [_exponent(y, digits) for y in point.exponents]
        exponents.append([y for y, _ in pairs])
        off_exponents.append([error for _, error in pairs])
    reasons = [found.message]
    if any(y == "-inf" for row in exponents for y in row):
        reasons.append("an exponent is -inf where one step wipes a direction out")
    return Answer(
        "enclosed" if found.complete else "numeric",
        {"points": len(found.points), "weights": weights, "y": exponents},
        {"points": 0, "weights": off, "y": off_exponents},
        reason="; ".join(reasons),
    )


def _exponent(value: arb, digits: int | None) -> tuple[Any, Any]:
    """One exponent with its error: -inf, without one, for an eigenvalue that is zero within its
    enclosure.
    """
    if not value.is_finite():
        return "-inf", None
    return enclosure(value, digits)


@answer.register
def of_multicritical(
    problem: MulticriticalPoint, numbers: Mapping[str, Any], digits: int | None
) -> Answer:
    names = [*problem.names, *problem.exponents]
    names += [] if problem.crossover is None else [problem.crossover]
    found = multicritical(
        problem.weights, problem.relevant, problem.ordering, digits or NUMERIC_DIGITS + 5
    )
    if found is None:
        return Answer(
            "none", dict.fromkeys(names), reason="there is no single such point on this cell"
        )
    point, couplings = found
    if problem.held:
        place, error = on_plane(
            problem.weights, couplings, problem.held, problem.relevant, digits or NUMERIC_DIGITS
        )
        values = {name: arb(str(place[symbol])) for name, symbol in problem.names.items()}
        shown, _ = enclosures(list(values.values()), digits)
        off = max(float(error), 1e-15 if digits is None else 10.0 ** (1 - digits))
        return Answer("numeric", dict(zip(values, shown, strict=True)), dict.fromkeys(values, off))
    y = point.exponents
    balls = [*(couplings[s] for s in problem.names.values()), *y[: len(problem.exponents)]]
    balls += [] if problem.crossover is None else [y[1] / y[0]]
    shown, errors = enclosures(balls, digits)
    return Answer(
        "enclosed", dict(zip(names, shown, strict=True)), dict(zip(names, errors, strict=True))
    )


@answer.register
def of_critical(
    problem: CriticalCoupling, numbers: Mapping[str, Any], digits: int | None
) -> Answer:
    refuse_digits(digits, "a critical coupling", "found by following flows in doubles")
    given = {symbol: numbers[name] for name, symbol in problem.given.items()}
    found = critical_coupling(problem.weights, problem.varied, given)
    if found is None:
        return Answer(
            "none",
            {problem.name: None},
            reason=f"{problem.varied} flows to zero from every value up to 12",
        )
    return Answer("numeric", {problem.name: found[0]}, {problem.name: found[1]})


@answer.register
def of_crossing(problem: CrossingOfZero, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    exponent = compiled([problem.exponent], [problem.coupling], target="ball")

    def compute() -> dict[str, arb]:
        """The point, between two couplings at which the flow has proved signs, and the exponent."""
        wanted = ctx.prec
        with ctx.workprec(2 * wanted + _STRONGEST_BITS):
            root = _crossing(problem, arb(2) ** (-wanted))
            return {"K": root, "y": exponent(root)[0]}

    return enclosed_answer(compute, digits, "enclosed")


def _crossing(problem: CrossingOfZero, relative: arb) -> arb:
    """Halve the range of couplings between a negative and a positive excess."""
    excess = compiled([problem.excess], [problem.coupling], target="ball")
    low, high = ball(problem.lowest).mid(), arb(_STRONGEST)
    if not (excess(low)[0] < 0 and excess(high)[0] > 0):
        raise ValueError(f"no fixed point is found between K = {float(low):.3g} and {_STRONGEST}")
    while not high - low < low * relative:
        middle = ((low + high) / 2).mid()
        value = excess(middle)[0]
        if not (value > 0 or value < 0):
            break
        low, high = (low, middle) if value > 0 else (middle, high)
    return low.union(high)


@answer.register
def of_weak_disorder(
    problem: WeakDisorder, numbers: Mapping[str, Any], digits: int | None
) -> Answer:
    q = numbers["q"]
    values = {
        "variance_eigenvalue": problem.variance.subs(Q, q),
        "alpha_over_nu": (2 * log(problem.thermal.subs(Q, q)) - log(problem.bonds))
        / log(problem.scale),
    }
    function = compiled(values, [V], target="ball")
    relevant = _relevant(problem)

    def compute() -> dict[str, arb]:
        """The critical point, and where disorder becomes relevant."""
        wanted = max(20, int(ctx.prec / 3.33))
        roots = [v for v, _ in real_roots(problem.critical.subs(Q, q), V, digits=wanted) if v > 0]
        if len(roots) != 1:
            raise ValueError(f"the cell has {len(roots)} critical points at q = {q}, not one")
        found: dict[str, arb] = function(roots[0])
        if relevant is not None:
            found["q_relevant"] = real_roots(problem.marginal, Q, (1, 10**6), digits=wanted)[
                relevant
            ][0]
        return found

    found = enclosed_answer(compute, digits)
    if relevant is None:
        reason = "disorder is relevant at no q, or at every q, above 1"
        return Answer(
            found.status, {**found.values, "q_relevant": None}, found.errors, reason=reason
        )
    return found


def _relevant(problem: WeakDisorder) -> int | None:
    """Which root of the marginal polynomial above 1 belongs to a critical point: the first."""
    for place, (root, _) in enumerate(real_roots(problem.marginal, Q, (1, 10**6), digits=20)):
        q = float(root)
        if q < 1 + 1e-9:
            continue
        coefficients = [float(c) for c in problem.critical.subs(Q, q).as_poly(V).all_coeffs()]
        for v in np.roots(coefficients):
            if abs(v.imag) < 1e-9 and v.real > 0:
                variance = float(problem.variance.subs({Q: q, V: float(v.real)}))
                if abs(variance - 1) < 1e-7:
                    return place
    return None
