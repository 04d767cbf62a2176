"""Expert resets: exact counts on trees, exact guarantees on laws."""

import numpy as np
import pytest

from mdpkit import MDP, Finite, Meter, TabularPolicy, fit, grant, measure, objects
from mdpkit.base.errors import InvalidModel, MissingAccess
from mdpkit.learn import PSDP


@pytest.mark.parametrize(("H", "A"), [(2, 2), (4, 2), (5, 2), (3, 3)])
def test_a_tree_takes_one_probe_for_each_step_and_action(make, H, A):
    """H A resets and A H (H+1)/2 steps find the one leaf that pays among A^H, whatever is played off the path."""
    problem, expert = make.tree(H, A)
    access = grant(problem, expert=expert, demonstrations=1, resets=H * A, rewards=True, rng=np.random.default_rng(0))
    answer = fit(PSDP(rollouts_per_action=1), access, rng=np.random.default_rng(0))
    assert answer.used == Meter(demonstrations=H, resets=H * A, steps=A * H * (H + 1) // 2)
    assert (measure.value(problem, answer.policy) == 1).all_yes()
    assert answer.trace["states"].tolist() == [1] * H
    short = grant(
        problem, expert=expert, demonstrations=1, resets=H * A - 1, rewards=True, rng=np.random.default_rng(0)
    )
    with pytest.raises(MissingAccess, match=f"{H * A - 1} resets were granted and {H * A - 1} are used"):
        fit(PSDP(rollouts_per_action=1), short, rng=np.random.default_rng(0))


def test_demonstrations_of_another_path_do_not_find_the_leaf(make):
    """The control: resets to the states of somebody who goes elsewhere."""
    problem, expert = make.tree(4)
    elsewhere = TabularPolicy(expert.table[:, ::-1])
    access = grant(
        problem, expert=elsewhere, demonstrations="exact", resets="exact", rewards=True, rng=np.random.default_rng(0)
    )
    answer = fit(PSDP(default_policy=elsewhere), access, rng=np.random.default_rng(0))
    assert (measure.value(problem, answer.policy) == 0).all_yes()


@pytest.mark.parametrize("seed", range(6))
def test_it_is_as_good_as_every_policy_that_stays_where_the_expert_goes(make, seed):
    """J(pi) - J(answer) = sum_t E_{d_t^pi} [Q(s, pi) - Q(s, answer)] <= 0, Q the answer's own."""
    problem, expert = make.drawn(seed, S=4, A=3, masked=seed % 2 == 1)
    answer = fit(
        PSDP(reward=problem.r, rollouts_per_action=None),
        grant(problem, expert=expert, demonstrations="exact", episodes="exact"),
        rng=None,
    )
    assert answer.used == Meter(demonstrations=answer.used.demonstrations, model_calls=1)
    Q, reached = (
        measure.action_value(problem, answer.policy).lower,
        measure.occupancy(problem, expert).lower.sum(axis=-1) > 0,
    )
    for t, s in np.argwhere(np.asarray(reached)):
        actions = np.flatnonzero(problem.available[s])
        chosen = int(np.flatnonzero(np.asarray(answer.policy.table[t, s] == 1))[0])
        assert Q[t, s, chosen] == max(Q[t, s, a] for a in actions)
        assert chosen == min(a for a in actions if Q[t, s, a] == Q[t, s, chosen])  # of tied actions the first
    assert (measure.value(problem, answer.policy) >= measure.value(problem, expert)).all_yes()


def test_probes_estimate_the_models_values(make):
    problem, expert = make.drawn(3, S=3, A=2)
    far = MDP(problem.P, problem.r * objects([1, 4]), problem.rho, horizon=problem.horizon)
    known = fit(
        PSDP(far.r, rollouts_per_action=None),
        grant(far, expert=expert, demonstrations="exact", episodes="exact"),
        rng=None,
    ).policy
    access = grant(
        far, expert=expert, demonstrations="exact", resets="exact", rewards=True, rng=np.random.default_rng(2)
    )
    probed = fit(PSDP(rollouts_per_action=200), access, rng=np.random.default_rng(3)).policy
    assert probed == known
    told = fit(
        PSDP(far.r, rollouts_per_action=200),
        grant(far, expert=expert, demonstrations="exact", resets="exact", rng=np.random.default_rng(2)),
        rng=np.random.default_rng(3),
    )
    assert told.policy == known


def test_a_budget_of_episodes_per_step_finds_the_models_policy(make):
    """Drawn states in place of all: with enough episodes the same choices, and no more than the budget is used."""
    problem, expert = make.drawn(3, S=3, A=2)
    far = MDP(problem.P, problem.r * objects([1, 4]), problem.rho, horizon=problem.horizon)
    exact = grant(far, expert=expert, demonstrations="exact", episodes="exact")
    known = fit(PSDP(far.r, rollouts_per_action=None), exact, rng=None).policy
    granted = dict(expert=expert, demonstrations="exact", resets=3 * 900, rng=np.random.default_rng(2))
    for options in (dict(reward=far.r), {}):
        access = grant(far, **granted, rewards=not options)
        drawn = fit(PSDP(rollouts=900, **options), access, rng=np.random.default_rng(3))
        assert drawn.policy == known
        assert drawn.used.resets == 3 * 900


def test_what_is_played_elsewhere_is_what_was_said(make):
    problem, expert = make.tree(3)
    first = TabularPolicy(expert.table[:, ::-1])
    access = grant(problem, expert=expert, demonstrations="exact", episodes="exact")
    table = fit(PSDP(problem.r, None, default_policy=first), access, rng=None).policy.table
    path = np.asarray(measure.occupancy(problem, expert).lower.sum(axis=-1) > 0)
    assert (table[~path] == [1, 0]).all()
    assert (table[path] == [0, 1]).all()
    assert fit(PSDP(problem.r, None), access, rng=None).policy.table[0, 1].tolist() == objects(["1/2", "1/2"]).tolist()


def test_what_does_not_fit_is_refused(make):
    problem, expert = make.tree(3)
    access = grant(problem, expert=expert, demonstrations="exact", episodes="exact")
    with pytest.raises(InvalidModel, match="the model does not contain the rewards"):
        PSDP(rollouts_per_action=None)
    with pytest.raises(InvalidModel, match="rollouts_per_action is 0"):
        PSDP(rollouts_per_action=0)
    with pytest.raises(InvalidModel, match="expected a policy of 8 states, 2 actions and 3 steps"):
        fit(PSDP(problem.r, None, TabularPolicy(objects([[1, 0]]))), access, rng=None)
    with pytest.raises(InvalidModel, match="expected a policy of 8 states"):
        fit(PSDP(problem.r, None, expert.to_float()), access, rng=None)
    sampled = grant(
        problem.to_float(), expert=expert.to_float(), demonstrations=2, resets="exact", rng=np.random.default_rng(0)
    )
    for reward, words in (
        (np.full((8, 2), np.nan), r"reward\[0, 0\] is nan; every entry must be finite"),
        (np.zeros((9, 2)), r"reward has shape \(9, 2\); expected \(8, 2\) or \(3, 8, 2\)"),
        (np.zeros((2, 8, 2)), r"reward has shape \(2, 8, 2\); expected"),
    ):
        with pytest.raises(InvalidModel, match=words):
            fit(PSDP(reward), sampled, rng=np.random.default_rng(0))
    masked = MDP(problem.P, problem.r, problem.rho, horizon=Finite(3), mask=np.array([[False, True]] * 8))
    first = TabularPolicy(expert.table[:, ::-1])
    with pytest.raises(InvalidModel, match="default_policy plays an action that is missing"):
        fit(
            PSDP(problem.r, None, first),
            grant(masked, expert=expert, demonstrations="exact", episodes="exact"),
            rng=None,
        )
    for learner, needs in (
        (PSDP(), ("demonstrations", "resets", "rewards")),
        (PSDP(problem.r), ("demonstrations", "resets")),
        (PSDP(problem.r, None), ("demonstrations", "model")),
    ):
        assert learner.needs == needs


@pytest.mark.parametrize("seed", range(4))
def test_confined_to_rules_each_step_is_the_best_on_the_experts_states(make, seed):
    """The gap is the sum of the steps' losses there: J(E) - J(answer) = sum_t E_{d_t^E} [Q(s, E) - Q(s, answer)]."""
    problem, expert = make.drawn(seed, S=4, A=3)
    rules = np.stack([make.drawn(20 * k + seed, S=4, A=3, H=1)[1].table[0] for k in range(5)])
    access = grant(problem, expert=expert, demonstrations="exact", episodes="exact")
    policy = fit(PSDP(problem.r, None, rules=rules), access, rng=None).policy
    Q, states = measure.action_value(problem, policy).lower, measure.occupancy(problem, expert).lower.sum(axis=-1)
    lost = objects(0)[()]
    for t in range(3):
        worth = [(states[t] * (rule * Q[t]).sum(axis=-1)).sum() for rule in rules]
        assert (policy.table[t] == rules[worth.index(max(worth))]).all()
        lost += (states[t] * ((expert.table[t] - policy.table[t]) * Q[t]).sum(axis=-1)).sum()
    assert measure.value_gap(problem, expert, policy).lower[()] == lost


@pytest.mark.parametrize(
    "rules", [None, np.eye(3, dtype=int)[np.indices((3,) * 4).reshape(4, -1).T]], ids=["free", "all rules"]
)
@pytest.mark.parametrize("seed", range(3))
def test_where_the_expert_goes_everywhere_it_is_optimal(make, seed, rules):
    problem, expert = make.drawn(seed, S=4, A=3)
    mixed = MDP(problem.P / 2 + objects("1/8")[()], problem.r, horizon=problem.horizon)
    access = grant(mixed, expert=expert, demonstrations="exact", episodes="exact")
    policy = fit(PSDP(mixed.r, None, rules=rules), access, rng=None).policy
    assert (measure.state_value(mixed, policy) == measure.optimal_value(mixed)).all_yes()


def test_rules_that_are_none_are_refused(make):
    problem, expert = make.drawn(0)
    access = grant(problem, expert=expert, demonstrations="exact", episodes="exact")
    for rules, words in (
        (np.zeros((0, 3, 2)), r"rules has shape \(0, 3, 2\); expected \(k, 3, 2\)"),
        (np.ones((1, 3, 2), dtype=int), "sums to 2, not 1"),
    ):
        with pytest.raises(InvalidModel, match=words):
            fit(PSDP(problem.r, None, rules=rules), access, rng=None)


@pytest.mark.parametrize("ties", ["first", "default"])
@pytest.mark.parametrize("ruled", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_floats_are_searched_for_all_states_at_once_as_rationals_are_one_by_one(make, seed, ruled, ties):
    """The tables agree where rewards leave no ties, and where the reward is 0 and everything ties."""
    problem, expert = make.drawn(seed, S=5, A=3, masked=seed == 3)
    rng = np.random.default_rng(seed)
    generic = objects(rng.integers(-(10**6), 10**6, problem.r.shape)) / 10**5
    rules = None
    if ruled:
        chosen = np.stack([[rng.choice(np.flatnonzero(row)) for row in problem.available] for _ in range(4)])
        rules = np.eye(problem.A, dtype=int)[chosen]
    for reward in (generic, generic * 0):
        tables = []
        for kind in (lambda each: each, lambda each: each.to_float()):
            access = grant(kind(problem), expert=kind(expert), demonstrations="exact", episodes="exact")
            given = reward if access.setting.exact else reward.astype(float)
            learner = PSDP(given, rollouts_per_action=None, default_policy=kind(expert), rules=rules, ties=ties)
            tables.append(fit(learner, access, rng=None).policy.table.astype(float))
        assert np.allclose(*tables, rtol=0, atol=1e-12)
