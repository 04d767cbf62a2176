"""The game claims on a user's own game: its players' actions fix the axes of what is still drawn."""

import numpy as np
import pytest

from mdpkit import Finite, MarkovGame, Outcome, claims, objects, verify
from mdpkit.verify.profile import Profile

SHORT = Profile("short", chunks=1, draws=40, evaluations=400, differential=5, demanded=20)
MATCHED = "exact_matching_can_be_exploited_at_all_but_one_step"
IDS = [name for name in claims.ids("games") if claims.get(name).accepts and name != MATCHED]


def given(actions, S=2, H=3):
    rng, J = np.random.default_rng(0), int(np.prod(actions))
    weights = objects(rng.integers(1, 4, (S, J, S)))
    r = objects(rng.integers(0, 3, (2, S, J))) / 2
    return MarkovGame(weights / weights.sum(axis=-1, keepdims=True), r, horizon=Finite(H), actions=actions)


@pytest.mark.parametrize("actions", [(2, 2), (3, 2), (2, 1)])
@pytest.mark.parametrize("name", IDS)
def test_a_rational_game_is_judged_exactly(name, actions):
    verdict = verify(name, SHORT, on=given(actions))
    assert verdict.outcome is Outcome.SURVIVED
    assert verdict.evidence == "exact"


def test_where_few_mediators_meet_an_assumption_the_verdict_says_so():
    """In a game that is not made for it hardly any two mediators have the same laws of state and joint action."""
    verdict = verify(MATCHED, SHORT, on=given((2, 2)))
    assert verdict.outcome is Outcome.VACUOUS
    assert "fail 'the mediators have the same laws of state and joint action'" in verdict.note


def test_there_are_such_claims():
    assert len(IDS) == 8
