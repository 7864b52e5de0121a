"""From a catalogued result to numbers: check the values, derive, and dispatch on the kind of
derived object.

A kind of stated problem is a class, and each kind registers how it is solved with
``@answer.register``: what a room ``neurenorm.theory.<room>`` states is solved in
``neurenorm.numerics.evaluate.<room>``. Nothing here knows an id.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import singledispatch
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from neurenorm.graphs.rendering import Table
from neurenorm.numerics.evaluate.values import checked
from neurenorm.numerics.solution import Solution, error_text
from neurenorm.theory.catalogue import Result
from neurenorm.theory.catalogue import result as catalogued

__all__ = ["Answer", "Evaluation", "answer", "evaluate", "refuse_digits"]

Answer = Solution


@dataclass(frozen=True)
class Evaluation:
    """An answer with the id and the provenance of its result.

    Examples
    --------
    >>> print(evaluate("lattice/ising-correlation", {"K": 1, "r": 2}))
    lattice/ising-correlation (exact)
      value = 0.580025658385974
    """

    id: str
    answer: Answer
    provenance: str
    units: Mapping[str, str]

    @property
    def values(self) -> Mapping[str, Any]:
        """The values by name."""
        return self.answer.values

    def as_dict(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        shown: dict[str, Any] = {
            "id": self.id,
            "status": str(self.answer.status),
            "values": dict(self.answer.values),
            "units": dict(self.units),
            "errors": dict(self.answer.errors),
            "provenance": self.provenance,
        }
        if self.answer.branches is not None:
            shown["branches"] = [dict(branch) for branch in self.answer.branches]
        return shown

    def __str__(self) -> str:
        return self.text()

    def text(self, *, reason: bool = True) -> str:
        """Return the values as lines, with or without the reason that an answer may carry."""
        rows = [f"  {name} = {self._shown(name)}" for name in self.values]
        notes = [self.answer.reason] if reason and self.answer.reason else []
        if self.answer.branches is not None and len(self.answer.branches) > 1:
            notes.append(
                f"one of {len(self.answer.branches)} branches; --json (or .answer.branches) shows "
                "them all"
            )
        return "\n".join(
            [f"{self.id} ({self.answer.status})", *rows, *(f"  {note}" for note in notes)]
        )

    def _shown(self, name: str) -> str:
        """Return a value with its error and its unit, where it has them."""
        value = self.values[name]
        unit = "" if value is None or self.units[name] == "1" else f" {self.units[name]}"
        return f"{value}{error_text(value, self.answer.errors.get(name))}{unit}"

    def _repr_html_(self) -> str:
        rows = [(name, self._shown(name)) for name in self.values]
        return Table(rows, caption=f"{self.id} ({self.answer.status})")._repr_html_()


@singledispatch
def answer(problem: Any, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    """Solve a derived object for given numbers; kinds register themselves.

    Parameters
    ----------
    problem : object
        What ``Result.derive`` returned.
    numbers : mapping of str to exact number
        The parameters that are not structural.
    digits : int, optional
        Digits to be proved; values are then strings.
    """
    raise TypeError(
        f"a {type(problem).__name__} is no kind of problem that can be evaluated: let derive "
        "return an expression, a Recursion, or a problem of neurenorm.theory.catalogue.problems"
    )


def refuse_digits(digits: int | None, what: str, how: str) -> None:
    """Refuse digits of what is found by a method that proves none.

    Examples
    --------
    >>> refuse_digits(20, "a threshold", "solved on a grid")
    Traceback (most recent call last):
    ...
    ValueError: no digits can be proved for a threshold, which is solved on a grid: leave digits away
    """
    if digits is not None:
        raise ValueError(f"no digits can be proved for {what}, which is {how}: leave digits away")


def evaluate(
    identifier: str | Result,
    values: Mapping[str, Any] | None = None,
    *,
    digits: int | None = None,
    **named: Any,
) -> Evaluation:
    """Evaluate a catalogued result.

    Parameters
    ----------
    identifier : str or Result
    values : mapping of str to value, optional
        Parameters by name; they may be given as keywords as well.
    digits : int, optional
        Number of digits to be proved; values come back as strings then.

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError
        For an unknown id, wrong parameters, or more digits than the method can prove.

    Examples
    --------
    >>> evaluate("lattice/ising-decimation", K=1, b=2).values["K"]
    0.6625013736789322
    """
    if digits is not None and not (isinstance(digits, int) and 1 <= digits <= 10_000):
        raise ValueError(f"digits must be an integer between 1 and 10000, got {digits}")
    entry = identifier if isinstance(identifier, Result) else catalogued(identifier)
    exact = checked(entry, {**(values or {}), **named})
    structure = {p.name: exact[p.name] for p in entry.parameters if p.structural}
    numbers = {p.name: exact[p.name] for p in entry.parameters if not p.structural}
    problem = entry.derive(**structure)
    _load_solver(type(problem))
    found = _as_declared(entry, answer(problem, numbers, digits).settled())
    return Evaluation(entry.id, found, entry.provenance, entry.declared)


def _as_declared(entry: Result, found: Solution) -> Solution:
    """Return a solution with the declared values in their order; it may have no others and must
    have all.
    """
    if {*found.values} != {*entry.values}:
        raise LookupError(
            f"{entry.id} declares the values {', '.join(entry.values)}; its evaluation gave "
            f"{', '.join(found.values)}"
        )
    return replace(found, values={name: found.values[name] for name in entry.values})


def _load_solver(kind: type) -> None:
    """Import the module that registers how this kind, or the kind it derives from, is solved: that
    of the room which states it, and the catalogue's for a bare expression.
    """
    for base in kind.__mro__:
        top, _, rest = base.__module__.partition(".")
        room = rest.split(".")[1] if rest.startswith("theory.") else "catalogue"
        name = f"neurenorm.numerics.evaluate.{room}"
        if (top == "sympy" or room != "catalogue" or rest) and find_spec(name) is not None:
            import_module(name)
            return
