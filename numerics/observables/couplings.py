"""What is the coupling of an output? Four estimators, the couplings a layer generates, and how far
from Ising it is.

Write the law of M outputs as ln P(h) = const + Σ_A J_A Π_{i in A} h_i. The four estimators are

* Walsh: J_{j,j+1} itself, the definition closest to "the coupling in the partition function of the
  output";
* nearest neighbour: artanh⟨h_j h_{j+1}⟩, inverted on a ring;
* correlation length: artanh(⟨h_j h_{j+2}⟩ / ⟨h_j h_{j+1}⟩), blind to the amplitude;
* pseudo-likelihood: the weight of a neighbour when an output is predicted from those around it by a
  tanh unit, the same for all.

Outputs form an Ising chain exactly where the four agree and all other J_A vanish; the closure
defect is the divergence per output from the Ising chain of the same ⟨h_j h_{j+1}⟩.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.observables.pseudo_likelihood import alignments, kinds_of, neighbour_weight
from neurenorm.numerics.observables.samples import as_spins
from neurenorm.numerics.simulation.ising_correspondence.chains import (
    chain_law,
    law_mean,
    spin_table,
)

__all__ = ["OutputCouplings", "couplings_of_law", "estimate_couplings", "walsh_couplings"]

Array = NDArray[np.float64]
Subset = tuple[int, ...]

LARGEST_WALSH = 16
_FEWEST_EVENTS = 10  # sites that stand against their neighbours, below which no weight is fitted


@dataclass(frozen=True, eq=False)
class OutputCouplings(Tabulated):
    """The coupling of an output system by four estimators.

    Parameters
    ----------
    nearest : Estimate or None
        None where all neighbouring outputs are equal (or opposite) in every sample: the coupling is
        infinite.
    correlation_length, walsh, pseudo_likelihood : Estimate or None
        None where there are too few outputs, or configurations that were never seen.
    generated : mapping of subset to Estimate
        Walsh couplings other than nearest neighbour, by the positions of the outputs in a window.
    closure_defect : Estimate or None
        In nats per output.
    sign : int
        Sign of an infinite coupling.

    Examples
    --------
    >>> found = couplings_of_law(chain_law(1.0, 4))
    >>> (
    ...     round(found.nearest.value, 10),
    ...     round(found.walsh.value, 10),
    ...     round(found.pseudo_likelihood.value, 10),
    ... )
    (1.0, 1.0, 1.0)
    """

    nearest: Estimate | None
    correlation_length: Estimate | None
    walsh: Estimate | None
    pseudo_likelihood: Estimate | None
    generated: Mapping[Subset, Estimate] = field(default_factory=dict)
    closure_defect: Estimate | None = None
    sign: int = 1

    @property
    def copied(self) -> bool:
        """Whether every output is a copy of its neighbour: an infinite coupling."""
        return self.nearest is None

    @property
    def value(self) -> float:
        """The nearest-neighbour coupling, infinite for copies."""
        return self.sign * math.inf if self.nearest is None else float(self.nearest.value)

    def __str__(self) -> str:
        """One line per estimator."""
        rows = {
            "nearest neighbour": self.nearest
            if self.nearest is not None
            else f"{self.value} (copies)",
            "correlation length": self.correlation_length,
            "Walsh": self.walsh,
            "pseudo-likelihood": self.pseudo_likelihood,
            "closure defect (nats per output)": self.closure_defect,
        }
        return "\n".join(
            f"{name}: {value if value is not None else 'not available'}"
            for name, value in rows.items()
        )


def walsh_couplings(law: ArrayLike) -> dict[Subset, float]:
    """Return every J_A of ln P(h) = const + Σ_A J_A Π_{i in A} h_i.

    Parameters
    ----------
    law : array_like, shape (2,) * M
        Positive probabilities; index 0 is +1.

    Raises
    ------
    ValueError
        If a probability is not positive, or there are more than 16 outputs.

    Examples
    --------
    >>> {
    ...     subset: round(J, 10)
    ...     for subset, J in walsh_couplings(chain_law(0.5, 3)).items()
    ...     if subset and abs(J) > 1e-9
    ... }
    {(0, 1): 0.5, (1, 2): 0.5}
    """
    table = np.asarray(law, dtype=float)
    outputs = table.ndim
    if outputs > LARGEST_WALSH:
        raise ValueError(
            f"{outputs} outputs have 2^{outputs} Walsh couplings; at most {LARGEST_WALSH}: take a "
            "window"
        )
    if not np.all(np.isfinite(table)) or table.min() <= 0:
        raise ValueError("Walsh couplings need a positive probability for every configuration")
    current = np.log(table)
    for axis in range(outputs):
        first, second = np.take(current, 0, axis), np.take(current, 1, axis)
        current = np.stack([(first + second) / 2, (first - second) / 2], axis=axis)
    subsets = [a for size in range(outputs + 1) for a in combinations(range(outputs), size)]
    return {a: float(current[tuple(int(i in a) for i in range(outputs))]) for a in subsets}


def couplings_of_law(law: ArrayLike, boundary: str = "open") -> OutputCouplings:
    """Return the couplings of outputs whose exact law is known.

    Parameters
    ----------
    law : array_like, shape (2,) * M
        At least two outputs; index 0 is +1.
    boundary : {"open", "ring"}
        Whether the last output is a neighbour of the first.

    Examples
    --------
    >>> from neurenorm.numerics.simulation.ising_correspondence.chains import layer_law
    >>> majority = layer_law(chain_law(1.0, 12), 3, lambda blocks: blocks.sum(axis=1) > 0)
    >>> round(couplings_of_law(majority).correlation_length.value, 10)
    0.4743957547
    """
    table = np.asarray(law, dtype=float)
    outputs = table.ndim
    _check_outputs(outputs, boundary)
    means = [
        np.mean([law_mean(table, pair) for pair in _pairs(outputs, r, boundary)])
        for r in _distances(outputs)
    ]
    if abs(abs(means[0]) - 1) < 1e-15:
        return OutputCouplings(None, None, None, None, sign=1 if means[0] > 0 else -1)
    positive = bool(table.min() > 0)
    walsh = walsh_couplings(table) if positive else {}
    kinds, shares = kinds_of(alignments(spin_table(outputs), boundary), table.ravel())
    return OutputCouplings(
        Estimate.exact(_nearest(means[0], outputs, boundary)),
        Estimate.exact(_from_ratio(means, outputs, boundary))
        if len(means) > 1 and means[0] != 0
        else None,
        Estimate.exact(_mean_neighbour(walsh, outputs, boundary)) if positive else None,
        Estimate.exact(neighbour_weight(kinds, shares.sum(axis=0), ridge=0.0))
        if positive
        else None,
        {
            a: Estimate.exact(J)
            for a, J in walsh.items()
            if len(a) > 1 and not _is_bond(a, outputs, boundary)
        },
        Estimate.exact(_defect(table, boundary)),
    )


def estimate_couplings(
    samples: ArrayLike, boundary: str = "open", window: int = 4, blocks: int = 256
) -> OutputCouplings:
    """Estimate the couplings of outputs from samples, with errors.

    Parameters
    ----------
    samples : array_like, shape (samples, M)
        Outputs ±1 in their order along the chain (see
        `neurenorm.numerics.observables.output_symmetry.fix_gauge`).
    boundary : {"open", "ring"}
    window : int
        Outputs in a window whose law is counted for the Walsh couplings and the closure defect.
    blocks : int
        Groups of samples that serve as independent blocks.

    Returns
    -------
    OutputCouplings

    Raises
    ------
    ValueError
        If the samples are not ±1.

    Examples
    --------
    >>> from neurenorm.numerics.simulation.ising_correspondence.chains import sample_packed_chains
    >>> chains = sample_packed_chains(0.7, 12, 20000, np.random.default_rng(1)).unpacked()
    >>> found = estimate_couplings(chains)
    >>> all(
    ...     abs(e.value - 0.7) < 5 * e.error < 0.1
    ...     for e in (found.nearest, found.walsh, found.pseudo_likelihood)
    ... )
    True
    """
    spins = as_spins(samples)
    outputs = spins.shape[1]
    _check_outputs(outputs, boundary)
    means = np.stack([_pair_means(spins, r, boundary) for r in _distances(outputs)], axis=1)
    groups = _grouped(means, blocks)
    average = groups.mean(axis=0)
    if abs(average[0]) == 1:
        return OutputCouplings(None, None, None, None, sign=int(average[0]))
    nearest = Estimate.jackknife(groups[:, 0], lambda c: _nearest(c, outputs, boundary))
    resolved = len(average) > 1 and abs(average[0]) > 5 * groups[:, 0].std() / math.sqrt(
        len(groups)
    )
    ratio = (
        Estimate.jackknife(groups, lambda c: _from_ratio(c, outputs, boundary))
        if resolved
        else None
    )
    walsh, generated, defect = _windowed(spins, boundary, min(window, outputs), blocks)
    return OutputCouplings(
        nearest, ratio, walsh, _pseudo_likelihood(spins, boundary, blocks), generated, defect
    )


def _check_outputs(outputs: int, boundary: str) -> None:
    """Refuse systems without a neighbour."""
    if boundary not in ("open", "ring"):
        raise ValueError(f"the boundary must be 'open' or 'ring', got {boundary!r}")
    least = 3 if boundary == "ring" else 2
    if outputs < least:
        raise ValueError(
            f"a coupling needs at least {least} outputs on an {boundary} chain, got {outputs}"
        )


def _distances(outputs: int) -> tuple[int, ...]:
    """Return the distances whose correlations are used."""
    return (1, 2) if outputs > 2 else (1,)


def _pairs(outputs: int, r: int, boundary: str) -> list[tuple[int, int]]:
    """Return the pairs at a distance."""
    if boundary == "ring":
        return [(i, (i + r) % outputs) for i in range(outputs)]
    return [(i, i + r) for i in range(outputs - r)]


def _pair_means(spins: NDArray[np.int8], r: int, boundary: str) -> Array:
    """Return the correlation at a distance within every sample."""
    first, second = np.array(_pairs(spins.shape[1], r, boundary)).T
    return np.asarray((spins[:, first] * spins[:, second]).mean(axis=1))


def _grouped(rows: Array, blocks: int) -> Array:
    """Return means over groups of samples."""
    size = max(len(rows) // blocks, 1)
    count = len(rows) // size
    return np.asarray(rows[: count * size].reshape(count, size, *rows.shape[1:]).mean(axis=1))


def _nearest(c: Any, outputs: int, boundary: str) -> float:
    """Return the coupling whose open chain, or ring, has the nearest-neighbour correlation c."""
    if boundary == "open":
        return math.atanh(c)
    return math.atanh(_solve(lambda x: (x + x ** (outputs - 1)) / (1 + x**outputs) - c))


def _from_ratio(means: Any, outputs: int, boundary: str) -> float:
    """Return the coupling whose correlations decay as the two given ones do."""
    ratio = float(means[1] / means[0])
    if boundary == "open":
        return math.atanh(min(max(ratio, -1 + 1e-15), 1 - 1e-15))
    return math.atanh(_solve(lambda x: (x + x ** (outputs - 3)) / (1 + x ** (outputs - 2)) - ratio))


def _solve(function: Any) -> float:
    """Return the root of an increasing function between −1 and 1, or the end nearest to it."""
    low, high = -1 + 1e-15, 1 - 1e-15
    if function(low) * function(high) > 0:
        return low if abs(function(low)) < abs(function(high)) else high
    return float(optimize.brentq(function, low, high, xtol=1e-15, rtol=1e-14))


def _is_bond(subset: Subset, outputs: int, boundary: str) -> bool:
    """Whether a subset is a pair of neighbours."""
    return subset in {tuple(sorted(pair)) for pair in _pairs(outputs, 1, boundary)}


def _mean_neighbour(walsh: Mapping[Subset, float], outputs: int, boundary: str) -> float:
    """Return the mean Walsh coupling of neighbours."""
    return float(np.mean([walsh[tuple(sorted(pair))] for pair in _pairs(outputs, 1, boundary)]))


def _defect(table: Array, boundary: str) -> float:
    """Return KL per output between a law and the Ising chain of the same mean nearest-neighbour
    correlation.
    """
    outputs = table.ndim
    c = float(np.mean([law_mean(table, pair) for pair in _pairs(outputs, 1, boundary)]))
    ising = chain_law(_nearest(c, outputs, boundary), outputs, boundary)
    seen = table > 0
    return float((table[seen] * np.log(table[seen] / ising[seen])).sum() / outputs)


def _windowed(
    spins: NDArray[np.int8], boundary: str, window: int, blocks: int
) -> tuple[Estimate | None, dict[Subset, Estimate], Estimate | None]:
    """Return Walsh coupling of the middle bond, the generated couplings and the closure defect, of
    a counted window.
    """
    whole_ring = boundary == "ring" and window == spins.shape[1]
    inside = "ring" if whole_ring else "open"
    groups = _grouped(_window_frequencies(spins, boundary, window), blocks)
    law = groups.mean(axis=0)
    if len(groups) * law.min() * max(len(spins) // len(groups), 1) < 10:
        return None, {}, None
    shape = (2,) * window
    subsets = [a for a in walsh_couplings(law.reshape(shape)) if len(a) > 1 and len(a) % 2 == 0]
    middle = (window // 2 - 1, window // 2)

    def numbers(frequencies: Any) -> Array:
        """Return the couplings of the window, and the defect."""
        table = np.asarray(frequencies).reshape(shape)
        couplings = walsh_couplings(table / table.sum())
        return np.array([*(couplings[a] for a in subsets), _defect(table / table.sum(), inside)])

    every = Estimate.jackknife(groups, numbers)
    values, errors = np.asarray(every.value), np.asarray(every.error)
    parts = {a: Estimate(values[k], errors[k], every.blocks) for k, a in enumerate(subsets)}
    generated = {a: part for a, part in parts.items() if not _is_bond(a, window, inside)}
    return parts[middle], generated, Estimate(values[-1], errors[-1], every.blocks)


def _window_frequencies(spins: NDArray[np.int8], boundary: str, window: int) -> Array:
    """Return, for every sample, how often each configuration of a window occurs along it, made even
    under a flip.
    """
    bits = (spins < 0).astype(np.int64)
    if boundary == "ring":
        bits = np.concatenate([bits, bits[:, : window - 1]], axis=1)
    places = bits.shape[1] - window + 1
    codes = np.zeros((len(bits), places), dtype=np.int64)
    for k in range(window):
        codes += bits[:, k : k + places] << (window - 1 - k)
    rows = np.zeros((len(spins), 2**window))
    for code in range(2**window):
        rows[:, code] = (codes == code).mean(axis=1)
    return np.asarray((rows + rows[:, ::-1]) / 2)


def _pseudo_likelihood(spins: NDArray[np.int8], boundary: str, blocks: int) -> Estimate | None:
    """Return the weight of a neighbour with its leading bias removed; None where fewer than ten
    sites stand against (or with) their neighbours.
    """
    kinds, table = kinds_of(alignments(spins, boundary), np.ones(len(spins)))
    sites = table.sum(axis=0) * spins.shape[1]
    if min(sites[kinds[:, 0] < 0].sum(), sites[kinds[:, 0] > 0].sum()) < _FEWEST_EVENTS:
        return None
    return Estimate.jackknife(
        _grouped(table, blocks), lambda shares: neighbour_weight(kinds, shares)
    )
