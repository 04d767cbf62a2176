"""Avoid tubes, avoid probabilities, discounted safety values, and demonstrations of safe experts."""
