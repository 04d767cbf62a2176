"""Values, best responses and certificates of games in which some player lacks an action."""

import numpy as np
import pytest

from mdpkit import measure
from mdpkit.base.arrays import objects
from mdpkit.base.errors import CertificateRejected, InvalidModel
from mdpkit.exact.equilibrium_certificate import EquilibriumCertificate
from mdpkit.exact.saddle_certificate import SaddleCertificate
from mdpkit.measure.games.zero_sum import minimax_values, stage_values
from mdpkit.model import Discounted, Finite, JointPolicy, MarkovGame, TabularPolicy
from mdpkit.solve import LemkeHowson, nash_equilibria, payoff_polygon
from mdpkit.solve.markov_equilibria import welfare_bound

FULL = np.array([[[True, False]], [[True, True]]])


def lacking(horizon):
    """Player 0 has its action 0 alone, where it loses 1 or 2."""
    pay = objects([[-1, -2, 5, 7]])
    return MarkovGame(objects([[[1]] * 4]), [pay, -pay], horizon=horizon, actions=(2, 2), mask=FULL)


def draw_pair(seed, horizon):
    """A rational game of two states in which player 0 lacks an action throughout, and the game without that action."""
    rng = np.random.default_rng(seed)
    missing = int(rng.integers(3))
    weights = rng.integers(1, 5, (2, 6, 2))
    P, r = objects(weights) / objects(weights.sum(-1, keepdims=True)), objects(rng.integers(-5, 6, (2, 2, 6)))
    mask = np.ones((2, 2, 3), dtype=bool)
    mask[0, :, missing] = mask[1, :, 2] = False
    whole = MarkovGame(P, r, horizon=horizon, actions=(3, 2), mask=mask)
    kept = np.delete(np.arange(6).reshape(3, 2), missing, axis=0).ravel()
    return whole, MarkovGame(P[:, kept], r[:, :, kept], horizon=horizon, actions=(2, 2)), kept


def test_minimax_values_are_those_of_the_available_actions():
    game = lacking(Finite(2))
    assert minimax_values(game)[0, 0] == minimax_values(game, pure=True)[0, 0] == -4
    assert stage_values(game, objects([0]))[0] == -2


@pytest.mark.parametrize("seed", range(4))
def test_a_missing_action_is_as_one_that_is_not_there(seed, encloses):
    whole, part, _ = draw_pair(seed, Finite(3))
    for pure in (False, True):
        assert (minimax_values(whole, pure) == minimax_values(part, pure)).all_yes()
        assert encloses(minimax_values(whole.to_float(), pure), minimax_values(part, pure))


@pytest.mark.parametrize("horizon", [Finite(3), Discounted("3/4")])
@pytest.mark.parametrize("seed", range(4))
def test_best_responses_are_among_the_available_actions(seed, horizon, encloses):
    whole, part, kept = draw_pair(seed, horizon)
    few = objects([["1/4", "1/4", "1/3", "1/6"], [0, "1/2", "1/2", 0]])
    many = objects(np.zeros((2, 6), dtype=int))
    many[:, kept] = few
    for i in (0, 1):
        found = measure.best_response(whole, JointPolicy(many), i)
        alone = measure.best_response(part, JointPolicy(few), i)
        chosen = found.table[..., sorted({j // 2 for j in kept})] if i == 0 else found.table
        assert (chosen == alone.table).all()
        floating = measure.best_response(whole.to_float(), JointPolicy(many).to_float(), i)
        assert (floating.table == found.to_float().table).all()
    for gains in (measure.exploitability, measure.nash_conv):
        exact = gains(part, JointPolicy(few))
        assert (gains(whole, JointPolicy(many)) == exact).all_yes()
        assert encloses(gains(whole.to_float(), JointPolicy(many).to_float()), exact)


@pytest.mark.parametrize("recommended", range(4))
@pytest.mark.parametrize("concept", ["swap", "trigger", "coarse", "nash"])
def test_certificates_of_games_with_missing_actions_are_rejected(concept, recommended):
    policy = JointPolicy(objects([np.eye(4, dtype=int)[recommended]]))
    with pytest.raises(CertificateRejected, match="the game has a mask"):
        EquilibriumCertificate(lacking(Finite(1)), policy, concept).verify()


@pytest.mark.parametrize(("horizon", "value"), [(Finite(1), -2), (Discounted("1/2"), -4)])
def test_bounds_on_games_with_missing_actions_count_the_available_ones(horizon, value):
    def verify(row, bound):
        end = (objects([[bound], [0]] if horizon == Finite(1) else [bound]),)
        column = TabularPolicy(objects([[0, 1]]))
        SaddleCertificate(lacking(horizon), TabularPolicy(objects([row])), column, end, end).verify()

    verify([1, 0], value)
    with pytest.raises(CertificateRejected, match="is above what player 0 guarantees"):
        verify([1, 0], value + 1)
    with pytest.raises(CertificateRejected, match="the policy of player 0 plays a missing action"):
        verify(["1/2", "1/2"], value)


@pytest.mark.parametrize("concept", ["foo", "Nash", "", None])
def test_other_concepts_are_not_certified(concept):
    pay = objects([[1, 0, 0, 1]])
    game = MarkovGame(objects([[[1]] * 4]), [pay, -pay], horizon=Finite(1), actions=(2, 2))
    with pytest.raises(InvalidModel, match="expected one of swap, trigger, coarse, nash"):
        EquilibriumCertificate(game, JointPolicy(objects([["1/4"] * 4])), concept)


@pytest.mark.parametrize("find", [nash_equilibria, payoff_polygon, welfare_bound, LemkeHowson().run])
def test_equilibria_of_games_with_missing_actions_are_refused(find):
    with pytest.raises(InvalidModel, match="all its actions in every state; got a mask"):
        find(lacking(Finite(1)))
