"""The documentation site: ``make docs`` builds it into ``build/docs``.

The tutorials are the notebooks at their reduced size, executed while the site is built (not with
``-t quick``). The reference is written from the docstrings. Formulas are set as MathML, which needs
no network.
"""

from __future__ import annotations

import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests")]

from reference_pages import public_names, written_pages  # noqa: E402

project = "neurenorm"
author = "The neurenorm developers"
copyright = "the neurenorm developers"
language = "en"

extensions = ["myst_nb", "numpydoc", "sphinx.ext.autodoc", "sphinx_copybutton"]
exclude_patterns = ["_build", "**.ipynb_checkpoints"]
nitpicky = False
suppress_warnings = ["mystnb.unknown_mime_type"]

html_theme = "furo"
html_title = "neurenorm"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_math_renderer = "mathml"

myst_enable_extensions = ["dollarmath", "amsmath", "attrs_block", "colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # they come with their outputs: see _tutorials
nb_merge_streams = True

default_role = "code"
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = True


def _tutorial(file: Path) -> None:
    """Write a notebook at its reduced size with its outputs."""
    import nbformat
    from run_notebooks import executed, with_parameters

    quick = tags.has("quick")  # noqa: F821  (Sphinx puts it here)
    plain = with_parameters(nbformat.read(file, as_version=4), small=True)
    notebook = plain if quick else executed(file, small=True)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"
        for output in cell.get("outputs", ()):
            table = output.get("data", {}).get("text/html")
            if table is not None:  # the page sets its own formulas
                output["data"]["text/html"] = re.sub(r"<td>\$([^$]+)\$</td>", _cell, table)
        if "injected-parameters" in cell.metadata.get("tags", ()):
            cell.metadata["tags"].append("remove-cell")
    (HERE / "tutorials" / file.name).write_text(nbformat.writes(notebook), encoding="utf-8")


def _cell(found: re.Match[str]) -> str:
    """Return a cell of a table that is a formula."""
    return f"<td>{_mathml(found[1], 'inline')}</td>"


def _tutorials() -> None:
    """Execute the notebooks, two at a time, with their figures as outputs."""
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(_tutorial, sorted((HERE.parent / "notebooks").glob("*.ipynb"))))


def _mathml(source: str, display: str) -> str:
    """Return LaTeX as MathML, as the pages of the workbench have it."""
    from neurenorm.numerics.show.web import inline_mathml, mathml

    several = re.search(r"\\begin{(aligned|gathered|align)", source)
    return mathml(source) if several or display == "block" else inline_mathml(source)


def _inline(writer: Any, node: Any) -> None:
    """Write a formula within a line."""
    from docutils.nodes import SkipNode

    writer.body.append(_mathml(node.astext(), "inline"))
    raise SkipNode


def _block(writer: Any, node: Any) -> None:
    """Write a formula on lines of its own."""
    from docutils.nodes import SkipNode

    writer.body.append(f'<div class="formula">{_mathml(node.astext(), "block")}</div>')
    raise SkipNode


def _formulas_as_text(
    app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Keep stars, bars and underscores of formulas in docstrings from being read as markup."""
    literal: int | None = None
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if line.strip() and literal is not None and indent <= literal:
            literal = None
        if literal is None and not line.lstrip().startswith((".. ", ">>>", "...")):
            lines[number] = "".join(
                part
                if part.startswith("`")
                else re.sub(r"(?<!\\)[*|](?=\S)|(?<=\w)_(?=\W|$)", r"\\\g<0>", part)
                for part in re.split(r"(`+[^`]*`+)", line)
            )
        if literal is None and line.rstrip().endswith("::"):
            literal = indent


def _values_without_a_text(
    app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """Leave a public value without a docstring without one, rather than with that of its type."""
    text = type(obj).__doc__
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    if what == "data" and last and isinstance(text, str) and last in text:
        lines.clear()


def _every_public_name_is_there(app: Any, failure: Exception | None) -> None:
    """Compare the inventory of the site with what the packages declare public."""
    if failure or app.builder.name != "html":
        return
    documented = {entry[0] for entry in app.env.domains.python_domain.get_objects()}
    missing = sorted(set(public_names()) - documented)
    if missing:
        raise RuntimeError(f"public names without an entry in the reference: {', '.join(missing)}")


def setup(app: Any) -> None:
    """Write the pages that are made, and teach the builder MathML."""
    _tutorials()
    written_pages(HERE / "reference")
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    app.connect("autodoc-process-docstring", _values_without_a_text, priority=300)
    app.connect("autodoc-process-docstring", _formulas_as_text, priority=400)
    app.connect("build-finished", _every_public_name_is_there)
