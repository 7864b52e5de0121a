"""No answer changes unnoticed: `evaluate` at the recorded points gives what was recorded.

Words, names and digits asked for are the same; a double agrees within the errors stated or 1e-12 of
its size. An answer that changed for a reason is recorded again with the reason beside it
(``python -m tests.golden.record --again LINE --changed REASON``).
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from neurenorm.theory.catalogue import results
from tests.golden.record import evaluated, points, records, request

RELATIVE = 1e-12
LARGER = 10.0  # how much larger an error may be than the one recorded
ROUNDING = 2.0**-52


def differences(before: Any, now: Any, slack: Any, where: str) -> list[str]:
    """Return where two answers differ, slack being the errors stated for numbers of that shape."""
    if isinstance(before, dict) and isinstance(now, dict) and before.keys() == now.keys():
        pairs = [(key, before[key], now[key], _part(slack, key)) for key in before]
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        pairs = [(i, before[i], now[i], _part(slack, i)) for i in range(len(before))]
    elif _is_number(before) and _is_number(now):
        if before == now:  # infinities have no difference
            return []
        allowed = max(RELATIVE * abs(before), slack if _is_number(slack) else 0.0)
        return [] if abs(before - now) <= allowed else [f"{where}: {before} became {now}"]
    else:
        return [] if before == now else [f"{where}: {before!r} became {now!r}"]
    return [line for key, b, n, s in pairs for line in differences(b, n, s, f"{where}.{key}")]


def _part(slack: Any, key: str | int) -> Any:
    """The errors of one entry; an error for a whole list holds for each of its entries."""
    if isinstance(slack, dict):
        return slack.get(key)
    return (
        slack[key]
        if isinstance(slack, list) and isinstance(key, int) and key < len(slack)
        else slack
    )


def _is_number(value: Any) -> bool:
    """Whether a value is a number, not a truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _worst(errors: Any) -> float:
    """The largest of nested errors."""
    if isinstance(errors, list):
        return max(map(_worst, errors), default=0.0)
    return float(errors) if _is_number(errors) else 0.0


def _size(value: Any) -> float:
    """The size of the largest number in a value, digits included."""
    if isinstance(value, list):
        return max(map(_size, value), default=0.0)
    try:
        return abs(float(value))
    except (TypeError, ValueError):
        return 0.0


def changes(entry: dict[str, Any]) -> list[str]:
    """Return what is different from what was recorded."""
    before = entry["answer"]
    now = evaluated(entry["id"], entry["parameters"], entry["digits"])
    now = {key: now[key] for key in before if key in now}
    slack = {name: before["errors"].get(name) for name in before.get("values", {})}
    words = {key: value for key, value in before.items() if key not in ("errors", "branches")}
    found = differences(words, {key: now.get(key) for key in words}, {"values": slack}, "answer")
    for old, new in zip(before.get("branches") or (), now.get("branches") or (), strict=True):
        found += differences(old, new, slack, "branch")
    return found + _grown(before, now, entry["digits"])


def _grown(before: dict[str, Any], now: dict[str, Any], digits: int | None) -> list[str]:
    """Errors that became larger than rounding and the old error explain."""
    unit = ROUNDING if digits is None else 10.0 ** (1 - digits)
    old, new = before.get("errors", {}), now.get("errors", {})
    return [
        f"error of {name}: {old[name]} became {new.get(name)}"
        for name in old
        if _worst(new.get(name))
        > LARGER * _worst(old[name]) + unit * _size(before["values"].get(name))
    ]


@pytest.mark.parametrize("line", points())
def test_the_answer_is_the_recorded_one(line: str) -> None:
    identifier, parameters, digits = request(line)
    request_of = {"id": identifier, "parameters": parameters, "digits": digits}
    recorded = [entry for entry in records() if request_of.items() <= entry.items()]
    assert recorded, f"not recorded yet: run python -m tests.golden.record for {line}"
    assert changes(recorded[0]) == []


def test_every_result_is_recorded_with_an_answer_and_nothing_else_is() -> None:
    answered = {entry["id"] for entry in records() if "refused" not in entry["answer"]}
    assert answered == {entry.id for entry in results()}
    known = {json.dumps([entry["id"], entry["parameters"], entry["digits"]]) for entry in records()}
    assert known == {json.dumps(request(line)) for line in points()}
