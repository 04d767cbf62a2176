"""AdVIL: the off-Q game on the demonstrations alone; its payoff bounds the value gap, its duality gap falls as 1/N."""

import numpy as np
import pytest

from mdpkit import MDP, Finite, Meter, TabularPolicy, fit, grant, measure, objects
from mdpkit.base.errors import InvalidModel
from mdpkit.instances.library.imitation.cliff import cliff
from mdpkit.learn import AdVIL, BoxRewards, Cloning, FiniteRewards


def shown(problem, expert):
    return grant(problem, expert=expert, demonstrations="exact")


def payoff(states, expert, policy, f):
    """U(pi, f) by its definition."""
    return (states[..., None] * (expert.table - policy.table) * f).sum()


@pytest.mark.parametrize("seed", range(4))
def test_the_trace_holds_the_payoffs_by_their_definition(make, seed):
    problem, expert = make.drawn(seed, masked=seed == 3)
    answer = fit(AdVIL(rounds=6), shown(problem, expert), rng=None)
    states = measure.occupancy(problem, expert).lower.sum(axis=-1)
    tables, rewards = (
        np.stack([getattr(each, "table", each) for each in answer.trace[name]]) for name in ("policy", "reward")
    )
    for k in range(6):
        policy = TabularPolicy(tables[k])
        assert answer.trace["payoff"][k] == payoff(states, expert, policy, rewards[k])
        mean = TabularPolicy(tables[: k + 1].sum(axis=0) / (k + 1))
        apart = states[..., None] * (expert.table - mean.table)
        assert answer.trace["sup_payoff"][k] == sum(max(x, 0) for x in apart.ravel())
        f = rewards[: k + 1].sum(axis=0) / (k + 1)
        best = np.where(problem.available, f, -1).max(axis=-1)
        least = (states * ((expert.table * f).sum(axis=-1) - best)).sum()
        assert answer.trace["inf_payoff"][k] == least <= 0
    assert answer.policy.table.tolist() == (tables.sum(axis=0) / 6).tolist()
    assert answer.used == Meter(demonstrations=answer.used.demonstrations)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("rounds", [5, 40])
def test_the_largest_payoff_falls_as_one_over_the_rounds(make, seed, rounds):
    """At most (D_f + D_pi) / (2 rate N) + rate G / N: squared diameters seen from the starts, and first gradients."""
    problem, expert = make.drawn(seed, S=4, A=3)
    answer = fit(AdVIL(rounds=rounds), shown(problem.to_float(), expert.to_float()), rng=None)
    H, S, A = problem.horizon.H, problem.S, problem.A
    from_zero, from_uniform = H * S * A, H * S * (1 - 1 / A)
    assert answer.trace["sup_payoff"][-1] <= ((from_zero + from_uniform) / (2 * 0.25) + 0.25 * H) / rounds


def test_the_value_gap_attains_horizon_times_payoff_where_only_the_first_action_counts():
    """Action 0 leads to a state that pays, action 1 to one that does not, and there is one action there."""
    H = 5
    mdp = MDP(
        objects([[[0, 1, 0], [0, 0, 1]], [[0, 1, 0]] * 2, [[0, 0, 1]] * 2]),
        objects([[1, 0], [1, 0], [0, 0]]),
        objects([1, 0, 0]),
        horizon=Finite(H),
        mask=np.array([[True, True], [True, False], [True, False]]),
    )
    expert = TabularPolicy(objects([[1, 0]] * 3))
    answer = fit(AdVIL(rounds=8), shown(mdp, expert), rng=None)
    gap = measure.value_gap(mdp, expert, answer.policy).lower[()]
    assert gap == H * answer.trace["sup_payoff"][-1] > 0


def test_many_rounds_reproduce_the_clone_on_the_experts_states_and_say_nothing_elsewhere():
    m = cliff(4, 0)
    answer = fit(AdVIL(rounds=300, rate="1/3"), shown(m.mdp, m.expert), rng=None)
    clone = fit(Cloning(), shown(m.mdp, m.expert), rng=None).policy
    assert (abs(answer.policy.table - clone.table)[:, 0] < objects("1/100")).all()
    assert (answer.policy.table[:, 1] == objects("1/2")).all()


def test_a_class_that_sees_nothing_leaves_the_policy_uniform():
    """The control: moments of zero are matched by every policy."""
    m = cliff(4, 0)
    answer = fit(AdVIL(FiniteRewards(np.zeros((1, 2, 2), dtype=int)), rounds=5), shown(m.mdp, m.expert), rng=None)
    assert (answer.policy.table == objects("1/2")).all()
    assert answer.trace["sup_payoff"].tolist() == [0] * 5


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(rounds=0), "expected an integer of at least 1"),
        (dict(rate=0), "rate is 0; expected a number above 0"),
        (dict(rate=float("nan")), "rate is nan"),
    ],
)
def test_settings_that_are_none_are_refused(options, words):
    with pytest.raises(InvalidModel, match=words):
        AdVIL(**options)


def test_moments_of_another_problem_are_refused():
    m = cliff(3, 0)
    with pytest.raises(InvalidModel, match=r"rewards has shape \(1, 3, 2\)"):
        fit(AdVIL(FiniteRewards(np.zeros((1, 3, 2)))), shown(m.mdp, m.expert), rng=None)
    with pytest.raises(InvalidModel, match="the class is empty"):
        fit(AdVIL(BoxRewards(lower=2)), shown(m.mdp, m.expert), rng=None)
