"""What the README shows is what happens."""

import doctest
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_solved_problem():
    found = doctest.testfile(str(ROOT / "README.md"), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.attempted >= 6
    assert found.failed == 0


def test_the_system_of_ones_own(tmp_path):
    """The example verifies, and with its formula spoiled it is refuted."""
    (example,) = re.findall(r"```python\n(import networkx.*?)```", TEXT, flags=re.DOTALL)
    good, spoiled = tmp_path / "triangle_chain.py", tmp_path / "spoiled.py"
    good.write_text(example)
    spoiled.write_text(example.replace(".step[0]", ".step[0] * 2"))
    for file, status in ((good, 0), (spoiled, 1)):
        done = subprocess.run([sys.executable, "-m", "numerics", "verify", str(file)], capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stdout + done.stderr


def test_the_shown_console_session(capsys):
    from numerics.cli import main

    command, expected = re.search(r"\$ neurenorm (evaluate .*?)\n(.*?)```", TEXT, flags=re.DOTALL).groups()
    assert main(command.split()) == 0
    assert capsys.readouterr().out == expected
