"""The tangent kernel of one input at finite width: its mean and its tensors to leading order in 1/N.

A layer of N neurons has pre-activations z_i and the tangent kernel Θ_ij. To the order 1/N its law is
the Gaussian of the wide limit (variance K̄, Θ_ij = T δ_ij) and six numbers, all times 1/N:

    E K = K̄ + m1,  E Θ_ii = T + t1,  Var K = V,  <z_i z_j Θ_kl>_c = D δ_ij δ_kl + F (δ_ik δ_jl + δ_il δ_jk),
    <Θ_ij Θ_kl>_c = A δ_ij δ_kl + B (δ_ik δ_jl + δ_il δ_jk).

So an average over one neuron or over two is corrected by derivatives with respect to K and Θ. The
next layer is

    Θ'_ij = δ_ij (λ_b + (λ_W/N) Σ φ_k²) + Σ_km W_ik W_jm φ'_k φ'_m Θ_km

with new weights, over which it is averaged first; what is left are averages over one and two neurons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sympy import E, Expr, Integer, Symbol

from neurenorm.theory.recursion.recursion import Recursion
from neurenorm.theory.symbols import symbols

__all__ = ["Mean", "TangentCumulants"]

LOOPS = symbols("loops")
_PRIMES = ("", "'", "''", "'''")


@dataclass(frozen=True)
class Mean:
    """d^r/dK^r of the average of a product of φ, φ', φ'', φ''' over z ~ N(0, K).

    Parameters
    ----------
    powers : tuple of int
        Of φ, φ', φ'', φ'''.
    times : int
        r.

    Examples
    --------
    >>> print(Mean((2, 1, 0, 0), 1).to_latex())
    \\partial_K \\langle \\phi^{2} {\\phi'} \\rangle
    """

    powers: tuple[int, int, int, int]
    times: int = 0

    @property
    def symbol(self) -> Symbol:
        """The symbol that stands for it in a step."""
        return Symbol(f"mean_{''.join(map(str, self.powers))}_{self.times}", real=True)

    def to_latex(self) -> str:
        """Return it as an average, with the derivatives in front."""
        shown = [
            (rf"{{\phi{prime}}}" if power == 1 else rf"{{\phi{prime}}}^{{{power}}}")
            if prime
            else (r"\phi" if power == 1 else rf"\phi^{{{power}}}")
            for prime, power in zip(_PRIMES, self.powers, strict=True)
            if power
        ]
        before = {0: "", 1: r"\partial_K "}.get(self.times, rf"\partial_K^{{{self.times}}} ")
        return rf"{before}\langle {' '.join(shown)} \rangle"


@dataclass
class _Averages:
    """Averages that a step names, as they are asked for."""

    known: dict[Symbol, Mean] = field(default_factory=dict)

    def __call__(self, *powers: int, times: int = 0) -> Symbol:
        """The symbol of an average."""
        padded = (*powers, 0, 0, 0)[:4]
        mean = Mean((padded[0], padded[1], padded[2], padded[3]), times)
        return self.known.setdefault(mean.symbol, mean) and mean.symbol


Powers = tuple[int, ...]
SQUARE, SLOPE = (2,), (0, 2)


class TangentCumulants:
    """One layer of the tangent kernel and of its tensors.

    Examples
    --------
    >>> step = dict(TangentCumulants().steps)
    >>> step["B"]
    sw2**2*(B*mean_0200_0**2 + T**2*mean_0400_0)
    """

    K, T = LOOPS.K, LOOPS.T
    m1, t1, V, D, F, A, B = (
        Symbol(name, real=True) for name in ("m1", "t1", "V", "D", "F", "A", "B")
    )
    P, Q, R, S, T4, U = (Symbol(name, real=True) for name in ("P", "Q", "R", "S", "T4", "U"))

    def __init__(self) -> None:
        self._mean = _Averages()

    def single(self, f: Powers, power: int) -> Expr:
        """Return the part of the order 1/N of E[f(z_1) Θ_11^p]."""
        mean, t = self._mean, self.T
        one, two = mean(*f, times=1), mean(*f, times=2)
        total = t**power * (self.m1 * one + self.V * two / 2)
        if power:
            total += power * t ** (power - 1) * (self.t1 * mean(*f) + (self.D + 2 * self.F) * one)
        return total

    def joint(self, f: Powers, p: int, g: Powers, q: int) -> Expr:
        """Return the connected part of the order 1/N of E[f(z_1) Θ_11^p g(z_2) Θ_22^q]."""
        mean, t = self._mean, self.T
        left, right = mean(*f, times=1), mean(*g, times=1)
        total = self.V * left * right * t ** (p + q)
        if q:
            total += self.D * q * left * mean(*g) * t ** (p + q - 1)
        if p:
            total += self.D * p * right * mean(*f) * t ** (p + q - 1)
        if p and q:
            total += self.A * p * q * mean(*f) * mean(*g) * t ** (p + q - 2)
        return total

    @cached_property
    def steps(self) -> Mapping[str, Expr]:
        """The next layer: kernel, tangent kernel, means and tensors."""
        mean, t, sw2, rate = self._mean, self.T, LOOPS.sw2, LOOPS.lam_W / LOOPS.sw2
        square, slope, both, slope4 = mean(*SQUARE), mean(*SLOPE), mean(2, 2), mean(0, 4)
        found: dict[str, Expr] = {
            "K": LOOPS.sb2 + sw2 * square,
            "T": LOOPS.lam_b + LOOPS.lam_W * square + sw2 * slope * t,
            "m1": sw2 * self.single(SQUARE, 0),
            "V": sw2**2 * (mean(4) - square**2 + self.joint(SQUARE, 0, SQUARE, 0)),
            "F": sw2**2 * (t * both + self.F * mean(*SQUARE, times=1) ** 2),
            "B": sw2**2 * (t**2 * slope4 + self.B * slope**2),
        }
        found["t1"] = rate * found["m1"] + sw2 * self.single(SLOPE, 1)
        spread = t * (both - square * slope) + self.joint(SQUARE, 0, SLOPE, 1)
        found["D"] = rate * found["V"] + sw2**2 * spread
        spread = t**2 * (slope4 - slope**2) + self.joint(SLOPE, 1, SLOPE, 1)
        found["A"] = (
            rate**2 * found["V"] + 2 * rate * (found["D"] - rate * found["V"]) + sw2**2 * spread
        )
        return found

    @cached_property
    def differential_steps(self) -> Mapping[str, Expr]:
        """The next layer of the tensors of the first and second differential, with F and B."""
        mean, t, sw2, rate = self._mean, self.T, LOOPS.sw2, LOOPS.lam_W / LOOPS.sw2
        slope, bent = mean(*SLOPE), mean(*SLOPE, times=1)
        parallel, perpendicular = sw2 * mean(*SQUARE, times=1), sw2 * slope
        curved, third = mean(1, 0, 1), mean(0, 1, 0, 1)
        squares = mean(0, 2, 2)
        found = {name: self.steps[name] for name in ("K", "T", "F", "B")}
        found["P"] = (
            sw2**2 * (t**2 * mean(1, 2, 1) + curved * slope * self.B)
            + parallel * perpendicular * self.P
        )
        found["Q"] = (
            rate * found["F"]
            + sw2**2 * (t**2 * mean(1, 2, 1) + t * bent * parallel / sw2 * self.F)
            + parallel * perpendicular * self.Q
        )
        found["R"] = (
            rate * found["P"]
            + sw2**2
            * (t**3 * mean(0, 3, 0, 1) + third * slope * t * self.B + bent * slope * t * self.P)
            + perpendicular**2 * self.R
        )
        found["S"] = (
            rate * found["B"]
            + sw2**2 * (t**3 * squares + mean(0, 0, 2) * slope * t * self.B)
            + perpendicular**2 * self.S
        )
        found["T4"] = (
            -(rate**2) * found["F"]
            + 2 * rate * found["Q"]
            + sw2**2 * (t**3 * squares + t**2 * bent**2 * self.F + 2 * t * bent * slope * self.Q)
            + perpendicular**2 * self.T4
        )
        found["U"] = sw2**2 * t**3 * squares + perpendicular**2 * self.U
        return found

    def recursion(self, *, differential: bool = False) -> tuple[Recursion, dict[Symbol, Mean]]:
        """Return the step of all of them, and the averages that it names."""
        steps = self.differential_steps if differential else self.steps
        state = tuple(getattr(self, name) for name in steps)
        averages = dict(self._mean.known)
        used = set().union(*(step.free_symbols for step in steps.values()))
        kept = {symbol: mean for symbol, mean in averages.items() if symbol in used}
        return Recursion(state, tuple(steps.values()), E), kept

    @staticmethod
    def start(count: int, kernel: Expr, tangent: Expr) -> tuple[Expr, ...]:
        """Return the first layer: the kernels, and no correction."""
        return (kernel, tangent, *[Integer(0)] * (count - 2))
