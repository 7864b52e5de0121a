"""Axes: the values that each swept parameter takes, and the points of their grid."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from sympy import Rational, log
from sympy.core.numbers import Number

from neurenorm.numerics.evaluate.values import exact_value, parse_value

__all__ = ["Axis", "Grid", "parse_axis", "value_text"]

MOST_POINTS = 10_000_000
RESERVED = ("status", "reason", "entry", "branch")


@dataclass(frozen=True)
class Axis:
    """One swept parameter and its values, in order and without repetition.

    Parameters
    ----------
    name : str
    values : tuple
        Exact numbers, words or nested lists.

    Raises
    ------
    ValueError
        If there is no value, a value occurs twice or is not a number, or the name is one that the
        dataset uses itself.

    Examples
    --------
    >>> Axis.of("K", [0.1, 1, float("inf")]).values
    (1/10, 1, oo)
    """

    name: str
    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError(
                f"the grid has zero points: the axis {self.name} has no value; give at least one"
            )
        if self.name in RESERVED:
            raise ValueError(
                f"an axis cannot be called {self.name}: the dataset uses this name itself"
            )
        counts = Counter(map(value_text, self.values))
        text, count = counts.most_common(1)[0]
        if count > 1:
            raise ValueError(
                f"the axis {self.name} has the value {text} twice; a list is an axis, and one "
                "value that is itself a list has double brackets: [[1,-1]]"
            )
        if "nan" in counts:
            raise ValueError(f"the axis {self.name} has a value that is not a number")

    @classmethod
    def of(cls, name: str, values: Iterable[Any]) -> Axis:
        """Return the axis of any sequence or array of values."""
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise ValueError(
                f"the axis {name} must be a sequence of values, got {values!r}; a single value "
                "belongs to the fixed parameters"
            )
        return cls(name, tuple(exact_value(value) for value in values))


@dataclass(frozen=True)
class Grid:
    """All combinations of the values of some axes, the last axis running fastest.

    Examples
    --------
    >>> grid = Grid((Axis.of("K", [1, 2]), Axis.of("b", [2, 3, 4])), {"h": 0})
    >>> len(grid), grid.shape, dict(list(grid)[1])
    (6, (2, 3), {'h': 0, 'K': 1, 'b': 3})
    """

    axes: tuple[Axis, ...]
    fixed: Mapping[str, Any]

    def __post_init__(self) -> None:
        if not self.axes:
            raise ValueError("a sweep needs at least one axis, such as K=0:1:5")
        counts = Counter([axis.name for axis in self.axes] + list(self.fixed))
        name, count = counts.most_common(1)[0]
        if count > 1:
            raise ValueError(f"{name} is given twice: a parameter is one axis or one fixed value")
        if len(self) > MOST_POINTS:
            raise ValueError(
                f"the grid has {len(self)} points; at most {MOST_POINTS} are swept at once"
            )

    @property
    def given(self) -> dict[str, tuple[Any, ...]]:
        """The values of each parameter, one where it is fixed."""
        fixed = {name: (value,) for name, value in self.fixed.items()}
        return {axis.name: axis.values for axis in self.axes} | fixed

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of values of each axis."""
        return tuple(len(axis.values) for axis in self.axes)

    def __len__(self) -> int:
        return math.prod(self.shape)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        names = [axis.name for axis in self.axes]
        return (
            {**self.fixed, **dict(zip(names, values, strict=True))}
            for values in product(*(axis.values for axis in self.axes))
        )

    def identity(self) -> dict[str, Any]:
        """Return what makes it this grid and no other, as plain data."""
        axes = {axis.name: [value_text(value) for value in axis.values] for axis in self.axes}
        return {
            "axes": axes,
            "fixed": {name: value_text(value) for name, value in sorted(self.fixed.items())},
        }


def value_text(value: Any) -> str:
    """Return an exact value as text that tells numbers from words.

    Examples
    --------
    >>> value_text(Rational(1, 3)), value_text("tanh"), value_text([1, [Rational(1, 2)]])
    ('1/3', '"tanh"', '[1, [1/2]]')
    """
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(value_text, value))}]"
    return json.dumps(value) if isinstance(value, str | bool) or value is None else str(value)


def parse_axis(name: str, text: str) -> Axis | None:
    """Read an axis: ``start:stop:count``, the same with ``:log``, or a list such as ``[1, 2, 3]``
    or ``[tanh, relu]``.

    The ends are included, and evenly spaced values are exact: 0:1:11 has 1/10.

    Parameters
    ----------
    name : str
        The parameter.
    text : str
        What stands behind the equals sign.

    Returns
    -------
    Axis or None
        None if the text is a single value.

    Raises
    ------
    ValueError
        If the text has the form of an axis but the ends or the count are wrong.

    Examples
    --------
    >>> parse_axis("K", "0:1:5").values
    (0, 1/4, 1/2, 3/4, 1)
    >>> parse_axis("a", "1/100:1:3:log").values
    (1/100, 1/10, 1)
    >>> parse_axis("activation", "[tanh, z*exp(-z**2/2)]").values
    ('tanh', 'z*exp(-z**2/2)')
    >>> parse_axis("K", "0.5") is None
    True
    """
    if text.startswith("[") and text.endswith("]"):
        return Axis.of(name, _listed(text))
    return Axis(name, _range(name, text.split(":"))) if ":" in text else None


def _listed(text: str) -> list[Any]:
    """Read a list of values; words need no quotes, and commas within brackets separate nothing."""
    values = parse_value(text)
    if isinstance(values, list):
        return values
    depth, items = 0, [""]
    for letter in text[1:-1]:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            items.append("")
        else:
            items[-1] += letter
    return [parse_value(item.strip()) for item in items]


def _range(name: str, parts: list[str]) -> tuple[Any, ...]:
    """Read start:stop:count, optionally with :log."""
    form = f"the axis {name} must be start:stop:count, or start:stop:count:log"
    if len(parts) not in (3, 4) or parts[3:] not in ([], ["log"]):
        raise ValueError(f"{form}, got {':'.join(parts)}")
    start, stop, count = map(parse_value, parts[:3])
    if not all(isinstance(end, Number) and end.is_finite for end in (start, stop)):
        raise ValueError(f"{form} with numbers for its ends, got {parts[0]} and {parts[1]}")
    if not (isinstance(count, Number) and count.is_Integer):
        raise ValueError(f"{form} with an integer count, got {parts[2]}")
    if count < 1:
        raise ValueError(
            f"the grid has zero points: the axis {name} has a count of {count}; give at least 1"
        )
    if count > MOST_POINTS:
        raise ValueError(
            f"the axis {name} has {count} values; at most {MOST_POINTS} are swept at once"
        )
    if parts[3:]:
        return _logarithmic(name, start, stop, int(count))
    step = (stop - start) / max(1, count - 1)
    return tuple(start + k * step for k in range(count))


def _logarithmic(name: str, start: Any, stop: Any, count: int) -> tuple[Any, ...]:
    """Return values evenly spaced in their logarithm, the ends exact and the others rounded to 15
    digits.
    """
    if not (start > 0 and stop > 0):
        raise ValueError(f"the logarithmic axis {name} needs positive ends, got {start} and {stop}")
    start_log, span = (float(log(value).evalf(20)) for value in (start, stop / start))
    inner = [math.exp(start_log + span * k / (count - 1)) for k in range(1, count - 1)]
    if not all(0 < value < math.inf for value in (float(start), *inner, float(stop))):
        raise ValueError(
            f"the logarithmic axis {name} has ends beyond double precision: {start} and {stop}"
        )
    return (start, *(Rational(f"{value:.15g}") for value in inner), *([stop] if count > 1 else []))
