"""RLHF with a bounded reward model is near-optimal under local coverage; a policy fitted offline need not be.

Statement  Let the data be drawn from the reference. If r and g have range at most R, pi_g = ref e^(g/beta)/Z satisfies
               (J(pi*) - J(pi_g))^2 <= C(pi*) C(pi_g) e / 2 <= C_tilt(R)^2 e / 2,
           where e is the pair error of g, and C_tilt(R) <= W = e^(R/beta) whatever the mass of the rarest response. For
           every k >= 8 there is a problem with C_glo = 2^k in which some policy, of pair error e, has suboptimality at
           least beta (k/2 - 1) log 2, while some g of range R = beta log 4 and no larger pair error induces a policy
           pi_g of suboptimality at most W sqrt(e/2), which is at most beta 4 k 2^(-k/2) log 2.
Assumes    both rewards have range at most R for each prompt; the data are drawn from the reference.
Units      J and R in units of reward; e in squared units.
Kind       for all; exists (the pair, enumerated)
Source     adapted from Song, Swamy, Singh, Bagnell and Sun, 2024.
Proof      proofs/coverage/online_rlhf_needs_only_local_coverage.md
"""

from ... import measure
from ...base.arrays import objects, rational
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.coverage import BETA, LAW, PROMPTS, WEIGHTS, rare_third, widest_range
from ...model import PreferenceProblem, TabularPolicy
from ...solve import tilt
from ...verify.claim import Assumption, Bound, Claim, Control, Part


def online(m):
    """The policy of the learned reward, its squared gap and its pair error."""
    policy, best = tilt(m.problem, m.learned), tilt(m.problem)
    return policy, measure.value_gap(m.problem, best, policy) ** 2, measure.pair_error(m.problem, policy)


def check(m):
    policy, gap, e = online(m)
    local = measure.concentrability(m.problem, tilt(m.problem)) * measure.concentrability(m.problem, policy)
    return Bound(gap, local * e / 2, measure.tilt_coverage(m.problem, m.width) ** 2 * e / 2)


def without_coverage(m):
    _, gap, e = online(m)
    return Bound(gap, e / 2)


def sure_loss(m):
    """beta (log C_glo / 2 - log 2)"""
    return (
        measure.logarithm(measure.full_coverage(m.problem)) / 2 - measure.logarithm(m.problem.like(2))
    ) * m.problem.beta


def apart(m):
    """Squares of the online gap, its bounds at its own and at the offline error, the offline lower bound and gap."""
    _, gap, e = online(m)
    offline = measure.value_gap(m.problem, tilt(m.problem), m.offline)
    allowed = measure.pair_error(m.problem, m.offline) * m.width**2 / 2
    tilts = measure.tilt_coverage(m.problem, m.width) ** 2 * e / 2
    return Bound(gap, tilts, e * m.width**2 / 2, allowed, sure_loss(m) ** 2, offline**2)


FAMILY = Family(
    blocks=dict(reference=LAW, weights=WEIGHTS, learned=WEIGHTS, rho=PROMPTS, beta=BETA),
    sizes=dict(X=(1, 2), Y=(2, 4)),
    models=dict(
        problem=lambda x: PreferenceProblem(x.reference, weights=x.weights, rho=x.rho, beta=x.beta),
        learned=lambda x: x.learned,
        width=lambda x: max(widest_range(x.weights), widest_range(x.learned)),
    ),
)


# ---- exact instances and controls
def rare(k, learned=(1, 1, 4), width=4):
    """All responses have equal reward; one has mass 2^-k under the reference and 1/2 under the offline policy."""
    problem = rare_third(k).problem
    offline = TabularPolicy(objects([["1/4", "1/4", "1/2"]]))
    return Instance(problem=problem, learned=objects([learned]), offline=offline, k=k, width=rational(width))


def skew_pair(k=64):
    problem = PreferenceProblem(objects([["1/2", "1/2"]]), weights=objects([[1, 2**k - 1]]))
    return Instance(problem=problem, learned=objects([[k - 1, 1]]), width=rational(2**k))


BOUNDED = Assumption(
    "both rewards have range at most R",
    lambda m: max(widest_range(m.problem.weights), widest_range(m.learned)) <= m.width,
)
DRAWN = Assumption("the data are drawn from the reference", lambda m: (m.problem.data == m.problem.reference).all())


def on_average(concentrability, problem, policy, mu=None, kind="sup"):
    """Chi-square in place of the supremum."""
    return concentrability(problem, policy, mu, "chi2")


def numbers(m):
    """Data for the figure: gaps, not their squares."""
    online, _, _, allowed, lost, offline = (side.mid ** (1 / 2) for side in apart(m).sides)
    return {"online": online, "allowed": allowed, "lost": lost, "offline": offline}


def figure(ax, rows):
    """Online and offline gaps at the same pair error, against the reference mass of the rare response."""
    found = [row for row in rows if row["part"] == PAIR and not row.get("control")]
    mass = [2.0 ** -row["parameters"]["k"] for row in found]
    for name, style, words in (
        ("offline", "sC2", "a policy fitted offline"),
        ("lost", "k:", "$(k/2 - 1) \\log 2$"),
        ("allowed", "k--", "$W \\sqrt{e/2}$"),
        ("online", "oC0", "the clipped reward's policy"),
    ):
        ax.plot(mass, [row["data"][name] for row in found], style, label=words)
    for row in rows:
        if row.get("control") and row["label"] == UNCLIPPED:
            ax.plot(2.0**-27, row["sides"][0] ** 0.5, "xC1", label="reward not clipped (fails)")
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.invert_xaxis()
    ax.set(xlabel="reference mass $2^{-k}$ of a response", ylabel="value gap $/ \\beta$")
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1))


PAIR, UNCLIPPED = "offline and online on one problem", "a reward that is not clipped"
CLAIM = Claim(
    "online_rlhf_needs_only_local_coverage",
    check,
    FAMILY,
    formula=(
        r"\big( J(\pi^*) - J(\pi_g) \big)^2 \le \tfrac12\, C(\pi^*)\, C(\pi_g)\, e \le \tfrac12\, "
        r"C_{\mathrm{tilt}}(R)^2\, e, \qquad C_{\mathrm{tilt}}(R) \le \exp(R / \beta)"
    ),
    papers=("song2024",),
    tags=("preferences", "coverage"),
    assumes=(BOUNDED, DRAWN),
    controls=(
        Control(UNCLIPPED, witness=lambda: rare(27, learned=(1, 1, 2**170)), drops=BOUNDED.name),
        Control("no coverage at all", witness=skew_pair, tightens=without_coverage),
        Control("mean coverage", witness=skew_pair, sabotages=measure.concentrability, by=on_average),
    ),
    also=(Part(PAIR, lambda: [rare(k) for k in range(8, 41, 2)], apart, assumes=(BOUNDED, DRAWN), data=numbers),),
    figure=figure,
)
