r"""Tensor renormalization of the Ising model on the square lattice, stated for numerics.

A bond is exp(K s s') = cosh K + s s' sinh K, a sum over its parity a = 0, 1. With W(s, a) equal to
sqrt(cosh K) and s sqrt(sinh K), a site is the tensor T_uldr = sum over s of W(s, u) W(s, l) W(s, d)
W(s, r), and the partition function the contraction of one tensor per site.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Integer, Reals, Symbol, cosh, exp, sinh

from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.typeset.display import Typeset, aligned

__all__ = ["TensorNetwork", "tensor_network"]

K = symbols("lattice").K


@dataclass(frozen=True)
class TensorNetwork(Typeset):
    """The square lattice as a network of tensors, coarse-grained some times.

    Parameters
    ----------
    method : {"trg", "hotrg"}
    chi : int
        Largest number of states on a leg.
    steps : int
        Each doubles the number of sites that a tensor stands for.

    Examples
    --------
    >>> TensorNetwork("trg", 8, 10).chi
    8
    """

    method: str
    chi: int
    steps: int

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the tensor of a site, ln Z per site and the scaling dimensions."""
        return aligned(
            [
                r"T_{uldr} &= \sum_{s = \pm 1} W_{su} W_{sl} W_{sd} W_{sr},"
                r"\quad W_{s0} = \sqrt{\cosh K},\ W_{s1} = s \sqrt{\sinh K}",
                r"\frac{1}{N} \ln Z &= \sum_{m=0}^{n} 2^{-m} \ln |T^{(m)}|"
                r" + 2^{-n} \ln \operatorname{tr} T^{(n)}",
                r"\Delta_k &= \frac{1}{2\pi} \ln \frac{\lambda_0}{\lambda_k},"
                r"\quad M_{ij} = \sum_a T^{(n)}_{aiaj}",
            ]
        )

    @property
    def derivation(self) -> Derivation:
        """The weight of a bond as a sum over its parity."""
        steps = tuple(
            Step(
                f"a bond of {words} spins by parity",
                exp(sign * K),
                cosh(K) + Integer(sign) * sinh(K),
                r"e^{K s s'}",
                {K: Reals},
            )
            for words, sign in (("equal", 1), ("opposite", -1))
        )
        return Derivation("site tensor", steps)


def tensor_network(method: str = "trg", chi: int = 16, steps: int = 16) -> TensorNetwork:
    """State the coarse-graining of the Ising model by tensors."""
    return TensorNetwork(method, chi, steps)
