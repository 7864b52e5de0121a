"""What the theory evaluates to: compiled functions, solvers and simulations, and the claims that
compare them.

Importing this room loads nothing; a name behind the dot is a module of it, loaded when it is first
asked for.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


def __dir__() -> list[str]:
    """Return the modules, for completion."""
    return sorted(
        [
            *globals(),
            *(module.name for module in iter_modules(__path__) if not module.name.startswith("_")),
        ]
    )


def __getattr__(name: str) -> ModuleType:
    """Load a module when it is asked for."""
    if name.startswith("_") or all(module.name != name for module in iter_modules(__path__)):
        raise AttributeError(
            f"numerics has no module {name!r}; it has "
            f"{', '.join(module.name for module in iter_modules(__path__))}"
        )
    return import_module(f"{__name__}.{name}")
