"""Numbers on hybrid and pessimistic inverse reinforcement learning that were known before the claims were written."""

from dataclasses import replace

import numpy as np
import pytest

from mdpkit import fit, grant, measure, objects, rational
from mdpkit.claims.imitation import model_of_expert_data_is_never_corrected as corrected
from mdpkit.claims.imitation.alternating_best_responses_cycle import play
from mdpkit.claims.imitation.hybrid_data_help_when_rewards_are_sparse import play as imitate
from mdpkit.claims.imitation.offline_efficacy_predicts_imitation import ranks, spearman
from mdpkit.instances import named
from mdpkit.learn import BestResponse, FiniteRewards, GradientAscent, HyPER


def test_heaven_off_the_road_is_believed_for_ever_or_for_ten_rounds():
    """H = 10, road and turn-off pay 1/2: the gap is 4.5 of 5 for ever; if the model is refitted, 0 after 10 rounds."""
    m = named("turnoffs", H=10)
    r = m.mdp.r.copy()
    r[0, 1] = rational("1/2")
    mdp = replace(m.mdp, r=r)
    access = grant(mdp, expert=m.expert, demonstrations="exact", episodes="exact")
    for share, expected in ((1, [9] * 11), ("1/2", [*range(9, -1, -1), 0])):
        learner = HyPER(FiniteRewards(r[None]), expert_share=share, unseen="optimistic", rounds=11)
        policies = fit(learner, access, rng=None).trace["policy"]
        gaps = [measure.value_gap(mdp, m.expert, policy).lower[()] * 2 for policy in policies]
        assert gaps == expected


def test_transitions_that_are_pooled_correct_the_road_at_once():
    """Dynamics that do not depend on the step: A-1 rounds in place of H (A-1)."""
    for A in (2, 4):
        m = corrected.road(4, A, stationary=True)
        assert [str(gap) for gap in corrected.gaps(m).lower] == ["2"] * (A - 1) + ["0"] * (m.N - A + 1)


def test_three_arms_have_a_gap_of_two_thirds_or_none():
    assert [m.sup_gap for m in play(BestResponse(), 3)] == [rational("2/3")] * 7
    assert play(GradientAscent("1/8"), 3, rounds=(24,))[0].sup_gap == 0


def test_the_default_value_and_the_class_decide_what_demonstrations_are_worth():
    """Medians of 8 seeds, 64 leaves, online and hybrid: .33, .07 (value 0); .59, .98 (highest); 1.00, .06 (lowest)."""

    def medians(sparse, unseen):
        return [
            np.median([imitate(share, 4, 3, 30, sparse, unseen, seed) for seed in range(3)]) for share in ("0", "1/2")
        ]

    online, hybrid = medians(True, "zero")
    assert hybrid < 0.1 < online
    online, hybrid = medians(True, "optimistic")
    assert 0.5 < online < hybrid
    online, hybrid = medians(True, "pessimistic")
    assert hybrid < 0.1 < 0.9 < online
    assert max(medians(False, "zero")) < 0.1


def test_the_gap_on_the_tree_halves_with_twice_the_rounds():
    assert [corrected.tree_game(N).sup_gap for N in (2, 4, 8)] == [rational(1), rational("1/2"), rational("1/4")]


def test_rank_correlation_with_ties():
    """Against its definition: Pearson's correlation of mean ranks."""
    x, y = objects([3, 1, 1, 2]), objects([4, 1, 2, 3])
    assert ranks(np.array([3.0, 1, 1, 2])).tolist() == [6, 1, 1, 4]
    a, b = np.array([4, 1.5, 1.5, 3]), np.array([4, 1, 2, 3])
    assert spearman(x, y) == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert spearman(x, x) == pytest.approx(1)
    assert spearman(x, -x) == pytest.approx(-1)
