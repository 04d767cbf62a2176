"""With a Condorcet winner of margin D, multiplicative weights in self-play have a bounded total exploitability.

Statement  Let one response y* beat every other with a margin M(y*, z) = 2 P(y* beats z) - 1 of at least D > 0. Let
           p_{t+1}(y) = p_t(y) (1 + eta M(y, p_t)), which is a distribution in self-play, with 0 < eta <= 1. Then for
           every T the mixture p of p_1..p_T has
               T max_y M(y, p) <= sum_t (1 - p_t(y*)) <= log(1 / p_1(y*)) / log(1 + eta D):
           exploitability falls as 1/T, and the constant cannot be lowered: the ratio tends to 1 with D = eta = 1 and
           p_1(y*) = 2^-k, k -> infinity.
Assumes    the first response, y*, beats all others by at least D; 0 < eta <= 1.
Units      margins in [-1, 1]; logarithms in nats.
Kind       for all; exists (attained in the limit, k = 1..8)
Source     adapted from Swamy, Dann, Kidambi, Wu and Agarwal, 2024.
Proof      proofs/preference/condorcet_winner_gives_self_play_a_fast_rate.md
"""

import numpy as np

from ... import measure
from ...base.arrays import floats, objects, rational
from ...base.interval import stack
from ...base.lifting import law
from ...instances.blocks import Box
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.preference.duels import duel, preference_cycle, skew
from ...verify.claim import Assumption, Bound, Claim, Control, Part


def play(m):
    """T rounds of multiplicative weights against themselves, from the reference: policies and gains `[t,y]`."""
    M, p, played, gains = measure.preference_margin(m.problem)[0], law(m.problem, "reference")[0], [], []
    for _ in range(m.T):
        gain = (M * p).sum(axis=-1)
        played.append(p)
        gains.append(gain)
        p = p * (gain * m.rate + 1)
    return stack(played), stack(gains)


def sides(m):
    """T times the exploitability of the mixture, and the total mass off the first response."""
    played, gains = play(m)
    return gains.sum(axis=0).max(), played[:, 1:].sum()


def check(m):
    exploited, missed = sides(m)
    speed = measure.logarithm(1 + m.rate * m.D)
    return Bound(speed * exploited, speed * missed, measure.logarithm(1 / m.problem.reference[0, 0]))


def from_uniform(m):
    """As if the first policy were uniform."""
    *others, _ = check(m).sides
    return Bound(*others, measure.logarithm(m.problem.like([m.problem.Y])[0]))


def nine_tenths(m):
    *others, most = check(m).sides
    return Bound(*others, most * 9 / 10)


def build(x):
    """The first response beats the others by at least D; these are compared at will."""
    D = x.D[()]
    first = x.upper[:1] * (1 - D) + D
    margin = skew(np.concatenate([first, x.upper[1:] * 2 - 1], axis=0))
    return duel(margin[None], (x.start / x.start.sum())[None])


FAMILY = Family(
    blocks=dict(upper=Box("Y", "Y"), D=Box(lower="1/16"), rate=Box(lower="1/16"), start=Box("Y", lower="1/256")),
    sizes=dict(Y=(2, 4), T=(1, 6)),
    models=dict(problem=build, D=lambda x: x.D[()], rate=lambda x: x.rate[()], T=lambda x: x.sizes["T"]),
)


# ---- exact instances and controls
def duel_of_two(k, T=None, rate=1):
    """Two responses, of which the better one has reference mass 2^-k and always wins."""
    small = rational(1) / 2**k
    problem = duel(objects([[[0, 1], [-1, 0]]]), objects([[small, 1 - small]]))
    return Instance(problem=problem, D=rational(1), rate=rational(rate), T=k + 2 if T is None else T, k=k)


def late():
    return [duel_of_two(k) for k in range(1, 9)]


def on_a_cycle():
    """No response beats both others: D = 1 is the margin of the first over the second alone."""
    start = "7/8", "1/16", "1/16"
    return Instance(problem=preference_cycle(1, 1, 1, start).problem, D=rational(1), rate=rational(1), T=8)


def beats_all(m):
    return (m.problem.win[0, 0, 1:] * 2 - 1 >= m.D).all() and m.D > 0


BEATS = Assumption("the first response beats all others by at least D", beats_all)
SLOW = Assumption("the rate is at most 1", lambda m: 0 < m.rate <= 1)


def halve(preference_margin, problem):
    """Half of the margins, as if win probabilities were regressed towards 1/2."""
    return preference_margin(problem) / 2


def numbers(m):
    """For the figure: exploitability and mass off the winner after every round, and the bound."""
    played, gains = play(m)
    most = measure.logarithm(1 / m.problem.reference[0, 0]).mid / measure.logarithm(1 + m.rate * m.D).mid
    total = np.cumsum(floats(gains.lower), axis=0).max(axis=-1)
    return {"exploited": list(total), "missed": list(np.cumsum(1 - floats(played.lower)[:, 0])), "bound": [most]}


def figure(ax, rows):
    """Total exploitability against the number of rounds, with a Condorcet winner and on a cycle."""
    for row in rows:
        if row["part"] == LATE and row.get("data") and row["parameters"]["k"] in (2, 4, 6, 8):
            total, first = row["data"]["exploited"], row["parameters"]["k"] == 2
            ax.plot(range(1, len(total) + 1), total, "C0", label="Condorcet winner" if first else None)
            ax.plot(len(total), row["data"]["bound"], "_k", ms=12, label="bound" if first else None)
    cycle = next(row for row in rows if row.get("control") and row["label"] == CYCLE)
    ax.plot(8, cycle["sides"][0] / np.log(2), "xC1", label="cycle (fails)")
    ax.plot(8, cycle["sides"][-1] / np.log(2), "_k", ms=12)
    ax.set(xlabel="rounds $T$", ylabel="$T$ times exploitability")
    ax.legend(fontsize=6, ncols=3, loc="lower center", bbox_to_anchor=(0.45, 1))


LATE, CYCLE = "two responses, the better one rare", "a cycle"
CLAIM = Claim(
    "condorcet_winner_gives_self_play_a_fast_rate",
    check,
    FAMILY,
    formula=(
        r"T \max_y M(y, \bar p_T) \le \sum_{t \le T} (1 - p_t(y^*)) \le \frac{\log (1 / p_1(y^*))}{\log(1 + \eta D)}, "
        r"\qquad D = \min_{z \ne y^*} M(y^*, z)"
    ),
    papers=("swamy2024",),
    tags=("preferences", "no-regret", "games"),
    assumes=(BEATS, SLOW),
    controls=(
        Control(CYCLE, witness=on_a_cycle, drops=BEATS.name),
        Control("as if the first policy were uniform", witness=lambda: duel_of_two(6), tightens=from_uniform),
        Control("nine tenths of the bound", witness=lambda: duel_of_two(6), tightens=nine_tenths),
        Control(
            "half of the margins",
            witness=lambda: duel_of_two(4, T=8),
            sabotages=measure.preference_margin,
            by=halve,
        ),
    ),
    also=(Part(LATE, late, check, assumes=(BEATS, SLOW), data=numbers),),
    figure=figure,
    sides=(r"$T \max_y M(y, \bar p)\, \log(1 + \eta D)$", r"$\log(1 / p_1(y^*))$"),
)
