"""A model file declares what it likes; what it may is bounded before anything is allocated."""

import time

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from neurenorm.numerics.measure.network import ModelError, read_onnx  # noqa: E402


def written(folder, nodes, initializers):
    """A model of some nodes from x to y as a file."""
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 4]) for name in "xy")
    model = helper.make_model(
        helper.make_graph(nodes, "g", [x], [y], initializers),
        opset_imports=[helper.make_opsetid("", 17)],
    )
    file = folder / "m.onnx"
    file.write_bytes(model.SerializeToString())
    return file


def dense(weight):
    """One layer with a weight."""
    return [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("Relu", ["h"], ["y"]),
    ], [weight]


def external(location, **entries):
    """A weight in another file."""
    tensor = TensorProto(
        name="w", data_type=TensorProto.FLOAT, dims=[4, 4], data_location=TensorProto.EXTERNAL
    )
    for key, value in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def refused(file, words):
    start = time.perf_counter()
    with pytest.raises(ModelError, match=words) as caught:
        read_onnx(file)
    assert time.perf_counter() - start < 2 and len(str(caught.value).splitlines()) == 1


def test_external_data_beside_the_model_are_read(tmp_path):
    (tmp_path / "w.bin").write_bytes(np.eye(4, dtype=np.float32).tobytes())
    model = read_onnx(written(tmp_path, *dense(external("w.bin"))))
    assert np.array_equal(model.constants["w"], np.eye(4))


@pytest.mark.parametrize("location", ["../w.bin", "/etc/passwd", "a/../../w.bin", "link", "", "."])
def test_external_data_elsewhere_are_not(tmp_path, location):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "w.bin").write_bytes(bytes(64))
    (folder / "link").symlink_to(tmp_path / "w.bin")
    refused(written(folder, *dense(external(location))), "outside its own folder")


@pytest.mark.parametrize(
    "entries",
    [
        {"offset": 10**12},
        {"length": 10**12},
        {"offset": -1},
        {"offset": "9" * 5000},
        {"length": "x"},
    ],
)
def test_external_data_end_with_their_file(tmp_path, entries):
    (tmp_path / "w.bin").write_bytes(bytes(64))
    refused(
        written(tmp_path, *dense(external("w.bin", **entries))), r"beyond the end|no whole numbers"
    )


@pytest.mark.parametrize("dims", [[10**6, 10**6], [2**62, 4], [-1, 4], [1] * 100, [2**20, 4]])
def test_declared_shapes_are_bounded(tmp_path, dims):
    refused(
        written(tmp_path, *dense(TensorProto(name="w", data_type=TensorProto.FLOAT, dims=dims))),
        "declares",
    )


@pytest.mark.parametrize("kind", ["ConstantOfShape", "Expand", "Tile", "Reshape"])
def test_made_shapes_are_bounded(tmp_path, kind):
    shape = numpy_helper.from_array(np.array([10**6, 10**6]), "s")
    inputs = ["s"] if kind == "ConstantOfShape" else ["x", "s"]
    refused(
        written(tmp_path, [helper.make_node(kind, inputs, ["y"], name="big")], [shape]),
        r"big .* more than",
    )


def test_loops_are_bounded(tmp_path):
    body = helper.make_graph([helper.make_node("Identity", ["c"], ["d"])], "b", [], [])
    nodes = [helper.make_node("Loop", ["n", "", "x"], ["y"], body=body, name="long")]
    refused(
        written(tmp_path, nodes, [numpy_helper.from_array(np.array([10**12]), "n")]),
        r"long .* runs",
    )
