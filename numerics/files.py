"""Files that are written whole or not at all, and refused before any long work."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

__all__ = ["all_writable", "writable", "write_whole"]


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
        If it is a folder, exists already, lies in a folder that does not exist, or may not be written.

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
    if target.exists() and not force:
        raise ValueError(f"{target} exists; use --force to overwrite it")
    if target.exists() and not os.access(target, os.W_OK):
        raise ValueError(f"{target} cannot be written: permission denied")
    try:
        _partial(target).touch()
        _partial(target).unlink()
    except OSError as error:
        raise ValueError(f"{target} cannot be written: {(error.strerror or str(error)).lower()}") from error
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


def _partial(target: Path) -> Path:
    """Return the neighbour through which a file is written."""
    return target.with_name(target.name + ".partial")


def write_whole(target: Path, content: str | bytes | memoryview) -> None:
    """Write a file through a neighbour that takes its place, so that it is there whole or as it was.

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
    partial = _partial(target)
    try:
        with open(partial, "wb") as file:
            file.write(content.encode("utf-8") if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise ValueError(f"cannot write {target}: {error.strerror or error}") from error
