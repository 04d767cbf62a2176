"""With a binary verifier the success of steering rises or falls to the verifier's precision as plans are added.

Statement  A frozen policy draws n plans; each succeeds with probability p. A verifier accepts a success with
           probability a and a failure with probability b; an accepted plan is executed if there is one, else a rejected
           one. With the acceptance rate q = p a + (1 - p) b > 0 the executed plan succeeds with probability
               P(n) = pa/q - (1 - q)^(n-1) p (1 - p) (a - b) / q,
           so that P(1) = p and P(n+1) - P(n) = (1 - q)^(n-1) p (1 - p) (a - b). If a >= b,
               P(n) <= P(n+1) <= pa/q,
           the precision pa/q being the limit; if a < b the inequalities are reversed. FOREWARN with a BinaryVerifier
           executes plans by this law.
Assumes    a >= b (in the chain).
Units      probabilities.
Kind       for all; identity
Source     adapted from Wu, Tian, Swamy and Bajcsy, 2025.
Proof      proofs/steering/binary_verifiers_approach_their_precision.md
"""

import numpy as np

from ... import measure
from ...base.arrays import floats, like, objects
from ...base.lifting import enclose
from ...instances.blocks import Box
from ...instances.family import Family
from ...instances.instance import Instance
from ...learn import FOREWARN, BinaryVerifier, fit, grant
from ...model import MDP, Finite, TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part

ACCEPTED = np.array([[1, 0, 1, 0]])
"""Whether a plan is accepted: (success, accepted), (success, rejected), (failure, accepted), (failure, rejected)."""


def rates(m):
    """p, a, b and the acceptance rate q."""
    p, a, b = (enclose(rate) for rate in (m.p, m.a, m.b))
    return p, a, b, p * a + (1 - p) * b


def success(m, n):
    """P(n) `[x]`, from the law of the best of n pairs of an outcome and a verdict."""
    pairs = np.stack([m.p * m.a, m.p * (1 - m.a), (1 - m.p) * m.b, (1 - m.p) * (1 - m.b)], axis=-1)
    return measure.best_of_n(TabularPolicy(pairs), ACCEPTED, n)[:, :2].sum(axis=-1)


def check(m):
    """The chain times q, which may be 0."""
    p, a, _, q = rates(m)
    return Bound(success(m, m.n) * q, success(m, m.n + 1) * q, p * a)


def without_gain(m):
    """The success with n plans in place of the precision."""
    now, more, _ = check(m).sides
    return Bound(now, more, now)


def sides(m, power):
    p, a, b, q = rates(m)
    step = p * (1 - p) * (a - b)
    return {
        "success": (success(m, m.n) * q, p * a - step * chance_of_rejection(q, power)),
        "gain of one more plan": (success(m, m.n + 1) - success(m, m.n), step * chance_of_rejection(q, m.n - 1)),
    }


def chance_of_rejection(q, plans):
    """(1 - q)^plans, the probability that all of them are rejected."""
    return (1 - q) ** plans if plans else 1


def closed_form(m):
    return Equal(sides(m, m.n - 1))


def one_rejection_more(m):
    return Equal(sides(m, m.n))


def by_the_learner(m):
    """FOREWARN on one decision between a success and a failure, and P(n)."""
    found = fit(steering(m), grant(task(m), episodes="exact"), rng=None).policy
    return Equal({"success": (measure.value(task(m), found), success(m, m.n)[0])})


def task(m):
    """One step; the first action succeeds, the second fails, and the return is 1 for a success."""
    P, r, rho = (like(x, m.p) for x in (np.broadcast_to(np.eye(2, dtype=int), (2, 2, 2)), [[1, 0]] * 2, [1, 0]))
    return MDP(P, r, rho, horizon=Finite(1))


def steering(m):
    base = TabularPolicy(np.broadcast_to(np.concatenate([m.p, 1 - m.p]), (2, 2)))
    return FOREWARN(base, BinaryVerifier(np.concatenate([m.a, m.b])), m.n)


ANY = Family(
    blocks=dict(p=Box("X", lower="1/8"), a=Box("X", lower="1/8"), b=Box("X")),
    sizes=dict(X=(1, 1), N=(1, 6)),
    models=dict(p=lambda x: x.p, a=lambda x: x.a, b=lambda x: x.b, n=lambda x: x.sizes["N"]),
)


def exchange_rates(x):
    """The draw with the larger one of a and b as a."""
    return type(x)(**{**vars(x), "a": np.where(x.a > x.b, x.a, x.b), "b": np.where(x.a > x.b, x.b, x.a)})


FAMILY = Family(blocks=ANY.blocks, sizes=ANY.sizes, models=ANY.models, repair=exchange_rates)


# ---- exact instances and controls
def with_rates(p, a, b, n):
    p, a, b = (objects([each]) for each in (p, a, b))
    return Instance(p=p, a=a, b=b, n=n)


def list_tasks():
    return [
        with_rates("1/4", a, b, n) for a, b in (("9/10", "1/10"), ("1/2", "1/2"), ("1/5", "4/5")) for n in (1, 2, 5)
    ]


def worst_of_n(best_of_n, reference, scores, n):
    """A rejected plan is preferred."""
    return best_of_n(reference, -scores, n)


def curve(m):
    """Success for the numbers of plans up to 64."""
    rates_in_order = [float(floats(rate)[0]) for rate in (m.p, m.a, m.b)]
    n = [2**k for k in range(7)]
    return {"n": n, "success": [success(m, k)[0].mid for k in n], "rates": rates_in_order}


def figure(ax, rows):
    """Success against the number of plans, and the precision of each verifier."""
    found = [row for row in rows if row["part"] == CURVES and not row.get("control")]
    for row, colour in zip(found, ("C0", "C2", "C1"), strict=True):
        draw_curve(ax, row["data"], colour)
    ax.plot([], [], "k--", linewidth=1, label="precision")
    ax.set_xscale("log", base=2)
    ax.set(xlabel="number of plans $n$", ylabel="probability of success", ylim=(0, 1))
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1))


def draw_curve(ax, data, colour):
    """One verifier's success, and its precision as a dashed line."""
    p, a, b = data["rates"]
    words = f"$a = {a:g}$, $b = {b:g}$" + ("" if a >= b else " (fails)")
    ax.plot(data["n"], data["success"], "o-", color=colour, label=words)
    ax.axhline(p * a / (p * a + (1 - p) * b), color="k", linestyle="--", linewidth=1)


CURVES = "success of each verifier"
BETTER = Assumption("successes are accepted at least as often as failures", lambda m: m.a >= m.b)
CLAIM = Claim(
    "binary_verifiers_approach_their_precision",
    check,
    FAMILY,
    formula=(
        r"P(n) \le P(n+1) \le \frac{pa}{q}, \qquad P(n) = \frac{pa}{q} - (1-q)^{n-1}\, \frac{p(1-p)(a-b)}{q}, "
        r"\qquad q = pa + (1-p)b"
    ),
    papers=("wu2025forewarn",),
    tags=("steering", "verifiers", "best-of-n"),
    assumes=(BETTER,),
    controls=(
        Control("failures accepted more often", lambda: with_rates("3/10", "1/5", "4/5", 2), drops=BETTER.name),
        Control("no gain from one more plan", lambda: with_rates("3/10", "4/5", "1/5", 2), tightens=without_gain),
        Control(
            "a rejected plan preferred",
            lambda: with_rates("3/10", "4/5", "1/5", 2),
            sabotages=measure.best_of_n,
            by=worst_of_n,
        ),
        Control(
            "one rejection more",
            lambda: with_rates("3/10", "4/5", "1/5", 2),
            tightens=one_rejection_more,
            at="success",
            part="closed form",
        ),
    ),
    also=(
        Part("closed form", ANY, closed_form),
        Part("FOREWARN", list_tasks, by_the_learner),
        Part(
            CURVES,
            lambda: [with_rates("1/4", a, b, 8) for a, b in (("9/10", "1/10"), ("4/5", "2/5"), ("3/10", "4/5"))],
            closed_form,
            data=curve,
        ),
    ),
    figure=figure,
)
