"""The claims, one module per paper; each names its own in ``CLAIMS``."""
