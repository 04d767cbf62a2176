"""FILTER and HyPE against moment matching on a combination lock with rich observations.

    python tests/bench/experiments/resets_and_replay_on_the_lock.py [--jobs N] [--seeds N]

Each of 5 steps has four digits, of which one is right; the others pay a bait. Observations are noisy rotations of state
and step. All learners use the same discriminator, environment steps and gradient steps, and recompute replayed rewards.
Runs are stored in the folder of this file's name, and made only if they are missing there; the table and the figure are
written from them beside this file. A run takes 4 to 6 CPU seconds, all of them under three CPU minutes.
"""

from mdpkit import deep
from mdpkit.deep import twins
from mdpkit.deep.experiment import Experiment, Problem, Results
from mdpkit.report.experiment import run_script

BASELINE = "moment_matching"


def declare(seeds: int = 10) -> Experiment:
    """The grid of runs."""
    player = deep.Reinforcement(steps=100, options={"train_freq": (2, "step"), "exploration_fraction": 0.5})
    game = {"rounds": 12, "episodes": 5, "policy_player": player}
    learners = {
        BASELINE: deep.MomentMatching(**game),
        "FILTER": deep.FILTER(alpha=0.5, **game),
        "HyPE": deep.HyPE(expert_share=0.25, **game),
    }
    granted = {"demonstrations": 5, "episodes": 1_000_000, "resets": 1_000_000}
    options = {"H": 5, "digits": 4, "discrete": True}
    return Experiment(learners, {"lock": Problem(twins.combination_lock, options, granted)}, seeds)


def summary(results: Results) -> dict:
    """The table, with the caption of the figure."""
    if not results.equal_effort():
        raise SystemExit("the learners used different numbers of steps: the comparison is not a fair one")
    return {"baseline": BASELINE, "caption": results.caption(), "rows": results.summary(BASELINE)}


if __name__ == "__main__":
    run_script(__file__, __doc__, declare, summary, lambda results, table: results.draw())
