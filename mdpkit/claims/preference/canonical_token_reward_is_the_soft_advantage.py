"""Each class of shaped token rewards has one member of the form beta log(pi/ref): the soft advantage, with V* = 0.

Statement  Let next tokens lead to one state each and every token have positive probability under the reference. The
           shaping of r by Phi = V* is
               r + V*(next) - V*(s) = Q* - V* = beta log(pi*/ref).
           The reward beta log(pi/ref) of any policy pi > 0 has soft values 0 and optimal policy pi, and its shaping by
           Phi has soft values -Phi: a class contains one reward of this form, and it is the one with V* = 0. If a
           response of H tokens costs c once any token is bad, each bad with probability p, then after k < H good tokens
           beta log(pi*/ref) is log(Z_(n-1)/Z_n) for a good and -c - log Z_n for a bad token, n = H - k, beta = 1,
           Z_n = (1-p)^n + (1 - (1-p)^n) e^(-c), and 0 for all tokens after the first bad one.
Assumes    every token with positive probability under the reference.
Units      rewards and beta in one unit.
Kind       identity
Source     adapted from Rafailov, Hejna, Park and Finn, 2024.
Proof      proofs/preference/canonical_token_reward_is_the_soft_advantage.md
"""

import numpy as np

from ... import measure
from ...base.arrays import rational
from ...base.lifting import enclose, number
from ...ink.figures import panels
from ...instances.blocks import Box
from ...instances.family import Family
from ...instances.library.preference.tokens import (
    BETA,
    GRAPHS,
    ROWS,
    WEIGHTS,
    bad_token,
    drawn_tokens,
    mix_with_uniform,
)
from ...model import TabularPolicy, TokenProblem
from ...solve import tilted_tokens
from ...verify.claim import Assumption, Claim, Control, Equal, Part


def check(m):
    potential = measure.logarithm(m.potential)
    potential = potential * number(m.problem.beta, potential)
    own = measure.implicit_reward(m.problem, m.policy)
    zero = measure.shaped_token_reward(m.problem, potential * 0)
    shaped = own + measure.shaped_token_reward(m.problem, potential) - zero
    values = measure.soft_value(m.problem, own)
    best = measure.implicit_reward(m.problem, tilted_tokens(m.problem))
    return Equal(
        {
            "advantage": (best, measure.shaped_token_reward(m.problem, measure.soft_value(m.problem)[:-1])),
            "values": (values, values * 0),
            "policy": (measure.soft_policy(m.problem, own), enclose(m.policy.table)),
            "shaped values": (measure.soft_value(m.problem, shaped)[:-1], -potential),
        }
    )


def plain_logarithm(m):
    """The reward beta log pi, without the reference."""
    own = measure.logarithm(m.policy.table) * m.problem.beta
    values = measure.soft_value(m.problem, own)
    return Equal({**check(m).pairs, "values": (values, values * 0)})


def reward_itself(m):
    pairs = check(m).pairs
    return Equal({**pairs, "advantage": (pairs["advantage"][0], measure.token_reward(m.problem))})


FAMILY = Family(
    blocks=dict(reference=ROWS, weights=WEIGHTS, beta=BETA, policy=ROWS, potential=Box("S", lower="1/8", upper=8)),
    sizes=GRAPHS,
    models=dict(
        problem=drawn_tokens,
        policy=lambda x: TabularPolicy(mix_with_uniform(x.policy)),
        potential=lambda x: x.potential,
    ),
)


# ---- one bad token
def one_bad_token(H, p, weight):
    return bad_token(H, p, weight).replace(H=H, p=rational(p), weight=rational(weight))


def bad_tokens():
    cases = ((H, p, w) for H in (1, 2, 3, 4) for p, w in (("1/2", "1/9"), ("1/4", "1/9"), ("1/3", 3)))
    return [one_bad_token(*case) for case in cases]


def still_good(m):
    """`[s]`, whether no token of the prefix was bad."""
    s = np.arange(m.problem.S)
    return (s + 1) & s == 0


def credits(m):
    credit = measure.implicit_reward(m.problem, tilted_tokens(m.problem))
    good, p, w = still_good(m), enclose(m.problem.like(m.p)), enclose(m.problem.like(m.weight))
    clean = [(1 - p) ** n if n else p * 0 + 1 for n in range(m.H + 1)]
    log_Z = [measure.logarithm(each + (1 - each) * w) for each in clean]
    first, after = credit[good], credit[~good]
    pairs = {}
    for k in range(m.H):
        n = m.H - k
        pairs[f"good token {k}"] = (first[k, 0], log_Z[n - 1] - log_Z[n])
        pairs[f"bad token {k}"] = (first[k, 1], measure.logarithm(w) - log_Z[n])
    if m.H > 1:
        pairs["after"] = (after, after * 0)
    return Equal(pairs)


def by_response(m):
    """For the figure: implicit rewards along each response, its tokens and its return."""
    if m.H != 3 or m.p != rational("1/4"):
        return {}
    credit = measure.implicit_reward(m.problem, tilted_tokens(m.problem)).mid
    returns = measure.response_sums(m.problem, measure.token_reward(m.problem)).mid
    plain = measure.logarithm(tilted_tokens(m.problem).table)
    paths = m.problem.responses
    return {
        "credit": [[float(credit[pair]) for pair in path] for path in paths],
        "tokens": [[int(a) for _, a in path] for path in paths],
        "returns": [float(x) for x in returns],
        "plain": [float(x) for x in measure.response_sums(m.problem, plain).mid],
    }


# ---- controls
def three_tokens():
    m = bad_token(2)
    rows = m.problem.like([["1/4", "3/4"], ["1/2", "1/2"], ["1/3", "2/3"]])
    return m.replace(policy=TabularPolicy(rows), potential=m.problem.like([2, 1, 3]))


def without_second_token():
    """The reference never writes the second of two tokens, whose reward then does not enter the implicit one."""
    law = TabularPolicy(bad_token(1).problem.like([[1, 0]]))
    problem = TokenProblem([[1, 1]], law.table, weights=bad_token(1).problem.like([[3, 2]]))
    return bad_token(1).replace(problem=problem, policy=law, potential=law.table[0, :1])


def halve_the_values(soft_value, problem, reward=None):
    """Half of the soft values."""
    return soft_value(problem, reward) / 2


def figure(ax, rows):
    """Implicit rewards of the tokens of all responses of three tokens, and the returns, paid at the end."""
    left, right = panels(ax, 2)
    data = next(row["data"] for row in rows if row["part"] == BAD and row.get("data"))
    credit, tokens, returns, plain = (np.array(data[name]) for name in ("credit", "tokens", "returns", "plain"))
    limit = np.abs(credit).max()
    left.pcolormesh(credit[::-1], cmap="RdBu", vmin=-limit, vmax=limit, edgecolors="white", linewidth=1)
    for y in range(len(credit)):
        for k in range(credit.shape[1]):
            words = ("good", "bad")[tokens[y, k]]
            dark = abs(credit[y, k]) > 0.6 * limit
            left.text(
                k + 0.5,
                len(credit) - y - 0.5,
                f"{words} {credit[y, k]:+.2f}" if abs(credit[y, k]) > 1e-9 else f"{words} 0",
                ha="center",
                va="center",
                fontsize=6,
                color="white" if dark else "black",
            )
    left.set_xticks(np.arange(credit.shape[1]) + 0.5, [f"{k}" for k in range(credit.shape[1])])
    left.set_yticks([])
    left.set(xlabel="token", ylabel="response")
    sums = credit.sum(axis=1)
    at = np.arange(len(returns))
    right.plot(at, returns, "k_", ms=9, label="return $R(y)$, paid at the end")
    right.plot(at, sums, "oC0", label="sum of implicit rewards")
    right.plot(at, returns - returns[0] + sums[0], "+k", ms=9, zorder=5, label="$R(y) - V^*(s_0)$")
    right.plot(at, plain, "xC1", label="sum of $\\log \\pi^*$ (fails)")
    right.set_xticks(at, ["".join("gb"[a] for a in row) for row in tokens], rotation=90)
    right.set(xlabel="response", ylabel="nats")
    right.legend(fontsize=6)


SUPPORT = Assumption(
    "every token has positive probability under the reference", lambda m: bool(m.problem.support.all())
)
BAD = "one bad token"
CLAIM = Claim(
    "canonical_token_reward_is_the_soft_advantage",
    check,
    FAMILY,
    formula=(
        r"r(s, a) + V^*(s \circ a) - V^*(s) = Q^*(s, a) - V^*(s) = \beta \log \frac{\pi^*(a \mid s)}{\mathrm{ref}(a "
        r"\mid s)}, \qquad V^*\big[ \beta \log (\pi / \mathrm{ref}) \big] = 0"
    ),
    papers=("rafailov2024",),
    tags=("preferences", "tokens", "reward-shaping", "credit-assignment"),
    assumes=(SUPPORT,),
    controls=(
        Control("the reward itself", witness=three_tokens, tightens=reward_itself, at="advantage"),
        Control("the logarithm without the reference", witness=three_tokens, tightens=plain_logarithm, at="values"),
        Control("a token that the reference never writes", witness=without_second_token, drops=SUPPORT.name),
        Control("half of the soft values", witness=three_tokens, sabotages=measure.soft_value, by=halve_the_values),
    ),
    also=(Part(BAD, bad_tokens, credits, data=by_response),),
    accepts=("problem", TokenProblem, ("reference", "weights", "beta")),
    figure=figure,
)
