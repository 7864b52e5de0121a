"""A user's network: reading ONNX files, the plain evaluator against onnxruntime, observables,
predictions, bad input.
"""

import numpy as np
import pytest

from neurenorm.numerics.measure.network import (
    LayerMaps,
    Model,
    ModelError,
    Operation,
    from_torch,
    layer_graph,
    observe,
    predict,
    read_onnx,
)
from neurenorm.numerics.measure.network.layers import weight_statistics
from neurenorm.numerics.measure.network.prediction import BATCH_NORM, KERNELS, NOTHING
from neurenorm.numerics.measure.network.whole import network_complexity

onnx = pytest.importorskip("onnx", reason="the extra networks is not installed")

import importlib.util  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

_SPEC = importlib.util.spec_from_file_location(
    "onnx_models", Path(__file__).with_name("onnx_models.py")
)
models = importlib.util.module_from_spec(_SPEC)
sys.modules["onnx_models"] = models
_SPEC.loader.exec_module(models)

CASES = {"perceptron": (20,), "residual_cnn": (2, 8, 8), "transformer": (5, 8)}


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.mark.parametrize("name", CASES)
def test_the_evaluator_agrees_with_onnxruntime(name, tmp_path, rng):
    runtime = pytest.importorskip("onnxruntime")
    path = getattr(models, name)(tmp_path / "net.onnx", rng)
    data = rng.standard_normal((9, *CASES[name])).astype(np.float32)
    model = read_onnx(path)
    expected = runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(
        None, {"x": data}
    )[0]
    found = model.run(data)[model.outputs[0]]
    assert np.max(np.abs(found - expected)) < 1e-5 * (1 + np.max(np.abs(expected)))


@pytest.mark.parametrize("name", CASES)
def test_every_activation_gets_a_row(name, tmp_path, rng):
    model = read_onnx(getattr(models, name)(tmp_path / "net.onnx", rng))
    data = rng.standard_normal((40, *CASES[name]))
    reports = observe(model, data)
    assert [report.layer for report in reports] == [op.name for op in model.sites]
    for report in reports:
        assert np.all((report.complexity.units >= 0) & (report.complexity.units <= 1))
        assert 1 - 1e-9 <= report.effective_dimension <= report.units
        assert report.effective_dimension >= report.participation_ratio - 1e-9


def test_the_units_and_positions_are_those_of_the_architecture(tmp_path, rng):
    cnn = observe(
        read_onnx(models.residual_cnn(tmp_path / "a.onnx", rng)), rng.standard_normal((20, 2, 8, 8))
    )
    assert [(r.units, r.positions) for r in cnn] == [(6, 64)] * 3
    block = observe(
        read_onnx(models.transformer(tmp_path / "b.onnx", rng)), rng.standard_normal((20, 5, 8))
    )
    assert [(r.units, r.positions) for r in block] == [(32, 5)]


def test_observables_by_hand(tmp_path, rng):
    model = read_onnx(models.perceptron(tmp_path / "net.onnx", rng))
    data = rng.standard_normal((700, 20))
    w, b = model.constants["fc1.w"], model.constants["fc1.b"]
    h = data @ w.T + b
    p = (h > 0).mean(axis=0)
    bits = np.array([0.0 if q in (0, 1) else -q * np.log2(q) - (1 - q) * np.log2(1 - q) for q in p])
    shares = np.linalg.eigvalsh(np.cov(np.maximum(h, 0).T))
    shares = shares[shares > 1e-12] / shares[shares > 1e-12].sum()
    report = observe(model, data, chunk=64)[0]
    np.testing.assert_allclose(report.complexity.units, bits, atol=1e-12)
    assert report.effective_dimension == pytest.approx(
        np.exp(-np.sum(shares * np.log(shares))), rel=1e-9
    )
    assert report.length == pytest.approx(np.mean(h**2))
    overlaps = h @ h.T / h.shape[1]
    off = (overlaps.sum() - np.trace(overlaps)) / (700 * 699)
    assert report.correlation == pytest.approx(off / np.mean(h**2), abs=1e-9)


def test_chunks_do_not_change_the_observables(tmp_path, rng):
    model = read_onnx(models.residual_cnn(tmp_path / "net.onnx", rng))
    data = rng.standard_normal((90, 2, 8, 8))
    for small, large in zip(
        observe(model, data, chunk=4), observe(model, data, chunk=90), strict=True
    ):
        np.testing.assert_array_equal(small.complexity.units, large.complexity.units)
        assert small.joint.value == pytest.approx(large.joint.value, abs=1e-9)
        assert small.effective_dimension == pytest.approx(large.effective_dimension, rel=1e-9)


def test_the_graph_of_layers(tmp_path, rng):
    graph = layer_graph(read_onnx(models.residual_cnn(tmp_path / "net.onnx", rng)))
    assert graph.in_degree("skip") == 2
    assert graph.out_degree("relu_stem") == 2
    assert graph.nodes["conv1"]["statistics"].fan_in == 27
    assert {graph.nodes[name]["role"] for name in ("stem", "bn", "pool", "skip", "relu_sum")} == {
        "weights",
        "normalisation",
        "pooling",
        "sum",
        "activation",
    }
    model = read_onnx(models.perceptron(tmp_path / "p.onnx", rng))
    statistics = weight_statistics(model, model.operations[0])
    assert statistics.sw2 == pytest.approx(20 * np.mean(model.constants["fc1.w"] ** 2))
    assert statistics.sb2 == pytest.approx(np.mean(model.constants["fc1.b"] ** 2))


def test_prediction_and_measurement_agree_on_a_wide_random_network(tmp_path, rng):
    model = read_onnx(
        models.perceptron(tmp_path / "net.onnx", rng, widths=(200, 200, 200, 200, 4), bias=0.3)
    )
    data = rng.standard_normal((600, 200))
    for report, theory in zip(observe(model, data), predict(model, data), strict=True):
        assert report.complexity.mean == pytest.approx(theory.bits, abs=0.05)
        assert report.length == pytest.approx(theory.length, rel=0.25)
        assert report.correlation == pytest.approx(theory.correlation, abs=0.06)
        assert (
            max(theory.depth_scale or 0, theory.growth_length or 0) > 10
        )  # the critical weight variance 2, up to the fluctuation of the weights


def test_the_complexity_of_a_network_is_the_sum_over_its_layers(tmp_path, rng):
    reports = observe(
        read_onnx(models.perceptron(tmp_path / "net.onnx", rng, widths=(6, 5, 4, 3))),
        rng.standard_normal((4000, 6)),
    )
    whole = network_complexity(reports)
    assert whole.units == 9
    assert whole.total == pytest.approx(sum(report.complexity.units.sum() for report in reports))
    assert whole.joint == pytest.approx(sum(report.joint.value for report in reports))
    assert max(report.joint.value for report in reports) == whole.at_least
    model = read_onnx(tmp_path / "net.onnx")
    data = rng.standard_normal((4000, 6))
    arrays = model.run(data, ("h1", "h2"))
    together = np.concatenate([arrays["h1"] > 0, arrays["h2"] > 0], axis=1)
    q = np.unique(together, axis=0, return_counts=True)[1] / 4000
    assert whole.at_least < -np.sum(q * np.log2(q)) < whole.at_most
    assert 0 < whole.error < 0.1


def test_wide_layers_are_measured_on_some_rows_from_all_over_the_data(rng, monkeypatch):
    """More units than a covariance is kept for: the smaller Gram side of some rows, whichever chunk
    they come from.
    """
    monkeypatch.setattr(sys.modules["neurenorm.numerics.measure.network.observe"], "WIDEST", 300)
    monkeypatch.setattr(sys.modules["neurenorm.numerics.measure.network.observe"], "KEPT_ROWS", 200)
    wide = 400
    constants = {"w": rng.standard_normal((4, wide))}
    model = Model(
        [Operation("fc", "MatMul", ("x", "w"), ("h",)), Operation("act", "Relu", ("h",), ("z",))],
        constants,
        "x",
        (4,),
        ("z",),
    )
    data = rng.standard_normal((5000, 4)) * np.linspace(0.1, 2, 5000)[:, None]
    (report,) = observe(model, data)
    assert report.after.rows == 200
    assert report.after.cap == 199
    features = np.maximum(data @ constants["w"], 0)
    exact = [
        np.linalg.eigvalsh(np.cov(features[rows].T))
        for rows in (slice(None, None, 25), slice(None))
    ]
    found = [np.exp(-np.sum(p * np.log(p))) for p in (v[v > 0] / v[v > 0].sum() for v in exact)]
    assert report.effective_dimension == pytest.approx(found[0], rel=1e-6)
    assert abs(report.effective_dimension - found[1]) < 4 * report.after.effective_error
    assert observe(model, data, chunk=100)[0].effective_dimension == pytest.approx(
        report.effective_dimension, rel=1e-9
    )


def test_the_part_of_the_theory_that_applies(tmp_path, rng):
    plain = predict(
        read_onnx(models.perceptron(tmp_path / "a.onnx", rng)), rng.standard_normal((20, 20))
    )
    assert [p.part for p in plain] == [KERNELS, KERNELS]
    assert [p.maps.name for p in plain] == ["linear", "relu"]
    cnn = predict(
        read_onnx(models.residual_cnn(tmp_path / "b.onnx", rng)), rng.standard_normal((20, 2, 8, 8))
    )
    assert [p.part for p in cnn] == [BATCH_NORM, NOTHING, NOTHING]
    block = predict(
        read_onnx(models.transformer(tmp_path / "c.onnx", rng)), rng.standard_normal((20, 5, 8))
    )
    assert [p.part for p in block] == [NOTHING]
    assert block[0].maps is None


def test_maps_agree_with_drawn_layers(rng):
    """One step of both maps against explicit random layers of 4000 units."""
    maps = LayerMaps("tanh", None, 1.7, 0.3, 1.4)
    for c, expected in zip((0.2, 0.9), maps.correlations([0.2, 0.9]), strict=True):
        shared, own = rng.standard_normal((2, 2, 4000))
        pair = np.sqrt(1.4) * (np.sqrt(c) * shared[0] + np.sqrt(1 - c) * own)
        behind = np.tanh(pair) @ rng.standard_normal((4000, 4000)) * np.sqrt(
            1.7 / 4000
        ) + rng.standard_normal(4000) * np.sqrt(0.3)
        assert np.mean(behind**2) == pytest.approx(float(maps.lengths(1.4)), rel=0.06)
        assert np.mean(behind[0] * behind[1]) / np.mean(behind**2) == pytest.approx(
            expected, abs=0.04
        )


def test_predictions_stop_where_the_theory_does(tmp_path, rng):
    cnn = predict(
        read_onnx(models.residual_cnn(tmp_path / "net.onnx", rng)),
        rng.standard_normal((20, 2, 8, 8)),
    )
    assert cnn[0].bits is not None
    assert "batch normalisation" in cnn[0].note
    assert cnn[1].bits is None
    assert "batch normalisation" in cnn[1].note
    block = predict(
        read_onnx(models.transformer(tmp_path / "t.onnx", rng)), rng.standard_normal((20, 5, 8))
    )
    assert block[0].bits is None
    assert "LayerNormalization" in block[0].note


def test_batch_normalisation_fixes_the_bits_of_gaussian_channels(rng):
    units = 100
    gamma, beta = rng.uniform(0.5, 2, units), rng.standard_normal(units)
    h = rng.standard_normal((4000, units))
    constants = {"g": gamma, "b": beta, "m": h.mean(axis=0), "v": h.var(axis=0)}
    operations = [
        Operation("bn", "BatchNormalization", ("x", "g", "b", "m", "v"), ("n",)),
        Operation("act", "Relu", ("n",), ("z",)),
    ]
    model = Model(operations, constants, "x", (units,), ("z",))
    assert observe(model, h)[0].complexity.mean == pytest.approx(
        predict(model, h)[0].bits, abs=0.003
    )


def test_a_residual_sum_adds_kernels(rng):
    n = 250
    weights = {
        "a": rng.standard_normal((n, n)) * np.sqrt(1.5 / n),
        "b": rng.standard_normal((n, n)) * np.sqrt(0.7 / n),
    }
    steps = [
        ("in", "MatMul", ("x", "a"), "h"),
        ("act1", "Relu", ("h",), "z"),
        ("block", "MatMul", ("z", "b"), "f"),
    ]
    steps += [("sum", "Add", ("f", "h"), "r"), ("act2", "Relu", ("r",), "y")]
    model = Model(
        [Operation(name, kind, inputs, (output,)) for name, kind, inputs, output in steps],
        weights,
        "x",
        (n,),
        ("y",),
    )
    data = rng.standard_normal((300, n))
    second, theory = observe(model, data)[1], predict(model, data)[1]
    assert second.length == pytest.approx(theory.length, rel=0.1)
    assert second.correlation == pytest.approx(theory.correlation, abs=0.04)


def test_dead_units_are_counted_and_a_dead_layer_has_no_dimension(rng):
    constants = {"w": np.eye(3), "b": np.array([0.0, -100.0, 100.0])}
    model = Model(
        [
            Operation("fc", "Gemm", ("x", "w", "b"), ("h",)),
            Operation("act", "Relu", ("h",), ("z",)),
        ],
        constants,
        "x",
        (3,),
        ("z",),
    )
    report = observe(model, rng.standard_normal((50, 3)))[0]
    assert (report.complexity.always_off, report.complexity.always_on) == (1, 1)
    assert report.complexity.units[1:].tolist() == [0.0, 0.0]
    constants["b"] = np.full(3, -100.0)
    dead = observe(
        Model(model.operations, constants, "x", (3,), ("z",)), rng.standard_normal((50, 3))
    )[0]
    assert dead.effective_dimension is None
    assert dead.complexity.total == 0
    assert dead.joint.value == 0


def bad(path, data):
    """Read a model and observe data."""
    return observe(read_onnx(path), data)


def test_bad_files(tmp_path, rng):
    good = models.perceptron(tmp_path / "net.onnx", rng)
    (tmp_path / "text.onnx").write_text("not a network")
    (tmp_path / "short.onnx").write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    (tmp_path / "empty.onnx").write_bytes(b"")
    for name in ("text.onnx", "short.onnx", "empty.onnx"):
        with pytest.raises(ModelError, match="not a valid ONNX model"):
            read_onnx(tmp_path / name)
    with pytest.raises(ModelError, match="is a folder"):
        read_onnx(tmp_path)
    with pytest.raises(ModelError, match="there is no file"):
        read_onnx(tmp_path / "missing.onnx")


def test_an_unsupported_operator_is_named_with_its_layer(tmp_path):
    node = onnx.helper.make_node
    nodes = [
        node("Odd", ["x"], ["a"], name="odd_one", domain="theirs"),
        node("Relu", ["a"], ["y"], name="last"),
    ]
    path = models.saved(tmp_path / "net.onnx", nodes, {}, [4], "y", domains=("theirs",))
    with pytest.raises(ModelError, match=r"unsupported operator theirs.Odd \(layer odd_one\)"):
        observe(read_onnx(path), np.eye(4))


def test_bad_data(tmp_path, rng):
    path = models.perceptron(tmp_path / "net.onnx", rng)
    data = rng.standard_normal((30, 20))
    spoiled = data.copy()
    spoiled[3, 4] = np.nan
    for wrong, message in (
        (data[:, :19], r"shape \(30, 19\), but the model takes \(samples, 20\)"),
        (data[0], r"shape \(20,\)"),
        (spoiled, "1 numbers in the data are NaN or infinite"),
        (data * np.inf, "NaN or infinite"),
        (data[:1], "at least two samples"),
        (np.ones((30, 20)), "all samples are equal"),
        (np.array([["a"] * 20] * 3), "must be numbers"),
    ):
        with pytest.raises(ModelError, match=message):
            bad(path, wrong)


def test_a_layer_that_does_not_fit_is_named():
    model = Model(
        [
            Operation("narrow", "MatMul", ("x", "w"), ("h",)),
            Operation("act", "Relu", ("h",), ("z",)),
        ],
        {"w": np.ones((3, 2))},
        "x",
        (None,),
        ("z",),
    )
    with pytest.raises(
        ModelError,
        match=r"the layer narrow \(MatMul\) does not take arrays of shape \(2, 5\), \(3, 2\)",
    ):
        observe(model, [[1.0] * 5, [2.0] * 5])
    with pytest.raises(ModelError, match="reads 'nowhere', which nothing before it makes"):
        Model([Operation("act", "Relu", ("nowhere",), ("z",))], {}, "x", (2,), ("z",))


def test_a_model_without_activations_says_so(rng):
    model = Model(
        [Operation("fc", "MatMul", ("x", "w"), ("h",))], {"w": np.ones((3, 2))}, "x", (3,), ("h",)
    )
    with pytest.raises(ModelError, match="no activation"):
        observe(model, rng.standard_normal((5, 3)))


def test_torch_modules_are_read_where_torch_is_installed(rng):
    torch = pytest.importorskip("torch")
    nn = torch.nn
    net = nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(4 * 36, 7),
        nn.GELU(),
        nn.Linear(7, 3),
    )
    data = rng.standard_normal((12, 2, 6, 6))
    model = from_torch(net.double(), (2, 6, 6))
    expected = net.eval()(torch.tensor(data)).detach().numpy()
    np.testing.assert_allclose(model.run(data)[model.outputs[0]], expected, atol=1e-10)
    assert [r.units for r in observe(model, data)] == [4, 7]


def test_residual_and_attention_blocks_of_torch(rng):
    """A residual block with its addition before the last rectifier, and attention with a
    transposition of the last two axes.
    """
    torch = pytest.importorskip("torch")
    nn, functional = torch.nn, torch.nn.functional

    class Residual(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.inner, self.norm = (
                nn.Conv2d(2, 4, 3, padding=1),
                nn.Conv2d(4, 4, 3, padding=1, bias=False),
                nn.BatchNorm2d(4),
            )
            self.pool, self.out = nn.AdaptiveAvgPool2d(1), nn.Linear(4, 3)

        def forward(self, x):
            x = functional.relu(self.stem(x))
            return self.out(
                torch.flatten(self.pool(functional.relu(x + self.norm(self.inner(x)))), 1)
            )

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.q, self.k, self.v, self.up = (
                nn.LayerNorm(6),
                nn.Linear(6, 6),
                nn.Linear(6, 6),
                nn.Linear(6, 6),
                nn.Linear(6, 12),
            )

        def forward(self, x):
            h = self.norm(x)
            weights = torch.softmax(
                torch.matmul(self.q(h), self.k(h).transpose(-2, -1)) / 6**0.5, dim=-1
            )
            return functional.gelu(self.up(x + weights @ self.v(h)))

    for net, shape, units in ((Residual(), (2, 6, 6), [4, 4]), (Attention(), (5, 6), [12])):
        data = rng.standard_normal((12, *shape))
        model = from_torch(net.double(), shape)
        expected = net.eval()(torch.tensor(data)).detach().numpy()
        np.testing.assert_allclose(model.run(data)[model.outputs[0]], expected, atol=1e-10)
        assert [r.units for r in observe(model, data)] == units
    with pytest.raises(ModelError, match="unsupported layer GRU"):
        from_torch(nn.Sequential(nn.GRU(4, 4)), (5, 4))


def test_batch_normalisation_without_scale_or_shift_is_no_warning(rng):
    """A channel with γ = 0 is on or off for good by the sign of β, off at zero."""
    constants = {
        "gamma": np.array([0.0, 0.0, 1.0]),
        "beta": np.array([0.0, 2.0, 0.0]),
        "mean": np.zeros(3),
        "var": np.ones(3),
    }
    ops = [
        Operation("bn", "BatchNormalization", ("x", "gamma", "beta", "mean", "var"), ("h",)),
        Operation("act", "Relu", ("h",), ("z",)),
    ]
    (found,) = predict(Model(ops, constants, "x", (3,), ("z",)), rng.standard_normal((20, 3)))
    assert found.bits == pytest.approx(1 / 3)


def test_without_torch_the_error_says_what_to_do():
    if importlib.util.find_spec("torch") is not None:
        pytest.skip("torch is installed")
    with pytest.raises(ImportError, match="export it to an ONNX file"):
        from_torch(object(), (2,))
