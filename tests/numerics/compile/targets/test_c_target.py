"""The C target beyond its values: fall-back, cache, checks outside the kernel, and the state of the
process.
"""

import platform
import runpy
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import sympy

from neurenorm.numerics.compile import compiled
from neurenorm.numerics.compile.targets import c_cache, c_target

x, y = sympy.symbols("x y", real=True)
needs_compiler = pytest.mark.skipif(
    c_target.find_compiler() is None, reason="no C compiler on the path"
)


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory):
    """Keep generated libraries out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def test_without_a_compiler_numpy_answers(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    f = compiled(sympy.sinh(x) + 11, [x], "c")
    assert f.target == "numpy" and f(0.0) == 11.0


def test_a_compiler_that_fails_leaves_numpy(monkeypatch, tmp_path):
    broken = tmp_path / "gcc"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda name: str(broken))
    f = compiled(sympy.sinh(x) + 12, [x], "c")
    assert f.target == "numpy" and f(0.0) == 12.0
    assert not list(tmp_path.rglob("*.so"))


@needs_compiler
@pytest.mark.parametrize(
    "expression", [sympy.erfinv(x), sympy.Sum(y**x, (y, 1, 50)), x ** sympy.Rational(1, 3)]
)
def test_what_c_does_not_have_goes_to_numpy(expression):
    assert compiled(expression, [x], "c").target == "numpy"


@needs_compiler
def test_the_library_is_cached_on_disk_by_structure(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    u, v = sympy.symbols("u v")
    assert compiled(sympy.sin(u) * v + 21, [u, v], "c").target == "c"
    assert len(list(tmp_path.rglob("*.so"))) == 1

    def no_more(*args, **kwargs):
        raise AssertionError("compiled again")

    monkeypatch.setattr(subprocess, "run", no_more)
    again = compiled(sympy.sin(x) * y + 21, [x, y], "c")
    assert again.target == "c" and again(0.0, 1.0) == 21.0
    with pytest.raises(AssertionError, match="compiled again"):
        compiled(sympy.sin(x) * y + 22, [x, y], "c")


@needs_compiler
def test_points_that_are_not_finite_are_computed_by_numpy_among_many_others():
    points = np.linspace(0.1, 3.0, 5000)
    points[[17, 2600, 4999]] = np.nan, np.inf, 800.0
    f = compiled([sympy.exp(x) - sympy.tanh(x), sympy.exp(x) / (1 + sympy.exp(x) ** 2)], [x], "c")
    assert f.target == "c"
    with np.errstate(invalid="ignore"):
        for values, wanted in zip(f(points), compiled(list(_pair()), [x])(points), strict=True):
            np.testing.assert_allclose(values, wanted, rtol=1e-13)
            assert np.isnan(values[17])


def _pair():
    return sympy.exp(x) - sympy.tanh(x), sympy.exp(x) / (1 + sympy.exp(x) ** 2)


@needs_compiler
def test_small_numbers_are_not_flushed_to_zero_afterwards():
    assert compiled(x * 2 + 31, [x], "c")(1.0) == 33.0
    assert np.array([1e-310])[0] * 0.5 == 5e-311 and np.multiply(np.full(9, 1e-310), 0.5).min() > 0


@needs_compiler
def test_random_points_agree_with_numpy():
    rng = np.random.default_rng(8)
    inputs = rng.uniform(-2, 2, (2, 10_001))
    expressions = sympy.Matrix(
        [[sympy.exp(x) * y**3, sympy.log(1 + x**2)], [sympy.tanh(x - y), sympy.atan2(x, y)]]
    )
    f = compiled(expressions, [x, y], "c")
    assert f.target == "c" and "for (long i" in f.source
    np.testing.assert_allclose(
        f(*inputs), compiled(expressions, [x, y])(*inputs), rtol=1e-12, atol=1e-14
    )


@needs_compiler
@pytest.mark.skipif(
    platform.machine() != "x86_64" or platform.libc_ver()[0] != "glibc" or not shutil.which("gcc"),
    reason="the vector library belongs to gcc and glibc",
)
def test_the_vector_library_is_called(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert compiled(sympy.exp(x) + sympy.tanh(sympy.log(y)) + 41, [x, y], "c").target == "c"
    (library,) = tmp_path.rglob("*.so")
    for name in (b"v_exp", b"v_log"):
        assert name in library.read_bytes()


@needs_compiler
def test_the_benchmark_runs_and_its_backends_agree():
    script = Path(__file__).parents[4] / "benchmarks" / "compile.py"
    rows = runpy.run_path(str(script))["run"](points=3000, repeats=1)
    assert {"C limit", "c target", "numpy target", "lambdify"} <= {row.backend for row in rows}
    assert max(row.difference for row in rows) < 1e-11


@needs_compiler
@pytest.mark.parametrize("damage", ["cut", "empty", "changed", "foreign", "open to all", "link"])
def test_a_library_that_is_not_what_was_written_is_built_again(tmp_path, monkeypatch, damage):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    built = []

    def build(place):
        built.append(place)
        (place / "made.so").write_bytes(b"library")
        return place / "made.so"

    library = c_cache.cached_library("key", build)
    assert c_cache.cached_library("key", build) == library and len(built) == 1
    assert library.parent.stat().st_mode & 0o777 == 0o700 and library.stat().st_mode & 0o077 == 0
    if damage == "open to all":
        library.chmod(0o666)
    elif damage == "link":
        library.rename(tmp_path / "elsewhere")
        library.symlink_to(tmp_path / "elsewhere")
    else:
        library.write_bytes(
            {"cut": b"lib", "empty": b"", "changed": b"Library", "foreign": b"something else"}[
                damage
            ]
        )
    again = c_cache.cached_library("key", build)
    assert len(built) == 2 and again.read_bytes() == b"library" and not again.is_symlink()


@pytest.mark.parametrize("home", ["open to all", "a file", "a link", "nowhere"])
def test_a_home_that_is_not_private_is_not_used(tmp_path, monkeypatch, home):
    folder = tmp_path / "neurenorm"
    if home == "open to all":
        folder.mkdir()
        folder.chmod(0o777)
    elif home == "a file":
        folder.write_text("")
    elif home == "a link":
        (tmp_path / "other").mkdir()
        folder.symlink_to(tmp_path / "other")
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere" if home == "nowhere" else str(tmp_path))

    def build(place):
        (place / "made.so").write_bytes(b"library")
        return place / "made.so"

    library = c_cache.cached_library("key", build)
    assert tmp_path not in library.parents or library.parents[0].parts[-2] != "neurenorm"
    assert library.parent.stat().st_mode & 0o777 == 0o700


def test_without_a_home_or_a_temporary_folder_numpy_answers(monkeypatch):
    def nowhere():
        raise OSError("no folder can be written")

    monkeypatch.setattr(c_cache, "_private_folder", nowhere)
    x = sympy.Symbol("x_nowhere")
    assert compiled(sympy.cosh(x) + x**7 / 11, [x], target="c")([0.5])[0] == pytest.approx(
        np.cosh(0.5) + 0.5**7 / 11
    )
