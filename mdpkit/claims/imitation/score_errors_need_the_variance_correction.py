"""A score's error is its regression loss minus the least loss of any regressor, which is the variance of the target.

Statement  Let s ~ P, y a noised version of s, tau(s, y) the target, and m(y) = E[tau | y]. For every g and g',
               E|g(y) - m(y)|^2 = E|g(y) - tau|^2 - E|m(y) - tau|^2,      E|m(y) - tau|^2 <= E|g'(y) - tau|^2,
           so that max over g' of E_P[|g - tau|^2 - |g' - tau|^2] is the error of g: SMILING's discriminator is a
           regression. Over several rounds the best regressor on all data is m for the average of the rounds' laws.
           Along a diffusion, with g the expert's score: the mean under P of SMILING's cost is the score divergence.
Assumes    nothing: any law, noise, targets and regressors.
Units      squared units of the target; last part: nats.
Kind       identity; for all
Source     adapted from Wu, Chen, Swamy, Brantley and Sun, 2025.
Proof      proofs/imitation/score_errors_need_the_variance_correction.md
"""

from fractions import Fraction

from ... import measure
from ...base.arrays import like, objects, rational
from ...base.lifting import alike
from ...ink.figures import identity
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...verify.claim import Bound, Claim, Control, Equal, Part


def joint(m, law):
    """Law of state and noised state `[s,y]`, of the noised states that occur for P or Q."""
    law, noise = alike(law, m.noise)
    return (law[:, None] * noise)[:, occurring(m)]


def occurring(m):
    return (((m.P + m.Q)[:, None] * m.noise) > 0).any(axis=0).nonzero()[0]


def posterior_mean(m, law):
    """E[tau | y] for states drawn from the law; 0 at a noised state that the law does not produce."""
    both, here = joint(m, law), occurring(m)
    never = ((law[:, None] * m.noise)[:, here].sum(axis=0) == 0).astype(int)
    return (both * m.tau[:, here]).sum(axis=0) / (both.sum(axis=0) + like(never, m.P))


def loss(m, law, g):
    """E|g(y) - tau|^2 for states drawn from the law."""
    return measure.mean_product((g - m.tau[:, occurring(m)]) ** 2, 1, joint(m, law)).sum()


def check(m, least=None):
    """`least`: the law whose posterior mean gives the least loss that is subtracted; False to subtract nothing."""
    g, mean = alike(m.g[occurring(m)])[0], posterior_mean(m, m.P)
    error = measure.mean_product((g - mean) ** 2, 1, joint(m, m.P).sum(axis=0))
    variance = 0 if least is False else loss(m, m.P, mean if least is None else posterior_mean(m, least))
    return Equal({"error": (error, loss(m, m.P, g) - variance)})


def skip_correction(m):
    return check(m, least=False)


def expert_variance(m):
    return check(m, least=m.Q)


def best_over_rounds(m, law=None):
    """The total loss over two rounds with the laws P and Q, of the leader and of g; for P = Q that of one round."""
    leader, g = posterior_mean(m, (m.P + m.Q) / 2 if law is None else law), alike(m.g[occurring(m)])[0]
    return Bound(*(loss(m, m.P, each) + loss(m, m.Q, each) for each in (leader, g)))


def last_round_alone(m):
    """As if the best regressor of the last round had the least loss over both."""
    return best_over_rounds(m, law=m.Q)


def along_a_diffusion(m):
    mean = (measure.score_costs(m.x, m.P, m.Q, m.u) * m.P).sum()
    return Equal({"divergence": (mean, measure.score_divergence(m.x, m.P, m.Q, m.u))})


FAMILY = Family(
    blocks=dict(
        P=Simplex(to="S"),
        Q=Simplex(to="S"),
        noise=Simplex("S", to="Y"),
        tau=Box("S", "Y", lower=-1),
        g=Box("Y", lower=-1),
    ),
    sizes=dict(S=(1, 3), Y=(1, 3)),
    models={name: lambda x, name=name: getattr(x, name) for name in ("P", "Q", "noise", "tau", "g")},
)


# ---- instances
def coin():
    """Two states, seen through noise that swaps them with probability 1/4; the target is the state."""
    law, noise = ["1/4", "3/4"], [["3/4", "1/4"], ["1/4", "3/4"]]
    models = dict(P=law, Q=["1/5", "4/5"], noise=noise, tau=[[0, 0], [1, 1]], g=[0, 1])
    return Instance(**{name: objects(each) for name, each in models.items()})


def leader():
    """The coin, with the best regressor of both rounds for g."""
    m = coin()
    return m.replace(g=posterior_mean(m, (m.P + m.Q) / 2).lower)


def diffusions():
    cases = ([0, 1], ["1/2", "1/2"], ["1/4", "3/4"], 4), ([2, 0, "1/2"], ["1/3"] * 3, ["1/6", "1/3", "1/2"], 1)
    return [Instance(x=objects(x), P=objects(P), Q=objects(Q), u=rational(u)) for x, P, Q, u in cases]


def heavier_first_state(mean_product, f, g, law):
    """The first outcome, or state, counts twice."""
    weights = objects([2, *[1] * (law.shape[0] - 1)])
    return mean_product(f, g, law * (weights if law.ndim == 1 else weights[:, None]))


ROUNDS = "the leader over several rounds"
CLAIM = Claim(
    "score_errors_need_the_variance_correction",
    check,
    FAMILY,
    formula=(
        r"\mathbb{E} \lvert g(y) - m(y) \rvert^2 = \mathbb{E} \lvert g(y) - \tau \rvert^2 - \min_{g'} \mathbb{E} \lvert "
        r"g'(y) - \tau \rvert^2, \qquad m(y) = \mathbb{E}[\tau \mid y]"
    ),
    papers=("wu2025",),
    tags=("scores", "regression"),
    controls=(
        Control("no correction", witness=coin, tightens=skip_correction, at="error"),
        Control("the loss of the expert's score subtracted", witness=coin, tightens=expert_variance, at="error"),
        Control("the regressor of the last round", witness=leader, tightens=last_round_alone, part=ROUNDS),
        Control("the first state counted twice", witness=coin, sabotages=measure.mean_product, by=heavier_first_state),
    ),
    also=(
        Part(ROUNDS, FAMILY, best_over_rounds),
        Part("along a diffusion", diffusions, along_a_diffusion),
    ),
    resolution=Fraction(1, 10**6),
    figure=identity,
)
