"""±1 samples as they come from a user, an array or a file, checked before any work is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurenorm.numerics.arguments import checked_arguments

__all__ = ["as_spins", "read_spins"]

Spins = NDArray[np.int8]


@checked_arguments
def as_spins(data: Any, length: int = 2) -> Spins:
    """Return ±1 samples as an array of shape (samples, units).

    Parameters
    ----------
    data : array_like
    length : int
        Fewest units that make sense.

    Raises
    ------
    ValueError
        If the array is not two-dimensional, too small, or holds anything but +1 and −1; the message
        names a wrong value and its place.

    Examples
    --------
    >>> as_spins([[1, -1], [1, 1]]).dtype
    dtype('int8')
    """
    if (
        isinstance(data, list | tuple)
        and len({len(row) if isinstance(row, list | tuple) else None for row in data}) > 1
    ):
        raise ValueError("samples must be numbers, one row per sample and all rows of one length")
    try:
        array = np.asarray(data)
        array = array if np.iscomplexobj(array) else array.astype(float)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"samples must be numbers, one row per sample and all rows of one length: {error}"
        ) from None
    if np.iscomplexobj(array):
        raise ValueError("samples must be real numbers +1 or -1, got complex ones")
    if array.ndim != 2:
        raise ValueError(f"samples must have the shape (samples, units), got {array.shape}")
    if array.shape[0] < 2 or array.shape[1] < length:
        raise ValueError(
            f"at least 2 samples of {length} units are needed, got {array.shape[0]} of "
            f"{array.shape[1]}"
        )
    wrong = np.argwhere(np.abs(array) != 1)
    if len(wrong):
        row, column = (int(k) for k in wrong[0])
        hint = "; map bits x to 2x - 1" if set(np.unique(array)) <= {0.0, 1.0} else ""
        raise ValueError(
            f"samples must be +1 or -1, got {array[row, column]:g} in row {row}, column "
            f"{column}{hint}"
        )
    return array.astype(np.int8)


@checked_arguments
def read_spins(source: Any, length: int = 2) -> Spins:
    """Return ±1 samples from an array, or from a file: ``.npy``, or text with one sample per line.

    Parameters
    ----------
    source : array_like, str or pathlib.Path
        Values in a text file are separated by commas or white space.
    length : int
        Fewest units that make sense.

    Raises
    ------
    ValueError
        If there is no such file, it cannot be read as numbers, or the samples are not ±1.

    Examples
    --------
    >>> read_spins([[1, -1], [-1, -1]]).shape
    (2, 2)
    """
    if not isinstance(source, str | Path):
        return as_spins(source, length)
    path = Path(source)
    if not path.is_file():
        raise ValueError(f"{path} is not a file")
    try:
        data = _table(path)
    except UnicodeDecodeError:
        raise ValueError(
            f"{path} is neither an .npy file nor text: give one array as .npy, or text with one "
            "sample per line"
        ) from None
    except (OSError, ValueError, EOFError) as error:
        reason = (
            "it is no array of numbers written by numpy.save" if path.suffix == ".npy" else error
        )
        raise ValueError(f"{path} cannot be read as ±1 samples: {reason}") from None
    if not len(data):
        raise ValueError(f"{path} holds no samples")
    return as_spins(data, length)


def _table(path: Path) -> Any:
    """The numbers of a file, row by row."""
    if path.suffix == ".npy":
        return np.atleast_1d(np.load(path, allow_pickle=False))
    text = path.read_text(encoding="utf-8").replace(",", " ")
    return [[float(word) for word in line.split()] for line in text.splitlines() if line.strip()]
