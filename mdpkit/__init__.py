"""mdpkit: theorems about decision making, doubted by machine.

Every public name is loaded when it is first asked for, so that `import mdpkit` costs no more than numpy.
"""

import importlib

import numpy as np  # noqa: F401  (the one library that every use needs)

__version__ = "0.1.0"

_ROOMS = ("base", "claims", "exact", "instances", "kernels", "measure", "model", "report", "solve", "strategies")

_NAMES = {
    **dict.fromkeys(
        "MDP Deviation Discounted Finite JointPolicy LinearMDP MarkovGame MomentProblem SafetyProblem TabularPolicy".split(), "model"
    ),
    **dict.fromkeys(
        "advantage action_value best_deviation cloning_error deviated_value kl occupancy recoverability regret regret_gap "
        "state_value total_variation tube value value_gap".split(),
        "measure",
    ),
    **dict.fromkeys("Solution Status".split(), "solve"),
    **dict.fromkeys("Assumption Bound Claim Control Equal Outcome Part Verdict holds verify".split(), "claims"),
    **dict.fromkeys("Box Choice Family Simplex load save".split(), "instances"),
    **dict.fromkeys("Decision Interval objects rational".split(), "base"),
}

__all__ = sorted([*_NAMES, *_ROOMS])


def __getattr__(name):
    if name in _ROOMS:
        return importlib.import_module(f".{name}", __name__)
    if name in _NAMES:
        return getattr(importlib.import_module(f".{_NAMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return __all__
