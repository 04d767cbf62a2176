"""Token rewards correspond one to one to soft action values, by the inverse of the soft Bellman equation.

Statement  Let next tokens lead to one state each. For action values Q(s,a) let V_Q(s) = beta log sum_a ref e^(Q/beta),
           0 at the end, and r_Q(s,a) = Q(s,a) - V_Q(next). The soft action values of r_Q are Q, for every Q, and
           r_(Q*) = r for the soft action values Q* of every reward r: the two maps are inverse to each other. The
           optimal policy of r_Q is ref e^((Q - V_Q)/beta). So any array Q is the optimal action values of exactly one
           reward, and a policy with logits l is optimal for r_Q with Q = beta (l - log ref), if ref > 0. This holds
           also where states merge.
Assumes    nothing beyond deterministic transitions: any graph, reference and beta > 0.
Units      Q, r and beta in one unit.
Kind       identity
Source     adapted from Rafailov, Hejna, Park and Finn, 2024; Garg, Chakraborty, Cundy, Song and Ermon, 2021.
Proof      proofs/preference/token_rewards_correspond_to_soft_action_values.md
"""

from ... import measure
from ...base.lifting import enclose, number
from ...ink.figures import identity
from ...instances.blocks import Box
from ...instances.family import Family
from ...instances.library.preference.tokens import BETA, GRAPHS, ROWS, WEIGHTS, bad_token, drawn_tokens
from ...model import TokenProblem
from ...verify.claim import Claim, Control, Equal

AT = "value of the prompt"


def action_values(m):
    """Q = beta log q of the drawn weights q."""
    logs = measure.logarithm(m.q)
    return logs * number(m.problem.beta, logs)


def facts(m, r):
    """The pairs of the statement, for the reward `r` that is assigned to the drawn Q."""
    mass = enclose(m.problem.reference) * enclose(m.q)
    policy = mass / mass.sum(axis=-1)[:, None]
    back = measure.inverse_soft_reward(m.problem, measure.soft_action_value(m.problem))
    return Equal(
        {
            "reward": (back, measure.token_reward(m.problem)),
            "action values": (measure.soft_action_value(m.problem, r), action_values(m)),
            "policy": (measure.soft_policy(m.problem, r), policy),
            AT: (measure.soft_value(m.problem, r)[0], measure.soft_maximum(m.problem, action_values(m))[0]),
        }
    )


def check(m):
    return facts(m, measure.inverse_soft_reward(m.problem, action_values(m)))


def without_backup(m):
    """Q itself as the reward: right at the last token only."""
    return Equal({**check(m).pairs, AT: facts(m, action_values(m)).pairs[AT]})


def without_reference(m):
    """The policy e^Q / sum e^Q."""
    q = enclose(m.q)
    return Equal({**check(m).pairs, "policy": (check(m).pairs["policy"][0], q / q.sum(axis=-1)[:, None])})


FAMILY = Family(
    blocks=dict(reference=ROWS, weights=WEIGHTS, beta=BETA, q=Box("S", "A", lower="1/8", upper=8)),
    sizes=GRAPHS,
    models=dict(problem=drawn_tokens, q=lambda x: x.q),
)


# ---- controls
def rare_mistakes():
    """Two tokens with one bad in four, and action values that prefer it at first."""
    m = bad_token(2, p="1/4")
    return m.replace(q=m.problem.like([[1, 3], [2, 1], [1, 5]]))


def of_a_uniform_reference(soft_maximum, problem, Q):
    flat = problem.like([[f"1/{problem.A}"] * problem.A] * problem.S)
    return soft_maximum(TokenProblem(problem.next, flat, weights=problem.weights, beta=problem.beta), Q)


CLAIM = Claim(
    "token_rewards_correspond_to_soft_action_values",
    check,
    FAMILY,
    formula=(
        r"r(s, a) = Q(s, a) - V_Q(s \circ a), \quad V_Q(s) = \beta \log \sum_a \mathrm{ref}(a \mid s)\, e^{Q(s, a) / "
        r"\beta} \quad\Longleftrightarrow\quad Q = Q^*_r"
    ),
    papers=("rafailov2024", "garg2021"),
    tags=("preferences", "tokens", "kl-regularisation"),
    controls=(
        Control("the action values as rewards", witness=rare_mistakes, tightens=without_backup, at=AT),
        Control("a policy without the reference", witness=rare_mistakes, tightens=without_reference, at="policy"),
        Control(
            "soft maxima of a uniform reference",
            witness=rare_mistakes,
            sabotages=measure.soft_maximum,
            by=of_a_uniform_reference,
        ),
    ),
    accepts=("problem", TokenProblem, ("reference", "weights", "beta")),
    figure=identity,
)
