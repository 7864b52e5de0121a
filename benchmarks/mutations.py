"""Mutations of the theory: one small, physically plausible edit at a time, and whether the tests of
that file and the claims that rest on it notice.

Run as ``python -m benchmarks.mutations [--number 200] [--seed 0] [SUBJECT or FILE ...]``. Every
outcome is a line of a journal; a run that was interrupted goes on from it. The edits are made in a
copy of the tree, never in the tree itself. Tests come first, because they are quick; then every
claim of low effort whose module leads to the file, those that import it themselves before the others.
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
from collections import Counter
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


def _files(targets: Sequence[str]) -> list[Path]:
    """The files of the subjects, and those named themselves."""
    found = []
    for target in targets:
        path = ROOT / target if target.endswith(".py") else ROOT / "theory" / target
        if not path.exists():
            raise SystemExit(f"{target} is no folder of theory and no file of this tree")
        found += [path] if path.is_file() else sorted(path.glob("*.py"))
    return found


def _chosen(targets: Sequence[str], number: int, seed: int) -> list[Edit]:
    """A random sample of the edits of subjects and files."""
    found = [
        edit
        for path in _files(targets)
        for edit in edits_of(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"))
    ]
    return random.Random(seed).sample(found, min(number, len(found)))


def _imported(path: Path) -> set[Path]:
    """The files of this tree that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    parts = (name.removeprefix("neurenorm.").split(".") for name in names)
    return {file for part in parts if (file := ROOT.joinpath(*part).with_suffix(".py")).exists()}


def _modules(file: str) -> list[str]:
    """Modules of claims that lead to a file, the nearest first: by their own imports, or as claims
    on results of its subject.
    """
    wanted, claims, found = ROOT / file, ROOT / "numerics" / "claims", {}
    for module in sorted(claims.rglob("*.py")):
        seen, ring, steps = {module}, {module}, 0
        while ring and wanted not in ring:
            ring = set().union(*map(_imported, ring)) - seen
            seen, steps = seen | ring, steps + 1
        own = module.parent.name == Path(file).parts[1]
        if wanted in ring or own:
            name = ".".join(module.relative_to(claims).with_suffix("").parts)
            found[name] = (steps if wanted in ring else 99, not own)
    return sorted(found, key=lambda name: found[name])


CHECK = """
import sys
from importlib import import_module
from neurenorm.numerics.verification.claim import Effort
from neurenorm.numerics.verification.suite import run_claims
for name in sys.argv[1:]:
    claims = getattr(import_module(f"neurenorm.numerics.claims.{name}"), "CLAIMS", ())
    for report in run_claims(claims, Effort.low, progress=False):
        if str(report.verdict) != "agrees":
            sys.exit(f"{report.claim.id}: {report.message}")
"""


def _commands(tree: Path, file: str) -> dict[str, list[str]]:
    """What may notice an edit of a file, as arguments of Python."""
    module = Path("tests") / Path(file).parent / f"test_{Path(file).stem}.py"
    tests = module if (tree / module).exists() else module.parent
    commands = {"claims": ["-c", CHECK, *_modules(file)]}
    if (tree / tests).exists():
        commands = {"tests": ["-m", "pytest", "-x", "-q", str(tests)], **commands}
    return commands


def _survives(tree: Path, edit: Edit, seconds: int) -> str:
    """Edit a copy of the tree and say which check noticed: the tests, the claims, or none."""
    path = tree / edit.file
    before = path.read_text(encoding="utf-8")
    path.write_text(_mutated(before, edit.place), encoding="utf-8")
    try:
        for check, arguments in _commands(tree, edit.file).items():
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
    """Run from the command line, print which edits survive, and count them by file."""
    parser = argparse.ArgumentParser(prog="mutations", description=__doc__)
    parser.add_argument("targets", nargs="*", default=list(SUBJECTS), metavar="SUBJECT or FILE")
    parser.add_argument("--number", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=int, default=600, help="of each check")
    parser.add_argument("--journal", type=Path, default=ROOT / "build" / "mutations.jsonl")
    given = parser.parse_args(arguments)
    chosen = _chosen(given.targets, given.number, given.seed)
    given.journal.parent.mkdir(parents=True, exist_ok=True)
    given.journal.touch()
    rows = [json.loads(line) for line in given.journal.read_text(encoding="utf-8").splitlines()]
    known = {(row["file"], row["place"], row["text"]): row["noticed"] for row in rows}
    with tempfile.TemporaryDirectory() as folder, given.journal.open("a", encoding="utf-8") as file:
        tree = _copied(Path(folder))
        _check_unedited(tree, [edit for edit in chosen if _key(edit) not in known], given.seconds)
        for edit in chosen:
            if _key(edit) not in known:
                known[_key(edit)] = _survives(tree, edit, given.seconds)
                row = {**asdict(edit), "noticed": known[_key(edit)]}
                file.write(json.dumps(row) + "\n")
                file.flush()
            print(f"{known[_key(edit)]:8}  {edit.file}:{edit.line}  {edit.text}", flush=True)
    for name in sorted({edit.file for edit in chosen}):
        outcomes = Counter(known[_key(edit)] for edit in chosen if edit.file == name)
        print(name, ", ".join(f"{many} {outcome}" for outcome, many in sorted(outcomes.items())))
    return 0


def _key(edit: Edit) -> tuple[str, int, str]:
    """What an edit is known by in the journal."""
    return edit.file, edit.place, edit.text


def _check_unedited(tree: Path, edits: Sequence[Edit], seconds: int) -> None:
    """Refuse to begin where a check fails without any edit."""
    for file in sorted({edit.file for edit in edits}):
        for check, arguments in _commands(tree, file).items():
            if not _passes(arguments, tree, seconds):
                raise SystemExit(
                    f"the {check} of {file} do not pass as they are within {seconds} s: mend them, "
                    "or give more --seconds"
                )


if __name__ == "__main__":
    sys.exit(main())
