"""The partition function of a chain of real neurons with Gaussian weights, sharp or softened, by
averages from the output back.

F_M(h) = exp(-beta (y - h)²), and layer by layer F_m(h) = ⟨G_(m+1)(phi(w h))⟩ over w ~ N(0,
variance), where G_m is F_m smoothed with the variance 1/(2 alpha) of the rule (at m = M in closed
form). F depends on |h| alone, since the weights are symmetric. Functions of a neuron are held as
Chebyshev series in arsinh h, which reaches the large values that unbounded activations produce;
each layer costs one Gaussian average for every node, so the cost is linear in the depth.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct
from scipy.optimize import brentq

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.quadrature import line_average
from neurenorm.theory.dynamic_neurons.stiffness import SmearedChain, output_identity

__all__ = ["ChainValue", "smeared_partition_function"]

Array = NDArray[np.float64]
Function = Callable[[Array], Array]
REACH = 10.0  # standard deviations beyond which a Gaussian is negligible
LARGEST = 1e14  # beyond this the series in arsinh h do not resolve what happens around one
FEWEST, MOST = 48, 1536
PANELS = 6


@dataclass(frozen=True)
class ChainValue(Tabulated):
    """A partition function and its estimated error.

    Parameters
    ----------
    value, error : float
        The error compares two resolutions.
    """

    value: float
    error: float


def smeared_partition_function(
    problem: SmearedChain,
    x: float,
    y: float,
    beta: float,
    alpha: float = math.inf,
    prior_variance: float = 1.0,
) -> ChainValue:
    """Return Z of one datum, one neuron per layer, no bias, weights N(0, prior_variance).

    Parameters
    ----------
    problem : SmearedChain
        Activation and number of layers.
    x, y : float
        Input and target.
    beta : float
        Inverse temperature of the cost.
    alpha : float
        Stiffness of the rules; infinite for sharp ones.
    prior_variance : float
        Positive and finite.

    Raises
    ------
    ValueError
        If a number is out of range or the neurons grow beyond 1e150.

    Examples
    --------
    >>> from neurenorm.theory.dynamic_neurons.stiffness import smeared_chain
    >>> round(smeared_partition_function(smeared_chain("tanh", 2), 1.0, 0.5, 2.0).value, 9)
    0.562116086
    """
    _check(alpha, beta, prior_variance, x, y)
    chain = _Chain(problem, beta, y, alpha, math.sqrt(prior_variance))
    value, finer = (chain.partition(x, tolerance) for tolerance in (1e-11, 1e-13))
    return ChainValue(finer, abs(value - finer) + 1e-13)


def _check(alpha: float, beta: float, variance: float, x: float, y: float) -> None:
    """Refuse numbers that make no chain."""
    if not alpha > 0:
        raise ValueError(f"the stiffness alpha must be positive (inf for sharp rules), got {alpha}")
    if not (math.isfinite(variance) and variance > 0):
        raise ValueError(
            "the weights need a prior of positive finite variance: without one the sum over "
            f"weights diverges; got prior_variance = {variance}"
        )
    if not (math.isfinite(beta) and beta >= 0):
        raise ValueError(f"the inverse temperature beta must not be negative, got {beta}")
    if not (math.isfinite(x) and math.isfinite(y)):
        raise ValueError(f"x and y must be finite numbers, got {x} and {y}")


class _Chain:
    """One chain with its numbers."""

    def __init__(
        self, problem: SmearedChain, beta: float, y: float, alpha: float, deviation: float
    ) -> None:
        self.phi: Function = compiled(problem.activation.expression, [problem.activation.variable])
        self.layers, self.y, self.deviation = problem.layers, y, deviation
        self.spread = 0.0 if math.isinf(alpha) else math.sqrt(0.5 / alpha)
        self.beta, self.scale = (beta, 1.0) if math.isinf(alpha) else _softened_output(alpha, beta)
        self.kinks = [float(k) for k in problem.activation.kinks]

    def partition(self, x: float, tolerance: float) -> float:
        """F_0 at the input."""
        reaches = self.reaches(abs(x))
        smooth: Function = self.output
        for m in range(self.layers - 1, 0, -1):
            average = self.averaged(smooth, tolerance)
            series = _Series(average, 0.0, reaches[m] + REACH * self.spread, tolerance)
            smooth = self.smoothed(series, average(np.zeros(1)), reaches[m], tolerance)
        return float(self.averaged(smooth, tolerance)(np.array([abs(x)]))[0])

    def output(self, h: Array) -> Array:
        """G_M: the cost, with the output neuron integrated out."""
        return self.scale * np.exp(-self.beta * (self.y - h) ** 2)

    def averaged(self, smooth: Function, tolerance: float) -> Function:
        """F(h) = ⟨G(phi(w h))⟩; at h = 0 exactly it is G(phi(0)), which a jump of phi at zero sets
        apart from its neighbourhood.
        """
        zeros, at_zero = self.zeros(), smooth(self.phi(np.zeros(1)))

        def function(h: Array) -> Array:
            """The average for an array of |h|."""
            return np.where(
                h == 0,
                at_zero,
                line_average(
                    lambda z: smooth(self.phi(z)), (self.deviation * h) ** 2, zeros, tolerance
                ).value,
            )

        return function

    def zeros(self) -> list[float]:
        """Kinks of phi, and the zeros of a kinked phi, where |phi| has a kink."""
        if not self.kinks:
            return []
        grid = np.sinh(np.linspace(-6.0, 6.0, 1201)) + 1e-9
        values = self.phi(grid)
        turns = np.flatnonzero(np.sign(values[:-1]) * np.sign(values[1:]) < 0)
        found = [
            brentq(lambda z: float(self.phi(np.array([z]))[0]), grid[i], grid[i + 1]) for i in turns
        ]
        return sorted(
            {*self.kinks, *(z for z in found if all(abs(z - k) > 1e-7 for k in self.kinks))}
        )

    def reaches(self, first: float) -> list[float]:
        """How large the neuron of each layer can become, up to the tails of weights and noise."""
        reach, found = first, [first]
        for _ in range(self.layers):
            widest = REACH * self.deviation * max(reach, 1e-3)
            grid = np.sinh(np.linspace(-math.asinh(widest), math.asinh(widest), 2001))
            with np.errstate(over="ignore"):
                reach = float(np.max(np.abs(self.phi(grid)))) + REACH * self.spread
            if not reach < LARGEST:
                raise ValueError(
                    f"the neurons grow beyond {LARGEST:g} within {len(found)} layers: use a "
                    "smaller prior variance, input or depth"
                )
            found.append(max(reach, 1e-3))
        return found

    def smoothed(
        self, function: Function, at_zero: Array, reach: float, tolerance: float
    ) -> Function:
        """G(h): F(|h|) averaged over the noise of the rule; F itself, whose value at zero is given
        apart, where the rule is sharp.
        """
        if self.spread == 0:
            return lambda h: np.where(h == 0, at_zero, function(np.abs(h)))
        x, w = np.polynomial.legendre.leggauss(40)

        def smooth(h: Array) -> Array:
            """Integrate from the kink at zero outwards, on panels a few standard deviations
            wide.
            """
            total = np.zeros_like(h)
            for side in (1.0, -1.0):
                low = np.clip(side * h - REACH * self.spread, 0.0, None)
                high = np.clip(side * h + REACH * self.spread, 0.0, None)
                for k in range(PANELS):
                    a, b = low + (high - low) * k / PANELS, low + (high - low) * (k + 1) / PANELS
                    r = (a + b)[:, None] / 2 + (b - a)[:, None] / 2 * x
                    density = np.exp(-(((r - side * h[:, None]) / self.spread) ** 2) / 2) / (
                        self.spread * math.sqrt(2 * math.pi)
                    )
                    total += ((b - a) / 2) * ((function(r) * density) @ w)
            return total

        return _Series(smooth, -reach, reach, tolerance)


def _softened_output(alpha: float, beta: float) -> tuple[float, float]:
    """Effective inverse temperature and prefactor of the output, from the derived identity."""
    values = output_identity().values
    names = sorted(
        set().union(*(value.free_symbols for value in values.values())), key=lambda s: s.name
    )
    found = compiled(dict(values), names)(alpha, beta)
    return float(found["beta_eff"]), float(found["prefactor"])


class _Series:
    """A Chebyshev series in arsinh h on an interval, fine enough for the tolerance."""

    def __init__(self, function: Function, low: float, high: float, tolerance: float) -> None:
        self.low, self.high = math.asinh(low), math.asinh(high)
        count = FEWEST
        while True:
            angles = math.pi * (np.arange(count) + 0.5) / count
            nodes = np.sinh(
                (self.low + self.high) / 2 + (self.high - self.low) / 2 * np.cos(angles)
            )
            values = function(nodes)
            self.coefficients = dct(values, type=2) / count
            self.coefficients[0] /= 2
            tail = float(np.max(np.abs(self.coefficients[-6:])))
            if tail <= tolerance * max(float(np.max(np.abs(values))), 1e-300) or count >= MOST:
                return
            count *= 2

    def __call__(self, h: Array) -> Array:
        """The value at h, clipped to the interval."""
        place = (2 * np.arcsinh(h) - self.low - self.high) / (self.high - self.low)
        value: Array = np.polynomial.chebyshev.chebval(np.clip(place, -1.0, 1.0), self.coefficients)
        return value
