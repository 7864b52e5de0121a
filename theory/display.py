"""Equations that fit a page: long right-hand sides are broken at their terms, and what is still too long gets a name and a "where".

Widths are estimated from the LaTeX itself, in the unit of one ordinary character: a fraction is as wide as the wider of its two parts, an exponent counts
for less, and commands count for what they print.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from sympy import Add, Expr, Mul, Pow, Symbol, latex, log
from sympy.printing.latex import LatexPrinter

__all__ = ["LINE", "aligned", "equation", "tex", "width"]

LINE = 76
"""Characters that fit on a line of the exported document beside a short left-hand side."""

_PRINTED = {"cosh": 4, "sinh": 4, "tanh": 4, "operatorname": 0, "log": 3, "ln": 2, "exp": 3, "sin": 3, "cos": 3, "tan": 3, "left": 0, "right": 0, "text": 0}
_SIGNS = dict.fromkeys("{} &\n", 0.0) | dict.fromkeys("+-=", 1.8)
_SMALL = 0.7


def width(source: str) -> float:
    """Estimate how wide a piece of LaTeX prints, in characters.

    Examples
    --------
    >>> width(r"\\frac{a + b}{2}") == width("a+b")
    True
    >>> width(r"\\cosh{\\left(2 K \\right)}")
    8.0
    """
    total: float = 0
    position = 0
    while position < len(source):
        size, position = _next_width(source, position)
        total += size
    return total


def _next_width(source: str, position: int) -> tuple[float, int]:
    """Return the width of the token at a position, and where the next one begins."""
    if source[position] == "\\":
        command = re.match(r"\\([A-Za-z]+|.)", source[position:])
        assert command is not None  # a backslash always has a successor in SymPy's output
        name, after = command.group(1), position + command.end()
        if name == "frac":
            above, after = _group(source, after)
            below, after = _group(source, after)
            return max(width(above), width(below)), after
        return (_PRINTED.get(name, 1) if name.isalpha() else 0), after
    if source[position] in "^_":
        script, after = _group(source, position + 1)
        return _SMALL * width(script), after
    return _SIGNS.get(source[position], 1), position + 1


def _group(source: str, position: int) -> tuple[str, int]:
    """Return the braced group (or single token) that begins at a position, and where it ends."""
    if position >= len(source):
        return "", position
    if source[position] != "{":
        end = position + 1 if source[position] != "\\" else position + len(re.match(r"\\([A-Za-z]+|.)", source[position:]).group())  # type: ignore[union-attr]
        return source[position:end], end
    depth = 0
    for end in range(position, len(source)):
        depth += {"{": 1, "}": -1}.get(source[end], 0) if source[end - 1] != "\\" else 0
        if depth == 0:
            return source[position + 1 : end], end + 1
    return source[position + 1 :], len(source)


class _Printer(LatexPrinter):
    """SymPy's printer, with rational numbers in front of a logarithm instead of a fraction bar below it."""

    def _print_Mul(self, expr: Expr) -> str:
        number, rest = expr.as_coeff_Mul()
        if number.is_Rational and number.q != 1 and isinstance(rest, log):
            return f"{self._print(number)} {self._print(rest)}"
        return str(super()._print_Mul(expr))


def tex(expression: Expr, names: Mapping[Symbol, str] | None = None) -> str:
    """Return the LaTeX of an expression, with ln for the natural logarithm and numbers in front of long numerators.

    Examples
    --------
    >>> from sympy import cosh, log
    >>> print(tex(log(cosh(2 * Symbol("K"))) / 2))
    \\frac{1}{2} \\ln{\\left(\\cosh{\\left(2 K \\right)} \\right)}
    """
    return str(_Printer({"symbol_names": dict(names or {}), "ln_notation": True}).doprint(expression))


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


def equation(left: str, right: Expr, names: Mapping[Symbol, str] | None = None, *, line: float = LINE) -> list[str]:
    """Return ``left = right`` as rows of an aligned display, none wider than a line.

    Parameters
    ----------
    left : str
        LaTeX of the left-hand side; empty for none.
    right : Expr
    names : mapping of Symbol to str, optional
        LaTeX of the symbols.
    line : float
        Characters to a line.

    Returns
    -------
    list of str
        With one alignment mark each. Sub-expressions that do not fit are named u_1, u_2, … in rows of their own at the end.

    Examples
    --------
    >>> x = Symbol("x")
    >>> equation("y", x + 1)
    ['y &= x + 1']
    >>> equation("y", sum(Symbol(f"x_{k}") for k in range(8)), line=18)[1]
    '&\\\\quad + x_{4} + x_{5} + x_{6} + x_{7}'
    """
    writer = _Writer(dict(names or {}), line)
    rows = writer.rows(left, right)
    while writer.pending:
        name, expression = writer.pending.pop(0)
        rows += writer.rows(rf"\text{{where }} {name}", expression)
    return rows


class _Writer:
    """Breaks one equation; holds the names it has given away."""

    def __init__(self, names: dict[Symbol, str], line: float) -> None:
        self.names, self.line = names, line
        self.given: dict[Expr, Symbol] = {}
        self.pending: list[tuple[str, Expr]] = []

    def text(self, expression: Expr) -> str:
        """Return the LaTeX of an expression."""
        return tex(expression, self.names)

    def fits(self, expression: Expr) -> bool:
        """Whether an expression fits on a line."""
        return width(self.text(expression)) <= self.line

    def rows(self, left: str, right: Expr) -> list[str]:
        """Return the rows of one equation."""
        sign = f"{left} &= " if left else "&"
        if self.fits(right) or not right.args:
            return [sign + self.text(right)]
        terms = right.as_ordered_terms() if isinstance(right, Add) else [right]
        pieces = [self._signed(self.shortened(term), first=k == 0) for k, term in enumerate(terms)]
        lines = _packed(pieces, self.line)
        return [sign + lines[0], *(r"&\quad " + later for later in lines[1:])]

    def _signed(self, term: Expr, first: bool) -> str:
        """Return a term with the sign that joins it to the one before."""
        text = self.text(term)
        return text if first or text.startswith("-") else "+ " + text

    def shortened(self, term: Expr) -> Expr:
        """Return a term with its longest parts named, until it fits."""
        while not self.fits(term):
            part = self._longest_part(term)
            if part is None:
                return term
            term = term.xreplace({part: self._name(part)})
        return term

    def _longest_part(self, term: Expr) -> Expr | None:
        """Return the widest sum inside a term that is not the whole term, or its widest argument."""
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
            self.pending.append((str(latex(symbol)), part))
        return self.given[part]


def _subexpressions(expression: Expr) -> list[Expr]:
    """Return all proper sub-expressions that are expressions."""
    found = []
    for arg in expression.args:
        if isinstance(arg, Expr):
            found += [arg, *_subexpressions(arg)]
    return found


def _packed(pieces: list[str], line: float) -> list[str]:
    """Fill lines with pieces, in order."""
    lines: list[str] = []
    room = 0.0
    for piece in pieces:
        size = width(piece) + 1
        if lines and size <= room:
            lines[-1] += " " + piece
            room -= size
        else:
            lines.append(piece)
            room = line - size
    return lines
