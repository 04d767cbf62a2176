"""Training only the last turn, on the reference's histories, loses a share 1 - q^(H-1) of what earlier turns can gain.

Statement  A user must be asked the right question at all H turns but the last, which the reference does with
           probability q, and goes along with probability u; the best last answer is worth 1 on track and c < 1 off it.
           The questions are worth (1 - c) u^(H-1), and the best last answers to the reference's questions lose
               J* - J = (1 - c) u^(H-1) (1 - q^(H-1)).
           If one parameter decides the last answer on track and off it (u = 1), a regression on the reference's
           histories moves it by eta (m - c (1 - m)), m = q^(H-1), in every round. If m < c / (1 + c), which holds from
           some number of turns on if 0 < q < 1 and c > 0, the answer becomes that for dialogues off track, and J -> c
           although questions are trained. For c = 2/5 and (H, q) = (2, 1/4), (3, 1/2), (4, 1/2) REFUEL's last policy,
           with the same parameters on its own histories, comes within 1/100 of the optimum 1, while the reference's
           histories give at most c + 1/100. Over all policies REFUEL's last policy comes within 1/100 of the optimum
           for all q > 0 tried.
Assumes    q > 0 (over all policies); q at least 1/4 at H = 2, 1/2 at H = 3 and 4, and m at most 7/8 of c / (1 + c), so
           that 100 rounds are enough (the shared parameter).
Units      J in units of reward, in [0, 1].
Kind       identity (the loss, the step); exists (the learner, enumerated)
Source     adapted from Gao, Zhan, Chang, Swamy, Brantley, Lee and Sun, 2025.
Proof      proofs/preference/last_turn_training_loses_with_the_turns.md
"""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...ink.figures import panels
from ...instances.library.preference.dialogues import last_turn, shared_answer
from ...learn import REFUEL, LogLinear, fit, grant
from ...model import TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def check(m):
    turns = m.mdp.horizon.H - 1
    lost = (1 - m.rest) * m.user**turns * (1 - m.q**turns)
    gap = measure.value_gap(m.mdp, m.best, m.last)
    return Equal({"gap": (gap, lost), "optimum": (measure.value(m.mdp, m.best), m.rest + (1 - m.rest) * m.user**turns)})


def two_turns(m):
    """As if the loss did not grow with the turns."""
    pairs = check(m).pairs
    return Equal({**pairs, "gap": (pairs["gap"][0], (1 - m.rest) * m.user * (1 - m.q))})


def list_dialogues():
    return [last_turn(H, q, user) for H in (1, 2, 3, 8) for q in (0, "1/2", 1) for user in ("9/10", 1)]


def certain_user(value, problem, policy):
    """The value if the user always went along."""
    P = problem.P.copy()
    P[0, 1] = objects([1, 0])
    return value(replace(problem, P=P), policy)


# ---- one parameter for the last answer
def shared_step(m):
    """Sums over pairs of answers at the last turn, on the reference's histories, of d^2 and d (Q - Q')."""
    d = measure.occupancy(m.mdp, m.reference)[-1].sum(axis=-1)
    Q, pi = measure.action_value(m.mdp, m.reference)[-1], m.reference.table[-1]
    phi = m.features[..., -1]
    square = measure.relative_error(phi, pi, pi, d)
    slope = (measure.relative_error(Q + phi, pi, pi, d) - measure.relative_error(Q - phi, pi, pi, d)) / 4
    on = m.q ** (m.H - 1)
    return Equal({"step": (slope / square, on - m.rest * (1 - on))})


def only_on_track(m):
    """As if all histories were on track."""
    return Equal({"step": (shared_step(m).pairs["step"][0], m.mdp.like("1")[()])})


def list_shared_answers():
    return [shared_answer(H, q) for H in (2, 3, 5) for q in ("1/4", "3/4")]


# ---- the learner
ROUNDS, EVERY = 100, 10


def round_policy(policy):
    counts = objects(np.rint(1000 * policy.table).astype(int))  # so that results do not depend on the processor
    return TabularPolicy(counts / counts.sum(axis=-1)[..., None])


def values(m, learner):
    """Values of every tenth policy of a learner, from round 0 on."""
    found = fit(learner, grant(m.mdp, episodes="exact"), rng=None).trace["policy"][::EVERY]
    return [measure.value(m.mdp, round_policy(policy)).lower[()] for policy in found]


def run(H, q):
    """REFUEL with the shared parameter, on its own and on the reference's histories; and the answer alone."""
    m = shared_answer(H, q)
    given = dict(rounds=ROUNDS + 1, pairs=None, reward=m.mdp.r, reference=m.reference)
    answer = m.features * objects([0] * (H - 1) + [1])
    own = values(m, REFUEL(LogLinear(m.features), **given))
    other = values(m, REFUEL(LogLinear(m.features), histories="reference", **given))
    last = values(m, REFUEL(LogLinear(answer), histories="reference", **given))
    return m.replace(values=objects([own, other, last]))


def shifts(m):
    """The reference's histories: at most c + 1/100; REFUEL: at least 1 - 1/100."""
    own, other, last = m.values[:, -1]
    small = m.mdp.like("1/100")[()]
    return Bound(np.maximum(other, last), m.rest + small, 1 - small, own)


def by_round(m):
    return {name: [float(J) for J in row] for name, row in zip(("own", "other", "last"), m.values, strict=True)}


def learn_all(H, q):
    """REFUEL over all policies, from the reference."""
    m = last_turn(H, q)
    learner = REFUEL(rounds=41, eta=20, pairs=None, reward=m.mdp.r, reference=m.reference)
    found = fit(learner, grant(m.mdp, episodes="exact"), rng=None).trace["policy"][-1]
    return m.replace(learner=round_policy(found))


def reaches(m):
    return Bound(measure.value_gap(m.mdp, m.best, m.learner), m.mdp.like("1/100")[()])


def on_track(m):
    """By turn, the value of the history if the best policy went on, for the two policies."""
    V = measure.state_value(m.mdp, m.best)
    states = [measure.occupancy(m.mdp, policy).sum(axis=-1) for policy in (m.last, m.learner)]
    return {
        name: [float((V[t] * d[t]).sum().mid) for t in range(m.mdp.horizon.H)]
        for name, d in zip(("last", "learner"), states, strict=True)
    }


def figure(ax, rows):
    """Return against the round at three turns; value of the history reached, by turn."""
    left, right = panels(ax, 2)
    found = {row["parameters"]["q"]: row["data"] for row in rows if row["part"] == SHARED and row.get("data")}
    rounds = EVERY * np.arange(ROUNDS // EVERY + 1)
    data = found["1/2"]
    left.axhline(1, color="k", linestyle="--", label="optimum")
    for name, style, words in (
        ("own", "o-C0", "REFUEL"),
        ("other", "s-C2", "reference histories"),
        ("last", "v-C4", "last turn alone"),
    ):
        left.plot(rounds, data[name], style, label=words)
    for row in rows:
        if row.get("control") and row["label"] == RARE:
            left.plot(ROUNDS + 6, row["sides"][-1], "xC1", label="REFUEL, $q = 1/10$ (fails)")
    left.set(xlabel="round", ylabel="return $J$, three turns", ylim=(0, 1.75))
    left.legend(fontsize=6, loc="upper right", ncols=2)
    turns = next(row["data"] for row in rows if row["part"] == REACHES and row["parameters"].get("turns") == 4)
    for name, style, words in (("learner", "o-C0", "REFUEL"), ("last", "v-C4", "last turn alone")):
        right.plot(range(1, 5), turns[name], style, label=words)
    right.set(xlabel="turn", ylabel="value of the history reached", ylim=(0, 1.05))
    right.set_xticks(range(1, 5))
    right.legend(fontsize=6, loc="lower left")


def asks_at_all(m):
    return m.q > 0


def asks_often(m):
    return m.H <= 4 and m.q * 4 >= (1 if m.H == 2 else 2)


def is_mostly_off_track(m):
    return m.q ** (m.H - 1) * (1 + m.rest) * 8 <= m.rest * 7


SOMETIMES = Assumption("the reference asks the right question with positive probability", asks_at_all)
OFTEN = Assumption("the reference asks the right question often enough", asks_often)
OFF = Assumption("the reference's histories are mostly off track", is_mostly_off_track)
STEP, SHARED, REACHES, RARE = (
    "the shared step",
    "the shared answer",
    "REFUEL over all policies",
    "a rare right question",
)
CLAIM = Claim(
    "last_turn_training_loses_with_the_turns",
    check,
    list_dialogues,
    formula=r"J^* - J = (1 - c)\, u^{H-1} \big( 1 - q^{H-1} \big)",
    papers=("gao2025",),
    tags=("preferences", "covariate-shift", "policy-gradient"),
    controls=(
        Control("the loss of two turns", lambda: last_turn(4), tightens=two_turns, at="gap"),
        Control("a user who always goes along", lambda: last_turn(3), sabotages=measure.value, by=certain_user),
        Control("all histories on track", lambda: shared_answer(3), tightens=only_on_track, at="step", part=STEP),
        Control(RARE, lambda: run(2, "1/10"), drops=OFTEN.name, part=SHARED),
        Control("histories mostly on track", lambda: run(2, "3/4"), drops=OFF.name, part=SHARED),
        Control("no right question", lambda: learn_all(2, 0), drops=SOMETIMES.name, part=REACHES),
    ),
    also=(
        Part(STEP, list_shared_answers, shared_step),
        Part(
            SHARED,
            lambda: [run(2, "1/4"), run(3, "1/2")],
            shifts,
            assumes=(OFTEN, OFF),
            data=by_round,
            thorough=lambda: [run(4, "1/2")],
        ),
        Part(
            REACHES,
            lambda: [learn_all(H, q).replace(turns=H) for H, q in ((2, "1/10"), (3, "1/4"), (4, "1/2"))],
            reaches,
            assumes=(SOMETIMES,),
            data=on_track,
        ),
    ),
    figure=figure,
)
