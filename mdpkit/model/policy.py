"""Randomised Markov policies."""

from functools import cached_property
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from ..base.arrays import bare, floats, objects, seal
from ..base.errors import InvalidModel
from ..base.mode import proposing
from ..base.record import Record, any_exact, defect, distributions, numbers
from ..base.tolerance import ROW_SUM
from ..base.types import Array, record


@record(eq=False, repr=False)
class TabularPolicy(Record):
    """A randomised Markov policy.

    Args: table: action probabilities, stationary `table[s,a]` or time-varying `table[t,s,a]`.
    Raises: InvalidModel if a row is not a distribution.

    >>> TabularPolicy([[1, 0], [0.5, 0.5]])
    TabularPolicy(S=2, A=2, stationary, float)
    """

    laws = ("table",)
    axes: ClassVar = {"table": "tsa"}

    table: Array

    def __post_init__(self) -> None:
        if proposing():
            return self._set(table=bare(self.table, float))
        table = numbers("table", self.table, any_exact(self.table), ("sa", "tsa"))
        distributions("table", table, ROW_SUM)
        self._set(table=table)

    @classmethod
    def _of_choices(cls, choice, A, exact) -> "TabularPolicy":
        """The deterministic policy that takes `choice[s]` or `choice[t,s]`, which are actions below A."""
        table = np.zeros((*choice.shape, A), int if exact else float)
        table.reshape(-1, A)[np.arange(choice.size), choice.ravel()] = 1
        policy = object.__new__(cls)
        policy._set(table=objects(table) if exact else seal(table))  # not copied again
        return policy

    def sizes(self) -> dict:
        return dict(zip("HSA" if self.table.ndim == 3 else "SA", self.table.shape, strict=True))

    @cached_property
    def defect(self) -> float:
        """Largest deviation of a float row's sum from 1."""
        return defect(self.table)

    # ---- the protocol of every policy
    def start(self, u: float) -> "TabularPolicy":
        """The Markov policy that plays an episode, selected by a uniform number u in [0, 1): this one."""
        return self

    def law(self, obs: ArrayLike, t: ArrayLike) -> np.ndarray:
        """Action probabilities `[...,a]` as float64 at states `obs[...]` and steps t.

        Raises: InvalidModel if an observation or a step is outside the table.
        """
        return self._rows(self._law, obs, t)

    def rows(self, obs: ArrayLike, t: ArrayLike) -> np.ndarray:
        """The same probabilities in the table's number kind."""
        return self._rows(self.table, obs, t)

    def _rows(self, table, obs, t):
        timed = table.ndim == 3
        try:
            if np.min(obs, initial=0) >= 0 and (not timed or np.min(t, initial=0) >= 0):
                return table[t, obs] if timed else table[obs]
        except IndexError:
            pass
        raise InvalidModel(
            f"{self!r} has no row for observations {np.array2string(np.asarray(obs), threshold=6)} at step {t}"
        )

    def sample(self, obs: ArrayLike, t: ArrayLike, u: ArrayLike) -> np.ndarray:
        """Sample actions at states `obs[...]` and steps t (an integer or `t[...]`) by uniform numbers `u[...]`.

        >>> TabularPolicy([[0.25, 0.75]]).sample(np.array([0, 0]), 0, np.array([0.2, 0.3]))
        array([0, 1])
        """
        return inverse(self.law(obs, t), u)

    def log_prob(self, obs: ArrayLike, t: ArrayLike, action: ArrayLike) -> np.ndarray:
        """log P(action | obs) at step t, in nats; -inf for an action of probability 0."""
        with np.errstate(divide="ignore"):
            return np.log(np.take_along_axis(self.law(obs, t), np.asarray(action)[..., None], axis=-1)[..., 0])

    def to_tabular(self, problem: Any) -> "TabularPolicy":
        """This policy, checked against a finite problem."""
        return tabular(problem, self)

    @cached_property
    def _law(self):
        return floats(self.table)

    def __repr__(self):
        sizes = ", ".join(f"{name}={size}" for name, size in self.sizes().items() if name != "H")
        when = f"{len(self.table)} steps" if self.table.ndim == 3 else "stationary"
        return f"{type(self).__name__}({sizes}, {when}, {'rational' if self.exact else 'float'})"


def inverse(law, u) -> np.ndarray:
    """Inverse transform sampling from `law[...,k]`: the first outcome whose cumulative sum exceeds u.

    An outcome of probability 0 is never sampled, whatever the rounding of the sums.
    """
    sums = np.cumsum(law, axis=-1)
    chosen = (sums <= np.asarray(u)[..., None] * sums[..., -1:]).sum(axis=-1)
    last = law.shape[-1] - 1 - np.argmax(law[..., ::-1] > 0, axis=-1)
    return np.minimum(chosen, last)


@runtime_checkable
class HasToTabular(Protocol):
    """A policy that can be tabulated on a finite problem."""

    def to_tabular(self, problem: Any) -> TabularPolicy: ...


Policy = TabularPolicy | HasToTabular
"""Policies accepted by measures."""


def policy_table(problem, policy):
    """The policy's `table`, checked as in `tabular`."""
    return tabular(problem, policy).table


def tabular(problem, policy):
    """The policy as a record with a `table`, checked against the problem.

    Args:
        problem: an MDP.
        policy: any record with a `table[s,a]` or `table[t,s,a]`, or a policy that makes one by `to_tabular(problem)`.

    Raises: InvalidModel naming the sizes or number kinds that differ, or the missing action that is played.
    """
    policy = policy if hasattr(policy, "table") else policy.to_tabular(problem)
    if proposing():
        return policy
    table = policy.table
    if table.shape[-2:] != (problem.S, problem.A):
        raise InvalidModel(
            f"the policy has {table.shape[-2]} states and {table.shape[-1]} actions; the problem has {problem.S} and {problem.A}"
        )
    steps = getattr(problem.horizon, "H", None)
    if table.ndim == 3 and len(table) != steps:
        raise InvalidModel(f"the policy has {len(table)} steps; the problem has {steps or 'no last step'}")
    if policy.exact != problem.exact:
        kinds = {True: "rational", False: "float"}
        raise InvalidModel(
            f"the policy is {kinds[policy.exact]} and the problem {kinds[problem.exact]}; convert one with .to_exact() or .to_float()"
        )
    if problem.mask is not None:
        played = np.asarray(table > 0) & ~problem.mask
        if played.any():
            where = tuple(int(i) for i in np.argwhere(played)[0])
            raise InvalidModel(
                f"the policy plays action {where[-1]} in state {where[-2]}, where that action is missing"
            )
    return policy
