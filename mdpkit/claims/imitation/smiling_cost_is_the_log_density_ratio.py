"""SMILING's cost of a state tends to the log-ratio of the learner's to the expert's probability of it.

Statement  With the states and noise of `score_divergence_is_the_kl_divergence`, P the learner's and Q the expert's law
           of states, and target = grad log of the density of s_t given s, let
               c_t(s) = integral over times t' >= t of
                        E[|grad log Q_t'(s_t') - target|^2 - |grad log P_t'(s_t') - target|^2 given s].
           Then c_t(s) = E[log P_t(s_t) / Q_t(s_t) given s], and
               log P(s) / Q(s) - k_Q(s) <= c_t(s) <= log P(s) / Q(s) + k_P(s),
               k_R(s) = sum over s' != s of sqrt(R(s') / R(s)) e^(-u (x_s - x_s')^2 / 8),  u = e^-2t / (1 - e^-2t).
           So exact SMILING is matching of states in reverse KL. Runs of SMILING: every round's cost in the limit is
           log(d_k / d_E) up to 10^-5, and with noise it is within k_Q, k_P and 1/100 of it.
Assumes    the points are all different; P and Q are positive at every state.
Units      costs in nats; t is the time of the Ornstein-Uhlenbeck process.
Kind       for all (enumerated); identity
Source     adapted from Wu, Chen, Swamy, Brantley and Sun, 2025.
Proof      proofs/imitation/smiling_cost_is_the_log_density_ratio.md
"""

from fractions import Fraction

import numpy as np

from ... import measure
from ...base.arrays import exactly, objects, rational
from ...instances.instance import Instance
from ...instances.library.imitation.choices import choices
from ...learn import SMILING, fit, grant
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def log_ratio(m):
    return (measure.logarithm(m.P) - measure.logarithm(m.Q)).enclose()


def check(m):
    limit, low, high = log_ratio(m), measure.confusion(m.x, m.Q, m.u), measure.confusion(m.x, m.P, m.u)
    cost = measure.score_costs(m.x, m.P, m.Q, m.u)
    return Bound(limit - low, cost, limit + high)


def lower_costs_only(m):
    """As if noise only lowered costs."""
    limit, low = log_ratio(m), measure.confusion(m.x, m.Q, m.u)
    return Bound(limit - low, measure.score_costs(m.x, m.P, m.Q, m.u), limit)


def at_one_time(m):
    return Equal({"cost": (measure.score_costs(m.x, m.P, m.Q, m.u), measure.noised_log_ratio(m.x, m.P, m.Q, m.u))})


# ---- instances
def place(x, P, Q, u):
    """States at points x, the learner's law P, the expert's Q, and the ratio u of signal to noise at the first time."""
    return Instance(x=objects(x), P=objects(P), Q=objects(Q), u=rational(u))


PAIR = ["1/2", "1/2"], ["1/4", "3/4"]
NOTES = ["1/2", "1/5", "1/5", "1/10"], ["1/10", "1/4", "3/10", "7/20"]


def embeddings():
    return [
        *(place([0, 1], *PAIR, u) for u in (4, 16, 64)),
        place([0, "1/2"], ["1/10", "9/10"], ["9/10", "1/10"], 49),
        place([0, 1, 3], ["1/2", "1/4", "1/4"], ["1/4", "1/2", "1/4"], 4),
        place([2, 0, "1/2"], ["1/3", "1/3", "1/3"], ["1/6", "1/3", "1/2"], 9),
    ]


def low_noise():
    return [place([0, 1, 2, 3], *NOTES, 36), place([0, 1], *PAIR, 100)]


# ---- runs of the learner
def rounds(limit):
    """Costs of four rounds of SMILING, each with the laws of states that they compare."""
    m = choices(["1/2", "3/10", "1/5"], [0, 0, 0], 3)
    learner = SMILING(
        rounds=4, score="last", limit=limit, noise=None if limit else list(FIRST), space_nodes=40, time_nodes=8
    )
    access = grant(m.mdp, expert=m.expert, demonstrations="exact", episodes="exact")
    trace = fit(learner, access, rng=np.random.default_rng(0)).trace
    shown = measure.occupancy(m.mdp, m.expert).lower.sum(axis=(0, 2)) / m.mdp.horizon.H
    return [
        Instance(x=objects(np.arange(m.mdp.S)), P=P, Q=shown, cost=objects(exactly(cost)), u=rational(RATIO))
        for P, cost in zip(trace["states"], trace["cost"], strict=True)
    ]


RATIO = 16
FIRST = tuple(np.geomspace(np.log1p(1 / RATIO) / 2, 8, 12))


def limit_runs(m):
    return Bound(abs(log_ratio(m) - m.cost), rational("1/100000"))


def noised_runs(m):
    low, high = measure.confusion(m.x, m.Q, m.u), measure.confusion(m.x, m.P, m.u)
    off = rational("1/100")
    return Bound(log_ratio(m) - low - off, m.cost, log_ratio(m) + high + off)


# ---- controls
def freeze_score(score_costs, x, p, q, snr):
    """The learner's score stays that of the uniform law."""
    return score_costs(x, objects([f"1/{len(p)}"] * len(p)), q, snr)


def exchange_laws(score_costs, x, p, q, snr):
    return score_costs(x, q, p, snr)


def numbers(m):
    """Per state: the limit, the cost, both errors allowed, and the cost with the score of the uniform law."""
    cost = measure.score_costs(m.x, m.P, m.Q, m.u)
    errors = [measure.confusion(m.x, law, m.u).mid.tolist() for law in (m.Q, m.P)]
    untrained = freeze_score(measure.noised_log_ratio, m.x, m.P, m.Q, m.u)
    names = ("limit", "cost", "below", "above", "frozen")
    return dict(
        zip(names, (log_ratio(m).mid.tolist(), cost.mid.tolist(), *errors, untrained.mid.tolist()), strict=True)
    )


def figure(ax, rows):
    """The cost of every state against its limit, with the errors allowed, and the cost with a frozen learner score."""
    at = [row["data"] for row in rows if row["part"] == AT_ONE_TIME and "data" in row]
    limit, cost, below, above, untrained = (
        [value for row in at for value in row[name]] for name in ("limit", "cost", "below", "above", "frozen")
    )
    ends = [min(limit), max(limit)]
    ax.errorbar(limit, limit, yerr=[below, above], fmt="none", ecolor="0.7", label="errors allowed")
    ax.plot(ends, ends, "k--", label="limit $t \\to 0$")
    ax.plot(limit, cost, ".C0", label="cost")
    ax.plot(limit, untrained, "xC1", label="frozen learner score (fails)")
    ax.set(xlabel="log density ratio $\\log P(s) / Q(s)$", ylabel="cost $c_t(s)$", ylim=(-4, 6))
    ax.legend(fontsize=6)


DIFFERENT = Assumption("the points are all different", lambda m: len(set(m.x.tolist())) == len(m.x))
POSITIVE = Assumption("both laws are positive at every state", lambda m: (m.P > 0).all() and (m.Q > 0).all())
AT_ONE_TIME, LIMIT, NOISED = "the log-ratio of noised laws", "SMILING in the limit", "SMILING with noise"
CLAIM = Claim(
    "smiling_cost_is_the_log_density_ratio",
    check,
    embeddings,
    formula=(
        r"\int_t^\infty \mathbb{E} \big[ \lvert \nabla \log Q_{t'} - \tau \rvert^2 - \lvert \nabla \log P_{t'} - \tau "
        r"\rvert^2 \,\big|\, s \big]\, dt' = \mathbb{E} \Big[ \log \frac{P_t(s_t)}{Q_t(s_t)} \,\Big|\, s \Big] \to \log "
        r"\frac{P(s)}{Q(s)} \quad (t \to 0)"
    ),
    papers=("wu2025",),
    tags=("scores", "state-only"),
    assumes=(DIFFERENT, POSITIVE),
    controls=(
        Control(
            "a frozen learner score",
            witness=lambda: place([0, 1], ["1/10", "9/10"], ["9/10", "1/10"], 36),
            sabotages=measure.score_costs,
            by=freeze_score,
        ),
        Control(
            "learner and expert exchanged",
            witness=lambda: place([0, 1], *PAIR, 36),
            sabotages=measure.score_costs,
            by=exchange_laws,
        ),
        Control(
            "two states on one point",
            witness=lambda: place([0, 0, 1], ["1/4", "1/4", "1/2"], ["1/2", "1/8", "3/8"], 25),
            drops=DIFFERENT.name,
        ),
        Control("costs that noise only lowers", witness=lambda: place([0, 1], *PAIR, 16), tightens=lower_costs_only),
    ),
    also=(
        Part(AT_ONE_TIME, embeddings, at_one_time, assumes=(DIFFERENT, POSITIVE), data=numbers, thorough=low_noise),
        Part(LIMIT, lambda: rounds(True), limit_runs, assumes=(DIFFERENT, POSITIVE)),
        Part(NOISED, lambda: rounds(False), noised_runs, assumes=(DIFFERENT, POSITIVE)),
    ),
    resolution=Fraction(1, 10**6),
    thorough=low_noise,
    figure=figure,
)
