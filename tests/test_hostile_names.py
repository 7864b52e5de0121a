"""Names of nodes, symbols and layers are data: in LaTeX, HTML and a terminal they are shown, never
obeyed.
"""

import re
from itertools import product

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sympy import Function, Symbol

from neurenorm.graphs import (
    Metric,
    PeriodicGraph,
    TwoTerminalCell,
    fold,
    network_from_graph,
    promoted,
)
from neurenorm.numerics.terminal import one_line, printable
from neurenorm.theory.decimation.decimation import decimate
from neurenorm.theory.decimation.model import ISING, Model, Term, bond_model, finite, potts
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.typeset.display import tex
from neurenorm.theory.typeset.names import escaped, name_latex
from neurenorm.theory.wide.layer_graph import LayerKernels

NAMES = [
    r"}\input{/etc/hostname}{",
    r"\write18{touch pwned}",
    r"$ \input x $",
    "a}%",
    "^^5cinput",
    "&\\\\\n",
    "<script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>",
    "\x1b[31m",
    "x_{\\input{y}}",
]
COMMAND = re.compile(r"\\(input|write|include|csname|def|let)\b|\^\^")


def is_safe(text):
    """Whether no command of a stranger, and no unmatched brace, is in a piece of LaTeX."""
    bare = text.replace(r"\textbackslash{}", "").replace(r"\{", "").replace(r"\}", "")
    depth = 0
    for letter in bare:
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if depth < 0:
            return False
    return depth == 0 and not COMMAND.search(bare)


def everything_with(name):
    """Objects in which a name occurs."""
    net = nx.DiGraph([("x", name), (name, "end")])
    kernels = LayerKernels(net, activation("tanh"))
    kernels.covariance(("end", "a"), ("end", name))
    K, own = Symbol("K", real=True), Symbol(name, real=True)
    square = nx.cycle_graph([name, "b", "c", "d"])
    yield kernels
    for alphabet, bond in (
        (ISING, lambda s, t: s * t),
        (finite([0, 1, 2]), lambda s, t: s * t),
        (potts(3), lambda s, t: int(s == t)),
    ):
        model = bond_model(square, alphabet, {own: bond})
        yield model
        yield decimate(model, [name, "b", "c"])
    yield Model({name: ISING}, (Term(K, (name,), lambda s: s),))
    yield PeriodicGraph({name: name}, [(name, name, 1)], 1)
    yield Metric([[1]], {name: (0,)})
    yield TwoTerminalCell(nx.path_graph([name, "m", "e"]), (name, "e"))
    yield fold(nx.path_graph([name, *range(5)]))
    network = network_from_graph(nx.DiGraph([(name, "h"), ("i", "h"), ("h", "o")]))
    yield network
    yield promoted(network)


@pytest.mark.parametrize("name", NAMES)
def test_names_are_shown_in_formulas_and_pages_never_obeyed(name):
    for thing in everything_with(name):
        for way in ("_repr_latex_", "to_latex"):
            if hasattr(thing, way):
                shown = str(getattr(thing, way)())
                assert is_safe(shown), (type(thing).__name__, shown)
        if hasattr(thing, "_repr_html_"):
            shown = thing._repr_html_() or ""
            assert "<script" not in shown and "<img" not in shown, (type(thing).__name__, shown)


@given(st.text(max_size=30))
def test_any_name_of_a_symbol_is_safe_latex(name):
    for shown in (name_latex(name), escaped(name)):
        assert is_safe(shown) and shown.isprintable()
    if name:
        assert is_safe(tex(Symbol(name) ** 2))
    if name and "\0" not in name:  # Python's own limit on the names of types
        assert is_safe(tex(Function(name)(Symbol("x"))))


def test_plain_names_are_typeset_as_sympy_does():
    wanted = {"alpha": r"\alpha", "K_1_2_aa": "K_{1 2 aa}", "delta_{l+1}": "delta_{l+1}"}
    for name, shown in wanted.items():
        assert tex(Symbol(name)) == shown
    for name, power in product(("K", "sigma_w"), (1, 2)):
        assert "text" not in tex(Symbol(name) ** power)


@given(st.text(max_size=60))
def test_nothing_moves_the_cursor_of_a_terminal(text):
    assert printable(text).replace("\n", "").replace("\t", "").isprintable()
    assert one_line(text).isprintable()
