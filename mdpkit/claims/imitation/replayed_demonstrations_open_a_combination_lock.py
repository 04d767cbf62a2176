"""With half of its replay demonstrated Q-learning opens a lock in at most 2 H^2 episodes; without, in at least A^H.

Statement  A lock has H steps and A >= 2 actions, one of which is correct at each step; the others lead to a dead end,
           and the last correct action pays 1. Q-learning starts from 0 and acts greedily, ties broken uniformly. After
           every episode it replays U transitions with step size 1, each from a uniformly drawn step: with probability
           w of a demonstration, which is an episode that opens the lock, otherwise of the episode just played. Let T be
           the number of episodes until the greedy policy is optimal, which it then remains. If w >= 1/2,
               E[T] <= 2 H^2 / U + 1 - 1/U,
           and for U = 1 and any w
               E[T] = sum_j H / (w + (1 - w) A^-j), j = 1..H.
           At w = 1/2 and U = 1 this is at least A/(A+1) of the bound. Without demonstrations, w = 0, E[T] >= A^H
           however many transitions are replayed.
Assumes    at least half of the replay is from the demonstration (bound); the demonstration opens the
           lock (bound, equality); values start at 0.
Units      episodes.
Kind       exists (enumerated); for all A, H, U and w by proof
Source     adapted from Ball, Smith, Kostrikov and Levine, 2023, and Luo, Xu, Wu and Levine, 2025.
Proof      proofs/imitation/replayed_demonstrations_open_a_combination_lock.md
"""

import numpy as np

from ...base.arrays import nearest, objects, rational
from ...base.interval import Interval
from ...base.lifting import enclose
from ...instances.instance import Instance
from ...learn.reinforcement.replay import expected_episodes
from ...model import MDP, Finite
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


# ---- both sides
def at_most(m, draws):
    """E[T], and its bound if every step of the demonstration takes `draws` replayed transitions."""
    return Bound(enclose(m.episodes), rational(draws * m.mdp.horizon.H) / m.updates + 1 - rational(1) / m.updates)


def check(m):
    return at_most(m, 2 * m.mdp.horizon.H)


def demonstrate_every_transition(m):
    return at_most(m, m.mdp.horizon.H)


def closed_form(m, own=1):
    A, H, w = m.mdp.A, m.mdp.horizon.H, enclose(m.share)
    return Equal({"episodes": (enclose(m.episodes), sum(H / (w + own * (1 - w) / A**j) for j in range(1, H + 1)))})


def without_own_success(m):
    """As if the learner's own episodes contributed nothing."""
    return closed_form(m, own=0)


def not_before_the_first_success(m):
    return Bound(Interval(objects(m.mdp.A**m.mdp.horizon.H)), enclose(m.episodes))


def a_success_for_every_step(m):
    """As if only one transition were learned from each successful episode."""
    return Bound(Interval(objects(m.mdp.horizon.H * m.mdp.A**m.mdp.horizon.H)), enclose(m.episodes))


# ---- locks
def lock(A, code, prize=1):
    """States 0 to H-1 wait for the next action of the code, H is open, H+1 the dead end."""
    H = len(code)
    onward, paid = np.full((H + 2, A), H + 1), np.zeros((H + 2, A), dtype=int)
    onward[np.arange(H), code], onward[H], paid[H - 1, code[-1]] = np.arange(1, H + 1), H, prize
    P, rho = np.eye(H + 2, dtype=int)[onward], np.eye(1, H + 2, dtype=int)[0]
    return MDP(objects(P), objects(paid), objects(rho), horizon=Finite(H))


def instance(mdp, source, share="1/2", updates=1, initial=0):
    """E[T] from the chain of the learner's tables; the demonstration is an optimal episode of `source`."""
    mean = expected_episodes(mdp, source, share, updates, initial)
    return Instance(
        mdp=mdp, source=source, share=objects(share), updates=updates, initial=objects(initial), episodes=mean.lower
    )


def replay(A, H, share="1/2", updates=1, shown=None, initial=0):
    """A lock with the code 0, 1, .., and a demonstration that opens a lock with the code `shown`."""
    code = [t % A for t in range(H)]
    mdp = lock(A, code)
    return instance(mdp, mdp if shown is None else lock(A, shown), share, updates, initial)


def end_in_the_dead_end():
    """The demonstration is a failing episode of the lock: without a prize it is as good as any other."""
    return instance(lock(2, (1, 1)), lock(2, (1, 1), prize=0))


def halves():
    sizes = ((2, 1), (2, 2), (2, 4), (3, 3), (5, 4))
    return [
        *(replay(A, H) for A, H in sizes),
        *(replay(A, 2, w, U) for A in (2, 4) for w in ("1/2", 1) for U in (2, 3)),
    ]


def shares():
    return [replay(A, H, w) for w in (0, "1/4", "1/2", 1) for A, H in ((2, 1), (2, 2), (2, 3), (2, 5), (2, 7), (3, 3))]


def curve(m):
    return {
        "H": [m.mdp.horizon.H],
        "A": [m.mdp.A],
        "share": [nearest(m.share[()])],
        "episodes": [enclose(m.episodes).mid],
    }


def figure(ax, rows):
    """Expected episodes against the horizon for two actions, for three shares of demonstrations in the replay."""
    found = [row["data"] for row in rows if row["part"] == CLOSED and not row.get("control")]
    for share, style, words in ((0, "s-C4", "no demonstrations"), (0.5, "o-C0", "one half"), (1, "^-C2", "all")):
        at = sorted((d["H"][0], d["episodes"][0]) for d in found if d["A"] == [2] and d["share"] == [share])
        ax.semilogy(*zip(*at, strict=True), style, label=words)
    H = np.arange(1, 8)
    ax.semilogy(H, 2 * H**2, "k--", label="$2 H^2$")
    ax.semilogy(H, 2.0**H, "k:", label="$A^H$")
    failing = {row["label"]: row["sides"] for row in rows if row.get("control")}
    ax.semilogy(3, failing[OTHER][0], "xC1", label="another lock's (fails)")
    ax.set(xlabel="horizon $H$, two actions", ylabel="expected episodes $E[T]$", xticks=H)
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1), fontsize=6)


# ---- assumptions and the claim
def opens_the_lock(m):
    """An optimal episode of the lock itself."""
    return bool((m.source.P == m.mdp.P).all() and (m.source.r == m.mdp.r).all())


HALF = Assumption("at least half of the replay is from the demonstration", lambda m: m.share * 2 >= 1)
OPENS = Assumption("the demonstration opens the lock", opens_the_lock)
ZERO = Assumption("values start at 0", lambda m: m.initial == 0)
CLOSED, BLIND, OTHER = "one replayed transition", "without demonstrations", "a demonstration of another lock"
CLAIM = Claim(
    "replayed_demonstrations_open_a_combination_lock",
    check,
    halves,
    formula=r"\mathbb{E}[T] \le \frac{2 H^2}{U} + 1 - \frac1U \quad (w \ge \tfrac12), \qquad \mathbb{E}[T] \ge A^H \quad (w = 0)",
    papers=("ball2023", "luo2025"),
    tags=("hybrid-data", "exploration", "sample-complexity"),
    assumes=(HALF, OPENS, ZERO),
    controls=(
        Control("no demonstrations", lambda: replay(2, 3, 0), drops=HALF.name),
        Control(OTHER, lambda: replay(2, 3, shown=(1, 0, 1)), drops=OPENS.name),
        Control("a demonstration that ends in the dead end", end_in_the_dead_end, drops=OPENS.name),
        Control("one wrong step in the demonstration", lambda: replay(2, 2, shown=(1, 1)), drops=OPENS.name),
        Control(
            "as if all of the replay were demonstrated", lambda: replay(2, 2), tightens=demonstrate_every_transition
        ),
        Control(
            "own successes ignored", lambda: replay(2, 2), tightens=without_own_success, at="episodes", part=CLOSED
        ),
        Control("values start at 1", lambda: replay(2, 4, 0, 4, initial=1), drops=ZERO.name, part=BLIND),
        Control("a success for every step", lambda: replay(2, 2, 0, 3), tightens=a_success_for_every_step, part=BLIND),
    ),
    also=(
        Part(CLOSED, shares, closed_form, assumes=(OPENS, ZERO), data=curve),
        Part(
            BLIND,
            lambda: [replay(A, H, 0, U) for U in (1, 2, 4) for A, H in ((2, 1), (2, 2), (2, 3), (3, 2))],
            not_before_the_first_success,
            assumes=(ZERO,),
        ),
    ),
    thorough=lambda: [replay(8, 6), replay(2, 8), replay(3, 4, updates=3)],
    figure=figure,
)
