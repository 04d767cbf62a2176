"""Blocks and repairs shared by the claims of this folder."""

import numpy as np

from ...base.arrays import bare, is_exact, objects, rational
from ...instances.blocks import Box, Choice, Simplex

LAW = Simplex("X", to="Y")
PROMPTS = Simplex(to="X")
BETA = Choice(of=("1/4", 1, 3))
WEIGHTS = Box("X", "Y", lower="1/8", upper=8)


def full(rows):
    """Rows with every 0 replaced by a small number, so that each response has positive probability."""
    rows = np.where(rows == 0, rational("1/1024") if is_exact(rows) else 1 / 1024, rows)
    return rows / rows.sum(axis=-1)[..., None]


def inside(x):
    """The draw, with its policy restricted to the support of the reference (already so for a user's own problem)."""
    if hasattr(x, "reference"):
        x.policy = LAW.restrict(x.policy, x.reference != 0)
    return x


def left_out(x):
    """The drawn data, restricted to the responses other than the hidden one of each prompt."""
    return LAW.restrict(x.data, np.arange(x.sizes["Y"]) != bare(x.hidden)[:, None])


def spread(weights):
    """e^(R/beta), R the widest range of the reward over the responses of a prompt."""
    return (weights.max(axis=1) / weights.min(axis=1)).max()


def rare_third(k):
    """A reference over three responses, the last of probability 2^-k (0 if k is None)."""
    small = rational(0) if k is None else rational(1) / 2**k
    return objects([[(1 - small) / 2, (1 - small) / 2, small]])
