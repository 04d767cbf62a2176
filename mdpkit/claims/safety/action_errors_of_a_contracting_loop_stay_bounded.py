"""In a loop contracting at rate q, actions in error by e keep the state within L_u e/(1-q) of its path without errors.

Statement  A system x' = f(x, u), L_u-Lipschitz in u, is controlled by an L_pi-Lipschitz policy, and the closed loop
           contracts at rate q < 1 in the maximum norm. Let every action be in error by at most e and every measurement
           of the state by at most d. For every T the state x_T and the state y_T without errors satisfy
               |x_T - y_T| <= q^T |x_0 - y_0| + L_u (e + L_pi d) (1 - q^T) / (1 - q),
               |x_T - y_T| - q^T |x_0 - y_0| <= L_u (e + L_pi d) / (1 - q).
           A scalar system attains the first for every T, and stays at L_u (e + L_pi d) / (1 - q) if it starts there.
           If a learner's actions are within e_train of an expert's on the points of an r-cover, they are everywhere
           within
               e_train + L_(pi-E) r <= e_train + (L_pi + L_E) r,
           which is attained.
Assumes    the closed loop contracts at rate q < 1; the points are within r of the demonstrated ones (cover).
Units      states, actions and measurements in the maximum norm; L_u, L_pi, L_E: Lipschitz constants in it.
Kind       for all; exists (enumerated)
Source     adapted from Al Makdah, Krishnan and Pasqualetti, 2022.
Proof      proofs/safety/action_errors_of_a_contracting_loop_stay_bounded.md
"""

import numpy as np

from ...base.arrays import bare, objects, rational
from ...base.lifting import enclose
from ...instances.blocks import Box, Choice
from ...instances.family import Family
from ...instances.instance import Instance
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


# ---- measures
def apply(straight, bent, x):
    """straight x + bent |x|, a Lipschitz function of x."""
    return (straight * x).sum(axis=-1) + (bent * abs(x)).sum(axis=-1)


def lipschitz(straight, bent=0):
    """Lipschitz constant in the maximum norm of straight x + bent |x|."""
    return (abs(straight) + abs(bent)).sum(axis=-1).max()


def state_errors(m):
    """|x_t - y_t| for t = 1..T, with actions and measurements in error for x and without for y."""
    A, N, B, K, M, x, y = (enclose(each) for each in (m.A, m.N, m.B, m.K, m.M, m.x, m.y))
    for action, measured in zip(m.action_errors, m.measurement_errors, strict=True):
        x = apply(A, N, x) + (B * (apply(K, M, x + measured) + action)).sum(axis=-1)
        y = apply(A, N, y) + (B * apply(K, M, y)).sum(axis=-1)
        yield abs(x - y).max()


def sides(m):
    """|x_T - y_T|, what is left of the first difference, and L_u (e + L_pi d)."""
    e, d = enclose(abs(m.action_errors)).max(), enclose(abs(m.measurement_errors)).max()
    pushed = lipschitz(enclose(m.B)) * (e + lipschitz(enclose(m.K), enclose(m.M)) * d)
    *_, error = state_errors(m)
    return error, enclose(abs(m.x - m.y)).max() * enclose(m.q) ** len(m.action_errors), pushed


# ---- both sides
def check(m):
    error, left, pushed = sides(m)
    q, T = enclose(m.q), len(m.action_errors)
    return Bound(error, left + pushed * (1 - q**T) / (1 - q))


def at_any_time(m):
    """What the errors add, and its bound for all T."""
    error, left, pushed = sides(m)
    return Bound(error - left, pushed / (1 - enclose(m.q)))


def half_of_the_limit(m):
    added, limit = at_any_time(m).sides
    return Bound(added, limit / 2)


def of_the_last_step(m):
    """As if only the last step's errors counted."""
    error, left, pushed = sides(m)
    return Bound(error, left + pushed)


def measured_by_a_policy_of_slope_1(m):
    """e + d in place of e + L_pi d."""
    error, left, _ = sides(m)
    e, d = enclose(abs(m.action_errors)).max(), enclose(abs(m.measurement_errors)).max()
    q, T = enclose(m.q), len(m.action_errors)
    return Bound(error, left + lipschitz(enclose(m.B)) * (e + d) * (1 - q**T) / (1 - q))


def attains(m):
    error, left, pushed = sides(m)
    q, T = enclose(m.q), len(m.action_errors)
    return Equal({"state error": (error, left + pushed * (1 - q**T) / (1 - q))})


def stays(m):
    error, _, pushed = sides(m)
    return Equal({"state error": (error, pushed / (1 - enclose(m.q)))})


def slope(m, values):
    """Lipschitz constant of actions `values[z]` at the points `z` of a line."""
    return (abs(values[1:] - values[:-1]) / enclose(m.points[1:] - m.points[:-1])).max()


def on_a_cover(m, slopes=(1, 1)):
    """Error everywhere; on the demonstrated points plus the slope of the difference times r; with both slopes."""
    L, E = enclose(m.learner), enclose(m.expert)
    apart = abs(L - E)
    shown, r = (apart * m.shown).max(), enclose(m.radius)
    both = slope(m, L) * slopes[0] + slope(m, E) * slopes[1]
    return Bound(apart.max(), shown + slope(m, L - E) * r, shown + both * r)


def slope_of_the_learner_alone(m):
    *_, right = on_a_cover(m, (1, 0)).sides
    return Bound(on_a_cover(m).sides[0], right)


def cover_attains(m):
    everywhere, sharp, both = on_a_cover(m).sides
    return Equal({"slope of the difference": (everywhere, sharp), "both slopes": (everywhere, both)})


# ---- draws
def contract(x):
    """Coefficients of x and |x| in the closed loop, with rows of sum at most q."""
    rows = (abs(x.straight) + abs(x.bent)).sum(axis=-1)
    share = x.q / np.where(rows > 1, rows, rows * 0 + 1)
    return x.straight * share[..., None], x.bent * share[..., None]


def within(x):
    """Distance of the farthest point from the demonstrated ones, of which the first point is always one."""
    points, shown = places(x), show(x)
    apart = abs(points[:, None] - points[None, :]) + (1 - shown) * points[-1]
    return x.like(apart.min(axis=-1).max())


def places(x):
    return x.like(np.tri(x.sizes["Z"], dtype=int)) @ x.gaps


def show(x):
    first = np.arange(x.sizes["Z"]) == 0
    return x.like((first | (bare(x.shown) == 1)).astype(int))


FAMILY = Family(
    blocks=dict(
        straight=Box("S", "S", lower=-1),
        bent=Box("S", "S", lower=-1),
        B=Box("S", "U", lower=-1),
        K=Box("U", "S", lower=-2, upper=2),
        M=Box("U", "S", lower=-2, upper=2),
        x=Box("S", lower=-1),
        y=Box("S", lower=-1),
        action_errors=Box("T", "U", lower=-1),
        measurement_errors=Box("T", "S", lower=-1),
        q=Choice(of=("1/4", "1/2", "9/10")),
    ),
    sizes=dict(S=(1, 2), U=(1, 2), T=(1, 3)),
    models=dict(
        A=lambda x: contract(x)[0] - x.B @ x.K,
        N=lambda x: contract(x)[1] - x.B @ x.M,
        **{name: (lambda x, name=name: getattr(x, name)) for name in ("B", "K", "M", "x", "y", "q")},
        action_errors=lambda x: x.action_errors,
        measurement_errors=lambda x: x.measurement_errors,
    ),
)
COVER = Family(
    blocks=dict(gaps=Box("Z", lower="1/8"), learner=Box("Z"), expert=Box("Z"), shown=Choice("Z", of=(0, 1))),
    sizes=dict(Z=(2, 4)),
    models=dict(points=places, shown=show, radius=within, learner=lambda x: x.learner, expert=lambda x: x.expert),
)


# ---- exact instances and controls
def scalar(closed, q, T, k=0, e=1, d=0, x=0):
    """x' = closed x + k (error of measurement) + (error of action), with constant errors e and d; y starts in 0."""
    return system([[closed]], [[1]], [[k]], [[x]], q, T, e, d)


def system(closed, B, K, x, q, T, e=1, d=0):
    closed, B, K = objects(closed), objects(B), objects(K)
    x = objects(np.ravel(x))
    return Instance(
        A=closed - B @ K,
        N=closed * 0,
        B=B,
        K=K,
        M=K * 0,
        x=x,
        y=x * 0,
        q=objects(q),
        action_errors=objects([[e] * B.shape[1]] * T),
        measurement_errors=objects([[d] * len(B)] * T),
    )


def shear(T):
    """Spectral radius 1/2; the second state pushes the first by 4."""
    return system([["1/2", 4], [0, "1/2"]], [[0], [1]], [[0, 0]], [0, 0], "1/2", T)


def tents(n, error=0):
    """Actions that move apart at slope 1 each from a demonstrated point to n and back, starting `error` apart."""
    rise = objects([*range(n + 1), *range(n - 1, -1, -1)])
    shown = objects([1] + [0] * (2 * n - 1) + [1])
    return Instance(
        points=objects(range(2 * n + 1)), shown=shown, radius=objects(n), learner=rise + rational(error), expert=-rise
    )


def curve(m):
    bound = sides(m)[2] / (1 - enclose(m.q))
    return {"error": [each.mid for each in state_errors(m)], "bound": [bound.mid]}


def figure(ax, rows):
    """State error against time under constant errors of 1, for closed loops of rate 1/2 and 9/10."""
    found = [row["data"] for row in rows if row["part"] == CONSTANT and not row.get("control")]
    for data, style, q in zip(found, ("o-C0", "^-C2"), ("1/2", "9/10"), strict=True):
        T = np.arange(1, len(data["error"]) + 1)
        ax.semilogy(T, data["error"], style, markersize=3, label=f"$q = {q}$")
        ax.axhline(data["bound"][0], color="k", linestyle="--", label="bound $1/(1-q)$" if q == "1/2" else None)
    failing = {row["label"]: row["sides"] for row in rows if row.get("control")}
    ax.semilogy(12, failing[SHEAR][0], "+C1", label="spectral radius $1/2$ (fails)")
    ax.semilogy(12, failing[DRIFT][0], "xC1", label="spectral radius 1 (fails)")
    ax.set(xlabel="time $T$", ylabel="state error")
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1), fontsize=6)


# ---- assumptions and the claim
def contracts(m):
    closed, bent = m.A + m.B @ m.K, m.N + m.B @ m.M
    return lipschitz(enclose(closed), enclose(bent)) <= enclose(m.q)


def covers(m):
    apart = abs(m.points[:, None] - m.points[None, :])
    return all(min(row[np.flatnonzero(m.shown == 1)]) <= m.radius[()] for row in apart)


CONTRACTS = Assumption("the closed loop contracts at rate q", contracts)
COVERS = Assumption("every point is within r of a demonstrated one", covers)
ATTAINED, STAYS, CONSTANT = "equality at every time", "the limit is kept", "constant errors"
LIMIT, NEAR, TENTS = "at any time", "errors on a cover", "tents attain it"
SHEAR, DRIFT = "a spectral radius of q", "a spectral radius of 1"
CLAIM = Claim(
    "action_errors_of_a_contracting_loop_stay_bounded",
    check,
    FAMILY,
    formula=(
        r"\lVert x_T - y_T \rVert \le q^T \lVert x_0 - y_0 \rVert + L_u (e + L_\pi d)\, \frac{1 - q^T}{1 - q} "
        r"\le q^T \lVert x_0 - y_0 \rVert + \frac{L_u (e + L_\pi d)}{1 - q}"
    ),
    papers=("almakdah2022",),
    tags=("robustness", "lipschitz", "closed-loop"),
    assumes=(CONTRACTS,),
    controls=(
        Control(DRIFT, lambda: scalar(1, "9/10", 12), drops=CONTRACTS.name),
        Control(SHEAR, lambda: shear(12), drops=CONTRACTS.name),
        Control("the errors of the last step alone", lambda: scalar("1/2", "1/2", 3), tightens=of_the_last_step),
        Control(
            "measurements through a policy of slope 1",
            lambda: scalar("1/2", "1/2", 5, k=3, e=0, d=1),
            tightens=measured_by_a_policy_of_slope_1,
        ),
        Control("half of the limit", lambda: scalar("1/2", "1/2", 3), tightens=half_of_the_limit, part=LIMIT),
        Control("the learner's slope alone", lambda: tents(2), tightens=slope_of_the_learner_alone, part=NEAR),
        Control(
            "points farther than r from those demonstrated",
            lambda: tents(2).replace(radius=objects(1)),
            drops=COVERS.name,
            part=NEAR,
        ),
    ),
    also=(
        Part(LIMIT, FAMILY, at_any_time, assumes=(CONTRACTS,)),
        Part(
            ATTAINED,
            lambda: [
                scalar(q, q, T, k, e, d, x)
                for q in ("1/2", "9/10")
                for T in (1, 2, 5)
                for k, e, d, x in ((0, 1, 0, 0), (2, 1, "1/2", 1))
            ],
            attains,
            assumes=(CONTRACTS,),
        ),
        Part(
            STAYS,
            lambda: [scalar("1/2", "1/2", T, x=2) for T in (1, 8)] + [scalar("9/10", "9/10", 8, k=1, e=0, d=1, x=10)],
            stays,
            assumes=(CONTRACTS,),
        ),
        Part(
            CONSTANT,
            lambda: [scalar(q, q, 12) for q in ("1/2", "9/10")],
            attains,
            assumes=(CONTRACTS,),
            data=curve,
        ),
        Part(NEAR, COVER, on_a_cover, assumes=(COVERS,)),
        Part(
            TENTS, lambda: [tents(n, error) for n in (1, 3) for error in (0, "1/2")], cover_attains, assumes=(COVERS,)
        ),
    ),
    figure=figure,
)
