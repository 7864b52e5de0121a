"""Measures network files that others wrote, and checks each against an evaluator of its own.

Run as ``python benchmarks/measured_files.py [--folder FOLDER ...] [--page
docs/measured-files.md]``. Sources are the models of the package onnx, exports of scikit-learn (by
skl2onnx) and of torch, where these are installed, and ``.onnx`` files in folders. A file counts as
right where every pre-activation agrees with onnxruntime (or the reference at single precision), and
bits and dimension are those of its arrays by a second computation; as refused where the refusal is
one line that names what is wrong; anything else is wrong.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
import types
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from neurenorm.numerics.measure.network import Model, ModelError, observe, read_onnx
from neurenorm.numerics.measure.network.onnx_file import load
from neurenorm.numerics.measure.network.units import unit_axes

LIMIT, LARGEST, SAMPLES = 10, 30 << 20, 40
NUMBERS = 2_000_000  # in the data
SINGLE, BOUNDED = float(np.finfo(np.float32).eps), ("Sigmoid", "Tanh", "HardSigmoid", "Softsign")
"""Single precision knows a function of values up to one to this, small values of it included."""


class Late(BaseException):
    """Raised in what runs too long; nothing takes it for an error of the file."""


def main() -> None:
    """Measure every file and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", action="append", default=[], type=Path)
    parser.add_argument("--page", type=Path)
    parser.add_argument("--commit", default="", help="of the code, for the page")
    parser.add_argument("--only", default="", help="sources that hold this word")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for source, name, make in _files(arguments.folder):
            if arguments.only not in source:
                continue
            path = Path(folder) / "model.onnx"
            try:
                path = make(path) or path
            except Exception as error:
                print(f"{source:28} {name[:44]:44} not made: {str(error)[:80]}", file=sys.stderr)
                continue
            rows.append((source, name, *outcome(path)))
            print(
                f"{source:28} {name[:44]:44} {rows[-1][2]:8} {rows[-1][3]:5.1f} s  "
                f"[{rows[-1][5]}] {rows[-1][4]}",
                flush=True,
            )
    if arguments.page:
        arguments.page.write_text(page(rows, arguments.commit))
    print(Counter((source, found) for source, _, found, *_ in rows))


def _vision() -> Any:
    """The models of torchvision, without the shapes of its operators for boxes, which a build for
    another torch lacks and no classifier needs.
    """
    sys.modules.setdefault(
        "torchvision._meta_registrations", types.ModuleType("torchvision._meta_registrations")
    )
    from torchvision import models

    return models


def _files(folders: list[Path]) -> Iterator[tuple[str, str, Callable[[Path], Path | None]]]:
    """Source, name and maker of every file."""
    from onnx.backend.test.case.node import collect_testcases

    for case in collect_testcases():
        yield "onnx, node tests", case.name, lambda path, case=case: onnx.save(case.model, path)
    stored = Path(onnx.__file__).parent / "backend" / "test" / "data"
    for kind in ("simple", "pytorch-operator", "pytorch-converted"):
        for file in sorted(stored.glob(f"{kind}/*/model.onnx")):
            yield f"onnx, {kind}", file.parent.name, lambda _, file=file: file
    for file in sorted(stored.glob("light/*.onnx")):
        yield "onnx, light models", file.stem, lambda _, file=file: file
    yield from _from_sklearn()
    yield from _from_torch()
    for folder in folders:
        for file in sorted(folder.rglob("*.onnx")):
            if "backend/test" not in str(file) and file.stat().st_size < LARGEST:
                yield (
                    "shipped in packages",
                    f"{file.parent.name}/{file.name}",
                    lambda _, file=file: file,
                )


def _from_sklearn() -> Iterator[tuple[str, str, Callable[[Path], Path | None]]]:
    """Exports of estimators that were fitted to random data."""
    try:
        import sklearn.pipeline as pipelines
        from skl2onnx import to_onnx
        from sklearn.utils import all_estimators
    except ImportError:
        return
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, StandardScaler

    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((80, 6)).astype(np.float32), rng.integers(0, 3, 80)

    def export(estimator: Any) -> Callable[[Path], None]:
        """What fits and writes it."""
        return lambda path: (
            path.write_bytes(to_onnx(estimator.fit(x, y), x[:1]).SerializeToString()) and None
        )

    for model in (MLPClassifier, MLPRegressor):
        for activation in ("relu", "tanh", "logistic"):
            for widths in ((12,), (10, 8)):
                net = model(
                    hidden_layer_sizes=widths, activation=activation, max_iter=30, random_state=0
                )
                yield (
                    "scikit-learn, perceptrons",
                    f"{model.__name__} {activation} {widths}",
                    export(net),
                )
        for scaler in (StandardScaler(), MinMaxScaler(), MaxAbsScaler()):
            net = pipelines.make_pipeline(
                scaler, model(hidden_layer_sizes=(9,), max_iter=30, random_state=0)
            )
            yield (
                "scikit-learn, perceptrons",
                f"{type(scaler).__name__} {model.__name__}",
                export(net),
            )
    for kind in ("classifier", "regressor", "transformer"):
        for name, model in all_estimators(kind):
            if not name.startswith("MLP"):
                try:
                    yield "scikit-learn, other", name, export(model())
                except TypeError:
                    continue


def _from_torch() -> Iterator[tuple[str, str, Callable[[Path], Path | None]]]:
    """Exports of activations, layers and whole networks with the weights that torch draws."""
    try:
        import torch
        from torch import nn
    except ImportError:
        return

    def export(module: Any, shape: tuple[int, ...], free: bool = True) -> Callable[[Path], None]:
        """What writes it."""
        axes = {"x": {0: "n"}} if free else None
        return lambda path: torch.onnx.export(
            module.eval(),
            (torch.zeros(2 if free else 1, *shape),),
            str(path),
            dynamo=False,
            input_names=["x"],
            dynamic_axes=axes,
        )

    torch.manual_seed(0)
    for act in (
        nn.ReLU,
        nn.GELU,
        nn.SiLU,
        nn.Mish,
        nn.Hardswish,
        nn.Hardsigmoid,
        nn.Hardtanh,
        nn.ReLU6,
        nn.Softsign,
        nn.CELU,
        nn.PReLU,
        nn.LeakyReLU,
        nn.ELU,
        nn.SELU,
        nn.Softplus,
        nn.LogSigmoid,
        nn.Tanh,
        nn.Sigmoid,
        nn.GLU,
    ):
        yield (
            "torch, layers",
            f"{act.__name__} behind Linear",
            export(
                nn.Sequential(nn.Linear(8, 8), act(), nn.Linear(4 if act is nn.GLU else 8, 2)), (8,)
            ),
        )
        yield (
            "torch, layers",
            f"{act.__name__} behind Conv2d",
            export(
                nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), act()), (2, 6, 6)
            ),
        )
        yield (
            "torch, layers",
            f"{act.__name__} behind Linear, LayerNorm",
            export(nn.Sequential(nn.Linear(8, 8), nn.LayerNorm(8), act()), (8,)),
        )
        yield (
            "torch, layers",
            f"{act.__name__} behind Conv1d, BatchNorm1d",
            export(nn.Sequential(nn.Conv1d(2, 4, 3, padding=1), nn.BatchNorm1d(4), act()), (2, 6)),
        )
        yield (
            "torch, layers",
            f"{act.__name__}, one sample",
            export(nn.Sequential(nn.Linear(8, 8), act()), (8,), False),
        )
    norms = {
        "LayerNorm": nn.LayerNorm([4, 6, 6]),
        "GroupNorm": nn.GroupNorm(2, 4),
        "InstanceNorm": nn.InstanceNorm2d(4),
        "LocalResponseNorm": nn.LocalResponseNorm(2),
    }
    for name, norm in norms.items():
        yield (
            "torch, layers",
            f"{name} behind Conv2d",
            export(nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), norm, nn.ReLU()), (2, 6, 6)),
        )
    for kind in (nn.LSTM, nn.GRU, nn.RNN):
        yield "torch, layers", kind.__name__, export(kind(4, 4, batch_first=True), (5, 4))
    yield (
        "torch, layers",
        "TransformerEncoderLayer",
        export(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), (5, 8)),
    )
    yield (
        "torch, layers",
        "ConvTranspose2d",
        export(nn.Sequential(nn.ConvTranspose2d(2, 4, 3), nn.ReLU()), (2, 6, 6)),
    )
    yield (
        "torch, layers",
        "Conv1d",
        export(
            nn.Sequential(
                nn.Conv1d(2, 4, 3, padding="same"), nn.ReLU(), nn.Flatten(), nn.Linear(24, 3)
            ),
            (2, 6),
        ),
    )
    try:
        models = _vision()
    except (ImportError, RuntimeError):
        return
    names = (
        "alexnet squeezenet1_1 mobilenet_v2 mobilenet_v3_small mobilenet_v3_large "
        "shufflenet_v2_x0_5 shufflenet_v2_x1_0 mnasnet0_5 mnasnet1_0 efficientnet_b0 "
        "regnet_y_400mf regnet_x_400mf googlenet densenet121 resnet18"
    )
    for name in names.split():
        yield (
            "torchvision",
            name,
            lambda path, name=name: export(getattr(models, name)(weights=None).eval(), (3, 64, 64))(
                path
            ),
        )


def outcome(path: Path) -> tuple[str, float, str, str]:
    """Return what became of a file, the seconds of processor that it took, a line on it, and the
    witness.
    """
    used: list[str] = []
    found, seconds, line = _measured(path, used)
    return found, seconds, line, used[0] if used else "none"


def _measured(path: Path, used: list[str]) -> tuple[str, float, str]:
    """Measure a file, check it, and note the witness that was used."""
    start = time.process_time()
    signal.signal(signal.SIGPROF, _late)
    signal.setitimer(signal.ITIMER_PROF, 6 * LIMIT)
    try:
        model = read_onnx(path)
        data = samples(model)
        reports = observe(model, data)
        seconds = time.process_time() - start
        line = f"{len(reports)} layers, {sum(r.units for r in reports)} units"
        fault = difference(path, model, data, reports, used)
        return (
            ("slow" if seconds > LIMIT else "right" if not fault else "wrong"),
            seconds,
            fault or line,
        )
    except ModelError as error:
        text = str(error).replace(str(path), "the file")
        return ("refused" if "\n" not in text else "wrong"), time.process_time() - start, text
    except Late:
        return "slow", time.process_time() - start, "too long"
    except Exception as error:
        return "wrong", time.process_time() - start, f"{type(error).__name__}: {error}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _late(*_: Any) -> None:
    """Stop."""
    raise Late


def samples(model: Model) -> np.ndarray:
    """Return random data of the declared shape; free extents are 64."""
    rng, shape = np.random.default_rng(3), [extent or 64 for extent in model.shape]
    count = (model.batch or 1) * int(
        np.clip(NUMBERS // max(1, int(np.prod(shape)) * 20), 4, SAMPLES)
    )
    if model.dtype.kind == "f":
        return rng.standard_normal((count, *shape)).astype(np.float32)
    return rng.integers(0, 2, (count, *shape)).astype(model.dtype)


def difference(
    path: Path, model: Model, data: np.ndarray, reports: list[Any], used: list[str]
) -> str:
    """Return what disagrees with the witness, or nothing."""
    wanted = [name for op in model.sites for name in (op.inputs[0], op.outputs[0])]
    arrays, axes = _witness(path, model, data, wanted, used), unit_axes(model, wanted, data)
    ours = model.run(data, wanted)
    for op, report in zip(model.sites, reports, strict=True):
        before, after = (arrays.get(name) for name in (op.inputs[0], op.outputs[0]))
        if before is None or after is None:
            return f"{op.name}: the witness has no such array"
        for name, array in ((op.inputs[0], before), (op.outputs[0], after)):
            fine = (1e-3, 1e-4) if array.dtype.name in ("float32", "float64") else (2e-2, 1e-2)
            array = array.astype(float)
            least = SINGLE if name == op.outputs[0] and op.kind in BOUNDED else 0.0
            close = max(least, fine[1] * (1e-9 + np.abs(array).max()))
            if not np.allclose(ours[name], array, rtol=fine[0], atol=close):
                return f"{op.name}: {name} differs by {np.abs(ours[name] - array).max():.2g}"
        h, z = (
            np.moveaxis(np.atleast_2d(ours[n].T).T, axes[n], -1)
            for n in (op.inputs[0], op.outputs[0])
        )
        p = (h.reshape(-1, h.shape[-1]) > 0).mean(axis=0)
        with np.errstate(all="ignore"):
            bits = np.nan_to_num(-p * np.log2(p) - (1 - p) * np.log2(1 - p)).mean()
        if abs(bits - report.complexity.mean) > 1e-9:
            return f"{op.name}: {report.complexity.mean:.6f} bits, not {bits:.6f}"
        rows = z.reshape(-1, z.shape[-1])
        if rows.shape[0] == report.after.rows and report.after.effective is not None:
            q = np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False) ** 2
            q = q[q > 1e-14 * q.max()] / q.sum()
            if abs(np.exp(-np.sum(q * np.log(q))) / report.after.effective - 1) > 1e-5:
                return f"{op.name}: dimension {report.after.effective:.6f}"
    return ""


def _witness(
    path: Path, model: Model, data: np.ndarray, wanted: list[str], used: list[str]
) -> dict[str, np.ndarray]:
    """Arrays by onnxruntime at single precision, or by the reference where that does not load the
    file.
    """
    proto = load(path)
    if proto.functions:
        proto = onnx.inliner.inline_local_functions(proto)
    kind = next(v.type.tensor_type.elem_type for v in proto.graph.input if v.name == model.input)
    typed = data.astype(onnx.helper.tensor_dtype_to_np_dtype(kind))
    del proto.graph.output[:]
    proto.graph.output.extend(onnx.ValueInfoProto(name=name) for name in dict.fromkeys(wanted))
    size = model.batch or len(data)
    parts = [typed[i : i + size] for i in range(0, len(data), size)]
    names = list(dict.fromkeys(wanted))
    try:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level, options.graph_optimization_level = (
            4,
            onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL,
        )
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(
            proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        found = [session.run(names, {model.input: part}) for part in parts]
        used.append("onnxruntime")
    except Exception:
        evaluator = onnx.reference.ReferenceEvaluator(proto)
        used.append("reference")
        found = [evaluator.run(names, {model.input: part}) for part in parts]
    join = (
        np.concatenate
        if not model.batch or all(np.ndim(a) and len(a) == size for a in found[0])
        else np.stack
    )
    return {name: join([part[i] for part in found]) for i, name in enumerate(names)}


def page(rows: list[Any], commit: str = "") -> str:
    """Return the table of counts as a page."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for source, _, found, *_ in rows:
        counts[source][found] += 1
    by_runtime: Counter[str] = Counter(row[0] for row in rows if row[5] == "onnxruntime")
    kinds = ("right", "refused", "slow", "wrong")
    lines = [
        "# Network files that others wrote",
        "",
        "Every file is measured on random data. *Right*: each pre-activation and activation agrees "
        "with onnxruntime (or the",
        "reference of ONNX at single precision), bits and effective dimension with a second "
        "computation from the arrays.",
        "*Refused*: one line that says what is wrong. *Slow*: more than 10 s. *Wrong*: anything "
        "else.",
        "Made by `benchmarks/measured_files.py`"
        + (f" in one run of the code of commit {commit}." if commit else "."),
        "",
        "| source | files | " + " | ".join(kinds) + " | checked by onnxruntime |",
        "|---" * (len(kinds) + 3) + "|",
    ]
    table = {**counts, "all": sum(counts.values(), Counter())}
    for source, found in table.items():
        lines.append(
            f"| {source} | {found.total()} | "
            + " | ".join(str(found[kind]) for kind in kinds)
            + f" | {by_runtime[source] if source in counts else by_runtime.total()} |"
        )
    reasons = Counter(_reason(text) for _, _, found, _, text, _ in rows if found == "refused")
    lines += ["", "## Why files are refused", "", "| reason | files |", "|---|---|"]
    lines += [f"| {reason} | {count} |" for reason, count in reasons.most_common()]
    failed = [row for row in rows if row[2] in ("slow", "wrong")]
    lines += ["", "## Slow or wrong", ""] + [
        f"* {source}, {name}: {text}" for source, name, _, _, text, _ in failed
    ]
    return "\n".join(lines) + "\n"


REASONS = (
    "no activation",
    "exactly one, the data",
    "activations inside",
    "declares no shape",
    "takes data of type",
    "unsupported operator",
    "mixes samples",
    "does not take arrays",
    "no units",
    "not finite",
    "not a valid ONNX",
    "all samples are equal",
)


def _reason(text: str) -> str:
    """The kind of a refusal."""
    return next((reason for reason in REASONS if reason in text), text[:60])


if __name__ == "__main__":
    main()
