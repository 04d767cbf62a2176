"""Games with a restricted class of mediators, between which the objectives of multi-agent imitation choose."""

import numpy as np

from ...base.arrays import objects, rational
from ...model import Finite, JointPolicy, MarkovGame
from ..catalogue import Exact, named_instance
from ..instance import Instance
from .games import fork

RARE = 2


@named_instance
def two_mediators(H: int = 20, b: Exact = "1/10", everywhere: Exact = "1/5", rare: Exact = 1) -> Instance:
    """A fork and a class of two mediators: one errs seldom everywhere, the other often, but in the rare branch alone.

    The error a_2 = 1 pays the first player in the rare branch, which the expert visits with probability b, and a
    deviating player for certain. On the expert's states the second mediator errs less, so that cloning prefers it; on
    the states of a deviation the first does, so that MALICE and BLADES prefer that.

    Args:
        H: horizon.
        b: probability with which the expert visits the rare branch.
        everywhere: probability of an error of the first mediator, at each step and state.
        rare: probability of an error of the second mediator in the rare branch, at each step.

    Returns: `game`, `expert`, `members[k,s,j]`, `b`, `everywhere` and `rare`.
    Source: adapted from Tang, Swamy, Fang and Wu, 2024.

    >>> two_mediators(20).members[:, RARE]
    array([[4/5, 1/5, 0, 0],
           [0, 1, 0, 0]], dtype=object)
    """
    m, everywhere, rare = fork(H, b), rational(everywhere), rational(rare)
    often, seldom = objects([1 - rare, rare, 0, 0]), objects([1 - everywhere, everywhere, 0, 0])
    members = np.stack([np.stack([seldom] * 3), m.expert.table])
    members[1, RARE] = often
    return Instance(game=m.game, expert=m.expert, members=members, b=rational(b), everywhere=everywhere, rare=rare)


def draw_games(count: int, seed: int, members: int = 1) -> list[Instance]:
    """Rational games of two players with two actions, two or three states and steps; many probabilities are 0.

    Args: count: how many. seed: of numpy's generator. members: size of the class of mediators.

    Returns: instances with `game`, `expert`, `learner`, the first member of the class, and `members[k,t,s,j]`.

    >>> [m.game.sizes() for m in draw_games(1, 0)]
    [{'H': 3, 'I': 2, 'S': 3, 'J': 4, 'A': 2, 'B': 2}]
    """
    rng, found = np.random.default_rng(seed), []

    def laws(*shape):
        weights = objects(rng.integers(0, 3, shape) * rng.integers(0, 2, shape))
        weights[weights.sum(axis=-1) == 0] += 1
        return weights / weights.sum(axis=-1, keepdims=True)

    for _ in range(count):
        H, S = int(rng.integers(2, 4)), int(rng.integers(2, 4))
        paid = objects(rng.integers(-4, 5, (2, S, 4))) / 4
        game = MarkovGame(laws(S, 4, S), paid, laws(S), horizon=Finite(H), actions=(2, 2))
        tables = laws(members, H, S, 4)
        expert, learner = JointPolicy(laws(H, S, 4)), JointPolicy(tables[0])
        found.append(Instance(game=game, expert=expert, learner=learner, members=tables))
    return found


def draw_partly_covered_games() -> list[Instance]:
    """Seven of the drawn games: the mediators differ at states that deviators reach, some of them never demonstrated.

    The loss of MALICE is positive, and less than that of BLADES, in each.

    >>> [m.game.horizon.H for m in draw_partly_covered_games()]
    [2, 3, 2, 2, 3, 2, 3]
    """
    games = draw_games(85, 3)
    return [games[k] for k in (25, 31, 39, 48, 62, 70, 84)]
