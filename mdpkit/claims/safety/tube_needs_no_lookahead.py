"""A shield on the failure set must look ahead as far as failure can be delayed; one on its tube needs no look-ahead.

Statement  Let K_k be the set of states that can avoid F for k steps, those that a shield on F with k steps of
           look-ahead admits; the tube is the set of states that cannot avoid F forever, the doomed states; N = least k
           with K_k = K_{k+1}.
           K_k is the complement of the tube for k = N and for no k < N; the shield on the tube without
           look-ahead admits no doomed state and excludes no other one; N <= number of doomed states outside F
           (attained by a corridor). For a cart of unit brake and top speed v, the shield with k steps of look-ahead
           admits C(v+2-k, 3) doomed states.
Assumes    nothing: any finite graph.
Units      steps; numbers of states.
Kind       identity; for all
Source     adapted from Qadri, Swamy, Francis, Kaess and Bajcsy, 2025.
Proof      proofs/safety/tube_needs_no_lookahead.md
"""

from math import comb

from ... import measure
from ...base.arrays import objects
from ...instances import double_integrator
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.safety import GRAPH, add_doomed_state, corridor, graph_problem, with_failure
from ...model import SafetyProblem
from ...verify.claim import Bound, Claim, Control, Equal, Part


def same(a, b):
    return bool((a == b).all())


def delay(problem):
    """N: the least number of look-ahead steps that identify the whole tube."""
    N, lost, more = 0, measure.tube(problem, steps=0), measure.tube(problem, steps=1)
    while not same(lost, more):
        N, lost, more = N + 1, more, measure.tube(problem, steps=N + 2)
    return N


def let_pass(problem, steps):
    """The number of doomed states admitted by a shield on failure with `steps` steps of look-ahead."""
    return (measure.tube(problem) - measure.tube(problem, steps=steps)).sum()


def facts(m, fewer, shield):
    N, tube = delay(m.problem), measure.tube(m.problem)
    seen = [int(same(measure.tube(m.problem, steps=k), tube)) for k in range(N + 1)]
    return {
        "N steps see the tube": (measure.tube(m.problem, steps=N - fewer), tube),
        "the tube is seen at once": (measure.tube(shield), measure.tube(shield, steps=0)),
        "fewer steps do not": (objects(seen), objects([0] * N + [1])),
    }


def shield_of(m):
    """The problem with the tube in the place of failure."""
    return with_failure(measure.tube(m.problem), m.problem)


def check(m):
    return Equal(facts(m, 0, shield_of(m)))


def one_step_less(m):
    return Equal(facts(m, 1, shield_of(m)))


def shield_on_failure(m):
    return Equal(facts(m, 0, m.problem))


def delay_bound(m):
    return Bound(delay(m.problem), let_pass(m.problem, 0))


def one_doomed_state_less(m):
    return Bound(delay(m.problem), let_pass(m.problem, 0) - 1)


def count(m):
    passed = [let_pass(m.problem, k) for k in range(m.vmax + 1)]
    return Equal({f"{k} steps": (count, comb(m.vmax + 2 - k, 3)) for k, count in enumerate(passed)})


FAMILY = Family(
    blocks=GRAPH,
    sizes=dict(S=(3, 6), A=(1, 2)),
    models=dict(problem=graph_problem),
    repair=add_doomed_state,
)


# ---- named instances and controls
def cart(vmax):
    """A cart of unit brake on a track so long that every braking distance fits."""
    return Instance(problem=double_integrator(1, vmax, vmax * (vmax + 1) // 2 + 1), vmax=vmax)


def full_delay(S):
    """Every doomed state delays failure by a step: the longest delay there is."""
    return corridor(S)


def along_one_action(tube, problem, steps=None):
    """Looks ahead along the last action only, as if it were the only one."""
    return tube(problem if steps is None else SafetyProblem(problem.failure, problem.successors[:, -1:]), steps)


def numbers(m):
    return {"let pass": [int(let_pass(m.problem, k).lower) for k in range(m.vmax + 1)]}


def figure(ax, rows):
    """Doomed states that a shield lets pass against its look-ahead, on carts of three top speeds."""
    less = []
    for vmax, style in ((7, "o-C0"), (5, "s-C2"), (3, "^-C4")):
        row = next(row for row in rows if row.get("parameters") == {"vmax": vmax})
        less.append((vmax - 1, row["data"]["let pass"][vmax - 1]))
        ax.plot(row["data"]["let pass"], style, label=f"shield on failure, top speed {vmax}")
        ax.plot(
            [comb(vmax + 2 - k, 3) for k in range(vmax + 1)], "k--", label="$C(v + 2 - k, 3)$" if vmax == 3 else None
        )
    ax.plot(*zip(*less, strict=True), "xC1", zorder=5, label="one step less (fails)")
    ax.plot(0, 0, "D", color="C5", clip_on=False, zorder=4, label="shield on the tube")
    ax.set(xlabel="look-ahead $k$", ylabel="doomed states let pass", ylim=(0, None))
    ax.legend()


CLAIM = Claim(
    "tube_needs_no_lookahead",
    check,
    FAMILY,
    formula=(
        r"K_N = B(F)^c \ne K_{N-1}, \qquad N \le \lvert B(F) \setminus F \rvert, \qquad K_0 = F^c, \quad K_{k+1} = "
        r"\{ s \in K_k : f(s, a) \in K_k \text{ for some } a \}"
    ),
    papers=("qadri2025",),
    tags=("shielding", "reachability"),
    controls=(
        Control(
            "one step of look-ahead less", witness=lambda: cart(7), tightens=one_step_less, at="N steps see the tube"
        ),
        Control(
            "a shield on failure without look-ahead",
            witness=lambda: cart(2),
            tightens=shield_on_failure,
            at="the tube is seen at once",
        ),
        Control("look-ahead along one action", witness=lambda: cart(2), sabotages=measure.tube, by=along_one_action),
        Control(
            "delay below the number of doomed states",
            lambda: full_delay(5),
            tightens=one_doomed_state_less,
            part="delay",
        ),
    ),
    also=(
        Part("delay", FAMILY, delay_bound),
        Part("carts", lambda: [cart(vmax) for vmax in range(1, 8)], count, data=numbers),
    ),
    figure=figure,
)
