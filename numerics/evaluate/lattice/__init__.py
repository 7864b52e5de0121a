"""Lattices: hierarchical ones in the weights of a bond, and plane ones."""

from neurenorm.numerics.evaluate.lattice import hierarchical, plane

__all__ = ["hierarchical", "plane"]
