"""Alternating best responses never imitate a uniform expert on three arms: the gap is 2/3; no-regret rewards close it.

Statement  The expert pulls each of A >= 3 arms with the same probability, in each of H steps. Let every reward be a
           best response, in [-1, 1], to the last policy alone, and every policy one to the last reward, with ties to
           the first arm. Then two arms are pulled alternately, and the imitation gap after N >= 2 rounds is
               sup_f J_f(E) - J_f(M_N) = 2H (1 - 2/A),
           which is 2/3 for A = 3 and H = 1, and nearly the largest possible gap, 2H, for many arms. With projected
           gradient steps of constant length, at most 1, all arms are pulled in turn, and for j = N mod A
               sup_f J_f(E) - J_f(M_N) = 2H j (A-j) / (A N) <= H A / (2N),
           which is 0 after every A rounds.
Assumes    each reward is a best response to the last policy; at least three arms, which the expert pulls alike; ties
           go to the first arm.
Units      rewards in [-1, 1]; J is the undiscounted return.
Kind       exists (enumerated, A = 3..6, H = 1, 2, N up to 24)
Source     adapted from Swamy, Choudhury, Bagnell and Wu, 2021, and Ren, Swamy, Wu, Bagnell and Choudhury, 2024.
Proof      proofs/imitation/alternating_best_responses_cycle.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...instances.instance import Instance
from ...learn import BestResponse, BoxRewards, FollowTheLeader, GradientAscent, MomentMatching, Planning, fit, grant
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part

ROUNDS = 2, 3, 4, 6, 7, 16, 24


# ---- runs
def arms(A, H, law=None):
    """One state and A arms, in H steps; the expert's law of the arm is uniform if omitted."""
    law = objects([f"1/{A}"] * A if law is None else law)
    mdp = MDP(objects(np.ones((1, A, 1), dtype=int)), objects([[0] * A]), horizon=Finite(H))
    return Instance(mdp=mdp, expert=TabularPolicy(law[None]))


def play(player, A, H=1, rounds=ROUNDS, law=None):
    """Moment matching against best responses, after several numbers of rounds."""
    m = arms(A, H, law)
    access = grant(m.mdp, expert=m.expert, demonstrations="exact", episodes="exact")
    log = fit(MomentMatching(BoxRewards(), player, Planning(), rounds=rounds[-1]), access, rng=None).trace
    played, tables = objects(np.stack(list(log["reward"]))), objects(np.stack([each.table for each in log["policy"]]))
    return [m.replace(played=played[:N], policies=tables[:N], sup_gap=log["sup_gap"][N - 1], N=N) for N in rounds]


def last(player, A, **options):
    return play(player, A, rounds=(3,), **options)[-1]


def in_turn(A, N=6):
    """Rewards and policies that answer each other, with ties to the arm that was pulled least."""
    m, pulls = arms(A, 1), np.arange(N) % A
    tables = objects(np.eye(A, dtype=int)[pulls])[:, None, None]
    played = objects(np.concatenate([np.zeros((1, A), dtype=int), 1 - 2 * np.eye(A, dtype=int)[pulls[:-1]]]))
    return m.replace(played=played[:, None, None], policies=tables, sup_gap=rational(0), N=N)


def all_plays(player):
    return [each for A in (3, 4, 5, 6) for each in play(player, A)] + play(player, 3, H=2)


# ---- both sides
def visits(m):
    """The expert's occupancy, and that of every policy `[k]`."""
    d = [measure.occupancy(m.mdp, TabularPolicy(table)) for table in m.policies]
    return measure.occupancy(m.mdp, m.expert), d


def gap(m):
    """The largest gap of the mixture over rewards in [-1, 1]."""
    d_E, d = visits(m)
    return abs(d_E - sum(d) / m.N).sum()


def check(m):
    H, A = m.mdp.horizon.H, m.mdp.A
    return Equal({"gap": (gap(m), rational(2 * H * (A - 2)) / A), "reported": (m.sup_gap, gap(m))})


def no_gap(m):
    return Equal({**check(m).pairs, "gap": (gap(m), gap(m) * 0)})


def turn_by_turn(m):
    H, A, j = m.mdp.horizon.H, m.mdp.A, m.N % m.mdp.A
    return Bound(m.sup_gap, gap(m), rational(2 * H * j * (A - j)) / (A * m.N), rational(H * A) / (2 * m.N))


def of_half_the_arms(m):
    sides = turn_by_turn(m).sides
    return Bound(*sides[:-1], sides[-1] / 2)


# ---- assumptions, decided on what was played
def answers_the_last(m):
    """No reward in [-1, 1] separates the expert from the last policy better than the one played."""
    d_E, d = visits(m)
    pairs = zip(m.played[1:], d[:-1], strict=True)
    return all((((d_E - each) * f).sum() == abs(d_E - each).sum()).all_yes() for f, each in pairs)


def first_best(m):
    """Every policy pulls the first arm among those of highest reward."""
    best = [[max(range(m.mdp.A), key=list(row[0]).__getitem__) for row in f] for f in m.played]
    return all(
        (table[t, 0, arm] == 1) for table, row in zip(m.policies, best, strict=True) for t, arm in enumerate(row)
    )


LAST = Assumption("each reward is a best response to the last policy", answers_the_last)
THREE = Assumption("at least three arms", lambda m: m.mdp.A >= 3)
ALIKE = Assumption("the expert pulls all arms alike", lambda m: (m.expert.table == m.expert.table[0, 0]).all())
FIRST = Assumption("ties go to the first arm", first_best)
STEPS = "gradient steps pull all arms in turn"
LEADER, LEAST = "rewards that answer all policies", "ties to the arm pulled least"


def figure(ax, rows):
    """The imitation gap against the rounds, for three arms and one step."""
    N = np.arange(2, 25)
    of = {"A": 3, "H": 1}
    for part, style, name in (
        ("statement", "oC0", "best responses"),
        (STEPS, "^C2", "gradient steps"),
    ):
        at = [row for row in rows if row["part"] == part and not row.get("control")]
        at = [row for row in at if of.items() <= row["sizes"].items()]
        values = [row["sides"][0] if part == STEPS else row["pairs"]["gap"][0] for row in at]
        ax.plot([row["parameters"]["N"] for row in at], values, style, label=name)
    ax.plot(N, 0 * N + 2 / 3, ":C0")
    ax.plot(N, 3 / (2 * N), "k--", label="bound $A/(2N)$")
    least = next(row["sides"] for row in rows if row.get("control") and row["label"] == LEAST)
    ax.plot(6, least[0], "xC1", label="other ties (fail)")
    ax.set(xlabel="rounds $N$", ylabel="imitation gap, $A = 3$")
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1), fontsize=6)


CLAIM = Claim(
    "alternating_best_responses_cycle",
    check,
    lambda: all_plays(BestResponse()),
    formula=r"\sup_{f \in [-1,1]}\; J_f(E) - J_f(M_N) = 2H \Big( 1 - \frac2A \Big), \qquad N \ge 2",
    papers=("swamy2021", "ren2024"),
    tags=("inverse-reinforcement-learning", "no-regret"),
    assumes=(LAST, THREE, ALIKE, FIRST),
    controls=(
        Control(LEADER, lambda: last(FollowTheLeader(), 3), drops=LAST.name),
        Control("two arms", lambda: last(BestResponse(), 2), drops=THREE.name),
        Control(
            "an expert that prefers an arm",
            lambda: last(BestResponse(), 3, law=["2/3", "1/6", "1/6"]),
            drops=ALIKE.name,
        ),
        Control(LEAST, lambda: in_turn(3), drops=FIRST.name),
        Control("as if the gap closed", lambda: last(BestResponse(), 3), tightens=no_gap, at="gap"),
        Control(
            "half of the bound on gradient steps",
            lambda: play(GradientAscent("1/2"), 4, rounds=(2,))[0],
            tightens=of_half_the_arms,
            part=STEPS,
        ),
    ),
    also=(
        Part(
            STEPS,
            lambda: [each for rate in ("1/2", "1/8") for each in all_plays(GradientAscent(rate))],
            turn_by_turn,
            assumes=(THREE, ALIKE, FIRST),
        ),
    ),
    figure=figure,
)
