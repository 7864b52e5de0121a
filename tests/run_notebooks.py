"""Execute notebooks and fail on the first error: ``python tests/run_notebooks.py [--small] [NAME
…]``.

Each notebook has a cell tagged ``parameters`` with ``small = False``. With ``--small`` a cell that
says ``small = True`` is run behind it, as papermill does.
"""

import argparse
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
LIMITS = {True: 40.0, False: 120.0}
"""Seconds that a notebook may take on an idle machine, at small and at full size: told when passed,
and no error, because machines differ.
"""


def with_parameters(notebook: nbformat.NotebookNode, **values: object) -> nbformat.NotebookNode:
    """Return the notebook with a cell of assignments behind its cell tagged ``parameters``."""
    places = [
        k for k, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", ())
    ]
    if len(places) != 1:
        raise ValueError(
            f"a notebook needs one cell tagged 'parameters', this one has {len(places)}"
        )
    injected = nbformat.v4.new_code_cell(
        "\n".join(f"{name} = {value!r}" for name, value in values.items()),
        metadata={"tags": ["injected-parameters"]},
    )
    notebook.cells.insert(places[0] + 1, injected)
    return notebook


def executed(file: Path, *, small: bool) -> nbformat.NotebookNode:
    """Return a notebook with its outputs, after a line about how long it took."""
    started = time.perf_counter()
    notebook = with_parameters(nbformat.read(file, as_version=4), small=small)
    NotebookClient(
        notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}
    ).execute()
    took = time.perf_counter() - started
    limit = LIMITS[small]
    late = f", more than the {limit:.0f} s it should take" if took > limit else ""
    print(f"{file.name}: {took:.1f} s{late}", flush=True)
    return notebook


def main(arguments: list[str]) -> int:
    """Run the notebooks with these names, or all, and print how long each took."""
    parser = argparse.ArgumentParser(description="Execute notebooks.")
    parser.add_argument(
        "--small", action="store_true", help="the sizes of the tests, in place of the full ones"
    )
    parser.add_argument("names", nargs="*", metavar="NAME")
    chosen = parser.parse_args(arguments)
    files = [FOLDER / name for name in chosen.names] or sorted(FOLDER.glob("*.ipynb"))
    for file in files:
        executed(file, small=chosen.small)
    print(f"{len(files)} notebooks ran")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
