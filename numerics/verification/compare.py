"""Compare a theory value with an independent witness: agrees, refuted or undecided.

Three policies, one for each kind of witness:

* `Sampled`: Student's t against an `Estimate`, at a stated false-alarm probability. The policy
  names the smallest discrepancy that it must be able to see, and a check too weak to see it is
  undecided, never an agreement.
* `Exact`: two floating-point computations that must agree to a number of digits.
* `Enclosed`: two balls that contain the true values; their difference contains zero or it does not.

One suite of comparisons has one false-alarm budget, `SUITE_FALSE_ALARM`; `share` divides it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, stats

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.arguments import checked_arguments
from neurenorm.numerics.estimate import Estimate, NoVariance
from neurenorm.numerics.verification.verdict import (
    SUITE_FALSE_ALARM,
    Comparison,
    Policy,
    Verdict,
    probability,
    share,
)

__all__ = [
    "FEWEST_BLOCKS",
    "SUITE_FALSE_ALARM",
    "Comparison",
    "Enclosed",
    "Exact",
    "Policy",
    "Sampled",
    "Verdict",
    "p_values",
    "share",
]

FEWEST_BLOCKS = 100
"""Independent blocks below which the law of a block mean is not trusted to be Student's."""

_ROUNDING = 1e-12  # relative; what a float carries through a short computation


@checked_arguments
def p_values(theory: ArrayLike, witness: Estimate) -> NDArray[np.float64]:
    """Two-sided Student probability, entry by entry, of a deviation at least as large if the theory
    is right.

    Parameters
    ----------
    theory : array_like
        Finite, in the shape of the estimate.
    witness : Estimate

    Returns
    -------
    ndarray
        Uniform between 0 and 1 where the theory is right and the blocks are many or normal; 1 where
        an entry has no error and the theory equals it, 0 where it has none and the theory differs.

    Examples
    --------
    >>> p_values(0.5, Estimate(0.52, 0.01, blocks=101)).round(4)
    array([0.0482])
    """
    sigmas = _sigmas(_like(theory, witness), witness)
    return np.asarray(2 * stats.t.sf(sigmas, witness.blocks - 1))


@dataclass(frozen=True)
class Sampled(Tabulated):
    """Theory against independent samples: Student's t with a stated false-alarm rate and a stated
    power.

    The theory is refuted where the smallest p-value of the ``n`` entries lies below ``false_alarm /
    n``. Where it is not, the check counts only if it could have failed: a single entry that is off
    by ``smallest`` must be refuted with probability ``power`` (noncentral t), otherwise the verdict
    is undecided and says how many more samples it takes.

    Parameters
    ----------
    smallest : float
        The smallest discrepancy the check promises to catch; if ``relative``, in units of the
        largest magnitude among the entries of the theory, so that ``smallest = 0.01`` catches a
        theory scaled by 1.01.
    relative : bool
        Whether ``smallest`` is relative or in the units of the theory.
    false_alarm : float, optional
        Probability to refute a true theory; by default the whole `SUITE_FALSE_ALARM`, and `compare`
        may override it.
    power : float
        Probability to catch the smallest discrepancy.

    Raises
    ------
    ValueError
        If ``smallest`` is not positive and finite or a probability does not lie between 0 and 1.

    Examples
    --------
    >>> witness = Estimate(0.7619, 0.0004, blocks=256)
    >>> print(Sampled(smallest=0.01).compare(0.7616, witness))
    agrees: 0.75 sigma off (refuted beyond 5.01); a relative discrepancy of 0.0043 would have been caught
    >>> print(Sampled(smallest=0.01).compare(0.7616 * 1.01, witness).verdict)
    refuted
    >>> print(Sampled(smallest=0.001).compare(0.7616, witness).verdict)
    undecided
    """

    smallest: float
    relative: bool = True
    false_alarm: float | None = None
    power: float = 0.999

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not (math.isfinite(self.smallest) and self.smallest > 0):
            raise ValueError(
                "the smallest discrepancy to catch must be positive and finite, got "
                f"{self.smallest}"
            )
        if not 0.5 <= self.power < 1:
            raise ValueError(f"the power must lie between 0.5 and 1, got {self.power}")
        if self.false_alarm is not None:
            probability(self.false_alarm, "the false-alarm probability")

    def compare(
        self, theory: ArrayLike, witness: Estimate, false_alarm: float | None = None
    ) -> Comparison:
        """Compare a theory number or array with an estimate of the same shape.

        Parameters
        ----------
        theory : array_like
            Numbers in the shape of the estimate.
        witness : Estimate
            From at least `FEWEST_BLOCKS` independent blocks; with fewer the verdict is undecided.
        false_alarm : float, optional
            This comparison's share of the budget (`share`).

        Returns
        -------
        Comparison

        Raises
        ------
        NoVariance
            If the blocks of the estimate evidently have no variance.
        TypeError, ValueError
            If the witness is not an estimate, the shapes differ, or a relative comparison is asked
            for a theory of zero.
        """
        if not isinstance(witness, Estimate):
            raise TypeError(
                f"a sampled comparison needs an Estimate as witness, got {type(witness).__name__}"
            )
        if witness.tail < 2:
            raise NoVariance(
                f"the blocks have a tail exponent below {witness.tail:.2f}: their variance does "
                "not exist, or a few "
                "of them carry all of it; compare a bounded function of the samples or their "
                "median instead"
            )
        values = _like(theory, witness)
        alarm = probability(
            _first(false_alarm, self.false_alarm, SUITE_FALSE_ALARM), "the false-alarm probability"
        )
        threshold, caught = _student_limits(
            alarm / max(values.size, 1), witness.blocks - 1, self.power
        )
        if not np.all(np.isfinite(values)):
            return Comparison(
                Verdict.refuted,
                math.inf,
                "sigma",
                threshold,
                math.inf,
                "the theory value is not finite",
            )
        discrepancy = float(np.max(_sigmas(values, witness)))
        detectable = caught * float(np.max(witness.error)) / self._scale(values)
        return self._judged(discrepancy, threshold, detectable, witness)

    def _scale(self, theory: NDArray[np.float64]) -> float:
        """The unit in which the smallest discrepancy is measured."""
        if not self.relative:
            return 1.0
        scale = float(np.max(np.abs(theory)))
        if scale == 0:
            raise ValueError(
                "a relative discrepancy from a theory of zero has no meaning: use relative=False"
            )
        return scale

    def _judged(
        self, discrepancy: float, threshold: float, detectable: float, witness: Estimate
    ) -> Comparison:
        """The verdict: too few blocks, an unmeasured error, refuted, too weak, or agrees, in this
        order.
        """
        kind = "a relative" if self.relative else "an absolute"
        verdict, message = Verdict.undecided, ""
        if witness.blocks < FEWEST_BLOCKS:
            message = (
                f"{witness.blocks:.0f} independent blocks are too few: at least {FEWEST_BLOCKS} "
                "are needed"
            )
        elif math.isfinite(witness.blocks) and (
            math.isinf(discrepancy) or not np.any(witness.error)
        ):
            message = (
                "all blocks are equal: the error was not measured, and agreement or not means "
                "nothing"
            )
        elif discrepancy > threshold:
            verdict, message = (
                Verdict.refuted,
                f"{discrepancy:.2f} sigma off (refuted beyond {threshold:.2f})",
            )
        elif detectable > self.smallest:
            message = (
                f"too weak: only {kind} discrepancy of {detectable:.2g} would have been caught; "
                f"{self.smallest:.2g} takes {math.ceil((detectable / self.smallest) ** 2)} times "
                "the samples"
            )
        else:
            verdict = Verdict.agrees
            message = (
                f"{discrepancy:.2f} sigma off (refuted beyond {threshold:.2f}); "
                f"{kind} discrepancy of {detectable:.2g} would have been caught"
            )
        return Comparison(verdict, discrepancy, "sigma", threshold, detectable, message)


@dataclass(frozen=True)
class Exact(Tabulated):
    """Two floating-point numbers or arrays that must agree to a number of digits.

    An entry agrees to ``−log₁₀(|a − b| / max(|a|, |b|, scale))`` digits; the worst entry decides.

    Parameters
    ----------
    digits : float
        Digits that must agree, at most 15.
    scale : float
        Magnitude below which a number counts as zero up to rounding; 0 compares relative to the
        numbers themselves.

    Raises
    ------
    ValueError
        If the digits are not between 0 and 15 or the scale is negative.

    Examples
    --------
    >>> print(Exact(digits=12).compare(0.1 + 0.2, 0.3))
    agrees: 15.7 digits agree (12 are required)
    >>> print(Exact(digits=12).compare(0.3001, 0.3).verdict)
    refuted
    """

    digits: float = 12
    scale: float = 0.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not 0 < self.digits <= 15:
            raise ValueError(
                f"floats can agree to between 0 and 15 digits, not {self.digits}: use Enclosed for "
                "more"
            )
        if not (math.isfinite(self.scale) and self.scale >= 0):
            raise ValueError(f"the scale must be zero or positive, got {self.scale}")

    def compare(
        self, theory: ArrayLike, witness: ArrayLike | Estimate, false_alarm: float | None = None
    ) -> Comparison:
        """Compare two real or complex numbers or arrays; an exact estimate counts as its value.

        Parameters
        ----------
        theory, witness : array_like
            Numbers of one shape; the witness may be an `Estimate` without error.
        false_alarm : float, optional
            Without effect: nothing is random here.

        Returns
        -------
        Comparison
            With ``detectable`` relative to the numbers (or to ``scale``).

        Raises
        ------
        ValueError
            If the witness has a sampling error or the shapes differ.
        """
        first, second = np.asarray(theory), np.asarray(_without_error(witness))
        if first.shape != second.shape:
            raise ValueError(
                f"the theory has shape {first.shape} but the witness has shape {second.shape}"
            )
        detectable = 10.0**-self.digits
        if not (np.all(np.isfinite(first)) and np.all(np.isfinite(second))):
            return Comparison(
                Verdict.refuted, 0.0, "digits", self.digits, detectable, "a value is not finite"
            )
        size = np.maximum(np.maximum(np.abs(first), np.abs(second)), self.scale)
        off = np.divide(np.abs(first - second), size, out=np.zeros(size.shape), where=size > 0)
        agreeing = -math.log10(max(float(np.max(off, initial=0.0)), 1e-16))
        verdict = Verdict.agrees if agreeing >= self.digits else Verdict.refuted
        message = f"{_agreement(agreeing)} ({self.digits:g} are required)"
        return Comparison(verdict, agreeing, "digits", self.digits, detectable, message)


@dataclass(frozen=True)
class Enclosed(Tabulated):
    """Two balls, each proved to contain its number: what the ball of their difference says.

    Refuted if the difference excludes zero; agreed if it contains zero and has a radius below
    ``radius``; undecided if it is too wide to tell.

    Parameters
    ----------
    radius : float
        Largest radius of the difference that still counts as an agreement.

    Raises
    ------
    ValueError
        If the radius is not positive and finite.

    Examples
    --------
    >>> from flint import arb
    >>> print(Enclosed(radius=1e-12).compare(arb(2).sqrt() ** 2, arb(2)).verdict)
    agrees
    >>> print(Enclosed().compare(arb(2).sqrt() ** 2, arb(2)).verdict)
    undecided
    """

    radius: float = 1e-40

    def __post_init__(self) -> None:
        """Check the radius."""
        if not (math.isfinite(self.radius) and self.radius > 0):
            raise ValueError(f"the largest radius must be positive and finite, got {self.radius}")

    def compare(self, theory: Any, witness: Any, false_alarm: float | None = None) -> Comparison:
        """Compare two balls of real ball arithmetic, such as flint's ``arb``.

        Parameters
        ----------
        theory, witness : ball
            One of them may be an exact integer.
        false_alarm : float, optional
            Without effect: nothing is random here.

        Returns
        -------
        Comparison
            With ``detectable`` absolute: any larger discrepancy would have excluded zero.

        Raises
        ------
        TypeError
            If neither is a ball.
        """
        difference = theory - witness
        if not (hasattr(difference, "rad") and hasattr(difference, "contains")):
            raise TypeError(
                "an enclosed comparison needs two balls (flint.arb); for floats use Exact"
            )
        threshold = -math.log10(self.radius)
        if not difference.is_finite():
            return Comparison(
                Verdict.undecided, 0.0, "digits", threshold, math.inf, "a ball is not finite"
            )
        digits, width = _digits(difference.abs_upper()), _digits(difference.rad())
        detectable = 2 * 10.0**-width
        if not difference.contains(0):
            verdict, message = (
                Verdict.refuted,
                f"the enclosures are disjoint: {_agreement(digits)}",
            )
        elif not difference.rad() < self.radius:
            verdict = Verdict.undecided
            message = (
                f"too wide: the radius of the difference is 1e-{width:.1f}, it must be below "
                f"{self.radius:g}"
            )
        else:
            verdict, message = (
                Verdict.agrees,
                f"{_agreement(digits)} ({threshold:.1f} are required)",
            )
        return Comparison(verdict, digits, "digits", threshold, detectable, message)


def _agreement(digits: float) -> str:
    """Say how many digits agree: a number off by more than its size has none."""
    return f"{digits:.1f} digits agree" if digits >= 0.05 else "no digit agrees"


@lru_cache(maxsize=1024)
def _student_limits(false_alarm: float, freedom: float, power: float) -> tuple[float, float]:
    """The threshold in standard errors, and the true discrepancy in standard errors that is caught
    with the power.

    Caught when the noncentral t exceeds the threshold; with infinite degrees of freedom both are
    normal quantiles, and with fewer blocks than required nothing is caught.
    """
    threshold = float(stats.t.isf(false_alarm / 2, freedom))
    if freedom < FEWEST_BLOCKS - 1:
        return threshold, math.inf
    normal = threshold + float(stats.norm.isf(1 - power))
    if math.isinf(freedom):
        return threshold, normal

    def excess(shift: float) -> float:
        """How much the probability to miss lies above the one allowed; where it underflows SciPy
        returns NaN.
        """
        missed = float(stats.nct.cdf(threshold, freedom, shift))
        return (0.0 if math.isnan(missed) and shift > normal + 10 else missed) - (1 - power)

    return threshold, float(optimize.brentq(excess, 0.0, 4 * normal + 40))


def _sigmas(theory: NDArray[np.float64], witness: Estimate) -> NDArray[np.float64]:
    """Distance in standard errors; entries without error are 0 or infinitely far off, up to
    rounding.
    """
    value, error = np.ravel(witness.value), np.ravel(witness.error)
    distance = np.abs(theory - value)
    rounding = _ROUNDING * np.maximum(np.abs(theory), np.abs(value))
    unmeasured = np.where(distance <= rounding, 0.0, np.inf)
    return np.divide(distance, error, out=unmeasured, where=error > 0)


@checked_arguments
def _like(theory: ArrayLike, witness: Estimate) -> NDArray[np.float64]:
    """The theory as a flat float array, checked against the shape of the witness."""
    values = np.asarray(theory, dtype=float)
    if values.shape != np.shape(witness.value):
        raise ValueError(
            f"the theory has shape {values.shape} but the witness has shape "
            f"{np.shape(witness.value)}"
        )
    if values.size == 0:
        raise ValueError("there is nothing to compare: the theory is an empty array")
    return values.ravel()


def _without_error(witness: ArrayLike | Estimate) -> ArrayLike:
    """The value of a witness that has no sampling error."""
    if not isinstance(witness, Estimate):
        return witness
    if math.isfinite(witness.blocks) or np.any(witness.error):
        raise ValueError(
            "the witness has a sampling error: compare it with Sampled, not with Exact"
        )
    return witness.value


def _digits(ball: Any) -> float:
    """``−log₁₀`` of a non-negative ball, without underflow."""
    return math.inf if ball.is_zero() else -float(ball.log()) / math.log(10)


def _first(*choices: float | None) -> float:
    """The first one that is given."""
    return next(choice for choice in choices if choice is not None)
