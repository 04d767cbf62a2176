"""Value iteration is within g^k/(1-g) |V_1 - V_0| of V*; its greedy policy loses at most 2 g^(k+1)/(1-g) |V_1 - V_0|.

Statement  Let V_{k+1} = T V_k with the Bellman operator T, g = gamma, |.| the maximum norm over states. For k >= 1
               |V_k - V*| <= g |V_k - V_{k-1}| / (1-g) <= g^k |V_1 - V_0| / (1-g).
           For k >= 0, every policy pi that is greedy for V_k loses in every state at most
               V* - V^pi <= 2 g |V_k - V*| / (1-g) <= 2 g^(k+1) |V_0 - V*| / (1-g) , and at most
               V* - V^pi <= g sp(V_{k+1} - V_k) / (1-g) <= 2 g^(k+1) |V_1 - V_0| / (1-g) ,
           sp the span, maximum minus minimum. Hence the bound 2 g^(k+1) |V_1 - V_0| / (1-g)^2 that follows from the
           first line and the first bound on the loss is loose by the factor 1/(1-g).
           For every g and k, one state attains the first line and k + 2 states each of the others.
Assumes    for the losses: pi is greedy for V_k; ties may be broken arbitrarily.
Units      values are discounted returns, not normalised.
Kind       for all; exists (enumerated)
Source     adapted from Puterman, 1994; Williams and Baird, 1993; Singh and Yee, 1994.
Proof      proofs/planning/value_iteration_error_bound_is_tight.md
"""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.arrays import nearest, objects
from ...base.lifting import number
from ...instances.family import Drawn
from ...instances.library.planning.iteration import SWEEPS, greedy_table, repeated_mistake, steady_reward
from ...model import MDP, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def discount(m, V):
    return number(m.mdp.horizon.gamma, V)


def norm(x):
    return abs(x).max()


def span(x):
    return x.max() - x.min()


def iterates(m, further=0):
    """V_0, ..., V_k, and further ones, and V*."""
    return measure.value_iterates(m.mdp, m.start, m.sweeps + further), measure.optimal_value(m.mdp)


def check(m):
    (V, best), k = iterates(m), m.sweeps
    g = discount(m, V)
    return Bound(norm(V[k] - best), norm(V[k] - V[k - 1]) * g / (1 - g), norm(V[1] - V[0]) * g**k / (1 - g))


def loss(m, best):
    return (best - measure.state_value(m.mdp, m.policy)).max()


def loses_by_the_error(m):
    (V, best), k = iterates(m), m.sweeps
    g = discount(m, V)
    now, first = norm(V[k] - best), norm(V[0] - best)
    return Bound(loss(m, best), now * g * 2 / (1 - g), first * g ** (k + 1) * 2 / (1 - g))


def loses_by_the_residual(m):
    (V, best), k = iterates(m, further=1), m.sweeps
    g = discount(m, V)
    now, first = span(V[k + 1] - V[k]), norm(V[1] - V[0])
    return Bound(loss(m, best), now * g / (1 - g), first * g ** (k + 1) * 2 / (1 - g))


# ---- controls that fail
def one_more_power(m):
    left, right, _ = check(m).sides
    return Bound(left, right * discount(m, left))


def without_the_horizon(m):
    left, _, right = check(m).sides
    return Bound(left, right * (1 - discount(m, left)))


def error_alone(m):
    left, middle, _ = loses_by_the_error(m).sides
    return Bound(left, middle * (1 - discount(m, left)))


def norm_alone(m):
    """The norm of V_{k+1} - V_k in place of its span, which can be twice as large."""
    left, middle, _ = loses_by_the_residual(m).sides
    return Bound(left, middle / 2)


def iterate_first_actions(value_iterates, problem, start, sweeps):
    """The iterates of the policy that plays the first action everywhere."""
    first = MDP(problem.P[:, :1], problem.r[:, :1], problem.rho, horizon=problem.horizon)
    return value_iterates(first, start, sweeps)


def attains(m):
    left, last, first = check(m).sides
    return Equal({"last": (left, last), "first": (left, first)})


def attains_by_the_error(m):
    left, now, first = loses_by_the_error(m).sides
    return Equal({"now": (left, now), "start": (left, first)})


def attains_by_the_residual(m):
    left, now, first = loses_by_the_residual(m).sides
    return Equal({"now": (left, now), "first": (left, first)})


# ---- instances and figure
def play_greedily(x, before=0):
    """The draw with a policy that is greedy for V_k, k = K - before."""
    sweeps = x.sizes["K"] - before
    return Drawn(**{**vars(x), "greedy": x.like(greedy_table(x.P, x.r, x.gamma[()], x.start, sweeps))})


FAMILY = replace(
    SWEEPS,
    sizes=dict(S=(1, 3), A=(1, 2), K=(1, 3)),
    models={**SWEEPS.models, "policy": lambda x: TabularPolicy(x.greedy)},
    repair=play_greedily,
)
SEVERAL = replace(
    FAMILY,
    sizes=dict(S=(2, 3), A=(2, 2), K=(1, 2)),
    models={**FAMILY.models, "sweeps": lambda x: x.sizes["K"] - 1},
    repair=lambda x: play_greedily(x, before=1),
)
"""Instances where policies differ, after k = K - 1 = 0 or 1 sweeps."""
GAMMAS = ("1/10", "1/2", "9/10")


def list_steady():
    return [steady_reward(gamma, k) for gamma in GAMMAS for k in (1, 2, 5, 20)]


def list_mistakes(by):
    return [repeated_mistake(gamma, k, by) for gamma in GAMMAS for k in (0, 1, 2, 5, 10, 20)]


def idle():
    """Twice the rewards of a mistake, and a policy that waits although this is no longer greedy."""
    m = repeated_mistake("9/10", 1)
    return m.replace(mdp=MDP(m.mdp.P, m.mdp.r * 2, m.mdp.rho, horizon=m.mdp.horizon))


def paid_second_action():
    m = steady_reward(k=1)
    return m.replace(mdp=MDP(objects([[[1], [1]]]), objects([[0, 1]]), horizon=m.mdp.horizon))


def is_greedy(m):
    V = m.start
    for _ in range(m.sweeps):
        V = (m.mdp.r + m.mdp.horizon.gamma * (m.mdp.P @ V)).max(axis=1)
    Q = m.mdp.r + m.mdp.horizon.gamma * (m.mdp.P @ V)
    return ((m.policy.table * (Q.max(axis=1)[:, None] - Q)) == 0).all()


def draw_data(m):
    """The discount, the number of sweeps, the loss of the greedy policy, and its bound."""
    left, _, right = loses_by_the_residual(m).sides
    return {"point": [nearest(m.mdp.horizon.gamma), m.sweeps, left.mid, right.mid]}


def figure(ax, rows):
    """Loss of the greedy policy against the number of sweeps, and the bounds, at gamma = 9/10."""
    own = [row["data"]["point"] for row in rows if row["part"] == RESIDUAL_ATTAINED and not row.get("control")]
    own = np.array([point for point in own if abs(point[0] - 0.9) < 0.01])
    k = np.arange(0, 21)
    bound = 2 * 0.9 ** (k + 1) / 0.1
    ax.semilogy(k, bound / 0.1, ":", color="0.6", label=r"$2\gamma^{k+1} \|V_1 - V_0\| / (1-\gamma)^2$")
    ax.semilogy(k, bound, "k--", label=r"$2\gamma^{k+1} \|V_1 - V_0\| / (1-\gamma)$")
    ax.semilogy(own[:, 1], own[:, 2], "oC0", label="repeated mistake")
    ax.semilogy(k, bound / 2, "C1", label="norm in place of the span (fails)")
    ax.set(xlabel="sweeps $k$", ylabel="loss of the greedy policy")
    ax.set_ylim(1, 3000)
    ax.legend(fontsize=6, loc="upper right")


GREEDY = Assumption("the policy is greedy for V_k", is_greedy)
ERROR, RESIDUAL = "greedy policy, by the error", "greedy policy, by the residual"
RESIDUAL_ATTAINED = "repeated mistakes attain the second"
CLAIM = Claim(
    "value_iteration_error_bound_is_tight",
    check,
    FAMILY,
    formula=(
        r"\lVert V_k - V^* \rVert \le \frac{\gamma^k}{1-\gamma} \lVert V_1 - V_0 \rVert, \qquad "
        r"V^* - V^{\pi_k} \le \frac{2 \gamma^{k+1}}{1-\gamma} \lVert V_1 - V_0 \rVert"
    ),
    papers=("puterman1994", "williams1993", "singh1994"),
    tags=("value-iteration", "discounted"),
    controls=(
        Control("one more power of gamma", witness=lambda: steady_reward(k=3), tightens=one_more_power),
        Control("without 1/(1-gamma)", witness=lambda: steady_reward(k=3), tightens=without_the_horizon),
        Control("without 1/(1-gamma) in the loss", witness=repeated_mistake, tightens=error_alone, part=ERROR),
        Control(
            "the norm in place of the span",
            witness=lambda: repeated_mistake(by="residual"),
            tightens=norm_alone,
            part=RESIDUAL,
        ),
        Control("a policy that is not greedy", witness=idle, drops=GREEDY.name, part=ERROR),
        Control(
            "sweeps of one policy",
            witness=paid_second_action,
            sabotages=measure.value_iterates,
            by=iterate_first_actions,
        ),
    ),
    also=(
        Part(ERROR, SEVERAL, loses_by_the_error, assumes=(GREEDY,)),
        Part(RESIDUAL, SEVERAL, loses_by_the_residual, assumes=(GREEDY,)),
        Part("one state attains the error", list_steady, attains),
        Part("repeated mistakes attain the first", lambda: list_mistakes("error"), attains_by_the_error, (GREEDY,)),
        Part(
            RESIDUAL_ATTAINED,
            lambda: list_mistakes("residual"),
            attains_by_the_residual,
            (GREEDY,),
            data=draw_data,
        ),
    ),
    figure=figure,
)
