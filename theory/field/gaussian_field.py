"""Gaussian fields on periodic graphs: symbol, dispersion, propagator, finite pieces, effective
theory.

    S[φ] = ½ Σ φ* T φ

with a precision T that is the same in every cell: T_vv on each vertex, T_uv on each edge (u, v, o)
and its conjugate on the way back. Translations diagonalise it. With the convention ``φ_k = L^(-1/2)
Σ_x e^(-ikx) φ_x`` the symbol (Bloch matrix, cell-phase convention) is

    w_uv(k) = δ_uv T_vv + Σ_edges T_uv e^(ik·o) + Σ_edges back T_vu* e^(-ik·o),        ⟨φ_k φ_k*⟩ = w(k)⁻¹.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

from sympy import (
    Expr,
    I,
    ImmutableDenseMatrix,
    Matrix,
    Rational,
    S,
    Symbol,
    cancel,
    cos,
    diff,
    exp,
    factor,
    pi,
    sin,
    sqrt,
    zeros,
)

from neurenorm.graphs.lattices import chain
from neurenorm.graphs.periodic.periodic import PeriodicGraph
from neurenorm.theory.algebra.arguments import exact_arguments
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.field.edge_couplings import coupling_of, real_and_imaginary
from neurenorm.theory.field.effective_theory import EffectiveTheory
from neurenorm.theory.typeset.display import Typeset, tex

__all__ = ["EffectiveTheory", "GaussianField", "wave_numbers"]


def wave_numbers(dimension: int) -> tuple[Symbol, ...]:
    """Return the wave numbers of a lattice: k in one dimension, k_1, k_2, ... in more.

    Examples
    --------
    >>> wave_numbers(2)
    (k_1, k_2)
    """
    return (
        (Symbol("k", real=True),)
        if dimension == 1
        else tuple(Symbol(f"k_{i + 1}", real=True) for i in range(dimension))
    )


@dataclass(frozen=True)
class GaussianField(Typeset):
    """A quadratic action on a periodic graph of any dimension, with symbolic couplings.

    Parameters
    ----------
    graph : PeriodicGraph
    diagonal : Expr, or mapping of vertex to Expr
        T_vv.
    coupling : Expr, or mapping of edge label to Expr
        T_uv of an edge; parallel edges add up.  Symbols count as real.  A coupling that is not real
        is the conjugate on the way back, so that its edge needs an arrow: a label `Directed`, whose
        reverse stands for the conjugate.

    Raises
    ------
    ValueError
        If a vertex or a label has no entry, an entry of the diagonal is not real, or a coupling
        that is not real belongs to an edge without an arrow.

    Examples
    --------
    >>> from neurenorm.graphs.lattices import chain
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

    def __post_init__(self) -> None:
        """Read every entry once, so that what is missing or not Hermitian is refused here."""
        for vertex in self.graph.vertices:
            self._on(vertex)
        for edge in self.graph.edges:
            self._along(edge.label)

    def to_latex(self, names: Mapping[Symbol, str] | None = None) -> str:
        """Return the symbol: a function of the wave numbers, or a matrix of them."""
        symbol = self.symbol
        return (
            f"w({', '.join(tex(k, names) for k in self.wave_numbers)}) = "
            f"{tex(symbol[0, 0] if symbol.rows == 1 else symbol, names)}"
        )

    @classmethod
    @exact_arguments
    def from_chain_action(
        cls, action: Expr, below: Symbol, here: Symbol, saddle: Expr
    ) -> GaussianField:
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
        >>> GaussianField.from_chain_action((q - a * p) ** 2 / (2 * D), p, q, S.Zero).coupling
        -a/D
        """
        at = {below: saddle, here: saddle}
        own, above, mixed = (
            cancel(diff(action, x, y).subs(at, simultaneous=True))
            for x, y in ((here, here), (below, below), (below, here))
        )
        return cls(chain(), cancel(own + above), mixed)

    @property
    def wave_numbers(self) -> tuple[Symbol, ...]:
        """The wave numbers that the symbol is a function of."""
        return wave_numbers(self.graph.dimension)

    def _on(self, vertex: Hashable) -> Expr:
        """Diagonal entry of a vertex."""
        if isinstance(self.diagonal, Mapping) and vertex not in self.diagonal:
            raise ValueError(
                f"the vertex {vertex!r} has no entry on the diagonal; there are some for "
                f"{list(self.diagonal)}"
            )
        value = expression_of(
            self.diagonal[vertex] if isinstance(self.diagonal, Mapping) else self.diagonal
        )
        if real_and_imaginary(value)[1] != 0:
            raise ValueError(
                f"the diagonal entry {value} of the vertex {vertex!r} is not real, so that the "
                "action would not be"
            )
        return value

    def _along(self, label: Hashable) -> tuple[Expr, Expr]:
        """Coupling of an edge from its tail to its head, and on the way back."""
        return coupling_of(self.coupling, label)

    @cached_property
    def symbol(self) -> ImmutableDenseMatrix:
        """The Bloch matrix w(k), Hermitian for real k."""
        index = {vertex: i for i, vertex in enumerate(self.graph.vertices)}
        matrix = zeros(len(index), len(index))
        for vertex, i in index.items():
            matrix[i, i] += self._on(vertex)
        for edge in self.graph.edges:
            i, j, (there, back) = index[edge.tail], index[edge.head], self._along(edge.label)
            phase = sum(
                (k * o for k, o in zip(self.wave_numbers, edge.offset, strict=True)), start=S.Zero
            )
            if i == j:
                real, imaginary = real_and_imaginary(there)
                matrix[i, i] += 2 * (real * cos(phase) - imaginary * sin(phase))
            else:
                matrix[i, j] += there * exp(I * phase)
                matrix[j, i] += back * exp(-I * phase)
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
            raise ValueError(
                f"the cell has {self.symbol.rows} vertices, so there are as many bands: use bands "
                "or symbol"
            )
        return self.symbol[0, 0]

    @cached_property
    def bands(self) -> tuple[Expr, ...]:
        """The eigenvalues of the symbol for one or two vertices per cell, ascending."""
        if self.symbol.rows == 1:
            return (self.symbol[0, 0],)
        if self.symbol.rows > 2:
            raise ValueError(
                f"the bands of {self.symbol.rows} vertices per cell have no closed form here: "
                "evaluate the symbol at given k"
            )
        (a, b), (c, d) = self.symbol.tolist()
        squared = (b.rewrite(cos) * c.rewrite(cos)).expand().expand(trig=True)
        radius = sqrt((a - d) ** 2 / 4 + squared)
        return (a + d) / 2 - radius, (a + d) / 2 + radius

    @exact_arguments
    def propagator(self, distance: Expr) -> Expr:
        """Return ⟨φ_0 φ_x⟩ of an infinite chain with nearest neighbours, in closed form.

        With w(k) = t_0 + 2 t_1 cos k the pole of 1/w inside the unit circle is ρ = -2 t_1/(t_0 +
        √(t_0² - 4t_1²)), and ``G(x) = ρ^|x|/√(t_0² - 4t_1²)``.

        Raises
        ------
        ValueError
            For any other graph, a coupling that is not real, and a field without a restoring force
            at some wave number (t_0 ≤ 2|t_1|), whose variance is infinite or not positive.
        """
        t0, t1 = self._nearest(
            "the propagator is in closed form", "elsewhere sum 1/w(k) over wave numbers"
        )
        squared = factor(cancel(t0**2 - 4 * t1**2))
        if squared.is_nonpositive or t0.is_negative:
            raise ValueError(
                f"1/w(k) has no propagator: w(k) = {self.dispersion} is not positive at every wave "
                "number"
            )
        gap = sqrt(squared)
        return (-2 * t1 / (t0 + gap)) ** abs(distance) / gap

    def _nearest(self, what: str, instead: str) -> tuple[Expr, Expr]:
        """T on the sites and on the bonds of a chain with nearest neighbours; other graphs are
        refused.
        """
        if (
            self.graph.dimension != 1
            or len(self.graph.vertices) != 1
            or any(edge.offset != (1,) for edge in self.graph.edges)
        ):
            raise ValueError(f"{what} for a chain with nearest neighbours only; {instead}")
        bond = sum((self._along(edge.label)[0] for edge in self.graph.edges), start=S.Zero)
        if real_and_imaginary(bond)[1] != 0:
            raise ValueError(f"{what} for real couplings only, not {bond}; {instead}")
        return self._on(next(iter(self.graph.vertices))), bond

    def precision(
        self, extents: int | Sequence[int], periodic: bool | Sequence[bool] = True
    ) -> ImmutableDenseMatrix:
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
        >>> from neurenorm.graphs.lattices import chain
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
        for _, _, data in unrolled.edges(data=True):
            tail, head, (there, back) = (
                index[data["tail"]],
                index[data["head"]],
                self._along(data["label"]),
            )
            matrix[tail, head] += there
            matrix[head, tail] += back
        return ImmutableDenseMatrix(matrix)

    def periodic_modes(self, extents: Sequence[int]) -> list[ImmutableDenseMatrix]:
        """Return the symbol at every wave number 2πj/L of a periodic piece: T is their direct sum
        in Fourier space.
        """
        grids = product(*(range(extent) for extent in extents))
        places = (
            {
                k: 2 * pi * Rational(j, extent)
                for k, j, extent in zip(self.wave_numbers, grid, extents, strict=True)
            }
            for grid in grids
        )
        return [self.symbol.subs(place) for place in places]

    def pinned_modes(self, extent: int) -> list[Expr]:
        """Return the eigenvalues of a chain with nearest neighbours pinned at both ends: sine waves
        of wave number πj/(L + 1).
        """
        t0, t1 = self._nearest(
            "pinned modes are sine waves",
            "elsewhere take the eigenvalues of precision(extents, periodic=False)",
        )
        return [t0 + 2 * t1 * cos(pi * Rational(j, extent + 1)) for j in range(1, extent + 1)]

    @cached_property
    def effective_theory(self) -> EffectiveTheory:
        """The band of long waves to second order in k, by perturbation theory around its mode v at
        k = 0.

        With v†v = 1, w(0) v = r v and R the inverse of w(0) - r on the modes of the cell that are
        orthogonal to v,

            band(κ) = r + Σ_ij Z_ij κ_i κ_j + ...,      Z_ij = v†w_ij v/2 - (v†w_i R w_j v + v†w_j R w_i v)/2.

        The mode v is the uniform one where every vertex has the same sum of couplings, whatever the
        number of vertices; otherwise the lower band of a cell of two.  A band is the same for every
        description of the crystal: larger cells, other representatives of the vertices, other
        primitive vectors.

        Raises
        ------
        ValueError
            If the mode at k = 0 has no closed form (unequal sums on more than two vertices), is
            degenerate, or if the band has a slope at k = 0, so that it is not extremal there.
        """
        waves = self.wave_numbers
        whole = self._derivative()
        restoring, mode = self._long_wave(whole)
        slopes = [self._derivative(k) * mode for k in waves]
        if any(cancel((mode.T * slope)[0, 0]) != 0 for slope in slopes):
            raise ValueError(
                "the band has a slope at k = 0, so that long waves are not stationary there: "
                "expand about the minimum of the band"
            )
        response = self._response(whole - restoring * Matrix.eye(len(mode)), mode, slopes)
        norm = (mode.T * mode)[0, 0]

        def stiffness(i: int, j: int) -> Expr:
            """Z_ij; first derivatives are imaginary or zero, and w_i† = w_i."""
            second = (mode.T * self._derivative(waves[i], waves[j]) * mode)[0, 0]
            mixed = (slopes[i].H * response[j] + slopes[j].H * response[i])[0, 0]
            return factor(cancel((second - mixed) / (2 * norm)))

        matrix = ImmutableDenseMatrix(len(waves), len(waves), stiffness)
        return EffectiveTheory(factor(cancel(restoring)), matrix, self.graph.metric)

    def _derivative(self, *by: Symbol) -> Matrix:
        """The symbol or a derivative of it at k = 0."""
        zero = dict.fromkeys(self.wave_numbers, S.Zero)
        return Matrix(self.symbol).applyfunc(
            lambda entry: cancel((diff(entry, *by) if by else entry).subs(zero))
        )

    def _long_wave(self, whole: Matrix) -> tuple[Expr, Matrix]:
        """Value and mode of the band of long waves at k = 0."""
        sums = [cancel(sum(whole.row(i), start=S.Zero)) for i in range(whole.rows)]
        if all(cancel(total - sums[0]) == 0 for total in sums):
            return sums[0], Matrix([1] * whole.rows)
        if whole.rows > 2 or real_and_imaginary(whole[0, 1])[1] != 0:
            raise ValueError(
                f"the couplings of the vertices add up to {sums}, which differ, so that the long "
                f"waves of {whole.rows} vertices have no "
                "closed form: evaluate the symbol at given k"
            )
        (a, b), (_, d) = whole.tolist()
        if b == 0:
            raise ValueError(
                "the vertices of the cell do not couple at k = 0: split the field into its parts"
            )
        lower = (a + d) / 2 - sqrt((a - d) ** 2 / 4 + b**2)
        return lower, Matrix([b, lower - a])

    def _response(self, shifted: Matrix, mode: Matrix, forces: Sequence[Matrix]) -> list[Matrix]:
        """R applied to forces: x orthogonal to the mode with (w(0) - r) x = force on the orthogonal
        modes.
        """
        if shifted.rows == 1:
            return [zeros(1, 1) for _ in forces]
        others = Matrix(
            [
                [-mode[i] if j == 0 else mode[0] * int(i == j) for j in range(len(mode))]
                for i in range(1, len(mode))
            ]
        ).T
        inner = (others.T * shifted * others).applyfunc(cancel)
        if cancel(inner.det(method="berkowitz")) == 0:
            raise ValueError(
                "several modes of the cell have the same value at k = 0, so that there is no "
                "single band of long waves"
            )
        inverse = inner.inv()
        return [others * inverse * others.T * force for force in forces]
