"""Random networks at finite width: the cumulants of the kernel, order by order in 1/N.

Given the kernel K of a layer, the next one is K' = σ_b² + (σ_w²/N) Σ φ(z_j)² with N independent
z_j ~ N(0, K), so its conditional cumulants are exactly σ_w^{2b} κ_b[φ²]_K / N^(b-1). With the
deviation d = K - K̄ from the wide limit of weight 1 and e = 1/N of weight 2, one layer is a linear
map of the truncated moments of d. Written in cumulants it is the recursion of this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import factorial

from sympy import QQ, E, Expr, Symbol
from sympy.polys.rings import PolyElement, ring

from neurenorm.theory.cumulants.moments import cumulants_from_moments, moments_from_cumulants
from neurenorm.theory.cumulants.ring import Truncated, TruncatedRing
from neurenorm.theory.recursion.recursion import Recursion

__all__ = ["HIGHEST", "KernelCumulants"]

HIGHEST = 3


@dataclass(frozen=True)
class KernelCumulants:
    """One layer of the cumulants of the kernel of one input, up to the order 1/N^P.

    The cumulant of order b starts at e^(b-1): its coefficients at e^j, b - 1 ≤ j ≤ P and j ≥ 1, are
    the state. F_r is the r-th derivative of F(K) = σ_b² + σ_w²⟨φ²⟩_K, and c_b_r that of
    σ_w^{2b} κ_b[φ²]_K, all at the wide-limit kernel.

    Parameters
    ----------
    order : int
        P, from 1 to 3.

    Raises
    ------
    ValueError
        If the order is another.

    Examples
    --------
    >>> first = KernelCumulants(1).recursion
    >>> dict(zip(map(str, first.state), first.step))
    {'kappa_1_1': F_1*kappa_1_1 + F_2*kappa_2_1/2, 'kappa_2_1': F_1**2*kappa_2_1 + c_2_0}
    """

    order: int

    def __post_init__(self) -> None:
        if not 1 <= self.order <= HIGHEST:
            raise ValueError(f"order {self.order}: the highest is {HIGHEST} (one input)")

    @cached_property
    def entries(self) -> tuple[tuple[int, int], ...]:
        """The pairs (b, j) of the state: order of the cumulant, power of 1/N."""
        return tuple(
            (b, j) for b in range(1, self.order + 2) for j in range(max(1, b - 1), self.order + 1)
        )

    @cached_property
    def averages(self) -> tuple[tuple[int, int], ...]:
        """The pairs (b, r) of the derivatives that the step holds: order of the conditional
        cumulant, times differentiated.
        """
        highest = 2 * self.order
        return tuple(
            (b, r)
            for b in range(1, self.order + 2)
            for r in range(1 if b == 1 else 0, highest - 2 * (b - 1) + 1)
        )

    @cached_property
    def state(self) -> tuple[Symbol, ...]:
        """The symbols kappa_b_j."""
        return tuple(Symbol(f"kappa_{b}_{j}", real=True) for b, j in self.entries)

    @cached_property
    def parameters(self) -> tuple[Symbol, ...]:
        """The symbols F_r and c_b_r, in the order of `averages`."""
        return tuple(
            Symbol(f"F_{r}" if b == 1 else f"c_{b}_{r}", real=True) for b, r in self.averages
        )

    @cached_property
    def recursion(self) -> Recursion:
        """The step of the cumulants from one layer to the next."""
        return Recursion(self.state, self._step, E)

    @cached_property
    def _step(self) -> tuple[Expr, ...]:
        """Conditional cumulants, conditional moments, averages over d, cumulants again."""
        coefficients, *letters = ring([*self.state, *self.parameters], QQ)
        generators = list(letters[0]) if isinstance(letters[0], list | tuple) else list(letters)
        known = dict(zip(self.entries, generators, strict=False))
        given = dict(zip(self.averages, generators[len(self.state) :], strict=True))
        space, one = TruncatedRing(1, self.order), coefficients.one
        orders = range(1, 2 * self.order + 1)
        before = moments_from_cumulants(
            {
                (b,): space.element(
                    {(0, j): known[b, j] for j in range(self.order + 1) if (b, j) in known}
                )
                for b in orders
            }
        )
        conditional = moments_from_cumulants(
            {
                (b,): space.element(
                    {
                        (r, b - 1): value * QQ(1, factorial(r))
                        for (i, r), value in given.items()
                        if i == b
                    }
                )
                for b in orders
            }
        )
        after = cumulants_from_moments(
            {b: _averaged(element, before, one) for b, element in conditional.items()}
        )
        found = (after[b,].terms.get((0, j), coefficients.zero) for b, j in self.entries)
        return tuple(value.as_expr() for value in found)


def _averaged(
    element: Truncated, moments: dict[tuple[int, ...], Truncated], one: PolyElement
) -> Truncated:
    """Replace every power of d by its moment, a series in e."""
    total = element.ring.element({})
    for (power, e), value in element.terms.items():
        term = element.ring.element({(0, e): one * value})
        total = total + (term * moments[power,] if power else term)
    return total
