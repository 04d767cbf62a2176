"""Policy search by dynamic programming: backward in time, each step optimised under the expert's state distribution."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np

from ...base.arrays import exactly, floats, is_exact, like, zeros
from ...base.errors import InvalidModel
from ...base.record import numbers
from ...base.types import Numbers
from ...model.access import KINDS, Access
from ...model.mdp import at_step, stepwise
from ...model.policy import TabularPolicy, inverse
from .._tabular import deterministic, empirical_occupancy, exists, sizes, steps, uniform


@dataclass(frozen=True, eq=False)
class PSDP:
    """Policy search by dynamic programming from the expert's states, which removes the need for exploration.

    From the last step t to the first, at every state that the demonstrations visit at step t, it plays the action that
    is greedy for the value of the later steps' policy. With a class of decision rules, each step plays the rule of
    maximum expected action value over the demonstrated states.

    Args:
        reward: `reward[s,a]` or `reward[t,s,a]`; defaults to the environment's rewards.
        rollouts_per_action: number of episodes started at each step, demonstrated state and action; None computes the
            action values from the model, for a given reward.
        rollouts: number of episodes per step in place of one per state and action, each started at a state drawn from
            the demonstrated ones with a uniformly drawn action; a state that is not drawn keeps the default policy.
        default_policy: TabularPolicy played at states without demonstrations, but not with rules; defaults to uniform.
            The guarantee holds for every choice; a benevolent one can hide a failure, so use an adversarial one in
            experiments.
        rules: `rules[k,s,a]`, the decision rules among which each step's is chosen; defaults to all rules.
        ties: "first": ties go to the first action; "default": to the default policy's most probable action, if it
            ties. With rules ties go to the first rule. A reward without information makes every action tie.

    For every policy pi, J(pi) - J(result) is at most the sum over t of the maximum ratio of pi's to the expert's
    occupancy times the expected loss of step t's choice against the best action at each state; with exact values and
    without rules, the result is at least as good as every policy whose states are all among the demonstrated ones.
    Source: Bagnell, Kakade, Ng and Schneider, 2003;
        with an expert's resets adapted from Swamy, Wu, Choudhury, Bagnell and Wu, 2023.
    """

    reward: Numbers | None = None
    rollouts_per_action: int | None = 1
    default_policy: TabularPolicy | None = None
    rules: np.ndarray | None = None
    ties: str = "first"
    rollouts: int | None = None

    def __post_init__(self) -> None:
        expect_rollouts(self.rollouts_per_action)
        expect_rollouts(self.rollouts, "rollouts")
        if self.rollouts is not None and self.rollouts_per_action not in (None, 1):
            raise InvalidModel("rollouts_per_action and rollouts are both given; expected one of them")
        expect_ties(self.ties)
        if self.reward is None and self._modelled:
            raise InvalidModel("the model does not contain the rewards: give reward=, or rollouts_per_action=")

    @property
    def _modelled(self):
        return self.rollouts_per_action is None and self.rollouts is None

    @property
    def needs(self) -> tuple[str, ...]:
        kinds = {"demonstrations", "model" if self._modelled else "resets"} | (
            {"rewards"} if self.reward is None else set()
        )
        return tuple(kind for kind in KINDS if kind in kinds)

    @classmethod
    def variants(cls) -> tuple[Self, ...]:
        """One learner for each possible value of `needs`."""
        given = np.zeros((1, 1))
        return cls(), cls(reward=given), cls(reward=given, rollouts_per_action=None)

    def learn(self, access: Access, rng: np.random.Generator | None) -> tuple[TabularPolicy, dict[str, Any]]:
        """The policy, and a trace with the number of demonstrated states per step, from the last step to the first."""
        visits = empirical_occupancy(access.setting, access.demonstrations())
        reward = None if self.reward is None else numbers("reward", self.reward, is_exact(visits), ("sa", "tsa"))
        if reward is not None and reward.shape not in (visits.shape, visits.shape[-2:]):
            raise InvalidModel(f"reward has shape {reward.shape}; expected {visits.shape[-2:]} or {visits.shape}")
        policy = psdp(
            access,
            reward,
            visits.sum(axis=-1),
            rollouts_per_action=self.rollouts_per_action if self.rollouts is None else None,
            rollouts=self.rollouts,
            default_policy=self.default_policy,
            rules=self.rules,
            ties=self.ties,
            rng=rng,
        )
        return policy, {"states": np.asarray(visits.sum(axis=-1) > 0).sum(axis=1)[::-1]}


def psdp(
    access,
    reward,
    states,
    *,
    rollouts_per_action=None,
    rollouts=None,
    default_policy=None,
    rules=None,
    ties="first",
    values=None,
    rng,
) -> TabularPolicy:
    """Run PSDP for a given reward, or for the environment's rewards (None).

    Args: states: reset distribution `[t,s]`; without rules only its support matters, unless states are drawn from it.
        rollouts: number of episodes per step, each started at a state drawn from the reset distribution with a
            uniformly drawn action; a state that is not drawn keeps the default policy.
        values: the later steps' action values, such as InModel, in place of those of rollouts. The rest as for PSDP.
    Raises: InvalidModel if the horizon is not finite, or states are to be drawn at a step without mass.
    """
    setting = access.setting
    H, actions = steps(setting), exists(setting)
    if H is None:
        raise InvalidModel(f"PSDP needs a finite horizon; the horizon is {setting.horizon}")
    table = start_table(setting, default_policy)
    values = _values(access, reward, rollouts_per_action, rollouts, rng) if values is None else values
    rules = None if rules is None else rule_array(rules, actions, table)
    for t in range(H - 1, -1, -1):
        Q = values.at_step(t, states[t], actions, table)
        if rules is not None:
            table[t] = Q.best_in_class(rules, states[t]) if isinstance(Q, Grid) else best_in_class(rules, states[t], Q)
        elif isinstance(Q, Grid):
            table[t, Q.states] = deterministic(Q.greedy_rule(table[t, Q.states], ties), table.shape[-1], table)
        else:
            for s in Q:
                table[t, s] = deterministic(greedy_rule(Q[s], table[t, s], ties), table.shape[-1], table)
        values.follow(t, table)
    return TabularPolicy(table)


def greedy_rule(Q, default, ties) -> int:
    """The greedy action; ties go to the first, or to the most probable of `default` if it is greedy too."""
    first = max(Q, key=Q.get)
    likely = int(np.argmax(default))
    return likely if ties == "default" and Q.get(likely) == Q[first] else first


def best_in_class(rules, states, Q) -> np.ndarray:
    """The rule that maximises sum_s states[s] sum_a rule[s,a] Q[s][a]; ties go to the first.

    An action that was not tried at a state, and so is missing from Q[s], counts as the mean of those that were.
    """
    untried = {s: sum(Q[s].values()) / len(Q[s]) for s in Q}
    actions = range(rules.shape[-1])
    values = [
        sum(states[s] * sum(rule[s, a] * Q[s].get(a, untried[s]) for a in actions if rule[s, a] > 0) for s in Q)
        for rule in rules
    ]
    return rules[max(range(len(rules)), key=values.__getitem__)]


class Grid(NamedTuple):
    """Float action values `values[k,a]` at `states[k]`, -inf at missing actions: Q[s][a] for all states at once."""

    states: np.ndarray
    values: np.ndarray

    def greedy_rule(self, default, ties) -> np.ndarray:
        """As the function of that name, of `default[k,a]` at every state."""
        first = self.values.argmax(axis=1)
        if ties == "first":
            return first
        likely = default.argmax(axis=1)
        at = np.arange(len(first))
        return np.where(self.values[at, likely] == self.values[at, first], likely, first)

    def best_in_class(self, rules, states) -> np.ndarray:
        """As the function of that name, where every action was tried."""
        weighted = states[self.states, None] * np.where(np.isneginf(self.values), 0, self.values)
        return rules[(rules[:, self.states] * weighted).reshape(len(rules), -1).sum(axis=1).argmax()]


TIES = ("first", "default")


def expect_ties(ties):
    """Check the rule for ties.

    Raises: InvalidModel if it is unknown.
    """
    if ties not in TIES:
        raise InvalidModel(f"ties is {ties!r}; expected one of {', '.join(TIES)}")


def expect_rollouts(rollouts, name="rollouts_per_action"):
    """Check a number of rollouts.

    Raises: InvalidModel unless it is None or a positive integer.
    """
    if rollouts is not None and (
        isinstance(rollouts, bool) or not isinstance(rollouts, int | np.integer) or rollouts < 1
    ):
        raise InvalidModel(f"{name} is {rollouts!r}; expected an integer of at least 1, or None for the model's values")


def _values(access, reward, rollouts_per_action, rollouts, rng):
    if rollouts_per_action is not None and rollouts is not None:
        raise InvalidModel("rollouts_per_action and rollouts are both given; expected one of them, or neither")
    if rollouts is not None:
        return _Drawn(access, reward, rollouts, rng)
    if rollouts_per_action is not None:
        return _Sampled(access, reward, rollouts_per_action, rng)
    return _Modelled(access.model(reward))


def at_states(Q, states, actions) -> "dict | Grid":
    """`Q[s,a]` at every state of positive mass, for the actions that exist: Q[s][a] of rationals, a Grid of floats."""
    if not is_exact(Q):
        shown = support(states)
        return Grid(shown, np.where(actions[shown], Q[shown], -np.inf))
    return {s: {a: Q[s, a] for a in np.flatnonzero(actions[s])} for s in support(states)}


class _Modelled:
    """Action values of the later steps' policy, computed from the model."""

    def __init__(self, problem):
        self.problem, self.r = problem, stepwise(problem.r, 2)
        self.V = zeros(problem.S, problem.r)

    def at_step(self, t, states, actions, table):
        """The action values at every state of positive mass."""
        return at_states(self._all(t), states, actions)

    def follow(self, t, table):
        self.V = (table[t] * self._all(t)).sum(axis=-1)

    def _all(self, t):
        ahead = (at_step(self.problem.P, t) @ self.V).reshape(self.problem.S, self.problem.A)
        return self.r[t % len(self.r)] + ahead


class _Sampled:
    """Monte Carlo action values: means over `rollouts_per_action` episodes that begin with the action."""

    def __init__(self, access, reward, rollouts_per_action, rng):
        self.access, self.rollouts_per_action, self.rng = access, rollouts_per_action, rng
        self.reward = None if reward is None else stepwise(reward, 2)

    def at_step(self, t, states, actions, table):
        """Estimates of Q[s][a] at every state of positive mass."""
        tail, n = TabularPolicy(table), self.rollouts_per_action
        return {
            s: {
                a: sum(self._episode(t, int(s), int(a), tail) for _ in range(n)) / n for a in np.flatnonzero(actions[s])
            }
            for s in support(states)
        }

    def follow(self, t, table):
        """No update is needed: every rollout plays the later steps' policy."""

    def _episode(self, t, s, a, policy):
        self.access.reset(to=s, at=t)
        total, over = 0, False
        while not over:
            following, shown, terminated, truncated, _ = self.access.step(a)
            total += self._convert(shown) if self.reward is None else self.reward[t % len(self.reward), s, a]
            over, s, t = terminated or truncated, following, t + 1
            if not over:
                a = int(policy.sample(np.array([s]), t, self.rng.random(1))[0])
        return total

    def _convert(self, shown):
        return exactly(shown)[()] if self.access.setting.exact else shown


class _Drawn:
    """Action values estimated from a budget of episodes per step, from drawn states with uniformly drawn actions."""

    def __init__(self, access, reward, rollouts, rng):
        self.access, self.reward, self.rollouts, self.rng = access, reward, rollouts, rng

    def at_step(self, t, states, actions, table):
        """The mean return Q[s][a] of the actions tried at the states drawn."""
        s, a, _, totals = probe(
            self.access, self.reward, TabularPolicy(table), states[None], t, actions, self.rollouts, self.rng
        )
        found = {}
        for state, action, total in zip(s, a, totals, strict=True):
            found.setdefault(int(state), {}).setdefault(int(action), []).append(total)
        return {state: {action: sum(each) / len(each) for action, each in at.items()} for state, at in found.items()}

    def follow(self, t, table):
        """No update is needed: every rollout plays the later steps' policy."""


def probe(access, reward, policy, states, first, actions, rollouts, rng):
    """Returns of episodes from drawn states and steps, each of which begins with a uniformly drawn action.

    Args: states: unnormalised distribution `[t,s]` over steps from `first` on and states. actions: the mask `[s,a]`.
    Returns: states, actions, steps and total rewards, one per episode.
    Raises: InvalidModel if the distribution has no mass.
    """
    mass = floats(states)
    if not mass.sum() > 0:
        raise InvalidModel(f"the reset distribution has no mass at step {first}; expected states at every step")
    drawn = inverse(np.broadcast_to(mass.ravel(), (rollouts, mass.size)), rng.random(rollouts))
    t, s = np.unravel_index(drawn, mass.shape)
    a = inverse(actions[s].astype(float), rng.random(rollouts))
    seen = access.play_from(policy, s, a, first + t, rng=rng)
    if reward is None:
        paid = exactly(seen.reward) if access.setting.exact else seen.reward
    else:
        paid = reward[seen.t, seen.obs, seen.action] if reward.ndim == 3 else reward[seen.obs, seen.action]
    totals = zeros(rollouts, paid)
    np.add.at(totals, seen.episode, paid)
    return s, a, first + t, totals


def support(states) -> np.ndarray:
    """The states of positive mass."""
    return np.flatnonzero(np.asarray(states > 0))


def rule_array(rules, actions, table):
    """Decision rules in the number kind of the table, checked.

    Raises: InvalidModel if one of them is not a policy on these states and actions.
    """
    rules = np.asarray(rules)
    if rules.ndim != 3 or len(rules) == 0 or rules.shape[1:] != actions.shape:
        raise InvalidModel(
            f"rules has shape {rules.shape}; expected (k, {actions.shape[0]}, {actions.shape[1]}) with at least one k"
        )
    rules = np.stack([TabularPolicy(rule).table for rule in like(rules, table)])
    if np.asarray(rules > 0)[:, ~actions].any():
        raise InvalidModel("a rule plays an action that is missing")
    return rules


def start_table(setting, default_policy) -> np.ndarray:
    """Writable copy of the initial table `[t,s,a]`."""
    start = uniform(setting) if default_policy is None else default_policy
    shape = (steps(setting), *sizes(setting))
    if start.table.shape not in (shape, shape[1:]) or (start.exact != setting.exact):
        raise InvalidModel(
            f"default_policy is {start!r}; expected a policy of {shape[1]} states, {shape[2]} actions and "
            f"{shape[0]} steps"
        )
    if np.asarray(start.table > 0)[..., ~exists(setting)].any():
        raise InvalidModel("default_policy plays an action that is missing")
    return np.broadcast_to(start.table, shape).copy()
