"""Regret of a mediator, and distance between two mediators under deviations."""
