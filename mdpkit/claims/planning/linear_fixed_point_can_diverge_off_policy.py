"""Projected value iteration is g-Lipschitz in the stationary norm; off policy g sqrt(k)-Lipschitz, and can diverge.

Statement  Let T be the Bellman operator of a policy with transition matrix P, g = gamma, and Pi the projection on the
           span of features in the norm |V|^2 = sum_s m(s) V(s)^2 of weights m > 0. With k = max_n (mP)(n) / m(n),
               |Pi T V - Pi T W| <= g sqrt(k) |V - W| ,
           and TV(mP, m) <= k - 1 <= TV(mP, m) / min m, TV the total variation distance: k = 1 if and only if m is
           stationary. If g^2 k < 1, the fixed point V' = Pi T V' exists and
               (1 - g^2 k) |V' - V^pi|^2 <= |Pi V^pi - V^pi|^2 .
           Two swapping states attain the last bound with k = 1, and a cycle of three states with k = c^2 for any c > 1.
           The factor sqrt(k) is best possible: two states that lead to the second, with a feature for each, attain it
           with k = 1/m(2). With one feature c^s on a cycle of N states with m ~ c^(-2s), k = c^2, and a sweep
           multiplies the feature by at least g sqrt(k) (1 - 1/N). If this is above 1, projected value iteration
           diverges from every start but the fixed point, and so does expected TD(0) for every constant step size.
           With features 1 and 2 of two states that lead to the second, and g > 1/2, the weight 4 (1-g) / (3 - 2g) of
           the first state makes every multiple of (1, 2) a fixed point if V^pi = (1, 2). With rewards for which
           V^pi = (0, 2), the error of the fixed point divided by that of the projection is unbounded as the weight
           tends to this one.
Assumes    for the error bound: g^2 k < 1. For the continuum of fixed points: the weight is 4 (1-g) / (3 - 2g).
Units      values are discounted returns, not normalised; weights sum to 1.
Kind       for all; exists (enumerated)
Source     adapted from Tsitsiklis and Van Roy, 1996; Tsitsiklis and Van Roy, 1997.
Proof      proofs/planning/linear_fixed_point_can_diverge_off_policy.md
"""

from dataclasses import replace
from math import sqrt

import numpy as np

from ... import measure
from ...base.arrays import nearest, objects
from ...base.lifting import enclose, number
from ...instances.blocks import Box, Choice, Simplex
from ...instances.family import Family
from ...instances.library.coverage import fill_support
from ...instances.library.planning.off_policy import evaluation, expanding_cycle, one_and_two, swap
from ...model import MDP, Discounted, Finite, TabularPolicy
from ...solve import lstd
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def sweep(m, V):
    """Pi T V."""
    return measure.projection(measure.bellman_residual(m.mdp, m.policy, V) + V, m.weights, m.features)


def square(m, V):
    """|V|^2."""
    return measure.mean_product(V, V, m.weights)


def move_weights(m):
    """mP, the weights after a step."""
    steps = MDP(m.mdp.P, m.mdp.r, m.weights, horizon=Finite(2))
    return measure.occupancy(steps, m.policy)[1].sum(axis=1)


def density_ratio(m):
    """k: the largest ratio of the weights after and before a step."""
    return (move_weights(m) / enclose(m.weights)).max()


def discount(m, pattern):
    return number(m.mdp.horizon.gamma, pattern)


def check(m):
    V, W = enclose(m.V), enclose(m.W)
    moved = square(m, sweep(m, V) - sweep(m, W))
    return Bound(moved, square(m, V - W) * density_ratio(m) * discount(m, moved) ** 2)


def ratio_measures_change(m):
    """TV(mP, m), k - 1, and TV(mP, m) / min m."""
    change = abs(move_weights(m) - m.weights).sum() / 2
    return Bound(change, density_ratio(m) - 1, change / enclose(m.weights).min())


def errors(m):
    """|V' - V^pi|^2 of the fixed point V', and |Pi V^pi - V^pi|^2."""
    V = measure.state_value(m.mdp, m.policy)
    fixed = (enclose(m.features) * lstd(m.mdp, m.policy, m.features, m.weights)[None, :]).sum(axis=1)
    return square(m, fixed - V), square(m, measure.projection(V, m.weights, m.features) - V)


def fixed_point_is_close(m):
    error, distance = errors(m)
    return Bound(error * (1 - density_ratio(m) * discount(m, error) ** 2), distance)


# ---- divergence
def feature(m):
    return enclose(m.features)[:, 0]


def grows(m):
    """A sweep from the only feature: at least gamma sqrt(k) (1 - 1/N) times the feature, if rewards are 0."""
    phi = feature(m)
    least = density_ratio(m) * discount(m, phi) ** 2 * (m.N - 1) ** 2 / m.N**2
    return Bound(square(m, phi) * least, square(m, sweep(m, phi)))


def multiplies(m):
    """A sweep, and a step of expected TD(0), from the feature of the cycle."""
    phi = feature(m)
    factor = discount(m, phi) * ((m.N - 1) * m.c + 1 / m.c ** (m.N - 1)) / m.N
    return Equal({"ratio": (density_ratio(m), m.c**2), **moves(m, factor)})


def multiplies_by_the_weights(m):
    """The same with the features 1 and 2."""
    return Equal(moves(m, discount(m, feature(m)) * (4 - 2 * m.first) / (4 - 3 * m.first)))


def moves(m, factor):
    phi = feature(m)
    drift = measure.mean_product(phi, measure.bellman_residual(m.mdp, m.policy, phi), m.weights)
    return {"sweep": (sweep(m, phi), phi * factor), "TD(0)": (drift, square(m, phi) * (factor - 1))}


def every_multiple_is_fixed(m):
    phi = feature(m)
    fixed = {f"{t} V": (sweep(m, phi * t), phi * t) for t in (-3, 0, 1, 5)}
    return Equal({"V": (measure.state_value(m.mdp, m.policy), phi), **fixed})


def errs(m):
    error, distance = errors(m)
    return Bound(distance * m.times**2, error)


# ---- controls that fail
def by_the_discount(m):
    left, _ = check(m).sides
    return Bound(left, square(m, enclose(m.V) - enclose(m.W)) * discount(m, left) ** 2)


def half(m):
    left, right = check(m).sides
    return Bound(left, right / 2)


def as_on_policy(m):
    error, distance = errors(m)
    return Bound(error * (1 - discount(m, error) ** 2), distance)


def project_uniformly(projection, values, weights, features):
    return projection(values, weights * 0 + 1, features)


def attains(m):
    left, right = fixed_point_is_close(m).sides
    return Equal({"error": (left, right)})


def attains_the_ratio(m):
    left, right = check(m).sides
    return Equal({"sweep": (left, right)})


# ---- instances and figure
FAMILY = Family(
    blocks=dict(
        P=Simplex("S", to="S"),
        V=Box("S", lower=-1),
        W=Box("S", lower=-1),
        r=Box("S", lower=-1),
        rest=Box("S", "K", lower=-2, upper=2),
        weights=Simplex(to="S"),
        gamma=Choice(of=("1/2", "9/10")),
    ),
    sizes=dict(S=(2, 3), K=(1, 2)),
    models=dict(
        mdp=lambda x: MDP(x.P[:, None], x.r[:, None], horizon=Discounted(x.gamma[()])),
        policy=lambda x: TabularPolicy(x.like(np.ones((x.sizes["S"], 1), dtype=int))),
        features=lambda x: np.concatenate([x.like(np.eye(x.sizes["K"], dtype=int)), x.rest[x.sizes["K"] :]]),
        weights=lambda x: fill_support(x.weights[None])[0],
        V=lambda x: x.V,
        W=lambda x: x.W,
    ),
)
NEAR = replace(
    FAMILY,
    blocks={**FAMILY.blocks, "r": Box("S", lower="1/8"), "gamma": Choice(of=("1/4", "1/2"))},
    sizes=dict(S=(2, 3), K=(1, 1)),
    models={**FAMILY.models, "weights": lambda x: (x.weights + x.like([1] * x.sizes["S"]) / x.sizes["S"]) / 2},
)
"""One feature, and weights that are close enough to the stationary ones in most draws."""
GAMMAS = ("1/2", "9/10", "99/100")


def from_the_feature(m):
    """The instance with V its feature and W = 0."""
    return m.replace(V=m.features[:, 0], W=m.features[:, 0] * 0)


def list_cycles():
    return [expanding_cycle(N, c, gamma) for gamma in GAMMAS for c in ("5/4", 2, 10) for N in (2, 4, 16)]


def list_weights():
    return [one_and_two(gamma, f"{k}/20") for gamma in GAMMAS for k in (1, 4, 7, 10, 13, 16, 19)]


def singular(gamma="9/10", off=0, V=(1, 2)):
    """Features 1 and 2 at the weight 4 (1-g) / (3 - 2g) of the first state, or at one larger by a share `off`."""
    gamma, off = (objects(x)[()] for x in (gamma, off))
    return one_and_two(gamma, 4 * (1 - gamma) / (3 - 2 * gamma) * (1 + off), V)


def list_near_singular():
    return [singular(gamma, f"1/{k}", (0, 2)).replace(times=k) for gamma in ("9/10", "99/100") for k in (2, 8, 64)]


def list_swaps():
    return [swap(x) for x in ("1/10", "1/3", "1/2", "4/5", "19/20")]


def three_cycle(c, x):
    """States with m ~ c^(-2s) that lead to s + 1 modulo 3; the feature is P e for the error e = (0, c, x c^2)."""
    c, x = (objects(y)[()] for y in (c, x))
    error, feature, weights = objects([0, c, x * c**2]), objects([c, x * c**2, 0]), objects([1, c**-2, c**-4])
    P = np.roll(np.eye(3, dtype=int), 1, axis=1)
    return evaluation(P, feature - error, x / (c * (1 + x**2)), feature[:, None], weights / weights.sum())


def list_three_cycles():
    return [three_cycle(c, x) for c, x in ((2, "1/2"), ("5/4", "9/10"), (10, "1/3"), ("101/100", "1/2"))]


def constant_values():
    """Independent states, which are the second with probability 9/10, and the feature (1/2, 1)."""
    stationary = ["1/10", "9/10"]
    m = evaluation([stationary] * 2, [0, 0], "9/10", [["1/2"], [1]], stationary)
    return m.replace(V=objects([1, 1]), W=objects([0, 0]))


def all_features(second="1/2"):
    """Two states that lead to the second, of weight `second`, with a feature for each: V = (0, 1) attains the bound."""
    second = objects(second)[()]
    m = evaluation([[0, 1], [0, 1]], [0, 0], "9/10", [[1, 0], [0, 1]], [1 - second, second])
    return m.replace(V=objects([0, 1]), W=objects([0, 0]))


def list_all_features():
    return [all_features(second) for second in ("1/100", "1/2", "4/5", "99/100")]


def is_singular(m):
    phi = m.features[:, 0]
    return (m.weights * phi * (phi - m.mdp.horizon.gamma * (m.mdp.P[:, 0] @ phi))).sum() == 0


def is_small(m):
    return density_ratio(m) * m.mdp.horizon.gamma**2 < 1


def draw_data(m):
    """gamma, the weight of the first state, the factor of a sweep, and its bound."""
    phi = feature(m)
    factor, most = square(m, sweep(m, phi)) / square(m, phi), density_ratio(m) * discount(m, phi) ** 2
    return {"point": [nearest(m.gamma), nearest(m.first), sqrt(factor.mid), sqrt(most.mid)]}


def figure(ax, rows):
    """Factor of a sweep against the weight of the first state, with features 1 and 2 at gamma = 9/10."""
    own = [row["data"]["point"] for row in rows if row["part"] == WEIGHTS and not row.get("control")]
    own = np.array([point for point in own if point[0] == 0.9])
    m = np.linspace(0, 0.96, 97)
    ax.plot(m, 0.9 / np.sqrt(1 - m), "k--", label=r"$\gamma \sqrt{k}$")
    ax.plot(m, 0.9 * (4 - 2 * m) / (4 - 3 * m), "C0", alpha=0.5)
    ax.plot(own[:, 1], own[:, 2], "oC0", label="features 1 and 2")
    ax.axhline(0.9, color="C1", label=r"$\gamma$ (fails off policy)")
    ax.axhline(1, color="0.6", linestyle=":", label="diverges above")
    ax.plot(1 / 3, 1, "sk", mfc="none", label=r"$4(1-\gamma)/(3-2\gamma)$")
    ax.set(xlabel="weight $m$ of the first state", ylabel="factor of a sweep", ylim=(0.8, 2.2))
    ax.legend(fontsize=6, loc="upper left")


SMALL = Assumption("g^2 k is below 1", is_small)
SINGULAR = Assumption("the weight is 4 (1-g) / (3 - 2g)", is_singular)
ERROR, FIXED, WEIGHTS = "error of the fixed point", "a continuum of fixed points", "features 1 and 2"
CLAIM = Claim(
    "linear_fixed_point_can_diverge_off_policy",
    check,
    FAMILY,
    formula=(
        r"\lVert \Pi T V - \Pi T W \rVert_m \le \gamma \sqrt{k}\, \lVert V - W \rVert_m, \qquad "
        r"k = \max_n \frac{(m P)(n)}{m(n)}"
    ),
    papers=("tsitsiklis1996", "tsitsiklis1997"),
    tags=("temporal-differences", "linear-values", "off-policy"),
    controls=(
        Control("contraction by gamma", witness=lambda: from_the_feature(one_and_two()), tightens=by_the_discount),
        Control("half of k", witness=all_features, tightens=half),
        Control(
            "an unweighted projection",
            witness=constant_values,
            sabotages=measure.projection,
            by=project_uniformly,
        ),
        Control("the error as on policy", lambda: singular("9/10", "-2/3", (0, 2)), tightens=as_on_policy, part=ERROR),
        Control("other weights", witness=lambda: singular(off="-1/4"), drops=SINGULAR.name, part=FIXED),
    ),
    also=(
        Part(ERROR, NEAR, fixed_point_is_close, assumes=(SMALL,)),
        Part("k = 1 for stationary weights only", FAMILY, ratio_measures_change),
        Part("two swapping states attain the error", list_swaps, attains, assumes=(SMALL,)),
        Part("three states attain the error off policy", list_three_cycles, attains, assumes=(SMALL,)),
        Part("a feature for each state attains sqrt(k)", list_all_features, attains_the_ratio),
        Part("a cycle expands by nearly sqrt(k)", list_cycles, grows),
        Part("factors of the cycle", list_cycles, multiplies),
        Part(WEIGHTS, list_weights, multiplies_by_the_weights, data=draw_data),
        Part(
            FIXED,
            lambda: [singular(gamma) for gamma in ("3/5", "9/10", "99/100")],
            every_multiple_is_fixed,
            (SINGULAR,),
        ),
        Part("unbounded errors near this weight", list_near_singular, errs),
    ),
    figure=figure,
)
