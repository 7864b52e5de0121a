"""Folding: the translations of a finite graph and the periodic graph that they leave."""
