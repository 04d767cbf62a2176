"""Planning k steps ahead with a potential loses at most the range of its error per step, at most 2 eps (H - k) in all.

Statement  Let a policy play at every step t the first action of a best plan for the shaped reward of the next k steps,
           that is for r_t + ... + r_{t+k-1} + Phi_{t+k} - Phi_t, with Phi_H = 0. Then
               max_pi J(pi) - J(policy) <= sum_{t < H-k} osc(Phi_{t+k} - V*_{t+k}) <= 2 eps (H - k),
           where osc is the range over states and eps the largest |Phi_t(s) - V*_t(s)| at steps t = k..H-1. With
           Phi = V* one step is enough. Late exits attain both for all k < H, with ties against the policy.
Assumes    nothing: any finite MDP, finite horizon, any rewards.
Units      J, V* and Phi in units of return.
Kind       for all; exists
Source     adapted from Ng, Harada and Russell, 1999; Sapora, Swamy, Lu, Teh and Foerster, 2024.
Proof      proofs/imitation/lookahead_loses_the_error_of_the_potential.md
"""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.imitation.transfer import late_exits
from ...model import MDP, Finite, shaped_reward
from ...verify.claim import Bound, Claim, Control, Equal, Part


def sides(m):
    """The loss with the worst ties, the error of the potential at steps k..H-1, and the number of these steps."""
    best = measure.retrained_return(m.mdp, m.mdp.r, "worst")
    Q = measure.lookahead_action_value(m.mdp, m.potential, m.k)
    error = (measure.optimal_value(m.mdp) - m.potential)[m.k : -1]
    return best - measure.greedy_return(m.mdp, Q, "worst"), error, max(m.mdp.horizon.H - m.k, 0)


def check(m, per_step=2):
    loss, error, steps = sides(m)
    if steps == 0:
        return Bound(loss, loss * 0)
    ranges = (error.max(axis=-1) - error.min(axis=-1)).sum()
    return Bound(loss, ranges * per_step / 2, abs(error).max() * per_step * steps)


def one_eps(m):
    return check(m, per_step=1)


def last_step_free(m):
    loss, error, steps = sides(m)
    ranges = (error.max(axis=-1) - error.min(axis=-1))[:-1].sum()
    return Bound(loss, ranges, abs(error).max() * 2 * (steps - 1))


def optimal_values(x):
    """V*[t,s] for t = 0..H-1."""
    V, found = x.r[0, :, 0] * 0, []
    for t in range(x.sizes["H"] - 1, -1, -1):
        V = (x.r[t] + x.P[t] @ V).max(axis=-1)
        found.append(V)
    return np.stack(found[::-1])


FAMILY = Family(
    blocks=dict(
        P=Simplex("H", "S", "A", to="S"),
        r=Box("H", "S", "A"),
        rho=Simplex(to="S"),
        error=Box("H", "S", lower="-1/2", upper="1/2"),
    ),
    sizes=dict(H=(1, 4), S=(1, 3), A=(2, 3), K=(1, 3)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"])),
        potential=lambda x: np.concatenate([optimal_values(x) + x.error, x.error[:1] * 0]),
        k=lambda x: x.sizes["K"],
    ),
)


def attains(m):
    loss, ranges, bound = check(m).sides
    most = m.eps * 2 * (m.mdp.horizon.H - m.k)
    return Equal({"loss": (loss, most), "ranges": (ranges, most), "bound": (bound, most)})


def exits():
    return [late_exits(H, k, "1/8") for H in range(2, 9) for k in range(1, min(H, 5))]


# ---- controls
def choice(now, later, k):
    """Two steps: action 0 is paid `now` and ends, action 1 is paid `later` at the second step; the potential is V*."""
    P = objects([[[0, 0, 1], [0, 1, 0]], [[0, 0, 1]] * 2, [[0, 0, 1]] * 2])
    mdp = MDP(P, objects([[now, 0], [later, later], [0, 0]]), objects([1, 0, 0]), horizon=Finite(2))
    return Instance(mdp=mdp, potential=measure.optimal_value(mdp).lower, k=k)


def plan(lookahead, problem, reward, k):
    """A plan of k steps for a reward, without a potential."""
    nothing = problem.like(np.zeros((problem.horizon.H + 1, problem.S), dtype=int))
    return lookahead(replace(problem, r=getattr(reward, "lower", reward)), nothing, k)


def bonus(lookahead, problem, potential, k):
    """The potential of the next state as a bonus: r + Phi(s') in place of r + Phi(s') - Phi(s)."""
    return plan(lookahead, problem, shaped_reward(problem, potential) + potential[:-1, :, None], k)


def discount(lookahead, problem, potential, k):
    """r + Phi(s')/2 - Phi(s)."""
    missing = (shaped_reward(problem, potential) + potential[:-1, :, None] - problem.r) / 2
    return plan(lookahead, problem, shaped_reward(problem, potential) - missing, k)


def figure(ax, rows):
    """The loss on late exits against the horizon, by the number of steps planned ahead."""
    at = [row for row in rows if row["part"] == EXITS and not row.get("control")]
    for k, style in ((1, "oC0"), (2, "^C2"), (4, "sC4")):
        found = [(row["sizes"]["H"], row["pairs"]["loss"][0]) for row in at if int(row["parameters"]["k"]) == k]
        H, lost = np.array(found).T
        ax.plot(H, lost, style, label=f"$k = {k}$")
        ax.plot(H, (H - k) / 4, "k--", label="bound $2\\varepsilon(H-k)$" if k == 1 else None)
        if k == 1:
            ax.plot(H, (H - k) / 8, "xC1", label="$\\varepsilon(H-k)$ (fails)")
    ax.set(xlabel="horizon $H$", ylabel="loss ($\\varepsilon = 1/8$)")
    ax.legend()


EXITS = "late exits"
CLAIM = Claim(
    "lookahead_loses_the_error_of_the_potential",
    check,
    FAMILY,
    formula=(
        r"\max_\pi J(\pi) - J(\pi_k) \le \sum_{t < H-k} \operatorname{osc}(\Phi_{t+k} - V^*_{t+k}) \le 2\, "
        r"\varepsilon\, (H - k), \qquad \varepsilon = \max_{k \le t < H} \lVert \Phi_t - V^*_t \rVert_\infty"
    ),
    papers=("ng1999", "sapora2024"),
    tags=("reward-shaping", "planning"),
    controls=(
        Control("half the constant", witness=late_exits, tightens=one_eps),
        Control("a step fewer", witness=late_exits, tightens=last_step_free),
        Control(
            "a bonus without the potential of the state",
            witness=lambda: choice(1, "3/4", 2),
            sabotages=measure.lookahead_action_value,
            by=bonus,
        ),
        Control(
            "another discount in the potential",
            witness=lambda: choice("1/2", "3/4", 1),
            sabotages=measure.lookahead_action_value,
            by=discount,
        ),
    ),
    also=(Part(EXITS, exits, attains),),
    figure=figure,
    sides=(r"$\max J - J(\pi_k)$", r"$2 \varepsilon (H-k)$"),
)
