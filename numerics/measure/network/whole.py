"""Complexity of a whole network: the sum over its layers, unit by unit and jointly, and the bounds
of the entropy of all its states together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.measure.network.observe import LayerReport

__all__ = ["NetworkComplexity", "network_complexity"]


@dataclass(frozen=True)
class NetworkComplexity(Tabulated):
    """Complexity of all layers of activations, in bits; a convolutional layer counts with its
    channels, positions pooled.

    Attributes
    ----------
    units : int
    total, error : float
        Sum over layers and units, and its standard error (at most: layers see the same samples).
    bias : float
        What the total is low by on average.
    joint, joint_error : float
        Sum over layers of the joint entropy of a layer.
    saturated : bool
        Whether a joint entropy lies within a bit of its cap, so that ``joint`` says more about the
        number of samples than about the network.
    at_least, at_most : float
        Bounds of the entropy of the states of all layers together (of the partition of the data
        into linear regions): the largest joint entropy of a layer, and the smaller of the sum and
        log2 N. For N distinct inputs and many units it is log2 N.
    """

    units: int
    total: float
    error: float
    bias: float
    joint: float
    joint_error: float
    saturated: bool
    at_least: float
    at_most: float

    @property
    def per_unit(self) -> float:
        """Bits per unit, between 0 and 1."""
        return self.total / self.units


def network_complexity(reports: Sequence[LayerReport]) -> NetworkComplexity:
    """Return the complexity of a network from the reports of its layers.

    Parameters
    ----------
    reports : sequence of LayerReport
        From `neurenorm.numerics.measure.network.observe`; at least one.

    Raises
    ------
    ValueError
        If there is no layer.

    Examples
    --------
    >>> from neurenorm.numerics.measure.network import Model, Operation, observe
    >>> model = Model([Operation("act", "Relu", ("x",), ("y",))], {}, "x", (2,), ("y",))
    >>> whole = network_complexity(
    ...     observe(
    ...         model, [[1.0, -1.0], [-1.0, -1.0], [2.0, -3.0], [-1.0, -2.0]], estimator="plug-in"
    ...     )
    ... )
    >>> whole.total, whole.per_unit, whole.at_least, whole.at_most
    (1.0, 0.5, 1.0, 1.0)
    """
    if not reports:
        raise ValueError("a network without layers of activations has no complexity")
    joint, cap = (
        [report.joint for report in reports],
        math.log2(max(report.rows for report in reports)),
    )
    return NetworkComplexity(
        sum(report.units for report in reports),
        sum(report.complexity.total for report in reports),
        sum(report.complexity.total_error for report in reports),
        sum(report.complexity.bias for report in reports),
        sum(found.value for found in joint),
        sum(found.error for found in joint),
        any(found.saturated for found in joint),
        min(max(found.value for found in joint), cap),
        min(sum(found.value for found in joint), cap),
    )
