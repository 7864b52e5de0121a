"""What a sweep costs per point beside the computation itself: the journal, the pipe to a worker,
and the derivation that points share.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from neurenorm.numerics.evaluate import evaluate
from neurenorm.numerics.sweep import sweep

POINTS = 50


def _seconds(work: Callable[[], object]) -> float:
    """Return the time of one run."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def run() -> list[tuple[str, float, float]]:
    """Return rows of name, milliseconds per point, and the ratio to calling evaluate point by
    point.
    """
    name, couplings = "lattice/ising-decimation", np.linspace(0.1, 2, POINTS)
    sweep(name, {"K": [1]}, {"b": 8}, workers=0)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "a.nc"
        times = {
            "evaluate, point by point": _seconds(
                lambda: [evaluate(name, K=K, b=8) for K in couplings]
            ),
            "sweep in this process": _seconds(
                lambda: sweep(name, {"K": couplings}, {"b": 8}, workers=0)
            ),
            "sweep with journal and netCDF": _seconds(
                lambda: sweep(name, {"K": couplings}, {"b": 8}, workers=0, output=file)
            ),
            "the same again, already there": _seconds(
                lambda: sweep(name, {"K": couplings}, {"b": 8}, workers=0, output=file)
            ),
            "sweep in two processes, their start included": _seconds(
                lambda: sweep(name, {"K": couplings}, {"b": 8}, workers=2)
            ),
        }
    reference = times["evaluate, point by point"]
    return [
        (label, 1000 * seconds / POINTS, seconds / reference) for label, seconds in times.items()
    ]


def main() -> None:
    """Print the table."""
    print(f"{'sweep of ' + str(POINTS) + ' points':48} {'ms per point':>14} {'ratio':>8}")
    for label, milliseconds, ratio in run():
        print(f"{label:48} {milliseconds:14.2f} {ratio:8.2f}")


if __name__ == "__main__":
    main()
