"""Reports of a verification: rows for a terminal, JSON and JUnit XML for machines, one
self-contained page for people.
"""

from __future__ import annotations

import html
import json
import math
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any
from xml.etree import ElementTree

from neurenorm.numerics.show.web import formula_html, page_html
from neurenorm.numerics.verification.claim import Report
from neurenorm.numerics.verification.compare import Comparison, Verdict
from neurenorm.theory.catalogue.papers import PAPERS

__all__ = ["as_json", "as_junit", "page", "text_row"]

STYLE = """
table { table-layout: fixed; }
th:nth-child(1) { width: 7rem; } th:nth-child(3) { width: 20rem; } th:nth-child(4) { width: 17rem; }
td.verdict { font-weight: bold; white-space: nowrap; }
.agrees { color: #00543c; } .refuted { color: #8a1c00; } .undecided { color: #5a4300; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 0 .6rem; margin: .2rem 0; font-size: .85rem; }
dt { color: #444; } dd { margin: 0; }
ul { margin: 0; padding-left: 1.1rem; }
@media (max-width: 48rem) {
  table, tbody, tr, td { display: block; width: auto; } thead { display: none; }
  td { border: 0; padding: .15rem 0; } tr { border-bottom: 1px solid #ccc; padding: .6rem 0; }
}
"""
MARKS = {"agrees": "✓", "refuted": "✗", "undecided": "?"}
STRIP_WIDTH, STRIP_HEIGHT = 260, 34


def text_row(report: Report) -> str:
    """Return one claim as rows of text: verdict, discrepancy, and what became of each mutant.

    Examples
    --------
    >>> from neurenorm.numerics.verification.suite import gather_claims
    >>> print(text_row(gather_claims("lattice")[0].check()).split()[0])
    agrees
    """
    mutants = [
        f"{mutant.name} ({'refuted' if mutant.refuted else 'NOT REFUTED'}, "
        f"{_discrepancy(mutant.comparison)})"
        for mutant in report.mutants
    ]
    return (
        f"{report.verdict!s:9}  {report.claim.id}: {report.claim.statement}\n"
        f"           {report.message} [{report.seconds:.1f} s]\n"
        f"           mutants: {'; '.join(mutants)}"
    )


def _discrepancy(comparison: Comparison) -> str:
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
        "paper": report.claim.paper,
        "statement": report.claim.statement,
        "verdict": str(report.verdict),
        "message": report.message,
        "discrepancy": _finite(report.comparison.discrepancy),
        "unit": report.comparison.unit,
        "threshold": _finite(report.comparison.threshold),
        "detectable": _finite(report.comparison.detectable),
        "mutants": [
            {"name": m.name, "refuted": m.refuted, "discrepancy": _finite(m.comparison.discrepancy)}
            for m in report.mutants
        ],
        "seconds": round(report.seconds, 3),
        "seed": list(report.seed),
        "effort": report.effort.name,
    }


def _finite(number: float) -> float | str:
    """Return a number, or the word for an infinite one."""
    return float(number) if abs(number) != float("inf") else ("inf" if number > 0 else "-inf")


def as_junit(reports: Sequence[Report]) -> str:
    """Return the reports as JUnit XML: a refuted claim is a failure, an undecided one an error.

    Examples
    --------
    >>> as_junit([]).startswith("<testsuite")
    True
    """
    counts = {verdict: sum(report.verdict is verdict for report in reports) for verdict in Verdict}
    suite = ElementTree.Element(
        "testsuite",
        name="neurenorm verify",
        tests=str(len(reports)),
        failures=str(counts[Verdict.refuted]),
        errors=str(counts[Verdict.undecided]),
    )
    for report in reports:
        case = ElementTree.SubElement(
            suite,
            "testcase",
            classname=report.claim.paper,
            name=report.claim.id,
            time=f"{report.seconds:.3f}",
        )
        if report.verdict is not Verdict.agrees:
            kind = "failure" if report.verdict is Verdict.refuted else "error"
            ElementTree.SubElement(case, kind, message=report.message).text = text_row(report)
    return ElementTree.tostring(suite, encoding="unicode")


def page(reports: Sequence[Report]) -> str:
    """Return one self-contained HTML page: a table per paper, each claim with its formula, verdict,
    power and mutants.

    Examples
    --------
    >>> page([]).startswith("<!doctype html>")
    True
    """
    papers = list(dict.fromkeys(report.claim.paper for report in reports))
    tables = "".join(
        _table(paper, [r for r in reports if r.claim.paper == paper]) for paper in papers
    )
    legend = (
        "<p>In each figure the bar is the discrepancy at which a claim is refuted, ● the derived "
        "formula, ▲ its mutants, which must lie on the other side. "
        "Discrepancies are in standard errors (σ) or tolerances (small is good), or in digits that "
        "agree (many are good). "
        "The power is the smallest discrepancy that the check would have caught.</p>"
    )
    return page_html(
        "neurenorm verify",
        f"<h1>Verification</h1><p>{_summary(reports)}</p>{legend}{tables}",
        STYLE,
    )


def _summary(reports: Sequence[Report]) -> str:
    """Say what came out, and what repeats it."""
    counts = {verdict: sum(report.verdict is verdict for report in reports) for verdict in Verdict}
    found = f"{counts[Verdict.agrees]} of {len(reports)} claims agree" + "".join(
        f", {counts[verdict]} {verdict}"
        for verdict in (Verdict.refuted, Verdict.undecided)
        if counts[verdict]
    )
    seeds = ", ".join(str(seed) for seed in dict.fromkeys(report.seed[0] for report in reports))
    efforts = ", ".join(dict.fromkeys(report.effort.name for report in reports))
    seconds = sum(report.seconds for report in reports)
    return (
        f"{found}; seed {seeds or 'none'}, {efforts or 'no'} effort, {seconds:.1f} s, neurenorm "
        f"{version('neurenorm')}."
    )


def _table(paper: str, reports: Sequence[Report]) -> str:
    """Return the table of one paper."""
    head = "<thead><tr><th>verdict</th><th>claim</th><th>check</th><th>mutants</th></tr></thead>"
    title = PAPERS[paper].topic.capitalize() if paper in PAPERS else paper
    source = (
        f"<p><small>{html.escape(PAPERS[paper].provenance)}.</small></p>" if paper in PAPERS else ""
    )
    return f"<h2>{html.escape(title)}</h2>{source}<table>{head}<tbody>{''.join(map(_row, reports))}</tbody></table>"


def _row(report: Report) -> str:
    """Return the row of one claim."""
    verdict = str(report.verdict)
    mutants = "".join(
        f"<li>{html.escape(m.name)}: {'refuted' if m.refuted else '<b>NOT REFUTED</b>'} "
        f"({_discrepancy(m.comparison)})</li>"
        for m in report.mutants
    )
    claim = (
        f"{html.escape(report.claim.statement)}<br><small>{html.escape(report.claim.id)}</small>"
    )
    claim += (
        "" if report.derived is None else formula_html(report.derived)
    )  # None: it could not be carried out
    return (
        f"<tr><td class='verdict {verdict}'>{MARKS[verdict]} {verdict}</td><td>{claim}</td>"
        f"<td>{html.escape(report.message)}{_strip(report)}{_numbers(report)}</td><td><ul>{mutants}</ul></td></tr>"
    )


def _numbers(report: Report) -> str:
    """Return the numbers of a check, each under its name."""
    comparison = report.comparison
    side = "below" if comparison.unit == "digits" else "beyond"
    entries = {
        "discrepancy": _discrepancy(comparison),
        "refuted": f"{side} {comparison.threshold:.3g} {comparison.unit}",
        "power": f"{comparison.detectable:.2g}",
        "seed": f"{report.seed[0]} ({report.effort.name} effort)",
        "time": f"{report.seconds:.1f} s",
    }
    return f"<dl>{''.join(f'<dt>{name}</dt><dd>{html.escape(text)}</dd>' for name, text in entries.items())}</dl>"


def _strip(report: Report) -> str:
    """Draw the discrepancies of the formula and its mutants on one axis with the threshold,
    as SVG.
    """
    comparison = report.comparison
    places = [(_place(mutant.comparison), "▲", mutant.name) for mutant in report.mutants] + [
        (_place(comparison), "●", "the derived formula")
    ]
    limit = _place(
        Comparison(comparison.verdict, comparison.threshold, comparison.unit, 0.0, 0.0, "")
    )
    marks = "".join(
        f"<text x='{x:.1f}' y='20' text-anchor='middle' "
        f"font-size='13'><title>{html.escape(name)}</title>{mark}</text>"
        for x, mark, name in places
    )
    bar = (
        f"<line x1='{limit:.1f}' x2='{limit:.1f}' y1='4' y2='28' stroke='#1a1a1a' "
        "stroke-width='2'/>"
    )
    axis = f"<line x1='8' x2='{STRIP_WIDTH - 8}' y1='28' y2='28' stroke='#888'/>"
    label = f"discrepancy in {comparison.unit}"
    size = (
        f"width='{STRIP_WIDTH}' height='{STRIP_HEIGHT}' viewBox='0 0 {STRIP_WIDTH} {STRIP_HEIGHT}'"
    )
    return f"<svg {size} role='img' aria-label='{label}'>{axis}{bar}{marks}</svg>"


def _place(comparison: Comparison) -> float:
    """Return the horizontal place of a discrepancy: logarithmic in standard errors or tolerances,
    linear in digits.
    """
    if comparison.unit != "digits":
        share = math.log10(1 + min(comparison.discrepancy, 1e4)) / 4
    else:
        share = min(max(comparison.discrepancy, 0.0), 45.0) / (
            45.0 if comparison.threshold > 16 or comparison.discrepancy > 17 else 17.0
        )
    return 12 + share * (STRIP_WIDTH - 24)
