"""SRPO: self-improving robust preference optimisation, over all policies."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from ...base.arrays import floats
from ...base.types import Number
from ...model.access import Access
from ...model.policy import TabularPolicy
from ._pairs import coefficient, expect_coverage, policy_of, preference_setting


@dataclass(frozen=True, eq=False)
class SRPO:
    """Self-improving robust preference optimisation: regress an improver on comparisons, and a generator on it.

    Args: beta: KL coefficient of both; defaults to the problem's.

    The improver s(z|y) revises a response y. Over all policies its squared loss is minimal where log s/ref (z|y) - log
    s/ref (y|y) = (P(z beats y) - 1/2) / beta on compared pairs; pairs that were never compared count as ties. The
    generator, which is returned, is proportional to ref / Z with Z(y) = sum_z ref(z) e^((P(z beats y) - 1/2) / beta).
    With all pairs compared neither depends on how often they are, for any preference (claim
    `self_improvement_optimum_ignores_the_data_law`). Revising again by s need not improve. The result is float64.
    Raises: InvalidModel if the reference excludes a compared response.
    Source: Choi, Ahmadian, Geist, Pietquin and Azar, 2025.
    """

    beta: Number | None = None

    needs: ClassVar = ("preferences",)

    def __post_init__(self) -> None:
        coefficient("beta", self.beta, 1)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[TabularPolicy, dict[str, Any]]:
        """The generator, and a trace with one row: improver `[x,y,z]`, the probability of z as the revision of y."""
        setting = preference_setting(access)
        data, base = access.comparisons(), floats(setting.reference)
        expect_coverage(data, base)
        gain = (_chances_to_lose(data, base.shape) - 0.5) / coefficient("beta", self.beta, setting.beta)
        highest = gain.max(axis=-1, keepdims=True)
        joint = base[:, None, :] * np.exp(gain - highest)
        Z = joint.sum(axis=-1)
        return policy_of(base, -np.log(Z) - highest[..., 0]), {"improver": [joint / Z[..., None]]}


def _chances_to_lose(data, shape):
    """P(z beats y) `[x,y,z]` as observed; 1/2 for pairs that were never compared."""
    X, Y = shape
    won, seen = np.zeros((X, Y, Y)), np.zeros((X, Y, Y))
    weight, first_won = floats(data.weight), floats(data.won)
    for y, z, share in ((data.second, data.first, first_won), (data.first, data.second, 1 - first_won)):
        np.add.at(won, (data.prompt, y, z), weight * share)
        np.add.at(seen, (data.prompt, y, z), weight)
    return np.where(seen > 0, won / np.where(seen > 0, seen, 1), 0.5)
