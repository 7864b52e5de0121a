"""Translations of a network with promoted neurons, in depth and in the plane.

The translation is found, not assumed: `fold_network` folds the interaction graph as
`neurenorm.graphs.folding.fold.fold` does. The interactions in which data enter (the rules that read
the input, the costs that read the output) break it and are named as the boundary. A change of
variables is a symmetry of the interactions if it maps the set of rules to itself; `broken_rules`
lists those that it does not. Symmetries inside a layer are in
`neurenorm.graphs.network.neuron_symmetry`.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from typing import Any

from neurenorm.graphs.folding.fold import Folding, NoTranslation, fold_piece
from neurenorm.graphs.folding.frame import Piece, numbered
from neurenorm.graphs.network.allocation import collection_paused
from neurenorm.graphs.network.interaction import Interactions, promoted
from neurenorm.graphs.network.rules import Variable, neuron_label, rule_labels, weight_site
from neurenorm.graphs.network.sites import numbers_by_order, numbers_by_search, with_sites
from neurenorm.graphs.periodic.integers import subtract
from neurenorm.graphs.periodic.labels import Label
from neurenorm.graphs.periodic.periodic import PeriodicGraph
from neurenorm.graphs.rendering import Tabulated

OUT, WIRE, BIAS, OWN = ("out", None), ("wire", None), ("bias", None), ("in", "own")

__all__ = ["NetworkFolding", "broken_rules", "fold_network", "layer_shift"]


@dataclass(frozen=True)
class NetworkFolding(Tabulated):
    """The bulk of an interaction graph as a piece of a periodic graph, and the boundary where the
    data enter.

    Parameters
    ----------
    folding : Folding
        The cell of neurons, rules and biases, the translations, and the certificate. A weight of
        one connection rides on the edge from the neuron that it multiplies to the rule (label
        ``("in", "own")``); `cell` shows it as a vertex.
    data_terms : tuple
        The interactions at the ends that break the translation: rules that read nothing but inputs,
        and costs.
    data_variables : tuple
        Variables that meet no other interaction (the first weights, which multiply the input).
    couplings : tuple
        Names of weights that are shared along the translation; they are labels of the edges instead
        of vertices.
    own_weights : dict
        From every other weight of the bulk to the connections (rule, neuron) that carry it, one for
        each datum.

    Examples
    --------
    >>> from neurenorm.graphs.network.interaction import promoted
    >>> from neurenorm.graphs.network.architectures import mlp
    >>> found = fold_network(promoted(mlp([1] * 6)))
    >>> found.period, sorted(label.kind for label in found.cell.vertices.values())
    (1, ['factor', 'neuron', 'weight'])
    >>> found.data_terms
    (('rule', (1, 0), 0), ('cost', (5, 0), 0))
    """

    folding: Folding
    data_terms: tuple[Variable, ...]
    data_variables: tuple[Variable, ...]
    couplings: tuple[Variable, ...]
    own_weights: dict[Variable, tuple[tuple[Variable, Variable], ...]] = field(repr=False)

    @property
    def period(self) -> int:
        """Number of layers by which the pattern repeats."""
        return max(abs(int(step[0])) for step in self.folding.translations)

    @cached_property
    def cell(self) -> PeriodicGraph:
        """The cell with every weight as a vertex: one for each connection of the cell, joined to
        its rules.
        """
        base, place = self.folding.quotient, self.folding.certificate
        weights: dict[Any, Variable] = {}
        edges: list[tuple[Any, ...]] = list(base.edges)
        for weight, carried in self.own_weights.items():
            inside = [
                (rule, neuron) for rule, neuron in carried if rule in place and neuron in place
            ]
            key = tuple(
                (place[r][0], place[h][0], subtract(place[h][1], place[r][1])) for r, h in inside
            )
            if inside and key not in weights:
                weights[key] = weight
                home = place[inside[0][0]][1]
                edges += [
                    (weight, place[r][0], subtract(place[r][1], home), ("weight", None))
                    for r, _ in inside
                ]
        labels = {weight: Label("weight") for weight in weights.values()}
        return PeriodicGraph({**base.vertices, **labels}, edges, base.dimension)


def fold_network(
    interactions: Interactions, periods: tuple[int | None, ...] | None = None
) -> NetworkFolding:
    """Find the translations of the interactions in depth, and in the plane where neurons have
    positions.

    The sites of the network (`neurenorm.graphs.network.network.Network.site`) say which neurons of
    different layers are copies. Where they lead to no translation, the order of the neurons in each
    layer is tried, and then, for at most `neurenorm.graphs.folding.fold.SEARCH_LIMIT` neurons and
    rules, a search.

    Parameters
    ----------
    interactions : Interactions
        With promoted neurons.
    periods : tuple of (int or None), optional
        Extents of the coordinates (layer, *position) that close to a ring; by default read off the
        edges.

    Returns
    -------
    NetworkFolding

    Raises
    ------
    NoTranslation
        If the bulk does not repeat.
    ValueError
        If neurons are not promoted, or every interaction reads data.

    Examples
    --------
    Layers that alternate between two kinds repeat every second layer:

    >>> from neurenorm.graphs.network.interaction import promoted
    >>> from neurenorm.graphs.network.architectures import mlp
    >>> fold_network(promoted(mlp([2] * 8, kinds=["tanh", "relu"] * 4))).period
    2
    """
    if not interactions.rules:
        raise ValueError(
            "the interactions of weights alone have no layers to move: promote the neurons first "
            "(neurenorm.graphs.network.interaction.promoted)"
        )
    with collection_paused():
        try:
            return _fold_bulk(interactions, periods)
        except NoTranslation as error:
            for sited in _other_sites(interactions):
                with suppress(NoTranslation):
                    return _fold_bulk(sited, periods)
            raise error


def _other_sites(interactions: Interactions) -> Iterator[Interactions]:
    """The interactions with neurons numbered by their order in the layers, then by maps of the
    layers onto each other.
    """
    network = interactions.network
    ordered = with_sites(network, numbers_by_order(network))
    yield promoted(ordered, interactions.copies)
    single = promoted(ordered)
    bulk, _ = _bulk(single, set(single.end_factors()), _shared_weights(single))
    if bulk.names:
        for numbers in numbers_by_search(
            bulk, [row[0] for row in _coordinates(single, bulk.names)[1]]
        ):
            sites = {
                name[1]: ("copy of", number) for name, number in numbers.items() if name[0] == "h"
            }
            yield promoted(with_sites(ordered, sites), interactions.copies)


def _fold_bulk(
    interactions: Interactions, periods: tuple[int | None, ...] | None
) -> NetworkFolding:
    """Take the ends off, fold what remains with as few layers set aside as possible, and name what
    was taken off.
    """
    ends, shared = interactions.end_factors(), _shared_weights(interactions)
    bulk, own = _bulk(interactions, set(ends), shared)
    if not bulk.names:
        raise ValueError(
            "every interaction reads nothing but data: the network is too shallow to have a bulk"
        )
    site, place = _coordinates(interactions, bulk.names)
    wanted = (None,) if len(place[0]) == 1 and periods is None else periods
    found = fold_piece(bulk, site, place, len(place[0]), wanted, margins=(0, 1, 2))
    riding = own.keys() | shared.keys()
    lost = tuple(
        v for v in interactions.variables if v not in riding and v not in found.piece.number
    )
    return NetworkFolding(
        found,
        ends,
        lost,
        tuple(shared),
        {weight: tuple(carried) for weight, carried in own.items()},
    )


def _bulk(
    interactions: Interactions, ends: Collection[Variable], shared: Collection[Variable]
) -> tuple[Piece, dict[Variable, list[tuple[Variable, Variable]]]]:
    """The graph of neurons and rules without the ends, and the connections that carry each weight
    of its own.
    """
    network, place = interactions.network, interactions.network.places
    tap = {
        v: ("in", weight_site(network, place, network.weights[v[1]])) for v in shared if v[0] == "W"
    }
    own: dict[Variable, list[tuple[Variable, Variable]]] = {}
    edges: list[tuple[Variable, Variable]] = []
    arrows: list[Hashable] = []
    for factor, rule in interactions.rules.items():
        if factor in ends:
            continue
        edges.append((factor, rule.out))
        arrows.append(OUT)
        for weight, parent in rule.reads:
            if parent[0] != "h":
                continue
            edges.append((factor, parent))
            if weight is None:
                arrows.append(WIRE)
            elif weight in tap:
                arrows.append(tap[weight])
            else:
                own.setdefault(weight, []).append((factor, parent))
                arrows.append(OWN)
        if rule.bias is not None and rule.bias not in shared:
            edges.append((factor, rule.bias))
            arrows.append(BIAS)
    ends_of_edges, names = numbered(chain.from_iterable(edges))
    label, rules = rule_labels(network), interactions.rules
    labels: list[Hashable] = [
        label(rules[v])
        if v[0] == "rule"
        else neuron_label(rules["rule", v[1], v[2]].kind)
        if v[0] == "h"
        else Label("bias")
        for v in names
    ]
    return Piece(names, labels, (ends_of_edges[::2], ends_of_edges[1::2]), arrows, edges), own


def _shared_weights(interactions: Interactions) -> dict[Variable, None]:
    """The weights and biases that rules at different places use."""
    network, place = interactions.network, interactions.network.places
    shared: dict[Variable, None] = {}
    users = (
        (("W", name), [v for _, v in edges])
        for name, edges in network.weights.items()
        if len(edges) > 1
    )
    biased = (
        (("b", name), neurons) for name, neurons in network.biases.items() if len(neurons) > 1
    )
    for variable, neurons in chain(users, biased):
        if len({place[v][:2] for v in neurons}) > 1:
            shared[variable] = None
    return shared


def _coordinates(
    interactions: Interactions, vertices: Sequence[Variable]
) -> tuple[list[int], list[tuple[int, ...]]]:
    """Number of the site and place (layer, *position) of every vertex; a bias stands where the rule
    stands that uses it.
    """
    place, biased = interactions.network.places, interactions.network.biases
    sites: list[Hashable] = []
    rows: list[tuple[int, tuple[int, ...]]] = []
    for v in vertices:
        layer, position, site = place[v[1] if v[0] != "b" else biased[v[1]][0]]
        rows.append((layer if v[0] == "h" else layer - 1, position))
        sites.append((v[0], site, v[2]) if v[0] != "b" else ("b", site))
    length = max(len(position) for _, position in rows)
    if length == 0:
        return numbered(sites)[0], [(layer,) for layer, _ in rows]
    return numbered(sites)[0], [
        (layer, *position, *(0,) * (length - len(position))) for layer, position in rows
    ]


def layer_shift(
    interactions: Interactions, layers: int = 1, kinds: Collection[str] = ("W", "b", "h")
) -> dict[Variable, Variable]:
    """Return the map of every variable to the same one some layers up, where both exist.

    Parameters
    ----------
    interactions : Interactions
    layers : int
        How far to shift.
    kinds : collection of str
        Which variables move: weights ``"W"``, biases ``"b"``, neurons ``"h"``; the others stay.

    Examples
    --------
    >>> from neurenorm.graphs.network.interaction import promoted
    >>> from neurenorm.graphs.network.architectures import mlp
    >>> dynamic = promoted(mlp([1, 1, 1, 1]))
    >>> layer_shift(dynamic)["h", (1, 0), 0]
    ('h', (2, 0), 0)
    """
    graph = interactions.graph
    place = {
        v: (graph.nodes[v]["layer"], graph.nodes[v].get("position"), graph.nodes[v]["site"])
        for v in interactions.variables
        if v[0] in kinds
    }
    at = {key: v for v, key in place.items()}
    shifted = {
        v: at.get((layer + layers, position, site)) for v, (layer, position, site) in place.items()
    }
    return {v: image for v, image in shifted.items() if image is not None}


def broken_rules(
    interactions: Interactions, mapping: Mapping[Variable, Variable]
) -> tuple[Variable, ...]:
    """Return the rules that a map of variables does not take to a rule.

    Rules that read the input, and rules that lose a variable where the map ends, belong to the
    boundary and are not tested. A map that leaves the others intact is a symmetry of the bulk; a
    permutation of hidden neurons, which maps all variables, of everything.

    Examples
    --------
    Shifting weights and neurons together maps rules to rules. Shifting the weights alone does not:

    >>> from neurenorm.graphs.network.interaction import promoted
    >>> from neurenorm.graphs.network.architectures import mlp
    >>> dynamic = promoted(mlp([1, 1, 1, 1, 1]))
    >>> (
    ...     broken_rules(dynamic, layer_shift(dynamic)),
    ...     len(broken_rules(dynamic, layer_shift(dynamic, kinds="W"))),
    ... )
    ((), 2)
    """
    present = set(interactions.rules.values())
    moving = {v[0] for v in mapping}
    broken = []
    for factor, rule in interactions.rules.items():
        parts = [
            rule.out,
            *(h for _, h in rule.pairs),
            *(w for w, _ in rule.pairs if w),
            *([rule.bias] if rule.bias else []),
        ]
        if (
            all(v[0] != "x" and (v[0] not in moving or v in mapping) for v in parts)
            and rule.moved(mapping) not in present
        ):
            broken.append(factor)
    return tuple(broken)
