"""The exact partition sum by elimination against plain sums, over random instances."""

import math
import time
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurenorm.graphs.paths import given_paths
from neurenorm.numerics.evaluate import evaluate
from neurenorm.numerics.solve.active_paths.belief_propagation import belief_propagation
from neurenorm.numerics.solve.active_paths.elimination import TooWide, exact_log_partition
from neurenorm.theory.cavity.messages import cavity_equations

STRENGTHS = st.floats(-1.5, 1.5, allow_nan=False).map(lambda x: round(x, 3))


def plain(members, J, beta, theta):
    """ln Z and the mean of every weight, and the energy, as sums over all configurations."""
    total, energy, means = 0.0, 0.0, np.zeros(len(theta))
    for w in product((1, -1), repeat=len(theta)):
        paths = sum(j * math.prod(w[i] for i in row) for j, row in zip(J, members, strict=True))
        weight = math.exp(beta * paths + sum(t * s for t, s in zip(theta, w, strict=True)))
        total, energy, means = total + weight, energy - weight * paths, means + weight * np.array(w)
    return math.log(total), energy / total, means / total


@st.composite
def instances(draw):
    """Paths of one length over a few weights, with couplings and fields."""
    p, size = draw(st.integers(2, 4)), draw(st.integers(4, 9))
    rows = draw(
        st.lists(
            st.permutations(range(size)).map(lambda row: tuple(row[:p])), min_size=1, max_size=8
        )
    )
    J = draw(st.lists(STRENGTHS, min_size=len(rows), max_size=len(rows)))
    return (
        rows,
        J,
        draw(st.floats(0.1, 2.0)),
        draw(st.lists(STRENGTHS, min_size=size, max_size=size)),
    )


@st.composite
def trees(draw):
    """A random tree of paths: each new path hangs on one weight that is already there."""
    p, paths = draw(st.integers(2, 4)), draw(st.integers(1, 4))
    rows, size = [tuple(range(p))], p
    for _ in range(paths - 1):
        place = draw(st.integers(0, p - 1))
        row = list(range(size, size + p - 1))
        row.insert(place, draw(st.integers(0, size - 1)))
        rows.append(tuple(row))
        size += p - 1
    J = draw(st.lists(STRENGTHS, min_size=paths, max_size=paths))
    return (
        p,
        rows,
        J,
        draw(st.floats(0.1, 2.0)),
        draw(st.lists(STRENGTHS, min_size=size, max_size=size)),
    )


@settings(max_examples=60, deadline=None, print_blob=True)
@given(instances())
def test_elimination_is_the_plain_sum(instance):
    rows, J, beta, theta = instance
    assert exact_log_partition(rows, np.array(J), beta, np.array(theta)) == pytest.approx(
        plain(rows, J, beta, theta)[0], abs=1e-10
    )


@settings(max_examples=40, deadline=None, print_blob=True)
@given(trees())
def test_the_cavity_is_exact_on_every_tree(tree):
    p, rows, J, beta, theta = tree
    report = belief_propagation(
        cavity_equations(p), given_paths(rows), np.array(J), beta, np.array(theta), most=200
    )
    log_z, energy, means = plain(rows, J, beta, theta)
    assert report.log_z == pytest.approx(log_z, abs=1e-9) and report.energy == pytest.approx(
        energy, abs=1e-9
    )
    assert report.magnetizations == pytest.approx(means, abs=1e-9)


@settings(max_examples=40, deadline=None, print_blob=True)
@given(trees(), st.randoms(use_true_random=False))
def test_gauge_and_names_change_nothing(tree, random):
    """Signs g_i on the weights turn J into J prod g and theta into g theta; another numbering of
    weights and paths moves the means along.
    """
    p, rows, J, beta, theta = tree
    gauge = np.array([random.choice((1, -1)) for _ in theta])
    names = random.sample(range(len(theta)), len(theta))
    order = random.sample(range(len(rows)), len(rows))
    moved = [tuple(names[i] for i in rows[a]) for a in order]
    turned = np.array([J[a] * math.prod(gauge[i] for i in rows[a]) for a in order])
    fields = np.zeros(len(theta))
    fields[names] = gauge * np.array(theta)
    first = belief_propagation(
        cavity_equations(p), given_paths(rows), np.array(J), beta, np.array(theta), most=200
    )
    second = belief_propagation(
        cavity_equations(p), given_paths(moved), turned, beta, fields, most=200
    )
    assert (second.log_z, second.energy) == pytest.approx((first.log_z, first.energy), abs=1e-10)
    assert gauge * second.magnetizations[names] == pytest.approx(first.magnetizations, abs=1e-10)


def test_a_long_tree_and_a_dense_instance_are_summed_in_time():
    started = time.perf_counter()
    chain = [[2 * k, 2 * k + 1, 2 * k + 2] for k in range(300)]
    found = evaluate("active-paths/bethe", paths=chain, J=1, theta=0.1, beta=0.7).values
    assert found["exact_log_z"] == pytest.approx(found["log_z"], rel=1e-11)
    rng = np.random.default_rng(0)
    dense = [rng.choice(20, 3, replace=False).tolist() for _ in range(60)]
    assert evaluate("active-paths/bethe", paths=dense, J=1, theta=0.1, beta=0.3).values[
        "exact_log_z"
    ] > 20 * math.log(2)
    assert time.perf_counter() - started < 20


def test_a_sum_that_is_too_wide_is_refused_and_said():
    with pytest.raises(TooWide, match="30 weights at once"):
        exact_log_partition([tuple(range(30))], np.ones(1), 1.0, np.zeros(30))
    found = evaluate("active-paths/bethe", paths=[list(range(30))], J=1, beta=1)
    assert found.values["exact_log_z"] is None and "30 weights at once" in found.answer.reason
