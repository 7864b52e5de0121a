"""The conventions of the whole workbench, in one place: every export prints them, and the README
shows them.
"""

from __future__ import annotations

__all__ = ["CONVENTIONS"]

CONVENTIONS: tuple[str, ...] = (
    "Ising weight exp(K Σ s s' + (h/2) Σ (s + s')) per bond, Potts weight exp(K δ): couplings "
    "carry the minus beta. "
    "A site of degree d feels h·d/2. t = tanh K.",
    "b > 1 coarsens. Eigenvalues of a step are λ = b^y. The beta function is dK/d ln b. Constants "
    "of a step are logarithms per new bond, in nats.",
    "Networks: weights W_ij ~ N(0, σ_w²/N_in), biases N(0, σ_b²), and K = σ_b² + σ_w² x·x'/N_0 in "
    "the first layer; layers count from 1. "
    "Correlation lengths are in layers, ξ = −1/ln|a|.",
    "⟨f⟩_K is the average over a normal variable of mean zero and variance K; with three indices, "
    "over a pair with these two variances and this covariance.",
    "Fourier transforms are unitary, with NumPy's sign. H_2 is the binary entropy in bits. "
    "Entropies of network states are in bits, "
    "thermodynamic entropies and KL divergences in nats; ln is the natural logarithm.",
)
"""Sentences, in plain text with Greek letters."""
