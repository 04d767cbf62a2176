"""Losses under deviations bound the regret gap whatever the coverage; re-weighted demonstrations need coverage for it.

Statement  Let e = 1/H max_phi E_{L o phi} sum_t TV(L, E), the loss that BLADES minimises by queries along deviations,
           and e_w = 1/H max_phi sum_t E_{d_t^E} [w_t TV(L, E)] with w_t = d_t^{L o phi} / d_t^E, the loss that MALICE
           minimises by re-weighting demonstrations; obedience counts as a deviation. If the expert visits every state
           that deviators reach and at which the mediators differ, then e_w = e and
               max_i R_i(L) - max_i R_i(E) <= 2 u H e_w,
           with no factor 1/b for a small coverage b. In general e_w <= e. On a fork that the expert visits with
           probability b, and where the learner slips with probability d, the gap is (1 - b) H e = (1 - b) (H - 1) d;
           for b > 0 e_w = e, and for b = 0 e_w = 0 while the gap is H - 1 times d.
Assumes    the expert visits every reachable state where the mediators differ.
Units      losses are total variations averaged over the steps, in [0, 1]; u is a range of action values over all
           deviations; R_i is swap regret.
Kind       for all; identity; exists
Source     adapted from Tang, Swamy, Fang and Wu, 2024.
Proof      proofs/games/losses_under_deviations_bound_the_regret_gap.md
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from ... import measure
from ...base.interval import stack
from ...instances.library.games import TWO_PLAYERS, fork, matching_pennies
from ...instances.library.games_imitation import draw_games, draw_partly_covered_games
from ...kernels import finite
from ...learn import deviate
from ...model import MarkovGame
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def losses(m):
    """H e_w and H e."""
    weighted = measure.importance_weighted_error(m.game, m.expert, m.learner)
    return weighted * m.game.horizon.H, measure.deviation_error(m.game, m.expert, m.learner) * m.game.horizon.H


def check(m, constant=2):
    gap, u = measure.regret_gap(m.game, m.expert, m.learner), measure.recoverability(m.game, m.expert)
    return Bound(gap, u * losses(m)[0] * constant)


def numbers(values):
    """The rational numbers themselves, or lower ends of floats."""
    return getattr(values, "lower", values)


def find_worst_deviation(m):
    """A deviation of one player that attains e, by the game whose reward is the total variation."""
    game, apart = m.game, numbers(measure.total_variation(m.expert, m.learner))
    paid = np.repeat(np.repeat(apart[..., None, :, None], game.players, axis=-3), game.J, axis=-1)
    priced = replace(game, r=paid)
    each = [measure.best_deviation(priced, m.learner, i) for i in range(game.players)]
    return max(each, key=lambda deviation: numbers(measure.deviated_value(priced, m.learner, deviation)))


def reweigh(m):
    """sum_t E_{d_t^E} [w_t TV] with the weights of the deviation that attains e, formed where d_t^E > 0; and H e."""
    deviated = deviate(m.game, m.learner, find_worst_deviation(m))
    visits, shown = (measure.occupancy(m.game, joint).sum(axis=-1) for joint in (deviated, m.expert))
    apart = measure.total_variation(m.expert, m.learner)
    total = visits[0, 0] * 0
    for t, s in zip(*np.nonzero(numbers(shown) > 0), strict=True):
        weight = visits[t, s] / shown[t, s]
        total = total + shown[t, s] * weight * (apart[t, s] if apart.ndim == 2 else apart[s])
    return total, losses(m)[1]


def coincide(m):
    return Equal({"loss": losses(m), "re-weighted demonstrations": reweigh(m)})


def order(m):
    weighted, queried = losses(m)
    return Bound(stack([weighted * 0, weighted]), stack([weighted, queried]))


def copy_expert_off_its_support(x):
    """The learner equals the expert off the expert's support; with a user's own game, other draws are rejected."""
    if not hasattr(x, "P"):
        return x
    visits = finite.occupancy(x.P, x.rho, x.expert, len(x.P)).sum(axis=2)
    return type(x)(**{**vars(x), "learner": np.where((visits > 0)[..., None], x.learner, x.expert)})


def draws(family, count=6):
    """Draws of a family, decoded from the bytes of a fixed generator."""
    rng, ladder = np.random.default_rng(0), family.ladder()
    sizes = [ladder[k % len(ladder)] for k in range(count)]
    return [family.build(family.from_bytes(rng.bytes(family.byte_count(each)), each)) for each in sizes]


# ---- forks
def on_the_fork(m):
    """Both losses and the gap; at b = 0 the re-weighted loss is 0."""
    weighted, queried = losses(m)
    mistakes = m.slip * (m.game.horizon.H - 1)
    gap = measure.regret_gap(m.game, m.expert, m.learner)
    seen = weighted * 0 + (mistakes if m.b > 0 else 0)
    return Equal({"queried": (queried, mistakes), "re-weighted": (weighted, seen), "gap": (gap, mistakes * (1 - m.b))})


def forks():
    shares = (0, "1/100", "1/10", "1/2")
    return [fork(10, b) for b in shares] + [fork(H, b, "1/10") for H in (2, 5) for b in shares]


def without_deviations(error, game, expert, learner):
    """The loss on the expert's states as demonstrated, all weights 1."""
    return measure.cloning_error(game, expert, learner).sum() / game.horizon.H


def figure(ax, rows):
    """Gap and losses per mistake of a deviating player on the fork, against 1/b."""
    at = [row for row in rows if row["part"] == FORK and row["sizes"]["H"] == 10 and row["parameters"]["slip"] == "1"]
    at = [row for row in at if row["parameters"]["b"] != "0" and not row.get("control")]
    scale = np.array([1 / float(Fraction(row["parameters"]["b"])) for row in at])
    gap, queried = (np.array([row["pairs"][name][0] for row in at]) for name in ("gap", "queried"))
    ax.plot(scale, gap / 9, "oC0", label="regret gap")
    ax.plot(scale, 2 * queried / 9, "k--", label="$2uH\\varepsilon_w = 2uH\\varepsilon$")
    ax.plot(scale, 2 * queried / 9 / scale, "-C1", label="weights 1: $2uH\\varepsilon_{BC}$ (fails)")
    ax.set(xlabel="$1/b$  ($H = 10$)", ylabel="per mistake of the deviator", xscale="log", yscale="log")
    ax.legend()


FORK = "forks"
COVERED = replace(TWO_PLAYERS, sizes={**TWO_PLAYERS.sizes, "S": (1, 2)}, repair=copy_expert_off_its_support)
SEEN = Assumption(
    "the expert visits every reachable state where the mediators differ",
    lambda m: measure.covers(m.game, m.expert, m.learner),
)
CLAIM = Claim(
    "losses_under_deviations_bound_the_regret_gap",
    check,
    COVERED,
    formula=(
        r"\max_i R_i(L) - \max_i R_i(E) \le 2\,u\,H\,e_w, \qquad e_w = e, \qquad e_w = \frac1H \max_{i, \varphi} "
        r"\sum_t \mathbb{E}_{s \sim d_t^E} \frac{d_t^{L \circ \varphi}(s)}{d_t^E(s)}\, \mathrm{TV}(L, E)(s)"
    ),
    papers=("tang2024",),
    tags=("regret", "coverage", "recoverability"),
    assumes=(SEEN,),
    controls=(
        Control("a rare state never visited", witness=lambda: fork(5), drops=SEEN.name),
        Control(
            "a constant of 1.99",
            witness=lambda: matching_pennies(2),
            tightens=lambda m: check(m, Fraction(199, 100)),
        ),
        Control(
            "demonstrations without weights",
            witness=lambda: fork(10, "1/10"),
            sabotages=measure.importance_weighted_error,
            by=without_deviations,
        ),
        Control("losses that coincide without coverage", lambda: fork(5), drops=SEEN.name, part="the losses coincide"),
    ),
    also=(
        Part(
            "the losses coincide",
            lambda: draws(COVERED),
            coincide,
            assumes=(SEEN,),
            thorough=lambda: draws(COVERED, 120),
        ),
        Part(
            "the re-weighted loss is the smaller",
            draw_partly_covered_games,
            order,
            thorough=lambda: draw_games(120, 6),
        ),
        Part(FORK, forks, on_the_fork),
    ),
    accepts=("game", MarkovGame, ("P", "r", "rho")),
    figure=figure,
    sides=(r"$\max_i R_i(L) - \max_i R_i(E)$", r"$2uHe_w$"),
)
