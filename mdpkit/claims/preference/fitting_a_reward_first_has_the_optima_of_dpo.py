"""Over matching classes, fitting a reward and then optimising it has exactly the optima of DPO.

Statement  Let Pi be a finite class of policies and R = {r_pi + c_pi : pi in Pi}, where r_pi = beta log(pi/ref) is the
           reward that pi implies and c_pi any function of the prompt. Let l(r) be the Bradley-Terry log-likelihood of
           any comparisons of responses in the reference's support, few, repeated or partial, and
           J_r(pi) = E_x [ E_pi r - beta KL(pi || ref) ]. Then
               union of argmax_Pi J_r over r in argmax_R l  =  argmax_{pi in Pi} l(r_pi)
           as sets, ties included: the policies that are optima of both ways are as many as those that are of either.
Assumes    R consists of the policies' own rewards, up to functions of the prompt; every prompt has positive
           probability; every policy has the reference's support.
Units      numbers of policies.
Kind       identity (sets)
Source     adapted from Swamy, Choudhury, Sun, Wu and Bagnell, 2026.
Proof      proofs/preference/fitting_a_reward_first_has_the_optima_of_dpo.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...base.interval import stack
from ...ink.figures import identity
from ...instances.blocks import Box, Choice, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.coverage import LAW, PROMPTS, fill_support
from ...model import PreferenceProblem
from ...verify.claim import Assumption, Claim, Control, Equal


def fit_directly(m):
    """argmax l(r_pi), `[k]`."""
    return measure.likeliest(m.problem, m.tables / m.problem.reference, m.wins)


def fit_a_reward_first(m, rewards=lambda w: w):
    """The union of argmax J_r over the likeliest rewards r, `[k]`."""
    fitted = measure.likeliest(m.problem, m.weights, m.wins)
    optima = stack([measure.soft_optima(m.problem, m.tables, rewards(w)) for w in m.weights])
    return (optima * fitted[:, None]).max(axis=0)


def check(m, rewards=lambda w: w):
    first, direct = fit_a_reward_first(m, rewards), fit_directly(m)
    return Equal({"optima": ((first * direct).sum(), stack([first, direct]).max(axis=0).sum())})


def at_half_the_coefficient(m):
    """With reinforcement learning at beta / 2."""
    return check(m, lambda w: w**2)


FAMILY = Family(
    blocks=dict(
        reference=LAW,
        tables=Simplex("K", "X", to="Y"),
        shift=Box("K", "X", lower="1/8", upper=8),
        wins=Choice("X", "Y", "Y", of="N"),
        rho=PROMPTS,
        beta=Choice(of=(1, 2)),
    ),
    sizes=dict(K=(2, 3), X=(1, 2), Y=(2, 3), N=(1, 3)),
    models=dict(
        problem=lambda x: problem_of(x),
        tables=lambda x: fill_support(x.tables),
        weights=lambda x: fill_support(x.tables) / fill_support(x.reference) * x.shift[..., None],
        wins=lambda x: x.wins,
    ),
)


def problem_of(x):
    reference = fill_support(x.reference)
    return PreferenceProblem(reference, weights=reference / reference, rho=fill_support(x.rho[None])[0], beta=x.beta)


# ---- controls
def two_responses(shares=("1/2", "3/4", "9/10"), weights=None, wins=(3, 1), rho=(1,), shift=(1, 1, 1)):
    """A uniform reference and policies that give the second response these probabilities at every prompt.

    At the first prompt the second response is preferred wins[0] times and the first wins[1] times.
    """
    X = len(rho)
    tables = objects([[[f"{q - p}/{q}", f"{p}/{q}"]] * X for p, q in (map(int, s.split("/")) for s in shares)])
    reference = objects([["1/2", "1/2"]] * X)
    counts = np.zeros((X, 2, 2), dtype=int)
    counts[0] = [[0, wins[1]], [wins[0], 0]]
    own = tables / reference * objects(shift)[: len(shares), None, None]
    return Instance(
        problem=PreferenceProblem(reference, weights=reference * 2, rho=objects(rho)),
        tables=tables,
        weights=own if weights is None else objects(weights)[:, None],
        wins=counts,
    )


def absent_prompt():
    """Two policies that differ only at a second prompt, which never comes, but is compared."""
    m = two_responses(("1/2", "1/2"), rho=(1, 0))
    tables = m.tables.copy()
    tables[1, 1] = objects(["1/4", "3/4"])
    return m.replace(tables=tables, weights=tables * 2, wins=m.wins[::-1])


def fine_tuning(preference_log_likelihood, problem, weights, wins):
    """The log-likelihood of the preferred responses in place of that of the preferences."""
    return (measure.logarithm(weights) * wins.sum(axis=-1)).sum(axis=(-2, -1))


def same_class(m):
    ratio = m.weights * m.problem.reference / m.tables
    return (ratio == ratio[..., :1]).all()


MATCHING = Assumption("the rewards are those of the policies, up to functions of the prompt", same_class)
COME = Assumption("every prompt has positive probability", lambda m: (m.problem.rho > 0).all())
SUPPORT = Assumption(
    "every policy has the reference's support", lambda m: ((m.tables > 0) == (m.problem.reference > 0)).all()
)
CLAIM = Claim(
    "fitting_a_reward_first_has_the_optima_of_dpo",
    check,
    FAMILY,
    formula=(
        r"\bigcup_{r \in \mathrm{argmax}_R\, \ell} \mathrm{argmax}_\Pi\, J_r = \mathrm{argmax}_{\pi \in \Pi}\, \ell(r_\pi), "
        r"\qquad R = \{ r_\pi + c_\pi(x) \}, \quad r_\pi = \beta \log \frac{\pi}{\mathrm{ref}}"
    ),
    papers=("swamy2026",),
    tags=("preferences", "kl-regularisation"),
    assumes=(MATCHING, COME, SUPPORT),
    controls=(
        Control(
            "another class of rewards",
            lambda: two_responses(("1/2", "3/4"), weights=[[1, 1], [3, 1]]),
            drops=MATCHING.name,
        ),
        Control(
            "a mere bijection, rewards doubled",
            lambda: two_responses(weights=[[1, 1], [1, 9], [1, 81]]),
            drops=MATCHING.name,
        ),
        Control("a prompt that never comes", absent_prompt, drops=COME.name),
        Control("half the coefficient", two_responses, tightens=at_half_the_coefficient, at="optima"),
        Control(
            "the likelihood of preferred responses",
            lambda: two_responses(shift=(100, 1, 1)),
            sabotages=measure.preference_log_likelihood,
            by=fine_tuning,
        ),
    ),
    figure=identity,
    sides=("optima of both ways", "of either"),
)
