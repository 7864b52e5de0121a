"""The same erf kernels by neural-tangents, run by a Python of its own: this file imports nothing of
the project.

    python _neural_tangents.py INPUTS.npy DEPTH SW2 SB2 OUTPUT.npz

writes the kernel, the tangent kernel and the shortest of several times in seconds. neural-tangents
0.6.5 needs an older jax: a fresh environment with ``neural-tangents==0.6.5 jax==0.4.30
jaxlib==0.4.30 numpy<2 scipy<1.14`` runs; with a current jax its import fails.
"""

from __future__ import annotations

import sys
import time

import jax
import numpy as np

jax.config.update("jax_enable_x64", True)

from neural_tangents import stax  # noqa: E402

TIMES = 7


def main(inputs: str, depth: str, sw2: str, sb2: str, output: str) -> None:
    """Compile once, then time the compiled function."""
    x = np.load(inputs)
    dense = [
        stax.Dense(1, W_std=float(sw2) ** 0.5, b_std=float(sb2) ** 0.5) for _ in range(int(depth))
    ]
    layers = [part for layer in dense for part in (layer, stax.Erf())][:-1]
    _, _, kernel_of = stax.serial(*layers)
    compiled = jax.jit(lambda points: tuple(kernel_of(points, None, ("nngp", "ntk"))))
    kernel, tangent = (np.asarray(part) for part in compiled(x))
    seconds = []
    for _ in range(TIMES):
        started = time.perf_counter()
        [part.block_until_ready() for part in compiled(x)]
        seconds.append(time.perf_counter() - started)
    np.savez(output, kernel=kernel, tangent=tangent, seconds=min(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
