"""Minimax winners: against closed forms, floating-point programs and every pure strategy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from mdpkit import PreferenceProblem, TabularPolicy, measure, objects, rational, solve
from mdpkit.base.errors import CertificateRejected, InvalidModel
from mdpkit.exact.winner_certificate import WinnerCertificate
from mdpkit.solve import MinimaxWinner, Status


def preferring(margins, reference=None):
    """The problem with margins M[y,z] above the diagonal, in twentieths."""
    Y = len(margins)
    M = np.triu(np.array(margins), 1)
    win = (objects(M - M.T) / 20 + 1) / 2
    return PreferenceProblem(objects([[f"1/{Y}"] * Y]) if reference is None else reference, win=win[None])


def entries(Y):
    row = st.lists(st.integers(-20, 20), min_size=Y, max_size=Y)
    return st.lists(row, min_size=Y, max_size=Y)


@given(st.integers(1, 6).flatmap(entries))
def test_no_response_beats_a_minimax_winner(margins):
    problem = preferring(margins)
    answer = solve(problem, MinimaxWinner())
    assert answer.status is Status.SOLVED
    assert answer.value == 0
    answer.certificate.verify()
    assert measure.exploitability(problem, answer.policy) == 0
    near = solve(problem.to_float(), MinimaxWinner())
    found = measure.exploitability(problem.to_float(), near.policy)
    assert found.upper < 1e-12
    assert found.mid <= -near.value.lower


@given(st.lists(st.integers(1, 20), min_size=3, max_size=3))
def test_the_winner_of_a_cycle_is_known(margins):
    a, b, c = margins
    found = solve(preferring([[0, a, -c], [0, 0, b], [0, 0, 0]]), MinimaxWinner()).policy.table[0]
    assert (found == objects([b, c, a]) / (a + b + c)).all()


def test_the_value_is_that_of_a_program_in_floats():
    rng = np.random.default_rng(3)
    for Y in (2, 5, 9):
        problem = preferring(rng.integers(-20, 21, size=(Y, Y)))
        M = 2 * problem.win.astype(float)[0] - 1
        peer = linprog(
            np.r_[np.zeros(Y), -1], np.c_[-M.T, np.ones(Y)], np.zeros(Y), [np.r_[np.ones(Y), 0]], [1],
            bounds=[(0, None)] * Y + [(None, None)],
        )  # fmt: skip
        assert abs(peer.fun) < 1e-9
        assert (solve(problem, MinimaxWinner()).policy.table[0] @ (2 * problem.win[0] - 1)).min() == 0


def test_each_prompt_has_its_own_winner():
    tie = [["1/2", "1/2"], ["1/2", "1/2"]]
    problem = PreferenceProblem(
        objects([["1/2", "1/2"]] * 3), win=objects([[["1/2", 1], [0, "1/2"]], [["1/2", 0], [1, "1/2"]], tie])
    )
    found = solve(problem, MinimaxWinner()).policy.table
    assert found[:2].tolist() == [[1, 0], [0, 1]]
    assert found[2].sum() == 1


def test_a_reward_makes_its_best_response_the_winner():
    for problem in (
        PreferenceProblem(objects([["1/3"] * 3]), weights=objects([[1, 3, 3]]), beta="1/2"),
        PreferenceProblem(objects([["1/3"] * 3]), reward=objects([["-1/2", 2, 1]])),
        PreferenceProblem([[0.2, 0.3, 0.5]], reward=[[0.0, 1.0, -1.0]], beta=0.3),
        PreferenceProblem([[0.2, 0.3, 0.5]], weights=[[0.5, 1.0, 0.25]], beta=0.3),
    ):
        answer = solve(problem, MinimaxWinner())
        assert answer.policy.table[0, 1] == 1
        assert (measure.exploitability(problem, answer.policy) <= 1e-14).all_yes()


def test_margins_of_rewards_are_those_of_bradley_terry():
    weights = objects([[1, 3, "1/2"]])
    for beta in (1, 2):
        found = measure.preference_margin(PreferenceProblem(objects([["1/3"] * 3]), weights=weights, beta=beta))
        assert found.exact
        assert found[0, 1, 2] == rational(6**beta - 1) / (6**beta + 1)
    rewards = [[0.0, 1.0, -2.0]]
    found = measure.preference_margin(PreferenceProblem([[0.2, 0.3, 0.5]], reward=rewards))
    assert np.allclose(found.mid[0], np.tanh(np.subtract.outer(rewards[0], rewards[0]) / 2))
    assert found.width < 1e-14


def test_margins_between_policies_add_up():
    problem = preferring([[0, 12, -4], [0, 0, 18], [0, 0, 0]])
    one, two = TabularPolicy(objects([["1/2", "1/3", "1/6"]])), TabularPolicy(objects([["1/4", "1/2", "1/4"]]))
    M = 2 * problem.win[0] - 1
    assert measure.margin_between(problem, one, two) == one.table[0] @ M @ two.table[0]
    assert measure.margin_between(problem, one, two) == -measure.margin_between(problem, two, one)
    assert measure.duality_gap(problem, one, one) == measure.exploitability(problem, one) * 2
    assert measure.duality_gap(problem, one, two) == (M @ two.table[0]).max() - (one.table[0] @ M).min()


def test_a_certificate_of_another_policy_is_rejected():
    margin = objects([[[0, 1], [-1, 0]]])
    WinnerCertificate(margin, objects([[1, 0]])).verify()
    for table, words in (([[0, 1]], "response 0 beats the policy"), ([[2, -1]], "not a distribution")):
        with pytest.raises(CertificateRejected, match=words):
            WinnerCertificate(margin, objects(table)).verify()
    with pytest.raises(CertificateRejected, match="not skew-symmetric"):
        WinnerCertificate(margin + 1, objects([[1, 0]])).verify()


def test_win_probabilities_must_add_up():
    with pytest.raises(InvalidModel, match=r"win\[0, 0, 1\] is 3/5; .* but here 11/10: expected .* skew-symmetric"):
        PreferenceProblem(objects([["1/2", "1/2"]]), win=objects([[["1/2", "3/5"], ["1/2", "1/2"]]]))
    with pytest.raises(InvalidModel, match=r"win\[0, 0, 0\] is 1; .* win\[x,y,y\] is 1/2"):
        PreferenceProblem(objects([["1/2", "1/2"]]), win=objects([[[1, "1/2"], ["1/2", "1/2"]]]))
    with pytest.raises(TypeError, match="MinimaxWinner"):
        solve(preferring([[0, 1], [0, 0]]))
