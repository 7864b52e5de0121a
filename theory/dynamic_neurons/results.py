"""Results on networks whose neurons are degrees of freedom: binary, linear, real and wide
layers.
"""

from __future__ import annotations

from typing import Any

from sympy import Interval, Range, Reals, oo
from sympy.core.numbers import Number

from neurenorm.theory.catalogue.result import Parameter, Result
from neurenorm.theory.dynamic_neurons.chain import block_couplings
from neurenorm.theory.dynamic_neurons.interaction_order import (
    interaction_order,
    polynomial_activation,
)
from neurenorm.theory.dynamic_neurons.spectrum import (
    BinarySpectrum,
    matches,
    partition_function,
    transfer_spectrum,
    weight_magnetization,
)
from neurenorm.theory.dynamic_neurons.stiffness import smeared_chain
from neurenorm.theory.dynamic_neurons.two_state import two_state_kernel
from neurenorm.theory.dynamic_neurons.wide import wide_binary
from neurenorm.theory.gaussian.activation import activation as read_activation
from neurenorm.theory.symbols import symbols

__all__ = ["RESULTS"]

SUBJECT = symbols("dynamic-neurons")
DEEPEST = 1_000_000
RULE = (
    "Softened rule: weight exp(-alpha (h' - W h)^2) per neuron and datum; for binary neurons a "
    "constant times exp(2 alpha W h h')."
)
PRIOR = "Binary weights have the prior exp(k W); the cost is exp(-beta sum (y - h)^2)."
INSTANCE = "An exactly solvable instance of the construction, not a model named in the paper."


def _signs(name: str) -> Any:
    """A converter that admits lists of +1 and -1."""

    def convert(value: Any) -> list[int]:
        """The list as integers."""
        entries = value if isinstance(value, list | tuple) else [value]
        if any(isinstance(entry, bool) or entry not in (1, -1) for entry in entries) or not entries:
            raise ValueError(f"{name} must be a list of +1 and -1 such as [1,-1,1], got {value!s}")
        return [int(entry) for entry in entries]

    return convert


def _truth(value: Any) -> bool:
    """Admit true and false."""
    if not isinstance(value, bool):
        raise ValueError(f"normalised must be true or false, got {value!s}")
    return value


def _prior(value: Any) -> Any:
    """Admit a positive finite variance: without a prior the integral over the weights diverges."""
    if not (isinstance(value, Number) and value.is_positive and value.is_finite):
        reason = (
            "without a prior the integral over the weights diverges, above all for unbounded "
            "activations"
        )
        raise ValueError(
            "prior_variance (variance of the Gaussian prior of every weight) must be a positive "
            f"finite number: {reason}; got {value!s}"
        )
    return value


def _binary_partition(M: int, x: list[int], y: list[int], normalised: bool = True) -> Any:
    """Check the data, then derive."""
    matches(x, y)
    return partition_function(M, x, y, normalised)


def _spectrum(P: int = 1, normalised: bool = False, form: str = "table") -> BinarySpectrum:
    """Refuse a list of eigenvalues that is too long, then derive."""
    spectrum = transfer_spectrum(P, normalised, form)
    spectrum.check_table()
    return spectrum


def _smeared(activation: Any, M: int) -> Any:
    """The chain of real neurons."""
    return smeared_chain(activation, M)


def _order(layers: int, activation: Any) -> Any:
    """Degrees of the interactions."""
    return interaction_order(layers, activation)


def _polynomial(value: Any) -> Any:
    """Admit the text of a polynomial in z."""
    return polynomial_activation(value if isinstance(value, str) else str(value))


def _parameter(name: str, **options: Any) -> Parameter:
    """A parameter that is a symbol of the subject."""
    quantity = SUBJECT[name]
    return Parameter(name, quantity.meaning, quantity.domain, **options)


_ALPHA, _K, _BETA = _parameter("alpha"), _parameter("k"), _parameter("beta")
_STIFFNESS = _parameter("alpha", infinite=True)
_LAYERS = Parameter("M", SUBJECT["M"].meaning, Range(1, DEEPEST + 1), structural=True)
_X = Parameter("x", "inputs, a list of +1 and -1", None, structural=True, convert=_signs("x"))
_Y = Parameter("y", "targets, a list of +1 and -1", None, structural=True, convert=_signs("y"))

RESULTS = (
    Result(
        "dynamic-neurons/binary-decimation",
        "Decimation in depth of binary neurons with binary weights and any number of data: the two "
        "couplings of the chain after b layers became one",
        SUBJECT,
        (_ALPHA, _K, Parameter("b", SUBJECT["b"].meaning, Range(2, 2_001), 2, structural=True)),
        ("alpha", "k"),
        block_couplings,
        (
            RULE,
            PRIOR,
            "The new weight is the product of the old ones; the couplings do not depend on the "
            "number of data.",
            INSTANCE,
        ),
    ),
    Result(
        "dynamic-neurons/transfer-spectrum",
        "Spectrum and correlation lengths of one binary layer acting on P data",
        SUBJECT,
        (
            _ALPHA,
            _K,
            Parameter("P", SUBJECT["P"].meaning, Range(1, oo), 1, structural=True),
            Parameter(
                "normalised",
                "whether each constraint sums to one",
                None,
                False,
                structural=True,
                convert=_truth,
            ),
            Parameter(
                "form",
                "all 2^P eigenvalues, or pairs of an eigenvalue and its multiplicity",
                ("table", "blocks"),
                "table",
                structural=True,
            ),
        ),
        ("eigenvalues", "xi_odd", "xi_even"),
        _spectrum,
        (
            RULE,
            PRIOR,
            "xi_odd is the length of a single datum, xi_even that of the overlap of two data, in "
            "layers, whatever P.",
            INSTANCE,
        ),
        {"P": 2},
        units={"xi_odd": "layers", "xi_even": "layers"},
    ),
    Result(
        "dynamic-neurons/partition-function",
        "Exact partition function of a binary chain over all weights and neurons",
        SUBJECT,
        (
            _LAYERS,
            _STIFFNESS,
            _K,
            _BETA,
            _X,
            _Y,
            Parameter(
                "normalised",
                "whether each constraint sums to one",
                None,
                True,
                structural=True,
                convert=_truth,
            ),
        ),
        ("value",),
        _binary_partition,
        (RULE, PRIOR, "alpha = inf is the sharp constraint.", INSTANCE),
        {"M": 3, "x": [1, -1], "y": [1, 1]},
    ),
    Result(
        "dynamic-neurons/weight-magnetization",
        "Averages of one weight and of the product of all weights at infinite stiffness",
        SUBJECT,
        (_LAYERS, _K, _BETA, _X, _Y),
        ("single", "product"),
        weight_magnetization,
        (PRIOR, "The average of one weight is the same in every layer.", INSTANCE),
        {"M": 3, "x": [1, -1, 1], "y": [1, -1, -1]},
    ),
    Result(
        "dynamic-neurons/two-state-kernel",
        "Decimation by two of any positive 2 x 2 layer kernel",
        SUBJECT,
        (
            _parameter("K0", default=0),
            _parameter("K1"),
            _parameter("K2"),
            Parameter("g", "antisymmetric part", Reals, 0),
        ),
        ("K0", "K1", "K2", "g"),
        two_state_kernel,
        ("T(h, h') = exp(K0 + K1 h h' + K2 (h + h')/2 + g (h - h')/2).", INSTANCE),
    ),
    Result(
        "dynamic-neurons/interaction-order",
        "Polynomial degree of the energy, and coupled pairs of weight layers, before and after the "
        "neurons are promoted (one neuron per layer)",
        SUBJECT,
        (
            Parameter("layers", "number of weight layers", Range(1, 301), structural=True),
            Parameter(
                "activation",
                "polynomial in z, such as z+g*z^2 (other letters: any coefficients)",
                None,
                "z",
                structural=True,
                convert=_polynomial,
            ),
        ),
        ("static", "dynamic", "static_pairs", "dynamic_pairs"),
        _order,
        (
            "static: degree of the cost in the weights. dynamic: degree of the energy in weights "
            "and neurons.",
        ),
        {"layers": 3, "activation": "z + g*z^2"},
    ),
    Result(
        "dynamic-neurons/wide-binary",
        "Wide layers of binary neurons: second eigenvalue at finite width, mean and critical gain "
        "at infinite width",
        SUBJECT,
        (
            Parameter("g", "gain: the binary weights have the mean g/sqrt(N)", Reals),
            Parameter(
                "N", SUBJECT["N"].meaning + ", odd", Range(1, 400), structural=True, infinite=True
            ),
        ),
        ("lambda1", "m", "g_c"),
        wide_binary,
        (
            "lambda1 is given at finite N: the eigenvalue next to 1, whose function changes sign "
            "when all neurons do; it has the sign of g.",
            "m >= 0 (the stable fixed point) and g_c are given at N = inf.",
            INSTANCE,
        ),
        {"N": oo},
    ),
    Result(
        "dynamic-neurons/smeared-partition-function",
        "Partition function of a chain of real neurons with softened or sharp rules",
        SUBJECT,
        (
            Parameter(
                "activation",
                "name or expression of one variable",
                None,
                structural=True,
                convert=read_activation,
            ),
            Parameter("M", SUBJECT["M"].meaning, Range(1, 51), structural=True),
            Parameter("x", "input", Reals),
            Parameter("y", "target", Reals),
            _BETA,
            _STIFFNESS,
            Parameter(
                "prior_variance",
                "variance of the Gaussian prior of every weight",
                Interval.open(0, oo),
                1,
                convert=_prior,
            ),
        ),
        ("value",),
        _smeared,
        (
            "One neuron per layer, no bias; each softened constraint is normalised; alpha = inf is "
            "the sharp constraint; v is prior_variance.",
        ),
        {"activation": "tanh", "M": 2},
    ),
)
