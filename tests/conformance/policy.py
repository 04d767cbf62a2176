"""What every policy keeps to, tabular or torch, tried on a finite problem.

A suite is a tuple of checks, each a function of one case. In a test file:

    @pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
    @pytest.mark.parametrize("case", CASES, ids=str)
    def test_a_policy_keeps_the_protocol(case, check):
        check(case)
"""

from dataclasses import dataclass

import numpy as np

from mdpkit import Finite, TabularPolicy, measure
from mdpkit.base.arrays import floats
from mdpkit.learn import Policy

GRID = 400
"""So many uniform numbers stand for all, in the middle of equal parts of [0, 1)."""

EVEN = (np.arange(GRID) + 0.5) / GRID


@dataclass(frozen=True)
class PolicyCase:
    """A policy, a finite problem that it belongs to, and how far its probabilities may be off by rounding (float32: 1e-5)."""

    name: str
    policy: object
    problem: object
    rounding: float = 1e-12

    def __str__(self):
        return self.name

    @property
    def steps(self):
        return range(self.problem.horizon.H if isinstance(self.problem.horizon, Finite) else 1)

    def members(self):
        """The policies that play episodes, and the share of the uniform numbers that chooses each."""
        found = {}
        for u in EVEN:
            member = self.policy.start(u)
            found.setdefault(id(member), [member, 0.0])[1] += 1 / GRID
        return [tuple(each) for each in found.values()]


def law(member, problem, t):
    """exp(log_prob) of every state and action, `[s,a]`."""
    s, a = np.indices((problem.S, problem.A)).reshape(2, -1)
    return np.exp(np.asarray(member.log_prob(s, t, a), dtype=float)).reshape(problem.S, problem.A)


def it_is_a_policy(case):
    assert isinstance(case.policy, Policy)
    for member, _ in case.members():
        assert isinstance(member, Policy)
        assert member.start(0.5) is member


def its_law_is_one_over_the_actions_that_exist(case):
    for member, _ in case.members():
        for t in case.steps:
            played = law(member, case.problem, t)
            assert np.abs(played.sum(axis=1) - 1).max() <= case.problem.A * case.rounding
            assert (played[~case.problem.available] == 0).all()


def evenly_spread_numbers_are_sampled_in_proportion_to_the_law(case):
    s, u = np.repeat(np.arange(case.problem.S), GRID), np.tile(EVEN, case.problem.S)
    for member, _ in case.members():
        for t in case.steps:
            actions = np.asarray(member.sample(s, t, u)).reshape(case.problem.S, GRID)
            shares = (actions[..., None] == np.arange(case.problem.A)).mean(axis=1)
            assert np.abs(shares - law(member, case.problem, t)).max() <= 1 / GRID + case.rounding


def larger_numbers_choose_later_actions(case):
    s, u = np.repeat(np.arange(case.problem.S), GRID), np.tile(EVEN, case.problem.S)
    for member, _ in case.members():
        for t in case.steps:
            assert (np.diff(np.asarray(member.sample(s, t, u)).reshape(case.problem.S, GRID), axis=1) >= 0).all()


def actions_of_probability_0_are_never_sampled(case):
    s = np.arange(case.problem.S)
    for member, _ in case.members():
        for t in case.steps:
            played = law(member, case.problem, t)
            for u in (0.0, np.nextafter(1.0, 0.0), *np.cumsum(played, axis=1).ravel()):
                actions = np.asarray(member.sample(s, t, np.full(case.problem.S, min(u, np.nextafter(1.0, 0.0)))))
                assert (played[s, actions] > 0).all()


def batches_have_the_shape_of_their_numbers(case):
    rng, last = np.random.default_rng(0), case.steps[-1]
    s = rng.integers(0, case.problem.S, 7)
    u, t = rng.random(7), rng.integers(0, last + 1, 7)
    for member, _ in case.members():
        actions = np.asarray(member.sample(s, t, u))
        assert actions.shape == (7,)
        assert actions.dtype.kind in "iu"
        one_by_one = [int(np.asarray(member.sample(s[k : k + 1], int(t[k]), u[k : k + 1]))[0]) for k in range(7)]
        assert actions.tolist() == one_by_one
        logs = np.asarray(member.log_prob(s, t, actions))
        assert logs.shape == (7,)
        assert (logs <= case.problem.A * case.rounding).all()
        assert np.asarray(member.sample(s[:0], 0, u[:0])).shape == (0,)


def its_table_is_its_law(case):
    for member, _ in case.members():
        table = member.to_tabular(case.problem)
        assert isinstance(table, TabularPolicy)
        for t in case.steps:
            row = floats(table.table) if table.table.ndim == 2 else floats(table.table[t])
            assert np.abs(row - law(member, case.problem, t)).max() <= case.problem.A * case.rounding


def its_table_visits_what_its_members_visit_on_average(case):
    members = case.members()
    average = sum(share * measure.occupancy(case.problem, member.to_tabular(case.problem)).mid for member, share in members)
    whole = measure.occupancy(case.problem, case.policy.to_tabular(case.problem)).mid
    total = whole.sum() / len(case.steps)
    assert np.abs(whole - average).max() <= total * (len(members) * (len(members) > 1) / GRID + case.problem.S * case.rounding)


CHECKS = (
    it_is_a_policy,
    its_law_is_one_over_the_actions_that_exist,
    evenly_spread_numbers_are_sampled_in_proportion_to_the_law,
    larger_numbers_choose_later_actions,
    actions_of_probability_0_are_never_sampled,
    batches_have_the_shape_of_their_numbers,
    its_table_is_its_law,
    its_table_visits_what_its_members_visit_on_average,
)
