"""The public face: what imports, what it exports, and what ships."""

import importlib
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("name", ["neurenorm", "neurenorm.graphs", "neurenorm.theory"])
def test_everything_public_exists_and_is_documented(name):
    package = importlib.import_module(name)
    assert len(package.__all__) == len(set(package.__all__))
    for public in package.__all__:
        thing = getattr(package, public)
        if callable(thing):
            assert thing.__doc__, f"{name}.{public} has no docstring"


def test_importing_numerics_imports_nothing_else():
    code = (
        "import sys, neurenorm.numerics; print(sorted(set(sys.modules) & {'numpy', 'sympy', "
        "'scipy', 'neurenorm.theory', 'networkx'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_theory_stays_exact():
    """Importing theory must not pull in floating-point libraries."""
    code = (
        "import sys, neurenorm.theory; print(sorted(set(sys.modules) & {'numpy', 'scipy', "
        "'neurenorm.numerics', 'matplotlib'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_constraints_hold_no_addresses_and_cover_the_dependencies():
    constraints = (ROOT / "constraints.txt").read_text()
    assert "://" not in constraints
    names = {line.split("==")[0].strip().lower() for line in constraints.splitlines()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(entry for extra in project["optional-dependencies"].values() for entry in extra),
    ]
    for requirement in wanted:
        name = requirement.split(">")[0].split("<")[0].split("=")[0].split("[")[0].strip().lower()
        assert name in names, f"{name} has no constraint: make constraints.txt again"


def test_types_ship():
    assert (ROOT / "src" / "neurenorm" / "py.typed").exists()
