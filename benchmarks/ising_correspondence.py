"""Speed of sampling the chain packed into bits, and of training layers and machines, beside the
plain way.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from scipy import optimize

from neurenorm.numerics.simulation.ising_correspondence.chains import (
    chain_law,
    sample_packed_chains,
)
from neurenorm.numerics.simulation.ising_correspondence.machines import train_machine
from neurenorm.numerics.simulation.ising_correspondence.tanh_layers import (
    fit_tanh,
    train_causal_stack,
)

__all__ = ["run"]

Row = dict[str, str | float]

COUPLING = 1.0
LENGTH, CHAINS = 64, 2**18


def run() -> list[Row]:
    """Rows with a name, a time in seconds, a rate where one makes sense, and the ratio of the plain
    time to this one.

    Returns
    -------
    list of dict
        Keys ``name``, ``seconds``, ``rate`` (spins per second) and ``ratio``.
    """
    rng = np.random.default_rng(1)
    return [*_sampling(rng), *_layers(rng), *_machines()]


def _sampling(rng: np.random.Generator) -> list[Row]:
    """Packed bits against one uniform number per bond, and a majority of three on either."""
    plain = _seconds(lambda: _plain_chains(CHAINS // 8, rng)) * 8
    packed = _seconds(lambda: sample_packed_chains(COUPLING, LENGTH, CHAINS, rng))
    chains = sample_packed_chains(COUPLING, LENGTH, CHAINS, rng)
    spins = chains.unpacked()[: CHAINS // 8]
    slow = _seconds(lambda: np.sign(spins[:, :63].reshape(len(spins), 21, 3).sum(axis=2))) * 8
    fast = _seconds(lambda: chains.majority(3))
    size = LENGTH * CHAINS
    return [
        _row("sample: one number per bond", plain, 1.0, size),
        _row("sample: 64 chains to a word", packed, plain / packed, size),
        _row("majority of 3: sums of spins", slow, 1.0, size),
        _row("majority of 3: bitwise", fast, slow / fast, size),
    ]


def _plain_chains(samples: int, rng: np.random.Generator) -> np.ndarray:
    """Sample open chains as anyone would first write it."""
    flips = np.where(rng.random((samples, LENGTH)) < 1 / (1 + np.exp(2 * COUPLING)), -1, 1)
    return np.cumprod(flips, axis=1)


def _layers(rng: np.random.Generator) -> list[Row]:
    """One unit by Newton against a general minimiser, and the whole stack of 64 spins and 20,000
    samples.
    """
    spins = sample_packed_chains(2.0, LENGTH, 20000, rng).unpacked()[:20000]
    inputs, target = spins[:, :62].astype(float), spins[:, 63].astype(float)
    newton = _seconds(lambda: fit_tanh(inputs, target))
    general = _seconds(lambda: _general_fit(inputs, target))
    stack = _seconds(lambda: train_causal_stack(spins, b=2, depth=4), repeats=1)
    return [
        _row("one unit of 62 inputs: L-BFGS", general, 1.0),
        _row("one unit of 62 inputs: Newton", newton, general / newton),
        _row("causal stack, 4 layers, 53 units", stack),
    ]


def _general_fit(inputs: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Minimise the cross-entropy by a quasi-Newton method to the same accuracy."""

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the cross-entropy and its gradient."""
        field = inputs @ weights
        value = np.mean(np.logaddexp(field, -field) - target * field)
        return float(value), inputs.T @ (np.tanh(field) - target) / len(target)

    options = {"ftol": 1e-16, "gtol": 1e-9, "maxiter": 1000}
    return np.asarray(
        optimize.minimize(loss, np.zeros(62), jac=True, method="L-BFGS-B", options=options).x
    )


def _machines() -> list[Row]:
    """The exact-divergence machine 8 → 4: one search to success, and sixty starts that never
    succeed.
    """
    law = chain_law(COUPLING, 8, "ring")
    found = _seconds(lambda: train_machine(law, 4, np.random.default_rng(1), progress=False))
    many = _seconds(
        lambda: train_machine(law, 3, np.random.default_rng(1), starts=60, progress=False),
        repeats=1,
    )
    return [_row("machine 8 to 4, until exact", found), _row("machine 8 to 3, 60 starts", many)]


def _row(name: str, seconds: float, ratio: float = float("nan"), size: float = float("nan")) -> Row:
    """One line of the table."""
    return {"name": name, "seconds": seconds, "rate": size / seconds, "ratio": ratio}


def _seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """Seconds, the best of a few runs."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def main() -> None:
    """Print the table."""
    print(f"{'':36s} {'seconds':>9s} {'spins/s':>10s} {'ratio':>7s}")
    for row in run():
        rate = "" if row["rate"] != row["rate"] else f"{row['rate']:.2g}"
        ratio = "" if row["ratio"] != row["ratio"] else f"{row['ratio']:.1f}"
        print(f"{row['name']:36s} {row['seconds']:9.4f} {rate:>10s} {ratio:>7s}")


if __name__ == "__main__":
    main()
