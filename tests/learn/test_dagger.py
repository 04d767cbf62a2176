"""Dataset aggregation: the loss of its rounds is what its mixture pays, and only interaction keeps that small."""

import numpy as np
import pytest

from mdpkit import MDP, Finite, Meter, TabularPolicy, fit, grant, measure, objects
from mdpkit.base.errors import InvalidModel
from mdpkit.learn import Cloning, DAgger


def exact_access(problem, expert, **more):
    return grant(problem, expert=expert, episodes="exact", queries="exact", **more)


@pytest.mark.parametrize("discounted", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_gap_of_the_mixture_is_the_mean_advantage_lost_where_the_rounds_go(make, seed, discounted):
    """Performance difference, exactly; and with it the bound by u times the mean of the trace's losses."""
    problem, expert = make.drawn(seed, S=3, A=3, discounted=discounted, masked=seed == 3)
    rounds = 4
    answer = fit(DAgger(rounds), exact_access(problem, expert), rng=None)
    advantage = measure.advantage(problem, expert).lower
    lost = sum(-(measure.occupancy(problem, policy).lower * advantage).sum() for policy in answer.policy.members)
    gap = measure.value_gap(problem, expert, answer.policy)
    assert gap.lower[()] == lost / rounds
    members = answer.policy.members
    visits = [measure.occupancy(problem, policy).lower for policy in members]
    losses = [
        (d.sum(axis=-1) * (1 - (pi.table * expert.table).sum(axis=-1))).sum()
        for d, pi in zip(visits, members, strict=True)
    ]
    assert losses == list(answer.trace["loss"])
    assert (gap <= measure.recoverability(problem, expert) * objects(sum(losses)) / rounds).all_yes()
    assert answer.used == Meter(queries=answer.used.queries, model_calls=rounds)


def cliff(H, recovers, A=6):
    """State 0 pays for action 0; others lead to state 1, which pays nothing; only the last action may leave it."""
    P, r = np.zeros((2, A, 2), dtype=int), np.zeros((2, A), dtype=int)
    P[0, 0, 0] = P[0, 1:, 1] = P[1, :-1, 1] = r[0, 0] = 1
    P[1, -1, 0 if recovers else 1] = 1
    careful = np.zeros((2, A), dtype=int)
    careful[0, 0] = careful[1, -1] = 1
    return MDP(objects(P), objects(r), objects([1, 0]), horizon=Finite(H)), TabularPolicy(objects(careful))


def test_labels_where_the_learner_goes_teach_recovery_that_demonstrations_never_show():
    """The expert never falls: a clone that is made to slip is lost, and DAgger has asked what to do there."""
    H, slip = 12, objects("1/10")[()]
    problem, careful = cliff(H, recovers=True)
    cloned = fit(Cloning(), grant(problem, expert=careful, demonstrations="exact"), rng=None).policy
    asked = fit(DAgger(2), exact_access(problem, careful), rng=None).policy.members[-1]
    assert set(cloned.table[1, 1].tolist()) == {objects("1/6")[()]}  # it has seen nobody there
    assert asked.table[1, 1].tolist() == [0, 0, 0, 0, 0, 1]

    def slipping(policy):
        table = policy.table.copy()
        table[:, 0] = (1 - slip) * table[:, 0] + slip * objects([0, 1, 0, 0, 0, 0])
        return TabularPolicy(table)

    gaps = [measure.value_gap(problem, careful, slipping(policy)).lower[()] for policy in (asked, cloned)]
    assert gaps[0] <= 2 * slip * H < gaps[1]  # what recovery in one step allows


def test_where_nothing_recovers_asking_does_not_help():
    """The control: one slip costs all that is left, for a clone and for who has asked alike."""
    problem, careful = cliff(8, recovers=False)
    slips = careful.table + objects([[-1, 1, 0, 0, 0, 0], [0] * 6]) / 10
    cloned = fit(Cloning(), grant(problem, expert=careful, demonstrations="exact"), rng=None).policy
    asked = fit(DAgger(3), exact_access(problem, careful), rng=None).policy.members[-1]
    for policy in (cloned, asked):
        table = policy.table.copy()
        table[:, 0] = slips[0]
        gap = measure.value_gap(problem, careful, TabularPolicy(table)).lower[()]
        assert gap == sum(1 - objects("9/10")[()] ** (t + 1) for t in range(8))


def test_a_sample_costs_a_query_for_every_step(make):
    problem, expert = make.drawn(2, H=4)
    access = grant(problem, expert=expert, demonstrations=3, episodes=15, queries=60, rng=np.random.default_rng(0))
    answer = fit(DAgger(iterations=5, episodes=3, demonstrated=True), access, rng=np.random.default_rng(1))
    assert answer.used == Meter(demonstrations=12, episodes=15, steps=60, queries=60)
    assert len(answer.policy.members) == len(answer.trace["loss"]) == 5
    assert all(0 <= loss <= 4 for loss in answer.trace["loss"])


def test_more_rounds_lose_less_where_the_expert_is_deterministic(make):
    problem, _ = make.drawn(5, S=4, A=3)
    expert = TabularPolicy(objects(np.eye(3, dtype=int)[np.arange(4) % 3]))
    losses = fit(DAgger(6), exact_access(problem, expert), rng=None).trace["loss"]
    assert losses[0] > 0
    assert losses[1:].tolist() == [0] * 5  # the uniform policy goes wherever any does, so that one round tells all


@pytest.mark.parametrize("options", [dict(iterations=0), dict(episodes=1.5), dict(iterations=True)])
def test_counts_that_are_none_are_refused(options):
    with pytest.raises(InvalidModel, match="expected an integer of at least 1"):
        DAgger(**options)


@pytest.mark.parametrize("smoothing", [0, "1/32", 1])
def test_it_smooths_as_cloning_does(smoothing):
    """Its first demonstrated policy is the clone; the next is the clone of demonstrations and labels together."""
    problem, careful = cliff(3, recovers=True)
    access = exact_access(problem, careful, demonstrations="exact")
    first, second = fit(DAgger(2, smoothing=smoothing, demonstrated=True), access, rng=None).policy.members
    assert first == fit(Cloning(smoothing), grant(problem, expert=careful, demonstrations="exact"), rng=None).policy
    weight = (
        measure.occupancy(problem, first).sum(axis=-1).lower + measure.occupancy(problem, careful).sum(axis=-1).lower
    ) / 2
    extra = objects(smoothing)[()]
    seen = weight > 0
    expected = (weight[..., None] * careful.table + extra) / np.where(seen, weight + 6 * extra, 1)[..., None]
    assert (second.table == expected)[np.asarray(seen)].all()


def test_smoothing_is_at_least_0():
    with pytest.raises(InvalidModel, match="smoothing is -1"):
        DAgger(smoothing=-1)
