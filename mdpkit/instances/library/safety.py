"""Safety problems on graphs: random ones as claims draw them, and corridors to failure."""

import numpy as np

from ...base.arrays import bare, objects
from ...model import SafetyProblem
from ..blocks import Choice
from ..catalogue import expect_integer, named_instance
from ..instance import Instance

GRAPH = dict(successors=Choice("S", "A", of="S"), failure=Choice("S", of=(0, 0, 0, 1)))
"""Blocks of a random graph with random failures."""


def graph_problem(x) -> SafetyProblem:
    """The problem of a draw of GRAPH."""
    return SafetyProblem(x.failure == 1, x.successors)


def with_failure(states, problem: SafetyProblem) -> SafetyProblem:
    """The dynamics of a problem with other failures.

    Args: states: 0/1 array `[s]`, or an Interval of them, such as `measure.tube` returns.
    """
    return SafetyProblem(bare(getattr(states, "lower", states) == 1, bool), problem.successors)


def add_failure(x):
    """The draw with the last state as a failure."""
    return type(x)(**{**vars(x), "failure": np.concatenate([x.failure[:-1], x.like([1])])})


def add_doomed_state(x):
    """The draw with the last state a failure, and with all actions of state 0, itself no failure, into failure."""
    failure = np.concatenate([x.like([0]), x.failure[1:-1], x.like([1])])
    into = np.where(failure[x.successors[:1]] == 1, x.successors[:1], len(failure) - 1)
    return type(x)(**{**vars(x), "failure": failure, "successors": np.concatenate([into, x.successors[1:]])})


@named_instance
def race(steps: int = 2) -> Instance:
    """A race between safety and failure: at each step either comes with probability 1/3, or neither does.

    The probability of avoiding failure is 1/2. Iterating its equation from 1 decreases to 1/2; from 0 it stays at 0,
    which solves the equation too. Failure is possible, not inevitable.

    Args: steps: number of steps to which the avoid probability for ever is compared.

    Returns: `problem`, the action `choice[s]` of a policy, and `steps`.
    Source: adapted from Abate, Prandini, Lygeros and Sastry, 2008.

    >>> race().problem.P[0, 0]
    array([1/3, 1/3, 1/3], dtype=object)
    """
    expect_integer("steps", steps, 0)
    P = objects([[["1/3", "1/3", "1/3"], [0, 0, 1]], [[0, 1, 0], [0, 1, 0]], [[0, 0, 1], [0, 0, 1]]])
    return Instance(problem=SafetyProblem([False, False, True], P=P), choice=np.zeros(3, dtype=int), steps=steps)


@named_instance
def corridor(S: int = 4) -> Instance:
    """A corridor of doomed states that ends in failure.

    Every state leads to the next and the last one is failure: there is one action, and failure is inevitable
    everywhere. A shield on failure needs S - 1 steps of look-ahead, the longest delay that S - 1 doomed states allow,
    and one on the tube none. A discounted safety value with margins L misses its start at depth d iff g^d <= L/(1+L).

    Args: S: number of states, failure included.

    Returns: `problem`.
    Source: adapted from Qadri, Swamy, Francis, Kaess and Bajcsy, 2025.

    >>> corridor(3).problem
    SafetyProblem(S=3, A=1, 1 failure states)
    """
    expect_integer("S", S, 1)
    return Instance(problem=SafetyProblem(np.arange(S) == S - 1, np.minimum(np.arange(S) + 1, S - 1)[:, None]))
