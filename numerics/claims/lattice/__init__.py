"""Claims on lattice models."""
