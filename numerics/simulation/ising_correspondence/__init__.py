"""Witnesses of layers of the Ising chain."""
