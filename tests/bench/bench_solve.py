"""mdpkit's default method against quantecon's modified policy iteration, alternating in one process.

    python tests/bench/bench_solve.py [repeats]

Both sides run on one core after a warm-up; what counts is the ratio of the smallest times. quantecon stops on the same
span (epsilon = 1e-8) and returns no bounds; mdpkit returns bounds of width 1e-8.
"""

import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import scipy.sparse as sp
from quantecon.markov import DiscreteDP

from mdpkit.model import MDP, Discounted
from mdpkit.solve import solve


def garnet(S, A, branching, gamma, seed=0):
    """Random sparse rows: `branching` successors, law uniform on the simplex, rewards uniform in [0, 1]."""
    rng = np.random.default_rng(seed)
    rows, columns = np.repeat(np.arange(S * A), branching), rng.integers(0, S, S * A * branching)
    P = sp.csr_array((rng.dirichlet(np.ones(branching), S * A).ravel(), (rows, columns)), shape=(S * A, S))
    return MDP(P, rng.random((S, A)), horizon=Discounted(gamma))


def grid(side, slip, gamma):
    """A square: four moves, each slipping to either side with probability slip/2; reward 1 in the last corner."""
    S = side * side
    x, y = np.divmod(np.arange(S), side)
    moves = [(1, 0), (0, 1), (-1, 0), (0, -1)]
    reached = [np.clip(x + dx, 0, side - 1) * side + np.clip(y + dy, 0, side - 1) for dx, dy in moves]
    turns = (0, 1 - slip), (1, slip / 2), (3, slip / 2)
    entries = [(s * 4 + a, reached[(a + turn) % 4][s], p) for s in range(S) for a in range(4) for turn, p in turns]
    rows, columns, weights = (np.array(part) for part in zip(*entries, strict=True))
    r = np.zeros((S, 4))
    r[-1] = 1
    return MDP(sp.csr_array((weights, (rows, columns)), shape=(S * 4, S)), r, horizon=Discounted(gamma))


def dense(S, A, gamma, seed=0):
    rng = np.random.default_rng(seed)
    P = rng.random((S, A, S))
    return MDP(P / P.sum(axis=2, keepdims=True), rng.random((S, A)), horizon=Discounted(gamma))


def chain(S, gamma):
    """Stay or step right, which slips back half the time; reward 1 at the end."""
    s = np.arange(S)
    rows = np.concatenate([2 * s, 2 * s + 1, 2 * s + 1])
    columns = np.concatenate([s, np.minimum(s + 1, S - 1), np.maximum(s - 1, 0)])
    r = np.zeros((S, 2))
    r[-1] = 1
    return MDP(
        sp.csr_array((np.repeat([1.0, 0.5, 0.5], S), (rows, columns)), shape=(2 * S, S)), r, horizon=Discounted(gamma)
    )


def peer(problem):
    """quantecon's problem in its state-action form."""
    s, a = np.divmod(np.arange(problem.S * problem.A), problem.A)
    P = sp.csr_matrix(problem.P) if problem.sparse else problem.P.reshape(-1, problem.S)
    return DiscreteDP(problem.r.ravel(), P, problem.horizon.gamma, s, a)


def timed(f):
    start = time.perf_counter()
    answer = f()
    return time.perf_counter() - start, answer


def compare(name, problem, repeats):
    other = peer(problem)
    ours, theirs = [], []
    for _ in range(repeats + 1):
        seconds, answer = timed(lambda: solve(problem, tol=1e-8, throw=False))
        ours.append(seconds)
        seconds, found = timed(lambda: other.solve("modified_policy_iteration", epsilon=1e-8, max_iter=10**6))
        theirs.append(seconds)
    a, b = min(ours[1:]), min(theirs[1:])
    outside = np.maximum(answer.value.lower - found.v, found.v - answer.value.upper).max()
    sys.stdout.write(
        f"{name:26s} {a * 1e3:9.3f} ms  quantecon {b * 1e3:9.3f} ms  ratio {b / a:6.2f}  {answer.status.name} {answer.value.width:.1e}"
        f"  by {type(answer.method).__name__} in {answer.iterations}, peer outside by {max(outside, 0):.1e}\n"
    )


if __name__ == "__main__":
    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    compare("garnet 1e3 A4 b5 g.99", garnet(1000, 4, 5, 0.99), repeats)
    compare("garnet 1e3 A4 b5 g.999", garnet(1000, 4, 5, 0.999), repeats)
    compare("garnet 1e4 A5 b8 g.99", garnet(10_000, 5, 8, 0.99), repeats)
    compare("grid 100x100 slip 1/3 g.99", grid(100, 1 / 3, 0.99), repeats)
    compare("dense 1e3 A10 g.99", dense(1000, 10, 0.99), repeats)
    compare("chain 2000 g.9999", chain(2000, 0.9999), max(1, repeats // 7))
