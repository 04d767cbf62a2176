"""Helpers for tabular learners: sizes, masks and tables of a setting."""

import numpy as np

from ..base.arrays import like
from ..base.errors import InvalidModel
from ..model.access import Discrete
from ..model.horizon import Finite
from ..model.policy import TabularPolicy


def sizes(setting) -> tuple[int, int]:
    """Numbers of states and actions.

    Raises: InvalidModel if observations or actions are not integers.
    """
    for name, space in (("observations", setting.observations), ("actions", setting.actions)):
        if not isinstance(space, Discrete):
            raise InvalidModel(f"a tabular learner needs integer {name}; these are vectors of length {space.size}")
    return setting.observations.n, setting.actions.n


def steps(setting) -> int | None:
    """Horizon H of a finite-horizon setting, else None."""
    return setting.horizon.H if isinstance(setting.horizon, Finite) else None


def exists(setting) -> np.ndarray:
    """Mask `[s,a]` of existing actions."""
    return np.ones(sizes(setting), dtype=bool) if setting.mask is None else setting.mask


def uniform(setting) -> TabularPolicy:
    """Uniform policy over existing actions; `table[t,s,a]` over a finite horizon, else `table[s,a]`."""
    ones = like(exists(setting).astype(int), number_pattern(setting))
    table = ones / ones.sum(axis=1, keepdims=True)
    H = steps(setting)
    return TabularPolicy(table if H is None else np.broadcast_to(table, (H, *table.shape)))


def empirical_occupancy(setting, seen) -> np.ndarray:
    """Empirical occupancy of trajectories, `[t,s,a]` for a finite horizon, else `[s,a]`; exact if their weights are."""
    return seen.occupancy(*sizes(setting), steps(setting))


def deterministic(choice, actions, pattern) -> np.ndarray:
    """Table of the deterministic policy that plays `choice[...]`."""
    return like((np.asarray(choice)[..., None] == np.arange(actions)).astype(int), pattern)


def number_pattern(setting) -> np.ndarray:
    """An empty array of rationals where the setting is rational, else of floats."""
    return np.empty(0, dtype=object if setting.exact else float)
