"""Token problems: what is admitted, what is refused and in which words, and the same problem over whole responses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mdpkit import Instance, TabularPolicy, load, measure, objects, save, solve
from mdpkit.base.errors import InvalidModel
from mdpkit.model import TokenProblem, response_policy, token_policy
from mdpkit.strategies import policies, tokens

HALVES = [[0.5, 0.5]] * 2
TREE = [[1, 2], [2, 2]]
BAD = [
    (dict(), "neither of reward and weights"),
    (dict(reward=[[0, 0]] * 2, weights=[[1, 1]] * 2), "both of reward and weights"),
    (dict(reward=[[0, 0]]), r"reward has shape \(1, 2\); expected \(2, 2\)"),
    (dict(next=[[1, 1]], reward=[[0, 0]]), r"reference has shape \(2, 2\); expected \(1, 2\)"),
    (dict(next=[[1.0, 2], [2, 2]]), "expected integers next"),
    (dict(next=[1, 2]), r"shape \(2,\); expected integers next"),
    (dict(next=[[1, 3], [2, 2]]), r"next\[0, 1\] is 3; expected a state up to 1, 2 or -1"),
    (dict(next=[[1, -2], [2, 2]]), r"next\[0, 1\] is -2"),
    (dict(next=[[1, 0], [2, 2]]), r"next\[0, 1\] is 0; a prefix grows"),
    (dict(next=[[1, 2], [0, 2]]), r"next\[1, 0\] is 0; a prefix grows"),
    (dict(next=[[2, 2], [2, 2]]), "state 1 is not reached by any token"),
    (dict(next=[[1, -1], [2, 2]]), r"reference\[0, 1\] is 0.5; the token is missing"),
    (dict(reference=[[0.5, 0.5], [0, 0]]), r"reference\[1\] sums to 0, not 1"),
    (dict(reference=[[0.5, 0.5], [1.5, -0.5]]), r"reference\[1, 1\] is -0.5"),
    (dict(weights=[[1, 0], [1, 1]]), r"weights\[0, 1\] is 0.0; a weight"),
    (dict(weights=[[1, 1], [1, np.inf]]), "every entry must be finite"),
    (dict(beta=0), "beta is 0.0; expected a number above 0"),
    (dict(token_names=["a"]), "token_names has 1 entries"),
]


@pytest.mark.parametrize(("fields", "words"), BAD)
def test_what_is_no_token_problem_is_refused(fields, words):
    given = {"next": TREE, "reference": HALVES, **fields}
    if fields and not {"reward", "weights"} & set(fields):
        given["reward"] = [[0, 0]] * 2
    with pytest.raises(InvalidModel, match=words):
        TokenProblem(**given)


def merged(exact=False):
    """Both first tokens lead to the same state."""
    numbers = objects(["1/2"] * 4).reshape(2, 2) if exact else np.full((2, 2), 0.5)
    return TokenProblem([[1, 1], [2, 2]], numbers, weights=numbers * 2)


def test_what_needs_a_tree_says_which_states_merge():
    problem = merged(exact=True)
    assert not problem.is_tree
    assert problem.counts == (4, 2)
    needs = {
        "parents": lambda: problem.parents,
        "depth": lambda: problem.depth,
        "sums": lambda: measure.path_sums(problem, problem.reference),
        "laws": lambda: token_policy(problem, objects([1, 0, 0, 0])),
    }
    for each in needs.values():
        with pytest.raises(InvalidModel, match="state 1 is reached by token 0 of state 0 and by token 1 of state 0"):
            each()


def test_a_policy_of_another_problem_is_refused():
    problem = TokenProblem([[1, -1], [2, 2]], objects([[1, 0], ["1/2", "1/2"]]), weights=objects([[1, 1]] * 2))
    with pytest.raises(InvalidModel, match=r"shape \(1, 2\); the problem has \(2, 2\)"):
        measure.value(problem, TabularPolicy(objects([[1, 0]])))
    with pytest.raises(InvalidModel, match="policy is float and the problem rational"):
        measure.value(problem, TabularPolicy([[1, 0.0]] * 2))
    with pytest.raises(InvalidModel, match=r"table\[0, 1\] is 1; the token is missing"):
        measure.value(problem, TabularPolicy(objects([[0, 1], [1, 0]])))
    with pytest.raises(InvalidModel, match="3 entries; the problem has 2 responses"):
        token_policy(problem, objects([1, 0, 0]))
    never = TokenProblem([[1, 2], [2, 2]], objects([[1, 0], [1, 0]]), weights=objects([[1, 1]] * 2))
    with pytest.raises(InvalidModel, match=r"table\[0, 1\] is 1, where the reference has probability 0"):
        measure.implicit_reward(never, TabularPolicy(objects([[0, 1], [1, 0]])))


def test_too_many_responses_are_counted_but_not_listed():
    S = 20
    following = np.minimum(np.arange(1, S + 1)[:, None] + np.zeros(2, dtype=int), S)
    problem = TokenProblem(following, np.full((S, 2), 0.5), reward=np.zeros((S, 2)))
    assert problem.counts[0] == 2**20
    assert solve(problem).value[0].mid == pytest.approx(0, abs=1e-12)
    with pytest.raises(InvalidModel, match="1048576 responses; expected at most 100000"):
        problem.problem()


@given(tokens(merged=True), st.data())
def test_the_problem_over_responses_is_the_same_problem(problem, data):
    over = problem.problem()
    assert over.Y == problem.counts[0] == len(problem.responses)
    assert (over.reference == response_policy(problem, TabularPolicy(problem.reference)).table).all()
    policy = data.draw(policies(problem))
    whole = response_policy(problem, policy)
    assert measure.value(problem, policy) == measure.value(over, whole)
    assert measure.token_divergence(problem, policy) == measure.divergence_from_reference(over, whole)
    assert (measure.response_sums(problem, measure.token_reward(problem)) == measure.reward(over)[0]).all_yes()
    assert solve(problem).value[0] == solve(over).value
    best = response_policy(problem, solve(problem).policy).table
    assert (best == solve(over).policy.table).all()


@given(tokens(), st.data())
def test_on_a_tree_every_law_of_responses_has_a_token_policy(problem, data):
    law = data.draw(policies(problem.problem())).table[0]
    policy = token_policy(problem, law)
    assert (response_policy(problem, policy).table[0] == law).all()
    assert problem.is_tree
    assert (problem.depth[1:] == problem.depth[problem.parents[1:, 0]] + 1).all()


def test_reward_form_and_kinds():
    reward = TokenProblem(TREE, objects([["1/2", "1/2"]] * 2), reward=objects([[1, 2], ["1/3", 0]]), beta="1/2")
    assert reward.problem().reward.tolist() == [objects([2, "4/3", 1]).tolist()] or reward.problem().Y == 3
    assert "reward, beta=1/2, rational" in repr(reward)
    assert not reward.to_float().exact
    assert reward.to_float().to_exact().to_float() == reward.to_float()
    assert reward.sizes() == {"S": 2, "A": 2}
    shown = reward.problem(objects([1, 0, 0]))
    assert shown.data.tolist() == [[1, 0, 0]]
    assert "merged states" in repr(merged())


@pytest.mark.parametrize("ending", ["json", "npz"])
def test_it_goes_into_a_file_and_back(tmp_path, ending):
    problem = TokenProblem([[1, -1], [2, 2]], objects([[1, 0], ["1/2", "1/2"]]), weights=objects([[1, 7], [2, 3]]))
    for each in (problem, problem.to_float()):
        save(Instance(problem=each), tmp_path / f"tokens.{ending}")
        assert load(tmp_path / f"tokens.{ending}").problem == each
    assert problem.weights[0, 1] == 1
