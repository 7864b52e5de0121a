"""Observables of arrays of one's own, without any theory: entropies of states, dimensions of
representations, couplings of outputs, power laws.

Nothing is loaded until it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from neurenorm.doors import lazy

if TYPE_CHECKING:
    from neurenorm.numerics.observables.chain_rule import chain_rule_entropy as chain_rule_entropy
    from neurenorm.numerics.observables.chain_rule import total_correlation as total_correlation
    from neurenorm.numerics.observables.channels import pooled_complexity as pooled_complexity
    from neurenorm.numerics.observables.couplings import OutputCouplings as OutputCouplings
    from neurenorm.numerics.observables.couplings import couplings_of_law as couplings_of_law
    from neurenorm.numerics.observables.couplings import estimate_couplings as estimate_couplings
    from neurenorm.numerics.observables.couplings import walsh_couplings as walsh_couplings
    from neurenorm.numerics.observables.dimension import Dimensions as Dimensions
    from neurenorm.numerics.observables.dimension import covariance_spectrum as covariance_spectrum
    from neurenorm.numerics.observables.dimension import effective_dimension as effective_dimension
    from neurenorm.numerics.observables.dimension import participation_ratio as participation_ratio
    from neurenorm.numerics.observables.dimension import renyi_dimension as renyi_dimension
    from neurenorm.numerics.observables.dimension import (
        representation_dimension as representation_dimension,
    )
    from neurenorm.numerics.observables.entropy import EntropyEstimate as EntropyEstimate
    from neurenorm.numerics.observables.entropy import LayerComplexity as LayerComplexity
    from neurenorm.numerics.observables.entropy import joint_entropy as joint_entropy
    from neurenorm.numerics.observables.entropy import layer_complexity as layer_complexity
    from neurenorm.numerics.observables.output_symmetry import GaugeInvariants as GaugeInvariants
    from neurenorm.numerics.observables.output_symmetry import fix_gauge as fix_gauge
    from neurenorm.numerics.observables.output_symmetry import gauge_invariants as gauge_invariants
    from neurenorm.numerics.observables.power_law import PowerLaw as PowerLaw
    from neurenorm.numerics.observables.power_law import power_law as power_law
    from neurenorm.numerics.observables.states import PackedStates as PackedStates

_PLACES = {
    "chain_rule": ("chain_rule_entropy", "total_correlation"),
    "channels": ("pooled_complexity",),
    "couplings": ("OutputCouplings", "couplings_of_law", "estimate_couplings", "walsh_couplings"),
    "dimension": (
        "Dimensions",
        "covariance_spectrum",
        "effective_dimension",
        "participation_ratio",
        "renyi_dimension",
        "representation_dimension",
    ),
    "entropy": ("EntropyEstimate", "LayerComplexity", "joint_entropy", "layer_complexity"),
    "output_symmetry": ("GaugeInvariants", "fix_gauge", "gauge_invariants"),
    "power_law": ("PowerLaw", "power_law"),
    "states": ("PackedStates",),
}

__all__ = sorted(name for names in _PLACES.values() for name in names)
__getattr__, __dir__ = lazy(__name__, _PLACES)
