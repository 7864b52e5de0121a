"""The Gaussian theory between layers: fluctuations along depth as a field on a chain.

To leading order in 1/N a fluctuation of the kernel obeys ``δK_{l+1} = a δK_l + noise of variance
D``, so that

    S = (1/2D) Σ_l (δK_{l+1} - a δK_l)²,      precision T/D,      w(k) = 1 + a² - 2a cos k = (1 - a)² + 4a sin²(k/2).

Four boundaries occur. *fixed-open*: the input is given, the last layer is free. *stationary*: a
window of an infinitely deep network.
*pinned*: zero beyond both ends. *periodic*: a ring of layers, on which plane waves are exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sympy import (
    Abs,
    Expr,
    ImmutableDenseMatrix,
    Matrix,
    Rational,
    S,
    Symbol,
    cos,
    exp,
    eye,
    pi,
    sin,
)
from sympy import I as IMAGINARY

from neurenorm.graphs.arguments import whole_number
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.lengths import correlation_length
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.field.gaussian_field import EffectiveTheory, GaussianField
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.typeset.display import Typeset, aligned, equations

__all__ = ["BOUNDARIES", "DepthField", "covariance_step", "matrix_symbol", "pair_jacobian"]

FIELD = symbols("field-theory")
A, D, K_WAVE = FIELD.a, FIELD.D, FIELD.k
BOUNDARIES = ("fixed-open", "stationary", "pinned", "periodic")


@dataclass(frozen=True)
class DepthField(Typeset):
    """Fluctuations along depth with factor a per layer and noise D, on a chain of L layers with a
    boundary.

    Parameters
    ----------
    a : sympy.Expr
        The factor per layer, |a| < 1.
    noise : sympy.Expr
        D.

    Examples
    --------
    >>> depth = DepthField(Rational(1, 2), S.One)
    >>> depth.precision(3, "fixed-open")
    Matrix([
    [ 5/4, -1/2,    0],
    [-1/2,  5/4, -1/2],
    [   0, -1/2,    1]])
    >>> depth.covariance(2, 3, 3, "stationary")
    2/3
    """

    a: Expr = A
    noise: Expr = D
    bulk: GaussianField = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Derive the bulk theory from the action of one step."""
        object.__setattr__(self, "a", expression_of(self.a))
        object.__setattr__(self, "noise", expression_of(self.noise))
        if self.a.is_number and not abs(self.a) < 1:
            raise ValueError(f"fluctuations are stationary only for |a| < 1, got a = {self.a}")
        below, here = Symbol("delta_l", real=True), Symbol("delta_{l+1}", real=True)
        step = (here - self.a * below) ** 2 / (2 * self.noise)
        object.__setattr__(self, "bulk", GaussianField.from_chain_action(step, below, here, S.Zero))

    @property
    def dispersion(self) -> Expr:
        """w(k) = 1 + a² - 2a cos k: D times the symbol."""
        return (self.noise * self.bulk.dispersion).expand()

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the dispersion."""
        return aligned(equations([("w(k)", self.dispersion)], names))

    @property
    def derivation(self) -> Derivation:
        """From the action of one step to the dispersion and its long-wave form."""
        a, k = self.a, K_WAVE
        square = (1 - a * exp(-IMAGINARY * k)) * (1 - a * exp(IMAGINARY * k))
        domain = {
            symbol: FIELD[symbol.name].domain
            for symbol in (A, K_WAVE)
            if symbol in (a.free_symbols | {k})
        }
        return Derivation("fluctuations along depth").then(
            Step(
                "Fourier transform of (delta_{l+1} - a delta_l)^2",
                square,
                self.dispersion,
                "w(k)",
                domain,
            ),
            Step(
                "distance from the uniform mode",
                self.dispersion,
                (1 - a) ** 2 + 4 * a * sin(k / 2) ** 2,
                "w(k)",
                domain,
            ),
        )

    @property
    def spectrum(self) -> Expr:
        """⟨|δK_k|²⟩ = D/w(k)."""
        return self.noise / self.dispersion

    @property
    def variance(self) -> Expr:
        """Stationary variance D/(1 - a²)."""
        return self.noise / (1 - self.a**2)

    @property
    def correlation_length(self) -> Expr:
        """ξ = -1/ln|a|."""
        return correlation_length(self.a)

    @property
    def effective_theory(self) -> EffectiveTheory:
        """The continuum theory of D S: restoring force (1 - a)², stiffness a, for a > 0."""
        scaled = self.bulk.effective_theory
        return EffectiveTheory(
            (self.noise * scaled.restoring).factor(),
            (self.noise * scaled.stiffness).applyfunc(lambda e: e.factor()),
        )

    def precision(self, layers: int, boundary: str) -> ImmutableDenseMatrix:
        """Return T, so that the precision is T/D.

        Parameters
        ----------
        layers : int
            L.
        boundary : {"fixed-open", "stationary", "pinned", "periodic"}

        Returns
        -------
        ImmutableDenseMatrix

        Raises
        ------
        ValueError
            For an unknown boundary or fewer than one layer (three for a ring).
        """
        _check(layers, boundary)
        matrix = Matrix(self.bulk.precision(layers, boundary == "periodic") * self.noise).applyfunc(
            lambda e: e.expand()
        )
        if boundary in ("fixed-open", "stationary"):
            matrix[layers - 1, layers - 1] -= self.a**2
        if boundary == "stationary":
            matrix[0, 0] = matrix[0, 0] - self.a**2
        return ImmutableDenseMatrix(matrix)

    def determinant(self, layers: Any, boundary: str) -> Expr:
        """Return det T in closed form: 1, 1 - a², (1 - a^(2L+2))/(1 - a²) or (1 - a^L)²."""
        a = self.a
        forms = {
            "fixed-open": S.One,
            "stationary": 1 - a**2,
            "pinned": (1 - a ** (2 * layers + 2)) / (1 - a**2),
            "periodic": (1 - a**layers) ** 2,
        }
        return _chosen(forms, boundary)

    def covariance(self, first: Any, second: Any, layers: Any, boundary: str) -> Expr:
        """Return ⟨δK_l δK_m⟩ in closed form, layers counted from 1.

        Parameters
        ----------
        first, second : int or Expr
            l and m.
        layers : int or Expr
            L.
        boundary : str

        Returns
        -------
        sympy.Expr
        """
        a, gap = self.a, Abs(first - second)
        low, high = (first + second - gap) / 2, (first + second + gap) / 2
        waves = (
            a**gap
            - a ** (first + second)
            - a ** (2 * layers + 2 - first - second)
            + a ** (2 * layers + 2 - gap)
        )
        forms = {
            "fixed-open": a ** (high - low) * (1 - a ** (2 * low)) / (1 - a**2),
            "stationary": a**gap / (1 - a**2),
            "pinned": waves / ((1 - a**2) * (1 - a ** (2 * layers + 2))),
            "periodic": (a**gap + a ** (layers - gap)) / ((1 - a**2) * (1 - a**layers)),
        }
        return self.noise * _chosen(forms, boundary)

    def wave_equations(self, layers: int, boundary: str) -> list[Expr]:
        """Return what vanishes at the wave numbers k of the exact modes, whose eigenvalues are
        w(k).

        Pinned modes are sin kl, those of a fixed input sin kl with ``sin (L+1)k = a sin Lk``;
        stationary ones are even or odd about the middle, with ``cos (L+1)k/2 = a cos (L-1)k/2`` or
        the same with sines; plane waves have ``sin kL/2 = 0``.
        """
        a, k, L = self.a, K_WAVE, layers
        forms = {
            "fixed-open": [sin((L + 1) * k) - a * sin(L * k)],
            "stationary": [f((L + 1) * k / 2) - a * f((L - 1) * k / 2) for f in (cos, sin)],
            "pinned": [sin((L + 1) * k)],
            "periodic": [sin(L * k / 2)],
        }
        return forms[boundary] if boundary in forms else [_chosen({}, boundary)]

    @exact_arguments
    def closed_eigenvalues(self, layers: int, boundary: str) -> list[Expr] | None:
        """Return the eigenvalues of T where their wave numbers are rational multiples of π (pinned,
        periodic), None elsewhere.
        """
        _check(layers, boundary)
        if boundary == "periodic":
            return [
                self.dispersion.subs(K_WAVE, 2 * pi * Rational(j, layers)) for j in range(layers)
            ]
        if boundary == "pinned":
            return [
                self.dispersion.subs(K_WAVE, pi * Rational(j, layers + 1))
                for j in range(1, layers + 1)
            ]
        return None

    @exact_arguments
    def periodogram(self, wave: Any, window: int) -> Expr:
        """Return ⟨|Σ_l e^(-ikl) δK_l|²⟩/T over a window of T layers of a stationary chain.

        A finite window is not periodic: ``Σ_{|d|<T} (1 - |d|/T) C(d) e^(-ikd)`` with C(d) = D
        a^|d|/(1 - a²), which differs from D/w(k) by terms of order ξ/T.

        Examples
        --------
        >>> depth = DepthField(Rational(4, 5), Rational(36, 100) * 2 / Rational("34.72"))
        >>> round(float(depth.periodogram(0, 64)), 5)
        0.48243
        """
        wave = expression_of(wave)
        total = S.One + 2 * sum(
            ((1 - Rational(d, window)) * self.a**d * cos(wave * d) for d in range(1, window)),
            start=S.Zero,
        )
        return self.variance * total


LONGEST = 10_000
"""The most layers of a chain."""


def _check(layers: int, boundary: str) -> None:
    """Refuse unknown boundaries and chains that are too short."""
    least = 3 if boundary == "periodic" else 1
    whole_number(layers, "the number of layers", None, LONGEST)
    if boundary not in BOUNDARIES:
        raise ValueError(f"unknown boundary {boundary!r}: choose one of {', '.join(BOUNDARIES)}")
    if layers < least:
        raise ValueError(f"a {boundary} chain has at least {least} layers, got {layers}")


def _chosen(forms: Mapping[str, Expr], boundary: str) -> Expr:
    """The form of one boundary."""
    if boundary not in forms:
        raise ValueError(f"unknown boundary {boundary!r}: choose one of {', '.join(BOUNDARIES)}")
    return forms[boundary]


def pair_jacobian(kernels: Any) -> ImmutableDenseMatrix:
    """Return the linearised step of two inputs, rows and columns (aa, bb, ab).

    Its eigenvalues are χ_∥ twice and σ_w² ⟨φ_a' φ_b'⟩: the masses of the field of three components
    are 1/ξ_q and 1/ξ_c.

    Parameters
    ----------
    kernels : Recursion
        The maps of (K_aa, K_bb, K_ab), as `neurenorm.theory.wide.limit.WideLimit.kernels`.

    Examples
    --------
    >>> from neurenorm.theory.gaussian.activation import activation
    >>> from neurenorm.theory.wide.limit import WideLimit
    >>> pair_jacobian(WideLimit(activation("linear")).kernels)
    Matrix([
    [sw2,   0,   0],
    [  0, sw2,   0],
    [  0,   0, sw2]])
    """
    return ImmutableDenseMatrix(kernels.jacobian())


@exact_arguments
def covariance_step(jacobian: Matrix, covariance: Matrix, noise: Matrix) -> ImmutableDenseMatrix:
    """Return Σ' = J Σ Jᵀ + D, the covariance of the kernels of several inputs one layer up."""
    return ImmutableDenseMatrix(jacobian * covariance * jacobian.T + noise)


@exact_arguments
def matrix_symbol(jacobian: Matrix, noise: Matrix, wave: Expr = K_WAVE) -> ImmutableDenseMatrix:
    """Return the precision of several coupled fluctuations, (1 - J e^(-ik))† D⁻¹ (1 - J e^(-ik)).

    Parameters
    ----------
    jacobian, noise : square matrices
        J, and the covariance D of the noise of one layer.
    wave : sympy.Expr
        k.

    Examples
    --------
    >>> matrix_symbol(Matrix([[Rational(1, 2)]]), eye(1), S.Zero)
    Matrix([[1/4]])
    """
    step = eye(jacobian.rows) - jacobian * exp(-IMAGINARY * wave)
    return ImmutableDenseMatrix(step.H * noise.inv() * step)
