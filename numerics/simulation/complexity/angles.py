"""Two units at an angle: their patterns counted, and the angle followed through many layers of
rectifiers.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import ndtr, xlogy

from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.complexity.networks import unit_bits

__all__ = ["pair_bits", "rectifier_depth_law"]


def pair_bits(
    theta: float, blocks: int, rng: np.random.Generator, samples: int = 20_000
) -> Estimate:
    """Return joint entropy and total correlation of two bias-free units at an angle, from the
    frequencies of their patterns, with the leading bias of each entropy added.

    Examples
    --------
    >>> pair_bits(1.0, 3, np.random.default_rng(1), samples=100).value.shape
    (2,)
    """
    directions = np.array([[1.0, 0.0], [np.cos(theta), np.sin(theta)]])
    rows = []
    for _ in range(blocks):
        on = rng.standard_normal((samples, 2)) @ directions.T > 0
        q = np.bincount(on @ np.array([2, 1]), minlength=4) / samples
        joint = -float(np.sum(xlogy(q, q))) / math.log(2) + 3 / (2 * samples * math.log(2))
        single = float(np.sum(unit_bits(on.sum(axis=0), samples)))
        rows.append([joint, single - joint])
    return Estimate.from_blocks(rows)


def rectifier_depth_law(marks: tuple[int, int, int] = (20_000, 40_000, 80_000)) -> float:
    """Return the limit of l times the bits of a unit behind l layers of rectifiers without bias:
    the angle of two inputs is iterated and the product extrapolated in ln(l)/l and 1/l.

    Examples
    --------
    >>> round(rectifier_depth_law((500, 1000, 2000)))
    7
    """
    angle, found = np.pi / 2, []
    nodes = np.linspace(-12, 12, 4001)
    bits = -(xlogy(ndtr(nodes), ndtr(nodes)) + xlogy(ndtr(-nodes), ndtr(-nodes))) / math.log(2)
    for layer in range(2, marks[-1] + 1):
        angle = _next_angle(angle)
        if layer in marks:
            r = np.cos(angle) / (np.sqrt(2) * np.sin(angle / 2))
            weight = np.exp(-((nodes / r) ** 2) / 2) / (np.sqrt(2 * np.pi) * r)
            found.append(layer * float(np.sum(weight * bits) * (nodes[1] - nodes[0])))
    basis = np.array([[1, np.log(layer) / layer, 1 / layer] for layer in marks])
    return float(np.linalg.solve(basis, found)[0])


def _next_angle(angle: float) -> float:
    """One layer of rectifiers in the angle; a series where the difference of cosines would
    cancel.
    """
    if angle > 0.05:
        return float(np.arccos((np.sin(angle) + (np.pi - angle) * np.cos(angle)) / np.pi))
    gap = (
        angle**2 / 2
        - angle**4 / 24
        + angle**6 / 720
        - (angle**3 / 3 - angle**5 / 30 + angle**7 / 840) / np.pi
    )
    return float(2 * np.arcsin(np.sqrt(gap / 2)))
