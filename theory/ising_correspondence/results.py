"""Results on our realization of the correspondence: trained networks and the renormalization of the
Ising chain.
"""

from __future__ import annotations

from typing import Any

from sympy import Integer, Interval, Range, Rational, Reals, oo

from neurenorm.theory.catalogue.result import Parameter, Result
from neurenorm.theory.ising_correspondence.flow import (
    BlockInformation,
    BlockOutput,
    output_coupling,
    prediction_layer,
)
from neurenorm.theory.ising_correspondence.machines import (
    bond_machine,
    half_width_machine,
    linear_autoencoder,
)
from neurenorm.theory.ising_correspondence.units import BlockUnit, decimation, majority
from neurenorm.theory.symbols import symbols

__all__ = ["RESULTS", "block_unit"]

SUBJECT = symbols("ising-correspondence")
WEIGHT = "Ising weight exp(K s s') per bond at zero field; the coupling carries the minus beta."
OURS = (
    "Our realization of the correspondence: what the paper calls the limit of the output coupling "
    "is not known to us; "
    "six readings are labelled A to F in neurenorm.theory.ising_correspondence.flow.READINGS."
)
LARGEST_BLOCK = 999
DEEPEST = 64


def block_unit(rule: str, b: int, site: int | None = None) -> BlockUnit:
    """Return the unit of a named rule: decimation onto a site, or majority.

    Raises
    ------
    ValueError
        If the majority is of an even block, or a site is given with a rule that keeps none.

    Examples
    --------
    >>> block_unit("decimation", 3).name
    'decimation onto site 3 of 3'
    """
    if rule == "decimation":
        return decimation(b, site)
    if site is not None:
        raise ValueError(f"site is the spin that rule=decimation keeps; rule={rule} keeps none")
    return majority(b)


def block_output(
    b: int = 3, rule: str = "majority", site: int | None = None, depth: int = 1
) -> BlockOutput:
    """State the correlations of the outputs of a stack of block layers."""
    return BlockOutput(block_unit(rule, b, site), depth)


def block_information(
    b: int = 3, rule: str = "decimation", site: int | None = None
) -> BlockInformation:
    """State the mutual information between an output and its environment."""
    return BlockInformation(block_unit(rule, b, site))


def _even_ring(value: Any) -> Any:
    """Return the size of a ring that has a decimation by two."""
    if not isinstance(value, Integer) or value < 4:
        raise ValueError(
            f"N, the spins of the ring, must be an even integer of at least 4, got {value}"
        )
    if value % 2:
        raise ValueError(
            f"an odd ring has no b = 2 decimation: N must be even and at least 4, got {value}"
        )
    return value


def _ferromagnet(value: Any) -> Any:
    """Return a coupling that a bond machine with real weights can hold."""
    if not isinstance(value, Rational) or value < 0:
        raise ValueError(
            "a bond machine has a real weight for a finite K >= 0 only (tanh K = tanh² w), got K "
            f"= {value}"
        )
    return value


_COUPLING = Parameter("K", SUBJECT["K"].meaning, Reals)
_SCALE = Parameter("b", SUBJECT["b"].meaning, Range(2, oo))
_BLOCK = Parameter("b", SUBJECT["b"].meaning, Range(2, LARGEST_BLOCK + 1), structural=True)
_RULE = Parameter(
    "rule",
    "what a unit makes of its block",
    ("decimation", "majority"),
    "decimation",
    structural=True,
)
_SITE = Parameter(
    "site",
    "kept site of a decimation, from 1; the last by default",
    Range(1, oo),
    None,
    structural=True,
)

RESULTS = (
    Result(
        "ising-correspondence/output-coupling",
        "Coupling of the outputs of a stack of layers at their optimum: the renormalized coupling "
        "of the chain",
        SUBJECT,
        (_COUPLING, _SCALE, Parameter("depth", SUBJECT["depth"].meaning, Range(0, DEEPEST + 1), 1)),
        ("K",),
        output_coupling,
        (WEIGHT, OURS),
    ),
    Result(
        "ising-correspondence/block-output",
        "Correlations of the outputs of a stack of block layers",
        SUBJECT,
        (
            _COUPLING,
            _BLOCK,
            _RULE,
            _SITE,
            Parameter("depth", SUBJECT["depth"].meaning, Range(0, DEEPEST + 1), 1, structural=True),
        ),
        ("nearest", "ratio"),
        block_output,
        (
            WEIGHT,
            "nearest is the mean of h_0 h_1, ratio that of h_0 h_2 over that of h_0 h_1.",
            OURS,
        ),
        {"b": 3, "rule": "majority"},
    ),
    Result(
        "ising-correspondence/prediction-layer",
        "Optimal weight on the last spin, and minimal loss, of a layer that predicts the spin at "
        "distance r",
        SUBJECT,
        (_COUPLING, Parameter("r", SUBJECT["r"].meaning, Range(1, oo))),
        ("weight", "loss"),
        prediction_layer,
        (WEIGHT, "Loss: cross-entropy E[ln 2 cosh(W.s) - e W.s] of a tanh unit, in nats.", OURS),
        units={"loss": "nats"},
    ),
    Result(
        "ising-correspondence/bond-machine",
        "Weight of the Boltzmann machine with a hidden unit on every bond that has the chain as "
        "its marginal",
        SUBJECT,
        (Parameter("K", SUBJECT["K"].meaning, convert=_ferromagnet),),
        ("w",),
        bond_machine,
        (WEIGHT, OURS),
    ),
    Result(
        "ising-correspondence/half-width-machine",
        "Divergence and hidden correlation of the Boltzmann machine whose N/2 hidden units copy "
        "every second spin",
        SUBJECT,
        (
            _COUPLING,
            Parameter("N", SUBJECT["N"].meaning, convert=_even_ring),
            Parameter("lambda", SUBJECT["lambda"].meaning, Interval(0, oo)),
        ),
        ("kl", "correlation"),
        half_width_machine,
        (
            WEIGHT,
            "Machine: joint weight exp(sum of v W h), units +1 and -1, no biases; kl in nats.",
            OURS,
        ),
        units={"kl": "nats"},
    ),
    Result(
        "ising-correspondence/linear-autoencoder",
        "Reconstruction loss per spin of the best linear auto-encoder with N/b features",
        SUBJECT,
        (_COUPLING, _SCALE),
        ("loss",),
        linear_autoencoder,
        (WEIGHT, "A control: the features are Fourier modes, not decimated spins.", OURS),
    ),
    Result(
        "ising-correspondence/block-information",
        "Mutual information between an output and one neighbouring spin, or both",
        SUBJECT,
        (_COUPLING, _BLOCK, _RULE, _SITE),
        ("one_sided", "two_sided"),
        block_information,
        (WEIGHT, OURS),
        {"b": 3},
        "nats",
    ),
)
