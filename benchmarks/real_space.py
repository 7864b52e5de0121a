"""What real-space renormalization costs, beside the seconds aimed at.

Run ``python benchmarks/real_space.py``.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from neurenorm.graphs.lattices import square
from neurenorm.numerics.evaluate import evaluate
from neurenorm.numerics.solve.disorder import glass_temperature, stiffness
from neurenorm.numerics.solve.planar_ising import KacWard
from neurenorm.numerics.solve.tensors import ising_tensor, tensor_flow

CRITICAL = float(np.log(1 + np.sqrt(2)) / 2)


def points(**question: Any) -> Callable[[], object]:
    """Return the search for all fixed points of a model."""
    values: Mapping[str, Any] = question
    return lambda: evaluate("lattice/phase-points", values)


def determinants() -> object:
    """Evaluate 512 by 512 determinants of the square lattice, of which half are needed."""
    lattice = KacWard(square())
    return lattice.determinants(np.tanh(0.4), lattice.mesh(512))


WORK: dict[str, tuple[Callable[[], object], float]] = {
    "all fixed points, BEG": (points(model="beg"), 0.4),
    "all fixed points, clock 6": (points(model="clock", q=6), 1.5),
    "all fixed points, clock 8": (points(model="clock", q=8), 10),
    "stiffness exponent, 8 digits": (lambda: stiffness(2), 9),
    "glass temperature, 4 digits": (lambda: glass_temperature(4, True), 10),
    "TRG, chi = 16, 40 steps": (lambda: tensor_flow(ising_tensor(CRITICAL), 16, 40), 3),
    "HOTRG, chi = 16, 40 steps": (
        lambda: tensor_flow(ising_tensor(CRITICAL), 16, 40, method="hotrg"),
        5,
    ),
    "Kac-Ward, mesh of 512 by 512": (determinants, 0.5),
    "Green function of the cubic lattice": (
        lambda: evaluate("field/lattice-green", lattice="cubic"),
        1,
    ),
}


def main() -> None:
    """Print the seconds of each piece of work, and their ratio to the aim."""
    for name, (work, aim) in WORK.items():
        started = time.process_time()
        work()
        seconds = time.process_time() - started
        print(f"{name:38} {seconds:7.2f} s, {seconds / aim:5.2f} of the aim")


if __name__ == "__main__":
    main()
