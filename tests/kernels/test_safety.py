"""Safety kernels against linear systems, every pair of strategies, and every sequence of actions."""

from itertools import product

import numpy as np
import pytest

from mdpkit.base.arrays import floats, objects
from mdpkit.exact.linear import solve_linear
from mdpkit.kernels import safety
from mdpkit.model import SafetyProblem
from mdpkit.solve import solve


def drawn(seed, S, A):
    """Few different margins, so that strategies tie; half of them below 0."""
    rng = np.random.default_rng(seed)
    return objects(rng.integers(-2, 3, S)), rng.integers(0, S, (S, A))


def stop_sets(S):
    return (np.array(stops) for stops in product([False, True], repeat=S))


def by_equations(margin, following, stops, g):
    """V = margin where the path is stopped, else (1 - g) margin + g V[following], as one linear system."""
    moves = np.eye(len(margin), dtype=int)[following] * ~stops[:, None]
    return solve_linear(objects(np.eye(len(margin), dtype=int)) - moves * g, np.where(stops, margin, (1 - g) * margin))


@pytest.mark.parametrize("seed", range(12))
def test_stopped_values_solve_their_equations(seed):
    margin, successors = drawn(seed, 5, 1)
    for g in objects([0, "1/3", "9/10"]):
        for stops in stop_sets(5):
            meant = by_equations(margin, successors[:, 0], stops, g)
            assert (safety.stopped_value(margin, successors[:, 0], stops, g) == meant).all()


@pytest.mark.parametrize("seed", range(10))
def test_the_discounted_value_is_that_of_the_game_in_strategies_however_many_rounds_are_left(seed):
    """max over ways to move of min over places to stop, each pair evaluated by its own equations."""
    margin, successors = drawn(seed, 3, 2)
    for g in objects(["1/2", "9/10"]):
        moves = [successors[np.arange(3), list(choice)] for choice in product(range(2), repeat=3)]
        worst = [
            np.minimum.reduce([by_equations(margin, following, stops, g) for stops in stop_sets(3)])
            for following in moves
        ]
        value = np.maximum.reduce(worst)
        for rounds in (60, 61):
            assert (safety.discounted_safety(margin, successors, g, rounds) == value).all()
            assert (
                safety.discounted_safety(margin, np.ascontiguousarray(successors[:, ::-1]), g, rounds) == value
            ).all()
        near = safety.discounted_safety(floats(margin), successors, float(floats(objects(g))), 60)
        np.testing.assert_allclose(near, floats(value), atol=1e-14)


def test_a_stop_is_taken_back_when_what_follows_is_stopped_too():
    """0 -> 1 -> 2 with margins 0, -3, 10: stopping at 0 pays only as long as nobody stops at 1."""
    margin, chain = objects([0, -3, 10]), np.array([[1], [2], [2]])
    for rounds in (9, 10):
        assert safety.discounted_safety(margin, chain, objects("1/2")[()], rounds).tolist() == [
            objects("-3/2")[()],
            -3,
            10,
        ]


def by_enumeration(viable, successors, order, start, goal):
    """Visits of the viable action sequence that is at the goal earliest, then most often, and is first in `order`.

    Every decision of the first S steps has S + 1 steps ahead of it, by which the goal is met again if it ever is.
    """
    S, A = successors.shape
    best, seen = None, np.zeros(S, dtype=bool)
    for ranks in product(range(A), repeat=2 * S):
        states = [start]
        for rank in ranks:
            states.append(int(successors[states[-1], order[rank]]))
        if viable[states].all():
            key = [s != goal for s in states], ranks
            if best is None or key < best:
                best = key
                seen[:] = np.isin(np.arange(S), states[:S])
    return seen


@pytest.mark.parametrize("seed", range(12))
def test_experts_take_the_first_of_the_best_sequences(seed):
    rng = np.random.default_rng(seed)
    successors, failure = rng.integers(0, 4, (4, 2)), rng.random(4) < 0.2
    viable = ~solve(SafetyProblem(failure, successors)).tube
    for start, goal, order in product(range(4), range(4), (np.array([0, 1]), np.array([1, 0]))):
        meant = by_enumeration(viable, successors, order, start, goal)
        np.testing.assert_array_equal(
            safety.expert_visits(viable, successors, order, start, np.array([goal]))[0], meant
        )
