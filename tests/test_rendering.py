"""Every public object shows itself in a notebook, as mathematics, a table or a drawing; help and
completion have something to say.
"""

import importlib
import inspect
import pkgutil
import subprocess
import sys
from dataclasses import dataclass, is_dataclass
from xml.etree import ElementTree

import networkx as nx
import numpy as np
import pytest
from sympy import Rational, Symbol

from neurenorm import graphs, numerics, theory
from neurenorm.graphs.rendering import LARGEST, Tabulated, drawing
from neurenorm.numerics.evaluate import evaluate
from neurenorm.numerics.solve import fixed_points
from neurenorm.numerics.verification.suite import gather_claims
from neurenorm.theory import ISING, Chart, cell_recursion, results
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.wide.limit import WideLimit

RICH = ("_repr_latex_", "_repr_html_", "_repr_svg_")
PLAIN = {"Edge"}
"""Tuples, which show themselves as such."""

K, T = Symbol("K", real=True), Symbol("t", real=True)
FLOW = cell_recursion(graphs.diamond(), ISING, {K: lambda s, t: s * t})
WITH_MESSAGES = Exception


def rendered(thing):
    """The richest form of an object, and which it is."""
    for name in RICH:
        if hasattr(thing, name):
            return name, getattr(thing, name)()
    return None, None


@pytest.mark.parametrize("package", [graphs, theory], ids=lambda package: package.__name__)
def test_every_public_class_shows_itself(package):
    classes = [
        (name, getattr(package, name))
        for name in package.__all__
        if inspect.isclass(getattr(package, name))
    ]
    poor = [
        name
        for name, kind in classes
        if not issubclass(kind, WITH_MESSAGES)
        and name not in PLAIN
        and not any(hasattr(kind, rich) for rich in RICH)
    ]
    assert poor == []


def test_every_stated_problem_shows_its_formula():
    for entry in results():
        assert entry.shown()._repr_latex_().startswith("$"), entry.id
        assert entry._repr_latex_().startswith("$")


def test_what_the_numerics_return_shows_itself():
    """Dataclasses that functions of numerics return are tables; those that are only passed about
    inside, or hold a state, are not asked to be.
    """
    kinds = [
        kind
        for module in pkgutil.walk_packages(numerics.__path__, "neurenorm.numerics.")
        if not module.name.endswith("__main__")
        for kind in public(module.name)
    ]
    shown = [kind for kind in kinds if any(hasattr(kind, rich) for rich in RICH)]
    assert len(shown) > 50
    poor = {
        kind.__name__
        for kind in kinds
        if is_dataclass(kind)
        and kind.__module__.startswith("neurenorm.numerics.solve")
        and kind not in shown
    }
    working = {"Averages", "BeliefSweep", "DensityEvolution", "Own", "Pass", "System", "Table"}
    assert poor <= working


def public(name):
    module = importlib.import_module(name)
    things = (getattr(module, public) for public in getattr(module, "__all__", ()))
    return [thing for thing in things if inspect.isclass(thing) and thing.__module__ == name]


@pytest.mark.parametrize(
    ("thing", "form", "part"),
    [
        (FLOW, "_repr_latex_", r"\cosh"),
        (FLOW.derivation, "_repr_latex_", "Z_"),
        (next(iter(FLOW.derivation)), "_repr_latex_", "="),
        (Chart.tanh(K, T), "_repr_latex_", r"\tanh"),
        (WideLimit(activation("tanh")), "_repr_latex_", r"\left\langle"),
        (activation("relu"), "_repr_latex_", r"\phi"),
        (theory.symbols("lattice"), "_repr_html_", "coupling"),
        (fixed_points(FLOW.in_chart(Chart.tanh(K, T)), {T: (0, 1)}), "_repr_html_", "enclosed"),
        (evaluate("lattice/ising-correlation", K=Rational(1, 2), r=1), "_repr_html_", "0.46"),
        (gather_claims("lattice")[3], "_repr_html_", "must be refuted"),
        (gather_claims("lattice")[3].check(), "_repr_html_", "the derived formula"),
        (graphs.ladder(), "_repr_html_", "<svg"),
        (graphs.honeycomb(), "_repr_html_", "offset"),
        (graphs.diamond(), "_repr_svg_", "<rect"),
        (graphs.mlp([2, 3, 1]), "_repr_svg_", "marker-end"),
        (graphs.promoted(graphs.mlp([1, 1, 1])), "_repr_svg_", "<circle"),
        (graphs.elimination_order(nx.path_graph(3)), "_repr_html_", "<th>order</th>"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_it_is_shown(thing, form, part):
    name, text = rendered(thing)
    assert name == form
    assert part in text
    if form == "_repr_svg_":
        assert ElementTree.fromstring(text).get("aria-label")


def test_parallel_edges_and_loops_are_seen():
    arcs = drawing({"a": (0, 0), "b": (1, 0)}, [("a", "b"), ("a", "b"), ("b", "a"), ("a", "a")])
    paths = [path.get("d") for path in ElementTree.fromstring(arcs) if path.tag.endswith("path")]
    assert len(set(paths)) == 4
    with pytest.raises(ValueError, match="without vertices"):
        drawing({}, [])


def test_large_graphs_stay_text():
    assert graphs.mlp([LARGEST, LARGEST])._repr_svg_() is None
    assert "<svg" not in graphs.cubic()._repr_html_()


def test_tables_escape_and_shorten():
    @dataclass
    class Long(Tabulated):
        text: str
        numbers: np.ndarray

    assert "0x" not in ISING._repr_html_() + Long(str(Long.__init__), np.arange(2))._repr_html_()
    shown = Long("<" * 1000, np.arange(4))._repr_html_()
    assert "&lt;" in shown and "…" in shown and "[0 1 2 3]" in shown
    assert len(shown) < 2000


@pytest.mark.parametrize("package", [graphs, theory], ids=lambda package: package.__name__)
def test_completion_and_help(package):
    assert set(package.__all__) <= set(dir(package))
    for name in package.__all__:
        thing = getattr(package, name)
        if inspect.isfunction(thing) or inspect.isclass(thing):
            text = inspect.getdoc(thing) or ""
            assert len(text.splitlines()[0]) > 10, name
    assert {"K", "h", "latex_names"} <= set(dir(theory.symbols("lattice")))


def test_completion_behind_theory_finds_the_five_systems():
    assert {"WideLimit", "PathEnsemble", "WideBinary", "LatticeAction"} <= set(dir(theory))
    assert theory.WideLimit is WideLimit
    with pytest.raises(AttributeError, match="has no 'Nothing'"):
        theory.Nothing  # noqa: B018


def test_completion_behind_numerics_finds_its_modules():
    code = (
        "import sys; from neurenorm import numerics; print({'evaluate', 'sweep', 'show'} <= "
        "set(dir(numerics)), 'numpy' in sys.modules, numerics.files.FORMATS)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("True False") and ".pdf" in done.stdout
    with pytest.raises(AttributeError, match="numerics has no module 'nothing'; it has"):
        numerics.nothing  # noqa: B018
