"""Problems on random couplings, stated for numerics: spin glasses and the Nishimori line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sympy import Reals, Symbol, exp, log, tanh
from sympy import atanh as artanh
from sympy import cosh as cosh_

from neurenorm.graphs.lattices import TwoTerminalCell, diamond
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.typeset.display import Typeset, aligned

__all__ = ["Glass", "NishimoriLine", "glass", "nishimori_line"]

A, B = Symbol("K1", real=True), Symbol("K2", real=True)
DEEPEST = 2


@dataclass(frozen=True)
class Glass(Typeset):
    """The spin glass of symmetric random couplings on a lattice of two bonds in series and 2^(d-1)
    branches.

    Parameters
    ----------
    d : int
    law : str, optional
        ``gauss`` or ``pm`` (both of variance 1), for the transition temperature.
    """

    d: int
    law: str | None

    @property
    def branches(self) -> int:
        """How many branches are in parallel."""
        return int(2 ** (self.d - 1))

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the step of the couplings at zero and at positive temperature."""
        return aligned(
            [
                rf"J' &= \sum_{{i=1}}^{{{self.branches}}} \operatorname{{sign}}(J_i \tilde J_i)"
                r" \min(|J_i|, |\tilde J_i|),\quad E|J'| = 2^\theta E|J|",
                rf"K' &= \sum_{{i=1}}^{{{self.branches}}} \operatorname{{artanh}}"
                r"(\tanh K_i \tanh \tilde K_i)",
                rf"\zeta &= \frac{{{self.d - 1}}}{{2}} - \theta",
            ]
        )

    @property
    def derivation(self) -> Derivation:
        """The size of a pair in series, from sizes only."""
        step = Step(
            "a pair in series",
            artanh(tanh(A) * tanh(B)),
            log(cosh_(A + B) / cosh_(A - B)) / 2,
            "K'",
            {A: Reals, B: Reals},
        )
        return Derivation("random couplings", (step,))


@dataclass(frozen=True)
class NishimoriLine(Typeset):
    """Couplings +-K with tanh K = 2p - 1, K with probability p, on two bonds in series and some
    branches.

    Parameters
    ----------
    cell : TwoTerminalCell
    branches : int
    generation : int
        At which the moments of tanh K are asked for.
    """

    cell: TwoTerminalCell
    branches: int
    generation: int

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the property that every step preserves, and what follows from it."""
        return aligned(
            [r"P(K) &= e^{2K} P(-K)", r"E \tanh^{2k-1} K &= E \tanh^{2k} K,\quad k = 1, 2, \dots"]
        )

    @property
    def derivation(self) -> Derivation:
        """The odds of the sign of a pair in series are again exp(2K')."""
        odds = (1 + exp(2 * A + 2 * B)) / (exp(2 * A) + exp(2 * B))
        step = Step(
            "odds of the sign of a pair in series",
            odds,
            exp(2 * artanh(tanh(A) * tanh(B))),
            "P(K')/P(-K')",
            {A: Reals, B: Reals},
        )
        return Derivation("Nishimori line", (step,))


def glass(d: int = 3, law: str | None = None) -> Glass:
    """State the spin glass in d dimensions."""
    return Glass(d, law)


def nishimori_line(branches: int = 2, generation: int = 1) -> NishimoriLine:
    """State the Nishimori line of couplings +-K."""
    return NishimoriLine(diamond(2, branches), branches, generation)
