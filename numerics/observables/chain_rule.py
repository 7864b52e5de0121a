"""Joint entropy by the chain rule: H(z) = H(z_1) + Σ H(z_i | z_1 … z_{i-1}), each conditional
entropy bounded by what a classifier fails to predict.

The out-of-fold cross-entropy of a probabilistic classifier is at least the conditional entropy, up
to fluctuations, and the nearer the better the classifier. So the estimate does not saturate at log2
N as a histogram does. It needs scikit-learn (the extra ``networks``).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurenorm.numerics.observables.entropy import EntropyEstimate, layer_complexity
from neurenorm.numerics.observables.states import PackedStates

__all__ = ["chain_rule_entropy", "total_correlation"]

Array = NDArray[np.float64]
_NOTES = {
    "logistic": "upper bound; blind to dependences such as exclusive or, and high by about (earlier units + 1)/(2 N ln 2) for each unit, N of a training fold",
    "trees": "upper bound, tight where the trees find the dependence",
}


def chain_rule_entropy(
    states: ArrayLike,
    classifier: str = "logistic",
    folds: int = 5,
    rng: np.random.Generator | None = None,
) -> EntropyEstimate:
    """Return the joint entropy of the columns of an array of zeros and ones by the chain rule with
    out-of-fold classifiers.

    Parameters
    ----------
    states : array_like of 0 and 1, shape (samples, units)
    classifier : {"logistic", "trees"}
        Logistic regression (fast, linear), or boosted trees (slower, finds interactions).
    folds : int
        Number of folds, at least two.
    rng : numpy.random.Generator, optional
        Shuffles the folds, anew for every unit.

    Returns
    -------
    EntropyEstimate
        In bits; the error is that of the mean of the samples' total code length. There is no cap
        but the number of units.

    Raises
    ------
    ImportError
        Without scikit-learn.
    ValueError
        If the states are no zeros and ones or there are fewer samples than folds.
    """
    z = np.asarray(states)
    if z.ndim != 2 or not np.all((z == 0) | (z == 1)):
        raise ValueError("states are an array of zeros and ones of shape (samples, units)")
    if folds < 2 or len(z) < 2 * folds:
        raise ValueError(
            f"{folds} folds need at least two of them and {2 * folds} samples, got {len(z)}"
        )
    make = _classifier(classifier)
    generator = rng if rng is not None else np.random.default_rng(0)
    lengths = _code_length(z[:, 0])
    for unit in range(1, z.shape[1]):
        lengths = lengths + _conditional_length(make, z[:, :unit], z[:, unit], folds, generator)
    error = float(lengths.std(ddof=1)) / math.sqrt(len(z))
    return EntropyEstimate(
        float(lengths.mean()),
        error,
        f"chain rule, {classifier}",
        float(z.shape[1]),
        _NOTES[classifier],
    )


def _classifier(name: str) -> Callable[[], Any]:
    """A factory of classifiers."""
    if name not in _NOTES:
        raise ValueError(f"unknown classifier {name!r}; there are {', '.join(_NOTES)}")
    try:
        linear, ensemble = import_module("sklearn.linear_model"), import_module("sklearn.ensemble")
    except ImportError as error:
        raise ImportError(
            "the chain rule needs scikit-learn: install the extra with pip install "
            "'neurenorm[networks]'"
        ) from error
    if name == "logistic":
        return lambda: linear.LogisticRegression(
            solver="newton-cholesky"
        )  # many samples, few units: a handful of Newton steps
    return lambda: ensemble.HistGradientBoostingClassifier(
        max_iter=120, max_leaf_nodes=16, early_stopping=False
    )


def _code_length(column: NDArray[Any]) -> Array:
    """Bits to code each sample of the first unit with its observed frequency."""
    p = float(np.mean(column))
    if p in (0.0, 1.0):
        return np.zeros(len(column))
    return np.where(column == 1, -math.log2(p), -math.log2(1 - p))


def _conditional_length(
    make: Callable[[], Any],
    before: NDArray[Any],
    column: NDArray[Any],
    folds: int,
    rng: np.random.Generator,
) -> Array:
    """Bits to code each sample of a unit by a classifier that has not seen it; a fold whose
    training part has one class costs nothing.
    """
    lengths = np.zeros(len(column))
    order = rng.permutation(len(column))
    features = before.astype(float)
    for part in np.array_split(order, folds):
        training = np.setdiff1d(order, part, assume_unique=True)
        if column[training].min() == column[training].max():
            continue
        on = make().fit(features[training], column[training]).predict_proba(features[part])[:, 1]
        chance = np.clip(np.where(column[part] == 1, on, 1 - on), 1e-12, 1.0)
        lengths[part] = -np.log2(chance)
    return lengths


def total_correlation(states: ArrayLike, joint: EntropyEstimate) -> EntropyEstimate:
    """Return the sum of the entropies of the units minus their joint entropy: what the units know
    of each other, in bits.

    Parameters
    ----------
    states : array_like of 0 and 1, shape (samples, units)
    joint : EntropyEstimate
        Joint entropy, by any method.

    Returns
    -------
    EntropyEstimate
        Its error is at most the sum of both errors; see `LayerComplexity.known_of_each_other`.

    Examples
    --------
    >>> total_correlation(
    ...     [[0, 0], [1, 1]] * 4, EntropyEstimate(1.0, 0.0, "plug-in", 2.0, "no bias")
    ... ).value
    1.0
    """
    return layer_complexity(PackedStates.of(states)).known_of_each_other(joint)
