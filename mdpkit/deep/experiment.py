"""Experiments with networks: a declared grid of learners, problems and seeds, whose runs are stored one by one."""

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.errors import InvalidModel
from ..base.files import write_whole
from ..base.parallel import each_result
from ..base.record import expect_counts
from ..base.shown import Shown, Table
from ..base.versions import versions
from ..learn import fit, grant
from ..measure import value
from ..model.access import Access
from ..model.policy import TabularPolicy
from .aggregates import bootstrap, interquartile_mean, performance_profile
from .twins import Twin

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEAST_SEEDS = 10
"""Fewest seeds with which a difference counts as shown."""

THRESHOLDS = np.linspace(0, 1, 101)
"""Normalised scores at which performance profiles are drawn."""


@dataclass(frozen=True)
class Problem:
    """A twin with a finite latent problem, and what learners are granted in its environment.

    Args:
        twin: a function that creates the Twin, such as `twins.combination_lock`. options: its arguments.
        granted: arguments of `grant` beside the expert, which is the twin's, and `rng`.
        draws: observations drawn for each latent state and step to judge a policy, as for `Twin.tabulate`.

    A policy's J is exact in the transitions and rewards of the latent problem, and averages its actions over the drawn
    observations.
    """

    twin: Callable[..., Twin]
    options: Mapping[str, Any]
    granted: Mapping[str, Any]
    draws: int = 50

    def make(self) -> Twin:
        """The twin."""
        return self.twin(**self.options)

    def access(self, twin: Twin, rng: np.random.Generator) -> Access:
        """A learner's access to the twin's environment."""
        return grant(twin.env(), expert=twin.expert(), rng=rng, **self.granted)

    def judge(self, twin: Twin, policy: Any) -> float:
        """J of a policy; the observations drawn are the same for all policies."""
        table = twin.tabulate(policy, self.draws, rng=np.random.default_rng(0))
        return float(value(twin.tabular().to_float(), table).mid)

    def references(self) -> tuple[float, float]:
        """J of uniformly random latent actions, and of the twin's expert."""
        twin = self.make()
        mdp = twin.tabular().to_float()
        random = TabularPolicy(np.full((mdp.S, mdp.A), 1 / mdp.A))
        return float(value(mdp, random).mid), self.judge(twin, twin.expert())


@dataclass(frozen=True)
class Experiment:
    """A grid of runs: every learner on every problem with every seed.

    Args:
        learners: name -> a learner, such as a deep.FILTER. problems: name -> a Problem. seeds: number of seeds, or the
            seeds.

    A run uses two generators that depend on its seed only, one for the access and one for the learner, so that all
    learners see the same demonstrations. Each iterate in the trace's column `policy` is judged, or the returned policy
    if there is no such column.

    Raises: InvalidModel for an empty grid, a name that is no file name, or settings that cannot be written down.
    """

    learners: Mapping[str, Any]
    problems: Mapping[str, Problem]
    seeds: int | Sequence[int] = 10

    def __post_init__(self) -> None:
        if isinstance(self.seeds, int):
            expect_counts(seeds=self.seeds)
        object.__setattr__(
            self, "seeds", tuple(range(self.seeds)) if isinstance(self.seeds, int) else tuple(self.seeds)
        )
        for what, names in (("learners", self.learners), ("problems", self.problems), ("seeds", self.seeds)):
            if not names:
                raise InvalidModel(f"{what} is empty; expected at least one")
        for name in (*self.learners, *self.problems):
            if not re.fullmatch(r"[\w-]+", name):
                raise InvalidModel(f"{name!r} cannot name a file; expected letters, digits, '_' and '-'")
        for thing in (*self.learners.values(), *self.problems.values()):
            describe(thing)

    def declaration(self, learner: str, problem: str, seed: int) -> dict[str, Any]:
        """All that determines a run, as plain JSON."""
        found = {"learner": self.learners[learner], "problem": self.problems[problem], "seed": seed}
        return {what: describe(thing) for what, thing in found.items()}

    def run(
        self, folder: str | Path, *, jobs: int = 1, scheduler: Any = None, notice: Callable[[str], Any] = print
    ) -> "Results":
        """Make the runs that are missing in a folder, in parallel processes if `jobs` > 1, and read all of them.

        Args:
            folder: it receives one JSON file for each run, written atomically when the run ends.
            jobs: processes.
            scheduler: a Dask cluster in place of processes: the address of its scheduler, or a `distributed.Client`.
            notice: called with a sentence when the cluster is silent.

        Raises: InvalidModel if a file in the folder was declared differently; WorkerLost if a process dies or the
            cluster cannot be used: finished runs are kept.
        """
        expect_counts(jobs=jobs)
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        missing = {".".join(map(str, cell)): cell for cell in self._cells() if self._read(folder, cell) is None}
        calls = {name: (self, cell) for name, cell in missing.items()}
        for name, found in each_result(_run, calls, workers=jobs, scheduler=scheduler, notice=notice):
            write_whole(self._file(folder, missing[name]), json.dumps(found, indent=1) + "\n")
        return self.read(folder)

    def read(self, folder: str | Path) -> "Results":
        """The stored runs.

        Raises: InvalidModel if one is missing, or was declared differently.
        """
        runs = {cell: self._read(Path(folder), cell) for cell in self._cells()}
        missing = [self._file(Path(folder), cell).name for cell, found in runs.items() if found is None]
        if missing:
            raise InvalidModel(
                f"{len(missing)} of {len(runs)} runs are missing in {folder}, such as {missing[0]}; run() them"
            )
        return Results(self, runs)

    def _cells(self):
        """All runs, seed by seed, so that an interrupted experiment has whole seeds."""
        return [(name, problem, seed) for seed in self.seeds for problem in self.problems for name in self.learners]

    def _file(self, folder, cell):
        name, problem, seed = cell
        return folder / f"{name}.{problem}.{seed}.json"

    def _read(self, folder, cell):
        path = self._file(folder, cell)
        if not path.exists():
            return None
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            stored = found["declared"]
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidModel(f"{path} is not a run of an experiment: {error}") from error
        declared = self.declaration(*cell)
        for what in declared:
            if stored.get(what) != declared[what]:
                raise InvalidModel(
                    f"{path} was declared differently: its {what} is {stored.get(what)}; expected {declared[what]}"
                )
        return found


class Results(Shown):
    """The runs of an experiment.

    Attributes: experiment: the Experiment. runs: (learner, problem, seed) -> the stored run.

    Scores are normalised: (J - J of random actions) / (J of the expert - J of random actions).
    """

    def __init__(self, experiment: Experiment, runs: Mapping[tuple[str, str, int], Mapping[str, Any]]) -> None:
        self.experiment, self.runs = experiment, runs

    def column(self, learner: str, name: str) -> np.ndarray:
        """A column of the runs of a learner, `[round, problem, seed]`.

        Args: learner: its name. name: "score", normalised; "J", "steps" or "updates".
        Raises: InvalidModel for runs of different length.
        """
        grid = self.experiment
        if name == "score":
            ends = np.array([self._references(problem) for problem in grid.problems])
            return (self.column(learner, "J") - ends[:, :1]) / (ends[:, 1:] - ends[:, :1])
        rows = [[self.runs[learner, problem, seed][name] for seed in grid.seeds] for problem in grid.problems]
        lengths = {len(run) for row in rows for run in row}
        if len(lengths) > 1:
            raise InvalidModel(f"the runs of {learner} have {sorted(lengths)} rounds; expected one number of rounds")
        return np.moveaxis(np.array(rows, dtype=float), -1, 0)

    def area(self, learner: str) -> np.ndarray:
        """Mean score over the rounds, `[problem, seed]`: the area under the curve, since rounds have equal steps."""
        return self.column(learner, "score").mean(axis=0)

    def equal_effort(self) -> bool:
        """Whether all runs had used the same environment steps and gradient steps at the end of every round."""
        columns = [
            np.stack([self.column(learner, name) for learner in self.experiment.learners])
            for name in ("steps", "updates")
        ]
        return all(bool((column == column[:1, :, :, :1]).all()) for column in columns)

    def summary(self, baseline: str, *, confidence: float = 0.95, resamples: int = 10_000) -> list[dict[str, Any]]:
        """For each learner the interquartile mean of the area, and its difference from a baseline, with intervals.

        Args: baseline: name of a learner. confidence, resamples: of the stratified bootstrap.
        Returns: rows with `learner`, `n` (seeds), `area`, `interval`, and for all but the baseline `difference`, its
            `difference_interval` and `shown`: whether that interval excludes 0 and there are at least ten seeds.
        """
        settings = {"confidence": confidence, "resamples": resamples}
        rows, reference = [], self.area(baseline)
        for learner in self.experiment.learners:
            area, rng = self.area(learner), np.random.default_rng(0)
            row = {"learner": learner, "n": area.shape[1], "area": float(interquartile_mean(area))}
            row["interval"] = [float(end) for end in bootstrap(area, rng=rng, **settings)]
            if learner != baseline:
                low, high = (float(end) for end in bootstrap(area, than=reference, rng=rng, **settings))
                row["difference"] = row["area"] - float(interquartile_mean(reference))
                row["difference_interval"] = [low, high]
                row["shown"] = row["n"] >= LEAST_SEEDS and not low <= 0 <= high
            rows.append(row)
        return rows

    def caption(self) -> str:
        """What a reader of the figure must know."""
        grid = self.experiment
        effort = "equal" if self.equal_effort() else "different"
        where = f" on each of {len(grid.problems)} problems" if len(grid.problems) > 1 else ""
        return (
            f"Left: interquartile mean, over n = {len(grid.seeds)} seeds{where}, of the normalised exact return J of the "
            "iterates (0: random actions, 1: expert) against environment steps, those for the reward player included; "
            "shaded: 95 % stratified bootstrap intervals of each point. Right: fraction of runs whose mean over rounds "
            f"exceeds a threshold. All learners used {effort} environment steps and gradient steps."
        )

    def draw(self, axes: Any = None) -> "Figure":
        """Draw learning curves and performance profiles, to be shown with `caption()`.

        Args: axes: two axes of matplotlib; those of a new figure of the width of a page if left out.
        Returns: the figure of the axes.
        """
        if axes is None:
            from matplotlib.figure import Figure

            axes = Figure(figsize=(6.75, 2.4), layout="constrained").subplots(1, 2)
        left, right = axes
        for k, learner in enumerate(self.experiment.learners):
            steps, score = self.column(learner, "steps").mean(axis=(1, 2)), self.column(learner, "score")
            low, high = bootstrap(score, rng=np.random.default_rng(0))
            left.plot(
                steps,
                interquartile_mean(score),
                color=f"C{k}",
                marker="o",
                markersize=2,
                label=learner.replace("_", " "),
            )
            left.fill_between(steps, low, high, color=f"C{k}", alpha=0.15, linewidth=0)
            right.step(THRESHOLDS, performance_profile(self.area(learner), THRESHOLDS), color=f"C{k}", where="post")
        left.set(xlabel="environment steps", ylabel="normalised $J$")
        right.set(xlabel="mean over rounds of normalised $J$", ylabel="fraction of runs above", ylim=(-0.02, 1.02))
        left.legend(title=f"n = {len(self.experiment.seeds)} seeds")
        return left.figure

    def _references(self, problem):
        """J of random actions and of the expert, as stored with the runs."""
        cell = next(cell for cell in self.runs if cell[1] == problem)
        return self.runs[cell]["references"]

    def __repr__(self):
        grid = self.experiment
        return f"Results({', '.join(grid.learners)}; {len(self.runs)} runs, {len(grid.seeds)} seeds)"

    def _tables(self):
        baseline = next(iter(self.experiment.learners))
        heads = ("learner", "seeds", "area", "95 % interval", f"less {baseline}", "95 % interval", "")
        return (Table("", heads, tuple(_row(row) for row in self.summary(baseline))),)


def describe(thing: Any) -> Any:
    """Settings as plain JSON: dataclasses by name and fields (those that count in comparisons), functions by name.

    Raises: InvalidModel for anything else, such as a lambda, whose name does not identify it.

    >>> from mdpkit.deep.plumbing.schedule import Decaying
    >>> describe({"rate": Decaying(1.0)})
    {'rate': {'kind': 'mdpkit.deep.plumbing.schedule.Decaying', 'first': 1.0, 'power': 1.0}}
    """
    if thing is None or isinstance(thing, bool | int | float | str):
        return thing
    if is_dataclass(thing) and not isinstance(thing, type):
        own = {field.name: describe(getattr(thing, field.name)) for field in fields(thing) if field.compare}
        return {"kind": f"{type(thing).__module__}.{type(thing).__qualname__}", **own}
    if isinstance(thing, Mapping):
        return {str(key): describe(entry) for key, entry in thing.items()}
    if isinstance(thing, list | tuple):
        return [describe(entry) for entry in thing]
    name = getattr(thing, "__qualname__", "<")
    if "<" in name:
        raise InvalidModel(
            f"{thing!r} cannot be written down in a declaration; expected numbers, text, lists, dataclasses or functions "
            "of a module"
        )
    return f"{thing.__module__}.{name}"


def _run(experiment, cell):
    """One run, as plain JSON."""
    name, problem, seed = cell
    given, start = experiment.problems[problem], time.process_time()
    twin = given.make()
    of_access, own = (np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(2))
    access = given.access(twin, of_access)
    answer = fit(experiment.learners[name], access, rng=own)
    policies = list(answer.trace.get("policy", [answer.policy]))
    trained = time.process_time() - start
    found = {
        "declared": experiment.declaration(*cell),
        "versions": {**versions(), "torch": version("torch"), "stable-baselines3": version("stable-baselines3")},
        "references": given.references(),
        "J": [given.judge(twin, policy) for policy in policies],
        "returned": given.judge(twin, answer.policy),
        **{each: [int(k) for k in answer.trace[each]] for each in ("steps", "updates") if each in answer.trace},
        "used": {kind: count for kind, count in asdict(answer.used).items() if count},
        "cpu_seconds": round(trained, 2),
    }
    if "best" in answer.trace:
        found["best"] = int(np.argmax(answer.trace["best"]))
    return found


def _row(row):
    area = (row["learner"], str(row["n"]), f"{row['area']:.3f}", "{:.3f} to {:.3f}".format(*row["interval"]))
    if "difference" not in row:
        return (*area, "", "", "")
    ends = "{:.3f} to {:.3f}".format(*row["difference_interval"])
    return (*area, f"{row['difference']:.3f}", ends, "shown" if row["shown"] else "not shown")
