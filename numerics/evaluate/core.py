"""From a catalogued result to numbers: check the values, derive, and dispatch on the kind of
derived object.

A kind of stated problem is a class (see `neurenorm.theory.catalogue.problems`), and each kind
registers how it is solved with ``@answer.register``. Nothing here knows an id.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import singledispatch
from importlib import import_module
from typing import Any

from neurenorm.numerics.evaluate.values import checked
from neurenorm.numerics.solution import Solution, error_text
from neurenorm.theory.catalogue import Result
from neurenorm.theory.catalogue import result as catalogued

__all__ = ["Answer", "Evaluation", "answer", "evaluate"]

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
        rows = "".join(
            f"<tr><td>{html.escape(name)}</td><td>{html.escape(self._shown(name))}</td></tr>"
            for name in self.values
        )
        return (
            f"<table><caption>{html.escape(self.id)} ({self.answer.status})</caption>{rows}</table>"
        )


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
    _load_kind(type(problem))
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


SOLVED_IN = {
    "sympy": "formulas",
    "neurenorm.theory.recursion.recursion": "formulas",
    "neurenorm.theory.catalogue.problems.Formula": "formulas",
    "neurenorm.theory.catalogue.problems.OverRing": "over_ring",
    "neurenorm.theory.catalogue.problems.FixedPointOf": "fixed_points",
    "neurenorm.theory.dynamic_neurons.spectrum": "dynamic_neurons",
    "neurenorm.theory.dynamic_neurons.interaction_order": "dynamic_neurons",
    "neurenorm.theory.dynamic_neurons.stiffness": "dynamic_neurons",
    "neurenorm.theory.dynamic_neurons.wide": "dynamic_neurons",
    "neurenorm.theory.cavity.messages": "active_paths",
    "neurenorm.theory.active_paths.zero_temperature": "active_paths",
    "neurenorm.theory.active_paths.ensemble": "active_paths",
    "neurenorm.theory.field_theory.problems": "field_theory",
    "neurenorm.theory.complexity.state_entropy": "complexity",
    "neurenorm.theory.complexity.effective_dimension": "effective_dimension",
    "neurenorm.theory.disorder.problems": "disorder",
    "neurenorm.theory.lattice.phases": "lattice",
    "neurenorm.theory.lattice.graph_counts": "lattice",
    "neurenorm.theory.lattice.migdal": "lattice",
    "neurenorm.theory.lattice.planar": "plane_lattices",
    "neurenorm.theory.lattice.tensor": "plane_lattices",
}
"""Where the kinds that a module of theory states, or one kind of it, are solved: nothing else is
loaded.
"""


def _load_kind(kind: type) -> None:
    """Import the module that registers how this kind, or the kind it derives from, is solved."""
    for base in kind.__mro__:
        places = (
            f"{base.__module__}.{base.__qualname__}",
            base.__module__,
            base.__module__.partition(".")[0],
        )
        where = next((SOLVED_IN[place] for place in places if place in SOLVED_IN), None)
        if where is not None:
            import_module(f"neurenorm.numerics.evaluate.{where}")
            return
