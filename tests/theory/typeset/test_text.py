"""Formulas as text, and sentences as LaTeX: read back, they say the same."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Float, Integer, Rational, Symbol, cosh, exp, log, sqrt, symbols, tanh
from sympy.parsing.sympy_parser import (
    convert_xor,
    implicit_multiplication,
    parse_expr,
    standard_transformations,
)

from neurenorm.theory import results
from neurenorm.theory.catalogue.problems import Formula
from neurenorm.theory.typeset.display import fitted, lines_of, tex, width
from neurenorm.theory.typeset.prose import prose_latex
from neurenorm.theory.typeset.text import ascii_text, text_rows

READ = (*standard_transformations, convert_xor, implicit_multiplication)
X = symbols("x y alpha K_1", positive=True)
AT = dict(
    zip(X, (Float("0.7", 30), Float("1.3", 30), Float("0.4", 30), Float("2.1", 30)), strict=True)
)
LEAVES = st.sampled_from([*X, Integer(2), Integer(3), Rational(1, 2), Rational(-2, 3)])


def grown(inner):
    """Sums, products, quotients, powers and functions of what there is."""
    pair = st.tuples(inner, inner)
    return st.one_of(
        pair.map(lambda p: p[0] + p[1]),
        pair.map(lambda p: p[0] - 2 * p[1]),
        pair.map(lambda p: p[0] * p[1]),
        pair.map(lambda p: p[0] / (p[1] ** 2 + 1)),
        inner.map(lambda e: e**3),
        inner.map(lambda e: sqrt(e**2 + 1)),
        inner.map(lambda e: exp(-e)),
        inner.map(lambda e: log(cosh(e))),
        inner.map(lambda e: tanh(e) ** 2),
    )


def read(text):
    """What a text says as mathematics, with the powers of functions behind their arguments."""
    while (found := re.search(r"\b(cosh|tanh|ln)\^(\d+)\(", text)) is not None:
        end, depth = found.end(), 1
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        inner = text[found.end() : end]
        text = f"{text[: found.start()]}({found[1]}({inner})^{found[2]}{text[end:]}"
    names = {str(x): x for x in X} | {"ln": log, "e": exp(1)}
    return parse_expr(text, local_dict=names, transformations=READ)


@settings(max_examples=150, deadline=None)
@given(st.recursive(LEAVES, grown, max_leaves=7))
def test_the_text_of_an_expression_has_its_value(expression):
    """Products by juxtaposition bind as in print, so a text in ASCII is read back to its value."""
    (text,) = text_rows(tex(expression), width=10_000)
    found = read(ascii_text(text)).subs(AT)
    assert abs((found - expression.subs(AT)).evalf(20)) < 1e-12 * (1 + abs(found))


@pytest.mark.parametrize("entry", results(), ids=lambda entry: entry.id)
def test_every_formula_of_the_catalogue_is_text(entry):
    for row in text_rows(entry.to_latex()):
        assert "\\" not in row and "{aligned}" not in row
        assert ascii_text(row).isascii() and "\\u" not in ascii_text(row)


def test_names_of_strangers_are_text_in_prose():
    for name in (r"x_{\input}", "^^M", r"\alpha", "$x$", "a_{b}c%", "N(\\x)"):
        written = prose_latex(f"the weight of {name} is {name}")
        assert r"\input" not in written.replace(r"\textbackslash{}input", "")
        assert written.count("$") % 2 == 0 and "%" not in written.replace(r"\%", "")


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        ("a unit of width N", "a unit of width $N$"),
        ("K = 0.5 and a = 1", "$K = 0.5$ and $a = 1$"),
        ("b > 1 coarsens.", "$b > 1$ coarsens."),
        ("50 % of s_1", r"50 \% of $s_1$"),
        ("<phi^4>/K^2", r"$\langle \phi^4\rangle/K^2$"),
        ("σ_w² at layer 2", r"$\sigma_w^2$ at layer 2"),
        ("the q-state model", "the $q$-state model"),
    ],
)
def test_prose(sentence, wanted):
    assert prose_latex(sentence) == wanted


@settings(max_examples=60, deadline=None)
@given(st.integers(20, 90), st.integers(1, 9))
def test_rows_are_broken_to_the_page_and_lose_nothing(line, terms):
    row = "y &= " + " + ".join(f"a_{{{k}}} b" for k in range(terms))
    with lines_of(line):
        parts = fitted(row).split(" \\\\\n")
    assert all(width(part) <= line for part in parts)
    assert re.sub(r"&|\\quad|\s", "", "".join(parts)) == re.sub(r"&|\s", "", row)


def test_numbers_put_into_a_formula_keep_its_left_side():
    K = Symbol("K")
    assert Formula({"energy": K**2}).to_latex().splitlines()[1] == "e &= K^{2}"
