"""Measuring states and dimensions, as ratios in one run: packed bits against plain arrays, the
smaller Gram side against the covariance.

Run ``python -m benchmarks complexity``. One thread.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from neurenorm.numerics.observables.dimension import covariance_spectrum, effective_dimension
from neurenorm.numerics.observables.entropy import joint_entropy, layer_complexity
from neurenorm.numerics.observables.states import PackedStates

SAMPLES, UNITS = 100_000, 1000
REPEATS = 3


@dataclass(frozen=True)
class Row:
    """One task: seconds here, seconds of the plain way, their ratio, and the largest relative
    difference of the results.
    """

    task: str
    seconds: float
    plain: float
    ratio: float
    difference: float


def best(function: Callable[[], Any]) -> tuple[float, Any]:
    """Shortest of a few runs, and the result."""
    times, result = [], None
    for _ in range(REPEATS):
        start = time.perf_counter()
        result = function()
        times.append(time.perf_counter() - start)
    return min(times), result


def compared(task: str, ours: Callable[[], Any], plain: Callable[[], Any]) -> Row:
    """Run both ways."""
    (fast, found), (slow, expected) = best(ours), best(plain)
    difference = float(np.max(np.abs(np.asarray(found) - expected)) / np.max(np.abs(expected)))
    return Row(task, fast, slow, slow / fast, difference)


def plain_complexity(states: np.ndarray) -> np.ndarray:
    """Entropy of every unit from an array of Booleans."""
    p = states.mean(axis=0)
    return -(p * np.log2(np.maximum(p, 1e-300)) + (1 - p) * np.log2(np.maximum(1 - p, 1e-300)))


def plain_joint(states: np.ndarray) -> float:
    """Plug-in entropy of the patterns by numpy.unique along an axis."""
    q = np.unique(states, axis=0, return_counts=True)[1] / len(states)
    return float(-np.sum(q * np.log2(q)))


def plain_dimension(features: np.ndarray) -> float:
    """Effective dimension from the full covariance."""
    values = np.maximum(np.linalg.eigvalsh(np.cov(features.T)), 0)
    p = values[values > 0] / values.sum()
    return float(np.exp(-np.sum(p * np.log(p))))


def run() -> list[Row]:
    """Measure everything."""
    rng = np.random.default_rng(0)
    states = np.empty((SAMPLES, UNITS), dtype=bool)
    packed = PackedStates(UNITS)
    for start in range(0, SAMPLES, 5000):
        h = rng.standard_normal((5000, UNITS), dtype=np.float32) + np.linspace(
            -2, 2, UNITS, dtype=np.float32
        )
        states[start : start + 5000] = h > 0
        packed.add(h)
    few, small = PackedStates.of(states[:, ::100]), states[:, ::100]
    features = rng.standard_normal((300, 2000))
    return [
        compared(
            f"complexity of {SAMPLES} x {UNITS} states",
            lambda: layer_complexity(packed).units,
            lambda: plain_complexity(states),
        ),
        compared(
            f"joint entropy of {SAMPLES} x 10 states",
            lambda: joint_entropy(few, "plug-in").value,
            lambda: plain_joint(small),
        ),
        compared(
            "effective dimension of 300 x 2000 features",
            lambda: effective_dimension(covariance_spectrum(features)),
            lambda: plain_dimension(features),
        ),
    ]


def main() -> None:
    """Print the table."""
    print(f"{'task':48} {'seconds':>9} {'plain':>9} {'ratio':>8} {'difference':>11}")
    for row in run():
        print(
            f"{row.task:48} {row.seconds:9.4f} {row.plain:9.4f} {row.ratio:8.1f} "
            f"{row.difference:11.1e}"
        )


if __name__ == "__main__":
    main()
