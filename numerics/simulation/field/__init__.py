"""Free fields on lattices."""
