"""A Bradley-Terry reward ranks by win rate against the data; on a cycle every ranking occurs for some law of the data.

Statement  Let pairs of responses be drawn independently from a law mu with full support, let the preferences be
           arbitrary, and let w = e^r, with r a maximum likelihood reward of the Bradley-Terry model. The win rates
           B(y) = sum_x mu(x) P(y beats x) satisfy
               B(y) - B(z) = (w_y - w_z) sum_x mu(x) w_x / ((w_y + w_x) (w_z + w_x))
           for all y and z, so that r ranks responses by their win rate against the data, and a response that another
           one dominates is never ranked first.
           On a cycle of three responses each of the six rankings is that of the maximum likelihood reward for some mu.
           Its greedy policy is beaten by the margin of the response that beats its choice, so that it is exploitable,
           whereas the minimax winner is not.
Assumes    r satisfies the likelihood equations; the compared responses are independent draws; the margins of the cycle
           are positive.
Units      rewards are logarithms of weights; margins in [-1, 1].
Kind       for all; for all (every ranking on every cycle)
Source     adapted from Siththaranjan, Laidlaw and Hadfield-Menell, 2024, and Swamy, Dann, Kidambi, Wu and Agarwal,
           2024.
Proof      proofs/preference/bradley_terry_has_no_faithful_reward_on_a_cycle.md
"""

from itertools import permutations

import numpy as np

from ... import measure
from ...base.arrays import floats, objects
from ...base.lifting import enclose, law
from ...ink.figures import panels
from ...ink.simplex import simplex
from ...instances.blocks import Box
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.preference.duels import (
    bradley_terry,
    cycle_margin,
    dominated_response,
    duel,
    likelihood_slope,
    preference_cycle,
    skew,
)
from ...model import TabularPolicy
from ...verify.claim import Assumption, Claim, Control, Equal, Part


def win_rates(m, opponents):
    """B(y) = P(y beats a response drawn from `opponents`)."""
    return (measure.margin_against(m.problem, opponents)[0] + 1) / 2


def check(m, opponents=None):
    B, w = win_rates(m, TabularPolicy(m.problem.data) if opponents is None else opponents), enclose(m.weights)
    mu, y, z, x = law(m.problem, "data")[0], w[:, None, None], w[None, :, None], w[None, None, :]
    slopes = (mu * (x / ((y + x) * (z + x)))).sum(axis=-1)
    return Equal({"win rates": (B[:, None] - B[None, :], (w[:, None] - w[None, :]) * slopes)})


def against_the_reference(m):
    return check(m, TabularPolicy(m.problem.reference))


def let_tie(K, p):
    """Margins with which every response ties with p: K - K p 1' + 1 (K p)'."""
    off = (K * p).sum(axis=-1)
    return K - off[:, None] + off[None, :]


def build(x):
    """Preferences explained by the weights, up to a residual against which the data's law ties."""
    mu = x.data / x.data.sum()
    chance = bradley_terry(x.weights)
    win = chance + let_tie(skew(x.upper), mu) * chance.min() / 3
    return duel((win * 2 - 1)[None], data=mu[None])


FAMILY = Family(
    blocks=dict(weights=Box("Y", lower="1/2", upper=2), data=Box("Y", lower="1/16"), upper=Box("Y", "Y", lower=-1)),
    sizes=dict(Y=(2, 4)),
    models=dict(
        problem=build, weights=lambda x: x.weights, pairs=lambda x: np.outer(x.data, x.data) / x.data.sum() ** 2
    ),
)


# ---- cycles
def data_for(M, weights):
    """The law of the data under which the weights have the highest likelihood, on a cycle."""
    excess = (M + 1) / 2 - bradley_terry(weights)
    found = np.stack([excess[1, 2], excess[2, 0], excess[0, 1]])
    return found / found.sum()


def on_cycle(margins, scores):
    """The cycle, with weights 1 + scores min(a, b, c) / 2 for scores in [0, 1], and the data that make them optimal."""
    M, weights = cycle_margin(margins), 1 + scores * margins.min() / 2
    return duel(M[None], data=data_for(M, weights)[None]), weights


EVERY = Family(
    blocks=dict(margins=Box("Y", lower="1/16"), scores=Box("Y")),
    sizes=dict(Y=(3, 3)),
    models=dict(problem=lambda x: on_cycle(x.margins, x.scores)[0], weights=lambda x: on_cycle(x.margins, x.scores)[1]),
)


def equations(m):
    """Both sides of the likelihood equations: the win rate of each response, observed and explained."""
    mu, w = law(m.problem, "data")[0], enclose(m.weights)
    return win_rates(m, TabularPolicy(m.problem.data)), (mu * (w[:, None] / (w[:, None] + w[None, :]))).sum(axis=-1)


def is_optimal(m):
    return Equal({"likelihood": equations(m)})


def rankings():
    """Every ranking on several cycles: the response of score 1 is preferred."""
    found = []
    for margins in (("3/5", "9/10", "1/5"), (1, 1, 1), ("1/10", 1, "1/2")):
        for scores in permutations((0, "1/2", 1)):
            problem, weights = on_cycle(objects(margins), objects(scores))
            best = objects([[int(score == 1) for score in scores]])
            beaten = objects(margins)[(scores.index(1) + 2) % 3]
            found.append(Instance(problem=problem, weights=weights, greedy=TabularPolicy(best), beaten=beaten))
    return found


def ranks(m):
    w, choice = m.weights, m.greedy.table[0]
    exploited = measure.exploitability(m.problem, m.greedy)
    return Equal(
        {"likelihood": equations(m), "best": (w.max(), (w * choice).sum()), "exploitability": (exploited, m.beaten)}
    )


def on_even_data(m):
    even = m.replace(problem=duel(m.problem.win * 2 - 1))
    return Equal({**ranks(m).pairs, "likelihood": equations(even)})


def not_exploitable(m):
    return Equal({**ranks(m).pairs, "exploitability": (measure.exploitability(m.problem, m.greedy), 0)})


# ---- controls
def reward_instance():
    """Preferences with weights (4, 2, 1), and the ranking (1, 2, 3) reversed."""
    problem = duel(bradley_terry(objects([4, 2, 1]))[None] * 2 - 1)
    return Instance(
        problem=problem, weights=objects([1, "5/4", "3/2"]), greedy=TabularPolicy(objects([[0, 0, 1]])),
        beaten=problem.win[0, 0, 2] * 2 - 1,
    )  # fmt: skip


def correlate_pairs():
    """The response that the reward model ranks first is dominated; the pairs are no independent draws."""
    return dominated_response()


def guess_weights():
    """Weights in the order of the win rates that are not the most likely ones."""
    m = preference_cycle()
    return m.replace(weights=objects([3, 2, 1]), pairs=objects([["1/9"] * 3] * 3))


def uneven():
    x = Instance(weights=objects([1, 2, 1]), data=objects([1, 2, 3]), upper=objects([[0, 1, -1], [0, 0, 1], [0, 0, 0]]))
    return Instance(problem=build(x), weights=x.weights, pairs=objects(np.outer([1, 2, 3], [1, 2, 3])) / 36)


def halve(margin_against, problem, policy):
    return margin_against(problem, policy) / 2


LIKELY = Assumption(
    "r satisfies the likelihood equations",
    lambda m: (likelihood_slope(m.problem.win[0], m.weights, m.pairs) == 0).all(),
)
INDEPENDENT = Assumption(
    "the compared responses are independent draws",
    lambda m: (m.pairs == m.problem.data[0][:, None] * m.problem.data[0][None, :]).all(),
)


def cyclic(m):
    M = m.problem.win[0] * 2 - 1
    return M[0, 1] > 0 and M[1, 2] > 0 and M[2, 0] > 0


CYCLIC = Assumption("the margins of the cycle are positive", cyclic)


def numbers(m):
    """For the figure: margins, the law of the data, and how exploitable the response is that is ranked first."""
    M, mu, choice = (floats(part) for part in (m.problem.win[0] * 2 - 1, m.problem.data[0], m.greedy.table[0]))
    return {"margins": [list(row) for row in M], "data": list(mu), "best": list(choice), "beaten": [(M @ choice).max()]}


def figure(ax, rows):
    """How exploitable the first-ranked response is; laws of the data by the response that they rank first."""
    lines, triangle = panels(ax, 2)
    found = [row["data"] for row in rows if row["part"] == RANKINGS and row.get("data")]
    lines.plot(range(1, 1 + len(found)), [each["beaten"][0] for each in found], "oC0", label="greedy on the reward")
    lines.plot([1, len(found)], [0, 0], "k--", label="minimax winner")
    lines.plot(1, 0, "xC1", label="as if faithful (fails)")
    lines.set(xlabel="cycles and rankings", ylabel="exploitability")
    lines.set_xticks([1, 6, 7, 12, 13, 18])
    lines.legend(fontsize=6, loc="upper right", bbox_to_anchor=(1, 0.75))
    M = np.array(found[0]["margins"])
    laws = np.array([(i, j, 24 - i - j) for i in range(1, 23) for j in range(1, 24 - i)]) / 24
    ranked = (laws @ M.T).argmax(axis=-1)  # win rates rank as rewards do
    own = [each["data"] for each in found if each["margins"] == found[0]["margins"]]
    paths = [(laws[ranked == y], f".{colour}", None) for y, colour in enumerate(("C0", "C2", "C4"))]
    simplex(triangle, [*paths, (own, "+k", None)])
    words = *(f"data that prefer {y}" for y in (1, 2, 3)), "six rankings"
    for line, label in zip(triangle.lines[1:], words, strict=True):
        line.set(markersize=4, label=label)
    triangle.legend(fontsize=6, loc="upper right", bbox_to_anchor=(1.15, 1.02))


EVERY_ONE, RANKINGS = "every reward near 0 is the most likely one for some data", "every ranking occurs"
CLAIM = Claim(
    "bradley_terry_has_no_faithful_reward_on_a_cycle",
    check,
    FAMILY,
    formula=(
        r"B(y) - B(z) = (w_y - w_z) \sum_x \frac{\mu(x)\, w_x}{(w_y + w_x)(w_z + w_x)}, \qquad B(y) = \sum_x \mu(x) "
        r"P(y \succ x)"
    ),
    papers=("siththaranjan2024", "swamy2024"),
    tags=("preferences", "misspecification"),
    assumes=(LIKELY, INDEPENDENT),
    controls=(
        Control("win rates against the reference", witness=uneven, tightens=against_the_reference, at="win rates"),
        Control("weights that are not the most likely", witness=guess_weights, drops=LIKELY.name),
        Control("pairs that are no independent draws", witness=correlate_pairs, drops=INDEPENDENT.name),
        Control("half of the margins", witness=uneven, sabotages=measure.margin_against, by=halve),
        Control("preferences of a reward", witness=reward_instance, drops=CYCLIC.name, part=RANKINGS),
        Control("even data", witness=lambda: rankings()[0], tightens=on_even_data, at="likelihood", part=RANKINGS),
        Control(
            "a faithful ranking",
            witness=lambda: rankings()[0],
            tightens=not_exploitable,
            at="exploitability",
            part=RANKINGS,
        ),
    ),
    also=(
        Part(EVERY_ONE, EVERY, is_optimal),
        Part(RANKINGS, rankings, ranks, assumes=(CYCLIC,), data=numbers),
    ),
    figure=figure,
    sides=("$B(y) - B(z)$", "difference explained by the weights"),
)
