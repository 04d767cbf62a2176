"""`import mdpkit` is light, and every public name is what it says."""

import subprocess
import sys

import pytest
from tools.processes import HANG

HEAVY = (
    "numba",
    "scipy",
    "cvxpy",
    "matplotlib",
    "torch",
    "hypothesis",
    "typer",
    "rich",
    "flint",
    "joblib",
    "pandas",
    "gymnasium",
)
LOADED = f"import sys, mdpkit; print(*sorted(set(sys.modules) & set({HEAVY!r})))"


def fresh(program):
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=HANG)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_importing_mdpkit_loads_nothing_heavy():
    assert fresh(LOADED) == []


def test_the_list_of_loaded_modules_is_really_looked_at():
    assert "flint" in fresh(LOADED.replace("mdpkit;", "mdpkit, flint;"))


def test_importing_mdpkit_loads_no_room():
    assert fresh("import sys, mdpkit; print(*(name for name in sys.modules if name.startswith('mdpkit.')))") == []


@pytest.mark.parametrize(
    "again", ["", "import mdpkit.solve, mdpkit.measure, mdpkit.claims, mdpkit.instances, mdpkit.exact"]
)
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
