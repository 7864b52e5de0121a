"""Fixed points of the flow of a local O(n) potential, cut after a number of couplings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurenorm.graphs.rendering import Tabulated

__all__ = ["PotentialPoint", "fixed_point"]

Array = NDArray[Any]
_TINY = 1e-40  # of the complex steps that differentiate without rounding
_ROUNDS = 100


@dataclass(frozen=True)
class PotentialPoint(Tabulated):
    """A fixed point.

    Parameters
    ----------
    couplings : ndarray
    eigenvalues : ndarray
        Of the flow around it, the largest real part first.
    residue : float
        The largest slope that is left.
    """

    couplings: Array
    eigenvalues: Array
    residue: float


def _product(left: Array, right: Array) -> Array:
    """The product of two power series of one length."""
    return np.asarray(np.convolve(left, right)[: len(left)])


def _logarithm(series: Array) -> Array:
    """ln of a power series: n c_n a_0 = n a_n - Σ_{0<k<n} k c_k a_{n-k}."""
    found = np.zeros(len(series), dtype=complex)
    found[0] = np.log(series[0])
    for n in range(1, len(series)):
        inner = sum(k * found[k] * series[n - k] for k in range(1, n))
        found[n] = (series[n] - inner / n) / series[0]
    return found


def _slope(potential: Array, place: complex, d: float, n: float) -> Array:
    """dU/dl as a power series in ρ - place, from U as one with two more terms."""
    size = len(potential) - 2
    powers = np.arange(len(potential))
    first = (powers * potential)[1:][: size + 1]
    second = (powers * (powers - 1) * potential)[2:][:size]
    first = first[:size]
    rho = np.zeros(size, dtype=complex)
    rho[0] = place
    if size > 1:
        rho[1] = 1
    radial = first + 2 * _product(rho, second)
    radial[0] += 1
    angular = first.copy()
    angular[0] += 1
    flow = d * potential[:size] - (d - 2) * _product(rho, first)
    return np.asarray(flow + _logarithm(radial) / 2 + (n - 1) / 2 * _logarithm(angular))


def _about_zero(couplings: Array, d: float, n: float) -> Array:
    """Slopes of the coefficients of ρ, ρ² …."""
    potential = np.concatenate([[0], couplings, [0, 0]]).astype(complex)
    return _slope(potential, 0, d, n)[1 : len(couplings) + 1]


def _about_minimum(couplings: Array, d: float, n: float) -> Array:
    """Slopes of the place of the minimum and of the second, third … derivative there."""
    place, rest = couplings[0], couplings[1:]
    orders = np.arange(2, len(rest) + 2)
    factorials = np.array([float(factorial(int(k))) for k in orders])
    potential = np.concatenate([[0, 0], rest / factorials, [0, 0]]).astype(complex)
    flow = _slope(potential, place, d, n)
    moved = -flow[1] / rest[0]
    above = np.append(rest[1:], 0)
    return np.concatenate([[moved], flow[2 : len(rest) + 2] * factorials + moved * above])


def _jacobian(flow: Callable[[Array], Array], at: Array) -> Array:
    """Derivatives by complex steps."""
    columns = []
    for i in range(len(at)):
        shifted = at.astype(complex)
        shifted[i] += 1j * _TINY
        columns.append(flow(shifted).imag / _TINY)
    return np.array(columns).T


def _newton(flow: Callable[[Array], Array], start: Array) -> Array | None:
    """Newton's method with halved steps where the slope does not fall; None without a zero."""
    at = start
    size = float(np.max(np.abs(flow(at).real)))
    for _ in range(_ROUNDS):
        try:
            step = np.linalg.solve(_jacobian(flow, at), flow(at).real)
        except np.linalg.LinAlgError:
            return None
        for shrink in 0.5 ** np.arange(12):
            with np.errstate(all="ignore"):
                value = flow(at - shrink * step)
            now = float(np.max(np.abs(value.real))) if np.all(np.isfinite(value)) else np.inf
            if now < size and float(np.max(np.abs(value.imag))) < 1e-12:
                break
        else:
            return at if size < 1e-11 else None
        at, size = at - shrink * step, now
    return at if size < 1e-11 else None


def fixed_point(d: float, n: float, terms: int, about: str) -> PotentialPoint:
    """Return the nontrivial fixed point, followed from two couplings upwards.

    Parameters
    ----------
    d, n : float
        2 < d < 4, and the number of components.
    terms : int
        Couplings, at least 2.
    about : {"zero", "minimum"}

    Raises
    ------
    ValueError
        If the point is lost on the way.

    Examples
    --------
    >>> found = fixed_point(3, 1, 2, "zero")
    >>> found.couplings.round(6).tolist(), found.eigenvalues.round(6).tolist()
    ([-0.142857, 0.081633], [1.896805, -1.230139])
    """
    at: Array | None = None
    for dimension in _path(d):
        at = _followed(dimension, n, terms, about, at)
    if at is None:
        raise ValueError(
            f"the fixed point is lost with {terms} couplings at d = {d}, n = {n}: expand about the "
            "minimum, or keep fewer"
        )
    matrix = _jacobian(lambda x: _FLOWS[about](x, d, n), at)
    values = np.linalg.eigvals(matrix)
    if sum(values.real > 0) != 1 or d - max(values.real) < 1e-9:
        raise ValueError(
            f"with {terms} couplings at d = {d}, n = {n} the point that is found has not one "
            "relevant eigenvalue but several: it is a product of the cut, keep another number"
        )
    residue = float(np.max(np.abs(_FLOWS[about](at, d, n).real)))
    return PotentialPoint(at, values[np.argsort(-values.real)], residue)


def _path(d: float) -> list[float]:
    """The dimensions through which a point below three dimensions is followed."""
    steps = int(np.ceil((3 - d) / 0.05)) if d < 3 else 0
    return [3 + (d - 3) * i / steps for i in range(steps + 1)] if steps else [d]


def _followed(d: float, n: float, terms: int, about: str, known: Array | None) -> Array | None:
    """The point beside a known one, or from two couplings upwards."""

    def flow(couplings: Array) -> Array:
        """The flow at these d and n; about zero without the trivial point."""
        value = _FLOWS[about](couplings, d, n)
        return value if about == "minimum" else value * (1 + (4 - d) ** 2 / (couplings @ couplings))

    if known is not None:
        return _newton(flow, known)
    guesses = (_newton(flow, start) for start in _starts(d, n, about))
    at = next((point for point in guesses if point is not None and _proper(point)), None)
    for _ in range(2, terms):
        at = None if at is None else _newton(flow, np.append(at, 0.0))
    return at


def _starts(d: float, n: float, about: str) -> list[Array]:
    """Two couplings close to those of the lowest order."""
    small = (4 - d) / (n + 8)
    if about == "zero":
        return [np.array([-(n + 2) * small / 4, small])]
    places = ((n + 2) / (2 * (d - 2)), n / (2 * (d - 2)))
    return [np.array([place, scale * small]) for place in places for scale in (1.0, 2.0, 4.0, 8.0)]


def _proper(couplings: Array) -> bool:
    """Whether the point is not the trivial one."""
    return bool(abs(couplings[1]) > 1e-9)


_FLOWS = {"zero": _about_zero, "minimum": _about_minimum}
