"""The command line: what it prints, where, and with which exit status."""

import json
import os
import subprocess
import sys

import pytest
from mpmath import mp

from neurenorm.numerics.cli import main
from neurenorm.theory import results


def run(capsys, *arguments):
    try:
        status = main(list(arguments))
    except SystemExit as leaving:
        status = leaving.code
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_list(capsys):
    status, out, _ = run(capsys, "list", "--paper", "lattice")
    assert status == 0
    assert len(out.splitlines()) == sum(r.paper.key == "lattice" for r in results())
    status, out, _ = run(capsys, "list", "--json")
    assert {"id", "statement", "paper", "provenance", "claims"} == set(json.loads(out)[0])


def test_show(capsys):
    status, out, _ = run(capsys, "show", "lattice/hierarchical-fixed-point")
    assert status == 0
    assert "t' = 2 t²/(t⁴ + 1)" in out
    assert "derivation:" in out
    assert "shown for model = ising, cell = diamond" in out
    status, out, _ = run(capsys, "show", "lattice/ising-decimation", "--latex")
    assert r"\subsection*" in out


def test_show_for_values_of_ones_choice(capsys):
    """Structure is derived anew, a number put in, and numbers follow where everything is given."""
    _, out, _ = run(capsys, "show", "lattice/hierarchical-fixed-point", "series=2", "parallel=3")
    assert "t' = (t⁶ + 3 t²)/(3 t⁴ + 1)" in out and "K = " in out
    _, out, _ = run(capsys, "show", "lattice/ising-correlation", "r=3")
    assert "⟨s₀ s_r⟩ = tanh³(K)" in out and "(exact)" not in out
    _, out, _ = run(capsys, "show", "lattice/ising-correlation", "r=2", "K=1")
    assert "value = 0.580025658385974" in out
    status, out, err = run(capsys, "show", "field-theory/ntk", "sw2=2")
    assert (status, out) == (2, "") and "keeps its symbol sw2; neurenorm evaluate" in err


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_formulas_reach_terminals_without_greek_letters(encoding):
    done = subprocess.run(
        [sys.executable, "-m", "neurenorm", "show", "dynamic-neurons/transfer-spectrum"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding},
        check=True,
    )
    assert b"lambda_0 = 8 cosh^2(2 alpha) cosh(k) (x 1)" in done.stdout
    assert b"\\x" not in done.stdout


def test_the_command_alone_prints_usage_by_task(capsys):
    from neurenorm.numerics.cli import parser

    status, out, err = run(capsys)
    assert (status, err) == (0, "")
    (commands,) = [a.choices for a in parser()._actions if a.choices and "verify" in a.choices]
    assert all(f"neurenorm {name}" in out for name in commands)
    status, out, _ = run(capsys, "--version")
    assert status == 0 and out.startswith("neurenorm ")


def test_where_the_documentation_is(capsys, tmp_path):
    from neurenorm.numerics.front import documentation

    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "start.md").write_text("")
    assert documentation(tmp_path) == str(tmp_path / "docs" / "start.md")
    (tmp_path / "build" / "docs").mkdir(parents=True)
    (tmp_path / "build" / "docs" / "index.html").write_text("")
    assert documentation(tmp_path).startswith("file:") and run(capsys, "docs")[0] == 0


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_commands_options_and_ids(capsys, shell):
    status, out, _ = run(capsys, "completion", shell)
    assert status == 0 and all(w in out for w in ("evaluate", "--digits", "lattice/ising-dec"))
    if shell == "bash":
        ask = (
            'COMP_WORDS=(neurenorm show lattice/ring); COMP_CWORD=2; _neurenorm; echo "$COMPREPLY"'
        )
        done = subprocess.run(["bash", "-c", f"{out}\n{ask}"], capture_output=True, text=True)
        assert done.stdout.strip() == "lattice/ring-free-energy"


def test_the_suffix_of_an_export_decides_or_is_refused(capsys, tmp_path):
    status, _, err = run(
        capsys, "export", "lattice/ising-correlation", "-o", str(tmp_path / "x.pdf")
    )
    assert status == 2 and ".tex or .html" in err and not list(tmp_path.iterdir())
    target = tmp_path / "x.html"
    assert run(capsys, "export", "lattice/ising-decimation", "b=3", "-o", str(target))[0] == 0
    assert "shown for" in target.read_text() and "<mn>3</mn>" in target.read_text()


def test_an_export_without_mathml_says_so(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("neurenorm.numerics.show.web.find_spec", lambda name: None)
    target = tmp_path / "x.html"
    status, _, err = run(capsys, "export", "lattice/ising-correlation", "-o", str(target))
    assert status == 0 and "latex2mathml is not installed" in err and target.exists()


def test_evaluate_as_text_and_json(capsys):
    status, out, err = run(capsys, "evaluate", "lattice/ising-correlation", "K=1", "r=2", "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    assert set(found) == {"id", "status", "values", "units", "errors", "provenance"}
    assert found["status"] == "exact"
    assert found["values"]["value"] == pytest.approx(0.580025658385974)
    status, out, _ = run(
        capsys, "evaluate", "lattice/ising-correlation", "K=1", "r=2", "--digits", "30"
    )
    with mp.workdps(40):
        assert mp.nstr(mp.tanh(1) ** 2, 30) in out


def test_no_fixed_point_exits_well_with_a_reason(capsys):
    status, out, err = run(
        capsys, "evaluate", "lattice/hierarchical-fixed-point", "series=2", "parallel=1", "--json"
    )
    assert status == 0
    assert json.loads(out)["values"] == {"K": None, "y": None}
    assert len(err.splitlines()) == 1
    _, out, again = run(
        capsys, "evaluate", "lattice/hierarchical-fixed-point", "series=2", "parallel=1"
    )
    assert again == err
    assert err.strip() not in out


@pytest.mark.parametrize(
    "arguments",
    [
        ["dance"],
        ["evaluate"],
        ["evaluate", "lattice/nothing"],
        ["evaluate", "lattice/ising-correlation", "K=1"],
        ["evaluate", "lattice/ising-correlation", "K=1", "r=1", "r=2"],
        ["evaluate", "lattice/ising-correlation", "K", "r=1"],
        ["evaluate", "lattice/ising-correlation", "K=nan", "r=1"],
        ["evaluate", "lattice/ising-correlation", "K=1", "r=1", "--digits", "many"],
        ["evaluate", "lattice/ising-correlation", "K=1", "r=1", "--digits", "-3"],
        ["evaluate", "lattice/ising-decimation", "K=[1,2]"],
        ["show", "lattice/nothing"],
        ["list", "--paper", "nothing"],
        ["verify", "nothing"],
        ["verify", "nothing.py"],
        ["verify", "--effort", "heroic"],
        ["verify", "--seed", "-1"],
        ["verify", "--seed", "one"],
        ["verify", "--seed", "1", "--unseeded"],
        [
            "evaluate",
            "field-theory/lattice-action",
            "activation=tanh",
            "sw2=1",
            "sb2=0.1",
            "x2=1",
            "layers=[[1],[null]]",
        ],
        [
            "evaluate",
            "field-theory/kernel-map",
            "activation=(z**100)**100",
            "Kaa=1",
            "Kbb=1",
            "Kab=0.5",
        ],
        ["export", "--paper", "lattice", "-o", "/dev/null", "--force"],
        ["verify", "lattice", "--json", "r.out", "--report", "r.out"],
        ["verify", "lattice", "--json", "/proc/r.json"],
        ["export", "--paper", "nothing", "-o", "x.tex"],
        ["export"],
    ],
)
def test_bad_usage_is_one_line_and_status_two(capsys, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    status, out, err = run(capsys, *arguments)
    assert status == 2
    assert out == ""
    assert len(err.strip().splitlines()) == 1
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_export_writes_whole_and_never_over(capsys, tmp_path):
    target = tmp_path / "out.tex"
    assert run(capsys, "export", "--paper", "lattice", "-o", str(target))[0] == 0
    assert target.read_text().endswith("\\end{document}\n")
    before = target.read_text()
    status, _, err = run(capsys, "export", "--paper", "lattice", "-o", str(target))
    assert status == 2
    assert "--force" in err
    assert target.read_text() == before
    assert run(capsys, "export", "--paper", "lattice", "-o", str(target), "--force")[0] == 0
    assert [file.name for file in tmp_path.iterdir()] == ["out.tex"]


def test_unwritable_targets_are_refused_before_work(capsys, tmp_path):
    status, _, err = run(capsys, "export", "-o", str(tmp_path / "missing" / "out.tex"))
    assert status == 2
    assert "does not exist" in err
    assert run(capsys, "verify", "lattice", "--json", str(tmp_path))[0] == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_refused(capsys, tmp_path):
    tmp_path.chmod(0o500)
    assert run(capsys, "export", "-o", str(tmp_path / "out.tex"))[0] == 2


CLAIM = """
from sympy import Rational
from neurenorm.numerics.verification.claim import Claim
from neurenorm.numerics.verification.compare import Exact
from neurenorm.numerics.verification.mutants import scaled
HALF = Claim("mine/half", "a half", lambda: Rational({0}), lambda e, _: float(e), lambda rng, effort: 0.5, Exact(12), (scaled(1.1),))
"""


def test_verify_a_file(capsys, tmp_path):
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text(CLAIM.format("1, 2"))
    bad.write_text(CLAIM.format("1, 3"))
    status, out, _ = run(
        capsys,
        "verify",
        str(good),
        "--json",
        str(tmp_path / "r.json"),
        "--report",
        str(tmp_path / "r.html"),
    )
    assert status == 0
    assert "agrees" in out
    assert "1 of 1 claims agree" in out
    assert json.loads((tmp_path / "r.json").read_text())[0]["verdict"] == "agrees"
    assert "<table>" in (tmp_path / "r.html").read_text()
    status, out, _ = run(capsys, "verify", str(bad))
    assert status == 1
    assert "refuted" in out


def test_a_claim_file_imports_its_neighbours_and_one_claim_can_be_named(capsys, tmp_path):
    (tmp_path / "neighbour_of_claims.py").write_text(CLAIM.format("1, 2"))
    (tmp_path / "mine.py").write_text("from neighbour_of_claims import HALF\n")
    assert run(capsys, "verify", str(tmp_path / "mine.py"))[0] == 0
    status, out, _ = run(capsys, "verify", "lattice/one-step")
    assert status == 0
    assert "1 of 1 claims agree" in out


def test_a_link_to_nowhere_is_not_written_over(capsys, tmp_path):
    link = tmp_path / "out.tex"
    link.symlink_to(tmp_path / "nowhere")
    status, _, err = run(capsys, "export", "--paper", "lattice", "-o", str(link))
    assert status == 2
    assert "--force" in err
    assert link.is_symlink()


def test_a_file_that_leaves_the_program_is_bad_input(capsys, tmp_path):
    (tmp_path / "leaves.py").write_text("CLAIMS = ()\nraise SystemExit(0)\n")
    status, _, err = run(capsys, "verify", str(tmp_path / "leaves.py"))
    assert status == 2
    assert "SystemExit" in err


@pytest.mark.parametrize("name", ["plain.py", "claims.txt", "claims", "broken.py", "binary.py"])
def test_a_file_without_claims_is_refused_before_it_runs(capsys, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    mark = "open('ran', 'w').close()\n"
    texts = {
        "plain.py": mark + "from neurenorm.numerics.verification.claim import Claim\n",
        "broken.py": mark + "Claim(\n",
        "binary.py": "\0Claim",
    }
    (tmp_path / name).write_text(texts.get(name, mark + "x = Claim()\n"))
    status, out, err = run(capsys, "verify", name)
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert [file.name for file in tmp_path.iterdir()] == [name]


def test_names_reach_the_terminal_as_text(capsys, tmp_path):
    file = tmp_path / "named.py"
    file.write_text(
        CLAIM.format("1, 2")
        .replace("a half", "a\\x1b[2Jhalf")
        .replace("mine/half", "mine/\\u202ehalf")
    )
    status, out, _ = run(capsys, "verify", str(file))
    assert status == 0
    assert "\x1b" not in out and "\u202e" not in out
    for arguments in (
        ["verify", "\x1b[31mno"],
        ["\x1b[31m"],
        ["evaluate", "\x1b]0;x\x07"],
        ["sweep", "a\x07", "-o", "a.nc"],
        ["list", "\udcff"],
    ):
        status, out, err = run(capsys, *arguments)
        assert (status, out) == (2, "")
        assert err.strip().isprintable() and len(err.splitlines()) == 1


def test_a_paper_key_is_the_paper_even_beside_a_file_of_that_name(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lattice").write_text("raise RuntimeError\n")
    monkeypatch.setattr(
        "neurenorm.numerics.verification.suite.run_claims", lambda claims, effort, seed: iter(())
    )
    status, out, _ = run(capsys, "verify", "lattice")
    assert status == 0
    assert "0 of 0 claims agree" in out


def test_the_module_is_the_command():
    done = subprocess.run(
        [sys.executable, "-m", "neurenorm", "evaluate", "lattice/none"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("neurenorm evaluate: unknown id")
