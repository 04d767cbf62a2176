"""Networks that imitate."""
