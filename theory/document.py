"""LaTeX of results: a display, an entry with its symbols and derivation, and a document for plain
pdflatex.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from sympy import Symbol, pretty

from neurenorm.theory.catalogue.papers import Paper
from neurenorm.theory.catalogue.result import Parameter, Result, object_derivation, object_latex
from neurenorm.theory.conventions import CONVENTIONS
from neurenorm.theory.typeset.derivation import Derivation
from neurenorm.theory.typeset.names import escaped

__all__ = ["document", "entry_latex", "entry_text"]

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


def entry_latex(entry: Result, *, level: str = "subsection") -> str:
    """Return one result as LaTeX: statement, numbered formula, symbols, derivation, conventions and
    provenance.

    The formula carries the label ``paper:name``, its id with a colon, for ``\\eqref``.

    Examples
    --------
    >>> from neurenorm.theory.catalogue import result
    >>> "tanh" in entry_latex(result("lattice/ising-correlation"))
    True
    """
    derived = entry.shown()
    formula = object_latex(derived, entry.subject)
    parts = [
        rf"\{level}*{{{escaped(entry.statement)}}}",
        rf"\texttt{{{escaped(entry.id)}}}" + _example_latex(entry),
        f"\\begin{{equation}}\\label{{{entry.id.replace('/', ':')}}}\n{formula}\n\\end{{equation}}",
        _symbol_table(entry, formula),
    ]
    derivation = object_derivation(derived)
    if derivation is not None:
        parts.append(
            "Derivation: "
            + escaped(derivation.title)
            + ".\n"
            + _derivation_latex(derivation, entry.subject.latex_names())
        )
    parts += [escaped(sentence) for sentence in entry.conventions]
    parts.append(rf"\emph{{{escaped(entry.provenance)}.}}")
    return "\n\n".join(part for part in parts if part)


def _example_latex(entry: Result) -> str:
    """Return the parameters for which the formula is shown, in LaTeX."""
    return rf" \quad {escaped(shown)}" if (shown := _example_text(entry)) else ""


def _example_text(entry: Result) -> str:
    """Return the parameters for which the formula is shown, in words."""
    chosen = {
        p.name: p.default
        for p in entry.parameters
        if p.structural and not p.required and p.default is not None
    }
    chosen |= dict(entry.example or {})
    return "shown for " + ", ".join(f"{k} = {v}" for k, v in chosen.items()) if chosen else ""


def _symbol_table(entry: Result, formula: str) -> str:
    """Return the table of the parameters, and of the other symbols of the subject that the formula
    shows, with meaning and unit.
    """
    rows = [
        rf"{_symbol_latex(entry, parameter)} & {escaped(parameter.meaning)} \\"
        for parameter in entry.parameters
    ]
    taken = {parameter.name for parameter in entry.parameters}
    for quantity in entry.subject:
        if quantity.name not in taken and _shows(formula, quantity.latex):
            unit = "" if quantity.unit == "1" else f" [{quantity.unit}]"
            rows.append(rf"${quantity.latex}$ & {escaped(quantity.meaning + unit)} \\")
    return (
        "\\begin{tabular}{lp{0.75\\textwidth}}\n" + "\n".join(rows) + "\n\\end{tabular}"
        if rows
        else ""
    )


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


def _derivation_latex(derivation: Derivation, names: dict[Symbol, str]) -> str:
    """Return the steps, each under its title, with the two sides on lines of their own where they
    are long.
    """
    blocks = []
    for number, step in enumerate(derivation, 1):
        blocks.append(
            f"{number}. {escaped(step.title)}:\n\\begin{{align*}}\n"
            + " \\\\\n".join(step.rows(names))
            + "\n\\end{align*}"
        )
    return "\n\n".join(blocks)


def document(entries: Iterable[Result], *, standalone: bool = True) -> str:
    """Return a document of results, by paper, that compiles with plain pdflatex.

    Parameters
    ----------
    entries : iterable of Result
    standalone : bool
        Whether to write a whole document, or a fragment to ``\\input`` into one that loads amsmath
        and amssymb.

    Returns
    -------
    str
        The LaTeX source.

    Examples
    --------
    >>> from neurenorm.theory.catalogue import results
    >>> print(document(results("lattice")).splitlines()[0])
    \\documentclass[a4paper]{article}
    """
    groups: dict[Paper, list[Result]] = {}
    for entry in entries:
        groups.setdefault(entry.paper, []).append(entry)
    body = [] if standalone else ["% \\input this into a document that loads amsmath and amssymb"]
    for paper, members in groups.items():
        body.append(rf"\section*{{{escaped(paper.topic.capitalize())}}}")
        body += [entry_latex(entry) for entry in members]
    body.append(
        "\\section*{Conventions}\n\\begin{itemize}\n"
        + "\n".join(rf"\item {escaped(sentence)}" for sentence in CONVENTIONS)
        + "\n\\end{itemize}"
    )
    body.append(_references(groups))
    text = "\n\n".join(part for part in body if part) + "\n"
    return PREAMBLE + text + "\\end{document}\n" if standalone else text


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


def _with_unit(name: str, unit: str) -> str:
    """A value with its unit, where it has one."""
    return name if unit == "1" else f"{name} ({unit})"


def entry_text(entry: Result) -> str:
    """Return one result as text for a terminal.

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
    ]
    for parameter in entry.parameters:
        default = (
            ""
            if parameter.required or parameter.default is None
            else f" (default {parameter.default})"
        )
        rows.append(f"  {parameter.name}: {parameter.meaning}{default}")
    rows += [
        f"formula, {shown}:" if (shown := _example_text(entry)) else "formula:",
        *_formula_text(entry, derived),
    ]
    derivation = object_derivation(derived)
    if derivation is not None:
        rows.append("derivation:")
        rows += [
            f"  {k}. {step.title}:\n{_indented(pretty(step.after, use_unicode=True))}"
            for k, step in enumerate(derivation, 1)
        ]
    rows += [f"convention: {sentence}" for sentence in entry.conventions]
    return "\n".join([*rows, f"source: {entry.provenance}"])


def _formula_text(entry: Result, derived: object) -> list[str]:
    """Return the formula as lines whose right-hand sides Python reads, where the result is closed
    expressions by name, as the problem's own rows of text where it has them, or else as LaTeX.
    """
    own = getattr(derived, "text_rows", None)
    if own is not None:
        return [f"  {row}" for row in own()]
    values = getattr(derived, "values", None)
    if isinstance(values, Mapping):
        old = {symbol.name for value in values.values() for symbol in value.free_symbols}
        return [
            f"  {name}{chr(39) if name in old else ''} = {value}" for name, value in values.items()
        ]
    return [object_latex(derived, entry.subject)]


def _indented(text: str) -> str:
    """Indent every line."""
    return "\n".join("     " + line for line in text.splitlines())
