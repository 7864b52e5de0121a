"""Witnesses of active paths."""
