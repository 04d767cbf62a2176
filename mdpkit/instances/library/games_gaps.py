"""Games that attain bounds on value and regret gaps."""

import numpy as np

from ...base.arrays import objects, rational
from ...model import Finite, JointPolicy, MarkovGame
from ..catalogue import Exact
from ..instance import Instance


def joint_lanes(H: int = 3, slip: Exact = 1) -> Instance:
    """H lanes, each started with probability 1/H; any action but 0 leaves it for an absorbing state.

    A player is paid 1 on a lane if it plays 0. The expert recommends (0, 0); on lane k the learner lets the first
    player slip, with probability `slip`, at step k alone. The cloning error is slip/H at every step.

    Args:
        H: horizon and number of lanes.
        slip: probability of the first player's mistake, at one step of each lane.

    Returns: `game`, `expert`, `learner` and `slip`.
    """
    slip, fallen, stay = rational(slip), H, np.arange(H)
    P, r = np.zeros((H + 1, 4, H + 1), dtype=int), np.zeros((2, H + 1, 4), dtype=int)
    P[:, :, fallen] = 1
    P[stay, 0] = np.eye(H + 1, dtype=int)[:H]
    r[0, :H, :2] = r[1, :H, [0, 2]] = 1
    game = MarkovGame(objects(P), objects(r), objects([1] * H + [0]) / H, horizon=Finite(H), actions=(2, 2))
    learner = np.zeros((H, H + 1, 4), dtype=int)
    learner[:, :, 0] = 1
    learner = objects(learner)
    learner[stay, stay] = objects([1 - slip, 0, slip, 0])
    expert = JointPolicy(objects([[1, 0, 0, 0]] * (H + 1)))
    return Instance(game=game, expert=expert, learner=JointPolicy(learner), slip=slip)
