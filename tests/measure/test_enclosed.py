"""What every measure owes its exact answer: float bounds that hold it closely, and proposals in their middle."""

from dataclasses import replace

import numpy as np
import pytest

from mdpkit import measure
from mdpkit.base.arrays import floats, objects
from mdpkit.base.interval import Interval
from mdpkit.base.mode import propose
from mdpkit.base.record import Record
from mdpkit.model import (
    MDP,
    Discounted,
    Finite,
    JointPolicy,
    MarkovGame,
    MomentProblem,
    PreferenceProblem,
    SafetyProblem,
    TabularPolicy,
    TokenProblem,
    Trajectories,
    shaped_reward,
)
from mdpkit.solve import (
    fitted_q_coefficients,
    least_squares_coefficients,
    lstd,
    regress_values,
    regression,
    two_stage_least_squares,
    value_targeted_regression,
)

ALMOST = objects("1000000000899999999/1000000000000000000")[()]
"""A row of 1s times this is still a distribution to a float record."""


def laws(rng, *shape):
    """Rational laws along the last axis without a 0, which floats hold exactly."""
    return objects(1 + rng.multinomial(32 - shape[-1], np.full(shape[-1], 1 / shape[-1]), size=shape[:-1])) / 32


def numbers(rng, *shape):
    return objects(rng.integers(-8, 9, shape)) / 4


def finite(rng):
    one, other = (MDP(laws(rng, 3, 3, 2, 3), numbers(rng, 3, 3, 2), laws(rng, 3), horizon=Finite(3)) for _ in range(2))
    return one, other, TabularPolicy(laws(rng, 3, 3, 2))


def discounted(rng):
    one, other = (
        MDP(laws(rng, 3, 2, 3), numbers(rng, 3, 2), laws(rng, 3), horizon=Discounted("3/4")) for _ in range(2)
    )
    return one, other, TabularPolicy(laws(rng, 3, 2))


def asked(rng):
    problem = PreferenceProblem(
        laws(rng, 2, 4),
        weights=objects(rng.integers(1, 9, (2, 4))) / 4,
        data=laws(rng, 2, 4),
        rho=laws(rng, 2),
        beta="3/2",
    )
    return problem, TabularPolicy(laws(rng, 2, 4))


def written(rng):
    """A tree of three prefixes, and a policy."""
    weights = objects(rng.integers(1, 9, (3, 3))) / 4
    problem = TokenProblem([[1, 2, 3], [3, 3, 3], [3, 3, 3]], laws(rng, 3, 3), weights=weights, beta="3/2")
    return problem, TabularPolicy(laws(rng, 3, 3))


def half_shown(rng):
    problem, _ = asked(rng)
    return replace(problem, data=np.concatenate([laws(rng, 2, 3), objects([[0], [0]])], axis=1))


def mediated(rng):
    game = MarkovGame(laws(rng, 2, 2, 4, 2), numbers(rng, 2, 2, 2, 4), laws(rng, 2), horizon=Finite(2), actions=(2, 2))
    return game, JointPolicy(laws(rng, 2, 4)), JointPolicy(laws(rng, 2, 2, 4))


def restricted(rng):
    return MomentProblem(numbers(rng, 5, 2) + objects(np.eye(5, 2, dtype=int)) * 9, numbers(rng, 5), laws(rng, 5))


def observed(rng):
    """Transitions of three steps."""
    columns = {name: rng.integers(0, end, 30) for name, end in (("obs", 3), ("action", 2), ("following", 3))}
    return Trajectories(
        **columns, t=np.arange(30) % 3, reward=rng.integers(-4, 5, 30) / 4, weight=numbers(rng, 30) ** 2
    )


def leaking(rng):
    return SafetyProblem(np.array([False, False, True]), P=laws(rng, 3, 2, 3))


RATIONAL = type(objects(1)[()])
FEATURES = objects([[[1, 0], [1, 1]], [[0, 1], [1, 2]], [[1, -1], [0, 2]]])
TEST = objects([[1, 0], [1, 1], [1, 2], [1, 3], [1, 4]])
RANDOM = {
    "deviation error": lambda rng: (measure.deviation_error, *mediated(rng)),
    "coverage": lambda rng: (measure.coverage, *mediated(rng)),
    "reward error": lambda rng: (measure.reward_error, *finite(rng)),
    "discounted reward error": lambda rng: (measure.reward_error, *discounted(rng)),
    "transition error": lambda rng: (measure.transition_error, *finite(rng)),
    "discounted transition error": lambda rng: (measure.transition_error, *discounted(rng)),
    "shaped reward": lambda rng: (shaped_reward, finite(rng)[0], numbers(rng, 4, 3)),
    "discounted shaped reward": lambda rng: (shaped_reward, discounted(rng)[0], numbers(rng, 3)),
    "optimal action value": lambda rng: (measure.optimal_action_value, finite(rng)[0]),
    "optimal value": lambda rng: (measure.optimal_value, finite(rng)[0]),
    "optimal value of another reward": lambda rng: (
        measure.optimal_action_value,
        finite(rng)[0],
        numbers(rng, 3, 3, 2),
    ),
    "optimal actions": lambda rng: (measure.optimal_actions, finite(rng)[0]),
    "discounted optimal actions": lambda rng: (measure.optimal_actions, discounted(rng)[0]),
    "avoid probability": lambda rng: (measure.avoid_probability, leaking(rng), 4),
    "reward": lambda rng: (measure.reward, asked(rng)[0]),
    "expected reward": lambda rng: (measure.expected_reward, *asked(rng)),
    "preference value": lambda rng: (measure.preference_value, *asked(rng)),
    "divergence from the reference": lambda rng: (measure.divergence_from_reference, *asked(rng)),
    "divergence": lambda rng: (measure.divergence_from, *asked(rng), TabularPolicy(laws(rng, 2, 4))),
    "pair error": lambda rng: (measure.pair_error, *asked(rng)),
    "concentrability": lambda rng: (measure.concentrability, *asked(rng)),
    "chi-square": lambda rng: (measure.concentrability, *asked(rng), None, "chi2"),
    "concentrability of an occupancy": lambda rng: (
        measure.concentrability,
        *finite(rng)[::2],
        laws(rng, 3, 6).reshape(3, 3, 2),
    ),
    "chi-square of an occupancy": lambda rng: (
        measure.concentrability,
        *discounted(rng)[::2],
        laws(rng, 6).reshape(3, 2),
        "chi2",
    ),
    "full coverage": lambda rng: (measure.full_coverage, asked(rng)[0]),
    "tilt coverage": lambda rng: (measure.tilt_coverage, asked(rng)[0], objects("5/2")[()]),
    "token reward": lambda rng: (measure.token_reward, written(rng)[0]),
    "soft value": lambda rng: (measure.soft_value, written(rng)[0]),
    "soft action value": lambda rng: (measure.soft_action_value, written(rng)[0]),
    "soft value of another reward": lambda rng: (measure.soft_value, written(rng)[0], numbers(rng, 3, 3)),
    "soft policy": lambda rng: (measure.soft_policy, written(rng)[0]),
    "soft policy of another reward": lambda rng: (measure.soft_policy, written(rng)[0], numbers(rng, 3, 3)),
    "soft maximum": lambda rng: (measure.soft_maximum, written(rng)[0], numbers(rng, 3, 3)),
    "inverse soft reward": lambda rng: (measure.inverse_soft_reward, written(rng)[0], numbers(rng, 3, 3)),
    "shaped token reward": lambda rng: (
        measure.shaped_token_reward,
        written(rng)[0],
        numbers(rng, 3),
        numbers(rng, 3, 3),
    ),
    "implicit reward": lambda rng: (measure.implicit_reward, *asked(rng)),
    "implicit reward of tokens": lambda rng: (measure.implicit_reward, *written(rng)),
    "path sums": lambda rng: (measure.path_sums, written(rng)[0], numbers(rng, 3, 3)),
    "response sums": lambda rng: (measure.response_sums, written(rng)[0], numbers(rng, 3, 3)),
    "token visits": lambda rng: (measure.token_visits, *written(rng)),
    "token divergence": lambda rng: (measure.token_divergence, *written(rng)),
    "token value": lambda rng: (measure.token_value, *written(rng)),
    "closest mass": lambda rng: (measure.closest_mass, half_shown(rng)),
    "closest divergence": lambda rng: (measure.closest_divergence, half_shown(rng)),
    "moment residual": lambda rng: (measure.moment_residual, restricted(rng), numbers(rng, 2)),
    "game payoff": lambda rng: (measure.game_payoff, numbers(rng, 4), numbers(rng, 4), laws(rng, 4)),
    "joint payoff": lambda rng: (
        measure.joint_payoff,
        laws(rng, 12).reshape(2, 2, 3),
        numbers(rng, 2, 3),
        numbers(rng, 3),
        numbers(rng, 2, 3),
    ),
    "projected error": lambda rng: (measure.projected_error, numbers(rng, 5), laws(rng, 5), TEST),
    "mean product": lambda rng: (measure.mean_product, numbers(rng, 3, 4), numbers(rng, 4), laws(rng, 4)),
    "clipped": lambda rng: (measure.clipped, numbers(rng, 9), objects("5/8")[()]),
    "mean size": lambda rng: (measure.norm_power, numbers(rng, 4), laws(rng, 4), 1),
    "mean square": lambda rng: (measure.norm_power, numbers(rng, 4), laws(rng, 4), 2),
    "largest size": lambda rng: (measure.norm_power, numbers(rng, 4), laws(rng, 4), float("inf")),
    "projection": lambda rng: (measure.projection, numbers(rng, 5), laws(rng, 5), TEST),
    "temporal differences": lambda rng: (
        lstd,
        *discounted(rng)[::2],
        objects([[1, 0], [0, 1], [1, 1]]),
        laws(rng, 3),
    ),
    "fitted Q iteration": lambda rng: (fitted_q_coefficients, discounted(rng)[0], FEATURES, laws(rng, 3, 2), 2),
    "least-squares value iteration": lambda rng: (
        least_squares_coefficients,
        finite(rng)[0],
        FEATURES,
        laws(rng, 3, 2),
    ),
    "values from data": lambda rng: (regress_values, observed(rng), FEATURES, 3, objects("1/8")[()]),
    "value-targeted regression": lambda rng: (
        value_targeted_regression,
        laws(rng, 2, 3, 2, 3),
        observed(rng),
        numbers(rng, 2, 3),
        objects("1/8")[()],
    ),
    "two stages": lambda rng: (two_stage_least_squares, restricted(rng), TEST),
    "regression": lambda rng: (regression, laws(rng, 12).reshape(2, 2, 3), numbers(rng, 2, 3)),
}
cases = pytest.mark.parametrize("name", RANDOM)


def near(argument):
    """A rational argument on floats; anything else as it is."""
    if isinstance(argument, Record):
        return argument.to_float()
    if isinstance(argument, np.ndarray):
        return floats(argument)
    return float(floats(objects(argument))) if isinstance(argument, RATIONAL) else argument


def almost(argument):
    """The same with every law of a record multiplied by a number near 1."""
    if not isinstance(argument, Record):
        return near(argument)
    rows = {
        name: floats(getattr(argument, name) * ALMOST) for name in argument.laws if getattr(argument, name) is not None
    }
    return replace(argument.to_float(), **rows)


@cases
def test_floats_hold_the_exact_answer_closely_and_proposals_are_in_the_middle(encloses, name):
    for seed in range(3):
        f, *args = RANDOM[name](np.random.default_rng(seed))
        exact, found = f(*args), f(*map(near, args))
        assert exact.how in ("exact", "enclosed")
        assert encloses(found, exact, 1e-11)
        with propose():
            bare = f(*map(near, args))
        assert not isinstance(bare, Interval)
        np.testing.assert_allclose(bare, found.mid, rtol=1e-11, atol=1e-11)


@cases
def test_rows_that_sum_to_almost_1_mean_the_rows_divided_by_their_sums(encloses, name):
    f, *args = RANDOM[name](np.random.default_rng(0))
    assert encloses(f(*map(almost, args)), f(*args), 1e-6)
