"""Active paths as instances: incidences, removals, gauge generators, and what is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurenorm.graphs.paths import (
    ActivePaths,
    PathError,
    all_paths,
    disjoint_union,
    given_paths,
    random_active_paths,
    random_hypergraph,
)

WIDTHS = st.lists(st.integers(1, 4), min_size=3, max_size=5).map(tuple)


@settings(deadline=None, max_examples=25)
@given(WIDTHS)
def test_all_paths_use_one_weight_of_each_layer_and_share_units(widths):
    network = all_paths(widths)
    assert network.count == np.prod(widths)
    assert len({tuple(row) for row in network.members.tolist()}) == network.count
    for k, layer in enumerate(network.layers):
        assert ((network.members[:, k] >= layer.start) & (network.members[:, k] < layer.stop)).all()
    for k in range(network.p - 1):
        into = (network.members[:, k] - network.layers[k].start) % widths[k + 1]
        out = (network.members[:, k + 1] - network.layers[k + 1].start) // widths[k + 2]
        assert (into == out).all()


@settings(deadline=None, max_examples=25)
@given(WIDTHS, st.integers(0, 2**32 - 1))
def test_gauge_flips_change_no_path_product(widths, seed):
    """Check A5: flipping the weights into and out of a hidden unit changes no energy."""
    rng = np.random.default_rng(seed)
    network = all_paths(widths)
    w, J = rng.choice([-1, 1], network.size), rng.standard_normal(network.count)
    flipped = w.copy()
    for into, out, above, here, below in zip(
        network.layers, network.layers[1:], widths, widths[1:], widths[2:], strict=False
    ):
        units = rng.choice([-1, 1], here)
        flipped[into] = (flipped[into].reshape(above, here) * units).ravel()
        flipped[out] = (flipped[out].reshape(here, below) * units[:, None]).ravel()
    energies = [-(J * v[network.members].prod(axis=1)).sum() for v in (w, flipped)]
    assert energies[0] == energies[1]


def test_paths_are_drawn_without_replacement_unless_asked():
    rng = np.random.default_rng(0)
    network = random_active_paths((3, 3, 3), 27, rng)
    assert len({tuple(row) for row in network.members.tolist()}) == 27
    again = random_active_paths((3, 3, 3), 200, rng, replacement=True)
    assert again.count == 200
    with pytest.raises(PathError, match="with replacement or fewer"):
        random_active_paths((3, 3, 3), 28, rng)


def test_degrees_are_poisson_and_removal_lowers_them_by_a_power():
    """Check A6: mean degree c0 (1 - rho)^(p - 1) within 2 %, variance over mean within 5 %."""
    rng = np.random.default_rng(1)
    for p, c0 in ((3, 6.0), (4, 5.0)):
        network = random_active_paths((100,) * (p + 1), int(c0 * 1e4), rng)
        for rho in (0.0, 0.2, 0.35):
            left = network.diluted(rho, rng)
            assert left.mean_degree == pytest.approx(c0 * (1 - rho) ** (p - 1), rel=0.02)
            assert left.degrees.var() / left.degrees.mean() == pytest.approx(1, abs=0.05)
        assert network.diluted(0.3, rng, "paths").mean_degree == pytest.approx(c0 * 0.7, rel=0.02)


def test_removing_inputs_takes_the_same_number_from_every_unit():
    network = all_paths((5, 4, 3)).diluted(0.4, np.random.default_rng(2), "inputs")
    first, second = (network.present[layer] for layer in network.layers)
    assert (first.reshape(5, 4).sum(axis=0) == 3).all() and (
        second.reshape(4, 3).sum(axis=0) == 2
    ).all()


@settings(deadline=None, max_examples=15)
@given(st.integers(2, 4), st.integers(0, 2**32 - 1))
def test_uniform_hypergraphs_have_no_path_twice(p, seed):
    uniform = random_hypergraph(20, p, 15, np.random.default_rng(seed))
    assert len({tuple(sorted(row)) for row in uniform.members.tolist()}) == 15


def test_networks_side_by_side_keep_their_incidence():
    rng = np.random.default_rng(3)
    networks = [random_active_paths((3, 4, 2, 3), 20, rng) for _ in range(3)]
    union = disjoint_union(networks)
    degrees = np.bincount(union.members.ravel(), minlength=union.size)
    for layer, single in zip(union.layers, networks[0].layers, strict=True):
        blocks = degrees[layer].reshape(3, -1)
        for block, network in zip(blocks, networks, strict=True):
            assert (
                block == np.bincount(network.members.ravel(), minlength=network.size)[single]
            ).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: given_paths([(0, 1, 1)]), "uses one weight twice"),
        (lambda: given_paths([(0,), (1,)]), "at least p = 2"),
        (lambda: given_paths([(0, 1), (1, 2, 3)]), "same number of weights"),
        (lambda: given_paths([(0, 5)], size=3), "numbered 0 to 2"),
        (lambda: all_paths((3, 3)), "at least three positive widths"),
        (lambda: all_paths((3, 0, 3)), "at least three positive widths"),
        (lambda: all_paths((2, 2, 2)).diluted(1.5, np.random.default_rng(0)), "between 0 and 1"),
        (
            lambda: all_paths((2, 2, 2)).diluted(0.5, np.random.default_rng(0), "neurons"),
            "one of weights, paths, inputs",
        ),
        (lambda: given_paths([(0, 1)]).layers, "no layered network"),
        (lambda: random_hypergraph(3, 3, 5, np.random.default_rng(0)), "ask for fewer"),
        (lambda: ActivePaths(np.array([[0, 1]]), 2, present=[True, False]), "removed weight"),
        (
            lambda: random_active_paths((2, 2, 2), -1, np.random.default_rng(0)),
            "cannot be negative",
        ),
        (lambda: disjoint_union([all_paths((2, 2, 2)), all_paths((3, 2, 2))]), "equal widths"),
    ],
)
def test_bad_instances_are_refused(make, message):
    with pytest.raises(PathError, match=message):
        make()
