"""Diagrams drawn: places of their vertices, SVG for a notebook, a picture of plain LaTeX or of TikZ
for a paper.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sympy import Expr, Integer, Rational, Symbol, cos, pi, sin

from neurenorm.graphs.rendering import drawing
from neurenorm.theory.cumulants.diagrams import Diagram
from neurenorm.theory.typeset.display import tex

__all__ = ["Drawn", "picture", "places", "svg", "tikz"]

Place = tuple[Rational, Rational]
_DIGITS = 4
_BEND = 28  # degrees between parallel lines


def places(diagram: Diagram) -> dict[int, Place]:
    """Return where vertices and legs stand: vertices on a circle of radius one half, in the order
    in which lines join them from the first leg on; legs outside of theirs.

    Examples
    --------
    >>> found = places(Diagram.of(((-2, 0), (-1, 1), (0, 1), (0, 1), (0, 1))))
    >>> sorted(found)
    [-2, -1, 0, 1]
    """
    order = _walk(diagram)
    found: dict[int, Place] = {}
    for i, vertex in enumerate(order):
        angle = pi - 2 * pi * Integer(i) / max(len(order), 1)
        found[vertex] = (_rounded(cos(angle) / 2), _rounded(sin(angle) / 2))
    if len(order) == 1:
        found[order[0]] = (Integer(0), Integer(0))
    beside: Counter[int] = Counter()
    for leg, vertex in sorted(diagram.legs.items(), reverse=True):
        found[leg] = _outside(found[vertex], beside[vertex], alone=len(order) == 1)
        beside[vertex] += 1
    return found


def _walk(diagram: Diagram) -> list[int]:
    """The vertices in the order in which lines join them, from the first leg on."""
    near: dict[int, list[int]] = {v: [] for v in diagram.vertices}
    for a, b in diagram.inner_edges:
        near[a].append(b)
        near[b].append(a)
    waiting = [diagram.legs[leg] for leg in sorted(diagram.legs, reverse=True)][:1]
    waiting = waiting or list(diagram.vertices[:1])
    reached: list[int] = []
    while waiting:
        here = waiting.pop(0)
        if here not in reached:
            reached.append(here)
            waiting += sorted(near[here])
    return reached + [v for v in diagram.vertices if v not in reached]


def _outside(place: Place, number: int, *, alone: bool) -> Place:
    """A place beyond a vertex, away from the middle; further legs of it turn to the sides."""
    x, y = place
    if alone:
        return ((-1) ** (number + 1) * Rational(9, 10), -Rational(number // 2, 2))
    turn = Rational((number + 1) // 2 * (-1) ** number, 2)
    return 2 * x - turn * y, 2 * y + turn * x


def _rounded(value: Expr) -> Rational:
    """A number as a short decimal, exactly."""
    return Rational(str(value.evalf(_DIGITS + 4))).limit_denominator(10**_DIGITS)


def svg(diagram: Diagram) -> str:
    """Return the drawing of a diagram for a notebook."""
    at = {str(v): (float(x), float(y)) for v, (x, y) in places(diagram).items()}
    kinds = {str(leg): "terminal" for leg in diagram.legs}
    edges = [(str(a), str(b)) for a, b in diagram.edges]
    return str(drawing(at, edges, kinds, title="diagram"))


def picture(diagram: Diagram) -> str:
    """Return the drawing as a ``picture`` of plain LaTeX, which needs no package.

    Examples
    --------
    >>> print(picture(Diagram.of(((-2, 0), (-1, 1), (0, 1)))))
    \\vcenter{\\hbox{\\setlength{\\unitlength}{7mm}\\begin{picture}(2.4,1.2)(-1.2,-0.6)
    \\qbezier(1,0)(0.75,0)(0.5,0)
    \\qbezier(-1,0)(-0.75,0)(-0.5,0)
    \\qbezier(0.5,0)(0,0)(-0.5,0)
    \\put(0.5,0){\\circle*{0.12}}
    \\put(-0.5,0){\\circle*{0.12}}
    \\end{picture}}}
    """
    at = places(diagram)
    rows: list[str] = []
    for (a, b), times in sorted(Counter(diagram.edges).items()):
        for number in range(times):
            rows += _bezier(at[a], at[b], number, times)
    rows += [rf"\put{_pair(at[v])}{{\circle*{{0.12}}}}" for v in diagram.vertices]
    left, right = (f(x for x, _ in at.values()) for f in (min, max))
    low, high = (f(y for _, y in at.values()) for f in (min, max))
    loop = Rational(3, 5) if any(a == b for a, b in diagram.edges) else Rational(1, 5)
    low, high = min(low - loop, -Rational(3, 5)), max(high + loop, Rational(3, 5))
    size = _pair((right - left + 2 * loop, high - low))
    corner = _pair((left - loop, low))
    body = "\n".join(rows)
    return (
        r"\vcenter{\hbox{\setlength{\unitlength}{7mm}"
        f"\\begin{{picture}}{size}{corner}\n{body}\n\\end{{picture}}}}}}"
    )


def _bezier(start: Place, end: Place, number: int, times: int) -> list[str]:
    """One of several lines between two places, or a loop as two arcs."""
    (x0, y0), (x1, y1) = start, end
    if start == end:
        up = (-1) ** (number + bool(y0 < 0)) * Rational(3 + number // 2, 5)
        top = (x0, y0 + up)
        return [
            rf"\qbezier{_pair(start)}{_pair((x0 + side * up, y0 + up))}{_pair(top)}"
            for side in (1, -1)
        ]
    bend = Rational(2 * number - times + 1, 3)
    middle = ((x0 + x1) / 2 + bend * (y1 - y0), (y0 + y1) / 2 - bend * (x1 - x0))
    return [rf"\qbezier{_pair(start)}{_pair(middle)}{_pair(end)}"]


def _pair(place: tuple[Expr, Expr]) -> str:
    """Coordinates in LaTeX."""
    return f"({_decimal(place[0])},{_decimal(place[1])})"


def tikz(diagram: Diagram) -> str:
    """Return the drawing as a TikZ picture; the document needs ``\\usepackage{tikz}``.

    Examples
    --------
    >>> print(tikz(Diagram.of(((0, 0), (0, 0)))))
    \\begin{tikzpicture}[baseline=-0.6ex, scale=0.8]
    \\coordinate (v0) at (0, 0);
    \\draw (v0) to[out=45, in=135, min distance=8mm] (v0);
    \\draw (v0) to[out=225, in=315, min distance=8mm] (v0);
    \\fill (v0) circle (1.5pt);
    \\end{tikzpicture}
    """
    rows = [
        rf"\coordinate ({_name(v)}) at ({_decimal(x)}, {_decimal(y)});"
        for v, (x, y) in sorted(places(diagram).items())
    ]
    for (a, b), times in sorted(Counter(diagram.edges).items()):
        rows += [_curve(a, b, i, times) for i in range(times)]
    rows += [rf"\fill ({_name(v)}) circle (1.5pt);" for v in diagram.vertices]
    body = "\n".join(rows)
    return f"\\begin{{tikzpicture}}[baseline=-0.6ex, scale=0.8]\n{body}\n\\end{{tikzpicture}}"


def _name(vertex: int) -> str:
    """The name of a coordinate."""
    return f"v{vertex}" if vertex >= 0 else f"l{-vertex}"


def _decimal(value: Rational) -> str:
    """A rational as a decimal of few digits."""
    digits = 10**_DIGITS
    scaled = int(Rational(value) * digits + (Rational(1, 2) if value >= 0 else -Rational(1, 2)))
    whole, part = divmod(abs(scaled), digits)
    text = f"{whole}.{part:0{_DIGITS}d}".rstrip("0").rstrip(".")
    return f"-{text}" if scaled < 0 and text != "0" else text


def _curve(a: int, b: int, number: int, times: int) -> str:
    """One of several lines between two vertices, or a loop."""
    if a == b:
        start = (45, 225, 135, 315)[number % 4]
        return (
            rf"\draw ({_name(a)}) to[out={start}, in={start + 90}, min distance=8mm] ({_name(a)});"
        )
    bend = _BEND * (2 * number - times + 1)
    return rf"\draw ({_name(a)}) to[bend left={bend}] ({_name(b)});"


@dataclass(frozen=True)
class Drawn:
    """A weighted sum of diagrams, each drawn beside its weight and its propagators.

    Parameters
    ----------
    left : str
        LaTeX of what the sum is.
    weighted : mapping of Diagram to Expr
    names : mapping of Symbol to str, optional

    Examples
    --------
    >>> sum_ = Drawn(r"\\Sigma^{(1)}", {Diagram.of(((-2, 0), (-1, 0), (0, 0))): Rational(1, 2)})
    >>> "picture" in sum_.to_latex(), "<svg" in sum_._repr_html_()
    (True, True)
    """

    left: str
    weighted: Mapping[Diagram, Expr]
    names: Mapping[Symbol, str] | None = None

    def _terms(self) -> Sequence[tuple[Diagram, str]]:
        """Each diagram with its weight and its propagators in LaTeX."""
        return [
            (diagram, rf"\left({tex(weight, self.names)}\right) {diagram.to_latex()}")
            for diagram, weight in self.weighted.items()
        ]

    def to_latex(self) -> str:
        """Return aligned rows: weight, propagators, picture of plain LaTeX."""
        rows = [
            f"{self.left if i == 0 else ''} &{'=' if i == 0 else '+'} {text} \\qquad {picture(diagram)}"
            for i, (diagram, text) in enumerate(self._terms())
        ]
        return "\\begin{aligned}\n" + " \\\\\n".join(rows) + "\n\\end{aligned}"

    def document(self) -> str:
        """Return a document of its own with the sum."""
        return (
            "\\documentclass{article}\n\\usepackage{amsmath,amssymb}\n\\begin{document}\n"
            f"\\[\n{self.to_latex()}\n\\]\n\\end{{document}}\n"
        )

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{'' if i else f'${self.left}$ ='}</td><td>{svg(diagram)}</td>"
            f"<td>${text}$</td></tr>"
            for i, (diagram, text) in enumerate(self._terms())
        )
        return f"<table>{rows}</table>"
