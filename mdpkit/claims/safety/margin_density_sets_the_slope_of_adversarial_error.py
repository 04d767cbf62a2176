"""Adversarial error of a linear classifier grows as the k-th power of the attack if margins have density m^(k-1).

Statement  A linear classifier with weights w and offset c has margin m = y (w x + c) at a point x of label y = 1 or -1,
           and errs if m <= 0. An attacker moves every point by at most eps in a norm. For every law of the data
               err(eps) = P(m <= eps |w|_*),
           with the dual norm. Let u = eps |w|_* > 0 and lambda > 1. If 0 < low <= high and for all t in [u, lambda u]
               low t^k <= P(0 < m <= t) <= high t^k,
           the error beyond that without attack, err_+ = err - err(0), is a power law of exponent k up to high/low:
               (low/high) lambda^k <= err_+(lambda eps) / err_+(eps) <= (high/low) lambda^k,
           and err_+(eps) / eps has a positive, finite limit at 0 if and only if P(0 < m <= t) / t has one, the density
           of the margin at 0+. If no margin is in (0, g], no error is added for eps |w|_* <= g. If the data are
           uniform in the cube [0, 1]^k, of label 1, and the plane w x = 0, w > 0, touches its corner, then
               err(eps) = (eps |w|_1)^k / (k! prod w) >= (k eps)^k / k!
           for attacks in the maximum norm with eps |w|_1 <= min w; equal weights attain it.
Assumes    margins follow a power law (second statement); eps |w|_1 <= min w, and the plane touches the cube (third).
Units      eps in the units of x; the maximum norm and the 1-norm in the instances.
Kind       identity; for all; exists (enumerated)
Source     adapted from Cubuk, Zoph, Schoenholz and Le, 2017.
Proof      proofs/safety/margin_density_sets_the_slope_of_adversarial_error.md
"""

from fractions import Fraction
from itertools import product
from math import factorial

import numpy as np

from ...base.arrays import objects, rational
from ...base.interval import Interval, stack
from ...base.lifting import enclose
from ...instances.blocks import Box, Choice, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


# ---- measures
def margins(m):
    """y (w x + c) of every point."""
    return ((enclose(m.x) * m.w).sum(axis=-1) + m.c) * m.y


def is_at_most_0(x):
    """Indicator of x <= 0; the Interval [0, 1] where floats do not decide."""
    if not isinstance(x, Interval):
        return (x <= 0).astype(float)
    if x.exact:
        return Interval((x.lower <= 0).astype(int))
    return Interval((x.upper <= 0).astype(float), (x.lower <= 0).astype(float), x.how)


def corners(D, norm):
    """Extreme points of the unit ball of the maximum norm, or of the 1-norm."""
    if norm == "max":
        return list(product((-1, 1), repeat=D))
    return [tuple(sign * int(i == j) for j in range(D)) for i in range(D) for sign in (-1, 1)]


def attacked_error(m, eps, norm="max"):
    """P(some corner of the ball around the point is classified wrongly)."""
    least = None
    for corner in corners(m.w.shape[-1], norm):
        moved = margins(m) + enclose(m.y) * (enclose(m.w) * np.array(corner)).sum(axis=-1) * eps
        least = moved if least is None else lesser(least, moved)
    return (is_at_most_0(least) * m.p).sum()


def lesser(a, b):
    return (a + b - abs(a - b)) / 2


def dual(m, norm="max"):
    """The dual norm of w: the 1-norm for the maximum norm and the reverse."""
    sizes = abs(enclose(m.w))
    return sizes.sum(axis=-1) if norm == "max" else sizes.max(axis=-1)


def margin_law(m, t):
    """P(m <= t)."""
    return (is_at_most_0(margins(m) - t) * m.p).sum()


# ---- both sides
def check(m):
    eps = enclose(m.eps)
    return Equal({f"{norm} norm": (attacked_error(m, eps, norm), margin_law(m, dual(m, norm) * eps)) for norm in NORMS})


def by_the_norm_itself(m):
    """The maximum norm of w for attacks in the maximum norm."""
    pairs, eps = check(m).pairs, enclose(m.eps)
    return Equal({**pairs, "max norm": (pairs["max norm"][0], margin_law(m, dual(m, "sum") * eps))})


def excess(m, eps):
    return attacked_error(m, eps) - attacked_error(m, eps * 0)


def slope(m, low=None):
    """Both inequalities of the power law, times denominators."""
    eps, growth, high = (enclose(each) for each in (m.eps, m.growth, m.high))
    low = enclose(m.low) if low is None else low
    before, after = excess(m, eps), excess(m, eps * growth)
    return Bound(stack([low * growth**m.k * before, low * after]), stack([high * after, high * growth**m.k * before]))


def an_exact_power(m):
    return slope(m, enclose(m.high))


def corner_error(m):
    """r^k / (k! prod w), where r = eps |w|_1 - c, or 0, is how far the attack reaches into the cube."""
    w, k = enclose(m.w), len(m.w)
    volume = w[0]
    for i in range(1, k):
        volume = volume * w[i]
    reach = enclose(m.eps) * dual(m) - m.c
    return ((reach + abs(reach)) / 2) ** k / (volume * factorial(k))


def in_the_cube(m):
    k = len(m.w)
    return Bound((enclose(m.eps) * k) ** k / factorial(k), corner_error(m))


def slope_1(m):
    """As if the error were linear in eps, with the same value at eps = 1/k."""
    k = len(m.w)
    return Bound(enclose(m.eps) * k / factorial(k), in_the_cube(m).sides[1])


def attains(m):
    left, right = in_the_cube(m).sides
    return Equal({"error": (right, left)})


def between_lattices(m):
    """The error on the upper corners of a lattice's cells, in the cube, and on the lower corners."""
    eps = enclose(m.eps)
    above, below = (attacked_error(m.replace(x=x), eps) for x in (m.upper, m.lower))
    return Bound(above, corner_error(m), below)


def below_the_gap(m):
    return Equal({"error": (excess(m, enclose(m.eps)), 0)})


def beyond_the_gap(m):
    """As if twice the attack did not reach any point either."""
    return Equal({"error": (excess(m, enclose(m.eps) * 2), 0)})


# ---- draws
FAMILY = Family(
    blocks=dict(
        x=Box("N", "D", lower=-1),
        y=Choice("N", of=(-1, 1)),
        p=Simplex(to="N"),
        w=Box("D", lower=-1),
        c=Box(lower=-1),
        eps=Box(),
    ),
    sizes=dict(N=(1, 4), D=(1, 3)),
    models={name: (lambda x, name=name: getattr(x, name)) for name in ("x", "y", "p", "w", "c", "eps")},
)
CUBE = Family(
    blocks=dict(w=Box("K", lower="1/8"), share=Box(lower="1/8")),
    sizes=dict(K=(1, 4)),
    models=dict(w=lambda x: x.w, c=lambda x: x.share * 0, eps=lambda x: x.like(x.share * x.w.min() / x.w.sum())),
)


# ---- exact instances and controls
def powers(k, N=16, j=4, growth=2, w=(1, 2), low=None, k_stated=None, gap=0):
    """Margins gap + i/N with P(m <= gap + i/N) = (i/N)^k; eps |w|_1 = j/N, where low is (j/(j+1))^k and high 1."""
    w = objects(w)
    at = objects([rational(i) / N + rational(gap) for i in range(1, N + 1)])
    return Instance(
        x=at[:, None] * w / (w * w).sum(),
        y=objects([1] * N),
        p=objects([rational(i**k - (i - 1) ** k) / N**k for i in range(1, N + 1)]),
        w=w,
        c=objects(0),
        k=k if k_stated is None else k_stated,
        eps=objects(rational(j) / N / w.sum()),
        growth=objects(growth),
        low=objects((rational(j) / (j + 1)) ** k if low is None else low),
        high=objects(1),
    )


def lattice(w, M, share=1):
    """The corners of the M^k cells of the cube, with eps |w|_1 the given share of min w."""
    w = objects(w)
    cells = objects(list(product(range(M), repeat=len(w))))
    return Instance(
        lower=cells / M,
        upper=(cells + 1) / M,
        x=cells / M,
        y=objects([1] * len(cells)),
        p=objects([rational(1) / len(cells)] * len(cells)),
        w=w,
        c=objects(0),
        eps=objects(rational(share) * min(w) / w.sum()),
    )


def cube(w, eps, c=0):
    return Instance(w=objects(w), c=objects(c), eps=objects(eps))


def one_point(w, eps):
    """A point that is classified rightly, out of reach by a little."""
    w = objects(w)
    return Instance(x=objects([[1] * len(w)]), y=objects([1]), p=objects([1]), w=w, c=objects(0), eps=objects(eps))


def curve(m):
    N = len(m.x)
    eps = [rational(i) / N / m.w.sum() for i in range(1, N + 1)]
    return {"reach": [i / N for i in range(1, N + 1)], "error": [excess(m, each).mid for each in eps]}


def figure(ax, rows):
    """Error that an attack adds, for margins of density m^(k-1), in log-log scale; an error of 0 is drawn at 10^-4."""
    found = [row["data"] for row in rows if row["part"] == CURVES and not row.get("control")]
    for data, style, k in zip(found, ("o-C0", "^-C2", "s-C4"), (1, 2, 3), strict=True):
        ax.loglog(data["reach"], data["error"], style, markersize=3, label=f"density $m^{{{k - 1}}}$, slope {k}")
        ax.loglog(data["reach"], np.array(data["reach"]) ** k, "k--", label="power law" if k == 1 else None)
    apart = next(row["data"] for row in rows if row["part"] == APART and not row.get("control"))
    ax.loglog(apart["reach"], np.maximum(apart["error"], 1 / 10**4), "xC1", label="margins above 1/4 (fail)")
    ticks = [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1]
    ax.set_xticks(ticks, ["1/16", "1/8", "1/4", "1/2", "1"])
    ax.set_xticks([], minor=True)
    ax.set(xlabel=r"size of the attack $\varepsilon \Vert w \Vert_*$", ylabel="error added")
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1), fontsize=6)


# ---- assumptions and the claim
def follows_the_power(m):
    """low t^k <= P(0 < m <= t) <= high t^k between u and lambda u; it suffices to look at jumps, from both sides."""
    u, at = m.eps * m.w.sum(), margins(m).lower
    ends = [u, u * m.growth]
    jumps = sorted({t for t in at if ends[0] < t <= ends[1]} | set(ends))

    def below(t, closed):
        return sum(p for x, p in zip(at, m.p, strict=True) if x > 0 and (x < t or (closed and x == t)))

    highest = all(below(t, True) <= m.high * t**m.k for t in jumps)
    lowest = all(below(t, t == ends[0]) >= m.low * t**m.k for t in jumps)
    return bool(highest and lowest)


POWER = Assumption("margins follow a power law", follows_the_power)
TOUCHES = Assumption("the plane touches the cube", lambda m: m.c == 0)
NEAR = Assumption("eps |w|_1 <= min w", lambda m: enclose(m.eps) * dual(m) <= enclose(m.w).min())
NORMS = "max", "sum"
SLOPE, CORNER, EQUAL = "the power law", "a corner of the cube", "equal weights"
LATTICE, CURVES, APART = "lattices", "three densities", "margins above a gap"
CLAIM = Claim(
    "margin_density_sets_the_slope_of_adversarial_error",
    check,
    FAMILY,
    formula=(
        r"\mathrm{err}(\varepsilon) = P( m \le \varepsilon \lVert w \rVert_* ), \qquad "
        r"\frac{\mathrm{low}}{\mathrm{high}}\, \lambda^k \le \frac{\mathrm{err}_+(\lambda \varepsilon)}"
        r"{\mathrm{err}_+(\varepsilon)} \le \frac{\mathrm{high}}{\mathrm{low}}\, \lambda^k"
    ),
    papers=("cubuk2017",),
    tags=("robustness", "adversaries", "margins"),
    controls=(
        Control("the norm itself", lambda: one_point(["1/2", "1/2"], 1), tightens=by_the_norm_itself, at="max norm"),
        Control("separated data", lambda: powers(1, gap="1/4", low="1/2"), drops=POWER.name, part=SLOPE),
        Control("a density of 0 at 0", lambda: powers(2, k_stated=1, low="3/4"), drops=POWER.name, part=SLOPE),
        Control(
            "an exact power from finitely many points",
            lambda: powers(1, growth="19/8"),
            tightens=an_exact_power,
            part=SLOPE,
        ),
        Control("a plane away from the cube", lambda: cube([1, 1], "1/4", c="3/4"), drops=TOUCHES.name, part=CORNER),
        Control("slope 1 with two weights", lambda: cube([1, 1], "1/8"), tightens=slope_1, part=CORNER),
        Control("beyond the gap", lambda: powers(1, j=3, gap="1/4"), tightens=beyond_the_gap, at="error", part=APART),
        Control("attacks beyond the least weight", lambda: lattice([1, 4], 8, 3), drops=NEAR.name, part=LATTICE),
    ),
    also=(
        Part(
            SLOPE,
            lambda: [powers(k, growth=g, w=w) for k in (1, 2, 3) for g in (2, "19/8") for w in ((1,), (1, 2))],
            slope,
            assumes=(POWER,),
        ),
        Part(CORNER, CUBE, in_the_cube, assumes=(TOUCHES, NEAR)),
        Part(EQUAL, lambda: [cube([w] * k, Fraction(1, 2 * k)) for k in (1, 2, 3) for w in (1, "1/3")], attains),
        Part(
            LATTICE,
            lambda: [lattice([1, 1], 8), lattice(["1/2", 1], 8, "3/4"), lattice([1, 2, 3], 12)],
            between_lattices,
            assumes=(NEAR,),
        ),
        Part(APART, lambda: [powers(1, j=3, gap="1/4")], below_the_gap, data=curve),
        Part(CURVES, lambda: [powers(k) for k in (1, 2, 3)], slope, assumes=(POWER,), data=curve),
    ),
    figure=figure,
)
