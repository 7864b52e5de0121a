"""Execute every notebook and fail on the first error: ``python tests/run_notebooks.py [NAME …]``."""

import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
LIMIT_SECONDS = 120


def main(names: list[str]) -> int:
    """Run the notebooks with these names, or all, and print how long each took."""
    files = [FOLDER / name for name in names] or sorted(FOLDER.glob("*.ipynb"))
    for file in files:
        started = time.perf_counter()
        notebook = nbformat.read(file, as_version=4)
        NotebookClient(notebook, timeout=LIMIT_SECONDS, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}).execute()
        print(f"{file.name}: {time.perf_counter() - started:.1f} s", flush=True)
    print(f"{len(files)} notebooks ran")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
