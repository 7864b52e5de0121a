"""Witnesses of complexity."""
