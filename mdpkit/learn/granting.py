"""Grant a learner access to a problem."""

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any, Protocol

import numpy as np

from ..base.errors import InvalidModel
from ..base.record import expect_counts
from ..model.access import Access, TasksAccess, expect_generator
from ..model.comparisons import Comparisons
from ..model.data import Trajectories
from ..model.game import MarkovGame
from ..model.horizon import Average, Total
from ..model.mdp import MDP
from ..model.preference import PreferenceProblem
from ._environment import EnvironmentSimulator
from ._finite import FiniteSimulator, demonstrate, finite_setting
from ._game import GameSimulator, joint_process
from ._judge import Judge
from ._labels import Labels, expect_player


class Environment(Protocol):
    """What is asked of an environment: gymnasium's interface."""

    observation_space: Any
    action_space: Any

    @property
    def reset(self) -> Callable[..., Any]:
        """`reset(seed=, options=)`, (observation, info)."""

    @property
    def step(self) -> Callable[..., Any]:
        """`step(action)`, (observation, reward, terminated, truncated, info)."""


def grant(
    problem: MDP | MarkovGame | PreferenceProblem | Environment | Sequence[MDP],
    *,
    expert: Any = None,
    demonstrations: int | str | Trajectories | Sequence[Trajectories] = 0,
    episodes: int | str | None = None,
    resets: int | str | None = None,
    queries: int | str = 0,
    preferences: int | str | Comparisons = 0,
    rewards: bool | None = None,
    rng: np.random.Generator | None = None,
) -> Access:
    """Access to a problem: the kinds and numbers of interactions granted to a learner.

    Args:
        problem: an MDP, a MarkovGame over a finite horizon, a gymnasium environment, or a PreferenceProblem (for
            preferences and rewards); or a list of MDPs, tasks that differ in their rewards alone.
        expert: a policy, the source of demonstrations and labels; of a game a JointPolicy. Actions of a game are joint
            actions, in C order. Of several tasks a list of policies.
        demonstrations: number of expert episodes; or Trajectories; or "exact", the expert's occupancy. Of several
            tasks a count or "exact" for each of them, or a list of Trajectories.
        episodes: number of episodes from the initial distribution; or "exact": unlimited with every policy's occupancy.
            Defaults to 0; for several tasks to "exact".
        resets: number of episodes that start at a state of the learner's choice; or "exact" for unlimited. Without
            resets, episodes of an environment do not report its `state`, which may contain more than the observation.
        queries: number of observations at which to query the expert; or "exact": its action distribution, unlimited.
        preferences: number of comparisons; or Comparisons; or "exact": the probability of every outcome, unlimited.
        rewards: whether steps return the reward; defaults to True if and only if there is no expert, or several tasks.
            With episodes="exact" the reward itself is known. Never granted for a game. For a PreferenceProblem whether
            responses can be scored; defaults to False.
        rng: a numpy Generator for sampling; required unless everything granted is exact.

    Returns: an Access, which counts what is used.
    Raises: InvalidModel naming the argument that does not fit the problem.

    >>> from mdpkit.model import MDP, Finite, TabularPolicy
    >>> stay = MDP([[[1.0]]], [[1.0]], horizon=Finite(2))
    >>> grant(stay, expert=TabularPolicy([[1.0]]), demonstrations="exact", episodes=3, rng=np.random.default_rng(0))
    Access(demonstrations=exact, episodes=3; used Meter())
    """
    if isinstance(problem, list | tuple):
        return _grant_tasks(
            problem,
            expert,
            demonstrations,
            dict(episodes="exact" if episodes is None else episodes, resets=resets, queries=queries),
            dict(preferences=preferences, rewards=True if rewards is None else rewards, rng=rng),
        )
    episodes = 0 if episodes is None else episodes
    counts = {
        "episodes": episodes,
        "resets": 0 if resets is None else resets,
        "queries": queries,
        "preferences": preferences,
    }
    for name, count in counts.items():
        if not (name == "preferences" and isinstance(count, Comparisons) and isinstance(problem, PreferenceProblem)):
            _countable(name, count)
    if rng is not None:
        expect_generator(rng)
    if isinstance(problem, PreferenceProblem):
        return _comparing(problem, expert, demonstrations, counts, rewards, rng)
    if preferences:
        raise InvalidModel(f"preferences are of a PreferenceProblem; got {type(problem).__name__}")
    game = problem if isinstance(problem, MarkovGame) else None
    if game is not None:
        if rewards:
            raise InvalidModel("rewards=True: each player of a game has its own; grant the process of game.player(i)")
        problem, rewards = joint_process(game), False
    rewards = expert is None if rewards is None else rewards
    finite = isinstance(problem, MDP)
    if finite and isinstance(problem.horizon, Average | Total):
        name = "an Average()" if isinstance(problem.horizon, Average) else "a Total()"
        raise InvalidModel(
            f"the episodes of {name} problem do not end; access is granted over Finite(H) or Discounted(gamma)"
        )
    if not finite and not all(
        hasattr(problem, name) for name in ("reset", "step", "observation_space", "action_space")
    ):
        raise InvalidModel(
            f"{type(problem).__name__} is not a learning problem; expected an MDP, a MarkovGame or a gymnasium environment"
        )
    if rng is None and (
        any(count not in (0, "exact") for count in counts.values()) or _needs_sampling(demonstrations) or not finite
    ):
        raise InvalidModel("the access requires sampling: give rng=numpy.random.default_rng(seed)")
    if expert is None and (queries or not (isinstance(demonstrations, Trajectories) or demonstrations == 0)):
        raise InvalidModel(
            "demonstrations and queries require an expert; give expert=, or demonstrations as Trajectories"
        )
    if expert is not None and finite and not callable(getattr(expert, "to_tabular", None)):
        raise InvalidModel(f"expert is {expert!r}; expected a policy with a table for {problem!r}")
    if not finite:
        if expert is not None:
            expect_player(expert)
        return _environment(problem, expert, demonstrations, counts, rewards, rng)
    setting = finite_setting(problem, None if game is None else game.actions)
    expert = None if expert is None else expert.to_tabular(problem)
    shown = demonstrate(problem, expert, demonstrations, rng)
    simulator = None
    if episodes or resets:
        simulator = FiniteSimulator(problem, rng) if game is None else GameSimulator(game, rng)
    seen = "exact" if isinstance(demonstrations, str) else 0 if shown is None else len(shown)
    granted = {
        "demonstrations": seen,
        **counts,
        "rewards": rewards and simulator is not None,
        "model": episodes == "exact",
    }
    asked = Labels(expert, setting, rng) if queries else None
    return Access(setting, granted, demonstrations=shown, simulator=simulator, expert=asked)


def _grant_tasks(tasks, experts, demonstrations, counts, others):
    """Access to several tasks: one of each, after a check that they differ in their rewards alone."""
    expect_tasks(tasks)
    several = isinstance(experts, list | tuple)
    if isinstance(demonstrations, Trajectories):
        raise InvalidModel(
            f'demonstrations are Trajectories; expected a list of them for {len(tasks)} tasks, a count or "exact"'
        )
    if not several and experts is not None:
        raise InvalidModel(f"expert is {experts!r}; expected a list with a policy for each of {len(tasks)} tasks")
    shown = list(demonstrations) if isinstance(demonstrations, list | tuple) else [demonstrations] * len(tasks)
    for name, given in (("expert", experts if several else tasks), ("demonstrations", shown)):
        if len(given) != len(tasks):
            raise InvalidModel(f"{name} has {len(given)} entries; expected one for each of {len(tasks)} tasks")
    accesses = []
    for k, task in enumerate(tasks):
        try:
            own = grant(task, expert=experts[k] if several else None, demonstrations=shown[k], **counts, **others)
        except InvalidModel as error:
            raise InvalidModel(f"task {k}: {error}") from error
        accesses.append(own)
    return TasksAccess(tuple(accesses))


def expect_tasks(tasks: Sequence[MDP]) -> None:
    """Check that tasks are MDPs with the same states, actions, dynamics and horizon, in one number kind.

    Raises: InvalidModel naming the first task that differs from task 0, and in what.
    """
    if not tasks:
        raise InvalidModel("the list of tasks is empty; expected at least one MDP")
    for k, task in enumerate(tasks):
        if not isinstance(task, MDP):
            raise InvalidModel(
                f"task {k} is {type(task).__name__}; several tasks are MDPs that differ in their rewards"
            )
        first = tasks[0]
        if (task.S, task.A) != (first.S, first.A):
            raise InvalidModel(f"task {k} is {task!r}, task 0 is {first!r}; expected the same states and actions")
        if task.exact != first.exact:
            kinds = {True: "rational", False: "of floats"}
            raise InvalidModel(f"task {k} is {kinds[task.exact]} and task 0 {kinds[first.exact]}; expected one kind")
        differing = [
            field.name for field in fields(first) if field.name not in NOT_COMPARED and _differ(first, task, field)
        ]
        if differing:
            raise InvalidModel(
                f"task {k} differs from task 0 in {', '.join(differing)}; tasks share everything but their rewards"
            )


NOT_COMPARED = ("r", "state_names", "action_names")


def _differ(first, other, field):
    """Whether two MDPs differ in a field: that field of one put into the other changes it."""
    try:
        return replace(first, **{field.name: getattr(other, field.name)}) != first
    except InvalidModel:
        return True


def _environment(problem, expert, demonstrations, counts, rewards, rng):
    simulator = EnvironmentSimulator(problem, rng)
    for name, count in counts.items():
        if count == "exact":
            raise InvalidModel(f"{name} of an environment is a count; only a finite problem has exact laws")
    if counts["resets"]:
        simulator.allow_resets()
    if isinstance(demonstrations, str):
        raise InvalidModel(
            "demonstrations of an environment are a count or Trajectories; only a finite problem has an exact law"
        )
    if isinstance(demonstrations, Trajectories):
        simulator.check(demonstrations)
    else:
        expect_counts(0, demonstrations=demonstrations)
    shown = demonstrations if isinstance(demonstrations, Trajectories) else None
    if demonstrations and shown is None:
        shown = simulator.play(expert, demonstrations, rng, rewards=False)
    granted = {"demonstrations": 0 if shown is None else len(shown), **counts, "rewards": rewards}
    used = counts["episodes"] or counts["resets"]
    asked = Labels(expert, simulator.setting, rng) if counts["queries"] else None
    return Access(simulator.setting, granted, demonstrations=shown, simulator=simulator if used else None, expert=asked)


def _comparing(problem, expert, demonstrations, counts, rewards, rng):
    asked = counts["preferences"]
    other = [name for name, count in counts.items() if name != "preferences" and count]
    if expert is not None or not (isinstance(demonstrations, int) and demonstrations == 0) or other:
        raise InvalidModel("a PreferenceProblem grants preferences and rewards alone")
    given = asked if isinstance(asked, Comparisons) else None
    if given is not None:
        given.check(problem.X, problem.Y)
    elif asked and asked != "exact" and rng is None:
        raise InvalidModel("comparisons are sampled: give grant(..., rng=numpy.random.default_rng(seed))")
    if rewards and problem.win is not None:
        raise InvalidModel("rewards=True: the preferences are given by `win`; this problem has no rewards")
    judge = Judge(problem, rng, given)
    granted = {**counts, "preferences": asked if given is None else len(given), "rewards": bool(rewards)}
    return Access(judge.setting, granted, judge=judge if asked or rewards else None)


def _countable(name, count):
    if (
        count == "exact"
        if isinstance(count, str)
        else isinstance(count, int | np.integer) and not isinstance(count, bool) and count >= 0
    ):
        return
    raise InvalidModel(f'{name} is {count!r}; expected a count of at least 0, or "exact"')


def _needs_sampling(demonstrations):
    return not isinstance(demonstrations, Trajectories | str) and demonstrations != 0
