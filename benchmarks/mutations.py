"""Mutations of the theory: one small, physically plausible edit at a time, and whether the claims
and the tests of that subject notice.

Run as ``python -m benchmarks.mutations [--number 200] [--seed 0] [SUBJECT ...]``. Every outcome is
a line of a journal; a run that was interrupted goes on from it. The edits are made in a copy of the
tree, never in the tree itself.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Edit", "edits_of", "main"]

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("graphs", "theory", "numerics", "src", "tests", "pyproject.toml")
SUBJECTS = (
    "lattice",
    "dynamic_neurons",
    "ising_correspondence",
    "active_paths",
    "field_theory",
    "complexity",
)
SWAPS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}


@dataclass(frozen=True)
class Edit:
    """One edit: which file, which of its places, and what it does.

    Parameters
    ----------
    file : str
        Relative to the root of the tree.
    place : int
        Its number among the places of that file, in the order of the text.
    line : int
    text : str
        Before and after.
    """

    file: str
    place: int
    line: int
    text: str


def _places(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Yield every place of a module that can be edited, with what is done there: signs, factors,
    powers, small integers.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and type(node.op) in SWAPS:
            yield node, "swap"
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            yield node, "no power"
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            yield node, "no sign"
        if isinstance(node, ast.Constant) and type(node.value) is int and 1 <= node.value <= 8:
            yield node, "one more"


def _edited(node: ast.AST, kind: str) -> None:
    """Change a node in place."""
    if kind == "swap" and isinstance(node, ast.BinOp):
        node.op = SWAPS[type(node.op)]()
    elif kind == "no power" and isinstance(node, ast.BinOp):
        node.op, node.right = ast.Mult(), ast.Constant(1)
    elif kind == "no sign" and isinstance(node, ast.UnaryOp):
        node.op = ast.UAdd()
    elif isinstance(node, ast.Constant):
        node.value += 1


def _mutated(source: str, place: int) -> str:
    """Return the source with one of its places edited."""
    tree = ast.parse(source)
    _edited(*list(_places(tree))[place])
    return ast.unparse(tree)


def edits_of(file: str, source: str) -> list[Edit]:
    """Return all edits of a module.

    Examples
    --------
    >>> [edit.text for edit in edits_of("demo.py", "x = a - 2")]
    ['swap: a - 2', 'one more: 2']
    """
    return [
        Edit(file, place, getattr(node, "lineno", 0), f"{kind}: {ast.unparse(node)[:60]}")
        for place, (node, kind) in enumerate(_places(ast.parse(source)))
    ]


def _chosen(subjects: Sequence[str], number: int, seed: int) -> list[Edit]:
    """A random sample of the edits of the subjects."""
    found = [
        edit
        for subject in subjects
        for path in sorted((ROOT / "theory" / subject).glob("*.py"))
        for edit in edits_of(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
    ]
    return random.Random(seed).sample(found, min(number, len(found)))


def _survives(tree: Path, edit: Edit, seconds: int) -> str:
    """Edit a copy of the tree and say which check noticed: the claims, the tests, or none."""
    path, subject = tree / edit.file, Path(edit.file).parts[1]
    before = path.read_text(encoding="utf-8")
    path.write_text(_mutated(before, edit.place), encoding="utf-8")
    name, tests = Path(edit.file).stem, tree / "tests" / "theory" / subject
    module = tests / f"test_{name}.py"
    commands = {
        "claims": ["-m", "neurenorm", "verify", subject.replace("_", "-"), "--effort", "low"],
        "tests": ["-m", "pytest", "-x", "-q", str(module if module.exists() else tests)],
    }
    try:
        for check, arguments in commands.items():
            if check == "tests" and not tests.exists():
                continue
            if not _passes(arguments, tree, seconds):
                return check
    finally:
        path.write_text(before, encoding="utf-8")
    return "survives"


def _passes(arguments: Sequence[str], tree: Path, seconds: int) -> bool:
    """Whether a command passes in the copy; one that takes too long does not."""
    environment = {**os.environ, "PYTHONPATH": str(tree / "src"), "OMP_NUM_THREADS": "1"}
    try:
        run = subprocess.run(
            [sys.executable, *arguments],
            cwd=tree,
            env=environment,
            capture_output=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return False
    return run.returncode == 0


def _copied(target: Path) -> Path:
    """Copy what runs; the links of the package lead within the copy."""
    for name in FOLDERS:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, target / name, symlinks=True)
        else:
            shutil.copy(source, target / name)
    return target


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line and print which edits survive."""
    parser = argparse.ArgumentParser(prog="mutations", description=__doc__)
    parser.add_argument("subjects", nargs="*", default=list(SUBJECTS))
    parser.add_argument("--number", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=int, default=600, help="of each check")
    parser.add_argument("--journal", type=Path, default=Path("build/mutations.jsonl"))
    given = parser.parse_args(arguments)
    given.journal.parent.mkdir(parents=True, exist_ok=True)
    given.journal.touch()
    rows = [json.loads(line) for line in given.journal.read_text(encoding="utf-8").splitlines()]
    known = {(row["file"], row["place"], row["text"]): row["noticed"] for row in rows}
    with tempfile.TemporaryDirectory() as folder, given.journal.open("a", encoding="utf-8") as file:
        tree = _copied(Path(folder))
        for subject in {
            Path(edit.file).parts[1] for edit in _chosen(given.subjects, given.number, given.seed)
        }:
            unedited = ["-m", "neurenorm", "verify", subject.replace("_", "-"), "--effort", "low"]
            if not _passes(unedited, tree, given.seconds):
                raise SystemExit(f"the claims of {subject} do not pass as they are")
        for edit in _chosen(given.subjects, given.number, given.seed):
            key = (edit.file, edit.place, edit.text)
            if key not in known:
                known[key] = _survives(tree, edit, given.seconds)
                file.write(json.dumps({**asdict(edit), "noticed": known[key]}) + "\n")
                file.flush()
            print(f"{known[key]:8}  {edit.file}:{edit.line}  {edit.text}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
