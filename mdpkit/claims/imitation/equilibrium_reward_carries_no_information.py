"""At an equilibrium of the imitation game the last reward may be constant, so that retraining on it returns any policy.

Statement  Let J_f(E) - J_f(pi) be the payoff of reward f in F against policy pi in Pi, let E be in Pi and c in F depend
           neither on state nor on action. Then E and c are an equilibrium, of payoff 0:
               max_{f in F} J_f(E) - J_f(E) = J_c(E) - J_c(E) = min_{pi in Pi} J_c(E) - J_c(pi) = 0,
           and every policy is optimal for c: with the worst ties, retraining on c returns min_pi J(pi). On a cliff of H
           steps that is 0, with ties broken uniformly 1 - 2^-H, for the expert H. A learner whose reward is a best
           response over a box to its last policy, with ties to the upper end, arrives there once that policy has the
           expert's occupancy.
Assumes    the expert is in the class of policies; the policy player has no entropy bonus.
Units      J_f is the undiscounted return under f; retraining returns an optimal policy for a reward, from scratch.
Kind       for all; exists (enumerated)
Source     adapted from Sapora, Swamy, Lu, Teh and Foerster, 2024.
Proof      proofs/imitation/equilibrium_reward_carries_no_information.md
"""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.imitation.cliff import cliff
from ...learn import BestResponse, EvIL, Planning, fit, grant
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Assumption, Claim, Control, Equal, Part


def payoff(m, f, policy):
    """J_f(E) - J_f(policy), less the bonus of the policy player for entropy, relative to the uniform policy's."""
    gap = measure.value_gap(replace(m.mdp, r=f), m.expert, policy)
    if m.temperature == 0:
        return gap
    uniform = TabularPolicy(m.expert.table * 0 + rational(1) / m.mdp.A)
    return gap + (measure.occupancy(m.mdp, policy).sum(axis=-1) * measure.kl(policy, uniform)).sum() * m.temperature


def lowest(m):
    """The lowest return of any policy."""
    return (measure.optimal_value(replace(m.mdp, r=-m.mdp.r))[0] * m.mdp.rho).sum() * -1


def check(m, ties="worst"):
    at_equilibrium = payoff(m, m.constant, m.played)
    return Equal(
        {
            "best reward": (stack([payoff(m, f, m.played) for f in m.rewards]).max(), at_equilibrium),
            "best policy": (
                stack([payoff(m, m.constant, TabularPolicy(table)) for table in m.policies]).min(),
                at_equilibrium,
            ),
            "retrained": (measure.retrained_return(m.mdp, m.constant, ties), lowest(m)),
        }
    )


def ties_for_the_expert(m):
    return check(m, ties="best")


FAMILY = Family(
    blocks=dict(
        P=Simplex("H", "S", "A", to="S"),
        r=Box("H", "S", "A"),
        rho=Simplex(to="S"),
        rewards=Box("K", "H", "S", "A", lower=-1),
        constant=Box("H", lower=-1),
        expert=Simplex("H", "S", to="A"),
        others=Simplex("N", "H", "S", to="A"),
    ),
    sizes=dict(H=(1, 3), S=(1, 3), A=(2, 3), K=(1, 2), N=(1, 2)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"])),
        constant=lambda x: x.r * 0 + x.constant[:, None, None],
        rewards=lambda x: np.concatenate([x.rewards, (x.r * 0 + x.constant[:, None, None])[None]]),
        expert=lambda x: TabularPolicy(x.expert),
        played=lambda x: TabularPolicy(x.expert),
        policies=lambda x: np.concatenate([x.expert[None], x.others]),
        temperature=lambda x: 0,
    ),
)


# ---- the cliff, and a learner on it
def on_the_cliff(m):
    H = m.mdp.horizon.H
    returns = {ties: measure.retrained_return(m.mdp, m.mdp.r * 0, ties) for ties in ("worst", "uniform", "best")}
    known = {"worst": 0, "uniform": 1 - rational(1) / 2**H, "best": H}
    return Equal({ties: (returns[ties], known[ties]) for ties in returns})


def play(H):
    """Best responses to the last policy against planning: the rewards of a run on the cliff, and its last policy."""
    m, rounds = cliff(H, 0), 3
    learner = EvIL(
        reward_player=BestResponse(),
        policy_player=Planning(),
        rounds=rounds,
        buffer="last",
        restart=0,
        evolution=None,
    )
    access = grant(m.mdp, expert=m.expert, demonstrations="exact", episodes="exact")
    trace = fit(learner, access, rng=np.random.default_rng(0)).trace
    return m.replace(last=trace["reward"][-1], policy=trace["policy"][rounds - 1])


def of_a_learner(m):
    visits = [measure.occupancy(m.mdp, policy) for policy in (m.policy, m.expert)]
    returns = (measure.retrained_return(m.mdp, m.last, "worst"), lowest(m))
    return Equal({"occupancy of the last policy": visits, "retrained on the last reward": returns})


# ---- controls
def arms(played=("2/3", "1/3"), temperature=0):
    """One state, two arms of reward 1 and 0, the constant reward 0; the expert pulls the first with probability 2/3."""
    mdp = MDP(objects([[[1], [1]]]), objects([[[1, 0]]]), horizon=Finite(1))
    expert, other = TabularPolicy(objects([[["2/3", "1/3"]]])), TabularPolicy(objects([[played]]))
    uniform = TabularPolicy(objects([[["1/2", "1/2"]]]))
    return Instance(
        mdp=mdp,
        expert=expert,
        played=other,
        policies=np.stack([policy.table for policy in ([other, uniform] if temperature else [other])]),
        rewards=np.stack([mdp.r * 0, mdp.r * 2 - 1, 1 - mdp.r * 2]),
        constant=mdp.r * 0,
        temperature=temperature,
    )


def broken_uniformly(greedy_return, problem, Q, ties="worst"):
    return greedy_return(problem, Q, "uniform")


def figure(ax, rows):
    """The return of retraining on a constant reward on the cliff, by the rule for ties."""
    at = [row for row in rows if row["part"] == CLIFF]
    for ties, style, words in (
        ("best", "xC1", "ties for the expert (fails)"),
        ("uniform", "sC4", "uniform ties"),
        ("worst", "oC0", "worst ties"),
    ):
        ax.plot([row["sizes"]["H"] for row in at], [row["pairs"][ties][0] for row in at], style, label=words)
    H = np.arange(1, 13)
    ax.plot(H, H, "k--", label="expert")
    ax.set(xlabel="horizon $H$", ylabel="return after retraining")
    ax.legend()


CLIFF, RUN = "the cliff", "a learner's last reward"
INSIDE = Assumption(
    "the expert is in the class of policies", lambda m: any((m.expert.table == table).all() for table in m.policies)
)
HARD = Assumption("the policy player has no entropy bonus", lambda m: m.temperature == 0)
CLAIM = Claim(
    "equilibrium_reward_carries_no_information",
    check,
    FAMILY,
    formula=(
        r"\max_{f \in F} J_f(E) - J_f(E) = \min_{\pi \in \Pi} J_c(E) - J_c(\pi) = 0, \qquad \min \{ J(\pi) : \pi "
        r"\in \operatorname{argmax} J_c \} = \min_\pi J(\pi)"
    ),
    papers=("sapora2024",),
    tags=("inverse-reinforcement-learning", "retraining"),
    assumes=(INSIDE, HARD),
    controls=(
        Control("an expert outside of the class", witness=lambda: arms(played=(1, 0)), drops=INSIDE.name),
        Control("a bonus for entropy", witness=lambda: arms(temperature=1), drops=HARD.name),
        Control("ties broken for the expert", witness=arms, tightens=ties_for_the_expert, at="retrained"),
        Control("ties broken uniformly", witness=arms, sabotages=measure.greedy_return, by=broken_uniformly),
    ),
    also=(
        Part(CLIFF, lambda: [cliff(H, 0) for H in range(1, 13)], on_the_cliff),
        Part(RUN, lambda: [play(H) for H in range(2, 8)], of_a_learner),
    ),
    figure=figure,
)
