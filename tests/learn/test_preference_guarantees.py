"""Both sides of the guarantee of each offline preference learner, on named instances."""

import numpy as np
import pytest

from mdpkit import measure, solve
from mdpkit.instances import named
from mdpkit.learn import DPO, IPO, RLHF, BradleyTerry, HyPO, RewardEnsemble, fit, grant


def rng(seed=0):
    return np.random.default_rng(seed)


def rare(k=4, **options):
    return named("rare_third", k=k, weights=(3, 1, "1/2"), **options).problem.to_float()


def coverage_bound(problem, policy):
    """Both sides of (J(pi*) - J(pi))^2 <= C(pi*) C(pi) e / 2."""
    best = solve(problem).policy
    C = [measure.concentrability(problem, each).mid for each in (best, policy)]
    return measure.value_gap(problem, best, policy).mid ** 2, C[0] * C[1] * measure.pair_error(problem, policy).mid / 2


@pytest.mark.parametrize("learner", [DPO(), RLHF(), HyPO(penalty="1/1000"), IPO()])
@pytest.mark.parametrize("seed", range(4))
def test_the_gap_is_at_most_what_coverage_and_pair_error_allow(learner, seed):
    problem = rare()
    policy = fit(learner, grant(problem, preferences=2000, rng=rng(seed)), rng=None).policy
    gap, bound = coverage_bound(problem, policy)
    assert 0 < gap <= bound


@pytest.mark.parametrize("penalty", ["1/10", "1/1000", "1/100000"])
def test_hypo_stays_at_least_as_close_as_the_closest_policy_without_error(penalty):
    """Its penalised loss is at most that policy's, and no policy has a lower loss: so has none a smaller divergence."""
    problem = rare(data=("1/2", "1/2", 0))
    divergence = fit(HyPO(penalty=penalty), grant(problem, preferences="exact"), rng=None).trace["divergence"][0]
    closest = measure.closest_divergence(problem).mid
    assert divergence <= closest * (1 + 1e-9)
    assert divergence >= (0.99 if penalty == "1/100000" else 0) * closest


def test_ipo_tilts_by_the_probability_to_win_if_all_pairs_are_compared_equally():
    problem = named("rare_third", k=4, weights=(3, 1, "1/2"), data=("1/3", "1/3", "1/3")).problem.to_float()
    chance = problem.weights[:, :, None] / (problem.weights[:, :, None] + problem.weights[:, None, :])
    tilted = problem.reference * np.exp(chance.mean(axis=-1))
    found = fit(IPO(), grant(problem, preferences="exact"), rng=None).policy.table
    assert abs(found - tilted / tilted.sum()).max() < 1e-9


@pytest.mark.parametrize("beta", [1, "1/4"])
def test_a_bounded_reward_model_keeps_its_divergence_bound_whatever_the_data(beta):
    problem = rare(beta=beta, data=("1/2", "1/2", 0))
    model, price = BradleyTerry(bound=1, ridge="1/1000"), float(problem.beta)
    for seed in range(5):
        answer = fit(RLHF(model), grant(problem, preferences=5, rng=rng(seed)), rng=None)
        divergence = measure.divergence_from_reference(problem, answer.policy).mid
        assert divergence <= model.divergence_bound(price)


@pytest.mark.parametrize("head", ["mean", "worst", "variance"])
def test_two_stages_lose_at_most_what_the_scores_of_both_policies_are_wrong(head):
    """J(pi*) - J(pi) <= E_pi*(r - g) - E_pi(r - g), g the ensemble's scores."""
    problem = rare()
    reward = measure.reward(problem).mid
    for seed in range(5):
        model = RewardEnsemble(members=4, head=head)
        answer = fit(RLHF(model), grant(problem, preferences=300, rng=rng(seed)), rng=rng(seed))
        excess, best = reward - answer.trace["scores"][0], solve(problem).policy.table
        gap = measure.value_gap(problem, solve(problem).policy, answer.policy).mid
        assert 0 <= gap <= ((best - answer.policy.table) * excess).sum() + 1e-12
