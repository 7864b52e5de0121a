"""One import name: a user's own theory.py, graphs.py and numerics/ stand beside the workbench."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = """
import theory, graphs, numerics
import neurenorm as nr
assert theory.MINE and graphs.MINE
cell = nr.cell_from_graph(__import__("networkx").path_graph(3), 0, 2)
print(nr.cell_recursion(cell, nr.ISING, {__import__("sympy").Symbol("K"): lambda s, t: s * t}).step)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that holds what the wheel installs."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--out-dir", str(folder)]
    done = subprocess.run([*build, str(ROOT)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"no wheel could be built here: {done.stderr.strip()[-200:]}")
    installed = folder / "installed"
    zipfile.ZipFile(next(folder.glob("*.whl"))).extractall(installed)
    return installed


@pytest.fixture
def crowded(tmp_path: Path) -> Path:
    """Return a user's folder whose files bear the names of the wings."""
    for name in ("theory", "graphs"):
        (tmp_path / f"{name}.py").write_text("MINE = True\n")
    (tmp_path / "numerics").mkdir()
    (tmp_path / "script.py").write_text(SCRIPT)
    return tmp_path


def run(folder: Path, *command: str, path: Path | None = None) -> str:
    """Return what a command prints in the user's folder; `path` holds an installed wheel."""
    environment = {**os.environ, "PYTHONPATH": str(path)} if path else dict(os.environ)
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def check_all(folder: Path, path: Path | None = None) -> None:
    assert "log(cosh(2*K))/2" in run(folder, "script.py", path=path)
    values = run(
        folder, "-m", "neurenorm", "evaluate", "lattice/ising-decimation", "K=1", "b=2", path=path
    )
    assert "0.6625" in values
    where = run(folder, "-c", "import neurenorm.theory as t; print(t.__file__)", path=path)
    assert (str(path) in where) is (path is not None)


def test_beside_files_of_the_same_names_from_the_editable_install(crowded):
    check_all(crowded)


def test_beside_files_of_the_same_names_from_the_wheel(crowded, wheel):
    check_all(crowded, wheel)


def test_the_front_door_offers_nouns_and_verbs_and_loads_nothing_heavy(crowded):
    code = (
        "import neurenorm as nr, sys; print({'numpy', 'sympy', 'scipy'} & set(sys.modules), "
        "dir(nr))"
    )
    printed = run(crowded, "-c", code)
    assert printed.startswith("set()")
    for word in ("PeriodicGraph", "Recursion", "GaussianField", "evaluate", "decimate", "sweep"):
        assert repr(word) in printed


def test_every_name_of_the_front_door_opens():
    import neurenorm

    for name in dir(neurenorm):
        assert getattr(neurenorm, name) is not None
