"""The pages of the documentation: their code runs, and what they name exists."""

import doctest
import re
import runpy
from pathlib import Path

import pytest

from neurenorm.theory.catalogue import PAPERS, results

ROOT = Path(__file__).resolve().parents[2]
MADE = ("reference", "tutorials")
PAGES = [
    ROOT / "CONTRIBUTING.md",
    *(
        page
        for page in sorted((ROOT / "docs").rglob("*.md"))
        if page.relative_to(ROOT / "docs").parts[0] not in MADE
    ),
]
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL
REFERENCE = re.compile(r"\b[a-z]+-check-\d+\b")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_code_of_a_page_runs(page, tmp_path, monkeypatch):
    """Run every prompt of the page, one after the other, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    text = re.sub(r"^```.*$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    examples = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    assert doctest.DocTestRunner(optionflags=FLAGS).run(examples).failed == 0


@pytest.mark.parametrize("subject", PAPERS)
def test_every_result_stands_on_the_page_of_its_subject(subject):
    text = (ROOT / "docs" / "physics" / f"{subject}.md").read_text(encoding="utf-8")
    named = set(re.findall(rf"`({subject}/[a-z-]+)`", text))
    assert named == {entry.id for entry in results(subject)}


def test_checks_that_tests_refer_to_have_an_anchor():
    tests = "".join(f.read_text(encoding="utf-8") for f in (ROOT / "tests").rglob("test_*.py"))
    pages = "".join(f.read_text(encoding="utf-8") for f in (ROOT / "docs" / "physics").glob("*.md"))
    anchors = set(re.findall(r"^\(([a-z]+-check-\d+)\)=$", pages, flags=re.MULTILINE))
    assert len(anchors) >= 27 and set(REFERENCE.findall(tests)) <= anchors


def test_links_between_pages_lead_somewhere():
    for page in [ROOT / "README.md", *PAGES]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            made = target.startswith("reference/")  # written when the site is built
            assert made or (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_reference_names_whatever_is_public(tmp_path):
    made = runpy.run_path(str(ROOT / "docs" / "reference_pages.py"))
    text = "\n".join(page.read_text(encoding="utf-8") for page in made["written_pages"](tmp_path))
    entries = set(re.findall(r"^\.\. auto\w+:: (\S+)$", text, flags=re.MULTILINE))
    missing = made["public_names"]().keys() - entries
    assert len(entries) > 500 and not missing, sorted(missing)
