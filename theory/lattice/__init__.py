"""Lattice models as a subject: their results."""
