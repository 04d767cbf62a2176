"""Every field of every hypothesis profile is set on purpose, and every day's draws are the same."""

import importlib.util
import inspect
import os
from pathlib import Path

import pytest
from hypothesis import settings

spec = importlib.util.spec_from_file_location("profiles", Path(__file__).parents[1] / "conftest.py")
conftest = importlib.util.module_from_spec(spec)
spec.loader.exec_module(conftest)

FIELDS = set(inspect.signature(settings.__init__).parameters) - {"self", "parent"}


@pytest.mark.parametrize("name", ["dev", "ci", "nightly"])
def test_every_field_is_set(name):
    assert set(conftest.PROFILES[name]) == FIELDS
    assert settings.get_profile(name).derandomize is (name != "nightly")
    assert (settings.get_profile(name).database is None) is (name != "nightly")


def test_the_profile_of_the_day_is_loaded():
    assert settings.get_current_profile_name() in ("ci" if os.environ.get("CI") else "dev", "nightly")
