"""What ``neurenorm measure`` shows: tables for a terminal, and one self-contained page with the
maps drawn.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["measured_text", "page"]

Found = Mapping[str, Any]
Table = tuple[tuple[str, ...], list[list[str]]]

CONVENTIONS = (
    "Entropies in bits. A unit is on where its pre-activation is positive. Channels are units, "
    "their H x W positions pooled; a row is a sample at a position.",
    "bits/unit, sum: plug-in, low by 1/(2 N ln 2) for every unit that switches, at most 1 a unit. "
    "TC = sum (with that bias removed) - joint.",
    "joint: all units at one position, Miller-Madow, at most its cap: a bit a unit, or what rows "
    "that all differ would give. Near the latter a bound: *.",
    "d_eff: exp(-sum p ln p) over the normalised eigenvalues p of the centred covariance behind "
    "the activation. PR: 1/sum p^2.",
    "Both at most the cap min(units, rows - 1), and low by about the fraction units/(2 rows) for "
    "white data. Errors: jackknife over ten blocks of samples.",
)
THEORY = (
    "kernel recursion: K' = sb2 + sw2 <phi^2>, c' = (sb2 + sw2 <phi_a phi_b>)/K' in the wide limit "
    "of random weights, and bits/unit = G(sqrt(c/(1 - c))).",
    "Gaussian marginals: behind batch normalisation a unit is on with probability "
    "Phi(beta/|gamma|). none: no map is known, see the notes.",
    "What is measured beyond the theory is what training (or finite width) made. chi: dc'/dc at c "
    "= 1, below 1 (ordered) nearby inputs come together;",
    "depth: -1/ln chi, over how many layers they do; negative where they move apart over as many.",
)
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
PANEL, MARGIN = 320, 44


def _number(value: Any) -> str:
    """A number to four digits, a word, or a dash."""
    return "–" if value is None else value if isinstance(value, str) else f"{value:.4g}"


def _with_error(value: float | None, error: float | None) -> str:
    """A number with its error."""
    return _number(value) + (f" ± {error:.2g}" if value is not None and error is not None else "")


def measured_table(found: Found) -> Table:
    """Return header and cells of what was measured."""
    head = (
        "layer",
        "kind",
        "units",
        "positions",
        "bits/unit",
        "sum",
        "joint",
        "cap",
        "TC",
        "dead",
        "always on",
        "d_eff",
        "PR",
        "cap",
    )
    return head, [_measured_cells(row) for row in found["layers"]]


def _measured_cells(row: Mapping[str, Any]) -> list[str]:
    """One layer."""
    pairs = {
        name: _with_error(row[name], row[f"{name}_error"])
        for name in ("bits_per_unit", "bits_sum", "joint_bits", "total_correlation")
    }
    if row["joint_saturated"]:
        least = min(row["joint_bits"], row["joint_cap"])
        pairs |= {
            "joint_bits": f"≥ {_number(least)}*",
            "total_correlation": f"≤ {_number(row['bits_sum'] - least)}*",
        }
    dimensions = [
        _with_error(row[name], row[f"{name}_error"])
        for name in ("effective_dimension", "participation_ratio")
    ]
    return [
        *[str(row[name]) for name in ("layer", "kind", "units", "positions")],
        pairs["bits_per_unit"],
        pairs["bits_sum"],
        pairs["joint_bits"],
        _number(row["joint_cap"]),
        pairs["total_correlation"],
        str(row["always_off"]),
        str(row["always_on"]),
        *dimensions,
        str(row["effective_dimension_cap"]),
    ]


def theory_table(found: Found) -> Table:
    """Return header and cells of theory beside measurement."""
    head = (
        "layer",
        "part of the theory",
        "bits/unit",
        "theory",
        "K",
        "theory",
        "c",
        "theory",
        "sw2",
        "sb2",
        "chi",
        "depth",
        "growth",
        "phase",
    )
    return head, [_theory_cells(row) for row in found["layers"]]


def _theory_cells(row: Mapping[str, Any]) -> list[str]:
    """One layer."""
    maps = row["theory_maps"] or {}
    beside = [
        _number(row[name])
        for what in ("bits_per_unit", "length", "correlation")
        for name in (what, f"theory_{what}")
    ]
    here = [_number(maps.get(name)) for name in ("sw2", "sb2", "chi", "depth", "growth", "phase")]
    return [row["layer"], row["theory_part"], *beside, *here]


def map_tables(found: Found) -> list[tuple[str, Table]]:
    """Return the maps that lead to every layer: K' against K, and c' against c."""
    rows = [row for row in found["layers"] if row["theory_maps"] is not None]
    if not rows:
        return []
    lengths = [
        [
            f"{row['layer']} (from {row['theory_maps']['activation']})",
            *_pairs(row["theory_maps"]["length"]),
        ]
        for row in rows
    ]
    grid = rows[0]["theory_maps"]["correlation"][0]
    correlations = [
        [row["layer"], *map(_number, row["theory_maps"]["correlation"][1])] for row in rows
    ]
    head = ("to the layer", "K/4", "K/2", "K", "2 K", "4 K")
    return [
        ("Length map, K -> K'", (head, lengths)),
        ("Correlation map, c' at", (("to the layer", *map(_number, grid)), correlations)),
    ]


def _pairs(table: Sequence[Sequence[float]]) -> list[str]:
    """Arrows from the first row to the second."""
    return [f"{_number(before)} -> {_number(after)}" for before, after in zip(*table, strict=True)]


def weights_tables(found: Found) -> list[tuple[str, Table]]:
    """Return what the weights of dense layers say without data."""
    head = (
        "layer",
        "inputs",
        "units",
        "neural persistence",
        "inverse participation",
        "times inputs",
    )
    rows = [
        [
            row["layer"],
            str(row["inputs"]),
            str(row["units"]),
            _number(row["persistence"]),
            *_participation(row),
        ]
        for row in found["weights"]
    ]
    title = (
        "Weights of dense layers (persistence normalised, 0 for equal strengths; participation "
        "times inputs 1 for equal weights, 3 for Gaussian ones)"
    )
    return [(title, (head, rows))] if rows else []


def _participation(row: Mapping[str, Any]) -> list[str]:
    """The inverse participation ratio, and in units of its least value."""
    value = row["participation"]
    return [_number(value), _number(None if value is None else value * row["inputs"])]


def network_line(network: Mapping[str, Any]) -> str:
    """Return the complexity of the network in a sentence."""
    total, joint = (
        _with_error(network["total"], network["error"]),
        _with_error(network["joint"], network["joint_error"]) + "*" * network["saturated"],
    )
    return (
        f"network: {total} bits in {network['units']} units ({network['per_unit']:.4g} bits per "
        f"unit; low by {network['bias']:.2g}),"
        f" layer by layer jointly {joint}; all states together between {network['at_least']:.4g} "
        f"and {network['at_most']:.4g}"
    )


def notes(found: Found) -> list[str]:
    """Return what else is to be said: fixed points, missing predictions, dead units, constant
    features.
    """
    ends = [_destination(end) for end in found["destinations"]]
    reasons = dict.fromkeys(
        f"{row['layer']}: {row['theory_note']}"
        for row in found["layers"]
        if row["theory_part"] != "kernel recursion"
    )
    return [*ends, *reasons, *found["notes"]]


def _destination(end: Mapping[str, Any]) -> str:
    """A fixed point in a sentence."""
    if end["length"] is None:
        return f"equal layers of {end['activation']}: {end['message']}"
    return (
        f"equal layers of {end['activation']} lead to K* = {_number(end['length'])}, c* = "
        f"{_number(end['correlation'])}, where chi = {_number(end['chi'])}"
    )


def _aligned(table: Table) -> list[str]:
    """Rows of text in columns."""
    cells = [list(table[0]), *table[1]]
    widths = [max(len(line[k]) for line in cells) for k in range(len(table[0]))]
    return [
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip()
        for line in cells
    ]


def measured_text(found: Found) -> str:
    """Return the tables for a terminal, with their conventions.

    Parameters
    ----------
    found : mapping
        From `neurenorm.numerics.measure.network.command.measure_model`.
    """
    parts = [
        ["Measured", *_aligned(measured_table(found)), network_line(found["network"]), *CONVENTIONS]
    ]
    parts.append(
        [
            f"Theory, at the variances {found['initial']['source']}",
            *_aligned(theory_table(found)),
            *THEORY,
        ]
    )
    parts += [
        [title, *_aligned(table)] for title, table in (*map_tables(found), *weights_tables(found))
    ]
    parts.append(notes(found))
    return "\n\n".join("\n".join(part) for part in parts if part)


def page(found: Found) -> str:
    """Return the same as one self-contained HTML page, with the maps drawn.

    Parameters
    ----------
    found : mapping
        From `neurenorm.numerics.measure.network.command.measure_model`, and ``model``, a name.
    """
    title = f"Layers of {html.escape(Path(found['model']).name)}"
    style = (
        "body{font:16px/1.5 "
        "system-ui,sans-serif;margin:1rem;color:#1a1a1a;background:#fff}table{border-collapse:collapse}svg{max-width:100%}"
    )
    style += "th,td{padding:.3rem .6rem;border-bottom:1px solid #ccc;text-align:right}th:first-child,td:first-child{text-align:left}div{overflow-x:auto}"
    meta = (
        "<meta charset='utf-8'><meta name='viewport' content='width=device-width, "
        f"initial-scale=1'><title>{title}</title><style>{style}</style>"
    )
    measured = [
        _html_table(measured_table(found)),
        *_paragraphs([network_line(found["network"]), *CONVENTIONS]),
    ]
    theory = [
        f"<h2>Theory, at the variances {html.escape(found['initial']['source'])}</h2>",
        _html_table(theory_table(found)),
        *_paragraphs(THEORY),
    ]
    maps = [
        f"<h2>{html.escape(heading)}</h2>{_html_table(table)}"
        for heading, table in (*map_tables(found), *weights_tables(found))
    ]
    body = "".join(
        [
            f"<h1>{title}</h1><h2>Measured</h2>",
            *measured,
            *theory,
            _drawn(found),
            *maps,
            *_paragraphs(notes(found)),
        ]
    )
    return f"<!doctype html><html lang='en'><head>{meta}</head><body>{body}</body></html>\n"


def _html_table(table: Table) -> str:
    """A table."""
    head = "".join(f"<th>{html.escape(text)}</th>" for text in table[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>"
        for row in table[1]
    )
    return f"<div><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _paragraphs(lines: Sequence[str]) -> list[str]:
    """Lines as paragraphs."""
    return [f"<p>{html.escape(line)}</p>" for line in lines]


def _drawn(found: Found) -> str:
    """Both maps of every layer, and the measured steps as dots."""
    panels = []
    for what, label in (("length", "length K"), ("correlation", "correlation c")):
        curves, dots = [], []
        for before, row in zip([None, *found["layers"]], found["layers"], strict=False):
            if row["theory_maps"] is not None:
                curves.append((row["layer"], *row["theory_maps"][what]))
                dots.append(
                    None
                    if before is None or row["theory_maps"]["activation"] == "linear"
                    else (before[what], row[what])
                )
        if curves:
            panels.append(_panel(label, curves, dots))
    return "".join(panels)


def _panel(
    label: str,
    curves: Sequence[tuple[str, Sequence[float], Sequence[float]]],
    dots: Sequence[tuple[Any, Any] | None],
) -> str:
    """One square figure: curves from the origin on equal axes with the diagonal, and a dot for each
    measured step.
    """
    top = max(1e-300, *(max(*x, *y) for _, x, y in curves))
    drawn = [
        f"<path d='M{MARGIN},{PANEL} L{PANEL + MARGIN},0' stroke='#999' stroke-dasharray='4' "
        "fill='none'/>"
    ]
    for k, ((name, x, y), dot) in enumerate(zip(curves, dots, strict=True)):
        colour = COLOURS[k % len(COLOURS)]
        line = " ".join("{},{}".format(*_place(a, b, top)) for a, b in zip(x, y, strict=True))
        drawn.append(
            f"<polyline points='{line}' stroke='{colour}' fill='none' stroke-width='2'><title>to "
            f"{html.escape(name)}</title></polyline>"
        )
        if dot is not None and None not in dot and max(dot) <= top:
            across, up = _place(*dot, top)
            drawn.append(
                f"<circle cx='{across}' cy='{up}' r='5' fill='{colour}'><title>measured, to "
                f"{html.escape(name)}</title></circle>"
            )
    frame = (
        f"<rect x='{MARGIN}' y='0' width='{PANEL}' height='{PANEL}' fill='none' stroke='#1a1a1a'/>"
    )
    texts = (
        f"<text x='{MARGIN}' y='{PANEL + 18}'>0</text><text x='{PANEL + MARGIN}' y='{PANEL + 18}' "
        f"text-anchor='end'>{top:.3g}</text>"
    )
    texts += f"<text x='{MARGIN + PANEL / 2}' y='{PANEL + 36}' text-anchor='middle'>{label} of a layer</text>"
    texts += f"<text transform='translate({MARGIN - 10},{PANEL / 2}) rotate(-90)' text-anchor='middle'>of the next</text>"
    size = (
        f"width='{PANEL + MARGIN + 8}' height='{PANEL + 44}' viewBox='0 -4 {PANEL + MARGIN + 8} "
        f"{PANEL + 48}'"
    )
    told = (
        f"role='img' aria-label='Predicted map of the {label} (lines) and measured steps (dots)' "
        "font-size='13'"
    )
    return f"<svg {size} {told}>{''.join(drawn)}{frame}{texts}</svg>"


def _place(x: float, y: float, top: float) -> tuple[str, str]:
    """Coordinates in a panel."""
    return f"{MARGIN + PANEL * x / top:.1f}", f"{PANEL * (1 - y / top):.1f}"
