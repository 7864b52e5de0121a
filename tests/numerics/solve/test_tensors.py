"""Tensor renormalization: exact tori, Onsager's free energy, scaling dimensions."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurenorm.numerics.simulation.lattice.enumeration import ising_terms, log_partition
from neurenorm.numerics.solve.tensors import ising_tensor, site_tensor, tensor_flow

CRITICAL = np.log(1 + np.sqrt(2)) / 2
ONSAGER = 0.929695398341610  # ln Z per site of the infinite square lattice at its critical point


def torus_bonds(rows, columns):
    """Return the bonds of a torus, parallel ones where a side has two sites."""
    bonds = []
    for i, j in product(range(rows), range(columns)):
        here = i * columns + j
        bonds.append((here, i * columns + (j + 1) % columns))
        bonds.append((here, (i + 1) % rows * columns + j))
    return bonds


@pytest.mark.parametrize("method", ["trg", "hotrg"])
def test_two_steps_of_a_small_torus_are_exact(method):
    exact = log_partition(4, [1, -1], ising_terms(torus_bonds(2, 2), 0.4))
    assert exact == pytest.approx(4.113274011059, abs=1e-12)
    flow = tensor_flow(ising_tensor(0.4), 4, 2, method=method)
    assert 4 * flow.log_partition[2] == pytest.approx(exact, abs=1e-12)


@settings(deadline=None, max_examples=20, print_blob=True)
@given(
    st.integers(2, 3),
    st.lists(st.floats(0.05, 2), min_size=6, max_size=6),
    st.lists(st.floats(0.2, 2), min_size=3, max_size=3),
    st.sampled_from(["trg", "hotrg"]),
)
def test_any_pair_weights_on_the_torus_of_four_sites(size, numbers, site, method):
    w = np.zeros((size, size))
    w[np.triu_indices(size)] = numbers[: size * (size + 1) // 2]
    w = np.maximum(w, w.T)
    site = np.array(site[:size])
    exact = 0.0
    for states in product(range(size), repeat=4):
        bonds = [w[states[i], states[j]] for i, j in torus_bonds(2, 2)]
        exact += np.prod(bonds) * np.prod(site[list(states)])
    flow = tensor_flow(site_tensor(w, site), size**2, 2, method=method)
    assert 4 * flow.log_partition[2] == pytest.approx(np.log(exact), abs=1e-9)


def test_the_published_number_of_sixteen_steps():
    flow = tensor_flow(ising_tensor(CRITICAL), 16, 16)
    assert -flow.log_partition[16] / CRITICAL == pytest.approx(-2.1096639084, abs=1e-10)


@pytest.mark.parametrize(
    ("method", "chi", "error"),
    [("trg", 8, 6.9e-5), ("trg", 16, 4.6e-6), ("hotrg", 8, 1.4e-5), ("hotrg", 16, 5.6e-7)],
)
def test_the_error_at_the_critical_point(method, chi, error):
    flow = tensor_flow(ising_tensor(CRITICAL), chi, 40, method=method)
    found = abs(flow.log_partition[-1] / ONSAGER - 1)
    assert float(f"{found:.1e}") == error  # the two digits that are quoted


def test_the_spectrum_of_four_by_four_without_truncation_and_its_plateau():
    small = tensor_flow(ising_tensor(CRITICAL), 16, 4)
    assert small.central_charge(ONSAGER)[4] == pytest.approx(0.522193510872, abs=1e-10)
    strip = exact_strip(4)
    assert small.dimensions[4][:3] == pytest.approx(strip[:3], abs=1e-9)
    flow = tensor_flow(ising_tensor(CRITICAL), 16, 9)
    assert flow.dimensions[8][1] == pytest.approx(1 / 8, abs=1e-3)
    assert flow.central_charge(ONSAGER)[8] == pytest.approx(1 / 2, abs=5e-3)


def exact_strip(width):
    """Return the scaling dimensions of a periodic strip from its transfer matrix."""
    states = np.array(list(product([1, -1], repeat=width)))
    inside = np.sum(states * np.roll(states, 1, axis=1), axis=1) * CRITICAL
    transfer = np.exp(CRITICAL * states @ states.T + inside[:, None] / 2 + inside[None] / 2)
    values = np.sort(np.abs(np.linalg.eigvalsh(transfer)))[::-1]
    return -np.log(values / values[0]) * width / (2 * np.pi)


def test_the_two_methods_have_the_same_dimensions():
    trg = tensor_flow(ising_tensor(CRITICAL), 12, 7)
    hotrg = tensor_flow(ising_tensor(CRITICAL), 12, 7, method="hotrg")
    assert hotrg.aspects == (1, 2, 1, 2, 1, 2, 1, 2)
    for n in (5, 6, 7):
        assert hotrg.dimensions[n][1] == pytest.approx(trg.dimensions[n][1], abs=4e-3)


def test_order_and_disorder():
    assert tensor_flow(ising_tensor(0.0), 4, 6).log_partition[-1] == pytest.approx(np.log(2))
    cold = tensor_flow(ising_tensor(1.0), 8, 20)
    assert cold.dimensions[-1][1] == pytest.approx(0, abs=1e-9)  # two phases
    assert tensor_flow(ising_tensor(0.3), 8, 20).dimensions[-1][1] > 5


def test_refusals():
    for chi in (1, 49, True, 2.0):
        with pytest.raises(ValueError, match="chi must be a whole number"):
            tensor_flow(ising_tensor(0.4), chi, 3)
    with pytest.raises(ValueError, match="method"):
        tensor_flow(ising_tensor(0.4), 4, 3, method="ctm")
    with pytest.raises(ValueError, match="symmetric"):
        site_tensor([[1, 2], [0, 1]])
    with pytest.raises(ValueError, match="not negative"):
        site_tensor([[1, -1], [-1, 1]])
    with pytest.raises(ValueError, match="legs"):
        tensor_flow(np.ones((2, 3, 4, 3)), 4, 1)
