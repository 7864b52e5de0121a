"""Reports of a verification: rows for a terminal, JSON and JUnit XML for machines, one self-contained page for people."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from sympy import Expr

from numerics.verification.claim import Report
from numerics.verification.compare import Comparison, Verdict
from theory.display import equation, width
from theory.problems import named

__all__ = ["as_json", "as_junit", "page", "text_row"]

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 0 auto; padding: 1rem; color: #1a1a1a; background: #fff; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; margin-bottom: 2rem; }
th:nth-child(1) { width: 7rem; } th:nth-child(3) { width: 19rem; } th:nth-child(4) { width: 17rem; }
th, td { text-align: left; vertical-align: top; padding: .5rem .6rem; border-bottom: 1px solid #ccc; }
td.verdict { font-weight: bold; white-space: nowrap; }
.agrees { color: #00543c; } .refuted { color: #8a1c00; } .undecided { color: #5a4300; }
small { color: #444; }
.formula { overflow: auto hidden; max-width: 100%; margin: .2rem 0; padding: .2rem 0; }
svg { display: block; max-width: 100%; }
@media (max-width: 48rem) {
  table, tbody, tr, td { display: block; width: auto; } thead { display: none; }
  td { border: 0; padding: .15rem 0; overflow-wrap: anywhere; } tr { border-bottom: 1px solid #ccc; padding: .6rem 0; }
}
"""
MARKS = {"agrees": "✓", "refuted": "✗", "undecided": "?"}
WIDEST_FORMULA = 700
STRIP_WIDTH, STRIP_HEIGHT = 260, 34


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


def as_junit(reports: Sequence[Report]) -> str:
    """Return the reports as JUnit XML: a refuted claim is a failure, an undecided one an error.

    Examples
    --------
    >>> as_junit([]).startswith("<testsuite")
    True
    """
    counts = {verdict: sum(report.verdict is verdict for report in reports) for verdict in Verdict}
    suite = ElementTree.Element(
        "testsuite", name="neurenorm verify", tests=str(len(reports)), failures=str(counts[Verdict.refuted]), errors=str(counts[Verdict.undecided])
    )
    for report in reports:
        case = ElementTree.SubElement(suite, "testcase", classname=report.claim.paper, name=report.claim.id, time=f"{report.seconds:.3f}")
        if report.verdict is not Verdict.agrees:
            kind = "failure" if report.verdict is Verdict.refuted else "error"
            ElementTree.SubElement(case, kind, message=report.message).text = text_row(report)
    return ElementTree.tostring(suite, encoding="unicode")


def page(reports: Sequence[Report]) -> str:
    """Return one self-contained HTML page: a table per paper, each claim with its formula, verdict, power and mutants.

    Examples
    --------
    >>> page([]).startswith("<!doctype html>")
    True
    """
    papers = list(dict.fromkeys(report.claim.paper for report in reports))
    tables = "".join(_table(paper, [r for r in reports if r.claim.paper == paper]) for paper in papers)
    agreed = sum(report.verdict is Verdict.agrees for report in reports)
    head = f"<meta charset='utf-8'><meta name='viewport' content='width=device-width, initial-scale=1'><title>neurenorm verify</title><style>{STYLE}</style>"
    legend = (
        "<p>In each strip the bar is the discrepancy at which a claim is refuted, ● the derived formula, ▲ its mutants, which must lie on the other side. "
        "Discrepancies are in standard errors (σ, small is good) or in digits that agree (many are good).</p>"
    )
    body = f"<h1>Verification</h1><p>{agreed} of {len(reports)} claims agree.</p>{legend}{tables}"
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{body}</body></html>\n"


def _table(paper: str, reports: Sequence[Report]) -> str:
    """Return the table of one paper."""
    head = "<thead><tr><th>verdict</th><th>claim</th><th>check</th><th>mutants</th></tr></thead>"
    return f"<h2>{html.escape(paper)}</h2><table>{head}<tbody>{''.join(map(_row, reports))}</tbody></table>"


def _row(report: Report) -> str:
    """Return the row of one claim."""
    verdict = str(report.verdict)
    mutants = "<br>".join(f"{html.escape(m.name)}: {'refuted' if m.refuted else '<b>not refuted</b>'} ({_discrepancy(m.comparison)})" for m in report.mutants)
    details = f"<small>seed {report.seed[0]}, {report.effort.name} effort, {report.seconds:.1f} s</small>"
    claim = f"{html.escape(report.claim.statement)}<br><small>{html.escape(report.claim.id)}</small>{_formula(report.derived)}"
    return (
        f"<tr><td class='verdict {verdict}'>{MARKS[verdict]} {verdict}</td><td>{claim}</td>"
        f"<td>{html.escape(report.message)}{_strip(report)}{details}</td><td>{mutants}</td></tr>"
    )


def _strip(report: Report) -> str:
    """Draw the discrepancies of the formula and its mutants on one axis with the threshold, as SVG."""
    comparison = report.comparison
    places = [(_place(mutant.comparison), "▲", mutant.name) for mutant in report.mutants] + [(_place(comparison), "●", "the derived formula")]
    limit = _place(Comparison(comparison.verdict, comparison.threshold, comparison.unit, 0.0, 0.0, ""))
    marks = "".join(f"<text x='{x:.1f}' y='20' text-anchor='middle' font-size='13'><title>{html.escape(name)}</title>{mark}</text>" for x, mark, name in places)
    bar = f"<line x1='{limit:.1f}' x2='{limit:.1f}' y1='4' y2='28' stroke='#1a1a1a' stroke-width='2'/>"
    axis = f"<line x1='8' x2='{STRIP_WIDTH - 8}' y1='28' y2='28' stroke='#888'/>"
    label = f"discrepancy in {comparison.unit}"
    size = f"width='{STRIP_WIDTH}' height='{STRIP_HEIGHT}' viewBox='0 0 {STRIP_WIDTH} {STRIP_HEIGHT}'"
    return f"<svg {size} role='img' aria-label='{label}'>{axis}{bar}{marks}</svg>"


def _place(comparison: Comparison) -> float:
    """Return the horizontal place of a discrepancy: logarithmic in standard errors, linear in digits."""
    if comparison.unit == "sigma":
        share = math.log10(1 + min(comparison.discrepancy, 1e4)) / 4
    else:
        share = min(max(comparison.discrepancy, 0.0), 45.0) / (45.0 if comparison.threshold > 16 or comparison.discrepancy > 17 else 17.0)
    return 12 + share * (STRIP_WIDTH - 24)


def _formula(derived: Any) -> str:
    """Return the checked formula as MathML (or as LaTeX source where latex2mathml is not installed), if it is short enough to read."""
    rows = [re.sub(r"\\begin{aligned}|\\end{aligned}|&", "", row).strip() for row in _rows_of(derived)]
    if not rows or sum(map(width, rows)) > WIDEST_FORMULA:
        return ""
    return "".join(f"<div class='formula'>{_mathml(row)}</div>" for row in rows if row)


def _mathml(source: str) -> str:
    """Return LaTeX as MathML, or as it is where latex2mathml is not installed."""
    try:
        from latex2mathml.converter import convert
    except ImportError:
        return f"<code>{html.escape(source)}</code>"
    return str(convert(source, xmlns="", display="block")).replace(' xmlns=""', "")  # HTML needs no name space


def _rows_of(derived: Any) -> list[str]:
    """Return the rows of LaTeX of a derived object: an expression, a collection of them, or one that knows its own."""
    if hasattr(derived, "to_latex"):
        return str(derived.to_latex()).split(r" \\")
    if isinstance(derived, Expr):
        return equation("", derived)
    if isinstance(derived, Mapping) and all(isinstance(value, Expr) for value in derived.values()):
        return [row for name, value in derived.items() for row in equation(named(str(name)), value)]
    if isinstance(derived, list | tuple) and all(isinstance(value, Expr) for value in derived):
        return [row for value in derived for row in equation("", value)]
    return []
