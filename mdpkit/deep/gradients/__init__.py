"""Gradients of claims, by which the hunt for worst cases climbs."""
