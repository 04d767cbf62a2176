"""Score matching with affine scores distinguishes two laws of equal mean and different variance; linear rewards do not.

Statement  Let s be noised to y = s + z, z of mean 0 and variance v, independent of s, and predict s by a y + b. Under
           a law of mean m and variance w the least loss is w v / (w + v), attained at a = w / (w + v), b = (1 - a) m:
           affine scores depend on mean and variance alone. Let P and Q have means m, n and variances w, x. In the game
           with affine scores, the best a, b for Q lose under P, beyond the best ones for P,
               (v (m - n))^2 / (x + v)^2 + (w - x)^2 v^2 / ((w + v) (x + v)^2),
           positive unless means and variances agree. The best linear reward theta s with |theta| <= 1 gains |m - n|,
           and if m = n, no logistic classifier with logit theta s + b has a cross-entropy
           E_P log 1/D + E_Q log 1/(1-D) below 2 log 2, which is that of D = 1/2: both miss the variance.
Assumes    noise has mean 0 and a positive variance v, and is independent of the state.
Units      losses in squared units of the state; cross-entropy in nats.
Kind       identity; for all; exists (classifiers, enumerated)
Source     adapted from Wu, Chen, Swamy, Brantley and Sun, 2025.
Proof      proofs/imitation/affine_scores_see_spread_that_linear_rewards_miss.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.lifting import alike
from ...ink.figures import identity
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def moments(m, law):
    """Mean and variance of the state."""
    mean = measure.mean_product(m.x, 1, law)
    return mean, measure.mean_product(m.x, m.x, law) - mean**2


def noise_variance(m):
    return measure.mean_product(m.z, m.z, m.noise)


def loss(m, law, a, b):
    """E|a (s + z) + b - s|^2 over states of the law and noise, summed over all outcomes."""
    x, z, chances, noise = alike(m.x, m.z, law, m.noise)
    off = ((x[:, None] + z) * a + b - x[:, None]) ** 2
    return ((off * noise).sum(axis=1) * chances).sum()


def best(m, law):
    """The coefficients a, b of the best affine prediction."""
    mean, w = moments(m, law)
    a = w / (w + noise_variance(m))
    return a, (1 - a) * mean


def excess(m):
    return loss(m, m.P, *best(m, m.Q)) - loss(m, m.P, *best(m, m.P))


def check(m, variances=1):
    (mean, w), (other, x), v = moments(m, m.P), moments(m, m.Q), noise_variance(m)
    shift = (mean - other) ** 2 * v**2 / (x + v) ** 2
    spread = (w - x) ** 2 * v**2 / ((w + v) * (x + v) ** 2)
    return Equal({"excess": (excess(m), shift + spread * variances)})


def means_alone(m):
    return check(m, variances=0)


def least(m):
    """The least loss by its formula, that of the best coefficients, and that of any others."""
    _, w = moments(m, m.P)
    v = noise_variance(m)
    return Bound(w * v / (w + v), loss(m, m.P, *best(m, m.P)), loss(m, m.P, *alike(m.a, m.b)))


def without_noise(m):
    """As if the best coefficients of Q had the least loss under P."""
    _, w = moments(m, m.P)
    v = noise_variance(m)
    return Bound(w * v / (w + v), loss(m, m.P, *best(m, m.P)), loss(m, m.P, *best(m, m.P)) - excess(m))


def centre_noise(x):
    """The drawn noise, moved to mean 0, or both signs of 1 if it is certain."""
    z = x.z - (x.z * x.noise).sum()
    spread = (z**2 * x.noise).sum()
    return z if spread > 0 else x.like(np.where(np.arange(len(z)) % 2, 1, -1))


def spread_noise(x):
    z = x.z - (x.z * x.noise).sum()
    if (z**2 * x.noise).sum() > 0:
        return x.noise
    return x.like((np.arange(len(z)) < 2).astype(int)) / 2


FAMILY = Family(
    blocks=dict(
        x=Box("S", lower=-1),
        z=Box("Z", lower=-1),
        P=Simplex(to="S"),
        Q=Simplex(to="S"),
        noise=Simplex(to="Z"),
        a=Box(lower=-1, upper=2),
        b=Box(lower=-1),
    ),
    sizes=dict(S=(2, 3), Z=(2, 3)),
    models=dict(
        x=lambda x: x.x,
        z=centre_noise,
        P=lambda x: x.P,
        Q=lambda x: x.Q,
        noise=spread_noise,
        a=lambda x: x.a,
        b=lambda x: x.b,
    ),
)


# ---- equal means
def spread(v=1, mean=0):
    """States -1, 0 and 1: P is mostly in the middle, Q at the ends. The noise takes two values of variance v^2."""
    v = rational(v)
    return Instance(
        x=objects([-1, 0, 1]),
        P=objects(["1/8", "3/4", "1/8"]),
        Q=objects(["1/2", 0, "1/2"]),
        z=objects([-v, v]) + rational(mean),
        noise=objects(["1/2", "1/2"]),
        a=objects("1/2"),
        b=objects(0),
        noise_size=str(v),
    )


def bias_noise():
    """Noise of mean 1/2, and laws of different means."""
    return spread(1, "1/2").replace(Q=objects(["1/4", 0, "3/4"]))


def spreads():
    return [spread(v) for v in ("1/4", "1/2", 1, 2, 4)]


def misses(m):
    """The gain of the best linear reward, and the excess of affine scores."""
    (mean, w), (other, x) = moments(m, m.P), moments(m, m.Q)
    v = noise_variance(m)
    return Equal(
        {"linear reward": (abs(mean - other), 0), "excess": (excess(m), (w - x) ** 2 * v**2 / ((w + v) * (x + v) ** 2))}
    )


def classify():
    """The spread laws, and odds rho tau^s of classifiers for P, at several rho and tau."""
    pairs = [(rational(rho), rational(tau)) for rho in ("1/2", 1, 2) for tau in ("1/3", 1, 2)]
    return [spread().replace(odds=objects([rho / tau, rho, rho * tau])) for rho, tau in pairs]


def cross_entropy(m, odds):
    """E_P log 1/D + E_Q log 1/(1-D) of a classifier with D = odds / (1 + odds)."""
    odds, P, Q = alike(odds, m.P, m.Q)
    of_one = measure.logarithm(odds + 1)
    return ((of_one - measure.logarithm(odds)) * P).sum() + (of_one * Q).sum()


def classifier(m, odds=None):
    return Bound(measure.logarithm(2) * 2, cross_entropy(m, m.odds if odds is None else odds))


def quadratic_logit(m):
    """With odds 4 in the middle and 1/4 at both ends."""
    return classifier(m, objects(["1/4", 4, "1/4"]))


def counted_once(mean_product, f, g, weights):
    """The first outcome counts twice."""
    return mean_product(f, g, weights * objects([2, *[1] * (len(weights) - 1)]))


CENTRED = Assumption("noise has mean 0", lambda m: (m.z * m.noise).sum() == 0)
NOISY = Assumption("noise has a positive variance", lambda m: (m.z**2 * m.noise).sum() > 0)
LEAST, LOGISTIC = "the least loss", "logistic classifiers"
CLAIM = Claim(
    "affine_scores_see_spread_that_linear_rewards_miss",
    check,
    FAMILY,
    formula=(
        r"\mathbb{E}_P \big[ \ell_Q - \ell_P \big] = \frac{v^2 (m_P - m_Q)^2}{(\sigma_Q^2 + v)^2} + \frac{v^2 (\sigma_P^2 "
        r"- \sigma_Q^2)^2}{(\sigma_P^2 + v)(\sigma_Q^2 + v)^2}, \qquad \sup_{\lvert \theta \rvert \le 1} \theta (m_P - m_Q) = "
        r"\lvert m_P - m_Q \rvert"
    ),
    papers=("wu2025",),
    tags=("scores", "state-only", "discriminators"),
    assumes=(CENTRED, NOISY),
    controls=(
        Control("means alone", witness=spread, tightens=means_alone, at="excess"),
        Control("noise of mean 1/2", witness=bias_noise, drops=CENTRED.name),
        Control("the first outcome counted twice", witness=spread, sabotages=measure.mean_product, by=counted_once),
        Control("a quadratic logit", witness=lambda: classify()[4], tightens=quadratic_logit, part=LOGISTIC),
        Control("a loss below the least", witness=spread, tightens=without_noise, part=LEAST),
    ),
    also=(
        Part(LEAST, FAMILY, least, assumes=(CENTRED, NOISY)),
        Part(LOGISTIC, classify, classifier),
        Part("laws of equal mean", spreads, misses, assumes=(CENTRED, NOISY)),
    ),
    figure=identity,
)
