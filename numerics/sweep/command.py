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
from neurenorm.numerics.sweep.run import Backend, plan, run
from neurenorm.numerics.sweep.store import open_sweep
from neurenorm.numerics.terminal import named_texts, say

__all__ = ["add_arguments", "add_plot_arguments", "plot_command", "sweep_command"]

WELL, NOT_WELL, INTERRUPTED = 0, 1, 130
UNWELL = {FAILED, MISSING, "not converged", "refuted", "undecided"}


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
    backend = Backend(arguments.workers, arguments.scheduler)
    try:
        with _terminated_as_interrupted():
            dataset = run(checked, backend, output=arguments.output, force=arguments.force)
    except KeyboardInterrupt:
        kept = _kept(arguments.output)
        again = "the same command goes on with the points that are left"
        say(f"interrupted; {kept}; {again}", error=True)
        return INTERRUPTED
    counts = Counter(str(status) for status in dataset.status.values.flat)
    told = ", ".join(f"{count} {status}" for status, count in counts.items())
    say(f"{arguments.output}: {len(checked.grid)} points ({told})")
    if counts[FAILED]:
        reason = dataset.reason.values[dataset.status.values == FAILED][0]
        say(
            f"{counts[FAILED]} points failed, which the same command tries again; the first says: "
            f"{reason}",
            error=True,
        )
    return NOT_WELL if UNWELL & counts.keys() else WELL


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
    name = arguments.output or Path(arguments.file).with_suffix(".pdf")
    target = figure_target(name, force=arguments.force)
    at = named_texts(arguments.at)
    axes = plot_sweep(open_sweep(arguments.file), arguments.value, at=at)
    save_figure(axes, target, force=arguments.force)
    say(str(target))
    return WELL


def _axes_and_fixed(identifier: str, texts: Sequence[str]) -> tuple[list[Axis], dict[str, Any]]:
    """Tell axes from fixed values; a list is an axis, unless the parameter takes the list itself
    and not its entries.
    """
    axes, fixed = [], {}
    for name, text in named_texts(texts).items():
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

    whole = list(axis.values)
    converts = [
        parameter.convert
        for entry in results()
        for parameter in entry.parameters
        if (entry.id, parameter.name) == (identifier, axis.name) and parameter.convert is not None
    ]
    return any(
        _admits(convert, whole) and not all(_admits(convert, value) for value in whole)
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
