"""Where the points are computed: in this process, in local processes, or on a Dask cluster.

Each way yields pairs of a point's index and its outcome as they come, and lets go of everything
that still runs when the generator is closed. A worker process is connected by a pipe of its own, so
that when one dies exactly its point is known, and when the parent dies they all end.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from neurenorm.numerics.sweep.outcome import FAILED, Outcome
from neurenorm.numerics.sweep.targets import Target

__all__ = [
    "Indexed",
    "Outcomes",
    "here",
    "in_processes",
    "packed",
    "run_packed",
    "run_point",
    "usable_cores",
]

Indexed = tuple[int, Mapping[str, Any]]
Outcomes = Generator[tuple[int, Outcome], None, None]
ATTEMPTS = 2
ONE_AT_A_TIME = threading.Lock()
"""Held while a point runs: SymPy, mpmath and flint keep their precision per process, so threads of
one process take turns.
"""


def run_point(target: Target, point: Mapping[str, Any], seed: int) -> Outcome:
    """Compute one point; an error becomes an outcome with its message."""
    with ONE_AT_A_TIME:
        try:
            return target.run(point, seed)
        except Exception as error:
            return Outcome(FAILED, reason=f"{type(error).__name__}: {error}")


def packed(target: Target) -> bytes:
    """Return a target as bytes for another process.

    Raises
    ------
    ValueError
        If it cannot travel, such as a lambda without cloudpickle.
    """
    try:
        dumps = import_module("cloudpickle").dumps
    except ImportError:
        dumps = pickle.dumps
    try:
        return bytes(dumps(target))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        advice = "define it at the top of a module, or compute here with workers=0"
        raise ValueError(
            f"{target.name} cannot be sent to another process ({error}): {advice}"
        ) from error


@lru_cache(maxsize=4)
def _unpacked(payload: bytes) -> Target:
    """Return the target, once per process."""
    target: Target = pickle.loads(payload)
    return target


def run_packed(payload: bytes, point: Mapping[str, Any], seed: int) -> Outcome:
    """Compute one point of a packed target."""
    return run_point(_unpacked(payload), point, seed)


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def here(target: Target, points: Iterable[Indexed], seed: int) -> Outcomes:
    """Compute the points one after the other in this process."""
    for index, point in points:
        yield index, run_point(target, point, seed)


@dataclass
class _Worker:
    """A worker process, its pipe, and the point it is at."""

    process: BaseProcess
    pipe: Connection
    task: Indexed | None = None
    ready: bool = False

    def give(self, task: Indexed) -> None:
        """Hand over a point; a worker that has died shows when its answer is awaited."""
        self.task = task
        with suppress(OSError):
            self.pipe.send(task)

    def end(self) -> None:
        """Let go of the process, whatever it is doing."""
        self.process.kill()
        self.process.join()
        self.process.close()
        self.pipe.close()


def in_processes(payload: bytes, points: Iterable[Indexed], seed: int, count: int) -> Outcomes:
    """Compute the points in worker processes; a point whose process dies is tried once more, then
    it has failed.

    Raises
    ------
    ValueError
        If a worker cannot start.
    """
    waiting, died = deque(points), Counter[int]()
    crew: list[_Worker] = []
    try:
        for _ in range(min(count, len(waiting))):
            crew.append(_started(payload, seed))
        while waiting or any(worker.task for worker in crew):
            for worker in crew:
                if worker.task is None and waiting:
                    worker.give(waiting.popleft())
            answered = wait([worker.pipe for worker in crew if worker.task])
            for worker in [worker for worker in crew if worker.pipe in answered]:
                outcome = _heard(worker)
                if outcome is not None:
                    yield outcome
                elif worker.process.exitcode is not None and worker.task:
                    yield from _bereaved(worker.task, died, waiting)
                    crew[crew.index(worker)] = _started(payload, seed)
                    worker.end()
    finally:
        for worker in crew:
            worker.end()


def _heard(worker: _Worker) -> tuple[int, Outcome] | None:
    """Return the outcome that a worker has sent; None if it said that it is ready, or has died."""
    try:
        message = worker.pipe.recv()
    except (EOFError, OSError):
        worker.process.join()
        if not worker.ready:
            raise ValueError(
                "a worker process died while it started: a script that sweeps needs `if __name__ "
                "== '__main__':` around it, or workers=0"
            ) from None
        return None
    if isinstance(message, str):
        raise ValueError(f"a worker process cannot load what is swept: {message}")
    worker.ready = True
    if message is None:
        return None
    worker.task = None
    found: tuple[int, Outcome] = message
    return found


def _bereaved(task: Indexed, died: Counter[int], waiting: deque[Indexed]) -> Outcomes:
    """Put the point of a dead worker back, or report it as failed."""
    died[task[0]] += 1
    if died[task[0]] < ATTEMPTS:
        waiting.append(task)
    else:
        yield (
            task[0],
            Outcome(FAILED, reason=f"its process died {ATTEMPTS} times, killed or out of memory"),
        )


def _started(payload: bytes, seed: int) -> _Worker:
    """Start a worker process, deaf to Ctrl-C, which is for the parent to handle, and with one
    thread for linear algebra.
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_work, args=(theirs, payload, seed), daemon=True)
    with _without_interrupts(), _one_thread():
        process.start()
    theirs.close()
    return _Worker(process, ours)


def _work(pipe: Connection, payload: bytes, seed: int) -> None:
    """Answer the points that come through the pipe until its other end is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, OSError):
        try:
            target = _unpacked(payload)
        except Exception as error:
            pipe.send(f"{type(error).__name__}: {error}")
            return
        pipe.send(None)
        while True:
            index, point = pipe.recv()
            pipe.send((index, run_point(target, point, seed)))


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Hold Ctrl-C back; a process started meanwhile never sees it."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # its start would let Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let a process started meanwhile use one thread for linear algebra, unless the environment
    says otherwise.
    """
    names = [
        name
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
        if name not in os.environ
    ]
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name in names:
            os.environ.pop(name, None)
