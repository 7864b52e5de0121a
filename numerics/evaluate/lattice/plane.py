"""The Ising model on plane lattices: the determinant of Kac and Ward, and tensors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from flint import arb

from neurenorm.graphs.lattices import square
from neurenorm.numerics.balls import enclosure, precision
from neurenorm.numerics.evaluate.core import Answer, answer, refuse_digits
from neurenorm.numerics.solve.planar_ising import KacWard
from neurenorm.numerics.solve.roots import real_roots
from neurenorm.numerics.solve.tensors import ising_tensor, tensor_flow
from neurenorm.theory.lattice.planar import PlanarIsing, T
from neurenorm.theory.lattice.tensor import TensorNetwork

STRONGEST = 8.0
DOUBLE = 17
CRITICAL = math.log(1 + math.sqrt(2)) / 2


@answer.register
def of_planar(problem: PlanarIsing, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    refuse_digits(digits, "ln Z of a plane lattice", "a mean over meshes in doubles")
    critical = _critical(problem)
    given = critical if numbers["K"] is None else numbers["K"]
    if given is None:
        raise ValueError("this graph has no critical coupling K > 0: give K")
    K = float(given)
    if abs(K) > STRONGEST:
        raise ValueError(f"|K| is at most {STRONGEST:g} here, got {K:g}")
    lattice = KacWard(problem.graph)
    log_z, energy = lattice.log_partition(K), lattice.energy(K)
    values: dict[str, Any] = {"lnZ": log_z[0], "energy": energy[0], "K_c": None}
    errors: dict[str, Any] = {"lnZ": log_z[1], "energy": energy[1]}
    if critical is not None:
        values["K_c"], errors["K_c"] = enclosure(critical, None)
    return Answer("numeric", values, errors)


def _critical(problem: PlanarIsing) -> arb | None:
    """K_c = artanh of the smallest root of r(t) between 0 and 1."""
    roots = real_roots(problem.polynomial, T, (0, 1), digits=DOUBLE + 5)
    with precision(128):
        inside = [root.atanh() for root, _ in roots if root > 0 and root < 1]
    return inside[0] if inside else None


@answer.register
def of_tensors(problem: TensorNetwork, numbers: Mapping[str, Any], digits: int | None) -> Answer:
    refuse_digits(digits, "a flow of tensors", "cut off at chi states")
    K = CRITICAL if numbers["K"] is None else float(numbers["K"])
    if K > STRONGEST:
        raise ValueError(f"K is at most {STRONGEST:g} here, got {K:g}")
    tensor = ising_tensor(K)
    flow, rougher = (
        tensor_flow(tensor, chi, problem.steps, method=problem.method)
        for chi in (problem.chi, max(2, problem.chi - 4))
    )
    bulk, error = KacWard(square()).log_partition(K)
    values = {
        "lnZ": flow.log_partition[-1],
        "Delta": [float(x) + 0.0 for x in flow.dimensions[-1]],
        "c": float(flow.central_charge(bulk)[-1]),
    }
    cut = abs(flow.log_partition[-1] - rougher.log_partition[-1])
    sites = flow.sites[-1] / flow.aspects[-1]
    return Answer(
        "numeric",
        values,
        {"lnZ": cut + 1e-14, "c": 6 / math.pi * sites * (cut + error)},
        reason=(
            "errors are the change from chi - 4 states; dimensions and c mean something where they "
            "stay the same for some steps"
        ),
    )
