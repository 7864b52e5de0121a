"""Ensembles of random active paths: what the cavity equations become when paths, couplings and
removals are random.

On a random instance the messages of one kind are equal in law, so the equations of one graph become
equations for a distribution (density evolution): a field is a sum of a random number of biases, a
bias is the combination of p - 1 fields. Here the expressions that enter are derived from
`neurenorm.theory.cavity.messages`; numerics solves for the distribution.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from sympy import Expr, Integer, Mul, Poly, Symbol, cancel, cosh, expand, log, tanh
from sympy import exp as exponential

from neurenorm.graphs.arguments import whole_number
from neurenorm.theory.active_paths.couplings import CouplingSizes, unit_sizes
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.catalogue.problems import Formula
from neurenorm.theory.cavity.messages import CavityEquations, bias_of_field, cavity_equations
from neurenorm.theory.symbols import POSITIVE, symbols
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.typeset.display import Typeset, aligned, tex

__all__ = [
    "DISORDERS",
    "PROTOCOLS",
    "CriticalRemoval",
    "DegreeLaw",
    "PathEnsemble",
    "PolarisedBranch",
    "Thresholds",
    "critical_removal",
    "paramagnet",
    "path_ensemble",
    "poisson_degrees",
    "regular_degrees",
]

PATHS = symbols("active-paths")
T, C, C0, RHO = PATHS.T, PATHS.c, PATHS.c0, PATHS.rho
SMALL_T, K, H, U, Y, Z = PATHS.t, PATHS.K, PATHS.h, PATHS.u, PATHS.y, PATHS.z

DISORDERS = ("glass", "planted", "ferro")
"""Couplings of a path: a fair sign; the sign that a hidden configuration gives it, right with
probability (1 + tanh beta)/2; always +1 (input-tied).
"""

PROTOCOLS = ("weights", "paths")


@dataclass(frozen=True)
class DegreeLaw:
    """How many paths run through a weight.

    Parameters
    ----------
    name : str
    generating : Expr
        Mean of z^k over the weights, in z and the parameter c.
    mean : Expr
        Mean degree.
    """

    name: str
    generating: Expr
    mean: Expr

    @property
    def residual(self) -> Expr:
        """Mean of z^(k - 1) over the ends of paths: the other paths of a weight that one arrives at
        along a path.
        """
        ratio = self.generating.diff(Z) / self.mean
        return cancel(ratio) if self.generating.is_polynomial(Z) else ratio


def poisson_degrees() -> DegreeLaw:
    """Return the law of uniformly drawn paths: k is Poisson of mean c.

    Examples
    --------
    >>> poisson_degrees().residual
    exp(c*(z - 1))
    """
    return DegreeLaw("Poisson", exponential(C * (Z - 1)), C)


@exact_arguments
def regular_degrees(degree: int) -> DegreeLaw:
    """Return the law of exactly ``degree`` paths per weight.

    Examples
    --------
    >>> regular_degrees(4).residual
    z**3
    """
    if not isinstance(degree, int) or degree < 1:
        raise ValueError(f"the degree of a weight is an integer of at least 1, got {degree!r}")
    return DegreeLaw(f"{degree}-regular", Z**degree, Integer(degree))


@dataclass(frozen=True)
class PathEnsemble:
    """The expressions of density evolution.

    The sign of the coupling times the product of the cavity means of a path is y; the gap, ln Z per
    weight above the paramagnet, is

        E site_gain(h) + message_count E message_gain(u) - path_count E path_gain(y).

    Parameters
    ----------
    p : int
        Weights per path.
    disorder : str
        One of `DISORDERS`.
    law : DegreeLaw
    sizes : CouplingSizes
        Law of the size |J| of a coupling; everything below is for one size, with t = tanh(|J|/T).
    coupling_mean : Expr
        Mean of the sign of a coupling (after the gauge that makes a hidden configuration all +1),
        in t.
    bias : Expr
        The bias that a path of coupling u sends when the other weights leave it the field h.
    free_path : Expr
        ln Z of a path whose weights are free, in K = |J|/T.
    site_gain, message_gain, path_gain : Expr
        In the field h, a bias u, and t and y.
    message_count, path_count : Expr
        Per weight, in c.
    path_energy : Expr
        Energy of a path in J (its size), t and y.
    energy_count : Expr
        Paths per weight, in c.
    derivation : Derivation

    Examples
    --------
    >>> path_ensemble(3).path_count, path_ensemble(3).coupling_mean
    (2*c/3, t)
    """

    p: int
    disorder: str
    law: DegreeLaw
    sizes: CouplingSizes
    coupling_mean: Expr
    bias: Expr
    free_path: Expr
    site_gain: Expr
    message_gain: Expr
    path_gain: Expr
    message_count: Expr
    path_count: Expr
    path_energy: Expr
    energy_count: Expr
    derivation: Derivation = field(default=Derivation(""), compare=False)

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the distributional equations."""
        shown = dict(names or PATHS.latex_names())

        def text(expression: Expr) -> str:
            """One expression in the subject's letters."""
            return tex(expression, shown)

        rows = [
            r"h &\overset{d}{=} \sum_{b \le k} u_b, \qquad \langle z^k \rangle = "
            + text(self.law.residual),
            rf"\tanh u &\overset{{d}}{{=}} t\, y, \qquad y = J \prod_{{j<{self.p}}} \tanh h_j, "
            rf"\qquad \langle J \rangle = {text(self.coupling_mean)}",
            rf"\phi - \phi_p &= \left\langle {text(self.site_gain)} \right\rangle"
            rf" + {text(self.message_count)} \left\langle {text(self.message_gain)} \right\rangle"
            rf" - {text(self.path_count)} \left\langle {text(self.path_gain)} \right\rangle_{{y = "
            rf"J \prod_{{j \le {self.p}}} \tanh h_j}}",
            rf"e &= {text(self.energy_count)} \left\langle {text(self.path_energy)} \right\rangle",
        ]
        return aligned(rows)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.to_latex()}$"


def path_ensemble(
    p: int,
    disorder: str = "planted",
    law: DegreeLaw | None = None,
    sizes: CouplingSizes | None = None,
) -> PathEnsemble:
    """Derive the expressions of density evolution from the cavity equations.

    Parameters
    ----------
    p : int
        Weights per path, at least 2.
    disorder : str
        ``glass``, ``planted`` or ``ferro``.
    law : DegreeLaw, optional
        By default Poisson of mean c.
    sizes : CouplingSizes, optional
        Law of |J|; by default all of size one. Sizes stay what they are when signs are planted, so
        that for any sizes the planted ensemble is the glass with one step of replica-symmetry
        breaking at Parisi parameter 1.

    Raises
    ------
    ValueError
        If p or the disorder is not admissible.
    """
    if disorder not in DISORDERS:
        raise ValueError(f"the disorder is one of {', '.join(DISORDERS)}, got {disorder!r}")
    return _derived(
        p,
        disorder,
        law if law is not None else poisson_degrees(),
        sizes if sizes is not None else unit_sizes(),
    )


@lru_cache(maxsize=64)
def _derived(p: int, disorder: str, law: DegreeLaw, sizes: CouplingSizes) -> PathEnsemble:
    """Derive the ensemble; equal arguments give the same object."""
    equations = cavity_equations(p)
    message = _in_product(equations, equations.message, p - 1)
    if message != SMALL_T * Y:
        raise ArithmeticError(f"the message {message} is not t times the product of the means")
    free = equations.path.subs(dict.fromkeys(equations.means, Integer(0)))
    logarithm = _in_product(equations, equations.path - free, p).subs(tanh(K), SMALL_T)
    energy = _in_product(equations, equations.energy, p).subs(tanh(PATHS.beta * PATHS.J), SMALL_T)
    paths = law.mean / p
    means = {"glass": Integer(0), "planted": planted_mean(), "ferro": Integer(1)}
    return PathEnsemble(
        p=p,
        disorder=disorder,
        law=law,
        sizes=sizes,
        coupling_mean=means[disorder],
        bias=bias_of_field(),
        free_path=free,
        site_gain=log_cosh(H),
        message_gain=equations.share - free,
        path_gain=logarithm,
        message_count=law.mean,
        path_count=equations.edge_count * paths,
        path_energy=energy,
        energy_count=paths,
        derivation=equations.derivation.then(*_ensemble_steps()),
    )


def log_cosh(argument: Expr) -> Expr:
    """Return ln cosh of an expression."""
    return log(cosh(argument))


def planted_mean() -> Expr:
    """Return the mean sign of a coupling given a hidden all-plus configuration: its law is
    proportional to exp(beta J).
    """
    plus, minus = 1 + SMALL_T, 1 - SMALL_T  # exp(±K)/cosh K
    return (plus - minus) / (plus + minus)


def _in_product(equations: CavityEquations, expression: Expr, factors: int) -> Expr:
    """Write an expression that depends on its means only through their product in that
    product, y.
    """
    names = equations.means[:factors]
    result = expression.subs(dict.fromkeys(names[1:], Integer(1))).subs(names[0], Y)
    back = Integer(1)
    for name in names:
        back *= name
    if result.subs(Y, back) != expression:
        raise ArithmeticError(f"{expression} is no function of the product of the means")
    return result


def _ensemble_steps() -> tuple[Step, ...]:
    """The step from fields to the combination of two: the same sum as that over one weight."""
    domain = {U: POSITIVE, H: POSITIVE}
    return (
        Step(
            "two fields combine as a bond passes on a field",
            tanh(U) * tanh(H),
            tanh(bias_of_field()),
            r"\tanh(u \boxplus h)",
            domain,
        ),
    )


def _at_temperature(expression: Expr) -> Callable[[Expr], Expr]:
    """Return an expression in K, J and beta as a function of the coupling, at temperature T."""
    return lambda J: expression.subs({K: J / T, PATHS.J: J, PATHS.beta: 1 / T})


@exact_arguments
def paramagnet(p: int, sizes: CouplingSizes | None = None) -> Formula:
    """Derive the paramagnet: all means zero, which always solves the cavity equations.

    Parameters
    ----------
    p : int
        Weights per path.
    sizes : CouplingSizes, optional
        Law of |J|; by default all of size one.

    Returns
    -------
    Formula
        phi (ln Z per weight, nats), energy, entropy (nats) per remaining weight, and c_s0, the
        degree at which the entropy would turn negative.

    Examples
    --------
    >>> paramagnet(3).values["energy"]
    -c*tanh(1/T)/3
    """
    equations = cavity_equations(p)
    law = sizes if sizes is not None else unit_sizes()
    zero: dict[Symbol, Expr] = {
        **dict.fromkeys(equations.means, Integer(0)),
        H: Integer(0),
        U: Integer(0),
    }
    empty = [
        e.subs(zero) for e in (equations.site, equations.share, equations.path, equations.energy)
    ]
    site, share, path, energy = (law.averaged(_at_temperature(e)) for e in empty)
    phi = expand(site + C * share - equations.edge_count * C / p * path, log=False)
    mean_energy = C / p * energy
    entropy = phi + mean_energy / T
    slope = entropy.diff(C)
    crossing = -entropy.subs(C, 0) / slope
    domain = {T: POSITIVE, C: POSITIVE}
    steps = (
        Step(
            "one weight with k paths, k of mean c, less the edges",
            site + C * share - equations.edge_count * C / p * path,
            phi,
            r"\phi",
            domain,
        ),
        Step(
            "entropy: ln Z plus beta times the energy", phi + mean_energy / T, entropy, "s", domain
        ),
    )
    values = {"phi": phi, "energy": mean_energy, "entropy": entropy, "c_s0": crossing}
    return Formula(
        values,
        Derivation(f"The paramagnet of paths of {p} weights", equations.derivation.steps + steps),
    )


THRESHOLD_DEFINITIONS = (
    r"q = \langle \tanh^2 h \rangle, \qquad c_d = \min_{q > 0} c(q) = c(q_d), \qquad \phi(q_K) = "
    r"\phi_p \text{ at } c_K = c(q_K) > c_d"
)


def _gathered(*rows: str) -> str:
    """Displays one below the other."""
    return "\\begin{gathered}\n" + " \\\\\n".join(rows) + "\n\\end{gathered}"


@dataclass(frozen=True)
class PolarisedBranch(Typeset):
    """A stated problem: the polarised solution of density evolution at given T and c, and its free
    energy against the paramagnet.
    """

    ensemble: PathEnsemble

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the distributional equations."""
        return self.ensemble.to_latex(names)

    @property
    def derivation(self) -> Derivation:
        """The steps that led to the equations."""
        return self.ensemble.derivation


@dataclass(frozen=True)
class Thresholds(PolarisedBranch):
    """A stated problem: the degree c_d at which the polarised solution ends, and c_K at which its
    free energy meets that of the paramagnet.

    Along the branch the overlap q = <tanh² h> is the coordinate; q_d and q_K are its values at
    both.
    """

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the distributional equations, and what the thresholds are on their branch."""
        return _gathered(self.ensemble.to_latex(names), THRESHOLD_DEFINITIONS)


@dataclass(frozen=True)
class CriticalRemoval(PolarisedBranch):
    """A stated problem: which removed fraction brings the degree down to the thresholds.

    Parameters
    ----------
    ensemble : PathEnsemble
    degree : Expr
        Degree after removing the fraction rho, in c0 and rho.
    removal : Expr
        The removed fraction at which the degree is c.
    """

    degree: Expr
    removal: Expr

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the degree after a removal, its inverse, and the distributional equations."""
        shown = dict(names or PATHS.latex_names())
        degree = (
            rf"c(\rho) = {tex(self.degree, shown)}, \qquad \rho_{{K, d}} = \left. "
            rf"{tex(self.removal, shown)} \right|_{{c = c_K, c_d}}"
        )
        return _gathered(degree, THRESHOLD_DEFINITIONS, self.ensemble.to_latex(names))


def critical_removal(
    p: int, protocol: str = "weights", ensemble: PathEnsemble | None = None
) -> CriticalRemoval:
    """Derive how removing connections lowers the degree c = p M/N, and invert it.

    Removing weights with probability rho keeps N (1 - rho) weights and those M (1 - rho)^p paths
    all of whose weights are left; removing paths keeps all weights.

    Parameters
    ----------
    p : int
    protocol : {"weights", "paths"}
    ensemble : PathEnsemble, optional
        The couplings; by default planted signs.

    Examples
    --------
    >>> critical_removal(3).degree, critical_removal(3, "paths").removal
    (c0*(1 - rho)**2, -c/c0 + 1)
    """
    p = whole_number(p, "the number p of weights of a path", 1)
    if protocol not in PROTOCOLS:
        raise ValueError(f"the protocol is one of {', '.join(PROTOCOLS)}, got {protocol!r}")
    kept = Symbol("r", positive=True)
    paths, weights = (kept**p, kept) if protocol == "weights" else (kept, Integer(1))
    ratio = paths / weights
    removal = 1 - (C / C0) ** (Integer(1) / Poly(ratio, kept).degree())
    return CriticalRemoval(
        ensemble if ensemble is not None else path_ensemble(p),
        C0 * ratio.subs(kept, 1 - RHO),
        removal,
    )


def layered_removal(p: int) -> tuple[Expr, ...]:
    """Derive the degrees of p layers of degrees c_1 … c_p after weights of layer l were removed
    with probability rho_l.

    A path lives if all its weights do, so M prod (1 - rho_l) paths are left on N_l (1 - rho_l)
    weights.

    Parameters
    ----------
    p : int
        Number of weight layers.

    Returns
    -------
    tuple of Expr
        In c_1 … c_p and rho_1 … rho_p (`layer_symbols`).

    Examples
    --------
    >>> layered_removal(2)
    (c_1*(1 - rho_2), c_2*(1 - rho_1))
    """
    if not isinstance(p, int) or p < 2:
        raise ValueError(f"a path needs at least p = 2 layers, got {p!r}")
    degrees, removed = layer_symbols(p)
    paths = Mul(*(1 - rho for rho in removed))
    return tuple(
        c * cancel(paths / (1 - rho)).factor() for c, rho in zip(degrees, removed, strict=True)
    )


def layer_symbols(p: int) -> tuple[tuple[Symbol, ...], tuple[Symbol, ...]]:
    """The degrees c_1 … c_p and the removed fractions rho_1 … rho_p of p layers."""
    return tuple(Symbol(f"c_{k}", positive=True) for k in range(1, p + 1)), tuple(
        Symbol(f"rho_{k}", nonnegative=True) for k in range(1, p + 1)
    )
