"""The cavity on a factor graph of binary weights: belief propagation, the Bethe free energy, energy
and entropy, derived from the local Boltzmann weight.

One interaction (a path) of coupling K = beta J multiplies the weight of a configuration by exp(K
sigma), where sigma = ±1 is the product of its p weights. With the p - 1 other weights independent
and of means m_j, the path sends

    nu(w) = sum_{w_1 … w_{p-1}} exp(K sigma(w, w_1, …)) prod_j (1 + m_j w_j)/2,      tanh u = (nu(+) - nu(-)) / (nu(+) + nu(-)),

and a weight that feels the field theta and the biases u_b has the mean tanh(theta + sum_b u_b).
Each factor, vertex and edge of the graph has its partition sum in these means, and ln Z = sum_i ln
Z_i + sum_a ln Z_a - sum_(ia) ln Z_ia is stationary where the messages are consistent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from sympy import QQ, Expr, Integer, Interval, Reals, Symbol, cancel, cosh, exp, log, tanh
from sympy.polys.rings import ring

from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.decimation.decimation import decimate
from neurenorm.theory.decimation.model import ISING, Model, Term
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.typeset.display import Typeset, aligned, tex

__all__ = ["BetheOf", "CavityEquations", "bias_of_field", "cavity_equations"]

PATHS = symbols("active-paths")
BETA, J, K, T_, H, U = PATHS.beta, PATHS.J, PATHS.K, PATHS.t, PATHS.h, PATHS.u
LARGEST_P = 32
OPEN = Interval.open(-1, 1)


def means(p: int) -> tuple[Symbol, ...]:
    """Return the symbols m_1 … m_p of the means that enter a path."""
    return tuple(Symbol(f"m_{k}", real=True) for k in range(1, p + 1))


@dataclass(frozen=True)
class CavityEquations:
    """The equations of one factor graph whose interactions all have p weights.

    Parameters
    ----------
    p : int
        Weights per path.
    means : tuple of Symbol
        m_1 … m_p, the cavity means of the weights of one path.
    message : Expr
        tanh u, the bias that the path sends to one weight, in t = tanh K and the p - 1 other means.
    magnetization : Expr
        Mean of a weight in its total field h = theta + sum_b u_b.
    site : Expr
        ln of the sum over one weight in its total field.
    share : Expr
        What each incoming message adds to ln Z_i beside its bias: the size of nu, in K and u.
    path : Expr
        ln Z_a of one path, in K and the p means.
    edge_count : Expr
        How often ln Z_a is taken off again for the edges: ln Z_ia = ln Z_a, once for each of p
        edges, against once for the path itself.
    energy : Expr
        Energy of one path, in J, beta and the means: minus the derivative of ln Z_a by beta.
    derivation : Derivation
    """

    p: int
    means: tuple[Symbol, ...]
    message: Expr
    magnetization: Expr
    site: Expr
    share: Expr
    path: Expr
    edge_count: Expr
    energy: Expr
    derivation: Derivation = field(default=Derivation(""), compare=False)

    @property
    def linear_gain(self) -> Expr:
        """Derivative of the message by one mean at zero means: the paramagnet is stable where its
        square, times the branching (p - 1) c, is below one.
        """
        return self.message.diff(self.means[0]).subs(dict.fromkeys(self.means, Integer(0)))

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return messages, free energy, energy and entropy as one aligned display."""
        shown = dict(names or PATHS.latex_names())

        def text(expression: Expr) -> str:
            """One expression in the subject's letters."""
            return tex(expression, shown)

        rows = [
            rf"\tanh u_{{a\to i}} &= {text(self.message)}, \qquad t = \tanh \beta J_a",
            rf"m_{{i\to a}} &= {text(self.magnetization)}, \qquad h = \theta_i + \sum_{{b \in "
            rf"\partial i \setminus a}} u_{{b\to i}}",
            rf"\ln Z_i &= {text(self.site)} + \sum_{{b \in \partial i}} "
            rf"\left[{text(self.share)}\right]",
            rf"\ln Z_a &= {text(self.path)}, \qquad K = \beta J_a",
            rf"\ln Z &= \sum_i \ln Z_i - {text(self.edge_count)} \sum_a \ln Z_a",
            rf"E &= \sum_a \left[{text(self.energy)}\right]",
            r"S &= \ln Z + \beta E - \sum_i \theta_i m_i",
            rf"1 &> (p - 1)\, c \left({text(self.linear_gain)}\right)^2 \quad \text{{where }} m "
            rf"\equiv 0 \text{{ is stable}}",
        ]
        return aligned(rows)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.to_latex()}$"


@dataclass(frozen=True)
class BetheOf(Typeset):
    """A stated problem: the Bethe approximation of one instance with given paths, couplings and
    fields.

    Parameters
    ----------
    equations : CavityEquations
    paths : tuple of tuple of int
        The weights of each path.
    """

    equations: CavityEquations
    paths: tuple[tuple[int, ...], ...]

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the equations."""
        return self.equations.to_latex(names)

    @property
    def derivation(self) -> Derivation:
        """The steps that led to the equations."""
        return self.equations.derivation


@exact_arguments
def cavity_equations(p: int) -> CavityEquations:
    """Derive the cavity equations of interactions between p binary weights from their Boltzmann
    weight.

    The sums over the other weights of a path are done exactly, as polynomials in t = tanh K and the
    means; ln Z_a, its edges and the energy follow from them.

    Parameters
    ----------
    p : int
        Weights per path, from 2 to 32.

    Returns
    -------
    CavityEquations

    Raises
    ------
    ValueError
        If p is no integer in this range.

    Examples
    --------
    >>> equations = cavity_equations(3)
    >>> equations.message, equations.edge_count
    (m_1*m_2*t, 2)
    >>> cavity_equations(2).linear_gain, equations.linear_gain
    (t, 0)
    """
    if not isinstance(p, int) or not 2 <= p <= LARGEST_P:
        raise ValueError(
            f"a path has an integer number p of weights between 2 and {LARGEST_P}, got {p!r}"
        )
    return _derived(p)


@lru_cache(maxsize=64)
def _derived(p: int) -> CavityEquations:
    """Derive the equations; the sums are polynomials with rational coefficients."""
    names = means(p)
    nu = {w: _weight_sum(p, w) for w in (1, -1)}
    message = cancel((nu[1] - nu[-1]) / (nu[1] + nu[-1]))
    total = (nu[1] * (1 + names[-1]) / 2 + nu[-1] * (1 - names[-1]) / 2).expand()
    _check_edge(total, _weight_sum(p, None))
    path = log(cosh(K)) + log(total.subs(T_, tanh(K)))
    energy = _energy(total)
    if (nu[1] + nu[-1] - 2).expand() != 0:
        raise ArithmeticError("the two values of nu/cosh K are not 1 + tanh u and 1 - tanh u")
    site, share = (
        log(2 * cosh(H)),
        log(cosh(K)) - log(cosh(U)),
    )  # nu(w) = cosh K (1 + w tanh u) = (cosh K / cosh u) exp(u w)
    steps = _steps(p, nu, message, total, energy)
    return CavityEquations(
        p, names, message, tanh(H), site, share, path, Integer(p) - 1, energy, steps
    )


def _weight_sum(p: int, kept: int | None) -> Expr:
    """Sum (1 + t sigma) prod (1 + m_j w_j)/2 over the weights of a path, one after the other; all p
    of them, or all but a kept one of value ±1.

    This is nu/cosh K, because exp(K sigma) = cosh K (1 + t sigma) for sigma = ±1.
    """
    free = p if kept is None else p - 1
    domain, t, *variables = ring(["t", *(f"m_{k}" for k in range(1, free + 1))], QQ)
    chance = {1: domain.one, -1: domain.zero}  # of the product of the weights summed so far
    if kept == -1:
        chance = {1: domain.zero, -1: domain.one}
    for m in variables:
        chance = {sign: (chance[sign] * (1 + m) + chance[-sign] * (1 - m)) / 2 for sign in (1, -1)}
    return (chance[1] * (1 + t) + chance[-1] * (1 - t)).as_expr(T_, *means(free))


def _check_edge(edge: Expr, path: Expr) -> None:
    """The sum over an edge (message times cavity mean) must be that over the whole path, or the
    Bethe counting is wrong.
    """
    if (edge - path).expand() != 0:
        raise ArithmeticError("the partition sum of an edge differs from that of its path")


def _energy(total: Expr) -> Expr:
    """Return -d/d beta of ln Z_a at fixed means, as a rational function of t: d(ln cosh K)/dK = t
    and dt/dK = 1 - t^2.
    """
    slope = T_ + (1 - T_**2) * total.diff(T_) / total
    return -J * cancel(slope).subs(T_, tanh(BETA * J))


def _steps(p: int, nu: Mapping[int, Expr], message: Expr, total: Expr, energy: Expr) -> Derivation:
    """Record what was done, each as an equality that holds on its domain."""
    inside: dict[Symbol, Any] = dict.fromkeys((T_, *means(p)), OPEN)
    line = {K: Reals}
    rational = energy.subs(tanh(BETA * J), T_)
    slope = -J * (T_ + (1 - T_**2) * total.diff(T_) / total)
    return Derivation(
        f"Cavity equations of paths of {p} weights",
        (
            Step(
                "the Boltzmann weight where the product is +1",
                exp(K),
                cosh(K) * (1 + tanh(K)),
                r"e^{K}",
                line,
            ),
            Step("and where it is -1", exp(-K), cosh(K) * (1 - tanh(K)), r"e^{-K}", line),
            Step(
                "sum over the other weights: the bias of a path",
                (nu[1] - nu[-1]) / (nu[1] + nu[-1]),
                message,
                r"\tanh u",
                inside,
            ),
            Step(
                "an edge has the partition sum of its path",
                nu[1] * (1 + means(p)[-1]) / 2 + nu[-1] * (1 - means(p)[-1]) / 2,
                total,
                r"Z_a/\cosh K",
                inside,
            ),
            Step(
                "nu as a bias and a size: nu/cosh K = 1 + tanh u where w = +1",
                1 + tanh(U),
                exp(U) / cosh(U),
                r"\nu(+)/\cosh K",
                {U: Reals},
            ),
            Step(
                "and 1 - tanh u where w = -1: the size is cosh K/cosh u",
                1 - tanh(U),
                exp(-U) / cosh(U),
                r"\nu(-)/\cosh K",
                {U: Reals},
            ),
            Step(
                "a weight in its total field",
                exp(H) + exp(-H),
                2 * cosh(H),
                r"\sum_w e^{h w}",
                {H: Reals},
            ),
            Step(
                "energy of a path: minus the derivative by beta",
                slope,
                rational,
                r"E_a",
                {**inside, J: Reals},
            ),
        ),
    )


@lru_cache(maxsize=1)
def bias_of_field() -> Expr:
    """Return the bias that a bond of coupling u passes on from a weight in the field h, by summing
    that weight out.

    It is artanh(tanh u tanh h) without its loss of digits, and it combines the fields of a path two
    at a time.

    Examples
    --------
    >>> bias_of_field()
    log(cosh(h + u)/cosh(h - u))/2
    """
    bond = Model(
        {"w": ISING, "v": ISING},
        (Term(U, ("w", "v"), lambda s, t: s * t), Term(H, ("v",), lambda s: s)),
    )
    (bias,) = [value for name, value in decimate(bond, ("w",)).effective.items() if name != "1"]
    return bias
