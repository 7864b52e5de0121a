r"""The flow of a recursion: the couplings step by step, and the free energy summed along it.

A flow is evaluated number by number; the step is never composed as an expression. Each step turns
`bonds` old bonds into one new bond and leaves ln A behind, so that the free energy per old bond of
the infinite system is

    f(K₀) = Σₙ ln A(Kₙ) / bondsⁿ⁺¹.

The sum stops when its rest is known. If the step maps a box B around the present couplings into B,
the flow never leaves B, and the rest after n terms lies in ln A(B) / (bondsⁿ (bonds − 1)): the flow
has come near an attractive fixed point.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath
import numpy as np
from flint import arb
from numpy.typing import NDArray
from sympy import Symbol

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.balls import precision, proved_digits
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.solve.inputs import ball, check_counts, check_names, search_bits
from neurenorm.numerics.solve.intervals import Box
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.recursion.recursion import Recursion

__all__ = ["FreeEnergy", "free_energy", "trajectory"]

_MOST_STEPS = 2000
_TRAP_SIZES = tuple(
    2.0**k for k in range(9)
)  # half-widths tried for the box that traps the flow, in units of the last step
_ESTIMATE_MARGIN = (
    1000  # a rest that is only estimated, by a geometric series, is taken this many times larger
)


@dataclass(frozen=True)
class FreeEnergy(Tabulated):
    """The free energy per bond, with what is known of its error.

    Parameters
    ----------
    value : arb
        The sum and its rest, in nats per old bond.
    terms : int
        How many terms were added up.
    tail : arb
        The ball that stands for the rest of the sum.
    converged : bool
        Whether the value has the digits asked for.
    proved : bool
        Whether the tail is proved (the flow is trapped near an attractive fixed point) rather than
        estimated from the decay of the terms.
    message : str
        The outcome in words.
    """

    value: arb
    terms: int
    tail: arb
    converged: bool
    proved: bool
    message: str

    def __str__(self) -> str:
        digits = max(15, min(10_000, 3 * self.value.rel_accuracy_bits() // 10))
        return f"free energy per bond {self.value.str(digits)} nats ({self.message})"


def trajectory(
    recursion: Recursion,
    start: Mapping[Symbol, Any],
    steps: int,
    *,
    parameters: Mapping[Symbol, Any] | None = None,
    target: str = "numpy",
    digits: int | None = None,
) -> Any:
    """The couplings K₀, K₁ = R(K₀), …, evaluated step by step.

    Parameters
    ----------
    recursion : Recursion
        n variables.
    start : mapping of Symbol to number
        K₀; with NumPy also arrays that broadcast together, for many flows at once.
    steps : int
        How many steps, zero or more.
    parameters : mapping of Symbol to number, optional
        Values of the parameters of the recursion; with NumPy also arrays.
    target : str
        ``"numpy"``: double precision; ``"mpmath"``: `digits` digits; ``"ball"``: enclosures, whose
        radii show how the flow spreads what is not known of K₀.
    digits : int, optional
        Working precision of the last two; 30 by default.

    Returns
    -------
    ndarray of shape (steps + 1, n, …), or list of steps + 1 lists of n mpf or arb
        NumPy couplings beyond the largest double are infinite.

    Raises
    ------
    ValueError
        If a variable or parameter is missing, superfluous or not a number, or if the flow leaves
        the domain of the step.

    Examples
    --------
    >>> t = Symbol("t", real=True)
    >>> trajectory(Recursion((t,), (t**2,), 2), {t: np.array([0.5, 1.0])}, 2)[:, 0]
    array([[0.5   , 1.    ],
           [0.25  , 1.    ],
           [0.0625, 1.    ]])
    """
    check_names("state variable", recursion.state, start)
    check_names("parameter", recursion.parameters, parameters or {})
    check_counts(0, steps=steps)
    check_counts(digits=30 if digits is None else digits)
    if target not in ("numpy", "mpmath", "ball"):
        raise ValueError(f"target must be 'numpy', 'mpmath' or 'ball', got {target!r}")
    first = [start[symbol] for symbol in recursion.state]
    fixed = [(parameters or {})[symbol] for symbol in recursion.parameters]
    if target == "numpy":
        return _numpy_flow(recursion, first, fixed, steps)
    digits = digits or 30
    arguments, exact = (*recursion.state, *recursion.parameters), list(recursion.step)
    if target == "ball":
        with precision(search_bits(digits)):
            step = compiled(exact, arguments, target="ball")
            return _flow(
                step,
                [ball(x) for x in first],
                [ball(x) for x in fixed],
                steps,
                lambda x: not x.is_finite(),
            )
    with mpmath.workdps(digits):
        step = compiled(exact, arguments, target="mpmath", digits=digits)
        return _flow(step, [_mpf(x) for x in first], [_mpf(x) for x in fixed], steps, _not_real)


def free_energy(
    recursion: Recursion,
    start: Mapping[Symbol, Any],
    *,
    parameters: Mapping[Symbol, Any] | None = None,
    digits: int = 15,
) -> FreeEnergy:
    """The free energy per bond of the infinite system, summed from the constants along the flow.

    f = Σₙ ln A(Kₙ)/bondsⁿ⁺¹ (nats per old bond), with the rest enclosed once the flow is trapped
    near an attractive fixed point, and otherwise estimated from the decay of the terms. The
    precision is raised as far as the flow needs.

    Parameters
    ----------
    recursion : Recursion
        With its constant ln A per new bond, and more than one old bond to each new one.
    start : mapping of Symbol to number
        The couplings of the first bonds.
    parameters : mapping of Symbol to number, optional
        Values of the parameters of the recursion.
    digits : int
        Significant digits wanted.

    Returns
    -------
    FreeEnergy
        With ``converged`` False where the digits could not be had.

    Raises
    ------
    ValueError
        If the recursion has no constant, if bonds ≤ 1, or if a variable or parameter is missing or
        superfluous.

    Examples
    --------
    The Ising chain has the free energy ln 2 cosh K per bond:

    >>> from sympy import cosh, log
    >>> K = Symbol("K", real=True)
    >>> half = log(cosh(2 * K)) / 2
    >>> chain = Recursion((K,), (half,), 2, constant=2 * log(2 * cosh(K)) - log(2 * cosh(half)))
    >>> f = free_energy(chain, {K: 1}, digits=20)
    >>> f.proved, f.value.overlaps((2 * arb(1).cosh()).log())
    (True, True)
    """
    check_names("state variable", recursion.state, start)
    check_names("parameter", recursion.parameters, parameters or {})
    check_counts(digits=digits)
    if recursion.constant is None:
        raise ValueError(
            "this recursion has no additive constant, so its free energy cannot be summed"
        )
    for bits in (search_bits(digits), 4 * search_bits(digits), 16 * search_bits(digits)):
        with precision(bits):
            result = _Sum.of(recursion, parameters or {}).run(
                tuple(ball(start[x]) for x in recursion.state), digits
            )
        if result.converged:
            break
    return result


@dataclass(frozen=True)
class _Sum:
    """A recursion and its constant made ready for balls: the step, ln A, and the number of old
    bonds in a new one.
    """

    step: Callable[[Box], Box]
    constant: Callable[[Box], arb]
    bonds: arb

    @classmethod
    def of(cls, recursion: Recursion, parameters: Mapping[Symbol, Any]) -> _Sum:
        """Compile and put the parameters in."""
        fixed = tuple(ball(parameters[symbol]) for symbol in recursion.parameters)
        arguments = (*recursion.state, *recursion.parameters)
        step = compiled(list(recursion.step), arguments, target="ball")
        constant = compiled([recursion.constant], arguments, target="ball")
        bonds = compiled([expression_of(recursion.bonds)], recursion.parameters, target="ball")(
            *fixed
        )[0]
        if not bonds > 1:
            raise ValueError(
                "a new bond must replace more than one old bond for the free energy to converge, "
                f"got {recursion.bonds}"
            )
        return cls(lambda x: tuple(step(*x, *fixed)), lambda x: constant(*x, *fixed)[0], bonds)

    def run(self, point: Box, digits: int) -> FreeEnergy:
        """Add up terms until the rest is small enough, or the balls have grown until nothing is
        known.
        """
        total, weight, terms, tail, proved = (
            arb(0),
            1 / self.bonds,
            list[arb](),
            arb(0, math.inf),
            False,
        )
        while len(terms) < _MOST_STEPS:
            terms.append(weight * self.constant(point))
            image = self.step(point)
            if not all(x.is_finite() for x in (terms[-1], *image)):
                break
            total += terms[-1]
            trapped = self._trapped_tail(point, image, weight)
            tail, proved = (
                (trapped, True) if trapped is not None else (_estimated_tail(terms), False)
            )
            if proved_digits(total + tail) >= digits:
                break
            point, weight = image, weight / self.bonds
        value = total + tail
        return FreeEnergy(
            value,
            len(terms),
            tail,
            proved_digits(value) >= digits,
            proved,
            _outcome(value, digits, proved),
        )

    def _trapped_tail(self, point: Box, image: Box, weight: arb) -> arb | None:
        """The rest of the sum after the term of a given weight, if some box around the flow is
        mapped into itself.
        """
        for size in _TRAP_SIZES:
            radii = [
                size * abs(new - old).upper() + new.rad()
                for old, new in zip(point, image, strict=True)
            ]
            trap = tuple(
                arb(new.mid(), 2 * radius) for new, radius in zip(image, radii, strict=True)
            )
            after = self.step(trap)
            if all(x.contains(y) for x, y in zip(trap, after, strict=True)):
                rest = weight * self.constant(trap) / (self.bonds - 1)
                return rest if rest.is_finite() else None
        return None


def _estimated_tail(terms: Sequence[arb]) -> arb:
    """The rest of a geometric series through the last two terms, as a generous ball; no information
    unless they decay.
    """
    if len(terms) < 4 or not abs(terms[-1]) < 0.95 * abs(terms[-2]):
        return arb(0, math.inf)
    ratio = abs(terms[-1]).upper() / abs(terms[-2]).lower()
    return (
        arb(0, (_ESTIMATE_MARGIN * abs(terms[-1]) * ratio / (1 - ratio)).upper())
        if ratio < 1
        else arb(0, math.inf)
    )


def _outcome(value: arb, digits: int, proved: bool) -> str:
    """What came of the sum, in words."""
    known = min(proved_digits(value), digits)
    if not value.is_finite():
        return "the flow was lost before the rest of the sum could be bounded"
    kind = (
        "proved: the flow is trapped near an attractive fixed point"
        if proved
        else "with the rest estimated from the decay of the terms"
    )
    return f"{known} of {digits} digits, {kind}"


def _numpy_flow(
    recursion: Recursion, first: Sequence[Any], fixed: Sequence[Any], steps: int
) -> NDArray[np.float64]:
    """The flow in double precision; starting values and parameters broadcast."""
    start, given = [_floats(x) for x in first], [_floats(x) for x in fixed]
    shape = np.broadcast_shapes(*(x.shape for x in (*start, *given)))
    step = compiled(list(recursion.step), (*recursion.state, *recursion.parameters), target="numpy")
    flow = np.empty((steps + 1, len(start), *shape))
    flow[0] = [np.broadcast_to(x, shape) for x in start]
    with np.errstate(all="ignore"):
        for n in range(steps):
            flow[n + 1] = [np.broadcast_to(x, shape) for x in step(*flow[n], *given)]
            if np.isnan(flow[n + 1]).any():
                raise ValueError(_left_domain(n + 1))
    return flow


def _flow(
    step: Any, point: list[Any], fixed: list[Any], steps: int, lost: Callable[[Any], bool]
) -> list[list[Any]]:
    """The flow in mpmath or balls."""
    flow = [point]
    for n in range(steps):
        flow.append(list(step(*flow[-1], *fixed)))
        if any(lost(x) for x in flow[-1]):
            raise ValueError(_left_domain(n + 1))
    return flow


def _left_domain(step: int) -> str:
    """The message for a flow that is no longer a number."""
    return (
        f"the flow is not a number after step {step}: it left the domain of the recursion, or its "
        "enclosure has grown without bound"
    )


def _floats(value: Any) -> NDArray[np.float64]:
    """A number or an array as doubles, checked."""
    array = np.asarray(value, dtype=np.float64)
    if np.isnan(array).any():
        raise ValueError(f"starting couplings and parameters must be numbers, got {value!r}")
    return array


def _not_real(value: Any) -> bool:
    """Whether mpmath has left the real numbers."""
    return bool(mpmath.im(value)) or mpmath.isnan(mpmath.re(value))


def _mpf(value: Any) -> mpmath.mpf:
    """A number at the working precision of mpmath, checked."""
    ball(value)
    return expression_of(value)._to_mpmath(mpmath.mp.prec)
