"""Values and regret of a mediator in floats, with rigorous bounds."""

from itertools import pairwise

import numpy as np

from ..base.arrays import exactly
from ..base.interval import Interval, stack
from ..base.lifting import enclose, law
from ..exact import stage
from ..exact.equilibrium_certificate import EquilibriumCertificate
from ..model.expectation import expected_next
from ..model.mdp import stepwise
from .solution import Solution, Status


def assemble(game, method, policy, concept, tol):
    """The Solution of a float policy: enclosed values, and a certificate whose slack bounds the regret."""
    floating = game.to_float() if game.exact else game
    value, slack = enclose_play(floating, policy, concept)
    certificate = EquilibriumCertificate(game, policy, concept, exactly(slack)[()])
    if not np.isfinite([value.width, slack]).all():
        status = Status.NONFINITE
    else:
        status = Status.SOLVED if max(value.width, slack) <= tol else Status.FLOOR_REACHED
    return Solution(game, method, status, policy, value, game.horizon.H, certificate)


def enclose_play(game, policy, concept):
    """Bounds on the values `[i,t,s]` of a policy of a float game, and a bound on its regret from any step and state."""
    concept = "coarse" if concept == "nash" else concept
    H, rewards, recommended = game.horizon.H, stepwise(game.r, 3), law(policy, "table")
    recommended = recommended if recommended.ndim == 3 else recommended[None]
    groups, count = stage.groups_of_rows(game.actions, concept)
    player, swapped, occurs = stage.rows_of(game.actions, concept)
    alone_player, alone_swapped, _ = stage.rows_of(game.actions, "coarse")
    ends = np.cumsum([0, *game.actions])
    sizes = [1] * game.players if concept == "coarse" else list(game.actions)
    owner = np.repeat(np.arange(game.players), sizes)
    V = [enclose(np.zeros((game.players, game.S)))]
    C, slack = V[0], 0.0
    for t in range(H - 1, -1, -1):
        reward, sigma = enclose(rewards[t % len(rewards)]), recommended[t % len(recommended)]
        obey = _worth(game, reward, V[-1], t)
        V.append((obey * sigma[None]).sum(axis=-1))
        leave = _worth(game, reward, C, t) if concept == "trigger" else obey
        gain = _swap(leave, player, swapped) - obey[player]
        rows = (gain * occurs[:, None] * sigma[None]).sum(axis=-1).upper  # [row,s]
        best = np.zeros((count, game.S))
        np.maximum.at(best, groups, rows)
        most = np.zeros((game.players, game.S))
        np.add.at(most, owner, best)
        slack = (slack + most.max(initial=0.0)) * (1 + 2.0**-50 * (2 + max(game.actions)))
        if concept == "trigger":
            earned = (_swap(leave, alone_player, alone_swapped) * sigma[None]).sum(axis=-1)
            C = stack([earned[a:b].max(axis=0) for a, b in pairwise(ends)])
    # one axis of time after that of players
    lower, upper = (np.stack([getattr(v, end) for v in V[::-1]], axis=1) for end in ("lower", "upper"))
    return Interval(lower, upper, "float"), float(slack)


def _worth(game, reward, V, t):
    return stack([reward[i] + expected_next(game.player(i), V[i], t) for i in range(game.players)])


def _swap(worth, player, swapped):
    """worth[player, s, swapped], `[row,s,j]`."""
    picked = worth[player]
    return picked[np.arange(len(player))[:, None, None], np.arange(picked.shape[1])[:, None], swapped[:, None, :]]
