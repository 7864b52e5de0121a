"""Free fields on explicit tori, by dense matrices of all vertices, and textbook closed forms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

import numpy as np
from scipy.special import gamma

__all__ = ["CELLS", "MASSLESS", "torus_field"]

CELLS: dict[str, tuple[int, tuple[tuple[int, int, tuple[int, ...]], ...]]] = {
    "square": (1, ((0, 0, (1, 0)), (0, 0, (0, 1)))),
    "honeycomb": (2, ((0, 1, (0, 0)), (0, 1, (-1, 0)), (0, 1, (0, -1)))),
    "triangular": (1, ((0, 0, (1, 0)), (0, 0, (0, 1)), (0, 0, (1, -1)))),
    "cubic": (1, ((0, 0, (1, 0, 0)), (0, 0, (0, 1, 0)), (0, 0, (0, 0, 1)))),
}
"""Of each lattice the vertices of a cell, and its bonds."""

_CATALAN = 0.915965594177219
_TRIANGULAR = 1.6153297360970  # (5/pi) (1 - 1/5^2 - 1/7^2 + 1/11^2 + ...)
_WATSON = {
    "cubic": math.sqrt(6)
    / (192 * math.pi**3)
    * float(np.prod([gamma(x / 24) for x in (1, 5, 7, 11)])),
    "body-centred": float(gamma(1 / 4)) ** 4 / (32 * math.pi**3),
    "face-centred": 9 * float(gamma(1 / 3)) ** 6 / (12 * 2 ** (14 / 3) * math.pi**4),
}
MASSLESS: dict[str, tuple[str, Sequence[int], float]] = {
    "square": ("ln_det", (1, 0), 4 * _CATALAN / math.pi),
    "triangular": ("ln_det", (1, 0), _TRIANGULAR),
    "honeycomb": ("ln_det", (1, 0), _TRIANGULAR / 2),
    "kagome": ("ln_det", (1, 0), (_TRIANGULAR + math.log(6)) / 3),
    "square diagonal": ("resistance", (1, 1), 2 / math.pi),
    **{name: ("G", (1, 0, 0), value) for name, value in _WATSON.items()},
}
"""Values of massless fields in closed form: spanning trees, the square's diagonal, Watson's
integrals.
"""


def torus_field(lattice: str, side: int, m2: float, r: Sequence[int]) -> list[float]:
    """Return G, ln det per vertex, and 2 (G(0) - G(r)) of vertex 0, of a field on a torus.

    Examples
    --------
    >>> [round(x, 6) for x in torus_field("square", 16, 1.0, (1, 0))]
    [0.25405, 1.507983, 0.372975]
    """
    vertices, bonds = CELLS[lattice]
    dimension = len(r)
    cells = list(product(range(side), repeat=dimension))
    number = {cell: i for i, cell in enumerate(cells)}

    def site(v: int, cell: Sequence[int]) -> int:
        """The number of a vertex of a cell."""
        return vertices * number[tuple(x % side for x in cell)] + v

    n = vertices * len(cells)
    matrix = m2 * np.eye(n)
    for cell in cells:
        for u, v, offset in bonds:
            i, j = site(u, cell), site(v, [x + o for x, o in zip(cell, offset, strict=True)])
            matrix[[i, j], [i, j]] += 1
            matrix[[i, j], [j, i]] -= 1
    inverse = np.linalg.inv(matrix)
    there = inverse[0, site(0, r)]
    return [
        float(np.trace(inverse) / n),
        float(np.linalg.slogdet(matrix)[1] / n),
        float(2 * (inverse[0, 0] - there)),
    ]
