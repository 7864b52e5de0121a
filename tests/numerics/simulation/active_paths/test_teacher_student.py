"""The teacher-student experiment: its limits, and what it refuses."""

import numpy as np
import pytest

from neurenorm.numerics.simulation.active_paths.teacher_student import (
    learning_curve,
    outputs,
    teacher_student,
)


def test_a_complete_cold_student_beside_its_teacher_stays_there():
    point = teacher_student(
        (6, 4, 1), 0.0, np.random.default_rng(0), start="teacher", sweeps=1, coldest=1e-9
    )
    assert point.train < 1.5
    frozen = [
        teacher_student((6, 4, 1), 0.0, np.random.default_rng(seed), start="teacher", sweeps=0)
        for seed in range(3)
    ]
    assert all(p.train == 0 and p.test == 0 and p.overlap == 1 for p in frozen)


def test_a_student_without_connections_predicts_nothing():
    point = teacher_student((6, 4, 1), 1.0, np.random.default_rng(1), sweeps=2)
    assert point.overlap == 0 and point.train >= 1


def test_removing_connections_spoils_the_student():
    curve = learning_curve(
        (6, 4, 1),
        [0.0, 0.8],
        np.random.default_rng(2),
        teachers=10,
        sweeps=15,
        patterns=40,
        start="teacher",
    )
    low, high = curve.test.value
    assert high - low > 3 * np.hypot(*curve.test.error)
    assert curve.overlap.value[0] > 0


def test_outputs_are_those_of_a_relu_network():
    w, x = [np.array([[1.0], [-1.0]]), np.array([[1.0]])], np.array([[1.0, 0.5], [0.5, 1.0]])
    assert outputs(w, x) == pytest.approx([0.5 / np.sqrt(2), 0.0])


@pytest.mark.parametrize(
    ("widths", "removed", "options", "message"),
    [
        ((6, 4, 1), 1.5, {}, "between 0 and 1"),
        ((6, 4, 2), 0.1, {}, "end with 1"),
        ((6, 4, 1), 0.1, {"start": "planted"}, "random or teacher"),
    ],
)
def test_bad_input_is_refused(widths, removed, options, message):
    with pytest.raises(ValueError, match=message):
        teacher_student(widths, removed, np.random.default_rng(0), **options)


def test_a_full_student_keeps_the_teacher_and_loses_it_with_connections():
    """From the teacher's own weights nothing is heated: without removals the solution stays, and it
    fades with them.
    """
    curve = learning_curve(
        (7, 5, 1),
        [0.0, 0.4],
        np.random.default_rng(2),
        teachers=8,
        start="teacher",
        sweeps=12,
        patterns=50,
    )
    assert curve.overlap.value[0] > 0.95 and curve.train.value[0] < 0.02
    assert curve.overlap.value[1] < 0.8 and curve.test.value[1] > 0.1
