"""Claim: one checkable sentence, with its independent witness and the wrong versions that the same check must refute."""

from __future__ import annotations

import html
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sympy import Expr

from graphs.rendering import Tabulated
from numerics.verification.compare import Comparison, Policy, Sampled, Verdict
from numerics.verification.effort import Effort
from numerics.verification.mutants import Mutant

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
        """The verdict: a claim whose mutant passes counts as refuted."""
        if self.comparison.verdict is Verdict.agrees and not all(mutant.refuted for mutant in self.mutants):
            return Verdict.refuted
        return self.comparison.verdict

    @property
    def message(self) -> str:
        """One sentence on what was found."""
        survivors = [mutant.name for mutant in self.mutants if not mutant.refuted]
        if self.comparison.verdict is Verdict.agrees and survivors:
            return f"the check cannot tell the formula from its mutant: {', '.join(survivors)}"
        return self.comparison.message

    def __str__(self) -> str:
        return f"{self.verdict!s:9} {self.claim.id}: {self.message}; mutants refuted: {sum(m.refuted for m in self.mutants)}/{len(self.mutants)}"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{html.escape(name)}</td><td>{comparison.verdict}</td><td>{comparison.discrepancy:.3g} {comparison.unit}</td></tr>"
            for name, comparison in [("the derived formula", self.comparison), *((f"mutant: {m.name}", m.comparison) for m in self.mutants)]
        )
        head = "<tr><th></th><th>verdict</th><th>discrepancy</th></tr>"
        return f"<p><b>{self.verdict}</b> {html.escape(self.claim.statement)}<br>{html.escape(self.message)}</p><table>{head}{rows}</table>"


@dataclass(frozen=True)
class Claim:
    """One checkable sentence.

    Parameters
    ----------
    id : str
        ``paper/what-is-claimed``.
    statement : str
        The sentence.
    derived : callable
        Returns the derived object (an expression, a Recursion, a mapping of expressions …); called once.
    predict : callable
        Takes the derived object (or a mutant of it) and the effort, and returns the theory value: a number, an array, or a ball.
    witness : callable
        Takes a random generator and the effort, and returns what an independent computation finds: an Estimate, an array or a ball. Runs once.
    policy : Policy
        How the two are compared (`numerics.verification.compare`).
    mutants : tuple of Mutant
        Wrong versions that must be refuted. A sampled claim also has its prediction off by the smallest discrepancy it says it detects, up and down.
    effort : Effort
        The lowest effort at which the claim runs.

    Examples
    --------
    >>> from sympy import Rational
    >>> from numerics.verification.compare import Exact
    >>> from numerics.verification.mutants import scaled
    >>> third = Claim("demo/third", "a third is 0.333…", lambda: Rational(1, 3), lambda e, _: float(e),
    ...               lambda rng, effort: 1 / 3, Exact(12), (scaled(1.001),))
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

    @property
    def paper(self) -> str:
        """The key of the paper it belongs to."""
        return self.id.split("/", maxsplit=1)[0]

    def __post_init__(self) -> None:
        if not isinstance(self.policy, Sampled) and not self.mutants:
            raise ValueError(f"the claim {self.id} has no mutant: name at least one wrong version that its check must refute")

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
            Source of randomness; by default one made of ``seed`` and the claim's id, so that a check does not depend on which others run.
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

        outcomes = [MutantOutcome(mutant.name, compared(self.predict(self._mutated(mutant, derived), effort))) for mutant in self.mutants]
        outcomes += [MutantOutcome(name, compared(wrong)) for name, wrong in _off_by_smallest(self.policy, value)]
        return Report(self, compared(value), tuple(outcomes), time.perf_counter() - started, stream, effort, derived)

    def _mutated(self, mutant: Mutant, derived: Any) -> Any:
        """Return the wrong version, which must differ from the right one."""
        wrong = mutant.change(derived)
        if isinstance(wrong, Expr | tuple | list | dict) and wrong == derived:
            raise ValueError(f"the mutant {mutant.name!r} of {self.id} changes nothing in the derived object")
        return wrong

    def _repr_html_(self) -> str:
        wrong = ", ".join(mutant.name for mutant in self.mutants) or "the prediction off by the smallest discrepancy it detects"
        rows = {"statement": self.statement, "compared by": str(self.policy), "must be refuted": wrong, "runs from effort": self.effort.name}
        body = "".join(f"<tr><th>{name}</th><td>{html.escape(text)}</td></tr>" for name, text in rows.items())
        return f"<table><caption>Claim {html.escape(self.id)}</caption>{body}</table>"

    def with_policy(self, policy: Policy) -> Claim:
        """Return the same claim under another tolerance policy."""
        return replace(self, policy=policy)


def _off_by_smallest(policy: Policy, value: Any) -> Sequence[tuple[str, Any]]:
    """Return the prediction off by the smallest discrepancy that a sampled check promises to catch, up and down."""
    if not isinstance(policy, Sampled):
        return ()
    theory = np.asarray(value, dtype=float)
    if policy.relative:
        return tuple((f"scaled by {1 + sign * policy.smallest:g}", theory * (1 + sign * policy.smallest)) for sign in (1, -1))
    return tuple((f"off by {sign * policy.smallest:+g}", theory + sign * policy.smallest) for sign in (1, -1))
