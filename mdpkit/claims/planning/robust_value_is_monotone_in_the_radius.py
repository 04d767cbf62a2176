"""The optimal robust value falls with the radius of the l1 balls, at most at the rate gamma span(V) / (1-gamma).

Statement  Let V_m be the optimal value against transition laws that nature moves by total variation m from the nominal
           ones, for every state and action (l1 balls of radius 2m), D_m = max V_m - min V_m, and 0 <= m <= n <= 1. Then
           in every state
               0 <= V_m - V_n <= gamma (n - m) D_m / (1 - gamma)
                              <= gamma (n - m) / ((1 - gamma) (1 - gamma + gamma m)) .
           For all m and n, a paying state beside one that returns to it at once attains the first bound; beside an
           absorbing one it attains the second, D_m = 1 / (1 - gamma + gamma m), and both in the limit n -> 0.
           In the model whose laws minimise p . V_m for every state and action, a greedy policy is optimal, and its
           value there and its robust value are V_m; at m = 0 that is the nominal optimal value, and at m = 1 nature
           moves to the worst state at once.
Assumes    rewards lie in [0, 1].
Units      m and n are total variation distances in [0, 1]; values are discounted returns, not normalised.
Kind       for all; identity; exists (enumerated)
Source     adapted from Iyengar, 2005.
Proof      proofs/planning/robust_value_is_monotone_in_the_radius.md
"""

from itertools import combinations

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.lifting import enclose
from ...instances.families import garnet
from ...instances.instance import Instance
from ...model import MDP, Discounted
from ...solve import L1Ball, RobustPlanning, solve
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def value(m, radius):
    return measure.robust_optimal_value(m.mdp, L1Ball(radius * 2))


def losses(m):
    """The least and the largest loss of value in any state as the radius grows, and the span at the smaller one."""
    before, after = value(m, m.near), value(m, m.far)
    return (before - after).min(), (before - after).max(), before.max() - before.min()


def check(m):
    _, loss, span = losses(m)
    g, near, far = (enclose(np.asarray(x)) for x in (m.mdp.horizon.gamma, m.near, m.far))
    moved = (far - near) * g / (1 - g)
    return Bound(loss, span * moved, moved / (1 - g + g * near))


def falls(m):
    least, *_ = losses(m)
    return Bound(0, least)


def half(m):
    loss, *_, right = check(m).sides
    return Bound(loss, right / 2)


def one_horizon(m):
    """The rate without the factor 1/(1-gamma) for the later steps."""
    loss, by_span, _ = check(m).sides
    return Bound(loss, by_span * (1 - m.mdp.horizon.gamma))


def rises(m):
    _, largest, _ = losses(m)
    return Bound(largest, 0)


def replays(m):
    """V_m against the values and the optimum of the model of least p . V_m, and V_m at both ends of the radius."""
    answer = solve(m.mdp, RobustPlanning(L1Ball(m.near * 2)))
    g, now = m.mdp.horizon.gamma, m.mdp.r.max(axis=1)
    return Equal(
        {
            "value in the worst model": (measure.state_value(answer.model, answer.policy), answer.value),
            "optimum of the worst model": (measure.optimal_value(answer.model), answer.value),
            "robust value of the policy": (
                measure.robust_value(m.mdp, answer.policy, L1Ball(m.near * 2)),
                (answer.value * m.mdp.rho).sum(),
            ),
            "radius 0": (value(m, m.near * 0), measure.optimal_value(m.mdp)),
            "radius 1": (value(m, m.near * 0 + 1), now + now.min() * g / (1 - g)),
        }
    )


def attains_first(m):
    loss, by_span, _ = check(m).sides
    return Equal({"loss": (loss, by_span)})


def attains_second(m):
    _, by_span, right = check(m).sides
    return Equal({"span": (by_span, right)})


# ---- the leaking state, controls and figure
def leaking(near="1/10", far="1/5", gamma="9/10", reward=1, back=0):
    """A state that pays and stays, beside one that pays nothing and stays or goes back; the radii are near and far."""
    mdp = MDP(
        objects([[[1, 0]], [[back, 1 - back]]]),
        objects([[reward], [0]]),
        objects([1, 0]),
        horizon=Discounted(rational(gamma)),
    )
    return Instance(mdp=mdp, near=rational(near), far=rational(far))


PAIRS = tuple(combinations(("0", "1/1000", "1/10", "1/3", "1"), 2))


def list_pairs(back):
    return [leaking(*pair, gamma, back=back) for gamma in ("1/2", "9/10") for pair in PAIRS]


def list_garnets():
    """Random MDPs of up to three states, three actions and two successors, with growing radii."""
    for seed, (near, far) in enumerate(PAIRS * 2):
        S, A, gamma = 2 + seed % 2, 1 + seed % 3, ("1/2", "9/10")[seed % 2]
        mdp = garnet(S, A, 2, gamma, rng=np.random.default_rng(seed))
        yield Instance(mdp=mdp, near=rational(near), far=rational(far))


def list_instances():
    return [leaking("0", "1/1000"), *list_garnets()]


def list_few():
    return list(list_garnets())[::5]


def nominal(robust_optimal_value, problem, ambiguity):
    return robust_optimal_value(problem, L1Ball(0))


def figure(ax, rows):
    """The value of the leaking state against the radius, at gamma = 9/10, and its tangents."""
    m = np.linspace(0, 1, 201)
    ax.plot(m, 1 / (0.1 + 0.9 * m), color="C0", label=r"$V_m = 1/(1-\gamma+\gamma m)$")
    for near, words in ((0.0, "bound from $m = 0$, $0.2$"), (0.2, None)):
        far = np.linspace(near, 1, 101)
        start = 1 / (0.1 + 0.9 * near)
        ax.plot(far, start - 0.9 * (far - near) * start / 0.1, "k--", label=words)
    ax.plot(m, 10 - 0.9 * m * 10, color="C1", label=r"one factor of $1/(1-\gamma)$ (fails)")
    ax.set(xlabel="radius $m$ in total variation", ylabel="robust value", ylim=(0, 10.5))
    ax.legend(fontsize=6)


UNIT = Assumption("rewards lie in [0, 1]", lambda m: ((m.mdp.r >= 0) & (m.mdp.r <= 1)).all())
CLAIM = Claim(
    "robust_value_is_monotone_in_the_radius",
    check,
    list_instances,
    formula=(
        r"0 \le V_m - V_n \le \frac{\gamma (n-m)}{1-\gamma} \big( \max V_m - \min V_m \big) \le "
        r"\frac{\gamma (n-m)}{(1-\gamma)(1-\gamma+\gamma m)}, \qquad 0 \le m \le n \le 1"
    ),
    papers=("iyengar2005",),
    tags=("discounted", "robust"),
    assumes=(UNIT,),
    controls=(
        Control("half the constant", witness=lambda: leaking("0", "1/1000"), tightens=half),
        Control("one factor of 1/(1-gamma)", witness=leaking, tightens=one_horizon),
        Control("a radius that does not matter", witness=leaking, part="monotone", tightens=rises),
        Control("rewards up to 2", witness=lambda: leaking("0", "1/1000", reward=2), drops=UNIT.name),
        Control(
            "nature stays at the nominal law",
            witness=leaking,
            part="worst models",
            sabotages=measure.robust_optimal_value,
            by=nominal,
            at="radius 1",
        ),
    ),
    also=(
        Part("monotone", list_instances, falls),
        Part("worst models", list_few, replays),
        Part("a state that returns", lambda: list_pairs(back=1), attains_first, assumes=(UNIT,)),
        Part("a state that absorbs", lambda: list_pairs(back=0), attains_second, assumes=(UNIT,)),
    ),
    figure=figure,
)
