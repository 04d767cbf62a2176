"""Learning curves: what learners' policies are worth against what they used."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.errors import InvalidModel
from ..base.interval import Interval
from ..base.shown import Shown, Table
from ..measure import regret, sampled_mean, value
from ..model.access import Meter
from ..model.game import MarkovGame
from ..model.mdp import MDP
from .granting import expect_tasks, grant
from .learner import Learner, fit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COUNTS = tuple(field.name for field in fields(Meter))


@dataclass(frozen=True)
class Run:
    """One fit: the learner's name, its point on the curve, the seed, the Meter of what it used, and J of its policy.

    In a game, `value` is the largest regret of a player; of several tasks, the mean value.
    """

    learner: str
    point: int
    seed: int
    used: Meter
    value: float


class Comparison(Shown):
    """Runs of several learners on one problem, at points of increasing budgets and with several seeds.

    Attributes:
        runs: the Runs. names: the learners, in order.
        expert: J of the expert, or its largest regret in a game; or None.
        confidence: of the intervals of `curve`.
        quantity: what the runs' values are, "value" or "largest regret".
    """

    def __init__(
        self,
        runs: Iterable[Run],
        expert: float | None = None,
        confidence: str = "95/100",
        quantity: str = "value",
    ) -> None:
        self.runs, self.expert, self.confidence, self.quantity = tuple(runs), expert, confidence, quantity
        self.names = tuple(dict.fromkeys(run.learner for run in self.runs))

    def curve(self, name: str, meter: str = "steps") -> list[tuple[float, Interval]]:
        """For every point of a learner the mean count of a meter, and a confidence interval of the mean value.

        Args: name: a learner. meter: an attribute of Meter, such as "steps", "resets" or "queries".
        Raises: InvalidModel for an unknown name or meter.
        """
        if name not in self.names:
            raise InvalidModel(f"no learner is called {name!r}; expected one of {', '.join(self.names)}")
        if meter not in COUNTS:
            raise InvalidModel(f"no meter counts {meter!r}; expected one of {', '.join(COUNTS)}")
        own = [run for run in self.runs if run.learner == name]
        points = [[run for run in own if run.point == point] for point in sorted({run.point for run in own})]
        return [
            (
                float(np.mean([asdict(run.used)[meter] for run in runs])),
                sampled_mean([run.value for run in runs], self.confidence),
            )
            for runs in points
        ]

    def draw(self, meter: str = "steps", ax: Any = None) -> "Figure":
        """Draw the learning curves: mean values with their intervals against a meter, and the expert's value.

        Args: meter: as for `curve`. ax: axes of matplotlib; those of a new figure of the width of a column if left out.
        Returns: the figure of the axes.
        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(3.25, 2.4), layout="constrained").add_subplot()
        for k, name in enumerate(self.names):
            counts, found = zip(*self.curve(name, meter), strict=True)
            mean = np.array([each.mid for each in found])
            ax.errorbar(
                counts, mean, [each.width / 2 for each in found], fmt="o-", color=f"C{k}", capsize=2, label=name
            )
        if self.expert is not None:
            ax.axhline(self.expert, color="k", linestyle="--", label="expert")
        ax.set(xlabel=meter.replace("_", " "), ylabel="value $J$" if self.quantity == "value" else self.quantity)
        ax.legend()
        return ax.figure

    def __repr__(self):
        seeds = len({run.seed for run in self.runs})
        return f"Comparison({', '.join(self.names)}; {len(self.runs)} fits, {seeds} seeds)"

    def _tables(self):
        used = [meter for meter in COUNTS if any(asdict(run.used)[meter] for run in self.runs)]
        rows = []
        for name in self.names:
            columns = [self.curve(name, meter) for meter in used]
            for point, (_, found) in enumerate(columns[0]):
                counts = (f"{column[point][0]:.4g}" for column in columns)
                rows.append((name, *counts, f"{found.mid:.4g} ± {found.width / 2:.2g}"))
        return (Table("", ("learner", *(meter.replace("_", " ") for meter in used), self.quantity), tuple(rows)),)


def compare(
    problem: MDP | MarkovGame | Sequence[MDP],
    learners: Mapping[str, Learner[Any] | Sequence[Learner[Any]]],
    grants: Mapping[str, Any] | Sequence[Mapping[str, Any]],
    seeds: int | Iterable[int] = 20,
    *,
    confidence: str = "95/100",
) -> Comparison:
    """Fit learners with the same grants and seeds, and compare what their policies are worth by what they used.

    Args:
        problem: an MDP, on which the value of each policy is computed exactly; or a MarkovGame, where the largest
            regret of a player takes the place of the value; or a list of tasks as for `grant`, with the mean value over
            tasks.
        learners: name -> a learner, or a list of learners with increasing settings, such as rounds: the points of its
            curve.
        grants: arguments of `grant`, such as dict(expert=expert, demonstrations=10, episodes=1000); or a list of them,
            the points of the curve of a single learner. If both are lists, point k takes the k-th of each.
        seeds: how many, or which; each gives one generator for the access and one for the learner, the same for all
            learners.
        confidence: of the intervals of mean values over seeds (Student's), of which at least two are needed.

    Returns: a Comparison, with `curve`, `draw` and `runs`.
    Raises: InvalidModel if the lists differ in length or there are fewer than two seeds; MissingAccess naming what a
        learner needs and was not granted.

    >>> from mdpkit.instances import named
    >>> from mdpkit.learn import Cloning, DAgger
    >>> m = named("ditch", H=4)
    >>> found = compare(
    ...     m.mdp,
    ...     {"cloning": Cloning(), "DAgger": [DAgger(n, episodes=2) for n in (1, 3)]},
    ...     dict(expert=m.expert, demonstrations=2, episodes=10, queries=100),
    ...     seeds=3,
    ... )
    >>> found, [count for count, _ in found.curve("DAgger", "queries")]
    (Comparison(cloning, DAgger; 9 fits, 3 seeds), [8.0, 24.0])
    """
    if isinstance(problem, list | tuple):
        expect_tasks(problem)
    elif not isinstance(problem, MDP | MarkovGame):
        raise InvalidModel(
            f"compare takes an MDP, on which policies have exact values, or a MarkovGame; got {type(problem).__name__}"
        )
    judge, quantity = _judge(problem)
    chosen = tuple(range(seeds)) if isinstance(seeds, int) else tuple(seeds)
    if len(chosen) < 2:
        raise InvalidModel(f"seeds is {seeds!r}; expected at least two, for an interval")
    if not learners:
        raise InvalidModel("learners is empty; expected a name and a learner, such as {'cloning': Cloning()}")
    runs, expert = [], None
    for name, given in learners.items():
        for point, (learner, options) in enumerate(_points(name, given, grants)):
            expert = options.get("expert", expert)
            for seed in chosen:
                of_access, own = (np.random.default_rng([seed, k]) for k in (0, 1))
                answer = fit(learner, grant(problem, rng=of_access, **options), rng=own)
                runs.append(Run(name, point, int(seed), answer.used, judge(answer.policy)))
    return Comparison(runs, None if expert is None else judge(expert), confidence, quantity)


def _judge(problem):
    """The function that scores a policy, and what it computes."""
    if isinstance(problem, list | tuple):
        return lambda policies: _mean_value(problem, policies), "mean value of the tasks"
    if isinstance(problem, MarkovGame):
        return lambda policy: _number(regret(problem, policy).max()), "largest regret"
    return lambda policy: _number(value(problem, policy)), "value"


def _mean_value(tasks, policies):
    """The mean over tasks of the value of `policies[k]`."""
    return float(np.mean([_number(value(task, policies[k])) for k, task in enumerate(tasks)]))


def _points(name, given, grants):
    """Pairs of a learner and its grant, one for each point of its curve.

    Raises: InvalidModel if both are lists of different lengths.
    """
    several = list(given) if isinstance(given, list | tuple) else None
    budgets = None if isinstance(grants, Mapping) else list(grants)
    if several is not None and budgets is not None and len(several) != len(budgets):
        raise InvalidModel(f"{name} has {len(several)} settings and there are {len(budgets)} grants; expected as many")
    count = len(several or budgets or [None])
    return list(zip(several or [given] * count, budgets or [grants] * count, strict=True))


def _number(known):
    return float(known.mid if isinstance(known, Interval) else known)
