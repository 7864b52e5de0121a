"""What can be swept by its id: a catalogued result, or a claim of the suite."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from neurenorm.numerics.sweep.axes import Grid
from neurenorm.numerics.sweep.functions import FunctionTarget, imported
from neurenorm.numerics.sweep.outcome import CHECKED, Outcome, of_answer, of_report
from neurenorm.numerics.sweep.target import Target

if TYPE_CHECKING:
    from neurenorm.numerics.verification.claim import Claim
    from neurenorm.theory.catalogue import Result

__all__ = ["ClaimTarget", "ResultTarget", "target_of"]

REMEMBERED = 8
CLAIM_PARAMETERS = {
    "seed": "seed of all random numbers",
    "effort": "how many samples",
    "false_alarm": "probability of refuting a true claim by chance",
}


@dataclass(frozen=True)
class ResultTarget(Target):
    """A catalogued result; its derivation is done once for the points that share it."""

    entry: Result
    derived: list[tuple[dict[str, Any], Any]] = field(
        default_factory=list, compare=False, repr=False
    )

    def __reduce__(self) -> tuple[Callable[..., Target], tuple[Any]]:
        """Travel to another process by id, where the catalogue has it."""
        from neurenorm.theory.catalogue import results

        known = any(entry is self.entry for entry in results())
        return (target_of, (self.entry.id,)) if known else (ResultTarget, (self.entry,))

    @property
    def name(self) -> str:
        return self.entry.id

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

        return of_answer(evaluate(replace(self.entry, derive=self._derive), point).answer)

    def _derive(self, **structure: Any) -> Any:
        """Derive, or return what was derived lately from the same structural parameters."""
        for known, derived in self.derived:
            if known == structure:
                return derived
        derived = self.entry.derive(**structure)
        self.derived[:] = [*self.derived[1 - REMEMBERED :], (structure, derived)]
        return derived

    def about(self) -> dict[str, str]:
        told = {
            "title": self.entry.statement,
            "provenance": self.entry.provenance,
            "conventions": " ".join(self.entry.conventions),
        }
        return {key: text for key, text in told.items() if text}

    def about_parameter(self, name: str) -> dict[str, str]:
        meaning = next((p.meaning for p in self.entry.parameters if p.name == name), name)
        return self._described(name, meaning)

    def about_value(self, name: str) -> dict[str, str]:
        meaning = next((q.meaning for q in self.entry.subject if q.name == name), name)
        return self._described(name, meaning, self.entry.declared.get(name, ""))

    def _described(self, name: str, meaning: str, declared: str = "") -> dict[str, str]:
        """Return a meaning with its unit: as declared, or of the subject's quantity of that
        name.
        """
        unit = declared or next((q.unit for q in self.entry.subject if q.name == name), "")
        return {"long_name": meaning, **({"units": unit} if unit else {})}


@dataclass(frozen=True)
class ClaimTarget(Target):
    """A claim; its axes are seed, effort and false_alarm."""

    claim: Claim

    def __reduce__(self) -> tuple[Callable[..., Target | None], tuple[Any]]:
        """Travel to another process by id, where the suite has it."""
        known = _suite_claim(self.claim.id)
        if known is not None and known.claim is self.claim:
            return _suite_claim, (self.claim.id,)
        return ClaimTarget, (self.claim,)

    @property
    def name(self) -> str:
        return self.claim.id

    def completed(self, grid: Grid) -> Grid:
        from neurenorm.numerics.verification.verdict import probability, share

        readers = {
            "seed": _seed,
            "effort": self._effort,
            "false_alarm": lambda value: probability(_number(value, "false_alarm"), "false_alarm"),
        }
        for name, values in grid.given.items():
            if name not in readers:
                raise ValueError(
                    f"a claim has no parameter {name!r}; it takes {', '.join(readers)}"
                )
            for value in values:
                readers[name](value)
        if "false_alarm" in grid.given:
            return grid
        return replace(grid, fixed={**grid.fixed, "false_alarm": share(len(grid))})

    def run(self, point: Mapping[str, Any], seed: int) -> Outcome:
        return of_report(
            self.claim.check(
                effort=self._effort(point.get("effort", "default")),
                seed=_seed(point.get("seed", seed)),
                false_alarm=float(point["false_alarm"]),
            )
        )

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
        checked = f"check of the claim {self.claim.id} against its independent witness"
        return {"title": self.claim.statement, "provenance": checked}

    def about_parameter(self, name: str) -> dict[str, str]:
        return {"long_name": CLAIM_PARAMETERS[name]}

    def about_value(self, name: str) -> dict[str, str]:
        return {"long_name": CHECKED[name]}


def _number(value: Any, name: str) -> float:
    """Read a number."""
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be a number, got {value}") from error


def _seed(value: Any) -> int:
    """Read a seed."""
    number = _number(value, "seed")
    if number < 0 or number != int(number):
        raise ValueError(f"seed must be an integer that is not negative, got {value}")
    return int(number)


def _suite_claim(identifier: str) -> ClaimTarget | None:
    """Return the claim of the suite with an id."""
    from neurenorm.numerics.verification.suite import claim_ids, gather_claims

    return ClaimTarget(*gather_claims(identifier)) if identifier in claim_ids() else None


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
        return imported(what) if ":" in what else _of_id(what, claim)
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


def _of_id(identifier: str, claim: bool) -> Target:
    """Return the result with an id, or else the claim; the errors of the catalogue name the nearest
    ids.
    """
    from neurenorm.theory.catalogue import result, results

    if claim or all(entry.id != identifier for entry in results()):
        found = _suite_claim(identifier)
        if found is not None:
            return found
        if claim:
            raise ValueError(f"unknown claim {identifier!r}; neurenorm verify shows all")
    return ResultTarget(result(identifier))
