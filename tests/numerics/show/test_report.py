"""Reports for machines and for people, from claims with known outcomes."""

import html
import json
import re
import shutil
import subprocess
from dataclasses import replace
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from sympy import Matrix, Rational, Symbol

from neurenorm.numerics.cli import main
from neurenorm.numerics.show.report import _place, as_json, as_junit, page
from neurenorm.numerics.show.web import entry_html, formula_html, mathml
from neurenorm.numerics.verification.claim import Claim
from neurenorm.numerics.verification.compare import Comparison, Exact, Verdict
from neurenorm.numerics.verification.mutants import scaled
from neurenorm.numerics.verification.suite import run_claims
from neurenorm.theory import results

X = Symbol("x", positive=True)


def report(value, statement="a half"):
    claim = Claim(
        "demo/half",
        statement,
        lambda: value,
        lambda e, _: float(e),
        lambda rng, effort: 0.5,
        Exact(12),
        (scaled(1.1),),
    )
    return claim.check()


REPORTS = [report(Rational(1, 2)), report(Rational(1, 3), "a <third> & more")]


def test_junit_counts_failures():
    suite = ElementTree.fromstring(as_junit(REPORTS))
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "0")
    assert suite[1][0].tag == "failure"
    assert "digits agree" in suite[1][0].get("message")


def test_the_page_is_self_contained_and_escaped():
    text = page(REPORTS)
    assert "http" not in text
    assert "src=" not in text
    assert "a &lt;third&gt; &amp; more" in text
    assert text.count("<svg") == 2
    assert "✗ refuted" in text  # readable without colour


def test_formulas_are_shown_as_mathematics():
    pytest.importorskip("latex2mathml")
    assert "<math" in page(REPORTS)
    assert "<mfrac>" in page(REPORTS)


def test_fresh_seeds_are_printed_and_differ(capsys, tmp_path):
    file = tmp_path / "mine.py"
    file.write_text(
        "from sympy import Integer\nfrom neurenorm.numerics.verification.claim import Claim\nfrom "
        "neurenorm.numerics.verification.compare import Exact\n"
        "from neurenorm.numerics.verification.mutants import scaled\n"
        "C = Claim('mine/one', 'one', lambda: Integer(1), lambda e, _: float(e), lambda rng, "
        "effort: 1.0, Exact(12), (scaled(2),))\n"
    )
    seeds = set()
    for _ in range(2):
        assert main(["verify", str(file), "--unseeded"]) == 0
        seeds.add(capsys.readouterr().out.split("seed ")[-1].split(",")[0])
    assert len(seeds) == 2


def test_export_of_one_result_as_a_fragment(tmp_path):
    target = tmp_path / "one.tex"
    assert main(["export", "lattice/ising-correlation", "--fragment", "-o", str(target)]) == 0
    text = target.read_text()
    assert "documentclass" not in text
    assert r"\label{lattice:ising-correlation}" in text


def test_every_claim_has_its_numbers_under_their_names():
    text = page(REPORTS)
    for name in ("discrepancy", "refuted", "power", "seed", "time"):
        assert text.count(f"<dt>{name}</dt>") == 2
    assert "1 of 2 claims agree, 1 refuted; seed 0, default effort" in text
    assert "the derived formula" in text and text.count("<title>scaled by 1.1</title>") == 2


def test_the_figure_puts_mutants_on_the_other_side_of_the_bar():
    places = {}
    for unit, discrepancies in {
        "tolerances": (0.3, 1.0, 50.0),
        "sigma": (1.2, 6.0, 40.0),
        "digits": (15.0, 12.0, 3.0),
    }.items():
        places[unit] = [
            _place(Comparison(Verdict.agrees, value, unit, 0.0, 0.0, "")) for value in discrepancies
        ]
    assert places["tolerances"] == sorted(places["tolerances"]) and places["sigma"] == sorted(
        places["sigma"]
    )
    assert places["digits"] == sorted(places["digits"], reverse=True)
    assert all(abs(a - b) > 10 for row in places.values() for a, b in pairwise(row))


def test_a_claim_that_could_not_be_carried_out_has_a_row():
    failed = Claim(
        "demo/fails",
        "it fails",
        lambda: 1 / 0,
        lambda e, _: 1.0,
        lambda rng, effort: 1.0,
        Exact(12),
        (scaled(2),),
    )
    (found,) = run_claims([failed])
    text = page([found])
    assert "? undecided" in text and "ZeroDivisionError" in text and "None" not in text
    assert json.loads(as_json([found]))[0]["discrepancy"] == "inf"
    assert ElementTree.fromstring(as_junit([found])).get("errors") == "1"


def test_without_mathml_the_formula_is_there_as_text():
    """A browser that knows no MathML shows the text; so does one that has no latex2mathml behind
    it.
    """
    bare = re.sub(r"<math.*?</math>", "", page([report(2 * X / (4 * X))]), flags=re.DOTALL)
    assert "<code>1/2</code>" in bare
    assert "<code>x**2 + 1</code>" in formula_html(X**2 + 1)


def test_without_latex2mathml_the_source_is_shown(monkeypatch):
    monkeypatch.setattr("neurenorm.numerics.show.web.find_spec", lambda name: None)
    assert mathml("a &= b") == "<pre>a = b</pre>"


@pytest.mark.parametrize(
    ("derived", "expected"),
    [
        ([X, {"a": X**2}], "a"),
        (Matrix([[X, 1]]), "<math"),
        (Matrix.ones(6, 6), "Matrix"),
        (np.array([0.25]), "0.25"),
        ((lambda: 1, 2), "function"),
    ],
)
def test_anything_derived_is_shown(derived, expected):
    assert expected in formula_html(derived)


def test_long_formulas_are_folded():
    long = sum(Symbol(f"x_{k}") ** k for k in range(250))
    assert formula_html(long).startswith("<details><summary>formula of")


@pytest.mark.parametrize("entry", results(), ids=lambda entry: entry.id)
def test_every_result_is_mathematics_on_the_web(entry):
    """The MathML of every result and of its derivation is well-formed, and nothing of the LaTeX is
    left in it.
    """
    pytest.importorskip("latex2mathml")
    written = entry_html(entry)
    assert " at 0x" not in written
    for formula in re.findall(r"<math.*?</math>", written, flags=re.DOTALL):
        shown = "".join(ElementTree.fromstring(formula).itertext())
        assert "\\" not in shown and "&" not in shown, shown


def test_a_web_page_is_exported_whole_or_as_a_fragment(tmp_path):
    for name, extra in (("whole.html", []), ("part.html", ["--fragment"])):
        assert (
            main(["export", "lattice/ising-correlation", "-o", str(tmp_path / name), *extra]) == 0
        )
    whole, part = ((tmp_path / name).read_text() for name in ("whole.html", "part.html"))
    assert whole.startswith("<!doctype html>") and "Conventions" in whole and "<math" in whole
    assert "<html" not in part and "lattice/ising-correlation" in part
    assert "http" not in whole


SAMPLED = """
import numpy as np
from sympy import Integer
from neurenorm.numerics.estimate import Estimate
from neurenorm.numerics.verification.claim import Claim
from neurenorm.numerics.verification.compare import Sampled
C = Claim("mine/mean", "one", lambda: Integer(1), lambda e, _: float(e), lambda rng, effort: Estimate.from_blocks(rng.normal(1, 0.1, 400)), Sampled(0.1))
"""


def test_a_seed_repeats_a_run_exactly(tmp_path, capsys):
    file = tmp_path / "mine.py"
    file.write_text(SAMPLED)
    found = []
    for name, seed in (("a", "7"), ("b", "7"), ("c", "8")):
        assert main(["verify", str(file), "--seed", seed, "--json", str(tmp_path / name)]) == 0
        found.append(
            [
                {key: value for key, value in row.items() if key != "seconds"}
                for row in json.loads((tmp_path / name).read_text())
            ]
        )
    assert found[0] == found[1]
    assert found[0][0]["discrepancy"] != found[2][0]["discrepancy"]
    assert found[0][0]["seed"][0] == 7


FRAME = """<!doctype html><iframe id="page" style="border:0;width:{width}px;height:900px" srcdoc="{page}"></iframe><script>
document.getElementById("page").onload = event => {{
  const inner = event.target.contentDocument, root = inner.documentElement;
  const found = [root.clientWidth, root.scrollWidth, inner.querySelectorAll("tr").length, inner.querySelector("math").getBoundingClientRect().width > 0];
  document.title = found.join(" ");
}};
</script>"""


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium on this machine")
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_opens_in_a_browser(tmp_path, width):
    """All rows are there, and nothing sticks out to the side: not on a phone either, whatever the
    length of a formula.
    """
    file = tmp_path / "report.html"
    long = report(sum(X**k for k in range(40)).subs(X, 1) / 80, "a long statement " * 12)
    body = page(
        [
            *REPORTS,
            long,
            replace(REPORTS[0], derived=(X + 1) ** 20 + sum(Symbol(f"y_{k}") for k in range(50))),
        ]
    )
    file.write_text(
        FRAME.format(width=width, page=html.escape(body)), encoding="utf-8"
    )  # a window of its own cannot be as narrow as a phone
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
    ]
    command = [
        "chromium",
        *flags,
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={tmp_path / 'profile'}",
        "--window-size=1400,1000",
    ]
    done = subprocess.run(
        [*command, "--dump-dom", file.as_uri()],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    there, needed, rows, drawn = re.search(r"<title>(.*?)</title>", done.stdout).group(1).split()
    assert int(there) in (width, width - 15)  # less a scroll bar
    assert int(needed) <= int(there)
    assert int(rows) >= 5
    assert drawn == "true"
