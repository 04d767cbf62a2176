"""CPU seconds of the tabular imitation learners on floats: 100 states, 5 actions, 50 steps, 200 rounds.

    python tests/bench/bench_imitation.py [NAME...]

Learners without an inner search should take at most 10 CPU seconds, LIMIT, on one core. Learners that need the model,
and those that query the expert, are granted exact laws; the others 200 demonstrations and 10 episodes a round.
"""

import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from mdpkit import MDP, Finite, TabularPolicy, fit, grant
from mdpkit.learn import (
    FILTER,
    GUITAR,
    SMILING,
    AdRIL,
    AdVIL,
    Cloning,
    DAeQuIL,
    DAgger,
    ExpertResets,
    HyPE,
    HyPER,
    IQLearn,
    MomentMatching,
    NaturalGradient,
    PessimisticIRL,
    Planning,
    SoftBestResponse,
)

S, A, H, ROUNDS = 100, 5, 50, int(os.environ.get("ROUNDS", "200"))
LIMIT = 10

LEARNERS = {
    "Cloning": lambda: Cloning(),
    "DAgger": lambda: DAgger(ROUNDS),
    "MomentMatching, Planning": lambda: MomentMatching(policy_player=Planning(), rounds=ROUNDS),
    "MomentMatching, SoftBestResponse": lambda: MomentMatching(policy_player=SoftBestResponse(), rounds=ROUNDS),
    "MomentMatching, NaturalGradient": lambda: MomentMatching(policy_player=NaturalGradient(), rounds=ROUNDS),
    "MomentMatching, ExpertResets": lambda: MomentMatching(policy_player=ExpertResets(), rounds=ROUNDS),
    "FILTER": lambda: FILTER(rounds=ROUNDS),
    "GUITAR": lambda: GUITAR(rounds=ROUNDS),
    "HyPE": lambda: HyPE(rounds=ROUNDS),
    "HyPER": lambda: HyPER(rounds=ROUNDS),
    "PessimisticIRL": lambda: PessimisticIRL(rounds=ROUNDS),
    "SMILING": lambda: SMILING(rounds=ROUNDS),
    "AdRIL": lambda: AdRIL(rounds=ROUNDS),
    "AdVIL": lambda: AdVIL(rounds=ROUNDS),
    "DAeQuIL": lambda: DAeQuIL(iterations=ROUNDS),
    "IQLearn": lambda: IQLearn(),
}

QUICK = ("Cloning", "IQLearn")
"""The learners of a quick run."""


def problem(seed=0):
    """Dense random transitions and rewards, and a randomised expert that prefers one action at each state."""
    rng = np.random.default_rng(seed)
    mdp = MDP(rng.dirichlet(np.ones(S), (S, A)), rng.random((S, A)), np.full(S, 1 / S), horizon=Finite(H))
    return mdp, TabularPolicy(0.8 * np.eye(A)[rng.integers(0, A, S)] + 0.2 / A)


def rows(*names):
    """One row per learner: its name, its CPU seconds after a warm-up of the kernels, and the limit."""
    mdp, expert = problem()
    found = []
    for name in names or LEARNERS:
        learner = LEARNERS[name]()
        exact = {"model", "queries"} & set(learner.needs)
        granted = dict(demonstrations="exact", episodes="exact") if exact else dict(demonstrations=200, episodes=2000)
        access = grant(mdp, expert=expert, **granted, queries="exact", rng=np.random.default_rng(0))
        start = time.process_time()
        fit(learner, access, rng=np.random.default_rng(1))
        found.append({"name": name, "seconds": time.process_time() - start, "limit": LIMIT})
    return found


if __name__ == "__main__":
    for name in sys.argv[1:] or LEARNERS:
        for row in rows(name):
            sys.stdout.write(f"{row['name']:34s} {row['seconds']:8.2f} CPU s  (at most {row['limit']})\n")
            sys.stdout.flush()
