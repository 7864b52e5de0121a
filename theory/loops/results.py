"""Results on loop expansions: diagrams, exponents, lattice fields, random networks of finite width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sympy import Expr, Integer, Interval, Range, Rational, Reals, oo

from neurenorm.graphs.lattices import chain, cubic, square, triangular
from neurenorm.graphs.periodic.periodic import PeriodicGraph
from neurenorm.theory.algebra.reading import shown
from neurenorm.theory.catalogue.problems import Formula
from neurenorm.theory.catalogue.result import Parameter, Result
from neurenorm.theory.cumulants.diagrams import diagrams
from neurenorm.theory.cumulants.pairings import scalar_vertex, total, vector_vertex
from neurenorm.theory.field.gaussian_field import GaussianField
from neurenorm.theory.gaussian.activation import Activation, activation
from neurenorm.theory.loops import derivations, flow, scaling
from neurenorm.theory.loops.chain import StiffChain, taylor
from neurenorm.theory.loops.exponents import any_components
from neurenorm.theory.loops.networks import HIGHEST, KernelCumulants
from neurenorm.theory.loops.problems import (
    ChainOrders,
    KernelOrders,
    LatticeOrders,
    Lists,
    LocalPotential,
    MeanOrders,
    PairOrders,
    PairTangentOrders,
    PosteriorOrders,
)
from neurenorm.theory.loops.quartic import Quartic
from neurenorm.theory.loops.tangent import TangentCumulants
from neurenorm.theory.symbols import symbols

__all__ = ["RESULTS"]

LOOPS = symbols("loops")
N, EPSILON = LOOPS.n, LOOPS.epsilon
CUT = (
    "An expansion up to the order that is given: what is left out is of the next order in epsilon."
)
WEIGHTS = (
    "Weights W_ij ~ N(0, sw2/N_in), biases N(0, sb2); K^1 is K1 in every network; layers count from "
    "1; given a layer the neurons of the next are independent normal variables."
)
ORDERS = (
    "Without widths lists over layers of the coefficients of powers of 1/N (mean: from N^0, "
    "variance from N^-1, third from N^-2, fourth from N^-3); with N or widths their sums."
)
MOST_SITES, MOST_LAYERS = 2**21, 10_000
MOST_VERTICES, MOST_FIELDS = 5, 20
MOST_TRAINED, DEEPEST_PAIR, DEEPEST_POSTERIOR = 3, 1000, 20
Rows = tuple[tuple[Rational, ...], ...]


def _hypercubic() -> PeriodicGraph:
    """The hypercubic lattice in four dimensions."""
    axes = [tuple(int(i == j) for j in range(4)) for i in range(4)]
    return PeriodicGraph([0], [(0, 0, axis) for axis in axes], 4)


LATTICES = {
    "chain": chain,
    "square": square,
    "triangular": triangular,
    "cubic": cubic,
    "hypercubic": _hypercubic,
}


def pairings(degrees: Sequence[int], n: Expr | None = None) -> Lists:
    """Draw the connected diagrams of a product of vertices, and count all pairings."""
    drawn = diagrams(degrees, n=None if n is None else N)
    vertex = scalar_vertex if n is None else vector_vertex
    count = total([piece for i, k in enumerate(degrees) for piece in vertex(i, k)], N).as_expr()
    at = {} if n is None else {N: n}
    return Lists(
        {
            "diagrams": [[list(edge) for edge in diagram.edges] for diagram in drawn],
            "weights": [weight.subs(at) for weight in drawn.values()],
            "total": count.subs(at),
        },
        derivations.pairing_numbers(degrees, None if n is None else N, count, drawn),
    )


def wilson_fisher(order: int = 2) -> Formula:
    """Expand the exponents of the O(n) quartic action at its fixed point."""
    theory = any_components()
    return Formula(theory.expansion(order), theory.derivation(order))


def cubic_anisotropy() -> Lists:
    """Find the fixed points of the quartic action with cubic anisotropy."""
    points = flow.cubic_fixed_points()
    inverse = flow.cubic_anisotropy(1)[2]
    return Lists(
        {
            "u": [point[LOOPS.u] for point in points.values()],
            "v": [point[LOOPS.v] for point in points.values()],
            "eigenvalues": [list(flow.cubic_eigenvalues(point)) for point in points.values()],
            "nu_inverse": [inverse.subs(point) for point in points.values()],
            "n_c": flow.exchange_number(),
        },
        flow.cubic_derivation(),
    )


def cubic_vertex(model: str) -> Formula:
    """Find the fixed point of a cubic action in 6 - ε dimensions."""
    if model == "yang-lee":
        second, third = Integer(1), Integer(1)
    else:
        second, third = flow.potts_invariants(LOOPS.q)
    return Formula(flow.cubic_vertex(second, third), flow.cubic_vertex_derivation())


def multicritical(k: int, j: int) -> Formula:
    """Find the fixed point of φ^{2k} just below its critical dimension."""
    return Formula(flow.multicritical(Integer(k), Integer(j)), flow.multicritical_derivation(k))


def long_range() -> Formula:
    """Expand the exponents of the O(n) quartic action with a precision k^σ."""
    return Formula(flow.long_range(), flow.long_range_derivation())


def local_potential(order: int = 6, about: str = "minimum") -> LocalPotential:
    """State the flow of a local potential."""
    return LocalPotential(order, about)


def lattice_phi4(
    lattice: str, extents: tuple[int, ...], order: int = 2, k: tuple[int, ...] | None = None
) -> LatticeOrders:
    """State the sums over the diagrams of the quartic action on a torus."""
    graph = LATTICES[lattice]()
    wave = (0,) * graph.dimension if k is None else k
    for what, given in (("extents", extents), ("k", wave)):
        if len(given) != graph.dimension:
            raise ValueError(
                f"{what} of the {lattice} lattice has {graph.dimension} entries, got {len(given)}"
            )
    field = GaussianField(graph, graph.degree(0) + LOOPS.m2, Integer(-1))
    return LatticeOrders(Quartic(), field, extents, order, wave)


def kernel_cumulants(
    activation: Activation, depth: int, order: int = 2, N: tuple[int, ...] | None = None
) -> KernelOrders:
    """State the recursion of the cumulants of the kernel."""
    ranks = {"mean": 1, "variance": 2, "third": 3, "fourth": 4}
    return _orders(
        activation, depth, order, N, {name: (b, Rational(1)) for name, b in ranks.items()}
    )


def output_cumulants(
    activation: Activation, depth: int, order: int = 2, N: tuple[int, ...] | None = None
) -> KernelOrders:
    """State the recursion of the cumulants of one pre-activation.

    Given the kernel it is normal, so κ_{2r} = (2r-1)!! times the r-th cumulant of the kernel.
    """
    factors = {
        "kappa_4": (2, Rational(3)),
        "kappa_6": (3, Rational(15)),
        "kappa_8": (4, Rational(105)),
    }
    return _orders(activation, depth, order, N, factors)


def ntk_cumulants(activation: Activation, depth: int) -> MeanOrders:
    """State the recursion of the tangent kernel and its tensors."""
    values = ("T", "t1", "D", "F", "A", "B")
    return MeanOrders(*TangentCumulants().recursion(), activation, depth, values, 1)


def differential_ntk(activation: Activation, depth: int) -> MeanOrders:
    """State the recursion of the tensors of the differentials of the tangent kernel."""
    values = ("P", "Q", "R", "S", "T4", "U")
    recursion, averages = TangentCumulants().recursion(differential=True)
    return MeanOrders(recursion, averages, activation, depth, values, 3)


def critical_scaling(kind: str) -> Formula:
    """State the law of the kernel of a deep critical network."""
    values = scaling.scale_invariant() if kind == "scale-invariant" else scaling.vanishing()
    return Formula(values, derivations.deep_networks(kind, values))


def pair_cumulants(activation: Activation, depth: int, order: int = 2) -> PairOrders:
    """State the cumulants of the kernel of two inputs."""
    return PairOrders(activation, depth, order)


def pair_tangent(activation: Activation, depth: int) -> PairTangentOrders:
    """State the tangent kernel of two inputs."""
    return PairTangentOrders(activation, depth)


def posterior(activation: Activation, depth: int, K1: Rows, targets: Rows) -> PosteriorOrders:
    """State the posterior of a network of finite width on a few training points."""
    if len(K1) != len(targets) + 1 or any(len(row) != len(K1) for row in K1):
        raise ValueError(
            f"K1 is the square matrix over the {len(targets)} training inputs and the test input, "
            f"got {len(K1)} rows of {', '.join(str(len(row)) for row in K1)}"
        )
    if any(K1[i][j] != K1[j][i] for i in range(len(K1)) for j in range(i)):
        raise ValueError("K1 must be symmetric")
    if len({len(row) for row in targets}) != 1:
        raise ValueError("every training input has the same number of targets")
    return PosteriorOrders(activation, depth, K1, targets)


def smeared_chain(activation: Activation, order: int = 2) -> ChainOrders:
    """Expand the stationary law of a stiff chain, and its leading eigenvalue."""
    chain = StiffChain(taylor(activation, 2 * order + 1), order)
    series = {"mean": chain.mean, "variance": chain.variance, "eigenvalue": chain.eigenvalue}
    return ChainOrders(activation, series)


def _orders(
    activation: Activation,
    depth: int,
    order: int,
    widths: tuple[int, ...] | None,
    names: Mapping[str, tuple[int, Rational]],
) -> KernelOrders:
    """The recursion, with one width for all layers or one for each."""
    theory = KernelCumulants(order)
    if widths is None:
        return KernelOrders(theory, theory.recursion, activation, depth, names)
    every = widths * (depth - 1) if len(widths) == 1 else widths
    if len(every) != depth - 1:
        raise ValueError(
            f"{depth} layers take one width, or the {depth - 1} of the layers that are summed over, "
            f"got {len(every)}"
        )
    ratio = sum(Rational(1, width) for width in every)
    if ratio > 1:
        raise ValueError(
            f"l/N = {float(ratio):.3g} exceeds 1: use sampling or the scaling law "
            "(loops/critical-scaling)"
        )
    return KernelOrders(theory, theory.recursion, activation, depth, names, every)


# --- what the parameters may be
# --------------------------------------------------------------------------------------------------


def _whole(what: str, value: Any, least: int) -> tuple[int, ...]:
    """A list of integers, or one."""
    items = value if isinstance(value, list) else [value]
    if not items or not all(isinstance(item, Integer) and item >= least for item in items):
        raise ValueError(f"{what}: integers of at least {least}, got {shown(value)}")
    return tuple(int(item) for item in items)


def _degrees(value: Any) -> tuple[int, ...]:
    """Degrees of vertices."""
    found = _whole("degrees", value, 1)
    if sum(found) % 2:
        raise ValueError(f"an odd number of fields has no pairing, got {sum(found)}")
    if len(found) > MOST_VERTICES or sum(found) > MOST_FIELDS:
        raise ValueError(
            f"diagrams are drawn for up to {MOST_VERTICES} vertices and {MOST_FIELDS} fields, got "
            f"{len(found)} and {sum(found)}"
        )
    return found


def _number(what: str, value: Any) -> Rational:
    """An exact number."""
    if not getattr(value, "is_Rational", False):
        raise ValueError(f"{what} must be a finite number, got {shown(value)}")
    return value


def _components(value: Any) -> Expr:
    """A number of components with a fixed point."""
    if _number("n", value) == -8:
        raise ValueError("n = -8 has no one-loop fixed point")
    return value


def _distance(value: Any) -> Expr:
    """A distance below the upper critical dimension."""
    if _number("epsilon", value) <= 0:
        raise ValueError(
            f"epsilon = {value}: at and above the critical dimension there is only the Gaussian "
            "point (d >= 4 for a quartic action), give epsilon > 0"
        )
    return value


def _dimension(value: Any) -> Expr:
    """A dimension between the lower and the upper critical one."""
    if _number("d", value) >= 4:
        raise ValueError(f"d >= 4: only the Gaussian point, got d = {value}")
    if value <= 2:
        raise ValueError(f"d must exceed 2, where the field has no dimension, got {value}")
    return value


def _states(value: Any) -> Expr | None:
    """A number of Potts states with a fixed point."""
    if _number("q", value) == Rational(10, 3):
        raise ValueError("q = 10/3 has no one-loop fixed point")
    return value


def _extents(value: Any) -> tuple[int, ...]:
    """Extents of a torus."""
    found, sites = _whole("extents", value, 1), 1
    for size in found:
        sites *= size
    if sites > MOST_SITES:
        raise ValueError(f"a torus has at most {MOST_SITES} sites here, got {sites}")
    return found


def _wave(value: Any) -> tuple[int, ...]:
    """A momentum in units of 2π over the extent."""
    return _whole("k, in units of 2 pi over the extent of each axis", value, -(10**6))


def _widths(value: Any) -> tuple[int, ...]:
    """One width, or one for each layer."""
    return _whole("N", value, 1)


def _rows(what: str, value: Any) -> Rows:
    """Nested lists of numbers; a plain list is one number in each row."""
    rows = value if isinstance(value, list) else [value]
    return tuple(
        tuple(_number(what, entry) for entry in (row if isinstance(row, list) else [row]))
        for row in rows
    )


def _targets(value: Any) -> Rows:
    """Targets of at most three training inputs."""
    found = _rows("targets", value)
    if len(found) > MOST_TRAINED:
        raise ValueError(f"more than {MOST_TRAINED} training points, got {len(found)}")
    return found


def _order(highest: int, what: str) -> Any:
    """A reader of orders up to the highest."""

    def read(value: Any) -> int:
        """The order."""
        if not isinstance(value, Integer) or not value >= 1:
            raise ValueError(f"order must be an integer of at least 1, got {shown(value)}")
        if value > highest:
            raise ValueError(f"order {value}: the highest is {highest} ({what})")
        return int(value)

    return read


def _activation(value: Any) -> Activation:
    """A name or an expression in z."""
    if not isinstance(value, str):
        raise ValueError(
            f'activation must be a name or an expression in z such as "z*exp(-z**2/2)", got {value}'
        )
    return activation(value)


_EPSILON = Parameter("epsilon", LOOPS["epsilon"].meaning, convert=_distance)
_COMPONENTS = Parameter("n", LOOPS["n"].meaning, convert=_components)
_ACTIVATION = Parameter(
    "activation",
    "name of an activation, or an expression of one variable",
    structural=True,
    convert=_activation,
)
_NETWORK = (
    _ACTIVATION,
    Parameter("sw2", LOOPS["sw2"].meaning, Interval(0, oo)),
    Parameter("sb2", LOOPS["sb2"].meaning, Interval(0, oo)),
    Parameter("depth", LOOPS["depth"].meaning, Range(1, MOST_LAYERS + 1), structural=True),
    Parameter("K1", "kernel of the first layer", Interval.open(0, oo), 1),
)
_KERNEL_ORDERS = (
    *_NETWORK,
    Parameter(
        "order",
        "highest power of 1/N",
        None,
        2,
        structural=True,
        convert=_order(HIGHEST, "one input"),
    ),
    Parameter(
        "N",
        "width of all layers, or the widths of layers 1 to depth - 1; without it orders are listed",
        None,
        None,
        structural=True,
        convert=_widths,
    ),
)
_TANGENT = (
    *_NETWORK,
    Parameter("lam_b", LOOPS["lam_b"].meaning + ", by default sb2", Interval(0, oo), None),
    Parameter("lam_W", LOOPS["lam_W"].meaning + ", by default sw2", Interval(0, oo), None),
    Parameter("Theta1", "tangent kernel of the first layer, by default K1", Interval(0, oo), None),
)
_PAIR = (
    Parameter("Kaa", "kernel of input a in the first layer", Interval.open(0, oo), 1),
    Parameter("Kbb", "kernel of input b in the first layer", Interval.open(0, oo), 1),
    Parameter("Kab", "kernel between the inputs in the first layer", Reals),
)
LEARNING = (
    "Gradients with respect to W and b with the rates lam_W/N and lam_b; the default is the NTK "
    "parametrisation."
)
_SHOWN: Mapping[str, Any] = {"activation": activation("tanh"), "depth": 5, "order": 2}

RESULTS = (
    Result(
        "loops/pairings",
        "Connected diagrams of a product of vertices with their weights, and the number of pairings",
        LOOPS,
        (
            Parameter("degrees", "fields of every vertex", None, structural=True, convert=_degrees),
            Parameter(
                "n",
                "number of components; without it fields have none",
                None,
                None,
                structural=True,
                convert=lambda value: _number("n", value),
            ),
        ),
        ("diagrams", "weights", "total"),
        pairings,
        (
            "Vertices phi^k/k!, or (phi.phi)^(k/2)/k! with components; a weight is pairings over "
            "the product of all k! and of the factorials of the numbers of equal vertices, which "
            "is 1/|Aut| without components. Diagrams are lists of edges between vertices 0, 1, ...",
        ),
        {"degrees": (4, 4), "n": N},
    ),
    Result(
        "loops/wilson-fisher",
        "Exponents of the O(n) quartic action in 4 - epsilon dimensions, to one or two loops",
        LOOPS,
        (
            _COMPONENTS,
            _EPSILON,
            Parameter(
                "order",
                "highest power of epsilon",
                None,
                2,
                structural=True,
                convert=_order(2, "two loops"),
            ),
        ),
        ("nu_inverse", "eta", "omega", "coupling"),
        wilson_fisher,
        (CUT, "The coupling is g*/(16 pi^2) with (g/4!) (phi.phi)^2."),
        {"order": 2},
    ),
    Result(
        "loops/cubic-anisotropy",
        "Fixed points of the quartic action with cubic anisotropy in 4 - epsilon dimensions",
        LOOPS,
        (Parameter("n", LOOPS["n"].meaning, Interval.open(0, oo)), _EPSILON),
        ("u", "v", "eigenvalues", "nu_inverse", "n_c"),
        cubic_anisotropy,
        (
            CUT,
            "The points are, in this order, Ising (decoupled), Heisenberg (isotropic) and cubic.",
            "(u/4!) (phi.phi)^2 + (v/4!) sum phi_i^4 in units 8 pi^2 = 1, to one loop; a point is "
            "stable where both eigenvalues are negative. n_c, where the cubic point takes over from "
            "the Heisenberg point, is of the first order in epsilon (two loops).",
        ),
    ),
    Result(
        "loops/cubic-vertex",
        "Exponents of cubic actions in 6 - epsilon dimensions: Yang-Lee edge, Potts model, "
        "percolation, to one loop",
        LOOPS,
        (
            Parameter("model", "which tensor", ("yang-lee", "potts"), structural=True),
            _EPSILON,
            Parameter("q", LOOPS["q"].meaning + "; percolation is 1", None, 1, convert=_states),
        ),
        ("eta", "nu_inverse", "coupling_squared"),
        cubic_vertex,
        (
            CUT,
            "(g/3!) d_ijk phi_i phi_j phi_k in units S_6/(2 pi)^6 = 1; the Potts tensor is the sum "
            "of the cubes of q vectors whose products are delta - 1/q, Yang-Lee has one component. "
            "A negative square is an imaginary coupling.",
        ),
        {"model": "potts"},
    ),
    Result(
        "loops/multicritical",
        "Fixed point of phi^(2k) below its critical dimension 2k/(k-1), and the dimension of phi^j",
        LOOPS,
        (
            Parameter("k", LOOPS["k"].meaning, Range(2, 21), structural=True),
            Parameter("j", LOOPS["j"].meaning, Range(1, 41), structural=True),
            _EPSILON,
        ),
        ("coupling", "omega", "dimension"),
        multicritical,
        (
            "One component, leading order in epsilon; (coupling/(2k)!) phi^(2k).",
            "Dimensions are those of the operators at the fixed point.",
        ),
        {"k": 3, "j": 4},
    ),
    Result(
        "loops/long-range",
        "Exponents of the O(n) quartic action with a precision |k|^sigma in 2 sigma - epsilon "
        "dimensions",
        LOOPS,
        (_COMPONENTS, Parameter("sigma", LOOPS["sigma"].meaning, Interval.open(0, 2)), _EPSILON),
        ("nu_inverse", "eta"),
        long_range,
        (
            CUT,
            "To one loop; eta = 2 - sigma is exact, as no loop renormalises a power that is not "
            "analytic.",
        ),
    ),
    Result(
        "loops/lattice-phi4",
        "Tadpole, self-energy and four-point vertex of the quartic action on a torus, order by "
        "order in the coupling",
        LOOPS,
        (
            Parameter("lattice", "which lattice", tuple(LATTICES), structural=True),
            Parameter("extents", "cells along every axis", None, structural=True, convert=_extents),
            Parameter("m2", LOOPS["m2"].meaning, Reals),
            Parameter("n", LOOPS["n"].meaning, Reals, 1),
            Parameter(
                "order",
                "highest power of the coupling",
                None,
                2,
                structural=True,
                convert=_order(3, "self-energy and vertex"),
            ),
            Parameter(
                "k",
                "momentum of the self-energy, in units of 2 pi over the extent of each axis",
                None,
                None,
                structural=True,
                convert=_wave,
            ),
        ),
        ("tadpole", "self_energy", "vertex"),
        lattice_phi4,
        (
            "S = (1/2) sum phi (m2 + Laplacian) phi + (g/4!) sum (phi.phi)^2; lists of the "
            "coefficients of g, g^2, ...; the inverse propagator is its quadratic part plus the "
            "self-energy, the vertex is that at zero momenta.",
        ),
        {"lattice": "square", "extents": (2, 2), "order": 3},
    ),
    Result(
        "loops/local-potential",
        "Exponents nu and omega of the O(n) fixed point from the flow of a local potential with a "
        "sharp cutoff",
        LOOPS,
        (
            Parameter("d", LOOPS["d"].meaning, None, convert=_dimension),
            Parameter("n", LOOPS["n"].meaning, Interval(1, oo), 1),
            Parameter(
                "order", "number of couplings that are kept", Range(2, 16), 6, structural=True
            ),
            Parameter(
                "about",
                "where the potential is expanded",
                ("zero", "minimum"),
                "minimum",
                structural=True,
            ),
        ),
        ("nu", "omega", "couplings"),
        local_potential,
        (
            "U(rho) with rho = phi.phi/2, the field in units that absorb S_d/(2 pi)^d; couplings are "
            "the coefficients of rho, rho^2, ... about zero, or the place of the minimum and the "
            "second, third ... derivative there. No derivative of the field but the first is kept, "
            "so eta = 0.",
        ),
        {"order": 6, "about": "minimum"},
    ),
    Result(
        "loops/kernel-cumulants",
        "Mean, variance, third and fourth cumulant of the kernel of a random network of finite "
        "width, order by order in 1/N",
        LOOPS,
        _KERNEL_ORDERS,
        ("mean", "variance", "third", "fourth"),
        kernel_cumulants,
        (WEIGHTS, ORDERS),
        _SHOWN,
    ),
    Result(
        "loops/output-cumulants",
        "Cumulants kappa_4, kappa_6, kappa_8 of one pre-activation of a random network of finite "
        "width, order by order in 1/N",
        LOOPS,
        _KERNEL_ORDERS,
        ("kappa_4", "kappa_6", "kappa_8"),
        output_cumulants,
        (
            WEIGHTS,
            ORDERS.replace("mean: from N^0, variance", "kappa_4")
            .replace("third", "kappa_6")
            .replace("fourth", "kappa_8"),
        ),
        _SHOWN,
    ),
    Result(
        "loops/ntk-cumulants",
        "Tangent kernel of one input: its wide limit T, and its mean and tensors to leading order in "
        "1/N",
        LOOPS,
        _TANGENT,
        ("T", "t1", "D", "F", "A", "B"),
        ntk_cumulants,
        (
            WEIGHTS,
            LEARNING,
            "Lists over layers of coefficients of 1/N, i != j: E Theta_ii = T + t1, Cov(K, Theta_ii) "
            "= D, <z_i z_j Theta_ij> = F, Cov(Theta_ii, Theta_jj) = A, <Theta_ij^2> = B; the "
            "variance of Theta_ii is A + 2B.",
        ),
        {"activation": activation("tanh"), "depth": 3},
    ),
    Result(
        "loops/differential-ntk",
        "Tensors of the first and second differential of the tangent kernel of one input, to leading "
        "order in 1/N",
        LOOPS,
        _TANGENT,
        ("P", "Q", "R", "S", "T4", "U"),
        differential_ntk,
        (
            WEIGHTS,
            LEARNING,
            "Lists over layers of coefficients of 1/N, i != j: <dTheta_ijj z_i> = P, <dTheta_iij z_j> "
            "= Q, ddI_iijj = R, ddII_iijj = S, ddII_ijij = T4, ddII_ijji = U; K, T, F and B step as in "
            "loops/ntk-cumulants.",
        ),
        {"activation": activation("tanh"), "depth": 3},
    ),
    Result(
        "loops/critical-scaling",
        "Kernel of a deep critical network over that of infinite width, at a fixed ratio of depth to "
        "width",
        LOOPS,
        (
            Parameter(
                "kind",
                "way of being critical: every kernel is a fixed point, or the kernel vanishes",
                ("scale-invariant", "vanishing"),
                structural=True,
            ),
            Parameter("tau", LOOPS["tau"].meaning, Interval.open(0, oo)),
            Parameter(
                "growth",
                LOOPS["growth"].meaning + " (linear 2, relu 5); only where every kernel will do",
                Interval.open(0, oo),
                2,
            ),
        ),
        ("mean", "variance", "third"),
        critical_scaling,
        (
            "Depth and width grow without bound at tau = depth/width. Every activation whose kernel "
            "vanishes as 1/l has the same functions of tau.",
        ),
        {"kind": "vanishing"},
    ),
    Result(
        "loops/pair-cumulants",
        "Cumulants of the kernel of two inputs of a random network of finite width in the last "
        "layer, order by order in 1/N",
        LOOPS,
        (
            *_NETWORK[:3],
            Parameter("depth", LOOPS["depth"].meaning, Range(1, DEEPEST_PAIR + 1), structural=True),
            *_PAIR,
            Parameter(
                "order",
                "highest power of 1/N",
                None,
                2,
                structural=True,
                convert=_order(2, "pairs"),
            ),
        ),
        ("mean", "vertex", "third"),
        pair_cumulants,
        (
            WEIGHTS,
            "Entries are aa, ab, bb in this order: mean has one row for each, vertex a matrix of "
            "covariances, third the ten choices aaa ... with repetition, each a list of coefficients "
            "(mean from N^0, vertex from N^-1, third from N^-2).",
        ),
        {"activation": activation("tanh"), "depth": 3, "order": 2},
    ),
    Result(
        "loops/posterior",
        "Bayesian posterior of a random network of finite width on up to three training points, to "
        "the order 1/N",
        LOOPS,
        (
            *_NETWORK[:3],
            Parameter(
                "depth",
                "layer of the outputs: one more than there are hidden layers",
                Range(1, DEEPEST_POSTERIOR + 1),
                2,
                structural=True,
            ),
            Parameter(
                "K1",
                "kernel of the first layer over the training inputs and, last, the test input",
                None,
                structural=True,
                convert=lambda value: _rows("K1", value),
            ),
            Parameter(
                "targets",
                "one target, or a list of one for each output, for every training input",
                None,
                structural=True,
                convert=_targets,
            ),
            Parameter("noise", "variance of the noise of the targets", Interval(0, oo), 0),
        ),
        ("mean", "variance", "log_evidence", "kernel_shift"),
        posterior,
        (
            WEIGHTS,
            "Mean and variance have one row for each output: the limit of infinite width and the "
            "coefficient of 1/N, as has log_evidence; kernel_shift is the coefficient of 1/N of the "
            "mean kernel under the posterior.",
        ),
        {
            "activation": activation("tanh"),
            "depth": 2,
            "K1": ((Rational(1), Rational(3, 5)), (Rational(3, 5), Rational(6, 5))),
            "targets": ((Rational(13, 10),),),
        },
        {"log_evidence": "nats"},
    ),
    Result(
        "loops/smeared-chain",
        "Stationary mean and variance of a stiff chain of neurons along depth, and the eigenvalue of "
        "a layer that is the slope at infinite stiffness, with one or two loops",
        LOOPS,
        (
            _ACTIVATION,
            Parameter("alpha", LOOPS["alpha"].meaning, Interval.open(0, oo)),
            Parameter(
                "order",
                "highest power of 1/(2 alpha)",
                None,
                2,
                structural=True,
                convert=_order(2, "two loops"),
            ),
        ),
        ("mean", "variance", "eigenvalue", "exact"),
        smeared_chain,
        (
            "S = alpha sum (h_{l+1} - f(h_l))^2 about the fixed point f(0) = 0, which must be stable; "
            "mean, variance and eigenvalue are sums of powers of 1/(2 alpha), exact is that "
            "eigenvalue of the whole transfer operator, by a grid.",
        ),
        {"activation": activation("tanh(4*z/5)+tanh(z)**2/10"), "order": 1},
    ),
    Result(
        "loops/pair-tangent",
        "Tangent kernel of two inputs in the last layer: its wide limit T, and its mean and tensors "
        "to leading order in 1/N",
        LOOPS,
        (
            *_NETWORK[:3],
            Parameter("depth", LOOPS["depth"].meaning, Range(1, DEEPEST_PAIR + 1), structural=True),
            *_PAIR,
            *_TANGENT[-3:-1],
            *(
                Parameter(
                    f"T{name}", f"the same of the tangent kernel, by default K{name}", Reals, None
                )
                for name in ("aa", "bb", "ab")
            ),
        ),
        ("T", "t1", "D", "F", "A", "B"),
        pair_tangent,
        (
            WEIGHTS,
            LEARNING,
            "Nested lists over inputs a, b of coefficients of 1/N, i != j: E Theta_ii;ab = T + t1, "
            "Cov(K_ab, Theta_ii;cd) = D, <z_ia z_jb Theta_ij;cd> = F, Cov(Theta_ii;ab, "
            "Theta_jj;cd) = A, <Theta_ij;ab Theta_ij;cd> = B.",
        ),
        {"activation": activation("tanh"), "depth": 3},
    ),
)
