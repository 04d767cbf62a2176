"""The average gap of REBEL is at most sqrt(C e) + KL / (eta T) + eta B^2 / 8, with one coverage factor C of the base.

Statement  Let pi_{t+1} ~ pi_t e^(eta f_t) for any functions f_t of range at most B, and e the mean over T rounds of
               e_t = E_x E_{y ~ mu, z ~ pi_t} ((f_t - r)(y) - (f_t - r)(z))^2,
           the error of the round's regression with base mu. For every comparator pi
               1/T sum_t [E_pi r - E_{pi_t} r] <= sqrt(C e) + KL(pi || pi_1) / (eta T) + eta B^2 / 8,
           where C is the maximum of pi/mu over the responses that mu shows; the coverage of pi_t does not enter. If
           the base of round t is pi_t itself, sqrt(C e) may be replaced by the mean of sqrt(C_t e_t / 2), C_t the
           maximum of pi/pi_t. The constants 1, 1 and 1/8 are optimal: small steps of an exact regression attain the
           second and the third term, an unnoticed response the first, in the limit; the latter with base pi_t attains
           sqrt(C_t e_t / 2).
Assumes    the base covers the comparator.
Units      r, f and B in units of reward; e in squared units; KL in nats.
Kind       for all; exists (the constants, enumerated)
Source     adapted from Gao, Chang, Zhan, Oertell, Swamy, Brantley, Joachims, Bagnell, Lee and Sun, 2024.
Proof      proofs/preference/rebel_regret_needs_one_coverage_factor.md
"""

from dataclasses import replace

import numpy as np

from ... import measure
from ...instances.blocks import Box
from ...instances.family import Family
from ...instances.library.coverage import BETA, LAW, PROMPTS, WEIGHTS, fill_support
from ...instances.library.preference.regression import best_of_four, small_steps, unnoticed_response
from ...model import PreferenceProblem, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Part


def iterates(m):
    """The policies pi_1, ..., pi_T; in the problem pi_1 is the reference, mu the data, and 1/eta is beta."""
    found = [TabularPolicy(m.problem.reference)]
    for step in m.steps[:-1]:
        joint = found[-1].table * step
        found.append(TabularPolicy(joint / joint.sum(axis=-1)[:, None]))
    return found


def average_gap(m):
    rewards = [measure.expected_reward(m.problem, policy) for policy in iterates(m)]
    return measure.expected_reward(m.problem, m.rival) - sum(rewards[1:], rewards[0]) / len(rewards)


def errors(m, on_policy=False):
    """e_t with base mu, or with base pi_t."""
    found = []
    for policy, step in zip(iterates(m), m.steps, strict=True):
        excess = measure.logarithm(step / m.problem.weights) * m.problem.beta
        base = policy.table if on_policy else m.problem.data
        found.append(measure.relative_error(excess, base, policy.table, m.problem.rho))
    return found


def mirror_descent(m):
    """KL / (eta T) and eta B^2 / 8."""
    width = measure.logarithm((m.steps.max(axis=-1) / m.steps.min(axis=-1)).max())
    start = measure.divergence_from_reference(m.problem, m.rival) / len(m.steps)
    return start * m.problem.beta, width * width * m.problem.beta / 8


def coverage_factor(m):
    """C over the responses that the base shows."""
    shown = m.problem.data
    return measure.concentrability(m.problem, m.rival, np.where(shown == 0, 1, shown))


def regression(m):
    """sqrt(C e)"""
    e = errors(m)
    return measure.square_root(coverage_factor(m) * sum(e[1:], e[0]) / len(e))


def check(m):
    return Bound(average_gap(m), regression(m) + sum(mirror_descent(m)))


def on_policy(m, share=2):
    """With base pi_t: the mean of sqrt(C_t e_t / 2)."""
    terms = [
        measure.square_root(measure.concentrability(m.problem, m.rival, policy.table) * e / share)
        for policy, e in zip(iterates(m), errors(m, on_policy=True), strict=True)
    ]
    return Bound(average_gap(m), sum(terms[1:], terms[0]) / len(terms) + sum(mirror_descent(m)))


def nearly_attains(m):
    gap, right = check(m).sides
    return Bound(right * m.share, gap)


def nearly_attains_on_policy(m):
    gap, right = on_policy(m).sides
    return Bound(right * m.share, gap)


# ---- controls
def half_the_coverage(m):
    return Bound(average_gap(m), regression(m) / 2 + sum(mirror_descent(m)))


def half_the_price(m):
    start, price = mirror_descent(m)
    return Bound(average_gap(m), regression(m) + start + price / 2)


def half_the_divergence(m):
    start, price = mirror_descent(m)
    return Bound(average_gap(m), regression(m) + start / 2 + price)


def a_quarter(m):
    return on_policy(m, share=4)


def of_the_start(concentrability, problem, policy, mu=None, kind="sup"):
    """The coverage of the first policy in place of the comparator's."""
    return concentrability(problem, TabularPolicy(problem.reference), mu, kind)


FAMILY = Family(
    blocks=dict(
        start=LAW,
        weights=WEIGHTS,
        data=LAW,
        rival=LAW,
        rho=PROMPTS,
        beta=BETA,
        steps=Box("T", "X", "Y", lower="1/8", upper=8),
    ),
    sizes=dict(X=(1, 2), Y=(2, 3), T=(1, 2)),
    models=dict(
        problem=lambda x: PreferenceProblem(
            fill_support(x.start), weights=x.weights, data=fill_support(x.data), rho=x.rho, beta=x.beta
        ),
        steps=lambda x: x.steps,
        rival=lambda x: TabularPolicy(x.rival),
    ),
)


OWN_BASE = replace(FAMILY, sizes=dict(X=(2, 2), Y=(2, 2), T=(2, 2)))


# ---- instances and figure
def own_base(k):
    """The unnoticed response with the policy itself as base."""
    m = unnoticed_response(k)
    start = m.problem.data
    problem = PreferenceProblem(start, weights=m.problem.weights, data=start)
    return m.replace(problem=problem, share=1 - 2 / m.problem.like(2**k)[()])


def list_small_steps():
    return [small_steps(T, n) for T, n in ((1, 8), (1, 128), (2, 32), (4, 64))]


def list_sequences(rounds=range(4)):
    return [best_of_four(j, fault) for fault in ("none", "shy") for j in rounds]


def list_blind(rounds=range(4)):
    return [best_of_four(j, "blind") for j in rounds]


def long_sequences():
    return list_sequences([4])


def long_blind():
    return list_blind([4])


def stays_behind(m):
    """The regressions give the best response no reward, and the average gap stays at least half of it."""
    return Bound(measure.logarithm(m.unit) / 2, average_gap(m))


def in_units(m):
    """Gap and bound in units of B."""
    unit = measure.logarithm(m.unit).mid
    gap, right = check(m).sides
    return {"gap": [gap.mid / unit], "bound": [right.mid / unit], "T": [len(m.steps)]}


def figure(ax, rows):
    """Average gap against the number of rounds, with the bound; a base that misses the best response."""
    for fault, style, words, bound in (
        ("none", "o-C0", "exact regression", "bounds"),
        ("shy", "s-C2", "best response underrated", None),
        ("blind", "x-C1", "base misses it (fails)", None),
    ):
        at = [row["data"] for row in rows if row.get("data") and row["parameters"].get("fault") == fault]
        T, gap, right = zip(*sorted((data["T"][0], data["gap"][0], data["bound"][0]) for data in at), strict=True)
        ax.plot(T, gap, style, label=words)
        if fault != "blind":
            ax.plot(T, right, "k--", lw=1 if bound else 0.6, label=bound)
    ax.set(xlabel="rounds $T$", ylabel="average gap $/ B$", xscale="log", yscale="log", ylim=(0.015, 2.5))
    ax.set_xticks([1, 4, 16, 64], ["1", "4", "16", "64"])
    ax.set_yticks([0.02, 0.1, 0.5, 2], ["0.02", "0.1", "0.5", "2"])
    ax.minorticks_off()
    ax.legend(fontsize=6, loc="lower left")


def base_covers(m):
    return ((m.problem.data > 0) | (m.rival.table == 0))[m.problem.rho > 0].all()


def every_round_covers(m):
    return ((m.problem.reference > 0) | (m.rival.table == 0))[m.problem.rho > 0].all()


COVERED = Assumption("the base covers the comparator", base_covers)
STARTED = Assumption("the first policy covers the comparator", every_round_covers)
OWN, OWN_TIGHT, SEQUENCES, BLIND = "base: the policy", "base: the policy, attained", "gap against T", "a blind base"
CLAIM = Claim(
    "rebel_regret_needs_one_coverage_factor",
    check,
    FAMILY,
    formula=(
        r"\frac1T \sum_{t=1}^T \big( \mathbb{E}_\pi r - \mathbb{E}_{\pi_t} r \big) \le \sqrt{C e} + "
        r"\frac{\mathrm{KL}(\pi \,\Vert\, \pi_1)}{\eta T} + \frac{\eta B^2}{8}, \qquad C = \max \frac{\pi}{\mu}"
    ),
    papers=("gao2024",),
    tags=("preferences", "coverage", "policy-gradient", "regret"),
    assumes=(COVERED,),
    controls=(
        Control("a base that misses the best response", lambda: best_of_four(2, "blind"), drops=COVERED.name),
        Control("half of the coverage term", lambda: unnoticed_response(4), tightens=half_the_coverage),
        Control("half of the divergence", lambda: small_steps(1, 8), tightens=half_the_divergence),
        Control("half of the price of the step", lambda: small_steps(1, 8), tightens=half_the_price),
        Control(
            "coverage of the first policy",
            lambda: unnoticed_response(4),
            sabotages=measure.concentrability,
            by=of_the_start,
        ),
        Control("a quarter in place of a half", lambda: own_base(6), tightens=a_quarter, part=OWN),
    ),
    also=(
        Part(OWN, OWN_BASE, on_policy, assumes=(STARTED,)),
        Part("small steps attain it", list_small_steps, nearly_attains, assumes=(COVERED,)),
        Part(
            "an unnoticed response attains it",
            lambda: [unnoticed_response(k) for k in (2, 4, 6)],
            nearly_attains,
            assumes=(COVERED,),
        ),
        Part(OWN_TIGHT, lambda: [own_base(k) for k in (2, 4, 6)], nearly_attains_on_policy, assumes=(STARTED,)),
        Part(SEQUENCES, list_sequences, check, assumes=(COVERED,), data=in_units, thorough=long_sequences),
        Part(BLIND, list_blind, stays_behind, data=in_units, thorough=long_blind),
    ),
    figure=figure,
    sides=(r"average gap", r"$\sqrt{Ce} + \mathrm{KL}/(\eta T) + \eta B^2/8$"),
)
