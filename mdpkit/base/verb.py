"""Rooms that are also a verb: `mdpkit.solve(problem)` works beside `from mdpkit.solve import PolicyIteration`."""

import sys
from types import ModuleType


def also_called(room: str, verb):
    """Let the module named `room` be called as the function `verb`."""
    sys.modules[room].__class__ = type("Verb", (ModuleType,), {"__call__": staticmethod(verb)})
