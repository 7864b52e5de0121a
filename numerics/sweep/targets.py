"""What can be swept: a catalogued result, a claim, or any function. Each runs one point, and
describes its parameters and values.

This module is what a worker process imports first, so that it loads the theory only for what needs
it.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from numbers import Real
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from neurenorm.numerics.sweep.axes import Axis, Grid, value_text
from neurenorm.numerics.sweep.outcome import Outcome, plain, undefined

if TYPE_CHECKING:
    from neurenorm.numerics.evaluate import Answer
    from neurenorm.numerics.verification.claim import Claim, Report
    from neurenorm.theory.catalogue import Result

__all__ = ["ClaimTarget", "FunctionTarget", "ResultTarget", "Target", "target_of"]

REMEMBERED = 8


class Target(Protocol):
    """Something with parameters that gives an outcome at each point of a grid."""

    @property
    def name(self) -> str:
        """The id, or the name of a function."""

    @property
    def identity(self) -> str:
        """By what its sweep is recognised when it is resumed."""

    def completed(self, grid: Grid) -> Grid:
        """Return the grid with defaults filled in, or raise ValueError if a parameter is unknown,
        missing or outside its domain.
        """

    def run(self, point: Mapping[str, Any], seed: int) -> Outcome:
        """Compute one point."""

    def about(self) -> dict[str, str]:
        """Describe the whole: title, provenance, conventions."""

    def about_parameter(self, name: str) -> dict[str, str]:
        """Describe one parameter: meaning and units."""

    def about_value(self, name: str) -> dict[str, str]:
        """Describe one value: meaning and units."""


@dataclass(frozen=True)
class ResultTarget:
    """A catalogued result; its derivation is done once for the points that share it."""

    entry: Result
    derived: list[tuple[dict[str, Any], Any]] = field(
        default_factory=list, compare=False, repr=False
    )

    def __reduce__(self) -> tuple[Callable[..., Target], tuple[Any]]:
        """Travel to another process by id, where the catalogue has it."""
        from neurenorm.theory.catalogue import results

        return (
            (_catalogued, (self.entry.id,))
            if any(entry is self.entry for entry in results())
            else (ResultTarget, (self.entry,))
        )

    @property
    def name(self) -> str:
        return self.entry.id

    identity = name

    def completed(self, grid: Grid) -> Grid:
        from neurenorm.numerics.evaluate.values import checked, exact_value

        first = next(iter(grid))
        for axis in grid.axes:
            for value in axis.values:
                checked(self.entry, {**first, axis.name: value})
        defaults = {
            p.name: exact_value(p.default)
            for p in self.entry.parameters
            if p.name not in first and p.default is not None
        }
        return replace(grid, fixed={**defaults, **grid.fixed})

    def run(self, point: Mapping[str, Any], seed: int) -> Outcome:
        from neurenorm.numerics.evaluate import evaluate

        return _of_answer(evaluate(replace(self.entry, derive=self._derive), point).answer)

    def _derive(self, **structure: Any) -> Any:
        """Derive, or return what was derived lately from the same structural parameters."""
        for known, derived in self.derived:
            if known == structure:
                return derived
        derived = self.entry.derive(**structure)
        self.derived[:] = [*self.derived[1 - REMEMBERED :], (structure, derived)]
        return derived

    def about(self) -> dict[str, str]:
        entry = self.entry
        told = {
            "title": entry.statement,
            "provenance": entry.provenance,
            "conventions": " ".join(entry.conventions),
        }
        return {key: text for key, text in told.items() if text}

    def about_parameter(self, name: str) -> dict[str, str]:
        meaning = next((p.meaning for p in self.entry.parameters if p.name == name), name)
        unit = self._unit(name)
        return {"long_name": meaning, **({"units": unit} if unit else {})}

    def about_value(self, name: str) -> dict[str, str]:
        quantity = next((q for q in self.entry.subject if q.name == name), None)
        unit = self.entry.declared.get(name, "") or self._unit(name)
        return {
            "long_name": name if quantity is None else quantity.meaning,
            **({"units": unit} if unit else {}),
        }

    def _unit(self, name: str) -> str:
        """Return the unit of a quantity of the subject, where it has that name."""
        return next((q.unit for q in self.entry.subject if q.name == name), "")


@dataclass(frozen=True)
class ClaimTarget:
    """A claim; its axes are seed, effort and false_alarm."""

    claim: Claim

    def __reduce__(self) -> tuple[Callable[..., Target], tuple[Any]]:
        """Travel to another process by id, where the suite has it."""
        from neurenorm.numerics.verification.suite import gather_claims

        return (
            (_suite_claim, (self.claim.id,))
            if any(claim is self.claim for claim in gather_claims())
            else (ClaimTarget, (self.claim,))
        )

    @property
    def name(self) -> str:
        return self.claim.id

    identity = name

    def completed(self, grid: Grid) -> Grid:
        from neurenorm.numerics.verification.verdict import probability, share

        allowed = {
            "seed": self._seed,
            "effort": self._effort,
            "false_alarm": lambda value: probability(_number(value, "false_alarm"), "false_alarm"),
        }
        for axis in (*grid.axes, *(Axis(name, (value,)) for name, value in grid.fixed.items())):
            if axis.name not in allowed:
                raise ValueError(
                    f"a claim has no parameter {axis.name!r}; it takes {', '.join(allowed)}"
                )
            for value in axis.values:
                allowed[axis.name](value)
        given = {*grid.fixed, *(axis.name for axis in grid.axes)}
        return (
            grid
            if "false_alarm" in given
            else replace(grid, fixed={**grid.fixed, "false_alarm": share(len(grid))})
        )

    def run(self, point: Mapping[str, Any], seed: int) -> Outcome:
        effort = self._effort(point.get("effort", "default"))
        chosen = self._seed(point.get("seed", seed))
        return _of_report(
            self.claim.check(effort=effort, seed=chosen, false_alarm=float(point["false_alarm"]))
        )

    def _seed(self, value: Any) -> int:
        """Read a seed."""
        number = _number(value, "seed")
        if number < 0 or number != int(number):
            raise ValueError(f"seed must be an integer that is not negative, got {value}")
        return int(number)

    def _effort(self, value: Any) -> Any:
        """Read an effort that the claim runs at."""
        from neurenorm.numerics.verification.claim import Effort

        efforts = [effort.name for effort in Effort if effort.value >= self.claim.effort.value]
        if value not in efforts:
            raise ValueError(
                f"effort must be one of {', '.join(efforts)} for this claim, got {value}"
            )
        return Effort[value]

    def about(self) -> dict[str, str]:
        return {
            "title": self.claim.statement,
            "provenance": f"check of the claim {self.claim.id} against its independent witness",
        }

    def about_parameter(self, name: str) -> dict[str, str]:
        meanings = {
            "seed": "seed of all random numbers",
            "effort": "how many samples",
            "false_alarm": "probability of refuting a true claim by chance",
        }
        return {"long_name": meanings[name]}

    def about_value(self, name: str) -> dict[str, str]:
        return {"long_name": CHECKED[name]}


CHECKED = {
    "discrepancy": "how far apart theory and witness are, in the unit that the variable unit names",
    "unit": "unit of discrepancy and threshold: sigma (large is bad) or digits (small is bad)",
    "threshold": "discrepancy at which the verdict turns to refuted",
    "detectable": "smallest discrepancy that the check would have caught",
    "mutants": "number of wrong versions tried",
    "mutants_refuted": "number of wrong versions refuted",
}


def _of_report(report: Report) -> Outcome:
    """Return the outcome of a check."""
    found = report.comparison
    refuted = sum(mutant.refuted for mutant in report.mutants)
    numbers = (
        found.discrepancy,
        found.unit,
        found.threshold,
        found.detectable,
        len(report.mutants),
        refuted,
    )
    return Outcome(
        str(report.verdict),
        {name: plain(value) for name, value in zip(CHECKED, numbers, strict=True)},
        reason=report.message,
    )


@dataclass(frozen=True)
class FunctionTarget:
    """Any function of the parameters; a parameter ``rng`` that is not swept gets a generator made
    of the seed and the point.
    """

    function: Callable[..., Any]
    label: str = ""

    @property
    def name(self) -> str:
        return self.label or str(
            getattr(self.function, "__qualname__", type(self.function).__name__)
        )

    @property
    def identity(self) -> str:
        """Its label, or its name and a digest of its source, so that an edited function is another
        sweep.
        """
        try:
            return (
                self.label
                or f"{self.name} {hashlib.sha256(inspect.getsource(self.function).encode()).hexdigest()[:12]}"
            )
        except (OSError, TypeError) as error:
            raise ValueError(
                "this function has no source by which it could be recognised again: give the sweep "
                "a name"
            ) from error

    def completed(self, grid: Grid) -> Grid:
        given = {*grid.fixed, *(axis.name for axis in grid.axes)}
        known = self._parameters()
        names = [p.name for p in known if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        unknown = (
            sorted(given - set(names)) if not any(p.kind is p.VAR_KEYWORD for p in known) else []
        )
        if unknown:
            raise ValueError(
                f"the function has no parameter {unknown[0]!r}; it takes "
                f"{', '.join(names) or 'none'}"
            )
        missing = [
            p.name
            for p in known
            if p.name in names and p.default is p.empty and p.name not in given | {"rng"}
        ]
        if missing:
            raise ValueError(
                f"the function needs {' and '.join(missing)}: give each as an axis or a fixed value"
            )
        return grid

    def _parameters(self) -> list[inspect.Parameter]:
        """Return the parameters of the signature."""
        return list(inspect.signature(self.function).parameters.values())

    def run(self, point: Mapping[str, Any], seed: int) -> Outcome:
        arguments = {name: plain(value) for name, value in point.items()}
        if "rng" not in arguments and any(p.name == "rng" for p in self._parameters()):
            arguments["rng"] = np.random.default_rng([seed, *_digest(point)])
        return _of_anything(self.function(**arguments))

    def about(self) -> dict[str, str]:
        text = (inspect.getdoc(self.function) or "").split("\n\n")[0]
        return {"title": text or self.name, "provenance": "computed by a function of the user"}

    def about_parameter(self, name: str) -> dict[str, str]:
        return {"long_name": name}

    def about_value(self, name: str) -> dict[str, str]:
        return {"long_name": name}


def _number(value: Any, name: str) -> float:
    """Read a number."""
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a number, got {value}") from error


def _digest(point: Mapping[str, Any]) -> list[int]:
    """Return four words that depend on the point alone, not on its place in a grid."""
    text = json.dumps({name: value_text(value) for name, value in sorted(point.items())})
    return np.frombuffer(hashlib.sha256(text.encode()).digest()[:16], dtype=np.uint32).tolist()


def _of_answer(found: Answer) -> Outcome:
    """Return the outcome of an evaluation."""
    branches = (
        None if found.branches is None else [_plain_values(branch) for branch in found.branches]
    )
    return Outcome(
        found.status,
        _plain_values(found.values),
        _plain_values(found.errors),
        branches,
        found.reason,
    )


def _plain_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as plain data, by name; an evaluation may spell infinite numbers as words."""
    return {name: _spelt_out(plain(value)) for name, value in values.items()}


def _spelt_out(value: Any) -> Any:
    """Return the words for infinite numbers as numbers."""
    if isinstance(value, list):
        return [_spelt_out(item) for item in value]
    return float(value) if value in ("inf", "-inf") else value


def _of_anything(found: Any) -> Outcome:
    """Return the outcome of what a function returned: a number, an Estimate, a list, a mapping of
    these, an Evaluation, a Claim or a Report.
    """
    from neurenorm.numerics.estimate import Estimate

    if isinstance(found, Mapping):
        return _of_values(found)
    if (
        isinstance(found, Real | str | list | tuple | np.ndarray | np.generic | Estimate)
        or found is None
    ):
        return _of_values({"value": found})
    from neurenorm.numerics.evaluate import Evaluation
    from neurenorm.numerics.verification.claim import Claim, Report

    if isinstance(found, Evaluation):
        return _of_answer(found.answer)
    if isinstance(found, Claim | Report):
        return _of_report(found.check() if isinstance(found, Claim) else found)
    return _of_values({"value": found})


def _of_values(entries: Mapping[str, Any]) -> Outcome:
    """Return the outcome of named numbers and estimates; where one is not a number there is
    none.
    """
    from neurenorm.numerics.estimate import Estimate

    values = {
        name: plain(item.value if isinstance(item, Estimate) else item)
        for name, item in entries.items()
    }
    errors = {
        name: plain(item.error) for name, item in entries.items() if isinstance(item, Estimate)
    }
    nowhere = undefined(
        {**values, **{f"the error of {name}": error for name, error in errors.items()}}
    )
    if nowhere:
        return Outcome("none", values, errors, reason=f"{' and '.join(nowhere)} is not a number")
    return Outcome("sampled" if errors else "numeric", values, errors)


def _catalogued(identifier: str) -> ResultTarget:
    """Return the catalogued result with this id."""
    from neurenorm.theory.catalogue import result

    return ResultTarget(result(identifier))


def _suite_claim(identifier: str) -> ClaimTarget:
    """Return the claim of the suite with this id."""
    from neurenorm.numerics.verification.suite import gather_claims

    return ClaimTarget(next(claim for claim in gather_claims() if claim.id == identifier))


def target_of(what: Any, name: str = "", *, claim: bool = False) -> Target:
    """Return what is to be swept.

    Parameters
    ----------
    what : str, Result, Claim or callable
        A string is the id of a catalogued result, or else of a claim of the suite, or a function as
        ``module:name``.
    name : str
        By which a function is recognised when its sweep is resumed.
    claim : bool
        Whether a string is the id of a claim even where a result has the same.

    Raises
    ------
    ValueError
        If there is no such id.
    TypeError
        If it is none of these.
    """
    if isinstance(what, str):
        return _of_id(what, claim)
    from neurenorm.numerics.verification.claim import Claim
    from neurenorm.theory.catalogue import Result

    if isinstance(what, Result):
        return ResultTarget(what)
    if isinstance(what, Claim):
        return ClaimTarget(what)
    if callable(what):
        return FunctionTarget(what, name)
    raise TypeError(
        f"a sweep is over an id, a Result, a Claim or a function, got {type(what).__name__}"
    )


def _imported(path: str) -> Callable[..., Any]:
    """Return the function ``module:name``, such as a simulation; modules of the present folder are
    found as well.
    """
    module, _, name = path.partition(":")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(
            f"there is no function {name!r} in a module {module!r} to sweep ({error}): give "
            "module:function"
        ) from error
    if not callable(found):
        raise ValueError(
            f"{path} is no function but a {type(found).__name__}: give module:function"
        )
    function: Callable[..., Any] = found
    return function


def _of_id(identifier: str, claim: bool) -> Target:
    """Return the result with an id, or else the claim, or the function ``module:name``; the errors
    of the catalogue name the nearest ids.
    """
    if ":" in identifier:
        return FunctionTarget(_imported(identifier))
    from neurenorm.theory.catalogue import result, results

    if not claim and any(entry.id == identifier for entry in results()):
        return ResultTarget(result(identifier))
    from neurenorm.numerics.verification.suite import gather_claims

    if any(known.id == identifier for known in gather_claims()):
        return _suite_claim(identifier)
    if claim:
        raise ValueError(f"unknown claim {identifier!r}; neurenorm verify shows all")
    return ResultTarget(result(identifier))
