"""How the problems of loop expansions are solved: lists of closed forms, orders of lattice fields,
orders in 1/N of random networks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import DiracDelta, Expr, Integer

from neurenorm.numerics.balls import enclosed_answer
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.evaluate.catalogue import balls_of
from neurenorm.numerics.evaluate.core import Answer, answer, refuse_digits
from neurenorm.numerics.solve.loops import torus
from neurenorm.numerics.solve.loops.chain import nearest_eigenvalue
from neurenorm.numerics.solve.loops.inputs import input_cumulants, refuse_equal
from neurenorm.numerics.solve.loops.networks import averaged_steps, kernel_cumulants
from neurenorm.numerics.solve.loops.posterior import posterior
from neurenorm.numerics.solve.loops.potential import fixed_point
from neurenorm.numerics.solve.loops.tangent_pairs import tangent_layers
from neurenorm.theory.loops.problems import (
    ChainOrders,
    KernelOrders,
    LatticeOrders,
    Lists,
    LocalPotential,
    MeanOrders,
    PairOrders,
    PairTangentOrders,
    PosteriorOrders,
)
from neurenorm.theory.symbols import symbols

__all__: list[str] = []

Array = NDArray[np.float64]
ROUNDING = 1e-12  # of sums over sites and of quadrature, relative to the largest term


@answer.register
def of_lists(problem: Lists, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    flat: dict[str, Expr] = {}

    def placed(entry: Any) -> Any:
        """An expression's place in the flat table; words and None as they are."""
        if isinstance(entry, Expr) and not isinstance(entry, Integer):
            flat[str(len(flat))] = entry
            return (str(len(flat) - 1),)
        return int(entry) if isinstance(entry, Integer) else entry

    places = {name: _marked(value, placed) for name, value in problem.values.items()}
    found = (
        enclosed_answer(lambda: balls_of(flat, numbers), digits) if flat else Answer("exact", {})
    )
    values = {name: _filled(place, found.values) for name, place in places.items()}
    errors = {name: _filled(place, found.errors, 0.0) for name, place in places.items()}
    return replace(found, values=values, errors=errors)


def _marked(value: Any, placed: Callable[[Any], Any]) -> Any:
    """Nested lists with every entry replaced by its place, a tuple of one."""
    if isinstance(value, list | tuple):
        return [_marked(item, placed) for item in value]
    return placed(value)


def _filled(place: Any, table: Mapping[str, Any], otherwise: Any = None) -> Any:
    """Nested lists of places with the numbers that stand there."""
    if isinstance(place, list):
        return [_filled(item, table, otherwise) for item in place]
    if isinstance(place, tuple):
        return table[place[0]]
    return place if otherwise is None else otherwise


def numeric(values: Mapping[str, Any], reason: str = "") -> Answer:
    """Values of double precision, with the error of rounding of each."""
    return Answer(
        "numeric",
        dict(values),
        {name: ROUNDING * _largest(value) for name, value in values.items() if value is not None},
        reason=reason,
    )


WIDER = 1.5
"""Spacing of the nodes of a second run."""


def of_two_runs(run: Callable[[float], dict[str, Any]]) -> Answer:
    """Values of sums over nodes at the usual spacing, with the error that a wider one lets expect.

    The error of a trapezoid sum is exp(-a/h), so that at 1.5 times the spacing it is the power 2/3;
    the power 1.2 of the difference leaves room for what stands before the exponential.
    """
    values, wider = run(1.0), run(WIDER)
    errors = {}
    for name, value in values.items():
        if value is not None:
            size = _largest(value)
            off = np.max(np.abs(np.subtract(_numbers(value), _numbers(wider[name]))), initial=0.0)
            share = (off / size) ** 1.2 if size else 0.0
            errors[name] = float(size * max(ROUNDING, share))
    return Answer("numeric", values, errors)


def _largest(value: Any) -> float:
    """The size of the largest entry."""
    return float(np.max(np.abs(np.asarray(_numbers(value), dtype=float)), initial=0.0))


def _numbers(value: Any) -> list[float]:
    """All entries of nested lists."""
    if isinstance(value, list | tuple):
        return [entry for item in value for entry in _numbers(item)]
    return [] if value is None else [float(value)]


@answer.register
def of_lattice_orders(
    problem: LatticeOrders, numbers: Mapping[str, Any], digits: int | None
) -> Answer:
    refuse_digits(digits, "the orders of a lattice field", "summed in double precision")
    grid = [2 * np.pi * np.arange(size) / size for size in problem.extents]
    waves = np.meshgrid(*grid, indexing="ij")
    dispersion = problem.field.dispersion.subs(symbols("loops").m2, numbers["m2"])
    symbol = np.broadcast_to(
        compiled(dispersion, list(problem.field.wave_numbers))(*waves), waves[0].shape
    )
    _refuse_flat(np.asarray(symbol))
    line = torus.on_torus(np.asarray(symbol))
    theory = replace(problem.theory, n=numbers["n"])
    phase = np.cos(sum(k * g for k, g in zip(problem.wave, waves, strict=True)))
    sigma = torus.self_energy(theory, line, problem.order)
    return numeric(
        {
            "tadpole": float(line[(0,) * line.ndim]),
            "self_energy": [float((term * phase).sum()) for term in sigma],
            "vertex": torus.vertex(theory, line, problem.order),
        }
    )


def _refuse_flat(symbol: Array) -> None:
    """Refuse a quadratic part that is not positive, and name the mode."""
    place = np.unravel_index(int(np.argmin(symbol)), symbol.shape)
    lowest = float(symbol[place])
    if lowest > 1e-12 * float(np.abs(symbol).max()):
        return
    words = "vanishes" if abs(lowest) <= 1e-12 * float(np.abs(symbol).max()) else "is negative"
    modes = ", ".join(
        "0" if i == 0 else f"2 pi {int(i)}/{size}"
        for i, size in zip(place, symbol.shape, strict=True)
    )
    raise ValueError(f"the quadratic part {words} at k = ({modes}): give m2 > 0")


@answer.register
def of_local_potential(
    problem: LocalPotential, numbers: Mapping[str, Any], digits: int | None
) -> Answer:
    refuse_digits(digits, "the fixed point", "found in double precision")
    point = fixed_point(float(numbers["d"]), float(numbers["n"]), problem.terms, problem.about)
    first, second = point.eigenvalues[:2]
    real = abs(second.imag) < 1e-9
    values = {
        "nu": float(1 / first.real),
        "omega": float(-second.real) if real else None,
        "couplings": point.couplings.tolist(),
    }
    found = numeric(values, "" if real else "the leading irrelevant eigenvalue is complex")
    slack = max(point.residue, ROUNDING) * float(np.abs(point.eigenvalues).max()) ** 2
    return replace(found, errors=dict.fromkeys(found.errors, slack))


@answer.register
def of_mean_orders(problem: MeanOrders, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    refuse_digits(digits, "the orders in 1/N", "summed in double precision")
    _refuse_deltas(problem)
    standing = {"lam_W": "sw2", "lam_b": "sb2", "Theta1": "K1"}
    given = {
        name: float(numbers[standing[name]] if value is None else value)
        for name, value in numbers.items()
    }
    state = problem.recursion.state
    columns = averaged_steps(
        problem.recursion,
        problem.averages,
        problem.activation,
        [given["K1"], given["Theta1"], *[0.0] * (len(state) - 2)],
        {
            symbol: given[symbol.name]
            for symbol in problem.recursion.parameters
            if symbol.name in given
        },
        problem.layers,
    ).T
    by_name = {symbol.name: column for symbol, column in zip(state, columns, strict=True)}
    if not np.all(np.isfinite(columns)):
        return Answer(
            "not converged",
            dict.fromkeys(problem.values),
            reason="the tensors grow beyond the largest number",
        )
    found = numeric({name: by_name[name].tolist() for name in problem.values})
    whole = ROUNDING * float(np.abs(columns).max())
    return replace(found, errors=dict.fromkeys(problem.values, whole))


def _refuse_deltas(problem: MeanOrders) -> None:
    """Refuse an activation whose derivatives that are averaged hold a delta."""
    for order in range(1, problem.highest + 1):
        if problem.activation.derivative(order).has(DiracDelta):
            primes, tensors = "'" * order, ", ".join(problem.values)
            raise ValueError(f"phi{primes} is a delta: {tensors} diverge")


@answer.register
def of_pair_orders(problem: PairOrders, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    refuse_digits(digits, "the orders in 1/N", "summed in double precision")
    kaa, kbb, kab = (float(numbers[name]) for name in ("Kaa", "Kbb", "Kab"))

    def run(spacing: float) -> dict[str, Any]:
        """All values with nodes of this spacing."""
        last = input_cumulants(
            problem.activation,
            float(numbers["sw2"]),
            float(numbers["sb2"]),
            np.array([[kaa, kab], [kab, kbb]]),
            problem.layers,
            problem.order,
            spacing=spacing,
        )[-1]
        unit, found = np.eye(3, dtype=int), last.cumulants
        limits = [last.kernel[0, 0], last.kernel[0, 1], last.kernel[1, 1]]
        choices = combinations_with_replacement(range(3), 3)
        return {
            "mean": [
                [float(limit), *found[tuple(map(int, row))][1:].tolist()]
                for limit, row in zip(limits, unit, strict=True)
            ],
            "vertex": [
                [found[tuple(map(int, unit[i] + unit[j]))][1:].tolist() for j in range(3)]
                for i in range(3)
            ],
            "third": [found[tuple(map(int, unit[list(c)].sum(0)))][2:].tolist() for c in choices]
            if problem.order > 1
            else None,
        }

    return of_two_runs(run)


@answer.register
def of_pair_tangent_orders(
    problem: PairTangentOrders, numbers: Mapping[str, Any], digits: int | None
) -> Answer:
    refuse_digits(digits, "the orders in 1/N", "summed in double precision")
    standing = {"lam_W": "sw2", "lam_b": "sb2", "Taa": "Kaa", "Tbb": "Kbb", "Tab": "Kab"}
    given = {
        name: float(numbers[standing[name]] if value is None else value)
        for name, value in numbers.items()
    }
    start = tuple(
        np.array([[given[f"{k}aa"], given[f"{k}ab"]], [given[f"{k}ab"], given[f"{k}bb"]]])
        for k in "KT"
    )
    refuse_equal(start[0])

    def run(spacing: float) -> dict[str, Any]:
        """All values with nodes of this spacing."""
        last = tangent_layers(
            problem.activation,
            (given["sw2"], given["sb2"]),
            (given["lam_W"], given["lam_b"]),
            (start[0], start[1]),
            problem.layers,
            problem.handed,
            spacing=spacing,
        )[-1]
        return {name: getattr(last, name).tolist() for name in ("T", "t1", "D", "F", "A", "B")}

    return of_two_runs(run)


@answer.register
def of_posterior_orders(
    problem: PosteriorOrders, numbers: Mapping[str, Any], digits: int | None
) -> Answer:
    refuse_digits(digits, "the orders in 1/N", "summed in double precision")
    targets, noise = np.array(problem.targets, dtype=float), float(numbers["noise"])

    def run(spacing: float) -> dict[str, Any]:
        """All values with nodes of this spacing."""
        last = input_cumulants(
            problem.activation,
            float(numbers["sw2"]),
            float(numbers["sb2"]),
            np.array(problem.kernel, dtype=float),
            problem.layers,
            1,
            spacing=spacing,
        )[-1]
        found = posterior(
            last, targets, noise, learning=float(problem.learning), spreading=float(problem.spread)
        )
        names = ("mean", "variance", "log_evidence", "kernel_shift")
        return {name: getattr(found, name).tolist() for name in names}

    return of_two_runs(run)


@answer.register
def of_chain_orders(problem: ChainOrders, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    closed = enclosed_answer(lambda: balls_of(problem.values, numbers), digits)
    if digits is not None:
        return replace(closed, values={**closed.values, "exact": None})
    found = nearest_eigenvalue(
        problem.activation, float(1 / (2 * numbers["alpha"])), float(closed.values["eigenvalue"])
    )
    reason = "" if found is not None else "the transfer operator has no such eigenvalue on its grid"
    values, errors = {**closed.values, "exact": found}, {**closed.errors, "exact": 1e-10}
    return Answer("numeric", values, errors, reason=reason)


@answer.register
def of_kernel_orders(
    problem: KernelOrders, numbers: Mapping[str, Any], digits: int | None
) -> Answer:
    refuse_digits(digits, "the orders in 1/N", "summed in double precision")
    kernels, found = kernel_cumulants(
        problem.activation,
        float(numbers["sw2"]),
        float(numbers["sb2"]),
        float(numbers["K1"]),
        problem.layers,
        problem.theory.order,
        problem.widths,
        problem.recursion,
    )
    values: dict[str, Any] = {}
    for name, (b, factor) in problem.names.items():
        orders = [j for i, j in problem.theory.entries if i == b]
        rows = [float(factor) * found[b, j] for j in orders]
        if b == 1:
            rows = [float(factor) * kernels, *rows]
        if not rows:
            values[name] = None
        elif problem.widths is None:
            values[name] = np.array(rows).T.tolist()
        else:
            values[name] = np.sum(rows, axis=0).tolist()
    if not all(np.all(np.isfinite(_numbers(value))) for value in values.values()):
        return Answer(
            "not converged",
            dict.fromkeys(values),
            reason="the cumulants grow beyond the largest number",
        )
    return numeric(values)
