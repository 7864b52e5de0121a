"""What is connected: periodic graphs, lattices, folding, and orders of summation.

This room knows networkx and integers.  Labels may carry anything hashable; no expression is manipulated here.
"""

from graphs.architectures import convolutional, mlp, recurrent, residual
from graphs.brillouin import BrillouinZone, brillouin_zone
from graphs.elimination import EliminationOrder, elimination_order, frontier_order
from graphs.interaction import InteractionReport, Interactions, promoted, weights_only
from graphs.labels import Directed, Label
from graphs.lattices import (
    TwoTerminalCell,
    cell_from_graph,
    chain,
    cubic,
    diamond,
    hierarchical_lattice,
    honeycomb,
    ladder,
    series_cell,
    square,
    triangular,
    wheatstone,
)
from graphs.metric import Metric, NoMetric
from graphs.network import Network, network_from_graph
from graphs.network_symmetry import NetworkFolding, fold_network
from graphs.periodic import Edge, PeriodicGraph, Unrolled, ZeroOffsetLoop
from graphs.rules import Rule
from graphs.translation import SEARCH_LIMIT, Folding, NoTranslation, fold

__all__ = [
    "SEARCH_LIMIT",
    "BrillouinZone",
    "Directed",
    "Edge",
    "EliminationOrder",
    "Folding",
    "InteractionReport",
    "Interactions",
    "Label",
    "Metric",
    "Network",
    "NetworkFolding",
    "NoMetric",
    "NoTranslation",
    "PeriodicGraph",
    "Rule",
    "TwoTerminalCell",
    "Unrolled",
    "ZeroOffsetLoop",
    "brillouin_zone",
    "cell_from_graph",
    "chain",
    "convolutional",
    "cubic",
    "diamond",
    "elimination_order",
    "fold",
    "fold_network",
    "frontier_order",
    "hierarchical_lattice",
    "honeycomb",
    "ladder",
    "mlp",
    "network_from_graph",
    "promoted",
    "recurrent",
    "residual",
    "series_cell",
    "square",
    "triangular",
    "weights_only",
    "wheatstone",
]
