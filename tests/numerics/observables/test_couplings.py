"""Four estimators of an output coupling, gauge and samples, against laws that are known exactly."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurenorm.numerics.observables.couplings import (
    couplings_of_law,
    estimate_couplings,
    walsh_couplings,
)
from neurenorm.numerics.observables.output_symmetry import (
    fix_gauge,
    gauge_invariants,
    samples_needed,
)
from neurenorm.numerics.observables.samples import as_spins, read_spins
from neurenorm.numerics.simulation.ising_correspondence.chains import (
    chain_law,
    layer_law,
    sample_packed_chains,
    spin_table,
)
from neurenorm.theory.ising_correspondence.hidden_chain import ising_chain
from neurenorm.theory.ising_correspondence.units import majority


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def majority_law(K: float, blocks: int, boundary: str = "open") -> np.ndarray:
    return layer_law(chain_law(K, 3 * blocks, boundary), 3, lambda b: b.sum(axis=1) > 0)


@settings(deadline=None, max_examples=10)
@given(K=st.floats(-1.5, 1.5), boundary=st.sampled_from(["open", "ring"]))
def test_all_four_estimators_agree_on_an_ising_chain(K: float, boundary: str) -> None:
    found = couplings_of_law(chain_law(K, 6, boundary), boundary)
    values = [found.nearest, found.walsh, found.pseudo_likelihood]
    assert [e.value for e in values if e is not None] == pytest.approx([K] * 3, abs=1e-8)
    if abs(K) > 0.05:
        assert (
            found.correlation_length is not None
            and found.correlation_length.value == pytest.approx(abs(K) * np.sign(K), abs=1e-7)
        )
    assert found.closure_defect is not None and abs(float(found.closure_defect.value)) < 1e-12


@settings(deadline=None, max_examples=15)
@given(st.lists(st.floats(0.05, 1), min_size=8, max_size=8))
def test_walsh_couplings_rebuild_the_law(weights: list[float]) -> None:
    law = np.array(weights).reshape(2, 2, 2) / sum(weights)
    energy = sum(
        J * spin_table(3)[:, list(a)].prod(axis=1) for a, J in walsh_couplings(law).items()
    )
    assert np.exp(energy) == pytest.approx(law.ravel(), rel=1e-10)


def test_majorities_are_no_ising_chain() -> None:
    found = couplings_of_law(majority_law(1.0, 6, "ring"), "ring")
    assert found.walsh is not None and found.walsh.value == pytest.approx(0.5454, abs=5e-5)
    generated = [found.generated[a].value for a in ((0, 2), (0, 3), (0, 1, 2, 3))]
    assert generated == pytest.approx([-0.0293, 0.0043, -0.0017], abs=6e-5)
    assert found.correlation_length is not None
    assert found.correlation_length.value == pytest.approx(
        0.4743957547, abs=1e-9
    )  # the renormalized coupling, on a ring too
    assert found.nearest is not None and abs(found.nearest.value - 0.4744) > 0.03


@pytest.mark.parametrize(("K", "defect"), [(1.0, 1.7e-4), (0.5, 6.3e-5)])
def test_the_closure_defect_of_ten_majorities(K: float, defect: float) -> None:
    output = ising_chain(math.tanh(K), float).through(majority(3))
    law = np.array(
        [output.probability(tuple(int(h) for h in row)) for row in spin_table(10)]
    ).reshape((2,) * 10)
    found = couplings_of_law(law).closure_defect
    assert found is not None and found.value == pytest.approx(defect, abs=6e-6 if K == 1 else 6e-7)


def test_samples_give_what_the_law_gives() -> None:
    chains = sample_packed_chains(1.0, 36, 64 * 600, rng()).majority(3).unpacked()
    found, exact = estimate_couplings(chains), couplings_of_law(majority_law(1.0, 4))
    assert found.nearest is not None and found.nearest.value == pytest.approx(
        0.5169290247, abs=5 * found.nearest.error
    )
    assert found.correlation_length is not None and 0 < found.correlation_length.error < 0.02
    assert found.correlation_length.value == pytest.approx(
        0.4743957547, abs=5 * found.correlation_length.error
    )
    assert found.generated[0, 2].value == pytest.approx(
        exact.generated[0, 2].value, abs=5 * found.generated[0, 2].error
    )
    assert found.closure_defect is not None and float(found.closure_defect.value) > 4 * float(
        found.closure_defect.error
    )


def test_errors_are_those_of_repeated_samples() -> None:
    found = [
        estimate_couplings(sample_packed_chains(0.4, 8, 2048, rng(seed)).unpacked())
        for seed in range(40)
    ]
    for name in ("nearest", "walsh", "pseudo_likelihood", "correlation_length"):
        values = np.array([[getattr(f, name).value, getattr(f, name).error] for f in found])
        assert values[:, 1].mean() == pytest.approx(values[:, 0].std(ddof=1), rel=0.35)
        assert values[:, 0].mean() == pytest.approx(0.4, abs=5 * values[:, 1].mean() / np.sqrt(40))


def test_a_ring_of_samples() -> None:
    law = chain_law(0.7, 6, "ring").ravel()
    rows = spin_table(6)[rng().choice(64, size=20000, p=law)]
    found = estimate_couplings(rows, "ring")
    for estimate in (found.nearest, found.walsh, found.pseudo_likelihood, found.correlation_length):
        assert estimate is not None and estimate.value == pytest.approx(0.7, abs=5 * estimate.error)


@pytest.mark.parametrize("sign", [1, -1])
def test_copies_have_an_infinite_coupling(sign: int) -> None:  # ising-check-24
    column = rng().choice([-1, 1], size=(500, 1))
    found = estimate_couplings(np.hstack([column, sign * column, column]))
    assert found.copied and found.value == sign * math.inf and found.nearest is None
    assert "copies" in str(found)


def test_gauge_is_fixed_by_the_heaviest_input() -> None:
    source = rng()
    spins = sample_packed_chains(1.0, 8, 640, source).unpacked()
    order, signs = source.permutation(4), source.choice([-1, 1], size=4)
    kept = [1, 3, 5, 7]
    weights = (np.eye(8)[kept] * signs[:, None])[order] + 0.1 * source.standard_normal((4, 8))
    outputs = (spins[:, kept] * signs)[:, order]
    fixed, ordered = fix_gauge(weights, outputs)
    assert np.array_equal(ordered, spins[:, kept])
    assert fixed.argmax(axis=1).tolist() == kept


def test_invariants_do_not_depend_on_the_gauge() -> None:
    matrix = np.array([[1.0, 0.5, -0.2], [0.5, 1.0, 0.1], [-0.2, 0.1, 1.0]])
    flip, order = np.diag([1, -1, 1]), [2, 0, 1]
    turned = (flip @ matrix @ flip)[np.ix_(order, order)]
    first, second = gauge_invariants(matrix), gauge_invariants(turned)
    assert first.correlations == pytest.approx(second.correlations)
    assert first.rms_coupling == pytest.approx(second.rms_coupling)
    assert gauge_invariants(np.ones((2, 2))).rms_coupling == math.inf


def test_the_samples_that_resolve_a_coupling() -> None:
    needed = samples_needed(0.05, bonds=10)
    found = estimate_couplings(sample_packed_chains(0.05, 11, needed, rng()).unpacked())
    assert found.nearest is not None
    assert 0.05 / float(found.nearest.error) == pytest.approx(5, rel=0.15)


def test_files_are_read(tmp_path: Path) -> None:
    spins = sample_packed_chains(1.0, 5, 64, rng()).unpacked()
    np.save(tmp_path / "s.npy", spins)
    np.savetxt(tmp_path / "s.csv", spins, fmt="%d", delimiter=",")
    np.savetxt(tmp_path / "s.txt", spins)
    for name in ("s.npy", "s.csv", "s.txt"):
        assert np.array_equal(read_spins(tmp_path / name), spins)


def test_bad_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("1 -1\n1 up\n")
    (tmp_path / "ragged.txt").write_text("1 -1\n1\n")
    (tmp_path / "broken.npy").write_bytes(b"nothing")
    (tmp_path / "empty.csv").write_text("\n")
    np.savez(tmp_path / "several.npz", samples=np.ones((4, 4)))
    for name, message in (
        ("words.txt", "cannot be read"),
        ("ragged.txt", "one length"),
        ("broken.npy", "cannot be read as ±1 samples: it is no array of numbers"),
        ("empty.csv", "holds no samples"),
        ("several.npz", "neither an .npy file nor text"),
        ("no.txt", "not a file"),
    ):
        with pytest.raises(ValueError, match=message):
            read_spins(tmp_path / name)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: as_spins([[1, 0], [1, 1]]), "2x - 1"),
        (lambda: as_spins([[1, -1], [1, 3]]), "got 3 in row 1, column 1"),
        (lambda: as_spins([[1, np.nan], [1, 1]]), "got nan in row 0"),
        (lambda: as_spins([1, -1]), "shape"),
        (lambda: as_spins([[1], [1]]), "2 units"),
        (lambda: as_spins([["a", "b"]]), "numbers"),
        (lambda: walsh_couplings(np.array([[0.5, 0.5], [0.0, 0.0]])), "positive probability"),
        (lambda: walsh_couplings(np.full((2,) * 17, 2.0**-17)), "take a window"),
        (lambda: couplings_of_law(np.full((2, 2), 0.25), "ring"), "at least 3 outputs"),
        (lambda: couplings_of_law(np.full((2, 2), 0.25), "moebius"), "boundary"),
        (lambda: samples_needed(0.0, 5), "exactly zero"),
        (lambda: gauge_invariants([[1, 2, 3]]), "square"),
        (lambda: fix_gauge([[1.0, 2.0]], [[1, 1], [1, -1]]), "rows of weights"),
    ],
)
def test_bad_input_is_refused(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()  # type: ignore[operator]
