"""Ranges in doubles hold what exact arithmetic finds."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from flint import arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Symbol, cos

from neurenorm.graphs import diamond, wheatstone
from neurenorm.numerics.solve.outward import Range, double_range
from neurenorm.numerics.solve.positive_maps import PositiveMap
from neurenorm.theory.decimation.model import clock, finite
from neurenorm.theory.decimation.weights import weight_map

J, K, D = Symbol("J"), Symbol("K"), Symbol("Delta")
BEG = {J: lambda s, t: s * t, K: lambda s, t: s**2 * t**2, D: lambda s, t: -(s**2) - t**2}
HANDS = {Symbol(f"K{k}"): lambda s, t, k=k: cos(k * (s - t)) for k in (1, 2)}
MAPS = [
    PositiveMap.of(weight_map(cell, finite([-1, 0, 1]), BEG), largest, {})
    for cell in (diamond(), wheatstone())
    for largest in (0, 3)
] + [PositiveMap.of(weight_map(diamond(3, 2), clock(5), HANDS), 0, {})]
SIDES = st.floats(-10, 10, allow_subnormal=True)


def exactly(x):
    return Fraction(float(x))


@settings(deadline=None, max_examples=200, print_blob=True)
@given(*[st.tuples(SIDES, SIDES).map(sorted)] * 2, st.floats(0, 1), st.floats(0, 1))
def test_sums_differences_and_products_hold_the_exact_ones(one, other, a, b):
    x, y = (Range(np.array(low), np.array(high)) for low, high in (one, other))
    p = Fraction(one[0]) + (Fraction(one[1]) - Fraction(one[0])) * Fraction(a)
    q = Fraction(other[0]) + (Fraction(other[1]) - Fraction(other[0])) * Fraction(b)
    for found, exact in ((x + y, p + q), (x - y, p - q), (x * y, p * q)):
        assert exactly(found.low) < exact < exactly(found.high)


@settings(deadline=None, max_examples=60, print_blob=True)
@given(st.sampled_from(MAPS), st.data())
def test_ranges_of_a_step_hold_its_balls(step, data):
    n = len(step.others)
    unit = st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1))
    ends = np.sort([[data.draw(unit) for _ in range(n)] for _ in range(2)], axis=0)
    share = np.array([data.draw(st.floats(0, 1)) for _ in range(n)])
    inside = np.clip(ends[0] + share * (ends[1] - ends[0]), *ends)
    value, slope = step.residual_range(ends[:1], ends[1:])
    system, box = step.system(), tuple(arb(float(x)) for x in inside)
    with ctx.workprec(400):
        pairs = [*zip(system.values(box), value.low[0], value.high[0], strict=True)]
        for row, low, high in zip(system.jacobian(box), slope.low[0], slope.high[0], strict=True):
            pairs += zip(row, low, high, strict=True)
    for ball, low, high in pairs:
        assert ball >= arb(float(low)) and ball <= arb(float(high))


def test_a_ball_lies_between_its_doubles():
    for ball in (arb(1) / 3, arb(2) ** 60 + 1, arb(-0.1, 1e-20), arb(2).sqrt()):
        low, high = double_range(ball)
        assert arb(low) <= ball <= arb(high)
        assert high - low < 1e-15 * abs(high)
    assert double_range(arb(7)) == (7.0, 7.0)
