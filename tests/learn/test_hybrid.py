"""HyPE and HyPER: the game's equality, no planning from the start, and what a model of expert data alone misses."""

import numpy as np
import pytest

from mdpkit import MDP, Finite, Meter, TabularPolicy, fit, grant, measure, objects
from mdpkit.base.errors import InvalidModel, MissingAccess
from mdpkit.instances.library.imitation.tree import policy_to_leaf, tree_mdp
from mdpkit.learn import (
    BoxRewards,
    FiniteRewards,
    FittedGradient,
    FittedResets,
    GradientAscent,
    HyPE,
    HyPER,
    MomentMatching,
    NaturalGradient,
    Planning,
)


def exact_access(problem, expert):
    return grant(problem, expert=expert, demonstrations="exact", episodes="exact")


@pytest.mark.parametrize("learner", [HyPE(rounds=5, rate=3), HyPER(rounds=5)], ids=["HyPE", "HyPER"])
def test_the_gap_of_the_mixture_is_the_sum_of_both_regrets(learner):
    """Both sides of the guarantee, exactly, on a tree of 3 steps."""
    problem, expert = tree_mdp(2, 3), policy_to_leaf(5, 2, 3)
    answer = fit(learner, exact_access(problem, expert), rng=None)
    d = measure.occupancy(problem, expert).lower
    apart = [d - measure.occupancy(problem, policy).lower for policy in answer.trace["policy"]]
    lost = sum((f * each).sum() for f, each in zip(answer.trace["reward"], apart, strict=True))
    gap = BoxRewards().sup(d - measure.occupancy(problem, answer.policy.to_tabular(problem)).lower)
    regret = BoxRewards().sup(sum(apart)) - lost
    assert gap == answer.trace["sup_gap"][-1] == (regret + lost) / 5
    assert 0 < gap < answer.trace["sup_gap"][0]


def test_hype_uses_demonstrations_and_episodes_alone():
    problem, expert = tree_mdp(2, 4).to_float(), policy_to_leaf(5, 2, 4).to_float()
    access = grant(problem, expert=expert, demonstrations=3, episodes=40, rng=np.random.default_rng(0))
    answer = fit(HyPE(rounds=10, episodes=4), access, rng=np.random.default_rng(0))
    assert answer.used == Meter(demonstrations=12, episodes=40, steps=160)
    with pytest.raises(MissingAccess, match="HyPE needs demonstrations, and was granted episodes"):
        fit(HyPE(), grant(problem, episodes=1, rng=np.random.default_rng(0)), rng=None)


def test_hype_with_full_coverage_is_natural_gradient(make):
    """If demonstrations visit everything, the fitted values are the model's, and so are the policies."""
    problem, _ = make.drawn(4)
    everywhere = MDP(problem.P, problem.r, objects(["1/3"] * 3), horizon=problem.horizon)
    P = (problem.P + objects(np.ones(problem.P.shape, dtype=int))) / 4
    everywhere = MDP(P, problem.r, everywhere.rho, horizon=Finite(3))
    expert = TabularPolicy(objects([["1/3", "2/3"]] * 3))
    hype = fit(HyPE(rounds=3), exact_access(everywhere, expert), rng=None)
    known = fit(MomentMatching(policy_player=NaturalGradient(), rounds=3), exact_access(everywhere, expert), rng=None)
    for policy, other in zip(hype.trace["policy"], known.trace["policy"], strict=True):
        assert (policy.table == other.table).all()


def test_the_online_method_learns_nothing_before_its_first_transition():
    problem, expert = tree_mdp(2, 3), policy_to_leaf(5, 2, 3)
    answer = fit(HyPE(rounds=1, expert_share=0), exact_access(problem, expert), rng=None)
    assert (answer.trace["policy"][0].table == objects("1/2")[()]).all()


def test_hyper_answers_with_the_experts_path_when_unseen_actions_have_a_low_value():
    problem, expert = tree_mdp(2, 3), policy_to_leaf(5, 2, 3)
    start = measure.occupancy(problem, expert).lower
    learner = HyPER(unseen="pessimistic", rounds=2, start=start, default_policy=policy_to_leaf(0, 2, 3))
    answer = fit(learner, exact_access(problem, expert), rng=None)
    assert answer.trace["sup_gap"][0] == 0
    assert answer.used == Meter(demonstrations=3, model_calls=4)


@pytest.mark.parametrize("player", [FittedGradient, FittedResets, HyPE, HyPER])
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(expert_share="3/2"), r"expert_share is '3/2'; expected a number in \[0, 1\]"),
        (dict(keep="some"), "keep is 'some'; expected one of last, all"),
        (dict(unseen="high"), "unseen is 'high'; expected one of zero, pessimistic, optimistic"),
    ],
)
def test_options_that_mean_nothing_are_refused(player, options, words):
    with pytest.raises(InvalidModel, match=words):
        player(**options)


@pytest.mark.parametrize(
    ("make_it", "words"),
    [
        (lambda: HyPE(rate=0), "rate is 0"),
        (lambda: HyPE(rounds=0), "rounds is 0"),
        (lambda: HyPER(ties="last"), "ties is 'last'"),
    ],
)
def test_settings_are_refused_where_they_are_made(make_it, words):
    with pytest.raises(InvalidModel, match=words):
        make_it()


@pytest.mark.parametrize("learner", [HyPE(), HyPER()], ids=["HyPE", "HyPER"])
def test_demonstrations_without_next_states_are_refused(make, learner):
    problem, expert = make.drawn(0)
    access = grant(problem, expert=expert, demonstrations="exact", episodes=5000, rng=np.random.default_rng(0))
    with pytest.raises(InvalidModel, match="the demonstrations have no column `following`"):
        fit(learner, access, rng=np.random.default_rng(0))


def test_best_responses_in_the_true_model_are_a_limit(make):
    """With all transitions known, HyPER does as well on the round's reward as the expert, like planning."""
    problem, expert = make.drawn(6)
    reward = FiniteRewards(problem.r[None])
    hyper = fit(
        HyPER(reward, GradientAscent(), rounds=12, unseen="optimistic"), exact_access(problem, expert), rng=None
    )
    best = fit(MomentMatching(reward, GradientAscent(), Planning(), rounds=1), exact_access(problem, expert), rng=None)
    assert best.trace["gain"][0] <= hyper.trace["gain"][-1] <= 0
