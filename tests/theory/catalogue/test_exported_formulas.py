"""Exported formulas say what is computed: the LaTeX is read back by a reader that knows no formula,
and compared with evaluated values.
"""

import importlib.util
import math
import re
from pathlib import Path

import mpmath
import numpy as np
import pytest
from sympy import Heaviside, N, latex, oo, sympify

from neurenorm.numerics.evaluate import evaluate
from neurenorm.numerics.evaluate.values import parse_value
from neurenorm.numerics.verification.derivations import step_point
from neurenorm.theory import results
from neurenorm.theory.catalogue.result import object_derivation
from neurenorm.theory.typeset.names import value_latex

SPEC = importlib.util.spec_from_file_location(
    "latex_reader", Path(__file__).with_name("latex_reader.py")
)
reader = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(reader)

ENTRIES = {entry.id: entry for entry in results()}
POINTS = {
    "lattice/ising-decimation": {"K": "0.7", "h": "-0.3", "b": 2},
    "lattice/ising-correlation": {"K": "0.7", "r": 3},
    "lattice/potts-decimation": {"K": "0.7", "q": 5, "b": 2},
    "lattice/hierarchical-fixed-point": {"cell": "diamond"},
    "lattice/ring-free-energy": {"K": "0.7", "N": 4},
    "dynamic-neurons/binary-decimation": {"alpha": "0.4", "k": "0.9", "b": 2},
    "dynamic-neurons/transfer-spectrum": {"alpha": "0.4", "k": "0.9", "P": 2},
    "dynamic-neurons/partition-function": {
        "M": 3,
        "alpha": "0.4",
        "k": "0.9",
        "beta": "0.2",
        "x": [1, -1],
        "y": [1, 1],
    },
    "dynamic-neurons/weight-magnetization": {
        "M": 3,
        "k": "0.9",
        "beta": "0.2",
        "x": [1, -1, 1],
        "y": [1, -1, -1],
    },
    "dynamic-neurons/two-state-kernel": {"K0": "0.1", "K1": "0.7", "K2": "-0.4", "g": "0.3"},
    "dynamic-neurons/wide-binary": {"g": "1.6", "N": oo},
    "ising-correspondence/output-coupling": {"K": "0.7", "b": 2, "depth": 2},
    "ising-correspondence/block-output": {"K": "0.7", "b": 3, "rule": "majority", "depth": 1},
    "ising-correspondence/prediction-layer": {"K": "0.7", "r": 3},
    "ising-correspondence/bond-machine": {"K": "0.7"},
    "ising-correspondence/half-width-machine": {"K": "0.7", "N": 8, "lambda": "1.5"},
    "ising-correspondence/linear-autoencoder": {"K": "0.7", "b": 3},
    "active-paths/paramagnet": {"p": 3, "T": "0.8", "c": "2.5"},
    "field-theory/kernel-fixed-point": {"activation": "tanh", "sw2": "1.7", "sb2": "0.2"},
    "field-theory/correlation-fixed-point": {"activation": "tanh", "sw2": "2.5", "sb2": "0.1"},
    "field-theory/edge-of-chaos": {"activation": "tanh", "sb2": "0.1"},
    "field-theory/kernel-map": {"activation": "erf", "Kaa": "1.2", "Kbb": "0.8", "Kab": "0.5"},
    "field-theory/layer-covariance": {
        "activation": "relu",
        "sw2": "1.2",
        "sb2": "0.3",
        "N": 20,
        "lag": 2,
    },
    "field-theory/effective-theory": {"a": "0.8"},
    "complexity/neuron-profile": {"r": "1.3"},
    "complexity/first-layer": {"sw2": "1.5", "sb2": "0.4", "d": 5},
    "complexity/pair-entropy": {"theta": "0.9"},
    "complexity/linear-dimension": {"depth": 4},
    "complexity/relu-dimension": {"ratio": "0.7"},
}
"""Where each formula is compared, at the structure that it is shown for."""

LEFT = {
    r"\ln Z": "value",
    r"\langle\phi_a\phi_b\rangle": "value",
    r"\langle\phi_a'\phi_b'\rangle": "derivative",
    r"\langle q_l\, q_{l+\ell}\rangle_c": "q",
}
LEFT |= {
    r"\langle h_0 h_1\rangle": "nearest",
    r"\langle h_0 h_2\rangle / \langle h_0 h_1\rangle": "ratio",
    r"\langle K_l\, K_{l+\ell}\rangle_c": "K",
}
LEFT |= {r"\chi_\parallel": "chi_par", r"\chi_\perp": "chi_perp", r"\chi_c": "chi_c"}
LEFT |= {
    r"\left.Z\right|_{\alpha < \infty}": "value",
    r"\langle H\rangle": "value",
    r"\langle s_0 s_r\rangle": "value",
    r"\xi_{\mathrm{odd}}": "xi_odd",
    r"\xi_{\mathrm{even}}": "xi_even",
}
"""Left-hand sides that are no name of a value."""


def kernels(values):
    """The length at the fixed point, from its own formula, which is read back as well."""
    length = evaluate(
        "field-theory/kernel-fixed-point",
        {**POINTS["field-theory/correlation-fixed-point"], "sw2": 2.5, "sb2": 0.1},
    ).values["K"]
    return {"K": length, "K_{aa}": length, "K_{bb}": length, "K_{ab}": length * values["c"]}


BESIDES = {
    "field-theory/correlation-fixed-point": kernels,
    "field-theory/layer-covariance": lambda values: {"K": 0.3 / (1 - 1.2 / 2), r"\ell": 2},
    "ising-correspondence/block-output": lambda values: {"t": math.tanh(0.7)},
}
"""Symbols of a display that are neither parameters nor values."""

NO_NUMBERS = {
    "dynamic-neurons/interaction-order": "polynomial degrees",
    "dynamic-neurons/smeared-partition-function": "a recursion of functions",
    "ising-correspondence/block-information": "a sum over a table",
    "active-paths/planted": "an equation between laws",
    "active-paths/thresholds": "an equation between laws",
    "active-paths/critical-removal": "an equation between laws",
    "active-paths/zero-temperature": "the extremum of a function",
    "active-paths/bethe": "sums over the neighbours of a node",
    "field-theory/lattice-action": "fields by layer",
    "field-theory/mode-spectrum": "roots in k",
    "field-theory/vertex": "a recursion over layers",
    "field-theory/ntk": "a recursion over layers",
    "architectures/kernel": "a recursion over layers",
    "architectures/criticality": "a recursion over layers",
    "architectures/critical-line": "a recursion over layers",
    "complexity/random-network": "a recursion over layers",
    "complexity/sphere-dimension": "a sum over harmonics",
    "complexity/white-dimension": "a formula by cases",
}
"""Displays that are not the values of one formula."""


def test_every_entry_is_read_or_said_not_to_be():
    assert POINTS.keys() | NO_NUMBERS.keys() == ENTRIES.keys()
    assert not POINTS.keys() & NO_NUMBERS.keys()


def known(entry, parameters, values):
    """The parameters and, where they are none, the values, by the LaTeX of their symbols."""
    numbers = {name: exact(value) for name, value in parameters.items() if is_number(value)}
    numbers |= {
        name: mpmath.mpf(value)
        for name, value in values.items()
        if name not in numbers and isinstance(value, float | int)
    }
    return {
        quantity.latex: numbers[quantity.name]
        for quantity in entry.subject
        if quantity.name in numbers
    }


def exact(value):
    return mpmath.mpf(str(N(sympify(value), 25)))


def is_number(value):
    return isinstance(value, int) or (
        isinstance(value, str) and re.fullmatch(r"-?[\d.]+", value) is not None
    )


def value_named(entry, left, values):
    """The value that a left-hand side is the name of, None if it is none."""
    if LEFT.get(left) in values:
        return values[LEFT[left]]
    names = {}
    for quantity in entry.subject:
        names |= {quantity.latex: quantity.name, f"{quantity.latex}'": quantity.name}
    names |= {value_latex(name): name for name in values}
    names[r"\ln A"] = "log_constant"
    return values.get(names.get(left))


def compared(entry, source, parameters):
    """Compare every row of a display that has numbers, and return how many of the values were
    met.
    """
    values = evaluate(
        entry.id,
        {
            name: parse_value(value) if isinstance(value, str) else value
            for name, value in parameters.items()
        },
    ).values
    env, met = known(entry, parameters, values), 0
    env |= (
        {name: mpmath.mpf(value) for name, value in BESIDES.get(entry.id, dict)(values).items()}
        if entry.id in BESIDES
        else {}
    )
    for left, right, names in reader.equations(source):
        right = re.split(r",?\s*\\q?quad", right)[0]
        wanted = (
            None if r"\langle \lambda" in right else value_named(entry, left, values)
        )  # an average over a spectrum is no formula of numbers
        if right == "0":
            assert abs(reader.number(left, env)) < 1e-12
        elif wanted is not None:
            found = float(reader.number(right, env, names))
            assert found == pytest.approx(float(wanted), rel=1e-9, abs=1e-13), (left, right)
            met += 1
        elif left in {quantity.latex for quantity in entry.subject}:
            env.setdefault(left, reader.number(right, env, names))
    return met


LEAST = {
    "dynamic-neurons/transfer-spectrum": 2,
    "dynamic-neurons/wide-binary": 1,
    "lattice/hierarchical-fixed-point": 1,
}
LEAST |= {
    "dynamic-neurons/binary-decimation": 2,
    "field-theory/kernel-fixed-point": 3,
    "field-theory/correlation-fixed-point": 2,
}
LEAST |= {"field-theory/edge-of-chaos": 1, "field-theory/layer-covariance": 1}


@pytest.mark.parametrize("identifier", POINTS)
def test_the_exported_formula_has_the_value_that_is_evaluated(identifier):
    entry, parameters = ENTRIES[identifier], POINTS[identifier]
    assert compared(entry, entry.to_latex(), parameters) >= LEAST.get(identifier, len(entry.values))


@pytest.mark.parametrize(
    "wrong", [("2 K", "3 K"), ("- h", "+ h"), (r"\frac{1}{4}", r"\frac{1}{2}"), ("^{2}", "^{3}")]
)
def test_a_spoiled_formula_is_noticed(wrong):
    entry = ENTRIES["lattice/ising-decimation"]
    with pytest.raises(AssertionError):
        compared(entry, entry.to_latex().replace(*wrong), POINTS[entry.id])


@pytest.mark.parametrize(
    "identifier",
    [name for name, entry in ENTRIES.items() if object_derivation(entry.shown()) is not None],
)
def test_both_sides_of_every_printed_step_are_equal(identifier):
    """Each step of a derivation is read as printed, at a random point of its domain."""
    entry, rng = ENTRIES[identifier], np.random.default_rng(3)
    names = entry.subject.latex_names()
    for step in object_derivation(entry.shown()):
        if step.before.has(Heaviside):
            continue  # the reader's averages are for smooth functions
        point = {
            names.get(symbol, latex(symbol)): exact(value)
            for symbol, value in step_point(step, rng).items()
        }
        sides = [
            reader.number(right, point, named)
            for _, right, named in reader.equations(" \\\\\n".join(step.rows(names)))
        ]
        assert all(abs(side - sides[0]) < 1e-9 * max(1, abs(sides[0])) for side in sides), (
            step.title
        )
