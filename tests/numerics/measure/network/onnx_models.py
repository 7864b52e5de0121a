"""Small ONNX models made from random weights: a perceptron, a residual convolutional network, a
transformer block.
"""

from itertools import pairwise

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="the extra networks is not installed")
helper, numpy_helper = onnx.helper, onnx.numpy_helper

__all__ = ["perceptron", "residual_cnn", "saved", "transformer"]


def saved(path, nodes, weights, shape, output, extents=("classes",), opset=17, domains=()):
    """Write a checked model with one input x and one output, and return the path."""
    inputs = [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["batch", *shape])]
    outputs = [helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, ["batch", *extents])]
    initializers = [
        numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()
    ]
    graph = helper.make_graph(nodes, "net", inputs, outputs, initializers)
    model = helper.make_model(
        graph,
        opset_imports=[
            helper.make_opsetid("", opset),
            *(helper.make_opsetid(domain, 1) for domain in domains),
        ],
        ir_version=8,
    )
    onnx.checker.check_model(model)
    onnx.save(model, str(path))
    return path


def dense(name, source, target, **attributes):
    """A dense node whose weights are name.w and name.b."""
    return helper.make_node(
        "Gemm", [source, f"{name}.w", f"{name}.b"], [target], name=name, transB=1, **attributes
    )


def perceptron(path, rng, widths=(20, 64, 48, 5), bias=0.1):
    """Dense layers of rectifiers."""
    nodes, weights, source = [], {}, "x"
    for i, (a, b) in enumerate(pairwise(widths), 1):
        weights[f"fc{i}.w"] = (rng.standard_normal((b, a)) * np.sqrt(2 / a)).astype(np.float32)
        weights[f"fc{i}.b"] = (rng.standard_normal(b) * bias).astype(np.float32)
        nodes.append(dense(f"fc{i}", source, f"h{i}"))
        if i < len(widths) - 1:
            nodes.append(helper.make_node("Relu", [f"h{i}"], [f"z{i}"], name=f"relu{i}"))
        source = f"z{i}"
    return saved(path, nodes, weights, [widths[0]], f"h{len(widths) - 1}")


def residual_cnn(path, rng, channels=6, extent=8):
    """Convolution, batch normalisation, a residual block, pooling and a dense layer."""
    weights = {
        "stem.w": rng.standard_normal((channels, 2, 3, 3)) * 0.3,
        "bn.scale": rng.uniform(0.5, 1.5, channels),
        "bn.bias": rng.standard_normal(channels) * 0.3,
        "bn.mean": rng.standard_normal(channels) * 0.1,
        "bn.var": rng.uniform(0.5, 2, channels),
        "conv1.w": rng.standard_normal((channels, channels // 2, 3, 3)) * 0.2,
        "conv1.b": rng.standard_normal(channels) * 0.1,
        "conv2.w": rng.standard_normal((channels, channels, 1, 1)) * 0.3,
        "fc.w": rng.standard_normal((4, channels)),
        "fc.b": rng.standard_normal(4),
    }
    node = helper.make_node
    nodes = [
        node("Conv", ["x", "stem.w"], ["s0"], name="stem", kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
        node(
            "BatchNormalization",
            ["s0", "bn.scale", "bn.bias", "bn.mean", "bn.var"],
            ["s1"],
            name="bn",
        ),
        node("Relu", ["s1"], ["s2"], name="relu_stem"),
        node(
            "Conv",
            ["s2", "conv1.w", "conv1.b"],
            ["c1"],
            name="conv1",
            kernel_shape=[3, 3],
            pads=[1, 1, 1, 1],
            group=2,
        ),
        node("Relu", ["c1"], ["c2"], name="relu_inner"),
        node("Conv", ["c2", "conv2.w"], ["c3"], name="conv2", kernel_shape=[1, 1]),
        node("Add", ["c3", "s2"], ["r"], name="skip"),
        node("Relu", ["r"], ["r2"], name="relu_sum"),
        node("MaxPool", ["r2"], ["p"], name="pool", kernel_shape=[2, 2], strides=[2, 2]),
        node("GlobalAveragePool", ["p"], ["g"], name="global"),
        node("Flatten", ["g"], ["f"], name="flat"),
        dense("fc", "f", "out"),
    ]
    return saved(
        path,
        nodes,
        {k: v.astype(np.float32) for k, v in weights.items()},
        [2, extent, extent],
        "out",
    )


def transformer(path, rng, tokens=5, width=8):
    """Self-attention of one head with layer normalisation, then a perceptron with a Gelu written
    with Erf.
    """
    shapes = {f"{name}.w": (width, width) for name in "qkvo"} | {
        "up.w": (width, 4 * width),
        "down.w": (4 * width, width),
    }
    weights = {
        name: rng.standard_normal(shape) / np.sqrt(shape[0]) for name, shape in shapes.items()
    }
    weights |= {
        "up.b": rng.standard_normal(4 * width) * 0.1,
        "ln.scale": np.ones(width),
        "ln.bias": np.zeros(width),
    }
    weights |= {
        "root": np.array(np.sqrt(width)),
        "sqrt2": np.array(np.sqrt(2.0)),
        "one": np.array(1.0),
        "half": np.array(0.5),
    }
    node = helper.make_node
    nodes = [
        node("LayerNormalization", ["x", "ln.scale", "ln.bias"], ["n1"], name="ln1"),
        *[node("MatMul", ["n1", f"{name}.w"], [name], name=name) for name in ("q", "k", "v")],
        node("Transpose", ["k"], ["kt"], name="kt", perm=[0, 2, 1]),
        node("MatMul", ["q", "kt"], ["scores"], name="scores"),
        node("Div", ["scores", "root"], ["scaled"], name="scale"),
        node("Softmax", ["scaled"], ["attention"], name="softmax", axis=-1),
        node("MatMul", ["attention", "v"], ["mixed"], name="mix"),
        node("MatMul", ["mixed", "o.w"], ["o"], name="o"),
        node("Add", ["x", "o"], ["x1"], name="skip1"),
        node("LayerNormalization", ["x1", "ln.scale", "ln.bias"], ["n2"], name="ln2"),
        node("MatMul", ["n2", "up.w"], ["u0"], name="up"),
        node("Add", ["u0", "up.b"], ["u"], name="up_bias"),
        node("Div", ["u", "sqrt2"], ["e0"], name="gelu_scale"),
        node("Erf", ["e0"], ["e1"], name="gelu_erf"),
        node("Add", ["e1", "one"], ["e2"], name="gelu_shift"),
        node("Mul", ["u", "e2"], ["e3"], name="gelu_product"),
        node("Mul", ["e3", "half"], ["e4"], name="gelu_half"),
        node("MatMul", ["e4", "down.w"], ["d"], name="down"),
        node("Add", ["x1", "d"], ["out"], name="skip2"),
    ]
    return saved(
        path,
        nodes,
        {k: np.asarray(v, dtype=np.float32) for k, v in weights.items()},
        [tokens, width],
        "out",
        (tokens, width),
    )
