"""Solvers that prove what they return: flows, fixed points and roots, in ball arithmetic."""

from numerics.solve.fixed_points import FixedPointSearch, fixed_points, refine
from numerics.solve.flow import FreeEnergy, free_energy, trajectory
from numerics.solve.inputs import ball, proved_digits
from numerics.solve.intervals import Isolation, NotCertified, Root, System, isolate, krawczyk, polish
from numerics.solve.roots import certified_root, real_roots

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
