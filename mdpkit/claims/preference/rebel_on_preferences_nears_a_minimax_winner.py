"""With win rates against its own responses as rewards, REBEL's average policy approaches a minimax winner.

Statement  Let P(y, z) = 2 P(y beats z) - 1, r_t(y) = E_{z ~ pi_t} P(y, z), and pi_{t+1} ~ pi_t e^(eta f_t) with any f_t
           of range at most B. With base mu, e the mean over T rounds of
               e_t = E_{y ~ mu, z ~ pi_t} ((f_t - r_t)(y) - (f_t - r_t)(z))^2,
           C the maximum of 1/mu over the responses that mu shows, and m = min pi_1, the average policy satisfies
               max_y P(y, average) <= sqrt(C e) + log(1/m) / (eta T) + eta B^2 / 8.
           The left side is 0 for a minimax winner, and twice it is the duality gap. No transitivity is assumed. An
           unnoticed winner attains the first term in the limit, and small steps over many rounds the second; one large
           step reaches 9/10 of the sum of the second and the third. The last policy has no such guarantee: on a cycle
           it turns away from the winner.
Assumes    the base covers all responses.
Units      P, r and f in [-1, 1] or multiples; e in their squares.
Kind       for all; exists (the constants, enumerated)
Source     adapted from Gao, Chang, Zhan, Oertell, Swamy, Brantley, Joachims, Bagnell, Lee and Sun, 2024; Swamy, Dann,
           Kidambi, Wu and Agarwal, 2024.
Proof      proofs/preference/rebel_on_preferences_nears_a_minimax_winner.md
"""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...base.lifting import enclose, law
from ...instances.blocks import Box
from ...instances.family import Family
from ...instances.library.coverage import BETA, LAW, fill_support
from ...instances.library.preference.self_play import duel, one_large_step, turning_cycle, unnoticed_winner
from ...model import PreferenceProblem
from ...verify.claim import Assumption, Bound, Claim, Control, Part


def iterates(m):
    """pi_1, ..., pi_T, `[x,y]` each; in the problem pi_1 is the reference, mu the data, and 1/eta is beta."""
    found = [law(m.problem, "reference")]
    for step in m.steps[:-1]:
        joint = found[-1] * enclose(step)
        found.append(joint / joint.sum(axis=-1)[:, None])
    return found


def margins(m, table):
    """P(y, table) `[x,y]`."""
    return ((enclose(m.problem.win) * 2 - 1) * table[:, None, :]).sum(axis=-1)


def exploitability(m):
    """The largest margin against the average policy."""
    tables = iterates(m)
    return margins(m, sum(tables[1:], tables[0]) / len(tables)).max()


def errors(m):
    found = []
    for table, step in zip(iterates(m), m.steps, strict=True):
        excess = measure.logarithm(step) * m.problem.beta - margins(m, table)
        found.append(measure.relative_error(excess, m.problem.data, table, m.problem.rho))
    return found


def regression(m):
    """sqrt(C e), C over the responses that the base shows."""
    e = errors(m)
    shown = np.where(m.problem.data == 0, m.problem.data * 0 + 1, m.problem.data)
    C = (1 / enclose(shown)).max()
    return measure.square_root(C * sum(e[1:], e[0]) / len(e))


def mirror_descent(m):
    """log(1/m) / (eta T) + eta B^2 / 8."""
    width = measure.logarithm((m.steps.max(axis=-1) / m.steps.min(axis=-1)).max())
    start = measure.logarithm(1 / m.problem.reference.min()) / len(m.steps)
    return (start + width * width / 8) * m.problem.beta


def check(m):
    return Bound(exploitability(m), regression(m) + mirror_descent(m))


def nearly_attains(m):
    left, right = check(m).sides
    return Bound(right * m.share, left)


def many_small_steps():
    """Two responses, the first always winning, a start of 1/13, and 40 rounds that multiply its weight by 7/6."""
    m = duel("1/13", "1/2", "7/6", "6487159195/1000000000")  # beta is 1 / log(7/6) up to 10^-9
    return m.replace(steps=np.concatenate([m.steps] * 40), share=m.problem.like("97/100")[()])


# ---- controls
def of_the_last(m):
    """The last policy in place of the average."""
    _, right = check(m).sides
    return Bound(margins(m, iterates(m)[-1]).max(), right)


def half_the_coverage(m):
    return Bound(exploitability(m), regression(m) / 2 + mirror_descent(m))


def without_the_step(m):
    width = measure.logarithm((m.steps.max(axis=-1) / m.steps.min(axis=-1)).max())
    return Bound(exploitability(m), regression(m) + mirror_descent(m) - width * width * m.problem.beta / 8)


def own_base(relative_error, excess, first, second, weights):
    return relative_error(excess, second, second, weights)


def hide_winner():
    """The winner is not in the data."""
    m = unnoticed_winner(4)
    return m.replace(problem=replace(m.problem, data=objects([[0, 1]])))


def strict_game(x):
    """Win probabilities of a game whose margins are differences of the drawn numbers."""
    margin = x.margin - x.margin.swapaxes(-1, -2)
    return (margin / 2 + 1) / 2


FAMILY = Family(
    blocks=dict(
        start=LAW,
        data=LAW,
        margin=Box("X", "Y", "Y", lower=-1),
        beta=BETA,
        steps=Box("T", "X", "Y", lower="1/4", upper=4),
    ),
    sizes=dict(X=(1, 1), Y=(2, 3), T=(1, 2)),
    models=dict(
        problem=lambda x: PreferenceProblem(
            fill_support(x.start), win=strict_game(x), data=fill_support(x.data), beta=x.beta
        ),
        steps=lambda x: x.steps,
    ),
)


# ---- the cycle
CYCLE, SHOWN = 48, range(4, 49, 4)


def list_cycles():
    return [turning_cycle(CYCLE)]


def by_round(m):
    """Margins of the best response to the average, to the last policy, and the bound, for each number of rounds."""
    found = {"average": [], "last": [], "bound": []}
    for T in SHOWN:
        cut = m.replace(steps=m.steps[:T])
        average, right = check(cut).sides
        last, _ = of_the_last(cut).sides
        for name, side in (("average", average), ("last", last), ("bound", right)):
            found[name].append(float(side.mid))
    return found


def figure(ax, rows):
    """Exploitability of the average and of the last policy on a cycle."""
    data = next(row["data"] for row in rows if row["part"] == ON_CYCLE and row.get("data"))
    ax.plot(SHOWN, data["average"], "o-C0", label="average policy")
    ax.plot(SHOWN, data["last"], "x-C1", label="last policy (fails)")
    ax.plot(SHOWN, data["bound"], "k--", label="bound on the average")
    ax.set(xlabel="rounds $T$", ylabel="exploitability", ylim=(0, None))
    ax.legend(fontsize=6)


def base_covers(m):
    return (m.problem.data > 0).all()


COVERED = Assumption("the base covers all responses", base_covers)
ON_CYCLE = "a cycle"
CLAIM = Claim(
    "rebel_on_preferences_nears_a_minimax_winner",
    check,
    FAMILY,
    formula=(
        r"\max_y\, P(y, \bar\pi_T) \le \sqrt{C e} + \frac{\log (1/m)}{\eta T} + \frac{\eta B^2}{8}, \qquad "
        r"\bar\pi_T = \frac1T \sum_t \pi_t"
    ),
    papers=("gao2024", "swamy2024"),
    tags=("preferences", "coverage", "regret"),
    assumes=(COVERED,),
    controls=(
        Control("the last policy", lambda: turning_cycle(CYCLE), tightens=of_the_last),
        Control("half of the coverage term", lambda: unnoticed_winner(4), tightens=half_the_coverage),
        Control("without the price of the step", one_large_step, tightens=without_the_step),
        Control(
            "errors under the policy alone", lambda: unnoticed_winner(4), sabotages=measure.relative_error, by=own_base
        ),
        Control("a winner that is never shown", hide_winner, drops=COVERED.name),
    ),
    also=(
        Part("an unnoticed winner attains it", lambda: [unnoticed_winner(k) for k in (2, 4, 6, 8)], nearly_attains),
        Part("small steps over many rounds nearly attain it", lambda: [many_small_steps()], nearly_attains),
        Part("one large step nearly attains it", lambda: [one_large_step()], nearly_attains),
        Part(ON_CYCLE, list_cycles, check, data=by_round),
    ),
    figure=figure,
    sides=(r"$\max_y P(y, \bar\pi_T)$", r"$\sqrt{Ce} + \log(1/m)/(\eta T) + \eta B^2/8$"),
)
