"""What is loaded when: a door opens at once, a list needs no computer algebra, a closed formula no
arrays.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from neurenorm.theory.catalogue import listed, results

ROOT = Path(__file__).parent.parent
HEAVY = ("sympy", "numpy", "scipy", "networkx", "flint", "mpmath", "matplotlib", "xarray")


def loaded(code: str) -> set[str]:
    """Return which heavy libraries a fresh process has loaded after running some code."""
    report = f"\nimport sys; print('\\n', *(set({HEAVY}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code + report], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


def ran(*words: str) -> set[str]:
    """Return which heavy libraries the command line has loaded after a command."""
    return loaded(f"from neurenorm.numerics.cli import main; assert main({list(words)}) == 0")


@pytest.mark.parametrize(
    "code",
    [
        "import neurenorm; dir(neurenorm)",
        "import neurenorm.graphs, neurenorm.theory, neurenorm.theory.catalogue",
        "import neurenorm.numerics.cli, neurenorm.graphs.rendering",
    ],
)
def test_a_door_opens_without_anything_heavy(code: str) -> None:
    assert loaded(code) == set()


def test_the_list_needs_no_computer_algebra() -> None:
    assert ran("list") == set()


def test_the_list_agrees_with_the_catalogue() -> None:
    assert [(e.id, e.statement, e.paper) for e in listed()] == [
        (e.id, e.statement, e.paper) for e in results()
    ]
    with pytest.raises(ValueError, match="unknown paper 'nobody'; the keys are lattice"):
        listed("nobody")


@pytest.mark.parametrize(
    "words",
    [
        ("ising-correspondence/output-coupling", "K=1", "b=2"),
        ("complexity/pair-entropy", "theta=1"),
        ("complexity/white-dimension", "n=10", "samples=30"),
        ("active-paths/paramagnet", "p=3", "T=1", "c=2"),
    ],
)
def test_a_closed_formula_needs_no_arrays(words: tuple[str, ...]) -> None:
    assert not ran("evaluate", *words) & {"numpy", "scipy", "matplotlib", "xarray"}


@pytest.mark.parametrize("door", ["src/neurenorm", "graphs", "theory", "theory/catalogue"])
def test_a_type_checker_and_the_interpreter_see_the_same_names(door: str) -> None:
    tree = ast.parse((ROOT / door / "__init__.py").read_text())
    package = door.replace("src/", "").replace("/", ".")
    package = package if package == "neurenorm" else f"neurenorm.{package}"
    typed = {
        (node.module, alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{package}.")
        for alias in node.names
    } - {("neurenorm.doors", "lazy")}
    places = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_PLACES"
    )
    assert typed == {(f"{package}.{place}", n) for place, names in places.items() for n in names}


def test_a_name_is_never_hidden_by_the_module_of_that_name() -> None:
    code = (
        "import neurenorm.theory.document, neurenorm.theory.symbols, neurenorm.theory as t\n"
        "import neurenorm.theory.catalogue.result, neurenorm.theory.catalogue as c\n"
        "assert all(map(callable, (t.document, t.symbols, t.result, c.result)))"
    )
    loaded(code)
