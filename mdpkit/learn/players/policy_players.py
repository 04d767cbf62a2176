"""Players of policies against a reward: `next(access, reward, policy, states, rng)` is the policy after `policy` met `reward`."""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from ...base.arrays import floats, nearest
from ...base.interval import Interval
from ...measure import action_value
from ...model.policy import TabularPolicy
from ...solve import solve
from .._tabular import exists
from ..imitation.psdp import expect_probes, psdp
from .no_regret import expect_number, fraction, tilted


class PolicyPlayer(Protocol):
    """Answers rewards with policies.

    Attributes: needs: the kinds of access that it uses.
    """

    needs: tuple[str, ...]

    def next(self, access, reward, policy, states, rng) -> TabularPolicy:
        """The next policy.

        Args: reward: `[(t,)s,a]`, met last. policy: played last. states: the expert's visits `[t,s]`, or `[s]`.
        """


@dataclass(frozen=True)
class Planning:
    """The best response: an optimal policy for the reward, by `solve`. Its regret is at most 0 where it moves second."""

    needs: ClassVar = ("model",)

    def next(self, access, reward, policy, states, rng):
        return solve(access.model(reward)).policy


@dataclass(frozen=True)
class NaturalGradient:
    """Multiplicative weights at every state: the last policy times e^(rate x its action value), a step of natural gradient.

    Args: rate: for an action value of 1.

    No regret in either order, but for what rounding probabilities to multiples of 2^-24 costs.
    Source: Kakade, 2001; as a no-regret player adapted from Even-Dar, Kakade and Mansour, 2009.
    """

    rate: object = 1

    needs: ClassVar = ("model",)

    def __post_init__(self):
        expect_number("rate", self.rate)

    def next(self, access, reward, policy, states, rng):
        known = action_value(access.model(reward), policy)
        Q = known.mid if isinstance(known, Interval) else known
        with np.errstate(divide="ignore"):
            exponents = np.log(floats(policy.table)) + nearest(fraction(self.rate)) * Q
        return TabularPolicy(tilted(exists(access.setting), exponents, policy.table))


@dataclass(frozen=True, eq=False)
class ExpertResets:
    """PSDP with resets to the expert's states: never worse than the expert on a reward, where values are exact and rules not confined.

    Args: probes, elsewhere, rules: as for PSDP; without `probes` the values are computed from the model.
    Source: adapted from Swamy, Wu, Choudhury, Bagnell and Wu, 2023.
    """

    probes: int | None = None
    elsewhere: TabularPolicy | None = None
    rules: np.ndarray | None = None

    def __post_init__(self):
        expect_probes(self.probes)

    @property
    def needs(self):
        return ("model",) if self.probes is None else ("resets",)

    def next(self, access, reward, policy, states, rng):
        return psdp(access, reward, states, probes=self.probes, elsewhere=self.elsewhere, rules=self.rules, rng=rng)
