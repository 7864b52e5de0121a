"""Fixed points, lengths and phase diagrams of random networks."""
