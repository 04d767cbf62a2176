"""The game of rewards against policies: its equality, exact, and what each player makes of it."""

from itertools import product

import numpy as np
import pytest

from mdpkit import MDP, Finite, TabularPolicy, fit, grant, measure, objects
from mdpkit.base.errors import InvalidModel
from mdpkit.base.mode import propose
from mdpkit.learn import (
    BestResponse,
    BoxRewards,
    Cloning,
    DAgger,
    ExpertResets,
    FiniteRewards,
    FollowTheLeader,
    GradientAscent,
    Hedge,
    LinearRewards,
    MomentMatching,
    NaturalGradient,
    Planning,
)

PLAYERS = GradientAscent(), GradientAscent("1/3"), Hedge(), Hedge("1/2"), FollowTheLeader(), BestResponse()
POLICIES = Planning(), NaturalGradient(), ExpertResets(), ExpertResets(rollouts_per_action=2)


def classes(shape, rng):
    """A class of each kind; a finite and a linear one with and without time."""
    listed = objects(rng.integers(-3, 4, (3, *shape))) / 3
    last = np.zeros(shape, dtype=bool)
    last[-1] = True
    return (
        BoxRewards(),
        BoxRewards(support=last),
        FiniteRewards(listed),
        FiniteRewards(listed[:, 0]),
        LinearRewards(listed, lower=0),
    )


def with_reward(problem, f):
    return MDP(problem.P, f, problem.rho, horizon=problem.horizon, mask=problem.mask)


def exact_access(problem, expert):
    return grant(
        problem, expert=expert, demonstrations="exact", episodes="exact", resets="exact", rng=np.random.default_rng(1)
    )


@pytest.mark.parametrize("order", ["dual", "primal"])
@pytest.mark.parametrize("seed", range(3))
def test_the_gap_of_the_mixture_is_the_sum_of_both_regrets(make, seed, order):
    rounds = 4
    problem, expert = make.drawn(seed, masked=seed == 2)
    for rewards, player, policies in product(classes(problem.r.shape, np.random.default_rng(seed)), PLAYERS, POLICIES):
        if isinstance(player, Hedge) and not isinstance(rewards, FiniteRewards):
            continue
        learner = MomentMatching(rewards, player, policies, rounds=rounds, order=order)
        answer = fit(learner, exact_access(problem, expert), rng=np.random.default_rng(0))
        visits = measure.occupancy(problem, expert).lower
        apart = [visits - measure.occupancy(problem, policy).lower for policy in answer.trace["policy"]]
        played = answer.trace["reward"]
        lost = [
            measure.value_gap(with_reward(problem, f), expert, policy)
            for f, policy in zip(played, answer.trace["policy"], strict=True)
        ]
        # each of the four numbers by its own definition
        regret = rewards.sup(sum(apart)) - sum((f * d).sum() for f, d in zip(played, apart, strict=True))
        meant = rewards.like(visits)
        worst = meant.reward(meant.best(meant.moments(sum(apart))))
        gap = measure.value_gap(with_reward(problem, worst), expert, answer.policy)
        assert (gap == (regret + sum(each.lower[()] for each in lost)) / rounds).all_yes()
        assert gap.lower[()] == answer.trace["sup_gap"][-1]
        assert regret == answer.trace["reward_regret"][-1]
        assert [each.lower[()] for each in lost] == list(answer.trace["gain"])


@pytest.mark.parametrize("discounted", [False, True])
def test_a_mixture_of_best_responses_matches_the_expert_as_rounds_go_by(make, discounted):
    problem, expert = make.drawn(5, discounted=discounted)
    gaps = []
    for rounds in (10, 160):
        learner = MomentMatching(BoxRewards(), GradientAscent(1 / np.sqrt(rounds)), Planning(), rounds=rounds)
        trace = fit(learner, exact_access(problem.to_float(), expert.to_float()), rng=np.random.default_rng(0)).trace
        gaps.append(trace["sup_gap"][-1])
        diameter, longest = np.sqrt(4 * problem.r.size), np.sqrt(2) * (problem.horizon.H if not discounted else 5)
        assert trace["reward_regret"][-1] <= (diameter**2 + longest**2) * np.sqrt(rounds) / 2
        assert (trace["gain"] <= 1e-8).all()  # nobody beats a best response, not even the expert
    assert gaps[1] < gaps[0] / 2.5


def test_natural_gradient_has_little_regret_against_rewards_that_change(make):
    problem, expert = (each.to_float() for each in make.drawn(7))
    rounds, H, A = 400, problem.horizon.H, problem.A
    rate = np.sqrt(8 * np.log(A) / rounds) / (2 * H)
    learner = MomentMatching(BoxRewards(), BestResponse(), NaturalGradient(rate), rounds=rounds, order="primal")
    trace = fit(learner, exact_access(problem, expert), rng=np.random.default_rng(0)).trace
    # a Hedge at every state, with action values in a range of 2H; its regret counts H times (performance difference)
    assert trace["gain"].sum() <= H * (np.log(A) / rate + rate * rounds * (2 * H) ** 2 / 8) + 1e-3
    assert trace["sup_gap"][-1] < trace["sup_gap"][3] / 5


def test_a_best_response_that_moves_first_does_not_learn():
    """Rewards that answer the last policy, and policies that answer the reward, chase each other."""
    stay = MDP(objects([[[1], [1]]]), objects([[0, 0]]), horizon=Finite(1))
    expert = TabularPolicy(objects([["2/3", "1/3"]]))
    answer = fit(
        MomentMatching(BoxRewards(), BestResponse(), Planning(), rounds=20), exact_access(stay, expert), rng=None
    )
    calm = fit(
        MomentMatching(BoxRewards(), GradientAscent(), Planning(), rounds=20), exact_access(stay, expert), rng=None
    )
    assert answer.trace["sup_gap"][-1] == objects("1/3")[()]
    assert calm.trace["sup_gap"][-1] < answer.trace["sup_gap"][-1] / 2


@pytest.mark.parametrize("seed", [0, 2])
def test_expert_resets_imitate_although_the_responses_stay_far_from_optimal(make, seed):
    """A tree of depth 5: off the expert's path the first action is played, whatever it pays.

    The discriminator begins at random. The numbers .240, .090, .045 of the notes (imitation, 2(d)) at N = 50, 200, 800
    fall as these do, from another draw of the first reward: with a first reward of 0 the second policy is the expert.
    """
    problem, expert = (each.to_float() for each in make.tree(5))
    first = TabularPolicy(np.broadcast_to([1.0, 0.0], (problem.S, 2)))
    start = np.random.default_rng(seed).uniform(-1, 1, (5, problem.S, 2))
    sup_gaps = []
    for rounds in (50, 200, 800):
        learner = MomentMatching(
            BoxRewards(),
            GradientAscent(1 / np.sqrt(rounds)),
            ExpertResets(default_policy=first),
            rounds=rounds,
            start=start,
        )
        trace = fit(learner, exact_access(problem, expert), rng=np.random.default_rng(0)).trace
        sup_gaps.append(trace["sup_gap"][-1])
        assert (trace["gain"] <= 1e-12).all()  # as good as the expert, for every reward
        late = [
            (with_reward(problem, trace["reward"][k]), trace["policy"][k])
            for k in range(rounds // 2, rounds, rounds // 10)
        ]
        lost = [(measure.optimal_value(m)[0] * m.rho).sum() - measure.value(m, pi) for m, pi in late]
        assert all((each >= 1).all_yes() for each in lost)
    assert sup_gaps[1] < sup_gaps[0] / 1.6
    assert sup_gaps[2] < sup_gaps[1] / 1.6


def test_a_discriminator_that_returns_nan_is_an_error_that_names_the_round(make):
    class Broken(BoxRewards):
        """NaN once the point has moved."""

        def like(self, d):
            meant = super().like(d)
            return Broken(meant.lower, meant.upper)

        def reward(self, point):
            return np.where(point == 0, point, np.nan)

    problem, expert = (each.to_float() for each in make.drawn(0))
    with pytest.raises(InvalidModel, match=r"round 1: the discriminator's reward\[0, \d, \d\] is nan"):
        fit(MomentMatching(Broken()), exact_access(problem, expert), rng=None)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (dict(rounds=0), "rounds is 0"),
        (dict(order="both"), "order is 'both'; expected one of dual, primal"),
        (dict(episodes=True), "episodes is True"),
    ],
)
def test_options_that_mean_nothing_are_refused(options, words):
    with pytest.raises(InvalidModel, match=words):
        MomentMatching(**options)


def test_classes_that_do_not_fit_the_problem_are_refused(make):
    problem, expert = make.drawn(0)

    def run(**options):
        return fit(MomentMatching(**options), exact_access(problem, expert), rng=None)

    with pytest.raises(
        InvalidModel, match=r"rewards has shape \(1, 4, 2\); the problem's occupancies have shape \(3, 3, 2\)"
    ):
        run(rewards=FiniteRewards(np.zeros((1, 4, 2), dtype=int)))
    with pytest.raises(InvalidModel, match="support has dtype bool"):
        run(rewards=BoxRewards(support=np.ones(3, dtype=bool)))
    with pytest.raises(InvalidModel, match="lower exceeds upper"):
        run(rewards=BoxRewards(1, 0))
    with pytest.raises(InvalidModel, match="Hedge weighs the members of a FiniteRewards; got BoxRewards"):
        run(reward_player=Hedge())
    with pytest.raises(InvalidModel, match=r"start has shape \(2,\); a point of BoxRewards has \(3, 3, 2\)"):
        run(start=[0, 0])
    discounted, its_expert = make.drawn(0, discounted=True)
    with pytest.raises(InvalidModel, match="PSDP needs a finite horizon; the horizon is Discounted"):
        fit(MomentMatching(policy_player=ExpertResets()), exact_access(discounted, its_expert), rng=None)


@pytest.mark.parametrize("discounted", [False, True])
def test_what_a_search_proposes_on_bare_floats_is_what_floats_give(make, discounted):
    problem, expert = (each.to_float() for each in make.drawn(2, discounted=discounted))
    learners = [
        MomentMatching(BoxRewards(), policy_player=player, rounds=4) for player in POLICIES[: 2 if discounted else 3]
    ]
    for learner in (*learners, DAgger(3), Cloning()):

        def run(learner=learner):
            access = grant(problem, expert=expert, demonstrations="exact", episodes="exact", queries="exact")
            return fit(learner, access, rng=np.random.default_rng(0)).policy.to_tabular(problem).table

        with propose():
            proposed = run()
        assert np.abs(proposed - run()).max() < 1e-9
