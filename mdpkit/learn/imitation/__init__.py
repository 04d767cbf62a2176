"""Learners that imitate an expert, one algorithm a file."""
