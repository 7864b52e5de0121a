"""Values from elsewhere are data: no text is executed, no number or list fills the memory, no name
reaches a terminal raw.
"""

import ast
import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Integer, Rational, Symbol

from neurenorm.graphs.lattices import diamond, hierarchical_lattice, ladder
from neurenorm.graphs.network.architectures import mlp, recurrent
from neurenorm.numerics.cli import main
from neurenorm.numerics.evaluate import evaluate
from neurenorm.numerics.evaluate.values import exact_value, parse_value
from neurenorm.numerics.measure.spins.verdict import coupling_law
from neurenorm.numerics.quadrature.balls import certified_average
from neurenorm.numerics.solve.dynamic_neurons.transfer import correlation_lengths
from neurenorm.numerics.sweep import sweep
from neurenorm.theory.algebra.arguments import READERS as READ
from neurenorm.theory.algebra.reading import expression_of, matrix_of, read_expression, read_number
from neurenorm.theory.catalogue import results
from neurenorm.theory.decimation.model import clock, finite, potts
from neurenorm.theory.dynamic_neurons.generated_couplings import generated_classes
from neurenorm.theory.dynamic_neurons.linear import annealed_covariance
from neurenorm.theory.field.gaussian_field import GaussianField
from neurenorm.theory.field_theory.action import LatticeAction
from neurenorm.theory.gaussian.activation import activation
from neurenorm.theory.gaussian.expectation import expectation, gaussian_variables
from neurenorm.theory.gaussian.terms import linear_form
from neurenorm.theory.ising_correspondence.machines import ring_correlation
from neurenorm.theory.recursion.recursion import Recursion

ROOT = Path(__file__).parents[1]
READERS = {
    "numerics/solve/loops/networks.py": {"lambdify"},  # of an activation, at any precision
    "theory/algebra/reading.py": {"sympify"},
    "numerics/compile/kernels.py": {"exec"},
    "numerics/quadrature/balls.py": {"eval"},
    "theory/catalogue/index.py": {"literal_eval"},  # of the catalogue's own files
}
EVALUATING = {
    "sympify",
    "parse_expr",
    "eval",
    "exec",
    "literal_eval",
    "parse_latex",
    "nsimplify",
    "lambdify",
    "_sympify",
}
CODE = '__import__("pathlib").Path("pwned").touch()'


def evaluating_names(tree):
    """Every use of a name that evaluates text, and every S(...) of something that is no literal."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in EVALUATING:
            yield node.lineno, node.id
        if (
            isinstance(node, ast.Attribute)
            and node.attr in EVALUATING
            and getattr(node.value, "id", "") in ("sympy", "sp", "ast", "builtins")
        ):
            yield node.lineno, node.attr
        if (
            isinstance(node, ast.Call)
            and getattr(node.func, "id", "") == "S"
            and not isinstance(node.args[0], ast.Constant)
        ):
            yield node.lineno, "S"


@pytest.mark.parametrize("wing", ["graphs", "theory", "numerics"])
def test_text_is_evaluated_in_named_places_only(wing):
    for file in sorted((ROOT / wing).rglob("*.py")):
        name = file.relative_to(ROOT).as_posix()
        found = {
            (line, word)
            for line, word in evaluating_names(ast.parse(file.read_text()))
            if word not in READERS.get(name, ())
        }
        assert not found, f"{name} evaluates text: use neurenorm.theory.algebra.reading ({found})"


NAMES = {"Symbol", "Dummy", "Function", "symbols", "latex", "Basic", "Expr", "MatrixBase"}
"""What SymPy exports and evaluates no text."""
COERCING = {
    "expression_of", "matrix_of", "symbols_of", "symbol_of", "whole_number", "listed", "positive",
    "read_expression", "as_number", "exact_number", "activation",
}  # fmt: skip
METHODS = {"subs", "diff"}


def exported_functions(tree):
    """Functions, and public methods of classes, that a module exports."""
    names = {
        entry.value
        for statement in tree.body
        if isinstance(statement, ast.Assign)
        and getattr(statement.targets[0], "id", "") == "__all__"
        and isinstance(statement.value, ast.List | ast.Tuple)
        for entry in statement.value.elts
    }
    for statement in tree.body:
        if isinstance(statement, ast.FunctionDef) and statement.name in names:
            yield statement
        if isinstance(statement, ast.ClassDef) and statement.name in names:
            yield from (
                method
                for method in statement.body
                if isinstance(method, ast.FunctionDef)
                and (method.name in ("__call__", "__new__") or not method.name.startswith("_"))
            )


def unread_parameters(function):
    """Parameters that no reader reads: neither the decorator by their annotation, nor a call of a
    coercion that is assigned to their name.
    """
    decorated = any("exact_arguments" in ast.unparse(d) for d in function.decorator_list)
    found = set()
    for parameter in (*function.args.args, *function.args.kwonlyargs):
        plain = re.sub(r"sympy\.|sp\.| \| None", "", ast.unparse(parameter.annotation or parameter))
        if not (decorated and plain in READ) and parameter.arg not in ("self", "cls"):
            found.add(parameter.arg)
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            calls = [part for part in ast.walk(node.value) if isinstance(part, ast.Call)]
            if {getattr(call.func, "id", "") for call in calls} & COERCING:
                targets = [part for target in node.targets for part in ast.walk(target)]
                found -= {part.id for part in targets if isinstance(part, ast.Name)}
    return found


def handed_on(tree):
    """Calls that hand a parameter of an exported function to SymPy as it came."""
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sympy")
        for alias in node.names
    } - NAMES
    for function in exported_functions(tree):
        unread = unread_parameters(function)
        for node in (part for part in ast.walk(function) if isinstance(part, ast.Call)):
            lists = [a.elts for a in node.args if isinstance(a, ast.List | ast.Tuple)]
            given = {
                getattr(a, "id", "") for a in (*node.args, *(e for part in lists for e in part))
            }
            owner = getattr(getattr(node.func, "value", None), "id", "")
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            sympys = owner in ("sp", "sympy") and name not in NAMES
            bare = isinstance(node.func, ast.Name) and name in imported
            if given & unread and (sympys or bare or name in METHODS):
                yield function.name, ast.unparse(node)[:60]


@pytest.mark.parametrize("wing", ["graphs", "theory", "numerics"])
def test_no_argument_of_an_exported_function_reaches_sympy_unread(wing):
    for file in sorted((ROOT / wing).rglob("*.py")):
        name = file.relative_to(ROOT).as_posix()
        if "/claims/" not in name and "/simulation/" not in name and name not in READERS:
            found = list(handed_on(ast.parse(file.read_text())))
            assert not found, (
                f"{name} hands on what it was given: {found}; see theory/algebra/arguments"
            )


def test_the_rule_finds_what_it_is_for():
    source = """
from sympy import Matrix, Rational
__all__ = ["f", "g", "h"]
def f(x): return Rational(x)
def g(x): return Matrix([x, 1])
def h(x, e):
    x = expression_of(x)
    return Rational(x) + e.subs(x, y)
"""
    assert [name for name, _ in handed_on(ast.parse(source))] == ["f", "g"]


@pytest.mark.parametrize("wing", ["theory", "numerics"])
def test_latex_comes_from_the_printer_of_this_project(wing):
    for file in sorted((ROOT / wing).rglob("*.py")):
        if "typeset" not in file.parts:
            text = file.read_text()
            assert not re.search(r"(sp|sympy)\.latex\(|import [^\n]*\blatex\b", text), file


@pytest.fixture
def guarded(tmp_path, monkeypatch):
    """A folder in which the marker would appear, and SymPy's parser in a state in which no text may
    reach it.
    """
    monkeypatch.chdir(tmp_path)
    reached = []

    def refuse(text, *_, **__):
        reached.append(text)
        raise AssertionError(f"the text {text!r} reached SymPy's parser")

    monkeypatch.setattr("sympy.parsing.sympy_parser.parse_expr", refuse)
    yield
    assert not reached
    assert list(tmp_path.iterdir()) == []


def run(capsys, *arguments):
    try:
        status = main(list(arguments))
    except SystemExit as leaving:
        status = leaving.code
    captured = capsys.readouterr()
    return status, captured.out, captured.err


SHAPES = [
    '{"CODE":1}', '{"a":"CODE"}', '[{"CODE":1}]', '[["CODE"]]', '[[["CODE"]]]', '["CODE"]', '"CODE"', "CODE", '[[1,"CODE"],["CODE",1]]', '[[{"a":["CODE"]}]]',
    "[CODE]", "[CODE, CODE]", "tanh(CODE)", "z+CODE",
]  # fmt: skip
SAMPLE = {
    "activation": "tanh",
    "boundary": "fixed-open",
    "paths": "[[0,1,2],[2,3,4]]",
    "x": "[1,-1]",
    "y": "[1,1]",
    "layers": "[[1],[2]]",
}


def arguments_of(entry):
    """Required parameters with a value for each, as on a command line."""
    return {p.name: SAMPLE.get(p.name, "1") for p in entry.parameters if p.required}


@pytest.mark.parametrize("shape", SHAPES)
def test_no_parameter_of_any_result_runs_code(capsys, guarded, shape):
    text = shape.replace("CODE", CODE.replace('"', '\\"') if '"CODE"' in shape else CODE)
    for entry in results():
        for parameter in entry.parameters:
            given_values = {**arguments_of(entry), parameter.name: text}
            status, out, err = run(
                capsys,
                "evaluate",
                entry.id,
                *(f"{name}={value}" for name, value in given_values.items()),
            )
            assert (status, out) == (2, ""), (entry.id, parameter.name)
            assert len(err.splitlines()) == 1 and "Traceback" not in err, err


@pytest.mark.parametrize(
    "value",
    [
        '[{"x":"CODE"}]',
        '{"CODE":1}',
        '[["CODE"],[{"a":"CODE"}]]',
        "CODE:1:3",
        "0:CODE:3",
        "0:1:CODE",
    ],
)
def test_no_axis_runs_code(capsys, guarded, value):
    status, _, err = run(
        capsys,
        "sweep",
        "lattice/ising-decimation",
        f"K={value.replace('CODE', CODE)}",
        "b=2",
        "-o",
        "a.nc",
        "--workers",
        "0",
    )
    assert status == 2
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    "wrap",
    [
        lambda c: c,
        lambda c: [c],
        lambda c: (c,),
        lambda c: {c: 1},
        lambda c: {"a": c},
        lambda c: [[c]],
        lambda c: ((c, 1),),
    ],
)
def test_no_function_runs_code(guarded, wrap):
    value, (K,) = wrap(CODE), [Symbol("K", real=True)]
    calls = [
        lambda: evaluate("lattice/ising-decimation", K=value),
        lambda: sweep("lattice/ising-decimation", {"K": [value]}, workers=0),
        lambda: sweep("lattice/ising-decimation", {"K": [1]}, {"h": value}, workers=0),
        lambda: LatticeAction(activation("tanh")).value([value], 1),
        lambda: LatticeAction(activation("tanh")).value([[1]], value),
        lambda: activation(value),
        lambda: activation("leaky", slope=value),
        lambda: potts(value),
        lambda: finite([value, 1]),
        lambda: expectation(K, K, value),
        lambda: expectation(value, K, 1),
        lambda: annealed_covariance([value], 1, 1),
        lambda: Recursion((K,), (value,), 2),
        lambda: Recursion((K,), (K**2,), value),
        lambda: Recursion((K,), (K**2,), 2)(value),
        lambda: expression_of(value),
        lambda: matrix_of([[value]]),
    ]
    for call in calls:
        with pytest.raises((ValueError, TypeError)):
            call()


@pytest.mark.parametrize(
    "arguments",
    [
        ["lattice/ising-decimation", "K=1e99999999"],
        ["lattice/ising-decimation", "K=1e-99999999"],
        ["lattice/ising-decimation", "K=1e" + "9" * 50],
        ["lattice/ising-decimation", "K=" + "9" * 5000],
        ["lattice/ising-decimation", "K=[" + "9" * 5000 + "]"],
        ["lattice/ising-decimation", "K=1/" + "9" * 5000],
        ["lattice/ising-decimation", "K=1e400/1e400"],
        ["lattice/ising-decimation", "K=" + "[" * 20_000],
        ["lattice/ising-decimation", "K=" + "[" * 900 + "]" * 900],
        ["lattice/ising-decimation", "K=" + "(" * 900 + ")" * 900],
        ["lattice/ising-decimation", "K=[" + "1," * 40_000 + "1]"],
        ["lattice/ising-decimation", "K=1", "b=" + "1" + "0" * 400],
        ["ising-correspondence/linear-autoencoder", "K=1", "b=1e400"],
        *(
            ["field-theory/kernel-map", f"activation={text}", "Kaa=1", "Kbb=1", "Kab=0.5"]
            for text in (
                "z*sqrt(1e299)**100", "z*gamma(1e9)", "z" * 5000, "*".join("z" * 900), "z*exp(499)**99*exp(499)**99",
                "z**9**9**9", "9**9**9**9*z", "((z**9)**9)**9", "(1+z)**99999", "z*exp(exp(exp(exp(9))))", "z*" + "9" * 3000, "z+1e99999999",
                "((((1+z)**50)**50)**50)",
                "-" * 1999 + "z", "z*10**10**10", "z*2**(1e300)",
                "tanh(" * 50 + "z" + ")" * 50, "z*max(exp(499),exp(498))**100",
            )
        ),
    ],
)  # fmt: skip
def test_bombs_are_refused_at_once(capsys, guarded, arguments):
    start = time.perf_counter()
    status, out, err = run(capsys, "evaluate", *arguments)
    assert time.perf_counter() - start < 2
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1 and len(err) < 1000


def test_work_has_a_budget(capsys, monkeypatch):
    start = time.process_time()
    status, out, err = run(
        capsys, "evaluate", "complexity/random-network", "activation=relu", "sw2=2", "sb2=0",
        "depth=3", "--digits", "1000",
    )  # fmt: skip
    assert (status, out, len(err.splitlines())) == (2, "", 1) and "at most 86" in err
    assert time.process_time() - start < 2
    monkeypatch.setattr("neurenorm.numerics.quadrature.plane.MOST_EVALUATIONS", 100_000)
    status, out, err = run(
        capsys, "evaluate", "field-theory/correlation-fixed-point", "activation=tanh", "sw2=5e11",
        "sb2=1",
    )  # fmt: skip
    assert (status, out, len(err.splitlines())) == (2, "", 1)
    assert "more than 100000 values of the function" in err


@pytest.mark.parametrize(
    "call",
    [
        lambda: mlp([10**400, 2]),
        lambda: mlp([10**5, 10**5]),
        lambda: ladder(10**9),
        lambda: hierarchical_lattice(diamond(), 10**6),
        lambda: recurrent(2).unrolled(10**9),
        lambda: clock(10**6),
        lambda: gaussian_variables(10**6),
        lambda: generated_classes(10**400),
        lambda: certified_average(Symbol("z") ** 2, [Symbol("z")], [1], 10**6),
        lambda: coupling_law(10**400, 2, 1),
        lambda: correlation_lengths([]),
        lambda: linear_form(CODE, (Symbol("z"),)),
        lambda: linear_form(Symbol("z"), (CODE,)),
        lambda: ring_correlation(CODE, 3, 1),
        lambda: GaussianField.from_chain_action(CODE, Symbol("p"), Symbol("q"), 0),
        lambda: GaussianField.from_chain_action(Symbol("p"), Symbol("p"), Symbol("q"), [CODE]),
    ],
)
def test_calls_are_refused_in_one_line_at_once(guarded, call):
    start = time.process_time()
    with pytest.raises((ValueError, TypeError)) as refused:
        call()
    assert time.process_time() - start < 2 and len(str(refused.value).splitlines()) == 1


def test_numbers_are_exact_and_have_a_range():
    assert [parse_value(text) for text in ("1e3", "0.1", ".5", "-2.50", "4/6", "+1", "1e-300")] == [
        1000, Rational(1, 10), Rational(1, 2), Rational(-5, 2), Rational(2, 3), 1, Rational(1, 10**300)
    ]  # fmt: skip
    for text in ("1e301", "1e-301", "1" + "0" * 301, "1/0"):
        with pytest.raises(ValueError, match=r"range|zero"):
            read_number(text)
    with pytest.raises(ValueError, match="range"):
        exact_value(10**400)
    with pytest.raises(ValueError, match="range"):
        exact_value(10**50_000)
    assert parse_value("1_000") == "1_000"


EXPRESSIONS = st.recursive(
    st.one_of(st.integers(0, 9).map(str), st.sampled_from(["x", "y", "0.25", "1e-3", "pi"])),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*"]), inner).map(
            lambda t: f"({t[0]}{t[1]}{t[2]})"
        ),
        inner.map(lambda e: f"-({e})"),
        inner.map(lambda e: f"({e})**2"),
        inner.map(lambda e: f"tanh({e})"),
    ),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(EXPRESSIONS)
def test_the_grammar_means_what_python_means(text):
    import math

    at = {"x": 0.3, "y": -1.25}
    names = {"tanh": math.tanh, "pi": math.pi, **at}
    wanted = eval(text, {"__builtins__": {}}, names)
    try:
        found = read_expression(text)
    except ValueError as error:
        assert "range" in str(error) or "large" in str(error)
        return
    value = complex(
        found.subs({Symbol(name): Rational(str(number)) for name, number in at.items()}).evalf(20)
    )
    assert value.real == pytest.approx(wanted, rel=1e-9, abs=1e-9)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=40) | st.text(alphabet="0123456789eE.+-*/()[]{}xz_, \"'", max_size=40))
def test_any_text_is_read_or_refused_in_one_line(text):
    for reader in (parse_value, read_expression, activation):
        try:
            reader(text)
        except ValueError as error:
            assert str(error).isprintable()
    assert (
        read_expression("2*x") == 2 * Symbol("x")
        and expression_of(True)
        and expression_of(Integer(3)) == 3
    )
