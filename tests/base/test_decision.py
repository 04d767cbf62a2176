"""Decisions: undecided is never a bool."""

from itertools import product

import numpy as np
import pytest

from mdpkit.base.arrays import objects
from mdpkit.base.decision import Decision, Decisions, decide
from mdpkit.base.errors import Undecided
from mdpkit.base.interval import Interval

RANK = {Decision.NO: 0, Decision.UNDECIDED: 1, Decision.YES: 2}


def test_only_decided_decisions_are_bools():
    assert bool(Decision.YES) is True
    assert bool(Decision.NO) is False
    with pytest.raises(Undecided, match="neither yes nor no is proved"):
        bool(Decision.UNDECIDED)
    with pytest.raises(Undecided):
        assert not Decision.UNDECIDED


@pytest.mark.parametrize(("a", "b"), list(product(Decision, Decision)))
def test_and_is_the_worse_of_two(a, b):
    assert (a & b) is min(a, b, key=RANK.get)


@pytest.mark.parametrize("decision", Decision)
def test_a_decision_answers_like_an_array_of_one(decision):
    one = decide(np.array([decision is Decision.YES]), np.array([decision is Decision.NO]))
    assert isinstance(one, Decisions)
    assert one[0] is decision
    assert one.all() is decision.all() is decision
    assert one.all_yes() == decision.all_yes() == (decision is Decision.YES)
    assert one.any_no() == decision.any_no() == (decision is Decision.NO)


@pytest.mark.parametrize("entries", list(product(Decision, repeat=3)))
def test_an_array_of_decisions_is_as_good_as_its_worst(entries):
    array = decide(np.array([e is Decision.YES for e in entries]), np.array([e is Decision.NO for e in entries]))
    assert array.all() is min(entries, key=RANK.get)
    assert array.all_yes() == all(e is Decision.YES for e in entries)
    assert array.any_no() == any(e is Decision.NO for e in entries)
    assert [array[i] for i in range(3)] == list(entries)
    assert [(array & array[::-1])[i] for i in range(3)] == [
        a & b for a, b in zip(entries, reversed(entries), strict=True)
    ]
    with pytest.raises(Undecided, match="all_yes"):
        bool(array)
    assert repr(array) == f"Decisions({entries.count(Decision.YES)} yes, {entries.count(Decision.NO)} no, of 3)"


@pytest.mark.parametrize(("one", "entries"), list(product(Decision, product(Decision, repeat=2))))
def test_a_single_decision_stands_beside_every_entry_in_either_order(one, entries):
    array = decide(np.array([e is Decision.YES for e in entries]), np.array([e is Decision.NO for e in entries]))
    for both in (one & array, array & one):
        assert isinstance(both, Decisions)
        assert [both[i] for i in range(2)] == [one & each for each in entries]


def test_decisions_of_intervals_are_joined_across_shapes():
    scalar, array = Interval(objects(1)), Interval(objects([1, 2]))
    assert ((scalar == 1) & (array == array)).all() is Decision.YES
    assert [((array < 2) & (scalar < 3))[i] for i in range(2)] == [Decision.YES, Decision.NO]


@pytest.mark.parametrize("thing", [True, 1, None, np.True_])
def test_a_decision_is_joined_with_decisions_alone(thing):
    for decision in (Decision.YES, decide(np.array([True]), np.array([False]))):
        with pytest.raises(TypeError):
            decision & thing


def test_an_array_of_decisions_stays_one_beside_numpy():
    array = decide(np.array([True, False]), np.array([False, True]))
    with pytest.raises(TypeError):
        np.array([True, True]) & array
