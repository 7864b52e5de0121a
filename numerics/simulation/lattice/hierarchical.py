"""Hierarchical lattices by plain matrices: a bond is the matrix of its weights, bonds in series are
multiplied, branches in parallel entry by entry.

Nothing is known here of polynomials, classes or charts; weights are kept as logarithms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import fsolve, root
from scipy.special import logsumexp

from neurenorm.numerics.simulation.lattice.enumeration import Term, log_marginal

__all__ = [
    "BONDS",
    "bond_matrix",
    "bond_read_off",
    "critical_coupling",
    "free_energy",
    "isolated_points",
    "plane_point",
    "stepped",
    "tricritical",
]

Array = NDArray[np.float64]
Function = Callable[[Array, Array], Array]


def _harmonic(k: int) -> Function:
    """The cosine of k times the angle between two hands."""
    return lambda a, b: np.cos(k * (a - b))


def _hands(q: int) -> tuple[float, ...]:
    """The angles of a clock."""
    return tuple(2 * np.pi * np.arange(q) / q)


BONDS: dict[str, tuple[tuple[float, ...], tuple[Function, ...]]] = {
    "ising": ((-1.0, 1.0), (lambda a, b: a * b,)),
    "ising-in-field": ((-1.0, 1.0), (lambda a, b: a * b, lambda a, b: (a + b) / 2)),
    "lattice-gas": ((0.0, 1.0), (lambda a, b: a * b, lambda a, b: (a + b) / 2)),
    "potts3": ((0.0, 1.0, 2.0), (lambda a, b: 1.0 * (a == b),)),
    "beg": (
        (0.0, 1.0, -1.0),
        (lambda a, b: a * b, lambda a, b: (a * b) ** 2, lambda a, b: -(a**2) - b**2),
    ),
    "clock5": (_hands(5), (_harmonic(1), _harmonic(2))),
    "ashkin-teller": (_hands(4), (lambda a, b: 2 * np.cos(a - b), _harmonic(2))),
}
"""Of each model its states and the functions that its couplings multiply."""

CELL_BONDS = {
    "diamond": (4, ((0, 2), (2, 1), (0, 3), (3, 1))),
    "wheatstone": (4, ((0, 2), (2, 1), (0, 3), (3, 1), (2, 3))),
    "four branches": (6, tuple((i, j) for j in range(2, 6) for i in (0, 1))),
}


def bond_matrix(model: str, couplings: Sequence[float]) -> Array:
    """Return the logarithm of the weight of a bond for every pair of states.

    Examples
    --------
    >>> bond_matrix("ising", [0.5]).tolist()
    [[0.5, -0.5], [-0.5, 0.5]]
    """
    states, functions = BONDS[model]
    a, b = np.meshgrid(states, states, indexing="ij")
    return np.asarray(sum(g * f(a, b) for g, f in zip(couplings, functions, strict=True)))


def stepped(logs: Array, cell: str) -> Array:
    """Return the log-weight of the cell between its terminals, the bonds having these.

    Examples
    --------
    >>> float(np.diff(stepped(bond_matrix("ising", [0.5]), "diamond")[0])[0] / -2)
    0.433780830483...
    """
    if cell == "wheatstone":
        inner = (
            logs[:, None, :, None]
            + logs[:, None, None, :]
            + logs[None, :, :, None]
            + logs[None, :, None, :]
            + logs[None, None]
        )
        return np.asarray(logsumexp(inner, axis=(2, 3)))
    branches = {"diamond": 2, "four branches": 4}[cell]
    return np.asarray(branches * logsumexp(logs[:, :, None] + logs[None], axis=1))


def free_energy(model: str, couplings: Sequence[float], cell: str, generations: int = 26) -> float:
    """Return ln Z per bond of a lattice of many generations, its terminals summed over.

    Examples
    --------
    >>> round(free_energy("ising", [0.3], "diamond"), 10)
    0.5082834111
    """
    logs, bonds = bond_matrix(model, couplings), float(len(CELL_BONDS[cell][1]))
    total = 0.0
    for n in range(1, generations + 1):
        top = float(logs.max())
        total, logs = total + top / bonds ** (n - 1), stepped(logs - top, cell)
    return float(total + logsumexp(logs) / bonds**generations)


def bond_read_off(model: str, couplings: Sequence[float], cell: str) -> list[float]:
    """Return the couplings and the constant of the new bond, from the sum over all configurations
    of the cell.

    Examples
    --------
    >>> [round(x, 10) for x in bond_read_off("ising", [0.5], "diamond")]
    [0.433780830..., 1.820075...]
    """
    states, functions = BONDS[model]
    n, bonds = CELL_BONDS[cell]
    terms: list[Term] = [
        (bond, g, f) for bond in bonds for g, f in zip(couplings, functions, strict=True)
    ]
    table = log_marginal(n, states, terms, (0, 1))
    a, b = np.meshgrid(states, states, indexing="ij")
    columns = [np.broadcast_to(f(a, b), a.shape).ravel() for f in functions]
    found, rest, *_ = np.linalg.lstsq(
        np.array([*columns, np.ones(a.size)]).T, table.ravel(), rcond=None
    )
    assert not rest.size or rest[0] < 1e-20
    return [float(x) for x in found]


def isolated_points(pairs: Array, cell: str, starts: int, rng: np.random.Generator) -> list[Array]:
    """Return the exponents of all fixed points that many searches for a root find, the classes of
    pairs of states being given as a table of numbers; exponents below -9 count as -9.

    Each search fixes one weight to 1 and looks for w_i P_j = P_i w_j with all weights in [0, 1].
    """
    classes = int(pairs.max()) + 1
    place = [tuple(np.argwhere(pairs == i)[0]) for i in range(classes)]

    def image(w: Array) -> Array:
        """The weights after a step, negative ones allowed."""
        matrix = w[pairs]
        if cell == "wheatstone":
            new = np.einsum("ac,ad,bc,bd,cd->ab", matrix, matrix, matrix, matrix, matrix)
        else:
            new = (matrix @ matrix) ** {"diamond": 2, "four branches": 4}[cell]
        return np.array([new[at] for at in place])

    found: list[Array] = []
    for largest in sorted({int(pairs[s, s]) for s in range(len(pairs))}):
        others = [i for i in range(classes) if i != largest]

        def whole(u: Array, others: list[int] = others) -> Array:
            """All weights."""
            w = np.ones(classes)
            w[others] = u
            return w

        def residual(u: Array, others: list[int] = others, largest: int = largest) -> Array:
            """What vanishes at a fixed point."""
            new = image(whole(u, others))
            return np.asarray(u * new[largest] - new[others])

        for _ in range(starts):
            start = rng.random(classes - 1) ** rng.choice([1, 3])
            end = root(residual, start, tol=1e-13)
            if not end.success or np.abs(residual(end.x)).max() > 1e-10:
                continue
            w = whole(end.x)
            inside = np.all((w > -1e-7) & (w < 1 + 1e-7))
            if inside and not any(np.abs(w - other).max() < 1e-5 for other in found):
                found.append(w)
    return [_exponents(image, w) for w in found]


def _exponents(image: Callable[[Array], Array], w: Array) -> Array:
    """ln|lambda|/ln 2 of the step of ratios, by central differences."""
    largest = int(np.argmax(w))
    others = [i for i in range(len(w)) if i != largest]
    columns = []
    for i in others:
        ends = []
        for sign in (1, -1):
            moved = w.copy()
            moved[i] += sign * 1e-5
            new = image(moved)
            ends.append(new[others] / new[largest])
        columns.append((ends[0] - ends[1]) / 2e-5)
    size = np.abs(np.linalg.eigvals(np.array(columns).T))
    return np.sort(np.maximum(np.log2(np.maximum(size, 1e-30)), -9.0))[::-1]


def tricritical(cell: str, start: Sequence[float]) -> tuple[Array, Array]:
    """Return couplings and exponents of a fixed point of the Blume-Emery-Griffiths model near a
    start.
    """
    point = np.asarray(fsolve(lambda g: _beg_step(g, cell) - g, np.array(start), xtol=1e-13))
    slope = _differences(lambda g: _beg_step(g, cell), point)
    exponents = np.sort(np.log2(np.abs(np.linalg.eigvals(slope))))[::-1]
    return point, exponents


def plane_point(cell: str, point: Array, steps: int = 9) -> Array:
    """Return J and Delta at K = 0 that flow to a tricritical point: after some steps only the
    irrelevant direction of the linearised step there is left.
    """

    def flowed(g: Array) -> Array:
        """The couplings after all steps."""
        for _ in range(steps):
            g = _beg_step(g, cell)
        return g

    slope = _differences(lambda g: _beg_step(g, cell), point)
    values, vectors = np.linalg.eig(slope.T)
    fields = vectors[:, np.argsort(-np.abs(values))[:2]].T.real
    start = np.array([point[0], point[2]])
    found = fsolve(lambda x: fields @ (flowed(np.array([x[0], 0.0, x[1]])) - point), start)
    return np.asarray(found)


def _beg_step(g: Array, cell: str) -> Array:
    """The couplings of the Blume-Emery-Griffiths model after a step, off three differences."""
    logs = stepped(bond_matrix("beg", list(g)), cell)
    delta = logs[0, 0] - logs[0, 1]
    both = (logs[1, 1] + logs[1, 2]) / 2 - logs[0, 0] + 2 * delta
    return np.array([(logs[1, 1] - logs[1, 2]) / 2, both, delta])


def _differences(step: Callable[[Array], Array], at: Array) -> Array:
    """The matrix of derivatives, by central differences of fourth order."""
    columns = []
    for i in range(len(at)):
        unit = np.eye(len(at))[i] * 1e-3
        near = (step(at + unit) - step(at - unit)) / 2e-3
        far = (step(at + 2 * unit) - step(at - 2 * unit)) / 4e-3
        columns.append((4 * near - far) / 3)
    return np.array(columns).T


def critical_coupling(
    model: str, others: Callable[[float], Sequence[float]], low: float, high: float
) -> float:
    """Return the coupling at which the diamond's flow passes from weak to strong bonds.

    Examples
    --------
    >>> round(critical_coupling("ising", lambda x: [x], 0.2, 1.0), 9)
    0.609377863
    """

    def strong(x: float) -> bool:
        """Whether the last two states no longer mix in the end."""
        logs = bond_matrix(model, others(x))
        for _ in range(200):
            logs = stepped(logs - logs.max(), "diamond")
            if model != "beg":  # every state is as good as another: rounding must not prefer one
                turns = [np.roll(logs, (k, k), axis=(0, 1)) for k in range(len(logs))]
                logs = np.mean(turns, axis=0)
            gap = float(logs[-1, -1] - logs[-1, -2])
            if not 1e-3 < gap < 20:
                break
        return gap > 1

    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if strong(middle) else (middle, high)
    return (low + high) / 2
