"""Loop expansions."""
