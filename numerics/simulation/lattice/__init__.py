"""Witnesses of lattice models: enumeration, chains, clusters."""
