"""Effective dimension of random representations: the exponential of the entropy of the normalised
spectrum of their covariance.

For a spectrum of n eigenvalues of mean one and law ρ the effective dimension is n exp(-⟨x ln x⟩),
and ⟨x ln x⟩ is the derivative of the moment ⟨x^s⟩ at s = 1. So it follows from the moments once
they are known for every integer and continued in s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sympy import (
    Add,
    Expr,
    Integer,
    Interval,
    Max,
    Min,
    Piecewise,
    Poly,
    Range,
    S,
    Symbol,
    binomial,
    cos,
    diff,
    exp,
    gamma,
    hyper,
    log,
    oo,
    pi,
    polygamma,
    rf,
    sin,
    sqrt,
)

from neurenorm.graphs.arguments import whole_number
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.catalogue.problems import Expansion, Formula
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.gaussian.expectation import GaussianExpectation, expectation
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.typeset.display import Typeset, aligned, equations, tex
from neurenorm.theory.wide.limit import WideLimit

__all__ = [
    "LayerSpectrum",
    "SphereKernel",
    "layer_spectrum",
    "linear_dimension",
    "linear_moment",
    "sphere_kernel",
    "white_dimension",
    "white_moment",
]

SUBJECT = symbols("complexity")
N, SAMPLES, DEPTH, RATIO, ORDER, C, THETA = (
    SUBJECT.n,
    SUBJECT.samples,
    SUBJECT.depth,
    SUBJECT.ratio,
    SUBJECT.s,
    SUBJECT.c,
    SUBJECT.theta,
)
CHECKED_ORDERS = 5


def lagrange_moment(order: int, free_product: Expr, variable: Symbol) -> Expr:
    """Return the moment of a law whose S-transform is 1/free_product(w): the coefficient (1/k)
    [w^(k-1)] ((1 + w) free_product(w))^k.

    The moment series inverts w/((1 + w) free_product(w)), and Lagrange's formula inverts it term by
    term.

    Examples
    --------
    >>> w = Symbol("w")
    >>> [lagrange_moment(k, 1 + w, w) for k in (1, 2, 3)]
    [1, 2, 5]
    """
    series = Poly(((1 + variable) * free_product) ** order, variable)
    return series.coeff_monomial(variable ** (order - 1)) / order


def white_moment() -> Expr:
    """Return the moments of the Marchenko-Pastur law of ratio y <= 1 and mean one, continued in the
    order s: 2F1(1 - s, -s; 2; y).

    A sample covariance has the S-transform 1/(1 + y w). Its integer moments are (1/k) Σ_j C(k, j)
    C(k, j + 1) y^j, which are compared with Lagrange's.

    Examples
    --------
    >>> white_moment()
    hyper((-s, 1 - s), (2,), ratio)
    """
    w = Symbol("w")
    for order in range(1, CHECKED_ORDERS):
        narayana = (
            sum(
                (binomial(order, j) * binomial(order, j + 1) * RATIO**j for j in range(order)),
                start=S.Zero,
            )
            / order
        )
        hypergeometric = sum(
            (series_term(j).subs(ORDER, order) for j in range(order)), start=S.Zero
        )
        exact = lagrange_moment(order, 1 + RATIO * w, w)
        if (exact - narayana).expand() != 0 or (exact - hypergeometric).expand() != 0:
            raise ArithmeticError(
                f"moment {order} of a sample covariance is {exact}, not {narayana}"
            )
    return hyper((1 - ORDER, -ORDER), (2,), RATIO)


def series_term(j: int) -> Expr:
    """Return term j of 2F1(1 - s, -s; 2; y)."""
    return rf(1 - ORDER, j) * rf(-ORDER, j) / (rf(2, j) * rf(1, j)) * RATIO**j


def white_entropy() -> Expr:
    """Return ⟨x ln x⟩ of the Marchenko-Pastur law: only the term j = 1 has a simple zero at s = 1,
    all later ones have a double zero.

    Examples
    --------
    >>> white_entropy()
    ratio/2
    """
    slopes = [diff(series_term(j), ORDER).subs(ORDER, 1) for j in range(CHECKED_ORDERS)]
    if any(slope != 0 for slope in slopes[2:]):
        raise ArithmeticError(
            "a term beyond the first contributes to the entropy of a sample covariance"
        )
    return sum(slopes, start=S.Zero)


def wishart_moment(order: int) -> Expr:
    """Return the mean of tr (X Xᵀ)^k for an n x M matrix X of independent standard normal entries,
    a polynomial in n and M.

    Wick's theorem pairs the 2k factors of X; every pairing identifies indices, and each free one
    gives a factor n (rows) or M (columns).

    Examples
    --------
    >>> wishart_moment(2).factor()
    n*ratio*(n + ratio + 1)
    """
    rows = [(i + 1) // 2 % order for i in range(2 * order)]
    columns = [i // 2 for i in range(2 * order)]
    pairings = _pairings(tuple(range(2 * order)))
    return Add(
        *(
            N ** _free_indices(rows, pairs) * RATIO ** _free_indices(columns, pairs)
            for pairs in pairings
        )
    )


def _pairings(items: tuple[int, ...]) -> list[tuple[tuple[int, int], ...]]:
    """All ways to pair items."""
    if not items:
        return [()]
    first, rest = items[0], items[1:]
    return [
        ((first, other), *pairs)
        for i, other in enumerate(rest)
        for pairs in _pairings(rest[:i] + rest[i + 1 :])
    ]


def _free_indices(labels: list[int], pairs: tuple[tuple[int, int], ...]) -> int:
    """How many indices stay independent when paired factors share theirs."""
    merged = {label: label for label in labels}
    for first, second in pairs:
        old, new = merged[labels[first]], merged[labels[second]]
        merged = {label: new if root == old else root for label, root in merged.items()}
    return len(set(merged.values()))


def white_correction() -> Expr:
    """Return the part of order one of the mean of tr (W ln W), W a sample covariance of M samples
    of n <= M units, beside the leading n ⟨x ln x⟩.

    The moments of that order are those of half the point masses at both edges (1 - √y)² and (1 +
    √y)² minus half the law of x = 1 + y + 2 √y cos(angle) at an even angle, (1/2) Σ_j (C(2k, 2j) -
    C(k, j)²) y^j for every integer k (compared with Wick's theorem). Continued in the order, the
    sum of the squares is 2F1(-s, -s; 1; y), of which only the term j = 1 has a slope at s = 1.

    Examples
    --------
    >>> white_correction().subs(RATIO, 1)
    -1 + 2*log(2)
    """
    for order in range(1, CHECKED_ORDERS):
        edges = (
            sum((binomial(2 * order, 2 * j) * RATIO**j for j in range(order + 1)), start=S.Zero) / 2
        )
        bulk = sum((binomial(order, j) ** 2 * RATIO**j for j in range(order + 1)), start=S.Zero) / 2
        exact = (wishart_moment(order).subs(RATIO, N / RATIO) * (RATIO / N) ** order).expand()
        if (exact.coeff(N, 0) - edges + bulk).expand() != 0:
            raise ArithmeticError(
                f"moment {order} of a sample covariance has the part {exact.coeff(N, 0)} of order "
                f"one, not {edges - bulk}"
            )
    root = sqrt(RATIO)
    lower = Piecewise(((1 - root) ** 2 * log(1 - root), RATIO < 1), (0, True))
    bulk_slope = diff((rf(-ORDER, 1) / rf(1, 1)) ** 2 * RATIO, ORDER).subs(ORDER, 1) / 2
    return (lower + (1 + root) ** 2 * log(1 + root)) / 2 - bulk_slope


def white_dimension() -> Expansion:
    """Return the mean effective dimension and participation ratio of white data: n units, M =
    samples - 1 degrees of freedom, to the first two orders.

    The covariance has k = min(n, M) non-zero eigenvalues of Marchenko-Pastur law with ratio y =
    k/max(n, M). Its trace is independent of the normalised spectrum and chi-squared with n M
    degrees of freedom, so the mean entropy is ψ(nM/2 + 1) + ln(2/max) minus the mean of tr(W ln
    W)/k; the difference of the first two is ln k + 1/(nM) to this order. The participation ratio is
    1/⟨Σ p²⟩, with ⟨Σ p²⟩ = (n + M + 1)/(nM + 2) exactly. What is left out is of relative order
    1/(nM), so at most about 1/max(n, M); one eigenvalue leaves nothing out.

    Returns
    -------
    Expansion
        ``effective_dimension`` and ``participation_ratio``.

    Examples
    --------
    >>> white_dimension().values["effective_dimension"].subs({N: 400, SAMPLES: 2000}).evalf(5)
    361.83
    >>> white_dimension().values["effective_dimension"].subs({N: 1, SAMPLES: 2})
    1
    """
    white_moment()
    freedom = SAMPLES - 1
    small, large = Min(N, freedom), Max(N, freedom)
    entropy = (
        log(small)
        + 1 / (N * freedom)
        - white_entropy().subs(RATIO, small / large)
        - white_correction().subs(RATIO, small / large) / small
    )
    second = wishart_moment(2) / (N * RATIO * (N * RATIO + 2))
    values = {
        "effective_dimension": Min(small, exp(entropy)),
        "participation_ratio": (1 / second).cancel().subs(RATIO, freedom),
    }
    left_out = Min(1 / large, small - 1)
    leading = sum((series_term(j).subs(ORDER, 2) for j in range(3)), start=S.Zero)
    step = Step(
        "second moment of the spectrum",
        lagrange_moment(2, 1 + RATIO * C, C),
        leading,
        r"\langle x^2 \rangle",
        {RATIO: SUBJECT["ratio"].domain},
    )
    return Expansion(
        values, Derivation("spectrum of white data").then(step), dict.fromkeys(values, left_out)
    )


def linear_moment() -> Expr:
    """Return the moments of the spectrum of L square Gaussian layers, continued in the order s:
    Fuss-Catalan numbers C((L + 1)s, s)/(L s + 1).

    Every layer multiplies the S-transform by 1/(1 + w); the integer moments are compared with
    Lagrange's for L up to 4.

    Examples
    --------
    >>> linear_moment().subs({ORDER: 2, DEPTH: 1})
    2
    """
    w = Symbol("w")
    moment = gamma((DEPTH + 1) * ORDER + 1) / (gamma(ORDER + 1) * gamma(DEPTH * ORDER + 2))
    for layers in range(1, CHECKED_ORDERS):
        for order in range(1, CHECKED_ORDERS):
            if moment.subs({DEPTH: layers, ORDER: order}) != lagrange_moment(
                order, (1 + w) ** layers, w
            ):
                raise ArithmeticError(
                    f"moment {order} of {layers} Gaussian layers is not the Fuss-Catalan number"
                )
    return moment


def linear_dimension() -> Formula:
    """Return the effective dimension per unit of L square Gaussian layers on white data: exp(ψ(2) -
    ψ(L + 2)), a harmonic number in the exponent.

    Returns
    -------
    Formula
        ``fraction``.

    Examples
    --------
    >>> linear_dimension().values["fraction"].subs(DEPTH, 2).evalf(6)
    0.434598
    """
    moment, w = linear_moment(), Symbol("w")
    entropy = moment.diff(ORDER).subs(ORDER, 1)
    slope = (entropy / moment.subs(ORDER, 1)).expand()
    depths = {DEPTH: SUBJECT["depth"].domain}
    second = Step(
        "second moment, by Lagrange's formula",
        diff((1 + w) ** (2 * DEPTH + 2), w).subs(w, 0) / 2,
        moment.subs(ORDER, 2),
        r"\langle x^2 \rangle",
        depths,
    )
    average = Step(
        "slope of the moments at order one",
        diff(moment, ORDER).subs(ORDER, 1),
        polygamma(0, DEPTH + 2) - polygamma(0, 2),
        r"\langle x \ln x \rangle",
        depths,
    )
    derivation = Derivation("products of Gaussian matrices").then(second, average)
    return Formula({"fraction": exp(-slope)}, derivation)


@dataclass(frozen=True)
class LayerSpectrum(Typeset):
    """Spectrum of one random layer of n units on d white inputs: slope² x + floor, with x of
    Marchenko-Pastur law of ratio n/d and mean one.

    Parameters
    ----------
    slope2 : sympy.Expr
        ⟨φ'⟩²: the part of the covariance that is linear in the overlap of two units.
    floor : sympy.Expr
        The rest of the variance ⟨φ²⟩ - ⟨φ⟩², which is diagonal.

    Examples
    --------
    >>> layer_spectrum("relu").participation.subs(RATIO, 1).evalf(6)
    0.650204
    """

    slope2: Expr
    floor: Expr
    derivation: Derivation = field(default=Derivation(""), compare=False)

    @property
    def mean(self) -> Expr:
        """Mean eigenvalue: the variance of a unit."""
        return self.slope2 + self.floor

    @property
    def participation(self) -> Expr:
        """Participation ratio over n: ⟨λ⟩²/⟨λ²⟩, with ⟨x²⟩ = 1 + n/d."""
        second = self.slope2**2 * (1 + RATIO) + 2 * self.slope2 * self.floor + self.floor**2
        return self.mean**2 / second

    @property
    def fraction(self) -> Expr:
        """Effective dimension over n, exp(-⟨λ ln λ⟩) in units of the mean, for every ratio y = n/d.

        With x = 1 + y + 2 √y cos(angle) an eigenvalue is A (1 + q² + 2 q cos(angle)), whose
        logarithm is ln A + 2 Σ_k (-1)^(k + 1) q^k cos(k angle)/k. The density of the angle has
        Fourier coefficients that are geometric (see `steps`), so the average sums to a logarithm,
        and what y > 1 leaves at λ = floor joins it.
        """
        slope, floor = self.slope2 / self.mean, self.floor / self.mean
        scale, _ = self.factor
        beyond = (1 - slope * RATIO / scale) ** (floor / RATIO - floor) if floor != 0 else S.One
        return exp(floor * slope / scale - slope**3 * RATIO / (2 * scale**2)) * beyond / scale

    @property
    def factor(self) -> tuple[Expr, Expr]:
        """A and q of an eigenvalue in units of the mean, A (1 + q² + 2 q cos(angle)), with q below
        one.
        """
        slope, floor = self.slope2 / self.mean, self.floor / self.mean
        total = slope * (1 + RATIO) + floor
        scale = (total + sqrt(total**2 - 4 * slope**2 * RATIO)) / 2
        return scale, slope * sqrt(RATIO) / scale

    @exact_arguments
    def eigenvalue(self, x: Expr) -> Expr:
        """Return an eigenvalue in units of the mean."""
        return (self.slope2 * x + self.floor) / self.mean

    @exact_arguments
    def angular(self, angle: Expr) -> tuple[Expr, Expr]:
        """Return x and the density of the angle, x = 1 + y + 2 √y cos(angle) on (0, π)."""
        x = 1 + RATIO + 2 * sqrt(RATIO) * cos(angle)
        return x, 2 * sin(angle) ** 2 / (pi * x)

    def steps(self) -> tuple[Step, Step]:
        """Return the two identities behind `fraction`: an eigenvalue as a square modulus, and the
        Fourier series of the density, a geometric one summed up.
        """
        (x, density), (scale, q), root = self.angular(THETA), self.factor, sqrt(RATIO)
        domain = {RATIO: SUBJECT["ratio"].domain, THETA: SUBJECT["theta"].domain}
        modulus = Step(
            "write an eigenvalue as a square modulus",
            self.eigenvalue(x),
            scale * (1 + q**2 + 2 * q * cos(THETA)),
            r"\lambda",
            domain,
        )
        summed = (
            1 - root * cos(THETA) - (1 - RATIO) * (cos(2 * THETA) + root * cos(THETA)) / x
        ) / pi
        return modulus, Step(
            "sum the Fourier series of the density", density, summed, r"\rho(\theta)", domain
        )

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the law of an eigenvalue and the two fractions."""
        shown = dict(names or {})
        x = SUBJECT.x
        rows = [
            rf"\lambda &= {tex(self.eigenvalue(x), shown)}, \quad x \sim "
            rf"\text{{Marchenko-Pastur}}({tex(RATIO, shown)})"
        ]
        rows.append(r"D_{\mathrm{eff}}/n &= \exp\left(-\langle \lambda \ln \lambda \rangle\right)")
        sides = [("=", self.fraction), (r"D_{\mathrm{pr}}/n", self.participation)]
        rows += equations(sides, shown)
        return aligned(rows)


def layer_spectrum(name: str = "relu") -> LayerSpectrum:
    """Return the spectrum of one random layer on white Gaussian inputs, units and inputs many at a
    fixed ratio.

    Two units whose weights have the overlap c = O(1/√d) have the covariance ⟨φ_a φ_b⟩ - ⟨φ⟩² =
    ⟨φ'⟩² c + O(c²); the quadratic part only shifts the largest eigenvalue. So the covariance is
    ⟨φ'⟩² W Wᵀ plus what the variance has beyond it, on the diagonal.

    Parameters
    ----------
    name : str
        Activation.

    Examples
    --------
    >>> layer_spectrum("relu").slope2, layer_spectrum("relu").floor
    (1/4, 1/4 - 1/(2*pi))
    """
    phi = activation(name)
    z = phi.variable
    mean, second, slope = (
        expectation(f, z, 1) for f in (phi.expression, phi.expression**2, phi.derivative())
    )
    wide, field_symbols = WideLimit(phi), symbols("field-theory")
    at_unit = {field_symbols.Kaa: 1, field_symbols.Kbb: 1}
    linear = wide.overlap.diff(field_symbols.Kab).subs(at_unit).subs(field_symbols.Kab, 0)
    step = Step(
        "linear part of the overlap of two units", linear, slope**2, r"\langle \varphi' \rangle^2"
    )
    spectrum = LayerSpectrum(slope**2, second - mean**2 - slope**2)
    return replace(
        spectrum, derivation=Derivation("one random layer").then(step, *spectrum.steps())
    )


@dataclass(frozen=True)
class SphereKernel(Typeset):
    """Kernel of a deep random network on the unit sphere in d dimensions: the correlation map
    composed with itself.

    In Gegenbauer degrees k it has the weights a_k >= 0 (sum one), each shared by the N(d, k)
    harmonics of that degree. Centring removes k = 0; with f_k = a_k/(1 - a_0) the effective
    dimension is exp(-Σ f_k ln(f_k/N(d, k))).

    Parameters
    ----------
    map : sympy.Expr
        c' as a function of c, for one layer.
    depth : int
    """

    map: Expr
    depth: int
    derivation: Derivation = field(default=Derivation(""), compare=False)

    @exact_arguments
    def multiplicity(self, dimension: Expr, degree: Expr) -> Expr:
        """Return N(d, k) = (2k + d - 2) (k + d - 3)!/(k! (d - 2)!), for k >= 1.

        Examples
        --------
        >>> sphere_kernel(1).multiplicity(Integer(3), Integer(2))
        5
        """
        for number in (dimension, degree):
            if number.is_Integer:
                whole_number(number, "dimension and degree", 0, 10**4)
        if dimension == 2:
            return Integer(2)
        return (
            (2 * degree + dimension - 2)
            * gamma(degree + dimension - 2)
            / (gamma(degree + 1) * gamma(dimension - 1))
        )

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the map and the effective dimension."""
        rows = [rf"c' &= {tex(self.map, names)}"]
        rows.append(
            r"D_{\mathrm{eff}} &= \exp\Big(-\sum_{k \ge 1} f_k \ln \frac{f_k}{N(d, "
            r"k)}\Big)"
        )
        rows.append(r"f_k &= a_k/(1 - a_0), \quad k_L(c) = \sum_k a_k P_k(c)")
        return aligned(rows)


def sphere_kernel(depth: int = 1, name: str = "relu") -> SphereKernel:
    """Return the kernel of a random network without bias on the sphere, normalised to one on the
    diagonal.

    Parameters
    ----------
    depth : int
        Number of layers.
    name : str
        Activation with φ(cz) = c φ(z) for c > 0, so that lengths drop out.

    Raises
    ------
    ValueError
        If the activation has a scale, so that the kernel depends on the weight variance.

    Examples
    --------
    >>> sphere_kernel(1).map.subs(C, 0)
    1/pi
    """
    phi = activation(name)
    if phi.slopes is None:
        raise ValueError(
            "the normalised kernel on the sphere depends on the weight variance unless phi(cz) = "
            f"c phi(z); {phi.name} has a scale"
        )
    wide, field_symbols = WideLimit(phi), symbols("field-theory")
    weight = field_symbols.K / wide.second_moment
    unit = {field_symbols.K: 1, field_symbols.Kaa: 1, field_symbols.Kbb: 1}
    mapped = wide.correlation_map.subs({field_symbols.sb2: 0, field_symbols.sw2: weight}).subs(
        {field_symbols.K: 1, field_symbols.c: C}
    )
    z, slope = phi.variable, (weight * wide.slope_overlap).subs(unit).subs(field_symbols.Kab, C)
    one, square = (GaussianExpectation(phi.expression**power, z, 1) for power in (1, 2))
    along = {C: Interval.open(-1, 1)}
    steps = (
        Step("inputs at a right angle", one**2 / square, mapped.subs(C, 0), "c'(0)"),
        Step("an input and itself", mapped.subs(C, 1), Integer(1), "c'(1)"),
        Step(
            "slope, by Price's theorem", diff(mapped, C), slope, r"\partial c' / \partial c", along
        ),
        _harmonics(),
    )
    return SphereKernel(mapped, depth, Derivation("kernel on the sphere", steps))


def _harmonics() -> Step:
    """The harmonics of one degree, as polynomials without those that |x|² divides."""
    degree, dimension = Symbol("k", positive=True), SUBJECT.d

    def monomials(k: Expr) -> Expr:
        """How many there are of one degree."""
        return gamma(k + dimension) / (gamma(k + 1) * gamma(dimension))

    counted = SphereKernel(C, 1).multiplicity(dimension, degree)
    domain = {degree: Range(2, oo), dimension: Range(3, oo)}
    title = "polynomials of degree k less those that |x|^2 divides"
    return Step(title, monomials(degree) - monomials(degree - 2), counted, "N(d, k)", domain)
