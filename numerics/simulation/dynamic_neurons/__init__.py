"""Witnesses of dynamic neurons."""
