"""Rooms whose names are loaded when they are asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["lazy"]


class _Room(ModuleType):
    """A package that offers names, some of which are also names of its modules."""

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute, but never a module in the place of what is offered under its name."""
        if not (isinstance(value, ModuleType) and name in self.__dict__["_offered_names"]):
            super().__setattr__(name, value)


def lazy(
    room: str, places: Mapping[str, Sequence[str]], modules: Sequence[str] = ()
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the functions ``__getattr__`` and ``__dir__`` of a package that loads names on demand.

    Where a name is also the name of a module of the package (``theory.document``), the attribute
    of the package is always what is offered, not the module.

    Parameters
    ----------
    room : str
        The ``__name__`` of the package.
    places : mapping of str to sequence of str
        From modules, relative to the package, to the names that are offered from them.
    modules : sequence of str
        Modules of the package that are offered themselves.

    Returns
    -------
    tuple of callable

    Examples
    --------
    >>> import neurenorm.theory
    >>> "Recursion" in dir(neurenorm.theory), callable(neurenorm.theory.document)
    (True, True)
    """
    place_of = {name: place for place, names in places.items() for name in names}
    package = sys.modules[room]
    package.__class__ = _Room
    package.__dict__["_offered_names"] = frozenset(place_of)

    def load(name: str) -> Any:
        """Load what is asked for, and keep it."""
        if name in modules:
            return import_module(f"{room}.{name}")
        if name not in place_of:
            offered = ", ".join(sorted([*place_of, *modules]))
            raise AttributeError(f"{room} has no {name!r}; it has {offered}")
        found = getattr(import_module(f"{room}.{place_of[name]}"), name)
        setattr(package, name, found)
        return found

    def offered() -> list[str]:
        """Return the names, for completion."""
        return sorted({*package.__dict__, *place_of, *modules} - {"_offered_names"})

    return load, offered
