"""Joint entropies of a few units, in bits, in closed form.

Bias-free units on isotropic data are on with the probabilities of orthants, which are arcsines of
the correlations for up to three units. The total correlation is what the units know of each other:
the sum of their entropies minus the joint one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

from sympy import Expr, Heaviside, Rational, S, asin, cos, gamma, log, pi

from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.complexity.state_entropy import BinaryEntropy
from neurenorm.theory.gaussian.expectation import expectation, gaussian_variables
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step

__all__ = [
    "chain_rule_excess",
    "joint_entropy",
    "large_dimension_correction",
    "pair_entropy",
    "pattern_probabilities",
    "plane_lines",
]

SUBJECT = symbols("complexity")
C, D, N, THETA = SUBJECT.c, SUBJECT.d, SUBJECT.n, SUBJECT.theta


@exact_arguments
def pattern_probabilities(covariance: Sequence[Sequence[Expr]]) -> dict[tuple[int, ...], Expr]:
    """Return the probability of every pattern of on (1) and off (0) of up to three units with
    Gaussian pre-activations of zero mean.

    Parameters
    ----------
    covariance : n x n nest of sympy.Expr
        Of the pre-activations over the data.

    Raises
    ------
    ValueError
        For more than three units, whose orthants have no closed form.

    Examples
    --------
    >>> pattern_probabilities([[1, C], [C, 1]])[1, 1]
    asin(c)/(2*pi) + 1/4
    """
    size = len(covariance)
    if size > 3:
        raise ValueError(f"the probabilities of {size} units have no closed form: at most three")
    variables = gaussian_variables(size)
    found = {}
    for pattern in product((0, 1), repeat=size):
        state = S.One
        for z, on in zip(variables, pattern, strict=True):
            state *= Heaviside(z) if on else Heaviside(-z)
        found[pattern] = expectation(state, variables, covariance)
    return found


@exact_arguments
def joint_entropy(patterns: Mapping[tuple[int, ...], Expr]) -> Expr:
    """Return the entropy of a table of patterns in bits, by the chain rule: the sum over units of
    the entropy given the units before.

    Examples
    --------
    >>> joint_entropy({(a, b): Rational(1, 4) for a in (0, 1) for b in (0, 1)})
    2
    """
    size = len(next(iter(patterns)))
    total = S.Zero
    for length in range(size):
        for prefix in product((0, 1), repeat=length):
            mass, on = _mass(patterns, prefix), _mass(patterns, (*prefix, 1))
            total += mass * BinaryEntropy((on / mass).expand()) if mass != 0 else S.Zero
    return total


def _mass(patterns: Mapping[tuple[int, ...], Expr], prefix: tuple[int, ...]) -> Expr:
    """Probability that a pattern begins with a prefix."""
    total: Expr = sum(
        (value for pattern, value in patterns.items() if pattern[: len(prefix)] == prefix),
        start=S.Zero,
    )
    return total.expand()


def pair_entropy() -> tuple[dict[str, Expr], Derivation]:
    """Return joint entropy and total correlation of two units without bias whose weights make an
    angle θ, on isotropic data of any dimension.

    Returns
    -------
    values, derivation
        ``joint`` and ``total_correlation`` in bits, as functions of θ.

    Examples
    --------
    >>> pair_entropy()[0]["joint"]
    BinaryEntropy(theta/pi)/2 + BinaryEntropy(-theta/pi + 1)/2 + 1
    """
    patterns = pattern_probabilities([[S.One, cos(THETA)], [cos(THETA), S.One]])
    reduced = {
        pattern: value.subs(asin(cos(THETA)), pi / 2 - THETA).expand()
        for pattern, value in patterns.items()
    }
    joint = joint_entropy(reduced)
    single = sum((BinaryEntropy(_on(reduced, unit)) for unit in (0, 1)), start=S.Zero)
    domain = {THETA: SUBJECT["theta"].domain}
    step = Step("both units are on", patterns[1, 1], reduced[1, 1], "P(1,1)", domain)
    return {"joint": joint, "total_correlation": single - joint}, Derivation(
        "two units at an angle"
    ).then(step)


def _on(patterns: Mapping[tuple[int, ...], Expr], unit: int) -> Expr:
    """Probability that one unit is on."""
    total: Expr = sum((value for pattern, value in patterns.items() if pattern[unit]), start=S.Zero)
    return total.expand()


def plane_lines() -> Expr:
    """Return the mean joint entropy of n units without bias in a plane of inputs: 1 + (ψ(n + 1) -
    ψ(2))/ln 2 bits.

    The n lines cut the half circle into n gaps that are uniform on the simplex, so a gap s has the
    moments E s^k = k! (n - 1)!/(n - 1 + k)!; each gap is seen twice (a pattern and its opposite).
    The entropy is 1 - n E s log2 s, the derivative of the moments at k = 1.

    Examples
    --------
    >>> from sympy import simplify
    >>> plane_lines().subs(N, 2).doit().expand(func=True).evalf(8)
    1.7213475
    """
    k = SUBJECT.s
    moment = gamma(k + 1) * gamma(N) / gamma(N + k)
    log_mean = moment.diff(k).subs(k, 1)
    return 1 - (N * log_mean / log(2)).expand(func=True)


def large_dimension_correction() -> Expr:
    """Return the leading total correlation of two random directions in d dimensions: 2/(π² d ln 2).

    To second order in the cosine c of the angle, TC = 1 - H2(1/2 - asin(c)/π), and c has mean
    square 1/d.

    Examples
    --------
    >>> large_dimension_correction()
    2/(pi**2*d*log(2))
    """
    tc = 1 - BinaryEntropy(Rational(1, 2) - asin(C) / pi).rewrite(log)
    return (tc.diff(C, 2).subs(C, 0) / 2 / D).expand()


@exact_arguments
def chain_rule_excess(units: Expr, training: Expr) -> Expr:
    """Return by how many bits the chain rule with linear classifiers exceeds the entropy of
    independent units, to leading order in the samples.

    A model of k parameters, fitted to N' samples, codes a new sample with k/(2 N') nats more than
    the true one. Unit i is predicted from the i - 1 before it by their weights and a constant, k =
    i parameters for i = 2 … n; the first unit is coded by its own frequency.

    Parameters
    ----------
    units : sympy.Expr
        n, those that do not follow from the ones before them.
    training : sympy.Expr
        N', what a classifier learns from: with five folds four fifths of the samples.

    Examples
    --------
    >>> chain_rule_excess(N, D).factor()
    (n - 1)*(n + 2)/(4*d*log(2))
    """
    return (units * (units + 1) / 2 - 1) / (2 * training * log(2))
