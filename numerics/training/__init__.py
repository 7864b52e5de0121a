"""Whether depth acts as a renormalization: verdicts on measured flows, and the pipeline from ±1 samples to one."""

from numerics.training.experiment import Experiment, LayerReport, analyse
from numerics.training.verdict import FlowVerdict, Outcome, coupling_law, judge

__all__ = ["Experiment", "FlowVerdict", "LayerReport", "Outcome", "analyse", "coupling_law", "judge"]
