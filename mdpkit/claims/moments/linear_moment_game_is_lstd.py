"""If the adversary is linear in the features of the value, the solution of the moment game is LSTD.

Statement  Let V = features w, psi(s) = E[r + gamma V(s') - V(s) given s] and Pi project onto the features' span. Then
               max over f in that span of 2 E[f psi] - E f^2 = E (Pi psi)^2,
           the mean squared projected Bellman error of w. LSTD is the w at which it is 0: V = Pi (r + gamma P V). For a
           linear moment restriction with test functions of the instrument, the minimiser is two-stage least squares.
Assumes    the adversary's features are those of the value; the LSTD matrix E[features (features - gamma features')']
           is nonsingular, the features are linearly independent, every state has positive weight.
Units      V in units of reward times steps; weights are any law of the state.
Kind       identity
Source     adapted from Bradtke and Barto, 1996, and Swamy, Choudhury, Bagnell and Wu, 2022.
Proof      proofs/moments/linear_moment_game_is_lstd.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...exact.linear import full_rank
from ...ink.figures import identity
from ...instances.blocks import Box, Choice, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.moments import ring_walk
from ...model import MDP, Discounted, MomentProblem, TabularPolicy
from ...solve import MomentGame, lstd, solve, two_stage_least_squares
from ...verify.claim import Assumption, Claim, Control, Equal, Part


def error_of(m, w, test):
    psi = measure.bellman_residual(m.mdp, m.policy, values(m, w))
    return psi, measure.projected_error(psi, m.weights, test)


def values(m, w):
    return (w[None, :] * m.features).sum(axis=1)


def check(m):
    psi, error = error_of(m, m.w, m.test)
    best, other = measure.projection(psi, m.weights, m.test), (m.test * m.c).sum(axis=1)
    missed = measure.projected_error(best - other, m.weights)
    solution = lstd(m.mdp, m.policy, m.features, m.weights)
    at_solution, least = error_of(m, solution, m.test)
    V = values(m, solution)
    return Equal(
        {
            "the best adversary": (measure.game_payoff(psi, best, m.weights), error),
            "what another one misses": (error - measure.game_payoff(psi, other, m.weights), missed),
            "the value at LSTD": (least, 0),
            "the fixed point": (V, measure.projection(at_solution + V, m.weights, m.features)),
        }
    )


def every_test_function(m):
    solution = lstd(m.mdp, m.policy, m.features, m.weights)
    return Equal({**check(m).pairs, "the value at LSTD": (error_of(m, solution, None)[1], 0)})


FAMILY = Family(
    blocks=dict(
        P=Simplex("S", "A", to="S"),
        r=Box("S", "A", lower=-1),
        gamma=Choice(of=("1/2", "9/10", "99/100")),
        policy=Simplex("S", to="A"),
        features=Box("S", "K", lower=-1),
        weights=Simplex(to="S"),
        w=Box("K", lower=-3, upper=3),
        c=Box("K", lower=-3, upper=3),
    ),
    sizes=dict(S=(2, 4), A=(1, 2), K=(1, 2)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.r, horizon=Discounted(x.gamma)),
        policy=lambda x: TabularPolicy(x.policy),
        features=lambda x: x.features,
        test=lambda x: x.features,
        weights=lambda x: (x.weights + x.like([f"1/{x.sizes['S']}"])) / 2,
        w=lambda x: x.w,
        c=lambda x: x.c,
    ),
)


# ---- assumptions
def nonsingular(m):
    chain = (m.policy.table[:, :, None] * m.mdp.P).sum(axis=1)
    weighted = (m.features * m.weights[:, None]).T
    return full_rank(weighted @ (m.features - m.mdp.horizon.gamma * chain @ m.features)) and full_rank(
        weighted @ m.features
    )


SAME = Assumption("the adversary's features are those of the value", lambda m: np.array_equal(m.test, m.features))
REGULAR = Assumption("the LSTD matrix is nonsingular", nonsingular)


# ---- instances
def two_stages(m):
    game = solve(m.problem, MomentGame(m.test))
    return Equal({"solution": (game.h, two_stage_least_squares(m.problem, m.test))})


def instruments():
    """A noisy channel from four instruments to two causes, seen through two or three test functions."""
    A = objects([[4 - z, 1 + z] for z in range(4)]) / 5
    tests = [[1, z, z * z] for z in range(4)]
    return [
        Instance(
            problem=MomentProblem(A, objects([z, 1, z * z % 3, 2]), objects(weights) / sum(weights)),
            test=objects(tests)[:, :M],
        )
        for weights in ((1, 1, 1, 1), (1, 2, 3, 4), (7, 1, 1, 3))
        for M in (2, 3)
        for z in range(4)
    ]


def residual_gradient(lstd, problem, policy, features, weights):
    """The w that minimises the mean squared Bellman error, which needs two independent successors of a state."""
    chain = (policy.table[:, :, None] * problem.P).sum(axis=1)
    A = features - problem.horizon.gamma * chain @ features
    return solve(MomentProblem(A, (policy.table * problem.r).sum(axis=1), weights)).h


CLAIM = Claim(
    "linear_moment_game_is_lstd",
    check,
    FAMILY,
    formula=(
        r"\max_{f = \Phi c}\; 2\, \mathbb{E}[f \psi] - \mathbb{E} f^2 = \mathbb{E} (\Pi \psi)^2, \qquad \psi = r + "
        r"\gamma P V - V, \quad V = \Phi w"
    ),
    papers=("bradtke1996", "swamy2022"),
    tags=("conditional-moments", "bellman-residual"),
    assumes=(SAME, REGULAR),
    controls=(
        Control("an adversary with another feature", witness=lambda: ring_walk([1, 1, 1]), drops=SAME.name),
        Control(
            "an adversary with every feature", witness=ring_walk, tightens=every_test_function, at="the value at LSTD"
        ),
        Control("the least squared Bellman error", witness=ring_walk, sabotages=lstd, by=residual_gradient),
    ),
    also=(Part("two-stage least squares", instruments, two_stages),),
    figure=identity,
)
