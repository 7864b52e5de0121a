"""Block layers on the chain: exact laws by hidden-Markov matrices against sums over all
configurations.
"""

from __future__ import annotations

from itertools import product
from math import atanh, cosh, exp, tanh

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import N, Rational, Symbol, sympify

from neurenorm.theory.ising_correspondence.hidden_chain import (
    block_model_of,
    ising_chain,
    output_couplings,
)
from neurenorm.theory.ising_correspondence.units import (
    BlockUnit,
    decimation,
    generic_odd_unit,
    majority,
    noisy,
    tabulated,
)
from neurenorm.theory.symbols import symbols

SUBJECT = symbols("ising-correspondence")
K, T = SUBJECT.K, SUBJECT.t


def brute_law(
    unit: BlockUnit, blocks: int, bond: Rational, boundary: str
) -> dict[tuple[int, ...], Rational]:
    """Sum over all spins with the weight of every bond written out."""
    length = unit.size * blocks
    law = dict.fromkeys(product((1, -1), repeat=blocks), sympify(0))
    for spins in product((1, -1), repeat=length):
        pairs = [(i, i + 1) for i in range(length - 1)] + (
            [(length - 1, 0)] if boundary == "ring" else []
        )
        weight = sympify(1)
        for i, j in pairs:
            weight *= 1 + bond * spins[i] * spins[j]
        fires = [
            unit.probability(spins[j * unit.size : (j + 1) * unit.size]) for j in range(blocks)
        ]
        for outputs in law:
            part = weight
            for p, h in zip(fires, outputs, strict=True):
                part *= p if h == 1 else 1 - p
            law[outputs] += part
    total = sum(law.values())
    return {outputs: weight / total for outputs, weight in law.items()}


rationals = st.integers(-9, 9).map(lambda k: Rational(k, 10))
tables = st.lists(st.integers(0, 8).map(lambda k: Rational(k, 8)), min_size=4, max_size=4)


@settings(deadline=None, max_examples=12)
@given(bond=rationals, table=tables, boundary=st.sampled_from(["open", "ring"]))
def test_the_law_of_any_unit_is_the_sum_over_all_spins(
    bond: Rational, table: list[Rational], boundary: str
) -> None:
    unit = tabulated(2, lambda block: table[2 * (block[0] < 0) + (block[1] < 0)])
    output = ising_chain(bond).through(unit)
    for outputs, weight in brute_law(unit, 3, bond, boundary).items():
        assert output.probability(outputs, boundary) == weight


@pytest.mark.parametrize("b", [2, 3, 4])
def test_every_odd_unit_decays_with_the_renormalized_bond(b: int) -> None:
    unit = generic_odd_unit(b)
    free: set[Symbol] = set().union(
        *(sympify(unit.probability(c)).free_symbols for c in product((1, -1), repeat=b))
    )
    output = ising_chain(extra=sorted(free, key=str)).through(unit)
    right, left = output.amplitudes
    assert output.is_odd
    assert output.decay == output.bond**b
    for r in (1, 2, 3):
        assert output.correlation(r) == right * left * output.bond ** ((r - 1) * b + 1)


def test_a_unit_that_is_not_odd_is_found_out() -> None:
    assert (
        not ising_chain().through(tabulated(2, lambda block: Rational(int(block == (1, 1))))).is_odd
    )


def test_majority_of_three() -> None:  # ising-check-7
    output = ising_chain().through(majority(3))
    assert (output.expression(output.correlation(1)) - T * (1 + T**2) ** 2 / 4).expand() == 0
    at_one = ising_chain(tanh(1), float).through(majority(3))
    assert at_one.correlation(1) == pytest.approx(0.4753263505, abs=1e-10)
    assert at_one.correlation(2) / at_one.correlation(1) == pytest.approx(0.4417441517, abs=1e-10)


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        (decimation(3), [0.4743957547, 0.0864154901, 0.0006405268]),
        (majority(3), [0.5169290247, 0.1617243179, 0.0349279881, 0.0081405827]),  # ising-check-9
        (noisy(decimation(3), 0.9), [0.3743752569, 0.0566169092, 0.0003404022]),
    ],
)
def test_stacks_of_three(unit: BlockUnit, expected: list[float]) -> None:
    chain = ising_chain(tanh(1), float)
    for depth, coupling in enumerate(expected, start=1):
        output = chain.through(unit, depth)
        assert atanh(output.correlation(1)) == pytest.approx(coupling, abs=1e-8)
        assert output.decay == pytest.approx(tanh(1) ** 3**depth, rel=1e-9)


def test_a_stack_of_tanh_neurons() -> None:
    unit = tabulated(3, lambda s: (1 + tanh(0.3 * s[0] + 0.8 * s[1] + 0.5 * s[2])) / 2)
    found = [
        atanh(ising_chain(tanh(1), float).through(unit, depth).correlation(1))
        for depth in (1, 2, 3)
    ]
    assert found == pytest.approx([0.4105732963, 0.0905406800, 0.0063739658], abs=1e-8)


def test_majorities_of_long_blocks_approach_their_asymptote() -> None:
    t, ratios = tanh(0.5), []
    for b, coupling in ((3, 0.171812), (9, 0.0459758), (27, 0.0142727), (243, 0.00154433)):
        correlation = ising_chain(t, float).through(majority(b)).correlation(1)
        assert atanh(correlation) == pytest.approx(coupling, rel=1e-5)
        ratios.append(correlation * 3.141592653589793 * b * (1 - t**2) / (2 * t))
    assert ratios == pytest.approx([1.36, 1.105, 1.030, 1.0032], abs=6e-3)


@settings(deadline=None, max_examples=10)
@given(b=st.integers(2, 4), c=st.integers(2, 4))
def test_two_decimations_are_one(b: int, c: int) -> None:
    chain = ising_chain()
    twice, once = (
        chain.through(decimation(b)).through(decimation(c)),
        chain.through(decimation(b * c)),
    )
    assert (twice.total, twice.signed) == (once.total, once.signed)


def test_decimated_outputs_have_one_coupling_only() -> None:  # ising-check-6
    couplings = output_couplings(decimation(3), 4)
    pairs = {
        tuple(sorted(vertex[1] for vertex, _ in label)): weight
        for label, weight in couplings.expansion.items()
    }
    assert sorted(label for label in pairs if label) == [(1, 2), (1, 4), (2, 3), (3, 4)]
    for label, weight in pairs.items():
        if label:
            value = N(couplings.log_basis.to_expr(weight).subs(K, 1))
            assert float(value) == pytest.approx(0.4743957547, abs=1e-9)


def test_majorities_generate_couplings() -> None:
    couplings = output_couplings(majority(3), 6)
    found = {tuple(v[1] for v, _ in label): weight for label, weight in couplings.expansion.items()}
    values = {
        a: float(N(couplings.log_basis.to_expr(found[a]).subs(K, 1)))
        for a in ((1, 2), (1, 3), (1, 4), (1, 2, 3, 4))
    }
    assert list(values.values()) == pytest.approx([0.5454, -0.0293, 0.0043, -0.0017], abs=6e-5)


def test_the_model_has_the_boltzmann_weight_of_the_chain() -> None:
    model, outputs = block_model_of(majority(3), 1)
    couplings = output_couplings(majority(3), 1)
    assert len(model.terms) == 3 and outputs == (("h", 1),)
    total = 2 * float(N(couplings.partition_function((0,)).subs(K, 1)))
    assert total == pytest.approx((2 * cosh(1)) ** 3 + (exp(1) - exp(-1)) ** 3, rel=1e-12)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: majority(4), "odd block"),
        (lambda: majority(0), "at least 1"),
        (lambda: decimation(3, 4), "kept site"),
        (lambda: decimation(2.5), "whole number"),
        (lambda: tabulated(20, len), "2\\^20"),
        (lambda: majority(3).probability((1, 1)), "reads 3 spins"),
        (lambda: ising_chain().through(majority(3), -1), "layers"),
        (lambda: ising_chain().correlation(0), "distance"),
        (lambda: ising_chain().probability((1, 0)), r"\+1 and -1"),
        (lambda: ising_chain().probability((1, 1), "closed"), "boundary"),
        (lambda: output_couplings(decimation(1), 2), "at least 3 spins"),
    ],
)
def test_bad_input_is_refused(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()  # type: ignore[operator]
