"""Fit a learner: from a learner and an access to a policy, the resources used and a trace."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from ..base.errors import InvalidModel, MissingAccess
from ..base.shown import Shown, tabulate
from ..model.access import KINDS, Access, Meter, expect_generator
from ..model.policy import TabularPolicy


@runtime_checkable
class Policy(Protocol):
    """Interface of policies, tabular or torch: observations in batches `obs[k,...]`, steps an integer or `t[k]`."""

    def start(self, u: float) -> "Policy":
        """The Markov policy for one episode, selected by a uniform number u in [0, 1)."""

    def sample(self, obs: ArrayLike, t: ArrayLike, u: ArrayLike) -> np.ndarray:
        """Actions sampled from given uniform numbers: `u[k]` if discrete, `u[k,d]` if continuous of dimension d."""

    def log_prob(self, obs: ArrayLike, t: ArrayLike, action: ArrayLike) -> np.ndarray:
        """Log-probability, or log-density, of `action[k]`, in nats."""

    def to_tabular(self, problem: Any) -> TabularPolicy:
        """The equivalent TabularPolicy in a finite problem."""


Learned = TypeVar("Learned", bound=Policy, covariant=True)


@runtime_checkable
class Learner(Protocol[Learned]):
    """A learning algorithm that interacts with a problem only through an access.

    Attributes: needs: the kinds of access, of `mdpkit.model.access.KINDS`, that it requires.
    """

    @property
    def needs(self) -> tuple[str, ...]: ...

    def learn(self, access: Access, rng: np.random.Generator) -> tuple[Learned, Mapping[str, Any]]:
        """The policy, and a trace: mapping from column names to columns of equal length."""


class Trace(Mapping, Shown):
    """Columns of equal length with one entry per round.

    >>> Trace({"loss": [2.0, 1.0]})["loss"]
    array([2., 1.])
    """

    def __init__(self, columns: Mapping[str, Any]) -> None:
        lengths = {name: len(column) for name, column in columns.items()}
        if len(set(lengths.values())) > 1:
            raise InvalidModel(f"the columns of a trace differ in length: {lengths}")
        self._columns = {
            name: column if isinstance(column, np.ndarray) else _column(column) for name, column in columns.items()
        }

    def __getitem__(self, name: str) -> np.ndarray:
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __repr__(self):
        rounds = len(next(iter(self._columns.values()), ()))
        return f"Trace({rounds} rounds: {', '.join(self._columns)})"

    def _tables(self):
        plain = {
            name: column for name, column in self._columns.items() if column.ndim == 1 and column.dtype.kind in "iuf"
        }
        return tuple(tabulate(name, column) for name, column in plain.items())


def _column(entries):
    if all(isinstance(entry, int | float | np.number) for entry in entries):
        return np.asarray(entries)
    column = np.empty(len(entries), dtype=object)
    for k, entry in enumerate(entries):  # a single assignment would unpack arrays
        column[k] = entry
    return column


@dataclass(frozen=True)
class Fit(Shown, Generic[Learned]):
    """Result of a learner.

    Attributes:
        policy: a Policy; a Mixture if the guarantee concerns the average iterate.
        used: Meter of the resources used by this fit.
        trace: Trace over its rounds.
    """

    policy: Learned
    used: Meter
    trace: Trace

    def _tables(self):
        return self.trace._tables()


def fit(learner: Learner[Learned], access: Access, *, rng: np.random.Generator | None) -> Fit[Learned]:
    """Learn a policy through an access.

    Args: learner: a Learner, such as `Cloning()`. access: from `grant`. rng: a numpy Generator for the learner's own
        randomness; may be None for a deterministic learner.
    Raises: MissingAccess naming what the learner needs and what is granted; InvalidModel if `learner` is not a learner
        or `access` is not an access.

    >>> from mdpkit import MDP, Finite, TabularPolicy
    >>> from mdpkit.learn import Cloning, grant
    >>> flip = MDP([[[0.0, 1], [1, 0]], [[1, 0], [0, 1]]], [[1.0, 0], [0, 1]], horizon=Finite(3))
    >>> expert = TabularPolicy([[1.0, 0], [0, 1]])
    >>> access = grant(flip, expert=expert, demonstrations="exact")
    >>> fit(Cloning(), access, rng=np.random.default_rng(0)).policy.to_tabular(flip).table[0]
    array([[1., 0.],
           [0., 1.]])
    """
    name = type(learner).__name__
    if isinstance(learner, type) or not isinstance(learner, Learner):
        what = f"the class {learner.__name__}" if isinstance(learner, type) else name
        raise InvalidModel(
            f"{what} is not a learner: expected an object with `needs` and `learn(access, rng)`, such as Cloning()"
        )
    if not isinstance(access, Access):
        raise InvalidModel(f"a learner takes an access, not {type(access).__name__}; make one with grant(problem, ...)")
    if rng is not None:
        expect_generator(rng)
    missing = [kind for kind in learner.needs if kind not in access.granted]
    if missing:
        words = "; ".join(f"{kind}: grant {KINDS[kind]}" for kind in missing)
        raise MissingAccess(
            f"{name} needs {' and '.join(missing)}, and was granted {', '.join(access.granted) or 'nothing'} ({words})"
        )
    before = access.used
    policy, trace = learner.learn(access, rng)
    return Fit(policy, access.used - before, Trace(trace))
