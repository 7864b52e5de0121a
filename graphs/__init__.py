"""What is connected: periodic graphs, lattices, folding, and orders of summation.

This room knows networkx and integers.  Labels may carry anything hashable; no expression is
manipulated here.
"""

from neurenorm.graphs.elimination import EliminationOrder, elimination_order, frontier_order
from neurenorm.graphs.folding.fold import SEARCH_LIMIT, Folding, NoTranslation, fold
from neurenorm.graphs.lattices import (
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
from neurenorm.graphs.network.architectures import convolutional, mlp, recurrent, residual
from neurenorm.graphs.network.folding import NetworkFolding, fold_network
from neurenorm.graphs.network.interaction import (
    InteractionReport,
    Interactions,
    promoted,
    weights_only,
)
from neurenorm.graphs.network.network import Network, network_from_graph
from neurenorm.graphs.network.rules import Rule
from neurenorm.graphs.periodic.brillouin import BrillouinZone, brillouin_zone
from neurenorm.graphs.periodic.labels import Directed, Label
from neurenorm.graphs.periodic.metric import Metric, NoMetric
from neurenorm.graphs.periodic.periodic import Edge, PeriodicGraph, Unrolled, ZeroOffsetLoop

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
