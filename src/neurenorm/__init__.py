"""A symbolic-numeric theory workbench for the statistical physics of deep networks.

``import neurenorm as nr`` is the front door.  Nothing heavy is loaded until it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurenorm.doors import lazy

if TYPE_CHECKING:
    from neurenorm.graphs import Network as Network
    from neurenorm.graphs import PeriodicGraph as PeriodicGraph
    from neurenorm.graphs import TwoTerminalCell as TwoTerminalCell
    from neurenorm.graphs import cell_from_graph as cell_from_graph
    from neurenorm.graphs import fold as fold
    from neurenorm.graphs import fold_network as fold_network
    from neurenorm.graphs import network_from_graph as network_from_graph
    from neurenorm.graphs.network.layer_graph import LayerGraph as LayerGraph
    from neurenorm.graphs.network.layer_text import layer_graph as layer_graph
    from neurenorm.numerics.compile import compiled as compiled
    from neurenorm.numerics.evaluate import evaluate as evaluate
    from neurenorm.numerics.solve.wide.kernels import kernels as kernels
    from neurenorm.numerics.sweep import sweep as sweep
    from neurenorm.numerics.verification.claim import Claim as Claim
    from neurenorm.theory import ISING as ISING
    from neurenorm.theory import Activation as Activation
    from neurenorm.theory import Alphabet as Alphabet
    from neurenorm.theory import Chart as Chart
    from neurenorm.theory import Decimation as Decimation
    from neurenorm.theory import Derivation as Derivation
    from neurenorm.theory import GaussianField as GaussianField
    from neurenorm.theory import Model as Model
    from neurenorm.theory import Recursion as Recursion
    from neurenorm.theory import Result as Result
    from neurenorm.theory import Term as Term
    from neurenorm.theory import WideLimit as WideLimit
    from neurenorm.theory import bond_model as bond_model
    from neurenorm.theory import cell_recursion as cell_recursion
    from neurenorm.theory import clock as clock
    from neurenorm.theory import decimate as decimate
    from neurenorm.theory import document as document
    from neurenorm.theory import exact_fixed_points as exact_fixed_points
    from neurenorm.theory import finite as finite
    from neurenorm.theory import potts as potts
    from neurenorm.theory import result as result
    from neurenorm.theory import results as results

_PLACES = {
    "graphs": (
        "Network",
        "PeriodicGraph",
        "TwoTerminalCell",
        "cell_from_graph",
        "fold",
        "fold_network",
        "network_from_graph",
    ),
    "theory": (
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
    "graphs.network.layer_graph": ("LayerGraph",),
    "graphs.network.layer_text": ("layer_graph",),
    "numerics.compile": ("compiled",),
    "numerics.evaluate": ("evaluate",),
    "numerics.solve.wide.kernels": ("kernels",),
    "numerics.sweep": ("sweep",),
    "numerics.verification.claim": ("Claim",),
}
_WINGS = ("graphs", "theory", "numerics")

__all__ = ["__version__", *sorted(name for names in _PLACES.values() for name in names)]

_load, _offered = lazy(__name__, _PLACES, _WINGS)


def __dir__() -> list[str]:
    """Return the front door: nouns and verbs, and the three wings."""
    return sorted([*__all__, *_WINGS])


def __getattr__(name: str) -> Any:
    """Load what is asked for, and keep it."""
    if name == "__version__":
        from importlib.metadata import version

        return version("neurenorm")
    return _load(name)
