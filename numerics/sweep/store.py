"""Files of a sweep: written whole or not at all, and read back with what they belong to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurenorm.numerics.files import write_whole
from neurenorm.numerics.sweep.extras import needed
from neurenorm.numerics.sweep.journal import another_sweep

if TYPE_CHECKING:
    from xarray import Dataset

__all__ = ["open_sweep", "required", "save", "taken_up"]

IDENTITY = "neurenorm_sweep"
SEAL = b"\nneurenorm sha256 "
PURPOSE = "a sweep"


def required() -> Any:
    """Return xarray, once it is sure that netCDF files can be written."""
    needed("h5py", "results", PURPOSE)
    needed("h5netcdf", "results", PURPOSE)
    return needed("xarray", "results", PURPOSE)


def save(dataset: Dataset, target: Path) -> None:
    """Write a dataset as netCDF, whole or not at all."""
    content = bytes(dataset.to_netcdf(engine="h5netcdf"))
    write_whole(target, content + _seal(content))


def _seal(content: bytes) -> bytes:
    """What stands behind the netCDF data, where their readers do not look: the digest of all that
    is before it.
    """
    return SEAL + hashlib.sha256(content).hexdigest().encode()


def _what_it_is(whole: bytes) -> str:
    """Say what a file without a seal is."""
    try:
        dataset = required().load_dataset(BytesIO(whole), engine="h5netcdf")
    except Exception:
        return "damaged, or not a netCDF file"
    return (
        "damaged: its seal is missing"
        if IDENTITY in dataset.attrs
        else "a netCDF file, but not of a sweep"
    )


def _unsealed(path: Path) -> bytes:
    """Return the content of a file whose digest is right, so that no damaged byte is
    interpreted.
    """
    whole = path.read_bytes()
    content = whole[: -len(_seal(b""))]
    if whole != content + _seal(content):
        sealed = SEAL in whole[-2 * len(_seal(b"")) :]
        raise ValueError(f"{path} is {'damaged' if sealed else _what_it_is(whole)}")
    return content


def open_sweep(path: str | Path) -> Dataset:
    """Read the dataset of a sweep into memory.

    Parameters
    ----------
    path : str or Path
        A netCDF file that `sweep` wrote.

    Returns
    -------
    xarray.Dataset

    Raises
    ------
    ValueError
        If there is no such file, or it is not the file of a sweep.

    Examples
    --------
    >>> open_sweep("no-such-file.nc")
    Traceback (most recent call last):
    ValueError: no-such-file.nc is not a file
    """
    if not Path(path).is_file():
        raise ValueError(f"{path} is not a file")
    xarray = required()
    try:
        content = _unsealed(Path(path))
        dataset: Dataset = xarray.load_dataset(BytesIO(content), engine="h5netcdf")
    except OSError as error:
        raise ValueError(f"{path} is not a netCDF file that can be read") from error
    return dataset


def taken_up(target: Path, identity: Mapping[str, Any]) -> Dataset | None:
    """Return what the file of this sweep holds already; None if there is no file.

    Raises
    ------
    ValueError
        If the file is something else: it is never overwritten unasked.
    """
    if not target.exists():
        return None
    try:
        dataset = open_sweep(target)
    except ValueError as error:
        raise ValueError(
            f"{error}: refuse to resume into it; choose another file, or --force to begin anew"
        ) from error
    found = json.loads(dataset.attrs[IDENTITY])
    if found != dict(identity):
        raise another_sweep(target, found, identity)
    return dataset
