"""Explicit finite networks for layer graphs."""
