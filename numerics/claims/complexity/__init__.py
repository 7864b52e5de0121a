"""Claims on complexity and effective dimension."""
