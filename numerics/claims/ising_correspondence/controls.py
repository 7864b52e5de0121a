"""Claims on what is no result of the catalogue: how trained weights scatter, and two controls."""

from __future__ import annotations

import numpy as np
from sympy import Integer, Rational, cosh, tanh

from neurenorm.numerics.simulation.ising_correspondence.controls import (
    dense_layer_correlations,
    train_temperature_labels,
)
from neurenorm.numerics.simulation.ising_correspondence.laws import trained_weight_variances
from neurenorm.numerics.verification.claim import Claim
from neurenorm.numerics.verification.compare import Exact, Sampled
from neurenorm.numerics.verification.mutants import flipped, replaced, scaled, shifted
from neurenorm.numerics.verification.points import HALF, ONE, at, formula_at
from neurenorm.theory.ising_correspondence.flow import weight_spread
from neurenorm.theory.ising_correspondence.machines import dense_layer_spread, temperature_labels
from neurenorm.theory.symbols import symbols

__all__ = ["CLAIMS"]

PAPER = "ising-correspondence"
SUBJECT = symbols(PAPER)
K, R, N = SUBJECT.K, SUBJECT.r, SUBJECT.N
SAMPLES = 20_000
LABELS = (Rational(1, 5), HALF, ONE)

CLAIMS = (
    Claim(
        f"{PAPER}/weight-spread",
        "trained weights scatter by the inverse curvature of the loss, over n",
        weight_spread,
        lambda formula, effort: (
            at(formula, [{"K": ONE, "r": Integer(2), "n": Integer(SAMPLES)}])[0] ** 2 * SAMPLES
        ),
        lambda rng, effort: trained_weight_variances(
            1.0, 2, SAMPLES, min(effort.scale(200, least=200), 1600), rng
        ),
        Sampled(smallest=0.5),
        (
            shifted(R, -1),
            replaced("without the loss of certainty", lambda e: e * (1 - tanh(K) ** 4)),
            scaled(2),
        ),
    ),
    Claim(
        f"{PAPER}/temperature-labels",
        "a softmax over temperatures learns differences of couplings and of free energies (a "
        "control)",
        temperature_labels,
        formula_at([{"K_0": LABELS[0], "K_1": label, "N": Integer(17)} for label in LABELS[1:]]),
        lambda rng, effort: np.transpose(
            [
                getattr(train_temperature_labels([float(label) for label in LABELS], 17), part)
                for part in ("weights", "biases")
            ]
        ),
        Exact(5),
        (
            scaled("1.001"),
            shifted(N),
            replaced(
                "without the reference", lambda e: e.subs(cosh(SUBJECT.K_0), 1).subs(SUBJECT.K_0, 0)
            ),
        ),
    ),
    Claim(
        f"{PAPER}/dense-layer",
        "outputs of a random dense layer decouple as 1/N untrained (a control)",
        dense_layer_spread,
        lambda formula, effort: at(formula, [{"K": HALF, "N": Integer(1024)}])[0, 0],
        lambda rng, effort: dense_layer_correlations(
            0.5, 1024, 32, effort.scale(256, least=256), rng
        )[0],
        Sampled(smallest=0.05),
        (shifted(N, 100), replaced("only the diagonal", lambda e: 1 / N), flipped(N)),
    ),
)
