"""Over all policies the optimum of self-improvement does not depend on the law of the data; that of IPO does.

Statement  Let P be any preference, ref a generator's and q an improver's reference, and write
               V(z|y) = e^((P(z beats y) - 1/2)/beta),   s*(z|y) = q(z|y) V(z|y) / Z(y),   p*(y) ~ ref(y) / Z(y).
           (s*, p*) is the saddle point of min_p max_s E[P(z beats y) - beta KL(s||q)] + beta KL(p||ref), y ~ p and
           z ~ s(.|y): any other s loses beta E_p KL(s||s*), any other p adds beta KL(p||p*). For pairs (y, z) drawn
           from mu the squared losses of s and p are
               E_mu (h(z|y) - h(y|y))^2,  h = log(s/s*),   and   E_mu (g(y) - g(z))^2,  g = log(p/p*):
           they vanish at (s*, p*) whatever mu is, and only there if mu gives every pair a positive probability. With
           two responses, and a probability of at least 3/16 of the pair (y, z) in this order,
               3/16 max (h(z|y) - h(y|y))^2 <= the loss of s.
           Over all policies the optimum of IPO at tau = beta/8, on the cycles with odds (4, 2, 2) and (4, 4, 4), moves
           by at least 9/10 in total variation if mu = (6, 1, 1)/8, or a rotation of it, is rotated by one response. In
           a restricted class the data matter for self-improvement too: in p ~ (t, 1, 1) the loss of p is least at a t
           that depends on mu. Revising repeatedly by s* can lower the win rate against the reference.
Assumes    for the bound, that every pair of different responses has a probability of at least 3/16 under mu; for the
           move, that the preferences are a cycle.
Units      losses and KL in nats (divided by beta); total variation in [0, 1].
Kind       identity; for all (the bound); exists (IPO, the restricted class, revision)
Source     adapted from Choi, Ahmadian, Geist, Pietquin and Azar, 2025; IPO: Azar et al., 2024.
Proof      proofs/preference/self_improvement_optimum_ignores_the_data_law.md
"""

import numpy as np

from ... import measure
from ...base.arrays import floats, objects
from ...base.lifting import enclose
from ...ink.figures import panels
from ...ink.simplex import simplex
from ...instances.blocks import Box
from ...instances.family import Family
from ...instances.instance import Instance
from ...model import TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def optimum(m):
    """s* `[y,z]` and p* `[y]`."""
    joint = m.q * m.V
    Z = joint.sum(axis=-1)
    p = m.ref / Z
    return joint / Z[:, None], p / p.sum()


def log(ratio):
    return measure.logarithm(enclose(ratio))


def improver_loss(m, s):
    """E_mu of ((P(z beats y) - 1/2)/beta - log s/q (z|y) + log s/q (y|y))^2."""
    h = log(m.V) - log(s) + log(m.q)
    own = log(np.diag(s)) - log(np.diag(m.q))
    return (enclose(m.mu[:, None] * m.mu[None, :]) * (h + own[:, None]) ** 2).sum()


def generator_loss(m, p):
    """E_mu of the squared difference, between y and z, of log p/ref (y) - log s*/q (y|y)."""
    s, _ = optimum(m)
    g = log(p) - log(m.ref) - log(np.diag(s)) + log(np.diag(m.q))
    return (enclose(m.mu[:, None] * m.mu[None, :]) * (g[:, None] - g[None, :]) ** 2).sum()


def check(m, own=1):
    s, p = optimum(m)
    pairs = enclose(m.mu[:, None] * m.mu[None, :])
    h, g = log(m.s) - log(s), log(m.p) - log(p)
    to_itself = (log(np.diag(m.s)) - log(np.diag(s))) * own
    return Equal(
        {
            "improver": (improver_loss(m, m.s), (pairs * (h - to_itself[:, None]) ** 2).sum()),
            "generator": (generator_loss(m, m.p), (pairs * (g[:, None] - g[None, :]) ** 2).sum()),
        }
    )


def without_the_diagonal(m):
    return check(m, own=0)


def value(m, p, s):
    """The objective minus 1/2, divided by beta."""
    gain = (enclose(s) * log(m.V)).sum(axis=-1) - measure.kl(TabularPolicy(s), TabularPolicy(m.q))
    return (enclose(p) * gain).sum() + measure.kl(TabularPolicy(p[None]), TabularPolicy(m.ref[None]))[0]


def saddle(m):
    s, p = optimum(m)
    lost = (enclose(m.p) * measure.kl(TabularPolicy(m.s), TabularPolicy(s))).sum()
    added = measure.kl(TabularPolicy(m.p[None]), TabularPolicy(p[None]))[0]
    return Equal(
        {
            "improver": (value(m, m.p, s) - value(m, m.p, m.s), lost),
            "generator": (value(m, m.p, s) - value(m, p, s), added),
        }
    )


def halve(kl, first, second):
    return kl(first, second) / 2


def only_there(m):
    """3/16 of the largest (h(z|y) - h(y|y))^2 is at most the loss."""
    s, _ = optimum(m)
    h = log(m.s) - log(s)
    own = log(np.diag(m.s)) - log(np.diag(s))
    return Bound(((h - own[:, None]) ** 2).max() * 3 / 16, improver_loss(m, m.s))


def half_of_the_loss(m):
    low, high = only_there(m).sides
    return Bound(low, high / 2)


def odds(upper):
    """V `[y,z]` from its entries above the diagonal: V(z|y) V(y|z) = 1."""
    n = upper.shape[-1]
    above, below = np.triu(np.ones((n, n), dtype=bool), 1), np.tril(np.ones((n, n), dtype=bool), -1)
    return np.where(above, upper, np.where(below, 1 / upper.swapaxes(-1, -2), upper / upper))


def normalise(rows):
    return rows / rows.sum(axis=-1, keepdims=True)


POSITIVE = Box("Y", lower="1/8")
SQUARE = Box("Y", "Y", lower="1/8")
FAMILY = Family(
    blocks=dict(upper=Box("Y", "Y", lower="1/4", upper=4), ref=POSITIVE, q=SQUARE, p=POSITIVE, s=SQUARE, mu=POSITIVE),
    sizes=dict(Y=(2, 3)),
    models=dict(V=lambda x: odds(x.upper))
    | {name: lambda x, name=name: normalise(getattr(x, name)) for name in ("ref", "q", "p", "s", "mu")},
)
HALF = Family(
    FAMILY.blocks | dict(mu=Box(lower="1/4", upper="3/4")),
    dict(Y=(2, 2)),
    FAMILY.models | dict(mu=lambda x: np.stack([x.mu[()], 1 - x.mu[()]])),
)


# ---- exact instances
def cycle(mu=(1, 1, 1), odds_=(4, 2, 2)):
    """Three responses on a cycle, with uniform references; 1 beats 2 with V = 4."""
    a, b, c = objects(list(odds_))
    V = objects([[1, 1 / a, c], [a, 1, 1 / b], [1 / c, b, 1]])
    even, law = objects(["1/3"] * 3), objects(list(mu))
    m = Instance(V=V, ref=even, q=np.stack([even] * 3), mu=law / law.sum(), weights=tuple(mu))
    s, p = optimum(m)
    return m.replace(s=s, p=p)


def identity_optimum(m):
    """IPO's minimiser at tau = beta / n for mu = weights / n: ref prod_x V(y|x)^weights(x) / Z."""
    return normalise(m.ref * np.prod([row**n for row, n in zip(m.V, m.weights, strict=True)], axis=0))


def identity_equations(m):
    """E_mu of log p/ref (y) - log p/ref (z) - (P(y beats z) - 1/2)/tau is 0 at IPO's minimiser, for each y."""
    h = log(identity_optimum(m)) - log(m.ref)
    excess = h[:, None] - h[None, :] - log(m.V.T) * sum(m.weights)
    return Equal({"slope": ((enclose(m.mu)[None, :] * excess).sum(axis=-1), objects([0, 0, 0]))})


def moves(m):
    """IPO's minimiser moves by at least 9/10 if the law of the data is rotated by one response."""
    turned = identity_optimum(m.replace(weights=(m.weights[2], *m.weights[:2])))
    own = identity_optimum(m)
    return Bound(m.V[0, 0] * 9 / 10, measure.total_variation(TabularPolicy(own[None]), TabularPolicy(turned[None]))[0])


def depend_on_data(m):
    """In the class p_t ~ (t, 1, 1), the generator's loss is minimal at log t = a(1) - E_mu[a | not 1], a = log p*."""
    _, p = optimum(m)
    a = log(p)

    def minimiser(weights):
        return a[0] - (a[1] * weights[1] + a[2] * weights[2]) / (weights[1] + weights[2])

    return Bound(m.V[0, 0] / 4, abs(minimiser((1, 4, 1)) - minimiser(m.weights)))


def revise(m, times):
    """The law after that many revisions of the reference by s*."""
    s, _ = optimum(m)
    law = m.ref
    for _ in range(times):
        law = law @ s
    return law


def win_rate(m, law):
    """(P(law beats ref) - 1/2) / beta."""
    return (enclose(m.ref)[:, None] * enclose(law)[None, :] * log(m.V)).sum()


def worse(m):
    """The second revision wins less often against the reference than the first."""
    return Bound(win_rate(m, revise(m, 2)), win_rate(m, revise(m, 1)))


# ---- instances and controls
def leaning():
    """Improver and generator off their optima, on even data."""
    m = cycle((3, 2, 1))
    return m.replace(s=objects([["1/2", "1/4", "1/4"]] * 3), p=objects(["1/2", "1/4", "1/4"]))


def two():
    V, half = objects([[1, 2], ["1/2", 1]]), objects(["1/2", "1/2"])
    return Instance(
        V=V,
        ref=half,
        q=np.stack([half] * 2),
        mu=objects(["1/4", "3/4"]),
        s=objects([["1/2", "1/2"], ["1/3", "2/3"]]),
        p=half,
    )


def unseen_pair():
    """The second response is never in the data, and the improver is wrong about it alone."""
    m = two()
    s, _ = optimum(m)
    return m.replace(mu=objects([1, 0]), s=np.stack([normalise(s[0] * objects([1, 3])), s[1]]))


def on_cycles():
    return [
        cycle(mu, abc).replace(odds=abc) for abc in ((4, 2, 2), (4, 4, 4)) for mu in ((6, 1, 1), (1, 6, 1), (1, 1, 6))
    ]


def of_a_reward():
    """Win probabilities linear in a score, V(z|y) = u_z / u_y: no cycle."""
    return cycle((6, 1, 1), (2, 2, "1/4"))


def on_other_data():
    return [cycle(mu) for mu in ((1, 1, 4), (2, 1, 8))]


def rare():
    m = cycle(odds_=(4, 4, 4))
    reference = objects(["2/3", "1/6", "1/6"])
    return [m.replace(ref=reference, q=np.stack([reference] * 3))]


def covers(m):
    apart = ~np.eye(len(m.mu), dtype=bool)
    return (m.mu[:, None] * m.mu[None, :] * 16 >= 3)[apart].all()


def numbers(m):
    """For the figure: IPO's minimiser and that of self-improvement."""
    return {"ipo": list(floats(identity_optimum(m))), "srpo": list(floats(optimum(m)[1]))}


def rates(m):
    return {"rates": [win_rate(m, revise(m, n)).mid for n in range(1, 7)]}


def figure(ax, rows):
    """Win rate against the number of revisions; the optima of IPO under several laws, and of self-improvement."""
    lines, triangle = panels(ax, 2)
    revised = next(row["data"]["rates"] for row in rows if row["part"] == REVISIONS and row.get("data"))
    lines.plot(range(1, 7), revised, "o-C0", label="revised by $s^*$")
    lines.plot([1, 6], [revised[0]] * 2, "C1", ls=":", label="no decrease (fails)")
    lines.set(xlabel="revisions", ylabel=r"(win rate $- \frac{1}{2}) / \beta$")
    lines.legend(fontsize=6)
    found = [row["data"] for row in rows if row["part"] == MOVES and row.get("data")]
    paths = ([each["ipo"] for each in found], "oC2", "IPO, six cases"), ([found[0]["srpo"]], "oC0", "self-improvement")
    simplex(triangle, paths)
    triangle.legend(fontsize=6, loc="upper right", bbox_to_anchor=(1.1, 1.02))


COVERED = Assumption("every pair of different responses has a probability of at least 3/16", covers)
CYCLIC = Assumption("the preferences are a cycle", lambda m: m.V[1, 0] > 1 and m.V[2, 1] > 1 and m.V[0, 2] > 1)
SADDLE, ONLY, SLOPES = "the optimum is a saddle point", "the improver's loss vanishes there alone", "optima of IPO"
MOVES, RESTRICTED, REVISIONS = (
    "the optimum of IPO moves",
    "in a restricted class the data matter",
    "revisions get worse",
)
CLAIM = Claim(
    "self_improvement_optimum_ignores_the_data_law",
    check,
    FAMILY,
    formula=(
        r"L_\mu(s) = \mathbb{E}_\mu \Big( \log \tfrac{s}{s^*}(z \mid y) - \log \tfrac{s}{s^*}(y \mid y) \Big)^2, \qquad "
        r"L_\mu(p) = \mathbb{E}_\mu \Big( \log \tfrac{p}{p^*}(y) - \log \tfrac{p}{p^*}(z) \Big)^2"
    ),
    papers=("choi2025", "azar2024"),
    tags=("preferences", "coverage"),
    controls=(
        Control("without the revision to itself", witness=leaning, tightens=without_the_diagonal, at="improver"),
        Control("half of the divergence", witness=leaning, sabotages=measure.kl, by=halve, part=SADDLE),
        Control("a pair that is not in the data", witness=unseen_pair, drops=COVERED.name, part=ONLY),
        Control("half of the loss", witness=two, tightens=half_of_the_loss, part=ONLY),
        Control("preferences without a cycle", witness=of_a_reward, drops=CYCLIC.name, part=MOVES),
    ),
    also=(
        Part(SADDLE, FAMILY, saddle),
        Part(ONLY, HALF, only_there, assumes=(COVERED,)),
        Part(SLOPES, on_cycles, identity_equations),
        Part(MOVES, on_cycles, moves, assumes=(CYCLIC,), data=numbers),
        Part(RESTRICTED, on_other_data, depend_on_data),
        Part(REVISIONS, rare, worse, data=rates),
    ),
    figure=figure,
    sides=(r"$L_\mu$", r"$L_\mu$ by $\log s/s^*$, $\log p/p^*$"),
)
