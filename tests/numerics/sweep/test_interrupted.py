"""Sweeps that are broken off: by Ctrl-C, by a killed process, by a killed worker; and sweeps on a
Dask cluster.
"""

import os
import signal
import socket
import socketserver
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import suppress

import numpy as np
import pytest

pytest.importorskip("xarray")
pytest.importorskip("h5py")

from neurenorm.numerics.sweep import open_sweep, sweep
from neurenorm.numerics.sweep.functions import FunctionTarget
from neurenorm.numerics.sweep.journal import journal_of
from neurenorm.numerics.sweep.outcome import Outcome
from neurenorm.numerics.sweep.workers import in_processes, on_executors, packed

SCRIPT = """
    import os, sys, time
    from pathlib import Path

    def slow(x, y, rng):
        with open(os.environ["SWEEP_LOG"], "a") as log:
            log.write(f"{x} {y}\\n")
        time.sleep(float(os.environ["SWEEP_NAP"]))
        return {"sum": x + y, "noise": rng.normal()}

    def deadly(x):
        marker = Path(os.environ["SWEEP_LOG"]).with_name(f"dead-{x}")
        if x == 13 or (x == 2 and not marker.exists()):
            marker.touch()
            os.kill(os.getpid(), 9)
        return x**2

    if __name__ == "__main__":
        from neurenorm.numerics.sweep import sweep

        try:
            sweep(slow, {"x": range(5), "y": range(4)}, output=sys.argv[1], workers=2, seed=5, name="slow")
        except KeyboardInterrupt:
            sys.exit(130)
"""


@pytest.fixture
def script(tmp_path, monkeypatch):
    """A script that sweeps a slow function, and the log of its calls."""
    file = tmp_path / "slow_sweep.py"
    file.write_text(textwrap.dedent(SCRIPT))
    monkeypatch.setenv("SWEEP_LOG", str(tmp_path / "log"))
    monkeypatch.setenv("SWEEP_NAP", "0")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield file
    sys.modules.pop("slow_sweep", None)


def started(script, target, nap):
    return subprocess.Popen(
        [sys.executable, str(script), str(target)],
        env={**os.environ, "SWEEP_NAP": str(nap)},
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )


def wait_for_points(target, count, process):
    """Wait until the journal has some points."""
    deadline = time.monotonic() + 60
    while (
        not journal_of(target).exists() or journal_of(target).read_bytes().count(b"\n") < count + 1
    ):
        assert process.poll() is None and time.monotonic() < deadline, process.communicate()
        time.sleep(0.02)


def ended(group):
    """Wait until no process of a group runs any more."""
    deadline = time.monotonic() + 20
    with suppress(ProcessLookupError):
        while True:
            os.killpg(group, 0)
            assert time.monotonic() < deadline
            time.sleep(0.02)


def calls(tmp_path):
    return (tmp_path / "log").read_text().splitlines()


def test_a_sweep_survives_an_interrupt_and_a_kill_and_ends_as_if_nothing_had_happened(
    script, tmp_path
):
    target, workers, points = tmp_path / "a.nc", 2, 20
    process = started(script, target, 0.2)
    wait_for_points(target, 4, process)
    os.killpg(process.pid, signal.SIGINT)
    _, complaints = process.communicate(timeout=30)
    assert process.returncode == 130 and "Traceback" not in complaints
    partial = open_sweep(target)
    done = partial.attrs["points_done"]
    kept = journal_of(target).read_bytes().count(b"\n") - 1
    assert (
        4 <= kept < points and kept - 1 <= done <= kept
    )  # the interrupt may fall between the disk and the memory
    assert (partial.status == "missing").sum() == points - done == np.isnan(partial["noise"]).sum()
    assert kept >= len(calls(tmp_path)) - workers

    process = started(script, target, 0.2)
    wait_for_points(target, done + 3, process)
    process.kill()
    process.communicate(timeout=30)
    assert open_sweep(target).attrs["points_done"] == done
    saved = journal_of(target).read_bytes().count(b"\n") - 1
    assert done + 3 <= saved < points
    ended(process.pid)

    assert len(calls(tmp_path)) - saved <= 2 * workers
    before = len(calls(tmp_path))
    process = started(script, target, 0)
    _, complaints = process.communicate(timeout=60)
    assert (process.returncode, complaints) == (0, "")
    assert len(calls(tmp_path)) - before == points - saved
    assert not journal_of(target).exists()

    from slow_sweep import slow

    whole = sweep(slow, {"x": range(5), "y": range(4)}, workers=0, seed=5, name="slow")
    assert open_sweep(target).identical(whole)


def test_a_point_whose_process_dies_is_tried_again_and_then_given_up(script, tmp_path):
    from slow_sweep import deadly

    points = [(k, {"x": x}) for k, x in enumerate([1, 2, 13, 3])]
    found = dict(in_processes(packed(FunctionTarget(deadly)), points, 0, 2))
    assert {k: found[k].values["value"] for k in (0, 1, 3)} == {0: 1, 1: 4, 3: 9}
    assert found[2] == Outcome("failed", reason="its process died 2 times, killed or out of memory")


class Fragile(Executor):
    """Computes here; the first of them dies while it has nothing to do."""

    made = 0

    def __init__(self):
        Fragile.made += 1
        self.dead = Fragile.made == 1

    def submit(self, function, *arguments):
        if self.dead:
            raise BrokenExecutor
        future = Future()
        future.set_result(function(*arguments))
        return future


def test_a_process_that_dies_while_it_has_nothing_to_do_costs_no_point(script):
    from slow_sweep import deadly

    points = [(k, {"x": x}) for k, x in enumerate([3, 4, 5])]
    found = dict(on_executors(Fragile, 1, packed(FunctionTarget(deadly)), points, 0))
    assert [found[k].values["value"] for k in range(3)] == [9, 16, 25] and Fragile.made == 2


def test_a_script_that_sweeps_without_a_guard_is_told_so(tmp_path):
    script = tmp_path / "unguarded.py"
    script.write_text(
        "from neurenorm.numerics.sweep import sweep\n"
        "def same(x): return x\n"
        "sweep(same, {'x': [1, 2]}, workers=1)\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True)
    assert done.returncode == 1
    assert "died while it started: a script that sweeps needs `if __name__" in done.stderr


def test_a_function_that_cannot_be_loaded_elsewhere_is_refused(script):
    from slow_sweep import slow

    payload = packed(FunctionTarget(slow)).replace(b"slow_sweep", b"lost_sweep")
    with pytest.raises(ValueError, match="cannot load what is swept: ModuleNotFoundError"):
        list(in_processes(payload, [(0, {"x": 1, "y": 1})], 0, 1))


def test_a_cluster_whose_worker_is_killed_on_the_way_gives_the_same(script, tmp_path):
    distributed = pytest.importorskip("distributed")
    from slow_sweep import deadly, slow

    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        killed = sweep(deadly, {"x": [0, 1, 2, 3, 4, 5]}, client=client, output=tmp_path / "a.nc")
        assert (tmp_path / "dead-2").exists()
        assert killed.value.values.tolist() == [0, 1, 4, 9, 16, 25]
        assert open_sweep(tmp_path / "a.nc").identical(killed)
        by_address = sweep(
            slow, {"x": range(3), "y": range(2)}, scheduler=cluster.scheduler_address, seed=2
        )
        assert by_address.identical(sweep(slow, {"x": range(3), "y": range(2)}, workers=0, seed=2))
        result = sweep("lattice/ising-correlation", {"K": [0, 1]}, {"r": 2}, client=client)
        np.testing.assert_allclose(result.value, np.tanh([0, 1]) ** 2, rtol=1e-14)


def test_a_scheduler_that_does_not_answer_is_an_error_within_seconds(tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("neurenorm.numerics.sweep.cluster.PATIENCE", 1.0)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        closed = socket.socket()
        closed.bind(("127.0.0.1", 0))
        ports = [deaf.getsockname()[1], closed.getsockname()[1]]
        closed.close()
        for address in (*(f"tcp://127.0.0.1:{port}" for port in ports), "nonsense", "tcp://"):
            with pytest.raises(
                ValueError, match=f"the scheduler at {address} does not answer within 1 s"
            ):
                sweep(
                    "lattice/ising-correlation",
                    {"K": [0, 1]},
                    {"r": 2},
                    scheduler=address,
                    output=tmp_path / "a.nc",
                )
    assert list(tmp_path.iterdir()) == []


def test_something_else_that_answers_is_no_scheduler(tmp_path, monkeypatch):
    """What a web server says, read as a length by Dask, would be more than all memory."""
    pytest.importorskip("distributed")
    monkeypatch.setattr("neurenorm.numerics.sweep.cluster.PATIENCE", 2.0)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), WebServer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(ValueError, match="does not answer within 2 s"):
            sweep(
                "lattice/ising-correlation",
                {"K": [0, 1]},
                {"r": 2},
                scheduler=f"tcp://127.0.0.1:{server.server_address[1]}",
                output=tmp_path / "a.nc",
            )
        server.shutdown()
    assert list(tmp_path.iterdir()) == []


class WebServer(socketserver.BaseRequestHandler):
    """Answers everything as a web server does that was not understood."""

    def handle(self):
        self.request.sendall(
            b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request"
        )


def test_a_scheduler_without_workers_is_an_error_within_seconds(monkeypatch):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr("neurenorm.numerics.sweep.cluster.PATIENCE", 0.5)
    with (
        distributed.LocalCluster(
            n_workers=0, dashboard_address=None, processes=False, silence_logs=50
        ) as cluster,
        pytest.raises(ValueError, match=r"has no worker after 0\.5 s"),
    ):
        sweep(
            "lattice/ising-correlation",
            {"K": [0, 1]},
            {"r": 2},
            scheduler=cluster.scheduler_address,
        )
