"""What learners collect: the visits of a policy, and what an expert would have done there."""

import numpy as np

from ..model.data import Trajectories


def visits(access, policy, episodes, *, rng) -> Trajectories:
    """Where a policy goes: its law where the model is granted (a model call), else so many episodes played."""
    return access.law(policy) if "model" in access.granted else access.play(policy, episodes, rng=rng)


def labelled(access, seen) -> Trajectories:
    """The same visits with the expert's actions: its law where queries are exact, else one label a row."""
    if not access.exact("queries"):
        return Trajectories(seen.obs, access.label(seen.obs, seen.t), t=seen.t, weight=seen.weight)
    law = access.label_law(seen.obs, seen.t)
    row, action = np.nonzero(np.asarray(law > 0))
    weight = seen.weight[row] * law[row, action]
    return Trajectories(seen.obs[row], action, t=seen.t[row], weight=weight)


def aggregated(collected) -> Trajectories:
    """Several Trajectories as one, each with an equal share of the weight."""
    share = len(collected)
    columns = {name: np.concatenate([getattr(each, name) for each in collected]) for name in ("obs", "action", "t")}
    return Trajectories(**columns, weight=np.concatenate([each.weight / share for each in collected]))
