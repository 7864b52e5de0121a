"""The catalogued results on random networks against independently known numbers, digit by digit,
and their bad inputs.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from neurenorm.numerics.evaluate import evaluate


def values(name: str, **parameters: object) -> dict[str, object]:
    return dict(evaluate(f"field-theory/{name}", parameters).values)


@pytest.mark.parametrize(
    ("activation", "sw2", "sb2", "expected"),
    [
        ("tanh", 2, 0.1, {"K": 0.8146440101, "chi_perp": 1.0030069151, "chi_par": 0.4383087654}),
        ("erf", 1.2, 0.05, {"K": 0.4038641243, "chi_perp": 0.9447515526, "chi_par": 0.5226181277}),
        ("sin", 1.5, 0.1, {"K": 0.6425206181}),
        ("cos", 3, 0.1, {"K": 1.6547965525, "chi_par": -0.1095931051}),
        ("gelu", 1.9, 0.15, {"K": 0.5726364748, "chi_par": 0.8687025687}),
        ("tanh", 2.5, 0.05, {"K": 1.06395838, "chi_perp": 1.13351570, "xi_q": 1.17987}),
        ("relu", 1.6, 0.2, {"K": 1.0, "chi_par": 0.8, "chi_perp": 0.8, "xi_q": -1 / math.log(0.8)}),
    ],
)
def test_fixed_points_of_the_length(
    activation: str, sw2: float, sb2: float, expected: dict[str, float]
) -> None:
    found = values("kernel-fixed-point", activation=activation, sw2=sw2, sb2=sb2)
    for name, number in expected.items():
        assert found[name] == pytest.approx(number, abs=2e-8 if name != "xi_q" else 1e-5)


def test_none_continuum_and_branches() -> None:
    none = evaluate("field-theory/kernel-fixed-point", activation="relu", sw2=3, sb2=0.1)
    assert (
        none.answer.status == "none"
        and none.values["K"] is None
        and "no fixed point" in none.answer.reason
    )
    critical = evaluate("field-theory/kernel-fixed-point", activation="relu", sw2=2, sb2=0)
    assert (
        critical.answer.status == "exact"
        and critical.values["chi_perp"] == 1
        and critical.values["xi_q"] == "inf"
    )
    square = evaluate("field-theory/kernel-fixed-point", activation="z**2", sw2=0.2, sb2=0.1)
    lengths = [branch["K"] for branch in square.answer.branches or []]
    exact = [(1 - sign * math.sqrt(1 - 4 * 0.6 * 0.1)) / 1.2 for sign in (1, -1)]
    assert lengths == pytest.approx(exact, rel=1e-12)
    dead = evaluate("field-theory/correlation-fixed-point", activation="tanh", sw2=0.5, sb2=0)
    assert dead.answer.status == "none" and "dies out" in dead.answer.reason


def test_thirty_digits_are_enclosed() -> None:
    found = evaluate(
        "field-theory/kernel-fixed-point", {"activation": "tanh", "sw2": 2, "sb2": 0.1}, digits=30
    )
    assert (
        found.answer.status == "enclosed"
        and found.values["K"] == "0.814644010066000713037009925034"
    )


@pytest.mark.parametrize(
    ("sw2", "c", "chi", "xi"),
    [
        (2.5, 0.44680423, 0.91871677, 11.79560),
        (2.0, 0.74408242, None, 25.21341),
        (1.5, 1.0, 0.93863627, 15.79099),
    ],
)
def test_fixed_points_of_the_correlation(
    sw2: float, c: float, chi: float | None, xi: float
) -> None:
    found = values("correlation-fixed-point", activation="tanh", sw2=sw2, sb2=0.05)
    assert found["c"] == pytest.approx(c, abs=1e-8)
    assert found["xi_c"] == pytest.approx(xi, abs=1e-5)
    assert chi is None or found["chi_c"] == pytest.approx(chi, abs=1e-8)


def test_digits_of_the_correlation_are_proved_where_the_overlap_is_closed() -> None:
    parameters = {"activation": "erf", "sw2": 2, "sb2": 0.1}
    found = evaluate("field-theory/correlation-fixed-point", parameters, digits=30)
    plain = evaluate("field-theory/correlation-fixed-point", parameters)
    assert found.answer.status == "enclosed" and found.values["c"].startswith("0.647229369107")
    for name in ("c", "chi_c", "xi_c"):
        assert float(found.values[name]) == pytest.approx(plain.values[name], rel=1e-11)
    ordered = evaluate(
        "field-theory/correlation-fixed-point",
        {"activation": "relu", "sw2": 1.6, "sb2": 0.2},
        digits=25,
    )
    assert float(ordered.values["c"]) == 1 and float(ordered.values["chi_c"]) == pytest.approx(0.8)
    with pytest.raises(ValueError, match="no digits can be proved for the correlation of tanh"):
        evaluate(
            "field-theory/correlation-fixed-point",
            {"activation": "tanh", "sw2": 2.5, "sb2": 0.05},
            digits=20,
        )


@pytest.mark.parametrize(
    ("activation", "sb2", "sw2"),
    [
        *[
            ("tanh", b, w)
            for b, w in (
                (0.001, 1.18918959),
                (0.01, 1.42420529),
                (0.05, 1.76095464),
                (0.1, 1.98607264),
                (0.2, 2.28515247),
                (0.5, 2.84316746),
            )
        ],
        ("erf", 0.05, 1.37583901),
        ("erf", 0.1, 1.55211786),
        ("sin", 0.05, 1.50207010),
        ("sin", 0.1, 1.61181155),
        ("relu", 0, 2.0),
        ("linear", 0, 1.0),
        ("leaky", 0, 2 / 1.01),
        ("tanh", 0, 1.0),
    ],
)
def test_edge_of_chaos(activation: str, sb2: float, sw2: float) -> None:
    found = values("edge-of-chaos", activation=activation, sb2=sb2)
    assert found["sw2"] == pytest.approx(sw2, abs=1e-8)
    if activation == "sin":
        assert found["K"] == pytest.approx(sw2 - 1 + sb2, abs=1e-7)


def test_half_stable_critical_points() -> None:
    """GELU and SWISH have chi_par = chi_perp = 1 at one point of their critical line, which
    separates unstable from stable lengths.
    """
    for name, length, weight, bias in (
        ("gelu", 3.56155281, 1.98305826, 0.17292239),
        ("swish", 14.32017362, 1.98800468, 0.55514317),
    ):
        found = values("edge-of-chaos", activation=name, sb2=bias)
        assert (found["K"], found["sw2"], found["chi_par"]) == (
            pytest.approx(length, rel=1e-7),
            pytest.approx(weight, abs=1e-7),
            pytest.approx(1, abs=1e-7),
        )
        assert (
            float(values("edge-of-chaos", activation=name, sb2=0.9 * bias)["chi_par"])
            > 1
            > float(values("edge-of-chaos", activation=name, sb2=1.1 * bias)["chi_par"])
        )


def test_two_lengths_that_nearly_merge_are_both_found() -> None:
    """z² has K' = sb2 + 3 sw2 K²: its two fixed points meet at 12 sw2 sb2 = 1."""
    for gap, count in ((1e-9, 2), (-1e-9, 0)):
        found = evaluate(
            "field-theory/kernel-fixed-point", activation="z**2", sw2=1, sb2=(1 - gap) / 12
        )
        assert len(found.answer.branches or []) == count


@pytest.mark.parametrize(
    ("activation", "value"),
    [
        ("relu", 0.26537809),
        ("leaky", 0.25495625),
        ("erf", 0.17547966),
        ("sin", 0.15110734),
        ("cos", 0.39770430),
        ("gelu", 0.18806068),
    ],
)
def test_kernel_map(activation: str, value: float) -> None:
    found = values("kernel-map", activation=activation, Kaa=1.3, Kbb=0.7, Kab=0.4)
    assert found["value"] == pytest.approx(value, abs=1e-8)
    if activation == "gelu":
        assert found["derivative"] == pytest.approx(0.32481722, abs=1e-8)


def test_layer_covariance() -> None:
    linear = values("layer-covariance", activation="linear", sw2=0.8, sb2=0.2, N=100, lag=0)
    assert linear["q"] == pytest.approx(2 / 34.72, abs=1e-10) and linear["exact"] is True
    relu = values("layer-covariance", activation="relu", sw2=1.6, sb2=0.2, N=100, lag=0)
    assert (relu["K"], relu["q"]) == (
        pytest.approx(0.09756098, abs=1e-8),
        pytest.approx(0.11951220, abs=1e-8),
    )
    lagged = values("layer-covariance", activation="relu", sw2=1.6, sb2=0.2, N=100, lag=3)
    assert lagged["q"] == pytest.approx(0.8**3 * 0.1195121951, abs=1e-9)
    tanh = values("layer-covariance", activation="tanh", sw2=2, sb2=0.1, N=128, lag=1)
    assert tanh["exact"] is False and 128 * float(tanh["q"]) / 0.81464401**2 == pytest.approx(
        1.166, abs=5e-4
    )
    cosine = values("layer-covariance", activation="cos", sw2=3, sb2=0.1, N=128, lag=1)
    assert 128 * float(cosine["q"]) / 1.6547965525**2 == pytest.approx(-0.2646, abs=1e-4)
    with pytest.raises(ValueError, match="too small for a variance"):
        values("layer-covariance", activation="relu", sw2=1.6, sb2=0.2, N=8, lag=0)
    assert (
        evaluate(
            "field-theory/layer-covariance", activation="relu", sw2=2, sb2=0, N=100, lag=0
        ).answer.status
        == "none"
    )


def test_lattice_action() -> None:
    shared = {"sw2": 1.6, "sb2": 0.2}
    for name, value in (("linear", 5.0972512434), ("relu", 4.9757630199), ("tanh", 4.8674724161)):
        found = values(
            "lattice-action", activation=name, x2=1, layers=[[1, -0.5], [0.3, 0.8]], **shared
        )
        assert found["value"] == pytest.approx(value, abs=1e-9)
    two = values(
        "lattice-action",
        activation="tanh",
        x2=[[1, 0.25], [0.25, 0.625]],
        layers=[[[1, -0.5], [0.2, 0.7]], [[0.3, 0.8], [-0.4, 0.1]]],
        **shared,
    )
    assert two["value"] == pytest.approx(8.4431355774, abs=1e-9)


@pytest.mark.parametrize("a", [0.5, 0.8, 0.95, -0.3, 0.0])
@pytest.mark.parametrize("boundary", ["fixed-open", "stationary", "pinned", "periodic"])
def test_mode_spectrum(a: float, boundary: str) -> None:
    """Against the eigenvalues of the matrix written down directly."""
    size = 12
    matrix = np.diag(np.full(size, 1 + a * a)) - a * (np.eye(size, k=1) + np.eye(size, k=-1))
    if boundary == "periodic":
        matrix[0, -1] = matrix[-1, 0] = -a
    if boundary in ("fixed-open", "stationary"):
        matrix[-1, -1] = 1
    if boundary == "stationary":
        matrix[0, 0] = 1
    expected = np.linalg.eigvalsh(matrix)
    assert values("mode-spectrum", a=a, L=size, boundary=boundary)["eigenvalues"] == pytest.approx(
        expected, abs=1e-12
    )
    digits = evaluate(
        "field-theory/mode-spectrum", {"a": a, "L": size, "boundary": boundary}, digits=20
    )
    assert [float(text) for text in digits.values["eigenvalues"]] == pytest.approx(
        expected, abs=1e-12
    )


@pytest.mark.parametrize(
    ("a", "xi", "continuum", "ratio"),
    [
        (0.5, 1.442695, 1.414214, 1.060660),
        (0.8, 4.481420, 4.472136, 1.006231),
        (0.95, 19.495726, 19.493589, 1.000329),
    ],
)
def test_effective_theory(a: float, xi: float, continuum: float, ratio: float) -> None:
    found = {name: float(value) for name, value in values("effective-theory", a=a).items()}
    assert (found["xi_lattice"], found["xi"], found["ratio"]) == (
        pytest.approx(xi, abs=1e-6),
        pytest.approx(continuum, abs=1e-6),
        pytest.approx(ratio, abs=1e-6),
    )
    assert 2 * math.asinh(found["mass"] / 2) * found["xi_lattice"] == pytest.approx(1, abs=1e-12)


def test_vertex() -> None:
    for name, sw2, excess in (("linear", 1, 2), ("relu", 2, 5)):
        found = values("vertex", activation=name, sw2=sw2, sb2=0, depth=20, K1=1)
        assert found["V"] == pytest.approx([excess * layer for layer in range(20)])
    tanh = values("vertex", activation="tanh", sw2=1, sb2=0, depth=2000, K1=1)
    assert (tanh["V"][99], tanh["V"][1999]) == (
        pytest.approx(64.803956, abs=1e-5),
        pytest.approx(1330.621079, abs=1e-5),
    )
    assert 2000 * tanh["K"][1999] == pytest.approx(0.500904, abs=1e-6)
    assert values("vertex", activation="sin", sw2=1, sb2=0, depth=2000, K1=1)["V"][
        1999
    ] == pytest.approx(1333.5078, abs=1e-3)


def test_tangent_kernel_in_standard_parametrisation() -> None:
    """A linear network of L critical layers has Θ/N = L |x|²/N_0, and both parametrisations say
    which they are.
    """
    shared = {"activation": "linear", "sw2": 1, "sb2": 0, "depth": 7, "K1": 1.5}
    assert values("ntk", **shared, parametrisation="standard")["mean"] == pytest.approx(10.5)
    assert values("ntk", **{**shared, "sw2": 2, "depth": 2}, parametrisation="standard")[
        "mean"
    ] == pytest.approx(1.5 + 1.5)
    for word in ("ntk", "standard"):
        assert (
            word
            in evaluate("field-theory/ntk", **shared, parametrisation=word).answer.reason.lower()
        )
    with pytest.raises(ValueError, match="K1 of at least sb2"):
        values("ntk", **{**shared, "sb2": 2}, parametrisation="standard")
    with pytest.raises(ValueError, match="must be one of ntk, standard"):
        values("ntk", **shared, parametrisation="mup")


def test_tangent_kernel() -> None:
    for name, sw2 in (("linear", 1), ("relu", 2)):
        assert values("ntk", activation=name, sw2=sw2, sb2=0, depth=7, K1=1.5)[
            "mean"
        ] == pytest.approx(10.5)
    assert values("ntk", activation="tanh", sw2=1.5, sb2=0.05, depth=600, K1=1)[
        "mean"
    ] == pytest.approx(6.8124475, abs=1e-7)
    assert values("ntk", activation="tanh", sw2=1, sb2=0, depth=1000, K1=1)[
        "mean"
    ] == pytest.approx(0.502857, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("kernel-fixed-point", {"activation": "z*y", "sw2": 1, "sb2": 0}, "exactly one variable"),
        ("kernel-fixed-point", {"activation": "foo(z)", "sw2": 1, "sb2": 0}, "undefined function"),
        ("kernel-fixed-point", {"activation": "exp(z**2)", "sw2": 1, "sb2": 0}, "diverge"),
        ("kernel-fixed-point", {"activation": "tanh", "sw2": -1, "sb2": 0}, "sw2"),
        ("kernel-fixed-point", {"activation": "tanh", "sw2": 1}, "sb2"),
        ("kernel-fixed-point", {"activation": 3, "sw2": 1, "sb2": 0}, "a name or an expression"),
        (
            "kernel-map",
            {"activation": "tanh", "Kaa": 1, "Kbb": 1, "Kab": 1.5},
            "correlation outside",
        ),
        ("mode-spectrum", {"a": 1.0, "L": 3, "boundary": "pinned"}, "a "),
        ("mode-spectrum", {"a": 0.5, "L": 2, "boundary": "periodic"}, "at least 3 layers"),
        ("mode-spectrum", {"a": 0.5, "L": 3, "boundary": "closed"}, "boundary must be one of"),
        (
            "lattice-action",
            {"activation": "tanh", "sw2": 1, "sb2": 0, "x2": 1, "layers": [[1], [[2]]]},
            "not a mixture",
        ),
        (
            "lattice-action",
            {"activation": "tanh", "sw2": 1, "sb2": 0, "x2": 1, "layers": 3},
            "nested lists",
        ),
        (
            "lattice-action",
            {
                "activation": "tanh",
                "sw2": 1,
                "sb2": 0,
                "x2": [[1, 1], [1, 1]],
                "layers": [[[1], [0.2]]],
            },
            "singular",
        ),
        (
            "lattice-action",
            {
                "activation": "tanh",
                "sw2": 1,
                "sb2": 0,
                "x2": [[1, 0], [0, 1]],
                "layers": [[[1], [0.2]], [[1], [2]]],
            },
            "at most 1 inputs",
        ),
        (
            "lattice-action",
            {
                "activation": "tanh",
                "sw2": 1,
                "sb2": 0,
                "x2": [[1, 0.2], [0.3, 1]],
                "layers": [[[1], [0.2]]],
            },
            "is symmetric",
        ),
        (
            "lattice-action",
            {
                "activation": "tanh",
                "sw2": 1,
                "sb2": 0.1,
                "x2": [[1, 3], [3, 1]],
                "layers": [[[1], [0.2]]],
            },
            "no inputs have the overlaps",
        ),
        ("vertex", {"activation": "tanh", "sw2": 1, "sb2": 0, "depth": 0, "K1": 1}, "depth"),
        (
            "ntk",
            {"activation": "sign", "sw2": 1, "sb2": 0, "depth": 3, "K1": 1},
            "no tangent kernel",
        ),
        ("kernel-fixed-point", {"activation": "sqrt(z)", "sw2": 1, "sb2": 0.1}, "not real"),
    ],
)
def test_bad_input(name: str, parameters: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        values(name, **parameters)
