"""Recurrent networks unrolled in time, one label for each gate, with known kernels."""

import numpy as np
import pytest

from neurenorm.graphs.network.layer_networks import gru, lstm, mgu, minimal_rnn, rnn
from neurenorm.numerics.simulation.wide.networks import measured_kernels
from neurenorm.numerics.solve.wide.kernels import kernels
from neurenorm.numerics.verification.compare import p_values

_t, _k = np.indices((3, 4))
SERIES = np.stack([np.cos(1 + _t + 2 * _k), np.sin(2 + _t * (_k + 1))])
VARIANCES = ("1.2", "1.5", "0.1")


def check(net, inputs, kernel, tangent=None, atol=1e-8):
    found = kernels(net, inputs, tangent=tangent is not None)
    for matrix, wanted in ((found.kernel, kernel), (found.tangent, tangent)):
        if wanted is not None:
            np.testing.assert_allclose(matrix[np.triu_indices(2)], wanted, rtol=0, atol=atol)


def test_36_tied_weights_at_the_end_and_over_time():
    check(
        rnn("erf", 3, *VARIANCES),
        SERIES,
        [0.55358910, 0.27606981, 0.53274279],
        [1.83998210, 0.60579003, 1.87459168],
    )
    check(
        rnn("erf", 3, *VARIANCES, end="average"),
        SERIES,
        [0.21320615, 0.07617747, 0.09576816],
        [0.58270382, 0.17202862, 0.34232216],
    )


@pytest.mark.parametrize(
    "cell, diagonal, tangent",
    [
        (gru, [0.1496286560, 0.1062741603], [0.3398343911, 0.2976167043]),
        (mgu, [0.1500037403, 0.1052869173], [0.3423766894, 0.2922127425]),
        (minimal_rnn, [0.1752229850, 0.1213665574], [0.3726170250, 0.3395579982]),
    ],
)
def test_39_40_gates_of_one_sequence(cell, diagonal, tangent):
    """One sequence has gates of two variables at a time."""
    for series, K, Theta in zip(SERIES, diagonal, tangent, strict=True):
        found = kernels(cell(2, *VARIANCES), series[None, :2])
        assert found.kernel[0, 0] == pytest.approx(K, abs=1e-8)
        assert found.tangent[0, 0] == pytest.approx(Theta, abs=1e-8)


def test_39_three_steps_of_one_sequence():
    for series, K in zip(SERIES, (0.19315770, 0.12217796), strict=True):
        found = kernels(gru(3, *VARIANCES), series[None], tangent=False)
        assert found.kernel[0, 0] == pytest.approx(K, abs=1e-7)


def test_40_two_sequences():
    """Gates of two sequences at two times are four variables."""
    check(minimal_rnn(2, *VARIANCES), SERIES[:, :2], [0.1752229850, -0.0164089921, 0.1213665574])


def test_40_the_tangent_kernel_of_the_least_cell_is_that_of_drawn_networks():
    net = minimal_rnn(2, 1.2, 1.5, 0.1)
    found = kernels(net, SERIES[:1, :2])
    drawn = measured_kernels(net, SERIES[:1, :2], 40, 300, np.random.default_rng(40))
    assert p_values(np.array([found.kernel, found.tangent]), drawn).min() > 1e-4


def test_42_one_step_of_a_long_memory():
    """Averages over four variables that are sampled come with their error."""
    found = kernels(lstm(1, *VARIANCES), SERIES[:, :1], tangent=False)
    wanted = [0.0254152084, 0.0062093293, 0.0337954640]
    assert found.error < 2e-6
    np.testing.assert_allclose(found.kernel[np.triu_indices(2)], wanted, atol=5 * found.error)
