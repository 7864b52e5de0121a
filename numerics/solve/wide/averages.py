"""Gaussian averages on arrays of covariances: closed forms compiled, the others by the trapezoidal
rule in standard normal coordinates.

The rule converges exponentially for smooth functions. The number of points is raised by 1.3 on the
hardest entries until two values agree; their difference is the error. Products f(z_a) g(z_b) use
the expansion in Hermite polynomials, whose rest is bounded by Cauchy and Schwarz.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Abs, DiracDelta, Dummy, Expr, Heaviside, Max, Min, Mul, Symbol, sign

import neurenorm.numerics.quadrature  # noqa: F401  (teaches the compiler to average)
from neurenorm.numerics.compile import compiled
from neurenorm.theory.gaussian.expectation import GaussianExpectation

__all__ = ["averaged"]

Array = NDArray[np.float64]
KINKS = (Abs, Max, Min, Heaviside, sign, DiracDelta)
TOLERANCE, LARGEST, HALF = 1e-11, {1: 4000, 2: 400, 3: 90}, 8.5
DEGREES = (48, 160, 400)
CHUNK = 2_000_000


def averaged(expression: Expr, values: Mapping[Symbol, Array]) -> tuple[Array, float]:
    """Return an expression with Gaussian averages at arrays of its symbols, and the error.

    Parameters
    ----------
    expression : sympy.Expr
    values : mapping of Symbol to ndarray
        Arrays that broadcast.

    Returns
    -------
    value : ndarray
    error : float
        The largest absolute error of an average in the expression.

    Raises
    ------
    ValueError
        If an average has more than three dimensions or does not converge.
    """
    known, error, names = dict(values), 0.0, {}
    for atom in sorted(expression.atoms(GaussianExpectation), key=str):
        if atom.function.has(*KINKS) and len(atom.variables) <= 2:
            continue  # the compiler splits at kinks
        names[atom] = Dummy(real=True)
        known[names[atom]], own = _atom(atom, values)
        error = max(error, own)
    rest = expression.xreplace(names)
    symbols = sorted(rest.free_symbols, key=str)
    if not symbols:
        return np.asarray(float(rest)), error
    with np.errstate(all="ignore"):
        found = compiled(rest, symbols)(*(known[s] for s in symbols))
    return np.asarray(found, dtype=float), error


def _atom(atom: Any, values: Mapping[Symbol, Array]) -> tuple[Array, float]:
    """One average on arrays."""
    rank = len(atom.variables)
    if rank > 3:
        raise ValueError(
            f"an expectation of dimension {rank} > 3: put weights between the functions"
        )
    entries = [_number(entry, values) for entry in atom.covariance]
    extra = sorted(atom.function.free_symbols - set(atom.variables), key=str)
    given = [np.asarray(values[symbol], dtype=float) for symbol in extra]
    shape = np.broadcast_shapes(*(entry.shape for entry in (*entries, *given)))
    flat = [np.broadcast_to(entry, shape).reshape(-1) for entry in entries]
    covariance = np.stack(flat, axis=-1).reshape(-1, rank, rank)
    scalars = {x: np.broadcast_to(v, shape).reshape(-1) for x, v in zip(extra, given, strict=True)}
    parts = _separated(atom) if rank == 2 and not extra else None
    found = _by_hermite(parts, atom.variables, covariance) if parts else None
    value, error = found if found is not None else _by_trapezoid(atom, covariance, scalars)
    return value.reshape(shape), error


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


def _by_hermite(
    parts: tuple[Expr, Expr], variables: tuple[Symbol, ...], covariance: Array
) -> tuple[Array, float] | None:
    """Σ_n f_n g_n c^n, None where the rest of the series is not small."""
    lengths, where = [], []
    for k in (0, 1):
        unique, inverse = np.unique(covariance[:, k, k], return_inverse=True)
        lengths.append(unique)
        where.append(inverse.reshape(-1))
    scale = np.sqrt(covariance[:, 0, 0] * covariance[:, 1, 1])
    c = np.divide(covariance[:, 0, 1], scale, out=np.zeros_like(scale), where=scale > 0)
    c = np.clip(c, -1.0, 1.0)
    for degree in DEGREES:
        sides = [_coefficients(parts[k], variables[k], lengths[k], degree) for k in (0, 1)]
        (f, f_rest), (g, g_rest) = sides
        bound = f_rest[where[0]] * g_rest[where[1]] * np.abs(c) ** (degree + 1)
        if np.max(bound, initial=0.0) < TOLERANCE:
            value = np.zeros_like(c)
            for n in range(degree, -1, -1):
                value = value * c + f[where[0], n] * g[where[1], n]
            return value, float(np.max(bound, initial=0.0))
    return None


def _coefficients(f: Expr, z: Symbol, lengths: Array, degree: int) -> tuple[Array, Array]:
    """Coefficients in normalised Hermite polynomials, and the root of the rest of ⟨f²⟩."""
    points, weights, basis = _hermite(degree)
    function = compiled(f, [z])
    with np.errstate(all="ignore"):
        values = np.asarray(function(np.sqrt(lengths)[:, None] * points), dtype=float)
    values = np.broadcast_to(values, (len(lengths), len(points)))
    found = (values * weights) @ basis
    square = (values**2 * weights) @ np.ones(len(points))
    rest = np.maximum(square - (found**2).sum(1), 0.0)
    return found, np.sqrt(rest + 1e-14 * square)


@lru_cache(maxsize=8)
def _hermite(degree: int) -> tuple[Array, Array, Array]:
    """Points, Gaussian weights, and normalised Hermite polynomials at the points.

    The weight decays as e^(-u²/2) and a polynomial of degree n oscillates up to 2√n.
    """
    points = np.linspace(-13.0, 13.0, 2001)
    weights = np.exp(-(points**2) / 2) * (points[1] - points[0]) / np.sqrt(2 * np.pi)
    basis = np.empty((len(points), degree + 1))
    basis[:, 0] = 1.0
    if degree:
        basis[:, 1] = points
    for n in range(1, degree):
        basis[:, n + 1] = (points * basis[:, n] - np.sqrt(n) * basis[:, n - 1]) / np.sqrt(n + 1)
    return points, weights, basis


def _by_trapezoid(
    atom: Any, covariance: Array, scalars: Mapping[Symbol, Array]
) -> tuple[Array, float]:
    """The trapezoidal rule with as many points as the hardest entries need."""
    rank = covariance.shape[-1]
    eigenvalues, vectors = np.linalg.eigh(covariance)
    root = vectors * np.sqrt(np.maximum(eigenvalues, 0.0))[..., None, :]
    hardest = np.argsort(-np.trace(covariance, axis1=-2, axis2=-1))[:24]
    few = {symbol: value[hardest] for symbol, value in scalars.items()}
    points, before = 24, _trapezoid(atom, root[hardest], few, 24)
    while True:
        points = int(points * 1.3) + 1
        if points > LARGEST[rank]:
            raise ValueError(f"the average of {atom.function} does not converge")
        value = _trapezoid(atom, root[hardest], few, points)
        error = float(np.max(np.abs(value - before), initial=0.0))
        if not np.isfinite(error):
            raise ValueError(f"the average of {atom.function} is not finite")
        if error <= TOLERANCE * max(1.0, float(np.max(np.abs(value), initial=0.0))):
            return _trapezoid(atom, root, scalars, points), error
        before = value


def _trapezoid(atom: Any, root: Array, scalars: Mapping[Symbol, Array], points: int) -> Array:
    """The rule with a given number of points in every direction."""
    rank = root.shape[-1]
    line = np.linspace(-HALF, HALF, points)
    weight = np.exp(-(line**2) / 2) * (line[1] - line[0]) / np.sqrt(2 * np.pi)
    nodes = np.array(list(product(line, repeat=rank))).T
    weights = np.array(list(product(weight, repeat=rank))).prod(1)
    function = compiled(atom.function, [*atom.variables, *scalars])
    found = np.empty(len(root))
    step = max(1, CHUNK // len(weights))
    for start in range(0, len(root), step):
        z = root[start : start + step] @ nodes
        own = [value[start : start + step, None] for value in scalars.values()]
        values = function(*(z[:, i] for i in range(rank)), *own)
        found[start : start + step] = np.asarray(values) @ weights
    return found
