r"""Proofs in ball arithmetic: every solution of n equations in n unknowns inside a box, or the
boxes still in doubt.

A *box* is a tuple of real balls, one for each unknown. A ball-valued function returns a ball that
contains every value it takes on its argument, so a statement about balls is a statement about all
points in them. For a system F with Jacobian matrix J, a box X with midpoint m, and any matrix Y
near J(m)⁻¹, the Krawczyk operator is

    K(X) = m − Y F(m) + (1 − Y J(X)) (X − m).

Every zero of F in X lies in K(X). Hence K(X) ∩ X = ∅ proves that X holds no zero, and K(X) inside
the interior of X proves that X holds exactly one (the map x ↦ x − Y F(x) contracts X into itself).
What neither sentence settles is cut in two and asked again; a zero at which J is singular can never
be settled so, and is handed back as a small box in doubt.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from flint import arb, arb_mat, ctx

from neurenorm.graphs.arguments import listed
from neurenorm.graphs.rendering import Tabulated

__all__ = ["Box", "Isolation", "NotCertified", "Root", "System", "isolate", "krawczyk", "polish"]

Box = tuple[arb, ...]

_HALVINGS = (
    40  # a side of the searched box is cut at most this often: what is then in doubt stays in doubt
)
_INFLATION = (
    arb(9) / 8
)  # boxes are proved on slightly larger ones, so that a zero on a common face is nobody's blind spot
_EXACT_BITS = 16  # a zero at a multiple of 2**-16 is recognised as such


class NotCertified(ValueError):
    """A statement that was asked for could not be proved; the message says which, and what can be
    proved instead.
    """


@dataclass(frozen=True)
class System:
    """Equations F(x) = 0, as ball-valued functions of a box: the n values of F and the n by n rows
    of its Jacobian.
    """

    values: Callable[[Box], Sequence[arb]]
    jacobian: Callable[[Box], Sequence[Sequence[arb]]]


@dataclass(frozen=True)
class Root(Tabulated):
    """A zero, proved to exist in `box` and to be the only one in the larger box `region`."""

    box: Box
    region: Box


@dataclass(frozen=True)
class Isolation(Tabulated):
    """All that is known of the zeros in a box: those proved, the clusters of boxes in doubt, and
    the boxes examined.
    """

    roots: tuple[Root, ...]
    undecided: tuple[Box, ...]
    examined: int


def krawczyk(system: System, box: Box) -> Box | None:
    """The Krawczyk image K(X) of a box X: it contains every zero of the system in X.

    Parameters
    ----------
    system : System
    box : tuple of arb, length n

    Returns
    -------
    tuple of arb, or None
        None where K(X) says nothing: no usable inverse of the Jacobian, or the system is not
        defined all over X.

    Examples
    --------
    K(X) inside X proves that X holds exactly one zero, here √2:

    >>> square = System(lambda x: [x[0] ** 2 - 2], lambda x: [[2 * x[0]]])
    >>> X = (arb(1.4, 0.1),)
    >>> X[0].contains_interior(krawczyk(square, X)[0])
    True
    """
    box = listed(box, "the sides of a box", 1)
    slope = arb_mat(system.jacobian(box))
    try:
        inverse = slope.mid().inv().mid()
    except ZeroDivisionError:
        return None
    middle = tuple(x.mid() for x in box)
    spread = arb_mat([[x - m] for x, m in zip(box, middle, strict=True)])
    residual = arb_mat([[value] for value in system.values(middle)])
    unit = arb_mat(
        len(box), len(box), [int(i == j) for i in range(len(box)) for j in range(len(box))]
    )
    image = arb_mat([[m] for m in middle]) - inverse * residual + (unit - inverse * slope) * spread
    entries = tuple(image.entries())
    return entries if all(x.is_finite() for x in entries) else None


def polish(system: System, root: Root) -> Root:
    """Contract the enclosure of a proved zero as far as the working precision allows.

    X ← K(X) ∩ X converges quadratically. A zero at a short dyadic number (0, 1, ½, …) at which the
    system evaluates to an exact zero is returned as that exact point.

    Parameters
    ----------
    system : System
    root : Root
        As returned by `isolate`.

    Returns
    -------
    Root

    Examples
    --------
    >>> square = System(lambda x: [x[0] ** 2 - 4], lambda x: [[2 * x[0]]])
    >>> polish(square, Root((arb(2, 0.3),), (arb(2, 0.4),))).box
    (2.00000000000000,)
    """
    box, least = root.box, arb(2) ** (-4 * ctx.prec)
    for _ in range(100):
        image = krawczyk(system, box)
        if image is None:
            break
        smaller = tuple(x.intersection(y) for x, y in zip(box, image, strict=True))
        stalled = all(
            bool(new.rad() >= 0.99 * old.rad()) or bool(new.rad() < least)
            for new, old in zip(smaller, box, strict=True)
        )
        box = smaller
        if stalled:
            break
    return Root(_exact_point(system, box) or box, root.region)


def isolate(system: System, box: Box, max_boxes: int = 20000) -> Isolation:
    """Branch and prune: find and prove all zeros of a system in a box.

    Boxes are examined breadth first; each is discarded (F(X) or K(X) ∩ X excludes a zero), settled
    (one zero proved in a slightly larger box), narrowed to K(X) ∩ X, or cut in two. Zeros just
    outside the box may be found as well.

    Parameters
    ----------
    system : System
    box : tuple of arb, length n
        Finite, of positive width.
    max_boxes : int
        Examine no more than that many boxes; the rest is returned as undecided.

    Returns
    -------
    Isolation
        With nothing undecided, its roots are all the zeros in the box.

    Examples
    --------
    >>> cubic = System(lambda x: [x[0] ** 3 - x[0]], lambda x: [[3 * x[0] ** 2 - 1]])
    >>> found = isolate(cubic, (arb(0, 2),))
    >>> sorted(float(root.box[0]) for root in found.roots), found.undecided
    ([-1.0, 0.0, 1.0], ())
    """
    extent = [x.rad() for x in box]
    floor = [width / 2**_HALVINGS for width in extent]
    queue, doubtful, roots, examined = deque([box]), list[Box](), list[Root](), 0
    while queue and examined < max_boxes:
        current, examined = queue.popleft(), examined + 1
        if any(_inside(current, root.region) for root in roots) or _excluded(
            system.values(current)
        ):
            continue
        larger = tuple(
            arb(x.mid(), x.rad() * _INFLATION + least)
            for x, least in zip(current, floor, strict=True)
        )
        image = krawczyk(system, larger)
        if image is not None and _interior(image, larger):
            _record(roots, polish(system, Root(image, larger)))
        elif image is None or _overlap(image, current):
            narrowed = (
                current
                if image is None
                else tuple(x.intersection(y) for x, y in zip(current, image, strict=True))
            )
            small = all(bool(x.rad() <= least) for x, least in zip(narrowed, floor, strict=True))
            doubtful.append(narrowed) if small else queue.extend(_cut(narrowed, extent))
    return Isolation(tuple(roots), _merged([*doubtful, *queue]), examined)


def _exact_point(system: System, box: Box) -> Box | None:
    """The short dyadic point in the box, if the system vanishes there without any rounding."""
    scaled = [(x * 2**_EXACT_BITS).unique_fmpz() for x in box]
    if any(integer is None for integer in scaled):
        return None
    point = tuple(arb(integer) / 2**_EXACT_BITS for integer in scaled)
    return point if all(value.is_zero() for value in system.values(point)) else None


def _record(roots: list[Root], found: Root) -> None:
    """Add a zero unless it is one already known: inside a known region there is only that one."""
    if not any(_inside(found.box, root.region) for root in roots):
        roots.append(found)


def _cut(box: Box, extent: Sequence[arb]) -> Iterator[Box]:
    """The two halves of a box, cut across its side that is longest in units of the searched box."""
    axis = max(range(len(box)), key=lambda i: float(box[i].rad() / extent[i]))
    half = box[axis].rad() / 2
    for centre in (box[axis].mid() - half, box[axis].mid() + half):
        yield (*box[:axis], arb(centre, half), *box[axis + 1 :])


def _excluded(values: Sequence[arb]) -> bool:
    """Whether the values of the system on a box prove that it has no zero there."""
    return any(value.is_finite() and not value.contains(0) for value in values)


def _inside(inner: Box, outer: Box) -> bool:
    """Whether one box lies in another."""
    return all(y.contains(x) for x, y in zip(inner, outer, strict=True))


def _interior(inner: Box, outer: Box) -> bool:
    """Whether one box lies in the interior of another."""
    return all(y.contains_interior(x) for x, y in zip(inner, outer, strict=True))


def _overlap(one: Box, other: Box) -> bool:
    """Whether two boxes touch."""
    return all(x.overlaps(y) for x, y in zip(one, other, strict=True))


def _merged(boxes: Sequence[Box]) -> tuple[Box, ...]:
    """The hulls of the clusters of boxes, those closer than their own width: a sweep along the side
    of largest spread.
    """
    if not boxes:
        return ()
    spread = [len({float(x.mid()) for x in side}) for side in zip(*boxes, strict=True)]
    axis = spread.index(max(spread))
    halos = [tuple(arb(x.mid(), 3 * x.rad()) for x in box) for box in boxes]
    owner, active = list(range(len(boxes))), list[int]()
    for new in sorted(owner, key=lambda i: float(halos[i][axis].lower())):
        active = [old for old in active if not bool(halos[old][axis] < halos[new][axis])]
        for old in active:
            if _overlap(halos[old], halos[new]):
                owner[_leader(owner, old)] = _leader(owner, new)
        active.append(new)
    hulls: dict[int, Box] = {}
    for index, box in enumerate(boxes):
        leader = _leader(owner, index)
        hulls[leader] = tuple(map(arb.union, hulls.get(leader, box), box))
    return tuple(hulls.values())


def _leader(owner: list[int], index: int) -> int:
    """The representative of a cluster, with path halving."""
    while owner[index] != index:
        owner[index] = owner[owner[index]]
        index = owner[index]
    return index
