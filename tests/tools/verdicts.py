"""The results of every registered claim's tasks, which the tests of one worker share."""

from functools import cache

import pytest

from mdpkit.claims import get, ids
from mdpkit.instances import Family
from mdpkit.verify.profile import PROFILES, Profile
from mdpkit.verify.run.work import run, tasks
from mdpkit.verify.verification import assemble

SHORT = Profile("short", chunks=1, draws=100, evaluations=3000, differential=10, demanded=50)
"""A share of "quick": every claim at its full budget is what `mdpkit verify --all` is for."""
EVERY = [pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in ids()]
"""Ids, grouped so that one worker runs all tests of a claim, which share its results."""


def enumerated(name) -> bool:
    """Whether all instances of a claim are listed."""
    return not any(isinstance(part.instances, Family) for part in get(name).parts)


def profile(name):
    """ "quick" for an enumerated claim, whose committed result is compared; a share of it for the others."""
    return PROFILES["quick"] if enumerated(name) else SHORT


@cache
def work(name):
    """The results of a claim's tasks."""
    return {task.key: run(get(name), task, profile(name), 0) for task in tasks(get(name), profile(name))}


def verdict(name):
    """The verdict on a claim, put together from the results of its tasks."""
    return assemble(get(name), work(name), profile(name), 0)
