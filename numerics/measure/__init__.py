"""What a user's own networks and samples show, beside the theory."""
