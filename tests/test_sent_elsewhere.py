"""What is sent to another process comes back the same: models with functions, decimations and
compiled functions.
"""

import networkx as nx
import pytest
from sympy import Symbol, exp

from neurenorm.numerics.compile import compiled
from neurenorm.numerics.readers import crystal, model_from_cnf, partition_sum
from neurenorm.theory.decimation.decimation import decimate
from neurenorm.theory.decimation.model import ISING, bond_model

cloudpickle = pytest.importorskip("cloudpickle")  # what a Dask scheduler pickles with


def sent(thing):
    """The same thing behind a scheduler."""
    return cloudpickle.loads(cloudpickle.dumps(thing))


def test_a_decimation_survives():
    K = Symbol("K", real=True)
    model = bond_model(nx.star_graph(3), ISING, {K: lambda s, t: s * t})
    assert sent(decimate(model, (1, 2, 3))).effective == decimate(model, (1, 2, 3)).effective


@pytest.mark.parametrize("target", ["numpy", "ball", "c"])
def test_a_compiled_function_survives(target):
    x = Symbol("x", real=True)
    function = compiled(exp(x) - x, [x], target=target)
    assert str(sent(function)(0.5)) == str(function(0.5))


def test_what_is_read_survives():
    assert partition_sum(sent(model_from_cnf("p cnf 2 1\n1 -2 0"))) == 3
    square = crystal([[1, 0], [0, 1]], [[0, 0]])
    assert sent(square) == square
