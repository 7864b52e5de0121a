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
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict
from io import BytesIO, FileIO
from pathlib import Path
from typing import Any

from neurenorm.numerics.sweep.outcome import Outcome

__all__ = ["Journal", "another_sweep", "journal_of"]


def journal_of(target: Path) -> Path:
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


class Journal(AbstractContextManager["Journal"]):
    """The outcomes of one sweep, kept in a file that only one process writes at a time.

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
        self.outcomes: dict[int, Outcome] = {}
        self._file = _opened(path)
        try:
            self._read(dict(identity), force)
        except BaseException:
            self._file.close()
            raise

    def _read(self, identity: dict[str, Any], force: bool) -> None:
        """Take over the outcomes, or begin with a first line; cut off what a crash left
        unfinished.
        """
        self._file.seek(0)
        lines = [] if force else BytesIO(self._file.readall()).readlines()
        if not lines or _line(identity).removesuffix(b"\n").startswith(lines[0]):
            self._begin(identity)
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
            self.outcomes[index] = Outcome(**record)
        self._file.truncate(sum(len(line) for line in lines if line.endswith(b"\n")))

    def _begin(self, identity: dict[str, Any]) -> None:
        """Write the first line; where the disk does not take it, leave nothing."""
        self._file.truncate(0)
        try:
            self._write(identity)
        except ValueError:
            self.discard()
            raise

    def append(self, index: int, outcome: Outcome) -> None:
        """Write down a point and wait until the disk has it.

        Raises
        ------
        ValueError
            If the disk refuses, for instance because it is full.
        """
        self._write({"point": index, **asdict(outcome)})
        self.outcomes[index] = outcome

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

    def __exit__(self, *error: object) -> None:
        self._file.close()


def _opened(path: Path) -> FileIO:
    """Open a file for reading and appending, and hold it against other processes where the system
    can.
    """
    try:
        file = open(path, "a+b", buffering=0)  # noqa: SIM115
    except OSError as error:
        raise ValueError(f"cannot write {path}: {error.strerror or error}") from error
    try:
        with suppress(ImportError):
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise ValueError(
            f"{path} is being written by another process: wait for it, or choose another file"
        ) from error
    return file


def _line(record: Mapping[str, Any]) -> bytes:
    """Return a record as a line: the digest of its JSON, and the JSON."""
    text = json.dumps(record).encode()
    return _digest(text) + b" " + text + b"\n"


def _digest(text: bytes) -> bytes:
    """Return 32 letters that tell a text from any other."""
    return hashlib.sha256(text).hexdigest()[:32].encode()


def _record(line: bytes) -> dict[str, Any] | None:
    """Return the record of a line, None where the line is not what was written."""
    digest, _, text = line.removesuffix(b"\n").partition(b" ")
    if not line.endswith(b"\n") or digest != _digest(text):
        return None
    record: dict[str, Any] = json.loads(text)
    return record
