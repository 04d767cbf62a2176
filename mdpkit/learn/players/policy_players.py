"""Policy players, which respond to rewards with policies.

`next(access, reward, policy, states, rng)` returns the policy to play after `policy` was paired with `reward`.
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from ...base.arrays import floats, nearest
from ...base.interval import Interval
from ...base.types import Number
from ...measure import action_value
from ...model.access import Access
from ...model.policy import TabularPolicy
from ...solve import solve
from .._tabular import exists
from ..imitation.psdp import expect_probes, psdp
from .no_regret import expect_number, fraction, tilt


class PolicyPlayer(Protocol):
    """Interface of players that respond to rewards with policies.

    Attributes: needs: the kinds of access that it uses.
    """

    needs: tuple[str, ...]

    def next(
        self,
        access: Access,
        reward: np.ndarray,
        policy: TabularPolicy,
        states: np.ndarray,
        rng: np.random.Generator | None,
    ) -> TabularPolicy:
        """The next policy.

        Args: reward: the last reward, `[(t,)s,a]`. policy: the last policy.
            states: the expert's state occupancy, `[t,s]` or `[s]`.
        """


@dataclass(frozen=True)
class Planning:
    """Best response: an optimal policy for the reward, by `solve`. Its regret is nonpositive if it moves second."""

    needs: ClassVar = ("model",)

    def next(
        self,
        access: Access,
        reward: np.ndarray,
        policy: TabularPolicy,
        states: np.ndarray,
        rng: np.random.Generator | None,
    ) -> TabularPolicy:
        return solve(access.model(reward)).policy


@dataclass(frozen=True)
class NaturalGradient:
    """Natural policy gradient: multiply the last policy by e^(rate * its action value) at every state, and normalise.

    Args: rate: step size.

    No-regret in either order, up to the error of rounding probabilities to multiples of 2^-24.
    Source: Kakade, 2001; as a no-regret player adapted from Even-Dar, Kakade and Mansour, 2009.
    """

    rate: Number = 1

    needs: ClassVar = ("model",)

    def __post_init__(self) -> None:
        expect_number("rate", self.rate)

    def next(
        self,
        access: Access,
        reward: np.ndarray,
        policy: TabularPolicy,
        states: np.ndarray,
        rng: np.random.Generator | None,
    ) -> TabularPolicy:
        known = action_value(access.model(reward), policy)
        Q = known.mid if isinstance(known, Interval) else known
        with np.errstate(divide="ignore"):
            exponents = np.log(floats(policy.table)) + nearest(fraction(self.rate)) * Q
        return TabularPolicy(tilt(exists(access.setting), exponents, policy.table))


@dataclass(frozen=True, eq=False)
class ExpertResets:
    """PSDP with resets to the expert's states.

    With exact values and unrestricted rules it is at least as good as the expert on the reward.

    Args: probes, elsewhere, rules: as for PSDP; without `probes` the values are computed from the model.
    Source: adapted from Swamy, Wu, Choudhury, Bagnell and Wu, 2023.
    """

    probes: int | None = None
    elsewhere: TabularPolicy | None = None
    rules: np.ndarray | None = None

    def __post_init__(self) -> None:
        expect_probes(self.probes)

    @property
    def needs(self) -> tuple[str, ...]:
        return ("model",) if self.probes is None else ("resets",)

    def next(
        self,
        access: Access,
        reward: np.ndarray,
        policy: TabularPolicy,
        states: np.ndarray,
        rng: np.random.Generator | None,
    ) -> TabularPolicy:
        return psdp(access, reward, states, probes=self.probes, elsewhere=self.elsewhere, rules=self.rules, rng=rng)
