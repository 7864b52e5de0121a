"""The catalogue, the symbols and the LaTeX of everything in it."""

import shutil
import subprocess

import pytest
from sympy import Float, Integers, Interval, Reals, Symbol, oo

from neurenorm.numerics.verification.derivations import check_derivation
from neurenorm.theory import document, result, results, symbols
from neurenorm.theory.catalogue import PAPERS
from neurenorm.theory.catalogue.result import object_derivation
from neurenorm.theory.decimation.model import ISING, Model, Term
from neurenorm.theory.document import entry_latex, entry_text, escaped
from neurenorm.theory.symbols import Quantity

ENTRIES = results()


def test_ids_are_unique_and_belong_to_papers():
    ids = [entry.id for entry in ENTRIES]
    assert len(set(ids)) == len(ids)
    assert {entry.paper.key for entry in ENTRIES} <= set(PAPERS)


def test_the_foundation_ids_are_there():
    names = {
        "ising-decimation",
        "ising-correlation",
        "potts-decimation",
        "hierarchical-fixed-point",
        "ring-free-energy",
    }
    assert {f"lattice/{name}" for name in names} <= {entry.id for entry in ENTRIES}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_every_entry_renders(entry):
    latex, text = entry_latex(entry), entry_text(entry)
    assert entry.provenance in text
    assert latex.count(r"\begin{equation}") == latex.count(r"\end{equation}") == 1
    assert rf"\label{{{entry.id.replace('/', ':')}}}" in latex
    assert "derived here" in entry.provenance


def test_provenance_never_claims_an_equation_or_a_figure():
    for entry in ENTRIES:
        words = " ".join([entry.statement, *entry.conventions]).lower()
        assert "reproduces" not in words
        assert "figure" not in words


def test_an_unknown_id_names_its_neighbours():
    with pytest.raises(ValueError, match=r"did you mean .*lattice/ising-correlation"):
        result("lattice/ising-corelation")
    with pytest.raises(ValueError, match="the keys are lattice"):
        results("latice")


def test_symbols_carry_assumptions_from_their_domain():
    lattice = symbols("lattice")
    assert lattice.K.is_real
    assert not lattice.K.is_positive
    assert lattice.N.is_integer
    assert lattice.q.is_positive
    assert Quantity("z", "z", "", Interval.open(0, oo)).symbol.is_positive
    assert Quantity("z", "z", "", Integers).symbol.is_integer
    assert Quantity("z", "z", "", Reals).symbol.is_real


def test_unknown_symbols_and_subjects_say_what_there_is():
    with pytest.raises(AttributeError, match="has no symbol 'kappa'; it has K, h"):
        _ = symbols("lattice").kappa
    with pytest.raises(ValueError, match="known subjects: lattice"):
        symbols("nonsense")


def test_two_symbols_of_one_name_are_refused():
    real, plain = Symbol("K", real=True), Symbol("K")
    with pytest.raises(ValueError, match="both named 'K'"):
        Model({"a": ISING}, (Term(real, ("a",), lambda s: s), Term(plain, ("a",), lambda s: s)))


def test_escaping():
    assert escaped("a_b & 100%") == r"a\_b \& 100\%"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex on this machine")
def test_the_document_compiles(tmp_path):
    source = tmp_path / "results.tex"
    source.write_text(document(ENTRIES), encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", source.name],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "Overfull" not in done.stdout, done.stdout[done.stdout.index("Overfull") :][:500]
    assert (tmp_path / "results.pdf").stat().st_size > 10_000


TWO_COLUMNS = r"""\documentclass[twocolumn]{article}
\usepackage[a4paper,textwidth=510pt]{geometry}\setlength{\columnsep}{18pt}
\usepackage{amsmath,amssymb}\begin{document}\sloppy\input{all}\end{document}"""


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex on this machine")
@pytest.mark.parametrize("columns", [1, 2])
def test_every_fragment_fits_the_columns_of_a_paper(tmp_path, columns):
    """No heading, none of the conventions of others, and nothing wider than the column."""
    written = document(ENTRIES, standalone=False, columns=columns)
    assert "section" not in written and "Fourier transforms are unitary" not in written
    (tmp_path / "all.tex").write_text(written, encoding="utf-8")
    plain = TWO_COLUMNS.replace("[twocolumn]", "").replace("textwidth=510pt", "textwidth=345pt")
    paper = TWO_COLUMNS if columns == 2 else plain
    (tmp_path / "paper.tex").write_text(paper, encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "Overfull" not in done.stdout, done.stdout[done.stdout.index("Overfull") :][:500]


def test_any_derived_object_goes_into_a_document():
    from neurenorm.graphs import diamond
    from neurenorm.theory import cell_recursion

    K = Symbol("K", real=True)
    flow = cell_recursion(diamond(), ISING, {K: lambda s, t: s * t})
    written = document([flow, K**2, result("lattice/ising-correlation")])
    assert r"K' &= \ln" in written and "K^{2}" in written and "Derivation: " in written
    assert document(flow, standalone=False, columns=2).startswith(r"\begin{equation}")
    with pytest.raises(TypeError, match="has no LaTeX"):
        document([object()])
    with pytest.raises(ValueError, match="1 or 2 columns"):
        document(flow, columns=3)


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex on this machine")
def test_a_fragment_goes_into_a_paper(tmp_path):
    """A fragment needs amsmath and amssymb only, and its equation is referred to by the id of the
    result.
    """
    (tmp_path / "one.tex").write_text(document(ENTRIES[:1], standalone=False), encoding="utf-8")
    preamble = r"\documentclass{article}\usepackage[a4paper,margin=2cm]{geometry}\usepackage{amsmath,amssymb}"
    paper = preamble + r"\begin{document}\input{one}See \eqref{LABEL}.\end{document}"
    (tmp_path / "paper.tex").write_text(
        paper.replace("LABEL", ENTRIES[0].id.replace("/", ":")), encoding="utf-8"
    )
    for _ in range(2):
        done = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "paper.tex"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            errors="replace",
            check=True,
        )
    assert "undefined" not in done.stdout
    assert "Overfull" not in done.stdout


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_every_derivation_is_exact_and_holds(entry):
    """No floating-point number anywhere in a derivation, and each of its steps holds at random
    points of its domain.
    """
    derivation = object_derivation(entry.shown())
    steps = derivation.steps if derivation is not None else ()
    assert not any(side.has(Float) for step in steps for side in (step.before, step.after))
    assert derivation is None or check_derivation(derivation, seed=11) == len(steps)


def test_signs_of_order_and_bars_are_not_other_signs_in_the_old_font_encoding():
    assert (
        escaped("b > 1, a < 2, |a|")
        == r"b \textgreater{} 1, a \textless{} 2, \textbar{}a\textbar{}"
    )
