"""Value iteration: processes on which it, or the policy that is greedy for it, is as slow as its bounds allow."""

import numpy as np

from ....base.arrays import objects, rational
from ....base.errors import InvalidModel
from ....model import MDP, Discounted, TabularPolicy
from ...blocks import Box, Choice, Simplex
from ...catalogue import Exact, expect_integer, named_instance
from ...family import Family
from ...instance import Instance

SWEEPS = Family(
    blocks=dict(
        P=Simplex("S", "A", to="S"),
        r=Box("S", "A", lower=-1),
        start=Box("S", lower=-8, upper=8),
        gamma=Choice(of=("1/2", "9/10")),
    ),
    sizes=dict(S=(2, 3), A=(1, 2), K=(1, 2)),
    models=dict(
        mdp=lambda x: MDP(x.P, x.r, horizon=Discounted(x.gamma[()])),
        start=lambda x: x.start,
        sweeps=lambda x: x.sizes["K"],
    ),
)
"""MDPs, first values V_0, and a number K of sweeps of value iteration."""


def greedy_table(P: np.ndarray, r: np.ndarray, gamma, V: np.ndarray, sweeps: int) -> np.ndarray:
    """The indicator `[s,a]` of the first greedy actions for V_k, after k = `sweeps` sweeps from V_0 = `V`.

    Args: P: `[s,a,n]`. r: `[s,a]`. gamma: the discount. V: `[s]`.
    """
    for _ in range(sweeps):
        V = (r + gamma * (P @ V)).max(axis=1)
    Q = r + gamma * (P @ V)
    return (Q.argmax(axis=1)[:, None] == np.arange(Q.shape[1])).astype(int)


@named_instance
def steady_reward(gamma: Exact = "9/10", k: int = 3) -> Instance:
    """One state that pays 1 at every step: from V_0 = 0, the error after k sweeps is gamma^k / (1-gamma).

    Args:
        gamma: the discount.
        k: number of sweeps.

    Returns: `mdp`, `start` (V_0), `sweeps`.
    Source: adapted from Puterman, 1994.

    >>> steady_reward(k=5).sweeps
    5
    """
    expect_integer("k", k, 1)
    mdp = MDP(objects([[[1]]]), objects([[1]]), horizon=Discounted(rational(gamma)))
    return Instance(mdp=mdp, start=objects([0]), sweeps=k)


@named_instance
def repeated_mistake(gamma: Exact = "9/10", k: int = 1, by: str = "error") -> Instance:
    """A state and a corridor of k + 1 states: after k sweeps the greedy policy repeats a costly action at every step.

    All rewards are 0 except that waiting in state 0 costs 2 gamma^(k+1). V_0 is such that waiting and leaving are tied
    after k sweeps, as the value of state 0 is overestimated and that of the corridor underestimated by as much as
    possible. The policy waits, and loses 2 gamma^(k+1) / (1-gamma).

    Args:
        gamma: the discount.
        k: number of sweeps.
        by: "error": V_0 is wrong by 1 in every state. "residual": V_1 and V_0 differ by 1 in every state.

    Returns: `mdp`, `start` (V_0), `sweeps`, and `policy`, which waits.
    Source: adapted from Singh and Yee, 1994; Williams and Baird, 1993.

    >>> repeated_mistake("1/2", k=1).start
    array([-1, 1, -1], dtype=object)
    """
    expect_integer("k", k, 0)
    gamma = rational(gamma)
    if by not in ("error", "residual"):
        raise InvalidModel(f"by is {by!r}; expected 'error' or 'residual'")
    if by == "error":
        start = [-1] * (k + 2)
        start[k] = 1
    else:  # backwards from the end: V_1 - V_0 is 1 at the end, -1 in front of it, and 1 in all other states
        start = [-1 / (1 - gamma)]
        for before in range(k + 1):
            start.insert(0, gamma * start[0] + (1 if before == 0 else -1))
    ahead = np.eye(k + 2, dtype=int)[[*range(1, k + 2), k + 1]]
    P = np.stack([ahead, ahead], axis=1)
    P[0, 1] = np.eye(k + 2, dtype=int)[0]
    r = objects(np.zeros((k + 2, 2), dtype=int))
    r[0, 1] = -2 * gamma ** (k + 1)
    mdp = MDP(objects(P), r, objects([1] + [0] * (k + 1)), horizon=Discounted(gamma))
    waits = objects(np.eye(2, dtype=int)[[1] + [0] * (k + 1)])
    return Instance(mdp=mdp, start=objects(start), sweeps=k, policy=TabularPolicy(waits))


@named_instance
def two_rewards(tau: Exact = 0, gamma: Exact = "9/10", epsilon: Exact = "1/100") -> Instance:
    """Two states that pay 1 and 2; the state changes with probability (1 - tau)/2 a step.

    From V_0 = 0 the difference of two iterates is gamma^(k-1) (3 - tau^(k-1))/2 and gamma^(k-1) (3 + tau^(k-1))/2: its
    norm falls like gamma^k, its span like (gamma tau)^k. With tau = 0 the span is 0 from the second sweep on; with
    tau = 1 both states are absorbing.

    Args:
        tau: the Dobrushin coefficient, between 0 and 1.
        gamma: the discount.
        epsilon: the error at which value iteration stops.

    Returns: `mdp`, `start` (V_0), `sweeps` (3), `epsilon`, and `tau`.
    Source: adapted from Puterman, 1994.

    >>> two_rewards("1/2").mdp.P[:, 0]
    array([[3/4, 1/4],
           [1/4, 3/4]], dtype=object)
    """
    tau = rational(tau)
    if not 0 <= tau <= 1:
        raise InvalidModel(f"tau is {tau}; expected a number between 0 and 1")
    stay, change = (1 + tau) / 2, (1 - tau) / 2
    mdp = MDP(objects([[[stay, change]], [[change, stay]]]), objects([[1], [2]]), horizon=Discounted(rational(gamma)))
    return Instance(mdp=mdp, start=objects([0, 0]), sweeps=3, epsilon=rational(epsilon), tau=tau)
