"""Claims on dynamic neurons."""
