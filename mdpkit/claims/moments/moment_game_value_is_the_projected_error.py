"""The value of the moment game is the mean squared conditional moment; no squared sampled residual appears in it.

Statement  For a joint law of instrument z, confounder u and cause x, and psi(z) = E[Y - h(X) given z],
               max over f of  2 E[f(z) (Y - h(X))] - E f(z)^2  =  E_z psi(z)^2  =  PRMSE(h)^2,
           attained only by f = psi: any other f(z) has a payoff lower by E_z (f - psi)^2.
Assumes    test functions depend on the instrument alone: f is a function of z.
Units      PRMSE in units of Y.
Kind       identity
Source     adapted from Dikkala, Lewis, Mackey and Syrgkanis, 2020, and Swamy, Choudhury, Bagnell and Wu, 2022.
Proof      proofs/moments/moment_game_value_is_the_projected_error.md
"""

import numpy as np

from ... import measure
from ...base.arrays import objects
from ...ink.figures import identity
from ...instances import instrumental
from ...instances.blocks import Box, Simplex
from ...instances.family import Family
from ...instances.instance import Instance
from ...model import MomentProblem
from ...verify.claim import Assumption, Claim, Control, Equal


def check(m):
    psi, weights = measure.moment_residual(m.problem, m.h), m.problem.weights
    error = measure.projected_error(psi, weights)
    return Equal(
        {
            "the best adversary": (measure.joint_payoff(m.joint, m.outcome, m.h, psi), error),
            "what another one misses": (
                error - measure.joint_payoff(m.joint, m.outcome, m.h, m.f),
                measure.projected_error(psi - m.f[:, 0], weights),
            ),
        }
    )


def squared_first(m):
    """The residual squared before its mean is taken, as for an adversary that sees every variable."""
    pairs = check(m).pairs
    seen = measure.joint_payoff(m.joint, m.outcome, m.h, np.broadcast_to(m.outcome - m.h, m.joint.shape))
    return Equal({**pairs, "the best adversary": (pairs["the best adversary"][0], seen)})


def given_instrument(x):
    """The law of confounder and cause given the instrument, `[z,u,x]`."""
    return x.given.reshape(x.sizes["Z"], x.sizes["U"], x.sizes["X"])


FAMILY = Family(
    blocks=dict(
        weights=Simplex(to="Z"),
        given=Simplex("Z", to=("U", "X")),
        outcome=Box("U", "X", lower=-1),
        h=Box("X", lower=-1),
        f=Box("Z", lower=-1),
    ),
    sizes=dict(Z=(1, 3), U=(1, 2), X=(1, 3)),
    models=dict(
        problem=lambda x: MomentProblem(
            given_instrument(x).sum(axis=1), (given_instrument(x) * x.outcome).sum(axis=(1, 2)), x.weights
        ),
        joint=lambda x: x.weights[:, None, None] * given_instrument(x),
        outcome=lambda x: x.outcome,
        h=lambda x: x.h,
        f=lambda x: x.f[:, None] + x.like(np.zeros((1, x.sizes["X"]), dtype=int)),
    ),
)


# ---- controls
BLIND = Assumption("test functions depend on the instrument alone", lambda m: (m.f == m.f[:, :1]).all())


def coin(f=((1, 1), (1, 1))):
    """A cause that equals its instrument with probability 2/3; the outcome is the sum of cause and confounder."""
    joint = objects([[[3, 0], [0, 1]], [[0, 1], [3, 4]]]) / 12
    outcome = objects([[0, 1], [1, 2]])
    return Instance(problem=instrumental(joint, outcome), joint=joint, outcome=outcome, h=objects([0, 1]), f=objects(f))


def ignore_weights(projected_error, psi, weights, test=None):
    return projected_error(psi, [f"1/{len(weights)}"] * len(weights), test)


CLAIM = Claim(
    "moment_game_value_is_the_projected_error",
    check,
    FAMILY,
    formula=(
        r"\max_f\; 2\, \mathbb{E}[f(z) (Y - h(X))] - \mathbb{E} f(z)^2 = \mathbb{E}\, \psi(z)^2 = "
        r"\mathrm{PRMSE}(h)^2, \qquad \psi(z) = \mathbb{E}[Y - h(X) \mid z]"
    ),
    papers=("dikkala2020", "swamy2022"),
    tags=("conditional-moments", "instrumental-variables"),
    assumes=(BLIND,),
    controls=(
        Control("the residual squared before its mean", witness=coin, tightens=squared_first, at="the best adversary"),
        Control("test functions of the cause", witness=lambda: coin(((1, 0), (0, 1))), drops=BLIND.name),
        Control("unweighted instruments", witness=coin, sabotages=measure.projected_error, by=ignore_weights),
    ),
    figure=identity,
)
