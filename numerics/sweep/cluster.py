"""The points of a sweep on a Dask cluster, given a client or the address of a scheduler."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

from neurenorm.numerics.sweep.store import needed
from neurenorm.numerics.sweep.workers import Indexed, Outcomes, on_executors

__all__ = ["connected", "on_cluster"]

PATIENCE = 5.0
"""Seconds that a scheduler has to answer, and to have a worker."""
AHEAD = 2
"""Points handed over per thread of the cluster, so that none waits for the network."""


@contextmanager
def connected(cluster: Any) -> Iterator[Any]:
    """Return a client of a cluster that answers and has workers.

    Parameters
    ----------
    cluster : str or distributed.Client
        The address of a scheduler, such as ``tcp://127.0.0.1:8786``, or a client, which is left
        open.

    Raises
    ------
    ValueError
        If dask is not installed, or no scheduler or no worker answers within seconds.
    """
    distributed = needed("distributed", "distributed", "a sweep on a cluster")
    client = _client(distributed, cluster) if isinstance(cluster, str) else cluster
    try:
        _wait_for_workers(client)
        yield client
    finally:
        if client is not cluster:
            with suppress(Exception), _quiet():
                client.close(timeout=PATIENCE)


def _client(distributed: Any, address: str) -> Any:
    """Connect to a scheduler."""
    try:
        with _quiet(), ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, _asked(distributed, address)).result()
            return distributed.Client(address, timeout=PATIENCE, set_as_default=False)
    except Exception as error:  # whatever else listens there may answer anything: its bytes read as a length of exabytes, for one
        raise ValueError(
            f"the scheduler at {address} does not answer within {PATIENCE:g} s: start it with "
            "`dask scheduler`, or check the address"
        ) from error


async def _asked(distributed: Any, address: str) -> None:
    """Ask a scheduler who it is: a port where something else listens, or nobody answers, would keep
    a client waiting for ever.
    """
    scheduler = distributed.rpc(address, timeout=PATIENCE)
    try:
        await asyncio.wait_for(scheduler.identity(), PATIENCE)
    finally:
        await scheduler.close_rpc()


def _wait_for_workers(client: Any) -> None:
    """Wait a little for the first worker."""
    try:
        if not client.nthreads():
            client.wait_for_workers(1, timeout=PATIENCE)
    except TimeoutError as error:
        raise ValueError(
            f"the scheduler has no worker after {PATIENCE:g} s: start some with `dask worker "
            "ADDRESS`"
        ) from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the log of a failing connection off the terminal: the error says it all."""
    logger = logging.getLogger("distributed")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def on_cluster(payload: bytes, points: Iterable[Indexed], seed: int, client: Any) -> Outcomes:
    """Compute the points on a cluster, a few at a time per thread; the scheduler moves those of a
    worker that dies.

    Raises
    ------
    ValueError
        If the scheduler goes away, or a worker cannot load what is swept.
    """
    executor = client.get_executor(pure=False)
    room = AHEAD * max(1, sum(client.nthreads().values()))
    try:
        yield from on_executors(lambda: executor, room, payload, points, seed)
    finally:
        with suppress(Exception):
            executor.shutdown(wait=False)
