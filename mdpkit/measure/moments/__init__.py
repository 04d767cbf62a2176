"""Temporal differences, conditional moment games, projections and ill-posedness."""
