"""The field theory of long waves: a band of a periodic field to second order in the wave number.

With the phases κ_i = k·a_i of the primitive vectors a_i, the band is r + κᵀZκ + O(κ⁴), and with the
Gram matrix G_ij = a_i·a_j

    decay over one cell vector n:      √(r nᵀZ⁻¹n),
    correlation length along n:        ξ = |n| / √(r nᵀZ⁻¹n),        |n|² = nᵀG n,
    isotropic:                         Z = c G⁻¹,    m = √(r/c) in every direction.

Decays need no metric; lengths and isotropy do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sympy import (
    Expr,
    ImmutableDenseMatrix,
    Matrix,
    Rational,
    Symbol,
    cancel,
    exp,
    factor,
    oo,
    sqrt,
)

from neurenorm.graphs.periodic.metric import Metric, NoMetric
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.typeset.display import Typeset, tex

__all__ = ["EffectiveTheory"]


@dataclass(frozen=True)
class EffectiveTheory(Typeset):
    """The field theory of long waves, S = ½ Σ_k φ_k* [r + κᵀZκ] φ_k with κ_i = k·a_i.

    Parameters
    ----------
    restoring : sympy.Expr
        r, the band at k = 0.
    stiffness : d x d matrix
        Z, half the second derivatives of the band at k = 0, per cell.
    metric : Metric, optional
        Scalar products of the primitive vectors.  Without one, a theory of one dimension counts
        lengths in cells, and one of more dimensions refuses to tell lengths.

    Examples
    --------
    >>> chain = EffectiveTheory(Rational(1, 25), ImmutableDenseMatrix([[Rational(4, 5)]]))
    >>> chain.mass, chain.correlation_length
    (sqrt(5)/10, 2*sqrt(5))
    """

    restoring: Expr
    stiffness: ImmutableDenseMatrix
    metric: Metric | None = None

    @property
    def dimension(self) -> int:
        """Number of directions."""
        return int(self.stiffness.rows)

    def _gram(self, what: str) -> ImmutableDenseMatrix:
        """Scalar products of the primitive vectors; cells are the unit in one dimension without a
        metric.
        """
        if self.metric is None and self.dimension == 1:
            return ImmutableDenseMatrix([[1]])
        if self.metric is None:
            raise NoMetric(what)
        size = range(self.dimension)
        return ImmutableDenseMatrix(
            [
                [
                    Rational(x.numerator, x.denominator)
                    for x in self.metric.gram[i][: self.dimension]
                ]
                for i in size
            ]
        )

    @property
    def isotropic(self) -> Expr | None:
        """The stiffness c of every direction in the metric's unit, Z = c G⁻¹; None where directions
        differ.

        Raises
        ------
        NoMetric
            In more than one dimension without a metric.
        """
        turned = (self.stiffness * self._gram("isotropy")).applyfunc(cancel)
        rest = turned - turned[0, 0] * Matrix.eye(self.dimension)
        return factor(turned[0, 0]) if rest.applyfunc(cancel).is_zero_matrix else None

    @property
    def mass(self) -> Expr:
        """m = √(r/c) of an isotropic theory.

        Raises
        ------
        NoMetric
            In more than one dimension without a metric.
        ValueError
            If directions differ, or the uniform mode is not stable.
        """
        stiffness = self.isotropic
        if stiffness is None:
            raise ValueError(
                "the mass depends on the direction: use correlation_length_along(direction) or "
                "decay(direction)"
            )
        self._check(stiffness)
        return sqrt(factor(self.restoring / stiffness))

    @property
    def correlation_length(self) -> Expr:
        """ξ = 1/m of an isotropic theory, in the metric's unit (in cells, without a metric in one
        dimension); infinite at r = 0.
        """
        mass = self.mass
        return oo if mass == 0 else 1 / mass

    def decay(self, direction: Sequence[Any]) -> Expr:
        """Return √(r nᵀZ⁻¹n): what correlations lose over the cell vector n, as a power of 1/e.

        Parameters
        ----------
        direction : sequence of d numbers
            n in primitive vectors.

        Raises
        ------
        ValueError
            If n is zero or has another dimension, or the uniform mode is not stable.

        Examples
        --------
        >>> from neurenorm.graphs.lattices import triangular
        >>> from neurenorm.theory.field.gaussian_field import GaussianField
        >>> field = GaussianField(triangular(), 6 + Rational(1, 100), -1)
        >>> field.effective_theory.decay((1, 0)), field.effective_theory.decay((1, 1))
        (sqrt(6)/30, sqrt(2)/10)
        """
        n = Matrix([expression_of(x) for x in direction])
        if n.rows != self.dimension or n.is_zero_matrix:
            raise ValueError(
                f"a direction is a cell vector of {self.dimension} numbers, not all zero, not "
                f"{tuple(direction)!r}"
            )
        softness = cancel((n.T * self.stiffness.inv() * n)[0, 0])
        self._check(softness)
        return sqrt(factor(self.restoring * softness))

    def correlation_length_along(self, direction: Sequence[Any]) -> Expr:
        """Return ξ = |n|/√(r nᵀZ⁻¹n) along a cell vector n, in the metric's unit; infinite at r =
        0.

        Parameters
        ----------
        direction : sequence of d numbers
            n in primitive vectors.

        Raises
        ------
        NoMetric
            In more than one dimension without a metric.
        ValueError
            As `decay`.

        Examples
        --------
        >>> from neurenorm.graphs.lattices import triangular
        >>> from neurenorm.theory.field.gaussian_field import GaussianField
        >>> theory = GaussianField(triangular(), 6 + Rational(1, 100), -1).effective_theory
        >>> [theory.correlation_length_along(n) for n in ((1, 0), (1, 1), (2, -1))]
        [5*sqrt(6), 5*sqrt(6), 5*sqrt(6)]
        """
        n, gram = Matrix([expression_of(x) for x in direction]), self._gram("a correlation length")
        decay = self.decay(direction)
        return oo if decay == 0 else sqrt((n.T * gram * n)[0, 0]) / decay

    def _check(self, stiffness: Expr) -> None:
        """Refuse a mode that is not the minimum of the band."""
        if self.restoring.is_negative or stiffness.is_nonpositive:
            raise ValueError(
                f"long waves are not the softest: the band at k = 0 is {self.restoring} with "
                f"stiffness {stiffness}, "
                "and neither may be negative; expand about the wave number of the minimum"
            )

    @exact_arguments
    def symbol(self, k: Sequence[Expr]) -> Expr:
        """Return r + Z_ij κ_i κ_j, the phases κ_i = k·a_i given."""
        vector = Matrix(list(k))
        return self.restoring + (vector.T * self.stiffness * vector)[0, 0]

    @exact_arguments
    def propagator(self, distance: Expr) -> Expr:
        """Return G(x) = e^(-m|x|)/(2 √(r Z)) in one dimension, x in cells.

        Raises
        ------
        ValueError
            In more dimensions, where G is not elementary, and for a massless theory, where it
            diverges.
        """
        if self.dimension != 1:
            raise ValueError(
                "the propagator of the continuum is elementary in one dimension only; use symbol(k)"
            )
        if self.restoring == 0:
            raise ValueError(
                "a massless field has no propagator in one dimension: its variance diverges"
            )
        return exp(-self.decay((1,)) * abs(distance)) / (
            2 * sqrt(factor(self.restoring * self.stiffness[0, 0]))
        )

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the action, in the metric's unit where the theory is isotropic, else in cells."""
        shown = dict(names or {})
        mass = rf"{tex(self.restoring, shown)} \phi^2"
        if self.dimension == 1:
            return (
                rf"S = \frac{{1}}{{2}} \int dx \left[ {tex(self.stiffness[0, 0], shown)} "
                rf"(\partial\phi)^2 + {mass} \right]"
            )
        stiffness = self.isotropic if self.metric is not None else None
        if stiffness is None:
            gradient = rf"\nabla\phi^{{\mathsf{{T}}}} {tex(self.stiffness, shown)} \nabla\phi"
            return (
                rf"S = \frac{{1}}{{2}} \int d^{{{self.dimension}}}x \left[ {gradient} + {mass} "
                r"\right]"
            )
        assert self.metric is not None
        squared = self.metric.squared_volume(self.dimension)
        volume = sqrt(Rational(squared.numerator, squared.denominator))
        front = rf"\frac{{1}}{{{tex(2 * volume, shown)}}}"
        return (
            rf"S = {front} \int d^{{{self.dimension}}}x \left[ {tex(stiffness, shown)} "
            rf"(\nabla\phi)^2 + {mass} \right]"
        )
