"""Concentrability coefficients, pessimistic values, and confidence intervals from samples."""
