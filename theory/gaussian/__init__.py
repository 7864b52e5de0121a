"""Averages over normal variables, exactly, and the activations they are taken of."""
