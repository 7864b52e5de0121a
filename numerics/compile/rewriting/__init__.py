"""What an expression is turned into before code is written: the same value, without cancellation."""
