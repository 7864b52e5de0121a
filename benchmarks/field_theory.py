"""Random networks: kernels against hand-written NumPy, exact-in-law sampling against drawn weights,
the phase diagram of tanh.

Where the environment variable ``NEURAL_TANGENTS_PYTHON`` names a Python that has neural-tangents,
or this one has it, its kernels are timed and compared too.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurenorm.numerics.simulation.field_theory.activations import NAMED
from neurenorm.numerics.simulation.field_theory.networks import (
    Plan,
    layers_by_weights,
    layers_in_law,
)
from neurenorm.numerics.solve.field_theory.kernel_matrices import kernel_matrices
from neurenorm.numerics.solve.field_theory.phase_diagram import phase_diagram
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.wide.limit import WideLimit

__all__ = ["run"]

Array = NDArray[np.float64]
DEPTH, SIZE = 10, 500


def best_of_each(works: Sequence[Callable[[], Any]], times: int = 15) -> list[float]:
    """Shortest time of each piece of work, taken in turns so that all meet the same machine."""
    found: list[list[float]] = [[] for _ in works]
    for _ in range(times):
        for seconds, work in zip(found, works, strict=True):
            seconds.append(best_of(work, 1))
    return [min(seconds) for seconds in found]


def best_of(work: Callable[[], Any], times: int = 3) -> float:
    """Shortest of several runs, in seconds."""
    found = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return min(found)


def by_hand(gram: Array, sw2: float, sb2: float, depth: int) -> tuple[Array, Array]:
    """NNGP and NTK matrices of erf, as anyone would write them in NumPy."""
    kernel = sb2 + sw2 * gram
    tangent = kernel.copy()
    for _ in range(depth - 1):
        scale = 1 + 2 * np.diag(kernel)
        product = np.outer(scale, scale)
        slope = 4 / np.pi / np.sqrt(product - 4 * kernel**2)
        new = sb2 + sw2 * 2 / np.pi * np.arcsin(2 * kernel / np.sqrt(product))
        tangent = new + sw2 * slope * tangent
        kernel = new
    return kernel, tangent


def neural_tangents(inputs: Array, sw2: float, sb2: float) -> tuple[Array, Array, float] | str:
    """Kernels and seconds of neural-tangents, or a sentence why there are none."""
    python = os.environ.get("NEURAL_TANGENTS_PYTHON") or (
        sys.executable if importlib.util.find_spec("neural_tangents") else None
    )
    if python is None:
        return "not compared: set NEURAL_TANGENTS_PYTHON to a Python that has neural-tangents"
    with tempfile.TemporaryDirectory() as folder:
        given, found = Path(folder) / "inputs.npy", Path(folder) / "found.npz"
        np.save(given, inputs)
        script = Path(__file__).with_name("_neural_tangents.py")
        done = subprocess.run(
            [python, str(script), str(given), str(DEPTH), str(sw2), str(sb2), str(found)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            return f"not compared: it does not run there ({done.stderr.strip().splitlines()[-1]})"
        with np.load(found) as data:
            return data["kernel"], data["tangent"], float(data["seconds"])


def incumbent_row(inputs: Array, reference: tuple[Array, Array], plain: float) -> dict[str, Any]:
    """The row of neural-tangents, its kernels checked."""
    found = neural_tangents(inputs, 1.5, 0.1)
    if isinstance(found, str):
        return {"name": f"neural-tangents, {found}", "seconds": float("nan"), "ratio": float("nan")}
    if not all(np.allclose(a, b, rtol=1e-8) for a, b in zip(reference, found[:2], strict=True)):
        raise ArithmeticError("the kernels of neural-tangents differ from the hand-written ones")
    return {
        "name": "the same, neural-tangents (its own Python, compiled, all cores)",
        "seconds": found[2],
        "ratio": found[2] / plain,
    }


def run() -> list[dict[str, Any]]:
    """Rows with a name, seconds, and a ratio.

    Returns
    -------
    list of dict
        Keys ``name``, ``seconds`` and ``ratio``.
    """
    rng = np.random.default_rng(1)
    inputs = rng.standard_normal((SIZE, 30))
    gram = inputs @ inputs.T / 30
    wide = WideLimit(activation("erf"))
    reference = by_hand(gram, 1.5, 0.1, DEPTH)
    derived = kernel_matrices(wide, gram, 1.5, 0.1, DEPTH)
    if not all(np.allclose(a, b, rtol=1e-10) for a, b in zip(reference, derived, strict=True)):
        raise ArithmeticError("the derived kernels differ from the hand-written ones")
    works = [
        lambda: by_hand(gram, 1.5, 0.1, DEPTH),
        *(lambda n=n: kernel_matrices(wide, gram, 1.5, 0.1, DEPTH, threads=n) for n in (1, None)),
    ]
    plain, single, ours = best_of_each(works)
    plan, pair = Plan((1000,) * (DEPTH + 1), 1.5, 0.1), rng.standard_normal((2, 1000))
    weights = best_of(lambda: layers_by_weights(plan, pair, NAMED["tanh"], 1, rng))
    direct = best_of(lambda: layers_in_law(plan, pair, NAMED["tanh"], 20, rng)) / 20
    axes = np.linspace(0.5, 4.0, 200), np.linspace(0.0, 1.0, 200)
    diagram = best_of(lambda: phase_diagram(WideLimit(activation("tanh")), *axes), 1)
    return [
        {
            "name": f"erf NNGP and NTK, depth {DEPTH}, {SIZE} x {SIZE}, NumPy by hand",
            "seconds": plain,
            "ratio": 1.0,
        },
        {
            "name": "the same, compiled from the derived maps, one thread",
            "seconds": single,
            "ratio": single / plain,
        },
        {"name": "the same, one thread per core", "seconds": ours, "ratio": ours / plain},
        incumbent_row(inputs, reference, plain),
        {
            "name": "one network of width 1000 and depth 10, drawn weights",
            "seconds": weights,
            "ratio": 1.0,
        },
        {"name": "the same in law, without weights", "seconds": direct, "ratio": direct / weights},
        {"name": "phase diagram of tanh, 200 x 200", "seconds": diagram, "ratio": float("nan")},
    ]


def main() -> None:
    """Print the table."""
    for row in run():
        ratio = "" if row["ratio"] != row["ratio"] else f"{row['ratio']:.4g}"
        seconds = "" if row["seconds"] != row["seconds"] else f"{row['seconds']:10.4g} s"
        print(f"{row['name']:66s} {seconds} {ratio:>8s}")


if __name__ == "__main__":
    main()
