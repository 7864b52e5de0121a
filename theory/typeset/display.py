"""Equations that fit a page: long right-hand sides are broken at their terms, and what is still too
long gets a name and a "where".

Widths are estimated from the LaTeX itself, in the unit of one ordinary character: a fraction is as
wide as the wider of its two parts, an exponent counts for less, and commands count for what they
print.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

from sympy import Add, Expr, Mul, Pow, Subs, Symbol, log
from sympy.functions.elementary.piecewise import ExprCondPair
from sympy.printing.latex import LatexPrinter
from sympy.printing.precedence import PRECEDENCE

from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.typeset.names import is_plain, name_latex

__all__ = [
    "LINE",
    "Typeset",
    "aligned",
    "equation",
    "equations",
    "fitted",
    "lines_of",
    "tex",
    "width",
]

LINE = 93
"""Ordinary characters (5 pt of a 10 pt font) to a line of the exported document, both sides of an
equation together.
"""

_LINE = ContextVar("characters to a line", default=float(LINE))

_FUNCTIONS = {
    "cosh": 3.8,
    "sinh": 3.4,
    "tanh": 3.9,
    "coth": 3.7,
    "log": 2.6,
    "ln": 1.7,
    "exp": 2.9,
    "sin": 2.5,
    "cos": 2.7,
    "tan": 2.9,
    "min": 3.9,
    "max": 4.3,
}
_PRINTED = {name: size + 0.7 for name, size in _FUNCTIONS.items()} | dict.fromkeys(
    ("operatorname", "text", "mathrm", "right", "Big", "limits"), 0.0
)
_PRINTED |= {
    "left": 0.3,
    "sqrt": 1.8,
    "quad": 2.0,
    "qquad": 4.0,
    "sum": 3.4,
    "int": 2.4,
    "prod": 2.8,
    "langle": 0.9,
    "rangle": 0.9,
}
_LETTERS = (
    dict.fromkeys("{} &\n", 0.0)
    | dict.fromkeys("mw", 1.65)
    | dict.fromkeys("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 1.65)
    | dict.fromkeys("ijlt,.'|", 0.7)
)
_SIGNS = dict.fromkeys("+-", (2.45, 1.6)) | dict.fromkeys("=<>", (2.7, 1.6))
_LETTER, _COMMAND, _SMALL, _BAR = 1.08, 1.2, 0.75, 0.5


@contextmanager
def lines_of(characters: float) -> Iterator[None]:
    """Break whatever is typeset inside the block to lines of so many ordinary characters.

    Examples
    --------
    >>> x = Symbol("x")
    >>> with lines_of(34):
    ...     len(equation("y", sum(Symbol(f"x_{k}") for k in range(8))))
    2
    """
    before = _LINE.set(float(characters))
    try:
        yield
    finally:
        _LINE.reset(before)


def width(source: str, *, small: bool = False) -> float:
    """Estimate how wide a piece of LaTeX prints, in ordinary characters; in scripts (``small``)
    signs have no space around them.

    Examples
    --------
    >>> width(r"\\frac{a + b}{2}") == width("a+b") + 0.5
    True
    >>> round(width(r"\\cosh{\\left(2 K \\right)}"), 1)
    9.7
    """
    if not isinstance(source, str):
        raise TypeError(f"LaTeX is a text, got a {type(source).__name__}")
    total: float = 0
    position = 0
    while position < len(source):
        size, position = _next_width(source, position, small)
        total += size
    return total


def _next_width(source: str, position: int, small: bool) -> tuple[float, int]:
    """Return the width of the token at a position, and where the next one begins."""
    token = source[position]
    if token == "\\":
        return _command_width(source, position, small)
    if token in "^_":
        script, after = _group(source, position + 1)
        return _SMALL * width(script, small=True), after
    if token in _SIGNS:
        return _SIGNS[token][small], position + 1
    return _LETTERS.get(token, _LETTER), position + 1


def _command_width(source: str, position: int, small: bool) -> tuple[float, int]:
    """Return the width of the command at a position, with its groups where it is a fraction, and
    where the next token begins.
    """
    command = re.match(r"\\([A-Za-z]+|.)", source[position:])
    assert command is not None  # a backslash always has a successor in SymPy's output
    name, after = command.group(1), position + command.end()
    if name == "frac":
        above, after = _group(source, after)
        below, after = _group(source, after)
        return max(width(above, small=small), width(below, small=small)) + _BAR, after
    return (_PRINTED.get(name, _COMMAND) if name.isalpha() else 0.3), after


def _group(source: str, position: int) -> tuple[str, int]:
    """Return the braced group (or single token) that begins at a position, and where it ends."""
    if position >= len(source):
        return "", position
    if source[position] != "{":
        command = re.match(r"\\([A-Za-z]+|.)", source[position:])
        end = position + (command.end() if command else 1)
        return source[position:end], end
    depth = 0
    for end in range(position, len(source)):
        depth += {"{": 1, "}": -1}.get(source[end], 0) if source[end - 1] != "\\" else 0
        if depth == 0:
            return source[position + 1 : end], end + 1
    return source[position + 1 :], len(source)


class _Printer(LatexPrinter):
    """SymPy's printer, with rational numbers in front of a logarithm instead of a fraction bar
    below it, the usual names of functions, and names of symbols that are shown, never obeyed.
    """

    def _print_Symbol(self, expr: Symbol, style: str = "plain") -> str:
        if expr in self._settings["symbol_names"] or is_plain(expr.name):
            return str(super()._print_Symbol(expr, style))
        return name_latex(expr.name)

    def _print_Mul(self, expr: Expr) -> str:
        number, rest = expr.as_coeff_Mul()
        if number.is_Rational and number.q != 1 and isinstance(rest, log):
            return f"{self._print(number)} {self._print(rest)}"
        return str(super()._print_Mul(expr))

    def _hprint_Function(self, func: str) -> str:
        if is_plain(func):
            return str(super()._hprint_Function(func))
        return rf"\operatorname{{{name_latex(func)}}}".replace("%", "%%")  # filled in by SymPy

    def _print_Subs(self, expr: Subs) -> str:
        body, old, new = expr.args
        equal = r" \\ ".join(
            rf"{self._print(a)}={self._print(b)}" for a, b in zip(old, new, strict=True)
        )
        return (
            rf"\left. {self.parenthesize(body, PRECEDENCE['Mul'], strict=True)} "
            rf"\right|_{{\substack{{ {equal} }}}}"
        )

    def _print_polygamma(self, expr: Expr, exp: str | None = None) -> str:
        order, argument = expr.args
        primes = "" if order == 0 else f"^{{({self._print(order)})}}"
        text = rf"\psi{primes}{{\left({self._print(argument)} \right)}}"
        return text if exp is None else rf"\left({text}\right)^{{{exp}}}"


@exact_arguments
def tex(expression: Expr, names: Mapping[Symbol, str] | None = None) -> str:
    """Return the LaTeX of an expression, with ln for the natural logarithm and numbers in front of
    long numerators.

    Examples
    --------
    >>> from sympy import cosh, log
    >>> print(tex(log(cosh(2 * Symbol("K"))) / 2))
    \\frac{1}{2} \\ln{\\left(\\cosh{\\left(2 K \\right)} \\right)}
    """
    return str(
        _Printer(
            {"symbol_names": dict(names or {}), "ln_notation": True, "inv_trig_style": "full"}
        ).doprint(expression)
    )


def aligned(rows: Iterable[str]) -> str:
    """Return rows with alignment marks as one aligned display.

    Examples
    --------
    >>> print(aligned(["a &= b", "c &= d"]))
    \\begin{aligned}
    a &= b \\\\
    c &= d
    \\end{aligned}
    """
    return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"


@exact_arguments
def equation(
    left: str, right: Expr, names: Mapping[Symbol, str] | None = None, *, line: float | None = None
) -> list[str]:
    """Return ``left = right`` as rows of an aligned display, none wider than a line.

    Parameters
    ----------
    left : str
        LaTeX of the left-hand side; empty for none.
    right : Expr
    names : mapping of Symbol to str, optional
        LaTeX of the symbols.
    line : float, optional
        Characters to a line; by default those of the page that is written (`lines_of`).

    Returns
    -------
    list of str
        With one alignment mark each. Sub-expressions that do not fit are named u_1, u_2, … in rows
        of their own at the end.

    Examples
    --------
    >>> x = Symbol("x")
    >>> equation("y", x + 1)
    ['y &= x + 1']
    >>> equation("y", sum(Symbol(f"x_{k}") for k in range(8)), line=34)[1]
    '&\\\\quad + x_{5} + x_{6} + x_{7}'
    """
    return equations([(left, right)], names, line=line)


@exact_arguments
def equations(
    sides: Iterable[tuple[str, Expr]],
    names: Mapping[Symbol, str] | None = None,
    *,
    line: float | None = None,
) -> list[str]:
    """Return several equations as rows of one display, in which a name u_1, u_2, … means one thing
    only.

    Parameters
    ----------
    sides : iterable of (str, Expr)
        LaTeX of the left-hand side and the right-hand side. A left-hand side ``=`` goes on with the
        equation before; an empty one is none.
    names : mapping of Symbol to str, optional
    line : float, optional

    Returns
    -------
    list of str
        The sub-expressions named in an equation follow it.

    Examples
    --------
    >>> x = Symbol("x")
    >>> equations([("y", (x + 1) ** 2), ("=", x**2 + 2 * x + 1)])
    ['y &= \\\\left(x + 1\\\\right)^{2}', '&= x^{2} + 2 x + 1']
    """
    writer, rows = _Writer(dict(names or {}), line or _LINE.get()), list[str]()
    for left, right in sides:
        if left != "=":
            rows += writer.named_rows()
        rows += writer.rows(left, right)
    return rows + writer.named_rows()


def fitted(source: str) -> str:
    """Return a display whose rows are no wider than a line of the page that is written, as far as
    they can be broken: at the commas and spaces between equations, at signs of relation, and
    between terms.

    Examples
    --------
    >>> with lines_of(18):
    ...     print(fitted(r"a &= b + c + d,\\qquad e = f + g"))
    a &= b + c + d, \\\\
    &e = f + g
    """
    if not re.match(r"\\begin{(aligned|gathered)}|.*&", source):
        rows = _fitted_row("&" + source)
        return source if len(rows) == 1 else aligned(rows)
    marks = r"(\\begin{(?:aligned|gathered)}\n?|\s*\\\\\s*\n|\n?\\end{(?:aligned|gathered)})"
    parts = re.split(marks, source)
    parts[::2] = [" \\\\\n".join(_fitted_row(row)) if row else "" for row in parts[::2]]
    return "".join(parts)


def _fitted_row(row: str) -> list[str]:
    """Break one row that is too wide: between equations, else at relations, else between terms."""
    if width(row) <= _LINE.get():
        return [row]
    mark = "&" * ("&" in row)
    first, *others = _split(row, r"\\q?quad\s*(?=\S)")
    if others:
        parts = [first, *(mark + other.replace("&", "", 1) for other in others)]
        return [part for piece in parts for part in _fitted_row(piece)]
    for signs in (r"(?=(=|\\le|\\ge|\\equiv|\\sim|\\to)\s)", r"(?=[+-]\s)"):
        first, *others = _packed(_split(row, signs), _LINE.get() - width(r"\quad"))
        parts = [first, *(mark + r"\quad " + other for other in others)]
        if max(map(width, parts)) < width(row):
            return [part for piece in parts for part in _fitted_row(piece)]
    return [row]


def _split(row: str, pattern: str) -> list[str]:
    """Split a row where a pattern begins outside of all brackets, behind the mark."""
    start = row.index("&") + 2 if "&" in row else 1
    start += len(row[start:]) - len(row[start:].removeprefix(r"\quad "))
    pieces, begin = [], 0
    for found in re.finditer(pattern, row):
        if found.start() > start + 2 and _is_outside(row, found.start()):
            pieces.append(row[begin : found.start()].strip())
            begin = found.end()
    return [piece for piece in [*pieces, row[begin:].strip()] if piece]


def _is_outside(row: str, place: int) -> bool:
    """Whether a place of a row is in no group and in no bracket."""
    before = re.sub(r"\\[{}]", "", row[:place])
    opened = len(re.findall(r"[{(\[]|\\left\b(?![(\[])|\\langle|\\begin\b", before))
    return opened == len(re.findall(r"[})\]]|\\right\b(?![)\]])|\\rangle|\\end\b", before))


_WHERE = r"\text{where } u_{10}"


class _Writer:
    """Breaks one equation; holds the names it has given away."""

    def __init__(self, names: dict[Symbol, str], line: float) -> None:
        self.names, self.line = names, line
        self.given: dict[Expr, Symbol] = {}
        self.pending: list[tuple[str, Expr]] = []

    def text(self, expression: Expr) -> str:
        """Return the LaTeX of an expression."""
        return tex(expression, self.names)

    def fits(self, expression: Expr, room: float) -> bool:
        """Whether an expression fits."""
        return width(self.text(expression)) <= room

    def rows(self, left: str, right: Expr) -> list[str]:
        """Return the rows of one equation: the right-hand side has the room that the wider of its
        own and a later left-hand side leaves.
        """
        sign = "&= " if left == "=" else f"{left} &= " if left else "&"
        if self.fits(right, self.line - width(f"{left}=")) or not right.args:
            return [sign + self.text(right)]
        room = self.line - width(f"{max(left, _WHERE, key=width)}=")
        terms = right.as_ordered_terms() if isinstance(right, Add) else [right]
        pieces = [
            self._signed(self.shortened(term, room - width(r"\quad +")), first=k == 0)
            for k, term in enumerate(terms)
        ]
        lines = _packed(pieces, room - width(r"\quad"))
        return [sign + lines[0], *(r"&\quad " + later for later in lines[1:])]

    def named_rows(self) -> list[str]:
        """Return the rows of the names given since they were last asked for, and of those that
        these need.
        """
        rows: list[str] = []
        while self.pending:
            name, expression = self.pending.pop(0)
            rows += self.rows(rf"\text{{where }} {name}", expression)
        return rows

    def _signed(self, term: Expr, first: bool) -> str:
        """Return a term with the sign that joins it to the one before."""
        text = self.text(term)
        return text if first or text.startswith("-") else "+ " + text

    def shortened(self, term: Expr, room: float) -> Expr:
        """Return a term with its longest parts named, until it fits."""
        while not self.fits(term, room):
            part = self._longest_part(term)
            if part is None:
                return term
            term = term.xreplace({part: self._name(part)})
        return term

    def _longest_part(self, term: Expr) -> Expr | None:
        """Return the widest sum inside a term that is not the whole term, or its widest
        argument.
        """
        inside = [node for node in _subexpressions(term) if isinstance(node, Add)] or [
            arg for arg in _subexpressions(term) if isinstance(arg, Mul | Pow) and arg.free_symbols
        ]
        inside = [node for node in inside if width(self.text(node)) > 4]
        return max(inside, key=lambda node: (width(self.text(node)), str(node)), default=None)

    def _name(self, part: Expr) -> Symbol:
        """Return the name of a part, the same for equal parts."""
        if part not in self.given:
            symbol = Symbol(f"u_{len(self.given) + 1}")
            self.given[part] = symbol
            self.pending.append((tex(symbol), part))
        return self.given[part]


def _subexpressions(expression: Expr) -> list[Expr]:
    """Return all proper sub-expressions that are expressions."""
    found = []
    for arg in expression.args:
        inner = arg.args[0] if isinstance(arg, ExprCondPair) else arg
        if isinstance(inner, Expr):
            found += [inner, *_subexpressions(inner)]
    return found


def _packed(pieces: list[str], line: float) -> list[str]:
    """Fill lines with pieces, in order."""
    lines: list[str] = []
    room = 0.0
    for piece in pieces:
        size = width(piece)
        if lines and size <= room:
            lines[-1] += " " + piece
            room -= size
        else:
            lines.append(piece)
            room = line - size
    return lines


class Typeset:
    """An object with ``to_latex`` that a notebook shows as mathematics.

    Examples
    --------
    >>> class Half(Typeset):
    ...     def to_latex(self):
    ...         return r"\\frac{1}{2}"
    >>> print(Half()._repr_latex_())
    $\\displaystyle \\frac{1}{2}$
    """

    def to_latex(self) -> str:
        """Return the LaTeX of the object."""
        raise NotImplementedError

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.to_latex()}$"
