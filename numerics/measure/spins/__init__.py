"""Whether depth acts as a renormalization: verdicts on measured flows, and the pipeline from ±1
samples to one.
"""

from neurenorm.numerics.measure.spins.experiment import Experiment, LayerReport, analyse
from neurenorm.numerics.measure.spins.verdict import FlowVerdict, Outcome, coupling_law, judge

__all__ = [
    "Experiment",
    "FlowVerdict",
    "LayerReport",
    "Outcome",
    "analyse",
    "coupling_law",
    "judge",
]
