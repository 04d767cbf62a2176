"""Reward moments cost eps H, off-policy value moments eps H^2, on-policy ones eps H times the recoverability.

Statement  For rewards in [0, 1],
               |J(E) - J(L)| <= min(H U_r, H^2 U_off, u H U_on),
           where U_r = (1/H) sum_t TV(d_t^E, d_t^L), U_off = (1/H) sum_t E_{s ~ d_t^E} TV(E, L)(s), U_on = (1/H) sum_t
           E_{s ~ d_t^L} TV(E, L)(s) are the largest payoffs per step of a moment f_t(s,a) in [0, 1], and u is the
           widest range over actions of Q^E. For a learner that slips with probability p and fails to climb back with
           probability q the three bounds are, for every H, p and q,
               on the cliff   gap = H U_r,   gap <= H(H+1)/2 U_off,   gap <= H^2 U_on;
               on the ladder  gap = H U_r,   gap <= H(H+1)/2 U_off,   gap <= 2 H U_on,
           and the largest gap at payoffs of at most eps is at least eps H (reward); (1 - eps H/2) eps H(H+1)/2 (off-Q,
           q = 1); eps H(H+1)/2 on the cliff and (2 - 1/(H(1-p))) eps H on the ladder (on-Q, q = 0): the exponents
           of H are (1, 2, 2) on the cliff and (1, 2, 1) on the ladder.
Assumes    rewards in [0, 1]; a fallen learner stays down (off-Q, lower bound); an action recovers in one step (on-Q,
           ladder).
Units      U are payoffs per step, in [0, 1]; eps bounds them; J is the undiscounted return.
Kind       for all; exists (H = 8..64 in powers of 2, by proof for every H with eps H <= 1)
Source     adapted from Swamy, Choudhury, Bagnell and Wu, 2021.
Proof      proofs/imitation/three_moments_scale_differently_with_the_horizon.md
"""

import numpy as np

from ... import measure
from ...base.arrays import rational
from ...base.interval import stack
from ...ink.figures import panels
from ...instances import families
from ...instances.blocks import Box
from ...instances.family import Family
from ...instances.library.imitation.cliff import first_fall
from ...instances.library.imitation.families import TWO_POLICIES
from ...instances.library.imitation.missteps import missteps
from ...instances.library.imitation.road import first_action
from ...model import MDP, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part
from ...verify.faults import exchange_states


def gap_and_payoffs(m):
    """The gap and H times the payoffs of reward, off-policy and on-policy moments in [0, 1]."""
    d_E, d_L = (measure.occupancy(m.mdp, policy) for policy in (m.expert, m.learner))
    reward = abs(d_E - d_L).sum() / 2
    off_policy = measure.cloning_error(m.mdp, m.expert, m.learner).sum()
    on_policy = measure.cloning_error(m.mdp, m.learner, m.expert).sum()
    return abs(measure.value_gap(m.mdp, m.expert, m.learner)), reward, off_policy, on_policy


def check(m, share=1):
    gap, reward, off_policy, on_policy = gap_and_payoffs(m)
    u = measure.recoverability(m.mdp, m.expert)
    return Bound(gap, stack([reward, off_policy * m.mdp.horizon.H * share, on_policy * u]).min())


def half_the_horizon(m):
    return check(m, share=m.mdp.like("1/2")[()])


# ---- the six cells: every p and q
def reward_cell(m):
    gap, reward, _, _ = gap_and_payoffs(m)
    return Equal({"gap": (gap, reward)})


def off_policy_cell(m):
    gap, _, off_policy, _ = gap_and_payoffs(m)
    return Bound(gap, off_policy * (m.mdp.horizon.H + 1) / 2)


def on_policy_cell(m):
    gap, _, _, on_policy = gap_and_payoffs(m)
    return Bound(gap, on_policy * m.mdp.horizon.H)


def on_policy_cell_with_recovery(m):
    gap, _, _, on_policy = gap_and_payoffs(m)
    return Bound(gap, on_policy * 2)


def habits(ladder):
    """Every probability p of a slip and q of not climbing."""

    def learner(x):
        return TabularPolicy(np.stack([np.stack([1 - x.p, x.p]), np.stack([1 - x.q, x.q])]))

    def mdp(x):
        exact = families.cliff(x.sizes["H"], recovers=ladder)
        return MDP(x.like(exact.P), x.like(exact.r), x.like(exact.rho), horizon=exact.horizon)

    return Family(
        blocks=dict(p=Box(), q=Box()),
        sizes=dict(H=(1, 6)),
        models=dict(mdp=mdp, expert=lambda x: TabularPolicy(x.like(first_action(2, 2).table)), learner=learner),
    )


# ---- the largest gaps at payoffs of at most eps
EPS, LENGTHS = "1/1000", (8, 16, 32, 64)


def largest_slip(H, q, ladder, payoff):
    """The largest multiple p of 2^-40 whose payoff, increasing in p, is at most eps per step."""
    low, high = 0, 2**40
    while high - low > 1:
        middle = (low + high) // 2
        fits = payoff(H, rational(middle) / 2**40, q, ladder) <= rational(EPS) * H
        low, high = (middle, high) if fits else (low, middle)
    return rational(low) / 2**40


def reward_payoff(H, p, q, ladder):
    return sum(1 - x * (1 - p) for x in on_top(H, p, q, ladder))


def on_policy_payoff(H, p, q, ladder):
    return sum(x * p + (1 - x) * q for x in on_top(H, p, q, ladder))


def on_top(H, p, q, ladder):
    """Probabilities of state 0, step by step."""
    x = [rational(1)]
    for _ in range(H - 1):
        x.append(x[-1] * (1 - p) + (1 - x[-1]) * (1 - q) * int(ladder))
    return x


def worst(H, ladder, moment):
    """The learner of the largest gap at payoffs of at most eps per step."""
    q = rational(0 if moment == "on-Q" else 1)
    payoff = {"reward": reward_payoff, "on-Q": on_policy_payoff}.get(moment)
    p = rational(EPS) if payoff is None else largest_slip(H, q, ladder, payoff)
    return missteps(H, p, q, ladder).replace(eps=rational(EPS))


def almost(m):
    """eps, but for the rounding of p."""
    return m.eps * (2**20 - 1) / 2**20


def reward_row(m):
    gap, reward, _, _ = gap_and_payoffs(m)
    H = m.mdp.horizon.H
    return Bound(almost(m) * H, gap, reward, m.eps * H)


def off_policy_row(m):
    gap, _, off_policy, _ = gap_and_payoffs(m)
    H = m.mdp.horizon.H
    eps = off_policy / H
    return Bound((1 - eps * H / 2) * eps * (H * (H + 1)) / 2, gap, eps * (H * (H + 1)) / 2)


def on_policy_row(m):
    gap, _, _, on_policy = gap_and_payoffs(m)
    H = m.mdp.horizon.H
    return Bound(almost(m) * (H * (H + 1)) / 2, gap, on_policy * H, m.eps * H**2)


def on_policy_row_with_recovery(m):
    gap, _, _, on_policy = gap_and_payoffs(m)
    H = m.mdp.horizon.H
    return Bound((2 - 1 / (H * (1 - m.p))) * almost(m) * H, gap, on_policy * 2, m.eps * H * 2)


def climbing(m):
    """For the figure: the gap of the same slips if the learner climbs."""
    other = missteps(m.mdp.horizon.H, m.p, 0, m.ladder)
    return {"climbs": [measure.value_gap(other.mdp, other.expert, other.learner).mid]}


# ---- assumptions
def pays_at_most_one(m):
    return (m.mdp.r >= 0).all() and (m.mdp.r <= 1).all()


def stays_down(m):
    return m.mdp.P[1, 0, 1] == 1 or m.learner.table[1, 1] == 1


UNIT = Assumption("rewards in [0, 1]", pays_at_most_one)
DOWN = Assumption("a fallen learner stays down", stays_down)
RECOVERS = Assumption("an action recovers in one step", lambda m: m.mdp.P[1, 0, 0] == 1)


def paid_twice():
    """The cliff with a reward of 2, and a learner that falls at once."""
    m = first_fall(3, 1)
    return m.replace(mdp=families.cliff(3, 2))


def figure(ax, rows):
    """The largest gap at payoffs of at most eps, per eps, against the horizon: the cliff and the ladder."""
    cliff, ladder = panels(ax, 2)
    for each, has, title in ((cliff, False, "cliff"), (ladder, True, "ladder")):
        for moment, style, colour in (("reward", "o-", "C0"), ("off-Q", "s-", "C2"), ("on-Q", "^-", "C4")):
            found = [
                row for row in rows if row["part"] == cell_name(moment, has) and not row.get("control") and row["sides"]
            ]
            H = np.array([row["sizes"]["H"] for row in found])
            gaps = np.array([row["sides"][1] for row in found])
            slope = np.polyfit(np.log(H), np.log(gaps), 1)[0]
            each.plot(H, 1000 * gaps, style, color=colour, mfc="none", label=f"{moment}, slope {slope:.2f}")
            if moment == "off-Q" and has:
                each.plot(
                    H,
                    [1000 * row["data"]["climbs"][0] for row in found],
                    "xC1",
                    zorder=5,
                    label="off-Q, climbs (fails)",
                )
        H = np.array(LENGTHS)
        each.plot(H, H * (H + 1) / 2, "k--", lw=0.8, label="$H(H+1)/2$")
        each.plot(H, H * (2 if has else 1), "k:", lw=0.8, label="$2H$" if has else "$H$")
        each.set(xlabel="horizon $H$", ylabel=f"largest gap $/\\,\\varepsilon$, {title}", xscale="log", yscale="log")
        each.set_xticks(LENGTHS, [str(H) for H in LENGTHS])
        each.minorticks_off()
        each.legend(fontsize=6)


def cell_name(moment, ladder):
    return f"largest gap, {moment}, {'ladder' if ladder else 'cliff'}"


def cell(moment, ladder, of_row, assumes=(), data=None):
    def instances():
        return [worst(H, ladder, moment) for H in LENGTHS]

    return Part(cell_name(moment, ladder), instances, of_row, assumes=assumes, data=data)


RECOVERY = "on-policy moments on the ladder"
CLAIM = Claim(
    "three_moments_scale_differently_with_the_horizon",
    check,
    TWO_POLICIES,
    formula=(
        r"\lvert J(E) - J(L) \rvert \le \min\Big( \sum_t \mathrm{TV}(d_t^E, d_t^L),\; H \sum_t \mathbb{E}_{s \sim d_t^E}\, "
        r"\mathrm{TV}(E, L)_t(s),\; u \sum_t \mathbb{E}_{s \sim d_t^L}\, \mathrm{TV}(E, L)_t(s) \Big)"
    ),
    papers=("swamy2021",),
    tags=("moments", "recoverability", "interactive-learning"),
    assumes=(UNIT,),
    controls=(
        Control(
            "half of the horizon for off-policy moments", witness=lambda: first_fall(3, 1), tightens=half_the_horizon
        ),
        Control("a reward of 2", witness=paid_twice, drops=UNIT.name),
        Control(
            "states exchanged",
            witness=lambda: missteps(4, "1/2", 0, ladder=False),
            sabotages=measure.occupancy,
            by=exchange_states,
        ),
        Control(
            "the cliff, whose recoverability is the horizon",
            witness=lambda: missteps(6, "1/1000", 0, ladder=False),
            drops=RECOVERS.name,
            part=RECOVERY,
        ),
        Control(
            "a learner that climbs back",
            witness=lambda: worst(16, True, "off-Q").replace(learner=missteps(16, EPS, 0).learner),
            drops=DOWN.name,
            part=cell_name("off-Q", True),
        ),
    ),
    also=(
        Part("reward moments on the cliff", habits(False), reward_cell),
        Part("off-policy moments on the cliff", habits(False), off_policy_cell),
        Part("on-policy moments on the cliff", habits(False), on_policy_cell),
        Part("reward moments on the ladder", habits(True), reward_cell),
        Part("off-policy moments on the ladder", habits(True), off_policy_cell),
        Part(RECOVERY, habits(True), on_policy_cell_with_recovery, assumes=(RECOVERS,)),
        cell("reward", False, reward_row),
        cell("off-Q", False, off_policy_row, assumes=(DOWN,)),
        cell("on-Q", False, on_policy_row),
        cell("reward", True, reward_row),
        cell("off-Q", True, off_policy_row, assumes=(DOWN,), data=climbing),
        cell("on-Q", True, on_policy_row_with_recovery),
    ),
    accepts=("mdp", MDP, ("P", "r", "rho")),
    figure=figure,
    sides=(r"$|J(E) - J(L)|$", r"$\min(H U_r, H^2 U_{\rm off}, u H U_{\rm on})$"),
)
