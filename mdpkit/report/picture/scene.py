"""Scenes: a problem with policies and values, checked for consistency."""

from functools import cached_property

import numpy as np

from ...base.arrays import floats
from ...base.errors import InvalidModel
from ...base.interval import Interval
from ...model import MarkovGame, MomentProblem, PreferenceProblem, SafetyProblem
from ...model.margin import MarginProblem
from ...model.mdp import stepwise
from ..witness.words import plain, symbol


class Scene:
    """The arguments of `draw` at one step.

    Raises: InvalidModel for a policy or a value whose shape does not fit the problem.
    """

    def __init__(self, problem, policy, value, step):
        self.problem, self.step = problem, step
        self.policies = _by_name(policy)
        self.S, self.A = _sizes(problem)
        for name, each in self.policies.items():
            _check_shape(f"the table of {name}", np.shape(each.table), (self.S, self.A), self.steps)
        self.value = value if value is None or isinstance(value, Interval) else np.asarray(value)
        if value is not None:
            if self.S is None or isinstance(problem, PreferenceProblem):
                raise InvalidModel(f"a {type(problem).__name__} has no values of states; expected value=None")
            _check_shape("value", self.value.shape, (self.S,), None if self.steps is None else self.steps + 1)

    @property
    def steps(self):
        """H of a finite horizon, else None."""
        return getattr(getattr(self.problem, "horizon", None), "H", None)

    @cached_property
    def policy(self):
        """The single policy, or None.

        Raises: InvalidModel if there are several.
        """
        if len(self.policies) > 1:
            raise InvalidModel(f"{len(self.policies)} policies are given; expected one in a picture of this kind")
        return next(iter(self.policies.values()), None)

    @cached_property
    def table(self):
        """`[s,a]` of the single policy at the step, or None."""
        return None if self.policy is None else self._now(floats(self.policy.table), 2)

    @cached_property
    def values(self):
        """`[s]` at the step as floats, or None."""
        if self.value is None:
            return None
        return self._now(np.asarray(self.value.mid if isinstance(self.value, Interval) else floats(self.value)), 1)

    @property
    def answers(self) -> bool:
        """Whether the values are boolean."""
        return getattr(getattr(self.value, "dtype", None), "kind", "") == "b"

    @property
    def meaning(self) -> str:
        """Meaning of a true value."""
        return "inevitable" if isinstance(self.problem, SafetyProblem) else "yes"

    def _now(self, array, still):
        rows = stepwise(array, still)
        if not 0 <= self.step < max(len(rows), self.steps or 1):
            raise InvalidModel(f"step is {self.step}; expected 0 to {max(len(rows), self.steps or 1) - 1}")
        return rows[self.step % len(rows)]

    # ---- states
    @cached_property
    def failure(self):
        """`[s]`, True on failure states or negative margin."""
        if isinstance(self.problem, MarginProblem):
            return np.asarray(self.problem.margin < 0, dtype=bool)
        return self.problem.failure if isinstance(self.problem, SafetyProblem) else np.zeros(self.S, dtype=bool)

    @cached_property
    def starts(self):
        """`[s]`, True on initial states; nowhere if all states are initial."""
        rho = getattr(self.problem, "rho", None)
        first = np.zeros(self.S, dtype=bool) if rho is None else np.asarray(rho > 0)
        return first & ~first.all()

    @cached_property
    def ends(self):
        """`[s]`, True on absorbing states with reward 0."""
        problem, states = self.problem, np.arange(self.S)
        if isinstance(problem, MarginProblem):
            return problem.ends.all(axis=1)
        if isinstance(problem, SafetyProblem):
            stays = problem.successors == states[:, None] if problem.P is None else problem.P[states, :, states] == 1
            return np.asarray(stays).all(axis=1)
        if getattr(problem, "sparse", False):
            stays = np.asarray(problem.P[np.arange(self.S * self.A), np.repeat(states, self.A)]).reshape(self.S, self.A)
        else:
            stays = np.asarray(stepwise(problem.P, 3)[:, states, :, states] == 1).all(axis=1)
        unpaid = np.asarray(problem.r == 0).reshape(-1, self.S, self.A).all(axis=0)
        return (((stays == 1) & unpaid) | ~self.available).all(axis=1)

    @property
    def available(self):
        """`[s,a]`, True where the action exists."""
        return getattr(self.problem, "available", np.ones((self.S, self.A), dtype=bool))

    def mean_next(self, points):
        """`[s,2]`: expected next point under the policy."""
        problem = self.problem
        if isinstance(problem, SafetyProblem) and problem.P is None:
            return (self.table[:, :, None] * points[problem.successors]).sum(axis=1)
        if getattr(problem, "sparse", False):
            after = (problem.P @ points).reshape(self.S, self.A, 2)
        else:
            after = self._now(floats(problem.P), 3) @ points
        if isinstance(problem, MarginProblem):  # an action that ends the problem goes nowhere
            after = np.where(problem.ends[..., None], points[:, None, :], after)
        return (self.table[:, :, None] * after).sum(axis=1)

    # ---- words
    def state(self, s):
        names = getattr(self.problem, "state_names", None)
        return plain(names[s]) if names else symbol("x" if isinstance(self.problem, PreferenceProblem) else "s", s)

    def action(self, a):
        names = getattr(self.problem, "action_names", None)
        return plain(names[a]) if names else symbol("y" if isinstance(self.problem, PreferenceProblem) else "a", a)

    # ---- laws of three outcomes
    def laws(self, state):
        """Action distributions `[k,3]` of every policy by name, in one state or in all; of a game, per player."""
        if state is not None and not 0 <= state < self.S:
            raise InvalidModel(f"state is {state}; expected 0 to {self.S - 1}")
        found, reference = {}, isinstance(self.problem, PreferenceProblem) and self.policies
        tables = {"reference": floats(self.problem.reference)} if reference else {}
        tables |= {name: self._now(floats(each.table), 2) for name, each in self.policies.items()}
        for name, table in tables.items():
            for player, law in self._shares(name, table).items():
                found[player] = law if state is None else law[[state]]
        return found

    def _shares(self, name, table):
        if not isinstance(self.problem, MarkovGame):
            return {name: table}
        counts = self.problem.actions
        joint = table.reshape(self.S, *counts)
        others = [tuple(k + 1 for k in range(len(counts)) if k != i) for i in range(len(counts))]
        return {f"{name}, player {i}": joint.sum(axis=axes) for i, axes in enumerate(others)}

    def outcomes(self):
        """Names of the three actions.

        Raises: InvalidModel unless there are three.
        """
        counts = set(self.problem.actions) if isinstance(self.problem, MarkovGame) else {self.A}
        if counts != {3}:
            raise InvalidModel(
                f"kind='simplex' draws laws of three actions; the problem has {' or '.join(map(str, sorted(counts)))}"
            )
        return [self.action(a) for a in range(3)]


def _by_name(policy):
    if policy is None:
        return {}
    policies = dict(policy) if hasattr(policy, "items") else {"policy": policy}
    for name, each in policies.items():
        if not hasattr(each, "table"):
            raise InvalidModel(
                f"{name} is {type(each).__name__}; expected a record with a table, or several of them by name"
            )
    return policies


def _sizes(problem):
    if isinstance(problem, PreferenceProblem):
        return problem.X, problem.Y
    if isinstance(problem, MarkovGame):
        return problem.S, problem.J
    return (None, None) if isinstance(problem, MomentProblem) else (problem.S, problem.A)


def _check_shape(name, shape, expected, steps):
    if shape != expected and (len(shape) != len(expected) + 1 or shape[1:] != expected or shape[0] != steps):
        also = f" or {(steps, *expected)}" if steps else ""
        raise InvalidModel(f"{name} has shape {shape}; expected {expected}{also}")
