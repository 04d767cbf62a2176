"""Implicit token rewards, summed from each token on, give the policy gradient of the return, often at less variance.

Statement  On a tree let c = beta log(pi*/ref) be the implicit rewards of the soft optimum, and draw y from a policy
           pi > 0 with one logit for each token of each prefix. The mean of
               sum_t (gradient of log pi(a_t | s_t)) (c_t + c_(t+1) + ...)
           is the gradient of E_pi R, as is that of the estimate with R in place of the sum: for every response
               c_t + c_(t+1) + ... = r_t + r_(t+1) + ... - V*(s_t),
           a baseline of the prefix. With T independent fair tokens, each worth +x or -x and with a logit for each step,
           the variances of the estimates sum to x^2 T (T-1) / 8 with the rewards that follow, and to twice that with R.
           Adding both the implicit rewards and the return doubles the gradient, so that the optimum at beta is another.
Assumes    every token with positive probability under the reference; no merged states.
Units      rewards and beta in one unit.
Kind       identity
Source     adapted from Zhong, Shan, Feng, Xiong, Cheng, Zhao, He, Bian and Wang, 2025; Rafailov, Hejna, Park and Finn,
           2024.
Proof      proofs/preference/implicit_token_rewards_keep_the_policy_gradient.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...base.interval import stack
from ...base.lifting import enclose
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.preference.tokens import (
    BETA,
    ROWS,
    WEIGHTS,
    bad_token,
    drawn_tokens,
    heap,
    mix_with_uniform,
)
from ...model import TabularPolicy, TokenProblem, response_policy
from ...solve import tilted_tokens
from ...verify.claim import Assumption, Claim, Control, Equal, Part


def gradient(m, each, so_far=True):
    """Mean estimate `[s,a]` with the sum of `each[s,a]` from the token on, or over the whole response."""
    law = enclose(response_policy(m.problem, m.policy).table)[0]
    along, total = measure.path_sums(m.problem, each), measure.response_sums(m.problem, each)
    mass = [[law[0] * 0] * m.problem.A for _ in range(m.problem.S)]
    for y, path in enumerate(m.problem.responses):
        for t, (s, a) in enumerate(path):
            after = total[y] - along[path[t - 1]] if t and so_far else total[y]
            mass[s][a] = mass[s][a] + law[y] * after
    mass = stack([stack(row) for row in mass])
    return mass - enclose(m.policy.table) * mass.sum(axis=-1)[:, None]


def check(m):
    implicit = measure.implicit_reward(m.problem, tilted_tokens(m.problem))
    of_return = gradient(m, measure.token_reward(m.problem), so_far=False)
    return Equal(
        {
            "rewards that follow": (gradient(m, implicit), of_return),
            "all rewards": (gradient(m, implicit, so_far=False), of_return),
        }
    )


def token_alone(m):
    """The implicit reward of the token, without those that follow."""
    implicit = measure.implicit_reward(m.problem, tilted_tokens(m.problem))
    mass = measure.token_visits(m.problem, m.policy) * implicit
    found = mass - enclose(m.policy.table) * mass.sum(axis=-1)[:, None]
    return Equal({**check(m).pairs, "rewards that follow": (found, check(m).pairs["rewards that follow"][1])})


def counted_twice(m):
    """The implicit rewards and the return."""
    pairs = check(m).pairs
    found, of_return = pairs["all rewards"]
    return Equal({**pairs, "all rewards": (found + of_return, of_return)})


FAMILY = Family(
    blocks=dict(reference=ROWS, weights=WEIGHTS, beta=BETA, policy=ROWS),
    sizes=dict(S=(1, 4), A=(2, 3)),
    models=dict(problem=drawn_tokens, policy=lambda x: TabularPolicy(mix_with_uniform(x.policy))),
)


# ---- independent tokens
def fair_tokens(T):
    """T fair tokens, each worth log 2 or -log 2 whatever the others."""
    S = 2**T - 1
    problem = TokenProblem(heap(S, 2), objects([["1/2", "1/2"]] * S), weights=objects([[2, "1/2"]] * S))
    return Instance(problem=problem, T=T)


def variances(m):
    """Sums over the steps of the variances with the rewards that follow, and with the return."""
    x, T = measure.logarithm(m.problem.weights[0, 0]), m.T
    signs = np.array([[1 - 2 * a for _, a in path] for path in m.problem.responses])
    follow = signs[:, ::-1].cumsum(axis=1)[:, ::-1]
    found = []
    for sums in (follow, np.repeat(signs.sum(axis=1)[:, None], T, axis=1)):
        estimates = signs * sums  # twice the estimate of each step, in units of x
        spread = len(signs) * (estimates**2).sum(axis=0) - estimates.sum(axis=0) ** 2
        found.append(x * x * int(spread.sum()) / (4 * len(signs) ** 2))
    return found


def halves(m, share=2):
    follow, whole = variances(m)
    x = measure.logarithm(m.problem.weights[0, 0])
    return Equal({"variance": (follow * share, whole), "size": (whole, x * x * (m.T * (m.T - 1)) / 4)})


def third(m):
    return halves(m, share=3)


# ---- controls
def three_rows():
    m = bad_token(2, p="1/4")
    return m.replace(policy=TabularPolicy(m.problem.like([["1/2", "1/2"], ["3/5", "2/5"], ["1/3", "2/3"]])))


def without_second_token():
    """The reference never writes the second of two tokens, and the policy does."""
    law = bad_token(1).problem.like([[1, 0]])
    problem = TokenProblem([[1, 1]], law, weights=bad_token(1).problem.like([[3, 2]]))
    return bad_token(1).replace(problem=problem, policy=TabularPolicy(bad_token(1).problem.like([["1/2", "1/2"]])))


def half_as_much(implicit_reward, problem, policy):
    return implicit_reward(problem, policy) / 2


def figure(ax, rows):
    """The variance of both estimates against the number of tokens."""
    at = [row for row in rows if row["part"] == FAIR and not row.get("control")]
    T = [row["parameters"]["T"] for row in at]
    whole = np.array([row["pairs"]["variance"][1] for row in at])
    ax.plot(T, [row["pairs"]["size"][1] for row in at], "k--", label="$x^2\\, T(T-1)/4$ and half of it")
    ax.plot(T, [row["pairs"]["size"][1] / 2 for row in at], "k--")
    ax.plot(T, whole, "sC2", label="with the return")
    ax.plot(T, [row["pairs"]["variance"][0] / 2 for row in at], "oC0", label="with the rewards that follow")
    ax.plot(T, whole / 3, "xC1", label="a third (fails)")
    ax.set(xlabel="number of tokens $T$", ylabel="variance of the gradient")
    ax.legend(fontsize=6)


SUPPORT = Assumption(
    "every token has positive probability under the reference", lambda m: bool(m.problem.support.all())
)
TREE = Assumption("no states merge", lambda m: m.problem.is_tree)
FAIR = "fair tokens"
CLAIM = Claim(
    "implicit_token_rewards_keep_the_policy_gradient",
    check,
    FAMILY,
    formula=(
        r"\mathbb{E}_\pi \sum_t \nabla \log \pi(a_t \mid s_t) \sum_{k \ge t} \beta \log \frac{\pi^*(a_k \mid "
        r"s_k)}{\mathrm{ref}(a_k \mid s_k)} = \nabla\, \mathbb{E}_\pi R"
    ),
    papers=("zhong2025", "rafailov2024"),
    tags=("preferences", "tokens", "credit-assignment", "policy-gradient"),
    assumes=(SUPPORT, TREE),
    controls=(
        Control("a token that the reference never writes", witness=without_second_token, drops=SUPPORT.name),
        Control("the token's own reward", witness=three_rows, tightens=token_alone, at="rewards that follow"),
        Control("rewards counted twice", witness=three_rows, tightens=counted_twice, at="all rewards"),
        Control("half of the implicit reward", witness=three_rows, sabotages=measure.implicit_reward, by=half_as_much),
        Control("a third of the variance", witness=lambda: fair_tokens(4), tightens=third, at="variance", part=FAIR),
    ),
    also=(Part(FAIR, lambda: [fair_tokens(T) for T in range(2, 9)], halves),),
    accepts=("problem", TokenProblem, ("reference", "weights", "beta")),
    figure=figure,
)
