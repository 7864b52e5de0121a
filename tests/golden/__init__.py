"""What `evaluate` answers at a list of points, recorded, so that no answer changes unnoticed."""
