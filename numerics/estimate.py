"""A number with a standard error and the number of independent samples behind it.

A mean over ``n`` independent blocks has the standard error ``s / √n`` and follows Student's law
with ``n − 1`` degrees of freedom. The number of blocks therefore travels with every value, and so
does what the blocks say about their tail: without a finite variance a standard error means nothing,
however many samples stand behind it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

__all__ = ["Estimate", "NoVariance", "tail_limit"]

Array = NDArray[np.float64]
Number = float | Array

_SHOWN = 6  # entries of an array that are printed
_FEWEST = 6  # order statistics below which a tail cannot be judged


class NoVariance(ValueError):
    """The blocks show a tail so heavy that their variance does not exist: a standard error has no
    meaning.
    """


@dataclass(frozen=True, eq=False)
class Estimate:
    """A sampled number or array of numbers, its standard error, and how many independent blocks
    stand behind it.

    Parameters
    ----------
    value : float or ndarray
        The mean.
    error : float or ndarray
        Its standard error, in the units and the shape of ``value``; zero for an exact value.
    blocks : float
        Number of independent samples: Student's law has ``blocks − 1`` degrees of freedom. Infinite
        for an exact value, not necessarily an integer for a combination of estimates.
    tail : float
        Upper confidence limit of the tail exponent of the blocks (see `tail_limit`); below 2 there
        is no variance.

    Raises
    ------
    ValueError
        If value and error differ in shape, are not finite, the error is negative, or there are
        fewer than 2 blocks.

    Examples
    --------
    >>> kappa = Estimate(0.12341, 0.00052, blocks=128)
    >>> print(kappa)
    0.1234(5) [128 blocks]
    >>> print(2 * kappa + 1)
    1.2468(10) [128 blocks]
    """

    value: Number
    error: Number
    blocks: float
    tail: float = math.inf

    __array_ufunc__ = None  # lets NumPy numbers on the left leave the arithmetic to this class

    def __post_init__(self) -> None:
        """Check the three numbers and freeze the arrays."""
        value, error = _real(self.value, "value"), _real(self.error, "error")
        if value.shape != error.shape:
            raise ValueError(
                f"value has shape {value.shape} but error has shape {error.shape}: they must be "
                "the same"
            )
        if np.any(error < 0):
            raise ValueError("a standard error is never negative")
        if not self.blocks >= 2:
            raise ValueError(f"an estimate needs at least 2 independent blocks, got {self.blocks}")
        object.__setattr__(self, "value", _frozen(value))
        object.__setattr__(self, "error", _frozen(error))

    @classmethod
    def from_blocks(cls, samples: ArrayLike, axis: int = 0) -> Estimate:
        """Mean and standard error ``s / √n`` of ``n`` independent block values.

        Parameters
        ----------
        samples : array_like
            Block values; whatever belongs to one block (one network, one replica) must be averaged
            before.
        axis : int
            The axis that counts the blocks; the other axes give the shape of the estimate.

        Returns
        -------
        Estimate

        Raises
        ------
        ValueError
            If there are fewer than 2 blocks or a sample is not finite.

        Examples
        --------
        >>> print(Estimate.from_blocks([1.0, 2.0, 3.0, 2.0]))
        2.0(4) [4 blocks]
        """
        blocks = np.moveaxis(_block_array(samples), axis, 0)
        count = len(blocks)
        if count < 2:
            raise ValueError(f"a standard error needs at least 2 independent blocks, got {count}")
        error = blocks.std(axis=0, ddof=1) / math.sqrt(count)
        return cls(blocks.mean(axis=0), error, count, tail_limit(blocks))

    @classmethod
    def jackknife(cls, samples: ArrayLike, function: Callable[[Any], Any]) -> Estimate:
        """A function of means, such as a ratio or an artanh, with its leading bias removed.

        The pseudo-values ``n f(m) − (n − 1) f(m₋ᵢ)``, where ``m₋ᵢ`` is the mean without block
        ``i``, behave as independent blocks whose mean estimates ``f`` of the true mean with a bias
        of order ``1/n²``.

        Parameters
        ----------
        samples : array_like, shape (blocks, ...)
            Independent block values along the first axis.
        function : callable
            Maps the mean over blocks (a float or an array of the remaining shape) to a float or an
            array.

        Returns
        -------
        Estimate

        Raises
        ------
        ValueError
            If there are fewer than 2 blocks, or a sample or a value of the function is not finite.

        Examples
        --------
        >>> pairs = [[1.0, 2.0], [3.0, 6.5], [2.0, 4.0], [4.0, 7.5]]
        >>> print(Estimate.jackknife(pairs, lambda mean: mean[1] / mean[0]))
        1.99(9) [4 blocks]
        """
        blocks = _block_array(samples)
        count = len(blocks)
        if count < 2:
            raise ValueError(f"a jackknife needs at least 2 independent blocks, got {count}")
        total = blocks.sum(axis=0)
        whole = np.asarray(function(total / count), dtype=float)
        without = np.array([function(mean) for mean in (total - blocks) / (count - 1)], dtype=float)
        if not (np.all(np.isfinite(whole)) and np.all(np.isfinite(without))):
            raise ValueError(
                "the function is not finite at the means of the blocks: more samples per block are "
                "needed"
            )
        return cls.from_blocks(count * whole - (count - 1) * without)

    @classmethod
    def exact(cls, value: ArrayLike) -> Estimate:
        """A value without sampling error, for example from an exact enumeration.

        Parameters
        ----------
        value : array_like

        Returns
        -------
        Estimate
            Zero error, infinitely many blocks.

        Examples
        --------
        >>> print(Estimate.exact(0.5))
        0.5 [exact]
        """
        array = _real(value, "value")
        return cls(array, np.zeros_like(array), math.inf)

    def __neg__(self) -> Estimate:
        """The estimate of the negative."""
        return replace(self, value=-self.value)

    def __mul__(self, factor: ArrayLike) -> Estimate:
        """Scale by exact numbers."""
        scale = _factor(factor)
        return replace(self, value=self.value * scale, error=self.error * np.abs(scale))

    __rmul__ = __mul__

    def __truediv__(self, divisor: ArrayLike) -> Estimate:
        """Divide by exact numbers."""
        number = _factor(divisor)
        if np.any(number == 0):
            raise ValueError("an estimate cannot be divided by zero")
        return self * (1 / number)

    def __add__(self, other: ArrayLike | Estimate) -> Estimate:
        """Shift by exact numbers, or add an independent estimate (Welch and Satterthwaite's degrees
        of freedom).
        """
        if isinstance(other, Estimate):
            return _combined(self, other)
        value = self.value + _factor(other)
        return replace(self, value=value, error=np.broadcast_to(self.error, np.shape(value)))

    __radd__ = __add__

    def __sub__(self, other: ArrayLike | Estimate) -> Estimate:
        """Shift by exact numbers, or subtract an independent estimate."""
        return self + (-other if isinstance(other, Estimate) else -_factor(other))

    def __rsub__(self, other: ArrayLike) -> Estimate:
        """Exact numbers minus the estimate."""
        return -self + other

    def __str__(self) -> str:
        """Digits with the uncertainty of the last ones in parentheses."""
        values, errors = np.ravel(self.value), np.ravel(self.error)
        shown = [_digits(v, e) for v, e in zip(values[:_SHOWN], errors[:_SHOWN], strict=True)]
        if np.ndim(self.value):
            more = [f"… ({values.size} entries)"] if values.size > _SHOWN else []
            text = "[" + ", ".join(shown + more) + "]"
        else:
            text = shown[0]
        return text + (" [exact]" if math.isinf(self.blocks) else f" [{self.blocks:.0f} blocks]")

    def _repr_latex_(self) -> str:
        """Value and error as LaTeX, with the digits that the text has."""
        text = str(self).rsplit(" [", 1)[0]
        mantissa, _, exponent = text.partition("e")
        if exponent and not np.ndim(self.value):
            return rf"${mantissa} \times 10^{{{int(exponent)}}}$"
        return f"${text}$".replace("…", r"\ldots")


def tail_limit(samples: ArrayLike, confidence: float = 0.999) -> float:
    """Upper confidence limit of the tail exponent ``α`` in ``P(|x| > u) ~ u^−α``.

    Hill's estimator over the ``k`` largest deviations ``d₁ ≥ d₂ ≥ …`` from the median is
    ``α̂ = k / Σ ln(d_i / d_{k+1})``, and ``k α / α̂`` follows a Gamma law of index ``k`` for a pure
    power. The limit is the upper one for ``k = min(n/8, 3 √n)``, unless the lower one for ``k/2,
    k/4, …`` lies above it: there the tail ends, as it does for two well separated clusters of
    values.

    Parameters
    ----------
    samples : array_like, shape (blocks, ...)
        Independent values along the first axis; for arrays the smallest limit over the entries is
        returned.
    confidence : float
        Probability that the limit of a pure power law lies above its exponent.

    Returns
    -------
    float
        Infinite where there are too few distinct values to tell.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> tail_limit(rng.standard_cauchy(1000)) < 2 < tail_limit(rng.standard_t(5, 1000))
    True
    """
    blocks = _block_array(samples)
    columns = blocks.reshape(len(blocks), -1)
    return min((_column_limit(column, confidence) for column in columns.T), default=math.inf)


def _column_limit(column: Array, confidence: float) -> float:
    """Upper limit of the tail exponent of one variable."""
    deviations = np.abs(column - np.median(column))
    deviations = deviations[deviations > 1e-12 * np.abs(column).max()]
    count = min(deviations.size // 8, int(3 * math.sqrt(deviations.size)))
    if count < _FEWEST:
        return math.inf
    largest = np.log(np.sort(np.partition(deviations, -count - 1)[-count - 1 :])[::-1])
    limit = _hill(largest, count) * float(stats.gamma.isf(1 - confidence, count)) / count
    while (count := count // 2) >= _FEWEST:
        limit = max(
            limit, _hill(largest, count) * float(stats.gamma.ppf(1 - confidence, count)) / count
        )
    return limit


def _hill(descending_logs: Array, count: int) -> float:
    """Hill's estimate of the tail exponent from the largest ``count`` of descending logarithms."""
    mean_excess = float(np.mean(descending_logs[:count]) - descending_logs[count])
    return 1 / mean_excess if mean_excess > 0 else math.inf


def _combined(first: Estimate, second: Estimate) -> Estimate:
    """The sum of two independent estimates; the smallest effective number of blocks over the
    entries.
    """
    value = np.asarray(first.value + second.value)
    variances = [np.broadcast_to(np.square(e.error), value.shape) for e in (first, second)]
    total = variances[0] + variances[1]
    spread = sum(
        np.square(v) / (e.blocks - 1) for v, e in zip(variances, (first, second), strict=True)
    )
    sampled = np.asarray(spread) > 0
    freedom = np.square(total[sampled]) / np.asarray(spread)[sampled]
    blocks = float(freedom.min()) + 1 if freedom.size else min(first.blocks, second.blocks)
    return Estimate(value, np.sqrt(total), max(blocks, 2.0), min(first.tail, second.tail))


def _doubles(numbers: ArrayLike, what: str) -> Array:
    """Numbers as doubles, where they fit."""
    try:
        return np.asarray(numbers, dtype=float)
    except OverflowError:
        raise ValueError(f"{what} hold a number beyond double precision (about 1e308)") from None


def _block_array(samples: ArrayLike) -> Array:
    """The samples as a finite float array with at least one axis."""
    array = _doubles(samples, "samples")
    if array.ndim == 0:
        raise ValueError(
            "samples must be an array with one axis that counts the independent blocks, got one "
            "number"
        )
    if not np.all(np.isfinite(array)):
        bad = int(array.size - np.isfinite(array).sum())
        raise ValueError(
            f"{bad} of {array.size} samples are not finite: an estimate of them would mean nothing"
        )
    return array


def _real(number: ArrayLike, name: str) -> Array:
    """A finite real array."""
    if np.iscomplexobj(number):
        raise ValueError(
            f"the {name} of an estimate must be real: give its real and imaginary part as two "
            "entries"
        )
    array = _doubles(number, f"the {name} of an estimate")
    if not np.all(np.isfinite(array)):
        shown = " ".join(repr(number).split())
        raise ValueError(f"the {name} of an estimate must be finite, got {shown:.99}")
    return array


def _factor(number: ArrayLike) -> Array:
    """An exact number or array that an estimate is scaled or shifted by."""
    if isinstance(number, Estimate):
        raise TypeError(
            "a product or ratio of estimates is not linear: use Estimate.jackknife on their blocks"
        )
    return _real(number, "factor")


def _frozen(array: Array) -> Number:
    """A float, or a read-only copy of the array."""
    if array.ndim == 0:
        return float(array)
    copy = array.copy()
    copy.setflags(write=False)
    return copy


def _digits(value: float, error: float) -> str:
    """A value with the uncertainty of its last digit in parentheses, two digits where the first is
    a 1.
    """
    if error == 0:
        return f"{value:.12g}"
    size = max(abs(value), error)
    magnitude = math.floor(math.log10(size))
    leading, exponent = f"{error:.0e}".split("e")
    place = int(exponent) - (leading == "1")
    if -5 < magnitude < 6 and place <= 0:
        return f"{value:.{-place}f}({error * 10.0**-place:.0f})"
    decimals = max(magnitude - place, 0)
    scaled = value / 10.0**magnitude
    return f"{scaled:.{decimals}f}({error * 10.0 ** (decimals - magnitude):.0f})e{magnitude:+03d}"
