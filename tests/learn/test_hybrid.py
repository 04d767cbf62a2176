"""HyPE and HyPER: the game's equality, their use of access, and the value of unseen actions."""

import numpy as np
import pytest

from mdpkit import MDP, Finite, Meter, TabularPolicy, fit, grant, measure, objects
from mdpkit.base.errors import InvalidModel, MissingAccess
from mdpkit.instances import named
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
        (dict(expert_share=((0, 1), (3, 2))), r"expert_share is 2; expected a number in \[0, 1\]"),
        (
            dict(expert_share=((3, 1), (3, 0))),
            r"expected a number in \[0, 1\], or pairs \(round, share\), rounds increasing",
        ),
        (dict(expert_share=()), r"expert_share is \(\); expected a number"),
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


@pytest.mark.parametrize("H", [2, 3, 5])
def test_hyper_attains_its_guarantee_at_a_fork(H):
    """A turn-off is believed to be worth H: both sides of the bound by advantage and model error, which are equal.

    In the model an unseen action leads for certain to the highest reward, so that its total variation is 1.
    """
    m = named("turnoffs", H=H)
    answer = fit(
        HyPER(FiniteRewards(m.mdp.r[None]), unseen="optimistic", rounds=1), exact_access(m.mdp, m.expert), rng=None
    )
    P = objects(np.broadcast_to(m.mdp.P, (H, 3, 2, 3))).copy()
    P[:, 0, 1] = objects([0, 0, 1])
    r = objects(np.broadcast_to(m.mdp.r, (H, 3, 2))).copy()
    r[:, 0, 1] = 1  # the model's reward of the turn-off; the difference of 1 is an error of its own, in reward
    model = MDP(P, r, m.mdp.rho, horizon=Finite(H))
    policy = answer.trace["policy"][0]
    advantage = (measure.occupancy(m.mdp, m.expert) * measure.advantage(model, policy)).sum()
    left = np.arange(H - 1, -1, -1)
    errors = sum((measure.transition_error(m.mdp, model, each) * left).sum() for each in (m.expert, policy))
    paid = measure.reward_error(m.mdp, model, policy).sum()
    gap = measure.value_gap(m.mdp, m.expert, policy)
    assert (gap == advantage + errors + paid).all_yes()
    assert (gap == objects(H)[()] / 2).all_yes()


def test_the_experts_share_may_fall_with_the_rounds():
    """From 1 in round 0 to 0 in round 1, as the online method from then on."""
    problem, expert = tree_mdp(2, 4), policy_to_leaf(13, 2, 4)

    def play(share):
        access = grant(problem, expert=expert, demonstrations=1, episodes=2, rng=np.random.default_rng(0))
        return fit(HyPE(expert_share=share, rounds=2, episodes=1), access, rng=np.random.default_rng(0)).trace["policy"]

    falling, online, constant = play(((0, 1), (1, 0))), play(0), play("1/2")
    assert (falling[1].table == online[1].table).all()
    assert (falling[1].table != constant[1].table).any()
