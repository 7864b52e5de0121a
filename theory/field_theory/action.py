"""The exact lattice action of a random network: -ln of the joint density of all pre-activations, at
any width.

    S = Σ_l Σ_i { ½ z_i^l·(K^l)⁻¹ z_i^l + ½ ln det(2π K^l) },      K^l_ab = σ_b² + (σ_w²/N_{l-1}) φ(z_a^{l-1})·φ(z_b^{l-1}).

Neurons are sites, layers are the positions along a chain; K^l depends on the layer below, so
neighbours along depth interact. exp(-S) is normalised: the partition function of every layer is 1,
whatever the layer below.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sympy import (
    Expr,
    ImmutableDenseMatrix,
    Matrix,
    Rational,
    S,
    diff,
    exp,
    log,
    loggamma,
    pi,
    sqrt,
)

from neurenorm.graphs.rendering import Tabulated
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.reading import matrix_of
from neurenorm.theory.gaussian.activation import Activation, activation
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step

__all__ = ["LatticeAction", "factorial_divergence", "radial_action"]

FIELD = symbols("field-theory")
SW2, SB2, K, N, A = FIELD.sw2, FIELD.sb2, FIELD.K, FIELD.N, FIELD.a

Layer = Sequence[Any]


@dataclass(frozen=True)
class LatticeAction(Tabulated):
    """The action of a network with a given activation, for one input or several.

    Parameters
    ----------
    activation : Activation
    weight_variance, bias_variance : sympy.Expr
        σ_w² and σ_b².

    Examples
    --------
    >>> from sympy import Integer
    >>> from neurenorm.theory.gaussian.activation import activation
    >>> tanh = LatticeAction(activation("tanh"), Rational(8, 5), Rational(1, 5))
    >>> layers = [[Integer(1), -Rational(1, 2)], [Rational(3, 10), Rational(4, 5)]]
    >>> round(float(tanh.value(layers, 1)), 10)
    4.8674724161
    """

    activation: Activation
    weight_variance: Expr = SW2
    bias_variance: Expr = SB2

    def __post_init__(self) -> None:
        object.__setattr__(self, "activation", activation(self.activation))

    def value(self, layers: Sequence[Any], overlap: Any) -> Expr:
        """Return S.

        Parameters
        ----------
        layers : nested sequence
            ``layers[l][i]`` for one input, ``layers[l][a][i]`` for several; widths may differ.
        overlap : Expr or M x M nested sequence
            ``x_a·x_b/N_0`` of the inputs.

        Returns
        -------
        sympy.Expr

        Raises
        ------
        ValueError
            If shapes do not fit, or there are more inputs than the width allows (the kernel is
            singular).
        """
        return sum(
            (_gaussian_action(*layer) for layer in self._conditioned(layers, overlap)), start=S.Zero
        )

    def derivation(self, layers: Sequence[Any], overlap: Any) -> Derivation:
        """Return how S follows from the densities of the single neurons, given the layer below and
        the inputs before; parameters as in `value`.
        """
        pairs = list(self._conditioned(layers, overlap))
        steps = [
            Step(
                f"densities of the neurons of layer {number}",
                _one_by_one(*pair),
                _gaussian_action(*pair),
                f"S_{{{number}}}",
                {symbol: FIELD[symbol.name].domain for symbol in (SW2, SB2)},
            )
            for number, pair in enumerate(pairs, 1)
        ]
        return Derivation("lattice action", tuple(steps))

    def _conditioned(self, layers: Sequence[Any], overlap: Any) -> Iterator[tuple[Matrix, Matrix]]:
        """Every layer with the kernel that the layer below gives it."""
        stack = self._stack(layers)
        gram, below = self._gram(overlap, stack[0].rows), None
        for matrix in stack:
            if matrix.rows != stack[0].rows:
                raise ValueError(
                    f"every layer has one row per input; layers have {stack[0].rows} and "
                    f"{matrix.rows} rows"
                )
            self._check_width(matrix.rows, below)
            yield matrix, self._kernel(gram)
            below = matrix.cols
            signal = matrix.applyfunc(self.activation)
            gram = signal * signal.T / matrix.cols

    def gradient(self, layers: Sequence[Any], overlap: Any) -> list[Any]:
        """Return dS/dz in the nesting of the layers, which must hold symbols.

        Each component is the derivative of two neighbouring terms only: that of its own layer and,
        through the kernel, that of the layer above.

        Raises
        ------
        ValueError
            As `value`; or if an entry is not a symbol.
        """
        stack = self._stack(layers)
        if not all(entry.is_Symbol for matrix in stack for entry in matrix):
            raise ValueError(
                "a gradient is taken with respect to symbols: every entry of the layers must be a "
                "distinct symbol"
            )
        action = self.value(layers, overlap)
        slopes = [matrix.applyfunc(lambda z: diff(action, z)).tolist() for matrix in stack]
        return [rows[0] for rows in slopes] if not _is_nested(layers[0]) else slopes

    def _stack(self, layers: Sequence[Any]) -> list[Matrix]:
        """Layers as matrices of shape (inputs, width)."""
        if not layers or any(not layer for layer in layers):
            raise ValueError("give at least one layer, each with at least one neuron")
        nested = [_is_nested(layer) for layer in layers]
        if len(set(nested)) > 1:
            raise ValueError(
                "layers are lists of neurons for one input, or lists of such lists for several, "
                "not a mixture"
            )
        try:
            return [Matrix(matrix_of(layer if nested[0] else [layer])) for layer in layers]
        except (ValueError, TypeError) as error:
            raise ValueError(
                "the layers are nested lists of numbers with rows of equal length"
            ) from error

    def _gram(self, overlap: Any, inputs: int) -> Matrix:
        """The overlaps of the inputs as a symmetric matrix."""
        gram = Matrix(matrix_of(overlap if _is_nested(overlap) else [[overlap]]))
        if gram.shape != (inputs, inputs):
            got = "a single number" if gram.shape == (1, 1) else f"shape {gram.shape}"
            raise ValueError(
                f"{inputs} inputs have a symmetric {inputs} x {inputs} matrix of overlaps "
                f"x_a.x_b/N_0, got {got}"
            )
        if gram != gram.T:
            raise ValueError(
                f"the matrix of overlaps x_a.x_b/N_0 is symmetric, got {gram.tolist()}"
            )
        if any(gram[i, i].is_negative for i in range(inputs)):
            raise ValueError("the squared length of an input is not negative")
        if gram.is_positive_semidefinite is False:
            raise ValueError(
                f"no inputs have the overlaps {gram.tolist()}: |x_a.x_b| is at most |x_a||x_b|, "
                "and the matrix has no negative eigenvalue"
            )
        return gram

    def _check_width(self, inputs: int, below: int | None) -> None:
        """Refuse more inputs than a layer of that width (None: the inputs themselves) can keep
        apart.
        """
        biases = int(self.bias_variance != 0)
        if below is not None and inputs > below + biases:
            raise ValueError(
                f"the kernel above a layer of width {below} is singular for {inputs} inputs, so "
                f"the density does not exist: use at most {below + biases} "
                "inputs or wider layers; or sample layer by layer instead"
            )

    def _kernel(self, gram: Matrix) -> Matrix:
        """K = σ_b² + σ_w² G."""
        return gram.applyfunc(lambda entry: self.bias_variance + self.weight_variance * entry)


def _is_nested(value: Any) -> bool:
    """Whether a value is a sequence of sequences."""
    return (
        isinstance(value, Sequence | ImmutableDenseMatrix)
        and not isinstance(value, str)
        and bool(value)
        and isinstance(value[0], list | tuple)
    )


def _gaussian_action(layer: Matrix, kernel: Matrix) -> Expr:
    """½ Σ_i z_i·K⁻¹ z_i + (width/2) ln det 2πK."""
    determinant = kernel.det(method="berkowitz")
    if determinant == 0:
        raise ValueError(
            "the kernel of a layer is singular, so its density does not exist: use at most as many "
            "inputs as the layer below is wide "
            "(one more with biases), distinct inputs, and a nonzero variance; or sample from the "
            "top down instead"
        )
    adjugate = kernel.adjugate()
    quadratic = (layer.T * adjugate * layer).trace() / determinant
    return quadratic / 2 + Rational(layer.cols, 2) * log((2 * pi) ** kernel.rows * determinant)


def _one_by_one(layer: Matrix, kernel: Matrix) -> Expr:
    """-ln of the Gaussian densities of all neurons, each input given those before it."""
    total = S.Zero
    for _ in range(kernel.rows):
        variance, known = kernel[0, 0], layer[0, :]
        total -= sum(
            (log(exp(-(z**2) / (2 * variance)) / sqrt(2 * pi * variance)) for z in known),
            start=S.Zero,
        )
        slope = kernel[1:, 0] / variance
        layer, kernel = layer[1:, :] - slope * known, kernel[1:, 1:] - slope * kernel[0, 1:]
    return total


@exact_arguments
def radial_action(below: Expr, here: Expr, width: Expr = N) -> Expr:
    """Return -ln of the density of q' = |z'|²/N of a linear network given q of the layer below,
    exact at any width.

    With K = σ_b² + σ_w² q, ``q' = K χ²_N/N``, so that ``S = (N/2) q'/K - (N/2 - 1) ln q' + (N/2) ln
    K + ln Γ(N/2) - (N/2) ln(N/2)``.

    Parameters
    ----------
    below, here : sympy.Expr
        q and q'.
    width : sympy.Expr
        N.

    Returns
    -------
    sympy.Expr

    Examples
    --------
    >>> from sympy import Integer, Symbol, exp, simplify
    >>> q, p = Symbol("q"), Symbol("p", positive=True)
    >>> simplify(exp(-radial_action(q, p, Integer(2)))).subs({SW2: 1, SB2: 0})
    exp(-p/q)/q
    """
    kernel = SB2 + SW2 * below
    half = width / 2
    return (
        half * here / kernel
        - (half - 1) * log(here)
        + half * log(kernel)
        + loggamma(half)
        - half * log(half)
    )


@exact_arguments
def factorial_divergence(excess: Expr, gain: Expr = A) -> dict[str, Expr]:
    """Return the Kullback-Leibler divergence per layer, in nats, of the network from independent
    layers, to leading order in 1/N.

    Replacing every kernel by its mean makes layers independent Gaussians. ``KL = (N/2) ⟨K/K* - 1 -
    ln K/K*⟩ → N Var K/(4 K*²)`` does not vanish with the width. For the linear network it is the
    mutual information of adjacent layers plus the non-Gaussianity of a single one.

    Parameters
    ----------
    excess : sympy.Expr
        v = ⟨φ⁴⟩/⟨φ²⟩² - 1.
    gain : sympy.Expr
        a = χ_∥.

    Returns
    -------
    dict
        ``total`` for any v; ``mutual`` and ``marginal``, its two parts for v = 2 (linear).

    Examples
    --------
    >>> from sympy import Integer
    >>> parts = factorial_divergence(Integer(2), Rational(4, 5))
    >>> [round(float(parts[name]), 7) for name in ("total", "mutual", "marginal")]
    [0.8888889, 0.5108256, 0.3780633]
    """
    total = excess * gain**2 / (4 * (1 - gain**2))
    mutual = -log(1 - gain**2) / 2
    return {"total": total, "mutual": mutual, "marginal": gain**2 / (2 * (1 - gain**2)) - mutual}
