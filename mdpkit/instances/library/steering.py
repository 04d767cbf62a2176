"""Steering problems: plans of a frozen policy, what a verifier ranks them by, and short episodes."""

import numpy as np

from ...base.arrays import objects
from ...base.decision import Decisions
from ...base.errors import InvalidModel
from ...model import MDP, Finite, TabularPolicy
from ..catalogue import expect_integer, named_instance
from ..instance import Instance


def rank(values) -> np.ndarray:
    """Ranks of the values along the last axis, the highest last; of equal values the later one ranks higher.

    Args: values: an Interval, or an array while proposing; overlapping enclosures of floats count as equal.
    """
    mine, other = values[..., :, None], values[..., None, :]
    above, below = mine > other, mine < other
    if isinstance(above, Decisions):
        above, below = above.yes, below.yes
    above, below = above.astype(int), below.astype(int)
    earlier = np.tril(np.ones((values.shape[-1],) * 2, dtype=int), -1)
    return (above + (1 - above - below) * earlier).sum(axis=-1)


def draw_laws(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Positive rational distributions along the last axis."""
    weights = rng.integers(1, 7, shape)
    return objects(weights) / objects(weights.sum(axis=-1))[..., None]


@named_instance
def crossed_predictions(e: str = "1/10", n: int = 2) -> Instance:
    """Two plans whose predictions err by e in opposite directions, so that the verifier prefers the worse one.

    The first plan succeeds with probability 1/2 + e, the second with 1/2 - e; the model predicts 1/2 for both, and the
    tie goes to the second. If both are drawn, 2 e is lost: twice the model's total variation.

    Args: e: total variation between prediction and truth, at most 1/2. n: number of plans drawn.

    Returns: `base[x,m]`, the laws of outcomes `truth[m,o]` and `model[m,o]`, `values[o]`, `n`.
    Source: adapted from Wu, Tian, Swamy and Bajcsy, 2025.

    >>> crossed_predictions().truth.table[0]
    array([3/5, 2/5], dtype=object)
    """
    expect_integer("n", n, 1)
    half = objects(["1/2", "1/2"])
    lean = objects([e, f"-{e}"])
    return Instance(
        base=TabularPolicy(half[None]),
        truth=TabularPolicy(np.stack([half + lean, half - lean])),
        model=TabularPolicy(np.stack([half, half])),
        values=objects([1, 0]),
        n=n,
    )


@named_instance
def narrow_lock(H: int = 2, p: str = "1/10") -> Instance:
    """A lock whose every step opens with probability p under the frozen policy; one wrong action keeps it closed.

    Args: H: number of steps. p: probability of the right action.

    Returns: `mdp`, whose return is 1 if the lock opens, `base`, and `scores[s]` of the open state.
    Source: adapted from Wu, Tian, Swamy and Bajcsy, 2025.

    >>> narrow_lock().base.table[0]
    array([1/10, 9/10], dtype=object)
    """
    expect_integer("H", H, 1)
    P = objects([[[1, 0], [0, 1]], [[0, 1], [0, 1]]])
    r = objects(np.zeros((H, 2, 2), dtype=int))
    r[-1, 0, 0] = objects(1)[()]
    (p,) = objects([p])
    base = TabularPolicy(objects([[p, 1 - p]] * 2))
    return Instance(mdp=MDP(P, r, objects([1, 0]), horizon=Finite(H)), base=base, scores=objects([1, 0]))


@named_instance
def skill_lock() -> Instance:
    """A lock of two steps that opens by the first action and then the second, and two skills that take one action each.

    No skill opens it. If a skill is drawn for each step, it opens with probability 1/4.

    Returns: `mdp`, whose return is 1 if the lock opens, `members[m,s,a]`, the two skills, and `scores[s]`.
    Source: adapted from Wu, Tian, Swamy and Bajcsy, 2025.

    >>> skill_lock().members[:, 0]
    array([[1, 0],
           [0, 1]], dtype=object)
    """
    P = objects([[[0, 1, 0, 0], [0, 0, 1, 0]], [[0, 0, 1, 0], [0, 0, 0, 1]], [[0, 0, 1, 0]] * 2, [[0, 0, 0, 1]] * 2])
    r = objects(np.zeros((2, 4, 2), dtype=int))
    r[1, 1, 1] = objects(1)[()]
    mdp = MDP(P, r, objects([1, 0, 0, 0]), horizon=Finite(2))
    return Instance(mdp=mdp, members=objects([[[1, 0]] * 4, [[0, 1]] * 4]), scores=objects([0, 1, 0, 2]))


@named_instance
def late_errors(e: str = "1/20", n: int = 16) -> Instance:
    """Two steps that are both predicted with an error of e, in favour of the second of two plans, which is worse.

    State 0 leads to 1 or 2 by the first action, to 3 or 4 by the second, and these to 5 (won) or 6. In 1..4 action 0,
    of probability 1/4, wins: steering at every step wins almost surely, so that the values after one step are nearly
    constant. A plan of two steps goes on by the frozen policy, which wins rarely in 2 and 4.

    Args: e: total variation between prediction and truth, above 0 and at most 1/10. n: number of plans drawn.

    Returns: `mdp`, `predicted`, `base`, `scores[s]` of the last state, `n`.
    Source: adapted from Wu, Tian, Swamy and Bajcsy, 2025.

    >>> late_errors().mdp
    MDP(S=7, A=2, Finite(H=2), rational, 20 transitions)
    """
    expect_integer("n", n, 1)
    (e,) = objects([e])
    if not 0 < e <= objects(["1/10"])[0]:
        raise InvalidModel(f"e is {e}; expected a number above 0 and at most 1/10")

    def build(lean):
        """The kernel of which every step leans towards the first plan."""
        half, likely = objects(["1/2", "4/5"])
        first, second = [0, half + lean, half - lean, 0, 0, 0, 0], [0, 0, 0, half - lean, half + lean, 0, 0]
        sure, chances = [0] * 5 + [1, 0], (likely + lean, e + lean, likely - lean, e - lean)
        return objects([[first, second], *[[sure, [0] * 5 + [p, 1 - p]] for p in chances], [sure, sure], [sure, sure]])

    scores = objects([1, 1, 1, 1, 1, 1, 0])
    P = build(e * 9 / 10)
    r = objects(np.zeros((2, 7, 2), dtype=int))
    r[-1] = P @ scores
    mdp = MDP(P, r, objects([1] + [0] * 6), horizon=Finite(2))
    return Instance(
        mdp=mdp,
        predicted=MDP(build(-e / 10), r, mdp.rho, horizon=Finite(2)),
        base=TabularPolicy(objects([["1/4", "3/4"]] * 7)),
        scores=scores,
        n=n,
    )
