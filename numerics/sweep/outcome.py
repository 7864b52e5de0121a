"""Outcome: what one point of a sweep gave, as plain data that goes through a pipe, a journal line
and a file unchanged.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from numbers import Integral, Real
from typing import Any

__all__ = ["FAILED", "MISSING", "Outcome", "plain", "undefined"]

FAILED = "failed"
"""Status of a point whose computation raised an error, or whose process died."""
MISSING = "missing"
"""Status of a point that has not been computed yet."""
LARGEST = 2**63


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

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def plain(value: Any) -> Any:
    """Return a value as numbers, words, booleans, None and nested lists of them.

    Raises
    ------
    TypeError
        For anything else, such as a complex number.

    Examples
    --------
    >>> from fractions import Fraction
    >>> import numpy as np
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
        return int(value) if abs(value) < LARGEST else float(value)
    if (
        isinstance(value, Real)
        or getattr(value, "is_extended_real", False)
        or type(value).__name__ == "mpf"
    ):
        return float(value)
    raise TypeError(
        f"a sweep stores real numbers, words and nested lists of them, got {type(value).__name__} "
        f"{value!s:.60}"
    )


def undefined(values: Mapping[str, Any]) -> list[str]:
    """Return the names of the values that hold a NaN.

    Examples
    --------
    >>> undefined({"a": [1.0, float("nan")], "b": 2, "c": None})
    ['a']
    """
    return [
        name
        for name, value in values.items()
        if any(isinstance(leaf, float) and math.isnan(leaf) for leaf in _leaves(value))
    ]


def _leaves(value: Any) -> Iterator[Any]:
    """Yield the entries of nested lists."""
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    else:
        yield value
