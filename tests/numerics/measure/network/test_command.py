"""The command measure: its table, its JSON, its page, and nothing written on bad input."""

import argparse
import importlib.util
import json
import re
import sys
import tracemalloc
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

pytest.importorskip("onnx", reason="the extra networks is not installed")

import onnx

from neurenorm.numerics.cli import main
from neurenorm.numerics.measure.network import read_onnx
from neurenorm.numerics.measure.network.command import (
    add_arguments,
    measure_command,
    measure_model,
    read_array,
)
from neurenorm.numerics.measure.network.page import measured_table

_SPEC = importlib.util.spec_from_file_location(
    "onnx_models_for_measure", Path(__file__).with_name("onnx_models.py")
)
models = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(models)


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(3)
    models.perceptron(tmp_path / "net.onnx", rng)
    np.save(tmp_path / "data.npy", rng.standard_normal((60, 20)))
    return tmp_path


def call(*arguments):
    """Parse and run."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return measure_command(parser.parse_args([str(argument) for argument in arguments]))


def test_table_and_page(files, capsys):
    assert call(files / "net.onnx", files / "data.npy", "--report", files / "out.html") == 0
    text = capsys.readouterr().out
    lines = text.splitlines()
    assert lines[1].split()[:3] == ["layer", "kind", "units"]
    assert lines[2].split()[:4] == ["relu1", "Relu", "64", "1"]
    assert re.search(r"^network: [\d.]+ ± [\d.]+ bits in 112 units", text, re.MULTILINE)
    assert re.search(r"^relu2 +kernel recursion", text, re.MULTILINE)
    assert re.search(r"^relu2 \(from relu\)", text, re.MULTILINE)
    page = (files / "out.html").read_text()
    assert page.startswith("<!doctype html>")
    assert page.count("<polyline") == 4
    assert page.count("<circle") == 2
    assert "http" not in page


def test_the_maps_are_those_of_the_wide_limit_at_the_initial_variances(files, capsys):
    assert call(files / "net.onnx", files / "data.npy", "--json", "--variances", "2", "1/10") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["initial"]["source"] == "given for all layers"
    first, second = (layer["theory_maps"] for layer in found["layers"])
    length = 0.1 + 2 * np.mean(np.load(files / "data.npy") ** 2)
    assert (first["activation"], second["activation"]) == ("linear", "relu")
    assert second["length"][0][2] == pytest.approx(length)
    np.testing.assert_allclose(second["length"][1], 0.1 + np.array(second["length"][0]))
    c = np.array(second["correlation"][0])
    kappa = (np.sqrt(1 - c**2) + c * (np.pi - np.arccos(c))) / np.pi
    np.testing.assert_allclose(
        second["correlation"][1], (0.1 + length * kappa) / (0.1 + length), atol=1e-12
    )
    assert second["chi"] == pytest.approx(length / (0.1 + length))
    assert second["phase"] == "ordered"
    assert found["layers"][1]["theory_length"] == pytest.approx(length + 0.1)
    assert (
        found["destinations"][0]["message"]
        == "there is no fixed point: every layer adds the bias variance"
    )


def test_what_the_weights_say_without_data(files, capsys):
    assert call(files / "net.onnx", files / "data.npy", "--json") == 0
    rows = json.loads(capsys.readouterr().out)["weights"]
    weights = {
        array.name: onnx.numpy_helper.to_array(array).astype(float)
        for array in onnx.load(files / "net.onnx").graph.initializer
    }
    largest = max(np.abs(value).max() for name, value in weights.items() if name.endswith(".w"))
    for row in rows:
        w = weights[f"{row['layer']}.w"]
        bonds = nx.Graph()
        bonds.add_weighted_edges_from(
            (("in", j), ("out", i), abs(w[i, j]) / largest)
            for i in range(len(w))
            for j in range(w.shape[1])
        )
        tree = [strength for *_, strength in nx.maximum_spanning_tree(bonds).edges(data="weight")]
        assert row["persistence"] == pytest.approx(np.sqrt(np.mean((1 - np.array(tree)) ** 2)))
        assert row["participation"] == pytest.approx(
            np.mean(np.sum(w**4, axis=1) / np.sum(w**2, axis=1) ** 2)
        )
    assert [row["layer"] for row in rows] == ["fc1", "fc2", "fc3"]


def test_the_network_before_training_gives_the_variances(files, capsys):
    grown = models.perceptron(files / "grown.onnx", np.random.default_rng(4), bias=3.0)
    assert call(grown, files / "data.npy", "--json", "--initial", files / "net.onnx") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["initial"]["source"] == "of the network before training"
    assert found["initial"]["variances"]["fc2"][1] < 0.1
    assert found["layers"][1]["length"] > 2 * found["layers"][1]["theory_length"]
    models.perceptron(files / "other.onnx", np.random.default_rng(5), widths=(20, 64, 5))
    with pytest.raises(
        ValueError, match=r"before training has the layers of weights fc1, fc2, not fc1, fc2, fc3"
    ):
        call(grown, files / "data.npy", "--initial", files / "other.onnx")


def test_dead_units_and_constant_features_are_told(files, capsys):
    data = np.load(files / "data.npy")
    data[:, 4] = 2.0
    np.save(files / "data.npy", data)
    model = onnx.load(files / "net.onnx")
    bias = next(array for array in model.graph.initializer if array.name == "fc2.b")
    bias.CopyFrom(onnx.numpy_helper.from_array(np.full(48, -1e3, dtype=np.float32), "fc2.b"))
    onnx.save(model, files / "dead.onnx")
    assert call(files / "dead.onnx", files / "data.npy") == 0
    text = capsys.readouterr().out
    assert "the data: 1 of 20 features are constant" in text
    assert "relu2: 48 of 48 units are dead (always off) and 0 always on" in text
    assert "relu2: constant on these data behind the activation, so it has no dimension" in text
    assert "nan" not in text


def test_data_larger_than_a_chunk_take_the_memory_of_a_chunk(files, monkeypatch):
    """Beside one chunk, what stays is a bit for a unit at a sample, covariances, and the patterns
    of a bounded number of rows.
    """
    monkeypatch.setattr(
        sys.modules["neurenorm.numerics.measure.network.observe"], "MOST_ROWS", 2000
    )
    rng = np.random.default_rng(6)
    np.save(files / "large.npy", rng.standard_normal((60_000, 20)))
    model, peaks = read_onnx(files / "net.onnx"), []
    for samples in (20_000, 60_000):
        data = read_array(files / "large.npy")[:samples]
        tracemalloc.start()
        found = measure_model(model, data, chunk=256)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert found["layers"][0]["rows"] == 2000
    assert peaks[1] - peaks[0] < 2 * 40_000 * 112 / 8
    assert peaks[1] < 60_000 * 20 * 8 / 2


def spoil_model(files, kind):
    """Spoil the model file, and return its path and what is to be said."""
    model, node = files / "net.onnx", onnx.helper.make_node
    if kind == "text":
        model.write_text("hello")
    elif kind == "short":
        model.write_bytes(model.read_bytes()[:100])
    elif kind == "empty":
        model.write_bytes(b"")
    elif kind == "operator":
        nodes = [
            node("Odd", ["x"], ["a"], name="odd_one", domain="theirs"),
            node("Relu", ["a"], ["y"]),
        ]
        models.saved(model, nodes, {}, [20], "y", domains=("theirs",))
        return model, "unsupported operator theirs.Odd (layer odd_one)"
    elif kind == "folder":
        return files, "is a folder; name an ONNX file"
    elif kind == "missing":
        return files / "nothing.onnx", "there is no file"
    else:
        models.saved(model, [node("Neg", ["x"], ["y"], name="minus")], {}, [20], "y")
        return model, "no activation whose states could be recorded"
    return model, "is not a valid ONNX model, or it is damaged"


def spoil_data(files, kind):
    """Spoil the data file, and return its path and what is to be said."""
    data = files / "data.npy"
    good = np.load(data)
    spoiled = {
        "shape": (good[:, :3], "the data have shape (60, 3), but the model takes (samples, 20)"),
        "axes": (good[0], "the data have shape (20,)"),
        "nan": (good * np.nan, "1200 numbers in the data are NaN or infinite"),
        "inf": (np.where(good > 2, np.inf, good), "numbers in the data are NaN or infinite"),
        "one": (good[:1], "at least two samples, got 1"),
        "none": (good[:0], "at least two samples, got 0"),
        "constant": (np.ones((60, 20)), "all samples are equal"),
        "words": (np.array([["a"] * 20] * 3), "the data must be numbers"),
    }
    if kind in spoiled:
        np.save(data, spoiled[kind][0])
        return data, spoiled[kind][1]
    if kind == "folder":
        return files, "is a folder; name an .npy file"
    if kind == "missing":
        return files / "nothing.npy", "there is no file"
    data.write_text("1, 2, 3")
    return data, "is not an .npy file with an array of numbers, or it is damaged"


BAD_MODELS = ("text", "short", "empty", "operator", "folder", "missing", "linear")
BAD_DATA = (
    "shape",
    "axes",
    "nan",
    "inf",
    "one",
    "none",
    "constant",
    "words",
    "folder",
    "missing",
    "not-an-array",
)


@pytest.mark.parametrize(
    "spoiled",
    [*((spoil_model, kind) for kind in BAD_MODELS), *((spoil_data, kind) for kind in BAD_DATA)],
    ids=str,
)
def test_bad_input_is_one_line_and_nothing_is_written(files, spoiled, capsys):
    spoil, kind = spoiled
    path, message = spoil(files, kind)
    model, data = (path, files / "data.npy") if spoil is spoil_model else (files / "net.onnx", path)
    assert main(["measure", str(model), str(data), "--report", str(files / "out.html")]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("neurenorm measure: ")
    assert message in shown.err
    assert shown.err.count("\n") == 1
    assert not list(files.glob("out.html*"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--variances", "2", "much"], "'much' is not a number"),
        (["--variances", "-1", "0"], "finite and not negative"),
        (["--variances", "2"], "expected 2 arguments"),
        (["--chunk", "0"], "a chunk has at least one sample"),
    ],
)
def test_bad_options(files, arguments, message, capsys):
    try:
        status = main(
            [
                "measure",
                str(files / "net.onnx"),
                str(files / "data.npy"),
                "--report",
                str(files / "out.html"),
                *arguments,
            ]
        )
    except SystemExit as left:
        status = left.code
    assert status == 2
    assert message in capsys.readouterr().err
    assert not list(files.glob("out.html*"))


def test_the_lists_of_operators(capsys):
    with pytest.raises(SystemExit) as left:
        main(["measure", "--operators"])
    assert left.value.code == 0
    _, recorded, missing = capsys.readouterr().out.strip().split("\n\n")
    assert {"Relu", "Gelu", "Mish", "Clip"} <= set(re.findall(r"\w+", recorded))
    assert {"LSTM", "GRU", "RNN"} <= set(re.findall(r"\w+", missing))


def test_an_existing_report_is_kept(files):
    (files / "out.html").write_text("mine")
    with pytest.raises(ValueError, match="use --force"):
        call(files / "net.onnx", files / "data.npy", "--report", files / "out.html")
    assert (files / "out.html").read_text() == "mine"
    assert (
        call(files / "net.onnx", files / "data.npy", "--report", files / "out.html", "--force") == 0
    )


def test_a_joint_entropy_that_samples_only_bound_is_shown_as_a_bound():
    names = (
        "layer",
        "kind",
        "units",
        "positions",
        "always_off",
        "always_on",
        "effective_dimension_cap",
    )
    numbers = (
        "bits_per_unit",
        "bits_sum",
        "joint_bits",
        "total_correlation",
        "effective_dimension",
        "participation_ratio",
    )
    row = (
        dict.fromkeys(names, 1)
        | dict.fromkeys(numbers, 11.69)
        | {f"{name}_error": 0.1 for name in numbers}
    )
    row |= {"bits_sum": 20.0, "joint_cap": 10.97, "joint_saturated": True}
    cells = measured_table({"layers": [row]})[1][0]
    assert cells[6] == "≥ 10.97*"
    assert cells[8] == "≤ 9.03*"
    assert measured_table({"layers": [row | {"joint_saturated": False}]})[1][0][6] == "11.69 ± 0.1"
