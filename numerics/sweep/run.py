"""A sweep from its grid to its dataset, with a journal from which it goes on after any
interruption.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from neurenorm.numerics.evaluate.values import exact_value
from neurenorm.numerics.files import writable
from neurenorm.numerics.sweep.axes import Axis, Grid
from neurenorm.numerics.sweep.cluster import connected, on_cluster
from neurenorm.numerics.sweep.dataset import assembled
from neurenorm.numerics.sweep.journal import Journal, journal_of
from neurenorm.numerics.sweep.outcome import Outcome
from neurenorm.numerics.sweep.store import required, save, stored
from neurenorm.numerics.sweep.target import Target
from neurenorm.numerics.sweep.targets import target_of
from neurenorm.numerics.sweep.workers import (
    Indexed,
    Outcomes,
    here,
    in_processes,
    packed,
    usable_cores,
)

if TYPE_CHECKING:
    from xarray import Dataset

__all__ = ["Backend", "Plan", "plan", "run", "sweep"]


@dataclass(frozen=True)
class Plan:
    """A checked sweep: what is computed, where on the grid, and with which seed."""

    target: Target
    grid: Grid
    seed: int = 0

    def identity(self, what: str) -> dict[str, Any]:
        """Return what makes it this sweep and no other, as plain data."""
        return {
            "what": what,
            **self.grid.identity(),
            "seed": self.seed,
            "version": version("neurenorm"),
        }


@dataclass(frozen=True)
class Backend:
    """Where points are computed: in ``workers`` processes (0: in this one), or on a cluster."""

    workers: int | None = None
    cluster: Any = None

    def __post_init__(self) -> None:
        if self.workers is not None and self.workers < 0:
            raise ValueError(
                f"the number of workers must be 0 (this process) or more, got {self.workers}"
            )
        if self.workers is not None and self.cluster is not None:
            raise ValueError("give either a number of local workers or a cluster, not both")

    @contextmanager
    def outcomes(self, plan: Plan, points: Sequence[Indexed]) -> Iterator[Outcomes]:
        """Return the outcomes of some points as they come; leaving the block lets go of all that
        runs.
        """
        with ExitStack() as stack:
            if self.workers == 0:
                found = here(plan.target, points, plan.seed)
            elif self.cluster is None:
                count = self.workers or usable_cores()
                found = in_processes(packed(plan.target), points, plan.seed, count)
            else:
                client = stack.enter_context(connected(self.cluster))
                found = on_cluster(packed(plan.target), points, plan.seed, client)
            yield stack.enter_context(closing(found))


def plan(
    what: Any,
    axes: Sequence[Axis],
    fixed: Mapping[str, Any],
    *,
    seed: int = 0,
    name: str = "",
    claim: bool = False,
) -> Plan:
    """Check everything that can be checked before the work.

    Raises
    ------
    ValueError
        For an unknown id or parameter, a value outside its domain, or a grid without points.
    """
    if seed < 0:
        raise ValueError(f"the seed must be an integer that is not negative, got {seed}")
    target = target_of(what, name, claim=claim)
    grid = Grid(tuple(axes), {key: exact_value(value) for key, value in fixed.items()})
    return Plan(target, target.completed(grid), seed)


def sweep(
    what: Any,
    axes: Mapping[str, Any],
    fixed: Mapping[str, Any] | None = None,
    *,
    output: str | Path | None = None,
    workers: int | None = None,
    client: Any = None,
    scheduler: str | None = None,
    seed: int = 0,
    name: str = "",
    force: bool = False,
    progress: bool | None = None,
) -> Dataset:
    """Compute a result, a claim or any function at every point of a grid of parameters.

    With an ``output``, every finished point goes into a journal beside it, so that after an
    interruption the same call goes on with the points that are left; the file itself is written at
    the end, and when the sweep is interrupted.

    Parameters
    ----------
    what : str, Result, Claim or callable
        The id of a catalogued result or of a claim, such an object, ``module:name``, or a function
        of the parameters that returns a number, an Estimate, nested lists, or a mapping of these
        (or an Evaluation, a Claim, a Report). A function with a parameter ``rng`` gets a generator
        that depends on seed and point only.
    axes : mapping of str to sequence
        The values of each swept parameter; the axes of a claim are ``seed``, ``effort`` and
        ``false_alarm``.
    fixed : mapping of str to value, optional
        The other parameters.
    output : str or Path, optional
        A netCDF file.
    workers : int, optional
        Number of local processes; 0 computes in this one. By default as many as there are cores.
    client : distributed.Client, optional
        A Dask cluster to compute on.
    scheduler : str, optional
        The address of a Dask scheduler to compute on.
    seed : int
    name : str
        By which a function's sweep is recognised when it is resumed; by default where it is defined
        and a digest of its source.
    force : bool
        Whether to begin anew, discarding what the output and its journal hold.
    progress : bool, optional
        Whether to show a progress bar; by default only on a terminal.

    Returns
    -------
    xarray.Dataset
        One dimension per axis; the values, ``NAME_error`` where they have errors, ``NAME_branches``
        where there are several solutions, ``status`` and ``reason``. A value that is called like a
        parameter is ``NAME_result``. Lists have dimensions of their own (``entry``).

    Raises
    ------
    ValueError
        For an unknown id or parameter, a grid without points, a file that is not of this sweep or
        cannot be written, a scheduler that does not answer, or if no point at all could be
        computed.
    KeyboardInterrupt
        After an interruption, once the finished points are saved.

    Examples
    --------
    >>> chain = sweep("lattice/ising-decimation", {"K": [0, 0.5, 1], "b": [2, 3]}, workers=0)
    >>> dict(chain.sizes), chain.K_result.sel(K=1, b=2).item()
    ({'K': 3, 'b': 2}, 0.6625013736789322)
    >>> chain.K.attrs["long_name"]
    'nearest-neighbour coupling (carries the minus beta)'
    """
    if client is not None and scheduler is not None:
        raise ValueError("give either a client or the address of a scheduler, not both")
    backend = Backend(workers, client if client is not None else scheduler)
    checked = plan(
        what,
        [Axis.of(key, values) for key, values in axes.items()],
        fixed or {},
        seed=seed,
        name=name,
    )
    return run(checked, backend, output=output, force=force, progress=progress)


def run(
    checked: Plan,
    backend: Backend,
    *,
    output: str | Path | None = None,
    force: bool = False,
    progress: bool | None = None,
) -> Dataset:
    """Run a checked sweep, resuming it where its output or its journal holds points of it."""
    required()
    if output is None:
        outcomes: dict[int, Outcome] = {}
        _compute(checked, backend, outcomes, outcomes.__setitem__, progress)
        return _complete(checked, outcomes, checked.identity(checked.target.name))
    target, identity = writable(output, force=True), checked.identity(checked.target.identity)
    present = None if force else stored(target, identity)
    if present is not None and present.attrs["points_done"] == len(checked.grid):
        return present
    with Journal(journal_of(target), identity, force=force) as journal:
        try:
            _compute(checked, backend, journal.outcomes, journal.append, progress)
            dataset = _complete(checked, journal.outcomes, identity)
        except BaseException:
            _save_partial(checked, journal, identity, target)
            raise
        save(dataset, target)
        if dataset.attrs["points_done"] == len(checked.grid):
            journal.discard()
    return dataset


def _save_partial(
    checked: Plan, journal: Journal, identity: Mapping[str, Any], target: Path
) -> None:
    """Save what a broken-off sweep has found, as far as the disk takes it; where it has found
    nothing, leave nothing.
    """
    if not any(outcome.well for outcome in journal.outcomes.values()):
        journal.discard()
        return
    with suppress(ValueError):
        save(assembled(checked.target, checked.grid, journal.outcomes, identity), target)


def _compute(
    checked: Plan,
    backend: Backend,
    known: Mapping[int, Outcome],
    keep: Callable[[int, Outcome], None],
    progress: bool | None,
) -> None:
    """Compute the points that are left, and keep each as it comes."""
    left = [
        (index, point)
        for index, point in enumerate(checked.grid)
        if index not in known or not known[index].well
    ]
    total, silent = len(checked.grid), None if progress is None else not progress
    bar = partial(tqdm, total=total, initial=total - len(left), desc="sweep", unit="point")
    with backend.outcomes(checked, left) as outcomes:
        for index, outcome in bar(outcomes, disable=silent):
            keep(index, outcome)


def _complete(
    checked: Plan, outcomes: Mapping[int, Outcome], identity: Mapping[str, Any]
) -> Dataset:
    """Return the dataset; if every point failed there is none, and the reason of the first is the
    error.
    """
    if not any(outcome.well for outcome in outcomes.values()):
        raise ValueError(f"no point could be computed; the first says: {outcomes[0].reason}")
    return assembled(checked.target, checked.grid, outcomes, identity)
