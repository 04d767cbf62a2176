"""Learning online from pessimistic values may unlearn; with clipped ones the return stays at least the reference's.

Statement  Let Q_1 <= T Q_1, where T is the optimal Bellman backup, and let max_a Q_1 be at least the values of a
           reference policy. Learn online by Q_(k+1) = Q_k + eta_k (T Q_k - Q_k) with any rates eta_k in [0, 1] of the
           single entries, so in any order, and play greedily, ties broken in any way. Then at every time
               J(reference) <= rho max_a Q_1 <= rho max_a Q_k <= J(greedy for Q_k),
           so that the return falls by at most J(greedy for Q_1) - J(reference), which is attained by two arms, and
           by nothing if the offline policy is the reference.
           If Q_0 <= T Q_0 and a policy that is greedy for Q_0 satisfies Q^ref >= V^ref at its actions, then raising
           Q_0 to V^ref at its actions, as Cal-QL's clip does, gives such a Q_1. Without the clip only
               rho max_a Q_0 <= J(greedy for Q_k)
           holds, which two arms attain; on a road with an exit the return falls from the reference's to the exit's.
Assumes    the first values are at most their backup and at least the reference's values; updates are expected
           backups; the policy improves on the reference and Q_0 is at most its backup (clip).
Units      J is the undiscounted return; rewards in [0, 1] in the instances.
Kind       for all; exists
Source     adapted from Nakamoto et al., 2023.
Proof      proofs/offline/calibrated_values_keep_the_value_of_the_reference.md
"""

import numpy as np

from ... import measure
from ...base.arrays import bare, objects, rational
from ...base.interval import stack
from ...base.lifting import enclose
from ...instances.blocks import Box, Choice, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.offline import play_actions
from ...model import MDP, Finite, TabularPolicy
from ...model.expectation import expected_next
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


# ---- measures
def backup(m, Q):
    """T Q `[t,s,a]`."""
    H, r = m.mdp.horizon.H, enclose(m.mdp.r)
    return stack([r + expected_next(m.mdp, Q[t + 1].max(axis=-1), t) if t + 1 < H else r for t in range(H)])


def learn(m, Q):
    """The values after each update."""
    Q = enclose(Q)
    yield Q
    for eta, luck in zip(m.rates, m.luck, strict=True):
        Q = Q + (backup(m, Q) + luck - Q) * eta
        yield Q


def start(m, Q):
    """rho max_a Q."""
    return (enclose(m.mdp.rho) * Q[0].max(axis=-1)).sum()


def clip(m):
    """The values, raised to those of the reference at the offline policy's actions."""
    Q, V = enclose(m.first), measure.state_value(m.mdp, m.reference)[: m.mdp.horizon.H]
    raised = stack([Q, V.reshape(*V.shape, 1) + Q * 0]).max(axis=0)
    return Q + (raised - Q) * m.policy.table


# ---- both sides
def check(m):
    first, *_, last = learn(m, m.first)
    floor = measure.value(m.mdp, m.reference)
    return Bound(floor, start(m, first), start(m, last), measure.greedy_return(m.mdp, last))


def keep_the_reference(m):
    """The ends of the chain, in which the first values do not appear."""
    *_, last = learn(m, m.first)
    return Bound(measure.value(m.mdp, m.reference), measure.greedy_return(m.mdp, last))


def no_fall(m):
    first, *_, last = learn(m, m.first)
    return Bound(measure.greedy_return(m.mdp, first), measure.greedy_return(m.mdp, last))


def stays_below_its_backup(m):
    raised = clip(m)
    return Bound(raised, backup(m, raised))


def attains(m):
    first, *_, last = learn(m, m.first)
    floor = start(m, first)
    return Equal(
        {"return": (measure.greedy_return(m.mdp, last), floor), "reference": (measure.value(m.mdp, m.reference), floor)}
    )


def returns(m, first):
    return stack([measure.greedy_return(m.mdp, Q) for Q in learn(m, first)])


def lowest_returns(m):
    return Equal({"clipped": (returns(m, clip(m)).min(), m.prize), "not clipped": (returns(m, m.first).min(), m.exit)})


def clip_without_effect(m):
    pairs = lowest_returns(m).pairs
    return Equal({**pairs, "clipped": (pairs["clipped"][0], m.exit)})


# ---- draws
def draw_offline(x):
    """Q_0, `first`, and its greedy policy, which improves on the drawn reference at every step and state.

    The drawn action is kept where it improves, else the reference's best action is taken; the bonus of the
    others is raised until the action is greedy.
    """
    H, A, zero = x.sizes["H"], x.sizes["A"], x.r[:, 0] * 0
    V, V_ref, first, chosen, level = zero, zero, [], [], []
    for t in range(H - 1, -1, -1):
        Q_ref = x.r + x.P @ V_ref
        V_ref = (Q_ref * x.reference[t]).sum(axis=-1)
        drawn, best = (
            x.like((np.arange(A) == bare(a)[..., None]).astype(int)) for a in (x.pick[t], Q_ref.argmax(axis=-1))
        )
        improves = (Q_ref * drawn).sum(axis=-1) >= V_ref
        action = np.where(improves[..., None], drawn, best)
        Q = x.r + x.P @ V - x.bonus[t]
        V = (Q * action).sum(axis=-1)
        Q = np.minimum(Q, V[..., None])
        first, chosen, level = [Q, *first], [action, *chosen], [V_ref, *level]
    return np.stack(first), np.stack(chosen), np.stack(level)


def raise_at_the_actions(x):
    first, chosen, level = draw_offline(x)
    return np.where(chosen > 0, np.maximum(first, level[..., None]), first)


BLOCKS = dict(
    P=Simplex("S", "A", to="S"),
    r=Box("S", "A"),
    rho=Simplex(to="S"),
    reference=Simplex("H", "S", to="A"),
    bonus=Box("H", "S", "A", upper=2),
    pick=Choice("H", "S", of="A"),
)
SIZES = dict(H=(1, 2), S=(1, 2), A=(2, 2))
MODELS = dict(
    mdp=lambda x: MDP(x.P, x.r, x.rho, horizon=Finite(x.sizes["H"])),
    reference=lambda x: TabularPolicy(x.reference),
)
FAMILY = Family(
    blocks=dict(**BLOCKS, rates=Box("K", "H", "S", "A")),
    sizes=dict(**SIZES, K=(1, 2)),
    models=dict(**MODELS, first=raise_at_the_actions, rates=lambda x: x.rates, luck=lambda x: x.rates * 0),
)
OFFLINE = Family(
    blocks=BLOCKS,
    sizes=SIZES,
    models=dict(
        **MODELS,
        first=lambda x: draw_offline(x)[0],
        policy=lambda x: TabularPolicy(draw_offline(x)[1]),
    ),
)


# ---- exact instances and controls
def arms(paid, first, reference, luck=0, rate=1):
    """One step, two arms; the second is updated once."""
    mdp = MDP(objects([[[1], [1]]]), objects([paid]), horizon=Finite(1))
    return Instance(
        mdp=mdp,
        reference=play_actions([reference], 1),
        first=objects([[first]]),
        rates=objects([[[[0, rate]]]]),
        luck=objects([[[[0, luck]]]]),
    )


def detour(first, level):
    """State 0 pays 1 for the first action; the second leads, a step later, to state 1, which pays nothing.

    The values of the first step in state 0 are `first`, those of state 1 are `level`; the detour is updated once.
    """
    mdp = MDP(objects([[[0, 1]] * 2] * 2), objects([[1, 0], [0, 0]]), objects([1, 0]), horizon=Finite(2))
    rates = np.zeros((1, 2, 2, 2), dtype=int)
    rates[0, 0, 0, 1] = 1
    return Instance(
        mdp=mdp,
        reference=play_actions([0, 0], 2),
        first=objects([[first, [0, 0]], [[1, 0], [level, level]]]),
        rates=objects(rates),
        luck=objects(rates * 0),
        policy=play_actions([0, 0], 2),
    )


def offline_arms(paid, first, action, reference):
    """One step, two arms, and the offline policy's arm."""
    return arms(paid, first, reference).replace(policy=play_actions([action], 1))


def road(L, rounds=6, clipped=False):
    """L steps to a prize of 1/2, each with an exit that pays 1/10; at the start the exit seems worse by 1/10.

    An episode is greedy but for one step, which moves on every round, and updates what it meets with rate 1/2. The
    reference is the offline policy, which goes all the way. Rates are those of the values without the clip, or with it.
    """
    P, r = np.zeros((L + 1, 2, L + 1), dtype=int), objects([[0, "1/10"]] * L + [[0, 0]])
    P[np.arange(L), 0, np.arange(1, L + 1)], P[:L, 1, L], P[L, :, L] = 1, 1, 1
    r[L - 1, 0] = rational("1/2")
    bonus = objects([["1/2", rational(5 * L - 3) / 10]] * L + [[0, 0]])
    mdp = MDP(objects(P), r, objects(np.eye(1, L + 1, dtype=int)[0]), horizon=Finite(L))
    stays = play_actions([0] * L, L + 1)
    m = Instance(
        mdp=mdp,
        reference=stays,
        policy=stays,
        first=measure.pessimistic_action_value(mdp, bonus).lower,
        prize=objects("1/2"),
        exit=objects("1/10"),
    )
    return m.replace(**explore(m, rounds, clipped))


def explore(m, rounds, clipped):
    """The rates of the episodes, one after the other."""
    L = m.mdp.horizon.H
    Q, rates = clip(m) if clipped else enclose(m.first), []
    for k in range(rounds):
        eta = objects(np.zeros((L, L + 1, 2), dtype=int))
        for t in range(L):
            greedy = int(Q.lower[t, t, 1] > Q.lower[t, t, 0])
            action = 1 - greedy if t == k % L else greedy
            eta[t, t, action] = rational("1/2")
            if action == 1:
                break
        Q = Q + (backup(m, Q) - Q) * eta
        rates.append(eta)
    return dict(rates=np.stack(rates), luck=np.stack(rates) * 0)


def curve(m):
    return {"clipped": list(returns(m, clip(m)).mid), "not clipped": list(returns(m, m.first).mid)}


def figure(ax, rows):
    """Return of the greedy policy against the episodes, with and without the clip."""
    found = [row for row in rows if row["part"] == ROAD and not row.get("control")]
    for row, name, style in zip(found, ("not clipped", "clipped"), ("x-C1", "s-C0"), strict=True):
        ax.plot(row["data"][name], style, markersize=3, label=name if name == "clipped" else "not clipped (fails)")
    ax.axhline(1 / 2, color="k", linestyle="--", label="reference")
    ax.set(xlabel="episodes", ylabel="return of the greedy policy", ylim=(0, 0.55))
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.5, 1), fontsize=6)


# ---- assumptions and the claim


def reach_the_reference(m):
    V = measure.state_value(m.mdp, m.reference)[: m.mdp.horizon.H]
    return enclose(m.first).max(axis=-1) >= V


def improves(m):
    Q, V = measure.action_value(m.mdp, m.reference), measure.state_value(m.mdp, m.reference)[: m.mdp.horizon.H]
    return (Q * m.policy.table).sum(axis=-1) >= V


BELOW = Assumption(
    "the first values are at most their backup", lambda m: enclose(m.first) <= backup(m, enclose(m.first))
)
CALIBRATED = Assumption("the first values are at least the reference's", reach_the_reference)
EXPECTED = Assumption("updates are expected backups", lambda m: m.luck == 0)
IMPROVES = Assumption("the offline policy improves on the reference", improves)
KEEPS, CLIP, FALL, ROAD = "the return", "the clip", "the fall is attained", "a road with an exit"
CLAIM = Claim(
    "calibrated_values_keep_the_value_of_the_reference",
    check,
    FAMILY,
    formula=(
        r"J(\mu) \le \rho \max_a Q_1 \le \rho \max_a Q_k \le J(\mathrm{greedy}\; Q_k), \qquad Q_1 \le T Q_1, \; "
        r"\max_a Q_1 \ge V^\mu"
    ),
    papers=("nakamoto2023",),
    tags=("pessimism", "offline-to-online", "fine-tuning"),
    assumes=(BELOW, CALIBRATED, EXPECTED),
    controls=(
        Control("no clip", lambda: road(3, rounds=1), drops=CALIBRATED.name, part=KEEPS),
        Control("clip above the value of every policy", lambda: detour([1, -1], 2), drops=BELOW.name),
        Control("every action clipped", lambda: arms([1, 0], [1, 1], 0, rate=0), drops=BELOW.name),
        Control("a lucky sample", lambda: arms([1, 0], [1, -1], 0, luck=2), drops=EXPECTED.name),
        Control("no fall at all", lambda: arms([1, "1/4"], ["1/4", -1], 1), tightens=no_fall),
        Control(
            "a policy worse than the reference",
            lambda: offline_arms([1, 0], [-2, -1], 1, 0),
            drops=IMPROVES.name,
            part=CLIP,
        ),
        Control("first values above their backup", lambda: detour([2, 0], 0), drops=BELOW.name, part=CLIP),
        Control(
            "a clip without effect", lambda: road(2, rounds=1), tightens=clip_without_effect, at="clipped", part=ROAD
        ),
    ),
    also=(
        Part(KEEPS, FAMILY, keep_the_reference, assumes=(BELOW, CALIBRATED, EXPECTED)),
        Part(CLIP, OFFLINE, stays_below_its_backup, assumes=(BELOW, IMPROVES)),
        Part(
            FALL,
            lambda: [arms([1, x], [x, -1], 1) for x in (0, "1/4", "1/2", 1)],
            attains,
            assumes=(BELOW, CALIBRATED, EXPECTED),
        ),
        Part(
            ROAD,
            lambda: [road(3, clipped=each) for each in (False, True)],
            lowest_returns,
            data=curve,
            thorough=lambda: [road(6, rounds=12)],
        ),
    ),
    figure=figure,
)
