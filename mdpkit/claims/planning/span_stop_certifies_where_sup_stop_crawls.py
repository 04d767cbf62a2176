"""If all pairs share one law, the span rule stops after 2 sweeps, the norm rule after about log(1/epsilon)/(1-gamma).

Statement  Let V_{k+1} = T V_k with the Bellman operator T, D_k = V_k - V_{k-1}, sp = max - min over states, and tau the
           largest total variation distance between the transition laws of two pairs of state and action. Shift V_k to
               W_k = V_k + gamma/(1-gamma) (max D_k + min D_k)/2 .  For k >= 1
               |W_k - V*| <= gamma sp(D_k) / (2 (1-gamma)) <= gamma (gamma tau)^(k-1) sp(D_1) / (2 (1-gamma)) .
           Without the shift, |V_k - V*| <= gamma |D_k| / (1-gamma), and |D_k| >= gamma^(k-1) min D_1. Let each rule
           stop as soon as its bound is at most epsilon. Then, if d = min D_1 > 0,
               the norm rule stops after at least gamma/(1-gamma) log(d / ((1-gamma) epsilon)) sweeps,
           but if tau = 0, that is, if all pairs of state and action have one transition law, sp(D_2) = 0, and the span
           rule stops after at most two, for every gamma and epsilon. Two absorbing states attain the bounds on W_k; two
           states that exchange with probability (1-tau)/2 attain sp(D_k) = (gamma tau)^(k-1) sp(D_1); constant rewards
           attain |D_k| = gamma^(k-1) min D_1.
Assumes    for two sweeps: all pairs of state and action have one transition law.
Units      values are discounted returns, not normalised; |.| is the maximum norm over states.
Kind       for all; exists (enumerated)
Source     adapted from MacQueen, 1966; Porteus, 1971; Puterman, 1994.
Proof      proofs/planning/span_stop_certifies_where_sup_stop_crawls.md
"""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.arrays import nearest, objects, rational
from ...base.errors import Undecided
from ...base.lifting import number
from ...instances.blocks import Box, Simplex
from ...instances.instance import Instance
from ...instances.library.planning.iteration import SWEEPS, steady_reward, two_rewards
from ...model import MDP, Discounted
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def span(x):
    return x.max(axis=-1) - x.min(axis=-1)


def discount(m, pattern):
    return number(m.mdp.horizon.gamma, pattern)


def differences(m):
    """V_k, and D_k and D_1."""
    V, k = measure.value_iterates(m.mdp, m.start, m.sweeps), m.sweeps
    return V[k], V[k] - V[k - 1], V[1] - V[0]


def check(m):
    V, now, first = differences(m)
    g, tau = discount(m, V), measure.dobrushin_coefficient(m.mdp)
    W = V + (now.max() + now.min()) * g / (2 * (1 - g))
    contracted = span(first)
    for _ in range(m.sweeps - 1):
        contracted = contracted * g * tau
    known, ahead = (size * g / (2 * (1 - g)) for size in (span(now), contracted))
    return Bound(abs(W - measure.optimal_value(m.mdp)).max(), known, ahead)


def norm_falls_slowly(m):
    _, now, first = differences(m)
    g = discount(m, now)
    left = first.min()
    for _ in range(m.sweeps - 1):
        left = left * g
    return Bound(left, abs(now).max())


# ---- the number of sweeps
def bounds(m, sweeps):
    """What each rule knows after k = 1, ..., sweeps: the bounds by the span and by the norm, `[k]`."""
    V = measure.value_iterates(m.mdp, m.start, sweeps)
    D, g = V[1:] - V[:-1], discount(m, V)
    return span(D) * g / (2 * (1 - g)), abs(D).max(axis=1) * g / (1 - g)


def stop(m, rule):
    """The first k at which the bound of a rule, 0 for the span and 1 for the norm, is at most epsilon."""
    sweeps = 4
    while True:
        small = bounds(m, sweeps)[rule] <= number(m.epsilon, m.start)
        if not (small.yes | small.no).all():
            raise Undecided("a bound is within rounding of epsilon")
        if small.yes.any():
            return m.mdp.like(int(small.yes.argmax()) + 1)
        sweeps *= 2


def span_vanishes(m):
    _, second, _ = differences(m)
    return Equal({"span of D_2": (span(second), m.mdp.like(0))})


def span_stops(m):
    return Equal({"sweeps": (stop(m, 0), m.mdp.like(2))})


def norm_crawls(m):
    """The lower bound and the number of sweeps of the norm, both times (1-gamma)/gamma."""
    _, _, first = differences(m.replace(sweeps=1))
    g = discount(m, first)
    return Bound(measure.logarithm(first.min() / ((1 - g) * number(m.epsilon, first))), stop(m, 1) * (1 - g) / g)


def norm_needs_sweeps(m):
    """The same for the rule that stops after k sweeps because epsilon is the bound that it knows then."""
    _, now, first = differences(m)
    g = discount(m, first)
    return Bound(measure.logarithm(first.min() / (abs(now).max() * g)), (1 - g) * m.sweeps / g)


# ---- controls that fail
def without_the_shift(m):
    V, *_ = differences(m)
    _, *right = check(m).sides
    return Bound(abs(V - measure.optimal_value(m.mdp)).max(), *right)


def half(m):
    left, _, right = check(m).sides
    return Bound(left, right / 2)


def one_more_power(m):
    left, _, right = check(m).sides
    return Bound(left, right * discount(m, right) * measure.dobrushin_coefficient(m.mdp))


def one_power_less(m):
    left, right = norm_falls_slowly(m).sides
    return Bound(left / discount(m, left), right)


def one_horizon_more(m):
    """The logarithm with (1-gamma)^2 in place of 1-gamma."""
    left, right = norm_crawls(m).sides
    return Bound(left - measure.logarithm(1 - discount(m, left)), right)


def average_actions(dobrushin_coefficient, problem):
    """The coefficient of the uniform policy in place of that over all actions."""
    P, r = problem.P.sum(axis=1)[:, None] / problem.A, problem.r.sum(axis=1)[:, None] / problem.A
    return dobrushin_coefficient(MDP(P, r, problem.rho, horizon=problem.horizon))


def attains(m):
    left, known, ahead = check(m).sides
    return Equal({"span": (left, known), "first": (left, ahead)})


def attains_the_contraction(m):
    _, known, ahead = check(m).sides
    return Equal({"span": (known, ahead)})


# ---- instances and figure
ONE_DRAWN_LAW = replace(
    SWEEPS,
    blocks={**SWEEPS.blocks, "P": Simplex(to="S")},
    sizes=dict(S=(2, 3), A=(2, 3)),
    models={
        **SWEEPS.models,
        "mdp": lambda x: MDP(np.tile(x.P, (*x.r.shape, 1)), x.r, horizon=Discounted(x.gamma[()])),
        "sweeps": lambda x: 2,
    },
)
PAYING = replace(
    SWEEPS,
    blocks={**SWEEPS.blocks, "r": Box("S", "A", lower="1/8")},
    models={**SWEEPS.models, "start": lambda x: x.start * 0},
)
"""Rewards from 1/8 to 1 and V_0 = 0, so that min D_1 > 0."""
GAMMAS = ("1/10", "1/2", "9/10")


def list_one_law():
    return [two_rewards(0, gamma, f"1/{10**j}") for gamma in (*GAMMAS, "19/20") for j in (2, 4, 8)]


def list_symmetric():
    return [two_rewards(tau, gamma) for tau in (0, "1/2", "9/10", 1) for gamma in GAMMAS]


def list_absorbing():
    return [two_rewards(1, gamma).replace(sweeps=k) for gamma in GAMMAS for k in (1, 2, 5, 10)]


def stay_or_change():
    """Two states that pay 0 and 1 for staying; changing costs 10. The average law of the two actions is uniform."""
    P = objects([[[1, 0], [0, 1]], [[0, 1], [1, 0]]])
    mdp = MDP(P, objects([[0, -10], [1, -10]]), horizon=Discounted("9/10"))
    return Instance(mdp=mdp, start=objects([0, 0]), sweeps=2)


def steady(k=3):
    """A state that pays 1, where the norm of D_k is gamma^(k-1)."""
    return steady_reward(k=k).replace(epsilon=rational("1/100"))


def draw_data(m):
    """gamma and tau, and the bounds of both rules after k = 1, ..., 60 sweeps, for the figure."""
    by_span, by_norm = bounds(m, 60)
    known = {"gamma": [nearest(m.mdp.horizon.gamma)], "tau": [nearest(m.tau)]}
    return known | {"span": by_span.mid.tolist(), "norm": by_norm.mid.tolist()}


def figure(ax, rows):
    """The bounds of both rules against the number of sweeps, at gamma = 9/10."""
    own = [row["data"] for row in rows if row["part"] == SYMMETRIC and not row.get("control")]
    curves = {data["tau"][0]: data for data in own if data["gamma"] == [0.9]}
    k = np.arange(1, 61)
    ax.semilogy(k, curves[0]["norm"], "k--", label=r"norm, $\tau = 0$")
    ax.semilogy(k, curves[1]["span"], "C1", label=r"span, $\tau = 1$ (fails at $k = 2$)")
    ax.semilogy(k, curves[0.9]["span"], "C0", alpha=0.4, label=r"span, $\tau = 0.9$")
    ax.semilogy(k, curves[0.5]["span"], "C0", alpha=0.7, label=r"span, $\tau = 0.5$")
    ax.semilogy(1, curves[0]["span"][0], "oC0", label=r"span, $\tau = 0$")
    ax.semilogy(2, 0, "vC0", mfc="none", transform=ax.get_xaxis_transform(), clip_on=False, label="0 at $k = 2$")
    ax.axhline(0.01, color="0.6", linestyle=":", label=r"$\varepsilon$")
    ax.set(xlabel="sweeps $k$", ylabel="bound on the error", ylim=(1e-4, 1e4))
    ax.legend(fontsize=6, loc="upper right", ncols=2)


ONE_LAW = Assumption("all pairs have one transition law", lambda m: (m.mdp.P[:1, :1] == m.mdp.P).all())
FALLS, CRAWLS = "the norm falls no faster than gamma^k", "the norm crawls"
TWO, SYMMETRIC = "the span stops after two sweeps", "two states attain the contraction"
CLAIM = Claim(
    "span_stop_certifies_where_sup_stop_crawls",
    check,
    SWEEPS,
    formula=(
        r"\lVert W_k - V^* \rVert \le \frac{\gamma\, \mathrm{sp}(D_k)}{2 (1-\gamma)} \le "
        r"\frac{\gamma\, (\gamma \tau)^{k-1}\, \mathrm{sp}(D_1)}{2 (1-\gamma)}, \qquad "
        r"\lVert D_k \rVert \ge \gamma^{k-1} \min D_1"
    ),
    papers=("macqueen1966", "porteus1971", "puterman1994"),
    tags=("value-iteration", "discounted", "stopping"),
    controls=(
        Control("without the shift", witness=lambda: two_rewards("1/2"), tightens=without_the_shift),
        Control("half of the span", witness=lambda: two_rewards(1), tightens=half),
        Control("one more contraction", witness=lambda: two_rewards(1), tightens=one_more_power),
        Control(
            "the average law of the actions",
            witness=stay_or_change,
            sabotages=measure.dobrushin_coefficient,
            by=average_actions,
        ),
        Control("one power of gamma less", witness=steady, tightens=one_power_less, part=FALLS),
        Control("one more factor of 1/(1-gamma)", witness=steady, tightens=one_horizon_more, part=CRAWLS),
        Control("two absorbing states", witness=lambda: two_rewards(1), drops=ONE_LAW.name, part=TWO),
    ),
    also=(
        Part(FALLS, SWEEPS, norm_falls_slowly),
        Part("the span vanishes in the second sweep", ONE_DRAWN_LAW, span_vanishes, assumes=(ONE_LAW,)),
        Part(TWO, list_one_law, span_stops, assumes=(ONE_LAW,)),
        Part("every epsilon at which the norm stops", PAYING, norm_needs_sweeps),
        Part(CRAWLS, list_one_law, norm_crawls, assumes=(ONE_LAW,)),
        Part("two absorbing states attain the bounds", list_absorbing, attains),
        Part(SYMMETRIC, list_symmetric, attains_the_contraction, data=draw_data),
    ),
    figure=figure,
)
