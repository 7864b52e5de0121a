r"""General two-state layer kernels: one binary neuron per layer and any 2 x 2 transfer matrix, in
couplings and as a Markov chain.

T(h, h') = exp[K_0 + K_1 h h' + K_2 (h + h')/2 + g (h - h')/2]  is the general positive 2 x 2
matrix. Decimation by two is its square; the couplings of the square come out of
`neurenorm.theory.decimation.decimation` like those of any bond. In probabilities, T = [[1 - a, a],
[c, 1 - c]] with the second eigenvalue 1 - a - c and the stationary mean (c - a)/(c + a).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import networkx as nx
from sympy import (
    Add,
    Expr,
    Integer,
    Matrix,
    Rational,
    Reals,
    Symbol,
    cancel,
    exp,
    factor,
    limit,
    log,
    oo,
)

from neurenorm.theory.algebra.log_weights import LogWeight
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.catalogue.problems import Formula
from neurenorm.theory.decimation.decimation import Decimation, decimate
from neurenorm.theory.decimation.expansion import combine_numbers, transform
from neurenorm.theory.decimation.model import ISING, Values, bond_model
from neurenorm.theory.recursion.recursion import Chart, FixedPoint, Recursion
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.typeset.display import tex

__all__ = [
    "kernel_couplings",
    "markov_invariants",
    "markov_recursion",
    "two_state_fixed_points",
    "two_state_kernel",
    "two_state_recursion",
]

SYMBOLS = symbols("dynamic-neurons")
K0, K1, K2, G = SYMBOLS.K0, SYMBOLS.K1, SYMBOLS.K2, SYMBOLS.g
A, C = SYMBOLS.a, SYMBOLS.c


def two_state_bonds() -> dict[Symbol, Values]:
    """Return the functions of one layer: K_1 h h' + K_2 (h + h')/2 + g (h - h')/2."""
    half = Rational(1, 2)
    return {
        K1: lambda h, after: h * after,
        K2: lambda h, after: half * (h + after),
        G: lambda h, after: half * (h - after),
    }


def two_state_recursion(b: int = 2) -> Recursion:
    """Derive the recursion of (K_0, K_1, K_2, g) for b layers that become one.

    Parameters
    ----------
    b : int
        Scale factor, at least 2.

    Returns
    -------
    Recursion
        With state (K_0, K_1, K_2, g); the constant K_0 of a layer counts b times.

    Examples
    --------
    >>> flow = two_state_recursion()
    >>> flow.step[3]
    g
    >>> flow.step[1].subs(K2, 0)
    log(cosh(2*K1)**2)/4
    """
    if not isinstance(b, int) or b < 2:
        raise ValueError(f"the scale factor b must be an integer of at least 2, got {b!r}")
    path = nx.DiGraph([(m, m + 1) for m in range(b)])
    decimation = decimate(bond_model(path, ISING, two_state_bonds()), (0, b))
    found = {
        coupling: _projection(decimation, function)
        for coupling, function in two_state_bonds().items()
    }
    constant = decimation.log_basis.to_expr(decimation.expansion[()])
    return Recursion(
        (K0, K1, K2, G),
        (b * K0 + constant, found[K1], found[K2], found[G]),
        b,
        derivation=_steps(decimation, found),
    )


def _projection(decimation: Decimation, function: Values) -> Expr:
    """Project ln Z(h, h') on the function of one coupling; the functions are orthogonal, and with
    the constant they span all.
    """
    values = {
        c: expression_of(function(*decimation.space.states(decimation.keep, c)))
        for c in decimation.space.orbits(decimation.keep)
    }
    shape = {
        label: value
        for label, value in transform(
            decimation.space, decimation.keep, values, combine_numbers
        ).items()
        if value != 0
    }
    norm = sum(value**2 for value in shape.values())
    pairs = [
        (Fraction(int((value / norm).p), int((value / norm).q)), decimation.expansion[label])
        for label, value in shape.items()
    ]
    return decimation.log_basis.to_expr(LogWeight.combine(pairs))


def _steps(decimation: Decimation, found: dict[Symbol, Expr]) -> Derivation:
    """The projections of the four logarithms of the summed kernel."""
    domain = dict.fromkeys((K1, K2, G), Reals)
    logs = {
        (h, after): log(decimation.partition_function((int(h < 0), int(after < 0))))
        for h in (1, -1)
        for after in (1, -1)
    }
    steps = []
    for coupling, function in two_state_bonds().items():
        norm = sum(function(*pair) ** 2 for pair in logs)
        before = Add(*[Rational(function(*pair), norm) * value for pair, value in logs.items()])
        steps.append(
            Step(
                f"project the log-weight on the function of {coupling}",
                before,
                found[coupling],
                f"{tex(coupling)}'",
                domain,
            )
        )
    return Derivation("decimation of a two-state kernel", tuple(steps))


def two_state_kernel(b: int = 2) -> Formula:
    """Return the couplings after one step as expressions by name.

    Examples
    --------
    >>> two_state_kernel().values["g"]
    g
    """
    flow = two_state_recursion(b)
    return Formula(
        {symbol.name: step for symbol, step in zip(flow.state, flow.step, strict=True)},
        flow.derivation,
    )


def kernel_couplings(kernel: Sequence[Sequence[Any]]) -> dict[Symbol, Expr]:
    """Read (K_0, K_1, K_2, g) off the four entries T(+,+), T(+,-), T(-,+), T(-,-) of a kernel.

    The logarithms of the entries are projected on the four functions of (h, h'), which are
    orthogonal.

    Parameters
    ----------
    kernel : 2 x 2 nested sequence
        Positive entries, rows h = +, -, columns h' = +, -.

    Raises
    ------
    ValueError
        If the shape is another one or an entry is not positive.

    Examples
    --------
    >>> kernel_couplings([[exp(1), exp(-1)], [exp(-1), exp(1)]])[K1]
    1
    """
    rows = [list(row) for row in kernel]
    if [len(row) for row in rows] != [2, 2] or any(
        expression_of(entry).is_positive is False for row in rows for entry in row
    ):
        raise ValueError(f"a two-state kernel is 2 x 2 with positive entries, got {rows}")
    states = (1, -1)
    entries = {
        (h, after): kernel[i][j] for i, h in enumerate(states) for j, after in enumerate(states)
    }
    functions = {K0: lambda h, after: Integer(1), **two_state_bonds()}
    found = {}
    for coupling, function in functions.items():
        norm = sum(function(*pair) ** 2 for pair in entries)
        found[coupling] = (
            sum((function(*pair) * log(entry) for pair, entry in entries.items()), Integer(0))
            / norm
        )
    return found


def two_state_fixed_points() -> tuple[FixedPoint, ...]:
    """Return the fixed points without antisymmetric part: the line K_1 = 0 of independent layers,
    and perfect memory K_1 = oo, K_2 = 0.

    The eigenvalues belong to (u, K_2) with u = exp(-2 K_1).

    Examples
    --------
    >>> [(p.point, p.status, p.eigenvalues) for p in two_state_fixed_points()]
    [((0, K2), 'continuum', (0, 1)), ((oo, 0), 'exact', (2, 2))]
    """
    flow = two_state_recursion()
    step = dict(zip(flow.state, flow.step, strict=True))
    line = [step[K1].diff(K1).subs(K1, 0), step[K2].diff(K2).subs(K1, 0)]
    if step[K1].subs(K1, 0) != 0 or cancel(step[K2].subs(K1, 0) - K2) != 0:
        raise ArithmeticError("K_1 = 0 is not invariant")
    u = SYMBOLS.u
    memory = Recursion((K1,), (_ordered(step[K1].subs(K2, 0)),), 2).in_chart(
        Chart.exponential(K1, u, -2)
    )
    field = step[K2].diff(K2).subs(K2, 0).rewrite(exp)
    eigenvalues = (memory.step[0].diff(u).subs(u, 0), limit(field, K1, oo))
    exponents = tuple(log(value) / log(2) for value in eigenvalues)
    return (
        FixedPoint(
            (Integer(0), K2),
            "continuum",
            tuple(map(cancel, line)),
            (),
            "independent layers, any field",
        ),
        FixedPoint(
            (oo, Integer(0)), "exact", eigenvalues, exponents, "eigenvalues in (exp(-2 K_1), K_2)"
        ),
    )


def _ordered(expression: Expr) -> Expr:
    """Take the power out of a logarithm of a power of something positive."""
    return expression.replace(
        lambda e: isinstance(e, log) and e.args[0].is_Pow,
        lambda e: e.args[0].exp * log(e.args[0].base),
    )


def markov_recursion() -> Recursion:
    """Derive the recursion of the two transition probabilities: the square of the Markov matrix.

    Examples
    --------
    >>> markov_recursion().step
    (-a*(a + c - 2), -c*(a + c - 2))
    """
    square = _markov() ** 2
    return Recursion((A, C), (factor(square[0, 1]), factor(square[1, 0])), 2)


def markov_invariants() -> dict[str, Expr]:
    """Return the second eigenvalue (trace minus one) and the mean of the stationary law, which the
    flow leaves unchanged.

    Examples
    --------
    >>> markov_invariants()["mean"]
    (-a + c)/(a + c)
    """
    matrix = _markov()
    law = Matrix([matrix[1, 0], matrix[0, 1]]) / (matrix[0, 1] + matrix[1, 0])
    if any(cancel(entry) != 0 for entry in (law.T * matrix - law.T)):
        raise ArithmeticError("the law is not stationary")
    return {"second_eigenvalue": cancel(matrix.trace() - 1), "mean": cancel(law[0] - law[1])}


def _markov() -> Matrix:
    """The transition matrix."""
    return Matrix([[1 - A, A], [C, 1 - C]])
