"""Maximum causal entropy matches features; trajectory entropy treats transition noise as controllable and need not.

Statement  Let V(theta) = max_pi E_pi[sum_t <theta, phi> + log 1/pi], let pi_theta be the policy that attains it, and
           let phi(pi) be the expected sum of the features phi over an episode. Then
               grad V(theta) = phi(pi_theta),     V(theta) + <phi(pi_theta), theta' - theta> <= V(theta'),
           so that the dual L(theta) = V(theta) - <theta, phi(E)> is convex, and features match where its gradient is 0:
               phi(pi_theta) = phi(E) at a theta that is enclosed; the learner's features are within 1/10^6 of phi(E).
           If trajectories are weighted by P(trajectory) e^reward instead, the policy is pi_theta where every transition
           is certain. Otherwise transition noise is treated as controllable, and features that match in the model this
           implies can differ in the MDP.
Assumes    every transition is certain, i.e. deterministic (last sentence but one).
Units      entropy in nats, at temperature 1; features and J are undiscounted sums over an episode.
Kind       identity; for all; exists (enumerated)
Source     adapted from Ziebart, Bagnell and Dey, 2010; for trajectories Ziebart, Maas, Bagnell and Dey, 2008.
Proof      proofs/imitation/causal_entropy_matches_features.md
"""

from fractions import Fraction
from functools import cache

import numpy as np

from ... import measure
from ...base.arrays import exactly, objects, rational
from ...base.interval import stack
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.imitation.features import noisy_ring
from ...learn import MaxCausalEntropy, fit, grant
from ...model import MDP, Finite
from ...solve import match_features
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Formal, Part


def check(m):
    return Equal(
        {
            "gradient": (
                measure.entropy_slope(m.mdp, m.features, m.theta),
                measure.entropy_features(m.mdp, m.features, m.theta),
            )
        }
    )


def convex(m, at="theta"):
    """The tangent, with the gradient at `theta` or at `other`, and the value that it bounds from below."""
    ahead = (measure.entropy_features(m.mdp, m.features, getattr(m, at)) * (m.other - m.theta)).sum()
    return Bound(
        measure.entropy_value(m.mdp, m.features, m.theta) + ahead, measure.entropy_value(m.mdp, m.features, m.other)
    )


def slope_of_the_end(m):
    return convex(m, at="other")


FAMILY = Family(
    blocks=dict(
        P=Simplex("S", "A", to="S"),
        rho=Simplex(to="S"),
        features=Box("K", "S", "A"),
        theta=Box("K", lower=-2, upper=2),
    ),
    sizes=dict(H=(1, 3), S=(1, 3), A=(2, 3), K=(1, 2)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.features[0], x.rho, horizon=Finite(x.sizes["H"])),
        features=lambda x: x.features,
        theta=lambda x: x.theta,
    ),
)


# ---- the parameters that the learner finds
def fit_ring(seed, chance=1):
    """A noisy ring and `theta`, the learner's last iterate."""
    m = noisy_ring(seed, chance)
    access = grant(m.mdp, expert=m.expert, demonstrations="exact", episodes="exact")
    theta = fit(MaxCausalEntropy(m.features), access, rng=np.random.default_rng(0)).trace["theta"][-1]
    return m.replace(theta=objects(exactly(theta)))


@cache
def problems(seeds=(0, 1)):
    return [fit_ring(seed, chance) for seed in seeds for chance in (0, "1/4", "1/2", "3/4", 1)]


def further():
    return problems((2,))


def apart(seed):
    """The learned parameter, rounded to thousandths so that results do not depend on the processor, and another one."""
    m = fit_ring(seed)
    theta = objects([Fraction(round(float(x) * 1000), 1000) for x in m.theta])
    far = objects(np.random.default_rng(seed).integers(1, 5, len(theta)))
    return Instance(mdp=m.mdp, features=m.features, theta=theta, other=theta + far)


# ---- the optimum
def expert_features(m):
    """The expert's features `[k]`."""
    d = measure.occupancy(m.mdp, m.expert)
    return stack([(d * feature).sum() for feature in m.features])


def match(m, kind="causal"):
    """The features, in the MDP, of the policy whose features in its own model are the expert's."""
    theta = match_features(m.mdp, m.features, expert_features(m), kind)
    return Equal({"features": (measure.entropy_features(m.mdp, m.features, theta, kind), expert_features(m))})


def by_trajectories(m):
    return match(m, "trajectory")


def learner_matches(m):
    off = abs(measure.entropy_features(m.mdp, m.features, m.theta) - expert_features(m))
    return Bound(off.max(), rational("1/1000000"))


def certain(m):
    kinds = (measure.entropy_features(m.mdp, m.features, m.theta, kind) for kind in ("causal", "trajectory"))
    return Equal({"features": tuple(kinds)})


def mismatch(m):
    """The largest feature mismatch of each kind."""
    pairs = (each.pairs["features"] for each in (match(m), by_trajectories(m)))
    return {"off": [abs(a - b).max().upper[()] for a, b in pairs]}


def trajectories(features, *args):
    return features(*args, "trajectory")


def figure(ax, rows):
    """Feature mismatch against the share of noise in the transitions."""
    at = [row for row in rows if row["part"] == OPTIMUM and "data" in row]
    for kind, (style, label) in enumerate((("oC0", "causal entropy"), ("xC1", "trajectory entropy (fails)"))):
        ax.plot(
            [float(Fraction(row["parameters"]["chance"])) for row in at],
            [row["data"]["off"][kind] for row in at],
            style,
            label=label,
        )
    ax.axhline(1e-8, color="k", linestyle="--", label="resolution")
    ax.set(xlabel="share of noise in a transition", ylabel="feature mismatch", yscale="log")
    ax.legend(loc="center", bbox_to_anchor=(0.6, 0.66))


CERTAIN = Assumption("every transition is certain", lambda m: ((m.mdp.P == 0) | (m.mdp.P == 1)).all())
TANGENT, OPTIMUM, SURE = "a convex value", "features are matched", "certain transitions"
CLAIM = Claim(
    "causal_entropy_matches_features",
    check,
    FAMILY,
    formula=(
        r"\nabla V(\theta) = \phi(\pi_\theta), \qquad V(\theta) + \langle \phi(\pi_\theta), \theta' - \theta "
        r"\rangle \le V(\theta'), \qquad V(\theta) = \max_\pi\, \mathbb{E}_\pi \sum_t \big( \langle \theta, "
        r"\phi(s_t, a_t) \rangle - \log \pi_t(a_t \mid s_t) \big)"
    ),
    papers=("ziebart2010", "ziebart2008"),
    tags=("inverse-reinforcement-learning", "entropy"),
    formal=(
        Formal(
            "Lean 4",
            "jin-yidan/verified-rl",
            "27ad2be",
            "maxent_irl_dual_concave",
            "weaker",
            "concavity of an entropy term under a scalar parameter, with Q assumed linear in it; no gradient",
        ),
        Formal(
            "Lean 4",
            "jin-yidan/verified-rl",
            "27ad2be",
            "maxent_feature_matching_from_hypothesis",
            "weaker",
            "the matching is a hypothesis there; here it is computed",
        ),
    ),
    controls=(
        Control(
            "transition noise treated as controllable",
            witness=lambda: apart(0),
            sabotages=measure.entropy_features,
            by=trajectories,
        ),
        Control("the gradient at the other end", witness=lambda: apart(0), tightens=slope_of_the_end, part=TANGENT),
        Control(
            "matched in another model",
            witness=lambda: fit_ring(0),
            tightens=by_trajectories,
            at="features",
            part=OPTIMUM,
        ),
        Control("uncertain transitions", witness=lambda: fit_ring(0, "1/2"), drops=CERTAIN.name, part=SURE),
    ),
    also=(
        Part(TANGENT, lambda: [apart(seed) for seed in range(12)], convex),
        Part(OPTIMUM, problems, match, data=mismatch, thorough=further),
        Part("the learner's policy", problems, learner_matches, thorough=further),
        Part(SURE, lambda: [fit_ring(seed, 0) for seed in range(5)], certain, assumes=(CERTAIN,)),
    ),
    figure=figure,
)
