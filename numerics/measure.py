"""The table behind ``neurenorm measure MODEL.onnx DATA.npy``: what theory predicts for a user's network, and what the user's data show.

Wiring it into a parser takes two lines: ``add_arguments(subparser)`` and ``subparser.set_defaults(run=measure_command)``.
"""

from __future__ import annotations

import argparse
import html
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from numerics.files import writable, write_whole
from numerics.networks import LayerReport, observe, predict, read_onnx
from numerics.networks.model import Model, ModelError
from numerics.networks.prediction import Prediction

__all__ = ["add_arguments", "measure_command", "measure_model", "table_text"]

CONVENTIONS = (
    "Entropies in bits. A unit is on where its pre-activation is positive; channels are units and positions are pooled.",
    "bits/unit: mean over units (plug-in; low by 1/(2 N ln 2) per unit). joint: all units at one position; at most log2(rows), marked * within a bit of it.",
    "d_eff: exp(-sum p ln p) over the eigenvalues of the centred covariance behind the activation, at most min(units, rows - 1), ± jackknife over ten blocks.",
    "theory: wide limit of random weights with the variances of these weights; the difference is what training (or finite width) made.",
)
_COLUMNS = ("layer", "kind", "units", "positions", "bits/unit", "theory", "sum", "joint", "dead", "always on", "d_eff", "PR", "K", "K theory", "c", "c theory")


def add_arguments(subparser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``measure`` to a parser."""
    subparser.add_argument("model", metavar="MODEL.onnx", help="a network as an ONNX file")
    subparser.add_argument("data", metavar="DATA.npy", help="samples along the first axis, in the units that the network takes")
    subparser.add_argument("--json", action="store_true", help="print JSON")
    subparser.add_argument("--report", metavar="FILE.html", help="write one self-contained page")
    subparser.add_argument("--force", action="store_true", help="overwrite an existing file")


def measure_command(arguments: argparse.Namespace) -> int:
    """Run ``measure`` and return the exit status 0; bad input raises ValueError before anything is written."""
    target = writable(arguments.report, force=arguments.force) if arguments.report else None
    try:
        rows = measure_model(read_onnx(arguments.model), read_array(arguments.data))
    except ImportError as error:
        raise ValueError(str(error)) from error
    print(json.dumps({"model": str(arguments.model), "layers": rows}, indent=2, allow_nan=False) if arguments.json else table_text(rows))
    if target is not None:
        write_whole(target, page(str(arguments.model), rows))
    return 0


def read_array(path: str | Path) -> NDArray[Any]:
    """Return the array in an .npy file.

    Raises
    ------
    ModelError
        If it is no file, or not an array of numbers.
    """
    file = Path(path)
    if file.is_dir():
        raise ModelError(f"{file} is a folder; name an .npy file")
    if not file.is_file():
        raise ModelError(f"there is no file {file}")
    try:
        array = np.load(file, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ModelError(f"{file} is not an .npy file with an array of numbers, or it is damaged") from error
    if not isinstance(array, np.ndarray):
        raise ModelError(f"{file} holds several arrays; save one with numpy.save")
    return array


def measure_model(model: Model, data: NDArray[Any]) -> list[dict[str, Any]]:
    """Return the measured and the predicted observables of every layer of activations, ready for JSON.

    Parameters
    ----------
    model : Model
    data : ndarray, shape (samples, ...)

    Returns
    -------
    list of dict
        Numbers, strings or None.

    Raises
    ------
    ModelError
        For data that do not fit the model.
    """
    reports = observe(model, data)
    predictions = {prediction.layer: prediction for prediction in predict(model, data)}
    return [_row(report, predictions.get(report.layer)) for report in reports]


def _row(report: LayerReport, prediction: Prediction | None) -> dict[str, Any]:
    """One layer as plain data."""
    theory = prediction if prediction is not None else Prediction(report.layer, None, None, None, None, "no prediction")
    complexity, joint = report.complexity, report.joint
    error = float(np.sqrt(np.sum(complexity.errors**2))) / report.units
    measured = {
        "layer": report.layer,
        "kind": report.kind,
        "units": report.units,
        "positions": report.positions,
        "rows": report.rows,
        "bits_per_unit": complexity.mean,
        "bits_per_unit_error": error,
        "bits_sum": complexity.total,
        "bits_sum_bias": -complexity.bias,
        "joint_bits": joint.value,
        "joint_bits_error": joint.error,
        "joint_method": joint.method,
        "joint_cap": joint.cap,
        "joint_saturated": joint.saturated,
        "total_correlation": report.total_correlation,
        "always_off": complexity.always_off,
        "always_on": complexity.always_on,
        "effective_dimension": report.effective_dimension,
        "effective_dimension_error": report.error,
        "effective_dimension_before": report.before,
        "participation_ratio": report.participation_ratio,
        "length": report.length,
        "correlation": report.correlation,
    }
    predicted = {
        "theory_bits_per_unit": theory.bits,
        "theory_length": theory.length,
        "theory_correlation": theory.correlation,
        "theory_depth_scale": _finite(theory.depth_scale),
        "theory_note": theory.note,
    }
    return {**measured, **predicted}


def _finite(number: float | None) -> float | str | None:
    """A number, or the word for an infinite one."""
    return "inf" if number is not None and math.isinf(number) else number


def _cells(row: Mapping[str, Any]) -> list[str]:
    """One row of the table as text."""
    spread = row["effective_dimension_error"]
    dimension = _number(row["effective_dimension"]) + (f" ± {spread:.2g}" if spread is not None else "")
    return [
        row["layer"],
        row["kind"],
        str(row["units"]),
        str(row["positions"]),
        _number(row["bits_per_unit"]),
        _number(row["theory_bits_per_unit"]),
        _number(row["bits_sum"]),
        _number(row["joint_bits"]) + "*" * row["joint_saturated"],
        str(row["always_off"]),
        str(row["always_on"]),
        dimension,
        *[_number(row[key]) for key in ("participation_ratio", "length", "theory_length", "correlation", "theory_correlation")],
    ]


def _number(value: float | None) -> str:
    """A number to four digits, or a dash."""
    return "–" if value is None else f"{value:.4g}"


def table_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the table of layers for a terminal, with its conventions.

    Parameters
    ----------
    rows : list of dict
        From `measure_model`.
    """
    cells = [list(_COLUMNS), *map(_cells, rows)]
    widths = [max(len(line[k]) for line in cells) for k in range(len(_COLUMNS))]
    lines = ["  ".join(text.ljust(width) if k < 2 else text.rjust(width) for k, (text, width) in enumerate(zip(line, widths, strict=True))) for line in cells]
    notes = list(dict.fromkeys(f"{row['layer']}: {row['theory_note']}" for row in rows if row["theory_bits_per_unit"] is None))
    return "\n".join([*(line.rstrip() for line in lines), "", *CONVENTIONS, *notes])


def page(name: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the same as one self-contained HTML page.

    Examples
    --------
    >>> page("net.onnx", []).startswith("<!doctype html>")
    True
    """
    style = "body{font:16px/1.5 system-ui,sans-serif;margin:1rem;color:#1a1a1a;background:#fff}table{border-collapse:collapse}"
    style += "th,td{padding:.3rem .6rem;border-bottom:1px solid #ccc;text-align:right}th:first-child,td:first-child{text-align:left}div{overflow-x:auto}"
    head = "".join(f"<th>{html.escape(column)}</th>" for column in _COLUMNS)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in _cells(row)) + "</tr>" for row in rows)
    notes = "".join(f"<p>{html.escape(line)}</p>" for line in (*CONVENTIONS, *(f"{row['layer']}: {row['theory_note']}" for row in rows)))
    title = f"Layers of {html.escape(Path(name).name)}"
    meta = f"<meta charset='utf-8'><meta name='viewport' content='width=device-width, initial-scale=1'><title>{title}</title><style>{style}</style>"
    table = f"<div><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    return f"<!doctype html><html lang='en'><head>{meta}</head><body><h1>{title}</h1>{table}{notes}</body></html>\n"
