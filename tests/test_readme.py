"""What the README shows is what happens."""

import doctest
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from neurenorm.theory.catalogue import PAPERS
from neurenorm.theory.conventions import CONVENTIONS

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_solved_problem():
    found = doctest.testfile(
        str(ROOT / "README.md"), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert found.attempted >= 6
    assert found.failed == 0


def test_the_system_of_ones_own(tmp_path):
    """The example verifies, and with its formula spoiled it is refuted."""
    (example,) = re.findall(r"```python\n(import networkx.*?)```", TEXT, flags=re.DOTALL)
    good, spoiled = tmp_path / "triangle_chain.py", tmp_path / "spoiled.py"
    good.write_text(example)
    spoiled.write_text(example.replace(".step[0]", ".step[0] * 2"))
    for file, status in ((good, 0), (spoiled, 1)):
        done = subprocess.run(
            [sys.executable, "-m", "neurenorm", "verify", str(file)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr


def test_the_shown_console_session(capsys):
    from neurenorm.numerics.cli import main

    command, expected = re.search(
        r"\$ neurenorm (evaluate .*?)\n(.*?)```", TEXT, flags=re.DOTALL
    ).groups()
    assert main(command.split()) == 0
    assert capsys.readouterr().out == expected


def test_the_system_of_ones_own_is_thirty_lines():
    (example,) = re.findall(r"```python\n(import networkx.*?)```", TEXT, flags=re.DOTALL)
    assert len(example.splitlines()) <= 30


def test_the_picture_is_there_and_its_script_draws_it(tmp_path):
    pytest.importorskip("matplotlib")
    (named,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", TEXT)
    assert (ROOT / named).read_text(encoding="utf-8").count("<svg") == 1
    assert (ROOT / named).stat().st_size < 100_000
    runpy.run_path(str(ROOT / "docs" / "picture.py"))["picture"](tmp_path / "again.svg")
    assert (tmp_path / "again.svg").read_text(encoding="utf-8").count("<svg") == 1


def test_conventions_and_systems_are_those_of_the_code():
    flowing = " ".join(TEXT.split())
    assert all(" ".join(sentence.split()) in flowing for sentence in CONVENTIONS)
    table = TEXT[TEXT.index("| key | what is derived") :]
    assert set(re.findall(r"^\| `([a-z-]+)` \|", table, flags=re.MULTILINE)) == PAPERS.keys()


def test_every_command_is_in_the_readme():
    from neurenorm.numerics.cli import parser

    (commands,) = [
        action.choices
        for action in parser()._actions
        if action.choices and "verify" in action.choices
    ]
    assert all(f"neurenorm {name}" in TEXT for name in commands)
