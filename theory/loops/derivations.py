"""Derivations of the results on fields, chains and deep critical networks: every step is reached by
two routes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product
from math import factorial, prod

from sympy import Expr, Integer, Interval, Matrix, Rational, Symbol, diff, exp, factor, oo, pi

from neurenorm.theory.cumulants.diagrams import Diagram
from neurenorm.theory.cumulants.moments import cumulants_from_moments
from neurenorm.theory.gaussian.expectation import GaussianExpectation, gaussian_variables
from neurenorm.theory.loops.chain import StiffChain
from neurenorm.theory.loops.quartic import Quartic
from neurenorm.theory.loops.scaling import average
from neurenorm.theory.loops.wilson import wilson_step
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step

__all__ = ["deep_networks", "lattice_orders", "local_potential", "pairing_numbers", "stiff_chain"]

LOOPS = symbols("loops")
(Z,) = gaussian_variables(1)
_POSITIVE = Interval.open(0, oo)


def _power_average(fields: int, n: Expr | None) -> Expr:
    """The average of φ^fields, or of (φ·φ)^(fields/2): the radius r has the density r^{n-1}
    e^{-r²/2}, so that by parts ⟨r^{m+2}⟩ = (n + m) ⟨r^m⟩.
    """
    if fields % 2:
        return Integer(0)
    count = Integer(1) if n is None else n
    return prod((count + m for m in range(0, fields, 2)), start=Integer(1))


def pairing_numbers(
    degrees: Sequence[int], n: Expr | None, count: Expr, drawn: Mapping[Diagram, Expr]
) -> Derivation:
    """Derive the number of pairings, and that of connected ones, from averages over one field."""
    slots = len(degrees)
    moments = {
        chosen: _power_average(sum(k for k, on in zip(degrees, chosen, strict=True) if on), n)
        for chosen in product(range(2), repeat=slots)
        if any(chosen)
    }
    unit = prod(map(factorial, (*degrees, *Counter(degrees).values())))
    connected = cumulants_from_moments(moments)[(1,) * slots]
    return Derivation("pairings of the fields of all vertices").then(
        Step(
            "average over the length of one Gaussian field, by parts",
            moments[(1,) * slots],
            count,
            r"P",
        ),
        Step(
            "the joint cumulant of the vertices is the sum of their connected diagrams",
            connected,
            unit * sum(drawn.values()),
            r"P_c",
        ),
    )


def lattice_orders(theory: Quartic, order: int) -> Derivation:
    """Derive the one-loop weights from averages and traces of the second derivative of the
    potential.
    """
    n, line, bubble = LOOPS.n, Symbol("G_0", positive=True), Symbol("B", positive=True)
    along, across = (3 * Z**2 + (n - 1) * line) / 6, (Z**2 / 2, Z**2 / 6)
    trace = across[0] ** 2 + (n - 1) * across[1] ** 2
    steps = [
        Step(
            "the second derivative of the potential, averaged over the field at its site",
            GaussianExpectation(along, Z, line),
            line * sum(theory.self_energy(1).values()),
            r"\Sigma^{(1)}",
            {line: _POSITIVE, n: Interval(1, 4)},
        )
    ]
    if order > 1:
        loop = -trace / 4 * bubble  # of half the trace of the logarithm
        steps.append(
            Step(
                "the second order of the trace of a logarithm, four times differentiated",
                diff(loop, Z, 4),
                bubble * sum(theory.vertex(2).values()),
                r"\Gamma_4^{(2)}",
                {bubble: _POSITIVE, n: Interval(1, 4)},
            )
        )
    return Derivation("one loop of the quartic action", tuple(steps))


def local_potential(flow: Expr) -> Derivation:
    """Derive the loops of the flow from the matrix of second derivatives, and the flow of a mass
    from the diagrams of a shell.
    """
    d, rho, u, first, second = (LOOPS[name].symbol for name in ("d", "rho", "U", "U1", "U2"))
    fields = (Symbol("phi_1", real=True), Symbol("phi_2", real=True))
    square = sum(f**2 for f in fields) / 2
    near = first * (square - rho) + second * (square - rho) ** 2 / 2
    matrix = Matrix(2, 2, lambda i, j: diff(near, fields[i], fields[j])).subs(rho, square)
    loops = flow - d * u + (d - 2) * rho * first
    positive = dict.fromkeys((first, second), _POSITIVE)
    return Derivation("flow of a local potential").then(
        Step(
            "determinant of the second derivatives of two components",
            (Matrix.eye(2) + matrix).det(),
            exp(2 * loops.subs({LOOPS.n: 2, rho: square})),
            r"\det(1 + \partial\partial U)",
            positive,
        ),
        _mass_step(flow),
    )


def _mass_step(flow: Expr) -> Step:
    """The flow of U'(0) of one component, by the diagrams of a thin shell and by the flow of U."""
    d, rho, u, first, second = (LOOPS[name].symbol for name in ("d", "rho", "U", "U1", "U2"))
    mass, quartic, phi = Symbol("r", real=True), Symbol("w", real=True), Symbol("phi", real=True)
    potential = mass * phi**2 / 2 + quartic * phi**4
    shell = wilson_step(potential, [phi], degree=4, dimension=d)
    diagrams = shell.flow[shell.recursion.state.index(mass)]
    polynomial = potential.subs(phi**2, 2 * rho).subs(phi**4, 4 * rho**2)
    derivatives = {u: polynomial, first: diff(polynomial, rho), second: diff(polynomial, rho, 2)}
    slope = diff(flow.subs(derivatives).subs(LOOPS.n, 1), rho).subs(rho, 0)
    return Step(
        "the mass of one component, by the diagrams of a thin shell and by the slope of the flow",
        diagrams,
        slope,
        r"\dot r",
        {mass: _POSITIVE, d: Interval.open(2, 4)},
    )


def stiff_chain() -> Derivation:
    """Derive the first orders in D = 1/(2α) from the condition that a step changes nothing."""
    w, g2, g3 = letters = tuple(Symbol(name, real=True) for name in ("w", "g_2", "g_3"))
    chain = StiffChain(letters, 1)
    two = g2 / (w - w**2)  # h + c2 h² + c3 h³ is an eigenfunction at D = 0
    three = (g3 + 2 * w * g2 * two) / (w - w**3)
    where = {w: Interval.open(-1, 0)}
    steps = (
        Step(
            "a step keeps the variance and adds the noise",
            w**2 * chain.variance[1] + 1,
            chain.variance[1],
            r"\sigma^2_1",
            where,
        ),
        Step(
            "a step keeps the mean, which the curvature shifts",
            w * chain.mean[1] + g2 * chain.moments[2, 1],
            factor(chain.mean[1]),
            r"\mu_1",
            where,
        ),
        Step(
            "the noise lowers the cube in the eigenfunction by two powers",
            3 * w * three,
            factor(chain.eigenvalue[1]),
            r"\lambda_1",
            where,
        ),
    )
    return Derivation("stationary law of a stiff chain", steps)


def deep_networks(kind: str, values: Mapping[str, Expr]) -> Derivation:
    """Derive the cumulants of the kernel of a deep critical network over that of infinite width."""
    if kind == "scale-invariant":
        return _log_normal(values)
    tau = LOOPS.tau
    titles = (
        "the slope of the first moment, by Price's theorem, is an average of a square",
        "and that of the second moment is one of a fourth power",
    )
    steps = (
        Step(
            title,
            diff(average(power), tau),
            -average(power + 1) / pi**2,
            rf"\frac{{d w_{power}}}{{d\tau}}",
            {tau: Interval(1, 2)},
        )
        for power, title in enumerate(titles)
    )
    return Derivation("moments of a kernel that vanishes", tuple(steps))


def _log_normal(values: Mapping[str, Expr]) -> Derivation:
    """The logarithm of the kernel is normal, with the mean that keeps the kernel."""
    spread = LOOPS.growth * LOOPS.tau
    one, two, three = (GaussianExpectation(exp(p * (Z - spread / 2)), Z, spread) for p in (1, 2, 3))
    where = {LOOPS.growth: Interval(1, 2), LOOPS.tau: Interval(Rational(1, 4), Rational(1, 2))}
    return Derivation("a kernel with a normal logarithm").then(
        Step("the mean is kept", one, values["mean"], r"\kappa_1", where),
        Step("second moment less first", two - 1, values["variance"], r"\kappa_2", where),
        Step("third cumulant of moments", three - 3 * two + 2, values["third"], r"\kappa_3", where),
    )
