"""Conditional moment restrictions as games."""
