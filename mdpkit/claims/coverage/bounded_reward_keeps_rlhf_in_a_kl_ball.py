"""The policy induced by a reward model of range R, however wrong, stays within KL R/beta of the reference.

Statement  The policy pi_g = ref e^(g/beta) / Z induced by a reward g whose range over the responses to each prompt is
           at most R satisfies
               E_x KL(pi_g || ref) <= R^2 / (8 beta^2)  and  E_x KL(pi_g || ref) <= R / beta.
           The constant 8 is optimal (as R tends to 0), and so is the constant 1 of the second form (for large R). Hence
           two-stage RLHF over rewards of range at most R stays in this ball, whichever responses the data omit and
           whatever rewards it assigns to them.
Assumes    the reward is bounded: max g - min g <= R for each prompt. (If |g| <= B, then R = 2B.)
Units      KL in nats; R and beta in units of reward; width = e^(R/beta) is rational here.
Kind       for all; exists (the constants: 1 is checked to be approached, 8 proved in the note)
Source     adapted from Song, Swamy, Singh, Bagnell and Sun, 2024, who state 2B / beta.
Proof      proofs/coverage/bounded_reward_keeps_rlhf_in_a_kl_ball.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...ink.figures import bound
from ...instances.blocks import Box
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.coverage import LAW, PROMPTS, widest_range
from ...model import PreferenceProblem
from ...solve import TwoStageRLHF, solve, tilt
from ...verify.claim import Assumption, Bound, Claim, Control, Part


def divergence(m):
    """KL divergence from the reference of the policy that the learned reward, in tilt form, induces."""
    return measure.divergence_from_reference(m.learned, tilt(m.learned))


def check(m):
    return Bound(divergence(m), measure.logarithm(m.width) ** 2 / 8)


def sixteenth(m):
    return Bound(divergence(m), measure.logarithm(m.width) ** 2 / 16)


def linear(m):
    return Bound(divergence(m), measure.logarithm(m.width))


def approach(m):
    return Bound(measure.logarithm(m.width) * m.share, divergence(m))


def half(m):
    return Bound(divergence(m), measure.logarithm(m.width) / 2)


def train(m):
    """Two-stage RLHF on comparisons of the responses in the data: rewards are fitted within the class."""
    answer = solve(m.problem, TwoStageRLHF(m.width, m.unseen))
    return Bound(measure.divergence_from_reference(m.problem, answer.policy), measure.logarithm(m.width) ** 2 / 8)


def family(highest):
    return Family(
        blocks=dict(reference=LAW, weights=Box("X", "Y", lower=1, upper=highest), rho=PROMPTS),
        sizes=dict(X=(1, 2), Y=(2, 4)),
        models=dict(
            learned=lambda x: PreferenceProblem(x.reference, weights=x.weights, rho=x.rho),
            width=lambda x: widest_range(x.weights),
        ),
    )


FITTED = Family(
    blocks=dict(family(3).blocks, data=LAW, unseen=Box(lower=0, upper=1)),
    sizes=family(3).sizes,
    models=dict(
        problem=lambda x: PreferenceProblem(x.reference, weights=x.weights, data=x.data, rho=x.rho),
        width=family(3).models["width"],
        unseen=lambda x: x.unseen[()],
    ),
)


def draws():
    """Ten draws of every size, decoded from the bytes of a fixed generator."""
    rng = np.random.default_rng(0)
    return [
        FITTED.build(FITTED.from_bytes(rng.bytes(FITTED.byte_count(sizes)), sizes))
        for sizes in FITTED.ladder()
        for _ in range(10)
    ]


# ---- exact instances and controls
def two_responses(weight, chance="1/2", width=None):
    """Two responses; the reference gives the one of higher reward probability `chance`; `width` bounds e^(R/beta)."""
    chance = rational(chance)
    learned = PreferenceProblem(objects([[1 - chance, chance]]), weights=objects([[1, weight]]))
    return Instance(learned=learned, width=rational(weight if width is None else width))


def rare(k):
    """A response of probability 2^(k - k^2) and weight 2^(k^2): divergence near (k^2 - k) log 2, range k^2 log 2."""
    return two_responses(2 ** (k * k), rational(1) / 2 ** (k * k - k)).replace(share=1 - rational(2) / k)


BOUNDED = Assumption("the reward is bounded", lambda m: widest_range(m.learned.weights) <= m.width)
CLAIM = Claim(
    "bounded_reward_keeps_rlhf_in_a_kl_ball",
    check,
    family(3),
    formula=(
        r"\mathbb{E}_x \mathrm{KL}(\pi_g \,\Vert\, \mathrm{ref}) \le \min \Big\{ \frac{R^2}{8 \beta^2},\, \frac "
        r"R\beta \Big\}, \qquad \pi_g = \frac1Z\, \mathrm{ref}\; e^{g / \beta}"
    ),
    papers=("song2024",),
    tags=("preferences", "kl-regularisation"),
    assumes=(BOUNDED,),
    controls=(
        Control("half of the constant", witness=lambda: two_responses(2), tightens=sixteenth),
        Control(
            "a reward that is not clipped", witness=lambda: two_responses(10**6, "1/100", width=4), drops=BOUNDED.name
        ),
        Control("a linear bound of half the range", witness=lambda: rare(8), tightens=half, part="linear in the range"),
    ),
    also=(
        Part("two-stage RLHF", draws, train),
        Part("linear in the range", family(4096), linear, assumes=(BOUNDED,)),
        Part("the linear form is approached", lambda: [rare(k) for k in (4, 8, 16, 24)], approach, assumes=(BOUNDED,)),
    ),
    figure=bound,
    sides=(r"$E_x\,KL(\pi_g \| ref)$", r"$R^2 / (8\beta^2)$"),
)
