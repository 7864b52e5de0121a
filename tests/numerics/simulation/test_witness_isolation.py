"""The witness does not know the formula: no module of the simulations pulls in the theory or
SymPy.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from neurenorm import numerics

PROGRAM = """
import importlib, pkgutil, sys
import neurenorm.numerics.simulation as room
names = [module.name for module in pkgutil.walk_packages(room.__path__, room.__name__ + ".")]
for name in names:
    importlib.import_module(name)
ground = ("neurenorm.numerics", "neurenorm.numerics.estimate", "neurenorm.numerics.simulation")
own = [name for name in sys.modules if name.startswith(("neurenorm.theory", "sympy", "neurenorm.numerics"))]
print(len(names), sorted(n for n in own if n not in ground and not n.startswith("neurenorm.numerics.simulation.")))
"""


def test_simulations_import_neither_theory_nor_sympy_nor_other_numerics():
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    number, strangers = result.stdout.strip().split(" ", 1)
    assert int(number) >= 3
    assert strangers == "[]"


ANSWERS = ("compile", "evaluate", "quadrature", "solve")


@pytest.mark.parametrize("room", ANSWERS)
def test_no_answer_calls_a_witness(room):
    """Nothing that answers a user imports a simulation or an enumeration of the witnesses."""
    modules = list((Path(numerics.__file__).parent / room).rglob("*.py"))
    assert modules
    assert [
        (path.name, name)
        for path in modules
        for name in imported(path)
        if "simulation" in name.split(".")
    ] == []


def imported(path):
    """Every module that a file names in an import, wherever it stands, and every name that it takes
    from one.
    """
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module or ''}.{alias.name}" for alias in node.names)
