"""CPU seconds of REBEL's squared losses, self-play and minimax winners, against dense implementations of the same.

    python tests/bench/bench_preference.py [NAME...]

REBEL's 100 rounds on 1000 prompts and 1000 responses should take at most 3 CPU seconds on one core. One loss with its
gradient is compared with two implementations that form all pairs of a prompt's responses, in numpy and in torch.
Self-play on exact preferences asks for every pair of a prompt in every round; a numpy loop that holds all win
probabilities plays the same policies. The minimax winner of a game in floats is found by a rational linear program with
a certificate; scipy's HiGHS solves the same program in floats. The answers are exploitabilities.
"""

import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from mdpkit import PreferenceProblem, fit, grant
from mdpkit.learn import REBEL, SPO
from mdpkit.learn.preference.squares import PairSquares
from mdpkit.solve import MinimaxWinner, solve

X, Y, ROUNDS = 1000, 1000, int(os.environ.get("ROUNDS", "100"))
DENSE = 50
"""Prompts of the comparison with dense implementations, whose time is proportional to them."""
GAMES, OPTIONS, WINNER = 20, 300, 100
"""Prompts and responses of self-play, and responses of the game whose minimax winner is found."""


def problem(prompts, seed=0):
    """Random references and rewards."""
    rng = np.random.default_rng(seed)
    return PreferenceProblem(rng.dirichlet(np.ones(Y), prompts), reward=rng.random((prompts, Y)))


def rebel(base):
    access = grant(problem(X), rewards=True)
    return lambda: fit(REBEL(rounds=ROUNDS, base=base, keep=False), access, rng=None).trace["error"].max()


def loss_of(prompts):
    """A loss of REBEL with two different laws, and a log-ratio."""
    given, rng = problem(prompts), np.random.default_rng(1)
    second = rng.dirichlet(np.ones(Y), prompts)
    return PairSquares(given.rho, given.reference, second, given.reward, 0.5), rng.normal(size=(prompts, Y))


def moments():
    loss, h = loss_of(DENSE)
    return lambda: (loss.value(h), loss.gradient(h))


def dense_numpy():
    """All pairs of each prompt, as a matrix."""
    loss, h = loss_of(DENSE)

    def run():
        total, gradient = 0.0, np.zeros(h.shape)
        for x in range(DENSE):
            g = h[x] / loss.eta - loss.target[x]
            weight = loss.rho[x] * loss.first[x][:, None] * loss.second[x][None]
            error = g[:, None] - g[None]
            total += (weight * error**2).sum()
            pull = 2 / loss.eta * weight * error
            gradient[x] = pull.sum(axis=1) - pull.sum(axis=0)
        return total, gradient

    return run


def dense_torch():
    """The same, with the gradient by automatic differentiation."""
    import torch

    torch.set_num_threads(1)
    loss, start = loss_of(DENSE)
    rho, first, second, target = (
        torch.as_tensor(np.array(part)) for part in (loss.rho, loss.first, loss.second, loss.target)
    )

    def run():
        h, total = torch.tensor(start, requires_grad=True), 0.0
        for x in range(DENSE):
            g = h[x] / loss.eta - target[x]
            term = (rho[x] * first[x][:, None] * second[x][None] * (g[:, None] - g[None]) ** 2).sum()
            term.backward()
            total += term.item()
        return total, h.grad.numpy()

    return run


def games(prompts, options, seed=0):
    """Preferences with random margins."""
    margin = np.random.default_rng(seed).uniform(-1, 1, (prompts, options, options))
    win = (2 + margin - margin.swapaxes(1, 2)) / 4
    return PreferenceProblem(np.full((prompts, options), 1 / options), win=win)


def exploit(problem, table):
    return ((2 * problem.win - 1) @ table[..., None]).max(axis=1).mean()


def self_play():
    problem = games(GAMES, OPTIONS)
    access = grant(problem, preferences="exact")
    return lambda: exploit(problem, fit(SPO(rounds=100), access, rng=None).policy.table)


def dense_self_play():
    """Exponential weights on margins that are held in memory."""
    problem, rate = games(GAMES, OPTIONS), np.sqrt(2 * np.log(OPTIONS) / 100)
    margin = 2 * problem.win - 1

    def run():
        total, mean = np.zeros(problem.reference.shape), np.zeros(problem.reference.shape)
        for _ in range(100):
            table = np.exp(rate * (total - total.max(axis=1, keepdims=True)))
            table /= table.sum(axis=1, keepdims=True)
            mean += table / 100
            total += (margin @ table[..., None])[..., 0]
        return exploit(problem, mean)

    return run


def minimax_winner():
    problem = games(1, WINNER)
    return lambda: exploit(problem, solve(problem, MinimaxWinner()).policy.table)


def winner_in_floats():
    """The same linear program in floats, without a certificate."""
    from scipy.optimize import linprog

    problem = games(1, WINNER)
    one, none = np.ones((1, WINNER)), np.zeros(WINNER)
    return lambda: exploit(
        problem, linprog(none, A_ub=2 * problem.win[0] - 1, b_ub=none, A_eq=one, b_eq=[1], method="highs").x[None]
    )


ROWS = {
    "REBEL, base policy": (lambda: rebel("policy"), 3),
    "REBEL, base reference": (lambda: rebel("reference"), 3),
    "loss and gradient by moments": (moments, 0.1),
    "loss and gradient, dense numpy": (dense_numpy, None),
    "loss and gradient, dense torch": (dense_torch, None),
    "SPO, 100 rounds": (self_play, 3),
    "self-play, dense numpy": (dense_self_play, None),
    "minimax winner": (minimax_winner, 3),
    "minimax winner, scipy": (winner_in_floats, None),
}

QUICK = ("loss and gradient by moments", "minimax winner")
"""The rows of a quick run."""


def rows(*names):
    """One row per name: CPU seconds after one warm-up of the losses, the limit if there is one, and the answer."""
    found = []
    for name in names or ROWS:
        build, limit = ROWS[name]
        run = build()
        if not name.startswith("REBEL"):
            run()
        start = time.process_time()
        answer = run()
        found.append({"name": name, "seconds": time.process_time() - start, "limit": limit, "answer": answer})
    return found


if __name__ == "__main__":
    for name in sys.argv[1:] or ROWS:
        for row in rows(name):
            limit = "" if row["limit"] is None else f"  (at most {row['limit']})"
            sys.stdout.write(f"{row['name']:34s} {row['seconds']:8.3f} CPU s{limit}\n")
            sys.stdout.flush()
