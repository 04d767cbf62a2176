"""The reward of maximum causal entropy retrains to the expert, in every dynamics, if the entropy bonus is kept.

Statement  Let E play every action with positive probability, and let retraining maximise E[sum_t r - log pi]. The
           policy that is retrained on r(s,a) = log E(a given s) has the expert's occupancy, in the source and in any
           other dynamics, and there are no ties. This is the optimum of `causal_entropy_matches_features` with one
           feature for each state and action, at theta = log E. Without the bonus the same reward retrains, with one
           step, to the most probable actions: on two arms that the expert pulls with probability p > 1/2 and 1 - p it
           returns 1 in place of p.
Assumes    nothing beyond full support of the expert, which is stationary; finite horizon.
Units      logarithms in nats, temperature 1; occupancies are summed over the steps.
Kind       identity; exists (enumerated)
Source     adapted from Ziebart, Bagnell and Dey, 2010; Sapora, Swamy, Lu, Teh and Foerster, 2024.
Proof      proofs/imitation/soft_reward_retrains_to_the_expert.md
"""

import numpy as np

from ... import measure
from ...base.interval import Interval, stack
from ...instances.blocks import Simplex
from ...instances.family import Family
from ...instances.library.imitation.arms import two_arms
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Claim, Control, Equal, Part


def indicators(problem):
    """One feature for each state and action, `[k,s,a]`."""
    count = problem.S * problem.A
    return problem.like(np.eye(count, dtype=int).reshape(count, problem.S, problem.A))


def log_expert(m):
    """log E as a vector over states and actions."""
    known = measure.logarithm(m.expert.table.ravel())
    return known.enclose() if isinstance(known, Interval) else known


def softly(problem, theta):
    """The occupancy, summed over steps, of the policy that is retrained on a reward with the entropy bonus."""
    return measure.entropy_features(problem, indicators(problem), theta)


def visits(problem, policy):
    d = measure.occupancy(problem, policy).sum(axis=0)
    return stack([d[s, a] for s in range(problem.S) for a in range(problem.A)])


def check(m, theta=log_expert):
    return Equal(
        {
            "source": (softly(m.mdp, theta(m)), visits(m.mdp, m.expert)),
            "target": (softly(m.target, log_expert(m)), visits(m.target, m.expert)),
        }
    )


def on_a_constant(m):
    return check(m, theta=lambda m: m.expert.table.ravel() * 0)


def without_the_bonus(m):
    """Retraining on the same reward for its sum alone: with one step, on the most probable action."""
    greedy = measure.best_actions(m.expert.table).lower
    policy = TabularPolicy(greedy / greedy.sum(axis=-1, keepdims=True))
    return Equal({**check(m).pairs, "source": (visits(m.mdp, policy), visits(m.mdp, m.expert))})


def full_support(x):
    """The drawn expert, mixed with the uniform policy."""
    return TabularPolicy((x.expert * x.sizes["A"] + 1) / (2 * x.sizes["A"]))


FAMILY = Family(
    blocks=dict(
        P=Simplex("S", "A", to="S"),
        other=Simplex("S", "A", to="S"),
        rho=Simplex(to="S"),
        expert=Simplex("S", to="A"),
    ),
    sizes=dict(H=(1, 3), S=(1, 3), A=(2, 3)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.P[..., 0] * 0, x.rho, horizon=Finite(x.sizes["H"])),
        target=lambda x: MDP(x.other, x.P[..., 0] * 0, x.rho, horizon=Finite(x.sizes["H"])),
        expert=full_support,
    ),
)


# ---- two arms
def arms(p):
    m = two_arms(p)
    return m.replace(target=m.mdp)


def greedily(m):
    """Both retrainings of log E on two arms: with the bonus, the return p; without it 1, for all ties."""
    reward = measure.logarithm(m.expert.table)
    soft = (softly(m.mdp, log_expert(m)) * m.mdp.r.ravel()).sum()
    hard = {f"without, {ties} ties": (measure.retrained_return(m.mdp, reward, ties), 1) for ties in ("worst", "best")}
    return Equal({"with the bonus": (soft, m.p), **hard})


def at_half_the_temperature(logarithm, *args):
    return logarithm(*args) * 2


def figure(ax, rows):
    """The return after retraining on two arms, against the expert's."""
    at = [row["pairs"] for row in rows if row["part"] == GREEDY and not row.get("control")]
    p = [row["with the bonus"][1] for row in at]
    ax.plot(p, p, "k--", label="expert")
    ax.plot(p, [row["with the bonus"][0] for row in at], "oC0", label="$\\log E$, with the bonus")
    ax.plot(p, [row["without, worst ties"][0] for row in at], "xC1", label="$\\log E$, without (fails)")
    ax.plot(p, [1 / 2 for _ in at], "+C1", label="constant, with the bonus (fails)")
    ax.set(xlabel="probability $p$ of the expert's first arm", ylabel="return after retraining")
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1), fontsize=6)


GREEDY = "two arms"
CLAIM = Claim(
    "soft_reward_retrains_to_the_expert",
    check,
    FAMILY,
    formula=(
        r"d_P^{\pi} = d_P^E \text{ for every } P, \qquad \pi = \operatorname{argmax}_\pi \mathbb{E}_{\pi, P} \sum_t "
        r"\big( \log E(a_t \mid s_t) - \log \pi_t(a_t \mid s_t) \big)"
    ),
    papers=("ziebart2010", "sapora2024"),
    tags=("inverse-reinforcement-learning", "entropy", "retraining"),
    controls=(
        Control("a constant reward", witness=lambda: arms("2/3"), tightens=on_a_constant, at="source"),
        Control("retrained without the bonus", witness=lambda: arms("2/3"), tightens=without_the_bonus, at="source"),
        Control(
            "half the temperature",
            witness=lambda: arms("2/3"),
            sabotages=measure.logarithm,
            by=at_half_the_temperature,
        ),
    ),
    also=(Part(GREEDY, lambda: [arms(p) for p in ("3/5", "2/3", "3/4", "9/10", "99/100")], greedily),),
    figure=figure,
)
