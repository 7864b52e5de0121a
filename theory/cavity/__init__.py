"""Cavity equations of a factor graph."""
