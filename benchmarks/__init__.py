"""Side-by-side runs against what a user would pick instead; each prints a table of ratios."""
