"""Notebooks before they are run: a question first, one cell of parameters that later cells use, and
no stored output.
"""

import importlib.util
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SPEC = importlib.util.spec_from_file_location("run_notebooks", ROOT / "tests" / "run_notebooks.py")


@pytest.fixture(params=NOTEBOOKS, ids=lambda file: file.stem)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def test_it_starts_with_a_question_and_stores_no_output(notebook):
    assert notebook.cells[0].cell_type == "markdown"
    assert "?" in notebook.cells[0].source
    assert not any(cell.get("outputs") for cell in notebook.cells)


def test_its_size_is_a_parameter(notebook):
    parameters = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ())]
    assert [cell.source.split("#")[0].strip() for cell in parameters] == ["small = False"]
    assert sum("if small else" in cell.source for cell in notebook.cells) >= 1


def test_parameters_are_injected_behind_their_cell():
    pytest.importorskip("nbclient")
    runner = importlib.util.module_from_spec(SPEC)
    SPEC.loader.exec_module(runner)
    whole = runner.with_parameters(nbformat.read(NOTEBOOKS[0], as_version=4), small=True)
    place = next(
        k for k, cell in enumerate(whole.cells) if "parameters" in cell.metadata.get("tags", ())
    )
    assert whole.cells[place + 1].source == "small = True"
    with pytest.raises(ValueError, match="needs one cell tagged 'parameters', this one has 0"):
        runner.with_parameters(nbformat.v4.new_notebook(), small=True)
