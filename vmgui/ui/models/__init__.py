"""Qt models over the inventory."""
