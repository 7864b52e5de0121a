"""Laws that exact decimation obeys on random models, and faults put back on purpose that the laws
have to find.

A law takes a random source and raises `AssertionError` where it fails. Sums are written out with
itertools at 40 digits, with the functions of the random model called on its own states: nothing
here uses the elimination.
"""

from __future__ import annotations

import itertools
import random

import mpmath
import networkx as nx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sympy import Integer, Rational, Symbol, lambdify

from neurenorm.graphs import EliminationOrder, cell_from_graph, series_cell
from neurenorm.theory import Chart, Kernel, Model, Recursion, Term, cell_recursion, decimate, finite
from neurenorm.theory.decimation.cell import cell_decimation
from neurenorm.theory.decimation.decimation import Decimation, PolynomialWeights
from neurenorm.theory.decimation.model import ISING, clock, potts
from neurenorm.theory.decimation.series import Series
from neurenorm.theory.decimation.sum_product import ConfigurationSpace

K, L, T = Symbol("K", real=True), Symbol("L", real=True), Symbol("t", real=True)
H = Symbol("h", real=True)


def rational(rng: random.Random, size: int = 1) -> Rational:
    """Return a random coupling or value of a function, zero only rarely."""
    return Rational(rng.randint(-7 * size, 7 * size), 7)


def random_alphabet(rng: random.Random):
    """Return spins, a clock of two or three positions, or up to three different numbers in any
    order.
    """
    states = rng.sample([-2, -1, 0, 1, 2, 3, Rational(1, 2)], rng.randint(2, 3))
    return rng.choice([ISING, clock(rng.randint(2, 3)), finite(states), finite(states)])


def indicator_bonds(alphabet):
    """Return a coupling for every symmetric pair of states but the first, so that any symmetric
    bond is closed.
    """
    states = alphabet.states
    pairs = list(itertools.combinations_with_replacement(range(len(states)), 2))[1:]
    bonds = {}
    for a, b in pairs:
        pair = {(states[a], states[b]), (states[b], states[a])}
        bonds[Symbol(f"J{a}{b}", real=True)] = lambda s, t, pair=pair: (s, t) in pair
    return bonds


def shifted_bonds(rng: random.Random, bonds):
    """Return the bond functions with random constants added."""
    shifts = {coupling: Rational(rng.randint(-3, 3), 2) for coupling in bonds}
    functions = {c: (lambda s, t, f=f, a=shifts[c]: int(f(s, t)) + a) for c, f in bonds.items()}
    return functions, shifts


def random_cell(rng: random.Random, most: int = 7):
    """Return a random cell that looks alike from both terminals, with up to ``most`` vertices.

    A random graph is put in parallel or in series with its mirror image: a bond with symmetric
    functions stays one.
    """
    series = rng.random() < 0.4
    n = rng.randint(2 if series else 3, (most + 1) // 2 if series else (most + 2) // 2)
    while True:
        graph = nx.gnp_random_graph(n, 0.6, seed=rng.randint(0, 10**6))
        if nx.is_connected(graph) and (series or not graph.has_edge(0, 1)):
            break
    mirror = {0: "end", 1: 1} if series else {0: 1, 1: 0}
    other = nx.relabel_nodes(graph, {v: mirror.get(v, f"m{v}") for v in graph}, copy=True)
    both = nx.MultiGraph([*graph.edges, *other.edges])
    both.add_edges_from(
        [(u, v) for u, v in [*graph.edges, *other.edges]] if rng.random() < 0.2 else []
    )
    return cell_from_graph(both, 0, "end" if series else 1)


def number(value, point=None) -> mpmath.mpf:
    """Return an exact expression at a point with the working digits."""
    if not point:
        return mpmath.mpf(str(value.evalf(45)))
    values = [mpmath.mpf(int(x.p)) / int(x.q) for x in point.values()]
    return mpmath.mpf(lambdify(list(point), value, "mpmath")(*values))


def weight_sum(model: Model, point, fixed=None) -> mpmath.mpf:
    """Return the sum over all configurations that have the fixed states, written out."""
    fixed = dict(fixed or {})
    free = [v for v in model.alphabets if v not in fixed]
    total = mpmath.mpf(0)
    for states in itertools.product(*(model.alphabets[v].states for v in free)):
        at = {**fixed, **dict(zip(free, states, strict=True))}
        exponent = sum(
            (point[t.coupling] * t.function(*(at[v] for v in t.scope)) for t in model.terms),
            Rational(0),
        )
        weight = mpmath.exp(number(Rational(0) + exponent))
        for kernel in model.kernels:
            weight *= int(bool(kernel.function(*(at[v] for v in kernel.scope))))
        total += weight
    return total


def bond_sum(alphabet, functions, couplings) -> mpmath.mpf:
    """Return the partition sum of one bond with given couplings."""
    return sum(
        mpmath.exp(sum(couplings[c] * number(Rational(0) + f(s, t)) for c, f in functions.items()))
        for s in alphabet.states
        for t in alphabet.states
    )


def close(a, b, digits: int = 25) -> None:
    """Raise unless two numbers agree."""
    assert abs(a - b) <= mpmath.mpf(10) ** -digits * (1 + abs(a)), (
        f"{mpmath.nstr(a, 15)} is not {mpmath.nstr(b, 15)}"
    )


def case(rng: random.Random):
    """Return a random alphabet with closed bond functions, a cell that is small enough, and
    couplings.
    """
    alphabet = random_alphabet(rng)
    functions, _ = shifted_bonds(rng, indicator_bonds(alphabet))
    cell = random_cell(rng, 7 if len(alphabet.states) == 2 else 4)
    return alphabet, functions, cell, {c: rational(rng) for c in functions}


def law_partition_function(rng: random.Random) -> None:
    """ln Z of the cell is ln Z of one new bond plus ln A."""
    alphabet, functions, cell, point = case(rng)
    decimation = cell_decimation(cell, alphabet, functions)
    new = {c: number(e, point) for c, e in decimation.couplings.items()}
    whole = weight_sum(decimation.model, point)
    close(
        mpmath.log(whole),
        mpmath.log(bond_sum(alphabet, functions, new)) + number(decimation.constant, point),
    )


def law_weights(rng: random.Random) -> None:
    """Z of any kept vertices of any model, with fields, three-body terms and kernels, is the sum
    over the others.
    """
    vertices = list(range(rng.randint(2, 6)))
    alphabets = {v: random_alphabet(rng) for v in vertices}
    terms, kernels = [], []
    for _ in range(rng.randint(1, 6)):
        scope = tuple(rng.sample(vertices, rng.randint(1, min(3, len(vertices)))))
        table = {s: rational(rng) for s in itertools.product(*(alphabets[v].states for v in scope))}
        terms.append(Term(rng.choice([K, L, H]), scope, lambda *s, table=table: table[s]))
    if rng.random() < 0.5:
        scope = tuple(rng.sample(vertices, 2))
        kernels.append(
            Kernel(
                scope, rng.choice([lambda s, t: s <= t, lambda s, t: s != t, lambda s, t: s < t])
            )
        )
    model = Model(alphabets, tuple(terms), tuple(kernels))
    keep = tuple(rng.sample(vertices, rng.randint(0, min(2, len(vertices)))))
    point = {c: rational(rng) for c in (K, L, H)}
    decimation = decimate(model, keep)
    for indices in itertools.product(*(range(len(alphabets[v].states)) for v in keep)):
        fixed = {v: alphabets[v].states[i] for v, i in zip(keep, indices, strict=True)}
        close(
            number(decimation.partition_function(indices), point), weight_sum(model, point, fixed)
        )


def law_order_of_states(rng: random.Random) -> None:
    """The order in which an alphabet lists its states changes neither couplings nor ln A."""
    states = rng.sample([-2, -1, 0, 1, 2, 3], 3)
    other = rng.sample(states, 3)
    functions, _ = shifted_bonds(rng, indicator_bonds(finite(states)))
    cell, point = random_cell(rng, 4), {c: rational(rng) for c in functions}
    one, two = (cell_decimation(cell, finite(order), functions) for order in (states, other))
    close(number(one.constant, point), number(two.constant, point))
    for coupling in functions:
        close(number(one.couplings[coupling], point), number(two.couplings[coupling], point))


def law_names_of_vertices(rng: random.Random) -> None:
    """Other names of the vertices, in another order, change nothing."""
    alphabet, functions, cell, point = case(rng)
    names = list(cell.graph)
    rng.shuffle(names)
    renamed = nx.relabel_nodes(
        cell.graph, dict(zip(cell.graph, (f"v{n}" for n in names), strict=True))
    )
    ends = [f"v{names[list(cell.graph).index(end)]}" for end in cell.terminals]
    one, two = (
        cell_decimation(cell, alphabet, functions),
        cell_decimation(cell_from_graph(renamed, *ends), alphabet, functions),
    )
    close(number(one.constant, point), number(two.constant, point))
    for coupling in functions:
        close(number(one.couplings[coupling], point), number(two.couplings[coupling], point))


def law_shift(rng: random.Random) -> None:
    """f -> f + a leaves the step and adds a (bonds K - K') to ln A."""
    alphabet = random_alphabet(rng)
    plain = {c: (lambda s, t, f=f: int(f(s, t))) for c, f in indicator_bonds(alphabet).items()}
    functions, shifts = shifted_bonds(rng, plain)
    cell, point = random_cell(rng, 4), {c: rational(rng) for c in plain}
    one, two = cell_decimation(cell, alphabet, plain), cell_decimation(cell, alphabet, functions)
    change = mpmath.mpf(0)
    for c, a in shifts.items():
        new = number(one.couplings[c], point)
        close(new, number(two.couplings[c], point))
        change += number(a) * (cell.bonds * number(point[c]) - new)
    close(number(two.constant, point), number(one.constant, point) + change)


def law_split_coupling(rng: random.Random) -> None:
    """A coupling split into the sum of two on every bond leaves the new bond as it is."""
    alphabet, functions, cell, point = case(rng)
    coupling, part = rng.choice(list(functions)), rational(rng)
    model = cell_decimation(cell, alphabet, functions).model
    doubled = [Term(L, t.scope, t.function) for t in model.terms if t.coupling == coupling]
    split = Model(model.alphabets, (*model.terms, *doubled), (), model.functions)
    one, two = decimate(model, cell.terminals), decimate(split, cell.terminals)
    apart = {**point, coupling: point[coupling] - part, L: part}
    close(number(one.constant, point), number(two.constant, apart))
    for c in functions:
        close(number(one.couplings[c], point), number(two.couplings[c], apart))


def law_two_steps(rng: random.Random) -> None:
    """Two cells in series are summed at once, one after the other, or squared."""
    alphabet = random_alphabet(rng)
    functions, _ = shifted_bonds(rng, indicator_bonds(alphabet))
    cell = random_cell(rng, 5) if len(alphabet.states) == 2 else series_cell(1)
    point = {c: rational(rng) for c in functions}
    one = cell_decimation(cell, alphabet, functions)
    first = {c: number(e, point) for c, e in one.couplings.items()}
    weights = [
        [
            mpmath.exp(sum(first[c] * number(Rational(0) + f(s, t)) for c, f in functions.items()))
            for t in alphabet.states
        ]
        for s in alphabet.states
    ]
    total = sum(
        sum(row) * sum(weights[m][j] for m in range(len(weights))) for j, row in enumerate(weights)
    )
    both = Series(one, 2).decimation
    new = {c: number(e, point) for c, e in both.couplings.items()}
    close(
        mpmath.log(bond_sum(alphabet, functions, new)) + number(both.constant, point),
        mpmath.log(total) + 2 * number(one.constant, point),
    )


def law_composition(rng: random.Random) -> None:
    """The composed step is the step taken twice, in every chart, with the constants that belong to
    it.
    """
    alphabet = ISING
    a, b = Rational(rng.randint(1, 3)), Rational(rng.randint(-3, 3), 2)
    functions = {K: lambda s, t: a * s * t + b}
    one, two = (cell_recursion(random_cell(rng, 4), alphabet, functions) for _ in range(2))
    both: Recursion = two @ one
    k = Rational(rng.randint(1, 9), 7 * a)
    middle = number(one.step[0], {K: k})
    step = mpmath.mpf(str(two.step[0].subs(K, str(middle)).evalf(45)))
    close(number(both.step[0], {K: k}), step, 20)
    constant = mpmath.mpf(str(two.constant.subs(K, str(middle)).evalf(45))) + number(
        two.bonds
    ) * number(one.constant, {K: k})
    close(number(both.constant, {K: k}), constant, 20)
    inside = both.in_chart(Chart.tanh(K, T, a))
    t = mpmath.tanh(number(a * k))
    found = inside.step[0].subs(T, str(t)).evalf(45)
    close(mpmath.mpf(str(found)), mpmath.tanh(number(a) * step), 20)


def law_order_of_elimination(rng: random.Random) -> None:
    """The vertices may be summed out in any order."""
    alphabet, functions, cell, point = case(rng)
    order = list(cell.interior)
    rng.shuffle(order)
    one = cell_decimation(cell, alphabet, functions)
    two = cell_decimation(
        cell, alphabet, functions, order=EliminationOrder(tuple(order), len(order), cell.terminals)
    )
    close(number(one.constant, point), number(two.constant, point))
    for coupling in functions:
        close(number(one.couplings[coupling], point), number(two.couplings[coupling], point))


def law_equivalent_states(rng: random.Random) -> None:
    """Potts states summed by orbits, at a number or a symbol q, are those of an alphabet of q
    numbers.
    """
    cell, size, a = random_cell(rng, 5), rng.randint(2, 3), Rational(rng.randint(-2, 2))
    agree = {K: lambda s, t: int(s == t) + a}
    point, q = {K: rational(rng)}, Symbol("q", positive=True)
    labelled = cell_decimation(cell, finite(rng.sample([-1, 0, 1, 2, 5], size)), agree)
    for alphabet, at in ((potts(size), point), (potts(q), {**point, q: Rational(size)})):
        orbits = cell_decimation(cell, alphabet, agree)
        close(number(orbits.constant, at), number(labelled.constant, point))
        close(number(orbits.couplings[K], at), number(labelled.couplings[K], point))


LAWS = (
    law_partition_function,
    law_weights,
    law_order_of_states,
    law_names_of_vertices,
    law_shift,
    law_split_coupling,
    law_order_of_elimination,
    law_equivalent_states,
    law_two_steps,
    law_composition,
)


SEEDS = st.integers(0, 2**32)
MOST_SEEDS = 20


def hold(law, seed: int) -> None:
    """Try a law on the random models of one seed."""
    with mpmath.workdps(40):
        law(random.Random(seed))


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@settings(
    deadline=None,
    max_examples=6,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
@given(seed=SEEDS)
def test_laws(law, seed):
    hold(law, seed)


def constant_part_of_functions_dropped(patch):
    """ln A as the whole coefficient of 1, constant parts of the bond functions included."""
    patch.setattr(
        Decimation, "constant", property(lambda self: self.log_basis.to_expr(self.expansion[()]))
    )


def shift_of_one_factor_only(patch):
    """The common monomial of the local weights counted once instead of once for every factor."""
    plain = PolynomialWeights.__init__

    def once(self, decimation):
        plain(self, decimation)
        self.total_shift = self.shift

    patch.setattr(PolynomialWeights, "__init__", once)


def other_states_counted_once(patch):
    """The q - k states that no neighbour has counted as one."""

    def extensions(self, vertex, configuration):
        most = self.size if self.size.is_Integer else len(set(configuration)) + 1
        letters = (
            int(self.alphabets[vertex].size)
            if not self.symmetric
            else min(int(most), len(set(configuration)) + 1)
        )
        yield from ((state, Integer(1)) for state in range(letters))

    patch.setattr(ConfigurationSpace, "extensions", extensions)


def constants_of_first_step_not_counted(patch):
    """The first step's constant added once instead of once for every bond of the second."""
    plain = Recursion.__matmul__

    def compose(self, first):
        both = plain(self, first)
        object.__setattr__(both, "constant", both.constant - (self.bonds - 1) * first.constant)
        return both

    patch.setattr(Recursion, "__matmul__", compose)


def kernels_ignored(patch):
    """Forbidden configurations allowed."""
    plain = Decimation._local
    patch.setattr(Decimation, "_local", lambda self, *local: (plain(self, *local)[0], Integer(1)))


@pytest.mark.parametrize(
    ("fault", "law"),
    [
        (constant_part_of_functions_dropped, law_partition_function),
        (shift_of_one_factor_only, law_partition_function),
        (other_states_counted_once, law_equivalent_states),
        (constants_of_first_step_not_counted, law_composition),
        (kernels_ignored, law_weights),
    ],
    ids=lambda value: value.__name__,
)
def test_a_fault_put_back_is_found(fault, law, monkeypatch):
    """The law fails for one of a few seeds, which are tried one after the other."""
    fault(monkeypatch)
    with pytest.raises(AssertionError, match=" is not "):
        for seed in range(MOST_SEEDS):
            hold(law, seed)
