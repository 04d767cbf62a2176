"""Exported measures and the fits of other rooms can be sabotaged: each asks for a replacement under its own name."""

import importlib
import inspect

import pytest

from mdpkit import measure, model
from mdpkit.base.replaceable import sabotaged

EXPORTED = {
    name: thing for name, thing in vars(measure).items() if not name.startswith("_") and not inspect.ismodule(thing)
}
FITS = {
    name: thing
    for room in (model, importlib.import_module("mdpkit.solve"))
    for name, thing in vars(room).items()
    if inspect.isfunction(thing) and hasattr(thing, "name")
}


def test_there_are_exports_and_each_is_a_function():
    assert {"value", "logarithm", "kl", "regret"} <= set(EXPORTED)
    assert [name for name, thing in EXPORTED.items() if not inspect.isfunction(thing)] == []


def test_algorithms_that_controls_replace_live_where_algorithms_do():
    assert set(FITS) == {
        "fitted_q_coefficients",
        "least_squares_coefficients",
        "lstd",
        "match_features",
        "policy_gradient_values",
        "regress_values",
        "regression",
        "shaped_reward",
        "two_stage_least_squares",
        "value_targeted_regression",
    }
    assert not set(FITS) & set(EXPORTED)


@pytest.mark.parametrize("name", [*EXPORTED, *FITS])
def test_an_exported_measure_has_a_name_of_its_own_and_answers_by_its_replacement(name):
    thing = (EXPORTED | FITS)[name]
    assert thing.name == f"{thing.__module__}.{thing.__qualname__}"
    assert thing.__name__ == name
    assert [other for other, each in (EXPORTED | FITS).items() if each.name == thing.name] == [name]
    with sabotaged(thing, lambda original, *args: (original.__name__, args)) as reached:
        assert thing(1, 2) == (name, (1, 2))
    assert reached == [thing.name]
