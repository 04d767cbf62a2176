"""An unqueried deviation costs half the horizon: no number of demonstrations replaces a query where deviators go.

Statement  Off the expert's path lie K branches. The first player enters branch k by a deviation, and is paid 1 a step
           where the second does not play the secret bit c_k; the expert E_c plays the bits, a Nash equilibrium of value
           0. Demonstrations have the same law in all 2^K zero-sum games G_c. If G_0 and G_1 differ in the bit of one
           branch alone, every mediator L that is output in both has
               H - 1 <= N_0(L) + N_1(L),   N_c(L) = R_1(L) + R_2(L) in G_c,
           with equality if L draws that bit evenly. A deterministic learner that queries at most K - 1 branches outputs
           the same L in one such pair. A learner that draws its queries at random need not; but for it, too, the
           average of E N_c over the 2^K games is at least (H - 1)/2. So (H - 1)/2 is the smallest worst case, and 0 if
           all K branches are queried. If the expert visits one branch with probability b and all others are queried, n
           demonstrations leave an expected worst case of (1 - b)^n (H - 1)/2: about 1/b are needed, the concentrability
           of deviations.
Assumes    for the sum, the learner outputs the same mediator in both games; a deviation reaches the branch.
Units      N is the Nash gap, a sum of swap regrets; the first player's rewards lie in [0, 1].
Kind       for all; exists; for all (enumerated on listed learners)
Source     adapted from Freihaut, Viano, Cevher, Geist and Ramponi, 2025 (abstract).
Proof      proofs/games/an_unqueried_deviation_costs_half_the_horizon.md
"""

from itertools import combinations, product

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


def nash_gap(game, joint):
    return measure.regret(game, joint).sum()


def gaps(m):
    """N_0(L) and N_1(L), averaged over equally likely outputs (L in G_0, L in G_1) where `outputs` lists several."""
    outputs = getattr(m, "outputs", [(m.learner, m.learner)])
    first, second = (
        [nash_gap(game, joint) for joint in each]
        for game, each in zip((m.game, m.twin), zip(*outputs, strict=True), strict=True)
    )
    return sum(first) / len(outputs), sum(second) / len(outputs)


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
    return m.replace(outputs=[(m.expert, m.twin_expert)])


def answer(expert, queried, guess):
    """The mediator that plays the expert's answers in queried branches, and 0 or an even draw in the others."""
    table = expert.table.copy()
    for k in range(len(table) - 2):
        if k not in queried:
            table[2 + k, :2] = objects([1, 0]) if guess == "zero" else rational("1/2")
    return JointPolicy(table)


def draw_queries(H, K, queries, guess):
    """A learner that queries some of K branches, each subset of that size with the same probability, and guesses."""
    m = even(H, K)
    sets = list(combinations(range(K), queries))
    outputs = [tuple(answer(each, queried, guess) for each in (m.expert, m.twin_expert)) for queried in sets]
    return m.replace(outputs=outputs, sets=sets, guess=guess)


def average(m):
    """(H - 1)/2, and E N_c of a learner that draws its queries, averaged over all 2^K games."""
    games = [secret(m.game.horizon.H, bits) for bits in product((0, 1), repeat=m.K)]
    found = [nash_gap(game, answer(expert, queried, m.guess)) for game, expert in games for queried in m.sets]
    return Bound(rational(m.game.horizon.H - 1) / 2, sum(found) / len(found))


def list_learners(branches=(1, 2)):
    """At most K - 1 queries; the horizon is at least 2."""
    return [
        draw_queries(H, K, queries, guess)
        for H in (2, 5)
        for K in branches
        for queries in range(max(0, K - 2), K)
        for guess in ("zero", "even")
    ]


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


def weigh_outputs(m, expert):
    """The learner run on every data set of n demonstrations, with its probability: a seen branch is copied."""
    law = m.game.P[START, np.argmax(expert.table[START] == 1)]
    outputs = {}
    for data in product(np.flatnonzero(law != 0), repeat=m.n):
        seen = {s - 2 for s in data if s != COMMON}
        weight, before = law[list(data)].prod(), outputs.get(bool(seen), (None, 0))[1]
        outputs[bool(seen)] = answer(expert, seen, "even"), before + weight
    return outputs.values()


def after_demonstrations(m):
    """The expected Nash gaps after n demonstrations in a game of one branch."""
    pairs = {}
    for name, game, expert in (("G_0", m.game, m.expert), ("G_1", m.twin, m.twin_expert)):
        found = sum(weight * nash_gap(game, joint) for joint, weight in weigh_outputs(m, expert))
        pairs[name] = (found, (1 - m.b) ** m.n * (m.game.horizon.H - 1) / 2)
    return Equal(pairs)


def list_demonstrations():
    """The one branch is visited with probability b, and there are n demonstrations."""
    return [even(H, 1, b).replace(n=n) for H in (2, 6) for b in ("1/2", "1/10", "1/100") for n in (1, 3, 6)]


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
AVERAGE = "learners that draw their queries"
SAME = Assumption(
    "the learner outputs the same mediator in both games",
    lambda m: all((a.table == b.table).all() for a, b in getattr(m, "outputs", ())),
)
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
        Control("queries drawn by a coin", witness=lambda: draw_queries(5, 2, 1, "zero"), drops=SAME.name),
        Control("deviations that lead nowhere", witness=lambda: even(4, 2, reached=False), drops=REACHED.name),
        Control("a sum of H", witness=lambda: even(4, 2), tightens=whole_horizon),
        Control("no deviations", witness=lambda: even(4, 2), sabotages=measure.regret, by=forbid_deviations),
    ),
    also=(
        Part(SAME_DATA, lambda: [even(H, K) for K in (1, 2, 3) for H in (2, 3, 5, 9)], see_the_same),
        Part(AVERAGE, list_learners, average, thorough=lambda: list_learners((3,))),
        Part(SHOWN, list_demonstrations, after_demonstrations),
    ),
    figure=figure,
    sides=(r"$H - 1$", r"$N_0(L) + N_1(L)$"),
)
