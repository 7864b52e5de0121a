"""Kernels of layer graphs as numbers."""
