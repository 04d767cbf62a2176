"""Agreement of a set with the tube by counting, largest constraints by their definition, and what is refused."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdpkit import grid, measure
from mdpkit.base.arrays import objects, rational
from mdpkit.base.errors import InvalidModel
from mdpkit.base.interval import Interval
from mdpkit.base.mode import propose
from mdpkit.instances import double_integrator
from mdpkit.instances.vehicles import braking_cart, dubins_car
from mdpkit.model import ContinuousProblem, Discounted, MarginProblem, SafetyProblem
from mdpkit.strategies import graphs


def share(part, whole, otherwise):
    return rational(Fraction(int(part), int(whole))) if whole else rational(otherwise)


@given(graphs(), st.data())
def test_the_shares_are_those_of_sets(problem, data):
    learned = np.array(data.draw(st.lists(st.booleans(), min_size=problem.S, max_size=problem.S)))
    B, C, F = ({*np.flatnonzero(inside)} for inside in (measure.tube(problem).lower == 1, learned, problem.failure))
    found = measure.tube_agreement(problem, learned)
    expected = {
        "iou": share(len(B & C), len(B | C), 1),
        "conservative": share(len(C - B), problem.S - len(B), 0),
        "unsafe": share(len(B - C), len(B), 0),
        "excess": len(C - B),
        "missed": len(B - C),
        "failure_iou": share(len(F & C), len(F | C), 1),
    }
    assert {name: getattr(found, name).lower[()] for name in expected} == expected
    assert all(getattr(found, name).exact for name in expected)
    with propose():
        floats = measure.tube_agreement(problem, learned)
    for name, number in expected.items():
        assert float(getattr(floats, name)) == pytest.approx(float(Fraction(str(number))))


def test_weights_count_states():
    problem = double_integrator(1, 3, 6)
    learned = problem.failure
    doubled = np.arange(problem.S) % 3
    found = measure.tube_agreement(problem, learned, doubled)
    tube = measure.tube(problem).lower == 1
    assert found.missed.lower[()] == doubled[tube & ~learned].sum()
    assert found.unsafe.lower[()] == share(doubled[tube & ~learned].sum(), doubled[tube].sum(), 0)


def test_the_carts_numbers():
    weak, strong = double_integrator(1, 7, 20), double_integrator(2, 7, 20)
    found = measure.tube_agreement(strong, measure.tube(weak))
    assert (found.excess, found.missed) == (34, 0)
    assert found.iou.lower[()] == rational("65/99")
    found = measure.tube_agreement(weak, measure.tube(strong))
    assert (found.excess, found.missed) == (0, 34)
    assert measure.tube_agreement(weak, weak.failure).iou.lower[()] == rational("15/99")


def test_empty_and_full_sets_are_reported():
    safe, lost = SafetyProblem([False, False], [[0], [1]]), SafetyProblem([False, True], [[1], [1]])
    nothing = measure.tube_agreement(safe, [False, False])
    assert nothing.note == ("the tube is empty: no state is doomed. the learned set is empty: no state is forbidden.")
    assert (nothing.iou, nothing.conservative, nothing.unsafe) == (1, 0, 0)
    everything = measure.tube_agreement(lost, [True, True])
    assert everything.note.startswith("the tube is full: every state is doomed.")
    assert (everything.iou, everything.conservative, everything.unsafe) == (1, 0, 0)
    assert measure.tube_agreement(safe, [True, False]).iou == 0
    assert "the tube is full" in str(measure.tube_agreement(lost, [False, True]))


def test_a_grid_is_counted_by_cells():
    cart = braking_cart(0.1)
    cells = grid(cart.problem, (21, 31), 3)
    doomed = cart.doomed(cells.points)
    for problem in (cells, cells.finite):
        found = measure.tube_agreement(problem, doomed)
        assert found.iou.upper == 1  # the cells on the boundary, where the margin is 0, are undecided
        assert found.iou.lower > 0.9
    assert isinstance(cells.finite, MarginProblem)
    assert measure.tube_agreement(cells, measure.tube(cells.finite)).missed == 0  # undecided cells are forbidden


def test_undecided_cells_widen_the_shares():
    still = MarginProblem([-1.0, 0.0, 1.0], np.eye(3)[:, None])
    tube = Interval([1.0, 0.0, 0.0], [1.0, 1.0, 0.0], "float")
    with measure_replaced(tube):
        found = measure.tube_agreement(still, [True, False, False])
    assert (found.iou.lower, found.iou.upper) == (0.5, 1)
    assert (found.unsafe.lower, found.unsafe.upper) == (0, 0.5)
    assert (found.missed.lower, found.missed.upper) == (0, 1)
    assert found.failure_iou == 1


def test_a_tube_with_undecided_cells_is_neither_full_nor_empty():
    still = MarginProblem([-1.0, 0.0], np.eye(2)[:, None])
    for tube in (Interval([1.0, 0.0], [1.0, 1.0], "float"), Interval([0.0, 0.0], [1.0, 1.0], "float")):
        with measure_replaced(tube):
            assert measure.tube_agreement(still, [True, False]).note == ""


def measure_replaced(tube):
    from mdpkit.base.replaceable import sabotaged

    return sabotaged(measure.tube, lambda original, problem: tube)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda p: measure.tube_agreement(p, [True]), r"learned has shape \(1,\); expected \(3,\)"),
        (lambda p: measure.tube_agreement(p, [0, 2, 1]), r"learned\[1\] is 2; expected True or 1"),
        (lambda p: measure.tube_agreement(p, [np.nan, 0.0, 1.0]), r"learned\[0\] is nan"),
        (lambda p: measure.tube_agreement(p, [0, 0, 1], [1, -1, 1]), "weights has shape.*nonnegative"),
        (lambda p: measure.largest_constraint(p, [3]), "demonstrations visit"),
        (lambda p: measure.largest_constraint(p, []), "demonstrations is empty"),
        (lambda p: measure.largest_constraint(p, [[]]), "demonstrations is empty"),
        (lambda p: measure.largest_constraint(p, None), "demonstrations is None; expected an array of visited states"),
        (lambda p: measure.largest_constraint(p, 1), "demonstrations is 1; expected an array of visited states"),
        (lambda p: measure.largest_constraint(p, np.array([])), "demonstrations is empty"),
        (lambda p: measure.largest_constraint(p, [0], monotone=[1]), "order the points of a grid"),
        (lambda p: measure.failing_episodes(p, 3, [0, 0, 1]), "start is 3; states run from 0 to 2"),
        (lambda p: measure.failing_episodes(p, 0, [0, 1]), r"constraint has shape \(2,\)"),
    ],
)
def test_what_is_no_set_of_states_is_refused(call, words):
    with pytest.raises(InvalidModel, match=words):
        call(SafetyProblem([False, False, True], [[0, 1], [2, 2], [2, 2]]))


def test_a_grid_with_a_reward_is_refused():
    line = ContinuousProblem(lambda x, u: x, [0], [1], [0], [1], reward=lambda x, u: x[:, 0], horizon=Discounted(0.9))
    with pytest.raises(InvalidModel, match="expected a grid on a problem with a margin"):
        measure.tube_agreement(grid(line, 3, 1), [0, 0, 0])
    with pytest.raises(InvalidModel, match="infinite horizon"):
        measure.tube(grid(braking_cart(0.1).problem, 5, 1).finite, steps=2)


# ---- the largest constraint
def test_a_demonstration_that_visits_nothing_changes_nothing():
    p = SafetyProblem([False, False, True], [[0, 1], [2, 2], [2, 2]])
    assert (measure.largest_constraint(p, [[], [0]]) == measure.largest_constraint(p, [0])).all_yes()


def test_the_largest_constraint_of_a_graph_is_what_no_expert_visits():
    problem = double_integrator(1, 2, 4)
    for goals in ([3], [3, 12, 20]):
        visits = measure.visited(problem, 2, goals)
        paths = [np.flatnonzero(each == 1) for each in visits.lower]
        assert (measure.largest_constraint(problem, paths) == 1 - visits.max(axis=0)).all_yes()


@pytest.mark.parametrize("monotone", list(product((-1, 0, 1), repeat=2)))
def test_the_largest_monotone_constraint_by_its_definition(monotone):
    rng = np.random.default_rng(3)
    cells = grid(braking_cart().problem, (9, 7), 1)
    x = rng.uniform(cells.problem.low, cells.problem.high, (4, 2))
    x[0] = cells.points[17]
    expected = np.zeros(cells.S, dtype=bool)
    for state in x:
        ahead = np.ones(cells.S, dtype=bool)
        for i, sign in enumerate(monotone):
            away = cells.points[:, i] - state[i]
            ahead &= sign * away >= -1e-9 if sign else np.abs(away) <= cells.spacing[i] / 2
        expected |= ahead
    found = measure.largest_constraint(cells, [x[:1], x[1:]], monotone)
    np.testing.assert_array_equal(found.lower == 0, expected)


def test_visited_points_allow_their_neighbours():
    cells = grid(dubins_car().problem, (7, 7, 6), 1)
    start = np.array([[0.0, 0.0, -np.pi]])
    alone, wide = (measure.largest_constraint(cells, start, radius=k).lower.reshape(cells.shape) for k in (0, 1))
    assert (alone == 0).sum() == 1
    assert (wide == 0).sum() == 27
    assert (wide[3, 3, [5, 0, 1]] == 0).all()  # around the circle
    corner = measure.largest_constraint(cells, np.array([[-3.0, -3.0, 0.0]]), radius=1)
    assert (corner == 0).yes.sum() == 12


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((np.zeros((2, 3)),), r"expected states \[b,2\]"),
        ((np.array([[9.0, 0.0]]),), "outside"),
        ((np.zeros((1, 2)), (1, 2)), "monotone is"),
        ((np.zeros((1, 2)), (1,)), "monotone is"),
        ((np.zeros((1, 2)), None, -1), "radius is -1"),
    ],
)
def test_demonstrations_off_the_grid_are_refused(given, words):
    with pytest.raises(InvalidModel, match=words):
        measure.largest_constraint(grid(braking_cart().problem, 5, 1), *given)


# ---- the search
@given(graphs(states=(2, 6)))
def test_a_search_knows_all_that_can_be_reached_and_fails_as_often_as_it_must(problem):
    tube = measure.tube(problem)
    lost = tube.lower == 1
    entries = sum(
        lost[problem.successors[s]].sum() for s in np.flatnonzero(measure.safely_reachable(problem, 0).lower == 1)
    )
    assert measure.failing_episodes(problem, 0, tube) == int(entries)
    assert measure.doomed_visits(problem, 0, tube) == 0
    counts = [measure.failing_episodes(problem, 0, measure.tube(problem, steps=k)) for k in range(problem.S + 1)]
    assert all((counts[-1] <= count).yes for count in counts)
    with propose():
        assert measure.failing_episodes(problem, 0, problem.failure.astype(float)) == int(counts[0].lower[()])


def test_the_search_needs_deterministic_dynamics():
    problem = SafetyProblem([False, True], P=objects([[["1/2", "1/2"]], [[0, 1]]]))
    with pytest.raises(InvalidModel, match="deterministic"):
        measure.failing_episodes(problem, 0, problem.failure)
