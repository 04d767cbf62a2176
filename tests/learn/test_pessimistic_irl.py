"""Pessimistic inverse reinforcement learning: its guarantee attained, its solvers, and what they refuse."""

import numpy as np
import pytest

from mdpkit import Trajectories, fit, grant, measure, objects
from mdpkit.base.errors import InvalidModel
from mdpkit.instances import named
from mdpkit.instances.library.imitation.tree import policy_to_leaf, tree_mdp
from mdpkit.learn import Cloning, FiniteRewards, Greedy, KLToClone, LowerConfidence, PessimisticIRL, Planning


def rows_of(model):
    """Transitions whose frequencies are the model's."""
    t, s, a, n = np.nonzero(np.asarray(model.P > 0))
    return Trajectories(s, a, t=t, following=n, weight=model.P[t, s, a, n])


@pytest.mark.parametrize("H", [2, 3, 5])
def test_twice_the_bonus_of_the_expert_is_attained(H):
    """The gap and its bound on the wrong turn, which are equal, from a data set whose model errs at one action."""
    m = named("wrong_turn", H=H)
    solver = LowerConfidence(m.bonus, offline=rows_of(m.model), default_policy=m.learner, ties="default")
    learner = PessimisticIRL(solver, FiniteRewards(m.mdp.r[None]), rounds=2)
    access = grant(m.mdp, expert=m.rival, demonstrations="exact", episodes="exact")
    answer = fit(learner, access, rng=None)
    paid = (measure.occupancy(m.mdp, m.rival) * m.bonus).sum()
    assert (measure.value_gap(m.mdp, m.rival, answer.policy) == paid * 2).all_yes()
    assert answer.trace["sup_gap"][-1] == (paid * 2).lower[()]


@pytest.mark.parametrize("seed", range(4))
def test_without_a_bonus_it_is_planning_on_the_actions_with_data(make, seed):
    """In a tree the demonstrations hold one action a step, which it then plays; with all actions seen it plans."""
    problem, expert = tree_mdp(2, 3), policy_to_leaf(seed, 2, 3)
    access = grant(problem, expert=expert, demonstrations="exact", episodes="exact")
    answer = fit(PessimisticIRL(rounds=1, start=-objects(np.ones((3, 7, 2), dtype=int))), access, rng=None)
    assert answer.policy.members
    drawn, shown = make.drawn(seed)
    uniform = Cloning(smoothing=1)
    data = rows_of(drawn)
    solver = LowerConfidence(0, offline=data)
    access = grant(drawn, expert=shown, demonstrations="exact", episodes="exact")
    rewards = FiniteRewards(drawn.r[None])
    ours = fit(PessimisticIRL(solver, rewards, rounds=1), access, rng=None)
    best = fit(PessimisticIRL(Planning(), rewards, rounds=1), access, rng=None)
    assert (measure.value_gap(drawn, best.policy, ours.policy) == 0).all_yes()
    assert uniform.needs == ("demonstrations",)


def test_the_bonus_falls_with_the_number_of_transitions():
    """c * range / sqrt(n), rounded up: range 1 with one step left, n = 4 and 1."""
    problem = tree_mdp(2, 2)
    access = grant(problem, episodes="exact")
    data = Trajectories([0] * 5, [0, 0, 0, 0, 1], following=[1] * 4 + [2], weight=objects([1] * 5))
    solver = LowerConfidence("1/2", offline=data)
    model = solver.model(access, None)
    b = solver.bonus_of(model, objects([[0, 1]] * 3))
    assert (b[0, 0] == objects(["1/4", "1/2"])).all()
    assert (b[1] == 0).all()
    assert (model.counts[0, 0] == [4, 1]).all()


def test_a_large_temperature_gives_the_clone_and_a_small_one_its_best_action(make):
    problem, expert = (each.to_float() for each in make.drawn(1))
    access = grant(problem, expert=expert, demonstrations="exact", episodes="exact")
    clone = fit(Cloning(), access, rng=None).policy
    rewards = FiniteRewards(problem.r[None])
    far = fit(PessimisticIRL(KLToClone(1e9), rewards, rounds=1), access, rng=None).trace["policy"][0]
    assert np.abs(far.table - clone.table).max() < 1e-6
    near = fit(PessimisticIRL(KLToClone(1e-4), rewards, rounds=1), access, rng=None)
    supported = fit(PessimisticIRL(LowerConfidence(0), rewards, rounds=1), access, rng=None)
    assert (abs(measure.value_gap(problem, supported.policy, near.policy)) <= 1e-3).all_yes()


@pytest.mark.parametrize(
    ("make_it", "words"),
    [
        (lambda: LowerConfidence(-1), "bonus is -1; expected a number of at least 0"),
        (lambda: LowerConfidence(ties="last"), "ties is 'last'"),
        (lambda: KLToClone(0), "temperature is 0"),
        (lambda: KLToClone(unseen="high"), "unseen is 'high'"),
        (lambda: Greedy(unseen="high"), "unseen is 'high'"),
        (lambda: PessimisticIRL(rounds=0), "rounds is 0"),
    ],
)
def test_settings_are_refused_where_they_are_made(make_it, words):
    with pytest.raises(InvalidModel, match=words):
        make_it()


def test_data_that_do_not_fit_are_refused(make):
    problem, expert = make.drawn(0)
    access = grant(problem, expert=expert, demonstrations="exact", episodes="exact")

    def run(**options):
        return fit(PessimisticIRL(LowerConfidence(**options)), access, rng=None)

    with pytest.raises(InvalidModel, match=r"bonus has shape \(2, 2\); expected \(3, 2\) or \(3, 3, 2\)"):
        run(bonus=objects([[0, 0], [0, 0]]))
    with pytest.raises(InvalidModel, match="the offline data have no column `following`"):
        run(offline=Trajectories([0], [0]))
    with pytest.raises(InvalidModel, match=r"obs\[0\] is 7; the problem has 0 to 2"):
        run(offline=Trajectories([7], [0], following=[0]))
