"""Claims on Boltzmann machines of the Ising chain, and on controls: derived laws against
enumeration and training.

The witnesses enumerate every configuration of machines with plain weight matrices, or train them
from random weights.
"""

from __future__ import annotations

import numpy as np
from scipy import optimize
from sympy import Integer, Rational, atanh, cosh, exp, tanh

from neurenorm.numerics.claims.ising_correspondence.flow import PAPER, SUBJECT
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.simulation.ising_correspondence.chains import chain_law, law_mean
from neurenorm.numerics.simulation.ising_correspondence.controls import (
    autoencoder_loss,
    dense_layer_correlations,
    train_temperature_labels,
)
from neurenorm.numerics.simulation.ising_correspondence.machines import (
    Machine,
    bond_machine_weights,
    half_width_weights,
    train_machine,
    train_machine_stack,
)
from neurenorm.numerics.verification.claim import Claim, Effort
from neurenorm.numerics.verification.compare import Exact, Sampled
from neurenorm.numerics.verification.mutants import flipped, replaced, scaled, shifted
from neurenorm.numerics.verification.points import HALF, ONE, Array, at, formula_at, points_of
from neurenorm.theory.catalogue.problems import Formula
from neurenorm.theory.ising_correspondence.flow import output_coupling
from neurenorm.theory.ising_correspondence.machines import (
    bond_machine,
    dense_layer_spread,
    half_width_machine,
    linear_autoencoder,
    temperature_labels,
)

__all__ = ["CLAIMS"]

K, B, DEPTH, N, LAMBDA = SUBJECT.K, SUBJECT.b, SUBJECT.depth, SUBJECT.N, SUBJECT["lambda"].symbol


# --- machines ---

MACHINE_POINTS = points_of(K=(HALF, ONE))
TIE_POINTS = [
    {"K": k, "N": Integer(n), "lambda": Rational(tie)}
    for k, n, tie in ((HALF, 8, "0.5"), (ONE, 8, "2"), (ONE, 6, "1"), (-HALF, 10, "1.5"))
]


def matched_bond_machines(rng: np.random.Generator, effort: Effort) -> Array:
    """Find the weight at which an enumerated machine on a ring of six has the chain's
    nearest-neighbour correlation.
    """
    rows = []
    for point in MACHINE_POINTS:
        wanted = law_mean(chain_law(float(point["K"]), 6, "ring"), (0, 1))

        def excess(w: float, wanted: float = wanted) -> float:
            """Return how much the machine's correlation is too large."""
            law = Machine(bond_machine_weights(w, 6)).visible_law().reshape((2,) * 6)
            return law_mean(law, (0, 1)) - wanted

        rows.append([optimize.brentq(excess, 0.01, 4.0, xtol=1e-14, rtol=1e-13)])
    return np.array(rows)


def enumerated_half_width(rng: np.random.Generator, effort: Effort) -> Array:
    """Enumerate machines with the stated weights: divergence from the ring, and correlation of
    hidden neighbours.
    """
    rows = []
    for point in TIE_POINTS:
        k, n, tie = float(point["K"]), int(point["N"]), float(point["lambda"])
        machine = Machine(half_width_weights(k, n, tie))
        rows.append(
            [machine.divergence(chain_law(k, n, "ring")), machine.hidden_correlations()[0, 1]]
        )
    return np.array(rows)


def decimated_ring(formula: Formula, effort: Effort) -> Array:
    """Return the hidden correlation of the derived machine at two couplings, with the weights K of
    the neighbours.
    """
    points = [{"K": k, "N": Integer(8), "lambda": Integer(6)} for k in (HALF, ONE)]
    return np.column_stack([at(formula, points)[:, 1], [float(point["K"]) for point in points]])


def trained_half_width(rng: np.random.Generator, effort: Effort) -> Array:
    """Train machines from random weights: mean correlation of hidden neighbours, and weight on the
    sites between.
    """
    rows = []
    for k in (0.5, 1.0):
        machine = train_machine(chain_law(k, 8, "ring"), 4, rng, accept=1e-12).machine
        matrix = np.abs(machine.hidden_correlations())
        near = [matrix[j, (j + 1) % 4] for j in range(4)]
        rows.append([float(np.mean(near)), _neighbour_weight(machine)])
    return np.array(rows)


def _neighbour_weight(machine: Machine) -> float:
    """Return the mean size of the weights beside the copied sites."""
    copied, (visible, _) = machine.copied_sites(), machine.weights.shape
    beside = [
        machine.weights[(site + step) % visible, j]
        for j, site in enumerate(copied)
        for step in (1, -1)
    ]
    return float(np.abs(beside).mean())


def second_machine(rng: np.random.Generator, effort: Effort) -> Array:
    """Train 8 → 4 → 2 and return the weights of the second machine beside its copied sites."""
    return np.array(
        [_neighbour_weight(train_machine_stack(chain_law(1.0, 8, "ring"), rng)[1].machine)]
    )


MACHINE_CLAIMS = (
    Claim(
        f"{PAPER}/bond-machine",
        "the machine with a hidden unit on every bond has the weight artanh sqrt(tanh K)",
        bond_machine,
        formula_at(MACHINE_POINTS),
        matched_bond_machines,
        Exact(9),
        (
            scaled("1.000001"),
            replaced("a decimation instead of its inverse", lambda e: atanh(tanh(K) ** 2)),
        ),
    ),
    Claim(
        f"{PAPER}/half-width-machine",
        "divergence and hidden correlation of the half-width machine, at every tie",
        half_width_machine,
        formula_at(TIE_POINTS),
        enumerated_half_width,
        Exact(8),
        (
            scaled("1.000001"),
            shifted(N, 2),
            flipped(LAMBDA),
            replaced("without the closure of the ring", lambda e: e.subs(tanh(K) ** N, 0)),
            replaced(
                "neighbours weigh half",
                lambda e: e.subs(exp(-2 * LAMBDA - 4 * K), exp(-2 * LAMBDA - 2 * K)),
            ),
        ),
    ),
    Claim(
        f"{PAPER}/trained-machine",
        "a half-width machine trained from random weights decimates: weights K, hidden coupling "
        "artanh t^2",
        half_width_machine,
        decimated_ring,
        trained_half_width,
        Exact(4),
        (shifted(N, 2), scaled("1.001"), replaced("undecimated", lambda e: tanh(K) + 0 * e)),
    ),
    Claim(
        f"{PAPER}/machine-stack",
        "the second machine of a stack has the once renormalized coupling as its weights",
        output_coupling,
        lambda formula, effort: at(formula, [{"K": ONE, "b": 2, "depth": 1}])[0],
        second_machine,
        Exact(3.5),
        (scaled("1.01"), shifted(DEPTH), shifted(B)),
    ),
)


# --- controls ---

ENCODER_POINTS = points_of(K=(HALF, ONE), b=(2, 4))
LABELS = (Rational(1, 5), HALF, ONE)
LABEL_POINTS = [{"K_0": LABELS[0], "K_1": label, "N": Integer(17)} for label in LABELS[1:]]


def principal_components(rng: np.random.Generator, effort: Effort) -> Array:
    """Sum the small eigenvalues of the covariance of rings of 128 and 256 spins, and extrapolate in
    1/N^2.
    """
    rows = []
    for point in ENCODER_POINTS:
        short, long = (autoencoder_loss(float(point["K"]), n, point["b"]) for n in (128, 256))
        rows.append([(4 * long - short) / 3])
    return np.array(rows)


def trained_labels(rng: np.random.Generator, effort: Effort) -> Array:
    """Train a softmax on the exact law of the energy."""
    fit = train_temperature_labels([float(label) for label in LABELS], 17)
    return np.stack([fit.weights, fit.biases], axis=1)


def random_layers(rng: np.random.Generator, effort: Effort) -> Estimate:
    """Draw random dense layers on 1024 spins and average the squared correlations of their
    fields.
    """
    return dense_layer_correlations(0.5, 1024, 32, effort.scale(256, least=256), rng)[0]


CONTROL_CLAIMS = (
    Claim(
        f"{PAPER}/linear-autoencoder",
        "the best linear auto-encoder loses the spectrum beyond its momentum shell (a control)",
        linear_autoencoder,
        formula_at(ENCODER_POINTS),
        principal_components,
        Exact(6),
        (
            scaled("1.0001"),
            shifted(B),
            replaced("spectrum of the inverse", lambda e: e.subs(tanh(K), -tanh(K) / 2)),
        ),
    ),
    Claim(
        f"{PAPER}/temperature-labels",
        "a softmax over temperatures learns differences of couplings and of free energies (a "
        "control)",
        temperature_labels,
        formula_at(LABEL_POINTS),
        trained_labels,
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
        random_layers,
        Sampled(smallest=0.05),
        (shifted(N, 100), replaced("only the diagonal", lambda e: 1 / N), flipped(N)),
    ),
)

CLAIMS: tuple[Claim, ...] = (*MACHINE_CLAIMS, *CONTROL_CLAIMS)
