"""Record the answers of `evaluate` at the points of ``points.txt`` in ``evaluate.json``.

Run ``python -m tests.golden.record``. Points that are already recorded keep their answer, so that a
new point never overwrites an old one; ``--again LINE`` records the points that begin with ``LINE``
anew, and ``--changed REASON`` writes the reason beside them.
"""

from __future__ import annotations

import argparse
import json
import shlex
import sys
import time
from pathlib import Path
from typing import Any

from neurenorm.numerics.evaluate import evaluate
from neurenorm.numerics.evaluate.values import parse_value

HERE = Path(__file__).parent
POINTS, RECORDS = HERE / "points.txt", HERE / "evaluate.json"
SLOW = 2.0


def points() -> list[str]:
    """Return the points, each as it would follow ``evaluate`` on a command line."""
    return [line for line in POINTS.read_text().splitlines() if line.strip()]


def records() -> list[dict[str, Any]]:
    """Return what was recorded."""
    found: list[dict[str, Any]] = json.loads(RECORDS.read_text()) if RECORDS.exists() else []
    return found


def request(line: str) -> tuple[str, dict[str, str], int | None]:
    """Return the id, the parameters and the digits of a point."""
    identifier, *words = shlex.split(line)
    digits = next((int(word[9:]) for word in words if word.startswith("--digits=")), None)
    pairs = [word.split("=", 1) for word in words if not word.startswith("--")]
    return identifier, dict(pairs), digits


def evaluated(identifier: str, parameters: dict[str, str], digits: int | None) -> dict[str, Any]:
    """Return the answer as ``--json`` prints it, or the line with which it is refused."""
    try:
        values = {name: parse_value(text) for name, text in parameters.items()}
        found = evaluate(identifier, values, digits=digits).as_dict()
    except (ValueError, TypeError) as refusal:
        return {"refused": str(refusal)}
    answer: dict[str, Any] = json.loads(json.dumps(found))
    return answer


def record(line: str) -> dict[str, Any]:
    """Return the record of a point."""
    identifier, parameters, digits = request(line)
    start = time.perf_counter()
    answer = evaluated(identifier, parameters, digits)
    if (seconds := time.perf_counter() - start) > SLOW:
        print(f"{seconds:5.1f} s  {line}", file=sys.stderr)
    return {"id": identifier, "parameters": parameters, "digits": digits, "answer": answer}


def main() -> None:
    """Record what is not recorded yet, and what is to be recorded again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--again", action="append", default=[], metavar="LINE")
    parser.add_argument("--changed", metavar="REASON", help="why the answers recorded again differ")
    chosen = parser.parse_args()
    known = {_key(entry): entry for entry in records()}
    kept = []
    for line in points():
        key = json.dumps(request(line))
        if key in known and not any(line.startswith(start) for start in chosen.again):
            kept.append(known[key])
        else:
            kept.append(record(line) | ({"changed": chosen.changed} if chosen.changed else {}))
    lines = ",\n".join(json.dumps(entry) for entry in kept)
    RECORDS.write_text(f"[\n{lines}\n]\n")


def _key(entry: dict[str, Any]) -> str:
    """A record's request, as it is compared with a point's."""
    return json.dumps([entry["id"], entry["parameters"], entry["digits"]])


if __name__ == "__main__":
    main()
