"""A value function is within its largest soft Bellman residual, over 1 - gamma, of the soft optimum.

Statement  Let V* be the fixed point of V -> tau log sum_a mu(a|s) exp(Q/tau), Q(s,a) = r(s,a) + gamma E V(s'), for the
           reference mu, and pi* = mu exp((Q* - V*)/tau), the soft optimum. The moments of SBEED's game,
               psi(s,a) = r(s,a) + gamma E V(s') - V(s) - tau log pi(a|s)/mu(a|s),
           vanish together exactly at V* and pi*, its saddle point. For e = max_{s,a} |psi| and every V and pi
               (1 - gamma) max_s |V - V*|  <=  e,
               (1 - gamma) tau max_{s,a} |log pi / pi*|  <=  2 e.
           The first is attained by V = V* + c and pi = pi*, the second in the limit of a rare action that leads from a
           state in which staying has psi = -e to one with psi = e.
Assumes    V* and pi* are the soft optimum; mu and pi give every action positive probability.
Units      psi and V in units of reward; tau in units of reward per nat.
Kind       for all; identity
Source     adapted from Dai, Shaw, Li, Xiao, He, Liu, Chen and Song, 2018.
Proof      proofs/moments/soft_bellman_game_is_solved_by_the_soft_optimum.md
"""

from ... import measure
from ...base.arrays import objects, rational
from ...ink.figures import bound
from ...instances.blocks import Box, Choice, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...model import MDP, Discounted, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def residual(m, policy, V):
    return measure.soft_bellman_residual(m.mdp, policy, V, m.temperature, m.reference)


def largest(m):
    return abs(residual(m, m.policy, m.V)).max()


def check(m):
    return Bound(abs(m.V - m.best_V).max() * (1 - m.mdp.horizon.gamma), largest(m))


def of_the_policy(m):
    ratio = measure.logarithm(m.policy.table) - measure.logarithm(m.best_policy.table)
    return Bound(abs(ratio).max() * m.temperature * (1 - m.mdp.horizon.gamma), largest(m) * 2)


def without_horizon(m):
    return Bound(abs(m.V - m.best_V).max(), largest(m))


def mean_residual(m):
    return Bound(check(m).sides[0], abs(residual(m, m.policy, m.V)).sum() / (m.mdp.S * m.mdp.A))


def one_residual(m):
    """As if the policy were as near as the value function."""
    return Bound(of_the_policy(m).sides[0], largest(m))


def spread(x, policy):
    """A policy that gives every action positive probability."""
    return TabularPolicy((policy + x.like([f"1/{x.sizes['A']}"])) / 2)


def pays(P, V, gamma):
    """The reward for which V and the reference are soft optimal: V(s) - gamma E V(s')."""
    return V[:, None] - gamma * (P * V).sum(axis=-1)


FAMILY = Family(
    blocks=dict(
        P=Simplex("S", "A", to="S"),
        gamma=Choice(of=("1/2", "9/10")),
        best_V=Box("S", lower=-1),
        best_policy=Simplex("S", to="A"),
        V=Box("S", lower=-1),
        policy=Simplex("S", to="A"),
        temperature=Choice(of=("1/4", "1", "3")),
    ),
    sizes=dict(S=(1, 2), A=(1, 2)),
    models=dict(
        mdp=lambda x: MDP(x.P, pays(x.P, x.best_V, x.gamma), horizon=Discounted(x.gamma)),
        best_V=lambda x: x.best_V,
        best_policy=lambda x: spread(x, x.best_policy),
        reference=lambda x: spread(x, x.best_policy),
        V=lambda x: x.V,
        policy=lambda x: spread(x, x.policy),
        temperature=lambda x: x.temperature,
    ),
)


# ---- two states
def shift_value(c=1, reward=0):
    """Two states that stay, two actions alike; V is V* + c and the policy is optimal."""
    P = objects([[[1, 0], [1, 0]], [[0, 1], [0, 1]]])
    half = TabularPolicy(objects([["1/2", "1/2"]] * 2))
    best = objects([0, 1])
    mdp = MDP(P, pays(P, best, rational("1/2")) + objects([[reward, reward], [0, 0]]), horizon=Discounted("1/2"))
    known = dict(best_V=best, best_policy=half, reference=half, policy=half, temperature=rational(1))
    return Instance(mdp=mdp, V=best + objects([c, c]), **known)


def one_off():
    """V is off in the second state alone."""
    m = shift_value()
    return m.replace(V=m.best_V + objects([0, 1]))


def rare(k):
    """State 0 stays by action 0, of probability 1 - 2^-k; the other leads to state 1, which stays.

    V is V* + 1 in state 0 and V* - 1 in state 1; the policy takes the rare action 64 times less often than pi*.
    """
    P = objects([[[1, 0], [0, 1]], [[0, 1], [0, 1]]])
    p = rational(1) / 2**k
    half = ["1/2", "1/2"]
    optimal = TabularPolicy(objects([[1 - p, p], half]))
    policy = TabularPolicy(objects([[1 - p / 64, p / 64], half]))
    mdp = MDP(P, objects([[0, 0], [0, 0]]), horizon=Discounted("1/2"))
    known = dict(best_V=objects([0, 0]), best_policy=optimal, reference=optimal, policy=policy)
    return Instance(mdp=mdp, V=objects([1, -1]), temperature=rational("12/25"), **known)


def nearly_attains(m):
    """For tau log 64 just below 2: the ratio of both sides exceeds 99/100."""
    left, right = of_the_policy(m).sides
    return Bound(right * 99 / 100, left, right)


def attains(m):
    """V = V* + c."""
    return Equal({"value": check(m).sides})


def no_price(soft_bellman_residual, problem, policy, V, temperature, reference):
    return soft_bellman_residual(problem, reference, V, temperature, reference)


def off_policy():
    """V = V*, and a policy that prefers one of two equal actions."""
    m = shift_value(0)
    return m.replace(policy=TabularPolicy(objects([["1/4", "3/4"], ["1/2", "1/2"]])))


OPTIMAL = Assumption("V* and pi* are the soft optimum", lambda m: (residual(m, m.best_policy, m.best_V) == 0).all_yes())
POLICY = "the policy"

CLAIM = Claim(
    "soft_bellman_game_is_solved_by_the_soft_optimum",
    check,
    FAMILY,
    formula=(
        r"(1 - \gamma) \max_s \lvert V - V^* \rvert \le \max_{s,a} \lvert \psi \rvert, \qquad \psi = r + \gamma "
        r"\mathbb{E} V(s') - V(s) - \tau \log \frac{\pi(a \mid s)}{\mu(a \mid s)}"
    ),
    papers=("dai2018",),
    tags=("conditional-moments", "entropy-regularisation"),
    assumes=(OPTIMAL,),
    controls=(
        Control("without the horizon", shift_value, tightens=without_horizon),
        Control("the mean residual", one_off, tightens=mean_residual),
        Control(
            "a reward that moves the optimum", lambda: shift_value(0, 1).replace(V=objects([2, 1])), drops=OPTIMAL.name
        ),
        Control("one residual for the policy", lambda: rare(12), tightens=one_residual, part=POLICY),
        Control(
            "no price of the policy", off_policy, sabotages=measure.soft_bellman_residual, by=no_price, part=POLICY
        ),
    ),
    also=(
        Part(POLICY, FAMILY, of_the_policy, assumes=(OPTIMAL,)),
        Part(
            "attained by a constant error",
            lambda: [shift_value(c) for c in (-2, "1/3", 5)],
            attains,
            assumes=(OPTIMAL,),
        ),
        Part("nearly attained by a rare action", lambda: [rare(k) for k in (8, 12, 20)], nearly_attains),
    ),
    figure=bound,
    sides=(r"$(1 - \gamma) \max |V - V^*|$", r"$\max |\psi|$"),
)
