"""mdpkit's default method against quantecon's modified policy iteration, alternating in one process.

    python tests/bench/bench_solve.py [repeats] [seed]

Both sides run on one core after a warm-up and build their model from the same arrays; what counts is the ratio of the
smallest CPU times. quantecon stops on the same span (epsilon = 1e-8) and returns no bounds; mdpkit returns bounds of
width 1e-8.
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
    return P, rng.random((S, A)), gamma


def grid(side, slip, gamma, holes=0.0, seed=0):
    """A square: four moves, each slipping to either side with probability slip/2; reward 1 in the last corner.

    A share `holes` of the cells, drawn at random, is absorbing.
    """
    S = side * side
    x, y = np.divmod(np.arange(S), side)
    moves = [(1, 0), (0, 1), (-1, 0), (0, -1)]
    reached = np.array([np.clip(x + dx, 0, side - 1) * side + np.clip(y + dy, 0, side - 1) for dx, dy in moves])
    hole = np.random.default_rng(seed).random(S) < holes
    hole[[0, -1]] = False
    reached = np.where(hole, np.arange(S), reached)
    s, a = np.divmod(np.arange(4 * S), 4)
    columns = np.stack([reached[(a + turn) % 4, s] for turn in (0, 1, 3)], axis=1)
    weights = np.tile([1 - slip, slip / 2, slip / 2], 4 * S)
    r = np.zeros((S, 4))
    r[-1] = 1
    P = sp.csr_array((weights, (np.repeat(np.arange(4 * S), 3), columns.ravel())), shape=(4 * S, S))
    return P, r, gamma


def dense(S, A, gamma, seed=0):
    rng = np.random.default_rng(seed)
    P = rng.random((S, A, S))
    return P / P.sum(axis=2, keepdims=True), rng.random((S, A)), gamma


def chain(S, gamma):
    """Stay or step right, which slips back half the time; reward 1 at the end."""
    s = np.arange(S)
    rows = np.concatenate([2 * s, 2 * s + 1, 2 * s + 1])
    columns = np.concatenate([s, np.minimum(s + 1, S - 1), np.maximum(s - 1, 0)])
    r = np.zeros((S, 2))
    r[-1] = 1
    return sp.csr_array((np.repeat([1.0, 0.5, 0.5], S), (rows, columns)), shape=(2 * S, S)), r, gamma


def ours(P, r, gamma, tol):
    return solve(MDP(P, r, horizon=Discounted(gamma)), tol=tol, throw=False)


def theirs(P, r, gamma, tol):
    """quantecon's problem in its state-action form."""
    (S, A), sparse = r.shape, sp.issparse(P)
    s, a = np.divmod(np.arange(S * A), A)
    problem = DiscreteDP(r.ravel(), sp.csr_matrix(P) if sparse else P.reshape(-1, S), gamma, s, a)
    return problem.solve("modified_policy_iteration", epsilon=tol, max_iter=10**6)


def timed(f):
    start = time.process_time()
    answer = f()
    return time.process_time() - start, answer


def compare(name, model, repeats, tol=1e-8):
    spent = [], []
    for _ in range(repeats + 1):
        seconds, answer = timed(lambda: ours(*model, tol))
        spent[0].append(seconds)
        seconds, other = timed(lambda: theirs(*model, tol))
        spent[1].append(seconds)
    a, b = (min(seconds[1:]) for seconds in spent)
    outside = np.maximum(answer.value.lower - other.v, other.v - answer.value.upper).max()
    sys.stdout.write(
        f"{name:26s} {a * 1e3:9.3f} ms  quantecon {b * 1e3:9.3f} ms  ratio {b / a:6.2f}  {answer.status.name} {answer.value.width:.1e}"
        f"  by {type(answer.method).__name__} in {answer.iterations}, peer outside by {max(outside, 0):.1e}\n"
    )


if __name__ == "__main__":
    repeats, seed = (int(word) for word in (*sys.argv[1:], *("7", "0")[len(sys.argv) - 1 :]))
    compare("ten states", garnet(10, 3, 3, 0.99, seed), repeats)
    compare("garnet 1e3 A4 b5 g.99", garnet(1000, 4, 5, 0.99, seed), repeats)
    compare("garnet 1e3 A4 b5 g.999", garnet(1000, 4, 5, 0.999, seed), repeats)
    compare("garnet 1e4 A5 b8 g.99", garnet(10_000, 5, 8, 0.99, seed), repeats)
    compare("garnet 1e5 A5 b8 g.99", garnet(100_000, 5, 8, 0.99, seed), repeats)
    compare("grid 100x100 slip 1/3 g.99", grid(100, 1 / 3, 0.99), repeats)
    compare("the same with holes", grid(100, 1 / 3, 0.99, 0.1, seed), repeats)
    compare("nothing to do", (*garnet(10_000, 5, 8, 0.99, seed)[:1], np.zeros((10_000, 5)), 0.99), repeats)
    compare("dense 1e3 A10 g.99", dense(1000, 10, 0.99, seed), repeats)
    compare("chain 2000 g.9999", chain(2000, 0.9999), max(1, repeats // 7), tol=1e-7)
