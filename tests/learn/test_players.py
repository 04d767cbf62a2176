"""Classes of rewards and players of games over them: suprema, projections and regret bounds, exact where rational."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdpkit import objects
from mdpkit.base.errors import ExactnessLost, InvalidModel
from mdpkit.learn import (
    BestResponse,
    BoxRewards,
    Cloning,
    DAgger,
    FiniteRewards,
    FollowTheLeader,
    GradientAscent,
    Hedge,
    LinearRewards,
    MultiplicativeWeights,
    NaturalGradient,
)
from mdpkit.learn.players.no_regret import GRID, Gains, tilt

small = st.integers(-6, 6)


def arrays(*shape):
    count = int(np.prod(shape))
    return st.lists(small, min_size=count, max_size=count).map(lambda entries: objects(entries).reshape(shape) / 3)


def vertices(rewards, d):
    """The extreme rewards of a class, by enumeration."""
    meant = rewards.like(d)
    if isinstance(rewards, FiniteRewards):
        return list(meant.rewards)
    ends = product(*zip(meant.lower.ravel(), meant.upper.ravel(), strict=True))
    return [meant.reward(objects(end).reshape(meant.lower.shape)) for end in ends]


SUPPORT = np.array([[True, False], [True, True]])
CLASSES = {
    "finite": lambda f: FiniteRewards(f),
    "box": lambda f: BoxRewards(-1, f[0] * f[0]),
    "box on a support": lambda f: BoxRewards("-1/2", 2, support=SUPPORT),
    "linear": lambda f: LinearRewards(f, lower=[-1, 0, "-1/3"], upper=1),
}


@pytest.mark.parametrize("make", CLASSES.values(), ids=CLASSES)
@given(f=arrays(3, 2, 2), d=arrays(2, 2), point=arrays(12))
def test_the_supremum_is_that_of_the_extreme_rewards_and_is_attained(make, f, d, point):
    rewards = make(f)
    highest = max((f * d).sum() for f in vertices(rewards, d))
    assert rewards.sup(d) == highest
    meant = rewards.like(d)
    best = meant.best(meant.moments(d))
    assert (meant.reward(best) * d).sum() == highest
    # moments are the gradient: <f_point, d> is linear in the point
    anywhere = point[: best.size].reshape(best.shape)
    assert (meant.reward(anywhere) * d).sum() == (anywhere * meant.moments(d)).sum()
    # and a start and every projection lie in the class
    for inside in (meant.start(), meant.project(anywhere), best):
        assert (meant.reward(inside) * d).sum() <= highest
        assert (meant.project(inside) == inside).all()


@pytest.mark.parametrize("make", CLASSES.values(), ids=CLASSES)
@given(f=arrays(3, 2, 2), point=arrays(12))
def test_a_projection_is_the_nearest_point(make, f, point):
    """By the variational inequality: <x - p, v - p> <= 0 for every extreme point v."""
    meant = make(f).like(objects(np.zeros((2, 2), dtype=int)))
    shape = meant.start().shape
    point = point[: int(np.prod(shape))].reshape(shape)
    near = meant.project(point)
    if isinstance(meant, FiniteRewards):
        corners = objects(np.eye(len(near), dtype=int))
        assert near.sum() == 1
        assert (near >= 0).all()
    else:
        corners = [
            np.where(np.array(pick).reshape(shape), meant.upper, meant.lower)
            for pick in product((0, 1), repeat=near.size)
        ]
    assert all(((point - near) * (corner - near)).sum() <= 0 for corner in corners)


@given(f=arrays(3, 2, 2), point=arrays(3))
def test_floats_and_rationals_are_the_same_class(f, point):
    d = objects([[1, -1], [0, 2]]) / 3
    for make in CLASSES.values():
        exact, rounded = make(f), make(f).like(d.astype(float))
        assert abs(float(exact.sup(d)) - rounded.sup(d.astype(float))) < 1e-12
    near = FiniteRewards(f).like(d).project(point).astype(float)
    assert np.abs(near - FiniteRewards(f).like(d.astype(float)).project(point.astype(float))).max() < 1e-12


def played(player, rewards, gains):
    """Every point played against gains that come one after the other."""
    point, seen, points = rewards.start(), Gains(None, gains[0] * 0, 0), []
    for gain in gains:
        points.append(point)
        seen = seen.then(gain)
        point = player.next(rewards, point, seen)
    return points


def regret(player, rewards, gains):
    total, points = sum(gains), played(player, rewards, gains)
    return (rewards.best(total) * total).sum() - sum(
        (point * gain).sum() for point, gain in zip(points, gains, strict=True)
    )


def contrary(player, rewards, rounds, rng):
    """Gains in [-1, 1], of random size, low at the player's point: bad for following the last gain or the leader."""
    point, seen, gains = rewards.start(), None, []
    for _ in range(rounds):
        sign = np.where(point > point.mean(), -1.0, 1.0)
        gain = sign * rng.choice([0.5, 1.0], point.shape)
        gains.append(gain)
        seen = Gains(gain, gain, 1) if seen is None else seen.then(gain)
        point = player.next(rewards, point, seen)
    return gains


@pytest.mark.parametrize("rounds", [10, 100, 1000])
def test_no_regret_players_keep_their_bounds_against_an_opponent_who_is_contrary(rounds):
    rng, K = np.random.default_rng(rounds), 4
    finite, box = FiniteRewards(np.zeros((K, 1, 1))).like(np.zeros((1, 1))), BoxRewards(-1, 1).like(np.zeros((2, 2)))
    rate = np.sqrt(8 * np.log(K) / (rounds * 4))
    hedge = Hedge(rate)
    # within a range of 2; rounding moves a point by at most K / GRID
    bound = np.log(K) / rate + rate * rounds * 4 / 8 + rounds * 2 * K / GRID
    assert regret(hedge, finite, contrary(hedge, finite, rounds, rng)) <= bound
    for rewards, diameter in ((finite, np.sqrt(2)), (box, 4.0)):
        constant, falling = GradientAscent(1 / np.sqrt(rounds)), GradientAscent()
        gains = contrary(constant, rewards, rounds, rng)
        length = sum((gain**2).sum() for gain in gains)
        assert regret(constant, rewards, gains) <= diameter**2 * np.sqrt(rounds) / 2 + length / (2 * np.sqrt(rounds))
        gains = contrary(falling, rewards, rounds, rng)
        largest = max((gain**2).sum() for gain in gains)
        assert regret(falling, rewards, gains) <= (diameter**2 / 2 + largest) * np.sqrt(
            rounds
        )  # Zinkevich, 2003, theorem 1


def test_whoever_follows_the_leader_or_the_last_round_regrets_it():
    finite = FiniteRewards(np.zeros((2, 1, 1))).like(np.zeros((1, 1)))
    swings = [np.array([0.5, 0.0]), *(np.array([0.0, 1.0]) if k % 2 == 0 else np.array([1.0, 0.0]) for k in range(200))]
    for player in (FollowTheLeader(), BestResponse()):
        assert regret(player, finite, swings) >= 95
    assert regret(Hedge(), finite, swings) <= 30


def test_exact_players_play_rationals():
    d = objects([[1, -1], [0, 2]]) / 3
    finite, box = FiniteRewards(objects([[[1, 0], [0, 1]], [[0, 1], [1, 0]]])).like(d), BoxRewards().like(d)
    for player, rewards in (
        (Hedge(), finite),
        (GradientAscent(), finite),
        (GradientAscent(0.1), box),
        (FollowTheLeader(), box),
    ):
        points = played(player, rewards, [rewards.moments(d), rewards.moments(-2 * d), rewards.moments(d)])
        assert all(point.dtype == object for point in points)
        rounded = played(
            player, rewards.like(d.astype(float)), [rewards.moments(e).astype(float) for e in (d, -2 * d, d)]
        )
        for point, near in zip(points, rounded, strict=True):
            assert np.abs(point.astype(float) - near).max() < 1e-6


@given(exponents=st.lists(st.floats(-50, 50), min_size=1, max_size=6))
def test_tilted_laws_are_multiples_of_the_grid_and_near_the_softmax(exponents):
    exponents, exists = np.array(exponents), np.ones(len(exponents), dtype=bool)
    law = tilt(exists, exponents, objects([0]))
    assert law.sum() == 1
    assert all((p * GRID).denominator == 1 and p >= objects(1)[()] / GRID for p in law)
    softmax = np.exp(exponents - exponents.max()) / np.exp(exponents - exponents.max()).sum()
    assert np.abs(law.astype(float) - softmax).max() <= len(exponents) / GRID
    assert (tilt(exists, exponents, np.zeros(1)) == law.astype(float)).all()


def test_tilted_laws_leave_out_what_does_not_exist():
    exists = np.array([[True, False, True], [False, True, False]])
    assert (tilt(exists, np.zeros((2, 3)), np.zeros(1)) == [[0.5, 0, 0.5], [0, 1, 0]]).all()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: FiniteRewards([]), r"rewards has shape \(0,\)"),
        (lambda: FiniteRewards(np.zeros((2, 2))), r"expected rewards\[k,s,a\] or rewards\[k,t,s,a\]"),
        (lambda: FiniteRewards([[[np.nan]]]), r"rewards\[0, 0, 0\] is nan"),
        (lambda: LinearRewards([[["x"]]]), "features contains entries that are not numbers: Invalid literal"),
        (lambda: BoxRewards(np.nan, 1).like(np.zeros((1, 1))), "lower is nan; every entry must be finite"),
        (
            lambda: BoxRewards(np.zeros(3), 1).like(np.zeros((2, 2))),
            r"lower has shape \(3,\); expected a number, or \(2, 2\)",
        ),
        (lambda: GradientAscent(0), "rate is 0; expected a number above 0"),
        (lambda: Hedge(-1), "rate is -1"),
        (lambda: Hedge(f"1/{10**400}"), "expected a number above 0 in the range of float64"),
        (lambda: Hedge(10**400), "expected a number above 0 in the range of float64"),
    ],
)
def test_classes_and_rates_that_mean_nothing_are_refused(make, words):
    with pytest.raises(InvalidModel, match=words):
        make()


def test_a_class_of_floats_does_not_meet_rational_visits():
    with pytest.raises(ExactnessLost):
        FiniteRewards([[[0.5]]]).sup(objects([[1]]))


@pytest.mark.parametrize("number", [np.nan, np.inf, -1, "x", None, [1]])
def test_a_rate_and_a_smoothing_are_numbers(number):
    for make in (Hedge, GradientAscent, NaturalGradient):
        if number is not None or make is NaturalGradient:
            with pytest.raises(InvalidModel, match=r"rate is .*; expected a number above 0"):
                make(number)
    for make in (Cloning, DAgger):
        with pytest.raises(InvalidModel, match=r"smoothing is .*; expected a number of at least 0"):
            make(smoothing=number)
    assert Cloning(smoothing=objects("1/3")[()]).smoothing == objects("1/3")[()]


def test_multiplicative_weights_are_exact_and_keep_their_regret_bound():
    rewards, rate, point = FiniteRewards(np.eye(3, dtype=int)[:, None]), 1 / 4, np.full(3, 1 / 3)
    rng, total, squares, paid = np.random.default_rng(0), np.zeros(3), np.zeros(3), 0.0
    for k in range(1, 400):
        gain = rng.uniform(-1, 1, 3)
        total, squares, paid = total + gain, squares + gain**2, paid + (gain * point).sum()
        point = MultiplicativeWeights(rate).next(rewards, point, Gains(gain, total, k))
    assert (total - paid <= np.log(3) / rate + rate * squares).all()
    gain = objects([1, 0, "-1/2"])
    exact = MultiplicativeWeights("1/2").next(rewards, objects(["1/3"] * 3), Gains(gain, gain, 1))
    assert (exact == objects(["6/13", "4/13", "3/13"])).all()
    with pytest.raises(
        InvalidModel, match="MultiplicativeWeights weighs the members of a FiniteRewards; got BoxRewards"
    ):
        MultiplicativeWeights(1).next(BoxRewards(), gain, Gains(gain, gain, 1))
