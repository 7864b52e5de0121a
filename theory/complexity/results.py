"""Results on complexity and effective dimension: entropies of on and off states of random networks,
and spectra of their representations.
"""

from __future__ import annotations

from typing import Any

from sympy import Interval, Range, oo, pi

from neurenorm.theory.catalogue.problems import Formula
from neurenorm.theory.catalogue.result import Parameter, Result
from neurenorm.theory.complexity.effective_dimension import (
    LayerSpectrum,
    SphereKernel,
    layer_spectrum,
    linear_dimension,
    sphere_kernel,
    white_dimension,
)
from neurenorm.theory.complexity.joint_entropy import pair_entropy
from neurenorm.theory.complexity.state_entropy import (
    RandomNetwork,
    StateEntropy,
    first_layer,
    neuron_profile,
)
from neurenorm.theory.gaussian.activation import activation, activation_names
from neurenorm.theory.symbols import symbols

__all__ = ["RESULTS", "random_network"]

SUBJECT = symbols("complexity")
STATE = "A unit is on where its pre-activation is positive; entropies are in bits, per unit."
INPUTS = (
    "W_ij ~ N(0, sw2/N_in), b_i ~ N(0, sb2); inputs of squared length N_in whose overlap is c0 for "
    "every pair; infinite width; layers count from 1."
)
DIMENSION = (
    "Effective dimension: exp(-sum p ln p) over the normalised eigenvalues p of the centred "
    "covariance."
)
DEEPEST = 10_000


def random_network(activation: Any = "relu", depth: int = 1) -> RandomNetwork:
    """State the complexity of a random network against depth."""
    return RandomNetwork.of(activation, depth)


def _activation(value: Any) -> str:
    """Return the text of an activation that can be read."""
    if not isinstance(value, str):
        raise ValueError(
            "activation must be a name such as relu or tanh, or an expression of one variable, "
            f"got {value}"
        )
    if value.isidentifier() and len(value) > 1 and value not in activation_names():
        raise ValueError(
            f"unknown activation {value!r}; the names are {', '.join(activation_names())}, and an "
            "expression such as z*exp(-z**2/2) may be given"
        )
    activation(value)
    return value


def _angle(value: Any) -> Any:
    """Return an angle between 0 and π."""
    if not getattr(value, "is_Rational", False) or value < 0 or value > pi:
        raise ValueError(
            "theta, the angle between the weights of two units, must be a number between 0 and pi "
            f"= 3.14159..., got {value}"
        )
    return value


def pair_formula() -> Formula:
    """Return the entropy of two units at an angle."""
    return Formula(*pair_entropy())


def profile() -> StateEntropy:
    """Return the mean complexity G(r)."""
    return neuron_profile()


def relu_spectrum() -> LayerSpectrum:
    """Return the spectrum of one random layer of rectifiers."""
    return layer_spectrum("relu")


def sphere(depth: int = 1) -> SphereKernel:
    """Return the kernel of a random network of rectifiers on the sphere."""
    return sphere_kernel(depth)


_DEPTH = Parameter("depth", SUBJECT["depth"].meaning, Range(1, DEEPEST + 1), structural=True)
_WEIGHTS = Parameter("sw2", SUBJECT["sw2"].meaning, Interval(0, oo))
_BIASES = Parameter("sb2", SUBJECT["sb2"].meaning, Interval(0, oo))

RESULTS = (
    Result(
        "complexity/random-network",
        "Mean complexity per unit against depth in a wide random network",
        SUBJECT,
        (
            Parameter(
                "activation",
                "name of an activation, or an expression of one variable",
                None,
                structural=True,
                convert=_activation,
            ),
            _WEIGHTS,
            _BIASES,
            _DEPTH,
            Parameter("c0", SUBJECT["c0"].meaning, Interval(0, 1), 0),
        ),
        ("bits",),
        random_network,
        (STATE, INPUTS),
        {"activation": "relu", "depth": 3},
        "bits",
    ),
    Result(
        "complexity/neuron-profile",
        "Mean complexity of units whose mean pre-activation spreads r times as wide as a "
        "pre-activation over the data",
        SUBJECT,
        (Parameter("r", SUBJECT["r"].meaning, Interval(0, oo), infinite=True),),
        ("value",),
        profile,
        (STATE,),
        None,
        "bits",
    ),
    Result(
        "complexity/first-layer",
        "Mean complexity of the first layer on isotropic Gaussian inputs of finite dimension",
        SUBJECT,
        (_WEIGHTS, _BIASES, Parameter("d", SUBJECT["d"].meaning, Range(1, 1_000_001))),
        ("bits",),
        first_layer,
        (STATE, "W_ij ~ N(0, sw2/d), b_i ~ N(0, sb2); inputs are standard normal in d dimensions."),
        None,
        "bits",
    ),
    Result(
        "complexity/pair-entropy",
        "Joint entropy and total correlation of two units without bias whose weights make an angle "
        "theta",
        SUBJECT,
        (Parameter("theta", SUBJECT["theta"].meaning, convert=_angle),),
        ("joint", "total_correlation"),
        pair_formula,
        (STATE, "Isotropic data of any dimension; the angle is in radians."),
        None,
        "bits",
    ),
    Result(
        "complexity/white-dimension",
        "Effective dimension and participation ratio of white data from a finite number of samples",
        SUBJECT,
        (
            Parameter("n", SUBJECT["n"].meaning, Range(1, oo)),
            Parameter("samples", SUBJECT["samples"].meaning, Range(2, oo)),
        ),
        ("effective_dimension", "participation_ratio"),
        white_dimension,
        (
            DIMENSION,
            "Means over samples to the first two orders; the error is what is left out. Centring "
            "leaves samples - 1 degrees of freedom.",
        ),
    ),
    Result(
        "complexity/linear-dimension",
        "Effective dimension per unit after several square random linear layers on white data",
        SUBJECT,
        (Parameter("depth", SUBJECT["depth"].meaning, Range(1, oo)),),
        ("fraction",),
        linear_dimension,
        (
            DIMENSION,
            "Square Gaussian layers of infinite width, unlimited data; the fraction is of the "
            "number of units.",
        ),
    ),
    Result(
        "complexity/relu-dimension",
        "Effective dimension and participation ratio per unit of one wide random layer of "
        "rectifiers on white data",
        SUBJECT,
        (Parameter("ratio", SUBJECT["ratio"].meaning, Interval.open(0, oo)),),
        ("fraction", "participation"),
        relu_spectrum,
        (
            DIMENSION,
            "Standard normal inputs without limit in number, no bias, post-activations; n and d "
            "large at the fixed ratio n/d.",
        ),
    ),
    Result(
        "complexity/sphere-dimension",
        "Effective dimension of the representation of data on a sphere in an infinitely wide "
        "random network of rectifiers",
        SUBJECT,
        (
            Parameter("d", SUBJECT["d"].meaning, Range(2, 201)),
            Parameter("depth", SUBJECT["depth"].meaning, Range(1, 101), structural=True),
        ),
        ("effective_dimension",),
        sphere,
        (
            DIMENSION,
            "Inputs uniform on the unit sphere in d dimensions, no bias, post-activations; the "
            "weight variance drops out.",
        ),
        {"depth": 2},
    ),
)
