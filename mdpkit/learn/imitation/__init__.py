"""Imitation learning algorithms, one per file."""
