r"""Fixed points of a recursion, found and proved in ball arithmetic.

A fixed point is a zero of R(K) − K. `fixed_points` searches a whole box and says what it could not
decide; `refine` proves one fixed point near a guess to as many digits as asked for. A marginal
fixed point (the linearised step has the eigenvalue 1, so that R(K) − K touches zero) can be neither
proved nor excluded by any finite computation with balls: an arbitrarily small change of the step
splits it in two or removes it. It is reported as *singular*, with its box. A continuum of fixed
points is found exactly, as a common factor of the equations of a rational step, and divided out
before the search.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from flint import acb, acb_mat, arb, arb_mat, ctx
from sympy import Expr, Matrix, Symbol

from neurenorm.graphs.arguments import listed
from neurenorm.graphs.rendering import Table
from neurenorm.numerics.balls import precision, proved_digits
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.solve.inputs import ball, check_counts, check_names, search_bits
from neurenorm.numerics.solve.intervals import (
    Box,
    NotCertified,
    Root,
    System,
    isolate,
    krawczyk,
    polish,
)
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.recursion.fixed_points import continua, continuum_factors, off_continua
from neurenorm.theory.recursion.recursion import FixedPoint, Recursion

__all__ = ["FixedPointSearch", "fixed_points", "refine"]

_SINGULAR_WIDTH = (
    2.0**-30
)  # a box in doubt that is this small, in units of the searched one, is a singular point


@dataclass(frozen=True)
class FixedPointSearch:
    """What a search for fixed points in a box has found.

    Parameters
    ----------
    points : tuple of FixedPoint
        Every *continuum* in its symbols; then the *enclosed* ones (existence and uniqueness proved)
        and the *singular* ones, in the order of their coordinates.
    undecided : tuple of boxes
        What could be neither excluded nor settled, as balls in the order of the state; singular
        points among them.
    state : tuple of Symbol
        The variables, which name the columns of the table.
    digits : int
        How many digits were asked for, and are shown.
    message : str
        The outcome in words.
    """

    points: tuple[FixedPoint, ...]
    undecided: tuple[Box, ...]
    state: tuple[Symbol, ...]
    digits: int
    message: str

    @property
    def complete(self) -> bool:
        """Whether the points are proved to be all fixed points in the box."""
        return not self.undecided

    @property
    def none(self) -> bool:
        """Whether it is proved that the box holds no fixed point."""
        return self.complete and not self.points

    def __str__(self) -> str:
        return f"{self.message}\n{self._table()}" if self.points else self.message

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self.message)}</p>{self._table()._repr_html_()}"

    def _table(self) -> Table:
        """A row for each point."""
        head = (*map(str, self.state), "status", "eigenvalues", "exponents y")
        return Table([self._row(point) for point in self.points], head)

    def _row(self, point: FixedPoint) -> tuple[str, ...]:
        """One fixed point as text."""
        shown = [
            [_shown(x, self.digits) for x in column]
            for column in (point.point, point.eigenvalues, point.exponents)
        ]
        return (*shown[0], point.status, ", ".join(shown[1]) or point.message, ", ".join(shown[2]))


def fixed_points(
    recursion: Recursion,
    box: Mapping[Symbol, tuple[Any, Any]],
    *,
    parameters: Mapping[Symbol, Any] | None = None,
    digits: int = 15,
    max_boxes: int = 20000,
) -> FixedPointSearch:
    """Find and prove all fixed points of a recursion in a box.

    The box is cut until each piece is excluded (R(K) − K has no zero there), settled (a Krawczyk
    step proves exactly one) or too small to go on. Each settled point is contracted to the working
    precision; eigenvalues λ of the linearised step and exponents y = ln|λ|/ln b are enclosed there.
    Infinity is searched in a chart that makes it finite (`Recursion.in_chart`); a chart in which
    the step is rational also lets a continuum of fixed points be recognised.

    Parameters
    ----------
    recursion : Recursion
        n variables; the step continuous, with a derivative wherever it is evaluated.
    box : mapping of Symbol to (low, high)
        A finite closed interval for each state variable; exact numbers stay exact.
    parameters : mapping of Symbol to number, optional
        Values of the parameters of the recursion; a ball stands for all numbers in it.
    digits : int
        Significant digits wanted of each point; the message says so where fewer are proved.
    max_boxes : int
        The work allowed. A continuum of fixed points of a step that is not rational uses it up, and
        is returned as undecided.

    Returns
    -------
    FixedPointSearch

    Raises
    ------
    ValueError
        If a variable or parameter is missing, superfluous, or not a finite number, or an interval
        has no width.

    Examples
    --------
    The diamond of Ising bonds in t = tanh K has its critical point between order and disorder:

    >>> from sympy import Symbol
    >>> t = Symbol("t", real=True)
    >>> search = fixed_points(Recursion((t,), (2 * t**2 / (1 + t**4),), 2), {t: (0, 1)})
    >>> search.complete, [point.status for point in search.points]
    (True, ['enclosed', 'enclosed', 'enclosed'])
    >>> print(search.points[1].exponents[0].str(12, radius=False))
    0.747235718929
    """
    check_counts(digits=digits, max_boxes=max_boxes)
    with precision(search_bits(digits)):
        limits = _limits(recursion, box)
        searched = tuple(arb((low + high) / 2, (high - low) / 2) for low, high in limits)
        if (families := continua(recursion)) and continuum_factors(recursion) == (0,):
            return FixedPointSearch(
                families,
                (),
                recursion.state,
                digits,
                "every point is a fixed point: the step is the identity",
            )
        problem = _Problem.of(recursion, parameters)
        families = tuple(
            family
            for family, factor in zip(families, problem.factors, strict=True)
            if _may_vanish(factor, searched)
        )
        found = isolate(problem.system, searched, max_boxes)
        roots = [root for root in found.roots if _meets(root.box, limits)]
        undecided = tuple(doubt for doubt in found.undecided if _meets(doubt, limits))
        proved = [problem.enclosed(root, digits) for root in roots]
        singular = [
            problem.singular(doubt) for doubt in undecided if problem.is_singular(doubt, searched)
        ]
        points = sorted(
            [*proved, *singular], key=lambda point: [float(x.mid()) for x in point.point]
        )
        marginal = sum(point.status == "singular" for point in points)
        message = _summary(
            len(families),
            len(points) - marginal,
            marginal,
            len(undecided),
            found.examined >= max_boxes,
        )
    return FixedPointSearch((*families, *points), undecided, recursion.state, digits, message)


def refine(
    recursion: Recursion,
    guess: Mapping[Symbol, Any] | FixedPoint,
    digits: int,
    *,
    parameters: Mapping[Symbol, Any] | None = None,
) -> FixedPoint:
    """Prove one fixed point near a guess, with its eigenvalues and exponents, to a number of
    digits.

    Newton's iteration runs from the guess, a small box is drawn around its limit, and a Krawczyk
    step proves that the box holds exactly one fixed point. The precision is raised until everything
    has the digits asked for.

    Parameters
    ----------
    recursion : Recursion
        n variables.
    guess : mapping of Symbol to number, or FixedPoint
        Where to start.
    digits : int
        Significant digits wanted of coordinates, eigenvalues and exponents.
    parameters : mapping of Symbol to number, optional
        As in `fixed_points`.

    Returns
    -------
    FixedPoint
        With the status *enclosed*.

    Raises
    ------
    NotCertified
        If Newton's iteration leads nowhere, if the fixed point is marginal, or if fewer digits can
        be proved; the message says how many.
    ValueError
        If a variable or parameter is missing, superfluous, or not a finite number.

    Examples
    --------
    >>> from sympy import Symbol, cosh, log
    >>> K = Symbol("K", real=True)
    >>> critical = refine(Recursion((K,), (log(cosh(2 * K)),), 2), {K: 0.6}, digits=30)
    >>> print(critical.exponents[0].str(18, radius=False))
    0.747235718928907887
    """
    check_counts(digits=digits)
    start = (
        dict(zip(recursion.state, guess.point, strict=True))
        if isinstance(guess, FixedPoint)
        else dict(guess)
    )
    check_names("state variable", recursion.state, start)
    best = -1
    for bits in (search_bits(digits), 2 * search_bits(digits), 4 * search_bits(digits)):
        with precision(bits):
            problem = _Problem.of(recursion, parameters)
            point = problem.enclosed(
                _proved_near(problem, tuple(ball(start[x]) for x in recursion.state)), digits
            )
            proved = _digits_of(point)
        if proved >= digits:
            return point
        if proved <= best:
            break
        best = proved
    raise NotCertified(
        f"{digits} digits were asked for, but only {max(best, proved)} can be proved with these "
        "parameters"
    )


@dataclass(frozen=True)
class _Problem:
    """A recursion made ready for balls at the current precision: R(K) − K without its continua, the
    linearised step, ln b, and the factors of the continua.
    """

    system: System
    linearised: Any
    log_scale: arb
    factors: tuple[Callable[[Box], arb], ...]

    @classmethod
    def of(cls, recursion: Recursion, parameters: Mapping[Symbol, Any] | None) -> _Problem:
        """Compile the step and its derivative and put the parameters in."""
        given = dict(parameters or {})
        check_names("parameter", recursion.parameters, given)
        fixed = tuple(ball(given[symbol]) for symbol in recursion.parameters)
        arguments = (*recursion.state, *recursion.parameters)
        jacobian = recursion.jacobian()
        change = off_continua(recursion)
        residual = compiled(change, arguments, target="ball")
        slope = compiled(Matrix(change).jacobian(Matrix(recursion.state)), arguments, target="ball")
        linear = compiled(jacobian, arguments, target="ball")
        common = [
            compiled(factor, arguments, target="ball") for factor in continuum_factors(recursion)
        ]
        scale = compiled([expression_of(recursion.scale)], recursion.parameters, target="ball")(
            *fixed
        )[0]
        system = System(lambda x: residual(*x, *fixed), lambda x: slope(*x, *fixed))
        factors = tuple(lambda x, factor=factor: factor(*x, *fixed) for factor in common)
        return cls(system, lambda x: arb_mat(linear(*x, *fixed)), scale.log(), factors)

    def enclosed(self, root: Root, digits: int) -> FixedPoint:
        """A proved zero with its spectrum."""
        if any(factor(root.box).contains(0) for factor in self.factors):
            return replace(
                self.singular(root.box),
                message="a fixed point that cannot be told from one of the continuum",
            )
        eigenvalues, rigorous = spectrum(self.linearised(root.box))
        exponents = tuple(exponent(value, self.log_scale) for value in eigenvalues)
        point = FixedPoint(
            root.box, "enclosed" if rigorous else "approximate", eigenvalues, exponents
        )
        notes = (
            []
            if rigorous
            else ["the point is proved, its eigenvalues are not: they are approximate"]
        )
        if (proved := _digits_of(point)) < digits:
            notes.append(f"{proved} of the {digits} digits are proved")
        return replace(point, message="; ".join(notes))

    def is_singular(self, doubt: Box, searched: Box) -> bool:
        """Whether a box in doubt is tiny and the system is defined on it, so that its Jacobian is
        what stood in the way.
        """
        tiny = all(
            bool(x.rad() <= _SINGULAR_WIDTH * whole.rad())
            for x, whole in zip(doubt, searched, strict=True)
        )
        return tiny and all(
            x.is_finite() for x in (*self.system.values(doubt), *self.linearised(doubt).entries())
        )

    def singular(self, doubt: Box) -> FixedPoint:
        """The report on a marginal point: a box that may hold no fixed point, one, or several."""
        eigenvalues, rigorous = spectrum(self.linearised(doubt))
        exponents = tuple(exponent(value, self.log_scale) for value in eigenvalues)
        message = (
            "an eigenvalue of the linearised step cannot be told from 1: none, one or several "
            "fixed points in this box"
        )
        return FixedPoint(
            doubt,
            "singular",
            eigenvalues,
            exponents,
            message if rigorous else message + " (approximate spectrum)",
        )


def exponent(eigenvalue: arb | acb, log_scale: arb) -> arb:
    """y = ln|λ| / ln b: −∞ at λ = 0, and no information where the enclosure of λ merely contains
    0.
    """
    size = abs(eigenvalue)
    if size.is_zero():
        return arb.neg_inf()
    return arb(0, math.inf) if size.contains(0) else size.log() / log_scale


def spectrum(matrix: arb_mat) -> tuple[tuple[arb | acb, ...], bool]:
    """Eigenvalues in the order of falling size, real ones as real balls, and whether they are
    rigorous.

    Those of a triangular matrix are its diagonal; degenerate ones of any other matrix may not be
    separable.
    """
    n = matrix.nrows()
    off_diagonal = [
        [matrix[i, j].is_zero() for i in range(n) for j in range(n) if sign * (i - j) > 0]
        for sign in (1, -1)
    ]
    if any(map(all, off_diagonal)):
        return _by_size([matrix[i, i] for i in range(n)]), True
    for options in ({}, {"multiple": True}):
        try:
            values = acb_mat(matrix).eig(**options)
        except ValueError:
            continue
        return _by_size([_real_if_proved(value, values) for value in values]), True
    return _by_size(acb_mat(matrix).eig(algorithm="approx")), False


def _real_if_proved(value: acb, values: list[acb]) -> arb | acb:
    """The eigenvalue as a real ball if no other enclosure could hold its complex conjugate."""
    mirrored = acb(value.real, -value.imag)
    return (
        value.real if value.imag.contains(0) and sum(map(mirrored.overlaps, values)) == 1 else value
    )


def _by_size(values: list[arb | acb]) -> tuple[arb | acb, ...]:
    """Sort by falling modulus."""
    return tuple(sorted(values, key=lambda value: -float(abs(value).mid())))


def _proved_near(problem: _Problem, start: Box) -> Root:
    """Newton's iteration on midpoints, then the widest of a few boxes around its limit that a
    Krawczyk step proves.
    """
    point = tuple(x.mid() for x in start)
    for _ in range(100):
        point, moved = newton_step(problem.system, point)
        if moved < arb(2) ** (10 - ctx.prec):
            break
    for share in (2, 4, 8, 16, 32, 1.5, 1.2):
        radius = arb(2) ** (-ctx.prec / share)
        box = tuple(arb(x, radius.max(radius * abs(x)).upper()) for x in point)
        image = krawczyk(problem.system, box)
        if image is not None and all(
            x.contains_interior(y) for x, y in zip(box, image, strict=True)
        ):
            return polish(problem.system, Root(image, box))
    raise NotCertified(
        f"no fixed point could be proved near {', '.join(x.str(10, radius=False) for x in point)}: "
        "either Newton's iteration "
        "did not converge there, or an eigenvalue of the linearised step cannot be told from 1"
    )


def newton_step(system: System, point: Box) -> tuple[Box, arb]:
    """One step x − J⁻¹F on midpoints, and its relative length."""
    try:
        step = (
            arb_mat(system.jacobian(point))
            .mid()
            .solve(arb_mat([[value.mid()] for value in system.values(point)]))
        )
    except ZeroDivisionError:
        raise NotCertified(
            "Newton's iteration met a point where the linearised step has the eigenvalue 1; start "
            "elsewhere"
        ) from None
    moved = tuple((x - d).mid() for x, d in zip(point, step.entries(), strict=True))
    if not all(x.is_finite() for x in moved):
        raise NotCertified(
            "Newton's iteration left the domain of the recursion; start closer to the fixed point"
        )
    return moved, max(
        abs(new - old) / abs(new).max(1) for new, old in zip(moved, point, strict=True)
    ).mid()


def _digits_of(point: FixedPoint) -> int:
    """The digits proved of everything in a fixed point; an exponent counts where its eigenvalue is
    certainly not zero.
    """
    numbers = [*point.point]
    for eigenvalue, exponent in zip(point.eigenvalues, point.exponents, strict=True):
        numbers += (
            [eigenvalue] if isinstance(eigenvalue, arb) else [eigenvalue.real, eigenvalue.imag]
        )
        numbers += [exponent] if exponent.is_finite() else []
    return min(map(proved_digits, numbers))


def _limits(recursion: Recursion, box: Mapping[Symbol, tuple[Any, Any]]) -> list[tuple[arb, arb]]:
    """The ends of the box in the order of the state, checked."""
    check_names("state variable", recursion.state, box)
    limits = []
    for symbol in recursion.state:
        low, high = listed(box[symbol], f"the ends of the interval of {symbol}", 2)[:2]
        limits.append((ball(low), ball(high)))
    for symbol, (low, high) in zip(recursion.state, limits, strict=True):
        if not low < high:
            raise ValueError(f"the interval of {symbol} must have low < high, got {box[symbol]}")
    return limits


def _meets(box: Box, limits: list[tuple[arb, arb]]) -> bool:
    """Whether an enclosure is not certainly outside the box that was asked for."""
    return not any(
        bool(x < low) or bool(x > high) for x, (low, high) in zip(box, limits, strict=True)
    )


def _may_vanish(factor: Callable[[Box], arb], box: Box, cuts: int = 12) -> bool:
    """Whether a function has, as far as some halvings of the box can tell, a zero in it."""
    value = factor(box)
    if value.is_finite() and not value.contains(0):
        return False
    if cuts == 0 or all(bool(x.rad() == 0) for x in box):
        return True
    axis = max(range(len(box)), key=lambda i: float(box[i].rad()))
    half = box[axis].rad() / 2
    return any(
        _may_vanish(
            factor,
            (*box[:axis], arb(box[axis].mid() + side * half, half), *box[axis + 1 :]),
            cuts - 1,
        )
        for side in (-1, 1)
    )


def _summary(families: int, proved: int, singular: int, undecided: int, exhausted: bool) -> str:
    """The outcome of a search in one sentence."""
    lines = [] if not families else ["1 continuum" if families == 1 else f"{families} continua"]
    if not undecided:
        lines += (
            [f"{proved}{' isolated' if families else ''}, each proved to exist"] if proved else []
        )
        lines += [f"{singular} on a continuum"] if singular else []
        return (
            "all fixed points in the box: " + "; ".join(lines)
            if lines
            else "no fixed point in the box, proved"
        )
    parts = [f"incomplete: {'; '.join([*lines, ''])}{proved} fixed points proved"]
    parts += [f"{singular} singular (marginal) points"] if singular else []
    others = undecided - singular
    parts += [f"{others} other boxes undecided"] if others else []
    reason = (
        "; the work allowed is used up: a continuum of fixed points, a degenerate one, or "
        "max_boxes too small"
        if exhausted
        else ""
    )
    return ", ".join(parts) + reason


def _shown(value: arb | acb | Expr, digits: int) -> str:
    """A ball as text: its certain digits and a radius; an exponent can also be minus infinity, or
    unknown; a continuum is shown in its symbols.
    """
    if isinstance(value, Expr):
        return str(value)
    if isinstance(value, arb) and not value.is_finite():
        return "-inf" if value < 0 else "unbounded"
    return str(value.str(digits))
