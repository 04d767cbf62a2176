"""Data collection: roll-ins of a policy and expert labels at the visited states."""

import numpy as np

from ..model.data import Trajectories


def visits(access, policy, episodes, *, rng) -> Trajectories:
    """State-action visits of a policy: exact if the model is granted (a model call), else from `episodes` episodes."""
    return access.law(policy) if "model" in access.granted else access.play(policy, episodes, rng=rng)


def label(access, seen) -> Trajectories:
    """The same visits with expert actions: the expert's distribution if queries are exact, else a sample per row."""
    if not access.exact("queries"):
        return Trajectories(seen.obs, access.label(seen.obs, seen.t), t=seen.t, weight=seen.weight)
    law = access.label_law(seen.obs, seen.t)
    row, action = np.nonzero(np.asarray(law > 0))
    weight = seen.weight[row] * law[row, action]
    return Trajectories(seen.obs[row], action, t=seen.t[row], weight=weight)


def aggregate(collected) -> Trajectories:
    """Concatenate several Trajectories, each with an equal share of the total weight."""
    share = len(collected)
    columns = {name: np.concatenate([getattr(each, name) for each in collected]) for name in ("obs", "action", "t")}
    return Trajectories(**columns, weight=np.concatenate([each.weight / share for each in collected]))
