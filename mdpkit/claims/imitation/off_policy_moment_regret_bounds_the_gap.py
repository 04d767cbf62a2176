"""On demonstrations alone the gap is at most H times both players' average regret in the game of the learner's values.

Statement  For tables pi_1..pi_N with average L, moments f_1..f_N of a convex class F, and the off-policy payoff
           U(pi, f) = sum_t E_{s ~ d_t^E} [f(s, E) - f(s, pi)], let F contain Q^L / H up to functions of the state. With
           the regrets R_f = max_{f in F} sum_k U(pi_k, f) - sum_k U(pi_k, f_k) and
           R = sum_k U(pi_k, f_k) - min_pi sum_k U(pi, f_k),
               J(E) - J(L) <= H max_{f in F} U(L, f) <= (H / N) (R_f + R);
           a class of Q^L / H alone attains the first. For rewards in [0, 1], AdVIL against moments in [0, 1], at a rate
           eta <= 1/3, has
               J(E) - J(L) <= H max_f U(L, f) <= (H / N) (n (A + 1 - 1/A) / (2 eta) + eta H),
           n the number of pairs (t, s) that E visits.
Assumes    the class contains the learner's action values divided by H, up to functions of the state; rewards in [0, 1]
           (AdVIL).
Units      U is a sum over an episode; H times a moment is in units of J, the undiscounted return.
Kind       for all; exists (AdVIL, enumerated)
Source     adapted from Swamy, Choudhury, Bagnell and Wu, 2021; the rate adapted from Rakhlin and Sridharan, 2013.
Proof      proofs/imitation/off_policy_moment_regret_bounds_the_gap.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.imitation.cliff import cliff, first_fall
from ...instances.library.imitation.missteps import missteps
from ...instances.library.imitation.road import ditch, fog
from ...learn import AdVIL, fit, grant
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part
from ...verify.faults import exchange_states


def average(m):
    """The average of the tables, which plays a new table at every step."""
    return TabularPolicy(m.learners.sum(axis=0) / len(m.learners))


def payoff(m, table, f):
    """U(pi, f) for the policy's table."""
    states = measure.occupancy(m.mdp, m.expert).sum(axis=-1)[..., None]
    return (states * ((m.expert.table - table) * f)).sum()


def terms(m):
    """max_f U(L, f), and the average of both regrets."""
    N, L = len(m.learners), average(m)
    own = sum(payoff(m, table, f) for table, f in zip(m.learners, m.played, strict=True)) / N
    most = stack([payoff(m, L.table, f) for f in m.moments]).max()
    mean = m.played.sum(axis=0) / N
    best = mean.max(axis=-1, keepdims=True) - (m.expert.table * mean).sum(axis=-1, keepdims=True)
    least = -(measure.occupancy(m.mdp, m.expert).sum(axis=-1)[..., None] * best).sum()
    return most, (most - own) + (own - least)


def check(m):
    most, regrets = terms(m)
    H = m.mdp.horizon.H
    return Bound(measure.value_gap(m.mdp, m.expert, average(m)), most * H, regrets * H)


def mixture(m):
    """As if the tables were drawn once per episode."""
    gaps = [measure.value_gap(m.mdp, m.expert, TabularPolicy(table)) for table in m.learners]
    return Bound(sum(gaps) / len(gaps), *check(m).sides[1:])


def half_the_horizon(m):
    return Bound(*(side / (1 if k == 0 else 2) for k, side in enumerate(check(m).sides)))


def attains(m):
    gap, most, _ = check(m).sides
    return Equal({"gap": (gap, most)})


# ---- instances: a reward for which the first moment is the action value of the average, divided by H, up to a shift
def process(x):
    H, L = x.sizes["H"], x.learners.sum(axis=0) / len(x.learners)
    Q = x.moments[0] * H + x.shift[..., None]
    V = np.concatenate([(L * Q).sum(axis=-1), x.shift[:1] * 0])
    ahead = (x.P * V[1:, None, None, :]).sum(axis=-1)
    return MDP(x.P, Q - ahead, x.rho, horizon=Finite(H))


FAMILY = Family(
    blocks=dict(
        P=Simplex("H", "S", "A", to="S"),
        rho=Simplex(to="S"),
        moments=Box("K", "H", "S", "A", lower=-1),
        mixed=Simplex("N", to="K"),
        shift=Box("H", "S", lower=-1),
        expert=Simplex("H", "S", to="A"),
        learners=Simplex("N", "H", "S", to="A"),
    ),
    sizes=dict(H=(1, 3), S=(1, 2), A=(2, 2), K=(1, 2), N=(1, 2)),
    models=dict(
        mdp=process,
        moments=lambda x: x.moments,
        expert=lambda x: TabularPolicy(x.expert),
        learners=lambda x: x.learners,
        played=lambda x: np.einsum("nk,khsa->nhsa", x.mixed, x.moments),
    ),
)


def game(m, tables=None, values="learner"):
    """A named instance against one moment: the action values, of the average or of the expert, divided by H."""
    shape = (m.mdp.horizon.H, m.mdp.S, m.mdp.A)
    expert = objects(np.broadcast_to(m.expert.table, shape))
    learners = objects(np.broadcast_to(m.learner.table, shape))[None] if tables is None else tables
    own = Instance(mdp=m.mdp, expert=TabularPolicy(expert), learners=learners)
    policy = average(own) if values == "learner" else own.expert
    moments = measure.action_value(m.mdp, policy).lower[None] / m.mdp.horizon.H
    return own.replace(moments=moments, played=np.concatenate([moments] * len(learners)))


def two_mistakes():
    """Two steps, where only two mistakes cost, 1; one table makes none and the other both."""
    P = objects([[[1, 0, 0], [0, 1, 0]], [[0, 0, 1], [0, 0, 1]], [[0, 0, 1], [0, 0, 1]]])
    mdp = MDP(P, objects([[[0, 0]] * 3, [[1, 1], [1, 0], [0, 0]]]), objects([1, 0, 0]), horizon=Finite(2))
    expert = TabularPolicy(objects([[[1, 0]] * 3] * 2))
    none, both = ([[row] * 3] * 2 for row in ([1, 0], [0, 1]))
    return game(Instance(mdp=mdp, expert=expert), objects([none, both]))


def tight():
    cells = [first_fall(H, eps) for H in (1, 3, 6) for eps in ("1/10", 1)]
    return [game(m) for m in (*cells, cliff(4, "1/3"), missteps(5, "1/10", "1/2"))]


# ---- the learner
def run(m, N, rate="1/4", name="ditch"):
    """AdVIL on exact demonstrations: its policy and its reported payoff."""
    access = grant(m.mdp, expert=m.expert, demonstrations="exact")
    answer = fit(AdVIL(rounds=N, rate=rational(rate)), access, rng=np.random.default_rng(0))
    visited = int((measure.occupancy(m.mdp, m.expert).lower.sum(axis=-1) > 0).sum())
    payoffs = objects([answer.trace["sup_payoff"][-1]])
    of_run = dict(learner=answer.policy, reported=payoffs, visited=visited, rate=rational(rate), N=N, name=name)
    return Instance(mdp=m.mdp, expert=m.expert, **of_run)


LENGTHS = 1, 2, 4, 8, 16, 32


def runs():
    return [
        *(run(ditch(5, 3), N) for N in LENGTHS),
        run(fog(3, "1/3"), 5, name="fog"),
        run(cliff(4, 0), 6, "1/3", "cliff"),
    ]


def guarantee(m):
    H, A = m.mdp.horizon.H, m.mdp.A
    most = measure.cloning_error(m.mdp, m.expert, m.learner).sum()
    start = m.mdp.like(m.visited * (A * A + A - 1))[()] / (m.rate * (2 * A * m.N))
    return Bound(measure.value_gap(m.mdp, m.expert, m.learner), most * H, (start + m.rate * H / m.N) * H)


def match_report(m):
    return Equal({"payoff": (m.reported[0], measure.cloning_error(m.mdp, m.expert, m.learner).sum())})


def contains(m):
    """Whether Q^L - H times the first moment is a function of the state."""
    rest = measure.action_value(m.mdp, average(m)) - m.moments[0] * m.mdp.horizon.H
    return rest == rest[..., :1]


def pays_at_most_one(m):
    return (m.mdp.r >= 0).all() and (m.mdp.r <= 1).all()


def figure(ax, rows):
    """AdVIL on a road beside a ditch: gap, H times the payoff and the guarantee, against the rounds."""
    found = [row for row in rows if row["part"] == LEARNER and row["parameters"].get("name") == "ditch"]
    N = [int(row["parameters"]["N"]) for row in found]
    for side, style, words in ((0, "oC0", "value gap"), (1, "sC2", "$H$ payoff"), (2, "k--", "bound")):
        ax.plot(N, [row["sides"][side] for row in found], style, mfc="none", label=words)
    for *_, right in [row["sides"] for row in rows if row.get("control") and row["label"] == EXPERTS_VALUES]:
        ax.plot([1], [right], "xC1", label="the expert's values, ladder (fails)")
    ax.set(xlabel="rounds $N$", ylabel="units of $J$", xscale="log", yscale="log")
    ax.minorticks_off()
    ax.set_xticks(LENGTHS, [str(each) for each in LENGTHS])
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1), fontsize=6)


CONTAINS = Assumption(
    "the class contains the learner's action values divided by H, up to functions of the state", contains
)
UNIT = Assumption("rewards in [0, 1]", pays_at_most_one)
LEARNER, EXPERTS_VALUES = "the learner's guarantee", "moments of the expert's values"
CLAIM = Claim(
    "off_policy_moment_regret_bounds_the_gap",
    check,
    FAMILY,
    formula=(
        r"J(E) - J(L) \le H \max_{f \in F} U(L, f) \le \frac HN (R_f + R), \qquad U(\pi, f) = \sum_t \mathbb{E}_{s "
        r"\sim d_t^E} \big[ f(s, E) - f(s, \pi) \big], \quad \tfrac1H Q^L \in F"
    ),
    papers=("swamy2021", "rakhlin2013"),
    tags=("moments", "behavioural-cloning", "no-regret"),
    assumes=(CONTAINS,),
    controls=(
        Control(EXPERTS_VALUES, witness=lambda: game(missteps(8, "1/10", 1), values="expert"), drops=CONTAINS.name),
        Control("half of the horizon", witness=lambda: game(first_fall(3, 1)), tightens=half_the_horizon),
        Control("tables drawn once per episode", witness=two_mistakes, tightens=mixture),
        Control(
            "states exchanged",
            witness=lambda: game(first_fall(3, 1)),
            sabotages=measure.occupancy,
            by=exchange_states,
        ),
    ),
    also=(
        Part("a class of one moment attains it", tight, attains, assumes=(CONTAINS,)),
        Part(LEARNER, runs, guarantee, assumes=(UNIT,)),
        Part("reported payoffs", runs, match_report),
    ),
    figure=figure,
    sides=(r"$J(E) - J(L)$", r"$(H/N)(R_f + R)$"),
)
