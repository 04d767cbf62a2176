"""DPO, HyPO, RLHF and online DPO with sequence networks, where comparisons cover all responses and where they do not.

    python tests/bench/experiments/coverage_of_comparisons.py [--jobs N] [--seeds N]

Responses are four tokens out of four, of which one is rare under the reference and spoils the response. The comparisons
are of the reference's responses, or of those without the bad token. All learners see as many comparisons; online DPO
compares its own responses with the reference's. The others are solved without network and sampling error as well.
DPO and RLHF then lose what the comparisons do not show, and networks lose more, since they extrapolate. HyPO's limit is
the policy closest to the reference, which gives the bad token more probability than the reference does.

Runs are stored in the folder of this file's name, and made only if they are missing there; the table and the figure are
written from them beside this file. All runs take about two CPU minutes.
"""

import numpy as np
from matplotlib.figure import Figure

from mdpkit import deep, fit, grant, learn
from mdpkit.deep.aggregates import bootstrap, interquartile_mean
from mdpkit.deep.experiment import LEAST_SEEDS, Experiment, Results
from mdpkit.deep.preference_tasks import PreferenceTask, unseen_token
from mdpkit.report.experiment import run_script

COMPARISONS, STEPS, ROUNDS = 4000, 600, 20
PROBLEMS = {"all_covered": "all responses compared", "bad_unseen": "bad token never compared"}
TABLES = {"DPO": learn.DPO(), "HyPO": learn.HyPO(penalty="1/50"), "RLHF": learn.RLHF()}
DIFFERENCES = [
    (("DPO", "bad_unseen"), ("DPO", "all_covered")),
    (("HyPO", "bad_unseen"), ("DPO", "bad_unseen")),
    (("RLHF", "bad_unseen"), ("DPO", "bad_unseen")),
    (("online_DPO", "bad_unseen"), ("DPO", "bad_unseen")),
    (("online_DPO", "bad_unseen"), ("RLHF", "bad_unseen")),
]


def declare(seeds: int = 10) -> Experiment:
    """The grid of runs."""
    network = deep.Sequences((4, 4))
    settings = {"steps": STEPS, "every": STEPS}
    learners = {
        "DPO": deep.DPO(network, **settings),
        "HyPO": deep.HyPO(network, penalty="1/50", **settings),
        "RLHF": deep.RLHF(network, deep.BradleyTerry(network, **settings), **settings),
        "online_DPO": deep.OnlineDPO(network, ROUNDS, COMPARISONS // ROUNDS, steps=STEPS // ROUNDS),
    }
    granted = {"preferences": COMPARISONS}
    problems = {name: PreferenceTask(unseen_token, {"covered": name == "all_covered"}, granted) for name in PROBLEMS}
    return Experiment(learners, problems, seeds)


def scores(results: Results, learner: str, problem: str) -> np.ndarray:
    """Normalised J of the returned policies, `[1, seed]`."""
    runs = [results.runs[learner, problem, seed] for seed in results.experiment.seeds]
    low, high = runs[0]["references"]
    return np.array([[(run["returned"] - low) / (high - low) for run in runs]])


def exact_score(results: Results, learner: str, problem: str) -> float:
    """The same of the table's learner on the law of all comparisons."""
    task = results.experiment.problems[problem]
    made, (low, high) = task.make(), task.references()
    policy = fit(TABLES[learner], grant(made, preferences="exact"), rng=None).policy
    return (task.judge(made, policy) - low) / (high - low)


def summary(results: Results) -> dict:
    """Scores, and differences with 95 % intervals."""
    n = len(results.experiment.seeds)
    rows, differences = [], []
    for problem in PROBLEMS:
        for learner in results.experiment.learners:
            own = scores(results, learner, problem)
            low, high = bootstrap(own, rng=np.random.default_rng(0), resamples=10_000)
            row = {"learner": learner, "problem": problem, "n": n, "score": float(interquartile_mean(own))}
            row |= {"interval": [float(low), float(high)], "worst": float(own.min())}
            if learner in TABLES:
                row["table"] = exact_score(results, learner, problem)
            rows.append(row)
    for first, second in DIFFERENCES:
        one, other = scores(results, *first), scores(results, *second)
        low, high = bootstrap(one, than=other, rng=np.random.default_rng(0), resamples=10_000)
        difference = float(interquartile_mean(one) - interquartile_mean(other))
        found = {"of": first, "less": second, "difference": difference, "interval": [float(low), float(high)]}
        differences.append({**found, "shown": bool(n >= LEAST_SEEDS and not low <= 0 <= high)})
    return {"caption": caption(n), "rows": rows, "differences": differences}


def caption(n: int) -> str:
    """What a reader of the figure must know."""
    return (
        f"Normalised exact J, with its KL penalty, of the returned networks (0: reference, 1: optimum), n = {n} seeds, "
        f"{COMPARISONS} comparisons each. Points: seeds; bars: 95 % bootstrap intervals of the interquartile mean; "
        "diamonds: the same method over all policies on the law of all comparisons. Left: the comparisons' responses are "
        "drawn from the reference; right: from its law given that the bad token does not occur, but online DPO compares its "
        "own responses, in both panels."
    )


def draw(results: Results, found: dict) -> Figure:
    """Scores by learner, one panel a problem."""
    figure = Figure(figsize=(6.75, 2.4), layout="constrained")
    learners = list(results.experiment.learners)
    for ax, (problem, words) in zip(figure.subplots(1, 2, sharey=True), PROBLEMS.items(), strict=True):
        for k, learner in enumerate(learners):
            row = next(row for row in found["rows"] if (row["learner"], row["problem"]) == (learner, problem))
            own = scores(results, learner, problem)[0]
            ax.plot(np.full(len(own), k - 0.15), own, ".", color="0.6", markersize=3)
            low, high = row["interval"]
            ax.errorbar(k, row["score"], [[row["score"] - low], [high - row["score"]]], fmt="o", color="C0", capsize=2)
            if "table" in row:
                ax.plot(k + 0.2, row["table"], "kD", markersize=3)
        ax.axhline(0, color="0.8", linewidth=0.5)
        names = [name.replace("_", " ") for name in learners]
        ax.set(xlabel=words, xticks=range(len(learners)), xticklabels=names, xlim=(-0.5, len(learners) - 0.5))
    figure.axes[0].set(ylabel="normalised $J$")
    figure.axes[1].plot([], [], "kD", markersize=3, label="exact")
    figure.axes[1].plot([], [], "oC0", label=f"network, n = {len(results.experiment.seeds)}")
    figure.axes[1].legend(loc="upper left")
    return figure


if __name__ == "__main__":
    run_script(__file__, __doc__, declare, summary, draw)
