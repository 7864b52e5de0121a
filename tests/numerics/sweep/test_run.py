"""Sweeps: what the dataset holds, where it may be written, and what is refused."""

import argparse
import json
import math
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Rational

pytest.importorskip("xarray")
pytest.importorskip("h5py")

from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.evaluate import evaluate
from neurenorm.numerics.files import write_whole
from neurenorm.numerics.sweep import add_arguments, open_sweep, parse_axis, sweep, sweep_command
from neurenorm.numerics.sweep.axes import Axis, Grid
from neurenorm.numerics.sweep.dataset import padded
from neurenorm.numerics.sweep.journal import Journal, journal_of
from neurenorm.numerics.sweep.outcome import Outcome
from neurenorm.numerics.sweep.targets import target_of
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Sampled


def command(*words):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return sweep_command(parser.parse_args(list(words)))


def test_a_result_over_a_grid_has_named_axes_meanings_and_the_right_values(tmp_path):
    couplings, distances = [0, 0.25, 0.5, 2], [1, 3]
    file = tmp_path / "chain.nc"
    found = sweep(
        "lattice/ising-correlation", {"K": couplings, "r": distances}, output=file, workers=0
    )
    assert found.value.dims == ("K", "r")
    np.testing.assert_allclose(
        found.value, np.tanh(couplings)[:, None] ** np.array(distances), rtol=1e-14
    )
    assert (found.status == "exact").all()
    assert found.K.attrs["long_name"].startswith("nearest-neighbour coupling")
    assert found.attrs["provenance"].startswith("derived here")
    stored = open_sweep(file)
    assert stored.identical(found)
    assert not journal_of(file).exists()
    assert [path.name for path in tmp_path.iterdir()] == ["chain.nc"]


def test_units_come_from_the_catalogue():
    found = sweep("lattice/ring-free-energy", {"K": [0, 1]}, {"N": 8}, workers=0)
    assert found.value.attrs["units"] == "nats"
    assert found.N.item() == 8
    assert found.N.dims == ()
    assert found.value.sel(K=1).item() == pytest.approx(9.1226493520, abs=1e-9)


def test_a_value_called_like_a_parameter_is_a_result_and_defaults_are_told():
    found = sweep("lattice/ising-decimation", {"b": [2, 3]}, {"K": 1}, workers=0)
    assert found.h.item() == 0
    np.testing.assert_allclose(found.K_result, [0.6625013737, 0.4743957547], atol=1e-9)


def test_no_fixed_point_is_a_nan_whose_status_tells_why():
    found = sweep(
        "lattice/hierarchical-fixed-point", {"parallel": [1, 2]}, {"series": 2}, workers=0
    )
    assert found.status.values[0] == "none" and found.status.values[1] in ("exact", "enclosed")
    assert np.isnan(found.y[0]) and found.y[1] == pytest.approx(0.74723572, abs=1e-7)
    assert found.reason[0].item() and "model" in found.coords


def test_an_infinite_length_is_infinite_and_all_branches_are_kept():
    found = sweep(
        "field-theory/kernel-fixed-point", {"sw2": [2]}, {"activation": "relu", "sb2": 0}, workers=0
    )
    assert found.xi_q.item() == math.inf
    several = sweep(
        "field-theory/kernel-fixed-point",
        {"sw2": [Rational(1, 2), 2]},
        {"activation": "tanh", "sb2": 0},
        workers=0,
    )
    kept = sorted(
        branch["K"]
        for branch in evaluate(
            "field-theory/kernel-fixed-point", activation="tanh", sw2=2, sb2=0
        ).answer.branches
    )
    assert sorted(several.K_branches.sel(sw2=2).values) == kept
    assert several.K_branches.dims == ("sw2", "branch")


def test_lists_get_a_dimension_and_are_padded_where_they_are_shorter():
    found = sweep(
        "field-theory/vertex",
        {"depth": [2, 4]},
        {"activation": "relu", "sw2": 2, "sb2": 0, "K1": 1},
        workers=0,
    )
    assert found.V.dims == ("depth", "entry")
    assert found.V.sel(depth=4).values.tolist() == [0, 5, 10, 15]
    np.testing.assert_array_equal(found.V.sel(depth=2), [0, 5, np.nan, np.nan])


def test_words_on_an_axis():
    found = sweep(
        "lattice/hierarchical-fixed-point", {"cell": ["diamond", "wheatstone"]}, workers=0
    )
    assert found.K.sel(cell="diamond").item() == pytest.approx(0.6093778634, abs=1e-9)
    assert found.y.dims == ("cell",)


def measured(T, rng, size=50):
    """Mean of normal numbers."""
    return {
        "mean": Estimate.from_blocks(T + rng.normal(size=size)),
        "cold": T < 1,
        "phase": "low" if T < 1 else "high",
        "square": T**2,
    }


def test_a_simulation_keeps_errors_kinds_and_its_numbers_wherever_the_point_lies():
    found = sweep(measured, {"T": [0.5, 1, 2]}, workers=0, seed=3)
    assert (found.status == "sampled").all()
    assert found.cold.dtype == bool and found.phase.values.tolist() == ["low", "high", "high"]
    assert (abs(found["mean"] - found.T) < 6 * found.mean_error).all() and (
        found.mean_error > 0
    ).all()
    alone = sweep(measured, {"T": [2]}, workers=0, seed=3)
    assert alone["mean"].item() == found["mean"].sel(T=2).item()
    assert sweep(measured, {"T": [2]}, workers=0, seed=4)["mean"].item() != alone["mean"].item()


def test_a_number_that_is_none_is_never_passed_on_silently():
    found = sweep(lambda x: math.nan if x else 1.0, {"x": [0, 1]}, workers=0)
    assert found.status.values.tolist() == ["numeric", "none"]
    assert found.reason[1].item() == "value is not a number"


def test_a_claim_over_seeds_shares_the_false_alarms():
    def witness(rng, effort):
        return Estimate.from_blocks(1 + 0.1 * rng.normal(size=effort.scale(400)))

    claim = Claim(
        "demo/one",
        "the mean is one",
        lambda: 1.0,
        lambda value, _: value,
        witness,
        Sampled(smallest=0.1),
    )
    found = sweep(claim, {"seed": range(3), "effort": ["default", "high"]}, workers=0)
    assert (found.status == "agrees").all()
    assert found.false_alarm.item() == pytest.approx(1e-6 / 6)
    assert (found.mutants_refuted == found.mutants).all() and (found.unit == "sigma").all()
    assert (
        found.discrepancy.sel(seed=1, effort="default").item()
        == claim.check(seed=1, effort=Effort.default).comparison.discrepancy
    )
    with pytest.raises(
        ValueError, match="a claim has no parameter 'K'; it takes seed, effort, false_alarm"
    ):
        sweep(claim, {"K": [1]}, workers=0)


def test_a_result_and_a_claim_of_one_id_are_told_apart():
    assert type(target_of("lattice/ising-correlation")).__name__ == "ResultTarget"
    assert type(target_of("lattice/ising-correlation", claim=True)).__name__ == "ClaimTarget"
    assert type(target_of("lattice/semigroup")).__name__ == "ClaimTarget"


def test_ranges_are_exact_and_ends_included():
    assert parse_axis("K", "0:1:11").values[1] == Rational(1, 10)
    assert parse_axis("K", "1/3:1/3:1").values == (Rational(1, 3),)
    np.testing.assert_allclose(
        [float(v) for v in parse_axis("K", "0.01:10:7:log").values],
        np.geomspace(0.01, 10, 7),
        rtol=1e-14,
    )
    assert parse_axis("f", "[tanh, max(z,0)]").values == ("tanh", "max(z,0)")
    assert parse_axis("n", "5") is None


NESTED = st.recursive(
    st.none() | st.floats(allow_nan=False) | st.integers(-5, 5),
    lambda inner: st.lists(inner, min_size=1, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(NESTED, min_size=1, max_size=4))
def test_every_entry_of_nested_lists_is_where_its_indices_say(cells):
    array = padded(cells)

    def walk(cell, place):
        if isinstance(cell, list):
            for k, item in enumerate(cell):
                yield from walk(item, (*place, k))
        else:
            yield place + (0,) * (array.ndim - len(place)), cell

    leaves = [leaf for k, cell in enumerate(cells) for leaf in walk(cell, (k,))]
    if len({place for place, _ in leaves}) == len(leaves):
        for place, value in leaves:
            assert math.isnan(array[place]) if value is None else array[place] == value
        assert np.count_nonzero(~np.isnan(array.astype(float))) == sum(
            value is not None for _, value in leaves
        )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["lattice/ising-corelation", "K=0:1:3"], "did you mean lattice/ising-correlation"),
        (["lattice/ising-correlation", "J=0:1:3", "r=1"], "has no parameter 'J'; it takes K, r"),
        (["lattice/ising-correlation", "K=0:1:3"], "needs r"),
        (
            ["lattice/ising-correlation", "K=0:1:0", "r=1"],
            "zero points: the axis K has a count of 0",
        ),
        (["lattice/ising-correlation", "K=[]", "r=1"], "zero points: the axis K has no value"),
        (["lattice/ising-correlation", "K=1", "r=1"], "at least one axis"),
        (["lattice/ising-correlation", "K=0:1", "r=1"], "start:stop:count"),
        (["lattice/ising-correlation", "K=0:one:3", "r=1"], "numbers for its ends"),
        (["lattice/ising-correlation", "K=0:1:2.5", "r=1"], "integer count"),
        (["lattice/ising-correlation", "K=-1:1:3:log", "r=1"], "positive ends"),
        (["lattice/ising-correlation", "K=[1,2,1]", "r=1"], "the value 1 twice"),
        (
            ["lattice/ising-correlation", "K=0:1:3", "r=-1:1:3"],
            "r .* must be an integer of at least 0, got -1",
        ),
        (["lattice/ising-correlation", "K=[1,inf]", "r=1"], "must be finite"),
        (["lattice/ising-correlation", "K=[1,nan]", "r=1"], "not a number"),
        (["lattice/ising-correlation", "K=0:1:3", "K=1", "r=1"], "K is given twice"),
        (["lattice/ising-correlation", "K", "r=1"], "not of the form name=value"),
        (["lattice/ising-correlation", "K=0:1:4000", "r=0:3999:4000"], "at most 10000000"),
        (
            ["lattice/ising-correlation", "K=0:1:3", "r=1", "--workers", "-1"],
            "0 \\(this process\\) or more",
        ),
        (
            [
                "lattice/ising-correlation",
                "K=0:1:3",
                "r=1",
                "--workers",
                "1",
                "--scheduler",
                "tcp://127.0.0.1:1",
            ],
            "not both",
        ),
        (
            ["neurenorm.numerics.simulation.phases:nothing", "gain=0:1:3"],
            "no function 'nothing' in a module 'neurenorm.numerics.simulation.phases'",
        ),
        (["no.such.module:nothing", "gain=0:1:3"], "No module named 'no'"),
        (
            ["neurenorm.numerics.simulation.phases:__all__", "gain=0:1:3"],
            "is no function but a list",
        ),
        (
            ["neurenorm.numerics.simulation.phases:layered_magnetization", "gian=0:1:3"],
            "no parameter 'gian'; it takes width, gain, rng",
        ),
        (
            ["lattice/hierarchical-fixed-point", "cell=[diamond]", "series=2"],
            "no point could be computed; the first says: ValueError: give either cell",
        ),
    ],
)
def test_bad_usage_says_what_is_wrong_and_leaves_nothing(tmp_path, words, message):
    with pytest.raises(ValueError, match=message):
        command(
            *words,
            "-o",
            str(tmp_path / "a.nc"),
            *([] if "--workers" in words else ["--workers", "0"]),
        )
    assert list(tmp_path.iterdir()) == []


def test_a_simulation_is_swept_by_its_name(tmp_path, monkeypatch):
    """Of the library, and of a module in the present folder; in worker processes as in this one."""
    simulation = [
        "neurenorm.numerics.simulation.phases:layered_magnetization",
        "width=21",
        "networks=8",
        "depth=3",
        "gain=[1,2]",
    ]
    for name, workers in (("a.nc", "0"), ("b.nc", "2")):
        assert command(*simulation, "-o", str(tmp_path / name), "--workers", workers) == 0
    found = open_sweep(tmp_path / "a.nc")
    assert found.identical(open_sweep(tmp_path / "b.nc"))
    assert found.status.values.tolist() == ["sampled", "sampled"] and np.all(found.value_error > 0)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "of_my_own.py").write_text("def square(x):\n    return x * x\n")
    assert command("of_my_own:square", "x=1:3:3", "-o", "c.nc", "--workers", "2") == 0
    assert open_sweep("c.nc").value.values.tolist() == [1, 4, 9]


def test_functions_are_checked_against_their_signature():
    with pytest.raises(ValueError, match="no parameter 'K'; it takes T, rng, size"):
        sweep(measured, {"K": [1]}, workers=0)
    with pytest.raises(ValueError, match="needs T"):
        sweep(measured, {"size": [10]}, workers=0)
    with pytest.raises(TypeError, match="over an id, a Result, a Claim or a function"):
        sweep(3, {"K": [1]}, workers=0)
    with pytest.raises(ValueError, match="cannot be called status"):
        Axis.of("status", [1])
    with pytest.raises(ValueError, match="a single value belongs to the fixed"):
        Axis.of("K", "tanh")


def test_a_list_that_the_parameter_takes_whole_is_no_axis(tmp_path, capsys):
    fixed = ["activation=linear", "sb2=1", "layers=[[1,2]]", "x2=1"]
    assert (
        command(
            "field-theory/lattice-action",
            "sw2=1:2:2",
            *fixed,
            "-o",
            str(tmp_path / "a.nc"),
            "--workers",
            "0",
        )
        == 0
    )
    found = open_sweep(tmp_path / "a.nc")
    assert dict(found.sizes) == {"sw2": 2} and found.layers.item() == "[[1, 2]]"
    assert "2 points (2 exact)" in capsys.readouterr().out


COMMAND = ["lattice/ising-correlation", "K=0:1:3", "r=2", "--workers", "0"]


def test_the_same_command_again_computes_nothing_and_another_is_refused(
    tmp_path, monkeypatch, capsys
):
    file = tmp_path / "a.nc"
    assert command(*COMMAND, "-o", str(file)) == 0
    assert capsys.readouterr().out == f"{file}: 3 points (3 exact)\n"
    before = file.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr("neurenorm.numerics.sweep.targets.ResultTarget.run", None)
        assert command(*COMMAND, "-o", str(file)) == 0
    for words in (["K=0:1:4", "r=2"], ["K=0:1:3", "r=3"], ["K=0:1:3", "r=2", "--seed", "1"]):
        with pytest.raises(
            ValueError, match=r"belongs to another sweep .*refuse to resume into it"
        ):
            command("lattice/ising-correlation", *words, "--workers", "0", "-o", str(file))
    assert file.read_bytes() == before
    assert (
        command(
            "lattice/ising-correlation",
            "K=0:1:4",
            "r=2",
            "--workers",
            "0",
            "-o",
            str(file),
            "--force",
        )
        == 0
    )
    assert open_sweep(file).sizes["K"] == 4


@pytest.mark.parametrize("content", [b"", b"my notes", b"\x89HDF\r\n\x1a\n cut off"])
def test_a_file_that_is_no_sweep_is_left_alone(tmp_path, content):
    file = tmp_path / "a.nc"
    file.write_bytes(content)
    with pytest.raises(ValueError, match="not a netCDF file: refuse to resume into it"):
        command(*COMMAND, "-o", str(file))
    assert file.read_bytes() == content


def test_a_dataset_of_something_else_is_left_alone(tmp_path):
    import xarray

    file = tmp_path / "a.nc"
    xarray.Dataset({"x": ("t", [1.0])}).to_netcdf(file, engine="h5netcdf")
    with pytest.raises(ValueError, match="not of a sweep: refuse to resume into it"):
        command(*COMMAND, "-o", str(file))


def test_a_journal_of_another_sweep_is_refused(tmp_path):
    file = tmp_path / "a.nc"
    Journal(journal_of(file), {"what": "lattice/ising-correlation", "axes": {"K": ["7"]}}).__exit__(
        None, None, None
    )
    with pytest.raises(ValueError, match=r"a\.nc\.journal belongs to another sweep"):
        command(*COMMAND, "-o", str(file))


def test_a_journal_drops_a_line_that_a_crash_cut_off(tmp_path):
    path, identity = tmp_path / "a.journal", {"what": "x"}
    with Journal(path, identity) as journal:
        journal.append(0, Outcome("numeric", {"value": math.inf}, {"value": 0.5}))
        journal.append(1, Outcome("none", {"value": None}, reason="no fixed point"))
    whole = path.read_bytes()
    for cut in range(1, len(whole.splitlines()[-1]) + 1):
        path.write_bytes(whole[:-cut])
        with Journal(path, identity) as journal:
            assert list(journal.outcomes) == [0]
            assert journal.outcomes[0].values["value"] == math.inf
            journal.append(1, Outcome("numeric", {"value": 2}))
        with Journal(path, identity) as journal:
            assert journal.outcomes[1].values == {"value": 2}
    assert json.loads(whole.splitlines()[0].partition(b" ")[2]) == identity


def test_a_journal_is_written_by_one_at_a_time(tmp_path):
    pytest.importorskip("fcntl")
    with (
        Journal(tmp_path / "a.journal", {}),
        pytest.raises(ValueError, match="being written by another process"),
    ):
        Journal(tmp_path / "a.journal", {})
    Journal(tmp_path / "a.journal", {}).__exit__(None, None, None)


def test_failed_points_are_told_and_tried_again(tmp_path):
    healed = tmp_path / "healed"
    calls = []

    def fragile(x):
        calls.append(x)
        if x == 1 and not healed.exists():
            raise ArithmeticError("too cold")
        return [x, None]

    file = tmp_path / "a.nc"
    first = sweep(fragile, {"x": [0, 1, 2]}, output=file, workers=0, name="fragile")
    assert first.status.values.tolist() == ["numeric", "failed", "numeric"]
    assert first.reason[1].item() == "ArithmeticError: too cold"
    assert np.isnan(first.value[1]).all() and first.attrs["points_done"] == 2
    healed.touch()
    second = sweep(fragile, {"x": [0, 1, 2]}, output=file, workers=0, name="fragile")
    assert calls == [0, 1, 2, 1]
    assert (second.status == "numeric").all() and not journal_of(file).exists()


@pytest.mark.parametrize("place", ["missing/a.nc", ".", "/proc/a.nc"])
def test_an_unwritable_target_is_refused_before_any_work(tmp_path, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("neurenorm.numerics.sweep.targets.ResultTarget.run", None)
    with pytest.raises(ValueError, match=r"does not exist|is a folder|cannot"):
        command(*COMMAND, "-o", place)
    assert list(tmp_path.iterdir()) == []


@contextmanager
def small_disk(size):
    """Let no file grow beyond some bytes, as on a full disk; only inside the block, since pytest
    writes files too.
    """
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("size", [100, 1500, 5000])
def test_a_full_disk_leaves_the_old_file_whole_and_the_points_found(tmp_path, size):
    file = tmp_path / "a.nc"
    command(*COMMAND, "-o", str(file))
    before = file.read_bytes()
    with small_disk(size), pytest.raises(ValueError, match=r"cannot write .*File too large"):
        command(
            "lattice/ising-correlation",
            "K=0:1:6",
            "r=2",
            "--workers",
            "0",
            "-o",
            str(file),
            "--force",
        )
    assert file.read_bytes() == before
    assert not list(file.parent.glob("*.partial"))
    assert journal_of(file).exists() == (size > 1000)


def test_writing_is_whole_or_not_at_all(tmp_path):
    file = tmp_path / "a"
    write_whole(file, b"old")
    with small_disk(1000), pytest.raises(ValueError, match="cannot write"):
        write_whole(file, b"new" * 1000)
    assert file.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_missing_extra_is_named(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "h5netcdf", None)
    with pytest.raises(ValueError, match=r"neurenorm\[results\]"):
        sweep("lattice/ising-correlation", {"K": [1]}, {"r": 1}, workers=0)


def test_the_points_of_a_grid_run_with_the_last_axis_fastest():
    grid = Grid((Axis.of("a", [1, 2]), Axis.of("b", [3, 4, 5])), {"c": 0})
    assert [(p["a"], p["b"]) for p in grid] == [(a, b) for a in (1, 2) for b in (3, 4, 5)]


def test_no_flipped_bit_is_believed(tmp_path):
    rng = np.random.default_rng(19)
    file = tmp_path / "a.nc"
    found = sweep("lattice/ising-decimation", {"K": [0.5, 1]}, output=file, workers=0)
    assert open_sweep(file).identical(found)
    whole = file.read_bytes()
    for place in rng.integers(0, 8 * len(whole), 60):
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << (place % 8)
        file.write_bytes(flipped)
        with pytest.raises(ValueError, match="damaged"):
            open_sweep(file)
    for length in rng.integers(0, len(whole), 20):
        file.write_bytes(whole[:length])
        with pytest.raises(ValueError, match="damaged"):
            open_sweep(file)


def test_no_flipped_bit_of_a_journal_is_believed(tmp_path):
    path, identity = tmp_path / "a.journal", {"what": "x"}
    outcomes = {
        index: Outcome("numeric", {"value": index / 7}, {"value": 0.5}) for index in range(5)
    }
    with Journal(path, identity) as journal:
        for index, outcome in outcomes.items():
            journal.append(index, outcome)
    whole = path.read_bytes()
    for place in np.random.default_rng(19).integers(0, 8 * len(whole), 300):
        flipped = bytearray(whole)
        flipped[place // 8] ^= 1 << (place % 8)
        path.write_bytes(flipped)
        try:
            with Journal(path, identity) as journal:
                assert all(
                    outcomes[index] == outcome for index, outcome in journal.outcomes.items()
                )
                assert len(journal.outcomes) >= 3
        except ValueError as error:
            assert place // 8 <= whole.index(b"\n") and "damaged" in str(error)


def test_the_files_of_others_are_not_touched(tmp_path):
    for name in ("a.nc.partial", "a.nc.journal"):
        (tmp_path / name).write_text("mine\n")
    with pytest.raises(ValueError, match="no journal of a sweep"):
        sweep("lattice/ising-decimation", {"K": [0.5, 1]}, output=tmp_path / "a.nc", workers=0)
    (tmp_path / "a.nc.journal").unlink()
    sweep("lattice/ising-decimation", {"K": [0.5, 1]}, output=tmp_path / "a.nc", workers=0)
    assert (tmp_path / "a.nc.partial").read_text() == "mine\n"
    assert {file.name for file in tmp_path.iterdir()} == {"a.nc", "a.nc.partial"}


def test_logarithmic_axes_span_the_whole_range_of_numbers():
    with pytest.raises(ValueError, match="out of range"):
        parse_axis("a", "1e-400:1:3:log")
    assert parse_axis("a", "1e-300:1e300:3:log").values[1] == 1
