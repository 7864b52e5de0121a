"""How compiled code is written for each kind of number: doubles in NumPy or C, mpmath, balls."""
