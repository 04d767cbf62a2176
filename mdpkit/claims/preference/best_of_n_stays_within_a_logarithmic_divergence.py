"""The best of n responses drawn from the reference has divergence at most log n - (n-1)/n from it.

Statement  Let pi_n be the law of the response of highest score among n independent draws from the reference, ties in
           proportion to the reference. With F the distribution function of the score under the reference,
               pi_n(y) = ref(y) (F(y)^n - F(y-)^n) / (F(y) - F(y-)),
               KL(pi_n || ref) <= log n - (n-1)/n.
           The bound cannot be improved: for K equally likely responses of different scores and n >= 2 the divergence is
           at least log n - (n-1)/n - (n/K) (1 + (n-1)/K) log 2. It depends on the scores only through their order, and
           ties make it smaller: with all scores equal it is 0.
Assumes    the reference covers every response; no two scores are equal (approached).
Units      KL in nats; scores have any unit.
Kind       for all; exists (the bound is approached)
Source     adapted from Beirami and others, 2025.
Proof      proofs/preference/best_of_n_stays_within_a_logarithmic_divergence.md
"""

from itertools import product

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...instances.blocks import Choice, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.coverage import fill_support
from ...model import TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def divergence(m):
    return measure.best_of_n_divergence(m.reference, m.scores, m.n).max()


def most(m):
    """log n - (n-1)/n"""
    return (measure.logarithm(m.n) * m.n - (m.n - 1)) / m.n


def check(m):
    return Bound(divergence(m), most(m))


def twice_the_fraction(m):
    return Bound(divergence(m), (measure.logarithm(m.n) * m.n - (m.n - 1) * 2) / m.n)


def approach(m):
    K, n = m.reference.table.shape[1], m.n
    missing = measure.logarithm(2) * (n * (K + n - 1)) / K**2
    return Bound(most(m) - missing, divergence(m))


def enumerate_draws(m):
    """The law by all sequences of n draws."""
    law, scores = m.reference.table[0], m.scores[0]
    found = law * 0
    for drawn in product(range(len(law)), repeat=m.n):
        chance = law[list(drawn)].prod()
        top = [y for y in drawn if scores[y] == max(scores[z] for z in drawn)]
        for y in top:
            found[y] += chance / len(top)
    return Equal({"law": (measure.best_of_n(m.reference, m.scores, m.n)[0], found)})


def ties_won_by_all(m):
    """F(y)^n - (F(y) - ref(y))^n, as if a tie were won by each of its responses."""
    law, scores = m.reference.table[0], m.scores[0]
    upto = (law * (scores[None, :] <= scores[:, None])).sum(axis=-1)
    return Equal({"law": (upto**m.n - (upto - law) ** m.n, enumerate_draws(m).pairs["law"][1])})


def draws():
    """Laws and scores of three responses, drawn from a fixed generator, and n from 1 to 4."""
    rng = np.random.default_rng(0)
    found = []
    for n in (1, 2, 3, 4):
        for _ in range(6):
            law, scores = rng.integers(1, 9, 3), rng.integers(0, 3, 3)
            found.append(responses(n, [f"{p}/{law.sum()}" for p in law], scores))
    return found


FAMILY = Family(
    blocks=dict(law=Simplex("X", to="Y"), scores=Choice("X", "Y", of=(0, 1, 2, 3))),
    sizes=dict(X=(1, 1), Y=(2, 5), N=(1, 4)),
    models=dict(
        reference=lambda x: TabularPolicy(fill_support(x.law)),
        scores=lambda x: x.scores,
        n=lambda x: x.sizes["N"],
    ),
)


# ---- exact instances and controls
def responses(n, law, scores):
    return Instance(reference=TabularPolicy(objects([law])), scores=objects([scores]), n=n)


def equally_likely(n, K, tied=False):
    return responses(n, [f"1/{K}"] * K, [0] * K if tied else list(range(K)))


def draw_twice_as_many(best_of_n_divergence, reference, scores, n):
    return best_of_n_divergence(reference, scores, 2 * n)


UNTIED = Assumption("no two scores are equal", lambda m: len(set(m.scores[0].tolist())) == m.scores.shape[1])


def figure(ax, rows):
    """Divergence against the number of responses, as a share of the bound."""
    found = [row for row in rows if row["part"] == APPROACHED and not row.get("control")]
    for n, marker in ((2, "o"), (4, "s"), (16, "^")):
        own = [row for row in found if row["parameters"]["n"] == n]
        at = [row["data"]["K"] for row in own]
        ax.plot(at, [row["data"]["share"] for row in own], f"{marker}C0", label=f"n = {n}")
    ax.plot([8, 64], [1, 1], "k--", label="$\\log n - (n-1)/n$")
    for row in rows:
        if row.get("control") and row["label"] == TIED:
            ax.plot(64, row["sides"][1], "xC1", label="all scores equal (fails)")
    ax.set_xscale("log", base=2)
    ax.set(xlabel="number of responses", ylabel="divergence / bound")
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1))


LAW, APPROACHED, TIED = "the law", "the bound is approached", "all scores equal"
CLAIM = Claim(
    "best_of_n_stays_within_a_logarithmic_divergence",
    check,
    FAMILY,
    formula=r"\mathrm{KL}(\pi_n \,\Vert\, \mathrm{ref}) \le \log n - \frac{n - 1}{n}",
    papers=("beirami2025",),
    tags=("preferences", "best-of-n"),
    controls=(
        Control("twice the fraction", witness=lambda: equally_likely(16, 64), tightens=twice_the_fraction),
        Control(
            "twice as many draws",
            witness=lambda: equally_likely(4, 64),
            sabotages=measure.best_of_n_divergence,
            by=draw_twice_as_many,
        ),
        Control(TIED, witness=lambda: equally_likely(4, 64, tied=True), drops=UNTIED.name, part=APPROACHED),
        Control(
            "ties won by all",
            lambda: responses(2, ["1/2", "1/4", "1/4"], [1, 1, 0]),
            tightens=ties_won_by_all,
            at="law",
            part=LAW,
        ),
    ),
    also=(
        Part(LAW, draws, enumerate_draws),
        Part(
            APPROACHED,
            lambda: [equally_likely(n, K) for n in (2, 4, 16) for K in (8, 16, 32, 64)],
            approach,
            assumes=(UNTIED,),
            data=lambda m: {"K": m.reference.table.shape[1], "share": divergence(m).mid / most(m).mid},
        ),
    ),
    figure=figure,
)
