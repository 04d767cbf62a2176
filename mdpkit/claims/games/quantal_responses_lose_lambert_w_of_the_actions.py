"""Two quantal responses lose together k (w_A + w_B) in a matrix game, up to k (log A + log B) a step in Markov games.

Statement  Let x and y be the quantal response equilibrium of a zero-sum game of A x B actions at temperature k:
           softmaxes at temperature k of the expected payoffs, later entropy-regularised values included. What the
           players could gain by best responses, added up (NashConv), is at most
               k (w_A + w_B) in a matrix game, where w e^(w+1) = A - 1, so that w_A = W((A-1)/e) < log A,
               H k (log A + log B) over H steps of a Markov game.
           In a matrix game each player's gain is at most k w of its own actions, and the constant is attained for all A
           and B, up to the rounding of x and y. In Markov games one player alone may gain more than H k log of its
           actions, and the sum approaches its bound for A = B = 2 and large H: H k (w_A + w_B) does not bound it.
Assumes    x and y are quantal responses.
Units      k in units of reward per nat; w_A is rounded up to 12 decimals.
Kind       for all; exists (approached)
Source     adapted from McKelvey and Palfrey, 1995; Sokota et al., 2023. The constants are this project's own.
Proof      proofs/games/quantal_responses_lose_lambert_w_of_the_actions.md
"""

import numpy as np

from ... import measure
from ...base.arrays import like, objects, rational
from ...base.lifting import alike
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...verify.claim import Assumption, Bound, Claim, Control, Part

LAMBERT = {2: 278464542762, 3: 463055513366, 4: 603545739536, 5: 717824512495}
"""w_A in units of 10^-12, rounded up; the part CONSTANTS certifies them."""
SCALE = 10**12


def lift(m):
    """Strategies x[t,s,a] and y[t,s,b], temperature k, rewards r[t,s,a,b] and law P[s,a,b,n]."""
    x, y, P, extra, k = alike(m.x, m.y, m.P, m.extra, m.k)
    return x, y, k, extra + measure.logarithm(x)[..., None] * k - measure.logarithm(y)[:, :, None, :] * k, P


def best_and_own_values(m):
    """Both best responses' values and that of x and y themselves, in the first state at the first step."""
    x, y, _, r, P = lift(m)
    high = low = own = r[0, :, 0, 0] * 0
    for t in range(len(m.x) - 1, -1, -1):
        high, low, own = (
            ((r[t] + (P * high).sum(axis=-1)) * y[t][:, None, :]).sum(axis=2).max(axis=1),
            ((r[t] + (P * low).sum(axis=-1)) * x[t][:, :, None]).sum(axis=1).min(axis=1),
            ((r[t] + (P * own).sum(axis=-1)) * x[t][:, :, None] * y[t][:, None, :]).sum(axis=(1, 2)),
        )
    return high[0], low[0], own[0]


def nash_conv(m):
    """Sum of both players' gains by best responses, in the first state at the first step."""
    high, low, _ = best_and_own_values(m)
    return high - low


def is_quantal(m):
    """Whether x and y are softmaxes at temperature k of the payoffs, with later regularised values, at every stage."""
    x, y, k, r, P = lift(m)
    soft, off = r[0, :, 0, 0] * 0, 0
    for t in range(len(m.x) - 1, -1, -1):
        Q = r[t] + (P * soft).sum(axis=-1)
        row = (Q * y[t][:, None, :]).sum(axis=2) - measure.logarithm(x[t]) * k
        column = (Q * x[t][:, :, None]).sum(axis=1) + measure.logarithm(y[t]) * k
        soft = row[:, 0] + (measure.logarithm(y[t]) * y[t]).sum(axis=1) * k
        off = off + (abs(row - row[:, :1]).sum() + abs(column - column[:, :1]).sum())
    return off == 0


# ---- the two constants
def lambert(m, count):
    """w for this number of actions."""
    return like([rational(LAMBERT[count]) / SCALE], m.k)[0]


def logarithm(m, count):
    return measure.logarithm(like([count], m.k))[0]


def loss_bound(m, per_player):
    """k (f(A) + f(B)) a step."""
    (k,) = alike(m.k)
    return (per_player(m, m.x.shape[-1]) + per_player(m, m.y.shape[-1])) * k * len(m.x)


def check(m):
    return Bound(nash_conv(m), loss_bound(m, lambert))


def smaller_by_one_percent(m):
    return Bound(nash_conv(m), loss_bound(m, lambert) * 99 / 100)


def check_steps(m):
    return Bound(nash_conv(m), loss_bound(m, logarithm))


def nearly_attains(m):
    """All but one millionth of the bound in a matrix game is lost."""
    return Bound(loss_bound(m, lambert) * 999999 / 1000000, nash_conv(m))


def approaches(m):
    return Bound(loss_bound(m, logarithm) * m.share, nash_conv(m))


def one_approaches(m):
    """The first player alone gains a share of H k (log A + log B)."""
    high, _, own = best_and_own_values(m)
    return Bound(loss_bound(m, logarithm) * m.share, high - own)


def one_gains_at_most(m):
    """H k log A as a bound on the first player's own gain."""
    high, _, own = best_and_own_values(m)
    return Bound(high - own, logarithm(m, m.x.shape[-1]) * m.k * len(m.x))


def certify(m):
    """log w + w + 1 >= log(A - 1) for w as listed, and the reverse for w less 10^-12."""
    above, below = (rational(LAMBERT[m.actions] - less) / SCALE for less in (0, 1))
    top, bottom = (measure.logarithm(objects([w]))[0] + w + 1 for w in (above, below))
    return Bound(bottom, measure.logarithm(objects([m.actions - 1]))[0], top)


# ---- games with prescribed equilibria
def normalise(weights):
    return weights / weights.sum(axis=-1)[..., None]


def balance(x):
    """Payoffs `[t,s,a,b]` with mean 0 in every column against the first law and in every row against the second."""
    first, second = normalise(x.first)[..., None], normalise(x.second)[:, :, None, :]
    rows, columns = (x.payoff * second).sum(axis=3)[..., None], (x.payoff * first).sum(axis=2)[:, :, None, :]
    return x.payoff - rows - columns + (rows * first).sum(axis=2)[:, :, None, :]


def family(H, S):
    return Family(
        blocks=dict(
            P=Simplex("S", "A", "B", to="S"),
            payoff=Box("H", "S", "A", "B"),
            first=Box("H", "S", "A", lower="1/20"),
            second=Box("H", "S", "B", lower="1/20"),
            k=Box(lower="1/4", upper=2),
        ),
        sizes=dict(H=H, S=S, A=(2, 3), B=(2, 3)),
        models=dict(
            x=lambda x: normalise(x.first),
            y=lambda x: normalise(x.second),
            k=lambda x: x.k,
            extra=balance,
            P=lambda x: x.P,
        ),
    )


def dominant(A, B, k=1):
    """One action of each player with the odds e^(1 + w) against each other one, rounded to 1/1000."""
    odds = {2: "3592/1000", 3: "4319/1000", 4: "4971/1000", 5: "5573/1000"}
    laws = (objects([[[rational(odds[count])] + [1] * (count - 1)]]) for count in (A, B))
    x, y = map(normalise, laws)
    zero = objects(np.zeros((1, 1, A, B), dtype=int))
    return Instance(x=x, y=y, k=objects(k), extra=zero, P=zero[0][..., None] + 1, actions=A)


def detour(H, rare, share=0, alone=False):
    """Each player avoids a state where it would gain, because the other earns entropy there.

    Action 0 of the first player leads from state 0 to state 1, where the second is indifferent; else action 0 of the
    second leads to state 2, where the first is indifferent; else the game stays in state 3. Players that are not
    indifferent play one action with probability 1 - rare. If `alone`, the first is indifferent in state 3, and the
    second nearly certain of its action: the first loses there what it would gain in state 1.
    """
    rare = rational(rare)
    seldom, mostly, even = [rare, 1 - rare], [1 - rare, rare], ["1/2", "1/2"]
    P = np.zeros((4, 2, 2, 4), dtype=int)
    P[0, 0, :, 1] = P[0, 1, 0, 2] = P[0, 1, 1, 3] = 1
    for s in (1, 2, 3):
        P[s, :, :, s] = 1
    x = objects([[seldom, mostly, even, even]] * H)
    y = objects([[seldom, even, mostly, seldom if alone else even]] * H)
    zero = objects(np.zeros((H, 4, 2, 2), dtype=int))
    return Instance(x=x, y=y, k=objects(1), extra=zero, P=objects(P), share=rational(share))


def with_other_payoffs(m):
    """The same strategies where the first action of the first player pays 1 more."""
    extra = m.extra.copy()
    extra[:, :, 0] += 1
    return m.replace(extra=extra)


def figure(ax, rows):
    """NashConv over k (log A + log B) of detours against H, the bound, and the constant of matrix games."""
    at = [row for row in rows if row["part"] == DETOUR and not row.get("control")]
    ax.axhline(1, color="k", linestyle="--", label="$\\log A + \\log B$ a step")
    ax.axhline(0.4017, color="C1", label="$W((A-1)/e)$ a step (fails)")
    H = [10, 20, 30]
    ax.plot(H, [row["sides"][-1] / (2 * np.log(2) * h) for row, h in zip(at, H, strict=True)], "oC0", label="detours")
    ax.plot([1], [0.4017], "sC0", mfc="none", label="one dominant action, $H = 1$")
    ax.set(xlabel="horizon $H$", ylabel="NashConv / $(kH \\log 4)$", xscale="log", ylim=(0, 1.8))
    ax.legend(fontsize=6)


STEPS, DETOUR, CONSTANTS = "Markov games", "approached by detours", "the constants"
ATTAINED, ALONE = "attained in matrix games", "approached by one player alone"
QUANTAL = Assumption("x and y are quantal responses", is_quantal)
CLAIM = Claim(
    "quantal_responses_lose_lambert_w_of_the_actions",
    check,
    family(H=(1, 1), S=(1, 1)),
    formula=(
        r"\mathrm{NashConv}(x, y) \le k\, (w_A + w_B), \quad w_A e^{w_A + 1} = A - 1; \qquad "
        r"\mathrm{NashConv} \le k H (\log A + \log B) \text{ over } H \text{ steps}"
    ),
    papers=("mckelvey1995", "sokota2023"),
    tags=("equilibria", "zero-sum", "entropy"),
    assumes=(QUANTAL,),
    controls=(
        Control("a constant smaller by 1 %", lambda: dominant(2, 3), tightens=smaller_by_one_percent),
        Control("other payoffs", lambda: with_other_payoffs(dominant(2, 2)), drops=QUANTAL.name),
        Control("the constant of matrix games at every step", lambda: detour(20, "1/50"), tightens=check, part=STEPS),
        Control(
            "log A a step for one player",
            lambda: detour(20, "1/50", alone=True),
            tightens=one_gains_at_most,
            part=ALONE,
        ),
    ),
    also=(
        Part(STEPS, family(H=(1, 2), S=(1, 2)), check_steps, assumes=(QUANTAL,)),
        Part(
            DETOUR,
            lambda: [detour(10, "1/20", "3/8"), detour(20, "1/50", "5/8"), detour(30, "1/60", "11/15")],
            approaches,
            assumes=(QUANTAL,),
            thorough=lambda: [detour(50, "1/100", "4/5"), detour(200, "1/400", "15/16")],
        ),
        Part(
            ATTAINED,
            lambda: [dominant(A, B) for A, B in ((2, 2), (2, 3), (2, 5), (4, 3))],
            nearly_attains,
            assumes=(QUANTAL,),
        ),
        Part(
            ALONE,
            lambda: [detour(20, "1/50", "7/10", alone=True), detour(30, "1/60", "3/4", alone=True)],
            one_approaches,
            assumes=(QUANTAL,),
            thorough=lambda: [detour(200, "1/400", "15/16", alone=True)],
        ),
        Part(CONSTANTS, lambda: [Instance(actions=count) for count in LAMBERT], certify),
    ),
    figure=figure,
)
