"""Avoid tubes, avoid probabilities, discounted safety, and what safe experts demonstrate."""
