"""Networks with known kernels: (aa, ab, bb) of the kernel and of the tangent kernel."""

import numpy as np
import pytest

from neurenorm.graphs.network.layer_graph import LayerGraph
from neurenorm.graphs.network.layer_networks import cnn, mlp, resnet
from neurenorm.numerics.solve.wide.kernels import kernels

V = np.array([[1, -0.5, 0.2, 0.8], [0.5, 0.3, -1, 0.4]])
_i, _j = np.indices((4, 4))
IMAGES = np.stack([np.cos(_i + 2 * _j), np.sin(1 + _i * _j)])[..., None]
_t, _k = np.indices((3, 4))
SERIES = np.stack([np.cos(1 + _t + 2 * _k), np.sin(2 + _t * (_k + 1))])
W, B = "3/2", "1/10"


def check(net, inputs, kernel=None, tangent=None, rtol=1e-8):
    found = kernels(net, inputs, tangent=tangent is not None)
    for matrix, wanted in ((found.kernel, kernel), (found.tangent, tangent)):
        if wanted is not None:
            got = [matrix[0, 0], matrix[0, 1], matrix[1, 1]]
            np.testing.assert_allclose(got, wanted, rtol=0, atol=rtol)


def stack(net, z, layers, sw2, sb2):
    """Functions or callables, each followed by a dense layer."""
    for layer in layers:
        h = layer(net, z) if callable(layer) else net.map(layer, z)
        z = net.affine(h, sw2, sb2)
    return z


def test_01_erf():
    check(
        mlp("erf", 3, W, B),
        V,
        [0.6992890350, 0.3838824891, 0.6890177594],
        [2.7937066620, 1.0391937132, 2.6777758618],
    )


def test_02_residual():
    check(resnet("relu", 3, 2, B), V, [9.32, 5.6636105912, 7.6], [31.82, 11.2382332080, 25.8])


def test_03_ten_blocks():
    net = LayerGraph()
    z = net.dense(net.input(), 1)
    for _ in range(10):
        z = net.add(z, net.dense(net.map("relu", z), 2), strengths=(1, "1/sqrt(10)"))
    net.dense(net.map("relu", z), 2)
    check(
        net,
        V,
        [1.2514807370, 0.6182082109, 0.9726534225],
        [3.6406712349, 1.0383297753, 2.8295372292],
    )


@pytest.mark.parametrize("depth, growth", [(10, 2.59374246), (100, 2.70481383)])
def test_04_residual_limit(depth, growth):
    net = LayerGraph()
    z = net.dense(net.input(), 1)
    for _ in range(depth):
        branch = net.dense(net.map("relu", z), 2)
        z = net.add(z, branch, strengths=(1, f"1/sqrt({depth})"))
    found = kernels(net, np.eye(2) * np.sqrt(2), tangent=depth == 10)
    assert found.kernel[0, 0] == pytest.approx(growth, rel=1e-8)
    angle = {10: 0.2392526101, 100: 0.2523125254}[depth]
    assert found.kernel[0, 1] / found.kernel[0, 0] == pytest.approx(angle, rel=1e-8)
    if depth == 10:
        assert found.tangent[0, 0] == pytest.approx(4.95169015, rel=1e-8)


@pytest.mark.parametrize(
    "name, kernel, tangent",
    [
        ("relu", [0.85, 0.5994067786, 0.85], [2.2617647059, 1.0123909035, 2.2617647059]),
        (
            "erf",
            [0.7968385816, 0.3759407926, 0.7968385816],
            [2.5664621684, 0.8647193995, 2.5664621684],
        ),
    ],
)
def test_05_norm_before(name, kernel, tangent):
    net = LayerGraph()
    z = net.affine(net.input(), W, B)
    stack(net, z, [lambda n, z: n.map(name, n.norm(z))] * 2, W, B)
    check(net, V, kernel, tangent)


@pytest.mark.parametrize(
    "centred, kernel, tangent",
    [
        (True, [1.6, 0.5026178146, 1.6], [10.9882697060, 1.7013011038, 10.9882697060]),
        (False, [1.6, 1.1916451222, 1.6], [5.8246093750, 2.4792641022, 5.8246093750]),
    ],
)
def test_06_07_norm_behind(centred, kernel, tangent):
    net = LayerGraph()
    z = net.affine(net.input(), W, B)
    stack(net, z, [lambda n, z: n.norm(n.map("relu", z), centred=centred)] * 3, W, B)
    check(net, V, kernel, tangent)


def gated(function):
    net = LayerGraph()
    h = net.input()
    for _ in range(2):
        h = net.map(
            function, net.affine(h, W, B), net.affine(h, "6/5", "1/5"), variables=("a", "b")
        )
    net.affine(h, W, B)
    return net


@pytest.mark.parametrize(
    "function, kernel, tangent",
    [
        (
            "a*relu(b)",
            [0.3550438637, 0.1454736353, 0.2454087256],
            [1.6231711520, 0.2593613033, 0.9222142041],
        ),
        (
            "a*b",
            [1.6460791220, 0.2133062514, 0.9019760547],
            [9.9940102789, 0.6544501845, 5.0512448828],
        ),
        (
            "a*swish(b)",
            [0.1930793812, 0.1164323760, 0.1529757054],
            [0.6462974738, 0.1632368368, 0.3885912656],
        ),
        ("a*sigmoid(b)", [0.2868178411, 0.1835079692, 0.2549318910], None),
    ],
)
def test_08_09_gated(function, kernel, tangent):
    check(gated(function), V, kernel, tangent)


def test_10_dropout_and_gelu():
    net = LayerGraph()
    z = net.affine(net.input(), 2, B)
    stack(net, z, [lambda n, z: n.dropout(n.map("relu", z), "4/5")] * 2, 2, B)
    check(net, V, [1.8890625, 0.8489007540, 1.553125], [5.3421875, 1.3666006307, 4.334375])
    check(
        mlp("gelu", 2, 2, B),
        V,
        [0.9639153391, 0.4916689648, 0.7628762156],
        [2.7841675791, 0.9267445779, 2.1439659028],
    )


def test_11_12_circular():
    check(
        cnn("relu", 3, (4, 4), 2, B),
        IMAGES,
        [1.4557251844, 0.9838444615, 1.5309278751],
        [5.2229007378, 1.6553114043, 5.5237115005],
    )
    check(
        cnn("relu", 3, (4, 4), 2, B, end="average"),
        IMAGES,
        [1.0327714051, 1.0424271571, 1.1254888363],
        [2.0486545542, 1.9452207463, 2.3523708079],
    )


def test_13_zero_boundary():
    check(
        cnn("relu", 2, (4, 4), 2, B, "zero"),
        IMAGES,
        [0.7936465032, 0.4578857691, 0.8380597633],
        [2.0809395095, 0.5696649151, 2.2141792898],
    )
    check(
        cnn("relu", 2, (4, 4), 2, B, "zero", "average"),
        IMAGES,
        [0.4825767055, 0.4777636767, 0.5197638533],
        [0.7462875532, 0.6824245412, 0.8288952542],
    )


def conv(net, h, window, function=None, sb2=B, **options):
    z = net.conv(h, window, 2, **options)
    z = net.add(z, net.bias(z, sb2)) if sb2 else z
    return net.map(function, z) if function else z


def test_14_valid():
    net = LayerGraph()
    h = conv(net, net.input((4, 4)), (2, 2), "erf", boundary="valid")
    h = conv(net, h, (2, 2), "erf", boundary="valid", stride=2)
    net.affine(net.flatten(h), 2, B)
    check(
        net,
        IMAGES,
        [1.0571198077, -0.1272433224, 1.0684725042],
        [3.6094634701, -0.6970024721, 3.6983452795],
    )


def test_15_mean_pool():
    net = LayerGraph()
    h = conv(net, net.input((4, 4)), (3, 3), "relu", boundary="circular")
    h = conv(net, net.pool(h, (2, 2)), (2, 2), "relu", boundary="valid")
    net.affine(net.flatten(h), 2, B)
    check(
        net,
        IMAGES,
        [0.7872958182, 0.6527240448, 0.9035879864],
        [1.7952551104, 1.0712402457, 2.1356645089],
    )


def test_16_residual_convolutions():
    net = LayerGraph()
    z = conv(net, net.input((4, 4)), (3, 3), sb2=0, boundary="circular")
    for _ in range(2):
        z = net.add(z, conv(net, net.map("relu", z), (3, 3), sb2=0, boundary="circular"))
    net.dense(net.global_average(net.map("relu", z)), 2)
    check(
        net,
        IMAGES,
        [2.1022392353, 2.1288529034, 2.5315478023],
        [3.4424955298, 3.1860879823, 4.4575718768],
    )


def test_17_18_dilation_and_stride():
    net = LayerGraph()
    h = conv(net, net.input((4, 4)), (3, 3), "relu")
    h = conv(net, h, (3, 3), "relu", dilation=2)
    net.affine(net.global_average(h), 2, B)
    check(
        net,
        IMAGES,
        [0.3552925055, 0.3513916887, 0.3747871986],
        [0.5198423320, 0.4793519846, 0.5613428611],
    )
    net = LayerGraph()
    h = conv(net, net.input((4, 4)), (3, 3), "relu", stride=2)
    net.affine(net.flatten(conv(net, h, (3, 3), "relu")), 2, B)
    check(
        net,
        IMAGES,
        [0.5656224380, 0.3560724049, 0.5933176547],
        [1.3968673141, 0.4519889059, 1.4799529641],
    )


def test_43_transposed():
    def net(width, end):
        g = LayerGraph()
        z1 = g.dense(g.input(), 1)
        z2 = g.dense(g.map("tanh", z1), W, label="W", width=width)
        z3 = g.dense(g.map("tanh", z2), W, label="W", transposed=True)
        if end:
            g.dense(g.map("tanh", z3), 1)
        return g

    x = np.full((1, 4), 1.0)
    assert kernels(net(1, False), x, tangent=False).kernel[0, 0] == pytest.approx(
        0.885106, abs=5e-7
    )
    found = kernels(net(1, True), x)
    assert found.kernel[0, 0] == pytest.approx(0.3848459989, abs=1e-8)
    assert found.tangent[0, 0] == pytest.approx(1.3844447032, abs=1e-8)
    half = kernels(net(0.5, True), x, tangent=False).kernel[0, 0]
    assert half == pytest.approx(0.214699, abs=5e-7)


def test_44_readout_used_inside():
    net = LayerGraph()
    z = net.dense(net.map("relu", net.dense(net.input(), 2)), 2, label="W")
    net.dense(net.map("relu", z), 2, label="W")
    with pytest.raises(ValueError, match="the readout weights W are used inside"):
        kernels(net, V)


def test_45_tanh():
    check(
        mlp("tanh", 3, W, B),
        V,
        [0.5438687513, 0.3315285377, 0.5330859442],
        [1.9067101846, 0.8364352161, 1.8222141761],
    )


def test_tanh_of_many_inputs_is_fast():
    import time

    x = np.random.default_rng(1).standard_normal((60, 5))
    net = mlp("tanh", 2, W, B)
    kernels(net, x[:2])
    start = time.perf_counter()
    found = kernels(net, x)
    assert (time.perf_counter() - start) / 1770 < 1e-3
    assert found.error < 1e-10


def test_parallel_inputs_and_equal_pixels_do_not_leave_the_domain_by_rounding():
    """The correlation is one up to rounding; a kernel is homogeneous in each input."""
    x = np.array([[1.0, -0.3, 0.7], [3.0, -0.9, 2.1], [0.1, -0.03, 0.07]])
    found = kernels(mlp("relu", 3, 2), x)
    scales = np.array([1.0, 3.0, 0.1])
    np.testing.assert_allclose(
        found.kernel, found.kernel[0, 0] * np.outer(scales, scales), rtol=1e-12
    )
    np.testing.assert_allclose(
        found.tangent, found.tangent[0, 0] * np.outer(scales, scales), rtol=1e-12
    )
    images = np.ones((2, 4, 4, 1)) * np.array([1.0, 1.7])[:, None, None, None]
    pixels = kernels(cnn("relu", 2, (4, 4), 2, end="average"), images)
    assert pixels.kernel[0, 1] ** 2 == pytest.approx(pixels.kernel[0, 0] * pixels.kernel[1, 1])


def test_known_pair_of_images():
    i, j = np.indices((8, 8))
    images = np.stack([np.cos(n * (i + 1) / 7 + j * (j + 1) / 3) for n in (0, 1)])[..., None]
    found = kernels(cnn("relu", 5, (8, 8), 2, B, end="average"), images)
    np.testing.assert_allclose(found.kernel[0], [1.4889505436, 1.2990808843], atol=1e-9)
    np.testing.assert_allclose(found.tangent[0], [4.3492007644, 3.4355844237], atol=1e-9)


def test_functions_that_grow_too_fast_are_refused():
    net = LayerGraph()
    u, v = (net.dense(net.input(name="x") if n == 0 else "x", 1) for n in range(2))
    net.dense(net.map("exp(a*b)", u, v, variables=("a", "b")), 1)
    with pytest.raises(ValueError, match=r"does not exist|not finite|does not converge"):
        kernels(net, V, tangent=False)


def test_steep_functions_are_not_taken_for_flat_ones():
    """At a standard deviation of 100 nearly all of tanh² is one: 1 - √(2/π)/100 + O(10⁻⁶)."""
    net = LayerGraph()
    net.dense(net.map("tanh", net.dense(net.input(), 1)), 1)
    found = kernels(net, np.full((1, 1), 100.0), tangent=False)
    assert found.kernel[0, 0] == pytest.approx(1 - 2 / np.sqrt(2 * np.pi) / 100, abs=1e-5)
