"""The averages of both players of a moment game are as close to a saddle point as their mean regrets.

Statement  Let L(h,f) = 2 E[f psi] - kappa E f^2, psi = b - A h, for h and f in boxes. Whatever both play in T rounds,
               max_f' L(mean h, f') - min_h' L(h', mean f)  <=  (Reg_h + Reg_f) / T,
           with equality for kappa = 0. If both move by projected gradient steps of size eta, this is at most
               (|h* - h_0|^2 + |f* - f_0|^2) / (2 eta T) + eta / (2 T) sum_t (|g_t|^2 + |k_t|^2),
           g_t and k_t the gradients, h* and f* the best fixed points; attained for kappa = 0 if h does not enter the
           moments and f arrives at the end of its box exactly with the last step.
           For kappa = 0, one moment psi = -h and mu = 2 eta, the last iterates of plain steps move away while no box is
           met,
               h_t^2 + f_t^2 = (1 + mu^2)^t (h_0^2 + f_0^2);
           those of optimistic steps by Popov's rule, from h_0 = 1, f_0 = 0 and without meeting a box, converge: with
           q^2 = 1 - 4 mu^2 > 0 and m = (t + 1) / 2,
               (((1+q)/2)^m - ((1-q)/2)^m)^2  <=  q^2 (h_t^2 + f_t^2)  <=  (((1+q)/2)^m + ((1-q)/2)^m)^2.
Assumes    kappa >= 0; nothing of A and b; no box is met (plain last iterates); the step is that of q (optimistic ones).
Units      payoffs in squared units of psi; norms are Euclidean.
Kind       for all; identity; exists
Source     adapted from Swamy, Choudhury, Bagnell and Wu, 2022; Zinkevich, 2003; Popov, 1980.
Proof      proofs/moments/averaged_moment_play_converges_by_regret.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.lifting import enclose
from ...exact.linear import product
from ...instances.blocks import Box, Choice, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...model import MomentProblem
from ...solve import moment_play
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def gap(m, h, f):
    return measure.saddle_gap(m.problem, h, f, (m.wide, m.high), m.curvature)


def price_of_steps(m):
    """The bound of gradient steps on the mean regret, with the best fixed points as comparators."""
    A, weights, h, f = (enclose(x) for x in (m.problem.A, m.problem.weights, m.h, m.f))
    psi, T = enclose(m.problem.b) - product(h, A.T), len(m.h)
    g, k = product(f * weights, A) * 2, (psi - f * m.curvature) * weights * 2
    total, seen = m.f @ (m.problem.weights[:, None] * m.problem.A), (m.problem.b - m.h @ m.problem.A.T).sum(axis=0)
    best_h = np.where(total.sum(axis=0) == 0, m.h[0], np.where(total.sum(axis=0) > 0, m.wide, -m.wide))
    ends = np.where(seen == 0, m.f[0], np.where(seen > 0, m.high, -m.high))
    best_f = ends if m.curvature == 0 else np.clip(seen / (m.curvature * T), -m.high, m.high)
    moved = ((enclose(best_h) - h[0]) ** 2).sum() + ((enclose(best_f) - f[0]) ** 2).sum()
    return (moved / m.step + ((g * g).sum() + (k * k).sum()) * m.step) / (2 * T)


def by_regret(m, h, f):
    """The gap of h and f against the mean regret of the rounds."""
    return Bound(
        gap(m, h, f), measure.moment_regrets(m.problem, m.h, m.f, (m.wide, m.high), m.curvature).sum() / len(m.h)
    )


def check(m):
    T = len(m.h)
    return by_regret(m, enclose(m.h).sum(axis=0) / T, enclose(m.f).sum(axis=0) / T)


def of_the_last(m):
    """As if the last iterates were as good as the averages."""
    return by_regret(m, m.h[-1], m.f[-1])


def of_gradient_steps(m):
    return Bound(*check(m).sides, price_of_steps(m))


def half_the_price(m):
    left, middle, right = of_gradient_steps(m).sides
    return Bound(left, middle, right / 2)


def agrees(m):
    """kappa = 0: gap and mean regret are equal."""
    return Equal({"the bare Lagrangian": check(m).sides})


def attains(m):
    return Equal({"the price of steps": of_gradient_steps(m).sides[::2]})


FAMILY = Family(
    blocks=dict(
        A=Box("Z", "K", lower=-1),
        b=Box("Z", lower=-1),
        weights=Simplex(to="Z"),
        h=Box("T", "K", lower="-1/2", upper="1/2"),
        f=Box("T", "Z", lower="-1/2", upper="1/2"),
        wide=Box(lower="1/2", upper=2),
        high=Box(lower="1/2", upper=2),
        curvature=Choice(of=("0", "1/2", "1")),
    ),
    sizes=dict(Z=(1, 2), K=(1, 2), T=(1, 3)),
    models=dict(
        problem=lambda x: MomentProblem(x.A, x.b, x.weights),
        h=lambda x: x.h,
        f=lambda x: x.f,
        wide=lambda x: x.wide[()],
        high=lambda x: x.high[()],
        curvature=lambda x: x.like(x.curvature)[()],
    ),
)


# ---- the game of one moment psi = b - a h
def one_moment(rounds, step, a=1, b=0, start=(1, 0), box=(1000, 1000), curvature=0):
    """The rounds of plain steps (h, f), and of optimistic ones (news_h, news_f)."""
    problem = MomentProblem(objects([[a]]), objects([b]), objects([1]))
    start = tuple(objects([x]) for x in start)
    settings = dict(step=step, box=box, curvature=curvature, start=start)
    plain, news = (moment_play(problem, rounds, optimistic=each, **settings) for each in (False, True))
    numbers = dict(zip(("wide", "high", "step", "curvature"), objects([*box, step, curvature]), strict=True))
    return Instance(problem=problem, h=plain.h, f=plain.f, news_h=news.h, news_f=news.f, **numbers)


def list_bare():
    return [one_moment(rounds, "1/4", a, b, (x, 0), (2, 3)) for rounds in (1, 4) for a, b, x in ((1, 0, 1), (2, 1, -1))]


def list_bends():
    return [one_moment(T, "1/4", 1, "1/2", (x, 0), (2, 3), "1/2") for T in (1, 4) for x in (1, -2)]


def list_climbs():
    """psi = 1 whatever h: f climbs by 2 eta every round, to the end of its box after T rounds."""
    return [one_moment(T, f"1/{q}", 0, 1, (0, 0), (1, rational(f"{2 * T}/{q}"))) for T in (1, 3, 8) for q in (2, 5)]


def distance(h, f):
    return (enclose(h[-1]) ** 2).sum() + (enclose(f[-1]) ** 2).sum()


def list_spirals():
    return [spiral_of(rounds, step) for rounds in (2, 5, 17) for step in ("1/8", "1/4", "1/2")]


def spiral_of(rounds, step, box=(1000, 1000)):
    return one_moment(rounds, step, box=box).replace(growth=(4 * rational(step) ** 2 + 1) ** (rounds - 1))


def spiral(m):
    growth = distance(m.h[:2], m.f[:2])
    return Equal({"squared distance": (distance(m.h, m.f), m.growth), "each round": (growth, m.step**2 * 4 + 1)})


def optimistic(rounds, q, faster=1):
    """q^2 = 1 - 4 mu^2 for mu = 2 step: Pythagorean q have a rational mu. The number of rounds, t + 1, is even."""
    q, mu = (rational(x) for x in q)
    low, high = (((1 + sign * q) / 2) ** (rounds // 2) for sign in (-1, 1))
    return one_moment(rounds, mu / 2 * faster).replace(q=q, least=(high - low) ** 2, most=(high + low) ** 2)


PYTHAGOREAN = (("3/5", "2/5"), ("4/5", "3/10"), ("12/13", "5/26"))


def list_optimistic():
    return [optimistic(rounds, q) for rounds in (2, 10, 40) for q in PYTHAGOREAN]


def converges(m):
    return Bound(m.least, distance(m.news_h, m.news_f) * m.q**2, m.most)


def plain_steps(m):
    return Bound(m.least, distance(m.h, m.f) * m.q**2, m.most)


def numbers(m):
    """PRMSE^2 of averages, last plain and last optimistic iterates on boxes of size 2, for the figure."""
    settings = dict(step=float(m.step), box=(2, 2), curvature=0, start=([1], [0]))
    plain, news = (moment_play(m.problem.to_float(), 400, optimistic=each, **settings) for each in (False, True))
    columns = {"average": plain.errors(average=True), "last": plain.errors(), "optimistic": news.errors()}
    return {name: [float(error) for error in column] for name, column in columns.items()}


def forget_h(moment_regrets, problem, h, f, box, curvature=1):
    regrets = moment_regrets(problem, h, f, box, curvature)
    return regrets * [0, 1]


def stays_inside(m):
    return (abs(m.h) < m.wide).all() and (abs(m.f) < m.high).all()


INSIDE = Assumption("no box is met", stays_inside)
SMALL = Assumption("the step is that of q", lambda m: m.q**2 == 1 - 16 * m.step**2)
STEPS = "gradient steps"
BARE, ONE_SIDED = "equal to the mean regret on the bare Lagrangian", "attained where h does not enter"
AWAY, CLOSER = "plain last iterates move away", "optimistic last iterates converge"


def figure(ax, rows):
    """Projected error against the rounds: plain and optimistic last iterates, averages."""
    longest = [row for row in rows if row["part"] == CLOSER and row.get("data")][-1]
    names = (
        ("last", "C1", "last, plain (fails)"),
        ("average", "C0", "average"),
        ("optimistic", "C2", "last, optimistic"),
    )
    for name, colour, words in names:
        errors = np.array(longest["data"][name])
        ax.plot(np.arange(1, len(errors) + 1), np.maximum(errors, 10.0**-12), colour, label=words)
    ax.set(xlabel="rounds", ylabel="PRMSE$^2$", yscale="log", ylim=(10.0**-7, 10**6))
    ax.legend(loc="upper right")


CLAIM = Claim(
    "averaged_moment_play_converges_by_regret",
    check,
    FAMILY,
    formula=(
        r"\max_{f'} L(\bar h, f') - \min_{h'} L(h', \bar f) \le \frac{\mathrm{Reg}_h + \mathrm{Reg}_f}{T} \le "
        r"\frac{\lvert h^* - h_0 \rvert^2 + \lvert f^* - f_0 \rvert^2}{2 \eta T} + \frac{\eta}{2T} \sum_t "
        r"\lvert \nabla L_t \rvert^2"
    ),
    papers=("swamy2022", "zinkevich2003", "popov1980"),
    tags=("conditional-moments", "no-regret"),
    controls=(
        Control("the last iterates", lambda: one_moment(5, "1/4", box=(2, 3)), tightens=of_the_last),
        Control(
            "the regret of f alone",
            lambda: one_moment(4, "1/4", box=(2, 3)),
            sabotages=measure.moment_regrets,
            by=forget_h,
        ),
        Control("half the price", lambda: list_climbs()[2], tightens=half_the_price, part=STEPS),
        Control("a box that is met", lambda: spiral_of(5, "1/2", box=(2, 2)), drops=INSIDE.name, part=AWAY),
        Control("plain steps", lambda: optimistic(10, PYTHAGOREAN[0]), tightens=plain_steps, part=CLOSER),
        Control(
            "a larger step",
            lambda: optimistic(10, PYTHAGOREAN[0], faster=4),
            drops=SMALL.name,
            part=CLOSER,
        ),
    ),
    also=(
        Part(STEPS, lambda: [*list_bare(), *list_bends(), *list_climbs()], of_gradient_steps),
        Part(BARE, list_bare, agrees),
        Part(ONE_SIDED, list_climbs, attains),
        Part(AWAY, list_spirals, spiral, assumes=(INSIDE,)),
        Part(CLOSER, list_optimistic, converges, assumes=(SMALL,), data=numbers),
    ),
    figure=figure,
)
