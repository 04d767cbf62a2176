"""Games against other packages, both sides in one process, and CPU seconds of regret at scale and learning dynamics.

    python tests/bench/bench_games.py [NAME...]

Each row is a function that returns a dictionary: the smallest CPU seconds of mdpkit after a warm-up; those of the peer,
their ratio and the ratio that is demanded, or the seconds that are allowed; and what was checked of the answers. Add
a function to `ROWS`.
"""

import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("NUMBA_NUM_THREADS", "1")

import numpy as np
import scipy.sparse as sp

from mdpkit import measure
from mdpkit.exact.stage import deviation_gains
from mdpkit.learn import FollowTheLeader, Hedge
from mdpkit.learn.dynamics import LearningDynamics, RegretMatching, SwapRegret
from mdpkit.model import Discounted, Finite, JointPolicy, MarkovGame
from mdpkit.solve import ShapleyIteration, matrix_games, solve
from mdpkit.solve.shapley_iteration import examine
from mdpkit.solve.stage_equilibria import welfare_law
from mdpkit.solve.zero_sum import Stages

REPEATS = int(os.environ.get("REPEATS", "7"))


def alternate(ours, theirs, repeats=REPEATS):
    """Smallest CPU seconds of two functions called in turn, after one call of each, and their last answers."""
    best, answers = [np.inf, np.inf], [ours(), theirs()]
    for _ in range(repeats):
        for k, run in enumerate((ours, theirs)):
            start = time.process_time()
            answers[k] = run()
            best[k] = min(best[k], time.process_time() - start)
    return best, answers


def row(name, best, demanded, **checked):
    return {
        "name": name,
        "seconds": best[0],
        "peer": best[1],
        "ratio": best[1] / best[0],
        "demanded": demanded,
        **checked,
    }


# ---- zero-sum games
def batch(size, demanded, games=20_000, fewer=2_000):
    """Random normal games, each certified, against quantecon's `minmax` in a loop (on fewer games, scaled)."""
    from quantecon.optimize.minmax import minmax

    payoff = np.random.default_rng(5).normal(size=(games, size, size))
    best, (found, values) = alternate(lambda: matrix_games(payoff), lambda: [minmax(Q)[0] for Q in payoff[:fewer]])
    best[1] *= games / fewer
    return row(
        f"{games} zero-sum games of {size}x{size}, quantecon minmax",
        best,
        demanded,
        gap=found.value.width,
        resolved=len(found.resolved),
        apart=float(np.abs(found.value.mid[:fewer] - values).max()),
    )


def zero_sum_3x3():
    return batch(3, 8)


def zero_sum_5x5():
    return batch(5, 5)


def zero_sum_10x10():
    return batch(10, 2)


def sparse_game(S=600, actions=5, successors=8, gamma=0.95, seed=3):
    """Each joint action leads to a few successors; normal rewards."""
    rng, J = np.random.default_rng(seed), actions * actions
    rows = np.repeat(np.arange(S * J), successors)
    columns = rng.integers(0, S, S * J * successors)
    P = sp.csr_array((rng.dirichlet(np.ones(successors), S * J).ravel(), (rows, columns)), shape=(S * J, S))
    r = rng.normal(size=(S, J))
    return MarkovGame(
        P.toarray().reshape(S, J, S), np.stack([r, -r]), horizon=Discounted(gamma), actions=(actions,) * 2
    )


def shapley_sweep():
    """One certified sweep, the sixth of an iteration, against a loop of quantecon's `minmax`.

    The loop forms its stage games by gathering the values of successors; also with a product of sparse rows.
    """
    from quantecon.optimize.minmax import minmax

    game = sparse_game()
    stages, w, near = Stages(game), np.zeros(game.S), None
    for _ in range(5):
        residual = examine(stages, w, near)
        w, near = residual.following, residual.found
    law, (A, B), g = stages.process.P, game.actions, game.horizon.gamma
    reached, weights = gathered(law)

    def by_gathering():
        Q = (game.r[0] + g * (weights * w[reached]).sum(axis=1).reshape(game.S, game.J)).reshape(game.S, A, B)
        return np.array([minmax(payoff)[0] for payoff in Q])

    def by_sparse_rows():
        Q = (game.r[0] + g * (law @ w).reshape(game.S, game.J)).reshape(game.S, A, B)
        return np.array([minmax(payoff)[0] for payoff in Q])

    strict, _ = alternate(lambda: examine(stages, w, near), by_sparse_rows, repeats=20)
    best, (found, values) = alternate(lambda: examine(stages, w, near), by_gathering, repeats=20)
    centred = values - (values.max() / 2 + values.min() / 2)
    name = f"Shapley sweep of S={game.S}, {A}x{B}, quantecon minmax"
    apart = float(np.abs(found.following - centred).max())
    return row(name, best, 9, apart=apart, ratio_where_the_peer_multiplies_sparse_rows=strict[1] / strict[0])


def gathered(law):
    """Successors and weights of sparse rows as arrays `[row,k]`, padded with weight 0."""
    lengths = np.diff(law.indptr)
    inside = np.arange(lengths.max()) < lengths[:, None]
    reached, weights = np.zeros(inside.shape, dtype=int), np.zeros(inside.shape)
    reached[inside], weights[inside] = law.indices, law.data
    return reached, weights


def shapley_iteration():
    """A whole discounted game to bounds of width 1e-8, against the same number of sweeps of quantecon's loop."""
    from quantecon.optimize.minmax import minmax

    game = sparse_game()
    solve(game, ShapleyIteration(), tol=1e-3)
    start = time.process_time()
    answer = solve(game, ShapleyIteration(), tol=1e-8)
    spent = time.process_time() - start
    law, g, few, V = Stages(game).process.P, game.horizon.gamma, 5, np.zeros(game.S)
    start = time.process_time()
    for _ in range(few):
        Q = (game.r[0] + g * (law @ V).reshape(game.S, game.J)).reshape(game.S, *game.actions)
        V = np.array([minmax(payoff)[0] for payoff in Q])
    peer = (time.process_time() - start) / few * answer.iterations
    return row(
        f"Shapley iteration of S={game.S}, {answer.iterations} sweeps", [spent, peer], None, width=answer.value.width
    )


# ---- regret at scale, and learning dynamics
def alone(name, run, limit=None):
    """CPU seconds of one run after a warm-up, beside the seconds that are allowed on an idle core."""
    run()
    start = time.process_time()
    answer = run()
    return {"name": name, "seconds": time.process_time() - start, "limit": limit, "answer": float(answer)}


def large_game(sparse=True, S=1000, H=50, actions=(4, 4, 4), successors=10):
    rng, J = np.random.default_rng(0), int(np.prod(actions))
    weights = rng.exponential(size=(S * J, successors))
    weights /= weights.sum(axis=1, keepdims=True)
    entries = (weights.ravel(), rng.integers(0, S, weights.size), np.arange(S * J + 1) * successors)
    P = sp.csr_array(entries, shape=(S * J, S))
    if not sparse:
        P = rng.random((S, J, S))
        P /= P.sum(axis=-1, keepdims=True)
    game = MarkovGame(P, rng.uniform(-1, 1, (len(actions), S, J)), horizon=Finite(H), actions=actions)
    return game, JointPolicy(rng.dirichlet(np.ones(J), S))


def regret_of_class(deviations):
    game, joint = large_game()
    name = f"regret, {deviations}, sparse, S=1000 H=50 3 x 4 actions"
    return alone(name, lambda: measure.regret(game, joint, deviations).max().mid, 1)


def swap_regret():
    return regret_of_class("swap")


def coarse_regret():
    return regret_of_class("coarse")


def trigger_regret():
    return regret_of_class("trigger")


def one_shot_regret():
    return regret_of_class("one-shot")


def constant_regret():
    return regret_of_class("constant")


def dense_regret():
    """Against as many products of the same dense law with a vector: one pass over the law a step."""
    game, joint = large_game(sparse=False, H=10)
    laws, vector = game.P.reshape(-1, game.S), np.ones(game.S)
    best, _ = alternate(
        lambda: measure.regret(game, joint).max().mid, lambda: [laws @ vector for _ in range(10)], repeats=2
    )
    return row("regret, swap, dense, S=1000 H=10 3 x 4 actions; ten products", best, 0.77)


def play(rule):
    ahead = np.roll(np.eye(3), 1, axis=0)
    payoffs = np.stack([ahead.ravel(), ahead.T.ravel()])[:, None]
    game = MarkovGame(np.ones((1, 9, 1)), payoffs, horizon=Finite(1), actions=(3, 3))
    start = [[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]]
    run = LearningDynamics(rule)
    return alone(
        f"{type(rule).__name__}, 100 000 rounds of 3 x 3",
        lambda: run.play(game, 100_000, start=start).average_gap[-1],
        1,
    )


def fictitious_play():
    return play(FollowTheLeader())


def hedge():
    return play(Hedge("1/10"))


def regret_matching():
    return play(RegretMatching())


def swap_regret_players():
    return play(SwapRegret("1/10"))


# ---- equilibria of one-shot games
def stage_program(actions, concept, games=200):
    """Equilibria of highest welfare of random one-shot games in floats, against scipy's `linprog` in a loop."""
    from scipy.optimize import linprog

    rng, J = np.random.default_rng(0), int(np.prod(actions))
    payoffs = rng.normal(size=(games, len(actions), J))

    def ours():
        return [welfare_law(r.sum(axis=0), deviation_gains(r, r, actions, concept)) for r in payoffs]

    def theirs():
        found = []
        for r in payoffs:
            gains = deviation_gains(r, r, actions, concept)
            one = np.ones((1, J))
            found.append(linprog(-r.sum(axis=0), gains, np.zeros(len(gains)), one, [1.0], method="highs").x)
        return found

    best, (found, other) = alternate(ours, theirs, repeats=3)
    apart = max(abs(r.sum(axis=0) @ (x - y)) for r, x, y in zip(payoffs, found, other, strict=True))
    gain = max((deviation_gains(r, r, actions, concept) @ x).max() for r, x in zip(payoffs, found, strict=True))
    sizes = "x".join(map(str, actions))
    return row(f"{games} programs of {concept} equilibria of {sizes}, linprog", best, 5, apart=apart, gain=gain)


def correlated_3x3():
    return stage_program((3, 3), "swap")


def coarse_3x3():
    return stage_program((3, 3), "coarse")


def correlated_5x5():
    return stage_program((5, 5), "swap")


def coarse_5x5():
    return stage_program((5, 5), "coarse")


def correlated_2x2x2():
    return stage_program((2, 2, 2), "swap")


ROWS = [
    correlated_3x3,
    coarse_3x3,
    correlated_5x5,
    coarse_5x5,
    correlated_2x2x2,
    zero_sum_3x3,
    zero_sum_5x5,
    zero_sum_10x10,
    shapley_sweep,
    shapley_iteration,
    swap_regret,
    coarse_regret,
    trigger_regret,
    one_shot_regret,
    constant_regret,
    dense_regret,
    fictitious_play,
    hedge,
    regret_matching,
    swap_regret_players,
]


QUICK = ("zero_sum_3x3", "zero_sum_5x5", "zero_sum_10x10")
"""The rows of a quick run."""


def rows(*names):
    """The rows with these names, or all."""
    return [make() for make in ROWS if not names or make.__name__ in names]


def describe(found):
    """A row as one line."""
    words = [f"{found['name']:60s} {found['seconds']:9.5f} s"]
    if "peer" in found:
        demanded = "" if found["demanded"] is None else f"  (at least {found['demanded']})"
        words += [f"peer {found['peer']:9.5f} s  ratio {found['ratio']:6.2f}{demanded}"]
    elif found["limit"] is not None:
        words += [f"(at most {found['limit']})"]
    shown = ("name", "seconds", "peer", "ratio", "demanded", "limit")
    return "  ".join([*words, str({key: value for key, value in found.items() if key not in shown})])


if __name__ == "__main__":
    for make in ROWS:
        if make.__name__ in sys.argv[1:] or len(sys.argv) == 1:
            sys.stdout.write(describe(make()) + "\n")
            sys.stdout.flush()
