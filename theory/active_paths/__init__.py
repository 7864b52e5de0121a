"""Active paths of random networks."""
