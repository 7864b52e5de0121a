"""Recursions: steps of scale that compose, linearise and change variables."""
