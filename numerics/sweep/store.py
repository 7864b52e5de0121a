"""Files of a sweep: written whole or not at all, and read back with what they belong to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neurenorm.numerics.files import write_whole
from neurenorm.numerics.sweep.journal import another_sweep

if TYPE_CHECKING:
    from xarray import Dataset

__all__ = ["IDENTITY", "needed", "open_sweep", "required", "save", "stored"]

IDENTITY = "neurenorm_sweep"
SEAL = b"\nneurenorm sha256 "


def needed(module: str, extra: str, purpose: str = "a sweep") -> Any:
    """Import an optional package; where it is missing, the error names the extra that installs it.

    Examples
    --------
    >>> needed("no_such_package", "results")
    Traceback (most recent call last):
    ValueError: a sweep needs no_such_package, which is not installed: pip install 'neurenorm[results]'
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ValueError(
            f"{purpose} needs {error.name or module}, which is not installed: pip install "
            f"'neurenorm[{extra}]'"
        ) from error


def required() -> Any:
    """Return xarray, once it is sure that netCDF files can be written."""
    return [needed(module, "results") for module in ("h5py", "h5netcdf", "xarray")][-1]


def save(dataset: Dataset, target: Path) -> None:
    """Write a dataset as netCDF, whole or not at all."""
    content = bytes(dataset.to_netcdf(engine="h5netcdf"))
    write_whole(target, content + _seal(content))


def _seal(content: bytes) -> bytes:
    """What stands behind the netCDF data, where their readers do not look: the digest of all that
    is before it.
    """
    return SEAL + hashlib.sha256(content).hexdigest().encode()


def _loaded(content: bytes) -> Dataset:
    """Read netCDF data into memory."""
    dataset: Dataset = required().load_dataset(BytesIO(content), engine="h5netcdf")
    return dataset


def _unsealed(whole: bytes) -> str:
    """Say what a file without a right seal is."""
    if SEAL in whole[-2 * len(_seal(b"")) :]:
        return "damaged"
    try:
        dataset = _loaded(whole)
    except Exception:
        return "damaged, or not a netCDF file"
    if IDENTITY in dataset.attrs:
        return "damaged: its seal is missing"
    return "a netCDF file, but not of a sweep"


def open_sweep(path: str | Path) -> Dataset:
    """Read the dataset of a sweep into memory; no byte is interpreted before its digest is right.

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
    required()
    try:
        whole = Path(path).read_bytes()
        content = whole[: -len(_seal(b""))]
        if whole != content + _seal(content):
            raise ValueError(f"{path} is {_unsealed(whole)}")
        return _loaded(content)
    except OSError as error:
        raise ValueError(f"{path} is not a netCDF file that can be read") from error


def stored(target: Path, identity: Mapping[str, Any]) -> Dataset | None:
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
