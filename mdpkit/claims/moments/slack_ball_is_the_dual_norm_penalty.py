"""Slack in the moments is equivalent to penalising the test function by its dual norm.

Statement  Norms are under the law of the instrument z: |f|_1 = E|f|, |f|_2^2 = E f^2, |f|_inf = max |f|; 1/p + 1/q = 1.
           The maximum over |xi|_p <= d of E[f xi] is d |f|_q. For p = 2, E[xi^2] E[f^2] - E[f xi]^2 is half the mean of
           (f(z) xi(z') - f(z') xi(z))^2 over independent z and z'. Hence for every slack xi in the ball and every f
               2 E[f psi] - E f^2 - 2 d |f|_q  <=  E (psi - xi)^2,
           with equality for p = infinity at xi = psi clipped at d and f = psi - xi, and for p = 1 at f = psi
           clipped at any level, xi = psi - f and d = |xi|_1: the game with slack is the game with the penalty.
           For 1 < p < infinity write f = sign(g) |g|^(p-1), or xi = sign(k) |k|^(q-1): then |f|_q^q = E|g|^p and
           |xi|_p^p = E|k|^q. Hence
               E[f xi]^p <= E|xi|^p (E|g|^p)^(p-1),
           and with D = d/|g|_p equality holds at xi = D g and psi = f + xi.
Assumes    the slack lies in the ball; every instrument has positive weight.
Units      the slack and the radius d in units of psi.
Kind       identity; for all
Source     adapted from Swamy, Choudhury, Bagnell and Wu, 2022.
Proof      proofs/moments/slack_ball_is_the_dual_norm_penalty.md
"""

from dataclasses import replace
from itertools import product
from math import inf

import numpy as np

from ... import measure
from ...base.arrays import bare, objects, rational
from ...ink.figures import identity
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...model import MomentProblem
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def corners(weights, p):
    """Extreme points `[corner,z]` of the unit ball: one instrument for p = 1, every sign pattern for p = infinity."""
    if p == inf:
        return np.array(list(product((1, -1), repeat=len(weights))))
    one = np.eye(len(weights), dtype=int) / weights
    return np.concatenate([one, -one])


def most(m, p):
    """The largest E[f xi] over the ball of radius d."""
    return measure.mean_product(m.f, corners(m.problem.weights, p), m.problem.weights).max() * m.d


def penalised_payoff(m, psi, f, d, q):
    return measure.game_payoff(psi, f, m.problem.weights) - d * measure.norm_power(f, m.problem.weights, q) * 2


def check(m):
    weights, turned = m.problem.weights, m.f[:, None] * m.xi[None, :] - m.f[None, :] * m.xi[:, None]
    left = (
        measure.norm_power(m.xi, weights, 2) * measure.norm_power(m.f, weights, 2)
        - measure.mean_product(m.f, m.xi, weights) ** 2
    )
    psi = measure.moment_residual(m.problem, m.h)
    low = measure.clipped(psi, m.d)
    rest = psi - low
    return Equal(
        {
            "p = 1": (most(m, 1), measure.norm_power(m.f, weights, inf) * m.d),
            "p = infinity": (most(m, inf), measure.norm_power(m.f, weights, 1) * m.d),
            "p = 2": (left, measure.mean_product(measure.mean_product(turned, turned, weights), 1, weights) / 2),
            "attained, p = infinity": (
                penalised_payoff(m, psi, rest, m.d, 1),
                measure.projected_error(psi - low, weights),
            ),
            "attained, p = 1": (
                penalised_payoff(m, psi, low, measure.norm_power(rest, weights, 1), inf),
                measure.projected_error(psi - rest, weights),
            ),
        }
    )


def own_norm(m):
    return Equal(
        {**check(m).pairs, "p = infinity": (most(m, inf), measure.norm_power(m.f, m.problem.weights, inf) * m.d)}
    )


def sup_slack(m):
    """p = infinity: the slack of every moment is at most d."""
    psi = measure.moment_residual(m.problem, m.h)
    return Bound(penalised_payoff(m, psi, m.f, m.d, 1), measure.projected_error(psi - m.xi * m.d, m.problem.weights))


def mean_slack(m):
    """p = 1: the slack is at most d on average."""
    psi = measure.moment_residual(m.problem, m.h)
    return Bound(
        penalised_payoff(m, psi, m.f, m.d, inf), measure.projected_error(psi - m.lump * m.d, m.problem.weights)
    )


# ---- 1 < p < infinity, where one of p and q is an integer
def signed_power(g, order):
    """sign(g) |g|^order for an integer order, entrywise."""
    return g * abs(g) ** (order - 1)


def hoelder(m):
    """E[f xi]^p against E|xi|^p (E|g|^p)^(p-1), with f = sign(g) |g|^(p-1)."""
    p, weights = m.p, m.problem.weights
    left = abs(measure.mean_product(signed_power(m.f, p - 1), m.xi, weights)) ** p
    return Bound(left, measure.norm_power(m.xi, weights, p) * measure.norm_power(m.f, weights, p) ** (p - 1))


def below(m):
    """p an integer: f = sign(g) |g|^(p-1) and |xi|_p <= d = D |g|_p, so that d |f|_q = D E|g|^p."""
    p, weights, f = m.p, m.problem.weights, signed_power(m.f, m.p - 1)
    psi = measure.moment_residual(m.problem, m.h)
    price = m.d * measure.norm_power(m.f, weights, p) * 2
    return Bound(measure.game_payoff(psi, f, weights) - price, measure.projected_error(psi - m.xi, weights))


def above(m):
    """q an integer: xi = sign(k) |k|^(q-1) and |xi|_p <= d with d^p = D^q E|f|^q, so that d |f|_q = D^(q-1) E|f|^q."""
    q, weights, xi = m.p, m.problem.weights, signed_power(m.xi, m.p - 1)
    psi = measure.moment_residual(m.problem, m.h)
    price = m.d ** (q - 1) * measure.norm_power(m.f, weights, q) * 2
    return Bound(measure.game_payoff(psi, m.f, weights) - price, measure.projected_error(psi - xi, weights))


def attain(m):
    """xi = D g and psi = f + xi."""
    p, weights, f, xi = m.p, m.problem.weights, signed_power(m.f, m.p - 1), m.f * m.d
    price = measure.norm_power(m.f, weights, p) * m.d
    payoff, error = measure.game_payoff(f + xi, f, weights), measure.projected_error(f, weights)
    return Equal({"ball": (measure.mean_product(f, xi, weights), price), "game": (payoff - price * 2, error)})


def linear_price(m):
    """As if |f|_q were E|f|, where |g|_p = 1."""
    weights, f = m.problem.weights, signed_power(m.f, m.p - 1)
    psi = measure.moment_residual(m.problem, m.h)
    price = m.d * measure.norm_power(f, weights, 1) * 2
    return Bound(measure.game_payoff(psi, f, weights) - price, measure.projected_error(psi - m.xi, weights))


FAMILY = Family(
    blocks=dict(
        A=Box("Z", "K", lower=-1),
        b=Box("Z", lower=-2, upper=2),
        weights=Simplex(to="Z"),
        h=Box("K", lower=-1),
        f=Box("Z", lower=-2, upper=2),
        xi=Box("Z", lower=-1),
        share=Simplex(to="Z"),
        d=Box(),
    ),
    sizes=dict(Z=(1, 4), K=(1, 2)),
    models=dict(
        problem=lambda x: MomentProblem(x.A, x.b, everywhere(x)),
        h=lambda x: x.h,
        f=lambda x: x.f,
        xi=lambda x: x.xi,
        lump=lambda x: x.xi * x.share / everywhere(x),
        d=lambda x: x.d[()],
    ),
)

POWERS = replace(
    FAMILY,
    sizes=dict(Z=(1, 3), K=(1, 1), p=(2, 4)),
    models={name: make for name, make in FAMILY.models.items() if name != "lump"} | {"p": lambda x: x.sizes["p"]},
)


def everywhere(x):
    """A law that gives every instrument positive weight."""
    return (x.weights + x.like([f"1/{x.sizes['Z']}"])) / 2


def shrink_into_the_ball(x):
    """The slack times the largest multiple of 1/64, at most 1, with E|xi|^p <= d^p E|f|^p."""
    p, law, shares = x.sizes["p"], everywhere(x), x.like(np.arange(1, 65)) / 64
    size, most = (law * abs(x.xi) ** p).sum(), (law * abs(x.f) ** p).sum() * x.d[()] ** p
    return x.xi * x.like(bare(shares**p * size <= most).astype(int).sum()) / 64


BALL = replace(POWERS, models={**POWERS.models, "xi": shrink_into_the_ball})


# ---- controls
def power(f, m):
    return measure.norm_power(f, m.problem.weights, m.p)


def inside(norm, slack):
    return lambda m: (measure.norm_power(getattr(m, slack), m.problem.weights, norm) <= 1).all_yes()


EVEN = Assumption("no moment is off by more than d", inside(inf, "xi"))
LUMPY = Assumption("the moments are off by at most d on average", inside(1, "lump"))
INSIDE = Assumption(
    "the slack lies in the ball of radius d",
    lambda m: power(m.xi, m) <= power(m.f, m) * m.d**m.p,
)
HOELDER, ATTAINED = "the dual norm for p = 2, 3, 4 and 3/2, 4/3", "attained for p = 2, 3, 4"
BELOW, ABOVE = "every slack and every adversary, p = 2, 3, 4", "every slack and every adversary, p = 2, 3/2, 4/3"
OFF, AVERAGE = "every slack and every adversary, p = infinity", "every slack and every adversary, p = 1"


def pair(scale=1):
    """Two instruments, the first three times as likely, whose moments are 2 and -1 at h = 0."""
    problem = MomentProblem(objects([[1], [1]]), objects([2, -1]), objects(["3/4", "1/4"]))
    f, xi = objects([1, "-1/2"]), objects([1, -1]) * scale
    return Instance(problem=problem, h=objects([0]), f=f, xi=xi, lump=xi, d=objects("1/2")[()])


def rare(p, scale=1):
    """g = 2 with probability 2^-p, else 0: |g|_p = |f|_q = 1, E|f| = 1/2; the slack is `scale` D g with D = 1."""
    g, weights = objects([2, 0]), objects([rational(f"1/{2**p}"), 1 - rational(f"1/{2**p}")])
    problem = MomentProblem(objects([[1], [1]]), g ** (p - 1) + g * scale, weights)
    return Instance(problem=problem, h=objects([0]), f=g, xi=g * scale, d=objects(1)[()], p=p)


def ignore_weights(norm_power, f, weights, order):
    return norm_power(f, [f"1/{len(weights)}"] * len(weights), order)


CLAIM = Claim(
    "slack_ball_is_the_dual_norm_penalty",
    check,
    FAMILY,
    formula=(
        r"2\, \mathbb{E}[f \psi] - \mathbb{E} f^2 - 2 d\, \lvert f \rvert_q \le \mathbb{E} (\psi - \xi)^2, \qquad "
        r"\max_{\lvert \xi \rvert_p \le d} \mathbb{E}[f \xi] = d\, \lvert f \rvert_q, \quad \tfrac1p + \tfrac1q = "
        r"1"
    ),
    papers=("swamy2022",),
    tags=("conditional-moments", "duality"),
    controls=(
        Control("the norm of the slack itself", witness=pair, tightens=own_norm, at="p = infinity"),
        Control("slack beyond the ball", witness=lambda: pair(3), drops=EVEN.name, part=OFF),
        Control("slack beyond the ball, p = 3", witness=lambda: rare(3, 2), drops=INSIDE.name, part=BELOW),
        Control("the mean in place of the dual norm", witness=lambda: rare(4), tightens=linear_price, part=BELOW),
        Control("unweighted instruments", witness=pair, sabotages=measure.norm_power, by=ignore_weights),
    ),
    also=(
        Part(OFF, FAMILY, sup_slack, assumes=(EVEN,)),
        Part(AVERAGE, FAMILY, mean_slack, assumes=(LUMPY,)),
        Part(HOELDER, POWERS, hoelder),
        Part(BELOW, BALL, below, assumes=(INSIDE,)),
        Part(ABOVE, BALL, above, assumes=(INSIDE,)),
        Part(ATTAINED, POWERS, attain),
    ),
    figure=identity,
)
