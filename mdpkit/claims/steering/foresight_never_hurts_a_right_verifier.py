"""A verifier that sees outcomes is never worse than one that sees plan labels, and better by a bounded amount.

Statement  Plan m has value g(x, m) in the hidden state x, drawn from mu. Of n plans drawn from w a chooser that sees
           their labels executes the one of highest mean value E_x g(x, m), a chooser that foresees the outcomes the one
           of highest g(x, m). With M' the smaller of n and the number of plans, and R = max g - min g,
               V(label) <= V(foresight) <= V(label) + (1 - 1/M') R (1 - sum_m w_m^n).
           A matching task attains the right side: two states, two plans, and each plan succeeds in one state. For two
           plans with d(x) = g(x, 1) - g(x, 2) foresight is worth (1 - w_1^n - w_2^n) (E|d| - |E d|) / 2 more than the
           label: for n >= 2, mu > 0 and w > 0, nothing exactly if one plan is at least as good in every state.
Assumes    the foresight is right: the foreseen values are those of g.
Units      g has any unit.
Kind       for all; exists
Source     adapted from Wu, Tian, Swamy and Bajcsy, 2025, and Blackwell, 1953.
Proof      proofs/steering/foresight_never_hurts_a_right_verifier.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...base.lifting import enclose, law
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.coverage import fill_support
from ...instances.library.steering import rank
from ...model import TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def choose(m, ranks):
    """Law of the executed plan, `[x,m]`, by ranks `[x,m]`."""
    states = len(m.values)
    everywhere = TabularPolicy(np.concatenate([m.base.table] * states))
    return measure.best_of_n(everywhere, ranks, m.n)


def average(m, plans):
    """E_x sum_m plans(x, m) g(x, m)."""
    return ((plans * enclose(m.values)).sum(axis=-1) * law(m.states, "table")[0]).sum()


def by_label(m):
    mean = (enclose(m.values) * law(m.states, "table")[0][:, None]).sum(axis=0)
    return average(m, choose(m, np.stack([rank(mean)] * len(m.values))))


def by_foresight(m):
    return average(m, choose(m, rank(enclose(m.foreseen))))


def most(m, share=1):
    """(1 - 1/M') R (1 - sum_m w_m^n), divided by `share`."""
    plans = min(m.n, m.base.table.shape[1])
    g = enclose(m.values)
    several = 1 - (law(m.base, "table") ** m.n).sum()
    return (g.max() - g.min()) * several * (plans - 1) / (plans * share)


def check(m):
    return Bound(by_foresight(m) - by_label(m), most(m))


def half(m):
    return Bound(by_foresight(m) - by_label(m), most(m, 2))


def never_hurts(m):
    return Bound(by_label(m), by_foresight(m))


def worth_nothing(m):
    return Bound(by_foresight(m), by_label(m))


def attains(m):
    return Equal({"worth": (by_foresight(m) - by_label(m), most(m))})


def closed_form(m):
    """Two plans: the worth by the differences d(x) of their values."""
    g, mu = enclose(m.values), law(m.states, "table")[0]
    d = g[:, 0] - g[:, 1]
    two = 1 - (law(m.base, "table") ** m.n).sum()
    return Equal({"worth": (by_foresight(m) - by_label(m), ((abs(d) * mu).sum() - abs((d * mu).sum())) * two / 2)})


FAMILY = Family(
    blocks=dict(mu=Simplex("One", to="X"), w=Simplex("One", to="M"), g=Box("X", "M")),
    sizes=dict(One=(1, 1), X=(1, 3), M=(2, 3), N=(2, 4)),
    models=dict(
        states=lambda x: TabularPolicy(x.mu),
        base=lambda x: TabularPolicy(fill_support(x.w)),
        values=lambda x: x.g,
        foreseen=lambda x: x.g,
        n=lambda x: x.sizes["N"],
    ),
)

TWO_PLANS = Family(blocks=FAMILY.blocks, sizes=FAMILY.sizes | dict(M=(2, 2)), models=FAMILY.models)


# ---- exact instances and controls
def task(values, n=2, foreseen=None):
    values = objects(values)
    X, M = values.shape
    return Instance(
        states=TabularPolicy(objects([[f"1/{X}"] * X])),
        base=TabularPolicy(objects([[f"1/{M}"] * M])),
        values=values,
        foreseen=values if foreseen is None else objects(foreseen),
        n=n,
    )


def matching(n=2):
    """Each of two plans succeeds in one of two states."""
    return task([[1, 0], [0, 1]], n)


def mislead(n=2):
    """The model predicts that each plan succeeds where it fails."""
    return task([[1, 0], [0, 1]], n, foreseen=[[0, 1], [1, 0]])


def worst_of_n(best_of_n, reference, scores, n):
    return best_of_n(reference, -scores, n)


def curves(m):
    """Values in the matching task, and with predictions that are wrong, for numbers of plans up to 8."""
    n = list(range(1, 9))
    return {
        "n": n,
        "label": [by_label(matching(k)).mid for k in n],
        "foresight": [by_foresight(matching(k)).mid for k in n],
        "bound": [(by_label(matching(k)) + most(matching(k))).mid for k in n],
        "wrong": [by_foresight(mislead(k)).mid for k in n],
    }


def figure(ax, rows):
    """The matching task: value of a verifier that sees labels, and of one that foresees outcomes."""
    data = next(row["data"] for row in rows if row["part"] == MATCHING and row.get("data"))
    ax.plot(data["n"], data["bound"], "k--", label="bound")
    ax.plot(data["n"], data["foresight"], "oC0", label="predicted outcomes")
    ax.plot(data["n"], data["label"], "s-C2", label="plan labels")
    ax.plot(data["n"], data["wrong"], "x-C1", label="wrong predictions (fails)")
    ax.set(xlabel="number of plans $n$", ylabel="probability of success", ylim=(0, 1.03))
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1))


HARMLESS, MATCHING = "it never hurts", "a matching task attains it"
RIGHT = Assumption("the foresight is right", lambda m: (m.foreseen == m.values).all())
CLAIM = Claim(
    "foresight_never_hurts_a_right_verifier",
    check,
    FAMILY,
    formula=(
        r"V(\mathrm{label}) \le V(\mathrm{foresight}) \le V(\mathrm{label}) + \Big(1 - \frac{1}{\min(n, M)}\Big) "
        r"(\max g - \min g) \Big(1 - \sum_m w_m^n\Big)"
    ),
    papers=("wu2025forewarn", "blackwell1953"),
    tags=("steering", "information", "best-of-n"),
    assumes=(RIGHT,),
    controls=(
        Control("half of the range", lambda: matching(3), tightens=half),
        Control("foresight worth nothing", matching, tightens=worth_nothing, part=HARMLESS),
        Control("predictions that are wrong", mislead, drops=RIGHT.name, part=HARMLESS),
        Control("the worst plan executed", matching, sabotages=measure.best_of_n, by=worst_of_n, part=HARMLESS),
    ),
    also=(
        Part(HARMLESS, FAMILY, never_hurts, assumes=(RIGHT,)),
        Part(MATCHING, lambda: [matching(n) for n in (2, 3, 6)], attains, assumes=(RIGHT,), data=curves),
        Part("two plans", TWO_PLANS, closed_form, assumes=(RIGHT,)),
    ),
    figure=figure,
)
