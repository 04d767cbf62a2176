"""Likelihood ratios rank prefixes by reward to date plus soft value; plain likelihoods need a uniform reference.

Statement  On a tree let pi* be the soft-optimal policy. For every prefix with tokens a_0 ... a_k at states s_0 ... s_k,
               sum_{t <= k} beta log(pi*/ref)(a_t | s_t) = sum_{t <= k} r(s_t, a_t) + V*(s_(k+1)) - V*(s_0),
           so a search that keeps the prefixes of the largest likelihood ratio keeps those of the largest reward to
           date plus soft value, whatever their lengths. The likelihood itself ranks prefixes of one length in this way
           if the reference is uniform over the same number of tokens at every prefix. Otherwise the most likely
           response y of pi* can lose, against the best response z, up to beta log(ref(y)/ref(z)), and no more.
Assumes    every token with positive probability under the reference; no merged states; a uniform reference (plain
           likelihoods).
Units      rewards and beta in one unit; logarithms in nats.
Kind       identity; for all (the loss), attained
Source     adapted from Rafailov, Hejna, Park and Finn, 2024.
Proof      proofs/preference/likelihood_ratios_rank_prefixes_by_soft_value.md
"""

import numpy as np

from ... import measure
from ...base.arrays import bare, objects, rational
from ...base.lifting import enclose, number
from ...ink.figures import panels
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.preference.tokens import BETA, ROWS, WEIGHTS, bad_token, drawn_tokens, heap, mix_with_uniform
from ...model import TokenProblem, response_policy
from ...solve import tilted_tokens
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def scores(m):
    """Reward to date plus soft value of every prefix, minus the soft value of the prompt, `[s,a]`."""
    V = measure.soft_value(m.problem)
    return measure.path_sums(m.problem, measure.token_reward(m.problem)) + measure.next_values(m.problem, V) - V[0]


def check(m):
    ratio = measure.path_sums(m.problem, measure.implicit_reward(m.problem, tilted_tokens(m.problem)))
    return Equal({"ratio": (ratio, scores(m))})


def reward_to_date(m):
    """Without the soft value of what may follow."""
    to_date = measure.path_sums(m.problem, measure.token_reward(m.problem)) - measure.soft_value(m.problem)[0]
    return Equal({"ratio": (check(m).pairs["ratio"][0], to_date)})


def likelihood(m):
    """beta log pi* of every prefix, and its score but for beta log A a token."""
    logs = measure.logarithm(tilted_tokens(m.problem).table)
    logs = logs * number(m.problem.beta, logs)
    per_token = measure.logarithm(m.problem.like([m.problem.A]))[0]
    tokens = (m.problem.depth + 1)[:, None] * np.ones(m.problem.A, dtype=int)
    return Equal({"likelihood": (measure.path_sums(m.problem, logs), scores(m) - per_token * m.problem.beta * tokens)})


# ---- the most likely response
def loss(m, share=1):
    """What the most likely response of pi* loses against the best one, and beta log of their reference ratio."""
    over = m.problem.problem()
    law = response_policy(m.problem, tilted_tokens(m.problem)).table[0]
    likely, best = bare(law).argmax(), bare(over.weights[0]).argmax()
    lost = measure.logarithm(enclose(over.weights)[0][best] / enclose(over.weights)[0][likely])
    most = measure.logarithm(enclose(over.reference)[0][likely] / enclose(over.reference)[0][best])
    beta = number(m.problem.beta, lost)
    return Bound(lost * beta, most * beta * share)


def half_the_loss(m):
    return loss(m, m.problem.like("1/2")[()])


def family(**change):
    return Family(
        blocks=dict(reference=ROWS, weights=WEIGHTS, beta=BETA),
        sizes=dict(S=(1, 4), A=(2, 3)),
        models=dict(problem=drawn_tokens) | change,
    )


def on_a_peaked_reference(x):
    """A draw whose reference prefers some tokens so much that the most likely response is often not the best."""
    law = mix_with_uniform(x.reference) ** 4
    law = law / law.sum(axis=-1)[..., None]
    return TokenProblem(heap(x.sizes["S"], x.sizes["A"]), law, weights=(x.weights + 8) / 8, beta=x.beta)


def on_uniform(x):
    S, A = x.sizes["S"], x.sizes["A"]
    return TokenProblem(heap(S, A), x.like([[f"1/{A}"] * A] * S), weights=x.weights, beta=x.beta)


# ---- instances
def rare_gain(k, weight=None):
    """The better of two tokens has probability 1/k under the reference; its weight k - 1 makes both equally likely."""
    law = objects([[1 - rational(1) / k, rational(1) / k]])
    return Instance(
        problem=TokenProblem([[1, 1]], law, weights=objects([[1, k - 1 if weight is None else weight]])), k=k
    )


def likely_responses():
    """Two responses of which the worse is the more likely, and four tokens."""
    return [rare_gain(k, w) for k in (4, 8, 16) for w in sorted({2, k // 2, k - 1})] + [four_tokens()]


def attains(m):
    left, right = loss(m).sides
    return Equal({"loss": (left, right), "size": (right, measure.logarithm(m.k - 1))})


def four_tokens():
    """Four binary tokens whose reference prefers the first 3 to 1, and rewards that differ from prefix to prefix."""
    S = 15
    weights = [[1 + (5 * s + 3) % 7, 1 + (3 * s * s + 6 * s + 1) % 8] for s in range(S)]
    problem = TokenProblem(heap(S, 2), objects([["3/4", "1/4"]] * S), weights=objects(weights))
    return Instance(problem=problem)


def search(problem, ratios, width):
    """The first response that a search keeps, with `width` prefixes of the largest products of ratios.

    Ties are broken in favour of the first prefix.
    """
    beam = [(1, (), 0)]
    while any(s < problem.S for _, _, s in beam):
        longer = [each for each in beam if each[2] == problem.S]
        for score, path, s in beam:
            if s < problem.S:
                for a in np.flatnonzero(problem.available[s]).tolist():
                    longer.append((ratios[s, a] * score, (*path, (s, a)), int(problem.next[s, a])))
        beam = sorted(longer, key=lambda each: -each[0])[:width]
    return problem.responses.index(beam[0][1])


WIDTHS = (1, 2, 3, 4, 6, 8, 12, 16)


def search_return(m, by, width):
    """The return of the response that a search by likelihood ratios or likelihoods finds."""
    best = tilted_tokens(m.problem).table
    ratios = best / m.problem.reference if by == "ratio" else best
    return measure.reward(m.problem.problem())[0][search(m.problem, ratios, width)]


def searches(m):
    """The returns found at the widths of the figure."""
    return {by: [float(search_return(m, by, width).mid) for width in WIDTHS] for by in ("ratio", "likelihood")}


def every_response(m, by="ratio"):
    """With room for all responses the search by ratios finds the best one."""
    return Equal({"best": (search_return(m, by, m.problem.counts[0]), measure.reward(m.problem.problem())[0].max())})


def by_likelihood(m):
    return every_response(m, by="likelihood")


def without_last_token(path_sums, problem, each):
    """The sum over the prefix alone."""
    return path_sums(problem, each) - each


def figure(ax, rows):
    """The return that a search of each width finds, and the loss of the most likely response."""
    left, right = panels(ax, 2)
    data = next(row["data"] for row in rows if row["part"] == SEARCH and row.get("data"))
    left.plot(WIDTHS, data["ratio"], "oC0-", label="likelihood ratio")
    left.plot(WIDTHS, data["likelihood"], "xC1-", label="likelihood (fails)")
    left.set(xlabel="prefixes kept", ylabel="return of the response found")
    left.set_xticks(WIDTHS)
    left.legend()
    at = [row for row in rows if row["part"] == TIGHT]
    k = [row["parameters"]["k"] for row in at]
    right.plot(
        k, [row["pairs"]["loss"][1] for row in at], "k--", label=r"$\beta \log(\mathrm{ref}(y) / \mathrm{ref}(z))$"
    )
    right.plot(k, [row["pairs"]["loss"][0] for row in at], "xC1", label="most likely response")
    right.plot(k, [0 for _ in k], "oC0", label="largest likelihood ratio")
    right.set(xlabel="$1 / \\mathrm{ref}$ of the better response", ylabel="loss", xscale="log")
    right.set_xticks(k, [str(each) for each in k])
    right.minorticks_off()
    right.legend(fontsize=6)


SUPPORT = Assumption(
    "every token has positive probability under the reference", lambda m: bool(m.problem.support.all())
)
TREE = Assumption("no states merge", lambda m: m.problem.is_tree)
UNIFORM = Assumption("the reference is uniform", lambda m: bool((m.problem.reference * m.problem.A == 1).all()))
PLAIN, LOSS, NEAR = "plain likelihoods", "most likely response", "two responses and four tokens"
TIGHT, SEARCH = "the loss is attained", "search"
CLAIM = Claim(
    "likelihood_ratios_rank_prefixes_by_soft_value",
    check,
    family(),
    formula=(
        r"\sum_{t \le k} \beta \log \frac{\pi^*(a_t \mid s_t)}{\mathrm{ref}(a_t \mid s_t)} = \sum_{t \le k} r(s_t, a_t) + "
        r"V^*(s_{k+1}) - V^*(s_0)"
    ),
    papers=("rafailov2024",),
    tags=("preferences", "tokens", "search"),
    assumes=(SUPPORT, TREE),
    controls=(
        Control("rewards to date without the soft value", witness=bad_token, tightens=reward_to_date, at="ratio"),
        Control("sums without the last token", witness=bad_token, sabotages=measure.path_sums, by=without_last_token),
        Control("a reference that is not uniform", witness=lambda: rare_gain(4), drops=UNIFORM.name, part=PLAIN),
        Control("half of the loss", witness=lambda: rare_gain(4), tightens=half_the_loss, part=LOSS),
        Control("search by likelihood", witness=four_tokens, tightens=by_likelihood, at="best", part=SEARCH),
    ),
    also=(
        Part(PLAIN, family(problem=on_uniform), likelihood, assumes=(UNIFORM,)),
        Part(LOSS, family(problem=on_a_peaked_reference), loss, assumes=(SUPPORT, TREE)),
        Part(NEAR, likely_responses, loss),
        Part(TIGHT, lambda: [rare_gain(k) for k in (3, 5, 9, 17, 33, 65)], attains),
        Part(SEARCH, lambda: [four_tokens()], every_response, data=searches),
    ),
    accepts=("problem", TokenProblem, ("reference", "weights", "beta")),
    figure=figure,
)
