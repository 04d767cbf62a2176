"""Imitation of a mediator that recommends joint actions to the players of a Markov game."""
