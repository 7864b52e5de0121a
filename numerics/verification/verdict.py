"""What a comparison finds, what a policy of comparison is, and how a suite shares its false-alarm
budget.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from neurenorm.graphs.rendering import Tabulated

__all__ = ["SUITE_FALSE_ALARM", "Comparison", "Policy", "Verdict", "probability", "share"]

SUITE_FALSE_ALARM = 1e-6
"""Probability that a suite of true claims contains a refuted one."""


class Verdict(Enum):
    """What a comparison found."""

    agrees = "agrees"
    refuted = "refuted"
    undecided = "undecided"

    def __str__(self) -> str:
        """The word itself."""
        return self.value


@dataclass(frozen=True)
class Comparison(Tabulated):
    """A verdict with the numbers behind it.

    Parameters
    ----------
    verdict : Verdict
    discrepancy : float
        In ``unit``: how many standard errors (or tolerances) the worst entry is off, or to how many
        digits the two sides agree.
    unit : str
        ``"sigma"`` or ``"tolerances"`` (large is bad), or ``"digits"`` (small is bad).
    threshold : float
        The discrepancy at which the verdict turns to refuted, in ``unit``.
    detectable : float
        The smallest discrepancy that the check would have caught, relative or absolute as the
        policy says.
    message : str
        One sentence for people.
    """

    verdict: Verdict
    discrepancy: float
    unit: str
    threshold: float
    detectable: float
    message: str

    def __str__(self) -> str:
        """The verdict and the reason."""
        return f"{self.verdict}: {self.message}"


class Policy(Protocol):
    """How a theory value is compared with a witness."""

    def compare(self, theory: Any, witness: Any, false_alarm: float | None = None) -> Comparison:
        """Compare; ``false_alarm`` is this comparison's share of the budget (used by sampled
        comparisons only).
        """


def share(comparisons: int, total: float = SUITE_FALSE_ALARM) -> float:
    """False-alarm probability of each comparison in a suite that has one budget for all (union
    bound).

    Parameters
    ----------
    comparisons : int
        Number of comparisons in the suite.
    total : float
        The budget of the suite.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If there is no comparison or the budget is not a probability.

    Examples
    --------
    >>> share(100)
    1e-08
    """
    if comparisons < 1:
        raise ValueError(
            f"a suite needs at least one comparison to share its budget, got {comparisons}"
        )
    return probability(total, "the false-alarm budget") / comparisons


def probability(number: float, name: str) -> float:
    """The number, checked to lie strictly between 0 and 1.

    Parameters
    ----------
    number : float
    name : str
        How the error message calls it.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If it does not.

    Examples
    --------
    >>> probability(0.5, "the power")
    0.5
    """
    if not 0 < number < 1:
        raise ValueError(f"{name} must lie between 0 and 1, got {number}")
    return number
