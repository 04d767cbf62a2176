"""A fine-tuned policy's samples, labelled by a fitted reward, say no more about the true reward than the data did.

Statement  Let the true reward theta be drawn from a prior, D be comparisons with any law given theta, and S whatever is
           generated from D alone: a fitted reward, a policy fine-tuned to it, samples of that policy, and their labels
           by the fitted reward. With mutual information I in nats,
               I(theta; S) <= I(theta; D) = I(theta; (D, S)),
           attained if D can be recovered from S. So on-policy samples help an optimiser, if at all, and not the
           estimate; training on S alone can only lose information. Labels by the true reward can add information.
Assumes    S is generated from D alone.
Units      I in nats.
Kind       for all; identity; exists (RLHF on two responses, enumerated)
Source     adapted from Swamy, Choudhury, Sun, Wu and Bagnell, 2026 (its first hypothesis).
Proof      proofs/preference/labels_of_a_fitted_reward_add_no_information.md
"""

from itertools import product
from math import comb

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...ink.figures import bound
from ...instances.blocks import Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.coverage import fill_support
from ...model import TabularPolicy
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def information(m, law):
    """I(theta; O) = E_theta KL(P(O | theta) || P(O)) for `law[k,o]` = P(O = o | theta = k)."""
    mixture = (m.prior[:, None] * law).sum(axis=0)
    return (measure.kl(TabularPolicy(law), TabularPolicy(law * 0 + mixture)) * m.prior).sum()


def law_of_samples(m):
    """P(S | theta), `[k,s]`."""
    return (m.data[:, :, None] * m.channel).sum(axis=1)


def both(m):
    """P(D, S | theta), `[k,(d,s)]`."""
    joint = m.data[:, :, None] * m.channel
    return joint.reshape(joint.shape[0], joint.shape[1] * joint.shape[2])


def check(m):
    return Bound(information(m, law_of_samples(m)), information(m, m.data))


def half(m):
    left, right = check(m).sides
    return Bound(left, right / 2)


def adds_nothing(m):
    return Equal({"information": (information(m, both(m)), information(m, m.data))})


def without_the_data(m):
    """As if nothing were lost by training on S alone."""
    return Equal({"information": (information(m, law_of_samples(m)), information(m, m.data))})


FAMILY = Family(
    blocks=dict(prior=Simplex(to="K"), data=Simplex("K", to="D"), channel=Simplex("D", to="S")),
    sizes=dict(K=(2, 3), D=(2, 3), S=(2, 3)),
    models=dict(
        prior=lambda x: fill_support(x.prior[None])[0],
        data=lambda x: x.data,
        channel=lambda x: x.data[:, :, None] * 0 + x.channel,
    ),
)


# ---- RLHF on two responses
def fine_tune(comparisons=2, pairs=1, by_the_truth=False):
    """Two rewards, under which the second response wins with probability 1/4 or 3/4, at a uniform reference.

    D is the number of its wins. The likelier reward is fitted (the first if they tie), the policy is its optimum, and
    S are pairs of its responses, labelled by Bradley-Terry under the fitted reward, or under the true one.
    """
    chance, n = objects(["1/4", "3/4"]), comparisons
    data = objects([[comb(n, d) * p**d * (1 - p) ** (n - d) for d in range(n + 1)] for p in chance])
    outcomes = list(product(product((0, 1), (0, 1), (0, 1)), repeat=pairs))

    def law(policy, labels):
        """P(S): the responses follow the policy, the label says whether the second response of a pair is preferred."""
        found = []
        for outcome in outcomes:
            mass = rational(1)
            for y, z, won in outcome:
                mass *= (policy if y else 1 - policy) * (policy if z else 1 - policy)
                preferred = rational("1/2") if y == z else labels if y else 1 - labels
                mass *= preferred if won else 1 - preferred
            found.append(mass)
        return found

    fitted = [chance[int(2 * d > n)] for d in range(n + 1)]
    channel = [[law(own, truth if by_the_truth else own) for own in fitted] for truth in chance]
    return Instance(prior=objects(["1/2", "1/2"]), data=data, channel=objects(channel))


def every_pipeline():
    return [fine_tune(n, pairs) for n, pairs in ((1, 1), (2, 1), (3, 1), (1, 2), (3, 2))]


def copies():
    """S is D itself."""
    m = fine_tune()
    return m.replace(channel=np.stack([objects(np.eye(3, dtype=int))] * 2))


ALONE = Assumption("S is generated from D alone", lambda m: (m.channel == m.channel[:1]).all())
NOTHING, PIPELINE, LOST = "nothing is added to the data", "RLHF on two responses", "information without the data"
CLAIM = Claim(
    "labels_of_a_fitted_reward_add_no_information",
    check,
    FAMILY,
    formula=r"I(\theta; S) \le I(\theta; D) = I(\theta; (D, S))",
    papers=("swamy2026",),
    tags=("preferences", "information"),
    assumes=(ALONE,),
    controls=(
        Control("labels by the true reward", lambda: fine_tune(1, 2, by_the_truth=True), drops=ALONE.name),
        Control("half of the information", copies, tightens=half),
        Control(
            "labels by the true reward beside the data",
            lambda: fine_tune(by_the_truth=True),
            drops=ALONE.name,
            part=NOTHING,
        ),
        Control("nothing is lost", fine_tune, tightens=without_the_data, at="information", part=NOTHING),
    ),
    also=(
        Part(NOTHING, FAMILY, adds_nothing, assumes=(ALONE,)),
        Part(PIPELINE, every_pipeline, adds_nothing, assumes=(ALONE,)),
        Part(LOST, every_pipeline, check, assumes=(ALONE,)),
    ),
    figure=bound,
    sides=(r"$I(\theta; S)$", r"$I(\theta; D)$"),
)
