"""What the processes of a benchmark do; every function takes and returns JSON."""

import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from ..model.horizon import Discounted
from .compare import OURS, PATIENCE, clock, compare, start_ours
from .instances import INSTANCES, Model, garnet
from .peers import PEERS
from .themes import rows_of

UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in a unit of ru_maxrss."""


def compare_one(
    instance: str, seeds: list[int], peers: list[str], repeats: int, quick: bool, patience: float = PATIENCE
) -> dict[str, Any]:
    """The row of one instance.

    Args:
        instance: its name.
        seeds: one model each.
        peers: names of the peers.
        repeats: number of timed calls.
        quick: leave out the instance's slow peers.
        patience: CPU seconds of a first call, as for `compare`.
    """
    chosen = [peer for peer in PEERS if peer.name in peers]
    given = dict(peers=chosen, repeats=repeats, quick=quick, patience=patience)
    return compare(instance, INSTANCES[instance], seeds, **given)


def theme(name: str, quick: bool) -> list[dict[str, Any]]:
    """The rows of a theme's file in tests/bench.

    Args:
        name: of the theme.
        quick: only the rows that the file names in QUICK.
    """
    return rows_of(name, quick)


def first_call(instance: str, seed: int) -> float:
    """CPU seconds of mdpkit's first call in this process.

    Args:
        instance: its name.
        seed: of the model.
    """
    chosen = INSTANCES[instance]
    return clock(start_ours(chosen.make(seed), chosen.tol))[0]


def draw_garnet(folder: str, S: int, A: int, branching: int, seed: int) -> int:
    """Store the arrays of a garnet; returns the number of its probabilities.

    Args:
        folder: where.
        S, A, branching, seed: as for `garnet`.
    """
    model = garnet(S, A, branching, 0.99, seed)
    for name, array in (
        ("data", model.P.data),
        ("indices", model.P.indices),
        ("indptr", model.P.indptr),
        ("r", model.r),
    ):
        np.save(Path(folder) / f"{name}.npy", array)
    return model.entries


def start_of(side: str) -> Callable[[Model, float], Callable[[], Any]]:
    """(model, tol) -> a function that builds a side's model and solves it.

    Args:
        side: "mdpkit", or the name of a peer.
    """
    return start_ours if side == OURS else next(peer.start for peer in PEERS if peer.name == side)


def peak(folder: str, side: str, tol: float = 1e-8) -> dict[str, Any]:
    """Peak memory of this process in bytes after one call on stored arrays, and the call's CPU seconds.

    The peak includes the interpreter, what is imported and the arrays themselves.

    Args:
        folder: of the arrays.
        side: "mdpkit", or the name of a peer.
        tol: width of the bounds.
    """
    data, indices, indptr, r = (
        np.load(Path(folder) / f"{name}.npy", allow_pickle=False) for name in ("data", "indices", "indptr", "r")
    )
    model = Model(sp.csr_array((data, indices, indptr), shape=(r.size, r.shape[0])), r, Discounted(0.99))
    start = start_of(side)
    start(garnet(10, 2, 2, 0.99, 0), tol)()  # compile before the clock starts
    seconds, _ = clock(start(model, tol))
    return {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT, "seconds": seconds}


def garnet_seconds(
    S: int, A: int, branching: int, gamma: float, seed: int, sides: list[str], repeats: int = 3
) -> dict[str, float]:
    """Smallest CPU seconds of each side on one garnet, called in turn.

    Args:
        S, A, branching, gamma, seed: as for `garnet`.
        sides: "mdpkit", or names of peers.
        repeats: number of calls after a first one.
    """
    model = garnet(S, A, branching, gamma, seed)
    calls = {side: start_of(side)(model, 1e-8) for side in sides}
    best = {}
    for k in range(repeats + 1):
        for side, call in calls.items():
            seconds = clock(call)[0]
            best[side] = min(seconds, best[side]) if k > 1 else seconds
    return best


def batch(games: int, actions: int, seed: int, repeats: int = 3) -> dict[str, float]:
    """Smallest CPU seconds of a batch of zero-sum games, by mdpkit and by quantecon's `minmax` in a loop.

    Args:
        games: number of games.
        actions: of each player.
        seed: of the payoffs.
        repeats: number of calls in turn.
    """
    from quantecon.optimize.minmax import minmax

    from ..solve import matrix_games

    payoff = np.random.default_rng(seed).normal(size=(games, actions, actions))
    sides = {"mdpkit": lambda: matrix_games(payoff), "quantecon minmax": lambda: [minmax(Q) for Q in payoff]}
    matrix_games(payoff[:1]), minmax(payoff[0])
    best = dict.fromkeys(sides, np.inf)
    for _ in range(repeats):
        for name, call in sides.items():
            best[name] = min(best[name], clock(call)[0])
    return best


TASKS: dict[str, Callable[..., Any]] = {
    each.__name__: each for each in (compare_one, theme, first_call, draw_garnet, garnet_seconds, peak, batch)
}
