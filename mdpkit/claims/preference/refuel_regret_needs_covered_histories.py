"""The average gap of REFUEL is bounded by its errors on its own histories, times their coverage of the comparator's.

Statement  Over H turns let pi_{k+1}(a|s) ~ pi_k(a|s) e^(eta f_k(s,a)) at every turn t, with any functions f_k of range
           at most B at every history, and
               e_{k,t} = E_{s ~ d_t^k} E_{a, b ~ pi_k} ((f_k - Q_k)(s,a) - (f_k - Q_k)(s,b))^2,
           Q_k and d^k the action values and the law of the histories under pi_k. For every comparator pi
               1/K sum_k [J(pi) - J(pi_k)] <= 1/K sum_k sum_t sqrt(C_{k,t} e_{k,t} / 2)
                   + sum_t E_{d_t^pi} KL(pi || pi_1) / (eta K) + eta H B^2 / 8,
           where C_{k,t} is the largest ratio of d_t^pi(s) pi(a|s) to d_t^k(s) pi_k(a|s). The first term is at most the
           mean of H sqrt(C_k e_k / 2), with C_k the largest of the C_{k,t} and e_k the mean of the e_{k,t}. All
           constants are optimal: coverage multiplies over the turns of a dialogue that attains the first term, and
           small steps at separate turns attain the others, in the limit.
Assumes    the errors are those on the policy's own histories.
Units      rewards of any range, f and B in units of reward; KL in nats.
Kind       for all; exists (the constants, enumerated)
Source     adapted from Gao, Zhan, Chang, Swamy, Brantley, Lee and Sun, 2025.
Proof      proofs/preference/refuel_regret_needs_covered_histories.md
"""

from dataclasses import replace

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...ink.figures import bound
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.coverage import BETA, fill_support
from ...instances.library.preference.dialogues import constant, rare_turns, small_turns, track
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Part


def iterates(m):
    """The policies pi_1, ..., pi_K."""
    found = [m.start]
    for step in m.steps[:-1]:
        joint = found[-1].table * step
        found.append(TabularPolicy(joint / joint.sum(axis=-1)[..., None]))
    return found


def average_gap(m):
    values = [measure.value(m.mdp, policy) for policy in iterates(m)]
    return measure.value(m.mdp, m.rival) - sum(values[1:], values[0]) / len(values)


def errors(m):
    """e_{k,t}, a list over rounds and turns."""
    found = []
    for policy, step in zip(iterates(m), m.steps, strict=True):
        excess = measure.logarithm(step) * m.beta - measure.action_value(m.mdp, policy)
        states = measure.occupancy(m.mdp, policy if m.own else m.histories).sum(axis=-1)
        table = policy.table
        found.append([measure.relative_error(excess[t], table[t], table[t], states[t]) for t in range(m.mdp.horizon.H)])
    return found


def coverage(m):
    """C_{k,t}: at the other turns, where mu is 1, the ratio is at most 1."""
    found = []
    for policy in iterates(m):
        d = measure.occupancy(m.mdp, policy)
        turns = range(m.mdp.horizon.H)
        at = [stack([d[t] if t == turn else d[t] * 0 + 1 for t in turns]) for turn in turns]
        found.append([measure.concentrability(m.mdp, m.rival, mu) for mu in at])
    return found


def mirror_descent(m):
    """sum_t E KL / (eta K) and eta H B^2 / 8."""
    states = measure.occupancy(m.mdp, m.rival).sum(axis=-1)
    divergence = (states * measure.kl(m.rival, m.start)).sum() / len(m.steps)
    width = measure.logarithm((m.steps.max(axis=-1) / m.steps.min(axis=-1)).max())
    return divergence * m.beta, width * width * m.beta * m.mdp.horizon.H / 8


def regression(m, share=2):
    """The mean over rounds of sum_t sqrt(C_{k,t} e_{k,t} / 2)."""
    terms = [
        measure.square_root(C * e / share)
        for row in zip(coverage(m), errors(m), strict=True)
        for C, e in zip(*row, strict=True)
    ]
    return sum(terms[1:], terms[0]) / len(m.steps)


def check(m, share=2):
    return Bound(average_gap(m), regression(m, share) + sum(mirror_descent(m)))


def by_mean_error(m):
    """With H sqrt(C_k e_k / 2) in place of the sum over the turns."""
    gap, right = check(m).sides
    H = m.mdp.horizon.H
    terms = [
        measure.square_root(stack(C).max() * sum(e[1:], e[0]) / (2 * H)) * H
        for C, e in zip(coverage(m), errors(m), strict=True)
    ]
    return Bound(gap, right, sum(terms[1:], terms[0]) / len(terms) + sum(mirror_descent(m)))


def nearly_attains(m):
    gap, right = check(m).sides
    return Bound(right * m.share, gap)


# ---- controls
def a_quarter(m):
    return check(m, share=4)


def price_of_one_turn(m):
    divergence, price = mirror_descent(m)
    return Bound(average_gap(m), regression(m) + divergence + price / m.mdp.horizon.H)


def of_the_start(concentrability, problem, policy, mu=None, kind="sup"):
    """As if the comparator went where no coverage is needed."""
    return concentrability(problem, policy, mu, kind) * 0 + 1


def other_histories():
    """The errors are measured on the histories of a policy that leaves the track, where no answer matters."""
    H = 2
    mdp = track(H, 1, [0, 1], [0, 0], ["1/2", "1/2"])
    half, leaves, rival = (constant(H, [row] * 2) for row in (["1/2", "1/2"], [1, 0], [0, 1]))
    steps = objects([[[[1, "13/8"]] * 2, [[1, 1]] * 2]])
    return Instance(mdp=mdp, start=half, rival=rival, steps=steps, beta=rational("1/16"), own=False, histories=leaves)


FAMILY = Family(
    blocks=dict(
        P=Simplex("H", "S", "A", to="S"),
        r=Box("H", "S", "A"),
        start=Simplex("H", "S", to="A"),
        rival=Simplex("H", "S", to="A"),
        steps=Box("K", "H", "S", "A", lower="1/2", upper=2),
        beta=BETA,
    ),
    sizes=dict(K=(1, 2), H=(1, 2), S=(2, 2), A=(2, 2)),
    models=dict(
        mdp=lambda x: MDP(fill_support(x.P), x.r, horizon=Finite(x.sizes["H"])),
        start=lambda x: TabularPolicy(fill_support(x.start)),
        rival=lambda x: TabularPolicy(x.rival),
        steps=lambda x: x.steps,
        beta=lambda x: x.beta,
        own=lambda x: True,
    ),
)
ONE_ROUND = replace(FAMILY, sizes=dict(K=(1, 1), H=(2, 2), S=(1, 1), A=(2, 2)))


def list_rare():
    return [rare_turns(H, k).replace(own=True) for H, k in ((1, 8), (2, 4), (3, 6))]


def list_small():
    return [small_turns(H, n).replace(own=True) for H, n in ((1, 8), (2, 16), (3, 32))]


def own_histories(m):
    return bool(m.own)


OWN = Assumption("the errors are those on the policy's own histories", own_histories)
MEAN = "with the mean error"
CLAIM = Claim(
    "refuel_regret_needs_covered_histories",
    check,
    FAMILY,
    formula=(
        r"\frac1K \sum_k \big( J(\pi) - J(\pi_k) \big) \le \frac1K \sum_{k, t} \sqrt{\tfrac12 C_{k,t}\, e_{k,t}} + \frac{1}{\eta K} "
        r"\sum_t \mathbb{E}_{d_t^\pi} \mathrm{KL}(\pi \,\Vert\, \pi_1) + \frac{\eta H B^2}{8}"
    ),
    papers=("gao2025",),
    tags=("preferences", "coverage", "policy-gradient", "regret"),
    assumes=(OWN,),
    controls=(
        Control("histories of another policy", other_histories, drops=OWN.name),
        Control("a quarter in place of a half", lambda: rare_turns(2, 6).replace(own=True), tightens=a_quarter),
        Control("the price of one turn", lambda: small_turns(3, 8).replace(own=True), tightens=price_of_one_turn),
        Control(
            "no coverage",
            lambda: rare_turns(2, 6).replace(own=True),
            sabotages=measure.concentrability,
            by=of_the_start,
        ),
    ),
    also=(
        Part(MEAN, ONE_ROUND, by_mean_error, assumes=(OWN,)),
        Part("rare turns attain it", list_rare, nearly_attains, assumes=(OWN,)),
        Part("small turns attain it", list_small, nearly_attains, assumes=(OWN,)),
    ),
    figure=bound,
    sides=(r"average gap", r"$\sum \sqrt{C e / 2} + \mathrm{KL}/(\eta K) + \eta H B^2 / 8$"),
)
