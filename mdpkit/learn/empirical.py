"""Transition model estimated from weighted transitions: frequencies where there are any, unknown elsewhere."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from ..base.arrays import floats, is_exact, like, nearest, objects, zeros
from ..base.errors import InvalidModel
from ..base.types import Number
from ..model.access import Access, Setting
from ..model.data import Trajectories
from ..model.mdp import at_step, stepwise
from ..model.policy import TabularPolicy
from ._tabular import empirical_occupancy, exists, number_pattern, sizes, steps
from .experience import Experience
from .players.no_regret import fraction

UNSEEN = ("zero", "pessimistic", "optimistic")


@dataclass(frozen=True, eq=False)
class EmpiricalModel:
    """Transition frequencies per step, state and action.

    Attributes:
        setting: the Setting, of a finite horizon.
        known: `known[t,s,a]`, whether transitions of the pair have positive weight; nothing is assumed of the others.
        counts: `counts[t,s,a]`, the number of transitions, whatever their weights; None if the known frequencies are
            exact.
        steps: for each step the transitions (s, a, n, frequency), as columns.
    """

    setting: Setting
    known: np.ndarray
    counts: np.ndarray | None
    steps: tuple[tuple[np.ndarray, ...], ...]

    def ahead(self, t: int, V: np.ndarray) -> np.ndarray:
        """Expected value of the next state, `[s,a]`; 0 at unknown pairs."""
        s, a, n, frequency = self.steps[t]
        out = zeros(self.known.shape[1:], V)
        np.add.at(out, (s, a), frequency * V[n])
        return out

    def action_values(self, t: int, reward: np.ndarray, V: np.ndarray, unseen: Number) -> np.ndarray:
        """reward + expected value of the next state where it is known, else `unseen`; `[s,a]`."""
        return np.where(self.known[t], reward + self.ahead(t, V), unseen)

    def evaluate(self, reward: np.ndarray, policy: TabularPolicy, unseen: str) -> np.ndarray:
        """Action values of a policy in the model, `[t,s,a]`; unknown pairs have the values of `unseen_values`."""
        H, S, _ = self.known.shape
        reward, pi, default = (
            stepwise(reward, 2),
            stepwise(policy.table, 2),
            unseen_values(self.setting, reward, unseen),
        )
        V, Q = zeros(S, reward), zeros(self.known.shape, reward)
        for t in range(H - 1, -1, -1):
            Q[t] = self.action_values(t, reward[t % len(reward)], V, default[t])
            V = (pi[t % len(pi)] * Q[t]).sum(axis=-1)
        return Q

    def to_float(self) -> Self:
        """The same model with frequencies as floats."""
        rows = tuple((*index, floats(frequency)) for *index, frequency in self.steps)
        return replace(self, steps=rows)


def expect_unseen(unseen: str) -> None:
    """Check the rule for the value of unseen actions.

    Raises: InvalidModel if it is unknown.
    """
    if unseen not in UNSEEN:
        raise InvalidModel(f"unseen is {unseen!r}; expected one of {', '.join(UNSEEN)}")


def unseen_values(setting: Setting, reward: np.ndarray, unseen: str) -> np.ndarray:
    """Value of an unseen action at each step, `[t]`: 0, or the lowest or highest total reward from step t on."""
    H, there = steps(setting), exists(setting)
    reward = stepwise(reward, 2)
    values = zeros(H, reward)
    if unseen == "zero":
        return values
    total, extreme = values[0], np.min if unseen == "pessimistic" else np.max
    for t in range(H - 1, -1, -1):
        total = total + extreme(reward[t % len(reward)][there])
        values[t] = total
    return values


def hybrid_model(
    access: Access, experience: Experience, expert_share: Number, keep: str = "all", stationary: bool = False
) -> EmpiricalModel:
    """The model of the mixture expert_share * demonstrations + (1 - expert_share) * rounds played.

    If the model is granted, the exact transition law at every pair to which the mixture gives weight; else the
    mixture's frequencies, from the columns `following`.

    Args: keep: "last" round or "all". stationary: whether the transitions of all steps are pooled.
    Raises: InvalidModel for demonstrations without `following` if the model is not granted, or an infinite horizon.
    """
    share = fraction(expert_share)
    rounds = experience.rounds if keep == "all" else experience.rounds[-1:]
    played = [(seen, (1 - share) / len(rounds)) for seen in rounds] if share != 1 else []
    shown = [(experience.demonstrations, share)] if share != 0 else []
    return fit_model(access, [*shown, *played], stationary)


def fit_model(access: Access, parts: Iterable[tuple[Trajectories, Number]], stationary: bool = False) -> EmpiricalModel:
    """The model of several Trajectories, each with a share: exact where they have weight if the model is granted."""
    parts = list(parts)
    if "model" not in access.granted:
        return estimate(access.setting, parts, stationary)
    H, S, A = _shape(access.setting)
    mass = zeros((H, S, A), number_pattern(access.setting))
    for seen, share in parts:
        mass = mass + _times(share, seen, empirical_occupancy(access.setting, seen))
    P = access.model(zeros((S, A), mass)).P
    laws = [seen for t in range(H) if (seen := _law(at_step(P, t), t, mass[t])) is not None]
    if stationary and not (hasattr(P, "tocsr") or P.ndim == 3):
        laws = [replace(each, weight=each.weight * mass[each.t, each.obs, each.action]) for each in laws]
    return replace(estimate(access.setting, [(each, 1) for each in laws], stationary), counts=None)


def estimate(
    setting: Setting, parts: Iterable[tuple[Trajectories, Number]], stationary: bool = False
) -> EmpiricalModel:
    """Transition frequencies of several Trajectories, each row weighted by its weight times its share.

    Args: parts: pairs of Trajectories, whose states, actions and steps fit the setting, and shares.
    Raises: InvalidModel if one has no column `following` or another problem's states there, or for an infinite horizon.
    """
    H, S, A = _shape(setting)
    parts = [(expect_following(seen), share) for seen, share in parts]
    weight = _join([_times(share, seen, seen.weight) for seen, share in parts], number_pattern(setting))
    t, s, a, n = (
        _join([getattr(seen, name) for seen, _ in parts], np.zeros(0, dtype=np.int64))
        for name in ("t", "obs", "action", "following")
    )
    if n.dtype.kind not in "iu" or n.ndim != 1:
        raise InvalidModel(f"following holds {n.dtype} of shape {n.shape}; expected integers from 0 to {S - 1}")
    if n.size and (n.min() < 0 or n.max() >= S):
        raise InvalidModel(f"following holds {n.min()} to {n.max()}; the problem has the states 0 to {S - 1}")
    weighty = np.asarray(weight > 0)
    t, s, a, n, weight = (column[weighty] for column in (t * (not stationary), s, a, n, weight))
    total, counts = zeros((1 if stationary else H, S, A), weight), np.zeros((1 if stationary else H, S, A), dtype=int)
    np.add.at(total, (t, s, a), weight)
    np.add.at(counts, (t, s, a), 1)
    frequency = weight / total[t, s, a]
    rows = [tuple(column[t == step] for column in (s, a, n, frequency)) for step in range(len(total))]
    counts = np.broadcast_to(counts, (H, S, A))
    return EmpiricalModel(setting, counts > 0, counts, tuple(rows[step % len(rows)] for step in range(H)))


def expect_following(seen: Trajectories, name: str = "the demonstrations") -> Trajectories:
    """The Trajectories, checked to hold next states.

    Raises: InvalidModel if they do not.
    """
    if seen.following is None:
        raise InvalidModel(
            f"{name} have no column `following`, the next states, from which transitions are estimated; "
            'give it, or grant episodes="exact"'
        )
    return seen


def _shape(setting):
    """Steps, states and actions.

    Raises: InvalidModel if the horizon is not finite.
    """
    H = steps(setting)
    if H is None:
        raise InvalidModel(f"a fitted model needs a finite horizon; the horizon is {setting.horizon}")
    return H, *sizes(setting)


def _times(share, seen, numbers):
    """share * numbers, in the number kind of the Trajectories."""
    share = fraction(share)
    return numbers * (share if is_exact(seen.weight) else nearest(share))


def _law(P, t, mass):
    """Transitions of step t out of the pairs with positive mass, weighted by their probabilities; None without any."""
    S, A = mass.shape
    P = P if hasattr(P, "tocsr") else P.reshape(S * A, S)
    row, n = (P > 0).nonzero()
    kept = np.asarray(mass.reshape(-1) > 0)[row]
    row, n = row[kept], n[kept]
    if row.size == 0:
        return None
    weight = np.asarray(P[row, n]).reshape(-1)
    return Trajectories(row // A, row % A, t=np.full(len(row), t), following=n, weight=weight)


def _join(columns, empty):
    return np.concatenate(columns) if columns else empty


def pool(*parts: Trajectories) -> Trajectories:
    """All transitions of several Trajectories, each with weight 1."""
    columns = {
        name: np.concatenate([getattr(each, name) for each in parts]) for name in ("obs", "action", "t", "following")
    }
    rows = np.ones(len(columns["obs"]), dtype=int)
    return Trajectories(**columns, weight=like(rows, objects([]) if parts[0].exact else np.zeros(0)))
