"""Every claim whose witness draws random numbers, checked under many seeds: a true claim is never
refuted and hardly ever undecided.

Run as ``python -m neurenorm.numerics.verification.false_alarms``; each check is a line of a
journal, and a run that was interrupted goes on from it.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Verdict, share
from neurenorm.numerics.verification.index import claim_ids
from neurenorm.numerics.verification.suite import checked, gather_claims

__all__ = ["Row", "main", "repeated", "summary"]


@dataclass(frozen=True)
class Row:
    """One check of one claim.

    Parameters
    ----------
    id, effort, verdict, message : str
    seed : int
    drawn : bool
        Whether the witness drew random numbers.
    """

    id: str
    effort: str
    seed: int
    verdict: str
    message: str
    drawn: bool


def repeated(
    claims: Sequence[Claim], seeds: int, effort: Effort, journal: Path, false_alarm: float
) -> list[Row]:
    """Check claims under the seeds 0, 1, …, and return every row of them, old ones of the journal
    included.

    Parameters
    ----------
    claims : sequence of Claim
        Those above the effort are left out; of one whose witness draws nothing one seed is enough.
    seeds : int
    effort : Effort
    journal : Path
        JSON lines; what is in it is not done again.
    false_alarm : float
        Share of each comparison in the budget of the suite.
    """
    known = {(row.id, row.seed): row for row in _read(journal) if row.effort == effort.name}
    cut = journal.exists() and not journal.read_text(encoding="utf-8").endswith("\n")
    with journal.open("a", encoding="utf-8") as file:
        file.write("\n" * cut)
        for claim in claims:
            for seed in range(seeds if claim.effort.value <= effort.value else 0):
                if (claim.id, seed) not in known:
                    row = known[claim.id, seed] = _row(claim, effort, seed, false_alarm)
                    file.write(json.dumps(asdict(row)) + "\n")
                    file.flush()
                if not known[claim.id, seed].drawn:
                    break
    ids = {claim.id for claim in claims}
    return [row for row in known.values() if row.id in ids and row.seed < seeds]


def _row(claim: Claim, effort: Effort, seed: int, false_alarm: float) -> Row:
    """Check one claim under one seed."""
    rng = np.random.default_rng((seed, zlib.crc32(claim.id.encode())))
    before = str(rng.bit_generator.state)
    report = checked(claim, effort, seed, false_alarm, rng)
    return Row(
        claim.id,
        effort.name,
        seed,
        str(report.verdict),
        report.message,
        str(rng.bit_generator.state) != before,
    )


def _read(journal: Path) -> list[Row]:
    """The rows of a journal; a line that was cut off is left out."""
    rows = []
    for line in journal.read_text(encoding="utf-8").splitlines() if journal.exists() else ():
        try:
            rows.append(Row(**json.loads(line)))
        except (json.JSONDecodeError, TypeError):
            continue
    return rows


def summary(rows: Iterable[Row]) -> str:
    """Say how often each claim with a random witness was refuted or undecided, and why it was
    first.

    Examples
    --------
    >>> print(
    ...     summary(
    ...         [
    ...             Row("demo/coin", "low", 0, "agrees", "", True),
    ...             Row("demo/coin", "low", 1, "refuted", "7 sigma off", True),
    ...         ]
    ...     )
    ... )
    demo/coin: 1 of 2 runs refuted, 0 undecided; seed 1: 7 sigma off
    1 claims with a random witness, 2 runs: 1 refuted, 0 undecided
    """
    drawn = sorted((row for row in rows if row.drawn), key=lambda row: (row.id, row.seed))
    lines, total = [], Counter(row.verdict for row in drawn)
    for claim in dict.fromkeys(row.id for row in drawn):
        own = [row for row in drawn if row.id == claim]
        counts, first = (
            Counter(row.verdict for row in own),
            next((row for row in own if row.verdict != str(Verdict.agrees)), None),
        )
        if first is not None:
            lines.append(
                f"{claim}: {counts['refuted']} of {len(own)} runs refuted, {counts['undecided']} "
                f"undecided; seed {first.seed}: {first.message}"
            )
    number = len({row.id for row in drawn})
    return "\n".join(
        [
            *lines,
            f"{number} claims with a random witness, {len(drawn)} runs: {total['refuted']} "
            f"refuted, {total['undecided']} undecided",
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; the exit status is 1 where a claim was refuted or undecided."""
    parser = argparse.ArgumentParser(
        prog="false-alarms", description="Check every claim with a random witness under many seeds."
    )
    parser.add_argument(
        "papers", metavar="PAPER-KEY", nargs="*", help="only these papers or claims; by default all"
    )
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--effort", choices=[effort.name for effort in Effort], default="default")
    parser.add_argument("--journal", type=Path, default=Path("build/false-alarms.jsonl"))
    given = parser.parse_args(arguments)
    given.journal.parent.mkdir(parents=True, exist_ok=True)
    effort = Effort[given.effort]
    claims = [claim for paper in given.papers or [None] for claim in gather_claims(paper)]
    rows = repeated(claims, given.seeds, effort, given.journal, share(len(claim_ids())))
    print(summary(rows))
    return int(any(row.verdict != str(Verdict.agrees) for row in rows))


if __name__ == "__main__":
    sys.exit(main())
