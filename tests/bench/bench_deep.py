"""Longer training runs of the networks, judged by exact values and by the grid of the pendulum's twin.

    python tests/bench/bench_deep.py rates             steps and updates a second (10 CPU seconds)
    python tests/bench/bench_deep.py lock [seeds]      how often the best and the last iterate of moment matching,
                                                       FILTER and HyPE are the expert (12 a seed)
    python tests/bench/bench_deep.py pendulum [steps]  SAC on Pendulum-v1 against a grid's greedy policy (40 to 100)

CPU seconds are those of one core with one thread. Runs are seeded: numbers repeat on one machine, not across them.
"""

import sys
import time
from dataclasses import replace

import gymnasium
import numpy as np

import mdpkit
from mdpkit import MDP, Finite, TabularPolicy, deep, fit, grant
from mdpkit.measure import sampled_median

STARTS = 40
"""Episodes by which a return is judged; every policy starts them from the same states."""


def say(text):
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def returns(policy, seed=0):
    access = grant(gymnasium.make("Pendulum-v1"), episodes=STARTS, rng=np.random.default_rng(seed))
    played = access.play(policy, STARTS, rng=np.random.default_rng(seed))
    return np.bincount(played.episode, weights=played.reward)


class GridGreedy:
    """The greedy policy of the grid's value, read in the real environment."""

    def __init__(self, n):
        from mdpkit.deep.twins import pendulum

        self.grid = pendulum().grid(n)
        self.values = mdpkit.solve(self.grid.finite).value.mid

    def start(self, u):
        return self

    def sample(self, obs, t, u):
        cos, sin, speed = np.asarray(obs).T
        return self.grid.greedy(self.values, np.stack([np.arctan2(sin, cos), speed], axis=1))


def judged(name, found, seconds, than=None):
    mean, error = found.mean(), found.std(ddof=1) / np.sqrt(STARTS)
    lost = "" if than is None else f"   median of what is lost to it in {ends(than - found)}"
    say(f"{name:28s} mean {mean:8.1f} +- {error:5.1f}   median in {ends(found)}   {seconds:6.1f} CPU s{lost}")


def ends(numbers):
    found = sampled_median(numbers)
    return f"[{found.lower:.1f}, {found.upper:.1f}]"


def pendulum(steps=10_000):
    for n in (41, 81):
        start = time.process_time()
        best = returns(GridGreedy(n))
        judged(f"grid {n}x{n}x15, greedy", best, time.process_time() - start)
    learner = deep.Reinforcement(steps=steps, rate=1e-3, options={"learning_starts": 500, "tau": 0.01})
    for seed in range(2):
        start = time.process_time()
        access = grant(gymnasium.make("Pendulum-v1"), episodes=steps, rng=np.random.default_rng(seed))
        with deep.progress_bar() as progress:
            answer = fit(replace(learner, progress=progress), access, rng=np.random.default_rng(seed))
        judged(f"SAC {steps} steps, seed {seed}", returns(answer.policy), time.process_time() - start, best)


def lock(seeds=5, H=5):
    P, r, known = (np.zeros(shape) for shape in ((H, 2, 2, 2), (H, 2, 2), (H, 2, 2)))
    P[..., 1], known[:, 1, 0] = 1, 1
    for t in range(H):
        right = (3 * t + 1) % 2
        P[t, 0, right], known[t, 0, right] = [1, 0], 1
    r[H - 1, 0] = known[H - 1, 0]
    problem, expert = MDP(P, r, [1.0, 0], horizon=Finite(H)), TabularPolicy(known)
    player = deep.Reinforcement(steps=150)
    for learner in (
        deep.MomentMatching(8, 2, policy_player=player),
        deep.MomentMatching(8, 2, policy_player=player, relabel=False),
        deep.FILTER(8, 2, policy_player=player, alpha=1.0),
        deep.HyPE(8, 2, policy_player=player, expert_share=0.5),
    ):
        start, best, last, first = time.process_time(), 0, 0, []
        for seed in range(seeds):
            granted = {"demonstrations": 5, "episodes": 10_000, "resets": 10_000, "rng": np.random.default_rng(seed)}
            answer = fit(learner, grant(problem, expert=expert, **granted), rng=np.random.default_rng(seed))
            won = np.array([mdpkit.value(problem, policy).mid > 0.5 for policy in answer.trace["policy"]])
            best, last = best + (mdpkit.value(problem, answer.policy).mid > 0.5), last + won[-1]
            first.append(answer.trace["steps"][won.argmax()] if won.any() else np.inf)
        seconds = (time.process_time() - start) / seeds
        name = type(learner).__name__ + ("" if learner.relabel else ", rewards as collected")
        say(
            f"{name:40s} best {best}/{seeds}  last {last}/{seeds}  first win after {np.median(first):.0f} steps  {seconds:.1f} CPU s"
        )


def rates():
    access = grant(gymnasium.make("Pendulum-v1"), episodes=100, rng=np.random.default_rng(0))
    for name, learner, made in (
        ("Reinforcement, SAC 64x64", deep.Reinforcement(steps=1000), access),
        (
            "Reinforcement, DQN 64x64",
            deep.Reinforcement(steps=1000),
            grant(gymnasium.make("CartPole-v1"), episodes=1000, rng=np.random.default_rng(0)),
        ),
    ):
        start = time.process_time()
        used = fit(learner, made, rng=np.random.default_rng(0)).used
        say(f"{name:28s} {used.steps / (time.process_time() - start):8.0f} steps a second, one update each")
    data = grant(
        MDP(np.full((5, 3, 5), 0.2), np.zeros((5, 3)), horizon=Finite(20)),
        expert=TabularPolicy(np.full((5, 3), 1 / 3)),
        demonstrations="exact",
    )
    start = time.process_time()
    fit(deep.Cloning(), data, rng=np.random.default_rng(0))
    say(f"{'Cloning 64x64, 256 rows':28s} {2000 / (time.process_time() - start):8.0f} updates a second")


if __name__ == "__main__":
    profile, *count = sys.argv[1:] or ["rates"]
    {"pendulum": pendulum, "lock": lock, "rates": rates}[profile](*map(int, count))
