"""Learners that are networks, with the interface of their tabular twins."""
