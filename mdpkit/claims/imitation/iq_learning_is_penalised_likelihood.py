"""The objective of inverse soft-Q learning is the log-likelihood minus a temporal-difference penalty.

Statement  Let V_t(s) = log sum_a e^{Q_t(s,a)}, V_H = 0, and pi_Q = e^{Q - V}. For every Q, every expert and every beta
               sum_t E_{d_t^E} [Q_t(s,a) - V_{t+1}(s')] - E_rho V_0 = sum_t E_{d_t^E} log pi_Q(a|s),
               E_rho V_0 = sum_t E_{d_t^beta} [V_t(s) - V_{t+1}(s')],
           so that V_0 may be estimated on any policy's replay. Let O(Q) be the left side minus lambda sum_t E_{d_t^E}
           (Q_t - V_{t+1})^2. At lambda = 0
               O(Q^E) - O(Q) = sum_t E_{s ~ d_t^E} KL(E(s), pi_Q(s)) >= 0
           for every Q^E with pi_{Q^E} = E, and O(Q + c) = O(Q) for every function c_t(s): the maximisers are the
           clones, and Q is identified up to functions of the state only. The penalty breaks this tie: it is a quadratic
           function of c, strictly convex on the states that E visits; over one step its minimum among the clones'
           Q = log E + c is at c = the entropy of E(s). A maximiser at lambda > 0 satisfies
               sum_t E_{d_t^E} KL(E, pi_Q) <= lambda sum_t E_{d_t^E} (log E(a|s))^2,
           which IQ-Learn's result does; at lambda = 0 it is the clone up to 1/1000.
Assumes    E > 0 (shortfall, and all that follows); the penalty is 0 (the result is the clone).
Units      Q in nats at temperature 1; an episode of the demonstrations has weight 1.
Kind       identity; for all; exists (the learner, enumerated)
Source     adapted from Wulfmeier and others, 2024; Garg, Chakraborty, Cundy, Song and Ermon, 2021.
Proof      proofs/imitation/iq_learning_is_penalised_likelihood.md
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.imitation.features import noisy_ring
from ...learn import IQLearn, fit, grant
from ...model import MDP, Finite, TabularPolicy
from ...model.expectation import expected_next
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part
from ...verify.faults import delay_by_a_step


def soft(weights):
    """Q and V, with V_H = 0, for weights e^Q `[t,s,a]`."""
    V = measure.logarithm(weights.sum(axis=-1))
    return measure.logarithm(weights), [*V, V[0] * 0]


def ahead(mdp, V):
    """E[V_{t+1}(n) | s, a], `[t,s,a]`."""
    return stack([expected_next(mdp, V[t + 1], t) for t in range(mdp.horizon.H)])


def likelihood(m, weights):
    """sum_t E_{d_t^E} [Q_t - V_{t+1}] - E_rho V_0: the objective at penalty 0."""
    Q, V = soft(weights)
    d = measure.occupancy(m.mdp, m.expert)
    return (d * (Q - ahead(m.mdp, V))).sum() - measure.mean_product(V[0], 1, m.mdp.rho)


def squares(m, weights):
    """sum_t E_{d_t^E} (Q_t(s,a) - V_{t+1}(s'))^2."""
    Q, V = soft(weights)
    mean, second = ahead(m.mdp, V), ahead(m.mdp, [v * v for v in V])
    return (measure.occupancy(m.mdp, m.expert) * (Q * Q - Q * mean * 2 + second)).sum()


def policy_of(weights):
    return TabularPolicy(weights / weights.sum(axis=-1, keepdims=True))


def on_replay(m, discount=1):
    """sum_t E_{d_t^beta} [V_t(s) - discount * V_{t+1}(s')]."""
    _, V = soft(m.weights)
    d = measure.occupancy(m.mdp, m.replay)
    now = (d.sum(axis=-1) * stack(V[:-1])).sum()
    return now - (d * ahead(m.mdp, V)).sum() * discount


def check(m, discount=1):
    log_policy = measure.logarithm(policy_of(m.weights).table)
    _, V = soft(m.weights)
    return Equal(
        {
            "likelihood": (likelihood(m, m.weights), (measure.occupancy(m.mdp, m.expert) * log_policy).sum()),
            "replay": (on_replay(m, discount), measure.mean_product(V[0], 1, m.mdp.rho)),
        }
    )


def another_discount(m):
    return check(m, discount=m.mdp.like("9/10"))


FAMILY = Family(
    blocks=dict(
        P=Simplex("H", "S", "A", to="S"),
        rho=Simplex(to="S"),
        weights=Box("H", "S", "A", lower=1, upper=9),
        expert=Simplex("H", "S", to="A"),
        replay=Simplex("H", "S", to="A"),
    ),
    sizes=dict(H=(1, 3), S=(1, 2), A=(1, 2)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.weights * 0, x.rho, horizon=Finite(x.sizes["H"])),
        expert=lambda x: TabularPolicy(x.expert),
        replay=lambda x: TabularPolicy(x.replay),
        weights=lambda x: x.weights,
    ),
)


def two_steps():
    """Two states, which the expert changes and the replayed policy keeps, with different soft values."""
    P = objects([[[1, 0], [0, 1]], [[0, 1], [1, 0]]])
    mdp = MDP(P, objects([[0, 0], [0, 0]]), objects([1, 0]), horizon=Finite(2))
    expert, replay = (TabularPolicy(objects([row] * 2)) for row in ([0, 1], [1, 0]))
    weights = objects([[[1, 2], [3, 5]], [[2, 5], [1, 4]]])
    return Instance(mdp=mdp, expert=expert, replay=replay, weights=weights)


# ---- without penalty: clones, up to functions of the state
def shortfall(m):
    own = m.expert.table * m.scale[..., None]
    return Equal(
        {
            "shortfall": (
                likelihood(m, own) - likelihood(m, m.weights),
                (measure.occupancy(m.mdp, m.expert).sum(axis=-1) * measure.kl(m.expert, policy_of(m.weights))).sum(),
            ),
            "shift": (likelihood(m, m.weights * m.scale[..., None]), likelihood(m, m.weights)),
        }
    )


def shift_by_action(m):
    """As if Q were identified only up to functions of state and action."""
    tilted = m.weights * m.scale[..., None] ** np.arange(m.weights.shape[-1])
    return Equal({**shortfall(m).pairs, "shift": (likelihood(m, tilted), likelihood(m, m.weights))})


SHIFTS = Family(
    blocks=dict(
        **{name: FAMILY.blocks[name] for name in ("P", "rho", "weights")},
        expert=Box("H", "S", "A", lower=1, upper=9),
        scale=Box("H", "S", lower=1, upper=5),
    ),
    sizes=dict(H=(1, 3), S=(1, 2), A=(1, 2)),
    models=dict(
        mdp=FAMILY.models["mdp"],
        expert=lambda x: policy_of(x.expert),
        weights=lambda x: x.weights,
        scale=lambda x: x.scale,
    ),
)


# ---- the representative that the penalty picks
def by_shift(m):
    """The penalty of Q + c, c = log scale, as a quadratic function of c; over one step its minimum is the entropy."""
    Q, V = soft(m.weights)
    c = [*measure.logarithm(m.scale), V[-1]]
    d = measure.occupancy(m.mdp, m.expert)
    own, later, second = stack(c[:-1])[..., None], ahead(m.mdp, c), ahead(m.mdp, [x * x for x in c])
    reached = ahead(m.mdp, [x * y for x, y in zip(V, c, strict=True)])
    cross = (d * (Q * own - Q * later - own * ahead(m.mdp, V) + reached)).sum()
    further = (d * (own * own - own * later * 2 + second)).sum()
    shifted = squares(m, m.weights * m.scale[..., None])
    return Equal({"squares": (shifted, squares(m, m.weights) + cross * 2 + further)})


def one_step(m, best=None):
    """Of the clones over one step: the variance of log E, and the squared distance of c from the entropy of E."""
    logs = measure.logarithm(m.expert.table)
    rho, table = measure.occupancy(m.mdp, m.expert).sum(axis=-1), m.expert.table
    entropy = -(logs * table).sum(axis=-1) if best is None else best
    spread = ((logs + entropy[..., None]) ** 2 * table).sum(axis=-1)
    apart = (measure.logarithm(m.scale) - entropy) ** 2
    return Equal({"squares": (squares(m, table * m.scale[..., None]), (rho * (spread + apart)).sum())})


def log_itself(m):
    """As if Q = log E had the smallest rewards."""
    return one_step(m, best=measure.logarithm(m.scale) * 0)


ONE_STEP = replace(SHIFTS, sizes=dict(H=(1, 1), S=(1, 2), A=(1, 3)))


def coin(scale=3):
    """One step and state, two actions, played with probabilities 1/4 and 3/4; Q is their logarithm + log scale."""
    mdp = MDP(objects([[[1], [1]]]), objects([[0, 0]]), horizon=Finite(1))
    tables = objects([[["1/4", "3/4"]]]), objects([[["1/2", "1/2"]]])
    expert, replay = (TabularPolicy(table) for table in tables)
    return Instance(mdp=mdp, expert=expert, replay=replay, weights=tables[1] * 6, scale=objects([[scale]]))


# ---- the learner
def learn_ring(seed, penalty):
    """IQ-Learn's policy, rounded to thousandths, on a noisy ring whose expert plays all actions."""
    m = noisy_ring(seed)
    access = grant(m.mdp, expert=m.expert, demonstrations="exact", episodes="exact")
    found = fit(IQLearn(penalty, modelled=True), access, rng=np.random.default_rng(0)).policy.table
    table = objects(np.rint(1000 * found).astype(int))  # so that results do not depend on the processor
    learner = TabularPolicy(table / table.sum(axis=-1, keepdims=True))
    return m.replace(learner=learner, penalty=rational(penalty))


PENALTIES = "1/100", "1/10", 1, 10


def learn_with_penalties():
    return [learn_ring(seed, penalty) for penalty in PENALTIES for seed in range(2)]


def diverges_little(m):
    states = measure.occupancy(m.mdp, m.expert).sum(axis=-1)
    logs = measure.logarithm(m.expert.table)
    divergence = (states * measure.kl(m.expert, m.learner)).sum()
    return Bound(divergence, (measure.occupancy(m.mdp, m.expert) * logs * logs).sum() * m.penalty)


def clones(m):
    states = measure.occupancy(m.mdp, m.expert).sum(axis=-1)
    return Bound((states * measure.total_variation(m.expert, m.learner)).max(), m.mdp.like("1/1000")[()])


def figure(ax, rows):
    """Divergence of IQ-Learn's policy from the demonstrations against the weight of the penalty."""
    found = [row for row in rows if row["part"] == LEARNER and not row.get("control") and row["sides"]]
    at = [float(Fraction(row["parameters"]["penalty"])) for row in found]
    ax.plot(at, [row["sides"][0] for row in found], "oC0", label="IQ-Learn")
    ax.plot(at, [row["sides"][1] for row in found], "k_", label=r"bound $\lambda\, E[(\log E)^2]$")
    failing = [row for row in rows if row.get("control") and row["label"] == PENALISED]
    ax.plot([1] * len(failing), [row["sides"][0] for row in failing], "xC1", label="TV, as if it cloned (fails)")
    ax.set(xlabel=r"penalty $\lambda$", ylabel="KL from the demonstrations", xscale="log", yscale="log")
    ax.legend()


NO_PENALTY = Assumption("the penalty is 0", lambda m: m.penalty == 0)
POSITIVE = Assumption("the expert plays every action", lambda m: (m.expert.table > 0).all())
CLONES, SHIFTED, STEP, LEARNER = "clones, up to shifts", "shifts", "one step", "the learner's divergence"
RESULT, PENALISED = "the learner clones", "a penalty of 1"
CLAIM = Claim(
    "iq_learning_is_penalised_likelihood",
    check,
    FAMILY,
    formula=(
        r"\sum_t \mathbb{E}_{d_t^E} \big[ Q_t(s, a) - V_{t+1}(s') \big] - \mathbb{E}_\rho V_0 = \sum_t "
        r"\mathbb{E}_{d_t^E} \log \pi_Q(a \mid s), \qquad V = \log \sum_a e^Q, \quad \pi_Q = e^{Q - V}"
    ),
    papers=("wulfmeier2024", "garg2021"),
    tags=("inverse-reinforcement-learning", "entropy", "behavioural-cloning"),
    controls=(
        Control("replay at another discount", witness=two_steps, tightens=another_discount, at="replay"),
        Control("visits counted one step late", witness=two_steps, sabotages=measure.occupancy, by=delay_by_a_step),
        Control("identified up to state and action", witness=coin, tightens=shift_by_action, at="shift", part=CLONES),
        Control("the smallest rewards at log E", witness=coin, tightens=log_itself, at="squares", part=STEP),
        Control(PENALISED, witness=lambda: learn_ring(0, 1), drops=NO_PENALTY.name, part=RESULT),
    ),
    also=(
        Part(CLONES, SHIFTS, shortfall, assumes=(POSITIVE,)),
        Part(SHIFTED, SHIFTS, by_shift, assumes=(POSITIVE,)),
        Part(STEP, ONE_STEP, one_step, assumes=(POSITIVE,)),
        Part(LEARNER, learn_with_penalties, diverges_little, assumes=(POSITIVE,)),
        Part(RESULT, lambda: [learn_ring(seed, 0) for seed in range(3)], clones, assumes=(POSITIVE, NO_PENALTY)),
    ),
    figure=figure,
)
