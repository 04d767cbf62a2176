"""A simulated finite problem has the law that measure computes, at fixed seeds, within bands of stated confidence."""

import numpy as np
import pytest
import scipy.sparse as sp

from mdpkit import MDP, Average, Discounted, Finite, TabularPolicy, grant, measure, objects
from mdpkit.learn import Mixture

EPISODES = 10_000
BAND = 0.035
"""Hoeffding: the share of 10000 independent episodes with some property is off by more than .035 with probability below
2 exp(-24) = 8e-11; with up to 1000 properties a test fails by chance with probability below 8e-8."""


def rng(seed):
    return np.random.default_rng(seed)


def shares(seen, problem, episodes=EPISODES):
    """How many of the episodes visit each (t, s, a)."""
    counts = np.zeros((int(seen.t.max()) + 1, problem.S, problem.A))
    np.add.at(counts, (seen.t, seen.obs, seen.action), 1)
    return counts / episodes


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_sampled_visits_are_the_occupancy(make, seed, masked):
    """P varies with time, states have missing actions; as a mixture and as its members."""
    problem, expert = make.drawn(seed, H=4, S=4, A=3, masked=masked)
    other = make.drawn(seed, H=4, S=4, A=3, masked=masked)[1]
    for policy in (expert, Mixture((expert, other, expert), objects(["1/2", "1/3", "1/6"]))):
        seen = grant(problem, episodes=EPISODES, rng=rng(seed)).play(policy, EPISODES, rng=rng(100 + seed))
        assert len(seen) == 4 * EPISODES
        assert problem.available[seen.obs, seen.action].all()
        assert np.abs(shares(seen, problem) - measure.occupancy(problem, policy).mid).max() < BAND


def test_sampled_transitions_pass_a_chi_square_test(make):
    from scipy.stats import chi2

    problem, expert = make.drawn(0, H=4, S=5, A=3)
    seen = grant(problem, episodes=EPISODES, rng=rng(1)).play(expert, EPISODES, rng=rng(2))
    P, statistic, freedom = problem.to_float().P, 0.0, 0
    counts = np.zeros(P.shape)
    going = ~seen.ended
    np.add.at(counts, (seen.t[going], seen.obs[going], seen.action[going], seen.following[going]), 1)
    for where in np.argwhere(counts.sum(axis=-1) > 100):
        law, found = P[tuple(where)], counts[tuple(where)]
        assert (found[law == 0] == 0).all()
        expected = law[law > 0] * found.sum()
        statistic += ((found[law > 0] - expected) ** 2 / expected).sum()
        freedom += len(expected) - 1
    assert freedom > 10
    assert 1e-4 < chi2.sf(statistic, freedom) < 1 - 1e-4  # the fixed seed would fail by chance twice in 10000


def test_dense_and_sparse_laws_are_played_alike(make):
    dense, expert = (each.to_float() for each in make.drawn(4, discounted=True))
    thin = MDP(sp.csr_array(dense.P.reshape(-1, dense.S)), dense.r, dense.rho, horizon=dense.horizon)
    played = [grant(problem, episodes=300, rng=rng(1)).play(expert, 300, rng=rng(2)) for problem in (dense, thin)]
    assert played[0] == played[1]


def test_discounted_visits_are_those_of_episodes_that_end_by_chance(make):
    problem, expert = make.drawn(3, discounted=True)
    seen = grant(problem, episodes=EPISODES, rng=rng(5)).play(expert, EPISODES, rng=rng(6))
    still_going, law, total = 1.0, problem.to_float().rho, 0
    for found in shares(seen, problem):
        visits = still_going * law[:, None] * expert.to_float().table
        assert np.abs(found - visits).max() < BAND
        law, still_going = np.einsum("sa,san->n", visits, problem.to_float().P) / still_going, still_going * 0.8
        total = total + visits
    # what is seen at all its steps is the occupancy, but for steps that no episode lived to see
    assert np.abs(total - measure.occupancy(problem, expert).mid).max() < 5 * still_going + 1e-9


def test_rewards_seen_add_up_to_the_return(make):
    problem, expert = make.drawn(1, H=4)
    seen = grant(problem, episodes=EPISODES, rng=rng(7)).play(expert, EPISODES, rng=rng(8))
    # returns lie in [-4, 4]
    assert abs(seen.reward.sum() / EPISODES - measure.value(problem, expert).mid) < 8 * BAND


def test_step_by_step_is_the_same_law_as_all_at_once(make):
    problem, expert = make.drawn(0, H=3)
    access, own, episodes = grant(problem, episodes="exact", rng=rng(9)), rng(10), 4000
    counts = np.zeros((3, problem.S, problem.A))
    for _ in range(episodes):
        s, _ = access.reset()
        for t in range(3):
            a = int(expert.sample(np.array([s]), t, own.random(1))[0])
            counts[t, s, a] += 1
            s, _, ended, _, _ = access.step(a)
            assert ended == (t == 2)
    # Hoeffding at 4000 episodes: off by more than .05 with probability below 2 exp(-20) = 4e-9
    assert np.abs(counts / episodes - measure.occupancy(problem, expert).mid).max() < 0.05


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_reset_begins_at_the_step_that_was_asked_for(make, at):
    """P and r of step `at` are used, and the episode ends after the last step."""
    problem, _ = make.drawn(6, H=3)
    access, following = grant(problem, resets=2000, rewards=True, rng=rng(at)), np.zeros(problem.S)
    for _ in range(2000):
        obs, _ = access.reset(to=2, at=at)
        assert obs == 2
        n, reward, ended, _, _ = access.step(1)
        assert reward == float(problem.to_float().r[at, 2, 1])
        assert ended == (at == 2)
        following[n] += 1 / 2000
    # Hoeffding at 2000 steps: off by more than .07 with probability below 2 exp(-19.6) = 7e-9
    assert np.abs(following - problem.to_float().P[at, 2, 1]).max() < 0.07


def test_demonstrations_come_from_the_expert_and_its_law_is_the_occupancy(make):
    problem, expert = make.drawn(8, masked=True)
    shown = grant(problem, expert=expert, demonstrations=EPISODES, rng=rng(11)).demonstrations()
    assert np.abs(shares(shown, problem) - measure.occupancy(problem, expert).mid).max() < BAND
    law = grant(problem, expert=expert, demonstrations="exact").demonstrations()
    assert (law.occupancy(problem.S, problem.A, 3) == measure.occupancy(problem, expert).lower).all()
    assert (law.weight > 0).all()


def test_the_law_of_a_float_problem_shows_nothing_where_the_policy_never_comes():
    """A float enclosure of a visit of probability 0 has a positive end: it is no visit."""
    P = np.zeros((4, 2, 4))
    P[0, 0, 1] = P[0, 1, 2] = P[1, :, 0] = P[2, :, 2] = P[3, :, 3] = 1
    problem = MDP(P, np.zeros((4, 2)), [1, 0, 0, 0], horizon=Discounted(0.9))
    expert = TabularPolicy([[1.0, 0], [0.3, 0.7], [0, 1], [1, 0]])
    law = grant(problem, expert=expert, demonstrations="exact").demonstrations()
    assert sorted(set(law.obs.tolist())) == [0, 1]
    assert law.weight.sum() == pytest.approx(10)
    mixture = Mixture((expert, TabularPolicy([[1.0, 0], [1, 0], [1, 0], [1, 0]]))).to_tabular(problem)
    assert mixture.table[2].tolist() == [0.5, 0.5]


@pytest.mark.parametrize("discounted", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_a_mixture_visits_the_average_of_what_its_members_visit_exactly(make, seed, discounted):
    members = [make.drawn(10 * k + seed, S=3, discounted=discounted)[1] for k in range(3)]
    problem = make.drawn(seed, S=3, discounted=discounted)[0]
    visits = [measure.occupancy(problem, each).lower for each in members]
    weights = objects(["1/2", "1/5", "3/10"])
    assert (measure.occupancy(problem, Mixture(members)).lower == sum(visits) / 3).all()
    assert (
        measure.occupancy(problem, Mixture(members, weights)).lower
        == sum(w * d for w, d in zip(weights, visits, strict=True))
    ).all()
    # the average of their tables is another policy
    tables = TabularPolicy(sum(each.table for each in members) / 3)
    assert discounted or (measure.occupancy(problem, tables).lower != sum(visits) / 3).any()


def test_mixtures_that_are_none_are_refused():
    from mdpkit.base.errors import InvalidModel

    still = TabularPolicy([[1.0]])
    for arguments, words in (
        (((),), "at least one member"),
        (((still,), [0.5]), "weights sums to 0.5, not 1"),
        (((still, still), [1.5, -0.5]), r"weights\[1\] is -0.5; a probability is at least 0"),
        (((still, still), [1.0]), "there are 1 weights; expected one for each of 2 members"),
        (((still, still), [np.nan, 0.5]), r"weights\[0\] is nan"),
        (((still, still), ["1/2", "1/2"]), "make rationals of text"),
        (((still, still), objects(["1/2", "500000000001/1000000000000"])), "not 1 .off by 1.0e-12"),
    ):
        with pytest.raises(InvalidModel, match=words):
            Mixture(*arguments)
    both = Mixture((still, still))
    for use in (both.sample, both.log_prob):
        with pytest.raises(InvalidModel, match=r"call start\(u\)"):
            use(np.array([0]), 0, np.array([0.5]))
    rational = MDP(objects([[[1]]]), objects([[0]]), horizon=Finite(1))
    certain = TabularPolicy(objects([[1]]))
    with pytest.raises(InvalidModel, match=r"the episodes of an Average\(\) problem do not end"):
        Mixture((certain, certain)).to_tabular(MDP(rational.P, rational.r, horizon=Average()))
    with pytest.raises(InvalidModel, match="the mixture's weights are floats and the problem is rational"):
        Mixture((certain, certain), [0.25, 0.75]).to_tabular(rational)
