"""Summed from each token on, implicit token rewards give the policy gradient of the return, with another variance.

Statement  Let next tokens lead to one state each, let c = beta log(pi*/ref) be the implicit rewards of the soft
           optimum, and draw y from a policy pi > 0 with one logit for each token of each state. The mean of
               sum_t (gradient of log pi(a_t | s_t)) (c_t + c_(t+1) + ...)
           is the gradient of E_pi R, as is that of the estimate with R in place of the sum: for every response
               c_t + c_(t+1) + ... = r_t + r_(t+1) + ... - V*(s_t),
           a baseline of the state. With T independent fair tokens, each worth +x or -x and with a logit for each step,
           k = beta log cosh(x / beta), the variances of the estimates sum to
               x^2 T (T-1) / 4 with R,   x^2 T (T-1) / 8 with r_t + r_(t+1) + ...,
               x^2 T (T-1) / 8 + k^2 T (T+1) (2T+1) / 24 with c_t + c_(t+1) + ... .
           For x = log 2 and beta = 1 the implicit rewards have less variance than R for 2 <= T <= 11 and more for
           T >= 12. Adding both the implicit rewards and the return doubles the gradient, so that the optimum at beta is
           another.
Assumes    every token with positive probability under the reference; at least twelve tokens (long responses).
Units      rewards and beta in one unit.
Kind       identity; for all T >= 12 (long responses: two sizes are enumerated, all are proved in the note)
Source     adapted from Zhong, Shan, Feng, Xiong, Cheng, Zhao, He, Bian and Wang, 2025; Rafailov, Hejna, Park and Finn,
           2024.
Proof      proofs/preference/implicit_token_rewards_keep_the_policy_gradient.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...base.lifting import enclose
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.preference.tokens import (
    BETA,
    GRAPHS,
    ROWS,
    WEIGHTS,
    bad_token,
    drawn_tokens,
    mix_with_uniform,
)
from ...model import TabularPolicy, TokenProblem, response_policy
from ...solve import tilted_tokens
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def gradient(m, each, so_far=True):
    """Mean estimate `[s,a]` with the sum of `each[s,a]` from the token on, or over the whole response."""
    law = enclose(response_policy(m.problem, m.policy).table)[0]
    total = measure.response_sums(m.problem, each)
    mass = [[law[0] * 0] * m.problem.A for _ in range(m.problem.S)]
    for y, path in enumerate(m.problem.responses):
        after = total[y]
        for s, a in path:
            mass[s][a] = mass[s][a] + law[y] * (after if so_far else total[y])
            after = after - each[s, a]
    mass = stack([stack(row) for row in mass])
    return mass - enclose(m.policy.table) * mass.sum(axis=-1)[:, None]


def gradient_by_values(m):
    """d(s) pi(a|s) (Q(s,a) - V(s)), with the values of the policy by backward induction."""
    problem, r = m.problem, measure.token_reward(m.problem)
    law = enclose(m.policy.table)
    V = [r[0, 0] * 0] * (problem.S + 1)
    for s in reversed(range(problem.S)):
        Q = r[s] + measure.next_values(problem, stack(V))[s]
        V[s] = (law[s] * Q).sum()
    V = stack(V)
    return measure.token_visits(problem, m.policy) * (r + measure.next_values(problem, V) - V[:-1][:, None])


def check(m):
    implicit = measure.implicit_reward(m.problem, tilted_tokens(m.problem))
    expected = gradient_by_values(m)
    return Equal(
        {
            "rewards that follow": (gradient(m, implicit), expected),
            "all rewards": (gradient(m, implicit, so_far=False), expected),
            "return": (gradient(m, measure.token_reward(m.problem), so_far=False), expected),
        }
    )


def token_alone(m):
    """The implicit reward of the token, without those that follow."""
    implicit = measure.implicit_reward(m.problem, tilted_tokens(m.problem))
    mass = measure.token_visits(m.problem, m.policy) * implicit
    found = mass - enclose(m.policy.table) * mass.sum(axis=-1)[:, None]
    pairs = check(m).pairs
    return Equal({**pairs, "rewards that follow": (found, pairs["rewards that follow"][1])})


def counted_twice(m):
    """The implicit rewards and the return."""
    pairs = check(m).pairs
    found, of_return = pairs["all rewards"]
    return Equal({**pairs, "all rewards": (found + of_return, of_return)})


FAMILY = Family(
    blocks=dict(reference=ROWS, weights=WEIGHTS, beta=BETA, policy=ROWS),
    sizes=GRAPHS,
    models=dict(problem=drawn_tokens, policy=lambda x: TabularPolicy(mix_with_uniform(x.policy))),
)


# ---- independent tokens
def fair_tokens(T):
    """T fair tokens, each worth log 2 or -log 2 whatever the others, with one state for each step."""
    steps = [[t + 1, t + 1] for t in range(T)]
    return Instance(problem=TokenProblem(steps, objects([["1/2", "1/2"]] * T), weights=objects([[2, "1/2"]] * T)), T=T)


def total_variances(m):
    """Variances of the estimates, summed over the steps: with the return, the rewards and the implicit rewards."""
    T, r = m.T, measure.token_reward(m.problem)
    c = measure.implicit_reward(m.problem, tilted_tokens(m.problem))
    signs = np.array([[1 - 2 * a for _, a in path] for path in m.problem.responses])
    follow = signs[:, ::-1].cumsum(axis=1)[:, ::-1]
    whole = np.repeat(signs.sum(axis=1)[:, None], T, axis=1)
    left = np.repeat(np.arange(T, 0, -1)[None], len(signs), axis=0)

    def covary(one, other):
        """Covariances over the responses of two estimates without their units, summed over the steps."""
        one, other, n = signs * one, signs * other, len(signs)
        sums = n * (one * other).sum(axis=0) - one.sum(axis=0) * other.sum(axis=0)
        return rational(int(sums.sum())) / (4 * n**2)

    x = (r[0, 0] - r[0, 1]) / 2
    scale, shift = (c[0, 0] - c[0, 1]) / 2, (c[0, 0] + c[0, 1]) / 2
    implicit = scale * scale * covary(follow, follow) + scale * shift * (covary(follow, left) * 2)
    return x * x * covary(whole, whole), x * x * covary(follow, follow), implicit + shift * shift * covary(left, left)


def variances(m):
    """The three variances, and that one scale and one shift give the implicit rewards of all steps."""
    x, k, T = measure.logarithm(2), measure.logarithm(rational("5/4")), m.T
    implicit = measure.implicit_reward(m.problem, tilted_tokens(m.problem))
    whole, follow, of_implicit = total_variances(m)
    half = x * x * (T * (T - 1)) / 8
    return Equal(
        {
            "tokens": (implicit, stack([stack([x - k, -x - k])] * T)),
            "return": (whole, half * 2),
            "rewards that follow": (follow, half),
            "implicit rewards": (of_implicit, half + k * k * (T * (T + 1) * (2 * T + 1)) / 24),
        }
    )


def without_soft_values(m):
    """As if the implicit rewards had the variance of the rewards."""
    pairs = variances(m).pairs
    return Equal({**pairs, "implicit rewards": (pairs["implicit rewards"][0], pairs["rewards that follow"][1])})


def exceeds(m):
    whole, _, of_implicit = total_variances(m)
    return Bound(whole, of_implicit)


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
    """The variances of the three estimates against the number of tokens."""
    at = [row for row in rows if row["part"] == FAIR and not row.get("control")]
    T = [row["parameters"]["T"] for row in at]
    for name, style, words in (
        ("return", "sC2", "return"),
        ("rewards that follow", "^C4", "rewards from the token on"),
        ("implicit rewards", "oC0", "implicit rewards from the token on"),
    ):
        found, expected = np.array([row["pairs"][name] for row in at]).T
        ax.plot(T, expected, "k--", lw=0.8)
        ax.plot(T, found, style, label=words)
    short = next(row for row in rows if row.get("control") and row["label"] == SHORT)
    ax.plot(11, short["sides"][1], "xC1", label="at least the return's at $T = 11$ (fails)")
    ax.set(xlabel="number of tokens $T$", ylabel="variance of the gradient")
    ax.legend(fontsize=6)


SUPPORT = Assumption(
    "every token has positive probability under the reference", lambda m: bool(m.problem.support.all())
)
LONG = Assumption("at least twelve tokens", lambda m: m.T >= 12)
FAIR, MANY, SHORT = "fair tokens", "long responses", "eleven tokens"
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
    assumes=(SUPPORT,),
    controls=(
        Control("a token that the reference never writes", witness=without_second_token, drops=SUPPORT.name),
        Control("the token's own reward", witness=three_rows, tightens=token_alone, at="rewards that follow"),
        Control("rewards counted twice", witness=three_rows, tightens=counted_twice, at="all rewards"),
        Control("half of the implicit reward", witness=three_rows, sabotages=measure.implicit_reward, by=half_as_much),
        Control(
            "the variance without the soft value",
            witness=lambda: fair_tokens(4),
            tightens=without_soft_values,
            at="implicit rewards",
            part=FAIR,
        ),
        Control(SHORT, witness=lambda: fair_tokens(11), drops=LONG.name, part=MANY),
    ),
    also=(
        Part(FAIR, lambda: [fair_tokens(T) for T in range(2, 14)], variances),
        Part(MANY, lambda: [fair_tokens(T) for T in (12, 13)], exceeds, assumes=(LONG,)),
    ),
    accepts=("problem", TokenProblem, ("reference", "weights", "beta")),
    figure=figure,
)
