"""On the learner's own states the gap is at most the class error and both players' regrets in the moment game, times u.

Statement  Let moments f_1..f_N of a convex class F meet policies pi_1..pi_N with uniform mixture M, l_k(pi) = sum_t
           E_{s ~ d_t^{pi_k}} [f_k(s, E) - f_k(s, pi)], and let F contain Q^E / u up to functions of the state. With the
           class error c = min_{pi in C} (1/N) sum_k l_k(pi) of policies C, the regrets R = sum_k l_k(pi_k) - N c and
           R_f = max_{f in F} sum_k sum_t E_{d_t^{pi_k}} [f(s, E) - f(s, pi_k)] - sum_k l_k(pi_k),
               J(E) - J(M) <= u (c + (R + R_f) / N),
           with equality for a class of Q^E / u alone; R_f <= 0 if each f_k is the best response to pi_k. Against such
           moments the gap is hence at most u c if no policy of C has a lower loss (R <= 0), and at most u R/N if C
           contains the expert (c <= 0). DAeQuIL, which follows the regularised leader at rate eta, has c <= 0 and
               J(E) - J(M) <= u (1/N) sum_k l_k(pi_k)
                             <= (u/N) (H S (1 - 1/A) / (2 eta) + (eta/2) sum_k |d^{pi_k} f_k'|^2),
           f' = f minus its mean over the actions.
Assumes    the class contains the expert's action values divided by u, up to functions of the state; each moment is the
           best response; no policy in the class has a lower loss (R <= 0); the expert is in the class (in the parts
           that name it).
Units      u times a moment is in units of J, the undiscounted return; l_k is a sum over an episode.
Kind       for all; exists (DAeQuIL, enumerated)
Source     adapted from Swamy, Choudhury, Bagnell and Wu, 2021.
Proof      proofs/imitation/on_policy_moment_regret_bounds_the_gap.md
"""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...instances.blocks import Box, Choice, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.imitation.cliff import first_fall, habit
from ...instances.library.imitation.road import ditch, fog
from ...kernels import finite
from ...learn import DAeQuIL, fit, grant
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part
from ...verify.faults import exchange_states


def loss(m, road, f, table):
    """sum_t E_{s ~ d_t} [f(s, E) - f(s, pi)] for the states d of the `road` and the policy's table."""
    states = measure.occupancy(m.mdp, road).sum(axis=-1)[..., None]
    return (states * ((m.expert.table - table) * f)).sum()


def terms(m, astray=True):
    """Averages over the rounds: the gap, the class error, and the regrets of policies and of moments."""
    policies, N = [TabularPolicy(table) for table in m.learners], len(m.learners)
    roads = policies if astray else [m.expert] * N
    gap = sum(measure.value_gap(m.mdp, m.expert, policy) for policy in policies) / N
    own = sum(loss(m, road, f, pi.table) for road, f, pi in zip(roads, m.played, policies, strict=True)) / N
    rules = [sum(loss(m, road, f, rule) for road, f in zip(roads, m.played, strict=True)) / N for rule in m.rules]
    most = [sum(loss(m, road, f, pi.table) for road, pi in zip(roads, policies, strict=True)) / N for f in m.moments]
    error = stack(rules).min()
    return gap, error, own - error, stack(most).max() - own


def check(m, astray=True):
    gap, error, regret, of_moments = terms(m, astray)
    return Bound(gap, (error + regret + of_moments) * m.u)


def where_the_expert_goes(m):
    return check(m, astray=False)


def half_of_u(m):
    gap, right = check(m).sides
    return Bound(gap, right / 2)


def policies_regret_alone(m):
    gap, error, regret, _ = terms(m)
    return Bound(gap, (error + regret) * m.u)


def by_class(m):
    gap, error, *_ = terms(m)
    return Bound(gap, error * m.u)


def by_regret(m):
    gap, _, regret, _ = terms(m)
    return Bound(gap, regret * m.u)


def attains(m):
    return Equal({"gap": check(m).sides})


# ---- instances: a reward for which the first moment is the expert's action value divided by u, up to a shift
def process(x):
    Q = x.moments[0] * x.u + x.shift[..., None]
    V = np.concatenate([(x.expert * Q).sum(axis=-1), x.shift[:1] * 0])
    ahead = (x.P * V[1:, None, None, :]).sum(axis=-1)
    return MDP(x.P, Q - ahead, x.rho, horizon=Finite(x.sizes["H"]))


def play_moments(x):
    """The moments of the rounds `[n,t,s,a]`."""
    return (x.mixed[:, :, None, None, None] * x.moments[None]).sum(axis=1)


FAMILY = Family(
    blocks=dict(
        P=Simplex("H", "S", "A", to="S"),
        rho=Simplex(to="S"),
        moments=Box("K", "H", "S", "A", lower=-1),
        mixed=Simplex("N", to="K"),
        shift=Box("H", "S", lower=-1),
        u=Choice(of=(1, 2, 5)),
        expert=Simplex("H", "S", to="A"),
        learners=Simplex("N", "H", "S", to="A"),
        rules=Simplex("C", "H", "S", to="A"),
    ),
    sizes=dict(H=(1, 3), S=(1, 2), A=(2, 2), K=(1, 2), N=(1, 2), C=(1, 2)),
    models=dict(
        mdp=process,
        moments=lambda x: x.moments,
        u=lambda x: x.u,
        expert=lambda x: TabularPolicy(x.expert),
        learners=lambda x: x.learners,
        played=play_moments,
        rules=lambda x: x.rules,
    ),
)


def respond(x):
    """Of one round: the moment that is best against the learner is the one played."""
    d = finite.occupancy(x.P, x.rho, x.learners[0], len(x.P)).sum(axis=2)[..., None]
    payoffs = [(d * (x.expert - x.learners[0]) * f).sum() for f in x.moments]
    pure = np.eye(len(payoffs), dtype=int)
    best, mixed = payoffs[0], x.like(pure[:1])
    for k in range(1, len(payoffs)):
        mixed = np.where(payoffs[k] > best, x.like(pure[k : k + 1]), mixed)
        best = np.where(payoffs[k] > best, payoffs[k], best)
    return d, type(x)(**{**vars(x), "mixed": mixed})


def best_moment(x):
    return respond(x)[1]


def unbeaten(x):
    """The same, where every rule with a lower loss on the learner's states becomes the learner."""
    d, x = respond(x)
    learner, f = x.learners[0], play_moments(x)[0]
    own, *others = ((d * (x.expert - table) * f).sum() for table in (learner, *x.rules))
    rules = [np.where(loss < own, learner, rule) for loss, rule in zip(others, x.rules, strict=True)]
    return type(x)(**{**vars(x), "rules": np.stack(rules)})


ONE_ROUND = {**FAMILY.sizes, "N": (1, 1)}
UNBEATEN_FAMILY = replace(FAMILY, sizes=ONE_ROUND, repair=unbeaten)
IN_CLASS_FAMILY = replace(
    FAMILY,
    sizes=ONE_ROUND,
    models={**FAMILY.models, "rules": lambda x: np.stack([*x.rules, x.expert])},
    repair=best_moment,
)


def game(m, moments=None, played=None, rule=None):
    """One round of a named instance: the learner against the moments, by default Q^E / u alone, which is played."""
    H, S, A = m.mdp.horizon.H, m.mdp.S, m.mdp.A
    u = measure.recoverability(m.mdp, m.expert).lower[()]
    own = measure.action_value(m.mdp, m.expert).lower[None] / u if moments is None else moments
    table = np.broadcast_to(m.learner.table, (H, S, A))
    expert = np.broadcast_to(m.expert.table, (H, S, A))
    return Instance(
        mdp=m.mdp,
        expert=TabularPolicy(objects(expert)),
        learners=objects(table)[None],
        rules=objects(expert if rule is None else np.broadcast_to(rule.table, (H, S, A)))[None],
        moments=own,
        played=own[:1] if played is None else played,
        u=u,
    )


def blind(m):
    """The same with moments that see nothing."""
    own = game(m)
    return game(m, own.moments * 0)


def idle(m):
    """The same with a second moment, 0, which is the one played."""
    own = game(m)
    return game(m, np.concatenate([own.moments, own.moments * 0]), own.moments * 0)


def tight():
    return [game(make(H, eps)) for make in (habit, first_fall) for H in (1, 2, 5) for eps in ("1/10", 1)]


# ---- the learner
def run(m, N, rate="1/2", name="ditch"):
    """DAeQuIL with exact laws: its policies, moments and reported losses."""
    access = grant(m.mdp, expert=m.expert, episodes="exact", queries="exact")
    answer = fit(DAeQuIL(iterations=N, rate=rate), access, rng=np.random.default_rng(0))
    tables, played = (
        objects(np.stack([getattr(each, "table", each) for each in column]))
        for column in (answer.trace["policy"], answer.trace["reward"])
    )
    expert = TabularPolicy(objects(np.broadcast_to(m.expert.table, tables.shape[1:])))
    reported = objects(list(answer.trace["loss"]))
    run_of = dict(learners=tables, played=played, reported=reported, rate=rational(rate), N=N, name=name)
    return Instance(mdp=m.mdp, expert=expert, **run_of)


LENGTHS = 1, 2, 4, 8, 16, 32


def runs():
    others = run(fog(3, "1/3"), 4, name="fog"), run(habit(4), 5, "1/4", name="habit")
    return [*(run(ditch(5, 3), N) for N in LENGTHS), *others]


def guarantee(m):
    policies, N = [TabularPolicy(table) for table in m.learners], len(m.learners)
    H, S, A = m.mdp.horizon.H, m.mdp.S, m.mdp.A
    u = measure.recoverability(m.mdp, m.expert)
    gap = sum(measure.value_gap(m.mdp, m.expert, policy) for policy in policies) / N
    own = sum(loss(m, pi, f, pi.table) for f, pi in zip(m.played, policies, strict=True)) / N
    states = [measure.occupancy(m.mdp, policy).sum(axis=-1)[..., None] for policy in policies]
    centred = m.played - m.played.sum(axis=-1, keepdims=True) / A
    squares = sum(((d * f) ** 2).sum() for d, f in zip(states, centred, strict=True))
    start = m.mdp.like(H * S * (A - 1))[()] / (m.rate * (2 * A))
    return Bound(gap, u * own, u * (squares * m.rate / 2 + start) / N)


def reports(m):
    own = [loss(m, TabularPolicy(table), f, table) for table, f in zip(m.learners, m.played, strict=True)]
    return Equal({"loss": (m.reported, stack(own))})


def contains(m):
    """Whether Q^E - u times the first moment is a function of the state."""
    rest = measure.action_value(m.mdp, m.expert) - m.moments[0] * m.u
    return rest == rest[..., :1]


def figure(ax, rows):
    """DAeQuIL on a road beside a ditch: gap, u times the mean loss and the guarantee, against the rounds."""
    found = [row for row in rows if row["part"] == LEARNER and row["parameters"].get("name") == "ditch"]
    N = [int(row["parameters"]["N"]) for row in found]
    for side, style, words in ((0, "oC0", "value gap"), (1, "sC2", "$u$ mean loss"), (2, "k--", "bound")):
        ax.plot(N, [row["sides"][side] for row in found], style, mfc="none", label=words)
    fails = [row["sides"] for row in rows if row.get("control") and row["label"] == OFF_POLICY]
    for _, right in fails:
        ax.plot([1], [right], "xC1", label="expert's states, habit (fails)")
    ax.set(xlabel="rounds $N$", ylabel="units of $J$", xscale="log", yscale="log")
    ax.minorticks_off()
    ax.set_xticks(LENGTHS, [str(each) for each in LENGTHS])
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1), fontsize=6)


CONTAINS = Assumption(
    "the class contains the expert's action values divided by u, up to functions of the state", contains
)
BEST = Assumption("each moment is the best response", lambda m: terms(m)[3] <= 0)
UNBEATEN = Assumption("no policy in the class has a lower loss", lambda m: terms(m)[2] <= 0)
IN_CLASS = Assumption("the expert is in the class", lambda m: any((rule == m.expert.table).all() for rule in m.rules))
CLASS, REGRET = "the class error alone", "the regret alone"
LEARNER, OFF_POLICY = "the learner's guarantee", "labels on the expert's states only"
CLAIM = Claim(
    "on_policy_moment_regret_bounds_the_gap",
    check,
    FAMILY,
    formula=(
        r"J(E) - J(M) \le u \Big( c + \frac{R + R_f}{N} \Big), \qquad \ell_k(\pi) = \sum_t \mathbb{E}_{s \sim "
        r"d_t^{\pi_k}} \big[ f_k(s, E) - f_k(s, \pi) \big], \quad c = \min_{\pi \in C} \frac1N \sum_k \ell_k(\pi)"
    ),
    papers=("swamy2021",),
    tags=("moments", "interactive-learning", "no-regret", "recoverability"),
    assumes=(CONTAINS,),
    controls=(
        Control(OFF_POLICY, witness=lambda: game(habit(5, "1/10")), tightens=where_the_expert_goes),
        Control("half of u", witness=lambda: game(first_fall(3, 1)), tightens=half_of_u),
        Control("a moment that sees nothing is played", witness=lambda: idle(habit(3)), tightens=policies_regret_alone),
        Control("a class that sees nothing", witness=lambda: blind(habit(3)), drops=CONTAINS.name),
        Control(
            "the class error of a learner that regrets",
            witness=lambda: game(first_fall(3, "1/20"), rule=first_fall(3, "1/40").learner),
            drops=UNBEATEN.name,
            part=CLASS,
        ),
        Control(
            "the regret in a class without the expert",
            witness=lambda: game(first_fall(3, "1/20"), rule=first_fall(3, "1/40").learner),
            drops=IN_CLASS.name,
            part=REGRET,
        ),
        Control(
            "states exchanged",
            witness=lambda: game(first_fall(3, 1)),
            sabotages=measure.occupancy,
            by=exchange_states,
        ),
    ),
    also=(
        Part("a class of one moment attains it", tight, attains, assumes=(CONTAINS,)),
        Part(CLASS, UNBEATEN_FAMILY, by_class, assumes=(CONTAINS, BEST, UNBEATEN)),
        Part(REGRET, IN_CLASS_FAMILY, by_regret, assumes=(CONTAINS, BEST, IN_CLASS)),
        Part(LEARNER, runs, guarantee),
        Part("reported losses", runs, reports),
    ),
    figure=figure,
    sides=(r"$J(E) - J(M)$", r"$u\,(c + (R + R_f)/N)$"),
)
