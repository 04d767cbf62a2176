"""Shields: policies whose actions are replaced where they would enter a set of forbidden states."""

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...base.arrays import floats
from ...base.errors import InvalidModel
from ...base.interval import Interval
from ...base.types import record
from ...instances.grid import Grid
from ...measure import viability_kernel
from ...measure.safety.agreement import set_of_states
from ...model.policy import TabularPolicy, inverse, tabular
from ...model.safety import SafetyProblem


@record()
class Shield:
    """The least restrictive filter of a policy: an action is replaced only where it may enter a forbidden state.

    An action is admitted if it surely leads outside the forbidden set. The probability of the other actions goes to the
    first admitted one. Where none is admitted, the policy is left as it is. If `forbidden` contains failure, and every
    state outside it has an admitted action, as for the tube of deterministic dynamics, then a shielded policy that
    starts outside never fails, and no filter that never enters `forbidden` from outside changes the policy less in any
    state outside.

    Args:
        policy: a TabularPolicy, or a policy that can be tabulated.
        problem: a SafetyProblem.
        forbidden: True or 1 on forbidden states, `[s]`, or an Interval of 0 and 1; defaults to the states that cannot
            surely avoid failure for ever, the tube if the dynamics are deterministic.

    Raises: InvalidModel for a set of another shape or a policy of other sizes.
    Source: adapted from Alshiekh, Bloem, Ehlers, Könighofer, Niekum and Topcu, 2018.

    >>> walk = SafetyProblem([False, False, True], [[0, 1], [2, 2], [2, 2]])
    >>> Shield(TabularPolicy([[0.25, 0.75]] * 3), walk).law(np.array([0, 1]), 0)
    array([[1.  , 0.  ],
           [0.25, 0.75]])
    """

    policy: Any
    problem: SafetyProblem
    forbidden: Any = None

    def __post_init__(self) -> None:
        if not isinstance(self.problem, SafetyProblem):
            raise InvalidModel(f"problem is {self.problem!r}; expected a SafetyProblem, or use GridShield")
        given = 1 - viability_kernel(self.problem) if self.forbidden is None else self.forbidden
        inside = set_of_states("forbidden", given, self.problem.S)
        inside.flags.writeable = False
        object.__setattr__(self, "forbidden", inside)
        if hasattr(self.policy, "table"):
            self._expect_sizes(self.policy.table)

    def _expect_sizes(self, table):
        if table.shape[-2:] != (self.problem.S, self.problem.A):
            raise InvalidModel(
                f"the policy has {table.shape[-2]} states and {table.shape[-1]} actions; the safety problem has "
                f"{self.problem.S} and {self.problem.A}"
            )

    @cached_property
    def admitted(self) -> np.ndarray:
        """`[s,a]`, True where the action surely leads outside the forbidden set."""
        first, reached = self.problem.edges
        outside = np.logical_and.reduceat(~self.forbidden[reached], first[:-1])
        return outside.reshape(self.problem.S, self.problem.A)

    def filter(self, table: np.ndarray) -> np.ndarray:
        """Shielded action probabilities of a table `[s,a]` or `[t,s,a]`, in its number kind."""
        self._expect_sizes(table)
        return replace_entering(table, ~self.admitted)

    @cached_property
    def shielded(self) -> TabularPolicy:
        """The shielded policy as a table."""
        policy = self.policy if hasattr(self.policy, "table") else self.policy.to_tabular(self.problem)
        return TabularPolicy(self.filter(policy.table))

    def interventions(self) -> np.ndarray:
        """Probability `[s]` or `[t,s]` that the policy's action is replaced."""
        table = self.policy.table
        admitted = self.admitted | ~self.admitted.any(axis=1, keepdims=True)
        return np.where(admitted, table * 0, table).sum(axis=-1)

    # ---- the protocol of every policy
    def start(self, u: float) -> TabularPolicy:
        """The Markov policy that plays an episode: the shielded one."""
        return self.shielded

    def law(self, obs: ArrayLike, t: ArrayLike) -> np.ndarray:
        """Action probabilities `[...,a]` at states `obs[...]` and steps t."""
        return self.shielded.law(obs, t)

    def sample(self, obs: ArrayLike, t: ArrayLike, u: ArrayLike) -> np.ndarray:
        """Sample actions at states `obs[...]` and steps t by uniform numbers `u[...]`."""
        return self.shielded.sample(obs, t, u)

    def log_prob(self, obs: ArrayLike, t: ArrayLike, action: ArrayLike) -> np.ndarray:
        """log P(action | obs) at step t, in nats."""
        return self.shielded.log_prob(obs, t, action)

    def to_tabular(self, problem: Any) -> TabularPolicy:
        """The shielded policy, checked against a finite problem with the same states and actions."""
        policy = self.policy if hasattr(self.policy, "table") else self.policy.to_tabular(problem)
        return tabular(problem, TabularPolicy(self.filter(policy.table)))

    def __repr__(self):
        return f"Shield({self.policy!r}, {int(self.forbidden.sum())} of {self.problem.S} states forbidden)"


def replace_entering(table: np.ndarray, into: np.ndarray) -> np.ndarray:
    """The table `[s,a]` or `[t,s,a]` with the probability of actions `into[s,a]` moved to the first other one.

    States all of whose actions are `into` are left as they are.
    """
    admitted = ~into
    stuck = ~admitted.any(axis=-1)[:, None]
    kept = np.where(admitted | stuck, table, table * 0)
    first = admitted.argmax(axis=-1)[:, None] == np.arange(into.shape[-1])
    return kept + np.where(first, (table - kept).sum(axis=-1)[..., None], table * 0)


@record()
class GridShield:
    """The least restrictive filter of a policy on the continuous states of a grid.

    A control is admitted if the interpolated value of the next state is at least `threshold`. The probability of the
    other controls goes to the one with the largest value; where none is admitted, all of it does.

    Args:
        policy: a TabularPolicy on the grid's points, averaged over the corners of a state's cell; or an object with
            `law(x, t)`, probabilities `[b,a]` of the grid's controls at states `x[b,i]`.
        grid: a Grid.
        value: largest achievable minimum margin `[s]`, such as `solve(grid.finite).value`; the lower end of an
            Interval counts.
        threshold: smallest admitted value, at least 0 to avoid failure.

    Raises: InvalidModel for a value of another shape.
    Source: adapted from Alshiekh, Bloem, Ehlers, Könighofer, Niekum and Topcu, 2018.

    >>> from mdpkit.instances import grid
    >>> from mdpkit.instances.vehicles import braking_cart
    >>> from mdpkit.solve import solve
    >>> cells = grid(braking_cart(0.03).problem, 101, 3)
    >>> hasty = TabularPolicy(np.tile([1.0, 0.0, 0.0], (cells.S, 1)))
    >>> GridShield(hasty, cells, solve(cells.finite).value).law(np.array([[1.0, 0.0], [0.1, -0.4]]), 0)
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """

    policy: Any
    grid: Grid
    value: Any
    threshold: float = 0.0

    def __post_init__(self) -> None:
        value = floats(self.value.lower if isinstance(self.value, Interval) else self.value)
        if value.shape != (self.grid.S,):
            raise InvalidModel(f"value has shape {value.shape}; expected ({self.grid.S},), one number a grid point")
        object.__setattr__(self, "value", value)

    def ahead(self, x: ArrayLike) -> np.ndarray:
        """Interpolated value `[b,a]` after each control; outside the box the problem's own."""
        x, A, problem = np.asarray(x, dtype=float), self.grid.A, self.grid.problem
        following = problem.step(np.repeat(x, A, axis=0), np.tile(self.grid.controls, (len(x), 1)))
        ahead = np.array(self.grid.read(self.value, following))
        if problem.outside is not None:
            gone = problem.leaves(following)
            ahead[gone] = problem.outside(following[gone])
        return ahead.reshape(len(x), A)

    def law(self, obs: ArrayLike, t: ArrayLike) -> np.ndarray:
        """Probabilities `[b,a]` of the grid's controls at states `obs[b,i]` and steps t."""
        x = np.asarray(obs, dtype=float)
        tabulated = isinstance(self.policy, TabularPolicy)
        law = self.grid.law(self.policy, x) if tabulated else np.asarray(self.policy.law(x, t))
        ahead = self.ahead(x)
        kept = np.where(ahead >= self.threshold, law, 0.0)
        kept[np.arange(len(x)), ahead.argmax(axis=1)] += (law - kept).sum(axis=1)
        return kept

    def start(self, u: float) -> "GridShield":
        """The policy that plays an episode: this one."""
        return self

    def sample(self, obs: ArrayLike, t: ArrayLike, u: ArrayLike) -> np.ndarray:
        """Sample indices of controls at states `obs[b,i]` and steps t by uniform numbers `u[b]`."""
        return inverse(self.law(obs, t), u)

    def log_prob(self, obs: ArrayLike, t: ArrayLike, action: ArrayLike) -> np.ndarray:
        """log P(control | obs) at step t, in nats; -inf for a control of probability 0."""
        with np.errstate(divide="ignore"):
            return np.log(np.take_along_axis(self.law(obs, t), np.asarray(action)[:, None], axis=1)[:, 0])

    def to_tabular(self, problem: Any) -> TabularPolicy:
        """The shielded policy at the points of the grid, checked against its finite problem."""
        return tabular(problem, TabularPolicy(self.law(self.grid.points, 0)))

    def control(self, obs: ArrayLike, t: ArrayLike, u: ArrayLike) -> np.ndarray:
        """Sample controls `[b,j]` at states `obs[b,i]`."""
        return self.grid.controls[self.sample(obs, t, u)]

    def __repr__(self):
        return f"GridShield({self.policy!r}, {self.grid!r})"
