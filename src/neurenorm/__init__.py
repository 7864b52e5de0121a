"""A symbolic-numeric theory workbench for the statistical physics of deep networks.

``import neurenorm as nr`` is the front door.  Nothing heavy is loaded until it is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_DOOR = {
    "neurenorm.graphs": (
        "Network",
        "PeriodicGraph",
        "TwoTerminalCell",
        "cell_from_graph",
        "fold",
        "fold_network",
        "network_from_graph",
    ),
    "neurenorm.theory": (
        "ISING",
        "Activation",
        "Alphabet",
        "Chart",
        "Decimation",
        "Derivation",
        "GaussianField",
        "Model",
        "Recursion",
        "Result",
        "Term",
        "WideLimit",
        "bond_model",
        "cell_recursion",
        "clock",
        "decimate",
        "document",
        "exact_fixed_points",
        "finite",
        "potts",
        "result",
        "results",
    ),
    "neurenorm.numerics.compile": ("compiled",),
    "neurenorm.numerics.evaluate": ("evaluate",),
    "neurenorm.numerics.sweep": ("sweep",),
    "neurenorm.numerics.verification.claim": ("Claim",),
}
_ROOM_OF = {name: room for room, names in _DOOR.items() for name in names}
_WINGS = ("graphs", "theory", "numerics")

__all__ = ["__version__", *sorted(_ROOM_OF)]


def __dir__() -> list[str]:
    """Return the front door: nouns and verbs, and the three wings."""
    return sorted([*__all__, *_WINGS])


def __getattr__(name: str) -> Any:
    """Load what is asked for, and keep it."""
    if name == "__version__":
        from importlib.metadata import version

        found: Any = version("neurenorm")
    elif name in _WINGS:
        found = import_module(f"neurenorm.{name}")
    elif name in _ROOM_OF:
        found = getattr(import_module(_ROOM_OF[name]), name)
    else:
        raise AttributeError(f"neurenorm has no {name!r}; it has {', '.join(__dir__())}")
    globals()[name] = found
    return found
