"""The mean implicit reward of responses drawn from the reference is -beta KL(ref || pi), so never positive.

Statement  For every token policy pi > 0, with laws of whole responses,
               E_{y ~ ref} beta log(pi/ref)(y) = -beta KL(ref || pi) = -beta sum_s d_ref(s) KL(ref(s) || pi(s)) <= 0,
           with equality only for pi = ref where the reference goes: if the reference was fitted to the chosen
           responses, their implicit reward must decline. For responses drawn from the law c << ref of
           a token policy it is beta [KL(c || ref) - KL(c || pi)], which is positive for c = pi != ref. Without that fit
           the reward of the chosen can decline too: let one of two responses have probability 1/k, k >= 2, and weight
           e^(r/beta) = k^2. At the optimum of DPO on pairs from the reference the mean implicit reward of the winners
           is at most -(1 - 4/k) beta log k.
Assumes    the responses are drawn from the reference (first part).
Units      logarithms and KL in nats, rewards in units of beta.
Kind       identity; exists (the winners, enumerated)
Source     adapted from Rafailov, Hejna, Park and Finn, 2024.
Proof      proofs/preference/implicit_rewards_decline_on_reference_data.md
"""

from ... import measure
from ...base.arrays import objects, rational
from ...base.lifting import enclose, number
from ...ink.figures import panels
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


def mean_reward(m, law):
    """The mean implicit reward of the policy, summed over each response, over responses drawn from a token policy."""
    sums = measure.response_sums(m.problem, measure.implicit_reward(m.problem, m.policy))
    return (enclose(response_policy(m.problem, law).table)[0] * sums).sum()


def divergence(m, law, reference):
    """KL of the laws of whole responses of two token policies."""
    return measure.kl(response_policy(m.problem, law), response_policy(m.problem, reference))[0]


def divergence_by_steps(m, law, reference):
    """The same by the chain rule, over the states."""
    beside = TokenProblem(m.problem.next, reference.table, weights=m.problem.weights, beta=m.problem.beta)
    return measure.token_divergence(beside, law)


def check(m):
    own = TabularPolicy(m.problem.reference)
    fall = divergence(m, own, m.policy)
    return Equal(
        {
            "mean": (mean_reward(m, m.data), -fall * m.problem.beta),
            "chain rule": (divergence_by_steps(m, own, m.policy), fall),
        }
    )


def other_direction(m):
    """KL(pi || ref) in place of KL(ref || pi)."""
    own = TabularPolicy(m.problem.reference)
    return Equal({**check(m).pairs, "mean": (mean_reward(m, m.data), -divergence(m, m.policy, own) * m.problem.beta)})


def of_any_law(m):
    own = TabularPolicy(m.problem.reference)
    rise = divergence(m, m.data, own) - divergence(m, m.data, m.policy)
    return Equal({"mean": (mean_reward(m, m.data), rise * m.problem.beta)})


def without_first_divergence(m):
    """As if the law were the reference."""
    return Equal({"mean": (mean_reward(m, m.data), -divergence(m, m.data, m.policy) * m.problem.beta)})


def family(data):
    return Family(
        blocks=dict(reference=ROWS, weights=WEIGHTS, beta=BETA, policy=ROWS, other=ROWS),
        sizes=GRAPHS,
        models=dict(problem=drawn_tokens, policy=lambda x: TabularPolicy(mix_with_uniform(x.policy)), data=data),
    )


# ---- winners of pairs from the reference
def rare_gain(k):
    """The better of two responses has probability 1/k under the reference and weight k^2."""
    law = objects([[1 - rational(1) / k, rational(1) / k]])
    return Instance(problem=TokenProblem([[1, 1]], law, weights=objects([[1, k * k]])), k=rational(k))


def of_winners(m):
    """The mean implicit reward at pi* of the winner and the loser of a pair, in this order."""
    over = m.problem.problem()
    ref, w = enclose(over.reference)[0], enclose(over.weights)[0]
    logs = measure.logarithm(enclose(response_policy(m.problem, tilted_tokens(m.problem)).table)[0] / ref)
    won = ref * ((ref * (w[:, None] / (w[:, None] + w))).sum(axis=-1)) * 2
    return (won * logs).sum(), ((ref * 2 - won) * logs).sum()


def winners(m, share=1):
    chosen, rejected = of_winners(m)
    k = m.problem.like(m.k)[()]
    return Bound(measure.logarithm(k) * (1 - 4 / k) * share, -chosen, -rejected)


def twice(m):
    return winners(m, 2)


def means(m):
    return {"means": [float(x.mid) for x in of_winners(m)]}


# ---- controls
def two_laws(data="reference"):
    m = bad_token(2, p="1/4")
    policy = TabularPolicy(m.problem.like([["1/2", "1/2"], ["3/5", "2/5"], ["1/3", "2/3"]]))
    return m.replace(policy=policy, data=policy if data == "policy" else TabularPolicy(m.problem.reference))


def without_reference(implicit_reward, problem, policy):
    """beta log pi in place of beta log(pi / ref)."""
    logs = measure.logarithm(policy.table)
    return logs * number(problem.beta, logs)


def figure(ax, rows):
    """Mean implicit rewards of winners and losers, and of the reference's own responses against the divergence."""
    left, right = panels(ax, 2)
    at = [row for row in rows if row["part"] == WINNERS and row.get("data")]
    k = [float(row["parameters"]["k"]) for row in at]
    left.plot(k, [-row["sides"][0] for row in at], "k--", label="$-(1 - 4/k) \\log k$")
    for j, (style, name) in enumerate((("oC0", "winner"), ("sC2", "loser"))):
        left.plot(k, [row["data"]["means"][j] for row in at], style, label=name)
    left.axhline(0, color="0.7", lw=0.6)
    left.set(xlabel="$k$", ylabel="mean implicit reward", xscale="log")
    left.legend()
    for part, style, name in (("statement", "oC0", "drawn from ref"), (ANY, "^C2", "drawn from any law")):
        pairs = [row["pairs"]["mean"] for row in rows if row["part"] == part and not row.get("control")]
        right.plot([pair[1] for pair in pairs], [pair[0] for pair in pairs], style, label=name)
    control = next(row for row in rows if row.get("control") and row["sides"])
    right.plot([control["sides"][1]], [control["sides"][0]], "xC1", label="drawn from $\\pi$ (fails)")
    ends = right.get_xlim()
    right.plot(ends, ends, "k--", lw=0.8)
    right.axhline(0, color="0.7", lw=0.6)
    right.set(xlabel=r"$\beta\,[KL(c \| ref) - KL(c \| \pi)]$", ylabel="mean implicit reward")
    right.legend(fontsize=6)


FROM_REFERENCE = Assumption(
    "the responses are drawn from the reference", lambda m: bool((m.data.table == m.problem.reference).all())
)
ANY, WINNERS = "any law", "winners"
CLAIM = Claim(
    "implicit_rewards_decline_on_reference_data",
    check,
    family(lambda x: TabularPolicy(mix_with_uniform(x.reference))),
    formula=(
        r"\mathbb{E}_{y \sim \mathrm{ref}}\, \beta \log \frac{\pi(y)}{\mathrm{ref}(y)} = -\beta\, \mathrm{KL}(\mathrm{ref} "
        r"\,\Vert\, \pi) \le 0, \qquad \mathbb{E}_{y \sim c}\, \beta \log \frac{\pi(y)}{\mathrm{ref}(y)} = \beta\, \big[ "
        r"\mathrm{KL}(c \,\Vert\, \mathrm{ref}) - \mathrm{KL}(c \,\Vert\, \pi) \big]"
    ),
    papers=("rafailov2024",),
    tags=("preferences", "tokens", "kl-regularisation"),
    assumes=(FROM_REFERENCE,),
    controls=(
        Control("responses drawn from the policy", witness=lambda: two_laws("policy"), drops=FROM_REFERENCE.name),
        Control("the other direction of the divergence", witness=two_laws, tightens=other_direction, at="mean"),
        Control("plain log-likelihoods", witness=two_laws, sabotages=measure.implicit_reward, by=without_reference),
        Control(
            "any law without its own divergence",
            witness=lambda: two_laws("policy"),
            tightens=without_first_divergence,
            at="mean",
            part=ANY,
        ),
        Control("twice the decline of the winners", witness=lambda: rare_gain(64), tightens=twice, part=WINNERS),
    ),
    also=(
        Part(ANY, family(lambda x: TabularPolicy(mix_with_uniform(x.other))), of_any_law),
        Part(WINNERS, lambda: [rare_gain(2**j) for j in (2, 3, 4, 6, 8, 10)], winners, data=means),
    ),
    figure=figure,
)
