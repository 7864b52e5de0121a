"""Files and arrays that others wrote, read into models and graphs: UAI, DIMACS CNF, GraphML, Matrix
Market, adjacency arrays and crystals.

Every reader takes text (or arrays), executes nothing, checks what is declared against what is there
before anything of that size is made, and says in one line what is wrong.
"""

from neurenorm.numerics.readers.crystals import crystal
from neurenorm.numerics.readers.factor_graphs import (
    independent_loops,
    model_from_cnf,
    model_from_uai,
    partition_sum,
)
from neurenorm.numerics.readers.graphs import (
    graph_from_adjacency,
    graph_from_graphml,
    graph_from_matrix_market,
)

__all__ = [
    "crystal",
    "graph_from_adjacency",
    "graph_from_graphml",
    "graph_from_matrix_market",
    "independent_loops",
    "model_from_cnf",
    "model_from_uai",
    "partition_sum",
]
