"""The score divergence of noised state distributions, over all noise levels, is their KL divergence.

Statement  Place state s at a point x_s of a line, all different, and let P_t, Q_t be the laws of
           s_t ~ N(e^-t x_s, 1 - e^-2t) for s ~ P and s ~ Q. With u = e^-2t / (1 - e^-2t) and
               DS(t) = integral over times t' >= t of E_{P_t'} |grad log P_t' - grad log Q_t'|^2 dt',
               k(s) = sum over s' != s of sqrt(Q(s') / Q(s)) e^(-u (x_s - x_s')^2 / 8),
               KL(P || Q) - E_P k <= DS(t) <= KL(P || Q),    DS(t) = KL(P_t || Q_t),
           so that DS(t) tends to KL(P || Q) as t tends to 0, for every embedding without two states on one point.
Assumes    the points are all different; P is absolutely continuous with respect to Q.
Units      KL in nats; t is the time of the Ornstein-Uhlenbeck process ds = -s dt + sqrt(2) dB.
Kind       for all (enumerated); identity
Source     adapted from Wu, Chen, Swamy, Brantley and Sun, 2025; as an integral over u it is that of Verdu, 2010.
Proof      proofs/imitation/score_divergence_is_the_kl_divergence.md
"""

from fractions import Fraction

from ... import measure
from ...base.arrays import objects, rational
from ...instances.instance import Instance
from ...model import TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def divergence(p, q):
    """KL(p || q) of two laws `[s]`."""
    return measure.kl(TabularPolicy(p[None]), TabularPolicy(q[None]))[0].enclose()


def check(m, exponent=1):
    """`exponent` multiplies that of the truncation error."""
    kl = divergence(m.P, m.Q)
    seen = (m.P > 0).nonzero()[0]
    left_out = (measure.confusion(m.x, m.Q, m.u * exponent)[seen] * m.P[seen]).sum()
    return Bound(kl - left_out, measure.score_divergence(m.x, m.P, m.Q, m.u), kl)


def of_noised_laws(m):
    between = (measure.noised_log_ratio(m.x, m.P, m.Q, m.u) * m.P).sum()
    return Equal({"divergence": (measure.score_divergence(m.x, m.P, m.Q, m.u), between)})


# ---- instances
def place(x, P, Q, u, name="other"):
    """Laws P and Q of states at points x, and the ratio u of signal to noise at the first time."""
    return Instance(x=objects(x), P=objects(P), Q=objects(Q), u=rational(u), name=name)


PAIR = ["1/2", "1/2"], ["1/4", "3/4"]
RARE = ["1/10", "9/10"], ["9/10", "1/10"]


def embeddings():
    return [
        *(place([0, 1], *PAIR, u, "pair") for u in (1, 4, 9, 16, 36, 64)),
        *(place([0, x], *RARE, 16) for x in ("1/2", 1)),
        place([0, 1], [1, 0], ["1/2", "1/2"], 25),
        place([0, 1, 3], ["1/2", 0, "1/2"], ["1/4", "1/2", "1/4"], 4),
        place([2, 0, "1/2"], ["1/3", "1/3", "1/3"], ["1/6", "1/3", "1/2"], 9),
    ]


def low_noise():
    return [
        *(place([0, 1], *laws, u) for laws, u in ((PAIR, 100), (RARE, 64))),
        place([0, 1, 3], ["1/2", "1/4", "1/4"], ["1/4", "1/2", "1/4"], 36),
        place([0, 1, 2, 3], ["1/2", "1/5", "1/5", "1/10"], ["1/10", "1/4", "3/10", "7/20"], 25),
    ]


# ---- wrong processes
def twice_the_variance(original, x, p, q, snr):
    """With variance 2 - 2 e^-2t the scores are those at half the ratio, and their integral is half as large."""
    return original(x, p, q, snr) / 2


def reversed_drift(original, x, p, q, snr):
    """Of the process ds = +s dt + sqrt(2) dB: its ratio of signal to noise 1 / (1 - e^-2t) falls to 1, not to 0."""
    return original(x, p, q, snr) - original(x, p, q, objects(1))


def figure(ax, rows):
    """What the times before the first leave out of the KL divergence, and its bound."""
    at = [
        row
        for row in rows
        if row["part"] == "statement" and not row.get("control") and row["parameters"]["name"] == "pair"
    ]
    u = [float(Fraction(row["parameters"]["u"])) for row in at]
    ax.plot(u, [row["sides"][2] - row["sides"][1] for row in at], "oC0", label="left out")
    ax.plot(u, [row["sides"][2] - row["sides"][0] for row in at], "--k", label="bound")
    left, right = next(row["sides"] for row in rows if row.get("control") and row["label"] == EXPONENT)
    ax.plot(36, right - left, "xC1", label="with twice the exponent (fails)")
    ax.set(xlabel="signal to noise $u$ at the first time", ylabel="KL $-$ DS", yscale="log", ylim=(1e-6, 20))
    ax.legend(fontsize=6)


DIFFERENT = Assumption("the points are all different", lambda m: len(set(m.x.tolist())) == len(m.x))
CONTINUOUS = Assumption("P is absolutely continuous with respect to Q", lambda m: not ((m.P > 0) & (m.Q == 0)).any())
EXPONENT = "twice the exponent"
NOISED = "the divergence of the noised laws"
CLAIM = Claim(
    "score_divergence_is_the_kl_divergence",
    check,
    embeddings,
    formula=(
        r"\mathrm{KL}(P \Vert Q) - r_t \le \int_t^\infty \mathbb{E}_{P_{t'}} \lvert \nabla \log P_{t'} - \nabla \log Q_{t'} "
        r"\rvert^2\, dt' \le \mathrm{KL}(P \Vert Q), \qquad r_t = \mathbb{E}_{s \sim P} \sum_{s' \neq s} \sqrt{Q(s') / Q(s)}\; "
        r"e^{-u (x_s - x_{s'})^2 / 8}, \qquad u = \frac{e^{-2t}}{1 - e^{-2t}}"
    ),
    papers=("wu2025", "verdu2010"),
    tags=("divergences", "scores", "state-only"),
    assumes=(DIFFERENT, CONTINUOUS),
    controls=(
        Control(
            "two states on one point",
            witness=lambda: place([0, 0, 1], ["1/4", "1/4", "1/2"], ["1/2", "1/8", "3/8"], 25),
            drops=DIFFERENT.name,
        ),
        Control(EXPONENT, witness=lambda: place([0, 1], *PAIR, 36), tightens=lambda m: check(m, 2)),
        Control(
            "twice the variance",
            witness=lambda: place([0, 1], *PAIR, 36),
            sabotages=measure.score_divergence,
            by=twice_the_variance,
        ),
        Control(
            "reversed drift",
            witness=lambda: place([0, 1], *PAIR, 36),
            sabotages=measure.score_divergence,
            by=reversed_drift,
        ),
    ),
    also=(Part(NOISED, embeddings, of_noised_laws, assumes=(DIFFERENT, CONTINUOUS), thorough=low_noise),),
    resolution=Fraction(1, 10**6),
    thorough=low_noise,
    figure=figure,
)
