"""Random networks from plain arrays: explicit weights, and layers drawn exactly in law.

    z^l_i = Σ_j W^l_ij φ(z^{l-1}_j) + b^l_i,   W^l_ij ~ N(0, σ_w²/N_{l-1}),  b^l_i ~ N(0, σ_b²),   φ(z^0) := x.

Given the layer below, the pre-activations of a neuron at M inputs are an M-dimensional Gaussian of
covariance ``K^l = σ_b² + (σ_w²/N_{l-1}) φ_a·φ_b``, and neurons are independent. Drawing them from
that law costs M·N numbers a layer where weights cost N².
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from neurenorm.graphs.rendering import Tabulated
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.field_theory.activations import NumericActivation

__all__ = ["LayerSamples", "Plan", "layers_by_weights", "layers_in_law", "sample_layers"]

Array = NDArray[np.float64]
_BATCH = 1 << 24  # weights held at once


@dataclass(frozen=True)
class Plan:
    """Widths, variances and connections of a network.

    Parameters
    ----------
    widths : sequence of int
        N_0 .. N_L; the first is the dimension of the inputs.
    weight_variance, bias_variance : float or sequence of L floats
        σ_w² and σ_b², of all layers or of each.
    skips : sequence of (int, int, float)
        ``(source, target, strength)`` adds strength times z^source to z^target (source 0 is the
        input); widths must agree.
    shared : sequence of L ints, optional
        Layers with equal labels have equal weights and biases (a recurrent network unrolled in
        time).
    keep : float
        Dropout: the probability with which a neuron of a hidden layer is kept (and its signal
        divided by it), anew for each input.

    Raises
    ------
    ValueError
        If widths, variances or connections do not fit together.

    Examples
    --------
    >>> Plan((3, 100, 100), weight_variance=2.0, bias_variance=0.1).depth
    2
    """

    widths: Sequence[int]
    weight_variance: float | Sequence[float]
    bias_variance: float | Sequence[float]
    skips: Sequence[tuple[int, int, float]] = ()
    shared: Sequence[int] | None = None
    keep: float = 1.0

    def __post_init__(self) -> None:
        """Check everything before any number is drawn."""
        if len(self.widths) < 2 or any(width < 1 for width in self.widths):
            raise ValueError(
                "a network has an input dimension and at least one layer, all at least 1 wide; "
                f"got widths {tuple(self.widths)}"
            )
        for name, values in (("weight", self.weight_variances), ("bias", self.bias_variances)):
            if len(values) != self.depth:
                raise ValueError(
                    f"{self.depth} layers need one {name} variance or {self.depth} of them, got "
                    f"{len(values)}"
                )
            if any(not (value >= 0 and math.isfinite(value)) for value in values):
                raise ValueError(f"a {name} variance is finite and not negative, got {values}")
        if not 0 < self.keep <= 1:
            raise ValueError(f"the probability of keeping a neuron lies in (0, 1], got {self.keep}")
        for source, target, _ in self.skips:
            if not 0 <= source < target <= self.depth or self.widths[source] != self.widths[target]:
                raise ValueError(
                    f"a skip goes from a layer to a later one of the same width, got {source} -> "
                    f"{target} in widths {tuple(self.widths)}"
                )
        self._check_sharing()

    def _check_sharing(self) -> None:
        """Layers that share weights have weights of one shape and one variance."""
        if self.shared is None:
            return
        if len(self.shared) != self.depth:
            raise ValueError(
                f"give one sharing label for each of the {self.depth} layers, got "
                f"{len(self.shared)}"
            )
        seen: dict[int, tuple[float, ...]] = {}
        for layer, label in enumerate(self.shared):
            shape = (
                self.widths[layer],
                self.widths[layer + 1],
                self.weight_variances[layer],
                self.bias_variances[layer],
            )
            if seen.setdefault(label, shape) != shape:
                raise ValueError(
                    f"layers that share weights have equal widths and variances; layer {layer + 1} "
                    f"differs from an earlier one with label {label}"
                )

    @property
    def depth(self) -> int:
        """Number of layers L."""
        return len(self.widths) - 1

    @property
    def weight_variances(self) -> tuple[float, ...]:
        """σ_w² of every layer."""
        return self._each(self.weight_variance)

    @property
    def bias_variances(self) -> tuple[float, ...]:
        """σ_b² of every layer."""
        return self._each(self.bias_variance)

    def _each(self, value: float | Sequence[float]) -> tuple[float, ...]:
        """One value per layer."""
        return tuple(value) if isinstance(value, Sequence) else (float(value),) * self.depth


@dataclass(frozen=True)
class LayerSamples(Tabulated):
    """Overlaps of every layer in many independent networks.

    Attributes
    ----------
    overlaps : ndarray, shape (networks, L, M, M)
        ``z^l_a·z^l_b / N_l``.
    kernels : ndarray, shape (networks, L, M, M)
        The realised covariance K^l of the pre-activations of layer l given the layer below (the
        first is not random).
    """

    overlaps: Array
    kernels: Array

    def mean(self, field: str = "overlaps") -> Estimate:
        """Mean over networks of ``"overlaps"`` or ``"kernels"``, an Estimate of shape (L, M, M)."""
        return Estimate.from_blocks(getattr(self, field))

    def covariance(
        self, first: tuple[int, int, int], second: tuple[int, int, int], field: str = "overlaps"
    ) -> Estimate:
        """Covariance over networks of two entries ``(layer, a, b)``, layers counted from 1."""
        values = getattr(self, field)
        u, v = (values[:, layer - 1, a, b] for layer, a, b in (first, second))
        count = len(u)
        return Estimate.from_blocks((u - u.mean()) * (v - v.mean()) * count / (count - 1))


def _checked(plan: Plan, inputs: ArrayLike) -> Array:
    """Inputs as an (M, N_0) array."""
    x = np.atleast_2d(np.asarray(inputs, dtype=float))
    if x.ndim != 2 or x.shape[1] != plan.widths[0]:
        raise ValueError(
            f"inputs have shape (M, {plan.widths[0]}) for this network, got {np.shape(inputs)}"
        )
    if not np.all(np.isfinite(x)):
        raise ValueError("an input is not finite")
    return x


def _kept(plan: Plan, signal: Array, rng: np.random.Generator) -> Array:
    """What dropout leaves of a signal."""
    return signal if plan.keep == 1 else signal * (rng.random(signal.shape) < plan.keep) / plan.keep


def _skipped(plan: Plan, layer: int, fresh: Array, below: Sequence[Array]) -> Array:
    """Add the skip connections that end at a layer."""
    for source, target, strength in plan.skips:
        if target == layer:
            fresh = fresh + strength * below[source]
    return fresh


def layers_by_weights(
    plan: Plan,
    inputs: ArrayLike,
    activation: NumericActivation,
    networks: int,
    rng: np.random.Generator,
) -> list[Array]:
    """Draw weights and biases and run the networks.

    Parameters
    ----------
    plan : Plan
    inputs : array_like, shape (M, N_0)
    activation : NumericActivation
    networks : int
        Number of independent networks.
    rng : numpy.random.Generator

    Returns
    -------
    list of L arrays of shape (networks, M, N_l)
        The pre-activations z^l.

    Raises
    ------
    ValueError
        If the shapes of plan and inputs differ.

    Examples
    --------
    >>> from neurenorm.numerics.simulation.field_theory.activations import numeric_activation
    >>> z = layers_by_weights(
    ...     Plan((2, 50), 1.0, 0.0),
    ...     [[1.0, 1.0]],
    ...     numeric_activation("tanh"),
    ...     3,
    ...     np.random.default_rng(1),
    ... )
    >>> z[0].shape
    (3, 1, 50)
    """
    x = _checked(plan, inputs)
    below: list[Array] = [np.broadcast_to(x, (networks, *x.shape))]
    labels = plan.shared if plan.shared is not None else range(plan.depth)
    drawn: dict[int, tuple[Array, Array]] = {}
    for layer in range(1, plan.depth + 1):
        label = labels[layer - 1]
        if label not in drawn:
            drawn = drawn if plan.shared is not None else {}
            drawn[label] = _parameters(plan, layer, networks, rng)
        weights, biases = drawn[label]
        signal = below[-1] if layer == 1 else _kept(plan, activation.function(below[-1]), rng)
        below.append(_skipped(plan, layer, np.matmul(signal, weights) + biases, below))
    return below[1:]


def _parameters(
    plan: Plan, layer: int, networks: int, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Weights of shape (networks, N_{l-1}, N_l) and biases of shape (networks, 1, N_l)."""
    fan_in, fan_out = plan.widths[layer - 1], plan.widths[layer]
    weights = rng.standard_normal((networks, fan_in, fan_out)) * math.sqrt(
        plan.weight_variances[layer - 1] / fan_in
    )
    return weights, rng.standard_normal((networks, 1, fan_out)) * math.sqrt(
        plan.bias_variances[layer - 1]
    )


def layers_in_law(
    plan: Plan,
    inputs: ArrayLike,
    activation: NumericActivation,
    networks: int,
    rng: np.random.Generator,
) -> list[Array]:
    """Draw the pre-activations of every layer from their exact law given the layer below; no
    weights are drawn.

    Parameters, returns and errors are those of `layers_by_weights`.

    Raises
    ------
    ValueError
        If layers share weights: then layers are not conditionally independent.

    Examples
    --------
    >>> from neurenorm.numerics.simulation.field_theory.activations import numeric_activation
    >>> z = layers_in_law(
    ...     Plan((2, 1000, 1000), 1.0, 0.1),
    ...     np.eye(2),
    ...     numeric_activation("relu"),
    ...     5,
    ...     np.random.default_rng(1),
    ... )
    >>> z[1].shape
    (5, 2, 1000)
    """
    if plan.shared is not None:
        raise ValueError(
            "with shared weights a layer depends on all earlier ones: draw explicit weights instead"
        )
    x = _checked(plan, inputs)
    below: list[Array] = [np.broadcast_to(x, (networks, *x.shape))]
    for layer in range(1, plan.depth + 1):
        signal = below[-1] if layer == 1 else _kept(plan, activation.function(below[-1]), rng)
        factor = _square_root(_kernel(plan, layer, signal))
        noise = rng.standard_normal((networks, x.shape[0], plan.widths[layer]))
        fresh = factor * noise if x.shape[0] == 1 else np.matmul(factor, noise)
        below.append(_skipped(plan, layer, fresh, below))
    return below[1:]


def _kernel(plan: Plan, layer: int, signal: Array) -> Array:
    """The realised covariance of a layer's pre-activations over inputs, without skips."""
    gram = np.matmul(signal, signal.transpose(0, 2, 1)) / signal.shape[2]
    return plan.bias_variances[layer - 1] + plan.weight_variances[layer - 1] * gram


def _square_root(kernel: Array) -> Array:
    """A factor F with F Fᵀ = K; for a singular kernel the symmetric one."""
    if kernel.shape[-1] == 1:
        return np.sqrt(kernel)
    try:
        return np.asarray(np.linalg.cholesky(kernel), dtype=float)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(kernel)
        return np.asarray(vectors * np.sqrt(np.maximum(values, 0))[:, None, :], dtype=float)


def sample_layers(
    plan: Plan,
    inputs: ArrayLike,
    activation: NumericActivation,
    networks: int,
    rng: np.random.Generator,
    in_law: bool = True,
) -> LayerSamples:
    """Measure the overlaps and realised kernels of all layers in many networks, a batch of networks
    at a time.

    Parameters
    ----------
    plan, inputs, activation, networks, rng
        As in `layers_by_weights`.
    in_law : bool
        Draw layers from their exact law; False draws weights.

    Returns
    -------
    LayerSamples

    Examples
    --------
    >>> from neurenorm.numerics.simulation.field_theory.activations import numeric_activation
    >>> samples = sample_layers(
    ...     Plan((1, 100, 100), 1.0, 0.0),
    ...     [[1.0]],
    ...     numeric_activation("linear"),
    ...     200,
    ...     np.random.default_rng(1),
    ... )
    >>> bool(abs(samples.mean().value[1, 0, 0] - 1) < 0.1)
    True
    """
    if plan.keep != 1:
        raise ValueError(
            "with dropout the realised kernels depend on the masks: take the pre-activations of "
            "layers_by_weights or layers_in_law"
        )
    if networks < 2:
        raise ValueError(f"an error bar needs at least 2 independent networks, got {networks}")
    draw = layers_in_law if in_law else layers_by_weights
    overlaps, kernels = [], []
    for size in _batches(plan, np.atleast_2d(inputs).shape[0], networks, in_law):
        layers = draw(plan, inputs, activation, size, rng)
        signals = [
            np.broadcast_to(_checked(plan, inputs), (size, *np.atleast_2d(inputs).shape)),
            *map(activation.function, layers[:-1]),
        ]
        kernels.append(
            np.stack([_kernel(plan, i + 1, signal) for i, signal in enumerate(signals)], axis=1)
        )
        overlaps.append(
            np.stack([np.matmul(z, z.transpose(0, 2, 1)) / z.shape[2] for z in layers], axis=1)
        )
    return LayerSamples(np.concatenate(overlaps), np.concatenate(kernels))


def _batches(plan: Plan, inputs: int, networks: int, in_law: bool) -> Iterator[int]:
    """Sizes of batches whose arrays fit in memory."""
    pairs = zip(plan.widths[:-1], plan.widths[1:], strict=True)
    each = (
        inputs * sum(plan.widths)
        if in_law
        else max(a * b for a, b in pairs) + inputs * sum(plan.widths)
    )
    step = max(1, _BATCH // (8 * each))
    for start in range(0, networks, step):
        yield min(step, networks - start)
