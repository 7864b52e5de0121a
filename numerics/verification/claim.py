"""Claim: one checkable sentence, with its independent witness and the wrong versions that the same
check must refute.
"""

from __future__ import annotations

import html
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.evaluate.core import Evaluation, evaluate
from neurenorm.numerics.verification.compare import Comparison, Policy, Sampled, Verdict
from neurenorm.numerics.verification.effort import Effort
from neurenorm.numerics.verification.mutants import Mutant
from neurenorm.numerics.verification.power import weakest_entry
from neurenorm.theory.catalogue import Result
from neurenorm.theory.catalogue import result as catalogued

__all__ = ["Claim", "Effort", "MutantOutcome", "Report"]


@dataclass(frozen=True)
class MutantOutcome(Tabulated):
    """What the check said of one mutant."""

    name: str
    comparison: Comparison

    @property
    def refuted(self) -> bool:
        """Whether the mutant was refuted, as it must be."""
        return self.comparison.verdict is Verdict.refuted


@dataclass(frozen=True)
class Report:
    """The outcome of one claim.

    Parameters
    ----------
    claim : Claim
    comparison : Comparison
        Of the derived value with the witness.
    mutants : tuple of MutantOutcome
    seconds : float
    seed : tuple of int
        What reproduces the random numbers of this check.
    effort : Effort
    derived : object
        What was checked.
    """

    claim: Claim
    comparison: Comparison
    mutants: tuple[MutantOutcome, ...]
    seconds: float
    seed: tuple[int, ...]
    effort: Effort
    derived: Any = field(default=None, repr=False, compare=False)

    @property
    def verdict(self) -> Verdict:
        """The verdict: a check that cannot tell the formula from a wrong one decides nothing."""
        if self.comparison.verdict is Verdict.agrees and not all(
            mutant.refuted for mutant in self.mutants
        ):
            return Verdict.undecided
        return self.comparison.verdict

    @property
    def message(self) -> str:
        """One sentence on what was found."""
        survivors = [mutant.name for mutant in self.mutants if not mutant.refuted]
        if self.comparison.verdict is Verdict.agrees and survivors:
            return f"the check cannot tell the formula from its mutant: {', '.join(survivors)}"
        return self.comparison.message

    def __str__(self) -> str:
        return (
            f"{self.verdict!s:9} {self.claim.id}: {self.message}; mutants refuted: "
            f"{sum(m.refuted for m in self.mutants)}/{len(self.mutants)}"
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(name)}</td><td>{comparison.verdict}</td><td>{comparison.discrepancy:.3g} {comparison.unit}</td></tr>"
            for name, comparison in [
                ("the derived formula", self.comparison),
                *((f"mutant: {m.name}", m.comparison) for m in self.mutants),
            ]
        )
        head = "<tr><th></th><th>verdict</th><th>discrepancy</th></tr>"
        return (
            f"<p><b>{self.verdict}</b> "
            f"{html.escape(self.claim.statement)}<br>{html.escape(self.message)}</p><table>{head}{rows}</table>"
        )


Points = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Claim:
    """One checkable sentence.

    A claim on a result of the catalogue is made by `Claim.of`: its theory side is what a user gets
    from `evaluate`, at points in the result's domain. ::

        Claim.of(
            "lattice/ising-correlation",
            at=[{"K": 0.5, "r": 3}],
            witness=lambda rng, effort: [math.tanh(0.5) ** 3],
            policy=Exact(14),
            mutants=(scaled("1.000001"),),
        )

    The form below, with ``derived`` and ``predict``, states what is no result of the catalogue.

    In both forms each entry of the witness, off by the smallest discrepancy that the policy
    promises to see, must be refuted; that needs no mutant of its own.

    Parameters
    ----------
    id : str
        ``paper/what-is-claimed``.
    statement : str
        The sentence.
    derived : callable
        Returns the derived object (an expression, a Recursion, a mapping of expressions …); called
        once.
    predict : callable
        Takes the derived object (or a mutant of it) and the effort, and returns the theory value: a
        number, an array, or a ball.
    witness : callable
        Takes a random generator and the effort, and returns what an independent computation finds:
        an Estimate, an array or a ball. Runs once.
    policy : Policy
        How the two are compared (`neurenorm.numerics.verification.compare`).
    mutants : tuple of Mutant
        Wrong versions that must be refuted.
    effort : Effort
        The lowest effort at which the claim runs.
    result : str
        Id of the result that it holds to account; empty where it is none.

    Examples
    --------
    >>> from sympy import Rational
    >>> from neurenorm.numerics.verification.compare import Exact
    >>> from neurenorm.numerics.verification.mutants import scaled
    >>> third = Claim(
    ...     "demo/third",
    ...     "a third is 0.333…",
    ...     lambda: Rational(1, 3),
    ...     lambda e, _: float(e),
    ...     lambda rng, effort: 1 / 3,
    ...     Exact(12),
    ...     (scaled(1.001),),
    ... )
    >>> print(third.check().verdict)
    agrees
    """

    id: str
    statement: str
    derived: Callable[[], Any]
    predict: Callable[[Any, Effort], Any]
    witness: Callable[[np.random.Generator, Effort], Any]
    policy: Policy
    mutants: tuple[Mutant, ...] = ()
    effort: Effort = Effort.low
    result: str = ""

    @classmethod
    def of(
        cls,
        result: str | Result,
        *,
        at: Points | Callable[[Effort], Points],
        witness: Callable[[np.random.Generator, Effort], Any],
        policy: Policy,
        mutants: tuple[Mutant, ...] = (),
        read: Sequence[str] | Callable[[Evaluation], Any] = (),
        name: str = "",
        statement: str = "",
        effort: Effort = Effort.low,
    ) -> Claim:
        """Return the claim that a result of the catalogue, evaluated as a user evaluates it, is
        what the witness finds.

        Parameters
        ----------
        result : str or Result
            Its id, or a result of one's own.
        at : sequence of mapping, or a function of the effort that returns one
            The parameters of each point, as `evaluate` takes them.
        witness : callable
            Takes a random generator and the effort; returns the same numbers in one flat row, point
            after point and value after value (any shape is flattened): an Estimate, or an array.
        policy : Policy
        mutants : tuple of Mutant
            Each changes what the result derives; the rest of the evaluation stays as it is.
        read : sequence of str, or callable
            Which values are compared (by default all that the result declares; lists count entry by
            entry), or a function of an `Evaluation` that returns numbers. A value that does not
            exist is nan and never agrees.
        name : str
            Told behind the id where a result has several claims: ``paper/result:name``.
        statement : str
            By default that of the result.
        effort : Effort
            The lowest effort at which the claim runs.

        Examples
        --------
        >>> import math
        >>> from neurenorm.numerics.verification.compare import Exact
        >>> from neurenorm.numerics.verification.mutants import scaled
        >>> claim = Claim.of(
        ...     "lattice/ising-correlation",
        ...     at=[{"K": 0.5, "r": 3}],
        ...     policy=Exact(14),
        ...     witness=lambda rng, effort: [math.tanh(0.5) ** 3],
        ...     mutants=(scaled("1.000001"),),
        ... )
        >>> print(claim.check().verdict)
        agrees
        """
        entry = catalogued(result) if isinstance(result, str) else result
        values = read if callable(read) else _reader(tuple(read) or entry.values)

        def predict(evaluated: Result, effort: Effort) -> Any:
            """Evaluate at every point, in one flat row."""
            points = at(effort) if callable(at) else at
            rows = [np.ravel(values(evaluate(evaluated, point))) for point in points]
            return np.concatenate(rows)

        return cls(
            f"{entry.id}:{name}" if name else entry.id,
            statement or entry.statement,
            lambda: entry,
            predict,
            lambda rng, effort: _flat(witness(rng, effort)),
            policy,
            tuple(Mutant(mutant.name, _rederived(mutant)) for mutant in mutants),
            effort,
            entry.id,
        )

    @property
    def paper(self) -> str:
        """The key of the paper it belongs to."""
        return self.id.split("/", maxsplit=1)[0]

    def __post_init__(self) -> None:
        if not isinstance(self.policy, Sampled) and not self.mutants:
            raise ValueError(
                f"the claim {self.id} has no mutant: name at least one wrong version that its "
                "check must refute"
            )

    def check(
        self,
        rng: np.random.Generator | None = None,
        effort: Effort = Effort.default,
        *,
        seed: int = 0,
        false_alarm: float | None = None,
    ) -> Report:
        """Compare the derived value and its mutants with the witness.

        Parameters
        ----------
        rng : numpy.random.Generator, optional
            Source of randomness; by default one made of ``seed`` and the claim's id, so that a
            check does not depend on which others run.
        effort : Effort
        seed : int
        false_alarm : float, optional
            Probability of refuting a true claim by chance, where samples are compared.

        Returns
        -------
        Report
        """
        started = time.perf_counter()
        stream = (seed, zlib.crc32(self.id.encode()))
        found = self.witness(rng if rng is not None else np.random.default_rng(stream), effort)
        derived = self.derived()
        value = self.predict(derived, effort)

        def compared(theory: Any) -> Comparison:
            """Compare one theory value with what the witness found."""
            return self.policy.compare(theory, found, false_alarm)

        outcomes = [
            MutantOutcome(
                mutant.name, compared(self.predict(_changed(mutant, derived, self.id), effort))
            )
            for mutant in self.mutants
        ]
        weakest = weakest_entry(self.policy, value, found, false_alarm)
        if weakest is not None:
            outcomes.append(
                MutantOutcome("an entry off by the smallest discrepancy promised", weakest)
            )
        return Report(
            self,
            compared(value),
            tuple(outcomes),
            time.perf_counter() - started,
            stream,
            effort,
            derived,
        )

    def _repr_html_(self) -> str:
        wrong = (
            ", ".join(mutant.name for mutant in self.mutants)
            or "an entry off by the smallest discrepancy promised"
        )
        rows = {
            "statement": self.statement,
            "compared by": str(self.policy),
            "must be refuted": wrong,
            "runs from effort": self.effort.name,
        }
        body = "".join(
            f"<tr><th>{name}</th><td>{html.escape(text)}</td></tr>" for name, text in rows.items()
        )
        return f"<table><caption>Claim {html.escape(self.id)}</caption>{body}</table>"

    def with_policy(self, policy: Policy) -> Claim:
        """Return the same claim under another tolerance policy."""
        return replace(self, policy=policy)


def _reader(names: Sequence[str]) -> Callable[[Evaluation], Any]:
    """Return the function that reads values by name as one row of floats, nan where there is
    none.
    """

    def read(evaluation: Evaluation) -> Any:
        """Read them."""
        return np.concatenate([_floats(evaluation.values[name]) for name in names])

    return read


def _floats(value: Any) -> Any:
    """A number, a list of any depth, or nothing, as a flat row of floats."""
    return np.ravel(np.asarray(value, dtype=float))


def _flat(found: Any) -> Any:
    """What a witness found, as one row."""
    if isinstance(found, Estimate):
        return replace(found, value=np.ravel(found.value), error=np.ravel(found.error))
    return np.ravel(found)


def _rederived(mutant: Mutant) -> Callable[[Result], Result]:
    """The mutant of a result whose derived object is changed by another mutant."""

    def change(entry: Result) -> Result:
        """Derive, then change."""
        return replace(
            entry, derive=lambda **structure: _changed(mutant, entry.derive(**structure), entry.id)
        )

    return change


def _changed(mutant: Mutant, derived: Any, claimed: str) -> Any:
    """The wrong version of a derived object, which must differ from the right one."""
    wrong = mutant.change(derived)
    if wrong is derived or (wrong == derived) is True:  # arrays compare entry by entry
        raise ValueError(
            f"the mutant {mutant.name!r} of {claimed} changes nothing in the derived object"
        )
    return wrong
