"""Equilibria of finite-horizon games: exactly no regret, and the value that the policy has."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from mdpkit import measure, strategies
from mdpkit.base.arrays import nearest, objects
from mdpkit.base.errors import InvalidModel
from mdpkit.exact import stage
from mdpkit.exact.equilibrium_certificate import EquilibriumCertificate
from mdpkit.exact.lp import LinearProgram, Unbounded, optimise
from mdpkit.kernels.stage_program import best_law
from mdpkit.model import Finite, JointPolicy, MarkovGame
from mdpkit.solve import CoarseCorrelatedEquilibrium, CorrelatedEquilibrium, Status, TriggerEquilibrium, solve
from mdpkit.solve._entropy import highest_entropy
from mdpkit.solve.stage_equilibria import welfare_law

METHODS = [
    (CorrelatedEquilibrium(), "swap"),
    (CoarseCorrelatedEquilibrium(), "coarse"),
    (TriggerEquilibrium(), "trigger"),
    (CorrelatedEquilibrium("egalitarian"), "swap"),
    (TriggerEquilibrium("egalitarian"), "trigger"),
]


@settings(max_examples=25)
@given(st.data())
@pytest.mark.parametrize(("method", "deviations"), METHODS)
@pytest.mark.parametrize(("players", "actions"), [(2, (2, 2)), (2, (3, 2)), (3, (2, 2, 2)), (1, (3,))])
def test_nobody_gains_by_deviating(players, actions, method, deviations, data):
    game = data.draw(strategies.games(players, actions))
    answer = solve(game, method)
    assert answer.status is Status.SOLVED
    R = measure.regret(game, answer.policy, deviations)
    assert (R <= 0).all_yes()
    if deviations == "swap":
        assert (R == 0).all_yes()
        assert (measure.regret(game, answer.policy, "trigger") == 0).all_yes()
    assert answer.value.shape == (players, game.horizon.H + 1, game.S)
    for i in range(players):
        assert (answer.value[i] == measure.state_value(game.player(i), answer.policy)).all_yes()


@settings(max_examples=15)
@given(strategies.games(1, (3,), states=(1, 3)))
def test_one_player_plays_the_optimal_policy(game):
    assert (solve(game).value[0] == solve(game.player(0)).value).all_yes()


def test_the_game_after_an_unreached_state_is_in_equilibrium_too():
    """Regret from every state: the start law is the only thing changed."""
    rng = np.random.default_rng(3)
    weights = objects(rng.integers(0, 3, (3, 4, 3)) + np.eye(3, dtype=int)[0])
    P, r = weights / weights.sum(axis=-1, keepdims=True), objects(rng.integers(-3, 4, (2, 3, 4)))
    answer = solve(MarkovGame(P, r, objects([1, 0, 0]), horizon=Finite(3), actions=(2, 2)))
    for s in range(3):
        moved = MarkovGame(P, r, objects(np.eye(3, dtype=int)[s]), horizon=Finite(3), actions=(2, 2))
        assert (measure.regret(moved, answer.policy) == 0).all_yes()


def test_a_coarse_equilibrium_may_be_left_by_who_looks_at_what_it_is_told():
    """The payoffs of coarse_equilibrium_is_not_correlated_equilibrium: the best coarse law has swap regret."""
    first, second = [[0, 1, 1], [0, 2, -1], [-1, 0, 1]], [[1, -1, 2], [0, 0, -2], [1, 0, 2]]
    game = MarkovGame(
        objects([[[1]] * 9]), objects([first, second]).reshape(2, 1, 9), horizon=Finite(2), actions=(3, 3)
    )
    coarse = solve(game, CoarseCorrelatedEquilibrium()).value[:, 0, 0].sum()
    assert (coarse >= solve(game).value[:, 0, 0].sum()).all_yes()


# ---- selections, trigger equilibria, floats
KINDS = [(CorrelatedEquilibrium, "swap"), (CoarseCorrelatedEquilibrium, "coarse"), (TriggerEquilibrium, "trigger")]


@settings(max_examples=8)
@given(st.data())
@pytest.mark.parametrize("select", ["welfare", "egalitarian", "entropy"])
@pytest.mark.parametrize(("method", "deviations"), KINDS)
@pytest.mark.parametrize("actions", [(2, 2), (1, 3)])
def test_floats_come_with_a_bound_on_the_regret(actions, method, deviations, select, data):
    game = data.draw(strategies.games(2, actions)).to_float()
    answer = solve(game, method(select), tol=1e-6)
    assert answer.status is Status.SOLVED
    answer.certificate.verify()
    for i in range(2):
        close = measure.state_value(game.player(i), answer.policy)
        assert ((close.lower <= answer.value[i].upper) & (answer.value[i].lower <= close.upper)).all()
        inside = answer.certificate.value[i]
        assert answer.value[i].contains(inside)
    slack = nearest(answer.certificate.slack)
    assert (measure.regret(game, answer.policy, deviations).lower <= slack + 1e-12).all()


@settings(max_examples=12)
@given(st.data())
@pytest.mark.parametrize(("method", "deviations"), KINDS)
def test_floats_and_rationals_reach_the_same_stage_optimum(method, deviations, data):
    game = data.draw(strategies.games(2, (3, 2), states=(1, 1), horizon=(1, 1)))
    for select in ("welfare", "egalitarian"):
        exact, rounded = solve(game, method(select)), solve(game.to_float(), method(select), tol=1e-6)
        exact.certificate.verify()
        first, second = exact.value.mid[:, 0, 0], rounded.value.mid[:, 0, 0]
        assert abs(first.sum() - second.sum()) < 1e-6
        if select == "egalitarian":
            assert abs(first.min() - second.min()) < 1e-6


def test_the_selections_differ_as_they_should():
    """An asymmetric battle of the sexes: best total, best least payoff, and most random correlated equilibrium."""
    P, r = objects([[[1]] * 4]), objects([[[6, 0, 0, 2]], [[2, 0, 0, 4]]])
    game = MarkovGame(P, r, horizon=Finite(1), actions=(2, 2))
    found = {select: solve(game, CorrelatedEquilibrium(select)) for select in ("welfare", "egalitarian", "entropy")}
    assert found["welfare"].policy.table.ravel().tolist() == [1, 0, 0, 0]
    least = found["egalitarian"].value[:, 0, 0].lower
    assert [str(x) for x in least] == ["10/3", "10/3"]
    assert entropy(found["entropy"].policy.table.ravel()) > 0.9
    with pytest.raises(InvalidModel, match="welfare, egalitarian, entropy"):
        CorrelatedEquilibrium("total")


def entropy(x):
    x = x[x > 0]
    return float(-(x * np.log(x)).sum())


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("concept", ["swap", "coarse"])
def test_the_entropy_is_within_its_dual_bound(concept, seed):
    """For every y >= 0, log sum exp(-G'y) is at least the entropy of every equilibrium."""
    rng = np.random.default_rng(seed)
    payoff = rng.integers(0, 4, (2, 9)).astype(float)
    rows = stage.deviation_gains(payoff, payoff, (3, 3), concept)
    x, y = highest_entropy(rows)
    assert (y >= 0).all()
    assert (rows @ x).max() < 2e-9
    bound = np.log(np.exp(-(y @ rows)).sum())
    assert bound - 1e-6 < entropy(x) < bound + 1e-8


def test_the_entropy_of_a_game_with_one_equilibrium():
    """The prisoner's dilemma: the dual has no minimiser, and the only equilibrium is pure."""
    P, r = objects([[[1]] * 4]), objects([[[2, 0, 3, 1]], [[2, 3, 0, 1]]])
    answer = solve(MarkovGame(P, r, horizon=Finite(1), actions=(2, 2)), CorrelatedEquilibrium("entropy"))
    assert answer.policy.table[0, 0, 3] > 1 - 1e-8


@settings(max_examples=20)
@given(strategies.games(2, (2, 2)))
def test_a_correlated_equilibrium_is_a_trigger_equilibrium(game):
    answer = solve(game)
    EquilibriumCertificate(game, answer.policy, "trigger").verify()
    EquilibriumCertificate(game, answer.policy, "coarse").verify()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("concept", ["swap", "coarse"])
def test_the_stage_program_agrees_with_highs(concept, seed):
    rng = np.random.default_rng(seed)
    for actions in [(2, 2), (3, 3), (4, 3), (2, 2, 2), (1, 2)]:
        J = int(np.prod(actions))
        for payoff in (rng.normal(size=(len(actions), J)), rng.integers(-1, 2, (len(actions), J)).astype(float)):
            rows = stage.deviation_gains(payoff, payoff, actions, concept)
            total = payoff.sum(axis=0)
            x = welfare_law(total, rows)
            found = linprog(-total, rows, np.zeros(len(rows)), np.ones((1, J)), [1.0], method="highs")
            assert abs(total @ x + found.fun) < 1e-9
            assert (rows @ x).max(initial=0) < 1e-9


@pytest.mark.parametrize("size", [1e-310, 1e-300, 1e19, 1e300])
@pytest.mark.parametrize("select", ["welfare", "egalitarian"])
def test_the_unit_of_the_payoffs_changes_no_choice(select, size):
    r = np.array([[[6.0, 2, 7, 0]], [[6, 7, 2, 0]]])
    one, other = (
        CorrelatedEquilibrium(select).run(MarkovGame(np.ones((1, 4, 1)), r * unit, horizon=Finite(1), actions=(2, 2)))
        for unit in (1, size)
    )
    assert np.abs(one.policy.table - [0.5, 0.25, 0.25, 0]).max() < 1e-9
    assert np.abs(one.policy.table - other.policy.table).max() < 1e-6


@pytest.mark.parametrize("seed", range(4))
def test_the_stage_program_runs_on_rationals(seed):
    rng = np.random.default_rng(seed)
    payoff = objects(rng.integers(-2, 3, (2, 6)))
    rows = stage.deviation_gains(payoff, payoff, (3, 2), "swap")
    x, y, flag = best_law(payoff.sum(axis=0), rows, 0)
    total = payoff.sum(axis=0)
    assert flag == 0
    assert x.sum() == 1
    assert (rows @ x <= 0).all()
    assert (total - y @ rows).max() == total @ x
    assert total @ x == total @ stage.select_law(payoff, rows)


def test_a_game_of_equal_payoffs_does_not_cycle():
    """Zero-sum games: every joint action has the same total, so all reduced costs tie."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        A = rng.integers(-2, 3, 25).astype(float)
        payoff = np.stack([A, -A])
        rows = stage.deviation_gains(payoff, payoff, (5, 5), "swap")
        x, _, flag = best_law(payoff.sum(axis=0), rows, 1e-11)
        assert flag == 0
        assert (rows @ x).max() < 1e-9


# ---- bad input
def test_tables_that_are_no_law_and_players_without_actions_are_refused():
    with pytest.raises(InvalidModel, match="sum"):
        JointPolicy(objects([["1/2", "1/2", "1/2", 0]]))
    with pytest.raises(InvalidModel, match="joint actions"):
        MarkovGame(np.ones((1, 0, 1)), np.zeros((2, 1, 0)), horizon=Finite(1), actions=(2, 0))


def test_payoff_axes_in_the_wrong_order_are_refused():
    P = objects(np.eye(4, dtype=int)[:, None].repeat(6, axis=1))
    with pytest.raises(InvalidModel, match="r"):
        MarkovGame(P, objects(np.zeros((4, 2, 6), dtype=int)), horizon=Finite(1), actions=(2, 3))
    with pytest.raises(InvalidModel, match="joint actions"):
        MarkovGame(P, objects(np.zeros((2, 6, 4), dtype=int)), horizon=Finite(1), actions=(2, 3))


def test_an_unbounded_program_is_reported_with_its_ray():
    program = LinearProgram([1, 1], A=[[1, -1]], b=[0])
    found = optimise(program)
    assert isinstance(found, Unbounded)
    found.verify(program)
