"""REFUEL's two rollouts give an unbiased target: the loss is the error in the action values plus the rollouts' noise.

Statement  From a history s at turn t let R and R' be the rewards of two independent rollouts of pi that begin with the
           responses a and b. Then, for every number g,
               E (R - R') = Q(s,a) - Q(s,b),
               E (g - (R - R'))^2 = (g - (Q(s,a) - Q(s,b)))^2 + Var R + Var R',
           so that the minimiser of REFUEL's loss over any class is that of the regression on differences of action
           values, and no critic is needed. Rollouts of another policy have the differences of that policy's action
           values as their mean: repeated rounds tend to the policy that is greedy in these action values, one step of
           policy iteration on the other policy.
Assumes    the rollouts are those of the policy.
Units      R and g in units of reward.
Kind       identity
Source     adapted from Gao, Zhan, Chang, Swamy, Brantley, Lee and Sun, 2025.
Proof      proofs/preference/two_rollouts_give_an_unbiased_target.md
"""

from itertools import product

from ... import measure
from ...base.arrays import objects
from ...ink.figures import identity
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.preference.dialogues import constant
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Assumption, Claim, Control, Equal


def rollouts(m, a):
    """All rollouts from state 0 at turn 0 that begin with a: lists of their probabilities and rewards."""
    H, S, A = m.mdp.horizon.H, m.mdp.S, m.mdp.A
    P, r, pi = m.mdp.P, m.mdp.r, m.rolled.table
    chances, rewards = [], []
    for states in product(range(S), repeat=H - 1):
        for later in product(range(A), repeat=H - 1):
            s, played = (0, *states), (a, *later)
            chance, total = 1, r[0, a]
            for t in range(1, H):
                chance = chance * P[s[t - 1], played[t - 1], s[t]] * pi[t, s[t], played[t]]
                total = total + r[s[t], played[t]]
            chances.append(chance)
            rewards.append(total)
    return chances, rewards


def moments(m):
    """E (R - R'), E (g - (R - R'))^2, and the variances, by enumeration of all pairs of rollouts."""
    (p, R), (q, S) = rollouts(m, 0), rollouts(m, 1)
    pairs = [(p[i] * q[j], R[i] - S[j]) for i in range(len(p)) for j in range(len(q))]
    mean = sum(chance * gain for chance, gain in pairs)
    loss = sum(chance * (m.guess - gain) * (m.guess - gain) for chance, gain in pairs)
    return mean, loss, variance(p, R) + variance(q, S)


def variance(p, R):
    mean = sum(chance * reward for chance, reward in zip(p, R, strict=True))
    return sum(chance * reward * reward for chance, reward in zip(p, R, strict=True)) - mean * mean


def check(m):
    mean, loss, noise = moments(m)
    Q = measure.action_value(m.mdp, m.policy)[0, 0]
    gain = Q[0] - Q[1]
    return Equal({"target": (mean, gain), "loss": (loss, (gain - m.guess) ** 2 + noise)})


def one_variance(m):
    """As if only one of the rewards were random."""
    pairs = check(m).pairs
    loss, right = pairs["loss"]
    return Equal({**pairs, "loss": (loss, right - variance(*rollouts(m, 1)))})


FAMILY = Family(
    blocks=dict(
        P=Simplex("S", "A", to="S"),
        r=Box("S", "A", lower=-1),
        policy=Simplex("H", "S", to="A"),
        guess=Box(lower=-2, upper=2),
    ),
    sizes=dict(H=(1, 3), S=(1, 2), A=(2, 2)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.r, horizon=Finite(x.sizes["H"])),
        policy=lambda x: TabularPolicy(x.policy),
        rolled=lambda x: TabularPolicy(x.policy),
        guess=lambda x: x.guess[()],
    ),
)


# ---- controls
def dialogue(rolled=None):
    """Two turns with a user who goes along with probability 9/10; the policy answers well, the reference at random."""
    P = objects([[[0, 1], ["9/10", "1/10"]], [[0, 1], [0, 1]]])
    mdp = MDP(P, objects([[0, 1], [0, 0]]), horizon=Finite(2))
    policy = constant(2, [["1/4", "3/4"]] * 2)
    return Instance(mdp=mdp, policy=policy, rolled=policy if rolled is None else rolled, guess=mdp.like("1/2")[()])


def own_rollouts(m):
    return (m.rolled.table == m.policy.table).all()


def of_the_uniform_policy(action_value, problem, policy):
    """Action values of the uniform policy, as a critic that is not refitted would have them."""
    return action_value(problem, TabularPolicy(policy.table * 0 + problem.like("1/2")[()]))


OWN = Assumption("the rollouts are those of the policy", own_rollouts)
CLAIM = Claim(
    "two_rollouts_give_an_unbiased_target",
    check,
    FAMILY,
    formula=(
        r"\mathbb{E}\,(g - (R - R'))^2 = \big( g - (Q^\pi(s,a) - Q^\pi(s,b)) \big)^2 + \mathrm{Var}\, R + "
        r"\mathrm{Var}\, R'"
    ),
    papers=("gao2025",),
    tags=("preferences", "policy-gradient", "resets"),
    assumes=(OWN,),
    controls=(
        Control("rollouts of the reference", lambda: dialogue(constant(2, [["1/2", "1/2"]] * 2)), drops=OWN.name),
        Control("the noise of one rollout", dialogue, tightens=one_variance, at="loss"),
        Control("a stale critic", dialogue, sabotages=measure.action_value, by=of_the_uniform_policy),
    ),
    figure=identity,
    sides=("mean of the target, and of the loss", "by action values and variances"),
)
