"""Kinds of network files that are easily measured at the wrong place, with the values that are
right.
"""

from pathlib import Path

import numpy as np
import pytest

from neurenorm.numerics.measure.network import (
    Model,
    ModelError,
    Operation,
    from_torch,
    observe,
    predict,
    read_onnx,
)
from neurenorm.numerics.measure.network.activations import GATED, PLAIN, POINTS, named
from neurenorm.numerics.measure.network.command import measure_model, read_array
from neurenorm.numerics.measure.network.units import unit_axes

onnx = pytest.importorskip("onnx", reason="the extra networks is not installed")
helper, node = onnx.helper, onnx.helper.make_node

CASES = Path(__file__).parents[3] / "cases"
MEASURED = {
    "softmax-opset11": [(5, 0.913079, 4.895237)],
    "flatten-negative-axis": [(4, 0.99689, 3.947996)],
    "split-uneven-opset18": [(1, 0.998846, 1.0), (3, 0.991518, 2.946367)],
    "integer-division-of-negative": [(4, 0.796954, 3.93627)],
    "range-of-floats": [(4, 0.896403, 3.699289)],
    "layernorm-mean-output": [(6, 0.772362, 3.618192)],
    "batchnorm-shared-through-identity": [(4, 0.594292, 1.942036)],
    "fixed-batch-global-mean": [(6, 0.990916, 5.572556)],
    "gelu-by-erf": [(24, 0.778548, 11.541502)],
    "mish-by-softplus-tanh": [(24, 0.778548, 11.211769)],
    "rectifier-as-max-with-zero": [(24, 0.778548, 11.552947)],
    "conv-layernorm-chw": [(6, 0.494792, 4.571887)],
    "softplus-of-a-parameter": [(7, 0.917486, 2.038522)],
    "argmax-at-the-end": [(24, 0.769351, 11.934962)],
    "text-initializer": [(24, 0.769351, 11.934962)],
}


def measured(name):
    """What measure finds on a case."""
    return measure_model(
        read_onnx(CASES / name / "model.onnx"), read_array(CASES / name / "data.npy")
    )


@pytest.mark.parametrize("name", MEASURED)
def test_units_bits_and_dimension(name):
    layers = measured(name)["layers"]
    found = [(row["units"], row["bits_per_unit"], row["effective_dimension"]) for row in layers]
    np.testing.assert_allclose(found, MEASURED[name], atol=6e-7)


def test_a_local_function_with_the_name_of_an_operator_is_the_function():
    last = measured("local-function-called-relu")["layers"][-1]
    assert last["units"] == 6
    assert last["bits_per_unit"] == pytest.approx(0.526075, abs=6e-7)
    assert last["effective_dimension"] == pytest.approx(2.355412, abs=6e-7)


def test_a_model_for_one_sample_runs_one_by_one_and_says_so():
    assert (
        measured("fixed-batch-global-mean")["notes"][0]
        == "the model is exported for one sample: they ran one by one"
    )


def test_the_theory_reads_weights_behind_a_transpose():
    assert measured("weights-behind-transpose")["layers"][0]["theory_length"] == pytest.approx(
        1.003481, abs=6e-7
    )


def test_padding_with_zeros_counts_position_by_position():
    """The values of equal mean square at all positions; these data vary from position to position
    by a fifth of a per cent.
    """
    lengths = [row["theory_length"] for row in measured("conv-zero-padding")["layers"]]
    np.testing.assert_allclose(lengths, [1.3949, 1.0354, 0.7826], rtol=2.5e-3)
    model, rng = read_onnx(CASES / "conv-zero-padding" / "model.onnx"), np.random.default_rng(0)
    signs = rng.choice([-1.0, 1.0], (40, *model.shape))
    wide = np.sqrt(np.mean(read_array(CASES / "conv-zero-padding" / "data.npy").astype(float) ** 2))
    exact = [found.length for found in predict(model, wide * signs)]
    np.testing.assert_allclose(exact, [1.3949, 1.0354, 0.7826], atol=6e-5)


def wide_model(nodes, rng, **constants):
    """A dense layer of 300 units, and what is said in operations (kind, inputs, output, attributes)
    behind it.
    """
    weights = {
        "w": rng.standard_normal((300, 300)) / np.sqrt(300),
        "v": rng.standard_normal((300, 300)) / np.sqrt(300),
        **constants,
    }
    ops = [Operation("fc", "MatMul", ("x", "w"), ("h",))]
    ops += [
        Operation(out, kind, inputs, (out,), attributes) for kind, inputs, out, attributes in nodes
    ]
    return Model([*ops, Operation("act", "Relu", ("y",), ("z",))], weights, "x", (300,), ("z",))


FACTORS = {
    "scaled": ([("Mul", ("h", "c"), "y", {})], 9.0),
    "divided": ([("Div", ("h", "c"), "y", {})], 1 / 9),
    "a bias subtracted": ([("Sub", ("h", "b"), "y", {})], 5.0),
    "from a bias": ([("Sub", ("b", "h"), "y", {})], 5.0),
    "two biases": ([("Add", ("h", "b"), "k", {}), ("Add", ("k", "d"), "y", {})], 6.0),
    "one bias twice": (
        [("Add", ("h", "b"), "k", {}), ("Neg", ("k",), "m", {}), ("Neg", ("m",), "y", {})],
        5.0,
    ),
    "one branch twice": ([("Add", ("h", "h"), "y", {})], 4.0),
    "a branch and its triple": ([("Mul", ("h", "c"), "k", {}), ("Add", ("h", "k"), "y", {})], 16.0),
    "independent branches": ([("MatMul", ("x", "v"), "k", {}), ("Sub", ("h", "k"), "y", {})], 2.0),
    "alpha and beta": ([("Gemm", ("x", "v", "b"), "y", {"alpha": 2.0, "beta": 3.0})], 40.0),
}


@pytest.mark.parametrize("name", FACTORS)
def test_the_theory_keeps_factors_biases_and_what_branches_share(name):
    rng = np.random.default_rng(5)
    nodes, length = FACTORS[name]
    model = wide_model(
        nodes,
        rng,
        c=np.array(3.0),
        b=2 * rng.choice([-1.0, 1.0], 300),
        d=rng.choice([-1.0, 1.0], 300),
    )
    data = rng.standard_normal((300, 300))
    (found,), (report,) = predict(model, data), observe(model, data)
    assert found.length == pytest.approx(length, rel=0.03)
    assert found.length == pytest.approx(report.length, rel=0.05)


def test_branches_that_cancel_or_depend_on_each_other_have_no_prediction():
    rng = np.random.default_rng(5)
    for nodes in (
        [("Sub", ("h", "h"), "y", {})],
        [("Relu", ("h",), "k", {}), ("Add", ("h", "k"), "y", {})],
    ):
        last = predict(wide_model(nodes, rng), rng.standard_normal((20, 300)))[-1]
        assert last.length is None
        assert "the branches that y adds" in last.note


PIECES = {
    "Gelu, tanh": (
        "Gelu",
        [
            ("Mul", "x x", "a"),
            ("Mul", "a x", "b"),
            ("Mul", "b c0", "d"),
            ("Add", "d x", "e"),
            ("Mul", "e c1", "f"),
            ("Tanh", "f", "g"),
            ("Add", "g c2", "i"),
            ("Mul", "i x", "j"),
            ("Mul", "j c3", "y"),
        ],
        (0.044715, 0.7978845608, 1, 0.5),
    ),
    "Swish": ("Swish", [("Sigmoid", "x", "a"), ("Mul", "a x", "y")], ()),
    "Swish, 1.702": (
        "Swish",
        [("Mul", "x c0", "b"), ("Sigmoid", "b", "a"), ("Mul", "a x", "y")],
        (1.702,),
    ),
    "HardSwish": (
        "HardSwish",
        [("Add", "x c0", "a"), ("Clip", "a c1 c2", "b"), ("Mul", "x b", "d"), ("Div", "d c2", "y")],
        (3, 0, 6),
    ),
    "Softsign": ("Softsign", [("Abs", "x", "a"), ("Add", "a c0", "b"), ("Div", "x b", "y")], (1,)),
    "Relu by Where": ("Relu", [("Greater", "x c0", "a"), ("Where", "a x c0", "y")], (0,)),
    "LeakyRelu": ("LeakyRelu", [("Mul", "x c0", "a"), ("Max", "x a", "y")], (0.2,)),
    "slopes of units": (
        "LeakyRelu",
        [
            ("Relu", "x", "a"),
            ("Neg", "x", "b"),
            ("Relu", "b", "d"),
            ("Mul", "d c0", "e"),
            ("Sub", "a e", "y"),
        ],
        (np.array([0.1, 0.2, 0.3, 0.4]),),
    ),
    "Sigmoid": (
        "Sigmoid",
        [("Neg", "x", "a"), ("Exp", "a", "b"), ("Add", "b c0", "d"), ("Reciprocal", "d", "y")],
        (1,),
    ),
    "Softplus": ("Softplus", [("Exp", "x", "a"), ("Add", "a c0", "b"), ("Log", "b", "y")], (1,)),
    "Clip": ("Clip", [("Max", "x c0", "a"), ("Min", "a c1", "y")], (0, 6)),
    "twice a Gelu": (
        "Gelu",
        [("Div", "x c0", "a"), ("Erf", "a", "b"), ("Add", "b c1", "d"), ("Mul", "x d", "y")],
        (np.sqrt(2), 1),
    ),
}


@pytest.mark.parametrize("name", PIECES)
def test_an_activation_in_pieces_is_one_layer_at_its_pre_activation(name):
    kind, steps, numbers = PIECES[name]
    ops = [
        Operation(f"op{i}", what, tuple(reads.split()), (out,))
        for i, (what, reads, out) in enumerate(steps)
    ]
    model = Model(
        ops,
        {f"c{i}": np.asarray(float(n) if np.isscalar(n) else n) for i, n in enumerate(numbers)},
        "x",
        (4,),
        ("y",),
    )
    assert [(op.kind, op.inputs[0], op.outputs[0]) for op in model.sites] == [(kind, "x", "y")]


def test_what_is_no_activation_is_not_taken_for_one():
    for function in (
        lambda t: t,
        lambda t: 2 * t + 1,
        np.square,
        np.abs,
        np.sin,
        np.exp,
        np.sign,
        lambda t: 0 * t,
    ):
        assert named(function(POINTS)[:, None]) is None
    for kind, function in {**PLAIN, **GATED}.items():
        assert named(function(POINTS)[:, None])[0] == kind


def test_the_axis_of_units_is_followed_through_transposes():
    rng = np.random.default_rng(2)
    weights = {
        "w": rng.standard_normal((3, 2, 1, 1)),
        "u": rng.standard_normal((3, 7)),
        "a": rng.standard_normal((5, 4)),
    }
    ops = [
        Operation("conv", "Conv", ("x", "w"), ("h",)),
        Operation("last", "Transpose", ("h",), ("t",), {"perm": [0, 2, 3, 1]}),
        Operation("dense", "MatMul", ("t", "u"), ("d",)),
        Operation("left", "MatMul", ("a", "h"), ("l",)),
    ]
    model = Model(ops, weights, "x", (2, 4, 4), ("d", "l"))
    assert unit_axes(model, ["h", "t", "d", "l"], np.ones((2, 2, 4, 4))) == {
        "h": 1,
        "t": 3,
        "d": 3,
        "l": 2,
    }


def test_refusals_name_operator_and_layer(tmp_path):
    rng = np.random.default_rng(1)
    mixing = Model(
        [
            Operation("over", "ReduceMean", ("x",), ("m",), {"axes": [0], "keepdims": 1}),
            Operation("less", "Sub", ("x", "m"), ("h",)),
            Operation("act", "Relu", ("h",), ("z",)),
        ],
        {},
        "x",
        (3,),
        ("z",),
        {"": 13},
    )
    cell = Model(
        [
            Operation("cell", "LSTM", ("x", "w", "w"), ("h",)),
            Operation("act", "Relu", ("h",), ("z",)),
        ],
        {"w": np.ones((1, 4, 4))},
        "x",
        (3,),
        ("z",),
    )
    plain = Model([Operation("minus", "Neg", ("x",), ("z",))], {}, "x", (3,), ("z",))
    for model, message in (
        (mixing, r"the layer less \(Sub\) mixes samples or draws random numbers"),
        (cell, r"unsupported operator LSTM \(layer cell\): the activations inside"),
        (
            plain,
            r"no activation whose states could be recorded; its operators are Neg \(layer minus\)",
        ),
    ):
        with pytest.raises(ModelError, match=message):
            observe(model, rng.standard_normal((8, 3)))


POOLS = (
    ("MaxPool", {"pads": [1, 0, 0, 1]}),
    ("AveragePool", {}),
    ("AveragePool", {"pads": [1, 1, 1, 1]}),
    ("MaxPool", {"ceil_mode": 1}),
)


@pytest.mark.parametrize(
    ("kind", "window"),
    [*POOLS, ("LRN", {"size": 3, "alpha": 0.5}), ("LRN", {"size": 5, "alpha": 2.0})],
)
def test_what_stands_in_for_the_reference_agrees_with_onnxruntime(kind, window, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    if kind != "LRN":
        window = {"kernel_shape": [3, 2], "strides": [2, 1], **window}
    info, real = helper.make_tensor_value_info, onnx.TensorProto.FLOAT
    nodes = [node(kind, ["x"], ["h"], name="odd", **window), node("Relu", ["h"], ["y"])]
    graph = helper.make_graph(
        nodes, "net", [info("x", real, ["n", 5, 7, 6])], [info("y", real, ["n", "c", "h", "w"])]
    )
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 12)], ir_version=8),
        tmp_path / "net.onnx",
    )
    data = np.random.default_rng(4).standard_normal((3, 5, 7, 6)).astype(np.float32)
    wanted = runtime.InferenceSession(str(tmp_path / "net.onnx")).run(None, {"x": data})[0]
    np.testing.assert_allclose(read_onnx(tmp_path / "net.onnx").run(data)["y"], wanted, atol=1e-6)


def test_modules_of_torch_are_what_they_compute():
    torch = pytest.importorskip("torch")
    nn, rng = torch.nn, np.random.default_rng(0)

    class Alpha(nn.Module):
        def forward(self, x):
            return torch.relu(torch.add(x, x * x, alpha=-2.0))

    class Shared(nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b, self.act = nn.Linear(6, 6), nn.Linear(6, 6), nn.ReLU()

        def forward(self, x):
            return self.act(self.b(self.act(self.a(x))))

    softplus = nn.Sequential(nn.Linear(6, 6), nn.Softplus(beta=3.0))
    for module, shape, layers in (
        (softplus, (6,), 1),
        (Alpha(), (6,), 1),
        (nn.Sequential(nn.Flatten(1, 2), nn.ReLU()), (4, 6, 6), 1),
        (Shared(), (6,), 2),
    ):
        data = rng.standard_normal((16, *shape))
        model = from_torch(module.double(), shape)
        wanted = module.eval()(torch.tensor(data)).detach().numpy()
        np.testing.assert_allclose(model.run(data)[model.outputs[0]], wanted, atol=1e-7)
        assert len({op.name for op in model.sites}) == layers
    with pytest.raises(ModelError, match="torch exports the module as something else"):
        from_torch(nn.Sequential(nn.AvgPool2d(2, divisor_override=3), nn.ReLU()), (2, 8, 8))
