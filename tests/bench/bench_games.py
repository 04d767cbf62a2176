"""CPU seconds of games: regret at scale, and learning dynamics.

    python tests/bench/bench_games.py [NAME...]

A row is a function that prepares a problem and returns what is timed. Each is run once before the clock starts, which
compiles its kernels.
"""

import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from scipy.sparse import csr_array

from mdpkit import Finite, JointPolicy, MarkovGame, measure
from mdpkit.learn import FollowTheLeader, Hedge
from mdpkit.learn.dynamics import LearningDynamics, RegretMatching, SwapRegret

ROWS = {}


def row(name, limit=None):
    """Register a function that prepares a row and returns what is timed. limit: CPU seconds on an idle core."""

    def register(prepare):
        ROWS[name] = (prepare, limit)
        return prepare

    return register


def large_game(sparse=True, S=1000, H=50, actions=(4, 4, 4), successors=10):
    rng, J = np.random.default_rng(0), int(np.prod(actions))
    weights = rng.exponential(size=(S * J, successors))
    weights /= weights.sum(axis=1, keepdims=True)
    entries = (weights.ravel(), rng.integers(0, S, weights.size), np.arange(S * J + 1) * successors)
    P = csr_array(entries, shape=(S * J, S))
    if not sparse:
        P = rng.random((S, J, S))
        P /= P.sum(axis=-1, keepdims=True)
    game = MarkovGame(P, rng.uniform(-1, 1, (len(actions), S, J)), horizon=Finite(H), actions=actions)
    return game, JointPolicy(rng.dirichlet(np.ones(J), S))


def regret_row(deviations):
    def prepare():
        game, joint = large_game()
        return lambda: float(measure.regret(game, joint, deviations).max().mid)

    return prepare


for each in ("swap", "coarse", "trigger", "one-shot", "constant"):
    row(f"regret, {each}, sparse, S=1000 H=50 3 x 4 actions", 1)(regret_row(each))


@row("regret, swap, dense, S=1000 H=10 3 x 4 actions")
def dense_regret():
    game, joint = large_game(sparse=False, H=10)
    return lambda: float(measure.regret(game, joint).max().mid)


@row("ten products of the same dense law with one vector")
def dense_products():
    game, _ = large_game(sparse=False, H=10)
    rows, vector = game.P.reshape(-1, game.S), np.ones(game.S)
    return lambda: float(sum((rows @ vector)[0] for _ in range(10)))


def dynamics_row(rule):
    def prepare():
        ahead = np.roll(np.eye(3), 1, axis=0)
        payoffs = np.stack([ahead.ravel(), ahead.T.ravel()])[:, None]
        game = MarkovGame(np.ones((1, 9, 1)), payoffs, horizon=Finite(1), actions=(3, 3))
        start = [[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]]
        return lambda: float(LearningDynamics(rule).play(game, 100_000, start=start).average_gap[-1])

    return prepare


for rule in (FollowTheLeader(), Hedge("1/10"), RegretMatching(), SwapRegret("1/10")):
    row(f"{type(rule).__name__}, 100 000 rounds of 3 x 3", 1)(dynamics_row(rule))


def rows(*names):
    """One row per name: CPU seconds after a warm-up, the limit if there is one, and the answer."""
    found = []
    for name in names or ROWS:
        prepare, limit = ROWS[name]
        run = prepare()
        run()
        start = time.process_time()
        answer = run()
        found.append({"name": name, "cpu_seconds": time.process_time() - start, "limit": limit, "answer": answer})
    return found


if __name__ == "__main__":
    for name in sys.argv[1:] or ROWS:
        for found in rows(name):
            limit = "" if found["limit"] is None else f"  (at most {found['limit']})"
            sys.stdout.write(f"{found['name']:55s} {found['cpu_seconds']:8.3f} CPU s{limit}   {found['answer']:.6g}\n")
            sys.stdout.flush()
