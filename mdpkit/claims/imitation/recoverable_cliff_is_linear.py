"""If every action recovers from a mistake in one step, the loss of behavioural cloning is linear in the horizon.

Statement  Let the expert keep to state 0, and let each action lead from every other state back to state 0, for the same
           reward. Then
               |J(E) - J(L)| <= sum_t min(2, H-t) e_t <= (2H-1) max_t e_t,
               e_t = TV(E, L)(0) = E_{s ~ d_t^E} TV(E, L)(s).
           A road on which a slip, with probability eps at every step, forfeits two rewards has gap >= (1-eps)(2H-1)
           eps. If only the right action recovers and the learner does not take it, the gap is again quadratic: at least
           (1 - eps H/2) eps H(H+1)/2.
Assumes    rewards in [0, 1]; the expert stays at state 0; every action recovers in one step, for the same reward.
Units      e_t is a per-step total variation in [0, 1]; J is the undiscounted return.
Kind       for all; exists
Source     adapted from Ross and Bagnell, 2010, and Swamy, Choudhury, Bagnell and Wu, 2021.
Proof      proofs/imitation/recoverable_cliff_is_linear.md
"""

import numpy as np

from ... import measure
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.library.imitation.road import road
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Formal, Part
from ...verify.faults import exchange_states


def sides(m):
    return (
        m.mdp.horizon.H,
        abs(measure.value_gap(m.mdp, m.expert, m.learner)),
        measure.cloning_error(m.mdp, m.expert, m.learner),
    )


def check(m):
    H, gap, e = sides(m)
    return Bound(gap, (e * np.minimum(2, np.arange(H, 0, -1))).sum(), e.max() * (2 * H - 1))


def one_reward(m):
    """As if a slip cost only its own reward."""
    H, gap, e = sides(m)
    return Bound(gap, e.max() * H)


def first(x, *shape):
    """The first outcome with probability 1, in every row."""
    return x.like(np.broadcast_to(np.eye(1, shape[-1], dtype=int)[0], shape)).copy()


def process(x):
    """At state 0, action 0 stays and the others may fall; elsewhere every action comes back, for the same reward."""
    H, S, A = (x.sizes[axis] for axis in "HSA")
    at_start = (np.arange(S) == 0)[:, None]
    falls = at_start & (np.arange(A) > 0)
    P = np.where(falls[..., None], x.falls[:, None], first(x, H, S, A, S))
    r = np.where(at_start, x.r[:, None], x.fallen[:, :, None])
    return MDP(P, r, first(x, S), horizon=Finite(H))


def keeps(x):
    """The drawn expert, made to play action 0 at state 0."""
    table = x.expert.copy()
    table[:, 0] = first(x, x.sizes["H"], x.sizes["A"])
    return TabularPolicy(table)


FAMILY = Family(
    blocks=dict(
        falls=Simplex("H", "A", to="S"),
        r=Box("H", "A"),
        fallen=Box("H", "S"),
        expert=Simplex("H", "S", to="A"),
        learner=Simplex("H", "S", to="A"),
    ),
    sizes=dict(H=(1, 5), S=(1, 3), A=(2, 3)),
    models=dict(mdp=process, expert=keeps, learner=lambda x: TabularPolicy(x.learner)),
)


LENGTHS = 8, 32, 128
EPS = "1/1000"


def nearly_attains(m):
    H, gap, e = sides(m)
    return Bound(e.max() * (2 * H - 1) * (1 - m.eps), gap)


def compounds(m):
    H, gap, e = sides(m)
    return Bound(e.max() * (H * (H + 1) // 2) * (1 - m.eps * H / 2), gap)


# ---- assumptions
def stays(m):
    steps = np.broadcast_to(m.mdp.P, (m.mdp.horizon.H, *m.mdp.P.shape[-3:]))
    table = np.broadcast_to(m.expert.table, (m.mdp.horizon.H, *m.expert.table.shape[-2:]))
    return m.mdp.rho[0] == 1 and ((table[:, 0] * steps[:, 0, :, 0]).sum(axis=-1) == 1).all()


def comes_back(m):
    away, paid = m.mdp.P[..., 1:, :, 0], m.mdp.r[..., 1:, :]
    return (away == 1).all() and (paid == paid[..., :1]).all()


UNIT = Assumption("rewards in [0, 1]", lambda m: (m.mdp.r >= 0).all() and (m.mdp.r <= 1).all())
STAYS = Assumption("the expert stays at state 0", stays)
RECOVERS = Assumption("every action recovers in one step, for the same reward", comes_back)
FORGIVING, UNFORGIVING = "the road nearly attains it", "recovery that needs the right action is quadratic"


def figure(ax, rows):
    """The gap per unit of error and step, gap / (eps H), against the horizon."""
    H = np.array([2.0**k for k in np.linspace(0, 7)])
    ax.plot(H, 2 - 1 / H, "k--", label="bound $2 - 1/H$")
    for part, style, words in (
        (FORGIVING, "oC0", "any action recovers"),
        (UNFORGIVING, "xC1", "the right one recovers (fails)"),
    ):
        found = [row for row in rows if row["part"] == part and not row.get("control")]
        found = [(row["sizes"]["H"], row["sides"][-1] * 1000 / row["sizes"]["H"]) for row in found]
        ax.plot(*zip(*found, strict=True), style, label=words)
    ax.set(xlabel="horizon $H$", ylabel="value gap $/ (\\varepsilon H)$", xscale="log", yscale="log")
    ax.legend()


CLAIM = Claim(
    "recoverable_cliff_is_linear",
    check,
    FAMILY,
    formula=(
        r"\lvert J(E) - J(L) \rvert \le \sum_t \min(2, H-t)\, e_t \le (2H-1) \max_t e_t, \qquad e_t = "
        r"\mathrm{TV}(E_t, L_t)(0)"
    ),
    papers=("ross2010", "swamy2021"),
    tags=("behavioural-cloning", "recoverability"),
    formal=(
        Formal(
            "Lean 4",
            "jin-yidan/verified-rl",
            "27ad2be",
            "dagger_bound",
            "weaker",
            "H eps from an assumed per-step advantage bound; recovery is not derived",
        ),
    ),
    assumes=(UNIT, STAYS, RECOVERS),
    controls=(
        Control("recovery that needs the right action", witness=lambda: road(8, EPS, False), drops=RECOVERS.name),
        Control("a mistake that costs one step", witness=lambda: road(8, EPS), tightens=one_reward),
        Control(
            "errors off the expert's occupancy",
            witness=lambda: road(8, EPS),
            sabotages=measure.occupancy,
            by=exchange_states,
        ),
    ),
    also=(
        Part(
            FORGIVING,
            lambda: [road(H, EPS) for H in (1, 2, *LENGTHS)],
            nearly_attains,
            assumes=(UNIT, STAYS, RECOVERS),
        ),
        Part(UNFORGIVING, lambda: [road(H, EPS, False) for H in LENGTHS], compounds, assumes=(UNIT, STAYS)),
    ),
    figure=figure,
)
