"""AdRIL's reward is the gradient of the squared moment distance, which competitive policies drive to 0 at 1/N.

Statement  Let |x|^2 = <x, K x> for a positive semidefinite kernel K, e_k = d^E - d^{pi_k}, b_k the mean of
           d^{pi_1}..d^{pi_k}, and f_k = K (d^E - b_{k-1}): expert samples count +, past samples of the learner -, those
           of pi_k not at all. For any policies
               |sum_k e_k|^2 = sum_k |e_k|^2 + 2 sum_{k >= 2} (k-1) [J_{f_k}(E) - J_{f_k}(pi_k)];
               |d^E - b_k|^2 = |d^E - b_{k-1}|^2 - (2/k) <f_k, d^{pi_k} - b_{k-1}> + |d^{pi_k} - b_{k-1}|^2 / k^2,
           so that f_k is the descent direction of the squared distance at b_{k-1}; and f_k is the leader: for every
           f = K c, sum_{j < k} (<f_k - f, e_j> - |c_k|^2/2 + |c|^2/2) = (k-1) |c_k - c|^2 / 2, c_k = d^E - b_{k-1}.
           If each pi_k, k >= 2, is at least as good as E for f_k, the mixture M of pi_1..pi_N has
               (J_f(E) - J_f(M))^2 <= |c|^2 |d^E - b_N|^2 <= |c|^2 max_k |e_k|^2 / N     for every f = K c.
           N policies that slip at different steps attain it.
Assumes    each policy is at least as good as the expert for its reward (bound).
Units      d^pi_t(s,a) are probabilities, the kernel acts at each step; |c| is the norm of the reward in the kernel's
           space.
Kind       identity; exists (enumerated)
Source     adapted from Swamy, Choudhury, Bagnell and Wu, 2021.
Proof      proofs/imitation/adril_descends_the_moment_distance.md
"""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.imitation.cliff import flips
from ...instances.library.imitation.features import noisy_ring
from ...instances.library.imitation.road import ditch, fog
from ...learn import AdRIL, fit, grant
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part
from ...verify.faults import delay_by_a_step


def project(m, d):
    """Inner products of d with the features, `[k,t]`; the kernel is the sum of the features' products."""
    return stack([(d * feature).sum(axis=(-2, -1)) for feature in m.features])


def smooth(m, d):
    """The reward K d, `[t,s,a]`."""
    weights = project(m, d)
    return sum(weights[k][:, None, None] * feature for k, feature in enumerate(m.features))


def square_norm(m, d):
    return (project(m, d) ** 2).sum()


def visits(m):
    """The expert's occupancy, and those of the policies."""
    return measure.occupancy(m.mdp, m.expert), [measure.occupancy(m.mdp, TabularPolicy(table)) for table in m.learners]


def value_gaps(m, k):
    """Value gaps of policy k, `[j,t]`, feature j paid at step t; the reward K c combines them by <feature, c_t>."""
    policy, at = TabularPolicy(m.learners[k]), m.mdp.like(np.eye(m.mdp.horizon.H, dtype=int))[..., None, None]
    tasks = [[replace(m.mdp, r=feature * step) for step in at] for feature in m.features]
    return stack([stack([measure.value_gap(task, m.expert, policy) for task in row]) for row in tasks])


def past(m, d_E, d, k):
    """d_E minus the mean of the occupancies of the rounds before k (counted from 0)."""
    return d_E - sum(d[:k]) / k


def with_the_current(m, d_E, d, k):
    return d_E - sum(d[: k + 1]) / (k + 1)


def last_round(m, d_E, d, k):
    return d_E - d[k - 1]


def check(m, memory=past):
    d_E, d = visits(m)
    N, e = len(d), [d_E - each for each in d]
    gains = [(project(m, memory(m, d_E, d, k)) * value_gaps(m, k)).sum() * k for k in range(1, N)]
    spread = sum(square_norm(m, each) for each in e)
    return Equal(
        {"distance": (square_norm(m, sum(e)), spread + sum(gains) * 2), **descends(m, d_E, d), **leads(m, d_E, e)}
    )


def descends(m, d_E, d):
    """The last round's step of length 1/k."""
    k = len(d)
    before, now = d_E - sum(d[:-1]) / (k - 1), d_E - sum(d) / k
    step = d[-1] - (d_E - before)
    first = (smooth(m, before) * step).sum() * 2 / k
    return {"descent": (square_norm(m, now), square_norm(m, before) - first + square_norm(m, step) / k**2)}


def leads(m, d_E, e):
    """The reward after all rounds against the reward K c: how much more of the sum of <f, e_j> - |c|^2/2 it has."""
    N, leader = len(e), sum(e) / len(e)
    won = ((smooth(m, leader) - smooth(m, m.other)) * sum(e)).sum()
    more = won - (square_norm(m, leader) - square_norm(m, m.other)) * N / 2
    return {"leader": (more, square_norm(m, leader - m.other) * N / 2)}


def include_current(m):
    return Equal({**check(m).pairs, "distance": check(m, with_the_current).pairs["distance"]})


def last_round_alone(m):
    return Equal({**check(m).pairs, "distance": check(m, last_round).pairs["distance"]})


FAMILY = Family(
    blocks=dict(
        P=Simplex("H", "S", "A", to="S"),
        rho=Simplex(to="S"),
        features=Box("K", "S", "A", lower=-1),
        other=Box("H", "S", "A", lower=-1),
        expert=Simplex("H", "S", to="A"),
        learners=Simplex("N", "H", "S", to="A"),
    ),
    sizes=dict(H=(1, 3), S=(1, 2), A=(2, 2), K=(1, 2), N=(2, 4)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.features[0] * 0, x.rho, horizon=Finite(x.sizes["H"])),
        features=lambda x: x.features,
        other=lambda x: x.other,
        expert=lambda x: TabularPolicy(x.expert),
        learners=lambda x: x.learners,
    ),
)


# ---- the bound
def gaps(m):
    """Squared gap under K c, |c|^2 times the squared distance, and |c|^2 times the largest |e_k|^2 / N."""
    d_E, d = visits(m)
    N, e = len(d), [d_E - each for each in d]
    norm, mean = square_norm(m, m.other), sum(e) / N
    gap = (smooth(m, m.other) * mean).sum()
    return gap**2, norm * square_norm(m, mean), norm * stack([square_norm(m, each) for each in e]).max() / N


def bound_gap(m):
    return Bound(*gaps(m))


def attains(m):
    gap, middle, most = gaps(m)
    return Equal({"gap": (gap, most), "distance": (middle, most)})


def competes(m):
    d_E, d = visits(m)
    return stack([(smooth(m, past(m, d_E, d, k)) * (d_E - d[k])).sum() for k in range(1, len(d))]) <= 0


def indicators(S, A):
    """The features whose kernel is the indicator of the same state and action."""
    return objects(np.eye(S * A, dtype=int).reshape(S * A, S, A))


def run(m, N, features=None, keep="all"):
    """AdRIL with exact laws, its policies and its trace; `other` is the direction of the distance that is left."""
    H, S, A = m.mdp.horizon.H, m.mdp.S, m.mdp.A
    own = indicators(S, A) if features is None else features
    flat = own.reshape(len(own), -1)
    kernel = None if features is None else (flat.T @ flat).reshape(S, A, S, A)
    access = grant(m.mdp, expert=m.expert, demonstrations="exact", episodes="exact")
    log = fit(AdRIL(kernel, rounds=N, keep=keep), access, rng=np.random.default_rng(0)).trace
    tables = objects(np.stack([np.broadcast_to(policy.table, (H, S, A)) for policy in log["policy"]]))
    d_E, d = visits(m.replace(learners=tables))
    left = (d_E - sum(d) / N).lower
    ring = dict(reported=objects([log["distance"][-1]]), other=left, learners=tables, features=own, N=N, kept=keep)
    return Instance(mdp=m.mdp, expert=m.expert, **ring)


LENGTHS = 2, 4, 8, 16, 32


def runs(keep="all"):
    return [run(noisy_ring(0), N, keep=keep) for N in LENGTHS]


def games():
    others = run(noisy_ring(1), 5, noisy_ring(1).features), run(fog(3, "1/3"), 4), run(ditch(3, 3), 3)
    return [*runs(), *others]


def match_report(m):
    d_E, d = visits(m)
    return Equal({"distance": (m.reported[0], square_norm(m, d_E - sum(d) / len(d)))})


def slips(N):
    """One state, N steps; policy k plays the wrong action at step k alone, where no reward of the past punishes it."""
    mdp = MDP(objects([[[1], [1]]]), objects([[0, 0]]), horizon=Finite(N))
    right = np.broadcast_to(np.array([1, 0]), (N, N, 1, 2)).copy()
    right[np.arange(N), np.arange(N), 0] = [0, 1]
    expert = TabularPolicy(objects([[1, 0]]))
    other = np.broadcast_to(np.array([1, -1]), (N, 1, 2))
    return Instance(mdp=mdp, expert=expert, learners=objects(right), features=indicators(1, 2), other=objects(other))


def idle(N):
    """The slips, with policies that make the same mistake in every round."""
    m = slips(N)
    first = np.arange(N)[:, None, None] == 0
    return m.replace(learners=objects(np.stack([m.learners[0]] * N)), other=m.other * first.astype(int))


def two_rounds():
    """The flips of two rounds, with the indicator kernel."""
    m = flips(2)
    return Instance(
        mdp=m.mdp,
        expert=m.expert,
        learners=objects(np.stack([m.learners[1], m.learners[0], m.learners[1]])),
        features=indicators(2, 2),
        other=objects(np.zeros((2, 2, 2), dtype=int)),
    )


def distances(m):
    """For the figure: the distance of a run against the last round alone."""
    other = run(noisy_ring(0), m.N, keep="last")
    d_E, d = visits(other)
    return {"last": [square_norm(other, d_E - sum(d) / m.N).mid]}


def figure(ax, rows):
    """The largest gap of the mixture over rewards of norm 1, its bound, and the gap if past rounds are forgotten."""
    found = [row for row in rows if row["part"] == BOUND and "data" in row and row["data"].get("last")]
    found = [row for row in found if row["parameters"].get("seed", "0") == "0"][: len(LENGTHS)]
    N = np.array([float(rational(row["parameters"]["N"]).p) for row in found])
    scale = np.array([np.sqrt(row["sides"][1]) for row in found])  # |c| is the distance itself
    most = np.array([np.sqrt(row["sides"][2]) / np.sqrt(gap) for row, gap in zip(found, scale, strict=True)])
    ax.plot(N, np.sqrt(scale), "oC0", label="AdRIL")
    ax.plot(N, most, "k--", label="bound $\\max_k |e_k| / \\sqrt{N}$")
    ax.plot(N, [np.sqrt(row["data"]["last"][0]) for row in found], "xC1", label="the last round alone (fails)")
    ax.set(xlabel="rounds $N$", ylabel="largest gap, $|c| \\leq 1$", xscale="log", yscale="log")
    ax.minorticks_off()
    ax.set_xticks(LENGTHS, [str(N) for N in LENGTHS])
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1), fontsize=6)


COMPETES = Assumption("each policy is at least as good as the expert for its reward", competes)
BOUND = "the learner's runs"
CLAIM = Claim(
    "adril_descends_the_moment_distance",
    check,
    FAMILY,
    formula=(
        r"\Big\lvert \sum_k e_k \Big\rvert_K^2 = \sum_k \lvert e_k \rvert_K^2 + 2 \sum_{k \ge 2} (k - 1) \big[ "
        r"J_{f_k}(E) - J_{f_k}(\pi_k) \big], \qquad e_k = d^E - d^{\pi_k}, \quad f_k = \frac{1}{k-1} \sum_{j < k} K e_j"
    ),
    papers=("swamy2021",),
    tags=("moments", "inverse-reinforcement-learning", "no-regret"),
    controls=(
        Control("the current iterate included", witness=two_rounds, tightens=include_current, at="distance"),
        Control("the last round alone", witness=two_rounds, tightens=last_round_alone, at="distance"),
        Control("visits counted one step late", witness=two_rounds, sabotages=measure.occupancy, by=delay_by_a_step),
        Control("the same mistake in every round", witness=lambda: idle(3), drops=COMPETES.name, part=BOUND),
    ),
    also=(
        Part(BOUND, games, bound_gap, assumes=(COMPETES,), data=distances),
        Part("reported distances", games, match_report),
        Part(
            "slips at different steps attain it", lambda: [slips(N) for N in (2, 3, 5, 8)], attains, assumes=(COMPETES,)
        ),
    ),
    figure=figure,
)
