"""GUITAR: restricted classes, offline data and both sides of its bound."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from mdpkit import fit, grant, measure, objects
from mdpkit.base.errors import InvalidModel
from mdpkit.instances.library.imitation.ladder import ladder, tightrope
from mdpkit.learn import GUITAR, BoxRewards, FiniteRewards, Hedge
from mdpkit.model.data import Trajectories

EXACT = dict(demonstrations="exact", episodes="exact")


def states_of(problem, policy):
    """The law of a policy as Trajectories."""
    return grant(problem, expert=policy, demonstrations="exact").demonstrations()


def answer_on(m, learner):
    return fit(learner, grant(m.mdp, expert=m.expert, **EXACT), rng=None)


def completeness(problem, policy, rules, states):
    """eps_t `[t]` by its definition."""
    Q = measure.action_value(problem, policy).lower
    best = (states * Q.max(axis=-1)).sum(axis=-1)
    in_class = np.max([(states * (rule * Q).sum(axis=-1)).sum(axis=-1) for rule in rules], axis=0)
    return best - in_class


@pytest.mark.parametrize("climbs", [False, True])
def test_the_bound_is_attained_where_slips_cannot_be_avoided(climbs):
    """gap = sum_t eps_t with resets to the expert's states, cliff or ladder (benevolent): a ratio of 1."""
    m = ladder(7, "1/10", climbs=climbs, benevolent=True)
    learner = GUITAR(rules=m.rules, rewards=FiniteRewards(m.mdp.r[None]), rounds=1)
    policy = answer_on(m, learner).policy
    states = measure.occupancy(m.mdp, m.expert).lower.sum(axis=-1)
    eps = completeness(m.mdp, policy.to_tabular(m.mdp), m.rules, states)
    assert measure.value_gap(m.mdp, m.expert, policy).lower[()] == eps.sum() > 0


@pytest.mark.parametrize("H", [3, 8])
def test_offline_states_open_the_bridge(H):
    m = tightrope(H, "1/10")
    rewards = FiniteRewards(m.mdp.r[None])
    alone = answer_on(m, GUITAR(rules=m.rules, rewards=rewards, rounds=2)).policy
    mixed = answer_on(m, GUITAR(offline=states_of(m.mdp, m.walker), rules=m.rules, rewards=rewards, rounds=2)).policy
    earned = [measure.value(m.mdp, policy).lower[()] for policy in (m.expert, alone, mixed)]
    assert earned == [H - 1, 1, objects("9/10")[()] * (H - 1)]


@pytest.mark.parametrize("seed", range(4))
def test_the_bound_holds_for_comparators_that_the_resets_cover(make, seed):
    problem, expert = make.drawn(seed, S=3, A=2)
    _, other = make.drawn(seed + 30, S=3, A=2)
    rules = np.stack([make.drawn(7 * k + seed, S=3, A=2, H=1)[1].table[0] for k in range(3)])
    offline = states_of(problem, other)
    learner = GUITAR("1/3", offline, rules, FiniteRewards(problem.r[None]), Hedge(), rounds=1)
    policy = fit(learner, grant(problem, expert=expert, **EXACT), rng=None).policy.to_tabular(problem)
    own, off = (measure.occupancy(problem, each).lower.sum(axis=-1) for each in (expert, other))
    states = own / 3 + off * 2 / 3
    eps = completeness(problem, policy, rules, states)
    for comparator, most in ((expert, 3), (other, objects("3/2")[()])):
        assert measure.value_gap(problem, comparator, policy).lower[()] <= most * eps.sum()


def test_sampled_it_finds_the_bridge_as_well():
    m = tightrope(4, "1/10")
    access = grant(m.mdp, expert=m.expert, demonstrations=3, episodes=100, resets=4000, rng=np.random.default_rng(0))
    learner = GUITAR(
        offline=states_of(m.mdp, m.walker),
        rules=m.rules,
        rewards=FiniteRewards(m.mdp.r[None]),
        rounds=2,
        rollouts=60,
    )
    policy = fit(learner, access, rng=np.random.default_rng(1)).policy
    assert (measure.value(m.mdp, policy) == objects("27/10")).all_yes()


def test_float_offline_data_fit_a_rational_problem():
    m = tightrope(4, "1/10")
    exact = states_of(m.mdp, m.walker)
    learner = GUITAR(offline=exact.to_float(), rules=m.rules, rewards=BoxRewards(), rounds=3)
    assert answer_on(m, learner).policy.to_tabular(m.mdp).exact


def test_bad_input_is_refused(make):
    problem, expert = make.drawn(0, S=3, A=2)
    access = grant(problem, expert=expert, **EXACT)
    for options, words in (
        (dict(expert_share=Fraction(1, 2)), "without offline data; expected 1"),
        (dict(offline=[0, 1]), "expected Trajectories"),
        (dict(expert_share=2, offline=states_of(problem, expert)), "expert_share is 2"),
        (dict(rollouts=0), "rollouts is 0"),
        (dict(rounds=0), "rounds is 0"),
        (dict(ties="any"), "ties is 'any'"),
    ):
        with pytest.raises(InvalidModel, match=words):
            GUITAR(**options)
    short = Trajectories([0, 0], [0, 0], t=[0, 1], ended=[False, True])
    foreign = Trajectories([0, 5, 0], [0, 0, 0], t=[0, 1, 2])
    for offline, words in ((short, "show no state at step 2"), (foreign, r"obs\[1\] is 5")):
        with pytest.raises(InvalidModel, match=words):
            fit(GUITAR(offline=offline), access, rng=None)
    with pytest.raises(InvalidModel, match=r"rules has shape"):
        fit(GUITAR(rules=np.zeros((0, 3, 2))), access, rng=None)
    discounted, stationary = make.drawn(0, discounted=True)
    learner = GUITAR(offline=states_of(problem, expert))
    with pytest.raises(InvalidModel, match="needs a finite horizon"):
        fit(learner, grant(discounted, expert=stationary, **EXACT), rng=None)
    assert replace(learner, expert_share=1).needs == GUITAR().needs
