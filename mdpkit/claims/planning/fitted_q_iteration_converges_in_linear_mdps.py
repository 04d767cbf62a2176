r"""In a linear MDP fitted Q iteration is value iteration; if only every policy's value is linear, it may diverge.

Statement  Let P(n | s,a) = sum_k features[s,a,k] mu[k,n] and r(s,a) = sum_k features[s,a,k] theta[k], discounted by g.
           Fitted Q iteration fits r + g P max_a Q_k by least squares on the features, with any
           nonnegative weights under which the features are linearly independent. From every linear start
               Q_k = T^k Q_0,   max |Q_k - Q*| <= g^k max |Q_0 - Q*|,
           and the second is attained at every k. That the values of all policies are linear is not enough: there the
           iterates may diverge.
           Over H steps in any MDP, with Q_t the fit Pi f_t of f_t = r + P max_a Q_{t+1} and e_t = f_t - Q_t, the greedy
           policy, ties broken arbitrarily, satisfies for all linear functions L_t
               J* - J <= sum_t (max e_t - min e_t) <= 2 sum_t max |e_t| <= 2 ||I - Pi|| sum_t max |f_t - L_t|,
           ||.|| the largest absolute row sum. In a linear MDP L_t = f_t is linear. All three are attained at once.
Assumes    the features are independent on the pairs of positive weight; in the first part, the process is linear.
Units      Q and J are returns, not normalised.
Kind       for all; exists (enumerated); identity
Source     adapted from Jin, Yang, Wang and Jordan, 2020; Gordon, 1995; Munos, 2007; Williams and Baird, 1993; the
           diverging iteration in the manner of Tsitsiklis and Van Roy, 1996.
Proof      proofs/planning/fitted_q_iteration_converges_in_linear_mdps.md
"""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...base.lifting import alike
from ...exact.linear import enclosed_solution, full_rank, product
from ...instances.blocks import Box, Choice, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...model import MDP, Discounted, Finite, LinearMDP, TabularPolicy
from ...solve import fitted_q_coefficients, least_squares_coefficients
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def predict(m, w):
    """The action values of coefficients, `[s,a]`."""
    return (w * m.features).sum(axis=-1)


def backup(m, Q, discount=1):
    """r + discount P max_a Q, `[s,a]`; the reward alone if there is no Q."""
    return m.mdp.r if Q is None else (m.mdp.P * Q.max(axis=-1)).sum(axis=-1) * discount + m.mdp.r


def iterates(m):
    """Q_0, ..., Q_R of fitted Q iteration."""
    w = fitted_q_coefficients(m.mdp, m.features, m.weights, m.rounds, m.start)
    return [predict(m, w[k]) for k in range(m.rounds + 1)]


def check(m):
    Q, best = iterates(m), measure.optimal_action_value(m.mdp)
    return Bound(abs(Q[-1] - best).max(), abs(Q[0] - best).max() * m.mdp.horizon.gamma**m.rounds)


def identity_check(m):
    """Every iterate against a round of value iteration from the one before."""
    Q, pairs = iterates(m), {}
    for k in range(m.rounds):
        pairs[f"round {k + 1}"] = (Q[k + 1], backup(m, Q[k], m.mdp.horizon.gamma))
    return Equal(pairs)


def misspecified_check(m):
    """The loss of the greedy policy, ties at worst, against ranges, sizes and distances of the Bellman residuals."""
    w = least_squares_coefficients(m.mdp, m.features, m.weights)
    H = m.mdp.horizon.H
    Q = [predict(m, w[t]) for t in range(H)]
    f = [backup(m, ahead) for ahead in (*Q[1:], None)]
    e = [f[t] - Q[t] for t in range(H)]
    best = (measure.optimal_value(m.mdp)[0] * m.mdp.rho).sum()
    loss = best - measure.greedy_return(m.mdp, stack(Q))
    ranges = sum(each.max() - each.min() for each in e)
    sizes = sum(abs(each).max() for each in e) * 2
    distances = sum(abs(f[t] - predict(m, m.linear[t])).max() for t in range(H)) * 2
    return Bound(loss, ranges, sizes, distances * error_norm(m))


def error_norm(m):
    """The largest absolute row sum of I - Pi."""
    features, weights = alike(m.features.reshape(-1, m.features.shape[-1]), m.weights.reshape(-1))
    weighted = (features * weights[:, None]).T
    Pi = product(features, enclosed_solution(product(weighted, features), weighted))
    return abs(np.eye(len(weights), dtype=int) - Pi).sum(axis=1).max()


def attains(m):
    left, right = check(m).sides
    return Equal({"distance": (left, right)})


def attains_all(m):
    loss, *bounds = misspecified_check(m).sides
    return Equal({f"bound {i}": (loss, bound) for i, bound in enumerate(bounds, 1)})


def faster(m):
    """One more factor of the discount."""
    left, right = check(m).sides
    return Bound(left, right * m.mdp.horizon.gamma)


def half(m):
    loss, ranges, *_ = misspecified_check(m).sides
    return Bound(loss, ranges / 2)


def without_norm(m):
    """Twice the distances from the linear functions, without the norm of I - Pi."""
    loss, *_, right = misspecified_check(m).sides
    return Bound(loss, right / error_norm(m))


WEIGHTED = dict(weights=Box("S", "A"))


def signs(x):
    """A change of basis of the features: every other one, from the first, changes its sign."""
    return x.like([-1 if k % 2 == 0 else 1 for k in range(x.sizes["K"])])


def draw_linear(x):
    sign = signs(x)
    return LinearMDP(x.features * sign, x.mu * sign[:, None], x.theta * sign, horizon=Discounted(x.gamma[()]))


LINEAR_FAMILY = Family(
    blocks=dict(
        features=Simplex("S", "A", to="K"),
        mu=Simplex("K", to="S"),
        theta=Box("K", lower=-1),
        gamma=Choice(of=("1/2", "9/10")),
        start=Box("K", lower=-2, upper=2),
        **WEIGHTED,
    ),
    sizes=dict(S=(1, 3), A=(1, 2), K=(1, 2), R=(1, 2)),
    models=dict(
        linear=draw_linear,
        mdp=lambda x: draw_linear(x).tabular(),
        features=lambda x: x.features * signs(x),
        weights=lambda x: x.weights,
        start=lambda x: x.start,
        rounds=lambda x: x.sizes["R"],
    ),
)
ANY_FAMILY = Family(
    blocks=dict(
        P=Simplex("S", "A", to="S"),
        r=Box("S", "A"),
        rho=Simplex(to="S"),
        features=Box("S", "A", "K", lower=-1),
        linear=Box("H", "K", lower=-2, upper=2),
        **WEIGHTED,
    ),
    sizes=dict(S=(1, 2), A=(2, 3), K=(1, 2), H=(1, 2)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"])),
        features=lambda x: x.features,
        weights=lambda x: x.weights,
        linear=lambda x: x.linear,
    ),
)


# ---- instances, controls and figure
def start_above(rounds, gamma="9/10", above=1):
    """Two states that exchange places, one of which pays; the start is Q* plus a constant."""
    features, mu = objects([[[1, 0]], [[0, 1]]]), objects([[0, 1], [1, 0]])
    linear = LinearMDP(features, mu, objects([1, 0]), horizon=Discounted(rational(gamma)))
    mdp, g = linear.tabular(), linear.horizon.gamma
    best = objects([1, g]) / (1 - g**2)
    return Instance(
        linear=linear,
        mdp=mdp,
        features=features,
        weights=objects([[1], [2]]),
        start=best + rational(above),
        rounds=rounds,
    )


def all_values_linear(rounds=1):
    """Three states with features 1 and x = 0, 1, 3; the first action leads to 0, 3 and 3, the second, of x = 0, to 0.

    Every step pays 1, so that every value of every policy is 10; but the next state's x is not linear. `linear` is a
    linear MDP with the same features.
    """
    features, horizon = objects([[[1, x], [1, 0]] for x in (0, 1, 3)]), Discounted("9/10")
    first, back = ([1, 0, 0], [0, 0, 1], [0, 0, 1]), [1, 0, 0]
    mdp = MDP(objects([[ahead, back] for ahead in first]), objects([[1, 1]] * 3), horizon=horizon)
    linear = LinearMDP(features, objects([[1, 0, 0], [0, 0, 0]]), objects([1, 0]), horizon=horizon)
    weights, start = objects([[1, "1/10"], [1, "1/10"], ["1/10", "1/10"]]), objects([10, 1])
    return Instance(linear=linear, mdp=mdp, features=features, weights=weights, start=start, rounds=rounds)


ROUNDS = (0, 1, 2, 4, 8, 16)


def list_starts():
    return [start_above(rounds, gamma) for gamma in ("1/2", "9/10") for rounds in ROUNDS]


def list_diverging():
    return [all_values_linear(rounds) for rounds in ROUNDS]


def list_blind():
    return [blind(H) for H in (1, 2, 4)]


def blind(H=1):
    """Two actions, one of which pays 1, with the same feature: least squares cannot tell them apart."""
    mdp = MDP(objects([[[1], [1]]]), objects([[0, 1]]), horizon=Finite(H))
    means = objects([[H - t] for t in range(H)]) / 2
    return Instance(mdp=mdp, features=objects([[[1], [1]]]), weights=objects([[1, 1]]), linear=means)


def extrapolate():
    """Nearly all weight is on an action of small feature: a small error there is a large one at the other action."""
    mdp = MDP(objects([[[1], [1]]]), objects([["1/10", -1]]), horizon=Finite(1))
    features, weights = objects([[[1], [10]]]), objects([[1, "1/100000"]])
    return Instance(mdp=mdp, features=features, weights=weights, linear=objects([["-9/110"]]))


def without_rewards(coefficients, problem, *given):
    return coefficients(replace(problem, r=problem.r * 0), *given)


def grows(m):
    """The first distance from Q* against the last."""
    Q, best = iterates(m), measure.optimal_action_value(m.mdp)
    return Bound(abs(Q[0] - best).max(), abs(Q[-1] - best).max())


def point(m):
    """The number of rounds, 1/(1-gamma), and the share of the first distance from Q* that is left, for the figure."""
    first, last = grows(m).sides
    steps = measure.occupancy(m.mdp, TabularPolicy((m.mdp.r * 0 + 1) / m.mdp.A)).sum().mid
    return {"point": [m.rounds, steps, (last / first).mid]}


def figure(ax, rows):
    """The share of the first distance from Q* that is left after k rounds, at gamma = 9/10."""
    k = np.arange(17)
    ax.plot(k, 0.9**k, "k--", label=r"$\gamma^k$")
    for part, style, label in ((ATTAINED, "oC0", "linear MDP"), (DIVERGES, "x-C1", "every value linear (fails)")):
        found = [row["data"]["point"] for row in rows if row["part"] == part and not row.get("control")]
        at = [(rounds, share) for rounds, steps, share in found if round(steps) == 10]
        ax.plot(*zip(*at, strict=True), style, label=label)
    ax.set(
        xlabel="rounds $k$",
        xticks=range(0, 17, 4),
        ylabel=r"$\Vert Q_k - Q^* \Vert_\infty / \Vert Q_0 - Q^* \Vert_\infty$",
        yscale="log",
    )
    ax.legend(fontsize=6)


def are_independent(m):
    """Whether the features of the pairs of positive weight have full rank."""
    rows = m.features[(m.weights > 0).astype(bool)]
    return len(rows) >= rows.shape[-1] and full_rank(rows)


LINEAR = Assumption("the process is linear in the features", lambda m: m.mdp == m.linear.tabular())
INDEPENDENT = Assumption("the features are independent", are_independent)
ITERATES, ATTAINED, DIVERGES = "value iteration", "a start above Q*", "every value linear"
MISSPECIFIED, BLIND = "misspecification", "two actions with one feature"
CLAIM = Claim(
    "fitted_q_iteration_converges_in_linear_mdps",
    check,
    LINEAR_FAMILY,
    formula=(
        r"\lVert Q_k - Q^* \rVert_\infty \le \gamma^k \lVert Q_0 - Q^* \rVert_\infty, \qquad "
        r"Q_{k+1} = \Pi (r + \gamma P \max_a Q_k) = r + \gamma P \max_a Q_k"
    ),
    papers=("jin2020", "gordon1995", "munos2007", "williams1993", "tsitsiklis1996"),
    tags=("fitted-q", "linear-mdp"),
    assumes=(LINEAR, INDEPENDENT),
    controls=(
        Control("every value linear", witness=all_values_linear, drops=LINEAR.name),
        Control("every value linear, round by round", witness=all_values_linear, drops=LINEAR.name, part=ITERATES),
        Control("one more factor of the discount", witness=lambda: start_above(2), tightens=faster),
        Control(
            "fits without the reward",
            witness=lambda: start_above(2, above="1/10"),
            sabotages=fitted_q_coefficients,
            by=without_rewards,
        ),
        Control("half the ranges", witness=blind, tightens=half, part=MISSPECIFIED),
        Control("without the norm of I - Pi", witness=extrapolate, tightens=without_norm, part=MISSPECIFIED),
    ),
    also=(
        Part(ITERATES, LINEAR_FAMILY, identity_check, assumes=(LINEAR, INDEPENDENT)),
        Part(MISSPECIFIED, ANY_FAMILY, misspecified_check, assumes=(INDEPENDENT,)),
        Part(ATTAINED, list_starts, attains, assumes=(LINEAR, INDEPENDENT), data=point),
        Part(DIVERGES, list_diverging, grows, assumes=(INDEPENDENT,), data=point),
        Part(BLIND, list_blind, attains_all, assumes=(INDEPENDENT,)),
    ),
    figure=figure,
)
