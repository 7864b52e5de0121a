"""Arrays in, numbers out: entropies, dimensions and couplings of states, without theory."""
