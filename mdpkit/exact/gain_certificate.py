"""Certificates of optimal gains, checked in exact arithmetic."""

import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flint import fmpq

from ..base.arrays import exactly, nearest
from ..base.errors import CertificateRejected
from ..base.files import write_whole
from ..model.mdp import MDP
from ..model.policy import TabularPolicy
from .certificate import _expectation, _laws, _short, _text


@dataclass(frozen=True, eq=False)
class GainCertificate:
    """Certificate of bounds L <= g* <= U on the optimal gain of every state.

    Args:
        problem: an Average MDP; floats represent their exact values, with each row of P divided by its sum.
        policy: a policy that attains the lower bound.
        below, above: pairs (L, l) and (U, u) of gain and bias. Each is given by a tuple of arrays `[s]`, float64 or
            rational, of which it is the exact sum.

    The conditions are U >= P U and U + u >= r + P u for every state and action, so every policy has gain at most U: its
    limiting matrix P* satisfies P* r <= P* (U + u - P u) = P* U <= U; and L <= P L, L + l <= r + P l for the policy, so
    its gain is at least L. Nothing is assumed about the chain structure.
    Source: adapted from Hordijk and Kallenberg, 1979; Puterman, 1994, section 9.3.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import Average
    >>> stay = MDP(objects([[[1]]]), objects([[1]]), horizon=Average())
    >>> policy, one, zero = TabularPolicy(objects([[1]])), (objects([1]),), (objects([0]),)
    >>> GainCertificate(stay, policy, (one, zero), (one, zero)).verify()
    >>> GainCertificate(stay, policy, (one, zero), (zero, zero)).verify()
    Traceback (most recent call last):
    mdpkit.base.errors.CertificateRejected: state 0, action 0: gain and bias 0 lie below the value 1 of one step, by 1.0e+00
    """  # noqa: W505

    problem: MDP
    policy: TabularPolicy
    below: tuple
    above: tuple

    @cached_property
    def lower(self) -> np.ndarray:
        """L as rationals. Raises: CertificateRejected if an entry is not finite."""
        return self._sum("lower gain", self.below[0])

    @cached_property
    def upper(self) -> np.ndarray:
        """U as rationals. Raises: CertificateRejected if an entry is not finite."""
        return self._sum("upper gain", self.above[0])

    def verify(self) -> None:
        """Check the certificate in rational arithmetic.

        Raises: CertificateRejected with the state at which a condition fails, and by how much.
        """
        L, U, (low, high) = self.lower, self.upper, self._biases()
        r, table = exactly(self.problem.r), self._policy_rows()
        for s, actions in enumerate(_laws(self.problem)[0]):
            kept = earned = fmpq(0)
            for a, law in enumerate(actions):
                if law is None:
                    if table[s, a] != 0:
                        raise CertificateRejected(f"state {s}: the policy plays action {a}, which is missing")
                    continue
                where = f"state {s}, action {a}"
                _at_least(
                    where, "the upper gain {} lies below the gain {} of the next state", U[s], _expectation(law, U)
                )
                _at_least(
                    where,
                    "gain and bias {} lie below the value {} of one step",
                    U[s] + high[s],
                    r[s, a] + _expectation(law, high),
                )
                if table[s, a] != 0:
                    kept += table[s, a] * _expectation(law, L)
                    earned += table[s, a] * (r[s, a] + _expectation(law, low))
            _at_least(f"state {s}", "the policy's next state has the gain {}, below the lower gain {}", kept, L[s])
            _at_least(
                f"state {s}", "one step of the policy has the value {}, below gain and bias {}", earned, L[s] + low[s]
            )

    def to_json(self) -> str:
        """The problem and the certificate as JSON, every number as "p/q"; read by `mdpkit.exact.recheck`."""
        lower_bias, upper_bias = self._biases()
        return json.dumps(
            {
                "format": "mdpkit gain certificate 1",
                "states": self.problem.S,
                "actions": self.problem.A,
                "transitions": [
                    [law and [[n, str(p)] for n, p in law] for law in state] for state in _laws(self.problem)[0]
                ],
                "rewards": _text(exactly(self.problem.r)),
                "policy": _text(self._policy_rows()),
                "lower": {"gain": _text(self.lower), "bias": _text(lower_bias)},
                "upper": {"gain": _text(self.upper), "bias": _text(upper_bias)},
            }
        )

    def save(self, path) -> None:
        """Write `to_json()` to a file atomically."""
        write_whole(path, self.to_json())

    def _biases(self):
        return self._sum("lower bias", self.below[1]), self._sum("upper bias", self.above[1])

    def _sum(self, name, parts):
        for part in parts:
            if part.shape != (self.problem.S,):
                raise CertificateRejected(f"the {name} has shape {part.shape}; expected ({self.problem.S},)")
            if part.dtype != object and not np.isfinite(part).all():
                s = int(np.argmax(~np.isfinite(part)))
                raise CertificateRejected(f"the {name} is {part[s]} in state {s}; it must be a finite number")
        return sum((exactly(part) for part in parts[1:]), start=exactly(parts[0]))

    def _policy_rows(self):
        table = exactly(self.policy.table)
        if table.shape != (self.problem.S, self.problem.A):
            raise CertificateRejected(
                f"the policy has shape {table.shape}; expected one entry for each state and action"
            )
        return table / table.sum(axis=-1)[:, None]


def _at_least(where, words, more, less):
    if not more >= less:
        raise CertificateRejected(f"{where}: {words.format(_short(more), _short(less))}, by {nearest(less - more):.1e}")
