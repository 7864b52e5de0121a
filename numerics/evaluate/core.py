"""From a catalogued result to numbers: check the values, derive, and dispatch on the kind of derived object.

A kind of stated problem is a class (see `theory.problems`), and each kind registers how it is solved with ``@answer.register``. Nothing here knows an id.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import singledispatch
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from graphs.rendering import Tabulated
from numerics.evaluate.values import checked
from theory.catalogue import Result
from theory.catalogue import result as catalogued
from theory.catalogue.result import PAPERS

__all__ = ["STATUSES", "Answer", "Evaluation", "answer", "evaluate"]

STATUSES = ("exact", "enclosed", "numeric", "sampled", "none", "not converged")


@dataclass(frozen=True)
class Answer(Tabulated):
    """What solving a problem gives.

    Parameters
    ----------
    status : str
        ``exact`` (a closed form, evaluated), ``enclosed``, ``numeric``, ``sampled``, ``none`` (there is no solution) or ``not converged``.
    values : mapping of str to number, string, list or None
    errors : mapping of str to number or None
        Radius of an enclosure, or standard error, of each value that has one.
    branches : list of mapping, optional
        All solutions where there are several; the stable one is in ``values``.
    reason : str
        Why there is none, or what was reached.
    """

    status: str
    values: Mapping[str, Any]
    errors: Mapping[str, Any] = field(default_factory=dict)
    branches: Sequence[Mapping[str, Any]] | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(f"the status must be one of {', '.join(STATUSES)}, got {self.status!r}")


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

    @property
    def values(self) -> Mapping[str, Any]:
        """The values by name."""
        return self.answer.values

    def as_dict(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        shown: dict[str, Any] = {
            "id": self.id,
            "status": self.answer.status,
            "values": dict(self.answer.values),
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
        rows: list[str] = [f"  {name} = {value}{_error_text(self.answer.errors.get(name))}" for name, value in self.answer.values.items()]
        notes = [self.answer.reason] if reason and self.answer.reason else []
        if self.answer.branches is not None and len(self.answer.branches) > 1:
            notes.append(f"one of {len(self.answer.branches)} branches; --json (or .answer.branches) shows them all")
        return "\n".join([f"{self.id} ({self.answer.status})", *rows, *(f"  {note}" for note in notes)])

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><td>{html.escape(name)}</td><td>{html.escape(str(value))}</td></tr>" for name, value in self.answer.values.items())
        return f"<table><caption>{html.escape(self.id)} ({self.answer.status})</caption>{rows}</table>"


def _error_text(error: Any) -> str:
    """Return an error to be printed behind its value, where it is worth saying."""
    return f" ± {error:.1g}" if isinstance(error, float) and error > 1e-14 else ""


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
        f"a {type(problem).__name__} is no kind of problem that can be evaluated: let derive return an expression, a Recursion, or a problem of theory.problems"
    )


def evaluate(identifier: str | Result, values: Mapping[str, Any] | None = None, *, digits: int | None = None, **named: Any) -> Evaluation:
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
    return Evaluation(entry.id, answer(problem, numbers, digits), entry.provenance)


def _load_kind(kind: type) -> None:
    """Import the modules of this package, each of which registers the kinds it can solve, until one registers this kind; those of a single paper come last."""
    package = import_module("numerics.evaluate")
    names = [module.name for module in iter_modules(package.__path__)]
    papers = {key.replace("-", "_") for key in PAPERS}
    for name in sorted(names, key=lambda name: (name in papers, name)):
        if answer.dispatch(kind) is not answer.dispatch(object):
            return
        import_module(f"numerics.evaluate.{name}")
