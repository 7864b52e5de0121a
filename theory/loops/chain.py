"""The stiff chain of dynamic neurons along depth, in loops: h' = f(h) + √D ξ, D = 1/(2α).

With f(0) = 0 the deviation h has weight 1 and D weight 2. Averages of powers over one step are linear
in powers, ⟨h'^k⟩ = Σ_j C(k, 2j) (2j-1)!! D^j f(h)^{k-2j}, so the stationary moments, and the leading
eigenvalue of the step, follow order by order from triangular linear equations. A loop costs a power
of D.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import comb

from sympy import Expr, Integer, cancel, diff, expand, factorial2

from neurenorm.theory.gaussian.activation import Activation

__all__ = ["HIGHEST", "StiffChain", "taylor"]

HIGHEST = 2
Series = tuple[Expr, ...]


def taylor(phi: Activation, order: int) -> Series:
    """Return the coefficients of h, h², … of an activation at zero.

    Raises
    ------
    ValueError
        If φ(0) is not zero, |φ'(0)| is not below one, or φ has no power series there.

    Examples
    --------
    >>> from neurenorm.theory.gaussian.activation import activation
    >>> taylor(activation("tanh(h/2)"), 3)
    (1/2, 0, -1/24)
    """
    at = {phi.variable: Integer(0)}
    if any(place == 0 for place in phi.kinks):
        raise ValueError(f"{phi.name} has a kink at zero: the chain is expanded about h = 0")
    if phi.expression.subs(at) != 0:
        raise ValueError(
            f"the chain is expanded about the fixed point h = 0, but f(0) = "
            f"{phi.expression.subs(at)}"
        )
    found, value, scale = [], phi.expression, Integer(1)
    for k in range(1, order + 1):
        value, scale = diff(value, phi.variable), scale * k
        found.append(value.subs(at) / scale)
    if not abs(found[0]) < 1:
        raise ValueError(f"f'(0) = {found[0]}: h = 0 is stable for |f'(0)| < 1 only")
    return tuple(found)


@dataclass(frozen=True)
class StiffChain:
    """Stationary mean and variance, and the leading eigenvalue, as coefficients of powers of D.

    Parameters
    ----------
    coefficients : tuple of Expr
        w, g2, g3, … of f(h) = w h + g2 h² + g3 h³ + …, at least 2P + 1 of them.
    order : int
        P, 1 or 2.

    Examples
    --------
    >>> from sympy import factor, symbols
    >>> w, g2, g3 = symbols("w g2 g3")
    >>> chain = StiffChain((w, g2, g3), 1)
    >>> factor(chain.mean[1]), factor(chain.variance[1])
    (g2/((w - 1)**2*(w + 1)), -1/((w - 1)*(w + 1)))
    """

    coefficients: Series
    order: int

    @cached_property
    def _powers(self) -> list[list[Expr]]:
        """Coefficients of h^0 … of f^k, for k = 0 … 2P + 1."""
        top = 2 * self.order + 1
        f = [Integer(0), *self.coefficients, *[Integer(0)] * top][: top + 1]
        rows = [[Integer(1), *[Integer(0)] * top]]
        for _ in range(top):
            last = rows[-1]
            rows.append([sum(f[i] * last[k - i] for i in range(k + 1)) for k in range(top + 1)])
        return rows

    def _step(self, k: int, j: int) -> list[Expr]:
        """The coefficient of D^j of ⟨h'^k⟩ as a polynomial in h."""
        weight = comb(k, 2 * j) * (factorial2(2 * j - 1) if j else 1)
        return [weight * c for c in self._powers[k - 2 * j]] if 2 * j <= k else []

    @cached_property
    def moments(self) -> dict[tuple[int, int], Expr]:
        """The coefficient of D^p of E h^k, by (k, p), where k ≤ 2P and p ≤ P."""
        w, top = self.coefficients[0], 2 * self.order
        found: dict[tuple[int, int], Expr] = {(0, 0): Integer(1)}
        for p in range(1, self.order + 1):
            for k in range(2 * p, 0, -1):
                total: Expr = Integer(0)
                for j in range(p + 1):
                    for power, value in enumerate(self._step(k, j)):
                        if (power, j) != (k, 0) and power <= top:
                            total += value * found.get((power, p - j), Integer(0))
                found[k, p] = cancel(total / (1 - w**k))
        return found

    @cached_property
    def mean(self) -> Series:
        """Coefficients of 1, D, … of E h."""
        return tuple(self.moments.get((1, p), Integer(0)) for p in range(self.order + 1))

    @cached_property
    def variance(self) -> Series:
        """Coefficients of 1, D, … of Var h."""
        first = self.mean
        return tuple(
            cancel(
                self.moments.get((2, p), Integer(0))
                - sum(first[i] * first[p - i] for i in range(p + 1))
            )
            for p in range(self.order + 1)
        )

    @cached_property
    def eigenvalue(self) -> Series:
        """Coefficients of 1, D, … of the eigenvalue of the step that is w at D = 0.

        The step raises powers of h at D = 0 and lowers them by 2 for every power of D, and the
        coefficient of h is the left eigenvector at D = 0; perturbation theory does the rest.
        """
        w, top = self.coefficients[0], 2 * self.order + 1
        values: list[Expr] = [w]
        vectors = [self._solved([Integer(0)] * (top + 1), one=Integer(1))]
        for p in range(1, self.order + 1):
            drive = [Integer(0)] * (top + 1)
            for j in range(1, p + 1):
                drive = [a + b for a, b in zip(drive, self._acted(vectors[p - j], j), strict=True)]
            for i in range(1, p):
                drive = [a - values[i] * b for a, b in zip(drive, vectors[p - i], strict=True)]
            values.append(cancel(drive[1]))
            source = [values[p] * c - a for c, a in zip(vectors[0], drive, strict=True)]
            vectors.append(self._solved(source, one=Integer(0)))
        return tuple(values)

    def _acted(self, vector: Sequence[Expr], j: int) -> list[Expr]:
        """The part D^j of the step on a polynomial, cut at h^{2P+1}."""
        total = [Integer(0)] * len(vector)
        for k, coefficient in enumerate(vector):
            for power, value in enumerate(self._step(k, j)):
                total[power] += coefficient * value
        return total

    def _solved(self, source: Sequence[Expr], one: Expr) -> list[Expr]:
        """A polynomial c with (step at D = 0 less w) c = source and c_1 given."""
        w = self.coefficients[0]
        found = [cancel(source[0] / (1 - w)), one]
        for k in range(2, len(source)):
            carried = sum(found[i] * self._powers[i][k] for i in range(1, k))
            found.append(cancel(expand(source[k] - carried) / (w**k - w)))
        return found
