"""Convergence of planning in a known model."""
