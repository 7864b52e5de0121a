"""The cumulants of the kernel along depth, as numbers, for any activation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import factorial, perm
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray
from sympy import Symbol, lambdify

from neurenorm.numerics.compile import compiled
from neurenorm.theory.cumulants.moments import cumulants_from_moments
from neurenorm.theory.cumulants.ring import Truncated, TruncatedRing
from neurenorm.theory.gaussian.activation import Activation, activation
from neurenorm.theory.loops.networks import KernelCumulants
from neurenorm.theory.loops.tangent import Mean
from neurenorm.theory.recursion.recursion import Recursion

__all__ = ["averaged_steps", "kernel_cumulants"]

Array = NDArray[np.float64]
_REACH, _STEP = 14.0, 1 / 16  # in standard deviations
_SMALLEST = 1e-3
_SMALL, _TERMS = 0.02, 20  # below, the moments come from the power series at zero
_NEGLIGIBLE = 1e-14  # integrand at the ends, relative to the sum


def _hermite(order: int, x: Array) -> Array:
    """He_order(x), summed term by term."""
    return np.asarray(np.polynomial.hermite_e.hermeval(x, [0.0] * order + [1.0]))


@lru_cache(maxsize=1)
def _legendre() -> tuple[Array, Array]:
    """Nodes and weights between two kinks, on (-1, 1)."""
    x, w = np.polynomial.legendre.leggauss(400)
    return x, w


def _rule(kinks: tuple[float, ...], deviation: float) -> tuple[Array, Array]:
    """Nodes and weights of the normal law: a trapezoid sum, or Gauss-Legendre between kinks."""
    if not kinks:
        x = np.arange(-_REACH, _REACH + _STEP / 2, _STEP)
        return x, _STEP * np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    inside = [k / deviation for k in kinks if abs(k) < _REACH * deviation]
    ends = np.array([-_REACH, *inside, _REACH])
    x, w = _legendre()
    half, middle = np.diff(ends) / 2, (ends[1:] + ends[:-1]) / 2
    nodes = (middle[:, None] + half[:, None] * x).ravel()
    return nodes, np.outer(half, w).ravel() * np.exp(-nodes * nodes / 2) / np.sqrt(2 * np.pi)


def _moments(phi: Activation, kernel: float, highest: int, derivatives: int) -> Array:
    """d^r⟨φ^{2b}⟩/dK^r for b = 1 … highest and r = 0 … derivatives, as ⟨He_2r φ^{2b}⟩/(2K)^r."""
    if kernel < _SMALL and (series := _taylor(phi, highest)) is not None:
        found = _small(series, kernel, derivatives)
        if found is not None:
            return found
    if kernel < _SMALLEST:
        raise ValueError(
            f"the kernel K = {kernel:.3g} is below {_SMALLEST}: its derivatives by averages of "
            "Hermite polynomials cancel there, and the activation has no power series at zero that "
            "would do"
        )
    deviation = float(np.sqrt(kernel))
    x, weights = _rule(tuple(float(place) for place in phi.kinks), deviation)
    values = np.broadcast_to(compiled(phi.expression, [phi.variable])(deviation * x), x.shape)
    powers = np.array([values ** (2 * b) for b in range(1, highest + 1)])
    hermite = np.array([_hermite(2 * r, x) for r in range(derivatives + 1)])
    tails = np.abs(powers[-1] * hermite[-1] * weights)
    if not np.all(np.isfinite(tails)) or max(tails[0], tails[-1]) > _NEGLIGIBLE * tails.sum():
        raise ValueError(
            f"<phi^{2 * highest}> diverges at this K, or cannot be summed: K = {kernel}"
        )
    return np.asarray((powers * weights) @ hermite.T / (2 * kernel) ** np.arange(derivatives + 1))


@lru_cache(maxsize=16)
def _taylor(phi: Activation, highest: int) -> Array | None:
    """The powers z^0, z², … of φ^{2b} at zero times (2m-1)!!, one row for each b; None where φ has
    no power series there.
    """
    if any(place == 0 for place in phi.kinks):
        return None
    function = lambdify(phi.variable, phi.expression, "mpmath")
    with mpmath.workdps(80):
        try:
            series = mpmath.taylor(function, 0, 2 * _TERMS)
        except (ValueError, ZeroDivisionError):
            return None
        square = _product(series, series)
        rows = [square]
        for _ in range(highest - 1):
            rows.append(_product(rows[-1], square))
        return np.array(
            [
                [float(row[2 * m] * mpmath.fac2(2 * m - 1)) for m in range(_TERMS + 1)]
                for row in rows
            ]
        )


def _product(left: list[mpmath.mpf], right: list[mpmath.mpf]) -> list[mpmath.mpf]:
    """The product of two power series."""
    return [mpmath.fsum(left[j] * right[k - j] for j in range(k + 1)) for k in range(len(left))]


def _small(series: Array, kernel: float, derivatives: int) -> Array | None:
    """The table of `_moments` from the power series of φ; None where it is not exact enough."""
    found = np.empty((len(series), derivatives + 1))
    powers = np.arange(series.shape[1])
    for r in range(derivatives + 1):
        falling = np.array([float(perm(int(m), r)) for m in powers])
        terms = series * falling * kernel ** np.maximum(powers - r, 0)
        found[:, r] = terms.sum(1)
        if np.any(np.abs(terms[:, -2:]).sum(1) > _NEGLIGIBLE * np.abs(terms).max(1)):
            return None
    return found


def _conditional(phi: Activation, kernel: float, sw2: float, order: int) -> Array:
    """Derivatives of σ_w^{2b} κ_b[φ²]_K; row b - 1, column r."""
    space, highest = TruncatedRing(1, order), 2 * order
    table = _moments(phi, kernel, order + 1, highest)
    series: dict[tuple[int, ...], Truncated] = {
        (b,): space.element({(r, 0): table[b - 1, r] / factorial(r) for r in range(highest + 1)})
        for b in range(1, order + 2)
    }
    found = cumulants_from_moments(series)
    return np.array(
        [
            [sw2**b * found[b,].terms.get((r, 0), 0.0) * factorial(r) for r in range(highest + 1)]
            for b in range(1, order + 2)
        ]
    )


def kernel_cumulants(
    source: Activation | str,
    sw2: float,
    sb2: float,
    start: float,
    depth: int,
    order: int = 2,
    widths: Sequence[int] | None = None,
    recursion: Recursion | None = None,
) -> tuple[Array, dict[tuple[int, int], Array]]:
    """Return the wide-limit kernel of every layer and the coefficients of its cumulants in 1/N.

    Parameters
    ----------
    source : Activation or str
    sw2, sb2 : float
        Variances of weights and biases.
    start : float
        K¹ > 0, the kernel of the first layer.
    depth : int
        Layers, counted from 1.
    order : int
        Highest power of 1/N, at most 3.
    widths : sequence of int, optional
        Neurons of the layers 1 … depth - 1; then every coefficient carries its powers of the
        widths, and the cumulants are the sums over j.
    recursion : Recursion, optional
        The step of the cumulants, by default the derived one.

    Returns
    -------
    kernels : ndarray, shape (depth,)
    cumulants : dict
        (b, j) to the coefficient of 1/N^j in the cumulant of order b, shape (depth,).

    Raises
    ------
    ValueError
        If the order is too high, the start or the depth is not positive, or an average diverges.

    Examples
    --------
    >>> _, found = kernel_cumulants("linear", 1.0, 0.0, 1.0, 6)
    >>> {entry: round(abs(float(value[-1])), 9) for entry, value in found.items()}
    {(1, 1): 0.0, (1, 2): 0.0, (2, 1): 10.0, (2, 2): 40.0, (3, 2): 280.0}
    """
    if start <= 0 or depth < 1:
        raise ValueError("the first kernel K1 and the depth must be positive")
    if widths is not None and len(widths) != depth - 1:
        raise ValueError(f"{depth} layers take the widths of {depth - 1}, got {len(widths)}")
    theory, phi = KernelCumulants(order), activation(source)
    recursion = theory.recursion if recursion is None else recursion
    step = compiled(list(recursion.step), [*theory.state, *theory.parameters])
    kernels, states = [start], [np.zeros(len(theory.state))]
    for width in [1] * (depth - 1) if widths is None else widths:
        table = _conditional(phi, kernels[-1], sw2, order)
        given = [table[b - 1, r] / float(width) ** (b - 1) for b, r in theory.averages]
        states.append(np.array(step(*states[-1], *given), dtype=float))
        kernels.append(sb2 + table[0, 0])
    columns = np.array(states).T
    return np.array(kernels), dict(zip(theory.entries, columns, strict=True))


def averaged_steps(
    recursion: Recursion,
    averages: Mapping[Symbol, Mean],
    phi: Activation,
    start: Sequence[float],
    parameters: Mapping[Symbol, float],
    depth: int,
) -> Array:
    """Return the states of all layers of a recursion that names averages at the running kernel.

    Parameters
    ----------
    recursion : Recursion
        Its first state symbol is the kernel.
    averages : mapping of Symbol to Mean
    phi : Activation
    start : sequence of float
    parameters : mapping of Symbol to float
    depth : int

    Returns
    -------
    ndarray, shape (depth, states)

    Raises
    ------
    ValueError
        If an average diverges or the kernel is too small.

    Examples
    --------
    >>> from neurenorm.theory.loops.tangent import TangentCumulants
    >>> step, means = TangentCumulants().recursion()
    >>> rates = {s: 1.0 if s.name in ("sw2", "lam_W") else 0.0 for s in step.parameters}
    >>> linear = activation("linear")
    >>> found = averaged_steps(step, means, linear, [1, 1, *[0] * 7], rates, 5)
    >>> dict(zip([s.name for s in step.state], found[-1].round(6).tolist()))["A"]
    60.0
    """
    fixed = [s for s in recursion.parameters if s not in averages]
    step = compiled(list(recursion.step), [*recursion.state, *averages, *fixed])
    numbers = [parameters[s] for s in fixed]
    highest = max(3 if m.powers[3] else 2 if m.powers[2] else 1 for m in averages.values())
    functions = [
        compiled(phi.derivative(k) if k else phi.expression, [phi.variable])
        for k in range(highest + 1)
    ]
    states = [np.array(start, dtype=float)]
    for _ in range(depth - 1):
        values = _means(list(averages.values()), phi, functions, float(states[-1][0]))
        states.append(np.array(step(*states[-1], *values, *numbers), dtype=float))
    return np.array(states)


def _means(
    means: Sequence[Mean], phi: Activation, functions: Sequence[Any], kernel: float
) -> list[float]:
    """Averages at a kernel, derivatives with respect to it by Hermite polynomials."""
    if kernel < _SMALLEST:
        raise ValueError(
            f"the kernel K = {kernel:.3g} is below {_SMALLEST}: its derivatives by averages of "
            "Hermite polynomials cancel there"
        )
    deviation = float(np.sqrt(kernel))
    x, weights = _rule(tuple(float(place) for place in phi.kinks), deviation)
    table = [np.broadcast_to(f(deviation * x), x.shape) for f in functions]
    found = []
    for mean in means:
        integrand = weights * _hermite(2 * mean.times, x) / (2 * kernel) ** mean.times
        for values, power in zip(table, mean.powers, strict=False):
            integrand = integrand * values**power
        size = float(np.abs(integrand).sum())
        ends = max(abs(integrand[0]), abs(integrand[-1]))
        if not np.isfinite(size) or ends > _NEGLIGIBLE * size:
            raise ValueError(f"an average diverges at this K, or cannot be summed: K = {kernel}")
        found.append(float(integrand.sum()))
    return found
