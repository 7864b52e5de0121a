"""The small trainer: gradients, learning, observables against epochs, and the direction they
take.
"""

import numpy as np
import pytest

from neurenorm.numerics.measure.network import observe
from neurenorm.numerics.measure.network.trainer import Perceptron, digits, train


def loss(network, x, labels):
    """Mean cross-entropy."""
    logits = network.preactivations(x)[-1]
    top = logits.max(axis=1, keepdims=True)
    return float(
        np.mean(
            np.log(np.exp(logits - top).sum(axis=1)) + top[:, 0] - logits[np.arange(len(x)), labels]
        )
    )


def test_gradients_against_differences():
    rng = np.random.default_rng(1)
    network = Perceptron((4, 6, 5, 3), rng)
    x, labels = rng.standard_normal((7, 4)), rng.integers(0, 3, 7)
    gradients = network.gradients(x, labels)
    for parameter, gradient in zip(network.weights + network.biases, gradients, strict=True):
        index = tuple(rng.integers(0, n) for n in parameter.shape)
        before, step = parameter[index], 1e-6
        parameter[index] = before + step
        up = loss(network, x, labels)
        parameter[index] = before - step
        down = loss(network, x, labels)
        parameter[index] = before
        assert gradient[index] == pytest.approx((up - down) / (2 * step), abs=1e-7)


def test_training_is_reproducible_and_records_what_was_asked():
    x, labels = np.random.default_rng(2).standard_normal((60, 5)), np.arange(60) % 3
    runs = [
        train(x, labels, (5, 12, 3), np.random.default_rng(3), epochs=4, record=(0, 2, 4))
        for _ in range(2)
    ]
    assert runs[0].epochs.tolist() == [0, 2, 4]
    np.testing.assert_array_equal(runs[0].bits, runs[1].bits)
    assert runs[0].bits.shape == runs[0].dimension.shape == (3, 1)


def test_the_observables_are_those_of_the_measurement():
    x, labels = np.random.default_rng(4).standard_normal((80, 5)), np.arange(80) % 3
    history = train(x, labels, (5, 12, 9, 3), np.random.default_rng(5), epochs=3)
    reports = observe(history.network.model(), x)
    assert [r.complexity.total for r in reports] == pytest.approx(history.bits[-1].tolist())
    assert [r.effective_dimension for r in reports] == pytest.approx(history.dimension[-1].tolist())


def test_true_labels_simplify_the_representation_of_digits():
    pytest.importorskip("sklearn")
    x, labels = digits()
    history = train(x, labels, (64, 50, 50, 50, 10), np.random.default_rng(6), epochs=30, batch=32)
    assert history.accuracy[-1] > 0.98
    assert history.dimension[-1, -1] < 0.7 * history.dimension[0, -1]
    assert history.bits[-1].sum() < history.bits[0].sum()


def test_random_labels_make_the_representation_of_digits_richer():
    """Learning by heart takes more directions and more bits, where learning a rule takes fewer."""
    pytest.importorskip("sklearn")
    x, labels = digits(random_labels=True, rng=np.random.default_rng(8))
    history = train(x, labels, (64, 50, 50, 50, 10), np.random.default_rng(9), epochs=200)
    assert history.dimension[-1, -1] > 1.3 * history.dimension[0, -1]
    assert history.bits[-1].sum() > history.bits[0].sum()


def test_random_labels_are_drawn_and_the_inputs_are_centred():
    pytest.importorskip("sklearn")
    x, labels = digits(random_labels=True, rng=np.random.default_rng(7))
    assert x.shape == (1797, 64)
    assert np.abs(x.mean(axis=0)).max() < 1e-12
    assert np.mean(labels == digits()[1]) < 0.15


def test_bad_training_data():
    rng = np.random.default_rng(8)
    with pytest.raises(ValueError, match="labels are integers from 0 to 2"):
        train(np.ones((4, 2)), [0, 1, 2, 3], (2, 4, 3), rng)
    with pytest.raises(ValueError, match=r"inputs have shape \(samples, 2\)"):
        train(np.ones((4, 3)), [0, 1, 2, 2], (2, 4, 3), rng)
    with pytest.raises(ValueError, match="not finite"):
        train(np.full((4, 2), np.nan), [0, 1, 2, 2], (2, 4, 3), rng)
    with pytest.raises(ValueError, match="at least one hidden layer"):
        train(np.ones((4, 2)), [0, 1, 1, 0], (2, 2), rng)
    with pytest.raises(ValueError, match="epochs are at least 0"):
        train(np.ones((4, 2)), [0, 1, 1, 0], (2, 4, 2), rng, epochs=-1)
