"""A layer as a block map on the Ising chain: the exact law of its outputs, to any depth.

The spins of the infinite open chain at zero field are a Markov chain, P(s'|s) = (1 + t s s')/2 with
t = tanh K. A unit reads a block of b of them, one after the other, into a finite memory, and fires
(+1 rather than -1) with a probability that depends on the memory. The outputs then have the law of
a hidden Markov chain,

    P(h_1 ... h_n) = <e| E_h1 T E_h2 T ... E_hn |e>,        T = diag(1, t),

in the basis of the even and the odd function of a spin, e = (1, 1)/sqrt 2 and o = (1, -1)/sqrt 2. A
layer maps one such chain to another, so a stack of layers needs nothing new. All arithmetic is
generic: polynomials in t here, balls or floats where `numerics` evaluates.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import networkx as nx
from sympy import QQ, Expr, Integer, Rational, Symbol
from sympy.polys.rings import ring

from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.decimation.decimation import Decimation, decimate
from neurenorm.theory.decimation.model import ISING, Kernel, Model, bond_model
from neurenorm.theory.ising_correspondence.units import BlockUnit, checked_size
from neurenorm.theory.symbols import symbols

__all__ = ["HiddenChain", "block_model_of", "ising_chain", "output_couplings"]

Memory = Hashable
TwoByTwo = tuple[Any, Any, Any, Any]  # entries ee, eo, oe, oo


def _times(a: TwoByTwo, b: TwoByTwo) -> TwoByTwo:
    """Return the product of two matrices."""
    return (
        a[0] * b[0] + a[1] * b[2],
        a[0] * b[1] + a[1] * b[3],
        a[2] * b[0] + a[3] * b[2],
        a[2] * b[1] + a[3] * b[3],
    )


def _plus(a: TwoByTwo, b: TwoByTwo) -> TwoByTwo:
    """Return the sum of two matrices."""
    return (a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3])


@dataclass(frozen=True)
class HiddenChain:
    """An infinite chain of ±1 outputs, each of which sees one link of a hidden Ising chain.

    Parameters
    ----------
    total, signed : matrix
        S = E_+ + E_- (the output is not looked at) and D = E_+ - E_- (the output as a factor under
        the mean), as their entries (ee, eo, oe, oo).
    bond : any number
        The odd entry t of the hidden bond T = diag(1, t).
    number : callable
        Turns an exact number or an expression in symbols into the arithmetic of ``bond``.
    odd : bool
        Whether flipping all spins is known to flip the outputs: S then keeps the parity and D
        changes it.

    Examples
    --------
    The majority of three spins, in polynomials in t:

    >>> from neurenorm.theory.ising_correspondence.units import majority
    >>> output = ising_chain().through(majority(3))
    >>> output.expression(output.correlation(1)).factor()
    t*(t**2 + 1)**2/4
    >>> output.expression(output.decay)
    t**3
    """

    total: TwoByTwo
    signed: TwoByTwo
    bond: Any
    number: Callable[[Any], Any] = field(repr=False)
    odd: bool = False

    def emission(self, output: int) -> TwoByTwo:
        """Return E_h = (S + h D)/2."""
        half = self.number(Rational(1, 2))
        return _scaled(_plus(self.total, _scaled(self.signed, output)), half)

    def _after_bond(self, matrix: TwoByTwo) -> TwoByTwo:
        """Return matrix * T."""
        return (matrix[0], matrix[1] * self.bond, matrix[2], matrix[3] * self.bond)

    def through(self, unit: BlockUnit, depth: int = 1) -> HiddenChain:
        """Return the outputs of a layer of equal units that read consecutive blocks, or of a stack
        of such layers.

        Parameters
        ----------
        unit : BlockUnit
        depth : int
            Number of layers, at least 0.
        """
        if isinstance(depth, bool) or int(depth) != depth or depth < 0:
            raise ValueError(f"a stack has a whole number of layers of at least 0, got {depth}")
        chain = self
        for _ in range(int(depth)):
            chain = chain._layer(unit)
        return chain

    def _layer(self, unit: BlockUnit) -> HiddenChain:
        """Return the outputs of one layer: S from the product of the links, D from the weighted
        memories.
        """
        total = self._product([self.total] * unit.size, unit.size - 1)
        weighted = [
            _scaled(m, self.number(2 * unit.fire(memory) - 1))
            for memory, m in self._read(unit).items()
        ]
        signed = _sum(weighted)
        odd = self.odd and unit.odd
        if odd:
            zero = self.number(Integer(0))
            total, signed = (total[0], zero, zero, total[3]), (zero, signed[1], signed[2], zero)
        return HiddenChain(total, signed, self.bond, self.number, odd)

    def _read(self, unit: BlockUnit) -> dict[Memory, TwoByTwo]:
        """Read a block: for every memory, the product of the matrices that lead to it."""
        links = {spin: self.emission(spin) for spin in (1, -1)}
        table: dict[Memory, TwoByTwo] = {unit.start: self._identity()}
        for position in range(unit.size):
            read: dict[Memory, TwoByTwo] = {}
            for memory, matrix in table.items():
                bonded = self._after_bond(matrix) if position else matrix
                keys = {spin: unit.advance(memory, position, spin) for spin in (1, -1)}
                same = (
                    keys[1] == keys[-1]
                )  # a spin that leaves no trace is summed at once, without cancellation
                for spin in (1,) if same else (1, -1):
                    part = _times(bonded, self.total if same else links[spin])
                    read[keys[spin]] = _plus(read[keys[spin]], part) if keys[spin] in read else part
            table = read
        return table

    def _identity(self) -> TwoByTwo:
        """Return the unit matrix in this chain's arithmetic."""
        one, zero = self.number(Integer(1)), self.number(Integer(0))
        return (one, zero, zero, one)

    def probability(self, outputs: Sequence[int], boundary: str = "open") -> Any:
        """Return the probability of consecutive outputs: of a window of the infinite chain
        (``open``), or of a whole ring.

        Examples
        --------
        >>> ising_chain(Rational(1, 2)).probability((1, 1))
        3/8
        """
        if boundary not in ("open", "ring"):
            raise ValueError(f"the boundary must be 'open' or 'ring', got {boundary!r}")
        if not outputs or any(h not in (1, -1) for h in outputs):
            raise ValueError(f"outputs are a non-empty sequence of +1 and -1, got {tuple(outputs)}")
        bonds = len(outputs) - (boundary == "open")
        matrix = self._product([self.emission(h) for h in outputs], bonds)
        if boundary == "open":
            return matrix[0]
        everything = self._product([self.total] * len(outputs), bonds)
        return (matrix[0] + matrix[3]) / (everything[0] + everything[3])

    def _product(self, links: Sequence[TwoByTwo], bonds: int) -> TwoByTwo:
        """Return the product of matrices with a bond after each of the first ones."""
        matrix = self._identity()
        for index, link in enumerate(links):
            matrix = _times(matrix, link)
            matrix = self._after_bond(matrix) if index < bonds else matrix
        return matrix

    def correlation(self, r: int) -> Any:
        """Return ⟨h_0 h_r⟩ of the infinite chain, from the product <e| D T (S T)^(r-1) D |e>.

        Examples
        --------
        >>> ising_chain(Rational(1, 2)).correlation(3)
        1/8
        """
        if isinstance(r, bool) or int(r) != r or r < 1:
            raise ValueError(f"the distance r is a whole number of at least 1, got {r}")
        return self._product([self.signed, *[self.total] * (int(r) - 1), self.signed], int(r))[0]

    @property
    def is_odd(self) -> bool:
        """Whether S keeps the parity and D changes it, as the entries show (to be asked of exact
        arithmetic).
        """
        zero = self.number(Integer(0))
        return all(
            entry == zero
            for entry in (self.total[1], self.total[2], self.signed[0], self.signed[3])
        )

    @property
    def amplitudes(self) -> tuple[Any, Any]:
        """The overlaps (c_R, c_L) of an output with the last and the first spin of its block."""
        return self.signed[1], self.signed[2]

    @property
    def decay(self) -> Any:
        """The factor ⟨h_0 h_(r+1)⟩ / ⟨h_0 h_r⟩ of an odd layer, the same for every r: the odd entry
        of S T.
        """
        return self.total[3] * self.bond

    def environment(self) -> dict[tuple[int, int, int], Any]:
        """Return the joint law of the spin left of a block, its output, and the spin right of the
        block.
        """
        half = self.number(Rational(1, 2))
        edge = {s: (half, half * s, half * s, half) for s in (1, -1)}
        links = {
            (left, h, right): [edge[left], self.emission(h), edge[right]]
            for left, h, right in product((1, -1), repeat=3)
        }
        return {key: self._product(matrices, 2)[0] for key, matrices in links.items()}

    def expression(self, value: Any) -> Expr:
        """Return a number of this chain's arithmetic as a SymPy expression."""
        return value.as_expr() if hasattr(value, "as_expr") else expression_of(value)


def _scaled(matrix: TwoByTwo, factor: Any) -> TwoByTwo:
    """Return a matrix times a number."""
    return (matrix[0] * factor, matrix[1] * factor, matrix[2] * factor, matrix[3] * factor)


def _sum(matrices: Iterable[TwoByTwo]) -> TwoByTwo:
    """Return the sum of matrices."""
    first, *others = matrices
    for matrix in others:
        first = _plus(first, matrix)
    return first


@exact_arguments
def ising_chain(
    bond: Any = None, number: Callable[[Any], Any] | None = None, extra: Sequence[Symbol] = ()
) -> HiddenChain:
    """Return the Ising chain itself, whose outputs are its spins.

    Parameters
    ----------
    bond : any number, optional
        The value of t = tanh K; by default t is a symbol and everything is a polynomial in it.
    number : callable, optional
        Turns an exact number into the arithmetic of ``bond``; by default numbers stay as they are.
    extra : sequence of Symbol
        Further symbols of the polynomials, such as those of `generic_odd_unit`.

    Examples
    --------
    >>> chain = ising_chain()
    >>> chain.expression(chain.correlation(4))
    t**4
    """
    if bond is None:
        domain, bond = ring((symbols("ising-correspondence").t, *extra), QQ)[:2]
        number = domain.from_expr
    convert = number if number is not None else lambda value: value
    one, zero = convert(Integer(1)), convert(Integer(0))
    return HiddenChain((one, zero, zero, one), (zero, one, one, zero), bond, convert, odd=True)


def block_model_of(
    unit: BlockUnit, blocks: int, boundary: str = "ring"
) -> tuple[Model, tuple[tuple[str, int], ...]]:
    """Return a finite chain with a layer on top of it as a model, and the vertices that are the
    outputs.

    The conditional law of each output given its block enters as a
    `neurenorm.theory.decimation.model.Kernel`, so that
    `neurenorm.theory.decimation.decimation.decimate` sums the spins out and leaves the exact
    effective energy of the outputs. Firing probabilities must be rational numbers here.

    Parameters
    ----------
    unit : BlockUnit
    blocks : int
        Number of outputs.
    boundary : {"ring", "open"}

    Examples
    --------
    >>> from neurenorm.theory.ising_correspondence.units import majority
    >>> model, outputs = block_model_of(majority(3), 2, "open")
    >>> len(model.terms), outputs
    (5, (('h', 1), ('h', 2)))
    """
    if boundary not in ("open", "ring"):
        raise ValueError(f"the boundary must be 'open' or 'ring', got {boundary!r}")
    length = unit.size * checked_size(blocks)
    if boundary == "ring" and length < 3:
        raise ValueError(f"a ring needs at least 3 spins, got {blocks} blocks of {unit.size}")
    K = symbols("ising-correspondence").K
    sites = [("s", i) for i in range(length)]
    graph = nx.cycle_graph(length) if boundary == "ring" else nx.path_graph(length)
    chain = bond_model(
        nx.relabel_nodes(graph, dict(enumerate(sites))), ISING, {K: lambda s, t: s * t}
    )
    outputs = tuple(("h", j + 1) for j in range(blocks))
    kernels = [
        Kernel((output, *sites[j * unit.size : (j + 1) * unit.size]), _conditional(unit))
        for j, output in enumerate(outputs)
    ]
    return Model(
        dict(chain.alphabets) | dict.fromkeys(outputs, ISING), chain.terms, tuple(kernels)
    ), outputs


def _conditional(unit: BlockUnit) -> Callable[..., Any]:
    """Return p(h | block) as a function of the output and the spins."""

    def law(output: Any, *block: Any) -> Any:
        """Return the conditional probability."""
        p = unit.probability(tuple(int(spin) for spin in block))
        return p if output == 1 else 1 - p

    return law


def output_couplings(unit: BlockUnit, blocks: int, boundary: str = "ring") -> Decimation:
    """Return the exact effective energy of the outputs of a layer on a finite chain: every Walsh
    coupling in closed form.

    Examples
    --------
    Two adjacent majorities of three spins have one coupling; three of them also one across:

    >>> from neurenorm.theory.ising_correspondence.units import majority
    >>> couplings = output_couplings(majority(3), 3, "open").expansion
    >>> [len(label) for label in couplings]
    [0, 2, 2, 2]
    """
    model, outputs = block_model_of(unit, blocks, boundary)
    return decimate(model, outputs)
