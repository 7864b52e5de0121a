"""Speed on random active paths: a belief-propagation sweep against the same loop in C, a row of
thresholds, Monte Carlo updates.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurenorm.graphs.paths import ActivePaths, random_active_paths
from neurenorm.numerics.simulation.active_paths.dynamics import PathMonteCarlo
from neurenorm.numerics.simulation.active_paths.instances import couplings
from neurenorm.numerics.solve.active_paths.belief_propagation import BeliefSweep
from neurenorm.numerics.solve.active_paths.thresholds import path_thresholds
from neurenorm.theory.active_paths.ensemble import path_ensemble
from neurenorm.theory.cavity.messages import cavity_equations

__all__ = ["run"]

Row = dict[str, str | float]
MESSAGES = 1_000_000
BETA = 1.0

SOURCE = r"""
#include <math.h>
void sweep(long paths, long weights, const long *member, const double *t, const double *m, double *u, double *h, double *out) {
    for (long i = 0; i < weights; i++) h[i] = 0.0;
    for (long a = 0; a < paths; a++) {
        const double *x = m + 3 * a;
        double product[3] = {x[1] * x[2], x[0] * x[2], x[0] * x[1]};
        for (int k = 0; k < 3; k++) {
            double y = t[a] * product[k];
            u[3 * a + k] = 0.5 * log((1.0 + y) / (1.0 - y));
            h[member[3 * a + k]] += u[3 * a + k];
        }
    }
    for (long e = 0; e < 3 * paths; e++) out[e] = tanh(h[member[e]] - u[e]);
}
"""


def run() -> list[Row]:
    """Rows with a name, a time in seconds or a rate, and a ratio to the practical limit or to the
    promised number.

    Returns
    -------
    list of dict
        Keys ``name``, ``value``, ``unit`` and ``ratio``.
    """
    rng = np.random.default_rng(1)
    width = 333
    paths = random_active_paths((width,) * 4, MESSAGES // 3, rng)
    ours, limit = _sweep_times(paths, rng)
    rows: list[Row] = [
        {
            "name": "belief-propagation sweep, 1e6 messages",
            "value": ours,
            "unit": "s",
            "ratio": ours / limit,
        },
        {
            "name": "the same loop in C (-O3 -march=native -ffast-math)",
            "value": limit,
            "unit": "s",
            "ratio": 1.0,
        },
    ]
    for p, T in ((3, 0.2), (3, 0.5), (3, 1.0), (3, 3.0), (6, 0.5), (6, 3.0)):
        seconds = _best(lambda p=p, T=T: path_thresholds(path_ensemble(p), T), 1)  # type: ignore[misc]
        rows.append(
            {
                "name": f"thresholds c_d and c_K, p = {p}, T = {T}",
                "value": seconds,
                "unit": "s",
                "ratio": seconds / 30,
            }
        )
    rate = _monte_carlo_rate(rng)
    rows.append(
        {"name": "Monte Carlo, weight updates", "value": rate, "unit": "1/s", "ratio": rate / 1e7}
    )
    return rows


def _sweep_times(paths: ActivePaths, rng: np.random.Generator) -> tuple[float, float]:
    """Seconds of one sweep here and in C (infinite without a compiler), on the same messages, after
    checking that both agree.
    """
    machine = BeliefSweep(cavity_equations(3), paths, couplings(paths, "glass", rng), BETA)
    means = rng.uniform(-0.9, 0.9, (paths.count, 3))
    columns = [np.ascontiguousarray(means[:, k]) for k in range(3)]
    ours = _best(lambda: machine.sweep(columns), 7)
    limit = _c_sweep(paths, machine.t, means)
    if limit is None:
        return ours, float("inf")
    work, out = limit
    seconds = _best(work, 7)
    if not np.allclose(np.stack(machine.sweep(columns), axis=1), out, atol=1e-9):
        raise ArithmeticError("the C sweep and the compiled one differ")
    return ours, seconds


def _c_sweep(
    paths: ActivePaths, t: NDArray[np.float64], means: NDArray[np.float64]
) -> tuple[Callable[[], object], NDArray[np.float64]] | None:
    """Compile the C loop and bind it to the arrays; None without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    folder = Path(tempfile.mkdtemp())
    (folder / "sweep.c").write_text(SOURCE)
    flags = ["-O3", "-march=native", "-ffast-math", "-shared", "-fPIC"]
    subprocess.run(
        [compiler, *flags, str(folder / "sweep.c"), "-o", str(folder / "sweep.so"), "-lm"],
        check=True,
    )
    library = ctypes.CDLL(str(folder / "sweep.so"))
    out: NDArray[np.float64] = np.empty(means.shape)
    arrays: list[NDArray[Any]] = [
        np.ascontiguousarray(paths.members),
        t,
        np.ascontiguousarray(means),
        np.empty(means.size),
        np.empty(paths.size),
        out,
    ]
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in arrays]
    counts = ctypes.c_long(paths.count), ctypes.c_long(paths.size)
    return (lambda: library.sweep(*counts, *pointers)), out


def _monte_carlo_rate(rng: np.random.Generator) -> float:
    """Weight updates per second on a layered network of 10800 weights with 8 paths per weight."""
    paths = random_active_paths((60,) * 4, 8 * 3600, rng)
    hidden = rng.choice([-1.0, 1.0], paths.size)
    chain = PathMonteCarlo(
        paths, couplings(paths, "planted", rng, beta=BETA, hidden=hidden), BETA, hidden, rng
    )
    return 100 * paths.size / _best(lambda: chain.sweep(100), 3)


def _best(work: Callable[[], object], times: int) -> float:
    """Shortest of several runs, after one to warm up where there are several."""
    if times > 1:
        work()
    durations = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        durations.append(time.perf_counter() - started)
    return min(durations)


def main() -> None:
    """Print the table; ratios of times are to the limit (the row in C, 30 s), the ratio of a rate
    to 1e7 per second.
    """
    print(f"{'':<52}{'value':>12}  unit{'ratio':>8}")
    for row in run():
        print(f"{row['name']:<52}{row['value']:>12.4g}  {row['unit']:<4}{row['ratio']:>8.2f}")


if __name__ == "__main__":
    main()
