"""Journal: the finished points of a sweep, one line each, on the disk before the next one counts as
finished.

A line is a digest and JSON. The first says whose sweep it is, every other is one point. A line that
a crash cut off, or whose digest is wrong, is not believed: its point is computed again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any

from neurenorm.numerics.sweep.outcome import Outcome

__all__ = ["Journal", "another_sweep", "beside"]


def beside(target: Path) -> Path:
    """Return where the journal of a target file lies."""
    return target.with_name(target.name + ".journal")


def another_sweep(path: Path, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> ValueError:
    """Return the error that refuses to resume into the file of another sweep, naming what differs.

    Examples
    --------
    >>> print(another_sweep(Path("a.nc"), {"what": "x", "seed": 0}, {"what": "x", "seed": 1}))
    a.nc belongs to another sweep (its seed is not this one's): refuse to resume into it; choose another file, or --force to begin anew
    """
    keys = [key for key in wanted if found.get(key) != wanted[key]]
    return ValueError(
        f"{path} belongs to another sweep (its {' and '.join(keys)} "
        f"{'is' if len(keys) == 1 else 'are'} not this one's): "
        "refuse to resume into it; choose another file, or --force to begin anew"
    )


class Journal:
    """The finished points of one sweep, kept in a file that only one process writes at a time.

    Parameters
    ----------
    path : Path
    identity : mapping
        What makes it this sweep and no other; compared with the first line.
    force : bool
        Whether to discard what the file holds.

    Raises
    ------
    ValueError
        If the file cannot be written, belongs to another sweep, or is held by another process.
    """

    def __init__(self, path: Path, identity: Mapping[str, Any], *, force: bool = False) -> None:
        self.path = path
        self.finished: dict[int, Outcome] = {}
        self._begun = False
        self._file: FileIO = _opened(path)
        try:
            self._read(dict(identity), force)
        except BaseException:
            if self._begun and len(_lines(self._file)) < 2:
                self.discard()
            self._file.close()
            raise

    def _read(self, identity: dict[str, Any], force: bool) -> None:
        """Take over the finished points, or begin with a first line; cut off what a crash left
        unfinished.
        """
        lines = [] if force else _lines(self._file)
        if not lines or (
            len(lines) == 1
            and _line(identity).startswith(lines[0])
            and not lines[0].endswith(b"\n")
        ):
            self._begun = True
            self._file.truncate(0)
            self._write(identity)
            return
        head = _record(lines[0])
        if head is None:
            raise ValueError(
                f"{self.path} is damaged, or no journal of a sweep: choose another file, or "
                "--force to discard it and begin anew"
            )
        if head != identity:
            raise another_sweep(self.path, head, identity)
        for record in filter(None, map(_record, lines[1:])):
            index = record.pop("point")
            self.finished[index] = Outcome(**record)
        self._file.truncate(sum(len(line) for line in lines if line.endswith(b"\n")))

    def append(self, index: int, outcome: Outcome) -> None:
        """Write down a point and wait until the disk has it.

        Raises
        ------
        ValueError
            If the disk refuses, for instance because it is full.
        """
        self._write({"point": index, **outcome.as_dict()})
        self.finished[index] = outcome

    def _write(self, record: dict[str, Any]) -> None:
        """Append a line and flush it to the disk."""
        try:
            rest = _line(record)
            while rest:
                rest = rest[self._file.write(rest) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            raise ValueError(f"cannot write {self.path}: {error.strerror or error}") from error

    def discard(self) -> None:
        """Remove the file: its points are elsewhere."""
        self.path.unlink(missing_ok=True)

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()


def _opened(path: Path) -> FileIO:
    """Open a file for reading and appending, and lock it where the system can."""
    try:
        file = open(path, "a+b", buffering=0)  # noqa: SIM115
    except OSError as error:
        raise ValueError(f"cannot write {path}: {error.strerror or error}") from error
    try:
        _lock(file)
    except OSError as error:
        file.close()
        raise ValueError(
            f"{path} is being written by another process: wait for it, or choose another file"
        ) from error
    return file


def _lock(file: FileIO) -> None:
    """Hold a file against other processes until it is closed."""
    try:
        import fcntl
    except ImportError:
        return
    fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


def _line(record: Mapping[str, Any]) -> bytes:
    """Return a record as a line: the digest of its JSON, and the JSON."""
    text = json.dumps(record).encode()
    return hashlib.sha256(text).hexdigest()[:32].encode() + b" " + text + b"\n"


def _record(line: bytes) -> dict[str, Any] | None:
    """Return the record of a line, None where the line is not what was written."""
    digest, _, text = line.removesuffix(b"\n").partition(b" ")
    if not line.endswith(b"\n") or digest != hashlib.sha256(text).hexdigest()[:32].encode():
        return None
    record: dict[str, Any] = json.loads(text)
    return record


def _lines(file: FileIO) -> list[bytes]:
    """Return all lines, the last of which may be cut off."""
    file.seek(0)
    *whole, rest = file.readall().split(b"\n")
    return [*(line + b"\n" for line in whole), *([rest] if rest else [])]
