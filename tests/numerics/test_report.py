"""Reports for machines and for people, from claims with known outcomes."""

import shutil
import subprocess
from xml.etree import ElementTree

import pytest
from sympy import Integer, Rational, Symbol

from numerics.cli import main
from numerics.report import as_junit, page
from numerics.verification.claim import Claim
from numerics.verification.compare import Exact
from numerics.verification.mutants import scaled

X = Symbol("x", positive=True)


def report(value, statement="a half"):
    claim = Claim("demo/half", statement, lambda: value, lambda e, _: float(e), lambda rng, effort: 0.5, Exact(12), (scaled(1.1),))
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
        "from sympy import Integer\nfrom numerics.verification.claim import Claim\nfrom numerics.verification.compare import Exact\n"
        "from numerics.verification.mutants import scaled\n"
        "C = Claim('mine/one', 'one', lambda: Integer(1), lambda e, _: float(e), lambda rng, effort: 1.0, Exact(12), (scaled(2),))\n"
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


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium on this machine")
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_opens_in_a_browser(tmp_path, width):
    file = tmp_path / "report.html"
    file.write_text(page([*REPORTS, report(X / X * Integer(1) / 2)]), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
    command = ["chromium", *flags, "--disable-component-update", "--disable-sync", f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},900"]
    done = subprocess.run([*command, "--dump-dom", file.as_uri()], capture_output=True, text=True, timeout=90, check=False)
    assert done.stdout.count("<tr>") >= 4
