"""An error of at most M in every reward costs KL-regularised RLHF at most 2 M and at most M^2 / (2 beta).

Statement  Let J(pi) = E_x [ E_pi r - beta KL(pi || ref) ], with optimum pi*, and let pi_g = ref e^(g/beta) / Z maximise
           it for a reward g in place of r. If M > 0 and g - r ranges over an interval of length at most 2 M at each
           prompt, as for |g - r| <= M, then with L = 2 M / beta and u = L / (1 - e^(-L))
               J(pi*) - J(pi_g) <= beta (u - 1 - log u),
           which is below both 2 M and M^2 / (2 beta). For every M > 0 and beta > 0 two responses attain the first
           bound; so it is the best one, the constant 1/2 is approached as M / beta tends to 0, and the constant 2 as it
           tends to infinity.
Assumes    g - r has range at most 2 M at each prompt.
Units      M and beta in units of reward; weights e^(r/beta), and width = e^L, are rational here.
Kind       for all; exists (enumerated: the bounds are checked to be approached, attainment is proved in the note)
Source     adapted from Song, Swamy, Singh, Bagnell and Sun, 2024, who bound the divergence of such policies.
Proof      proofs/preference/reward_error_costs_rlhf_less_than_twice_its_size.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects, rational
from ...base.interval import stack
from ...instances.blocks import Box
from ...instances.family import Family
from ...instances.instance import Instance
from ...instances.library.coverage import BETA, LAW, PROMPTS, widest_range
from ...model import PreferenceProblem
from ...solve import tilt
from ...verify.claim import Assumption, Bound, Claim, Control, Formal, Part


def gap(m):
    """J(pi*) - J(pi_g), per unit of beta."""
    return measure.value_gap(m.problem, tilt(m.problem), tilt(m.problem, m.fitted)) / m.problem.beta


def sharp(m):
    """u - 1 - log u."""
    L = measure.logarithm(m.width)
    u = L * m.width / (m.width - 1)
    u = u.enclose() if hasattr(u, "enclose") else u
    return u - 1 - measure.logarithm(u)


def check(m):
    return Bound(gap(m), sharp(m))


def simple(m, square="1/8", linear=1):
    """Both simple forms: L^2 / 8 = (M^2 / (2 beta)) / beta and L = 2 M / beta."""
    L = measure.logarithm(m.width)
    return Bound(gap(m), stack([L**2 * m.problem.like([square])[0], L * linear]).min())


def order(m):
    """The sharp bound is below both simple ones."""
    L = measure.logarithm(m.width)
    return Bound(sharp(m), stack([L**2 / 8, L]).min())


def a_sixteenth(m):
    return simple(m, square="1/16")


def half_of_the_range(m):
    return Bound(gap(m), measure.logarithm(m.width) / 2)


def sharp_less_a_thousandth(m):
    return Bound(gap(m), sharp(m) * 999 / 1000)


def nearly_attains(m):
    return Bound(sharp(m) * m.share, gap(m))


def error(x):
    """e^((g - r)/beta), smallest and 1 at the first response."""
    return np.concatenate([x.error[:, :1] / x.error[:, :1], x.error[:, 1:]], axis=1)


FAMILY = Family(
    blocks=dict(
        reference=LAW,
        weights=Box("X", "Y", lower="1/8", upper=8),
        error=Box("X", "Y", lower="9/8", upper=64),
        rho=PROMPTS,
        beta=BETA,
    ),
    sizes=dict(X=(1, 2), Y=(2, 3)),
    models=dict(
        problem=lambda x: PreferenceProblem(x.reference, weights=x.weights, rho=x.rho, beta=x.beta),
        fitted=lambda x: x.weights * error(x),
        width=lambda x: widest_range(error(x)),
    ),
)


# ---- exact instances and controls
def two_responses(width, chance, beta=1, wider=1):
    """The fitted reward is right at one response and too high by log(wider * width) at the other.

    The fitted policy gives the second response, whose reward is overestimated, the probability `chance`.
    """
    chance, width = rational(chance), rational(width)
    problem = PreferenceProblem(objects([["1/2", "1/2"]]), weights=objects([[1 - chance, chance / width]]), beta=beta)
    fitted = problem.weights * objects([[1, width * wider]])
    return Instance(problem=problem, fitted=fitted, width=width, share=rational("9999/10000"))


def attaining(width, beta=1):
    """The overestimated response has the probability 1 / (1 - 1/width) - 1 / log(width), to a millionth."""
    from flint import arb

    best = arb(width) / (arb(width) - 1) - 1 / arb(width).log()
    return two_responses(width, rational(int((best * 10**6).floor().unique_fmpz())) / 10**6, beta)


def sharp_list():
    return [attaining(width, beta) for width in (2, 4, 16, 256, 2**16, 2**32, 2**64) for beta in (1, "1/3")]


def small_errors():
    return [attaining(rational(k + 1) / k).replace(k=k, share=1 - rational(1) / k) for k in (4, 16, 64, 256)]


def large_errors():
    """The share 1 - (j + 1)/2^j of 2 M is lost with L = 2^j log 2."""
    return [attaining(2 ** (2**j)).replace(j=j, share=1 - rational(j + 1) / 2**j) for j in (4, 6, 8)]


def approach_square(m):
    return Bound(measure.logarithm(m.width) ** 2 / 8 * m.share, gap(m))


def approach_linear(m):
    return Bound(measure.logarithm(m.width) * m.share, gap(m))


def in_rewards_alone(value_gap, problem, expert, learner):
    """The difference of the mean rewards, without the KL terms."""
    return measure.expected_reward(problem, expert) - measure.expected_reward(problem, learner)


def loss_data(m):
    """For the figure: L, and the loss per unit of 2 M."""
    L = measure.logarithm(m.width)
    return {"L": [float(L.mid)], "loss": [float(gap(m).mid / L.mid)]}


def figure(ax, rows):
    """The largest loss, as a share of 2 M, against L = 2 M / beta, and the two simple bounds."""
    L = np.geomspace(1 / 8, 256, 200)
    u = L / -np.expm1(-L)
    ax.plot(L, np.minimum(L / 8, 1), "k--", label=r"$\min\{M^2/(2\beta),\, 2M\}$")
    ax.plot(L, (u - 1 - np.log(u)) / L, "k:", label=r"$\beta\,(u - 1 - \log u)$")
    found = [row["data"] for row in rows if row.get("data") and not row.get("control")]
    found = [(data["L"][0], data["loss"][0]) for data in found if 1 / 8 <= data["L"][0] <= 256]
    ax.plot(*zip(*sorted(found), strict=True), "oC0", mfc="none", label="two responses")
    failing = [row for row in rows if row.get("control") and row["label"] == WIDER]
    at = np.log(4)
    ax.plot([at] * len(failing), [row["sides"][0] / at for row in failing], "xC1", label="larger error (fails)")
    ax.set(xlabel=r"$L = 2M/\beta$", ylabel="loss as a share of $2M$", xscale="log")
    ax.legend(fontsize=6)


BOUNDED = Assumption("g - r has range at most 2 M", lambda m: widest_range(m.fitted / m.problem.weights) <= m.width)
SIMPLE, ORDER, ATTAINED = "both simple bounds", "the sharp bound is the smallest", "two responses attain it"
SMALL, LARGE = "small errors approach the square", "large errors approach 2 M"
WIDER = "an error of a larger range"
CLAIM = Claim(
    "reward_error_costs_rlhf_less_than_twice_its_size",
    check,
    FAMILY,
    formula=(
        r"J(\pi^*) - J(\pi_g) \le \beta \, (u - 1 - \log u) \le \min \Big\{ \frac{M^2}{2 \beta},\, 2 M \Big\}, \qquad "
        r"u = \frac{L}{1 - e^{-L}}, \quad L = \frac{2 M}\beta"
    ),
    papers=("song2024",),
    tags=("preferences", "kl-regularisation", "reward-error"),
    formal=(
        Formal(
            "Lean 4",
            "paulklemstine/Lean",
            "53c2925a02",
            "NeuroSymbolicRLHF.rlhf_reward_hacking_regret",
            "weaker",
            "one prompt, and 2 M alone; here the best bound, and M^2 / (2 beta) as well",
        ),
    ),
    assumes=(BOUNDED,),
    controls=(
        Control(WIDER, lambda: two_responses(4, "3/4", wider=16), drops=BOUNDED.name),
        Control("a thousandth less", lambda: attaining(16), tightens=sharp_less_a_thousandth),
        Control("half of the square", lambda: attaining(2), tightens=a_sixteenth, part=SIMPLE),
        Control("half of twice the error", lambda: attaining(2**32), tightens=half_of_the_range, part=SIMPLE),
        Control("mean rewards alone", lambda: attaining(16), sabotages=measure.value_gap, by=in_rewards_alone),
    ),
    also=(
        Part(SIMPLE, FAMILY, simple, assumes=(BOUNDED,)),
        Part(ORDER, sharp_list, order),
        Part(ATTAINED, sharp_list, nearly_attains, assumes=(BOUNDED,), data=loss_data),
        Part(SMALL, small_errors, approach_square, assumes=(BOUNDED,), data=loss_data),
        Part(LARGE, large_errors, approach_linear, assumes=(BOUNDED,), data=loss_data),
    ),
    figure=figure,
    sides=(r"$J(\pi^*) - J(\pi_g)$", r"$\beta\,(u - 1 - \log u)$"),
)
