"""The own losses of MALICE and BLADES bound the regret gap without a factor of the coverage, and vanish without regret.

Statement  Let BLADES play N rounds over the mixtures of mediators L_1..L_K, by gradient steps of size a on the weights
           from the uniform ones, with own losses l_n, losses l_n(L_k) of the members on the states of round n, and
           subgradients g_n with mean gm_n. For the returned mediator L, of the smallest own loss l,
               max_i R_i(L) - max_i R_i(E) <= 2 u H l <= 2 u H (1/N) sum_n l_n <= 2 u H (c + r),
               c = min_k (1/N) sum_n l_n(L_k),   r = (1 - 1/K) / (2 a N) + a / (2 N) sum_n |g_n - gm_n|^2.
           Matching pennies with a class of one attain it, and with a class of two that err alike all but the term
           1 / (4 a N). For MALICE the regret gap is at most 2 u H (l + q), with q the share of steps that a deviation
           can spend at undemonstrated states, and for MAIL-BRO at most 2 u H l, with l at most that of BLADES at the
           same mediator. On the fork, the regret gap over u H times the own loss is (1-b)/b for joint cloning,
           (1-b)/(2b) for joint IRL, 1-b for MALICE and BLADES, and 2(1-b)/(1+b) for MAIL-BRO.
Assumes    exact queries of the expert, known dynamics, finite horizon.
Units      losses are total variations averaged over the steps, that of joint IRL an L1 distance of occupancies; u is a
           range of action values over all swap deviations.
Kind       for all (enumerated runs on drawn games); exists (enumerated)
Source     adapted from Tang, Swamy, Fang and Wu, 2024; MAIL-BRO after Freihaut, Viano, Cevher, Geist and Ramponi, 2025.
Proof      proofs/games/own_losses_bound_the_regret_gap_without_coverage.md
"""

from fractions import Fraction

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...ink.figures import draw_graph, panels
from ...instances.library.games import fork, hidden_stakes, matching_pennies, rare_pennies
from ...instances.library.games_imitation import draw_games
from ...learn import (
    BLADES,
    MAILBRO,
    MALICE,
    GradientAscent,
    JointCloning,
    JointIRL,
    Mediators,
    best_response_oracle,
    fit,
    grant,
)
from ...model import Deviation
from ...verify.claim import Bound, Claim, Control, Equal, Part
from ...verify.faults import recoverability_without_deviations


def learn(m, learner):
    """The fit of a learner, always on the rational game that the instance keeps as `run`."""
    game, expert = m.run.game, m.run.expert
    access = grant(game, expert=expert, demonstrations="exact", episodes="exact", queries="exact")
    return fit(learner, access, rng=None)


def own_loss(m, learner):
    """The own loss of a method at the instance's learner, in the number kind of the instance."""
    return m.game.like(learn(m, learner).trace["loss"])[0]


def of_one(m):
    """The class of the instance's learner alone."""
    return Mediators(m.run.learner.table[None])


def price(m):
    """u H."""
    return measure.recoverability(m.game, m.expert) * m.game.horizon.H


def gap(m, policy):
    return measure.regret_gap(m.game, m.expert, policy)


def check(m, regret=True, factor=2):
    answer = learn(m, BLADES(Mediators(m.run.members), GradientAscent(1), m.rounds))
    trace, N, K = answer.trace, len(answer.trace["loss"]), len(m.members)
    best = np.stack(list(trace["class_losses"])).sum(axis=0).min() / N
    slopes = [g - g.sum() / K for g in trace["subgradient"]]
    steps = sum((g * g).sum() for g in slopes) / (2 * N) + rational(Fraction(K - 1, 2 * K * N))
    losses = m.game.like(objects([min(trace["loss"]), trace["loss"].sum() / N, best + steps * int(regret)]))
    policy = answer.policy if m.game.exact else answer.policy.to_float()
    return Bound(gap(m, policy), *(price(m) * loss * factor for loss in losses))


def once(m):
    return check(m, factor=1)


def without_steps(m):
    return check(m, regret=False)


def of_cloning(m):
    """With the own loss of joint cloning in place of that of BLADES."""
    loss = own_loss(m, JointCloning(Mediators(m.run.members), loss="variation"))
    return Bound(check(m).sides[0], price(m) * loss * 2)


def by_weights(m, uncovered=1):
    trace = learn(m, MALICE(of_one(m), rounds=1)).trace
    share = m.game.like(objects([trace["loss"][0] + trace["uncovered"][0] * uncovered]))[0]
    return Bound(gap(m, m.learner), price(m) * share * 2)


def drop_uncovered_steps(m):
    return by_weights(m, uncovered=0)


def by_best_responses(m):
    queried = (MAILBRO(best_response_oracle(m.run.game), of_one(m), rounds=1), BLADES(of_one(m), rounds=1))
    return Bound(gap(m, m.learner), *(price(m) * own_loss(m, each) * 2 for each in queried))


# ---- the fork
def own_losses(m):
    """The own loss of each method at the fork's learner."""
    return {
        "joint cloning": own_loss(m, JointCloning(of_one(m))),
        "joint IRL": own_loss(m, JointIRL(of_one(m))),
        "MALICE": own_loss(m, MALICE(of_one(m), rounds=1)),
        "BLADES": own_loss(m, BLADES(of_one(m), rounds=1)),
        "MAIL-BRO": own_loss(m, MAILBRO(best_response_oracle(m.run.game), of_one(m), rounds=1)),
    }


def on_the_fork(m):
    """Regret gap over u H times the own loss, by method."""
    b, lost, per = m.b, gap(m, m.learner), price(m)
    ratios = {
        "joint cloning": (1 - b) / b,
        "joint IRL": (1 - b) / (2 * b),
        "MALICE": 1 - b,
        "BLADES": 1 - b,
        "MAIL-BRO": 2 * (1 - b) / (1 + b),
    }
    return Equal({name: (lost / (per * loss), ratios[name]) for name, loss in own_losses(m).items()})


def without_coverage(m):
    """Value gap and regret gap of a mediator that joint cloning, joint IRL and MALICE cannot tell from the expert."""
    losses, H = own_losses(m), m.game.horizon.H
    values = abs(measure.value_gap(m.game, m.expert, m.learner)).max()
    unseen = {name: (losses[name], 0) for name in ("joint cloning", "joint IRL", "MALICE")}
    return Equal(
        {
            **unseen,
            "value gap": (values, 0),
            "regret gap": (gap(m, m.learner), H - 1),
            "H times BLADES' loss": (losses["BLADES"] * H, H - 1),
        }
    )


# ---- controls
def obey(best_deviation, game, joint, player, deviations="swap"):
    """A deviator that obeys."""
    A, H = game.actions[player], game.horizon.H
    return Deviation(player, np.broadcast_to(game.like(np.eye(A, dtype=int)), (H, game.S, A, A)))


# ---- instances
def keep(m, **more):
    """The instance with a rational copy of itself, on which the learners run."""
    whole = m.replace(**more)
    return whole.replace(run=whole)


def alone(m):
    """A class of the instance's learner alone, and one round."""
    return keep(m, members=m.learner.table[None], rounds=1)


def pair(m, rounds):
    """A class of the expert and the learner."""
    return keep(m, members=np.stack([m.expert.table, m.learner.table]), rounds=rounds)


def err_alike(H, rounds):
    """Matching pennies with two mediators that recommend matches: every mixture has the loss 1/2 and the gap H."""
    m = matching_pennies(H)
    members = np.stack([m.learner.table, objects([["3/4", 0, 0, "1/4"]])])
    return keep(m, members=members, rounds=rounds)


def list_runs():
    drawn = [keep(m, rounds=3) for m in draw_games(4, 4, members=2)]
    pennies = [alone(matching_pennies(H)) for H in (1, 3)]
    pennies.append(err_alike(2, 20))
    return [*drawn, *pennies, pair(matching_pennies(2), 4), pair(fork(3), 4), pair(rare_pennies(3, "1/10"), 4)]


def list_many_runs():
    return [keep(m, rounds=6) for k in (1, 2, 3) for m in draw_games(30, 10 + k, members=k)]


def list_games():
    games = [*draw_games(3, 5), matching_pennies(3), fork(3), rare_pennies(3, "1/10")]
    return list(map(keep, games))


def list_forks():
    return [keep(fork(10, b, "1/200")) for b in ("1/2", "1/4", "1/10", "1/30", "1/100")]


def list_forks_without_coverage():
    return [keep(fork(H)) for H in (2, 4, 7, 10)]


# ---- figure
STYLES = {"joint cloning": "oC0", "joint IRL": "sC0", "MALICE": "xC2", "BLADES": "+C2"}


def figure(ax, rows):
    """The counter-example; its regret gap and value gap against H; the regret gap per own loss against 1/b."""
    ratios, by_horizon, graph = panels(ax, 3)
    left, right = graph.get_subplotspec(), ratios.get_subplotspec()
    ratios.set_subplotspec(left)
    graph.set_subplotspec(right)
    ways = {(0, 1): "$a_1=0$: $1-b$", (0, 2): "$a_1=0$: $b$\n$a_1=1$: $1$"}
    draw_graph(graph, {0: (0, 1), 1: (2, 2), 2: (2, 0)}, ways, ["start", "common", "rare"])
    graph.text(1, -1, "there $a_2=1$ pays player 1,\nand the learner plays it", ha="center", va="center")
    at = [row for row in rows if row["part"] == UNCOVERED and not row.get("control")]
    H = np.array([row["sizes"]["H"] for row in at])
    by_horizon.plot(H, H - 1, "k--", label="$H - 1$")
    by_horizon.plot(H, [row["pairs"]["regret gap"][0] for row in at], "oC0", label="regret gap")
    by_horizon.plot(H, [row["pairs"]["value gap"][0] for row in at], ".C2", label="value gap")
    by_horizon.set(xlabel="horizon $H$  ($b = 0$)", ylabel="gap")
    by_horizon.legend(fontsize=6)
    at = [row for row in rows if row["part"] == FORK and not row.get("control")]
    scale = np.array([1 / Fraction(row["parameters"]["b"]) for row in at], dtype=float)
    for name, style in STYLES.items():
        ratios.plot(scale, [row["pairs"][name][0] for row in at], style, ms=5, mfc="none", label=name)
    ratios.plot(scale, 0 * scale + 2, "k--", label="bound $2$")
    (left, right), *_ = [row["sides"] for row in rows if row.get("label") == CLONED]
    ratios.plot([10], [2 * left / right], "*C1", ms=8, label="cloning's loss (fails)")
    ratios.set(xlabel="$1/b$", ylabel=r"regret gap / $(u H \varepsilon)$", xscale="log", yscale="log", ylim=(0.3, 3000))
    ratios.legend(fontsize=6, loc="upper left")


FORK, UNCOVERED, WEIGHTS, RESPONSES = "the fork", "the fork without coverage", "MALICE", "MAIL-BRO"
CLONED = "the loss of cloning"
CLAIM = Claim(
    "own_losses_bound_the_regret_gap_without_coverage",
    check,
    list_runs,
    formula=(
        r"\max_i R_i(L) - \max_i R_i(E) \le 2uH \min_n \ell_n \le \frac{2uH}{N} \sum_n \ell_n \le 2uH \Big( \min_k "
        r"\frac1N \sum_n \ell_n(L_k) + \frac{1 - 1/K}{2aN} + \frac{a}{2N} \sum_n |g_n - \bar g_n|^2 \Big)"
    ),
    papers=("tang2024", "freihaut2025"),
    tags=("regret", "no-regret", "interactive-learning", "coverage"),
    controls=(
        Control("a constant of 1", witness=lambda: alone(matching_pennies(2)), tightens=once),
        Control("without the regret of the steps", witness=lambda: pair(fork(3), 2), tightens=without_steps),
        Control(CLONED, witness=lambda: alone(fork(10, "1/10", "1/200")), tightens=of_cloning),
        Control("deviators that obey", witness=lambda: alone(fork(5)), sabotages=measure.best_deviation, by=obey),
        Control(
            "u without deviations",
            witness=lambda: alone(hidden_stakes(3)),
            sabotages=measure.recoverability,
            by=recoverability_without_deviations,
        ),
        Control("undemonstrated states", witness=lambda: keep(fork(5)), tightens=drop_uncovered_steps, part=WEIGHTS),
    ),
    also=(
        Part(WEIGHTS, list_games, by_weights),
        Part(RESPONSES, list_games, by_best_responses),
        Part(FORK, list_forks, on_the_fork),
        Part(UNCOVERED, list_forks_without_coverage, without_coverage),
    ),
    thorough=list_many_runs,
    figure=figure,
    sides=(r"$\max_i R_i(L) - \max_i R_i(E)$", r"$2uH\,(c + r)$"),
)
