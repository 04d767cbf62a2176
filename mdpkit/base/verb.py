"""Callable modules: `mdpkit.solve(problem)` works alongside `from mdpkit.solve import PolicyIteration`."""

import sys
from types import ModuleType


def make_callable(room: str, verb):
    """Make the module named `room` callable as the function `verb`."""
    sys.modules[room].__class__ = type("Verb", (ModuleType,), {"__call__": staticmethod(verb)})
