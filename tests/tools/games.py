"""Random rational games and mediators."""

import numpy as np

from mdpkit import Finite, JointPolicy, MarkovGame, objects


def draw_laws(generator, *shape):
    """Distributions over the last axis, some of them with zeros; the first entry is positive."""
    weights = objects(generator.integers(0, 4, shape) + (np.arange(shape[-1]) == 0))
    return weights / weights.sum(axis=-1, keepdims=True)


def draw_game(seed, H=2, S=2, actions=(2, 2), varying=False):
    """A random rational game and two mediators."""
    generator, J = np.random.default_rng(seed), int(np.prod(actions))
    paid = objects(generator.integers(-4, 5, (len(actions), S, J))) / 4
    P = draw_laws(generator, *((H,) if varying else ()), S, J, S)
    game = MarkovGame(P, paid, draw_laws(generator, S), horizon=Finite(H), actions=actions)
    return game, *(JointPolicy(draw_laws(generator, H, S, J)) for _ in range(2))
