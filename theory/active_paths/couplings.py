"""How large the couplings of random paths are: all of size one, or Gaussian.

Only the size is a law of its own; the sign of a coupling is the disorder of the ensemble
(`neurenorm.theory.active_paths.ensemble`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sympy import Abs, Expr, Integer, pi, sqrt

from neurenorm.theory.gaussian.expectation import GaussianExpectation, gaussian_variables

__all__ = ["SIZES", "CouplingSizes", "coupling_sizes", "gaussian_sizes", "unit_sizes"]

(NORMAL,) = gaussian_variables(1)
SIZES = ("signs", "gauss")


@dataclass(frozen=True)
class CouplingSizes:
    """The law of the size |J| of a coupling, as a function of one standard normal number z.

    Parameters
    ----------
    name : str
    size : Expr
        |J| in z; a constant where all sizes are equal. It must be even in z.
    mean : Expr
        Mean size.
    """

    name: str
    size: Expr
    mean: Expr

    def averaged(self, function: Callable[[Expr], Expr]) -> Expr:
        """Return the mean of an even function of J, closed where all sizes are equal and an average
        over z where they are not.

        Examples
        --------
        >>> from sympy import cosh, log
        >>> (
        ...     unit_sizes().averaged(lambda J: log(cosh(J))),
        ...     gaussian_sizes().averaged(lambda J: log(cosh(J))),
        ... )
        (log(cosh(1)), ⟨log(cosh(z))⟩_1)
        """
        plain = self.size.replace(Abs, lambda z: z)  # an even function does not see the sign
        return GaussianExpectation(function(plain), NORMAL, Integer(1))


def unit_sizes() -> CouplingSizes:
    """Return the law of couplings that are signs: |J| = 1.

    Examples
    --------
    >>> unit_sizes().size
    1
    """
    return CouplingSizes("signs", Integer(1), Integer(1))


def gaussian_sizes() -> CouplingSizes:
    """Return the law of standard normal couplings: |J| = |z|.

    Examples
    --------
    >>> gaussian_sizes().size
    Abs(z)
    """
    density_at_zero = 1 / sqrt(2 * pi)
    return CouplingSizes(
        "gauss", Abs(NORMAL), 2 * density_at_zero
    )  # z times the density is minus the derivative of the density


def coupling_sizes(name: str) -> CouplingSizes:
    """Return a law of sizes by its name on the command line.

    Examples
    --------
    >>> coupling_sizes("gauss").name
    'gauss'
    """
    known = {sizes.name: sizes for sizes in (unit_sizes(), gaussian_sizes())}
    if name not in known:
        raise ValueError(f"the couplings are one of {', '.join(known)}, got {name!r}")
    return known[name]
