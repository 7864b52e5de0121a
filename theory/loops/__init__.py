"""Loop expansions: lattice fields with a quartic action, exponents, and networks at finite width."""
