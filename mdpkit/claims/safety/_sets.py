"""Sets of states as 0/1 arrays, for the claims on tubes."""

import numpy as np

from ...base.arrays import bare
from ...instances.blocks import Choice
from ...model import SafetyProblem

GRAPH = dict(successors=Choice("S", "A", of="S"), failure=Choice("S", of=(0, 0, 0, 1)))


def drawn(x):
    """The problem of a draw of GRAPH."""
    return SafetyProblem(x.failure == 1, x.successors)


def flagging(inside, problem):
    """The dynamics of `problem` with the 1s of `inside` as failure."""
    return SafetyProblem(bare(getattr(inside, "lower", inside) == 1, bool), problem.successors)


def corridor(S):
    """Every state leads to the next, the last one is failure: there is one action, and every state is doomed."""
    return SafetyProblem(np.arange(S) == S - 1, np.minimum(np.arange(S) + 1, S - 1)[:, None])


def one_step(tube, problem, steps=None):
    """A sabotage: the states that fail within one step in place of the tube."""
    return tube(problem, steps=1)


def same(a, b) -> bool:
    return bool((a == b).all())


def with_a_failure(x):
    """The draw with the last state as a failure."""
    x.failure = np.concatenate([x.failure[:-1], x.like([1])])
    return x


def with_a_doomed_state(x):
    """The draw with the last state a failure, and with all actions of state 0, itself no failure, into failure."""
    x.failure = np.concatenate([x.like([0]), x.failure[1:-1], x.like([1])])
    into = np.where(x.failure[x.successors[:1]] == 1, x.successors[:1], len(x.failure) - 1)
    x.successors = np.concatenate([into, x.successors[1:]])
    return x
