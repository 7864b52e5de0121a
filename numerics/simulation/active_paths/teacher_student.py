"""An experiment of our own: a student with binary weights and missing connections learns a teacher
with binary weights.

The model of active paths says what removing connections does to the landscape of weights; it says
nothing by itself about learning. In this experiment a small ReLU network with weights ±1 (the
teacher) labels random inputs, and a student of the same shape that lacks a fraction of the
connections is annealed on those labels. It reports the training and the test error and the overlap
of the student's weights with the teacher's. It is no result of the paper's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.estimate import Estimate

__all__ = ["LearningCurve", "LearningPoint", "learning_curve", "teacher_student"]

Array = NDArray[np.float64]
HOTTEST = 0.1


@dataclass(frozen=True)
class LearningPoint(Tabulated):
    """One student.

    Parameters
    ----------
    train, test : float
        Mean squared error over the variance of the labels: 0 is perfect, 1 is as good as a
        constant.
    overlap : float
        Mean over the student's weights of weight times teacher's weight.
    """

    train: float
    test: float
    overlap: float


@dataclass(frozen=True)
class LearningCurve(Tabulated):
    """Students against the removed fraction; estimates over independent teachers.

    Parameters
    ----------
    rho : ndarray
    train, test, overlap : Estimate
        Each with one entry per removed fraction.
    """

    rho: Array
    train: Estimate
    test: Estimate
    overlap: Estimate


def outputs(weights: Sequence[Array], inputs: Array) -> Array:
    """Return the linear readout of a ReLU network, one number per input."""
    signal = inputs
    for layer in weights[:-1]:
        signal = np.maximum(signal @ layer, 0.0) / np.sqrt(layer.shape[0])
    return np.asarray((signal @ weights[-1]).ravel() / np.sqrt(weights[-1].shape[0]))


def teacher_student(
    widths: Sequence[int],
    removed: float,
    rng: np.random.Generator,
    *,
    patterns: int = 80,
    start: str = "random",
    sweeps: int = 40,
    coldest: float = 1e-3,
) -> LearningPoint:
    """Anneal one student with missing connections on the labels of one full teacher.

    Parameters
    ----------
    widths : sequence of int
        Units n_0 … n_p, the last of which is 1.
    removed : float
        Fraction of the student's connections that are missing.
    rng : numpy.random.Generator
    patterns : int
        Number of training inputs, random signs; as many again, times four, for the test.
    start : {"random", "teacher"}
        Whether the student begins with random weights or with the teacher's.
    sweeps : int
        Sweeps of single flips, at a temperature of the relative training error that falls from 0.1
        to ``coldest`` for a random start, which has to find a solution, and stays at ``coldest``
        for the teacher's weights, which show whether one is kept.

    Examples
    --------
    >>> teacher_student(
    ...     (6, 5, 1), 0.0, np.random.default_rng(0), start="teacher", sweeps=5, coldest=1e-6
    ... ).test < 1
    True
    """
    if not 0 <= removed <= 1:
        raise ValueError(f"the removed fraction lies between 0 and 1, got {removed}")
    if start not in ("random", "teacher"):
        raise ValueError(f"the start is random or teacher, got {start!r}")
    if len(widths) < 3 or widths[-1] != 1 or min(widths) < 1:
        raise ValueError(
            f"widths need at least one hidden layer and end with 1, got {tuple(widths)}"
        )
    if patterns < 2 or sweeps < 0:
        raise ValueError(
            f"give at least 2 patterns and no negative number of sweeps, got {patterns} and "
            f"{sweeps}"
        )
    shapes = list(pairwise(widths))
    teacher = [rng.choice([-1.0, 1.0], shape) for shape in shapes]
    masks = [rng.random(shape) >= removed for shape in shapes]
    student = [
        (t if start == "teacher" else rng.choice([-1.0, 1.0], t.shape)) * mask
        for t, mask in zip(teacher, masks, strict=True)
    ]
    inputs, fresh = (
        rng.choice([-1.0, 1.0], (count, widths[0])) for count in (patterns, 4 * patterns)
    )
    labels = outputs(teacher, inputs)
    _annealed(
        student,
        masks,
        inputs,
        labels,
        np.geomspace(HOTTEST if start == "random" else coldest, coldest, sweeps),
        rng,
    )
    kept = max(sum(int(mask.sum()) for mask in masks), 1)
    overlap = sum(float((s * t).sum()) for s, t in zip(student, teacher, strict=True)) / kept
    return LearningPoint(
        _error(student, inputs, labels), _error(student, fresh, outputs(teacher, fresh)), overlap
    )


def _error(student: Sequence[Array], inputs: Array, labels: Array) -> float:
    """Mean squared error over the variance of the labels."""
    return float(
        np.mean((outputs(student, inputs) - labels) ** 2) / max(float(np.var(labels)), 1e-12)
    )


def _annealed(
    student: list[Array],
    masks: Sequence[NDArray[np.bool_]],
    inputs: Array,
    labels: Array,
    temperatures: Array,
    rng: np.random.Generator,
) -> None:
    """Heat-bath sweeps of single weights at falling temperatures, in place."""
    sites = [(k, int(i), int(j)) for k, mask in enumerate(masks) for i, j in np.argwhere(mask)]
    error = _error(student, inputs, labels)
    for temperature in temperatures:
        for index in rng.permutation(len(sites)):
            k, i, j = sites[index]
            student[k][i, j] *= -1
            proposed = _error(student, inputs, labels)
            if rng.random() < expit(
                (error - proposed) / temperature
            ):  # heat bath: a weight without effect is drawn at random
                error = proposed
            else:
                student[k][i, j] *= -1


def learning_curve(
    widths: Sequence[int],
    removed: Sequence[float],
    rng: np.random.Generator,
    *,
    teachers: int = 20,
    **options: int | float | str,
) -> LearningCurve:
    """Repeat the experiment for several removed fractions and independent teachers.

    Parameters
    ----------
    widths, removed, rng
        As for `teacher_student`; ``removed`` is a sequence here.
    teachers : int
        Independent teachers per removed fraction, at least 2.
    **options
        Passed to `teacher_student`.

    Examples
    --------
    >>> curve = learning_curve(
    ...     (4, 3, 1), [0.0, 0.8], np.random.default_rng(0), teachers=3, sweeps=4, patterns=20
    ... )
    >>> curve.overlap.value.shape
    (2,)
    """
    rows = [
        [teacher_student(widths, float(rho), rng, **options) for rho in removed]  # type: ignore[arg-type]
        for _ in range(teachers)
    ]
    columns = [
        Estimate.from_blocks([[getattr(point, name) for point in row] for row in rows])
        for name in ("train", "test", "overlap")
    ]
    return LearningCurve(np.asarray(removed, dtype=float), *columns)
