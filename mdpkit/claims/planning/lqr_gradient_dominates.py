"""The linear-quadratic cost of a feedback is gradient dominated, with the constant 1/4, although it is not convex.

Statement  State x and control u = Kx lead to (A + BK)x at cost x'Qx + u'Ru, discounted by g = gamma; C(K) is the cost
           from a start with moments M = E x_0 x_0', P_K its matrix, S_K = sum_t g^t E x_t x_t', K* the optimum. Let
           D be the step of policy iteration, (R + g B'P_K B) D = - (R + g B'P_K B) K - g B'P_K A, so that the gradient
           is -2 (R + g B'P_K B) D S_K. If K is stabilising, then
               C(K) - C(K*) <= tr(S_{K*} D'(R + g B'P_K B)D) <= L |grad C(K)|^2 / (4 lmin(R) lmin(M)^2) ,
           where L = lmax(S_{K*}), |.| is the Frobenius norm, lmin and lmax the extreme eigenvalues. For g = 0 and R and
           M multiples of the identity both are equalities: the constant 1/4 is the best. A step of policy iteration, if
           K + D is stabilising, contracts: C(K + D) - C(K*) <= (1 - lmin(M) / L) (C(K) - C(K*)). C is not convex: the
           average of two feedbacks can cost more than both.
Assumes    x'Px solves the Riccati equation; Q >= 0, R > 0 and M > 0; K and K* are stabilising.
Units      C is a discounted cost, not normalised.
Kind       for all; exists (enumerated)
Source     adapted from Fazel, Ge, Kakade and Mesbahi, 2018.
Proof      proofs/planning/lqr_gradient_dominates.md
"""

from dataclasses import replace

import numpy as np

from ... import measure
from ...base.arrays import nearest
from ...base.interval import interval
from ...base.lifting import enclose, number
from ...base.mode import proposing
from ...exact.linear import product, semidefinite
from ...instances.blocks import Box, Choice
from ...instances.family import Family
from ...instances.library.planning.feedback import crossed_feedback, one_step_regulator, regulator
from ...model import LinearQuadratic
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def optimum(m):
    """C(K*), and S_{K*}."""
    best = measure.improved_feedback(m.problem, m.problem.P)
    return (enclose(m.problem.P) * enclose(m.start)).sum(), measure.feedback_covariance(m.problem, best, m.start)


def gap(m, feedback):
    return measure.feedback_cost(m.problem, feedback, m.start) - optimum(m)[0]


def step(m):
    """D, and R + g B'P_K B."""
    P, B = measure.feedback_value(m.problem, m.feedback), enclose(m.problem.B)
    price = enclose(m.problem.R) + product(product(B.T, P), B) * number(m.problem.gamma, P)
    return measure.improved_feedback(m.problem, P) - enclose(m.feedback), price


def smallest(matrix):
    return -measure.largest_eigenvalue(-enclose(matrix))


def check(m):
    best, visits = optimum(m)
    D, price = step(m)
    gradient = measure.feedback_gradient(m.problem, m.feedback, m.start)
    constant = measure.largest_eigenvalue(visits) / (4 * smallest(m.problem.R) * smallest(m.start) ** 2)
    improvement = (product(product(D.T, price), D) * visits).sum()
    return Bound(
        measure.feedback_cost(m.problem, m.feedback, m.start) - best, improvement, (gradient**2).sum() * constant
    )


def contracts(m):
    """One step of policy iteration."""
    D, _ = step(m)
    rate = 1 - smallest(m.start) / measure.largest_eigenvalue(optimum(m)[1])
    return Bound(gap(m, enclose(m.feedback) + D), gap(m, m.feedback) * rate)


def is_not_convex(m):
    cost = [measure.feedback_cost(m.problem, K, m.start) for K in (m.feedback, m.other, (m.feedback + m.other) / 2)]
    return Bound(cost[0] + cost[1], cost[2])


# ---- controls that fail
def half(m):
    left, _, right = check(m).sides
    return Bound(left, right / 2)


def moments_of_the_start(m):
    """lmax(M) in place of lmax(S_{K*})."""
    left, _, right = check(m).sides
    return Bound(left, right * measure.largest_eigenvalue(m.start) / measure.largest_eigenvalue(optimum(m)[1]))


def largest_price(m):
    """lmax(R) in place of lmin(R)."""
    left, _, right = check(m).sides
    return Bound(left, right * smallest(m.problem.R) / measure.largest_eigenvalue(m.problem.R))


def start_alone(feedback_covariance, problem, feedback, start):
    return enclose(start)


def attains(m):
    left, middle, right = check(m).sides
    return Equal({"improvement": (left, middle), "gradient": (left, right)})


# ---- instances and figure
def diagonal(x):
    """The diagonal matrix of a vector."""
    return x[:, None] * np.eye(len(x), dtype=int)


def in_units(x, matrix):
    """A matrix of norm at most 1, in units of the states in which the optimal cost is the sum of squares."""
    return matrix / len(x.units) * x.units[None, :] / x.units[:, None]


def build(x):
    """A problem whose dynamics do not increase the optimal cost without control, so that Q >= 0."""
    return LinearQuadratic.from_value(in_units(x, x.A), diagonal(x.B), diagonal(x.units**2), diagonal(x.R), x.gamma[()])


FAMILY = Family(
    blocks=dict(
        A=Box("N", "N", lower=-1),
        B=Box("N", lower="1/4", upper=2),
        units=Box("N", lower="1/2", upper=2),
        R=Box("N", lower="1/4", upper=2),
        start=Box("N", lower="1/4", upper=2),
        closed=Box("N", "N", lower=-1),
        gamma=Choice(of=("0", "1/2", "9/10")),
    ),
    sizes=dict(N=(1, 2)),
    models=dict(
        problem=build,
        feedback=lambda x: in_units(x, x.closed - x.A) / x.B[:, None],
        start=lambda x: diagonal(x.start),
    ),
)
CLOSED = [f"{k}/10" for k in range(-9, 10)]


def list_static():
    return [one_step_regulator(price, price) for price in ("1/10", 1, 10)]


def list_unstable():
    """A state that grows by a factor of 5/4 a step if it is not controlled, at feedbacks that stabilise it."""
    return [regulator("5/4", 1, 2, "1/2", "9/10", closed) for closed in CLOSED]


def list_dear():
    """The feedbacks of a control that is so dear that the optimum hardly uses it."""
    return [regulator(closed=closed) for closed in CLOSED]


def half_value():
    """A record whose P is half of the solution, at the optimal feedback."""
    m = regulator("1/2", 1, 1, 1, "9/10")
    P = m.problem.P / 2
    return m.replace(feedback=m.problem.feedback, problem=replace(m.problem, P=P))


def negative_costs():
    """Q is negative, and so is the later cost: a control costs less than R."""
    return regulator("1/10", 1, "-1/2", 1, "9/10", closed="1/10")


def has_costs(m):
    return has_no_negative_eigenvalue(m.problem.Q) and bool(smallest(m.problem.R) > 0) and bool(smallest(m.start) > 0)


def has_no_negative_eigenvalue(Q):
    return np.linalg.eigvalsh(Q).min() >= 0 if proposing() else semidefinite(interval(Q))


def is_stable(m):
    best = measure.improved_feedback(m.problem, m.problem.P)
    return measure.is_stabilising(m.problem, m.feedback) and measure.is_stabilising(m.problem, best)


def draw_data(m):
    """K, the cost above the optimum, its two bounds, and the second one with the moments of the start."""
    sides = (*check(m).sides, moments_of_the_start(m).sides[-1])
    return {"point": [nearest(m.feedback[0, 0]), *(side.mid for side in sides)]}


def figure(ax, rows):
    """Cost above the optimum and its bounds against the feedback, where control is dear."""
    own = [row["data"]["point"] for row in rows if row["part"] == DEAR and not row.get("control")]
    K, cost, improvement, bound, alone = np.array(sorted(own)).T
    ax.semilogy(K, bound, "k--", label=r"$L\, |\nabla C|^2 / (4 \lambda(R) \lambda(M)^2)$")
    ax.semilogy(K, improvement, "k:", label="by the step of policy iteration")
    ax.semilogy(K, cost, "o-C0", markersize=3, label="$C(K) - C(K^*)$")
    ax.semilogy(K, alone, "C1", label=r"$\lambda(M)$ in place of $L$ (fails)")
    ax.set(xlabel="feedback $K$", ylabel="cost above the optimum", ylim=(1, 1e9))
    ax.set_xticks([-20, -15, -10, -5, 0])
    ax.legend(fontsize=6, loc="upper right")


RICCATI = Assumption("x'Px solves the Riccati equation", lambda m: (m.problem.riccati == 0).all())
COSTS = Assumption("Q >= 0, R > 0 and M > 0", has_costs)
STABLE = Assumption("K and K* are stabilising", is_stable)
ASSUMED = (RICCATI, COSTS, STABLE)
DEAR = "a dear control"
CLAIM = Claim(
    "lqr_gradient_dominates",
    check,
    FAMILY,
    formula=(
        r"C(K) - C(K^*) \le \frac{\lambda_{\max}(S_{K^*})}{4\, \lambda_{\min}(R)\, \lambda_{\min}(M)^2}\, "
        r"\lVert \nabla C(K) \rVert_F^2"
    ),
    papers=("fazel2018",),
    tags=("linear-quadratic", "policy-gradient", "discounted"),
    assumes=ASSUMED,
    controls=(
        Control("an eighth in place of a quarter", witness=one_step_regulator, tightens=half),
        Control("the moments of the start", witness=regulator, tightens=moments_of_the_start),
        Control("the largest price", witness=lambda: one_step_regulator(1, 4), tightens=largest_price),
        Control("half of the value", witness=half_value, drops=RICCATI.name),
        Control("negative costs", witness=negative_costs, drops=COSTS.name),
        Control(
            "moments that ignore the dynamics",
            witness=regulator,
            sabotages=measure.feedback_covariance,
            by=start_alone,
        ),
    ),
    also=(
        Part("one step attains it", list_static, attains, assumes=ASSUMED),
        Part(DEAR, list_dear, check, assumes=ASSUMED, data=draw_data),
        Part("policy iteration contracts", lambda: [*list_unstable(), *list_dear()], contracts, assumes=ASSUMED),
        Part("the cost is not convex", lambda: [crossed_feedback(c) for c in ("2", "21/10")], is_not_convex),
    ),
    figure=figure,
)
