"""Results on random active paths: the paramagnet, the polarised branch, thresholds, critical
removal, zero temperature, single instances.
"""

from __future__ import annotations

from typing import Any

from sympy import Interval, Reals, oo
from sympy.core.numbers import Number

from neurenorm.theory.active_paths.couplings import SIZES, coupling_sizes
from neurenorm.theory.active_paths.ensemble import (
    DISORDERS,
    PROTOCOLS,
    CriticalRemoval,
    PathEnsemble,
    PolarisedBranch,
    Thresholds,
    critical_removal,
    layer_symbols,
    layered_removal,
    paramagnet,
    path_ensemble,
)
from neurenorm.theory.active_paths.zero_temperature import (
    FrozenLayers,
    FrozenPaths,
    FrozenRemoval,
    frozen_layers,
    frozen_paths,
)
from neurenorm.theory.algebra.reading import expression_of
from neurenorm.theory.catalogue.problems import Formula
from neurenorm.theory.catalogue.result import Parameter, Result
from neurenorm.theory.cavity.messages import LARGEST_P, BetheOf, cavity_equations
from neurenorm.theory.symbols import symbols

__all__ = ["RESULTS"]

PATHS = symbols("active-paths")
LARGEST_WEIGHT = 999_999
ENERGY = (
    "Energy H = - sum over paths of J times the product of the path's weights ±1; Gibbs weight "
    "exp(-H/T); J = ±1 unless couplings=gauss."
)
PER_WEIGHT = (
    "Values are per remaining weight; c is the mean number of paths per remaining weight, alpha = "
    "c/p paths per weight; ln Z and entropies in nats."
)
PLANTED = (
    "Paths drawn uniformly (degrees Poisson in the wide limit); the planted couplings, whose free "
    "energy and thresholds are those of the random signs with "
    "one step of replica-symmetry breaking at Parisi parameter 1: glassy states exist for c > c_d, "
    "the glass transition is at c_K."
)


def temperature(value: Any) -> Any:
    """Return a positive temperature, or point to the form that T = 0 has."""
    if isinstance(value, Number) and value == 0:
        raise ValueError(
            "T = 0 has its own closed form: use active-paths/zero-temperature (with c0 for a "
            "removal)"
        )
    if not isinstance(value, Number) or not value.is_finite or value < 0:
        raise ValueError(f"T (temperature) must be a positive finite number, got {value!s}")
    return value


def path_length(value: Any) -> int:
    """Return the number of weights per path."""
    if not isinstance(value, Number) or not value.is_Integer or not 2 <= value <= LARGEST_P:
        raise ValueError(
            f"p (weights per path) must be an integer of at least 2 and at most {LARGEST_P}, got "
            f"{value!s}"
        )
    return int(value)


def given_weights(value: Any) -> tuple[tuple[int, ...], ...]:
    """Return paths as tuples of weight numbers, each weight at most once per path."""
    if not isinstance(value, list) or not value or not all(isinstance(row, list) for row in value):
        raise ValueError(
            "paths must be a list of lists of weight numbers, such as [[0,1,2],[2,3,4]], got "
            f"{value!s}"
        )
    if any(
        not isinstance(i, Number) or not i.is_Integer or not 0 <= i <= LARGEST_WEIGHT
        for row in value
        for i in row
    ):
        raise ValueError(f"weights are numbered by integers from 0 to at most {LARGEST_WEIGHT}")
    rows = tuple(tuple(int(i) for i in row) for row in value)
    if len({len(row) for row in rows}) != 1 or not 2 <= len(rows[0]) <= LARGEST_P:
        raise ValueError(
            f"all paths must have the same number of weights, between 2 and {LARGEST_P}"
        )
    for row in rows:
        if len(set(row)) != len(row):
            raise ValueError(f"the path {list(row)} uses one weight twice; its weights must differ")
    return rows


def numbers(value: Any) -> Any:
    """Return a list of real numbers, or one number for all."""
    entries = value if isinstance(value, list) else [value]
    if not all(isinstance(entry, Number) and entry.is_finite for entry in entries):
        raise ValueError(f"give a number or a list of finite numbers, got {value!s}")
    return value


def positive_degrees(value: Any) -> tuple[Any, ...]:
    """Return one positive degree for each layer."""
    if (
        not isinstance(value, list)
        or len(value) < 2
        or not all(isinstance(c, Number) and c.is_finite and c > 0 for c in value)
    ):
        raise ValueError(
            "degrees must be a list of at least two positive numbers, one for each layer, got "
            f"{value!s}"
        )
    return tuple(map(expression_of, value))


def ensemble_of(p: int, couplings: str, disorder: str) -> PathEnsemble:
    """Return the ensemble that the options name."""
    return path_ensemble(p, disorder, sizes=coupling_sizes(couplings))


def planted_branch(
    p: int = 3, couplings: str = "signs", disorder: str = "planted"
) -> PolarisedBranch:
    """State the polarised branch."""
    return PolarisedBranch(ensemble_of(p, couplings, disorder))


def branch_thresholds(
    p: int = 3, couplings: str = "signs", disorder: str = "planted"
) -> Thresholds:
    """State the end of the polarised branch and its crossing with the paramagnet."""
    return Thresholds(ensemble_of(p, couplings, disorder))


def removal(
    p: int = 3, protocol: str = "weights", couplings: str = "signs", disorder: str = "planted"
) -> CriticalRemoval:
    """State which removed fraction brings the degree to the thresholds."""
    return critical_removal(p, protocol, ensemble_of(p, couplings, disorder))


def zero_temperature(
    p: int | None = None,
    degrees: tuple[Any, ...] | None = None,
    c0: Any = None,
    protocol: str = "weights",
    removed: tuple[Any, ...] | None = None,
) -> FrozenPaths | FrozenLayers | FrozenRemoval:
    """State the frozen phase at zero temperature, for uniform paths or layer by layer, and a
    removal that leads out of it.
    """
    if (p is not None and degrees is not None) or (p is None and degrees is None):
        raise ValueError("give either p or the degrees of the layers, such as degrees=[2,3,6]")
    if p is None:
        if c0 is not None:
            raise ValueError(
                "c0 is the degree of all layers before a removal and goes with p; the degrees of "
                "layers go with removed=[0.1,0.2,0.3]"
            )
        return frozen_layers(_after_removal(degrees or (), removed))
    if removed is not None:
        raise ValueError("removed holds a fraction for each layer and goes with degrees=[2,3,6]")
    return (
        frozen_paths(p)
        if c0 is None
        else FrozenRemoval(frozen_paths(p), critical_removal(p, protocol).removal, c0)
    )


def _after_removal(degrees: tuple[Any, ...], removed: tuple[Any, ...] | None) -> tuple[Any, ...]:
    """The degrees after the removal of a fraction of each layer."""
    if removed is None:
        return degrees
    if len(removed) != len(degrees):
        raise ValueError(
            f"removed holds a fraction for each of the {len(degrees)} layers, got {len(removed)}"
        )
    at = dict(
        zip(
            (*layer_symbols(len(degrees))[0], *layer_symbols(len(degrees))[1]),
            (*degrees, *removed),
            strict=True,
        )
    )
    return tuple(expression.subs(at) for expression in layered_removal(len(degrees)))


def removed_fractions(value: Any) -> tuple[Any, ...]:
    """Return one fraction from 0 to below 1 for each layer."""
    if not isinstance(value, list) or not all(
        isinstance(rho, Number) and 0 <= rho < 1 for rho in value
    ):
        raise ValueError(
            "removed must be a list of fractions from 0 to below 1, one for each layer, got "
            f"{value!s}"
        )
    return tuple(map(expression_of, value))


def positive_degree(value: Any) -> Any:
    """Return a positive degree."""
    if not (isinstance(value, Number) and value.is_finite and value > 0):
        raise ValueError(
            f"c0 (mean degree before the removal) must be a positive number, got {value!s}"
        )
    return expression_of(value)


def bethe(paths: tuple[tuple[int, ...], ...]) -> BetheOf:
    """State the Bethe approximation of one instance."""
    return BetheOf(cavity_equations(len(paths[0])), paths)


def closed_paramagnet(p: int = 3, couplings: str = "signs") -> Formula:
    """Derive the paramagnet."""
    return paramagnet(p, coupling_sizes(couplings))


_P = Parameter("p", PATHS["p"].meaning, structural=True, convert=path_length)
_T = Parameter("T", PATHS["T"].meaning, convert=temperature)
_C = Parameter("c", PATHS["c"].meaning, Interval(0, oo))
_COUPLINGS = Parameter(
    "couplings",
    "sizes of the couplings: signs ±1, or standard normal numbers (gauss)",
    SIZES,
    "signs",
    structural=True,
)
_DISORDER = Parameter(
    "disorder",
    "signs of the couplings: planted (also the glass at Parisi parameter 1), glass (fair, "
    "replica-symmetric), ferro (input-tied)",
    DISORDERS,
    "planted",
    structural=True,
)

RESULTS = (
    Result(
        "active-paths/paramagnet",
        "The paramagnet of random active paths, and the degree at which its entropy would turn "
        "negative",
        PATHS,
        (_P, _T, _C, _COUPLINGS),
        ("phi", "energy", "entropy", "c_s0"),
        closed_paramagnet,
        (ENERGY, PER_WEIGHT),
        {"p": 3},
        units={"phi": "nats", "entropy": "nats"},
    ),
    Result(
        "active-paths/planted",
        "The polarised (glassy) branch: overlap, energy, and free energy above the paramagnet",
        PATHS,
        (_P, _T, _C, _COUPLINGS, _DISORDER),
        ("q", "energy", "gap"),
        planted_branch,
        (ENERGY, PER_WEIGHT, PLANTED),
        {"p": 3},
        units={"gap": "nats"},
    ),
    Result(
        "active-paths/thresholds",
        "Dynamic and thermodynamic glass transition in the mean degree, with the overlaps there",
        PATHS,
        (_P, _T, _COUPLINGS, _DISORDER),
        ("c_d", "q_d", "c_K", "q_K"),
        branch_thresholds,
        (ENERGY, PER_WEIGHT, PLANTED),
        {"p": 3},
    ),
    Result(
        "active-paths/critical-removal",
        "Removed fraction of connections at which the glass melts (rho_K) and at which its last "
        "metastable states vanish (rho_d)",
        PATHS,
        (
            _P,
            _T,
            Parameter("c0", PATHS["c0"].meaning, Interval.open(0, oo)),
            Parameter(
                "protocol",
                "remove single weights, or whole paths",
                PROTOCOLS,
                "weights",
                structural=True,
            ),
            _COUPLINGS,
            _DISORDER,
        ),
        ("rho_K", "rho_d"),
        removal,
        (ENERGY, PER_WEIGHT, PLANTED),
        {"p": 3},
    ),
    Result(
        "active-paths/zero-temperature",
        "Zero temperature: where frozen weights appear (c_d) and where the last exact solution "
        "goes (c_s)",
        PATHS,
        (
            Parameter("p", PATHS["p"].meaning, None, None, structural=True, convert=path_length),
            Parameter(
                "degrees",
                "mean degree of each layer; thresholds are those of all degrees times one common "
                "factor, and x the frozen fractions at the given degrees",
                None,
                None,
                structural=True,
                convert=positive_degrees,
            ),
            Parameter(
                "c0",
                "with p: mean degree before a removal, for rho_K and rho_d",
                None,
                None,
                structural=True,
                convert=positive_degree,
            ),
            Parameter(
                "protocol",
                "with c0: remove single weights, or whole paths",
                PROTOCOLS,
                "weights",
                structural=True,
            ),
            Parameter(
                "removed",
                "with degrees: removed fraction of each layer",
                None,
                None,
                structural=True,
                convert=removed_fractions,
            ),
        ),
        ("c_d", "x_d", "c_s", "x_s", "rho_K", "rho_d", "x"),
        zero_temperature,
        (
            ENERGY,
            PER_WEIGHT,
            "x is the fraction of frozen weights; with degrees, all values are lists over the "
            "layers and x is that of the given degrees.",
        ),
        {"p": 3},
    ),
    Result(
        "active-paths/bethe",
        "Belief propagation on one instance, and its exact partition sum where its weights can be "
        "summed out",
        PATHS,
        (
            Parameter(
                "paths", "the weights of each path", None, structural=True, convert=given_weights
            ),
            Parameter("J", "coupling of each path, or one for all", None, 1, convert=numbers),
            Parameter(
                "theta",
                "field on each weight in units of the temperature, or one for all",
                None,
                0,
                convert=numbers,
            ),
            Parameter("beta", PATHS["beta"].meaning, Reals.intersect(Interval.open(0, oo))),
        ),
        ("log_z", "energy", "magnetizations", "exact_log_z"),
        bethe,
        (
            ENERGY,
            "ln Z in nats of the whole instance; fields are not multiplied by beta; the energy is "
            "that of the paths alone.",
        ),
        {"paths": ((0, 1, 2), (2, 3, 4))},
        units={"log_z": "nats", "exact_log_z": "nats"},
    ),
)
