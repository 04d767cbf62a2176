"""Nash equilibria of two players: against gambit's exact answers, known games, and each other."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mdpkit import measure, strategies
from mdpkit.base.arrays import floats, objects
from mdpkit.base.errors import CertificateRejected, InvalidModel
from mdpkit.exact.bimatrix import extreme_equilibria, lemke_howson, support_equilibria
from mdpkit.exact.equilibrium_certificate import EquilibriumCertificate
from mdpkit.instances import load, named
from mdpkit.model import Finite, JointPolicy, MarkovGame
from mdpkit.solve import LemkeHowson, NashEquilibria, Status, nash_equilibria, solve

VON_STENGEL = (
    [
        [-81, 36, -126, 126, -36, 90],
        [-180, 72, -333, 297, -153, 270],
        [20, -3, 42, -33, 17, -30],
        [-30, 17, -33, 42, -3, 20],
        [270, -153, 297, -333, 72, -180],
        [90, -36, 126, -126, 36, -81],
    ],
    [
        [72, 36, 17, -3, -36, -153],
        [-180, -81, -30, 20, 90, 270],
        [297, 126, 42, -33, -126, -333],
        [-333, -126, -33, 42, 126, 297],
        [270, 90, 20, -30, -81, -180],
        [-153, -36, -3, 17, 36, 72],
    ],
)
"""A 6 x 6 game with 75 equilibria of von Stengel, 1999, with the smaller payoffs of Savani and von Stengel, 2006."""


def once(A, B, H=1):
    A, B = objects(A), objects(B)
    P = objects(np.ones((1, A.size, 1), dtype=int))
    return MarkovGame(P, np.stack([A.reshape(1, -1), B.reshape(1, -1)]), horizon=Finite(H), actions=A.shape)


def as_set(pairs):
    return {(*pair.row, *pair.column) for pair in pairs}


@st.composite
def bimatrices(draw, most=4):
    m, n = draw(st.integers(1, most)), draw(st.integers(1, most))
    entries = st.lists(st.integers(-2, 2), min_size=m * n, max_size=m * n)
    return tuple(objects(draw(entries)).reshape(m, n) for _ in range(2))


@settings(max_examples=60)
@given(bimatrices())
def test_every_extreme_equilibrium_is_one_and_pivoting_ends_at_one_of_them(payoffs):
    """Small integers tie often: degenerate games are the rule here."""
    A, B = payoffs
    pairs = extreme_equilibria(A, B)
    assert pairs
    for pair in pairs:
        assert max(A @ pair.column) == pair.payoff[0] == pair.row @ A @ pair.column
        assert max(pair.row @ B) == pair.payoff[1] == pair.row @ B @ pair.column
    ends = as_set(lemke_howson(A, B, label) for label in range(sum(A.shape)))
    assert ends <= as_set(pairs)


@settings(max_examples=60)
@given(bimatrices(3))
def test_supports_give_the_same_or_refuse_a_degenerate_game(payoffs):
    refused = False
    try:
        found = as_set(support_equilibria(*payoffs))
    except InvalidModel:
        refused = True
    if not refused:
        assert found == as_set(extreme_equilibria(*payoffs))
        assert len(found) % 2 == 1


def test_a_game_with_seventy_five_equilibria():
    A, B = map(objects, VON_STENGEL)
    pairs = extreme_equilibria(A, B)
    assert len(pairs) == 75
    assert as_set(support_equilibria(A, B)) == as_set(pairs)
    assert as_set([lemke_howson(A, B)]) <= as_set(pairs)


def test_known_answers():
    """Battle of the sexes; Moulin and Vial's game; rock, paper, scissors."""
    sexes = nash_equilibria(once([[2, 0], [0, 1]], [[1, 0], [0, 2]]))
    assert [[str(x) for x in pair.payoff] for pair in sexes] == [["1", "2"], ["2/3", "2/3"], ["2", "1"]]
    cycle = [[0, -1, 1], [1, 0, -1], [-1, 1, 0]]
    (only,) = nash_equilibria(once(cycle, objects(cycle) * -1))
    assert [str(x) for x in only.row] == ["1/3"] * 3


def test_the_extreme_points_of_a_component_are_found_and_supports_refuse():
    """Player 2 is indifferent everywhere, player 1 prefers one row: the component is an edge."""
    A, B = objects([[1, 1], [0, 0]]), objects([[0, 0], [0, 0]])
    assert [[str(x) for x in pair.column] for pair in extreme_equilibria(A, B)] == [["0", "1"], ["1", "0"]]
    with pytest.raises(InvalidModel, match="degenerate"):
        support_equilibria(A, B)
    with pytest.raises(InvalidModel, match="degenerate"):
        solve(once(A, B), NashEquilibria("supports"))


@settings(max_examples=15)
@given(strategies.games(2, (3, 2)))
@pytest.mark.parametrize("method", [NashEquilibria(), LemkeHowson(), LemkeHowson(3)])
def test_markov_perfect_equilibria_leave_nobody_a_gain(method, game):
    answer = solve(game, method)
    answer.certificate.verify()
    assert answer.certificate.slack == 0
    assert (measure.nash_conv(game, answer.policy) == 0).all_yes()
    assert (measure.regret(game, answer.policy, "swap") == 0).all_yes()
    for i in range(2):
        assert (answer.value[i] == measure.state_value(game.player(i), answer.policy)).all_yes()
    rounded = solve(game.to_float(), method)
    assert rounded.status is Status.SOLVED
    rounded.certificate.verify()
    assert (measure.nash_conv(game.to_float(), rounded.policy).upper <= 1e-8).all()


def test_more_actions_are_for_lemke_and_howson():
    rng = np.random.default_rng(1)
    A, B = objects(rng.integers(-99, 100, (2, 9, 8)))
    with pytest.raises(InvalidModel, match="LemkeHowson"):
        solve(once(A, B), NashEquilibria())
    answer = solve(once(A, B), LemkeHowson())
    assert (measure.nash_conv(once(A, B), answer.policy) == 0).all_yes()
    with pytest.raises(InvalidModel, match="labels 0 to 16"):
        solve(once(A, B), LemkeHowson(17))
    for label in (1.5, True, "1"):
        with pytest.raises(InvalidModel, match=f"label is {label!r}; a game of 9 x 8 actions"):
            solve(once(A, B), LemkeHowson(label))


def test_other_games_are_refused():
    three = MarkovGame(objects([[[1]] * 8]), objects(np.zeros((3, 1, 8), int)), horizon=Finite(1), actions=(2, 2, 2))
    for method in (NashEquilibria(), LemkeHowson()):
        with pytest.raises(InvalidModel, match="two players"):
            solve(three, method)
    with pytest.raises(InvalidModel, match="by='corners'"):
        NashEquilibria("corners")
    with pytest.raises(InvalidModel, match="played once"):
        nash_equilibria(once([[1]], [[1]], 2))
    with pytest.raises(InvalidModel, match="same"):
        extreme_equilibria(objects([[1, 2]]), objects([[1]]))


def test_a_certificate_rejects_correlation_and_gains():
    m = named("matching_pennies", H=2)
    EquilibriumCertificate(m.game, m.expert, "nash").verify()
    with pytest.raises(CertificateRejected, match="correlated"):
        EquilibriumCertificate(m.game, m.learner, "nash").verify()
    with pytest.raises(CertificateRejected, match="step 1, state 0: deviations gain 1"):
        EquilibriumCertificate(m.game, m.learner, "swap").verify()
    with pytest.raises(CertificateRejected, match="shape"):
        EquilibriumCertificate(m.game, JointPolicy(objects([[1, 0]])), "swap").verify()


def test_a_float_matrix_of_near_ties_is_an_equilibrium_within_the_slack():
    rng = np.random.default_rng(2)
    A, B = rng.normal(size=(2, 1, 9))
    game = MarkovGame(np.ones((1, 9, 1)), np.stack([A, B]), horizon=Finite(3), actions=(3, 3))
    answer = solve(game, NashEquilibria())
    answer.certificate.verify()
    assert answer.value.width < 1e-12
    best = max(
        nash_equilibria(MarkovGame(game.P, game.r, horizon=Finite(1), actions=(3, 3))), key=lambda p: p.payoff.sum()
    )
    assert np.allclose(answer.value.mid[:, 0, 0], 3 * floats(best.payoff))


def test_gambits_exact_answers_on_its_own_games():
    gambit = pytest.importorskip("pygambit", exc_type=ImportError)
    files = sorted((Path(gambit.__file__).parent / "catalog_data").rglob("*.nfg"))
    met = 0
    for file in files:
        game = load(file)
        if game.players == 2:
            theirs = gambit.read_nfg(str(file))
            found = gambit.nash.enummixed_solve(theirs, rational=True).equilibria
            expected = {tuple(str(x) for player in theirs.players for x in dict(one[player]).values()) for one in found}
            assert {tuple(map(str, pair)) for pair in as_set(nash_equilibria(game))} == expected
            met += 1
    assert met >= 5
