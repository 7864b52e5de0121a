r"""Binary networks with neurons as degrees of freedom, and their exact renormalization in depth.

Neurons h = ±1 and weights W = ±1 of a chain with P copies of the neurons (one for each datum) that
share the weights. The rule h' = W h, softened with stiffness alpha, has the weight exp(-alpha (h' -
W h)²), which is a constant times exp(2 alpha W h h'); the prior of a weight is exp(k W). So

    -beta H = 2 alpha sum_{m,l} W^(m) h^(m)[l] h^(m+1)[l] + k sum_m W^(m).

Summing out the layers between every b-th one, at fixed block weight W' = product of the weights,
leaves the same two couplings, for every P. The recursion is not written down here:
`block_decimation` sums the promoted graph of `neurenorm.graphs.network.interaction` out and
`binary_recursion` reads the couplings off.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from sympy import Expr, Rational, Symbol, atanh, log, tanh

from neurenorm.graphs.arguments import listed
from neurenorm.graphs.network.architectures import mlp
from neurenorm.graphs.network.interaction import Interactions, promoted
from neurenorm.graphs.network.rules import Rule
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.reading import shown
from neurenorm.theory.catalogue.problems import OverRing, Ring
from neurenorm.theory.decimation.cell import NotClosed
from neurenorm.theory.decimation.decimation import Decimation, decimate
from neurenorm.theory.decimation.expansion import Label, transform
from neurenorm.theory.decimation.model import ISING, Alphabet, Kernel, Model, Term
from neurenorm.theory.recursion.fixed_points import exact_fixed_points
from neurenorm.theory.recursion.recursion import Chart, FixedPoint, Recursion
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.typeset.display import tex

__all__ = [
    "BLOCK",
    "BlockCouplings",
    "binary_chart",
    "binary_fixed_points",
    "binary_model",
    "binary_recursion",
    "block_couplings",
    "block_decimation",
]

SYMBOLS = symbols("dynamic-neurons")
ALPHA, K, BETA = SYMBOLS.alpha, SYMBOLS.k, SYMBOLS.beta
BLOCK = ("block",)
MOST_COPIES = 7


@exact_arguments
def binary_model(
    interactions: Interactions,
    x: Mapping[Any, int] | None = None,
    y: Mapping[Any, int] | None = None,
    *,
    sharp: bool = False,
    alpha: Symbol = ALPHA,
    k: Symbol = K,
    beta: Symbol = BETA,
) -> Model:
    """Put binary neurons and binary weights on the promoted interaction graph of a network.

    Every rule has the weight exp(2 alpha h sign(sum W h_parent)) (a constant times the smeared
    constraint), or the constraint itself where it is sharp; every weight has exp(k W), every output
    exp(-beta (y - h)²). A wire passes its neuron on with weight one.

    Parameters
    ----------
    interactions : Interactions
        With promoted neurons; every neuron reads an odd number of inputs, wires included, so that
        no sum vanishes.
    x : mapping of (neuron, copy) to ±1, optional
        The inputs. Without it they stay free spins, named ("x", neuron, copy).
    y : mapping of (neuron, copy) to ±1, optional
        The targets of the outputs. Without it there is no cost.
    sharp : bool
        Whether the rules hold exactly (infinite stiffness).
    alpha, k, beta : Symbol
        The couplings.

    Returns
    -------
    Model

    Raises
    ------
    ValueError
        If neurons are not promoted, a rule has an even number of inputs or a bias, or a datum is
        not ±1.

    Examples
    --------
    >>> model = binary_model(promoted(mlp([1, 1, 1])))
    >>> sorted(map(str, model.couplings))
    ['alpha', 'k']
    """
    if not interactions.rules:
        raise ValueError(
            "the neurons are no variables of these interactions: promote them first "
            "(neurenorm.graphs.network.interaction.promoted)"
        )
    terms: list[Term] = []
    kernels: list[Kernel] = []
    for rule in interactions.rules.values():
        scope, function = _rule_function(rule, _data(x, "x"), sharp)
        if sharp:
            kernels.append(Kernel(scope, function))
        else:
            terms.append(Term(alpha, scope, function))
    terms += [Term(k, (v,), _identity) for v in interactions.variables if v[0] == "W"]
    _check_places(interactions, x, y)
    for (neuron, copy), target in _data(y, "y").items():
        terms.append(Term(beta, (("h", neuron, copy),), minus_square(target)))
    names = [*interactions.variables, *(_inputs(interactions) if x is None else [])]
    return Model(dict.fromkeys(names, ISING), tuple(terms), tuple(kernels))


def _check_places(
    interactions: Interactions, x: Mapping[Any, int] | None, y: Mapping[Any, int] | None
) -> None:
    """Refuse data that are not at inputs, inputs without data where some are given, and targets
    that are not at outputs.
    """
    net, copies = interactions.network, range(interactions.copies)
    inputs, outputs = (
        {(v, copy) for v in neurons for copy in copies} for neurons in (net.inputs, net.outputs)
    )
    wrong = {"x": set(x or inputs) ^ inputs, "y": set(y or ()) - outputs}
    for name, places in wrong.items():
        if places:
            what = (
                "one datum for every input and copy" if name == "x" else "targets at outputs alone"
            )
            raise ValueError(f"{name} holds {what}; missing or too many: {min(map(str, places))}")


def _identity(value: Any) -> Any:
    """The function of a field."""
    return value


@cache
def minus_square(target: int) -> Callable[[Any], Any]:
    """The function -(y - h)² of an output."""
    return lambda h: -((target - h) ** 2)


def _data(values: Mapping[Any, int] | None, name: str) -> dict[Any, int]:
    """Data of a binary network, checked."""
    for place, value in (values or {}).items():
        if isinstance(value, bool) or value not in (1, -1):
            raise ValueError(
                f"the data of a binary network are +1 or -1, got {name} = {value} at {place}"
            )
    return dict(values or {})


def _inputs(interactions: Interactions) -> list[tuple[Any, ...]]:
    """The inputs that rules read, in a fixed order."""
    found = {h for rule in interactions.rules.values() for _, h in rule.pairs if h[0] == "x"}
    return sorted(found, key=lambda h: (h[2], str(h)))


def _rule_function(
    rule: Rule, x: Mapping[Any, int], sharp: bool
) -> tuple[tuple[Any, ...], Callable[..., Any]]:
    """The scope and the function of one rule; a given input is put into the function, a free one
    stays in the scope.
    """
    if len(rule.pairs) % 2 == 0:
        raise ValueError(
            f"the neuron {rule.out[1]} reads {len(rule.pairs)} inputs; binary neurons need an odd "
            "number, else a sum can vanish and has no sign "
            "(neurenorm.theory.dynamic_neurons.promotion has rules for any finite neurons)"
        )
    if rule.bias is not None:
        raise ValueError(
            f"the neuron {rule.out[1]} has a bias, which the binary model does not; see "
            "neurenorm.theory.dynamic_neurons.self_maps for biases"
        )
    pairs = sorted(rule.pairs, key=str)
    signs = tuple(x.get(h[1:]) if h[0] == "x" else None for _, h in pairs)
    parents = [h for (_, h), sign in zip(pairs, signs, strict=True) if sign is None]
    wires = tuple(w is None for w, _ in pairs)
    return (rule.out, *(w for w, _ in pairs if w is not None), *parents), _sign_rule(
        signs, wires, sharp
    )


@cache
def _sign_rule(
    signs: tuple[int | None, ...], wires: tuple[bool, ...], sharp: bool
) -> Callable[..., Any]:
    """2 h sign(sum W h'), or the indicator of h = sign(sum W h'); the same object for equal rules,
    so that their tables are shared.
    """
    count = wires.count(False)

    def function(out: Any, *rest: Any) -> Any:
        """The rule at one configuration."""
        weights, free = iter(rest[:count]), iter(rest[count:])
        products = (
            (1 if wire else next(weights)) * (next(free) if sign is None else sign)
            for wire, sign in zip(wires, signs, strict=True)
        )
        total = sum(products)
        agreement = out * (1 if total > 0 else -1)
        return int(agreement == 1) if sharp else 2 * agreement

    return function


def block_decimation(b: int = 2, copies: int = 1) -> Decimation:
    """Sum out the layers between two ends of a chain of b layers, at fixed block weight W' =
    product of its weights.

    Parameters
    ----------
    b : int
        Number of layers that become one, at least 2.
    copies : int
        Number of data P, at most `MOST_COPIES`: the tables have 2^(2 P + 1) entries.

    Returns
    -------
    Decimation
        Onto ("block",) and the neurons of both ends.

    Examples
    --------
    >>> sorted(set(map(str, block_decimation().effective.values())))
    ['log(cosh(2*k))/2', 'log(cosh(4*alpha))/2', 'log(cosh(4*alpha)*cosh(2*k))/2 + 2*log(2)']
    """
    if not isinstance(b, int) or b < 2:
        raise ValueError(f"the scale factor b must be an integer of at least 2, got {b!r}")
    if isinstance(copies, int) and copies > MOST_COPIES:
        raise ValueError(
            f"P = {copies} data need tables of 2^{2 * copies + 1} entries; at most P = "
            f"{MOST_COPIES} are summed out. The couplings do not depend on P, "
            "so decimate with copies=1; "
            f"neurenorm.theory.dynamic_neurons.spectrum.BinarySpectrum({copies}).blocks has the "
            f"kernel in {copies + 1} parity blocks"
        )
    interactions = promoted(mlp([1] * (b + 1)), copies)
    model = binary_model(interactions)
    weights = [v for v in interactions.variables if v[0] == "W"]
    partial = [weights[0], *(("product", m) for m in range(2, b)), BLOCK]
    kernels = tuple(
        Kernel((partial[m], partial[m - 1], weights[m]), _is_product) for m in range(1, b)
    )
    alphabets: dict[Any, Alphabet] = dict(model.alphabets)
    alphabets.update((v, ISING) for v in partial[1:])
    ends = [("x", (0, 0), copy) for copy in range(copies)] + [
        ("h", (b, 0), copy) for copy in range(copies)
    ]
    return decimate(Model(alphabets, model.terms, kernels), [BLOCK, *ends])


def _is_product(block: Any, left: Any, right: Any) -> int:
    """Whether a block variable is the product of its two parts."""
    return int(block == left * right)


@dataclass(frozen=True)
class BlockCouplings(OverRing):
    """The couplings that a decimation with a block weight leaves, as the two couplings of the
    chain.

    Evaluated by running the elimination over numbers, so that b is not limited by the size of a
    formula.

    Parameters
    ----------
    decimation : Decimation
        From `block_decimation`.
    b, copies : int
    """

    decimation: Decimation
    b: int
    copies: int

    def over(self, ring: Ring) -> dict[str, Any]:
        """Return the two couplings as elements of a ring."""
        decimation, half = self.decimation, Rational(1, 2)
        logs = ring.log_weights(decimation)
        found = transform(decimation.space, decimation.keep, logs, ring.combine)
        alpha = ring.combine([(half, found[self.labels["alpha"]])])
        return {"alpha": ring.coupling(alpha), "k": ring.coupling(found[self.labels["k"]])}

    @cached_property
    def labels(self) -> dict[str, Label]:
        """The basis functions that carry k' and 2 alpha' (of the first copy)."""
        pair = (("x", (0, 0), 0), ("h", (self.b, 0), 0))
        return {"alpha": ((BLOCK, 1), (pair[0], 1), (pair[1], 1)), "k": ((BLOCK, 1),)}

    def expected(self, label: Label) -> bool:
        """Whether a basis function belongs to the two couplings: the constant, the block weight, or
        block weight times both ends of one copy.
        """
        if not all(
            isinstance(part, tuple)
            and len(part) == 2
            and (part[0] == BLOCK or (isinstance(part[0], tuple) and len(part[0]) == 3))
            for part in listed(label, "the factors")
        ):
            raise ValueError(f"a basis function is pairs (vertex, number), got {shown(label)}")
        ends: list[Any] = [v for v, _ in label if v != BLOCK]
        return not label or (
            label[0][0] == BLOCK
            and (
                not ends
                or (len(ends) == 2 and ends[0][2] == ends[1][2] and ends[0][0] != ends[1][0])
            )
        )

    @cached_property
    def recursion(self) -> Recursion:
        """The step as a `Recursion` of (alpha, k) with its constant ln C; raises `NotClosed` if
        another coupling is generated or the copies differ.
        """
        expansion = self.decimation.expansion
        extra = [
            self.decimation.label_latex(label) for label in expansion if not self.expected(label)
        ]
        read = {name: expansion[label] for name, label in self.labels.items()}
        copies = {
            str(sorted(row.atoms.items())) for label, row in expansion.items() if len(label) == 3
        }
        if extra or len(copies) != 1:
            raise NotClosed(
                "the step generates "
                f"{', '.join(extra) or 'couplings that differ between the copies'}"
            )
        to_expr = self.decimation.log_basis.to_expr
        step = (to_expr(read["alpha"]) / 2, to_expr(read["k"]))
        return Recursion(
            (ALPHA, K), step, self.b, to_expr(expansion[()]), derivation=self._derivation(step)
        )

    def _derivation(self, step: tuple[Expr, Expr]) -> Derivation:
        """The sums over the interior of one copy at both signs, and the two projections."""
        domain = {ALPHA: SYMBOLS["alpha"].domain, K: SYMBOLS["k"].domain}
        rows = [
            self.decimation.partition_function(
                [sign, 0, 0] if self.copies == 1 else [sign] + [0] * (2 * self.copies)
            )
            for sign in (0, 1)
        ]
        flipped = [
            self.decimation.partition_function([sign] + [1] * self.copies + [0] * self.copies)
            for sign in (0, 1)
        ]
        pair = (log(rows[0] / rows[1]) - log(flipped[0] / flipped[1])) / (8 * self.copies)
        single = (log(rows[0] / rows[1]) + log(flipped[0] / flipped[1])) / 4
        steps = [
            Step("project on W' h h'", pair, step[0], r"\alpha'", domain),
            Step("project on W'", single, step[1], "k'", domain),
        ]
        return Derivation("decimation with a block weight", tuple(steps))

    @property
    def derivation(self) -> Derivation:
        """The steps that led to the recursion."""
        return self.recursion.derivation

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the recursion."""
        return self.recursion.to_latex(names)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.to_latex({s: tex(s) for s in (ALPHA, K)})}$"


def block_couplings(b: int = 2, copies: int = 1) -> BlockCouplings:
    """Return the couplings of a chain after b layers have become one (see `block_decimation`).

    Examples
    --------
    >>> block_couplings().recursion.step
    (log(cosh(4*alpha))/4, log(cosh(2*k))/2)
    """
    return BlockCouplings(block_decimation(b, copies), b, copies)


@exact_arguments
def binary_recursion(b: int = 2, copies: int = 1) -> Recursion:
    """Derive the exact recursion of the two couplings (alpha, k) of a binary chain with P data.

    Parameters
    ----------
    b : int
        Scale factor.
    copies : int
        Number of data P; the recursion does not depend on it, its constant does.

    Returns
    -------
    Recursion
        With ln C, the constant per new layer, such that T^b = C T'.

    Raises
    ------
    NotClosed
        If other couplings were generated (they are not).

    Examples
    --------
    >>> flow = binary_recursion(copies=2)
    >>> flow.step
    (log(cosh(4*alpha))/4, log(cosh(2*k))/2)
    >>> flow.in_chart(binary_chart()).step
    (t**2, kappa**2)
    """
    return block_couplings(b, copies).recursion


def binary_chart() -> Chart:
    """Return the chart (t, kappa) = (tanh 2 alpha, tanh k), in which a step is a power."""
    return Chart(
        {SYMBOLS.t: tanh(2 * ALPHA), SYMBOLS.kappa: tanh(K)},
        {ALPHA: atanh(SYMBOLS.t) / 2, K: atanh(SYMBOLS.kappa)},
    )


def binary_fixed_points(b: int = 2, signs: Sequence[int] = (1,)) -> tuple[FixedPoint, ...]:
    """Return the exact fixed points in the variables (t, kappa) = (tanh 2 alpha, tanh k), with the
    eigenvalues of the linearised step.

    Parameters
    ----------
    b : int
        Scale factor.
    signs : sequence of int
        Signs of kappa that are looked at.

    Examples
    --------
    >>> [(p.point, p.eigenvalues) for p in binary_fixed_points()]
    [((0, 0), (0, 0)), ((0, 1), (0, 2)), ((1, 0), (2, 0)), ((1, 1), (2, 2))]
    """
    steps = binary_recursion(b).in_chart(binary_chart())
    lines = [
        Recursion((variable,), (step,), steps.scale)
        for variable, step in zip(steps.state, steps.step, strict=True)
    ]
    memory, prior = (exact_fixed_points(line) for line in lines)
    return tuple(
        FixedPoint(
            (t.point[0], kappa.point[0]),
            "exact",
            (*t.eigenvalues, *kappa.eigenvalues),
            (*t.exponents, *kappa.exponents),
        )
        for t in memory
        if 0 <= t.point[0] <= 1
        for kappa in prior
        if kappa.point[0] == 0 or any(kappa.point[0] * sign > 0 for sign in signs)
    )
