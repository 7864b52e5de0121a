"""Formulas and catalogue entries for the web: MathML with the same formula as plain text beside it,
on pages that need no network.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from typing import Any

from sympy import Expr, MatrixBase, Symbol

from neurenorm.theory.catalogue.papers import Paper
from neurenorm.theory.catalogue.result import Result, object_derivation
from neurenorm.theory.conventions import CONVENTIONS
from neurenorm.theory.document import example_text
from neurenorm.theory.recursion.recursion import Recursion
from neurenorm.theory.typeset.display import equations, tex, width
from neurenorm.theory.typeset.names import value_latex
from neurenorm.theory.typeset.prose import prose_parts

__all__ = [
    "NO_MATHML",
    "document_html",
    "entry_html",
    "formula_html",
    "has_mathml",
    "inline_mathml",
    "mathml",
    "page_html",
]

NO_MATHML = (
    "latex2mathml is not installed, so the formulas of the page stand as LaTeX: "
    "pip install 'neurenorm[report]' sets them as mathematics"
)
"""What is said where formulas cannot be set."""

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 0 auto; padding: 1rem; color: #1a1a1a; background: #fff; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin-bottom: 2rem; }
th { white-space: nowrap; }
th, td { text-align: left; vertical-align: top; padding: .5rem .6rem; border-bottom: 1px solid #ccc; }
small, summary { color: #444; font-size: .85rem; }
summary { cursor: pointer; }
.formula { overflow: auto hidden; max-width: 100%; margin: .3rem 0; padding: .2rem 0; }
.formula math { text-align: left; }
mtd { padding: .25em .2em; text-align: left; }
mtd.left { text-align: right; }
code, pre { font: .85rem/1.4 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; margin: .2rem 0; }
svg { display: block; max-width: 100%; }
"""
SEPARATOR = " \\\\\n"
OPERATORS = re.compile(
    r"<m[io]>(ln|log|exp|sinh|cosh|tanh|sin|cos|tan|arctan|arcsin|artanh|erf|min|max)</m[io]>"
)
WIDEST, LONGEST, MOST_ROWS, MOST_TEXT = 700, 400, 60, 4000


def page_html(title: str, body: str, style: str = "") -> str:
    """Return a whole page that asks for nothing from elsewhere.

    Examples
    --------
    >>> page_html("a < b", "<p>c</p>").count("a &lt; b")
    1
    """
    head = (
        "<meta charset='utf-8'><meta name='viewport' content='width=device-width, "
        f"initial-scale=1'><title>{html.escape(title)}</title>"
    )
    return (
        "<!doctype html><html "
        f"lang='en'><head>{head}<style>{STYLE}{style}</style></head><body>{body}</body></html>\n"
    )


def has_mathml() -> bool:
    """Return whether formulas can be set as MathML.

    Examples
    --------
    >>> has_mathml() in (True, False)
    True
    """
    return find_spec("latex2mathml") is not None


def mathml(source: str) -> str:
    """Return a display of LaTeX as MathML, its rows aligned at their marks; as it is, in code,
    where latex2mathml is not installed.

    Parameters
    ----------
    source : str
        Rows of an aligned display, or one formula.

    Returns
    -------
    str
        HTML; the LaTeX is its ``alttext``.

    Examples
    --------
    >>> mathml(r"K' &= \\frac{1}{2}").count("<mtr>")
    1
    """
    rows = re.split(
        r"\\\\\s*\n", re.sub(r"\\(begin|end){(aligned|gathered)}\n?", "", source).strip()
    )
    if not has_mathml():
        return f"<pre>{html.escape(chr(10).join(row.replace('&', '') for row in rows))}</pre>"
    body = "".join(f"<mtr>{_cells(row)}</mtr>" for row in rows if row.strip())
    return (
        f"<math display='block' alttext='{html.escape(source, quote=True)}'><mtable "
        f"displaystyle='true'>{body}</mtable></math>"
    )


def inline_mathml(source: str) -> str:
    """Return a formula within a line as MathML.

    Examples
    --------
    >>> "alttext='K'" in inline_mathml("K")
    True
    """
    return f"<math alttext='{html.escape(source, quote=True)}'>{_inner(source)}</math>"


def _cells(row: str) -> str:
    """Return the two cells of a row: what stands left of its mark, and the rest."""
    left, mark, right = row.partition("&")
    left, right = (left, right) if mark else ("", left)
    return f"<mtd class='left'>{_inner(left.strip())}</mtd><mtd>{_inner(right.strip())}</mtd>"


def _inner(source: str) -> str:
    """Return what is inside the math element of a formula."""
    from latex2mathml.converter import convert

    if not source:
        return ""
    converted = convert(source.replace(r"\_", "_"))
    return OPERATORS.sub(
        r"<mo lspace='.17em' rspace='.17em'>\1</mo>",
        re.sub(r"^<math[^>]*>|</math>$", "", converted),
    )


def formula_html(derived: Any) -> str:
    """Return whatever was derived: as MathML with the plain text one click away, folded where it is
    long, as text where it has no formula.

    Parameters
    ----------
    derived : object
        An expression, a collection of them, an object that knows its LaTeX, or anything else.

    Examples
    --------
    >>> from sympy import Symbol
    >>> "<code>x + 1</code>" in formula_html(Symbol("x") + 1)
    True
    """
    rows = _rows(derived)
    text = html.escape(_shortened(_plain(derived), MOST_TEXT))
    if not rows:
        return (
            "<div "
            f"class='formula'><code>{text[:LONGEST]}{'…' if len(text) > LONGEST else ''}</code></div>"
        )
    shown = _display(rows[:MOST_ROWS])
    plain = f"<details><summary>as plain text</summary><code>{text}</code></details>"
    if sum(map(width, rows)) <= WIDEST:
        return shown + plain
    more = f", the first {MOST_ROWS} of them" if len(rows) > MOST_ROWS else ""
    return f"<details><summary>formula of {len(rows)} rows{more}</summary>{shown}{plain}</details>"


def _display(rows: list[str]) -> str:
    """Return rows of a display in a box that scrolls where it is narrow."""
    return f"<div class='formula'>{mathml(SEPARATOR.join(rows))}</div>"


def _shortened(text: str, most: int) -> str:
    """Cut a text that is too long, and say so."""
    return text if len(text) <= most else f"{text[:most]} … ({len(text)} characters)"


def _rows(derived: Any) -> list[str]:
    """Return the rows of LaTeX of a derived object, those of its parts one after the other; none
    for numbers and other objects.
    """
    if hasattr(derived, "to_latex"):
        return re.split(
            r"\s*\\\\\s*\n",
            re.sub(r"\\(begin|end){(aligned|gathered)}\n?", "", str(derived.to_latex())).strip(),
        )
    if isinstance(derived, Expr):
        return equations([("", derived)])
    if isinstance(derived, MatrixBase):
        return [f"&{tex(derived)}"] if max(derived.shape) <= 4 else []
    if isinstance(derived, Mapping):
        sides = [
            (value_latex(str(name)), value)
            for name, value in derived.items()
            if isinstance(value, Expr)
        ]
        return equations(sides) + [
            row for value in derived.values() if not isinstance(value, Expr) for row in _rows(value)
        ]
    if isinstance(derived, list | tuple):
        sides = [("", value) for value in derived if isinstance(value, Expr)]
        return equations(sides) + [
            row for value in derived if not isinstance(value, Expr) for row in _rows(value)
        ]
    return []


def _plain(derived: Any) -> str:
    """Return a derived object as text: equations as Python reads them where there are some, the
    LaTeX where there is only that.
    """
    derived = _values(derived)
    if isinstance(derived, Mapping):
        return "\n".join(f"{name} = {_plain(value)}" for name, value in derived.items())
    if isinstance(derived, list | tuple):
        return "\n".join(map(_plain, derived))
    if isinstance(derived, Recursion):
        return "\n".join(
            f"{symbol}' = {step}" for symbol, step in zip(derived.state, derived.step, strict=True)
        )
    if hasattr(derived, "to_latex") and not isinstance(derived, Expr):
        return str(derived.to_latex())
    return re.sub(r" at 0x[0-9a-f]+", "", str(derived))


def entry_html(entry: Result) -> str:
    """Return one result of the catalogue as HTML: statement, formula, symbols, derivation,
    conventions and provenance.

    Examples
    --------
    >>> from neurenorm.theory.catalogue import result
    >>> "tanh" in entry_html(result("lattice/ising-correlation"))
    True
    """
    derived, names = entry.shown(), entry.subject.latex_names()
    shown = prose_html(example_text(entry), names)
    parts = [
        f"<h3 id='{entry.id.replace('/', ':')}'>{prose_html(entry.statement, names)}</h3>"
        f"<p><code>{html.escape(entry.id)}</code>{f' {shown}' if shown else ''}</p>"
    ]
    parts.append(f"<div class='formula'>{mathml(entry.to_latex())}</div>")
    parts.append(
        "<details><summary>as plain "
        f"text</summary><code>{html.escape(_shortened(_plain(derived), MOST_TEXT))}</code></details>"
    )
    symbols = "".join(
        f"<tr><td><code>{html.escape(p.name)}</code></td>"
        f"<td>{prose_html(p.meaning, names)}</td></tr>"
        for p in entry.parameters
    )
    parts.append(
        f"<table><thead><tr><th>parameter</th><th>meaning</th></tr></thead><tbody>{symbols}</tbody></table>"
        if symbols
        else ""
    )
    derivation = object_derivation(derived)
    if derivation is not None:
        steps = "".join(
            f"<li>{prose_html(step.title, names)}{_display(step.rows(names))}</li>"
            for step in derivation
        )
        parts.append(
            "<details><summary>derivation: "
            f"{html.escape(derivation.title)}</summary><ol>{steps}</ol></details>"
        )
    parts += [f"<p>{prose_html(sentence, names)}</p>" for sentence in entry.conventions]
    return "".join([*parts, f"<p><small>{html.escape(entry.provenance)}.</small></p>"])


def prose_html(sentence: str, names: Mapping[Symbol, str] | None = None) -> str:
    """Return a sentence as HTML, with its formulas as MathML where that can be had.

    Examples
    --------
    >>> prose_html("fish & chips")
    'fish &amp; chips'
    """
    if not has_mathml():
        return html.escape(sentence)
    return "".join(
        inline_mathml(text) if is_formula else html.escape(text)
        for text, is_formula in prose_parts(sentence, names)
    )


def _values(derived: Any) -> Any:
    """Return the closed expressions by name where a derived object has them."""
    return (
        getattr(derived, "values", derived)
        if isinstance(getattr(derived, "values", None), Mapping)
        else derived
    )


def document_html(entries: Iterable[Result], *, standalone: bool = True) -> str:
    """Return a page of results with their formulas as MathML, by paper; or only its body, for a
    page of one's own.

    Parameters
    ----------
    entries : iterable of Result
    standalone : bool

    Returns
    -------
    str

    Examples
    --------
    >>> from neurenorm.theory.catalogue import results
    >>> document_html(results("lattice")).startswith("<!doctype html>")
    True
    """
    groups: dict[Paper, list[Result]] = {}
    for entry in entries:
        groups.setdefault(entry.paper, []).append(entry)
    body = "".join(
        f"<h2>{html.escape(paper.topic.capitalize())}</h2>{''.join(map(entry_html, members))}"
        for paper, members in groups.items()
    )
    body += f"<h2>Conventions</h2><ul>{''.join(f'<li>{prose_html(sentence)}</li>' for sentence in CONVENTIONS)}</ul>"
    return (
        page_html(
            "Results derived with neurenorm", f"<h1>Results derived with neurenorm</h1>{body}"
        )
        if standalone
        else body
    )
