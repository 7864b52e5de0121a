"""How objects show themselves in a notebook: plain data as a table of its fields, graphs as a small
drawing in SVG.
"""

from __future__ import annotations

import html
import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from neurenorm.graphs.arguments import found_in, listed

if TYPE_CHECKING:
    import networkx as nx

__all__ = [
    "Markup",
    "Table",
    "Tabulated",
    "cell_places",
    "drawing",
    "layer_places",
    "small_drawing",
]

LONGEST, LONGEST_NAME = 300, 11
SCALE, MARGIN, LARGEST = 90.0, 28.0, 60
SHAPES = {
    "weight": ("#E69F00", "<rect x='{left:.1f}' y='{top:.1f}' width='16' height='16'"),
    "bias": ("#CC79A7", "<path d='M {x:.1f} {top:.1f} l 9 9 l -9 9 l -9 -9 z'"),
    "factor": ("#595959", "<path d='M {x:.1f} {top:.1f} l 9 16 l -18 0 z'"),
    "terminal": ("#D55E00", "<rect x='{left:.1f}' y='{top:.1f}' width='18' height='18' rx='3'"),
    "neuron": ("#0072B2", "<circle cx='{x:.1f}' cy='{y:.1f}' r='9'"),
}
"""Colour and shape of each kind of vertex: either alone tells them apart."""

Places = Mapping[Any, tuple[float, float]]


class Markup(str):
    """Text that is HTML already and stands in a table as it is.

    Examples
    --------
    >>> Table([(Markup("<b>K</b>"), "a < b")])._repr_html_()
    '<table><tr><td><b>K</b></td><td>a &lt; b</td></tr></table>'
    """

    __slots__ = ()


@dataclass(frozen=True)
class Table:
    """Rows of cells, as text and as HTML.

    Parameters
    ----------
    rows : sequence of sequence
        A cell is shown by its text.
    head : sequence of str
        Above the columns; none by default.
    caption : str
    named : bool
        Whether the first cell of a row is its name.

    Examples
    --------
    >>> print(Table([("K", "1/2"), ("beta", "2")], ("name", "value")))
    name  value
    K     1/2
    beta  2
    >>> Table([("K", 1)], caption="a & b", named=True)._repr_html_()
    '<table><caption>a &amp; b</caption><tr><th>K</th><td>1</td></tr></table>'
    """

    rows: Sequence[Sequence[Any]]
    head: Sequence[str] = ()
    caption: str = ""
    named: bool = False

    def __str__(self) -> str:
        rows = [*filter(None, [self.head]), *self.rows]
        cells = [
            [re.sub(r"<[^>]*>", "", x) if isinstance(x, Markup) else str(x) for x in row]
            for row in rows
        ]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in cells)

    def _repr_html_(self) -> str:
        """Return the table for a notebook or a page."""
        caption = f"<caption>{html.escape(self.caption)}</caption>" if self.caption else ""
        head = f"<thead>{_html_row(self.head, 'th')}</thead>" if self.head else ""
        rows = (_html_row(row, "td", first="th" if self.named else "td") for row in self.rows)
        return f"<table>{caption}{head}{''.join(rows)}</table>"


def _html_row(cells: Sequence[Any], tag: str, first: str = "") -> str:
    """Return one row; what is no markup is escaped."""
    tags = [first or tag, *[tag] * (len(cells) - 1)]
    texts = (cell if isinstance(cell, Markup) else html.escape(str(cell)) for cell in cells)
    return f"<tr>{''.join(f'<{t}>{text}</{t}>' for t, text in zip(tags, texts, strict=True))}</tr>"


class Tabulated:
    """Data that a notebook shows as a table of its fields.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Pair(Tabulated):
    ...     first: int
    ...     second: str
    >>> "<th>second</th><td>a &lt; b</td>" in Pair(1, "a < b")._repr_html_()
    True
    """

    def _repr_html_(self) -> str:
        """Return the table."""
        names = (
            [field.name for field in fields(self) if field.repr]
            if is_dataclass(self)
            else [name for name in vars(self) if not name.startswith("_")]
        )
        rows = [(name, _short(getattr(self, name))) for name in names]
        return Table(rows, caption=type(self).__name__, named=True)._repr_html_()


def _short(value: Any) -> str:
    """Return a value as text, cut where it is long, and without the addresses of functions."""
    text = re.sub(r" at 0x[0-9a-f]+", "", str(value))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"


def drawing(
    places: Places,
    edges: Iterable[tuple[Any, Any]],
    kinds: Mapping[Any, str] | None = None,
    *,
    title: str = "graph",
    arrows: bool = False,
) -> str:
    """Return a graph as SVG text.

    Parameters
    ----------
    places : mapping
        From every vertex to (x, y), y upwards.
    edges : iterable of pairs
        Parallel edges are drawn as arcs beside each other.
    kinds : mapping, optional
        ``neuron`` (the default), ``weight``, ``bias``, ``factor`` or ``terminal`` for each vertex.
    title : str
        For readers who hear the picture.
    arrows : bool
        Whether edges are directed.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        If there is nothing to draw.

    Examples
    --------
    >>> drawing({"a": (0, 0), "b": (1, 0)}, [("a", "b")]).count("<circle")
    2
    """
    if not places:
        raise ValueError("a graph without vertices cannot be drawn")
    at, width, height = _on_paper(places)
    seen: dict[frozenset[Any], int] = {}
    lines = []
    for u, v in edges:
        pair = frozenset((u, v))
        seen[pair] = seen.get(pair, -1) + 1
        start, end = (found_in(at, place, "vertex with a place") for place in (u, v))
        lines.append(_line(start, end, seen[pair], arrows))
    marks = [_mark(str(v), at[v], (kinds or {}).get(v, "neuron")) for v in places]
    size = f"width='{width:.0f}' height='{height:.0f}' viewBox='0 0 {width:.0f} {height:.0f}'"
    head = (
        "<defs><marker id='to' viewBox='0 0 6 6' refX='6' refY='3' markerWidth='6' "
        "markerHeight='6' orient='auto'><path d='M0 0L6 3L0 6z'/></marker></defs>"
    )
    label = html.escape(title, quote=True)
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' {size} role='img' "
        f"aria-label='{label}'>{head if arrows else ''}{''.join(lines)}{''.join(marks)}</svg>"
    )


def small_drawing(
    places: Places,
    edges: Iterable[tuple[Any, Any]],
    kinds: Mapping[Any, str] | None = None,
    **options: Any,
) -> str | None:
    """Return a drawing, or None (the notebook then shows the text) where there is nothing to see:
    no vertex, or too many.
    """
    return drawing(places, edges, kinds, **options) if 0 < len(places) <= LARGEST else None


def _on_paper(places: Places) -> tuple[dict[Any, tuple[float, float]], float, float]:
    """Return places on paper, y downwards, with the width and height of the paper."""
    xs, ys = zip(*places.values(), strict=True)
    left, top = min(xs), max(ys)
    at = {
        v: (MARGIN + SCALE * (x - left), MARGIN + SCALE * (top - y)) for v, (x, y) in places.items()
    }
    return at, 2 * MARGIN + SCALE * (max(xs) - left), 2 * MARGIN + SCALE * (top - min(ys))


def _line(start: tuple[float, float], end: tuple[float, float], number: int, arrow: bool) -> str:
    """Return an edge as a line, as an arc if it is not the first between its ends, or as a loop."""
    (x0, y0), (x1, y1) = start, end
    bend = 14.0 * ((number + 1) // 2) * (-1) ** number
    middle = ((x0 + x1) / 2 + bend * (y1 - y0) / SCALE, (y0 + y1) / 2 - bend * (x1 - x0) / SCALE)
    path = f"M {x0:.1f} {y0:.1f} Q {middle[0]:.1f} {middle[1]:.1f} {x1:.1f} {y1:.1f}"
    if start == end:
        path = f"M {x0:.1f} {y0:.1f} c -18 -30 18 -30 0 0"
    return (
        f"<path d='{path}' fill='none' "
        f"stroke='#888'{' marker-end=' + chr(39) + 'url(#to)' + chr(39) if arrow else ''}/>"
    )


def _mark(name: str, place: tuple[float, float], kind: str) -> str:
    """Return a vertex in the colour and shape of its kind, with its name above where it is short
    and for the pointer always.
    """
    x, y = place
    colour, shape = SHAPES.get(kind, SHAPES["neuron"])
    drawn = shape.format(x=x, y=y, left=x - 8, top=y - 8)
    text = (
        f"<text x='{x:.1f}' y='{y - 12:.1f}' text-anchor='middle' "
        f"font-size='9'>{html.escape(name)}</text>"
        if len(name) <= LONGEST_NAME
        else ""
    )
    return (
        f"{drawn} fill='{colour}'><title>{html.escape(name)}</title></{drawn[1:].split()[0]}>{text}"
    )


def cell_places(graph: nx.Graph, terminals: Sequence[Hashable]) -> dict[Any, tuple[float, float]]:
    """Place each vertex of a two-terminal cell by its distances from the two terminals, those of
    one column above each other.

    Examples
    --------
    >>> import networkx as nx
    >>> cell_places(nx.path_graph(3), (0, 2))
    {0: (0.0, 0.0), 1: (0.5, 0.0), 2: (1.0, 0.0)}
    """
    import networkx as nx  # a tenth of a second, which only drawings need

    terminals = listed(terminals, "the terminals", 2)
    for end in terminals[:2]:
        found_in(graph.adj, end, "vertex")
    from_left = nx.single_source_shortest_path_length(graph, terminals[0])
    from_right = nx.single_source_shortest_path_length(graph, terminals[1])
    columns: dict[float, list[Any]] = {}
    for node in graph:
        columns.setdefault(from_left[node] / max(1, from_left[node] + from_right[node]), []).append(
            node
        )
    return {
        node: (x, k - (len(column) - 1) / 2)
        for x, column in columns.items()
        for k, node in enumerate(column)
    }


def layer_places(layers: Mapping[int, Sequence[Hashable]]) -> dict[Any, tuple[float, float]]:
    """Place vertices in columns, one a layer, each centred.

    Examples
    --------
    >>> layer_places({0: ["a"], 1: ["b", "c"]})
    {'a': (0.0, 0.0), 'b': (1.0, 0.5), 'c': (1.0, -0.5)}
    """
    return {
        v: (float(layer), (len(row) - 1) / 2 - k)
        for layer, row in layers.items()
        for k, v in enumerate(row)
    }
