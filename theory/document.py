"""LaTeX of results: a display, an entry with its symbols and derivation, and a document for plain
pdflatex; and the same as text for a terminal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sympy import Symbol

from neurenorm.theory.catalogue.papers import Paper
from neurenorm.theory.catalogue.result import Parameter, Result, object_derivation, object_latex
from neurenorm.theory.conventions import CONVENTIONS
from neurenorm.theory.typeset.derivation import Derivation
from neurenorm.theory.typeset.display import LINE, fitted, lines_of
from neurenorm.theory.typeset.names import escaped
from neurenorm.theory.typeset.prose import prose_latex
from neurenorm.theory.typeset.text import text_rows

__all__ = ["document", "entry_latex", "entry_text", "example_text", "object_text"]

Names = Mapping[Symbol, str]
WIDTHS = {1: 62, 2: 39}
"""Ordinary characters to a line of a paper with so many columns."""

PREAMBLE = r"""\documentclass[a4paper]{article}
\usepackage[utf8]{inputenc}
\usepackage[T1]{fontenc}
\usepackage{amsmath,amssymb}
\usepackage[margin=2cm]{geometry}
\setlength{\parindent}{0pt}
\setlength{\parskip}{4pt plus 2pt}
\allowdisplaybreaks
\begin{document}
\title{Results derived with neurenorm}
\author{}
\date{}
\maketitle
"""


def entry_latex(entry: Result, *, level: str | None = "subsection") -> str:
    """Return one result as LaTeX: statement, numbered formula, symbols, derivation, conventions and
    provenance.

    The formula carries the label ``paper:name``, its id with a colon, for ``\\eqref``.

    Parameters
    ----------
    entry : Result
    level : str, optional
        The heading over the statement; None for a sentence without a heading, as in a paper.

    Examples
    --------
    >>> from neurenorm.theory.catalogue import result
    >>> "tanh" in entry_latex(result("lattice/ising-correlation"))
    True
    """
    names = entry.subject.latex_names()
    derived = entry.shown()
    formula = fitted(object_latex(derived, entry.subject))
    label = entry.id.replace("/", ":")
    shown = prose_latex(example_text(entry), names)
    statement = prose_latex(entry.statement, names)
    if level is None:
        head = f"{statement}{f' ({shown})' if shown else ''}:"
        symbols = _symbol_sentence(entry, formula)
    else:
        head = rf"\{level}*{{{statement}}}" + f"\n\n\\texttt{{{escaped(entry.id)}}}"
        head += rf" \quad {shown}" if shown else ""
        symbols = _symbol_table(entry, formula)
    parts = [
        head,
        f"\\begin{{equation}}\\label{{{label}}}\n{formula}\n\\end{{equation}}",
        symbols,
        _derivation_latex(object_derivation(derived), names),
        *(prose_latex(sentence, names) for sentence in entry.conventions),
        rf"\emph{{{prose_latex(entry.provenance[:1].upper() + entry.provenance[1:], names)}.}}",
    ]
    return "\n\n".join(part for part in parts if part)


def example_text(entry: Result) -> str:
    """Return the parameters for which the formula is shown, in words.

    Examples
    --------
    >>> from neurenorm.theory.catalogue import result
    >>> example_text(result("lattice/ising-decimation"))
    'shown for b = 2'
    """
    chosen = {
        p.name: p.default
        for p in entry.parameters
        if p.structural and not p.required and p.default is not None
    }
    chosen |= dict(entry.example or {})
    return "shown for " + ", ".join(f"{k} = {v}" for k, v in chosen.items()) if chosen else ""


def _symbols(entry: Result, formula: str) -> list[tuple[str, str]]:
    """Return the symbols of the parameters, and the others of the subject that the formula shows,
    each with its meaning and unit, in LaTeX.
    """
    names = entry.subject.latex_names()
    rows = [(_symbol_latex(entry, p), prose_latex(p.meaning, names)) for p in entry.parameters]
    taken = {parameter.name for parameter in entry.parameters}
    for quantity in entry.subject:
        if quantity.name not in taken and _shows(formula, quantity.latex):
            unit = "" if quantity.unit == "1" else f" [{quantity.unit}]"
            rows.append((f"${quantity.latex}$", prose_latex(quantity.meaning + unit, names)))
    return rows


def _symbol_table(entry: Result, formula: str) -> str:
    """Return the symbols as a table."""
    rows = [rf"{symbol} & {meaning} \\" for symbol, meaning in _symbols(entry, formula)]
    if not rows:
        return ""
    return "\\begin{tabular}{lp{0.75\\linewidth}}\n" + "\n".join(rows) + "\n\\end{tabular}"


def _symbol_sentence(entry: Result, formula: str) -> str:
    """Return the symbols that the formula shows, each in a sentence."""
    shown = [
        f"{symbol}: {meaning}."
        for symbol, meaning in _symbols(entry, formula)
        if _shows(formula, symbol.strip("$"))
    ]
    return " ".join(shown)


def _shows(formula: str, symbol: str) -> bool:
    """Whether a formula has a symbol, and not only a longer one that begins or ends with it."""
    return (
        re.search(
            rf"(?<![A-Za-z\\]){re.escape(symbol)}(?![A-Za-z_])",
            re.sub(r"\\text{[^}]*}", "", formula),
        )
        is not None
    )


def _symbol_latex(entry: Result, parameter: Parameter) -> str:
    """Return the symbol of a parameter, or its name in typewriter where it has none."""
    try:
        return f"${entry.subject[parameter.name].latex}$"
    except AttributeError:
        return rf"\texttt{{{escaped(parameter.name)}}}"


def _derivation_latex(derivation: Derivation | None, names: Names | None = None) -> str:
    """Return the steps, each under its title, with the two sides on lines of their own where they
    are long.
    """
    if derivation is None:
        return ""
    blocks = [f"Derivation: {prose_latex(derivation.title, names)}."] if derivation.title else []
    for number, step in enumerate(derivation, 1):
        rows = fitted(" \\\\\n".join(step.rows(names)))
        title = prose_latex(step.title, names)
        blocks.append(f"{number}. {title}:\n\\begin{{align*}}\n{rows}\n\\end{{align*}}")
    return "\n\n".join(blocks)


def document(entries: Any, *, standalone: bool = True, columns: int = 1) -> str:
    """Return a document of results, by paper, that compiles with plain pdflatex.

    Parameters
    ----------
    entries : Result, derived object, or iterable of them
        A derived object is anything that shows itself as mathematics, such as a recursion, a field
        or an expression.
    standalone : bool
        Whether to write a whole document, or a fragment to ``\\input`` into a paper that loads
        amsmath and amssymb: without headings, and with the conventions of these results only.
    columns : int
        1 or 2: columns of the paper that a fragment goes into.

    Returns
    -------
    str
        The LaTeX source.

    Raises
    ------
    ValueError
        For another number of columns, or two columns of a whole document.
    TypeError
        For an object that has no LaTeX.

    Examples
    --------
    >>> from neurenorm.theory.catalogue import results
    >>> print(document(results("lattice")).splitlines()[0])
    \\documentclass[a4paper]{article}
    >>> print(document(Symbol("x") ** 2, standalone=False).splitlines()[1])
    x^{2}
    """
    if columns not in WIDTHS or (standalone and columns != 1):
        raise ValueError(
            f"a fragment fits 1 or 2 columns and a whole document has one, got {columns} columns"
        )
    several = isinstance(entries, Iterable) and not hasattr(entries, "to_latex")
    members = list(entries) if several else [entries]
    with lines_of(LINE if standalone else WIDTHS[columns]):
        return _whole(members) if standalone else _fragment(members)


def _fragment(members: list[Any]) -> str:
    """Return the members one after the other, without headings."""
    papers = dict.fromkeys(member.paper for member in members if isinstance(member, Result))
    models = "".join(f"% {paper.provenance}\n" for paper in papers)
    return models + "\n\n".join(_member_latex(member, level=None) for member in members) + "\n"


def _whole(members: list[Any]) -> str:
    """Return a document of the members, results by paper behind the others."""
    groups: dict[Paper, list[Result]] = {}
    for member in members:
        if isinstance(member, Result):
            groups.setdefault(member.paper, []).append(member)
    body = [_member_latex(member) for member in members if not isinstance(member, Result)]
    for paper, entries in groups.items():
        body.append(rf"\section*{{{escaped(paper.topic.capitalize())}}}")
        body += [entry_latex(entry) for entry in entries]
    body.append(
        "\\section*{Conventions}\n\\begin{itemize}\n"
        + "\n".join(rf"\item {prose_latex(sentence)}" for sentence in CONVENTIONS)
        + "\n\\end{itemize}"
    )
    body.append(_references(groups))
    return PREAMBLE + "\n\n".join(part for part in body if part) + "\n\\end{document}\n"


def _member_latex(member: Any, *, level: str | None = "subsection") -> str:
    """Return a result, or a derived object with its derivation."""
    if isinstance(member, Result):
        return entry_latex(member, level=level)
    formula = fitted(object_latex(member))
    parts = [f"\\begin{{equation}}\n{formula}\n\\end{{equation}}"]
    return "\n\n".join([*parts, _derivation_latex(object_derivation(member))]).strip()


def _references(papers: Iterable[Paper]) -> str:
    """Return the list of the papers whose models were used."""
    rows = [
        rf"\item {escaped(paper.authors)} ({paper.year}), arXiv:{paper.arxiv}."
        for paper in papers
        if paper.arxiv is not None
    ]
    return (
        "\\section*{Models}\n\\begin{itemize}\n" + "\n".join(rows) + "\n\\end{itemize}"
        if rows
        else ""
    )


def object_text(derived: Any, names: Names | None = None) -> str:
    """Return the formula of any derived object as text.

    Examples
    --------
    >>> print(object_text(Symbol("x") ** 2 / 2))
    x²/2
    """
    return "\n".join(text_rows(_latex(derived, names)))


def _latex(derived: Any, names: Names | None) -> str:
    """Return the LaTeX of an object with these names of symbols."""
    return str(derived.to_latex(names)) if hasattr(derived, "to_latex") else object_latex(derived)


def _with_unit(name: str, unit: str) -> str:
    """A value with its unit, where it has one."""
    return name if unit == "1" else f"{name} ({unit})"


def entry_text(entry: Result) -> str:
    """Return one result as text for a terminal, in Unicode.

    Examples
    --------
    >>> from neurenorm.theory.catalogue import result
    >>> print(entry_text(result("lattice/ising-correlation")).splitlines()[0])
    lattice/ising-correlation: Spin correlation of the infinite Ising chain at distance r
    """
    derived = entry.shown()
    rows = [
        f"{entry.id}: {entry.statement}",
        f"values: {', '.join(_with_unit(*value) for value in entry.declared.items())}",
        "parameters:",
        *(f"  {_parameter_text(entry, parameter)}" for parameter in entry.parameters),
        f"formula, {shown}:" if (shown := example_text(entry)) else "formula:",
        *(f"  {row}" for row in text_rows(object_latex(derived, entry.subject))),
    ]
    derivation = object_derivation(derived)
    if derivation is not None:
        names = entry.subject.latex_names()
        rows.append(f"derivation: {derivation.title}".rstrip(": "))
        for number, step in enumerate(derivation, 1):
            rows.append(f"  {number}. {step.title}:")
            rows += [f"     {row}" for row in text_rows(" \\\\\n".join(step.rows(names)))]
    rows += [f"convention: {sentence}" for sentence in entry.conventions]
    return "\n".join([*rows, f"source: {entry.provenance}"])


def _parameter_text(entry: Result, parameter: Parameter) -> str:
    """Return a parameter with its meaning, its unit and its default."""
    try:
        unit = entry.subject[parameter.name].unit
    except AttributeError:
        unit = "1"
    optional = not parameter.required and parameter.default is not None
    default = f" (default {parameter.default})" if optional else ""
    return f"{_with_unit(parameter.name, unit)}: {parameter.meaning}{default}"
