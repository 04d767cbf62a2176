"""The minimax winner of a three-cycle is unique and rational: each response in proportion to the others' margin.

Statement  Let 1 beat 2 by a margin a, 2 beat 3 by b, and 3 beat 1 by c, all positive. The only minimax winner is
               p = (b, c, a) / (a + b + c),
           and every response ties with it. More generally, let Y be odd and v_y = (-1)^y Pf(M without y), with Pf the
           Pfaffian of the margins M of the other responses. If all v_y are positive, or all negative, v / sum v is the
           only minimax winner, and every response ties with it: of rational preferences it is rational.
Assumes    the three margins of the cycle are positive; the Pfaffians have one sign.
Units      margins M(y, z) = 2 P(y beats z) - 1 in [-1, 1].
Kind       for all; exists (uniqueness, by exact linear programs; by proof for all)
Source     adapted from Kaplansky, 1945, and Swamy, Dann, Kidambi, Wu and Agarwal, 2024.
Proof      proofs/preference/minimax_winner_of_a_cycle_is_unique_and_rational.md
"""

from itertools import product

import numpy as np

from ... import measure
from ...base.arrays import exactly, floats, objects
from ...base.interval import stack
from ...base.lifting import law
from ...exact.lp import LinearProgram, optimise
from ...instances.blocks import Box
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.preference.duels import cycle_margin, duel, preference_cycle, skew
from ...model import TabularPolicy
from ...solve import MinimaxWinner, solve
from ...verify.claim import Assumption, Claim, Control, Equal, Part


def closed_form(m):
    """(b, c, a) / (a + b + c), from the margins a = M(1,2), b = M(2,3), c = M(3,1)."""
    M = m.problem.win[0] * 2 - 1
    a, b, c = M[0, 1], M[1, 2], M[2, 0]
    return np.stack([b, c, a])[None] / (a + b + c)


def check(m):
    against = measure.margin_against(m.problem, TabularPolicy(closed_form(m)))
    return Equal({"margins": (against, against * 0)})


def in_another_order(m):
    """(a, b, c) / (a + b + c): each response as often as it wins."""
    p = closed_form(m)[:, np.array([2, 0, 1])]
    against = measure.margin_against(m.problem, TabularPolicy(p))
    return Equal({"margins": (against, against * 0)})


CYCLES = Family(
    blocks=dict(margins=Box("Y", lower="1/16")),
    sizes=dict(Y=(3, 3)),
    models=dict(problem=lambda x: duel(cycle_margin(x.margins)[None])),
)


# ---- uniqueness, by exact linear programs
def winners_range(problem):
    """The least and the greatest probability of each response under any minimax winner."""
    M, Y = problem.win[0] * 2 - 1, problem.Y
    one, none = np.ones((1, Y), dtype=int), np.zeros(Y, dtype=int)
    ends = [
        [sign * optimise(LinearProgram(sign * unit, M, none, one, [1])).value for unit in objects(np.eye(Y, dtype=int))]
        for sign in (-1, 1)
    ]
    return tuple(map(objects, ends))


def only_one(m):
    """Judged in rationals, whatever the numbers of the instance."""
    win = exactly(floats(m.problem.win)) if not m.problem.exact else m.problem.win
    problem = duel(win - win.swapaxes(1, 2))
    least, most = winners_range(problem)
    found = solve(problem, MinimaxWinner())
    found.certificate.verify()
    p = closed_form(Instance(problem=problem))[0]
    return Equal({"least": (least, p), "greatest": (most, p), "found": (found.policy.table[0], p)})


def some_cycles():
    return [preference_cycle(*abc) for abc in product(("1/10", 1), repeat=3)] + [preference_cycle()]


def a_tie():
    """The first two responses tie: the second alone is unbeaten, and so is a mixture of both."""
    return Instance(problem=duel(cycle_margin(objects([0, "1/2", "1/2"]))[None]))


# ---- five responses
def pfaffians(m, signs=(1, -1, 1, -1, 1)):
    """v_y = (-1)^y Pf(M without y) of five responses."""
    M, found = measure.preference_margin(m.problem)[0], []
    for y, sign in enumerate(signs):
        i, j, k, l = (z for z in range(5) if z != y)
        found.append((M[i, j] * M[k, l] - M[i, k] * M[j, l] + M[i, l] * M[j, k]) * sign)
    return stack(found)


def of_five(m):
    v = pfaffians(m)
    return Equal({"winner": (v, law(m.winner, "table")[0] * v.sum())})


def without_signs(m):
    v = pfaffians(m, signs=(1, 1, 1, 1, 1))
    return Equal({"winner": (v, law(m.winner, "table")[0] * v.sum())})


def with_winner(x):
    """Margins with which every response ties with p: K - K p 1' + 1 (K p)', scaled into [-1, 1]."""
    p, K = x.p / x.p.sum(), skew(x.upper)
    off = (K * p).sum(axis=-1)
    return duel((K - off[:, None] + off[None, :])[None] / 3), TabularPolicy(p[None])


FIVE = Family(
    blocks=dict(p=Box("Y", lower="1/16"), upper=Box("Y", "Y", lower=-1)),
    sizes=dict(Y=(5, 5)),
    models=dict(problem=lambda x: with_winner(x)[0], winner=lambda x: with_winner(x)[1]),
)


def ring():
    """Five responses, each of which beats the next two: the winner is uniform."""
    steps = (np.arange(5) - np.arange(5)[:, None]) % 5
    margin = objects(np.isin(steps, (1, 2)).astype(int) - np.isin(steps, (3, 4)).astype(int))
    return Instance(problem=duel(margin[None]), winner=TabularPolicy(objects([["1/5"] * 5])))


def square(preference_margin, problem):
    """Margins replaced by their squares with sign."""
    M = preference_margin(problem)
    return M * abs(M)


def cyclic(m):
    M = m.problem.win[0] * 2 - 1
    return M[0, 1] > 0 and M[1, 2] > 0 and M[2, 0] > 0


def numbers(m):
    """For the figure: the closed form and the range of all winners, here and where two responses tie."""
    both = {}
    for name, each in (("cycle", m), ("tie", a_tie())):
        least, most = winners_range(each.problem)
        both |= {name: list(floats(closed_form(each)[0])), f"{name} least": list(floats(least))}
        both |= {f"{name} greatest": list(floats(most))}
    return both


def figure(ax, rows):
    """The least and the greatest probability of each response under any minimax winner, against the closed form."""
    found = [row["data"] for row in rows if row["part"] == ONLY and row.get("data")]
    for name, style, label in (("cycle", "oC0", "all minimax winners"), ("tie", "xC1", "a tie (fails)")):
        across = np.concatenate([each[name] * 2 for each in found])
        ends = np.concatenate([each[f"{name} least"] + each[f"{name} greatest"] for each in found])
        ax.plot(across, ends, style, label=label, mfc="none")
    ax.plot([0, 1], [0, 1], "k--", label="equal sides")
    ax.set(xlabel="closed form", ylabel="least and greatest probability")
    ax.legend(fontsize=6, loc="upper left")


CYCLIC = Assumption("the three margins of the cycle are positive", cyclic)
ONLY, FIVES, TIE = "there is no other", "five responses", "two responses tie"
CLAIM = Claim(
    "minimax_winner_of_a_cycle_is_unique_and_rational",
    check,
    CYCLES,
    formula=r"p = \frac{(b, c, a)}{a + b + c}, \qquad M(1,2) = a,\; M(2,3) = b,\; M(3,1) = c > 0",
    papers=("kaplansky1945", "swamy2024"),
    tags=("preferences", "games"),
    assumes=(CYCLIC,),
    controls=(
        Control("as often as it wins", witness=preference_cycle, tightens=in_another_order, at="margins"),
        Control("squared margins", witness=preference_cycle, sabotages=measure.preference_margin, by=square),
        Control(TIE, witness=a_tie, drops=CYCLIC.name, part=ONLY),
        Control("Pfaffians without signs", witness=ring, tightens=without_signs, at="winner", part=FIVES),
    ),
    also=(Part(ONLY, some_cycles, only_one, assumes=(CYCLIC,), data=numbers), Part(FIVES, FIVE, of_five)),
    figure=figure,
    sides=(r"margins against $(b, c, a) / (a + b + c)$", "0"),
)
