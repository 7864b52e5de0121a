"""Claims on layers of the Ising chain."""
