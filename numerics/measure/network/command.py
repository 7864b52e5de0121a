"""Behind ``neurenorm measure MODEL.onnx DATA.npy``: what theory predicts for a user's network, and
what the user's data show, as plain data.
"""

from __future__ import annotations

import argparse
import html
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Rational, nan

from neurenorm.graphs.persistence import neural_persistence
from neurenorm.numerics.files import writable, write_whole
from neurenorm.numerics.measure.network import (
    LayerReport,
    initial_variances,
    observe,
    predict,
    read_onnx,
)
from neurenorm.numerics.measure.network.layers import dense_matrices
from neurenorm.numerics.measure.network.maps import LayerMaps, depth_scales, destination
from neurenorm.numerics.measure.network.model import Model, ModelError, chunks
from neurenorm.numerics.measure.network.operation import ACTIVATIONS, HIDDEN
from neurenorm.numerics.measure.network.page import measured_text, page
from neurenorm.numerics.measure.network.prediction import Prediction, Variances
from neurenorm.numerics.measure.network.whole import network_complexity
from neurenorm.numerics.observables.dimension import inverse_participation
from neurenorm.numerics.terminal import say
from neurenorm.theory.algebra.reading import read_number, shown

__all__ = ["add_arguments", "measure_command", "measure_model", "read_array"]

MOST_WEIGHTS = 1_000_000
LENGTHS = (0.25, 0.5, 1.0, 2.0, 4.0)
CORRELATIONS = tuple(k / 10 for k in range(11))


def add_arguments(subparser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``measure`` to a parser."""
    subparser.add_argument("model", metavar="MODEL.onnx", help="a network as an ONNX file")
    subparser.add_argument(
        "data",
        metavar="DATA.npy",
        help="samples along the first axis, in the units that the network takes",
    )
    subparser.add_argument("--json", action="store_true", help="print JSON")
    subparser.add_argument("--report", metavar="FILE.html", help="write one self-contained page")
    subparser.add_argument("--force", action="store_true", help="overwrite an existing file")
    start = subparser.add_mutually_exclusive_group()
    start.add_argument(
        "--initial",
        metavar="UNTRAINED.onnx",
        help="the network before training: its variances are those of the theory",
    )
    start.add_argument(
        "--variances",
        metavar=("SW2", "SB2"),
        nargs=2,
        type=_variance,
        help="variances of weights and biases before training, for all layers",
    )
    subparser.add_argument(
        "--operators",
        action=_Operators,
        nargs=0,
        help="say which operators run and which activations are recorded, and leave",
    )
    subparser.add_argument(
        "--chunk", metavar="N", type=int, default=512, help="samples that run at once (default 512)"
    )


class _Operators(argparse.Action):
    """Print what runs, what is recorded, and what is not."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        """Print the lists and leave."""
        print(
            "runs: every operator that the reference of ONNX runs, by the version that the model "
            "names\n"
        )
        print(f"recorded, also where written in pieces: {', '.join(sorted(ACTIVATIONS))}\n")
        print(
            f"unsupported, their activations cannot be recorded: {', '.join(HIDDEN)}, and bodies "
            "of control flow with activations"
        )
        parser.exit()


def _variance(text: str) -> Rational:
    """A variance as an exact number."""
    try:
        value = read_number(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if value is None or value is nan:
        raise argparse.ArgumentTypeError(
            f"{shown(text)} is not a number; a variance is one such as 2, 0.05 or 1/3"
        )
    if not value.is_finite or value < 0:
        raise argparse.ArgumentTypeError(f"a variance is finite and not negative, got {text}")
    return value


def measure_command(arguments: argparse.Namespace) -> int:
    """Run ``measure`` and return the exit status 0; bad input raises ValueError before anything is
    written.
    """
    target = writable(arguments.report, force=arguments.force) if arguments.report else None
    try:
        untrained = read_onnx(arguments.initial) if arguments.initial else None
        found = measure_model(
            read_onnx(arguments.model),
            read_array(arguments.data),
            untrained,
            arguments.variances,
            arguments.chunk,
        )
    except ImportError as error:
        raise ValueError(str(error)) from error
    found["model"] = str(arguments.model)
    text = json.dumps(found, indent=2, allow_nan=False) if arguments.json else measured_text(found)
    if target is not None:
        write_whole(target, page(found))
    say(text)
    return 0


def read_array(path: str | Path) -> NDArray[Any]:
    """Return the array in an .npy file, left on disk until it is used.

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
        array = np.load(file, allow_pickle=False, mmap_mode="r")
    except (ValueError, OSError, EOFError) as error:
        raise ModelError(
            f"{file} is not an .npy file with an array of numbers, or it is damaged"
        ) from error
    if not isinstance(array, np.ndarray):
        raise ModelError(f"{file} holds several arrays; save one with numpy.save")
    return array


class Measurement(dict[str, Any]):
    """What was measured and predicted, ready for JSON, which prints as the table of the command
    line.

    Examples
    --------
    >>> Measurement(layers=[])["layers"]
    []
    """

    def __str__(self) -> str:
        return measured_text(self)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def as_model(source: Any, data: NDArray[Any]) -> Model:
    """Return a network as a model: the path of an ONNX file is read, a module of torch exported.

    Examples
    --------
    >>> model = Model([], {}, "x", (2,), ("x",))
    >>> as_model(model, np.zeros((1, 2))) is model
    True
    """
    if isinstance(source, str | Path):
        return read_onnx(source)
    if isinstance(source, Model):
        return source
    if hasattr(source, "state_dict"):
        from neurenorm.numerics.measure.network.torch_module import from_torch

        return from_torch(source, np.shape(data)[1:])
    raise ModelError(
        f"a network is the path of an ONNX file, a module of torch or a Model, not a "
        f"{type(source).__name__}"
    )


def measure_model(
    model: Any,
    data: NDArray[Any],
    untrained: Any = None,
    variances: Sequence[Rational] | None = None,
    chunk: int = 512,
) -> Measurement:
    """Return the measured and the predicted observables of a network, ready for JSON.

    Parameters
    ----------
    model : Model, path of an ONNX file, or torch.nn.Module
    data : ndarray, shape (samples, ...)
    untrained : Model, path or module, optional
        The network before training, whose variances the theory takes.
    variances : pair of Rational, optional
        (σ_w², σ_b²) before training for all layers, instead; by default those that the weights have
        now.
    chunk : int
        Samples that run at once.

    Returns
    -------
    Measurement
        A mapping that prints as a table: ``layers`` (one mapping for each layer of activations), ``network``, ``initial`` (where the
        variances come from, and which they are), ``destinations`` (fixed points of equal layers,
        where variances are given for all), ``weights`` (what the dense layers say without data) and
        ``notes``; numbers, strings or None.

    Raises
    ------
    ModelError
        For data that do not fit the model.
    """
    name = str(model) if isinstance(model, str | Path) else type(model).__name__
    model = as_model(model, data)
    untrained = None if untrained is None else as_model(untrained, data)
    pair = None if variances is None else (float(variances[0]), float(variances[1]))
    start = initial_variances(model, untrained, pair)
    reports, predictions = (
        observe(model, data, chunk),
        {prediction.layer: prediction for prediction in predict(model, data, start)},
    )
    whole = network_complexity(reports)
    found = {
        "model": name,
        "layers": [
            _row(report, predictions.get(report.layer, _unpredicted(report))) for report in reports
        ],
        "network": {**asdict(whole), "per_unit": whole.per_unit},
        "initial": _initial(start, untrained, pair),
        "destinations": []
        if variances is None
        else _destinations(list(predictions.values()), variances),
        "weights": _weights(model),
        "notes": [
            *_notes_on_model(model),
            *_notes_on_data(data),
            *(note for report in reports for note in _notes_on(report)),
        ],
    }
    return Measurement(found)


def _unpredicted(report: LayerReport) -> Prediction:
    """No prediction for a layer that the recursion does not reach."""
    return Prediction(
        report.layer,
        None,
        None,
        None,
        None,
        "no prediction: the data do not reach this layer through weights",
    )


def _initial(
    start: Variances, untrained: Model | None, pair: tuple[float, float] | None
) -> dict[str, Any]:
    """The variances that the theory takes, and where they come from."""
    given = (
        "given for all layers"
        if pair is not None
        else "of the network before training"
        if untrained is not None
        else "of the weights as they are now"
    )
    return {"source": given, "variances": {name: list(values) for name, values in start.items()}}


def _destinations(
    predictions: Sequence[Prediction], variances: Sequence[Rational]
) -> list[dict[str, Any]]:
    """Where equal layers of each activation would lead."""
    kinds = dict.fromkeys(
        (p.maps.name, p.maps.slope)
        for p in predictions
        if p.maps is not None and p.maps.name != "linear"
    )
    found = [(name, destination(name, slope, variances[0], variances[1])) for name, slope in kinds]
    return [{"activation": name, **asdict(end)} for name, end in found]


def _weights(model: Model) -> list[dict[str, Any]]:
    """Neural persistence of every dense layer (of networks that are not too large for a spanning
    tree in plain Python) and participation of its units.
    """
    found = list(dense_matrices(model))
    matrices = [matrix for _, matrix in found]
    small = sum(matrix.size for matrix in matrices) <= MOST_WEIGHTS and any(
        np.any(matrix) for matrix in matrices
    )
    persistence = neural_persistence(matrices) if small else [None] * len(found)
    return [
        {
            "layer": name,
            "inputs": len(matrix),
            "units": matrix.shape[1],
            "persistence": value,
            "participation": _participation(matrix),
        }
        for (name, matrix), value in zip(found, persistence, strict=True)
    ]


def _participation(matrix: NDArray[Any]) -> float | None:
    """Mean inverse participation ratio of the weights of a unit, over the units that have any."""
    used = matrix.T[np.any(matrix, axis=0)]
    return float(inverse_participation(used).mean()) if len(used) else None


def _notes_on_model(model: Model) -> list[str]:
    """How samples run where their number is fixed."""
    if not model.batch:
        return []
    how = (
        "one sample: they ran one by one"
        if model.batch == 1
        else f"{model.batch} samples: they ran that many at a time"
    )
    return [f"the model is exported for {how}"]


def _notes_on_data(data: NDArray[Any]) -> list[str]:
    """Features of the data that do not vary."""
    constant = np.ones(data.shape[1:], dtype=bool)
    for part in chunks(data):
        constant &= np.all(part == data[:1], axis=0)
    count = int(constant.sum())
    return [f"the data: {count} of {constant.size} features are constant"] if count else []


def _notes_on(report: LayerReport) -> list[str]:
    """Units that never switch, and layers that do not vary."""
    off, on = report.complexity.always_off, report.complexity.always_on
    notes = (
        [
            f"{report.layer}: {off} of {report.units} units are dead (always off) and {on} always "
            "on; they have no bits"
        ]
        if off + on
        else []
    )
    if report.effective_dimension is None:
        notes.append(
            f"{report.layer}: constant on these data behind the activation, so it has no dimension"
        )
    return notes


def _row(report: LayerReport, theory: Prediction) -> dict[str, Any]:
    """One layer as plain data."""
    complexity, joint, after = report.complexity, report.joint, report.after
    measured = {
        "layer": report.layer,
        "kind": report.kind,
        "units": report.units,
        "positions": report.positions,
        "rows": report.rows,
        "bits_per_unit": complexity.mean,
        "bits_per_unit_error": complexity.total_error / report.units,
        "bits_sum": complexity.total,
        "bits_sum_error": complexity.total_error,
        "bits_sum_bias": -complexity.bias,
        "joint_bits": joint.value,
        "joint_bits_error": joint.error,
        "joint_method": joint.method,
        "joint_note": joint.note,
        "joint_cap": joint.cap,
        "joint_saturated": joint.saturated,
        "total_correlation": report.total_correlation,
        "total_correlation_error": report.total_correlation_error,
        "always_off": complexity.always_off,
        "always_on": complexity.always_on,
        "effective_dimension": after.effective,
        "effective_dimension_error": after.effective_error,
        "effective_dimension_cap": after.cap,
        "effective_dimension_before": report.before.effective,
        "effective_dimension_before_error": report.before.effective_error,
        "participation_ratio": after.participation,
        "participation_ratio_error": after.participation_error,
        "rank": after.rank,
        "leading_dimension": after.leading,
        "length": report.length,
        "correlation": report.correlation,
    }
    predicted = {
        "theory_part": theory.part,
        "theory_bits_per_unit": theory.bits,
        "theory_length": theory.length,
        "theory_correlation": theory.correlation,
        "theory_depth_scale": _finite(theory.depth_scale),
        "theory_growth_length": _finite(theory.growth_length),
        "theory_note": theory.note,
        "theory_maps": None if theory.maps is None else _maps(theory.maps),
    }
    return {**measured, **predicted}


def _maps(maps: LayerMaps) -> dict[str, Any]:
    """The maps that led to a layer, as short tables."""
    lengths = [maps.length * factor for factor in LENGTHS]
    return {
        "activation": maps.name,
        "sw2": maps.sw2,
        "sb2": maps.sb2,
        "chi": maps.chi,
        "depth": _finite(depth_scales(maps.chi)[0]),
        "growth": _finite(depth_scales(maps.chi)[1]),
        "phase": maps.phase,
        "length": [lengths, maps.lengths(lengths).tolist()],
        "correlation": [list(CORRELATIONS), maps.correlations(CORRELATIONS).tolist()],
    }


def _finite(number: float | None) -> float | str | None:
    """A number, or the word for an infinite one."""
    return "inf" if number is not None and math.isinf(number) else number
