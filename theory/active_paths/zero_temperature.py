"""Zero temperature: messages are certain or empty, and density evolution becomes an equation for
the fraction of frozen weights.

At t = 1 a path of certain weights sends a certain bias and any other path sends none. With x the
fraction of frozen weights a path bias is certain with probability y(x), and a weight is frozen
unless none of its biases is: x = 1 - G(1 - y) for the generating function G of the degrees. A
weight with n >= 1 certain biases, ln((2^n + 0^n)/2) = (n - 1) ln 2, and a path of frozen weights,
ln 2, give the gap of the Bethe free energy: minus the complexity of the states.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sympy import Add, Expr, Integer, Mul, Symbol, besseli, binomial, cancel, exp, log, oo
from sympy import symbols as sympy_symbols

from neurenorm.theory.active_paths.ensemble import PathEnsemble, path_ensemble
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.cavity.messages import cavity_equations
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.typeset.display import Typeset, aligned, tex

__all__ = [
    "FrozenLayers",
    "FrozenPaths",
    "IntegerGlass",
    "frozen_layers",
    "frozen_paths",
    "integer_glass",
]

PATHS = symbols("active-paths")
C, X, Z, T_, Y = PATHS.c, PATHS.x, PATHS.z, PATHS.t, PATHS.y
RATE, SCALE, DRIVE = (
    Symbol("lambda", positive=True),
    Symbol("s", positive=True),
    Symbol("y", positive=True),
)


@dataclass(frozen=True)
class FrozenPaths(Typeset):
    """A stated problem: thresholds of the frozen phase at zero temperature, of paths drawn
    uniformly.

    Parameters
    ----------
    p : int
    fixed_point : Expr
        Vanishes where x solves the equation of frozen weights at degree c.
    degree : Expr
        The degree at which x is a solution, in x; its smallest value is c_d.
    gap : Expr
        ln Z per weight of the frozen solution above the paramagnet, in units of ln 2, in x and c;
        it vanishes at c_s.
    core_weights, core_paths : Expr
        Fraction of weights with at least two certain biases, and of paths with all weights frozen:
        the 2-core of the factor graph.
    """

    p: int
    fixed_point: Expr
    degree: Expr
    gap: Expr
    core_weights: Expr
    core_paths: Expr
    derivation: Derivation = field(default=Derivation(""), compare=False)

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the degree along the branch and the gap."""
        shown = dict(names or PATHS.latex_names())
        rows = [
            rf"c(x) &= {tex(self.degree, shown)}, \qquad c_d = \min_x c(x)",
            rf"\frac{{\phi - \phi_p}}{{\ln 2}} &= {tex(self.gap, shown)} = 0 \text{{ at }} c_s",
            rf"\text{{2-core: }} & {tex(self.core_weights, shown)} \text{{ of the weights}}, \quad "
            rf"{tex(self.core_paths, shown)} \text{{ of the paths}}",
        ]
        return aligned(rows)


def certain_bias(p: int) -> Expr:
    """Return the probability that a path sends a certain bias, by going through all numbers of
    frozen ones among its other weights.

    Examples
    --------
    >>> certain_bias(4)
    x**3
    """
    equations = cavity_equations(p)
    names = equations.means[: p - 1]
    found = Integer(0)
    for frozen in range(p):
        bias = equations.message.subs(T_, 1).subs(
            {name: int(k < frozen) for k, name in enumerate(names)}
        )
        found += bias * binomial(p - 1, frozen) * X**frozen * (1 - X) ** (p - 1 - frozen)
    return found.expand()


def frozen_paths(p: int) -> FrozenPaths:
    """Derive the zero-temperature equations of paths of p weights.

    Examples
    --------
    >>> frozen_paths(3).degree
    -log(1 - x)/x**2
    """
    ensemble, certain = path_ensemble(p), certain_bias(p)
    free = ensemble.law.generating.subs(Z, 1 - certain)
    fixed_point = 1 - ensemble.law.residual.subs(Z, 1 - certain) - X
    degree = -log(1 - X) / certain
    if (fixed_point.subs(C, degree)).expand() != 0:
        raise ArithmeticError(
            "the degree along the branch does not solve the equation of frozen weights"
        )
    site = ensemble.message_count * certain - 1 + free
    gap = (site - ensemble.path_count * frozen_path_gain(ensemble)).subs(free, 1 - X).expand()
    domain = {X: PATHS["x"].domain, C: PATHS["c"].domain}
    two = Symbol("n", integer=True, positive=True)
    steps = (
        Step(
            "a weight with n certain biases",
            log(2**two / 2),
            (two - 1) * log(2),
            r"\ln \tfrac12(2^n + 0^n)",
            {two: PATHS["p"].domain},
        ),
        Step(
            "one less, on average, unless there is none: <n> - 1 + P(n = 0)",
            site,
            C * certain - 1 + free,
            "",
            domain,
        ),
    )
    one = (certain * ensemble.law.generating.diff(Z)).subs(
        Z, 1 - certain
    )  # the chance of exactly one certain bias
    core = 1 - free - one
    return FrozenPaths(
        p,
        fixed_point,
        degree,
        gap,
        core,
        frozen_path_gain(ensemble).expand(),
        Derivation("Frozen weights at zero temperature", steps),
    )


def frozen_path_gain(ensemble: PathEnsemble) -> Expr:
    """Return the mean path gain at t = 1 in units of ln 2: it is ln 2 where all p weights are
    frozen, else zero.
    """
    values = [ensemble.path_gain.subs({T_: 1, Y: number}) / log(2) for number in (0, 1)]
    return values[0] * (1 - X**ensemble.p) + values[1] * X**ensemble.p


@dataclass(frozen=True)
class LayerBranch:
    """A layer of frozen weights in the number y = a c / x of certain biases that a weight expects.

    Parameters
    ----------
    fraction : Expr
        x = 1 - exp(-y).
    rate : Expr
        a c = y x.
    elasticity : Expr
        d ln x / d ln a.
    """

    fraction: Expr
    rate: Expr
    elasticity: Expr


@dataclass(frozen=True)
class FrozenLayers(Typeset):
    """A stated problem: frozen weights at zero temperature where the layers have degrees of their
    own.

    With the product P of all x_l and a common factor s of the degrees, a = s P turns the coupled
    equations into one equation per layer, x_l = 1 - exp(-a c_l / x_l), and s = a / prod x_l.

    Parameters
    ----------
    degrees : tuple of Expr
        Mean degree c_l of each layer.
    unknowns : tuple of Symbol
        x_1 … x_p.
    equations : tuple of Expr
        Vanish at a solution, in the unknowns and the factor s.
    gap : Expr
        ln Z per path above the paramagnet, in units of ln 2.
    scale : Symbol
        The common factor s of all degrees.
    """

    degrees: tuple[Expr, ...]
    unknowns: tuple[Symbol, ...]
    equations: tuple[Expr, ...]
    gap: Expr
    scale: Symbol = SCALE

    @property
    def branch(self) -> LayerBranch:
        """One layer along the branch, in y = a c_l / x_l: the degrees scale as s = a / prod x_l,
        lowest where the elasticities of all layers add up to one.
        """
        fraction = 1 - exp(-DRIVE)
        rate = DRIVE * fraction
        return LayerBranch(
            fraction, rate, cancel(log(fraction).diff(DRIVE) / log(rate).diff(DRIVE))
        )

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the equations and the gap."""
        rows = [rf"0 &= {tex(equation)}" for equation in self.equations] + [
            rf"\frac{{\phi - \phi_p}}{{\alpha \ln 2}} &= {tex(self.gap)}"
        ]
        return aligned(rows)


@exact_arguments
def frozen_layers(degrees: Sequence[Expr]) -> FrozenLayers:
    """Derive the equations of frozen weights layer by layer; the weights of layer l have the mean
    degree c_l.

    Examples
    --------
    >>> frozen_layers([2, 3]).equations[0]
    -x_1 + 1 - exp(-2*s*x_2)
    """
    numbers = tuple(map(expression_of, degrees))
    if len(numbers) < 2 or any(value.is_number and not 0 < value < oo for value in numbers):
        raise ValueError(
            f"give a positive degree for each of at least two layers, got {list(degrees)}"
        )
    names = sympy_symbols(f"x_1:{len(numbers) + 1}", nonnegative=True)
    rates = [
        SCALE * c * Mul(*(x for x in names if x != own))
        for c, own in zip(numbers, names, strict=True)
    ]
    equations = tuple(1 - exp(-rate) - x for rate, x in zip(rates, names, strict=True))
    sites = Add(
        *((rate - 1 + exp(-rate)) / (SCALE * c) for rate, c in zip(rates, numbers, strict=True))
    )
    return FrozenLayers(numbers, names, equations, sites - (len(numbers) - 1) * Mul(*names))


@dataclass(frozen=True)
class IntegerGlass(Typeset):
    """The replica-symmetric glass at zero temperature with integer fields, in the rate lambda of
    non-zero biases.

    Signs are fair, so a field is the difference of two Poisson numbers (Skellam law). The ansatz is
    unstable against any spread of the fields, and its energy is no bound: it is kept because it is
    closed.

    Parameters
    ----------
    p : int
    overlap : Expr
        Fraction x of non-zero fields.
    degree : Expr
        Degree at which lambda is a solution.
    energy : Expr
        Energy per weight; the paramagnet has -c/p.
    """

    p: int
    overlap: Expr
    degree: Expr
    energy: Expr

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return overlap, degree and energy in the rate lambda."""
        shown = {RATE: r"\lambda", **(names or PATHS.latex_names())}
        return aligned(
            [
                rf"{name} &= {tex(value, shown)}"
                for name, value in (("x", self.overlap), ("c", self.degree), ("e", self.energy))
            ]
        )


@dataclass(frozen=True)
class FrozenRemoval(Typeset):
    """A stated problem: the thresholds of the frozen phase, and the removed fractions that bring
    the degree c0 there.

    Parameters
    ----------
    frozen : FrozenPaths
    removal : Expr
        The removed fraction at which the degree is c, in c and c0.
    c0 : Expr
        Degree before the removal.
    """

    frozen: FrozenPaths
    removal: Expr
    c0: Expr

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the frozen phase and the removal."""
        shown = dict(names or PATHS.latex_names())
        return (
            "\\begin{gathered}\n"
            + self.frozen.to_latex(names)
            + rf" \\ \rho_{{K, d}} = {tex(self.removal, shown)}"
            + "\n\\end{gathered}"
        )

    @property
    def derivation(self) -> Derivation:
        """The steps that led to the frozen phase."""
        return self.frozen.derivation


@exact_arguments
def integer_glass(p: int) -> IntegerGlass:
    """Derive the integer-field glass of paths of p weights.

    The biases are -1, 0 or 1; the site energy is -k + sum |u| - |sum u| and a path of non-zero
    fields costs 0 or 2 with equal probability.

    Examples
    --------
    >>> integer_glass(3).overlap
    1 - exp(-lambda)*besseli(0, lambda)
    """
    overlap = 1 - exp(-RATE) * besseli(0, RATE)
    mean_size = RATE * exp(-RATE) * (besseli(0, RATE) + besseli(1, RATE))
    degree = RATE / certain_bias(p).subs(X, overlap)
    paths = degree / p
    energy = -degree + RATE - mean_size - (p - 1) * paths * (overlap**p - 1)
    return IntegerGlass(p, overlap, degree, energy)
