"""The printed error holds for the printed number: each is compared with twice the digits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest

from neurenorm.numerics.evaluate import evaluate
from neurenorm.numerics.solution import error_text
from tests.golden.record import evaluated, records

PROVED = [entry for entry in records() if entry["answer"].get("status") in ("exact", "enclosed")]
MORE = 40


def _numbers(value: Any, error: Any, better: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Yield each number of nested lists with its error and the better number."""
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield from _numbers(item, error[i] if isinstance(error, list) else error, better[i])
    elif not isinstance(value, bool | int) and value is not None and value not in ("inf", "-inf"):
        yield value, error, better


def _leaves(value: Any) -> Iterator[Any]:
    """Yield the entries of nested lists that are known."""
    if isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif value is not None:
        yield value


@pytest.mark.parametrize("entry", PROVED, ids=lambda entry: json.dumps(entry["parameters"]))
def test_the_error_of_a_proved_number_encloses_the_number_of_twice_the_digits(
    entry: dict[str, Any],
) -> None:
    digits = entry["digits"]
    found = evaluated(entry["id"], entry["parameters"], digits)
    better = evaluated(entry["id"], entry["parameters"], 2 * digits if digits else MORE)
    for name, value in found["values"].items():
        error = found["errors"].get(name)
        wide = better["errors"].get(name)
        for number, radius, more in _numbers(value, error, better["values"][name]):
            try:
                Fraction(number)
            except ValueError:
                continue
            assert radius is not None, f"{name} = {number} has no error"
            rest = max(map(Fraction, _leaves(wide)))
            assert abs(Fraction(number) - Fraction(more)) <= Fraction(radius) + rest, name


def test_an_error_beyond_the_range_of_doubles_is_a_decimal() -> None:
    found = evaluate("lattice/ising-correlation", K=1, r=4000, digits=20)
    assert 0 < Fraction(str(found.answer.errors["value"])) < Fraction(1, 10**480)
    found = evaluate("lattice/ring-free-energy", K=1, N=5, digits=400)
    assert 0 < Fraction(str(found.answer.errors["value"])) < Fraction(1, 10**398)


def test_an_error_in_text_is_rounded_up_and_left_out_where_the_digits_say_it() -> None:
    assert error_text(1.0, 1.01e-9) == " ± 1.1e-09"
    assert error_text([1.0, 2.0], [1e-17, 1e-5]) == " ± 1e-05"
    assert error_text("0.333", 4e-4) == error_text(1e-20, 1e-37) == error_text(None, None) == ""
    assert error_text(1e-20, 1e-22) == " ± 1e-22"
    assert error_text("1.2e+5000", "3.333e+4999") == " ± 3.4E+4999"
