"""Promotion is exact: summing the promoted neurons of any finite network out returns the partition
function of its weights.

Weights and biases take a few values with the prior exp(k W); the activation is exact, so every
neuron takes a few values. The partition function is computed twice from the network's graph,

    weights only:  sum over W of exp(k sum W) prod over outputs of exp(-beta (y - h(W))²),       h(W) by running the network,
    promoted:      sum over W and h of exp(k sum W) prod over rules of [h = phi(sum W h')] prod over outputs of exp(-beta (y - h)²),

the second by the elimination of variables on the promoted interaction graph; the difference is an
expression that vanishes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import networkx as nx
from sympy import Add, Expr, Integer, Symbol, exp, sign

from neurenorm.graphs.arguments import listed
from neurenorm.graphs.network.interaction import Interactions, promoted, weights_only
from neurenorm.graphs.network.network import Network
from neurenorm.graphs.network.rules import Rule
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.decimation.decimation import decimate
from neurenorm.theory.decimation.model import Alphabet, Kernel, Model, Term, finite
from neurenorm.theory.dynamic_neurons.chain import minus_square
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.display import Typeset, aligned, tex

__all__ = ["Promotion", "finite_model", "promotion"]

SYMBOLS = symbols("dynamic-neurons")
K, BETA = SYMBOLS.k, SYMBOLS.beta
MOST_CONFIGURATIONS = 1 << 18
Activation = Callable[[Any], Any]
Data = Mapping[tuple[Any, int], Any]


@dataclass(frozen=True)
class Promotion(Typeset):
    """The partition function of a network, from its weights alone and with its neurons promoted.

    Parameters
    ----------
    weights_only, promoted : Expr
        In k and beta.
    """

    weights_only: Expr
    promoted: Expr

    @property
    def difference(self) -> Expr:
        """Weights only minus promoted, expanded: zero."""
        return (self.weights_only - self.promoted).expand()

    @property
    def holds(self) -> bool:
        """Whether both are the same expression."""
        return self.difference == 0

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return both sums."""
        shown = dict(names or SYMBOLS.latex_names())
        return aligned(
            [
                rf"Z &= {tex(self.weights_only, shown)}",
                rf"Z_{{\text{{promoted}}}} &= {tex(self.promoted, shown)}",
            ]
        )


@exact_arguments
def promotion(
    network: Network | nx.DiGraph,
    x: Data,
    y: Data,
    *,
    activation: Activation = sign,
    weights: Sequence[Any] = (-1, 1),
    k: Symbol = K,
    beta: Symbol = BETA,
) -> Promotion:
    """Compute the partition function of a finite network both ways.

    Parameters
    ----------
    network : Network or networkx.DiGraph
        Any architecture that is not recurrent (unroll it first): dense, sparse, with wires, shared
        weights, biases.
    x : mapping of (input neuron, copy) to number
        The data; the copies are 0, 1, ….
    y : mapping of (output neuron, copy) to number
        The targets.
    activation : callable
        Exact function of the weighted sum; neurons of kind ``"sum"`` (residual connections) pass
        the sum on. By default its sign, zero where it vanishes.
    weights : sequence of numbers
        Values of a weight and of a bias.
    k, beta : Symbol
        Couplings of the prior and of the cost.

    Returns
    -------
    Promotion

    Raises
    ------
    ValueError
        If data are missing or too many, or there are too many configurations of the weights to run
        the network for each.

    Examples
    --------
    >>> from neurenorm.graphs.network.architectures import mlp
    >>> found = promotion(mlp([1, 1, 1]), {((0, 0), 0): 1}, {((2, 0), 0): -1})
    >>> found.holds, found.promoted
    (True, 2 + exp(-4*beta)*exp(2*k) + exp(-4*beta)*exp(-2*k))
    """
    x, y = ({place: expression_of(value) for place, value in data.items()} for data in (x, y))
    copies = 1 + max((copy for _, copy in x), default=0)
    dynamic = promoted(network, copies)
    _check_data(dynamic, x, y)
    alone = _run_for_all_weights(dynamic, x, y, activation, weights, (k, beta))
    summed = decimate(
        finite_model(dynamic, x, y, activation=activation, weights=weights, k=k, beta=beta), ()
    ).partition_function(())
    return Promotion(alone, summed.expand())


@exact_arguments
def finite_model(
    dynamic: Interactions,
    x: Data,
    y: Data,
    *,
    activation: Activation = sign,
    weights: Sequence[Any] = (-1, 1),
    k: Symbol = K,
    beta: Symbol = BETA,
) -> Model:
    """Put exact rules on the promoted interaction graph of a network: a neuron may take every value
    that its rule gives for some values of what it reads.

    Parameters
    ----------
    dynamic : Interactions
        With promoted neurons.
    x, y, activation, weights, k, beta
        As for `promotion`.

    Examples
    --------
    >>> from neurenorm.graphs.network.architectures import mlp
    >>> finite_model(promoted(mlp([2, 1])), {((0, 0), 0): 1, ((0, 1), 0): 1}, {}).alphabets[
    ...     "h", (1, 0), 0
    ... ].states
    (-1, 0, 1)
    """
    values: dict[Any, tuple[Any, ...]] = {
        ("x", *listed(place, "neuron and copy")): (expression_of(value),)
        for place, value in x.items()
    }
    parameters = tuple(expression_of(value) for value in weights)
    kernels = []
    for rule in _upwards(dynamic):
        scope, function = _rule(rule, x, _activation(rule, activation))
        reached = {function(*row) for row in product(*(values.get(v, parameters) for v in scope))}
        values[rule.out] = tuple(sorted(reached))
        kernels.append(
            Kernel((rule.out, *scope), lambda out, *rest, f=function: int(out == f(*rest)))
        )
    names = list(dynamic.variables)
    terms = [Term(k, (v,), lambda value: value) for v in names if v[0] != "h"]
    terms += [
        Term(beta, (("h", *place),), minus_square(expression_of(target)))
        for place, target in y.items()
    ]
    return Model(
        {v: _alphabet(values.get(v, parameters)) for v in names}, tuple(terms), tuple(kernels)
    )


def _check_data(dynamic: Interactions, x: Data, y: Data) -> None:
    """Refuse data that are not those of the inputs and the outputs, each once for every copy."""
    net = dynamic.network
    for name, given, neurons in (("x", x, net.inputs), ("y", y, net.outputs)):
        wanted = {(v, copy) for v in neurons for copy in range(dynamic.copies)}
        wrong = sorted(map(str, wanted ^ set(given)))
        if wrong:
            raise ValueError(
                f"{name} has one number for each of {len(neurons)} neurons and each of "
                f"{dynamic.copies} copies; missing or too many: {wrong[0]}"
            )


def _alphabet(values: Sequence[Any]) -> Alphabet:
    """The alphabet of some values; one that is never taken stands beside a single one."""
    return finite(values if len(values) > 1 else (values[0], values[0] + 1))


def _upwards(dynamic: Interactions) -> list[Rule]:
    """The rules from the inputs up."""
    order = {v: i for i, v in enumerate(nx.topological_sort(dynamic.network.graph))}
    return sorted(dynamic.rules.values(), key=lambda rule: (rule.out[2], order[rule.out[1]]))


def _activation(rule: Rule, activation: Activation) -> Activation:
    """What a neuron does with its sum."""
    return (lambda total: total) if rule.kind == "sum" else activation


def _rule(
    rule: Rule, x: Data, activation: Activation
) -> tuple[tuple[Any, ...], Callable[..., Any]]:
    """The variables that a rule reads, and the value that it gives to its neuron."""
    pairs = sorted(rule.pairs, key=str)
    reads = [v for pair in pairs for v in pair if v is not None and v[0] != "x"] + (
        [rule.bias] if rule.bias else []
    )
    scope = tuple(dict.fromkeys(reads))

    def value(*given: Any) -> Any:
        """The value of the neuron."""
        at = dict(zip(scope, given, strict=True))
        total = sum((at[w] if w else 1) * (x[h[1:]] if h[0] == "x" else at[h]) for w, h in pairs)
        return expression_of(activation(total + (at[rule.bias] if rule.bias else 0)))

    return scope, value


def _run_for_all_weights(
    dynamic: Interactions,
    x: Data,
    y: Data,
    activation: Activation,
    weights: Sequence[Any],
    couplings: tuple[Symbol, Symbol],
) -> Expr:
    """The sum over the weights alone: run the network for each configuration, and count equal
    exponents.
    """
    parameters = list(weights_only(dynamic.network).variables)
    if len(weights) ** len(parameters) > MOST_CONFIGURATIONS:
        raise ValueError(
            f"{len(parameters)} weights of {len(weights)} values have more than "
            f"{MOST_CONFIGURATIONS} configurations: take a smaller network"
        )
    net = dynamic.network
    order = [v for v in nx.topological_sort(net.graph) if v not in set(net.inputs)]
    incoming = {v: net.incoming(v) for v in order}
    found: Counter[tuple[Any, Any]] = Counter()
    for row in product(map(expression_of, weights), repeat=len(parameters)):
        at = dict(zip(parameters, row, strict=True))
        cost = Integer(0)
        for copy in range(dynamic.copies):
            h = {v: expression_of(value) for (v, c), value in x.items() if c == copy}
            for v in order:
                data = net.graph.nodes[v]
                total = sum(
                    (1 if name is None else at["W", name]) * h[u] for u, name in incoming[v].items()
                )
                total += at["b", data["bias"]] if data.get("bias") is not None else 0
                h[v] = total if data.get("kind") == "sum" else expression_of(activation(total))
            cost += sum((target - h[v]) ** 2 for (v, c), target in y.items() if c == copy)
        found[sum(row), cost] += 1
    k, beta = couplings
    return Add(
        *(
            Integer(many) * exp(k * prior) * exp(-beta * cost)
            for (prior, cost), many in sorted(found.items())
        )
    ).expand()
