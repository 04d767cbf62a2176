"""Safety constraints that are learned from demonstrations, and policies that keep them."""
