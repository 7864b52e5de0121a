"""More periodic lattices with a metric, in two and three dimensions."""

from __future__ import annotations

from fractions import Fraction

from neurenorm.graphs.periodic.periodic import PeriodicGraph

__all__ = ["body_centred", "diamond_crystal", "face_centred", "kagome", "square_octagon"]

_FACE_CENTRED = [[Fraction(1, 2) if i == j else Fraction(1, 4) for j in range(3)] for i in range(3)]


def kagome() -> PeriodicGraph:
    """The kagome lattice: three vertices per cell, corners of triangles that share them.

    Returns
    -------
    PeriodicGraph
        Dimension 2, vertices 0, 1 and 2, degree 4, edges of length one.

    Examples
    --------
    >>> [kagome().degree(v) for v in (0, 1, 2)], kagome().squared_length((0, 1, (0, 0)))
    ([4, 4, 4], Fraction(1, 1))
    """
    half = Fraction(1, 2)
    inside = [(0, 1, (0, 0)), (1, 2, (0, 0)), (2, 0, (0, 0))]
    across = [(1, 0, (1, 0)), (2, 0, (0, 1)), (1, 2, (1, -1))]
    return PeriodicGraph(range(3), inside + across, 2).with_metric(
        [[4, 2], [2, 4]], {0: (0, 0), 1: (half, 0), 2: (0, half)}
    )


def square_octagon() -> PeriodicGraph:
    """The 4-8-8 lattice: small squares, the corners of which are joined to those of neighbours.

    Drawn with rational coordinates: its edges are not all of one length.

    Returns
    -------
    PeriodicGraph
        Dimension 2, vertices 0 to 3 around a square, degree 3.

    Examples
    --------
    >>> [square_octagon().degree(v) for v in range(4)]
    [3, 3, 3, 3]
    """
    quarter = Fraction(1, 4)
    around = [(0, 1, (0, 0)), (1, 2, (0, 0)), (2, 3, (0, 0)), (3, 0, (0, 0))]
    across = [(0, 2, (1, 0)), (1, 3, (0, 1))]
    places = {0: (quarter, 0), 1: (0, quarter), 2: (-quarter, 0), 3: (0, -quarter)}
    return PeriodicGraph(range(4), around + across, 2).with_metric([[1, 0], [0, 1]], places)


def body_centred() -> PeriodicGraph:
    """The body-centred cubic lattice; the edge of its cube is 1.

    Returns
    -------
    PeriodicGraph
        Dimension 3, vertex 0, degree 8.

    Examples
    --------
    >>> body_centred().degree(0), body_centred().squared_length((0, 0, (1, 0, 0)))
    (8, Fraction(3, 4))
    """
    bonds = [(0, 0, v) for v in ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1))]
    three, one = Fraction(3, 4), Fraction(-1, 4)
    gram = [[three if i == j else one for j in range(3)] for i in range(3)]
    return PeriodicGraph([0], bonds, 3).with_metric(gram)


def face_centred() -> PeriodicGraph:
    """The face-centred cubic lattice; the edge of its cube is 1.

    Returns
    -------
    PeriodicGraph
        Dimension 3, vertex 0, degree 12.

    Examples
    --------
    >>> face_centred().degree(0), face_centred().squared_length((0, 0, (1, -1, 0)))
    (12, Fraction(1, 2))
    """
    steps = ((1, 0, 0), (0, 1, 0), (0, 0, 1), (1, -1, 0), (0, 1, -1), (-1, 0, 1))
    return PeriodicGraph([0], [(0, 0, v) for v in steps], 3).with_metric(_FACE_CENTRED)


def diamond_crystal() -> PeriodicGraph:
    """The crystal of diamond: two vertices per cell, each joined to four of the other kind; the edge
    of its cube is 1.

    Returns
    -------
    PeriodicGraph
        Dimension 3, vertices 0 and 1, degree 4.

    Examples
    --------
    >>> crystal = diamond_crystal()
    >>> crystal.degree(0), {crystal.squared_length(edge) for edge in crystal.edges}
    (4, {Fraction(3, 16)})
    """
    bonds = [(0, 1, v) for v in ((0, 0, 0), (-1, 0, 0), (0, -1, 0), (0, 0, -1))]
    quarter = Fraction(1, 4)
    return PeriodicGraph([0, 1], bonds, 3).with_metric(
        _FACE_CENTRED, {0: (0, 0, 0), 1: (quarter, quarter, quarter)}
    )
