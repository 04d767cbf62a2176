"""For a deterministic token process, DPO on tokens is Bradley-Terry on returns, and its optimum is the soft optimum.

Statement  Let next tokens lead to one state each, and let pi* maximise E sum_t [r - beta KL(pi || ref)], with soft
           values V*, V* = 0 at the end. For every response y with tokens a_t at states s_t, also where states merge,
               sum_t beta log(pi*/ref)(a_t | s_t) = sum_t r(s_t, a_t) - V*(s_0).
           So pi* has pair error 0 for Bradley-Terry comparisons of the returns, and the DPO loss of every policy is the
           Bradley-Terry loss of the return that it implies. If instead a user replies at random, the sum differs by the
           sum of V*(s') - E V*(s') over the replies (proved in the note, not computed). With one token, then a reply,
           and return R(a, b), DPO on pairs drawn from a uniform reference over two tokens has its optimum at the odds
           of
               q = E sigma((R(0, b) - R(1, b')) / beta),  not at the optimal exp((E R(0, b) - E R(1, b')) / beta).
           The two agree if the token determines the reply.
Assumes    every token with positive probability under the reference; replies that the token determines (odds).
Units      rewards and beta in one unit; logarithms in nats.
Kind       identity; exists (the replies, enumerated)
Source     adapted from Rafailov, Hejna, Park and Finn, 2024.
Proof      proofs/preference/token_level_dpo_is_bradley_terry_on_returns.md
"""

from ... import measure
from ...base.arrays import objects
from ...base.lifting import enclose
from ...ink.figures import identity
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.preference.tokens import BETA, GRAPHS, ROWS, WEIGHTS, bad_token, drawn_tokens
from ...model import TokenProblem, response_policy
from ...solve import tilted_tokens
from ...verify.claim import Assumption, Claim, Control, Equal, Part


def check(m):
    best = tilted_tokens(m.problem)
    implied = measure.response_sums(m.problem, measure.implicit_reward(m.problem, best))
    returns = measure.response_sums(m.problem, measure.token_reward(m.problem))
    over_responses = m.problem.problem()
    error = measure.pair_error(over_responses, response_policy(m.problem, best))
    return Equal({"responses": (implied, returns - measure.soft_value(m.problem)[0]), "pair error": (error, error * 0)})


def without_the_initial_value(m):
    pairs = check(m).pairs
    returns = measure.response_sums(m.problem, measure.token_reward(m.problem))
    return Equal({**pairs, "responses": (pairs["responses"][0], returns)})


def plain_likelihood(m):
    """beta log pi* in place of beta log(pi*/ref)."""
    pairs, beta = check(m).pairs, m.problem.beta
    logs = measure.response_sums(m.problem, measure.logarithm(tilted_tokens(m.problem).table)) * beta
    return Equal({**pairs, "responses": (logs, pairs["responses"][1])})


FAMILY = Family(
    blocks=dict(reference=ROWS, weights=WEIGHTS, beta=BETA),
    sizes=GRAPHS,
    models=dict(problem=drawn_tokens),
)


# ---- a reply after one of two tokens
def reply(law, weights):
    """The reply b has probability `law[a,b]` after token a, and e^(R/beta) is `weights[a,b]`."""
    return Instance(law=objects(law), weights=objects(weights))


def odds(m):
    """Odds of the first token: at the optimum of the population DPO loss, and of the optimal policy.

    "slope" is the derivative of the enumerated loss in the log odds, 0 at the first; "log odds" asserts that the two
    agree, which holds if the token determines the reply.
    """
    law, w = enclose(m.law), enclose(m.weights)
    pairs = [(law[0, b] * law[1, c], w[0, b], w[1, c]) for b in range(2) for c in range(2)]
    none = w[0, 0] * 0
    wins = sum((chance * first / (first + second) for chance, first, second in pairs), none)
    losses = sum((chance * second / (first + second) for chance, first, second in pairs), none)
    found = wins / losses
    sigma = found / (found + 1)
    slope = sum((chance * (sigma - first / (first + second)) for chance, first, second in pairs), none)
    mean = (measure.logarithm(w) * law).sum(axis=-1)
    return Equal({"log odds": (measure.logarithm(found), mean[0] - mean[1]), "slope": (slope, none)})


def certain_replies():
    """Replies that the token determines."""
    return [reply([[1, 0], [0, 1]], [[w, 1], [1, v]]) for w in (1, 2, "1/5", 36) for v in (1, 3, "1/7")]


def random_reply():
    """After the first token the reply is good or bad with equal probability; after the second, indifferent."""
    return reply([["1/2", "1/2"], [1, 0]], [[36, 1], [1, 1]])


# ---- controls
def without_a_token():
    """The reference never writes the second token."""
    return Instance(problem=TokenProblem([[1, 1]], objects([[1, 0]]), weights=objects([[3, 2]])))


def half_as_much(implicit_reward, problem, policy):
    return implicit_reward(problem, policy) / 2


SUPPORT = Assumption(
    "every token has positive probability under the reference", lambda m: bool(m.problem.support.all())
)
DETERMINED = Assumption("the token determines the reply", lambda m: bool(((m.law == 0) | (m.law == 1)).all()))
REPLIES = "odds after a reply"
CLAIM = Claim(
    "token_level_dpo_is_bradley_terry_on_returns",
    check,
    FAMILY,
    formula=(
        r"\sum_t \beta \log \frac{\pi^*(a_t \mid s_t)}{\mathrm{ref}(a_t \mid s_t)} = \sum_t r(s_t, a_t) - V^*(s_0) "
        r"\quad \text{for every response}"
    ),
    papers=("rafailov2024",),
    tags=("preferences", "tokens", "kl-regularisation"),
    assumes=(SUPPORT,),
    controls=(
        Control("a random reply", witness=random_reply, drops=DETERMINED.name, part=REPLIES),
        Control("a token without reference probability", witness=without_a_token, drops=SUPPORT.name),
        Control("without the initial value", witness=bad_token, tightens=without_the_initial_value, at="responses"),
        Control("plain log-likelihoods", witness=bad_token, tightens=plain_likelihood, at="responses"),
        Control("half of the implicit reward", witness=bad_token, sabotages=measure.implicit_reward, by=half_as_much),
    ),
    also=(Part(REPLIES, certain_replies, odds, assumes=(DETERMINED,)),),
    accepts=("problem", TokenProblem, ("reference", "weights", "beta")),
    figure=identity,
    sides=(r"$\sum_t \beta \log(\pi^*/\mathrm{ref})$", r"$\sum_t r - V^*(s_0)$"),
)
