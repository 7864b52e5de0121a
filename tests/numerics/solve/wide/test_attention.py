"""Attention, positions and maxima with known kernels: (aa, ab, bb) of kernel and tangent kernel."""

import numpy as np
import pytest

from neurenorm.graphs.network.layer_graph import LayerGraph
from neurenorm.graphs.network.layer_text import layer_graph
from neurenorm.numerics.solve.wide.kernels import kernels

_t, _k = np.indices((3, 4))
SERIES = np.stack([np.cos(1 + _t + 2 * _k), np.sin(2 + _t * (_k + 1))])
_i, _j = np.indices((4, 4))
IMAGES = np.stack([np.cos(_i + 2 * _j), np.sin(1 + _i * _j)])[..., None]


def check(net, inputs, kernel, tangent=None, atol=1e-8):
    net = layer_graph(net) if isinstance(net, str) else net
    found = kernels(net, inputs, tangent=tangent is not None)
    for matrix, wanted in ((found.kernel, kernel), (found.tangent, tangent)):
        if wanted is not None:
            np.testing.assert_allclose(matrix[np.triu_indices(2)], wanted, rtol=0, atol=atol)
    return found


def tied(function="softmax", source="x"):
    """Attention with one matrix for queries and keys, scales 1.1 and 0.9, sb2 = .1."""
    return (
        f"h = attend({source}, scale=0.99, function={function}); "
        "h = affine(dense(h, 1.44), 1.69, 0.1); "
    )


READOUT = "dense(global_average(h), 1)"


@pytest.mark.parametrize(
    "function, kernel, tangent",
    [
        (
            "softmax",
            [0.5658271712, 0.2213545115, 0.1901928247],
            [1.5974815135, 0.5640635346, 0.4705784741],
        ),
        (
            "linear",
            [0.2839736662, 0.1266067501, 0.1357543572],
            [0.7519209985, 0.2798202504, 0.3072630715],
        ),
    ],
)
def test_28_tied_scores(function, kernel, tangent):
    check(f"x = input((3,)); {tied(function)} {READOUT}", SERIES, kernel, tangent)


def test_29_two_layers():
    check(
        f"x = input((3,)); {tied()} h = map(relu, h); {tied(source='h')} {READOUT}",
        SERIES,
        [0.7971899965, 0.4323440561, 0.3709145988],
        [3.4344720287, 1.5111176141, 1.3305851780],
    )


def test_30_positions():
    text = "x = input((3,)); x = add(x, positions_of(x, sp2=0.49, learnt=LEARNT)); "
    kernel = [0.9560129713, 0.6147746598, 0.5855141188]
    learnt = check(
        (text + tied() + READOUT).replace("LEARNT", "true"),
        SERIES,
        kernel,
        [3.1657949905, 2.1413333977, 2.0553593605],
    )
    fixed = kernels(layer_graph((text + tied() + READOUT).replace("LEARNT", "false")), SERIES)
    assert fixed.tangent[0, 0] == pytest.approx(2.7680389139, abs=1e-8)
    np.testing.assert_allclose(fixed.kernel, learnt.kernel)


def test_31_plain_average_and_causal():
    third = "(1/3, 1/3, 1/3)"
    check(
        f"z = affine(input((3,)), 1.5, 0.1); h = mix(z, ({third}, {third}, {third})); "
        f"h = affine(dense(h, 2.4336), 1, 0.1); {READOUT}",
        SERIES,
        [1.0208936234, 0.5228103733, 0.4440284745],
        [3.8835744936, 1.8912414932, 1.5761138981],
    )
    causal = tied(source="z").replace("softmax", "softmax, causal=true")
    found = kernels(
        layer_graph(f"z = affine(input((3,)), 1.5, 0.1); {causal} dense(at(h, -1), 1)"), SERIES
    )
    assert found.kernel[0, 0] == pytest.approx(1.4025157348, abs=1e-8)
    assert found.tangent[0, 0] == pytest.approx(5.4100629392, abs=1e-8)


def test_32_heads_with_linear_scores():
    check(
        "z = affine(input((3,)), 1.5, 0.1); h = heads(z, scale=1.2, sov2=1.3, function=linear); "
        f"h = add(h, bias(h, 0.1)); {READOUT}",
        SERIES,
        [1.9823049544, 0.4653174193, 0.8927965336],
        [15.2584396353, 3.1225393543, 6.5423722689],
    )


@pytest.mark.parametrize("tokens", [2, 3])
def test_33_34_heads_with_softmax_against_their_own_law(tokens):
    """Scores drawn directly: G = 2 q k with rows of independent Gaussian matrices."""
    inputs = SERIES[:, :tokens]
    found = kernels(
        layer_graph(
            f"z = affine(input(({tokens},)), 1.5, 0.1); h = heads(z, scale=4, sov2=1.3); "
            f"h = add(h, bias(h, 0.1)); {READOUT}"
        ),
        inputs,
        tangent=tokens == 2,
    )
    data = inputs.reshape(2 * tokens, -1)
    K = 0.1 + 1.5 * data @ data.T / 4
    root = np.linalg.cholesky(K + 1e-13 * np.eye(len(K)))
    rng, means = np.random.default_rng(33), []
    for _ in range(20):
        draws = root @ rng.standard_normal((4000, 2 * tokens, 2 * tokens)) @ root.T
        weights = [
            np.exp(2 * draws[:, s, s]) / np.exp(2 * draws[:, s, s]).sum(2, keepdims=True)
            for s in (slice(0, tokens), slice(tokens, None))
        ]
        means.append(
            [
                np.einsum("nxc,nyd,cd->", weights[a], weights[b], K[_part(a, b, tokens)])
                / (4000 * tokens**2)
                for a, b in ((0, 0), (0, 1), (1, 1))
            ]
        )
    values = 1.3 * np.array(means) + 0.1
    pull = (values.mean(0) - found.kernel[np.triu_indices(2)]) / (values.std(0) / np.sqrt(20))
    assert np.abs(pull).max() < 5, (pull, found)
    if tokens == 2:
        assert found.kernel[0, 1] == pytest.approx(0.2545295533, abs=1e-7)
        assert found.tangent[0, 1] == pytest.approx(0.8181207277, abs=1e-6)


def _part(a, b, tokens):
    """The block of a kernel between two sequences."""
    return slice(a * tokens, (a + 1) * tokens), slice(b * tokens, (b + 1) * tokens)


def transformer(causal, bias):
    """Two blocks with the norm behind: k = Ux, z = LN(k + attention), LN(z + W relu(Wz + b) + b)."""
    net = LayerGraph()
    x = net.input((3,))
    for _ in range(2):
        k = net.dense(x, "1.5")
        z = net.norm(net.add(k, net.attend(k, causal=causal)))
        x = net.norm(net.add(z, net.affine(net.map("relu", net.affine(z, 2, bias)), 2, bias)))
    return net, x


def test_35_blocks_with_the_norm_behind():
    net, _ = transformer(True, "0.1")
    found = kernels(net, SERIES, tangent=False).kernel
    np.testing.assert_allclose(
        found[0, 0][np.triu_indices(3, 1)], [0.78626269, 0.3743093, 0.7353421], atol=1e-7
    )
    assert found[0, 1, -1, -1] == pytest.approx(0.973289, abs=1e-6)
    net, x = transformer(False, 0)
    net.dense(net.global_average(x), 1)
    check(
        net,
        SERIES,
        [0.8288073391, 0.5523365323, 0.5443947371],
        [4.1137338498, 2.2257464055, 2.4806827508],
    )


def test_19_max_pool():
    check(
        "x = input((4, 4)); z = conv(x, (3, 3), 2, boundary=circular); z = add(z, bias(z, 0.1)); "
        "affine(global_average(max_pool(z, (1, 2))), 2, 0.1)",
        IMAGES,
        [0.9658392486, 0.9854112530, 1.4665733979],
        [1.3594169163, 1.3052766739, 2.3042912835],
        1e-7,
    )


def test_a_maximum_of_one_place_at_a_time_is_a_function():
    """Rectifiers commute with the choice of a position."""
    texts = (
        "z = dense(input((3,)), 2); dense(map(tanh, at(map(relu, z), 1)), 1)",
        "z = dense(input((3,)), 2); dense(map(tanh, map(relu, at(z, 1))), 1)",
    )
    one, two = (kernels(layer_graph(text), SERIES) for text in texts)
    np.testing.assert_allclose(one.kernel, two.kernel, atol=1e-12)
    np.testing.assert_allclose(one.tangent, two.tangent, atol=1e-12)


@pytest.mark.parametrize(
    "text, words",
    [
        ("z = dense(input((2,))); heads(z, heads=4)", "the kernel of 4 heads is random"),
        ("z = dense(input((2,))); attend(z, function=hard)", "softmax or linear"),
        ("z = dense(input((2,))); mix(z, ((1, 2, 3),))", "rows of 2 weights"),
        ("z = dense(input((2,))); at(z, 5)", "no position"),
        ("z = dense(input((2,))); positions_of(z, overlaps=((1, 2), (3, 1)))", "symmetric"),
        ("z = dense(input((2,))); map(relu, norm(map(relu, z)))", "put weights in between"),
    ],
)
def test_refusals(text, words):
    with pytest.raises(ValueError, match=words):
        kernels(layer_graph(text), SERIES[:, :2])
