"""Complexity and effective dimension of random networks."""
