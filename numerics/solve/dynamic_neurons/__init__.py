"""Transfer operators of dynamic neurons."""
