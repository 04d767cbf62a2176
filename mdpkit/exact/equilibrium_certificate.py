"""Certificates of equilibria of finite-horizon games, checked in exact arithmetic."""

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from flint import fmpq

from ..base.arrays import exactly, floats, nearest, zeros
from ..base.errors import CertificateRejected, InvalidModel
from ..model.game import JointPolicy, MarkovGame
from ..model.mdp import stepwise
from .stage import CONCEPTS, deviation_gains, groups_of_rows, values_alone

ZERO = fmpq(0)
CERTIFIED = (*CONCEPTS, "nash")
"""Concepts of equilibrium that are certified."""


@dataclass(frozen=True, eq=False)
class EquilibriumCertificate:
    """Certificate that no player gains more than a given amount by deviating, from any step and state on.

    Args:
        game: a game over a finite horizon; floats represent their exact values, with laws divided by their sums.
        policy: the mediator.
        concept: deviations: "swap" (correlated equilibrium), "trigger" (extensive-form-like), "coarse" (coarse
            correlated), or "nash" (coarse, for a mediator that draws the players' actions independently).
        slack: rational bound on the gain; 0 for an exact equilibrium.

    Games with missing actions are not certified: `verify` rejects them.

    By the one-shot principle the largest gain over the rest of the game is at most the sum over later steps of the
    largest gain of a single disobedience: this sum is compared with the slack.
    Raises: InvalidModel for another concept.
    Source: adapted from Blackwell, 1965.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import Finite
    >>> pennies = objects([[[1, -1, -1, 1]], [[-1, 1, 1, -1]]])
    >>> game = MarkovGame(objects([[[1]] * 4]), pennies, horizon=Finite(1), actions=(2, 2))
    >>> EquilibriumCertificate(game, JointPolicy(objects([["1/4"] * 4])), "nash").verify()
    >>> EquilibriumCertificate(game, JointPolicy(objects([["1/2", 0, 0, "1/2"]])), "swap").verify()
    Traceback (most recent call last):
    mdpkit.base.errors.CertificateRejected: step 0, state 0: deviations gain 2 from there on; the slack is 0
    """

    game: MarkovGame
    policy: JointPolicy
    concept: str
    slack: fmpq = ZERO

    def __post_init__(self) -> None:
        if self.concept not in CERTIFIED:
            raise InvalidModel(f"concept={self.concept!r}; expected one of {', '.join(CERTIFIED)}")

    @cached_property
    def regret(self) -> np.ndarray:
        """Bound on the gain from deviating, from every step and state on, as rationals `[t,s]`."""
        return self._walk()[1]

    @cached_property
    def value(self) -> np.ndarray:
        """Values of the policy as rationals `[i,t,s]`, t = 0..H."""
        return self._walk()[0]

    def verify(self) -> None:
        """Check the certificate in rational arithmetic. Raises: CertificateRejected with the step and state."""
        if self.concept == "nash":
            self._check_independence()
        over = np.argwhere(self.regret > self.slack)
        if len(over):
            t, s = over[-1]  # the last step comes first
            raise CertificateRejected(
                f"step {t}, state {s}: deviations gain {_short(self.regret[t, s])} from there on; "
                f"the slack is {_short(self.slack)}"
            )

    @cached_property
    def _laws(self):
        if self.game.mask is not None:
            raise CertificateRejected("the game has a mask; certificates hold for games without missing actions")
        table = exactly(stepwise(self.policy.table, 2))
        if table.shape[1:] != (self.game.S, self.game.J) or len(table) not in (1, self.game.horizon.H):
            raise CertificateRejected(
                f"the policy has shape {self.policy.table.shape}; expected one entry for each state and joint action"
            )
        if (table < 0).any():
            raise CertificateRejected("the policy has a negative probability")
        return table / table.sum(axis=-1)[..., None]

    def _walk(self):
        game = self.game if self.game.exact else self.game.to_exact()
        P, r, H, table = stepwise(game.P, 3), stepwise(game.r, 3), game.horizon.H, self._laws
        concept = "coarse" if self.concept == "nash" else self.concept
        groups, count = groups_of_rows(game.actions, concept)
        V, C = (zeros((game.players, H + 1, game.S), r) for _ in range(2))
        gain = zeros((H + 1, game.S), r)
        for t in range(H - 1, -1, -1):
            rest = gain[t + 1].max()
            for s in range(game.S):
                sigma, law, reward = table[t % len(table), s], P[t % len(P), s].T, r[t % len(r), :, s]
                obey, alone = reward + V[:, t + 1] @ law, reward + C[:, t + 1] @ law
                rows = deviation_gains(obey, alone if concept == "trigger" else obey, game.actions, concept) @ sigma
                best = zeros(count, r)
                for group, row in zip(groups, rows, strict=True):
                    best[group] = max(best[group], row)
                V[:, t, s], C[:, t, s] = obey @ sigma, values_alone(sigma, alone, game.actions)
                gain[t, s] = self._by_player(best, game.actions, concept) + rest
        return V, gain[:-1]

    def _by_player(self, best, actions, concept):
        """The largest total gain of a player."""
        sizes = [1 if concept == "coarse" else action for action in actions]
        ends = np.cumsum([0, *sizes])
        return max(sum(best[a:b], fmpq(0)) for a, b in pairwise(ends))

    def _check_independence(self):
        for t, step in enumerate(self._laws):
            for s, sigma in enumerate(step):
                joint = sigma.reshape(self.game.actions)
                product = np.ones((), dtype=object) * fmpq(1)
                for i in range(self.game.players):
                    own = joint.sum(axis=tuple(k for k in range(joint.ndim) if k != i))
                    product = np.multiply.outer(product, own)
                apart = np.abs(product - joint).max()
                if apart > (0 if self.game.exact else fmpq(1, 2**40)):
                    raise CertificateRejected(
                        f"step {t}, state {s}: the actions are correlated, off the product law by {nearest(apart):.1e}"
                    )


def _short(x):
    return str(x) if len(str(x)) <= 24 else f"{floats(np.array(x, dtype=object)):.3e}"
