"""Regret in Markov games: what players gain by deviating from a mediator."""
