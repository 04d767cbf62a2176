"""The mean cost of two state laws differs by at most sqrt(2 V D) + D, V the smaller variance and D their divergence.

Statement  For laws P, Q of states and a cost f, let g = |E_P f - E_Q f|, V = the smaller of Var_P f and Var_Q f, and
           D = sum_s (P - Q)^2 / (P + Q). Then
               g^2 <= (2 V + g) D,  hence  g <= sqrt(2 V D) + D <= 2 sqrt(V D) + D.
           The last two bounds mean g s (1-s) <= (1-s)^2 V c + s D for every s in [0, 1], with c = 1/2 and c = 1. On two
           states g^2 (1 - D/2) = (Var_P f + Var_Q f) D. In the first bound neither 2 V nor g can have a smaller factor.
Assumes    costs lie in [0, 1].
Units      D in [0, 2], at most twice the KL divergence in either direction; f and g in units of cost; V in squared
           units of cost.
Kind       for all; identity (two states); exists
Source     adapted from Wu, Chen, Swamy, Brantley and Sun, 2025.
Proof      proofs/imitation/state_divergence_bounds_the_gap_to_second_order.md
"""

from dataclasses import replace

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...ink.figures import bound
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def moments(m):
    """g, both variances, and D."""
    means = [measure.mean_product(m.f, 1, law) for law in (m.P, m.Q)]
    variances = [measure.mean_product(m.f, m.f, law) - mean**2 for law, mean in zip((m.P, m.Q), means, strict=True)]
    return abs(means[0] - means[1]), stack(variances), measure.triangular(m.P, m.Q)


def check(m, variance=2, part=1):
    g, V, D = moments(m)
    return Bound(g**2, (V.min() * variance + g / part) * D)


def by_roots(m, parts=(2, 1)):
    """2 sqrt(V D / c) + D for each c, times s (1-s); 2 sqrt(x y) is the minimum over s of (1-s) x / s + s y / (1-s)."""
    g, V, D = moments(m)
    return Bound(g * m.s * (1 - m.s), *(V.min() / c * (1 - m.s) ** 2 + D * m.s for c in parts))


def of_two_states(m):
    g, V, D = moments(m)
    return Equal({"squared gap": (g**2 * (2 - D), V.sum() * D * 2)})


def shares(m):
    g, V, D = moments(m)
    return Equal({"gap": (g**2, (V.min() * 2 + g * m.part) * D)})


FAMILY = Family(
    blocks=dict(P=Simplex(to="S"), Q=Simplex(to="S"), f=Box("S")),
    sizes=dict(S=(2, 4)),
    models=dict(P=lambda x: x.P, Q=lambda x: x.Q, f=lambda x: x.f),
)
WITH_S = replace(FAMILY, blocks={**FAMILY.blocks, "s": Box()}, models={**FAMILY.models, "s": lambda x: x.s[()]})


# ---- instances
def two(p, q, height=1):
    """P gives the second state with probability p, Q with q; it costs `height`, the first nothing. q <= p <= 1/2."""
    p, q = rational(p), rational(q)
    laws = dict(P=objects([1 - p, p]), Q=objects([1 - q, q]))
    return Instance(**laws, f=objects([0, height]), p=p, q=q, part=1 - (p + 3 * q) / 2)


def pairs():
    return [
        two(p, q) for p, q in (("1/2", 0), ("1/1000", 0), ("1/2", "1/4"), ("1/2", "499/1000"), ("1/1000", "1/2000"))
    ]


def published_pair(p, q, s):
    return two(p, q).replace(s=rational(s))


def squared_variation(triangular, p, q):
    return abs(p - q).sum() ** 2 / 4


UNIT = Assumption("costs lie in [0, 1]", lambda m: ((m.f >= 0) & (m.f <= 1)).all())
PUBLISHED = "as published"
CLAIM = Claim(
    "state_divergence_bounds_the_gap_to_second_order",
    check,
    FAMILY,
    formula=(
        r"g^2 \le (2V + g)\, D, \qquad g \le \sqrt{2 V D} + D \le 2 \sqrt{V D} + D, \qquad D = \sum_s \frac{(P(s) "
        r"- Q(s))^2}{P(s) + Q(s)}"
    ),
    papers=("wu2025",),
    tags=("divergences", "second-order"),
    assumes=(UNIT,),
    controls=(
        Control("the variance once", witness=lambda: two("51/100", "1/2"), tightens=lambda m: check(m, variance=1)),
        Control("half of the gap", witness=lambda: two("1/100", 0), tightens=lambda m: check(m, part=2)),
        Control("costs up to 4", witness=lambda: two("1/100", 0, 4), drops=UNIT.name),
        Control(
            "squared total variation",
            witness=lambda: two("1/100", 0),
            sabotages=measure.triangular,
            by=squared_variation,
        ),
        Control(
            "sqrt(V D) + D",
            witness=lambda: published_pair("51/100", "1/2", "19/20"),
            tightens=lambda m: by_roots(m, [4]),
            part=PUBLISHED,
        ),
    ),
    also=(
        Part(PUBLISHED, WITH_S, by_roots, assumes=(UNIT,)),
        Part("two states", replace(FAMILY, sizes=dict(S=(2, 2))), of_two_states, assumes=(UNIT,)),
        Part("pairs that approach it", pairs, shares, assumes=(UNIT,)),
    ),
    figure=bound,
    sides=(r"$g^2$", r"$(2V + g)\,D$"),
)
