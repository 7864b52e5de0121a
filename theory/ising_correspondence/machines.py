"""Unsupervised machines and controls on the Ising chain: Boltzmann machines, linear auto-encoder,
temperatures.

A restricted Boltzmann machine with ±1 units and weights W has the joint law exp(Σ v W h)/Z. Tracing
its hidden units gives back the data law exactly where the variational renormalization condition
holds; two machines do so on the chain:

* a *bond* machine, with a hidden unit on every bond, undoes a decimation and leaves the coupling
  where it was;
* a *half-width* machine, whose hidden units each copy every second spin as λ grows, performs a
  decimation.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

from sympy import (
    QQ,
    Abs,
    Add,
    Expr,
    Integer,
    Interval,
    Range,
    Reals,
    Symbol,
    atan,
    atanh,
    cancel,
    cosh,
    exp,
    log,
    pi,
    sqrt,
    tan,
    tanh,
)
from sympy.polys.rings import ring

from neurenorm.graphs.lattices import series_cell
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.catalogue.problems import Formula
from neurenorm.theory.decimation.cell import cell_decimation
from neurenorm.theory.decimation.decimation import decimate
from neurenorm.theory.decimation.model import ISING, Model, Term
from neurenorm.theory.ising_correspondence.flow import chain_flow
from neurenorm.theory.recursion.recursion import Chart
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step

__all__ = [
    "bond_machine",
    "bond_machine_trace",
    "dense_layer_spread",
    "half_width_machine",
    "linear_autoencoder",
    "ring_correlation",
    "temperature_labels",
]

SUBJECT = symbols("ising-correspondence")
K, T, B, N, R, W, U = SUBJECT.K, SUBJECT.t, SUBJECT.b, SUBJECT.N, SUBJECT.r, SUBJECT.w, SUBJECT.u
LAMBDA = SUBJECT["lambda"].symbol
K0, K1 = SUBJECT.K_0, SUBJECT.K_1
POSITIVE = Interval.open(0, 3)
OPEN_UNIT = Interval.open(0, 1)


def bond_machine() -> Formula:
    """Return the weight of the machine with a hidden unit on every bond whose exact marginal is the
    Ising chain.

    Summing a hidden unit between two spins is a decimation of two bonds of coupling w, and must
    give K back: tanh K = tanh² w. The hidden units then form the same chain again, so nothing
    flows.

    Examples
    --------
    >>> from sympy import N as value
    >>> value(bond_machine().values["w"].subs(K, 1), 10)
    1.344268249
    """
    flow = chain_flow(2)
    (step,) = flow.in_chart(Chart.tanh(K, T)).step
    _vanishes(step - T**2)
    weight = atanh(sqrt(tanh(K)))
    bond = flow.step[0].subs(K, W)
    derivation = Derivation("bond machine").then(
        Step(
            "sum over a hidden unit between two spins",
            bond,
            atanh(tanh(W) ** 2),
            "K",
            {W: POSITIVE},
        ),
        Step("solve for the weight and put it back", bond.subs(W, weight), K, "K", {K: POSITIVE}),
    )
    return Formula({"w": weight}, derivation)


def bond_machine_trace() -> Expr:
    """Return ln Tr_h exp T per bond of the bond machine, less the data's energy: the same for every
    configuration.

    Examples
    --------
    >>> bond_machine_trace()
    log(2*sqrt(cosh(2*w)))
    """
    decimation = cell_decimation(series_cell(2), ISING, {W: lambda s, h: s * h})
    return _log_joined(decimation.constant)


def _log_joined(expression: Expr) -> Expr:
    """Return a sum of rational multiples of logarithms as one logarithm."""
    powers = [term.as_coeff_Mul() for term in Add.make_args(expression)]
    argument = Integer(1)
    for number, body in powers:
        argument *= body.args[0] ** number
    return log(argument)


@exact_arguments
def ring_correlation(t: Expr, length: Expr, r: Expr) -> Expr:
    """Return ⟨s_0 s_r⟩ on a ring, (t^r + t^(N-r)) / (1 + t^N), from the trace of two spins and two
    stretches of bonds.

    Examples
    --------
    >>> ring_correlation(T, N, R)
    (t**r + t**(N - r))/(t**N + 1)
    """
    near, far = Symbol("near"), Symbol("far")
    swapped, whole = _ring_traces(near, far)
    return (
        (swapped / whole)
        .subs({near: t**r, far: t ** (length - r)})
        .subs(t**r * t ** (length - r), t**length)
    )


def _ring_traces(near: Symbol, far: Symbol) -> tuple[Expr, Expr]:
    """Return Tr(σ T^r σ T^(N-r)) and Tr(T^N): T^r = diag(1, near), and a spin σ swaps the even and
    the odd function.
    """
    return near + far, 1 + near * far


def half_width_machine() -> Formula:
    """Return divergence and hidden correlation of the machine with N/2 hidden units, each tied to
    an even spin by λ.

    Its weights are λ to the spin that a unit copies and K to the two beside it. Per hidden unit,
    with n the sum of the two neighbours' spins times the copied one,

        KL / (N/2) = ln(2 cosh λ) - λ - E ln(1 + exp(-2λ - 2K n)),

    where E is the mean over the data. The copied spins sum to a constant and the others to the
    decimated bond, so the model's hidden units are the Ising ring of coupling K_2 = artanh tanh² K,
    for every λ.

    Returns
    -------
    Formula
        ``kl`` (nats) and ``correlation`` (of neighbouring hidden units) in K, N (even, at least 4)
        and lambda.

    Examples
    --------
    >>> from sympy import N as value
    >>> machine = half_width_machine().values
    >>> value(machine["correlation"].subs({K: 1, N: 8}), 10)
    0.6963474746
    >>> value(machine["kl"].subs({K: 1, N: 8, LAMBDA: 6}) * exp(24), 6)
    89.2355
    """
    law = _three_spin_law()
    logs = {(left, right): _hidden_log(left, right) for left, right in product((1, -1), repeat=2)}
    mean = Add(*[weight * logs[left, right] for (left, right), weight in law.items()])
    kl = N / 2 * (log(1 + exp(-2 * LAMBDA)) - mean.subs(T, tanh(K)))
    correlation = ring_correlation(T**2, N / 2, Integer(1))
    return Formula(
        {"kl": kl, "correlation": correlation.subs(T, tanh(K))}, _half_width_derivation(logs)
    )


def _hidden_log(left: int, right: int) -> Expr:
    """Return ln of the trace over one hidden unit, less λ and the data's energy, with the copied
    spin up.
    """
    n = left + right
    _vanishes((_hidden_trace(left, right) - exp(LAMBDA + K * n) - exp(-LAMBDA - K * n)).expand())
    return log(1 + exp(-2 * LAMBDA - 2 * K * n))


def _hidden_trace(left: int, right: int) -> Expr:
    """Return the sum over a hidden unit of exp(h (λ v + K v_left + K v_right)) at v = +1, by
    decimation of a star.
    """
    terms = [(LAMBDA, "v"), (K, "left"), (K, "right")]
    local = tuple(Term(weight, ("h", vertex), lambda h, v: h * v) for weight, vertex in terms)
    star = decimate(
        Model(dict.fromkeys(("h", "v", "left", "right"), ISING), local), ("v", "left", "right")
    )
    states = {1: 0, -1: 1}
    return star.partition_function((0, states[left], states[right]))


def _three_spin_law() -> dict[tuple[int, int], Expr]:
    """Return the law of (v v_left, v v_right) for three spins in a row on a ring of N, as rational
    functions of t.
    """
    domain, t, far = ring("t,far", QQ)
    whole = 1 + t**2 * far
    law = {}
    for left, right in product((1, -1), repeat=2):
        weight = (1 + left * t) * (1 + right * t) * (1 + left * right * far) / domain(4)
        law[left, right] = weight.as_expr().factor() / whole.as_expr()
    _vanishes(Add(*law.values()) - 1)
    names = {Symbol("t"): T, Symbol("far"): T ** (N - 2)}
    return {
        key: value.subs(names, simultaneous=True).subs(T**2 * T ** (N - 2), T**N)
        for key, value in law.items()
    }


def _half_width_derivation(logs: Mapping[tuple[int, int], Expr]) -> Derivation:
    """Return the sums over a hidden unit, over a copied spin and over a spin between two hidden
    units.
    """
    domain = {K: Reals, LAMBDA: POSITIVE}
    derivation = Derivation("half-width machine")
    for (left, right), value in logs.items():
        title = f"sum over a hidden unit beside a spin up and its neighbours {left:+d}, {right:+d}"
        split = exp(LAMBDA + K * (left + right) + value)
        derivation = derivation.then(
            Step(title, _hidden_trace(left, right), split, r"\mathrm{Tr}_h e^{T}", domain)
        )
    between = cell_decimation(series_cell(2), ISING, {K: lambda s, h: s * h}).couplings[K]
    copied = exp(LAMBDA) + exp(-LAMBDA)
    return derivation.then(
        Step(
            "sum over a copied spin: a constant", copied, 2 * cosh(LAMBDA), r"\mathrm{Tr}_v", domain
        ),
        Step(
            "sum over a spin between two hidden units", between, atanh(tanh(K) ** 2), "K_2", domain
        ),
    )


def linear_autoencoder() -> Formula:
    """Return the reconstruction loss per spin of the best linear auto-encoder of the infinite chain
    with N/b features.

    It keeps the N/b Fourier modes of largest variance, a momentum shell. The spectrum Σ_r t^|r|
    e^(ikr) falls with |k| for t > 0, so the loss is its mean over |k| > π/b; with u = tan(k/2) its
    integral is 2 artan((1 + t)/(1 - t) u).

    Returns
    -------
    Formula
        ``loss`` in K and b.

    Examples
    --------
    >>> from sympy import N as value
    >>> value(linear_autoencoder().values["loss"].subs({K: 1, B: 2}), 9)
    0.0856368156
    """
    cosine = (1 - U**2) / (1 + U**2)
    spectrum = (1 - T**2) / (1 - 2 * T * cosine + T**2)
    both_ways = 1 + 2 * (T * cosine - T**2) / (
        1 - 2 * T * cosine + T**2
    )  # 1 + 2 Re z/(1 - z), z = t e^(ik)
    primitive = 2 * atan((1 + T) / (1 - T) * U)
    slope = primitive.diff(U) * (1 + U**2) / 2  # du/dk = (1 + u²)/2
    _vanishes(spectrum - both_ways)
    _vanishes(spectrum - slope)
    domain = {T: OPEN_UNIT, U: Reals}
    derivation = Derivation("linear auto-encoder").then(
        Step(
            "sum the correlations to the spectrum, with u = tan(k/2)",
            both_ways,
            spectrum,
            "S(k)",
            domain,
        ),
        Step("the spectrum as a derivative along k", spectrum, slope, "S(k)", domain),
    )
    size = Abs(tanh(K))
    loss = 1 - primitive.subs(T, size).subs(U, tan(pi / (2 * B))) / pi
    return Formula({"loss": loss}, derivation)


def temperature_labels() -> Formula:
    """Return the softmax that tells couplings apart by the energy of an open chain: its weights and
    biases.

    The posterior of the coupling given E = Σ s s' is softmax(K E - ln Z(K)), so relative to the
    coupling K_0 the weight of E is K_1 - K_0 and the bias a difference of free energies.

    Returns
    -------
    Formula
        ``weight`` and ``bias`` in K_0, K_1 and N.

    Examples
    --------
    >>> from sympy import N as value, Rational
    >>> value(
    ...     temperature_labels()
    ...     .values["bias"]
    ...     .subs({K0: Rational(1, 5), K1: Rational(1, 2), N: 17}),
    ...     9,
    ... )
    -1.60394296
    """
    end = decimate(
        Model({"s": ISING, "end": ISING}, (Term(K, ("s", "end"), lambda s, e: s * e),)), ("s",)
    )
    per_bond = end.partition_function((0,))
    steps = Derivation("temperature labels").then(
        Step(
            "sum over the last spin of an open chain",
            per_bond,
            2 * cosh(K),
            "Z_N / Z_{N-1}",
            {K: Reals},
        )
    )
    bias = -(N - 1) * log(cosh(K1) / cosh(K0))
    before = -(N - 1) * (log(per_bond.subs(K, K1)) - log(per_bond.subs(K, K0)))
    step = Step(
        "difference of the free energies",
        before,
        bias,
        r"\Delta b",
        {K0: POSITIVE, K1: POSITIVE, N: Range(2, 20)},
    )
    return Formula({"weight": K1 - K0, "bias": bias}, steps.then(step))


def dense_layer_spread() -> Formula:
    """Return the mean square correlation of the pre-activations of a random dense layer, Tr C²/N²,
    on an open chain.

    C_ij = t^|i-j|. It falls as 1/N whatever the coupling: outputs of a wide dense layer decouple
    untrained, which is a control and no evidence of renormalization.

    Examples
    --------
    >>> from sympy import N as value, Rational
    >>> value(dense_layer_spread().values["value"].subs({K: Rational(1, 2), N: 512}), 5)
    0.0030112
    """
    x = T**2
    closed = (N * (1 + x) / (1 - x) - 2 * x * (1 - x**N) / (1 - x) ** 2) / N**2
    derivation = Derivation("random dense layer")
    for size in (1, 2, 3, 4):
        explicit = (
            Add(*[x ** abs(i - j) for i in range(size) for j in range(size)]) / Integer(size) ** 2
        )
        _vanishes(explicit - closed.subs(N, size))
        title = f"sum the squared correlations of {size} spins"
        derivation = derivation.then(
            Step(title, explicit, closed.subs(N, size), r"\mathrm{Tr}\, C^2/N^2", {T: OPEN_UNIT})
        )
    following = (closed * N**2).subs(N, N + 1) - closed * N**2
    added = 1 + 2 * x * (1 - x**N) / (1 - x)
    _vanishes((following - added).subs(x**N, U).subs(T ** (2 * N + 2), U * x).subs(T ** (2 * N), U))
    return Formula({"value": closed.subs(T, tanh(K))}, derivation)


def _vanishes(difference: Any) -> None:
    """Raise an error where a difference that the derivation needs to vanish does not."""
    if cancel(difference) != 0:
        raise ArithmeticError(f"a step of the derivation fails: {difference} is not zero")
