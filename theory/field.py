"""Gaussian fields on periodic graphs: symbol, dispersion, propagator, finite pieces, effective theory.

    S[φ] = ½ Σ φ T φ

with a precision T that is the same in every cell: T_vv on each vertex and T_uv on each edge (u, v, o). Translations diagonalise it. With the convention
``φ_k = L^(-1/2) Σ_x e^(-ikx) φ_x`` the symbol (Bloch matrix, cell-phase convention) is

    w_uv(k) = δ_uv T_vv + Σ_edges T_uv e^(ik·o),        ⟨φ_k φ_k*⟩ = w(k)⁻¹.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

from sympy import Expr, I, ImmutableDenseMatrix, Matrix, Rational, S, Symbol, cancel, cos, diff, exp, eye, factor, oo, pi, sqrt, zeros

from graphs.periodic import PeriodicGraph
from theory.display import Typeset, tex
from theory.reading import expression_of, matrix_of

__all__ = ["EffectiveTheory", "GaussianField", "wave_numbers"]


def wave_numbers(dimension: int) -> tuple[Symbol, ...]:
    """Return the wave numbers of a lattice: k in one dimension, k_1, k_2, ... in more.

    Examples
    --------
    >>> wave_numbers(2)
    (k_1, k_2)
    """
    return (Symbol("k", real=True),) if dimension == 1 else tuple(Symbol(f"k_{i + 1}", real=True) for i in range(dimension))


@dataclass(frozen=True)
class EffectiveTheory(Typeset):
    """The field theory of long waves, S = ½ ∫ d^dx [Z_ij ∂_iφ ∂_jφ + r φ²].

    Parameters
    ----------
    restoring : sympy.Expr
        r, the symbol at k = 0.
    stiffness : d x d matrix
        Z, half the second derivatives of the symbol at k = 0.

    Examples
    --------
    >>> chain = EffectiveTheory(Rational(1, 25), ImmutableDenseMatrix([[Rational(4, 5)]]))
    >>> chain.mass, chain.correlation_length
    (sqrt(5)/10, 2*sqrt(5))
    """

    restoring: Expr
    stiffness: ImmutableDenseMatrix

    @property
    def isotropic(self) -> Expr | None:
        """The single stiffness of an isotropic theory, None where directions differ."""
        first = self.stiffness[0, 0]
        same = (self.stiffness - first * eye(self.stiffness.rows)).applyfunc(cancel).is_zero_matrix
        return first if same else None

    @property
    def mass(self) -> Expr:
        """m = √(r/Z); the first direction's where they differ."""
        return sqrt(factor(self.restoring / self.stiffness[0, 0]))

    @property
    def correlation_length(self) -> Expr:
        """1/m, in cells."""
        return oo if self.restoring == 0 else 1 / self.mass

    def symbol(self, k: Sequence[Expr]) -> Expr:
        """Return r + Z_ij k_i k_j."""
        vector = matrix_of(list(k))
        return self.restoring + (vector.T * self.stiffness * vector)[0, 0]

    def propagator(self, distance: Expr) -> Expr:
        """Return G(x) = e^(-m|x|)/(2 √(r Z)) in one dimension.

        Raises
        ------
        ValueError
            In more dimensions, where G is not elementary.
        """
        if self.stiffness.rows != 1:
            raise ValueError("the propagator of the continuum is elementary in one dimension only; use symbol(k)")
        return exp(-self.mass * abs(distance)) / (2 * sqrt(factor(self.restoring * self.stiffness[0, 0])))

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the action."""
        shown = dict(names or {})
        z = tex(self.stiffness[0, 0] if self.stiffness.rows == 1 else self.stiffness, shown)
        return rf"S = \frac{{1}}{{2}} \int d^dx \left[ {z} (\partial\phi)^2 + {tex(self.restoring, shown)} \phi^2 \right]"


@dataclass(frozen=True)
class GaussianField(Typeset):
    """A quadratic action on a periodic graph of any dimension, with symbolic couplings.

    Parameters
    ----------
    graph : PeriodicGraph
    diagonal : Expr, or mapping of vertex to Expr
        T_vv.
    coupling : Expr, or mapping of edge label to Expr
        T_uv of an edge; parallel edges add up.

    Examples
    --------
    >>> from graphs.lattices import chain
    >>> a = Symbol("a", positive=True)
    >>> depth = GaussianField(chain(), 1 + a**2, -a)
    >>> depth.dispersion
    a**2 - 2*a*cos(k) + 1
    >>> depth.effective_theory.restoring
    (a - 1)**2
    """

    graph: PeriodicGraph
    diagonal: Any
    coupling: Any

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the symbol: a function of the wave numbers, or a matrix of them."""
        symbol = self.symbol
        return f"w({', '.join(tex(k, names) for k in self.wave_numbers)}) = {tex(symbol[0, 0] if symbol.rows == 1 else symbol, names)}"

    @classmethod
    def from_chain_action(cls, action: Expr, below: Symbol, here: Symbol, saddle: Expr) -> GaussianField:
        """Expand ``S = Σ_l s(q_l, q_{l+1})`` to second order around a uniform saddle.

        Parameters
        ----------
        action : sympy.Expr
            s, in ``below`` and ``here``.
        below, here : Symbol
            q_l and q_{l+1}.
        saddle : sympy.Expr
            The uniform value.

        Returns
        -------
        GaussianField
            On the chain of layers.

        Examples
        --------
        >>> p, q, a, D = Symbol("p"), Symbol("q"), Symbol("a"), Symbol("D")
        >>> GaussianField.from_chain_action((q - a*p)**2/(2*D), p, q, S.Zero).coupling
        -a/D
        """
        at = {below: saddle, here: saddle}
        own, above, mixed = (cancel(diff(action, x, y).subs(at, simultaneous=True)) for x, y in ((here, here), (below, below), (below, here)))
        return cls(_chain(), cancel(own + above), mixed)

    @property
    def wave_numbers(self) -> tuple[Symbol, ...]:
        """The wave numbers that the symbol is a function of."""
        return wave_numbers(self.graph.dimension)

    def _on(self, vertex: Hashable) -> Expr:
        """Diagonal entry of a vertex."""
        return expression_of(self.diagonal[vertex] if isinstance(self.diagonal, Mapping) else self.diagonal)

    def _along(self, label: Hashable) -> Expr:
        """Coupling of an edge."""
        return expression_of(self.coupling[label] if isinstance(self.coupling, Mapping) else self.coupling)

    @cached_property
    def symbol(self) -> ImmutableDenseMatrix:
        """The Bloch matrix w(k), Hermitian for real k."""
        index = {vertex: i for i, vertex in enumerate(self.graph.vertices)}
        matrix = zeros(len(index), len(index))
        for vertex, i in index.items():
            matrix[i, i] += self._on(vertex)
        for edge in self.graph.edges:
            i, j, t = index[edge.tail], index[edge.head], self._along(edge.label)
            phase = sum((k * o for k, o in zip(self.wave_numbers, edge.offset, strict=True)), start=S.Zero)
            if i == j:
                matrix[i, i] += 2 * t * cos(phase)
            else:
                matrix[i, j] += t * exp(I * phase)
                matrix[j, i] += t * exp(-I * phase)
        return ImmutableDenseMatrix(matrix)

    @cached_property
    def dispersion(self) -> Expr:
        """The symbol of a field with one vertex per cell.

        Raises
        ------
        ValueError
            If the cell has several vertices: see `bands`.
        """
        if self.symbol.rows != 1:
            raise ValueError(f"the cell has {self.symbol.rows} vertices, so there are as many bands: use bands or symbol")
        return self.symbol[0, 0]

    @cached_property
    def bands(self) -> tuple[Expr, ...]:
        """The eigenvalues of the symbol for one or two vertices per cell, ascending."""
        if self.symbol.rows == 1:
            return (self.symbol[0, 0],)
        if self.symbol.rows > 2:
            raise ValueError(f"the bands of {self.symbol.rows} vertices per cell have no closed form here: evaluate the symbol at given k")
        (a, b), (_, d) = self.symbol.tolist()
        squared = (b.rewrite(cos) * b.conjugate().rewrite(cos)).expand().expand(trig=True)
        radius = sqrt((a - d) ** 2 / 4 + squared)
        return (a + d) / 2 - radius, (a + d) / 2 + radius

    def propagator(self, distance: Expr) -> Expr:
        """Return ⟨φ_0 φ_x⟩ of an infinite chain with nearest neighbours, in closed form.

        With w(k) = t_0 + 2 t_1 cos k the pole of 1/w inside the unit circle is ρ = (√(t_0² - 4t_1²) - t_0)/(2t_1), and
        ``G(x) = ρ^|x|/√(t_0² - 4t_1²)``.

        Raises
        ------
        ValueError
            For any other graph.
        """
        if self.graph.dimension != 1 or len(self.graph.vertices) != 1 or any(edge.offset != (1,) for edge in self.graph.edges):
            raise ValueError("the propagator is in closed form for a chain with nearest neighbours; elsewhere sum 1/w(k) over wave numbers")
        t0 = self._on(next(iter(self.graph.vertices)))
        t1 = sum((self._along(edge.label) for edge in self.graph.edges), start=S.Zero)
        gap = sqrt(factor(cancel(t0**2 - 4 * t1**2)))
        return ((gap - t0) / (2 * t1)) ** abs(distance) / gap

    def precision(self, extents: int | Sequence[int], periodic: bool | Sequence[bool] = True) -> ImmutableDenseMatrix:
        """Return T of a finite piece; an open boundary pins the field to zero outside.

        Parameters
        ----------
        extents : int or sequence of int
            Cells in each direction.
        periodic : bool or sequence of bool

        Returns
        -------
        ImmutableDenseMatrix
            Rows in the order of the unrolled graph's nodes.

        Examples
        --------
        >>> from graphs.lattices import chain
        >>> GaussianField(chain(), 2, -1).precision(3, periodic=False)
        Matrix([
        [ 2, -1,  0],
        [-1,  2, -1],
        [ 0, -1,  2]])
        """
        unrolled = self.graph.unroll(extents, periodic).graph
        nodes = list(unrolled.nodes)
        index = {node: i for i, node in enumerate(nodes)}
        matrix = zeros(len(nodes), len(nodes))
        for vertex, cell in nodes:
            matrix[index[vertex, cell], index[vertex, cell]] += self._on(vertex)
        for u, v, data in unrolled.edges(data=True):
            matrix[index[u], index[v]] += self._along(data["label"])
            matrix[index[v], index[u]] += self._along(data["label"])
        return ImmutableDenseMatrix(matrix)

    def periodic_modes(self, extents: Sequence[int]) -> list[ImmutableDenseMatrix]:
        """Return the symbol at every wave number 2πj/L of a periodic piece: T is their direct sum in Fourier space."""
        grids = product(*(range(extent) for extent in extents))
        places = ({k: 2 * pi * Rational(j, extent) for k, j, extent in zip(self.wave_numbers, grid, extents, strict=True)} for grid in grids)
        return [self.symbol.subs(place) for place in places]

    def pinned_modes(self, extent: int) -> list[Expr]:
        """Return the eigenvalues of a chain with nearest neighbours pinned at both ends: sine waves of wave number πj/(L + 1)."""
        if self.graph.dimension != 1 or self.symbol.rows != 1 or any(edge.offset != (1,) for edge in self.graph.edges):
            raise ValueError("pinned modes are sine waves for a chain with nearest neighbours only")
        (k,) = self.wave_numbers
        return [self.dispersion.subs(k, pi * Rational(j, extent + 1)) for j in range(1, extent + 1)]

    @cached_property
    def effective_theory(self) -> EffectiveTheory:
        """The expansion of the symbol at small k for the mean field of a cell, the other modes of the cell integrated out.

        In a basis of the mean and of differences from the mean, the symbol is a block matrix, and integrating the differences out
        leaves its Schur complement, expanded to second order in k.
        """
        k = self.wave_numbers
        zero = dict.fromkeys(k, S.Zero)
        order0, order1, order2 = self._expanded(zero)
        restoring, stiffness = order0[0, 0], zeros(len(k), len(k))
        inner = order0[1:, 1:].inv() if order0.rows > 1 else None
        for i, j in product(range(len(k)), repeat=2):
            value = order2[i, j][0, 0]
            if inner is not None:
                value -= _cross(order0, order1, order2, inner, i, j)
            stiffness[i, j] = cancel(value)
        if inner is not None:
            restoring -= (order0[0:1, 1:] * inner * order0[1:, 0:1])[0, 0]
        return EffectiveTheory(factor(cancel(restoring)), ImmutableDenseMatrix(stiffness.applyfunc(factor)))

    def _expanded(self, zero: Mapping[Symbol, Expr]) -> tuple[Matrix, dict[int, Matrix], dict[tuple[int, int], Matrix]]:
        """Value, first and (half) second derivatives at k = 0 of the symbol in the basis of the mean and the differences."""
        size = self.symbol.rows
        basis = Matrix(size, size, lambda r, c: 1 if c == 0 else int(r == c) - Rational(1, size))
        turned = basis.T * self.symbol * basis / size
        k = self.wave_numbers

        def at_zero(*by: Symbol) -> Matrix:
            """A derivative at k = 0."""
            return turned.applyfunc(lambda e: cancel(diff(e, *by).subs(zero))) if by else turned.applyfunc(lambda e: cancel(e.subs(zero)))

        first = {i: at_zero(k[i]) for i in range(len(k))}
        second = {(i, j): at_zero(k[i], k[j]) / 2 for i in range(len(k)) for j in range(len(k))}
        return at_zero(), first, second


def _cross(order0: Matrix, order1: Mapping[int, Matrix], order2: Mapping[tuple[int, int], Matrix], inner: Matrix, i: int, j: int) -> Expr:
    """Second-order term of b(k)† A(k)⁻¹ b(k) with b the mean-difference block and A the difference block."""
    b0, b0h = order0[1:, 0:1], order0[0:1, 1:]
    first = [(order1[x][1:, 0:1], order1[x][0:1, 1:], order1[x][1:, 1:]) for x in (i, j)]
    (bi, bih, ai), (bj, bjh, aj) = first
    total = (bih * inner * bj + bjh * inner * bi) / 2
    total += order2[i, j][0:1, 1:] * inner * b0 + b0h * inner * order2[i, j][1:, 0:1]
    total -= (bih * inner * aj * inner * b0 + bjh * inner * ai * inner * b0 + b0h * inner * ai * inner * bj + b0h * inner * aj * inner * bi) / 2
    total += b0h * inner * (ai * inner * aj + aj * inner * ai) * inner * b0 / 2 - b0h * inner * order2[i, j][1:, 1:] * inner * b0
    return total[0, 0]


def _chain() -> PeriodicGraph:
    """Layers along depth."""
    return PeriodicGraph(["layer"], [("layer", "layer", (1,))], 1)
