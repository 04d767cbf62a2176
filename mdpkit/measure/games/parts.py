"""Parts of joint actions, and actions that some player lacks."""

from functools import cache

import numpy as np

from ...base.errors import InvalidModel
from ...model.game import aliases as aliases


@cache
def parts_of_joint_actions(actions, i):
    """`own[j]`, player i's component of joint action j, and `swapped[j,b]`, the joint action with b in its place."""
    joint = np.arange(int(np.prod(actions)))
    parts = list(np.unravel_index(joint, actions))
    own = parts[i].astype(np.int64)
    swapped = np.empty((len(joint), actions[i]), dtype=np.int64)
    for b in range(actions[i]):
        parts[i] = np.full_like(own, b)
        swapped[:, b] = np.ravel_multi_index(parts, actions)
    own.flags.writeable = swapped.flags.writeable = False
    return own, swapped


@cache
def turned_actions(actions, i):
    """`turned[b,o]`, the joint action in which player i plays b, and the others their combination o."""
    own, swapped = parts_of_joint_actions(actions, i)
    turned = np.ascontiguousarray(swapped[own == 0].T)
    turned.flags.writeable = False
    return turned


def constant_actions(game, i) -> list[int]:
    """The actions that player i has in every state.

    Raises: InvalidModel if there is none.
    """
    there = np.flatnonzero(game.available_to(i).all(axis=0)).tolist()
    if not there:
        raise InvalidModel(f"player {i} has no action that is available in every state, so no constant deviation")
    return there


def refuse_missing(game, deviation) -> None:
    """Check that a deviation plays no missing action, where the recommended one is available.

    Raises: InvalidModel naming the first entry that does.
    """
    if game.mask is None:
        return
    there = game.available_to(deviation.player)
    told = np.asarray(deviation.table > 0) & there[None, :, :, None] & ~there[None, :, None, :]
    left = None if deviation.after is None else np.asarray(deviation.after > 0) & ~there
    for name, wrong in (("table", told), ("after", left)):
        if wrong is not None and wrong.any():
            where = tuple(int(k) for k in np.argwhere(wrong)[0])
            raise InvalidModel(
                f"the deviation's {name} plays action {where[-1]} of player {deviation.player} at step {where[0]} in "
                f"state {where[1]}, where it is missing"
            )
