"""CPU seconds of soft dynamic programming on token trees of about a million prefixes, against numpy level by level.

    python tests/bench/bench_tokens.py

The compiled pass returns values, policy and a bound on its rounding; it should take at most LIMIT CPU second. The numpy
implementation needs all prefixes of a depth to be consecutive, and returns values and policy without bounds.
"""

import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from mdpkit import TokenProblem, solve

LIMIT = 1.0
TREES = {"binary, depth 20": (2, 20), "ternary, depth 13": (3, 13), "32 tokens, depth 4": (32, 4)}
"""Name -> number of tokens, and tokens per response."""

QUICK = ("binary, depth 20",)
"""The trees of a quick run."""


def tree(A, H, seed=0):
    """A complete tree with random reference and rewards, at beta = 1/2."""
    rng = np.random.default_rng(seed)
    S = (A**H - 1) // (A - 1)
    following = np.minimum(np.arange(S * A).reshape(S, A) + 1, S)
    reference = rng.random((S, A)) + 0.1
    reference /= reference.sum(axis=1, keepdims=True)
    return TokenProblem(following, reference, reward=rng.normal(size=(S, A)), beta=0.5)


def by_levels(problem, A, H):
    """Values and policy with one vectorised step per depth."""
    V, pi = np.zeros(problem.S + 1), np.zeros((problem.S, A))
    for t in range(H - 1, -1, -1):
        first, last = (A**t - 1) // (A - 1), (A ** (t + 1) - 1) // (A - 1)
        Q = problem.reward[first:last] + V[problem.next[first:last]]
        highest = Q.max(axis=1, keepdims=True)
        joint = problem.reference[first:last] * np.exp((Q - highest) / problem.beta)
        total = joint.sum(axis=1, keepdims=True)
        V[first:last] = (highest + problem.beta * np.log(total))[:, 0]
        pi[first:last] = joint / total
    return V[:-1], pi


def timed(function, *args):
    start = time.process_time()
    found = function(*args)
    return found, time.process_time() - start


def rows(*names):
    """One row per tree: prefixes, CPU seconds of both, and the largest difference of their values and policies."""
    solve(tree(2, 2))
    found = []
    for name in names or TREES:
        A, H = TREES[name]
        problem = tree(A, H)
        answer, seconds = timed(lambda problem: solve(problem, throw=False), problem)
        (V, pi), levels = timed(by_levels, problem, A, H)
        off = max(np.abs(answer.value.mid - V).max(), np.abs(answer.policy.table - pi).max())
        found.append(
            {
                "name": f"soft values, {name}",
                "prefixes": problem.S + A**H,
                "seconds": seconds,
                "peer": levels,
                "largest_difference": float(off),
                "width": answer.value.width,
                "limit": LIMIT,
            }
        )
    return found


if __name__ == "__main__":
    for row in rows(*sys.argv[1:]):
        print(row)
