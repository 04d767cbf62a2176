"""Numbers of the steering theme that were measured before the claims were written."""

import numpy as np
import pytest

from mdpkit import TabularPolicy, measure, objects
from mdpkit.claims.steering import replanning_helps_plans_that_end_in_the_frozen_policy as replanning
from mdpkit.claims.steering.binary_verifiers_approach_their_precision import success, with_rates
from mdpkit.claims.steering.misjudged_plans_win_when_many_are_drawn import outcomes, peak, rare
from mdpkit.claims.steering.misjudged_plans_win_when_many_are_drawn import success as success_when_misjudged


def test_a_verifier_that_prefers_failures_loses_with_the_number_of_plans():
    m = with_rates("3/10", "1/5", "4/5", 1)
    found = [success(m, n)[0].enclose().mid for n in (1, 2, 4, 16)]
    assert np.allclose(found, [0.30, 0.174, 0.108, 0.097], atol=5e-4)


def test_the_divergence_of_the_best_of_32_among_50_outcomes():
    reference, scores = TabularPolicy(np.full((1, 50), 1 / 50)), np.arange(50.0)[None]
    found = measure.best_of_n_divergence(reference, scores, 32)[0].mid
    assert abs(found - 2.480) < 1e-3  # the pilot's law, with 2.445, is not known
    assert found < np.log(32) - 31 / 32 < 2.498


def test_the_true_value_rises_and_falls_when_a_rare_outcome_is_misjudged():
    """Fifty equally likely values and a misjudged one of value 0 and probability 1/445; the pilot is read to .02."""
    values = np.append(np.arange(1, 51) / 50, 0.0)
    reference = TabularPolicy(np.append(np.full(50, (1 - 1 / 445) / 50), 1 / 445)[None])
    scores = np.append(np.arange(50.0), 99.0)[None]
    pilot = {1: 0.51, 2: 0.67, 4: 0.80, 8: 0.87, 16: 0.90, 64: 0.85, 256: 0.56, 1024: 0.10, 4096: 0}
    for n, expected in pilot.items():
        assert abs((measure.best_of_n(reference, scores, n).mid[0] * values).sum() - expected) < 0.02, n


def test_a_rare_misjudgement_is_best_at_16_plans_and_below_the_policy_from_554():
    m = rare("1/400")
    assert peak(m).pairs["peak"] == (16, 16)
    found = {n: success_when_misjudged(m, n).enclose().mid[0] for n in (16, 553, 554)}
    assert found[16] == pytest.approx(0.9512, abs=1e-4)
    assert found[554] < 0.25 < found[553]


def test_success_need_not_fall_at_once_after_its_peak():
    """With p = e = 1/3 one plan and two succeed equally often, and three less often."""
    m = outcomes(2, ["1/3", "1/3", "1/3"], [1, 2, 0], [1, 0, 0])
    found = [success_when_misjudged(m, n)[0].lower for n in (1, 2, 3)]
    assert found[0] == found[1] > found[2]
    assert peak(m).pairs["does not rise after"] == (1, 1)


def test_the_best_of_n_is_bounded_where_a_level_of_scores_has_no_mass():
    reference = TabularPolicy([[0.0, 0.0, 1.0, 0.0]])
    known = measure.best_of_n(reference, np.array([[1, 0, 1, 0]]), 3)
    assert known.contains(objects([[0, 0, 1, 0]]))


def test_replanning_by_all_draws():
    """Two draws at each decision, enumerated, of four steps of a small process."""
    m = replanning.list_episodes()[2]  # a decision every 2 steps, between actions
    P, base = m.P, m.base.table
    follow = (base[..., None] * P).sum(axis=1)

    def decide(V):
        Q = P @ (follow @ V)
        return sum(
            base[:, a] * base[:, b] * np.where(Q[:, a] > Q[:, b], Q[:, a], Q[:, b]) for a in range(2) for b in range(2)
        )

    assert (m.k, m.n) == (2, 2)
    assert (replanning.value_table(m, 2)[0] == decide(decide(m.scores))).all_yes()
