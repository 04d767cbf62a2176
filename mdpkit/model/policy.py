"""Randomised Markov policies."""

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from ..base.arrays import bare
from ..base.errors import InvalidModel
from ..base.mode import proposing
from ..base.record import Record, any_exact, defect, distributions, numbers
from ..base.tolerance import ROW_SUM


@dataclass(frozen=True, eq=False, repr=False)
class TabularPolicy(Record):
    """A randomised Markov policy.

    Args: table: action probabilities, stationary `table[s,a]` or time-varying `table[t,s,a]`.
    Raises: InvalidModel where a row is no distribution.

    >>> TabularPolicy([[1, 0], [0.5, 0.5]])
    TabularPolicy(S=2, A=2, stationary, float)
    """

    laws = ("table",)
    axes: ClassVar = {"table": "tsa"}

    table: np.ndarray

    def __post_init__(self):
        if proposing():
            return self._set(table=bare(self.table, float))
        table = numbers("table", self.table, any_exact(self.table), ("sa", "tsa"))
        distributions("table", table, ROW_SUM)
        self._set(table=table)

    def sizes(self) -> dict:
        return dict(zip("HSA" if self.table.ndim == 3 else "SA", self.table.shape, strict=True))

    @cached_property
    def defect(self) -> float:
        """How far a float row sums from 1."""
        return defect(self.table)

    def __repr__(self):
        sizes = ", ".join(f"{name}={size}" for name, size in self.sizes().items() if name != "H")
        when = f"{len(self.table)} steps" if self.table.ndim == 3 else "stationary"
        return f"{type(self).__name__}({sizes}, {when}, {'rational' if self.exact else 'float'})"


def policy_table(problem, policy):
    """The policy's `table`, checked to belong to the problem.

    Args: problem: an MDP, whose sizes count. policy: any record with a `table[s,a]` or `table[t,s,a]`.
    Raises: InvalidModel naming the sizes that differ, the kinds that differ, or the missing action that is played.
    """
    table = policy.table
    if proposing():
        return table
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
            raise InvalidModel(f"the policy plays action {where[-1]} in state {where[-2]}, where that action is missing")
    return table
