"""Cumulants on a Gaussian background: pairings, diagrams, moments and truncated moments."""

from neurenorm.theory.cumulants.diagrams import Diagram, diagrams
from neurenorm.theory.cumulants.moments import cumulants_from_moments, moments_from_cumulants
from neurenorm.theory.cumulants.pairings import pairings, scalar_vertex, total, vector_vertex
from neurenorm.theory.cumulants.pictures import Drawn, picture, svg, tikz
from neurenorm.theory.cumulants.ring import Truncated, TruncatedRing

__all__ = [
    "Diagram",
    "Drawn",
    "Truncated",
    "TruncatedRing",
    "cumulants_from_moments",
    "diagrams",
    "moments_from_cumulants",
    "pairings",
    "picture",
    "scalar_vertex",
    "svg",
    "tikz",
    "total",
    "vector_vertex",
]
