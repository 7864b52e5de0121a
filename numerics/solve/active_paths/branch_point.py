"""A point of the polarised branch of a path ensemble: one solution of density evolution."""

from __future__ import annotations

from dataclasses import dataclass, field

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.solve.active_paths.field_grid import Law

__all__ = ["BranchPoint", "GridTooSmall"]


class GridTooSmall(ValueError):
    """A grid that cannot hold the law of the fields to the accuracy that is asked for."""


@dataclass(frozen=True)
class BranchPoint(Tabulated):
    """A solution of density evolution.

    Parameters
    ----------
    c, T : float
        Degree and temperature.
    q : float
        Mean square of the magnetisation.
    m : float
        Mean of the magnetisation (overlap with the hidden configuration).
    gap : float
        ln Z per weight above that of the paramagnet, nats.
    energy, entropy : float
        Per remaining weight; entropy in nats.
    converged : bool
    iterations : int
    residual : float
        Last change of the law (total variation) or, at fixed overlap, of the degree.
    path_gain : float
        Mean of ln(1 + t J prod m) over paths: the derivative of the gap by alpha = c/p on a planted
        branch.
    law : pair of ndarray
        Even and odd part of the law of the cavity fields on the grid.

    Notes
    -----
    A negative entropy marks a solution that cannot describe binary weights; see `physical`.
    """

    c: float
    T: float
    q: float
    m: float
    gap: float
    energy: float
    entropy: float
    converged: bool
    iterations: int
    residual: float
    path_gain: float
    law: Law = field(repr=False, compare=False)

    @property
    def physical(self) -> bool:
        """Whether the entropy is not negative (but for rounding): a negative one needs a breaking
        of replica symmetry.
        """
        return self.entropy >= -1e-6 * (1 + abs(self.energy) / self.T)

    def __str__(self) -> str:
        state = "converged" if self.converged else "NOT converged"
        flag = "" if self.physical else "; entropy negative: unphysical"
        return (
            f"q = {self.q:.6g}, gap = {self.gap:.6g} at c = {self.c:.6g}, T = {self.T:.6g} "
            f"({state} after {self.iterations} iterations{flag})"
        )
