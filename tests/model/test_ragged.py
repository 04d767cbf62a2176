"""Lists that are no array: every field of every record refuses them by name, with what it expected."""

from dataclasses import fields
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq
from tools.every_record import EVERY, kinds

from mdpkit.base.errors import InvalidModel
from mdpkit.model import MDP, Finite


def read(value):
    """Nested lists with fractions for texts."""
    if isinstance(value, list):
        return [read(each) for each in value]
    return Fraction(value) if isinstance(value, str) else value


TOLD = [
    (kind, {name: read(value) for name, value in (arrays | rest).items()}, name)
    for kind, arrays, rest in EVERY.values()
    for name, value in (arrays | rest).items()
    if isinstance(value, list)
]


def longer(value):
    """The same nested lists, the last of the innermost ones with its last entry repeated."""
    if isinstance(value[-1], list):
        return [*value[:-1], longer(value[-1])]
    return [*value, value[-1]]


@pytest.mark.parametrize(("kind", "given", "name"), TOLD, ids=[f"{kind.__name__}.{name}" for kind, _, name in TOLD])
def test_a_list_that_is_too_long_is_named(kind, given, name):
    kind(**given)
    value = given[name]
    ragged = longer(value) if isinstance(value[0], list) else [*value[:-1], [value[-1]]]
    pair = rf"{name}\[[\d, ]+\] (has length \d|is not a list), {name}\[[\d, ]+\] has length \d"
    with pytest.raises(InvalidModel, match=rf"^{name} is ragged: {pair}; expected {name}\["):
        kind(**given | {name: ragged})


def test_every_field_of_every_record_was_tried():
    arrays = {(kind, field.name) for kind in kinds() for field in fields(kind) if "ndarray" in str(field.type)}
    assert arrays == {(kind, name) for kind, _, name in TOLD}


@pytest.mark.parametrize(
    ("P", "words"),
    [
        ([[[1.0], [0.5, 0.5]]], r"P\[0, 0\] has length 1, P\[0, 1\] has length 2"),
        ([[[1, 0], [1, 0]], [[0, 1]]], r"P\[0\] has length 2, P\[1\] has length 1"),
        ([[[1, 0], 1], [[0, 1], [0, 1]]], r"P\[0, 0\] has length 2, P\[0, 1\] is not a list"),
        ([[np.ones(2), np.ones(3)]], r"P\[0, 0\] has length 2, P\[0, 1\] has length 3"),
        ([[[fmpq(1)], [fmpq(1, 2), fmpq(1, 2)]]], r"P\[0, 0\] has length 1, P\[0, 1\] has length 2"),
        (([(1, 0), (1, 0)], [(0, 1), ()]), r"P\[0, 0\] has length 2, P\[1, 1\] has length 0"),
    ],
)
def test_the_first_uneven_pair_is_named(P, words):
    with pytest.raises(InvalidModel, match=rf"^P is ragged: {words}; expected P\[s,a,n\] or P\[t,s,a,n\]$"):
        MDP(P, [[0, 0]], horizon=Finite(1))
