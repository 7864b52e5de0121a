"""Complexity of random networks: state entropies and effective dimensions as answers."""

from neurenorm.numerics.evaluate.complexity import effective_dimension, state_entropy

__all__ = ["effective_dimension", "state_entropy"]
