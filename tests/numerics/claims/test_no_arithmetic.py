"""A claims module states claims; what computes or draws lives in `numerics.simulation`, and numbers
on the theory side come from the engine.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from neurenorm.numerics import claims

MODULES = sorted(Path(claims.__path__[0]).rglob("*.py"))
COMPUTES = {"linalg", "polynomial", "polyfit", "trapezoid", "fft", "cumsum", "einsum"}
DRAWS = {
    "integers",
    "uniform",
    "normal",
    "permutation",
    "binomial",
    "chisquare",
    "choice",
    "poisson",
}


def offences(source: str) -> list[str]:
    """What a module computes or draws by itself."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [getattr(node, "module", None) or "", *(alias.name for alias in node.names)]
            found += [name for name in names if name.partition(".")[0] == "scipy"]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            whose = {"np": COMPUTES, "rng": DRAWS}.get(node.value.id, set())
            found += [f"{node.value.id}.{node.attr}"] if node.attr in whose else []
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda path: "/".join(path.parts[-2:]))
def test_claims_compute_and_draw_nothing(module):
    assert offences(module.read_text(encoding="utf-8")) == []


def test_what_computes_is_seen():
    for line in (
        "from scipy import stats",
        "import scipy.linalg",
        "np.linalg.inv(x)",
        "rng.uniform()",
    ):
        assert offences(line)
