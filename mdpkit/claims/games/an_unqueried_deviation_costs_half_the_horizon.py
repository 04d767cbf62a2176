"""An unqueried deviation costs half the horizon: no number of demonstrations replaces a query where deviators go.

Statement  In two zero-sum games G_0 and G_1 with K branches off the expert's path, the first player enters branch k by
           a deviation and is paid 1 a step where the second does not play a secret bit; the expert plays the bits, a
           Nash equilibrium of value 0. G_0 and G_1 differ in the bit of one branch alone: demonstrations have the same
           law in both, as have the expert's answers at all other states. So a learner that queries at most K - 1
           branches outputs the same mediator L in both for one such pair, and for every L
               H - 1 <= N_0(L) + N_1(L),   N_c(L) = R_1(L) + R_2(L) in G_c,
           attained by the learner that draws the secret bit evenly: the smallest worst case is (H - 1)/2, and 0 if all
           K branches are queried. If the expert visits one branch with probability b, n demonstrations leave a worst
           case of (1 - b)^n (H - 1)/2 in expectation: about 1/b are needed, the concentrability of deviations.
Assumes    the learner outputs the same mediator in both games; a deviation reaches the branch.
Units      N is the Nash gap, a sum of swap regrets; the first player's rewards lie in [0, 1].
Kind       for all; exists
Source     adapted from Freihaut, Viano, Cevher, Geist and Ramponi, 2025 (abstract).
Proof      proofs/games/an_unqueried_deviation_costs_half_the_horizon.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...instances.blocks import Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...model import Finite, JointPolicy, MarkovGame
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part
from ...verify.faults import forbid_deviations

START, COMMON = 0, 1


def secret(H, bits, b=0, to=objects, reached=True):
    """The game with branch 2 + k entered by a_1 = 1 + k, and the expert that plays bits[k] there.

    b is the probability of the last branch if the first player plays 0; `reached` is False if deviating leads nowhere;
    `to` converts the arrays.
    """
    K, S, b = len(bits), 2 + len(bits), rational(b)
    J, branches = 2 * (1 + K), range(2, 2 + len(bits))
    P, r = objects(np.zeros((S, J, S), dtype=int)), np.zeros((2, S, J), dtype=int)
    P[START, :2, COMMON], P[START, :2, S - 1] = 1 - b, b
    P[COMMON:] = objects(np.eye(S, dtype=int)[1:, None])
    for s, bit in zip(branches, bits, strict=True):
        P[START, 2 * s - 2 : 2 * s, s if reached else COMMON] = rational(1)
        r[0, s] = np.arange(J) % 2 != bit
    game = MarkovGame(
        to(P), to(np.stack([r[0], -r[0]])), to(np.eye(1, S, dtype=int)[0]), horizon=Finite(H), actions=(1 + K, 2)
    )
    return game, JointPolicy(to(np.eye(J, dtype=int)[[0, 0, *bits]]))


def pair(H, K, b=0, **how):
    """G_0 and G_1, which differ in the last bit, and their experts."""
    made = [secret(H, [0] * (K - 1) + [c], b, **how) for c in (0, 1)]
    return dict(zip(("game", "expert", "twin", "twin_expert"), (*made[0], *made[1]), strict=True))


def gaps(m):
    """N_0(L) and N_1(L); another learner may be given for G_1."""
    return measure.regret(m.game, m.learner).sum(), measure.regret(m.twin, getattr(m, "other", m.learner)).sum()


def check(m, least=None):
    first, second = gaps(m)
    both = first + second
    return Bound(both * 0 + (m.game.horizon.H - 1 if least is None else least), both)


def whole_horizon(m):
    return check(m, m.game.horizon.H)


def secret_of(x, bit):
    return secret(x.sizes["H"], [0] * (x.sizes["K"] - 1) + [bit], to=x.like)[0]


FAMILY = Family(
    blocks=dict(learner=Simplex("H", "S", to="J")),
    sizes=dict(H=(2, 4), K=(1, 3), S=(5, 5), J=(8, 8)),
    models=dict(
        game=lambda x: secret_of(x, 0),
        twin=lambda x: secret_of(x, 1),
        learner=lambda x: JointPolicy(truncate(x.learner, x.sizes["K"])),
    ),
)


def truncate(laws, K):
    """The laws on the 2 + K states and 2 (1 + K) joint actions of a game with K branches; surplus mass goes to 00."""
    S, J = 2 + K, 2 * (1 + K)
    kept = laws[:, :S, :J]
    first = np.arange(J) == 0
    return kept + (1 - kept.sum(axis=-1, keepdims=True)) * first.astype(int)


# ---- learners that use what they have seen
def even(H, K, b=0, **how):
    """The learner that plays the known bits, and draws the last one evenly."""
    models = pair(H, K, b, **how)
    table = models["expert"].table.copy()
    table[-1, :2] = rational("1/2")
    return Instance(**models, learner=JointPolicy(table), K=K, b=rational(b))


def query_all(H, K):
    """The learner that has queried every branch."""
    m = even(H, K)
    return m.replace(learner=m.expert, other=m.twin_expert)


def see_the_same(m):
    """What a learner sees is the same in both games, but for the last branch; and its two Nash gaps."""
    half, learned = rational(m.game.horizon.H - 1) / 2, gaps(m)
    return Equal(
        {
            "demonstrations": (measure.occupancy(m.game, m.expert), measure.occupancy(m.twin, m.twin_expert)),
            "answers": (m.expert.table[:-1], m.twin_expert.table[:-1]),
            "expert": (measure.regret(m.game, m.expert).sum(), 0),
            "twin expert": (measure.regret(m.twin, m.twin_expert).sum(), 0),
            "learner": (learned[0], half),
            "learner in the twin": (learned[1], half),
        }
    )


def after_demonstrations(m):
    """The expected worst case after n demonstrations, from the expert's visits to the last branch."""
    missed = 1 - measure.occupancy(m.game, m.expert)[1, -1].sum()
    one = missed * 0 + 1
    return Equal({"expected": (missed**m.n * gaps(m)[0], (one - one / m.rare) ** m.n * (m.game.horizon.H - 1) / 2)})


def list_demonstrations():
    """The last branch is visited with probability 1/rare, and there are n demonstrations."""
    return [
        even(H, 1, f"1/{rare}").replace(n=n, rare=rare) for H in (2, 6) for rare in (2, 10, 100) for n in (1, 10, 50)
    ]


def figure(ax, rows):
    """Nash gap of the evenly drawing learner against the horizon, and the smallest sums that the search found."""
    at = [row for row in rows if row["part"] == SAME_DATA and not row.get("control") and row["parameters"]["K"] == 2]
    H = np.array([row["sizes"]["H"] for row in at])
    ax.plot(H, (H - 1) / 2, "k--", label="$(H - 1)/2$")
    ax.plot(H, [row["pairs"]["learner"][0] for row in at], "oC0", label="one branch unqueried")
    ax.plot(H, [row["pairs"]["expert"][0] for row in at], "sC2", label="every branch queried")
    ax.plot(H, H / 2, "C1", label="$H/2$ (fails)")
    ax.set(xlabel="horizon $H$", ylabel="worst Nash gap")
    ax.legend()


SAME_DATA, SHOWN = "what the learner sees", "demonstrations of a rare branch"
SAME = Assumption("the learner outputs the same mediator in both games", lambda m: not hasattr(m, "other"))
REACHED = Assumption("a deviation reaches the branch", lambda m: bool((m.game.P[START, 2:, -1] != 0).any()))
CLAIM = Claim(
    "an_unqueried_deviation_costs_half_the_horizon",
    check,
    FAMILY,
    formula=(
        r"H - 1 \le N_0(L) + N_1(L), \qquad \min_L \max_c N_c(L) = \frac{H - 1}{2}, \qquad N_c(L) = R_1(L) + R_2(L) "
        r"\text{ in } G_c"
    ),
    papers=("freihaut2025",),
    tags=("regret", "coverage", "zero-sum"),
    assumes=(SAME, REACHED),
    controls=(
        Control("every branch is queried", witness=lambda: query_all(4, 2), drops=SAME.name),
        Control("deviations that lead nowhere", witness=lambda: even(4, 2, reached=False), drops=REACHED.name),
        Control("a sum of H", witness=lambda: even(4, 2), tightens=whole_horizon),
        Control("no deviations", witness=lambda: even(4, 2), sabotages=measure.regret, by=forbid_deviations),
    ),
    also=(
        Part(SAME_DATA, lambda: [even(H, K) for K in (1, 2, 3) for H in (2, 3, 5, 9)], see_the_same),
        Part(SHOWN, list_demonstrations, after_demonstrations),
    ),
    figure=figure,
    sides=(r"$H - 1$", r"$N_0(L) + N_1(L)$"),
)
