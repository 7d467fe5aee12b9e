"""Parts that draw."""
