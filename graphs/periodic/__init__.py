"""Periodic graphs: vertices and edges with integer offsets, in one canonical form."""
