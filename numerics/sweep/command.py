"""The commands ``neurenorm sweep`` and ``neurenorm plot``."""

from __future__ import annotations

import argparse
import signal
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from neurenorm.numerics.evaluate.values import parse_value
from neurenorm.numerics.files import figure_target, save_figure
from neurenorm.numerics.sweep.axes import Axis, parse_axis
from neurenorm.numerics.sweep.outcome import FAILED, MISSING
from neurenorm.numerics.sweep.plot import plot_sweep
from neurenorm.numerics.sweep.run import Where, plan, run
from neurenorm.numerics.sweep.store import open_sweep
from neurenorm.numerics.terminal import say
from neurenorm.theory.algebra.reading import shown

__all__ = ["add_arguments", "add_plot_arguments", "plot_command", "sweep_command"]

WELL, NOT_WELL, INTERRUPTED = 0, 1, 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``neurenorm sweep`` on its parser.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> parser.parse_args(["lattice/ising-correlation", "K=0:1:3", "r=2", "-o", "a.nc"]).values
    ['K=0:1:3', 'r=2']
    """
    parser.add_argument(
        "id",
        metavar="ID",
        help=(
            "a result of the catalogue, a claim (axes: seed, effort, false_alarm), or a simulation "
            "as module:function"
        ),
    )
    parser.add_argument(
        "values",
        metavar="name=value",
        nargs="*",
        help=(
            "an axis name=start:stop:count (ends included; :log behind it spaces logarithmically) "
            "or name=[1,2,3] or name=[tanh,relu]; or a fixed value"
        ),
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE.nc",
        required=True,
        help="where the results go; the same command resumes an interrupted sweep",
    )
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="local processes; 0 computes in this one; by default one per core",
    )
    parser.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="the scheduler of a Dask cluster, such as tcp://127.0.0.1:8786",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of all random numbers")
    parser.add_argument(
        "--claim",
        action="store_true",
        help="sweep the claim of this id where a result has the same",
    )
    parser.add_argument(
        "--force", action="store_true", help="begin anew, overwriting an existing file"
    )


def add_plot_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of ``neurenorm plot`` on its parser.

    Examples
    --------
    >>> parser = argparse.ArgumentParser()
    >>> add_plot_arguments(parser)
    >>> parser.parse_args(["a.nc", "--value", "K_result"]).value
    'K_result'
    """
    parser.add_argument("file", metavar="FILE.nc", help="what neurenorm sweep has written")
    parser.add_argument(
        "-o", "--output", metavar="FIGURE", help="a .pdf, .png or .svg file; by default FILE.pdf"
    )
    parser.add_argument("--value", metavar="NAME", help="which value; by default the first")
    parser.add_argument(
        "--at",
        metavar="name=value",
        action="append",
        default=[],
        help="cut an axis here (the nearest point), where there are more than two",
    )
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")


def sweep_command(arguments: argparse.Namespace) -> int:
    """Run ``neurenorm sweep``.

    Parameters
    ----------
    arguments : argparse.Namespace
        As `add_arguments` declares them.

    Returns
    -------
    int
        0 if every point has its answer, 1 if some failed or did not converge, 130 after an
        interruption.

    Raises
    ------
    ValueError
        For bad usage.
    """
    axes, fixed = _axes_and_fixed(arguments.id, arguments.values)
    checked = plan(arguments.id, axes, fixed, seed=arguments.seed, claim=arguments.claim)
    where = Where(arguments.workers, arguments.scheduler)
    try:
        with _terminated_as_interrupted():
            dataset = run(checked, where, output=arguments.output, force=arguments.force)
    except KeyboardInterrupt:
        say(
            f"interrupted; {_kept(arguments.output)}; the same command goes on with the points "
            "that are left",
            error=True,
        )
        return INTERRUPTED
    statuses = Counter(str(status) for status in dataset.status.values.flat)
    say(
        f"{arguments.output}: {len(checked.grid)} points "
        f"({', '.join(f'{count} {status}' for status, count in statuses.items())})"
    )
    if statuses[FAILED]:
        reason = next(
            str(reason)
            for reason, status in zip(
                dataset.reason.values.flat, dataset.status.values.flat, strict=True
            )
            if status == FAILED
        )
        say(
            f"{statuses[FAILED]} points failed, which the same command tries again; the first "
            f"says: {reason}",
            error=True,
        )
    return (
        NOT_WELL
        if statuses.keys() & {FAILED, MISSING, "not converged", "refuted", "undecided"}
        else WELL
    )


def _kept(output: str) -> str:
    """Say what an interrupted sweep has saved."""
    try:
        dataset = open_sweep(output)
    except ValueError:
        return "no point was finished"
    return f"{dataset.attrs['points_done']} of {dataset.attrs['points']} points are in {output}"


def plot_command(arguments: argparse.Namespace) -> int:
    """Run ``neurenorm plot``.

    Parameters
    ----------
    arguments : argparse.Namespace
        As `add_plot_arguments` declares them.

    Returns
    -------
    int
        0.

    Raises
    ------
    ValueError
        For bad usage.
    """
    target = figure_target(
        arguments.output or Path(arguments.file).with_suffix(".pdf"), force=arguments.force
    )
    save_figure(
        plot_sweep(open_sweep(arguments.file), arguments.value, at=dict(_pairs(arguments.at))),
        target,
        force=arguments.force,
    )
    say(str(target))
    return WELL


def _pairs(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Read name=value, each name once."""
    seen = set()
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise ValueError(f"{shown(text)} is not of the form name=value")
        if name in seen:
            raise ValueError(f"{name} is given twice")
        seen.add(name)
        yield name, value


def _axes_and_fixed(identifier: str, texts: Sequence[str]) -> tuple[list[Axis], dict[str, Any]]:
    """Tell axes from fixed values; a list is an axis, unless the parameter takes the list itself
    and not its entries.
    """
    axes, fixed = [], {}
    for name, text in _pairs(texts):
        axis = parse_axis(name, text)
        if axis is None:
            fixed[name] = parse_value(text)
        elif _takes_whole(identifier, axis):
            fixed[name] = list(axis.values)
        else:
            axes.append(axis)
    return axes, fixed


def _takes_whole(identifier: str, axis: Axis) -> bool:
    """Whether a list is one value of a parameter: the parameter converts it, and not each of its
    entries.
    """
    from neurenorm.theory.catalogue import results

    parameters = [
        p
        for entry in results()
        if entry.id == identifier
        for p in entry.parameters
        if p.name == axis.name
    ]
    converts = [p.convert for p in parameters if p.convert is not None]
    return any(
        _admits(convert, list(axis.values))
        and not all(_admits(convert, value) for value in axis.values)
        for convert in converts
    )


def _admits(convert: Any, value: Any) -> bool:
    """Whether a parameter takes a value."""
    try:
        convert(value)
    except (ValueError, TypeError, AttributeError):
        return False
    return True


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Treat the signal by which batch systems end a job like Ctrl-C, so that the finished points
    are saved.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        """Raise what Ctrl-C raises."""
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
