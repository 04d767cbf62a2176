"""Both sides of what the docstrings of RLHF, BestOfN, OnlineDPO and XPO guarantee, on named instances."""

import numpy as np
import pytest

from mdpkit import PreferenceProblem, measure, solve
from mdpkit.base.arrays import floats
from mdpkit.instances import named
from mdpkit.learn import RLHF, XPO, BestOfN, BradleyTerry, FinitePolicies, OnlineDPO, fit, grant
from mdpkit.learn.preference.two_responses import policy_law

RUNS = 100


def rng(seed=0):
    return np.random.default_rng(seed)


# ---- RLHF
@pytest.mark.parametrize("bound", [1, 3])
@pytest.mark.parametrize("seed", range(3))
def test_rlhf_stays_in_the_ball_of_its_scores(seed, bound):
    """KL from the reference is at most R^2 / (8 beta^2) and R / beta, R the range of the scores."""
    problem = named("rare_third", k=4, weights=(7, 1, "1/64"), data=("1/2", "1/2", 0)).problem.to_float()
    access = grant(problem, preferences=200, rng=rng(seed))
    answer = fit(RLHF(BradleyTerry(bound=bound)), access, rng=None)
    R = np.ptp(answer.trace["scores"][0])
    divergence = measure.divergence_from_reference(problem, answer.policy)
    assert 0 < R <= bound + 1e-12
    assert (divergence <= min(R**2 / 8, R) + 1e-12).all_yes()
    assert divergence.mid > R**2 / 80  # the bound is of the right size


def test_rlhf_loses_no_more_than_its_reward_error_costs():
    """J(pi*) - J(pi) <= beta (u - 1 - log u) with u = L / (1 - e^-L), L the range of scores - r over beta."""
    problem = named("parity_verifier", H=3).problem.to_float()
    for seed in range(5):
        answer = fit(RLHF(BradleyTerry(ridge="1/100")), grant(problem, preferences=300, rng=rng(seed)), rng=None)
        L = np.ptp(answer.trace["scores"][0] - problem.reward)
        u = L / -np.expm1(-L)
        gap = measure.value_gap(problem, solve(problem).policy, answer.policy).mid
        assert 0 < gap <= u - 1 - np.log(u) <= min(L**2 / 8, L)


# ---- best of n
@pytest.mark.parametrize("n", [1, 2, 4, 16])
def test_the_best_of_n_diverges_by_at_most_the_bound(n):
    problem = named("parity_verifier", H=4).problem.to_float()
    policy = fit(BestOfN(n), grant(problem, rewards=True), rng=None).policy
    divergence, bound = measure.divergence_from_reference(problem, policy).mid, np.log(n) - (n - 1) / n
    assert divergence <= bound + 1e-12
    assert divergence >= bound / 2
    # ties between completions of one reward cost some of it
    untied = PreferenceProblem(problem.reference, reward=problem.reward + np.arange(16) / 10**6)
    apart = measure.divergence_from_reference(untied, fit(BestOfN(n), grant(untied, rewards=True), rng=None).policy).mid
    assert divergence <= apart + 1e-12 <= bound + 2e-12


# ---- online DPO and XPO
def play(learner, m, seed):
    access = grant(m.problem.to_float(), preferences=4, rng=rng(seed))
    return fit(learner, access, rng=rng(1000 + seed)).policy


@pytest.mark.parametrize(("learner", "optimism"), [(OnlineDPO, 0), (XPO, "1/4")])
def test_online_learners_find_the_rare_response_as_often_as_their_exact_law_says(learner, optimism):
    """Online DPO keeps the reference with probability at least (1 - 2e(1-e))^T; XPO finds the optimum."""
    m = named("rare_good_response", k=4)
    law = floats(policy_law(m.problem, m.tables, 4, optimism))
    options = dict(optimism=optimism) if optimism else {}
    made = learner(FinitePolicies(floats(m.tables)), rounds=4, pairs=1, **options)
    kept = np.mean([abs(play(made, m, seed).table - floats(m.problem.reference)).max() < 1e-9 for seed in range(RUNS)])
    assert abs(kept - law[0]) <= 3 * np.sqrt(max(law[0] * (1 - law[0]), 0.01) / RUNS)
    if optimism == 0:
        assert law[0] >= (1 - 2 * 15 / 256) ** 4 > 1 / 2


def test_online_dpo_loses_no_more_than_its_coverage_and_error_allow():
    """gap^2 <= C(pi*) C(pi) e / 2, with the pairs of its own rounds as the data."""
    m = named("parity_verifier", H=2)
    problem = m.problem.to_float()
    answer = fit(OnlineDPO(rounds=10, pairs=40), grant(problem, preferences=400, rng=rng()), rng=rng(1))
    law = np.mean([(policy.table + problem.reference) / 2 for policy in answer.trace["policy"]], axis=0)
    shown = PreferenceProblem(problem.reference, reward=problem.reward, data=law)
    best = solve(shown).policy
    gap, error = measure.value_gap(shown, best, answer.policy).mid, measure.pair_error(shown, answer.policy).mid
    bound = measure.concentrability(shown, best).mid * measure.concentrability(shown, answer.policy).mid * error / 2
    assert 0 < gap**2 <= bound
    assert gap < measure.value_gap(shown, best, fit(BestOfN(1), grant(shown, rewards=True), rng=None).policy).mid


def test_the_gap_of_xpo_is_its_bonus_plus_its_errors_on_pairs():
    """J(pi*) - J(pi) = beta E_ref[log pi - log pi*] + E_pi[h - r] - E_ref[h - r], h = beta log(pi/ref)."""
    problem = named("parity_verifier", H=2).problem.to_float()
    answer = fit(XPO(rounds=10, pairs=20), grant(problem, preferences=200, rng=rng()), rng=rng(1))
    best, pi, ref = solve(problem).policy, answer.policy.table[0], problem.reference[0]
    error = np.log(pi / ref) - problem.reward[0]
    bonus = (ref * np.log(pi / best.table[0])).sum()
    gap = measure.value_gap(problem, best, answer.policy).mid
    assert gap == pytest.approx(bonus + pi @ error - ref @ error, abs=1e-10)
    apart = error[:, None] - error[None, :]
    assert (gap - bonus) ** 2 <= pi @ apart**2 @ ref
