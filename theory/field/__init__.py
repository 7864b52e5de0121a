"""Gaussian fields on periodic graphs: symbol, modes and propagator."""
