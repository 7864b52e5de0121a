"""Claims on active paths."""
