"""In a linear MDP the action value of every policy is linear in the features.

Statement  Let P(n | s,a) = sum_k features[s,a,k] mu[k,n] and r(s,a) = sum_k features[s,a,k] theta[k]. Then for every
           policy
               Q_t(s,a) = sum_k features[s,a,k] w_t[k],   w_t[k] = theta[k] + sum_n mu[k,n] V_{t+1}(n),
           whatever the form of the policy: the distance of Q_t from the span of the features is 0. The same holds for
           Q*. Features and mu may have any signs, as long as the products are transition laws.
Assumes    the process is linear in the features, in every transition.
Units      Q in units of return; the distance is a sum of squares over steps, states and actions.
Kind       identity
Source     adapted from Jin, Yang, Wang and Jordan, 2020.
Proof      proofs/imitation/linear_mdp_keeps_every_q_linear.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...ink.figures import identity
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...model import MDP, Finite, LinearMDP, TabularPolicy
from ...verify.claim import Assumption, Claim, Control, Equal, Formal, Part


def check(m):
    Q, V, best = (
        measure.action_value(m.mdp, m.policy),
        measure.state_value(m.mdp, m.policy),
        measure.optimal_action_value(m.mdp),
    )
    linear = predict(m, V)
    returned = (measure.occupancy(m.mdp, m.policy)[0] * linear[0]).sum()
    pairs = {"distance": (distance(m, Q), 0), "distance of Q*": (distance(m, best), 0)}
    return Equal({**pairs, "weights": (Q, linear), "return": (returned, measure.value(m.mdp, m.policy))})


def distance(m, Q):
    """The sum over steps of the squared distance from the span of the features."""
    features = m.linear.features.reshape(-1, m.linear.features.shape[-1])
    steps = [measure.least_squares_distance(Q[t].reshape(-1), features) for t in range(len(Q))]
    return sum(steps[1:], steps[0])


def predict(m, V):
    """features (theta + mu V_{t+1}), `[t,s,a]`."""
    weights = (V[1:, None, :] * m.linear.mu).sum(axis=-1) + m.linear.theta
    return (weights[:, None, None, :] * m.linear.features).sum(axis=-1)


def reward_alone(m):
    """The weights of the reward in place of those of the value."""
    pairs = check(m).pairs
    return Equal({**pairs, "weights": (pairs["weights"][0], predict(m, measure.state_value(m.mdp, m.policy) * 0))})


def linear(x):
    return LinearMDP(x.features, x.mu, x.theta, x.rho, horizon=Finite(x.sizes["H"]))


FAMILY = Family(
    blocks=dict(
        features=Simplex("S", "A", to="K"),
        mu=Simplex("K", to="S"),
        theta=Box("K", lower=-1),
        rho=Simplex(to="S"),
        policy=Simplex("H", "S", to="A"),
    ),
    sizes=dict(H=(1, 4), S=(1, 3), A=(1, 3), K=(1, 2)),
    models=dict(linear=linear, mdp=lambda x: linear(x).tabular(), policy=lambda x: TabularPolicy(x.policy)),
)


def sign_features(x):
    """Features 1 and others in [-1, 1]; mu is a law and signed measures, of density at most 1/(K-1) in size against it.

    P(n | s,a) = base[n] (1 + sum_k f_k(s,a) (g_k[n] - E g_k) / (2 (K-1))) is a law: no term of the sum exceeds 1/(K-1).
    """
    S, A, K = (x.sizes[axis] for axis in "SAK")
    ones = x.like(np.ones((S, A), dtype=int))
    densities = [x.g[k] - (x.base * x.g[k]).sum() for k in range(K - 1)]
    features = np.stack([ones, *(x.f[:, :, k] for k in range(K - 1))], axis=2)
    mu = np.stack([x.base, *(x.base * each / (2 * (K - 1)) for each in densities)])
    return LinearMDP(features, mu, x.theta, x.rho, horizon=Finite(x.sizes["H"]))


SIGNED = Family(
    blocks=dict(
        base=Simplex(to="S"),
        f=Box("S", "A", "K", lower=-1),
        g=Box("K", "S", lower=-1),
        theta=Box("K", lower=-1),
        rho=Simplex(to="S"),
        policy=Simplex("H", "S", to="A"),
    ),
    sizes=dict(H=(1, 3), S=(2, 4), A=(1, 3), K=(2, 3)),
    models=dict(
        linear=sign_features, mdp=lambda x: sign_features(x).tabular(), policy=lambda x: TabularPolicy(x.policy)
    ),
)


# ---- controls
def oppose_features(off=0):
    """Features (1, f), f = -1, 0 or 1; state 0 follows with probability (1 + f)/2. `off` perturbs a transition law."""
    features = objects([[[1, -1], [1, 0]], [[1, 1], [1, 1]]])
    mu = objects([["1/2", "1/2"], ["1/2", "-1/2"]])
    process = LinearMDP(features, mu, objects([0, 1]), objects([1, 0]), horizon=Finite(3))
    mdp = process.tabular()
    P = np.array(mdp.P)
    P[1, 1] = P[1, 1] + objects([-1, 1]) * rational(off)
    mdp = MDP(P, mdp.r, mdp.rho, horizon=mdp.horizon)
    return Instance(linear=process, mdp=mdp, policy=TabularPolicy(objects([[1, 0], ["1/2", "1/2"]])))


def mixture(off=0):
    """Four state-action pairs that mix two features; `off` perturbs one transition law out of the span."""
    features = objects([[[1, 0], ["2/3", "1/3"]], [["1/3", "2/3"], [0, 1]]])
    process = LinearMDP(features, objects([[1, 0], [0, 1]]), objects([1, 0]), horizon=Finite(3))
    mdp = process.tabular()
    P = np.array(mdp.P)
    P[0, 1] = P[0, 1] + objects([-1, 1]) * rational(off)
    mdp = MDP(P, mdp.r, mdp.rho, horizon=mdp.horizon)
    return Instance(linear=process, mdp=mdp, policy=TabularPolicy(objects([[1, 0], ["1/2", "1/2"]])))


LINEAR = Assumption("the process is linear in the features", lambda m: m.mdp == m.linear.tabular())


def steeper(action_value, problem, policy):
    """Action values plus the squared index of the state-action pair."""
    Q = action_value(problem, policy)
    return Q + (np.arange(problem.S * problem.A) ** 2).reshape(problem.S, problem.A)


ANY_SIGN = "signed features"
CLAIM = Claim(
    "linear_mdp_keeps_every_q_linear",
    check,
    FAMILY,
    formula=(r"Q_t(s, a) = \sum_k \varphi_k(s, a)\, w_{t,k}, \qquad w_{t,k} = \theta_k + \sum_n \mu_k(n)\, V_{t+1}(n)"),
    papers=("jin2020",),
    tags=("linear-mdp",),
    formal=(
        Formal(
            "Lean 4",
            "jin-yidan/verified-rl",
            "27ad2be",
            "optQ_linear",
            "weaker",
            "optimal values only; here those of every policy",
        ),
    ),
    assumes=(LINEAR,),
    controls=(
        Control("one perturbed transition", witness=lambda: mixture(objects("1/3")[()]), drops=LINEAR.name),
        Control("the weights of the reward alone", witness=mixture, tightens=reward_alone, at="weights"),
        Control(
            "signed features, one transition off", lambda: oppose_features("1/3"), drops=LINEAR.name, part=ANY_SIGN
        ),
        Control("values of another policy", witness=mixture, sabotages=measure.action_value, by=steeper),
    ),
    also=(Part(ANY_SIGN, SIGNED, check, assumes=(LINEAR,)),),
    figure=identity,
)
