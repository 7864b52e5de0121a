r"""All fixed points of a hierarchical model in any number of couplings, those at infinity included.

The weights of a bond obey w_i' = P_i(w), homogeneous with non-negative coefficients
(`neurenorm.theory.decimation.weights`). With the largest weight set to 1 the others lie in [0, 1]:
one compact patch for each class of states that can be the largest. In each patch Newton's iteration
from many starts finds what is easy, ball arithmetic proves those points and a region around each in
which it is alone, and the rest of the patch is emptied: a box is narrowed to its own image
P_i(box)/P_largest(box) and to its Krawczyk image, and cut in two until nothing is left of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import arb, arb_mat, ctx
from numpy.typing import NDArray
from sympy import Symbol

from neurenorm.numerics.balls import precision
from neurenorm.numerics.solve.fixed_points import FixedPointSearch, exponent, newton_step, spectrum
from neurenorm.numerics.solve.inputs import ball, check_counts, check_names, search_bits
from neurenorm.numerics.solve.intervals import Box, Root, System, krawczyk, polish
from neurenorm.numerics.solve.positive_maps import PositiveMap
from neurenorm.theory.decimation.weights import WeightMap
from neurenorm.theory.recursion.recursion import FixedPoint

__all__ = ["couplings_of", "weight_fixed_points"]

Array = NDArray[np.float64]
_STARTS, _NEWTON_STEPS, _SWEEPS, _SMALLEST = 2000, 60, 2, 2.0**-44


def weight_fixed_points(
    weights: WeightMap,
    *,
    parameters: Mapping[Symbol, Any] | None = None,
    digits: int = 15,
    max_boxes: int = 2_000_000,
    seed: int = 0,
) -> FixedPointSearch:
    """Find and prove all fixed points of a step in the weights of a bond.

    Parameters
    ----------
    weights : WeightMap
    parameters : mapping of Symbol to number, optional
        Values of the symbols in the step, such as the q of a Potts model.
    digits : int
        Significant digits wanted of each point.
    max_boxes : int
        The work allowed in all patches together; what is then left is returned as undecided.
    seed : int
        Of the random starts of Newton's iteration. It changes the time, not the answer.

    Returns
    -------
    FixedPointSearch
        Each point as its weights, the largest of which is 1, with the eigenvalues of the linearised
        step of the ratios of weights. `couplings_of` turns weights into couplings.

    Raises
    ------
    ValueError
        If a parameter is missing, or a coefficient of the step is negative.

    Examples
    --------
    The Ising diamond has infinite temperature, the critical point and order:

    >>> from neurenorm.graphs import diamond
    >>> from neurenorm.theory.decimation.model import ISING
    >>> from neurenorm.theory.decimation.weights import weight_map
    >>> K = Symbol("K", real=True)
    >>> found = weight_fixed_points(weight_map(diamond(), ISING, {K: lambda s, t: s * t}))
    >>> found.complete, len(found.points)
    (True, 3)
    """
    check_counts(digits=digits, max_boxes=max_boxes)
    given = dict(parameters or {})
    check_names("parameter", weights.parameters, given)
    points: list[FixedPoint] = []
    undecided: list[Box] = []
    left, messages = max_boxes, list[str]()
    with precision(search_bits(digits)):
        log_scale = ball(weights.scale).log()
        for largest in weights.candidates:
            patch = _Patch.of(PositiveMap.of(weights, largest, given), seed)
            doubt, used = patch.emptied(left)
            left = max(1, left - used)
            defined = [root for root in patch.inside() if patch.is_defined(root.box)]
            points += [
                point
                for point in (patch.report(root, log_scale) for root in defined)
                if not any(_same(point, other) for other in points)
            ]
            doubt += [root.box for root in patch.inside() if not patch.is_defined(root.box)]
            undecided += [patch.whole(box) for box in doubt]
            messages += patch.base_points(doubt)
    points.sort(key=lambda point: [-float(x.mid()) for x in point.point])
    return FixedPointSearch(
        tuple(points),
        tuple(undecided),
        weights.state,
        digits,
        _message(len(points), len(undecided), left <= 1, messages),
    )


def couplings_of(weights: WeightMap, point: FixedPoint) -> dict[Symbol, arb]:
    """Return the couplings at a fixed point given by its weights.

    Parameters
    ----------
    weights : WeightMap
    point : FixedPoint
        As returned by `weight_fixed_points`.

    Returns
    -------
    dict of Symbol to arb
        Infinite where a weight vanishes and enters with one sign, not a number where infinities
        cancel: the coupling has no limit there.

    Examples
    --------
    >>> from neurenorm.graphs import diamond
    >>> from neurenorm.theory.decimation.model import ISING
    >>> from neurenorm.theory.decimation.weights import weight_map
    >>> K = Symbol("K", real=True)
    >>> step = weight_map(diamond(), ISING, {K: lambda s, t: s * t})
    >>> ends = [couplings_of(step, p)[K] for p in weight_fixed_points(step).points]
    >>> [x.str(6, radius=False) for x in ends[:2]], ends[2] == arb.pos_inf()
    (['0', '0.609378'], True)
    """
    logs = [arb.neg_inf() if w.is_zero() else w.log() for w in point.point]
    found = {}
    for row, coupling in enumerate(weights.values):
        total = arb(0)
        for column, value in enumerate(logs):
            if (factor := weights.reading[row, column]) != 0:
                total += ball(factor) * value
        found[coupling] = total
    return found


@dataclass
class _Patch:
    """The part of the projective space where one weight is the largest, and what is known of it."""

    step: PositiveMap
    system: System
    roots: list[Root]

    @classmethod
    def of(cls, step: PositiveMap, seed: int) -> _Patch:
        """Newton's iteration from random starts, and proofs of what it finds."""
        patch = cls(step, step.system(), [])
        for point in _newton_limits(step, np.random.default_rng(seed)):
            patch.prove(point)
        return patch

    def prove(self, point: Array) -> bool:
        """Prove a fixed point near a guess, with the largest region that Krawczyk's step allows."""
        if any(_holds(root.region, point) for root in self.roots):
            return True
        for halvings in range(2, 40):
            radius = 2.0**-halvings
            region = tuple(arb(float(x), radius) for x in point)
            image = krawczyk(self.system, region)
            if image is not None and all(
                r.contains_interior(x) for r, x in zip(region, image, strict=True)
            ):
                self.roots.append(Root(self._sharpened(image), region))
                return True
        return False

    def _sharpened(self, box: Box) -> Box:
        """The narrow enclosure of a zero that is proved to be alone in a box."""
        point = tuple(x.mid() for x in box)
        for _ in range(12):
            point, _ = newton_step(self.system, point)
        for share in (2, 4, 8):
            radius = arb(2) ** (-ctx.prec // share)
            small = tuple(arb(x, radius) for x in point)
            image = krawczyk(self.system, small)
            if image is not None and all(
                r.contains_interior(x) for r, x in zip(small, image, strict=True)
            ):
                return polish(self.system, Root(image, small)).box
        return box

    def inside(self) -> list[Root]:
        """The proved points in the patch: no weight certainly negative or above 1."""
        return [
            root for root in self.roots if not any(bool(x < 0) or bool(x > 1) for x in root.box)
        ]

    def emptied(self, most: int) -> tuple[list[Box], int]:
        """Examine the whole patch; return the boxes left in doubt and how many were examined."""
        n = len(self.step.others)
        low, high, used = np.zeros((1, n)), np.ones((1, n)), 0
        doubt: list[Box] = []
        while len(low) and used < most:
            used += len(low)
            low, high, alone = _narrowed(self.step, low, high)
            for middle in (low[alone] + high[alone]) / 2:
                self.prove(middle)
            low, high = self._outside(low, high)
            small = (high - low).max(axis=1, initial=0) < _SMALLEST
            doubt += [_box(a, b) for a, b in zip(low[small], high[small], strict=True)]
            low, high = _cut(low[~small], high[~small])
        return [*doubt, *(_box(a, b) for a, b in zip(low, high, strict=True))], used

    def _outside(self, low: Array, high: Array) -> tuple[Array, Array]:
        """The boxes that do not lie in the region of a proved point."""
        for root in self.roots:
            ends = np.array([[_below(x), _above(x)] for x in root.region])
            out = np.any((low < ends[:, 0]) | (high > ends[:, 1]), axis=1)
            low, high = low[out], high[out]
        return low, high

    def report(self, root: Root, log_scale: arb) -> FixedPoint:
        """A proved point with its spectrum, in all weights."""
        values, rigorous = spectrum(arb_mat(self.step.linearised(root.box)))
        return FixedPoint(
            self.whole(root.box),
            "enclosed" if rigorous else "approximate",
            values,
            tuple(exponent(value, log_scale) for value in values),
            "" if rigorous else "the point is proved, its eigenvalues are not",
        )

    def whole(self, box: Box) -> Box:
        """A box of the patch in all weights."""
        return (*box[: self.step.largest], arb(1), *box[self.step.largest :])

    def is_defined(self, box: Box) -> bool:
        """Whether some weight is certainly positive after a step: it is then no 0/0."""
        return any(bool(value > 0) for value in self.step.sums(box)[0])

    def base_points(self, doubt: list[Box]) -> list[str]:
        """Say so where the step is 0/0 somewhere in a box in doubt."""
        for box in doubt:
            sums, _ = self.step.sums(box)
            if all(bool(abs(value) < 1e-6) for value in sums):
                place = ", ".join(f"{float(x.mid()):.4g}" for x in self.whole(box))
                return [f"the step is 0/0 at the weights ({place})"]
        return []


def _newton_limits(step: PositiveMap, rng: np.random.Generator) -> list[Array]:
    """Where Newton's iteration from random starts ends, each limit once."""
    n = len(step.others)
    points = rng.random((_STARTS, n)) ** rng.choice([1.0, 3.0], size=(_STARTS, 1))
    points = np.concatenate([points, rng.integers(0, 2, (min(64, 2**n * 4), n)).astype(float)])
    for _ in range(_NEWTON_STEPS):
        value, slope = step.residual(points)
        good = np.abs(np.linalg.det(slope)) > 1e-14
        points, value, slope = points[good], value[good], slope[good]
        if not len(points):
            return []
        points = points - np.linalg.solve(slope, value[..., None])[..., 0]
        near = np.all((points > -1) & (points < 2), axis=1)
        points = points[near]
    value, slope = step.residual(points)
    inside = np.all((points > -1e-9) & (points < 1 + 1e-9), axis=1)
    settled = inside & (np.abs(value).max(axis=1, initial=0) < 1e-12)
    return [points[settled][k] for k in _first_of_each(points[settled])]


def _first_of_each(points: Array) -> list[int]:
    """The first of each group of points that agree to six decimals."""
    _, first = np.unique(np.round(points, 6) + 0.0, axis=0, return_index=True)
    return sorted(first.tolist())


def _narrowed(step: PositiveMap, low: Array, high: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Boxes cut down to what may hold a fixed point, and which of them hold exactly one."""
    others = list(step.others)
    for _ in range(_SWEEPS):
        least, most = step.values(low), step.values(high)
        with np.errstate(divide="ignore", invalid="ignore"):
            up = most[:, others] / least[:, step.largest, None] * (1 + 4 * step.slack)
            down = least[:, others] / most[:, step.largest, None] * (1 - 4 * step.slack)
        high = np.fmin(high, up)
        low = np.fmax(low, down)
        kept = np.all(low <= high, axis=1)
        low, high = low[kept], high[kept]
    if not len(low):
        return low, high, np.zeros(0, dtype=bool)
    return _krawczyk_narrowed(step, low, high)


def _krawczyk_narrowed(
    step: PositiveMap, low: Array, high: Array
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Intersect boxes with their Krawczyk images, rounding errors included."""
    middle, radius = (low + high) / 2, (high - low) / 2 * (1 + 1e-15) + 1e-300
    centre, spread, error = step.residual_range(low, high)
    value, _ = step.residual(middle)
    usable = np.abs(np.linalg.det(centre)) > 1e-30
    safe = np.where(usable[:, None, None], centre, np.eye(low.shape[1]))
    inverse = np.linalg.inv(safe)
    size = np.abs(inverse)
    unit = np.eye(low.shape[1]) - inverse @ safe
    ulp = 1e-14 * (size @ np.abs(safe) + 1)
    growth = np.abs(unit) + ulp + size @ spread * (1 + 1e-14)
    image = middle - np.einsum("nij,nj->ni", inverse, value)
    reach = np.einsum("nij,nj->ni", growth, radius)
    reach += np.einsum("nij,nj->ni", size, error + 1e-15 * np.abs(value)) * (1 + 1e-14)
    reach = reach * (1 + 1e-14) + 1e-15 * (np.abs(image) + np.abs(middle))
    reach[~usable] = np.inf
    image[~usable] = middle[~usable]
    reach[~np.isfinite(reach)] = np.inf
    alone = np.all((image - reach > low) & (image + reach < high), axis=1)
    new_low, new_high = np.maximum(low, image - reach), np.minimum(high, image + reach)
    kept = np.all(new_low <= new_high, axis=1)
    return new_low[kept], new_high[kept], alone[kept]


def _cut(low: Array, high: Array) -> tuple[Array, Array]:
    """Both halves of each box, cut across its widest side."""
    if not len(low):
        return low, high
    rows, axis = np.arange(len(low)), np.argmax(high - low, axis=1)
    middle = (low[rows, axis] + high[rows, axis]) / 2
    left, right = high.copy(), low.copy()
    left[rows, axis], right[rows, axis] = middle, middle
    return np.concatenate([low, right]), np.concatenate([left, high])


def _box(low: Array, high: Array) -> Box:
    """A box as balls."""
    return tuple(arb(float(a)).union(arb(float(b))) for a, b in zip(low, high, strict=True))


def _below(x: arb) -> float:
    """A double above the lower end of a ball."""
    return float(x.lower()) + 1e-15


def _above(x: arb) -> float:
    """A double below the upper end of a ball."""
    return float(x.upper()) - 1e-15


def _holds(region: Box, point: Array) -> bool:
    """Whether a point lies in a region."""
    return all(x.contains(float(p)) for x, p in zip(region, point, strict=True))


def _same(one: FixedPoint, other: FixedPoint) -> bool:
    """Whether two enclosures, found in neighbouring patches, overlap."""
    return all(x.overlaps(y) for x, y in zip(one.point, other.point, strict=True))


def _message(proved: int, doubt: int, exhausted: bool, notes: list[str]) -> str:
    """The outcome in words."""
    if not doubt:
        return f"all fixed points, infinite couplings included: {proved}, each proved to exist"
    text = f"incomplete: {proved} fixed points proved, {doubt} boxes undecided"
    text += "; the work allowed is used up" if exhausted else ""
    return "; ".join([text, *dict.fromkeys(notes)])
