"""Within stated tolerances: for one large draw, or a few, whose fluctuation is known beforehand but
has no hundred blocks to be measured from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.verification.verdict import Comparison, Verdict

__all__ = ["Within"]


@dataclass(frozen=True)
class Within(Tabulated):
    """Numbers that must agree within an absolute tolerance each.

    Parameters
    ----------
    tolerances : float or sequence of float
        One for all entries, or one for each.

    Raises
    ------
    ValueError
        If a tolerance is not positive and finite.

    Examples
    --------
    >>> print(Within((0.01, 0.1)).compare([1.0, 2.0], [1.002, 1.95]))
    agrees: 0.50 of the tolerance off, at most 1 is allowed
    >>> print(Within(0.01).compare([1.0, 2.0], [1.002, 1.95]).verdict)
    refuted
    """

    tolerances: float | tuple[float, ...]

    def __post_init__(self) -> None:
        """Check the numbers."""
        if not np.all(np.isfinite(self.tolerances)) or not np.all(np.asarray(self.tolerances) > 0):
            raise ValueError(f"tolerances must be positive and finite, got {self.tolerances}")

    def compare(
        self, theory: ArrayLike, witness: ArrayLike, false_alarm: float | None = None
    ) -> Comparison:
        """Compare two arrays of one shape; the worst entry in units of its tolerance decides.

        Parameters
        ----------
        theory, witness : array_like
        false_alarm : float, optional
            Without effect: the tolerance is stated, not derived from a rate.

        Raises
        ------
        ValueError
            If the shapes differ.
        """
        first, second = np.asarray(theory, dtype=float), np.asarray(witness, dtype=float)
        if first.shape != second.shape:
            raise ValueError(
                f"the theory has shape {first.shape} but the witness has shape {second.shape}"
            )
        off = np.abs(first - second) / np.asarray(self.tolerances)
        worst = float(np.max(off)) if np.all(np.isfinite(off)) else math.inf
        verdict = Verdict.agrees if worst <= 1 else Verdict.refuted
        message = f"{worst:.2f} of the tolerance off, at most 1 is allowed"
        return Comparison(
            verdict, worst, "tolerances", 1.0, float(np.min(self.tolerances)), message
        )
