"""Derivations of the results on random networks of finite width: laws of total cumulance, leading
covariances of functions, and Gaussian conditioning, beside the steps that are iterated.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from math import prod

from sympy import Expr, Integer, Interval, Matrix, Poly, Symbol, diff, factorial2, log, oo, solve

from neurenorm.theory.cumulants.moments import cumulants_from_moments
from neurenorm.theory.gaussian.activation import Activation
from neurenorm.theory.gaussian.expectation import GaussianExpectation, gaussian_variables
from neurenorm.theory.loops.networks import KernelCumulants
from neurenorm.theory.loops.tangent import SLOPE, SQUARE, TangentCumulants
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step

__all__ = [
    "kernel_orders",
    "output_orders",
    "pair_orders",
    "pair_tangent",
    "posterior",
    "tangent_orders",
]

LOOPS = symbols("loops")
(Z,) = gaussian_variables(1)
WIDTH = Symbol("N", positive=True)
_POSITIVE = Interval.open(0, oo)


def kernel_orders(theory: KernelCumulants) -> Derivation:
    """Derive mean and variance by the laws of total expectation and variance, to first order."""
    step = dict(zip(theory.entries, theory.recursion.step, strict=True))
    state = dict(zip(theory.entries, theory.state, strict=True))
    given = dict(zip(theory.averages, theory.parameters, strict=True))
    mean, spread = state[1, 1], state[2, 1]
    small, shift = Symbol("e"), Symbol("d")  # the kernel is off by d, of the variance e κ_2
    curve = given[1, 1] * shift + given[1, 2] * shift**2 / 2
    moments = {1: small * mean, 2: small * spread}
    average = sum(Poly(curve, shift).coeff_monomial(shift**k) * m for k, m in moments.items())
    square = diff(curve, shift).subs(shift, 0) ** 2 * moments[2]
    return Derivation("cumulants of the kernel in the next layer").then(
        Step(
            "mean of the wide limit's map, which its curvature shifts",
            diff(average, small),
            step[1, 1],
            r"\kappa_{1,1}'",
        ),
        Step(
            "variance of the conditional mean, and mean of the conditional variance",
            diff(square + small * given[2, 0], small),
            step[2, 1],
            r"\kappa_{2,1}'",
        ),
        _conditional_variance(),
    )


def _conditional_variance() -> Step:
    """The second conditional cumulant, from the generating function of N equal terms."""
    weight, t = LOOPS.sw2 / WIDTH, Symbol("t")
    first, second = Symbol("M_1", positive=True), Symbol("M_2", positive=True)
    function = WIDTH * log(1 + weight * t * first + (weight * t) ** 2 * second / 2)
    return Step(
        "logarithm of the generating function of N equal neurons, twice differentiated",
        diff(function, t, 2).subs(t, 0),
        LOOPS.sw2**2 * cumulants_from_moments({(1,): first, (2,): second})[2,] / WIDTH,
        r"c_{2,0}/N",
        {first: _POSITIVE, second: _POSITIVE, WIDTH: _POSITIVE, LOOPS.sw2: _POSITIVE},
    )


def output_orders(factors: Mapping[str, tuple[int, Expr]]) -> Derivation:
    """Derive the cumulants of a pre-activation from its moments, normal at a given kernel."""
    highest = max(order for order, _ in factors.values())
    kernel = LOOPS.K
    means: dict[tuple[int, ...], Symbol] = {
        (r,): Symbol(f"M_{r}", positive=True) for r in range(1, highest + 1)
    }
    moments: dict[tuple[int, ...], Expr] = {
        (b,): (factorial2(b - 1) * means[b // 2,] if b % 2 == 0 else 0 * kernel)
        for b in range(1, 2 * highest + 1)
    }
    outer, inner = cumulants_from_moments(moments), cumulants_from_moments(means)
    domain = dict.fromkeys(means.values(), _POSITIVE)
    steps = [
        Step(
            "moments of a normal variable of variance K",
            GaussianExpectation(Z ** (2 * order), Z, kernel),
            factor * kernel**order,
            rf"\langle z^{{{2 * order}}}\rangle_K",
            {kernel: Interval(1, 2)},
        )
        for order, factor in factors.values()
    ]
    steps += [
        Step(
            f"cumulant of order {2 * order}, with the means of powers of the kernel",
            outer[2 * order,],
            factor * inner[order,],
            rf"\kappa_{{{2 * order}}}",
            domain,
        )
        for order, factor in factors.values()
    ]
    return Derivation("cumulants of a pre-activation", tuple(steps))


def tangent_orders(*, differential: bool) -> Derivation:
    """Derive the layer's step of the tangent kernel and its tensors: leading covariances of
    functions of K and Θ, and the spread of the N terms.
    """
    theory = TangentCumulants()
    steps = theory.differential_steps if differential else theory.steps
    mean, t, rate = theory._mean, theory.T, LOOPS.lam_W
    square, slope, both, fourth = mean(*SQUARE), mean(*SLOPE), mean(2, 2), mean(0, 4)
    slopes = {f: mean(*f, times=1) for f in (SQUARE, SLOPE)}
    gradient = (rate * slopes[SQUARE] + LOOPS.sw2 * t * slopes[SLOPE], LOOPS.sw2 * slope)
    own = LOOPS.sw2 * t
    length = LOOPS.sw2 * slopes[SQUARE]
    spread, cross = mean(4) - square**2, both - square * slope
    curved = fourth - slope**2
    found = [
        Step(
            "pairs of one neuron and of two; q, q_4 average powers of the slope",
            _pairs(fourth * t**2, slope**2 * theory.B),
            steps["B"],
            "B'",
        ),
        Step(
            "the same with phi; s is a joint average, p_1 a derivative by K",
            _pairs(both * t, slopes[SQUARE] ** 2 * theory.F),
            steps["F"],
            "F'",
        ),
    ]
    if not differential:
        found += [
            Step(
                "covariance of functions of K and T, and of N terms",
                length * (gradient[0] * theory.V + gradient[1] * theory.D)
                + LOOPS.sw2 * (rate * spread + own * cross),
                steps["D"],
                "D'",
            ),
            Step(
                "the same of two tangent kernels",
                gradient[0] ** 2 * theory.V
                + 2 * gradient[0] * gradient[1] * theory.D
                + gradient[1] ** 2 * theory.A
                + rate**2 * spread
                + 2 * rate * own * cross
                + own**2 * curved,
                steps["A"],
                "A'",
            ),
        ]
    else:
        squares = mean(0, 2, 2) * t**3
        found.append(
            Step(
                "the same of second differentials; v averages slope and curvature",
                _pairs(squares, slope**2 * theory.U),
                steps["U"],
                "U'",
            )
        )
    letters = {
        square: "p",
        slope: "q",
        fourth: "q_4",
        mean(4): "p_4",
        both: "s",
        slopes[SQUARE]: "p_1",
        slopes[SLOPE]: "q_1",
        mean(0, 2, 2): "v",
    }
    shown = {symbol: Symbol(letter, real=True) for symbol, letter in letters.items()}
    return Derivation(
        "tensors of the tangent kernel in the next layer",
        tuple(
            Step(step.title, step.before.xreplace(shown), step.after.xreplace(shown), step.quantity)
            for step in found
        ),
    )


def _pairs(same: Expr, other: Expr) -> Expr:
    """N times the weight squared of N equal pairs and N(N-1) others of the order 1/N, as N grows."""
    small = Symbol("e")
    count = 1 / small
    total = count * (LOOPS.sw2 * small) ** 2 * (count * same + count * (count - 1) * small * other)
    return total.expand().subs(small, 0)


def _score(function: Expr, kernel: Expr) -> Expr:
    """The derivative of an average with respect to the variance, by that of the density."""
    return GaussianExpectation(function * (Z**2 / kernel - 1), Z, kernel) / (2 * kernel)


def pair_orders() -> Derivation:
    """Derive conditional covariance and third cumulant from the generating function of one layer,
    and the leading covariances that are handed on.
    """
    t = tuple(Symbol(f"t_{i}") for i in range(3))
    names = [set(c) for c in ((0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2))]
    moments = {
        tuple(int(i in chosen) for i in range(3)): Symbol(
            "M_" + "".join(str(i + 1) for i in sorted(chosen)), real=True
        )
        for chosen in names
    }
    weight = LOOPS.sw2 / WIDTH
    function = WIDTH * log(
        1 + sum(m * prod(s**k for s, k in zip(t, c, strict=True)) for c, m in moments.items())
    )
    zero, found = dict.fromkeys(t, 0), cumulants_from_moments(moments)
    two = diff(function, t[0], t[1]).subs(zero) * weight**2
    three = diff(function, *t).subs(zero) * weight**3
    positive = {WIDTH: _POSITIVE, LOOPS.sw2: _POSITIVE}
    return Derivation("cumulants of the kernel of two inputs").then(
        Step(
            "second derivative of the logarithm of the generating function of N neurons",
            two,
            LOOPS.sw2**2 * found[1, 1, 0] / WIDTH,
            r"\langle K'_1 K'_2\rangle_c",
            positive,
        ),
        Step(
            "and the third, for three entries of the kernel",
            three,
            LOOPS.sw2**3 * found[1, 1, 1] / WIDTH**2,
            r"\langle K'_1 K'_2 K'_3\rangle_c",
            positive,
        ),
    )


def pair_tangent(phi: Activation) -> Derivation:
    """Derive what two inputs that are one hand on: slopes by density and by function, and the
    count of pairs of neurons.
    """
    f = phi.expression
    z, kernel = phi.variable, LOOPS.K
    steps = TangentCumulants().steps
    theory = TangentCumulants()
    same, slopes = Symbol("q_4", real=True), Symbol("q", real=True)
    mean = theory._mean
    shown = {mean(0, 4): same, mean(*SLOPE): slopes}
    return Derivation("tangent kernel of two inputs").then(
        Step(
            "slope of an average, by Price's theorem and by the density",
            diff(GaussianExpectation(f**2, z, kernel), kernel),
            _score(f**2, kernel),
            r"\partial_K\langle\phi^2\rangle",
            {kernel: Interval(1, 2)},
        ),
        Step(
            "pairs of one neuron and of two; q, q_4 average powers of the slope",
            _pairs(same * theory.T**2, slopes**2 * theory.B),
            steps["B"].xreplace(shown),
            "B'",
        ),
    )


def posterior() -> Derivation:
    """Derive mean, variance and their corrections for one training point, by differentiation."""
    one, two, three = (Symbol(f"K_{i}", positive=True) for i in (11, 12, 22))
    y, f, noise = Symbol("y", real=True), Symbol("f", real=True), Symbol("s", positive=True)
    full, where = (
        one + noise,
        {one: Interval(2, 3), two: Interval(1, 2), three: Interval(3, 4), noise: Interval(0, 1)},
    )
    joint = Matrix([[full, two], [two, three]])
    fields = Matrix([y, f])
    exponent = (fields.T * joint.adjugate() * fields)[0] / (2 * joint.det())
    (mean,) = solve(diff(exponent, f), f)
    inverse, u = 1 / full, (y / full, Integer(0))
    r = (-two * inverse, Integer(1))
    average, spread = two * inverse * y, three - two**2 * inverse
    kernel = ((one, two), (two, three))
    pairs = (one, two, three)
    shifts = {k: Symbol(f"dK_{i}", real=True) for k, i in zip(pairs, (11, 12, 22), strict=True)}

    def total(value: Expr) -> Expr:
        """The change of a function of the kernel, to first order."""
        return sum(diff(value, k) * shift for k, shift in shifts.items())

    def between(left: tuple[Expr, ...], right: tuple[Expr, ...]) -> Expr:
        """Left times dK times right."""
        return sum(
            left[a] * shifts[kernel[a][b]] * right[b] for a, b in product(range(2), repeat=2)
        )

    evidence = -(y**2) / (2 * full) - log(full) / 2
    own = Symbol("V", positive=True)
    return Derivation("posterior of one training point, and a test point").then(
        Step(
            "the most probable output, by completing the square",
            mean,
            average,
            r"\langle f\rangle",
            where,
        ),
        Step(
            "its variance, by the curvature of the exponent",
            1 / diff(exponent, f, 2),
            spread,
            r"\langle f^2\rangle_c",
            where,
        ),
        Step(
            "the data move the kernel by the slope of the evidence",
            diff(evidence, one),
            (u[0] ** 2 - inverse) / 2,
            r"\partial_K \ln p",
            where,
        ),
        Step("the mean follows the kernel", total(average), between(r, u), "R\\,dK\\,u", where),
        Step("and so does the variance", total(spread), between(r, r), "R\\,dK\\,R", where),
        Step(
            "curvature of the mean, with the variance of the kernel",
            diff(average, one, 2) * own / 2,
            -own * r[0] * inverse * u[0],
            r"V_{1111}",
            where,
        ),
    )
