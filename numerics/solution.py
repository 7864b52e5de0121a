"""Status and Solution: what every solver and every answer returns.

A solution is values by name with their errors, one status, all branches where there are several,
and the method with its count of work. It replaces the result classes of single solvers: what a
solver knows beside these (a verdict on stability, a residual) goes into its branches as named
entries.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import ROUND_UP, Context, Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from neurenorm.graphs.rendering import Tabulated

__all__ = ["Solution", "Status", "error_text"]


class Status(StrEnum):
    """How much is known of the values of a solution.

    ``exact``: a closed form, evaluated; ``enclosed``: proved to lie within the errors; ``numeric``:
    computed with an estimated error; ``sampled``: a mean over samples with its standard error;
    ``none``: there is no solution; ``not_converged``: the method did not reach one.

    Examples
    --------
    >>> Status("exact") is Status.exact, str(Status.not_converged)
    (True, 'not converged')
    """

    exact = "exact"
    enclosed = "enclosed"
    numeric = "numeric"
    sampled = "sampled"
    none = "none"
    not_converged = "not converged"

    @property
    def failed(self) -> bool:
        """Whether there are no values to be used."""
        return self in (Status.none, Status.not_converged)


@dataclass(frozen=True)
class Solution(Tabulated):
    """What solving a problem gives.

    Parameters
    ----------
    status : str
        Becomes a `Status`.
    values : mapping of str to number, string, list or None
    errors : mapping of str to number, string, list or None
        Of each value that has one: the largest distance between the value *as it stands here* and
        the true one (exact, enclosed), its estimate (numeric), or a standard error (sampled). One
        number for a list bounds every entry. A string where it lies beyond the range of a double.
    branches : sequence of mapping, optional
        All solutions where there are several, with what is known of their stability; the stable one
        is in ``values``.
    branch_errors : sequence of mapping, optional
        Errors of the values of each branch, in the order of ``branches``.
    reason : str
        Why there is none, what was reached, or why a value is infinite.
    method : str
        How it was found.
    work : mapping of str to int
        How much was done: iterations, boxes, bits, samples.

    Raises
    ------
    ValueError
        For a status that is none of `Status`.

    Examples
    --------
    >>> Solution("exact", {"K": 0.5}, {"K": 0.0}).status
    <Status.exact: 'exact'>
    """

    status: str
    values: Mapping[str, Any]
    errors: Mapping[str, Any] = field(default_factory=dict)
    branches: Sequence[Mapping[str, Any]] | None = None
    reason: str = ""
    method: str = ""
    work: Mapping[str, int] = field(default_factory=dict)
    branch_errors: Sequence[Mapping[str, Any]] | None = None

    def __post_init__(self) -> None:
        if self.status not in tuple(Status):
            known = ", ".join(Status)
            raise ValueError(f"the status must be one of {known}, got {self.status!r}")
        object.__setattr__(self, "status", Status(self.status))

    def settled(self) -> Solution:
        """Return the solution without any number that is none.

        A value that is no number makes it one that did not converge, with the reason; a value that
        is infinite must come with its reason; an error that is no number is no error.

        Raises
        ------
        ArithmeticError
            If a value is infinite and no reason is given.

        Examples
        --------
        >>> found = Solution("numeric", {"xi": float("nan")}).settled()
        >>> print(found.values, found.status, found.reason, sep="; ")
        {'xi': None}; not converged; xi came out as no number: the method does not reach these values
        """
        infinite = [
            name for name, value in self.values.items() if any(map(_infinite, _leaves(value)))
        ]
        if infinite and not self.reason:
            raise ArithmeticError(f"{infinite[0]} is infinite and nothing says why")
        errors = {name: _mapped(error, _no_error) for name, error in self.errors.items()}
        lost = [name for name, value in self.values.items() if any(map(_undefined, _leaves(value)))]
        if not lost:
            return replace(self, errors=errors)
        values = {name: _mapped(value, _no_number) for name, value in self.values.items()}
        why = f"{' and '.join(lost)} came out as no number: the method does not reach these values"
        reason = "; ".join(filter(None, (self.reason, why)))
        return replace(
            self, status=Status.not_converged, values=values, errors=errors, reason=reason
        )


def _decimal(error: Any) -> Decimal:
    """An error as a decimal number."""
    try:
        return Decimal(str(error))
    except InvalidOperation:
        raise TypeError(f"an error is a number, got {str(error)[:60]!r}") from None


def error_text(value: Any, error: Any) -> str:
    """Return an error to be printed behind its value, rounded up to two digits.

    Nothing is printed where the error is at most one unit in the last place of the printed value.

    Examples
    --------
    >>> error_text(0.25, 1.01e-5), error_text(0.25, 1e-17), error_text("0.2500", 4e-5)
    (' ± 1.1e-05', '', '')
    """
    errors = [_decimal(part) for part in _leaves(error) if part is not None]
    numbers = [part for part in _leaves(value) if _last_place(part) is not None]
    largest = max(errors, default=Decimal(0))
    if largest <= min((_last_place(part) or Decimal(0) for part in numbers), default=Decimal(0)):
        return ""
    rounded = Context(prec=2, rounding=ROUND_UP).create_decimal(largest)
    small = -300 < rounded.adjusted() < 300
    return f" ± {float(rounded):.2g}" if small else f" ± {rounded}"


def _last_place(value: Any) -> Decimal | None:
    """One unit in the last place of a number as it is printed, None for what is no number."""
    if isinstance(value, float) and math.isfinite(value):
        return Decimal(str(math.ulp(value)))
    if isinstance(value, str):
        try:
            exponent = Decimal(value).as_tuple().exponent
        except InvalidOperation:
            return None
        return Decimal(1).scaleb(exponent) if isinstance(exponent, int) else None
    return None


def _leaves(value: Any) -> Iterator[Any]:
    """Yield the entries of nested lists."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    else:
        yield value


def _mapped(value: Any, change: Any) -> Any:
    """Return nested lists with each entry changed."""
    if isinstance(value, list | tuple):
        return [_mapped(item, change) for item in value]
    return change(value)


def _undefined(value: Any) -> bool:
    """Whether a number, or the word for one, is none."""
    return value == "nan" or (isinstance(value, float) and math.isnan(value))


def _infinite(value: Any) -> bool:
    """Whether a number, or the word for one, is infinite."""
    return value in ("inf", "-inf") or (isinstance(value, float) and math.isinf(value))


def _no_number(value: Any) -> Any:
    """None for what is no number."""
    return None if _undefined(value) else value


def _no_error(value: Any) -> Any:
    """None for an error that says nothing."""
    return None if _undefined(value) or _infinite(value) else value
