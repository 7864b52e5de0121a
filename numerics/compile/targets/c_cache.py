"""The cache of compiled libraries: private to the user, written whole, and read only where it is
what was written.

A library is called ``KEY-DIGEST.so`` after the digest of what it was made of and the digest of its
own bytes. A file that was cut off, changed, made by another user or open to another user's hand is
never loaded; it is built again.
"""

import hashlib
import os
import stat
import tempfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

__all__ = ["cached_library"]


def cached_library(key: str, build: Callable[[Path], Path]) -> Path:
    """Return the library of a key from the cache, or build it there.

    Parameters
    ----------
    key : str
        Digest of everything that the library depends on.
    build : callable
        Builds the library in the empty folder that it is given, and returns its file.

    Returns
    -------
    Path

    Raises
    ------
    OSError
        If there is no folder that can be written.
    """
    folder = _private_folder()
    for library in sorted(folder.glob(f"{key}-*.so")):
        if _is_own(library) and library.name == f"{key}-{_digest(library)}.so":
            return library
        library.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as place:
        fresh = build(Path(place))
        fresh.chmod(0o700)
        library = folder / f"{key}-{_digest(fresh)}.so"
        os.replace(fresh, library)
    return library


def _digest(file: Path) -> str:
    """The digest of the bytes of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _is_own(file: Path) -> bool:
    """Whether a file is a plain one of this user that no other user may write."""
    found = file.lstat()
    return stat.S_ISREG(found.st_mode) and _only_ours(found)


def _only_ours(found: os.stat_result) -> bool:
    """Whether something belongs to this user, and no other user may write it."""
    return (not hasattr(os, "getuid") or found.st_uid == os.getuid()) and not found.st_mode & 0o022


def _private_folder() -> Path:
    """The cache in the user's home, or a temporary one where that is not private or cannot be
    written.
    """
    try:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in (root / "neurenorm", root / "neurenorm" / "compile"):
            folder.mkdir(exist_ok=True, mode=0o700)
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or not _only_ours(found):
                return _temporary_folder()
            folder.chmod(0o700)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except (OSError, RuntimeError):
        return _temporary_folder()


@lru_cache(maxsize=1)
def _made_once(process: int) -> tempfile.TemporaryDirectory[str]:
    """One temporary directory for a process, removed when it ends."""
    return tempfile.TemporaryDirectory(prefix="neurenorm-compile-", ignore_cleanup_errors=True)


def _temporary_folder() -> Path:
    """A private folder for this process alone."""
    folder = Path(_made_once(os.getpid()).name)
    if not folder.is_dir():
        folder.mkdir(mode=0o700)
    return folder
