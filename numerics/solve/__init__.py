"""Solvers that prove what they return: flows, fixed points and roots, in ball arithmetic."""

from neurenorm.numerics.balls import proved_digits
from neurenorm.numerics.solve.fixed_points import FixedPointSearch, fixed_points, refine
from neurenorm.numerics.solve.flow import FreeEnergy, free_energy, trajectory
from neurenorm.numerics.solve.inputs import ball
from neurenorm.numerics.solve.intervals import (
    Isolation,
    NotCertified,
    Root,
    System,
    isolate,
    krawczyk,
    polish,
)
from neurenorm.numerics.solve.roots import certified_root, real_roots

__all__ = [
    "FixedPointSearch",
    "FreeEnergy",
    "Isolation",
    "NotCertified",
    "Root",
    "System",
    "ball",
    "certified_root",
    "fixed_points",
    "free_energy",
    "isolate",
    "krawczyk",
    "polish",
    "proved_digits",
    "real_roots",
    "refine",
    "trajectory",
]
