"""Exact and combinatorial facts about instances of active paths: couplings, enumeration, the
even-cover identity, satisfiability, the 2-core.

Nothing here knows the cavity theory. A configuration is a bit string with bit i set where weight i
is -1, a path is the bit mask of its weights, and its product is the parity of their overlap, so the
energies of all 2^N configurations are one Walsh-Hadamard transform of the couplings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurenorm.graphs.paths import ActivePaths
from neurenorm.graphs.rendering import Tabulated

__all__ = [
    "COUPLINGS",
    "LARGEST_ENUMERATION",
    "ExactInstance",
    "TooLarge",
    "couplings",
    "enumerate_weights",
    "even_cover_log_partition",
    "frozen_weights",
    "gf2_rank",
    "satisfiable",
    "two_core",
]

Array = NDArray[np.float64]
LARGEST_ENUMERATION = 24
_LARGEST_KERNEL = 18
LOST = 1e-6  # of the sum of sizes: what a sum must keep of it
COUPLINGS = ("glass", "planted", "input_tied", "ferro", "gauss", "planted_gauss")


class TooLarge(ValueError):
    """An exact sum with too many terms."""


def couplings(
    paths: ActivePaths,
    kind: str,
    rng: np.random.Generator,
    *,
    beta: float | None = None,
    hidden: ArrayLike | None = None,
    inputs: ArrayLike | None = None,
) -> Array:
    """Draw the couplings of the paths.

    Parameters
    ----------
    paths : ActivePaths
    kind : str
        ``glass``: a fair sign; ``planted``: the product of the hidden weights, right with
        probability (1 + tanh beta)/2; ``input_tied``: the value of the input unit where the path
        begins (unfrustrated: a gauge transformation makes all couplings +1); ``ferro``: +1;
        ``gauss``: standard normal; ``planted_gauss``: of standard normal size, with the sign of the
        hidden product with probability (1 + tanh(beta size))/2.
    rng : numpy.random.Generator
    beta : float
        For planted couplings.
    hidden : array_like of ±1, shape (N,)
        For planted couplings.
    inputs : array_like, shape (n_0,)
        For ``input_tied``.

    Examples
    --------
    >>> from neurenorm.graphs.paths import all_paths
    >>> couplings(
    ...     all_paths((2, 1, 1)), "input_tied", np.random.default_rng(0), inputs=[1, -1]
    ... ).tolist()
    [1.0, -1.0]
    """
    if kind == "glass":
        return rng.choice([-1.0, 1.0], paths.count)
    if kind == "ferro":
        return np.ones(paths.count)
    if kind == "gauss":
        return rng.standard_normal(paths.count)
    if kind in ("planted", "planted_gauss"):
        if beta is None or hidden is None:
            raise ValueError("planted couplings need beta and the hidden weights")
        if not (math.isfinite(beta) and beta >= 0):
            raise ValueError(f"planted couplings need a finite beta, zero or positive, got {beta}")
        if np.any(np.abs(np.asarray(hidden, dtype=float)) != 1):
            raise ValueError("the hidden weights are +1 or -1")
        if np.shape(hidden) != (paths.size,):
            raise ValueError(
                f"the hidden weights need one sign for each of the {paths.size} weights, got shape "
                f"{np.shape(hidden)}"
            )
        sizes = (
            np.abs(rng.standard_normal(paths.count))
            if kind == "planted_gauss"
            else np.ones(paths.count)
        )
        products = np.asarray(hidden, dtype=float)[paths.members].prod(axis=1)
        return (
            products
            * sizes
            * np.where(rng.random(paths.count) < (1 + np.tanh(beta * sizes)) / 2, 1.0, -1.0)
        )
    if kind == "input_tied":
        if inputs is None or paths.widths is None or len(np.asarray(inputs)) != paths.widths[0]:
            raise ValueError(
                "input-tied couplings need one input value for each input unit of a layered network"
            )
        return np.asarray(inputs, dtype=float)[
            paths.members[:, 0] // paths.widths[1] % paths.widths[0]
        ]
    raise ValueError(f"the couplings are one of {', '.join(COUPLINGS)}, got {kind!r}")


@dataclass(frozen=True)
class ExactInstance(Tabulated):
    """Exact sums over all configurations of one instance.

    Parameters
    ----------
    log_z : float
        nats.
    energy : float
        Mean energy of the paths.
    magnetizations : ndarray, shape (N,)
    ground_energy : float
    ground_states : int
        Number of configurations at the ground energy.
    """

    log_z: float
    energy: float
    magnetizations: Array
    ground_energy: float
    ground_states: int


def enumerate_weights(
    members: ArrayLike, size: int, J: ArrayLike, beta: float, theta: ArrayLike = 0.0
) -> ExactInstance:
    """Sum over all 2^N configurations.

    Parameters
    ----------
    members : array_like of int, shape (M, p)
    size : int
        Number N of weights, at most 24.
    J : array_like, shape (M,)
    beta : float
    theta : array_like, shape (N,) or float
        Fields in units of the temperature.

    Raises
    ------
    TooLarge
        Beyond 2^24 configurations.

    Examples
    --------
    >>> exact = enumerate_weights([(0, 1, 2)], 3, [1.0], 1.0)
    >>> round(exact.log_z - 3 * math.log(2) - math.log(math.cosh(1)), 12), exact.ground_states
    (0.0, 4)
    """
    if size > LARGEST_ENUMERATION:
        raise TooLarge(
            f"2^{size} configurations are too many to enumerate: at most 2^{LARGEST_ENUMERATION} "
            "are summed"
        )
    _check_instance(members, size, J, beta, theta)
    coefficients, fields = np.zeros(1 << size), np.zeros(1 << size)
    np.add.at(coefficients, _masks(members), np.asarray(J, dtype=float))
    fields[1 << np.arange(size)] = theta
    energies, biases = -_walsh(coefficients), _walsh(fields)
    exponents = biases - beta * energies
    top = float(exponents.max())
    weights = np.exp(exponents - top)
    total = float(weights.sum())
    lowest = float(energies.min())
    magnetizations = _walsh(weights)[1 << np.arange(size)] / total
    degenerate = int(np.count_nonzero(energies < lowest + 1e-9))
    return ExactInstance(
        top + math.log(total), float(weights @ energies) / total, magnetizations, lowest, degenerate
    )


def _check_instance(
    members: ArrayLike, size: int, J: ArrayLike, beta: float, theta: ArrayLike = 0.0
) -> None:
    """Refuse weights that do not exist, and couplings, fields or temperatures of the wrong shape or
    not finite.
    """
    incidence, signs, fields = (
        np.asarray(members),
        np.asarray(J, dtype=float),
        np.asarray(theta, dtype=float),
    )
    if incidence.size and not 0 <= incidence.min() <= incidence.max() < size:
        raise ValueError(
            f"weights are numbered 0 to {size - 1}, got {incidence.min()} to {incidence.max()}"
        )
    if incidence.ndim == 2 and np.any(np.diff(np.sort(incidence, axis=1), axis=1) == 0):
        raise ValueError("a path uses one weight twice; every path needs weights that differ")
    if signs.shape != (len(incidence),) or fields.shape not in ((), (size,)):
        raise ValueError(
            f"give one coupling for each of {len(incidence)} paths and one field for each of "
            f"{size} weights, got {signs.shape}, {fields.shape}"
        )
    if not (math.isfinite(beta) and np.all(np.isfinite(signs)) and np.all(np.isfinite(fields))):
        raise ValueError("couplings, fields and the inverse temperature must be finite numbers")


def _masks(members: ArrayLike) -> NDArray[np.int64]:
    """Return each path as the bit mask of its weights."""
    return np.asarray((1 << np.asarray(members, dtype=np.int64)).sum(axis=1))


def _walsh(values: Array) -> Array:
    """Return sum_k values[k] (-1)^(number of common bits of k and s), for every s."""
    table = values.reshape(-1)
    width = 1
    while width < table.size:
        pairs = table.reshape(-1, 2, width)
        table = np.stack([pairs[:, 0] + pairs[:, 1], pairs[:, 0] - pairs[:, 1]], axis=1).reshape(-1)
        width *= 2
    return table


def _rows(members: ArrayLike) -> list[int]:
    """Return each path as a Python integer with the bits of its weights."""
    return [sum(1 << int(i) for i in row) for row in np.asarray(members)]


def gf2_rank(members: ArrayLike) -> int:
    """Return the rank over the two-element field of the incidence of paths and weights.

    Examples
    --------
    >>> gf2_rank([(0, 1), (1, 2), (0, 2)])
    2
    """
    return len(_eliminated(_rows(members)))


def _eliminated(rows: list[int]) -> dict[int, int]:
    """Return an echelon basis of the rows, keyed by their leading bits."""
    basis: dict[int, int] = {}
    for row in rows:
        while row:
            lead = row.bit_length()
            if lead not in basis:
                basis[lead] = row
                break
            row ^= basis[lead]
    return basis


def even_cover_log_partition(members: ArrayLike, size: int, J: ArrayLike, beta: float) -> float:
    """Return ln Z by the identity Z = 2^N prod_a cosh(beta J_a) sum over even covers of the product
    of tanh(beta J_a).

    An even cover is a set of paths that meets every weight an even number of times (the left kernel
    of the incidence over the two-element field).

    Examples
    --------
    >>> round(
    ...     even_cover_log_partition([(0, 1, 2)], 3, [1.0], 1.0)
    ...     - 3 * math.log(2)
    ...     - math.log(math.cosh(1)),
    ...     12,
    ... )
    0.0
    """
    _check_instance(members, size, J, beta)
    couplings_ = beta * np.asarray(J, dtype=float)
    kernel = _left_kernel(_rows(members))
    if len(kernel) > _LARGEST_KERNEL:
        raise TooLarge(
            f"2^{len(kernel)} even covers are too many: at most 2^{_LARGEST_KERNEL} are summed"
        )
    covers = np.zeros((1, len(couplings_)), dtype=bool)
    for cover in kernel:
        bits = np.array([cover >> a & 1 for a in range(len(couplings_))], dtype=bool)
        covers = np.concatenate([covers, covers ^ bits])
    terms = np.where(covers, np.tanh(couplings_), 1.0).prod(axis=1)
    total = math.fsum(terms)
    if total < LOST * math.fsum(np.abs(terms)):
        raise ValueError(
            "the even covers cancel beyond double precision at this beta: the instance is "
            "frustrated and too cold for this identity"
        )
    return float(
        size * math.log(2)
        + np.logaddexp(couplings_, -couplings_).sum()
        - len(couplings_) * math.log(2)
        + math.log(total)
    )


def _left_kernel(rows: list[int]) -> list[int]:
    """Return a basis of the sets of rows that sum to zero, as integers with one bit per row."""
    basis: dict[int, tuple[int, int]] = {}
    kernel = []
    for index, row in enumerate(rows):
        label = 1 << index
        while row and row.bit_length() in basis:
            other, name = basis[row.bit_length()]
            row, label = row ^ other, label ^ name
        if row:
            basis[row.bit_length()] = (row, label)
        else:
            kernel.append(label)
    return kernel


def two_core(members: ArrayLike, size: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Peel off weights that lie in one path only, with their path, until none is left.

    Returns
    -------
    weights : ndarray of bool, shape (N,)
        Those in at least two of the paths that are left.
    paths : ndarray of bool, shape (M,)
        Those that are left.

    Examples
    --------
    >>> weights, paths = two_core([(0, 1), (1, 2), (0, 2), (2, 3)], 4)
    >>> weights.tolist(), paths.tolist()
    ([True, True, True, False], [True, True, True, False])
    """
    incidence = np.asarray(members)
    left = np.ones(len(incidence), dtype=bool)
    while True:
        degrees = np.bincount(incidence[left].ravel(), minlength=size)
        loose = left & (degrees[incidence] == 1).any(axis=1)
        if not loose.any():
            return degrees >= 2, left
        left &= ~loose


def frozen_weights(members: ArrayLike, size: int) -> NDArray[np.bool_]:
    """Return the weights that the 2-core determines: those of the core, and again and again the
    last weight of a path whose others are determined.

    Examples
    --------
    >>> frozen_weights([(0, 1), (1, 2), (0, 2), (2, 3)], 5).tolist()
    [True, True, True, True, False]
    """
    incidence = np.asarray(members)
    frozen, _ = two_core(incidence, size)
    while True:
        last = (~frozen[incidence]).sum(axis=1) == 1
        if not last.any():
            return frozen
        frozen[incidence[last].ravel()] = True


def satisfiable(members: ArrayLike, size: int, J: ArrayLike) -> bool:
    """Whether one configuration satisfies every path: product of weights equal to the sign J, a
    linear system over the two-element field.

    Peeling to the 2-core first changes nothing: a weight in one path only can always be set to
    satisfy it.

    Examples
    --------
    >>> satisfiable([(0, 1), (1, 2), (0, 2)], 3, [1, 1, -1])
    False
    """
    _check_instance(members, size, J, 1.0)
    if np.any(np.abs(np.asarray(J, dtype=float)) != 1):
        raise ValueError(
            "a path is satisfied or not where its coupling is a sign: J must be +1 or -1 on every "
            "path"
        )
    _, left = two_core(members, size)
    rows = _rows(np.asarray(members)[left])
    signs = np.asarray(J)[left] < 0
    unknowns = _eliminated([row << 1 for row in rows])
    augmented = _eliminated([row << 1 | int(sign) for row, sign in zip(rows, signs, strict=True)])
    return len(augmented) == len(unknowns)
