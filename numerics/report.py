"""Reports of a verification: rows for a terminal, JSON for machines, one self-contained page for people."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from typing import Any

from numerics.verification.claim import Report

__all__ = ["as_json", "page", "text_row"]

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; color: #1a1a1a; background: #fff; }
table { border-collapse: collapse; width: 100%; margin-bottom: 2rem; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid #ccc; }
td.verdict { font-weight: bold; white-space: nowrap; }
.agrees { color: #00543c; } .refuted { color: #8a1c00; } .undecided { color: #5a4300; }
small { color: #444; }
@media (max-width: 40rem) {
  table, tbody, tr, td { display: block; } thead { display: none; }
  td { border: 0; padding: .1rem 0; } tr { border-bottom: 1px solid #ccc; }
}
"""
MARKS = {"agrees": "✓", "refuted": "✗", "undecided": "?"}


def text_row(report: Report) -> str:
    """Return one claim as rows of text: verdict, discrepancy, and what became of each mutant.

    Examples
    --------
    >>> from numerics.verification.suite import gather_claims
    >>> print(text_row(gather_claims("lattice")[0].check()).split()[0])
    agrees
    """
    mutants = [f"{mutant.name} ({'refuted' if mutant.refuted else 'NOT REFUTED'}, {_discrepancy(mutant.comparison)})" for mutant in report.mutants]
    return (
        f"{report.verdict!s:9}  {report.claim.id}: {report.claim.statement}\n"
        f"           {report.message} [{report.seconds:.1f} s]\n"
        f"           mutants: {'; '.join(mutants)}"
    )


def _discrepancy(comparison: Any) -> str:
    """Return a discrepancy with its unit."""
    return f"{comparison.discrepancy:.3g} {comparison.unit}"


def as_json(reports: Sequence[Report]) -> str:
    """Return the reports as JSON text, with everything that reproduces them.

    Examples
    --------
    >>> as_json([])
    '[]'
    """
    return json.dumps([_as_dict(report) for report in reports], indent=2, allow_nan=False)


def _as_dict(report: Report) -> dict[str, Any]:
    """Return one report as plain data."""
    return {
        "id": report.claim.id,
        "statement": report.claim.statement,
        "verdict": str(report.verdict),
        "message": report.message,
        "discrepancy": _finite(report.comparison.discrepancy),
        "unit": report.comparison.unit,
        "threshold": _finite(report.comparison.threshold),
        "detectable": _finite(report.comparison.detectable),
        "mutants": [{"name": m.name, "refuted": m.refuted, "discrepancy": _finite(m.comparison.discrepancy)} for m in report.mutants],
        "seconds": round(report.seconds, 3),
        "seed": list(report.seed),
        "effort": report.effort.name,
    }


def _finite(number: float) -> float | str:
    """Return a number, or the word for an infinite one."""
    return float(number) if abs(number) != float("inf") else ("inf" if number > 0 else "-inf")


def page(reports: Sequence[Report]) -> str:
    """Return one self-contained HTML page: a table per paper.

    Examples
    --------
    >>> page([]).startswith("<!doctype html>")
    True
    """
    papers = list(dict.fromkeys(report.claim.paper for report in reports))
    tables = "".join(_table(paper, [r for r in reports if r.claim.paper == paper]) for paper in papers)
    agreed = sum(str(report.verdict) == "agrees" for report in reports)
    head = f"<meta charset='utf-8'><meta name='viewport' content='width=device-width, initial-scale=1'><title>neurenorm verify</title><style>{STYLE}</style>"
    body = f"<h1>Verification</h1><p>{agreed} of {len(reports)} claims agree.</p>{tables}"
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{body}</body></html>\n"


def _table(paper: str, reports: Sequence[Report]) -> str:
    """Return the table of one paper."""
    head = "<thead><tr><th>verdict</th><th>claim</th><th>check</th><th>mutants</th></tr></thead>"
    return f"<h2>{html.escape(paper)}</h2><table>{head}<tbody>{''.join(map(_row, reports))}</tbody></table>"


def _row(report: Report) -> str:
    """Return the row of one claim."""
    verdict = str(report.verdict)
    mutants = "<br>".join(f"{html.escape(m.name)}: {'refuted' if m.refuted else '<b>not refuted</b>'} ({_discrepancy(m.comparison)})" for m in report.mutants)
    check = f"{html.escape(report.message)}<br><small>seed {report.seed[0]}, {report.effort.name} effort, {report.seconds:.1f} s</small>"
    return (
        f"<tr><td class='verdict {verdict}'>{MARKS[verdict]} {verdict}</td>"
        f"<td>{html.escape(report.claim.statement)}<br><small>{html.escape(report.claim.id)}</small></td><td>{check}</td><td>{mutants}</td></tr>"
    )
