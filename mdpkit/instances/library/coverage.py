"""Preference problems: random ones as claims draw them, and one with a response that is hardly ever given."""

from collections.abc import Sequence

import numpy as np

from ...base.arrays import bare, is_exact, objects, rational
from ...model import PreferenceProblem
from ..blocks import Box, Choice, Simplex
from ..catalogue import Exact, expect_integer, named_instance
from ..instance import Instance

LAW = Simplex("X", to="Y")
"""A law of the response for each prompt."""
PROMPTS = Simplex(to="X")
"""The law of the prompt."""
BETA = Choice(of=("1/4", 1, 3))
"""The strength of the KL penalty."""
WEIGHTS = Box("X", "Y", lower="1/8", upper=8)
"""e^(r/beta), so that policies of the form ref e^(r/beta) / Z are rational."""


def fill_support(rows: np.ndarray) -> np.ndarray:
    """Rows with every 0 replaced by a small number and normalised, so that each outcome has positive probability."""
    rows = np.where(rows == 0, rational("1/1024") if is_exact(rows) else 1 / 1024, rows)
    return rows / rows.sum(axis=-1)[..., None]


def confine_policy(x):
    """The draw, with its policy restricted to the support of the reference (already so for a user's own problem)."""
    if not hasattr(x, "reference"):
        return x
    return type(x)(**{**vars(x), "policy": LAW.restrict(x.policy, x.reference != 0)})


def hide_response(x):
    """The drawn data, restricted to the responses other than the hidden one of each prompt."""
    return LAW.restrict(x.data, np.arange(x.sizes["Y"]) != bare(x.hidden)[:, None])


def widest_range(weights: np.ndarray):
    """e^(R/beta), R the widest range of the reward over the responses to a prompt."""
    return (weights.max(axis=1) / weights.min(axis=1)).max()


@named_instance
def rare_third(
    k: int | None = 4,
    weights: Sequence[Exact] = (1, 1, 1),
    data: Sequence[Exact] | None = None,
    beta: Exact = 1,
) -> Instance:
    """Three responses, the last of which has probability 2^-k under the reference.

    Where the data never show the third response, a policy of pair error 0 may give it any mass: no function of the pair
    error bounds the suboptimality, and C_glo = 2^k. The policies of rewards of bounded range have bounded coverage, so
    that two-stage RLHF over such rewards does not fail.

    Args:
        k: exponent of the third response's probability, which is 0 if k is None.
        weights: e^(r/beta) of the three responses.
        data: law of the compared responses; the reference if left out.
        beta: strength of the KL penalty.

    Returns: `problem` and `k`.
    Source: adapted from Song, Swamy, Singh, Bagnell and Sun, 2024.

    >>> rare_third(3).problem.reference
    array([[7/16, 7/16, 1/8]], dtype=object)
    """
    if k is not None:
        expect_integer("k", k, 0)
    small = rational(0) if k is None else rational(1) / 2**k
    reference, shown = objects([[(1 - small) / 2, (1 - small) / 2, small]]), None if data is None else objects([data])
    return Instance(problem=PreferenceProblem(reference, weights=objects([weights]), data=shown, beta=beta), k=k or 0)
