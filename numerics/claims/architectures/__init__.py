"""Claims on layer graphs of any architecture."""
