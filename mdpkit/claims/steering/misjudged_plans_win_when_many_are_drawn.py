"""In the end, steering by a verifier that misjudges a rare failure succeeds less often as more plans are drawn.

Statement  Of n plans drawn from a frozen policy the one of highest score is executed. Let successes have probability p,
           and failures that score above every success probability e: they are misjudged. Then
               P(success) <= (1 - e)^n - (1 - e - p)^n,
           with equality if all other failures score below every success. In this case
               P(n+1) - P(n) = (p + e) (1 - e - p)^n - e (1 - e)^n:
           success rises up to the first n at which this is not positive and does not rise after it. It tends to 0 if
           e > 0, and rises to 1 if e = 0 and p > 0. For a binary verifier, which accepts successes with probability a
           and plans with probability q > 0, success tends to the precision pa/q.
Assumes    all other failures score below every success (in the equalities).
Units      probabilities.
Kind       for all; identity
Source     adapted from Wu, Tian, Swamy and Bajcsy, 2025, and Gao, Schulman and Hilton, 2023.
Proof      proofs/steering/misjudged_plans_win_when_many_are_drawn.md
"""

from itertools import pairwise

import numpy as np

from ... import measure
from ...base.arrays import floats, objects
from ...base.lifting import law
from ...ink.figures import panels
from ...instances.blocks import Choice, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...model import TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def success(m, n):
    return (measure.best_of_n(m.base, m.scores, n) * m.good).sum(axis=-1)


def mark_misjudgements(m):
    """Whether an outcome is a failure that scores above every success, `[x,y]`."""
    best = np.where(m.good == 1, m.scores, -1).max(axis=-1)
    return (1 - m.good) * (m.scores > best[..., None]).astype(int)


def masses(m):
    """Probabilities p of a success and e of a misjudged failure, `[x]`."""
    reference = law(m.base, "table")
    return (reference * m.good).sum(axis=-1), (reference * mark_misjudgements(m)).sum(axis=-1)


def check(m):
    p, e = masses(m)
    return Bound(success(m, m.n), (1 - e) ** m.n - (1 - e - p) ** m.n)


def double_the_mass(m):
    p, e = masses(m)
    return Bound(success(m, m.n), (1 - e * 2) ** m.n - (1 - e * 2 - p) ** m.n)


def equality(m):
    p, e = masses(m)
    n, gain = m.n, success(m, m.n + 1) - success(m, m.n)
    return Equal(
        {
            "success": (success(m, n), (1 - e) ** n - (1 - e - p) ** n),
            "gain of one more plan": (gain, (p + e) * (1 - e - p) ** n - e * (1 - e) ** n),
        }
    )


def by_a_right_verifier(m):
    """As if no failure were misjudged."""
    p, _ = masses(m)
    return Equal({**equality(m).pairs, "success": (success(m, m.n), 1 - (1 - p) ** m.n)})


def peak(m):
    """The number of plans of highest success up to 40, and the first without a gain."""
    p, e = masses(m)
    found = [success(m, n)[0].lower for n in range(1, 41)]
    first = next(n for n in range(1, 41) if bool(((p + e) * (1 - e - p) ** n <= e * (1 - e) ** n).all()))
    up, down = found[:first], found[first - 1 :]
    return Equal(
        {
            "peak": (1 + found.index(max(found)), first),
            "rises before": (int(all(x < y for x, y in pairwise(up))), 1),
            "does not rise after": (int(all(x >= y for x, y in pairwise(down))), 1),
        }
    )


def by_verdicts(m):
    """The success of a binary verifier, times its rate of acceptance q: pa - (1 - q)^(n-1) (pa - pq)."""
    reference = law(m.base, "table")
    p, q, pa = ((reference * part).sum(axis=-1) for part in (m.good, m.scores, m.good * m.scores))
    return Equal({"success": (success(m, m.n) * q, pa - (1 - q) ** (m.n - 1) * (pa - p * q))})


FAMILY = Family(
    blocks=dict(law=Simplex("X", to="Y"), scores=Choice("X", "Y", of=(0, 1, 2, 3)), good=Choice("X", "Y", of=(0, 1))),
    sizes=dict(X=(1, 1), Y=(2, 5), N=(1, 5)),
    models=dict(
        base=lambda x: TabularPolicy(x.law), scores=lambda x: x.scores, good=lambda x: x.good, n=lambda x: x.sizes["N"]
    ),
)


def judge_the_rest(x):
    """The draw with scores of 1 for successes, and of 0 or 2 for failures."""
    return type(x)(**{**vars(x), "scores": np.where(x.good == 1, 1 + 0 * x.scores, x.scores * 2)})


JUDGED = Family(
    blocks=FAMILY.blocks | dict(scores=Choice("X", "Y", of=(0, 0, 1))),
    sizes=FAMILY.sizes,
    models=FAMILY.models,
    repair=judge_the_rest,
)


# ---- exact instances and controls
def outcomes(n, law, scores, good):
    return Instance(base=TabularPolicy(objects([law])), scores=np.array([scores]), good=np.array([good]), n=n)


def rare(e="1/400", n=2):
    """A success of probability 1/4, a failure that is misjudged, and other failures."""
    (e,) = objects([e])
    return outcomes(n, [objects("1/4")[()], e, objects("3/4")[()] - e], [1, 2, 0], [1, 0, 0])


def without_a_right_verifier(n=2):
    """Some other failures score as high as a success."""
    return outcomes(n, ["1/4", "1/4", "1/2"], [1, 1, 0], [1, 0, 0])


def verdicts(a, b, n=8):
    """Successes of probability 1/4 and failures, each accepted (score 1) or rejected (0) at the rates a and b."""
    p, a, b = objects(["1/4", a, b])
    return outcomes(n, [p * a, p * (1 - a), (1 - p) * b, (1 - p) * (1 - b)], [1, 0, 1, 0], [1, 1, 0, 0])


def one_draw(best_of_n, reference, scores, n):
    return best_of_n(reference, scores, 1)


def curves(m):
    """Success, its bound (1 - e)^n and the success of a right verifier, for numbers of plans up to 4096."""
    p, e = (each[0].mid for each in masses(m))
    n = [2**k for k in range(13)]
    return {
        "n": n,
        "success": [float((1 - e) ** k - (1 - e - p) ** k) for k in n],
        "right": [float(1 - (1 - p) ** k) for k in n],
    }


def curve(m):
    """Success of a binary verifier for numbers of plans up to 64, and its precision."""
    accepted = (m.base.table * m.scores)[0]
    n = [2**k for k in range(7)]
    precision = float(floats(objects([(accepted * m.good[0]).sum() / accepted.sum()]))[0])
    return {"n": n, "success": [success(m, k)[0].mid for k in n], "precision": [precision]}


def figure(ax, rows):
    """Binary verifiers with their precisions, and verifiers that misjudge a rare failure."""
    left, right = panels(ax, 2)
    drawn = [row for row in rows if not row.get("control") and row.get("data")]
    verifiers = [row for row in drawn if row["part"] == BINARY]
    for row, (a, b), colour in zip(verifiers, RATES, ("C0", "C2", "C1"), strict=True):
        words = f"a = {a}, b = {b}" + (" (fails)" if colour == "C1" else "")
        left.plot(row["data"]["n"], row["data"]["success"], "o-", color=colour, label=words)
        left.axhline(row["data"]["precision"][0], color="k", linestyle="--", linewidth=1)
    left.plot([], [], "k--", linewidth=1, label="precision")
    wrong = [row for row in drawn if row["part"] == PEAK]
    for row, e, style in zip(wrong, RARE, ("o-C0", "s-C2"), strict=True):
        right.plot(row["data"]["n"], row["data"]["success"], style, label=f"misjudged failure, $e$ = {e}")
    right.plot(wrong[0]["data"]["n"], wrong[0]["data"]["right"], "k--", label="right verifier")
    right.axhline(1 / 4, color="grey", linestyle=":", label="frozen policy")
    for each in (left, right):
        each.set_xscale("log", base=2)
        each.set(xlabel="number of plans $n$", ylabel="probability of success", ylim=(0, 1.03))
        each.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1))


RATES = (("9/10", "1/10"), ("4/5", "2/5"), ("3/10", "4/5"))
RARE = ("1/400", "1/40")
BINARY, EQUAL, PEAK = "binary verifiers tend to their precision", "equality", "the peak"
REST = Assumption(
    "all other failures score below every success",
    lambda m: not ((1 - m.good - mark_misjudgements(m)) * (m.scores >= np.where(m.good == 1, m.scores, 9).min())).any(),
)
CLAIM = Claim(
    "misjudged_plans_win_when_many_are_drawn",
    check,
    FAMILY,
    formula=(
        r"P_n(\mathrm{success}) \le (1 - e)^n - (1 - e - p)^n, \qquad P_{n+1} - P_n = (p + e)(1 - e - p)^n - e (1 - e)^n"
    ),
    papers=("wu2025forewarn", "gao2023"),
    tags=("steering", "verifiers", "overoptimisation"),
    controls=(
        Control("the misjudged mass twice", lambda: rare("1/10"), tightens=double_the_mass),
        Control("one plan drawn", lambda: rare("1/2", n=6), sabotages=measure.best_of_n, by=one_draw),
        Control("no failure misjudged", lambda: rare("1/10"), tightens=by_a_right_verifier, at="success", part=EQUAL),
        Control("ties with other failures", without_a_right_verifier, drops=REST.name, part=EQUAL),
    ),
    also=(
        Part(EQUAL, JUDGED, equality, assumes=(REST,)),
        Part(PEAK, lambda: [rare(e) for e in RARE], peak, data=curves),
        Part(BINARY, lambda: [verdicts(*rates) for rates in RATES], by_verdicts, data=curve),
    ),
    figure=figure,
)
