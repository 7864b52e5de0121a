r"""Flows of weights on hierarchical lattices at given couplings: new bonds, free energies, critical
points on lines and planes of couplings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import mpmath
import numpy as np
from flint import arb, ctx
from numpy.typing import NDArray
from sympy import Symbol

from neurenorm.numerics.solve.inputs import ball
from neurenorm.numerics.solve.projective import couplings_of, weight_fixed_points
from neurenorm.theory.decimation.weights import WeightMap
from neurenorm.theory.recursion.recursion import FixedPoint

__all__ = ["CouplingFlow", "bond_and_free_energy", "critical_coupling", "multicritical", "on_plane"]

Array = NDArray[np.float64]
_GRID, _FARTHEST, _MOST_STEPS, _WEAK, _STRONG = 0.05, 12.0, 500, 1e-3, 30.0


def bond_and_free_energy(
    weights: WeightMap, couplings: Mapping[Symbol, Any], states: int, interior: int
) -> tuple[list[arb], arb, arb]:
    """Return the couplings of the new bond, its constant ln A, and the free energy per bond.

    The largest weight joins equal states after one step, so that each further term
    c_n = ln max P lies between 0 and interior * ln(states): what is left out after n terms lies
    between 0 and m^-n interior ln(states) / (m - 1).

    Parameters
    ----------
    weights : WeightMap
        Of a cell with a reflection (``weights.mirrored``).
    couplings : mapping of Symbol to number
    states, interior : int
        Size of the alphabet, number of vertices that are summed out.

    Examples
    --------
    >>> from neurenorm.graphs import diamond
    >>> from neurenorm.theory.decimation.model import ISING
    >>> from neurenorm.theory.decimation.weights import weight_map
    >>> K = Symbol("K", real=True)
    >>> step = weight_map(diamond(), ISING, {K: lambda s, t: s * t})
    >>> bond_and_free_energy(step, {K: 0.3}, 2, 2)[2].str(10, radius=False)
    '0.5082834111'
    """
    small = arb(2) ** (-ctx.prec)
    with ctx.workprec(2 * ctx.prec + 64):  # a relative error grows by at most m in a step
        logs = _log_weights(weights, couplings)
        m, share = int(weights.bonds), arb(1)
        bound = interior * arb(states).log() / (m - 1)
        top = _largest(logs, range(len(logs)))
        total, w = logs[top], [(x - logs[top]).exp() for x in logs]
        new, constant = _read(weights, [x.log() + m * total for x in _image(weights, w)])
        while not share * bound < small:
            image = _image(weights, w)
            top = _largest(image, weights.candidates)
            share /= m
            total += share * image[top].log()
            w = [x / image[top] for x in image]
        return new, constant, total + share * bound * arb(0.5, 0.5)


def _log_weights(weights: WeightMap, couplings: Mapping[Symbol, Any]) -> list[arb]:
    """The logarithms of the weights at given couplings."""
    numbers = {symbol: ball(value) for symbol, value in couplings.items()}
    return [
        sum((numbers[c] * ball(v[i]) for c, v in weights.values.items()), arb(0))
        for i in range(len(weights.state))
    ]


def _image(weights: WeightMap, w: Sequence[arb]) -> list[arb]:
    """P_i of given weights."""
    found = []
    for polynomial in weights.polynomials:
        total = arb(0)
        for powers, coefficient in polynomial.items():
            term = ball(coefficient)
            for x, k in zip(w, powers, strict=True):
                for _ in range(k):
                    term *= x
            total += term
        found.append(total)
    return found


def _largest(values: Sequence[arb], among: Any) -> int:
    """The place of the largest value."""
    return max(among, key=lambda i: values[i].mid())


def _read(weights: WeightMap, logs: Sequence[arb]) -> tuple[list[arb], arb]:
    """Couplings and constant of the bond with given log-weights."""
    new = [
        sum((ball(weights.reading[row, i]) * x for i, x in enumerate(logs)), arb(0))
        for row in range(len(weights.values))
    ]
    shown = sum((g * ball(v[0]) for g, v in zip(new, weights.values.values(), strict=True)), arb(0))
    return new, logs[0] - shown


def multicritical(
    weights: WeightMap, relevant: int, ordering: Symbol, digits: int
) -> tuple[FixedPoint, dict[Symbol, arb]] | None:
    """Return the fixed point with finite couplings and the given number of positive exponents, at
    which one coupling is positive; None if there is not exactly one.
    """
    found = []
    for point in weight_fixed_points(weights, digits=digits).points:
        couplings = couplings_of(weights, point)
        finite = all(value.is_finite() for value in couplings.values())
        positive = sum(bool(y > 0) for y in point.exponents)
        if finite and positive == relevant and couplings[ordering] > 0:
            found.append((point, couplings))
    return found[0] if len(found) == 1 else None


class CouplingFlow:
    """The step of couplings through the weights, in numbers of mpmath's present precision.

    Parameters
    ----------
    weights : WeightMap
    """

    def __init__(self, weights: WeightMap) -> None:
        rows = zip(*weights.values.values(), strict=True)
        self.design = mpmath.matrix([[_number(x) for x in row] for row in rows])
        reading = [list(weights.reading.row(i)) for i in range(weights.reading.rows)]
        self.reading = mpmath.matrix([[_number(x) for x in row] for row in reading])
        self.tables = [[(k, int(c)) for k, c in p.items()] for p in weights.polynomials]

    def step(self, g: Any) -> tuple[Any, Any]:
        """Return the new couplings and the matrix of their derivatives."""
        logs = self.design * g
        top = max(logs)
        w = [mpmath.exp(x - top) for x in logs]
        values, slopes = [], mpmath.matrix(len(w), len(w))
        for i, polynomial in enumerate(self.tables):
            terms = [
                (powers, c * mpmath.fprod(x**k for x, k in zip(w, powers, strict=True) if k))
                for powers, c in polynomial
            ]
            total = mpmath.fsum(term for _, term in terms)
            values.append(mpmath.log(total))
            for j in range(len(w)):
                slopes[i, j] = mpmath.fsum(powers[j] * term for powers, term in terms) / total
        return self.reading * mpmath.matrix(values), self.reading * slopes * self.design


def _number(x: Any) -> Any:
    """A rational number at mpmath's precision."""
    return mpmath.mpf(int(x.p)) / int(x.q)


def on_plane(
    weights: WeightMap,
    point: Mapping[Symbol, arb],
    held: Mapping[Symbol, Any],
    relevant: int,
    digits: int = 20,
) -> tuple[dict[Symbol, Any], Any]:
    """Return the couplings on a plane that flow into a fixed point with as many relevant directions
    as the plane has dimensions, and an estimate of their error.

    Newton's iteration makes the relevant scaling fields u_k (R^n(g) - g*) vanish, u_k being the left
    eigenvectors of the step at the fixed point; the error falls with n like the product of the
    leading irrelevant and relevant eigenvalues.

    Raises
    ------
    ValueError
        If the plane has another dimension, or the iteration does not settle.
    """
    symbols = list(weights.values)
    free = [i for i, s in enumerate(symbols) if s not in held]
    if len(free) != relevant:
        raise ValueError(
            f"a point with {relevant} relevant directions is alone on a plane of that dimension, "
            f"not of {len(free)}"
        )
    with mpmath.workdps(digits + 20):
        flow = CouplingFlow(weights)
        star = mpmath.matrix(
            [mpmath.mpf(point[s].mid().str(digits + 15, radius=False)) for s in symbols]
        )
        _, slope = flow.step(star)
        values, vectors = mpmath.eig(slope.T)
        order = sorted(range(len(values)), key=lambda k: -abs(values[k]))[:relevant]
        fields = mpmath.matrix(
            [[mpmath.re(vectors[i, k]) for i in range(len(symbols))] for k in order]
        )
        g = star.copy()
        for i, s in enumerate(symbols):
            if s in held:
                g[i] = mpmath.mpf(held[s])
        before = g.copy()
        for n in range(2, 60, 4):
            before, g = g, _aimed(flow, fields, star, g, free, n)
            error = max(abs(g[i] - before[i]) for i in free)
            if error < mpmath.mpf(10) ** (-digits - 2):
                break
        else:
            raise ValueError("the flow from this plane does not settle at the fixed point")
        return {symbols[i]: g[i] for i in free}, error


def _aimed(flow: CouplingFlow, fields: Any, star: Any, start: Any, free: list[int], n: int) -> Any:
    """Newton's iteration for couplings whose scaling fields vanish after n steps."""
    g = start.copy()
    for _ in range(40):
        here, slope = g.copy(), mpmath.eye(len(star))
        for _ in range(n):
            here, one = flow.step(here)
            slope = one * slope
        value, whole = fields * (here - star), fields * slope
        part = mpmath.matrix([[whole[k, i] for i in free] for k in range(fields.rows)])
        shift = mpmath.lu_solve(part, value)
        for place, i in enumerate(free):
            g[i] -= shift[place]
        if mpmath.norm(shift) < mpmath.mpf(10) ** (-mpmath.mp.dps + 12):
            return g
    raise ValueError("the flow from this plane does not settle at the fixed point")


def critical_coupling(
    weights: WeightMap, varied: Symbol, given: Mapping[Symbol, Any]
) -> tuple[float, float] | None:
    """Return the smallest positive value from which on a coupling flows to infinity instead of zero,
    and its error; None if there is none up to 12.

    The line is scanned in steps of 0.05, then halved to the last digit.
    """
    flow = _LogFlow(weights, varied)

    def grows(x: float) -> bool:
        """Whether the coupling grows without bound."""
        return flow.grows({**given, varied: x})

    high = _GRID
    while not grows(high):
        high += _GRID
        if high > _FARTHEST:
            return None
    low = high - _GRID
    while True:
        middle = (low + high) / 2
        if middle in (low, high):
            return middle, 16 * float(np.spacing(middle))
        low, high = (low, middle) if grows(middle) else (middle, high)


class _LogFlow:
    """The step of the logarithms of the weights in doubles, and one coupling read off them."""

    def __init__(self, weights: WeightMap, read: Symbol) -> None:
        self.design = {c: np.array(v, dtype=float) for c, v in weights.values.items()}
        row = list(weights.values).index(read)
        self.reading = np.array([float(x) for x in weights.reading.row(row)])
        self.tables = [
            (np.array(list(p)), np.log([float(c) for c in p.values()])) for p in weights.polynomials
        ]

    def grows(self, couplings: Mapping[Symbol, Any]) -> bool:
        """Return whether the coupling that is read passes every bound."""
        logs = np.asarray(sum(float(x) * self.design[c] for c, x in couplings.items()))
        for _ in range(_MOST_STEPS):
            new = np.array([np.logaddexp.reduce(c + powers @ logs) for powers, c in self.tables])
            logs = new - new.max()
            value = float(self.reading @ logs)
            if not _WEAK < value < _STRONG:
                break
        return value > 1
