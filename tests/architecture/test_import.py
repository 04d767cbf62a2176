"""`import mdpkit` is light, and every public name is what it says."""

import os
import subprocess
import sys

import pytest

HEAVY = ("numba", "scipy", "cvxpy", "matplotlib", "torch", "hypothesis", "typer", "rich", "flint", "joblib", "pandas", "gymnasium")
LOADED = f"import sys, mdpkit; print(*sorted(set(sys.modules) & set({HEAVY!r})))"
SECONDS = 0.35


def fresh(program):
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_importing_mdpkit_loads_nothing_heavy():
    assert fresh(LOADED) == []


def test_the_list_of_loaded_modules_is_really_looked_at():
    assert "flint" in fresh(LOADED.replace("mdpkit;", "mdpkit, flint;"))


def test_importing_mdpkit_is_quick():
    def seconds():
        before = os.times()
        fresh("import mdpkit")
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert min(seconds() for _ in range(3)) < SECONDS


@pytest.mark.parametrize("again", ["", "import mdpkit.solve, mdpkit.measure, mdpkit.claims, mdpkit.instances, mdpkit.exact"])
def test_every_public_name_is_found_and_stays_the_same_thing(again):
    program = f"""
import importlib, mdpkit
first = {{name: getattr(mdpkit, name) for name in mdpkit.__all__}}
{again}
for name, thing in first.items():
    if getattr(mdpkit, name) is not thing:
        print(name)
for name in dir(mdpkit):
    getattr(mdpkit, name)
"""
    assert fresh(program) == []


@pytest.mark.parametrize("verb", ["solve", "value", "tube", "verify"])
def test_a_verb_can_be_called_whatever_was_imported_before(verb):
    program = f"import mdpkit; first = mdpkit.{verb}; print(callable(first), mdpkit.{verb} is first)"
    assert fresh(program) == ["True", "True"]


def test_an_unknown_name_is_an_attribute_error():
    assert fresh("import mdpkit; print(hasattr(mdpkit, 'no_such_name'))") == ["False"]
