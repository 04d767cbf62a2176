"""Both sides of one instance, called in turn in one process, and each side's values against certified bounds."""

import math
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

import numpy as np

from ..base.types import Array
from .instances import Instance, Model
from .peers import PEERS, Peer

OURS = "mdpkit"
PATIENCE = 1.0
"""CPU seconds: a side is called once more if its first call took at most ten times as long, then as often as asked if
the second call took no longer than this."""
LONGER = 10


@dataclass
class Side:
    """What was measured of one package's method.

    Args:
        name: of the package and its method.
        seconds: smallest CPU seconds of each seed.
        first: CPU seconds of the first call in this process.
        repeats: smallest number of timed calls of a seed.
        error: the largest distance of a value from mdpkit's bounds; for mdpkit the width of the bounds.
        status: "right", "wrong by ...", "not certified: ...", "failed: ...", or why it was not run.
    """

    name: str
    seconds: list[float] = field(default_factory=list)
    first: float | None = None
    repeats: int = 0
    error: float = 0.0
    status: str = "right"

    @property
    def typical(self) -> float:
        """Geometric mean of the seeds' seconds."""
        return math.exp(sum(map(math.log, self.seconds)) / len(self.seconds)) if self.seconds else math.nan

    @property
    def right(self) -> bool:
        return self.status == "right" and bool(self.seconds)


def compare(
    name: str,
    instance: Instance,
    seeds: Iterable[int],
    *,
    peers: Iterable[Peer] = PEERS,
    repeats: int = 7,
    quick: bool = False,
    patience: float = PATIENCE,
) -> dict[str, Any]:
    """Time mdpkit's default method and every peer on one model a seed, and check the values of all of them.

    Args:
        name: of the instance.
        instance: the models.
        seeds: one model each.
        peers: the other packages.
        repeats: number of timed calls of each side and seed, after its first, in turn with the others'.
        quick: leave out the instance's slow peers.
        patience: CPU seconds; a side whose second call took longer is called no more, and one whose first call took
            ten times as long is called once in all, on the first seed.

    Every call builds its model anew. A peer is wrong if some value lies farther than the instance's tol outside the
    bounds that mdpkit certifies. The ratio of a seed is the seconds of the best right peer over mdpkit's; the row holds
    the geometric mean over seeds, the smallest and the largest.

    Returns: the row as JSON: name, seconds, ratio, spread, peer, peer_seconds, repeats, first, entries, sides.
    """
    ours, others = Side(OURS), {peer.name: Side(peer.name) for peer in peers}
    entries = 0
    for k, seed in enumerate(seeds):
        model = instance.make(seed)
        entries = model.entries
        running = {OURS: start_ours(model, instance.tol)}
        for peer in peers:
            side = others[peer.name]
            reason = _left_out(peer, side, model, instance, quick, k > 0, patience)
            if reason is None:
                started, words = _try(partial(peer.start, model, instance.tol))
                running |= {} if words else {peer.name: started}
                side.status = words or side.status
            elif not side.seconds:
                side.status = reason
        _time(running, {OURS: ours, **others}, instance.tol, repeats, patience)
    return row(name, ours, list(others.values()), entries)


def start_ours(model: Model, tol: float):
    """A function that builds mdpkit's record and solves it by the default method.

    Args:
        model: the model to solve.
        tol: width of the bounds.
    """
    from ..model import MDP
    from ..solve import solve

    return lambda: solve(MDP(model.P, model.r, horizon=model.horizon), tol=tol, throw=False)


def _left_out(peer, side, model, instance, quick, later, patience):
    """Why a peer is not run on this model, or None."""
    if peer.version is None:
        return "not installed"
    if quick and any(peer.name.startswith(slow) for slow in instance.slow):
        return "slow"
    if later and side.first is not None and side.first > LONGER * patience:
        return "too slow for more"
    return peer.refuse(model)


def _time(running, sides, tol, repeats, patience):
    """Call every side once, then those that are fast enough in turn; judge the last values of each."""
    best, answers, counts = {}, {}, dict.fromkeys(running, 0)
    for name, call in list(running.items()):
        found, words = (clock(call), "") if name == OURS else _try(partial(clock, call))
        if words:
            sides[name].status = words
            del running[name]
            continue
        best[name], answers[name] = found
        if sides[name].first is None:
            sides[name].first = best[name]
    for k in range(repeats):  # the second call is judged anew, since the first may have compiled
        most = patience if k else LONGER * patience
        for name in [name for name in running if best[name] <= most and counts[name] == k]:
            seconds, answers[name] = clock(running[name])
            best[name] = min(best[name] if counts[name] else math.inf, seconds)
            counts[name] += 1
    bounds = _first_step(answers[OURS].value)
    for name in running:
        side = sides[name]
        side.seconds.append(best[name])
        side.repeats = min(max(counts[name], 1), side.repeats or repeats)
        if name == OURS:
            side.error = max(side.error, float(answers[OURS].value.width))
            if not (answers[OURS].status.name == "SOLVED" and side.error <= tol):
                side.status = f"not certified: {answers[OURS].status.name}, width {side.error:.1e}"
        else:
            side.error = max(side.error, outside(bounds, answers[name]))
            if side.error > tol:
                side.status = f"wrong by {side.error:.2g}"


def _try(call):
    """(what a call of another package returns, ""), or (None, its error in words)."""
    try:
        return call(), ""
    except (Exception, SystemExit) as error:
        return None, f"failed: {type(error).__name__}: {error}"


def clock(call):
    """CPU seconds of a call, and what it returns.

    Args:
        call: a function without arguments.
    """
    start = time.process_time()
    answer = call()
    return time.process_time() - start, answer


def _first_step(value):
    """Bounds by state, at the first step of a finite horizon."""
    value = value.enclose()
    return value if value.ndim == 1 else value[0]


def outside(bounds, values: Array) -> float:
    """The largest distance of values from their bounds, 0 inside; infinite where a value is NaN.

    Args:
        bounds: an Interval `[s]`.
        values: `[s]`.
    """
    far = np.maximum(bounds.lower - values, values - bounds.upper)
    return math.inf if np.isnan(far).any() else max(float(far.max()), 0.0)


def row(name: str, ours: Side, others: list[Side], entries: int) -> dict[str, Any]:
    """The row of an instance.

    Args:
        name: of the instance.
        ours: mdpkit's side.
        others: those of the peers.
        entries: number of probabilities of a model.
    """
    right = [side for side in others if side.right]
    best = min(right, key=lambda side: side.typical, default=None)
    ratios = [] if best is None else [b / a for a, b in zip(ours.seconds, best.seconds, strict=False)]
    return {
        "name": name,
        "entries": entries,
        "seconds": ours.typical,
        "first": ours.first,
        "repeats": ours.repeats,
        "seeds": len(ours.seconds),
        "peer": None if best is None else best.name,
        "peer_seconds": None if best is None else best.typical,
        "ratio": None if best is None else math.exp(sum(map(math.log, ratios)) / len(ratios)),
        "spread": [min(ratios), max(ratios)] if ratios else None,
        "sides": [asdict(side) for side in (ours, *others)],
    }
