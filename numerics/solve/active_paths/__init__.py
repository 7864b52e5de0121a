"""Density evolution, populations, thresholds and phase diagrams of active paths."""
