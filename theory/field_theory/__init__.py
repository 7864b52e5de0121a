"""Random networks as field theory."""
