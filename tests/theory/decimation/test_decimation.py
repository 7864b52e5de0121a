"""Decimation against brute-force enumeration over exact numbers, on models that no formula here was
written for.
"""

from itertools import product

import networkx as nx
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Eq, Integer, Ne, Rational, Symbol, cos, cosh, exp, log, sin

from neurenorm.graphs import diamond, series_cell
from neurenorm.theory import ISING, Kernel, Model, Term, bond_model, clock, decimate, finite, potts
from neurenorm.theory.decimation.cell import cell_decimation
from neurenorm.theory.decimation.decimation import PolynomialWeights
from neurenorm.theory.decimation.series import Series
from neurenorm.theory.decimation.sum_product import ConfigurationSpace, DecimationTooLarge

K = Symbol("K", real=True)
H = Symbol("h", real=True)
J = Symbol("J", real=True)
Q = Symbol("q", positive=True)
SS = {K: lambda s, t: s * t}
AGREE = {K: lambda a, b: int(a == b)}


def brute(model, keep, point):
    """Sum over the removed vertices in floating point, vertex values from the alphabets."""
    spins = list(model.alphabets)
    inner = [v for v in spins if v not in keep]
    table = {}
    for kept in product(*(model.alphabets[v].states for v in keep)):
        total = 0.0
        for rest in product(*(model.alphabets[v].states for v in inner)):
            state = dict(zip([*keep, *inner], [*kept, *rest], strict=True))
            weight = exp(
                sum(
                    point[t.coupling] * t.function(*(state[v] for v in t.scope))
                    for t in model.terms
                )
            ).evalf(40)
            for kernel in model.kernels:
                weight *= kernel.function(*(state[v] for v in kernel.scope))
            total += weight
        table[kept] = total
    return table


def assert_matches_enumeration(model, keep, point):
    decimation = decimate(model, keep)
    sizes = [range(len(model.alphabets[v].states)) for v in keep]
    for indices in product(*sizes):
        kept = tuple(model.alphabets[v].states[i] for v, i in zip(keep, indices, strict=True))
        expected = brute(model, keep, point)[kept]
        assert (
            abs(decimation.partition_function(indices).subs(point).evalf(30) / expected - 1) < 1e-25
        )


def test_chain_gives_the_textbook_coupling():
    decimation = decimate(bond_model(nx.path_graph(3), ISING, SS), (0, 2))
    assert decimation.couplings == {K: log(cosh(2 * K)) / 2}
    assert decimation.constant == log(cosh(2 * K)) / 2 + log(2)
    assert decimation.generated == {}


def test_chain_in_a_field():
    bonds = {**SS, H: lambda s, t: Rational(1, 2) * (s + t)}
    decimation = decimate(bond_model(nx.path_graph(3), ISING, bonds), (0, 2))
    assert decimation.couplings[K] == log(cosh(2 * K - H) * cosh(2 * K + H) / cosh(H) ** 2) / 4
    assert decimation.couplings[H] == H + log(cosh(2 * K + H) / cosh(2 * K - H)) / 2


def test_an_asymmetric_cell_generates_a_field_difference():
    """A field on one interior end only cannot be expressed by K s s' and (h/2)(s + s')."""
    bonds = {**SS, H: lambda s, t: Rational(1, 2) * (s + t)}
    model = bond_model(nx.path_graph(3), ISING, bonds)
    lopsided = Model(
        model.alphabets, (*model.terms, Term(J, (0,), lambda s: s)), (), model.functions
    )
    decimation = decimate(lopsided, (0, 2))
    assert decimation.generated == {"s_{0}": J}
    assert decimation.couplings == decimate(model, (0, 2)).couplings


def test_inhomogeneous_diamond():
    couplings = [Symbol(f"K{k}", real=True) for k in range(4)]
    graph = nx.MultiGraph()
    for (u, v), coupling in zip([("a", 2), (2, "b"), ("a", 3), (3, "b")], couplings, strict=True):
        graph.add_edge(u, v, couplings={K: coupling})
    new = decimate(bond_model(graph, ISING, SS), ("a", "b")).couplings[K]
    point = dict(
        zip(
            couplings,
            (Rational(1, 3), Rational(-1, 2), Rational(2, 5), Rational(7, 9)),
            strict=True,
        )
    )
    k0, k1, k2, k3 = couplings
    pairs = log(cosh(k0 + k1) * cosh(k2 + k3) / (cosh(k0 - k1) * cosh(k2 - k3))) / 2
    assert abs((new - pairs).subs(point).evalf(30)) < 1e-28


def test_star_triangle_and_four_star():
    triangle = decimate(bond_model(nx.star_graph(3), ISING, SS), (1, 2, 3)).effective
    assert triangle["s_{1} s_{2}"] == log(2 * cosh(2 * K) - 1) / 4
    four = decimate(bond_model(nx.star_graph(4), ISING, SS), (1, 2, 3, 4))
    assert four.effective["s_{1} s_{2}"] == log(cosh(4 * K)) / 8
    assert four.effective["s_{1} s_{2} s_{3} s_{4}"] == log(cosh(4 * K) / cosh(2 * K) ** 4) / 8
    assert (
        len(four.generated) == 7
    )  # six pairs and the four-spin product, none of which the star had


@pytest.mark.parametrize("size", [2, 3, 4])
def test_symbolic_potts_equals_the_concrete_alphabet(size):
    """The orbit sum at symbolic q, put to q = size, equals enumeration over labelled states."""
    graph = nx.Graph([(0, 2), (2, 1), (0, 3), (3, 1), (2, 3)])
    symbolic = decimate(bond_model(graph, potts(Q), {K: lambda a, b: int(a == b)}), (0, 1))
    concrete = bond_model(graph, finite(range(size)), {K: lambda a, b: int(a == b)})
    point = {K: Rational(3, 5)}
    table = brute(concrete, (0, 1), point)
    assert (
        abs(
            symbolic.partition_function((0, 0)).subs({**point, Q: size}).evalf(30) / table[0, 0] - 1
        )
        < 1e-25
    )
    assert (
        abs(
            symbolic.partition_function((0, 1)).subs({**point, Q: size}).evalf(30) / table[0, 1] - 1
        )
        < 1e-25
    )


def test_potts_with_four_kept_vertices_expands_in_set_partitions():
    grid = nx.grid_2d_graph(3, 3)
    corners = [(0, 0), (0, 2), (2, 0), (2, 2)]
    decimation = decimate(bond_model(grid, potts(Q), {K: lambda a, b: int(a == b)}), corners)
    assert len(decimation.log_weights) == 15  # Bell(4)
    concrete = bond_model(grid, finite(range(2)), {K: lambda a, b: int(a == b)})
    point = {K: Rational(1, 2)}
    for kept, weight in brute(concrete, corners, point).items():
        assert (
            abs(
                decimation.partition_function([int(s) for s in kept])
                .subs({**point, Q: 2})
                .evalf(30)
                / weight
                - 1
            )
            < 1e-25
        )


def test_too_few_states_for_the_agreement_basis_is_refused():
    with pytest.raises(ValueError, match="linearly dependent"):
        _ = decimate(
            bond_model(nx.star_graph(3), potts(2), {K: lambda a, b: int(a == b)}), (1, 2, 3)
        ).expansion


@pytest.mark.parametrize("n", [3, 4, 5, 6])
def test_clock_models(n):
    model = bond_model(nx.path_graph(3), clock(n), {K: lambda a, b: cos(a - b)})
    assert_matches_enumeration(model, (0, 2), {K: Rational(2, 3)})
    decimation = decimate(model, (0, 2))
    closed = not decimation.generated
    assert closed == (
        n in (3, 4)
    )  # three and four positions close on themselves, more generate harmonics


def test_expansion_of_a_clock_resums_to_the_log_weight():
    decimation = decimate(
        bond_model(nx.path_graph(3), clock(5), {K: lambda a, b: cos(a - b)}), (0, 2)
    )
    alphabet = clock(5)
    for configuration in ((0, 0), (1, 3)):
        total = sum(
            decimation.log_basis.to_expr(row)
            * _product(alphabet, decimation.keep, label, configuration)
            for label, row in decimation.expansion.items()
        )
        direct = log(decimation.partition_function(configuration))
        assert abs((total - direct).subs(K, Rational(4, 7)).evalf(30)) < 1e-20


def _product(alphabet, keep, label, configuration):
    value = 1
    for vertex, k in label:
        value *= alphabet.basis[k][configuration[keep.index(vertex)]]
    return value


def test_block_variable_closes_the_dynamic_neuron_chain():
    """Weights and neurons as spins: keeping the product of the two weights as a block variable
    closes the recursion in two couplings.
    """
    alpha, k = Symbol("alpha", positive=True), Symbol("k", real=True)
    spins = ["h0", "W0", "h1", "W1", "h2", "block"]
    terms = [
        Term(alpha, (f"W{m}", f"h{m}", f"h{m + 1}"), lambda w, a, b: 2 * w * a * b) for m in (0, 1)
    ]
    terms += [Term(k, (f"W{m}",), lambda w: w) for m in (0, 1)]
    model = Model(
        dict.fromkeys(spins, ISING),
        tuple(terms),
        (Kernel(("block", "W0", "W1"), lambda b, v, w: int(b == v * w)),),
    )
    effective = decimate(model, ("h0", "block", "h2")).effective
    assert effective["s_{h0} s_{block} s_{h2}"] == log(cosh(4 * alpha)) / 2
    assert effective["s_{block}"] == log(cosh(2 * k)) / 2
    assert set(effective) == {"1", "s_{h0} s_{block} s_{h2}", "s_{block}"}


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000))
def test_random_models_match_enumeration(seed):
    """Random graphs with pair, field and three-body terms, random kept vertices, random rational
    couplings.
    """
    import random

    rng = random.Random(seed)
    graph = nx.gnp_random_graph(rng.randint(2, 6), 0.6, seed=seed)
    terms = [Term(K, edge, lambda s, t: s * t) for edge in graph.edges] + [
        Term(H, (0,), lambda s: s)
    ]
    if len(graph) > 2:
        terms.append(Term(J, (0, 1, 2), lambda s, t, u: s * t * u))
    model = Model(dict.fromkeys(graph, ISING), tuple(terms))
    keep = tuple(rng.sample(list(graph), rng.randint(0, min(3, len(graph)))))
    point = {symbol: Rational(rng.randint(-9, 9), 7) for symbol in (K, H, J)}
    assert_matches_enumeration(model, keep, point)


def test_hypergraph_factors_on_a_graph():
    """A vertex of kind factor is one many-body interaction of its neighbours."""
    from neurenorm.graphs import Label

    graph = nx.Graph([("f", "a"), ("f", "b"), ("f", "c")])
    graph.nodes["f"]["label"] = Label("factor")
    graph.nodes["f"]["term"] = (J, lambda a, b, c: a * b * c)
    model = bond_model(graph, ISING, SS)
    assert list(model.alphabets) == ["a", "b", "c"]
    assert decimate(model, ("a", "b", "c")).effective == {"1": 0, "s_{a} s_{b} s_{c}": J}


def test_the_order_does_not_change_the_result():
    graph = nx.grid_2d_graph(3, 4)
    from neurenorm.graphs import frontier_order

    model = bond_model(graph, ISING, SS)
    keep = ((0, 0), (2, 3))
    one = decimate(model, keep)
    two = decimate(model, keep, order=frontier_order(model.graph, keep))
    assert one.couplings == two.couplings
    assert one.constant == two.constant


def test_a_large_grid_is_summed():
    model = bond_model(nx.grid_2d_graph(6, 6), ISING, SS)
    decimation = decimate(model, ((0, 0), (5, 5)))
    _, weights = decimation.polynomials
    # at infinite temperature every configuration has weight one
    assert (
        sum(int(v) for v in decimation.polynomials[0].ring.terms(weights[0, 0]).values()) == 2**34
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: decimate(bond_model(nx.path_graph(3), ISING, SS), (0, 7)), r"cannot keep \[7\]"),
        (lambda: decimate(bond_model(nx.path_graph(3), ISING, SS), (0, 0)), "named twice"),
        (
            lambda: Model({"a": ISING}, (Term(K, ("a", "b"), lambda s, t: s * t),)),
            r"\['b'\], which have no alphabet",
        ),
        (
            lambda: Model({"a": ISING}, (Term(K, ("a", "a"), lambda s, t: s * t),)),
            "twice in its scope",
        ),
        (
            lambda: Model(
                {"a": ISING, "b": ISING}, (Term(K, ("a",), abs), Term(Symbol("K"), ("b",), abs))
            ),
            "two different symbols are both named 'K'",
        ),
        (lambda: Term(K, ("a",), lambda s: 0.5).value((1,)), "must be exact"),
        (lambda: Kernel(("a",), lambda s: -1).value((1,)), "non-negative rationals"),
        (lambda: finite([1]), "at least two different states"),
        (lambda: finite([1, 1]), "at least two different states"),
        (lambda: clock(1), "at least 2"),
        (lambda: potts(Rational(5, 2)), "integer of at least 2 or a symbol"),
        (lambda: potts(1), "integer of at least 2 or a symbol"),
        (lambda: bond_model(nx.Graph(), ISING, SS), "no vertices"),
        (
            lambda: bond_model(nx.path_graph(2), clock(3), {K: lambda a, b: sin(a - b)}),
            "tells the two ends of a bond apart",
        ),
        (
            lambda: (
                decimate(
                    bond_model(nx.path_graph(3), potts(3), AGREE, {H: lambda s: int(s == 0)}),
                    (0, 2),
                ).effective
            ),
            "declared symmetric",
        ),
        (lambda: ConfigurationSpace(Model({"a": potts(Q), "b": ISING}, ())), "cannot be mixed"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_table_over_the_limit_is_refused_before_any_work():
    model = bond_model(nx.complete_graph(30), ISING, SS)
    with pytest.raises(
        DecimationTooLarge, match=r"over 30 vertices at once .* the limit is 4,194,304"
    ):
        _ = decimate(model, ()).polynomials


def test_a_forbidden_kept_configuration_is_refused():
    model = Model(
        {"a": ISING, "b": ISING},
        (Term(K, ("a", "b"), lambda s, t: s * t),),
        (Kernel(("a", "b"), lambda a, b: int(a == b)),),
    )
    with pytest.raises(ValueError, match="weight zero"):
        _ = decimate(model, ("a", "b")).effective


def test_a_factor_vertex_of_a_directed_graph_has_all_its_neighbours():
    from neurenorm.graphs import Label

    graph = nx.DiGraph([(0, "f"), ("f", 1), (2, "f")])
    graph.nodes["f"].update(label=Label("factor"), term=(J, lambda a, b, c: a * b * c))
    assert decimate(bond_model(graph, ISING, SS), (0, 1, 2)).effective["s_{0} s_{1} s_{2}"] == J
    del graph.nodes["f"]["term"]
    with pytest.raises(ValueError, match="needs an attribute term"):
        bond_model(graph, ISING, SS)


def test_directed_bonds_of_a_chiral_clock():
    """The sine tells the ends apart, so the effective bond does too: checked against
    enumeration.
    """
    bonds = {K: lambda a, b: cos(a - b), J: lambda a, b: sin(a - b)}
    model = bond_model(nx.DiGraph([(0, 1), (1, 2)]), clock(3), bonds)
    assert_matches_enumeration(model, (0, 2), {K: Rational(1, 2), J: Rational(1, 3)})


def test_generic_alphabets_have_labels():
    effective = decimate(
        bond_model(nx.path_graph(3), finite([0, 1]), {K: lambda a, b: a * b}), (0, 2)
    ).effective
    assert r"\delta_{0,1} \delta_{2,1}" in effective


@pytest.mark.parametrize("states", [[0, 1, -1], [-1, 0, 1], [1, -1, 0]])
def test_the_constant_of_spin_one_in_any_order_of_states(states):
    """Spin 1 on the diamond at (0.7, 0.3, 0.4): ln Z of the cell is 3.262241174564724."""
    functions = {K: lambda s, t: s * t, H: lambda s, t: s**2 * t**2, J: lambda s, t: -(s**2) - t**2}
    point = {K: Rational(7, 10), H: Rational(3, 10), J: Rational(2, 5)}
    new = cell_decimation(diamond(), finite(states), functions)
    step = {c: e.subs(point).evalf(30) for c, e in new.couplings.items()}
    bond = sum(
        exp(sum(step[c] * f(s, t) for c, f in functions.items()))
        for s in (-1, 0, 1)
        for t in (-1, 0, 1)
    )
    constant = new.constant.subs(point).evalf(30)
    assert float(constant) == pytest.approx(1.2822945660527235, abs=1e-15)
    assert float(constant + log(bond)) == pytest.approx(3.262241174564724, abs=1e-15)
    assert [float(x) for x in step.values()] == pytest.approx(
        [0.53914044, 0.05991316, 0.23171674], abs=1e-8
    )


@pytest.mark.parametrize("alphabet", [ISING, clock(2), finite([5, 9]), finite([1, -1]), potts(2)])
def test_agreement_on_two_states_has_one_constant(alphabet):
    """K delta on any two states is K/2 + K s s'/2 of spins."""
    agree = cell_decimation(diamond(), alphabet, AGREE)
    spins = cell_decimation(diamond(), ISING, SS)
    k = Rational(3, 5)
    new = agree.couplings[K].subs(K, 2 * k)
    assert abs((new - 2 * spins.couplings[K].subs(K, k)).evalf(30)) < 1e-25
    shifted = spins.constant.subs(K, k) + 4 * k - new / 2
    assert abs((agree.constant.subs(K, 2 * k) - shifted).evalf(30)) < 1e-25


def test_the_printed_step_carries_the_constant():
    printed = cell_decimation(series_cell(2), ISING, AGREE)._repr_latex_()
    assert r"\ln A" in printed


@pytest.mark.parametrize(
    "compare", [lambda s, t: s < t, lambda s, t: s == t, lambda s, t: s >= t, Eq, Ne]
)
def test_a_kernel_may_compare_states(compare):
    """States are SymPy numbers, and a comparison of them is 1 or 0."""
    alphabets = {"a": finite([0, 2, 1]), "b": finite([3, 1, 0])}
    model = Model(
        alphabets, (Term(K, ("a", "b"), lambda s, t: s * t),), (Kernel(("a", "b"), compare),)
    )
    expected = sum(
        exp(K * s * t)
        for s in (0, 2, 1)
        for t in (3, 1, 0)
        if bool(compare(Integer(s), Integer(t)))
    )
    assert decimate(model, ()).partition_function(()) == expected


@pytest.mark.parametrize("value", ["K", None, Symbol("x"), Symbol("x") < 1, [1], float("nan")])
def test_a_weight_that_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="must be"):
        Kernel(("a",), lambda s: value).value((1,))


def test_clauses_without_a_solution_have_weight_zero():
    """Four clauses on two variables exclude all of their states: Z = 0 is a value, its logarithm is
    none.
    """
    clauses = [
        Kernel((0, 1), lambda a, b, p=p, q=q: a == p or b == q) for p in (1, -1) for q in (1, -1)
    ]
    empty = decimate(Model({0: ISING, 1: ISING}, (), tuple(clauses)), ())
    assert empty.partition_function(()) == 0
    with pytest.raises(ValueError, match="partition function is zero"):
        _ = empty.constant


def test_an_edge_cannot_replace_a_coupling_that_no_bond_has():
    graph = nx.Graph()
    graph.add_edge(0, 1, couplings={Symbol("K"): J})
    with pytest.raises(ValueError, match="not among those of a bond"):
        bond_model(graph, ISING, SS)


def test_no_exported_name_replaces_one_of_sympy():
    """`from neurenorm.theory import *` after `from sympy import *` leaves SymPy as it was."""
    from neurenorm import graphs, theory

    assert not {*theory.__all__, *graphs.__all__} & set(sympy.__all__)


@pytest.mark.parametrize("alphabet", [ISING, clock(3), potts(Q), finite([2, 0])])
def test_copies_in_series_are_summed_by_squaring(alphabet):
    """The weights of five bonds, squared and multiplied, are those of the chain summed spin by
    spin.
    """
    series = Series(cell_decimation(series_cell(1), alphabet, AGREE), 5)
    one, weights = series.decimation, series.weights(PolynomialWeights(series.cell))
    ring = PolynomialWeights(series.cell).ring
    for configuration, weight in weights.items():
        assert ring.to_expr(weight) == one.partition_function(configuration)
