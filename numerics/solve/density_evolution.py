"""Density evolution without noise: the law of the cavity fields on a grid, sums of biases by Fourier transform.

The field h of a weight is a sum of k biases and a bias is the combination of the bond with p - 1 fields. A law on the symmetric grid {-n step, …, n step}
is kept by its even part P(a) + P(-a) and its odd part P(a) - P(-a) for a >= 0: a combination of fields multiplies signs, so even and odd parts combine
separately, while sizes combine through a table with linear splitting between two grid points (error of the order of step squared).

Two ways to solve: iterate at a given degree c from a start, or hold the overlap q fixed and let c adjust. The second has no critical slowing down and
follows the branch through its end, so the end c_d is the smallest c along it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from sympy import Expr, I, Symbol, expand_complex

from numerics.compile import compiled
from theory.path_ensemble import PathEnsemble
from theory.symbols import symbols

__all__ = ["BranchPoint", "DensityEvolution", "GridTooSmall"]

Array = NDArray[np.float64]
PATHS = symbols("active-paths")
_REAL, _IMAGINARY = Symbol("z_re", real=True), Symbol("z_im", real=True)
COARSEST = 0.2
MOST_ITERATIONS = 4000
MOST_POINTS = 2500
COLDEST = 17.0


class GridTooSmall(ValueError):
    """A grid that cannot hold the law of the fields to the accuracy that is asked for."""


@dataclass(frozen=True)
class BranchPoint:
    """A solution of density evolution.

    Parameters
    ----------
    c, T : float
        Degree and temperature.
    q : float
        Mean square of the magnetisation.
    m : float
        Mean of the magnetisation (overlap with the hidden configuration).
    gap : float
        ln Z per weight above that of the paramagnet, nats.
    energy, entropy : float
        Per remaining weight; entropy in nats.
    converged : bool
    iterations : int
    residual : float
        Last change of the law (total variation) or, at fixed overlap, of the degree.
    path_gain : float
        Mean of ln(1 + t J prod m) over paths: the derivative of the gap by alpha = c/p on a planted branch.
    law : pair of ndarray
        Even and odd part of the law of the cavity fields on the grid.

    Notes
    -----
    A negative entropy marks a solution that cannot describe binary weights; see `physical`.
    """

    c: float
    T: float
    q: float
    m: float
    gap: float
    energy: float
    entropy: float
    converged: bool
    iterations: int
    residual: float
    path_gain: float
    law: tuple[Array, Array] = field(repr=False, compare=False)

    @property
    def physical(self) -> bool:
        """Whether the entropy is not negative: a negative one needs a breaking of replica symmetry."""
        return self.entropy >= 0

    def __str__(self) -> str:
        state = "converged" if self.converged else "NOT converged"
        flag = "" if self.physical else "; entropy negative: unphysical"
        return f"q = {self.q:.6g}, gap = {self.gap:.6g} at c = {self.c:.6g}, T = {self.T:.6g} ({state} after {self.iterations} iterations{flag})"


class DensityEvolution:
    """Density evolution of one ensemble at one temperature.

    Parameters
    ----------
    ensemble : PathEnsemble
        The derived expressions.
    T : float
        Temperature, positive.
    step : float
        Largest grid step of the fields; the bias of a bare path is a grid point.
    largest_degree : float
        Largest mean degree that will be asked for.

    Raises
    ------
    ValueError
        If the temperature is not positive or below 1/17; T = 0 has a closed form (see `theory.frozen_paths`).
    GridTooSmall
        If the step is so coarse that a bias spans fewer than four grid points, or the temperature so high that the grid would take too many.

    Examples
    --------
    >>> from theory.path_ensemble import path_ensemble
    >>> point = DensityEvolution(path_ensemble(3), T=0.5).solve(4.0)
    >>> round(point.q, 3), round(point.gap, 4)
    (0.96, 0.1391)
    """

    def __init__(self, ensemble: PathEnsemble, T: float, step: float = 0.04, largest_degree: float = 40.0) -> None:
        if not (math.isfinite(T) and T > 0):
            raise ValueError(f"density evolution needs a positive temperature, got {T}; T = 0 has its own closed form (active-paths/zero-temperature)")
        beta = 1 / T
        if beta > COLDEST:
            raise ValueError(f"T = {T:g} is too cold for double precision (below 1/{COLDEST:g}); T = 0 has a closed form that differs by about exp(-2/T)")
        if not 0 < step <= min(COARSEST, beta / 4):
            raise GridTooSmall(f"a grid step of {step} cannot resolve biases up to {beta:.3g}: take at most {min(COARSEST, beta / 4):.3g}")
        self.ensemble, self.T, self.beta = ensemble, T, beta
        self.bias_points = math.ceil(beta / step)
        self.step = beta / self.bias_points
        self.points = math.ceil(max(9.0, beta + 5.0) / self.step)
        if self.points > MOST_POINTS:
            raise GridTooSmall(f"T = {T:g} at a step of {self.step:.3g} takes {self.points} grid points, more than {MOST_POINTS}; take a lower temperature")
        self.size = _transform_size(self.bias_points, largest_degree)
        self.largest_degree = largest_degree
        self.t = math.tanh(beta)
        self.coupling_mean = float(compiled(ensemble.coupling_mean, [PATHS.t])(self.t))
        self._prepare()

    def _prepare(self) -> None:
        """Tabulate what does not change: the combination of two fields, and the functions that are averaged."""
        fields = np.arange(self.points + 1) * self.step
        self.pairs = _pair_table(self.ensemble.bias, self.step, self.points)
        sent = compiled(self.ensemble.bias, [PATHS.u, PATHS.h])(self.beta, fields)
        self.sending = _split(sent / self.step, self.bias_points)
        wide = np.arange(self.size // 2 + 1) * self.step
        self.square = np.tanh(wide) ** 2
        self.site_gain = compiled(self.ensemble.site_gain, [PATHS.h])(wide)
        self.message_gain = compiled(self.ensemble.message_gain, [PATHS.u])(fields[: self.bias_points + 1])
        both = compiled([self.ensemble.path_gain, self.ensemble.path_energy], [PATHS.t, PATHS.y])
        self.path_at = [(p, m) for p, m in zip(both(self.t, np.tanh(fields)), both(self.t, -np.tanh(fields)), strict=True)]
        self.transform = _generating(self.ensemble.law.residual)
        self.full_transform = _generating(self.ensemble.law.generating)
        self.square_transform = np.fft.rfft(_circular(self.square, np.zeros_like(self.square), self.size, double=True)).real
        counts = [self.ensemble.message_count, self.ensemble.path_count, self.ensemble.energy_count]
        self.counts = compiled(counts, [PATHS.c])

    def start(self, size: float = math.inf) -> tuple[Array, Array]:
        """Return the law of a field of the given size: certain weights by default.

        With biased or ferromagnetic couplings the field is positive, in the glass its sign is fair.
        """
        even, odd = np.zeros(self.points + 1), np.zeros(self.points + 1)
        place = self.points if math.isinf(size) else min(round(size / self.step), self.points)
        even[place] = 1.0
        if self.coupling_mean > 0 and place:
            odd[place] = 1.0
        return even, odd

    def product(self, laws: Sequence[tuple[Array, Array]]) -> tuple[Array, Array]:
        """Return the law of the combination of independent fields: its hyperbolic tangent is the product of theirs."""
        even, odd = laws[0]
        for other in laws[1:]:
            even, odd = _combine(self.pairs, even, other[0]), _combine(self.pairs, odd, other[1]) if odd.any() else odd
        return even, odd

    def sent(self, together: tuple[Array, Array]) -> tuple[Array, Array]:
        """Return the law of the bias that a path sends when its other weights combine to a law of fields."""
        even, odd = together
        return _apply(self.sending, even, self.bias_points), _apply(self.sending, odd * self.coupling_mean, self.bias_points)

    def biases(self, fields: tuple[Array, Array]) -> tuple[Array, Array]:
        """Return the law of the bias that a path sends, from that of the fields."""
        return self.sent(self.product([fields] * (self.ensemble.p - 1)))

    def site_mean(self, wide: tuple[Array, Array]) -> float:
        """Return the mean site gain under a law of fields."""
        return float(wide[0] @ self.site_gain)

    def message_mean(self, biases: tuple[Array, Array]) -> float:
        """Return the mean message gain under a law of biases."""
        return float(biases[0] @ self.message_gain)

    def path_means(self, together: tuple[Array, Array]) -> tuple[float, float]:
        """Return the mean gain and the mean energy of a path whose weights combine to a law of fields."""
        signed = (together[0], together[1] * self.coupling_mean)
        gain, energy = (_mean(signed, at) for at in self.path_at)
        return gain, energy

    def spectrum(self, biases: tuple[Array, Array]) -> NDArray[np.complex128]:
        """Return the characteristic function of a bias."""
        even, odd = (np.concatenate([part, np.zeros(self.size // 2 - self.bias_points)]) for part in biases)
        return np.fft.rfft(_circular(even, odd, self.size))

    def fields(self, spectrum: NDArray[np.complex128], c: float, *, full: bool = False) -> tuple[Array, Array]:
        """Return the law of the sum of a random number of biases, on the wide grid."""
        values = (self.full_transform if full else self.transform)(spectrum, c)[0]
        density = np.fft.irfft(values, self.size)
        half = self.size // 2
        positive, negative = density[: half + 1], np.concatenate([density[:1], density[: half - 1 : -1]])
        even, odd = positive + negative, positive - negative
        even[0], odd[0] = density[0], 0.0
        return np.maximum(even, 0.0), odd

    def clipped(self, wide: tuple[Array, Array]) -> tuple[Array, Array]:
        """Return a law of fields with everything beyond the grid put on its last point, and of total weight one (an error in it would grow)."""
        cut = []
        for part in wide:
            short = part[: self.points + 1].copy()
            short[-1] += part[self.points + 1 :].sum()
            cut.append(short)
        total = float(cut[0].sum())
        return cut[0] / total, cut[1] / total

    def solve(
        self, c: float, *, start: float = math.inf, tolerance: float = 1e-11, most: int = MOST_ITERATIONS, law: tuple[Array, Array] | None = None
    ) -> BranchPoint:
        """Iterate at a given degree from fields of one size until the law stays.

        Parameters
        ----------
        c : float
            Mean degree.
        start : float
            Size of the first fields: infinite for the polarised branch, small for the paramagnet.
        tolerance : float
            Largest total variation between two laws in a row.
        most : int
            Iterations after which the state is returned as not converged.
        law : pair of arrays, optional
            A law to go on from.

        Returns
        -------
        BranchPoint
            With ``converged`` false and what was reached where the law did not settle.
        """
        self._check_degree(c)
        current = law if law is not None else self.start(start)
        change, count = math.inf, 0
        while change > tolerance and count < most:
            fresh = self.clipped(self.fields(self.spectrum(self.biases(current)), c))
            change = float(np.abs(fresh[0] - current[0]).sum() + np.abs(fresh[1] - current[1]).sum())
            current, count = fresh, count + 1
        return self._point(current, c, change <= tolerance, count, change)

    def at_overlap(self, q: float, *, near: BranchPoint | None = None, tolerance: float = 1e-8, most: int = MOST_ITERATIONS) -> BranchPoint:
        """Find the degree at which a solution has the overlap q, by letting the degree adjust in every iteration.

        Parameters
        ----------
        q : float
            Overlap, between 0 and 1.
        near : BranchPoint, optional
            A solution at a similar overlap to begin with.
        """
        if not 0 < q < 1:
            raise ValueError(f"an overlap on a branch lies strictly between 0 and 1, got {q}")
        current, c = (near.law, near.c) if near is not None else (self.start(math.atanh(math.sqrt(q))), float(self.ensemble.p))
        change, count = math.inf, 0
        while change > tolerance and count < most:
            spectrum = self.spectrum(self.biases(current))
            fresh = self._degree_for(spectrum, q, c)
            change, c, count = abs(fresh - c), fresh, count + 1
            current = self.clipped(self.fields(spectrum, c))
        return self._point(current, c, change <= tolerance, count, change)

    def _degree_for(self, spectrum: NDArray[np.complex128], q: float, c: float) -> float:
        """Solve for the degree at which the sum of biases has the overlap q (safeguarded Newton steps)."""
        for _ in range(60):
            value, slope = self.transform(spectrum, c)
            miss = self._mean_square(value) - q
            rate = self._mean_square(slope)
            if rate <= 0:
                raise ValueError(f"no degree below {self.largest_degree:g} gives the overlap {q}: the law does not sharpen with more paths")
            fresh = min(max(c - miss / rate, 0.3 * c), 3 * c + 0.1, self.largest_degree)
            if abs(fresh - c) < 1e-13 * c:
                return fresh
            c = fresh
        return c

    def _mean_square(self, values: NDArray[np.complex128]) -> float:
        """Return the mean of tanh(h)^2 from the characteristic function of h (Parseval)."""
        products = self.square_transform * values.real
        return float((2 * products.sum() - products[0] - products[-1]) / self.size)

    def _point(self, law: tuple[Array, Array], c: float, converged: bool, count: int, change: float) -> BranchPoint:
        """Return the order parameters and the free energy of a law of fields."""
        biases = self.biases(law)
        wide = self.fields(self.spectrum(biases), c, full=True)
        messages, paths, energies = (float(value) for value in self.counts(c))
        gain, energy = self.path_means(self.product([law] * self.ensemble.p))
        gap = self.site_mean(wide) + messages * self.message_mean(biases) - paths * gain
        phi = math.log(2) + energies * math.log(math.cosh(self.beta)) + gap
        mean = float(wide[1] @ np.tanh(np.arange(len(wide[1])) * self.step))
        q = float(wide[0] @ self.square)
        return BranchPoint(c, self.T, q, mean, gap, energies * energy, phi + self.beta * energies * energy, converged, count, change, gain, law)

    def _check_degree(self, c: float) -> None:
        """Refuse a degree that is negative or too large for the grid."""
        if not (math.isfinite(c) and c >= 0):
            raise ValueError(f"the mean degree c must be zero or positive, got {c}")
        if c > self.largest_degree:
            raise GridTooSmall(f"the grid holds sums of biases up to a mean degree of {self.largest_degree:g}; give largest_degree={c:g}")


def _transform_size(bias_points: int, degree: float) -> int:
    """Return a power of two that holds the sum of as many biases as occur with a probability above 1e-14."""
    most = degree + 8 * math.sqrt(degree) + 12
    return 1 << math.ceil(math.log2(2 * bias_points * most))


def _circular(even: Array, odd: Array, size: int, *, double: bool = False) -> Array:
    """Return a law (or, doubled, a function of the size of the field) as an array over the circle of grid points."""
    array = np.zeros(size)
    array[: size // 2 + 1] = (even + odd) / 2
    array[: size // 2 : -1] = ((even - odd) / 2)[1:-1]
    array[0] = even[0]
    if double:
        array[1:] *= 2
    return array


def _split(positions: Array, last: int) -> tuple[NDArray[np.int64], Array]:
    """Return the grid point below each position and the share of the point above it."""
    clipped = np.clip(positions, 0, last)
    below = np.minimum(clipped.astype(np.int64), last - 1)
    return below, clipped - below


@lru_cache(maxsize=16)
def _pair_table(bias: Expr, step: float, points: int) -> tuple[NDArray[np.int64], Array]:
    """Tabulate the combination of every two sizes of fields."""
    fields = np.arange(points + 1) * step
    together = compiled(bias, [PATHS.u, PATHS.h])(fields[:, None], fields[None, :])
    return _split(together / step, points)


def _combine(pairs: tuple[NDArray[np.int64], Array], first: Array, second: Array) -> Array:
    """Return the even (or odd) part of the law of the combination of two fields."""
    below, above = pairs
    weights = np.multiply.outer(first, second)
    upper = weights * above
    size = len(first)
    total = np.bincount(below.ravel(), weights=(weights - upper).ravel(), minlength=size + 1)
    total[1:] += np.bincount(below.ravel(), weights=upper.ravel(), minlength=size + 1)[:-1]
    return np.asarray(total[:size], dtype=np.float64)


def _apply(table: tuple[NDArray[np.int64], Array], part: Array, last: int) -> Array:
    """Move the weight of each grid point to where a function takes it."""
    below, above = table
    total = np.bincount(below, weights=part * (1 - above), minlength=last + 2)
    total[1:] += np.bincount(below, weights=part * above, minlength=last + 2)[:-1]
    return np.asarray(total[: last + 1], dtype=np.float64)


def _mean(law: tuple[Array, Array], at: tuple[Array, Array]) -> float:
    """Return the mean of a function given at plus and at minus the grid points."""
    plus, minus = at
    return float(law[0] @ (plus + minus) + law[1] @ (plus - minus)) / 2


@lru_cache(maxsize=16)
def _generating(expression: Expr) -> Callable[[NDArray[np.complex128], float], tuple[NDArray[np.complex128], NDArray[np.complex128]]]:
    """Compile a generating function at complex arguments, with its derivative by c, through their real and imaginary parts."""
    parts = []
    for formula in (expression, expression.diff(PATHS.c)):
        parts += expand_complex(formula.subs(PATHS.z, _REAL + I * _IMAGINARY)).as_real_imag()
    function = compiled(parts, [_REAL, _IMAGINARY, PATHS.c])

    def evaluate(z: NDArray[np.complex128], c: float) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
        """Value and derivative."""
        value = function(z.real, z.imag, c)
        return value[0] + 1j * value[1], value[2] + 1j * value[3]

    return evaluate
