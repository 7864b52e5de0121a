"""The command measure: its table, its JSON, its page, and nothing written on bad input."""

import argparse
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx", reason="the extra networks is not installed")

from numerics.measure import add_arguments, measure_command

_SPEC = importlib.util.spec_from_file_location("onnx_models_for_measure", Path(__file__).parent / "networks" / "onnx_models.py")
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
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["layer", "kind", "units"]
    assert lines[1].split()[:4] == ["relu1", "Relu", "64", "1"]
    page = (files / "out.html").read_text()
    assert page.startswith("<!doctype html>")
    assert "relu2" in page
    assert "http" not in page


def test_json(files, capsys):
    assert call(files / "net.onnx", files / "data.npy", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    first = found["layers"][0]
    assert (first["layer"], first["units"], first["rows"]) == ("relu1", 64, 60)
    assert first["joint_saturated"]
    assert abs(first["bits_per_unit"] - first["theory_bits_per_unit"]) < 0.1
    assert first["effective_dimension"] > 1


@pytest.mark.parametrize("kind", ["text", "short", "folder", "missing", "shape", "nan", "one", "not-an-array"])
def test_bad_input_writes_nothing(files, kind):
    model, data = files / "net.onnx", files / "data.npy"
    good = np.load(data)
    if kind == "text":
        model.write_text("hello")
    elif kind == "short":
        model.write_bytes(model.read_bytes()[:100])
    elif kind == "folder":
        model = files
    elif kind == "missing":
        data = files / "nothing.npy"
    elif kind == "shape":
        np.save(data, good[:, :3])
    elif kind == "nan":
        np.save(data, good * np.nan)
    elif kind == "one":
        np.save(data, good[:1])
    else:
        data.write_text("1, 2, 3")
    with pytest.raises(ValueError, match=r"\w"):
        call(model, data, "--report", files / "out.html")
    assert not list(files.glob("out.html*"))


def test_an_existing_report_is_kept(files):
    (files / "out.html").write_text("mine")
    with pytest.raises(ValueError, match="use --force"):
        call(files / "net.onnx", files / "data.npy", "--report", files / "out.html")
    assert (files / "out.html").read_text() == "mine"
    assert call(files / "net.onnx", files / "data.npy", "--report", files / "out.html", "--force") == 0
