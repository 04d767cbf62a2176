"""CPU seconds of game solvers against other implementations, both in one process.

    python tests/bench/bench_games.py [NAME...]

Every row is a function that returns seconds of mdpkit, seconds of the other side, and the factor that is expected.
"""

import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

GAMES = int(os.environ.get("GAMES", "200"))


def seconds(run):
    """CPU seconds of one run, after a run that compiles."""
    run()
    start = time.process_time()
    run()
    return time.process_time() - start


def stage_program(actions, concept):
    """Correlated equilibria of highest welfare of random one-shot games in floats, against scipy's linprog."""
    from scipy.optimize import linprog

    from mdpkit.exact.stage import deviation_gains
    from mdpkit.solve.stage_equilibria import welfare_law

    rng = np.random.default_rng(0)
    J = int(np.prod(actions))
    payoffs = rng.normal(size=(GAMES, len(actions), J))

    def ours():
        return [welfare_law(r.sum(axis=0), deviation_gains(r, r, actions, concept)) for r in payoffs]

    def theirs():
        found = []
        for r in payoffs:
            rows = deviation_gains(r, r, actions, concept)
            found.append(linprog(-r.sum(axis=0), rows, np.zeros(len(rows)), np.ones((1, J)), [1.0], method="highs").x)
        return found

    for r, x, y in zip(payoffs, ours(), theirs(), strict=True):
        assert abs(r.sum(axis=0) @ (x - y)) < 1e-8
        assert (deviation_gains(r, r, actions, concept) @ x).max() < 1e-9
    return seconds(ours), seconds(theirs), 5


def rows():
    """Name and function of every row."""
    return {
        "CE stage LP 3x3": lambda: stage_program((3, 3), "swap"),
        "CCE stage LP 3x3": lambda: stage_program((3, 3), "coarse"),
        "CE stage LP 5x5": lambda: stage_program((5, 5), "swap"),
        "CCE stage LP 5x5": lambda: stage_program((5, 5), "coarse"),
        "CE stage LP 2x2x2": lambda: stage_program((2, 2, 2), "swap"),
    }


if __name__ == "__main__":
    for name, row in rows().items():
        if len(sys.argv) == 1 or name in sys.argv[1:]:
            ours, theirs, expected = row()
            print(f"{name:22} {ours:8.4f} s  {theirs:8.4f} s  {theirs / ours:6.1f} x  (expected {expected} x)")
