"""Exponential weights reach coarse correlated equilibria, and can keep swap regret; Blum and Mansour's players lose it.

Statement  Shapley's game, payoffs in [0, 1], 3 actions, T rounds. The first round is played with (1/2, 1/4, 1/4) and
           (1/4, 1/2, 1/4), later ones with exponential weights of the gains so far, at a rate eta near
           sqrt(8 log 3 / T). For T = 64, 256, 1024, 4096 the average law s of the joint actions satisfies
               R_coarse(s) <= log 3 / (eta T) + eta / 8,   R_swap(s) >= 3/50:
           coarse regret vanishes, swap regret does not. (From uniform strategies, an equilibrium, both stay near 0.)
           If each action has its own copy of exponential weights, fed with the gains in proportion to the action's
           probability, and the strategies are stationary, x = x M, then
               R_swap(s) <= 3 log 3 / (eta T) + eta / 8.
           Both upper bounds are proved from uniform strategies. Another first round adds at most 1 / T to them by
           proof, and nothing in these runs. The reduction is an identity: for all gains, matrices M_t and stationary
           x_t, the swap regret of the x_t is the sum of the copies' regrets.
Assumes    the strategies are stationary under the copies'.
Units      regrets per round, of payoffs in [0, 1]; 4 / 2^24 is added to the bounds for the rounding of weights.
Kind       exists (enumerated); identity
Source     adapted from Blum and Mansour, 2007, Freund and Schapire, 1997, and Shapley, 1964.
Proof      proofs/games/hedge_alone_reaches_coarse_equilibria_only.md
"""

from functools import cache
from itertools import combinations, permutations

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...base.lifting import enclose
from ...ink.figures import panels
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.games_learning import shapley_cycle
from ...learn import Hedge
from ...learn.dynamics import LearningDynamics, SwapRegret
from ...model import JointPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part
from ...verify.faults import ignore_recommendations

START = [[1 / 2, 1 / 4, 1 / 4], [1 / 4, 1 / 2, 1 / 4]]
RATES = {64: ("3/8", "5/8"), 256: ("3/16", "5/16"), 1024: ("3/32", "5/32"), 4096: ("3/64", "5/64")}
"""Rates of the weights and of the copies, near sqrt(8 log 3 / T) and sqrt(24 log 3 / T)."""


@cache
def play(rule, T):
    """The average law of joint actions, as a mediator, exactly."""
    game = shapley_cycle().game
    x, y = LearningDynamics(rule).play(game.to_float(), T, start=START).exact_strategies().swapaxes(0, 1)
    law = (x.T @ y / T).reshape(1, 9)
    return Instance(game=game, mediator=JointPolicy(law), rate=rational(rule.rate), T=T)


def regrets(m, deviations):
    return measure.regret(m.game, m.mediator, deviations).max()


def bound(m, copies=1):
    """Bound on the regret per round of a number of copies of the exponential weights."""
    size = measure.logarithm(m.rate * 0 + 3) * copies
    return size / m.rate / m.T + m.rate / 8 + m.game.like([4])[0] / 2**24


def check(m, level="3/50"):
    coarse, swap = (regrets(m, name) for name in ("coarse", "swap"))
    return Bound(stack([coarse, swap * 0 + m.game.like([level])[0]]), stack([bound(m), swap]))


def vanishes(m):
    """The swap regret as if it had the bound of the coarse regret."""
    return Bound(stack([regrets(m, "coarse"), regrets(m, "swap")]), stack([bound(m), bound(m)]))


def of_the_copies(m):
    return Bound(regrets(m, "swap"), bound(m, copies=3))


# ---- the reduction
CYCLES = [c for n in (1, 2, 3) for some in combinations(range(3), n) for c in permutations(some) if c[0] == min(c)]


def circulation(weights):
    """Flow `[t,a,b]` from a to b, a mixture of cycles: what enters an action leaves it."""
    unit = np.zeros((len(CYCLES), 3, 3), dtype=int)
    for flow, cycle in zip(unit, CYCLES, strict=True):
        for a, b in zip(cycle, cycle[1:] + cycle[:1], strict=True):
            flow[a, b] = 1
    shares = weights / np.array([len(cycle) for cycle in CYCLES])
    return sum(shares[:, c, None, None] * unit[c][None] for c in range(len(CYCLES)))


def reduction(m):
    """Copy a plays flow[t,a] / x_t(a), and gains x_t(a) g_t."""
    flow, g = enclose(m.flow), enclose(m.gains)
    x = flow.sum(axis=2)
    earned = (x[:, :, None] * g[:, None, :]).sum(axis=0)
    swap = sum(earned[a].max() - earned[a, a] for a in range(3))
    copies = [earned[a].max() - (flow[:, a] * g).sum() for a in range(3)]
    return Equal({"swap regret": (swap, sum(copies))})


FLOWS = Family(
    blocks=dict(weights=Simplex("T", to=len(CYCLES)), gains=Box("T", 3)),
    sizes=dict(T=(1, 4)),
    models=dict(flow=lambda x: circulation(x.weights), gains=lambda x: x.gains),
)


def one_way():
    """The copy of action 0 always plays 1, and the player nevertheless plays 0."""
    flow = np.zeros((1, 3, 3), dtype=int)
    flow[0, 0, 1] = 1
    return Instance(flow=objects(flow), gains=objects([[0, 1, 0]]))


def hedge_runs():
    return [play(Hedge(rates[0]), T) for T, rates in RATES.items()]


def copies_runs():
    return [play(SwapRegret(rates[1]), T) for T, rates in RATES.items()]


# ---- figure
def trajectory(m):
    game, found = m.game.to_float(), {}
    at = np.unique(np.geomspace(8, 4096, 40).astype(int))
    for name, rule in (("hedge", Hedge("3/64")), ("copies", SwapRegret("5/64"))):
        run = LearningDynamics(rule).play(game, 4096, start=START)
        for kind in ("external", "swap"):
            found[f"{name}, {kind}"] = list(getattr(run, kind)[at - 1].max(axis=1) / at)
    return found | {"T": [int(t) for t in at]}


def figure(ax, rows):
    """Regrets per round of both players against the rounds."""
    (lines,) = panels(ax, 1)
    data = next(row["data"] for row in rows if not row.get("control") and row.get("data"))
    T = np.array(data["T"])
    lines.plot(T, data["hedge, external"], "C0", label="exponential weights, coarse")
    lines.plot(T, data["hedge, swap"], "C1", label="exponential weights, swap (fails to vanish)")
    lines.plot(T, data["copies, swap"], "C2", label="Blum and Mansour, swap")
    lines.plot(T, 3 * np.log(3) / (5 / 64 * T) + 5 / 512, "k--", label="bound on Blum and Mansour")
    lines.set(xlabel="rounds $T$", ylabel="regret of the average law", xscale="log", yscale="log", ylim=(1e-4, 1))
    lines.legend(fontsize=6, loc="lower right")


def is_stationary(m):
    return not (m.flow.sum(axis=1) != m.flow.sum(axis=2)).any()


STATIONARY = Assumption("stationary strategies", is_stationary)
REDUCTION, COPIES = "swap regret is the sum of the copies' regrets", "Blum and Mansour's players"
CLAIM = Claim(
    "hedge_alone_reaches_coarse_equilibria_only",
    check,
    hedge_runs,
    formula=(
        r"R^{\text{coarse}}(s_T) \le \frac{\log 3}{\eta T} + \frac\eta8, \qquad R^{\text{swap}}(s_T) \ge \frac{3}{50}, \qquad "
        r"R^{\text{swap}}(s_T^{\text{copies}}) \le \frac{3 \log 3}{\eta T} + \frac\eta8"
    ),
    papers=("blum2007", "freund1997", "shapley1964"),
    tags=("games", "no-regret", "regret"),
    controls=(
        Control("swap regret vanishes", witness=lambda: play(Hedge("3/32"), 1024), tightens=vanishes),
        Control(
            "swap regret by marginals",
            witness=lambda: play(Hedge("3/32"), 1024),
            sabotages=measure.regret,
            by=ignore_recommendations,
        ),
        Control("a strategy that is not stationary", witness=one_way, drops=STATIONARY.name, part=REDUCTION),
    ),
    also=(
        Part(COPIES, copies_runs, of_the_copies),
        Part(REDUCTION, FLOWS, reduction, assumes=(STATIONARY,)),
    ),
    data=trajectory,
    figure=figure,
    sides=("regret", "bound"),
)
