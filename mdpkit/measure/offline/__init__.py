"""Concentrability, pessimistic values, and confidence from samples."""
