"""Claims on random networks as field theory."""
