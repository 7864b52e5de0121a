"""Files that are written whole or not at all, and refused before any long work."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["FORMATS", "all_writable", "figure_target", "save_figure", "writable", "write_whole"]

FORMATS = (".pdf", ".png", ".svg")


def writable(name: str | Path, *, force: bool = False) -> Path:
    """Return a file that may be written.

    Parameters
    ----------
    name : str or Path
    force : bool
        Whether an existing file may be overwritten.

    Raises
    ------
    ValueError
        If it is a folder, exists already, lies in a folder that does not exist, or may not be
        written.

    Examples
    --------
    >>> writable("no such folder/out.tex")
    Traceback (most recent call last):
    ValueError: the folder no such folder does not exist
    """
    target = Path(name)
    if target.is_dir():
        raise ValueError(f"{target} is a folder; name a file")
    if not target.parent.is_dir():
        raise ValueError(f"the folder {target.parent} does not exist")
    if target.exists() and not target.is_file():
        raise ValueError(f"{target} is a device, not a file; name a file")
    if os.path.lexists(target) and not force:
        raise ValueError(f"{target} exists; use --force to overwrite it")
    if target.exists() and not os.access(target, os.W_OK):
        raise ValueError(f"{target} cannot be written: permission denied")
    try:
        _new_neighbour(target).unlink()
    except OSError as error:
        raise ValueError(
            f"{target} cannot be written: {(error.strerror or str(error)).lower()}"
        ) from error
    return target


def all_writable(names: Sequence[str | Path], *, force: bool = False) -> list[Path]:
    """Return several files that may be written, all of them different.

    Examples
    --------
    >>> all_writable(["a.json", "./a.json"])
    Traceback (most recent call last):
    ValueError: a.json is named for two outputs; give each its own file
    """
    seen: set[Path] = set()
    for name in names:
        if (place := Path(name).resolve()) in seen:
            raise ValueError(f"{Path(name)} is named for two outputs; give each its own file")
        seen.add(place)
    return [writable(name, force=force) for name in names]


def _new_neighbour(target: Path) -> Path:
    """Create the empty file through which another is written, under a name that no file has."""
    while True:
        neighbour = target.with_name(f".{target.name[:100]}.{secrets.token_hex(8)}.partial")
        with suppress(FileExistsError):
            os.close(os.open(neighbour, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            return neighbour


def write_whole(target: Path, content: str | bytes | memoryview) -> None:
    """Write a file through a neighbour that takes its place, so that it is there whole or as it
    was.

    Raises
    ------
    ValueError
        If the disk refuses; what was there before stays.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_whole(Path(folder) / "a.txt", "whole")
    ...     (Path(folder) / "a.txt").read_text()
    'whole'
    """
    partial = None
    try:
        partial = _new_neighbour(target)
        with open(partial, "wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except OSError as error:
        raise ValueError(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)


def figure_target(name: str | Path, *, force: bool = False) -> Path:
    """Return a file that a figure may be written to: a .pdf, .png or .svg file that `writable`
    allows.

    Examples
    --------
    >>> figure_target("figure.txt")
    Traceback (most recent call last):
    ValueError: a figure is a .pdf, .png, .svg file, got figure.txt
    """
    target = Path(name)
    if target.suffix not in FORMATS:
        raise ValueError(f"a figure is a {', '.join(FORMATS)} file, got {target}")
    return writable(target, force=force)


def save_figure(axes: Axes, name: str | Path, *, force: bool = False) -> Path:
    """Write the figure of some axes as vectors (.pdf, .svg) or pixels (.png), whole or not at all.

    Text in a .pdf stays text, in an .svg it is drawn (so that no font is missing), and the same
    drawing gives the same file.

    Parameters
    ----------
    axes : matplotlib Axes
    name : str or Path
    force : bool
        Whether an existing file may be overwritten.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If the ending is another one, or the file cannot be written.

    Examples
    --------
    >>> save_figure(None, "figure.txt")
    Traceback (most recent call last):
    ValueError: a figure is a .pdf, .png, .svg file, got figure.txt
    """
    target = figure_target(name, force=force)
    from matplotlib import rc_context

    drawn = BytesIO()
    dated = {".pdf": {"CreationDate": None}, ".svg": {"Date": None}, ".png": {}}[target.suffix]
    with rc_context({"pdf.fonttype": 42, "svg.hashsalt": "neurenorm"}):
        cast("Figure", axes.figure).savefig(
            drawn, format=target.suffix[1:], dpi=200, metadata=dated
        )
    write_whole(target, drawn.getvalue())
    return target
