"""Where the points are computed: in this process, in local processes, or on a Dask cluster.

Points go to executors of the standard library's interface, one at a time to each. A local process
is an executor of its own, so that when it dies exactly its point is known; it ends with its parent.
Each way yields pairs of a point's index and its outcome as they come, and lets go of everything
that still runs when the generator is closed.
"""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from importlib import import_module
from multiprocessing import get_context, parent_process, resource_tracker
from typing import Any

from neurenorm.numerics.sweep.outcome import FAILED, Outcome
from neurenorm.numerics.sweep.target import Target

__all__ = ["Indexed", "Outcomes", "here", "in_processes", "on_executors", "packed", "usable_cores"]

Indexed = tuple[int, Mapping[str, Any]]
Outcomes = Generator[tuple[int, Outcome], None, None]
ATTEMPTS = 2
ONE_AT_A_TIME = threading.Lock()
"""Held while a point runs: SymPy, mpmath and flint keep their precision per process, so threads of
one process take turns.
"""


class Unloadable(ValueError):
    """Another process cannot load what is swept."""


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
    try:
        target: Target = pickle.loads(payload)
    except Exception as error:
        raise Unloadable(
            f"a worker process cannot load what is swept: {type(error).__name__}: {error}"
        ) from None
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


def in_processes(payload: bytes, points: Iterable[Indexed], seed: int, count: int) -> Outcomes:
    """Compute the points in worker processes; a point whose process dies is tried once more, then
    it has failed.

    Raises
    ------
    ValueError
        If a worker cannot start, or cannot load what is swept.
    """
    crew: list[_Process] = []

    def worker() -> Executor:
        """Start a process, unless an earlier one died while it started."""
        if any(one.started.done() and one.started.exception() for one in crew):
            raise ValueError(
                "a worker process died while it started: a script that sweeps needs `if __name__ "
                "== '__main__':` around it, or workers=0"
            )
        crew.append(running.enter_context(_Process()))
        return crew[-1]

    with ExitStack() as running:
        yield from on_executors(worker, count, payload, points, seed)


def on_executors(
    new: Callable[[], Executor], count: int, payload: bytes, points: Iterable[Indexed], seed: int
) -> Outcomes:
    """Compute the points on a number of executors, each of which has one point at a time; a broken
    one is replaced by a new one.
    """
    waiting, died = deque(points), Counter[int]()
    free = [new() for _ in range(min(count, len(waiting)))]
    running: dict[Future[Outcome], tuple[Indexed, Executor]] = {}
    while waiting or running:
        while waiting and free:
            executor = free.pop()
            try:
                future = executor.submit(run_packed, payload, waiting[0][1], seed)
            except BrokenExecutor:  # it died while it had nothing to do
                free.append(new())
            else:
                running[future] = waiting.popleft(), executor
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            task, executor = running.pop(future)
            try:
                outcome = _outcome(future)
            except BrokenExecutor:
                executor = new()
                died[task[0]] += 1
                if died[task[0]] < ATTEMPTS:
                    waiting.append(task)
                else:
                    yield task[0], Outcome(FAILED, reason=DIED)
            else:
                yield task[0], outcome
            free.append(executor)


DIED = f"its process died {ATTEMPTS} times, killed or out of memory"


def _outcome(future: Future[Outcome]) -> Outcome:
    """Return what a point gave, an error of the machinery included."""
    try:
        return future.result()
    except CancelledError as error:
        raise ValueError(
            "the scheduler went away: start it again and repeat the same command, which goes on "
            "with the points that are left"
        ) from error
    except (BrokenExecutor, Unloadable):
        raise
    except Exception as error:
        return Outcome(FAILED, reason=f"{type(error).__name__}: {error}")


class _Process(ProcessPoolExecutor):
    """One worker process, deaf to Ctrl-C, with one thread for linear algebra; when the block is
    left it ends, whatever it is doing.
    """

    def __init__(self) -> None:
        with _without_interrupts(), _one_thread():
            super().__init__(1, get_context("spawn"), _follow_parent)
            self.started = self.submit(bool)

    def __exit__(self, *error: object) -> None:
        for process in list((self._processes or {}).values()):  # kill_workers, from Python 3.14 on
            process.kill()
        self.shutdown()


def _follow_parent() -> None:
    """Leave Ctrl-C to the parent, and end when it does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_after_parent, daemon=True).start()


def _end_after_parent() -> None:
    """Wait for the parent's end, and end at once."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


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
    threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    names = [name for name in threads if name not in os.environ]
    os.environ.update(dict.fromkeys(names, "1"))
    try:
        yield
    finally:
        for name in names:
            os.environ.pop(name, None)
