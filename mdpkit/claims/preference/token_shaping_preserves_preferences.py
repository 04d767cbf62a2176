"""Token rewards that differ by a potential which ends at 0 share policy and preferences, and no others do.

Statement  Let next tokens lead to one state each and r'(s,a) = r(s,a) + Phi(next) - Phi(s), with Phi = 0 at the end.
           Then the optimal policy is the same, Q*' = Q* - Phi, and the return of every response changes by -Phi(s_0):
           Bradley-Terry comparisons of responses to the prompt do not change. Conversely, two rewards whose returns
           differ by the same number for every response differ by such a potential, namely Phi = V* - V*'. On a
           tree, paying the whole return with the last token is a shaping.
Assumes    the potential is 0 at the end (first part); equal return differences (converse). States may merge.
Units      potentials in units of reward.
Kind       identity
Source     adapted from Rafailov, Hejna, Park and Finn, 2024; Ng, Harada and Russell, 1999.
Proof      proofs/preference/token_shaping_preserves_preferences.md
"""

from ... import measure
from ...base.lifting import number
from ...ink.figures import identity
from ...instances.blocks import Box
from ...instances.family import Family
from ...instances.library.preference.tokens import BETA, GRAPHS, ROWS, WEIGHTS, bad_token, drawn_tokens
from ...model import TokenProblem
from ...verify.claim import Assumption, Claim, Control, Equal, Part


def in_reward(m, weights):
    """beta log of weights."""
    logs = measure.logarithm(weights)
    return logs * number(m.problem.beta, logs)


def facts(m, initial):
    potential = in_reward(m, m.potential)
    reward = measure.shaped_token_reward(m.problem, potential, in_reward(m, m.ends))
    returns = measure.response_sums(m.problem, measure.token_reward(m.problem))
    shaped = measure.soft_action_value(m.problem, reward)
    of_the_prompt = measure.soft_value(m.problem)[0] - potential[0] * initial
    return {
        "policy": (measure.soft_policy(m.problem, reward), measure.soft_policy(m.problem)),
        "action values": (shaped + potential[:, None], measure.soft_action_value(m.problem)),
        "returns": (measure.response_sums(m.problem, reward), returns - potential[0]),
        "value of the prompt": (measure.soft_value(m.problem, reward)[0], of_the_prompt),
    }


def check(m):
    return Equal(facts(m, 1))


def without_initial_potential(m):
    return Equal(facts(m, 0))


# ---- the converse
def at_the_end(m, each):
    """`each` at the last tokens of responses, 0 before."""
    return each * (m.problem.next == m.problem.S).astype(int)


def differ_by_a_potential(m, other):
    """Whether `other` is the reward shaped by V* - V*'."""
    between = measure.soft_value(m.problem) - measure.soft_value(m.problem, other)
    return Equal({"reward": (other, measure.shaped_token_reward(m.problem, between[:-1]))})


def pay_at_the_end(m):
    """The other reward pays the return with the last token, and beta log `extra` besides."""
    returns = measure.path_sums(m.problem, measure.token_reward(m.problem))
    return differ_by_a_potential(m, at_the_end(m, returns) + at_the_end(m, in_reward(m, m.extra)))


def pay_on_the_way(m):
    """The other reward has the drawn potential, and pays beta log `extra` with the last token besides."""
    other = measure.shaped_token_reward(m.problem, in_reward(m, m.potential))
    return differ_by_a_potential(m, other + at_the_end(m, in_reward(m, m.extra)))


def same_extra(m):
    """Whether `extra` adds the same to the return of every response."""
    added = measure.response_sums(m.problem, at_the_end(m, in_reward(m, m.extra)))
    return (added == added[0]).all_yes()


BLOCKS = dict(reference=ROWS, weights=WEIGHTS, beta=BETA)
FAMILY = Family(
    blocks=dict(**BLOCKS, potential=Box("S", lower="1/8", upper=8), ends=Box("S", "A", lower=1, upper=1)),
    sizes=GRAPHS,
    models=dict(problem=drawn_tokens, potential=lambda x: x.potential, ends=lambda x: x.ends),
)
TREES = Family(
    blocks=dict(**BLOCKS, scale=Box(lower="1/8", upper=8)),
    sizes=dict(S=(1, 4), A=(2, 3)),
    models=dict(problem=drawn_tokens, extra=lambda x: x.scale),
)


MERGED = Family(
    blocks=dict(**BLOCKS, potential=Box("S", lower="1/8", upper=8), scale=Box(lower="1/8", upper=8)),
    sizes=GRAPHS,
    models=dict(problem=drawn_tokens, potential=lambda x: x.potential, extra=lambda x: x.scale),
)


# ---- controls
def two_tokens(end=1):
    """Two tokens and a potential on the second prefix; the potential of one end is log `end`."""
    m = bad_token(2)
    like = m.problem.like
    return m.replace(potential=like([2, 3, 1]), ends=like([[1, 1], [1, end], [1, 1]]), extra=like([[1, 1]] * 3))


def a_bonus():
    """One response is worth more than it was."""
    m = two_tokens()
    return m.replace(extra=m.problem.like([[1, 1], [1, 2], [1, 1]]))


def discount(shaped_token_reward, problem, potential, ends=None):
    """The next potential discounted by 1/2, without a discount in the returns."""
    full, none = shaped_token_reward(problem, potential, ends), shaped_token_reward(problem, potential * 0, ends)
    return (full + none - potential[:, None]) / 2


ENDS = Assumption("the potential is 0 at the end", lambda m: bool((m.ends == 1).all()))
SAME = Assumption("the returns differ by one number", same_extra)
CONVERSE, ANY = "converse", "converse, where states merge"
CLAIM = Claim(
    "token_shaping_preserves_preferences",
    check,
    FAMILY,
    formula=(
        r"r'(s, a) = r(s, a) + \Phi(s \circ a) - \Phi(s),\ \Phi(\mathrm{end}) = 0 \quad\Longleftrightarrow\quad R'(y) - "
        r"R(y) = c \text{ for all } y"
    ),
    papers=("rafailov2024", "ng1999"),
    tags=("preferences", "tokens", "reward-shaping"),
    assumes=(ENDS,),
    controls=(
        Control("a potential at one of the ends", witness=lambda: two_tokens(3), drops=ENDS.name),
        Control(
            "values without the shift", witness=two_tokens, tightens=without_initial_potential, at="value of the prompt"
        ),
        Control("a discounted potential", witness=two_tokens, sabotages=measure.shaped_token_reward, by=discount),
        Control("a bonus for one response", witness=a_bonus, drops=SAME.name, part=CONVERSE),
    ),
    also=(
        Part(CONVERSE, TREES, pay_at_the_end, assumes=(SAME,)),
        Part(ANY, MERGED, pay_on_the_way, assumes=(SAME,)),
    ),
    accepts=("problem", TokenProblem, ("reference", "weights", "beta")),
    figure=identity,
)
