"""The annex loads nothing until it is asked, and says which extra to install."""

import subprocess
import sys
from pathlib import Path

import pytest
from tools.left_out import needs_the_extra
from tools.processes import HANG

import mdpkit

NAMES = mdpkit.deep.__all__
BLOCK = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == {missing!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
"""


def run(program):
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=HANG)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_it_loads_nothing_heavy():
    heavy = ("torch", "gymnasium", "stable_baselines3", "safetensors", "numba", "scipy")
    assert run(f"import sys, mdpkit.deep; dir(mdpkit.deep); print(*sorted(set(sys.modules) & set({heavy})))") == ""


def test_the_tabular_learners_work_without_torch():
    said = run(BLOCK.format(missing="torch") + "import mdpkit; mdpkit.learn.Cloning(); print(mdpkit.deep.__name__)")
    assert said == "mdpkit.deep"


@needs_the_extra
@pytest.mark.parametrize(
    ("name", "missing"),
    [("Cloning", "torch"), ("MomentMatching", "stable_baselines3"), ("load", "safetensors"), ("twins", "gymnasium")],
)
def test_what_is_missing_and_which_extra_brings_it(name, missing):
    ask = f"import mdpkit\ntry:\n    mdpkit.deep.{name}\nexcept ImportError as error:\n    print(error)"
    said = run(BLOCK.format(missing=missing) + ask)
    assert said == f"mdpkit.deep.{name} needs {missing}, which is not installed: pip install 'mdpkit[deep]'"


@needs_the_extra
def test_twins_say_what_is_missing_however_they_are_imported():
    ask = "try:\n    from mdpkit.deep import twins\nexcept ImportError as error:\n    print(error)"
    assert run(BLOCK.format(missing="gymnasium") + ask).endswith("pip install 'mdpkit[deep]'")


@needs_the_extra
def test_every_name_loads_and_others_are_attribute_errors():
    for name in NAMES:
        assert getattr(mdpkit.deep, name).__doc__
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'"):
        _ = mdpkit.deep.no_such_name
    typed = Path(mdpkit.deep.__file__).with_suffix(".pyi").read_text()
    assert sorted(line.rpartition(" as ")[2] for line in typed.splitlines() if " as " in line) == NAMES
