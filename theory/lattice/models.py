"""The bond models and the cells that results on hierarchical lattices are asked for by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product

from sympy import Add, Expr, Mul, Rational, Symbol, cos

from neurenorm.graphs.lattices import TwoTerminalCell, diamond, wheatstone
from neurenorm.graphs.rendering import Tabulated
from neurenorm.theory.decimation.model import ISING, Alphabet, Values, clock, finite, potts
from neurenorm.theory.decimation.weights import WeightMap, weight_map
from neurenorm.theory.symbols import symbols
from neurenorm.theory.typeset.derivation import Derivation, Step
from neurenorm.theory.typeset.display import tex

__all__ = ["MODELS", "BondModel", "chosen_cell", "chosen_model", "weights_derivation"]

LATTICE = symbols("lattice")
K, J, L, DELTA = LATTICE.K, LATTICE.J, LATTICE.L, LATTICE.Delta
MOST_STATES, MOST_TERMS = 12, 64


@dataclass(frozen=True)
class BondModel(Tabulated):
    """An alphabet and the functions of a bond, by the couplings that they multiply.

    Parameters
    ----------
    alphabet : Alphabet
    functions : mapping of Symbol to callable
    vacancies : bool
        Whether one state of a symmetric alphabet stands for an empty site.

    Examples
    --------
    >>> list(chosen_model("beg", None).functions)
    [J, K, Delta]
    """

    alphabet: Alphabet
    functions: Mapping[Symbol, Values]
    vacancies: bool = False

    def weights(self, cell: TwoTerminalCell) -> WeightMap:
        """Return the step of a cell in the weights of a bond."""
        return weight_map(cell, self.alphabet, self.functions, vacancies=self.vacancies)


def _ising(q: int) -> BondModel:
    """Spins +-1: K s s'."""
    return BondModel(ISING, {K: lambda s, t: s * t})


def _ising_in_field(q: int) -> BondModel:
    """Spins +-1: K s s' + (h/2)(s + s')."""
    return BondModel(
        ISING, {K: lambda s, t: s * t, LATTICE.h: lambda s, t: Rational(1, 2) * (s + t)}
    )


def _potts(q: int) -> BondModel:
    """States 1 to q: K where they agree."""
    return BondModel(potts(q), {K: lambda s, t: int(s == t)})


def _beg(q: int) -> BondModel:
    """Spins 0, +-1: J s s' + K s^2 s'^2 - Delta (s^2 + s'^2)."""
    functions: dict[Symbol, Values] = {
        J: lambda s, t: s * t,
        K: lambda s, t: s**2 * t**2,
        DELTA: lambda s, t: -(s**2) - t**2,
    }
    return BondModel(finite([-1, 0, 1]), functions)


def _lattice_gas(q: int) -> BondModel:
    """Occupations 0, 1: K n n' + (h/2)(n + n')."""
    return BondModel(finite([0, 1]), _ising_in_field(q).functions)


def _clock(q: int) -> BondModel:
    """Hands at q angles: the sum over k up to q/2 of K_k cos k(a - a')."""
    return BondModel(
        clock(q),
        {
            Symbol(f"K{k}", real=True): lambda s, t, k=k: cos(k * (s - t))
            for k in range(1, q // 2 + 1)
        },
    )


def _ashkin_teller(q: int) -> BondModel:
    """Hands at four angles: 2 K cos(a - a') + L cos 2(a - a')."""
    return BondModel(clock(4), {K: lambda s, t: 2 * cos(s - t), L: lambda s, t: cos(2 * (s - t))})


def _dilute_potts(q: int) -> BondModel:
    """Potts states and an empty site: J where occupied ends agree, K where both are occupied, and
    -Delta for each occupied end.
    """
    functions: dict[Symbol, Values] = {
        J: lambda s, t, v: int(s == t and s != v),
        K: lambda s, t, v: int(v not in (s, t)),
        DELTA: lambda s, t, v: -int(s != v) - int(t != v),
    }
    return BondModel(potts(q + 1), functions, vacancies=True)


MODELS: dict[str, Callable[[int], BondModel]] = {
    "ising": _ising,
    "ising-in-field": _ising_in_field,
    "potts": _potts,
    "beg": _beg,
    "lattice-gas": _lattice_gas,
    "clock": _clock,
    "ashkin-teller": _ashkin_teller,
    "dilute-potts": _dilute_potts,
}
_COUNTED = {"potts": 100_000, "clock": MOST_STATES, "dilute-potts": 100_000}


def chosen_model(model: str, q: int | None) -> BondModel:
    """Return the bond model of a name.

    Raises
    ------
    ValueError
        If q is missing where the model needs it, is given where the model has none, or would make a
        table that is too large.

    Examples
    --------
    >>> chosen_model("clock", 5).alphabet.size
    5
    """
    if model not in _COUNTED:
        if q is not None:
            owners = " and ".join(f"model={name}" for name in _COUNTED)
            raise ValueError(f"q belongs to {owners}; model={model} has none")
        return MODELS[model](0)
    if q is None:
        raise ValueError(f"model={model} needs q, the number of states")
    if q > _COUNTED[model]:
        raise ValueError(f"model={model} is tabulated up to q = {_COUNTED[model]}, got {q}")
    return MODELS[model](q)


def chosen_cell(
    cell: str | None = None, series: int | None = None, parallel: int | None = None
) -> TwoTerminalCell:
    """Return the cell that is named, or described by its branches; the diamond if neither.

    Raises
    ------
    ValueError
        If it is named and described, or only half described.

    Examples
    --------
    >>> chosen_cell(series=2, parallel=4).bonds
    8
    """
    if cell is not None and (series is not None or parallel is not None):
        raise ValueError("give either cell or series and parallel, not both")
    if series is None and parallel is None:
        return {None: diamond, "diamond": diamond, "wheatstone": wheatstone}[cell]()
    if series is None or parallel is None:
        raise ValueError("give cell=diamond or cell=wheatstone, or both series and parallel")
    return diamond(series, parallel)


def weights_derivation(cell: TwoTerminalCell, model: BondModel, weights: WeightMap) -> Derivation:
    """Return the sums over the interior of a cell, term by term where they are few, that give the
    step of the weights.

    Examples
    --------
    >>> model = chosen_model("ising", None)
    >>> len(weights_derivation(diamond(), model, model.weights(diamond())).steps)
    2
    """
    states = model.alphabet.states
    classes = _classes(model, weights) if not model.vacancies else None
    small = classes is not None and len(states) ** len(cell.interior) <= MOST_TERMS
    steps = []
    for symbol, pair, after in zip(weights.state, weights.pairs, weights.step, strict=True):
        before = _summed(cell, states, classes, weights.state, pair) if small and classes else after
        steps.append(
            Step("sum over the interior of the cell", before, after, f"{tex(symbol)}'", {})
        )
    return Derivation("step of the weights", tuple(steps))


def _classes(model: BondModel, weights: WeightMap) -> dict[tuple[Expr, Expr], int] | None:
    """The class of each pair of states, None where the functions do not tell classes apart."""
    columns = list(zip(*weights.values.values(), strict=True))
    if len(set(columns)) < len(columns) or model.alphabet.symmetric:
        return None
    numbers = {column: number for number, column in enumerate(columns)}
    return {
        (s, t): numbers[tuple(_exactly(f(s, t)) for f in model.functions.values())]
        for s, t in product(model.alphabet.states, repeat=2)
    }


def _exactly(value: object) -> Expr:
    """A value of a function as the classes hold it."""
    return Add(value)


def _summed(
    cell: TwoTerminalCell,
    states: tuple[Expr, ...],
    classes: Mapping[tuple[Expr, Expr], int],
    weights: tuple[Symbol, ...],
    pair: tuple[Expr, ...],
) -> Expr:
    """The sum over the interior, one product of weights for each configuration."""
    terms = []
    for inner in product(states, repeat=len(cell.interior)):
        at = dict(zip(cell.interior, inner, strict=True))
        at |= dict(zip(cell.terminals, pair, strict=True))
        terms.append(Mul(*(weights[classes[at[u], at[v]]] for u, v in cell.graph.edges())))
    return Add(*terms, evaluate=False)
