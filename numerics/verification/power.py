"""Power: each entry of a witness, off by the smallest discrepancy that the policy promises to see,
must be refuted.

The witness's own value stands for the theory, so that nothing but the shift of one entry is wrong:
whether it is seen does not depend on chance beyond what the policy has already counted in (a
`Sampled` check reserves its power before).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import singledispatch
from typing import Any

import numpy as np

from neurenorm.numerics.balls import precision
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.verification.compare import (
    Comparison,
    Enclosed,
    Exact,
    Policy,
    Sampled,
    Verdict,
)
from neurenorm.numerics.verification.within import Within

__all__ = ["smallest_shifts", "weakest_entry"]

BALL_BITS = 4096
"""Precision at which balls are shifted, beyond that of any enclosure compared."""

_BEYOND = 1 + 1e-6
"""A discrepancy of exactly the tolerance is still allowed; this one is not."""


@singledispatch
def smallest_shifts(policy: Policy, theory: Any, found: Any) -> Any:
    """Return, entry by entry, the smallest discrepancy that a policy promises to see; none for a
    policy that promises nothing.

    Parameters
    ----------
    policy : Policy
    theory, found : number, array, ball or Estimate
        What is compared.

    Returns
    -------
    ndarray or None

    Examples
    --------
    >>> smallest_shifts(Within((0.1, 0.2)), [1.0, 2.0], [1.0, 2.0]).round(3).tolist()
    [0.1, 0.2]
    >>> smallest_shifts(Sampled(0.01), [1.0, 2.0], Estimate([1.0, 2.0], [0.1, 0.1], 100)).tolist()
    [0.02, 0.02]
    """
    return None


@smallest_shifts.register
def _(policy: Exact, theory: Any, found: Any) -> Any:
    size = np.maximum(np.abs(_values(found)), policy.scale)
    return np.where(size > 0, size, 1.0) * (
        10.0**-policy.digits * 1.1
    )  # the larger of the two sides is the unit


@smallest_shifts.register
def _(policy: Within, theory: Any, found: Any) -> Any:
    return np.broadcast_to(np.asarray(policy.tolerances) * _BEYOND, np.shape(_values(found)))


@smallest_shifts.register
def _(policy: Sampled, theory: Any, found: Any) -> Any:
    unit = float(np.max(np.abs(np.asarray(theory, dtype=float)))) if policy.relative else 1.0
    return np.full(np.shape(_values(found)), policy.smallest * unit)


@smallest_shifts.register
def _(policy: Enclosed, theory: Any, found: Any) -> Any:
    return np.array(2.1 * policy.radius)


def weakest_entry(
    policy: Policy, theory: Any, found: Any, false_alarm: float | None
) -> Comparison | None:
    """Return the comparison of the entry that is least refuted where it is off by the smallest
    discrepancy promised.

    Parameters
    ----------
    policy : Policy
    theory, found : number, array, ball or Estimate
        What is compared.
    false_alarm : float, optional
        This comparison's share of the budget.

    Returns
    -------
    Comparison or None
        None for a policy that promises nothing.

    Examples
    --------
    >>> str(weakest_entry(Within(0.1), 1.0, 1.02, None).verdict)
    'refuted'
    >>> wide = Estimate([1.0, 2.0], [0.001, 0.1], blocks=200)
    >>> str(weakest_entry(Sampled(0.02), [1.0, 2.0], wide, None).verdict)
    'undecided'
    """
    shifts = smallest_shifts(policy, theory, found)
    if shifts is None:
        return None
    outcomes = [
        policy.compare(wrong, found, false_alarm) for wrong in _shifted(_values(found), shifts)
    ]
    return next(
        (outcome for outcome in outcomes if outcome.verdict is not Verdict.refuted), outcomes[0]
    )


def _shifted(value: Any, shifts: Any) -> Iterator[Any]:
    """The value with one entry off at a time, up and down."""
    if hasattr(value, "rad"):
        with precision(BALL_BITS):
            wrongs = [value + sign * float(shifts) for sign in (1, -1)]
        yield from wrongs
        return
    for index in np.ndindex(shifts.shape):
        for sign in (1, -1):
            wrong = np.array(value)
            wrong[index] += sign * shifts[index]
            yield wrong


def _values(found: Any) -> Any:
    """The numbers of a witness, a float array unless they are complex or a ball."""
    if isinstance(found, Estimate):
        return np.asarray(found.value, dtype=float)
    if hasattr(found, "rad"):
        return found
    values = np.asarray(found)
    return values if values.dtype.kind == "c" else values.astype(float)
