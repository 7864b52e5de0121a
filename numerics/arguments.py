"""Numbers, arrays and expressions that exported numeric functions are given are read by their
annotations, or refused in one line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from neurenorm.graphs.arguments import read_by, whole_number

__all__ = ["checked_arguments"]


def _float(value: Any, name: str) -> Any:
    """A number that double precision holds, as it was given; infinities are its own business."""
    if isinstance(value, str | bytes | bool):
        raise TypeError(f"{name} is a number, got {value!r:.60}")
    try:
        float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} is a number, got a {type(value).__name__}") from None
    except OverflowError:
        raise ValueError(f"{name} is beyond double precision (about 1e308)") from None
    return value


def _array(value: Any, name: str) -> Any:
    """Numbers that double precision holds, as they were given."""
    import numpy as np  # which closed formulas do without

    try:
        array = np.asarray(value)
        if array.dtype.kind not in "biufc":
            array.astype(complex if array.dtype.kind == "c" else float)
            if array.dtype.kind in "US":
                raise TypeError
    except OverflowError:
        raise ValueError(f"{name} holds a number beyond double precision (about 1e308)") from None
    except (TypeError, ValueError):
        raise TypeError(f"{name} is an array of numbers, got a {type(value).__name__}") from None
    return value


READERS: Mapping[str, Any] = {"int": whole_number, "float": _float, "ArrayLike": _array}
checked_arguments = read_by(READERS)
"""Decorates a function so that its arguments are read by their annotations: ``int`` is a whole
number, ``float`` a number and ``ArrayLike`` numbers within double precision.
"""
