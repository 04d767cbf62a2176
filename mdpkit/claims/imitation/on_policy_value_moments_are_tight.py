"""The value gap is at most u times the expected number of mistakes under the learner's own occupancy; this is tight.

Statement  |J(E) - J(L)| <= u sum_t E_{s ~ d_t^L} TV(E, L)(s),   u = the widest range over actions of Q^E.
           A fall at the first step (u = H) and a persistent slip, the habit (u = 1), attain it for every H and slip
           probability. Under the expert's occupancy the habit makes too few mistakes: its gap is up to (H+1)/2 times u
           times their number.
Assumes    nothing: any finite MDP, any two Markov policies, rewards of any range.
Units      TV in [0, 1]; u is a range, at most twice a bound on |advantage|; J is the undiscounted return.
Kind       for all; exists
Source     adapted from Swamy, Choudhury, Bagnell and Wu, 2021.
Proof      proofs/imitation/on_policy_value_moments_are_tight.md
"""

from ... import measure
from ...base.arrays import objects
from ...instances.library.imitation.cliff import first_fall, habit
from ...instances.library.imitation.families import TWO_POLICIES
from ...model import MDP, TabularPolicy
from ...verify.claim import Bound, Claim, Control, Equal, Part


def sides(m):
    """The gap, the range of the expert's action values, and the mistakes under the learner's occupancy."""
    gap = abs(measure.value_gap(m.mdp, m.expert, m.learner))
    return gap, measure.recoverability(m.mdp, m.expert), measure.cloning_error(m.mdp, m.learner, m.expert).sum()


def check(m):
    gap, u, mistakes = sides(m)
    return Bound(gap, u * mistakes)


def half(m):
    gap, u, mistakes = sides(m)
    return Bound(gap, u * mistakes / 2)


def largest_advantage(m):
    gap, _, mistakes = sides(m)
    return Bound(gap, abs(measure.advantage(m.mdp, m.expert)).max() * mistakes)


def attains(m):
    gap, u, mistakes = sides(m)
    return Equal({"gap": (gap, u * mistakes)})


# ---- instances that attain the bound
def falls():
    return [make(H, eps) for make in (habit, first_fall) for H in (1, 2, 3, 5, 8, 13) for eps in ("1/10", 1)]


def random_expert(H):
    """The first fall, with an expert that stays on the cliff with probability 1/2."""
    return first_fall(H, 1).replace(expert=TabularPolicy(objects([["1/2", "1/2"], [1, 0]])))


def on_the_experts_road(cloning_error, problem, roams, other):
    return cloning_error(problem, other, roams)


def off_policy(m):
    """u times the mistakes under the expert's occupancy."""
    u, mistakes = measure.recoverability(m.mdp, m.expert), measure.cloning_error(m.mdp, m.expert, m.learner).sum()
    return {"off-policy": [(u * mistakes).mid]}


def figure(ax, rows):
    """The gap divided by the slip probability, and the two bounds, against the horizon."""
    found = [
        row for row in rows if row["part"] == TIGHT and row["parameters"]["eps"] == "1/10" and not row.get("control")
    ]
    for name, style in (("habit", "oC0"), ("first fall", "sC0")):
        at = [row for row in found if row["parameters"]["name"] == name]
        H = [row["sizes"]["H"] for row in at]
        ax.plot(
            H, [10 * row["pairs"]["gap"][1] for row in at], "k--", label="on-policy bound" if name == "habit" else None
        )
        ax.plot(H, [10 * row["pairs"]["gap"][0] for row in at], style, mfc="none", label=name)
        if name == "habit":
            ax.plot(H, [10 * row["data"]["off-policy"][0] for row in at], "C1", label="on the expert's road (fails)")
    ax.set(xlabel="horizon $H$", ylabel="value gap $/\\,\\varepsilon$")
    ax.legend()


TIGHT = "an immediate fall and a repeated mistake attain it"
CLAIM = Claim(
    "on_policy_value_moments_are_tight",
    check,
    TWO_POLICIES,
    formula=(
        r"\lvert J(E) - J(L) \rvert \le u \sum_t \mathbb{E}_{s \sim d_t^L}\, \mathrm{TV}(E, L)_t(s), \qquad u = "
        r"\max_{t,s} \big( \max_a Q_t^E(s, a) - \min_a Q_t^E(s, a) \big)"
    ),
    papers=("swamy2021",),
    tags=("moments", "interactive-learning", "recoverability"),
    controls=(
        Control("half of the range", witness=lambda: first_fall(3, 1), tightens=half),
        Control("the largest advantage", witness=lambda: random_expert(3), tightens=largest_advantage),
        Control(
            "errors under the expert's occupancy",
            witness=lambda: habit(5, "1/10"),
            sabotages=measure.cloning_error,
            by=on_the_experts_road,
        ),
    ),
    also=(Part(TIGHT, falls, attains, data=off_policy),),
    accepts=("mdp", MDP, ("P", "r", "rho")),
    figure=figure,
)
