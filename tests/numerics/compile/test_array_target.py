"""Functions on arrays of the caller's library, against the NumPy target."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import (
    Abs,
    Heaviside,
    Max,
    Min,
    Piecewise,
    Rational,
    Sum,
    Symbol,
    atan2,
    cosh,
    erf,
    exp,
    log,
    sinh,
    sqrt,
    symbols,
    tanh,
)

from neurenorm.numerics.compile import CompileError, compiled, compiled_gradient
from neurenorm.theory.gaussian.expectation import expectation

X, Y = symbols("x y", real=True)
K = Symbol("k", integer=True)
FORMULAS = [
    log(cosh(2 * X)) / 2,
    tanh(X) ** 3 / (1 + Y**2),
    sqrt(X**2 + Y**2) + exp(-Abs(X)),
    Max(X, 0) + Min(X, Y, Rational(1, 3)),
    Piecewise((X**2, X < 0), (Y, X < 1), (X, True)),
    Heaviside(X, Rational(1, 2)) + atan2(Y, X),
    Sum(X**K / (1 + K), (K, 0, 4)),
    Rational(7, 3),
    log(cosh(X + Y)) - log(cosh(X - Y)),
    log(sinh(X**2 + 1)),
]


def libraries():
    """The array libraries that are installed."""
    found = [np]
    for name in ("array_api_strict", "jax.numpy", "torch"):
        try:
            found.append(pytest.importorskip(name))
        except pytest.skip.Exception:
            continue
    return found


@pytest.mark.parametrize("library", libraries(), ids=lambda library: library.__name__)
@pytest.mark.parametrize("formula", FORMULAS, ids=str)
def test_arrays_of_a_library_have_the_values_of_numpy(formula, library):
    at = np.array([-1.5, -0.2, 0.0, 0.4, 2.0]), np.array([[0.3], [1.7]])
    wanted = compiled(formula, [X, Y])(*at)
    found = compiled(formula, [X, Y], "array")(*(library.asarray(a) for a in at))
    assert (
        type(found).__module__.partition(".")[0]
        == type(library.asarray(at[0])).__module__.partition(".")[0]
    )
    assert tuple(found.shape) == wanted.shape == (2, 5)
    assert np.allclose(np.asarray(found), wanted, rtol=1e-5 if "jax" in library.__name__ else 1e-13)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-300, 300), min_size=1, max_size=5))
def test_logarithms_neither_overflow_nor_cancel(values):
    at = np.array(values)
    formula = log(cosh(X))
    assert np.allclose(compiled(formula, [X], "array")(at), compiled(formula, [X])(at), rtol=1e-13)


def test_what_has_no_form_on_arrays_is_refused():
    z, V = Symbol("z", real=True), Symbol("V", positive=True)
    with pytest.raises(CompileError, match="no form on arrays of another library"):
        compiled(expectation(tanh(z) ** 2, z, V), [V], "array")
    with pytest.raises(TypeError, match="arrays of NumPy, JAX, PyTorch"):
        compiled(X**2, [X], "array")(2.0)
    with pytest.raises(ValueError, match="take mpmath or ball"):
        compiled(X, [X], "array", digits=20)
    with pytest.raises(TypeError, match="expected 1 values"):
        compiled(X, [X], "array")(np.ones(2), np.ones(2))


def test_nests_and_gradients_keep_their_structure():
    value, slopes = compiled_gradient(X**2 * Y, [X, Y], target="array")(
        np.array([1.0, 2.0]), np.array(3.0)
    )
    assert np.asarray(value).tolist() == [3.0, 12.0]
    assert [np.asarray(s).tolist() for s in slopes] == [[6.0, 12.0], [1.0, 4.0]]
    assert np.allclose(
        compiled({"a": erf(X)}, [X], "array")(np.array([0.5]))["a"], 0.5204998778130465
    )


def test_jax_differentiates_and_compiles():
    jax = pytest.importorskip("jax")
    step = compiled(log(cosh(2 * X)) / 2, [X], "array")
    slope = jax.jit(jax.grad(lambda x: step(x).sum()))(jax.numpy.asarray([0.0, 0.5, 30.0]))
    assert np.allclose(np.asarray(slope), np.tanh([0.0, 1.0, 60.0]), atol=1e-6)


def test_torch_differentiates():
    torch = pytest.importorskip("torch")
    x = torch.tensor([0.0, 0.5], dtype=torch.float64, requires_grad=True)
    compiled(log(cosh(2 * X)) / 2, [X], "array")(x).sum().backward()
    assert np.allclose(x.grad.numpy(), np.tanh([0.0, 1.0]))
