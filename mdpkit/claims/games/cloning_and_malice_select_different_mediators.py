"""From the same two mediators, cloning selects one with a large regret gap and MALICE one with a small regret gap.

Statement  On a fork whose rare branch the expert visits with probability b > 0, let the class hold the mediators A,
           which errs with probability c at every state, and B, which errs in the rare branch alone and always there,
           and their mixtures. If b (H-1)/H < c < (H-1)/H, then joint cloning in total variation returns B, MALICE and
           BLADES with FollowTheLeader and at least two rounds return A, and
               R(B) - R(E) = (1-b)(H-1),   R(A) - R(E) = c (1-b)(H-1),   R = max_i R_i,
           and with c = 2b the ratio of the gaps is 1/(2b). Joint cloning by likelihood returns the likelier of A and a
           mediator B' that errs in the rare branch with probability 3/4: if c = 2b this is B', and its gap is
           3/4 (1-b)(H-1); in general it is B' if and only if -H log(1-c) > b (H-1) log 4.
Assumes    b > 0 and b (H-1)/H < c < (H-1)/H: B errs less on the expert's states, A on those of a deviation.
Units      errors are total variations averaged over the steps; rewards in [0, 1]; R_i is swap regret.
Kind       exists (enumerated)
Source     adapted from Tang, Swamy, Fang and Wu, 2024.
Proof      proofs/games/cloning_and_malice_select_different_mediators.md
"""

from fractions import Fraction

import numpy as np

from ... import measure
from ...ink.figures import panels
from ...instances.library.games_imitation import two_mediators
from ...learn import BLADES, MALICE, FollowTheLeader, JointCloning, Mediators, fit, grant
from ...verify.claim import Assumption, Claim, Control, Equal, Part


def select(m, learner):
    """The regret gap of the learner's mediator, and its own loss."""
    access = grant(m.game, expert=m.expert, demonstrations="exact", episodes="exact", queries="exact")
    answer = fit(learner, access, rng=None)
    return measure.regret_gap(m.game, m.expert, answer.policy), min(answer.trace["loss"])


def learners(m):
    """Joint cloning in total variation, MALICE and BLADES, over the mixtures of the class."""
    members, leader = Mediators(m.members), FollowTheLeader()
    return {
        "cloning": JointCloning(members, loss="variation"),
        "MALICE": MALICE(members, leader, rounds=3),
        "BLADES": BLADES(members, leader, rounds=3),
    }


def check(m):
    H, reach = m.game.horizon.H, (1 - m.b) * (m.game.horizon.H - 1)
    gaps = {"cloning": m.rare * reach, "MALICE": m.everywhere * reach, "BLADES": m.everywhere * reach}
    losses = {"cloning": m.b * m.rare * (H - 1) / H, "MALICE": m.everywhere, "BLADES": m.everywhere}
    pairs = {}
    for name, learner in learners(m).items():
        gap, loss = select(m, learner)
        pairs |= {f"regret gap of {name}": (gap, gaps[name]), f"loss of {name}": (loss, losses[name])}
    return Equal(pairs)


def by_likelihood(m):
    """The gap is that of the likelier member, whose error is `likelier`; by default it is the second's."""
    gap, _ = select(m, JointCloning(Mediators(m.members)))
    return Equal({"regret gap of cloning": (gap, getattr(m, "likelier", m.rare) * (1 - m.b) * (m.game.horizon.H - 1))})


def with_likelihood(m):
    """The claim with cloning by likelihood, which is 0 for a mediator that never plays a demonstrated action."""
    return Equal({**check(m).pairs, **by_likelihood(m).pairs})


def count_all_steps(m):
    """The gap of MALICE as if the start, too, were in the rare branch."""
    pairs = check(m).pairs
    gap, right = pairs["regret gap of MALICE"]
    H = m.game.horizon.H
    return Equal({**pairs, "regret gap of MALICE": (gap, right * H / (H - 1))})


# ---- controls
def obey(best_deviation, game, joint, player, deviations="swap"):
    """A deviator that obeys, so that the learners weigh the states of their own mediators."""
    A, H = game.actions[player], game.horizon.H
    table = np.broadcast_to(game.like(np.eye(A, dtype=int)), (H, game.S, A, A))
    return type(best_deviation(game, joint, player))(player, table)


def in_conflict(m):
    H = m.game.horizon.H
    return 0 < m.b * (H - 1) < m.everywhere * H < H - 1


def likeliest(m):
    """The regret gap of cloning by likelihood, for the figure."""
    return {"likeliest": [by_likelihood(m).pairs["regret gap of cloning"][0].mid]}


def figure(ax, rows):
    """Regret gaps of the selected mediators against 1/b, and their own losses."""
    found = [row for row in rows if row["part"] == "statement" and row.get("data")]
    scale = np.array([1 / Fraction(row["parameters"]["b"]) for row in found], dtype=float)
    gaps, losses = panels(ax, 2)
    for name, style in {"cloning": "oC0", "MALICE": "sC2", "BLADES": "xC3"}.items():
        gaps.plot(scale, [row["pairs"][f"regret gap of {name}"][0] for row in found], style, label=name)
        losses.plot(scale, [row["pairs"][f"loss of {name}"][0] for row in found], style, label=name)
    gaps.plot(scale, [row["data"]["likeliest"][0] for row in found], "+C1", ms=9, label="by likelihood (fails)")
    gaps.plot(scale, 19 * (1 - 1 / scale), "k--", label="$(1-b)(H-1)$")
    gaps.plot(scale, 38 * (1 - 1 / scale) / scale, "k:", label="$2b(1-b)(H-1)$")
    gaps.set(xlabel="$1/b$", ylabel="regret gap", xscale="log", yscale="log")
    losses.set(xlabel="$1/b$", ylabel="own loss", xscale="log", yscale="log")
    handles, names = gaps.get_legend_handles_labels()
    losses.legend(handles, names, fontsize=6)


CONFLICT = Assumption(
    "the branch is covered; the second mediator errs less on the expert's states, the first under deviations",
    in_conflict,
)
SHARES = ("1/10", "3/100", "1/100", "3/1000")


def conflicts():
    return [two_mediators(20, b, Fraction(b) * 2) for b in SHARES]


def further_conflicts():
    return [two_mediators(H, b, Fraction(b) * factor) for H in (2, 5, 50) for b in SHARES for factor in (1, 2, 4)]


def compare_likelihoods(m):
    """The error of the likelier member: -H log(1 - c) against -b (H-1) log(1 - p), compared by integer powers."""
    H = m.game.horizon.H
    second = (1 - m.everywhere) ** int(H * m.b.q) < (1 - m.rare) ** int((H - 1) * m.b.p)
    return m.replace(likelier=m.rare if second else m.everywhere)


def likely():
    """With c = 2b the second member is likelier, with c = b the first."""
    found = [two_mediators(20, b, Fraction(b) * factor, "3/4") for b in SHARES for factor in (1, 2)]
    return list(map(compare_likelihoods, found))


LIKELIHOOD = "selection by likelihood"
CLAIM = Claim(
    "cloning_and_malice_select_different_mediators",
    check,
    conflicts,
    formula=(
        r"0 < b\,\frac{H-1}{H} < c < \frac{H-1}{H} \;\Rightarrow\; \max_i R_i(L_{\rm cloning}) = (1-b)(H-1), \quad "
        r"\max_i R_i(L_{\rm MALICE}) = c\,(1-b)(H-1)"
    ),
    papers=("tang2024",),
    tags=("regret", "behavioural-cloning", "interactive-learning"),
    assumes=(CONFLICT,),
    controls=(
        Control("no conflict", witness=lambda: two_mediators(5, "1/2", "1/5"), drops=CONFLICT.name),
        Control("no coverage", witness=lambda: two_mediators(5, 0, "1/5"), drops=CONFLICT.name),
        Control("deviators that obey", witness=lambda: two_mediators(5), sabotages=measure.best_deviation, by=obey),
        Control(
            "cloning by likelihood",
            witness=lambda: two_mediators(5),
            tightens=with_likelihood,
            at="regret gap of cloning",
        ),
        Control(
            "a gap of H steps", witness=lambda: two_mediators(5), tightens=count_all_steps, at="regret gap of MALICE"
        ),
    ),
    also=(Part(LIKELIHOOD, likely, by_likelihood),),
    thorough=further_conflicts,
    data=likeliest,
    figure=figure,
)
