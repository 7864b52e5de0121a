"""Layers as block maps of the Ising chain."""
