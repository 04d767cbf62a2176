"""The suboptimality of a policy is what it gives up in log-likelihood on any law, plus its signed errors on pairs.

Statement  Let J(pi) = E_x [ E_pi r - beta KL(pi || ref) ], pi* its maximiser over all policies, and let h =
           beta log(pi/ref) be the reward that pi implies. For every policy pi and every law nu of responses
               J(pi*) - J(pi) = beta E_nu [ log pi - log pi* ] + E_pi [ h - r ] - E_nu [ h - r ].
           The first term is the bonus of XPO, whose sampler is nu; the others are a mean over pairs y ~ pi, z ~ nu of
           the error (h(y) - h(z)) - (r(y) - r(z)), so that
               (J(pi*) - J(pi) - beta E_nu [ log pi - log pi* ])^2 <= E_x E_{y ~ pi, z ~ nu} error^2,
           of which two responses attain the share 1 - s, 0 < s < 1: pi = (1 - s, s) and nu = (0, 1).
Assumes    pi* is the optimum over all policies; ref and pi give every response positive probability.
Units      J and h in units of reward.
Kind       identity; for all; exists (the share, enumerated)
Source     adapted from Xie, Foster, Krishnamurthy, Rosset, Awadallah and Rakhlin, 2025.
Proof      proofs/preference/gap_is_optimism_plus_pair_errors.md
"""

from ... import measure
from ...base.arrays import objects, rational
from ...ink.figures import identity
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.coverage import BETA, LAW, PROMPTS, WEIGHTS, fill_support
from ...model import PreferenceProblem, TabularPolicy
from ...solve import tilt
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def log_ratio(table, other):
    return measure.logarithm(table) - measure.logarithm(other)


def mean(m, law, values):
    return measure.prompt_average(m.problem, (values * law).sum(axis=-1))


def optimism(m, law, sign=1):
    """beta E_law [ log pi - log pi* ]."""
    return mean(m, law, log_ratio(m.policy.table, m.best.table)) * m.problem.beta * sign


def error(m):
    """h - r, `[x,y]`."""
    return log_ratio(m.policy.table / m.problem.reference, m.problem.weights) * m.problem.beta


def gap(m):
    return measure.value_gap(m.problem, m.best, m.policy)


def check(m, of=lambda m: m.law, sign=1):
    pairs = mean(m, m.policy.table, error(m)) - mean(m, m.law, error(m))
    return Equal({"gap": (gap(m), optimism(m, of(m), sign) + pairs)})


def bonus_on_the_reference(m):
    return check(m, of=lambda m: m.problem.reference)


def bonus_of_the_other_sign(m):
    return check(m, sign=-1)


def squares(m):
    """E_x E_{y ~ pi, z ~ nu} of the squared error."""
    e = error(m)
    apart = (e[:, :, None] - e[:, None, :]) ** 2 * m.policy.table[:, :, None] * m.law[:, None, :]
    return measure.prompt_average(m.problem, apart.sum(axis=-1).sum(axis=-1))


def check_square(m):
    return Bound((gap(m) - optimism(m, m.law)) ** 2, squares(m))


def half_of_the_square(m):
    left, right = check_square(m).sides
    return Bound(left, right / 2)


def share(m):
    """On two responses the left side is the share 1 - s of the right one."""
    left, right = check_square(m).sides
    return Equal({"share": (left, right * (1 - m.s))})


def problem_of(x):
    return PreferenceProblem(fill_support(x.reference), weights=x.weights, rho=x.rho, beta=x.beta)


FAMILY = Family(
    blocks=dict(reference=LAW, weights=WEIGHTS, rho=PROMPTS, beta=BETA, policy=LAW, law=LAW),
    sizes=dict(X=(1, 2), Y=(2, 3)),
    models=dict(
        problem=problem_of,
        best=lambda x: tilt(problem_of(x)),
        policy=lambda x: TabularPolicy(fill_support(x.policy)),
        law=lambda x: x.law,
    ),
)


# ---- exact instances and controls
def three(policy=("1/4", "1/4", "1/2"), law=(0, "1/3", "2/3"), best=None):
    problem = PreferenceProblem(objects([["1/2", "1/4", "1/4"]]), weights=objects([[1, 3, "1/2"]]), beta=2)
    return Instance(
        problem=problem,
        best=tilt(problem) if best is None else TabularPolicy(objects([best])),
        policy=TabularPolicy(objects([policy])),
        law=objects([law]),
    )


def two_responses(s):
    """The policy gives s to the second of two responses, the law all."""
    problem = PreferenceProblem(objects([["1/2", "1/2"]]), weights=objects([[1, 3]]))
    policy = TabularPolicy(objects([[1 - rational(s), rational(s)]]))
    return Instance(problem=problem, best=tilt(problem), policy=policy, law=objects([[0, 1]]), s=rational(s))


def list_two_responses():
    return [two_responses(f"1/{2**k}") for k in (1, 3, 6, 10, 20)]


def in_rewards_alone(value_gap, problem, expert, learner):
    """The difference of the mean rewards, without the KL terms."""
    return measure.expected_reward(problem, expert) - measure.expected_reward(problem, learner)


def is_optimal(m):
    return (m.best.table == tilt(m.problem).table).all()


def covers(m):
    return ((m.policy.table > 0) & (m.problem.reference > 0)).all()


OPTIMAL = Assumption("pi* is the optimum over all policies", is_optimal)
COVERS = Assumption("ref and pi give every response positive probability", covers)
JENSEN, SHARE = "the squared error bounds what is not optimism", "two responses"
CLAIM = Claim(
    "gap_is_optimism_plus_pair_errors",
    check,
    FAMILY,
    formula=(
        r"J(\pi^*) - J(\pi) = \beta\, \mathbb{E}_\nu \Big[ \log \frac{\pi}{\pi^*} \Big] + \mathbb{E}_\pi [h - r] - "
        r"\mathbb{E}_\nu [h - r], \qquad h = \beta \log \frac{\pi}{\mathrm{ref}}"
    ),
    papers=("xie2025",),
    tags=("preferences", "exploration", "kl-regularisation"),
    assumes=(OPTIMAL, COVERS),
    controls=(
        Control("the best policy of a smaller class", lambda: three(best=["1/3", "1/3", "1/3"]), drops=OPTIMAL.name),
        Control("the bonus on another law", three, tightens=bonus_on_the_reference, at="gap"),
        Control("the bonus with the other sign", three, tightens=bonus_of_the_other_sign, at="gap"),
        Control("mean rewards alone", three, sabotages=measure.value_gap, by=in_rewards_alone),
        Control("half of the square", lambda: two_responses("1/4"), tightens=half_of_the_square, part=JENSEN),
    ),
    also=(
        Part(JENSEN, FAMILY, check_square, assumes=(OPTIMAL, COVERS)),
        Part(SHARE, list_two_responses, share, assumes=(OPTIMAL, COVERS)),
    ),
    figure=identity,
    sides=(r"$J(\pi^*) - J(\pi)$", "optimism + pair errors"),
)
