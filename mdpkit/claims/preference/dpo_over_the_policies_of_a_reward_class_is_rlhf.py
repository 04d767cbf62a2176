"""RLHF with a small class of rewards is maximum likelihood over their optimal policies, however large the policy class.

Statement  Let R be a finite class of rewards and Pi a class of policies that contains pi_r = ref e^(r/beta) / Z for
           every r in R. For any comparisons, with l the Bradley-Terry log-likelihood,
               union of argmax_Pi J_r over r in argmax_R l  =  argmax { l(r_pi) : pi = pi_r, r in R }
           as sets of policies, ties included: those in both are as many as those in either. So fitting a reward in R
           and optimising it over Pi is direct preference optimisation over the policies of R, not over Pi, whose size
           does not enter. The learners agree too: RLHF with rewards linear in features and a ridge c has the policies
           of DPO in the log-linear class with the ridge c beta^2.
Assumes    Pi contains the optimal policy of every reward in R; every prompt has positive probability.
Units      numbers of policies; probabilities.
Kind       identity (sets); for all (the learners, enumerated)
Source     adapted from Swamy, Choudhury, Sun, Wu and Bagnell, 2026.
Proof      proofs/preference/dpo_over_the_policies_of_a_reward_class_is_rlhf.md
"""

import numpy as np

from ... import measure
from ...base.arrays import floats, objects, rational
from ...base.interval import stack
from ...ink.figures import identity
from ...instances.blocks import Box, Choice, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.coverage import LAW, PROMPTS, fill_support
from ...instances.library.preference.bits import parity_verifier
from ...learn import DPO, RLHF, BradleyTerry, LogLinear, fit, grant
from ...model import PreferenceProblem
from ...solve import tilt
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def fit_a_reward_first(m):
    """The union of argmax_Pi J_r over the likeliest rewards r, `[k]` over Pi."""
    fitted = measure.likeliest(m.problem, m.weights, m.wins)
    optima = stack([measure.soft_optima(m.problem, m.tables, w) for w in m.weights])
    return (optima * fitted[:, None]).max(axis=0)


def fit_directly(m):
    """The likeliest policies among those of the rewards, `[k]` over Pi."""
    own = np.stack([tilt(m.problem, w).table for w in m.weights])
    chosen = measure.likeliest(m.problem, own / m.problem.reference, m.wins)
    apart = abs(own[:, None] - m.tables).sum(axis=-1).sum(axis=-1)
    # in floats equal tables differ by their rounding
    same = apart == 0 if m.problem.exact else apart <= m.problem.like(["1/1000000000"])
    return (chosen[:, None] * same.astype(int)).max(axis=0)


def compare(m, direct):
    first = fit_a_reward_first(m)
    return Equal({"optima": ((first * direct).sum(), stack([first, direct]).max(axis=0).sum())})


def check(m):
    return compare(m, fit_directly(m))


def over_all_policies(m):
    """The likeliest policies of Pi."""
    return compare(m, measure.likeliest(m.problem, m.tables / m.problem.reference, m.wins))


def problem_of(x):
    reference = fill_support(x.reference)
    return PreferenceProblem(reference, weights=reference / reference, rho=fill_support(x.rho[None])[0], beta=x.beta)


FAMILY = Family(
    blocks=dict(
        reference=LAW,
        weights=Box("K", "X", "Y", lower="1/8", upper=8),
        further=Simplex("L", "X", to="Y"),
        wins=Choice("X", "Y", "Y", of="N"),
        rho=PROMPTS,
        beta=Choice(of=(1, 2)),
    ),
    sizes=dict(K=(1, 2), L=(1, 2), X=(1, 2), Y=(2, 3), N=(1, 3)),
    models=dict(
        problem=problem_of,
        weights=lambda x: x.weights,
        tables=lambda x: np.concatenate(
            [np.stack([tilt(problem_of(x), w).table for w in x.weights]), fill_support(x.further)]
        ),
        wins=lambda x: x.wins,
    ),
)


# ---- the learners
def learn_both(H, beta, policies="verifier", N=100, seed=0):
    """The largest difference of RLHF's and DPO's probabilities on drawn comparisons of bits, rounded up."""
    m = parity_verifier(H)
    problem = PreferenceProblem(m.problem.reference, reward=m.problem.reward, beta=beta).to_float()
    data = grant(problem, preferences=N, rng=np.random.default_rng(seed)).comparisons()
    ridge = rational("1/100")
    first = RLHF(BradleyTerry(LogLinear(floats(m.verifier)), ridge=str(ridge)))
    direct = DPO(LogLinear(floats(getattr(m, policies))), ridge=str(ridge * rational(beta) ** 2))
    tables = [fit(learner, grant(problem, preferences=data), rng=None).policy.table for learner in (first, direct)]
    apart = int(np.ceil(abs(tables[0] - tables[1]).max() * 10**8))  # so that results do not depend on the processor
    return m.replace(apart=rational(apart) / 10**8, beta=rational(beta), H=H, policies=policies)


def agree(m):
    return Bound(m.apart, rational(1) / 10**6)


# ---- controls
def two_responses(shares, weights=(1, 3), wins=(3, 1)):
    """A uniform reference, rewards log of these weights for the second response, policies that give it these shares."""
    counts = np.array([[[0, wins[1]], [wins[0], 0]]])
    tables = [[f"{q - p}/{q}", f"{p}/{q}"] for p, q in (map(int, share.split("/")) for share in shares)]
    problem = PreferenceProblem(objects([["1/2", "1/2"]]), weights=objects([[1, 1]]))
    return Instance(
        problem=problem,
        weights=objects([[[1, weight]] for weight in weights]),
        tables=objects([[row] for row in tables]),
        wins=counts,
    )


def without_penalty(soft_optima, problem, tables, weights):
    """The policies of highest reward, without the KL term."""
    return measure.best_actions((measure.logarithm(weights) * tables).sum(axis=-1).sum(axis=-1))


def contains(m):
    own = [tilt(m.problem, w).table for w in m.weights]
    return all(any((table == each).all() for table in m.tables) for each in own)


REALISABLE = Assumption("the policies contain the optimal one of every reward", contains)
COME = Assumption("every prompt has positive probability", lambda m: (m.problem.rho > 0).all())
SAME = Assumption("the policies are those of the rewards", lambda m: m.policies == "verifier")
LEARNERS = "the learners"
CLAIM = Claim(
    "dpo_over_the_policies_of_a_reward_class_is_rlhf",
    check,
    FAMILY,
    formula=(
        r"\bigcup_{r \in \mathrm{argmax}_R\, \ell} \mathrm{argmax}_\Pi\, J_r = \mathrm{argmax}_{\pi \in \Pi(R)}\, "
        r"\ell(r_\pi), \qquad \Pi(R) = \Big\{ \frac1Z\, \mathrm{ref}\; e^{r / \beta} : r \in R \Big\} \subset \Pi"
    ),
    papers=("swamy2026",),
    tags=("preferences", "kl-regularisation"),
    assumes=(REALISABLE, COME),
    controls=(
        Control("the optimal policy is missing", lambda: two_responses(("1/2", "9/10")), drops=REALISABLE.name),
        Control(
            "direct fitting over all policies",
            lambda: two_responses(("1/2", "3/4", "2/3"), wins=(2, 1)),
            tightens=over_all_policies,
            at="optima",
        ),
        Control(
            "reinforcement learning without the penalty",
            lambda: two_responses(("1/2", "3/4", "1/1")),
            sabotages=measure.soft_optima,
            by=without_penalty,
        ),
        Control("the policies of an automaton", lambda: learn_both(4, 1, "automaton"), drops=SAME.name, part=LEARNERS),
    ),
    also=(
        Part(
            LEARNERS,
            lambda: [learn_both(H, beta) for H in (1, 2, 4) for beta in ("1/2", 1, 2)],
            agree,
            assumes=(SAME,),
            thorough=lambda: [learn_both(8, beta, seed=seed) for beta in ("1/2", 1, 2) for seed in range(3)],
        ),
    ),
    figure=identity,
    sides=("optima of both ways", "of either"),
)
