"""With pessimistic planning the imitation gap is at most the rewards' regret plus twice the expert's expected bonus.

Statement  Let pi_k be greedy for V-_k, the optimal values of a model (P', f_k) with the bonus b_k >= |(P' - P)
           V-_{k,t+1}| subtracted from every reward, for rewards f_1..f_N, and let M draw one of the pi_k per episode.
           For every class F, with R the regret of the rewards,
               max_F J_f(E) - J_f(M) = (R + sum_k [J_{f_k}(E) - J_{f_k}(pi_k)]) / N
               <= (R + sum_k [J_{f_k}(E) - rho V-_{k,0}]) / N <= R/N + (2/N) sum_k sum_t E_{d_t^E}[b_k],
           whatever the model's error elsewhere: the data need to cover the expert alone. A wrong turn attains it,
           also when PessimisticIRL plays its game on data from the model, with the bonus (H-1-t) TV(P, P').
Assumes    the bonus covers the model's error; each policy is greedy for the pessimistic values.
Units      b in units of reward; J is the undiscounted return; R is a sum of N returns.
Kind       for all; identity; exists (the learner's own games, enumerated)
Source     adapted from Wu, Swamy, Bagnell, Wu and Choudhury, 2024, Jin, Yang and Wang, 2021, and Rashidinejad, Zhu,
           Ma, Jiao and Russell, 2021.
Proof      proofs/imitation/pessimistic_imitation_needs_expert_coverage.md
"""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.arrays import bare, objects
from ...base.interval import stack
from ...ink.figures import bound
from ...instances.blocks import Box, Choice, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.imitation.fitted import mirage
from ...instances.library.offline import wrong_turn
from ...learn import FiniteRewards, GradientAscent, Greedy, LowerConfidence, PessimisticIRL, fit, grant
from ...model import MDP, Finite, TabularPolicy, Trajectories
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def rounds(m):
    """For each round: the process and the model with its reward, its policy, and its bonus."""
    tasks = [(replace(m.mdp, r=f), replace(m.model, r=f)) for f in m.played]
    return [
        (task, model, TabularPolicy(table), b)
        for (task, model), table, b in zip(tasks, m.learners, m.bonus, strict=True)
    ]


def round_gaps(m):
    """The value gap of each round's policy under its reward."""
    return sum(measure.value_gap(task, m.expert, policy) for task, _, policy, _ in rounds(m))


def above(m):
    """The expert's value minus the pessimistic value, summed over rounds."""
    gaps = []
    for task, model, _, b in rounds(m):
        lower = measure.pessimistic_value(model, b)[0]
        gaps.append(measure.value(task, m.expert) - measure.mean_product(lower, 1, m.mdp.rho))
    return sum(gaps)


def expected_bonus(m):
    """The expected bonus under the expert's occupancy, summed over rounds."""
    d = measure.occupancy(m.mdp, m.expert)
    return sum((d * b).sum() for b in m.bonus)


def regret(m):
    """Regret of the rewards that were played, against the best of the class."""
    d_E = measure.occupancy(m.mdp, m.expert)
    missed = [d_E - measure.occupancy(m.mdp, TabularPolicy(table)) for table in m.learners]
    won = sum((d * f).sum() for d, f in zip(missed, m.played, strict=True))
    return stack([(sum(missed) * f).sum() for f in m.rewards]).max() - won


def imitation_gap(m):
    """The largest gap of the mixture over the class."""
    tasks, N = [replace(m.mdp, r=f) for f in m.rewards], len(m.learners)
    gaps = [sum(measure.value_gap(task, m.expert, TabularPolicy(table)) for table in m.learners) for task in tasks]
    return stack(gaps).max() / N


def check(m, constant=2, of_the_rewards=1):
    R, N = regret(m), len(m.learners)
    left = R * of_the_rewards
    return Bound(
        imitation_gap(m), (R + round_gaps(m)) / N, (R + above(m)) / N, (left + expected_bonus(m) * constant) / N
    )


def identity(m):
    return Equal({"gap": (imitation_gap(m), (regret(m) + round_gaps(m)) / len(m.learners))})


def once(m):
    return check(m, constant=1)


def without_the_regret(m):
    gap, *_, right = check(m, of_the_rewards=0).sides
    return Bound(gap, right)


# ---- drawn games
def raise_bonus(x):
    """The drawn bonus of each round, raised to the model's error and until the drawn actions are greedy."""
    b = x.bonus.copy()
    for k, f in enumerate(x.played):
        V = x.rho * 0
        for t in range(x.sizes["H"] - 1, -1, -1):
            believed, backup = f[t] + x.guess[t] @ V, f[t] + x.P[t] @ V
            b[k, t] = np.maximum(b[k, t], abs(believed - backup))
            V = (believed - b[k, t])[np.arange(len(V)), x.learners[k, t]]
            b[k, t] = np.maximum(b[k, t], believed - V[:, None])
    return b


def table(choices, A, like):
    return like((np.arange(A) == bare(choices)[..., None]).astype(int))


FAMILY = Family(
    blocks=dict(
        P=Simplex("H", "S", "A", to="S"),
        guess=Simplex("H", "S", "A", to="S"),
        rho=Simplex(to="S"),
        rewards=Box("K", "H", "S", "A"),
        played=Box("N", "H", "S", "A"),
        bonus=Box("N", "H", "S", "A"),
        learners=Choice("N", "H", "S", of="A"),
        expert=Simplex("H", "S", to="A"),
    ),
    sizes=dict(H=(1, 3), S=(1, 3), A=(2, 2), K=(1, 2), N=(1, 2)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.rewards[0], x.rho, horizon=Finite(x.sizes["H"])),
        model=lambda x: MDP(x.guess, x.rewards[0], x.rho, horizon=Finite(x.sizes["H"])),
        rewards=lambda x: x.rewards,
        played=lambda x: x.played,
        bonus=raise_bonus,
        learners=lambda x: table(x.learners, x.sizes["A"], x.like),
        expert=lambda x: TabularPolicy(x.expert),
    ),
)


# ---- games that PessimisticIRL plays on data from a model
def data_of(model):
    """Transitions with the frequencies of the model."""
    P = np.broadcast_to(model.P, (model.horizon.H, *model.P.shape[-3:]))
    t, s, a, n = np.nonzero(np.asarray(P > 0))
    return Trajectories(s, a, t=t, following=n, weight=P[t, s, a, n])


def span_bonus(mdp, model):
    """(H-1-t) TV(P, P'), for rewards in [0, 1]."""
    shape = (mdp.horizon.H, mdp.S, mdp.A, mdp.S)
    error = abs(np.broadcast_to(mdp.P, shape) - np.broadcast_to(model.P, shape)).sum(axis=-1) / 2
    return error * np.arange(mdp.horizon.H - 1, -1, -1)[:, None, None]


def play(m, expert, tied, sign=1, greedy=False, N=3):
    """The learner's game over the rewards r/2 and r, from r on; ties go to the policy `tied`.

    A sign of -1 makes the bonus optimistic; `greedy` leaves it out.
    """
    bonus = span_bonus(m.mdp, m.model) * sign
    options = dict(offline=data_of(m.model), default_policy=tied, ties="default")
    solver = Greedy(**options) if greedy else LowerConfidence(bonus, **options)
    r = np.broadcast_to(m.mdp.r, bonus.shape)
    rewards = objects(np.stack([r / 2, r]))
    access = grant(m.mdp, expert=expert, demonstrations="exact", episodes="exact")
    learner = PessimisticIRL(solver, FiniteRewards(rewards), GradientAscent("1/4"), N, start=objects([0, 1]))
    log = fit(learner, access, rng=None).trace
    return Instance(
        mdp=m.mdp,
        model=m.model,
        expert=expert,
        rewards=rewards,
        played=objects(np.stack(list(log["reward"]))),
        learners=objects(np.stack([policy.table for policy in log["policy"]])),
        bonus=objects(np.stack([bonus] * N)),
        sup_gap=log["sup_gap"][-1],
    )


def turn(H, **options):
    m = wrong_turn(H)
    return play(m, m.rival, m.learner, **options)


def imagine(H, **options):
    """The model imagines the expert's reward at another action, where it has no data."""
    m = mirage(H, 0, 1)
    return play(m, m.expert, m.learner, **options)


def late():
    """A round in which the reward is 0, and the policy may be any: the whole gap is the rewards' regret."""
    m = mirage(3, 0, 0)
    nothing = objects(np.zeros((1, 3, 3, 2), dtype=int))
    rewards = objects(np.broadcast_to(m.mdp.r, nothing.shape))
    learners = objects(np.broadcast_to(m.learner.table, nothing.shape))
    return m.replace(rewards=rewards, played=nothing, bonus=nothing, learners=learners)


def own_games():
    return [turn(H) for H in range(2, 8)]


def attains(m):
    gap, between, above_the_pessimistic, right = check(m).sides
    return Equal(
        {
            "gap": (gap, right),
            "regrets": (between, right),
            "pessimistic values": (above_the_pessimistic, right),
            "reported gap": (m.sup_gap, gap),
        }
    )


# ---- assumptions
def covers(m):
    errors = [
        (measure.backup_error(task, model, measure.pessimistic_value(model, b)), b) for task, model, _, b in rounds(m)
    ]
    return stack([(error - b).max() for error, b in errors]) <= 0


def greedy(m):
    Q = [(measure.pessimistic_action_value(model, b), policy) for _, model, policy, b in rounds(m)]
    return stack([q.max(axis=-1) - (q * policy.table).sum(axis=-1) for q, policy in Q]) == 0


def off_the_experts_path(occupancy, problem, policy):
    return occupancy(problem, policy)[..., ::-1]


COVERS = Assumption("the bonus covers the model's error", covers)
GREEDY = Assumption("each policy is greedy for the pessimistic values", greedy)
CLAIM = Claim(
    "pessimistic_imitation_needs_expert_coverage",
    check,
    FAMILY,
    formula=(
        r"\max_F\; J_f(E) - J_f(M) \le \frac1N \Big( R + \sum_k \big[ J_{f_k}(E) - \rho V^-_{k,0} \big] \Big) \le "
        r"\frac RN + \frac2N \sum_{k,t} \mathbb{E}_{d_t^E} [b_{k,t}]"
    ),
    papers=("wu2024", "jin2021", "rashidinejad2021"),
    tags=("pessimism", "inverse-reinforcement-learning", "model-error"),
    assumes=(COVERS, GREEDY),
    controls=(
        Control("a constant of 1", lambda: turn(3), tightens=once),
        Control("without the rewards' regret", late, tightens=without_the_regret),
        Control("greedy planning", lambda: imagine(3, greedy=True), drops=GREEDY.name),
        Control("optimism", lambda: imagine(3, sign=-1), drops=COVERS.name),
        Control(
            "a bonus off the expert's occupancy",
            lambda: turn(3),
            sabotages=measure.occupancy,
            by=off_the_experts_path,
        ),
    ),
    also=(
        Part("PessimisticIRL at a wrong turn", own_games, attains, assumes=(COVERS, GREEDY)),
        Part("the gap in terms of both regrets", FAMILY, identity),
    ),
    figure=bound,
    sides=(r"imitation gap", r"$R/N + (2/N) \sum_k E_{d^E}[b_k]$"),
)
