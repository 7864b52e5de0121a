"""What is connected: periodic graphs, lattices, folding, and orders of summation.

This room knows networkx and integers.  Labels may carry anything hashable; no expression is
manipulated here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurenorm.doors import lazy

if TYPE_CHECKING:
    from neurenorm.graphs.crystals import body_centred as body_centred
    from neurenorm.graphs.crystals import diamond_crystal as diamond_crystal
    from neurenorm.graphs.crystals import face_centred as face_centred
    from neurenorm.graphs.crystals import kagome as kagome
    from neurenorm.graphs.crystals import square_octagon as square_octagon
    from neurenorm.graphs.elimination import EliminationOrder as EliminationOrder
    from neurenorm.graphs.elimination import elimination_order as elimination_order
    from neurenorm.graphs.elimination import frontier_order as frontier_order
    from neurenorm.graphs.folding.fold import SEARCH_LIMIT as SEARCH_LIMIT
    from neurenorm.graphs.folding.fold import Folding as Folding
    from neurenorm.graphs.folding.fold import NoTranslation as NoTranslation
    from neurenorm.graphs.folding.fold import fold as fold
    from neurenorm.graphs.lattices import TwoTerminalCell as TwoTerminalCell
    from neurenorm.graphs.lattices import cell_from_graph as cell_from_graph
    from neurenorm.graphs.lattices import chain as chain
    from neurenorm.graphs.lattices import cubic as cubic
    from neurenorm.graphs.lattices import diamond as diamond
    from neurenorm.graphs.lattices import hierarchical_lattice as hierarchical_lattice
    from neurenorm.graphs.lattices import honeycomb as honeycomb
    from neurenorm.graphs.lattices import ladder as ladder
    from neurenorm.graphs.lattices import series_cell as series_cell
    from neurenorm.graphs.lattices import square as square
    from neurenorm.graphs.lattices import triangular as triangular
    from neurenorm.graphs.lattices import wheatstone as wheatstone
    from neurenorm.graphs.network.architectures import convolutional as convolutional
    from neurenorm.graphs.network.architectures import mlp as mlp
    from neurenorm.graphs.network.architectures import recurrent as recurrent
    from neurenorm.graphs.network.architectures import residual as residual
    from neurenorm.graphs.network.folding import NetworkFolding as NetworkFolding
    from neurenorm.graphs.network.folding import fold_network as fold_network
    from neurenorm.graphs.network.interaction import InteractionReport as InteractionReport
    from neurenorm.graphs.network.interaction import Interactions as Interactions
    from neurenorm.graphs.network.interaction import promoted as promoted
    from neurenorm.graphs.network.interaction import weights_only as weights_only
    from neurenorm.graphs.network.network import Network as Network
    from neurenorm.graphs.network.network import network_from_graph as network_from_graph
    from neurenorm.graphs.network.rules import Rule as Rule
    from neurenorm.graphs.periodic.brillouin import BrillouinZone as BrillouinZone
    from neurenorm.graphs.periodic.brillouin import brillouin_zone as brillouin_zone
    from neurenorm.graphs.periodic.embedding import CrossingEdges as CrossingEdges
    from neurenorm.graphs.periodic.embedding import check_planar as check_planar
    from neurenorm.graphs.periodic.labels import Directed as Directed
    from neurenorm.graphs.periodic.labels import Label as Label
    from neurenorm.graphs.periodic.metric import Metric as Metric
    from neurenorm.graphs.periodic.metric import NoMetric as NoMetric
    from neurenorm.graphs.periodic.periodic import Edge as Edge
    from neurenorm.graphs.periodic.periodic import PeriodicGraph as PeriodicGraph
    from neurenorm.graphs.periodic.periodic import Unrolled as Unrolled
    from neurenorm.graphs.periodic.periodic import ZeroOffsetLoop as ZeroOffsetLoop

_PLACES = {
    "crystals": ("body_centred", "diamond_crystal", "face_centred", "kagome", "square_octagon"),
    "elimination": ("EliminationOrder", "elimination_order", "frontier_order"),
    "folding.fold": ("Folding", "NoTranslation", "SEARCH_LIMIT", "fold"),
    "lattices": (
        "TwoTerminalCell",
        "cell_from_graph",
        "chain",
        "cubic",
        "diamond",
        "hierarchical_lattice",
        "honeycomb",
        "ladder",
        "series_cell",
        "square",
        "triangular",
        "wheatstone",
    ),
    "network.architectures": ("convolutional", "mlp", "recurrent", "residual"),
    "network.folding": ("NetworkFolding", "fold_network"),
    "network.interaction": ("InteractionReport", "Interactions", "promoted", "weights_only"),
    "network.network": ("Network", "network_from_graph"),
    "network.rules": ("Rule",),
    "periodic.brillouin": ("BrillouinZone", "brillouin_zone"),
    "periodic.embedding": ("CrossingEdges", "check_planar"),
    "periodic.labels": ("Directed", "Label"),
    "periodic.metric": ("Metric", "NoMetric"),
    "periodic.periodic": ("Edge", "PeriodicGraph", "Unrolled", "ZeroOffsetLoop"),
}
__all__ = sorted({name for names in _PLACES.values() for name in names})

__getattr__, __dir__ = lazy(__name__, _PLACES)
