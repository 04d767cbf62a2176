"""Regret of a mediator, and how far two mediators differ under deviations."""
