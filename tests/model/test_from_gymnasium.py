"""gymnasium's tables as problems: solved as an independent solver solves them, repaired only where the table tells."""

import logging
import sys
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from mdpkit import solve
from mdpkit.base.errors import InvalidModel
from mdpkit.model import MDP, Discounted, Finite
from mdpkit.model._gymnasium import LARGEST_DENSE, lawful

gymnasium = pytest.importorskip("gymnasium")

TOYS = {
    "lake": ("FrozenLake-v1", {"map_name": "8x8"}, 64),
    "cliff": ("CliffWalking-v1", {}, 48),
    "slippery cliff": ("CliffWalking-v1", {"is_slippery": True}, 48),
    "taxi": ("Taxi-v4", {}, 501),
}


def independent(env, gamma, steps):
    """Value iteration on the table itself, an end being worth nothing more."""
    S = len(env.P)
    value = np.zeros(S)
    rows = [[env.P[s][a] for a in range(len(env.P[s]))] for s in range(S)]
    flat = [
        (s, a, p, n, r, ended)
        for s, row in enumerate(rows)
        for a, outcomes in enumerate(row)
        for p, n, r, ended in outcomes
    ]
    s, a, p, n, r, ended = (np.array(column) for column in zip(*flat, strict=True))
    for _ in range(steps):
        Q = np.zeros((S, len(rows[0])))
        np.add.at(Q, (s, a), p * (r + gamma * ~ended * value[n]))
        value = Q.max(axis=1)
    return value


def absorbed(env):
    """The states of the table that are entered at an end and only there: as problems they pay nothing."""
    entered = [(n, ended) for row in env.P.values() for outcomes in row.values() for _, n, _, ended in outcomes]
    return {n for n, ended in entered if ended} - {n for n, ended in entered if not ended}


@pytest.mark.parametrize("name", TOYS)
def test_certified_bounds_of_1e_minus_8_hold_what_an_independent_solver_finds(name):
    identity, options, S = TOYS[name]
    env = gymnasium.make(identity, **options).unwrapped
    mdp = MDP.from_gymnasium(identity, horizon=Discounted("99/100"), **options)
    assert (mdp.S, mdp.exact) == (S, True)
    answer = solve(mdp, tol=1e-8)
    assert answer.value.width <= 1e-8
    answer.certificate.verify()
    found = independent(env, 0.99, 3000)  # 0.99^3000 100 / (1 - 0.99) < 1e-9
    kept = [s for s in env.P if s not in absorbed(env)] if len(env.P) == S else list(env.P)
    bounds = answer.value[kept].enclose()
    assert (bounds.lower - 1e-8 <= found[kept]).all()
    assert (found[kept] <= bounds.upper + 1e-8).all()
    if len(env.P) < S:
        assert abs(answer.value.mid[-1]) <= 1e-8


def test_with_a_finite_horizon_the_lake_is_what_the_independent_solver_finds():
    env = gymnasium.make("FrozenLake-v1").unwrapped
    answer = solve(MDP.from_gymnasium("FrozenLake-v1", horizon=Finite(20)))
    assert answer.value.exact
    assert np.abs(answer.value.mid[0] - independent(env, 1, 20)).max() < 1e-12


def test_taxi_starts_where_gymnasium_starts_and_ends_in_the_added_state():
    env = gymnasium.make("Taxi-v4").unwrapped
    mdp = MDP.from_gymnasium("Taxi-v4", horizon=Discounted("99/100"))
    assert mdp.state_names[-1] == "end"
    assert {str(p) for p in mdp.rho} == {"0", "1/300"}
    assert [p != 0 for p in mdp.rho[:-1]] == [p > 0 for p in env.initial_state_distrib]
    assert (mdp.P[-1, :, -1] == 1).all()
    assert (mdp.r[-1] == 0).all()
    into = np.argwhere(mdp.P[:-1, :, -1] != 0)
    assert {(int(s), int(a)) for s, a in into} == {(s, a) for s in env.P for a in env.P[s] if env.P[s][a][0][3]}
    assert {mdp.action_names[a] for _, a in into} == {"dropoff"}
    assert mdp.state_names[env.encode(3, 1, 2, 0)] == "(3, 1, 2, 0)"


# ---- tables of one's own
def table(P, start=None):
    """An environment that is nothing but its table."""
    env = SimpleNamespace(P=P, **({} if start is None else {"initial_state_distrib": start}))
    env.unwrapped = env
    return env


def read(P, start=None, horizon=None, **more):
    return MDP.from_gymnasium(table(P, start), horizon=horizon or Discounted("1/2"), **more)


def test_a_state_that_is_started_in_stays_and_an_end_is_added():
    mdp = read([[[(1.0, 0, 1, True)]]], [1.0])
    assert mdp.S == 2
    assert str(solve(mdp).value[0].lower) == "1"


def test_what_is_entered_at_ends_alone_becomes_absorbing():
    mdp = read({0: {0: [(1.0, 1, 1, True)]}, 1: {0: [(1.0, 0, 7, False)]}}, [1.0, 0.0])
    assert (mdp.S, mdp.r.tolist()) == (2, [[1], [0]])
    assert [str(x) for x in solve(mdp).value.lower] == ["1", "0"]


def test_duplicates_are_merged_and_outcomes_of_no_probability_end_nothing():
    third = [
        (0.33333333333333337, 0, 3, False),
        (0.3333333333333333, 0, 0, False),
        (0.33333333333333337, 1, 0, False),
        (0.0, 0, 9, True),
    ]
    mdp = read([[third], [[(1, 1, 0, False)]]])
    assert mdp.P[0, 0].tolist() == [fmpq(2, 3), fmpq(1, 3)]
    assert mdp.r[0, 0] == 1
    assert mdp.S == 2


def test_actions_that_a_state_lacks_are_masked():
    mdp = read({0: {0: [(1.0, 0, 0, False)]}, 1: {0: [(1.0, 0, 0, False)], np.int64(2): [(1.0, 1, 0, False)]}})
    assert mdp.mask.tolist() == [[True, False, False], [True, False, True]]


@given(st.lists(st.integers(1, 30), min_size=1, max_size=6))
def test_every_rounded_law_of_small_fractions_is_repaired(weights):
    total = sum(weights)
    meant = [fmpq(w, total) for w in weights]
    assert lawful([w / total for w in weights]) == meant
    assert lawful([1 / total * w for w in weights]) == meant


@given(st.lists(st.floats(1e-6, 1), min_size=2, max_size=5))
def test_no_law_is_invented(weights):
    """What is read sums to 1 and lies within a rounding to float32 of what was written; else nothing is read."""
    numbers = [w / sum(weights) for w in weights]
    row = lawful(numbers)
    if row is not None:
        assert sum(row) == 1
        assert all(
            abs(Fraction(int(p.p), int(p.q)) - Fraction(x)) <= Fraction(1, 2**24)
            for x, p in zip(numbers, row, strict=True)
        )
    assert lawful([*numbers, 0.001]) is None


def test_decimals_are_kept_where_they_are_a_law_and_float32_is_repaired_where_not():
    assert lawful([0.1234567, 0.8765433]) == [fmpq(1234567, 10**7), fmpq(8765433, 10**7)]
    assert lawful([0.3333333, 0.6666667]) == [fmpq(3333333, 10**7), fmpq(6666667, 10**7)]
    assert lawful([0.3333333] * 3) == lawful([float(np.float32(1 / 3))] * 3) == [fmpq(1, 3)] * 3
    assert lawful([0.33] * 3) is None
    assert lawful([0.1234567890123, 0.8765432109876]) is None, (
        "near 10/81 and 71/81, but written to more digits than that"
    )


def test_a_law_that_does_not_tell_leaves_the_problem_in_floats():
    odd = [0.1234567890123, 0.8765432109876]
    mdp = read([[[(odd[0], 0, 0, False), (odd[1], 1, 1, False)]], [[(1.0, 1, 0.1, False)]]], [0.5, 0.5])
    assert not mdp.exact
    assert mdp.P[0, 0].tolist() == odd
    assert mdp.r[1, 0] == 0.1


def test_a_law_too_large_for_rationals_is_sparse():
    S = int(LARGEST_DENSE**0.5) + 1
    mdp = read([[[(1.0, (s + 1) % S, 1, False)]] for s in range(S)])
    assert mdp.sparse
    assert mdp.P.nnz == S


def test_what_is_repaired_is_said(caplog):
    with caplog.at_level(logging.INFO, "mdpkit"):
        MDP.from_gymnasium("FrozenLake-v1", horizon=Discounted("1/2"))
    assert [record.getMessage() for record in caplog.records] == [
        "FrozenLake-v1: the probability 0.3333333333333333 is read as 1/3",
        "FrozenLake-v1: the probability 0.33333333333333337 is read as 1/3",
        "FrozenLake-v1: episodes end; the states [5, 7, 11, 12, 15] become absorbing",
    ]
    caplog.clear()
    with caplog.at_level(logging.INFO, "mdpkit"):
        read([[[(1.0, 0, 1, True)]]])
    assert [record.getMessage() for record in caplog.records] == [
        "SimpleNamespace: episodes end; an absorbing state is added, last",
        "SimpleNamespace: the environment has no initial distribution; it is uniform",
    ]


WRONG = {
    "no table": (SimpleNamespace(), "has no table P[state][action]"),
    "empty": (table([]), "its table P is empty"),
    "missing state": (table({0: {0: [(1.0, 0, 0, False)]}, 2: {}}), "P[1] is no table of actions"),
    "no actions": (table([[]]), "P[0] has the actions []"),
    "named action": (table([{"up": [(1.0, 0, 0, False)]}]), "P[0] has the actions ['up']; expected integers from 0"),
    "outcome": (
        table([[[(1.0, 0, 0)]]]),
        "P[0][0][0] is (1.0, 0, 0); expected (probability, next state, reward, terminated)",
    ),
    "outside": (table([[[(1.0, 1, 0, False)]]]), "P[0][0][0] leads to state 1; expected an integer from 0 to 0"),
    "state of half": (table([[[(1.0, 0.5, 0, False)]]]), "P[0][0][0] leads to state 0.5"),
    "NaN": (table([[[(float("nan"), 0, 0, False)]]]), "P[0][0][0] holds nan; expected a finite number"),
    "reward text": (table([[[(1.0, 0, "much", False)]]]), "P[0][0][0] holds 'much'; expected a number"),
    "sum": (table([[[(0.5, 0, 0, False)]]]), "P[0, 0] sums to 0.5, not 1"),
    "negative": (
        table([[[(1.5, 0, 0, False), (-0.5, 0, 0, False)]], [[(-1.0, 0, 0, False), (2.0, 1, 0, False)]]]),
        "P[1, 0, 0] is -1",
    ),
    "start": (
        table([[[(1.0, 0, 0, False)]]], [0.5, 0.5]),
        "initial_state_distrib has 2 entries; the table has 1 states",
    ),
}


@pytest.mark.parametrize(("env", "words"), WRONG.values(), ids=WRONG)
def test_a_table_that_is_none_is_refused_by_its_place(env, words):
    env.unwrapped = env
    with pytest.raises(InvalidModel) as refusal:
        MDP.from_gymnasium(env, horizon=Finite(1))
    assert words in str(refusal.value)


def test_what_gymnasium_cannot_make_is_refused_with_its_reason():
    with pytest.raises(InvalidModel, match="gymnasium cannot make 'Frozen-v1': Environment `Frozen` doesn't exist"):
        MDP.from_gymnasium("Frozen-v1", horizon=Finite(1))
    with pytest.raises(InvalidModel, match=r"gymnasium cannot make 'FrozenLake-v1': .*map_size"):
        MDP.from_gymnasium("FrozenLake-v1", horizon=Finite(1), map_size=3)
    with pytest.raises(InvalidModel, match=r"Blackjack-v1 has no table"):
        MDP.from_gymnasium("Blackjack-v1", horizon=Finite(1))


def test_a_passenger_whom_the_table_leaves_out_is_refused():
    """With a fickle passenger the table is that of a steady one: the destination changes in step() alone."""
    with pytest.raises(
        InvalidModel, match=r"Taxi-v4: step\(\) has fickle_passenger=True, .*which its table P leaves out"
    ):
        MDP.from_gymnasium("Taxi-v4", horizon=Finite(1), fickle_passenger=True)
    rainy = MDP.from_gymnasium("Taxi-v4", horizon=Finite(1), is_rainy=True)
    assert rainy.S == 501


def test_a_wrapper_that_may_change_what_the_table_says_is_refused():
    lake = gymnasium.make("FrozenLake-v1", max_episode_steps=3)
    halved = gymnasium.wrappers.TransformReward(lake, lambda reward: reward / 2)
    with pytest.raises(
        InvalidModel, match="FrozenLakeEnv: the wrapper TransformReward may change what the table P says"
    ):
        MDP.from_gymnasium(gymnasium.wrappers.TimeLimit(halved, 5), horizon=Finite(1))
    assert MDP.from_gymnasium(gymnasium.wrappers.RecordEpisodeStatistics(lake), horizon=Finite(1)).S == 16


@pytest.mark.parametrize("name", ["lake", "cliff", "slippery cliff", "taxi"])
def test_steps_of_the_environments_that_are_read_are_those_of_their_tables(name):
    """Every outcome of 2000 random steps is one of the table."""
    identity, options, _ = TOYS[name]
    env, rng = gymnasium.make(identity, **options).unwrapped, np.random.default_rng(0)
    env.reset(seed=0)
    for _ in range(2000):
        s, a = int(env.s), int(rng.integers(env.action_space.n))
        n, reward, ended, _, _ = env.step(a)
        assert (n, reward, ended) in {(int(n), r, end) for p, n, r, end in env.P[s][a] if p > 0}
        if ended:
            env.reset()


def test_without_gymnasium_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "gymnasium", None)
    with pytest.raises(InvalidModel, match=r"pip install 'mdpkit\[io\]'"):
        MDP.from_gymnasium("FrozenLake-v1", horizon=Finite(1))
