"""Entropies of the on and off states of rectifying units, in bits.

A unit is on where its pre-activation is positive. Over the data it has a mean (fixed by its
weights) and a spread, and for Gaussian pre-activations it is on with probability Φ(u), where u is
the mean in units of the spread. Its complexity is the entropy of that state, H2(Φ(u)), and over the
units of a random layer u is itself random: Gaussian of deviation r = √(c/(1 - c)) in the wide
limit, where c is the correlation that the kernel recursion carries through the layers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sympy import (
    Expr,
    Function,
    Heaviside,
    Integral,
    Rational,
    S,
    Symbol,
    asin,
    cos,
    exp,
    gamma,
    log,
    oo,
    pi,
    sin,
    sqrt,
)

from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.gaussian.activation import Activation, activation
from neurenorm.theory.gaussian.expectation import (
    GaussianExpectation,
    expectation,
    gaussian_variables,
)
from neurenorm.theory.recursion.recursion import Recursion
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.typeset.display import Typeset, aligned, equation, equations
from neurenorm.theory.wide.limit import WideLimit

__all__ = [
    "BinaryEntropy",
    "DepthLaw",
    "RandomNetwork",
    "StateEntropy",
    "depth_law",
    "first_layer",
    "neuron_profile",
    "on_probability",
    "overlap_moments",
]

SUBJECT = symbols("complexity")
R, M, U, T, C, THETA = SUBJECT.r, SUBJECT.m, SUBJECT.u, SUBJECT.t, SUBJECT.c, SUBJECT.theta
SW2, SB2, C0, D, N, P = SUBJECT.sw2, SUBJECT.sb2, SUBJECT.c0, SUBJECT.d, SUBJECT.n, SUBJECT.p


class BinaryEntropy(Function):
    """H2(p) = -p log2 p - (1 - p) log2(1 - p): the entropy in bits of a state that is on with
    probability p; zero at both ends.

    Examples
    --------
    >>> BinaryEntropy(0), BinaryEntropy(Rational(1, 2)), BinaryEntropy(P).diff(P)
    (0, 1, log((1 - p)/p)/log(2))
    """

    nargs = 1

    def __new__(cls, p: Any, **options: Any) -> Expr:
        """Read the probability."""
        found: Expr = super().__new__(cls, expression_of(p), **options)
        return found

    @classmethod
    @exact_arguments
    def eval(cls, p: Expr) -> Expr | None:
        """Return the values that are rational."""
        if p in (S.Zero, S.One):
            return S.Zero
        return S.One if p == Rational(1, 2) else None

    @exact_arguments
    def fdiff(self, argindex: int = 1) -> Expr:
        """Return the derivative log2((1 - p)/p)."""
        if argindex != 1:
            raise ValueError(f"there is one argument, not {argindex}")
        p = self.args[0]
        return log((1 - p) / p) / log(2)

    def _eval_is_real(self) -> bool:
        return True

    def _eval_rewrite_as_log(self, p: Expr, **hints: Any) -> Expr:
        return -(p * log(p) + (1 - p) * log(1 - p)) / log(2)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        power = f"^{{{exp}}}" if exp else ""
        return rf"H_2{power}\left({printer._print(self.args[0])}\right)"


@exact_arguments
def on_probability(mean: Expr, variance: Expr | int) -> Expr:
    """Return the share of Gaussian pre-activations that are positive: ⟨step(mean + √variance z)⟩
    over z.

    Parameters
    ----------
    mean, variance : sympy.Expr
        Of the pre-activation of one unit over the data.

    Returns
    -------
    sympy.Expr
        Φ(mean/√variance), by the rules of `neurenorm.theory.gaussian.expectation`.

    Examples
    --------
    >>> on_probability(U, 1)
    erf(sqrt(2)*u/2)/2 + 1/2
    """
    (z,) = gaussian_variables(1)
    return expectation(Heaviside(sqrt(variance) * z + mean), z, 1)


@dataclass(frozen=True)
class StateEntropy(Typeset):
    """Mean complexity of a unit: the average of H2(Φ(scale t)) over a density of t.

    Parameters
    ----------
    density : sympy.Expr
        Density of t, at most one; in t and in parameters.
    scale : sympy.Expr
        What multiplies t; zero stands for units without mean, infinity for units that never switch.
    name : str
        Name of the value, in bits.
    derivation : Derivation

    Examples
    --------
    >>> neuron_profile().integrand
    sqrt(2)*exp(-t**2/2)*BinaryEntropy(erf(sqrt(2)*r*t/2)/2 + 1/2)/(2*sqrt(pi))
    """

    density: Expr
    scale: Expr
    name: str = "value"
    derivation: Derivation = field(default=Derivation(""), compare=False)

    @property
    def probability(self) -> Expr:
        """Φ(scale t)."""
        return on_probability(self.scale * T, S.One)

    @property
    def integrand(self) -> Expr:
        """What is integrated over t from -oo to oo."""
        return self.density * BinaryEntropy(self.probability)

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the integral."""
        return aligned(equation(r"\langle H\rangle", self._integral, names))

    @property
    def _integral(self) -> Expr:
        """The integral as it is printed."""
        return Integral(self.integrand, (T, -oo, oo))


def normal_density(t: Expr) -> Expr:
    """Return the density of the standard normal law."""
    return exp(-(t**2) / 2) / sqrt(2 * pi)


def neuron_profile() -> StateEntropy:
    """Return G(r): the mean complexity of units whose mean pre-activation is Gaussian with r times
    the deviation over the data.

    Conditional on its frozen part m a unit sees h = √K (√c m + √(1 - c) ξ) with ξ new for every
    input, so it is on with probability Φ(r m), r = √(c/(1 - c)).

    Returns
    -------
    StateEntropy

    Examples
    --------
    >>> neuron_profile().scale
    r
    """
    (z,) = gaussian_variables(1)
    waiting = GaussianExpectation(Heaviside(z + R * M), z, 1)
    domain = {R: SUBJECT["r"].domain, M: SUBJECT["m"].domain}
    first = Step(
        "average the state over the data", waiting, on_probability(R * M, S.One), "p", domain
    )
    square = overlap_moments()[1]
    second = Step(
        "its square over the units",
        GaussianExpectation(on_probability(R * M, S.One) ** 2, M, 1),
        square,
        r"\langle p^2 \rangle",
        domain,
    )
    return StateEntropy(
        normal_density(T), R, "value", Derivation("a unit with a frozen mean").then(first, second)
    )


def overlap_moments() -> tuple[Expr, Expr]:
    """Return the mean over units of p and of p², in r; with r² = c/(1 - c) the second is 1/4 +
    asin(c)/(2π).

    Examples
    --------
    >>> overlap_moments()
    (1/2, asin(r**2/(r**2 + 1))/(2*pi) + 1/4)
    """
    p = on_probability(R * M, S.One)
    return expectation(p, M, 1), expectation(p**2, M, 1)


def first_layer() -> StateEntropy:
    """Return the complexity of the first layer on isotropic Gaussian inputs of finite dimension d.

    Given the weights w of a unit, its pre-activation has mean b and variance |w|², so u = b/|w|.
    With b = σ_b z and |w|² = σ_w² v, where v d is chi-squared with d degrees of freedom, u is
    σ_b/σ_w times z/√v: the density of z/√v follows by integrating v out, a Gamma integral.

    Returns
    -------
    StateEntropy
        In d, sw2 and sb2.

    Examples
    --------
    >>> first_layer().density.subs(D, 1).equals(1 / (pi * (1 + T**2)))
    True
    """
    spread = (D / 2) ** (D / 2) / gamma(D / 2)
    mixed = spread / sqrt(2 * pi) * gamma_integral((D + 1) / 2, (D + T**2) / 2)
    density = gamma((D + 1) / 2) / (gamma(D / 2) * sqrt(pi * D)) * (1 + T**2 / D) ** (-(D + 1) / 2)
    step = Step(
        "integrate out the length of the weights",
        mixed,
        density,
        "f(t)",
        {D: SUBJECT["d"].domain, T: SUBJECT["t"].domain},
    )
    return StateEntropy(
        density, sqrt(SB2) / sqrt(SW2), "bits", Derivation("finite input dimension").then(step)
    )


def gamma_integral(power: Expr, rate: Expr) -> Expr:
    """Return the integral of v^(power - 1) exp(-rate v) over v > 0."""
    return gamma(power) / rate**power


@dataclass(frozen=True)
class RandomNetwork(Typeset):
    """Complexity against depth in the wide limit: the kernel recursion of two inputs, and the
    profile G at its correlation.

    Parameters
    ----------
    activation : Activation
    depth : int
        Number of layers.
    recursion : Recursion
        Kernel maps of two inputs (K_aa, K_bb, K_ab) from one layer to the next.
    first : Recursion
        The same for the first layer, which acts on the inputs as they are.
    profile : StateEntropy
        G as a function of r.

    Examples
    --------
    >>> RandomNetwork.of("relu", 3).ratio(Rational(1, 2))
    1
    """

    activation: Activation
    depth: int
    recursion: Recursion
    first: Recursion
    profile: StateEntropy

    @classmethod
    def of(cls, name: str, depth: int) -> RandomNetwork:
        """Return the network of an activation, by name or by an expression."""
        return cls(
            activation(name),
            depth,
            WideLimit(activation(name)).kernels,
            WideLimit(activation("linear")).kernels,
            neuron_profile(),
        )

    @staticmethod
    @exact_arguments
    def ratio(correlation: Expr) -> Expr:
        """Return r = √(c/(1 - c))."""
        return sqrt(correlation / (1 - correlation))

    @property
    def closed(self) -> bool:
        """Whether the kernel maps are closed forms, so that values can be proved to any digits."""
        return not any(step.has(GaussianExpectation) for step in self.recursion.step)

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the map of the overlap, the ratio r and the profile."""
        shown = {**symbols("field-theory").latex_names(), **dict(names or {})}
        c = symbols("complexity").c
        rows = equations(
            [
                ("K_{ab}'", self.recursion.step[2]),
                ("r", self.ratio(c)),
                (r"\langle H\rangle", self.profile._integral),
            ],
            shown,
        )
        return aligned([*rows, "c &= K_{ab}/K_{aa}"])

    @property
    def derivation(self) -> Derivation:
        """The steps that led to the profile."""
        return self.profile.derivation


@dataclass(frozen=True)
class DepthLaw:
    """How complexity dies with depth at criticality: l times the bits per unit tends to ``prefactor
    * area``.

    Parameters
    ----------
    closing : sympy.Expr
        The coefficient a in θ' = θ - a θ² for the angle θ = acos c, so that θ tends to 1/(a l).
    prefactor : sympy.Expr
    area : StateEntropy
        The integral of H2(Φ(u)) over u, as a state entropy of density one.
    """

    closing: Expr
    prefactor: Expr
    area: StateEntropy
    derivation: Derivation = field(default=Derivation(""), compare=False)


def depth_law(name: str = "relu") -> DepthLaw:
    """Derive the power law of complexity in depth for a scale-free activation without bias.

    With c = cos θ the correlation map reads cos θ' = 1 - θ²/2 + a θ³ + …, so 1/θ' = 1/θ + a + … and
    θ → 1/(a l). Then r → √2/θ = √2 a l, and for large r the profile is (∫ H2(Φ(u)) du)/(√(2π) r).

    Parameters
    ----------
    name : str
        An activation with φ(cz) = c φ(z) for c > 0 and a kink at zero.

    Returns
    -------
    DepthLaw

    Raises
    ------
    ValueError
        If the activation is not of this kind.

    Examples
    --------
    >>> law = depth_law("relu")
    >>> law.closing, law.prefactor
    (1/(3*pi), 3*sqrt(pi)/2)
    """
    phi = activation(name)
    if phi.slopes is None or phi.slopes[0] == phi.slopes[1]:
        raise ValueError(
            "the power law in depth needs a kink at zero and no other scale, as relu and leaky "
            f"have; {phi.name} is not of this kind"
        )
    mapped, exact = angle_map(phi)
    quadratic, cubic = (mapped.series(THETA, 0, 4).removeO().coeff(THETA, k) for k in (2, 3))
    if quadratic != -Rational(1, 2):
        raise ValueError(
            f"angles do not close marginally under {phi.name}: the coefficient of θ² is "
            f"{quadratic} instead of -1/2"
        )
    step = Step(
        "write the correlation map in the angle",
        exact,
        mapped,
        r"\cos\theta'",
        {THETA: SUBJECT["theta"].domain},
    )
    growth = sqrt(2) * cubic
    return DepthLaw(
        cubic,
        1 / (sqrt(2 * pi) * growth),
        StateEntropy(S.One, S.One),
        Derivation("power law in depth").then(step),
    )


def angle_map(phi: Activation) -> tuple[Expr, Expr]:
    """Return cos θ' as a function of the angle θ at the critical weight variance without bias:
    rewritten for 0 <= θ <= π, and as it comes.
    """
    wide, wide_symbols = WideLimit(phi), symbols("field-theory")
    weight = wide_symbols.K / wide.second_moment
    mapped = wide.correlation_map.subs({wide_symbols.sb2: 0, wide_symbols.sw2: weight}).subs(
        {wide_symbols.K: 1, wide_symbols.c: cos(THETA)}
    )
    return mapped.subs(
        {asin(cos(THETA)): pi / 2 - THETA, sqrt(1 - cos(THETA) ** 2): sin(THETA)}
    ).expand(), mapped
