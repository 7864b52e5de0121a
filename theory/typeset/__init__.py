"""How objects show themselves: formulas, derivations and their LaTeX."""
