"""Symbols scoped by subject: every letter with its LaTeX, assumptions, domain, meaning and unit.

The letters of this field are overloaded (K is a coupling in one subject and a kernel in another),
so a symbol is always asked of its subject: ``symbols("lattice").K``. Command-line validation,
random admissible points and the printed symbol table all read the domain written here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sympy import Integers, Interval, Range, Reals, Symbol, oo, pi
from sympy.sets import Set

from neurenorm.graphs.rendering import Markup, Table

__all__ = ["Quantity", "Subject", "symbols"]

POSITIVE = Interval.open(0, oo)
NON_NEGATIVE = Interval(0, oo)


@dataclass(frozen=True)
class Quantity:
    """One named quantity of a subject.

    Parameters
    ----------
    name : str
        ASCII name, which is also its name on the command line.
    latex : str
        How it is typeset.
    meaning : str
        What it is, in words.
    domain : sympy Set
        Where it may lie; its assumptions follow from it.
    unit : str
        Unit of the value; ``"1"`` for a pure number.

    Examples
    --------
    >>> Quantity("K", "K", "nearest-neighbour coupling", Reals).symbol.is_real
    True
    """

    name: str
    latex: str
    meaning: str
    domain: Set
    unit: str = "1"

    @property
    def symbol(self) -> Symbol:
        """The SymPy symbol, with the assumptions that its domain implies."""
        return Symbol(self.name, **assumptions(self.domain))


def assumptions(domain: Set) -> dict[str, bool]:
    """Return the SymPy assumptions that hold everywhere on a domain of numbers."""
    implied: dict[str, bool] = {"real": True}
    if domain.is_subset(Integers):
        implied["integer"] = True
    if domain.inf.is_positive or (domain.inf.is_zero and not domain.contains(0)):
        implied["positive"] = True
    elif domain.inf.is_nonnegative:
        implied["nonnegative"] = True
    return implied


class Subject:
    """The symbols of one subject, as attributes.

    Examples
    --------
    >>> lattice = symbols("lattice")
    >>> lattice.K, lattice.q
    (K, q)
    >>> lattice["K"].meaning
    'nearest-neighbour coupling (carries the minus beta)'
    """

    def __init__(self, name: str, quantities: tuple[Quantity, ...]) -> None:
        self.name = name
        self._quantities = {quantity.name: quantity for quantity in quantities}

    def __getattr__(self, name: str) -> Symbol:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name].symbol

    def __getitem__(self, name: str) -> Quantity:
        if name not in self._quantities:
            raise AttributeError(
                f"the subject {self.name!r} has no symbol {name!r}; it has "
                f"{', '.join(self._quantities)}"
            )
        return self._quantities[name]

    def __iter__(self) -> Iterator[Quantity]:
        return iter(self._quantities.values())

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._quantities]

    def latex_names(self) -> dict[Symbol, str]:
        """Return the LaTeX of every symbol, in the form that SymPy's printer takes."""
        return {quantity.symbol: quantity.latex for quantity in self}

    def _repr_html_(self) -> str:
        rows = [
            (f"${q.latex}$", Markup(f"<code>{q.name}</code>"), q.meaning, q.domain, q.unit)
            for q in self
        ]
        return Table(rows, ("", "name", "meaning", "domain", "unit"))._repr_html_()


_SUBJECTS: dict[str, tuple[Quantity, ...]] = {
    "lattice": (
        Quantity("K", "K", "nearest-neighbour coupling (carries the minus beta)", Reals),
        Quantity("h", "h", "field; each bond carries h/2 on each of its ends", Reals),
        Quantity(
            "t",
            "t",
            "character of the bond weight: tanh K (Ising), v/(v+q) (Potts)",
            Interval(-1, 1),
        ),
        Quantity("x", "x", "bond weight exp K", POSITIVE),
        Quantity("v", "v", "Potts bond variable exp(K) - 1", Interval.open(-1, oo)),
        Quantity("q", "q", "number of Potts states", Interval(1, oo)),
        Quantity(
            "b", "b", "scale factor: old bonds per new bond along the long direction", Range(2, oo)
        ),
        Quantity("r", "r", "distance, in bonds", Range(0, oo), "bonds"),
        Quantity("N", "N", "number of sites", Range(1, oo)),
        Quantity(
            "series", "s", "bonds in series in each branch of a hierarchical cell", Range(1, oo)
        ),
        Quantity("parallel", "m", "parallel branches of a hierarchical cell", Range(1, oo)),
    ),
    "ising-correspondence": (
        Quantity(
            "K",
            "K",
            "nearest-neighbour coupling of the input chain (carries the minus beta)",
            Reals,
        ),
        Quantity("t", "t", "tanh K, the correlation of neighbours", Interval(-1, 1)),
        Quantity("b", "b", "spins in a block: the scale factor of one layer", Range(2, oo)),
        Quantity("depth", "L", "number of layers", Range(0, oo), "layers"),
        Quantity(
            "r",
            "r",
            "distance between the last spin seen and the one predicted",
            Range(1, oo),
            "bonds",
        ),
        Quantity("N", "N", "number of spins", Range(1, oo)),
        Quantity("M", "M", "number of outputs, or of hidden units", Range(1, oo)),
        Quantity("n", "n", "number of samples", Range(1, oo)),
        Quantity("w", "w", "weight of a unit or of a machine", Reals),
        Quantity(
            "lambda",
            r"\lambda",
            "weight that ties a hidden unit to the spin it copies",
            NON_NEGATIVE,
        ),
        Quantity("K_0", "K_0", "coupling of the reference temperature", Reals),
        Quantity("K_1", "K_1", "coupling of another temperature", Reals),
        Quantity("u", "u", "tangent of half the wave number", Reals),
    ),
    "field-theory": (
        Quantity("K", "K", "kernel: variance of a pre-activation", POSITIVE),
        Quantity("Kaa", "K_{aa}", "kernel of input a", POSITIVE),
        Quantity("Kbb", "K_{bb}", "kernel of input b", POSITIVE),
        Quantity("Kab", "K_{ab}", "kernel between inputs a and b", Reals),
        Quantity("sw2", r"\sigma_w^2", "weight variance: W_ij ~ N(0, sw2/N_in)", NON_NEGATIVE),
        Quantity("sb2", r"\sigma_b^2", "bias variance", NON_NEGATIVE),
        Quantity("c", "c", "correlation coefficient of two inputs", Interval(-1, 1)),
        Quantity(
            "a",
            "a",
            "factor by which a perturbation of the kernel shrinks per layer (chi_par)",
            Interval.open(-1, 1),
        ),
        Quantity("D", "D", "variance of the noise that one layer adds", POSITIVE),
        Quantity("N", "N", "width of a layer", Range(1, oo)),
        Quantity("v", "v", "excess of the fourth moment: <phi^4>/<phi^2>^2 - 1", POSITIVE),
        Quantity("V", "V", "variance of the kernel over networks", NON_NEGATIVE),
        Quantity("Theta", r"\Theta", "neural tangent kernel", NON_NEGATIVE),
        Quantity("Thetaab", r"\Theta_{ab}", "neural tangent kernel between inputs a and b", Reals),
        Quantity("k", "k", "wave number along depth", Reals, "1/layers"),
        Quantity("lag", r"\ell", "distance in depth", Range(0, oo), "layers"),
        Quantity("L", "L", "number of layers", Range(1, oo), "layers"),
        Quantity("x", "x", "position along depth, as a continuum", Reals, "layers"),
        Quantity("q", "q", "squared length of the pre-activations over the width", NON_NEGATIVE),
    ),
    "active-paths": (
        Quantity("p", "p", "weights per path: number of weight layers", Range(2, oo)),
        Quantity("T", "T", "temperature", POSITIVE),
        Quantity("beta", r"\beta", "inverse temperature", POSITIVE),
        Quantity(
            "c", "c", "mean number of active paths per remaining weight", NON_NEGATIVE, "paths"
        ),
        Quantity(
            "c0",
            "c_0",
            "mean number of active paths per weight before any removal",
            POSITIVE,
            "paths",
        ),
        Quantity("rho", r"\rho", "removed fraction of the connections", Interval(0, 1)),
        Quantity("J", "J", "coupling of a path", Reals),
        Quantity("K", "K", "coupling of a path times the inverse temperature", Reals),
        Quantity("t", "t", "tanh of K", Interval(-1, 1)),
        Quantity("theta", r"\theta", "field on a weight, in units of the temperature", Reals),
        Quantity("h", "h", "total or cavity field on a weight, in units of the temperature", Reals),
        Quantity(
            "u", "u", "bias that a path sends to a weight, in units of the temperature", Reals
        ),
        Quantity(
            "y",
            "y",
            "sign of the coupling times the product of the cavity means of a path",
            Interval(-1, 1),
        ),
        Quantity("z", "z", "variable of a generating function", Interval(0, 1)),
        Quantity("x", "x", "fraction of frozen weights at zero temperature", Interval(0, 1)),
        Quantity(
            "q", "q", "overlap inside a state: mean square of the magnetisation", Interval(0, 1)
        ),
    ),
    "complexity": (
        Quantity(
            "r",
            "r",
            "spread over units of the mean pre-activation, in deviations over the data",
            NON_NEGATIVE,
        ),
        Quantity("m", "m", "frozen part of a unit, standard normal over the units", Reals),
        Quantity("u", "u", "mean pre-activation of a unit over its deviation", Reals),
        Quantity("t", "t", "the same in units of its spread", Reals),
        Quantity("p", "p", "share of the data on which a unit is on", Interval(0, 1)),
        Quantity("c", "c", "correlation of the pre-activations of two inputs", Interval(-1, 1)),
        Quantity("c0", "c_0", "overlap of two inputs of unit length", Interval(0, 1)),
        Quantity("sw2", r"\sigma_w^2", "weight variance: W_ij ~ N(0, sw2/N_in)", NON_NEGATIVE),
        Quantity("sb2", r"\sigma_b^2", "bias variance", NON_NEGATIVE),
        Quantity(
            "theta", r"\theta", "angle between the weights of two units", Interval(0, pi), "radian"
        ),
        Quantity(
            "rho12",
            r"\rho_{12}",
            "correlation of the pre-activations of units 1 and 2",
            Interval(-1, 1),
        ),
        Quantity(
            "rho13",
            r"\rho_{13}",
            "correlation of the pre-activations of units 1 and 3",
            Interval(-1, 1),
        ),
        Quantity(
            "rho23",
            r"\rho_{23}",
            "correlation of the pre-activations of units 2 and 3",
            Interval(-1, 1),
        ),
        Quantity("mean", r"\mu", "mean pre-activation of a unit over one class of the data", Reals),
        Quantity(
            "variance",
            "v",
            "variance of the pre-activation of a unit over one class of the data",
            POSITIVE,
        ),
        Quantity("d", "d", "dimension of the inputs", Range(1, oo)),
        Quantity("n", "n", "number of units", Range(1, oo), "units"),
        Quantity("samples", "S", "number of samples", Range(2, oo)),
        Quantity("depth", "L", "number of layers", Range(1, oo), "layers"),
        Quantity("ratio", "y", "units per input dimension, n/d", POSITIVE),
        Quantity("x", "x", "eigenvalue in units of the mean", NON_NEGATIVE),
        Quantity("s", "s", "order of a moment, continued from the integers", POSITIVE),
    ),
    "dynamic-neurons": (
        Quantity(
            "alpha",
            r"\alpha",
            "stiffness of the activation rule: weight exp(-alpha (h' - phi)^2)",
            POSITIVE,
        ),
        Quantity("k", "k", "field on a binary weight: prior exp(k W)", Reals),
        Quantity("beta", r"\beta", "inverse temperature of the cost", NON_NEGATIVE),
        Quantity("t", "t", "tanh 2 alpha, the memory of one layer", Interval(0, 1)),
        Quantity("kappa", r"\kappa", "tanh k, the mean of a free binary weight", Interval(-1, 1)),
        Quantity("u", "u", "exp(-4 alpha)", Interval(0, 1)),
        Quantity("b", "b", "scale factor: old layers per new layer", Range(2, oo), "layers"),
        Quantity("P", "P", "number of data, each with its own copy of the neurons", Range(1, oo)),
        Quantity("M", "M", "number of weight layers", Range(1, oo), "layers"),
        Quantity("N", "N", "number of neurons in a layer", Range(1, oo)),
        Quantity("s", "s", "number of copies in a parity product", Range(0, oo)),
        Quantity("K0", "K_0", "constant of a two-state kernel", Reals),
        Quantity("K1", "K_1", "coupling of neighbouring layers in a two-state kernel", Reals),
        Quantity("K2", "K_2", "field of a two-state kernel", Reals),
        Quantity("g", "g", "antisymmetric part of a two-state kernel; gain of a wide layer", Reals),
        Quantity("a", "a", "probability to go from the first state to the second", Interval(0, 1)),
        Quantity(
            "c",
            "c",
            "probability to go from the second state to the first; correlation of two data",
            Interval(-1, 1),
        ),
        Quantity("w", "w", "weight of a linear layer", Reals),
        Quantity("bias", "b", "bias of a linear layer", Reals),
        Quantity("S", "S", "variance of the smearing, 1/(2 alpha)", NON_NEGATIVE),
        Quantity("r", "r", "weight of h^2/2 in a chain of real neurons", POSITIVE),
        Quantity("J", "J", "coupling of neighbouring layers in a chain of real neurons", Reals),
        Quantity("q", "q", "second moment of a neuron", NON_NEGATIVE),
        Quantity("p", "p", "second moment between two data", Reals),
        Quantity("sw2", r"\sigma_w^2", "variance of the weights (times width)", POSITIVE),
        Quantity("sb2", r"\sigma_b^2", "variance of the biases", NON_NEGATIVE),
        Quantity("m", "m", "mean of the neurons of a layer", Interval(-1, 1)),
    ),
}


def symbols(subject: str) -> Subject:
    """Return the symbols of a subject.

    Parameters
    ----------
    subject : str
        A key such as ``"lattice"`` or the key of a paper.

    Returns
    -------
    Subject
        An object whose attributes are the symbols.

    Raises
    ------
    ValueError
        If there is no such subject.

    Examples
    --------
    >>> symbols("lattice").K
    K
    """
    if subject not in _SUBJECTS:
        raise ValueError(f"unknown subject {subject!r}; known subjects: {', '.join(_SUBJECTS)}")
    return Subject(subject, _SUBJECTS[subject])
