"""Lists that are no array: every field of every record refuses them by name, with what it expected."""

from dataclasses import fields

import numpy as np
import pytest
from flint import fmpq

from mdpkit.base.errors import InvalidModel
from mdpkit.base.record import Record
from mdpkit.model import (
    MDP,
    Deviation,
    Finite,
    JointPolicy,
    LinearMDP,
    MarkovGame,
    MomentProblem,
    PreferenceProblem,
    SafetyProblem,
    TabularPolicy,
    Trajectories,
)

STAY = [[[1, 0], [1, 0]], [[0, 1], [0, 1]]]
HALVES = [[0.5, 0.5], [0.5, 0.5]]
GOOD = [
    (MDP, dict(P=STAY, r=HALVES, rho=[1, 0], mask=[[True, True], [True, False]], horizon=Finite(1))),
    (MDP, dict(P=STAY, r=HALVES, rho=[1, 0], horizon=Finite(1))),
    (MarkovGame, dict(P=STAY, r=[HALVES], rho=[1, 0], horizon=Finite(1), actions=(2,))),
    (LinearMDP, dict(features=STAY, mu=HALVES, theta=[1, 0], rho=[1, 0], horizon=Finite(1))),
    (TabularPolicy, dict(table=HALVES)),
    (JointPolicy, dict(table=HALVES)),
    (Deviation, dict(player=0, table=[STAY], after=[HALVES])),
    (PreferenceProblem, dict(reference=HALVES, reward=HALVES, data=HALVES, rho=[1, 0])),
    (PreferenceProblem, dict(reference=HALVES, weights=HALVES)),
    (PreferenceProblem, dict(reference=HALVES, win=[HALVES, HALVES])),
    (MomentProblem, dict(A=HALVES, b=[1, 0], weights=[1, 0])),
    (SafetyProblem, dict(failure=[True, False], successors=[[0, 1], [1, 0]])),
    (SafetyProblem, dict(failure=[True, False], P=STAY)),
    (Trajectories, dict(obs=[0, 1], action=[1, 0], t=[0, 1], weight=[1, 1], reward=[0, 1], ended=[False, True], episode=[0, 0])),
    (Trajectories, dict(obs=HALVES, action=HALVES, following=HALVES, state=HALVES)),
]
TOLD = [(kind, given, name) for kind, given in GOOD for name, value in given.items() if isinstance(value, list)]


def longer(value):
    """The same nested lists, the last of the innermost ones with one entry more; of a flat list the last entry becomes a list."""
    if isinstance(value[-1], list):
        return [*value[:-1], longer(value[-1])]
    return [*value, value[-1]]


@pytest.mark.parametrize(("kind", "given", "name"), TOLD, ids=[f"{kind.__name__}.{name}" for kind, _, name in TOLD])
def test_a_list_that_is_too_long_is_named(kind, given, name):
    kind(**given)
    value = given[name]
    ragged = longer(value) if isinstance(value[0], list) else [*value[:-1], [value[-1]]]
    pair = rf"{name}\[.*0\] (has length 2|is no list), {name}\[.*1\] has length [13]"
    with pytest.raises(InvalidModel, match=rf"^{name} is ragged: {pair}; expected {name}\["):
        kind(**given | {name: ragged})


def test_every_field_of_every_record_was_tried():
    arrays = {(kind, field.name) for kind, _ in GOOD for field in fields(kind) if "ndarray" in str(field.type)}
    assert {kind for kind, _ in GOOD} == {kind for kind in subclasses(Record) if kind.__module__.startswith("mdpkit.model")}
    assert arrays == {(kind, name) for kind, _, name in TOLD}


def subclasses(kind):
    return {kind} - {Record} | {each for child in kind.__subclasses__() for each in subclasses(child)}


@pytest.mark.parametrize(
    ("P", "words"),
    [
        ([[[1.0], [0.5, 0.5]]], r"P\[0, 0\] has length 1, P\[0, 1\] has length 2"),
        ([[[1, 0], [1, 0]], [[0, 1]]], r"P\[0\] has length 2, P\[1\] has length 1"),
        ([[[1, 0], 1], [[0, 1], [0, 1]]], r"P\[0, 0\] has length 2, P\[0, 1\] is no list"),
        ([[np.ones(2), np.ones(3)]], r"P\[0, 0\] has length 2, P\[0, 1\] has length 3"),
        ([[[fmpq(1)], [fmpq(1, 2), fmpq(1, 2)]]], r"P\[0, 0\] has length 1, P\[0, 1\] has length 2"),
        (([(1, 0), (1, 0)], [(0, 1), ()]), r"P\[0, 0\] has length 2, P\[1, 1\] has length 0"),
    ],
)
def test_the_first_uneven_pair_is_named(P, words):
    with pytest.raises(InvalidModel, match=rf"^P is ragged: {words}; expected P\[s,a,n\] or P\[t,s,a,n\]$"):
        MDP(P, [[0, 0]], horizon=Finite(1))
