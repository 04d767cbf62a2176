"""On a grid with multilinear interpolation the optimal value of a linear-quadratic problem has error at most C h^2.

Statement  State x and control u lead to A x + B u at cost x'Qx + u'Ru, discounted, and x'Px solves the discounted
           Riccati equation. On a grid of spacing h a step leads to the corners of the cell that contains the next
           state, with interpolation weights as probabilities; controls are delta apart; on leaving the box the
           remaining cost is x'Px. At every grid point the optimal cost V_h of this finite problem satisfies
               0 <= V_h - x'Px <= (gamma h^2 tr P + delta^2 (R + gamma B'PB)) / (4 (1-gamma)).
           It is attained, for every h, by a one-dimensional problem in which every control leads to the middle of a
           cell.
Assumes    x'Px solves the discounted Riccati equation; P_ii >= 0 and R + gamma B'PB > 0; at every point some control is
           within half a step of the best. u is a scalar.
Units      h, delta: in the units of x and u; V_h is a discounted cost, not normalised.
Kind       for all; rate; exists (enumerated)
Source     adapted from Kushner and Dupuis, 1992.
Proof      proofs/planning/grid_value_converges_to_riccati.md
"""

import numpy as np

from ... import measure
from ...base.arrays import nearest, objects
from ...instances.blocks import Box, Choice
from ...instances.family import Family
from ...instances.library.planning.linear_quadratic import (
    around_zero,
    controls_apart,
    dead_beat,
    grid_of,
    lqr_cart,
    points_of,
    undiscounted_riccati,
)
from ...model import MDP, LinearQuadratic
from ...verify.claim import Assumption, Bound, Claim, Control, Part


def sides(m):
    """V_h - x'Px at the points, and the two terms of the bound, from the spacings of points and of controls."""
    x, cart = points_of(m), m.cart
    error = -measure.optimal_value(m.mdp)[: len(x)] + cart.value(x)
    shares = cart.gamma * m.h**2 * np.trace(cart.P), m.delta**2 * cart.price[0, 0]
    return error, *(share / (4 * (1 - cart.gamma)) for share in shares)


def check(m):
    error, of_points, of_controls = sides(m)
    return Bound(abs(error), error, of_points + of_controls)


def third_order(m):
    error, of_points, of_controls = sides(m)
    return Bound(abs(error), error, m.h * (of_points + of_controls))


def half(m):
    error, of_points, of_controls = sides(m)
    return Bound(abs(error), error, of_points / 2 + of_controls)


def attains(m):
    error, of_points, of_controls = sides(m)
    return Bound(of_points + of_controls, error)


def build(x):
    return LinearQuadratic.from_value(*(each[None, None] for each in (x.a, x.b, x.p, x.R)), x.gamma[()])


def apart(x):
    return controls_apart(build(x), x.sizes["N"], x.h[()], x.sizes["U"]) + x.spare[()]


FAMILY = Family(
    blocks=dict(
        a=Box(lower=-2, upper=2),
        b=Box(lower="1/4", upper=2),
        p=Box(lower="1/8", upper=2),
        R=Box(),
        h=Box(lower="1/8", upper=1),
        spare=Box(),
        gamma=Choice(of=("1/2", "9/10")),
    ),
    sizes=dict(N=(2, 4), U=(1, 3)),
    models=dict(
        mdp=lambda x: grid_of(build(x), x.sizes["N"], x.h[()], x.sizes["U"], apart(x)).finite,
        cart=build,
        n=lambda x: x.sizes["N"],
        h=lambda x: x.h[()],
        count=lambda x: x.sizes["U"],
        delta=apart,
    ),
)


# ---- controls and figure
def to_nearest_corner(values, problem):
    """Every step leads to the most probable corner."""
    corner = np.argmax(problem.P, axis=2)
    return values(MDP(objects(np.eye(problem.S, dtype=int)[corner]), problem.r, problem.rho, horizon=problem.horizon))


def controls_suffice(m):
    missed = abs(around_zero(m.count, m.delta, m.cart.A) - points_of(m) @ m.cart.feedback.T)
    return (missed.min(axis=1) <= m.delta / 2).all()


def positive(m):
    return (np.diag(m.cart.P) >= 0).all() and m.cart.price[0, 0] > 0


def drawn_numbers(m):
    """Data for the figure: the error, the bound, and the error where steps are rounded to the nearest point."""
    error, of_points, of_controls = sides(m)
    off = -to_nearest_corner(measure.optimal_value, m.mdp)[: len(error)] + m.cart.value(points_of(m))
    found = {
        "error": error.max().mid,
        "bound": nearest(of_points + of_controls),
        "rounded": abs(off).max().mid,
        "h": nearest(m.h),
    }
    return {name: [number] for name, number in found.items()}


def figure(ax, rows):
    """Log-log error against spacing, below a bound of slope two; flatter where a step is shorter than a cell."""
    carts = ((CARTS, dt, mark, f"cart, {dt} s a step") for dt, mark in zip(DT, ("o-C0", "^-C0"), strict=True))
    for part, dt, mark, words in ((ATTAINED, None, "s-C0", ATTAINED), *carts):
        own = [row["data"] for row in rows if row["part"] == part and row["parameters"].get("dt") == dt]
        h, error, bound, off = (
            np.array([data[name][0] for data in own]) for name in ("h", "error", "bound", "rounded")
        )
        ax.loglog(h, bound, "k--", label="bound $C h^2$" if dt is None else None)
        ax.loglog(h, error, mark, markersize=3, label=words)
    ax.loglog(h, off, "x:C1", label="nearest point (fails)")
    ax.loglog(h, bound[0] * (h / h[0]) ** 3, "C1", label="third order (fails)")
    ticks = [0.125, 0.25, 0.5, 1, 2]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.set_xticks([], minor=True)
    ax.set(xlabel="spacing $h$", ylabel="error of the value")
    ax.legend(fontsize=6)


RICCATI = Assumption("x'Px solves the discounted Riccati equation", lambda m: (m.cart.riccati == 0).all())
SERVED = Assumption("at every point some control is within half a step of the best", controls_suffice)
ASSUMED = (RICCATI, Assumption("P_ii >= 0 and R + gamma B'PB > 0", positive), SERVED)
CARTS, ATTAINED, DT = "double integrator", "middle of a cell", ("1/2", "1/10")
CLAIM = Claim(
    "grid_value_converges_to_riccati",
    check,
    FAMILY,
    formula=(r"0 \le V_h(x) - x'Px \le \frac{\gamma h^2\, \mathrm{tr}\, P + \delta^2 (R + \gamma B'PB)}{4 (1-\gamma)}"),
    papers=("kushner1992",),
    tags=("linear-quadratic", "discretisation", "discounted"),
    assumes=ASSUMED,
    controls=(
        Control("third order in the spacing", witness=lambda: dead_beat("1/2"), tightens=third_order),
        Control("half of the share of the points", witness=lambda: dead_beat(1), tightens=half),
        Control(
            "the nearest point alone",
            lambda: lqr_cart(9, "1/10"),
            sabotages=measure.optimal_value,
            by=to_nearest_corner,
        ),
        Control("the Riccati equation without discount", witness=undiscounted_riccati, drops=RICCATI.name),
        Control("controls too close together", witness=lambda: dead_beat(1, closer=4), drops=SERVED.name),
    ),
    also=(
        Part(
            CARTS,
            lambda: [lqr_cart(n, dt) for dt in DT for n in (3, 4, 5, 7)],
            check,
            ASSUMED,
            data=drawn_numbers,
            thorough=lambda: [lqr_cart(n, dt) for dt in DT for n in (9, 11, 13)],
        ),
        Part(
            ATTAINED, lambda: [dead_beat(h) for h in (2, 1, "1/2", "1/4", "1/8")], attains, ASSUMED, data=drawn_numbers
        ),
    ),
    figure=figure,
)
