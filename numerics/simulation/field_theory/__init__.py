"""Witnesses of random networks: explicit layers, sampled."""
