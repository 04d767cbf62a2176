"""Wrong measures that controls of several claims substitute for right ones: `Control(sabotages=measure, by=fault)`.

Each takes the measure and its arguments.
"""

import numpy as np

from ..base.interval import stack


def exchange_states(occupancy, problem, policy):
    """The occupancy with the order of the states reversed; two states are exchanged."""
    return occupancy(problem, policy)[:, ::-1]


def delay_by_a_step(occupancy, problem, policy):
    """The occupancy of the step before; at the first step its own."""
    d = occupancy(problem, policy)
    return d[np.maximum(np.arange(len(d)) - 1, 0)]


def forbid_deviations(regret, game, joint, deviations="swap"):
    """Regret 0, as if no player could deviate."""
    return regret(game, joint, deviations) * 0


def ignore_recommendations(regret, game, joint, deviations="swap"):
    """Coarse regret in place of swap regret: a deviation that does not depend on the recommendation."""
    return regret(game, joint, "coarse" if deviations == "swap" else deviations)


def recoverability_without_deviations(recoverability, game, expert):
    """u_0: the widest range of any player's action values when no player deviates."""
    return stack([recoverability(game.player(i), expert) for i in range(game.players)]).max()


def look_one_step_ahead(tube, problem, steps=None):
    """The states that fail within one step in place of the tube."""
    return tube(problem, steps=1)
