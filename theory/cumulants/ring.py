"""The ring of truncated moments: polynomials in deviations and in a small parameter.

A deviation d_i has weight 1 (it is of the order √e), the small parameter e has weight 2. Products
are cut at a total weight of 2P, which keeps everything up to the order e^P.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

from neurenorm.graphs.arguments import listed

__all__ = ["Monomial", "Truncated", "TruncatedRing"]

Monomial = tuple[int, ...]
"""The powers of d_1 … d_s, and last that of e."""


@dataclass(frozen=True)
class TruncatedRing:
    """Polynomials in s deviations of weight 1 and one parameter e of weight 2, up to weight 2P.

    Parameters
    ----------
    deviations : int
        s.
    order : int
        P, the highest power of e that is kept.

    Examples
    --------
    >>> len(TruncatedRing(1, 2).monomials), len(TruncatedRing(3, 2).monomials)
    (9, 46)
    >>> ring = TruncatedRing(1, 1)
    >>> d, e = ring.deviation(0), ring.parameter
    >>> ((d + e) * d).terms, (d * d * d).terms
    ({(2, 0): 1}, {})
    """

    deviations: int
    order: int

    def __post_init__(self) -> None:
        if self.deviations < 1 or self.order < 1:
            raise ValueError(
                "a ring of truncated moments has a deviation and an order of 1 or more"
            )

    @cached_property
    def monomials(self) -> tuple[Monomial, ...]:
        """All monomials of weight at most 2P, lower weights first."""
        highest = 2 * self.order
        every = product(*[range(highest + 1)] * self.deviations, range(self.order + 1))
        return tuple(
            sorted(
                (m for m in every if self.weight(m) <= highest), key=lambda m: (self.weight(m), m)
            )
        )

    @cached_property
    def table(self) -> tuple[tuple[int, int, int], ...]:
        """Positions (i, j, k) of monomials with i · j = k, for every product that is kept."""
        place = {monomial: i for i, monomial in enumerate(self.monomials)}
        return tuple(
            (i, j, place[_times(left, right)])
            for left, i in place.items()
            for right, j in place.items()
            if _times(left, right) in place
        )

    def weight(self, monomial: Monomial) -> int:
        """Return the weight Σ a_i + 2j of d^a e^j."""
        powers = listed(monomial, "the powers of a monomial", 1)
        return sum(powers[:-1]) + 2 * powers[-1]

    def element(self, terms: Mapping[Monomial, Any]) -> Truncated:
        """Return the polynomial with given coefficients; what is beyond the cut is dropped."""
        return Truncated(
            self, {m: c for m, c in terms.items() if c != 0 and self.weight(m) <= 2 * self.order}
        )

    def deviation(self, slot: int) -> Truncated:
        """Return d_slot."""
        return self.element({tuple(int(i == slot) for i in range(self.deviations + 1)): 1})

    @property
    def parameter(self) -> Truncated:
        """The small parameter e."""
        return self.element({(0,) * self.deviations + (1,): 1})


def _times(left: Monomial, right: Monomial) -> Monomial:
    """The product of two monomials."""
    return tuple(a + b for a, b in zip(left, right, strict=True))


@dataclass(frozen=True)
class Truncated:
    """An element of a `TruncatedRing`; its coefficients may come from any commutative ring.

    Parameters
    ----------
    ring : TruncatedRing
    terms : dict
        Monomial to coefficient, zeros left out.
    """

    ring: TruncatedRing
    terms: Mapping[Monomial, Any]

    def __add__(self, other: Truncated) -> Truncated:
        total = dict(self.terms)
        for monomial, value in other.terms.items():
            total[monomial] = total[monomial] + value if monomial in total else value
        return self.ring.element(total)

    def __sub__(self, other: Truncated) -> Truncated:
        return self + other * -1

    def __mul__(self, other: Any) -> Truncated:
        if not isinstance(other, Truncated):
            return self.ring.element({m: other * value for m, value in self.terms.items()})
        total: dict[Monomial, Any] = {}
        for left, value in self.terms.items():
            for right, factor in other.terms.items():
                monomial = _times(left, right)
                if self.ring.weight(monomial) <= 2 * self.ring.order:
                    term = value * factor
                    total[monomial] = total[monomial] + term if monomial in total else term
        return self.ring.element(total)

    __rmul__ = __mul__
