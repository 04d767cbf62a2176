"""SPO against DPO, RLHF and REBEL on a fitted reward, with sequence networks, where preferences are cyclic.

    python tests/bench/experiments/self_play_under_cyclic_raters.py [--jobs N] [--seeds N]

Responses are three tokens out of three, whose first tokens beat each other in a cycle. All learners use as many
comparisons: SPO those of its own responses, the others those of the reference's responses, which a reward explains by
one first token that it takes for the best. Methods that have a table for it are also run without network and without
sampling error.

Runs are stored in the folder of this file's name, and made only if they are missing there; the table and the figure are
written from them beside this file. All runs take about one CPU minute.
"""

import numpy as np
from matplotlib.figure import Figure

from mdpkit import deep, fit, grant, learn
from mdpkit.deep.aggregates import bootstrap, interquartile_mean
from mdpkit.deep.experiment import LEAST_SEEDS, Experiment, Results
from mdpkit.deep.preference_tasks import GeneralPreferenceTask, cyclic_raters
from mdpkit.report.experiment import run_script

ROUNDS, PAIRS = 40, 64
COMPARISONS = 2 * ROUNDS * PAIRS
BASELINE, TASK = "SPO", "cycle"
TABLES = {"SPO": learn.SPO(ROUNDS), "DPO": learn.DPO(), "RLHF": learn.RLHF()}


def declare(seeds: int = 10) -> Experiment:
    """The grid of runs."""
    network = deep.Sequences((3, 3))
    rounds = {"rounds": ROUNDS, "pairs": PAIRS, "steps": 30, "rate": 0.01}
    learners = {
        BASELINE: deep.SPO(network, **rounds),
        "DPO": deep.DPO(network),
        "RLHF": deep.RLHF(network, deep.BradleyTerry(network)),
        "REBEL": deep.REBEL(network, eta=0.4, model=deep.BradleyTerry(network), **rounds),
    }
    return Experiment(learners, {TASK: GeneralPreferenceTask(cyclic_raters, {}, {"preferences": COMPARISONS})}, seeds)


def exploitabilities(results: Results, learner: str) -> np.ndarray:
    """Exploitability of the returned policies, `[1, seed]`."""
    return np.array([[-results.runs[learner, TASK, seed]["returned"] for seed in results.experiment.seeds]])


def exact_exploitability(results: Results, learner: str) -> float:
    """The same of the table's learner with exact preferences."""
    task = results.experiment.problems[TASK]
    problem = task.make()
    return -task.judge(problem, fit(TABLES[learner], grant(problem, preferences="exact"), rng=None).policy)


def summary(results: Results) -> dict:
    """Exploitabilities, and their differences from that of SPO, with 95 % intervals."""
    n, rows = len(results.experiment.seeds), []
    base, settings = exploitabilities(results, BASELINE), {"resamples": 10_000}
    for learner in results.experiment.learners:
        own = exploitabilities(results, learner)
        low, high = bootstrap(own, rng=np.random.default_rng(0), **settings)
        row = {"learner": learner, "n": n, "exploitability": float(interquartile_mean(own))}
        row["interval"] = [float(low), float(high)]
        if learner in TABLES:
            row["table"] = exact_exploitability(results, learner)
        if learner != BASELINE:
            low, high = bootstrap(own, than=base, rng=np.random.default_rng(0), **settings)
            row["difference"] = row["exploitability"] - float(interquartile_mean(base))
            row["difference_interval"] = [float(low), float(high)]
            row["shown"] = bool(n >= LEAST_SEEDS and not low <= 0 <= high)
        rows.append(row)
    return {
        "baseline": BASELINE,
        "caption": caption(n),
        "reference": -results.experiment.problems[TASK].references()[0],
        "rows": rows,
    }


def caption(n: int) -> str:
    """What a reader of the figure must know."""
    return (
        f"Exact exploitability (0: minimax winner) of networks under cyclic preferences, n = {n} seeds, {COMPARISONS} "
        "comparisons each. Left: the returned policies; points: seeds; bars: 95 % bootstrap intervals of the interquartile "
        "mean; diamonds: the same method over all policies with exact preferences; dashed: the reference. Right: the "
        "policies of SPO's rounds, of which it returns the average, and those of REBEL; shaded: from the lowest to the "
        "highest seed."
    )


def draw(results: Results, found: dict) -> Figure:
    """Exploitabilities by learner, and by round."""
    figure = Figure(figsize=(6.75, 2.4), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    for k, row in enumerate(found["rows"]):
        own, (low, high) = exploitabilities(results, row["learner"])[0], row["interval"]
        middle = row["exploitability"]
        left.plot(np.full(len(own), k - 0.15), own, ".", color="0.6", markersize=3)
        left.errorbar(k, middle, [[middle - low], [high - middle]], fmt="o", color="C0", capsize=2)
        if "table" in row:
            left.plot(k + 0.2, row["table"], "kD", markersize=3)
    left.axhline(found["reference"], color="k", linestyle="--", linewidth=0.8)
    learners = [row["learner"] for row in found["rows"]]
    left.set(xticks=range(len(learners)), xticklabels=learners, xlim=(-0.5, len(learners) - 0.5), ylim=(0, 1))
    left.set(ylabel="exploitability")
    for name, colour in ((BASELINE, "C0"), ("REBEL", "C2")):
        rounds = -results.column(name, "J")[:, 0]
        right.plot(
            range(1, ROUNDS + 1), np.median(rounds, axis=1), color=colour, label=f"{name}, median of {rounds.shape[1]}"
        )
        right.fill_between(range(1, ROUNDS + 1), rounds.min(axis=1), rounds.max(axis=1), color=colour, alpha=0.15)
    right.set(xlabel="round")
    right.legend(loc="lower left")
    return figure


if __name__ == "__main__":
    run_script(__file__, __doc__, declare, summary, draw)
