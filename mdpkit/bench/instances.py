"""Seeded models that solvers are timed on, as plain arrays in the layout that all packages can read."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np
import scipy.sparse as sp

from ..model.horizon import Discounted, Finite, Horizon, Total


@dataclass(frozen=True)
class Model:
    """Arrays of a decision process.

    Args:
        P: dense `P[s,a,n]`, or a CSR array with row s*A+a.
        r: reward `r[s,a]`.
        horizon: Discounted, Finite or Total.
    """

    P: Any
    r: np.ndarray
    horizon: Horizon

    @property
    def S(self) -> int:
        return self.r.shape[0]

    @property
    def A(self) -> int:
        return self.r.shape[1]

    @property
    def gamma(self) -> float:
        return float(getattr(self.horizon, "gamma", 1))

    @property
    def entries(self) -> int:
        """Number of stored probabilities."""
        return self.P.nnz if sp.issparse(self.P) else self.P.size

    @cached_property
    def rows(self) -> sp.csr_matrix:
        """The law as a CSR matrix."""
        return sp.csr_matrix(self.P if sp.issparse(self.P) else self.P.reshape(-1, self.S))


def garnet(S: int, A: int, branching: int, gamma: float, seed: int) -> Model:
    """Random sparse rows: uniformly drawn successors, laws uniform on the simplex, rewards uniform in [0, 1].

    Args:
        S, A: numbers of states and actions.
        branching: number of successors drawn for each state and action; equal ones are merged.
        gamma: the discount.
        seed: of the generator.
    """
    rng = np.random.default_rng(seed)
    weights = rng.exponential(size=(S * A, branching))
    weights /= weights.sum(axis=1, keepdims=True)
    successors = rng.integers(0, S, (S * A, branching), dtype=np.int32)
    starts = np.arange(S * A + 1, dtype=np.int32) * branching
    P = sp.csr_array((weights.ravel(), successors.ravel(), starts), shape=(S * A, S))
    P.sum_duplicates()
    return Model(P, rng.random((S, A)), Discounted(gamma))


def moves(side: int, slip: float, absorbing: np.ndarray) -> sp.csr_array:
    """Law of four moves on a square, each slipping to either side with probability slip/2.

    Args:
        side: number of cells along a side.
        slip: probability of slipping.
        absorbing: `absorbing[s]`, cells that are never left.
    """
    S = side * side
    x, y = np.divmod(np.arange(S), side)
    steps = [(1, 0), (0, 1), (-1, 0), (0, -1)]
    reached = np.array([np.clip(x + dx, 0, side - 1) * side + np.clip(y + dy, 0, side - 1) for dx, dy in steps])
    reached = np.where(absorbing, np.arange(S), reached)
    s, a = np.divmod(np.arange(4 * S), 4)
    columns = np.stack([reached[(a + turn) % 4, s] for turn in (0, 1, 3)], axis=1)
    weights = np.tile([1 - slip, slip / 2, slip / 2], 4 * S)
    return sp.csr_array((weights, (np.repeat(np.arange(4 * S), 3), columns.ravel())), shape=(4 * S, S))


def grid(side: int, gamma: float, holes: float, seed: int, slip: float = 1 / 3) -> Model:
    """A square of slippery moves; reward 1 per step in the last corner.

    Args:
        side: number of cells along a side.
        gamma: the discount.
        holes: probability that a cell other than the first and last is absorbing.
        seed: of the holes.
        slip: probability of slipping to either side.
    """
    hole = _holes(side, holes, seed)
    r = np.zeros((side * side, 4))
    r[-1] = 1
    return Model(moves(side, slip, hole), r, Discounted(gamma))


def shortest_path(side: int, seed: int, slip: float = 1 / 3) -> Model:
    """Fewest expected steps to a cell of a slippery square, which the seed draws: reward -1 per step.

    Args:
        side, slip: as for `grid`.
        seed: of the cell.
    """
    goal = int(np.random.default_rng(seed).integers(side * side))
    absorbing = np.arange(side * side) == goal
    r = np.full((side * side, 4), -1.0)
    r[goal] = 0
    return Model(moves(side, slip, absorbing), r, Total())


def _holes(side, share, seed):
    hole = np.random.default_rng(seed).random(side * side) < share
    hole[[0, -1]] = False
    return hole


def dense(S: int, A: int, horizon: Horizon, seed: int) -> Model:
    """Uniform weights, divided by their sums, and rewards uniform in [0, 1].

    Args:
        S, A: numbers of states and actions.
        horizon: Discounted or Finite.
        seed: of the generator.
    """
    rng = np.random.default_rng(seed)
    P = rng.random((S, A, S))
    P /= P.sum(axis=2, keepdims=True)
    return Model(P, rng.random((S, A)), horizon)


def chain(S: int, gamma: float, seed: int) -> Model:
    """Stay, or step right, which slips back half the time; reward 1 per step at the right end.

    Args:
        S: number of states.
        gamma: the discount.
        seed: of nothing, the chain is not random.
    """
    s = np.arange(S)
    rows = np.concatenate([2 * s, 2 * s + 1, 2 * s + 1])
    columns = np.concatenate([s, np.minimum(s + 1, S - 1), np.maximum(s - 1, 0)])
    r = np.zeros((S, 2))
    r[-1] = 1
    P = sp.csr_array((np.repeat([1.0, 0.5, 0.5], S), (rows, columns)), shape=(2 * S, S))
    return Model(P, r, Discounted(gamma))


def nothing_to_do(S: int, A: int, branching: int, gamma: float, seed: int) -> Model:
    """A garnet without rewards, so that V = 0.

    Args:
        S, A, branching, gamma, seed: as for `garnet`.
    """
    return Model(garnet(S, A, branching, gamma, seed).P, np.zeros((S, A)), Discounted(gamma))


def taxi(gamma: float, seed: int) -> Model:
    """Gymnasium's Taxi-v4, 501 states and deterministic moves.

    Args:
        gamma: the discount.
        seed: of nothing, the table is not random.

    Raises: ModuleNotFoundError without gymnasium.
    """
    from ..model import MDP

    problem = MDP.from_gymnasium("Taxi-v4", horizon=Finite(1)).to_float()
    return Model(sp.csr_array(problem.P.reshape(-1, problem.S)), np.array(problem.r), Discounted(gamma))


@dataclass(frozen=True)
class Instance:
    """A family of models to time.

    Args:
        make: the model of a seed.
        tol: largest error allowed, and width of the bounds asked of mdpkit.
        quick: whether `--quick` includes it.
        slow: names of peers that `--quick` leaves out.
    """

    make: Callable[[int], Model]
    tol: float = 1e-8
    quick: bool = True
    slow: tuple[str, ...] = ()


INSTANCES = {
    "ten states": Instance(partial(garnet, 10, 3, 3, 0.99)),
    "taxi gamma .99": Instance(partial(taxi, 0.99)),
    "garnet S=1e3 A=4 b=5 gamma .99": Instance(partial(garnet, 1000, 4, 5, 0.99)),
    "garnet S=1e3 A=4 b=5 gamma .999": Instance(
        partial(garnet, 1000, 4, 5, 0.999), slow=("mdptoolbox", "scipy", "HiGHS")
    ),
    "garnet S=1e4 A=5 b=8 gamma .99": Instance(partial(garnet, 10_000, 5, 8, 0.99)),
    "garnet S=1e5 A=5 b=8 gamma .99": Instance(partial(garnet, 100_000, 5, 8, 0.99), slow=("mdpsolver",)),
    "garnet S=1e6 A=4 b=5 gamma .99": Instance(partial(garnet, 1_000_000, 4, 5, 0.99), quick=False),
    "grid 100 x 100 gamma .99": Instance(partial(grid, 100, 0.99, 0.0), slow=("mdpsolver",)),
    "grid 100 x 100 with holes gamma .99": Instance(partial(grid, 100, 0.99, 0.1)),
    "grid 300 x 300 with holes gamma .999": Instance(partial(grid, 300, 0.999, 0.1), quick=False),
    "nothing to do, S=1e4": Instance(partial(nothing_to_do, 10_000, 5, 8, 0.99)),
    "dense S=1e3 A=10 gamma .99": Instance(partial(dense, 1000, 10, Discounted(0.99)), slow=("mdpsolver",)),
    "chain S=2000 gamma .9999": Instance(partial(chain, 2000, 0.9999), tol=1e-7, slow=("mdpsolver",)),
    "dense S=1e3 A=10 H=50": Instance(partial(dense, 1000, 10, Finite(50))),
    "fewest steps to a cell of 30 x 30": Instance(partial(shortest_path, 30)),
}
"""Name -> family of models."""
