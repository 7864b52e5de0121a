"""What decimation costs against the length of a ring and against treewidth, and what Fourier
diagonalisation saves over symbolic eigenvalues.

Run ``python benchmarks/decimation.py``.
"""

import multiprocessing
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import networkx as nx
import numpy as np
from sympy import Matrix, Rational, Symbol, eye
from sympy.matrices.exceptions import MatrixError

from neurenorm.graphs import chain
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.evaluate import evaluate
from neurenorm.theory import ISING, bond_model, decimate
from neurenorm.theory.field.gaussian_field import GaussianField

K = Symbol("K", real=True)
PATIENCE_SECONDS = 5.0


@dataclass(frozen=True)
class Row:
    """One measured piece of work, and what the peer took for it."""

    name: str
    seconds: float
    per_site: float | None = None
    peer: float | None = None


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that a piece of work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def ring_rows() -> list[Row]:
    """Sum rings of growing length at one coupling, with 17 proved digits."""
    rows = []
    for length in (100, 1_000, 10_000):
        seconds = timed(
            lambda n=length: evaluate("lattice/ring-free-energy", K=Rational(1, 2), N=n)
        )
        rows.append(Row(f"ln Z of a ring of {length}", seconds, seconds / length))
    return rows


def width_rows() -> list[Row]:
    """Sum square lattices exactly, as polynomials in the Boltzmann factor."""
    rows = []
    for side in (4, 6, 8):
        decimation = decimate(
            bond_model(nx.grid_2d_graph(side, side), ISING, {K: lambda s, t: s * t}), ()
        )
        seconds = timed(lambda d=decimation: d.polynomials)
        rows.append(
            Row(
                f"{side} x {side} grid, exact polynomial (width {decimation.order.width})",
                seconds,
                seconds / side**2,
            )
        )
    return rows


def bloch_eigenvalues(cells: int) -> np.ndarray:
    """Return the eigenvalues of a periodic chain of cells from its dispersion."""
    a = Symbol("a", positive=True)
    field = chain_field(a)
    (k,) = field.wave_numbers
    return np.sort(compiled(field.dispersion, [a, k])(0.8, 2 * np.pi * np.arange(cells) / cells))


def chain_field(a: Symbol) -> GaussianField:
    """Return the nearest-neighbour chain with symbol 1 + a^2 - 2 a cos k."""
    graph = chain()
    return GaussianField(graph, 1 + a**2, -a)


def symbolic_eigenvalues(cells: int) -> None:
    """Ask SymPy for the eigenvalues of the same matrix."""
    a = Symbol("a", positive=True)
    matrix = Matrix((1 + a**2) * eye(cells))
    for i in range(cells):
        matrix[i, (i + 1) % cells] -= a
        matrix[(i + 1) % cells, i] -= a
    try:
        matrix.eigenvals()
    except MatrixError:
        sys.exit(1)


def with_patience(cells: int) -> float:
    """Return the seconds that SymPy takes, infinity where it takes too long, and NaN where it gives
    up.
    """
    worker = multiprocessing.get_context("fork").Process(target=symbolic_eigenvalues, args=(cells,))
    started = time.perf_counter()
    worker.start()
    worker.join(PATIENCE_SECONDS)
    if worker.is_alive():
        worker.kill()
        return float("inf")
    if worker.exitcode != 0:
        return float("nan")
    return time.perf_counter() - started


def bloch_rows() -> list[Row]:
    """Compare Fourier with symbolic eigenvalues."""
    rows = [
        Row(
            f"eigenvalues of a {n}-cell chain",
            timed(lambda n=n: bloch_eigenvalues(n)),
            peer=with_patience(n),
        )
        for n in (4, 8, 14, 22, 64)
    ]
    found = bloch_eigenvalues(64)
    assert np.allclose(found, np.sort(1.64 - 1.6 * np.cos(2 * np.pi * np.arange(64) / 64)))
    return rows


def run() -> list[Row]:
    """Measure all."""
    return ring_rows() + width_rows() + bloch_rows()


def peer_words(row: Row) -> tuple[str, str]:
    """Return the peer's time and the ratio, or in words why there is none."""
    if row.peer is None:
        return "", ""
    if row.peer != row.peer:
        return "gives up", ""
    if row.peer == float("inf"):
        return f"> {PATIENCE_SECONDS:g}", f"> {PATIENCE_SECONDS / row.seconds:.3g}"
    return f"{row.peer:.3g}", f"{row.peer / row.seconds:.3g}"


def table(rows: list[Row]) -> str:
    """Return the rows as text."""
    lines = [f"{'work':<52}{'s':>10}{'us/site':>10}{'peer s':>10}{'ratio':>10}"]
    for row in rows:
        per_site = "" if row.per_site is None else f"{1e6 * row.per_site:.1f}"
        peer, ratio = peer_words(row)
        lines.append(f"{row.name:<52}{row.seconds:>10.4f}{per_site:>10}{peer:>10}{ratio:>10}")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(run()))
