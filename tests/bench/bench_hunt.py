"""Best ratio of every search after the same processor time, at one size: what the portfolio rests on.

    python tests/bench/bench_hunt.py [SECONDS]

The last column is what exact draws reach: the breadth of `verify`.
"""

import sys
import time

import numpy as np

from mdpkit.base.mode import propose
from mdpkit.claims import get
from mdpkit.hunt import target
from mdpkit.hunt._portfolio import Portfolio
from mdpkit.search.score import Score
from mdpkit.verify.breadth import breadth

ROWS = (
    ("cloning_error_compounds_quadratically", {"H": 3, "S": 3, "A": 2}),
    ("cloning_error_compounds_quadratically", {"H": 5, "S": 3, "A": 3}),
    ("regret_gap_is_bounded_by_recoverability", {"H": 3, "S": 3}),
    ("coverage_gated_regret_is_asymptotically_tight", {"H": 2, "S": 3, "b": "1/4"}),
    ("pessimism_bound_is_attained", {"H": 2, "S": 2, "A": 2}),
    ("coverage_bounds_the_preference_gap", {"X": 1, "Y": 2}),
)


def best(aimed, name, engine, starts, seconds, seed):
    """The best score of restarts of one engine in so much processor time; None where it cannot be used."""
    rng, family = np.random.default_rng(seed), aimed.instances
    score, record, end = Score(aimed, family.ladder()[-1]), -np.inf, time.process_time() + seconds
    try:
        with propose():
            while time.process_time() < end:
                for value, _ in engine(score, family.random(rng, score.sizes, starts), rng):
                    record = max(record, value)
                    if time.process_time() >= end:
                        break
    except Exception:
        return None
    return record


def by_draws(aimed, seconds, seed):
    end, record, k = time.process_time() + seconds, 0.0, 0
    while time.process_time() < end:
        tally, _ = breadth(aimed, 100, seed + k, aimed.claim.resolution, 0)
        record = max([record, *(row["ratio"] or 0 for row in tally.rows.values())])
        k += 1
    return record


def main(seconds=2.0):
    names = list(Portfolio(np.random.default_rng(0)).engines)
    print(f"{'best after ' + format(seconds, 'g') + ' CPU s':64}", *(f"{name:>13}" for name in [*names, "draws"]))
    for claim, fixed in ROWS:
        aimed = target(get(claim)).at(fixed)
        portfolio = Portfolio(np.random.default_rng(0))
        values = [
            best(aimed, name, engine, portfolio.starts(name), seconds, 0) for name, engine in portfolio.engines.items()
        ]
        values.append(by_draws(aimed, seconds, 0))
        label = f"{claim} {' '.join(f'{name}={value}' for name, value in fixed.items())}"
        print(f"{label:64}", *(f"{'-' if value is None else format(value, '.4f'):>13}" for value in values), flush=True)


if __name__ == "__main__":
    main(*(float(word) for word in sys.argv[1:2]))
