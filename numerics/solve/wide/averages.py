"""Gaussian averages on arrays of covariances: closed forms compiled, the others by a rule.

Up to four dimensions the trapezoidal rule in standard normal coordinates converges exponentially
for smooth functions; the number of points is raised by 1.3 on the hardest entries until two values
agree. Products f(z_a) g(z_b) use the expansion in Hermite polynomials, whose rest is bounded by
Cauchy and Schwarz. Above four dimensions, and where the rule does not converge in four, points of a
scrambled Sobol sequence are taken, once for each replicate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import qmc
from sympy import Abs, DiracDelta, Dummy, Expr, Heaviside, Max, Min, Mul, Symbol, sign

import neurenorm.numerics.quadrature  # noqa: F401  (teaches the compiler to average)
from neurenorm.numerics.compile import compiled
from neurenorm.theory.gaussian.expectation import GaussianExpectation
from neurenorm.theory.wide.angle import DETERMINANT, by_determinant
from neurenorm.theory.wide.limit import AA, AB, BB

__all__ = ["Averages", "normal_nodes"]

Array = NDArray[np.float64]
KINKS = (Abs, Max, Min, Heaviside, sign, DiracDelta)
TOLERANCE, HALF = 1e-11, 8.5
TOLERANCES = {1: 1e-11, 2: 1e-11, 3: 1e-10, 4: 1e-9}
FIRST = {1: 24, 2: 24, 3: 20, 4: 18}
MOST_NODES, MOST_WORK, FEWEST = 6_000_000, 60_000_000, 11
STEPS = {1: 0.5, 2: 0.5, 3: 0.8, 4: 1.0}
"""Of an argument between neighbouring nodes at first, so that no bend is overlooked."""
DEGREES = (48, 160, 400)
CHUNK = 2_000_000
LONGEST = 900.0  # variance up to which the line of the Hermite coefficients has enough points
FAR = 78.0  # squared length beyond which a node weighs less than 1e-17
SOBOL = 15  # binary logarithm of the number of points of a replicate
KINKED = 1e-9  # relative error of a compiled average with kinks


@dataclass
class Averages:
    """How averages are taken, and whether any needed random points.

    Parameters
    ----------
    coarse : bool
        Take fewer points and disturb what is rounded, so that the difference to the fine values is
        an estimate of their error.
    replicate : int
        Which scrambling of the Sobol points is used.
    chosen : dict
        Points in every direction that averages needed, and those before; a coarse run takes these.
    """

    coarse: bool = False
    replicate: int = 0
    sampled: bool = False
    chosen: dict[Any, tuple[int, ...]] = field(default_factory=dict)

    def __call__(self, expression: Expr, values: Mapping[Symbol, Array]) -> Array:
        """Return an expression with Gaussian averages at arrays of its symbols that broadcast.

        Raises
        ------
        ValueError
            If an average is not finite or does not converge.
        """
        known, names = dict(values), {}
        for atom in sorted(expression.atoms(GaussianExpectation), key=str):
            if atom.function.has(*KINKS) and len(atom.variables) <= 2:
                continue  # the compiler splits at kinks
            names[atom] = Dummy(real=True)
            known[names[atom]] = self._atom(atom, values)
        rest, determinants = _in_determinants(expression.xreplace(names))
        for symbol, (one, two, cross) in determinants:
            known[symbol] = _determinant(*(known[s] for s in (one, two, cross)))
        symbols = sorted(rest.free_symbols, key=str)
        if not symbols:
            return np.asarray(float(rest))
        with np.errstate(all="ignore"):
            found = compiled(rest, symbols)(*(known[s] for s in symbols))
        disturbed = self.coarse and rest.has(GaussianExpectation)
        return np.asarray(found, dtype=float) * (1 + KINKED * disturbed)

    def _atom(self, atom: Any, values: Mapping[Symbol, Array]) -> Array:
        """One average on arrays."""
        rank = len(atom.variables)
        entries = [_number(entry, values) for entry in atom.covariance]
        extra = sorted(atom.function.free_symbols - set(atom.variables), key=str)
        given = [np.asarray(values[symbol], dtype=float) for symbol in extra]
        shape = np.broadcast_shapes(*(entry.shape for entry in (*entries, *given)))
        flat = [np.broadcast_to(entry, shape).reshape(-1) for entry in entries]
        covariance = np.stack(flat, axis=-1).reshape(-1, rank, rank)
        scalars = {
            x: np.broadcast_to(v, shape).reshape(-1) for x, v in zip(extra, given, strict=True)
        }
        parts = _separated(atom) if rank == 2 and not extra else None
        found = self._by_hermite(parts, atom.variables, covariance) if parts else None
        if found is None and rank <= 4 and not atom.function.has(*KINKS):
            found = self._by_trapezoid(atom, covariance, scalars)
        if found is None:
            self.sampled = True
            affordable = int(np.log2(MOST_WORK / max(1, len(covariance))))
            if affordable < FEWEST:
                raise ValueError(
                    f"{len(covariance)} averages over {rank} Gaussian variables are too many: give "
                    "fewer inputs or positions, or put weights between the functions"
                )
            nodes, weights = _sobol(rank, min(SOBOL, affordable), self.replicate)
            found = _summed(atom, _root(covariance), scalars, nodes, weights)
        if not np.all(np.isfinite(found)):
            raise ValueError(f"the average of {atom.function} is not finite")
        return found.reshape(shape)

    def _by_hermite(
        self, parts: tuple[Expr, Expr], variables: tuple[Symbol, ...], covariance: Array
    ) -> Array | None:
        """Σ_n f_n g_n c^n, None where the rest of the series is not small."""
        lengths, where = [], []
        for k in (0, 1):
            unique, inverse = np.unique(covariance[:, k, k], return_inverse=True)
            lengths.append(unique)
            where.append(inverse.reshape(-1))
        scale = np.sqrt(covariance[:, 0, 0] * covariance[:, 1, 1])
        c = np.divide(covariance[:, 0, 1], scale, out=np.zeros_like(scale), where=scale > 0)
        c = np.clip(c, -1.0, 1.0)
        if np.max(covariance, initial=0.0) > LONGEST:
            return None
        for degree in DEGREES:
            (f, f_rest), (g, g_rest) = (
                _coefficients(parts[k], variables[k], lengths[k], degree, 2001) for k in (0, 1)
            )
            bound = f_rest[where[0]] * g_rest[where[1]] * np.abs(c) ** (degree + 1)
            if np.max(bound, initial=0.0) < TOLERANCE:
                break
        else:
            return None
        if self.coarse:
            degree = 5 * degree // 6
            f, g = (
                _coefficients(parts[k], variables[k], lengths[k], degree, 1501)[0] for k in (0, 1)
            )
        value = np.zeros_like(c)
        for n in range(degree, -1, -1):
            value = value * c + f[where[0], n] * g[where[1], n]
        return value

    def _by_trapezoid(
        self, atom: Any, covariance: Array, scalars: Mapping[Symbol, Array]
    ) -> Array | None:
        """The rule with as many points as the hardest entries need; None if three or four
        dimensions ask for too many.
        """
        rank, root = covariance.shape[-1], _root(covariance)
        size = np.argsort(-np.trace(covariance, axis1=-2, axis2=-1))
        hardest = size[: 24 if rank < 3 else 2]
        few = {symbol: value[hardest] for symbol, value in scalars.items()}
        spread = np.sqrt((root**2).sum(1).max(0, initial=0.0))
        points = tuple(
            max(FIRST[rank], int(2 * HALF * sigma / STEPS[rank]) + 1) for sigma in spread
        )
        if self.coarse and rank > 2 and atom in self.chosen:
            return _summed(atom, root, scalars, *_grid(self.chosen[atom]))
        value = np.full(len(hardest), np.nan)
        while True:
            nodes = float(np.prod([float(n) for n in points]))
            if rank > 2 and max(nodes, nodes * len(root) / 10) > MOST_NODES:
                return None
            if nodes > MOST_NODES:
                raise ValueError(
                    f"the average of {atom.function} over signals of standard deviation "
                    f"{float(spread.max()):.3g} does not converge"
                )
            last, before = value, points
            value = _summed(atom, root[hardest], few, *_grid(points))
            if not np.all(np.isfinite(value)):
                raise ValueError(f"the average of {atom.function} is not finite")
            error = np.max(np.abs(value - last), initial=0.0)
            if error <= TOLERANCES[rank] * max(1.0, float(np.max(np.abs(value), initial=0.0))):
                break
            points = tuple(_more(n) for n in points)
        _check_reach(atom, root[hardest], few, points, value)
        known = self.chosen.get(atom, before)
        self.chosen[atom] = tuple(map(max, before, known))
        return _summed(atom, root, scalars, *_grid(before if self.coarse else points))


def _more(points: int) -> int:
    """More points, an odd number in the place of an even one: one of the two meets zero."""
    grown = int(points * 1.3) + 1
    return grown + (grown - points + 1) % 2


def _check_reach(
    atom: Any, root: Array, scalars: Mapping[Symbol, Array], points: tuple[int, ...], value: Array
) -> None:
    """Refuse a function that grows so fast that its average comes from where the rule ends."""
    nodes, weights = _grid(points)
    inside = (nodes**2).sum(0) < 0.8 * HALF**2
    part = _summed(atom, root, scalars, nodes[:, inside], weights[inside])
    if np.max(np.abs(part - value), initial=0.0) > 1e-7 * max(1.0, float(np.max(np.abs(value)))):
        raise ValueError(f"the average of {atom.function} does not exist, or comes from far tails")


def normal_nodes(
    rank: int, points: int, averages: Averages, log_points: int = SOBOL
) -> tuple[Array, Array]:
    """Return nodes of standard normal variables, shape (rank, n), and weights of sum one.

    Parameters
    ----------
    rank : int
        Number of variables.
    points : int
        Points in every direction of the trapezoidal rule; where that is too many, or the rank above
        four, Sobol points are taken.
    averages : Averages
    log_points : int
        Binary logarithm of the number of Sobol points.

    Examples
    --------
    >>> nodes, weights = normal_nodes(1, 30, Averages())
    >>> nodes.shape, round(float(nodes[0] ** 2 @ weights), 12)
    ((1, 30), 1.0)
    """
    if rank == 0:
        return np.empty((0, 1)), np.ones(1)
    points = max(points, FIRST.get(rank, 0))
    if rank > 4 or float(points) ** rank > MOST_NODES:
        averages.sampled = True
        return _sobol(rank, log_points, averages.replicate)
    return _grid((round(points / 1.3) if averages.coarse else points,) * rank)


@lru_cache(maxsize=32)
def _sobol(rank: int, log_points: int, replicate: int) -> tuple[Array, Array]:
    """Standard normal points of one scrambling of the Sobol sequence, and their weights."""
    engine = qmc.Sobol(rank, scramble=True, rng=np.random.default_rng([15, replicate, rank]))
    nodes = ndtri(np.clip(engine.random_base2(log_points), 1e-16, 1 - 1e-16)).T
    return nodes, np.full(nodes.shape[1], 1.0 / nodes.shape[1])


@lru_cache(maxsize=4096)
def _in_determinants(form: Expr) -> tuple[Expr, tuple[tuple[Symbol, tuple[Symbol, ...]], ...]]:
    """A closed form with the angle of each pair of variables in their determinant.

    Nothing is lost then where two signals coincide, whatever rounding makes of their correlation.
    """
    found: list[tuple[Symbol, tuple[Symbol, ...]]] = []
    by_place = {"".join(s.name.split("_")[1:3]): s for s in _entries(form)}
    for cross in _entries(form):
        i, j = cross.name.split("_")[1:3]
        if i == j or i + i not in by_place or j + j not in by_place:
            continue
        ends = (by_place[i + i], by_place[j + j], cross)
        there = dict(zip(ends, (AA, BB, AB), strict=True))
        moved = by_determinant(form.xreplace(there))
        if moved.has(DETERMINANT):
            symbol = Symbol(f"D_{i}_{j}", nonnegative=True)
            back = {b: a for a, b in there.items()}
            form = moved.xreplace({**back, DETERMINANT: symbol})
            found.append((symbol, ends))
    return form, tuple(found)


def _entries(form: Expr) -> list[Symbol]:
    """The entries of covariances in a form."""
    named = (s for s in form.free_symbols if s.name.startswith("S_") and s.name.count("_") == 3)
    return sorted(named, key=str)


def _determinant(one: Array, two: Array, cross: Array) -> Array:
    """K_aa K_bb - K_ab², zero where it is zero up to rounding."""
    product = one * two
    found = product - cross * cross
    return np.where(found < 8e-16 * product, 0.0, found)


def _number(entry: Expr, values: Mapping[Symbol, Array]) -> Array:
    """An entry of a covariance."""
    return np.asarray(values[entry] if entry in values else float(entry), dtype=float)


def _separated(atom: Any) -> tuple[Expr, Expr] | None:
    """The two factors of a product of functions of one variable each."""
    a, b = atom.variables
    factors = Mul.make_args(atom.function)
    if any(f.has(a) and f.has(b) for f in factors):
        return None
    return Mul(*[f for f in factors if not f.has(b)]), Mul(*[f for f in factors if f.has(b)])


def _coefficients(
    f: Expr, z: Symbol, lengths: Array, degree: int, count: int
) -> tuple[Array, Array]:
    """Coefficients in normalised Hermite polynomials, and the root of the rest of ⟨f²⟩."""
    points, weights, basis = _hermite(degree, count)
    function = compiled(f, [z])
    with np.errstate(all="ignore"):
        values = np.asarray(function(np.sqrt(lengths)[:, None] * points), dtype=float)
    values = np.broadcast_to(values, (len(lengths), len(points)))
    found = (values * weights) @ basis
    square = (values**2 * weights) @ np.ones(len(points))
    rest = np.maximum(square - (found**2).sum(1), 0.0)
    return found, np.sqrt(rest + 1e-14 * square)


@lru_cache(maxsize=8)
def _hermite(degree: int, count: int) -> tuple[Array, Array, Array]:
    """Points, Gaussian weights, and normalised Hermite polynomials at the points.

    The weight decays as e^(-u²/2) and a polynomial of degree n oscillates up to 2√n.
    """
    points = np.linspace(-13.0, 13.0, count)
    weights = np.exp(-(points**2) / 2) * (points[1] - points[0]) / np.sqrt(2 * np.pi)
    basis = np.empty((len(points), degree + 1))
    basis[:, 0] = 1.0
    if degree:
        basis[:, 1] = points
    for n in range(1, degree):
        basis[:, n + 1] = (points * basis[:, n] - np.sqrt(n) * basis[:, n - 1]) / np.sqrt(n + 1)
    return points, weights, basis


@lru_cache(maxsize=4)
def _grid(points: tuple[int, ...]) -> tuple[Array, Array]:
    """Nodes, shape (rank, n), and weights of the trapezoidal rule, without those far out."""
    lines = [np.linspace(-HALF, HALF, n) for n in points]
    steps = [2 * HALF / (n - 1) / np.sqrt(2 * np.pi) for n in points]
    nodes = np.stack([part.reshape(-1) for part in np.meshgrid(*lines, indexing="ij")])
    square = (nodes**2).sum(0)
    kept = square < FAR
    return nodes[:, kept], np.prod(steps) * np.exp(-square[kept] / 2)


def _root(covariance: Array) -> Array:
    """A matrix R with R Rᵀ the covariance, entries below zero by rounding taken for zero."""
    eigenvalues, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(eigenvalues, 0.0))[..., None, :])


def _summed(
    atom: Any, root: Array, scalars: Mapping[Symbol, Array], nodes: Array, weights: Array
) -> Array:
    """The average over weighted nodes."""
    function = compiled(atom.function, [*atom.variables, *scalars])
    found = np.zeros(len(root))
    step = max(1, CHUNK // len(weights))
    for start in range(0, len(root), step):
        for first in range(0, len(weights), CHUNK):
            part = slice(first, first + CHUNK)
            z = root[start : start + step] @ nodes[:, part]
            own = [value[start : start + step, None] for value in scalars.values()]
            values = function(*(z[:, i] for i in range(root.shape[-1])), *own)
            found[start : start + step] += np.asarray(values) @ weights[part]
    return found
