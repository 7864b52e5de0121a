"""What one point of a sweep gave, as plain data that goes through a pipe, a journal line and a file
unchanged.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from neurenorm.numerics.evaluate import Answer
    from neurenorm.numerics.verification.claim import Report

__all__ = [
    "CHECKED",
    "FAILED",
    "MISSING",
    "Outcome",
    "of_answer",
    "of_anything",
    "of_report",
    "plain",
]

FAILED = "failed"
"""Status of a point whose computation raised an error, or whose process died."""
MISSING = "missing"
"""Status of a point that has not been computed yet."""
CHECKED = {
    "discrepancy": "how far apart theory and witness are, in the unit that the variable unit names",
    "unit": "unit of discrepancy and threshold: sigma (large is bad) or digits (small is bad)",
    "threshold": "discrepancy at which the verdict turns to refuted",
    "detectable": "smallest discrepancy that the check would have caught",
    "mutants": "number of wrong versions tried",
    "mutants_refuted": "number of wrong versions refuted",
}
"""The values of a checked claim, and what they mean."""


@dataclass(frozen=True)
class Outcome:
    """What one point gave.

    Parameters
    ----------
    status : str
        That of the answer (``exact``, ``enclosed``, ``numeric``, ``sampled``, ``none``, ``not
        converged``), the verdict of a claim, or ``failed``.
    values : mapping of str to number, word, nested list or None
    errors : mapping of str to number, nested list or None
        Standard error, or radius of an enclosure.
    branches : list of mapping, optional
        All solutions, where there are several.
    reason : str
        Why there is no value, or what a check found.

    Examples
    --------
    >>> Outcome("numeric", {"value": 2.5}).well
    True
    """

    status: str
    values: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, Any] = field(default_factory=dict)
    branches: Sequence[Mapping[str, Any]] | None = None
    reason: str = ""

    @property
    def well(self) -> bool:
        """Whether the point is done, so that a resumed sweep leaves it alone."""
        return self.status not in (FAILED, MISSING)


def plain(value: Any) -> Any:
    """Return a value as numbers, words, booleans, None and nested lists of them.

    Raises
    ------
    TypeError
        For anything else, such as a complex number.

    Examples
    --------
    >>> from fractions import Fraction
    >>> plain([Fraction(1, 2), np.arange(2), "tanh", None])
    [0.5, [0, 1], 'tanh', None]
    """
    if value is None or isinstance(value, str | bool):
        return value
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, Integral) or getattr(value, "is_Integer", False):
        return int(value) if abs(value) < 2**63 else float(value)
    real = isinstance(value, Real) or getattr(value, "is_extended_real", False)
    if real or type(value).__name__ == "mpf":
        return float(value)
    raise TypeError(
        f"a sweep stores real numbers, words and nested lists of them, got {type(value).__name__} "
        f"{value!s:.60}"
    )


def of_answer(found: Answer) -> Outcome:
    """Return the outcome of an evaluation."""
    branches = found.branches
    return Outcome(
        found.status,
        _numbers(found.values),
        _numbers(found.errors),
        None if branches is None else [_numbers(branch) for branch in branches],
        found.reason,
    )


def _numbers(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as plain data; an evaluation may spell infinite numbers as words."""
    return {name: _spelt_out(plain(value)) for name, value in values.items()}


def _spelt_out(value: Any) -> Any:
    """Return the words for infinite numbers as numbers."""
    if isinstance(value, list):
        return [_spelt_out(item) for item in value]
    return float(value) if value in ("inf", "-inf") else value


def of_report(report: Report) -> Outcome:
    """Return the outcome of a check."""
    found = report.comparison
    refuted = sum(mutant.refuted for mutant in report.mutants)
    tried = len(report.mutants)
    numbers = (found.discrepancy, found.unit, found.threshold, found.detectable, tried, refuted)
    values = {name: plain(value) for name, value in zip(CHECKED, numbers, strict=True)}
    return Outcome(str(report.verdict), values, reason=report.message)


def of_anything(found: Any) -> Outcome:
    """Return the outcome of what a function returned: a number, an Estimate, a list, a mapping of
    these, an Evaluation, a Claim or a Report.
    """
    from neurenorm.numerics.estimate import Estimate

    if isinstance(found, Mapping):
        return _of_values(found)
    numbers = Real | str | list | tuple | np.ndarray | np.generic | Estimate
    if found is not None and not isinstance(found, numbers):
        from neurenorm.numerics.evaluate import Evaluation
        from neurenorm.numerics.verification.claim import Claim, Report

        if isinstance(found, Evaluation):
            return of_answer(found.answer)
        if isinstance(found, Claim | Report):
            return of_report(found.check() if isinstance(found, Claim) else found)
    return _of_values({"value": found})


def _of_values(entries: Mapping[str, Any]) -> Outcome:
    """Return the outcome of named numbers and estimates; where one is not a number there is
    none.
    """
    from neurenorm.numerics.estimate import Estimate

    sampled = {name: item for name, item in entries.items() if isinstance(item, Estimate)}
    errors = {name: plain(item.error) for name, item in sampled.items()}
    means = {name: item.value for name, item in sampled.items()}
    values = {name: plain(value) for name, value in {**entries, **means}.items()}
    told = {**values, **{f"the error of {name}": error for name, error in errors.items()}}
    undefined = [name for name, value in told.items() if any(map(_undefined, leaves(value)))]
    if undefined:
        return Outcome("none", values, errors, reason=f"{' and '.join(undefined)} is not a number")
    return Outcome("sampled" if errors else "numeric", values, errors)


def _undefined(value: Any) -> bool:
    """Whether a number is none."""
    return isinstance(value, float) and math.isnan(value)


def leaves(value: Any) -> Iterator[Any]:
    """Yield the entries of nested lists."""
    if isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield value
