"""Certificates of optimal values, checked in exact arithmetic."""

import json
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from flint import fmpq

from ..base.arrays import exactly, nearest
from ..base.errors import CertificateRejected
from ..base.files import write_whole
from ..model.horizon import Finite, Total
from ..model.mdp import MDP, stepwise
from ..model.policy import TabularPolicy


@dataclass(frozen=True, eq=False)
class OptimalityCertificate:
    """Certificate of bounds L <= V* <= U on the optimal value.

    Args:
        problem: the MDP; floats represent their exact values, with each row of P divided by its sum.
        policy: a policy that attains the lower bound.
        below, above: tuples of arrays, float64 or rational, whose exact sums are L and U: `[s]` for Discounted and
            Total, `[t,s]` with t = 0..H for Finite. Sums allow bounds to be given without rounding.

    The conditions are L <= T_pi L and U >= T U in every state, and L <= 0 <= U at the end of a finite horizon. Since
    T_pi and T are monotone, and contractions for Discounted, L <= V_pi <= V* <= U. For Total, U must be at least 0
    where one can stay for ever and collect exactly 0; the policy must surely reach states where it does so, and L must
    be at most 0 there. Iterating the conditions along a proper policy, whose rewards end, gives L <= V_pi <= V* <= U.
    Source: adapted from Puterman, 1994, Theorem 6.2.2.

    >>> from mdpkit.base.arrays import objects
    >>> from mdpkit.model import Discounted
    >>> stay = MDP(objects([[[1]]]), objects([[1]]), horizon=Discounted("1/2"))
    >>> policy = TabularPolicy(objects([[1]]))
    >>> OptimalityCertificate(stay, policy, (objects([2]),), (objects([2]),)).verify()
    >>> OptimalityCertificate(stay, policy, (objects([2]),), (objects(["19/10"]),)).verify()
    Traceback (most recent call last):
    mdpkit.base.errors.CertificateRejected: state 0, action 0: the upper bound 19/10 is below the value 39/20 of one step, by 5.0e-02
    """  # noqa: W505

    problem: MDP
    policy: TabularPolicy
    below: tuple
    above: tuple

    @cached_property
    def lower(self) -> np.ndarray:
        """L as rationals. Raises: CertificateRejected if an entry is not finite."""
        return self._sum("lower", self.below)

    @cached_property
    def upper(self) -> np.ndarray:
        """U as rationals. Raises: CertificateRejected if an entry is not finite."""
        return self._sum("upper", self.above)

    def verify(self) -> None:
        """Check the certificate in rational arithmetic.

        Raises: CertificateRejected with the state at which a condition fails, and by how much.
        """
        L, U, laws, r = self.lower, self.upper, _laws(self.problem), exactly(stepwise(self.problem.r, 2))
        policy, g, steps = self._policy_rows(), self._discount(), range(len(L)) if L.ndim == 2 else [None]
        for t in steps:
            if t is not None and t == len(L) - 1:
                _check_end(L[t], U[t], t)
                continue
            now, following = ((L, U),) * 2 if t is None else ((L[t], U[t]), (L[t + 1], U[t + 1]))
            index = t or 0
            for s, actions in enumerate(laws[index % len(laws)]):
                gains = r[index % len(r), s]
                _check_state(
                    _where(t, s), actions, gains, policy[index % len(policy), s], g, [v[s] for v in now], following
                )

        if isinstance(self.problem.horizon, Total):
            _check_rest(laws[0], r[0], policy[0], L, U)

    def to_json(self) -> str:
        """The problem and the certificate as JSON, every number as "p/q"; read by `mdpkit.exact.recheck`."""
        steps, policy = _laws(self.problem), self._policy_rows()
        horizon = self.problem.horizon
        return json.dumps(
            {
                "format": "mdpkit optimality certificate 1",
                "states": self.problem.S,
                "actions": self.problem.A,
                "horizon": {"H": horizon.H}
                if isinstance(horizon, Finite)
                else {"total": True}
                if isinstance(horizon, Total)
                else {"gamma": str(self._discount())},
                "transitions": [
                    [[law and [[n, str(p)] for n, p in law] for law in state] for state in step] for step in steps
                ],
                "rewards": _text(exactly(stepwise(self.problem.r, 2))),
                "policy": _text(policy),
                "lower": _text(self.lower),
                "upper": _text(self.upper),
            }
        )

    def save(self, path) -> None:
        """Write `to_json()` to a file atomically."""
        write_whole(path, self.to_json())

    def _sum(self, name, parts):
        for part in parts:
            if part.dtype != object and not np.isfinite(part).all():
                where = [int(i) for i in np.argwhere(~np.isfinite(part))[0]]
                raise CertificateRejected(
                    f"the {name} bound is {part[tuple(where)]} at {where}; it must be a finite number"
                )
        total = sum((exactly(part) for part in parts[1:]), start=exactly(parts[0]))
        shape = (self.problem.S,)
        if isinstance(self.problem.horizon, Finite):
            shape = (self.problem.horizon.H + 1, *shape)
        if total.shape != shape:
            raise CertificateRejected(f"the {name} bound has shape {total.shape}; expected {shape}")
        return total

    def _discount(self):
        horizon = self.problem.horizon
        return fmpq(1) if isinstance(horizon, Finite | Total) else exactly(horizon.gamma)[()]

    def _policy_rows(self):
        """The policy's rows with a time axis, normalised."""
        table = exactly(stepwise(self.policy.table, 2))
        if table.shape[1:] != (self.problem.S, self.problem.A):
            raise CertificateRejected(
                f"the policy has shape {self.policy.table.shape}; expected one entry for each state and action"
            )
        return table / table.sum(axis=-1)[..., None]


def _laws(problem):
    """(n, weight) pairs of each row of P, by step (one if stationary), state and action; None for missing actions."""
    available = problem.available
    if problem.sparse:
        P, A = problem.P, problem.A
        data, indices, ends = exactly(P.data), P.indices.tolist(), P.indptr.tolist()
        rows = [list(zip(indices[i:j], data[i:j], strict=True)) for i, j in pairwise(ends)]
        return [[[rows[s * A + a] if available[s, a] else None for a in range(A)] for s in range(problem.S)]]
    return [
        [
            [_pairs(law) if present else None for law, present in zip(*state, strict=True)]
            for state in zip(step, available, strict=True)
        ]
        for step in stepwise(problem.P, 3)
    ]


def _pairs(law):
    reached = np.flatnonzero(law != 0)
    return list(zip(reached.tolist(), exactly(law[reached]), strict=True))


def _expectation(law, values):
    total = weight = fmpq(0)
    for n, p in law:
        total += p * values[n]
        weight += p
    return total / weight


def _check_state(where, actions, gains, played, g, bounds, following):
    """Check the inequalities of one state, the upper before the lower."""
    (low, high), (L, U) = bounds, following
    attained = fmpq(0)
    for a, law in enumerate(actions):
        if law is None:
            if played[a] != 0:
                raise CertificateRejected(f"{where}: the policy plays action {a}, which is missing")
            continue
        step = gains[a] + g * _expectation(law, U)
        if not step <= high:
            raise CertificateRejected(
                f"{where}, action {a}: the upper bound {_short(high)} is below the value {_short(step)} of one step, "
                f"by {nearest(step - high):.1e}"
            )
        if played[a] != 0:
            attained += played[a] * (gains[a] + g * _expectation(law, L))
    if not low <= attained:
        raise CertificateRejected(
            f"{where}: the lower bound {_short(low)} is above the value {_short(attained)} of one step of the policy, "
            f"by {nearest(low - attained):.1e}"
        )


def _check_end(L, U, t):
    for s, (low, high) in enumerate(zip(L, U, strict=True)):
        if not low <= 0 <= high:
            raise CertificateRejected(
                f"{_where(t, s)}: the bounds {_short(low)} and {_short(high)} do not enclose 0, the value of the end"
            )


def _check_rest(laws, r, policy, L, U):
    """Check that the policy surely comes to rest, with L <= 0 there, and that U >= 0 wherever one can rest."""
    pairs = [
        [(a, {n for n, p in law if p != 0}) for a, law in enumerate(actions) if law is not None] for actions in laws
    ]
    played = [[(a, reached) for a, reached in actions if policy[s, a] != 0] for s, actions in enumerate(pairs)]
    for s in sorted(_largest(len(laws), lambda s, X: any(r[s, a] == 0 and reached <= X for a, reached in pairs[s]))):
        if not U[s] >= 0:
            raise CertificateRejected(f"state {s}: the upper bound {_short(U[s])} is negative where one can rest for 0")
    rest = _largest(len(laws), lambda s, X: all(r[s, a] == 0 and reached <= X for a, reached in played[s]))
    for s in sorted(rest):
        if not L[s] <= 0:
            raise CertificateRejected(f"state {s}: the lower bound {_short(L[s])} is positive where the policy rests")
    never = _largest(len(laws), lambda s, X: s not in rest and all(reached <= X for _, reached in played[s]))
    if never:
        raise CertificateRejected(f"state {min(never)}: the policy is not proper, it never comes to rest from there")


def _largest(states, keeps):
    """The largest set X of states such that keeps(s, X) for each of them, for a condition that is monotone in X."""
    inside, left = set(range(states)), {None}
    while left:
        left = {s for s in inside if not keeps(s, inside)}
        inside -= left
    return inside


def _where(t, s):
    return f"state {s}" if t is None else f"step {t}, state {s}"


def _short(x):
    """The rational, or its decimal expansion if it is long."""
    return str(x) if len(str(x)) <= 24 else f"{nearest(x):.12g}"


def _text(array):
    return [_text(part) for part in array] if array.ndim > 1 else [str(x) for x in array]
