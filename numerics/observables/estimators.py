"""Estimators of the entropy of a law from how often each pattern occurs in a sample, in bits."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma, xlogy

from neurenorm.numerics.arguments import checked_arguments

__all__ = ["ESTIMATORS", "chao_shen", "grassberger", "james_stein", "miller_madow", "plug_in"]

Array = NDArray[np.float64]


def _counts(counts: ArrayLike) -> Array:
    """Positive counts as floats."""
    array = np.asarray(counts, dtype=float).ravel()
    if not np.all(np.isfinite(array)) or np.any(array < 0) or array.sum() <= 0:
        raise ValueError("counts are not negative and not all zero")
    return array[array > 0]


@checked_arguments
def plug_in(counts: ArrayLike) -> float:
    """Return the entropy of the observed frequencies: the maximum of the likelihood, low by about
    (patterns - 1)/(2 N ln 2).

    Parameters
    ----------
    counts : array_like
        How often each pattern occurs.

    Examples
    --------
    >>> round(plug_in([5, 3, 2]), 7)
    1.4854753
    """
    c = _counts(counts)
    q = c / c.sum()
    return float(-np.sum(xlogy(q, q)) / math.log(2)) + 0.0


@checked_arguments
def miller_madow(counts: ArrayLike) -> float:
    """Return the plug-in entropy with its leading bias (patterns - 1)/(2 N ln 2) added.

    Examples
    --------
    >>> round(miller_madow([5, 3, 2]), 7)
    1.6297448
    """
    c = _counts(counts)
    return plug_in(c) + (c.size - 1) / (2 * float(c.sum()) * math.log(2))


@checked_arguments
def grassberger(counts: ArrayLike) -> float:
    """Return ln N - (1/N) Σ c G(c) with G(c) = ψ(c) + (-1)^c (ψ((c + 1)/2) - ψ(c/2))/2, in bits.

    Examples
    --------
    >>> round(grassberger([5, 3, 2]), 7)
    1.7883858
    """
    c = _counts(counts)
    g = digamma(c) + np.where(c % 2 == 0, 0.5, -0.5) * (digamma((c + 1) / 2) - digamma(c / 2))
    return float((math.log(c.sum()) - np.sum(c * g) / c.sum()) / math.log(2))


@checked_arguments
def chao_shen(counts: ArrayLike) -> float:
    """Return the coverage-adjusted entropy: frequencies shrunk by the coverage 1 - singletons/N,
    each weighted by the chance to have been seen.

    Examples
    --------
    >>> round(chao_shen([5, 3, 2]), 7)
    1.5569725
    """
    c = _counts(counts)
    total = c.sum()
    singles = min(float(np.sum(c == 1)), total - 1)
    q = (1 - singles / total) * c / total
    seen = -np.expm1(total * np.log1p(-np.minimum(q, 1 - 1e-16)))
    return float(-np.sum(xlogy(q, q) / seen) / math.log(2)) + 0.0


@checked_arguments
def james_stein(counts: ArrayLike, cells: int | None = None) -> float:
    """Return the entropy of frequencies shrunk towards the uniform ones over all cells, by the
    weight that minimises the expected square error.

    Parameters
    ----------
    counts : array_like
    cells : int, optional
        Number of possible patterns; by default those observed.

    Examples
    --------
    >>> round(james_stein([5, 3, 2], cells=4), 7)
    1.9138748
    """
    c = _counts(counts)
    size, total = c.size if cells is None else cells, c.sum()
    if size < c.size:
        raise ValueError(f"{c.size} patterns occur, more than the {size} cells")
    q, target, empty = c / total, 1.0 / size, size - c.size
    spread = float(np.sum((target - q) ** 2) + empty * target**2)
    weight = (
        1.0
        if spread == 0 or total == 1
        else min(1.0, max(0.0, float(1 - np.sum(q**2)) / ((total - 1) * spread)))
    )
    mixed = weight * target + (1 - weight) * q
    rest = weight * target
    return float(-(np.sum(xlogy(mixed, mixed)) + empty * xlogy(rest, rest)) / math.log(2)) + 0.0


ESTIMATORS: Mapping[str, Callable[[ArrayLike], float]] = {
    "plug-in": plug_in,
    "miller-madow": miller_madow,
    "grassberger": grassberger,
    "chao-shen": chao_shen,
    "james-stein": james_stein,
}
