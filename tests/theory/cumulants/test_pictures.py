"""Drawings of diagrams."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from neurenorm.theory.cumulants import Drawn, diagrams, picture, svg, tikz
from neurenorm.theory.cumulants.pictures import places
from neurenorm.theory.loops.quartic import Quartic

DRAWN = [d for k in (1, 2, 3) for d in (*Quartic().self_energy(k), *diagrams([4] * k))]


@pytest.mark.parametrize("diagram", DRAWN, ids=lambda diagram: str(diagram.edges))
def test_every_line_and_vertex_is_drawn(diagram):
    loops = sum(a == b for a, b in diagram.edges)
    plain, shown = picture(diagram), svg(diagram)
    assert plain.count(r"\qbezier") == len(diagram.edges) + loops
    assert plain.count(r"\circle") == len(diagram.vertices)
    assert tikz(diagram).count(r"\draw") == len(diagram.edges)
    assert shown.count("<path") == len(diagram.edges)
    assert len(set(places(diagram).values())) == len(places(diagram))


def test_an_order_has_a_row_for_each_diagram():
    order = Drawn(r"\Sigma^{(3)}", Quartic().self_energy(3))
    assert order.to_latex().count(r"\begin{picture}") == 5
    assert len(re.findall("<tr>", order._repr_html_())) == 5


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex on this machine")
def test_the_document_compiles(tmp_path):
    (tmp_path / "order.tex").write_text(Drawn("S", Quartic().self_energy(3)).document())
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "order.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
