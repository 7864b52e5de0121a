"""From ±1 samples to a verdict: estimate the coupling, train a causal stack, compare every layer
with the RG law.

Few samples hide a weak coupling: the weights of a unit that sees d spins have the covariance C⁻¹/(n
(1 − t^{2b})), which puts noise of variance d/(n (1 − t^{2b})) into its field, and the unit
decimates only where its weight exceeds that. Layers beyond that are reported with the samples they
would take, and left out of the verdict.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import Any

import numpy as np

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.compile import compiled
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.measure.spins.verdict import (
    SIGMAS,
    FlowVerdict,
    Outcome,
    coupling_law,
    judge,
)
from neurenorm.numerics.observables.couplings import OutputCouplings, estimate_couplings
from neurenorm.numerics.observables.output_symmetry import samples_needed
from neurenorm.numerics.observables.samples import read_spins
from neurenorm.numerics.simulation.ising_correspondence.tanh_layers import (
    CausalLayer,
    train_causal_stack,
)
from neurenorm.theory.catalogue.problems import Formula
from neurenorm.theory.ising_correspondence.flow import weight_bias, weight_spread
from neurenorm.theory.symbols import symbols

__all__ = ["Experiment", "LayerReport", "analyse"]

_NOISE_MARGIN = 3.0
"""Standard deviations of the other weights' field above which a unit's sign is that of the spin it
copies.
"""


@dataclass(frozen=True, eq=False)
class LayerReport(Tabulated):
    """One trained layer beside the RG law.

    Parameters
    ----------
    depth : int
        From 1.
    law : float
        Coupling of the outputs, and weight, by the RG law at the estimated input coupling.
    weight : float
        Mean trained weight on the spin that an output sits on.
    others : float
        Largest other weight, in size.
    loss : float
        Cross-entropy in nats.
    couplings : OutputCouplings
        Of the outputs.
    agreement : float
        Share of outputs that equal the spin they sit on.
    samples_needed : int or None
        Samples that let this layer learn its weight and resolve its coupling; None where no number
        would.
    error : float
        Standard error of one trained weight at the optimum, by the derived curvature of the loss.
    bias : float
        How much the mean trained weight is expected to be too large at so many samples, to first
        order.
    """

    depth: int
    law: float
    weight: float
    others: float
    loss: float
    couplings: OutputCouplings
    agreement: float
    samples_needed: int | None
    error: float
    bias: float


@dataclass(frozen=True, eq=False)
class Experiment(Tabulated):
    """What was found on ±1 samples.

    Parameters
    ----------
    samples, length : int
    b : int
        Scale factor of a layer.
    input : OutputCouplings
        Of the samples themselves.
    is_ising : bool
        Whether the estimators of the input agree, as they do for an Ising chain; copies are one of
        infinite coupling.
    layers : tuple of LayerReport
    verdict : FlowVerdict
    """

    samples: int
    length: int
    b: int
    input: OutputCouplings
    is_ising: bool
    layers: tuple[LayerReport, ...]
    verdict: FlowVerdict

    def __str__(self) -> str:
        """A table of the layers, and the verdict."""
        coupling = self.input.nearest or self.input.value
        head = f"{self.samples} samples of {self.length} spins, b = {self.b}; K = {coupling}"
        chain = (
            "the estimators agree: an Ising chain"
            if self.is_ising
            else "the estimators differ: not an Ising chain"
        )
        rows = [
            f"{'layer':>5} {'law':>9} {'weight':>9} {'K_nn':>9} {'loss':>8} {'samples needed':>15}"
        ]
        for layer in self.layers:
            needed = "no number" if layer.samples_needed is None else str(layer.samples_needed)
            rows.append(
                f"{layer.depth:5d} {layer.law:9.5f} {layer.weight:9.5f} "
                f"{layer.couplings.value:9.5f} "
                f"{layer.loss:8.5f} {needed:>15}"
            )
        return "\n".join([head, chain, *rows, str(self.verdict)])


def analyse(
    source: Any, b: int = 2, depth: int | None = None, sigmas: float = SIGMAS
) -> Experiment:
    """Ask ±1 samples whether depth acts on them as a renormalization.

    Parameters
    ----------
    source : array_like, str or pathlib.Path
        Samples of shape (samples, spins), or a file of them (see
        `neurenorm.numerics.observables.samples.read_spins`).
    b : int
        Scale factor of a layer, at least 2.
    depth : int, optional
        Layers to train; by default as many as leave two outputs.
    sigmas : float
        Standard errors within which numbers agree.

    Returns
    -------
    Experiment

    Raises
    ------
    ValueError
        If the samples are not ±1, the chain is too short for two outputs, or the coupling is too
        small to be resolved; the message says how many samples would.

    Examples
    --------
    >>> import numpy as np
    >>> from neurenorm.numerics.simulation.ising_correspondence.chains import sample_packed_chains
    >>> chains = sample_packed_chains(1.5, 24, 6400, np.random.default_rng(1)).unpacked()
    >>> print(analyse(chains, depth=2).verdict.outcome)
    matches the RG law
    """
    if not isinstance(b, int) or isinstance(b, bool) or b < 2:
        raise ValueError(f"a layer coarsens by a whole number b of at least 2, got {b!r}")
    if depth is not None and (not isinstance(depth, int) or depth < 1):
        raise ValueError(
            f"at least one layer must be trained, a whole number of them; got depth {depth!r}"
        )
    spins = read_spins(source)
    if spins.shape[1] < 3 * b:
        raise ValueError(
            f"a chain of {spins.shape[1]} spins is shorter than three blocks of {b}, which two "
            "outputs take"
        )
    found = estimate_couplings(spins)
    _check_resolved(found, spins.shape, sigmas)
    stack = train_causal_stack(
        spins, b, depth if depth is not None else _deepest(spins.shape[1], b)
    )
    trained = [layer for layer in stack if layer.outputs.shape[1] > 1]
    layers = tuple(
        _report(layer, k + 1, found.value, b, len(spins)) for k, layer in enumerate(trained)
    )
    verdict = _verdict(found, layers, b, len(spins), sigmas)
    return Experiment(len(spins), spins.shape[1], b, found, _agrees(found, sigmas), layers, verdict)


def _check_resolved(found: OutputCouplings, shape: tuple[int, ...], sigmas: float) -> None:
    """Refuse samples whose coupling cannot be told from zero."""
    if found.nearest is None:
        return
    value, error = abs(float(found.nearest.value)), float(found.nearest.error)
    if value > sigmas * error:
        return
    needed = samples_needed(max(value, error), shape[1] - 1, sigmas)
    raise ValueError(
        f"the coupling K = {found.nearest} cannot be told from zero with {shape[0]} samples of "
        f"{shape[1]} spins; "
        f"if it is as large as {max(value, error):.2g}, about {max(needed, shape[0] + 1)} samples "
        "would do"
    )


def _deepest(length: int, b: int) -> int:
    """Return the number of layers that leave at least two outputs."""
    depth = 0
    while (length := length // b - 1) >= 2:
        depth += 1
    return max(depth, 1)


def _report(layer: CausalLayer, depth: int, K: float, b: int, samples: int) -> LayerReport:
    """Return one layer beside the law."""
    law, above = coupling_law(K, b, depth), coupling_law(K, b, depth - 1)
    outputs, seen = layer.outputs.shape[1], len(layer.weights[-1])
    return LayerReport(
        depth,
        law,
        float(layer.last.mean()),
        layer.others,
        layer.loss,
        estimate_couplings(layer.outputs),
        layer.agreement,
        _needed(law, outputs, seen),
        _derived(weight_spread, above, b, samples),
        _derived(
            weight_bias,
            above,
            b,
            samples,
            float(np.mean([len(weights) for weights in layer.weights])),
        ),
    )


def _needed(law: float, outputs: int, seen: int) -> int | None:
    """Return the samples that lift a layer's weight above the noise of the others, and its coupling
    above zero.
    """
    if math.isinf(law):
        return 1
    if abs(law) < 1e-100:
        return None
    noise = seen / (1 - math.tanh(law) ** 2)
    return max(samples_needed(law, outputs - 1), math.ceil(noise * (_NOISE_MARGIN / law) ** 2))


def _derived(
    formula: Callable[[], Formula], K: float, r: int, samples: int, seen: float = 0.0
) -> float:
    """Return what a derived formula says of the last weight of a unit that predicts at
    distance r.
    """
    if math.isinf(K):
        return 0.0
    return float(
        _last(formula)(np.float64(K), np.float64(samples), np.float64(r), np.float64(seen))
    )


@lru_cache(maxsize=2)
def _last(formula: Callable[[], Formula]) -> Callable[..., Any]:
    """Return the last weight's value of a formula as a function of K, n, r and N."""
    subject = symbols("ising-correspondence")
    function: Callable[..., Any] = compiled(
        formula().values["last"], (subject.K, subject.n, subject.r, subject.N)
    )
    return function


def _verdict(
    found: OutputCouplings, layers: tuple[LayerReport, ...], b: int, samples: int, sigmas: float
) -> FlowVerdict:
    """Judge the layers that the samples resolve; the error of the law, from that of the input,
    joins the outputs'.
    """
    if not _agrees(found, sigmas):
        return FlowVerdict(
            Outcome.not_ising,
            "the samples are not those of an Ising chain, so there is no RG law to follow",
            False,
        )
    resolved = list(
        takewhile(
            lambda layer: layer.samples_needed is not None and layer.samples_needed <= samples,
            layers,
        )
    )
    if not resolved:
        needed = layers[0].samples_needed
        many = (
            "no number of samples resolves"
            if needed is None
            else f"it takes about {needed} samples to resolve"
        )
        return FlowVerdict(Outcome.undecided, f"{many} the first layer", False)
    measured: list[Estimate | float] = [found.nearest if found.nearest is not None else found.value]
    for layer in resolved:
        nearest = layer.couplings.nearest
        if nearest is None or found.nearest is None:
            measured.append(layer.couplings.value)
            continue
        measured.append(_with_law_error(nearest, found, b, layer.depth))
    weights = [
        _with_law_error(Estimate(layer.weight, layer.error, samples), found, b, layer.depth)
        for layer in resolved
    ]
    law = [found.value, *(layer.law for layer in resolved)]
    biases = [layer.bias for layer in resolved]
    return judge(measured, law, trained=True, weights=weights, biases=biases, sigmas=sigmas)


def _with_law_error(measured: Estimate, found: OutputCouplings, b: int, depth: int) -> Estimate:
    """Add the error of the law to that of a number that is compared with it."""
    if found.nearest is None:
        return measured
    slack = _law_error(float(found.nearest.value), float(found.nearest.error), b, depth)
    return Estimate(measured.value, math.hypot(float(measured.error), slack), measured.blocks)


def _law_error(K: float, error: float, b: int, depth: int) -> float:
    """Return the error of the law that comes from the error of the input coupling."""
    return abs(coupling_law(K + error, b, depth) - coupling_law(K - error, b, depth)) / 2


def _agrees(found: OutputCouplings, sigmas: float) -> bool:
    """Whether all available estimators of a coupling agree with the nearest-neighbour one."""
    if found.nearest is None:
        return True
    others = [
        e for e in (found.correlation_length, found.walsh, found.pseudo_likelihood) if e is not None
    ]
    gaps = [(float(e.value) - float(found.nearest.value), float(e.error)) for e in others]
    return all(
        abs(gap) <= sigmas * math.hypot(error, float(found.nearest.error)) for gap, error in gaps
    )
