"""The reference of the site: one page for each package, one section for each of its modules."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import ModuleType

import neurenorm

EXTRAS = {"matplotlib", "xarray", "h5netcdf", "h5py", "dask", "distributed", "onnx", "torch"}
"""Packages that a user may not have; a module that needs one is left out where it is missing."""


def public_modules() -> Iterator[ModuleType]:
    """Yield the modules of neurenorm without an underscore in their path."""
    yield neurenorm
    for found in walk_packages(neurenorm.__path__, "neurenorm."):
        if any(part.startswith("_") for part in found.name.split(".")):
            continue
        try:
            yield import_module(found.name)
        except ModuleNotFoundError as missing:
            if (missing.name or "").partition(".")[0] not in EXTRAS:
                raise


@cache
def public_names() -> dict[str, ModuleType]:
    """Return every public name as ``module.name``, with the module that defines it."""
    found = {}
    for module in public_modules():
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if getattr(value, "__module__", module.__name__) == module.__name__:
                found[f"{module.__name__}.{name}"] = module
    return found


def written_pages(folder: Path) -> list[Path]:
    """Write the pages into a folder and return them; what has not changed is not touched."""
    folder.mkdir(parents=True, exist_ok=True)
    rooms: dict[str, list[ModuleType]] = {}
    for module in public_modules():
        room = (
            module.__name__ if hasattr(module, "__path__") else module.__name__.rpartition(".")[0]
        )
        rooms.setdefault(room, []).append(module)
    pages = {room: _page(room, modules) for room, modules in sorted(rooms.items())}
    pages["index"] = _index(list(pages))
    return [_write(folder / f"{name}.rst", text) for name, text in pages.items()]


def _page(room: str, modules: list[ModuleType]) -> str:
    """Return the page of one package."""
    parts, names = [_title(room, "=")], public_names()
    for module in sorted(modules, key=lambda module: module.__name__):
        if module.__name__ != room:
            parts.append(_title(module.__name__, "-"))
        shadowed = module.__name__ in names  # a name of its package is called as the module is
        parts.append(f".. automodule:: {module.__name__}\n{'   :no-index:' * shadowed}\n")
        for name in sorted(set(getattr(module, "__all__", ()))):
            parts.append(_entry(module, name))
    return "\n".join(parts)


def _entry(module: ModuleType, name: str) -> str:
    """Return the entry of one name: its text where it is defined, a pointer elsewhere."""
    value = getattr(module, name)
    home = getattr(value, "__module__", module.__name__)
    if home != module.__name__ and not isinstance(value, str | int | float | tuple | dict):
        return f"* :py:obj:`{name} <{home}.{name}>`\n"
    if isinstance(value, type):
        return (
            f".. autoclass:: {module.__name__}.{name}\n   :members:\n   :member-order: bysource\n"
        )
    kind = "autofunction" if callable(value) and hasattr(value, "__code__") else "autodata"
    return f".. {kind}:: {module.__name__}.{name}\n"


def _index(rooms: list[str]) -> str:
    """Return the list of all packages."""
    head = _title("Reference", "=") + "Every public name, by package, from its docstring.\n"
    return "\n".join([head, ".. toctree::", "   :maxdepth: 2", "", *(f"   {r}" for r in rooms), ""])


def _title(text: str, line: str) -> str:
    """Return a title."""
    return f"{text}\n{line * len(text)}\n"


def _write(file: Path, text: str) -> Path:
    """Write a file unless it holds this text."""
    if not file.exists() or file.read_text(encoding="utf-8") != text:
        file.write_text(text, encoding="utf-8")
    return file
