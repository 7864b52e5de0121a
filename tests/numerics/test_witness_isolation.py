"""The witness does not know the formula: no module of the simulations pulls in the theory or SymPy."""

import subprocess
import sys

PROGRAM = """
import importlib, pkgutil, sys
import numerics.simulation as room
names = [module.name for module in pkgutil.walk_packages(room.__path__, room.__name__ + ".")]
for name in names:
    importlib.import_module(name)
ground = ("numerics", "numerics.estimate", "numerics.simulation")
own = [name for name in sys.modules if name.split(".")[0] in ("theory", "sympy", "numerics")]
print(len(names), sorted(n for n in own if n not in ground and not n.startswith("numerics.simulation.")))
"""


def test_simulations_import_neither_theory_nor_sympy_nor_other_numerics():
    result = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    number, strangers = result.stdout.strip().split(" ", 1)
    assert int(number) >= 3
    assert strangers == "[]"
