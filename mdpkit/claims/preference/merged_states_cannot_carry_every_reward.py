"""Where prefixes merge, no policy of states fits preferences for rewards in which the tokens interact.

Statement  Let the second of two tokens be chosen without sight of the first, from A tokens each, and let responses
           (a, b) with returns R be compared in pairs drawn uniformly. For every policy of the merged states
               E ((g(y) - g(z)) - (R(y) - R(z)))^2 >= 2 mean_{a,b} I(a,b)^2,
               I(a,b) = R(a,b) - mean_b R(a,b) - mean_a R(a,b) + mean R,
           where g = beta log(pi/ref) is the implied reward: the pair error is 0 for some policy only if R is a sum of
           a term of each token. The policy pi proportional to ref e^((R - I)/beta) attains the bound. With two tokens
           and R = log 7 for (1, 1), 0 otherwise, the DPO loss of every policy exceeds that of the Bradley-Terry law by
           at least 0.0437, and of one by less than 0.0438. On the tree that keeps both prefixes apart both are 0.
Assumes    states merge: on the tree the soft optimum has pair error 0.
Units      returns in units of reward; the loss is in nats per ordered pair, of which a quarter compares y with itself.
Kind       for all; exists (attained)
Source     adapted from Rafailov, Hejna, Park and Finn, 2024, whose correspondence supposes that a state is its prefix.
Proof      proofs/preference/merged_states_cannot_carry_every_reward.md
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from ... import measure
from ...base.arrays import rational
from ...base.lifting import enclose
from ...ink.figures import panels
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.library.preference.tokens import BETA, merged_prefixes, mix_with_uniform
from ...model import TabularPolicy, TokenProblem, response_policy, token_policy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def comparisons(m):
    """The responses with their returns, compared in pairs drawn uniformly."""
    over = m.problem.problem()
    uniform = over.like([[f"1/{over.Y}"] * over.Y])
    return replace(over, weights=m.returns[None], data=uniform)


def interaction(m):
    """I(a, b), `[a,b]`."""
    A = m.problem.A
    R = measure.reward(comparisons(m))[0].reshape(A, A)
    rows, columns = R.sum(axis=1) / A, R.sum(axis=0) / A
    return R - rows[:, None] - columns[None, :] + rows.sum() / A


def check(m, share=1):
    I = interaction(m)
    least = (I * I).sum() * 2 / m.problem.A**2
    return Bound(least * share, measure.pair_error(comparisons(m), response_policy(m.problem, m.policy)))


def twice(m):
    return check(m, share=2)


RETURNS = Box(("A", "A"), lower="1/8", upper=8)
FAMILY = Family(
    blocks=dict(reference=Simplex(2, to="A"), policy=Simplex(2, to="A"), returns=RETURNS, beta=BETA),
    sizes=dict(A=(2, 3)),
    models=dict(
        problem=lambda x: two_tokens(x),
        policy=lambda x: TabularPolicy(mix_with_uniform(x.policy)),
        returns=lambda x: x.returns,
    ),
)


def two_tokens(x):
    """The merged problem of a draw, whose own rewards are 0."""
    reference = mix_with_uniform(x.reference)
    A = x.sizes["A"]
    return TokenProblem([[1] * A, [2] * A], reference, weights=reference * 0 + 1, beta=x.beta)


ODDS = ("1/3", "2/3", 1, "3/2", 2, "2351/1000", 3, 4, 6)


# ---- attained, and the DPO loss
def best_fit(root, first=1, second=1):
    """Returns log root^4 of the last response besides terms of both tokens, and the policy that attains the bound."""
    u, v, w = (rational(x) for x in (first, second, root))
    m = merged_prefixes(returns=(1, v**2, u**2, u**2 * v**2 * w**4))
    rows = m.problem.like([[1, u**2 * w**2], [1, v**2 * w**2]])
    return m.replace(policy=TabularPolicy(rows / rows.sum(axis=1)[:, None]), root=w)


def attains(m):
    left, right = check(m).sides
    w = enclose(m.returns)
    size = measure.logarithm(w[3] / (w[1] * w[2]))
    return Equal({"pair error": (right, left), "size": (left, size * size / 8)})


def excess(m, policy):
    """The DPO loss of a policy on uniform pairs, minus that of the Bradley-Terry law: a mean divergence."""
    table = response_policy(m.problem, policy).table[0]
    g, w = enclose(table) / enclose(m.problem.problem().reference)[0], enclose(m.returns)
    law, model = w[:, None] / (w[:, None] + w), g[:, None] / (g[:, None] + g)
    return (law * (measure.logarithm(law) - measure.logarithm(model))).sum() * 2 / len(table) ** 2


def loses(m, least="437/10000"):
    return Bound(m.problem.like(least)[()], excess(m, m.policy))


def loses_more(m):
    return loses(m, least="438/10000")


def policy_of_odds(odds):
    """The policy with the given odds of the second token in each state."""
    return TabularPolicy(np.stack([1 / (1 + odds), odds / (1 + odds)], axis=-1))


def seven(odds):
    """Returns 0, 0, 0 and log 7, and the same odds of both second tokens."""
    m = merged_prefixes()
    return m.replace(policy=policy_of_odds(m.problem.like([odds, odds])), odds=rational(odds))


POLICIES = Family(
    blocks=dict(odds=Box(2, lower="1/8", upper=8)),
    sizes=dict(A=(2, 2)),
    models=dict(
        problem=lambda x: TokenProblem([[1, 1], [2, 2]], x.like([["1/2", "1/2"]] * 2), weights=x.like([[1, 1]] * 2)),
        policy=lambda x: policy_of_odds(x.odds),
        returns=lambda x: x.like([1, 1, 1, 7]),
    ),
)


def slope(m, policy):
    """Derivative of the excess loss in the log odds of both tokens together."""
    table = response_policy(m.problem, policy).table[0]
    g, w = enclose(table), enclose(m.returns)
    law, model = w[:, None] / (w[:, None] + w), g[:, None] / (g[:, None] + g)
    second = np.array([0, 1, 1, 2])
    return ((model - law) * (second[:, None] - second)).sum() / len(table) ** 2


def bracket(m):
    """A lower bound on the least excess loss between two odds, by the tangent at the first: the loss is convex."""
    apart = measure.logarithm(m.policy.table[0, 1] / m.policy.table[0, 0])
    further = measure.logarithm(m.further.table[0, 1] / m.further.table[0, 0])
    least = excess(m, m.policy) + slope(m, m.policy) * (further - apart)
    return Bound(m.problem.like("437/10000")[()], least)


def two_odds():
    m = seven("2351/1000")
    return [m.replace(further=seven("2352/1000").policy)]


# ---- controls
def on_the_tree():
    """The same returns where the second token is chosen after the first."""
    m = merged_prefixes()
    tree = TokenProblem(
        [[1, 2], [3, 3], [3, 3]], m.problem.like([["1/2", "1/2"]] * 3), weights=m.problem.like([[1, 1]] * 3)
    )
    best = token_policy(tree, m.returns / m.returns.sum())
    return m.replace(problem=tree, policy=best)


def without_returns(pair_error, problem, policy):
    """The error of the rewards' own differences alone, as if the returns were 0."""
    return pair_error(replace(problem, weights=problem.weights * 0 + 1), policy)


def curves(m):
    """For the figure: the odds of both tokens and the excess loss."""
    return {"odds": [float(m.problem.like(m.odds)[()])], "excess": [float(excess(m, m.policy).mid)]}


def figure(ax, rows):
    """The excess DPO loss against the odds of both tokens, and the least pair error against the interaction."""
    left, right = panels(ax, 2)
    at = [row["data"] for row in rows if row["part"] == CURVE and row.get("data")]
    odds = [data["odds"][0] for data in at]
    left.plot(odds, [data["excess"][0] for data in at], "oC0-", label="merged states")
    left.plot(odds, [437 / 10000 for _ in odds], "k--", label="0.0437")
    left.plot(odds, [0 for _ in odds], "xC1", label="tree, soft optimum (fails)")
    left.set(xlabel="odds of the second token, in both states", ylabel="excess DPO loss", xscale="log")
    left.set_xticks([1 / 3, 1, 2, 4], ["1/3", "1", "2", "4"])
    left.minorticks_off()
    left.legend(fontsize=6)
    tight = [row for row in rows if row["part"] == TIGHT]
    roots = [float(Fraction(row["parameters"]["root"])) for row in tight]
    x = np.linspace(min(roots), max(roots), 100)
    right.plot(x, 2 * np.log(x) ** 2, "k--", label="$2\\,\\mathrm{mean}\\,I^2$")
    right.plot(roots, [row["pairs"]["pair error"][0] for row in tight], "oC0", label="merged states, attained")
    right.plot(roots, [0 for _ in roots], "xC1", label="tree, soft optimum (fails)")
    right.set(xlabel="$e^{R/4}$ of the pair", ylabel="pair error")
    right.legend(fontsize=6)


MERGED = Assumption("states merge", lambda m: not m.problem.is_tree)
BETWEEN = Assumption(
    "the loss falls at the first odds and rises at the second",
    lambda m: bool(slope(m, m.policy) <= 0) and bool(slope(m, m.further) >= 0),
)
TIGHT, DPO, BRACKET, CURVE = "attained", "DPO loss", "the least DPO loss", "equal odds"
CLAIM = Claim(
    "merged_states_cannot_carry_every_reward",
    check,
    FAMILY,
    formula=(
        r"\mathbb{E}_{y, z} \big( g(y) - g(z) - R(y) + R(z) \big)^2 \ge \frac{2}{A^2} \sum_{a, b} I(a, b)^2, \qquad g = "
        r"\beta \log \frac{\pi_0(a)\, \pi_1(b)}{\mathrm{ref}_0(a)\, \mathrm{ref}_1(b)}"
    ),
    papers=("rafailov2024",),
    tags=("preferences", "tokens"),
    assumes=(MERGED,),
    controls=(
        Control("the tree of the same responses", witness=on_the_tree, drops=MERGED.name),
        Control("twice the interaction", witness=lambda: best_fit(2), tightens=twice),
        Control("returns of 0", witness=lambda: seven(1), sabotages=measure.pair_error, by=without_returns),
        Control("a DPO loss of 0.0438", witness=lambda: seven("2351/1000"), tightens=loses_more, part=DPO),
    ),
    also=(
        Part(
            TIGHT,
            lambda: [best_fit(root, *rest) for root in ("1/2", "3/2", 2, 3) for rest in ((1, 1), (2, 3))],
            attains,
        ),
        Part(DPO, POLICIES, loses),
        Part(BRACKET, two_odds, bracket, assumes=(BETWEEN,)),
        Part(CURVE, lambda: [seven(odds) for odds in ODDS], loses, data=curves),
    ),
    figure=figure,
    sides=(r"$2\,\mathrm{mean}\,I^2$", "pair error"),
)
