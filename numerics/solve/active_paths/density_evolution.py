"""Density evolution without noise: the law of the cavity fields on a grid, sums of biases by
Fourier transform.

The field h of a weight is a sum of k biases and a bias is the combination of the bond with p - 1
fields. A law is kept by its even and its odd part
(`neurenorm.numerics.solve.active_paths.field_grid`): a combination of fields multiplies signs, so
even and odd parts combine separately, while sizes combine through a table whose error falls with
the fourth power of the grid step. Couplings of random size are averaged once, where the table of
the biases is made.

Two ways to solve: iterate at a given degree c from a start, or hold the overlap q fixed and let c
adjust. The second has no critical slowing down and follows the branch through its end, so the end
c_d is the smallest c along it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sympy import Expr

from neurenorm.numerics.compile import compiled
from neurenorm.numerics.solve.active_paths.branch_point import BranchPoint, GridTooSmall
from neurenorm.numerics.solve.active_paths.coupling_quadrature import coupling_nodes
from neurenorm.numerics.solve.active_paths.field_grid import (
    Law,
    circular,
    combined,
    generating,
    pair_table,
    shared_out,
    transform_size,
)
from neurenorm.theory.active_paths.ensemble import PathEnsemble
from neurenorm.theory.symbols import symbols

__all__ = ["BranchPoint", "DensityEvolution", "GridTooSmall"]

Array = NDArray[np.float64]
PATHS = symbols("active-paths")
COARSEST = 0.2
MOST_ITERATIONS = 4000
MOST_POINTS = 900
MOST_TRANSFORMED = 1 << 20
COLDEST = 17.0
LARGEST_FIELD = 18.0


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
        If the temperature is not positive or below 1/17; T = 0 has a closed form (see
        `neurenorm.theory.active_paths.zero_temperature`).
    GridTooSmall
        If the step is coarser than a bias, or the temperature or the degree so high that the grid
        would take too many points.

    Examples
    --------
    >>> from neurenorm.theory.active_paths.ensemble import path_ensemble
    >>> point = DensityEvolution(path_ensemble(3), T=0.5).solve(4.0)
    >>> round(point.q, 3), round(point.gap, 4)
    (0.96, 0.1391)
    """

    def __init__(
        self, ensemble: PathEnsemble, T: float, step: float = 0.04, largest_degree: float = 40.0
    ) -> None:
        if not (math.isfinite(T) and T > 0):
            raise ValueError(
                f"density evolution needs a positive temperature, got {T}; T = 0 has its own "
                "closed form (active-paths/zero-temperature)"
            )
        beta = 1 / T
        self.sizes, self.shares = coupling_nodes(ensemble.sizes, beta)
        self.strengths = np.minimum(
            beta * self.sizes, LARGEST_FIELD
        )  # a stronger path cannot be told from a hard constraint
        self.t = np.tanh(self.strengths)
        self.signs = np.broadcast_to(
            compiled(ensemble.coupling_mean, [PATHS.t])(self.t), self.t.shape
        )
        self.coupling_mean = float(self.shares @ self.signs)
        strongest = (
            beta if self.coupling_mean > 0 else beta * float(self.sizes.max())
        )  # with biased signs, wrong ones have the probability exp(-2 |J|/T)
        if strongest > COLDEST:
            raise ValueError(
                f"T = {T:g} is too cold for double precision (below "
                f"{T * strongest / COLDEST:.3g}); T = 0 has forms of its own"
            )
        if not 0 < step <= min(COARSEST, beta):
            raise GridTooSmall(
                f"a grid step of {step} cannot resolve biases of size {beta:.3g}: take at most "
                f"{min(COARSEST, beta):.3g}"
            )
        self.ensemble, self.T, self.beta = ensemble, T, beta
        self.step = beta / math.ceil(beta / step)
        self.points = math.ceil(max(9.0, strongest + 5.0) / self.step)
        if self.points > MOST_POINTS:
            raise GridTooSmall(
                f"T = {T:g} at a step of {self.step:.3g} takes {self.points} grid points, more "
                f"than {MOST_POINTS}; take a coarser step"
            )
        self.bias_points = math.ceil(float(self.strengths.max()) / self.step) + 2
        self.size = transform_size(self.bias_points, largest_degree)
        if self.size > MOST_TRANSFORMED:
            raise GridTooSmall(
                f"sums of about {largest_degree:g} biases take {self.size} grid points, above "
                f"{MOST_TRANSFORMED}; take a smaller mean degree"
            )
        self.largest_degree = largest_degree
        self._prepare()

    def _prepare(self) -> None:
        """Tabulate what does not change: the combination of two fields, the biases they make, and
        the functions that are averaged.
        """
        fields = np.asarray(np.arange(self.points + 1) * self.step, dtype=np.float64)
        self.pairs = pair_table(self.ensemble.bias, self.step, self.points)
        bias = compiled(self.ensemble.bias, [PATHS.u, PATHS.h])
        sent = [
            shared_out(bias(strength, fields) / self.step, self.bias_points + 1)
            for strength in self.strengths
        ]
        rows = [
            table.scaled(share, share * sign)
            for table, share, sign in zip(sent, self.shares, self.signs, strict=True)
        ]
        self.sending = sum(rows[1:], start=rows[0])
        wide = np.arange(self.size // 2 + 1) * self.step
        self.square = np.tanh(wide) ** 2
        self.site_gain = compiled(self.ensemble.site_gain, [PATHS.h])(wide)
        self.message_gain = compiled(self.ensemble.message_gain, [PATHS.u])(
            wide[: self.bias_points + 1]
        )
        self.path_at = [
            self._averaged(expression, fields)
            for expression in (self.ensemble.path_gain, self.ensemble.path_energy)
        ]
        self.free_path = float(
            self.shares @ compiled(self.ensemble.free_path, [PATHS.K])(self.beta * self.sizes)
        )
        self.transform = generating(self.ensemble.law.residual)
        self.full_transform = generating(self.ensemble.law.generating)
        doubled = circular((self.square, np.zeros_like(self.square)), self.size)
        doubled[1:] *= 2
        self.square_transform = np.fft.rfft(doubled).real
        counts = [self.ensemble.message_count, self.ensemble.path_count, self.ensemble.energy_count]
        self.counts = compiled(counts, [PATHS.c])

    def _averaged(self, expression: Expr, fields: Array) -> Law:
        """Return what even and odd part of the combined law are multiplied with to average a
        function of a path over its coupling.
        """
        function = compiled(expression, [PATHS.J, PATHS.t, PATHS.y])
        J, t = self.sizes[:, None], self.t[:, None]
        plus, minus = (function(J, t, sign * np.tanh(fields)) for sign in (1, -1))
        return self.shares @ (plus + minus) / 2, (self.shares * self.signs) @ (plus - minus) / 2

    def start(self, size: float = math.inf) -> Law:
        """Return the law of a field of the given size: certain weights by default.

        With biased or ferromagnetic couplings the field is positive, in the glass its sign is fair.
        """
        even, odd = np.zeros(self.points + 1), np.zeros(self.points + 1)
        place = self.points if math.isinf(size) else min(round(size / self.step), self.points)
        even[place] = 1.0
        if self.coupling_mean > 0 and place:
            odd[place] = 1.0
        return even, odd

    def product(self, laws: Sequence[Law]) -> Law:
        """Return the law of the combination of independent fields: its hyperbolic tangent is the
        product of theirs.
        """
        together = laws[0]
        for other in laws[1:]:
            together = combined(self.pairs, together, other)
        return together

    def sent(self, together: Law) -> Law:
        """Return the law of the bias that a path sends when its other weights combine to a law of
        fields.
        """
        return self.sending(together)

    def biases(self, fields: Law) -> Law:
        """Return the law of the bias that a path sends, from that of the fields."""
        return self.sent(self.product([fields] * (self.ensemble.p - 1)))

    def site_mean(self, wide: Law) -> float:
        """Return the mean site gain under a law of fields."""
        return float(wide[0] @ self.site_gain)

    def message_mean(self, biases: Law) -> float:
        """Return the mean message gain under a law of biases."""
        return float(biases[0] @ self.message_gain)

    def path_means(self, together: Law) -> tuple[float, float]:
        """Return the mean gain and the mean energy of a path whose weights combine to a law of
        fields.
        """
        gain, energy = (float(together[0] @ even + together[1] @ odd) for even, odd in self.path_at)
        return gain, energy

    def spectrum(self, biases: Law) -> NDArray[np.complex128]:
        """Return the characteristic function of a bias."""
        return np.fft.rfft(circular(biases, self.size))

    def fields(self, spectrum: NDArray[np.complex128], c: float, *, full: bool = False) -> Law:
        """Return the law of the sum of a random number of biases, on the wide grid."""
        values = (self.full_transform if full else self.transform)(spectrum, c)[0]
        density = np.fft.irfft(values, self.size)
        half = self.size // 2
        positive, negative = (
            density[: half + 1],
            np.concatenate([density[:1], density[: half - 1 : -1]]),
        )
        even, odd = positive + negative, positive - negative
        even[0], odd[0] = density[0], 0.0
        return even, odd

    def clipped(self, wide: Law) -> Law:
        """Return a law of fields with everything beyond the grid put on its last point, and of
        total weight one (an error in it would grow).

        With planted couplings the hidden weights are a sample like any other (the Nishimori
        identity P(-h) = exp(-2h) P(h)), so that the odd part is tanh h times the even one; held to
        that, the iteration cannot drift to the solution without a mean magnetisation.
        """
        cut = []
        for part in wide:
            short = part[: self.points + 1].copy()
            short[-1] += part[self.points + 1 :].sum()
            cut.append(short)
        if self.ensemble.disorder == "planted":
            cut[1] = np.tanh(np.arange(self.points + 1) * self.step) * cut[0]
        total = float(cut[0].sum())
        return cut[0] / total, cut[1] / total

    def solve(
        self,
        c: float,
        *,
        start: float = math.inf,
        tolerance: float = 1e-11,
        most: int = MOST_ITERATIONS,
        law: Law | None = None,
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
            change = float(
                np.abs(fresh[0] - current[0]).sum() + np.abs(fresh[1] - current[1]).sum()
            )
            current, count = fresh, count + 1
        return self._point(current, c, change <= tolerance, count, change)

    def at_overlap(
        self,
        q: float,
        *,
        near: BranchPoint | None = None,
        tolerance: float = 1e-8,
        most: int = MOST_ITERATIONS,
    ) -> BranchPoint:
        """Find the degree at which a solution has the overlap q, by letting the degree adjust in
        every iteration.

        Parameters
        ----------
        q : float
            Overlap, between 0 and 1.
        near : BranchPoint, optional
            A solution at a similar overlap to begin with.

        Raises
        ------
        GridTooSmall
            If the degree is larger than the grid holds.
        """
        if not 0 < q < 1:
            raise ValueError(f"an overlap on a branch lies strictly between 0 and 1, got {q}")
        current, c = (
            (near.law, near.c)
            if near is not None
            else (self.start(math.atanh(math.sqrt(q))), float(self.ensemble.p))
        )
        change, count = math.inf, 0
        while change > tolerance and count < most:
            spectrum = self.spectrum(self.biases(current))
            fresh = self._degree_for(spectrum, q, c)
            change, c, count = abs(fresh - c), fresh, count + 1
            current = self.clipped(self.fields(spectrum, c))
        if c >= self.largest_degree:
            raise GridTooSmall(
                f"the overlap {q:.6g} takes a mean degree above {self.largest_degree:g}, the "
                "largest of this grid: give a larger largest_degree"
            )
        return self._point(current, c, change <= tolerance, count, change)

    def _degree_for(self, spectrum: NDArray[np.complex128], q: float, c: float) -> float:
        """Solve for the degree at which the sum of biases has the overlap q (safeguarded Newton
        steps).
        """
        for _ in range(60):
            value, slope = self.transform(spectrum, c)
            miss = self._mean_square(value) - q
            rate = self._mean_square(slope)
            if rate <= 0:
                raise GridTooSmall(
                    f"no degree up to {self.largest_degree:g} gives the overlap {q:.6g}: give a "
                    "larger largest_degree"
                )
            fresh = min(max(c - miss / rate, 0.3 * c), 3 * c + 0.1, self.largest_degree)
            if abs(fresh - c) < 1e-13 * c:
                return fresh
            c = fresh
        return c

    def _mean_square(self, values: NDArray[np.complex128]) -> float:
        """Return the mean of tanh(h)^2 from the characteristic function of h (Parseval)."""
        products = self.square_transform * values.real
        return float((2 * products.sum() - products[0] - products[-1]) / self.size)

    def _point(self, law: Law, c: float, converged: bool, count: int, change: float) -> BranchPoint:
        """Return the order parameters and the free energy of a law of fields."""
        biases = self.biases(law)
        wide = self.fields(self.spectrum(biases), c, full=True)
        messages, paths, energies = (float(value) for value in self.counts(c))
        gain, energy = self.path_means(self.product([law] * self.ensemble.p))
        gap = self.site_mean(wide) + messages * self.message_mean(biases) - paths * gain
        phi = math.log(2) + energies * self.free_path + gap
        mean = float(wide[1] @ np.tanh(np.arange(len(wide[1])) * self.step))
        q = min(float(wide[0] @ self.square), 1.0)
        return BranchPoint(
            c,
            self.T,
            q,
            mean,
            gap,
            energies * energy,
            phi + self.beta * energies * energy,
            converged,
            count,
            change,
            gain,
            law,
        )

    def _check_degree(self, c: float) -> None:
        """Refuse a degree that is negative or too large for the grid."""
        if not (math.isfinite(c) and c >= 0):
            raise ValueError(f"the mean degree c must be zero or positive, got {c}")
        if c > self.largest_degree:
            raise GridTooSmall(
                f"the grid holds sums of biases up to a mean degree of {self.largest_degree:g}; "
                f"give largest_degree={c:g}"
            )
