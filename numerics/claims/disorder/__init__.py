"""Random couplings on hierarchical lattices."""
