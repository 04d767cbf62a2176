"""Numbers of token problems: the closed forms that the notes state, and a merged pair of tokens by brute force."""

from math import exp, log

import numpy as np
import pytest
from scipy.optimize import minimize

from mdpkit import measure, objects, solve
from mdpkit.claims.preference import implicit_token_rewards_keep_the_policy_gradient as gradients
from mdpkit.claims.preference import likelihood_ratios_rank_prefixes_by_soft_value as ranking
from mdpkit.claims.preference import merged_states_cannot_carry_every_reward as merged
from mdpkit.claims.preference import token_level_dpo_is_bradley_terry_on_returns as telescoping
from mdpkit.claims.preference import token_shaping_preserves_preferences as shaping
from mdpkit.instances import named


def sigma(x):
    return 1 / (1 + exp(-x))


def test_dpo_averages_preferences_over_random_replies():
    dpo, optimal = (sigma(x.mid) for x in telescoping.odds(telescoping.random_reply()).pairs["log odds"])
    assert dpo == pytest.approx((36 / 37 + 1 / 2) / 2)
    assert (round(dpo, 3), round(optimal, 3)) == (0.736, 0.857)


def excess(x, R):
    """Mean divergence of the coins of a policy with log odds x from those of the returns R, over ordered pairs."""
    g = np.array([0, x[1], x[0], x[0] + x[1]])
    p, q = (1 / (1 + np.exp(each - each[:, None])) for each in (R, g))
    return (p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))).mean()


def test_the_least_dpo_loss_of_merged_states():
    found = minimize(excess, [0.5, 0.5], args=(np.array([0, 0, 0, 2.0]),))
    assert round(found.fun, 4) == 0.0455
    seven = minimize(excess, [0.5, 0.1], args=(np.array([0, 0, 0, log(7)]),), tol=1e-12)
    assert 0.0437 < seven.fun < 0.0438
    assert np.exp(seven.x) == pytest.approx([2.351, 2.351], abs=1e-3)
    m = merged.seven("2351/1000")
    assert merged.excess(m, m.policy).mid == pytest.approx(seven.fun, abs=1e-8)


def test_a_potential_at_one_end_moves_the_policy():
    found, expected = shaping.check(shaping.two_tokens(3)).pairs["policy"]
    assert expected.lower.tolist() == objects([["5/6", "1/6"], ["9/10", "1/10"], ["1/2", "1/2"]]).tolist()
    assert found.lower.tolist() == objects([["6/7", "1/7"], ["3/4", "1/4"], ["1/2", "1/2"]]).tolist()


def test_credit_of_one_bad_token():
    problem = named("bad_token", H=3, p="1/2", weight="1/9").problem
    credit = measure.implicit_reward(problem, solve(problem).policy)
    Z = [2.0**-n + (1 - 2.0**-n) / 9 for n in range(4)]
    assert credit[0].mid == pytest.approx([log(Z[2] / Z[3]), log(1 / 9 / Z[3])])
    assert credit[1].mid == pytest.approx([log(Z[1] / Z[2]), log(1 / 9 / Z[2])])
    assert credit[2].lower.tolist() == [0, 0]


def test_variances_of_the_policy_gradient():
    found = {T: [x.mid for x in gradients.total_variances(gradients.fair_tokens(T))] for T in (2, 8, 12)}
    assert found[2] == pytest.approx((0.24023, 0.12011, 0.18236), abs=1e-5)
    assert found[8] == pytest.approx((6.7263, 3.3632, 5.9026), abs=1e-4)
    assert found[12] == pytest.approx((15.8549, 7.9275, 16.0188), abs=1e-4)


def test_search_by_ratios_and_by_likelihoods():
    m = ranking.four_tokens()
    found = {
        by: [round(exp(ranking.search_return(m, by, width).mid)) for width in (1, 2, 16)]
        for by in ("ratio", "likelihood")
    }
    assert found == {"ratio": [252, 280, 280], "likelihood": [160, 160, 160]}
