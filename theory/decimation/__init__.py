"""Decimation of any finite-alphabet model on any graph."""
