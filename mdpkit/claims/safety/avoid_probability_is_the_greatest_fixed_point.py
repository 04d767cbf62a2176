"""The maximal avoid probability is the greatest fixed point of its equation, reached by iteration from 1, not from 0.

Statement  Let T q = (0 on failure, else max_a P q), p = max over policies of P(failure never occurs), q = P(failure
           never occurs) under one stationary policy, and 1 the function that is 1 outside failure and 0 on it. For
           every n
               q <= p <= T^{n+1} 1 <= T^n 1,      T^n 1 = the maximal probability of n steps without failure.
           p = T p; every c p with c in [0, 1] solves the equation too, and T^n 0 = 0: the least solution is 0. p = 1
           exactly on the viability kernel, which depends only on the support of the transitions; a stationary policy
           attains p.
Assumes    nothing: any finite SafetyProblem.
Units      probabilities.
Kind       for all; identity
Source     adapted from Abate, Prandini, Lygeros and Sastry, 2008.
Proof      proofs/safety/avoid_probability_is_the_greatest_fixed_point.md
"""

import numpy as np

from ... import measure
from ...instances.blocks import Choice, Simplex
from ...instances.family import Family
from ...instances.library.safety import add_failure, race
from ...model import SafetyProblem
from ...solve import solve
from ...verify.claim import Bound, Claim, Control, Equal, Part


def under(problem, choice):
    """The problem restricted to the chosen actions `[s]`."""
    return SafetyProblem(problem.failure, P=problem.P[np.arange(problem.S), choice][:, None])


def sides(m):
    now = measure.avoid_probability(m.problem, steps=m.steps)
    later = measure.avoid_probability(m.problem, steps=1, after=now)
    return measure.avoid_probability(under(m.problem, m.choice)), measure.avoid_probability(m.problem), later, now


def check(m):
    return Bound(*sides(m))


def reached_in_n_steps(m):
    _, p, _, now = sides(m)
    return Bound(now, p)


def facts(m):
    p, kernel = measure.avoid_probability(m.problem), measure.viability_kernel(m.problem)
    best = solve(m.problem).policy.table.argmax(axis=1)
    return {
        "p = T p": (p, measure.avoid_probability(m.problem, steps=1, after=p)),
        "p / 2 solves it too": (p / 2, measure.avoid_probability(m.problem, steps=1, after=p / 2)),
        "from 0 nothing is reached": (measure.avoid_probability(m.problem, steps=m.steps, after=p * 0), 0),
        "1 on the kernel": (p * kernel, kernel),
        "below 1 elsewhere": (int(bool((p * (1 - kernel)).max() < 1)), 1),
        "attained": (measure.avoid_probability(under(m.problem, best)), p),
    }


def equation(m):
    return Equal(facts(m))


def possible_is_sure(m):
    hopeful = 1 - measure.tube(m.problem)
    return Equal({**facts(m), "1 on the kernel": (measure.avoid_probability(m.problem) * hopeful, hopeful)})


FAMILY = Family(
    blocks=dict(P=Simplex("S", "A", to="S"), failure=Choice("S", of=(0, 0, 1)), choice=Choice("S", of="A")),
    sizes=dict(N=(1, 4), S=(2, 4), A=(1, 2)),
    models=dict(
        problem=lambda x: SafetyProblem(x.failure == 1, P=x.P), choice=lambda x: x.choice, steps=lambda x: x.sizes["N"]
    ),
    repair=add_failure,
)


# ---- controls
def iterated_from_0(avoid_probability, problem, steps=None, after=None):
    """A hundred sweeps from 0 in place of the infinite-horizon value."""
    if steps is not None:
        return avoid_probability(problem, steps, after)
    return avoid_probability(problem, steps=100, after=avoid_probability(problem, steps=0) * 0)


def numbers(m):
    sweeps = [measure.avoid_probability(m.problem, steps=n)[0].mid for n in range(9)]
    return {"from 1": sweeps, "for ever": measure.avoid_probability(m.problem)[0].mid}


def figure(ax, rows):
    """Sweeps from 1 and from 0 on the leaking state."""
    row = next(row for row in rows if row["part"] == "the leak")
    n = range(len(row["data"]["from 1"]))
    ax.plot(n, row["data"]["from 1"], "o-C0", label="$T^n 1$: $n$ steps without failure")
    ax.plot(n, [0 for _ in n], "x-C1", label="$T^n 0$ (fails)")
    ax.axhline(row["data"]["for ever"], color="k", linestyle="--", label="$p$: for ever")
    ax.set(xlabel="sweeps $n$", ylabel="probability")
    ax.legend()


CLAIM = Claim(
    "avoid_probability_is_the_greatest_fixed_point",
    check,
    FAMILY,
    formula=(
        r"q \le p = T p \le T^{n+1} \mathbf{1} \le T^n \mathbf{1}, \qquad (T q)(s) = \max_a \sum_{s'} P(s' \mid s, "
        r"a)\, q(s') \text{ outside failure, } 0 \text{ on it}"
    ),
    papers=("abate2008",),
    tags=("reachability", "fixed-points"),
    controls=(
        Control("n steps in place of the infinite horizon", race, tightens=reached_in_n_steps),
        Control("sweeps from 0", race, sabotages=measure.avoid_probability, by=iterated_from_0, part="the equation"),
        Control(
            "reachability in place of the kernel",
            race,
            tightens=possible_is_sure,
            at="1 on the kernel",
            part="the equation",
        ),
    ),
    also=(Part("the equation", FAMILY, equation), Part("the leak", lambda: [race(1)], equation, data=numbers)),
    figure=figure,
)
