"""If the mean error given the cause is not 0, regression is asymptotically biased; the moment game is not.

Statement  Let Y = h0(X) + e(U) with E[e(U) given z] = 0. The moment game whose adversary sees z has the solution h0.
           With an adversary that sees X instead, its solution is the regression E[Y given X] = h0 + E[e(U) given X].
           Sampled on the channel below, with B^2 = E (E[e given X])^2 and V/n the game's variance for many draws n:
               median |h_game - h0|^2 <= 2 V/n                              (n = 10^3..10^6),
               2 V/n <= B^2/2 <= median |h_regression - h0|^2               (n = 10^4..10^6).
Assumes    the instrument is unconfounded and identifies the answer h0; sampled: E[e given X] is not 0.
Units      squared errors are means over X, in units of Y^2; medians of 101 data sets, confidence 99.9 %, a seed per n.
Kind       identity; rate (sampled)
Source     adapted from Swamy, Choudhury, Bagnell and Wu, 2022.
Proof      proofs/moments/regression_is_biased_where_the_moment_game_is_not.md
"""

from fractions import Fraction

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...exact.linear import full_rank, solve_linear
from ...instances import instrumental
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...solve import regression, two_stage_least_squares
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def game(joint, outcome, seen="z"):
    """The solution against every test function of the variable that the adversary sees."""
    problem = instrumental(joint, outcome, seen)
    return two_stage_least_squares(problem, np.eye(len(problem.b), dtype=int))


def check(m):
    fitted = regression(m.joint, m.outcome)
    bias = fitted - m.h0, regression(m.joint, m.noise[:, None])
    seen = game(m.joint, m.outcome, "x"), fitted
    return Equal(
        {"the game": (game(m.joint, m.outcome), m.h0), "the game, X seen": seen, "bias of the regression": bias}
    )


def observe_cause(m):
    return Equal({**check(m).pairs, "the game": (game(m.joint, m.outcome, "x"), m.h0)})


def centre(x):
    return x.e - (x.e * x.confounder).sum()


LAWS = dict(weights=Simplex(to="Z"), confounder=Simplex(to="U"), given=Simplex("Z", "U", to="X"))
FAMILY = Family(
    blocks=dict(**LAWS, h0=Box("X", lower=-1), e=Box("U", lower=-1)),
    sizes=dict(Z=(2, 4), U=(1, 2), X=(1, 3)),
    models=dict(
        joint=lambda x: (
            ((x.weights + x.like([f"1/{x.sizes['Z']}"])) / 2)[:, None, None] * x.confounder[:, None] * x.given
        ),
        outcome=lambda x: x.h0 + centre(x)[:, None],
        h0=lambda x: x.h0,
        noise=centre,
    ),
)


# ---- the channel, and data from it
def channel(n, seed, push=4):
    """P(cause != instrument) = 7/16; the confounder, e = 1 or -1 equally likely, shifts P(cause = 1) by e push/16."""
    parts = [[[16 - x, x] for x in (middle - push, middle + push)] for middle in (7, 9)]
    return Instance(parts=np.array(parts), h0=np.array([0, 1]), noise=np.array([-1, 1]), n=n, seed=seed)


def population(m):
    joint = objects(m.parts) / int(m.parts.sum())
    return joint, objects(m.noise[:, None] + m.h0)


def error_of(fit, m):
    rng = np.random.default_rng(m.seed)
    return measure.sampled_error(fit, *population(m), m.h0, m.n, data_sets=101, confidence="999/1000", rng=rng)


def bound(m):
    """2 V / n, where V/n is the variance of the solution for noise of variance 1 in the limit of many draws."""
    joint, outcome = population(m)
    problem = instrumental(joint, outcome)
    inverse = solve_linear((problem.A.T * problem.weights) @ problem.A, objects(np.eye(len(m.h0), dtype=int)))
    return (joint.sum(axis=(0, 1)) * inverse.diagonal()).sum() * 2 / m.n


def squared_bias(m):
    joint, _ = population(m)
    return measure.norm_power(regression(joint, objects(m.noise)[:, None]), joint.sum(axis=(0, 1)), 2)


def overtakes(m):
    return Bound(error_of(game, m), bound(m), squared_bias(m) / 2, error_of(regression, m))


def numbers(m):
    """Squared errors for the figure: limits of both medians, the bound, the plateau."""
    ours, theirs = error_of(game, m), error_of(regression, m)
    ends = {"game": [float(ours.lower), float(ours.upper)], "regression": [float(theirs.lower), float(theirs.upper)]}
    return {**ends, "bound": [float(bound(m))], "plateau": [squared_bias(m).mid]}


# ---- assumptions and controls
def truth_solves_the_game(m):
    return measure.moment_residual(instrumental(m.joint, m.outcome), m.h0) == 0


UNCONFOUNDED = Assumption("the instrument is unconfounded", truth_solves_the_game)
IDENTIFIED = Assumption(
    "the instrument identifies the solution", lambda m: full_rank(instrumental(m.joint, m.outcome).A)
)
MOVED = Assumption("the mean error given the cause is not 0", lambda m: (squared_bias(m) > 0).all_yes())
FALLS, OVERTAKES = "the game's error falls", "regression is overtaken"


def small(tilt=0):
    """The channel as one law; with a tilt the instrument depends on the confounder."""
    joint, outcome = population(channel(1, 0))
    joint = joint * objects([[[1 + tilt], [1 - tilt]], [[1 - tilt], [1 + tilt]]])
    return Instance(joint=joint, outcome=outcome, h0=objects([0, 1]), noise=objects([-1, 1]))


def figure(ax, rows):
    """Root of the median squared error against the number of draws."""
    found = [row for row in rows if row["part"] == FALLS and not row.get("control")]
    n = [row["parameters"]["n"] for row in found]
    for name, style, words in (("game", "oC0", "game"), ("regression", "sC1", "regression (fails)")):
        ends = np.sqrt([row["data"][name] for row in found])
        ax.plot(n, ends.mean(axis=1), style, label=words)
        ax.vlines(n, *ends.T, color=style[1:])
    for name, style, words in (("plateau", "C1:", "bias $B$ (fails)"), ("bound", "k--", "bound $(2V/n)^{1/2}$")):
        ax.plot(n, np.sqrt([row["data"][name][0] for row in found]), style, label=words)
    ax.set(xlabel="draws $n$", ylabel="median error", xscale="log", yscale="log")
    ax.legend()


CLAIM = Claim(
    "regression_is_biased_where_the_moment_game_is_not",
    check,
    FAMILY,
    formula=(
        r"\mathbb{E}[Y \mid X] = h_0(X) + \mathbb{E}[e(U) \mid X], \qquad \mathrm{median}\, \lvert \hat h - h_0 "
        r"\rvert^2 \le \frac{2V}{n} \le \frac{B^2}{2} \le \mathrm{median}\, \lvert \bar h - h_0 \rvert^2"
    ),
    papers=("swamy2022",),
    tags=("conditional-moments", "instrumental-variables"),
    assumes=(UNCONFOUNDED, IDENTIFIED),
    controls=(
        Control("test functions of the cause", witness=small, tightens=observe_cause, at="the game"),
        Control(
            "an instrument correlated with the confounder",
            witness=lambda: small(Fraction(1, 4)),
            drops=UNCONFOUNDED.name,
        ),
        Control("no confounder", witness=lambda: channel(10**4, 7, push=0), drops=MOVED.name, part=OVERTAKES),
    ),
    also=(
        Part(
            FALLS,
            lambda: [channel(10**k, k) for k in (3, 4, 6)],
            lambda m: Bound(error_of(game, m), bound(m)),
            thorough=lambda: [channel(10**5, 5)],
            data=numbers,
        ),
        Part(
            OVERTAKES,
            lambda: [channel(10**k, k) for k in (4, 6)],
            overtakes,
            assumes=(MOVED,),
            thorough=lambda: [channel(10**5, 5)],
        ),
    ),
    figure=figure,
)
