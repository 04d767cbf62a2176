"""Policy iteration that evaluates both players' stage strategies can cycle; answering one player's optimally cannot.

Statement  Let T be Shapley's operator of a discounted zero-sum game, w any values, and y an optimal strategy of the
           second player in the stage games r + gamma P w. For the value w' of the first player's best response to y
           (Hoffman and Karp's step), in every state
               w - w' >= (w - T w) + gamma / (1 - gamma) min_s (w - T w)(s),   and   w' >= T w' >= V*.
           So the values fall, w >= w', if w >= T w, as they do from the second step on.
           In a game of two rows and columns and every gamma in (5/7, 1), the value of both players' optimal stage
           strategies, in place of w' (Pollatschek and Avi-Itzhak's step), alternates between 4 / (1 - gamma) and a
           negative number; V* = 4, which Hoffman and Karp's steps reach from there after two.
Assumes    y is optimal in the stage games of w; w >= T w for w >= w'.
Units      w and V* in units of return.
Kind       for all; exists
Source     adapted from Hoffman and Karp, 1966; Pollatschek and Avi-Itzhak, 1969.
Proof      proofs/games/evaluating_both_strategies_can_cycle.md
"""

from itertools import product

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...model import MDP, Discounted, JointPolicy, MarkovGame, TabularPolicy
from ...solve import matrix_games
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def best_response_value(game, y):
    """The value `[s]` of the first player's best response to the second's policy `y[s,b]`, over all pure ones."""
    S, (A, B) = game.S, game.actions
    P = (game.P.reshape(S, A, B, S) * y[:, None, :, None]).sum(axis=2)
    r = (game.r[0].reshape(S, A, B) * y[:, None, :]).sum(axis=2)
    alone, pure = MDP(P, r, game.rho, horizon=game.horizon), np.eye(A, dtype=int)
    plans = (TabularPolicy(game.like(pure[list(plan)])) for plan in product(range(A), repeat=S))
    return stack([measure.state_value(alone, plan) for plan in plans]).max(axis=0)


def step(m):
    """w - T w, w - w', and w' - T w'."""
    after = best_response_value(m.game, m.y)
    return m.w - measure.stage_values(m.game, m.w), m.w - after, after - measure.stage_values(m.game, after)


def check(m):
    residual, fall, rest = step(m)
    least = residual + residual.min() * m.game.horizon.gamma / (1 - m.game.horizon.gamma)
    return Bound(stack([least, rest * 0]), stack([fall, rest]))


def one_over_rest(m):
    """The bound with 1 / (1 - gamma) as the factor."""
    residual, fall, rest = step(m)
    least = residual + residual.min() / (1 - m.game.horizon.gamma)
    return Bound(stack([least, rest * 0]), stack([fall, rest]))


def falls(m):
    """w' <= w."""
    return Bound(best_response_value(m.game, m.y), m.w)


def is_optimal(m):
    """Whether y concedes no more than T w at any stage."""
    S, (A, B), g = m.game.S, m.game.actions, m.game.horizon.gamma
    payoff = (m.game.r[0] + m.game.P @ m.w * g).reshape(S, A, B)
    return (measure.stage_values(m.game, m.w) - (payoff * m.y[:, None, :]).sum(axis=2).max(axis=1)).min() >= 0


def is_above(m):
    return (m.w - measure.stage_values(m.game, m.w)).min() >= 0


# ---- games with prescribed stage strategies x, y and stage values w - fall
def balance(x):
    """Payoffs `[s,a,b]` with mean 0 in every column against x and in every row against y, less where x is 0."""
    first, second = x.first[:, :, None], x.second[:, None, :]
    rows, columns = (x.payoff * second).sum(axis=2)[:, :, None], (x.payoff * first).sum(axis=1)[:, None, :]
    payoff = x.payoff - rows - columns + (rows * first).sum(axis=1)[:, None, :]
    return payoff - np.where(first > 0, 0, x.worse[:, :, None])


def game_of(x):
    S, g = x.sizes["S"], x.gamma
    stage = balance(x) + (x.w - x.fall)[:, None, None]
    r = stage.reshape(S, -1) - x.P @ x.w * g
    return MarkovGame(x.P, np.stack([r, -r]), horizon=Discounted(g), actions=(x.sizes["A"], x.sizes["B"]))


def family(least):
    """Games with w - T w from `least` to 1."""
    return Family(
        blocks=dict(
            P=Simplex("S", ("A", "B"), to="S"),
            payoff=Box("S", "A", "B"),
            first=Simplex("S", to="A"),
            second=Simplex("S", to="B"),
            worse=Box("S", "A"),
            w=Box("S", upper=3),
            fall=Box("S", lower=least),
            gamma=Box(lower="1/10", upper="9/10"),
        ),
        sizes=dict(S=(1, 2), A=(2, 3), B=(2, 2)),
        models=dict(game=game_of, w=lambda x: x.w, y=lambda x: x.second),
    )


# ---- one live state, and an absorbing one without reward
def evasion(gamma, w=None, y=None):
    """Rows pay (-4, -6) and (4, 4); the live state stays off the diagonal. By default w = 4 / (1 - gamma)."""
    gamma = rational(gamma)
    P = objects([[[0, 1], [1, 0], [1, 0], [0, 1]], [[0, 1]] * 4])
    r = objects([[-4, -6, 4, 4], [0] * 4])
    game = MarkovGame(P, np.stack([r, -r]), horizon=Discounted(gamma), actions=(2, 2))
    w = objects([4 / (1 - gamma) if w is None else w, 0])
    return Instance(game=game, w=w, y=stage_strategies(game, w)[1] if y is None else objects(y))


def pennies(gamma, w):
    """Matching pennies at every step, where w - T w is the same in every state."""
    r = objects([[1, 0, 0, 1]])
    game = MarkovGame(objects([[[1]] * 4]), np.stack([r, -r]), horizon=Discounted(rational(gamma)), actions=(2, 2))
    return Instance(game=game, w=objects([w]), y=objects([["1/2", "1/2"]]))


def stage_strategies(game, w):
    found = matrix_games((game.r[0] + game.P @ w * game.horizon.gamma).reshape(game.S, *game.actions))
    return found.row, found.column


def pair_value(game, w):
    """The value `[s]` of the pair of optimal stage strategies at w."""
    x, y = stage_strategies(game, w)
    joint = (x[:, :, None] * y[:, None, :]).reshape(game.S, -1)
    return measure.state_value(game.player(0), JointPolicy(joint))


def alternates(m):
    once = pair_value(m.game, m.w)
    second = best_response_value(m.game, m.y).lower
    third = best_response_value(m.game, stage_strategies(m.game, second)[1])
    return Equal(
        {
            "after two steps": (pair_value(m.game, once.lower)[0], m.w[0]),
            "below 0 after one": (once[0].min(), -abs(once[0])),
            "Hoffman-Karp": (third[0], third[0] * 0 + 4),
            "value": (measure.stage_values(m.game, objects([4, 0]))[0], third[0] * 0 + 4),
        }
    )


def worst_column(stage_values, game, V, t=0, pure=False):
    """The max-min over pure actions in place of the value."""
    return stage_values(game, V, t, True)


def figure(ax, rows):
    """Both iterations from 4 / (1 - gamma) at gamma = 9/10, and the value."""
    g = 0.9
    both = [4 / (1 - g), -9320 / 6697] * 4
    ax.axhline(4, color="k", linestyle="--", label="value 4")
    ax.plot(range(8), both, "o-C1", label="both stage strategies evaluated (fails)")
    ax.plot(range(8), [40, 6.008583690987124, *[4] * 6], "sC0", mfc="none", label="Hoffman and Karp")
    ax.set(xlabel="step", ylabel="value of the live state", ylim=(-5, 62))
    ax.legend(fontsize=6)


CYCLE, FALLS = "a cycle of length two", "the values fall"
OPTIMAL = Assumption("y is optimal in the stage games of w", is_optimal)
ABOVE = Assumption("w is at least T w", is_above)
GAMMAS = ("18/25", "3/4", "4/5", "9/10", "99/100", "999/1000")
CLAIM = Claim(
    "evaluating_both_strategies_can_cycle",
    check,
    family(-1),
    formula=r"w - w' \ge (w - Tw) + \frac{\gamma}{1-\gamma} \min_s (w - Tw)(s), \qquad w' = \max_x V^{x, y_w}",
    papers=("hoffman1966", "pollatschek1969"),
    tags=("equilibria", "zero-sum", "planning"),
    assumes=(OPTIMAL,),
    controls=(
        Control("a factor of 1 / (1 - gamma)", lambda: pennies("9/10", 9), tightens=one_over_rest),
        Control("a column that is not optimal", lambda: evasion("9/10", y=[[1, 0], [1, 0]]), drops=OPTIMAL.name),
        Control(
            "stage values of pure actions", lambda: evasion("9/10"), sabotages=measure.stage_values, by=worst_column
        ),
        Control("values below T w", lambda: evasion("9/10", w=0), drops=ABOVE.name, part=FALLS),
    ),
    also=(
        Part(CYCLE, lambda: [evasion(gamma) for gamma in GAMMAS], alternates),
        Part(FALLS, family(0), falls, assumes=(OPTIMAL, ABOVE)),
    ),
    figure=figure,
)
