"""Every measure that is exported can be sabotaged: it asks for a replacement, under a name of its own."""

import inspect

import pytest

from mdpkit import measure
from mdpkit.base.replaceable import sabotaged

EXPORTED = {
    name: thing for name, thing in vars(measure).items() if not name.startswith("_") and not inspect.ismodule(thing)
}


def test_there_are_exports_and_each_is_a_function():
    assert {"value", "logarithm", "kl", "regret"} <= set(EXPORTED)
    assert [name for name, thing in EXPORTED.items() if not inspect.isfunction(thing)] == []


@pytest.mark.parametrize("name", EXPORTED)
def test_an_exported_measure_has_a_name_of_its_own_and_answers_by_its_replacement(name):
    thing = EXPORTED[name]
    assert thing.name == f"{thing.__module__}.{thing.__qualname__}"
    assert thing.__name__ == name
    assert [other for other, each in EXPORTED.items() if each.name == thing.name] == [name]
    with sabotaged(thing, lambda original, *args: (original.__name__, args)) as reached:
        assert thing(1, 2) == (name, (1, 2))
    assert reached == [thing.name]
