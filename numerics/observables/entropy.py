"""Entropies of on and off states, in bits: of a unit, of a layer unit by unit, and jointly, with
what limits each estimate.

A histogram of N samples never shows more than log2 N bits, and a plug-in entropy is low by about
(patterns - 1)/(2 N ln 2) bits. The corrections of Miller and Madow, Grassberger, Chao and Shen, and
James and Stein mend the bias as long as patterns repeat. Where hardly one does, the chain rule with
classifiers (`neurenorm.numerics.observables.chain_rule`) remains.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlog1py, xlogy

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.arguments import checked_arguments
from neurenorm.numerics.observables.estimators import ESTIMATORS, james_stein
from neurenorm.numerics.observables.states import PackedStates

__all__ = [
    "EntropyEstimate",
    "LayerComplexity",
    "binary_entropy",
    "joint_entropy",
    "layer_complexity",
]

Array = NDArray[np.float64]
BLOCKS = 10


@dataclass(frozen=True)
class EntropyEstimate(Tabulated):
    """An entropy in bits with its error and its limits.

    Parameters
    ----------
    value : float
    error : float
        Standard error over samples (jackknife over blocks unless said otherwise).
    method : str
    cap : float
        The largest value that the method can return on so many samples of so many units.
    note : str
        The known bias, in words.
    limit : float
        What the method finds where no two samples are equal; infinite where the number of samples
        does not limit it.
    """

    value: float
    error: float
    method: str
    cap: float
    note: str
    limit: float = math.inf

    @property
    def saturated(self) -> bool:
        """Whether the value lies within a bit of its limit, where it says more about the number of
        samples than about the states.
        """
        return self.value > self.limit - 1

    def __str__(self) -> str:
        return (
            f"{self.value:.4f} ± {self.error:.2g} bits ({self.method}; cap {self.cap:.3f}; "
            f"{self.note})"
        )


@checked_arguments
def binary_entropy(p: ArrayLike) -> Array:
    """Return the entropy in bits of a state that is on with probability p, without a small number
    in the logarithm.

    Parameters
    ----------
    p : array_like
        Probabilities between 0 and 1.

    Raises
    ------
    ValueError
        If a probability lies outside.

    Examples
    --------
    >>> binary_entropy([0.0, 0.2, 0.5, 1.0]).round(10).tolist()
    [0.0, 0.7219280949, 1.0, 0.0]
    """
    share = np.asarray(p, dtype=float)
    if not np.all((share >= 0) & (share <= 1)):
        raise ValueError("a probability lies between 0 and 1")
    return np.asarray(-(xlogy(share, share) + xlog1py(1 - share, -share)) / np.log(2) + 0.0)


_NOTES = {
    "plug-in": "low by about {bias:.2g} bits",
    "miller-madow": "leading bias removed; still low where patterns are rarer than 1/N",
    "grassberger": "bias of order 1/N² where patterns repeat",
    "chao-shen": "unseen patterns estimated from those seen once",
    "james-stein": "shrunk towards uniform frequencies over all 2^units patterns",
}
MOST_CELLS = 60


def joint_entropy(states: PackedStates, method: str = "miller-madow") -> EntropyEstimate:
    """Return the joint entropy of the units of a layer from the histogram of their patterns.

    Parameters
    ----------
    states : PackedStates
        At least two samples.
    method : str
        A key of `ESTIMATORS`.

    Returns
    -------
    EntropyEstimate
        Between zero and one bit a unit, as the true entropy is. The cap is the smaller of that and
        of what the method finds where no two samples are equal: log2 N for the plain histogram,
        more for those that are corrected. The error holds the jackknife error and the jackknife
        bias over ten blocks of samples, which is large where patterns do not repeat, and the
        second-order spread √((patterns - 1)/2)/(N ln 2) of equally frequent patterns.

    Raises
    ------
    ValueError
        For an unknown method or a single sample.

    Examples
    --------
    >>> print(joint_entropy(PackedStates.of([[0, 0], [1, 1]] * 500)))
    1.0007 ± 0.0012 bits (miller-madow; cap 2.000; leading bias removed; still low where patterns are rarer than 1/N)
    """
    if method not in ESTIMATORS:
        raise ValueError(f"unknown estimator {method!r}; there are {', '.join(ESTIMATORS)}")
    enough_samples(states)
    estimate = _with_cells(method, states.units)
    patterns, inverse = np.unique(states.words(), return_inverse=True)
    table = np.bincount(
        states.owners(BLOCKS) * len(patterns) + inverse.ravel(), minlength=BLOCKS * len(patterns)
    ).reshape(BLOCKS, len(patterns))
    counts, samples = table.sum(axis=0), states.samples
    limit = ESTIMATORS[method](np.ones(samples)) if method != "james-stein" else math.log2(samples)
    cap = float(states.units) if method == "james-stein" else min(float(states.units), limit)
    value, bias = (
        min(max(estimate(counts), 0.0), cap),
        (len(patterns) - 1) / (2 * samples * math.log(2)),
    )
    spread = math.sqrt((len(patterns) - 1) / 2) / (samples * math.log(2))
    error = math.hypot(
        _jackknife_error(table, lambda left: min(max(estimate(left), 0.0), cap)), spread
    )
    return EntropyEstimate(value, error, method, cap, _NOTES[method].format(bias=bias), limit)


def enough_samples(states: PackedStates) -> None:
    """Refuse an entropy from fewer than two samples."""
    if states.samples < 2:
        raise ValueError(f"an entropy needs at least two samples, got {states.samples}")


def _with_cells(method: str, units: int) -> Callable[[ArrayLike], float]:
    """The estimator; shrinkage towards all patterns knows how many there are."""
    if method != "james-stein":
        return ESTIMATORS[method]
    if units > MOST_CELLS:
        raise ValueError(
            f"shrinkage over 2^{units} patterns has no meaning in double precision; take at most "
            f"{MOST_CELLS} units"
        )
    return lambda counts: james_stein(counts, 2**units)


def _jackknife_error(table: NDArray[np.int64], estimate: Callable[[ArrayLike], float]) -> float:
    """Standard error and bias, added in squares, from leaving out one block after the other."""
    total = table.sum(axis=0)
    left = [estimate(total - row) for row in table if row.any()]
    if len(left) < 2:
        return math.inf
    bias = (len(left) - 1) * (float(np.mean(left)) - estimate(total))
    return math.hypot(jackknife(left), bias)


def jackknife(left: ArrayLike) -> float:
    """Return the standard error of a number from its values with one block left out after the
    other.
    """
    found = np.asarray(left, dtype=float)
    return float(np.sqrt((len(found) - 1) * np.mean((found - found.mean()) ** 2)))


@dataclass(frozen=True)
class LayerComplexity(Tabulated):
    """Complexity of a layer unit by unit.

    Attributes
    ----------
    units : ndarray
        Bits of every unit, between 0 and 1.
    errors : ndarray
        Their standard errors √(p(1 - p)/N) |log2((1 - p)/p)|; where that vanishes (p = 1/2), the
        second-order 1/(N ln 2)/√2.
    always_on, always_off : int
        Units that never switch on the data.
    samples : int
    total_error : float
        Standard error of the sum over units, by a jackknife over ten blocks of samples, so that
        units which switch together are counted right.
    """

    units: Array
    errors: Array
    always_on: int
    always_off: int
    samples: int
    total_error: float

    @property
    def total(self) -> float:
        """Sum over units, in bits."""
        return float(self.units.sum())

    @property
    def mean(self) -> float:
        """Bits per unit."""
        return float(self.units.mean())

    @property
    def bias(self) -> float:
        """How much the sum is low on average: 1/(2 N ln 2) for every unit that switches."""
        return float(np.sum(self.units > 0)) / (2 * self.samples * math.log(2))

    def known_of_each_other(self, joint: EntropyEstimate) -> EntropyEstimate:
        """Return the total correlation: the sum over units, its bias removed if the joint entropy
        has had its own removed, minus the joint entropy.

        It is not negative, as the true one is not; its error is at most the sum of both errors and
        of how far it would have been below zero.
        """
        total = self.total + (0.0 if joint.method == "plug-in" else self.bias)
        found = total - joint.value
        error = self.total_error + joint.error + max(-found, 0.0)
        return EntropyEstimate(
            max(found, 0.0), error, joint.method, total, f"joint entropy: {joint.note}", joint.limit
        )


def layer_complexity(states: PackedStates) -> LayerComplexity:
    """Return the complexity of each unit of a layer: the entropy of its state over the samples.

    Parameters
    ----------
    states : PackedStates
        At least two samples.

    Raises
    ------
    ValueError
        If there are fewer than two samples.

    Examples
    --------
    >>> found = layer_complexity(PackedStates.of([[0, 1, 0], [1, 1, 0]]))
    >>> found.units.tolist(), found.always_on, found.always_off
    ([1.0, 0.0, 0.0], 1, 1)
    """
    enough_samples(states)
    blocks, sizes = states.block_on_counts(BLOCKS)
    count, total = blocks.sum(axis=0), states.samples
    p = count / total
    switching = (count > 0) & (count < total)
    slope = np.log2(np.divide(1 - p, p, out=np.ones_like(p), where=switching))
    spread = np.sqrt(p * (1 - p) / total + np.where(switching, 1 / (4 * total**2), 0.0))
    errors = np.where(
        switching, np.hypot(spread * slope, 1 / (math.sqrt(2) * math.log(2) * total)), 0.0
    )
    left = [
        float(np.sum(binary_entropy((count - on) / (total - size))))
        for on, size in zip(blocks, sizes, strict=True)
        if size
    ]
    return LayerComplexity(
        binary_entropy(p),
        errors,
        int(np.sum(count == total)),
        int(np.sum(count == 0)),
        total,
        jackknife(left),
    )
