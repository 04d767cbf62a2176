"""The ill-posedness of a conditional moment problem is the inverse of the smallest singular value of its operator.

Statement  Let E[Y given z] = E[h0(X) given z], A = P(x given z), and D_z, D_x the laws of the instrument and of the
           cause. For every h
               sigma^2 E (h - h0)^2 <= PRMSE(h)^2,   sigma the smallest singular value of D_z^(1/2) A D_x^(-1/2),
           so that an error is at most tau = 1/sigma times its projected error. On the symmetric channel between two
           values with crossover probability e <= 1/2, sigma = 1 - 2e, and h - h0 = (c, -c) attains the bound.
Assumes    the instrument is unconfounded: every moment vanishes at h0.
Units      errors squared, in squared units of Y; the computed sigma^2 is rounded down to a multiple of 2^-20.
Kind       for all; exists
Source     adapted from Dikkala, Lewis, Mackey and Syrgkanis, 2020.
Proof      proofs/moments/ill_posedness_is_the_smallest_singular_value.md
"""

import numpy as np

from ... import measure
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.library.moments import noisy_channel
from ...model import MomentProblem
from ...verify.claim import Assumption, Bound, Claim, Control, Equal, Part


def sides(m):
    law = m.problem.weights @ m.problem.A
    error = measure.norm_power(m.h - m.h0, law, 2)
    psi = measure.moment_residual(m.problem, m.h)
    return measure.identification(m.problem, law) * error, measure.projected_error(psi, m.problem.weights)


def check(m):
    return Bound(*sides(m))


def without_instruments(m):
    """As if the moments identified every error: sigma = 1, as for a regression."""
    law = m.problem.weights @ m.problem.A
    return Bound(measure.norm_power(m.h - m.h0, law, 2), sides(m)[1])


def attains(m):
    left, right = sides(m)
    return Equal(
        {
            "the singular vector": (left, right),
            "sigma": (measure.identification(m.problem, m.problem.weights), m.sigma * m.sigma),
        }
    )


FAMILY = Family(
    blocks=dict(A=Simplex("Z", to="X"), weights=Simplex(to="Z"), h0=Box("X", lower=-1), h=Box("X", lower=-1)),
    sizes=dict(Z=(1, 3), X=(1, 3)),
    models=dict(
        problem=lambda x: MomentProblem(x.A, (x.A * x.h0).sum(axis=1), x.weights),
        h0=lambda x: x.h0,
        h=lambda x: x.h,
    ),
)


# ---- the channel
def no_moment(m):
    return (measure.moment_residual(m.problem, m.h0) == 0).all_yes()


UNCONFOUNDED = Assumption("the instrument is unconfounded", no_moment)


def constant_tests(projected_error, psi, weights, test=None):
    return projected_error(psi, weights, [[1]] * len(weights))


def figure(ax, rows):
    """The largest error per unit of projected error, against the crossover probability of the channel."""
    noise = np.linspace(0, 0.4995, 400)
    ax.plot(noise, 1 / (1 - 2 * noise), "k--", label="$1/\\sigma = 1/(1 - 2e)$")
    least = [row["pairs"]["sigma"][0] for row in rows if row["part"] != "statement"]
    ax.plot([(1 - s**0.5) / 2 for s in least], [s**-0.5 for s in least], "oC0", label="singular vector")
    ax.plot(noise, noise * 0 + 1, "C1", label="as for a regression (fails)")
    ax.set(xlabel="crossover probability $e$", ylabel="error / projected error", yscale="log")
    ax.legend()


CLAIM = Claim(
    "ill_posedness_is_the_smallest_singular_value",
    check,
    FAMILY,
    formula=(
        r"\sigma^2\, \mathbb{E} (h - h_0)^2 \le \mathrm{PRMSE}(h)^2, \qquad \sigma = \sigma_{\min} \big( D_z^{1/2} "
        r"A D_x^{-1/2} \big)"
    ),
    papers=("dikkala2020",),
    tags=("conditional-moments", "instrumental-variables"),
    assumes=(UNCONFOUNDED,),
    controls=(
        Control("regression errors", witness=lambda: noisy_channel(2), tightens=without_instruments),
        Control(
            "an instrument that affects the outcome",
            witness=lambda: noisy_channel(2, leak="1/4"),
            drops=UNCONFOUNDED.name,
        ),
        Control(
            "constant test functions",
            witness=lambda: noisy_channel(2),
            sabotages=measure.projected_error,
            by=constant_tests,
        ),
    ),
    also=(
        Part(
            "the channel attains it", lambda: [noisy_channel(k) for k in range(1, 9)], attains, assumes=(UNCONFOUNDED,)
        ),
    ),
    figure=figure,
)
