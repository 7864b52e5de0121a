"""Boxes that slide over a grid of positions: which position every place of a box reads."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

__all__ = ["BOUNDARIES", "taps_of"]

Shape = tuple[int, ...]
BOUNDARIES = ("circular", "zero", "valid")


def taps_of(
    shape: Shape, window: Shape, boundary: str, stride: int | Shape, dilation: int
) -> tuple[Shape, tuple[Shape, ...]]:
    """New grid, and for each place of the box the source of every new position (-1: none)."""
    if boundary not in BOUNDARIES:
        raise ValueError(f"the boundary is {', '.join(BOUNDARIES)}, got {boundary!r}")
    if len(window) != len(shape):
        raise ValueError(f"a box of {len(window)} dimensions does not fit the grid {shape}")
    steps = (stride,) * len(shape) if isinstance(stride, int) else stride
    if min((*steps, dilation, *window), default=1) < 1:
        raise ValueError("stride, dilation and the sizes of a box are at least 1")
    valid = boundary == "valid"
    spans = [dilation * (size - 1) for size in window]
    sizes = [n - span if valid else n for n, span in zip(shape, spans, strict=True)]
    if min(sizes, default=1) < 1:
        raise ValueError(f"the box {window} is larger than the grid {shape}")
    new = tuple(-(-size // step) for size, step in zip(sizes, steps, strict=True))
    starts = [0 if valid else -dilation * ((size - 1) // 2) for size in window]
    taps = []
    for place in product(*map(range, window)):
        shift = [s + dilation * p for s, p in zip(starts, place, strict=True)]
        corners = product(*map(range, new))
        taps.append(
            tuple(
                _index(
                    [c * t + d for c, t, d in zip(at, steps, shift, strict=True)], shape, boundary
                )
                for at in corners
            )
        )
    return new, tuple(taps)


def _index(place: Sequence[int], shape: Shape, boundary: str) -> int:
    """The number of a position, -1 outside the grid."""
    found = 0
    for at, size in zip(place, shape, strict=True):
        if boundary == "circular":
            at %= size
        if not 0 <= at < size:
            return -1
        found = found * size + at
    return found
