"""A bounded KL divergence and a correlation near 1 do not keep a proxy's gain from being a large loss in true reward.

Statement  For every k >= 2 there are a reference u on three responses, a policy pi, a true reward R and a proxy R' with
           KL(pi || u) <= 1/2 nat, correlation c / v >= 1 - 2 / 4^k under u and gain of the proxy at least
           2^k / (6k + 1), such that, with v = Var_u R = Var_u R',
               J(u) - J(pi) > 0  and  (J(u) - J(pi))^2 >= v 4^k / (6k + 1)^2:
           in standard deviations the true loss is unbounded. The third response has mass p = 16^(-k) under u and
           1/(6k) under pi, and rewards R = -2^k and R' = 2^k; the two others have rewards 1 and -1.
           The chi-square of pi and u is at least 16^k / (6k + 1)^2, as it must be large: a policy with chi-square of at
           most 1 loses at most one standard deviation, which is attained in the limit.
Assumes    pi gives the third response the mass 1/(6k), and the rest as u does.
Units      rewards have their own units; KL in nats.
Kind       exists (enumerated; that it holds for every k is proved in the note)
Source     adapted from Laidlaw, Singhal and Dragan, 2025.
Proof      proofs/preference/kl_does_not_bound_the_loss_of_a_correlated_proxy.md
"""

from ... import measure
from ...base.arrays import floats, objects, rational
from ...instances.library.preference.proxies import rare_disagreement
from ...model import TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part

THIRD = 2


def gain(m, reward):
    """E_pi - E_ref of a reward."""
    return measure.expected_reward(reward, m.policy) - measure.expected_reward(reward, TabularPolicy(reward.reference))


def moments(m):
    """Variances of the true reward and of the proxy, and their covariance, under the reference."""
    u = m.true.reference
    R, proxy = ((each.reward - (u * each.reward).sum()) for each in (m.true, m.proxy))
    return (u * R * R).sum(), (u * proxy * proxy).sum(), (u * R * proxy).sum()


def signed_square(x):
    """x |x|, which keeps the sign of x."""
    return x * abs(x)


def divergence(m):
    return measure.divergence_from_reference(m.true, m.policy)


def check(m):
    v, _, _ = moments(m)
    return Bound(v * 4**m.k / ((6 * m.k + 1) ** 2), signed_square(-gain(m, m.true)))


def twice(m):
    floor, lost = check(m).sides
    return Bound(floor * 2, lost)


def stays_near(m):
    return Bound(divergence(m), m.true.like("1/2"))


def gains(m):
    return Bound(m.true.like(f"{2**m.k}/{6 * m.k + 1}")[()], gain(m, m.proxy))


def correlates(m):
    v, w, c = moments(m)
    return Bound(v * w * (4**m.k - 2) ** 2 / 16**m.k, signed_square(c))


def spreads(m):
    return Bound(
        m.true.like(f"{16**m.k}/{(6 * m.k + 1) ** 2}")[()], measure.concentrability(m.true, m.policy, kind="chi2")
    )


def limit_the_loss(m):
    return Bound(signed_square(-gain(m, m.true)), moments(m)[0])


def share_the_variance(m):
    v, w, _ = moments(m)
    return Equal({"variance": (v, w)})


# ---- exact instances and controls
def move(k, mass=None, rest=None):
    """The policy with the given mass, 1/(6k) by default, on the third response."""
    m = rare_disagreement(k)
    mass = rational(1) / (6 * k) if mass is None else rational(mass)
    rest = m.true.reference[0, :THIRD] if rest is None else objects(rest)
    table = [[*(rest / rest.sum() * (1 - mass)), mass]]
    return m.replace(policy=TabularPolicy(objects(table)), k=k)


def near_in_chi_square(k=4):
    """The third response has mass p + 4^(-k) (1 - p): chi-square 1 - p."""
    p = rational(1) / 16**k
    return move(k, p + (1 - p) / 4**k)


def against_the_reward(k):
    """The policy u (1 - s (R - E_u R)) with s = 1 - 4^-k / 2, just below 1 / sqrt(v): it loses nearly sqrt(v)."""
    m = rare_disagreement(k)
    u, R = m.true.reference, m.true.reward
    table = u * (1 - (R - (u * R).sum()) * (1 - rational(1) / (2 * 4**k)))
    return m.replace(policy=TabularPolicy(table), k=k)


def near_the_limit(m):
    """At least the share 1 - 2 / 16^k of v."""
    v, _, _ = moments(m)
    return Bound(v * (16**m.k - 2) / 16**m.k, signed_square(-gain(m, m.true)), v)


def without_the_third(expected_reward, problem, policy):
    """The mean over the two responses on which the rewards agree."""
    table = policy.table * objects([[1, 1, 0]])
    return expected_reward(problem, TabularPolicy(table / table.sum(axis=-1)[:, None]))


def figure(ax, rows):
    """True and proxy gain and the divergence, against the reference mass of the third response."""
    found = [row for row in rows if row["part"] == "statement" and not row.get("control")]
    mass = [2.0 ** (-4 * row["parameters"]["k"]) for row in found]
    for name, style, words in (
        ("lost", "oC0", "loss of true reward"),
        ("floor", "k--", "$2^k/(6k + 1)$"),
        ("gained", "sC2", "gain of the proxy"),
        ("divergence", ":", r"$KL(\pi \| ref)$"),
    ):
        ax.plot(
            mass,
            [row["data"][name] for row in found],
            style,
            label=words,
            **({"color": "grey"} if style == ":" else {}),
        )
    for row in rows:
        if row.get("control") and row["label"] == NEAR:
            ax.plot(2.0**-16, row["sides"][1] ** 0.5, "xC1", label=r"$\chi^2 \leq 1$ (fails)")
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.invert_xaxis()
    ax.set(xlabel="reference mass $2^{-4k}$ of the third response", ylabel="standard deviations, nats")
    ax.legend(ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1))


def numbers(m):
    deviation = float(floats(objects(moments(m)[0]))) ** (1 / 2)
    lost, gained = (abs(gain(m, each).mid) / deviation for each in (m.true, m.proxy))
    return {"lost": lost, "gained": gained, "floor": 2**m.k / (6 * m.k + 1), "divergence": divergence(m).mid}


MOVED = Assumption("the third response has mass 1/(6k)", lambda m: m.policy.table[0, THIRD] * (6 * m.k) == 1)
IN_PROPORTION = Assumption("the others keep their proportions", lambda m: m.policy.table[0, 0] == m.policy.table[0, 1])
SMALL = Assumption(
    "chi-square at most 1", lambda m: measure.concentrability(m.true, m.policy, kind="chi2") <= m.true.like(1)
)
NEAR, KL, BOUNDED = "a chi-square of at most 1", "within half a nat", "bounded chi-square"
LIMIT = "bounded chi-square, attained in the limit"
SIZES = (2, 3, 4, 6, 8, 12, 16, 24)
ASSUMED = (MOVED, IN_PROPORTION)
CLAIM = Claim(
    "kl_does_not_bound_the_loss_of_a_correlated_proxy",
    check,
    instances=lambda: [move(k) for k in SIZES],
    formula=(
        r"\mathrm{KL}(\pi \,\Vert\, u) \le \tfrac12, \quad \mathrm{corr}_u(R, R') \ge 1 - \frac{2}{4^k}, \quad J'(\pi) > "
        r"J'(u), \qquad \frac{J(u) - J(\pi)}{\sigma} \ge \frac{2^k}{6k + 1}"
    ),
    papers=("laidlaw2025",),
    tags=("reward-hacking", "kl-regularisation"),
    assumes=ASSUMED,
    controls=(
        Control(NEAR, witness=near_in_chi_square, drops=MOVED.name),
        Control("twice the squared loss", witness=lambda: move(8), tightens=twice),
        Control(
            "the mean without the third response",
            witness=lambda: move(8),
            sabotages=measure.expected_reward,
            by=without_the_third,
        ),
        Control("all of the mass moved", witness=lambda: move(4, "3/4"), drops=MOVED.name, part=KL),
        Control("chi-square not bounded", witness=lambda: move(8), drops=SMALL.name, part=BOUNDED),
    ),
    also=(
        Part(KL, lambda: [move(k) for k in SIZES], stays_near, assumes=ASSUMED),
        Part("the proxy gains", lambda: [move(k) for k in SIZES], gains, assumes=ASSUMED),
        Part("the correlation is near 1", lambda: [move(k) for k in SIZES], correlates),
        Part("the variances are equal", lambda: [move(k) for k in SIZES], share_the_variance),
        Part("chi-square is large", lambda: [move(k) for k in SIZES], spreads, assumes=ASSUMED),
        Part(BOUNDED, lambda: [near_in_chi_square(k) for k in SIZES], limit_the_loss, assumes=(SMALL,)),
        Part(LIMIT, lambda: [against_the_reward(k) for k in SIZES], near_the_limit, assumes=(SMALL,)),
    ),
    data=numbers,
    figure=figure,
)
